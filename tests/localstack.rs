//! The sample account, deployed into a LocalStack of our own and judged by the real binary.
//!
//! What must come out stands in `localstack/expected*.yaml`, written by hand from the rules of AWS.
//! The test starts the server, on a free loopback port, and stops it by its process id; when it does
//! not start the test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};

#[path = "support/expected.rs"]
mod expected;
#[path = "support/local_aws.rs"]
mod local_aws;

use expected::{Expectation, Expected, expected, worst};
use local_aws::{Server, project};
use serde_json::Value;

const SAMPLE: &str = "444455556666";
const LOCKED: &str = "333333333333";

/// The report of an audit of the account.
fn audit(server: &Server, account: &str, exit: i32) -> Value {
    let path = server.run_dir.path().join(format!("{account}.json"));
    let target = format!("json={}", path.display());
    let audited = server.coldbucket(
        account,
        &[
            "audit",
            "--region",
            "us-east-1",
            "--region",
            "eu-west-1",
            "-o",
            &target,
            "--endpoint-url",
            &server.endpoint,
        ],
    );
    assert_eq!(
        audited.status.code(),
        Some(exit),
        "{}",
        String::from_utf8_lossy(&audited.stderr)
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn compare(
    report: &Value,
    expected: &Expected,
    kind: &str,
    name: &str,
    region: Option<&str>,
    expectation: &Expectation,
    wrong: &mut Vec<String>,
) {
    let all = expected.of(kind, expectation);
    let results: Vec<&Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| {
            result["resource"]["type"] == kind
                && (kind == "account" || result["resource"]["name"] == name)
                && region.is_none_or(|region| result["resource"]["region"] == region)
        })
        .collect();
    for result in &results {
        let check = result["check"].as_str().unwrap();
        if !all.contains_key(check) {
            wrong.push(format!("{kind} {name}: nothing is expected of {check}"));
        }
    }
    for (check, status) in all {
        let of_check: Vec<&&Value> = results
            .iter()
            .filter(|result| result["check"] == check)
            .collect();
        let statuses = of_check
            .iter()
            .map(|result| result["status"].as_str().unwrap())
            .collect();
        let got = worst(&statuses);
        if got != status {
            let said = of_check
                .iter()
                .find(|result| result["status"] == got)
                .map_or(&Value::Null, |result| &result["message"]);
            wrong.push(format!(
                "{kind} {name}: {check} must be {status}, is {got} ({said})"
            ));
        }
    }
    for (check, items) in &expectation.items {
        for (item, status) in items {
            let got = results
                .iter()
                .find(|result| result["check"] == check.as_str() && result["item"] == item.as_str())
                .map_or("no result", |result| result["status"].as_str().unwrap());
            if got != status {
                wrong.push(format!(
                    "{kind} {name}: {check} of {item} must be {status}, is {got}"
                ));
            }
        }
    }
}

fn compare_all(report: &Value, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let account = BTreeMap::from([(String::new(), expected.account.clone())]);
    for (kind, resources) in [
        ("account", &account),
        ("trail", &expected.trails),
        ("region", &expected.regions),
        ("bucket", &expected.buckets),
        ("identity", &expected.identities),
        ("function", &expected.functions),
    ] {
        for (place, expectation) in resources {
            let (region, name) = match place.split_once('/') {
                Some((region, name)) if kind == "function" => (Some(region), name),
                _ => (None, place.as_str()),
            };
            compare(
                report,
                expected,
                kind,
                name,
                region,
                expectation,
                &mut wrong,
            );
        }
    }
    wrong
}

/// Every listed resource was seen, and nothing else.
fn assert_same_resources(report: &Value, expected: &Expected) {
    let named = |kind: &str| -> BTreeSet<String> {
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|result| result["resource"]["type"] == kind)
            .map(|result| {
                let name = result["resource"]["name"].as_str().unwrap();
                match kind {
                    "function" => {
                        format!("{}/{name}", result["resource"]["region"].as_str().unwrap())
                    }
                    _ => name.to_owned(),
                }
            })
            .collect()
    };
    assert_eq!(named("bucket"), expected.buckets.keys().cloned().collect());
    assert_eq!(named("region"), expected.regions.keys().cloned().collect());
    assert_eq!(named("trail"), expected.trails.keys().cloned().collect());
    assert_eq!(
        named("identity"),
        expected.identities.keys().cloned().collect()
    );
    assert_eq!(
        named("function"),
        expected.functions.keys().cloned().collect()
    );
}

