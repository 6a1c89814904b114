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
