//! What is wrong: worst first, grouped by check, each check with its fix.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::{Tone, paint};
use super::{SHOWN_A_CHECK, WIDE, heading, labelled, prose};
use crate::output::{Look, hostile};
use crate::report::{CheckResult, Report, Severity, Status};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut by_check: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&CheckResult>> =
        BTreeMap::new();
    for result in &report.results {
        if result.status == Status::Fail {
            by_check
                .entry((std::cmp::Reverse(result.severity), &result.check))
                .or_default()
                .push(result);
        }
    }
    if by_check.is_empty() {
        return Ok(());
    }
    let all: usize = by_check.values().map(Vec::len).sum();
    heading(look, "Findings", &all.to_string(), out)?;
    let mut example = None;
    for ((severity, check), results) in &by_check {
        writeln!(out)?;
        of_check(report, look, severity.0, check, results, out)?;
        if example.is_none() {
            example = results.first().copied();
        }
    }
    if let Some(example) = example {
        writeln!(out)?;
        let command = format!(
            "Why: coldbucket explain {} {}",
            example.check, example.resource.name
        );
        prose(look, 2, Tone::Quiet, &command, out)?;
    }
    Ok(())
}

fn of_check(
    report: &Report,
    look: Look,
    severity: Severity,
    check: &str,
    results: &[&CheckResult],
    out: &mut dyn Write,
) -> io::Result<()> {
    let summary = report.checks.get(check);
    let title = summary.map_or("", |summary| summary.title.as_str());
    let (title, id) = (hostile::plain(title), hostile::plain(check));
    let badge = severity.name().to_uppercase();
    let one_line = 2 + badge.len() + 2 + wide_of(&title) + 2 + wide_of(&id) <= look.width;
    writeln!(
        out,
        "  {}  {}{}{}",
        paint(look.color, Tone::of(severity), &badge),
        paint(look.color, Tone::Strong, &title),
        if one_line {
            "  ".to_owned()
        } else {
            format!("\n  {:wide$}  ", "", wide = badge.len())
        },
        paint(look.color, Tone::Quiet, &id),
    )?;
    let shown = results
        .get(..SHOWN_A_CHECK.min(results.len()))
        .unwrap_or(results);
    let labels: Vec<String> = shown.iter().map(|result| label(result)).collect();
    let longest = labels.iter().map(|label| wide_of(label)).max().unwrap_or(0);
    // Beside each other while the names leave the sentences room, below each other otherwise.
    let beside = look.width >= WIDE && longest * 5 <= look.width * 2;
    let mut grid = Grid::new(4, [Column::new(""), Column::new("").prose()]);
    for (result, label) in shown.iter().zip(&labels) {
        let message = result.message.as_deref().unwrap_or("");
        if beside {
            grid.row([Text::plain(label), Text::plain(message)]);
        } else {
            writeln!(out, "    {}", hostile::plain(label))?;
            prose(look, 6, Tone::Plain, message, out)?;
        }
    }
    if beside {
        grid.write(look.width, look.color, out)?;
    }
    if let Some(more) = results
        .len()
        .checked_sub(SHOWN_A_CHECK)
        .filter(|more| *more > 0)
    {
        prose(look, 4, Tone::Quiet, &format!("and {more} more"), out)?;
    }
    let fix = summary.map_or("", |summary| summary.remediation.as_str());
    if !fix.is_empty() {
        labelled(look, 4, "Fix", 3, &[(Tone::Plain, fix.to_owned())], out)?;
    }
    Ok(())
}

fn wide_of(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// What identifies the resource best: its name, or its ARN where names repeat over Regions.
fn label(result: &CheckResult) -> String {
    use crate::report::SubjectKind;
    let resource = &result.resource;
    let named = matches!(
        resource.kind,
        SubjectKind::Bucket | SubjectKind::Account | SubjectKind::Region
    );
    match (named, &result.item) {
        (true, None) => resource.name.clone(),
        (true, Some(item)) => format!("{} ({item})", resource.name),
        (false, None) => resource.arn.clone(),
        // A function's version or alias is part of its qualified ARN.
        (false, Some(item)) => format!("{}:{item}", resource.arn),
    }
}
