//! `who-can` and `what-can` for a person: principals with the same reason on one line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::table::grid::{Column, Grid, Text};
use super::table::paint::{Tone, paint};
use super::table::prose;
use super::{Look, hostile};
use crate::report::Reach;
use crate::report::who_can::{PrincipalAnswer, TargetRow, WhatCanReport, WhoCanReport};
use crate::report::{account_of_arn, resource_of_arn};

/// Names that a line shows of a group.
const NAMES: usize = 4;

/// Writes who can.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &WhoCanReport, all: bool, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}  {}  ({})",
        paint(look.color, Tone::Strong, &hostile::plain(&report.target)),
        hostile::plain(&report.asked),
        hostile::plain(&report.actions.join(", "))
    )?;
    writeln!(out)?;
    let mut groups: BTreeMap<(u8, u8, String, String), Vec<&str>> = BTreeMap::new();
    for row in &report.principals {
        if row.answer.verdict == Reach::Unreachable && !all {
            continue;
        }
        let key = (
            order(row.answer.verdict),
            nearness(&row.principal, &report.account),
            through(&row.answer),
            under(&row.answer),
        );
        groups.entry(key).or_default().push(&row.principal);
    }
    let mut grid = Grid::new(
        0,
        [
            Column::new("VERDICT"),
            Column::new("PRINCIPALS").prose(),
            Column::new("THROUGH"),
            Column::new("UNDER").sacrifice(1),
        ],
    );
    for ((verdict, _, through, under), principals) in &groups {
        let (word, tone) = verdict_word(*verdict);
        grid.row([
            Text::new(tone, word),
            Text::plain(&people(principals, all)),
            Text::plain(through),
            Text::plain(under),
        ]);
    }
    if groups.is_empty() {
        prose(look, 0, Tone::Plain, "No principal can.", out)?;
    } else {
        grid.write(look.width, look.color, out)?;
    }
    let cannot = report
        .principals
        .iter()
        .filter(|row| row.answer.verdict == Reach::Unreachable)
        .count();
    if !all && cannot > 0 {
        let text = format!("{cannot} more principals cannot; --all shows what blocks them.");
        writeln!(out)?;
        prose(look, 0, Tone::Quiet, &text, out)?;
    }
    idle(report, all, look, out)?;
    if !report.one_hop.is_empty() {
        writeln!(out)?;
        prose(look, 0, Tone::Strong, "One step away", out)?;
        let mut grid = Grid::new(
            2,
            [
                Column::new("PRINCIPAL"),
                Column::new("VIA"),
                Column::new("ROLE").sacrifice(1),
            ],
        );
        for hop in &report.one_hop {
            let via = if hop.unknown {
                format!("{} (perhaps)", hop.via)
            } else {
                hop.via.clone()
            };
            grid.row([
                Text::plain(&short(&hop.principal)),
                Text::plain(&via),
                Text::plain(&hop.role.as_deref().map(short).unwrap_or_default()),
            ]);
        }
        grid.write(look.width, look.color, out)?;
    }
    for action in &report.unlisted {
        writeln!(out)?;
        let text = format!(
            "Users and roles were not listed: {action} is missing. Others may have access."
        );
        prose(look, 0, Tone::Unknown, &text, out)?;
    }
    assumes(&report.assumes, look, out)
}

/// Those who can and have not called S3 for so many days are named.
const IDLE_DAYS: u32 = 90;

/// How many of those who can use S3 at all, where that was read.
fn idle(report: &WhoCanReport, all: bool, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let known: Vec<(&str, u32)> = report
        .principals
        .iter()
        .filter(|row| row.answer.verdict.lets_in())
        .filter_map(|row| Some((row.principal.as_str(), row.idle_days?)))
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let unused = || known.iter().filter(|(_, days)| *days >= IDLE_DAYS);
    let count = unused().count();
    let text = format!(
        "Of {} identities that can and whose use of S3 is known, {count} have not called S3 for {IDLE_DAYS} days{}{}.",
        known.len(),
        if count == 0 { "" } else { ": " },
        listed(unused().map(|(name, _)| short(name)), count, all),
    );
    writeln!(out)?;
    prose(look, 0, Tone::Plain, &text, out)
}

/// Writes what an identity can.
///
/// # Errors
/// Those of the writer.
pub fn render_identity(
    report: &WhatCanReport,
    all: bool,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{}",
        paint(look.color, Tone::Strong, &hostile::plain(&report.principal))
    )?;
    writeln!(out)?;
    // Targets with the same access are one line.
    let mut access: BTreeMap<&str, Vec<&TargetRow>> = BTreeMap::new();
    for row in &report.access {
        access.entry(&row.target).or_default().push(row);
    }
    let mut groups: BTreeMap<Vec<(u8, String, String)>, Vec<&str>> = BTreeMap::new();
    for (target, rows) in access {
        let mut by_reason: BTreeMap<(u8, String), Vec<&str>> = BTreeMap::new();
        for row in rows {
            if row.answer.verdict == Reach::Unreachable && !all {
                continue;
            }
            let mut reason = through(&row.answer);
            let under = under(&row.answer);
            if !under.is_empty() {
                reason = format!("{reason}, under {under}");
            }
            by_reason
                .entry((order(row.answer.verdict), reason))
                .or_default()
                .push(&row.class);
        }
        let key: Vec<(u8, String, String)> = by_reason
            .into_iter()
            .map(|((verdict, reason), classes)| (verdict, classes.join(", "), reason))
            .collect();
        if !key.is_empty() {
            groups.entry(key).or_default().push(target);
        }
    }
    let mut grid = Grid::new(
        0,
        [
            Column::new("TARGETS").prose(),
            Column::new("VERDICT"),
            Column::new("CLASSES"),
            Column::new("THROUGH").sacrifice(1),
        ],
    );
    for (reasons, targets) in &groups {
        let mut names = listed(targets.iter().map(|name| short(name)), targets.len(), all);
        for (verdict, classes, through) in reasons {
            let (word, tone) = verdict_word(*verdict);
            grid.row([
                Text::plain(&std::mem::take(&mut names)),
                Text::new(tone, word),
                Text::plain(classes),
                Text::plain(through),
            ]);
        }
    }
    if groups.is_empty() {
        prose(
            look,
            0,
            Tone::Plain,
            "It can reach nothing that was read.",
            out,
        )?;
    } else {
        grid.write(look.width, look.color, out)?;
    }
    assumes(&report.assumes, look, out)
}

