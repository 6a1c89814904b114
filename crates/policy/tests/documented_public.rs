//! The worked cases of `fixtures/policy-cases.jsonl`, whose answers were worked out by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::Value;

/// The cases, in their order.
fn cases() -> Vec<Value> {
    let cases: Vec<Value> = include_str!("fixtures/policy-cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(cases.len(), 28);
    cases
}

#[test]
fn documented_public_is_right_on_every_case() {
    let mut wrong = Vec::new();
    for case in cases() {
        let policy = Policy::parse(&case["policy"].to_string(), PolicyKind::Resource);
        let answer = documented_public(&policy);
        if answer != case["expected"]["status_public"].as_bool() {
            wrong.push(format!("{}: {answer:?}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
