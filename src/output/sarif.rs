//! `-o sarif`: SARIF 2.1.0 (OASIS, errata 01), for code scanning.
//!
//! A check is a rule with its help; a finding is a result on the resource. Passes are left out, since
//! viewers show every result as something to fix. What is accepted stays, as a result with a
//! suppression; what could not be assessed is no result but a notification of the run.
//!
//! A resource is no file. Its place is a relative path of account, Region, kind and name, because
//! GitHub refuses other schemes; the ARN stands beside it as the fully qualified name. GitHub also asks
//! for a line, so it is line 1, and takes its fingerprint from `primaryLocationLineHash`. Runs of
//! different accounts are kept apart by `automationDetails.id`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::json::{self, LazyList, present};
use super::shortened::{label, sentence, shown};
use crate::report::{CheckResult, CheckSummary, Reason, Report, ResultChange, Severity, Status};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What GitHub's code scanning takes (GitHub docs, "SARIF support for code scanning", read 2026-11):
/// 25,000 results a run, 20 runs a file, 10 MB compressed by gzip. A result takes 50 to 100 bytes of
/// those, so the size allows four full runs.
const RESULTS_A_RUN: usize = 25_000;
const RUNS_A_FILE: usize = 4;
/// Characters of a message, and of a name within a path.
const MESSAGE: usize = 360;
const NAME: usize = 120;
const ARN: usize = 220;

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<R>,
}

/// Results and notifications are written while they are made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<N, R> {
    tool: Value,
    automation_details: Value,
    invocations: [Invocation<N>; 1],
    column_kind: &'static str,
    results: R,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    end_time_utc: String,
    tool_execution_notifications: N,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Value>,
}

/// Where the rule of a check stands.
type RuleIndex<'r> = BTreeMap<&'r str, usize>;

/// Writes the log: a result a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let index: RuleIndex<'_> = report
        .checks
        .keys()
        .enumerate()
        .map(|(position, id)| (id.as_str(), position))
        .collect();
    let of = |wanted: fn(Status) -> bool| {
        report
            .results
            .iter()
            .filter(move |result| wanted(result.status))
            .collect::<Vec<_>>()
    };
    let index = &index;
    let mut unassessed = of(|status| status == Status::NotAssessed);
    let unnamed = unassessed.len().saturating_sub(RESULTS_A_RUN);
    if unnamed > 0 {
        unassessed.sort_by_key(|result| Reverse(result.severity));
        unassessed.truncate(RESULTS_A_RUN);
    }
    let found = of(|status| matches!(status, Status::Fail | Status::Suppressed));
    let (parts, left_out) = bounded(found, RESULTS_A_RUN, RUNS_A_FILE);
    let remark = |note: &str| json!({"level": "note", "message": {"text": shown(note, MESSAGE)}});
    let mut remarks: Vec<Value> = report.notes.iter().map(|note| remark(note)).collect();
    if left_out > 0 {
        remarks.push(remark(&format!(
            "{left_out} results of the lowest severity are left out: code scanning takes \
             10 MB, which is about {} results; --severity or --bucket selects fewer",
            RUNS_A_FILE * RESULTS_A_RUN
        )));
    }
    if unnamed > 0 {
        remarks.push(remark(&format!(
            "{unnamed} results of the lowest severity that could not be assessed are left out"
        )));
    }
    let rules: Vec<Value> = report
        .checks
        .iter()
        .map(|(id, summary)| rule(id, summary))
        .collect();
    let accounts = segment(report.scope.accounts.join("+"));
    let run = |(number, part): (usize, Vec<_>)| {
        let first = number == 0;
        let unassessed = if first {
            unassessed.clone()
        } else {
            Vec::new()
        };
        Run {
            tool: json!({"driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": rules,
            }}),
            automation_details: json!({
                "id": if first {
                    format!("coldbucket/{accounts}/")
                } else {
                    format!("coldbucket/{accounts}/part-{}/", number + 1)
                },
            }),
            invocations: [Invocation {
                execution_successful: true,
                end_time_utc: report.taken_at.clone(),
                tool_execution_notifications: LazyList(move || {
                    unassessed
                        .clone()
                        .into_iter()
                        .map(move |result| notification(report, result, index))
                }),
                tool_configuration_notifications: if first { remarks.clone() } else { Vec::new() },
            }],
            column_kind: "unicodeCodePoints",
            results: LazyList(move || {
                part.clone()
                    .into_iter()
                    .map(move |result| sarif_result(report, result, index))
            }),
        }
    };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: parts.into_iter().enumerate().map(run).collect(),
    };
    json::spread(4, &log, out)
}

