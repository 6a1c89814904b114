//! The audit report, `coldbucket-report/1`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account_run::AccountRow;
use super::cold_start::{EstimateOutput, Precision};
use super::gate::GateOutcome;
use super::invocation::Invocation;
use super::policy_change::PolicyChange;
use super::posture::{BucketPosture, UNKNOWN};
use super::who_can::AccessMatrix;
pub use coldbucket_cold_start::contract::Lever;
pub use coldbucket_policy::contract::{ClassReach, Reach};

pub use crate::inventory::ids::{
    BucketKind, ResourceId, SubjectKind, account_of_arn, is_selected_by_full_name, resource_of_arn,
};
pub use crate::inventory::pointer::segments as pointer_segments;

/// The schema name every report carries.
pub const SCHEMA: &str = "coldbucket-report/1";

/// Why a result could not be decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// AWS refused a call.
    Denied,
    /// A call failed.
    Failed,
    /// A call was not made (a snapshot without it, or an interrupted run).
    NotCollected,
    /// Everything was read and still does not decide.
    Undecidable,
}

impl Reason {
    /// The name in machine outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::NotCollected => "not-collected",
            Self::Undecidable => "undecidable",
        }
    }
}

/// The state of one result.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The bad thing the check is named for is there.
    Fail,
    /// It is not there.
    Pass,
    /// It could not be judged.
    NotAssessed,
    /// The check has no meaning for this resource.
    NotApplicable,
    /// It is there, and an exception or baseline accepts it.
    Suppressed,
}

impl Status {
    /// Every status, in the order summaries show them.
    pub const ALL: [Self; 5] = [
        Self::Fail,
        Self::Pass,
        Self::NotAssessed,
        Self::NotApplicable,
        Self::Suppressed,
    ];

    /// The name in machine outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Pass => "pass",
            Self::NotAssessed => "not-assessed",
            Self::NotApplicable => "not-applicable",
            Self::Suppressed => "suppressed",
        }
    }
}

/// How bad it is. How sure we are is the status; who cares is the selection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A fact to weigh, not a fault.
    Info,
    /// Good practice.
    Low,
    /// A weakness that needs another one to hurt.
    Medium,
    /// A serious weakness.
    High,
    /// Data is exposed or can be destroyed now.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// The name in machine outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// When the account was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// Where the data came from.
    pub source: Source,
    /// What was looked at.
    pub scope: ScopeSummary,
    /// The counts.
    pub summary: Summary,
    /// The checks that were selected, by id.
    pub checks: BTreeMap<String, CheckSummary>,
    /// Exactly one result a (check, resource), or one an item.
    pub results: Vec<CheckResult>,
    /// The posture of each bucket.
    pub buckets: Vec<BucketPosture>,
    /// Who can reach each bucket (`--who-can`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who_can: Vec<AccessMatrix>,
    /// The cold starts of each function.
    pub cold_start: Vec<ColdStart>,
    /// What could not be read, and which checks that touches.
    pub gaps: Vec<Gap>,
    /// With `--onto`: the policies that the deployment changes, each compared with the account's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_changes: Vec<PolicyChange>,
    /// What became of each exception of the configuration file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionUse>,
    /// Every account of a run over many, those that were not read included. Empty for one account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountRow>,
    /// Remarks for the reader: caveats that hold for the whole report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The exit code and what decides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateOutcome>,
    /// The controls of the standard that the pack is named after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<StandardSummary>,
    /// How this run is named on a command line; not part of the document.
    #[serde(skip)]
    pub invocation: Invocation,
    /// What changed since an older report (`--since`); not part of the document.
    #[serde(skip)]
    pub since: Option<super::diff::Diff>,
    /// The folder of the accounts' own pages, beside the page of all; not part of the document.
    #[serde(skip)]
    pub account_pages: Option<String>,
    /// The fixes, for formats that show them; not part of the document.
    #[serde(skip)]
    pub fixes: Vec<super::plan::Fix>,
}

/// A standard and its controls on the services that coldbucket audits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StandardSummary {
    /// As its publisher calls it.
    pub title: String,
    /// The member of `maps_to` that holds its control ids.
    pub catalogue: String,
    /// The controls by id.
    pub controls: BTreeMap<String, ControlSummary>,
}

