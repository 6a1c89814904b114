//! What fails and is accepted, by what accepts it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::paint::Tone;
use super::{SHOWN, heading, more, prose, some_of};
use crate::output::Look;
use crate::output::shortened::label;
use crate::report::numbers::number;
use crate::report::{Report, Status};

/// Findings that are named of each reason.
const NAMED: usize = 12;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut all = 0_usize;
    for result in &report.results {
        if result.status == Status::Suppressed {
            all += 1;
            let reason = result.suppressed_by.as_deref().unwrap_or("no reason given");
            let what = format!("{} on {}", result.check, label(result));
            by_reason.entry(reason).or_default().push(what);
        }
    }
    if all == 0 {
        return Ok(());
    }
    heading(look, "Accepted", &number(all), out)?;
    for (reason, accepted) in by_reason.iter().take(SHOWN) {
        let what = some_of(accepted.iter().map(String::as_str), NAMED);
        prose(look, 2, Tone::Plain, &what, out)?;
        prose(look, 4, Tone::Quiet, reason, out)?;
    }
    more(look, by_reason.len(), " reasons", out)
}