/// The results in parts of that size, at least one part, and how many are left out. Where they do not
/// fit into one, the worst come first.
fn bounded(
    mut found: Vec<&CheckResult>,
    size: usize,
    parts: usize,
) -> (Vec<Vec<&CheckResult>>, usize) {
    if found.len() <= size {
        return (vec![found], 0);
    }
    found.sort_by_key(|result| {
        let accepted = result.status == Status::Suppressed;
        (accepted, Reverse(result.severity))
    });
    let left_out = found.len().saturating_sub(size.saturating_mul(parts));
    let parts = found.chunks(size).take(parts).map(<[_]>::to_vec);
    (parts.collect(), left_out)
}

fn rule(id: &str, summary: &CheckSummary) -> Value {
    let severity = summary.severity.unwrap_or(Severity::Info);
    let links = summary.references.iter().filter(|link| is_link(link));
    let listed: Vec<String> = links.clone().map(|link| format!("- <{link}>")).collect();
    let mut text = String::new();
    let mut markdown = String::new();
    for (heading, prose) in [
        ("Why it matters", &summary.rationale),
        ("How to fix it", &summary.remediation),
    ] {
        if !prose.is_empty() {
            let prose = shown(prose, 4000);
            text.push_str(&format!("{heading}: {prose}\n\n"));
            markdown.push_str(&format!(
                "**{heading}.** {}\n\n",
                super::markdown::escaped(&prose)
            ));
        }
    }
    if text.is_empty() {
        text = shown(&summary.title, MESSAGE).into_owned();
        markdown = super::markdown::escaped(&text);
    }
    markdown.push_str(&listed.join("\n"));
    let full = (!summary.rationale.is_empty()).then(|| shown(&summary.rationale, 1000));
    present(json!({
        "id": id,
        "shortDescription": {"text": shown(&summary.title, MESSAGE)},
        "fullDescription": full.map(|text| json!({"text": text})),
        "help": {"text": text.trim_end(), "markdown": markdown.trim_end()},
        "helpUri": links.map(String::as_str).next(),
        "defaultConfiguration": {"level": level(severity)},
        "properties": present(json!({
            "security-severity": score(severity),
            "tags": ["security", "aws"],
            "maps_to": summary.maps_to,
        })),
    }))
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's severities by number (code scanning, SARIF support, read 2026-11): over 9.0 is critical,
/// from 7.0 high, from 4.0 medium, from 0.1 low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.5",
    }
}

fn sarif_result(report: &Report, result: &CheckResult, index: &RuleIndex<'_>) -> Value {
    let accepted = result.status == Status::Suppressed;
    let why = result.suppressed_by.as_deref().unwrap_or("accepted");
    present(json!({
        "ruleId": result.check,
        "ruleIndex": index.get(result.check.as_str()),
        "level": level(result.severity),
        "message": {"text": shown(&sentence(report, result), MESSAGE)},
        "locations": [location(result)],
        "partialFingerprints": {
            "coldbucket/v1": result.fingerprint,
            "primaryLocationLineHash": result.fingerprint,
        },
        "baselineState": result.change.map(|change| match change {
            ResultChange::New => "new",
            ResultChange::Same => "unchanged",
            ResultChange::Fixed => "absent",
        }),
        "suppressions": accepted.then(|| [json!({
            "kind": "external",
            "status": "accepted",
            "justification": shown(why, 200),
        })]),
    }))
}

fn notification(report: &Report, result: &CheckResult, index: &RuleIndex<'_>) -> Value {
    json!({
        "level": match result.reason {
            // No permission decides it.
            Some(Reason::Undecidable) => "note",
            _ if !result.not_requested.is_empty() => "note",
            _ => "warning",
        },
        "message": {"text": shown(&sentence(report, result), MESSAGE)},
        "associatedRule": present(json!({
            "id": result.check,
            "index": index.get(result.check.as_str()),
        })),
        "locations": [location(result)],
    })
}

