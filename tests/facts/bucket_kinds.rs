//! Buckets that are not general purpose: which there are, which checks judge them, and what is concluded.

use coldbucket::facts::{FactPaths, Facts, Subject, Trust};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::bucket::{Encryption, RegionalBucketInventory};
use coldbucket::inventory::ids::{BucketKind, SubjectKind};
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::{Value, json};

use crate::support::{OWNER, REGION, account, policy, quiet_bucket, snapshot};

const NAME: &str = "b--euw1-az1--x-s3";
const ARN: &str = "arn:aws:s3express:eu-west-1:111111111111:bucket/b--euw1-az1--x-s3";

fn with(bucket: RegionalBucketInventory) -> Snapshot {
    let region = RegionInventory {
        directory_bucket_listing: Reading::Known(Listing { complete: true }),
        directory_buckets: [(NAME.to_owned(), bucket)].into(),
        ..RegionInventory::default()
    };
    snapshot(AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[("b", &quiet_bucket())])
    })
}

fn listed(listing: Reading<Listing>) -> Vec<Subject> {
    listed_in(listing, true)
}

/// The buckets by a list of a run that came to its end, or did not.
fn listed_in(listing: Reading<Listing>, complete: bool) -> Vec<Subject> {
    let region = RegionInventory {
        directory_bucket_listing: listing,
        ..RegionInventory::default()
    };
    let snapshot = Snapshot {
        complete,
        ..snapshot(AccountInventory {
            regions: [(REGION.to_owned(), region)].into(),
            ..account(&[])
        })
    };
    Facts::new(&snapshot, Trust::default())
        .subjects(SubjectKind::Bucket)
        .collect()
}

fn known(bucket: RegionalBucketInventory, trust: Trust) -> Value {
    let snapshot = with(bucket);
    let facts = Facts::new(&snapshot, trust);
    let subject = facts
        .subjects(SubjectKind::Bucket)
        .find(|subject| subject.id.name == NAME)
        .unwrap();
    assert_eq!(subject.id.arn, ARN);
    let document = facts
        .view(&subject)
        .unwrap()
        .document(&FactPaths::EVERYTHING);
    document.known["bucket"].clone()
}

fn shared(statement: Value) -> RegionalBucketInventory {
    RegionalBucketInventory {
        policy: policy(&json!([statement])),
        ..RegionalBucketInventory::default()
    }
}

#[test]
fn a_directory_bucket_is_a_bucket_with_a_kind() {
    let snapshot = with(RegionalBucketInventory::default());
    let facts = Facts::new(&snapshot, Trust::default());
    let subjects: Vec<Subject> = facts.subjects(SubjectKind::Bucket).collect();
    let arns: Vec<&str> = subjects
        .iter()
        .map(|subject| subject.id.arn.as_str())
        .collect();
    assert_eq!(arns, ["arn:aws:s3:::b", ARN]);
    let kinds: Vec<Value> = subjects
        .iter()
        .map(|subject| {
            let view = facts.view(subject).unwrap();
            let document = view.document(&FactPaths::of(["bucket.kind"]));
            document.known["bucket"]["kind"].clone()
        })
        .collect();
    assert_eq!(kinds, [json!("general"), json!("directory")]);
}

#[test]
fn a_list_that_was_refused_stands_for_what_it_would_name() {
    let refused = listed(Reading::Denied {
        action: "s3express:ListAllMyDirectoryBuckets".to_owned(),
        code: "AccessDenied".to_owned(),
    });
    let [subject] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (subject.id.name.as_str(), subject.id.region.as_str()),
        ("*", REGION)
    );
    assert_eq!(
        subject.unlisted[0].action,
        "s3express:ListAllMyDirectoryBuckets"
    );
    // Not offered in the Region, not asked for, and none there.
    for listing in [
        Reading::Absent,
        Reading::NotCollected,
        Reading::Known(Listing { complete: true }),
    ] {
        assert_eq!(listed(listing), Vec::new());
    }
    // A run that was interrupted before the list, or in the middle of it.
    for listing in [
        Reading::NotCollected,
        Reading::Known(Listing { complete: false }),
    ] {
        let unknown = listed_in(listing, false);
        let stand_in = unknown
            .iter()
            .find(|subject| BucketKind::of_arn(&subject.id.arn) == BucketKind::Directory);
        assert!(!stand_in.unwrap().unlisted.is_empty(), "{unknown:?}");
    }
}

#[test]
fn the_policy_says_who_is_let_in() {
    for (statement, parties) in [
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3express:CreateSession", "Resource": "*"}),
            json!([{"account": "222222222222", "via": "policy", "trusted": false}]),
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3express:*", "Resource": ARN}),
            json!([{"account": "any AWS account", "via": "policy", "trusted": false}]),
        ),
        // Another service's actions, and the owner's own identities.
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"}),
            json!([]),
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "s3express:*", "Resource": "*"}),
            json!([]),
        ),
    ] {
        let known = known(shared(statement.clone()), Trust::default());
        assert_eq!(known["exposure"]["other_accounts"], parties, "{statement}");
    }
    let trust = Trust {
        accounts: ["222222222222".to_owned()].into(),
        ..Trust::default()
    };
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3express:*", "Resource": "*"});
    assert_eq!(
        known(shared(statement), trust)["exposure"]["other_accounts"],
        json!([{"account": "222222222222", "via": "policy", "trusted": true}])
    );
}

#[test]
fn the_default_encryption_says_whose_key_it_is() {
    let under = |key: &str| RegionalBucketInventory {
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: Some(key.into()),
            ..Encryption::default()
        }),
        ..RegionalBucketInventory::default()
    };
    let own = known(under("k"), Trust::default());
    assert_eq!(own["encryption"]["kms"], json!(true));
    assert_eq!(own["key"]["foreign"], json!(false));
    let other = known(
        under("arn:aws:kms:eu-west-1:222222222222:key/k"),
        Trust::default(),
    );
    assert_eq!(other["key"]["foreign"], json!(true));
    assert_eq!(other["key"]["account"], json!("222222222222"));
    // S3 encrypts with keys of its own where nothing is set.
    let plain = RegionalBucketInventory {
        encryption: Reading::Absent,
        ..RegionalBucketInventory::default()
    };
    assert_eq!(
        known(plain, Trust::default())["encryption"]["default"],
        json!("sse-s3")
    );
}

/// What a general purpose bucket has and this one has not is never concluded from nothing.
#[test]
fn settings_of_general_purpose_buckets_are_unknown() {
    let known = known(RegionalBucketInventory::default(), Trust::default());
    for topic in ["transport", "versioning", "website", "replication", "acl"] {
        let found = known.get(topic).and_then(Value::as_object);
        // Which control policies refuse requests is a list of their ids, and there are none.
        let concluded: Vec<&String> = found
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .filter(|member| *member != "closed_by")
            .collect();
        assert!(concluded.is_empty(), "{topic}: {concluded:?}");
    }
}
