//! `-o csv`: a row a result, all of them, for a spreadsheet.
//!
//! Spreadsheets run a cell that begins like a formula. Anyone with write access writes names and
//! tags, so such a cell gets an apostrophe before it, which a spreadsheet shows as text (OWASP, CSV
//! Injection, read 2026-11: `=`, `+`, `-`, `@`, tab and carriage return, and their full-width forms).
//! CSV has no escape for control characters, so those are made visible as on a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{hostile, shortened};
use crate::report::{CheckResult, Report};

/// The columns, in order. Columns are only ever added, at the end.
const COLUMNS: [&str; 16] = [
    "status",
    "severity",
    "check",
    "title",
    "type",
    "resource",
    "item",
    "region",
    "account",
    "arn",
    "message",
    "reason",
    "missing",
    "suppressed_by",
    "remediation",
    "fingerprint",
];

/// Writes the results.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(of_writer)?;
    for result in &report.results {
        for cell in row(report, result) {
            writer
                .write_field(safe(&cell).as_bytes())
                .map_err(of_writer)?;
        }
        writer.write_record(None::<&[u8]>).map_err(of_writer)?;
    }
    writer.flush()
}

/// The writer's own error: the conversion of the crate loses its kind, and a closed pipe is no error.
fn of_writer(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row<'r>(report: &'r Report, result: &'r CheckResult) -> [Cow<'r, str>; 16] {
    let summary = shortened::summary(report, result);
    let text = |text: Option<&'r String>| Cow::Borrowed(text.map_or("", String::as_str));
    let id = &result.resource;
    [
        result.status.name().into(),
        result.severity.name().into(),
        result.check.as_str().into(),
        text(summary.map(|one| &one.title)),
        id.kind.name().into(),
        id.name.as_str().into(),
        text(result.item.as_ref()),
        id.region.as_str().into(),
        id.account.as_str().into(),
        id.arn.as_str().into(),
        text(result.message.as_ref()),
        result.reason.map_or("", |reason| reason.name()).into(),
        result.missing.join(" ").into(),
        text(result.suppressed_by.as_ref()),
        text(summary.map(|one| &one.remediation)),
        result.fingerprint.as_str().into(),
    ]
}

/// A cell that no spreadsheet runs.
fn safe(cell: &str) -> Cow<'_, str> {
    // A tab and a carriage return are blanks by then, and a blank does not begin a formula; but a
    // spreadsheet may trim it.
    let text = hostile::plain(cell);
    match text.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for cell in [
            "=cmd()",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "＝1",
            "\u{feff}=1",
        ] {
            let safe = safe(cell);
            assert!(
                safe.starts_with('\'') || safe.starts_with('\u{fffd}'),
                "{cell:?} is {safe:?}"
            );
        }
        assert_eq!(safe("acme-logs"), "acme-logs");
        assert_eq!(safe("a=b"), "a=b");
    }
}
