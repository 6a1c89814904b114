//! `diff`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::GateOptions;
use crate::cli::args::DiffArgs;

/// `diff`, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffOptions {
    /// The earlier report.
    pub old: PathBuf,
    /// The later report.
    pub new: PathBuf,
    /// The gate.
    pub gate: GateOptions,
    /// The outputs; never empty, at most one to standard output.
    pub outputs: Vec<DiffOutput>,
}

/// One output of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffOutput {
    /// JSON instead of a table.
    pub json: bool,
    /// The file, or standard output.
    pub file: Option<PathBuf>,
}

impl Join {
    pub(super) fn diff(&mut self, args: DiffArgs) -> DiffOptions {
        if args.old.as_os_str() == "-" && args.new.as_os_str() == "-" {
            self.wrong("both reports cannot be read from standard input");
        }
        let names = ["table", "json"];
        let outputs = self
            .targets(&args.output, &names, |name| {
                names.contains(&name).then_some(name == "json")
            })
            .into_iter()
            .map(|(json, file)| DiffOutput { json, file })
            .collect();
        DiffOptions {
            old: args.old,
            new: args.new,
            gate: self.gate(args.fail_on, args.allow_incomplete),
            outputs,
        }
    }
}
