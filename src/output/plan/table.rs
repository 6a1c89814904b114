//! The plan for a person at a terminal: the worst first, whether it is ready or waits for a decision.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::output::commands::Commands;
use crate::output::table::paint::{Tone, paint};
use crate::output::table::{count, heading, hint_line, labelled, prose, some_of};
use crate::output::{Look, hostile};
use crate::report::plan::{Fix, Level, Plan};

/// Fixes that are shown, worst first.
const SHOWN: usize = 100;
/// Resources named after a fix that is the same for all of them.
const LIKEWISE: usize = 24;
/// Checks named for one fix.
const CHECKS_NAMED: usize = 6;

pub(super) fn render(plan: &Plan, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<&Fix> = plan.fixes.iter().collect();
    let ready = all.iter().filter(|fix| fix.is_ready()).count();
    let waiting = all.len() - ready;
    prose(
        look,
        0,
        Tone::Plain,
        &format!(
            "{}: {ready} ready to run, {waiting} waiting for your decision. Nothing has been applied.",
            count(all.len(), "fix"),
        ),
        out,
    )?;
    if all.is_empty() {
        return Ok(());
    }
    heading(look, "Fixes", "worst first", out)?;
    let groups = alike(&all);
    for group in groups.iter().take(SHOWN) {
        writeln!(out)?;
        one(group, look, out)?;
    }
    let unseen: usize = groups.iter().skip(SHOWN).map(Vec::len).sum();
    let commands = Commands::of_run(&plan.invocation);
    writeln!(out)?;
    if unseen > 0 {
        let more = format!("and {unseen} more:");
        hint_line(look, &more, &commands.remediate(&["--format", "csv"]), out)?;
    }
    if ready > 0 {
        let format = commands.ready_format();
        let command = commands.remediate(&["--format", format]);
        hint_line(look, "To print them:", &command, out)?;
    }
    let first_waiting = groups
        .iter()
        .filter_map(|group| group.first())
        .find(|fix| !fix.is_ready() && fix.shell.is_some());
    if let Some(check) = first_waiting.and_then(|fix| fix.findings.first()) {
        let check = check.check.as_str();
        let format = commands.ready_format();
        let options = ["--check", check, "--decided", check, "--format", format];
        let command = commands.remediate(&options);
        hint_line(look, "To approve a fix:", &command, out)?;
    }
    Ok(())
}

/// Fixes that differ in the name of the resource alone, together; the worst come first.
fn alike<'f>(fixes: &[&'f Fix]) -> Vec<Vec<&'f Fix>> {
    let mut groups: Vec<Vec<&Fix>> = Vec::new();
    let mut by_text: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for &fix in fixes {
        let checks = fix.findings.iter().map(|finding| finding.check.clone());
        let key: Vec<String> = [
            fix.what.as_str(),
            &fix.effect,
            &fix.risk_note,
            fix.decide.as_deref().unwrap_or_default(),
        ]
        .into_iter()
        .map(|text| text.replace(&fix.resource.name, "\0"))
        .chain(checks)
        .collect();
        match by_text.get(&key).and_then(|at| groups.get_mut(*at)) {
            Some(group) => group.push(fix),
            None => {
                by_text.insert(key, groups.len());
                groups.push(vec![fix]);
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.iter().map(|fix| fix.severity()).max()));
    groups
}

fn one(group: &[&Fix], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let Some((fix, others)) = group.split_first() else {
        return Ok(());
    };
    let severity = fix.severity();
    let badge = severity.name().to_uppercase();
    let indent = 2 + badge.len() + 2;
    let what = hostile::plain(&fix.what);
    let lines = crate::output::table::grid::wrap(&what, look.width.saturating_sub(indent));
    for (position, line) in lines.iter().enumerate() {
        let line = paint(look.color, Tone::Strong, line);
        if position == 0 {
            let badge = paint(look.color, Tone::of(severity), &badge);
            writeln!(out, "  {badge}  {line}")?;
        } else {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    if !others.is_empty() {
        let names: Vec<&str> = others
            .iter()
            .map(|other| other.resource.name.as_str())
            .collect();
        let names = some_of(names.into_iter(), LIKEWISE);
        prose(look, 4, Tone::Quiet, &format!("also for {names}"), out)?;
    }
    let mut checks: Vec<&str> = fix
        .findings
        .iter()
        .map(|finding| finding.check.as_str())
        .collect();
    checks.dedup();
    let risk = match fix.risk {
        Level::Low => Tone::Quiet,
        Level::Medium | Level::High => Tone::Strong,
    };
    let mut line = |label: &str, parts: &[(Tone, String)]| {
        if parts.iter().all(|(_, text)| text.is_empty()) {
            return Ok(());
        }
        labelled(look, 4, label, 6, parts, out)
    };
    line(
        "fixes",
        &[(Tone::Plain, some_of(checks.into_iter(), CHECKS_NAMED))],
    )?;
    if let (Some(decide), false) = (&fix.decide, fix.decided) {
        line("decide", &[(Tone::Plain, decide.clone())])?;
    }
    line("effect", &[(Tone::Plain, fix.effect.clone())])?;
    if !fix.risk_note.is_empty() {
        line(
            "risk",
            &[
                (risk, format!("{}:", fix.risk.name())),
                (Tone::Plain, fix.risk_note.clone()),
            ],
        )?;
    }
    let state = if fix.is_ready() {
        "ready to run"
    } else {
        "needs your decision"
    };
    let mut effort = format!("{}; {state}", fix.effort.name());
    if fix.verified {
        effort.push_str("; verified on LocalStack or moto");
    }
    if fix.shell.is_none() {
        effort.push_str("; no command can do it");
    }
    line("effort", &[(Tone::Quiet, effort)])
}
