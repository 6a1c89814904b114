//! A small account to change one thing at a time in.

use coldbucket::facts::bucket::BucketFacts;
use coldbucket::facts::function::FunctionFacts;
use coldbucket::facts::{Facts, Posture, Subject, SubjectFacts, Trust};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::bucket::{
    Acl, BucketInventory, Encryption, Grant, Logging, Ownership, PolicyStatus, PublicAccessBlock,
    Versioning,
};
use coldbucket::inventory::function::{FunctionConfiguration, FunctionInventory};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::Value;

pub const OWNER: &str = "111111111111";
pub const OWNER_CANONICAL: &str = "owner-canonical-id";
pub const BUCKET: &str = "b";
pub const REGION: &str = "eu-west-1";

pub fn denied<T>(action: &str) -> Reading<T> {
    Reading::Denied {
        action: action.into(),
        code: "AccessDenied".into(),
    }
}

pub fn failed<T>(action: &str) -> Reading<T> {
    Reading::Failed {
        action: action.into(),
        code: "Timeout".into(),
        message: "no answer in 5 s".into(),
    }
}

/// A bucket with AWS's defaults of today, everything read.
pub fn quiet_bucket() -> BucketInventory {
    BucketInventory {
        region: Some(REGION.into()),
        created: None,
        policy: Reading::Absent,
        policy_status: Reading::NotCollected,
        acl: Reading::Known(Acl {
            owner: Some(OWNER_CANONICAL.into()),
            grants: vec![grant(OWNER_CANONICAL, "FULL_CONTROL")],
        }),
        ownership: Reading::Known(Ownership {
            object_ownership: "BucketOwnerEnforced".into(),
        }),
        public_access_block: Reading::Known(ALL_ON),
        encryption: Reading::Known(Encryption {
            algorithm: Some("AES256".into()),
            ..Encryption::default()
        }),
        logging: Reading::Absent,
        versioning: Reading::Known(Versioning::default()),
        tags: Reading::Absent,
        website: Reading::Absent,
        cors: Reading::Absent,
        lifecycle: Reading::Absent,
        replication: Reading::NotCollected,
        object_lock: Reading::NotCollected,
        abac: Reading::NotCollected,
        object_sample: Reading::NotCollected,
        object_acls: Reading::NotCollected,
        request_payment: Reading::NotCollected,
    }
}

/// A bucket with nothing in the way: no Block Public Access, ACLs on, no policy.
pub fn open_bucket() -> BucketInventory {
    BucketInventory {
        ownership: ownership("ObjectWriter"),
        public_access_block: Reading::Absent,
        ..quiet_bucket()
    }
}

pub const ALL_ON: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: true,
    ignore_public_acls: true,
    block_public_policy: true,
    restrict_public_buckets: true,
};

pub const RESTRICT: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: true,
};

pub fn grant(grantee: &str, permission: &str) -> Grant {
    Grant {
        grantee: grantee.into(),
        permission: permission.into(),
    }
}

pub fn acl(grants: &[(&str, &str)]) -> Reading<Acl> {
    let owner = [grant(OWNER_CANONICAL, "FULL_CONTROL")];
    Reading::Known(Acl {
        owner: Some(OWNER_CANONICAL.into()),
        grants: owner
            .into_iter()
            .chain(
                grants
                    .iter()
                    .map(|(grantee, permission)| grant(grantee, permission)),
            )
            .collect(),
    })
}

pub fn ownership(object_ownership: &str) -> Reading<Ownership> {
    Reading::Known(Ownership {
        object_ownership: object_ownership.into(),
    })
}

pub fn status(is_public: bool) -> Reading<PolicyStatus> {
    Reading::Known(PolicyStatus { is_public })
}

pub fn logging(target: &str) -> Reading<Logging> {
    Reading::Known(Logging {
        target_bucket: target.into(),
        target_prefix: "logs/".into(),
        key_format: None,
    })
}

/// A policy of the given statements.
pub fn policy(statements: &serde_json::Value) -> Reading<String> {
    Reading::Known(
        serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string(),
    )
}

/// An account with these buckets, no Block Public Access of its own.
pub fn account(buckets: &[(&str, &BucketInventory)]) -> AccountInventory {
    AccountInventory {
        public_access_block: Reading::Absent,
        bucket_listing: Reading::Known(Listing { complete: true }),
        buckets: buckets
            .iter()
            .map(|(name, bucket)| ((*name).to_owned(), (*bucket).clone()))
            .collect(),
        ..AccountInventory::default()
    }
}

pub fn snapshot(account: AccountInventory) -> Snapshot {
    Snapshot {
        schema: "coldbucket-snapshot/1".into(),
        taken_at: "2026-11-22T12:00:00Z".into(),
        complete: true,
        accounts: [(OWNER.to_owned(), account)].into(),
        ..Snapshot::default()
    }
}