fn location(result: &CheckResult) -> Value {
    let id = &result.resource;
    // Of a template: the line that decides, relative to the root of the repository.
    if let Some(place) = &result.location {
        let path: Vec<String> = place
            .file
            .trim_start_matches('/')
            .split('/')
            .map(segment)
            .collect();
        return json!({
            "physicalLocation": {
                "artifactLocation": {"uri": path.join("/"), "uriBaseId": "SRCROOT"},
                "region": {"startLine": place.line, "startColumn": place.column},
            },
            "logicalLocations": [{
                "name": shown(id.address.as_deref().unwrap_or(&id.name), NAME),
                "fullyQualifiedName": shown(&id.arn, ARN),
                "kind": "resource",
            }],
        });
    }
    let path: Vec<String> = [&id.account, &id.region, id.kind.name(), &id.name]
        .into_iter()
        .map(segment)
        .collect();
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": path.join("/")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{
            "name": shown(&label(result), NAME),
            "fullyQualifiedName": shown(&id.arn, ARN),
            "kind": "resource",
        }],
    })
}

/// A text as one segment of a path (RFC 3986): all but unreserved characters percent-encoded. An empty
/// one, or one of dots, would change the path.
fn segment(text: impl AsRef<str>) -> String {
    let text = shown(text.as_ref(), NAME);
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte));
            }
            other => segment.push_str(&format!("%{other:02X}")),
        }
    }
    match segment.as_str() {
        "" => "_".to_owned(),
        "." | ".." => segment.replace('.', "%2E"),
        _ => segment,
    }
}

/// A link that can stand in a document as it is.
fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_split_and_the_least_left_out() {
        let result = |severity: Severity, status: Status| CheckResult {
            check: "c".to_owned(),
            status,
            resource: std::sync::Arc::new(crate::report::ResourceId {
                kind: crate::report::SubjectKind::Bucket,
                name: "b".to_owned(),
                arn: String::new(),
                account: String::new(),
                region: String::new(),
                address: None,
            }),
            item: None,
            severity,
            message: None,
            evidence: Vec::new(),
            witness: None,
            reason: None,
            missing: Vec::new(),
            not_requested: Vec::new(),
            remediation: None,
            fingerprint: String::new(),
            suppressed_by: None,
            suppression: None,
            location: None,
            change: None,
        };
        let results = [
            result(Severity::Low, Status::Fail),
            result(Severity::Critical, Status::Suppressed),
            result(Severity::High, Status::Fail),
            result(Severity::Critical, Status::Fail),
            result(Severity::Medium, Status::Fail),
        ];
        let split = |size, parts| {
            let (parts, left_out) = bounded(results.iter().collect(), size, parts);
            let parts: Vec<Vec<Severity>> = parts
                .iter()
                .map(|part| part.iter().map(|result| result.severity).collect())
                .collect();
            (parts, left_out)
        };
        let (parts, left_out) = split(5, 1);
        assert_eq!(
            (parts[0].len(), parts[0][0], left_out),
            (5, Severity::Low, 0)
        );
        let (parts, left_out) = split(2, 2);
        assert_eq!(left_out, 1);
        assert_eq!(
            parts,
            [
                vec![Severity::Critical, Severity::High],
                vec![Severity::Medium, Severity::Low]
            ]
        );
        assert_eq!(bounded(Vec::new(), 2, 2).0.len(), 1);
    }

    #[test]
    fn a_name_is_one_segment_whatever_it_holds() {
        assert_eq!(segment("acme-logs.eu_1~"), "acme-logs.eu_1~");
        assert_eq!(segment("a/../b?c#d e"), "a%2F..%2Fb%3Fc%23d%20e");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment(""), "_");
    }

    #[test]
    fn only_plain_links_are_links() {
        assert!(is_link("https://docs.aws.amazon.com/x#y"));
        for text in ["javascript:x", "https://a b", "https://a>b", ""] {
            assert!(!is_link(text), "{text}");
        }
    }
}
