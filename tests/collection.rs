//! Collection against the synthetic endpoint: what is called, how often, and what becomes of each
//! kind of answer. Expected values are written by hand.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

#[path = "../benches/synthetic_aws/mod.rs"]
mod synthetic_aws;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use coldbucket::collect::{CollectError, CollectRequest, Progress, Silent, testing};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::bucket::{
    Acl, BucketInventory, Grant, PublicAccessBlock, RegionalBucketInventory,
};
use coldbucket::inventory::function::{Image, ProvisionedConcurrency};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::need::{Guard, Need, ReadingKind, Relation};
use coldbucket::inventory::request::ResourceFilter;
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::{Value, json};
use synthetic_aws::{
    Behaviour, Bucket, Endpoint, Faults, KindBucket, Object, World, config, key, trail,
    web_function,
};

const ACCOUNT: &str = "111122223333";

/// The need for a reading as the facts declare it: guarded where a guard exists.
fn need(kind: ReadingKind) -> (SubjectKind, Need) {
    let guard = match kind {
        ReadingKind::BucketPolicyStatus => Guard::OnlyWherePublicCounts,
        ReadingKind::BucketPublicAccessBlock => Guard::UnlessAccountBlocksAll,
        ReadingKind::BucketTags => Guard::WhileThereIsRoom,
        ReadingKind::BucketAcl => Guard::UnlessBucketOwnerEnforced,
        ReadingKind::FunctionImage => Guard::OnlyImages,
        ReadingKind::BucketReplication | ReadingKind::BucketObjectLock => Guard::UnlessNotVersioned,
        ReadingKind::BucketAbac => Guard::UnlessNoTagCondition,
        ReadingKind::KeyRotation => Guard::OnlyRotatable,
        ReadingKind::KeyPolicy | ReadingKind::KeyGrants => Guard::OnlyCustomerKeys,
        ReadingKind::EventSourceMappings => Guard::OnlyStartedAhead,
        ReadingKind::FunctionProvisionedUsage
        | ReadingKind::FunctionReservedConcurrency
        | ReadingKind::ScalableTargets => Guard::OnlyProvisioned,
        ReadingKind::FunctionStatus | ReadingKind::FunctionInvocations => Guard::OnlyInVpc,
        ReadingKind::WebFunctionPolicy => Guard::OnlyCheckedByIam,
        ReadingKind::FunctionUrlCalls => Guard::OnlyHalfGrantedUrls,
        ReadingKind::IdentityAccessKeys => Guard::OnlyUsersOfS3,
        ReadingKind::IdentityLastAccess => Guard::OnlyCallersOfS3,
        ReadingKind::BucketObjectAcls => Guard::UnlessAclsWithoutEffect,
        ReadingKind::AccessPointPolicy | ReadingKind::AccessPointPolicyStatus => {
            Guard::UnlessVpcOrigin
        }
        _ => Guard::Always,
    };
    let subject = match kind {
        ReadingKind::FunctionListing => SubjectKind::Function,
        ReadingKind::WebFunctionListing => SubjectKind::WebFunction,
        _ => kind.scope().subject(),
    };
    // Who pays only matters of buckets that receive access logs.
    let need = match kind {
        ReadingKind::BucketRequestPayment => Need::of_log_target(kind),
        _ => Need::own(kind).guarded_by(guard),
    };
    (subject, need)
}

fn needs(kinds: &[ReadingKind]) -> BTreeSet<(SubjectKind, Need)> {
    kinds.iter().copied().map(need).collect()
}

/// Everything that is not opt-in.
fn all_needs() -> BTreeSet<(SubjectKind, Need)> {
    let kinds: Vec<_> = ReadingKind::ALL
        .iter()
        .copied()
        .filter(|kind| !kind.opt_in())
        .collect();
    needs(&kinds)
}

fn request(endpoint: &Endpoint, needs: BTreeSet<(SubjectKind, Need)>) -> CollectRequest {
    CollectRequest {
        needs,
        endpoint_url: Some(endpoint.url()),
        ..CollectRequest::default()
    }
}

/// Buckets of that name or glob, and all functions.
fn only_bucket(name: &str) -> ResourceFilter {
    ResourceFilter {
        buckets: vec![name.to_owned()],
        ..ResourceFilter::default()
    }
}

/// One Region.
fn only_region(name: &str) -> ResourceFilter {
    ResourceFilter {
        regions: vec![name.to_owned()],
        ..ResourceFilter::default()
    }
}

fn collect(request: CollectRequest) -> Snapshot {
    testing::collect(request, Box::new(Silent)).expect("a snapshot")
}

fn account(snapshot: &Snapshot) -> &AccountInventory {
    &snapshot.accounts[ACCOUNT]
}

fn denied<T>(action: &str, code: &str) -> Reading<T> {
    Reading::Denied {
        action: action.to_owned(),
        code: code.to_owned(),
    }
}

/// The calls of one bucket, everything else aside.
fn bucket_calls(endpoint: &Endpoint) -> u64 {
    endpoint
        .counts()
        .iter()
        .filter(|(operation, _)| {
            let lists = ["s3:ListBuckets", "s3:ListDirectoryBuckets"];
            operation.starts_with("s3:") && !lists.contains(&operation.as_str())
        })
        .map(|(_, count)| count)
        .sum()
}

