//! `-o table`: the report for a person at a terminal.
//!
//! From the whole to the single: a summary; one line a bucket under the guidance's three headings;
//! findings, worst first, each check with its fix (or, with `--by resource`, each resource with its
//! checks); what is accepted; what could not be assessed and which permission
//! would decide it; one line a function on its cold start, and one on how long it takes. Long lists show the worst and say how
//! many more there are: the machine formats have them all.

use std::io::{self, Write};

use crate::report::{CheckResult, Report, SubjectKind};

use super::{By, Look, TextLength};

mod accepted;
mod accounts;
mod buckets;
mod by_file;
mod by_resource;
mod cold_start_times;
mod cold_starts;
mod findings;
mod first_screen;
pub(super) mod grid;
pub(super) mod paint;
mod summary;
mod unassessed;

use paint::{Tone, paint};

pub(super) use super::shortened::some_of;
pub(super) use crate::report::numbers::count;
use crate::report::numbers::number;

/// From this width on there is room for columns beside each other.
const WIDE: usize = 100;
/// Columns of the labels in the head.
const LABEL: usize = 13;
/// Rows of a list that are shown, before "and … more".
const SHOWN: usize = 50;

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if look.length == TextLength::FirstScreen {
        return first_screen::render(report, look, out);
    }
    summary::render(report, look, out)?;
    accounts::render(report, look, out)?;
    if look.by == By::Control {
        super::controls::table(report, look, out)?;
        writeln!(out)?;
        return first_screen::verdict_line(report, look, out);
    }
    by_file::changes(report, look, out)?;
    buckets::render(report, look, out)?;
    match look.by == By::Check && super::by_file::is_located(report) {
        true => by_file::findings(report, look, out)?,
        false => findings::render(report, look, out)?,
    }
    accepted::render(report, look, out)?;
    unassessed::render(report, look, out)?;
    cold_starts::render(report, look, out)?;
    cold_start_times::render(report, look, out)?;
    if report.gate.is_some() {
        writeln!(out)?;
    }
    first_screen::verdict_line(report, look, out)
}

/// An empty line, then the heading of a section.
pub(super) fn heading(
    look: Look,
    title: &str,
    remark: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out)?;
    write!(out, "{}", paint(look.color, Tone::Strong, title))?;
    if !remark.is_empty() {
        write!(out, "  {}", paint(look.color, Tone::Quiet, remark))?;
    }
    writeln!(out)
}

/// Prose, wrapped, with an indent.
pub(super) fn prose(
    look: Look,
    indent: usize,
    tone: Tone,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = super::hostile::plain(text);
    for line in grid::wrap(&text, look.width.saturating_sub(indent)) {
        writeln!(out, "{:indent$}{}", "", paint(look.color, tone, &line))?;
    }
    Ok(())
}

/// What a command is for, and the command whole: on its own line where both do not fit.
pub(super) fn hint_line(
    look: Look,
    what: &str,
    command: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let command = super::hostile::plain(command);
    let width = unicode_width::UnicodeWidthStr::width;
    let between = if 2 + width(what) + 1 + width(command.as_ref()) <= look.width {
        " "
    } else {
        "\n    "
    };
    let text = format!("  {what}{between}{command}");
    for line in text.lines() {
        writeln!(out, "{}", paint(look.color, Tone::Quiet, line))?;
    }
    Ok(())
}

/// How many lines of a list of `total` are not among the [`SHOWN`], with a remark on them.
fn more(look: Look, total: usize, remark: &str, out: &mut dyn Write) -> io::Result<()> {
    match total.checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => {
            let text = format!("and {} more{remark}; -o json has them all", number(more));
            prose(look, 2, Tone::Quiet, &text, out)
        }
        None => Ok(()),
    }
}

/// Prose with a label before its first line and its other lines under the first.
pub(super) fn labelled(
    look: Look,
    indent: usize,
    label: &str,
    wide: usize,
    parts: &[(Tone, String)],
    out: &mut dyn Write,
) -> io::Result<()> {
    labelled_as(look, indent, (Tone::Quiet, label), wide, parts, out)
}

/// The same with a label of another tone.
pub(super) fn labelled_as(
    look: Look,
    indent: usize,
    (tone_of_label, label): (Tone, &str),
    wide: usize,
    parts: &[(Tone, String)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let room = look.width.saturating_sub(indent + wide + 2);
    // Each line as runs of one tone.
    let mut lines: Vec<Vec<(Tone, String)>> = vec![Vec::new()];
    let mut taken = 0;
    for (tone, text) in parts {
        let text = super::hostile::plain(text);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = unicode_width::UnicodeWidthStr::width(word);
            if taken > 0 && taken + 1 + width > room {
                lines.push(Vec::new());
                taken = 0;
            }
            let Some(line) = lines.last_mut() else {
                continue;
            };
            let blank = if taken > 0 { " " } else { "" };
            match line.last_mut() {
                Some((of_run, run)) if of_run == tone => {
                    run.push_str(blank);
                    run.push_str(word);
                }
                Some((_, run)) => {
                    run.push_str(blank);
                    line.push((*tone, word.to_owned()));
                }
                None => line.push((*tone, word.to_owned())),
            }
            taken += blank.len() + width;
        }
    }
    for (position, line) in lines.iter().enumerate() {
        let label = if position == 0 { label } else { "" };
        let behind = wide.saturating_sub(unicode_width::UnicodeWidthStr::width(label));
        let line: String = line
            .iter()
            .map(|(tone, run)| paint(look.color, *tone, run))
            .collect();
        writeln!(
            out,
            "{:indent$}{}{:behind$}  {line}",
            "",
            paint(look.color, tone_of_label, label),
            ""
        )?;
    }
    Ok(())
}

/// True for a resource that its name identifies, without its ARN.
fn is_named(result: &CheckResult) -> bool {
    matches!(
        result.resource.kind,
        SubjectKind::Bucket | SubjectKind::Account | SubjectKind::Region | SubjectKind::Identity
    )
}
