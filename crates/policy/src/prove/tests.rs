//! Questions on small policies, with answers worked out by hand from the documentation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::contract::{ClassReach, Reach};
use crate::contract::{ContextValue, PrincipalClass, RequestPrincipal};
use crate::contract::{Grant, PublicAccessBlock};

const OWNER: &str = "111111111111";

fn input(policy: Value, question: &str) -> ProveInput {
    serde_json::from_value(json!({
        "id": "t", "bucket": "b", "owner": OWNER, "policy": policy, "questions": [question],
    }))
    .unwrap()
}

fn ask(statements: Value, question: &str) -> Answer {
    answer(&input(
        json!({"Version": "2012-10-17", "Statement": statements}),
        question,
    ))
}

fn answer(input: &ProveInput) -> Answer {
    prove(input, Some(1_790_000_000.0))
        .unwrap()
        .answers
        .remove(0)
}

fn allow(action: &str, resource: &str, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition})
}

fn deny(condition: Value) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
           "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": condition})
}

fn read_all() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

#[test]
fn a_bucket_without_a_policy_lets_nobody_outside_in() {
    let found = answer(&input(Value::Null, "anonymous"));
    assert_eq!(found.verdict, Reach::Unreachable);
    assert_eq!(
        found.reason.as_deref(),
        Some("there is no bucket policy, and the ACL grants nothing")
    );
}

#[test]
fn the_essays_policy_is_reachable_by_its_one_key() {
    let found = ask(
        json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/a*"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/a?*"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]),
        "anonymous",
    );
    assert_eq!(found.verdict, Reach::Reachable);
    let witness = found.witness.unwrap();
    assert_eq!(witness.action, "s3:GetObject");
    assert_eq!(witness.resource, "arn:aws:s3:::b/a");
    assert_eq!(
        witness.principal,
        RequestPrincipal::Class(PrincipalClass::Anonymous)
    );
    assert_eq!(
        witness.context.get("aws:SecureTransport"),
        Some(&ContextValue::One("true".to_owned()))
    );
}

