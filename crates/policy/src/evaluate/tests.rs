//! Decisions worked out by hand from the documentation.

use serde_json::{Value, json};

use super::{Policies, Why};
use crate::contract::{Decision, PolicySet, Request};
use crate::contract::{Grant, PublicAccessBlock};
use crate::{Policy, PolicyKind};

const OWNER: &str = "111111111111";
const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fn request(principal: Value, action: &str, resource: &str, context: Value) -> Request {
    serde_json::from_value(json!({
        "principal": principal, "action": action, "resource": resource,
        "resource_account": OWNER, "context": context,
    }))
    .unwrap()
}

fn set(policies: Value) -> Policies {
    let set: PolicySet = serde_json::from_value(policies).unwrap();
    Policies::new(&set, None).unwrap()
}

fn decide(policies: Value, request: &Request) -> Decision {
    let policies = set(policies);
    let outcome = policies.evaluate(request);
    assert!(outcome.is_certain(), "{:?}", outcome.doubts);
    outcome.decision
}

fn statement(effect: &str, condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": effect, "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*", "Condition": condition,
    }]})
}

fn anonymous() -> Value {
    json!({"type": "Anonymous"})
}

/// Whether an Allow to everyone under this condition lets an anonymous GetObject in.
fn holds(condition: Value, context: Value) -> bool {
    let request = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", context);
    decide(json!({"resource": statement("Allow", condition)}), &request) == Decision::Allow
}

/// The doubt that the same leaves, when it is not decided.
fn doubt(condition: Value, context: Value) -> Option<Why> {
    let request = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", context);
    let policies = set(json!({"resource": statement("Allow", condition)}));
    let outcome = policies.evaluate(&request);
    outcome.doubts.first().map(|doubt| doubt.why)
}

#[test]
fn an_absent_key_fails_positive_operators_and_passes_negated_ones() {
    for (operator, value, expected) in [
        ("StringEquals", "x", false),
        ("StringNotEquals", "x", true),
        ("StringEqualsIgnoreCase", "x", false),
        ("StringNotEqualsIgnoreCase", "x", true),
        ("StringLike", "*", false),
        ("StringNotLike", "*", true),
        ("ArnEquals", "arn:aws:s3:::x", false),
        ("ArnNotEquals", "arn:aws:s3:::x", true),
        ("ArnLike", "arn:aws:s3:::*", false),
        ("ArnNotLike", "arn:aws:s3:::*", true),
        ("NumericEquals", "1", false),
        ("NumericNotEquals", "1", true),
        ("NumericLessThan", "1", false),
        ("NumericGreaterThanEquals", "1", false),
        ("DateEquals", "2020-01-01", false),
        ("DateNotEquals", "2020-01-01", true),
        ("DateLessThan", "2020-01-01", false),
        ("Bool", "true", false),
        ("Bool", "false", false),
        ("BinaryEquals", "QmluYXJ5", false),
        ("IpAddress", "0.0.0.0/0", false),
        ("NotIpAddress", "0.0.0.0/0", true),
    ] {
        assert_eq!(
            holds(json!({operator: {"k": value}}), json!({})),
            expected,
            "{operator}"
        );
        let if_exists = format!("{operator}IfExists");
        assert!(
            holds(json!({if_exists.clone(): {"k": value}}), json!({})),
            "{if_exists}"
        );
        let all = format!("ForAllValues:{operator}");
        assert!(
            holds(json!({all.clone(): {"k": value}}), json!({})),
            "{all}"
        );
        let any = format!("ForAnyValue:{operator}");
        assert!(
            !holds(json!({any.clone(): {"k": value}}), json!({})),
            "{any}"
        );
    }
}

#[test]
fn if_exists_compares_a_key_that_is_there() {
    let condition = json!({"StringEqualsIfExists": {"k": "x"}});
    assert!(holds(condition.clone(), json!({"k": "x"})));
    assert!(!holds(condition, json!({"k": "y"})));
}

#[test]
fn null_asks_whether_the_key_is_absent() {
    assert!(holds(json!({"Null": {"k": "true"}}), json!({})));
    assert!(!holds(json!({"Null": {"k": "true"}}), json!({"k": "x"})));
    assert!(holds(json!({"Null": {"k": "false"}}), json!({"k": "x"})));
    assert!(!holds(json!({"Null": {"k": "false"}}), json!({})));
    assert!(
        holds(json!({"Null": {"k": true}}), json!({"k": []})),
        "an empty list is absent"
    );
}

#[test]
fn values_are_alternatives_and_a_negated_list_excludes_all() {
    assert!(holds(
        json!({"StringEquals": {"k": ["a", "b"]}}),
        json!({"k": "b"})
    ));
    assert!(!holds(
        json!({"StringEquals": {"k": ["a", "b"]}}),
        json!({"k": "c"})
    ));
    assert!(!holds(
        json!({"StringNotEquals": {"k": ["a", "b"]}}),
        json!({"k": "b"})
    ));
    assert!(holds(
        json!({"StringNotEquals": {"k": ["a", "b"]}}),
        json!({"k": "c"})
    ));
}

