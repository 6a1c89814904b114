//! What an edit of a bucket policy does, asked of the evaluator: what its check wanted is refused
//! afterwards, what was allowed and wanted still is, and nothing new is allowed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use serde_json::{Value, json};

mod support;

use support::coldbucket;

const OWNER: &str = "111122223333";
const PARTNER: &str = "arn:aws:iam::222222222222:user/partner";

/// A fix of a policy, with requests to try before and after it.
struct Case {
    check: &'static str,
    statements: Value,
    /// Allowed before and after.
    kept: Vec<Value>,
    /// Allowed before, refused after.
    ended: Vec<Value>,
    /// Refused before, allowed after: what the old policy refused by mistake.
    freed: Vec<Value>,
}

/// A request as a current SDK sends it, with these members changed.
fn request(principal: &str, action: &str, context: Value) -> Value {
    let mut all = json!({
        "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:authType": "REST-HEADER", "aws:SourceIp": "203.0.113.7", "aws:CurrentTime": "2026-11-22T10:15:00Z",
    });
    for (key, value) in context.as_object().unwrap() {
        all[key] = value.clone();
    }
    let principal = match principal.strip_prefix("service ") {
        Some(name) => json!({"type": "Service", "name": name}),
        None => json!(principal),
    };
    json!({"principal": principal, "action": action, "resource": "arn:aws:s3:::b/k",
           "resource_account": OWNER, "context": all})
}

fn owner(action: &str, context: Value) -> Value {
    request(&format!("arn:aws:iam::{OWNER}:role/app"), action, context)
}

fn partner(action: &str, context: Value) -> Value {
    request(PARTNER, action, context)
}

fn shared() -> Value {
    json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "222222222222"},
           "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*"})
}

fn delivery() -> Value {
    json!({"Sid": "Trail", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
           "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"})
}

fn uploads(operator: &str, value: &str) -> Value {
    json!({"Sid": "OnlyEncrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
           "Resource": "arn:aws:s3:::b/*", "Condition": {operator: {"s3:x-amz-server-side-encryption": value}}})
}

