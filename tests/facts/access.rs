//! Who can reach a bucket: Block Public Access, ACLs, ownership and policy, each alone and together.

use coldbucket::facts::bucket::BucketFacts;
use coldbucket::facts::{Fact, Facts, SubjectFacts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::account::AccountInventory;
use coldbucket::inventory::bucket::{BucketInventory, PublicAccessBlock};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::report::Reach::{self, Constrained, Reachable, Unreachable};
use coldbucket_policy::catalogue::CLASSES;
use coldbucket_policy::contract::Classes;
use serde_json::{Value, json};

use crate::support::{
    ALL_ON, BUCKET, OWNER, OWNER_CANONICAL, account, acl, bucket_facts, bucket_facts_in, denied,
    open_bucket, ownership, policy, quiet_bucket, snapshot, status, subject,
};

fn with_block(
    bucket: BucketInventory,
    at_account: Reading<PublicAccessBlock>,
    at_bucket: Reading<PublicAccessBlock>,
) -> BucketFacts<'static> {
    let bucket = BucketInventory {
        public_access_block: at_bucket,
        ..bucket
    };
    bucket_facts_in(
        AccountInventory {
            public_access_block: at_account,
            ..account(&[(BUCKET, &bucket)])
        },
        BUCKET,
    )
}

fn block(bits: u8) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: bits & 1 != 0,
        ignore_public_acls: bits & 2 != 0,
        block_public_policy: bits & 4 != 0,
        restrict_public_buckets: bits & 8 != 0,
    }
}

/// Every combination of four flags at two levels: a flag is effective when either level sets it.
#[test]
fn block_public_access_is_the_or_of_each_flag() {
    for at_account in 0..16_u8 {
        for at_bucket in 0..16_u8 {
            let facts = with_block(
                quiet_bucket(),
                Reading::Known(block(at_account)),
                Reading::Known(block(at_bucket)),
            )
            .public_access_block;
            let joined = at_account | at_bucket;
            let flags = [
                facts.block_public_acls.clone(),
                facts.ignore_public_acls.clone(),
                facts.block_public_policy.clone(),
                facts.restrict_public_buckets.clone(),
            ];
            for (index, flag) in flags.into_iter().enumerate() {
                assert_eq!(flag, Fact::Known(joined & (1 << index) != 0));
            }
            assert_eq!(facts.all, Fact::Known(joined == 15));
            assert_eq!(
                facts.missing.known().unwrap().len(),
                (!joined & 15).count_ones() as usize
            );
        }
    }
}

#[test]
fn block_public_access_absent_is_all_off() {
    let facts = with_block(quiet_bucket(), Reading::Absent, Reading::Absent).public_access_block;
    assert_eq!(facts.all, Fact::Known(false));
    assert_eq!(
        facts.missing.known().unwrap(),
        &[
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets"
        ]
    );
}

/// One level unread: what the other one sets is effective all the same, the rest is unknown.
#[test]
fn block_public_access_with_one_level_denied() {
    let unread = || denied("s3:GetBucketPublicAccessBlock");
    let facts = with_block(quiet_bucket(), Reading::Known(block(0b0111)), unread());
    let block_facts = &facts.public_access_block;
    assert_eq!(block_facts.ignore_public_acls, Fact::Known(true));
    assert_eq!(block_facts.restrict_public_buckets.known(), None);
    assert_eq!(block_facts.all.known(), None);
    assert_eq!(block_facts.missing.known(), None);
    assert_eq!(
        block_facts.all.because()[0].action,
        "s3:GetBucketPublicAccessBlock"
    );

    let facts = with_block(quiet_bucket(), Reading::Known(ALL_ON), unread());
    assert_eq!(facts.public_access_block.all, Fact::Known(true));

    // The bucket's own flags do not make up for an unread account.
    let facts = with_block(
        quiet_bucket(),
        denied("s3:GetAccountPublicAccessBlock"),
        Reading::Known(block(0)),
    );
    assert_eq!(facts.public_access_block.all.known(), None);
}

fn classes(facts: &Classes<Fact<Reach>>) -> [Option<Reach>; 5] {
    CLASSES.map(|class| facts.get(class).known().copied())
}

