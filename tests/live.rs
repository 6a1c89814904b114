//! The real binary against the synthetic endpoint: reading, judging and deciding in one go.
//!
//! What becomes of each answer is tested in `collection.rs`; here it is what the user gets of it.
//! The heart is the knock-out test: each API operation is refused in turn, and no verdict may flip.
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

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::Command;
use std::time::{Duration, Instant};

use coldbucket::inventory::need::ReadingKind;
use serde_json::{Value, json};
use support::{Run, coldbucket};
use synthetic_aws::{
    Behaviour, Bucket, Endpoint, Function, KindBucket, World, config, trail, web_function,
};

/// The binary with credentials and Region for the endpoint.
fn live(arguments: &str, endpoint: &Endpoint) -> Run {
    coldbucket(arguments)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .arg("--endpoint-url")
        .arg(endpoint.url())
}

/// Twelve buckets and nine functions: every shape that the generator knows, a public website, and a
/// bucket of which only AWS can say whether its policy is public, as the documentation does not.
fn account() -> World {
    let by_organization = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared/*",
        "Condition": { "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-exampleorgid" } },
    }] });
    let mut world = World::generated(11, 9).with_bucket(
        "shared",
        Bucket::new("us-east-1").policy(&by_organization, true),
    );
    let arn = |kind: &str| format!("arn:aws:cloudtrail:us-east-1:111122223333:{kind}");
    let selectors =
        json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] }]);
    let store = json!({
        "EventDataStoreArn": arn("eventdatastore/lake"), "Name": "lake", "Status": "ENABLED",
        "MultiRegionEnabled": false, "AdvancedEventSelectors": selectors,
    });
    let channel = json!({
        "ChannelArn": arn("channel/partner"), "Name": "partner",
        "SourceConfig": { "ApplyToAllRegions": false, "AdvancedEventSelectors": selectors },
        "Destinations": [{ "Type": "EVENT_DATA_STORE", "Location": "lake" }],
    });
    world.event_data_stores = [("us-east-1".to_owned(), vec![store])].into();
    world.channels = [("us-east-1".to_owned(), vec![channel])].into();
    world.kind_buckets = [
        ("s3tables", "tables"),
        ("s3vectors", "vectors"),
        ("s3files", "fs-0123456789abcdef0"),
    ]
    .map(|(service, name)| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": "222222222222" },
            "Action": format!("{service}:*"), "Resource": "*",
        }] });
        KindBucket::new(service, name).shared(policy, "arn:aws:kms:us-east-1:222222222222:key/k")
    })
    .to_vec();
    world.web_functions = vec![web_function(
        "111122223333",
        "shop",
        &[
            ["prod", "IamAuth", "Active"],
            ["hook", "ApplicationManaged", "Active"],
        ],
        &json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeWebFunctionEndpoint",
            "Resource": "arn:aws:lambda:us-east-1:111122223333:web-function/shop/endpoint/*",
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-exampleorgid" } },
        }] }),
    )];
    world
}

fn results(report: &Value) -> BTreeMap<String, Value> {
    let results = report["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| {
            let key = format!(
                "{} {} {}",
                result["check"], result["resource"]["arn"], result["item"]
            );
            (key, result.clone())
        })
        .collect()
}

/// The same results, and if not, only the first that differs. `collect` serves checks that are yet to
/// be written and asks for AWS's judgement of each policy, an audit only where it counts: as evidence
/// it may be there or not.
fn assert_same(left: &BTreeMap<String, Value>, right: &BTreeMap<String, Value>) {
    let plain = |result: &Value| {
        let mut result = result.clone();
        // The command of a fix names where the data came from.
        result["remediation"].take();
        if let Some(evidence) = result["evidence"].as_array_mut() {
            evidence.retain(|one| {
                let pointer = one["pointer"].as_str().unwrap();
                !pointer.ends_with("/policy_status/known")
            });
            // Long values are cut where all evidence together would be too long.
            for one in evidence {
                one["value"].take();
            }
        }
        result
    };
    assert!(left.keys().eq(right.keys()));
    for (key, result) in left {
        assert_eq!(plain(result), plain(&right[key]), "{key}");
    }
}

#[test]
fn an_account_is_read_and_judged_in_one_go() {
    let endpoint = Endpoint::start(account(), Behaviour::default());
    let outcome = live("audit -o json --fail-on critical", &endpoint)
        .run()
        .exits(1);
    assert_eq!(
        outcome.stderr.trim_end(),
        format!("endpoint: {}", endpoint.url()),
        "the endpoint is said, and nothing else"
    );
    let report = outcome.json();
    assert_eq!(report["source"], "live");
    assert_eq!(report["scope"]["endpoint"], endpoint.url());
    // 12 general purpose buckets and one of each other kind.
    assert_eq!(report["summary"]["resources"]["bucket"], 15);
    assert_eq!(report["summary"]["resources"]["function"], 9);
    assert_eq!(report["summary"]["api_calls"], endpoint.total());
    assert_eq!(report["gaps"], Value::Array(Vec::new()));
}

#[test]
fn collected_now_and_judged_later_is_the_same() {
    let endpoint = Endpoint::start(account(), Behaviour::default());
    let now = live("audit -o json", &endpoint).run().json();
    let collected = live("collect -o account.json", &endpoint).run().exits(0);
    assert_eq!(collected.stdout, "");
    let later = coldbucket("audit --snapshot account.json -o json")
        .file("account.json", &collected.read("account.json"))
        .run()
        .json();
    assert_same(&results(&now), &results(&later));
    let piped = live("collect", &endpoint).run().exits(0).stdout;
    let piped = coldbucket("audit --snapshot - -o json")
        .stdin(piped)
        .run()
        .json();
    assert_same(&results(&now), &results(&piped));
}

#[test]
fn one_check_makes_one_call_a_bucket() {
    let endpoint = Endpoint::start(account(), Behaviour::default());
    live("audit --check s3-plain-http", &endpoint).run();
    let expected = BTreeMap::from([
        ("s3:GetBucketPolicy".to_owned(), 12),
        ("s3:ListBuckets".to_owned(), 1),
        ("sts:GetCallerIdentity".to_owned(), 1),
    ]);
    assert_eq!(endpoint.counts(), expected);
}

#[test]
fn all_bucket_checks_make_at_most_fourteen_calls_a_bucket() {
    let behaviour = Behaviour {
        record: true,
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(account(), behaviour);
    live("audit --check s3-*", &endpoint).run();
    let counts = endpoint.counts();
    let mut of_bucket: BTreeMap<String, u64> = BTreeMap::new();
    for seen in endpoint.seen() {
        let lists = ["s3:ListBuckets", "s3:ListDirectoryBuckets"];
        let of_s3 = seen.operation.starts_with("s3:") && !lists.contains(&seen.operation.as_str());
        // HeadBucket asks whether a bucket that is not the account's is there.
        if of_s3 && seen.operation != "s3:HeadBucket" {
            *of_bucket.entry(seen.path).or_default() += 1;
        }
    }
    assert_eq!(of_bucket.len(), 12);
    assert!(
        of_bucket.values().all(|calls| *calls <= 14),
        "{of_bucket:?}"
    );
    assert!(
        !counts
            .keys()
            .any(|operation| operation.starts_with("lambda:")),
        "{counts:?}"
    );
}

#[test]
fn permissions_are_what_an_audit_calls() {
    let world = account().with_bucket("bare--use1-az4--x-s3", Bucket::bare("us-east-1"));
    let behaviour = Behaviour {
        record: true,
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(world, behaviour);
    live("audit", &endpoint).run();
    let called: BTreeSet<String> = endpoint
        .seen()
        .iter()
        .filter_map(|seen| {
            let (service, operation) = seen.operation.split_once(':').unwrap();
            let calls = ReadingKind::ALL.iter().flat_map(|reading| reading.calls());
            let of_it: Vec<_> = calls
                .filter(|call| call.service == service && call.operation == operation)
                .collect();
            // Two calls are made for directory buckets as well, and take another action there.
            let is_of_directory = seen.path.contains("--x-s3");
            let of_kind = of_it
                .iter()
                .find(|call| call.action.starts_with("s3express:") == is_of_directory);
            of_kind.or(of_it.first()).map(|call| call.action.to_owned())
        })
        .filter(|action| !action.is_empty())
        .collect();
    let policy = coldbucket("permissions").run().json();
    let granted: BTreeSet<String> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(called, granted);
}

/// Refuses one operation after the other. What the refusal touches becomes not assessed and names
/// the action, or stays as it was because the rest decides; nothing flips.
#[test]
fn refusing_one_operation_flips_no_verdict() {
    // Beside what is generated a bucket whose access log arrives: only there hangs something on each
    // condition of a delivery.
    let account = || {
        let delivery = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::log-target/*",
            "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } },
        }] });
        account()
            .with_bucket(
                "log-source",
                Bucket::new("us-east-1").logging("log-target", "l/"),
            )
            .with_bucket(
                "log-target",
                Bucket::new("us-east-1")
                    .versioning("Enabled")
                    .policy(&delivery, false),
            )
    };
    let whole = Endpoint::start(account(), Behaviour::default());
    let base = live("audit -o json", &whole).run().json();
    let base_results = results(&base);
    let statuses = |results: &BTreeMap<String, Value>| -> BTreeSet<String> {
        results
            .values()
            .map(|result| result["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(statuses(&base_results).contains("pass") && statuses(&base_results).contains("fail"));
    for operation in whole.counts().keys() {
        let (service, name) = operation.split_once(':').unwrap();
        let Some((reading, call)) = ReadingKind::ALL
            .iter()
            .flat_map(|reading| reading.calls().iter().map(move |call| (*reading, *call)))
            .find(|(_, call)| call.service == service && call.operation == name)
        else {
            panic!("{operation} is called and in no table");
        };
        // Who we are needs no permission; refused credentials end the run (collection.rs).
        if reading == ReadingKind::Caller {
            continue;
        }
        let endpoint = Endpoint::start(account(), Behaviour::denying(operation));
        let outcome = live("audit -o json", &endpoint).run();
        let report = outcome.json();
        let refused = results(&report);
        for (key, result) in &refused {
            let before = base_results
                .get(key)
                .map(|before| before["status"].as_str().unwrap());
            let status = result["status"].as_str().unwrap();
            if status == "not-assessed" && before != Some("not-assessed") {
                let missing = result["missing"].as_array().unwrap();
                assert!(
                    missing.iter().any(|action| action == call.action),
                    "{operation}: {key} does not name {}: {missing:?}",
                    call.action
                );
                assert_eq!(result["reason"], "denied", "{operation}: {key}");
            } else if let Some(before) = before {
                // A log target is known by the siblings that name it. Siblings that were not read
                // are a caveat, not an unknown for every bucket (design: cross-resource roles).
                let by_siblings = operation == "s3:GetBucketLogging" && before == "not-applicable";
                assert!(
                    status == before || by_siblings,
                    "{operation}: {key}: {before} to {status}"
                );
            } else {
                panic!("{operation}: {key} is new and {status}");
            }
        }
        if reading != ReadingKind::RegionListing {
            let touched = refused.iter().any(|(key, result)| {
                result["status"] == "not-assessed"
                    && base_results
                        .get(key)
                        .is_none_or(|before| before["status"] != "not-assessed")
            });
            assert!(touched, "{operation} is called and nothing hangs on it");
            assert!(
                report["gaps"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|gap| gap["action"] == call.action),
                "{operation} is no gap"
            );
        }
        assert_eq!(outcome.code, expected_exit(&report), "{operation}");
    }
}

/// The exit code by its definition: a finding at or above high, else something as severe that was
/// refused.
fn expected_exit(report: &Value) -> i32 {
    let severe =
        |result: &&Value| matches!(result["severity"].as_str().unwrap(), "high" | "critical");
    let results = report["results"].as_array().unwrap();
    let any = |status: &str| {
        results
            .iter()
            .filter(severe)
            .any(|result| result["status"] == status && result["reason"] != "undecidable")
    };
    match (any("fail"), any("not-assessed")) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    }
}

#[test]
fn refused_where_nothing_else_decides_exits_3() {
    let world = || {
        // A trail and AWS Config watch it.
        World {
            public_access_block: Some([true; 4]),
            trails: vec![trail(
                "arn:aws:cloudtrail:us-east-1:111122223333:trail/all",
                true,
                "of-another-account",
                &serde_json::json!({}),
            )],
            config: BTreeMap::from([("us-east-1".to_owned(), config())]),
            ..World::default()
        }
        .with_bucket("mine", Bucket::new("us-east-1"))
    };
    let endpoint = Endpoint::start(world(), Behaviour::default());
    live("audit", &endpoint).run().exits(0);
    let endpoint = Endpoint::start(world(), Behaviour::denying("s3:GetBucketPolicy"));
    let outcome = live("audit", &endpoint).run().exits(3);
    assert!(
        outcome.stdout.contains("s3:GetBucketPolicy"),
        "{}",
        outcome.stdout
    );
    live("audit --allow-incomplete", &endpoint).run().exits(0);
}

/// A function with provisioned concurrency on alias `live`.
/// An account that has no Web Functions is not incomplete for them where the answer says that Lambda does not
/// offer them; a missing permission leaves it unknown whether there are any.
#[test]
fn a_region_without_web_functions_is_complete() {
    let calm = || World {
        trails: vec![trail(
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/all",
            true,
            "of-another-account",
            &json!({}),
        )],
        config: BTreeMap::from([("us-east-1".to_owned(), config())]),
        ..World::default()
    };
    let not_offered = "<AccessDeniedException><Message>Unable to determine service/operation name to be \
                       authorized</Message></AccessDeniedException>";
    let behaviour = Behaviour {
        text: BTreeMap::from([(
            "lambda:ListWebFunctions".to_owned(),
            (403, not_offered.to_owned()),
        )]),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(calm(), behaviour);
    let outcome = live("audit -o json --check lambda-*", &endpoint).run();
    assert_eq!(outcome.json()["gaps"], json!([]));
    outcome.exits(0);
    let endpoint = Endpoint::start(calm(), Behaviour::denying("lambda:ListWebFunctions"));
    let outcome = live("audit -o json --check lambda-*", &endpoint)
        .run()
        .exits(3);
    let report = outcome.json();
    let results = report["results"].as_array().unwrap();
    let unknown = results
        .iter()
        .filter(|result| result["status"] == "not-assessed");
    let checks: BTreeSet<&str> = unknown
        .inspect(|result| assert_eq!(result["missing"], json!(["lambda:ListWebFunctions"])))
        .map(|result| result["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        checks,
        BTreeSet::from([
            "lambda-web-function-code-not-versioned",
            "lambda-web-function-code-of-another-account",
            "lambda-web-function-public-policy",
            "lambda-web-function-service-without-source",
            "lambda-web-function-without-auth",
        ])
    );
}

fn provisioned(name: &str) -> Function {
    let arn = format!("arn:aws:lambda:us-east-1:111122223333:function:{name}");
    let version = |version: &str| {
        json!({
            "FunctionName": name, "FunctionArn": format!("{arn}:{version}"), "Version": version,
            "Runtime": "python3.13", "Handler": "app.handler", "PackageType": "Zip", "CodeSize": 1000,
            "MemorySize": 128, "Timeout": 3, "Architectures": ["arm64"],
            "LastModified": "2026-05-06T07:08:09.000+0000",
        })
    };
    Function {
        name: name.to_owned(),
        region: "us-east-1".to_owned(),
        versions: vec![version("$LATEST"), version("1")],
        aliases: vec![json!({
            "Name": "live", "AliasArn": format!("{arn}:live"), "FunctionVersion": "1",
        })],
        provisioned: vec![json!({
            "FunctionArn": format!("{arn}:live"), "RequestedProvisionedConcurrentExecutions": 5,
            "AvailableProvisionedConcurrentExecutions": 5, "AllocatedProvisionedConcurrentExecutions": 5,
            "Status": "READY", "LastModified": "2026-05-06T07:08:09+0000",
        })],
        ..Function::default()
    }
}

/// Trails, scaling and the figures of CloudWatch, which LocalStack has none of: `localstack/expected.yaml`
/// has not-assessed for what hangs on them.
#[test]
fn what_localstack_cannot_show_is_judged_all_the_same() {
    let recorded = json!({ "AdvancedEventSelectors": [
        { "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] },
        { "FieldSelectors": [
            { "Field": "eventCategory", "Equals": ["Data"] },
            { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
            { "Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::recorded/"] },
        ] },
    ] });
    let home = "arn:aws:cloudtrail:us-east-1:111122223333:trail";
    let mut forgotten = trail(
        &format!("{home}/forgotten"),
        false,
        "trail-logs",
        &json!({}),
    );
    forgotten["Status"] = json!({ "IsLogging": false, "LatestDeliveryError": "AccessDenied" });
    let figures = [
        ("ProvisionedConcurrencyInvocations tight:live", 900.0),
        (
            "ProvisionedConcurrencySpilloverInvocations tight:live",
            100.0,
        ),
        ("ProvisionedConcurrencyUtilization tight:live", 1.0),
        ("ProvisionedConcurrencyInvocations scaled:live", 900.0),
        ("ProvisionedConcurrencyUtilization scaled:live", 1.0),
    ];
    let mut undelivered = config();
    undelivered["DeliveryChannelsStatus"][0]["configHistoryDeliveryInfo"] =
        json!({ "lastStatus": "FAILURE", "lastErrorCode": "AccessDenied" });
    let world = World {
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        config: BTreeMap::from([
            ("us-east-1".to_owned(), config()),
            ("eu-west-1".to_owned(), undelivered),
        ]),
        public_access_block: Some([true; 4]),
        trails: vec![
            trail(&format!("{home}/everywhere"), true, "trail-logs", &recorded),
            forgotten,
        ],
        functions: ["tight", "scaled", "forsaken"].map(provisioned).to_vec(),
        metrics: figures
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect(),
        scalable_targets: BTreeMap::from([(
            "us-east-1".to_owned(),
            vec![json!({
                "ServiceNamespace": "lambda", "ResourceId": "function:scaled:live",
                "ScalableDimension": "lambda:function:ProvisionedConcurrency", "MinCapacity": 5,
                "MaxCapacity": 50, "RoleARN": "arn:aws:iam::111122223333:role/scaling",
                "CreationTime": 1_614_834_367.0,
            })],
        )]),
        ..World::default()
    }
    .with_bucket("recorded", Bucket::new("us-east-1"))
    .with_bucket("unrecorded", Bucket::new("us-east-1"))
    .with_bucket("trail-logs", Bucket::new("us-east-1"))
    .with_bucket("elsewhere", Bucket::new("eu-west-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let report = live("audit -o json", &endpoint).run().exits(1).json();
    let wrong: Vec<String> = [
        ("account-no-multi-region-trail", "111122223333", "pass"),
        ("trail-not-logging", "everywhere", "pass"),
        ("trail-not-logging", "forgotten", "fail"),
        ("trail-delivery-failing", "everywhere", "pass"),
        ("trail-delivery-failing", "forgotten", "fail"),
        ("trail-not-encrypted-with-kms", "everywhere", "fail"),
        ("trail-no-log-validation", "everywhere", "pass"),
        ("trail-bucket-public", "everywhere", "pass"),
        ("trail-bucket-no-access-log", "everywhere", "fail"),
        ("config-delivery-failing", "us-east-1", "pass"),
        ("config-delivery-failing", "eu-west-1", "fail"),
        // All data events of a bucket record what an access log would.
        ("s3-no-access-log", "recorded", "pass"),
        ("s3-no-access-log", "unrecorded", "fail"),
        ("s3-no-data-events-read", "recorded", "pass"),
        ("s3-no-data-events-write", "recorded", "pass"),
        ("s3-no-data-events-read", "unrecorded", "fail"),
        ("s3-no-data-events-write", "unrecorded", "fail"),
        // A trail that recorded its own deliveries would cause more of them.
        ("s3-no-data-events-write", "trail-logs", "not-applicable"),
        ("lambda-provisioned-concurrency-starved", "tight", "fail"),
        ("lambda-provisioned-concurrency-starved", "scaled", "pass"),
        ("lambda-provisioned-concurrency-spilling", "tight", "fail"),
        ("lambda-provisioned-concurrency-spilling", "scaled", "pass"),
        ("lambda-provisioned-concurrency-unused", "tight", "pass"),
        ("lambda-provisioned-concurrency-unused", "forsaken", "fail"),
    ]
    .into_iter()
    .filter_map(|(check, name, status)| {
        let found: Vec<&str> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|result| result["check"] == check && result["resource"]["name"] == name)
            .map(|result| result["status"].as_str().unwrap())
            .collect();
        (found != [status]).then(|| format!("{check} of {name} must be {status}, is {found:?}"))
    })
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_operation_the_endpoint_does_not_have_does_not_end_the_run() {
    let endpoint = Endpoint::start(
        account(),
        Behaviour::failing("s3:GetBucketPolicyStatus", 501, "NotImplemented"),
    );
    let report = live("audit -o json", &endpoint).run().json();
    let gaps = report["gaps"].as_array().unwrap();
    assert!(!gaps.is_empty());
    assert!(
        gaps.iter().all(|gap| gap["code"] == "NotImplemented"),
        "{gaps:?}"
    );
}

#[test]
fn a_bucket_that_does_not_exist_is_said_to_be_missing() {
    let world = World {
        public_access_block: Some([true; 4]),
        ..World::default()
    };
    let endpoint = Endpoint::start(world, Behaviour::default());
    let outcome = live("audit --check s3-* --bucket no-such-bucket", &endpoint)
        .run()
        .exits(3);
    assert!(
        outcome
            .stderr
            .contains("the bucket `no-such-bucket` does not exist"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn one_verdict_can_be_explained_live() {
    let world = World::default()
        .with_bucket("mine", Bucket::new("us-east-1"))
        .with_bucket("other", Bucket::new("us-east-1"));
    let endpoint = Endpoint::start(world, Behaviour::default());
    let outcome = live("explain s3-plain-http mine", &endpoint).run().exits(0);
    assert!(outcome.stdout.contains("FAIL"), "{}", outcome.stdout);
    assert_eq!(
        endpoint.count("s3:GetBucketPolicy"),
        1,
        "of this bucket alone"
    );
}

#[test]
fn interrupted_it_renders_what_it_has_and_exits_3() {
    let endpoint = Endpoint::start(
        account(),
        Behaviour {
            silent: BTreeSet::from(["s3:GetBucketVersioning".to_owned()]),
            ..Behaviour::default()
        },
    );
    let mut run = live(
        "audit -o json --fail-on critical --exclude s3-public-*,s3-access-point-public",
        &endpoint,
    );
    let mut child = run.command.spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(30);
    while endpoint.count("s3:GetBucketVersioning") == 0 {
        assert!(Instant::now() < patience, "it never came so far");
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{stdout}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert!(
        report["notes"][0].as_str().unwrap().contains("interrupted"),
        "{}",
        report["notes"]
    );
    let versioning = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["check"] == "s3-no-versioning");
    for result in versioning {
        assert_eq!(result["status"], "not-assessed");
    }
}
