//! Who uses a bucket that Block Public Access would shut out, and what its neighbours are.
//!
//! A bucket may be open on purpose: a website, a public data set, a partner. Block Public Access ends
//! that at once. So it is proposed as it stands only where nothing of the kind is there and everything
//! that could be was read; otherwise the plan says what would break and asks.

use std::cell::OnceCell;

use crate::facts::bucket::BucketFacts;
use crate::facts::{Because, CurrentSettings, Fact, Facts, Subject, SubjectFacts};
use crate::findings::Reason;
use crate::inventory::ids::SubjectKind;

/// A bucket with its facts and its settings.
pub struct Neighbour<'a> {
    pub subject: Subject,
    pub facts: BucketFacts<'a>,
    pub standing: CurrentSettings<'a>,
}

impl<'a> Neighbour<'a> {
    /// The bucket of a subject.
    pub fn of(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        match facts.view(subject)? {
            SubjectFacts::Bucket(bucket) => Some(Self {
                subject: subject.clone(),
                facts: *bucket,
                standing: facts.settings(subject)?,
            }),
            _ => None,
        }
    }
}

/// Every bucket of the account, looked at once and only when something asks.
pub struct Surroundings<'f> {
    facts: &'f Facts<'f>,
    buckets: OnceCell<Vec<Neighbour<'f>>>,
}

impl<'f> Surroundings<'f> {
    pub fn new(facts: &'f Facts<'f>) -> Self {
        Self {
            facts,
            buckets: OnceCell::new(),
        }
    }

    /// The buckets, sorted.
    pub fn buckets(&self) -> &[Neighbour<'f>] {
        self.buckets.get_or_init(|| {
            self.facts
                .subjects(SubjectKind::Bucket)
                .filter_map(|subject| Neighbour::of(self.facts, &subject))
                .collect()
        })
    }
}

/// Whether AWS deems the policy public: by its own answer, or by its documentation where it was not
/// asked. `None`: nobody knows.
pub fn is_public(facts: &BucketFacts<'_>) -> Option<bool> {
    let status = &facts.public_status;
    status
        .aws
        .known()
        .or_else(|| status.documented.known())
        .copied()
}

/// What Block Public Access would end here, a sentence each; empty when it is known to end nothing.
pub fn would_break(bucket: &Neighbour<'_>) -> Vec<String> {
    let (facts, name) = (&bucket.facts, &bucket.facts.name);
    let mut losses = Vec::new();
    if facts.website.enabled.known() == Some(&true) {
        losses.push(format!(
            "{name} serves a website: its visitors would get 403 until it is behind CloudFront with an origin access control."
        ));
    }
    match is_public(facts) {
        Some(true) => {
            losses.push(format!(
                "The policy of {name} is public: everybody outside the account loses what it grants, and S3 refuses later policies that are public."
            ));
            let named: Vec<&str> = facts
                .exposure
                .other_accounts
                .known()
                .into_iter()
                .flatten()
                .filter(|outsider| outsider.via == "policy")
                .map(|outsider| outsider.account.as_str())
                .collect();
            if !named.is_empty() {
                losses.push(format!(
                    "It also names {}: with RestrictPublicBuckets that access ends as well, because another statement is public. Move one of the two to another bucket, or name everybody.",
                    named.join(", ")
                ));
            }
        }
        None => losses.push(format!(
            "It is not known whether AWS deems the policy of {name} public ({}); if it does, everybody outside the account loses what it grants.",
            why(&facts.public_status.documented)
        )),
        Some(false) => {}
    }
    match facts.acl.public_grants.known() {
        Some(grants) if !grants.is_empty() => losses.push(format!(
            "Its ACL grants {} to everybody: that ends.",
            grants
                .iter()
                .map(|grant| grant.permission.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )),
        Some(_) => {}
        None => losses.push(format!(
            "Its ACL could not be read ({}); a public grant in it would end.",
            why(&facts.acl.public_grants)
        )),
    }
    if facts.website.enabled.known().is_none() {
        losses.push(format!(
            "Whether it serves a website could not be read ({}).",
            why(&facts.website.enabled)
        ));
    }
    losses
}

/// Why something is not known, in a few words.
pub fn why<T>(fact: &Fact<T>) -> String {
    let words: Vec<String> = fact
        .because()
        .iter()
        .map(|because: &Because| {
            let word = match because.reason {
                Reason::Denied => "refused: ",
                Reason::Failed => "failed: ",
                Reason::NotCollected => "not read: ",
                Reason::Undecidable => "",
            };
            if because.action.is_empty() {
                because.detail.clone()
            } else {
                format!("{word}{}", because.action)
            }
        })
        .collect();
    words.join("; ")
}
