//! What changed between two reports, `coldbucket-diff/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Severity, Status};

/// The schema name every comparison carries.
pub const SCHEMA: &str = "coldbucket-diff/1";

/// What changed between two reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When the account of the old report was read.
    pub old_taken_at: String,
    /// When the account of the new report was read.
    pub new_taken_at: String,
    /// Fails now and did not before, worst first.
    pub new: Vec<Change>,
    /// Failed (or was accepted) and does not any more, worst first.
    pub fixed: Vec<Change>,
    /// Fails in both, and differs, worst first.
    pub changed: Vec<Change>,
    /// Was judged before and could not be this time, worst first.
    pub no_longer_assessable: Vec<Change>,
    /// Findings in both, without a difference.
    pub unchanged: u64,
    /// Remarks: what the two reports do not have in common.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The titles of the checks of both reports, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
}

/// One result that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The result: of the new report, or of the old one where the new one has none.
    pub result: CheckResult,
    /// What it was; null where the old report has no such result.
    pub was: Option<Status>,
    /// What it is; null where the new report has no such result: the resource or the item is gone.
    pub is: Option<Status>,
    /// Its severity before, where that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_was: Option<Severity>,
    /// What differs: `severity`, `message`, `evidence`, `accepted`, `no longer accepted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
}
