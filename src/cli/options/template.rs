//! `--template` and what belongs to it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use coldbucket_policy::parse::is_account_id;

use super::join::Join;
use super::shared::AuditSource;
use crate::cli::Mistake;
use crate::cli::groups::{SourceArgs, TemplateArgs};

/// What to audit before deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateOptions {
    /// Templates, folders and assemblies; `-` for standard input.
    pub templates: Vec<PathBuf>,
    /// Terraform plans in JSON; `-` for standard input.
    pub terraform_plans: Vec<PathBuf>,
    /// The account that they are laid over.
    pub onto: Option<AuditSource>,
    /// 12-digit account id.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Stack name.
    pub stack_name: Option<String>,
    /// Parameter values.
    pub parameters: BTreeMap<String, String>,
    /// Files with parameter values.
    pub parameter_files: Vec<PathBuf>,
    /// The day of the verdicts, `2026-11-29`.
    pub as_of: Option<String>,
}

impl Join {
    /// The options of a template; none without one.
    pub(super) fn template(
        &mut self,
        args: TemplateArgs,
        source: &SourceArgs,
    ) -> Option<TemplateOptions> {
        if args.template.is_empty() && args.terraform_plan.is_empty() {
            let alone = [
                ("--onto", args.onto.is_some()),
                ("--account", args.account.is_some()),
                ("--stack-name", args.stack_name.is_some()),
                ("--parameter", !args.parameter.is_empty()),
                ("--parameter-file", !args.parameter_file.is_empty()),
                ("--as-of", args.as_of.is_some()),
            ];
            for (option, given) in alone {
                if given {
                    self.wrong(format!(
                        "{option} has no effect without --template or --terraform-plan"
                    ));
                }
            }
            return None;
        }
        let onto = args.onto.map(|onto| match onto.as_os_str() == "live" {
            true => AuditSource::Live,
            false => AuditSource::Snapshot(onto),
        });
        let live = onto == Some(AuditSource::Live);
        let others = [
            ("--snapshot", source.snapshot.is_some()),
            ("--sample", source.sample),
            ("--profile", source.live.profile.is_some() && !live),
            (
                "--endpoint-url",
                source.live.endpoint_url.is_some() && !live,
            ),
        ];
        let input = match args.template.is_empty() {
            true => "--terraform-plan",
            false => "--template",
        };
        for (option, given) in others {
            if given {
                self.wrong(format!("{option} and {input} exclude each other"));
            }
        }
        if let Some(account) = &args.account
            && !is_account_id(account)
        {
            self.wrong(format!(
                "--account `{account}` is not a 12-digit account id"
            ));
        }
        if source.live.region.len() > 1 {
            self.wrong("a template is deployed to one Region: give --region once");
        }
        if let Some(date) = &args.as_of
            && date.parse::<jiff::civil::Date>().is_err()
        {
            self.mistakes.push(
                Mistake::new(format!("--as-of `{date}` is not a date"))
                    .help(Some("write it as 2026-11-29".to_owned())),
            );
        }
        let mut parameters = BTreeMap::new();
        for parameter in args.parameter {
            match parameter.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    parameters.insert(name.to_owned(), value.to_owned());
                }
                _ => self.wrong(format!("--parameter `{parameter}` is not NAME=VALUE")),
            }
        }
        Some(TemplateOptions {
            templates: args.template,
            terraform_plans: args.terraform_plan,
            onto,
            account: args.account,
            region: source.live.region.first().cloned(),
            stack_name: args.stack_name,
            parameters,
            parameter_files: args.parameter_file,
            as_of: args.as_of,
        })
    }
}
