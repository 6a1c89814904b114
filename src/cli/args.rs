//! The commands and their arguments, as typed. [`super::options`] validates them.
#![allow(missing_docs, reason = "flattened groups have their own comment")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::choices::{FailOn, SchemaName};
use super::groups::{
    AccountsArgs, GateArgs, GeneralArgs, LiveArgs, OutputArgs, ResourceArgs, SelectionArgs,
    SourceArgs, TemplateArgs, TuningArgs, help_of_output,
};
use super::policy::PolicyArgs;
use crate::report::cold_start::{ExtensionKind, SdkClient};

/// Audits an AWS account: access, encryption and monitoring of S3 buckets, and cold starts of Lambda
/// functions.
///
/// Read-only. If a call is denied, the checks that need it are reported as not assessed, never as passed.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "coldbucket",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  coldbucket audit --sample                    a recorded account; no credentials needed
  coldbucket audit                             the account of the current credentials
  coldbucket audit --profile prod --region eu-west-1 --fail-on high
  coldbucket explain s3-plain-http my-bucket   the facts behind a result

Exit codes:
  0  no findings at or above --fail-on
  1  findings at or above --fail-on
  2  invalid command line, configuration file, policy, Region name or snapshot
  3  incomplete: a check at or above --fail-on was not assessed, or the run was interrupted
  4  nothing could be read: no credentials, no endpoint"
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub general: GeneralArgs,
}

/// A command.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Audit an account, a snapshot, or a template before deployment
    #[command(after_help = "\
Examples:
  coldbucket audit --sample
  coldbucket audit --profile prod --check 's3-*' --bucket 'acme-*'
  coldbucket audit --snapshot account.json -o table -o json=report.json
  coldbucket audit --template template.yaml --parameter Stage=prod
  coldbucket audit --terraform-plan plan.json --onto account.json -o markdown
  coldbucket audit --baseline baseline.json -o sarif=coldbucket.sarif
  coldbucket audit --endpoint-url http://127.0.0.1:4566
  coldbucket audit --organization --to runs/ -o html=report.html")]
    Audit(Box<AuditArgs>),
    /// Put the accounts of a run together into one report
    ///
    /// Reads the files that `audit --organization --to DIR` and its shards wrote. However many shards there
    /// were, the report is the same.
    #[command(after_help = "\
Examples:
  coldbucket merge runs/
  coldbucket merge runs/ --run 2026-11-29T16-30-05Z -o json=report.json -o html=report.html")]
    Merge(Box<MergeArgs>),
    /// Read the organization: its tree, its accounts and its policies
    #[command(after_help = "\
Examples:
  coldbucket organization -o organization.json
  coldbucket organization --to runs/ --run nightly
  coldbucket audit --control-policies organization.json")]
    Organization(OrganizationArgs),
    /// Serve the invocations of an AWS Lambda function that audits an organization
    #[cfg(feature = "lambda")]
    #[command(after_help = "\
