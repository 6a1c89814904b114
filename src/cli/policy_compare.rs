//! `policy compare`, `policy forbids` and `policy public`: what a change of a policy grants.
#![allow(missing_docs, reason = "clap's groups have their own comment")]

use std::path::PathBuf;

use clap::Args;

/// `policy compare`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct ComparePolicyArgs {
    /// The policy before and the policy after; `-` reads standard input. With --git only the policy
    /// after [default: the same file]
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath, num_args = 0..=2,
          required_unless_present_any = ["batch", "git"], conflicts_with = "batch")]
    pub files: Vec<PathBuf>,
    /// The policy before, from git: a revision and the file's path; no policy if the file is not there
    #[arg(long, value_name = "REV:PATH", conflicts_with = "batch")]
    pub git: Option<String>,
    /// What the policies are attached to: resource, identity, trust, s3, kms, lambda, sqs or sns
    /// [default: what the policies show]
    #[arg(long, value_name = "KIND", conflicts_with = "batch")]
    pub kind: Option<String>,
    /// The bucket that the policies are attached to
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    pub bucket: Option<String>,
    /// Access to actions that AWS may add counts as new access
    #[arg(long)]
    pub strict: bool,
    /// Answer JSON lines from standard input, in order
    #[arg(long)]
    pub batch: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
    /// Print GitHub annotations at the lines of the statements
    #[arg(long, conflicts_with_all = ["batch", "json"])]
    pub github: bool,
}

/// `policy forbids`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct ForbidsArgs {
    /// The policy; `-` reads standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath,
          required_unless_present = "batch", conflicts_with = "batch")]
    pub file: Option<PathBuf>,
    /// An action that must not be granted, with wildcards; repeatable [default: any action]
    #[arg(long, value_name = "ACTION", num_args = 1.., conflicts_with = "batch")]
    pub action: Vec<String>,
    /// A resource that must not be granted, an ARN with wildcards; repeatable [default: any resource]
    #[arg(long, value_name = "ARN", num_args = 1.., conflicts_with = "batch")]
    pub resource: Vec<String>,
    /// What the policy is attached to, as in `policy compare`
    #[arg(long, value_name = "KIND", conflicts_with = "batch")]
    pub kind: Option<String>,
    /// Answer JSON lines from standard input, in order
    #[arg(long)]
    pub batch: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
}

/// `policy public`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct PublicArgs {
    /// The policy; `-` reads standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath,
          required_unless_present = "batch", conflicts_with = "batch")]
    pub file: Option<PathBuf>,
    /// What the policy is attached to, as in `policy compare`
    #[arg(long, value_name = "KIND", conflicts_with = "batch")]
    pub kind: Option<String>,
    /// Answer JSON lines from standard input, in order
    #[arg(long)]
    pub batch: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "batch")]
    pub json: bool,
}
