//! Statements that deny what no client should use: plain HTTP, old signatures, old TLS.

use super::edit::{PolicyEdit, put_statement};
use crate::remedy::prelude::*;
use coldbucket_policy::{Policy, PolicyKind, guards};

pub(super) const PLAIN_HTTP: NamedChange = NamedChange {
    name: "deny-plain-http",
    summary: "Add a Deny for aws:SecureTransport false, on {bucket.name} and its objects, to its policy.",
    effect: "Requests over plain HTTP are denied.",
    risk: Level::Low,
    risk_note: "Clients that are configured for http:// stop working; a website endpoint supports nothing else.",
    decide: "",
    make: |target| put_statement(target, PLAIN_HTTP_SID, plain_http(&target.arn)),
};

pub(super) const OLD_SIGNATURES: NamedChange = NamedChange {
    name: "deny-old-signatures",
    summary: "Add a Deny for old signatures (s3:signatureAge) to the policy of {bucket.name}.",
    effect: "Presigned URLs stop working at the limit, whatever their own expiry.",
    risk: Level::Medium,
    risk_note: "Presigned URLs that are in use and valid for longer stop working.",
    decide: "",
    make: |target| {
        let statement = old_signatures(&target.arn, SIGNATURE_MS);
        put_statement(target, OLD_SIGNATURES_SID, statement)
    },
};

pub(super) const SIGNATURE_V2: NamedChange = NamedChange {
    name: "deny-signature-v2",
    summary: "Add a Deny for s3:signatureversion AWS to the policy of {bucket.name}.",
    effect: "Requests signed with Signature Version 2 are denied.",
    risk: Level::Medium,
    risk_note: "Clients from before 2014 stop working.",
    decide: "",
    make: |target| put_statement(target, SIGNATURE_V2_SID, signature_v2(&target.arn)),
};

pub(super) const TLS_1_2: NamedChange = NamedChange {
    name: "deny-tls-1-2",
    summary: "Add a Deny with NumericLessThan s3:TlsVersion 1.3 to the policy of {bucket.name}, where every client speaks TLS 1.3.",
    effect: "Only requests over TLS 1.3 are accepted.",
    risk: Level::High,
    risk_note: "Clients without TLS 1.3 stop working, and so do PrivateLink endpoints and Multi-Region Access Points, which do not support it.",
    decide: "Does every client speak TLS 1.3? See the TLS version in the bucket's access log, or tlsDetails in CloudTrail's data events.",
    make: |target| put_statement(target, TLS_1_2_SID, tls_1_2(&target.arn)),
};

const PLAIN_HTTP_SID: &str = "DenyPlainHttp";
const OLD_SIGNATURES_SID: &str = "DenyOldSignatures";
const SIGNATURE_V2_SID: &str = "DenySignatureVersion2";
const TLS_1_2_SID: &str = "DenyTls12";

/// The oldest signature that is accepted, ms, where the check does not say.
const SIGNATURE_MS: u64 = 3_600_000;

/// The Denies that wait for no decision.
pub(super) fn plan<'p>(
    bucket: &BucketState<'_>,
    requests: &mut Requests<'p>,
    edits: &mut Vec<PolicyEdit<'p>>,
) {
    let arn = bucket.arn();
    let mut add = |change, taken: Vec<_>, what: String, sid, statement: Value| {
        if !taken.is_empty() {
            edits.push(PolicyEdit::new(change, taken, what, move |document| {
                document.add(sid, statement.clone());
            }));
        }
    };
    add(
        &PLAIN_HTTP,
        requests.take(&PLAIN_HTTP),
        "deny plain HTTP".to_owned(),
        PLAIN_HTTP_SID,
        plain_http(arn),
    );
    for request in requests.take(&OLD_SIGNATURES) {
        let limit = request.number("max_age_ms").unwrap_or(SIGNATURE_MS);
        let age = if limit.is_multiple_of(60_000) {
            format!("{} minutes", limit / 60_000)
        } else {
            format!("{limit} ms")
        };
        add(
            &OLD_SIGNATURES,
            vec![request],
            format!("deny signatures older than {age}"),
            OLD_SIGNATURES_SID,
            except_services(bucket, old_signatures(arn, limit)),
        );
    }
    add(
        &SIGNATURE_V2,
        requests.take(&SIGNATURE_V2),
        "deny Signature Version 2".to_owned(),
        SIGNATURE_V2_SID,
        except_services(bucket, signature_v2(arn)),
    );
}

/// The Deny of TLS 1.2: which clients lose access cannot be seen from here.
pub(super) fn plan_tls<'p>(
    bucket: &BucketState<'_>,
    requests: &mut Requests<'p>,
    edits: &mut Vec<PolicyEdit<'p>>,
) {
    let taken = requests.take(&TLS_1_2);
    if !taken.is_empty() {
        let deny = except_services(bucket, tls_1_2(bucket.arn()));
        edits.push(PolicyEdit {
            decide: Some(TLS_1_2.decide.to_owned()),
            ..PolicyEdit::new(&TLS_1_2, taken, "deny TLS 1.2", move |document| {
                document.add(TLS_1_2_SID, deny.clone());
            })
        });
    }
}

/// A Deny that does not apply to what AWS services deliver here: with what signature and which TLS
/// they come is not documented, and a log that is refused is lost silently. Identities carry the key
/// as false, and unsigned requests lack it, so every other request is denied as before.
fn except_services(bucket: &BucketState<'_>, mut deny: Value) -> Value {
    let delivers = bucket.facts.logging.is_log_target.known() == Some(&true)
        || bucket.policy_text().is_some_and(|text| {
            !guards::services(&Policy::parse(text, PolicyKind::Resource)).is_empty()
        });
    if let (true, Some(Value::Object(operators))) = (delivers, deny.get_mut("Condition")) {
        operators.insert(
            "BoolIfExists".to_owned(),
            json!({"aws:PrincipalIsAWSService": "false"}),
        );
    }
    deny
}

fn plain_http(arn: &str) -> Value {
    deny(
        json!([arn, format!("{arn}/*")]),
        json!({"Bool": {"aws:SecureTransport": "false"}}),
    )
}

fn old_signatures(arn: &str, max_age_ms: u64) -> Value {
    deny(
        json!(format!("{arn}/*")),
        json!({"NumericGreaterThan": {"s3:signatureAge": max_age_ms.to_string()}}),
    )
}

fn signature_v2(arn: &str) -> Value {
    deny(
        json!(format!("{arn}/*")),
        json!({"StringEquals": {"s3:signatureversion": "AWS"}}),
    )
}

/// S3 speaks nothing older than TLS 1.2.
fn tls_1_2(arn: &str) -> Value {
    deny(
        json!([arn, format!("{arn}/*")]),
        json!({"NumericLessThan": {"s3:TlsVersion": "1.3"}}),
    )
}

fn deny(resource: Value, condition: Value) -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": resource, "Condition": condition,
    })
}
