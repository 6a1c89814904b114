//! `cold-start estimate`: estimates one function, two, or JSON lines.

use std::io::{self, BufRead, Read};
use std::path::Path;

use super::console::Console;
use super::files::{self, Stdout};
use super::{Exit, RunError};
use crate::cli::options::EstimateOptions;
use crate::facts::function::cold_start::facts::drivers;
use crate::output::estimate::{EstimateColumn, render};
use crate::report::cold_start::EstimateInput;
use coldbucket_cold_start::levers::{Target, levers};
use coldbucket_cold_start::shape::ShapeError;
use coldbucket_cold_start::{InputError, Model, Prices, estimate};

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

/// What is wrong with the function that was described.
fn mistake(error: InputError) -> RunError {
    match error {
        InputError::Kind(ShapeError::Runtime { name, similar }) => RunError::mistake(
            format!("unknown runtime `{name}`"),
            similar.map(|similar| format!("did you mean `{similar}`?")),
        ),
        error => RunError::mistake(error.to_string(), None),
    }
}

fn column(model: &Model, title: &str, input: &EstimateInput) -> Result<EstimateColumn, RunError> {
    let found = estimate(model, input).map_err(mistake)?;
    let target = Target {
        region: "us-east-1".to_owned(),
        snapstart_eligible: Some(true),
        provisionable: true,
        ..Target::default()
    };
    let price = Prices::builtin()
        .map_err(RunError::Internal)?
        .of(&target.region);
    Ok(EstimateColumn {
        title: title.to_owned(),
        estimate: found.output(&input.id),
        drivers: drivers(&found, None),
        levers: price
            .map(|price| levers(model, &price, input, &target, None))
            .unwrap_or_default(),
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
    use crate::facts::function::runtime::RuntimeTable;

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

    fn asked(runtime: &str, framework: Option<&str>) -> Result<(), String> {
        let input = EstimateInput {
            runtime: runtime.to_owned(),
            architecture: "x86_64".to_owned(),
            package_type: "zip".to_owned(),
            memory_mb: 512,
            framework: framework.map(str::to_owned),
            ..EstimateInput::default()
        };
        column(Model::builtin().unwrap(), "", &input)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_runtime_is_a_mistake_and_a_newer_one_is_not() {
        for (runtime, known) in [
            ("java21", true),
            ("java29", true),
            ("python3.19", true),
            ("jva21", false),
            ("pyhton3.13", false),
            ("nodjs22.x", false),
            ("nodejs22", false),
        ] {
            assert_eq!(asked(runtime, None).is_ok(), known, "{runtime}");
        }
        let error = asked("jva21", None).unwrap_err();
        assert!(error.contains("did you mean `java21`?"), "{error}");
    }

    #[test]
    fn an_os_only_runtime_without_what_it_runs_is_a_mistake() {
        let error = asked("provided.al2023", None).unwrap_err();
        assert!(error.contains("framework"), "{error}");
        assert_eq!(asked("provided.al2023", Some("rust")), Ok(()));
    }

    #[test]
    fn every_runtime_that_lambda_has_or_had_is_estimated() {
        for runtime in RuntimeTable::builtin().rows.keys() {
            let framework = runtime.starts_with("provided").then_some("go");
            assert_eq!(asked(runtime, framework), Ok(()), "{runtime}");
        }
    }

    /// Every member of the contract, each as its type allows.
    #[test]
    fn a_line_with_every_member_is_answered() {
        let line = r#"{"id":"all","runtime":"python3.13","architecture":"arm64","package_type":"image",
            "memory_mb":1024.0,"zip_mb":12,"unzipped_mb":40.5,"imported_mb":3,"image_mb":210,"uses_sdk":true,
            "extensions":2.0,"snapstart":false,"vpc":true,"framework":"fastapi","packages":["numpy","no-such"],
            "extension_kinds":["plain","otel-collector","instrumentation"],"sdk_client":"handler","primed":null,
            "ready_to_run":false}"#
            .replace('\n', "");
        let nulls = r#"{"id":"nulls","runtime":"java21","architecture":"x86_64","package_type":"zip","memory_mb":512,
            "zip_mb":null,"unzipped_mb":null,"imported_mb":null,"image_mb":null,"uses_sdk":null,"extensions":null,
            "snapstart":null,"vpc":null,"framework":null,"packages":null,"extension_kinds":null,"sdk_client":null,
            "primed":null,"ready_to_run":null}"#
            .replace('\n', "");
        let (exit, found) = answers(&format!("{line}\n{nulls}\n"));
        assert_eq!(exit, Exit::Clean, "{found:?}");
        for answer in found {
            let of = |member: &str| answer[member].as_f64().unwrap();
            assert!(of("low_ms") <= of("reported_ms") && of("reported_ms") <= of("high_ms"));
            assert!(of("init_low_ms") <= of("init_ms") && of("init_ms") <= of("init_high_ms"));
            assert!((of("init_ms") + of("first_call_ms") - of("reported_ms")).abs() < 0.11);
            assert!((of("pre_init_ms") + of("reported_ms") - of("caller_ms")).abs() < 0.11);
            assert!(answer["basis"].is_array());
        }
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