/// Every grantee, permission, ownership and IgnorePublicAcls.
#[test]
fn acl_product() {
    let permissions = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"];
    for grantee in [
        "AllUsers",
        "AuthenticatedUsers",
        "LogDelivery",
        "someone-else",
    ] {
        for permission in permissions {
            for owner_mode in [
                "ObjectWriter",
                "BucketOwnerPreferred",
                "BucketOwnerEnforced",
            ] {
                for ignored in [false, true] {
                    let facts = with_block(
                        BucketInventory {
                            acl: acl(&[(grantee, permission)]),
                            ownership: ownership(owner_mode),
                            ..open_bucket()
                        },
                        Reading::Absent,
                        Reading::Known(PublicAccessBlock {
                            ignore_public_acls: ignored,
                            ..PublicAccessBlock::default()
                        }),
                    );
                    let name = format!("{grantee} {permission} {owner_mode} {ignored}");
                    let works = owner_mode != "BucketOwnerEnforced";
                    let public = works && !ignored;
                    let class = |reach: Reach, permissions: &[&str]| {
                        Some(if permissions.contains(&permission) {
                            reach
                        } else {
                            Unreachable
                        })
                    };
                    let expected = |reach: Reach| {
                        [
                            Some(Unreachable),
                            class(reach, &["READ", "FULL_CONTROL"]),
                            class(reach, &["WRITE", "FULL_CONTROL"]),
                            class(reach, &["READ_ACP", "WRITE_ACP", "FULL_CONTROL"]),
                            Some(Unreachable),
                        ]
                    };
                    let anonymous = if grantee == "AllUsers" && public {
                        Reachable
                    } else {
                        Unreachable
                    };
                    let mut without_signature = expected(anonymous);
                    if permission == "WRITE_ACP" {
                        // "Anonymous users cannot invoke this API": PutBucketAcl takes a signature.
                        without_signature[3] = Some(Unreachable);
                    }
                    assert_eq!(
                        classes(&facts.exposure.anonymous),
                        without_signature,
                        "{name}"
                    );
                    let signed = match grantee {
                        "AllUsers" | "AuthenticatedUsers" if public => Reachable,
                        "someone-else" if works => Constrained,
                        _ => Unreachable,
                    };
                    assert_eq!(
                        classes(&facts.exposure.any_aws_account),
                        expected(signed),
                        "{name}"
                    );
                    let listed = matches!(grantee, "AllUsers" | "AuthenticatedUsers") && works;
                    assert_eq!(
                        facts.acl.public_grants.known().unwrap().len(),
                        usize::from(listed),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn acl_unread_matters_only_where_it_can() {
    let unread = BucketInventory {
        acl: denied("s3:GetBucketAcl"),
        ..open_bucket()
    };
    let facts = bucket_facts(&unread).exposure.anonymous.clone();
    assert_eq!(
        classes(&facts),
        [Some(Unreachable), None, None, None, Some(Unreachable)]
    );
    assert_eq!(facts.list.because()[0].action, "s3:GetBucketAcl");
    // ACLs off: nothing could be in it.
    let facts = bucket_facts(&BucketInventory {
        ownership: ownership("BucketOwnerEnforced"),
        ..unread.clone()
    });
    assert_eq!(classes(&facts.exposure.anonymous), [Some(Unreachable); 5]);
    assert_eq!(facts.acl.public_grants, Fact::Known(Vec::new()));
    // Public ACLs ignored: nothing public can come of it.
    let facts = with_block(unread, Reading::Known(ALL_ON), Reading::Absent);
    assert_eq!(classes(&facts.exposure.anonymous), [Some(Unreachable); 5]);
    assert_eq!(facts.exposure.any_aws_account.list.known(), None);
}

#[test]
fn ownership_unread_leaves_public_grants_open() {
    let bucket = BucketInventory {
        acl: acl(&[("AllUsers", "READ")]),
        ownership: denied("s3:GetBucketOwnershipControls"),
        ..open_bucket()
    };
    let facts = bucket_facts(&bucket);
    assert_eq!(facts.exposure.anonymous.list.known(), None);
    assert_eq!(facts.exposure.anonymous.write, Fact::Known(Unreachable));
    assert_eq!(facts.acl.public_grants.known(), None);
    // An ACL without public grants needs no ownership.
    let bucket = BucketInventory {
        acl: acl(&[]),
        ..bucket
    };
    assert_eq!(
        bucket_facts(&bucket).acl.public_grants,
        Fact::Known(Vec::new())
    );
}

#[test]
fn ownership_absent_is_object_writer() {
    let facts = bucket_facts(&BucketInventory {
        ownership: Reading::Absent,
        ..open_bucket()
    });
    assert_eq!(facts.acl.ownership, Fact::Known("ObjectWriter".into()));
    assert_eq!(facts.acl.enabled, Fact::Known(true));
}

fn allow(principal: &Value, action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource})
}

fn allow_if(condition: &Value) -> Value {
    let mut statement = allow(&json!("*"), "s3:GetObject", "arn:aws:s3:::b/*");
    statement["Condition"] = condition.clone();
    statement
}

fn deny_if(condition: &Value) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
           "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": condition})
}

fn exposed(statements: &Value) -> BucketFacts<'static> {
    bucket_facts(&BucketInventory {
        policy: policy(statements),
        policy_status: status(true),
        ..open_bucket()
    })
}

