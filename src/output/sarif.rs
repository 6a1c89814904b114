//! `-o sarif`: SARIF 2.1.0 (OASIS, errata 01), for code scanning.
//!
//! A check is a rule with its help; a finding is a result on the resource. Passes are left out, since
//! viewers show every result as something to mend. What is accepted stays, as a result with a
//! suppression; what could not be judged is no result but a notification of the run.
//!
//! A resource is no file. Its place is a relative path of account, Region, kind and name, because
//! GitHub refuses other schemes; the ARN stands beside it as the fully qualified name. GitHub also asks
//! for a line, so it is line 1, and takes its fingerprint from `primaryLocationLineHash`. Runs of
//! different accounts are kept apart by `automationDetails.id`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::json::{self, Lazy};
use super::shortened::{label, sentence, shown};
use crate::report::{CheckResult, CheckSummary, Reason, Report, Severity, Status};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Characters of a message, and of a name within a path.
const MESSAGE: usize = 360;
const NAME: usize = 120;
const ARN: usize = 220;

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r, N, R> {
    tool: Tool<'r>,
    automation_details: Details,
    invocations: [Invocation<'r, N>; 1],
    column_kind: &'static str,
    results: R,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'r> {
    name: &'r str,
    semantic_version: &'r str,
    rules: Vec<Rule<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'r> {
    id: &'r str,
    short_description: Text<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Text<'r>>,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'r str>,
    default_configuration: Configuration,
    properties: RuleProperties<'r>,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties<'r> {
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    tags: [&'static str; 2],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    maps_to: &'r BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct Text<'r> {
    text: std::borrow::Cow<'r, str>,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Details {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'r, N> {
    execution_successful: bool,
    end_time_utc: &'r str,
    tool_execution_notifications: N,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Notification<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'r> {
    level: &'static str,
    message: Text<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_rule: Option<RuleReference<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[Location<'r>; 1]>,
}

#[derive(Serialize)]
struct RuleReference<'r> {
    id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'r> {
    rule_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text<'r>,
    locations: [Location<'r>; 1],
    partial_fingerprints: Fingerprints<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<SarifSuppression<'r>>,
}

#[derive(Serialize)]
struct Fingerprints<'r> {
    #[serde(rename = "coldbucket/v1")]
    own: &'r str,
    #[serde(rename = "primaryLocationLineHash")]
    github: &'r str,
}

#[derive(Serialize)]
struct SarifSuppression<'r> {
    kind: &'static str,
    status: &'static str,
    justification: std::borrow::Cow<'r, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'r> {
    name: String,
    fully_qualified_name: std::borrow::Cow<'r, str>,
    kind: &'static str,
}

/// Writes the log: a result a line.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let index: BTreeMap<&str, usize> = report
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
    };
    let index = &index;
    let notifications = Lazy(move || {
        of(|status| status == Status::NotAssessed)
            .map(move |result| notification(report, result, index))
    });
    let results = Lazy(move || {
        of(|status| matches!(status, Status::Fail | Status::Suppressed))
            .map(move |result| sarif_result(report, result, index))
    });
    let remark = |note: &'_ String| Notification {
        level: "note",
        message: Text {
            text: shown(note, MESSAGE).into_owned().into(),
        },
        associated_rule: None,
        locations: None,
    };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: &report.tool.name,
                    semantic_version: &report.tool.version,
                    rules: report
                        .checks
                        .iter()
                        .map(|(id, summary)| rule(id, summary))
                        .collect(),
                },
            },
            automation_details: Details {
                id: format!("coldbucket/{}/", segment(report.scope.accounts.join("+"))),
            },
            invocations: [Invocation {
                execution_successful: true,
                end_time_utc: &report.taken_at,
                tool_execution_notifications: notifications,
                tool_configuration_notifications: report.notes.iter().map(remark).collect(),
            }],
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    json::spread(4, &log, out)
}

fn rule<'r>(id: &'r str, summary: &'r CheckSummary) -> Rule<'r> {
    let severity = summary.severity.unwrap_or(Severity::Info);
    let links = summary.references.iter().filter(|link| is_link(link));
    let listed: Vec<String> = links.clone().map(|link| format!("- <{link}>")).collect();
    let mut text = String::new();
    let mut markdown = String::new();
    for (heading, prose) in [
        ("Why it matters", &summary.rationale),
        ("How to mend it", &summary.remediation),
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
    Rule {
        id,
        short_description: Text {
            text: shown(&summary.title, MESSAGE),
        },
        full_description: (!summary.rationale.is_empty()).then(|| Text {
            text: shown(&summary.rationale, 1000),
        }),
        help: Help {
            text: text.trim_end().to_owned(),
            markdown: markdown.trim_end().to_owned(),
        },
        help_uri: links.map(String::as_str).next(),
        default_configuration: Configuration {
            level: level(severity),
        },
        properties: RuleProperties {
            security_severity: score(severity),
            tags: ["security", "aws"],
            maps_to: &summary.maps_to,
        },
    }
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

fn sarif_result<'r>(
    report: &'r Report,
    result: &'r CheckResult,
    index: &BTreeMap<&str, usize>,
) -> SarifResult<'r> {
    let accepted = result.status == Status::Suppressed;
    let why = result.suppressed_by.as_deref().unwrap_or("accepted");
    SarifResult {
        rule_id: &result.check,
        rule_index: index.get(result.check.as_str()).copied(),
        level: level(result.severity),
        message: message(report, result),
        locations: [location(result)],
        partial_fingerprints: Fingerprints {
            own: &result.fingerprint,
            github: &result.fingerprint,
        },
        suppressions: accepted
            .then(|| SarifSuppression {
                kind: "external",
                status: "accepted",
                justification: shown(why, 200),
            })
            .into_iter()
            .collect(),
    }
}

fn notification<'r>(
    report: &'r Report,
    result: &'r CheckResult,
    index: &BTreeMap<&str, usize>,
) -> Notification<'r> {
    Notification {
        level: match result.reason {
            // Nobody can settle it.
            Some(Reason::Undecidable) => "note",
            _ => "warning",
        },
        message: message(report, result),
        associated_rule: Some(RuleReference {
            id: &result.check,
            index: index.get(result.check.as_str()).copied(),
        }),
        locations: Some([location(result)]),
    }
}

fn message<'r>(report: &'r Report, result: &'r CheckResult) -> Text<'r> {
    let text = match sentence(report, result) {
        std::borrow::Cow::Borrowed(text) => shown(text, MESSAGE),
        std::borrow::Cow::Owned(text) => shown(&text, MESSAGE).into_owned().into(),
    };
    Text { text }
}

fn location(result: &CheckResult) -> Location<'_> {
    let id = &result.resource;
    let path: Vec<String> = [&id.account, &id.region, id.kind.name(), &id.name]
        .into_iter()
        .map(segment)
        .collect();
    Location {
        physical_location: PhysicalLocation {
            artifact_location: Artifact {
                uri: path.join("/"),
            },
            region: Region { start_line: 1 },
        },
        logical_locations: [LogicalLocation {
            name: shown(&label(result), NAME).into_owned(),
            fully_qualified_name: shown(&id.arn, ARN),
            kind: "resource",
        }],
    }
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
