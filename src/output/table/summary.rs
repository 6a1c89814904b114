//! The head of the table: which account, when, how much was assessed, and what is worst.

use std::io::{self, Write};

use super::paint::{Tone, paint};
use super::{LABEL, labelled, prose, some_of};
use crate::output::shortened::{assessed, counts, of_severity};
use crate::output::weight::Weights;
use crate::output::{Look, words};
use crate::report::numbers::{number as thousands, time};
use crate::report::{CheckResult, Report, Severity, Source, Status};

/// The program, and where the data came from.
pub(super) fn title(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
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
    )
}

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    title(report, look, out)?;
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
    if let Some(since) = &report.since {
        let text = format!(
            "{}: {} new, {} fixed, {} no longer assessable",
            time(&since.old_taken_at),
            thousands(since.new.len()),
            thousands(since.fixed.len()),
            thousands(since.no_longer_assessable.len())
        );
        line("since", &plain(text))?;
    }
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

pub(super) fn when(report: &Report) -> String {
    let mut text = time(&report.taken_at);
    if report.summary.api_calls > 0 {
        text.push_str(&format!(", {}", words::calls(&report.summary)));
    }
    text
}

pub(super) fn results(report: &Report) -> Vec<(Tone, String)> {
    let mut parts = Vec::new();
    for (word, number) in counts(report) {
        separate(&mut parts);
        parts.push((word.tone, format!("{} {}", thousands(number), word.text)));
    }
    parts
}

pub(super) fn findings(report: &Report) -> Vec<(Tone, String)> {
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
    let weights = Weights::of(report);
    let Some((resource, _)) = weights.worst().into_iter().next() else {
        return Vec::new();
    };
    let mut of_it: Vec<&CheckResult> = report
        .results
        .iter()
        .filter(|result| result.status == Status::Fail && result.severity >= Severity::Medium)
        .filter(|result| *result.resource == *resource)
        .collect();
    if of_it.is_empty() {
        return Vec::new();
    }
    of_it.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.check.cmp(&b.check)));
    let mut ids: Vec<&str> = of_it.iter().map(|result| result.check.as_str()).collect();
    ids.dedup();
    vec![
        (Tone::Strong, resource.name.clone()),
        (Tone::Plain, format!("({})", some_of(ids.into_iter(), 4))),
    ]
}