/// The facts of a snapshot that lives as long as the tests, as views borrow from it.
pub fn kept(snapshot: Snapshot) -> &'static Facts<'static> {
    let snapshot: &'static Snapshot = Box::leak(Box::new(snapshot));
    Box::leak(Box::new(Facts::new(snapshot, Trust::default())))
}

pub fn bucket_facts_in(account: AccountInventory, name: &str) -> BucketFacts<'static> {
    let facts = kept(snapshot(account));
    match facts.view(&subject(facts, SubjectKind::Bucket, name)) {
        Some(SubjectFacts::Bucket(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

/// The facts of one bucket named `b`.
pub fn bucket_facts(bucket: &BucketInventory) -> BucketFacts<'static> {
    bucket_facts_in(account(&[(BUCKET, bucket)]), BUCKET)
}

pub fn subject(facts: &Facts<'_>, kind: SubjectKind, name: &str) -> Subject {
    facts
        .subjects(kind)
        .find(|subject| subject.id.name == name)
        .unwrap()
}

/// The evidence for a fact of a subject.
pub fn evidence(facts: &Facts<'_>, subject: &Subject, path: &str) -> Vec<(String, Value)> {
    facts.evidence(subject, &facts.view(subject).unwrap(), path)
}

/// The postures of all subjects of a kind.
pub fn postures(facts: &Facts<'_>, kind: SubjectKind) -> Vec<Posture> {
    facts
        .subjects(kind)
        .filter_map(|subject| Some(facts.view(&subject)?.posture()))
        .collect()
}

pub fn python(runtime: &str) -> FunctionConfiguration {
    FunctionConfiguration {
        runtime: Some(runtime.into()),
        package_type: "Zip".into(),
        architecture: "x86_64".into(),
        memory_mb: 512,
        timeout_s: 30,
        code_size_bytes: 3 * 1024 * 1024,
        ephemeral_storage_mb: 512,
        ..FunctionConfiguration::default()
    }
}

/// A function with `$LATEST` only, everything read.
pub fn function(latest: FunctionConfiguration) -> FunctionInventory {
    FunctionInventory {
        arn: format!("arn:aws:lambda:{REGION}:{OWNER}:function:f"),
        versions: [("$LATEST".to_owned(), latest)].into(),
        aliases: Reading::Known(Vec::new()),
        provisioned_concurrency: Reading::Known(Vec::new()),
        ..FunctionInventory::default()
    }
}

pub fn function_snapshot(function: FunctionInventory, region: &str, taken_at: &str) -> Snapshot {
    region_snapshot(function, RegionInventory::default(), region, taken_at)
}

/// A function among what else is listed in its Region.
pub fn region_snapshot(
    function: FunctionInventory,
    mut around: RegionInventory,
    region: &str,
    taken_at: &str,
) -> Snapshot {
    around.functions.insert("f".to_owned(), function);
    let account = AccountInventory {
        regions: [(
            region.to_owned(),
            RegionInventory {
                function_listing: Reading::Known(Listing { complete: true }),
                ..around
            },
        )]
        .into(),
        ..AccountInventory::default()
    };
    Snapshot {
        taken_at: taken_at.into(),
        ..snapshot(account)
    }
}

/// A Region where nothing calls anything, everything read.
pub fn quiet_region() -> RegionInventory {
    RegionInventory {
        event_source_mappings: Reading::Known(Vec::new()),
        rules: Reading::Known(Vec::new()),
        schedules: Reading::Known(Vec::new()),
        scalable_targets: Reading::Known(Vec::new()),
        ..RegionInventory::default()
    }
}

fn function_of(snapshot: Snapshot) -> FunctionFacts<'static> {
    let facts = kept(snapshot);
    match facts.view(&subject(facts, SubjectKind::Function, "f")) {
        Some(SubjectFacts::Function(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

pub fn function_facts_in(
    function: FunctionInventory,
    around: RegionInventory,
) -> FunctionFacts<'static> {
    function_facts_on(function, around, "2026-11-22T12:00:00Z")
}

/// The same in a snapshot of another day.
pub fn function_facts_on(
    function: FunctionInventory,
    around: RegionInventory,
    taken_at: &str,
) -> FunctionFacts<'static> {
    function_of(region_snapshot(function, around, REGION, taken_at))
}

pub fn function_facts_at(
    function: FunctionInventory,
    region: &str,
    taken_at: &str,
) -> FunctionFacts<'static> {
    function_of(function_snapshot(function, region, taken_at))
}

pub fn function_facts(function: FunctionInventory) -> FunctionFacts<'static> {
    function_facts_at(function, REGION, "2026-11-22T12:00:00Z")
}
