//! What can be typed, by the heading it has in the help.
//!
//! These structs hold text as it was typed; meaning is given to it in [`super::options`].

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::policy::PolicyArgs;
use crate::report::Severity;

/// Audits an AWS account: who can reach each S3 bucket, how it is encrypted and watched, and which
/// Lambda functions start cold and slow.
///
/// Read-only, always. What a call refused to tell is reported as not assessed, never as passed.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "coldbucket",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  coldbucket audit --sample                    a recorded account, nothing needed
  coldbucket audit                             the account of the current credentials
  coldbucket audit --profile prod --region eu-west-1 --fail-on high
  coldbucket explain s3-plain-http my-bucket   why a check says what it says

Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the command line, a configuration file, a policy, a region or a snapshot is wrong
  3  incomplete: something that could have failed could not be judged
  4  nothing could be read: no credentials, no endpoint"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub general: GeneralArgs,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Read an account (or a snapshot of one) and judge it
    #[command(after_help = "\
Examples:
  coldbucket audit --sample
  coldbucket audit --profile prod --check 's3-*' --bucket 'acme-*'
  coldbucket audit --snapshot account.json -o table -o json=report.json
  coldbucket audit --baseline baseline.json -o sarif=coldbucket.sarif
  coldbucket audit --endpoint-url http://127.0.0.1:4566")]
    Audit(Box<AuditArgs>),
    /// Read an account once and write what it said, to be judged later or elsewhere
    ///
    /// Without --check everything is read, except what only an option of its own turns on.
    #[command(after_help = "\
Examples:
  coldbucket collect -o account.json
  coldbucket collect --profile prod | coldbucket audit --snapshot -")]
    Collect(Box<CollectArgs>),
    /// List the checks, show one, or verify policy files of your own
    #[command(after_help = "\
Examples:
  coldbucket checks
  coldbucket checks list --check 'lambda-*' --severity medium
  coldbucket checks show s3-plain-http
  coldbucket checks verify ./policies")]
    Checks(ChecksArgs),
    /// Compare two reports: new, fixed, changed, no longer assessable
    ///
    /// Exits with 1 when something new is at or above --fail-on, with 3 when something at or above it
    /// was judged before and could not be this time.
    #[command(after_help = "\
Examples:
  coldbucket audit -o json=today.json
  coldbucket diff yesterday.json today.json
  coldbucket diff yesterday.json today.json --fail-on medium -o json=diff.json")]
    Diff(DiffArgs),
    /// Show why a check says what it says about one resource
    #[command(after_help = "\
Examples:
  coldbucket explain s3-plain-http my-bucket
  coldbucket explain --sample s3-public-read acme-public-website
  coldbucket explain --snapshot account.json lambda-vpc-attached orders-api")]
    Explain(Box<ExplainArgs>),
    /// Plan how what fails is mended: as a table, commands, Terraform or CloudFormation
    ///
    /// Nothing is applied. A fix that may end what somebody relies on waits for a decision: it says
    /// what would break, and its commands are printed as comments until --decided names its check.
    #[command(after_help = "\
Examples:
  coldbucket remediate --sample
  coldbucket remediate --check s3-plain-http --bucket 'acme-*' --format shell > fixes.sh
  coldbucket remediate --snapshot account.json -o table -o terraform=fixes.tf
  coldbucket remediate --check 's3-public-*' --decided 's3-public-*' --format shell")]
    Remediate(Box<RemediateArgs>),
    /// Decide a request, or everything that can reach a bucket, from policies alone
    Policy(PolicyArgs),
    /// Print the least-privilege IAM policy for the selected checks
    #[command(after_help = "\
Examples:
  coldbucket permissions
  coldbucket permissions --check 's3-*'")]
    Permissions(Box<PermissionsArgs>),
    /// Estimate how long Lambda functions take to start cold
    #[command(name = "cold-start")]
    ColdStart(ColdStartArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  coldbucket completions bash > ~/.local/share/bash-completion/completions/coldbucket")]
    Completions(CompletionsArgs),
    /// Print the JSON Schema of a document
    #[command(hide = true)]
    Schema(SchemaArgs),
    /// Write the generated documentation
    #[command(hide = true)]
    Docs(DocsArgs),
}

