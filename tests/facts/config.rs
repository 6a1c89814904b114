//! AWS Config in a Region: whose recorder it is, whether it records buckets, and what its rules watch.

use coldbucket::facts::region::{RegionFacts, RuleTable};
use coldbucket::facts::{Facts, SubjectFacts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::bucket::BucketInventory;
use coldbucket::inventory::config::{
    ConfigDelivery, ConfigDeliveryChannel, ConfigRecorder, ConfigRecorderStatus, ConfigRule,
};
use coldbucket::inventory::ids::SubjectKind;

use crate::support::{
    BUCKET, REGION, account, bucket_facts_in, denied, function, python, quiet_bucket, snapshot,
    subject,
};

fn recorder() -> ConfigRecorder {
    ConfigRecorder {
        name: "default".into(),
        all_supported: true,
        ..ConfigRecorder::default()
    }
}

/// A Region in which that recorder records.
fn recording(recorder: ConfigRecorder) -> RegionInventory {
    RegionInventory {
        function_listing: Reading::Known(Listing { complete: true }),
        config_recorder_status: Reading::Known(vec![ConfigRecorderStatus {
            name: recorder.name.clone(),
            recording: true,
            last_status: Some("SUCCESS".into()),
            last_error: None,
        }]),
        config_recorders: Reading::Known(vec![recorder]),
        config_delivery_channels: Reading::Known(vec![ConfigDeliveryChannel {
            name: "default".into(),
            bucket: "config".into(),
        }]),
        config_deliveries: Reading::Known(vec![ConfigDelivery {
            name: "default".into(),
            history: Some("SUCCESS".into()),
            snapshot: Some("NOT_APPLICABLE".into()),
            ..ConfigDelivery::default()
        }]),
        config_rules: Reading::Known(Vec::new()),
        ..RegionInventory::default()
    }
}

fn facts_in(account: AccountInventory) -> RegionFacts {
    let snapshot = snapshot(account);
    let facts = Facts::new(&snapshot, Trust::default());
    match facts
        .view(&subject(&facts, SubjectKind::Region, REGION))
        .unwrap()
    {
        SubjectFacts::Region(facts) => *facts,
        other => panic!("{other:?}"),
    }
}

fn with(region: RegionInventory) -> AccountInventory {
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[(BUCKET, &quiet_bucket())])
    }
}

fn facts(region: RegionInventory) -> RegionFacts {
    facts_in(with(region))
}

#[test]
fn only_the_customers_own_recorder_counts() {
    let on = |region| facts(region).config.recorder_on.known().copied();
    assert_eq!(on(recording(recorder())), Some(true));
    let service = ConfigRecorder {
        name: "AWSConfigurationRecorderForSecurityHubAssets_1".into(),
        service_linked: true,
        ..recorder()
    };
    assert_eq!(on(recording(service)), Some(false));
    let stopped = RegionInventory {
        config_recorder_status: Reading::Known(vec![ConfigRecorderStatus {
            name: "default".into(),
            ..ConfigRecorderStatus::default()
        }]),
        ..recording(recorder())
    };
    assert_eq!(on(stopped), Some(false));
    // Without a recorder there is no state to know.
    let none = RegionInventory {
        config_recorders: Reading::Known(Vec::new()),
        config_recorder_status: denied("config:DescribeConfigurationRecorderStatus"),
        ..recording(recorder())
    };
    assert_eq!(on(none), Some(false));
    let unread = RegionInventory {
        config_recorder_status: denied("config:DescribeConfigurationRecorderStatus"),
        ..recording(recorder())
    };
    assert_eq!(on(unread), None);
}