#[test]
fn operators_and_keys_must_all_hold() {
    let condition = json!({"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}});
    assert!(holds(
        condition.clone(),
        json!({"a": "1", "b": "2", "c": "true"})
    ));
    assert!(!holds(
        condition.clone(),
        json!({"a": "1", "b": "3", "c": "true"})
    ));
    assert!(!holds(condition, json!({"a": "1", "b": "2", "c": "false"})));
}

#[test]
fn keys_and_operators_have_no_case() {
    assert!(holds(
        json!({"stringequals": {"AWS:Referer": "x"}}),
        json!({"aws:referer": "x"})
    ));
}

#[test]
fn set_operators_follow_the_documented_table() {
    // IAM user guide, "Set operators for multivalued context keys": for each value of the request.
    for (quantifier, operator, values, expected) in [
        ("ForAllValues", "StringEquals", json!(["a", "b"]), true),
        ("ForAllValues", "StringEquals", json!(["a", "c"]), false),
        ("ForAllValues", "StringEquals", json!([]), true),
        ("ForAllValues", "StringNotEquals", json!(["c", "d"]), true),
        ("ForAllValues", "StringNotEquals", json!(["a", "d"]), false),
        ("ForAnyValue", "StringEquals", json!(["a", "c"]), true),
        ("ForAnyValue", "StringEquals", json!(["c", "d"]), false),
        ("ForAnyValue", "StringEquals", json!([]), false),
        // Some value is outside of the list: not the opposite of the line above.
        ("ForAnyValue", "StringNotEquals", json!(["a", "c"]), true),
        ("ForAnyValue", "StringNotEquals", json!(["a", "b"]), false),
        ("ForAnyValue", "StringNotEquals", json!([]), false),
        ("ForAllValues", "StringLike", json!(["ax", "b"]), false),
    ] {
        let name = format!("{quantifier}:{operator}");
        assert_eq!(
            holds(
                json!({name.clone(): {"k": ["a", "b"]}}),
                json!({"k": values})
            ),
            expected,
            "{name} {values}"
        );
    }
}

#[test]
fn several_values_without_a_set_operator_are_a_doubt_unless_they_agree() {
    let condition = json!({"StringEquals": {"k": "a"}});
    assert_eq!(
        doubt(condition.clone(), json!({"k": ["a", "b"]})),
        Some(Why::ManyValues)
    );
    assert!(holds(condition.clone(), json!({"k": ["a"]})));
    assert!(!holds(condition, json!({"k": ["b", "c"]})));
}

#[test]
fn string_equals_knows_no_wildcard_and_string_like_does() {
    assert!(!holds(
        json!({"StringEquals": {"k": "a*"}}),
        json!({"k": "ab"})
    ));
    assert!(holds(
        json!({"StringEquals": {"k": "a*"}}),
        json!({"k": "a*"})
    ));
    assert!(holds(
        json!({"StringLike": {"k": "a*"}}),
        json!({"k": "ab"})
    ));
    assert!(!holds(
        json!({"StringLike": {"k": "A*"}}),
        json!({"k": "ab"})
    ));
    assert!(holds(
        json!({"StringEqualsIgnoreCase": {"k": "AB"}}),
        json!({"k": "ab"})
    ));
}

#[test]
fn a_star_in_an_arn_does_not_cross_a_colon_before_the_last_part() {
    let like = |pattern: &str, value: &str| {
        holds(
            json!({"ArnLike": {"aws:SourceArn": pattern}}),
            json!({"aws:SourceArn": value}),
        )
    };
    assert!(like(
        "arn:aws:sns:*:111111111111:*",
        "arn:aws:sns:eu-west-1:111111111111:t:sub"
    ));
    assert!(!like("arn:aws:*:b:x:y", "arn:aws:s3:eu-west-1:b:x:y"));
    assert!(!like("arn:aws:s3:*:1*:b", "arn:aws:s3::2:b"));
    // ArnEquals is the same operator.
    assert!(holds(
        json!({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::*"}}),
        json!({"aws:SourceArn": "arn:aws:s3:::b"})
    ));
}

#[test]
fn an_arn_pattern_of_fewer_parts_is_a_doubt() {
    let condition = json!({"ArnLike": {"aws:SourceArn": "*"}});
    assert_eq!(
        doubt(condition, json!({"aws:SourceArn": "arn:aws:s3:::b"})),
        Some(Why::WrongType)
    );
}

#[test]
fn numbers_and_dates_are_ordered() {
    assert!(holds(
        json!({"NumericLessThanEquals": {"k": 600_000}}),
        json!({"k": "600000"})
    ));
    assert!(!holds(
        json!({"NumericLessThan": {"k": "600000"}}),
        json!({"k": "600000"})
    ));
    assert!(holds(
        json!({"NumericGreaterThan": {"k": "9"}}),
        json!({"k": "10"})
    ));
    assert!(holds(
        json!({"NumericNotEquals": {"k": "9"}}),
        json!({"k": "10"})
    ));
    assert!(!holds(
        json!({"NumericEquals": {"k": "1"}}),
        json!({"k": "2"})
    ));
    let before = json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}});
    assert!(holds(
        before.clone(),
        json!({"aws:CurrentTime": "2019-12-31T23:59:59Z"})
    ));
    assert!(!holds(
        before.clone(),
        json!({"aws:CurrentTime": "2026-11-22T00:00:00Z"})
    ));
    assert!(
        holds(before, json!({"aws:CurrentTime": "1577836799"})),
        "epoch seconds"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_a_doubt_on_both_sides() {
    assert_eq!(
        doubt(json!({"NumericLessThan": {"k": "5"}}), json!({"k": "five"})),
        Some(Why::WrongType)
    );
    let request = request(
        anonymous(),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        json!({"k": "five"}),
    );
    let mut policy = statement("Deny", json!({"NumericLessThan": {"k": "5"}}));
    policy["Statement"].as_array_mut().unwrap().push(json!(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    ));
    let policies = set(json!({"resource": policy}));
    let outcome = policies.evaluate(&request);
    assert_eq!(outcome.decision, Decision::ExplicitDeny);
    assert_eq!(outcome.doubts[0].why, Why::WrongType);
}

#[test]
fn a_doubt_that_cannot_change_the_decision_is_not_told() {
    let request = request(
        anonymous(),
        "s3:PutObject",
        "arn:aws:s3:::b/k",
        json!({"k": "five"}),
    );
    let policy = statement("Deny", json!({"NumericLessThan": {"k": "5"}}));
    assert_eq!(
        decide(json!({"resource": policy}), &request),
        Decision::ImplicitDeny
    );
}

#[test]
fn addresses_are_in_networks_of_their_own_family() {
    let condition = json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}});
    assert!(holds(
        condition.clone(),
        json!({"aws:SourceIp": "203.0.113.9"})
    ));
    assert!(holds(
        condition.clone(),
        json!({"aws:SourceIp": "2001:db8::9"})
    ));
    assert!(!holds(condition, json!({"aws:SourceIp": "198.51.100.1"})));
    assert!(!holds(
        json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"aws:SourceIp": "203.0.113.9"})
    ));
}

