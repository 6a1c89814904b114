//! Exceptions: findings that the user accepts, for a reason, until a day.
//!
//! An exception turns a failed result into a suppressed one, which stays in every machine output with the
//! reason. The exception itself is reported as applied, expired, unmatched or not assessed. "Today" is the day the account was read, so the same
//! snapshot gives the same answer next year.
//!
//! An exception by tag does not accept a finding on a resource with unknown tags, and it is not reported
//! as unmatched for it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use wildmatch::WildMatch;

use super::{Finding, ResourceId, Status};
use crate::report::{ExceptionState, ExceptionUse, Suppression, SuppressionKind};

/// One exception. It applies to findings that match all of its parts; an empty list of globs matches all.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Globs over check ids.
    pub checks: Vec<String>,
    /// Globs over the resource's name or ARN.
    pub resources: Vec<String>,
    /// A tag the resource must have.
    pub tag: Option<TagPattern>,
    /// Why it is accepted.
    pub reason: String,
    /// Who is responsible for it.
    pub owner: String,
    /// The last day it is valid.
    pub expires: Date,
}

/// A tag: its key and an optional glob over its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    /// The key, exactly.
    pub key: String,
    /// A glob over the value; any value without one.
    pub value: Option<String>,
}

/// The tags of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags<'a> {
    /// They were read.
    Known(&'a BTreeMap<String, String>),
    /// They could not be read.
    Unknown,
}

/// Whether an exception applies to a result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// Its tags decide, and they are unknown.
    Unknown,
}

impl Exception {
    /// Its parts, as written.
    pub fn about(&self) -> String {
        let mut parts = Vec::new();
        if !self.checks.is_empty() {
            parts.push(format!("check {}", self.checks.join(" or ")));
        }
        if !self.resources.is_empty() {
            parts.push(format!("resource {}", self.resources.join(" or ")));
        }
        if let Some(tag) = &self.tag {
            parts.push(match &tag.value {
                Some(value) => format!("tag {}={value}", tag.key),
                None => format!("tag {}", tag.key),
            });
        }
        parts.join(", ")
    }

    fn suppression(&self) -> Suppression {
        Suppression {
            kind: SuppressionKind::Exception,
            reason: self.reason.clone(),
            owner: Some(self.owner.clone()),
            expires: Some(self.expires.to_string()),
        }
    }
}

/// An exception with its globs made ready.
struct Matcher<'a> {
    exception: &'a Exception,
    checks: Vec<WildMatch>,
    resources: Vec<WildMatch>,
    value: Option<WildMatch>,
}

impl<'a> Matcher<'a> {
    fn new(exception: &'a Exception) -> Self {
        let globs = |texts: &[String]| texts.iter().map(|text| WildMatch::new(text)).collect();
        let tag = exception.tag.as_ref();
        Self {
            exception,
            checks: globs(&exception.checks),
            resources: globs(&exception.resources),
            value: tag.and_then(|tag| tag.value.as_deref()).map(WildMatch::new),
        }
    }

    fn matches<'t>(&self, finding: &Finding, tags: &dyn Fn(&ResourceId) -> Tags<'t>) -> Match {
        let any = |globs: &[WildMatch], texts: &[&str]| {
            globs.is_empty()
                || globs
                    .iter()
                    .any(|glob| texts.iter().any(|text| glob.matches(text)))
        };
        let id = &finding.resource;
        if !any(&self.checks, &[&finding.check]) || !any(&self.resources, &[&id.name, &id.arn]) {
            return Match::No;
        }
        let Some(tag) = &self.exception.tag else {
            return Match::Yes;
        };
        match tags(id) {
            Tags::Unknown => Match::Unknown,
            Tags::Known(tags) => match (tags.get(&tag.key), &self.value) {
                (Some(value), Some(glob)) if glob.matches(value) => Match::Yes,
                (Some(_), None) => Match::Yes,
                _ => Match::No,
            },
        }
    }
}