/// `audit`.
#[derive(Clone, Debug, Default, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub source: SourceArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub resources: ResourceArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub gate: GateArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub output: OutputArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub tuning: TuningArgs,
}

/// `collect`.
#[derive(Clone, Debug, Default, Args)]
pub struct CollectArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub live: LiveArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub resources: ResourceArgs,
    /// File to write the snapshot to, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub tuning: TuningArgs,
}

/// `checks`.
#[derive(Clone, Debug, Args)]
pub struct ChecksArgs {
    /// What to do with them; list when nothing is said.
    #[command(subcommand)]
    pub command: Option<ChecksCommand>,
}

/// What to do with checks.
#[derive(Clone, Debug, Subcommand)]
pub enum ChecksCommand {
    /// List the selected checks
    List(SelectionArgs),
    /// Show everything about one check
    Show {
        /// The check's id, or a former one
        #[arg(value_name = "ID")]
        id: String,
        /// Folder with policy files of your own; repeatable
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        policies: Vec<PathBuf>,
    },
    /// Run every policy file's examples and tell everything that is wrong, at once
    Verify {
        /// Folder with policy files [default: the built-in ones]
        #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// `diff`.
#[derive(Clone, Debug, Default, Args)]
pub struct DiffArgs {
    /// The earlier report (`audit -o json`)
    #[arg(value_name = "OLD", value_hint = clap::ValueHint::FilePath)]
    pub old: PathBuf,
    /// The later report; `-` reads standard input
    #[arg(value_name = "NEW", value_hint = clap::ValueHint::FilePath)]
    pub new: PathBuf,
    /// Exit with 1 when a new finding is at least this severe; `none` never fails [default: high]
    #[arg(long, value_name = "SEVERITY", help_heading = "Gate")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 instead of 3 when something could no longer be judged
    #[arg(long, help_heading = "Gate")]
    pub allow_incomplete: bool,
    /// table or json, and file to write it to [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub output: Vec<String>,
}

/// `explain`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExplainArgs {
    /// The check's id
    #[arg(value_name = "CHECK")]
    pub check: String,
    /// A bucket or function name, an ARN, or an account id
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub source: SourceArgs,
    /// Folder with policy files of your own; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Selection", value_hint = clap::ValueHint::DirPath)]
    pub policies: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub tuning: TuningArgs,
}

/// `remediate`.
#[derive(Clone, Debug, Default, Args)]
pub struct RemediateArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub source: SourceArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub resources: ResourceArgs,
    /// Checks whose decision is taken, by id or glob: their commands are printed ready to run; repeatable
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        help_heading = "Plan"
    )]
    pub decided: Vec<String>,
    /// Format of the plan on standard output, as -o FORMAT
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<String>,
    /// Format, and file to write it to [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output", long_help = plan_formats())]
    pub output: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub tuning: TuningArgs,
}

/// `permissions`.
#[derive(Clone, Debug, Default, Args)]
pub struct PermissionsArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub selection: SelectionArgs,
    /// Add what --image-sizes needs (lambda:GetFunction can read code)
    #[arg(long, help_heading = "Tuning")]
    pub image_sizes: bool,
    /// Add what --sample-objects needs (s3:GetObject can read data)
    #[arg(long, help_heading = "Tuning")]
    pub sample_objects: bool,
    /// Add what --inspect-packages needs (lambda:GetFunction can read code)
    #[arg(long, help_heading = "Tuning")]
    pub inspect_packages: bool,
    /// Add what --measure needs (queries over the functions' logs)
    #[arg(long, help_heading = "Tuning")]
    pub measure: bool,
}

/// `cold-start`.
#[derive(Clone, Debug, Args)]
pub struct ColdStartArgs {
    /// What to ask.
    #[command(subcommand)]
    pub command: ColdStartCommand,
}

/// What to ask about cold starts.
#[derive(Clone, Debug, Subcommand)]
pub enum ColdStartCommand {
    /// Estimate one function, two side by side, or a JSON line each from standard input
    #[command(after_help = "\
Examples:
  coldbucket cold-start estimate --runtime java21 --memory 512 --zip-mb 40
  coldbucket cold-start estimate --runtime java21 --framework quarkus --versus snapstart=true
  coldbucket cold-start estimate --batch < functions.jsonl")]
    Estimate(Box<EstimateArgs>),
}

