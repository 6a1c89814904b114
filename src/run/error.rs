//! Errors that end a run without a result.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::Exit;
use crate::checks::{CheckDefect, PolicyErrors};
use crate::cli::{Mistake, Mistakes};

/// Why a run ended without a result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Mistakes in the command line, the configuration or the selection.
    #[error("{}", Mistakes(.0.clone()))]
    Mistakes(Vec<Mistake>),
    /// Errors in policy files.
    #[error("{} in the policy files\n{}", how_many(.0), indented(&.0.to_string()))]
    Policies(#[from] PolicyErrors),
    /// A check that failed with an error.
    #[error("{0}")]
    Defect(#[from] CheckDefect),
    /// A file that cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file that cannot be written. Nothing was written to it.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Stdout(io::Error),
    /// An invalid snapshot.
    #[error("{file} is not a valid snapshot: {message}")]
    Snapshot {
        /// The file, or `standard input`.
        file: String,
        /// The error, its place, and what to do.
        message: String,
    },
    /// A template that cannot be read.
    #[error("{file}: {message}")]
    Template {
        /// The file, with line and column where they are known.
        file: String,
        /// The error.
        message: String,
    },
    /// An invalid baseline or report.
    #[error("{file} is not a valid {what}: {message}")]
    Document {
        /// The file, or `standard input`.
        file: String,
        /// The expected document.
        what: &'static str,
        /// The error and its place.
        message: String,
    },
    /// The account, the network or the credentials failed.
    #[cfg(feature = "aws")]
    #[error("{0}")]
    Collect(#[from] crate::collect::CollectError),
    /// A build without the feature `aws`.
    #[error("this build cannot read an account; use --snapshot or --sample")]
    Offline,
    /// A bug in coldbucket.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

fn how_many(errors: &PolicyErrors) -> String {
    match errors.problems.len() {
        1 => "1 error".to_owned(),
        several => format!("{several} errors"),
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

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            #[cfg(feature = "aws")]
            Self::Collect(error) if !error.is_usage() => Exit::Nothing,
            _ => Exit::Usage,
        }
    }
}
