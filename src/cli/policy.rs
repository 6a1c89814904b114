//! `policy evaluate` and `policy prove`: the reasoning engine on its own.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `policy`.
#[derive(Clone, Debug, Args)]
pub struct PolicyArgs {
    /// What to do with a policy.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What to do with a policy.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
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
