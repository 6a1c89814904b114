//! The accounts of a run over many: those that were not read first, then those with the worst findings.

use std::io::{self, Write};

use super::paint::Tone;
use super::{SHOWN, heading, labelled, more};
use crate::output::Look;
use crate::report::account_run::{AccountRow, ReadStatus, sorted_worst_first};
use crate::report::numbers::number;
use crate::report::{Report, Severity};

/// Digits of an account id.
const ID: usize = 12;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if report.accounts.is_empty() {
        return Ok(());
    }
    let rows = sorted_worst_first(&report.accounts);
    let read = rows.iter().filter(|row| row.status.is_read()).count();
    let skipped = rows
        .iter()
        .filter(|row| row.status == ReadStatus::Skipped)
        .count();
    let remark = format!(
        "{} read, {} not read, {} skipped",
        number(read),
        number(rows.len() - read - skipped),
        number(skipped)
    );
    heading(look, "Accounts", &remark, out)?;
    for row in rows.iter().take(SHOWN) {
        let mut parts = Vec::new();
        if !row.name.is_empty() {
            parts.push((Tone::Plain, row.name.clone()));
        }
        match row.status {
            ReadStatus::Read | ReadStatus::Partial => {
                parts.push((Tone::Plain, findings(row)));
                if row.gaps > 0 {
                    parts.push((Tone::Warn, format!("{} calls denied or failed", row.gaps)));
                }
            }
            status => {
                let why = row.why.clone().unwrap_or_default();
                let tone = match status {
                    ReadStatus::Skipped => Tone::Quiet,
                    _ => Tone::Warn,
                };
                parts.push((tone, format!("{} {why}", status.name())));
            }
        }
        labelled(look, 2, &row.id, ID, &parts, out)?;
    }
    more(look, rows.len(), "", out)
}

/// `2 critical, 5 high`, or that there are none.
fn findings(row: &AccountRow) -> String {
    let parts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| {
            let found = row.failed(*severity);
            (found > 0).then(|| format!("{found} {}", severity.name()))
        })
        .collect();
    if parts.is_empty() {
        "no findings".to_owned()
    } else {
        parts.join(", ")
    }
}
