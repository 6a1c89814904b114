//! The parts that several commands share, validated.

use std::path::PathBuf;

use crate::cli::Placed;
use crate::cli::toml_reader::CheckParams;
use crate::findings::exceptions::Exception;
use crate::output::Format;
use crate::report::Severity;

/// The default pack.
pub const DEFAULT_PACK: &str = "default";
/// Default of `--concurrency`: most requests in flight.
pub const DEFAULT_CONCURRENCY: u32 = 128;
/// Default of `--max-scan-gb`.
pub const DEFAULT_MAX_SCAN_GB: f64 = 10.0;
/// Upper limit of `--concurrency`: AWS throttles far below it.
pub const MAX_CONCURRENCY: u32 = 512;
/// Upper limit of `--sample-objects`: one page of ListObjectsV2.
pub const MAX_SAMPLE: u32 = 1000;
/// Upper limit of `--measure`.
pub const MAX_MEASURE_DAYS: u32 = 90;

/// The source of the audited data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditSource {
    /// A live account.
    Live(Live),
    /// A file, `-` for standard input.
    Snapshot(PathBuf),
    /// The recorded sample account.
    Sample,
}

/// A live account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// Endpoint for every request.
    pub endpoint_url: Option<String>,
}

/// The selected checks, with the places of configured values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectionOptions {
    /// The pack.
    pub pack: PackName,
    /// Globs of checks to run.
    pub check: Vec<Placed<String>>,
    /// Globs of checks to exclude.
    pub exclude: Vec<Placed<String>>,
    /// The minimum severity.
    pub severity: Option<Severity>,
    /// Folders of the user's policies.
    pub policies: Vec<PathBuf>,
    /// Parameters of checks.
    pub params: CheckParams,
    /// The value of every parameter `budget_ms`, from `--cold-start-budget`.
    pub cold_start_budget_ms: Option<f64>,
}

/// A pack's name and its place; [`DEFAULT_PACK`] without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackName(
    /// The name.
    pub Placed<String>,
);

impl Default for PackName {
    fn default() -> Self {
        Self(Placed {
            value: DEFAULT_PACK.to_owned(),
            place: None,
        })
    }
}

/// The selected resources. An empty list selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Region names.
    pub regions: Vec<String>,
    /// Bucket globs.
    pub buckets: Vec<String>,
    /// Function globs.
    pub functions: Vec<String>,
}

/// What makes the exit code 1 or 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOptions {
    /// The minimum severity that fails; `None` never fails.
    pub fail_on: Option<Severity>,
    /// Not assessed results do not count.
    pub allow_incomplete: bool,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output<F = Format> {
    /// The format.
    pub format: F,
    /// The file, or standard output.
    pub file: Option<PathBuf>,
}

/// How the account is read, opt-in readings included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Concurrent requests.
    pub concurrency: u32,
    /// Maximum requests a second.
    pub rate: Option<f64>,
    /// Read the sizes of container images.
    pub image_sizes: bool,
    /// Number of objects to read in each bucket.
    pub sample_objects: Option<u32>,
    /// Read the directories of packages.
    pub inspect_packages: bool,
    /// Days of logs to read cold starts from.
    pub measure_days: Option<u32>,
    /// Maximum gigabytes of logs to scan.
    pub max_scan_gb: f64,
}

/// Accepted findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acceptance {
    /// The baseline.
    pub baseline: Option<PathBuf>,
    /// The exceptions of the configuration file.
    pub exceptions: Vec<Placed<Exception>>,
}
