//! `audit`: reads, judges, writes and sets the exit code.

use std::io::Write;

use super::accepting::{self, AcceptanceRules};
use super::assess::{self, AuditInput};
use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::{
    Exit, RunError, catalogue, cold_start, doctor, gate, invocation, remediate, templates,
};
use crate::checks::Catalog;
use crate::cli::options::{AuditOptions, Output};
use crate::facts::Facts;
use crate::findings;
use crate::inventory::Snapshot;
use crate::inventory::request::CollectRequest;
use crate::output::{self, commands::Commands};
use crate::output::{By, Format, Look, TextLength, verdict};
use crate::report::numbers::count;
use crate::report::{CheckResult, Report, ResultRemediation, Source, Status};

pub(super) fn run(
    audit: AuditOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&audit.selection.policies)?;
    let selected = catalogue::select(&catalogue, &audit.selection)?;
    if audit.plan {
        let calls = doctor::plan(&selected, &audit.request.opted());
        let look = console.look();
        stdout.write(|out| output::doctor::plan(&calls, look, out))?;
        return Ok(Exit::Clean);
    }
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
    let standard = catalogue::standard(&catalogue, &audit.selection);
    if audit.by == By::Control && standard.is_none() {
        return Err(no_standard(&catalogue));
    }
    let since = match &audit.since {
        Some(file) => Some(accepting::read_report(file)?),
        None => None,
    };
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
    let input = |snapshot, source| AuditInput {
        snapshot,
        source,
        selected: &selected,
        selection: &audit.selection,
        resources: &audit.request.resources,
        trust: &audit.trust,
        model: model.as_ref(),
        acceptance: &acceptance,
        standard,
    };
    let mut report = if let Some(template) = &audit.template {
        let nothing = Snapshot::default();
        let mut report = templates::report(template, &input(&nothing, Source::Template))?;
        report.gate = Some(gate::outcome(&report.results, true, audit.gate));
        report
    } else {
        let (snapshot, source) = source::obtain(&audit.source, request, console)?;
        if let (Some(endpoint), Source::Snapshot) = (&snapshot.endpoint, source) {
            console.note(&format!("endpoint: {endpoint}"));
        }
        let mut report = assess::report(&input(&snapshot, source))?;
        complete(&mut report, &audit, &snapshot, console);
        let shows_fixes = |output: &Output| {
            [Format::from_name("html"), Format::from_name("markdown")]
                .contains(&Some(output.format))
        };
        if audit.outputs.iter().any(shows_fixes) {
            let facts = Facts::new(&snapshot, audit.trust.clone());
            report.fixes = remediate::plan(&facts, &selected, &report, &[])?.fixes;
        }
        report
    };
    report.since = since.map(|old| findings::compare(&old, &report));
    for note in &report.notes {
        console.note(&format!("note: {note}"));
    }
    let verdict_shown = write(&report, &audit, console, stdout)?;
    if let Some(file) = &audit.write_baseline {
        let number = accepting::write(file, &report)?;
        console.note(&format!(
            "{number} findings written to the baseline {}",
            file.display()
        ));
    }
    let exit = report.gate.as_ref().map_or(Exit::Clean, gate::exit_of);
    if let (Exit::Incomplete, Some(gate), false) = (exit, &report.gate, verdict_shown) {
        console.note(&format!("exit code 3: {}", verdict::reason(gate)));
    }
    Ok(exit)
}

/// Writes every output; true if a person saw the verdict on a terminal.
fn write(
    report: &Report,
    audit: &AuditOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<bool, RunError> {
    let mut verdict_shown = false;
    for output in &audit.outputs {
        match &output.file {
            Some(file) => {
                let look = Look {
                    by: audit.by,
                    ..Look::FILE
                };
                files::write(file, |out| output.format.render(report, look, out))?;
                console.note(&format!("wrote {}: {}", file.display(), how_many(report)));
            }
            None => {
                let table = output.format == Format::TABLE;
                verdict_shown = table && console.is_terminal();
                let look = Look {
                    by: audit.by,
                    length: if verdict_shown && !audit.full && audit.by == By::Check {
                        TextLength::FirstScreen
                    } else {
                        TextLength::Full
                    },
                    ..console.look()
                };
                let render = |out: &mut dyn Write| output.format.render(report, look, out);
                if table {
                    console.show(stdout, render)?;
                } else {
                    stdout.write(render)?;
                }
            }
        }
    }
    Ok(verdict_shown)
}

/// What the run adds to what was judged: the exit code, and the commands that name the same data.
fn complete(report: &mut Report, audit: &AuditOptions, snapshot: &Snapshot, console: &Console<'_>) {
    report.gate = Some(gate::outcome(
        &report.results,
        snapshot.complete,
        audit.gate,
    ));
    report.invocation = invocation::of_audit(audit, console.named_config());
    // The same snapshot gives the same document, wherever the file is.
    let machine = invocation::of_standard_input(&report.invocation);
    let commands = Commands::of_run(&machine);
    let remediation = |result: &CheckResult| {
        (result.status == Status::Fail).then(|| ResultRemediation {
            change: report
                .checks
                .get(&result.check)
                .and_then(|check| check.change.clone()),
            command: commands.fix_of(result),
        })
    };
    let all: Vec<_> = report.results.iter().map(remediation).collect();
    for (result, remediation) in report.results.iter_mut().zip(all) {
        result.remediation = remediation;
    }
}

/// `--by control` with a pack that is not named after a standard.
fn no_standard(catalogue: &Catalog) -> RunError {
    let packs = catalogue.packs().filter(|pack| pack.standard.is_some());
    let names: Vec<&str> = packs.map(|pack| pack.name.as_str()).collect();
    RunError::mistake(
        "--by control needs a pack that is named after a standard",
        Some(format!("choose one with --pack: {}", names.join(", "))),
    )
}

/// How many findings a file holds.
fn how_many(report: &Report) -> String {
    let all = &report.summary.results;
    count(
        all.get(Status::Fail.name()).copied().unwrap_or(0),
        "finding",
    )
}
