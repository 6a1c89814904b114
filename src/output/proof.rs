//! What was proved about a bucket, for a person: a sentence, the request that shows it, and the
//! command line that sends it.
//!
//! The commands are for copying, so every text from a policy that reaches one is quoted for a POSIX
//! shell, and what acts on a terminal is taken out of every line.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{hostile, words};
use crate::report::Reach;
use crate::report::policy::{
    Answer, ContextValue, PrincipalClass, ProveOutput, Request, RequestPrincipal,
};

/// Writes the answers. `aws_says_public` is what GetBucketPolicyStatus answered, if it was asked.
///
/// # Errors
/// What the writer says.
pub fn render(
    output: &ProveOutput,
    aws_says_public: Option<bool>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for answer in &output.answers {
        for line in lines(answer) {
            writeln!(out, "{}", hostile::plain(&line))?;
        }
        writeln!(out)?;
    }
    let documented = match output.documented_public {
        Some(true) => "public",
        Some(false) => "not public",
        None => "not decided by the documentation",
    };
    write!(
        out,
        "AWS's documented meaning of public, of the policy alone: {documented}"
    )?;
    match (aws_says_public, output.documented_public) {
        (Some(aws), Some(ours)) if aws != ours => writeln!(
            out,
            "; GetBucketPolicyStatus says {}, so the two disagree",
            if aws { "public" } else { "not public" }
        ),
        _ => writeln!(out),
    }
}

fn lines(answer: &Answer) -> Vec<String> {
    let mut lines = vec![headline(answer)];
    if let Some(request) = &answer.witness {
        let by: Vec<String> = answer.statements.iter().map(usize::to_string).collect();
        if !by.is_empty() {
            lines.push(format!("  allowed by statement {}", by.join(", ")));
        }
        lines.push(format!(
            "  request  {}",
            serde_json::to_string(request).unwrap_or_default()
        ));
        lines.extend(command(request).map(|command| format!("  try      {command}")));
    }
    for (key, values) in answer.only_from.iter().flatten() {
        lines.push(format!("  only from {key}: {}", values.join(", ")));
    }
    if let Some(limit) = answer.max_age_ms {
        lines.push(format!("  signatures may be at most {limit} ms old"));
    }
    if let Some(reason) = &answer.reason {
        lines.push(format!("  because {reason}"));
    }
    lines
}

fn headline(answer: &Answer) -> String {
    let reached: Vec<&str> = answer
        .classes
        .iter()
        .filter(|(_, reach)| **reach == answer.verdict)
        .map(|(class, _)| words::class(class))
        .collect();
    let what = match (&answer.witness, answer.verdict) {
        (Some(request), Reach::Reachable) => {
            let caller = match &request.principal {
                RequestPrincipal::Arn(_) if answer.question == "any-aws-account" => {
                    "Anyone with an AWS account".to_owned()
                }
                principal => who(principal),
            };
            format!(
                "{caller} can {} {}{}",
                request.action,
                request.resource,
                how(&answer.question)
            )
        }
        (Some(request), Reach::Constrained) => format!(
            "only callers with a value that the policy names can, for example {} {}",
            request.action, request.resource
        ),
        (_, Reach::Unreachable) => "no such request is allowed".to_owned(),
        (_, Reach::Unknown) => "it could not be decided".to_owned(),
        _ => "some such request is allowed".to_owned(),
    };
    let classes = match answer.verdict {
        Reach::Unreachable => String::new(),
        _ => format!(" ({})", reached.join(", ")),
    };
    format!(
        "{}: {}{classes}: {what}",
        answer.question,
        answer.verdict.name()
    )
}

/// The caller of a request.
pub(super) fn who(principal: &RequestPrincipal) -> String {
    match principal {
        RequestPrincipal::Class(PrincipalClass::Anonymous) => "Anyone on the internet".to_owned(),
        RequestPrincipal::Class(PrincipalClass::Service { name }) => {
            format!("The service {name}, on behalf of any account,")
        }
        RequestPrincipal::Class(PrincipalClass::Federated { name }) => {
            format!("An identity that {name} vouches for")
        }
        RequestPrincipal::Arn(arn) => arn.clone(),
    }
}

fn how(question: &str) -> &'static str {
    match question {
        "plain-http" => " over plain HTTP",
        "presigned" => " with a presigned URL or form",
        "put-without-kms" => " without a KMS key",
        "sse-c" => " with a customer-provided key",
        _ => "",
    }
}

