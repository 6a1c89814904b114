//! What could not be judged, and which permission would settle it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::{Tone, paint};
use super::{WIDE, count, heading, prose, some_of};
use crate::output::{Look, hostile};
use crate::report::{CheckResult, Reason, Report, Status};

/// Readings that only an option asks for: by the action that tells them, and the option. Said again
/// here, since outputs know reports alone; `tests/outputs.rs` holds it to the readings' own table.
const ASKED_FOR: [(&str, &str); 4] = [
    (
        "lambda:GetFunction",
        "--inspect-packages, or --image-sizes for images",
    ),
    ("logs:StartQuery", "--measure DAYS"),
    ("s3:GetObject", "--sample-objects N"),
    ("s3:GetObjectAcl", "--sample-objects N"),
];

/// Everything that hangs on one permission, or on one reason that no permission settles.
#[derive(Default)]
struct Hanging<'a> {
    denied: bool,
    codes: BTreeSet<&'a str>,
    resources: BTreeSet<&'a str>,
    checks: BTreeSet<&'a str>,
}

impl<'a> Hanging<'a> {
    fn add(&mut self, result: &'a CheckResult) {
        self.denied |= result.reason == Some(Reason::Denied);
        self.resources.insert(&result.resource.name);
        self.checks.insert(&result.check);
    }

    fn answer(&self) -> String {
        if self.codes.is_empty() {
            "not read".to_owned()
        } else {
            self.codes.iter().copied().collect::<Vec<_>>().join(", ")
        }
    }

    /// One resource by name, several by number.
    fn on(&self) -> String {
        let names: Vec<&str> = self.resources.iter().copied().collect();
        match names.as_slice() {
            ["*"] => "all".to_owned(),
            [one] => (*one).to_owned(),
            several => count(several.len(), "resource"),
        }
    }

    fn checks(&self, shown: usize) -> String {
        some_of(self.checks.iter().copied(), shown)
    }
}

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let unjudged: Vec<&CheckResult> = report
        .results
        .iter()
        .filter(|result| result.status == Status::NotAssessed)
        .collect();
    if unjudged.is_empty() {
        return Ok(());
    }
    let mut by_action: BTreeMap<&str, Hanging<'_>> = BTreeMap::new();
    let mut by_reason: BTreeMap<&str, Hanging<'_>> = BTreeMap::new();
    // What nobody asked for is no want of a permission.
    let mut optional: BTreeMap<&str, Hanging<'_>> = BTreeMap::new();
    for result in &unjudged {
        for action in &result.missing {
            let option = ASKED_FOR.iter().find(|(asked, _)| asked == action);
            match option {
                Some((_, option)) if result.reason == Some(Reason::NotCollected) => {
                    optional.entry(option).or_default().add(result);
                }
                _ => by_action.entry(action).or_default().add(result),
            }
        }
        if result.missing.is_empty() {
            by_reason.entry(why(result)).or_default().add(result);
        }
    }
    for gap in &report.gaps {
        if let Some(hanging) = by_action.get_mut(gap.action.as_str()) {
            hanging.codes.insert(&gap.code);
        }
    }
    let remark = format!("{}, neither passed nor failed", unjudged.len());
    heading(look, "Not judged", &remark, out)?;
    if look.width >= WIDE {
        beside(look, &by_action, out)?;
    } else {
        below(look, &by_action, out)?;
    }
    for (option, hanging) in &optional {
        let what = format!("{} on {}", hanging.checks(4), hanging.on());
        prose(look, 2, Tone::Plain, &what, out)?;
        let why = format!("read only when asked for, with {option}");
        prose(look, 4, Tone::Quiet, &why, out)?;
    }
    for (why, hanging) in &by_reason {
        let on = some_of(hanging.resources.iter().copied(), 3);
        let what = format!("{} on {on}", hanging.checks(4));
        prose(look, 2, Tone::Plain, &what, out)?;
        prose(look, 4, Tone::Quiet, why, out)?;
    }
    if by_action.values().any(|hanging| hanging.denied) {
        writeln!(out)?;
        let hint = "The least-privilege policy for these checks: coldbucket permissions";
        prose(look, 2, Tone::Quiet, hint, out)?;
    }
    Ok(())
}

/// The message without what the heading says already.
fn why(result: &CheckResult) -> &str {
    let message = result
        .message
        .as_deref()
        .unwrap_or("What was read does not decide it");
    message
        .strip_prefix("Could not be judged: ")
        .unwrap_or(message)
        .trim_end_matches('.')
}

fn beside(
    look: Look,
    by_action: &BTreeMap<&str, Hanging<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if by_action.is_empty() {
        return Ok(());
    }
    let mut grid = Grid::new(
        2,
        [
            Column::new("permission"),
            Column::new("answer").sacrifice(1),
            Column::new("on"),
            Column::new("would settle").prose(),
        ],
    );
    for (action, hanging) in by_action {
        grid.row([
            Text::new(Tone::Unknown, action),
            Text::plain(&hanging.answer()),
            Text::plain(&hanging.on()),
            Text::plain(&hanging.checks(4)),
        ]);
    }
    grid.write(look.width, look.color, out)
}

fn below(
    look: Look,
    by_action: &BTreeMap<&str, Hanging<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (action, hanging) in by_action {
        let action = hostile::plain(action);
        writeln!(out, "  {}", paint(look.color, Tone::Unknown, &action))?;
        let answer = format!("{} on {}", hanging.answer(), hanging.on());
        prose(look, 4, Tone::Plain, &answer, out)?;
        let settles = format!("would settle {}", hanging.checks(4));
        prose(look, 4, Tone::Quiet, &settles, out)?;
    }
    Ok(())
}
