//! `--onto`: the results before the deployment, and what the deployment does to each.
//!
//! The account is judged once as it is, and once for each snapshot that the deployment may lead to.
//! Results on what the template makes are all reported; results on the rest of the account are where
//! the deployment changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::RunError;
use super::Loaded;
use super::merge::{Answers, ResultKey, key_of_result};
use crate::inventory::Snapshot;
use crate::report::{CheckResult, Report, ResultChange, Status};

/// The account that templates are laid over.
pub(in crate::run) struct LiveAccount {
    /// As it was read.
    pub(in crate::run) snapshot: Arc<Snapshot>,
    /// Its results.
    before: KnownResults,
    /// What the report says of it.
    pub(in crate::run) scope: crate::report::OntoScope,
}

/// Results by what they answer.
type KnownResults = BTreeMap<ResultKey, Answers>;

/// The results of a report, by what they answer.
fn by_question(results: Vec<CheckResult>) -> KnownResults {
    let mut found = KnownResults::new();
    for result in results {
        let answers = found.entry(key_of_result(&result)).or_default();
        answers.insert(result.item.clone(), result);
    }
    found
}

const fn fails(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Suppressed)
}

impl LiveAccount {
    /// The account, with the report on it as it is.
    pub(in crate::run) fn new(snapshot: Arc<Snapshot>, report: Report) -> Self {
        Self {
            scope: crate::report::OntoScope {
                taken_at: snapshot.taken_at.clone(),
                source: report.source,
                accounts: snapshot.accounts.keys().cloned().collect(),
            },
            snapshot,
            before: by_question(report.results),
        }
    }

    /// Refuses what is deployed to an account that was not read.
    pub(super) fn check(&self, one: &Loaded) -> Result<(), RunError> {
        let accounts = &self.snapshot.accounts;
        let other = one
            .built
            .renderings
            .iter()
            .flat_map(|rendering| rendering.snapshot.accounts.keys())
            .find(|account| !accounts.contains_key(*account));
        let Some(other) = other else {
            return Ok(());
        };
        let known: Vec<&str> = accounts.keys().map(String::as_str).collect();
        let known = known.join(", ");
        Err(match other.as_str() {
            crate::template::build::UNKNOWN_ACCOUNT => RunError::mistake(
                format!("--onto has several accounts: {known}"),
                Some("name the one that is deployed to with --account".to_owned()),
            ),
            other => RunError::mistake(
                format!(
                    "{} is for account {other}, and --onto has {known}",
                    one.file
                ),
                Some("--account names the account that is deployed to".to_owned()),
            ),
        })
    }

    /// Leaves out of a report the results that the deployment does not touch: those on resources that
    /// it does not make and that are what they were. Returns what is left of those.
    pub(super) fn drop_untouched(
        &self,
        results: &mut Vec<CheckResult>,
        is_made: impl Fn(&CheckResult) -> bool,
    ) -> BTreeSet<ResultKey> {
        let (made, others): (Vec<CheckResult>, Vec<CheckResult>) =
            std::mem::take(results).into_iter().partition(is_made);
        *results = made;
        let mut touched = BTreeSet::new();
        for (question, answers) in by_question(others) {
            let before = self.before.get(&question);
            if before.is_some_and(|before| statuses(before) == statuses(&answers)) {
                continue;
            }
            touched.insert(question);
            results.extend(answers.into_values());
        }
        touched
    }

    /// What is answered before the deployment.
    pub(super) fn before(&self, question: &ResultKey) -> impl Iterator<Item = CheckResult> {
        let answers = self.before.get(question).into_iter().flatten();
        answers.map(|(_, result)| result.clone())
    }

    /// What the deployment does to a result; none where that cannot be said.
    pub(super) fn change(&self, result: &CheckResult) -> Option<ResultChange> {
        let question = (
            result.check.clone(),
            result.resource.kind,
            result.resource.arn.clone(),
        );
        let before = self.before.get(&question);
        let was = before
            .and_then(|before| before.get(&result.item))
            .map(|was| was.status);
        let failed = match (&result.item, before) {
            // Of an item that goes only the whole list is left.
            (None, Some(before)) => before.values().any(|was| fails(was.status)),
            _ => was.is_some_and(fails),
        };
        // A list that was not known has one answer.
        let was_unknown = before.is_some_and(|before| {
            let whole = before.get(&None).map(|was| was.status);
            was.or(whole) == Some(Status::NotAssessed)
        });
        match result.status {
            Status::Fail | Status::Suppressed if failed => Some(ResultChange::Same),
            Status::Fail | Status::Suppressed => Some(ResultChange::New),
            Status::NotAssessed => was_unknown.then_some(ResultChange::Same),
            Status::Pass | Status::NotApplicable if failed => Some(ResultChange::Fixed),
            Status::Pass | Status::NotApplicable => (!was_unknown).then_some(ResultChange::Same),
        }
    }
}

fn statuses(answers: &Answers) -> BTreeMap<&Option<String>, Status> {
    answers
        .iter()
        .map(|(item, result)| (item, result.status))
        .collect()
}
