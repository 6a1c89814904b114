//! `-o asff`: AWS Security Finding Format, for Security Hub.
//!
//! A line is a JSON list of at most 100 findings of one account and Region: exactly what
//! `aws securityhub batch-import-findings --findings` takes in one request, which may not mix Regions.
//! Fails, passes, accepted findings and what could not be judged are all sent, because Security Hub only
//! learns that a finding is mended when the same id comes again as PASSED; what does not apply is left
//! out. The same account gives the same ids, so importing again updates.
//!
//! Lengths are those of the API (AWS Security Hub API reference, AwsSecurityFinding, by the service model
//! in botocore 1.44.8).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::shortened::{sentence, shown, summary};
use crate::report::{CheckResult, CheckSummary, Report, Severity, Status, SubjectKind};

/// Findings of one request.
const BATCH: usize = 100;
/// A resource without a Region (an account, an identity) is imported here when the report names none.
const HOME_REGION: &str = "us-east-1";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Finding<'r> {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    product_name: &'static str,
    company_name: &'static str,
    region: Cow<'r, str>,
    generator_id: String,
    aws_account_id: Cow<'r, str>,
    types: [&'static str; 1],
    created_at: &'r str,
    updated_at: &'r str,
    severity: SeverityLabel,
    title: Cow<'r, str>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'r>>,
    product_fields: BTreeMap<&'static str, Cow<'r, str>>,
    resources: [Resource<'r>; 1],
    compliance: Compliance,
    workflow: Workflow,
    record_state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeverityLabel {
    label: &'static str,
    original: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation<'r> {
    recommendation: Recommendation<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation<'r> {
    text: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<'r> {
    r#type: &'static str,
    id: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<&'static str>,
    region: Cow<'r, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_requirements: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Workflow {
    status: &'static str,
}

/// Writes the batches, one a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let home = report
        .scope
        .regions
        .first()
        .map_or(HOME_REGION, String::as_str);
    let mut places: BTreeMap<(&str, &str), Vec<&CheckResult>> = BTreeMap::new();
    for result in &report.results {
        if result.status != Status::NotApplicable {
            places
                .entry((&result.resource.account, region(result, home)))
                .or_default()
                .push(result);
        }
    }
    for ((_, region), results) in &places {
        for batch in results.chunks(BATCH) {
            let findings =
                json::Lazy(|| batch.iter().map(|result| finding(report, result, region)));
            json::line(&findings, out)?;
        }
    }
    Ok(())
}

/// The Region whose Security Hub takes the finding.
fn region<'r>(result: &'r CheckResult, home: &'r str) -> &'r str {
    match result.resource.region.as_str() {
        "global" | "unknown" | "" => home,
        named => named,
    }
}

fn finding<'r>(report: &'r Report, result: &'r CheckResult, region: &'r str) -> Finding<'r> {
    let partition = partition(&result.resource.arn);
    let place = shown(region, 16);
    let account = shown(&result.resource.account, 12);
    let mut fields: BTreeMap<&'static str, Cow<'r, str>> = BTreeMap::new();
    fields.insert("coldbucket/fingerprint", result.fingerprint.as_str().into());
    let mut field = |name: &'static str, text: Option<&'r str>| {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            fields.insert(name, shown(text, 1024));
        }
    };
    field("coldbucket/item", result.item.as_deref());
    field("coldbucket/suppressed_by", result.suppressed_by.as_deref());
    field(
        "coldbucket/reason",
        result.reason.map(|reason| reason.name()),
    );
    if !result.missing.is_empty() {
        let missing = result.missing.join(" ");
        fields.insert(
            "coldbucket/missing",
            shown(&missing, 1024).into_owned().into(),
        );
    }
    let about = summary(report, result);
    let title = about.map_or(result.check.as_str(), |about| &about.title);
    Finding {
        schema_version: "2018-10-08",
        id: format!(
            "coldbucket/{account}/{place}/{}",
            shown(&result.fingerprint, 64)
        ),
        product_arn: format!(
            "arn:{}:securityhub:{place}:{account}:product/{account}/default",
            partition.unwrap_or("aws")
        ),
        product_name: "coldbucket",
        company_name: "coldbucket",
        region: place.clone(),
        generator_id: format!("coldbucket/{}", shown(&result.check, 400)),
        aws_account_id: account,
        types: ["Software and Configuration Checks/AWS Security Best Practices"],
        created_at: &report.taken_at,
        updated_at: &report.taken_at,
        severity: severity(result),
        title: filled(shown(title, 256)),
        description: filled(shown(&sentence(report, result), 1024)).into_owned(),
        remediation: about.and_then(remediation),
        product_fields: fields,
        resources: [Resource {
            r#type: resource_type(result),
            id: match result.resource.kind {
                SubjectKind::Account => {
                    format!("AWS::::Account:{}", shown(&result.resource.account, 12)).into()
                }
                _ => filled(shown(&result.resource.arn, 512)),
            },
            partition,
            region: place,
        }],
        compliance: Compliance {
            status: match result.status {
                Status::Fail | Status::Suppressed => "FAILED",
                Status::Pass => "PASSED",
                Status::NotAssessed => "WARNING",
                Status::NotApplicable => "NOT_AVAILABLE",
            },
            related_requirements: about.map(requirements).unwrap_or_default(),
        },
        workflow: Workflow {
            status: match result.status {
                Status::Pass => "RESOLVED",
                Status::Suppressed => "SUPPRESSED",
                _ => "NEW",
            },
        },
        record_state: "ACTIVE",
    }
}

