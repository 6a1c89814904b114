//! Why a run ended without a result, and whose fault that is.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::Exit;
use crate::checks::{Defect, PolicyErrors};
use crate::cli::{Mistake, Mistakes};

/// Why a run ended without a result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The user's: the command line, the configuration or the selection.
    #[error("{}", Mistakes(.0.clone()))]
    Mistakes(Vec<Mistake>),
    /// The user's: policy files.
    #[error("{} wrong in the policy files\n{}", how_many(.0), indented(&.0.to_string()))]
    Policies(#[from] PolicyErrors),
    /// The user's, or a defect of ours when the check is built in.
    #[error("{0}")]
    Defect(#[from] Defect),
    /// The user's: a file that cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The user's: a file that cannot be written. Nothing was written to it.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody's: standard output does not take it.
    #[error("standard output cannot be written: {0}")]
    Stdout(io::Error),
    /// The user's: something that is no snapshot.
    #[error("{file} is no usable snapshot: {message}")]
    Snapshot {
        /// The file, or `standard input`.
        file: String,
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// The user's: something that is no baseline or no report.
    #[error("{file} is no usable {what}: {message}")]
    Document {
        /// The file, or `standard input`.
        file: String,
        /// What it should be.
        what: &'static str,
        /// What is wrong, and where.
        message: String,
    },
    /// The account, the network or the credentials.
    #[cfg(feature = "aws")]
    #[error("{0}")]
    Collect(#[from] crate::collect::CollectError),
    /// A build without the feature `aws`.
    #[error("this build cannot read an account; use --snapshot or --sample")]
    Offline,
    /// Ours: facts or results that cannot be written as JSON.
    #[error("a defect of coldbucket, please report it: {0}")]
    Internal(String),
}

fn how_many(errors: &PolicyErrors) -> String {
    match errors.problems.len() {
        1 => "something is".to_owned(),
        several => format!("{several} things are"),
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

impl RunError {
    /// One mistake on the command line.
    pub fn mistake(message: impl Into<String>, help: Option<String>) -> Self {
        Self::Mistakes(vec![Mistake::new(message).help(help)])
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            #[cfg(feature = "aws")]
            Self::Collect(error) if !error.is_usage() => Exit::Nothing,
            _ => Exit::Usage,
        }
    }
}
