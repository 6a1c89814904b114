//! The exit code of an audit.

use std::collections::BTreeSet;

use super::Exit;
use crate::cli::options::GateOptions;
use crate::inventory::need::ReadingKind;
use crate::report::{CheckResult, Reason, Status};

/// The exit code of the results and the gate.
///
/// A finding decides. A result that is not assessed counts if more permissions, a working network or an
/// uninterrupted run would change it. Undecidable results do not count, because no run can decide them.
/// Opt-in readings (`--image-sizes`, `--sample-objects`) that were not requested do not count.
pub(super) fn exit(results: &[CheckResult], complete: bool, gate: GateOptions) -> Exit {
    let counts = |result: &&CheckResult| gate.fail_on.is_some_and(|least| result.severity >= least);
    if results
        .iter()
        .filter(counts)
        .any(|result| result.status == Status::Fail)
    {
        return Exit::Findings;
    }
    let unjudged = unjudged(results, gate).next().is_some();
    if !gate.allow_incomplete && (unjudged || !complete) {
        Exit::Incomplete
    } else {
        Exit::Clean
    }
}

/// The results at or above the gate that another run could judge.
fn unjudged(results: &[CheckResult], gate: GateOptions) -> impl Iterator<Item = &CheckResult> {
    results.iter().filter(move |result| {
        gate.fail_on.is_some_and(|least| result.severity >= least)
            && result.status == Status::NotAssessed
            && can_be_assessed(result)
    })
}

/// Why the exit code says incomplete: how many results could not be judged, and for want of what.
pub(super) fn why_incomplete(results: &[CheckResult], gate: GateOptions) -> String {
    const NAMED: usize = 5;
    let unjudged: Vec<&CheckResult> = unjudged(results, gate).collect();
    if unjudged.is_empty() {
        return "exit code 3: the run was interrupted and the rest of the account was not read"
            .to_owned();
    }
    let missing: BTreeSet<&str> = unjudged
        .iter()
        .flat_map(|result| result.missing.iter().map(String::as_str))
        .collect();
    let mut named: Vec<&str> = missing.iter().copied().take(NAMED).collect();
    let more = format!("{} more", missing.len().saturating_sub(NAMED));
    if missing.len() > NAMED {
        named.push(&more);
    }
    let results = match unjudged.len() {
        1 => "1 result".to_owned(),
        number => format!("{number} results"),
    };
    format!(
        "exit code 3: {results} at or above --fail-on could not be judged for want of {}; \
         --allow-incomplete accepts that",
        named.join(", ")
    )
}

fn can_be_assessed(result: &CheckResult) -> bool {
    match result.reason {
        Some(Reason::Denied | Reason::Failed) => true,
        Some(Reason::NotCollected) => !only_opt_in(&result.missing),
        Some(Reason::Undecidable) | None => false,
    }
}

/// True if only opt-in readings are missing.
fn only_opt_in(missing: &[String]) -> bool {
    let opt_in: Vec<&str> = ReadingKind::ALL
        .iter()
        .filter(|reading| reading.opt_in())
        .map(|reading| reading.action())
        .collect();
    !missing.is_empty()
        && missing
            .iter()
            .all(|action| opt_in.contains(&action.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ResourceId, Severity, SubjectKind};

    fn result(status: Status, severity: Severity, reason: Option<Reason>) -> CheckResult {
        CheckResult {
            check: "c".to_owned(),
            status,
            resource: ResourceId {
                kind: SubjectKind::Bucket,
                name: "b".to_owned(),
                arn: String::new(),
                account: String::new(),
                region: String::new(),
                address: None,
            },
            item: None,
            severity,
            message: None,
            evidence: Vec::new(),
            witness: None,
            reason,
            missing: Vec::new(),
            fingerprint: String::new(),
            suppressed_by: None,
            suppression: None,
            location: None,
            change: None,
        }
    }

    const HIGH: GateOptions = GateOptions {
        fail_on: Some(Severity::High),
        allow_incomplete: false,
    };

    fn denied(severity: Severity) -> CheckResult {
        result(Status::NotAssessed, severity, Some(Reason::Denied))
    }

    #[test]
    fn only_findings_at_or_above_the_gate_fail() {
        let low = result(Status::Fail, Severity::Medium, None);
        let high = result(Status::Fail, Severity::High, None);
        assert_eq!(exit(std::slice::from_ref(&low), true, HIGH), Exit::Clean);
        assert_eq!(exit(&[low, high], true, HIGH), Exit::Findings);
    }

    #[test]
    fn a_finding_wins_over_what_could_not_be_judged() {
        let high = result(Status::Fail, Severity::High, None);
        assert_eq!(
            exit(&[denied(Severity::Critical), high], false, HIGH),
            Exit::Findings
        );
    }

    #[test]
    fn what_could_not_be_judged_counts_from_the_gate_on() {
        assert_eq!(
            exit(&[denied(Severity::High)], true, HIGH),
            Exit::Incomplete
        );
        assert_eq!(exit(&[denied(Severity::Low)], true, HIGH), Exit::Clean);
    }

    #[test]
    fn incomplete_says_why() {
        let mut unread = denied(Severity::High);
        unread.missing = vec!["s3:GetBucketPolicy".to_owned()];
        assert_eq!(
            why_incomplete(&[unread], HIGH),
            "exit code 3: 1 result at or above --fail-on could not be judged for want of \
             s3:GetBucketPolicy; --allow-incomplete accepts that"
        );
        assert!(why_incomplete(&[], HIGH).contains("interrupted"));
    }

    #[test]
    fn incomplete_can_be_allowed() {
        let gate = GateOptions {
            allow_incomplete: true,
            ..HIGH
        };
        assert_eq!(exit(&[denied(Severity::High)], false, gate), Exit::Clean);
    }

    #[test]
    fn none_never_fails_but_an_interruption_is_reported() {
        let gate = GateOptions {
            fail_on: None,
            ..HIGH
        };
        let critical = result(Status::Fail, Severity::Critical, None);
        assert_eq!(
            exit(&[critical, denied(Severity::Critical)], true, gate),
            Exit::Clean
        );
        assert_eq!(exit(&[], false, gate), Exit::Incomplete);
    }

    #[test]
    fn suppressed_findings_do_not_fail() {
        let suppressed = result(Status::Suppressed, Severity::Critical, None);
        assert_eq!(exit(&[suppressed], true, HIGH), Exit::Clean);
    }

    #[test]
    fn undecidable_results_do_not_count() {
        let undecidable = result(
            Status::NotAssessed,
            Severity::High,
            Some(Reason::Undecidable),
        );
        assert_eq!(exit(&[undecidable], true, HIGH), Exit::Clean);
    }

    #[test]
    fn an_opt_in_that_was_not_requested_does_not_count() {
        let mut image = result(
            Status::NotAssessed,
            Severity::High,
            Some(Reason::NotCollected),
        );
        assert_eq!(
            exit(std::slice::from_ref(&image), true, HIGH),
            Exit::Incomplete
        );
        image.missing = vec!["lambda:GetFunction".to_owned()];
        assert_eq!(exit(&[image], true, HIGH), Exit::Clean);
    }
}
