//! Baselines: known findings do not fail, new ones do.
//!
//! Only fingerprints are compared. A finding with a new message or new evidence is still known; a finding
//! on another resource or item is new. A report works as a baseline with its failed results, without those
//! that an exception accepted: when the exception expires, the finding counts again.

use std::collections::BTreeMap;
use std::io;

use super::exceptions::suppress;
use super::{Finding, Status};
use crate::report::baseline::{Baseline, KnownFinding, SCHEMA};
use crate::report::{Report, ReportParts, Suppression, SuppressionKind};

/// True for a result that a baseline of this report holds.
fn is_known(result: &Finding) -> bool {
    match result.status {
        Status::Fail => true,
        Status::Suppressed => result
            .suppression
            .as_ref()
            .is_some_and(|suppression| suppression.kind == SuppressionKind::Baseline),
        _ => false,
    }
}

/// The baseline of a report: its findings, and those that an earlier baseline accepted.
pub fn of(report: &Report) -> Baseline {
    let mut baseline = empty(report);
    add(&mut baseline, &report.results);
    baseline
}

/// The baseline of a report whose results come in parts.
///
/// # Errors
/// Those of what holds the parts.
pub fn of_parts(report: &dyn ReportParts) -> io::Result<Baseline> {
    let mut baseline = empty(report.head());
    report.results(&mut |results| {
        add(&mut baseline, results);
        Ok(())
    })?;
    Ok(baseline)
}

fn empty(report: &Report) -> Baseline {
    Baseline {
        schema: SCHEMA.to_owned(),
        taken_at: report.taken_at.clone(),
        reason: None,
        findings: Vec::new(),
    }
}

fn add(baseline: &mut Baseline, results: &[Finding]) {
    let known = |result: &Finding| KnownFinding {
        fingerprint: result.fingerprint.clone(),
        check: result.check.clone(),
        resource: result.resource.arn.clone(),
        item: result.item.clone(),
        // The reason of one finding is kept in the next baseline.
        reason: result
            .suppression
            .as_ref()
            .map(|suppression| suppression.reason.clone()),
    };
    let found = results.iter().filter(|result| is_known(result));
    baseline.findings.extend(found.map(known));
}

/// Turns the failed results that the baseline knows into suppressed ones. Returns how many of its
/// findings no longer fail.
pub fn apply(baseline: &Baseline, results: &mut [Finding]) -> usize {
    let day = baseline.taken_at.get(..10).unwrap_or(&baseline.taken_at);
    let general = match &baseline.reason {
        Some(reason) => reason.clone(),
        None => format!("known since {day}"),
    };
    let mut known: BTreeMap<&str, (&KnownFinding, bool)> = baseline
        .findings
        .iter()
        .map(|finding| (finding.fingerprint.as_str(), (finding, false)))
        .collect();
    for result in results {
        let Some((finding, met)) = known.get_mut(result.fingerprint.as_str()) else {
            continue;
        };
        match result.status {
            Status::Fail => {
                *met = true;
                let reason = finding.reason.clone().unwrap_or_else(|| general.clone());
                suppress(
                    result,
                    Suppression {
                        kind: SuppressionKind::Baseline,
                        reason,
                        owner: None,
                        expires: None,
                    },
                );
            }
            // It is not known to be fixed.
            Status::Suppressed | Status::NotAssessed => *met = true,
            Status::Pass | Status::NotApplicable => {}
        }
    }
    known.values().filter(|(_, met)| !met).count()
}
