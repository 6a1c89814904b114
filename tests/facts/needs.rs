//! Needs are what facts open: neither less nor more.
//!
//! Every reading is taken away in turn, in every way it can be missing. A fact that changes must
//! have declared the reading, must become unknown and never another value, and must name the
//! reading's action. A declared reading that changes no fact in any of the accounts below is not
//! needed, or the accounts are too poor.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket::facts::{Facts, Subject, Trust, declarations, list_needs, needs};
use coldbucket::inventory::account::AccountInventory;
use coldbucket::inventory::bucket::{
    Abac, BucketInventory, CorsRule, Encryption, LifecycleRule, ObjectLock, PublicAccessBlock,
    Replication, ReplicationRule, Versioning, Website,
};
use coldbucket::inventory::function::{
    Alias, FunctionConfiguration, Image, ProvisionedConcurrency,
};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::key::{KeyDescription, KeyInventory, KeyRotation};
use coldbucket::inventory::need::{Guard, Need, ReadingKind, Relation, Scope};
use coldbucket::inventory::target::{BucketHead, TargetInventory};
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::{Value, json};

use crate::support::{
    ALL_ON, BUCKET, OWNER, REGION, account, acl, function, function_snapshot, logging, open_bucket,
    policy, python, quiet_bucket, snapshot, status,
};

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/k";

/// A bucket under a key of the account that copies to a bucket nobody listed, and everything else
/// that is neither access nor logging.
fn elaborate() -> AccountInventory {
    let bucket = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}},
            {"Effect": "Deny", "Principal": {"AWS": "333333333333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
        ])),
        policy_status: status(false),
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: Some(KEY.into()),
            ..Encryption::default()
        }),
        versioning: Reading::Known(Versioning {
            status: Some("Enabled".into()),
            mfa_delete: None,
        }),
        website: Reading::Known(Website {
            index_document: Some("index.html".into()),
            redirect_all_to: None,
        }),
        cors: Reading::Known(vec![CorsRule {
            origins: vec!["*".into()],
            methods: vec!["GET".into(), "PUT".into()],
            headers: Vec::new(),
        }]),
        lifecycle: Reading::Known(vec![LifecycleRule {
            enabled: true,
            whole_bucket: true,
            expires_noncurrent_days: Some(30),
            aborts_uploads_days: Some(7),
            ..LifecycleRule::default()
        }]),
        replication: Reading::Known(Replication {
            role: "arn:aws:iam::111111111111:role/copy".into(),
            rules: vec![ReplicationRule {
                id: "all".into(),
                enabled: true,
                whole_bucket: true,
                destination: "copy".into(),
                ..ReplicationRule::default()
            }],
        }),
        object_lock: Reading::Known(ObjectLock {
            enabled: true,
            default_mode: Some("GOVERNANCE".into()),
            default_days: Some(30),
        }),
        abac: Reading::Known(Abac {
            status: "Enabled".into(),
        }),
        ..quiet_bucket()
    };
    let key = KeyInventory {
        description: Reading::Known(KeyDescription {
            arn: KEY.into(),
            account: OWNER.into(),
            manager: "CUSTOMER".into(),
            state: "Disabled".into(),
            origin: "AWS_KMS".into(),
            spec: "SYMMETRIC_DEFAULT".into(),
            deletion_date: None,
        }),
        rotation: Reading::Known(KeyRotation {
            enabled: true,
            period_days: Some(365),
        }),
    };
    let target = TargetInventory {
        listed: None,
        head: Reading::Known(BucketHead {
            owner: OWNER.into(),
        }),
    };
    AccountInventory {
        keys: [(KEY.to_owned(), key)].into(),
        targets: [("copy".to_owned(), target)].into(),
        ..account(&[(BUCKET, &bucket)])
    }
}

