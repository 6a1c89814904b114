//! Every selected check with its counts, the ones that found nothing included.

use std::collections::BTreeMap;

use crate::output::shortened::mapped;
use crate::report::{Report, Status};

/// A check and how its results are spread.
pub(super) struct CheckRow<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) severity: &'static str,
    pub(super) failed: usize,
    pub(super) passed: usize,
    pub(super) unassessed: usize,
    pub(super) accepted: usize,
    pub(super) not_applicable: usize,
    pub(super) maps: Vec<(&'static str, &'a [String])>,
}

/// Every check of the report: what failed most severely first, then by id.
pub(super) fn of(report: &Report) -> Vec<CheckRow<'_>> {
    let mut counts: BTreeMap<(&str, Status), usize> = BTreeMap::new();
    for result in &report.results {
        *counts.entry((&result.check, result.status)).or_default() += 1;
    }
    let mut lines: Vec<_> = report
        .checks
        .iter()
        .map(|(id, summary)| {
            let of = |status| counts.get(&(id.as_str(), status)).copied().unwrap_or(0);
            let line = CheckRow {
                id,
                title: &summary.title,
                severity: summary.severity.map_or("info", |severity| severity.name()),
                failed: of(Status::Fail),
                passed: of(Status::Pass),
                unassessed: of(Status::NotAssessed),
                accepted: of(Status::Suppressed),
                not_applicable: of(Status::NotApplicable),
                maps: mapped(summary).collect(),
            };
            (std::cmp::Reverse(summary.severity), line)
        })
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(b.1.id)));
    lines.into_iter().map(|(_, line)| line).collect()
}
