//! Which resources there are, and what stands in for those nobody could list.

use coldbucket::facts::{Facts, Subject, Trust, UNLISTED};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory, RegionListing};
use coldbucket::inventory::bucket::BucketInventory;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::trail::TrailInventory;
use coldbucket::inventory::{Reading, Snapshot};
use coldbucket::report::Reason;
use serde_json::{Value, json};

use crate::support::{
    BUCKET, OWNER, REGION, account, denied, evidence, function, function_snapshot, logging, policy,
    python, quiet_bucket, snapshot, subject,
};

fn subjects(snapshot: &Snapshot, kind: SubjectKind) -> Vec<Subject> {
    Facts::new(snapshot, Trust::default())
        .subjects(kind)
        .collect()
}

fn names(subjects: &[Subject]) -> Vec<&str> {
    subjects
        .iter()
        .map(|subject| subject.id.name.as_str())
        .collect()
}

fn listed(complete: bool) -> Reading<Listing> {
    Reading::Known(Listing { complete })
}

#[test]
fn subjects_are_sorted_by_account_region_and_name() {
    let here = quiet_bucket();
    let there = BucketInventory {
        region: Some("ap-south-1".into()),
        ..quiet_bucket()
    };
    let nowhere = BucketInventory {
        region: None,
        ..quiet_bucket()
    };
    let mut snapshot = snapshot(account(&[
        ("b", &here),
        ("a", &here),
        ("z", &there),
        ("n", &nowhere),
    ]));
    snapshot
        .accounts
        .insert("000000000001".into(), account(&[("y", &here)]));
    let found = subjects(&snapshot, SubjectKind::Bucket);
    assert_eq!(names(&found), ["y", "z", "a", "b", "n"]);
    assert_eq!(found[4].id.region, "unknown");
    assert_eq!(found[1].id.arn, "arn:aws:s3:::z");
    let accounts = subjects(&snapshot, SubjectKind::Account);
    assert_eq!(names(&accounts), ["000000000001", OWNER]);
    assert_eq!(accounts[1].id.arn, format!("arn:aws:iam::{OWNER}:root"));
    assert_eq!(accounts[1].id.region, "global");
}

#[test]
fn the_partition_shows_in_every_arn() {
    let bucket = BucketInventory {
        region: Some("cn-north-1".into()),
        ..quiet_bucket()
    };
    let snapshot = snapshot(account(&[(BUCKET, &bucket)]));
    assert_eq!(
        subjects(&snapshot, SubjectKind::Bucket)[0].id.arn,
        "arn:aws-cn:s3:::b"
    );
    assert_eq!(
        subjects(&snapshot, SubjectKind::Account)[0].id.arn,
        format!("arn:aws-cn:iam::{OWNER}:root")
    );
}

#[test]
fn a_listing_that_failed_is_one_subject_with_its_reasons() {
    let snapshot = snapshot(AccountInventory {
        bucket_listing: denied("s3:ListAllMyBuckets"),
        ..AccountInventory::default()
    });
    let found = subjects(&snapshot, SubjectKind::Bucket);
    assert_eq!(names(&found), [UNLISTED]);
    assert_eq!(found[0].unlisted[0].reason, Reason::Denied);
    assert_eq!(found[0].unlisted[0].action, "s3:ListAllMyBuckets");
    assert!(
        Facts::new(&snapshot, Trust::default())
            .view(&found[0])
            .is_none()
    );
    // The account itself is always there.
    assert_eq!(subjects(&snapshot, SubjectKind::Account).len(), 1);
}

