//! `policy`: the policy engine alone.
#![allow(missing_docs, reason = "flattened groups have their own comment")]

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::groups::{SourceArgs, TuningArgs};
use super::policy_compare::{ComparePolicyArgs, ForbidsArgs, PublicArgs};

/// `policy`.
#[derive(Clone, Debug, Args)]
pub struct PolicyArgs {
    /// The command.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// A command of `policy`.
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Evaluate one request against the policies that apply to it, or JSON lines with --batch
    #[command(after_help = "\
Examples:
  coldbucket policy evaluate --policy policy.json --request '{\"principal\":{\"type\":\"Anonymous\"},
      \"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::b/k\",\"resource_account\":\"111111111111\"}'
  coldbucket policy evaluate --batch < requests.jsonl

With --batch each line contains id, policies (resource, identity, boundaries, session, scps, rcps,
endpoint), request and public_access_block; each answer contains id, decision and statement. An invalid
line is answered with an error, and the exit code is 2.")]
    Evaluate(Box<EvaluateArgs>),
    /// Prove who can reach a bucket: an example request, or the proof that none exists
    #[command(after_help = "\
Examples:
  coldbucket policy prove my-bucket --snapshot account.json
  coldbucket policy prove --policy policy.json --bucket my-bucket --owner 111122223333
  coldbucket policy prove --policy policy.json --question anonymous --question plain-http
  coldbucket policy prove --policy policy.json --fail-on anonymous
  coldbucket policy prove --batch < buckets.jsonl

Questions: anonymous, any-aws-account, account:ID, service:NAME, plain-http, tls-below:VERSION,
sigv2, presigned, presigned-older-than:MS, put-without-kms, sse-c. The default is anonymous,
any-aws-account, plain-http, presigned, put-without-kms and sse-c, and every account and service
that the policy names.")]
    Prove(Box<ProveArgs>),
    /// Compare two policies: does the new one allow a request that the old one does not?
    #[command(after_help = "\
Examples:
  coldbucket policy compare old.json new.json
  coldbucket policy compare --git main:policies/uploads.json policies/uploads.json --bucket uploads
  coldbucket policy compare --batch < pairs.jsonl

The exit code is 0 if nothing new is allowed, 1 for new access, 2 for invalid input, and 3 if it could
not be decided. With --batch each line contains id, kind, bucket, old and new; each answer contains
id, new_access, verdict, lost, statements and remarks.")]
    Compare(Box<ComparePolicyArgs>),
    /// Test that a policy does not grant some access
    #[command(after_help = "\
Examples:
  coldbucket policy forbids role.json --action iam:PassRole kms:Decrypt
  coldbucket policy forbids role.json --action 's3:Delete*' --resource 'arn:aws:s3:::backups/*'
  coldbucket policy forbids --batch < policies.jsonl

The policy grants the access if it allows one of the actions on one of the resources. The exit code is
0 if it does not, 1 if it does, 2 for invalid input, and 3 if it could not be decided.")]
    Forbids(Box<ForbidsArgs>),
    /// Test that a policy does not grant public access
    #[command(after_help = "\
Examples:
  coldbucket policy public key.json --kind kms
  coldbucket policy public --batch < policies.jsonl

A policy is public if it allows requests without a signature, requests of any AWS account, or an AWS
service on behalf of any account. The exit code is 0 if it is not, 1 if it is, 2 for invalid input, and
3 if it could not be decided.")]
    Public(Box<PublicArgs>),
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
    /// The bucket of the policy [default: the first bucket it names]
    #[arg(long, value_name = "NAME", requires = "policy")]
    pub bucket: Option<String>,
    /// The bucket owner's account ID, 12 digits [default: an account that the policy does not name]
    #[arg(long, value_name = "ID", requires = "policy")]
    pub owner: Option<String>,
    /// Question to answer; repeatable [default: all]
    #[arg(long, value_name = "QUESTION", conflicts_with = "batch")]
    pub question: Vec<String>,
    /// Exit with 1 if the answer to this question is reachable, with 3 if it is unknown; repeatable
    #[arg(long, value_name = "QUESTION", conflicts_with = "batch")]
    pub fail_on: Vec<String>,
    /// Answer JSON lines from standard input, in order
    #[arg(long)]
    pub batch: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub tuning: TuningArgs,
}

/// `policy evaluate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct EvaluateArgs {
    /// Answer JSON lines from standard input, in order
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
    /// Print JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
}
