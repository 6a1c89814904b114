//! The program as a Lambda function: the Runtime API by AWS's own crate.
//!
//! The handler is plain and blocking, as everything outside of this module is; it runs on a thread of its
//! own, so that collection can have its own runtime there. A panic in it fails one invocation and leaves
//! the function running.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

use super::CollectError;

/// Why an invocation failed. Step Functions matches `kind` in Retry and Catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFailure {
    /// The error type, for example `Run.Failed`.
    pub kind: &'static str,
    /// One sentence, without secrets.
    pub message: String,
}

impl From<FunctionFailure> for Diagnostic {
    fn from(failure: FunctionFailure) -> Self {
        Self {
            error_type: failure.kind.to_owned(),
            error_message: failure.message,
        }
    }
}

/// Serves invocations until Lambda ends the process. The handler gets the event and the time that is left.
///
/// Blocks; must not be called from within an asynchronous runtime.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub fn serve(
    handle: impl Fn(Value, Duration) -> Result<Value, FunctionFailure> + Send + Sync + 'static,
) -> Result<(), CollectError> {
    let setup = |detail: String| CollectError::Setup { detail };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| setup(error.to_string()))?;
    let handle = Arc::new(handle);
    let answer = move |event: LambdaEvent<Value>| {
        let handle = Arc::clone(&handle);
        async move {
            let deadline = event.context.deadline();
            let left = deadline
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            let task = tokio::task::spawn_blocking(move || handle(event.payload, left));
            task.await.unwrap_or_else(|_| {
                Err(FunctionFailure {
                    kind: "Function.Panic",
                    message: "internal error, please report it".to_owned(),
                })
            })
        }
    };
    runtime
        .block_on(lambda_runtime::run(service_fn(answer)))
        .map_err(|error| setup(error.to_string()))
}