#[test]
fn listings_and_what_they_leave_open() {
    let bucket = quiet_bucket();
    let found = |listing, with_bucket: bool, complete| {
        let buckets: &[(&str, &BucketInventory)] = if with_bucket {
            &[(BUCKET, &bucket)]
        } else {
            &[]
        };
        let snapshot = Snapshot {
            complete,
            ..snapshot(AccountInventory {
                bucket_listing: listing,
                ..account(buckets)
            })
        };
        subjects(&snapshot, SubjectKind::Bucket)
            .into_iter()
            .map(|subject| subject.id.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(listed(true), true, true), [BUCKET]);
    assert_eq!(found(listed(true), false, true), [] as [&str; 0]);
    // Named by the user: nobody asked for the others.
    assert_eq!(found(listed(false), true, true), [BUCKET]);
    assert_eq!(found(Reading::NotCollected, true, true), [BUCKET]);
    // Cut short: there may be more.
    assert_eq!(found(listed(false), true, false), [BUCKET, UNLISTED]);
    // A later page was refused: what is known is judged, the rest stands as one.
    assert_eq!(
        found(denied("s3:ListAllMyBuckets"), true, true),
        [BUCKET, UNLISTED]
    );
    assert_eq!(found(Reading::NotCollected, false, true), [UNLISTED]);
}

#[test]
fn functions_by_region() {
    let mut snapshot = function_snapshot(
        function(python("python3.13")),
        REGION,
        "2026-11-22T00:00:00Z",
    );
    let account = snapshot.accounts.get_mut(OWNER).unwrap();
    account.regions.insert(
        "ap-south-1".into(),
        RegionInventory {
            function_listing: denied("lambda:ListFunctions"),
            ..RegionInventory::default()
        },
    );
    account.regions.insert(
        "us-east-1".into(),
        RegionInventory {
            function_listing: listed(true),
            ..RegionInventory::default()
        },
    );
    let found = subjects(&snapshot, SubjectKind::Function);
    assert_eq!(names(&found), [UNLISTED, "f"]);
    assert_eq!(found[0].id.region, "ap-south-1");
    assert_eq!(found[0].unlisted[0].action, "lambda:ListFunctions");
    assert_eq!(
        found[1].id.arn,
        format!("arn:aws:lambda:{REGION}:{OWNER}:function:f")
    );
}

#[test]
fn without_a_region_nobody_knows_whether_there_are_functions() {
    let found = |region_listing| {
        let snapshot = snapshot(AccountInventory {
            region_listing,
            ..AccountInventory::default()
        });
        subjects(&snapshot, SubjectKind::Function).remove(0)
    };
    let refused = found(denied("account:ListRegions"));
    assert_eq!(refused.id.name, UNLISTED);
    assert_eq!(refused.unlisted[0].action, "account:ListRegions");
    let unread = found(Reading::Known(RegionListing::default()));
    assert_eq!(unread.unlisted[0].reason, Reason::NotCollected);
}

/// A trail is one subject wherever it records, and Regions whose trails could not be listed are one
/// stand-in together.
#[test]
fn trails_and_regions() {
    let mut account = account(&[(BUCKET, &quiet_bucket())]);
    account.trails = [(
        "arn:aws:cloudtrail:us-east-1:999999999999:trail/org".to_owned(),
        TrailInventory {
            name: "org".into(),
            home_region: "us-east-1".into(),
            ..TrailInventory::default()
        },
    )]
    .into();
    for (region, listing) in [
        ("eu-west-1", Reading::Known(Vec::new())),
        ("us-east-1", denied("cloudtrail:DescribeTrails")),
        ("us-west-2", denied("cloudtrail:DescribeTrails")),
    ] {
        let region_inventory = RegionInventory {
            trail_listing: listing,
            ..RegionInventory::default()
        };
        account.regions.insert(region.into(), region_inventory);
    }
    account.region_listing = denied("account:ListRegions");
    let snapshot = snapshot(account);
    let trails = subjects(&snapshot, SubjectKind::Trail);
    assert_eq!(names(&trails), [UNLISTED, "org"]);
    assert_eq!(trails[0].unlisted.len(), 1);
    assert_eq!(trails[0].unlisted[0].action, "cloudtrail:DescribeTrails");
    assert_eq!(trails[1].id.region, "us-east-1");
    assert_eq!(
        trails[1].id.arn,
        "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"
    );
    let regions = subjects(&snapshot, SubjectKind::Region);
    assert_eq!(
        names(&regions),
        ["eu-west-1", UNLISTED, "us-east-1", "us-west-2"]
    );
    assert_eq!(regions[1].unlisted[0].action, "account:ListRegions");
}

#[test]
fn without_a_region_nobody_knows_whether_there_are_trails() {
    let snapshot = snapshot(account(&[]));
    for kind in [SubjectKind::Trail, SubjectKind::Region] {
        let found = subjects(&snapshot, kind);
        assert_eq!(names(&found), [UNLISTED]);
        assert_eq!(found[0].unlisted[0].reason, Reason::NotCollected);
    }
}

/// Every pointer leads to exactly the value beside it.
#[test]
fn evidence_points_at_what_it_shows() {
    let text = json!({"Statement": []}).to_string();
    let bucket = BucketInventory {
        policy: Reading::Known(text.clone()),
        policy_status: denied("s3:GetBucketPolicyStatus"),
        ..quiet_bucket()
    };
    let odd = BucketInventory {
        logging: logging(BUCKET),
        ..quiet_bucket()
    };
    let snapshot = snapshot(account(&[(BUCKET, &bucket), ("odd", &odd)]));
    let facts = Facts::new(&snapshot, Trust::default());
    let document = serde_json::to_value(&snapshot).unwrap();
    let of = |path: &str| -> Vec<(String, Value)> {
        let evidence = evidence(&facts, &subject(&facts, SubjectKind::Bucket, BUCKET), path);
        for (pointer, value) in &evidence {
            assert_eq!(document.pointer(pointer), Some(value), "{pointer}");
        }
        evidence
    };
    let at = format!("/accounts/{OWNER}/buckets");
    assert_eq!(
        of("bucket.transport"),
        [(format!("{at}/b/policy/known"), json!(text))]
    );
    assert_eq!(
        of("bucket.logging.enabled"),
        [(format!("{at}/b/logging"), json!("absent"))]
    );
    let pointers: Vec<String> = of("bucket.exposure.anonymous.read")
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            format!("/accounts/{OWNER}/public_access_block"),
            format!("{at}/b/policy/known"),
            format!("{at}/b/policy_status"),
            format!("{at}/b/public_access_block/known"),
        ]
    );
    // The sibling that names the bucket is evidence of its being a log target.
    assert!(
        of("bucket.logging.is_log_target")
            .iter()
            .any(|(pointer, _)| *pointer == format!("{at}/odd/logging/known"))
    );
    assert_eq!(of("bucket.name"), []);
    assert_eq!(
        facts
            .view(&subject(&facts, SubjectKind::Bucket, BUCKET))
            .unwrap()
            .witness("bucket.exposure"),
        None
    );
}

