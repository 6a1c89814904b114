//! Why a call failed, free of the SDK's types.
//!
//! The SDK gives each operation its own error type, and most of what matters here is in none of
//! them: S3's "no such configuration" codes are not modelled, a time-out has no code at all. This
//! turns all of them into one type that says what to do next.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::guard::Refused;

/// What kind of failure it was, which decides whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Too many requests: the same request will do later.
    Throttled,
    /// The service or the way to it failed for the moment.
    Transient,
    /// The clock was off; the SDK has corrected it by now.
    Skewed,
    /// An answer that will not change.
    Final,
    /// The run was interrupted before there was an answer.
    Interrupted,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// The error code; `Timeout`, `Connection`, `Credentials`, … when the other side gave none.
    pub code: String,
    /// True when `code` came from the other side.
    pub answered: bool,
    /// The text for a person: one line, short, without control characters or secrets.
    pub message: String,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The Region S3 says the bucket is in (`x-amz-bucket-region`).
    pub bucket_region: Option<String>,
}

/// Codes by which services say "too many requests". Source: the SDK's own list
/// (aws-runtime `THROTTLING_ERRORS`), `SlowDown` being S3's.
const THROTTLING: [&str; 15] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    "Throttled",
];

/// Codes that pass by themselves. Source: the SDK's list (aws-runtime `TRANSIENT_ERRORS`).
const TRANSIENT: [&str; 2] = ["RequestTimeout", "RequestTimeoutException"];

/// Messages by which a service says that it does not have the operation: AWS's front end, which then
/// cannot name the permission that the call takes (status 403; lambda-web, every Region tried on
/// 2026-10-07), and LocalStack 4 (status 500), or that it does not have the service.
const UNKNOWN_OPERATION: [&str; 3] = [
    "Unable to determine service/operation name to be authorized",
    "Unable to find operation for request to service",
    "Unknown service: '",
];

/// Codes by which a wrong clock shows. Source: the SDK's list (aws-runtime
/// `CLOCK_SKEW_ERROR_CODES`) without AccessDeniedException, which means what it says nearly
/// always.
const SKEW: [&str; 5] = [
    "RequestTimeTooSkewed",
    "RequestExpired",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
];

/// How resolvers say that a name has no address (glibc, musl, macOS, Windows). A resolver that did not
/// answer says something else.
const NO_ADDRESS: [&str; 4] = [
    "Name or service not known",
    "Name does not resolve",
    "nodename nor servname provided",
    "No such host is known",
];

impl CallError {
    /// The run was interrupted.
    pub fn interrupted() -> Self {
        Self::local(
            ErrorKind::Interrupted,
            "Interrupted",
            "the run was interrupted",
        )
    }

    /// A failure on this side, without an answer from the other.
    pub fn local(kind: ErrorKind, code: &str, message: &str) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            answered: false,
            message: message.to_owned(),
            status: None,
            bucket_region: None,
        }
    }

    /// The other side answered that it does not have the operation, which says nothing about
    /// permissions.
    pub fn is_unknown_operation(&self) -> bool {
        self.answered
            && (self.status == Some(501)
                || self.code == "UnknownOperationException"
                || names_no_operation(&self.message))
    }

    /// True when the host's name has no address.
    pub fn has_no_address(&self) -> bool {
        self.status.is_none() && NO_ADDRESS.iter().any(|text| self.message.contains(text))
    }

    /// True when the other side never answered.
    pub fn unreachable(&self) -> bool {
        matches!(self.code.as_str(), "Timeout" | "Connection") && !self.answered
    }
}

impl<E> From<SdkError<E, HttpResponse>> for CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        of(&error.map_service_error(|error| ServiceAnswer::of(&error)))
    }
}

/// What a service answered, whatever the operation.
#[derive(Debug)]
struct ServiceAnswer {
    code: Option<String>,
    message: String,
}