#[test]
fn bool_has_no_case_and_takes_json_booleans() {
    assert!(holds(
        json!({"Bool": {"aws:SecureTransport": true}}),
        json!({"aws:SecureTransport": "True"})
    ));
    assert!(!holds(
        json!({"Bool": {"aws:SecureTransport": "TRUE"}}),
        json!({"aws:SecureTransport": "false"})
    ));
}

fn alice() -> Value {
    json!("arn:aws:iam::222222222222:user/team/alice")
}

fn with_resource(resource: &str, version: &str) -> Value {
    json!({"resource": {"Version": version, "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource,
    }]}, "identity": [serde_json::from_str::<Value>(ALLOW_ALL).unwrap()]})
}

#[test]
fn a_variable_stands_for_its_value() {
    let own = with_resource("arn:aws:s3:::b/${aws:username}/*", "2012-10-17");
    let get = |key: &str| {
        request(
            alice(),
            "s3:GetObject",
            &format!("arn:aws:s3:::b/{key}"),
            json!({}),
        )
    };
    assert_eq!(decide(own.clone(), &get("alice/x")), Decision::Allow);
    assert_eq!(decide(own.clone(), &get("bob/x")), Decision::ImplicitDeny);
    // Nobody anonymous has a name: the resource matches nothing.
    let unnamed = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b//x", json!({}));
    assert_eq!(decide(own, &unnamed), Decision::ImplicitDeny);
}

#[test]
fn before_2012_a_variable_is_plain_text() {
    let old = with_resource("arn:aws:s3:::b/${aws:username}/*", "2008-10-17");
    let plain = request(
        alice(),
        "s3:GetObject",
        "arn:aws:s3:::b/${aws:username}/x",
        json!({}),
    );
    assert_eq!(decide(old.clone(), &plain), Decision::Allow);
    let named = request(alice(), "s3:GetObject", "arn:aws:s3:::b/alice/x", json!({}));
    assert_eq!(decide(old, &named), Decision::ImplicitDeny);
}

#[test]
fn a_default_stands_in_for_an_absent_key() {
    let policy = with_resource(
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*",
        "2012-10-17",
    );
    let get = |key: &str, context| {
        request(
            alice(),
            "s3:GetObject",
            &format!("arn:aws:s3:::b/{key}"),
            context,
        )
    };
    assert_eq!(
        decide(policy.clone(), &get("company-wide/x", json!({}))),
        Decision::Allow
    );
    assert_eq!(
        decide(
            policy.clone(),
            &get("red/x", json!({"aws:PrincipalTag/team": "red"}))
        ),
        Decision::Allow
    );
    assert_eq!(
        decide(
            policy,
            &get("company-wide/x", json!({"aws:PrincipalTag/team": "red"}))
        ),
        Decision::ImplicitDeny
    );
}

#[test]
fn a_wildcard_in_a_value_is_an_ordinary_character() {
    let policy = with_resource("arn:aws:s3:::b/${aws:PrincipalTag/team}/x", "2012-10-17");
    let tagged = |key: &str| {
        request(
            alice(),
            "s3:GetObject",
            &format!("arn:aws:s3:::b/{key}/x"),
            json!({"aws:PrincipalTag/team": "*"}),
        )
    };
    assert_eq!(decide(policy.clone(), &tagged("*")), Decision::Allow);
    assert_eq!(decide(policy, &tagged("anything")), Decision::ImplicitDeny);
}

#[test]
fn the_escapes_are_characters() {
    let policy = with_resource("arn:aws:s3:::b/${*}${?}${$}", "2012-10-17");
    let get = |key: &str| {
        request(
            alice(),
            "s3:GetObject",
            &format!("arn:aws:s3:::b/{key}"),
            json!({}),
        )
    };
    assert_eq!(decide(policy.clone(), &get("*?$")), Decision::Allow);
    assert_eq!(decide(policy, &get("ab$")), Decision::ImplicitDeny);
}

#[test]
fn an_unfilled_variable_fails_a_positive_operator_and_passes_a_negated_one() {
    let value = "${aws:PrincipalTag/team}";
    let context = json!({"s3:prefix": "x"});
    assert!(!holds(
        json!({"StringEquals": {"s3:prefix": value}}),
        context.clone()
    ));
    assert!(holds(
        json!({"StringNotEquals": {"s3:prefix": value}}),
        context
    ));
}

fn bucket_policy(effect: &str, principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": effect, "Principal": principal, "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    }]})
}

fn get_as(principal: &str) -> Request {
    request(
        json!(principal),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        json!({}),
    )
}

/// Whether an Allow to this principal lets a caller of another account in who may do everything.
fn admits(principal: Value, caller: &str) -> bool {
    let policies = json!({
        "resource": bucket_policy("Allow", principal),
        "identity": [serde_json::from_str::<Value>(ALLOW_ALL).unwrap()],
    });
    decide(policies, &get_as(caller)) == Decision::Allow
}

