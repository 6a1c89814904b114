//! Who can reach a bucket: worked cases, and rules one by one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

mod attack;

use std::collections::{BTreeMap, BTreeSet};

use coldbucket_policy::contract::Reach;
use coldbucket_policy::who_can::{self, WhoCanOutput};
use serde_json::Value;

fn answer(line: &Value) -> WhoCanOutput {
    who_can::answer(&line.to_string()).unwrap()
}

fn reach(name: &str) -> Reach {
    serde_json::from_value(Value::String(name.to_owned())).unwrap()
}

#[test]
fn every_worked_case_is_answered_right() {
    assert_eq!(compared(include_str!("../fixtures/who-can.jsonl")), 36);
}

#[test]
fn every_kind_of_account_is_answered_right() {
    let written = include_str!("../fixtures/who-can-written.jsonl");
    assert_eq!(compared(written), 349);
}

/// Compares every answer with the right one; how many verdicts there were.
fn compared(cases: &str) -> usize {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let output = answer(&case);
        assert_eq!(output.ignored, Vec::<String>::new());
        for (principal, expected) in case["expected"].as_object().unwrap() {
            compared += 1;
            // An account that no policy names is any account.
            let found = output.principals.get(principal).or_else(|| {
                principal
                    .starts_with("account:")
                    .then(|| &output.principals["account:*"])
            });
            let Some(found) = found else {
                wrong.push(format!("{} {principal}: no answer", case["id"]));
                continue;
            };
            let under: BTreeSet<&str> = found.under.keys().map(String::as_str).collect();
            let wanted: BTreeSet<&str> = expected["under"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|key| key.as_str().unwrap())
                .collect();
            if found.verdict != reach(expected["verdict"].as_str().unwrap())
                || !wanted.is_subset(&under)
            {
                wrong.push(format!("{} {principal}: {found:?}", case["id"]));
            }
        }
        if let Some(expected) = case["expected_one_hop"].as_object() {
            let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for hop in &output.one_hop {
                found
                    .entry(&hop.principal)
                    .or_default()
                    .extend(hop.role.as_deref());
            }
            let expected: BTreeMap<&str, Vec<&str>> = expected
                .iter()
                .map(|(principal, roles)| {
                    let roles = roles.as_array().unwrap();
                    let roles = roles.iter().map(|role| role.as_str().unwrap()).collect();
                    (principal.as_str(), roles)
                })
                .collect();
            if found != expected {
                wrong.push(format!("{} one hop: {found:?}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    compared
}

/// 400 random accounts. There is no contradiction, and there was something to contradict.
fn attacked(
    seed: u64,
    requests: usize,
    attack: fn(&mut attack::Random, usize, &mut attack::Tally),
) -> attack::Tally {
    let mut tally = attack::Tally::default();
    let mut random = attack::Random(seed);
    for _ in 0..400 {
        attack(&mut random, requests, &mut tally);
    }
    assert!(
        tally.wrong.is_empty(),
        "{} contradictions, the first:\n{}",
        tally.wrong.len(),
        tally.wrong[0]
    );
    assert!(tally.allowed > 200, "{tally:?}");
    assert!(tally.in_unreachable > 1_000, "{tally:?}");
    tally
}

/// Random accounts, and random requests that the evaluator decides.
#[test]
fn nothing_that_was_called_unreachable_is_allowed() {
    let tally = attacked(0x00c0_1db1, 12, attack::attack);
    assert!(tally.witnesses > 100, "{tally:?}");
    assert!(tally.constrained > 20, "{tally:?}");
}

/// The same with callers from outside, whose own account lets them do everything.
#[test]
fn nothing_from_outside_that_was_called_unreachable_is_allowed() {
    attacked(0x00c0_1db2, 40, attack::attack_from_outside);
}