/// Accounts in which, between them, every reading matters to every fact that declares it.
fn accounts() -> Vec<Snapshot> {
    let restrict = PublicAccessBlock {
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    };
    let everything_from_an_endpoint = policy(&json!([
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"},
    ]));
    let behind_endpoint = BucketInventory {
        policy: everything_from_an_endpoint,
        policy_status: status(false),
        public_access_block: Reading::Known(restrict),
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            bucket_key: Some(true),
            blocked_encryption_types: Some(vec!["NONE".into()]),
            ..Encryption::default()
        }),
        tags: Reading::Known([("team".to_owned(), "red".to_owned())].into()),
        ..open_bucket()
    };
    let by_acl = BucketInventory {
        acl: acl(&[
            ("AllUsers", "FULL_CONTROL"),
            ("friend", "READ"),
            ("LogDelivery", "WRITE"),
        ]),
        ..open_bucket()
    };
    let source = BucketInventory {
        logging: logging(BUCKET),
        ..quiet_bucket()
    };
    let by_account = AccountInventory {
        public_access_block: Reading::Known(ALL_ON),
        ..account(&[(
            BUCKET,
            &BucketInventory {
                public_access_block: Reading::Absent,
                ..behind_endpoint.clone()
            },
        )])
    };
    let public = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"},
        ])),
        policy_status: status(true),
        ..open_bucket()
    };
    let cut_by_bucket = BucketInventory {
        public_access_block: Reading::Known(restrict),
        ..public.clone()
    };
    let cut_by_account = AccountInventory {
        public_access_block: Reading::Known(restrict),
        ..account(&[(BUCKET, &public)])
    };
    // Whether this policy is public is not documented: AWS's own word decides.
    let by_aws_word = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
             "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}},
        ])),
        public_access_block: Reading::Known(restrict),
        ..public.clone()
    };
    let published = FunctionConfiguration {
        runtime: Some("java21".into()),
        ..python("java21")
    };
    let mut busy = function(python("python3.13"));
    busy.versions.insert("3".into(), published);
    busy.aliases = Reading::Known(vec![Alias {
        name: "live".into(),
        version: "3".into(),
        ..Alias::default()
    }]);
    busy.provisioned_concurrency = Reading::Known(vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        requested: 2,
        available: 2,
        allocated: 2,
        status: "READY".into(),
        status_reason: None,
    }]);
    let mut image = function(FunctionConfiguration {
        runtime: None,
        package_type: "Image".into(),
        code_size_bytes: 0,
        ..python("")
    });
    image.image = Reading::Known(Image {
        compressed_bytes: 90 << 20,
    });
    vec![
        snapshot(account(&[(BUCKET, &behind_endpoint)])),
        snapshot(account(&[(BUCKET, &by_acl)])),
        snapshot(account(&[(BUCKET, &quiet_bucket()), ("source", &source)])),
        snapshot(account(&[("source", &source)])),
        snapshot(by_account),
        snapshot(account(&[(BUCKET, &cut_by_bucket)])),
        snapshot(cut_by_account),
        snapshot(account(&[(BUCKET, &by_aws_word)])),
        snapshot(elaborate()),
        function_snapshot(busy, REGION, "2026-11-22T12:00:00Z"),
        function_snapshot(image, REGION, "2026-11-22T12:00:00Z"),
    ]
}

/// The facts of a subject, path by path: what is known there, and why the rest is not.
#[derive(Default)]
struct Seen {
    known: BTreeMap<String, Vec<String>>,
    unknown: BTreeMap<String, String>,
}

fn seen(snapshot: &Snapshot, subject: &Subject) -> Seen {
    let facts = Facts::new(snapshot, Trust::default());
    let document = facts.of(subject).unwrap().document().unwrap();
    let mut seen = Seen::default();
    for (name, value) in document.known.as_object().unwrap() {
        leaves(name, value, &mut seen.known);
    }
    for (path, because) in document.unknown {
        seen.unknown.insert(path, format!("{because:?}"));
    }
    seen
}

fn leaves(path: &str, value: &Value, out: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(&format!("{path}.{name}"), member, out);
            }
        }
        Value::Array(items) => {
            out.entry(path.to_owned())
                .or_default()
                .push(format!("{} items", items.len()));
            for item in items {
                leaves(&format!("{path}[]"), item, out);
            }
        }
        leaf => out
            .entry(path.to_owned())
            .or_default()
            .push(leaf.to_string()),
    }
}

