//! `audit`.

use std::path::PathBuf;

use super::accounts::AccountsOptions;
use super::join::Join;
use super::shared::{Acceptance, AuditSource, GateOptions, Output, SelectionOptions};
use super::template::TemplateOptions;
use crate::cli::Mistake;
use crate::cli::args::AuditArgs;
use crate::cli::choices::GroupBy;
use crate::facts::Trust;
use crate::inventory::request::CollectRequest;
use crate::output::By;

/// `audit`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditOptions {
    /// The source of the data.
    pub source: AuditSource,
    /// Print the calls and make none.
    pub plan: bool,
    /// What to audit before deployment, in place of the source.
    pub template: Option<TemplateOptions>,
    /// Many accounts in one run; none for the account of the current credentials.
    pub accounts: Option<Box<AccountsOptions>>,
    /// The file of the organization's control policies.
    pub control_policies: Option<PathBuf>,
    /// The selected checks.
    pub selection: SelectionOptions,
    /// What to read, and how.
    pub request: CollectRequest,
    /// The gate.
    pub gate: GateOptions,
    /// The outputs; never empty, at most one to standard output.
    pub outputs: Vec<Output>,
    /// Trusted accounts and organizations.
    pub trust: Trust,
    /// The file of the cold-start model.
    pub cold_start_model: Option<PathBuf>,
    /// How findings are grouped.
    pub by: By,
    /// The report to compare with.
    pub since: Option<PathBuf>,
    /// The whole table, on a terminal too.
    pub full: bool,
    /// Report who can reach each bucket.
    pub who_can: bool,
    /// Accepted findings.
    pub accepted: Acceptance,
    /// The baseline to write.
    pub write_baseline: Option<PathBuf>,
}

/// A time such as `800ms` or `1.5s`, in milliseconds; a positive number of at most an hour.
fn milliseconds(text: &str) -> Option<f64> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1000.0),
        (None, None) => return None,
    };
    let ms = number.trim().parse::<f64>().ok()? * unit;
    (ms > 0.0 && ms <= 3_600_000.0).then_some(ms)
}

impl Join {
    pub(super) fn audit(&mut self, args: AuditArgs) -> AuditOptions {
        let template = self.template(args.template, &args.source);
        let mut request = self.request(&args.tuning);
        request.resources = self.resources(args.resources, &args.source.live.region);
        let mut selection = self.selection(args.selection);
        selection.cold_start_budget_ms = args
            .gate
            .cold_start_budget
            .and_then(|text| self.budget(&text));
        let accounts = self.accounts(args.accounts, &args.source);
        if args.who_can && (accounts.is_some() || template.is_some()) {
            self.wrong(
                "--who-can takes one account: it has no effect on templates or many accounts",
            );
        }
        AuditOptions {
            plan: args.plan,
            accounts,
            control_policies: args.source.control_policies.clone(),
            source: self.source(args.source, &args.tuning, &mut request),
            template,
            selection,
            request,
            gate: self.gate(args.gate.fail_on, args.gate.allow_incomplete),
            outputs: self.outputs(&args.output.output),
            trust: self.trust(),
            cold_start_model: args.gate.cold_start_model,
            since: args.output.since,
            full: args.output.full,
            who_can: args.who_can,
            by: match args.output.by {
                Some(GroupBy::Resource) => By::Resource,
                Some(GroupBy::Control) => By::Control,
                Some(GroupBy::Check) | None => By::Check,
            },
            accepted: Acceptance {
                baseline: args.gate.baseline.or_else(|| self.config.baseline.clone()),
                exceptions: self.config.exceptions.clone(),
            },
            write_baseline: args.gate.write_baseline,
        }
    }

    /// The time of `--cold-start-budget`, in milliseconds.
    fn budget(&mut self, text: &str) -> Option<f64> {
        let budget = milliseconds(text);
        if budget.is_none() {
            self.mistakes.push(
                Mistake::new(format!("--cold-start-budget `{text}` is not a time"))
                    .help(Some("write it as 800ms or 1.5s".to_owned())),
            );
        }
        budget
    }
}