#[test]
fn plain_grants_reach_their_classes() {
    let everyone = json!("*");
    let object = "arn:aws:s3:::b/*";
    let cases = [
        ("s3:GetObject", object, [true, false, false, false, false]),
        ("s3:Get*", object, [true, false, false, true, false]),
        (
            "s3:ListBucket",
            "arn:aws:s3:::b",
            [false, true, false, false, false],
        ),
        ("s3:ListBucket", object, [false; 5]),
        ("s3:GetObject", "arn:aws:s3:::b", [false; 5]),
        ("s3:GetObject", "arn:aws:s3:::c/*", [false; 5]),
        (
            "s3:PutObject",
            "arn:aws:s3:::b/in/*",
            [false, false, true, false, false],
        ),
        (
            "s3:DeleteObject",
            object,
            [false, false, true, false, false],
        ),
        (
            "s3:PutObjectAcl",
            object,
            [false, false, false, true, false],
        ),
        ("s3:GetBucketAcl", "*", [false, false, false, true, false]),
        // 405 for everyone outside the account (S3 API reference, PutBucketPolicy).
        ("s3:PutBucketPolicy", "arn:aws:s3:::b", [false; 5]),
        (
            "s3:PutLifecycleConfiguration",
            "arn:aws:s3:::b",
            [false, false, false, false, true],
        ),
        ("s3:*", "*", [true; 5]),
        ("*", "arn:aws:s3:::b*", [true; 5]),
        ("s3:GetBucketLocation", "*", [false; 5]),
        ("sqs:SendMessage", "*", [false; 5]),
    ];
    for (action, resource, expected) in cases {
        let facts = exposed(&json!([allow(&everyone, action, resource)]));
        let expected = expected.map(|yes| Some(if yes { Reachable } else { Unreachable }));
        // "Anonymous users cannot invoke this API".
        let anonymous = match action {
            "s3:PutObjectAcl" => [Some(Unreachable); 5],
            _ => expected,
        };
        assert_eq!(
            classes(&facts.exposure.anonymous),
            anonymous,
            "{action} on {resource}"
        );
        assert_eq!(
            classes(&facts.exposure.any_aws_account),
            expected,
            "{action} on {resource}"
        );
    }
}

