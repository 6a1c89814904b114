//! Cases from public reports and from AWS's documentation (see `fixtures/reported-cases.md`).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use coldbucket_policy::batch;
use serde_json::Value;

/// Whether a member of an answer is what is expected: the value itself, or one of a list.
fn fits(found: &Value, expected: &Value) -> bool {
    match expected {
        Value::Array(any) if !found.is_array() => any.contains(found),
        other => found == other,
    }
}

/// Whether the ways in need exactly these sets of keys, in any order.
fn fits_ways(answer: &Value, expected: &Value) -> bool {
    let sorted = |mut sets: Vec<Vec<String>>| {
        sets.iter_mut().for_each(|keys| keys.sort());
        sets.sort();
        sets
    };
    let ways = answer["ways"].as_array().cloned().unwrap_or_default();
    let found = ways
        .iter()
        .map(|way| way.as_object().unwrap().keys().cloned().collect());
    let expected: Vec<Vec<String>> = serde_json::from_value(expected.clone()).unwrap();
    sorted(found.collect()) == sorted(expected)
}

/// What is answered wrongly of a file of cases.
fn wrong_answers(cases: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let output = batch::prove(&case["input"].to_string(), None).unwrap();
        let output = serde_json::to_value(output).unwrap();
        for (question, expected) in case["expected"].as_object().unwrap() {
            if question == "documented_public" {
                if !fits(&output["documented_public"], expected) {
                    wrong.push(format!("{}: {question}", case["input"]["id"]));
                }
                continue;
            }
            let answer = output["answers"]
                .as_array()
                .unwrap()
                .iter()
                .find(|answer| answer["question"] == question.as_str())
                .unwrap();
            let is_right = match expected {
                Value::Object(members) => members.iter().all(|(name, expected)| match expected {
                    Value::Object(classes) if name == "classes" => classes
                        .iter()
                        .all(|(class, expected)| fits(&answer["classes"][class], expected)),
                    _ if name == "ways_keys" => fits_ways(answer, expected),
                    _ if name == "only_from_keys" => {
                        answer["only_from"].as_object().is_some_and(|only| {
                            expected
                                .as_array()
                                .unwrap()
                                .iter()
                                .all(|key| only.contains_key(key.as_str().unwrap()))
                        })
                    }
                    _ => fits(&answer[name], expected),
                }),
                verdict => fits(&answer["verdict"], verdict),
            };
            if !is_right {
                wrong.push(format!(
                    "{} {question}: expected {expected}, found {answer}",
                    case["input"]["id"]
                ));
            }
        }
    }
    wrong
}

#[test]
fn reported_cases_are_answered_rightly() {
    let wrong = wrong_answers(include_str!("fixtures/reported-cases.jsonl"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_kind_of_question_is_answered_rightly_in_other_forms() {
    let wrong = wrong_answers(include_str!("fixtures/hand-cases.jsonl"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reported_requests_are_decided_rightly() {
    let mut evaluator = batch::Evaluator::default();
    let mut wrong = Vec::new();
    for line in include_str!("fixtures/reported-requests.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let output = evaluator.answer(&case["input"].to_string()).unwrap();
        let output = serde_json::to_value(output).unwrap();
        if !fits(&output["decision"], &case["expected"]) {
            wrong.push(format!(
                "{}: expected {}, found {output}",
                case["input"]["id"], case["expected"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
