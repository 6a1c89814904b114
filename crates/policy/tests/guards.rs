//! What a policy guards against, asked of the prover: signatures, TLS, lock-out of the owner, uploads
//! without a header, services without a source, named parties.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should stop loudly"
)]

use coldbucket_policy::contract::Reach;
use coldbucket_policy::prove::{
    Case, EncryptionHeaders, LONGEST_SIGNATURE_MS, LongestSignature, Prover, Question,
    UNNAMED_SERVICE, service_grants,
};
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

const OWNER: &str = "111111111111";

fn case(policy: &Policy) -> Case<'_> {
    Case {
        now: Some(1_795_305_600.0),
        ..Case::new("b", OWNER, Some(policy))
    }
}

fn refused(policy: &Policy, question: &Question, actions: &[&str]) -> Option<bool> {
    match Prover::new(&case(policy))
        .only(actions)
        .answer(question)
        .verdict
    {
        Reach::Unknown => None,
        verdict => Some(verdict == Reach::Unreachable),
    }
}

fn longest_signature(policy: &Policy) -> Option<u64> {
    let actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    match Prover::new(&case(policy))
        .only(&actions)
        .longest_signature()
    {
        LongestSignature::Ms(age) => Some(age),
        LongestSignature::Unknown => None,
    }
}

fn refuses_sigv2(policy: &Policy) -> Option<bool> {
    refused(policy, &Question::SigV2, &["s3:GetObject", "s3:PutObject"])
}

fn refuses_tls_1_2(policy: &Policy) -> Option<bool> {
    refused(
        policy,
        &Question::TlsBelow("1.3".to_owned()),
        &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:ListBucket",
        ],
    )
}

fn locks_out(policy: &Policy) -> Option<bool> {
    refused(
        policy,
        &Question::OwnerIdentities,
        &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    )
}

fn refuses_default_uploads(policy: &Policy, default: &str, key: &str) -> bool {
    let upload = |algorithm: Option<&str>, key: Option<&str>| {
        let headers = EncryptionHeaders {
            algorithm: algorithm.map(str::to_owned),
            kms_key: key.map(str::to_owned),
        };
        refused(policy, &Question::Upload(headers), &["s3:PutObject"]).unwrap()
    };
    upload(None, None) && !upload(Some(default), Some(key).filter(|key| !key.is_empty()))
}

const BUCKET: &str = "arn:aws:s3:::b";

fn policy(statements: Value) -> Policy {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&text, PolicyKind::Resource);
    assert!(policy.is_sound(), "{:?}", policy.defects);
    policy
}

fn deny(condition: Value) -> Policy {
    policy(json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [BUCKET, format!("{BUCKET}/*")], "Condition": condition,
    }]))
}

/// A policy that says nothing of signatures.
fn silent() -> Policy {
    policy(json!([{
        "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:GetObject",
        "Resource": format!("{BUCKET}/*"),
    }]))
}

