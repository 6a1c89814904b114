//! `who-can` and `what-can` on a snapshot, and `audit --who-can`: control policies from files, the gate
//! of `--expect`, and the matrix of a bucket. Right answers are by hand from IAM's evaluation rules.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use serde_json::{Value, json};
use support::{Run, coldbucket};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/0a0a";

fn document(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn role(name: &str, statements: Value) -> Value {
    json!({
        "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "path": "/", "tags": {},
        "inline": {"own": document(statements)},
        "trust": document(json!([{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}])),
    })
}

/// Two buckets, one under a key that one role may use.
fn snapshot() -> Value {
    let read = |bucket: &str| {
        json!([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]}])
    };
    let bucket = |encryption: Value| {
        json!({
            "region": "eu-west-1", "policy": "absent", "policy_status": "absent",
            "acl": {"known": {"owner": "me", "grants": []}},
            "ownership": {"known": {"object_ownership": "BucketOwnerEnforced"}},
            "public_access_block": "absent", "encryption": {"known": encryption}, "tags": "absent",
        })
    };
    json!({
        "schema": "coldbucket-snapshot/1", "taken_at": "2026-11-30T00:00:00Z", "complete": true,
        "accounts": {ACCOUNT: {
            "public_access_block": "absent",
            "bucket_listing": {"known": {"complete": true}},
            "identity_listing": {"known": {"complete": true}},
            "buckets": {
                "plain": bucket(json!({"algorithm": "AES256"})),
                "locked": bucket(json!({"algorithm": "aws:kms", "kms_key": KEY})),
            },
            "keys": {KEY: {
                "description": {"known": {"arn": KEY, "account": ACCOUNT, "manager": "CUSTOMER", "state": "Enabled"}},
                "policy": {"known": document(json!([
                    {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/cook")}, "Action": "kms:*", "Resource": "*"},
                ]))},
                "grants": {"known": []},
            }},
            "identities": {
                "role/cook": role("cook", read("*")),
                "role/chef": role("chef", read("*")),
                "role/guard": role("guard", json!([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}])),
            },
        }},
    })
}

fn run(arguments: &str) -> Run {
    coldbucket(arguments).file("account.json", &snapshot().to_string())
}

fn verdict<'v>(answer: &'v Value, principal: &str) -> &'v str {
    let rows = answer["principals"].as_array().unwrap();
    let row = rows.iter().find(|row| {
        row["principal"] == principal
            || row["principal"] == format!("arn:aws:iam::{ACCOUNT}:{principal}")
    });
    row.unwrap()["verdict"].as_str().unwrap()
}

#[test]
fn a_snapshot_is_enough_and_the_key_has_a_say() {
    let answer = run("who-can read locked --snapshot account.json -o json")
        .run()
        .exits(0)
        .json();
    assert_eq!(verdict(&answer, "role/cook"), "reachable");
    assert_eq!(verdict(&answer, "role/chef"), "unreachable");
    assert_eq!(verdict(&answer, "role/guard"), "unreachable");
    assert_eq!(verdict(&answer, "root"), "unreachable");
    assert_eq!(verdict(&answer, "anonymous"), "unreachable");
    // Listing needs no key.
    let answer = run("who-can list locked --snapshot account.json -o json")
        .run()
        .json();
    assert_eq!(verdict(&answer, "role/chef"), "reachable");
    // The account that its trust policy names is one step away.
    let hops = &answer["one_hop"];
    assert!(
        hops.as_array()
            .unwrap()
            .iter()
            .any(|hop| hop["principal"] == "account:444455556666" && hop["via"] == "sts:AssumeRole"),
        "{hops}"
    );
}