/// `cold-start estimate`. MB is 2^20 bytes.
#[derive(Clone, Debug, Default, Args)]
pub struct EstimateArgs {
    /// Runtime, for example python3.13
    #[arg(long, value_name = "NAME", required_unless_present = "batch")]
    pub runtime: Option<String>,
    /// Memory, MB
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    pub memory: u32,
    /// x86_64 or arm64
    #[arg(long, value_name = "NAME", default_value = "x86_64")]
    pub architecture: String,
    /// A container image instead of a zip
    #[arg(long)]
    pub image: bool,
    /// Compressed zip with its layers, MB
    #[arg(long, value_name = "MB")]
    pub zip_mb: Option<f64>,
    /// Unzipped package with its layers, MB
    #[arg(long, value_name = "MB")]
    pub unzipped_mb: Option<f64>,
    /// What the handler loads at init, unzipped, MB
    #[arg(long, value_name = "MB")]
    pub imported_mb: Option<f64>,
    /// Compressed container image, MB
    #[arg(long, value_name = "MB")]
    pub image_mb: Option<f64>,
    /// Whether the handler loads an AWS SDK
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub uses_sdk: Option<bool>,
    /// Number of external extensions
    #[arg(long, value_name = "N")]
    pub extensions: Option<u32>,
    /// SnapStart is on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub snapstart: Option<bool>,
    /// The snapshot was primed with what the first call needs
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub primed: Option<bool>,
    /// Attached to a VPC
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub vpc: Option<bool>,
    /// What an OS-only runtime or the JVM runs: rust, go, graalvm, dotnet8-aot, quarkus, spring-boot, …
    #[arg(long, value_name = "NAME")]
    pub framework: Option<String>,
    /// Set a second function beside it that differs in this; repeatable. Members as in --batch
    #[arg(long, value_name = "MEMBER=VALUE")]
    pub versus: Vec<String>,
    /// Read a JSON object a line from standard input and answer each with one
    #[arg(long, conflicts_with_all = ["runtime", "versus"])]
    pub batch: bool,
    /// Answer with a JSON line for each function
    #[arg(long)]
    pub json: bool,
    /// Estimate by the numbers in this file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub cold_start_model: Option<PathBuf>,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `schema`.
#[derive(Clone, Debug, Args)]
pub struct SchemaArgs {
    /// The document
    #[arg(value_enum)]
    pub document: SchemaName,
}

/// `docs`.
#[derive(Clone, Debug, Args)]
pub struct DocsArgs {
    /// The folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
}

/// Documents with a published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// `coldbucket-report/1`.
    Report,
    /// `coldbucket-snapshot/1`.
    Snapshot,
    /// `coldbucket-baseline/1`.
    Baseline,
    /// `coldbucket-diff/1`.
    Diff,
}

/// Which live account to read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct LiveArgs {
    /// Profile of the AWS configuration [default: as the AWS CLI would choose]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region to look at; repeatable [default: all enabled Regions]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub region: Vec<String>,
    /// Endpoint to send every request to, for example LocalStack
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// What to judge.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub live: LiveArgs,
    /// Judge a snapshot that `collect` wrote; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub snapshot: Option<PathBuf>,
    /// Judge the recorded sample account that is part of this program
    #[arg(long)]
    pub sample: bool,
}

/// Which checks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Checks to run, by id or glob (`s3-*`); repeatable [default: all of the pack]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub check: Vec<String>,
    /// Checks to leave out, by id or glob; repeatable
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Only checks of this severity or worse
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<SeverityName>,
    /// A named selection of checks [default: default]
    #[arg(long, value_name = "NAME")]
    pub pack: Option<String>,
    /// Folder with policy files of your own; repeatable
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub policies: Vec<PathBuf>,
}

/// Which resources.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct ResourceArgs {
    /// Only these buckets, by name or glob; repeatable. A full name needs no permission to list
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub bucket: Vec<String>,
    /// Only these functions, by name or glob; repeatable
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub function: Vec<String>,
}

