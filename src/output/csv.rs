//! `-o csv`: a row a result, all of them, for a spreadsheet.
//!
//! Spreadsheets run a cell that begins like a formula. Anyone with write access writes names and
//! tags, so such a cell gets an apostrophe before it, which a spreadsheet shows as text (OWASP, CSV
//! Injection, read 2026-11: `=`, `+`, `-`, `@`, tab and carriage return, and their full-width forms).
//! CSV has no escape for control characters, so those are made visible as on a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use super::shortened::standard_keys;
use super::{hostile, shortened};
use crate::report::{CheckResult, Report, ReportParts, ResultChange};

/// The columns, in order. Columns are only ever added, at the end.
const COLUMNS: [&str; 25] = [
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
    "not_requested",
    "change",
    "fix",
    "pack",
    "named_change",
    "address",
    "location_file",
    "location_line",
    "location_column",
];

/// The columns of `--by control`.
const CONTROL_COLUMNS: [&str; 11] = [
    "standard",
    "control",
    "state",
    "title",
    "failed",
    "passed",
    "unknown",
    "accepted",
    "not_applicable",
    "checks",
    "not_covered",
];

/// Writes the results.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &dyn ReportParts, out: &mut dyn Write) -> io::Result<()> {
    let head = report.head();
    let mut writer = ::csv::Writer::from_writer(out);
    let standards = standard_keys();
    let titles = COLUMNS.into_iter().chain(standards.clone());
    writer.write_record(titles).map_err(of_writer)?;
    report.results(&mut |results| {
        for result in results {
            let about = shortened::summary(head, result);
            let ids = |key: &str| {
                about
                    .and_then(|about| about.maps_to.get(key))
                    .map(|ids| ids.join(" "))
            };
            let controls = standards
                .clone()
                .map(|key| Cow::Owned(ids(key).unwrap_or_default()));
            record(&mut writer, row(head, result).into_iter().chain(controls))?;
        }
        Ok(())
    })?;
    writer.flush()
}

/// Writes a row a control of the pack's standard.
///
/// # Errors
/// Those of the writer.
pub(super) fn controls(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(CONTROL_COLUMNS).map_err(of_writer)?;
    let standard = report.standard.as_ref().map_or("", |one| &one.title);
    for line in super::controls::of(report) {
        let number = |many: usize| Cow::Owned(many.to_string());
        let cells: [Cow<'_, str>; 11] = [
            standard.into(),
            line.id.into(),
            line.state.name().into(),
            line.title.into(),
            number(line.failed),
            number(line.passed),
            number(line.unknown),
            number(line.accepted),
            number(line.not_applicable),
            line.checks.join(" ").into(),
            line.why.into(),
        ];
        record(&mut writer, cells.into_iter())?;
    }
    writer.flush()
}

/// One row, a cell that no spreadsheet runs each.
pub(super) fn record<'c, W: Write>(
    writer: &mut ::csv::Writer<W>,
    cells: impl Iterator<Item = Cow<'c, str>>,
) -> io::Result<()> {
    for cell in cells {
        writer
            .write_field(safe(&cell).as_bytes())
            .map_err(of_writer)?;
    }
    writer.write_record(None::<&[u8]>).map_err(of_writer)
}

/// The writer's own error: the conversion of the crate loses its kind, and a closed pipe is no error.
pub(super) fn of_writer(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row<'r>(report: &'r Report, result: &'r CheckResult) -> [Cow<'r, str>; 25] {
    let summary = shortened::summary(report, result);
    let text = |text: Option<&'r String>| Cow::Borrowed(text.map_or("", String::as_str));
    let number = |number: Option<u32>| Cow::Owned(number.map_or(String::new(), |n| n.to_string()));
    let id = &result.resource;
    let location = result.location.as_ref();
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
        result.not_requested.join(" ").into(),
        result.change.map_or("", ResultChange::name).into(),
        text(result.remediation.as_ref().map(|fix| &fix.command)),
        report.scope.selection.pack.as_str().into(),
        text(summary.and_then(|one| one.change.as_ref())),
        text(id.address.as_ref()),
        text(location.map(|location| &location.file)),
        number(location.map(|location| location.line)),
        number(location.map(|location| location.column)),
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
