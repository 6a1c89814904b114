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
use serde_json::{Value, json};

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
    assert_eq!(compared(written), 471);
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

/// An account with one bucket and nothing else.
fn bucket_with(policy: Value) -> Value {
    json!({"id": "a", "question": {"action": "s3:GetObject", "key": null}, "account": {
        "account": "111111111111", "region": "eu-west-1", "organization": null, "keys": {}, "identities": [],
        "scps": null, "rcps": null,
        "bucket": {"name": "data-lake", "owner": "111111111111", "policy": policy,
            "object_ownership": "BucketOwnerEnforced", "acl_grants": [], "public_access_block": null,
            "encryption": {"algorithm": "AES256"}}}})
}

/// An ACL is evaluated beside the principal's own policies where both are of one account: a grant to a group
/// lets in who has none (S3 user guide, "How Amazon S3 authorizes a request for a bucket operation").
#[test]
fn a_group_of_an_acl_has_the_identities_of_the_account_in_it() {
    let role = "arn:aws:iam::111111111111:role/bare";
    let mut case = bucket_with(Value::Null);
    case["question"]["action"] = json!("s3:ListBucket");
    case["account"]["identities"] =
        json!([{"arn": role, "policies": [], "boundary": null, "tags": {}}]);
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    let blocked = json!({"block_public_acls": false, "ignore_public_acls": true,
        "block_public_policy": false, "restrict_public_buckets": false});
    let off = "BucketOwnerEnforced";
    let on = "ObjectWriter";
    let none = Value::Null;
    for (grantee, permission, ownership, block, expected) in [
        ("AllUsers", "READ", on, &none, "reachable"),
        ("AuthenticatedUsers", "READ", on, &none, "reachable"),
        ("AllUsers", "FULL_CONTROL", on, &none, "reachable"),
        // Writing is not listing.
        ("AllUsers", "WRITE", on, &none, "unreachable"),
        // No role is a service.
        ("LogDelivery", "READ", on, &none, "unreachable"),
        // An account, be it the owner itself: its identities still want an Allow.
        (owner, "FULL_CONTROL", on, &none, "unreachable"),
        ("AllUsers", "READ", off, &none, "unreachable"),
        ("AllUsers", "READ", on, &blocked, "unreachable"),
    ] {
        let bucket = &mut case["account"]["bucket"];
        bucket["acl_grants"] = json!([{"grantee": grantee, "permission": permission}]);
        bucket["object_ownership"] = json!(ownership);
        bucket["public_access_block"] = block.clone();
        let answer = who_can::answer(&case.to_string()).unwrap();
        let found = serde_json::to_value(answer.principals[role].verdict).unwrap();
        assert_eq!(
            found, expected,
            "{grantee} {permission} {ownership} {block}"
        );
    }
}

