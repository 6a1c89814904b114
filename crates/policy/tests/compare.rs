//! Pairs of policies whose right answer is known: by the rules of the IAM user guide
//! (`fixtures/compare-cases.jsonl`), and by AWS's own sample repository of custom policy checks
//! (`fixtures/compare-documented.jsonl`). Sources and dates are in `fixtures/compare-cases.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use coldbucket_policy::Policy;
use coldbucket_policy::compare::{Attachment, PolicyPair, compare, forbids, public};
use coldbucket_policy::contract::CompareOutput;
use coldbucket_policy::evaluate::DocumentJudge;
use serde_json::{Value, json};

const CASES: &str = include_str!("fixtures/compare-cases.jsonl");
const WRITTEN: &str = include_str!("fixtures/compare-written.jsonl");
const DOCUMENTED: &str = include_str!("fixtures/compare-documented.jsonl");

fn answer(case: &Value) -> CompareOutput {
    let kind = Attachment::from_name(case["kind"].as_str().unwrap()).unwrap();
    let parse = |side: &str| match &case[side] {
        Value::Null => None,
        policy => Some(Policy::parse(&policy.to_string(), kind.policy_kind())),
    };
    let (old, new) = (parse("old"), parse("new"));
    let output = compare(
        &PolicyPair {
            old: old.as_ref(),
            new: new.as_ref(),
            kind,
            bucket: case["bucket"].as_str(),
            strict: false,
        },
        case["id"].as_str().unwrap().to_owned(),
    );
    // Every witness stands up to the evaluator; only the account behind a canonical user id has none.
    for found in &output.statements {
        let Some(request) = &found.witness else {
            assert!(
                case["new"].to_string().contains("CanonicalUser"),
                "{found:?}"
            );
            continue;
        };
        let allows = |policy: &Option<Policy>| match policy {
            Some(policy) => DocumentJudge::new(policy, kind.policy_kind()).allows(request),
            None => Some(false),
        };
        assert_eq!(allows(&new), Some(true), "{}: {request:?}", output.id);
        assert_eq!(allows(&old), Some(false), "{}: {request:?}", output.id);
    }
    output
}

fn wrong(cases: &str) -> Vec<String> {
    cases
        .lines()
        .filter_map(|line| {
            let case: Value = serde_json::from_str(line).unwrap();
            let output = answer(&case);
            let lost_is_wrong = case["lost"]
                .as_bool()
                .is_some_and(|lost| output.lost != Some(lost));
            (output.new_access != case["new_access"].as_bool() || lost_is_wrong).then(|| {
                format!(
                    "{}: {} {:?} {:?}",
                    output.id,
                    case["rule"],
                    output,
                    case["old"].to_string().len()
                )
            })
        })
        .collect()
}

#[test]
fn pairs_are_decided_by_the_rules() {
    assert_eq!(CASES.lines().count(), 36);
    let wrong = wrong(CASES);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn pairs_of_every_kind_are_decided_by_the_rules() {
    assert_eq!(WRITTEN.lines().count(), 438);
    let wrong = wrong(WRITTEN);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn pairs_that_aws_documents_are_decided_as_aws_does() {
    assert_eq!(DOCUMENTED.lines().count(), 206);
    let wrong = wrong(DOCUMENTED);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Found by the long run: a condition may name a service in another case, or by a pattern.
#[test]
fn services_that_only_conditions_name_are_callers() {
    for condition in [
        r#"{"StringEqualsIgnoreCase": {"aws:PrincipalServiceName": "Logging.s3.amazonaws.com"}}"#,
        r#"{"StringLike": {"aws:PrincipalServiceName": "logging.*.com"}}"#,
    ] {
        let case = format!(
            r#"{{"id": "s", "kind": "s3", "bucket": "b", "old": null, "new": {{"Version": "2012-10-17",
                "Statement": {{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}}}}}"#
        );
        let output = answer(&serde_json::from_str(&case).unwrap());
        assert_eq!(output.new_access, Some(true), "{output:?}");
    }
}