/// The command that sends a request like it, when there is a simple one.
pub(super) fn command(request: &Request) -> Option<String> {
    let (_, path) = request.resource.split_once(":s3:::")?;
    let (bucket, key) = match path.split_once('/') {
        Some((bucket, key)) => (bucket, Some(key)),
        None => (path, None),
    };
    let operation = request.action.strip_prefix("s3:")?;
    match &request.principal {
        RequestPrincipal::Class(PrincipalClass::Anonymous) => curl(request, operation, bucket, key),
        RequestPrincipal::Arn(_) => aws_cli(request, operation, bucket, key),
        RequestPrincipal::Class(
            PrincipalClass::Service { .. } | PrincipalClass::Federated { .. },
        ) => None,
    }
}

/// The single value of a key of the request's context, however the key is capitalized.
fn context<'r>(request: &'r Request, wanted: &str) -> Option<&'r str> {
    request
        .context
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .and_then(|(_, value)| match value {
            ContextValue::One(text) => Some(text.as_str()),
            ContextValue::Many(_) => None,
        })
}

/// An unsigned request.
fn curl(request: &Request, operation: &str, bucket: &str, key: Option<&str>) -> Option<String> {
    let scheme = match context(request, "aws:SecureTransport") {
        Some("false") => "http",
        _ => "https",
    };
    let host = format!("{scheme}://{bucket}.s3.amazonaws.com/");
    let (method, url) = match (operation, key) {
        ("GetObject", Some(key)) => ("", format!("{host}{}", encoded(key))),
        ("PutObject", Some(key)) => ("-X PUT -d '' ", format!("{host}{}", encoded(key))),
        ("DeleteObject", Some(key)) => ("-X DELETE ", format!("{host}{}", encoded(key))),
        ("ListBucket", None) => {
            let prefix = context(request, "s3:prefix")
                .map(|prefix| format!("&prefix={}", encoded(prefix)))
                .unwrap_or_default();
            ("", format!("{host}?list-type=2{prefix}"))
        }
        ("GetBucketAcl", None) => ("", format!("{host}?acl")),
        ("GetBucketPolicy", None) => ("", format!("{host}?policy")),
        _ => return None,
    };
    let mut command = format!("curl {method}{}", quoted(&url));
    if let Some(agent) = context(request, "aws:UserAgent") {
        let _ = write!(command, " -A {}", quoted(agent));
    }
    if let Some(referer) = context(request, "aws:Referer") {
        let _ = write!(command, " -e {}", quoted(referer));
    }
    for (name, value) in &request.context {
        if let (Some(header), ContextValue::One(value)) =
            (name.to_lowercase().strip_prefix("s3:x-amz-"), value)
        {
            let header = format!("x-amz-{header}: {value}");
            let header = quoted(&header);
            let _ = write!(command, " -H {header}");
        }
    }
    Some(command)
}

/// A request with the caller's own credentials.
fn aws_cli(request: &Request, operation: &str, bucket: &str, key: Option<&str>) -> Option<String> {
    let verb = match operation {
        "ListBucket" => "list-objects-v2",
        "GetObject" => "get-object",
        "PutObject" => "put-object",
        "DeleteObject" => "delete-object",
        "GetObjectAcl" => "get-object-acl",
        "GetBucketAcl" => "get-bucket-acl",
        "GetBucketPolicy" => "get-bucket-policy",
        "DeleteBucketPolicy" => "delete-bucket-policy",
        "DeleteBucket" => "delete-bucket",
        _ => return None,
    };
    if let (Some("REST-QUERY-STRING"), "GetObject", Some(key)) =
        (context(request, "s3:authType"), operation, key)
    {
        let place = format!("s3://{bucket}/{key}");
        let place = quoted(&place);
        return Some(format!("curl \"$(aws s3 presign {place})\""));
    }
    let mut command = format!("aws s3api {verb} --bucket {}", quoted(bucket));
    if let Some(key) = key {
        let _ = write!(command, " --key {}", quoted(key));
        if operation == "GetObject" {
            command.push_str(" /dev/stdout");
        }
    }
    if let (Some(prefix), "ListBucket") = (context(request, "s3:prefix"), operation) {
        let _ = write!(command, " --prefix {}", quoted(prefix));
    }
    if operation == "PutObject" {
        for (key, option) in UPLOAD_OPTIONS {
            if let Some(value) = context(request, key) {
                let _ = write!(command, " {option} {}", quoted(value));
            }
        }
    }
    if context(request, "aws:SecureTransport") == Some("false") {
        // The AWS CLI speaks TLS unless another endpoint is named.
        command.push_str(" --endpoint-url http://s3.amazonaws.com");
    }
    Some(command)
}

