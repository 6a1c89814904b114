//! Encryption, logging, versioning and the posture line of a bucket.

use coldbucket::facts::bucket::BucketFacts;
use coldbucket::facts::{Fact, Facts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::bucket::{BucketInventory, Encryption, Versioning};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::report::{
    AccessLog, Acls, BlockPublicAccess, BucketPosture, DefaultEncryption, OtherAccounts, Reach,
};
use serde_json::{Value, json};

use crate::support::{
    BUCKET, account, acl, bucket_facts, bucket_facts_in, denied, failed, logging, open_bucket,
    ownership, policy, postures, quiet_bucket, snapshot,
};

fn encrypted(encryption: Reading<Encryption>) -> BucketFacts<'static> {
    bucket_facts(&BucketInventory {
        encryption,
        ..quiet_bucket()
    })
}

fn algorithm(name: &str, key: Option<&str>, bucket_key: Option<bool>) -> Reading<Encryption> {
    Reading::Known(Encryption {
        algorithm: Some(name.into()),
        kms_key: key.map(Into::into),
        bucket_key,
        blocked_encryption_types: None,
    })
}

#[test]
fn default_encryption() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/k";
    let cases = [
        (Reading::Absent, "sse-s3", false, "", false),
        (
            Reading::Known(Encryption::default()),
            "sse-s3",
            false,
            "",
            false,
        ),
        (
            algorithm("AES256", None, Some(true)),
            "sse-s3",
            false,
            "",
            false,
        ),
        (
            algorithm("aws:kms", None, None),
            "sse-kms",
            true,
            "aws/s3",
            false,
        ),
        (
            algorithm("aws:kms", Some(""), Some(false)),
            "sse-kms",
            true,
            "aws/s3",
            false,
        ),
        (
            algorithm("aws:kms", Some(arn), Some(true)),
            "sse-kms",
            true,
            arn,
            true,
        ),
        (
            algorithm("aws:kms:dsse", Some("alias/x"), None),
            "dsse-kms",
            true,
            "alias/x",
            false,
        ),
        (
            algorithm("aws:FSX", None, None),
            "aws:fsx",
            false,
            "",
            false,
        ),
    ];
    for (reading, default, kms, key, bucket_key) in cases {
        let facts = encrypted(reading.clone()).encryption;
        assert_eq!(facts.default, Fact::Known(default.into()), "{reading:?}");
        assert_eq!(facts.kms, Fact::Known(kms), "{reading:?}");
        assert_eq!(facts.key, Fact::Known(key.into()), "{reading:?}");
        assert_eq!(facts.bucket_key, Fact::Known(bucket_key), "{reading:?}");
    }
}

fn deny_sse_c() -> Value {
    json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
        "Condition": {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
    }])
}

#[test]
fn customer_keys_by_setting_and_policy() {
    let setting = |types: Option<&[&str]>| {
        Reading::Known(Encryption {
            blocked_encryption_types: types
                .map(|types| types.iter().map(|kind| (*kind).to_owned()).collect()),
            ..Encryption::default()
        })
    };
    let none = Reading::Absent;
    let deny = policy(&deny_sse_c());
    let other = policy(&json!([{
        "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*",
    }]));
    let refused = || denied("s3:GetBucketPolicy");
    let cases = [
        (setting(Some(&["SSE-C"])), none.clone(), Some("blocked")),
        (setting(Some(&["SSE-C"])), refused(), Some("blocked")),
        (setting(Some(&["NONE"])), none.clone(), Some("allowed")),
        (setting(Some(&["NONE"])), other.clone(), Some("allowed")),
        (setting(Some(&["NONE"])), deny.clone(), Some("blocked")),
        (setting(Some(&["NONE"])), refused(), None),
        (setting(None), none.clone(), None),
        (setting(None), deny.clone(), Some("blocked")),
        (Reading::Absent, none.clone(), None),
        (Reading::Absent, deny.clone(), Some("blocked")),
        (
            denied("s3:GetEncryptionConfiguration"),
            deny,
            Some("blocked"),
        ),
        (denied("s3:GetEncryptionConfiguration"), none, None),
    ];
    for (encryption, policy, expected) in cases {
        let facts = bucket_facts(&BucketInventory {
            encryption: encryption.clone(),
            policy: policy.clone(),
            ..quiet_bucket()
        });
        assert_eq!(
            facts.encryption.sse_c.known().map(String::as_str),
            expected,
            "{encryption:?} {policy:?}"
        );
    }
}

