//! `doctor` and `audit --plan` for people.

use std::io::{self, Write};

use super::table::grid::{Column, Grid, Text};
use super::table::paint::Tone;
use super::table::{heading, hint_line, labelled, prose, some_of};
use super::{Look, words};
use crate::report::doctor::{PlannedCall, Readiness, TryOutcome};
use crate::report::numbers::{count, duration, number};

/// Columns of the labels.
const LABEL: usize = 11;
/// Names that are written out.
const NAMES: usize = 24;

/// Writes what `doctor` found; the verdict is the last line.
///
/// # Errors
/// Those of the writer.
pub fn render(found: &Readiness, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut line =
        |label: &str, text: String| labelled(look, 2, label, LABEL, &[(Tone::Plain, text)], out);
    line("version", found.tool.clone())?;
    line("account", found.account.clone())?;
    line(
        "caller",
        found.caller.clone().unwrap_or_else(|| "unknown".to_owned()),
    )?;
    line(
        "endpoint",
        found.endpoint.clone().unwrap_or_else(|| "AWS".to_owned()),
    )?;
    if !found.proxies.is_empty() {
        line("proxy", found.proxies.join(", "))?;
    }
    let regions = some_of(found.regions.iter().map(String::as_str), NAMES);
    line("regions", format!("{}: {regions}", found.regions.len()))?;
    let resources: Vec<String> = found
        .resources
        .iter()
        .map(|(kind, many)| match many {
            Some(many) => count(*many, &kind.replace('-', " ")),
            None => format!("{kind}s: not listed"),
        })
        .collect();
    line("resources", resources.join(", "))?;
    line(
        "expect",
        format!(
            "about {} in {}",
            count(found.calls, "API call"),
            duration(found.seconds * 1000.0)
        ),
    )?;
    permissions(found, look, out)?;
    let missing = found
        .permissions
        .iter()
        .filter(|one| matches!(one.attempt, TryOutcome::Denied(_) | TryOutcome::Failed(_)))
        .count();
    writeln!(out)?;
    if missing > 0 {
        hint_line(look, "The policy that grants them:", &found.command, out)?;
        let text = format!(
            "{} missing: what they decide stays unknown",
            count(missing, "permission")
        );
        return prose(look, 0, Tone::Unknown, &text, out);
    }
    prose(
        look,
        0,
        Tone::Good,
        "Ready: nothing that was tried was refused",
        out,
    )
}

fn permissions(found: &Readiness, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let of = |wanted: fn(&TryOutcome) -> bool| -> Vec<&str> {
        let states = found.permissions.iter().filter(|one| wanted(&one.attempt));
        states.map(|one| one.action.as_str()).collect()
    };
    let allowed = of(|attempt| *attempt == TryOutcome::Allowed);
    let not_tried = of(|attempt| *attempt == TryOutcome::NotTried);
    let tried_on = found.tried_on.join(" and ");
    let remark = format!(
        "{} of {} tried on {tried_on}",
        number(found.permissions.len() - not_tried.len()),
        number(found.permissions.len())
    );
    heading(look, "Permissions", &remark, out)?;
    let mut grid = Grid::new(
        2,
        [
            Column::new("missing"),
            Column::new("answer"),
            Column::new("needed by").right().sacrifice(1),
            Column::new("up to").sacrifice(2),
        ],
    );
    let mut any = false;
    for one in &found.permissions {
        let code = match &one.attempt {
            TryOutcome::Denied(code) | TryOutcome::Failed(code) => code,
            TryOutcome::NotTried | TryOutcome::Allowed => continue,
        };
        any = true;
        grid.row([
            Text::new(Tone::Unknown, &one.action),
            Text::plain(code),
            Text::plain(&count(one.checks, "check")),
            Text::plain(one.worst.map_or("", |severity| severity.name())),
        ]);
    }
    if any {
        grid.write(look.width, look.color, out)?;
    }
    let list = |label: &str, actions: &[&str], out: &mut dyn Write| match actions {
        [] => Ok(()),
        actions => {
            let text = format!("{}: {}", actions.len(), actions.join(", "));
            labelled(look, 2, label, LABEL, &[(Tone::Quiet, text)], out)
        }
    };
    list("allowed", &allowed, out)?;
    list("not tried", &not_tried, out)
}

/// Writes the calls that an audit would make.
///
/// # Errors
/// Those of the writer.
pub fn plan(calls: &[PlannedCall], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut grid = Grid::new(
        2,
        [
            Column::new("once"),
            Column::new("call"),
            Column::new("permission").sacrifice(1),
            Column::new("when").sacrifice(3),
            Column::new("for").right().sacrifice(2),
        ],
    );
    for call in calls {
        grid.row([
            Text::new(
                Tone::Quiet,
                &format!("a {}", call.per)
                    .replace("a account", "an account")
                    .replace("a identity", "an identity")
                    .replace("a access", "an access"),
            ),
            Text::plain(&call.operation),
            Text::plain(call.action),
            Text::new(
                Tone::Quiet,
                if call.conditional {
                    "where it matters"
                } else {
                    "always"
                },
            ),
            Text::plain(&count(call.checks, "check")),
        ]);
    }
    grid.write(look.width, look.color, out)?;
    writeln!(out)?;
    let of_bucket = calls.iter().filter(|call| call.per == "bucket");
    let always = of_bucket.clone().filter(|call| !call.conditional).count();
    let text = format!(
        "{} a bucket, up to {}. Nothing has been called.",
        count(always, "call"),
        number(of_bucket.count())
    );
    prose(look, 0, words::Tone::Plain, &text, out)
}
