//! The prover on the worked cases of `fixtures/policy-cases.jsonl`, whose answers were worked out by
//! hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use coldbucket_policy::contract::Reach;
use coldbucket_policy::prove::prove;
use serde_json::{Value, json};

/// 2026-09-21, as seconds since 1970: one case is about a date that has passed.
const NOW: f64 = 1_790_000_000.0;

#[test]
fn every_worked_case_is_answered_right() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in include_str!("fixtures/policy-cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        for (expected, question) in [
            ("anon", "anonymous"),
            ("xacct", "any-aws-account"),
            ("http", "plain-http"),
            ("presigned", "presigned"),
        ] {
            let Some(expected) = case["expected"][expected].as_bool() else {
                continue;
            };
            let input = json!({
                "id": case["id"], "bucket": case["bucket"], "owner": case["owner"],
                "policy": case["policy"], "questions": [question],
            });
            let output = prove(&serde_json::from_value(input).unwrap(), Some(NOW)).unwrap();
            let answer = &output.answers[0];
            compared += 1;
            let right = match answer.verdict {
                Reach::Reachable => expected,
                Reach::Constrained | Reach::Unreachable => !expected,
                Reach::Unknown => false,
            };
            if !right {
                wrong.push(format!("{} {question}: {answer:?}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared >= 56, "{compared}");
}

/// Comparing in any case names who gets in as comparing exactly does: a stranger has no value that a
/// statement writes, in whatever case (IAM user guide, "String condition operators", 2026-09).
#[test]
fn values_in_any_case_are_named_like_exact_ones() {
    let reach = |operator: &str, key: &str, value: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::bucket/*", "Condition": {operator: {key: value}},
        }]});
        let input = json!({
            "id": key, "bucket": "bucket", "owner": "111111111111", "policy": policy,
            "questions": ["anonymous", "any-aws-account"],
        });
        let output = prove(&serde_json::from_value(input).unwrap(), Some(NOW)).unwrap();
        let answers = output.answers.iter();
        answers.map(|answer| answer.verdict).collect::<Vec<_>>()
    };
    use Reach::{Constrained, Reachable, Unreachable};
    let arn = "arn:aws:iam::222222222222:role/Partner";
    // (key, value, what an anonymous caller and any account can); whoever calls chooses the header, and
    // the tags of its principal.
    let cases = [
        (
            "aws:SourceVpce",
            "vpce-1a2b3c4d",
            [Constrained, Constrained],
        ),
        ("aws:SourceVpc", "vpc-1a2b3c4d", [Constrained, Constrained]),
        ("aws:Referer", "Secret", [Reachable, Reachable]),
        ("aws:UserAgent", "Secret", [Reachable, Reachable]),
        (
            "aws:PrincipalOrgID",
            "o-a1b2c3d4e5",
            [Unreachable, Constrained],
        ),
        (
            "aws:PrincipalAccount",
            "222222222222",
            [Unreachable, Constrained],
        ),
        ("aws:PrincipalArn", arn, [Unreachable, Constrained]),
        ("aws:PrincipalTag/Team", "Blue", [Unreachable, Reachable]),
        (
            "s3:DataAccessPointAccount",
            "222222222222",
            [Constrained, Constrained],
        ),
        ("s3:authType", "REST-QUERY-STRING", [Unreachable, Reachable]),
        ("aws:SecureTransport", "true", [Reachable, Reachable]),
    ];
    let mut wrong = Vec::new();
    for (key, value, expected) in cases {
        let exact = reach("StringEquals", key, value);
        let mut found = vec![("StringEquals", value.to_owned(), exact)];
        for written in [value.to_owned(), value.to_lowercase(), value.to_uppercase()] {
            let any_case = reach("StringEqualsIgnoreCase", key, &written);
            found.push(("StringEqualsIgnoreCase", written, any_case));
        }
        for (operator, written, found) in found {
            if found != expected {
                wrong.push(format!("{operator} {key} {written}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whoever is named by `aws:username` in any case gets in, also where `aws:PrincipalArn` is in conditions.
#[test]
fn a_user_named_in_any_case_is_a_caller() {
    for operator in ["StringNotEquals", "StringNotEqualsIgnoreCase"] {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::bucket/*",
             "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*",
             "Condition": {operator: {"aws:username": "own"}}},
        ]});
        let input = json!({
            "id": operator, "bucket": "bucket", "owner": "111111111111", "policy": policy,
            "questions": ["account:222222222222"],
        });
        let output = prove(&serde_json::from_value(input).unwrap(), Some(NOW)).unwrap();
        let verdict = output.answers[0].verdict;
        assert!(verdict >= Reach::Constrained, "{operator}: {verdict:?}");
    }
}
