//! Options that several commands share, by the heading they have in the help.
#![allow(missing_docs, reason = "flattened groups have their own comment")]

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::choices::{ColorChoice, FailOn, GroupBy, SeverityName};

/// The live account.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct LiveArgs {
    /// Profile of the AWS configuration [default: as the AWS CLI chooses]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region to read; repeatable [default: all enabled Regions]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub region: Vec<String>,
    /// Endpoint for every request, for example LocalStack
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// The source of the audited data.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    #[command(flatten)]
    pub live: LiveArgs,
    /// Audit a snapshot of `collect`; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub snapshot: Option<PathBuf>,
    /// Audit the recorded sample account
    #[arg(long)]
    pub sample: bool,
    /// Judge with the control policies of this organization.json of `organization`
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub control_policies: Option<PathBuf>,
}

/// Many accounts in one run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Accounts")]
pub struct AccountsArgs {
    /// Audit every active account of the organization of the current credentials
    #[arg(long, conflicts_with = "accounts")]
    pub organization: bool,
    /// Audit these accounts: ids, or a file with an id on each line
    #[arg(long, value_name = "FILE|ID,ID")]
    pub accounts: Option<String>,
    /// Accounts to leave out; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub exclude_account: Vec<String>,
    /// Folder or s3://BUCKET/PREFIX for the files of the run: snapshots, results, status of each account
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub to: Option<PathBuf>,
    /// Id of the run [default: the time at its beginning]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Finish a run: read only the accounts that are not read yet
    #[arg(long)]
    pub resume: bool,
    /// Read these accounts again, whatever the run has of them; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub refresh: Vec<String>,
    /// Read accounts again that were read longer ago [default: 24h]
    #[arg(long, value_name = "TIME")]
    pub max_age: Option<String>,
    /// Role to assume in each account, with its path [default: coldbucket-audit]
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// External id that the role asks for; also from COLDBUCKET_EXTERNAL_ID
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// Accounts to read at a time, 1 to 64 [default: 8]
    #[arg(long, value_name = "N")]
    pub accounts_in_flight: Option<u32>,
    /// Memory for the accounts that are read at a time [default: 1GB]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Give up an account after this time [default: 30m]
    #[arg(long, value_name = "TIME")]
    pub account_timeout: Option<String>,
    /// Read one of N shares of the accounts, counted from 0; auto/N takes the number from Kubernetes or
    /// AWS Batch
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
}

/// Templates and plans.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Before deployment")]
pub struct TemplateArgs {
    /// Audit CloudFormation or SAM templates, folders of them, or a CDK assembly (cdk.out); `-` reads
    /// standard input; repeatable
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = clap::ValueHint::AnyPath)]
    pub template: Vec<PathBuf>,
    /// Audit a Terraform or OpenTofu plan (`terraform show -json PLAN`); `-` reads standard input;
    /// repeatable
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub terraform_plan: Vec<PathBuf>,
    /// Lay the template or plan over an account: a snapshot of `coldbucket collect`, or `live` to read
    /// the account now. Results say new, fixed or same, and only new findings count for --fail-on
    #[arg(long, value_name = "SNAPSHOT|live", value_hint = clap::ValueHint::FilePath)]
    pub onto: Option<PathBuf>,
    /// Account to deploy to
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Stack name
    #[arg(long, value_name = "NAME")]
    pub stack_name: Option<String>,
    /// Value of a parameter of the template; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub parameter: Vec<String>,
    /// File with parameter values: of the AWS CLI, of CodePipeline, or samconfig.toml; repeatable
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub parameter_file: Vec<PathBuf>,
    /// Date of the verdicts, for example 2026-11-29 [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
}

/// The selected checks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Checks to run, by id or glob (`s3-*`); repeatable [default: all checks of the pack]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub check: Vec<String>,
    /// Checks to exclude, by id or glob; repeatable
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Only checks of at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<SeverityName>,
    /// Pack of checks [default: default]
    #[arg(long, value_name = "NAME")]
    pub pack: Option<String>,
    /// Folder with your own policy files; repeatable
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub policies: Vec<PathBuf>,
}

