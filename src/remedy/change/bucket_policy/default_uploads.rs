//! Uploads without an encryption header, where a Deny is meant for a wrong one.

use super::edit::{PolicyEdit, put_edited};
use crate::inventory::ids::kms_key_arn;
use crate::remedy::prelude::*;
use coldbucket_policy::{Policy, PolicyKind, guards};

pub(super) const ALLOW: NamedChange = NamedChange {
    name: "allow-default-encryption",
    summary: "In the policy of {bucket.name}, use StringNotEqualsIfExists, so that only a wrong encryption header is denied.",
    effect: "Uploads without an encryption header are encrypted by the default; a wrong header is still denied.",
    risk: Level::Low,
    risk_note: "Nothing that was accepted is denied.",
    decide: "",
    make: |target| {
        let deny = json!({
            "Sid": "Header", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": format!("{}/*", target.arn),
            "Condition": {"StringNotEquals": {ENCRYPTION_HEADERS[0]: "aws:kms"}},
        });
        put_edited(target, Some(deny), |document| {
            document.edit(0, allow_missing_headers);
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
    let facts = &bucket.facts;
    let setting = bucket.settings.encryption.known().copied().flatten();
    let default = setting
        .and_then(|setting| setting.algorithm.as_deref())
        .unwrap_or("AES256");
    let key = setting
        .and_then(|setting| setting.kms_key.as_deref())
        .filter(|key| !key.is_empty())
        .map(|key| kms_key_arn(&facts.region, &facts.account, key))
        .unwrap_or_default();
    let positions = guards::refuses_default_uploads(&policy, &facts.arn, default, &key);
    edits.push(PolicyEdit::new(
        &ALLOW,
        taken,
        "allow uploads without an encryption header",
        move |document| {
            for position in &positions {
                document.edit(*position, allow_missing_headers);
            }
        },
    ));
}

/// The request headers that choose an upload's encryption.
const ENCRYPTION_HEADERS: [&str; 2] = [
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Makes a Deny of wrong headers apply to nothing else: negated operators
/// hold for a header that is not there, unless they end in `IfExists`.
fn allow_missing_headers(statement: &mut Map<String, Value>) {
    let Some(operators) = statement
        .get_mut("Condition")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let is_header = |key: &str| {
        ENCRYPTION_HEADERS
            .iter()
            .any(|header| key.eq_ignore_ascii_case(header))
    };
    let mut kept = Map::new();
    for (operator, tests) in operators.iter() {
        let name = operator.to_ascii_lowercase();
        let negated = ["stringnot", "arnnot"]
            .iter()
            .any(|start| name.starts_with(start));
        match tests.as_object() {
            Some(tests) if negated && !name.ends_with("ifexists") => {
                let (headers, others): (Map<_, _>, Map<_, _>) = tests
                    .clone()
                    .into_iter()
                    .partition(|(key, _)| is_header(key));
                if !others.is_empty() {
                    kept.insert(operator.clone(), Value::Object(others));
                }
                if !headers.is_empty() {
                    merge(&mut kept, &format!("{operator}IfExists"), headers);
                }
            }
            Some(tests) => merge(&mut kept, operator, tests.clone()),
            None => {
                kept.insert(operator.clone(), tests.clone());
            }
        }
    }
    *operators = kept;
}

fn merge(operators: &mut Map<String, Value>, operator: &str, tests: Map<String, Value>) {
    match operators.get_mut(operator).and_then(Value::as_object_mut) {
        Some(present) => present.extend(tests),
        None => {
            operators.insert(operator.to_owned(), Value::Object(tests));
        }
    }
}
