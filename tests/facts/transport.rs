//! Plain HTTP: which Deny statements keep it out.

use coldbucket::inventory::Reading;
use coldbucket::inventory::bucket::BucketInventory;
use serde_json::{Value, json};

use crate::support::{OWNER, bucket_facts, policy, quiet_bucket};

fn reachable(statements: &Value) -> Option<bool> {
    reachable_with(policy(statements)).0
}

fn reachable_with(policy: Reading<String>) -> (Option<bool>, String) {
    let facts = bucket_facts(&BucketInventory {
        policy,
        ..quiet_bucket()
    });
    (
        facts.transport.plain_http_reachable.known().copied(),
        facts
            .transport
            .weakness
            .known()
            .cloned()
            .unwrap_or_default(),
    )
}

fn deny() -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut statement = deny();
    statement[member] = value;
    statement
}

fn without(member: &str, other: &str, value: Value) -> Value {
    let mut statement = deny();
    statement.as_object_mut().unwrap().remove(member);
    statement[other] = value;
    statement
}

const ADMIN: &str = "arn:aws:iam::111111111111:role/admin";

/// The eleven variants on which a well-known scanner is wrong ten times.
#[test]
fn the_eleven_variants() {
    let cases = [
        ("correct", deny(), false),
        (
            "principal is one role",
            with("Principal", json!({"AWS": ADMIN})),
            true,
        ),
        (
            "resource is one prefix",
            with("Resource", json!("arn:aws:s3:::b/logs/*")),
            true,
        ),
        (
            "action GetObjectTor*",
            with("Action", json!("s3:GetObjectTor*")),
            true,
        ),
        (
            "action PutObjectAcl",
            with("Action", json!("s3:PutObjectAcl")),
            true,
        ),
        (
            "extra condition",
            with(
                "Condition",
                json!({
                    "Bool": {"aws:SecureTransport": "false"},
                    "StringNotEquals": {"aws:PrincipalArn": ADMIN},
                }),
            ),
            true,
        ),
        (
            "BoolIfExists",
            with(
                "Condition",
                json!({"BoolIfExists": {"aws:SecureTransport": "false"}}),
            ),
            false,
        ),
        (
            "JSON false",
            with("Condition", json!({"Bool": {"aws:SecureTransport": false}})),
            false,
        ),
        (
            "list",
            with(
                "Condition",
                json!({"Bool": {"aws:SecureTransport": ["false"]}}),
            ),
            false,
        ),
        (
            "lower-case key",
            with(
                "Condition",
                json!({"bool": {"aws:securetransport": "FALSE"}}),
            ),
            false,
        ),
        (
            "NotAction",
            without("Action", "NotAction", json!("iam:*")),
            false,
        ),
    ];
    for (name, statement, expected) in cases {
        assert_eq!(reachable(&json!([statement])), Some(expected), "{name}");
    }
}

#[test]
fn forms_that_cover_everything() {
    let cases = [
        ("AWS star", with("Principal", json!({"AWS": "*"}))),
        (
            "AWS list with star",
            with("Principal", json!({"AWS": [ADMIN, "*"]})),
        ),
        ("action star", with("Action", json!("*"))),
        ("action in another case", with("Action", json!("S3:*"))),
        ("resource star", with("Resource", json!("*"))),
        ("resource b*", with("Resource", json!("arn:aws:s3:::b*"))),
        (
            "NotResource elsewhere",
            without("Resource", "NotResource", json!("arn:aws:s3:::other/*")),
        ),
        (
            "both values",
            with(
                "Condition",
                json!({"Bool": {"aws:SecureTransport": ["true", "false"]}}),
            ),
        ),
        ("no condition at all", with("Condition", json!({}))),
        (
            "ForAnyValue",
            with(
                "Condition",
                json!({"ForAnyValue:Bool": {"aws:SecureTransport": "false"}}),
            ),
        ),
    ];
    for (name, statement) in cases {
        assert_eq!(reachable(&json!([statement])), Some(false), "{name}");
    }
    assert_eq!(
        reachable(&deny()),
        Some(false),
        "one statement, not in a list"
    );
}