#[test]
fn principals_match_by_what_they_are() {
    let user = "arn:aws:iam::222222222222:user/alice";
    let session = "arn:aws:sts::222222222222:assumed-role/app/s1";
    for (principal, caller, expected) in [
        (json!("*"), user, true),
        (json!({"AWS": "*"}), user, true),
        (json!({"AWS": "222222222222"}), user, true),
        (json!({"AWS": "222222222222"}), session, true),
        (json!({"AWS": "333333333333"}), user, false),
        (json!({"AWS": "arn:aws:iam::222222222222:root"}), user, true),
        (
            json!({"AWS": "arn:aws:iam::222222222222:root"}),
            session,
            true,
        ),
        (json!({"AWS": user}), user, true),
        (
            json!({"AWS": user}),
            "arn:aws:iam::222222222222:user/bob",
            false,
        ),
        (
            json!({"AWS": user}),
            "arn:aws:iam::222222222222:root",
            false,
        ),
        (
            json!({"AWS": "arn:aws:iam::222222222222:role/app"}),
            session,
            true,
        ),
        (
            json!({"AWS": "arn:aws:iam::222222222222:role/path/app"}),
            session,
            true,
        ),
        (
            json!({"AWS": "arn:aws:iam::222222222222:role/other"}),
            session,
            false,
        ),
        (json!({"AWS": session}), session, true),
        (
            json!({"AWS": session}),
            "arn:aws:sts::222222222222:assumed-role/app/s2",
            false,
        ),
        (json!({"AWS": "AIDAEXAMPLEEXAMPLE00"}), user, false),
        (json!({"Service": "logging.s3.amazonaws.com"}), user, false),
        (
            json!({"AWS": "arn:aws:sts::222222222222:federated-user/fay"}),
            "arn:aws:sts::222222222222:federated-user/fay",
            true,
        ),
    ] {
        assert_eq!(
            admits(principal.clone(), caller),
            expected,
            "{principal} {caller}"
        );
    }
}

#[test]
fn a_service_is_matched_by_its_name_and_by_everyone() {
    let by = |principal: Value| {
        let request = request(
            json!({"type": "Service", "name": "logging.s3.amazonaws.com"}),
            "s3:PutObject",
            "arn:aws:s3:::b/k",
            json!({}),
        );
        decide(
            json!({"resource": bucket_policy("Allow", principal)}),
            &request,
        )
    };
    assert_eq!(
        by(json!({"Service": "logging.s3.amazonaws.com"})),
        Decision::Allow
    );
    assert_eq!(
        by(json!({"Service": "cloudtrail.amazonaws.com"})),
        Decision::ImplicitDeny
    );
    assert_eq!(by(json!("*")), Decision::Allow);
    assert_eq!(by(json!({"AWS": OWNER})), Decision::ImplicitDeny);
}

#[test]
fn a_canonical_user_is_nobody_anonymous_and_perhaps_somebody_signed() {
    let policies = set(json!({
        "resource": bucket_policy("Allow", json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"})),
        "identity": [serde_json::from_str::<Value>(ALLOW_ALL).unwrap()],
    }));
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert!(policies.evaluate(&unsigned).is_certain());
    let signed = get_as("arn:aws:iam::222222222222:user/alice");
    let outcome = policies.evaluate(&signed);
    assert_eq!(outcome.decision, Decision::ImplicitDeny);
    assert_eq!(outcome.doubts[0].why, Why::CanonicalUser);
}

/// What a Deny with this NotPrincipal does to the caller: certain or not.
fn not_principal(listed: Value, caller: &str) -> (Decision, bool) {
    let mut policy = bucket_policy("Allow", json!("*"));
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "NotPrincipal": listed, "Action": "s3:*", "Resource": "*",
    }));
    let policies = set(json!({
        "resource": policy, "identity": [serde_json::from_str::<Value>(ALLOW_ALL).unwrap()],
    }));
    let request = get_as(caller);
    let outcome = policies.evaluate(&request);
    (outcome.decision, outcome.is_certain())
}

#[test]
fn not_principal_leaves_out_who_is_listed_with_account_role_and_session() {
    let user = "arn:aws:iam::222222222222:user/alice";
    let account = "arn:aws:iam::222222222222:root";
    let role = "arn:aws:iam::222222222222:role/app";
    let session = "arn:aws:sts::222222222222:assumed-role/app/s1";
    let deny = Decision::ExplicitDeny;
    assert_eq!(
        not_principal(json!({"AWS": [user, account]}), user),
        (Decision::Allow, true)
    );
    assert_eq!(
        not_principal(json!({"AWS": [account, role, session]}), session),
        (Decision::Allow, true)
    );
    assert_eq!(
        not_principal(json!({"AWS": account}), account),
        (Decision::Allow, true)
    );
    assert_eq!(
        not_principal(json!({"AWS": "333333333333"}), user),
        (deny, true)
    );
    // Listed in part: the documentation says the rest may still be denied.
    assert_eq!(not_principal(json!({"AWS": user}), user), (deny, false));
    assert_eq!(
        not_principal(json!({"AWS": [account, role]}), session),
        (deny, false)
    );
    assert_eq!(not_principal(json!({"AWS": account}), user), (deny, false));
    // The guide's example: Bob and his account are listed, and everyone else of it is denied.
    let bob = "arn:aws:iam::222222222222:user/bob";
    assert_eq!(
        not_principal(json!({"AWS": [bob, account]}), user),
        (deny, true)
    );
    assert_eq!(
        not_principal(json!({"AWS": [bob, account]}), session),
        (deny, true)
    );
}

#[test]
fn an_allow_to_not_principal_lets_the_others_in() {
    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "NotPrincipal": {"AWS": "222222222222"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }});
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert_eq!(
        decide(json!({"resource": policy}), &unsigned),
        Decision::Allow
    );
}

#[test]
fn actions_have_no_case_and_resources_do() {
    let policy = |action: Value, resource: &str| {
        json!({"resource": {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource,
        }}})
    };
    let get = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/K", json!({}));
    assert_eq!(
        decide(policy(json!("S3:getobject"), "arn:aws:s3:::b/*"), &get),
        Decision::Allow
    );
    assert_eq!(
        decide(
            policy(json!(["s3:Put*", "s3:Get*"]), "arn:aws:s3:::b/K"),
            &get
        ),
        Decision::Allow
    );
    assert_eq!(
        decide(policy(json!("s3:GetObject"), "arn:aws:s3:::b/k"), &get),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(policy(json!("s3:GetObject"), "arn:aws:s3:::b"), &get),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(policy(json!("s3:GetObjectTor*"), "*"), &get),
        Decision::ImplicitDeny
    );
}

