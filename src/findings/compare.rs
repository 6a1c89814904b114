//! Compares two reports: new, fixed, changed, no longer assessed.
//!
//! Results are the same if their fingerprints are. A resource without any result is gone. A check that was
//! not selected and a failed listing prove nothing: their results are counted in a note, and are neither
//! fixed nor new.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Status};
use crate::report::Report;
use crate::report::diff::{Change, Diff, SCHEMA};

/// Why a report may lack a result.
struct Extent<'a> {
    report: &'a Report,
    /// ARNs of everything judged.
    resources: BTreeSet<&'a str>,
    /// (check, ARN) judged.
    judged: BTreeSet<(&'a str, &'a str)>,
    /// (check, ARN) with unknown items.
    unknown_items: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Extent<'a> {
    fn new(report: &'a Report) -> Self {
        let pair = |result: &'a Finding| (result.check.as_str(), result.resource.arn.as_str());
        Self {
            report,
            resources: report.results.iter().map(|result| pair(result).1).collect(),
            judged: report.results.iter().map(pair).collect(),
            unknown_items: report
                .results
                .iter()
                .filter(|result| result.item.is_none() && result.status == Status::NotAssessed)
                .map(pair)
                .collect(),
        }
    }

    /// True when this report would have the result if there were something to say: the check ran, and
    /// on this resource, or the resource is really not there.
    fn covers(&self, result: &Finding) -> bool {
        let (check, id) = (result.check.as_str(), &result.resource);
        if self.judged.contains(&(check, id.arn.as_str())) {
            return true;
        }
        let scope = &self.report.scope;
        self.report.checks.contains_key(check)
            && !self.resources.contains(id.arn.as_str())
            && scope.accounts.contains(&id.account)
            && scope.selection.bucket.is_empty()
            && scope.selection.function.is_empty()
            // A listing that failed leaves no number.
            && matches!(self.report.summary.resources.get(id.kind.name()), Some(Some(_)))
    }
}

/// Compares a report with an older one of the same account.
pub fn compare(old: &Report, new: &Report) -> Diff {
    let before: BTreeMap<&str, &Finding> = by_fingerprint(old);
    let after: BTreeMap<&str, &Finding> = by_fingerprint(new);
    let (old_extent, new_extent) = (Extent::new(old), Extent::new(new));
    let mut diff = Diff {
        schema: SCHEMA.to_owned(),
        old_taken_at: old.taken_at.clone(),
        new_taken_at: new.taken_at.clone(),
        new: Vec::new(),
        fixed: Vec::new(),
        changed: Vec::new(),
        no_longer_assessable: Vec::new(),
        unchanged: 0,
        notes: notes(old, new),
        titles: BTreeMap::new(),
    };
    let mut not_in_old = 0_usize;
    for (fingerprint, result) in &after {
        let was = before.get(fingerprint).copied();
        let change = |differs: Vec<String>| Change {
            result: (*result).clone(),
            was: was.map(|was| was.status),
            is: Some(result.status),
            severity_was: was
                .map(|was| was.severity)
                .filter(|severity| *severity != result.severity),
            differs,
        };
        match (was.map(|was| was.status), result.status) {
            (None, Status::Fail) if !old_extent.covers(result) => {
                not_in_old += 1;
                diff.new.push(change(Vec::new()));
            }
            (Some(Status::Suppressed), Status::Fail) => {
                diff.new.push(change(vec!["no longer accepted".to_owned()]));
            }
            (Some(Status::Fail), Status::Fail) | (Some(Status::Suppressed), Status::Suppressed) => {
                let differs = was.map_or_else(Vec::new, |was| differences(was, result));
                if differs.is_empty() {
                    diff.unchanged += 1;
                } else {
                    diff.changed.push(change(differs));
                }
            }
            (Some(Status::Fail), Status::Suppressed) => {
                diff.changed.push(change(vec!["accepted".to_owned()]));
            }
            (_, Status::Fail) => diff.new.push(change(Vec::new())),
            (
                Some(Status::Fail | Status::Suppressed | Status::Pass | Status::NotApplicable),
                Status::NotAssessed,
            ) => diff.no_longer_assessable.push(change(Vec::new())),
            (Some(Status::Fail | Status::Suppressed), Status::Pass | Status::NotApplicable) => {
                diff.fixed.push(change(Vec::new()));
            }
            _ => {}
        }
    }
    let not_in_new = missing(&mut diff, &before, &after, &new_extent);
    if not_in_old > 0 {
        diff.notes.push(format!(
            "{not_in_old} of the new findings belong to checks or resources that the old report did not cover"
        ));
    }
    if not_in_new > 0 {
        diff.notes.push(format!(
            "{not_in_new} findings of the old report belong to checks that the new one did not run; they are neither fixed nor unchanged"
        ));
    }
    for list in [
        &mut diff.new,
        &mut diff.fixed,
        &mut diff.changed,
        &mut diff.no_longer_assessable,
    ] {
        list.sort_by(|a, b| order(a).cmp(&order(b)));
    }
    diff.titles = titles(&diff, old, new);
    diff
}