#[test]
fn which_statements_deny_customer_keys() {
    let header = "s3:x-amz-server-side-encryption-customer-algorithm";
    let sse_c = |member: &str, value: Value| {
        let mut statements = deny_sse_c();
        statements[0][member] = value;
        let facts = bucket_facts(&BucketInventory {
            policy: policy(&statements),
            encryption: Reading::Known(Encryption {
                blocked_encryption_types: Some(vec!["NONE".into()]),
                ..Encryption::default()
            }),
            ..quiet_bucket()
        });
        facts.encryption.sse_c.known().cloned()
    };
    let blocked = Some("blocked".to_owned());
    let allowed = Some("allowed".to_owned());
    assert_eq!(sse_c("Action", json!("s3:*")), blocked);
    assert_eq!(
        sse_c("Condition", json!({"StringEquals": {header: "AES256"}})),
        blocked
    );
    assert_eq!(
        sse_c("Condition", json!({"StringLike": {header: "*"}})),
        blocked
    );
    // A request that must name another encryption cannot bring its own key.
    assert_eq!(
        sse_c(
            "Condition",
            json!({"Null": {"s3:x-amz-server-side-encryption": "true"}})
        ),
        blocked
    );
    assert_eq!(
        sse_c("Condition", json!({"Null": {header: "true"}})),
        allowed
    );
    assert_eq!(sse_c("Resource", json!("arn:aws:s3:::b/in/*")), allowed);
    assert_eq!(sse_c("Principal", json!({"AWS": "222222222222"})), allowed);
    assert_eq!(sse_c("Effect", json!("Allow")), allowed);
    assert_eq!(
        sse_c(
            "Condition",
            json!({"Null": {header: "false"}, "Bool": {"aws:SecureTransport": "false"}})
        ),
        allowed
    );
}

#[test]
fn log_targets_by_policy_acl_and_siblings() {
    let grant = policy(&json!([{
        "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/logs/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
    }]));
    let other = policy(&json!([{
        "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
    }]));
    let everyone = policy(&json!([{
        "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
    }]));
    let target = |bucket: &BucketInventory| bucket_facts(bucket).logging.is_log_target.clone();
    let with_policy = |policy| BucketInventory {
        policy,
        ..quiet_bucket()
    };
    assert_eq!(target(&with_policy(grant)), Fact::Known(true));
    assert_eq!(target(&with_policy(other)), Fact::Known(false));
    assert_eq!(target(&with_policy(everyone)), Fact::Known(false));
    assert_eq!(target(&quiet_bucket()), Fact::Known(false));

    let delivery = BucketInventory {
        acl: acl(&[("LogDelivery", "WRITE"), ("LogDelivery", "READ_ACP")]),
        ..open_bucket()
    };
    assert_eq!(target(&delivery), Fact::Known(true));
    // ACLs off: the grant has no effect, deliveries fail.
    let off = BucketInventory {
        ownership: ownership("BucketOwnerEnforced"),
        ..delivery
    };
    assert_eq!(target(&off), Fact::Known(false));
    // Its own policy unread.
    let unread = with_policy(denied("s3:GetBucketPolicy"));
    assert_eq!(target(&unread).known(), None);
    assert_eq!(target(&unread).because()[0].action, "s3:GetBucketPolicy");

    // A sibling names it: that decides, whatever was refused on the target itself.
    let source = BucketInventory {
        logging: logging(BUCKET),
        ..quiet_bucket()
    };
    let facts = bucket_facts_in(account(&[(BUCKET, &unread), ("source", &source)]), BUCKET);
    assert_eq!(facts.logging.is_log_target, Fact::Known(true));
    // A sibling that could not be read is a caveat, not an unknown.
    let silent = BucketInventory {
        logging: denied("s3:GetBucketLogging"),
        ..quiet_bucket()
    };
    let facts = bucket_facts_in(
        account(&[(BUCKET, &quiet_bucket()), ("silent", &silent)]),
        BUCKET,
    );
    assert_eq!(facts.logging.is_log_target, Fact::Known(false));
}

#[test]
fn access_logging() {
    let facts = |logging| {
        bucket_facts(&BucketInventory {
            logging,
            ..quiet_bucket()
        })
        .logging
    };
    let off = facts(Reading::Absent);
    assert_eq!(off.enabled, Fact::Known(false));
    assert_eq!(off.target_bucket, Fact::Known(String::new()));
    let on = facts(logging("logs"));
    assert_eq!(on.enabled, Fact::Known(true));
    assert_eq!(on.to_itself, Fact::Known(false));
    assert_eq!(on.target_prefix, Fact::Known("logs/".into()));
    let itself = facts(logging(BUCKET));
    assert_eq!(itself.to_itself, Fact::Known(true));
    assert_eq!(itself.is_log_target, Fact::Known(true));
}

