//! What could not be assessed, by what would decide it: a permission, an option, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{CheckResult, Reason, Report, Severity, Status};

/// The results that one permission, option or reason leaves open.
#[derive(Default)]
pub(super) struct Open<'r> {
    pub(super) results: usize,
    pub(super) worst: Option<Severity>,
    pub(super) denied: bool,
    /// Error codes of AWS.
    pub(super) codes: BTreeSet<&'r str>,
    /// `*` stands for all that a listing would name.
    pub(super) resources: BTreeSet<&'r str>,
    pub(super) checks: BTreeSet<&'r str>,
}

impl<'r> Open<'r> {
    fn add(&mut self, result: &'r CheckResult) {
        self.results += 1;
        self.worst = self.worst.max(Some(result.severity));
        self.denied |= result.reason == Some(Reason::Denied);
        self.resources.insert(&result.resource.name);
        self.checks.insert(&result.check);
    }

    /// What AWS answered.
    pub(super) fn answer(&self) -> String {
        if self.codes.is_empty() {
            "not read".to_owned()
        } else {
            self.codes.iter().copied().collect::<Vec<_>>().join(", ")
        }
    }
}

/// Everything that could not be assessed.
#[derive(Default)]
pub(super) struct Unassessed<'r> {
    /// By the IAM action that would decide it.
    pub(super) by_action: BTreeMap<&'r str, Open<'r>>,
    /// By the options that make the readings, for results that lack only what was not requested.
    pub(super) by_option: BTreeMap<String, Open<'r>>,
    /// By a reason that no permission decides.
    pub(super) by_reason: BTreeMap<&'r str, Open<'r>>,
    /// Results that could not be judged.
    pub(super) unjudged: usize,
    /// Results that lack only what was not requested.
    pub(super) not_requested: usize,
}

impl<'r> Unassessed<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut all = Self::default();
        for result in &report.results {
            if result.status != Status::NotAssessed {
                continue;
            }
            if !result.could_not_be_judged() {
                all.not_requested += 1;
                let options = result.not_requested.join(" or ");
                all.by_option.entry(options).or_default().add(result);
                continue;
            }
            all.unjudged += 1;
            for action in &result.missing {
                all.by_action.entry(action).or_default().add(result);
            }
            if result.missing.is_empty() {
                all.by_reason.entry(why(result)).or_default().add(result);
            }
        }
        for gap in &report.gaps {
            if let Some(open) = all.by_action.get_mut(gap.action.as_str()) {
                open.codes.insert(&gap.code);
            }
        }
        all
    }
}

/// The message without what the heading says already.
fn why(result: &CheckResult) -> &str {
    let message = result
        .message
        .as_deref()
        .unwrap_or("What was read does not decide it");
    message
        .strip_prefix("Not assessed: ")
        .unwrap_or(message)
        .trim_end_matches('.')
}
