//! `policy`.

mod comparing;
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
        PolicyTask::Compare(args) => comparing::compare(&args, console, stdout),
        PolicyTask::Forbids(args) => comparing::forbids(&args, console, stdout),
        PolicyTask::Public(args) => comparing::public(&args, console, stdout),
        PolicyTask::ProveLines => proving::lines(stdout),
        PolicyTask::ProvePolicy {
            file,
            bucket,
            owner,
            questions,
            fail_on,
            json,
        } => proving::policy(
            &proving::QuestionList {
                questions: &questions,
                fail_on: &fail_on,
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
            fail_on,
            json,
        } => proving::bucket(
            &proving::QuestionList {
                questions: &questions,
                fail_on: &fail_on,
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