/// Statements are compared by what they match, whatever S3 makes of the request: that it refuses an unsigned
/// upload under KMS is no reason to call a grant of one nothing.
#[test]
fn what_s3_refuses_is_granted_all_the_same() {
    for (action, condition) in [
        (
            "s3:PutObject",
            json!({"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}),
        ),
        (
            "s3:PutObject",
            json!({"StringLike": {"s3:x-amz-server-side-encryption": "aws:*"}}),
        ),
        ("s3:PutBucketPolicy", json!({})),
        (
            "s3:PutObjectAcl",
            json!({"StringEquals": {"s3:x-amz-acl": "public-read"}}),
        ),
    ] {
        let mut condition = condition;
        condition["StringEqualsIfExists"] = json!({"aws:userid": "anonymous"});
        let case = json!({"id": "s", "kind": "s3", "bucket": "b", "old": null, "new": {"Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": action,
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": condition}}});
        let output = answer(&case);
        assert_eq!(output.new_access, Some(true), "{case} {output:?}");
    }
}

/// What a key of another service holds is told by the conditions on it; what a tag holds is text, of which a
/// comparison says something only where it is a number, a boolean, a date or an address.
#[test]
fn keys_that_no_list_has_are_of_the_type_that_conditions_compare() {
    let with = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:CreateVolume", "Resource": "*", "Condition": condition}]})
    };
    let unless = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:CreateVolume", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:CreateVolume", "Resource": "*", "Condition": condition}]})
    };
    let of = |operator: &str, key: &str, values: Value| json!({operator: {key: values}});
    for key in [
        "ec2:VolumeSize",
        "kms:RotationPeriodInDays",
        "aws:PrincipalTag/n",
        "aws:RequestTag/n",
    ] {
        let is_tag = key.contains('/');
        let cond = |operator: &str, values: Value| of(operator, key, values);
        let less = |than: &str| cond("NumericLessThan", json!(than));
        let more = |than: &str| cond("NumericGreaterThan", json!(than));
        let unless_more = |than: &str| cond("NumericGreaterThanIfExists", json!(than));
        let at_most = |than: &str| cond("NumericLessThanEquals", json!(than));
        let there = || cond("Null", json!("false"));
        for (old, new, expected) in [
            (with(less("100")), with(less("200")), Some(true)),
            (with(less("200")), with(less("100")), Some(false)),
            (with(less("100")), with(at_most("100")), Some(true)),
            (with(at_most("100")), with(less("100")), Some(false)),
            (with(less("0.1")), with(less("0.2")), Some(true)),
            (with(less("100")), with(more("100")), Some(true)),
            (with(less("100")), with(there()), Some(true)),
            (unless(more("100")), unless(more("200")), Some(true)),
            (unless(more("200")), unless(more("100")), Some(false)),
            (
                unless(unless_more("100")),
                unless(unless_more("200")),
                Some(true),
            ),
            (
                unless(unless_more("100")),
                with(at_most("100")),
                Some(false),
            ),
            // A tag may be no number.
            (
                with(at_most("100")),
                unless(unless_more("100")),
                if is_tag { None } else { Some(false) },
            ),
            (
                with(cond("NumericEquals", json!("1"))),
                with(cond("NumericEquals", json!(["1.0", "2"]))),
                Some(true),
            ),
            (
                with(cond("NumericNotEquals", json!(["1", "2"]))),
                with(cond("NumericNotEquals", json!("1"))),
                Some(true),
            ),
            (
                with(cond("DateLessThan", json!("2027-01-01T00:00:00Z"))),
                with(cond("DateLessThan", json!("2028-01-01T00:00:00Z"))),
                Some(true),
            ),
            (
                with(cond("DateLessThan", json!("2027-01-01T00:00:00Z"))),
                with(cond("DateLessThan", json!("2026-01-01T00:00:00Z"))),
                Some(false),
            ),
            (
                with(cond("IpAddress", json!("10.0.0.0/16"))),
                with(cond("IpAddress", json!("10.0.0.0/8"))),
                Some(true),
            ),
            (
                with(cond("IpAddress", json!("10.0.0.0/8"))),
                with(cond("IpAddress", json!("10.0.0.0/16"))),
                Some(false),
            ),
            (with(cond("Bool", json!("true"))), with(there()), Some(true)),
            (
                unless(cond("BoolIfExists", json!("false"))),
                with(cond("Bool", json!("true"))),
                Some(false),
            ),
            (
                with(cond("Bool", json!("true"))),
                unless(cond("BoolIfExists", json!("false"))),
                if is_tag { None } else { Some(false) },
            ),
        ] {
            let case = json!({"id": "typed", "kind": "identity", "old": old, "new": new});
            let output = answer(&case);
            assert_eq!(output.new_access, expected, "{case}\n{output:?}");
        }
    }
}

