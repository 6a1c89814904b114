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

/// A kind that is neither general purpose nor directory: its service, what lists it, what a policy grants
/// to read, write, and take it over, and the algorithm of a bucket without a KMS key.
struct OtherKind {
    name: &'static str,
    arn: &'static str,
    list: &'static str,
    read: &'static str,
    write: &'static str,
    takeover: Option<&'static str>,
    without_key: &'static str,
    place: fn(&mut RegionInventory, RegionalBucketInventory),
    listing: fn(&mut RegionInventory) -> &mut Reading<Listing>,
}

const OTHERS: [OtherKind; 3] = [
    OtherKind {
        name: "table",
        arn: "arn:aws:s3tables:eu-west-1:111111111111:bucket/b",
        list: "s3tables:ListTableBuckets",
        read: "s3tables:GetTableData",
        write: "s3tables:PutTableData",
        takeover: Some("s3tables:PutTableBucketPolicy"),
        without_key: "sse-s3",
        place: |region, bucket| {
            region.table_buckets.insert("b".to_owned(), bucket);
        },
        listing: |region| &mut region.table_bucket_listing,
    },
    OtherKind {
        name: "vector",
        arn: "arn:aws:s3vectors:eu-west-1:111111111111:bucket/b",
        list: "s3vectors:ListVectorBuckets",
        read: "s3vectors:QueryVectors",
        write: "s3vectors:PutVectors",
        takeover: Some("s3vectors:DeleteVectorBucketPolicy"),
        without_key: "sse-s3",
        place: |region, bucket| {
            region.vector_buckets.insert("b".to_owned(), bucket);
        },
        listing: |region| &mut region.vector_bucket_listing,
    },
    OtherKind {
        name: "file-system",
        arn: "arn:aws:s3files:eu-west-1:111111111111:file-system/b",
        list: "s3files:ListFileSystems",
        read: "s3files:ClientMount",
        write: "s3files:ClientRootAccess",
        takeover: None,
        without_key: "service-owned",
        place: |region, bucket| {
            region.file_systems.insert("b".to_owned(), bucket);
        },
        listing: |region| &mut region.file_system_listing,
    },
];

impl OtherKind {
    /// What is known of one, beside a general purpose bucket of the same name.
    fn known(&self, bucket: RegionalBucketInventory) -> Value {
        let mut region = RegionInventory::default();
        (self.place)(&mut region, bucket);
        let snapshot = snapshot(AccountInventory {
            regions: [(REGION.to_owned(), region)].into(),
            ..account(&[("b", &quiet_bucket())])
        });
        let facts = Facts::new(&snapshot, Trust::default());
        let subject = facts
            .subjects(SubjectKind::Bucket)
            .find(|subject| subject.id.arn == self.arn)
            .unwrap();
        let view = facts.view(&subject).unwrap();
        let known = view.document(&FactPaths::EVERYTHING).known["bucket"].clone();
        assert_eq!(known["kind"], json!(self.name));
        assert_eq!(known["region"], json!(REGION));
        known
    }
}

fn allowing(action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": action, "Resource": "*"})
}

#[test]
fn the_other_kinds_are_judged_by_the_actions_of_their_own_services() {
    for kind in &OTHERS {
        let parties = |action: &str| {
            let known = kind.known(shared(allowing(action)));
            let reach = known["exposure"]["any_aws_account"].clone();
            (
                known["exposure"]["other_accounts"][0]["account"].clone(),
                reach,
            )
        };
        let named = json!("222222222222");
        let (whom, reach) = parties(kind.read);
        assert_eq!((&whom, &reach["read"]), (&named, &json!("constrained")));
        assert_eq!(reach["takeover"], json!("unreachable"), "{}", kind.name);
        let (whom, reach) = parties(kind.write);
        assert_eq!((&whom, &reach["write"]), (&named, &json!("constrained")));
        assert_eq!(reach["takeover"], json!("unreachable"), "{}", kind.name);
        if let Some(takeover) = kind.takeover {
            let (whom, reach) = parties(takeover);
            assert_eq!((&whom, &reach["takeover"]), (&named, &json!("constrained")));
        }
        // What S3 calls a bucket's objects is another service.
        for other in ["s3:*", "s3express:*"] {
            let (whom, reach) = parties(other);
            assert_eq!((whom, &reach["read"]), (Value::Null, &json!("unreachable")));
        }
    }
}

