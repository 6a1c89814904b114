//! What fails and is accepted, by what accepts it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::paint::Tone;
use super::{SHOWN, count, heading, more, prose};
use crate::output::Look;
use crate::report::{Report, Status};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut by_reason: BTreeMap<&str, (usize, &str, &str)> = BTreeMap::new();
    let mut all = 0;
    for result in &report.results {
        if result.status == Status::Suppressed {
            all += 1;
            by_reason
                .entry(result.suppressed_by.as_deref().unwrap_or("no reason given"))
                .or_insert((0, &result.check, &result.resource.name))
                .0 += 1;
        }
    }
    if all == 0 {
        return Ok(());
    }
    heading(look, "Accepted", &all.to_string(), out)?;
    for (reason, (number, check, name)) in by_reason.iter().take(SHOWN) {
        let what = match number {
            1 => format!("{check} on {name}"),
            several => count(*several, "finding"),
        };
        prose(look, 2, Tone::Plain, &what, out)?;
        prose(look, 4, Tone::Quiet, reason, out)?;
    }
    more(look, by_reason.len(), " reasons", out)
}
