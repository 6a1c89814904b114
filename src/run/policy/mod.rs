//! `policy evaluate` and `policy prove`.

mod evaluating;
mod streaming;

use super::console::Console;
use super::files::Stdout;
use super::{Exit, RunError};
use crate::cli::policy::PolicyCommand;

pub(super) fn run(
    command: PolicyCommand,
    _console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    match command {
        PolicyCommand::Evaluate(args) => evaluating::run(&args, stdout),
    }
}
