//! What could not be assessed, and which permission would decide it.

use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::{Tone, paint};
use super::{WIDE, count, heading, hint_line, prose, some_of};
use crate::output::commands::Commands;
use crate::output::unassessed::{Open, Unassessed};
use crate::output::{Look, hostile};
use crate::report::Report;
use crate::report::numbers::number;

/// Checks that are named.
const CHECKS: usize = 4;
/// Resources that are named where no permission helps.
const RESOURCES: usize = 3;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let found = Unassessed::of(report);
    if found.unjudged > 0 {
        not_judged(report, &found, look, out)?;
    }
    if found.not_requested > 0 {
        not_requested(&found, look, out)?;
    }
    Ok(())
}

/// What no option asked to read.
fn not_requested(found: &Unassessed<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    heading(look, "Not requested", &number(found.not_requested), out)?;
    for (option, open) in &found.by_option {
        let what = format!("{} on {}", checks(open), on(open));
        prose(look, 2, Tone::Plain, &what, out)?;
        let with = format!("read only with {option}");
        prose(look, 4, Tone::Quiet, &with, out)?;
    }
    Ok(())
}

fn not_judged(
    report: &Report,
    found: &Unassessed<'_>,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let remark = format!("{}, neither passed nor failed", number(found.unjudged));
    heading(look, "Not assessed", &remark, out)?;
    permissions(look, found, out)?;
    for (why, open) in &found.by_reason {
        let on = some_of(names(open).into_iter(), RESOURCES);
        prose(
            look,
            2,
            Tone::Plain,
            &format!("{} on {on}", checks(open)),
            out,
        )?;
        prose(look, 4, Tone::Quiet, why, out)?;
    }
    if found.by_action.values().any(|open| open.denied) {
        writeln!(out)?;
        let command = Commands::of(report).permissions();
        let hint = "The least-privilege policy for these checks:";
        hint_line(look, hint, &command, out)?;
    }
    Ok(())
}

fn names<'r>(open: &Open<'r>) -> Vec<&'r str> {
    open.resources.iter().copied().collect()
}

/// One resource by name, several by number.
fn on(open: &Open<'_>) -> String {
    match names(open).as_slice() {
        ["*"] => "all".to_owned(),
        [one] => (*one).to_owned(),
        several => count(several.len(), "resource"),
    }
}

fn checks(open: &Open<'_>) -> String {
    let checks: Vec<&str> = open.checks.iter().copied().collect();
    some_of(checks.into_iter(), CHECKS)
}

/// Beside each other where there is room, below each other otherwise.
fn permissions(look: Look, found: &Unassessed<'_>, out: &mut dyn Write) -> io::Result<()> {
    if look.width < WIDE {
        for (action, open) in &found.by_action {
            let action = hostile::plain(action);
            writeln!(out, "  {}", paint(look.color, Tone::Unknown, &action))?;
            let answer = format!("{} on {}", open.answer(), on(open));
            prose(look, 4, Tone::Plain, &answer, out)?;
            let decides = format!("would decide {}", checks(open));
            prose(look, 4, Tone::Quiet, &decides, out)?;
        }
        return Ok(());
    }
    if found.by_action.is_empty() {
        return Ok(());
    }
    let mut grid = Grid::new(
        2,
        [
            Column::new("permission"),
            Column::new("answer").sacrifice(1),
            Column::new("on"),
            Column::new("would decide").prose(),
        ],
    );
    for (action, open) in &found.by_action {
        grid.row([
            Text::new(Tone::Unknown, action),
            Text::plain(&open.answer()),
            Text::plain(&on(open)),
            Text::plain(&checks(open)),
        ]);
    }
    grid.write(look.width, look.color, out)
}
