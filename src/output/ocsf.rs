//! `-o ocsf`: Compliance Findings (class 2003) of the Open Cybersecurity Schema Framework, one a line.
//!
//! By OCSF 1.8.0 with the profile `cloud`. As in ASFF, passes, accepted findings and what could not be
//! assessed are events too, so that a data lake can distinguish a fixed finding from one that was not read
//! again; what does not apply is left out. `finding_info.uid` is the fingerprint.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::json;
use super::shortened::{label, requirements, sentence, shown, standards, summary};
use crate::report::{CheckResult, CheckSummary, Report, Severity, Status};

const VERSION: &str = "1.8.0";
const CLASS: u32 = 2003;
const ARN: usize = 512;
const NAME: usize = 256;
const TEXT: usize = 1024;

#[derive(Serialize)]
struct Event<'r> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    time: i64,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<Cow<'r, str>>,
    message: String,
    metadata: Metadata<'r>,
    finding_info: FindingInfo<'r>,
    compliance: Compliance<'r>,
    cloud: Cloud<'r>,
    resources: [Resource<'r>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidences: Vec<Evidence<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'r>>,
}

#[derive(Serialize)]
struct Metadata<'r> {
    version: &'static str,
    product: Product<'r>,
    profiles: [&'static str; 1],
    event_code: &'r str,
}

#[derive(Serialize)]
struct Product<'r> {
    name: &'r str,
    vendor_name: &'r str,
    version: &'r str,
}

#[derive(Serialize)]
struct FindingInfo<'r> {
    uid: &'r str,
    title: Cow<'r, str>,
    created_time: i64,
    analytic: Analytic<'r>,
    types: [&'static str; 1],
}

#[derive(Serialize)]
struct Analytic<'r> {
    uid: &'r str,
    name: Cow<'r, str>,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Compliance<'r> {
    control: &'r str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_details: Vec<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standards: Vec<&'static str>,
}

#[derive(Serialize)]
struct Cloud<'r> {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'r, str>>,
    account: Account<'r>,
}

#[derive(Serialize)]
struct Account<'r> {
    uid: Cow<'r, str>,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Resource<'r> {
    uid: Cow<'r, str>,
    name: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_partition: Option<Cow<'r, str>>,
}

#[derive(Serialize)]
struct Evidence<'r> {
    name: Cow<'r, str>,
    data: &'r Value,
}

#[derive(Serialize)]
struct Remediation<'r> {
    desc: Cow<'r, str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    references: &'r [String],
}

/// Writes the events, one a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let time = report
        .taken_at
        .parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_millisecond);
    for result in &report.results {
        if result.status != Status::NotApplicable {
            json::line(&event(report, result, time), out)?;
        }
    }
    Ok(())
}

fn event<'r>(report: &'r Report, result: &'r CheckResult, time: i64) -> Event<'r> {
    let about = summary(report, result);
    let title = about.map_or(result.check.as_str(), |about| &about.title);
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
    Event {
        activity_id,
        activity_name,
        category_uid: 2,
        category_name: "Findings",
        class_uid: CLASS,
        class_name: "Compliance Finding",
        type_uid: CLASS * 100 + activity_id,
        time,
        severity_id,
        severity,
        status_id,
        status,
        status_detail: result.suppressed_by.as_deref().map(|by| shown(by, TEXT)),
        message: shown(&sentence(report, result), TEXT).into_owned(),
        metadata: Metadata {
            version: VERSION,
            product: Product {
                name: &report.tool.name,
                vendor_name: &report.tool.name,
                version: &report.tool.version,
            },
            profiles: ["cloud"],
            event_code: &result.check,
        },
        finding_info: FindingInfo {
            uid: &result.fingerprint,
            title: shown(title, NAME),
            created_time: time,
            analytic: Analytic {
                uid: &result.check,
                name: shown(title, NAME),
                type_id: 1,
                r#type: "Rule",
            },
            types: ["Software and Configuration Checks"],
        },
        compliance: compliance(result, about),
        cloud: Cloud {
            provider: "AWS",
            region: region(result),
            account: Account {
                uid: shown(&result.resource.account, NAME),
                type_id: 10,
                r#type: "AWS Account",
            },
        },
        resources: [resource(result)],
        evidences: result
            .evidence
            .iter()
            .map(|one| Evidence {
                name: shown(&one.pointer, ARN),
                data: &one.value,
            })
            .collect(),
        remediation: about
            .filter(|about| !about.remediation.is_empty())
            .map(|about| Remediation {
                desc: shown(&about.remediation, TEXT),
                references: &about.references,
            }),
    }
}

fn compliance<'r>(result: &'r CheckResult, about: Option<&CheckSummary>) -> Compliance<'r> {
    let (status_id, status) = match result.status {
        Status::Pass => (1, "Pass"),
        Status::NotAssessed => (2, "Warning"),
        Status::Fail | Status::Suppressed => (3, "Fail"),
        Status::NotApplicable => (0, "Unknown"),
    };
    Compliance {
        control: &result.check,
        status_id,
        status,
        status_details: result
            .missing
            .iter()
            .map(|action| shown(action, NAME))
            .collect(),
        requirements: about
            .map(|about| requirements(about).take(32).collect())
            .unwrap_or_default(),
        standards: about
            .map(|about| standards(about).collect())
            .unwrap_or_default(),
    }
}

fn resource(result: &CheckResult) -> Resource<'_> {
    let arn = &result.resource.arn;
    let partition = arn.split(':').nth(1);
    Resource {
        uid: shown(arn, ARN),
        name: shown(&label(result), NAME).into_owned(),
        r#type: super::asff::resource_type(result),
        region: region(result),
        cloud_partition: partition.map(|partition| shown(partition, NAME)),
    }
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
