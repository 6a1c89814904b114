//! What a change of a policy grants, for a reviewer: which statement, what it allows now, and the
//! request that shows it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{hostile, proof};
use crate::report::policy::{
    CompareOutput, CompareVerdict, ForbidsOutput, NewAccess, PolicyRelation, PublicOutput, Request,
};

/// The files that were compared.
pub struct ComparedFiles<'a> {
    /// Name of the policy before.
    pub old: &'a str,
    /// Name of the policy after.
    pub new: &'a str,
    /// The lines on which statements of the policy after begin, from 1, by the position of the
    /// statement.
    pub lines: BTreeMap<usize, u32>,
}

impl ComparedFiles<'_> {
    /// The line on which a statement of the new policy begins.
    fn line(&self, index: usize) -> Option<u32> {
        self.lines.get(&index).copied()
    }
}

/// Writes a comparison.
///
/// # Errors
/// What the writer says.
pub fn render(
    answer: &CompareOutput,
    files: &ComparedFiles<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for line in lines(answer, files) {
        writeln!(out, "{}", hostile::plain(&line))?;
    }
    Ok(())
}

fn lines(answer: &CompareOutput, files: &ComparedFiles<'_>) -> Vec<String> {
    let mut lines = vec![headline(answer, files)];
    for found in &answer.statements {
        lines.push(format!("  {}", place(found, files)));
        lines.push(format!("    {}", found.because));
        if let Some(request) = &found.witness {
            lines.extend(shown(request).map(|line| format!("    {line}")));
        }
    }
    for remark in &answer.remarks {
        lines.push(format!("  remark: {remark}"));
    }
    lines
}

fn headline(answer: &CompareOutput, files: &ComparedFiles<'_>) -> String {
    let relation = PolicyRelation::of(answer);
    let what = match (answer.verdict, relation) {
        (CompareVerdict::Unknown, _) => format!(
            "it could not be decided whether NEW allows more than OLD: {}",
            answer.reason.as_deref().unwrap_or("no reason is known")
        ),
        (_, PolicyRelation::Equal) => "both allow the same requests".to_owned(),
        (_, PolicyRelation::Narrower) => "NEW allows less than OLD".to_owned(),
        (_, PolicyRelation::Wider) => "NEW allows more than OLD".to_owned(),
        (_, PolicyRelation::Different) => {
            "NEW allows requests that OLD does not, and the other way round".to_owned()
        }
        (CompareVerdict::New, PolicyRelation::Unknown) => {
            "NEW allows more than OLD; whether OLD allows more too could not be decided".to_owned()
        }
        (_, PolicyRelation::Unknown) => {
            "NEW allows nothing new; whether it allows less could not be decided".to_owned()
        }
    };
    format!(
        "{}: {what} (OLD is {}, NEW is {})",
        relation.name(),
        files.old,
        files.new
    )
}

fn place(found: &NewAccess, files: &ComparedFiles<'_>) -> String {
    let sid = found
        .sid
        .as_ref()
        .map(|sid| format!(" ({sid})"))
        .unwrap_or_default();
    let line = files
        .line(found.index)
        .map(|line| format!(", line {line}"))
        .unwrap_or_default();
    format!("statement {}{sid}{line}", found.index)
}

/// A request, and the command that sends one like it.
fn shown(request: &Request) -> impl Iterator<Item = String> {
    let text = serde_json::to_string(request).unwrap_or_default();
    let command = proof::command(request).map(|command| format!("try      {command}"));
    std::iter::once(format!("request  {text}")).chain(command)
}

/// Writes GitHub's annotations: an error at each statement that allows something new, a warning for
/// what could not be decided, a notice for each remark (GitHub docs, "Workflow commands for GitHub
/// Actions", 2026).
///
/// # Errors
/// What the writer says.
pub fn annotate(
    answer: &CompareOutput,
    files: &ComparedFiles<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = property(files.new);
    for found in &answer.statements {
        let line = files.line(found.index).unwrap_or(1);
        writeln!(
            out,
            "::error file={file},line={line},title=New access::{}",
            message(&found.because)
        )?;
    }
    if let (CompareVerdict::Unknown, Some(reason)) = (answer.verdict, &answer.reason) {
        writeln!(
            out,
            "::warning file={file},title=New access could not be ruled out::{}",
            message(reason)
        )?;
    }
    for remark in &answer.remarks {
        writeln!(out, "::notice file={file}::{}", message(remark))?;
    }
    Ok(())
}

/// A message of a workflow command: GitHub reads `%`, carriage return and line feed.
fn message(text: &str) -> String {
    hostile::plain(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command: a colon and a comma end it.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Writes whether some access is granted.
///
/// # Errors
/// What the writer says.
pub fn render_forbids(answer: &ForbidsOutput, out: &mut dyn Write) -> io::Result<()> {
    let headline = match answer.granted {
        Some(true) => "granted: the policy allows some of this access",
        Some(false) => "not granted: the policy allows none of this access",
        None => "unknown: it could not be decided",
    };
    outcome(
        headline,
        answer.witness.as_ref(),
        answer.reason.as_deref(),
        out,
    )
}

/// Writes whether a policy is public.
///
/// # Errors
/// What the writer says.
pub fn render_public(answer: &PublicOutput, out: &mut dyn Write) -> io::Result<()> {
    let headline = match answer.public {
        Some(true) => "public: the policy allows callers that it does not name",
        Some(false) => "not public: the policy allows only callers that it names",
        None => "unknown: it could not be decided",
    };
    outcome(
        headline,
        answer.witness.as_ref(),
        answer.reason.as_deref(),
        out,
    )
}

fn outcome(
    headline: &str,
    witness: Option<&Request>,
    reason: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{headline}")?;
    for line in witness.into_iter().flat_map(shown) {
        writeln!(out, "  {}", hostile::plain(&line))?;
    }
    if let Some(reason) = reason {
        writeln!(out, "  because {}", hostile::plain(reason))?;
    }
    Ok(())
}