The function answers three events of the state machine in deploy/aws/organization.asl.json:
  {\"op\": \"plan\", \"input\": {\"run\": \"nightly\"}}
  {\"op\": \"audit\", \"run\": \"nightly\", \"account\": \"111111111111\"}
  {\"op\": \"merge\", \"run\": \"nightly\"}")]
    Lambda(Box<LambdaArgs>),
    /// Read an account into a snapshot, to audit it later or elsewhere
    ///
    /// Without --check everything is read except opt-in readings.
    #[command(after_help = "\
Examples:
  coldbucket collect -o account.json
  coldbucket collect --profile prod | coldbucket audit --snapshot -")]
    Collect(Box<CollectArgs>),
    /// List checks, show one, or verify your own policy files
    #[command(after_help = "\
Examples:
  coldbucket checks
  coldbucket checks list --check 'lambda-*' --severity medium
  coldbucket checks show s3-plain-http
  coldbucket checks verify ./policies")]
    Checks(ChecksArgs),
    /// Compare two reports: new, fixed, changed, no longer assessed
    ///
    /// Exits with 1 if a new finding is at or above --fail-on, with 3 if a check at or above it was
    /// assessed before and is not assessed now.
    #[command(after_help = "\
Examples:
  coldbucket audit -o json=today.json
  coldbucket diff yesterday.json today.json
  coldbucket diff yesterday.json today.json --fail-on medium -o json=diff.json")]
    Diff(DiffArgs),
    /// Explain one check's result for one resource
    #[command(after_help = "\
Examples:
  coldbucket explain s3-plain-http my-bucket
  coldbucket explain --sample s3-public-read acme-public-website
  coldbucket explain --snapshot account.json lambda-vpc-attached orders-api")]
    Explain(Box<ExplainArgs>),
    /// Plan fixes for failing checks: as a table, commands, Terraform or CloudFormation
    ///
    /// Nothing is applied. A fix that can break existing use states what it can break, and its commands
    /// are commented out until you approve it with --decided.
    #[command(after_help = "\
Examples:
  coldbucket remediate --sample
  coldbucket remediate --check s3-plain-http --bucket 'acme-*' --format shell > fixes.sh
  coldbucket remediate --snapshot account.json -o table -o terraform=fixes.tf
  coldbucket remediate --template template.yaml --format patch > fixes.patch
  coldbucket remediate --check 's3-public-*' --decided 's3-public-*' --format shell")]
    Remediate(Box<RemediateArgs>),
    /// Evaluate one request, or prove who can reach a bucket, from policies alone
    Policy(PolicyArgs),
    /// Show which principals can reach a bucket or function, and what blocks the others
    ///
    /// Decided over identity policies, permissions boundaries, the bucket policy, the ACL, Block Public
    /// Access, the KMS key and control policies together. Exits with 1 if --expect names a file and a
    /// principal that it does not list can, with 3 if that could not be decided.
    #[command(
        name = "who-can",
        after_help = "\
Examples:
  coldbucket who-can read my-bucket
  coldbucket who-can write my-bucket/uploads/* --snapshot account.json --all
  coldbucket who-can s3:PutBucketPolicy my-bucket -o json
  coldbucket who-can invoke orders-api
  coldbucket who-can read my-bucket --expect readers.txt      one ARN or glob a line

Classes: read, list, write, delete, acl, takeover; of functions invoke, alter. With --batch each line
contains id, account and question; each answer contains principals and one_hop."
    )]
    WhoCan(Box<WhoCanArgs>),
    /// Show what one identity can reach: every bucket and function by class
    #[command(
        name = "what-can",
        after_help = "\
Examples:
  coldbucket what-can role/deploy
  coldbucket what-can arn:aws:iam::111122223333:user/ann --snapshot account.json"
    )]
    WhatCan(Box<WhatCanArgs>),
    /// Print the least-privilege IAM policy for the selected checks
    #[command(after_help = "\
Examples:
  coldbucket permissions
  coldbucket permissions --check 's3-*'")]
    Permissions(Box<PermissionsArgs>),
    /// Check before a run: who am I, which permissions are missing, how many calls
    ///
    /// Tries the calls of the selected checks on one bucket and one function. Exits with 3 if a
    /// permission is missing.
    #[command(after_help = "\
Examples:
  coldbucket doctor
  coldbucket doctor --profile prod --check 's3-*'")]
    Doctor(Box<DoctorArgs>),
    /// Write the files that CI needs: configuration, baseline, workflow, role and policy
    #[command(after_help = "\
Example:
  coldbucket init")]
    Init(InitArgs),
    /// Estimate cold starts of Lambda functions
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
    pub source: SourceArgs,
    #[command(flatten)]
    pub template: TemplateArgs,
    #[command(flatten)]
    pub accounts: AccountsArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Also report who can reach each bucket, in HTML and JSON; reads users, roles and KMS key policies
    #[arg(long, help_heading = "Output")]
    pub who_can: bool,
    /// Print the calls that the audit would make, and make none
    #[arg(long, help_heading = "Source")]
    pub plan: bool,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `merge`.
#[derive(Clone, Debug, Default, Args)]
pub struct MergeArgs {
    /// The folder or s3://BUCKET/PREFIX that was given to --to
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Profile of the AWS configuration, for a bucket
    #[arg(long, value_name = "NAME", help_heading = "Source")]
    pub profile: Option<String>,
    /// Endpoint for every request to a bucket
    #[arg(long, value_name = "URL", help_heading = "Source")]
    pub endpoint_url: Option<String>,
    /// The run [default: the newest]
    #[arg(long, value_name = "RUN", help_heading = "Source")]
    pub run: Option<String>,
    /// Judge with the control policies of this file instead of the run's own
    #[arg(long, value_name = "FILE", help_heading = "Source", value_hint = clap::ValueHint::FilePath)]
    pub control_policies: Option<PathBuf>,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `lambda`.
#[cfg(feature = "lambda")]
#[derive(Clone, Debug, Default, Args)]
pub struct LambdaArgs {
    /// Folder or s3://BUCKET/PREFIX for the files of the runs
    #[arg(long, value_name = "DIR", help_heading = "Accounts")]
    pub to: PathBuf,
    /// Role to assume in each account, with its path [default: coldbucket-audit]
    #[arg(long, value_name = "NAME", help_heading = "Accounts")]
    pub role: Option<String>,
    /// External id that the role asks for; also from COLDBUCKET_EXTERNAL_ID
    #[arg(long, value_name = "ID", help_heading = "Accounts")]
    pub external_id: Option<String>,
    /// Read accounts again that were read longer ago [default: 24h]
    #[arg(long, value_name = "TIME", help_heading = "Accounts")]
    pub max_age: Option<String>,
    /// Region to read; repeatable [default: all enabled Regions]
    #[arg(
        long,
        value_name = "REGION",
        value_delimiter = ',',
        help_heading = "Source"
    )]
    pub region: Vec<String>,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    /// Format of the reports that a merge writes; repeatable [default: json, html]
    #[arg(
        long,
        value_name = "FORMAT",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub report: Vec<String>,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `organization`.
#[derive(Clone, Debug, Default, Args)]
pub struct OrganizationArgs {
    #[command(flatten)]
    pub live: LiveArgs,
    /// Folder or s3://BUCKET/PREFIX of a run to write it to, for the shards that read its accounts
    #[arg(long, value_name = "DIR", help_heading = "Output", value_hint = clap::ValueHint::DirPath)]
    pub to: Option<PathBuf>,
    /// Id of the run [default: the time]
    #[arg(long, value_name = "RUN", help_heading = "Output", requires = "to")]
    pub run: Option<String>,
    /// File to write it to [default: standard output]
    #[arg(
        short,
        long,
        value_name = "FILE",
        help_heading = "Output",
        conflicts_with = "to"
    )]
    pub output: Option<PathBuf>,
}

/// `collect`.
#[derive(Clone, Debug, Default, Args)]
pub struct CollectArgs {
    #[command(flatten)]
    pub live: LiveArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
    /// File to write the snapshot to, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `checks`.
#[derive(Clone, Debug, Args)]
pub struct ChecksArgs {
    /// The command; list by default.
    #[command(subcommand)]
    pub command: Option<ChecksCommand>,
}

/// A command of `checks`.
#[derive(Clone, Debug, Subcommand)]
pub enum ChecksCommand {
    /// List the selected checks
    List(SelectionArgs),
    /// Show one check in full
    Show {
        /// The check's id, or an earlier one
        #[arg(value_name = "ID")]
        id: String,
        /// Folder with your own policy files; repeatable
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        policies: Vec<PathBuf>,
    },
    /// Run the examples of policy files and report all errors at once
    Verify {
        /// Folder with policy files [default: the built-in files]
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
    /// Exit with 1 if a new finding is at least this severe; `none` never fails [default: high]
    #[arg(long, value_name = "SEVERITY", help_heading = "Gate")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 instead of 3 if a check is no longer assessed
    #[arg(long, help_heading = "Gate")]
    pub allow_incomplete: bool,
    /// table or json, and its file [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub output: Vec<String>,
}

/// `explain`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExplainArgs {
    /// The check's id
    #[arg(value_name = "CHECK")]
    pub check: String,
    /// A bucket or function name, an ARN, or an account ID
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Folder with your own policy files; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Selection", value_hint = clap::ValueHint::DirPath)]
    pub policies: Vec<PathBuf>,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `remediate`.
#[derive(Clone, Debug, Default, Args)]
pub struct RemediateArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub template: TemplateArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
    /// Checks whose fixes you approve, by id or glob: their commands are printed ready to run; repeatable
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
    /// Format, and its file [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output", long_help = plan_formats())]
    pub output: Vec<String>,
    /// Write one file a resource into this folder, a folder a Region, in the format of --format
    /// [default: terraform]
    #[arg(long, value_name = "DIR", help_heading = "Output", value_hint = clap::ValueHint::DirPath, conflicts_with = "output")]
    pub split: Option<PathBuf>,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `who-can`.
#[derive(Clone, Debug, Default, Args)]
pub struct WhoCanArgs {
    /// A class or an action, and a bucket, an object or a function: `read my-bucket/reports/*`
    #[arg(value_name = "[CLASS|ACTION] TARGET", num_args = 1..=2, required_unless_present = "batch", conflicts_with = "batch")]
    pub asked: Vec<String>,
    /// Answer JSON lines from standard input, in order
    #[arg(long)]
    pub batch: bool,
    /// Only principals that match; repeatable
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        help_heading = "Selection",
        conflicts_with = "batch"
    )]
    pub principal: Vec<String>,
    /// Principals that cannot, too, and what blocks each
    #[arg(long, help_heading = "Output", conflicts_with = "batch")]
    pub all: bool,
    /// File with the principals that are allowed to, one ARN or glob a line; any other that can is an
    /// error
    #[arg(long, value_name = "FILE", help_heading = "Gate", value_hint = clap::ValueHint::FilePath, conflicts_with = "batch")]
    pub expect: Option<PathBuf>,
    #[command(flatten)]
    pub control: ControlArgs,
    /// table or json, and its file [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub output: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `what-can`.
#[derive(Clone, Debug, Default, Args)]
pub struct WhatCanArgs {
    /// An identity's ARN, or user/NAME, role/NAME, root
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// Only these classes; repeatable
    #[arg(
        long,
        value_name = "CLASS",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub class: Vec<String>,
    /// Buckets and functions that it cannot reach, too
    #[arg(long, help_heading = "Output")]
    pub all: bool,
    #[command(flatten)]
    pub control: ControlArgs,
    /// table or json, and its file [default: table to standard output]; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub output: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// Control policies, which a member account cannot read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Control policies")]
pub struct ControlArgs {
    /// A service control policy that binds the account; policies of one level with commas between
    /// them, repeatable level by level from the root
    #[arg(long, value_name = "FILE[,FILE]")]
    pub scp: Vec<String>,
    /// A resource control policy, the same way
    #[arg(long, value_name = "FILE[,FILE]")]
    pub rcp: Vec<String>,
}

/// `permissions`.
#[derive(Clone, Debug, Default, Args)]
pub struct PermissionsArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Add permissions for --image-sizes (lambda:GetFunction can read code)
    #[arg(long, help_heading = "Tuning")]
    pub image_sizes: bool,
    /// Add permissions for --key-grants
    #[arg(long, help_heading = "Tuning")]
    pub key_grants: bool,
    /// Add permissions for --last-access
    #[arg(long, help_heading = "Tuning")]
    pub last_access: bool,
    /// Add permissions for --sample-objects (s3:GetObject can read data)
    #[arg(long, help_heading = "Tuning")]
    pub sample_objects: bool,
    /// Add permissions for --inspect-packages (lambda:GetFunction can read code)
    #[arg(long, help_heading = "Tuning")]
    pub inspect_packages: bool,
    /// Add permissions for --measure (queries over the functions' logs)
    #[arg(long, help_heading = "Tuning")]
    pub measure: bool,
    /// Add permissions for --live-prices
    #[arg(long, help_heading = "Tuning")]
    pub live_prices: bool,
}

/// `doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// Folder of the repository; files that exist are kept
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
}

/// `cold-start`.
#[derive(Clone, Debug, Args)]
pub struct ColdStartArgs {
    /// The command.
    #[command(subcommand)]
    pub command: ColdStartCommand,
}

/// A command of `cold-start`.
#[derive(Clone, Debug, Subcommand)]
pub enum ColdStartCommand {
    /// Estimate one function, two side by side, or JSON lines from standard input
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
    /// Container image instead of a zip package
    #[arg(long)]
    pub image: bool,
    /// Compressed zip package with layers, MB
    #[arg(long, value_name = "MB")]
    pub zip_mb: Option<f64>,
    /// Unzipped package with layers, MB
    #[arg(long, value_name = "MB")]
    pub unzipped_mb: Option<f64>,
    /// Code loaded at init, unzipped, MB
    #[arg(long, value_name = "MB")]
    pub imported_mb: Option<f64>,
    /// Compressed container image, MB
    #[arg(long, value_name = "MB")]
    pub image_mb: Option<f64>,
    /// The function uses an AWS SDK
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub uses_sdk: Option<bool>,
    /// Where SDK clients are created: init or handler
    #[arg(long, value_name = "PLACE", value_parser = contract_word::<SdkClient>)]
    pub sdk_client: Option<SdkClient>,
    /// Library that init imports, as PyPI or npm names it; repeatable
    #[arg(long = "package", value_name = "NAME")]
    pub packages: Vec<String>,
    /// Number of external extensions
    #[arg(long, value_name = "N")]
    pub extensions: Option<u32>,
    /// Kind of an extension: plain, otel-collector or instrumentation; repeatable
    #[arg(long = "extension-kind", value_name = "KIND", value_parser = contract_word::<ExtensionKind>)]
    pub extension_kinds: Vec<ExtensionKind>,
    /// SnapStart is enabled
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub snapstart: Option<bool>,
    /// The snapshot is primed with what the first call needs
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub primed: Option<bool>,
    /// Attached to a VPC
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub vpc: Option<bool>,
    /// The .NET assemblies are compiled with ReadyToRun
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub ready_to_run: Option<bool>,
    /// Framework, or program on an OS-only runtime: rust, go, php, graalvm, dotnet8-aot, quarkus,
    /// spring-boot, nextjs, rails, lambda-web-adapter, …
    #[arg(long, value_name = "NAME")]
    pub framework: Option<String>,
    /// Compare with a second function that differs in this member; repeatable. Members as in --batch
    #[arg(long, value_name = "MEMBER=VALUE")]
    pub versus: Vec<String>,
    /// Read one JSON object per line from standard input, and print one answer per line
    #[arg(long, conflicts_with_all = ["runtime", "versus"])]
    pub batch: bool,
    /// Print one JSON line per function
    #[arg(long)]
    pub json: bool,
    /// File with a cold-start model that replaces the built-in one
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub cold_start_model: Option<PathBuf>,
}

/// A word of the estimate's contract.
fn contract_word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::from(text)).map_err(|error| error.to_string())
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

/// The help of `remediate -o`.
fn plan_formats() -> String {
    help_of_output(
        crate::output::plan::PlanFormat::ALL
            .iter()
            .map(|format| (format.name(), format.about())),
    )
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
