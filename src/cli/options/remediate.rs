//! `remediate`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{Acceptance, AuditSource, Output, SelectionOptions};
use super::template::TemplateOptions;
use crate::cli::args::RemediateArgs;
use crate::cli::groups::{SourceArgs, TemplateArgs};
use crate::facts::Trust;
use crate::inventory::request::CollectRequest;
use crate::output::plan::PlanFormat;

/// `remediate`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct RemediateOptions {
    /// The source of the data.
    pub source: AuditSource,
    /// Templates to fix, in place of the source.
    pub template: Option<TemplateOptions>,
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
    /// The templates of `remediate`. A fix of a template is an edit of it: no commands.
    fn template_to_fix(
        &mut self,
        args: TemplateArgs,
        source: &SourceArgs,
        outputs: &[Output<PlanFormat>],
        split: Option<&(PathBuf, PlanFormat)>,
    ) -> Option<TemplateOptions> {
        if !args.terraform_plan.is_empty() {
            self.wrong("--terraform-plan: fixes of a plan belong into its configuration, which is not read; --template reads templates");
        }
        if args.onto.is_some() {
            self.wrong("--onto has no effect on fixes of templates");
        }
        let template = self.template(
            TemplateArgs {
                terraform_plan: Vec::new(),
                onto: None,
                ..args
            },
            source,
        );
        let formats: Vec<&str> = outputs.iter().map(|output| output.format.name()).collect();
        for format in formats {
            match (format, &template) {
                ("patch", None) => self.wrong("--format patch has no effect without --template"),
                ("shell" | "terraform", Some(_)) => {
                    self.wrong(format!(
                        "--format {format} has no effect with --template; use patch"
                    ));
                }
                _ => {}
            }
        }
        if split.is_some() && template.is_some() {
            self.wrong("--split has no effect with --template");
        }
        template
    }

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
        let template = self.template_to_fix(args.template, &args.source, &outputs, split.as_ref());
        RemediateOptions {
            template,
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
