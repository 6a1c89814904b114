//! Finding the statements that a fix edits, by their form.
//!
//! Whether a policy refuses old signatures, old TLS or uploads without a header, and on whose behalf
//! services get in, is decided by the prover ([`super::prove`]). Nothing is concluded from the forms
//! found here.

use super::document::{Condition, Effect, Operator, Policy, Principal, Quantifier, Statement};

const SSE_HEADER: &str = "s3:x-amz-server-side-encryption";
const KEY_HEADER: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

/// The Deny statements that an upload without an encryption header matches because it has none.
pub fn denying_without_header(policy: &Policy) -> Vec<usize> {
    policy
        .with_effect(Effect::Deny)
        .filter(|deny| matches_without_header(deny))
        .map(|deny| deny.index)
        .collect()
}

fn matches_without_header(deny: &Statement) -> bool {
    let on_headers = || {
        deny.conditions
            .iter()
            .filter(|condition| matches!(condition.key.as_str(), SSE_HEADER | KEY_HEADER))
    };
    on_headers().next().is_some() && on_headers().all(holds_without_key)
}

/// Whether a condition holds when its key is absent (IAM user guide, "Condition operators").
fn holds_without_key(condition: &Condition) -> bool {
    if condition.operator == Operator::Null {
        return condition
            .values
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true"));
    }
    condition.if_exists
        || match condition.quantifier {
            Quantifier::Single => condition.operator.is_negated(),
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => false,
        }
}

/// The statements that test a tag of the bucket.
pub fn tag_conditions(policy: &Policy) -> Vec<usize> {
    policy
        .statements
        .iter()
        .filter(|statement| {
            statement.conditions.iter().any(|condition| {
                condition.key.starts_with("s3:buckettag/")
                    || condition.key.starts_with("aws:resourcetag/")
            })
        })
        .map(|statement| statement.index)
        .collect()
}

/// Whether an Allow names an AWS service as its principal.
pub fn names_services(policy: &Policy) -> bool {
    policy
        .with_effect(Effect::Allow)
        .flat_map(|allow| &allow.principal)
        .filter(|principal| !principal.negated)
        .flat_map(|principal| &principal.items)
        .any(|principal| matches!(principal, Principal::Service(_)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::PolicyKind;

    #[test]
    fn statements_that_an_absent_header_matches() {
        let found = |condition: Value| {
            let text = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::b/*", "Condition": condition}]})
            .to_string();
            let policy = Policy::parse(&text, PolicyKind::Resource);
            assert!(policy.is_sound(), "{:?}", policy.defects);
            !denying_without_header(&policy).is_empty()
        };
        for condition in [
            json!({"StringNotEquals": {SSE_HEADER: "aws:kms"}}),
            json!({"StringNotEqualsIfExists": {SSE_HEADER: "aws:kms"}}),
            json!({"ForAllValues:StringNotEquals": {SSE_HEADER: "aws:kms"}}),
            json!({"Null": {SSE_HEADER: "true"}}),
            json!({"ArnNotEquals": {KEY_HEADER: "arn:aws:kms:eu-west-1:111111111111:key/k"}}),
            json!({"StringNotEquals": {SSE_HEADER: "aws:kms"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}),
        ] {
            assert!(found(condition.clone()), "{condition}");
        }
        for condition in [
            json!({"StringNotEquals": {SSE_HEADER: "aws:kms"}, "Null": {SSE_HEADER: "false"}}),
            json!({"StringEquals": {SSE_HEADER: "AES256"}}),
            json!({"Bool": {"aws:SecureTransport": "false"}}),
        ] {
            assert!(!found(condition.clone()), "{condition}");
        }
    }
}
