//! `policy evaluate` and `policy prove` on the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_coldbucket"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A command that refuses its arguments does not read.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn public() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
    }]})
}

fn anonymous_get() -> Value {
    json!({"principal": {"type": "Anonymous"}, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "resource_account": "111111111111", "context": {}})
}

#[test]
fn evaluate_lines_are_answered_in_order_and_bad_ones_in_their_place() {
    let good = |id: &str| {
        json!({"id": id, "policies": {"resource": public()}, "request": anonymous_get()})
            .to_string()
    };
    let long = json!({"id": "long", "policies": {"resource": {"Version": "2012-10-17", "Id": "x".repeat(300_000), "Statement": []}},
        "request": anonymous_get()});
    let input = format!(
        "{}\nnot json\n{}\n{}\n{}\n",
        good("1"),
        good("2"),
        long,
        json!({"id": "4"})
    );
    let output = run(&["policy", "evaluate", "--batch"], input.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    let answers = lines(&output);
    assert_eq!(answers.len(), 5);
    assert_eq!(
        answers[0],
        json!({"id": "1", "decision": "allow", "statement": {"policy": "resource", "index": 0}})
    );
    assert_eq!(answers[1]["id"], Value::Null);
    assert!(answers[1]["error"].is_string());
    assert_eq!(answers[2]["decision"], "allow");
    assert_eq!(answers[3]["id"], "long");
    assert!(
        answers[3]["error"]
            .as_str()
            .unwrap()
            .contains("longer than 262144 bytes")
    );
    assert_eq!(answers[4]["id"], "4");
}

#[test]
fn good_lines_alone_end_well() {
    let line = json!({"id": "1", "policies": {"resource": public()}, "request": anonymous_get()})
        .to_string()
        + "\n";
    let output = run(
        &["policy", "evaluate", "--batch"],
        line.repeat(3_000).as_bytes(),
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines(&output).len(), 3_000);
}

#[test]
fn every_witness_of_prove_is_allowed_by_evaluate() {
    let mut asked = String::new();
    let mut policies = Vec::new();
    for line in include_str!("../crates/policy/tests/fixtures/policy-cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        asked += &json!({"id": case["id"], "bucket": case["bucket"], "owner": case["owner"], "policy": case["policy"],
            "questions": ["anonymous", "any-aws-account", "account:222222222222", "plain-http", "presigned", "sse-c"]})
        .to_string();
        asked.push('\n');
        policies.push(case["policy"].clone());
    }
    let output = run(&["policy", "prove", "--batch"], asked.as_bytes());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut replayed = String::new();
    for (answer, policy) in lines(&output).iter().zip(&policies) {
        for answer in answer["answers"].as_array().unwrap() {
            if answer["witness"].is_object() {
                // An attacker grants himself everything in his own account; so does the owner here.
                let everything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
                replayed += &json!({"id": answer["question"], "policies": {"resource": policy, "identity": [everything]},
                    "request": answer["witness"]})
                .to_string();
                replayed.push('\n');
            }
        }
    }
    let output = run(&["policy", "evaluate", "--batch"], replayed.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let decisions = lines(&output);
    assert!(decisions.len() > 50, "{}", decisions.len());
    for (decision, line) in decisions.iter().zip(replayed.lines()) {
        assert_eq!(decision["decision"], "allow", "{line}");
    }
}

#[test]
fn a_person_is_told_who_can_do_what_and_how_to_try() {
    let output = run(
        &[
            "policy",
            "prove",
            "--policy",
            "-",
            "--bucket",
            "b",
            "--owner",
            "111111111111",
            "--question",
            "anonymous",
        ],
        public().to_string().as_bytes(),
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Anyone on the internet can s3:GetObject arn:aws:s3:::b/"),
        "{text}"
    );
    assert!(text.contains("curl "), "{text}");
    assert!(
        text.contains("documented meaning of public, of the policy alone: public"),
        "{text}"
    );
}

#[test]
fn a_person_is_told_a_decision() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    std::fs::write(&file, public().to_string()).unwrap();
    let request = anonymous_get().to_string();
    let output = run(
        &[
            "policy",
            "evaluate",
            "--policy",
            file.to_str().unwrap(),
            "--request",
            &request,
        ],
        b"",
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "allowed by Statement[0] of the resource policy\n"
    );
    let put = request.replace("GetObject", "PutObject");
    let output = run(
        &[
            "policy",
            "evaluate",
            "--policy",
            file.to_str().unwrap(),
            "--request",
            &put,
        ],
        b"",
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "denied: no statement allows it\n"
    );
}

#[test]
fn what_cannot_be_used_is_a_mistake_of_the_command_line() {
    let wrong = |arguments: &[&str], input: &[u8]| {
        let output = run(arguments, input);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(wrong(&["policy", "prove", "--policy", "-"], b"{").contains("policy"));
    assert!(
        wrong(&["policy", "evaluate", "--request", "{}"], b"").contains("--request is invalid")
    );
    let policy = public().to_string();
    let told = wrong(
        &["policy", "prove", "--policy", "-", "--question", "whatever"],
        policy.as_bytes(),
    );
    assert!(told.contains("is not a question"), "{told}");
    wrong(&["policy", "prove"], b"");
}
