//! The parts that several commands share, validated.

use std::path::PathBuf;

use crate::cli::Placed;
use crate::cli::toml_reader::CheckParams;
use crate::findings::exceptions::Exception;
use crate::output::Format;
use crate::report::Severity;

/// The default pack.
pub const DEFAULT_PACK: &str = "default";
/// Upper limit of `--concurrency`: AWS throttles far below it.
pub const MAX_CONCURRENCY: u32 = 512;
/// Upper limit of `--sample-objects`: one page of ListObjectsV2.
pub const MAX_SAMPLE: u32 = 1000;
/// Upper limit of `--measure`.
pub const MAX_MEASURE_DAYS: u32 = 90;

/// The source of the audited data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditSource {
    /// The account of the request.
    Live,
    /// A file, `-` for standard input.
    Snapshot(PathBuf),
    /// The recorded sample account.
    Sample,
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

/// Accepted findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acceptance {
    /// The baseline.
    pub baseline: Option<PathBuf>,
    /// The exceptions of the configuration file.
    pub exceptions: Vec<Placed<Exception>>,
}