#[test]
fn not_action_and_not_resource_are_complements() {
    let policy = json!({"resource": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::b/private/*"},
    ]}});
    let ask = |action: &str, key: &str| {
        decide(
            policy.clone(),
            &request(
                anonymous(),
                action,
                &format!("arn:aws:s3:::b/{key}"),
                json!({}),
            ),
        )
    };
    assert_eq!(ask("s3:GetObject", "public/x"), Decision::Allow);
    assert_eq!(ask("s3:PutObject", "public/x"), Decision::ImplicitDeny);
    assert_eq!(ask("s3:GetObject", "private/x"), Decision::ImplicitDeny);
}

#[test]
fn a_deny_names_its_statement() {
    let mut policy = bucket_policy("Allow", json!("*"));
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k",
    }));
    let policies = set(json!({"resource": policy}));
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert_eq!(
        policies.evaluate(&unsigned).statement,
        Some(("resource", 1))
    );
    let other = request(
        anonymous(),
        "s3:GetObject",
        "arn:aws:s3:::b/other",
        json!({}),
    );
    let outcome = policies.evaluate(&other);
    assert_eq!(
        (outcome.decision, outcome.statement),
        (Decision::Allow, Some(("resource", 0)))
    );
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn deny(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]})
}

const OWN_USER: &str = "arn:aws:iam::111111111111:user/ann";
const OWN_SESSION: &str = "arn:aws:sts::111111111111:assumed-role/app/s1";

#[test]
fn in_one_account_either_side_suffices() {
    assert_eq!(
        decide(json!({"identity": [allow("s3:Get*")]}), &get_as(OWN_USER)),
        Decision::Allow
    );
    assert_eq!(
        decide(
            json!({"resource": bucket_policy("Allow", json!({"AWS": OWN_USER}))}),
            &get_as(OWN_USER)
        ),
        Decision::Allow
    );
    assert_eq!(decide(json!({}), &get_as(OWN_USER)), Decision::ImplicitDeny);
    assert_eq!(
        decide(
            json!({"identity": [allow("s3:*"), deny("s3:Get*")]}),
            &get_as(OWN_USER)
        ),
        Decision::ExplicitDeny
    );
}

#[test]
fn a_grant_to_the_own_account_is_for_identity_policies_to_use() {
    let resource = bucket_policy("Allow", json!({"AWS": OWNER}));
    assert_eq!(
        decide(json!({"resource": resource.clone()}), &get_as(OWN_USER)),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(
            json!({"resource": resource, "identity": [allow("s3:GetObject")]}),
            &get_as(OWN_USER)
        ),
        Decision::Allow
    );
}

#[test]
fn the_own_root_needs_no_identity_policy_and_obeys_a_deny() {
    let root = get_as("arn:aws:iam::111111111111:root");
    assert_eq!(decide(json!({}), &root), Decision::Allow);
    assert_eq!(
        decide(
            json!({"resource": bucket_policy("Deny", json!("*"))}),
            &root
        ),
        Decision::ExplicitDeny
    );
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let resource = bucket_policy("Allow", json!({"AWS": "222222222222"}));
    let user = get_as("arn:aws:iam::222222222222:user/alice");
    assert_eq!(
        decide(json!({"resource": resource.clone()}), &user),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(json!({"identity": [allow("*")]}), &user),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(
            json!({"resource": resource.clone(), "identity": [allow("*")]}),
            &user
        ),
        Decision::Allow
    );
    let root = get_as("arn:aws:iam::222222222222:root");
    assert_eq!(
        decide(json!({"resource": resource}), &root),
        Decision::Allow
    );
}

#[test]
fn a_boundary_limits_identity_policies_and_grants_to_roles_only() {
    let boundary = json!([allow("ec2:*")]);
    let with = |resource: Option<Value>, identity: Option<Value>, caller: &str| {
        let mut policies = json!({"boundaries": boundary.clone()});
        if let Some(resource) = resource {
            policies["resource"] = resource;
        }
        if let Some(identity) = identity {
            policies["identity"] = json!([identity]);
        }
        decide(policies, &get_as(caller))
    };
    let to = |arn: &str| Some(bucket_policy("Allow", json!({"AWS": arn})));
    assert_eq!(
        with(None, Some(allow("s3:*")), OWN_USER),
        Decision::ImplicitDeny
    );
    // A user named by the bucket policy is not limited by the boundary's silence.
    assert_eq!(with(to(OWN_USER), None, OWN_USER), Decision::Allow);
    assert_eq!(
        with(to("arn:aws:iam::111111111111:role/app"), None, OWN_SESSION),
        Decision::ImplicitDeny
    );
    assert_eq!(with(to(OWN_SESSION), None, OWN_SESSION), Decision::Allow);
    let everyone = Some(bucket_policy("Allow", json!("*")));
    assert_eq!(with(everyone, None, OWN_SESSION), Decision::Allow);
}

#[test]
fn a_denying_boundary_denies_whatever_grants() {
    let policies = json!({
        "resource": bucket_policy("Allow", json!({"AWS": OWN_USER})),
        "boundaries": [deny("s3:GetObject")],
    });
    assert_eq!(decide(policies, &get_as(OWN_USER)), Decision::ExplicitDeny);
}

#[test]
fn a_session_policy_limits_the_session() {
    let policies = |session: Value| json!({"identity": [allow("s3:*")], "session": session});
    assert_eq!(
        decide(policies(allow("s3:GetObject")), &get_as(OWN_SESSION)),
        Decision::Allow
    );
    assert_eq!(
        decide(policies(allow("s3:PutObject")), &get_as(OWN_SESSION)),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(
            policies(json!([allow("s3:PutObject"), allow("s3:Get*")])),
            &get_as(OWN_SESSION)
        ),
        Decision::Allow
    );
}

#[test]
fn every_level_of_service_control_policies_must_allow() {
    let with = |scps: Value| {
        decide(
            json!({"identity": [allow("s3:*")], "scps": scps}),
            &get_as(OWN_USER),
        )
    };
    let level = |policies: Value| json!({"policies": policies});
    assert_eq!(
        with(json!([
            level(json!([allow("*")])),
            level(json!([allow("s3:*")]))
        ])),
        Decision::Allow
    );
    assert_eq!(
        with(json!([
            level(json!([allow("*")])),
            level(json!([allow("ec2:*")]))
        ])),
        Decision::ImplicitDeny
    );
    assert_eq!(with(json!([level(json!([]))])), Decision::ImplicitDeny);
    assert_eq!(
        with(json!([level(json!([allow("*"), deny("s3:Get*")]))])),
        Decision::ExplicitDeny
    );
}

#[test]
fn service_control_policies_bind_the_caller_but_no_service_linked_role() {
    let scps = json!([{"policies": [deny("s3:*")]}]);
    let policies = json!({
        "resource": bucket_policy("Allow", json!("*")), "identity": [allow("*")], "scps": scps,
    });
    assert_eq!(
        decide(
            policies.clone(),
            &get_as("arn:aws:iam::222222222222:user/alice")
        ),
        Decision::ExplicitDeny
    );
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert_eq!(decide(policies.clone(), &unsigned), Decision::Allow);
    let linked = get_as(
        "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    );
    assert_eq!(decide(policies.clone(), &linked), Decision::Allow);
    // A session's ARN does not hold the role's path.
    let session = |role: &str| {
        request(
            json!("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s"),
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            json!({"aws:PrincipalArn": role}),
        )
    };
    let path = "role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    let of = |path: &str| session(&format!("arn:aws:iam::111111111111:{path}"));
    assert_eq!(decide(policies.clone(), &of(path)), Decision::Allow);
    assert_eq!(
        decide(policies, &of("role/AWSServiceRoleForX")),
        Decision::ExplicitDeny
    );
}

#[test]
fn a_deny_with_not_principal_always_denies_an_identity_with_a_boundary() {
    let session = "arn:aws:sts::111111111111:assumed-role/R/s1";
    let policies = |boundaries: Value, effect: &str| {
        json!({"identity": [allow("s3:*")], "boundaries": boundaries, "resource": {
            "Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": "s3:*",
            "NotPrincipal": {"AWS": ["111111111111", "arn:aws:iam::111111111111:role/R", session]},
            "Resource": "arn:aws:s3:::b/*"}]}})
    };
    let caller = get_as(session);
    let bounded = json!([allow("*")]);
    assert_eq!(
        decide(policies(bounded.clone(), "Deny"), &caller),
        Decision::ExplicitDeny
    );
    assert_eq!(
        decide(policies(json!([]), "Deny"), &caller),
        Decision::Allow
    );
    assert_eq!(
        decide(policies(bounded.clone(), "Allow"), &caller),
        Decision::Allow
    );
    // The root user has no boundary.
    assert_eq!(
        decide(
            policies(bounded, "Deny"),
            &get_as("arn:aws:iam::111111111111:root")
        ),
        Decision::Allow
    );
}

#[test]
fn a_deny_of_a_user_leaves_a_doubt_about_the_federated_user_of_that_name() {
    let doubts = |named: &str| {
        let policies = set(json!({
            "identity": [allow("s3:*")], "resource": bucket_policy("Deny", json!({"AWS": named})),
        }));
        let bob = get_as("arn:aws:sts::111111111111:federated-user/bob");
        let outcome = policies.evaluate(&bob);
        let doubtful = outcome.decision == Decision::ExplicitDeny;
        assert_eq!(doubtful, !outcome.doubts.is_empty(), "{named}");
        outcome
            .doubts
            .iter()
            .map(|doubt| doubt.why)
            .collect::<Vec<_>>()
    };
    for (named, expected) in [
        (
            "arn:aws:iam::111111111111:user/bob",
            vec![Why::FederatedUser],
        ),
        (
            "arn:aws:iam::111111111111:user/team/bob",
            vec![Why::FederatedUser],
        ),
        ("arn:aws:iam::111111111111:user/ann", vec![]),
        ("arn:aws:iam::222222222222:user/bob", vec![]),
    ] {
        assert_eq!(doubts(named), expected, "{named}");
    }
}

#[test]
fn resource_control_policies_reach_everybody() {
    let rcp = |effect: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "*",
        }]})
    };
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    let with = |rcps: Value| {
        decide(
            json!({"resource": bucket_policy("Allow", json!("*")), "rcps": rcps}),
            &unsigned,
        )
    };
    assert_eq!(with(json!([{"policies": [rcp("Allow")]}])), Decision::Allow);
    assert_eq!(
        with(json!([{"policies": [rcp("Allow"), rcp("Deny")]}])),
        Decision::ExplicitDeny
    );
    // RCPFullAWSAccess cannot be detached, so a level is never without it.
    assert_eq!(with(json!([{"policies": []}])), Decision::Allow);
}

#[test]
fn an_endpoint_policy_must_allow_too() {
    let endpoint = |resource: &str| {
        json!([{"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource,
        }]}])
    };
    let with = |endpoint: Value| {
        decide(
            json!({"identity": [allow("s3:*")], "endpoint": endpoint}),
            &get_as(OWN_USER),
        )
    };
    assert_eq!(with(endpoint("arn:aws:s3:::b/*")), Decision::Allow);
    assert_eq!(
        with(endpoint("arn:aws:s3:::other/*")),
        Decision::ImplicitDeny
    );
}

fn restricted(policy: &Value) -> Policies {
    let set: PolicySet = serde_json::from_value(json!({
        "resource": policy, "identity": [allow("*")],
    }))
    .unwrap();
    let block = PublicAccessBlock {
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    };
    Policies::new(&set, Some(block)).unwrap()
}

#[test]
fn restrict_public_buckets_cuts_everyone_outside_off_a_public_policy() {
    let mut public = bucket_policy("Allow", json!("*"));
    public["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }));
    let policies = restricted(&public);
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert_eq!(
        policies.evaluate(&unsigned).decision,
        Decision::ImplicitDeny
    );
    // Even the account that is named.
    let named = get_as("arn:aws:iam::222222222222:root");
    assert_eq!(policies.evaluate(&named).decision, Decision::ImplicitDeny);
    let own = get_as(OWN_USER);
    assert_eq!(policies.evaluate(&own).decision, Decision::Allow);
    let service = request(
        json!({"type": "Service", "name": "cloudtrail.amazonaws.com"}),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        json!({}),
    );
    assert_eq!(policies.evaluate(&service).decision, Decision::Allow);
}

#[test]
fn restrict_public_buckets_leaves_a_policy_that_is_not_public() {
    let policies = restricted(&bucket_policy("Allow", json!({"AWS": "222222222222"})));
    let named = get_as("arn:aws:iam::222222222222:root");
    assert_eq!(policies.evaluate(&named).decision, Decision::Allow);
}

#[test]
fn restrict_public_buckets_is_in_doubt_where_the_documentation_is() {
    let policies = restricted(&statement(
        "Allow",
        json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc1234567"}}),
    ));
    let unsigned = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    let outcome = policies.evaluate(&unsigned);
    assert_eq!(outcome.decision, Decision::ImplicitDeny);
    assert_eq!(outcome.doubts[0].why, Why::PerhapsPublic);
}

fn acl(grantee: &str, permission: &str, ownership: Option<&str>) -> Policies {
    let grant = Grant {
        grantee: grantee.to_owned(),
        permission: permission.to_owned(),
    };
    Policies::of_resource(None)
        .with_acl("b", &[grant], ownership)
        .with_willing_identity()
}

#[test]
fn an_acl_grants_what_its_permission_maps_to() {
    let ask = |policies: &Policies, action: &str, resource: &str| {
        let request = request(anonymous(), action, resource, json!({}));
        policies.evaluate(&request).decision
    };
    let read = acl("AllUsers", "READ", Some("ObjectWriter"));
    assert_eq!(
        ask(&read, "s3:ListBucket", "arn:aws:s3:::b"),
        Decision::Allow
    );
    assert_eq!(
        ask(&read, "s3:GetObject", "arn:aws:s3:::b/k"),
        Decision::ImplicitDeny
    );
    assert_eq!(
        ask(&read, "s3:ListBucket", "arn:aws:s3:::b2"),
        Decision::ImplicitDeny
    );
    let full = acl("AllUsers", "FULL_CONTROL", None);
    assert_eq!(
        ask(&full, "s3:PutObject", "arn:aws:s3:::b/k"),
        Decision::Allow
    );
    assert_eq!(
        ask(&full, "s3:PutBucketAcl", "arn:aws:s3:::b"),
        Decision::Allow
    );
    assert_eq!(
        ask(&full, "s3:GetObject", "arn:aws:s3:::b/k"),
        Decision::ImplicitDeny
    );
    assert_eq!(
        ask(&full, "s3:PutBucketPolicy", "arn:aws:s3:::b"),
        Decision::ImplicitDeny
    );
}

#[test]
fn an_acl_is_silent_under_bucket_owner_enforced_and_ignore_public_acls() {
    let list = request(anonymous(), "s3:ListBucket", "arn:aws:s3:::b", json!({}));
    let enforced = acl("AllUsers", "READ", Some("BucketOwnerEnforced"));
    assert_eq!(enforced.evaluate(&list).decision, Decision::ImplicitDeny);
    let ignored = acl("AllUsers", "READ", None).with_public_access_block(PublicAccessBlock {
        ignore_public_acls: true,
        ..PublicAccessBlock::default()
    });
    assert_eq!(ignored.evaluate(&list).decision, Decision::ImplicitDeny);
    let signed_only = acl("AuthenticatedUsers", "READ", None);
    assert_eq!(signed_only.evaluate(&list).decision, Decision::ImplicitDeny);
    let signed = request(alice(), "s3:ListBucket", "arn:aws:s3:::b", json!({}));
    assert_eq!(signed_only.evaluate(&signed).decision, Decision::Allow);
}

#[test]
fn an_acl_lets_in_a_group_without_a_policy_of_its_own_in_the_account_too() {
    let of = |grantee: &str| {
        let grant = Grant {
            grantee: grantee.to_owned(),
            permission: "READ".to_owned(),
        };
        let own = json!({"principal": "arn:aws:iam::111111111111:user/own", "action": "s3:ListBucket",
            "resource": "arn:aws:s3:::b", "resource_account": "111111111111", "context": {}});
        Policies::of_resource(None)
            .with_acl("b", &[grant], None)
            .evaluate(&serde_json::from_value(own).unwrap())
            .decision
    };
    assert_eq!(of("AllUsers"), Decision::Allow);
    assert_eq!(of("AuthenticatedUsers"), Decision::Allow);
    assert_eq!(of("LogDelivery"), Decision::ImplicitDeny);
    assert_eq!(of("an-id-of-whichever-account"), Decision::ImplicitDeny);
}

#[test]
fn facts_follow_from_the_principal() {
    let reads = |principal: Value, key: &str, value: &str| {
        let mut policy = statement("Allow", json!({"StringEquals": {key: value}}));
        policy["Statement"][0]["Principal"] = json!("*");
        let policies = set(json!({"resource": policy, "identity": [allow("*")]}));
        let request = request(principal, "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
        policies.evaluate(&request).decision == Decision::Allow
    };
    assert!(reads(anonymous(), "aws:PrincipalAccount", "anonymous"));
    assert!(reads(anonymous(), "aws:PrincipalType", "Anonymous"));
    assert!(reads(alice(), "aws:PrincipalAccount", "222222222222"));
    assert!(reads(alice(), "aws:PrincipalType", "User"));
    assert!(reads(alice(), "aws:username", "alice"));
    assert!(reads(
        json!("arn:aws:sts::222222222222:assumed-role/app/s1"),
        "aws:PrincipalArn",
        "arn:aws:iam::222222222222:role/app"
    ));
    assert!(reads(
        json!("arn:aws:iam::222222222222:root"),
        "aws:userid",
        "222222222222"
    ));
    assert!(reads(
        json!("arn:aws:sts::222222222222:federated-user/fay"),
        "aws:userid",
        "222222222222:fay"
    ));
    assert!(reads(
        json!({"type": "Service", "name": "logging.s3.amazonaws.com"}),
        "aws:PrincipalServiceName",
        "logging.s3.amazonaws.com"
    ));
    assert!(reads(anonymous(), "aws:ResourceAccount", OWNER));
}

#[test]
fn the_user_id_of_a_user_is_there_and_not_known() {
    let mut policy = statement(
        "Allow",
        json!({"StringLike": {"aws:userid": "AIDAEXAMPLE"}}),
    );
    policy["Statement"][0]["Principal"] = json!("*");
    let policies = set(json!({"resource": policy, "identity": [allow("*")]}));
    let unknown = request(alice(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    assert_eq!(policies.evaluate(&unknown).doubts[0].why, Why::UnknownValue);
    let given = request(
        alice(),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        json!({"aws:userid": "AIDAEXAMPLE"}),
    );
    assert_eq!(policies.evaluate(&given).decision, Decision::Allow);
}

#[test]
fn an_unknown_operator_leaves_its_statement_in_doubt_and_no_other() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"StringSounds":{"k":"x"}}},
        {"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}]}"#;
    let policy = Policy::parse(policy, PolicyKind::Resource);
    let policies = Policies::of_resource(Some(&policy));
    let get = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    let outcome = policies.evaluate(&get);
    assert_eq!(outcome.decision, Decision::Allow);
    let put = request(anonymous(), "s3:PutObject", "arn:aws:s3:::b/k", json!({}));
    let outcome = policies.evaluate(&put);
    assert_eq!(outcome.decision, Decision::ExplicitDeny);
    assert_eq!(outcome.doubts[0].why, Why::Unread);
}

#[test]
fn a_statement_that_cannot_be_read_may_do_anything() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"},
        {"Effect":"Perhaps","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    let policy = Policy::parse(policy, PolicyKind::Resource);
    let policies = Policies::of_resource(Some(&policy));
    let get = request(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", json!({}));
    let outcome = policies.evaluate(&get);
    assert_ne!(outcome.decision, Decision::Allow);
    assert!(!outcome.is_certain());
}

#[test]
fn texts_longer_than_any_request_are_a_doubt() {
    let long = "x".repeat(9000);
    assert_eq!(
        doubt(json!({"StringLike": {"k": "*y"}}), json!({"k": long})),
        Some(Why::TooLong)
    );
}

#[test]
fn a_key_given_twice_is_a_doubt() {
    assert_eq!(
        doubt(
            json!({"StringEquals": {"k": "x"}}),
            json!({"k": "x", "K": "y"})
        ),
        Some(Why::RepeatedKey)
    );
}

#[test]
fn a_request_that_contradicts_itself_is_implausible() {
    let ask = |principal: Value, context: Value| {
        super::implausible(&request(
            principal,
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            context,
        ))
        .is_some()
    };
    assert!(!ask(anonymous(), json!({"aws:SourceIp": "192.0.2.1"})));
    assert!(ask(
        anonymous(),
        json!({"aws:SourceIp": "192.0.2.1", "aws:SourceVpce": "vpce-1"})
    ));
    assert!(ask(anonymous(), json!({"aws:PrincipalOrgID": "o-1"})));
    assert!(ask(
        alice(),
        json!({"aws:PrincipalAccount": "333333333333"})
    ));
    assert!(ask(alice(), json!({"aws:username": "bob"})));
    assert!(!ask(
        json!("arn:aws:sts::222222222222:assumed-role/app/s1"),
        json!({"aws:PrincipalArn": "arn:aws:iam::222222222222:role/path/app"})
    ));
    assert!(ask(
        json!("arn:aws:sts::222222222222:assumed-role/app/s1"),
        json!({"aws:PrincipalArn": "arn:aws:iam::222222222222:role/other"})
    ));
}

#[test]
fn one_policy_stands_for_a_list_of_one() {
    let set: PolicySet = serde_json::from_value(json!({
        "session": allow("s3:*"), "identity": allow("s3:*"), "scps": [allow("*"), deny("ec2:*")],
    }))
    .unwrap();
    assert_eq!(set.session.as_ref().map(Vec::len), Some(1));
    assert_eq!(
        set.scps.as_ref().map(Vec::len),
        Some(1),
        "loose policies are one level"
    );
    let policies = Policies::new(&set, None).unwrap();
    assert_eq!(
        policies.evaluate(&get_as(OWN_SESSION)).decision,
        Decision::Allow
    );
}

#[test]
fn a_policy_that_is_no_json_is_refused() {
    let set: PolicySet = serde_json::from_value(json!({"resource": "{"})).unwrap();
    assert!(
        Policies::new(&set, None)
            .unwrap_err()
            .starts_with("resource: line 1")
    );
    let set: PolicySet = serde_json::from_value(json!({"identity": [7]})).unwrap();
    assert!(Policies::new(&set, None).is_err());
    let long = format!("{{\"Statement\":[],\"Id\":\"{}\"}}", "x".repeat(256 * 1024));
    let set: PolicySet = serde_json::from_value(json!({"resource": long})).unwrap();
    assert!(Policies::new(&set, None).is_err());
}
