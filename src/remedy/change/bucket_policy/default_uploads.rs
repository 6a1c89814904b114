//! Uploads without an encryption header, where a Deny is meant for a wrong one.

use super::document::PolicyDocument;
use super::edit::{PolicyEdit, put_edited};
use crate::remedy::prelude::*;
use coldbucket_policy::{Policy, PolicyKind, guards};

pub(super) const ALLOW: NamedChange = NamedChange {
    name: "allow-default-encryption",
    summary: "In the policy of {bucket.name}, add a Null test of s3:x-amz-server-side-encryption with \"false\" to the Deny, so that only a wrong encryption header is denied.",
    effect: "Uploads without an encryption header are encrypted by the default; a wrong header is still denied.",
    risk: Level::Low,
    risk_note: "Nothing that was accepted is denied.",
    decide: "",
    make: |target| {
        let deny = json!({
            "Sid": "Header", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": format!("{}/*", target.arn),
            "Condition": {"StringNotEquals": {SSE_HEADER: "aws:kms"}},
        });
        put_edited(target, Some(deny), |document| {
            allow_missing_headers(document, 0);
        })
    },
};

/// The statements that deny uploads without a header, edited.
pub(super) fn plan<'p>(
    bucket: &BucketState<'_>,
    requests: &mut Requests<'p>,
    edits: &mut Vec<PolicyEdit<'p>>,
) {
    let taken = requests.take(&ALLOW);
    if taken.is_empty() {
        return;
    }
    let policy = Policy::parse(
        bucket.policy_text().unwrap_or_default(),
        PolicyKind::Resource,
    );
    let positions = guards::denying_without_header(&policy);
    edits.push(PolicyEdit::new(
        &ALLOW,
        taken,
        "allow uploads without an encryption header",
        move |document| {
            for position in &positions {
                allow_missing_headers(document, *position);
            }
        },
    ));
}

const SSE_HEADER: &str = "s3:x-amz-server-side-encryption";

/// Limits a Deny of wrong headers to uploads that have the header. A Deny that only matches uploads
/// without it is removed: nothing of it would be left.
fn allow_missing_headers(document: &mut PolicyDocument, position: usize) {
    let mut is_left = true;
    document.edit(position, |statement| {
        is_left = require_the_header(statement);
    });
    if !is_left {
        document.remove(position);
    }
}

/// Operators like `StringNotEquals` also match a request without the header, with `IfExists` or not.
/// False for a Deny that tests for its absence.
fn require_the_header(statement: &mut Map<String, Value>) -> bool {
    let Some(operators) = statement
        .get_mut("Condition")
        .and_then(Value::as_object_mut)
    else {
        return true;
    };
    let wants_absence = operators.iter().any(|(operator, tests)| {
        operator.eq_ignore_ascii_case("Null")
            && tests.as_object().is_some_and(|tests| {
                tests
                    .keys()
                    .any(|key| key.to_ascii_lowercase().starts_with(SSE_HEADER))
            })
    });
    if wants_absence {
        return false;
    }
    let null = operators
        .keys()
        .find(|operator| operator.eq_ignore_ascii_case("Null"))
        .cloned()
        .unwrap_or_else(|| "Null".to_owned());
    let present = Map::from_iter([(SSE_HEADER.to_owned(), json!("false"))]);
    merge(operators, &null, present);
    true
}

fn merge(operators: &mut Map<String, Value>, operator: &str, tests: Map<String, Value>) {
    match operators.get_mut(operator).and_then(Value::as_object_mut) {
        Some(present) => present.extend(tests),
        None => {
            operators.insert(operator.to_owned(), Value::Object(tests));
        }
    }
}
