//! Public grants, ownership and Block Public Access: the full product.
//!
//! The rule, from the S3 user guide ("Blocking public access", "Controlling ownership of objects"): a
//! public grant in a bucket's ACL has an effect exactly when ACLs are on (ownership is anything but
//! BucketOwnerEnforced, and no setting is ObjectWriter) and IgnorePublicAcls is off at the bucket and
//! at the account. The other three flags change nothing about a grant that is there. A public policy
//! statement has an effect exactly when RestrictPublicBuckets is off at both.

use coldbucket::inventory::Reading;
use coldbucket::inventory::account::AccountInventory;
use coldbucket::inventory::bucket::{BucketInventory, PublicAccessBlock};
use coldbucket::report::Reach;
use serde_json::json;

use crate::support::{
    BUCKET, account, acl, bucket_facts_in, open_bucket, ownership, policy, status,
};

/// All sixteen, and no configuration at all.
fn blocks() -> Vec<Reading<PublicAccessBlock>> {
    let mut all = vec![Reading::Absent];
    for bits in 0..16u8 {
        all.push(Reading::Known(PublicAccessBlock {
            block_public_acls: bits & 1 != 0,
            ignore_public_acls: bits & 2 != 0,
            block_public_policy: bits & 4 != 0,
            restrict_public_buckets: bits & 8 != 0,
        }));
    }
    all
}

fn flag(block: &Reading<PublicAccessBlock>, of: fn(&PublicAccessBlock) -> bool) -> bool {
    block.known().is_some_and(of)
}

#[test]
fn a_public_grant_counts_when_acls_are_on_and_not_ignored() {
    let mut cases = 0;
    for at_account in blocks() {
        for at_bucket in blocks() {
            for setting in [
                None,
                Some("ObjectWriter"),
                Some("BucketOwnerPreferred"),
                Some("BucketOwnerEnforced"),
            ] {
                for (grantee, permission) in [
                    ("AllUsers", "READ"),
                    ("AllUsers", "WRITE"),
                    ("AllUsers", "FULL_CONTROL"),
                    ("AuthenticatedUsers", "READ"),
                    ("LogDelivery", "WRITE"),
                ] {
                    let bucket = BucketInventory {
                        acl: acl(&[(grantee, permission)]),
                        ownership: setting.map_or(Reading::Absent, ownership),
                        public_access_block: at_bucket.clone(),
                        ..open_bucket()
                    };
                    let account = AccountInventory {
                        public_access_block: at_account.clone(),
                        ..account(&[(BUCKET, &bucket)])
                    };
                    let facts = bucket_facts_in(account, BUCKET);
                    let effective = setting != Some("BucketOwnerEnforced")
                        && !flag(&at_account, |block| block.ignore_public_acls)
                        && !flag(&at_bucket, |block| block.ignore_public_acls);
                    let reach = |granted: bool| {
                        if effective && granted {
                            Reach::Reachable
                        } else {
                            Reach::Unreachable
                        }
                    };
                    let what =
                        format!("{at_account:?} {at_bucket:?} {setting:?} {grantee} {permission}");
                    let everybody = grantee == "AllUsers";
                    let anyone_signed = everybody || grantee == "AuthenticatedUsers";
                    let lists = matches!(permission, "READ" | "FULL_CONTROL");
                    let writes = matches!(permission, "WRITE" | "FULL_CONTROL");
                    let (anonymous, signed) =
                        (&facts.exposure.anonymous, &facts.exposure.any_aws_account);
                    assert_eq!(
                        anonymous.list.known(),
                        Some(&reach(everybody && lists)),
                        "{what}"
                    );
                    assert_eq!(
                        anonymous.write.known(),
                        Some(&reach(everybody && writes)),
                        "{what}"
                    );
                    assert_eq!(
                        signed.list.known(),
                        Some(&reach(anyone_signed && lists)),
                        "{what}"
                    );
                    assert_eq!(
                        signed.write.known(),
                        Some(&reach(anyone_signed && writes)),
                        "{what}"
                    );
                    // A bucket's ACL opens no object.
                    assert_eq!(anonymous.read.known(), Some(&Reach::Unreachable), "{what}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 17 * 17 * 4 * 5);
}

#[test]
fn a_public_statement_counts_when_it_is_not_restricted() {
    for at_account in blocks() {
        for at_bucket in blocks() {
            for setting in ["ObjectWriter", "BucketOwnerEnforced"] {
                let bucket = BucketInventory {
                    policy: policy(
                        &json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::b/*"}]),
                    ),
                    policy_status: status(true),
                    ownership: ownership(setting),
                    public_access_block: at_bucket.clone(),
                    ..open_bucket()
                };
                let account = AccountInventory {
                    public_access_block: at_account.clone(),
                    ..account(&[(BUCKET, &bucket)])
                };
                let facts = bucket_facts_in(account, BUCKET);
                let restricted = flag(&at_account, |block| block.restrict_public_buckets)
                    || flag(&at_bucket, |block| block.restrict_public_buckets);
                let expected = if restricted {
                    Reach::Unreachable
                } else {
                    Reach::Reachable
                };
                let what = format!("{at_account:?} {at_bucket:?} {setting}");
                assert_eq!(
                    facts.exposure.anonymous.read.known(),
                    Some(&expected),
                    "{what}"
                );
                assert_eq!(
                    facts.exposure.anonymous.write.known(),
                    Some(&Reach::Unreachable),
                    "{what}"
                );
            }
        }
    }
}
