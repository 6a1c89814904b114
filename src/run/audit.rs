//! `audit`: reads, judges, writes and sets the exit code.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use super::accepting::{self, AcceptanceRules};
use super::accounts;
use super::assess::{self, AuditInput};
use super::console::Console;
use super::files::{self, Stdout};
use super::source;
use super::templates::{self, LiveAccount};
use super::{Exit, RunError, catalogue, cold_start, doctor, gate, invocation, remediate, who_can};
use crate::checks::{Catalog, ComplianceStandard, Selected};
use crate::cli::options::{AuditOptions, AuditSource, Output};
use crate::facts::Facts;
use crate::findings;
use crate::inventory::Snapshot;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind};
use crate::inventory::request::{CollectRequest, ResourceFilter};
use crate::output::{self, commands::Commands};
use crate::output::{By, Format, Look, TextLength, verdict};
use crate::report::numbers::count;
use crate::report::{Report, ReportParts, ResultRemediation, Source, Status};
use coldbucket_cold_start::Model;

/// What judging takes, whatever is judged.
pub(super) struct AuditRules {
    pub(super) selected: Selected,
    pub(super) acceptance: AcceptanceRules,
    /// The cold-start model, if not the built-in one.
    pub(super) model: Option<Model>,
    /// The standard that the pack is named after.
    pub(super) standard: Option<ComplianceStandard>,
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
    let standard = catalogue::standard(&catalogue, &audit.selection);
    if audit.by == By::Control && standard.is_none() {
        return Err(no_standard(&catalogue));
    }
    let model = match &audit.cold_start_model {
        Some(file) => Some(cold_start::model(Some(file))?),
        None => None,
    };
    let mut needs = catalogue::needs(&selected);
    needs.extend(acceptance.needs(&selected));
    if audit.who_can {
        needs.extend(who_can::needs(&audit.request));
    }
    Ok(AuditRules {
        standard: standard.cloned(),
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
    if audit.plan {
        let catalogue = catalogue::load(&audit.selection.policies)?;
        let selected = catalogue::select(&catalogue, &audit.selection)?;
        let calls = doctor::plan(&selected, &audit.request.opted());
        let look = console.look();
        stdout.write(|out| output::doctor::plan(&calls, look, out))?;
        return Ok(Exit::Clean);
    }
    if let Some(accounts) = audit.accounts.take() {
        return accounts::run(&audit, &accounts, console, stdout);
    }
    let rules = prepare(&audit)?;
    if audit.template.is_none() {
        note_unused_options(&audit, &rules, console);
    }
    let since = match &audit.since {
        Some(file) => Some(accepting::read_report(file)?),
        None => None,
    };
    let mut report = judged(&audit, &rules, console)?;
    report.since = since.map(|old| findings::compare(&old, &report));
    let verdict_shown = write(&audit, &report, &report, console, stdout)?;
    let exit = report.gate.as_ref().map_or(Exit::Clean, gate::exit_of);
    if let (Exit::Incomplete, Some(gate), false) = (exit, &report.gate, verdict_shown) {
        console.note(&format!("exit code 3: {}", verdict::reason(gate)));
    }
    Ok(exit)
}

/// An option that reads more and that no selected check asks for is a mistake or has no effect.
fn note_unused_options(audit: &AuditOptions, rules: &AuditRules, console: &mut Console<'_>) {
    let needed = |reading| rules.needs.iter().any(|(_, need)| need.reading == reading);
    let mut unused: Vec<&str> = audit
        .request
        .opted()
        .into_iter()
        .filter(|reading| !reading.serves_cold_starts() && !needed(*reading))
        .filter_map(ReadingKind::option)
        .filter_map(|option| option.split(' ').next())
        .collect();
    unused.sort_unstable();
    unused.dedup();
    for option in unused {
        console.note(&format!(
            "note: {option} has no effect: no selected check uses it; the pack strict has the checks that do"
        ));
    }
}

/// Reads a template, a snapshot or the account, and judges it.
fn judged(
    audit: &AuditOptions,
    rules: &AuditRules,
    console: &mut Console<'_>,
) -> Result<Report, RunError> {
    let input = |snapshot, source| AuditInput {
        snapshot,
        source,
        selected: &rules.selected,
        selection: &audit.selection,
        resources: &audit.request.resources,
        trust: &audit.trust,
        model: rules.model.as_ref(),
        acceptance: &rules.acceptance,
        standard: rules.standard.as_ref(),
    };
    if let Some(template) = &audit.template {
        let nothing = Snapshot::default();
        let input = input(&nothing, Source::Template);
        let onto = match &template.onto {
            Some(source) => Some(read_below(source, audit, rules, console, &input)?),
            None => None,
        };
        let mut report = templates::report(template, &input, onto.as_ref())?;
        let complete = onto.is_none_or(|onto| onto.snapshot.complete);
        self::complete(&mut report, audit, complete, console);
        return Ok(report);
    }
    let request = CollectRequest {
        needs: rules.needs.clone(),
        ..audit.request.clone()
    };
    let (mut snapshot, source) = source::obtain(&audit.source, request, console)?;
    source::add_control_policies(&mut snapshot, audit.control_policies.as_deref(), console)?;
    if let (Some(endpoint), Source::Snapshot) = (&snapshot.endpoint, source) {
        console.note(&format!("endpoint: {endpoint}"));
    }
    let mut report = assess::report(&input(&snapshot, source))?;
    complete(&mut report, audit, snapshot.complete, console);
    if audit.who_can {
        report.who_can = who_can::matrices(&snapshot, &report.buckets);
    }
    let shows_fixes = |output: &Output| {
        [Format::from_name("html"), Format::from_name("markdown")].contains(&Some(output.format))
    };
    if audit.outputs.iter().any(shows_fixes) {
        let facts = Facts::new(&snapshot, audit.trust.clone());
        report.fixes = remediate::plan(&facts, &rules.selected, &report, &[])?.fixes;
    }
    Ok(report)
}

/// Writes a report in a format: from its parts, or what is in memory of it where the format needs that.
pub(super) fn render(
    format: Format,
    report: &Report,
    parts: &dyn ReportParts,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format.render_parts(parts, look, out) {
        Some(outcome) => outcome,
        None => format.render(report, look, out),
    }
}

/// The folder of the accounts' own pages, beside the page of a run over many accounts.
pub(super) fn account_pages(output: &Output) -> Option<PathBuf> {
    let file = output.file.as_ref()?;
    let stem = file.file_stem()?.to_str()?;
    (Some(output.format) == Format::from_name("html"))
        .then(|| file.with_file_name(format!("{stem}-accounts")))
}

/// Reads and judges the account that templates are laid over.
fn read_below(
    source: &AuditSource,
    audit: &AuditOptions,
    rules: &AuditRules,
    console: &mut Console<'_>,
    input: &AuditInput<'_>,
) -> Result<LiveAccount, RunError> {
    let mut needs = rules.needs.clone();
    needs.extend(templates::needs_of_overlay());
    let request = CollectRequest {
        needs,
        resources: ResourceFilter {
            regions: audit.request.resources.regions.clone(),
            ..ResourceFilter::default()
        },
        ..audit.request.clone()
    };
    let (mut snapshot, from) = source::obtain(source, request, console)?;
    source::add_control_policies(&mut snapshot, audit.control_policies.as_deref(), console)?;
    if let (Some(endpoint), Source::Snapshot) = (&snapshot.endpoint, from) {
        console.note(&format!("endpoint: {endpoint}"));
    }
    let options = audit.template.as_ref();
    let as_of = options.and_then(|options| options.as_of.as_deref());
    templates::live_account(snapshot, from, as_of, input)
}

/// Writes a report to every output, and the baseline; true if a person saw the verdict on a terminal.
pub(super) fn write(
    audit: &AuditOptions,
    report: &Report,
    parts: &dyn ReportParts,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<bool, RunError> {
    for note in &report.notes {
        console.note(&format!("note: {note}"));
    }
    let mut verdict_shown = false;
    for output in &audit.outputs {
        match &output.file {
            Some(file) => {
                let look = Look {
                    by: audit.by,
                    ..Look::FILE
                };
                let pages = account_pages(output).filter(|_| !report.accounts.is_empty());
                let with_pages = pages.map(|pages| Report {
                    account_pages: pages.file_name().map(|name| name.display().to_string()),
                    ..report.without_lists()
                });
                let report = with_pages.as_ref().unwrap_or(report);
                files::write(file, |out| render(output.format, report, parts, look, out))?;
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
                let body = |out: &mut dyn Write| render(output.format, report, parts, look, out);
                if table {
                    console.show(stdout, body)?;
                } else {
                    stdout.write(body)?;
                }
            }
        }
    }
    if let Some(file) = &audit.write_baseline {
        let number = accepting::write(file, parts)?;
        console.note(&format!(
            "{number} findings written to the baseline {}",
            file.display()
        ));
    }
    Ok(verdict_shown)
}

/// What the run adds to what was judged: the exit code, and the commands that name the same data.
fn complete(report: &mut Report, audit: &AuditOptions, complete: bool, console: &Console<'_>) {
    report.gate = Some(gate::outcome(&report.results, complete, audit.gate));
    report.invocation = invocation::of_audit(audit, console.named_config());
    // The same snapshot gives the same document, wherever the file is.
    let machine = invocation::of_standard_input(&report.invocation);
    let commands = Commands::of_run(&machine);
    let results = report.results.iter_mut();
    for result in results.filter(|result| result.status == Status::Fail) {
        let check = report.checks.get(&result.check);
        result.remediation = commands.fix_of(result).map(|command| {
            Box::new(ResultRemediation {
                change: check.and_then(|check| check.change.clone()),
                command,
            })
        });
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