#[test]
fn the_age_of_a_signature_is_in_milliseconds() {
    let longest = |condition| longest_signature(&deny(condition));
    let week = Some(LONGEST_SIGNATURE_MS);
    assert_eq!(
        longest(json!({"NumericGreaterThan": {"s3:signatureAge": "600000"}})),
        Some(600_000)
    );
    assert_eq!(
        longest(json!({"NumericGreaterThan": {"s3:SIGNATUREAGE": [900_000, 600_000]}})),
        Some(600_000)
    );
    // Longer than a signature can live, and the wrong way round.
    assert_eq!(
        longest(json!({"NumericGreaterThan": {"s3:signatureAge": 864_000_000}})),
        week
    );
    assert_eq!(
        longest(json!({"NumericLessThan": {"s3:signatureAge": 600_000}})),
        week
    );
    // Nothing about signatures at all.
    assert_eq!(
        longest(json!({"Bool": {"aws:SecureTransport": "false"}})),
        week
    );
    assert_eq!(longest_signature(&silent()), week);
    // Callers of other organizations are left out.
    assert_eq!(
        longest(json!({"NumericGreaterThan": {"s3:signatureAge": 600_000},
            "StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        week
    );
}

#[test]
fn only_the_upper_case_words_refuse_an_authentication_type() {
    let longest = |condition| longest_signature(&deny(condition));
    let week = Some(LONGEST_SIGNATURE_MS);
    // POST forms are left open.
    assert_eq!(
        longest(json!({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})),
        week
    );
    assert_eq!(
        longest(json!({"StringEquals": {"s3:authType": ["REST-QUERY-STRING", "POST"]}})),
        Some(0)
    );
    assert_eq!(
        longest(json!({"StringNotEquals": {"s3:authType": "REST-HEADER"}})),
        Some(0)
    );
    // AWS's own example, which is spelt unlike the values.
    assert_eq!(
        longest(json!({"StringEquals": {"s3:authType": ["REST-query-string", "POST"]}})),
        week
    );
    assert_eq!(
        longest(json!({"StringEqualsIgnoreCase": {"s3:authType": ["REST-query-string", "post"]}})),
        Some(0)
    );
    // Old URLs are refused, old forms are not.
    assert_eq!(
        longest(json!({"StringEquals": {"s3:authType": "REST-QUERY-STRING"},
            "NumericGreaterThan": {"s3:signatureAge": 600_000}})),
        week
    );
}

#[test]
fn a_guard_for_one_prefix_or_one_principal_is_none() {
    let age = json!({"NumericGreaterThan": {"s3:signatureAge": 600_000}});
    for (principal, resource) in [
        (json!("*"), "arn:aws:s3:::b/private/*"),
        (
            json!({"AWS": "arn:aws:iam::111111111111:role/r"}),
            "arn:aws:s3:::b/*",
        ),
    ] {
        let policy = policy(
            json!([{"Effect": "Deny", "Principal": principal, "Action": "s3:*",
            "Resource": resource, "Condition": age}]),
        );
        assert_eq!(longest_signature(&policy), Some(LONGEST_SIGNATURE_MS));
    }
}

#[test]
fn signature_version_two_is_the_value_aws() {
    let refuses = |condition| refuses_sigv2(&deny(condition));
    assert_eq!(
        refuses(json!({"StringEquals": {"s3:signatureversion": "AWS"}})),
        Some(true)
    );
    assert_eq!(
        refuses(json!({"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}})),
        Some(true)
    );
    assert_eq!(
        refuses(json!({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}})),
        Some(false)
    );
    assert_eq!(refuses_sigv2(&silent()), Some(false));
}

#[test]
fn the_lowest_tls_version() {
    let refuses = |condition| refuses_tls_1_2(&deny(condition));
    assert_eq!(
        refuses(json!({"NumericLessThan": {"s3:TlsVersion": 1.3}})),
        Some(true)
    );
    assert_eq!(
        refuses(json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
        Some(false)
    );
    assert_eq!(
        refuses(json!({"NumericLessThanEquals": {"s3:TlsVersion": "1.2"}})),
        Some(true)
    );
    // Objects only: listing is left out.
    let objects_only = policy(
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:::b/*", "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.3}}}]),
    );
    assert_eq!(refuses_tls_1_2(&objects_only), Some(false));
    for condition in [
        json!({"NumericLessThan": {"s3:TlsVersion": 1.3}, "Bool": {"aws:SecureTransport": true}}),
        json!({"NumericNotEquals": {"s3:TlsVersion": "1.3"}}),
        json!({"NumericEquals": {"s3:TlsVersion": "1.2"}}),
        json!({"StringNotEquals": {"s3:TlsVersion": "1.3"}}),
    ] {
        assert_eq!(refuses(condition.clone()), Some(true), "{condition}");
    }
    assert_eq!(
        refuses(json!({"NumericEquals": {"s3:TlsVersion": "1.3"}})),
        Some(false)
    );
}

#[test]
fn what_is_refused_without_condition_is_refused_in_every_form() {
    let all = policy(json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [BUCKET, format!("{BUCKET}/*")],
    }]));
    assert_eq!(longest_signature(&all), Some(0));
    assert_eq!(refuses_sigv2(&all), Some(true));
    assert_eq!(refuses_tls_1_2(&all), Some(true));
    // Uploads alone: reading is left open.
    let uploads = policy(json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": format!("{BUCKET}/*"),
    }]));
    assert_eq!(longest_signature(&uploads), Some(LONGEST_SIGNATURE_MS));
    assert_eq!(refuses_sigv2(&uploads), Some(false));
}

#[test]
fn denies_that_lock_the_owner_out() {
    let all = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, "arn:aws:s3:::b/*"]});
    let with = |member: &str, value: Value| {
        let mut statement = all.clone();
        statement[member] = value;
        statement
    };
    let only_if = |condition: Value| with("Condition", condition);
    for statements in [
        json!([all]),
        json!([with("Principal", json!({"AWS": OWNER}))]),
        json!([with("Action", json!(["s3:*BucketPolicy"]))]),
        // Two statements together.
        json!([
            with("Action", json!("s3:PutBucketPolicy")),
            with("Action", json!("s3:DeleteBucketPolicy"))
        ]),
        // An endpoint and an address exclude each other.
        json!([
            only_if(json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})),
            only_if(json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
        ]),
        // The exemption is for a role of another account, for the root user, for no address.
        json!([only_if(
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/r"}})
        )]),
        json!([only_if(
            json!({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:root"}})
        )]),
        json!([only_if(
            json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}})
        )]),
        // From a day on that is past.
        json!([only_if(
            json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
        )]),
    ] {
        assert_eq!(
            locks_out(&policy(statements.clone())),
            Some(true),
            "{statements}"
        );
    }
    for statements in [
        // The policy can still be deleted; only objects are denied; other callers are.
        json!([with("Action", json!("s3:PutBucketPolicy"))]),
        json!([with("Resource", json!("arn:aws:s3:::b/*"))]),
        json!([with("Principal", json!({"AWS": "222222222222"}))]),
        // Through an endpoint, from a network, as a role, from a day on that is to come.
        json!([only_if(
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
        )]),
        json!([only_if(
            json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
        )]),
        json!([only_if(
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/admin"}})
        )]),
        json!([only_if(
            json!({"DateGreaterThan": {"aws:CurrentTime": "2036-01-01T00:00:00Z"}})
        )]),
        json!([only_if(json!({"Bool": {"aws:SecureTransport": "false"}}))]),
    ] {
        assert_eq!(
            locks_out(&policy(statements.clone())),
            Some(false),
            "{statements}"
        );
    }
    // Whether a NotPrincipal that lists the role alone leaves its sessions out is not documented.
    let mut exempt = all.clone();
    exempt.as_object_mut().unwrap().remove("Principal");
    exempt["NotPrincipal"] = json!({"AWS": "arn:aws:iam::111111111111:role/admin"});
    assert_eq!(locks_out(&policy(json!([exempt]))), None);
}

#[test]
fn headers_that_the_default_would_make_up_for() {
    let refused = |condition: Value, default: &str, key: &str| {
        let policy = policy(
            json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}]),
        );
        refuses_default_uploads(&policy, default, key)
    };
    let header = "s3:x-amz-server-side-encryption";
    let not_kms = json!({"StringNotEquals": {header: "aws:kms"}});
    assert!(refused(not_kms.clone(), "aws:kms", ""));
    // The default would not do what is demanded.
    assert!(!refused(not_kms.clone(), "AES256", ""));
    assert!(refused(json!({"Null": {header: "true"}}), "AES256", ""));
    // With IfExists and for all values of none, a negated operator holds as well.
    for operator in ["StringNotEqualsIfExists", "ForAllValues:StringNotEquals"] {
        assert!(refused(
            json!({operator: {header: "aws:kms"}}),
            "aws:kms",
            ""
        ));
    }
    // Written well: an upload without a header is let through.
    assert!(!refused(
        json!({"StringNotEquals": {header: "aws:kms"}, "Null": {header: "false"}}),
        "aws:kms",
        ""
    ));
    let key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/k";
    assert!(refused(
        json!({"StringNotEquals": {key: arn}}),
        "aws:kms",
        arn
    ));
    assert!(!refused(
        json!({"StringNotEquals": {key: arn}}),
        "aws:kms",
        "other"
    ));
    assert!(refused(
        json!({"StringNotEqualsIfExists": {key: arn}}),
        "aws:kms",
        arn
    ));
    // Only some callers need the header.
    assert!(!refused(
        json!({"StringNotEquals": {header: "aws:kms"}, "StringEquals": {"aws:PrincipalAccount": "222222222222"}}),
        "aws:kms",
        ""
    ));
}

#[test]
fn what_holds_a_service_to_somebody() {
    let scoped = |condition: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        let policy = policy(json!([statement]));
        let found = service_grants(&case(&policy));
        assert_eq!(found.len(), 1);
        found[0].scoped.unwrap()
    };
    assert!(!scoped(Value::Null));
    assert!(scoped(
        json!({"StringEquals": {"aws:SourceAccount": "111111111111"}})
    ));
    assert!(scoped(
        json!({"StringEquals": {"aws:SourceOrgID": "o-abc"}})
    ));
    assert!(scoped(
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111111111111:*"}})
    ));
    // No account in it; any account; absent keys; another key.
    assert!(!scoped(
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}})
    ));
    assert!(!scoped(
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}})
    ));
    assert!(!scoped(
        json!({"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}})
    ));
    assert!(!scoped(
        json!({"StringNotEquals": {"aws:SourceAccount": "222222222222"}})
    ));
    assert!(!scoped(
        json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
    ));
    // An ARN of S3 with the account beside it.
    assert!(scoped(
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"},
        "StringEquals": {"aws:SourceAccount": "111111111111"}})
    ));
}

#[test]
fn what_a_deny_does_to_services_counts() {
    let bound = policy(json!([
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, "arn:aws:s3:::b/*"],
         "Condition": {"StringNotEqualsIfExists": {"aws:SourceAccount": OWNER}, "Bool": {"aws:PrincipalIsAWSService": "true"}}},
    ]));
    assert_eq!(service_grants(&case(&bound))[0].scoped, Some(true));
    // Named by a condition alone.
    let by_condition = policy(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
         "Condition": {"StringEquals": {"aws:PrincipalServiceName": "cloudtrail.amazonaws.com"}}},
    ]));
    let found = service_grants(&case(&by_condition));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].service, "cloudtrail.amazonaws.com");
    assert_eq!(found[0].scoped, Some(false));
}

/// Conditions that let any service in and no other caller (IAM user guide, global condition keys).
#[test]
fn services_that_no_condition_names_are_one_grant() {
    let granted = |condition: Value| {
        let policy = policy(json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition},
        ]));
        service_grants(&case(&policy))
            .into_iter()
            .map(|grant| (grant.service, grant.scoped))
            .collect::<Vec<_>>()
    };
    let any = |scoped| vec![(UNNAMED_SERVICE.to_owned(), Some(scoped))];
    assert_eq!(
        granted(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}})),
        any(false)
    );
    assert_eq!(
        granted(json!({"StringLike": {"aws:PrincipalServiceName": "*.amazonaws.com"}})),
        any(false)
    );
    assert_eq!(
        granted(
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}, "StringEquals": {"aws:SourceAccount": OWNER}})
        ),
        any(true)
    );
    // A grant to the public is no grant to services.
    assert_eq!(
        granted(json!({"StringEquals": {"s3:x-amz-acl": "private"}})),
        []
    );
}

#[test]
fn parties_are_named_by_principals_conditions_and_exceptions() {
    let named = |statements: Value| -> Vec<String> {
        let policy = policy(statements);
        Prover::new(&case(&policy))
            .named_parties()
            .unwrap()
            .into_iter()
            .collect()
    };
    let read = |principal: Value, condition: Value| {
        json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::b/*", "Condition": condition})
    };
    let unless = |condition: Value| {
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
               "Resource": [BUCKET, "arn:aws:s3:::b/*"], "Condition": condition})
    };
    let everyone = || read(json!("*"), json!({}));
    for (condition, party) in [
        (
            json!({"StringNotEquals": {"aws:PrincipalAccount": "222222222222"}}),
            "222222222222",
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-aaaaaaaaaa"}}),
            "o-aaaaaaaaaa",
        ),
        (
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}),
            "222222222222",
        ),
    ] {
        assert_eq!(
            named(json!([everyone(), unless(condition.clone())])),
            [party],
            "{condition}"
        );
    }
    let not_principal = json!({"Effect": "Deny", "NotPrincipal": {"AWS": ["222222222222", "arn:aws:iam::222222222222:user/u"]},
        "Action": "s3:*", "Resource": [BUCKET, "arn:aws:s3:::b/*"]});
    assert_eq!(named(json!([everyone(), not_principal])), ["222222222222"]);
    // What is open to everyone names no one, a Deny takes a grant back, a network is no party.
    assert!(named(json!([everyone()])).is_empty());
    assert!(
        named(json!([
            read(json!({"AWS": "222222222222"}), json!({})),
            unless(json!({"StringNotEquals": {"aws:PrincipalAccount": OWNER}}))
        ]))
        .is_empty()
    );
    assert!(
        named(json!([read(
            json!("*"),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
        )]))
        .is_empty()
    );
    // A party that is named beside what is open to everyone is open to it as well.
    assert_eq!(
        named(json!([
            everyone(),
            read(json!({"AWS": "222222222222"}), json!({}))
        ])),
        ["222222222222"]
    );
}
