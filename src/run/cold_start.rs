//! `cold-start estimate`: estimates one function, two, or JSON lines.

use std::io::{self, BufRead, Read};
use std::path::Path;

use super::console::Console;
use super::files::{self, Stdout};
use super::{Exit, RunError};
use crate::cli::did_you_mean;
use crate::cli::options::EstimateOptions;
use crate::facts::function::cold_start::facts::drivers;
use crate::facts::function::runtime::RuntimeTable;
use crate::output::estimate::{EstimateColumn, render};
use crate::report::cold_start::EstimateInput;
use coldbucket_cold_start::levers::{Target, levers};
use coldbucket_cold_start::{Model, Prices, estimate};

/// The longest line `--batch` reads, bytes.
const LINE_LIMIT: u64 = 65_536;

/// The model to use: the user's file, or the shipped one.
pub(super) fn model(file: Option<&Path>) -> Result<Model, RunError> {
    match file {
        None => Model::builtin()
            .cloned()
            .map_err(|error| RunError::Internal(error.to_string())),
        Some(path) => Model::parse(&files::read_text(path)?).map_err(|error| {
            RunError::mistake(
                format!("--cold-start-model {}: {error}", path.display()),
                None,
            )
        }),
    }
}

pub(super) fn run(
    what_if: EstimateOptions,
    console: &Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let model = model(what_if.model.as_deref())?;
    if what_if.batch {
        return batch(&model, io::stdin().lock(), stdout);
    }
    let mut columns = Vec::new();
    for (title, input) in &what_if.inputs {
        check_runtime(&input.runtime)?;
        columns.push(column(&model, title, input)?);
    }
    if what_if.json {
        stdout.write(|out| {
            for column in &columns {
                serde_json::to_writer(&mut *out, &column.estimate)?;
                writeln!(out)?;
            }
            Ok(())
        })?;
    } else {
        let look = console.look();
        stdout.write(|out| render(&columns, look, out))?;
    }
    Ok(Exit::Clean)
}

/// Refuses a runtime of a family that AWS does not have and whose name is one letter or two off. A newer
/// version of a family is estimated like the newest that is known.
fn check_runtime(runtime: &str) -> Result<(), RunError> {
    let family = |name: &str| {
        let end = name.find(|letter: char| letter.is_ascii_digit());
        name.get(..end.unwrap_or(name.len())).map(str::to_owned)
    };
    let known = RuntimeTable::builtin().rows.keys();
    if known.clone().any(|name| family(name) == family(runtime)) {
        return Ok(());
    }
    let help = did_you_mean(runtime, known.map(String::as_str));
    if help.is_none() {
        return Ok(());
    }
    let message = format!("unknown runtime `{runtime}`");
    Err(RunError::mistake(message, help))
}

fn column(model: &Model, title: &str, input: &EstimateInput) -> Result<EstimateColumn, RunError> {
    let found =
        estimate(model, input).map_err(|error| RunError::mistake(error.to_string(), None))?;
    let target = Target {
        region: "us-east-1".to_owned(),
        snapstart_eligible: Some(true),
        provisionable: true,
        ..Target::default()
    };
    let prices = Prices::builtin().map_err(RunError::Internal)?;
    Ok(EstimateColumn {
        title: title.to_owned(),
        estimate: found.output(&input.id),
        drivers: drivers(&found, None),
        levers: levers(model, prices, input, &target, None),
    })
}

/// One answer line an input line, in order. A bad line is answered with an error, and the exit code is
/// that of bad input. Blank lines are skipped.
fn batch(
    model: &Model,
    mut lines: impl BufRead,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let unreadable = |source| RunError::Read {
        path: "standard input".into(),
        source,
    };
    let mut exit = Exit::Clean;
    loop {
        let mut bytes = Vec::new();
        let read = (&mut lines)
            .take(LINE_LIMIT + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(unreadable)?;
        if read == 0 {
            return Ok(exit);
        }
        let answer = if bytes.len() as u64 > LINE_LIMIT {
            // The rest of the line is skipped, in pieces.
            while bytes.last() != Some(&b'\n') {
                bytes.clear();
                let more = (&mut lines)
                    .take(LINE_LIMIT)
                    .read_until(b'\n', &mut bytes)
                    .map_err(unreadable)?;
                if more == 0 {
                    break;
                }
            }
            Err((None, format!("the line is longer than {LINE_LIMIT} bytes")))
        } else if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            answer(model, &bytes)
        };
        let text = match answer {
            Ok(text) => text,
            Err((id, error)) => {
                exit = Exit::Usage;
                serde_json::json!({"id": id, "error": error}).to_string()
            }
        };
        stdout.write(|out| writeln!(out, "{text}"))?;
    }
}

/// The answer to one line, or its id, if any, and the error.
fn answer(model: &Model, line: &[u8]) -> Result<String, (Option<String>, String)> {
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| (None, error.to_string()))?;
    let id = value
        .get("id")
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned);
    let input: EstimateInput =
        serde_json::from_value(value).map_err(|error| (id.clone(), error.to_string()))?;
    let found = estimate(model, &input).map_err(|error| (id.clone(), error.to_string()))?;
    serde_json::to_string(&found.output(&input.id)).map_err(|error| (id, error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn answers(text: &str) -> (Exit, Vec<serde_json::Value>) {
        let mut bytes = Vec::new();
        let exit = {
            let mut stdout = Stdout::new(&mut bytes);
            let exit = batch(Model::builtin().unwrap(), text.as_bytes(), &mut stdout).unwrap();
            stdout.finish().unwrap();
            exit
        };
        let lines = String::from_utf8(bytes).unwrap();
        (
            exit,
            lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    }

    #[test]
    fn a_misspelt_runtime_is_a_mistake_and_a_newer_one_is_not() {
        for (runtime, known) in [
            ("java21", true),
            ("java29", true),
            ("python3.19", true),
            ("provided.al2023", true),
            ("jva21", false),
            ("pyhton3.13", false),
            ("nodjs22.x", false),
        ] {
            assert_eq!(check_runtime(runtime).is_ok(), known, "{runtime}");
        }
        let Err(error) = check_runtime("jva21") else {
            panic!("jva21 is no runtime");
        };
        assert!(
            error.to_string().contains("did you mean `java21`?"),
            "{error}"
        );
    }

    const GOOD: &str = r#"{"id":"a","runtime":"python3.13","architecture":"x86_64","package_type":"zip","memory_mb":512}"#;

    #[test]
    fn every_line_gets_its_answer_in_order() {
        let (exit, found) = answers(&format!("{GOOD}\n\n{}\n", GOOD.replace("\"a\"", "\"b\"")));
        assert_eq!(exit, Exit::Clean);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["id"], "a");
        assert_eq!(found[1]["id"], "b");
        assert_eq!(found[0]["reported_ms"], found[1]["reported_ms"]);
    }

    #[test]
    fn bad_lines_answer_and_the_rest_goes_on() {
        let long = "x".repeat(200_000);
        let (exit, found) = answers(&format!(
            "{{\"id\":\"w\"}}\nnonsense\n{long}\n{}\n{GOOD}",
            GOOD.replace("512", "1")
        ));
        assert_eq!(exit, Exit::Usage);
        assert_eq!(found.len(), 5);
        assert_eq!(found[0]["id"], "w");
        assert!(found[1]["id"].is_null());
        assert!(found[2]["error"].as_str().unwrap().contains("longer"));
        assert!(found[3]["error"].as_str().unwrap().contains("memory_mb"));
        assert!(found[4]["error"].is_null());
    }
}
