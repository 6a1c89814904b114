//! `policy`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::AuditSource;
use crate::cli::policy::{EvaluateArgs, ProveArgs};
use crate::cli::policy_compare::{ComparePolicyArgs, ForbidsArgs, PublicArgs};
use crate::inventory::request::CollectRequest;

/// A `policy` command, validated.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyTask {
    /// Evaluate one request, or JSON lines of them.
    Evaluate(Box<EvaluateArgs>),
    /// Compare two policies, or JSON lines of them.
    Compare(Box<ComparePolicyArgs>),
    /// Test that a policy does not grant some access, or JSON lines.
    Forbids(Box<ForbidsArgs>),
    /// Test that a policy is not public, or JSON lines.
    Public(Box<PublicArgs>),
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
        /// The questions whose answer sets the exit code.
        fail_on: Vec<String>,
        /// Print JSON.
        json: bool,
    },
    /// Prove a bucket of an account.
    ProveBucket {
        /// Its name.
        name: String,
        /// The source of the data.
        source: AuditSource,
        /// What to read, and how.
        request: Box<CollectRequest>,
        /// The questions; all if empty.
        questions: Vec<String>,
        /// The questions whose answer sets the exit code.
        fail_on: Vec<String>,
        /// Print JSON.
        json: bool,
    },
}

/// The questions with those of the gate, where only some are asked.
fn asked(mut questions: Vec<String>, fail_on: &[String]) -> Vec<String> {
    if !questions.is_empty() {
        questions.extend(fail_on.iter().cloned());
        let mut seen = std::collections::BTreeSet::new();
        questions.retain(|question| seen.insert(question.clone()));
    }
    questions
}

impl Join {
    pub(super) fn prove(&mut self, args: ProveArgs) -> PolicyTask {
        match (args.name, args.policy) {
            (Some(name), _) => {
                let mut request = self.request(&args.tuning);
                PolicyTask::ProveBucket {
                    name,
                    source: self.source(args.source, &args.tuning, &mut request),
                    request: Box::new(request),
                    questions: asked(args.question, &args.fail_on),
                    fail_on: args.fail_on,
                    json: args.json,
                }
            }
            (None, Some(file)) => PolicyTask::ProvePolicy {
                file,
                bucket: args.bucket,
                owner: args.owner,
                questions: asked(args.question, &args.fail_on),
                fail_on: args.fail_on,
                json: args.json,
            },
            (None, None) => PolicyTask::ProveLines,
        }
    }
}