#[test]
fn control_policies_come_from_files_level_by_level() {
    let allow = document(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let deny = document(
        json!([{"Effect": "Deny", "Action": "s3:GetObject*", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/cook"}}}]),
    );
    let answer = run("who-can read plain --snapshot account.json -o json --scp all.json,deny.json")
        .file("all.json", &allow)
        .file("deny.json", &deny)
        .run()
        .exits(0)
        .json();
    assert_eq!(verdict(&answer, "role/cook"), "reachable");
    assert_eq!(verdict(&answer, "role/chef"), "unreachable");
    assert_eq!(verdict(&answer, "root"), "unreachable");
    // A second level without S3 allows nothing of it.
    let answer =
        run("who-can read plain --snapshot account.json -o json --scp all.json --scp ec2.json")
            .file("all.json", &allow)
            .file(
                "ec2.json",
                &document(json!([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}])),
            )
            .run()
            .json();
    assert_eq!(verdict(&answer, "role/cook"), "unreachable");
    // A resource control policy binds the root user as well.
    let answer = run("who-can read plain --snapshot account.json -o json --rcp rcp.json")
        .file(
            "rcp.json",
            &document(json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject*", "Resource": "*"}])),
        )
        .run()
        .json();
    assert_eq!(verdict(&answer, "role/cook"), "unreachable");
    assert_eq!(verdict(&answer, "root"), "unreachable");
    let assumed = |answer: &Value| answer["assumes"].to_string();
    assert!(!assumed(&answer).contains("resource control"), "{answer}");
    assert!(assumed(&answer).contains("service control"), "{answer}");
}

/// root r-1 > the account. The chef may read nothing, and no one may list without TLS.
fn in_an_organization() -> Value {
    let of_type = |kind: &str, statement: Value| {
        json!({"type": kind, "name": "n", "targets": {"known": ["r-1"]},
            "content": {"known": document(json!([statement]))}})
    };
    let enabled = json!({"known": true});
    let mut snapshot = snapshot();
    snapshot["organization"] = json!({
        "schema": "coldbucket-organization/1", "taken_at": "2026-11-30T00:00:00Z",
        "id": "o-abcdefghij", "management_account": "999999999999",
        "tree": {"known": {"complete": true}},
        "units": {"r-1": {"name": "Root"}},
        "accounts": {ACCOUNT: {"name": "x", "state": "ACTIVE", "parent": "r-1"}},
        "policy_types": {"SERVICE_CONTROL_POLICY": enabled, "RESOURCE_CONTROL_POLICY": enabled},
        "policies": {
            "p-full": {"type": "SERVICE_CONTROL_POLICY", "name": "FullAWSAccess", "aws_managed": true,
                "content": {"known": document(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))},
                "targets": {"known": ["r-1", ACCOUNT]}},
            "p-chef": of_type("SERVICE_CONTROL_POLICY", json!({"Effect": "Deny", "Action": "s3:GetObject*",
                "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/chef"}}})),
            "p-list": of_type("RESOURCE_CONTROL_POLICY", json!({"Effect": "Deny", "Principal": "*",
                "Action": "s3:ListBucket*", "Resource": "*"})),
        },
    });
    snapshot
}

#[test]
fn control_policies_of_the_snapshots_organization_bind_unless_files_take_their_place() {
    let run = |arguments: &str| {
        coldbucket(arguments).file("account.json", &in_an_organization().to_string())
    };
    let answer = run("who-can read plain --snapshot account.json -o json")
        .run()
        .exits(0)
        .json();
    assert_eq!(verdict(&answer, "role/cook"), "reachable");
    assert_eq!(verdict(&answer, "role/chef"), "unreachable");
    let rows = answer["principals"].as_array().unwrap();
    let chef = rows
        .iter()
        .find(|row| row["principal"] == format!("arn:aws:iam::{ACCOUNT}:role/chef"));
    assert_eq!(chef.unwrap()["blocked_by"]["policy"], "p-chef");
    let assumes = answer["assumes"].to_string();
    assert!(
        assumes.contains("no service control policy that was not read denies it"),
        "{assumes}"
    );
    let answer = run("who-can list plain --snapshot account.json -o json")
        .run()
        .exits(0)
        .json();
    assert_eq!(verdict(&answer, "role/cook"), "unreachable");
    let answer = run("who-can read plain --snapshot account.json -o json --scp all.json")
        .file(
            "all.json",
            &document(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])),
        )
        .run()
        .exits(0)
        .json();
    assert_eq!(verdict(&answer, "role/chef"), "reachable");
    let report =
        run("audit --snapshot account.json --who-can -o json --fail-on none --allow-incomplete")
            .run()
            .exits(0)
            .json();
    let matrices = report["who_can"].as_array().unwrap();
    let plain = matrices
        .iter()
        .find(|one| one["bucket"] == "plain")
        .unwrap();
    let groups = plain["groups"].as_array().unwrap();
    let classes = |name: &str| {
        let arn = json!(format!("arn:aws:iam::{ACCOUNT}:{name}"));
        let group = groups
            .iter()
            .find(|group| group["principals"].as_array().unwrap().contains(&arn));
        group.map(|group| group["classes"].clone())
    };
    assert_eq!(classes("role/cook").unwrap()["read"], "reachable");
    assert_eq!(classes("role/cook").unwrap()["list"], "unreachable");
    assert_eq!(classes("role/chef"), None);
}

