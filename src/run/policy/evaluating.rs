//! `policy evaluate`.

use std::path::Path;

use super::streaming;
use crate::cli::policy::EvaluateArgs;
use crate::output::hostile;
use crate::report::policy::{Decision, EvaluateOutput, PolicySet, Request};
use crate::run::files::{self, Stdout};
use crate::run::{Exit, RunError};
use coldbucket_policy::batch::Evaluator;
use coldbucket_policy::evaluate::Policies;

pub(super) fn run(args: &EvaluateArgs, stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    if args.batch {
        return streaming::answers(
            || {
                let mut evaluator = Evaluator::default();
                move |line: &str| evaluator.answer(line)
            },
            |_| Exit::Clean,
            stdout,
        );
    }
    let text = args.request.as_deref().unwrap_or_default();
    let text = match text.strip_prefix('@') {
        Some(file) => read(Path::new(file))?,
        None => text.to_owned(),
    };
    let request: Request = serde_json::from_str(&text).map_err(|error| {
        RunError::mistake(
            format!("--request is invalid: {error}"),
            Some("principal, action, resource and resource_account are needed".to_owned()),
        )
    })?;
    let mut set = PolicySet::default();
    if let Some(path) = &args.policy {
        set.resource = serde_json::Value::String(read(path)?);
    }
    if !args.identity.is_empty() {
        let texts: Result<Vec<_>, _> = args
            .identity
            .iter()
            .map(|path| read(path).map(serde_json::Value::String))
            .collect();
        set.identity = Some(texts?);
    }
    let policies = Policies::new(&set, None).map_err(|message| RunError::mistake(message, None))?;
    let answer = policies.evaluate(&request).into_output(String::new());
    stdout.write(|out| {
        if args.json {
            serde_json::to_writer(&mut *out, &answer)?;
            return writeln!(out);
        }
        for line in lines(&answer) {
            writeln!(out, "{}", hostile::plain(&line))?;
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}

/// A text file that may hold anything.
fn read(path: &Path) -> Result<String, RunError> {
    let (name, bytes) = files::read_bytes(path)?;
    String::from_utf8(bytes).map_err(|_| RunError::mistake(format!("{name} is not UTF-8"), None))
}

/// The answer as text.
fn lines(answer: &EvaluateOutput) -> Vec<String> {
    let by = |verb: &str| match &answer.statement {
        Some(statement) => format!(
            "{verb} by Statement[{}] of the {} policy",
            statement.index, statement.policy
        ),
        None => verb.to_owned(),
    };
    let mut lines = vec![match answer.decision {
        Decision::Allow => by("allowed"),
        Decision::ExplicitDeny => by("denied"),
        Decision::ImplicitDeny => "denied: no statement allows it".to_owned(),
    }];
    if !answer.doubts.is_empty() {
        lines.push("uncertain; decided on the safe side:".to_owned());
        lines.extend(answer.doubts.iter().map(|doubt| format!("  {doubt}")));
    }
    lines
}
