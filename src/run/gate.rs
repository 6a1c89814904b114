//! The exit code of an audit.

use std::collections::BTreeSet;

use super::Exit;
use crate::cli::options::GateOptions;
use crate::report::{CheckResult, GateOutcome, Reason, ResultChange, Status};

/// The exit code of the results and the gate.
///
/// A finding decides. A result that is not assessed counts if more permissions, a working network or an
/// uninterrupted run would change it. Undecidable results do not count, because no run can decide them.
/// Opt-in readings (`--image-sizes`, `--sample-objects`) that were not requested do not count.
pub(super) fn outcome(results: &[CheckResult], complete: bool, gate: GateOptions) -> GateOutcome {
    let mut tally = GateTally::new(gate);
    tally.add(results);
    tally.outcome(complete)
}

/// What decides the exit code, counted over one list of results after the other.
#[derive(Clone, Debug)]
pub(super) struct GateTally {
    gate: GateOptions,
    findings: u64,
    unjudged: u64,
    missing: BTreeSet<String>,
}

impl GateTally {
    pub(super) fn new(gate: GateOptions) -> Self {
        Self {
            gate,
            findings: 0,
            unjudged: 0,
            missing: BTreeSet::new(),
        }
    }

    pub(super) fn add(&mut self, results: &[CheckResult]) {
        let fail_on = self.gate.fail_on;
        // What a deployment leaves as it is does not count against it.
        let counts = |result: &CheckResult| {
            !matches!(
                result.change,
                Some(ResultChange::Same | ResultChange::Fixed)
            )
        };
        let at_or_above = |result: &&CheckResult| {
            counts(result) && fail_on.is_some_and(|least| result.severity >= least)
        };
        for result in results.iter().filter(at_or_above) {
            if result.status == Status::Fail {
                self.findings += 1;
            } else if can_be_judged(result) {
                self.unjudged += 1;
                for action in &result.missing {
                    if !self.missing.contains(action) {
                        self.missing.insert(action.clone());
                    }
                }
            }
        }
    }

    /// `complete`: everything was read to its end.
    pub(super) fn outcome(&self, complete: bool) -> GateOutcome {
        let exit = if self.findings > 0 {
            Exit::Findings
        } else if !self.gate.allow_incomplete && (self.unjudged > 0 || !complete) {
            Exit::Incomplete
        } else {
            Exit::Clean
        };
        GateOutcome {
            exit_code: exit.code(),
            fail_on: self.gate.fail_on,
            findings: self.findings,
            unjudged: self.unjudged,
            missing: self.missing.iter().cloned().collect(),
            complete,
        }
    }
}

/// The same as an exit code alone.
pub(super) fn exit(results: &[CheckResult], complete: bool, gate: GateOptions) -> Exit {
    exit_of(&outcome(results, complete, gate))
}

/// The exit code of an outcome.
pub(super) fn exit_of(outcome: &GateOutcome) -> Exit {
    [Exit::Findings, Exit::Incomplete]
        .into_iter()
        .find(|exit| exit.code() == outcome.exit_code)
        .unwrap_or(Exit::Clean)
}

/// True for a result that was not judged and that another run could judge.
fn can_be_judged(result: &CheckResult) -> bool {
    let another_run = matches!(
        result.reason,
        Some(Reason::Denied | Reason::Failed | Reason::NotCollected)
    );
    result.could_not_be_judged() && another_run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::verdict::reason;
    use crate::report::{ResourceId, Severity, SubjectKind};

    fn result(status: Status, severity: Severity, reason: Option<Reason>) -> CheckResult {
        CheckResult {
            check: "c".to_owned(),
            status,
            resource: std::sync::Arc::new(ResourceId {
                kind: SubjectKind::Bucket,
                name: "b".to_owned(),
                arn: String::new(),
                account: String::new(),
                region: String::new(),
                address: None,
            }),
            item: None,
            severity,
            message: None,
            evidence: Vec::new(),
            witness: None,
            reason,
            missing: Vec::new(),
            not_requested: Vec::new(),
            remediation: None,
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
        let why = |results: &[CheckResult]| reason(&outcome(results, false, HIGH));
        assert_eq!(
            why(&[unread]),
            "1 result at or above --fail-on could not be judged for want of \
             s3:GetBucketPolicy; --allow-incomplete accepts that"
        );
        assert!(why(&[]).contains("interrupted"));
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
        image.not_requested = vec!["--image-sizes".to_owned()];
        assert_eq!(exit(&[image], true, HIGH), Exit::Clean);
    }
}
