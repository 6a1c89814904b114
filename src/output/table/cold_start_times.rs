//! One line a function version: how long a cold start takes, what of, and what would help most.

use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::{SHOWN, heading, more, prose};
use crate::output::Look;
use crate::output::cold_starts::{Names, best, in_short, with_duration};
use crate::output::words::{self, Tone};
use crate::report::numbers::{dollars, duration};
use crate::report::{ColdStart, ColdStartDuration, Lever, Report};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut versions = with_duration(report);
    if versions.is_empty() {
        return Ok(());
    }
    heading(
        look,
        "Cold starts in time and dollars",
        "init + first call, slowest first",
        out,
    )?;
    let total = versions.len();
    versions.truncate(SHOWN);
    table(&Names::of(report), &versions).write(look.width, look.color, out)?;
    more(look, total, ", all of them faster", out)?;
    let text = "Measured is the median of ten logged cold starts or more, up to the 99th percentile. Estimated is a median \
                start, by a model fitted on published measurements, within its band: good up to twice its lower end, \
                fair up to 3.5 times, else rough. \
                -o json has every part, every lever and its command.";
    prose(look, 2, Tone::Quiet, text, out)
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

fn table(names: &Names<'_>, versions: &[(&ColdStart, &ColdStartDuration)]) -> Grid {
    let mut grid = Grid::new(
        2,
        [
            Column::new("function"),
            Column::new("region").sacrifice(6),
            Column::new("takes").right(),
            Column::new("basis"),
            Column::new("band").right().sacrifice(5),
            Column::new("mostly").sacrifice(4),
            Column::new("best lever").sacrifice(1),
            Column::new("saves").right().sacrifice(2),
            Column::new("$/month").right().sacrifice(3),
        ],
    );
    for (version, takes) in versions {
        let driver = version
            .drivers
            .first()
            .map_or("", |driver| first_words(&driver.what));
        let lever = best(&version.levers);
        let of_lever =
            |text: fn(&Lever) -> String| Text::plain(&lever.map_or_else(String::new, text));
        grid.row([
            Text::plain(&names.qualified(version)),
            Text::new(Tone::Quiet, &version.region),
            Text::new(
                words::duration_tone(takes.reported_ms),
                &duration(takes.reported_ms),
            ),
            Text::plain(words::basis(takes.basis)),
            Text::new(Tone::Quiet, &words::band(takes)),
            Text::plain(driver),
            of_lever(in_short),
            of_lever(|lever| duration(lever.saves_ms)),
            of_lever(|lever| dollars(lever.usd_per_month)),
        ]);
    }
    grid.drop_where_all(str::is_empty);
    grid
}
