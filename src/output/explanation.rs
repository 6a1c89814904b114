//! `explain CHECK RESOURCE`: one verdict, from the condition to the evidence.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::table::grid::{Column, Grid, Text};
use super::table::paint::{Tone, paint};
use super::table::prose;
use super::{Look, hostile, proof, words};
use crate::report::policy::{ContextValue, Request};
use crate::report::{CheckResult, Evidence, Status};

/// What there is to say about one check and one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The check's id.
    pub check: String,
    /// Its title.
    pub title: String,
    /// ARN of the resource.
    pub resource: String,
    /// The results, one, or one an item.
    pub results: Vec<CheckResult>,
    /// The conditions, label and text; those with an empty text are left out.
    pub conditions: Vec<(&'static str, String)>,
    /// The facts that the conditions look at.
    pub facts: Vec<FactLine>,
    /// What those were concluded from.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remediation: String,
    /// The policy that decides, and the statement that allows the request of a witness.
    pub policy: Option<(Value, Option<usize>)>,
    /// The command that prints the fix, where there is a finding.
    pub fix: Option<String>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub struct FactLine {
    /// Its path.
    pub path: String,
    /// Its value, when it is known.
    pub known: Option<Value>,
    /// Why it is not known.
    pub because: Vec<String>,
}

/// Writes it.
///
/// # Errors
/// Those of the writer.
pub fn render(explanation: &Explanation, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}  {}",
        paint(
            look.color,
            Tone::Strong,
            &hostile::plain(&explanation.check)
        ),
        hostile::plain(&explanation.resource)
    )?;
    prose(look, 0, Tone::Plain, &explanation.title, out)?;
    for result in &explanation.results {
        verdict(result, look, out)?;
    }
    if explanation.results.is_empty() {
        writeln!(out)?;
        prose(look, 0, Tone::Plain, "Nothing to judge here.", out)?;
    }
    section("Condition", look, out)?;
    for (label, text) in explanation
        .conditions
        .iter()
        .filter(|(_, text)| !text.is_empty())
    {
        writeln!(
            out,
            "  {}  {}",
            paint(look.color, Tone::Quiet, &format!("{label:<9}")),
            hostile::plain(text.trim())
        )?;
    }
    if !explanation.facts.is_empty() {
        section("Facts", look, out)?;
        facts(&explanation.facts, look, out)?;
    }
    evidence(&explanation.evidence, look, out)?;
    for witness in explanation
        .results
        .iter()
        .filter_map(|result| result.witness.as_deref())
    {
        section("A request that shows it", look, out)?;
        request(witness, look, out)?;
    }
    if let Some((policy, statement)) = &explanation.policy {
        section("Policy", look, out)?;
        listing(policy, *statement, look, out)?;
    }
    if !explanation.remediation.is_empty() {
        section("Fix", look, out)?;
        prose(look, 2, Tone::Plain, &explanation.remediation, out)?;
    }
    match &explanation.fix {
        Some(command) => writeln!(
            out,
            "  {}",
            paint(look.color, Tone::Quiet, &hostile::plain(command))
        ),
        None => Ok(()),
    }
}

/// Who may call what, and the command that does.
fn request(witness: &Value, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let Ok(request) = serde_json::from_value::<Request>(witness.clone()) else {
        return prose(look, 2, Tone::Plain, &short(witness), out);
    };
    let mut text = format!(
        "{} may call {} on {}",
        proof::who(&request.principal),
        request.action,
        request.resource
    );
    let context: Vec<String> = request
        .context
        .iter()
        .map(|(key, value)| match value {
            ContextValue::One(text) => format!("{key} = {text}"),
            ContextValue::Many(texts) => format!("{key} = {}", texts.join(", ")),
        })
        .collect();
    if !context.is_empty() {
        text.push_str(&format!(" with {}", context.join("; ")));
    }
    prose(look, 2, Tone::Plain, &text, out)?;
    match proof::command(&request) {
        Some(command) => {
            for line in command.lines() {
                writeln!(out, "    {}", hostile::plain(line))?;
            }
            Ok(())
        }
        None => Ok(()),
    }
}

