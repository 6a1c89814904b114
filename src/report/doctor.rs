//! What `doctor` finds out before a run, and what `audit --plan` would call.

use super::Severity;

/// Who reads which account, what may be read, and what a run takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readiness {
    /// Name and version of the program.
    pub tool: String,
    /// 12-digit account id.
    pub account: String,
    /// ARN of the caller; none where AWS did not say.
    pub caller: Option<String>,
    /// The endpoint URL; none for AWS itself.
    pub endpoint: Option<String>,
    /// Environment variables that name a proxy.
    pub proxies: Vec<String>,
    /// Region names.
    pub regions: Vec<String>,
    /// Resources by kind; none where they could not be listed.
    pub resources: Vec<(&'static str, Option<u64>)>,
    /// The resources that permissions were tried on.
    pub tried_on: Vec<String>,
    /// Every permission of the selected checks, by its name.
    pub permissions: Vec<PermissionState>,
    /// API calls of a whole run, about.
    pub calls: u64,
    /// How long it takes, seconds, about.
    pub seconds: f64,
    /// The command line that prints the missing permissions.
    pub command: String,
}

/// Whether a permission is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionState {
    /// The IAM action.
    pub action: String,
    /// What came of trying it.
    pub attempt: TryOutcome,
    /// How many selected checks need it.
    pub checks: usize,
    /// The worst severity among them.
    pub worst: Option<Severity>,
}

/// What came of trying a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TryOutcome {
    /// AWS refused it, with this code.
    Denied(String),
    /// It failed, with this code.
    Failed(String),
    /// Nothing to try it on: it depends on a setting that the tried resources do not have.
    NotTried,
    /// AWS answered.
    Allowed,
}

/// A call that an audit would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCall {
    /// How often: once an account, a Region, a bucket …
    pub per: &'static str,
    /// The operation as AWS names it, with its service.
    pub operation: String,
    /// The IAM action; empty when AWS needs none.
    pub action: &'static str,
    /// It is skipped where another answer makes it pointless.
    pub conditional: bool,
    /// How many selected checks need it.
    pub checks: usize,
}
