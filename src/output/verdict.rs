//! The verdict of an audit in one sentence: the exit code and what decides it.

use super::words::Tone;
use crate::report::numbers::{count, number};
use crate::report::{GateOutcome, Report};

/// IAM actions that are named.
const NAMED: usize = 5;

/// The verdict, with the tone it is to be taken in.
pub(super) fn line(report: &Report) -> Option<(Tone, String)> {
    let gate = report.gate.as_ref()?;
    let (tone, word) = match gate.exit_code {
        0 => (Tone::Good, "PASS"),
        1 => (Tone::Worst, "FAIL"),
        _ => (Tone::Unknown, "INCOMPLETE"),
    };
    let code = gate.exit_code;
    // One row at 80 columns: what is missing stands above it.
    let reason = match code {
        3 if gate.unjudged > 0 => format!(
            "{} at or above --fail-on not judged",
            count(gate.unjudged, "result")
        ),
        _ => reason(gate),
    };
    Some((tone, format!("{word} (exit code {code}): {reason}")))
}

/// What decides the exit code.
pub fn reason(gate: &GateOutcome) -> String {
    let level = gate.fail_on.map_or("", |severity| severity.name());
    match gate.exit_code {
        1 => format!(
            "{} at or above {level} (--fail-on)",
            count(gate.findings, "finding")
        ),
        0 => {
            let text = match gate.fail_on {
                Some(_) => format!("nothing at or above {level}"),
                None => "--fail-on none accepts every finding".to_owned(),
            };
            if gate.unjudged > 0 {
                format!("{text}; {} not judged, as allowed", number(gate.unjudged))
            } else if gate.complete {
                text
            } else {
                format!("{text}; interrupted, as allowed")
            }
        }
        _ if gate.unjudged == 0 => {
            "the run was interrupted and the rest of the account was not read".to_owned()
        }
        _ => {
            let mut named: Vec<&str> = gate
                .missing
                .iter()
                .map(String::as_str)
                .take(NAMED)
                .collect();
            let more = format!("{} more", gate.missing.len().saturating_sub(NAMED));
            if gate.missing.len() > NAMED {
                named.push(&more);
            }
            format!(
                "{} at or above --fail-on could not be judged for want of {}; \
                 --allow-incomplete accepts that",
                count(gate.unjudged, "result"),
                named.join(", ")
            )
        }
    }
}