/// The titles of the checks that changes are about.
fn titles(diff: &Diff, old: &Report, new: &Report) -> BTreeMap<String, String> {
    [
        &diff.new,
        &diff.fixed,
        &diff.changed,
        &diff.no_longer_assessable,
    ]
    .into_iter()
    .flatten()
    .filter_map(|change| {
        let id = &change.result.check;
        let about = new.checks.get(id).or_else(|| old.checks.get(id))?;
        Some((id.clone(), about.title.clone()))
    })
    .collect()
}

/// Findings of the old report that the new one does not have: fixed, or no longer assessed. Returns how
/// many belong to checks that did not run.
fn missing(
    diff: &mut Diff,
    before: &BTreeMap<&str, &Finding>,
    after: &BTreeMap<&str, &Finding>,
    new_extent: &Extent<'_>,
) -> usize {
    let mut not_in_new = 0_usize;
    for (fingerprint, result) in before {
        if after.contains_key(fingerprint)
            || !matches!(result.status, Status::Fail | Status::Suppressed)
        {
            continue;
        }
        let change = Change {
            result: (*result).clone(),
            was: Some(result.status),
            is: None,
            severity_was: None,
            differs: Vec::new(),
        };
        // A missing item may still exist if some items are unknown.
        let pair = (result.check.as_str(), result.resource.arn.as_str());
        if new_extent.covers(result) && !new_extent.unknown_items.contains(&pair) {
            diff.fixed.push(change);
        } else if new_extent.report.checks.contains_key(&result.check) {
            // The check ran, but its resources or items could not be listed.
            diff.no_longer_assessable.push(change);
        } else {
            not_in_new += 1;
        }
    }
    not_in_new
}

fn by_fingerprint(report: &Report) -> BTreeMap<&str, &Finding> {
    report
        .results
        .iter()
        .map(|result| (result.fingerprint.as_str(), result))
        .collect()
}

fn differences(was: &Finding, is: &Finding) -> Vec<String> {
    let mut differs = Vec::new();
    if was.severity != is.severity {
        differs.push("severity".to_owned());
    }
    if was.message != is.message {
        differs.push("message".to_owned());
    }
    if was.evidence != is.evidence {
        differs.push("evidence".to_owned());
    }
    differs
}

fn notes(old: &Report, new: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if old.scope.accounts != new.scope.accounts {
        notes.push(format!(
            "the reports cover different accounts ({} and {})",
            old.scope.accounts.join(", "),
            new.scope.accounts.join(", ")
        ));
    }
    if old.tool.version != new.tool.version {
        notes.push(format!(
            "the reports come from different versions ({} and {}), whose checks may differ",
            old.tool.version, new.tool.version
        ));
    }
    if old.taken_at > new.taken_at {
        notes.push("the old report is younger than the new one".to_owned());
    }
    notes
}

/// Worst first, then as in a report.
fn order(
    change: &Change,
) -> (
    Reverse<super::Severity>,
    &str,
    &super::ResourceId,
    &Option<String>,
) {
    let result = &change.result;
    (
        Reverse(result.severity),
        &result.check,
        &result.resource,
        &result.item,
    )
}
