//! What could not be judged, which permission would settle it, and the statement that grants it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::with_status;
use super::wording::{count, number};
use crate::report::{CheckResult, Reason, Report, Severity, Status};

/// Names that are written out.
const NAMES: usize = 12;

pub(super) struct Unjudged<'a> {
    pub(super) total: usize,
    pub(super) total_shown: String,
    pub(super) permissions: Vec<Permission<'a>>,
    pub(super) reasons: Vec<Why<'a>>,
    /// A policy that grants what was refused.
    pub(super) policy: Option<String>,
    /// Calls that told nothing and that no verdict missed.
    pub(super) harmless: Vec<(&'a str, &'a str, &'a str)>,
}

/// An IAM action that would settle results.
pub(super) struct Permission<'a> {
    pub(super) action: &'a str,
    pub(super) answers: String,
    pub(super) results: String,
    pub(super) worst: &'static str,
    pub(super) resources: Names<'a>,
    pub(super) checks: Names<'a>,
}

/// A reason that no permission settles.
pub(super) struct Why<'a> {
    pub(super) why: &'a str,
    pub(super) results: String,
    pub(super) worst: &'static str,
    pub(super) resources: Names<'a>,
    pub(super) checks: Names<'a>,
}

/// Some names and how many there are beside.
pub(super) struct Names<'a> {
    pub(super) shown: Vec<&'a str>,
    pub(super) more: Option<String>,
}

impl<'a> Names<'a> {
    fn of(names: &BTreeSet<&'a str>) -> Self {
        Self {
            shown: names.iter().copied().take(NAMES).collect(),
            more: names
                .len()
                .checked_sub(NAMES)
                .filter(|more| *more > 0)
                .map(|more| format!("and {} more", number(more))),
        }
    }
}

#[derive(Default)]
struct Hanging<'a> {
    results: usize,
    worst: Option<Severity>,
    denied: bool,
    codes: BTreeSet<&'a str>,
    resources: BTreeSet<&'a str>,
    checks: BTreeSet<&'a str>,
}

impl<'a> Hanging<'a> {
    fn add(&mut self, result: &'a CheckResult) {
        self.results += 1;
        self.worst = self.worst.max(Some(result.severity));
        self.denied |= result.reason == Some(Reason::Denied);
        let name = match result.resource.name.as_str() {
            "*" => "all that a listing would name",
            name => name,
        };
        self.resources.insert(name);
        self.checks.insert(&result.check);
    }

    fn worst(&self) -> &'static str {
        self.worst.unwrap_or(Severity::Info).name()
    }
}

impl<'a> Unjudged<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut by_action: BTreeMap<&str, Hanging<'_>> = BTreeMap::new();
        let mut by_reason: BTreeMap<&str, Hanging<'_>> = BTreeMap::new();
        for result in &report.results {
            if result.status == Status::NotAssessed {
                for action in &result.missing {
                    by_action.entry(action).or_default().add(result);
                }
                if result.missing.is_empty() {
                    by_reason.entry(why(result)).or_default().add(result);
                }
            }
        }
        for gap in &report.gaps {
            if let Some(hanging) = by_action.get_mut(gap.action.as_str()) {
                hanging.codes.insert(&gap.code);
            }
        }
        let refused: Vec<&str> = by_action
            .iter()
            .filter(|(action, hanging)| hanging.denied && is_action(action))
            .map(|(action, _)| *action)
            .collect();
        let total = with_status(report, Status::NotAssessed);
        Self {
            total,
            total_shown: number(total),
            policy: (!refused.is_empty()).then(|| grant(&refused)),
            permissions: sorted(by_action)
                .into_iter()
                .map(|(action, hanging)| Permission {
                    action,
                    answers: if hanging.codes.is_empty() {
                        "not read".to_owned()
                    } else {
                        hanging.codes.iter().copied().collect::<Vec<_>>().join(", ")
                    },
                    results: count(hanging.results, "result"),
                    worst: hanging.worst(),
                    resources: Names::of(&hanging.resources),
                    checks: Names::of(&hanging.checks),
                })
                .collect(),
            reasons: sorted(by_reason)
                .into_iter()
                .map(|(why, hanging)| Why {
                    why,
                    results: count(hanging.results, "result"),
                    worst: hanging.worst(),
                    resources: Names::of(&hanging.resources),
                    checks: Names::of(&hanging.checks),
                })
                .collect(),
            harmless: report
                .gaps
                .iter()
                .filter(|gap| gap.affects.is_empty())
                .take(NAMES)
                .map(|gap| {
                    (
                        gap.action.as_str(),
                        gap.resource.as_str(),
                        gap.code.as_str(),
                    )
                })
                .collect(),
        }
    }
}

/// Worst first, then what settles most.
fn sorted<'a>(by: BTreeMap<&'a str, Hanging<'a>>) -> Vec<(&'a str, Hanging<'a>)> {
    let mut all: Vec<(&str, Hanging<'_>)> = by.into_iter().collect();
    all.sort_by(|a, b| {
        (b.1.worst, b.1.results)
            .cmp(&(a.1.worst, a.1.results))
            .then_with(|| a.0.cmp(b.0))
    });
    all
}

/// An IAM action as one may put it into a policy.
fn is_action(text: &str) -> bool {
    text.contains(':')
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-:".contains(letter))
}

fn grant(actions: &[&str]) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "ColdbucketAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}

/// The message without what the heading says already.
fn why(result: &CheckResult) -> &str {
    let message = result
        .message
        .as_deref()
        .unwrap_or("what was read does not decide it");
    message
        .strip_prefix("Could not be judged: ")
        .unwrap_or(message)
        .trim_end_matches('.')
}
