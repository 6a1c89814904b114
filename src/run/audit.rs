//! `audit`: reads, judges, writes and sets the exit code.

use std::collections::BTreeSet;

use super::accepting::{self, AcceptanceRules};
use super::accounts;
use super::assess::{self, AuditInput};
use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::{Exit, RunError, catalogue, cold_start, gate};
use crate::checks::Selected;
use crate::cli::options::AuditOptions;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;
use crate::inventory::request::CollectRequest;
use crate::output::Look;
use crate::report::{Report, Source};
use coldbucket_cold_start::Model;

/// What judging takes, whatever is judged.
pub(super) struct AuditRules {
    pub(super) selected: Selected,
    pub(super) acceptance: AcceptanceRules,
    /// The cold-start model, if not the built-in one.
    pub(super) model: Option<Model>,
    /// The readings that it opens.
    pub(super) needs: BTreeSet<(SubjectKind, Need)>,
}

/// Reads everything but what is audited, and tests that the outputs can be written.
pub(super) fn prepare(audit: &AuditOptions) -> Result<AuditRules, RunError> {
    let catalogue = catalogue::load(&audit.selection.policies)?;
    let selected = catalogue::select(&catalogue, &audit.selection)?;
    let acceptance = AcceptanceRules::new(
        &audit.accepted,
        &catalogue,
        &audit.selection,
        &audit.request.resources,
    )?;
    let files = audit
        .outputs
        .iter()
        .filter_map(|output| output.file.as_ref());
    for file in files.chain(&audit.write_baseline) {
        files::check_writable(file)?;
    }
    let model = match &audit.cold_start_model {
        Some(file) => Some(cold_start::model(Some(file))?),
        None => None,
    };
    let mut needs = catalogue::needs(&selected);
    needs.extend(acceptance.needs(&selected));
    Ok(AuditRules {
        selected,
        acceptance,
        model,
        needs,
    })
}

pub(super) fn run(
    mut audit: AuditOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    if let Some(accounts) = audit.accounts.take() {
        return accounts::run(&audit, &accounts, console, stdout);
    }
    let rules = prepare(&audit)?;
    let request = CollectRequest {
        needs: rules.needs.clone(),
        ..audit.request.clone()
    };
    let (mut snapshot, source) = source::obtain(&audit.source, request, console)?;
    source::add_control_policies(&mut snapshot, audit.control_policies.as_deref(), console)?;
    if let (Some(endpoint), Source::Snapshot) = (&snapshot.endpoint, source) {
        console.note(&format!("endpoint: {endpoint}"));
    }
    let report = assess::report(&AuditInput {
        snapshot: &snapshot,
        source,
        selected: &rules.selected,
        selection: &audit.selection,
        resources: &audit.request.resources,
        trust: &audit.trust,
        model: rules.model.as_ref(),
        acceptance: &rules.acceptance,
    })?;
    write(&audit, &report, console, stdout)?;
    let exit = gate::exit(&report.results, snapshot.complete, audit.gate);
    if exit == Exit::Incomplete {
        console.note(&gate::why_incomplete(&report.results, audit.gate));
    }
    Ok(exit)
}

/// Writes a report to every output, and the baseline.
pub(super) fn write(
    audit: &AuditOptions,
    report: &Report,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<(), RunError> {
    for note in &report.notes {
        console.note(&format!("note: {note}"));
    }
    for output in &audit.outputs {
        match &output.file {
            Some(file) => {
                let look = Look {
                    by: audit.by,
                    ..Look::FILE
                };
                files::write(file, |out| output.format.render(report, look, out))?;
                console.detail(&format!(
                    "{} written to {}",
                    output.format.name(),
                    file.display()
                ));
            }
            None => {
                let look = Look {
                    by: audit.by,
                    ..console.look()
                };
                stdout.write(|out| output.format.render(report, look, out))?;
            }
        }
    }
    if let Some(file) = &audit.write_baseline {
        let number = accepting::write(file, report)?;
        console.note(&format!(
            "{number} findings written to the baseline {}",
            file.display()
        ));
    }
    Ok(())
}
