//! A baseline, `coldbucket-baseline/1`: the findings that are known and accepted.
//!
//! Small enough to be read in a review: one line a finding, in the order of the report. A whole
//! report serves as a baseline too; this is the form for a repository.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema name every baseline carries.
pub const SCHEMA: &str = "coldbucket-baseline/1";

/// The findings that are known and accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When the account was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// Why all of them are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The findings.
    pub findings: Vec<KnownFinding>,
}

/// One finding that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFinding {
    /// What identifies it: nothing else is compared.
    pub fingerprint: String,
    /// For the reader: the check.
    pub check: String,
    /// For the reader: the resource's ARN.
    pub resource: String,
    /// For the reader: the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Why this one is accepted; the baseline's own reason when it says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