/// The use of one exception.
#[derive(Clone, Copy, Default)]
struct Tally {
    findings: u64,
    unjudged: u64,
}

/// Turns the failed results that an exception accepts into suppressed ones, and says what became of
/// each exception. `today` is the day the account was read. Of two exceptions about one finding, the
/// first that has not expired accepts it; both are in use. `narrowed` says that the run looked at a part
/// of the account or at some checks only: what it did not look at may still fail.
pub fn apply<'t>(
    exceptions: &[Exception],
    today: Date,
    narrowed: bool,
    results: &mut [Finding],
    tags: &dyn Fn(&ResourceId) -> Tags<'t>,
) -> Vec<ExceptionUse> {
    let matchers: Vec<Matcher<'_>> = exceptions.iter().map(Matcher::new).collect();
    let mut tallies = vec![Tally::default(); matchers.len()];
    for result in results {
        let failed = result.status == Status::Fail;
        for (matcher, tally) in matchers.iter().zip(&mut tallies) {
            match (matcher.matches(result, tags), result.status) {
                (Match::No, _) => {}
                (Match::Unknown, _) | (Match::Yes, Status::NotAssessed) => tally.unjudged += 1,
                (Match::Yes, _) if failed => {
                    tally.findings += 1;
                    if result.status == Status::Fail && today <= matcher.exception.expires {
                        suppress(result, matcher.exception.suppression());
                    }
                }
                (Match::Yes, _) => {}
            }
        }
    }
    exceptions
        .iter()
        .zip(tallies)
        .map(|(exception, tally)| ExceptionUse {
            about: exception.about(),
            reason: exception.reason.clone(),
            owner: exception.owner.clone(),
            expires: exception.expires.to_string(),
            state: if today > exception.expires {
                ExceptionState::Expired
            } else if tally.findings > 0 {
                ExceptionState::Applied
            } else if tally.unjudged > 0 || narrowed {
                ExceptionState::NotAssessed
            } else {
                ExceptionState::Unmatched
            },
            findings: tally.findings,
        })
        .collect()
}

/// Accepts a failed result.
pub(super) fn suppress(result: &mut Finding, suppression: Suppression) {
    result.status = Status::Suppressed;
    result.suppressed_by = Some(sentence(&suppression));
    result.suppression = Some(Box::new(suppression));
}

fn sentence(suppression: &Suppression) -> String {
    let what = match suppression.kind {
        SuppressionKind::Exception => "exception",
        SuppressionKind::Baseline => "baseline",
    };
    let owner = suppression.owner.as_deref();
    let mut text = match owner {
        Some(owner) => format!("{what} of {owner}"),
        None => what.to_owned(),
    };
    if let Some(expires) = &suppression.expires {
        text.push_str(&format!(" until {expires}"));
    }
    format!("{text}: {}", suppression.reason)
}

/// A note for each exception that is not simply in use.
pub fn remarks(uses: &[ExceptionUse]) -> Vec<String> {
    uses.iter()
        .filter_map(|one| {
            let (about, owner) = (&one.about, &one.owner);
            match one.state {
                ExceptionState::Applied | ExceptionState::NotAssessed => None,
                ExceptionState::Expired if one.findings == 0 => Some(format!(
                    "the exception for {about} ({owner}) expired on {} and matches no failing result; remove it",
                    one.expires
                )),
                ExceptionState::Expired => Some(format!(
                    "the exception for {about} ({owner}) expired on {}; {} it accepted {} again",
                    one.expires,
                    if one.findings == 1 { "the finding".to_owned() } else { format!("the {} findings", one.findings) },
                    if one.findings == 1 { "counts" } else { "count" },
                )),
                ExceptionState::Unmatched => Some(format!(
                    "the exception for {about} ({owner}) matches no failing result; remove it"
                )),
            }
        })
        .collect()
}