#[test]
fn principals_that_are_not_expected_fail_the_gate() {
    let with = |expected: &str, question: &str| {
        run(&format!(
            "who-can {question} --snapshot account.json --expect allowed.txt"
        ))
        .file("allowed.txt", expected)
        .run()
    };
    let all = "# who may\narn:aws:iam::*:role/cook\narn:aws:iam::*:role/chef # for now\n*:root\n";
    with(all, "read plain").exits(0);
    let outcome = with("*:role/cook\n*:root\n", "read plain").exits(1);
    assert!(
        outcome
            .stderr
            .contains("not expected: arn:aws:iam::111122223333:role/chef"),
        "{}",
        outcome.stderr
    );
    // Under the key only the cook reads, so chef need not be expected.
    with("*:role/cook\n", "read locked").exits(0);
    // What was not read leaves the gate incomplete.
    let mut unread = snapshot();
    unread["accounts"][ACCOUNT]["keys"][KEY]["policy"] =
        json!({"denied": {"action": "kms:GetKeyPolicy", "code": "AccessDenied"}});
    coldbucket("who-can read locked --snapshot account.json --expect allowed.txt")
        .file("account.json", &unread.to_string())
        .file("allowed.txt", "*:root\n")
        .run()
        .exits(3);
    run("who-can read plain --snapshot account.json --expect missing.txt")
        .run()
        .exits(2);
    run("who-can read plane --snapshot account.json")
        .run()
        .exits(2);
}

#[test]
fn what_an_identity_can_is_the_same_the_other_way() {
    let answer = run("what-can role/chef --snapshot account.json -o json --class read,list")
        .run()
        .exits(0)
        .json();
    let verdict = |target: &str, class: &str| {
        let rows = answer["access"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["target"] == target && row["class"] == class);
        row.unwrap()["verdict"].clone()
    };
    assert_eq!(verdict("plain", "read"), "reachable");
    assert_eq!(verdict("locked", "read"), "unreachable");
    assert_eq!(verdict("locked", "list"), "reachable");
}

#[test]
fn an_audit_shows_who_can_as_a_matrix() {
    let report =
        run("audit --snapshot account.json --who-can -o json --fail-on none --allow-incomplete")
            .run()
            .exits(0)
            .json();
    let matrices = report["who_can"].as_array().unwrap();
    assert_eq!(matrices.len(), 2);
    let locked = matrices
        .iter()
        .find(|one| one["bucket"] == "locked")
        .unwrap();
    let line = |name: &str| {
        let groups = locked["groups"].as_array().unwrap();
        let arn = format!("arn:aws:iam::{ACCOUNT}:{name}");
        groups
            .iter()
            .find(|group| {
                group["principals"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(arn))
            })
            .unwrap()["classes"]
            .clone()
    };
    assert_eq!(line("role/cook")["read"], "reachable");
    assert_eq!(line("role/cook")["write"], "unreachable");
    assert_eq!(line("role/chef")["read"], "unreachable");
    assert_eq!(line("role/chef")["list"], "reachable");
    // Without the option nothing is said of it.
    let report = run("audit --snapshot account.json -o json --fail-on none --allow-incomplete")
        .run()
        .json();
    assert_eq!(report["who_can"], Value::Null);
}