/// One result a (check, resource), or one an item.
fn assert_one_result_each(report: &Value) {
    let mut seen = BTreeSet::new();
    for result in report["results"].as_array().unwrap() {
        let key = (
            result["check"].to_string(),
            result["resource"]["arn"].to_string(),
            result["item"].to_string(),
        );
        assert!(seen.insert(key.clone()), "two results for {key:?}");
    }
    let counted: u64 = report["summary"]["results"]
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(counted, seen.len() as u64);
}

#[test]
fn the_sample_account_is_judged_as_the_rules_of_aws_say() {
    let server = Server::start();
    server.deploy(SAMPLE, "account.yaml");
    server.deploy(LOCKED, "account-locked.yaml");
    server.verify(SAMPLE, "account.yaml");
    server.verify(LOCKED, "account-locked.yaml");

    let (sample, locked) = (expected("expected.yaml"), expected("expected-locked.yaml"));
    let sample_report = audit(&server, SAMPLE, 1);
    // Nothing of weight fails there, and whether a trail records cannot be known: CloudTrail is a 501.
    let locked_report = audit(&server, LOCKED, 3);

    assert_same_resources(&sample_report, &sample);
    assert_same_resources(&locked_report, &locked);
    assert_one_result_each(&sample_report);
    assert_one_result_each(&locked_report);

    let mut wrong = compare_all(&sample_report, &sample);
    wrong.extend(compare_all(&locked_report, &locked));
    assert!(
        wrong.is_empty(),
        "{} verdicts are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is expected of the stack before deployment and not seen after it, with the reason.
const DEPLOYED_OTHERWISE: &[(&str, &str, &str)] = &[
    // Access logs would not be the only record: LocalStack has no CloudTrail, so trails are unknown.
    ("Defaults49BDE8FF", "s3-no-access-log", "not-assessed"),
    ("TlsOnlyC70C4BA4", "s3-no-access-log", "not-assessed"),
    ("AutoDeleteF34AB655", "s3-no-access-log", "not-assessed"),
    ("SiteE53D7754", "s3-no-access-log", "not-assessed"),
    ("Encrypted084288C2", "s3-no-access-log", "not-assessed"),
    // LocalStack's AddPermission ignores InvokedViaFunctionUrl, so that the grant holds without the URL.
    ("Py72E667BC", "lambda-public-policy", "fail"),
];

#[test]
fn the_stack_of_the_cdk_has_the_verdicts_that_its_template_has() {
    const ACCOUNT: &str = "666677778888";
    let fixtures = project().join("tests/fixtures/templates");
    let server = Server::start();
    let names = server.deploy_stack(ACCOUNT, &fixtures.join("cdk-sample.json"));
    let report = audit(&server, ACCOUNT, 1);
    let before: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("cdk-sample.expected.json")).unwrap())
            .unwrap();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (member, kind) in [("buckets", "bucket"), ("functions", "function")] {
        for (logical, checks) in before[member].as_object().unwrap() {
            for (check, right) in checks.as_object().unwrap() {
                let statuses = report["results"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|result| {
                        result["check"] == check.as_str()
                            && result["resource"]["type"] == kind
                            && result["resource"]["name"] == names[logical].as_str()
                    })
                    .map(|result| result["status"].as_str().unwrap())
                    .collect();
                let listed = DEPLOYED_OTHERWISE
                    .iter()
                    .find(|(resource, of, _)| resource == logical && of == check);
                let right = listed.map_or(right.as_str().unwrap(), |(_, _, status)| status);
                compared += 1;
                if worst(&statuses) != right {
                    wrong.push(format!(
                        "{logical}: {check} must be {right}, is {}",
                        worst(&statuses)
                    ));
                }
            }
        }
    }
    assert_eq!(compared, 101);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A zip of these files with so many bytes each, stored as they are.
#[cfg(feature = "aws")]
fn packed(files: &[(&str, usize)]) -> Vec<u8> {
    use std::io::{Cursor, Write};
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, size) in files {
        writer.start_file(*name, stored).unwrap();
        writer.write_all(&vec![7; *size]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Really uploaded zips, by Range on the URL that GetFunction answers with, and REPORT lines that
/// this test puts into the function's log.
#[cfg(feature = "aws")]
#[test]
fn packages_and_starts_are_read_from_what_is_there() {
    use aws_sdk_cloudwatchlogs as logs;
    use aws_sdk_lambda as lambda;

    const ACCOUNT: &str = "555566667777";
    let server = Server::start();
    let credentials =
        aws_credential_types::Credentials::new(ACCOUNT, "localstack", None, None, "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
        )
        .endpoint_url(&server.endpoint)
        .build();
    let zip = packed(&[
        ("app.py", 400),
        ("botocore/data/ec2.json", 2_000_000),
        ("boto3/session.py", 30_000),
        ("pandas/tests/test_frame.py", 500_000),
    ]);
    let uploaded = zip.len();
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    )
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        lambda::Client::new(&config)
            .create_function()
            .function_name("waster")
            .runtime(lambda::types::Runtime::Python313)
            .handler("app.handler")
            .role(format!("arn:aws:iam::{ACCOUNT}:role/lambda"))
            .code(
                lambda::types::FunctionCode::builder()
                    .zip_file(lambda::primitives::Blob::new(zip))
                    .build(),
            )
            .send()
            .await
            .unwrap();
        let client = logs::Client::new(&config);
        let (group, stream) = ("/aws/lambda/waster", "2026/11/20/[$LATEST]0f0a");
        client.create_log_group().log_group_name(group).send().await.unwrap();
        client
            .create_log_stream()
            .log_group_name(group)
            .log_stream_name(stream)
            .send()
            .await
            .unwrap();
        let lines = (0..11).map(|n| {
            format!("REPORT RequestId: {n}\tDuration: 60.00 ms\tBilled Duration: 60 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 1500.00 ms\t")
        });
        let warm = (0..30).map(|n| format!("REPORT RequestId: w{n}\tDuration: 10.00 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"));
        let events: Vec<logs::types::InputLogEvent> = lines
            .chain(warm)
            .map(|line| {
                logs::types::InputLogEvent::builder()
                    .timestamp(now - 60_000)
                    .message(line)
                    .build()
                    .unwrap()
            })
            .collect();
        client
            .put_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .set_log_events(Some(events))
            .send()
            .await
            .unwrap();
    });
    let collected = server.coldbucket(
        ACCOUNT,
        &[
            "collect",
            "--region",
            "us-east-1",
            "--function",
            "waster",
            "--inspect-packages",
            "--measure",
            "7",
        ],
    );
    let snapshot: Value = serde_json::from_slice(&collected.stdout).unwrap();
    let function = &snapshot["accounts"][ACCOUNT]["regions"]["us-east-1"]["functions"]["waster"];
    let code = &function["packages"]["known"][0]["code"];
    assert_eq!(code["zipped_bytes"], uploaded, "{}", function["packages"]);
    assert_eq!(code["unzipped_bytes"], 2_530_400);
    assert_eq!(code["files"], 4);
    assert_eq!(code["folders"][0]["path"], "botocore");
    let starts = &function["measured"]["known"]["versions"]["$LATEST"];
    assert_eq!(starts["cold_starts"], 11, "{}", function["measured"]);
    assert_eq!(starts["invocations"], 41);
    assert_eq!(starts["init_p50_ms"], 1500.0);
    assert_eq!(starts["total_p50_ms"], 1560.0);
    assert_eq!(starts["duration_p50_ms"], 10.0);
    let said = String::from_utf8_lossy(&collected.stdout).to_lowercase();
    assert!(!said.contains("signature"), "no presigned URL is kept");
}
