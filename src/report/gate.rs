//! The exit code of an audit, and what decides it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

/// The exit code of an audit, and what decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateOutcome {
    /// 0, 1 or 3.
    pub exit_code: u8,
    /// `--fail-on`; absent for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Severity>,
    /// Findings at or above `fail_on`.
    pub findings: u64,
    /// Results at or above `fail_on` that could not be judged and that another run could judge.
    pub unjudged: u64,
    /// The IAM actions that those lack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The account was read to its end.
    pub complete: bool,
}
