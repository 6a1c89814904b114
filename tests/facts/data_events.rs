//! What trails record of a bucket's objects: the selectors that look like they do and do not, and the
//! trails that would and are off (CloudTrail user guide, "Logging data events").

use coldbucket::facts::trail::TrailFacts;
use coldbucket::facts::trail::selectors::{Cover, Covers, of_management, of_objects};
use coldbucket::facts::{Facts, SubjectFacts, Trust};
use coldbucket::inventory::account::{AccountInventory, RegionInventory};
use coldbucket::inventory::bucket::BucketInventory;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::trail::{
    AdvancedSelector, BasicSelector, DataResources, EventRecorder, EventSelectors, FieldSelector,
    TrailInventory, TrailStatus,
};
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::json;

use crate::support::{
    BUCKET, OWNER, REGION, account, bucket_facts_in, denied, failed, logging, open_bucket, policy,
    quiet_bucket, snapshot, status, subject,
};

const ARN: &str = "arn:aws:s3:::b";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t";

fn basic(read_write: &str, kind: &str, values: &[&str]) -> EventSelectors {
    EventSelectors {
        basic: vec![BasicSelector {
            read_write: read_write.into(),
            management: true,
            data: vec![DataResources {
                kind: kind.into(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
        }],
        advanced: Vec::new(),
    }
}

/// `field operator value value …`, one a line, of one selector.
fn advanced(fields: &[&str]) -> AdvancedSelector {
    AdvancedSelector {
        fields: fields
            .iter()
            .map(|field| {
                let words: Vec<&str> = field.split(' ').collect();
                let values: Vec<String> = words[2..].iter().map(|v| (*v).to_owned()).collect();
                let mut selector = FieldSelector {
                    field: words[0].into(),
                    ..FieldSelector::default()
                };
                match words[1] {
                    "=" => selector.equals = values,
                    "^" => selector.starts_with = values,
                    "$" => selector.ends_with = values,
                    "!=" => selector.not_equals = values,
                    "!^" => selector.not_starts_with = values,
                    "!$" => selector.not_ends_with = values,
                    other => panic!("{other}"),
                }
                selector
            })
            .collect(),
    }
}

/// The data events of S3 objects, with more fields.
fn objects(fields: &[&str]) -> EventSelectors {
    let mut all = vec!["eventCategory = Data", "resources.type = AWS::S3::Object"];
    all.extend(fields);
    EventSelectors {
        basic: Vec::new(),
        advanced: vec![advanced(&all)],
    }
}

fn covers(selectors: &EventSelectors) -> (Cover, Cover) {
    let Covers { read, write } = of_objects(selectors, ARN);
    (read, write)
}

use Cover::{All, None, Part};

#[test]
fn basic_selectors() {
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], (Cover, Cover));
    let cases: [Case<'_>; 11] = [
        ("All", "AWS::S3::Object", &["arn:aws:s3"], (All, All)),
        ("All", "AWS::S3::Object", &["arn:aws:s3:::"], (All, All)),
        ("All", "AWS::S3::Object", &["arn:aws:s3:::b/"], (All, All)),
        (
            "ReadOnly",
            "AWS::S3::Object",
            &["arn:aws:s3:::b/"],
            (All, None),
        ),
        ("WriteOnly", "AWS::S3::Object", &["arn:aws:s3"], (None, All)),
        (
            "All",
            "AWS::S3::Object",
            &["arn:aws:s3:::b/in/"],
            (Part, Part),
        ),
        ("All", "AWS::S3::Object", &["arn:aws:s3:::c/"], (None, None)),
        (
            "All",
            "AWS::S3::Object",
            &["arn:aws:s3:::b-other/"],
            (None, None),
        ),
        (
            "All",
            "AWS::S3::Object",
            &["arn:aws:s3:::c/", "arn:aws:s3:::b/"],
            (All, All),
        ),
        (
            "All",
            "AWS::Lambda::Function",
            &["arn:aws:lambda"],
            (None, None),
        ),
        ("All", "AWS::S3::Object", &[], (None, None)),
    ];
    for (read_write, kind, values, expected) in cases {
        let got = covers(&basic(read_write, kind, values));
        assert_eq!(got, expected, "{read_write} {kind} {values:?}");
    }
}

#[test]
fn advanced_selectors() {
    let cases: [(&[&str], (Cover, Cover)); 27] = [
        (&[], (All, All)),
        (&["readOnly = true"], (All, None)),
        (&["readOnly = false"], (None, All)),
        (&["readOnly = true false"], (All, All)),
        (&["resources.ARN ^ arn:aws:s3:::b/"], (All, All)),
        // Without the slash it matches b-other too, and b all the same.
        (&["resources.ARN ^ arn:aws:s3:::b"], (All, All)),
        (&["resources.ARN ^ arn:aws:s3:::b/in/"], (Part, Part)),
        (&["resources.ARN ^ arn:aws:s3:::c/"], (None, None)),
        // The ARN of an event is an object's: a bucket's ARN equals none.
        (&["resources.ARN = arn:aws:s3:::b"], (None, None)),
        (&["resources.ARN = arn:aws:s3:::b/one"], (Part, Part)),
        (&["resources.ARN $ .csv"], (Part, Part)),
        (&["resources.ARN !^ arn:aws:s3:::b/"], (None, None)),
        (&["resources.ARN !^ arn:aws:s3:::b/tmp/"], (Part, Part)),
        (&["resources.ARN !^ arn:aws:s3:::trail-logs/"], (All, All)),
        (&["resources.ARN != arn:aws:s3:::b"], (All, All)),
        (&["resources.ARN !$ .tmp"], (Part, Part)),
        (&["eventName = GetObject"], (Part, None)),
        (&["eventName = PutObject DeleteObject"], (None, Part)),
        (&["eventName = GetObject PutObject"], (Part, Part)),
        (&["eventName ^ Put"], (None, Part)),
        (&["eventName != HeadObject"], (Part, All)),
        (
            &["userIdentity.arn = arn:aws:iam::111111111111:user/u"],
            (Part, Part),
        ),
        (&["sessionCredentialFromConsole = true"], (Part, Part)),
        (&["eventType != AwsServiceEvent"], (Part, Part)),
        (&["eventSource = s3.amazonaws.com"], (All, All)),
        // Fields are joined by and: the bucket, and only its reads.
        (
            &["resources.ARN ^ arn:aws:s3:::b/", "readOnly = true"],
            (All, None),
        ),
        (
            &["resources.ARN ^ arn:aws:s3:::c/", "readOnly = true"],
            (None, None),
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(covers(&objects(fields)), expected, "{fields:?}");
    }
}

/// One positive operator suffices, and a negative one vetoes all the same.
#[test]
fn operators_of_one_field() {
    let arn = |selector: FieldSelector| {
        let mut selectors = objects(&[]);
        selectors.advanced[0].fields.push(FieldSelector {
            field: "resources.ARN".into(),
            ..selector
        });
        covers(&selectors)
    };
    let text = |value: &str| vec![value.to_owned()];
    assert_eq!(
        arn(FieldSelector {
            equals: text("arn:aws:s3:::c/x"),
            starts_with: text("arn:aws:s3:::b/"),
            ..FieldSelector::default()
        }),
        (All, All)
    );
    assert_eq!(
        arn(FieldSelector {
            starts_with: text("arn:aws:s3:::"),
            not_starts_with: text("arn:aws:s3:::b/"),
            ..FieldSelector::default()
        }),
        (None, None)
    );
}

#[test]
fn selectors_of_other_things() {
    let of = |fields: &[&str]| EventSelectors {
        basic: Vec::new(),
        advanced: vec![advanced(fields)],
    };
    for fields in [
        &["eventCategory = Management"][..],
        &[
            "eventCategory = Data",
            "resources.type = AWS::S3::AccessPoint",
        ],
        &[
            "eventCategory = Data",
            "resources.type = AWS::S3Express::Object",
        ],
        &["eventCategory = Data"],
        &["resources.type = AWS::S3::Object"],
    ] {
        assert_eq!(covers(&of(fields)), (None, None), "{fields:?}");
    }
    // Selectors are alternatives: reads by one and writes by another.
    let mut both = objects(&["readOnly = true"]);
    both.advanced
        .extend(objects(&["readOnly = false"]).advanced);
    assert_eq!(covers(&both), (All, All));
}

#[test]
fn management_events() {
    let of = |fields: &[&str]| {
        of_management(&EventSelectors {
            basic: Vec::new(),
            advanced: vec![advanced(fields)],
        })
    };
    let all = Covers {
        read: All,
        write: All,
    };
    assert_eq!(of_management(&EventSelectors::default()), all);
    assert_eq!(of(&["eventCategory = Management"]), all);
    // What AWS offers to leave out.
    assert_eq!(
        of(&[
            "eventCategory = Management",
            "eventSource != kms.amazonaws.com rdsdata.amazonaws.com"
        ]),
        all
    );
    assert_eq!(
        of(&["eventCategory = Management", "readOnly = false"]),
        Covers {
            read: None,
            write: All
        }
    );
    assert_eq!(
        of(&["eventCategory = Data", "resources.type = AWS::S3::Object"]),
        Covers {
            read: None,
            write: None
        }
    );
    let data_only = EventSelectors {
        basic: vec![BasicSelector {
            read_write: "All".into(),
            management: false,
            data: Vec::new(),
        }],
        advanced: Vec::new(),
    };
    assert_eq!(
        of_management(&data_only),
        Covers {
            read: None,
            write: None
        }
    );
}

fn trail(selectors: EventSelectors) -> TrailInventory {
    TrailInventory {
        name: "t".into(),
        home_region: REGION.into(),
        multi_region: true,
        bucket: "trail-logs".into(),
        status: Reading::Known(TrailStatus {
            logging: true,
            delivery_error: Option::None,
        }),
        selectors: Reading::Known(selectors),
        ..TrailInventory::default()
    }
}

fn watched_by(trails: &[(&str, TrailInventory)]) -> AccountInventory {
    AccountInventory {
        trails: trails
            .iter()
            .map(|(arn, trail)| ((*arn).to_owned(), trail.clone()))
            .collect(),
        regions: [(
            REGION.to_owned(),
            RegionInventory {
                trail_listing: Reading::Known(
                    trails.iter().map(|(arn, _)| (*arn).to_owned()).collect(),
                ),
                ..RegionInventory::default()
            },
        )]
        .into(),
        ..account(&[(BUCKET, &quiet_bucket())])
    }
}

/// What is known of reads and writes of `b`, and why not.
fn events(account: AccountInventory) -> (String, String, String) {
    let facts = bucket_facts_in(account, BUCKET).data_events;
    let word = |fact: &coldbucket::facts::Fact<String>| {
        fact.known().cloned().unwrap_or_else(|| {
            let actions: Vec<&str> = fact.because().iter().map(|b| b.action.as_ref()).collect();
            format!("unknown {}", actions.join(" "))
        })
    };
    (word(&facts.read), word(&facts.write), word(&facts.gap))
}

fn three(read: &str, write: &str, gap: &str) -> (String, String, String) {
    (read.into(), write.into(), gap.into())
}

#[test]
fn a_trail_counts_where_it_logs_delivers_and_covers_the_region() {
    let everything = || trail(objects(&[]));
    let counted = |trail: TrailInventory| events(watched_by(&[(TRAIL, trail)]));
    assert_eq!(counted(everything()), three("all", "all", ""));
    let off = TrailInventory {
        status: Reading::Known(TrailStatus::default()),
        ..everything()
    };
    assert_eq!(
        counted(off),
        three("none", "none", "trail t is switched off")
    );
    let failing = TrailInventory {
        status: Reading::Known(TrailStatus {
            logging: true,
            delivery_error: Some("AccessDenied".into()),
        }),
        ..everything()
    };
    assert_eq!(
        counted(failing),
        three("none", "none", "trail t cannot deliver (AccessDenied)")
    );
    let one_region = |region: &str| TrailInventory {
        multi_region: false,
        home_region: region.into(),
        ..everything()
    };
    assert_eq!(counted(one_region(REGION)), three("all", "all", ""));
    assert_eq!(
        counted(one_region("us-east-1")),
        three("none", "none", "no trail records in eu-west-1")
    );
    assert_eq!(
        counted(trail(objects(&["readOnly = false"]))),
        three(
            "none",
            "all",
            "trail t records no reads and all writes of its objects"
        )
    );
}

#[test]
fn without_trails_nothing_is_recorded_and_without_the_list_nobody_knows() {
    assert_eq!(
        events(watched_by(&[])),
        three("none", "none", "no trail records in eu-west-1")
    );
    let mut refused = watched_by(&[]);
    refused.regions.get_mut(REGION).unwrap().trail_listing = denied("cloudtrail:DescribeTrails");
    let unknown = "unknown cloudtrail:DescribeTrails";
    assert_eq!(events(refused), three(unknown, unknown, unknown));
    // No Region was looked at: then it is not even known which ones there are.
    let unlisted = "unknown account:ListRegions";
    assert_eq!(
        events(account(&[(BUCKET, &quiet_bucket())])),
        three(unlisted, unlisted, unlisted)
    );
}

fn recorder(selectors: EventSelectors) -> EventRecorder {
    EventRecorder {
        name: "lake".into(),
        status: "ENABLED".into(),
        multi_region: false,
        advanced: selectors.advanced,
    }
}

/// A Region's event data stores and channels.
type RecorderLists<'a> = (
    &'a str,
    Reading<Vec<EventRecorder>>,
    Reading<Vec<EventRecorder>>,
);

/// An account without trails, and what else is in each Region.
fn recorded_by(regions: &[RecorderLists<'_>]) -> AccountInventory {
    let mut account = watched_by(&[]);
    for (name, stores, channels) in regions {
        let region = account.regions.entry((*name).to_owned()).or_default();
        region.trail_listing = Reading::Known(Vec::new());
        region.event_data_stores = stores.clone();
        region.event_channels = channels.clone();
    }
    account
}

/// CloudTrail user guide, "Event data stores" and "Service-linked channels", 2026.
#[test]
fn an_event_data_store_counts_where_it_is_enabled_and_covers_the_region() {
    let everything = || recorder(objects(&[]));
    let none = || Reading::Known(Vec::new());
    let here = |store| {
        events(recorded_by(&[(
            REGION,
            Reading::Known(vec![store]),
            none(),
        )]))
    };
    assert_eq!(here(everything()), three("all", "all", ""));
    let stopped = EventRecorder {
        status: "STOPPED_INGESTION".into(),
        ..everything()
    };
    assert_eq!(
        here(stopped),
        three("none", "none", "event data store lake is STOPPED_INGESTION")
    );
    assert_eq!(
        here(recorder(objects(&["readOnly = true"]))),
        three(
            "all",
            "none",
            "event data store lake records all reads and no writes of its objects"
        )
    );
    let elsewhere = |store| {
        let far = ("us-east-1", Reading::Known(vec![store]), none());
        events(recorded_by(&[(REGION, none(), none()), far]))
    };
    assert_eq!(
        elsewhere(everything()),
        three("none", "none", "no trail records in eu-west-1")
    );
    let everywhere = EventRecorder {
        multi_region: true,
        ..everything()
    };
    assert_eq!(elsewhere(everywhere), three("all", "all", ""));
    let channel = EventRecorder {
        status: String::new(),
        ..everything()
    };
    let channels = recorded_by(&[(REGION, none(), Reading::Known(vec![channel]))]);
    assert_eq!(events(channels), three("all", "all", ""));
}

#[test]
fn a_refused_list_of_event_data_stores_is_unknown_where_no_trail_decides() {
    let refused = || denied("cloudtrail:ListEventDataStores");
    let none = || Reading::Known(Vec::new());
    let unknown = "unknown cloudtrail:ListEventDataStores";
    for region in [REGION, "us-east-1"] {
        let account = recorded_by(&[(region, refused(), none())]);
        assert_eq!(
            events(account),
            three(unknown, unknown, unknown),
            "{region}"
        );
    }
    let mut decided = watched_by(&[(TRAIL, trail(objects(&[])))]);
    decided.regions.get_mut(REGION).unwrap().event_data_stores = refused();
    assert_eq!(events(decided), three("all", "all", ""));
}

/// One trail that records everything decides; of the others it does not matter what was refused.
#[test]
fn a_refused_trail_only_matters_where_no_other_decides() {
    let unread = TrailInventory {
        selectors: denied("cloudtrail:GetEventSelectors"),
        ..trail(EventSelectors::default())
    };
    let other = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/u";
    assert_eq!(
        events(watched_by(&[
            (TRAIL, trail(objects(&[]))),
            (other, unread.clone())
        ])),
        three("all", "all", "")
    );
    let unknown = "unknown cloudtrail:GetEventSelectors";
    assert_eq!(
        events(watched_by(&[
            (TRAIL, trail(objects(&["readOnly = true"]))),
            (other, unread)
        ])),
        three("all", unknown, unknown)
    );
    // Selectors that leave the bucket out, or a trail that is off: the rest does not matter.
    let elsewhere = TrailInventory {
        status: denied("cloudtrail:GetTrailStatus"),
        ..trail(objects(&["resources.ARN ^ arn:aws:s3:::c/"]))
    };
    assert_eq!(events(watched_by(&[(TRAIL, elsewhere)])).0, "none");
    let off = TrailInventory {
        status: Reading::Known(TrailStatus::default()),
        selectors: failed("cloudtrail:GetEventSelectors"),
        ..trail(EventSelectors::default())
    };
    assert_eq!(events(watched_by(&[(TRAIL, off)])).0, "none");
}

/// Access logging alone decides where it is on, whatever became of the trails.
#[test]
fn a_failed_listing_of_trails_leaves_logged_buckets_alone() {
    let recorded = |logged: bool| {
        let bucket = BucketInventory {
            logging: if logged {
                logging("logs")
            } else {
                Reading::Absent
            },
            ..quiet_bucket()
        };
        let mut account = watched_by(&[]);
        account.buckets.insert(BUCKET.into(), bucket);
        account.regions.get_mut(REGION).unwrap().trail_listing =
            failed("cloudtrail:DescribeTrails");
        bucket_facts_in(account, BUCKET)
            .logging
            .recorded
            .known()
            .copied()
    };
    assert_eq!(recorded(true), Some(true));
    assert_eq!(recorded(false), Option::None);
    // And data events decide where it is off.
    let account = watched_by(&[(TRAIL, trail(objects(&[])))]);
    assert_eq!(
        bucket_facts_in(account, BUCKET).logging.recorded.known(),
        Some(&true)
    );
}

#[test]
fn the_bucket_of_a_trail_is_known_by_its_name() {
    let facts = |name: &str| {
        let mut account = watched_by(&[(
            TRAIL,
            trail(objects(&["resources.ARN !^ arn:aws:s3:::trail-logs/"])),
        )]);
        account.buckets.insert("trail-logs".into(), quiet_bucket());
        bucket_facts_in(account, name).data_events
    };
    assert_eq!(facts("trail-logs").is_trail_bucket.known(), Some(&true));
    assert_eq!(facts("trail-logs").write.known().unwrap(), "none");
    // Leaving only that one out costs the others nothing.
    assert_eq!(facts(BUCKET).is_trail_bucket.known(), Some(&false));
    assert_eq!(facts(BUCKET).write.known().unwrap(), "all");
}

fn of_trail(snapshot: &Snapshot) -> TrailFacts {
    let facts = Facts::new(snapshot, Trust::default());
    match facts
        .view(&subject(&facts, SubjectKind::Trail, "t"))
        .unwrap()
    {
        SubjectFacts::Trail(facts) => *facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bucket_of_a_trail() {
    let with = |bucket: Option<BucketInventory>| {
        let mut account = watched_by(&[(TRAIL, trail(EventSelectors::default()))]);
        if let Some(bucket) = bucket {
            account.buckets.insert("trail-logs".into(), bucket);
        }
        of_trail(&snapshot(account)).bucket
    };
    let quiet = with(Some(quiet_bucket()));
    assert_eq!(quiet.public.known(), Some(&false));
    assert_eq!(quiet.access_log.known(), Some(&false));
    let open = with(Some(BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::trail-logs/*"},
        ])),
        policy_status: status(true),
        logging: logging("logs"),
        ..open_bucket()
    }));
    assert_eq!(open.public.known(), Some(&true));
    assert_eq!(open.access_log.known(), Some(&true));
    let elsewhere = with(Option::None);
    assert_eq!(elsewhere.public.known(), Option::None);
    assert!(
        elsewhere.public.because()[0]
            .detail
            .contains("another account")
    );
}

#[test]
fn whose_trail_it_is() {
    let of = |arn: &str| {
        of_trail(&snapshot(watched_by(&[(
            arn,
            trail(EventSelectors::default()),
        )])))
        .own
    };
    assert!(of(TRAIL));
    assert!(!of("arn:aws:cloudtrail:eu-west-1:999999999999:trail/t"));
}

#[test]
fn management_events_of_every_region() {
    let known = |account: AccountInventory| {
        let snapshot = snapshot(account);
        let facts = Facts::new(&snapshot, Trust::default());
        match facts
            .view(&subject(&facts, SubjectKind::Account, OWNER))
            .unwrap()
        {
            SubjectFacts::Account(facts) => facts.trails.management_everywhere.known().copied(),
            other => panic!("{other:?}"),
        }
    };
    let everywhere = || trail(EventSelectors::default());
    assert_eq!(known(watched_by(&[(TRAIL, everywhere())])), Some(true));
    // An organization's trail counts.
    assert_eq!(
        known(watched_by(&[(
            "arn:aws:cloudtrail:eu-west-1:999999999999:trail/o",
            everywhere()
        )])),
        Some(true)
    );
    assert_eq!(known(watched_by(&[])), Some(false));
    let one_region = TrailInventory {
        multi_region: false,
        ..everywhere()
    };
    assert_eq!(known(watched_by(&[(TRAIL, one_region)])), Some(false));
    assert_eq!(
        known(watched_by(&[(TRAIL, trail(objects(&[])))])),
        Some(false)
    );
    let off = TrailInventory {
        status: Reading::Known(TrailStatus::default()),
        ..everywhere()
    };
    assert_eq!(known(watched_by(&[(TRAIL, off)])), Some(false));
    // Such a trail shows in every Region, so one list that was read tells of all.
    let mut half_read = watched_by(&[]);
    half_read.regions.insert(
        "us-east-1".into(),
        RegionInventory {
            trail_listing: denied("cloudtrail:DescribeTrails"),
            ..RegionInventory::default()
        },
    );
    assert_eq!(known(half_read.clone()), Some(false));
    half_read.regions.get_mut(REGION).unwrap().trail_listing = denied("cloudtrail:DescribeTrails");
    assert_eq!(known(half_read), Option::None);
}
