//! Whether access logs arrive: every condition S3 sets on the target (S3 user guide, "Enabling Amazon
//! S3 server access logging"), one at a time, from a target that can take them.

use coldbucket::inventory::Reading;
use coldbucket::inventory::account::{AccountInventory, Listing};
use coldbucket::inventory::bucket::{BucketInventory, Encryption, Logging, ObjectLock, Versioning};
use coldbucket::inventory::target::{BucketHead, TargetInventory};
use serde_json::{Value, json};

use crate::support::{
    BUCKET, OWNER, account, acl, bucket_facts_in, denied, logging, open_bucket, ownership, policy,
    quiet_bucket,
};

/// The statement of AWS's guide.
fn allow() -> Value {
    json!({
        "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/logs/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"},
            "StringEquals": {"aws:SourceAccount": OWNER},
        },
    })
}

fn target() -> BucketInventory {
    BucketInventory {
        policy: policy(&json!([allow()])),
        request_payment: Reading::Known("BucketOwner".into()),
        ..quiet_bucket()
    }
}

fn in_account(target: &BucketInventory) -> AccountInventory {
    let source = BucketInventory {
        logging: logging("logs"),
        ..quiet_bucket()
    };
    account(&[(BUCKET, &source), ("logs", target)])
}

/// What keeps the log of `b` from this target.
fn problem(target: &BucketInventory) -> String {
    let facts = bucket_facts_in(in_account(target), BUCKET).logging;
    assert_eq!(
        facts.deliverable.known().copied(),
        facts.problem.known().map(String::is_empty)
    );
    facts.problem.known().cloned().unwrap_or_else(|| {
        let because: Vec<String> = facts
            .problem
            .because()
            .iter()
            .map(|because| format!("{}{}", because.action, because.detail))
            .collect();
        format!("unknown: {}", because.join(", "))
    })
}

fn problem_of_policy(statements: &Value) -> String {
    problem(&BucketInventory {
        policy: policy(statements),
        ..target()
    })
}

/// The allowed statement with one condition or element changed.
fn allow_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut statement = allow();
    change(&mut statement);
    json!([statement])
}

#[test]
fn a_target_as_the_guide_wants_it_takes_the_log() {
    assert_eq!(problem(&target()), "");
}

#[test]
fn what_the_target_must_be() {
    let kms = Encryption {
        algorithm: Some("aws:kms".into()),
        ..Encryption::default()
    };
    let versioned = Versioning {
        status: Some("Enabled".into()),
        mfa_delete: None,
    };
    let lock = |mode: Option<&str>| {
        Reading::Known(ObjectLock {
            enabled: true,
            default_mode: mode.map(str::to_owned),
            default_days: mode.map(|_| 30),
        })
    };
    let locked = |mode| BucketInventory {
        versioning: Reading::Known(versioned.clone()),
        object_lock: lock(mode),
        ..target()
    };
    let cases = [
        (
            BucketInventory {
                region: Some("us-east-1".into()),
                ..target()
            },
            "bucket logs is in us-east-1",
        ),
        (
            BucketInventory {
                encryption: Reading::Known(kms),
                ..target()
            },
            "bucket logs encrypts with aws:kms by default, and logs are only delivered under SSE-S3",
        ),
        // No default at all is SSE-S3.
        (
            BucketInventory {
                encryption: Reading::Absent,
                ..target()
            },
            "",
        ),
        (
            locked(Some("GOVERNANCE")),
            "bucket logs has a default retention period (Object Lock)",
        ),
        (locked(None), ""),
        (
            BucketInventory {
                request_payment: Reading::Known("Requester".into()),
                ..target()
            },
            "bucket logs is Requester Pays",
        ),
    ];
    for (target, expected) in cases {
        assert_eq!(problem(&target), expected);
    }
}

#[test]
fn two_problems_are_told_together() {
    let target = BucketInventory {
        region: Some("us-east-1".into()),
        request_payment: Reading::Known("Requester".into()),
        ..target()
    };
    assert_eq!(
        problem(&target),
        "bucket logs is in us-east-1, and it is Requester Pays"
    );
}

const NOBODY: &str =
    "bucket logs lets logging.s3.amazonaws.com write neither by its policy nor by its ACL";
const DENIED: &str = "bucket logs keeps logging.s3.amazonaws.com out by a Deny of its policy";

