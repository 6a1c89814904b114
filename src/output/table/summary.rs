//! The head of the table: which account, when, how much was assessed, and what is worst.

use std::io::{self, Write};

use super::paint::{Tone, paint};
use super::{count, labelled, prose, some_of};
use crate::output::shortened::{of_severity, with_status};
use crate::output::{Look, words};
use crate::report::numbers::{number as thousands, time};
use crate::report::{CheckResult, Report, Severity, Source, Status};

const LABEL: usize = 8;

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let source = match report.source {
        Source::Live => String::new(),
        other => format!("  {}", words::source(other)),
    };
    writeln!(
        out,
        "{}{}",
        paint(
            look.color,
            Tone::Strong,
            &format!("{} {}", report.tool.name, report.tool.version)
        ),
        paint(look.color, Tone::Quiet, &source)
    )?;
    writeln!(out)?;
    let mut line = |label: &str, parts: &[(Tone, String)]| {
        if parts.is_empty() {
            Ok(())
        } else {
            labelled(look, 2, label, LABEL, parts, out)
        }
    };
    let plain = |text: String| [(Tone::Plain, text)];
    line(
        "account",
        &plain(list_or(&report.scope.accounts, "unknown", 8)),
    )?;
    line(
        "regions",
        &plain(list_or(&report.scope.regions, "none", 24)),
    )?;
    if let Some(endpoint) = &report.scope.endpoint {
        line("endpoint", &plain(endpoint.clone()))?;
    }
    line("read", &plain(when(report)))?;
    line("assessed", &plain(assessed(report)))?;
    line("results", &results(report))?;
    line("findings", &findings(report))?;
    line("worst", &worst(report))?;
    for note in &report.notes {
        prose(look, 2, Tone::Warn, &format!("note: {note}"), out)?;
    }
    Ok(())
}

fn list_or(names: &[String], nothing: &str, shown: usize) -> String {
    if names.is_empty() {
        nothing.to_owned()
    } else {
        some_of(names.iter().map(String::as_str), shown)
    }
}

fn when(report: &Report) -> String {
    let mut text = time(&report.taken_at);
    if report.summary.api_calls > 0 {
        text.push_str(&format!(", {}", words::calls(&report.summary)));
    }
    text
}

fn assessed(report: &Report) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let order = ["bucket", "function", "account"];
    let others = report
        .summary
        .resources
        .keys()
        .map(String::as_str)
        .filter(|kind| !order.contains(kind));
    for kind in order.into_iter().chain(others) {
        match report.summary.resources.get(kind) {
            Some(Some(number)) => kinds.push(count(*number, &kind.replace('-', " "))),
            Some(None) => kinds.push(format!("at least {}", count(known(report, kind), kind))),
            None => {}
        }
    }
    if kinds.is_empty() {
        kinds.push("nothing".to_owned());
    }
    format!(
        "{} by {}",
        kinds.join(", "),
        count(report.checks.len(), "check")
    )
}

/// How many of a kind are known by name, where a listing failed.
fn known(report: &Report, kind: &str) -> usize {
    let names: std::collections::BTreeSet<&str> = report
        .results
        .iter()
        .filter(|result| result.resource.kind.name() == kind && result.resource.name != "*")
        .map(|result| result.resource.arn.as_str())
        .collect();
    names.len()
}

fn results(report: &Report) -> Vec<(Tone, String)> {
    let mut parts = Vec::new();
    for status in Status::ALL {
        let word = words::status(status);
        let number = with_status(report, status);
        if number > 0 || matches!(status, Status::Fail | Status::Pass) {
            separate(&mut parts);
            parts.push((word.tone, format!("{} {}", thousands(number), word.text)));
        }
    }
    parts
}

fn findings(report: &Report) -> Vec<(Tone, String)> {
    let mut parts = Vec::new();
    for severity in Severity::ALL {
        let number = of_severity(report, severity);
        if number > 0 {
            separate(&mut parts);
            parts.push((
                Tone::of(severity),
                format!("{} {}", thousands(number), severity.name()),
            ));
        }
    }
    if parts.is_empty() {
        parts.push((Tone::Good, "none".to_owned()));
    }
    parts
}

fn separate(parts: &mut Vec<(Tone, String)>) {
    if !parts.is_empty() {
        parts.push((Tone::Quiet, "·".to_owned()));
    }
}

/// The resource with the worst findings, and what they are.
fn worst(report: &Report) -> Vec<(Tone, String)> {
    let failed = || {
        report
            .results
            .iter()
            .filter(|result| result.status == Status::Fail && result.severity >= Severity::Medium)
    };
    // Severities of one resource, worst first; compared as lists, the longer of two equal heads wins.
    let weight = |of: &CheckResult| {
        let mut severities: Vec<Severity> = failed()
            .filter(|result| result.resource == of.resource)
            .map(|result| result.severity)
            .collect();
        severities.sort_by(|a, b| b.cmp(a));
        severities
    };
    let mut candidates: Vec<&CheckResult> = Vec::new();
    let top = failed().map(|result| result.severity).max();
    for result in failed().filter(|result| Some(result.severity) == top) {
        if !candidates
            .iter()
            .any(|other| other.resource == result.resource)
        {
            candidates.push(result);
        }
        // Weighing is quadratic; with this many equals any of them will do.
        if candidates.len() == 50 {
            break;
        }
    }
    let mut best: Option<(Vec<Severity>, &CheckResult)> = None;
    for candidate in candidates {
        let weight = weight(candidate);
        if best.as_ref().is_none_or(|(heaviest, _)| weight > *heaviest) {
            best = Some((weight, candidate));
        }
    }
    let Some((_, best)) = best else {
        return Vec::new();
    };
    let mut of_it: Vec<&CheckResult> = failed()
        .filter(|result| result.resource == best.resource)
        .collect();
    of_it.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.check.cmp(&b.check)));
    let mut ids: Vec<&str> = of_it.iter().map(|result| result.check.as_str()).collect();
    ids.dedup();
    vec![
        (Tone::Strong, best.resource.name.clone()),
        (
            Tone::Plain,
            format!("({})", some_of(ids.iter().copied(), 4)),
        ),
    ]
}