#[test]
fn without_a_policy_no_other_account_has_access() {
    for kind in &OTHERS {
        let without = RegionalBucketInventory {
            policy: Reading::Absent,
            ..RegionalBucketInventory::default()
        };
        let exposure = kind.known(without)["exposure"].clone();
        assert_eq!(exposure["other_accounts"], json!([]), "{}", kind.name);
        assert_eq!(exposure["any_aws_account"]["read"], json!("unreachable"));
        assert_eq!(exposure["takeover_only_by_access_points"], json!(false));
        // Whether the public can is not asked: AWS refuses public policies there.
        assert_eq!(
            exposure.get("public").and_then(|public| public.get("read")),
            None
        );
    }
}

/// A refused policy, one that is no policy, and an answer without one.
#[test]
fn a_policy_that_was_not_read_decides_nothing() {
    for kind in &OTHERS {
        for policy in [
            Reading::Denied {
                action: String::new(),
                code: "AccessDeniedException".to_owned(),
            },
            Reading::NotCollected,
            Reading::Known("not a policy".to_owned()),
            Reading::Known(String::new()),
        ] {
            let bucket = RegionalBucketInventory {
                policy,
                ..RegionalBucketInventory::default()
            };
            let known = kind.known(bucket);
            let exposure = known.get("exposure").cloned().unwrap_or_default();
            assert_eq!(exposure.get("other_accounts"), None, "{}", kind.name);
            let any = exposure.get("any_aws_account");
            let read = any.and_then(|any| any.get("read"));
            assert_eq!(read, None, "{}: {exposure}", kind.name);
        }
    }
}

#[test]
fn the_other_kinds_say_whose_key_encrypts_them() {
    let with_key = |key: &str| RegionalBucketInventory {
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: Some(key.into()),
            ..Encryption::default()
        }),
        ..RegionalBucketInventory::default()
    };
    for kind in &OTHERS {
        let own = kind.known(with_key("arn:aws:kms:eu-west-1:111111111111:key/k"));
        assert_eq!(own["encryption"]["kms"], json!(true));
        assert_eq!(own["key"]["foreign"], json!(false));
        let other = kind.known(with_key("arn:aws:kms:eu-west-1:222222222222:key/k"));
        assert_eq!(other["key"]["foreign"], json!(true), "{}", kind.name);
        let algorithm = match kind.without_key {
            "sse-s3" => "AES256",
            other => other,
        };
        let plain = kind.known(RegionalBucketInventory {
            encryption: Reading::Known(Encryption {
                algorithm: Some(algorithm.into()),
                ..Encryption::default()
            }),
            ..RegionalBucketInventory::default()
        });
        assert_eq!(plain["encryption"]["default"], json!(kind.without_key));
        assert_eq!(plain["encryption"]["kms"], json!(false));
    }
}

#[test]
fn a_refused_list_of_any_kind_is_one_stand_in_of_that_kind() {
    for kind in &OTHERS {
        let stand_ins = |listing: Reading<Listing>| -> Vec<Subject> {
            let mut region = RegionInventory::default();
            *(kind.listing)(&mut region) = listing;
            let snapshot = snapshot(AccountInventory {
                regions: [(REGION.to_owned(), region)].into(),
                ..account(&[])
            });
            let facts = Facts::new(&snapshot, Trust::default());
            facts.subjects(SubjectKind::Bucket).collect()
        };
        let refused = stand_ins(Reading::Denied {
            action: kind.list.to_owned(),
            code: "AccessDeniedException".to_owned(),
        });
        let [subject] = refused.as_slice() else {
            panic!("{}: {refused:?}", kind.name);
        };
        assert_eq!(subject.id.name, "*");
        assert_eq!(BucketKind::of_arn(&subject.id.arn).name(), kind.name);
        assert_eq!(subject.unlisted[0].action, kind.list);
        for listing in [
            Reading::Absent,
            Reading::NotCollected,
            Reading::Known(Listing { complete: true }),
        ] {
            assert_eq!(stand_ins(listing), Vec::new(), "{}", kind.name);
        }
    }
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