/// Identities with policies of their own are decided on several cores: each keeps its own answer.
#[test]
fn of_many_identities_each_has_its_own_answer() {
    let user = |number: usize| format!("arn:aws:iam::111111111111:user/u{number:03}");
    let policy = |number: usize| {
        let resource = match number % 3 {
            2 => format!("arn:aws:s3:::elsewhere/{number}/*"),
            _ => format!("arn:aws:s3:::data-lake/{number}/*"),
        };
        let mut statement =
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
        if number % 3 == 1 {
            let network = format!("203.0.113.{number}/32");
            statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": network}});
        }
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let mut case = bucket_with(Value::Null);
    case["account"]["identities"] = (0..200)
        .map(|number| json!({"arn": user(number), "policies": [policy(number)], "boundary": null, "tags": {}}))
        .collect();
    let output = answer(&case);
    for number in 0..200 {
        let expected = reach(["reachable", "constrained", "unreachable"][number % 3]);
        let found = &output.principals[&user(number)];
        assert_eq!(found.verdict, expected, "{number}: {found:?}");
    }
}

/// An Allow for everyone, and a Deny.
fn open_but(allow: Value, deny: Value) -> Value {
    let mut statements = vec![
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}),
    ];
    if !allow.is_null() {
        statements[0]["Condition"] = allow;
    }
    if !deny.is_null() {
        let mut statement = json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-lake/*"});
        for (name, value) in deny.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statements.push(statement);
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// IAM user guide, "AWS global condition context keys": requests of services carry
/// `aws:PrincipalIsAWSService` as true and their name in `aws:PrincipalServiceName`; `"Principal": "*"`
/// stands for them as well (2026-09).
#[test]
fn a_service_that_no_statement_names_has_a_row() {
    let of_services = json!({"Bool": {"aws:PrincipalIsAWSService": "true"}});
    let no_service = json!({"Bool": {"aws:PrincipalIsAWSService": "false"}});
    let like = |pattern| json!({"StringLike": {"aws:PrincipalServiceName": pattern}});
    let unlike = |pattern| json!({"StringNotLike": {"aws:PrincipalServiceName": pattern}});
    let spared = json!({"NotPrincipal": {"Service": "config.amazonaws.com"}});
    let denied = json!({"Principal": {"Service": "config.amazonaws.com"}});
    let rows: [(Value, Value, &str, Option<&str>); 9] = [
        (Value::Null, Value::Null, "reachable", None),
        (of_services.clone(), Value::Null, "reachable", None),
        (no_service, Value::Null, "unreachable", None),
        (like("logs.*"), Value::Null, "reachable", None),
        (unlike("*.amazonaws.com"), Value::Null, "unknown", None),
        // Everyone is denied but one service.
        (
            Value::Null,
            spared.clone(),
            "unreachable",
            Some("reachable"),
        ),
        (of_services, spared, "unreachable", Some("reachable")),
        // One service is denied.
        (Value::Null, denied, "reachable", Some("unreachable")),
        (
            Value::Null,
            json!({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalServiceName": "config.amazonaws.com"}}}),
            "unreachable",
            Some("reachable"),
        ),
    ];
    for (allow, deny, any, config) in rows {
        let policy = open_but(allow, deny);
        let output = answer(&bucket_with(policy.clone()));
        let verdict = |row: &str| output.principals.get(row).map(|answer| answer.verdict);
        assert_eq!(verdict("service:*"), Some(reach(any)), "{policy}");
        let named = verdict("service:config.amazonaws.com");
        assert_eq!(named, config.map(reach), "{policy}");
    }
}

/// Accounts that no statement names in full, and their principals: a pattern on the number, on an ARN or on
/// the kind of principal lets some of them in (IAM user guide, "AWS global condition context keys", 2026-09).
#[test]
fn accounts_that_only_a_pattern_matches_are_never_called_kept_out() {
    let like = |key: &str, pattern: &str| json!({"StringLike": {key: pattern}});
    let unlike = |key: &str, pattern: &str| json!({"Principal": "*", "Condition": {"StringNotLike": {key: pattern}}});
    let account = "aws:PrincipalAccount";
    let arn = "aws:PrincipalArn";
    let nothing = Value::Null;
    let rows = [
        (like(account, "2222*"), nothing.clone(), "unknown"),
        (like(account, "*"), nothing.clone(), "constrained"),
        (like(account, "12"), nothing.clone(), "unreachable"),
        (
            like(arn, "arn:aws:iam::2222*:role/x"),
            nothing.clone(),
            "unknown",
        ),
        (
            like(arn, "arn:aws:iam::*:role/x"),
            nothing.clone(),
            "constrained",
        ),
        (
            like(arn, "arn:aws:sts::*:federated-user/bob"),
            nothing.clone(),
            "constrained",
        ),
        // The ARN of a role's session is the role's.
        (
            like(arn, "arn:aws:sts::*:assumed-role/x/*"),
            nothing.clone(),
            "unreachable",
        ),
        (
            like("aws:PrincipalType", "FederatedUser"),
            nothing.clone(),
            "constrained",
        ),
        (
            like("aws:PrincipalType", "Anonymous"),
            nothing.clone(),
            "unreachable",
        ),
        (
            json!({"StringEquals": {"aws:username": "bob"}, "ArnLike": {arn: "arn:aws:iam::*:user/*"}}),
            nothing.clone(),
            "constrained",
        ),
        (
            json!({"StringEquals": {"aws:username": "bob"}, "ArnLike": {arn: "arn:aws:iam::*:user/ann"}}),
            nothing.clone(),
            "unreachable",
        ),
        (nothing.clone(), unlike(account, "2222*"), "unknown"),
        (
            nothing.clone(),
            unlike(arn, "arn:aws:iam::*:role/x"),
            "constrained",
        ),
    ];
    for (allow, deny, any) in rows {
        let policy = open_but(allow, deny);
        let output = answer(&bucket_with(policy.clone()));
        let found = &output.principals["account:*"];
        assert_eq!(found.verdict, reach(any), "{policy}\n{found:?}");
    }
}
