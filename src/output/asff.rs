//! `-o asff`: AWS Security Finding Format, for Security Hub.
//!
//! A line is a JSON list of at most 100 findings of one account and Region: exactly what
//! `aws securityhub batch-import-findings --findings` takes in one request, which may not mix Regions.
//! Fails, passes, accepted findings and what could not be assessed are all sent, because Security Hub only
//! learns that a finding is fixed when the same id comes again as PASSED; what does not apply is left
//! out. The same account gives the same ids, so importing again updates.
//!
//! Lengths are those of the API (AWS Security Hub API reference, AwsSecurityFinding, by the service model
//! in botocore 1.44.8).

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::{self, present};
use super::shortened::{sentence, shown, summary};
use crate::report::resource_of_arn;
use crate::report::{
    BucketKind, CheckResult, CheckSummary, Reason, Report, ReportParts, Severity, Status,
    SubjectKind,
};

/// Findings of one request.
const BATCH: usize = 100;
/// A resource without a Region (an account, an identity) is imported here when the report names none.
const HOME_REGION: &str = "us-east-1";

/// Writes the batches, one a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &dyn ReportParts, out: &mut dyn Write) -> io::Result<()> {
    let head = report.head();
    let home = head
        .scope
        .regions
        .first()
        .map_or(HOME_REGION, String::as_str);
    // No piece holds two accounts, so no batch does.
    report.results(&mut |results| {
        let mut places: BTreeMap<(&str, &str), Vec<&CheckResult>> = BTreeMap::new();
        for result in results {
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
                    json::LazyList(|| batch.iter().map(|result| finding(head, result, region)));
                json::line(&findings, out)?;
            }
        }
        Ok(())
    })
}

/// The Region whose Security Hub takes the finding.
fn region<'r>(result: &'r CheckResult, home: &'r str) -> &'r str {
    match result.resource.region.as_str() {
        "global" | "unknown" | "" => home,
        named => named,
    }
}

fn finding(report: &Report, result: &CheckResult, region: &str) -> Value {
    let partition = partition(&result.resource.arn);
    let place = shown(region, 16);
    let account = shown(&result.resource.account, 12);
    let about = summary(report, result);
    let title = about.map_or(result.check.as_str(), |about| &about.title);
    let resource = match result.resource.kind {
        SubjectKind::Account => format!("AWS::::Account:{account}"),
        _ => filled(&shown(&result.resource.arn, 512)),
    };
    present(json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("coldbucket/{account}/{place}/{}", shown(&result.fingerprint, 64)),
        "ProductArn": format!(
            "arn:{}:securityhub:{place}:{account}:product/{account}/default",
            partition.unwrap_or("aws")
        ),
        "ProductName": "coldbucket",
        "CompanyName": "coldbucket",
        "Region": place,
        "GeneratorId": format!("coldbucket/{}", shown(&result.check, 400)),
        "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "CreatedAt": report.taken_at,
        "UpdatedAt": report.taken_at,
        "Severity": {"Label": severity(result), "Original": result.severity.name()},
        "Title": filled(&shown(title, 256)),
        "Description": filled(&shown(&sentence(report, result), 1024)),
        "Remediation": about.map(remediation),
        "ProductFields": fields(result),
        "Resources": [present(json!({
            "Type": resource_type(result),
            "Id": resource,
            "Partition": partition,
            "Region": place,
        }))],
        "Compliance": present(json!({
            "Status": match result.status {
                Status::Fail | Status::Suppressed => "FAILED",
                Status::Pass => "PASSED",
                Status::NotAssessed => "WARNING",
                Status::NotApplicable => "NOT_AVAILABLE",
            },
            "RelatedRequirements": about.map(requirements),
        })),
        "Workflow": {"Status": match result.status {
            Status::Pass => "RESOLVED",
            Status::Suppressed => "SUPPRESSED",
            _ => "NEW",
        }},
        "RecordState": "ACTIVE",
    }))
}

/// Members of our own.
fn fields(result: &CheckResult) -> BTreeMap<&'static str, String> {
    let missing = result.missing.join(" ");
    [
        ("coldbucket/fingerprint", Some(result.fingerprint.as_str())),
        ("coldbucket/item", result.item.as_deref()),
        ("coldbucket/missing", Some(missing.as_str())),
        ("coldbucket/reason", result.reason.map(Reason::name)),
        ("coldbucket/suppressed_by", result.suppressed_by.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text.filter(|text| !text.trim().is_empty())?)))
    .map(|(name, text)| (name, shown(text, 1024).into_owned()))
    .collect()
}

/// A text that Security Hub takes: it shows something.
fn filled(text: &str) -> String {
    if text.trim().is_empty() {
        "(empty)".to_owned()
    } else {
        text.to_owned()
    }
}

const fn severity(result: &CheckResult) -> &'static str {
    match (result.status, result.severity) {
        (Status::Pass, _) | (_, Severity::Info) => "INFORMATIONAL",
        (_, Severity::Low) => "LOW",
        (_, Severity::Medium) => "MEDIUM",
        (_, Severity::High) => "HIGH",
        (_, Severity::Critical) => "CRITICAL",
    }
}

fn remediation(about: &CheckSummary) -> Value {
    if about.remediation.trim().is_empty() {
        return Value::Null;
    }
    let url = about.references.first();
    json!({"Recommendation": present(json!({
        "Text": shown(&about.remediation, 512),
        "Url": url.filter(|url| url.starts_with("https://")),
    }))})
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
        SubjectKind::Bucket => match BucketKind::of_arn(&result.resource.arn) {
            BucketKind::General | BucketKind::Directory => "AwsS3Bucket",
            // Security Hub has no types of their own.
            BucketKind::Table | BucketKind::Vector | BucketKind::FileSystem => "Other",
        },
        SubjectKind::AccessPoint => "AwsS3AccessPoint",
        SubjectKind::Trail => "AwsCloudTrailTrail",
        SubjectKind::Function => "AwsLambdaFunction",
        SubjectKind::WebFunction => "Other",
        SubjectKind::Account | SubjectKind::Region => "AwsAccount",
        SubjectKind::Identity => {
            let resource = resource_of_arn(&result.resource.arn).unwrap_or_default();
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
