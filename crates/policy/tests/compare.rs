//! Pairs of policies whose right answer is known: by the rules of the IAM user guide
//! (`fixtures/compare-cases.jsonl`), and by AWS's own sample repository of custom policy checks
//! (`fixtures/compare-documented.jsonl`). Sources and dates are in `fixtures/compare-cases.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use coldbucket_policy::Policy;
use coldbucket_policy::compare::{Attachment, PolicyPair, compare};
use coldbucket_policy::contract::CompareOutput;
use coldbucket_policy::evaluate::DocumentJudge;
use serde_json::{Value, json};

const CASES: &str = include_str!("fixtures/compare-cases.jsonl");
const WRITTEN: &str = include_str!("fixtures/compare-written.jsonl");
const DOCUMENTED: &str = include_str!("fixtures/compare-documented.jsonl");

fn answer(case: &Value) -> CompareOutput {
    let kind = Attachment::from_name(case["kind"].as_str().unwrap()).unwrap();
    let parse = |side: &str| match &case[side] {
        Value::Null => None,
        policy => Some(Policy::parse(&policy.to_string(), kind.policy_kind())),
    };
    let (old, new) = (parse("old"), parse("new"));
    let output = compare(
        &PolicyPair {
            old: old.as_ref(),
            new: new.as_ref(),
            kind,
            bucket: case["bucket"].as_str(),
            strict: false,
        },
        case["id"].as_str().unwrap().to_owned(),
    );
    // Every witness stands up to the evaluator.
    for found in &output.statements {
        let request = found.witness.as_ref().unwrap();
        let allows = |policy: &Option<Policy>| match policy {
            Some(policy) => DocumentJudge::new(policy, kind.policy_kind()).allows(request),
            None => Some(false),
        };
        assert_eq!(allows(&new), Some(true), "{}: {request:?}", output.id);
        assert_eq!(allows(&old), Some(false), "{}: {request:?}", output.id);
    }
    output
}

fn wrong(cases: &str) -> Vec<String> {
    cases
        .lines()
        .filter_map(|line| {
            let case: Value = serde_json::from_str(line).unwrap();
            let output = answer(&case);
            (output.new_access != case["new_access"].as_bool()).then(|| {
                format!(
                    "{}: {} {:?} {:?}",
                    output.id,
                    case["rule"],
                    output,
                    case["old"].to_string().len()
                )
            })
        })
        .collect()
}

#[test]
fn pairs_are_decided_by_the_rules() {
    assert_eq!(CASES.lines().count(), 36);
    let wrong = wrong(CASES);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn pairs_of_every_kind_are_decided_by_the_rules() {
    assert_eq!(WRITTEN.lines().count(), 213);
    let wrong = wrong(WRITTEN);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn pairs_that_aws_documents_are_decided_as_aws_does() {
    assert_eq!(DOCUMENTED.lines().count(), 206);
    let wrong = wrong(DOCUMENTED);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Found by the long run: a condition may name a service in another case, or by a pattern.
#[test]
fn services_that_only_conditions_name_are_callers() {
    for condition in [
        r#"{"StringEqualsIgnoreCase": {"aws:PrincipalServiceName": "Logging.s3.amazonaws.com"}}"#,
        r#"{"StringLike": {"aws:PrincipalServiceName": "logging.*.com"}}"#,
    ] {
        let case = format!(
            r#"{{"id": "s", "kind": "s3", "bucket": "b", "old": null, "new": {{"Version": "2012-10-17",
                "Statement": {{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}}}}}"#
        );
        let output = answer(&serde_json::from_str(&case).unwrap());
        assert_eq!(output.new_access, Some(true), "{output:?}");
    }
}

/// A bucket policy's statement without Resource, or with a list of principals that has no type, cannot be
/// stored. Whatever it were to match, two statements that have the same there compare by the rest.
#[test]
fn statements_that_aws_refuses_are_equal_to_themselves_and_otherwise_unknown() {
    let policy = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let without_resource =
        |actions: Value| json!({"Effect": "Allow", "Principal": "*", "Action": actions});
    let with_list = |principals: Value| json!({"Effect": "Allow", "Principal": principals, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let both = json!(["s3:GetObject", "s3:PutObject"]);
    let cases = [
        (
            json!([without_resource(both.clone())]),
            json!([without_resource(json!(["s3:PutObject", "s3:GetObject"]))]),
            Some(false),
        ),
        (
            json!([without_resource(both.clone())]),
            json!([without_resource(json!("s3:PutObject"))]),
            Some(false),
        ),
        (
            json!([without_resource(json!("s3:PutObject"))]),
            json!([without_resource(both)]),
            None,
        ),
        (
            json!([with_list(json!(["x", "y"]))]),
            json!([with_list(json!(["x", "y"])), with_list(json!(["x", "y"]))]),
            Some(false),
        ),
        (
            json!([with_list(json!(["x"]))]),
            json!([with_list(json!(["y"]))]),
            None,
        ),
        (
            json!([with_list(json!({"AWS": "no-ones-name"}))]),
            json!([with_list(json!(["y"]))]),
            None,
        ),
        // Without Action nothing is kept of it.
        (
            json!([{"Effect": "Deny", "Principal": "*", "Resource": "*"}]),
            json!([{"Effect": "Allow", "Principal": "*", "Resource": "*"}]),
            None,
        ),
    ];
    for (old, new, expected) in cases {
        let output = answer(
            &json!({"id": "refused", "kind": "resource", "old": policy(old), "new": policy(new)}),
        );
        assert_eq!(output.new_access, expected, "{output:?}");
    }
}
