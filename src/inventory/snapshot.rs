//! The whole document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::AccountInventory;
use super::organization::Organization;

/// The schema name every snapshot carries.
pub const SCHEMA: &str = "coldbucket-snapshot/1";

/// An account as it was read at one time. Evidence pointers (RFC 6901) lead into this document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When reading began, RFC 3339 in UTC. This is "today" for every verdict.
    pub taken_at: String,
    /// How long reading took, ms.
    #[serde(default)]
    pub duration_ms: u64,
    /// API calls sent. A call counts once, however often it was sent again.
    #[serde(default)]
    pub api_calls: u64,
    /// The endpoint URL, when it was not AWS's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// False when the run was interrupted before everything was read.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub complete: bool,
    /// The organization that the accounts belong to, where it was read: from `organization.json`, or
    /// the file of `--control-policies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// The accounts by 12-digit id.
    pub accounts: BTreeMap<String, AccountInventory>,
}

fn yes() -> bool {
    true
}
