//! Findings on templates and plans: a list a file, as a reviewer reads the change.

use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::{Tone, paint};
use super::{SHOWN, count, heading, hint_line, more, prose};
use crate::output::by_file::{by_file, called, change_word, line};
use crate::output::commands::Commands;
use crate::output::policy_changes::{ChangeCounts, OpenedPolicy, opened};
use crate::output::{Look, hostile};
use crate::report::{CheckResult, Report};

/// Findings that are shown of one file.
const FINDINGS: usize = 200;

/// What a deployment does to the findings, and what it newly opens.
pub(super) fn changes(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let Some(counts) = ChangeCounts::of(report) else {
        return Ok(());
    };
    heading(look, "This change", &counts.text(), out)?;
    let opened = opened(report);
    if opened.is_empty() {
        let text = "No policy allows more than it does today.";
        return prose(look, 2, Tone::Good, text, out);
    }
    for one in opened.iter().take(SHOWN) {
        policy(one, look, out)?;
    }
    more(look, opened.len(), " policies", out)
}

fn policy(one: &OpenedPolicy<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let tone = match one.certain {
        true => Tone::Bad,
        false => Tone::Unknown,
    };
    let place = one.change.location.as_ref();
    let place = place.map(|place| format!("  {}:{}", place.file, place.line));
    writeln!(
        out,
        "  {}{}",
        paint(look.color, tone, &hostile::plain(&one.what)),
        paint(
            look.color,
            Tone::Quiet,
            &hostile::plain(&place.unwrap_or_default())
        ),
    )?;
    for sentence in &one.sentences {
        prose(look, 4, Tone::Plain, sentence, out)?;
    }
    if let Some(request) = &one.request {
        writeln!(out, "    request  {}", hostile::plain(request))?;
    }
    if let Some(command) = &one.command {
        writeln!(out, "    try      {}", hostile::plain(command))?;
    }
    Ok(())
}

/// The findings.
pub(super) fn findings(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let files = by_file(report);
    let total: usize = files.iter().map(|file| file.results.len()).sum();
    if total == 0 {
        return Ok(());
    }
    heading(look, "Findings", &total.to_string(), out)?;
    for file in files.iter().take(SHOWN) {
        let name = file.file.unwrap_or("not in a template");
        writeln!(
            out,
            "\n  {}  {}",
            paint(look.color, Tone::Strong, &hostile::plain(name)),
            paint(
                look.color,
                Tone::Quiet,
                &count(file.results.len(), "finding")
            ),
        )?;
        let mut grid = Grid::new(
            4,
            [
                Column::new(""),
                Column::new(""),
                Column::new("").prose(),
                Column::new("").sacrifice(1),
            ],
        );
        for result in file.results.iter().take(FINDINGS) {
            grid.row(row(report, result));
        }
        grid.write(look.width, look.color, out)?;
        if let Some(unseen) = file.results.len().checked_sub(FINDINGS).filter(|n| *n > 0) {
            prose(look, 4, Tone::Quiet, &format!("and {unseen} more"), out)?;
        }
    }
    more(look, files.len(), " files, none of them worse", out)?;
    if let Some(command) = Commands::of(report).all_fixes() {
        writeln!(out)?;
        hint_line(look, "The fixes as a patch:", &command, out)?;
    }
    Ok(())
}

fn row(report: &Report, result: &CheckResult) -> [Text; 4] {
    let title = report
        .checks
        .get(&result.check)
        .map_or(result.check.as_str(), |summary| summary.title.as_str());
    let message = result.message.as_deref().unwrap_or(title);
    let place = match line(result) {
        0 => String::new(),
        line => line.to_string(),
    };
    let severity = result.severity.name().to_uppercase();
    let badge = match change_word(result) {
        Some(word) => format!("{severity} {word}"),
        None => severity,
    };
    [
        Text::new(Tone::Quiet, &place),
        Text::new(Tone::of(result.severity), &badge),
        Text::plain(&format!("{}: {message}", called(result))),
        Text::new(Tone::Quiet, &result.check),
    ]
}
