//! What is wrong: worst first, grouped by check, each check with its fix.
//!
//! An account of many buckets reads as a page: of a check, a few different sentences are shown, each
//! with some of the resources that it holds for, and how many more there are.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::is_named;
use super::paint::{Tone, link, paint};
use super::{WIDE, by_resource, heading, hint_line, labelled, prose, some_of};
use crate::output::commands::Commands;
use crate::output::shortened::{CheckFindings, by_check};
use crate::output::{By, Look, hostile};
use crate::report::numbers::number;
use crate::report::{CheckResult, Report};

/// Different sentences that are shown for one check.
const SHOWN_A_CHECK: usize = 8;
/// Names after a sentence that holds for all of them.
const LIKEWISE_NAMES: usize = 24;
/// ARNs after a sentence that holds for all of them.
const LIKEWISE_ARNS: usize = 4;

/// Findings that a table is made of, the worst; further ones are only counted.
const FINDINGS: usize = 5_000;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut groups = by_check(report);
    let total: usize = groups.iter().map(|group| group.results.len()).sum();
    if total == 0 {
        return Ok(());
    }
    heading(look, "Findings", &number(total), out)?;
    let mut room = FINDINGS;
    for group in &mut groups {
        group.results.truncate(room);
        room -= group.results.len();
    }
    groups.retain(|group| !group.results.is_empty());
    if total > FINDINGS {
        let text = format!(
            "The worst {}. {} more, none of them worse, are in -o csv=FILE, -o json=FILE and the \
             other machine formats; --severity, --check and --bucket narrow the table.",
            number(FINDINGS),
            number(total - FINDINGS)
        );
        prose(look, 2, Tone::Warn, &text, out)?;
    }
    if look.by == By::Resource {
        let failed: Vec<&CheckResult> =
            groups.into_iter().flat_map(|group| group.results).collect();
        return by_resource::render(report, &failed, look, out);
    }
    for group in &groups {
        writeln!(out)?;
        of_check(report, look, group, out)?;
    }
    let example = groups.first().and_then(|group| group.results.first());
    if let Some(example) = example {
        writeln!(out)?;
        let commands = Commands::of(report);
        let hints = [
            ("Why:", commands.explain(&example.check, &example.resource)),
            ("Its fix:", commands.fix_of_check(&example.check)),
            ("All fixes as commands:", commands.all_fixes()),
        ];
        for (what, command) in hints {
            if let Some(command) = command {
                hint_line(look, what, &command, out)?;
            }
        }
    }
    Ok(())
}

fn of_check(
    report: &Report,
    look: Look,
    group: &CheckFindings<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let CheckFindings {
        severity,
        check,
        results,
    } = group;
    let summary = report.checks.get(*check);
    let title = summary.map_or("", |summary| summary.title.as_str());
    let url = summary.and_then(|summary| summary.references.first());
    let url = url.map(String::as_str);
    let (title, id) = (hostile::plain(title), hostile::plain(check));
    let badge = severity.name().to_uppercase();
    let one_line = 2 + badge.len() + 2 + wide_of(&title) + 2 + wide_of(&id) <= look.width;
    writeln!(
        out,
        "  {}  {}{}{}",
        paint(look.color, Tone::of(*severity), &badge),
        link(look.links, url, &paint(look.color, Tone::Strong, &title)),
        if one_line {
            "  ".to_owned()
        } else {
            format!("\n  {:wide$}  ", "", wide = badge.len())
        },
        paint(look.color, Tone::Quiet, &id),
    )?;
    let groups = alike(results);
    let shown = groups
        .get(..SHOWN_A_CHECK.min(groups.len()))
        .unwrap_or(&groups);
    let labels: Vec<String> = shown.iter().map(|group| label(group.first)).collect();
    let longest = labels.iter().map(|label| wide_of(label)).max().unwrap_or(0);
    // Beside each other while the names leave the sentences room, below each other otherwise.
    let beside = look.width >= WIDE && longest * 5 <= look.width * 2;
    let mut grid = Grid::new(4, [Column::new(""), Column::new("").prose()]);
    for (group, label) in shown.iter().zip(&labels) {
        let message = group.first.message.as_deref().unwrap_or("");
        let likewise = group.likewise();
        if beside {
            grid.row([Text::plain(label), Text::plain(message)]);
            if !likewise.is_empty() {
                grid.row([Text::default(), Text::new(Tone::Quiet, &likewise)]);
            }
        } else {
            prose(look, 4, Tone::Plain, label, out)?;
            prose(look, 6, Tone::Plain, message, out)?;
            prose(look, 6, Tone::Quiet, &likewise, out)?;
        }
    }
    if beside {
        grid.write(look.width, look.color, out)?;
    }
    let unseen: usize = groups
        .iter()
        .skip(shown.len())
        .map(|group| 1 + group.others.len())
        .sum();
    if unseen > 0 {
        prose(look, 4, Tone::Quiet, &format!("and {unseen} more"), out)?;
    }
    let fix = summary.map_or("", |summary| summary.remediation.as_str());
    if !fix.is_empty() {
        labelled(look, 4, "Fix", 3, &[(Tone::Plain, fix.to_owned())], out)?;
    }
    Ok(())
}

/// Findings of one check that say the same of different resources.
struct AlikeResults<'a> {
    first: &'a CheckResult,
    others: Vec<&'a CheckResult>,
}

impl AlikeResults<'_> {
    /// The others by name, as many as a few lines hold.
    fn likewise(&self) -> String {
        if self.others.is_empty() {
            return String::new();
        }
        let labels: Vec<String> = self.others.iter().map(|result| label(result)).collect();
        // An ARN takes a line of its own.
        let shown = if is_named(self.first) {
            LIKEWISE_NAMES
        } else {
            LIKEWISE_ARNS
        };
        format!(
            "likewise {}",
            some_of(labels.iter().map(String::as_str), shown)
        )
    }
}

/// The findings of a check, those with the same sentence but for the name together.
fn alike<'a>(results: &[&'a CheckResult]) -> Vec<AlikeResults<'a>> {
    let mut groups: Vec<AlikeResults<'_>> = Vec::new();
    let mut by_sentence: BTreeMap<String, usize> = BTreeMap::new();
    for &result in results {
        let message = result.message.as_deref().unwrap_or("");
        let sentence = message.replace(&result.resource.name, "\0");
        match by_sentence
            .get(&sentence)
            .and_then(|at| groups.get_mut(*at))
        {
            Some(group) => group.others.push(result),
            None => {
                by_sentence.insert(sentence, groups.len());
                groups.push(AlikeResults {
                    first: result,
                    others: Vec::new(),
                });
            }
        }
    }
    groups
}

fn wide_of(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// What identifies the resource best: its name, or its ARN where names repeat over Regions.
fn label(result: &CheckResult) -> String {
    let resource = &result.resource;
    match (is_named(result), &result.item) {
        (true, None) => resource.name.clone(),
        (true, Some(item)) => format!("{} ({item})", resource.name),
        (false, None) => resource.arn.clone(),
        // A function's version or alias is part of its qualified ARN.
        (false, Some(item)) => format!("{}:{item}", resource.arn),
    }
}
