//! `policy evaluate` and `policy prove`: the reasoning engine on its own.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::{SourceArgs, TuningArgs};
use super::options::Source;
use crate::inventory::request::CollectRequest;

/// `policy`.
#[derive(Clone, Debug, Args)]
pub struct PolicyArgs {
    /// What to do with a policy.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What to do with a policy.
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Decide one request against the policies that apply to it, or a JSON line each with --batch
    #[command(after_help = "\
Examples:
  coldbucket policy evaluate --policy policy.json --request '{\"principal\":{\"type\":\"Anonymous\"},
      \"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::b/k\",\"resource_account\":\"111111111111\"}'
  coldbucket policy evaluate --batch < requests.jsonl

With --batch a line holds id, policies (resource, identity, boundaries, session, scps, rcps,
endpoint), request and public_access_block; the answer holds id, decision and statement. A line that
cannot be read is answered with an error, and the exit code at the end is 2.")]
    Evaluate(Box<EvaluateArgs>),
    /// Decide who can reach a bucket, with a request that shows it or a proof that there is none
    #[command(after_help = "\
Examples:
  coldbucket policy prove my-bucket --snapshot account.json
  coldbucket policy prove --policy policy.json --bucket my-bucket --owner 111122223333
  coldbucket policy prove --policy policy.json --question anonymous --question plain-http
  coldbucket policy prove --batch < buckets.jsonl

Questions: anonymous, any-aws-account, account:ID, service:NAME, plain-http, presigned,
put-without-kms, sse-c. Without --question all are asked, with every account and service that the
policy names.")]
    Prove(Box<ProveArgs>),
}

/// `policy prove`.
#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    /// A bucket of the account or snapshot
    #[arg(value_name = "BUCKET", required_unless_present_any = ["policy", "batch"], conflicts_with_all = ["policy", "batch"])]
    pub name: Option<String>,
    /// A bucket policy; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "batch")]
    pub policy: Option<PathBuf>,
    /// The bucket that policy is for [default: the first that it names]
    #[arg(long, value_name = "NAME", requires = "policy")]
    pub bucket: Option<String>,
    /// The account that owns it, 12 digits [default: one that the policy does not name]
    #[arg(long, value_name = "ID", requires = "policy")]
    pub owner: Option<String>,
    /// What to ask; repeatable [default: everything]
    #[arg(long, value_name = "QUESTION", conflicts_with = "batch")]
    pub question: Vec<String>,
    /// Answer JSON lines from standard input, in their order
    #[arg(long)]
    pub batch: bool,
    /// Answer in JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub source: SourceArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the struct's own comment says it")]
    pub tuning: TuningArgs,
}

/// What to do with policies, validated.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyTask {
    /// Decide one request, or lines of them.
    Evaluate(Box<EvaluateArgs>),
    /// Answer JSON lines.
    ProveLines,
    /// Prove a policy from a file.
    ProvePolicy {
        /// The file.
        file: PathBuf,
        /// The bucket, if said.
        bucket: Option<String>,
        /// Its owner, if said.
        owner: Option<String>,
        /// What to ask; everything if empty.
        questions: Vec<String>,
        /// Answer in JSON.
        json: bool,
    },
    /// Prove a bucket of an account.
    ProveBucket {
        /// Its name.
        name: String,
        /// Where it is.
        source: Source,
        /// What to read, and how.
        request: Box<CollectRequest>,
        /// What to ask; everything if empty.
        questions: Vec<String>,
        /// Answer in JSON.
        json: bool,
    },
}

/// `policy evaluate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct EvaluateArgs {
    /// Answer JSON lines from standard input, in their order
    #[arg(long, conflicts_with_all = ["policy", "identity", "request"])]
    pub batch: bool,
    /// The bucket policy; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub policy: Option<PathBuf>,
    /// An identity policy of the caller; repeatable
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub identity: Vec<PathBuf>,
    /// The request as JSON, or @FILE: principal, action, resource, resource_account, context
    #[arg(long, value_name = "JSON", required_unless_present = "batch")]
    pub request: Option<String>,
    /// Answer in JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
}
