//! `-o jsonl`: one result a line, flat, for jq, DuckDB and Athena.
//!
//! Every line has every member, null where there is no value: query engines take the columns from the
//! lines they sample. `check` is a reserved word in DuckDB, so the member is `check_id`. Evidence and
//! witness vary in type and are JSON text.

use std::io::{self, Write};

use serde::Serialize;

use super::{json, shortened};
use crate::report::{CheckResult, Report, ReportParts, ResultChange};

/// One line. Members are only ever added.
#[derive(Serialize)]
struct ResultLine<'r> {
    account: &'r str,
    region: &'r str,
    check_id: &'r str,
    title: Option<&'r str>,
    status: &'static str,
    severity: &'static str,
    /// Identifiers in other catalogues, as `catalogue:identifier`.
    controls: Vec<String>,
    resource_type: &'static str,
    resource_name: &'r str,
    resource_arn: &'r str,
    item: Option<&'r str>,
    message: Option<&'r str>,
    reason: Option<&'static str>,
    missing: &'r [String],
    suppressed_by: Option<&'r str>,
    remediation: Option<&'r str>,
    evidence: String,
    witness: Option<String>,
    fingerprint: &'r str,
    not_requested: &'r [String],
    /// With `--onto`: what the deployment does to the result.
    change: Option<&'static str>,
    /// The named change that fixes it.
    named_change: Option<&'r str>,
    /// Of a template: the logical id, construct path or Terraform address.
    address: Option<&'r str>,
    location_file: Option<&'r str>,
    location_line: Option<u32>,
    location_column: Option<u32>,
}

/// Writes the results.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &dyn ReportParts, out: &mut dyn Write) -> io::Result<()> {
    report.results(&mut |results| {
        for result in results {
            json::line(&line(report.head(), result)?, out)?;
        }
        Ok(())
    })
}

fn line<'r>(report: &'r Report, result: &'r CheckResult) -> io::Result<ResultLine<'r>> {
    let summary = shortened::summary(report, result);
    let resource = &result.resource;
    let location = result.location.as_ref();
    Ok(ResultLine {
        account: &resource.account,
        region: &resource.region,
        check_id: &result.check,
        title: summary.map(|summary| summary.title.as_str()),
        status: result.status.name(),
        severity: result.severity.name(),
        controls: summary
            .map(|summary| shortened::control_ids(&summary.maps_to))
            .unwrap_or_default(),
        resource_type: resource.kind.name(),
        resource_name: &resource.name,
        resource_arn: &resource.arn,
        item: result.item.as_deref(),
        message: result.message.as_deref(),
        reason: result.reason.map(|reason| reason.name()),
        missing: &result.missing,
        suppressed_by: result.suppressed_by.as_deref(),
        remediation: summary.map(|summary| summary.remediation.as_str()),
        evidence: serde_json::to_string(&result.evidence)?,
        witness: result
            .witness
            .as_ref()
            .map(serde_json::to_string)
            .transpose()?,
        fingerprint: &result.fingerprint,
        not_requested: &result.not_requested,
        change: result.change.map(ResultChange::name),
        named_change: summary.and_then(|summary| summary.change.as_deref()),
        address: resource.address.as_deref(),
        location_file: location.map(|location| location.file.as_str()),
        location_line: location.map(|location| location.line),
        location_column: location.map(|location| location.column),
    })
}