#[test]
fn who_is_let_in_by_principal() {
    let cases = [
        (json!("*"), Some(Reachable), Some(Reachable)),
        (json!({"AWS": "*"}), Some(Reachable), Some(Reachable)),
        (
            json!({"AWS": ["222222222222", "*"]}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"AWS": "222222222222"}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (
            json!({"AWS": "arn:aws:iam::222222222222:role/r"}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (json!({"AWS": OWNER}), Some(Unreachable), Some(Unreachable)),
        (
            json!({"AWS": "AROAEXAMPLEID00000000"}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"CanonicalUser": "abc"}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (
            json!({"Service": "logging.s3.amazonaws.com"}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"Federated": "graph.facebook.com"}),
            Some(Unreachable),
            None,
        ),
        (
            json!({"Federated": "arn:aws:iam::111111111111:saml-provider/p"}),
            Some(Unreachable),
            Some(Unreachable),
        ),
    ];
    for (principal, anonymous, signed) in cases {
        let facts = exposed(&json!([allow(
            &principal,
            "s3:GetObject",
            "arn:aws:s3:::b/*"
        )]));
        assert_eq!(
            facts.exposure.anonymous.read.known().copied(),
            anonymous,
            "{principal}"
        );
        assert_eq!(
            facts.exposure.any_aws_account.read.known().copied(),
            signed,
            "{principal}"
        );
    }
}

#[test]
fn who_is_let_in_under_a_condition() {
    let cases = [
        (
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            Some(Constrained),
            Some(Constrained),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": ["1.0.0.0/8", "2.0.0.0/8"]}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "192.0.1.0/24"}}),
            Some(Constrained),
            Some(Constrained),
        ),
        // A request from a private address comes through an endpoint of a VPC, and carries
        // aws:VpcSourceIp instead (IAM user guide, "aws:SourceIp").
        (
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "2000::/16"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}),
            Some(Constrained),
            Some(Constrained),
        ),
        (
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            Some(Constrained),
            Some(Constrained),
        ),
        (
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            Some(Unreachable),
            Some(Constrained),
        ),
        // True when the key is absent: that is no restriction.
        (
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": OWNER}}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"StringLike": {"aws:PrincipalArn": "*"}}),
            Some(Unreachable),
            Some(Reachable),
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}),
            Some(Unreachable),
            Some(Constrained),
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"Null": {"aws:PrincipalArn": "true"}}),
            Some(Reachable),
            Some(Unreachable),
        ),
        (
            json!({"StringLike": {"aws:Referer": "https://example.com/*"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        (
            json!({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),
            Some(Reachable),
            Some(Reachable),
        ),
        (
            json!({"StringEquals": {"aws:SourceAccount": "222222222222"}}),
            Some(Unreachable),
            Some(Unreachable),
        ),
        // A key that is in no catalogue may have any value.
        (
            json!({"StringEquals": {"s3:SomethingNew": "x"}}),
            Some(Reachable),
            Some(Reachable),
        ),
    ];
    for (condition, anonymous, signed) in cases {
        let facts = exposed(&json!([allow_if(&condition)]));
        assert_eq!(
            facts.exposure.anonymous.read.known().copied(),
            anonymous,
            "{condition}"
        );
        assert_eq!(
            facts.exposure.any_aws_account.read.known().copied(),
            signed,
            "{condition}"
        );
    }
}

#[test]
fn what_a_deny_takes_away() {
    let public = allow_if(&json!({}));
    let cases = [
        (
            json!({"Bool": {"aws:SecureTransport": "false"}}),
            Some(Reachable),
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            Some(Unreachable),
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalAccount": OWNER}}),
            Some(Unreachable),
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"},
                   "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
            Some(Unreachable),
        ),
        // Anonymous requests carry no such key, and Bool does not match an absent one.
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"},
                   "Bool": {"aws:PrincipalIsAWSService": "false"}}),
            Some(Reachable),
        ),
        (
            json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            Some(Constrained),
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            Some(Reachable),
        ),
        (
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
            Some(Constrained),
        ),
        (
            json!({"StringNotLike": {"aws:SourceVpce": "vpce-*"}}),
            Some(Reachable),
        ),
        (
            json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            Some(Reachable),
        ),
        (
            json!({"Null": {"aws:PrincipalArn": "true"}}),
            Some(Unreachable),
        ),
        (json!({}), Some(Unreachable)),
    ];
    for (condition, expected) in cases {
        let facts = exposed(&json!([public, deny_if(&condition)]));
        assert_eq!(
            facts.exposure.anonymous.read.known().copied(),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn a_deny_with_a_hole() {
    let public = allow_if(&json!({}));
    let read = |statement: Value| {
        exposed(&json!([public, statement]))
            .exposure
            .anonymous
            .read
            .known()
            .copied()
    };
    let mut hole = deny_if(&json!({}));
    hole.as_object_mut().unwrap().remove("Resource");
    hole["NotResource"] = json!("arn:aws:s3:::b/pub/*");
    assert_eq!(read(hole), Some(Reachable));
    let mut elsewhere = deny_if(&json!({}));
    elsewhere["Principal"] = json!({"AWS": "222222222222"});
    assert_eq!(read(elsewhere), Some(Reachable));
    let mut writes = deny_if(&json!({}));
    writes["Action"] = json!("s3:Put*");
    assert_eq!(read(writes), Some(Reachable));
    let mut prefixes = deny_if(&json!({}));
    prefixes["Resource"] = json!(["arn:aws:s3:::b/a*", "arn:aws:s3:::b/b*"]);
    assert_eq!(read(prefixes), Some(Reachable));
    // Denies that cover everything only together.
    let mut parts = deny_if(&json!({}));
    parts["Resource"] = json!(["arn:aws:s3:::b/?", "arn:aws:s3:::b/?*"]);
    assert_eq!(read(parts), Some(Unreachable));
    let narrow = allow(&json!("*"), "s3:GetObject", "arn:aws:s3:::b/a*");
    let mut parts = deny_if(&json!({}));
    parts["Resource"] = json!(["arn:aws:s3:::b/a", "arn:aws:s3:::b/a?*"]);
    assert_eq!(
        exposed(&json!([narrow, parts])).exposure.anonymous.read,
        Fact::Known(Unreachable)
    );
}

/// RestrictPublicBuckets cuts a policy off only while AWS deems it public.
#[test]
fn restrict_public_buckets() {
    let facts = |statements: Value, status: Reading<_>, restrict: Reading<PublicAccessBlock>| {
        with_block(
            BucketInventory {
                policy: policy(&statements),
                policy_status: status,
                ..open_bucket()
            },
            Reading::Absent,
            restrict,
        )
        .exposure
    };
    let on = || Reading::Known(block(0b1000));
    let public = || {
        json!([
            allow_if(&json!({})),
            allow(&json!({"AWS": "222222222222"}), "s3:*", "*")
        ])
    };
    let from_endpoint = || {
        json!([allow_if(
            &json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})
        )])
    };

    let cut = facts(public(), status(true), on());
    assert_eq!(cut.anonymous.read, Fact::Known(Unreachable));
    // Even the account that is named is cut off.
    assert_eq!(cut.any_aws_account.write, Fact::Known(Unreachable));
    assert_eq!(cut.other_accounts, Fact::Known(Vec::new()));

    // Not public by AWS's word: the policy applies as written.
    let kept = facts(from_endpoint(), status(false), on());
    assert_eq!(kept.anonymous.read, Fact::Known(Constrained));

    // The status was refused. A plain grant to everyone is public beyond doubt...
    let refused = || denied("s3:GetBucketPolicyStatus");
    assert_eq!(
        facts(public(), refused(), on()).anonymous.read,
        Fact::Known(Unreachable)
    );
    // ...one to a fixed endpoint is not public beyond doubt, and applies as written...
    assert_eq!(
        facts(from_endpoint(), refused(), on()).anonymous.read,
        Fact::Known(Constrained)
    );
    // ...and where the documentation does not decide, cut or not cannot be told.
    let if_exists = json!([allow_if(
        &json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})
    )]);
    let open = facts(if_exists, refused(), on()).anonymous.read.clone();
    assert_eq!(open.known(), None);
    assert_eq!(open.because()[0].action, "s3:GetBucketPolicyStatus");

    // Block Public Access was refused: the grant may or may not be cut.
    let unread = facts(
        public(),
        status(true),
        denied("s3:GetBucketPublicAccessBlock"),
    );
    assert_eq!(unread.anonymous.read.known(), None);
    assert_eq!(unread.anonymous.takeover, Fact::Known(Unreachable));

    // A status that contradicts the policy decides nothing.
    assert_eq!(
        facts(public(), status(false), on()).anonymous.read.known(),
        None
    );
    // Without the flag the status does not matter.
    assert_eq!(
        facts(public(), status(false), Reading::Absent)
            .anonymous
            .read,
        Fact::Known(Reachable)
    );
}

