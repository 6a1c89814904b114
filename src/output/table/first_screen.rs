//! What a person sees first on a terminal: at most [`ROWS`] rows, the verdict last.
//!
//! What to fix first with the command that shows its fix, the worst resources, the slowest cold
//! starts, what could not be judged, and the next steps. Where that is too much for the width, lists
//! are shortened in a stated order; everything is in `--full`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::paint::{Tone, paint};
use super::{LABEL, labelled, labelled_as, prose, some_of, summary};
use crate::output::cold_starts::{Names, best_in_words, with_duration};
use crate::output::commands::Commands;
use crate::output::policy_changes::ChangeCounts;
use crate::output::shortened::{CheckFindings, assessed, by_check};
use crate::output::unassessed::Unassessed;
use crate::output::weight::Weights;
use crate::output::{Look, hostile, verdict, words};
use crate::report::Report;
use crate::report::numbers::{count, duration, number};

/// Rows of a terminal that it takes at most.
const ROWS: usize = 40;
/// Columns of a severity's name.
const BADGE: usize = 8;
/// Permissions or options that are named.
const PERMISSIONS: usize = 4;

/// How many of each list are shown.
#[derive(Clone, Copy)]
struct Room {
    findings: usize,
    names: usize,
    resources: usize,
    starts: usize,
}

/// From the most to the least.
const ROOMS: [Room; 7] = [
    room(6, 4, 3, 3),
    room(6, 3, 3, 2),
    room(6, 2, 2, 2),
    room(6, 1, 2, 2),
    room(5, 1, 1, 1),
    room(4, 1, 1, 1),
    room(2, 1, 1, 1),
];

const fn room(findings: usize, names: usize, resources: usize, starts: usize) -> Room {
    Room {
        findings,
        names,
        resources,
        starts,
    }
}

/// Writes the screen.
///
/// # Errors
/// Those of the writer.
pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let plain = Look {
        color: false,
        ..look
    };
    let fits = |room: &&Room| -> bool {
        let mut text = Vec::new();
        screen(report, plain, **room, &mut text).is_ok()
            && rows(&String::from_utf8_lossy(&text), look.width) <= ROWS
    };
    let chosen = ROOMS.iter().find(fits).or(ROOMS.last());
    match chosen {
        Some(room) => screen(report, look, *room, out),
        None => Ok(()),
    }
}

/// The rows of a terminal that a text takes.
fn rows(text: &str, width: usize) -> usize {
    let rows = |line: &str| line.width().div_ceil(width.max(1)).max(1);
    text.lines().map(rows).sum()
}

fn screen(report: &Report, look: Look, room: Room, out: &mut dyn Write) -> io::Result<()> {
    let commands = Commands::of(report);
    summary::title(report, look, out)?;
    prose(look, 0, Tone::Quiet, &scope(report), out)?;
    labelled(look, 2, "findings", LABEL, &summary::findings(report), out)?;
    labelled(look, 2, "results", LABEL, &summary::results(report), out)?;
    let groups = by_check(report);
    if let Some(counts) = ChangeCounts::of(report) {
        labelled(
            look,
            2,
            "change",
            LABEL,
            &[(Tone::Plain, counts.text())],
            out,
        )?;
    }
    fix_first(report, &commands, &groups, look, room, out)?;
    let mut rest = Vec::new();
    worst(report, look, room, &mut rest)?;
    cold_starts(report, look, room, &mut rest)?;
    not_judged(report, look, &mut rest)?;
    if !rest.is_empty() {
        writeln!(out)?;
        out.write_all(&rest)?;
    }
    next_steps(&commands, &groups, look, out)?;
    writeln!(out)?;
    verdict_line(report, look, out)
}

/// The verdict in its tone.
pub(super) fn verdict_line(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    match verdict::line(report) {
        Some((tone, text)) => prose(look, 0, tone, &text, out),
        None => Ok(()),
    }
}

/// What was read, in a line or two.
fn scope(report: &Report) -> String {
    let accounts = &report.scope.accounts;
    let regions = &report.scope.regions;
    let mut parts = vec![match accounts.as_slice() {
        [] => "account unknown".to_owned(),
        [one] => format!("account {one}"),
        several => count(several.len(), "account"),
    }];
    parts.push(match regions.as_slice() {
        [one] => one.clone(),
        several => count(several.len(), "Region"),
    });
    parts.extend(
        report
            .scope
            .endpoint
            .iter()
            .map(|endpoint| format!("endpoint {endpoint}")),
    );
    parts.push(format!("pack {}", report.scope.selection.pack));
    parts.push(assessed(report));
    parts.push(format!("read {}", summary::when(report)));
    parts.join(" · ")
}