/// Condition keys of an upload and the options of the AWS CLI that set them.
const UPLOAD_OPTIONS: [(&str, &str); 3] = [
    (
        "s3:x-amz-server-side-encryption",
        "--server-side-encryption",
    ),
    (
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "--ssekms-key-id",
    ),
    (
        "s3:x-amz-server-side-encryption-customer-algorithm",
        "--sse-customer-key fileb://key.bin --sse-customer-algorithm",
    ),
];

/// Quoted for a POSIX shell.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

/// Percent-encoded for the path or the query of a URL.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(
        principal: serde_json::Value,
        action: &str,
        resource: &str,
        context: serde_json::Value,
    ) -> Request {
        serde_json::from_value(json!({
            "principal": principal, "action": action, "resource": resource,
            "resource_account": "111111111111", "context": context,
        }))
        .unwrap()
    }

    #[test]
    fn an_anonymous_read_is_a_curl_line() {
        let read = request(
            json!({"type": "Anonymous"}),
            "s3:GetObject",
            "arn:aws:s3:::b/a key?",
            json!({"aws:SecureTransport": "false", "aws:Referer": "it's"}),
        );
        assert_eq!(
            command(&read).unwrap(),
            r"curl 'http://b.s3.amazonaws.com/a%20key%3F' -e 'it'\''s'"
        );
    }

    #[test]
    fn a_signed_list_is_an_aws_line() {
        let list = request(
            json!("arn:aws:iam::222222222222:user/a"),
            "s3:ListBucket",
            "arn:aws:s3:::b",
            json!({"s3:prefix": "$(x)"}),
        );
        assert_eq!(
            command(&list).unwrap(),
            "aws s3api list-objects-v2 --bucket b --prefix '$(x)'"
        );
    }

    #[test]
    fn what_shows_plain_http_is_sent_over_plain_http() {
        let read = request(
            json!("arn:aws:sts::111111111111:assumed-role/someone/session"),
            "s3:GetObject",
            "arn:aws:s3:::b/x",
            json!({"aws:SecureTransport": "false"}),
        );
        assert_eq!(
            command(&read).unwrap(),
            "aws s3api get-object --bucket b --key x /dev/stdout --endpoint-url http://s3.amazonaws.com"
        );
    }

    #[test]
    fn a_presigned_read_is_a_url_that_is_fetched() {
        let read = request(
            json!("arn:aws:sts::111111111111:assumed-role/someone/session"),
            "s3:GetObject",
            "arn:aws:s3:::b/it's",
            json!({"aws:SecureTransport": "true", "s3:authType": "REST-QUERY-STRING", "s3:signatureAge": "0"}),
        );
        assert_eq!(
            command(&read).unwrap(),
            r#"curl "$(aws s3 presign 's3://b/it'\''s')""#
        );
    }

    #[test]
    fn an_upload_carries_the_encryption_that_shows_it() {
        let upload = |context| {
            command(&request(
                json!("arn:aws:sts::111111111111:assumed-role/someone/session"),
                "s3:PutObject",
                "arn:aws:s3:::b/x",
                context,
            ))
            .unwrap()
        };
        assert_eq!(
            upload(json!({"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"})),
            "aws s3api put-object --bucket b --key x --sse-customer-key fileb://key.bin --sse-customer-algorithm AES256"
        );
        assert_eq!(
            upload(json!({"s3:x-amz-server-side-encryption": "AES256"})),
            "aws s3api put-object --bucket b --key x --server-side-encryption AES256"
        );
    }

    #[test]
    fn an_answer_is_a_sentence_with_its_request() {
        let answer: Answer = serde_json::from_value(json!({
            "question": "anonymous", "verdict": "reachable",
            "classes": {"read": "reachable", "list": "unreachable", "write": "unreachable", "acl": "unreachable", "takeover": "unreachable"},
            "statements": [0],
            "witness": {"principal": {"type": "Anonymous"}, "action": "s3:GetObject",
                "resource": "arn:aws:s3:::b/\u{1b}[31m", "resource_account": "111111111111", "context": {}},
        }))
        .unwrap();
        let output = ProveOutput {
            id: "b".to_owned(),
            answers: vec![answer],
            documented_public: Some(true),
        };
        let mut out = Vec::new();
        render(&output, Some(false), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("anonymous: reachable (read): Anyone on the internet can s3:GetObject arn:aws:s3:::b/"),
            "{text}"
        );
        assert!(text.contains("the two disagree"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