#[test]
fn policy_unread() {
    let bucket = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        policy_status: denied("s3:GetBucketPolicyStatus"),
        acl: acl(&[("AllUsers", "READ")]),
        ..open_bucket()
    };
    let facts = bucket_facts(&bucket).exposure;
    assert_eq!(facts.anonymous.read.known(), None);
    assert_eq!(
        facts.anonymous.read.because()[0].action,
        "s3:GetBucketPolicy"
    );
    // The ACL lets everybody list, and still a Deny in the policy could keep them out.
    assert_eq!(facts.anonymous.list.known(), None);
    // With RestrictPublicBuckets a public policy is cut off, and any other lets fixed values in only.
    let facts = with_block(bucket.clone(), Reading::Known(ALL_ON), Reading::Absent);
    assert_eq!(facts.exposure.anonymous.read.known(), None);
    assert_eq!(facts.exposure.public.read, Fact::Known(false));
    assert_eq!(facts.exposure.public.write, Fact::Known(false));
    // AWS says public and cuts it: nothing is left to know.
    let facts = with_block(
        BucketInventory {
            policy_status: status(true),
            ..bucket
        },
        Reading::Known(ALL_ON),
        Reading::Absent,
    );
    assert_eq!(facts.exposure.anonymous.read, Fact::Known(Unreachable));
}

