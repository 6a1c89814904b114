//! One line a function version: how long a cold start takes, what of, and what would help most.

use std::io::{self, Write};

use serde_json::Value;

use super::grid::{Column, Grid, Text};
use super::paint::Tone;
use super::{SHOWN, heading, prose};
use crate::output::Look;
use crate::report::{ColdStart, Lever, Report};

/// Cold starts from which logs say more than the estimate.
const ENOUGH: u64 = 10;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut versions: Vec<&ColdStart> = report
        .cold_start
        .iter()
        .filter(|version| version.estimate.is_some() || version.measured.is_some())
        .collect();
    if versions.is_empty() {
        return Ok(());
    }
    versions.sort_by(|a, b| time(b).total_cmp(&time(a)));
    heading(
        look,
        "Cold starts in milliseconds and dollars",
        "init + first call, slowest first",
        out,
    )?;
    let shown = versions
        .get(..SHOWN.min(versions.len()))
        .unwrap_or(&versions);
    table(shown).write(look.width, look.color, out)?;
    if let Some(more) = versions.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let text = format!("and {more} more, all of them faster; -o json has them all");
        prose(look, 2, Tone::Quiet, &text, out)?;
    }
    let text = "Estimates are of a median start, by a model fitted on published measurements; the band \
                brackets what it may be. A lever also saves what no log shows, the download before init; its price is a \
                month's. -o json has every part, every lever and its command.";
    prose(look, 2, Tone::Quiet, text, out)
}

/// `orders:live`, as a caller would write it; `orders` alone calls `$LATEST`.
fn named(version: &ColdStart) -> String {
    if version.qualifier == "$LATEST" {
        version.function.clone()
    } else {
        format!("{}:{}", version.function, version.qualifier)
    }
}

/// "loading 25.3 MB of code" without what the column has no room for.
fn first_words(what: &str) -> &str {
    [" of ", " and ", " in "]
        .iter()
        .filter_map(|word| what.find(word))
        .min()
        .and_then(|end| what.get(..end))
        .unwrap_or(what)
}

fn figure(version: &ColdStart, member: &str) -> Option<f64> {
    version
        .estimate
        .as_ref()?
        .get(member)
        .and_then(Value::as_f64)
}

/// What is known best: measured where enough was, estimated otherwise.
fn time(version: &ColdStart) -> f64 {
    version
        .measured
        .as_ref()
        .filter(|measured| measured.cold_starts >= ENOUGH)
        .map(|measured| measured.p50_ms)
        .or_else(|| figure(version, "reported_ms"))
        .unwrap_or(0.0)
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.0} ms"))
}

fn table(versions: &[&ColdStart]) -> Grid {
    let mut grid = Grid::new(
        2,
        [
            Column::new("function"),
            Column::new("region").sacrifice(5),
            Column::new("estimate").right(),
            Column::new("band").right().sacrifice(4),
            Column::new("measured").right(),
            Column::new("mostly").sacrifice(3),
            Column::new("best lever").sacrifice(1),
        ],
    );
    for version in versions {
        let band = match (figure(version, "low_ms"), figure(version, "high_ms")) {
            (Some(low), Some(high)) => format!("{low:.0} to {high:.0}"),
            _ => String::new(),
        };
        let measured = version.measured.as_ref().map(|measured| measured.p50_ms);
        let driver = version
            .drivers
            .first()
            .map_or("", |driver| first_words(&driver.what));
        let tone = match time(version) {
            slow if slow >= 1000.0 => Tone::Bad,
            felt if felt >= 400.0 => Tone::Warn,
            _ => Tone::Plain,
        };
        grid.row([
            Text::plain(&named(version)),
            Text::new(Tone::Quiet, &version.region),
            Text::new(tone, &ms(figure(version, "reported_ms"))),
            Text::new(Tone::Quiet, &band),
            Text::plain(&ms(measured)),
            Text::plain(driver),
            Text::plain(&best(&version.levers).map_or_else(String::new, lever)),
        ]);
    }
    grid.drop_where_all(str::is_empty);
    grid
}

/// The lever to name: the one that saves most, or one for nothing that saves at least half of that.
fn best(levers: &[Lever]) -> Option<&Lever> {
    let first = levers.first()?;
    levers
        .iter()
        .find(|lever| lever.usd_per_month <= 0.0 && lever.saves_ms * 2.0 >= first.saves_ms)
        .or(Some(first))
}

fn lever(lever: &Lever) -> String {
    // The advice in as few words as a column has room for: the whole of it is in the JSON.
    let what = lever.what.split([',', ';']).next().unwrap_or_default();
    let what = what.replace("provisioned concurrency of ", "provisioned ");
    let what = what.split(" of memory").next().unwrap_or_default();
    // Cents matter of a few dollars only.
    let usd = match lever.usd_per_month {
        none if none.abs() < 0.005 => "$0".to_owned(),
        many if many.abs() >= 10.0 => format!("${many:.0}"),
        few => format!("${few:.2}"),
    };
    format!("{what} -{:.0} ms {usd}", lever.saves_ms)
}
