//! `diff`: compares two reports; new findings set the exit code.

use super::console::Console;
use super::files::{self, Stdout};
use super::{Exit, RunError, accepting, gate};
use crate::cli::options::{self, DiffOutput};
use crate::findings;
use crate::output::{self, Look};
use crate::report::{CheckResult, Reason, Status};

pub(super) fn run(
    diff: options::DiffOptions,
    console: &Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    for DiffOutput { file, .. } in &diff.outputs {
        if let Some(file) = file {
            files::check_writable(file)?;
        }
    }
    let old = accepting::read_report(&diff.old)?;
    let new = accepting::read_report(&diff.new)?;
    let compared = findings::compare(&old, &new);
    for DiffOutput { json, file } in &diff.outputs {
        let render = |look: Look, out: &mut dyn std::io::Write| match json {
            true => output::json::document(&compared, out),
            false => output::diff::render(&compared, look, out),
        };
        match file {
            Some(file) => files::write(file, |out| render(Look::FILE, out))?,
            None => stdout.write(|out| render(console.look(), out))?,
        }
    }
    // A finding that is new, and what can no longer be judged, count as in an audit of their own.
    let unjudged = compared.no_longer_assessable.into_iter().map(|change| {
        let mut result = change.result;
        // Of what is not in the new report there is only the old result, which says what it was.
        if change.is.is_none() {
            result.status = Status::NotAssessed;
            result.reason = Some(Reason::Failed);
        }
        result
    });
    let counted: Vec<CheckResult> = compared
        .new
        .into_iter()
        .map(|change| change.result)
        .chain(unjudged)
        .collect();
    Ok(gate::exit(&counted, true, diff.gate))
}
