//! `checks list` and `checks show`: the catalogue for people.

use std::io::{self, Write};

use super::table::grid::{Column, Grid, Text};
use super::table::paint::{Tone, paint};
use super::table::{count, labelled, prose};
use super::{Look, hostile};
use crate::report::Severity;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLine {
    /// Id.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, `bucket`, `function`, …
    pub subject: String,
    /// The bad thing, in one line.
    pub title: String,
}

/// Everything about one check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckPage {
    /// What the list says.
    pub line: CheckLine,
    /// Short members, label and text; those with an empty text are left out.
    pub members: Vec<(&'static str, String)>,
    /// Prose, heading and text; those with an empty text are left out.
    pub prose: Vec<(&'static str, String)>,
    /// Text to copy, heading and text; those with an empty text are left out.
    pub code: Vec<(&'static str, String)>,
    /// Lists, heading and lines; empty ones are left out.
    pub lists: Vec<(&'static str, Vec<String>)>,
}

/// Writes the list.
///
/// # Errors
/// Those of the writer.
pub fn list(checks: &[CheckLine], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut grid = Grid::new(
        0,
        [
            Column::new("check"),
            Column::new("severity"),
            Column::new("subject").sacrifice(1),
            Column::new("title").prose(),
        ],
    );
    for check in checks {
        grid.row([
            Text::plain(&check.id),
            Text::new(Tone::of(check.severity), check.severity.name()),
            Text::new(Tone::Quiet, &check.subject),
            Text::plain(&check.title),
        ]);
    }
    grid.write(look.width, look.color, out)?;
    writeln!(out)?;
    prose(look, 0, Tone::Quiet, &count(checks.len(), "check"), out)
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub fn show(page: &CheckPage, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let line = &page.line;
    writeln!(
        out,
        "{}  {}",
        paint(look.color, Tone::Strong, &hostile::plain(&line.id)),
        paint(
            look.color,
            Tone::of(line.severity),
            &line.severity.name().to_uppercase()
        )
    )?;
    prose(look, 0, Tone::Plain, &line.title, out)?;
    writeln!(out)?;
    let wide = page
        .members
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(label, _)| label.len())
        .max()
        .unwrap_or(0);
    for (label, text) in page.members.iter().filter(|(_, text)| !text.is_empty()) {
        labelled(look, 2, label, wide, &[(Tone::Plain, text.clone())], out)?;
    }
    for (title, text) in page
        .prose
        .iter()
        .filter(|(_, text)| !text.trim().is_empty())
    {
        title_line(title, look, out)?;
        for paragraph in text.split("\n\n") {
            prose(look, 2, Tone::Plain, paragraph, out)?;
        }
    }
    for (title, text) in page.code.iter().filter(|(_, text)| !text.trim().is_empty()) {
        title_line(title, look, out)?;
        for line in text.trim_end().lines() {
            writeln!(out, "  {}", hostile::plain(line))?;
        }
    }
    for (title, lines) in page.lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        title_line(title, look, out)?;
        for line in lines {
            prose(look, 2, Tone::Plain, line, out)?;
        }
    }
    Ok(())
}

fn title_line(title: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint(look.color, Tone::Strong, title))
}