fn fix_first(
    report: &Report,
    commands: &Commands<'_>,
    groups: &[CheckFindings<'_>],
    look: Look,
    room: Room,
    out: &mut dyn Write,
) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    let shown = room.findings.min(groups.len());
    let remark = match groups.len() - shown {
        0 => String::new(),
        _ => format!("{shown} of {} checks with findings", number(groups.len())),
    };
    super::heading(look, "Fix first", &remark, out)?;
    for group in groups.iter().take(shown) {
        let title = report
            .checks
            .get(group.check)
            .map_or(group.check, |summary| summary.title.as_str());
        let mut names: Vec<&str> = Vec::new();
        let mut seen = BTreeSet::new();
        for result in &group.results {
            if seen.insert(&result.resource) {
                names.push(&result.resource.name);
            }
        }
        let parts = [
            (Tone::Strong, format!("{title}:")),
            (Tone::Plain, some_of(names.into_iter(), room.names)),
        ];
        let badge = group.severity.name().to_uppercase();
        let tone = Tone::of(group.severity);
        labelled_as(look, 2, (tone, &badge), BADGE, &parts, out)?;
        if let Some(command) = commands.fix_of_check(group.check) {
            command_line(look, 2 + BADGE + 2, &command, out)?;
        }
    }
    Ok(())
}

/// A command on a line of its own, whole: a wrapped one cannot be copied.
fn command_line(look: Look, indent: usize, command: &str, out: &mut dyn Write) -> io::Result<()> {
    let command = hostile::plain(command);
    let command = paint(look.color, Tone::Quiet, &command);
    writeln!(out, "{:indent$}{command}", "")
}

fn worst(report: &Report, look: Look, room: Room, out: &mut dyn Write) -> io::Result<()> {
    let mut parts = Vec::new();
    for (resource, weight) in Weights::of(report).worst().into_iter().take(room.resources) {
        let counts = weight.parts().into_iter().take(3);
        let counts: Vec<String> = counts
            .map(|(name, many)| format!("{many} {name}"))
            .collect();
        if !parts.is_empty() {
            parts.push((Tone::Quiet, "·".to_owned()));
        }
        parts.push((Tone::Strong, resource.name.clone()));
        parts.push((Tone::Plain, format!("({})", counts.join(", "))));
    }
    if parts.is_empty() {
        return Ok(());
    }
    labelled(look, 2, "worst", LABEL, &parts, out)
}

fn cold_starts(report: &Report, look: Look, room: Room, out: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(report);
    let versions = with_duration(report).into_iter();
    for (at, (version, takes)) in versions.take(room.starts).enumerate() {
        let mut parts = vec![
            (Tone::Strong, names.qualified(version)),
            (
                words::duration_tone(takes.reported_ms),
                duration(takes.reported_ms),
            ),
            (Tone::Plain, words::basis(takes.basis).to_owned()),
        ];
        if let Some(lever) = best_in_words(version) {
            parts.push((Tone::Plain, format!("· {lever}")));
        }
        let label = if at == 0 { "cold start" } else { "" };
        labelled(look, 2, label, LABEL, &parts, out)?;
    }
    Ok(())
}

/// What could not be judged, and apart from it what was not requested.
fn not_judged(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let found = Unassessed::of(report);
    if found.unjudged > 0 {
        let mut actions: Vec<(&str, usize)> = found
            .by_action
            .iter()
            .map(|(action, open)| (*action, open.results))
            .collect();
        actions.sort_by_key(|(action, results)| (Reverse(*results), *action));
        let named: Vec<String> = actions
            .iter()
            .map(|(action, results)| format!("{action} ({})", number(*results)))
            .collect();
        let undecided: usize = found.by_reason.values().map(|open| open.results).sum();
        let mut parts = Vec::new();
        if !named.is_empty() {
            let named = some_of(named.iter().map(String::as_str), PERMISSIONS);
            let many = number(found.unjudged - undecided);
            parts.push(format!("{many} for want of {named}"));
        }
        if undecided > 0 {
            parts.push(format!(
                "{} not decided by what was read",
                number(undecided)
            ));
        }
        let text = parts.join("; ");
        labelled(look, 2, "not judged", LABEL, &[(Tone::Unknown, text)], out)?;
    }
    if found.not_requested > 0 {
        let options: Vec<String> = found
            .by_option
            .iter()
            .map(|(option, open)| format!("{option} ({})", number(open.results)))
            .collect();
        let text = format!(
            "{}: {}",
            number(found.not_requested),
            some_of(options.iter().map(String::as_str), PERMISSIONS)
        );
        labelled(look, 2, "not requested", LABEL, &[(Tone::Quiet, text)], out)?;
    }
    Ok(())
}

fn next_steps(
    commands: &Commands<'_>,
    groups: &[CheckFindings<'_>],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut steps = vec![commands.audit(&["--full"])];
    if let Some(first) = groups.first().and_then(|group| group.results.first()) {
        steps.extend(commands.explain(&first.check, &first.resource));
        steps.extend(commands.all_fixes());
    }
    steps.push(commands.audit(&["-o", "html=report.html"]));
    writeln!(out)?;
    for (at, step) in steps.iter().enumerate() {
        let label = if at == 0 { "next" } else { "" };
        let label = paint(look.color, Tone::Quiet, &format!("{label:<LABEL$}"));
        writeln!(out, "  {label}  {}", hostile::plain(step))?;
    }
    Ok(())
}
