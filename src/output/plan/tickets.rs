//! The plan as a table for a ticket system: a row a fix, the worst first, whether it is ready or not.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::{self, Write};

use crate::output::commands::Commands;
use crate::output::csv::{of_writer, record};
use crate::output::markdown::{code, escaped};
use crate::output::shortened::shown;
use crate::report::plan::{Fix, Plan};

/// The columns, in order. Columns are only ever added, at the end.
const COLUMNS: [&str; 16] = [
    "severity", "resource", "type", "region", "account", "finding", "checks", "controls", "change",
    "decision", "effect", "risk", "effort", "verified", "command", "arn",
];
/// Characters of a cell in Markdown.
const CELL: usize = 400;
/// Rows of the table in Markdown.
const ROWS: usize = 500;

/// Worst first; alike, in the order of the plan.
fn worst_first(plan: &Plan) -> Vec<&Fix> {
    let mut fixes: Vec<&Fix> = plan.fixes.iter().collect();
    fixes.sort_by_key(|fix| Reverse(fix.severity()));
    fixes
}

/// A row a fix, safe to open in a spreadsheet.
pub(super) fn csv(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let commands = Commands::of_run(&plan.invocation);
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(of_writer)?;
    for fix in worst_first(plan) {
        record(&mut writer, row(&commands, fix).into_iter())?;
    }
    writer.flush()
}

fn row<'f>(commands: &Commands<'_>, fix: &'f Fix) -> [Cow<'f, str>; 16] {
    let id = &fix.resource;
    [
        fix.severity().name().into(),
        id.name.as_str().into(),
        id.kind.name().into(),
        id.region.as_str().into(),
        id.account.as_str().into(),
        titles(fix).join("; ").into(),
        checks(fix).join(" ").into(),
        controls(fix).join(" ").into(),
        fix.what.as_str().into(),
        decision(fix).into(),
        fix.effect.as_str().into(),
        risk(fix).into(),
        fix.effort.name().into(),
        if fix.verified { "yes" } else { "no" }.into(),
        command(commands, fix).into(),
        id.arn.as_str().into(),
    ]
}

/// A row a fix, for a ticket or a comment.
pub(super) fn markdown(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let commands = Commands::of_run(&plan.invocation);
    let fixes = worst_first(plan);
    writeln!(
        out,
        "| severity | resource | finding | controls | change | decision | effect | risk | effort | command |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|---|")?;
    for fix in fixes.iter().take(ROWS) {
        let text = |text: &str| escaped(&shown(text, CELL));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            fix.severity().name(),
            code(&shown(&fix.resource.name, CELL)).replace('|', "\\|"),
            text(&titles(fix).join("; ")),
            text(&controls(fix).join(", ")),
            text(&fix.what),
            text(decision(fix)),
            text(&fix.effect),
            text(&risk(fix)),
            fix.effort.name(),
            code(&shown(&command(&commands, fix), CELL)).replace('|', "\\|"),
        )?;
    }
    match fixes.len().checked_sub(ROWS).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "\nand {more} more; `--format csv` has them all"),
        None => Ok(()),
    }
}

/// What a person has to decide first.
fn decision(fix: &Fix) -> &str {
    match &fix.decide {
        Some(decide) if !fix.is_ready() => decide,
        _ => "none",
    }
}

fn risk(fix: &Fix) -> String {
    match fix.risk_note.as_str() {
        "" => fix.risk.name().to_owned(),
        note => format!("{}: {note}", fix.risk.name()),
    }
}

/// A text of each finding, each once, in order.
fn each_once<'f>(texts: impl Iterator<Item = &'f str>) -> Vec<&'f str> {
    let mut all: Vec<&str> = Vec::new();
    for text in texts {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn titles(fix: &Fix) -> Vec<&str> {
    each_once(fix.findings.iter().map(|finding| finding.title.as_str()))
}

fn checks(fix: &Fix) -> Vec<&str> {
    each_once(fix.findings.iter().map(|finding| finding.check.as_str()))
}

fn controls(fix: &Fix) -> Vec<&str> {
    let controls = fix.findings.iter().flat_map(|finding| &finding.controls);
    each_once(controls.map(String::as_str))
}

/// The command that prints the fix for a shell.
fn command(commands: &Commands<'_>, fix: &Fix) -> String {
    let checks = checks(fix).join(",");
    commands.fix(
        &checks,
        &fix.resource,
        &["--format", commands.ready_format()],
    )
}
