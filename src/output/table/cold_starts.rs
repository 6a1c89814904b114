//! One line a function version: what makes it start cold, and how likely a caller waits.

use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::Tone;
use super::{SHOWN, WIDE, count, heading, prose};
use crate::output::Look;
use crate::report::{ColdStart, Report};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if report.cold_start.is_empty() {
        return Ok(());
    }
    let mut versions: Vec<&ColdStart> = report.cold_start.iter().collect();
    versions.sort_by_key(|version| rank(&version.risk));
    let functions: std::collections::BTreeSet<&str> = versions
        .iter()
        .map(|version| version.arn.as_str())
        .collect();
    let remark = if functions.len() == versions.len() {
        functions.len().to_string()
    } else {
        format!(
            "{}, {}",
            count(functions.len(), "function"),
            count(versions.len(), "version")
        )
    };
    heading(look, "Lambda cold starts", &remark, out)?;
    let shown = versions
        .get(..SHOWN.min(versions.len()))
        .unwrap_or(&versions);
    table(look, shown).write(look.width, look.color, out)?;
    if let Some(more) = versions.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let text = format!("and {more} more, none of them at a higher risk; -o json has them all");
        prose(look, 2, Tone::Quiet, &text, out)?;
    }
    Ok(())
}

fn rank(risk: &str) -> u8 {
    match risk {
        "high" => 0,
        "medium" => 1,
        "unknown" => 2,
        "low" => 3,
        _ => 4,
    }
}

fn table(look: Look, versions: &[&ColdStart]) -> Grid {
    let wide = look.width >= WIDE;
    let mut grid = Grid::new(
        2,
        [
            Column::new("function"),
            Column::new("version").sacrifice(2),
            Column::new("region").sacrifice(5),
            Column::new("runtime"),
            Column::new("arch").sacrifice(7),
            Column::new("memory").right().sacrifice(6),
            Column::new("package").right(),
            Column::new("VPC"),
            Column::new("concurrency"),
            Column::new("SnapStart").sacrifice(3),
            Column::new("risk"),
        ],
    );
    for version in versions {
        let latest = version.qualifier == "$LATEST";
        let qualifier = Text::new(
            if latest { Tone::Quiet } else { Tone::Plain },
            &version.qualifier,
        );
        let package = match version.package_mb {
            Some(mb) if mb >= 100.0 => format!("{mb:.0} MB"),
            Some(mb) if mb < 0.05 => "<0.1 MB".to_owned(),
            Some(mb) => format!("{mb:.1} MB"),
            None => "unknown".to_owned(),
        };
        let arch = if wide {
            version.architecture.as_str()
        } else {
            ""
        };
        grid.row([
            Text::plain(&version.function),
            qualifier,
            Text::new(Tone::Quiet, &version.region),
            Text::plain(&version.runtime),
            Text::new(Tone::Quiet, arch),
            Text::plain(&format!("{} MB", version.memory_mb)),
            match version.package_mb {
                Some(_) => Text::plain(&package),
                None => Text::new(Tone::Unknown, &package),
            },
            if version.vpc {
                Text::plain("yes")
            } else {
                Text::new(Tone::Quiet, "no")
            },
            concurrency(&version.provisioned_concurrency),
            snap_start(&version.snap_start),
            risk(&version.risk),
        ]);
    }
    // A column of blanks, or of `$LATEST` alone, says nothing.
    grid.drop_where_all(|text| text.is_empty() || text == "$LATEST");
    grid
}

fn concurrency(text: &str) -> Text {
    let tone = match text {
        "none" => Tone::Quiet,
        "unknown" => Tone::Unknown,
        failed if failed.contains("FAILED") => Tone::Bad,
        ready if ready.contains("READY") => Tone::Good,
        _ => Tone::Plain,
    };
    Text::new(tone, text)
}

fn snap_start(text: &str) -> Text {
    let tone = match text {
        "on" => Tone::Good,
        "off" => Tone::Warn,
        "unknown" => Tone::Unknown,
        _ => Tone::Quiet,
    };
    Text::new(tone, text)
}

fn risk(text: &str) -> Text {
    let tone = match text {
        "high" => Tone::Bad,
        "medium" => Tone::Warn,
        "low" => Tone::Good,
        _ => Tone::Unknown,
    };
    Text::new(tone, text)
}
