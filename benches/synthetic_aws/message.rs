//! Requests and answers, free of HTTP plumbing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Behaviour, World};

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The service, by its signing name (`s3`, `lambda`, …); `s3control` by its path.
    pub service: String,
    /// The Region it was signed for.
    pub region: String,
    /// The access key that signed it.
    pub caller: String,
    /// The HTTP method.
    pub method: String,
    /// The path, percent-decoded, without the leading slash.
    pub path: String,
    /// The query parameters.
    pub query: BTreeMap<String, String>,
    /// The `X-Amz-Target` header of the JSON services.
    pub target: String,
    /// The account id some services want in a header.
    pub account_header: String,
    /// The `x-amz-expected-bucket-owner` header.
    pub expected_owner: String,
    /// The body.
    pub body: String,
    /// The body as it came.
    pub raw: Vec<u8>,
}

impl Call {
    /// A query parameter, empty when it is not there.
    pub fn param(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The segments of the path.
    pub fn segments(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// An operation: how to tell a request for it, and what it answers.
pub struct Operation {
    /// The service.
    pub service: &'static str,
    /// The operation's name.
    pub name: &'static str,
    /// True when the request is for this operation. The service is known to be right.
    pub matches: fn(&Call) -> bool,
    /// The answer.
    pub answer: fn(&World, &Behaviour, &Call) -> Answer,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// The body where it is no text.
    pub raw: Option<Vec<u8>>,
}

impl Answer {
    /// An XML document.
    pub fn xml(body: String) -> Self {
        Self {
            status: 200,
            content_type: "application/xml",
            headers: Vec::new(),
            body: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"),
            raw: None,
        }
    }

    /// A JSON document.
    pub fn json(body: &Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json",
            headers: Vec::new(),
            body: body.to_string(),
            raw: None,
        }
    }

    /// A CBOR document, as CloudWatch answers.
    pub fn cbor(body: &Value) -> Self {
        Self {
            status: 200,
            content_type: "application/cbor",
            headers: vec![("smithy-protocol", "rpc-v2-cbor".to_owned())],
            body: String::new(),
            raw: Some(super::cbor::write(body)),
        }
    }

    /// An error in the format of the service.
    pub fn error(service: &str, status: u16, code: &str, message: &str) -> Self {
        let mut answer = match service {
            "s3" => Self::xml(format!(
                "<Error><Code>{}</Code><Message>{}</Message><RequestId>SYNTHETIC</RequestId></Error>",
                escape(code),
                escape(message)
            )),
            "s3control" | "sts" | "iam" => Self::xml(format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>",
                escape(code),
                escape(message)
            )),
            "monitoring" => Self::cbor(&json!({ "__type": code, "message": message })),
            _ => {
                let mut answer = Self::json(&json!({ "__type": code, "message": message }));
                answer.headers.push(("x-amzn-errortype", code.to_owned()));
                answer
            }
        };
        answer.status = status;
        answer
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Text for XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A page of a list: the entries from the token on, and the token of the next page. Tokens are
/// positions.
pub fn page<T: Clone>(all: &[T], token: &str, size: usize) -> (Vec<T>, Option<String>) {
    let start: usize = token.parse().unwrap_or(0);
    let end = start.saturating_add(size.max(1)).min(all.len());
    let entries = all.get(start..end).unwrap_or_default().to_vec();
    (entries, (end < all.len()).then(|| end.to_string()))
}