/// A bucket policy's statement without Resource, or with a list of principals that has no type, cannot be
/// stored. Whatever it were to match, two statements that have the same there compare by the rest.
#[test]
fn statements_that_aws_refuses_are_equal_to_themselves_and_otherwise_unknown() {
    let policy = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let without_resource =
        |actions: Value| json!({"Effect": "Allow", "Principal": "*", "Action": actions});
    let with_list = |principals: Value| json!({"Effect": "Allow", "Principal": principals, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let both = json!(["s3:GetObject", "s3:PutObject"]);
    let cases = [
        (
            json!([without_resource(both.clone())]),
            json!([without_resource(json!(["s3:PutObject", "s3:GetObject"]))]),
            Some(false),
        ),
        (
            json!([without_resource(both.clone())]),
            json!([without_resource(json!("s3:PutObject"))]),
            Some(false),
        ),
        (
            json!([without_resource(json!("s3:PutObject"))]),
            json!([without_resource(both)]),
            None,
        ),
        (
            json!([with_list(json!(["x", "y"]))]),
            json!([with_list(json!(["x", "y"])), with_list(json!(["x", "y"]))]),
            Some(false),
        ),
        (
            json!([with_list(json!(["x"]))]),
            json!([with_list(json!(["y"]))]),
            None,
        ),
        (
            json!([with_list(json!({"AWS": "no-ones-name"}))]),
            json!([with_list(json!(["y"]))]),
            None,
        ),
        // Without Action nothing is kept of it.
        (
            json!([{"Effect": "Deny", "Principal": "*", "Resource": "*"}]),
            json!([{"Effect": "Allow", "Principal": "*", "Resource": "*"}]),
            None,
        ),
    ];
    for (old, new, expected) in cases {
        let output = answer(
            &json!({"id": "refused", "kind": "resource", "old": policy(old), "new": policy(new)}),
        );
        assert_eq!(output.new_access, expected, "{output:?}");
    }
}

const GOOGLE: &str = "accounts.google.com";
const FACEBOOK: &str = "graph.facebook.com";
const SAML: &str = "arn:aws:iam::111111111111:saml-provider/idp";

/// A trust policy of these statements: effect, principal element and condition.
fn trust(statements: &[(&str, Value, Value)]) -> Value {
    let statements: Vec<Value> = statements
        .iter()
        .map(|(effect, principal, condition)| {
            let mut statement = json!({"Effect": effect, "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition});
            let (name, value) = match principal.get("NotPrincipal") {
                Some(value) => ("NotPrincipal", value),
                None => ("Principal", principal),
            };
            statement[name] = value.clone();
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Whether a trust policy grants anything, by two ways: `forbids`, and as new access beyond no policy.
fn grants(policy: &Value) -> Option<bool> {
    let parsed = Policy::parse(&policy.to_string(), coldbucket_policy::PolicyKind::Trust);
    let (granted, ..) =
        forbids(&parsed, Attachment::Trust, &["sts:*".to_owned()], &[]).into_parts();
    let case = json!({"id": "trust", "kind": "trust", "old": null, "new": policy});
    assert_eq!(answer(&case).new_access, granted, "{policy}");
    granted
}

/// `aws:FederatedProvider` of a federated identity is its provider (IAM user guide, "AWS global condition
/// context keys", 2026-09): a list of providers meets a condition if one of them does, and the star if any
/// provider can.
#[test]
fn a_star_stands_for_the_providers_that_conditions_name() {
    let both = json!({"Federated": [GOOGLE, FACEBOOK]});
    let star = json!({"Federated": "*"});
    let table = [
        // operator, values, star, both; what both grant with a Deny of it
        ("StringEquals", json!(GOOGLE), true, true, true),
        ("StringEquals", json!(SAML), true, false, true),
        ("StringEquals", json!("*"), false, false, true),
        ("StringEquals", json!([GOOGLE, FACEBOOK]), true, true, false),
        ("StringEquals", json!([]), false, false, true),
        ("StringLike", json!("accounts.*"), true, true, true),
        ("StringLike", json!("*"), true, true, false),
        (
            "StringLike",
            json!("arn:aws:iam::*:saml-provider/*"),
            true,
            false,
            true,
        ),
        (
            "StringEqualsIgnoreCase",
            json!("Accounts.Google.com"),
            true,
            true,
            true,
        ),
        ("StringNotEquals", json!(GOOGLE), true, true, true),
        (
            "StringNotEquals",
            json!([GOOGLE, FACEBOOK]),
            true,
            false,
            true,
        ),
        ("StringNotLike", json!("*"), false, false, true),
        (
            "StringNotLike",
            json!(["accounts*", "graph*"]),
            true,
            false,
            true,
        ),
        (
            "StringNotEqualsIgnoreCase",
            json!("ACCOUNTS.google.com"),
            true,
            true,
            true,
        ),
        ("Null", json!("true"), false, false, true),
        ("Null", json!("false"), true, true, false),
        ("StringEqualsIfExists", json!(SAML), true, false, true),
        (
            "StringNotEqualsIfExists",
            json!([GOOGLE, FACEBOOK]),
            true,
            false,
            true,
        ),
        ("ForAnyValue:StringEquals", json!(SAML), true, false, true),
        ("ForAllValues:StringLike", json!("arn:*"), true, false, true),
        ("ForAllValues:StringNotLike", json!("*"), false, false, true),
    ];
    for (operator, values, of_star, of_both, left) in table {
        let condition = json!({operator: {"aws:FederatedProvider": values}});
        let alone = |principal: &Value| trust(&[("Allow", principal.clone(), condition.clone())]);
        assert_eq!(grants(&alone(&star)), Some(of_star), "star: {condition}");
        assert_eq!(grants(&alone(&both)), Some(of_both), "both: {condition}");
        let denied = trust(&[
            ("Allow", both.clone(), json!({})),
            ("Deny", both.clone(), condition.clone()),
        ]);
        assert_eq!(grants(&denied), Some(left), "denied: {condition}");
        let starred = trust(&[
            ("Allow", star.clone(), json!({})),
            ("Deny", star.clone(), condition.clone()),
        ]);
        // Only what holds for every provider leaves none.
        let for_all = [
            json!({"Null": {"aws:FederatedProvider": "false"}}),
            json!({"StringLike": {"aws:FederatedProvider": "*"}}),
        ]
        .contains(&condition);
        assert_eq!(grants(&starred), Some(!for_all), "star denied: {condition}");
    }
    for operator in ["ArnLike", "ArnEquals", "ArnNotLike"] {
        let condition =
            json!({operator: {"aws:FederatedProvider": "arn:aws:iam::*:saml-provider/*"}});
        let policy = trust(&[("Allow", star.clone(), condition)]);
        assert_eq!(grants(&policy), Some(true), "{operator}");
    }
}

/// A claim's key begins with its provider's host, an attribute of SAML with `saml:` (IAM user guide,
/// "Available keys for AWS OIDC federation", 2026-09).
#[test]
fn claims_belong_to_one_provider() {
    let star = json!({"Federated": "*"});
    let google = json!({"StringEquals": {"accounts.google.com:aud": "app"}});
    let github = json!({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:o/*"}});
    let saml = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
    let allow =
        |principal: &Value, condition: &Value| ("Allow", principal.clone(), condition.clone());
    let both = |one: &Value, other: &Value| {
        let mut both = one.clone();
        for (operator, keys) in other.as_object().unwrap() {
            let block = both
                .as_object_mut()
                .unwrap()
                .entry(operator.clone())
                .or_insert(json!({}));
            block
                .as_object_mut()
                .unwrap()
                .extend(keys.as_object().unwrap().clone());
        }
        both
    };
    for claims in [&google, &github, &saml] {
        assert_eq!(
            grants(&trust(&[allow(&star, claims)])),
            Some(true),
            "{claims}"
        );
    }
    for claims in [both(&google, &github), both(&google, &saml)] {
        assert_eq!(
            grants(&trust(&[allow(&star, &claims)])),
            Some(false),
            "{claims}"
        );
    }
    let of = |provider: &str| json!({"Federated": provider});
    assert_eq!(grants(&trust(&[allow(&of(SAML), &google)])), Some(false));
    assert_eq!(grants(&trust(&[allow(&of(GOOGLE), &saml)])), Some(false));
    // The provider in a condition and the claims are of one identity.
    let named = json!({"StringEquals": {"aws:FederatedProvider": GOOGLE}});
    assert_eq!(
        grants(&trust(&[allow(&star, &both(&google, &named))])),
        Some(true)
    );
    assert_eq!(
        grants(&trust(&[allow(&star, &both(&github, &named))])),
        Some(false)
    );
    // A Deny of one provider leaves the others, and a claim that is absent is none of the listed.
    let spares =
        |condition: Value| trust(&[allow(&star, &json!({})), ("Deny", star.clone(), condition)]);
    assert_eq!(
        grants(&spares(
            json!({"StringNotEquals": {"aws:FederatedProvider": GOOGLE}})
        )),
        Some(true)
    );
    assert_eq!(
        grants(&spares(
            json!({"StringNotLike": {"token.actions.githubusercontent.com:sub": "repo:o/*"}})
        )),
        Some(true)
    );
}

/// What one side allows of the star, the other may name.
#[test]
fn pairs_of_trust_policies_tell_providers_apart() {
    let star = json!({"Federated": "*"});
    let of = |provider: &str| json!({"Federated": provider});
    let when = |values: Value| json!({"StringEquals": {"aws:FederatedProvider": values}});
    let allow =
        |principal: &Value, condition: Value| trust(&[("Allow", principal.clone(), condition)]);
    let unless = |values: Value| {
        trust(&[
            ("Allow", star.clone(), json!({})),
            (
                "Deny",
                star.clone(),
                json!({"StringNotEquals": {"aws:FederatedProvider": values}}),
            ),
        ])
    };
    let google_aud = json!({"StringEquals": {"accounts.google.com:aud": "app"}});
    let table = [
        // old, new, new access, lost access
        (
            allow(&of(FACEBOOK), json!({})),
            allow(&star, when(json!(GOOGLE))),
            true,
            true,
        ),
        (
            allow(&of(GOOGLE), json!({})),
            allow(&star, when(json!(GOOGLE))),
            false,
            false,
        ),
        (
            unless(json!(GOOGLE)),
            allow(&of(GOOGLE), json!({})),
            false,
            false,
        ),
        (
            unless(json!(GOOGLE)),
            unless(json!([GOOGLE, FACEBOOK])),
            true,
            false,
        ),
        (
            unless(json!([GOOGLE, FACEBOOK])),
            allow(&json!({"Federated": [GOOGLE, FACEBOOK]}), json!({})),
            false,
            false,
        ),
        (
            allow(&of(GOOGLE), google_aud.clone()),
            allow(&star, google_aud.clone()),
            false,
            false,
        ),
        (
            allow(
                &star,
                json!({"StringLike": {"aws:FederatedProvider": "arn:aws:iam::*:saml-provider/*"}}),
            ),
            allow(&star, when(json!(SAML))),
            false,
            true,
        ),
        (
            allow(
                &star,
                json!({"StringNotLike": {"aws:FederatedProvider": "arn:*"}}),
            ),
            allow(
                &star,
                json!({"StringLike": {"aws:FederatedProvider": "*.com"}}),
            ),
            true,
            true,
        ),
        // A session of a role has no provider as a principal, and may have one as a condition key.
        (
            allow(&of(FACEBOOK), json!({})),
            allow(
                &json!({"NotPrincipal": {"Federated": GOOGLE}}),
                when(json!(FACEBOOK)),
            ),
            true,
            false,
        ),
    ];
    for (old, new, gained, lost) in table {
        let case = json!({"id": "pair", "kind": "trust", "old": old, "new": new});
        let output = answer(&case);
        assert_eq!(output.new_access, Some(gained), "{case}");
        assert_eq!(output.lost, Some(lost), "{case}");
    }
}

/// A provider that anyone can get an identity of, in a condition.
#[test]
fn a_star_with_a_provider_is_public() {
    for (condition, wanted) in [
        (json!({}), true),
        (
            json!({"StringEquals": {"aws:FederatedProvider": GOOGLE}}),
            true,
        ),
        (
            json!({"StringNotEquals": {"aws:FederatedProvider": GOOGLE}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:FederatedProvider": "*"}}),
            false,
        ),
    ] {
        let policy = trust(&[("Allow", json!({"Federated": "*"}), condition)]).to_string();
        let policy = Policy::parse(&policy, coldbucket_policy::PolicyKind::Trust);
        let (found, ..) = public(&policy, Attachment::Trust).into_parts();
        assert_eq!(found, Some(wanted), "{policy:?}");
    }
}

/// Principals whose ARNs differ in the partition alone are two (IAM user guide, "Amazon Resource Names",
/// 2026-09).
#[test]
fn principals_of_two_partitions_are_two() {
    const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];
    for (service, name) in [
        ("iam", "user/x"),
        ("iam", "role/x"),
        ("sts", "assumed-role/x/s"),
        ("sts", "federated-user/x"),
    ] {
        for (old, new) in PARTITIONS
            .iter()
            .flat_map(|old| PARTITIONS.iter().map(move |new| (old, new)))
        {
            let arn = |partition| format!("arn:{partition}:{service}::111111111111:{name}");
            for (kind, action) in [("resource", "sqs:SendMessage"), ("trust", "sts:AssumeRole")] {
                let statement = |effect: &str, element: Value| {
                    let mut statement = json!({"Effect": effect, "Action": action});
                    statement
                        .as_object_mut()
                        .unwrap()
                        .extend(element.as_object().unwrap().clone());
                    if kind == "resource" {
                        statement["Resource"] = json!("*");
                    }
                    statement
                };
                let policy = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements});
                let allowed = |partition| {
                    policy(vec![statement(
                        "Allow",
                        json!({"Principal": {"AWS": arn(partition)}}),
                    )])
                };
                let denied = |partition| {
                    policy(vec![
                        statement("Allow", json!({"Principal": "*"})),
                        statement("Deny", json!({"Principal": {"AWS": arn(partition)}})),
                    ])
                };
                for (old_policy, new_policy) in
                    [(allowed(old), allowed(new)), (denied(old), denied(new))]
                {
                    let case =
                        json!({"id": "pair", "kind": kind, "old": old_policy, "new": new_policy});
                    let output = answer(&case);
                    assert_eq!(output.new_access, Some(old != new), "{case} {output:?}");
                    assert_eq!(output.lost, Some(old != new), "{case} {output:?}");
                }
            }
        }
    }
}

/// A key that comes only where another one is true (IAM user guide, "AWS global condition context keys";
/// S3 user guide, "Amazon S3 condition keys", 2026-09).
#[test]
fn keys_that_come_together_are_known() {
    let policy = |kind: &str, condition: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition});
        if kind == "resource" {
            statement["Principal"] = json!("*");
        }
        json!({"Version": "2012-10-17", "Statement": statement})
    };
    for (key, only_with) in [
        ("aws:CalledVia", "aws:ViaAWSService"),
        ("aws:CalledViaFirst", "aws:ViaAWSService"),
        ("aws:CalledViaLast", "aws:ViaAWSService"),
        ("aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent"),
        ("s3:TlsVersion", "aws:SecureTransport"),
    ] {
        let there = json!({"Null": {key: "false"}});
        let absent = json!({"Null": {key: "true"}});
        let is_true = json!({"Bool": {only_with: "true"}});
        let is_false = json!({"Bool": {only_with: "false"}});
        let there_and_true = json!({"Null": {key: "false"}, "Bool": {only_with: "true"}});
        let there_and_false = json!({"Null": {key: "false"}, "Bool": {only_with: "false"}});
        // Old, new, and whether something is gained and lost.
        let table = [
            (&is_true, &there, false, true),
            (&there, &is_true, true, false),
            (&there, &there_and_true, false, false),
            (&there_and_true, &there, false, false),
            (&absent, &is_false, false, true),
            (&is_false, &absent, true, false),
            (&is_false, &there, true, true),
            (&there, &there_and_false, false, true),
            (&is_false, &there_and_false, false, true),
        ];
        for (old, new, gained, lost) in table {
            for kind in ["resource", "identity"] {
                let case = json!({"id": "pair", "kind": kind,
                    "old": policy(kind, old.clone()), "new": policy(kind, new.clone())});
                let output = answer(&case);
                assert_eq!(output.new_access, Some(gained), "{case} {output:?}");
                assert_eq!(output.lost, Some(lost), "{case} {output:?}");
            }
        }
    }
}
