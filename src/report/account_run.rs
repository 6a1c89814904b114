//! The files of a run over many accounts, `coldbucket-run/1`: its manifest, one status an account, and the
//! summary of a merge.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SelectionSummary, Severity};

/// The schema name of a manifest.
pub const RUN_SCHEMA: &str = "coldbucket-run/1";

/// What a run reads, and of which accounts. Written once, before any account is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunManifest {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// The run's id.
    pub run: String,
    /// Version of the program.
    pub tool: String,
    /// When the run began, RFC 3339 in UTC.
    pub taken_at: String,
    /// The selection it was begun with. Judging takes the selection that it is given.
    pub selection: SelectionSummary,
    /// The readings that are collected, sorted.
    pub needs: Vec<String>,
    /// SHA-256 over `needs`.
    pub needs_hash: String,
    /// Name of the role in each account.
    pub role: String,
    /// The endpoint URL, null for AWS itself.
    pub endpoint: Option<String>,
    /// The organization's id; null for a list of accounts.
    pub organization: Option<String>,
    /// Into how many shards the run is divided.
    pub shards: u32,
    /// The accounts that are read, sorted.
    pub planned: Vec<String>,
    /// The accounts that are not, and why.
    pub skipped: BTreeMap<String, String>,
}

/// What became of one account. Written last of its files: one that is there vouches for the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountStatus {
    /// 12-digit id.
    pub account: String,
    /// What became of it.
    pub status: ReadStatus,
    /// How often it was tried.
    pub attempt: u32,
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// How long that took, ms.
    pub duration_ms: u64,
    /// API calls sent. A call counts once, however often it was sent again.
    pub api_calls: u64,
    /// SHA-256 over the readings that were collected.
    pub needs_hash: String,
    /// Version of the program.
    pub tool: String,
    /// SHA-256 of the snapshot's file; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_sha256: Option<String>,
    /// The error code, where it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was not read, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of an account.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReadStatus {
    /// Everything was read.
    Read,
    /// It was read, and some calls were denied or failed.
    Partial,
    /// sts:AssumeRole was refused.
    Unreadable,
    /// It failed: a timeout, the network, a defect.
    Failed,
    /// Not begun, or interrupted.
    NotRead,
    /// It is not read on purpose: not active, or excluded.
    Skipped,
}

impl ReadStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Partial,
        Self::Unreadable,
        Self::Failed,
        Self::NotRead,
        Self::Skipped,
    ];

    /// The name in machine outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Partial => "partial",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::NotRead => "not-read",
            Self::Skipped => "skipped",
        }
    }

    /// True where there is a snapshot.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::Partial)
    }
}

/// The summary of a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// The run's id.
    pub run: String,
    /// Accounts by status; every one that was planned or skipped counts once.
    pub accounts: BTreeMap<String, u64>,
    /// Results by status.
    pub results: BTreeMap<String, u64>,
    /// API requests, all accounts together.
    pub api_calls: u64,
}

/// The accounts of one shard, written when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardFile {
    /// Its number, from 0.
    pub shard: u32,
    /// How many there are.
    pub shards: u32,
    /// SHA-256 over the readings that were collected.
    pub needs_hash: String,
    /// The organization's id; null for a list of accounts.
    pub organization: Option<String>,
    /// Its accounts, sorted.
    pub accounts: Vec<String>,
}

/// One account in a report over many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountRow {
    /// 12-digit id.
    pub id: String,
    /// Its name in the organization; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The organizational units it is in, from the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ou: Vec<String>,
    /// Its state in the organization; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// What became of it.
    pub status: ReadStatus,
    /// Why it was not read, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When it was read, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Results by status; empty for an account that is skipped.
    pub results: BTreeMap<String, u64>,
    /// Failed results by severity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_by_severity: BTreeMap<String, u64>,
    /// Calls that were denied or failed.
    pub gaps: u64,
    /// Failed results by severity in an earlier report (`--since`); not part of the document.
    #[serde(skip)]
    pub before: Option<BTreeMap<String, u64>>,
}

impl AccountRow {
    /// How many results of that severity failed.
    pub fn failed(&self, severity: Severity) -> u64 {
        let found = self.failed_by_severity.get(severity.name());
        found.copied().unwrap_or(0)
    }
}

/// The accounts in the order in which a person looks at them: those that were not read, then those with the
/// most severe findings, last those that are skipped on purpose.
pub fn sorted_worst_first(accounts: &[AccountRow]) -> Vec<&AccountRow> {
    let mut rows: Vec<&AccountRow> = accounts.iter().collect();
    rows.sort_by_cached_key(|row| {
        (
            row.status == ReadStatus::Skipped,
            row.status.is_read(),
            Severity::ALL.map(|severity| Reverse(row.failed(severity))),
            row.id.clone(),
        )
    });
    rows
}