/// A Deny holds for what the ACL grants as well.
#[test]
fn a_deny_stands_above_the_acl() {
    let facts = |condition: Value| {
        bucket_facts(&BucketInventory {
            acl: acl(&[("AllUsers", "READ"), ("friend", "WRITE")]),
            policy: policy(&json!([deny_if(&condition)])),
            policy_status: status(false),
            ..open_bucket()
        })
        .exposure
    };
    let over_tls = facts(json!({"Bool": {"aws:SecureTransport": "false"}}));
    assert_eq!(over_tls.anonymous.list, Fact::Known(Reachable));
    assert_eq!(over_tls.any_aws_account.write, Fact::Known(Constrained));
    let nobody = facts(json!({}));
    assert_eq!(nobody.anonymous.list, Fact::Known(Unreachable));
    assert_eq!(nobody.any_aws_account.write, Fact::Known(Unreachable));
    let strangers = facts(json!({"StringNotEquals": {"aws:PrincipalAccount": OWNER}}));
    assert_eq!(strangers.anonymous.list, Fact::Known(Unreachable));
}

/// S3 user guide, "Delegating access control to access points" (2026-11): Action `*` for everyone under
/// s3:DataAccessPointAccount, the owner's.
#[test]
fn a_takeover_by_the_owners_access_points_alone_is_told_apart() {
    let only_by_access_points = |statements: Value| {
        let facts = bucket_facts(&BucketInventory {
            policy: policy(&statements),
            policy_status: status(false),
            ..open_bucket()
        });
        let exposure = facts.exposure;
        assert_eq!(exposure.any_aws_account.takeover, Fact::Known(Constrained));
        exposure.takeover_only_by_access_points.clone()
    };
    let all_actions = |condition: Value| {
        json!([{
            "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*",
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": condition,
        }])
    };
    let by_arn = |owner: &str| format!("arn:aws:s3:*:{owner}:accesspoint/*");
    for (condition, expected) in [
        (
            json!({"StringEquals": {"s3:DataAccessPointAccount": OWNER}}),
            true,
        ),
        (
            json!({"StringLike": {"s3:DataAccessPointArn": by_arn(OWNER)}}),
            true,
        ),
        (
            json!({"ArnLike": {"s3:DataAccessPointArn": by_arn(OWNER)}}),
            true,
        ),
        (
            json!({"StringEquals": {"s3:DataAccessPointAccount": "222222222222"}}),
            false,
        ),
        (
            json!({"StringEquals": {"s3:DataAccessPointAccount": [OWNER, "222222222222"]}}),
            false,
        ),
        (
            json!({"ArnLike": {"s3:DataAccessPointArn": by_arn("222222222222")}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}),
            false,
        ),
    ] {
        assert_eq!(
            only_by_access_points(all_actions(condition.clone())),
            Fact::Known(expected),
            "{condition}"
        );
    }
    // A partner that the policy names has the bucket whatever goes through access points.
    let mut both = all_actions(json!({"StringEquals": {"s3:DataAccessPointAccount": OWNER}}));
    both.as_array_mut().unwrap().push(json!({
        "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::b",
    }));
    both.as_array_mut().unwrap().push(json!({
        "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:PutObjectRetention", "Resource": "arn:aws:s3:::b/*",
    }));
    assert_eq!(only_by_access_points(both), Fact::Known(false));
}