fn assumes(assumes: &[String], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if assumes.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    prose(
        look,
        0,
        Tone::Quiet,
        &format!("Assumed: {}.", assumes.join("; ")),
        out,
    )
}

/// What is certain and widest first.
const fn order(reach: Reach) -> u8 {
    match reach {
        Reach::Reachable => 0,
        Reach::Constrained => 1,
        Reach::Unknown => 2,
        Reach::Unreachable => 3,
    }
}

/// Who is farthest from the account comes first: anyone, any account, others by name, its own identities.
fn nearness(principal: &str, account: &str) -> u8 {
    match principal {
        "anonymous" => 0,
        "account:*" | "service:*" => 1,
        own if account_of_arn(own) == Some(account) => 3,
        _ => 2,
    }
}

const fn verdict_word(order: u8) -> (&'static str, Tone) {
    match order {
        0 => ("can", Tone::Bad),
        1 => ("can, under conditions", Tone::Warn),
        2 => ("unknown", Tone::Unknown),
        _ => ("cannot", Tone::Good),
    }
}

/// The policies that allow it, what is missing, or what blocks it.
pub fn through(answer: &PrincipalAnswer) -> String {
    let cited = |policy: &str, statement: Option<usize>| match statement {
        Some(statement) => format!("{policy}, statement {statement}"),
        None => policy.to_owned(),
    };
    match answer.verdict {
        Reach::Reachable | Reach::Constrained => answer
            .by
            .iter()
            .map(|by| cited(&by.policy, by.statement))
            .collect::<Vec<_>>()
            .join(" and "),
        Reach::Unknown if answer.missing.is_empty() => answer.reason.clone().unwrap_or_default(),
        Reach::Unknown => format!("missing {}", answer.missing.join(", ")),
        Reach::Unreachable => match &answer.blocked_by {
            None => String::new(),
            Some(blocked) if blocked.statement.is_some() => format!(
                "{}: {}",
                cited(&blocked.policy, blocked.statement),
                blocked.reason
            ),
            Some(blocked) => blocked.reason.clone(),
        },
    }
}

/// What must hold where it is constrained.
pub fn under(answer: &PrincipalAnswer) -> String {
    answer
        .under
        .iter()
        .map(|(key, values)| {
            if values.is_empty() {
                key.clone()
            } else {
                format!("{key} {}", values.join(" or "))
            }
        })
        .collect::<Vec<_>>()
        .join(" and ")
}

/// How many of which kind, and some names.
fn people(principals: &[&str], all: bool) -> String {
    let names = || principals.iter().map(|name| short(name));
    if principals.len() <= NAMES {
        return listed(names(), principals.len(), all);
    }
    let count = |wanted: &str| {
        principals
            .iter()
            .filter(|name| name.contains(wanted))
            .count()
    };
    let (roles, users) = (count(":role/"), count(":user/"));
    let others = principals.len() - roles - users;
    let counted = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    let kinds: Vec<String> = [
        counted(roles, "role"),
        counted(users, "user"),
        counted(others, "other"),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!(
        "{}: {}",
        kinds.join(", "),
        listed(names(), principals.len(), all)
    )
}

fn listed(names: impl Iterator<Item = String>, count: usize, all: bool) -> String {
    let most = if all { usize::MAX } else { NAMES };
    let shown: Vec<String> = names.take(most).collect();
    match count.saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// An identity by kind and name, a function by its name, anyone else in words.
pub fn short(principal: &str) -> String {
    match principal {
        "anonymous" => "anyone on the internet".to_owned(),
        "account:*" => "any AWS account".to_owned(),
        "service:*" => "any AWS service".to_owned(),
        other => {
            if let Some(account) = other.strip_prefix("account:") {
                return format!("account {account}");
            }
            if let Some(service) = other.strip_prefix("service:") {
                return format!("the service {service}");
            }
            if let Some(id) = other.strip_prefix("canonical:") {
                return format!("canonical user {id}");
            }
            match resource_of_arn(other) {
                Some("root") => "the root user".to_owned(),
                Some(resource) => resource
                    .strip_prefix("function:")
                    .unwrap_or(resource)
                    .to_owned(),
                None => other.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_the_names_that_people_use() {
        assert_eq!(
            short("arn:aws:iam::111122223333:role/a/deploy"),
            "role/a/deploy"
        );
        assert_eq!(short("arn:aws:iam::111122223333:root"), "the root user");
        assert_eq!(short("account:222222222222"), "account 222222222222");
        assert_eq!(
            short("arn:aws:lambda:eu-west-1:1:function:orders"),
            "orders"
        );
    }

    #[test]
    fn a_large_group_is_counted() {
        let names: Vec<String> = (0..37)
            .map(|number| format!("arn:aws:iam::1:role/r{number:02}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(
            people(&names, false),
            "37 roles: role/r00, role/r01, role/r02, role/r03 and 33 more"
        );
    }
}