fn cases() -> Vec<Case> {
    let put = "s3:PutObject";
    let get = "s3:GetObject";
    let header = |value: &str| json!({"s3:x-amz-server-side-encryption": value});
    let service = |account: &str| {
        request(
            "service cloudtrail.amazonaws.com",
            put,
            json!({"aws:SourceAccount": account, "aws:PrincipalIsAWSService": "true",
                   "aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}),
        )
    };
    let old_signature = json!({"s3:authType": "REST-QUERY-STRING", "s3:signatureAge": "604000000"});
    let fresh_signature = json!({"s3:authType": "REST-QUERY-STRING", "s3:signatureAge": "1000"});
    let mut cases = Vec::new();
    for statements in [json!([shared()]), json!([shared(), delivery()])] {
        let with_service = |mut kept: Vec<Value>| {
            if statements.as_array().unwrap().len() > 1 {
                kept.push(service(OWNER));
            }
            kept
        };
        cases.push(Case {
            check: "s3-plain-http",
            kept: with_service(vec![owner(get, json!({})), partner(put, json!({}))]),
            ended: vec![
                owner(get, json!({"aws:SecureTransport": "false"})),
                partner(get, json!({"aws:SecureTransport": "false"})),
            ],
            freed: vec![],
            statements: statements.clone(),
        });
        cases.push(Case {
            check: "s3-sigv2-accepted",
            kept: with_service(vec![owner(put, json!({})), partner(get, json!({}))]),
            ended: vec![partner(get, json!({"s3:signatureversion": "AWS"}))],
            freed: vec![],
            statements: statements.clone(),
        });
        cases.push(Case {
            check: "s3-tls-1-2-accepted",
            kept: with_service(vec![owner(put, json!({})), partner(get, json!({}))]),
            ended: vec![partner(get, json!({"s3:TlsVersion": "1.2"}))],
            freed: vec![],
            statements: statements.clone(),
        });
        cases.push(Case {
            check: "s3-presigned-url-long-lived",
            kept: with_service(vec![
                owner(put, json!({})),
                partner(get, json!({})),
                partner(get, fresh_signature.clone()),
            ]),
            ended: vec![partner(get, old_signature.clone())],
            freed: vec![],
            statements: statements.clone(),
        });
    }
    for operator in [
        "StringNotEquals",
        "StringNotEqualsIfExists",
        "StringNotLike",
    ] {
        cases.push(Case {
            check: "s3-uploads-need-a-header",
            statements: json!([shared(), uploads(operator, "AES256")]),
            kept: vec![owner(put, header("AES256")), partner(get, json!({}))],
            ended: vec![],
            freed: vec![owner(put, json!({})), partner(put, json!({}))],
        });
    }
    cases.push(Case {
        check: "s3-service-without-source",
        statements: json!([shared(), delivery()]),
        kept: vec![service(OWNER), partner(get, json!({}))],
        ended: vec![service("333333333333")],
        freed: vec![],
    });
    cases
}

fn bucket(policy: &Value) -> String {
    json!({
        "schema": "coldbucket-snapshot/1", "taken_at": "2026-11-22T10:15:00Z",
        "accounts": {OWNER: {
            "public_access_block": "absent",
            "bucket_listing": {"known": {"complete": true}},
            "buckets": {"b": {
                "region": "eu-west-1", "policy": {"known": policy.to_string()},
                "acl": {"known": {"owner": "me", "grants": []}},
                "ownership": {"known": {"object_ownership": "BucketOwnerEnforced"}},
                "public_access_block": "absent", "encryption": {"known": {"algorithm": "AES256"}},
                "logging": "absent", "request_payment": {"known": "BucketOwner"}, "versioning": "absent",
                "website": "absent", "lifecycle": "absent", "replication": "absent", "object_lock": "absent",
            }},
            "region_listing": {"known": {"regions": ["eu-west-1"]}},
            "regions": {"eu-west-1": {"trail_listing": {"known": []}}},
        }},
    })
    .to_string()
}

/// The policy that the plan's shell commands put.
fn edited(case: &Case, policy: &Value) -> Value {
    let plan = coldbucket(&format!(
        "remediate --snapshot account.json --format json --pack strict --check {0} --decided {0}",
        case.check
    ))
    .file("account.json", &bucket(policy))
    .run()
    .exits(0)
    .json();
    let shell = plan["fixes"][0]["shell"].as_str().unwrap();
    let start = shell
        .rfind("'{\"Version\"")
        .unwrap_or_else(|| panic!("{}: no policy in {shell}", case.check));
    serde_json::Deserializer::from_str(&shell[start + 1..])
        .into_iter::<Value>()
        .next()
        .unwrap()
        .unwrap()
}

fn statuses(check: &str, policy: &Value) -> Vec<String> {
    let report = coldbucket(&format!(
        "audit --snapshot account.json --pack strict --check {check} --fail-on none --allow-incomplete -o json"
    ))
    .file("account.json", &bucket(policy))
    .run()
    .exits(0)
    .json();
    report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether each request is allowed, with identities that may do everything.
fn allowed(policy: &Value, requests: &[&Value]) -> Vec<bool> {
    let everything = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let lines: Vec<String> = requests
        .iter()
        .map(|request| {
            let identity = if request["principal"].is_string() {
                json!([everything])
            } else {
                json!([])
            };
            json!({"id": "r", "policies": {"resource": policy, "identity": identity}, "request": request}).to_string()
        })
        .collect();
    let answers = coldbucket("policy evaluate --batch")
        .stdin(lines.join("\n"))
        .run()
        .exits(0);
    answers
        .stdout
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            answer["decision"] == "allow"
        })
        .collect()
}

#[test]
fn an_edited_policy_refuses_what_the_check_wanted_and_nothing_else() {
    for case in cases() {
        let before = json!({"Version": "2012-10-17", "Statement": case.statements});
        let after = edited(&case, &before);
        let label = format!("{}\n{before}\n{after}", case.check);
        assert!(
            statuses(case.check, &before).contains(&"fail".to_owned()),
            "{label}"
        );
        assert!(
            statuses(case.check, &after)
                .iter()
                .all(|status| status == "pass"),
            "{label}"
        );
        for (requests, was, is) in [
            (&case.kept, true, true),
            (&case.ended, true, false),
            (&case.freed, false, true),
        ] {
            let asked: Vec<&Value> = requests.iter().collect();
            for (policy, expected) in [(&before, was), (&after, is)] {
                for (request, answer) in asked.iter().zip(allowed(policy, &asked)) {
                    assert_eq!(answer, expected, "{request}\nby {policy}\n{label}");
                }
            }
        }
    }
}