#[test]
fn how_often_buckets_are_recorded() {
    let types = |types: &[&str]| types.iter().map(|kind| (*kind).to_owned()).collect();
    let group = |strategy: Option<&str>, named: &[&str], excluded: &[&str]| ConfigRecorder {
        all_supported: false,
        strategy: strategy.map(str::to_owned),
        resource_types: types(named),
        excluded_types: types(excluded),
        ..recorder()
    };
    let daily = ConfigRecorder {
        frequency: Some("DAILY".into()),
        ..recorder()
    };
    let cases = [
        (recorder(), "continuously", "on"),
        (group(None, &["AWS::S3::Bucket"], &[]), "continuously", "on"),
        (
            group(None, &["AWS::EC2::Instance"], &[]),
            "never",
            "not recorded",
        ),
        (
            group(
                Some("INCLUSION_BY_RESOURCE_TYPES"),
                &["AWS::S3::Bucket"],
                &[],
            ),
            "continuously",
            "on",
        ),
        (
            group(
                Some("EXCLUSION_BY_RESOURCE_TYPES"),
                &[],
                &["AWS::S3::Bucket"],
            ),
            "never",
            "not recorded",
        ),
        (
            group(
                Some("EXCLUSION_BY_RESOURCE_TYPES"),
                &[],
                &["AWS::EC2::Instance"],
            ),
            "continuously",
            "on",
        ),
        (daily.clone(), "daily", "daily"),
        (
            ConfigRecorder {
                frequency_overrides: [("AWS::S3::Bucket".to_owned(), "CONTINUOUS".to_owned())]
                    .into(),
                ..daily
            },
            "continuously",
            "on",
        ),
        (
            ConfigRecorder {
                frequency: Some("CONTINUOUS".into()),
                frequency_overrides: [("AWS::S3::Bucket".to_owned(), "DAILY".to_owned())].into(),
                ..recorder()
            },
            "daily",
            "daily",
        ),
    ];
    for (recorder, expected, posture) in cases {
        let region = recording(recorder.clone());
        let facts = facts(region.clone());
        assert_eq!(
            facts.config.records_buckets.known().unwrap(),
            expected,
            "{recorder:?}"
        );
        let bucket = bucket_facts_in(with(region), BUCKET);
        let config = serde_json::to_value(bucket.posture().monitoring.config).unwrap();
        assert_eq!(config, posture, "{recorder:?}");
    }
}

#[test]
fn what_keeps_config_from_delivering() {
    let problem = |region| facts(region).config.delivery_problem.known().cloned();
    assert_eq!(problem(recording(recorder())).as_deref(), Some(""));
    let no_channel = RegionInventory {
        config_delivery_channels: Reading::Known(Vec::new()),
        ..recording(recorder())
    };
    assert_eq!(
        problem(no_channel).as_deref(),
        Some("there is no delivery channel with a bucket")
    );
    // AWS writes the word in two ways.
    for word in ["FAILURE", "Failure"] {
        let failing = RegionInventory {
            config_recorder_status: Reading::Known(vec![ConfigRecorderStatus {
                name: "default".into(),
                recording: true,
                last_status: Some(word.into()),
                last_error: Some("AccessDenied".into()),
            }]),
            ..recording(recorder())
        };
        assert_eq!(
            problem(failing).as_deref(),
            Some("the latest change was not delivered (AccessDenied)")
        );
        // The history goes out every six hours; the recorder is fine meanwhile.
        let lost = |what: ConfigDelivery| RegionInventory {
            config_deliveries: Reading::Known(vec![what]),
            ..recording(recorder())
        };
        let history = lost(ConfigDelivery {
            history: Some(word.into()),
            history_error: Some("NoSuchBucket".into()),
            ..ConfigDelivery::default()
        });
        assert_eq!(
            problem(history).as_deref(),
            Some("the latest history was not delivered (NoSuchBucket)")
        );
        let snapshot = lost(ConfigDelivery {
            history: Some("SUCCESS".into()),
            snapshot: Some(word.into()),
            ..ConfigDelivery::default()
        });
        assert_eq!(
            problem(snapshot).as_deref(),
            Some("the latest snapshot was not delivered (no code given)")
        );
    }
    // Nothing was delivered yet: the recorder is new.
    let new = RegionInventory {
        config_deliveries: Reading::Known(Vec::new()),
        ..recording(recorder())
    };
    assert_eq!(problem(new).as_deref(), Some(""));
    let unread = RegionInventory {
        config_deliveries: denied("config:DescribeDeliveryChannelStatus"),
        ..recording(recorder())
    };
    assert_eq!(problem(unread), None);
    let refused = RegionInventory {
        config_delivery_channels: denied("config:DescribeDeliveryChannels"),
        ..recording(recorder())
    };
    assert_eq!(problem(refused), None);
}

