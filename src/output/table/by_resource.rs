//! `--by resource`: what is wrong with each resource, the worst resource first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::is_named;
use super::paint::{Tone, paint};
use super::{SHOWN, count, hint_line, more, prose};
use crate::output::commands::Commands;
use crate::output::weight::Weights;
use crate::output::{Look, hostile};
use crate::report::{CheckResult, Report, ResourceId};

/// Checks that are shown of one resource.
const CHECKS: usize = 10;

/// `failed` is sorted worst first.
pub(super) fn render(
    report: &Report,
    failed: &[&CheckResult],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut by_resource: BTreeMap<&ResourceId, Vec<&CheckResult>> = BTreeMap::new();
    for result in failed {
        by_resource
            .entry(&result.resource)
            .or_default()
            .push(result);
    }
    let mut resources: Vec<(&ResourceId, Vec<&CheckResult>)> = by_resource.into_iter().collect();
    let weights = Weights::of(report);
    resources.sort_by_cached_key(|(id, _)| Reverse(weights.of_resource(id)));
    for (id, results) in resources.iter().take(SHOWN) {
        writeln!(out)?;
        of_resource(report, id, results, look, out)?;
    }
    if resources.len() > SHOWN {
        writeln!(out)?;
    }
    more(look, resources.len(), " resources, none of them worse", out)?;
    if let Some((id, results)) = resources.first()
        && let Some(first) = results.first()
    {
        writeln!(out)?;
        let commands = Commands::of(report);
        let hints = [
            ("Why:", commands.explain(&first.check, id)),
            ("The fix:", commands.fix_of(first)),
        ];
        for (what, command) in hints {
            if let Some(command) = command {
                hint_line(look, what, &command, out)?;
            }
        }
    }
    Ok(())
}

fn of_resource(
    report: &Report,
    id: &ResourceId,
    results: &[&CheckResult],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = match results.first() {
        Some(first) if is_named(first) => &id.name,
        _ => &id.arn,
    };
    writeln!(
        out,
        "  {}  {}",
        paint(look.color, Tone::Strong, &hostile::plain(name)),
        paint(
            look.color,
            Tone::Quiet,
            &format!(
                "{}, {}",
                hostile::plain(&id.region),
                count(results.len(), "finding")
            )
        ),
    )?;
    // Items of one check are one line.
    let mut checks: Vec<(&CheckResult, usize)> = Vec::new();
    for result in results {
        match checks
            .iter_mut()
            .find(|(first, _)| first.check == result.check)
        {
            Some((_, number)) => *number += 1,
            None => checks.push((result, 1)),
        }
    }
    let mut grid = Grid::new(
        4,
        [
            Column::new(""),
            Column::new("").prose(),
            Column::new("").sacrifice(1),
        ],
    );
    for (result, number) in checks.iter().take(CHECKS) {
        let title = report
            .checks
            .get(&result.check)
            .map_or(result.check.as_str(), |summary| summary.title.as_str());
        let title = if *number > 1 {
            format!("{title} ({number} times)")
        } else {
            title.to_owned()
        };
        let severity = result.severity;
        grid.row([
            Text::new(Tone::of(severity), &severity.name().to_uppercase()),
            Text::plain(&title),
            Text::new(Tone::Quiet, &result.check),
        ]);
    }
    grid.write(look.width, look.color, out)?;
    if let Some(unseen) = checks.len().checked_sub(CHECKS).filter(|more| *more > 0) {
        prose(
            look,
            4,
            Tone::Quiet,
            &format!("and {}", count(unseen, "more check")),
            out,
        )?;
    }
    Ok(())
}
