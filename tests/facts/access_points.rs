//! Who gets in through an access point, expected by hand: its policy and the bucket's must both let
//! them, and Block Public Access of access point, bucket or account ends it.

use coldbucket::facts::access_point::AccessPointFacts;
use coldbucket::facts::{Fact, Facts, SubjectFacts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::access_point::{
    AccessPointConfiguration, AccessPointInventory, AccessPointRegion,
    MultiRegionAccessPointInventory,
};
use coldbucket::inventory::account::{AccountInventory, RegionInventory};
use coldbucket::inventory::bucket::{BucketInventory, PublicAccessBlock};
use coldbucket::inventory::ids::SubjectKind;
use serde_json::{Value, json};

use crate::support::{
    ALL_ON, BUCKET, OWNER, REGION, RESTRICT, account, denied, open_bucket, policy, snapshot,
    status, subject,
};

fn own(path: &str) -> String {
    format!("arn:aws:s3:{REGION}:{OWNER}:accesspoint/door{path}")
}

fn everyone(action: &str, resource: &str, condition: Value) -> Value {
    json!([{
        "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition,
    }])
}

/// A door that lets everybody read.
fn door() -> AccessPointInventory {
    AccessPointInventory {
        bucket: BUCKET.into(),
        network_origin: "Internet".into(),
        configuration: Reading::Known(AccessPointConfiguration::default()),
        policy: policy(&everyone("s3:GetObject", &own("/object/*"), json!({}))),
        policy_status: status(true),
        ..AccessPointInventory::default()
    }
}

/// A bucket that leaves everything to the access points of its account.
fn delegating() -> BucketInventory {
    BucketInventory {
        policy: policy(&everyone(
            "s3:*",
            "*",
            json!({"StringEquals": {"s3:DataAccessPointAccount": OWNER}}),
        )),
        policy_status: status(false),
        ..open_bucket()
    }
}

fn with(point: AccessPointInventory, bucket: &BucketInventory) -> AccountInventory {
    let region = RegionInventory {
        access_points: [("door".to_owned(), point)].into(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[(BUCKET, bucket)])
    }
}

fn facts_in(account: AccountInventory) -> AccessPointFacts {
    let snapshot = snapshot(account);
    let facts = Facts::new(&snapshot, Trust::default());
    match facts.view(&subject(&facts, SubjectKind::AccessPoint, "door")) {
        Some(SubjectFacts::AccessPoint(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

fn open(point: AccessPointInventory, bucket: &BucketInventory) -> Fact<Vec<String>> {
    facts_in(with(point, bucket)).open
}

fn known(classes: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(classes.iter().map(|class| (*class).to_owned()).collect())
}

#[test]
fn a_public_door_to_a_bucket_that_delegates_is_open() {
    assert_eq!(open(door(), &delegating()), known(&["read"]));
}

#[test]
fn a_public_door_to_a_bucket_that_does_not_delegate_is_not() {
    assert_eq!(open(door(), &open_bucket()), known(&[]));
    // Only what both let in.
    let lists = BucketInventory {
        policy: policy(&everyone("s3:ListBucket", "arn:aws:s3:::b", json!({}))),
        ..open_bucket()
    };
    assert_eq!(open(door(), &lists), known(&[]));
    // To the access points of somebody else.
    let elsewhere = BucketInventory {
        policy: policy(&everyone(
            "s3:*",
            "*",
            json!({"StringEquals": {"s3:DataAccessPointAccount": "222222222222"}}),
        )),
        ..open_bucket()
    };
    assert_eq!(open(door(), &elsewhere), known(&[]));
}

/// The opposite of a bucket's policy: every request through it has that value.
#[test]
fn the_access_points_own_arn_limits_nothing_in_its_own_policy() {
    let point = |condition: Value| AccessPointInventory {
        policy: policy(&everyone("s3:GetObject", &own("/object/*"), condition)),
        ..door()
    };
    for condition in [
        json!({"StringEquals": {"s3:DataAccessPointArn": own("")}}),
        json!({"ArnLike": {"s3:DataAccessPointArn": format!("arn:aws:s3:*:{OWNER}:accesspoint/*")}}),
        json!({"StringEquals": {"s3:DataAccessPointAccount": OWNER, "s3:AccessPointNetworkOrigin": "Internet"}}),
    ] {
        assert_eq!(
            open(point(condition.clone()), &delegating()),
            known(&["read"]),
            "{condition}"
        );
    }
    for condition in [
        json!({"StringEquals": {"s3:DataAccessPointArn": own("2")}}),
        json!({"StringEquals": {"s3:AccessPointNetworkOrigin": "VPC"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    ] {
        assert_eq!(
            open(point(condition.clone()), &delegating()),
            known(&[]),
            "{condition}"
        );
    }
}

#[test]
fn named_accounts_are_not_everyone() {
    let partner = AccessPointInventory {
        policy: policy(&json!([{
            "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*",
        }])),
        ..door()
    };
    assert_eq!(open(partner, &delegating()), known(&[]));
}

#[test]
fn a_deny_for_all_but_one_network_closes_it() {
    let networked = AccessPointInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": own("/object/*")},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [own(""), own("/object/*")],
             "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
        ])),
        ..door()
    };
    assert_eq!(open(networked, &delegating()), known(&[]));
}

#[test]
fn each_level_of_restrict_public_buckets_closes_it() {
    let by_itself = AccessPointInventory {
        configuration: Reading::Known(AccessPointConfiguration {
            public_access_block: RESTRICT,
            created: None,
        }),
        ..door()
    };
    assert_eq!(open(by_itself, &delegating()), known(&[]));
    let by_bucket = BucketInventory {
        public_access_block: Reading::Known(RESTRICT),
        ..delegating()
    };
    assert_eq!(open(door(), &by_bucket), known(&[]));
    let by_account = AccountInventory {
        public_access_block: Reading::Known(RESTRICT),
        ..with(door(), &delegating())
    };
    assert_eq!(facts_in(by_account).open, known(&[]));
}

#[test]
fn one_that_only_a_vpc_can_use_is_never_public() {
    let inside = AccessPointInventory {
        network_origin: "VPC".into(),
        policy: Reading::NotCollected,
        ..door()
    };
    let facts = facts_in(with(inside, &delegating()));
    assert_eq!(facts.open, known(&[]));
    assert_eq!(facts.origin, "vpc");
}

#[test]
fn without_a_policy_the_door_lets_nobody_in() {
    let bare = AccessPointInventory {
        policy: Reading::Absent,
        ..door()
    };
    assert_eq!(open(bare, &delegating()), known(&[]));
}

#[test]
fn what_was_refused_is_unknown_and_named_unless_the_rest_decides() {
    let unread = AccessPointInventory {
        policy: denied("s3:GetAccessPointPolicy"),
        policy_status: denied("s3:GetAccessPointPolicyStatus"),
        ..door()
    };
    let fact = open(unread.clone(), &delegating());
    let actions: Vec<&str> = fact
        .because()
        .iter()
        .map(|one| one.action.as_ref())
        .collect();
    assert_eq!(
        actions,
        ["s3:GetAccessPointPolicy", "s3:GetAccessPointPolicyStatus"]
    );
    assert_eq!(
        open(unread, &open_bucket()),
        known(&[]),
        "no bucket policy delegates"
    );
    let bucket = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        ..delegating()
    };
    let fact = open(door(), &bucket);
    assert_eq!(fact.because()[0].action, "s3:GetBucketPolicy");
    let elsewhere = AccessPointInventory {
        bucket_account: Some("222222222222".into()),
        ..door()
    };
    let fact = open(elsewhere, &delegating());
    assert!(fact.because()[0].detail.contains("another account's"));
}

#[test]
fn a_policy_that_is_not_understood_is_judged_by_aws() {
    let odd = |public| AccessPointInventory {
        policy: policy(&everyone(
            "s3:GetObject",
            &own("/object/*"),
            json!({"StringSounds": {"aws:PrincipalTag/team": "red"}}),
        )),
        policy_status: status(public),
        ..door()
    };
    assert_eq!(open(odd(false), &delegating()), known(&[]));
    assert!(open(odd(true), &delegating()).known().is_none());
}

#[test]
fn flags_of_the_account_count_for_the_access_point() {
    let facts = facts_in(with(door(), &open_bucket()));
    assert_eq!(facts.public_access_block.all, Fact::Known(false));
    assert_eq!(facts.public_access_block.missing.known().unwrap().len(), 4);
    let by_account = AccountInventory {
        public_access_block: Reading::Known(ALL_ON),
        ..with(door(), &open_bucket())
    };
    assert_eq!(
        facts_in(by_account).public_access_block.all,
        Fact::Known(true)
    );
}

#[test]
fn a_multi_region_access_point_goes_by_its_alias_and_its_buckets() {
    let arn = format!("arn:aws:s3::{OWNER}:accesspoint/alias.mrap");
    let point = MultiRegionAccessPointInventory {
        alias: "alias.mrap".into(),
        status: "READY".into(),
        regions: vec![AccessPointRegion {
            bucket: BUCKET.into(),
            region: REGION.into(),
            bucket_account: None,
        }],
        policy: policy(&everyone(
            "s3:GetObject",
            &format!("{arn}/object/*"),
            json!({}),
        )),
        policy_status: status(true),
        ..MultiRegionAccessPointInventory::default()
    };
    let account = |block| AccountInventory {
        multi_region_access_points: [(
            "door".to_owned(),
            MultiRegionAccessPointInventory {
                public_access_block: block,
                ..point.clone()
            },
        )]
        .into(),
        ..account(&[(BUCKET, &delegating())])
    };
    let facts = facts_in(account(PublicAccessBlock::default()));
    assert_eq!(facts.open, known(&["read"]));
    assert_eq!(facts.arn, arn);
    assert_eq!(
        (facts.kind.as_str(), facts.region.as_str()),
        ("multi-region", "global")
    );
    assert_eq!(facts_in(account(ALL_ON)).open, known(&[]));
}

/// The accounts that another account's access goes to.
fn others(point: AccessPointInventory, bucket: &BucketInventory) -> Vec<String> {
    let fact = facts_in(with(point, bucket)).other_accounts;
    let parties = fact.known().unwrap_or_else(|| panic!("{fact:?}"));
    parties.iter().map(|party| party.account.clone()).collect()
}

const PARTNER: &str = "222222222222";

/// A door for one principal.
fn door_for(principal: &str) -> AccessPointInventory {
    AccessPointInventory {
        policy: policy(&json!([{
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject", "Resource": own("/object/*"),
        }])),
        policy_status: status(false),
        ..door()
    }
}

/// S3 user guide, "Configuring IAM policies for using access points": both policies must allow it.
#[test]
fn another_account_needs_the_access_points_policy_and_the_buckets() {
    let role = format!("arn:aws:iam::{PARTNER}:role/etl");
    let bucket_for = |principal: &str| BucketInventory {
        policy: policy(&json!([{
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
        }])),
        policy_status: status(false),
        ..open_bucket()
    };
    let bare = BucketInventory {
        policy: Reading::Absent,
        policy_status: status(false),
        ..open_bucket()
    };
    for (principal, bucket, expected) in [
        (PARTNER, delegating(), vec![PARTNER]),
        (role.as_str(), delegating(), vec![PARTNER]),
        (OWNER, delegating(), vec![]),
        (PARTNER, bucket_for(PARTNER), vec![PARTNER]),
        (PARTNER, bucket_for("333333333333"), vec![]),
        (PARTNER, bucket_for(OWNER), vec![]),
        (PARTNER, bare, vec![]),
    ] {
        assert_eq!(
            others(door_for(principal), &bucket),
            expected,
            "{principal}"
        );
    }
}

#[test]
fn an_access_point_for_a_vpc_or_with_all_of_block_public_access_still_shares() {
    let inside = AccessPointInventory {
        network_origin: "VPC".into(),
        configuration: Reading::Known(AccessPointConfiguration {
            public_access_block: ALL_ON,
            created: None,
        }),
        ..door_for(PARTNER)
    };
    assert_eq!(others(inside, &delegating()), [PARTNER]);
}

#[test]
fn an_organization_in_a_condition_is_named_and_everyone_is_not() {
    let by_organization = AccessPointInventory {
        policy: policy(&everyone(
            "s3:GetObject",
            &own("/object/*"),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-partner"}}),
        )),
        ..door()
    };
    assert_eq!(others(by_organization, &delegating()), ["o-partner"]);
    // That is s3-access-point-public.
    assert_eq!(others(door(), &delegating()), Vec::<String>::new());
}

/// RestrictPublicBuckets cuts named accounts off as well where AWS calls a policy public.
#[test]
fn a_public_policy_under_restrict_public_buckets_shares_nothing() {
    let restricted = |also_public: bool| {
        let mut statements = vec![json!({
            "Effect": "Allow", "Principal": {"AWS": PARTNER}, "Action": "s3:GetObject", "Resource": own("/object/*"),
        })];
        if also_public {
            statements.push(json!({
                "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": own(""),
            }));
        }
        AccessPointInventory {
            policy: policy(&json!(statements)),
            configuration: Reading::Known(AccessPointConfiguration {
                public_access_block: RESTRICT,
                created: None,
            }),
            ..door()
        }
    };
    assert_eq!(
        others(restricted(true), &delegating()),
        Vec::<String>::new()
    );
    assert_eq!(others(restricted(false), &delegating()), [PARTNER]);
}

#[test]
fn sharing_is_unknown_where_a_policy_was_refused_unless_the_other_decides() {
    let unread = AccessPointInventory {
        policy: denied("s3:GetAccessPointPolicy"),
        ..door_for(PARTNER)
    };
    let facts = facts_in(with(unread, &delegating()));
    assert!(facts.other_accounts.known().is_none());
    let unread = BucketInventory {
        policy: denied("s3:GetBucketPolicy"),
        ..delegating()
    };
    let facts = facts_in(with(door_for(PARTNER), &unread));
    assert!(facts.other_accounts.known().is_none());
    assert_eq!(others(door_for(OWNER), &unread), Vec::<String>::new());
}
