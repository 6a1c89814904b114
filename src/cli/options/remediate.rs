//! `remediate`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{Acceptance, AuditSource, Output, SelectionOptions};
use crate::cli::args::RemediateArgs;
use crate::facts::Trust;
use crate::inventory::request::CollectRequest;
use crate::output::plan::PlanFormat;

/// `remediate`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct RemediateOptions {
    /// The source of the data.
    pub source: AuditSource,
    /// The file of the organization's control policies.
    pub control_policies: Option<PathBuf>,
    /// The selected checks.
    pub selection: SelectionOptions,
    /// What to read, and how.
    pub request: CollectRequest,
    /// Globs of checks whose fixes are approved.
    pub decided: Vec<String>,
    /// The outputs, at most one to standard output; none with `split`.
    pub outputs: Vec<Output<PlanFormat>>,
    /// The folder that gets one file a resource, and their format.
    pub split: Option<(PathBuf, PlanFormat)>,
    /// Accepted findings, which get no fix.
    pub accepted: Acceptance,
    /// Trusted accounts and organizations.
    pub trust: Trust,
}

impl Join {
    pub(super) fn remediate(&mut self, args: RemediateArgs) -> RemediateOptions {
        let mut request = self.request(&args.tuning);
        request.resources = self.resources(args.resources, &args.source.live.region);
        if args.decided.iter().any(String::is_empty) {
            self.wrong("--decided is empty");
        }
        let names: Vec<&str> = PlanFormat::ALL.iter().map(|format| format.name()).collect();
        // --format is -o without a file.
        let format = match (&args.split, args.format) {
            (Some(_), None) => Some("terraform".to_owned()),
            (_, format) => format,
        };
        let typed: Vec<String> = format.into_iter().chain(args.output).collect();
        let mut outputs: Vec<Output<PlanFormat>> = self
            .targets(&typed, &names, PlanFormat::from_name)
            .into_iter()
            .map(|(format, file)| Output { format, file })
            .collect();
        let split = match (args.split, outputs.first().map(|output| output.format)) {
            (Some(folder), Some(format)) => {
                outputs.clear();
                Some((folder, format))
            }
            _ => None,
        };
        RemediateOptions {
            control_policies: args.source.control_policies.clone(),
            source: self.source(args.source, &args.tuning, &mut request),
            selection: self.selection(args.selection),
            request,
            decided: args.decided,
            outputs,
            split,
            accepted: Acceptance {
                baseline: self.config.baseline.clone(),
                exceptions: self.config.exceptions.clone(),
            },
            trust: self.trust(),
        }
    }
}
