//! The part of a merged report that formats made in memory hold: everything where it is small, otherwise the
//! worst results.
//!
//! A table, a page or a SARIF file of a million results helps no reader and takes gigabytes. Which results are
//! kept depends on their severity and on the order of the accounts alone, so it is the same for any number of
//! shards.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::report::numbers::{count, number};
use crate::report::{BucketPosture, CheckResult, ColdStart, Gap, Report, Severity, Status};
use crate::run::assess::JudgedSnapshot;

/// Results that are kept, and items of each other list.
const KEPT: usize = 10_000;

/// How much a result matters: first of all what fails, by its severity. Smaller is worse.
type Rank = (u8, Reverse<Severity>);

/// The worst results so far, and the first items of the other lists.
#[derive(Default)]
pub(super) struct WorstResults {
    by_rank: BTreeMap<Rank, Vec<(usize, CheckResult)>>,
    kept: usize,
    seen: usize,
    buckets: Vec<BucketPosture>,
    cold_starts: Vec<ColdStart>,
    gaps: Vec<Gap>,
}

impl WorstResults {
    pub(super) fn add(&mut self, judged: JudgedSnapshot) {
        for result in judged.results {
            let place = self.seen;
            self.seen += 1;
            let rank = rank(&result);
            if self.kept == KEPT {
                let Some(mut last) = self.by_rank.last_entry() else {
                    continue;
                };
                if *last.key() <= rank {
                    continue;
                }
                last.get_mut().pop();
                if last.get().is_empty() {
                    last.remove();
                }
                self.kept -= 1;
            }
            self.by_rank.entry(rank).or_default().push((place, result));
            self.kept += 1;
        }
        fill(&mut self.buckets, judged.buckets);
        fill(&mut self.cold_starts, judged.cold_start);
        fill(&mut self.gaps, judged.gaps);
    }

    /// Puts what is kept into a report, in the report's order, and a note where that is not all.
    pub(super) fn fill(self, report: &mut Report, total: u64) {
        let mut results: Vec<(usize, CheckResult)> = self.by_rank.into_values().flatten().collect();
        results.sort_unstable_by_key(|(place, _)| *place);
        if results.len() < self.seen {
            report.notes.push(format!(
                "this format holds the worst {} of {}; json, jsonl, csv, ocsf and asff hold all",
                number(results.len()),
                count(total, "result")
            ));
        }
        report.results = results.into_iter().map(|(_, result)| result).collect();
        report.buckets = self.buckets;
        report.cold_start = self.cold_starts;
        report.gaps = self.gaps;
    }
}

fn rank(result: &CheckResult) -> Rank {
    let status = match result.status {
        Status::Fail => 0,
        Status::NotAssessed => 1,
        Status::Suppressed => 2,
        Status::Pass => 3,
        Status::NotApplicable => 4,
    };
    (status, Reverse(result.severity))
}

fn fill<T>(list: &mut Vec<T>, more: Vec<T>) {
    let room = KEPT.saturating_sub(list.len());
    list.extend(more.into_iter().take(room));
}