#[test]
fn malformed_policy_decides_nothing_about_access() {
    let facts = bucket_facts(&BucketInventory {
        policy: Reading::Known("{\"Statement\": [".into()),
        ..open_bucket()
    });
    assert_eq!(facts.policy.malformed, Fact::Known(true));
    assert!(
        facts
            .policy
            .defect
            .known()
            .unwrap()
            .contains("line 1, column 16")
    );
    assert_eq!(facts.exposure.anonymous.read.known(), None);
    assert_eq!(facts.exposure.other_accounts.known(), None);
    assert_eq!(facts.logging.is_log_target.known(), None);
}

#[test]
fn other_accounts_are_named_once_with_their_way_in() {
    let statements = json!([
        allow(
            &json!({"AWS": ["222222222222", "arn:aws:iam::333333333333:user/u", OWNER]}),
            "s3:GetObject",
            "*"
        ),
        allow(
            &json!({"AWS": "arn:aws:iam::222222222222:root"}),
            "s3:PutObject",
            "*"
        ),
        allow(&json!({"CanonicalUser": "canonical"}), "s3:GetObject", "*"),
        allow(
            &json!({"Federated": "accounts.google.com"}),
            "s3:GetObject",
            "*"
        ),
        allow(
            &json!({"Service": "cloudtrail.amazonaws.com"}),
            "s3:PutObject",
            "*"
        ),
        allow(
            &json!({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
            "s3:GetObject",
            "*"
        ),
        allow(
            &json!({"AWS": "444444444444"}),
            "s3:GetObject",
            "arn:aws:s3:::another/*"
        ),
        allow_if(&json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        allow_if(&json!({"StringEquals": {"aws:PrincipalAccount": "555555555555"}})),
        deny_if(&json!({"StringEquals": {"aws:PrincipalAccount": "666666666666"}})),
    ]);
    let bucket = BucketInventory {
        policy: policy(&statements),
        policy_status: status(false),
        acl: acl(&[("friend", "READ"), ("AllUsers", "READ")]),
        ..open_bucket()
    };
    let snapshot = snapshot(account(&[(BUCKET, &bucket)]));
    let trust = Trust {
        accounts: ["333333333333".to_owned()].into(),
        organizations: ["o-1".to_owned()].into(),
    };
    let facts = Facts::new(&snapshot, trust);
    let Some(SubjectFacts::Bucket(bucket)) =
        facts.view(&subject(&facts, SubjectKind::Bucket, BUCKET))
    else {
        panic!("no bucket facts")
    };
    let named: Vec<(String, String, bool)> = bucket
        .exposure
        .other_accounts
        .known()
        .unwrap()
        .iter()
        .map(|outsider| {
            (
                outsider.account.clone(),
                outsider.via.clone(),
                outsider.trusted,
            )
        })
        .collect();
    let expected = [
        ("222222222222", "policy", false),
        ("333333333333", "policy", true),
        ("555555555555", "policy", false),
        ("accounts.google.com", "policy", false),
        ("canonical", "policy", false),
        ("friend", "acl", false),
        ("o-1", "policy", true),
    ]
    .map(|(account, via, trusted)| (account.to_owned(), via.to_owned(), trusted));
    assert_eq!(named, expected);
}

#[test]
fn the_owner_in_its_own_acl_is_nobody_else() {
    let facts = bucket_facts(&BucketInventory {
        acl: acl(&[(OWNER_CANONICAL, "READ")]),
        ..open_bucket()
    });
    assert_eq!(facts.exposure.other_accounts, Fact::Known(Vec::new()));
}

#[test]
fn aws_says_public_is_false_without_a_policy() {
    assert_eq!(
        bucket_facts(&quiet_bucket()).public_status.aws,
        Fact::Known(false)
    );
}

fn named_parties(statements: &Value, bucket: BucketInventory) -> Option<Vec<String>> {
    let facts = bucket_facts(&BucketInventory {
        policy: policy(statements),
        policy_status: status(false),
        ..bucket
    });
    let parties = facts.exposure.other_accounts.known()?;
    Some(parties.iter().map(|party| party.account.clone()).collect())
}

/// Elastic Load Balancing, CloudTrail, Redshift and CloudFront deliver logs from accounts of AWS.
#[test]
fn log_delivery_accounts_are_services() {
    for id in [
        "127311923021",
        "048591011584",
        "086441151436",
        "193672423079",
    ] {
        for principal in [
            json!({"AWS": id}),
            json!({"AWS": format!("arn:aws:iam::{id}:root")}),
            json!({"AWS": [format!("arn:aws:iam::{id}:user/logs"), OWNER]}),
        ] {
            let statements = json!([allow(&principal, "s3:PutObject", "*")]);
            assert_eq!(named_parties(&statements, open_bucket()), Some(Vec::new()));
        }
    }
    let both = json!({"AWS": ["127311923021", "222222222222"]});
    assert_eq!(
        named_parties(&json!([allow(&both, "s3:PutObject", "*")]), open_bucket()),
        Some(vec!["222222222222".to_owned()])
    );
    let cloudfront = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0";
    let bucket = BucketInventory {
        acl: acl(&[(cloudfront, "FULL_CONTROL")]),
        ..open_bucket()
    };
    let own = json!([allow(&json!({"AWS": OWNER}), "s3:GetObject", "*")]);
    assert_eq!(named_parties(&own, bucket), Some(Vec::new()));
}

/// The owner's canonical user id shows by comparison with the owner in the ACL, and only so.
#[test]
fn a_canonical_user_id_is_the_owners_or_another_accounts_or_unknown() {
    let other = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    let grant = |id: &str| json!([allow(&json!({"CanonicalUser": id}), "s3:GetObject", "*")]);
    let read = || BucketInventory {
        acl: acl(&[]),
        ..open_bucket()
    };
    let refused = || BucketInventory {
        acl: denied("s3:GetBucketAcl"),
        ..open_bucket()
    };
    assert_eq!(
        named_parties(&grant(OWNER_CANONICAL), read()),
        Some(Vec::new())
    );
    assert_eq!(
        named_parties(&grant(other), read()),
        Some(vec![other.to_owned()])
    );
    assert_eq!(named_parties(&grant(other), refused()), None);
}

/// More than 65,536 public addresses are a grade of their own, until they exclude no one.
#[test]
fn a_wide_network_is_named() {
    for (network, wide) in [
        (json!("203.0.113.0/24"), ""),
        (json!("52.94.0.0/16"), ""),
        (json!("52.94.0.0/15"), "52.94.0.0/15"),
        (json!("52.0.0.0/9"), "52.0.0.0/9"),
        (json!(["52.0.0.0/12", "203.0.113.0/24"]), "52.0.0.0/12"),
        // Together one network.
        (json!(["52.94.0.0/16", "52.95.0.0/16"]), "52.94.0.0/15"),
        (json!("10.0.0.0/8"), ""),
        // Excludes no one: public.
        (json!("0.0.0.0/1"), ""),
    ] {
        let condition = json!({"IpAddress": {"aws:SourceIp": network}});
        let facts = bucket_facts(&BucketInventory {
            policy: policy(&json!([allow_if(&condition)])),
            policy_status: status(false),
            ..open_bucket()
        });
        let exposure = &facts.exposure;
        assert_eq!(
            exposure.wide_networks.read,
            Fact::Known(wide.to_owned()),
            "{network}"
        );
        assert_eq!(exposure.wide_networks.list, Fact::Known(String::new()));
        assert_eq!(
            exposure.public.read,
            Fact::Known(network == json!("0.0.0.0/1")),
            "{network}"
        );
    }
}
