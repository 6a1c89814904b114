//! `policy evaluate` and `policy prove`.

mod evaluating;
mod proving;
pub(super) mod streaming;

use super::console::Console;
use super::files::Stdout;
use super::{Exit, RunError};
use crate::cli::options::PolicyTask;

pub(super) fn run(
    task: PolicyTask,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    match task {
        PolicyTask::Evaluate(args) => evaluating::run(&args, stdout),
        PolicyTask::ProveLines => proving::lines(stdout),
        PolicyTask::ProvePolicy {
            file,
            bucket,
            owner,
            questions,
            json,
        } => proving::policy(
            &proving::QuestionList {
                questions: &questions,
                json,
            },
            &file,
            bucket,
            owner,
            console,
            stdout,
        ),
        PolicyTask::ProveBucket {
            name,
            source,
            request,
            questions,
            json,
        } => proving::bucket(
            &proving::QuestionList {
                questions: &questions,
                json,
            },
            &name,
            &source,
            *request,
            console,
            stdout,
        ),
    }
}