/// A text that Security Hub takes: something to see is in it.
fn filled(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.trim().is_empty() {
        Cow::Borrowed("(empty)")
    } else {
        text
    }
}

const fn severity(result: &CheckResult) -> SeverityLabel {
    let label = match (result.status, result.severity) {
        (Status::Pass, _) | (_, Severity::Info) => "INFORMATIONAL",
        (_, Severity::Low) => "LOW",
        (_, Severity::Medium) => "MEDIUM",
        (_, Severity::High) => "HIGH",
        (_, Severity::Critical) => "CRITICAL",
    };
    SeverityLabel {
        label,
        original: result.severity.name(),
    }
}

fn remediation(about: &CheckSummary) -> Option<Remediation<'_>> {
    (!about.remediation.trim().is_empty()).then(|| Remediation {
        recommendation: Recommendation {
            text: shown(&about.remediation, 512),
            url: about
                .references
                .first()
                .map(String::as_str)
                .filter(|url| url.starts_with("https://")),
        },
    })
}

/// Identifiers in other catalogues, the standards first: at most 32 are taken.
fn requirements(about: &CheckSummary) -> Vec<String> {
    super::shortened::requirements(about)
        .map(|requirement| shown(&requirement, 128).into_owned())
        .take(32)
        .collect()
}

/// The ARN's partition, where ASFF knows it.
fn partition(arn: &str) -> Option<&'static str> {
    let named = arn.split(':').nth(1)?;
    [
        ("aws", "aws"),
        ("aws-cn", "aws-cn"),
        ("aws-us-gov", "aws-us-gov"),
        ("aws-iso", "aws-us-iso"),
        ("aws-iso-b", "aws-us-iso-b"),
    ]
    .into_iter()
    .find_map(|(partition, written)| (partition == named).then_some(written))
}

/// The resource's type (AWS Security Hub user guide, resource types, read 2026-11).
pub(super) fn resource_type(result: &CheckResult) -> &'static str {
    match result.resource.kind {
        SubjectKind::Bucket => "AwsS3Bucket",
        SubjectKind::AccessPoint => "AwsS3AccessPoint",
        SubjectKind::Trail => "AwsCloudTrailTrail",
        SubjectKind::Function => "AwsLambdaFunction",
        SubjectKind::Account | SubjectKind::Region => "AwsAccount",
        SubjectKind::Identity => {
            let resource = result.resource.arn.splitn(6, ':').nth(5).unwrap_or("");
            match resource.split('/').next() {
                Some("user") => "AwsIamUser",
                Some("role") => "AwsIamRole",
                Some("group") => "AwsIamGroup",
                Some("policy") => "AwsIamPolicy",
                _ => "Other",
            }
        }
    }
}
