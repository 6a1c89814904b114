//! What could not be judged, and which permission would settle it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::Tone;
use super::{WIDE, count, heading, prose, some_of};
use crate::output::Look;
use crate::report::{CheckResult, Reason, Report, Status};

/// Everything that hangs on one permission.
#[derive(Default)]
struct Missing<'a> {
    reasons: BTreeSet<Reason>,
    codes: BTreeSet<&'a str>,
    resources: BTreeSet<&'a str>,
    checks: BTreeSet<&'a str>,
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
    let mut by_action: BTreeMap<&str, Missing<'_>> = BTreeMap::new();
    let mut undecidable: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in &unjudged {
        if result.missing.is_empty() {
            undecidable.entry(&result.check).or_default().push(result);
        }
        for action in &result.missing {
            let missing = by_action.entry(action).or_default();
            missing.reasons.extend(result.reason);
            missing.resources.insert(&result.resource.name);
            missing.checks.insert(&result.check);
        }
    }
    for gap in &report.gaps {
        if let Some(missing) = by_action.get_mut(gap.action.as_str()) {
            missing.codes.insert(&gap.code);
        }
    }
    heading(
        look,
        "Not judged",
        &format!(
            "{}; neither passed nor failed",
            count(unjudged.len(), "result")
        ),
        out,
    )?;
    if !by_action.is_empty() {
        permissions(look, &by_action, out)?;
    }
    for (check, results) in &undecidable {
        let names: BTreeSet<&str> = results
            .iter()
            .map(|result| result.resource.name.as_str())
            .collect();
        let why = results
            .iter()
            .find_map(|result| result.message.as_deref())
            .unwrap_or("what was read does not decide it");
        let text = format!("{check} on {}: {why}", some_of(names.iter().copied(), 3));
        prose(look, 2, Tone::Plain, &text, out)?;
    }
    if by_action
        .values()
        .any(|missing| missing.reasons.contains(&Reason::Denied))
    {
        writeln!(out)?;
        prose(
            look,
            2,
            Tone::Quiet,
            "The least-privilege policy for these checks: coldbucket permissions",
            out,
        )?;
    }
    Ok(())
}

fn permissions(
    look: Look,
    by_action: &BTreeMap<&str, Missing<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let wide = look.width >= WIDE;
    let mut grid = Grid::new(
        2,
        [
            Column::new("permission"),
            Column::new("answer").sacrifice(1),
            Column::new("on"),
            Column::new("would settle").prose(),
        ],
    );
    for (action, missing) in by_action {
        let answer = if missing.codes.is_empty() {
            missing
                .reasons
                .iter()
                .map(|reason| words(*reason))
                .collect::<Vec<_>>()
                .join(", ")
        } else {
            missing.codes.iter().copied().collect::<Vec<_>>().join(", ")
        };
        let on = match missing
            .resources
            .iter()
            .copied()
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["*"] => "all".to_owned(),
            [one] if wide || one.len() <= 20 => (*one).to_owned(),
            several => count(several.len(), "resource"),
        };
        grid.row([
            Text::new(Tone::Unknown, action),
            Text::plain(&answer),
            Text::plain(&on),
            Text::plain(&some_of(
                missing.checks.iter().copied(),
                if wide { 6 } else { 3 },
            )),
        ]);
    }
    grid.write(look.width, look.color, out)
}

const fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Denied => "denied",
        Reason::Failed => "failed",
        Reason::NotCollected => "not collected",
        Reason::Undecidable => "undecidable",
    }
}