#[test]
fn each_class_is_told_apart() {
    let found = ask(
        json!([{"Effect": "Allow", "Principal": "*", "Action": ["s3:ListBucket", "s3:PutBucketTagging"],
                "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]),
        "anonymous",
    );
    assert_eq!(
        found.classes,
        ClassReach {
            read: Reach::Unreachable,
            list: Reach::Reachable,
            write: Reach::Unreachable,
            acl: Reach::Unreachable,
            takeover: Reach::Reachable,
        }
    );
}

#[test]
fn a_named_network_is_a_constraint_and_is_told() {
    let found = ask(
        json!([allow(
            "s3:GetObject",
            "arn:aws:s3:::b/*",
            json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/25"]}})
        )]),
        "anonymous",
    );
    assert_eq!(found.verdict, Reach::Constrained);
    assert_eq!(
        found.only_from.unwrap().get("aws:SourceIp").unwrap(),
        &["198.51.100.0/25", "203.0.113.0/24"]
    );
}

#[test]
fn half_the_internet_in_two_statements_is_no_constraint() {
    let one = |network: &str| {
        allow(
            "s3:GetObject",
            "arn:aws:s3:::b/*",
            json!({"IpAddress": {"aws:SourceIp": network}}),
        )
    };
    let found = ask(json!([one("8.0.0.0/8"), one("9.0.0.0/8")]), "anonymous");
    assert_eq!(found.verdict, Reach::Reachable);
    assert_eq!(
        ask(json!([one("8.0.0.0/8")]), "anonymous").verdict,
        Reach::Constrained
    );
}

#[test]
fn a_named_account_is_a_constraint_for_strangers_and_none_for_itself() {
    let statements = json!([{"Effect": "Allow", "Principal": {"AWS": "222222222222"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    let found = ask(statements.clone(), "any-aws-account");
    assert_eq!(found.verdict, Reach::Constrained);
    assert_eq!(
        found.only_from.unwrap().get("principal").unwrap(),
        &["222222222222"]
    );
    assert_eq!(
        ask(statements.clone(), "account:222222222222").verdict,
        Reach::Reachable
    );
    assert_eq!(
        ask(statements.clone(), "account:333333333333").verdict,
        Reach::Unreachable
    );
    assert_eq!(ask(statements, "anonymous").verdict, Reach::Unreachable);
}

#[test]
fn a_stranger_can_name_his_role_and_tag_it_but_not_choose_his_account() {
    let on = |condition| {
        ask(
            json!([allow("s3:GetObject", "arn:aws:s3:::b/*", condition)]),
            "any-aws-account",
        )
        .verdict
    };
    assert_eq!(
        on(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin"}})),
        Reach::Reachable
    );
    assert_eq!(
        on(json!({"StringEquals": {"aws:PrincipalTag/team": "blue"}})),
        Reach::Reachable
    );
    assert_eq!(
        on(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}})),
        Reach::Constrained
    );
    assert_eq!(
        on(json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}})),
        Reach::Constrained
    );
    assert_eq!(
        on(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc1234567"}})),
        Reach::Reachable
    );
}

#[test]
fn a_canonical_user_may_be_the_account_that_is_asked_about() {
    let statements = json!([{"Effect": "Allow", "Principal": {"CanonicalUser": "79a5"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    assert_eq!(
        ask(statements.clone(), "account:222222222222").verdict,
        Reach::Unknown
    );
    let found = ask(statements, "any-aws-account");
    assert_eq!(found.verdict, Reach::Constrained);
    assert_eq!(
        found.only_from.unwrap().get("principal").unwrap(),
        &["79a5"]
    );
}

#[test]
fn a_service_on_behalf_of_a_stranger_is_the_confused_deputy() {
    let grant = |condition| {
        json!([{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition}])
    };
    let question = "service:logging.s3.amazonaws.com";
    assert_eq!(ask(grant(json!({})), question).verdict, Reach::Reachable);
    let bound = ask(
        grant(json!({"StringEquals": {"aws:SourceAccount": OWNER}})),
        question,
    );
    assert_eq!(bound.verdict, Reach::Constrained);
    assert_eq!(
        bound.only_from.unwrap().get("aws:SourceAccount").unwrap(),
        &[OWNER]
    );
    // A bucket's ARN holds no account, but nobody else can own a bucket of that name.
    let by_arn = ask(
        grant(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}})),
        question,
    );
    assert_eq!(by_arn.verdict, Reach::Constrained);
    let by_pattern = ask(
        grant(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs-*"}})),
        question,
    );
    assert_eq!(by_pattern.verdict, Reach::Reachable);
    assert_eq!(
        ask(grant(json!({})), "service:cloudtrail.amazonaws.com").verdict,
        Reach::Unreachable
    );
}

#[test]
fn only_a_complete_deny_keeps_plain_http_out() {
    let http = |statements| ask(statements, "plain-http").verdict;
    let tls = json!({"Bool": {"aws:SecureTransport": "false"}});
    assert_eq!(http(json!([deny(tls.clone())])), Reach::Unreachable);
    // Every trap of the table in which a look-alike denies less.
    assert_eq!(http(json!([])), Reach::Unknown);
    for (change, value) in [
        (
            "Principal",
            json!({"AWS": "arn:aws:iam::111111111111:role/r"}),
        ),
        ("Resource", json!("arn:aws:s3:::b/public/*")),
        ("Action", json!("s3:GetObjectTor*")),
        ("Action", json!("s3:PutObjectAcl")),
        (
            "Condition",
            json!({"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:UserAgent": "x"}}),
        ),
    ] {
        let mut statement = deny(tls.clone());
        statement[change] = value;
        assert_eq!(http(json!([statement])), Reach::Reachable, "{change}");
    }
    // And every way to write the same.
    for condition in [
        json!({"BoolIfExists": {"aws:SecureTransport": "false"}}),
        json!({"Bool": {"AWS:securetransport": false}}),
        json!({"Bool": {"aws:SecureTransport": ["false"]}}),
    ] {
        assert_eq!(http(json!([deny(condition)])), Reach::Unreachable);
    }
    let mut without = deny(tls);
    without.as_object_mut().unwrap().remove("Action");
    without["NotAction"] = json!("sts:*");
    assert_eq!(http(json!([without])), Reach::Unreachable);
}

#[test]
fn the_longest_presigned_url_is_the_bound_of_the_policy() {
    let age = |value: &str| {
        json!([deny(
            json!({"NumericGreaterThan": {"s3:signatureAge": value}})
        )])
    };
    let bounded = ask(age("600000"), "presigned");
    assert_eq!(
        (bounded.verdict, bounded.max_age_ms),
        (Reach::Reachable, Some(600_000))
    );
    let strict = ask(
        json!([deny(
            json!({"NumericGreaterThanEquals": {"s3:signatureAge": "600000"}})
        )]),
        "presigned",
    );
    assert_eq!(strict.max_age_ms, Some(599_999));
    // Seven days are AWS's own bound.
    assert_eq!(ask(age("604800000"), "presigned").max_age_ms, None);
    assert_eq!(
        ask(
            json!([deny(
                json!({"StringNotEquals": {"s3:authType": "REST-HEADER"}})
            )]),
            "presigned"
        )
        .verdict,
        Reach::Unreachable
    );
    // The documentation's own example compares with a value that does not exist.
    assert_eq!(
        ask(
            json!([deny(
                json!({"StringEquals": {"s3:authType": "REST-query-string"}})
            )]),
            "presigned"
        )
        .verdict,
        Reach::Reachable
    );
    // Forms are left open.
    assert_eq!(
        ask(
            json!([deny(
                json!({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})
            )]),
            "presigned"
        )
        .verdict,
        Reach::Reachable
    );
}

#[test]
fn uploads_without_kms_depend_on_the_default_and_on_every_way_to_say_no() {
    const SSE: &str = "s3:x-amz-server-side-encryption";
    let with = |default: &str, statements: Value| {
        let mut case = input(
            json!({"Version": "2012-10-17", "Statement": statements}),
            "put-without-kms",
        );
        case.default_encryption = Some(default.to_owned());
        answer(&case).verdict
    };
    let deny_put = |condition: Value| {
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}])
    };
    // A header that is there must ask for KMS; without one the default decides.
    let asks_for_kms = deny_put(json!({
        "StringNotEquals": {SSE: ["aws:kms", "aws:kms:dsse"]}, "Null": {SSE: "false"},
    }));
    assert_eq!(with("AES256", asks_for_kms.clone()), Reach::Reachable);
    assert_eq!(with("aws:kms", asks_for_kms), Reach::Unreachable);
    // Both of these hold without the header as well, and deny it.
    for operator in ["StringNotEquals", "StringNotEqualsIfExists"] {
        let condition = json!({operator: {SSE: ["aws:kms", "aws:kms:dsse"]}});
        assert_eq!(with("AES256", deny_put(condition)), Reach::Unreachable);
    }
}

#[test]
fn sse_c_is_kept_out_by_a_deny_on_its_header() {
    const SSE_C: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
    let statements = json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::b/*", "Condition": {"Null": {SSE_C: "false"}}}]);
    assert_eq!(ask(statements, "sse-c").verdict, Reach::Unreachable);
    assert_eq!(
        answer(&input(Value::Null, "sse-c")).verdict,
        Reach::Reachable
    );
}

#[test]
fn restrict_public_buckets_cuts_off_whatever_is_outside_once_the_policy_is_public() {
    let statements = json!([
        read_all(),
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"},
    ]);
    let asked = |question: &str| {
        let mut case = input(
            json!({"Version": "2012-10-17", "Statement": statements}),
            question,
        );
        case.public_access_block = Some(PublicAccessBlock {
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        });
        answer(&case).verdict
    };
    assert_eq!(asked("anonymous"), Reach::Unreachable);
    assert_eq!(asked("account:222222222222"), Reach::Unreachable);
    assert_eq!(asked("service:cloudtrail.amazonaws.com"), Reach::Reachable);
}

#[test]
fn an_acl_grant_is_an_allow_that_a_deny_overrides() {
    let grants = |policy: Value, ownership: &str, ignore: bool| {
        let mut case = input(policy, "anonymous");
        case.object_ownership = Some(ownership.to_owned());
        case.acl_grants = Some(vec![Grant {
            grantee: "AllUsers".to_owned(),
            permission: "FULL_CONTROL".to_owned(),
        }]);
        case.public_access_block = Some(PublicAccessBlock {
            ignore_public_acls: ignore,
            ..PublicAccessBlock::default()
        });
        answer(&case).classes
    };
    let open = grants(Value::Null, "ObjectWriter", false);
    // Full control of a bucket is never object data.
    assert_eq!(open.read, Reach::Unreachable);
    assert_eq!(
        (open.list, open.write, open.acl),
        (Reach::Reachable, Reach::Reachable, Reach::Reachable)
    );
    assert_eq!(
        grants(Value::Null, "BucketOwnerEnforced", false).list,
        Reach::Unreachable
    );
    assert_eq!(
        grants(Value::Null, "ObjectWriter", true).list,
        Reach::Unreachable
    );
    let denied = json!({"Version": "2012-10-17", "Statement": [deny(json!({}))]});
    assert_eq!(
        grants(denied, "ObjectWriter", false).list,
        Reach::Unreachable
    );
}

#[test]
fn a_policy_variable_is_filled_in_or_rounded_up() {
    let by_name = json!([allow(
        "s3:GetObject",
        "arn:aws:s3:::b/${aws:username}/*",
        json!({})
    )]);
    assert_eq!(
        ask(by_name.clone(), "anonymous").verdict,
        Reach::Unreachable
    );
    let found = ask(by_name, "any-aws-account");
    assert_eq!(found.verdict, Reach::Reachable);
    // Every key under one's own name is denied again, whatever the name.
    let closed = json!([
        allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalAccount}/*", json!({})),
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:PrincipalAccount}/*"},
    ]);
    assert_eq!(
        ask(closed, "account:222222222222").verdict,
        Reach::Unreachable
    );
}

#[test]
fn what_is_not_documented_is_unknown_and_not_a_guess() {
    // A number that is none.
    let odd = json!([allow(
        "s3:ListBucket",
        "arn:aws:s3:::b",
        json!({"NumericLessThan": {"s3:max-keys": "many"}})
    )]);
    assert_eq!(ask(odd, "anonymous").verdict, Reach::Unknown);
    // A federated principal: whether a stranger gets such a session depends on the provider.
    let federated = json!([{"Effect": "Allow", "Principal": {"Federated": "graph.facebook.com"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    assert_eq!(
        ask(federated.clone(), "any-aws-account").verdict,
        Reach::Unknown
    );
    assert_eq!(ask(federated, "anonymous").verdict, Reach::Unreachable);
}

#[test]
fn a_statement_that_could_not_be_read_leaves_doubt_only_where_it_matters() {
    let odd = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringSoundsLike": {"aws:UserAgent": "x"}}});
    assert_eq!(
        ask(json!([read_all(), odd.clone()]), "anonymous").verdict,
        Reach::Unknown
    );
    // Nothing is allowed, so it does not matter what else is denied.
    assert_eq!(ask(json!([odd]), "anonymous").verdict, Reach::Unreachable);
}

#[test]
fn a_policy_that_is_no_policy_is_unknown() {
    for text in ["", "{", "[]", "null"] {
        let found = answer(&input(Value::String(text.to_owned()), "anonymous"));
        assert_eq!(found.verdict, Reach::Unknown, "{text:?}");
        assert!(found.reason.unwrap().contains("cannot be read"));
    }
}

#[test]
fn an_adversarial_policy_ends_by_its_budget() {
    // Hundreds of clauses over overlapping patterns: 20 KB.
    let denies: Vec<Value> = (0..120)
        .map(|index| {
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": format!("arn:aws:s3:::b/*{index}*{}*a????????{}*", index * 7, index % 9),
                "Condition": {"StringLike": {"aws:Referer": format!("*{index}*?{}*", index % 11)}}})
        })
        .collect();
    let mut statements = vec![read_all()];
    statements.extend(denies);
    let found = ask(Value::Array(statements), "anonymous");
    assert!(matches!(found.verdict, Reach::Reachable | Reach::Unknown));
}

#[test]
fn a_question_that_is_none_is_told() {
    let error = prove(&input(Value::Null, "public"), None).unwrap_err();
    assert!(error.contains("any-aws-account"));
    assert!(Question::parse("account:12").is_err());
}

/// No example address lies in a network that a statement names, whichever network that is.
#[test]
fn a_network_that_a_policy_names_is_not_met_by_chance() {
    for network in [
        "198.51.100.0/24",
        "198.51.0.0/16",
        "198.51.100.7",
        "203.0.113.0/25",
        "192.0.2.0/24",
        "1.0.0.0/8",
        "8.8.8.8",
        "2001:db8::/32",
    ] {
        for question in ["anonymous", "any-aws-account"] {
            let unless = json!({"NotIpAddress": {"aws:SourceIp": [network]}});
            let found = ask(json!([read_all(), deny(unless)]), question);
            assert_eq!(found.verdict, Reach::Constrained, "{network} {question}");
            let only = found.only_from.unwrap();
            assert_eq!(only.len(), 1, "{only:?}");
            let only = &only["aws:SourceIp"];
            assert!(
                only[0].starts_with(network.split('/').next().unwrap()),
                "{only:?}"
            );
            let only_if = json!({"IpAddress": {"aws:SourceIp": [network]}});
            let found = ask(json!([read_all(), deny(only_if)]), question);
            assert_eq!(found.verdict, Reach::Reachable, "{network} {question}");
        }
    }
}

/// Services whose names or sources stand in conditions alone.
#[test]
fn services_in_conditions_are_asked_about() {
    for (condition, verdict) in [
        (
            json!({"ArnNotLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}),
            Reach::Constrained,
        ),
        (
            json!({"StringNotEquals": {"aws:SourceAccount": "111111111111"}}),
            Reach::Constrained,
        ),
    ] {
        for question in ["plain-http", "put-without-kms", "sse-c"] {
            let all = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*",
                "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]});
            let found = ask(json!([all, deny(condition.clone())]), question);
            assert_eq!(found.verdict, verdict, "{condition} {question}");
        }
    }
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]});
    let unless =
        json!({"StringNotEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}});
    let found = ask(json!([all, deny(unless)]), "plain-http");
    assert!(
        matches!(found.verdict, Reach::Constrained | Reach::Reachable),
        "{found:?}"
    );
}

/// Credentials that a compute service hands to its code are sessions of roles; which function, instance or
/// VPC they are of is held.
#[test]
fn only_sessions_of_roles_are_of_a_function_or_an_instance() {
    let open = |key: &str, value: &str| {
        let condition = json!({"StringLike": {key: value}});
        json!([allow("s3:GetObject", "arn:aws:s3:::b/*", condition)])
    };
    for (key, named, any) in [
        (
            "ec2:SourceInstanceARN",
            "arn:aws:ec2:eu-west-1:222222222222:instance/i-1",
            "arn:aws:ec2:*:*:instance/*",
        ),
        (
            "ssm:SourceInstanceARN",
            "arn:aws:ec2:eu-west-1:222222222222:instance/i-1",
            "arn:aws:ec2:*:*:instance/*",
        ),
        (
            "lambda:SourceFunctionArn",
            "arn:aws:lambda:eu-west-1:222222222222:function:f",
            "arn:aws:lambda:*:*:function:*",
        ),
        ("aws:Ec2InstanceSourceVpc", "vpc-0abc", "vpc-*"),
    ] {
        let found = ask(open(key, named), "any-aws-account");
        assert_eq!(found.verdict, Reach::Constrained, "{key}");
        let only_from = found.only_from.unwrap();
        assert_eq!(only_from.get(key), Some(&vec![named.to_owned()]), "{key}");
        let found = ask(open(key, any), "any-aws-account");
        assert_eq!(found.verdict, Reach::Reachable, "{key}");
        for question in ["anonymous", "service:cloudtrail.amazonaws.com"] {
            let found = ask(open(key, any), question);
            assert_eq!(found.verdict, Reach::Unreachable, "{key} {question}");
        }
        // A user has no such key.
        let mut users = open(key, any);
        users[0]["Condition"]["StringEquals"] = json!({"aws:PrincipalType": "User"});
        let found = ask(users, "any-aws-account");
        assert_eq!(found.verdict, Reach::Unreachable, "{key}");
    }
}

/// ARN-valued keys: a wildcard before the account does not let another account in, whatever the
/// operator, and an ARN without a fixed account does.
#[test]
fn arns_that_name_an_account_are_held() {
    for (key, arn, question) in [
        (
            "s3:DataAccessPointArn",
            "arn:aws:s3:*:222222222222:accesspoint/*",
            "anonymous",
        ),
        (
            "s3:DataAccessPointArn",
            "arn:aws:s3::222222222222:accesspoint/*.mrap",
            "anonymous",
        ),
        (
            "aws:SourceVpcArn",
            "arn:aws:ec2:*:222222222222:vpc/*",
            "anonymous",
        ),
        (
            "aws:SourceVpcArn",
            "arn:aws:ec2:eu-west-1:222222222222:vpc/vpc-1",
            "anonymous",
        ),
        (
            "aws:SourceArn",
            "arn:aws:cloudtrail:*:222222222222:trail/*",
            "service:cloudtrail.amazonaws.com",
        ),
        (
            "aws:SourceArn",
            "arn:*:cloudtrail:*:222222222222:*",
            "service:cloudtrail.amazonaws.com",
        ),
    ] {
        for operator in ["StringLike", "ArnLike"] {
            let grant = |value: &str| {
                json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
                    "Resource": "arn:aws:s3:::b/*", "Condition": {operator: {key: value}}}])
            };
            let held = ask(grant(arn), question);
            assert_eq!(
                held.verdict,
                Reach::Constrained,
                "{operator} {key} {arn}: {held:?}"
            );
            let open = arn.replace("222222222222", "*");
            let found = ask(grant(&open), question);
            assert_eq!(
                found.verdict,
                Reach::Reachable,
                "{operator} {key} {open}: {found:?}"
            );
            let Some(ContextValue::One(value)) = found.witness.unwrap().context.remove(key) else {
                panic!("no {key}");
            };
            assert_eq!(value.matches(':').count(), 5, "{value}");
        }
    }
}

/// Each alternative is listed on its own, whatever the keys and however many there are.
#[test]
fn every_way_in_is_listed_alone() {
    let alternatives = [
        ("StringNotEquals", "aws:PrincipalOrgID", "o-abcdefghij"),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("StringNotEquals", "aws:SourceVpce", "vpce-0a1b2c3d"),
        ("StringNotEquals", "aws:SourceVpc", "vpc-0a1b2c3d"),
        (
            "StringNotEquals",
            "s3:DataAccessPointAccount",
            "222222222222",
        ),
        ("StringNotLike", "aws:userid", "AROAEXAMPLEEXAMPLE01:*"),
        (
            "ArnNotLike",
            "s3:DataAccessPointArn",
            "arn:aws:s3:*:222222222222:accesspoint/*",
        ),
    ];
    let condition = |named: &[&(&str, &str, &str)]| {
        let mut condition = json!({});
        for (operator, key, value) in named {
            condition[*operator][*key] = json!(value);
        }
        condition
    };
    let ways = |found: &Answer| -> Vec<Vec<String>> {
        let mut ways: Vec<Vec<String>> = found
            .ways
            .iter()
            .map(|way| way.keys().cloned().collect())
            .collect();
        ways.sort();
        ways
    };
    let union = |found: &Answer| -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, values) in found.ways.iter().flatten() {
            all.entry(key.clone())
                .or_default()
                .extend(values.iter().cloned());
        }
        all
    };
    for (place, first) in alternatives.iter().enumerate() {
        for second in alternatives.iter().skip(place + 1) {
            // One Deny: any of the two keeps it from matching.
            let found = ask(
                json!([read_all(), deny(condition(&[first, second]))]),
                "any-aws-account",
            );
            assert_eq!(found.verdict, Reach::Constrained, "{first:?} {second:?}");
            let mut expected = vec![vec![first.1.to_owned()], vec![second.1.to_owned()]];
            expected.sort();
            let mut listed = ways(&found);
            // Whoever is the account has access points of its own.
            if [first, second]
                .iter()
                .any(|one| one.1.contains("AccessPoint"))
            {
                listed.retain(|way| way != &["principal"]);
            }
            assert_eq!(listed, expected, "{first:?} {second:?}: {found:?}");
            let only_from: BTreeMap<String, BTreeSet<String>> = found
                .only_from
                .clone()
                .unwrap()
                .into_iter()
                .map(|(key, values)| (key, values.into_iter().collect()))
                .collect();
            assert_eq!(only_from, union(&found), "{found:?}");
            // Two Denies: both are needed.
            let found = ask(
                json!([
                    read_all(),
                    deny(condition(&[first])),
                    deny(condition(&[second]))
                ]),
                "any-aws-account",
            );
            if found.verdict == Reach::Constrained {
                let mut listed = ways(&found);
                listed.retain(|way| way != &["principal"]);
                assert_eq!(listed.len(), 1, "{first:?} {second:?}: {found:?}");
            }
        }
    }
    // An account is called a principal.
    let account = ("StringNotEquals", "aws:PrincipalAccount", "333333333333");
    for other in &alternatives[..4] {
        let found = ask(
            json!([read_all(), deny(condition(&[other, &account]))]),
            "any-aws-account",
        );
        let mut expected = vec![vec![other.1.to_owned()], vec!["principal".to_owned()]];
        expected.sort();
        assert_eq!(ways(&found), expected, "{found:?}");
    }
    let [org, ip, vpce, vpc, ..] = &alternatives;
    let found = ask(
        json!([read_all(), deny(condition(&[org, ip, vpce, vpc]))]),
        "any-aws-account",
    );
    assert_eq!(found.ways.len(), 4, "{found:?}");
    // (organization or network) and (endpoint or network): the network alone, or both others.
    let found = ask(
        json!([
            read_all(),
            deny(condition(&[org, ip])),
            deny(condition(&[vpce, ip]))
        ]),
        "any-aws-account",
    );
    assert_eq!(
        ways(&found),
        [
            vec!["aws:PrincipalOrgID".to_owned(), "aws:SourceVpce".to_owned()],
            vec!["aws:SourceIp".to_owned()]
        ],
        "{found:?}"
    );
}

/// What S3 refuses whatever a policy says, action by action, by who asks.
#[test]
fn a_grant_that_s3_does_not_honour_reaches_nothing() {
    let of = |action: &str, principal: Value, question: &str, more: Value| {
        let mut line = json!({
            "id": "t", "bucket": "b", "owner": OWNER, "questions": [question],
            "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
                "Action": action, "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]},
        });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        answer(&serde_json::from_value(line).unwrap())
    };
    for line in include_str!("../../data/s3-action-reality.csv").lines() {
        let mut fields = line.split(',');
        let (Some(name), Some(anonymous), Some(other)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if name.starts_with('#') || name == "action" {
            continue;
        }
        let action = format!("s3:{name}");
        for (question, said) in [
            ("anonymous", anonymous),
            ("any-aws-account", other),
            ("account:222222222222", other),
        ] {
            let found = of(&action, json!("*"), question, json!({}));
            let refused = said.starts_with("no");
            let expected = if refused {
                Reach::Unreachable
            } else {
                Reach::Reachable
            };
            assert_eq!(found.verdict, expected, "{action} {question}: {found:?}");
            assert_eq!(
                !found.ineffective.is_empty(),
                refused,
                "{action} {question}"
            );
        }
    }
    // With the action that it rides on it counts, and is effective.
    let found = of(
        "s3:*",
        json!({"AWS": "222222222222"}),
        "account:222222222222",
        json!({}),
    );
    assert!(
        !found
            .ineffective
            .iter()
            .any(|action| action.contains("Bypass"))
    );
    assert!(found.ineffective.contains(&"s3:PutBucketPolicy".to_owned()));
    // ACLs off: no one writes one. Public ones refused: others can be written.
    for action in [
        "s3:PutBucketAcl",
        "s3:PutObjectAcl",
        "s3:PutObjectVersionAcl",
    ] {
        let off = json!({"object_ownership": "BucketOwnerEnforced"});
        let found = of(action, json!("*"), "any-aws-account", off);
        assert_eq!(found.verdict, Reach::Unreachable, "{action}");
        let block = json!({"public_access_block": {"block_public_acls": true}});
        let found = of(action, json!("*"), "any-aws-account", block);
        assert_eq!(found.verdict, Reach::Reachable, "{action}");
    }
}

/// Headers with which S3 refuses an upload, by setting and caller.
#[test]
fn an_upload_that_s3_refuses_is_no_witness() {
    let off = json!({"object_ownership": "BucketOwnerEnforced"});
    let block = json!({"public_access_block": {"block_public_acls": true}});
    let none = json!({});
    let all_users = "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"";
    for (settings, key, value, anonymous, signed) in [
        (&none, "s3:x-amz-acl", "public-read", true, true),
        (&off, "s3:x-amz-acl", "public-read", false, false),
        (&off, "s3:x-amz-acl", "private", false, false),
        (
            &off,
            "s3:x-amz-acl",
            "bucket-owner-full-control",
            true,
            true,
        ),
        (&off, "s3:x-amz-grant-read", all_users, false, false),
        (&block, "s3:x-amz-acl", "public-read", false, false),
        (&block, "s3:x-amz-acl", "public-read-write", false, false),
        (&block, "s3:x-amz-acl", "authenticated-read", false, false),
        (&block, "s3:x-amz-acl", "private", true, true),
        (&block, "s3:x-amz-grant-read", all_users, false, false),
        (&block, "s3:x-amz-grant-read", "id=\"abc\"", true, true),
        (
            &none,
            "s3:x-amz-server-side-encryption",
            "aws:kms",
            false,
            true,
        ),
        (
            &none,
            "s3:x-amz-server-side-encryption",
            "AES256",
            true,
            true,
        ),
        (
            &none,
            "s3:signatureversion",
            "AWS4-HMAC-SHA256",
            false,
            true,
        ),
    ] {
        for (question, expected) in [("anonymous", anonymous), ("any-aws-account", signed)] {
            let mut line = json!({
                "id": "t", "bucket": "b", "owner": OWNER, "questions": [question],
                "policy": {"Version": "2012-10-17", "Statement": [
                    allow("s3:PutObject", "arn:aws:s3:::b/*", json!({"StringEquals": {key: value}}))]},
            });
            line.as_object_mut()
                .unwrap()
                .extend(settings.as_object().unwrap().clone());
            let found = answer(&serde_json::from_value(line).unwrap());
            let expected = if expected {
                Reach::Reachable
            } else {
                Reach::Unreachable
            };
            assert_eq!(
                found.verdict, expected,
                "{question} {key} {value} {settings}"
            );
        }
    }
}

/// Properties of the bucket against keys of the caller, in both orders.
#[test]
fn a_property_of_the_bucket_is_not_free() {
    for (key, property, question) in [
        ("aws:PrincipalOrgID", "aws:ResourceOrgID", "any-aws-account"),
        (
            "aws:PrincipalAccount",
            "aws:ResourceAccount",
            "any-aws-account",
        ),
        (
            "aws:SourceOrgID",
            "aws:ResourceOrgID",
            "service:cloudtrail.amazonaws.com",
        ),
        (
            "aws:SourceAccount",
            "aws:ResourceAccount",
            "service:cloudtrail.amazonaws.com",
        ),
        ("aws:VpceOrgID", "aws:ResourceOrgID", "anonymous"),
    ] {
        for (left, right) in [(key, property), (property, key)] {
            for operator in ["StringEquals", "StringLike"] {
                let found = ask(
                    json!([allow(
                        "s3:GetObject",
                        "arn:aws:s3:::b/*",
                        json!({operator: {left: format!("${{{right}}}")}})
                    )]),
                    question,
                );
                assert!(
                    matches!(found.verdict, Reach::Constrained | Reach::Unreachable),
                    "{operator} {left} {right}: {found:?}"
                );
                if property == "aws:ResourceOrgID" {
                    assert_eq!(
                        found.verdict,
                        Reach::Constrained,
                        "{left} {right}: {found:?}"
                    );
                    assert_eq!(
                        found.ways,
                        [BTreeMap::from([(
                            key.to_owned(),
                            vec![format!("${{{property}}}")]
                        )])],
                        "{left} {right}"
                    );
                }
            }
        }
    }
}

/// A user id tells whose it may be: an account's is its root user's.
#[test]
fn an_account_as_user_id_is_its_root_user() {
    let grant = |id: &str| {
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"StringLike": {"aws:userid": ["AROAJ2EXAMPLEROLEID11:*", id]}}}])
    };
    for id in [OWNER, "222222222222"] {
        let of = |question: &str| ask(grant(id), question).verdict;
        assert_eq!(of("anonymous"), Reach::Unreachable);
        assert_eq!(of("any-aws-account"), Reach::Constrained, "{id}");
        assert_eq!(of("account:333333333333"), Reach::Constrained, "{id}");
    }
    let found = ask(grant("222222222222"), "account:333333333333");
    assert_eq!(
        found.only_from.unwrap().get("aws:userid"),
        Some(&vec!["AROAJ2EXAMPLEROLEID11:*".to_owned()])
    );
    let found = ask(grant("222222222222"), "account:222222222222");
    assert_eq!(found.verdict, Reach::Reachable);
}

#[test]
fn resource_control_policies_deny_everyone() {
    let of = |rcps: Value, question: &str| {
        let line = json!({
            "id": "t", "bucket": "b", "owner": OWNER, "questions": [question], "rcps": rcps,
            "policy": {"Version": "2012-10-17", "Statement": [read_all()]},
        });
        answer(&serde_json::from_value(line).unwrap())
    };
    let rcp = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let full = rcp(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}));
    let perimeter = rcp(
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"},
                      "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}),
    );
    let levels = json!([{"policies": [full]}, {"policies": [full, perimeter]}]);
    assert_eq!(of(json!([]), "anonymous").verdict, Reach::Reachable);
    assert_eq!(of(json!([full]), "anonymous").verdict, Reach::Reachable);
    assert_eq!(of(levels.clone(), "anonymous").verdict, Reach::Unreachable);
    let found = of(levels.clone(), "any-aws-account");
    assert_eq!(found.verdict, Reach::Constrained);
    assert!(found.ways[0].contains_key("aws:PrincipalOrgID"));
    let service = of(levels, "service:cloudtrail.amazonaws.com");
    assert_eq!(service.verdict, Reach::Reachable);
    // Only AWS's own policy allows, and that everything.
    let part =
        rcp(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:List*", "Resource": "*"}));
    assert_eq!(of(json!([part]), "anonymous").verdict, Reach::Unknown);
}

/// The partition is the bucket's: ARNs of another one name nothing of it.
#[test]
fn a_bucket_has_one_partition() {
    for own in ["aws", "aws-cn", "aws-us-gov"] {
        for named in ["aws", "aws-cn", "aws-us-gov", "*"] {
            let line = json!({
                "id": "t", "bucket": "b", "owner": OWNER, "partition": own,
                "questions": ["anonymous", "any-aws-account", "plain-http"],
                "policy": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                     "Resource": format!("arn:{named}:s3:::b/*")}]},
            });
            let found = prove(&serde_json::from_value(line).unwrap(), None).unwrap();
            let names_own = named == own || named == "*";
            for answer in &found.answers {
                let expected = if names_own || answer.question == "plain-http" {
                    Reach::Reachable
                } else {
                    Reach::Unreachable
                };
                assert_eq!(
                    answer.verdict, expected,
                    "{own} {named} {}",
                    answer.question
                );
                if let Some(witness) = &answer.witness {
                    assert!(witness.resource.starts_with(&format!("arn:{own}:s3:::b")));
                }
            }
        }
    }
}

/// An account that a statement names is a party whatever else its callers must hold.
#[test]
fn a_named_account_is_a_party_under_conditions_too() {
    for principal in ["222222222222", "arn:aws:iam::222222222222:role/x"] {
        for condition in [
            json!({}),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "9.9.9.9/32"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-aaaaaaaaaa"}}),
            json!({"StringEquals": {"aws:username": "ann"}}),
        ] {
            let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Principal": {"AWS": principal}, "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/*", "Condition": condition}});
            let policy = Policy::parse(&policy.to_string(), PolicyKind::Resource);
            let named = Prover::new(&Case::new("b", OWNER, Some(&policy))).named_parties();
            let is_reached =
                !(principal.contains("role") && condition.to_string().contains("username"));
            let is_named = named.is_some_and(|named| named.contains("222222222222"));
            assert_eq!(is_named, is_reached, "{policy:?}");
        }
    }
}

/// A role that one statement names hides no other: neither another account's of its name, nor one of its
/// own account whose name ends like it.
#[test]
fn a_named_principal_hides_no_other() {
    for (named, condition, asked) in [
        (
            "222222222222:role/app",
            "*:role/app",
            "333333333333:role/app",
        ),
        (
            "222222222222:role/app",
            "*:role/team/app",
            "333333333333:role/team/app",
        ),
        (
            "222222222222:user/ann",
            "*:user/ann",
            "333333333333:user/ann",
        ),
        (
            "333333333333:role/app",
            "*:role/myapp",
            "333333333333:role/myapp",
        ),
        (
            "333333333333:role/app",
            "*:role/team/myapp",
            "333333333333:role/team/myapp",
        ),
        (
            "333333333333:role/team/app",
            "*:role/myapp",
            "333333333333:role/myapp",
        ),
        (
            "333333333333:user/ann",
            "*:user/joann",
            "333333333333:user/joann",
        ),
    ] {
        let statements = json!([
            {"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::b/*",
             "Condition": {"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{condition}")}}},
            {"Effect": "Deny", "Principal": {"AWS": format!("arn:aws:iam::{named}")},
             "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
        ]);
        let witness = ask(statements, "account:333333333333").witness.unwrap();
        let asked = ContextValue::One(format!("arn:aws:iam::{asked}"));
        assert_eq!(witness.context["aws:PrincipalArn"], asked, "{named}");
    }
}
