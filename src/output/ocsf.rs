//! `-o ocsf`: Compliance Findings (class 2003) of the Open Cybersecurity Schema Framework, one a line.
//!
//! By OCSF 1.8.0 with the profile `cloud`. As in ASFF, passes, accepted findings and what could not be
//! assessed are events too, so that a data lake can distinguish a fixed finding from one that was not read
//! again; what does not apply is left out. `finding_info.uid` is the fingerprint.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::{self, present};
use super::shortened::{label, requirements, sentence, shown, standards, summary};
use crate::report::{CheckResult, CheckSummary, Evidence, Report, ReportParts, Severity, Status};

const VERSION: &str = "1.8.0";
const CLASS: u32 = 2003;
const ARN: usize = 512;
const NAME: usize = 256;
const TEXT: usize = 1024;

/// Writes the events, one a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &dyn ReportParts, out: &mut dyn Write) -> io::Result<()> {
    let head = report.head();
    let time = head
        .taken_at
        .parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_millisecond);
    report.results(&mut |results| {
        for result in results {
            if result.status != Status::NotApplicable {
                json::line(&event(head, result, time), out)?;
            }
        }
        Ok(())
    })
}

fn event(report: &Report, result: &CheckResult, time: i64) -> Value {
    let about = summary(report, result);
    let title = shown(
        about.map_or(result.check.as_str(), |about| &about.title),
        NAME,
    );
    let (activity_id, activity_name) = match result.status {
        Status::Pass => (3, "Close"),
        _ => (1, "Create"),
    };
    let (severity_id, severity) = severity(result);
    let (status_id, status) = match result.status {
        Status::Pass => (4, "Resolved"),
        Status::Suppressed => (3, "Suppressed"),
        _ => (1, "New"),
    };
    let evidence = |one: &Evidence| json!({"name": shown(&one.pointer, ARN), "data": one.value});
    present(json!({
        "activity_id": activity_id,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity_id,
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_detail": result.suppressed_by.as_deref().map(|by| shown(by, TEXT)),
        "message": shown(&sentence(report, result), TEXT),
        "metadata": {
            "version": VERSION,
            "product": {
                "name": report.tool.name,
                "vendor_name": report.tool.name,
                "version": report.tool.version,
            },
            "profiles": ["cloud"],
            "event_code": result.check,
        },
        "finding_info": {
            "uid": result.fingerprint,
            "title": title,
            "created_time": time,
            "analytic": {"uid": result.check, "name": title, "type_id": 1, "type": "Rule"},
            "types": ["Software and Configuration Checks"],
        },
        "compliance": compliance(result, about),
        "cloud": present(json!({
            "provider": "AWS",
            "region": region(result),
            "account": {
                "uid": shown(&result.resource.account, NAME),
                "type_id": 10,
                "type": "AWS Account",
            },
        })),
        "resources": [resource(result)],
        "evidences": result.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "remediation": about
            .filter(|about| !about.remediation.is_empty())
            .map(|about| present(json!({
                "desc": shown(&about.remediation, TEXT),
                "references": about.references,
            }))),
    }))
}

fn compliance(result: &CheckResult, about: Option<&CheckSummary>) -> Value {
    let (status_id, status) = match result.status {
        Status::Pass => (1, "Pass"),
        Status::NotAssessed => (2, "Warning"),
        Status::Fail | Status::Suppressed => (3, "Fail"),
        Status::NotApplicable => (0, "Unknown"),
    };
    let missing = result.missing.iter().map(|action| shown(action, NAME));
    let requirements = about.map(|about| requirements(about).take(32).collect::<Vec<_>>());
    present(json!({
        "control": result.check,
        "status_id": status_id,
        "status": status,
        "status_details": missing.collect::<Vec<_>>(),
        "requirements": requirements,
        "standards": about.map(|about| standards(about).collect::<Vec<_>>()),
    }))
}

fn resource(result: &CheckResult) -> Value {
    let arn = &result.resource.arn;
    let partition = arn.split(':').nth(1);
    present(json!({
        "uid": shown(arn, ARN),
        "name": shown(&label(result), NAME),
        "type": super::asff::resource_type(result),
        "region": region(result),
        "cloud_partition": partition.map(|partition| shown(partition, NAME)),
    }))
}

/// The Region, where the resource has one.
fn region(result: &CheckResult) -> Option<Cow<'_, str>> {
    match result.resource.region.as_str() {
        "global" | "unknown" | "" => None,
        named => Some(shown(named, NAME)),
    }
}

const fn severity(result: &CheckResult) -> (u32, &'static str) {
    match result.severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}