impl ServiceAnswer {
    fn of(error: &(impl ProvideErrorMetadata + Error + 'static)) -> Self {
        let meta = error.meta();
        Self {
            code: meta.code().map(str::to_owned),
            message: meta.message().map_or_else(|| chain(error), str::to_owned),
        }
    }
}

impl fmt::Display for ServiceAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Error for ServiceAnswer {}

fn of(error: &SdkError<ServiceAnswer, HttpResponse>) -> CallError {
    match error {
        SdkError::ServiceError(service) => {
            let raw = service.raw();
            let refusal = || refusal_in_xml(raw).or_else(|| refusal_in_json(raw));
            let ServiceAnswer { code, message } = service.err();
            if code.is_none()
                && let Some((code, text)) = refusal()
            {
                return answered(raw, Some(&code), &text);
            }
            answered(raw, code.as_deref(), message)
        }
        // The answer broke off.
        SdkError::ResponseError(response) => CallError {
            kind: ErrorKind::Transient,
            ..answered(response.raw(), None, &chain(error))
        },
        SdkError::TimeoutError(_) => {
            CallError::local(ErrorKind::Transient, "Timeout", "no answer in time")
        }
        SdkError::DispatchFailure(failure) => {
            let text = chain(error);
            if failure.is_timeout() {
                CallError::local(ErrorKind::Transient, "Timeout", &text)
            // A connection that was closed half-way through is "other" to the SDK, with a kind.
            } else if failure.is_io() || failure.as_other().is_some() {
                let mut error = CallError::local(ErrorKind::Transient, "Connection", &text);
                if error.has_no_address() {
                    error.kind = ErrorKind::Final;
                }
                error
            } else {
                before_sending(error, text)
            }
        }
        _ => before_sending(error, chain(error)),
    }
}

/// A failure that kept the request from being sent: the guard, the credentials, the endpoint.
fn before_sending(error: &(dyn Error + 'static), text: String) -> CallError {
    let mut link: Option<&(dyn Error + 'static)> = Some(error);
    let mut code = "NotSent";
    while let Some(source) = link {
        if source.is::<Refused>() {
            code = "Refused";
            break;
        }
        if source.is::<aws_credential_types::provider::error::CredentialsError>() {
            code = "Credentials";
            break;
        }
        link = source.source();
    }
    CallError::local(ErrorKind::Final, code, &text)
}

/// Code and message of a refusal by AWS's front end, which answers in XML whatever the service speaks:
/// `<AccessDeniedException><Message>…</Message></AccessDeniedException>`. The SDK reads none of it where
/// the service speaks JSON.
fn refusal_in_xml(raw: &HttpResponse) -> Option<(String, String)> {
    let text = std::str::from_utf8(raw.body().bytes()?).ok()?.trim();
    let text = match text.strip_prefix("<?") {
        Some(declared) => declared.split_once("?>")?.1.trim_start(),
        None => text,
    };
    let (code, rest) = text.strip_prefix('<')?.split_once('>')?;
    let is_code =
        code.ends_with("Exception") && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (_, message) = rest.split_once("<Message>")?;
    let (message, _) = message.split_once("</Message>")?;
    is_code.then(|| (code.to_owned(), message.to_owned()))
}

/// The same of LocalStack 4 about a service that it does not have, in JSON whatever the service speaks:
/// `{"message": "Unknown service: 's3express'. …", "type": "UnknownServiceError"}`.
fn refusal_in_json(raw: &HttpResponse) -> Option<(String, String)> {
    let answer: serde_json::Value = serde_json::from_slice(raw.body().bytes()?).ok()?;
    let of = |name: &str| answer.get(name)?.as_str().map(str::to_owned);
    let message = of("message").filter(|message| names_no_operation(message))?;
    Some((of("type")?, message))
}

fn names_no_operation(message: &str) -> bool {
    UNKNOWN_OPERATION.iter().any(|text| message.contains(text))
}

fn answered(raw: &HttpResponse, code: Option<&str>, message: &str) -> CallError {
    let status = raw.status().as_u16();
    let named = code.map(str::trim).filter(|code| !code.is_empty());
    let kind = match named {
        Some(code) if THROTTLING.contains(&code) => ErrorKind::Throttled,
        Some(code) if SKEW.contains(&code) => ErrorKind::Skewed,
        Some(code) if TRANSIENT.contains(&code) => ErrorKind::Transient,
        Some(_) if names_no_operation(message) => ErrorKind::Final,
        _ => match status {
            429 | 503 => ErrorKind::Throttled,
            500 | 502 | 504 => ErrorKind::Transient,
            _ => ErrorKind::Final,
        },
    };
    CallError {
        kind,
        code: match named {
            Some(code) => clean(code),
            // An answer that is not what it should be: a proxy's page, or half a document.
            None if status < 400 => "MalformedResponse".to_owned(),
            None => format!("HTTP {status}"),
        },
        answered: named.is_some(),
        message: if kind == ErrorKind::Skewed {
            // These messages quote the whole signed request, session token included.
            "the signature was not accepted".to_owned()
        } else {
            clean(message)
        },
        status: Some(status),
        bucket_region: raw
            .headers()
            .get("x-amz-bucket-region")
            .map(str::to_owned)
            .filter(|region| !region.is_empty()),
    }
}

/// Links of a chain of causes that tell nothing.
const WRAPPERS: [&str; 6] = [
    "dispatch failure",
    "io error",
    "client error (Connect)",
    "service error",
    "response error",
    "failed to construct request",
];

/// The chain of causes as one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut link = Some(error);
    while let Some(source) = link {
        let text = source.to_string();
        // Wrappers often repeat what they wrap, or say only that they wrap something.
        if !WRAPPERS.contains(&text.as_str())
            && parts.last().is_none_or(|last| !last.contains(&text))
        {
            parts.push(text);
        }
        link = source.source();
    }
    clean(&parts.join(": "))
}

/// The longest message that is kept, characters.
const LONGEST: usize = 240;

/// The first line of a text, without control characters, at most [`LONGEST`] characters.
pub fn clean(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut out: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST + 1)
        .collect();
    if out.chars().count() > LONGEST {
        out = out.chars().take(LONGEST - 1).collect();
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn answer(status: u16, code: Option<&str>, message: &str) -> CallError {
        let status = StatusCode::try_from(status).unwrap();
        answered(&HttpResponse::new(status, SdkBody::empty()), code, message)
    }

    #[test]
    fn what_is_tried_again() {
        for (status, code, kind) in [
            (503, Some("SlowDown"), ErrorKind::Throttled),
            (503, None, ErrorKind::Throttled),
            (429, Some("TooManyRequestsException"), ErrorKind::Throttled),
            (400, Some("ThrottlingException"), ErrorKind::Throttled),
            (500, Some("InternalError"), ErrorKind::Transient),
            (502, None, ErrorKind::Transient),
            (400, Some("RequestTimeout"), ErrorKind::Transient),
            (403, Some("RequestTimeTooSkewed"), ErrorKind::Skewed),
            (403, Some("AccessDenied"), ErrorKind::Final),
            (404, Some("NoSuchBucketPolicy"), ErrorKind::Final),
            (501, Some("NotImplemented"), ErrorKind::Final),
            (501, None, ErrorKind::Final),
        ] {
            assert_eq!(answer(status, code, "").kind, kind, "{status} {code:?}");
        }
    }

    #[test]
    fn a_signature_message_is_not_kept() {
        let text = "The Canonical String was 'x-amz-security-token:SECRET'";
        let error = answer(403, Some("InvalidSignatureException"), text);
        assert!(!format!("{error:?}").contains("SECRET"));
    }

    #[test]
    fn a_message_is_one_short_line_without_control_characters() {
        let error = answer(400, Some("Bad\u{1b}Code"), "one\u{1b}[31m\u{7}two\nthree");
        assert_eq!(error.code, "Bad Code");
        assert_eq!(error.message, "one [31m two");
        assert_eq!(clean(&"é".repeat(1000)).chars().count(), 240);
    }

    /// As AWS's front end answered for an operation that the Region does not have (aws-sdk-net, issue 885,
    /// 2018, and lambda-web, 2026-10-07), and as LocalStack 4.14 does.
    #[test]
    fn an_operation_that_the_service_does_not_have() {
        let text = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to \
                    be authorized</Message>\n</AccessDeniedException>\n";
        let status = StatusCode::try_from(403).unwrap();
        let raw = HttpResponse::new(status, SdkBody::from(text));
        let declared = format!("<?xml version=\"1.0\"?>\n{text}");
        let declared = HttpResponse::new(status, SdkBody::from(declared));
        assert_eq!(refusal_in_xml(&declared), refusal_in_xml(&raw));
        let (code, message) = refusal_in_xml(&raw).unwrap();
        assert_eq!(code, "AccessDeniedException");
        let refused = answered(&raw, Some(&code), &message);
        assert!(refused.is_unknown_operation());
        let json = |text: &str| {
            let status = StatusCode::try_from(500).unwrap();
            HttpResponse::new(status, SdkBody::from(text))
        };
        let raw = json(
            r#"{"error": "Unexpected exception", "type": "UnknownServiceError",
                "message": "Unknown service: 's3express'. Valid service names are: s3, s3control"}"#,
        );
        let (code, message) = refusal_in_json(&raw).unwrap();
        let missing = answered(&raw, Some(&code), &message);
        assert!(missing.is_unknown_operation());
        assert_eq!(missing.kind, ErrorKind::Final);
        let failed = json(r#"{"message": "Unexpected exception", "type": "InternalError"}"#);
        assert_eq!(refusal_in_json(&failed), None);
        let local = "exception while calling lambda with unknown operation: Unable to find operation \
                     for request to service lambda: POST /2025-03-07/web-functions";
        let local = answer(500, Some("InternalError"), local);
        assert!(local.is_unknown_operation());
        assert_eq!(local.kind, ErrorKind::Final);
        assert!(answer(501, Some("NotImplemented"), "").is_unknown_operation());
        assert!(answer(404, Some("UnknownOperationException"), "").is_unknown_operation());
        for (status, code, message) in [
            // A missing permission, a proxy's page, and a failure.
            (
                403,
                Some("AccessDeniedException"),
                "User: x is not authorized to perform: lambda:ListWebFunctions",
            ),
            (501, None, ""),
            (404, None, ""),
            (500, Some("InternalError"), ""),
        ] {
            assert!(
                !answer(status, code, message).is_unknown_operation(),
                "{status}"
            );
        }
        for page in [
            "",
            "<!DOCTYPE html><html></html>",
            "<html><Message>no</Message></html>",
            "{}",
        ] {
            let raw = HttpResponse::new(status, SdkBody::from(page));
            assert_eq!(refusal_in_xml(&raw), None, "{page}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_named_by_its_status() {
        assert_eq!(answer(404, None, "").code, "HTTP 404");
        assert_eq!(answer(200, None, "").code, "MalformedResponse");
        assert!(!answer(404, Some(" "), "").answered);
    }
}