/// A policy over several lines, with a mark before each line of one statement.
fn listing(
    policy: &Value,
    marked: Option<usize>,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = |mark: bool, indent: usize, text: &str| {
        let sign = if mark { ">" } else { " " };
        let tone = if mark { Tone::Strong } else { Tone::Plain };
        let text = format!("{sign} {:indent$}{}", "", hostile::plain(text));
        writeln!(out, "{}", paint(look.color, tone, &text))
    };
    let members = policy.as_object().into_iter().flatten();
    line(false, 0, "{")?;
    for (name, value) in members {
        match value {
            Value::Array(statements) if name == "Statement" => {
                line(false, 2, "\"Statement\": [")?;
                for (at, statement) in statements.iter().enumerate() {
                    let text = serde_json::to_string_pretty(statement).unwrap_or_default();
                    for part in text.lines() {
                        line(marked == Some(at), 4, part)?;
                    }
                }
                line(false, 2, "]")?;
            }
            other => {
                let text = serde_json::to_string_pretty(other).unwrap_or_default();
                let text = format!("\"{name}\": {text}");
                for part in text.lines() {
                    line(name == "Statement" && marked == Some(0), 2, part)?;
                }
            }
        }
    }
    line(false, 0, "}")
}

fn section(title: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint(look.color, Tone::Strong, title))
}

fn verdict(result: &CheckResult, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let word = result.status.name().replace('-', " ").to_uppercase();
    let tone = match result.status {
        Status::Fail => Tone::of(result.severity),
        Status::Pass => Tone::Good,
        other => words::status(other).tone,
    };
    writeln!(out)?;
    write!(out, "{}", paint(look.color, tone, &word))?;
    if result.status == Status::Fail {
        write!(
            out,
            "  {}",
            paint(look.color, Tone::Quiet, result.severity.name())
        )?;
    }
    if let Some(item) = &result.item {
        write!(out, "  {}", hostile::plain(item))?;
    }
    writeln!(out)?;
    if let Some(message) = &result.message {
        prose(look, 2, Tone::Plain, message, out)?;
    }
    if !result.missing.is_empty() {
        let text = format!("Would be decided by: {}", result.missing.join(", "));
        prose(look, 2, Tone::Unknown, &text, out)?;
    }
    if let Some(by) = &result.suppressed_by {
        prose(look, 2, Tone::Quiet, &format!("Accepted by {by}"), out)?;
    }
    Ok(())
}

fn facts(facts: &[FactLine], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut grid = Grid::new(2, [Column::new(""), Column::new("").prose()]);
    for fact in facts {
        let value = match &fact.known {
            Some(value) => Text::plain(&short(value)),
            None => Text::new(
                Tone::Unknown,
                &format!("unknown: {}", fact.because.join("; ")),
            ),
        };
        grid.row([Text::plain(&fact.path), value]);
    }
    grid.write(look.width, look.color, out)
}

/// A value on one line, shortened by characters.
fn short(value: &Value) -> String {
    const MOST: usize = 400;
    let mut written = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut written, Spaced);
    let text = match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&written).into_owned(),
        Err(_) => value.to_string(),
    };
    if text.chars().count() > MOST {
        let head: String = text.chars().take(MOST).collect();
        format!("{head}…")
    } else {
        text
    }
}

/// JSON with a blank wherever a line may end.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

fn evidence(pieces: &[Evidence], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    section("Evidence", look, out)?;
    for piece in pieces {
        writeln!(
            out,
            "  {}",
            paint(look.color, Tone::Quiet, &hostile::plain(&piece.pointer))
        )?;
        prose(look, 4, Tone::Plain, &short(&piece.value), out)?;
    }
    Ok(())
}