/// The selected resources.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct ResourceArgs {
    /// Only these buckets, by name or glob; repeatable. A full name needs no s3:ListAllMyBuckets
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub bucket: Vec<String>,
    /// Only these functions, by name or glob; repeatable
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub function: Vec<String>,
}

/// What makes the exit code 1 or 3.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Exit with 1 if a finding is at least this severe; `none` never fails [default: high]
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 instead of 3 if a check is not assessed
    #[arg(long)]
    pub allow_incomplete: bool,
    /// Accept the findings of this baseline or report; only new findings count
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// Write the findings to this file as a baseline for later runs
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub write_baseline: Option<PathBuf>,
    /// Fail functions with a longer cold start, for example 1000ms or 1.5s
    #[arg(long, value_name = "TIME")]
    pub cold_start_budget: Option<String>,
    /// File with a cold-start model that replaces the built-in one
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub cold_start_model: Option<PathBuf>,
}

/// The outputs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format, and its file [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", long_help = formats())]
    pub output: Vec<String>,
    /// Group findings by check, resource or, in table, HTML, CSV and Markdown, control of the pack's
    /// standard [default: check]
    #[arg(long, value_name = "GROUP")]
    pub by: Option<GroupBy>,
    /// Show what changed since this report (`audit -o json`), in the table and the HTML page
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub since: Option<PathBuf>,
    /// Show the whole table on a terminal, not only its first screen. Files and pipes always get all of it
    #[arg(long)]
    pub full: bool,
}

/// The help of `-o`.
fn formats() -> String {
    help_of_output(
        crate::output::Format::ALL
            .iter()
            .map(|format| (format.name(), format.about())),
    )
}

pub(super) fn help_of_output<'a>(formats: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut help =
        "Format, and its file [default: table to standard output]; repeatable\n\nFormats:"
            .to_owned();
    for (name, about) in formats {
        help.push_str(&format!("\n- {name}: {about}"));
    }
    help.push_str("\n\nA file is written completely or not at all.");
    help
}

/// How the account is read, opt-in readings included.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tuning")]
pub struct TuningArgs {
    /// Most requests in flight, 1 to 512: starts at 32, grows while AWS does not throttle, shrinks
    /// when it does [default: 128]
    #[arg(long, value_name = "N")]
    pub concurrency: Option<u32>,
    /// Maximum requests per second
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Also read the sizes of container images; calls lambda:GetFunction, which can return code
    #[arg(long)]
    pub image_sizes: bool,
    /// Also read the grants of KMS keys; calls kms:ListGrants once a key
    #[arg(long)]
    pub key_grants: bool,
    /// Also read when users and roles last called S3; IAM makes a report for each, in seconds
    #[arg(long)]
    pub last_access: bool,
    /// Also read headers and ACLs of up to N objects per bucket, 1 to 1000; needs s3:ListBucket and
    /// s3:GetObject, which can read data
    #[arg(long, value_name = "N")]
    pub sample_objects: Option<u32>,
    /// Also list the contents of zip packages and layers; calls lambda:GetFunction, which can return code
    #[arg(long)]
    pub inspect_packages: bool,
    /// Also read cold starts from this many days of the functions' logs, 1 to 90; AWS bills the bytes
    /// that the queries scan
    #[arg(long, value_name = "DAYS")]
    pub measure: Option<u32>,
    /// Maximum gigabytes of logs to scan for --measure [default: 10]
    #[arg(long, value_name = "GB")]
    pub max_scan_gb: Option<f64>,
    /// Also read what AWS charges for Lambda in each Region with functions; calls pricing:GetProducts. Not
    /// offered in China and GovCloud. Without an answer, prices come from a dated table
    #[arg(long)]
    pub live_prices: bool,
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "General")]
pub struct GeneralArgs {
    /// Configuration file [default: coldbucket.toml, from the working directory upward]
    #[arg(long, value_name = "FILE", global = true, value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Use colors [default: auto, which respects NO_COLOR]
    #[arg(long, value_name = "WHEN", global = true)]
    pub color: Option<ColorChoice>,
    /// No progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Do not page long output; COLDBUCKET_PAGER or PAGER name the pager [default: less -FRX]
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Write only errors to standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Write more details to standard error
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub verbose: bool,
}