fn rule(identifier: &str, owner: &str, state: &str) -> ConfigRule {
    ConfigRule {
        name: format!("securityhub-{}-1a2b", identifier.to_lowercase()),
        identifier: identifier.into(),
        owner: owner.into(),
        state: state.into(),
    }
}

#[test]
fn what_the_rules_watch() {
    let unwatched = |region: RegionInventory, rules: &[ConfigRule]| {
        facts(RegionInventory {
            config_rules: Reading::Known(rules.to_vec()),
            ..region
        })
        .config
        .unwatched
        .known()
        .cloned()
        .unwrap()
    };
    let on = || recording(recorder());
    let off = || RegionInventory {
        config_recorders: Reading::Known(Vec::new()),
        ..recording(recorder())
    };
    let everything = [
        "public reading",
        "public writing",
        "plain HTTP",
        "encryption",
        "logging",
    ];
    assert_eq!(unwatched(on(), &[]), everything);
    let rules: Vec<ConfigRule> = [
        "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
        "S3_BUCKET_SSL_REQUESTS_ONLY",
        "S3_DEFAULT_ENCRYPTION_KMS",
        "CLOUDTRAIL_S3_DATAEVENTS_ENABLED",
    ]
    .iter()
    .map(|identifier| rule(identifier, "AWS", "ACTIVE"))
    .collect();
    assert_eq!(unwatched(on(), &rules), [] as [&str; 0]);
    // Without a recorder only what runs periodically does run.
    assert_eq!(
        unwatched(off(), &rules),
        [
            "public reading",
            "public writing",
            "plain HTTP",
            "encryption"
        ]
    );
    let dying = [rule("S3_BUCKET_LOGGING_ENABLED", "AWS", "DELETING")];
    assert_eq!(unwatched(on(), &dying), everything);
    // A function of the customer's that is called so is not that rule.
    let custom = [rule("S3_BUCKET_LOGGING_ENABLED", "CUSTOM_LAMBDA", "ACTIVE")];
    assert_eq!(unwatched(on(), &custom), everything);
}

#[test]
fn a_region_is_in_use_when_it_holds_a_bucket_or_a_function() {
    let in_use = |account: AccountInventory| facts_in(account).in_use.known().copied();
    let empty = || AccountInventory {
        regions: [(REGION.to_owned(), recording(recorder()))].into(),
        ..account(&[])
    };
    assert_eq!(in_use(with(recording(recorder()))), Some(true));
    assert_eq!(in_use(empty()), Some(false));
    let elsewhere = BucketInventory {
        region: Some("us-east-1".into()),
        ..quiet_bucket()
    };
    assert_eq!(
        in_use(AccountInventory {
            buckets: [(BUCKET.to_owned(), elsewhere)].into(),
            ..empty()
        }),
        Some(false)
    );
    let mut with_function = empty();
    with_function
        .regions
        .get_mut(REGION)
        .unwrap()
        .functions
        .insert("f".into(), function(python("python3.13")));
    assert_eq!(in_use(with_function), Some(true));
    // Nobody knows what the lists that were refused would have named.
    assert_eq!(
        in_use(AccountInventory {
            bucket_listing: denied("s3:ListAllMyBuckets"),
            ..empty()
        }),
        None
    );
}

#[test]
fn the_table_of_rules_is_dated_and_whole() {
    let table = RuleTable::builtin();
    assert_eq!(table.date.len(), 10);
    assert_eq!(table.rows.len(), 9);
    assert!(RuleTable::parse("a,b\n").is_err());
    assert!(RuleTable::parse("a,b,sometimes\n").is_err());
}