#[test]
fn forms_that_leave_something() {
    let cases = [
        (
            "NotPrincipal",
            without(
                "Principal",
                "NotPrincipal",
                json!({"AWS": [OWNER, "arn:aws:iam::111111111111:user/admin"]}),
            ),
        ),
        (
            "NotPrincipal account",
            without("Principal", "NotPrincipal", json!({"AWS": OWNER})),
        ),
        ("objects only", with("Resource", json!("arn:aws:s3:::b/*"))),
        ("bucket only", with("Resource", json!("arn:aws:s3:::b"))),
        (
            "another bucket",
            with("Resource", json!(["arn:aws:s3:::c", "arn:aws:s3:::c/*"])),
        ),
        (
            "NotAction of S3",
            without("Action", "NotAction", json!("s3:GetObject")),
        ),
        (
            "NotResource inside",
            without("Resource", "NotResource", json!("arn:aws:s3:::b/public/*")),
        ),
        ("get only", with("Action", json!(["s3:Get*", "s3:List*"]))),
        (
            "HTTPS denied",
            with(
                "Condition",
                json!({"Bool": {"aws:SecureTransport": "true"}}),
            ),
        ),
        (
            "TLS version",
            with(
                "Condition",
                json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            ),
        ),
        (
            "TLS version besides",
            with(
                "Condition",
                json!({
                    "Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:TlsVersion": 1.2},
                }),
            ),
        ),
        (
            "except from a network",
            with(
                "Condition",
                json!({
                    "Bool": {"aws:SecureTransport": "false"},
                    "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                }),
            ),
        ),
        (
            "except through an endpoint",
            with(
                "Condition",
                json!({
                    "Bool": {"aws:SecureTransport": "false"},
                    "StringNotEquals": {"aws:SourceVpce": "vpce-1"},
                }),
            ),
        ),
        (
            "allow over TLS",
            json!({
                "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }),
        ),
    ];
    for (name, statement) in cases {
        let (found, weakness) = reachable_with(policy(&json!([statement])));
        assert_eq!(found, Some(true), "{name}");
        assert!(!weakness.is_empty(), "{name}");
    }
}

/// A Deny that spares AWS services spares nobody where no statement lets a service in.
#[test]
fn except_for_services() {
    let spares = with(
        "Condition",
        json!({"Bool": {"aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false"}}),
    );
    let service = json!({
        "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
    });
    assert_eq!(reachable(&json!([spares])), Some(false));
    assert_eq!(reachable(&json!([spares, service])), Some(true));
}

/// A caller is its account, its role and its session at once; whom a list of only one of them leaves
/// out is not documented.
#[test]
fn a_not_principal_that_lists_half_of_a_caller() {
    let half = without("Principal", "NotPrincipal", json!({"AWS": ADMIN}));
    assert_eq!(reachable(&json!([half])), None);
}

#[test]
fn unions_of_statements() {
    let objects = with("Resource", json!("arn:aws:s3:::b/*"));
    let bucket = with("Resource", json!("arn:aws:s3:::b"));
    assert_eq!(reachable(&json!([objects, bucket])), Some(false));
    assert_eq!(reachable(&json!([objects, objects])), Some(true));

    let mut reads = with("Action", json!(["s3:Get*", "s3:List*"]));
    reads["Condition"] = json!({"Bool": {"aws:SecureTransport": false}});
    let rest = without("Action", "NotAction", json!(["s3:Get*", "s3:List*"]));
    assert_eq!(reachable(&json!([reads, rest])), Some(false));

    // HTTPS is denied besides: nobody gets in, and plain HTTP does not either.
    let https = with(
        "Condition",
        json!({"Bool": {"aws:SecureTransport": "true"}}),
    );
    assert_eq!(reachable(&json!([deny(), https])), Some(false));
}

#[test]
fn weaknesses_name_what_is_left_open() {
    let weakness = |statement: Value| reachable_with(policy(&json!([statement]))).1;
    let cases = [
        (
            with("Principal", json!({"AWS": ADMIN})),
            "denies only the principals it names",
        ),
        (
            without(
                "Principal",
                "NotPrincipal",
                json!({"AWS": [OWNER, "arn:aws:iam::111111111111:user/admin"]}),
            ),
            "exempts the principals",
        ),
        (
            with("Resource", json!("arn:aws:s3:::b/*")),
            "does not cover the bucket itself",
        ),
        (
            with("Resource", json!("arn:aws:s3:::b")),
            "does not cover all objects",
        ),
        (with("Action", json!("s3:Get*")), "leaves out"),
        (
            with(
                "Condition",
                json!({"Bool": {"aws:SecureTransport": "true"}}),
            ),
            "tests aws:SecureTransport for true",
        ),
    ];
    for (statement, expected) in cases {
        let found = weakness(statement);
        assert!(found.contains(expected), "{found}");
    }
    assert_eq!(weakness(deny()), "");
    let (found, text) = reachable_with(Reading::Absent);
    assert_eq!(found, Some(true));
    assert!(text.contains("there is no bucket policy"));
}

#[test]
fn a_policy_that_cannot_be_read_decides_nothing() {
    for text in ["", "{", "[]", r#"{"Statement":[{"Effect":"Deny"}]}"#] {
        assert_eq!(
            reachable_with(Reading::Known(text.into())).0,
            None,
            "{text}"
        );
    }
}