#[test]
fn the_policy_must_match_the_delivery() {
    let cases: [(&str, Value, &str); 12] = [
        ("as the guide has it", json!([allow()]), ""),
        (
            "nothing about logs",
            json!([{"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}]),
            NOBODY,
        ),
        (
            "another prefix",
            allow_with(|s| s["Resource"] = json!("arn:aws:s3:::logs/other/*")),
            NOBODY,
        ),
        (
            "the bucket and not its objects",
            allow_with(|s| s["Resource"] = json!("arn:aws:s3:::logs")),
            NOBODY,
        ),
        (
            "another source",
            allow_with(|s| s["Condition"]["ArnLike"]["aws:SourceArn"] = json!("arn:aws:s3:::c")),
            NOBODY,
        ),
        (
            "another account",
            allow_with(|s| {
                s["Condition"]["StringEquals"]["aws:SourceAccount"] = json!("222222222222");
            }),
            NOBODY,
        ),
        (
            "another action",
            allow_with(|s| s["Action"] = json!("s3:GetObject")),
            NOBODY,
        ),
        (
            "the service of another log",
            allow_with(|s| s["Principal"]["Service"] = json!("delivery.logs.amazonaws.com")),
            NOBODY,
        ),
        // Plain HTTP is denied: the delivery does not come over it.
        (
            "the usual Deny of plain HTTP",
            json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]),
            "",
        ),
        // A service's own request comes from no VPC endpoint, and a negated operator matches then.
        (
            "a Deny of everything from outside a VPC endpoint",
            json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}]),
            DENIED,
        ),
        (
            "the same with services of AWS let off",
            json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"},
                              "Bool": {"aws:PrincipalIsAWSService": "false"}}}]),
            "",
        ),
        (
            "a Deny of everything",
            json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}]),
            DENIED,
        ),
    ];
    for (what, statements, expected) in cases {
        assert_eq!(problem_of_policy(&statements), expected, "{what}");
    }
}

#[test]
fn what_the_delivery_carries_besides_is_not_documented() {
    let deny = |condition: Value| {
        json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*",
            "Condition": condition}])
    };
    for condition in [
        // The key may be absent, and IfExists matches then.
        json!({"BoolIfExists": {"aws:SecureTransport": "false"}}),
        json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}),
        json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ] {
        let said = problem_of_policy(&deny(condition.clone()));
        assert!(
            said.starts_with("unknown: the policy of bucket logs tests"),
            "{condition}: {said}"
        );
    }
    // An Allow that nothing else gives hangs on it just so.
    let allowed = allow_with(|s| {
        s["Condition"]["StringEquals"]["s3:x-amz-acl"] = json!("bucket-owner-full-control");
    });
    assert!(problem_of_policy(&allowed).starts_with("unknown: "));
    // Where another statement decides, it does not matter.
    assert_eq!(problem_of_policy(&json!([allow(), allowed[0]])), "");
}

#[test]
fn the_acl_opens_the_way_while_acls_are_on() {
    let by_acl = BucketInventory {
        policy: Reading::Absent,
        acl: acl(&[("LogDelivery", "WRITE"), ("LogDelivery", "READ_ACP")]),
        request_payment: Reading::Known("BucketOwner".into()),
        ..open_bucket()
    };
    assert_eq!(problem(&by_acl), "");
    let enforced = BucketInventory {
        ownership: ownership("BucketOwnerEnforced"),
        ..by_acl.clone()
    };
    assert_eq!(problem(&enforced), NOBODY);
    let read_only = BucketInventory {
        acl: acl(&[("LogDelivery", "READ_ACP")]),
        ..by_acl.clone()
    };
    assert_eq!(problem(&read_only), NOBODY);
    let denied = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
        ])),
        ..by_acl
    };
    assert_eq!(problem(&denied), DENIED);
}

#[test]
fn the_partitioned_key_format_has_the_bucket_in_the_key() {
    let target = BucketInventory {
        policy: policy(&allow_with(|s| {
            s["Resource"] = json!("arn:aws:s3:::logs/logs/111111111111/eu-west-1/b/*");
        })),
        ..target()
    };
    let problem = |format: Option<&str>| {
        let source = BucketInventory {
            logging: Reading::Known(Logging {
                target_bucket: "logs".into(),
                target_prefix: "logs/".into(),
                key_format: format.map(str::to_owned),
            }),
            ..quiet_bucket()
        };
        bucket_facts_in(account(&[(BUCKET, &source), ("logs", &target)]), BUCKET)
            .logging
            .problem
            .known()
            .cloned()
    };
    assert_eq!(problem(Some("partitioned")).as_deref(), Some(""));
    assert_eq!(problem(None).as_deref(), Some(NOBODY));
}