/// One control of a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlSummary {
    /// What it requires, in our words.
    pub title: String,
    /// Why no check covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_covered: Option<String>,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `coldbucket`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where the data came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Read from an account just now.
    Live,
    /// Read from a snapshot file.
    Snapshot,
    /// The recorded sample account.
    Sample,
    /// CloudFormation templates or Terraform plans, before deployment.
    Template,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeSummary {
    /// The organization that the accounts belong to, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// 12-digit account ids.
    pub accounts: Vec<String>,
    /// Region names.
    pub regions: Vec<String>,
    /// The endpoint URL, null for AWS itself.
    pub endpoint: Option<String>,
    /// The selection as the user gave it.
    pub selection: SelectionSummary,
    /// What was read before deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateScope>,
}

/// What was read before deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TemplateScope {
    /// Templates and plans, relative to the root of the repository.
    pub files: Vec<String>,
    /// `cloudformation`, `sam`, `cdk` or `terraform-plan`; of the first file.
    pub kind: String,
    /// What verdicts assume.
    pub assumes: Vec<String>,
    /// What AWS refuses to deploy as it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<SourceRemark>,
    /// What could not be read and is not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<SourceRemark>,
    /// The account that the deployment is laid over (`--onto`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onto: Option<OntoScope>,
}

/// The account that a deployment is laid over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OntoScope {
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// Where it was read from.
    pub source: Source,
    /// 12-digit account ids.
    pub accounts: Vec<String>,
}

/// A remark about a place of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SourceRemark {
    /// The resource's address; empty where it is about a file.
    pub address: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// One sentence.
    pub message: String,
}

/// A place in a file.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct SourceLocation {
    /// The file, relative to the root of the repository.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// What a change of a template does to a result, against the snapshot that it is laid over.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ResultChange {
    /// It fails after the deployment and does not fail now.
    New,
    /// It fails now and does not fail after the deployment.
    Fixed,
    /// The same before and after.
    Same,
}

impl ResultChange {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Fixed => "fixed",
            Self::Same => "same",
        }
    }
}

/// The selection as the user gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SelectionSummary {
    /// The pack.
    pub pack: String,
    /// `--check` globs.
    pub check: Vec<String>,
    /// `--exclude` globs.
    pub exclude: Vec<String>,
    /// `--severity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// `--bucket` globs.
    pub bucket: Vec<String>,
    /// `--function` globs.
    pub function: Vec<String>,
}

/// The counts of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Resources by kind; null where the listing failed.
    pub resources: BTreeMap<String, Option<u64>>,
    /// Results by status; every status is named.
    pub results: BTreeMap<String, u64>,
    /// Failed results by severity; every severity is named.
    pub failed_by_severity: BTreeMap<String, u64>,
    /// How many of the results that are not assessed lack readings that only an option makes, and
    /// the option was not given.
    #[serde(default)]
    pub not_requested: u64,
    /// API requests of the collection.
    pub api_calls: u64,
    /// Duration of the collection, ms.
    pub duration_ms: u64,
}

/// What a report says about a check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckSummary {
    /// One line that names the bad thing.
    pub title: String,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Identifiers in other catalogues, by catalogue.
    pub maps_to: BTreeMap<String, Vec<String>>,
    /// What to do about it, in one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remediation: String,
    /// The named change that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Why it matters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rationale: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// The check's id.
    pub check: String,
    /// The state.
    pub status: Status,
    /// On which resource. Its results share it.
    pub resource: Arc<ResourceId>,
    /// Which item of the resource, for checks that judge a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in one sentence. Absent on a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where in the snapshot it was found. Absent on a pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// A request that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Box<Value>>,
    /// Why it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The IAM actions that would settle it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The options that make the readings it lacks, where it lacks no others and no option was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_requested: Vec<String>,
    /// How to fix it, for findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Box<ResultRemediation>>,
    /// Stable across runs: check, ARN and item decide it, nothing else.
    pub fingerprint: String,
    /// Who accepted it, until when and why, in one sentence, for suppressed results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<String>,
    /// The same in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression: Option<Box<Suppression>>,
    /// Of a template: the property, the statement or the resource that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// With `--onto`: what the deployment does to the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ResultChange>,
}