#[test]
fn versioning() {
    let cases = [
        (Reading::Absent, "Never", false),
        (Reading::Known(Versioning::default()), "Never", false),
        (
            Reading::Known(Versioning {
                status: Some("Suspended".into()),
                mfa_delete: None,
            }),
            "Suspended",
            false,
        ),
        (
            Reading::Known(Versioning {
                status: Some("Enabled".into()),
                mfa_delete: Some(false),
            }),
            "Enabled",
            true,
        ),
    ];
    for (versioning, status, enabled) in cases {
        let facts = bucket_facts(&BucketInventory {
            versioning,
            ..quiet_bucket()
        })
        .versioning;
        assert_eq!(facts.status, Fact::Known(status.into()));
        assert_eq!(facts.enabled, Fact::Known(enabled));
    }
}

fn bucket_postures(facts: &Facts<'_>) -> Vec<BucketPosture> {
    postures(facts, SubjectKind::Bucket)
        .into_iter()
        .filter_map(|posture| posture.bucket)
        .collect()
}

#[test]
fn posture_of_a_quiet_bucket() {
    let snapshot = snapshot(account(&[(BUCKET, &quiet_bucket())]));
    let postures = bucket_postures(&Facts::new(&snapshot, Trust::default()));
    let [posture] = postures.as_slice() else {
        panic!("{postures:?}")
    };
    assert_eq!(
        serde_json::to_value(posture).unwrap(),
        json!({
            "name": "b", "region": "eu-west-1", "account": "111111111111",
            "access": {
                "anonymous": {"read": "unreachable", "list": "unreachable", "write": "unreachable",
                              "acl": "unreachable", "takeover": "unreachable"},
                "any_aws_account": {"read": "unreachable", "list": "unreachable", "write": "unreachable",
                                    "acl": "unreachable", "takeover": "unreachable"},
                "other_accounts": [], "acls": "off", "block_public_access": "on",
                "plain_http": "reachable", "presigned": "reachable",
            },
            "encryption": {"default": "sse-s3", "key": null, "bucket_key": null, "sse_c": "unknown",
                           "client_side": "not visible"},
            "monitoring": {"access_log": "off", "data_events": "unknown", "config": "unknown"},
        })
    );
}

#[test]
fn posture_says_unknown_where_nothing_was_read() {
    let unread = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        ownership: failed("s3:GetBucketOwnershipControls"),
        encryption: Reading::NotCollected,
        logging: denied("s3:GetBucketLogging"),
        public_access_block: denied("s3:GetBucketPublicAccessBlock"),
        ..quiet_bucket()
    };
    let snapshot = snapshot(account(&[(BUCKET, &unread)]));
    let posture = bucket_postures(&Facts::new(&snapshot, Trust::default())).remove(0);
    assert_eq!(posture.access.anonymous.read, Reach::Unknown);
    assert_eq!(posture.access.plain_http, Reach::Unknown);
    assert_eq!(posture.access.acls, Acls::Unknown);
    assert_eq!(
        posture.access.block_public_access,
        BlockPublicAccess::Unknown
    );
    assert_eq!(posture.access.other_accounts, OtherAccounts::Unknown);
    assert_eq!(posture.encryption.default, DefaultEncryption::Unknown);
    assert_eq!(posture.encryption.bucket_key, None);
    assert_eq!(posture.monitoring.access_log, AccessLog::Unknown);
}

#[test]
fn posture_of_logging_and_keys() {
    let bucket = BucketInventory {
        encryption: algorithm("aws:kms", Some("alias/x"), Some(true)),
        logging: logging("logs"),
        public_access_block: Reading::Absent,
        ..quiet_bucket()
    };
    let target = quiet_bucket();
    let snapshot = snapshot(account(&[(BUCKET, &bucket), ("logs", &target)]));
    let postures = bucket_postures(&Facts::new(&snapshot, Trust::default()));
    // Nothing lets logging.s3.amazonaws.com write into the target.
    assert_eq!(
        postures[0].monitoring.access_log.to_string(),
        "logs/logs/ (not delivered)"
    );
    assert_eq!(postures[0].encryption.key.as_deref(), Some("alias/x"));
    assert_eq!(postures[0].encryption.bucket_key, Some(true));
    assert_eq!(
        postures[0].access.block_public_access,
        BlockPublicAccess::Off
    );
    assert_eq!(postures[1].monitoring.access_log, AccessLog::LogTarget);
}
