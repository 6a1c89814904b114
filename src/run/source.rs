//! The source of the snapshot: an account, a file, or the built-in sample.

use std::path::Path;

use serde::Deserialize;

use super::console::Console;
use super::{RunError, files};
use crate::cli::options::AuditSource;
use crate::inventory::Snapshot;
use crate::inventory::organization::{self, Organization};
use crate::inventory::request::CollectRequest;
use crate::inventory::snapshot::SCHEMA;
use crate::report;

/// The recorded sample account.
const SAMPLE: &[u8] = include_bytes!("sample.json");

/// The snapshot and what to call its source; the request is for an account that has to be read.
pub(super) fn obtain(
    source: &AuditSource,
    request: CollectRequest,
    console: &mut Console<'_>,
) -> Result<(Snapshot, report::Source), RunError> {
    match source {
        AuditSource::Live => Ok((read_account(request, console)?, report::Source::Live)),
        AuditSource::Snapshot(path) => Ok((read_file(path)?, report::Source::Snapshot)),
        AuditSource::Sample => Ok((parse("the sample account", SAMPLE)?, report::Source::Sample)),
    }
}

/// Reads an account.
#[cfg(feature = "aws")]
pub(super) fn read_account(
    request: CollectRequest,
    console: &mut Console<'_>,
) -> Result<Snapshot, RunError> {
    let snapshot = crate::collect::collect(request, console.progress())?;
    console.detail(&format!(
        "read in {} ms with {} API calls",
        snapshot.duration_ms, snapshot.api_calls
    ));
    Ok(snapshot)
}

/// Reports that this build cannot read an account.
#[cfg(not(feature = "aws"))]
pub(super) fn read_account(
    _request: CollectRequest,
    _console: &mut Console<'_>,
) -> Result<Snapshot, RunError> {
    Err(RunError::Offline)
}

fn read_file(path: &Path) -> Result<Snapshot, RunError> {
    let (name, bytes) = files::read_bytes(path)?;
    parse(&name, &bytes)
}

/// A snapshot from its JSON, or one sentence on why it is not valid.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Snapshot, RunError> {
    let wrong = |message: String| RunError::Snapshot {
        file: file.to_owned(),
        message,
    };
    let parsed: Result<Snapshot, serde_json::Error> = serde_json::from_slice(bytes);
    match &parsed {
        Err(error) if error.is_eof() && bytes.iter().all(u8::is_ascii_whitespace) => {
            return Err(wrong("the file is empty".to_owned()));
        }
        Err(error) if error.is_eof() => {
            return Err(wrong(format!(
                "the file is truncated at line {}, column {}; collect it again",
                error.line(),
                error.column()
            )));
        }
        Err(error) if error.is_syntax() => return Err(wrong(format!("not JSON: {error}"))),
        _ => {}
    }
    // The schema explains more than the first member that does not fit.
    match schema_of(bytes).as_deref() {
        Some(SCHEMA) => {}
        Some(report::SCHEMA) => {
            return Err(wrong(format!(
                "this is a report ({}), which does not contain AWS's answers; `coldbucket collect` writes a snapshot",
                report::SCHEMA
            )));
        }
        Some(other) => {
            let other = crate::output::hostile::plain(other).into_owned();
            return Err(wrong(format!(
                "the schema is `{other}`, but this version reads `{SCHEMA}`"
            )));
        }
        None => {
            return Err(wrong(format!(
                "JSON without a `schema`; `coldbucket collect` writes a snapshot (`{SCHEMA}`)"
            )));
        }
    }
    let snapshot = parsed.map_err(|error| wrong(error.to_string()))?;
    if snapshot.taken_at.parse::<jiff::Timestamp>().is_err() {
        let taken_at = crate::output::hostile::plain(&snapshot.taken_at).into_owned();
        return Err(wrong(format!(
            "`taken_at` is `{taken_at}`, not a time such as 2026-11-22T10:15:00Z"
        )));
    }
    Ok(snapshot)
}

/// Gives a snapshot the control policies of a file, if one is named.
pub(super) fn add_control_policies(
    snapshot: &mut Snapshot,
    file: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), RunError> {
    let Some(file) = file else {
        return Ok(());
    };
    let organization = read_organization(file)?;
    for account in snapshot.accounts.keys() {
        if !organization.accounts.contains_key(account) {
            console.note(&format!(
                "note: account {account} is not in organization {}; its control policies have no effect on it",
                organization.id
            ));
        }
    }
    snapshot.organization = Some(organization);
    Ok(())
}

/// The organization of a file.
pub(super) fn read_organization(file: &Path) -> Result<Organization, RunError> {
    let (name, bytes) = files::read_bytes(file)?;
    parse_organization(&name, &bytes)
}

/// An organization from its JSON, or one sentence on why it is not valid.
pub(super) fn parse_organization(file: &str, bytes: &[u8]) -> Result<Organization, RunError> {
    let wrong = |message: String| RunError::Document {
        file: file.to_owned(),
        what: "organization.json",
        message,
    };
    match schema_of(bytes).as_deref() {
        Some(organization::SCHEMA) => {
            serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))
        }
        Some(other) => {
            let other = crate::output::hostile::plain(other).into_owned();
            Err(wrong(format!(
                "the schema is `{other}`, but this version reads `{}`",
                organization::SCHEMA
            )))
        }
        None => Err(wrong(format!(
            "no JSON with a `schema`; `coldbucket organization` writes one (`{}`)",
            organization::SCHEMA
        ))),
    }
}

fn schema_of(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct SchemaMember {
        schema: String,
    }
    serde_json::from_slice(bytes)
        .ok()
        .map(|named: SchemaMember| named.schema)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse("f.json", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_sample_is_a_snapshot() {
        parse("sample", SAMPLE).unwrap();
    }

    #[test]
    fn an_invalid_snapshot_is_named_with_its_reason() {
        assert_eq!(
            message(" \n"),
            "f.json is not a valid snapshot: the file is empty"
        );
        assert_eq!(
            message("{\"schema\":\n\"cold"),
            "f.json is not a valid snapshot: the file is truncated at line 2, column 5; collect it again"
        );
        assert!(message("hello").contains("not JSON: expected value at line 1 column 1"));
        assert!(message("{\"schema\":\"coldbucket-report/1\"}").contains("this is a report"));
        assert!(message("{\"schema\":\"coldbucket-snapshot/2\"}").contains("this version reads"));
        assert!(message("{}").contains("JSON without a `schema`"));
        assert!(message("[1]").contains("JSON without a `schema`"));
    }

    #[test]
    fn a_member_that_does_not_fit_has_its_place() {
        let text = "{\"schema\":\"coldbucket-snapshot/1\",\"taken_at\":\"2026-11-22T10:15:00Z\",\n\"accounts\":7}";
        assert!(
            message(text).contains("line 2 column 12"),
            "{}",
            message(text)
        );
    }

    #[test]
    fn a_time_is_a_time() {
        let text =
            "{\"schema\":\"coldbucket-snapshot/1\",\"taken_at\":\"yesterday\",\"accounts\":{}}";
        assert!(message(text).contains("`taken_at` is `yesterday`"));
    }
}