impl CheckResult {
    /// True if it could not be judged, although everything that was requested was read or tried.
    pub fn could_not_be_judged(&self) -> bool {
        self.status == Status::NotAssessed && self.not_requested.is_empty()
    }
}

/// How to fix a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResultRemediation {
    /// The named change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The command line that prints the fix.
    pub command: String,
}

/// Why a result is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// What accepts it.
    pub kind: SuppressionKind,
    /// Why, as the owner of the exception put it.
    pub reason: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day it holds, `2027-03-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// What accepts a result.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionKind {
    /// An exception of the configuration file.
    Exception,
    /// The baseline: it was known before.
    Baseline,
}

/// What became of one exception of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionUse {
    /// What it is about, as written: `check s3-public-read, resource acme-www-*`.
    pub about: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds, `2027-03-31`.
    pub expires: String,
    /// What became of it.
    pub state: ExceptionState,
    /// Findings it is about: accepted, or failing again when it is expired.
    pub findings: u64,
}

/// What became of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It accepts at least one finding.
    Applied,
    /// Its last day was before the account was read: it accepts nothing any more.
    Expired,
    /// Nothing it is about fails: it can go.
    Unmatched,
    /// What it is about could not be judged, or was not looked at.
    NotAssessed,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// RFC 6901 pointer into the snapshot.
    pub pointer: String,
    /// What stands there, shortened.
    pub value: Value,
}

/// The cold start of one function version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColdStart {
    /// Function name.
    pub function: String,
    /// Unqualified ARN.
    pub arn: String,
    /// Version or alias that is judged.
    pub qualifier: String,
    /// Region.
    #[serde(default)]
    pub region: String,
    /// Runtime identifier, or `image`.
    #[serde(default)]
    pub runtime: String,
    /// `x86_64` or `arm64`.
    #[serde(default)]
    pub architecture: String,
    /// Memory, MiB.
    #[serde(default)]
    pub memory_mb: u32,
    /// Compressed package with layers, MiB (2^20 bytes); null for images of unknown size.
    #[serde(default)]
    pub package_mb: Option<f64>,
    /// What the package holds; absent for images and where it was not inspected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<PackageContents>,
    /// Attached to a VPC.
    #[serde(default)]
    pub vpc: bool,
    /// `none`, `unknown`, or `<allocated>/<requested> <status>`.
    #[serde(default)]
    pub provisioned_concurrency: ProvisionedState,
    /// SnapStart; on `$LATEST`, what the next version will have.
    #[serde(default)]
    pub snap_start: SnapStartState,
    /// How likely a caller waits noticeably.
    #[serde(default)]
    pub risk: ColdStartRisk,
    /// How long a cold start takes: measured from ten cold starts on, else estimated. Absent where
    /// neither is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<ColdStartDuration>,
    /// The estimate in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateOutput>,
    /// What logs say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// What `duration` is made of, the largest part first.
    pub drivers: Vec<Driver>,
    /// What would make it faster, best first. No lever saves more than `duration.reported_ms`.
    pub levers: Vec<Lever>,
}

/// How long a cold start takes, ms: the one number that sorting, drivers, levers and thresholds use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColdStartDuration {
    /// Where the figures come from.
    pub basis: DurationBasis,
    /// Before init: download and sandbox, which no log shows. Always estimated.
    pub pre_init_ms: f64,
    /// Init Duration, or Restore Duration with SnapStart; the median where measured.
    pub init_ms: f64,
    /// What the first call takes beyond a warm one.
    pub first_call_ms: f64,
    /// Init and first call: the number.
    pub reported_ms: f64,
    /// Lower end of the estimate's band; the median where measured.
    pub low_ms: f64,
    /// Upper end of the estimate's band; the 99th percentile where measured.
    pub high_ms: f64,
    /// How narrow the estimate's band is; absent where measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// Where the figures of a cold start come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DurationBasis {
    /// The model, by what the configuration and the package show.
    Estimate,
    /// Ten cold starts or more in the function's log.
    Measurement,
}

/// How likely a caller waits noticeably.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColdStartRisk {
    /// Hardly.
    Low,
    /// On a first call.
    Medium,
    /// On a first call, and for long.
    High,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// SnapStart of a function version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SnapStartState {
    /// Applied to published versions.
    #[serde(rename = "on")]
    On,
    /// Could be on.
    #[serde(rename = "off")]
    Off,
    /// The runtime or a setting rules it out.
    #[serde(rename = "not eligible")]
    NotEligible,
    /// Not known.
    #[default]
    #[serde(rename = "unknown", other)]
    Unknown,
}

/// Provisioned concurrency of a function version or alias.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum ProvisionedState {
    /// None is configured.
    #[default]
    None,
    /// Configured.
    Configured {
        /// Environments that are allocated.
        allocated: u32,
        /// Environments that were requested.
        requested: u32,
        /// `IN_PROGRESS`, `READY` or `FAILED`.
        status: String,
    },
    /// Not known.
    Unknown,
}

impl From<String> for ProvisionedState {
    fn from(text: String) -> Self {
        let configured = || {
            let (numbers, status) = text.split_once(' ')?;
            let (allocated, requested) = numbers.split_once('/')?;
            Some(Self::Configured {
                allocated: allocated.parse().ok()?,
                requested: requested.parse().ok()?,
                status: status.to_owned(),
            })
        };
        match text.as_str() {
            "" | "none" => Self::None,
            _ => configured().unwrap_or(Self::Unknown),
        }
    }
}

impl fmt::Display for ProvisionedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Configured {
                allocated,
                requested,
                status,
            } => write!(f, "{allocated}/{requested} {status}"),
            Self::Unknown => f.write_str(UNKNOWN),
        }
    }
}

impl From<ProvisionedState> for String {
    fn from(found: ProvisionedState) -> Self {
        found.to_string()
    }
}

/// What a package with its layers was seen to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PackageContents {
    /// Unzipped size with layers, MiB (2^20 bytes); null when a layer could not be read.
    pub unzipped_mb: Option<f64>,
    /// Number of files with layers; null when a layer could not be read.
    pub files: Option<u64>,
    /// The largest folders, with their unzipped size in MiB.
    pub largest: Vec<PackageFolder>,
    /// What could be left out.
    pub waste: Vec<PackageWaste>,
}

/// A folder of a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PackageFolder {
    /// Path in the zip, or in the layer.
    pub path: String,
    /// Unzipped, MiB.
    pub unzipped_mb: f64,
}

/// Something in a package that could be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PackageWaste {
    /// What it is, for example `runtime-sdk`, `tests` or `source-maps`.
    pub kind: String,
    /// The folder with the largest part of it.
    pub place: String,
    /// Compressed, MiB.
    pub zipped_mb: f64,
    /// What dropping it saves of a cold start, ms.
    pub saves_ms: f64,
}

/// Cold starts as logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// Cold starts seen.
    pub cold_starts: u64,
    /// Invocations seen.
    pub invocations: u64,
    /// Share of invocations that started cold, percent.
    #[serde(default)]
    pub rate_percent: f64,
    /// Median of Init Duration, or of Restore Duration, ms.
    #[serde(default)]
    pub init_p50_ms: f64,
    /// 99th percentile of the same, ms.
    #[serde(default)]
    pub init_p99_ms: f64,
    /// Median of init and of what the first call takes beyond a warm one, ms.
    pub p50_ms: f64,
    /// 99th percentile of the same, ms.
    pub p99_ms: f64,
    /// How far back the logs were read, days.
    pub window_days: u32,
    /// From ten cold starts on, where there is an estimate: what the time goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ColdStartCause>,
}

/// What the time of measured cold starts goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ColdStartCause {
    /// They are above the estimate's band.
    #[serde(rename = "your code")]
    YourCode,
    /// They are within the band, or below it.
    #[serde(rename = "the platform")]
    ThePlatform,
}

/// One contribution to a cold start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Driver {
    /// What it is.
    pub what: String,
    /// Its share, ms.
    pub ms: f64,
}

/// A call that answered nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The resource (name or ARN).
    pub resource: String,
    /// The IAM action.
    pub action: String,
    /// The error code.
    pub code: String,
    /// The checks that could not be judged for it.
    pub affects: Vec<String>,
}