/// When the exit code says no.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Exit with 1 when a finding is at least this severe; `none` never fails [default: high]
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 instead of 3 when something could not be judged
    #[arg(long)]
    pub allow_incomplete: bool,
    /// Accept the findings of this baseline or report; only what is new counts
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// Write the findings to this file, as a baseline for later runs
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub write_baseline: Option<PathBuf>,
    /// Fail functions whose cold start takes longer than this, for example 1000ms or 1.5s
    #[arg(long, value_name = "TIME")]
    pub cold_start_budget: Option<String>,
    /// Estimate cold starts by the numbers in this file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub cold_start_model: Option<PathBuf>,
}

/// Where results go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format, and file to write it to [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", long_help = formats())]
    pub output: Vec<String>,
    /// How the table groups findings [default: check]
    #[arg(long, value_name = "GROUP")]
    pub by: Option<GroupBy>,
}

/// How the table groups findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GroupBy {
    /// A check with the resources it fails on.
    Check,
    /// A resource with the checks that fail on it.
    Resource,
}

/// The help of `-o`, from the formats there are.
fn formats() -> String {
    help_of_output(
        crate::output::Format::ALL
            .iter()
            .map(|format| (format.name(), format.about())),
    )
}

/// The help of `remediate -o`.
fn plan_formats() -> String {
    help_of_output(
        crate::output::plan::PlanFormat::ALL
            .iter()
            .map(|format| (format.name(), format.about())),
    )
}

fn help_of_output<'a>(formats: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut help =
        "Format, and file to write it to [default: table to standard output]; repeatable\n\nFormats:"
            .to_owned();
    for (name, about) in formats {
        help.push_str(&format!("\n- {name}: {about}"));
    }
    help.push_str("\n\nA file is written whole or not at all.");
    help
}

/// How the account is read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tuning")]
pub struct TuningArgs {
    /// Most requests in flight, 1 to 512: starts at 32, grows while AWS does not throttle, shrinks
    /// when it does [default: 128]
    #[arg(long, value_name = "N")]
    pub concurrency: Option<u32>,
    /// At most this many requests a second, a hard cap
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Also ask for the size of container images; calls lambda:GetFunction, which can read code
    #[arg(long)]
    pub image_sizes: bool,
    /// Also look at up to N objects of each bucket, 1 to 1000; needs s3:ListBucket and s3:GetObject,
    /// which can read data (only headers and ACLs are asked for)
    #[arg(long, value_name = "N")]
    pub sample_objects: Option<u32>,
    /// Also list what zip packages and layers hold; calls lambda:GetFunction, which can read code
    #[arg(long)]
    pub inspect_packages: bool,
    /// Also read cold starts from the functions' logs, this many days back, 1 to 90; AWS bills the
    /// bytes that such queries scan
    #[arg(long, value_name = "DAYS")]
    pub measure: Option<u32>,
    /// Scan at most this many gigabytes of logs for --measure [default: 10]
    #[arg(long, value_name = "GB")]
    pub max_scan_gb: Option<f64>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "General")]
pub struct GeneralArgs {
    /// Configuration file [default: coldbucket.toml, from the working directory upward]
    #[arg(long, value_name = "FILE", global = true, value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Colours [default: auto, which also heeds NO_COLOR]
    #[arg(long, value_name = "WHEN", global = true)]
    pub color: Option<ColorChoice>,
    /// No progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on standard error
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A severity as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "report::Severity documents each")]
pub enum SeverityName {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Critical => Self::Critical,
            SeverityName::High => Self::High,
            SeverityName::Medium => Self::Medium,
            SeverityName::Low => Self::Low,
            SeverityName::Info => Self::Info,
        }
    }
}

/// The least severity that fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "report::Severity documents each")]
pub enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    /// Never fail.
    None,
}

impl From<FailOn> for Option<Severity> {
    fn from(value: FailOn) -> Self {
        match value {
            FailOn::Critical => Some(Severity::Critical),
            FailOn::High => Some(Severity::High),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::Low => Some(Severity::Low),
            FailOn::Info => Some(Severity::Info),
            FailOn::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