#[test]
fn evidence_of_a_function_is_the_part_that_matters() {
    let snapshot = function_snapshot(
        function(python("python3.10")),
        REGION,
        "2026-11-22T00:00:00Z",
    );
    let facts = Facts::new(&snapshot, Trust::default());
    let document = serde_json::to_value(&snapshot).unwrap();
    let evidence = evidence(
        &facts,
        &subject(&facts, SubjectKind::Function, "f"),
        "function.latest.runtime.deprecated",
    );
    let at = format!("/accounts/{OWNER}/regions/{REGION}/functions/f/versions/$LATEST");
    let expected = [
        (format!("{at}/runtime"), json!("python3.10")),
        (format!("{at}/package_type"), json!("Zip")),
    ];
    assert_eq!(evidence, expected);
    for (pointer, value) in &evidence {
        assert_eq!(document.pointer(pointer), Some(value));
    }
    let function = subject(&facts, SubjectKind::Function, "f");
    for path in [
        "function.versions[].runtime",
        "function.versions[$LATEST].runtime",
    ] {
        let found = crate::support::evidence(&facts, &function, path);
        assert!(
            expected.iter().all(|piece| found.contains(piece)),
            "{path}: {found:?}"
        );
    }
    let none = crate::support::evidence(&facts, &function, "function.versions[7].runtime");
    assert!(
        none.iter()
            .all(|(pointer, _)| !pointer.contains("/versions/")),
        "{none:?}"
    );
}

#[test]
fn long_evidence_is_cut_and_marked() {
    let long = "é".repeat(5_000);
    let bucket = BucketInventory {
        policy: policy(&json!([{"Sid": long}])),
        tags: Reading::Known(
            (0..50)
                .map(|n| (format!("k{n:02}"), "v".to_owned()))
                .collect(),
        ),
        ..quiet_bucket()
    };
    let snapshot = snapshot(account(&[(BUCKET, &bucket)]));
    let facts = Facts::new(&snapshot, Trust::default());
    let bucket = subject(&facts, SubjectKind::Bucket, BUCKET);
    let text = evidence(&facts, &bucket, "bucket.policy").remove(0).1;
    let text = text.as_str().unwrap();
    assert!(
        text.ends_with('…') && text.chars().count() <= 401,
        "{}",
        text.len()
    );
    let tags = evidence(&facts, &bucket, "bucket.tags").remove(0).1;
    assert!(tags.as_object().unwrap().len() <= 21);
}

/// Listed and gone when it was read: no results. Given by name and not there: a mistake to report.
#[test]
fn what_was_deleted_between_listing_and_reading_is_no_subject() {
    let gone = BucketInventory {
        policy: Reading::Failed {
            action: "s3:GetBucketPolicy".into(),
            code: "NoSuchBucket".into(),
            message: "The specified bucket does not exist".into(),
        },
        ..quiet_bucket()
    };
    for (complete, expected) in [(true, vec!["here"]), (false, vec!["gone", "here"])] {
        let account = AccountInventory {
            bucket_listing: listed(complete),
            ..account(&[("gone", &gone), ("here", &quiet_bucket())])
        };
        let found = subjects(&snapshot(account), SubjectKind::Bucket);
        assert_eq!(names(&found), expected);
    }
}
