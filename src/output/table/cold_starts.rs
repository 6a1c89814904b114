//! One line a function version: what makes it start cold, and how likely a caller waits.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::{SHOWN, WIDE, count, heading, more};
use crate::output::Look;
use crate::output::cold_starts::{Names, risk, slowest};
use crate::output::words::{self, Tone};
use crate::report::numbers::{number, size};
use crate::report::{ColdStart, Report};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if report.cold_start.is_empty() {
        return Ok(());
    }
    let mut versions: Vec<&ColdStart> = report.cold_start.iter().collect();
    versions.sort_by(|a, b| risk(a).cmp(&risk(b)).then_with(|| slowest(a, b)));
    let total = versions.len();
    let functions: BTreeSet<&str> = versions
        .iter()
        .map(|version| version.arn.as_str())
        .collect();
    let remark = if functions.len() == total {
        total.to_string()
    } else {
        format!(
            "{}, {}",
            count(functions.len(), "function"),
            count(total, "version")
        )
    };
    heading(look, "Lambda cold starts", &remark, out)?;
    versions.truncate(SHOWN);
    table(&Names::of(report), look, &versions).write(look.width, look.color, out)?;
    more(look, total, ", none of them at a higher risk", out)
}

fn table(names: &Names<'_>, look: Look, versions: &[&ColdStart]) -> Grid {
    let wide = look.width >= WIDE;
    let mut grid = Grid::new(
        2,
        [
            Column::new("function"),
            Column::new("region").sacrifice(6),
            Column::new("runtime"),
            Column::new("arch").sacrifice(8),
            Column::new("memory").right().sacrifice(7),
            Column::new("package").right().sacrifice(2),
            Column::new("VPC").sacrifice(5),
            Column::new("concurrency").sacrifice(1),
            Column::new("SnapStart").sacrifice(4),
            Column::new("risk"),
        ],
    );
    for version in versions {
        let arch = if wide { &version.architecture } else { "" };
        grid.row([
            Text::plain(&names.qualified(version)),
            Text::new(Tone::Quiet, &version.region),
            Text::plain(&version.runtime),
            Text::new(Tone::Quiet, arch),
            Text::plain(&format!("{} MB", number(version.memory_mb))),
            match version.package_mb {
                Some(mb) => Text::plain(&size(mb)),
                None => Text::new(Tone::Unknown, "unknown"),
            },
            if version.vpc {
                Text::plain("yes")
            } else {
                Text::new(Tone::Quiet, "no")
            },
            words::provisioned(&version.provisioned_concurrency).into(),
            words::snap_start(version.snap_start).into(),
            words::risk(version.risk).into(),
        ]);
    }
    grid.drop_where_all(str::is_empty);
    grid
}
