//! From an answer, or the lack of one, to a reading.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;

use super::call_error::{CallError, ErrorKind};
use super::lane::ServiceFamily;
use super::session::Session;

/// Codes by which a service refuses for want of permission. Other 403s (an expired token, a wrong
/// key) say nothing about permissions and are failures.
const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    // S3 Tables has this besides (S3 API reference, GetTableBucketPolicy).
    "ForbiddenException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
];

/// One reading that one call fills; not collected where the plan does not want it. `becomes` gives
/// `None` for a documented empty answer.
pub async fn ask<T, O, E, F, Fut>(
    session: &Session,
    (family, region): (ServiceFamily, &str),
    kind: ReadingKind,
    send: F,
    becomes: impl FnOnce(O) -> Option<T>,
) -> Reading<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if !session.plan.wants(kind) {
        return Reading::NotCollected;
    }
    let answer = session.call(family, region, send).await;
    reading(kind, answer.map(becomes))
}

/// A call that failed, with the IAM action it takes.
pub type FailedAction = (&'static str, CallError);

/// The reading that an answer makes; `value` is `None` for a documented empty answer.
pub fn reading<T>(kind: ReadingKind, answer: Result<Option<T>, CallError>) -> Reading<T> {
    match answer {
        Ok(Some(value)) => Reading::Known(value),
        Ok(None) => Reading::Absent,
        Err(error) => unread(kind, &error),
    }
}

/// The reading that a failed call makes.
pub fn unread<T>(kind: ReadingKind, error: &CallError) -> Reading<T> {
    unread_by(kind, kind.action(), error)
}

/// The same for a call that is not the reading's first, and so takes another action.
pub fn unread_by<T>(kind: ReadingKind, action: &str, error: &CallError) -> Reading<T> {
    if error.kind == ErrorKind::Interrupted {
        return Reading::NotCollected;
    }
    let code = error.code.clone();
    if error.answered && kind.absent_codes().contains(&code.as_str()) {
        return Reading::Absent;
    }
    unread_action(action, error)
}

/// The same for a call that fills no reading of the table.
pub fn unread_action<T>(action: &str, error: &CallError) -> Reading<T> {
    let code = error.code.clone();
    let action = action.to_owned();
    // A 403 without a code is what a proxy or a bodiless answer gives: still a refusal.
    if DENIED.contains(&code.as_str()) || (!error.answered && error.status == Some(403)) {
        return Reading::Denied { action, code };
    }
    Reading::Failed {
        action,
        code,
        message: error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, status: u16) -> CallError {
        CallError {
            answered: true,
            status: Some(status),
            ..CallError::local(ErrorKind::Final, code, "text")
        }
    }

    #[test]
    fn only_the_documented_code_means_absent() {
        let policy = |code| unread::<()>(ReadingKind::BucketPolicy, &error(code, 404));
        assert_eq!(policy("NoSuchBucketPolicy"), Reading::Absent);
        assert!(
            matches!(policy("NoSuchBucket"), Reading::Failed { code, .. } if code == "NoSuchBucket")
        );
        assert!(matches!(policy("NoSuchTagSet"), Reading::Failed { .. }));
    }

    #[test]
    fn a_refusal_names_the_action() {
        let reading = unread::<()>(ReadingKind::BucketEncryption, &error("AccessDenied", 403));
        assert_eq!(
            reading,
            Reading::Denied {
                action: "s3:GetEncryptionConfiguration".to_owned(),
                code: "AccessDenied".to_owned()
            }
        );
    }

    #[test]
    fn an_expired_token_is_a_failure_not_a_refusal() {
        let reading = unread::<()>(ReadingKind::BucketPolicy, &error("ExpiredToken", 403));
        assert!(matches!(reading, Reading::Failed { .. }));
    }

    #[test]
    fn no_answer_is_never_absent() {
        let timeout = CallError::local(ErrorKind::Transient, "Timeout", "no answer in time");
        let reading = unread::<()>(ReadingKind::BucketPolicy, &timeout);
        assert!(matches!(reading, Reading::Failed { code, .. } if code == "Timeout"));
    }

    #[test]
    fn an_interrupted_call_was_not_made() {
        let reading = unread::<()>(ReadingKind::BucketPolicy, &CallError::interrupted());
        assert_eq!(reading, Reading::NotCollected);
    }
}
