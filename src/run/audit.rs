//! `audit`: reads, judges, writes and sets the exit code.

use super::accepting::{self, AcceptanceRules};
use super::assess::{self, AuditInput};
use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::{Exit, RunError, catalogue, cold_start, gate};
use crate::cli::options::AuditOptions;
use crate::inventory::request::CollectRequest;
use crate::output::Look;
use crate::report::Source;

pub(super) fn run(
    audit: AuditOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
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
    let request = CollectRequest {
        needs,
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
        selected: &selected,
        selection: &audit.selection,
        resources: &audit.request.resources,
        trust: &audit.trust,
        model: model.as_ref(),
        acceptance: &acceptance,
    })?;
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
                files::write(file, |out| output.format.render(&report, look, out))?;
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
                stdout.write(|out| output.format.render(&report, look, out))?;
            }
        }
    }
    if let Some(file) = &audit.write_baseline {
        let number = accepting::write(file, &report)?;
        console.note(&format!(
            "{number} findings written to the baseline {}",
            file.display()
        ));
    }
    let exit = gate::exit(&report.results, snapshot.complete, audit.gate);
    if exit == Exit::Incomplete {
        console.note(&gate::why_incomplete(&report.results, audit.gate));
    }
    Ok(exit)
}