/// Access for an organization, under RestrictPublicBuckets: only AWS can say whether it is cut off.
fn for_an_organization(conditions: serde_json::Value) -> serde_json::Value {
    let mut conditions = conditions;
    conditions["StringEquals"]["aws:PrincipalOrgID"] = json!("o-exampleorgid");
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::full/*", "Condition": conditions,
    }] })
}

const RESTRICTED: [bool; 4] = [false, false, false, true];

/// ACLs on, versions, RestrictPublicBuckets, and a policy that may be public.
fn full(conditions: serde_json::Value) -> Bucket {
    Bucket::bare("us-east-1")
        .ownership("ObjectWriter")
        .versioning("Enabled")
        .public_access_block(RESTRICTED)
        .policy(&for_an_organization(conditions), false)
        .tags(&[("team", "web")])
}

fn on_tags() -> serde_json::Value {
    json!({ "StringEquals": { "aws:ResourceTag/team": "web" } })
}

#[test]
fn a_bucket_with_everything_takes_fourteen_calls() {
    let world = World::default().with_bucket("full", full(json!({})));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(bucket_calls(&endpoint), 14);
    assert_eq!(endpoint.count("s3:GetBucketPolicyStatus"), 1);
    assert_eq!(endpoint.count("s3:GetBucketTagging"), 1);
    // sts, account, s3control and ListBuckets, one for all identities and one for the Multi-Region
    // access points; in each Region ListFunctions, ListWebFunctions, ListAccessPoints, ListDirectoryBuckets, ListTableBuckets,
    // ListVectorBuckets, ListFileSystems, DescribeTrails, ListEventDataStores, ListChannels and five of AWS Config.
    assert_eq!(snapshot.api_calls, 14 + 4 + 2 + 3 * 15);
    assert_eq!(snapshot.api_calls, endpoint.total());
}

/// With a policy that tests tags there would be a fifteenth: the tags themselves, of which only a
/// check of no severity asks, are left out, and said to be.
#[test]
fn the_fifteenth_call_gives_way() {
    let world = World::default().with_bucket("full", full(on_tags()));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(bucket_calls(&endpoint), 14);
    let bucket = &account(&snapshot).buckets["full"];
    assert_eq!(bucket.abac, Reading::Absent);
    assert_eq!(bucket.tags, Reading::LeftOut);
}

/// A bucket that also receives logs is asked who pays: that decides whether they arrive, and comes
/// before conditions on tags and before tags.
#[test]
fn who_pays_for_a_log_target_is_asked_before_what_gives_way() {
    for (conditions, abac) in [
        (json!({}), Reading::NotCollected),
        (on_tags(), Reading::LeftOut),
    ] {
        let world = World::default()
            .with_bucket("full", full(conditions))
            .with_bucket("source", Bucket::new("us-east-1").logging("full", "l/"));
        let endpoint = Endpoint::start(world, Behaviour::default());
        let snapshot = collect(request(&endpoint, all_needs()));
        // Ten of the source.
        assert_eq!(bucket_calls(&endpoint), 14 + 10);
        let bucket = &account(&snapshot).buckets["full"];
        assert!(bucket.request_payment.state().was_called());
        assert_eq!(bucket.abac, abac);
        assert_eq!(bucket.tags, Reading::LeftOut);
        assert!(
            account(&snapshot).buckets["source"]
                .tags
                .state()
                .was_called()
        );
    }
}

/// Whatever comes together in a bucket: owner enforced or ACLs on, versions or none, kinds of policies,
/// flags of Block Public Access, who sends logs. And what no other reading makes pointless is read.
#[test]
fn no_bucket_takes_more_than_fourteen_calls() {
    let named = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::full/*",
        "Condition": { "StringEquals": { "s3:BucketTag/team": "web" } },
    }] });
    let policies = [
        None,
        Some(named),
        Some(for_an_organization(json!({}))),
        Some(for_an_organization(on_tags())),
    ];
    let mut world = World::default();
    let mut expected = BTreeMap::new();
    for (number, policy) in policies.iter().enumerate() {
        for ownership in ["BucketOwnerEnforced", "ObjectWriter"] {
            for versioning in ["Suspended", "Enabled"] {
                for flags in [[false; 4], RESTRICTED] {
                    for target in [false, true] {
                        let name = format!("b{}", expected.len());
                        let mut bucket = Bucket::bare("us-east-1")
                            .ownership(ownership)
                            .versioning(versioning)
                            .public_access_block(flags)
                            .tags(&[("team", "web")]);
                        if let Some(policy) = policy {
                            bucket = bucket.policy(policy, false);
                        }
                        if target {
                            let source = Bucket::new("us-east-1").logging(&name, "l/");
                            world = world.with_bucket(&format!("{name}-source"), source);
                        }
                        world = world.with_bucket(&name, bucket);
                        // Ownership, policy, flags, encryption, logging, versioning, website, CORS,
                        // lifecycle and tags; and what this bucket is asked besides.
                        let besides = [
                            ownership == "ObjectWriter",
                            versioning == "Enabled",
                            versioning == "Enabled",
                            number >= 2 && flags == RESTRICTED,
                            number == 1 || number == 3,
                            target,
                        ];
                        let wanted = 10 + besides.iter().filter(|asked| **asked).count();
                        expected.insert(name, wanted.min(14));
                    }
                }
            }
        }
    }
    let behaviour = Behaviour {
        record: true,
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(world, behaviour);
    collect(request(&endpoint, all_needs()));
    // A request that is late on a busy machine is sent again, and is one call.
    let mut operations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for seen in endpoint.seen() {
        let bucket = seen.path.trim_matches('/').to_owned();
        if seen.operation.starts_with("s3:") && expected.contains_key(&bucket) {
            operations.entry(bucket).or_default().insert(seen.operation);
        }
    }
    let calls = |(bucket, operations): (String, BTreeSet<String>)| (bucket, operations.len());
    let made: BTreeMap<String, usize> = operations.into_iter().map(calls).collect();
    assert_eq!(made.len(), 64);
    assert_eq!(made.values().max(), Some(&14));
    assert_eq!(made, expected);
}

/// The plainer log target, with a policy for the log delivery alone, has room for everything.
#[test]
fn a_log_target_that_names_its_principals_has_room_for_all() {
    let delivery = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" },
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::full/*",
    }] });
    let world = World::default()
        .with_bucket("full", full(json!({})).policy(&delivery, false))
        .with_bucket("source", Bucket::new("us-east-1").logging("full", "l/"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(bucket_calls(&endpoint), 14 + 10);
    let bucket = &account(&snapshot).buckets["full"];
    assert!(bucket.request_payment.state().was_called() && bucket.tags.state().was_called());
    assert_eq!(bucket.policy_status, Reading::NotCollected);
}

/// Who asks for nothing but tags gets them, and so does whoever accepts findings by tag.
#[test]
fn tags_give_way_only_where_a_check_of_tags_asks_for_them() {
    let world = World::default().with_bucket("full", full(on_tags()));
    let endpoint = Endpoint::start(world.clone(), Behaviour::default());
    let alone = collect(request(&endpoint, needs(&[ReadingKind::BucketTags])));
    assert!(account(&alone).buckets["full"].tags.known().is_some());
    let endpoint = Endpoint::start(world, Behaviour::default());
    let mut by_tag = all_needs();
    by_tag.insert((
        SubjectKind::Bucket,
        Need::own(ReadingKind::BucketTags).guarded_by(Guard::Always),
    ));
    let snapshot = collect(request(&endpoint, by_tag));
    assert!(account(&snapshot).buckets["full"].tags.known().is_some());
}

/// Whether AWS deems a policy public only matters where that cuts somebody off.
#[test]
fn aws_is_asked_for_its_judgement_where_it_counts() {
    let unlimited = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
    }] });
    let named = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }] });
    let open = [false; 4];
    for (bucket, of_account, policy, calls) in [
        (open, None, &unlimited, 0),
        (open, Some(open), &unlimited, 0),
        (RESTRICTED, None, &unlimited, 1),
        (open, Some(RESTRICTED), &unlimited, 1),
        (RESTRICTED, None, &named, 0),
    ] {
        let world = World {
            public_access_block: of_account,
            ..World::default()
        };
        let bucket = Bucket::new("us-east-1")
            .public_access_block(bucket)
            .policy(policy, false);
        let endpoint = Endpoint::start(world.with_bucket("b", bucket), Behaviour::default());
        collect(request(&endpoint, all_needs()));
        assert_eq!(endpoint.count("s3:GetBucketPolicyStatus"), calls);
    }
}

#[test]
fn an_account_that_blocks_all_public_access_saves_a_call_a_bucket() {
    for (flags, calls) in [([true; 4], 0), ([true, true, true, false], 1)] {
        let world = World {
            public_access_block: Some(flags),
            ..World::default()
        };
        let world = world.with_bucket("b", Bucket::new("us-east-1"));
        let endpoint = Endpoint::start(world, Behaviour::default());
        collect(request(&endpoint, all_needs()));
        assert_eq!(endpoint.count("s3:GetPublicAccessBlock"), calls);
    }
}

#[test]
fn owner_enforced_no_policy_and_no_versions_leave_five_calls_out() {
    let world = World::default().with_bucket("plain", Bucket::new("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(bucket_calls(&endpoint), 10);
    assert_eq!(endpoint.count("s3:GetBucketAcl"), 0);
    assert_eq!(endpoint.count("s3:GetBucketReplication"), 0);
    assert_eq!(endpoint.count("s3:GetObjectLockConfiguration"), 0);
    assert_eq!(endpoint.count("s3:GetBucketAbac"), 0);
    assert_eq!(endpoint.count("s3:GetBucketPolicyStatus"), 0);
    let bucket = &account(&snapshot).buckets["plain"];
    assert_eq!(bucket.policy, Reading::Absent);
    assert_eq!(bucket.acl, Reading::NotCollected);
    assert_eq!(bucket.policy_status, Reading::NotCollected);
}

#[test]
fn only_the_policy_needed_is_one_call_a_bucket() {
    let endpoint = Endpoint::start(World::generated(20, 5), Behaviour::default());
    let snapshot = collect(request(&endpoint, needs(&[ReadingKind::BucketPolicy])));
    let expected = BTreeMap::from([
        ("s3:GetBucketPolicy".to_owned(), 20),
        ("s3:ListBuckets".to_owned(), 1),
        ("sts:GetCallerIdentity".to_owned(), 1),
    ]);
    assert_eq!(endpoint.counts(), expected);
    assert_eq!(account(&snapshot).region_listing, Reading::NotCollected);
}

#[test]
fn an_unknown_ownership_does_not_skip_the_acl() {
    let world = World::default().with_bucket("b", Bucket::new("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::denying("s3:GetBucketOwnershipControls"));
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(endpoint.count("s3:GetBucketAcl"), 1);
    assert_eq!(
        account(&snapshot).buckets["b"].ownership,
        denied("s3:GetBucketOwnershipControls", "AccessDenied")
    );
}

#[test]
fn what_every_reading_of_a_bucket_becomes() {
    let owner = "a".repeat(64);
    let world = World::default().with_bucket(
        "b",
        Bucket::bare("us-east-1")
            .ownership("BucketOwnerPreferred")
            .policy(&json!({ "Version": "2012-10-17" }), true)
            .public_access_block([true, false, false, true])
            .acl(
                &owner,
                &[
                    (&owner, "FULL_CONTROL"),
                    ("http://acs.amazonaws.com/groups/global/AllUsers", "READ"),
                    (
                        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
                        "WRITE",
                    ),
                    ("http://acs.amazonaws.com/groups/s3/LogDelivery", "READ_ACP"),
                    ("someone@example.com", "WRITE_ACP"),
                ],
            )
            .encryption("aws:kms", Some("alias/own"), true)
            .logging("logs", "b/")
            .versioning("Suspended")
            .document("GetBucketWebsite", WEBSITE.to_owned())
            .document("GetBucketCors", CORS.to_owned())
            .document("GetBucketLifecycleConfiguration", LIFECYCLE.to_owned())
            .tags(&[("team", "web & <app>")]),
    );
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let bucket = serde_json::to_value(&account(&snapshot).buckets["b"]).unwrap();
    assert_eq!(
        bucket,
        json!({
            "region": "us-east-1",
            "created": "2021-03-04T05:06:07Z",
            "policy": { "known": "{\"Version\":\"2012-10-17\"}" },
            "policy_status": { "known": { "is_public": true } },
            "acl": { "known": { "owner": owner, "grants": [
                { "grantee": owner, "permission": "FULL_CONTROL" },
                { "grantee": "AllUsers", "permission": "READ" },
                { "grantee": "AuthenticatedUsers", "permission": "WRITE" },
                { "grantee": "LogDelivery", "permission": "READ_ACP" },
                { "grantee": "someone@example.com", "permission": "WRITE_ACP" },
            ] } },
            "ownership": { "known": { "object_ownership": "BucketOwnerPreferred" } },
            "public_access_block": { "known": {
                "block_public_acls": true, "ignore_public_acls": false,
                "block_public_policy": false, "restrict_public_buckets": true,
            } },
            "encryption": { "known": {
                "algorithm": "aws:kms", "kms_key": "alias/own", "bucket_key": true,
                "blocked_encryption_types": ["SSE-C"],
            } },
            "logging": { "known": {
                "target_bucket": "logs", "target_prefix": "b/", "key_format": "simple",
            } },
            "versioning": { "known": { "status": "Suspended" } },
            "tags": { "known": { "team": "web & <app>" } },
            "website": { "known": { "index_document": "index.html" } },
            "cors": { "known": [{ "origins": ["*"], "methods": ["PUT"], "headers": ["*"] }] },
            "lifecycle": { "known": [{
                "id": "all", "enabled": true, "whole_bucket": true, "expires_current": true, "transitions": true,
                "expires_noncurrent_days": 30, "aborts_uploads_days": 7,
            }, {
                "id": "part", "enabled": false, "whole_bucket": false, "expires_current": false, "transitions": false,
            }] },
        })
    );
}

const WEBSITE: &str = "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";

const CORS: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
    <AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>";

const LIFECYCLE: &str = "<LifecycleConfiguration><Rule><ID>all</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>\
    <Expiration><Days>400</Days></Expiration><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>\
    <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>\
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>\
    <Rule><ID>part</ID><Filter><Prefix>tmp/</Prefix></Filter><Status>Disabled</Status>\
    <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule></LifecycleConfiguration>";

#[test]
fn an_old_bucket_without_policy_and_versions_takes_eleven_calls() {
    let world = World::default().with_bucket("old", Bucket::bare("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    collect(request(&endpoint, all_needs()));
    // The ten of a new bucket, and the ACL, which has a say here.
    assert_eq!(bucket_calls(&endpoint), 11);
}

#[test]
fn a_condition_on_a_tag_of_the_bucket_is_worth_one_more_call() {
    let policy = |key: &str| {
        json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": { "StringEquals": { key: "web" } },
        }] })
    };
    for (key, calls) in [
        ("aws:ResourceTag/team", 1),
        ("S3:BucketTag/team", 1),
        ("aws:PrincipalTag/team", 0),
        ("s3:ExistingObjectTag/team", 0),
    ] {
        let bucket = Bucket::new("us-east-1")
            .policy(&policy(key), false)
            .document(
                "GetBucketAbac",
                "<AbacStatus><Status>Enabled</Status></AbacStatus>".to_owned(),
            );
        let world = World::default().with_bucket("b", bucket);
        let endpoint = Endpoint::start(world, Behaviour::default());
        let snapshot = collect(request(&endpoint, all_needs()));
        assert_eq!(endpoint.count("s3:GetBucketAbac"), calls, "{key}");
        if calls > 0 {
            let abac = &account(&snapshot).buckets["b"].abac;
            assert_eq!(abac.known().unwrap().status, "Enabled");
        }
    }
}

#[test]
fn versions_are_worth_the_questions_about_copies_and_locks() {
    for (status, calls) in [("Enabled", 1), ("Suspended", 0)] {
        let bucket = Bucket::new("us-east-1")
            .versioning(status)
            .replication("copy")
            .document(
                "GetObjectLockConfiguration",
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                 <Mode>GOVERNANCE</Mode><Years>2</Years></DefaultRetention></Rule></ObjectLockConfiguration>"
                    .to_owned(),
            );
        let world = World::default().with_bucket("b", bucket);
        let endpoint = Endpoint::start(world, Behaviour::default());
        let snapshot = collect(request(&endpoint, all_needs()));
        assert_eq!(endpoint.count("s3:GetBucketReplication"), calls);
        assert_eq!(endpoint.count("s3:GetObjectLockConfiguration"), calls);
        let bucket = serde_json::to_value(&account(&snapshot).buckets["b"]).unwrap();
        if calls > 0 {
            assert_eq!(
                bucket["object_lock"]["known"],
                json!({ "enabled": true, "default_mode": "GOVERNANCE", "default_days": 730 })
            );
            assert_eq!(
                bucket["replication"]["known"],
                json!({ "role": "arn:aws:iam::111122223333:role/copy", "rules": [{
                    "id": "all", "enabled": true, "whole_bucket": true, "destination": "copy", "replicates_kms": false,
                }] })
            );
        } else {
            assert!(bucket["object_lock"].is_null() && bucket["replication"].is_null());
        }
    }
}

#[test]
fn a_key_that_two_buckets_name_is_asked_about_once() {
    let arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-0000-4000-8000-000000000000";
    let mut world = World::default()
        .with_bucket(
            "by-arn",
            Bucket::new("us-east-1").encryption("aws:kms", Some(arn), true),
        )
        .with_bucket(
            "by-id",
            Bucket::new("us-east-1").encryption(
                "aws:kms:dsse",
                Some("1234abcd-0000-4000-8000-000000000000"),
                false,
            ),
        )
        .with_bucket(
            "of-aws",
            Bucket::new("us-east-1").encryption("aws:kms", None, true),
        )
        .with_bucket(
            "gone",
            Bucket::new("eu-west-1").encryption("aws:kms", Some("alias/gone"), true),
        );
    world
        .keys
        .insert(arn.to_owned(), key(arn, "PendingDeletion", true));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let keys = &account(&snapshot).keys;
    assert_eq!(endpoint.count("kms:DescribeKey"), 2);
    assert_eq!(endpoint.count("kms:GetKeyRotationStatus"), 1);
    assert_eq!(
        keys[arn].description.known().unwrap().state,
        "PendingDeletion"
    );
    assert!(keys[arn].rotation.known().unwrap().enabled);
    let gone = &keys["arn:aws:kms:eu-west-1:111122223333:alias/gone"];
    assert_eq!(gone.description, Reading::Absent);
    assert_eq!(gone.rotation, Reading::NotCollected);
}

#[test]
fn whose_the_destinations_are() {
    let copies = |name: &str| {
        Bucket::new("us-east-1")
            .versioning("Enabled")
            .replication(name)
    };
    let mut world = World::default()
        .with_bucket("to-own", copies("own"))
        .with_bucket("own", Bucket::new("eu-west-1"))
        .with_bucket("to-nobody", copies("nobody"))
        .with_bucket("to-stranger", copies("stranger"))
        .with_bucket("logs", Bucket::new("us-east-1").logging("own", ""));
    world
        .foreign_buckets
        .insert("stranger".to_owned(), "444455556666".to_owned());
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let targets = serde_json::to_value(&account(&snapshot).targets).unwrap();
    assert_eq!(targets["own"], json!({ "listed": true }));
    assert_eq!(
        targets["nobody"],
        json!({ "listed": false, "head": "absent" })
    );
    assert_eq!(
        targets["stranger"]["head"]["denied"]["action"],
        "s3:ListBucket"
    );
    assert_eq!(endpoint.count("s3:HeadBucket"), 2);
}

#[test]
fn without_a_list_the_destination_in_another_region_is_asked_for() {
    let copies = Bucket::new("us-east-1")
        .versioning("Enabled")
        .replication("own");
    let world = World::default()
        .with_bucket("source", copies)
        .with_bucket("own", Bucket::new("eu-west-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(CollectRequest {
        resources: only_bucket("source"),
        ..request(&endpoint, all_needs())
    });
    let targets = serde_json::to_value(&account(&snapshot).targets).unwrap();
    assert_eq!(
        targets["own"],
        json!({ "head": { "known": { "owner": ACCOUNT } } })
    );
}

#[test]
fn what_is_not_configured_is_absent() {
    let world = World::default().with_bucket("bare", Bucket::bare("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let expected = BucketInventory {
        region: Some("us-east-1".to_owned()),
        created: Some("2021-03-04T05:06:07Z".to_owned()),
        policy: Reading::Absent,
        policy_status: Reading::NotCollected,
        acl: Reading::Known(Acl::default()),
        ownership: Reading::Absent,
        public_access_block: Reading::Absent,
        encryption: Reading::Absent,
        logging: Reading::Absent,
        versioning: Reading::Absent,
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
    };
    assert_eq!(account(&snapshot).buckets["bare"], expected);
    assert_eq!(account(&snapshot).public_access_block, Reading::Absent);
}

/// The snapshot of a small account, without what differs from run to run.
fn stable(snapshot: Snapshot) -> Snapshot {
    Snapshot {
        taken_at: String::new(),
        duration_ms: 0,
        api_calls: 0,
        endpoint: None,
        ..snapshot
    }
}

#[test]
fn refusing_one_action_changes_that_reading_alone() {
    let mut world = other_kinds(World::generated(12, 6))
        .with_bucket("full", full(json!({})))
        .with_bucket("bare--use1-az4--x-s3", Bucket::bare("us-east-1"));
    world.web_functions = vec![web_function(
        ACCOUNT,
        "shop",
        &[["prod", "IamAuth", "Active"]],
        &json!({ "Version": "2012-10-17", "Statement": [] }),
    )];
    let whole = {
        let endpoint = Endpoint::start(world.clone(), Behaviour::default());
        serde_json::to_value(stable(collect(request(&endpoint, all_needs())))).unwrap()
    };
    for kind in ReadingKind::ALL.iter().filter(|kind| !kind.opt_in()) {
        // These decide what else is read at all, and have tests of their own.
        if matches!(
            kind,
            ReadingKind::Caller
                | ReadingKind::TrailListing
                | ReadingKind::BucketListing
                | ReadingKind::FunctionListing
                | ReadingKind::RegionListing
                | ReadingKind::IdentityListing
                | ReadingKind::AccessPointListing
                | ReadingKind::DirectoryBucketListing
                | ReadingKind::TableBucketListing
                | ReadingKind::VectorBucketListing
                | ReadingKind::FileSystemListing
                | ReadingKind::MultiRegionAccessPointListing
                | ReadingKind::WebFunctionListing
                // Refused with the same calls about general purpose buckets.
                | ReadingKind::DirectoryBucketPolicy
                | ReadingKind::DirectoryBucketEncryption
        ) {
            continue;
        }
        let call = kind.calls()[0];
        let operation = format!("{}:{}", call.service, call.operation);
        let endpoint = Endpoint::start(world.clone(), Behaviour::denying(&operation));
        let snapshot = stable(collect(request(&endpoint, all_needs())));
        let refused = serde_json::to_value(snapshot).unwrap();
        // What the same call reads is refused with it: all figures of CloudWatch are one call.
        let members: Vec<String> = ReadingKind::ALL
            .iter()
            .filter(|other| {
                let first = other.calls().first();
                first.is_some_and(|first| {
                    (first.service, first.operation) == (call.service, call.operation)
                })
            })
            .map(|other| format!("/{}", other.name().split_once('.').unwrap().1))
            .collect();
        let mut hit = 0;
        compare(&whole, &refused, "", &mut |pointer, before, after| {
            // A refused guard lets the guarded call through; nothing else may change.
            let guarded = match kind {
                ReadingKind::BucketOwnership => pointer.ends_with("/acl"),
                ReadingKind::BucketPolicy | ReadingKind::BucketPublicAccessBlock => {
                    pointer.ends_with("/policy_status")
                }
                ReadingKind::AccountPublicAccessBlock => {
                    pointer.ends_with("/policy_status")
                        || pointer.contains("/buckets/")
                            && pointer.ends_with("/public_access_block")
                }
                ReadingKind::AccessPointPolicy => pointer.ends_with("/policy_status"),
                ReadingKind::BucketVersioning => {
                    pointer.ends_with("/replication") || pointer.ends_with("/object_lock")
                }
                ReadingKind::FunctionProvisionedConcurrency => [
                    "/event_source_mappings",
                    "/scalable_targets",
                    "/reserved_concurrency",
                ]
                .iter()
                .any(|member| pointer.ends_with(member)),
                _ => false,
            };
            if guarded {
                assert!(before.is_null(), "{operation}: {pointer} was {before}");
                return;
            }
            // Figures are asked for by qualifier, and which are provisioned is not known.
            if *kind == ReadingKind::FunctionProvisionedConcurrency
                && pointer.ends_with("/provisioned_usage")
            {
                assert!(after.is_null(), "{operation}: {pointer} is {after}");
                return;
            }
            // Calls are asked for where a URL may have one of two grants: whether it has takes URLs and policies.
            let grants = [
                ReadingKind::FunctionUrls,
                ReadingKind::FunctionPolicies,
                ReadingKind::FunctionAliases,
            ];
            if pointer.ends_with("/url_calls") && grants.contains(kind) {
                let one = before.is_null() || after.is_null();
                assert!(one, "{operation}: {pointer}: {before}, {after}");
                return;
            }
            // Which revisions are served stands in the answer about the endpoints.
            if *kind == ReadingKind::WebFunctionEndpoints && pointer.ends_with("/revisions") {
                assert_eq!(after["denied"]["action"], call.action);
                return;
            }
            // Whether its tags count says nothing about a policy that was not read.
            if *kind == ReadingKind::BucketPolicy && pointer.ends_with("/abac") {
                assert!(after.is_null(), "{operation}: {pointer} is {after}");
                return;
            }
            // Nor is a log target asked who pays.
            if *kind == ReadingKind::BucketLogging && pointer.ends_with("/request_payment") {
                assert!(after.is_null(), "{operation}: {pointer} is {after}");
                return;
            }
            // The policies of aliases that are not known cannot be asked for; the function's own is.
            if *kind == ReadingKind::FunctionAliases && pointer.ends_with("/policies") {
                let fewer = after["known"].as_object().expect("still known");
                let whole = before["known"].as_object().expect("known");
                assert!(fewer.contains_key("$LATEST") && fewer.len() < whole.len());
                assert!(
                    fewer
                        .iter()
                        .all(|(name, policy)| whole.get(name) == Some(policy))
                );
                return;
            }
            // What nobody names any more is not looked at.
            let names = matches!(
                kind,
                ReadingKind::BucketEncryption
                    | ReadingKind::BucketReplication
                    | ReadingKind::BucketLogging
            );
            if names && (pointer.contains("/keys") || pointer.contains("/targets")) {
                assert!(after.is_null(), "{operation}: {pointer} is {after}");
                return;
            }
            assert!(
                members.iter().any(|member| pointer.ends_with(member)),
                "{operation}: {pointer}"
            );
            // Two calls are made for directory buckets as well, and take another action there.
            let is_of_directory = pointer.contains("/directory_buckets/");
            let action = ReadingKind::ALL
                .iter()
                .flat_map(|kind| kind.calls())
                .filter(|same| (same.service, same.operation) == (call.service, call.operation))
                .map(|same| same.action)
                .find(|action| action.starts_with("s3express:") == is_of_directory);
            assert_eq!(
                after["denied"]["action"].as_str(),
                action,
                "{operation}: {pointer}"
            );
            hit += 1;
        });
        assert!(hit > 0, "{operation} changed nothing");
    }
}

/// Calls `differs` for each reading (or other member) that is not the same on both sides.
fn compare(
    before: &serde_json::Value,
    after: &serde_json::Value,
    pointer: &str,
    differs: &mut dyn FnMut(&str, &serde_json::Value, &serde_json::Value),
) {
    const STATES: [&str; 4] = ["known", "denied", "failed", "undetermined"];
    let is_reading = |value: &serde_json::Value| {
        value
            .as_object()
            .is_none_or(|object| object.keys().any(|key| STATES.contains(&key.as_str())))
    };
    if before == after {
        return;
    }
    if is_reading(before) || is_reading(after) {
        differs(pointer, before, after);
        return;
    }
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        compare(
            before.get(key).unwrap_or(&serde_json::Value::Null),
            after.get(key).unwrap_or(&serde_json::Value::Null),
            &format!("{pointer}/{key}"),
            differs,
        );
    }
}

#[test]
fn a_refused_list_of_buckets_is_a_refused_listing() {
    let endpoint = Endpoint::start(World::generated(3, 0), Behaviour::denying("s3:ListBuckets"));
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(
        account(&snapshot).bucket_listing,
        denied("s3:ListAllMyBuckets", "AccessDenied")
    );
    assert!(account(&snapshot).buckets.is_empty());
    assert!(snapshot.complete);
}

#[test]
fn a_refused_list_of_functions_is_a_refused_listing_in_each_region() {
    let endpoint = Endpoint::start(
        World::generated(0, 3),
        Behaviour::denying("lambda:ListFunctions"),
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
        assert_eq!(
            account(&snapshot).regions[region].function_listing,
            denied("lambda:ListFunctions", "AccessDeniedException")
        );
    }
}

#[test]
fn without_a_list_of_regions_the_configured_one_is_read() {
    let endpoint = Endpoint::start(
        World::generated(0, 3),
        Behaviour::denying("account:ListRegions"),
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let account = account(&snapshot);
    assert_eq!(
        account.region_listing,
        denied("account:ListRegions", "AccessDeniedException")
    );
    let names: Vec<_> = account.regions.keys().collect();
    assert_eq!(names, [testing::REGION]);
}

#[test]
fn enabled_regions_are_read_and_disabled_ones_are_not() {
    let endpoint = Endpoint::start(World::generated(0, 3), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let names: Vec<_> = account(&snapshot).regions.keys().collect();
    assert_eq!(names, ["ap-southeast-2", "eu-west-1", "us-east-1"]);
}

#[test]
fn given_regions_win_and_restrict_buckets_too() {
    let endpoint = Endpoint::start(World::generated(9, 9), Behaviour::default());
    let snapshot = collect(CollectRequest {
        resources: only_region("eu-west-1"),
        ..request(&endpoint, all_needs())
    });
    let account = account(&snapshot);
    assert_eq!(account.regions.keys().collect::<Vec<_>>(), ["eu-west-1"]);
    assert_eq!(account.buckets.len(), 3);
    assert!(
        account
            .buckets
            .values()
            .all(|bucket| bucket.region.as_deref() == Some("eu-west-1"))
    );
    assert_eq!(endpoint.count("account:ListRegions"), 0);
}

#[test]
fn a_region_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let endpoint = Endpoint::start(World::default(), Behaviour::default());
    let error = testing::collect(
        CollectRequest {
            resources: only_region("eu-west1"),
            ..request(&endpoint, all_needs())
        },
        Box::new(Silent),
    )
    .unwrap_err();
    assert!(error.is_usage());
    assert_eq!(
        error.to_string(),
        "`eu-west1` is not a Region; did you mean `eu-west-1`?"
    );
    assert_eq!(endpoint.total(), 0);
}

#[test]
fn not_implemented_is_a_failed_reading_and_the_run_goes_on() {
    let endpoint = Endpoint::start(
        World::default().with_bucket(
            "b",
            Bucket::new("us-east-1").policy(&for_an_organization(json!({})), false),
        ),
        Behaviour::failing("s3:GetBucketPolicyStatus", 501, "NotImplemented"),
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let bucket = &account(&snapshot).buckets["b"];
    assert_eq!(
        bucket.policy_status,
        Reading::Failed {
            action: "s3:GetBucketPolicyStatus".to_owned(),
            code: "NotImplemented".to_owned(),
            message: "as asked for".to_owned(),
        }
    );
    assert!(bucket.policy.known().is_some());
    assert_eq!(endpoint.count("s3:GetBucketPolicyStatus"), 1, "not retried");
}

#[test]
fn an_endpoint_without_sts_is_read_under_an_unknown_account() {
    let endpoint = Endpoint::start(
        World::default().with_bucket("b", Bucket::new("us-east-1")),
        Behaviour::failing("sts:GetCallerIdentity", 501, "InternalFailure"),
    );
    let snapshot = collect(request(&endpoint, needs(&[ReadingKind::BucketPolicy])));
    let account = &snapshot.accounts["000000000000"];
    assert!(matches!(&account.caller, Reading::Failed { code, .. } if code == "InternalFailure"));
    assert_eq!(account.buckets["b"].policy, Reading::Absent);
}

#[test]
fn expired_credentials_end_the_run_with_one_message() {
    let endpoint = Endpoint::start(
        World::default(),
        Behaviour::failing("sts:GetCallerIdentity", 403, "ExpiredToken"),
    );
    let error = testing::collect(request(&endpoint, all_needs()), Box::new(Silent)).unwrap_err();
    assert!(!error.is_usage());
    let text = error.to_string();
    assert!(
        text.contains("ExpiredToken") && text.contains("aws sso login"),
        "{text}"
    );
    assert_eq!(endpoint.total(), 1);
}

#[test]
fn nobody_there_ends_the_run_with_the_endpoint_named() {
    // Port 9 (discard) is not listened on.
    let error = testing::collect(
        CollectRequest {
            needs: all_needs(),
            endpoint_url: Some("http://user:secret@127.0.0.1:9".to_owned()),
            ..CollectRequest::default()
        },
        Box::new(Silent),
    )
    .unwrap_err();
    let CollectError::Unreachable { endpoint, code, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(endpoint, "http://127.0.0.1:9");
    assert_eq!(code, "Connection");
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn a_transient_failure_is_tried_again() {
    let endpoint = Endpoint::start(
        World::default().with_bucket("b", Bucket::new("us-east-1")),
        Behaviour {
            flaky: BTreeMap::from([("s3:GetBucketEncryption".to_owned(), 2)]),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    assert!(account(&snapshot).buckets["b"].encryption.known().is_some());
    assert_eq!(endpoint.count("s3:GetBucketEncryption"), 3);
    assert_eq!(
        snapshot.api_calls + 2,
        endpoint.total(),
        "a call that was sent three times is one call"
    );
}

#[test]
fn a_write_is_refused_before_it_is_sent() {
    let endpoint = Endpoint::start(
        World::default().with_bucket("b", Bucket::new("us-east-1")),
        Behaviour::default(),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (write, undeclared) = runtime.block_on(async {
        let s3 = testing::s3_client(&endpoint.url()).await.unwrap();
        let write = s3.put_bucket_policy().bucket("b").policy("{}").send().await;
        let undeclared = s3.get_object().bucket("b").key("k").send().await;
        (write.map(drop), undeclared.map(drop))
    });
    let chain = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    };
    let refusal = chain(&write.unwrap_err());
    assert!(
        refusal.contains("coldbucket only reads: PutBucketPolicy was refused"),
        "{refusal}"
    );
    assert!(chain(&undeclared.unwrap_err()).contains("GetObject was refused"));
    assert_eq!(endpoint.total(), 0);
}

#[test]
fn the_account_id_is_not_put_in_front_of_a_custom_host() {
    let endpoint = Endpoint::start(
        World {
            public_access_block: Some([true, true, true, false]),
            ..World::default()
        },
        Behaviour {
            record: true,
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(
        account(&snapshot).public_access_block,
        Reading::Known(PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: false,
        })
    );
    let seen = endpoint.seen();
    let call = seen
        .iter()
        .find(|seen| seen.operation == "s3control:GetPublicAccessBlock")
        .unwrap();
    assert_eq!(format!("http://{}", call.host), endpoint.url());
    assert!(
        seen.iter()
            .all(|seen| seen.user_agent.contains("app/coldbucket-")),
        "{}",
        call.user_agent
    );
}

#[test]
fn the_lists_are_read_to_the_last_page() {
    let endpoint = Endpoint::start(
        World::generated(10, 10),
        Behaviour {
            page: Some(3),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let account = account(&snapshot);
    assert_eq!(account.buckets.len(), 10);
    assert_eq!(
        account.bucket_listing,
        Reading::Known(Listing { complete: true })
    );
    assert_eq!(endpoint.count("s3:ListBuckets"), 4);
    let functions: usize = account.regions.values().map(|r| r.functions.len()).sum();
    assert_eq!(functions, 10);
    // function-00008 has three published versions: four entries, so more than one page.
    let function = &account.regions["ap-southeast-2"].functions["function-00008"];
    let versions: Vec<_> = function.versions.keys().collect();
    assert_eq!(versions, ["$LATEST", "1", "2", "3"]);
}

#[test]
fn a_list_that_breaks_off_is_a_failed_listing_and_what_it_listed_is_read() {
    let world = World::generated(10, 0);
    let endpoint = Endpoint::start(
        world,
        Behaviour {
            page: Some(4),
            fail_from: BTreeMap::from([("s3:ListBuckets".to_owned(), 2)]),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, needs(&[ReadingKind::BucketPolicy])));
    let account = account(&snapshot);
    assert_eq!(account.buckets.len(), 4);
    assert!(
        account
            .buckets
            .values()
            .all(|bucket| bucket.policy != Reading::NotCollected)
    );
    assert_eq!(
        account.bucket_listing,
        Reading::Failed {
            action: "s3:ListAllMyBuckets".to_owned(),
            code: "InvalidToken".to_owned(),
            message: "as asked for".to_owned(),
        }
    );
}

#[test]
fn environment_values_are_nowhere_in_the_snapshot() {
    let endpoint = Endpoint::start(World::generated(0, 9), Behaviour::default());
    let snapshot = collect(CollectRequest {
        image_sizes: true,
        ..request(&endpoint, all_needs())
    });
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(text.contains("DATABASE_PASSWORD"));
    assert!(!text.contains("hunter2"));
    assert!(!text.contains("presigned-secret"));
    assert!(!text.contains("EXAMPLEKEY"));
}

#[test]
fn functions_with_versions_aliases_and_provisioned_concurrency() {
    let endpoint = Endpoint::start(World::generated(0, 9), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let regions = &account(&snapshot).regions;
    // The eighth of the generated functions: three versions, alias `live`, an image.
    let function = &regions["ap-southeast-2"].functions["function-00008"];
    assert_eq!(
        function.arn,
        "arn:aws:lambda:ap-southeast-2:111122223333:function:function-00008"
    );
    let aliases = function.aliases.known().unwrap();
    assert_eq!(aliases.len(), 1);
    assert_eq!(
        (aliases[0].name.as_str(), aliases[0].version.as_str()),
        ("live", "3")
    );
    assert_eq!(
        function.provisioned_concurrency.known().unwrap(),
        &[ProvisionedConcurrency {
            qualifier: "live".to_owned(),
            requested: 5,
            available: 5,
            allocated: 5,
            status: "READY".to_owned(),
            status_reason: None,
            last_modified: Some("2026-05-06T07:08:09+0000".to_owned()),
        }]
    );
    let latest = &function.versions["$LATEST"];
    assert_eq!(latest.package_type, "Image");
    assert_eq!(latest.runtime, None);
    assert_eq!(latest.environment_names, ["DATABASE_PASSWORD", "LOG_LEVEL"]);
    assert_eq!(latest.log_group, None, "the default group is not kept");
    // The first: in a VPC, with a layer.
    let first = &regions["us-east-1"].functions["function-00000"].versions["$LATEST"];
    let vpc = first.vpc.as_ref().unwrap();
    assert_eq!(vpc.subnets, ["subnet-1", "subnet-2"]);
    assert_eq!(first.layers[0].code_size_bytes, 5_000_000);
    assert_eq!(first.architecture, "arm64");
    assert_eq!(endpoint.count("lambda:GetFunction"), 0, "it is opt-in");
}

/// Beside the other lists of a Region, which are read at the same time.
#[test]
fn what_calls_the_functions_of_a_region_is_kept() {
    let endpoint = Endpoint::start(World::generated(0, 9), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    // The generated functions of this Region: 0, which is provisioned and may be scaled, and 3 and 6,
    // each called by a queue, a rule and a schedule.
    let region = &account(&snapshot).regions["us-east-1"];
    let mappings = region.event_source_mappings.known().unwrap();
    let sources: BTreeSet<&str> = mappings.iter().map(|one| one.source.as_str()).collect();
    let queues = ["3", "6"].map(|n| format!("arn:aws:sqs:us-east-1:111122223333:queue-{n}"));
    assert_eq!(sources, queues.iter().map(String::as_str).collect());
    let rules = region.rules.known().unwrap();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["tick-3", "tick-6"]));
    assert!(rules.iter().all(|rule| rule.targets[0].constant_input));
    let schedules = region.schedules.known().unwrap();
    assert_eq!(schedules.len(), 2);
    assert_eq!(schedules[0].schedule, "rate(1 day)");
    let scaled = region.scalable_targets.known().unwrap();
    assert_eq!(scaled.len(), 1);
    assert_eq!(scaled[0].function, "function-00000");
    assert!(region.config_recorders.known().is_some());
    assert!(region.trail_listing.known().is_some());
}

/// The policy is asked for where an endpoint that serves checks its callers by it, and a revision where such
/// an endpoint serves it. The values of environment variables are in no snapshot.
#[test]
fn web_functions_with_their_endpoints_policies_and_revisions() {
    let policy = json!({ "Version": "2012-10-17", "Statement": [] });
    let world = World {
        web_functions: vec![
            web_function(
                ACCOUNT,
                "open",
                &[["prod", "ApplicationManaged", "Active"]],
                &policy,
            ),
            web_function(
                ACCOUNT,
                "signed",
                &[
                    ["test", "ApplicationManaged", "Pending"],
                    ["prod", "IamAuth", "Active"],
                ],
                &policy,
            ),
            web_function(
                ACCOUNT,
                "bare",
                &[["prod", "IamAuth", "Active"]],
                &Value::Null,
            ),
            web_function(
                ACCOUNT,
                "pending",
                &[["prod", "IamAuth", "Pending"]],
                &policy,
            ),
        ],
        ..World::default()
    };
    let paged = Behaviour {
        page: Some(1),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(world, paged);
    let kinds = [
        ReadingKind::WebFunctionListing,
        ReadingKind::WebFunctionEndpoints,
        ReadingKind::WebFunctionPolicy,
        ReadingKind::WebFunctionRevisions,
    ];
    let snapshot = collect(request(&endpoint, needs(&kinds)));
    // Four pages in one Region and an empty one in each of the two others; one page an endpoint.
    assert_eq!(endpoint.count("lambda:ListWebFunctions"), 4 + 2);
    assert_eq!(endpoint.count("lambda:ListWebFunctionEndpoints"), 5);
    assert_eq!(endpoint.count("lambda:GetResourcePolicy"), 2);
    assert_eq!(endpoint.count("lambda:GetWebFunctionRevision"), 3);
    let region = &account(&snapshot).regions["us-east-1"];
    let complete = Reading::Known(Listing { complete: true });
    assert_eq!(region.web_function_listing, complete);
    let functions = &region.web_functions;
    assert_eq!(functions["open"].policy, Reading::NotCollected);
    assert_eq!(functions["pending"].policy, Reading::NotCollected);
    assert_eq!(functions["bare"].policy, Reading::Absent);
    assert_eq!(functions["pending"].revisions, Reading::Known([].into()));
    assert_eq!(
        json_of(&functions["signed"]),
        json!({
            "arn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:web-function/signed"),
            "state": "Active",
            "endpoints": { "known": [
                {
                    "name": "prod",
                    "arn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:web-function/signed/endpoint/prod"),
                    "auth_type": "IamAuth", "kind": "HomeRegion", "regions": ["us-east-1"],
                    "revisions": ["signed-1"], "state": "Active",
                },
                {
                    "name": "test",
                    "arn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:web-function/signed/endpoint/test"),
                    "auth_type": "ApplicationManaged", "kind": "HomeRegion", "regions": ["us-east-1"],
                    "revisions": ["signed-1"], "state": "Pending",
                },
            ] },
            "policy": { "known": policy.to_string() },
            "revisions": { "known": { "signed-1": {
                "stored_in": { "bucket": "builds", "key": "shop.zip", "version": "v7" },
            } } },
        })
    );
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(!text.contains("a-secret-value") && !text.contains("DATABASE_PASSWORD"));
}

/// What a refusal leaves open: nothing is asked that hangs on it, and the refusal stands for the rest.
#[test]
fn web_functions_whose_calls_are_refused() {
    let world = || World {
        web_functions: vec![web_function(
            ACCOUNT,
            "shop",
            &[["prod", "IamAuth", "Active"]],
            &Value::Null,
        )],
        ..World::default()
    };
    let refused = |operation: &str| {
        let endpoint = Endpoint::start(world(), Behaviour::denying(operation));
        let snapshot = collect(request(&endpoint, all_needs()));
        let function = account(&snapshot).regions["us-east-1"].web_functions["shop"].clone();
        (function, endpoint)
    };
    let code = "AccessDeniedException";
    let (function, endpoint) = refused("lambda:ListWebFunctionEndpoints");
    assert_eq!(
        function.endpoints,
        denied("lambda:ListWebFunctionEndpoints", code)
    );
    assert_eq!(
        function.revisions,
        denied("lambda:ListWebFunctionEndpoints", code)
    );
    assert_eq!(function.policy, Reading::Absent);
    assert_eq!(endpoint.count("lambda:GetWebFunctionRevision"), 0);
    let (function, _) = refused("lambda:GetResourcePolicy");
    assert_eq!(function.policy, denied("lambda:GetResourcePolicy", code));
    let (function, _) = refused("lambda:GetWebFunctionRevision");
    assert_eq!(
        function.revisions,
        denied("lambda:GetWebFunctionRevision", code)
    );
}

/// Only an answer that says that there is no such operation says that there are no Web Functions: AWS's front
/// end in a Region without them (2026-10-07), LocalStack 4.14 and endpoints that answer 501.
#[test]
fn a_region_without_web_functions_is_no_missing_permission() {
    let front_end = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name \
                     to be authorized</Message>\n</AccessDeniedException>\n";
    let local = json!({ "__type": "InternalError", "message": "exception while calling lambda with \
        unknown operation: Unable to find operation for request to service lambda: POST \
        /2025-03-07/web-functions" });
    let no_permission = json!({ "__type": "AccessDeniedException", "message": "User: arn:aws:iam::\
        111122223333:user/a is not authorized to perform: lambda:ListWebFunctions" });
    let action = "lambda:ListWebFunctions";
    let failed = |code: &str, message: &str| Reading::Failed {
        action: action.into(),
        code: code.into(),
        message: message.into(),
    };
    for (status, text, expected) in [
        (403, front_end.to_owned(), Reading::Absent),
        (500, local.to_string(), Reading::Absent),
        (
            501,
            json!({ "__type": "NotImplemented" }).to_string(),
            Reading::Absent,
        ),
        (
            404,
            json!({ "__type": "UnknownOperationException" }).to_string(),
            Reading::Absent,
        ),
        (
            403,
            no_permission.to_string(),
            denied(action, "AccessDeniedException"),
        ),
        // A refusal that does not say why.
        (403, String::new(), denied(action, "HTTP 403")),
        (
            400,
            json!({ "__type": "ValidationException", "message": "no" }).to_string(),
            failed("ValidationException", "no"),
        ),
    ] {
        let behaviour = Behaviour {
            text: [(action.to_owned(), (status, text.clone()))].into(),
            ..Behaviour::default()
        };
        let endpoint = Endpoint::start(World::default(), behaviour);
        let listing = needs(&[ReadingKind::WebFunctionListing]);
        let snapshot = collect(request(&endpoint, listing));
        let region = &account(&snapshot).regions["us-east-1"];
        assert_eq!(region.web_function_listing, expected, "{text}");
        assert_eq!(
            endpoint.count(action),
            3,
            "each Region is asked once: {text}"
        );
    }
}

#[test]
fn image_sizes_are_read_of_images_only() {
    let endpoint = Endpoint::start(World::generated(0, 9), Behaviour::default());
    let snapshot = collect(CollectRequest {
        image_sizes: true,
        ..request(&endpoint, all_needs())
    });
    let regions = &account(&snapshot).regions;
    assert_eq!(
        regions["ap-southeast-2"].functions["function-00008"].image,
        Reading::Known(Image {
            compressed_bytes: 88_000_000
        })
    );
    assert_eq!(
        regions["us-east-1"].functions["function-00000"].image,
        Reading::NotCollected
    );
    assert_eq!(endpoint.count("lambda:GetFunction"), 1);
    assert_eq!(endpoint.count("ecr:DescribeImages"), 1);
}

#[test]
fn a_refused_image_size_names_the_action_that_was_refused() {
    let endpoint = Endpoint::start(
        World::generated(0, 9),
        Behaviour::denying("ecr:DescribeImages"),
    );
    let snapshot = collect(CollectRequest {
        image_sizes: true,
        ..request(&endpoint, all_needs())
    });
    assert_eq!(
        account(&snapshot).regions["ap-southeast-2"].functions["function-00008"].image,
        denied("ecr:DescribeImages", "AccessDeniedException")
    );
}

#[test]
fn a_bucket_elsewhere_is_followed_once_and_remembered() {
    // The endpoint does not say in the list where buckets are, as moto does not.
    let endpoint = Endpoint::start(
        World::default().with_bucket("far", Bucket::new("eu-west-1")),
        Behaviour {
            no_bucket_region: true,
            record: true,
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let bucket = &account(&snapshot).buckets["far"];
    assert_eq!(bucket.region.as_deref(), Some("eu-west-1"));
    assert_eq!(
        bucket.ownership.known().unwrap().object_ownership,
        "BucketOwnerEnforced"
    );
    let wrong = endpoint
        .seen()
        .iter()
        .filter(|seen| seen.path.starts_with("far") && seen.region == "us-east-1")
        .count();
    assert_eq!(wrong, 1, "only the first call goes to the wrong Region");
    // The ten calls of a new bucket, and the one that went wrong.
    assert_eq!(bucket_calls(&endpoint), 11);
}

#[test]
fn a_bucket_named_literally_needs_no_listing() {
    let endpoint = Endpoint::start(
        World::default()
            .with_bucket("mine", Bucket::new("eu-west-1"))
            .with_bucket("other", Bucket::new("us-east-1")),
        Behaviour::denying("s3:ListBuckets"),
    );
    let snapshot = collect(CollectRequest {
        resources: only_bucket("mine"),
        ..request(&endpoint, needs(&[ReadingKind::BucketPolicy]))
    });
    let account = account(&snapshot);
    assert_eq!(endpoint.count("s3:ListBuckets"), 0);
    assert_eq!(
        account.bucket_listing,
        Reading::Known(Listing { complete: false })
    );
    assert_eq!(account.buckets.keys().collect::<Vec<_>>(), ["mine"]);
    assert_eq!(account.buckets["mine"].policy, Reading::Absent);
    assert_eq!(account.buckets["mine"].region.as_deref(), Some("eu-west-1"));
}

#[test]
fn a_bucket_of_another_account_is_not_read_as_ours() {
    let public = json!({ "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::theirs",
    }] });
    let endpoint = Endpoint::start(
        World::default().with_bucket(
            "theirs",
            Bucket::new("us-east-1")
                .policy(&public, true)
                .of("999999999999"),
        ),
        Behaviour::default(),
    );
    let snapshot = collect(CollectRequest {
        resources: only_bucket("theirs"),
        ..request(&endpoint, needs(&[ReadingKind::BucketPolicy]))
    });
    assert_eq!(
        account(&snapshot).buckets["theirs"].policy,
        denied("s3:GetBucketPolicy", "AccessDenied")
    );
}

#[test]
fn a_bucket_that_does_not_exist_takes_one_call() {
    let endpoint = Endpoint::start(World::default(), Behaviour::default());
    let snapshot = collect(CollectRequest {
        resources: only_bucket("gone"),
        ..request(&endpoint, all_needs())
    });
    let bucket = &account(&snapshot).buckets["gone"];
    assert!(matches!(&bucket.policy, Reading::Failed { code, .. } if code == "NoSuchBucket"));
    assert!(matches!(&bucket.tags, Reading::Failed { code, .. } if code == "NoSuchBucket"));
    assert_eq!(bucket_calls(&endpoint), 1);
}

#[test]
fn globs_choose_buckets_and_functions() {
    let endpoint = Endpoint::start(World::generated(12, 12), Behaviour::default());
    let snapshot = collect(CollectRequest {
        resources: ResourceFilter {
            functions: vec!["*1".to_owned()],
            ..only_bucket("*-0000?")
        },
        ..request(&endpoint, all_needs())
    });
    let account = account(&snapshot);
    // The ten that match, and the one that takes the log of one of them.
    assert_eq!(account.buckets.len(), 11);
    let functions: Vec<_> = account
        .regions
        .values()
        .flat_map(|region| region.functions.keys())
        .cloned()
        .collect();
    assert_eq!(functions, ["function-00011", "function-00001"]);
}

#[test]
fn a_log_target_outside_the_filter_is_read_for_what_is_needed_of_it() {
    let endpoint = Endpoint::start(
        World::default()
            .with_bucket("site", Bucket::new("us-east-1").logging("logs", ""))
            .with_bucket("logs", Bucket::new("us-east-1")),
        Behaviour::default(),
    );
    let mut needs = needs(&[ReadingKind::BucketLogging]);
    needs.insert((
        SubjectKind::Bucket,
        Need {
            relation: Relation::LogTarget,
            reading: ReadingKind::BucketPolicy,
            guard: Guard::Always,
        },
    ));
    let snapshot = collect(CollectRequest {
        resources: only_bucket("site"),
        ..request(&endpoint, needs)
    });
    let logs = &account(&snapshot).buckets["logs"];
    assert_eq!(logs.policy, Reading::Absent);
    assert_eq!(logs.logging, Reading::NotCollected);
    assert_eq!(bucket_calls(&endpoint), 2);
}

/// A target that was read for its own sake is asked what is only wanted of targets, and nothing twice.
#[test]
fn log_targets_are_asked_who_pays_once() {
    let endpoint = Endpoint::start(
        World::default()
            .with_bucket("a", Bucket::new("us-east-1").logging("logs", "a/"))
            .with_bucket("b", Bucket::new("us-east-1").logging("logs", "b/"))
            .with_bucket("logs", Bucket::new("us-east-1")),
        Behaviour::default(),
    );
    let mut needs = all_needs();
    for kind in [
        ReadingKind::BucketPolicy,
        ReadingKind::BucketOwnership,
        ReadingKind::BucketAcl,
        ReadingKind::BucketEncryption,
        ReadingKind::BucketVersioning,
        ReadingKind::BucketObjectLock,
    ] {
        needs.insert((SubjectKind::Bucket, Need::of_log_target(kind)));
    }
    let snapshot = collect(request(&endpoint, needs));
    let buckets = &account(&snapshot).buckets;
    assert_eq!(
        buckets["logs"].request_payment,
        Reading::Known("BucketOwner".to_owned())
    );
    assert_eq!(buckets["a"].request_payment, Reading::NotCollected);
    assert_eq!(endpoint.count("s3:GetBucketRequestPayment"), 1);
    assert_eq!(endpoint.count("s3:GetBucketPolicy"), 3);
    // Ten of each, and the one question.
    assert_eq!(bucket_calls(&endpoint), 31);
}

/// A target that the account does not have is no bucket of it.
#[test]
fn a_log_target_that_is_not_ours_is_not_read() {
    let endpoint = Endpoint::start(
        World::default().with_bucket("site", Bucket::new("us-east-1").logging("gone", "")),
        Behaviour::default(),
    );
    let mut needs = needs(&[ReadingKind::BucketLogging]);
    needs.insert((
        SubjectKind::Bucket,
        Need::of_log_target(ReadingKind::BucketPolicy),
    ));
    let snapshot = collect(request(&endpoint, needs));
    let names: Vec<&String> = account(&snapshot).buckets.keys().collect();
    assert_eq!(names, ["site"]);
    assert_eq!(endpoint.count("s3:GetBucketPolicy"), 0);
}

const BASIC: &str = r#"{"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": false,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}]}]}"#;

const ADVANCED: &str = r#"{"AdvancedEventSelectors": [{"Name": "some", "FieldSelectors": [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/"], "NotStartsWith": ["arn:aws:s3:::b/tmp/"],
     "EndsWith": [".csv"], "NotEndsWith": [".tmp"], "NotEquals": ["arn:aws:s3:::b/x"]}]}]}"#;

/// A trail of all Regions shows in each of them and is asked about once, where it was made.
#[test]
fn trails_are_kept_once_and_asked_about_at_home() {
    let everywhere = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/everywhere";
    let local = "arn:aws:cloudtrail:us-east-1:111122223333:trail/local";
    let mut world = World::default();
    let mut encrypted = trail(
        everywhere,
        true,
        "trail-logs",
        &serde_json::from_str(BASIC).unwrap(),
    );
    encrypted["Trail"]["KmsKeyId"] = json!("arn:aws:kms:eu-west-1:111122223333:key/k");
    encrypted["Status"] = json!({ "IsLogging": false, "LatestDeliveryError": "NoSuchBucket" });
    world.trails = vec![
        encrypted,
        trail(
            local,
            false,
            "trail-logs",
            &serde_json::from_str(ADVANCED).unwrap(),
        ),
    ];
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(
        &endpoint,
        needs(&[
            ReadingKind::TrailListing,
            ReadingKind::TrailStatus,
            ReadingKind::TrailSelectors,
        ]),
    ));
    assert_eq!(endpoint.count("cloudtrail:DescribeTrails"), 3);
    assert_eq!(endpoint.count("cloudtrail:GetTrailStatus"), 2);
    assert_eq!(endpoint.count("cloudtrail:GetEventSelectors"), 2);
    let account = serde_json::to_value(account(&snapshot)).unwrap();
    let listed = |region: &str| account["regions"][region]["trail_listing"]["known"].clone();
    assert_eq!(listed("us-east-1"), json!([everywhere, local]));
    assert_eq!(listed("ap-southeast-2"), json!([everywhere]));
    assert_eq!(
        account["trails"],
        json!({
            everywhere: {
                "name": "everywhere", "home_region": "eu-west-1", "multi_region": true, "organization": false,
                "bucket": "trail-logs", "kms_key": "arn:aws:kms:eu-west-1:111122223333:key/k",
                "log_file_validation": true,
                "status": { "known": { "logging": false, "delivery_error": "NoSuchBucket" } },
                "selectors": { "known": { "basic": [{
                    "read_write": "WriteOnly", "management": false,
                    "data": [{ "kind": "AWS::S3::Object", "values": ["arn:aws:s3:::b/"] }],
                }] } },
            },
            local: {
                "name": "local", "home_region": "us-east-1", "multi_region": false, "organization": false,
                "bucket": "trail-logs", "log_file_validation": true,
                "status": { "known": { "logging": true } },
                "selectors": { "known": { "advanced": [{ "fields": [
                    { "field": "eventCategory", "equals": ["Data"] },
                    { "field": "resources.ARN", "starts_with": ["arn:aws:s3:::b/"],
                      "not_starts_with": ["arn:aws:s3:::b/tmp/"], "ends_with": [".csv"],
                      "not_ends_with": [".tmp"], "not_equals": ["arn:aws:s3:::b/x"] },
                ] }] } },
            },
        })
    );
}

/// The list of stores has names alone, so each is read; a channel that brings events of partners into a
/// store records none of AWS.
#[test]
fn event_data_stores_and_service_linked_channels_are_read_by_region() {
    let selectors =
        json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Data"] }] }]);
    let mut world = World::generated(1, 0);
    world.event_data_stores = [(
        "us-east-1".to_owned(),
        vec![json!({
            "EventDataStoreArn": "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/e",
            "Name": "lake", "Status": "ENABLED", "MultiRegionEnabled": true,
            "AdvancedEventSelectors": selectors,
        })],
    )]
    .into();
    let channel = |name: &str, kind: &str| {
        json!({
            "ChannelArn": format!("arn:aws:cloudtrail:us-east-1:111122223333:channel/{name}"),
            "Name": name,
            "SourceConfig": { "ApplyToAllRegions": false, "AdvancedEventSelectors": selectors },
            "Destinations": [{ "Type": kind, "Location": "x" }],
        })
    };
    world.channels = [(
        "us-east-1".to_owned(),
        vec![
            channel("partner", "EVENT_DATA_STORE"),
            channel("aws-service-channel/cloudwatch/default", "AWS_SERVICE"),
        ],
    )]
    .into();
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(request(
        &endpoint,
        needs(&[ReadingKind::EventDataStores, ReadingKind::EventChannels]),
    ));
    assert_eq!(endpoint.count("cloudtrail:ListEventDataStores"), 3);
    assert_eq!(endpoint.count("cloudtrail:GetEventDataStore"), 1);
    assert_eq!(endpoint.count("cloudtrail:GetChannel"), 2);
    let account = serde_json::to_value(account(&snapshot)).unwrap();
    let here = &account["regions"]["us-east-1"];
    let fields = json!([{ "fields": [{ "field": "eventCategory", "equals": ["Data"] }] }]);
    assert_eq!(
        here["event_data_stores"]["known"],
        json!([{ "name": "lake", "status": "ENABLED", "multi_region": true, "advanced": fields }])
    );
    assert_eq!(
        here["event_channels"]["known"],
        json!([{
            "name": "aws-service-channel/cloudwatch/default", "multi_region": false, "advanced": fields,
        }])
    );
    let elsewhere = &account["regions"]["eu-west-1"];
    assert_eq!(elsewhere["event_data_stores"]["known"], json!([]));
}

#[test]
fn a_refused_event_data_store_is_a_refused_reading_of_its_region() {
    let mut world = World::generated(1, 0);
    world.event_data_stores = [(
        "us-east-1".to_owned(),
        vec![json!({ "EventDataStoreArn": "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/e" })],
    )]
    .into();
    let endpoint = Endpoint::start(world, Behaviour::denying("cloudtrail:GetEventDataStore"));
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(
        account(&snapshot).regions["us-east-1"].event_data_stores,
        denied("cloudtrail:GetEventDataStore", "AccessDeniedException")
    );
}

#[test]
fn a_refused_list_of_trails_is_a_refused_listing_in_each_region() {
    let endpoint = Endpoint::start(
        World::generated(1, 0),
        Behaviour::denying("cloudtrail:DescribeTrails"),
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let account = account(&snapshot);
    assert!(account.trails.is_empty());
    assert_eq!(account.regions.len(), 3);
    for region in account.regions.values() {
        assert_eq!(
            region.trail_listing,
            denied("cloudtrail:DescribeTrails", "AccessDeniedException")
        );
    }
}

/// Of a bucket that only a trail names, that is read which is asked of trails' buckets, and of the
/// others nothing.
#[test]
fn only_the_buckets_of_trails_are_read_for_the_checks_of_trails() {
    let mut world = World::default()
        .with_bucket("trail-logs", Bucket::new("us-east-1"))
        .with_bucket("other", Bucket::new("us-east-1"));
    world.trails = vec![
        trail(
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
            true,
            "trail-logs",
            &json!({}),
        ),
        trail(
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/u",
            true,
            "of-another-account",
            &json!({}),
        ),
    ];
    let endpoint = Endpoint::start(world, Behaviour::default());
    let needs = BTreeSet::from([
        (SubjectKind::Trail, Need::own(ReadingKind::TrailListing)),
        (SubjectKind::Trail, Need::own(ReadingKind::BucketListing)),
        (
            SubjectKind::Trail,
            Need::of_trail_bucket(ReadingKind::BucketLogging),
        ),
    ]);
    let snapshot = collect(request(&endpoint, needs));
    let buckets = &account(&snapshot).buckets;
    assert_eq!(buckets.keys().collect::<Vec<_>>(), ["other", "trail-logs"]);
    assert_eq!(buckets["trail-logs"].logging, Reading::Absent);
    assert_eq!(buckets["other"].logging, Reading::NotCollected);
    assert_eq!(bucket_calls(&endpoint), 1);
}

/// What AWS Config says becomes what is kept, page by page.
#[test]
fn what_every_reading_of_config_becomes() {
    let mut world = World::default();
    let mut region = config();
    region["ConfigurationRecorders"] = json!([{
        "name": "default",
        "recordingGroup": { "allSupported": false,
            "exclusionByResourceTypes": { "resourceTypes": ["AWS::S3::Bucket"] },
            "recordingStrategy": { "useOnly": "EXCLUSION_BY_RESOURCE_TYPES" } },
        "recordingMode": { "recordingFrequency": "DAILY", "recordingModeOverrides": [
            { "resourceTypes": ["AWS::IAM::Role"], "recordingFrequency": "CONTINUOUS" }] },
    }, { "name": "AWSConfigurationRecorderForSecurityHubAssets_1" }]);
    region["ConfigurationRecordersStatus"] = json!([
        { "name": "default", "recording": true, "lastStatus": "FAILURE", "lastErrorCode": "AccessDenied" },
    ]);
    region["DeliveryChannelsStatus"][0]["configHistoryDeliveryInfo"] =
        json!({ "lastStatus": "FAILURE", "lastErrorCode": "NoSuchBucket" });
    world.config.insert("eu-west-1".to_owned(), region);
    let endpoint = Endpoint::start(
        world,
        Behaviour {
            page: Some(1),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(CollectRequest {
        resources: only_region("eu-west-1"),
        ..request(
            &endpoint,
            needs(&[
                ReadingKind::ConfigRecorders,
                ReadingKind::ConfigRecorderStatus,
                ReadingKind::ConfigDeliveryChannels,
                ReadingKind::ConfigDeliveries,
                ReadingKind::ConfigRules,
            ]),
        )
    });
    assert_eq!(endpoint.count("config:DescribeConfigRules"), 2);
    let region = serde_json::to_value(&account(&snapshot).regions["eu-west-1"]).unwrap();
    assert_eq!(
        region,
        json!({
            "config_recorders": { "known": [{
                "name": "default", "service_linked": false, "all_supported": false,
                "strategy": "EXCLUSION_BY_RESOURCE_TYPES", "excluded_types": ["AWS::S3::Bucket"],
                "frequency": "DAILY", "frequency_overrides": { "AWS::IAM::Role": "CONTINUOUS" },
            }, {
                "name": "AWSConfigurationRecorderForSecurityHubAssets_1", "service_linked": true,
                "all_supported": true,
            }] },
            "config_recorder_status": { "known": [{
                "name": "default", "recording": true, "last_status": "FAILURE", "last_error": "AccessDenied",
            }] },
            "config_delivery_channels": { "known": [{ "name": "default", "bucket": "acme-config" }] },
            "config_deliveries": { "known": [{
                "name": "default", "history": "FAILURE", "history_error": "NoSuchBucket", "snapshot": "NOT_APPLICABLE",
            }] },
            "config_rules": { "known": [{
                "name": "public-read", "identifier": "S3_BUCKET_PUBLIC_READ_PROHIBITED", "owner": "AWS",
                "state": "ACTIVE",
            }, {
                "name": "tls", "identifier": "S3_BUCKET_SSL_REQUESTS_ONLY", "owner": "AWS", "state": "ACTIVE",
            }] },
        })
    );
}

#[test]
fn a_bucket_that_refuses_everything_has_no_known_region() {
    let endpoint = Endpoint::start(
        World::default().with_bucket("mine", Bucket::new("eu-west-1")),
        Behaviour::denying("s3:GetBucketPolicy"),
    );
    let snapshot = collect(CollectRequest {
        resources: only_bucket("mine"),
        ..request(&endpoint, needs(&[ReadingKind::BucketPolicy]))
    });
    assert_eq!(account(&snapshot).buckets["mine"].region, None);
}

#[test]
fn the_same_account_gives_the_same_snapshot() {
    let endpoint = Endpoint::start(World::generated(30, 12), Behaviour::default());
    let once = stable(collect(request(&endpoint, all_needs())));
    let twice = stable(collect(request(&endpoint, all_needs())));
    assert_eq!(
        serde_json::to_string(&once).unwrap(),
        serde_json::to_string(&twice).unwrap()
    );
}

#[test]
fn no_more_requests_in_flight_than_asked_for() {
    let endpoint = Endpoint::start(
        World::generated(40, 10),
        Behaviour {
            latency: Duration::from_millis(20),
            ..Behaviour::default()
        },
    );
    collect(CollectRequest {
        concurrency: 6,
        ..request(&endpoint, all_needs())
    });
    // Under load the sixth may not come in time to meet the other five; a seventh never may.
    let most = endpoint.most_in_flight();
    assert!((3..=6).contains(&most), "{most}");
}

#[test]
fn the_hard_cap_holds_retries_included() {
    let endpoint = Endpoint::start(
        World::generated(8, 0),
        Behaviour {
            flaky: BTreeMap::from([("s3:GetBucketPolicy".to_owned(), 5)]),
            record: true,
            ..Behaviour::default()
        },
    );
    collect(CollectRequest {
        rate: Some(50.0),
        ..request(
            &endpoint,
            needs(&[ReadingKind::BucketPolicy, ReadingKind::BucketTags]),
        )
    });
    let at: Vec<Instant> = endpoint.seen().iter().map(|seen| seen.at).collect();
    assert_eq!(at.len(), 2 + 16 + 5);
    // 23 requests at 50 a second take 22 intervals of 20 ms; arrival may waver by a few ms.
    let whole = at.last().unwrap().duration_since(at[0]);
    assert!(whole >= Duration::from_millis(415), "{whole:?}");
}

#[test]
fn throttled_calls_are_all_answered_in_the_end() {
    let endpoint = Endpoint::start(
        World::generated(60, 12),
        Behaviour {
            limit: Some(200.0),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(text.find("\"failed\"").map(|at| &text[at..at + 200]), None);
    assert!(endpoint.throttled() > 0, "the limit was met");
    assert!(snapshot.complete);
}

/// Every fault at once: what is read is what a faultless endpoint gives, and so is the number of calls.
#[test]
fn faults_lose_and_change_nothing() {
    let whole = |faults: Faults| {
        let endpoint = Endpoint::start(
            World::generated(40, 12),
            Behaviour {
                faults,
                ..Behaviour::default()
            },
        );
        let snapshot = collect(request(&endpoint, all_needs()));
        (snapshot, endpoint.struck(), endpoint.total())
    };
    let (clean, struck, _) = whole(Faults::default());
    assert_eq!(struck, 0);
    let (faulty, struck, total) = whole(Faults {
        refused: 0.06,
        failed: 0.06,
        reset: 0.06,
        truncated: 0.06,
        stalled: 0.02,
        stall_ms: 2000,
        seed: 7,
    });
    assert!(struck > 50, "{struck}");
    assert_eq!(faulty.api_calls, clean.api_calls);
    assert!(total > faulty.api_calls, "{} {total}", faulty.api_calls);
    assert_eq!(faulty.accounts, clean.accounts);
}

#[test]
fn an_endpoint_that_dies_does_not_hold_the_run_up() {
    let endpoint = Endpoint::start(
        World::generated(300, 0),
        Behaviour {
            dies_after: Some(400),
            ..Behaviour::default()
        },
    );
    let began = Instant::now();
    let snapshot = collect(CollectRequest {
        concurrency: 32,
        ..request(&endpoint, all_needs())
    });
    // Some 2,000 calls are left; each by itself would be tried for a second and a half.
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    assert!(endpoint.total() < 900, "{}", endpoint.total());
    let account = account(&snapshot);
    assert_eq!(account.buckets.len(), 300);
    let lost = account
        .buckets
        .values()
        .filter(
            |bucket| matches!(&bucket.tags, Reading::Failed { code, .. } if code == "Connection"),
        )
        .count();
    assert!((200..300).contains(&lost), "{lost}");
}

#[test]
fn lambda_quotas_are_kept_when_asked_for() {
    let endpoint = Endpoint::start(
        World::generated(0, 12),
        Behaviour {
            record: true,
            ..Behaviour::default()
        },
    );
    collect(CollectRequest {
        lambda_quota: Some(true),
        resources: only_region("us-east-1"),
        ..request(&endpoint, all_needs())
    });
    let at: Vec<Instant> = endpoint
        .seen()
        .iter()
        .filter(|seen| seen.operation.starts_with("lambda:"))
        .filter(|seen| seen.operation != "lambda:GetPolicy")
        .map(|seen| seen.at)
        .collect();
    // One page of functions and one of Web Functions, four functions with three calls each, the mappings, and
    // two more of the one that is provisioned and in a VPC.
    assert_eq!(at.len(), 17);
    let whole = at.last().unwrap().duration_since(at[0]);
    assert!(
        whole >= Duration::from_millis(900),
        "{whole:?} for 17 calls at 15 a second"
    );
    // GetPolicy has 15 a second of its own: four functions, one of them with an alias and a version.
    let policies: Vec<Instant> = endpoint
        .seen()
        .iter()
        .filter(|seen| seen.operation == "lambda:GetPolicy")
        .map(|seen| seen.at)
        .collect();
    assert_eq!(policies.len(), 6);
    let whole = policies.last().unwrap().duration_since(policies[0]);
    assert!(
        whole >= Duration::from_millis(300),
        "{whole:?} for 6 calls at 15 a second"
    );
}

/// Remembers what it was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Progress for Told {
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(format!("note {text}"));
    }
    fn stage(&self, what: &str, total: u64) {
        self.0.lock().unwrap().push(format!("stage {what} {total}"));
    }
    fn step(&self, n: u64) {
        self.0.lock().unwrap().push(format!("step {n}"));
    }
    fn finish(&self) {
        self.0.lock().unwrap().push("finish".to_owned());
    }
}

#[test]
fn progress_is_told_the_endpoint_the_totals_and_the_end() {
    let endpoint = Endpoint::start(World::generated(3, 0), Behaviour::default());
    let told = Told::default();
    testing::collect(
        request(&endpoint, needs(&[ReadingKind::BucketPolicy])),
        Box::new(told.clone()),
    )
    .unwrap();
    let told = told.0.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            format!("note endpoint: {}", endpoint.url()),
            "stage reading 3".to_owned(),
            "step 1".to_owned(),
            "step 1".to_owned(),
            "step 1".to_owned(),
            "finish".to_owned(),
        ]
    );
}

#[test]
fn the_grants_of_a_log_delivery_bucket() {
    let endpoint = Endpoint::start(World::generated(10, 0), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    let bucket = &account(&snapshot).buckets["acme-bucket-00009"];
    let delivery = |permission: &str| Grant {
        grantee: "LogDelivery".to_owned(),
        permission: permission.to_owned(),
    };
    assert_eq!(
        bucket.acl.known().unwrap().grants[1..],
        [delivery("WRITE"), delivery("READ_ACP")]
    );
}

fn sampled_world(bucket: Bucket) -> World {
    let bucket = bucket
        .object(
            "a.csv",
            Object {
                encryption: "AES256",
                public: true,
                ..Object::default()
            },
        )
        .object(
            "b/secret.bin",
            Object {
                encryption: "aws:kms",
                kms_key: Some("arn:aws:kms:us-east-1:111122223333:key/k"),
                metadata: &["x-amz-meta-x-amz-key-v2", "x-amz-meta-owner"],
                ..Object::default()
            },
        )
        .object(
            "c.dump",
            Object {
                sse_c: true,
                ..Object::default()
            },
        )
        .object("d", Object::default());
    World::default().with_bucket("b", bucket)
}

fn with_samples() -> BTreeSet<(SubjectKind, Need)> {
    let mut needs = all_needs();
    needs.insert(need(ReadingKind::BucketObjectSample));
    needs.insert(need(ReadingKind::BucketObjectAcls));
    needs
}

#[test]
fn a_sample_of_objects_is_read_when_asked_for_and_bounded() {
    let world = sampled_world(Bucket::bare("us-east-1"));
    let endpoint = Endpoint::start(world.clone(), Behaviour::default());
    collect(request(&endpoint, with_samples()));
    for operation in ["s3:ListObjectsV2", "s3:HeadObject", "s3:GetObjectAcl"] {
        assert_eq!(endpoint.count(operation), 0, "{operation} is opt-in");
    }
    let endpoint = Endpoint::start(world, Behaviour::default());
    let snapshot = collect(CollectRequest {
        sample_objects: Some(3),
        ..request(&endpoint, with_samples())
    });
    assert_eq!(endpoint.count("s3:ListObjectsV2"), 1);
    assert_eq!(endpoint.count("s3:HeadObject"), 3);
    assert_eq!(endpoint.count("s3:GetObjectAcl"), 3);
    let bucket = &account(&snapshot).buckets["b"];
    assert_eq!(
        json_of(&bucket.object_sample),
        json!({ "known": { "asked": 3, "whole_bucket": false, "objects": [
            { "key": "a.csv", "encryption": "AES256" },
            { "key": "b/secret.bin", "encryption": "aws:kms", "kms_key": "arn:aws:kms:us-east-1:111122223333:key/k", "client_side": true },
            { "key": "c.dump", "sse_c": true },
        ] } })
    );
    let acls = bucket.object_acls.known().unwrap();
    assert_eq!(acls["a.csv"].grants[0].grantee, "AllUsers");
    assert!(acls["c.dump"].grants.is_empty());
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(!text.contains("secret-envelope"), "no metadata is kept");
}

#[test]
fn object_acls_are_not_read_where_they_have_no_effect() {
    let ignoring = Bucket::bare("us-east-1").public_access_block([false, true, false, false]);
    let enforced = Bucket::bare("us-east-1").ownership("BucketOwnerEnforced");
    let by_account = World {
        public_access_block: Some([false, true, false, false]),
        ..sampled_world(Bucket::bare("us-east-1"))
    };
    for world in [sampled_world(ignoring), sampled_world(enforced), by_account] {
        let endpoint = Endpoint::start(world, Behaviour::default());
        let snapshot = collect(CollectRequest {
            sample_objects: Some(10),
            ..request(&endpoint, with_samples())
        });
        assert_eq!(endpoint.count("s3:GetObjectAcl"), 0);
        assert_eq!(endpoint.count("s3:HeadObject"), 4);
        assert_eq!(
            account(&snapshot).buckets["b"].object_acls,
            Reading::NotCollected
        );
    }
}

#[test]
fn a_refused_sample_names_the_action_that_was_refused() {
    for (operation, action) in [
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
    ] {
        let world = sampled_world(Bucket::bare("us-east-1"));
        let endpoint = Endpoint::start(world, Behaviour::denying(operation));
        let snapshot = collect(CollectRequest {
            sample_objects: Some(2),
            ..request(&endpoint, with_samples())
        });
        assert_eq!(
            json_of(&account(&snapshot).buckets["b"].object_sample)["denied"]["action"],
            action
        );
    }
    let world = sampled_world(Bucket::bare("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::denying("s3:GetObjectAcl"));
    let snapshot = collect(CollectRequest {
        sample_objects: Some(2),
        ..request(&endpoint, with_samples())
    });
    let bucket = &account(&snapshot).buckets["b"];
    assert_eq!(
        bucket.object_acls,
        denied("s3:GetObjectAcl", "AccessDenied")
    );
    assert!(bucket.object_sample.known().is_some());
}

/// A reading with its `known` taken off.
fn json_of<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn all_identities_are_one_call_and_only_users_of_s3_take_another() {
    let endpoint = Endpoint::start(World::generated(1, 0), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(endpoint.count("iam:GetAccountAuthorizationDetails"), 1);
    // ann by her group and ci by its own policy; mail only sends mail.
    assert_eq!(endpoint.count("iam:ListAccessKeys"), 2);
    let account = account(&snapshot);
    assert_eq!(
        account.identity_listing,
        Reading::Known(Listing { complete: true })
    );
    let names: Vec<_> = account.identities.keys().collect();
    assert_eq!(
        names,
        [
            "group/ops",
            "role/AWSServiceRoleForBackup",
            "role/deploy",
            "role/reader",
            "role/writer",
            "user/ann",
            "user/ci",
            "user/mail"
        ]
    );
    assert_eq!(
        json_of(&account.identities["user/ann"]),
        json!({
            "arn": "arn:aws:iam::111122223333:user/ann", "path": "/", "created": "2024-01-02T03:04:05Z",
            "unique_id": "AIDAEXAMPLE", "tags": {}, "groups": ["ops"],
            // Enough of the id to tell two keys apart, and no more.
            "access_keys": { "known": [{ "id_ends": "MPLE", "active": true, "created": "2024-01-02T03:04:05Z" }] },
        })
    );
    assert_eq!(
        json_of(&account.identities["role/deploy"]),
        json!({
            "arn": "arn:aws:iam::111122223333:role/deploy", "path": "/", "created": "2024-01-02T03:04:05Z",
            "unique_id": "AIDAEXAMPLE", "tags": {}, "inline": { "put": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Put*","Resource":"*"}]}"# },
            "boundary": "arn:aws:iam::111122223333:policy/limits",
        })
    );
    // The default version of each policy of the account, and of AWS's those that somebody has.
    let policies: Vec<_> = account.managed_policies.keys().collect();
    assert_eq!(
        policies,
        [
            "arn:aws:iam::111122223333:policy/left-over",
            "arn:aws:iam::111122223333:policy/limits",
            "arn:aws:iam::111122223333:policy/storage",
            "arn:aws:iam::aws:policy/AmazonS3FullAccess"
        ]
    );
    assert_eq!(
        json_of(&account.managed_policies["arn:aws:iam::111122223333:policy/storage"]),
        json!({
            "name": "storage", "attachments": 1, "boundary_uses": 0,
            "document": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
        })
    );
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(!text.contains("AKIA"), "no access key id is kept whole");
}

#[test]
fn identities_are_read_to_the_last_page() {
    let endpoint = Endpoint::start(
        World::generated(1, 0),
        Behaviour {
            page: Some(4),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, needs(&[ReadingKind::IdentityListing])));
    // Eight identities and five policies.
    assert_eq!(endpoint.count("iam:GetAccountAuthorizationDetails"), 4);
    assert_eq!(account(&snapshot).identities.len(), 8);
    assert_eq!(endpoint.count("iam:ListAccessKeys"), 0, "nobody needs them");
}

#[test]
fn a_refused_list_of_identities_is_a_refused_listing() {
    let endpoint = Endpoint::start(
        World::generated(1, 0),
        Behaviour::denying("iam:GetAccountAuthorizationDetails"),
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(
        account(&snapshot).identity_listing,
        denied("iam:GetAccountAuthorizationDetails", "AccessDenied")
    );
    assert!(account(&snapshot).identities.is_empty());
}

#[test]
fn access_points_are_one_call_a_region_and_a_few_each() {
    let endpoint = Endpoint::start(World::generated(5, 0), Behaviour::default());
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(endpoint.count("s3control:ListAccessPoints"), 3);
    assert_eq!(endpoint.count("s3control:GetAccessPoint"), 5);
    // Not of the one that only a VPC can use.
    assert_eq!(endpoint.count("s3control:GetAccessPointPolicy"), 4);
    // Nor of the one without a policy.
    assert_eq!(endpoint.count("s3control:GetAccessPointPolicyStatus"), 3);
    assert_eq!(endpoint.count("s3control:ListMultiRegionAccessPoints"), 1);
    assert_eq!(
        endpoint.count("s3control:GetMultiRegionAccessPointPolicy"),
        2
    );
    assert_eq!(
        endpoint.count("s3control:GetMultiRegionAccessPointPolicyStatus"),
        2
    );
    let account = account(&snapshot);
    let points = &account.regions["eu-west-1"].access_points;
    assert_eq!(
        json_of(&points["inside"]),
        json!({
            "bucket": "acme-bucket-00004", "bucket_account": ACCOUNT, "network_origin": "VPC", "vpc": "vpc-0a1b2c3d",
            "configuration": { "known": {
                "public_access_block": {
                    "block_public_acls": false, "ignore_public_acls": false,
                    "block_public_policy": false, "restrict_public_buckets": false,
                },
                "created": "2024-01-02T03:04:05Z",
            } },
        })
    );
    assert_eq!(points["plain"].policy, Reading::Absent);
    assert_eq!(points["plain"].policy_status, Reading::NotCollected);
    assert!(points["open"].policy_status.known().unwrap().is_public);
    let several = &account.multi_region_access_points["everywhere"];
    assert_eq!(several.alias, "open.mrap");
    assert_eq!(several.regions[0].bucket, "acme-bucket-00004");
    assert!(several.policy.known().unwrap().contains("open.mrap"));
}

#[test]
fn directory_buckets_are_one_call_a_region_and_two_each() {
    let session = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "222222222222" },
        "Action": "s3express:CreateSession", "Resource": "*",
    }] });
    let world = World::default()
        .with_bucket("plain", Bucket::bare("us-east-1"))
        .with_bucket(
            "shared--use1-az4--x-s3",
            Bucket::bare("us-east-1").policy(&session, false),
        )
        .with_bucket("bare--use1-az5--x-s3", Bucket::bare("us-east-1"));
    let endpoint = Endpoint::start(
        world.clone(),
        Behaviour {
            page: Some(1),
            ..Behaviour::default()
        },
    );
    let snapshot = collect(request(&endpoint, all_needs()));
    // Two pages in the Region that has two.
    assert_eq!(endpoint.count("s3:ListDirectoryBuckets"), 4);
    // With those of the general purpose bucket.
    assert_eq!(endpoint.count("s3:GetBucketPolicy"), 3);
    assert_eq!(endpoint.count("s3:GetBucketEncryption"), 3);
    let read = account(&snapshot);
    let names: Vec<&String> = read.buckets.keys().collect();
    assert_eq!(names, ["plain"]);
    let region = &read.regions["us-east-1"];
    let complete = Reading::Known(Listing { complete: true });
    assert_eq!(region.directory_bucket_listing, complete);
    let shared = &region.directory_buckets["shared--use1-az4--x-s3"];
    assert!(shared.policy.known().unwrap().contains("222222222222"));
    let bare = &region.directory_buckets["bare--use1-az5--x-s3"];
    assert_eq!(bare.policy, Reading::Absent);
    assert_eq!(bare.encryption, Reading::Absent);
    let elsewhere = &read.regions["eu-west-1"];
    assert_eq!(elsewhere.directory_bucket_listing, complete);
    assert!(elsewhere.directory_buckets.is_empty());

    let endpoint = Endpoint::start(world.clone(), Behaviour::denying("s3:ListDirectoryBuckets"));
    let snapshot = collect(request(&endpoint, all_needs()));
    assert_eq!(
        account(&snapshot).regions["us-east-1"].directory_bucket_listing,
        denied("s3express:ListAllMyDirectoryBuckets", "AccessDenied")
    );
    let endpoint = Endpoint::start(world.clone(), Behaviour::denying("s3:GetBucketPolicy"));
    let snapshot = collect(request(&endpoint, all_needs()));
    let region = &account(&snapshot).regions["us-east-1"];
    assert_eq!(
        region.directory_buckets["bare--use1-az5--x-s3"].policy,
        denied("s3express:GetBucketPolicy", "AccessDenied")
    );

    // A name that is given in full and is no directory bucket's needs no list of them.
    let endpoint = Endpoint::start(world, Behaviour::default());
    let mut named = request(&endpoint, all_needs());
    named.resources.buckets = vec!["plain".to_owned()];
    collect(named);
    assert_eq!(endpoint.count("s3:ListDirectoryBuckets"), 0);
}

/// With a bucket of each other kind that account 222222222222 uses, under its key, and one without a policy and a
/// key.
fn other_kinds(mut world: World) -> World {
    for (service, shared, bare) in [
        ("s3tables", "shared", "bare"),
        ("s3vectors", "shared", "bare"),
        ("s3files", "fs-0aaaaaaaaaaaaaaaa", "fs-0bbbbbbbbbbbbbbbb"),
    ] {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": "222222222222" },
            "Action": format!("{service}:*"), "Resource": "*",
        }] });
        let with_policy = KindBucket::new(service, shared);
        world.kind_buckets.extend([
            with_policy.shared(policy, "arn:aws:kms:us-east-1:222222222222:key/k"),
            KindBucket::new(service, bare),
        ]);
    }
    world
}

/// How a listing went, and what it listed.
type ListedKind<'a> = (
    &'a Reading<Listing>,
    &'a BTreeMap<String, RegionalBucketInventory>,
);

/// A kind by its list and the two calls about each, with the code by which AWS says that there is no policy, and
/// what the snapshot has of it.
struct KindCalls {
    list: &'static str,
    policy: &'static str,
    encryption: &'static str,
    no_policy: &'static str,
    shared: &'static str,
    bare: &'static str,
    without_key: Reading<&'static str>,
    read: fn(&RegionInventory) -> ListedKind<'_>,
}

const KIND_CALLS: [KindCalls; 3] = [
    KindCalls {
        list: "s3tables:ListTableBuckets",
        policy: "s3tables:GetTableBucketPolicy",
        encryption: "s3tables:GetTableBucketEncryption",
        no_policy: "NotFoundException",
        shared: "shared",
        bare: "bare",
        without_key: Reading::Absent,
        read: |region| (&region.table_bucket_listing, &region.table_buckets),
    },
    KindCalls {
        list: "s3vectors:ListVectorBuckets",
        policy: "s3vectors:GetVectorBucketPolicy",
        encryption: "s3vectors:GetVectorBucket",
        no_policy: "NotFoundException",
        shared: "shared",
        bare: "bare",
        without_key: Reading::Known("AES256"),
        read: |region| (&region.vector_bucket_listing, &region.vector_buckets),
    },
    KindCalls {
        list: "s3files:ListFileSystems",
        policy: "s3files:GetFileSystemPolicy",
        encryption: "s3files:GetFileSystem",
        no_policy: "ResourceNotFoundException",
        shared: "fs-0aaaaaaaaaaaaaaaa",
        bare: "fs-0bbbbbbbbbbbbbbbb",
        without_key: Reading::Known("service-owned"),
        read: |region| (&region.file_system_listing, &region.file_systems),
    },
];

#[test]
fn each_other_kind_of_bucket_is_one_call_a_region_and_two_each() {
    let behaviour = Behaviour {
        page: Some(1),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(other_kinds(World::default()), behaviour);
    let snapshot = collect(request(&endpoint, all_needs()));
    let regions = &account(&snapshot).regions;
    let complete = Reading::Known(Listing { complete: true });
    for kind in &KIND_CALLS {
        // Two pages in the Region that has two.
        assert_eq!(endpoint.count(kind.list), 4);
        assert_eq!(endpoint.count(kind.policy), 2);
        assert_eq!(endpoint.count(kind.encryption), 2);
        let (listing, buckets) = (kind.read)(&regions["us-east-1"]);
        assert_eq!(*listing, complete);
        assert_eq!(buckets.len(), 2);
        let shared = &buckets[kind.shared];
        assert!(shared.policy.known().unwrap().contains("222222222222"));
        let encryption = shared.encryption.known().unwrap();
        assert_eq!(encryption.algorithm.as_deref(), Some("aws:kms"));
        assert_eq!(
            encryption.kms_key.as_deref(),
            Some("arn:aws:kms:us-east-1:222222222222:key/k")
        );
        let bare = &buckets[kind.bare];
        assert_eq!(bare.policy, Reading::Absent);
        let algorithm = bare.encryption.as_ref();
        let algorithm = algorithm.map(|encryption| encryption.algorithm.as_deref().unwrap());
        assert_eq!(algorithm, kind.without_key, "{}", kind.list);
        let (listing, buckets) = (kind.read)(&regions["eu-west-1"]);
        assert_eq!(*listing, complete);
        assert!(buckets.is_empty());
    }
}

#[test]
fn a_refusal_about_another_kind_of_bucket_names_its_action() {
    for kind in &KIND_CALLS {
        let read_with = |behaviour: Behaviour| {
            let endpoint = Endpoint::start(other_kinds(World::default()), behaviour);
            let snapshot = collect(request(&endpoint, all_needs()));
            let (listing, buckets) = (kind.read)(&account(&snapshot).regions["us-east-1"]);
            (listing.clone(), buckets.clone())
        };
        let refused = "AccessDeniedException";
        let (listing, buckets) = read_with(Behaviour::denying(kind.list));
        assert_eq!(listing, denied(kind.list, refused));
        assert!(buckets.is_empty());
        let (_, buckets) = read_with(Behaviour::denying(kind.policy));
        assert_eq!(buckets[kind.bare].policy, denied(kind.policy, refused));
        let (_, buckets) = read_with(Behaviour::denying(kind.encryption));
        assert_eq!(
            buckets[kind.shared].encryption,
            denied(kind.encryption, refused)
        );
        // S3 Tables has a code of its own for it.
        let (_, buckets) = read_with(Behaviour::failing(kind.policy, 403, "ForbiddenException"));
        assert_eq!(
            buckets[kind.shared].policy,
            denied(kind.policy, "ForbiddenException")
        );
    }
}

/// Only the code that AWS documents says that there is no policy.
#[test]
fn no_other_failure_says_that_there_is_no_policy() {
    for kind in &KIND_CALLS {
        let policy_with = |behaviour: Behaviour| {
            let endpoint = Endpoint::start(other_kinds(World::default()), behaviour);
            let snapshot = collect(request(
                &endpoint,
                needs(&[
                    ReadingKind::TableBucketListing,
                    ReadingKind::TableBucketPolicy,
                    ReadingKind::VectorBucketListing,
                    ReadingKind::VectorBucketPolicy,
                    ReadingKind::FileSystemListing,
                    ReadingKind::FileSystemPolicy,
                ]),
            ));
            let (_, buckets) = (kind.read)(&account(&snapshot).regions["us-east-1"]);
            buckets[kind.shared].policy.clone()
        };
        let absent = policy_with(Behaviour::failing(kind.policy, 404, kind.no_policy));
        assert_eq!(absent, Reading::Absent);
        for (status, code) in [
            (404, "NoSuchBucketPolicy"),
            (400, "ValidationException"),
            (404, "NoSuchBucket"),
        ] {
            let failed = policy_with(Behaviour::failing(kind.policy, status, code));
            assert!(
                matches!(failed, Reading::Failed { .. }),
                "{} {code}: {failed:?}",
                kind.policy
            );
        }
        for text in ["", "{}", "<html>not found</html>"] {
            let behaviour = Behaviour {
                text: BTreeMap::from([(kind.policy.to_owned(), (404, text.to_owned()))]),
                ..Behaviour::default()
            };
            let failed = policy_with(behaviour);
            assert!(
                matches!(failed, Reading::Failed { .. }),
                "{text}: {failed:?}"
            );
        }
        // An answer without a policy is an empty text, which decides nothing.
        let behaviour = Behaviour {
            text: BTreeMap::from([(kind.policy.to_owned(), (200, "{}".to_owned()))]),
            ..Behaviour::default()
        };
        assert_eq!(policy_with(behaviour), Reading::Known(String::new()));
    }
}

#[test]
fn a_region_that_does_not_offer_a_kind_of_bucket_has_none() {
    for kind in &KIND_CALLS {
        let not_offered = "<AccessDeniedException><Message>Unable to determine service/operation name to be \
                           authorized</Message></AccessDeniedException>";
        let behaviour = Behaviour {
            text: BTreeMap::from([(kind.list.to_owned(), (403, not_offered.to_owned()))]),
            ..Behaviour::default()
        };
        let endpoint = Endpoint::start(other_kinds(World::default()), behaviour);
        let snapshot = collect(request(&endpoint, all_needs()));
        let (listing, buckets) = (kind.read)(&account(&snapshot).regions["us-east-1"]);
        assert_eq!(*listing, Reading::Absent, "{}", kind.list);
        assert!(buckets.is_empty());
    }
}

/// A full name is nearly always that of a general purpose bucket: it costs no list in any Region. A glob does.
#[test]
fn other_kinds_of_bucket_are_selected_by_globs() {
    for (wanted, lists) in [("shared", 0), ("share?", 3)] {
        let endpoint = Endpoint::start(other_kinds(World::default()), Behaviour::default());
        let mut named = request(&endpoint, all_needs());
        named.resources.buckets = vec![wanted.to_owned()];
        let snapshot = collect(named);
        for kind in &KIND_CALLS {
            assert_eq!(endpoint.count(kind.list), lists, "{wanted}");
        }
        let tables = account(&snapshot).regions.get("us-east-1");
        let tables = tables.map_or(0, |region| region.table_buckets.len());
        assert_eq!(tables, usize::from(lists > 0));
    }
}

#[test]
fn only_the_buckets_behind_access_points_are_read_for_their_checks() {
    let endpoint = Endpoint::start(World::generated(9, 0), Behaviour::default());
    let mut wanted = needs(&[ReadingKind::AccessPointPolicy]);
    wanted.insert((
        SubjectKind::AccessPoint,
        Need::behind(ReadingKind::BucketPolicy),
    ));
    let snapshot = collect(request(&endpoint, wanted));
    assert_eq!(endpoint.count("s3:ListBuckets"), 0);
    assert_eq!(endpoint.count("s3:GetBucketPolicy"), 1);
    let buckets: Vec<_> = account(&snapshot).buckets.keys().collect();
    assert_eq!(buckets, ["acme-bucket-00004"]);
}

/// The binary with a scrubbed environment.
fn coldbucket(arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_coldbucket"));
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_was_read_and_says_that_it_is_not_all() {
    let endpoint = Endpoint::start(
        World::generated(400, 0),
        Behaviour {
            latency: Duration::from_millis(50),
            ..Behaviour::default()
        },
    );
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let file = folder.path().join(signal);
        let before = endpoint.count("s3:GetBucketTagging");
        let child = coldbucket(&[
            "collect",
            "--endpoint-url",
            &endpoint.url(),
            "--concurrency",
            "4",
            "-o",
            file.to_str().unwrap(),
        ])
        .spawn()
        .unwrap();
        // Whole, this would take half a minute. Some buckets are through when it is interrupted.
        while endpoint.count("s3:GetBucketTagging") < before + 8 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let killed = std::process::Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let began = Instant::now();
        let output = child.wait_with_output().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "it ends at once");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{text}");
        let snapshot: Snapshot =
            serde_json::from_slice(&std::fs::read(&file).expect("the file is there")).unwrap();
        assert!(!snapshot.complete);
        let buckets = &account(&snapshot).buckets;
        assert_eq!(buckets.len(), 400, "all that were listed are there");
        let read = buckets
            .values()
            .filter(|bucket| bucket.tags != Reading::NotCollected)
            .count();
        assert!((1..400).contains(&read), "{read}");
    }
}