fn is_at_or_above(upper: &str, lower: &str) -> bool {
    lower
        .strip_prefix(upper)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Tags are a map with names of the account's own, so a path ends there.
fn declared_path(path: &str) -> &str {
    if path.starts_with("bucket.tags") {
        "bucket.tags"
    } else {
        path
    }
}

/// The pointers of a reading that a need of that relation opens, seen from a subject.
fn pointers(
    snapshot: &Snapshot,
    subject: &Subject,
    relation: Relation,
    kind: ReadingKind,
) -> Vec<String> {
    let member = kind.name().rsplit('.').next().unwrap();
    let id = &subject.id;
    match (relation, kind.scope(), id.kind) {
        (Relation::Own, Scope::Account, _) => vec![format!("/accounts/{OWNER}/{member}")],
        (Relation::Own, Scope::Bucket, SubjectKind::Bucket) => {
            vec![format!("/accounts/{OWNER}/buckets/{}/{member}", id.name)]
        }
        (Relation::Siblings, Scope::Bucket, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .buckets
            .keys()
            .filter(|name| **name != id.name)
            .map(|name| format!("/accounts/{OWNER}/buckets/{name}/{member}"))
            .collect(),
        (Relation::EncryptionKey, Scope::Key, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .keys
            .keys()
            .map(|arn| format!("/accounts/{OWNER}/keys/{}/{member}", arn.replace('/', "~1")))
            .collect(),
        (Relation::Destination, Scope::Target, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .targets
            .keys()
            .map(|name| format!("/accounts/{OWNER}/targets/{name}/{member}"))
            .collect(),
        (Relation::Own, Scope::Function, SubjectKind::Function) => vec![format!(
            "/accounts/{OWNER}/regions/{}/functions/{}/{member}",
            id.region, id.name
        )],
        _ => Vec::new(),
    }
}

/// The snapshot with those readings replaced.
fn without(snapshot: &Snapshot, pointers: &[String], state: &Value) -> Snapshot {
    let mut document = serde_json::to_value(snapshot).unwrap();
    for pointer in pointers {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[member] = state.clone();
    }
    serde_json::from_value(document).unwrap()
}

fn listing(kind: ReadingKind) -> bool {
    matches!(
        kind,
        ReadingKind::BucketListing | ReadingKind::FunctionListing | ReadingKind::RegionListing
    )
}

fn missing_states(action: &str) -> [(&'static str, Value); 4] {
    [
        ("NotCollected", json!("not-collected")),
        (
            "Denied",
            json!({"denied": {"action": action, "code": "AccessDenied"}}),
        ),
        (
            "Failed",
            json!({"failed": {"action": action, "code": "Timeout", "message": "m"}}),
        ),
        ("Undetermined", json!({"undetermined": "aws_s3_bucket.b"})),
    ]
}

#[test]
fn facts_open_what_they_declare_and_become_unknown_without_it() {
    let mut mattered: BTreeSet<(String, Need)> = BTreeSet::new();
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        let subjects: Vec<Subject> = SubjectKind::ALL
            .into_iter()
            .flat_map(|kind| facts.subjects(kind))
            .filter(|subject| facts.of(subject).is_some())
            .collect();
        for subject in subjects {
            let full = seen(&snapshot, &subject);
            for kind in ReadingKind::ALL
                .iter()
                .copied()
                .filter(|kind| !listing(*kind))
            {
                for relation in [
                    Relation::Own,
                    Relation::Siblings,
                    Relation::EncryptionKey,
                    Relation::Destination,
                ] {
                    let pointers = pointers(&snapshot, &subject, relation, kind);
                    if pointers.is_empty() {
                        continue;
                    }
                    for (state, value) in missing_states(kind.action()) {
                        let less = seen(&without(&snapshot, &pointers, &value), &subject);
                        let what = format!("{} of {}: {state}", kind.name(), subject.id.name);
                        let changed = changed_paths(&full, &less, relation, kind, state, &what);
                        for path in changed {
                            let need = needs(declared_path(&path))
                                .into_iter()
                                .find(|need| need.reading == kind && need.relation == relation)
                                .unwrap_or_else(|| panic!("{what}: {path} does not declare it"));
                            mattered.insert((path, need));
                        }
                    }
                }
            }
        }
    }
    let idle: Vec<String> = declarations()
        .flat_map(|(path, needs)| needs.iter().map(move |need| (path, *need)))
        .filter(|(_, need)| !listing(need.reading))
        .filter(|(path, need)| {
            !mattered.iter().any(|(changed, opened)| {
                opened == need && (is_at_or_above(path, changed) || is_at_or_above(changed, path))
            })
        })
        .map(|(path, need)| format!("{path} declares {need:?} and never changes"))
        .collect();
    assert!(idle.is_empty(), "{idle:#?}");
}

/// The paths that differ, each of them now unknown, and because of that reading. What a sibling says
/// is the exception: without it there is less to know, and no unknown.
fn changed_paths(
    full: &Seen,
    less: &Seen,
    relation: Relation,
    kind: ReadingKind,
    state: &str,
    what: &str,
) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    for (path, values) in &full.known {
        if less.known.get(path) == Some(values) {
            continue;
        }
        changed.insert(path.clone());
        if relation == Relation::Siblings {
            continue;
        }
        assert!(
            !less.known.contains_key(path),
            "{what}: {path} became another value"
        );
        let because = less
            .unknown
            .iter()
            .find(|(unknown, _)| is_at_or_above(unknown, path))
            .unwrap_or_else(|| panic!("{what}: {path} vanished"))
            .1;
        if state == "Undetermined" {
            assert!(
                because.contains("aws_s3_bucket.b"),
                "{what}: {path}: {because}"
            );
        } else {
            assert!(because.contains(kind.action()), "{what}: {path}: {because}");
            assert!(because.contains(state), "{what}: {path}: {because}");
        }
    }
    for (path, because) in &less.unknown {
        if full.unknown.get(path) != Some(because)
            && !changed.iter().any(|known| is_at_or_above(path, known))
        {
            changed.insert(path.clone());
        }
    }
    changed
}

/// What "no such configuration" stands for is a value, so nothing is unknown for its sake.
#[test]
fn absent_is_an_answer() {
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        for subject in [
            SubjectKind::Account,
            SubjectKind::Bucket,
            SubjectKind::Function,
        ]
        .into_iter()
        .flat_map(|kind| facts.subjects(kind))
        .filter(|subject| facts.of(subject).is_some())
        {
            for kind in ReadingKind::ALL
                .iter()
                .copied()
                .filter(|kind| !listing(*kind))
            {
                let pointers = pointers(&snapshot, &subject, Relation::Own, kind);
                let less = seen(&without(&snapshot, &pointers, &json!("absent")), &subject);
                for because in less.unknown.values() {
                    assert!(
                        !because.contains("Denied") && !because.contains("Failed"),
                        "{}: {because}",
                        kind.name()
                    );
                }
            }
        }
    }
}

/// Every leaf of every schema is declared, so no condition can name a fact without its needs.
#[test]
fn every_fact_declares_its_needs() {
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        for kind in SubjectKind::ALL {
            for subject in facts.subjects(kind) {
                if facts.of(&subject).is_none() {
                    continue;
                }
                let seen = seen(&snapshot, &subject);
                for path in seen.known.keys().chain(seen.unknown.keys()) {
                    assert!(
                        declarations().any(|(declared, _)| declared.contains('.')
                            && is_at_or_above(declared, declared_path(path)))
                            || path.starts_with("function."),
                        "{path}"
                    );
                }
            }
        }
    }
}

/// A path that no schema has would silently declare nothing.
#[test]
fn every_declared_path_is_in_the_schema() {
    for (path, _) in declarations() {
        let (variable, rest) = path.split_once('.').unwrap_or((path, ""));
        let kind = SubjectKind::ALL
            .into_iter()
            .find(|kind| kind.variable() == variable)
            .unwrap();
        let root = coldbucket::facts::schema(kind).unwrap();
        let mut here = &root;
        for segment in rest.split('.').filter(|segment| !segment.is_empty()) {
            let name = segment.trim_end_matches("[]");
            here = resolve(&root, &resolve(&root, here)["properties"][name]);
            assert!(!here.is_null(), "{path}: {segment}");
            if segment.ends_with("[]") {
                here = resolve(&root, &here["items"]);
            }
        }
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn own(path: &str) -> Vec<&'static str> {
    needs(path)
        .into_iter()
        .map(|need| need.reading.name())
        .collect()
}

#[test]
fn a_fact_needs_no_more_than_its_own_calls() {
    assert_eq!(
        own("bucket.transport.plain_http_reachable"),
        ["account.bucket_listing", "bucket.policy"]
    );
    assert_eq!(own("bucket.name"), ["account.bucket_listing"]);
    assert_eq!(
        own("bucket.acl.enabled"),
        ["account.bucket_listing", "bucket.ownership"]
    );
    assert_eq!(own("account.id"), [] as [&str; 0]);
    assert_eq!(
        own("function.latest.runtime.deprecated"),
        ["region.function_listing"]
    );
    assert_eq!(
        own("function.versions[].runtime.deprecated"),
        [
            "region.function_listing",
            "function.aliases",
            "function.provisioned_concurrency"
        ]
    );
    assert_eq!(
        own("bucket.nothing_of_the_kind"),
        ["account.bucket_listing"]
    );
    assert_eq!(own("nothing"), [] as [&str; 0]);
    // A path above a group needs all of it; the list alone does not open what is in its items.
    assert!(own("function.versions").contains(&"function.image"));
    assert!(
        !list_needs("function.versions")
            .iter()
            .any(|need| need.reading == ReadingKind::FunctionImage)
    );
}

/// All facts of a bucket together: fifteen calls, and five of them guarded. Only a policy that tests
/// tags of the bucket takes the fifteenth.
#[test]
fn a_bucket_takes_fifteen_calls_at_most() {
    let all = needs("bucket");
    let calls: BTreeSet<ReadingKind> = all
        .iter()
        .filter(|need| need.reading.scope() == Scope::Bucket)
        .map(|need| need.reading)
        .collect();
    assert_eq!(calls.len(), 15);
    for need in all {
        let expected = match need.reading {
            ReadingKind::BucketAcl => Guard::UnlessBucketOwnerEnforced,
            ReadingKind::BucketPolicyStatus => Guard::UnlessNoPolicy,
            ReadingKind::BucketReplication | ReadingKind::BucketObjectLock => {
                Guard::UnlessNotVersioned
            }
            ReadingKind::BucketAbac => Guard::UnlessNoTagCondition,
            ReadingKind::KeyRotation => Guard::OnlyRotatable,
            _ => Guard::Always,
        };
        assert_eq!(need.guard, expected, "{need:?}");
    }
}

/// A guard leaves a call out only when its answer could change nothing.
#[test]
fn guarded_calls_change_nothing() {
    let enforced = quiet_bucket();
    let cases = [
        (ReadingKind::BucketAcl, enforced.clone()),
        (ReadingKind::BucketPolicyStatus, enforced.clone()),
        (ReadingKind::BucketReplication, enforced.clone()),
        (ReadingKind::BucketObjectLock, enforced.clone()),
        (ReadingKind::BucketAbac, enforced),
    ];
    for (kind, bucket) in cases {
        let full = snapshot(account(&[(BUCKET, &bucket)]));
        let facts = Facts::new(&full, Trust::default());
        let subject = facts.subjects(SubjectKind::Bucket).next().unwrap();
        let pointers = pointers(&full, &subject, Relation::Own, kind);
        for (state, value) in missing_states(kind.action()) {
            let less = seen(&without(&full, &pointers, &value), &subject);
            let full = seen(&full, &subject);
            assert_eq!(full.known, less.known, "{} {state}", kind.name());
            assert_eq!(full.unknown, less.unknown, "{} {state}", kind.name());
        }
    }
}