#[test]
fn a_target_that_is_not_there_or_not_ours() {
    let problem = |head: Reading<BucketHead>, listed: Option<bool>| {
        let source = BucketInventory {
            logging: logging("logs"),
            ..quiet_bucket()
        };
        let account = AccountInventory {
            targets: [("logs".to_owned(), TargetInventory { listed, head })].into(),
            ..account(&[(BUCKET, &source)])
        };
        bucket_facts_in(account, BUCKET).logging.problem.clone()
    };
    assert_eq!(
        problem(Reading::Absent, Some(false)).known().unwrap(),
        "there is no bucket logs"
    );
    // S3 refuses to say whether it is there; but it is none of ours.
    assert_eq!(
        problem(denied("s3:ListBucket"), Some(false))
            .known()
            .unwrap(),
        "bucket logs is not one of this account"
    );
    let unknown = problem(denied("s3:ListBucket"), None);
    assert!(
        unknown
            .because()
            .iter()
            .any(|because| because.action == "s3:ListBucket")
    );
}

/// One condition that is known not to hold decides, whatever was refused.
#[test]
fn what_was_refused_does_not_matter_beside_what_is_wrong() {
    let target = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        request_payment: Reading::Known("Requester".into()),
        ..target()
    };
    assert_eq!(problem(&target), "bucket logs is Requester Pays");
    let target = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        ..self::target()
    };
    assert_eq!(problem(&target), "unknown: s3:GetBucketPolicyAccessDenied");
}

#[test]
fn logging_that_is_off_has_no_problem() {
    let facts = bucket_facts_in(account(&[(BUCKET, &quiet_bucket())]), BUCKET).logging;
    assert_eq!(facts.problem.known().unwrap(), "");
    assert_eq!(facts.circle.known().unwrap(), &[] as &[String]);
}

#[test]
fn circles_of_deliveries() {
    let to = |target: &str| BucketInventory {
        logging: logging(target),
        ..quiet_bucket()
    };
    let off = quiet_bucket();
    let circle = |buckets: &[(&str, &BucketInventory)]| {
        bucket_facts_in(account(buckets), "a")
            .logging
            .circle
            .known()
            .cloned()
    };
    let (a, b, c) = (to("a"), to("b"), to("c"));
    // To itself is another finding, and a target that is not logged ends the way.
    assert_eq!(circle(&[("a", &a)]), Some(vec![]));
    assert_eq!(circle(&[("a", &b), ("b", &off)]), Some(vec![]));
    assert_eq!(circle(&[("a", &b), ("b", &a)]), Some(vec!["b".into()]));
    assert_eq!(
        circle(&[("a", &b), ("b", &c), ("c", &a)]),
        Some(vec!["b".into(), "c".into()])
    );
    // A circle that it feeds and is not part of.
    assert_eq!(circle(&[("a", &b), ("b", &c), ("c", &b)]), Some(vec![]));
    let unread = BucketInventory {
        logging: denied("s3:GetBucketLogging"),
        ..quiet_bucket()
    };
    assert_eq!(circle(&[("a", &b), ("b", &unread)]), None);
}

#[test]
fn files_under_one_prefix() {
    let to = |prefix: &str, format: Option<&str>| BucketInventory {
        logging: Reading::Known(Logging {
            target_bucket: "logs".into(),
            target_prefix: prefix.into(),
            key_format: format.map(str::to_owned),
        }),
        ..quiet_bucket()
    };
    let (plain, other) = (to("x/", None), to("y/", None));
    let partitioned = to("x/", Some("partitioned"));
    let buckets = [
        ("a", &plain),
        ("b", &plain),
        ("c", &other),
        ("d", &partitioned),
    ];
    let shared = |name| {
        let account = AccountInventory {
            bucket_listing: Reading::Known(Listing { complete: true }),
            ..account(&buckets)
        };
        bucket_facts_in(account, name)
            .logging
            .shares_prefix_with
            .known()
            .cloned()
            .unwrap()
    };
    assert_eq!(shared("a"), ["b"]);
    assert_eq!(shared("c"), [] as [&str; 0]);
    assert_eq!(shared("d"), [] as [&str; 0]);
}
