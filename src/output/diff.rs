//! `diff` as a table: new, no longer assessable, changed, fixed, worst first.

use std::borrow::Cow;
use std::io::{self, Write};

use super::shortened::label;
use super::table::grid::{Column, Grid, Text};
use super::table::paint::Tone;
use super::table::{heading, labelled_as, prose};
use super::{Look, hostile, words};
use crate::report::diff::{Change, Diff};
use crate::report::{Severity, Status};

/// Lines of a list that are shown.
const SHOWN: usize = 200;

/// Writes the comparison.
///
/// # Errors
/// Those of the writer.
pub fn render(diff: &Diff, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (
        hostile::plain(&diff.old_taken_at),
        hostile::plain(&diff.new_taken_at),
    );
    let head = format!("from {old} to {new}");
    prose(look, 0, Tone::Quiet, &head, out)?;
    let counts = format!(
        "{} new, {} fixed, {} changed, {} no longer assessable, {} as before",
        diff.new.len(),
        diff.fixed.len(),
        diff.changed.len(),
        diff.no_longer_assessable.len(),
        diff.unchanged
    );
    prose(look, 0, Tone::Strong, &counts, out)?;
    for note in &diff.notes {
        prose(look, 0, Tone::Warn, &format!("note: {note}"), out)?;
    }
    for (title, changes) in [
        ("New", &diff.new),
        ("No longer assessable", &diff.no_longer_assessable),
        ("Changed", &diff.changed),
        ("Fixed", &diff.fixed),
    ] {
        list(diff, title, changes, look, out)?;
    }
    Ok(())
}

/// The changes of one kind, by check.
fn list(
    diff: &Diff,
    title: &str,
    changes: &[Change],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    heading(look, title, &changes.len().to_string(), out)?;
    let mut groups: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in changes.iter().take(SHOWN) {
        let check = change.result.check.as_str();
        match groups.iter_mut().find(|(other, _)| *other == check) {
            Some((_, group)) => group.push(change),
            None => groups.push((check, vec![change])),
        }
    }
    for (check, group) in &groups {
        let severity = group.first().map(|change| change.result.severity);
        let severity = severity.unwrap_or(Severity::Info);
        let title = diff.titles.get(*check).map_or(*check, String::as_str);
        let badge = severity.name().to_uppercase();
        let parts = [
            (Tone::Strong, title.to_owned()),
            (Tone::Quiet, (*check).to_owned()),
        ];
        let tone = Tone::of(severity);
        labelled_as(look, 2, (tone, &badge), badge.len(), &parts, out)?;
        let mut grid = Grid::new(4, [Column::new(""), Column::new("").prose().sacrifice(1)]);
        for change in group {
            grid.row([
                Text::plain(&label(&change.result)),
                Text::new(Tone::Quiet, &remark(change)),
            ]);
        }
        grid.write(look.width, look.color, out)?;
    }
    if let Some(more) = changes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        prose(
            look,
            2,
            Tone::Quiet,
            &format!("and {more} more; -o json has them all"),
            out,
        )?;
    }
    Ok(())
}

/// What happened to it, in a few words.
fn remark(change: &Change) -> String {
    let was = change.was.map_or(Cow::Borrowed("not there before"), |was| {
        words::status(was).text
    });
    if let Some(severity) = change.severity_was {
        return format!("was {}", severity.name());
    }
    if !change.differs.is_empty() {
        return change.differs.join(", ");
    }
    match change.is {
        None => format!("{was}, gone"),
        Some(Status::NotAssessed) => match change.result.missing.as_slice() {
            [] => format!("{was}, not decided now"),
            missing => format!("{was}, needs {}", missing.join(", ")),
        },
        Some(is @ (Status::Pass | Status::NotApplicable)) => words::status(is).text.into_owned(),
        Some(_) => was.into_owned(),
    }
}
