//! `-o junit`: JUnit XML, for a CI server's list of tests.
//!
//! A check is a suite and a result a test case. A finding is a failure. What a refused or failed call
//! left open is an error: the test did not run to its end. What does not apply, is accepted, or is
//! decided by nothing that could be read is skipped, with the reason.
//!
//! Two schemas are in use, and both are met: that of Ant's JUnit task, written down by Windy Road, which
//! wants every suite whole (properties, output, host), and that of Jenkins. Both are stricter than
//! quick-junit, which puts an attribute on the root that neither knows; so the document is written with
//! quick-xml, event by event, and never stands in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::shortened::{label, sentence, shown};
use crate::report::{CheckResult, Reason, Report, Status};

/// Characters of a name and of a message.
const NAME: usize = 256;
const MESSAGE: usize = 1024;

/// What a test case came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseOutcome {
    Passed,
    Failure,
    Error,
    Skipped,
}

fn outcome(result: &CheckResult) -> CaseOutcome {
    match (result.status, result.reason) {
        (Status::Pass, _) => CaseOutcome::Passed,
        (Status::Fail, _) => CaseOutcome::Failure,
        (Status::NotAssessed, Some(Reason::Denied | Reason::Failed)) => CaseOutcome::Error,
        (Status::NotAssessed | Status::NotApplicable | Status::Suppressed, _) => {
            CaseOutcome::Skipped
        }
    }
}

/// Writes the document.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in &report.results {
        suites.entry(&result.check).or_default().push(result);
    }
    let mut writer = Writer::new_with_indent(out, b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("testsuites")))?;
    for (position, (check, results)) in suites.iter().enumerate() {
        suite(report, position, check, results, &mut writer)?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
    writer.write_event(Event::Text(BytesText::new("\n")))
}

fn suite(
    report: &Report,
    position: usize,
    check: &str,
    results: &[&CheckResult],
    writer: &mut Writer<&mut dyn Write>,
) -> io::Result<()> {
    let number = |wanted: CaseOutcome| {
        results
            .iter()
            .filter(|result| outcome(result) == wanted)
            .count()
            .to_string()
    };
    let seconds = report.taken_at.get(..19).unwrap_or("1970-01-01T00:00:00");
    let name = xml(check, NAME);
    let mut start = BytesStart::new("testsuite");
    for (attribute, value) in [
        ("name", name.as_str()),
        ("package", "coldbucket"),
        ("id", &position.to_string()),
        ("timestamp", seconds),
        ("hostname", "localhost"),
        ("tests", &results.len().to_string()),
        ("failures", &number(CaseOutcome::Failure)),
        ("errors", &number(CaseOutcome::Error)),
        ("skipped", &number(CaseOutcome::Skipped)),
        ("time", "0"),
    ] {
        start.push_attribute((attribute, value));
    }
    writer.write_event(Event::Start(start))?;
    writer.write_event(Event::Start(BytesStart::new("properties")))?;
    let summary = report.checks.get(check);
    for (property, value) in [
        ("title", summary.map_or("", |about| about.title.as_str())),
        (
            "remediation",
            summary.map_or("", |about| about.remediation.as_str()),
        ),
    ] {
        let mut element = BytesStart::new("property");
        element.push_attribute(("name", property));
        element.push_attribute(("value", xml(value, MESSAGE).as_str()));
        writer.write_event(Event::Empty(element))?;
    }
    writer.write_event(Event::End(BytesEnd::new("properties")))?;
    for result in results {
        case(report, result, &name, writer)?;
    }
    writer.write_event(Event::Empty(BytesStart::new("system-out")))?;
    writer.write_event(Event::Empty(BytesStart::new("system-err")))?;
    writer.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn case(
    report: &Report,
    result: &CheckResult,
    suite: &str,
    writer: &mut Writer<&mut dyn Write>,
) -> io::Result<()> {
    let mut start = BytesStart::new("testcase");
    start.push_attribute(("name", xml(&label(result), NAME).as_str()));
    start.push_attribute(("classname", format!("coldbucket.{suite}").as_str()));
    start.push_attribute(("time", "0"));
    let outcome = outcome(result);
    let element = match outcome {
        CaseOutcome::Passed => return writer.write_event(Event::Empty(start)),
        CaseOutcome::Failure => "failure",
        CaseOutcome::Error => "error",
        CaseOutcome::Skipped => "skipped",
    };
    let sentence = sentence(report, result);
    let message = result.suppressed_by.as_deref().unwrap_or(&sentence);
    let mut inner = BytesStart::new(element);
    inner.push_attribute(("message", xml(message, MESSAGE).as_str()));
    if outcome == CaseOutcome::Skipped {
        writer.write_event(Event::Start(start))?;
        writer.write_event(Event::Empty(inner))?;
        return writer.write_event(Event::End(BytesEnd::new("testcase")));
    }
    inner.push_attribute(("type", result.severity.name()));
    // Where to look, for those whose viewer shows the text and not the attributes.
    let text = [
        sentence.to_string(),
        format!("{} in {}", result.resource.arn, result.resource.region),
        format!("fingerprint {}", result.fingerprint),
    ]
    .map(|line| xml(&line, MESSAGE))
    .join("\n");
    writer.write_event(Event::Start(start))?;
    writer.write_event(Event::Start(inner))?;
    writer.write_event(Event::Text(BytesText::new(&text)))?;
    writer.write_event(Event::End(BytesEnd::new(element)))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

/// Text that XML 1.0 can hold: control characters have no escape there, and the two last code points
/// of a plane are no characters.
fn xml(text: &str, most: usize) -> String {
    shown(text, most)
        .chars()
        .map(|letter| match letter {
            '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}
