//! `policy evaluate` and `policy prove`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{AuditSource, Tuning};
use crate::cli::policy::{EvaluateArgs, ProveArgs};

/// A `policy` command, validated.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyTask {
    /// Evaluate one request, or JSON lines of them.
    Evaluate(Box<EvaluateArgs>),
    /// Prove JSON lines.
    ProveLines,
    /// Prove a policy from a file.
    ProvePolicy {
        /// The file.
        file: PathBuf,
        /// The bucket, if given.
        bucket: Option<String>,
        /// Its owner, if given.
        owner: Option<String>,
        /// The questions; all if empty.
        questions: Vec<String>,
        /// Print JSON.
        json: bool,
    },
    /// Prove a bucket of an account.
    ProveBucket {
        /// Its name.
        name: String,
        /// The source of the data.
        source: AuditSource,
        /// How the account is read.
        tuning: Tuning,
        /// The questions; all if empty.
        questions: Vec<String>,
        /// Print JSON.
        json: bool,
    },
}

impl Join {
    pub(super) fn prove(&mut self, args: ProveArgs) -> PolicyTask {
        match (args.name, args.policy) {
            (Some(name), _) => {
                let tuning = self.tuning(&args.tuning);
                PolicyTask::ProveBucket {
                    name,
                    source: self.source(args.source, &args.tuning),
                    tuning,
                    questions: args.question,
                    json: args.json,
                }
            }
            (None, Some(file)) => PolicyTask::ProvePolicy {
                file,
                bucket: args.bucket,
                owner: args.owner,
                questions: args.question,
                json: args.json,
            },
            (None, None) => PolicyTask::ProveLines,
        }
    }
}
