//! What only an option reads: the contents of packages, and cold starts from logs; and that nothing
//! secret of either gets out.
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

use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{Outcome, Run, coldbucket};
use synthetic_aws::{Behaviour, Endpoint, Identity, LastCall, World};
use zip::write::SimpleFileOptions;

/// A server of one file, on loopback, that counts the bytes it sends and keeps the headers it gets.
struct CodeServer {
    address: std::net::SocketAddr,
    sent: Arc<AtomicU64>,
    heads: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Ranges,
    /// Answers 200 with everything, whatever the range.
    Whole,
    /// Sends the client elsewhere.
    Redirect,
}

impl CodeServer {
    fn start(file: Vec<u8>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            sent: Arc::default(),
            heads: Arc::default(),
        };
        let (sent, heads) = (Arc::clone(&server.sent), Arc::clone(&server.heads));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
                let range = head.lines().find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("range: bytes=")
                        .map(str::to_owned)
                });
                heads.lock().unwrap().push(head);
                let total = file.len();
                let (status, extra, body) = match (manner, range) {
                    (Manner::Ranges, Some(range)) => {
                        let (from, to) = range.trim().split_once('-').unwrap();
                        let (from, to) = if from.is_empty() {
                            let most: usize = to.parse().unwrap();
                            (total.saturating_sub(most), total - 1)
                        } else {
                            (from.parse().unwrap(), to.parse().unwrap())
                        };
                        let line = format!("content-range: bytes {from}-{to}/{total}\r\n");
                        ("206 Partial Content", line, &file[from..=to])
                    }
                    (Manner::Redirect, _) => {
                        let line = "location: http://127.0.0.1:1/elsewhere\r\n".to_owned();
                        ("302 Found", line, &file[..0])
                    }
                    _ => ("200 OK", String::new(), &file[..]),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\n{extra}content-length: {}\r\n\r\n",
                    body.len()
                );
                for piece in std::iter::once(head.as_bytes()).chain(body.chunks(16_384)) {
                    if stream.write_all(piece).is_err() {
                        break;
                    }
                    sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
                }
            }
        });
        server
    }

    fn url(&self) -> String {
        format!(
            "http://{}/code.zip?X-Amz-Signature={PLANTED_SIGNATURE}",
            self.address
        )
    }
}

const PLANTED_SIGNATURE: &str = "planted5ignature";
const PLANTED_CREDENTIAL: &str = "AKIAPLANTEDCREDENTIAL";
const PLANTED_VALUE: &str = "hunter2";

/// A zip of these files with so many bytes each, stored as they are.
fn packed(files: &[(String, usize)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, size) in files {
        writer.start_file(name.as_str(), stored).unwrap();
        writer.write_all(&vec![0; *size]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// 50 MB in 5,000 files, 20 MB of them the SDK that the runtime has.
fn fifty_megabytes() -> Vec<u8> {
    let files: Vec<(String, usize)> = (0..5000)
        .map(|n| {
            let folder = if n < 2000 {
                "botocore/data"
            } else {
                "app/models"
            };
            (format!("{folder}/some-service-{n:05}.py"), 10_486)
        })
        .collect();
    packed(&files)
}

/// One function, function-00000 of the generated account, with its code there.
fn world(code: &str) -> World {
    let mut world = World::generated(0, 1);
    let function = &mut world.functions[0];
    function.code_url = Some(code.to_owned());
    for version in &mut function.versions {
        version["Runtime"] = json!("python3.13");
        version["Layers"] = json!([]);
        version["CodeSize"] = json!(52_000_000);
        version["CodeSha256"] = json!("the-same");
    }
    world
}

fn live(arguments: &str, endpoint: &Endpoint) -> Run {
    coldbucket(arguments)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .arg("--region")
        .arg("us-east-1")
        .arg("--endpoint-url")
        .arg(endpoint.url())
}

fn collected(arguments: &str, world: World) -> Value {
    let endpoint = Endpoint::start(world, Behaviour::default());
    live(&format!("collect {arguments}"), &endpoint)
        .run()
        .exits(0)
        .json()
}

fn function(snapshot: &Value) -> &Value {
    &snapshot["accounts"]["111122223333"]["regions"]["us-east-1"]["functions"]["function-00000"]
}

// ---------------------------------------------------------------------------------------------
// Packages.

#[test]
fn fifty_megabytes_are_read_with_less_than_one_transferred() {
    let file = fifty_megabytes();
    assert!(file.len() > 50 << 20);
    let server = CodeServer::start(file, Manner::Ranges);
    let snapshot = collected("--inspect-packages", world(&server.url()));
    let code = &function(&snapshot)["packages"]["known"][0]["code"];
    assert_eq!(code["files"], 5000);
    assert_eq!(code["unzipped_bytes"], 5000 * 10_486);
    assert_eq!(code["contents"][0]["kind"], "python-sdk");
    assert_eq!(code["contents"][0]["files"], 2000);
    let sent = server.sent.load(Ordering::SeqCst);
    assert!(sent < 1_000_000, "{sent} bytes");
    let heads = server.heads.lock().unwrap();
    assert_eq!(heads.len(), 2, "the end, and the directory");
    for head in heads.iter().map(|head| head.to_ascii_lowercase()) {
        for never in [
            "authorization",
            "cookie",
            "x-amz-security-token",
            "x-amz-date",
        ] {
            assert!(!head.contains(&format!("\n{never}:")), "{head}");
        }
    }
}

#[test]
fn nothing_is_asked_without_the_option() {
    let server = CodeServer::start(fifty_megabytes(), Manner::Ranges);
    let snapshot = collected("", world(&server.url()));
    assert!(function(&snapshot)["packages"].is_null());
    assert!(server.heads.lock().unwrap().is_empty());
}

#[test]
fn a_server_that_would_send_everything_is_not_listened_to() {
    let server = CodeServer::start(fifty_megabytes(), Manner::Whole);
    let snapshot = collected("--inspect-packages", world(&server.url()));
    let failed = &function(&snapshot)["packages"]["failed"];
    assert_eq!(failed["code"], "RangeNotSupported");
    assert_eq!(server.heads.lock().unwrap().len(), 1);
    // What sockets hold between the two, and not the file.
    assert!(server.sent.load(Ordering::SeqCst) < 20 << 20);
}

#[test]
fn a_redirect_is_not_followed() {
    let server = CodeServer::start(Vec::new(), Manner::Redirect);
    let snapshot = collected("--inspect-packages", world(&server.url()));
    let failed = &function(&snapshot)["packages"]["failed"];
    assert_eq!(failed["code"], "CodeNotServed");
    assert_eq!(failed["message"], "the server answered with status 302");
}

#[test]
fn an_aws_address_from_another_endpoint_is_not_asked() {
    let snapshot = collected(
        "--inspect-packages",
        world("https://awslambda-us-east-1-tasks.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=s"),
    );
    assert_eq!(
        function(&snapshot)["packages"]["failed"]["code"],
        "ForeignLocation"
    );
}

#[test]
fn a_hostile_package_is_refused_and_the_others_are_read() {
    let server = CodeServer::start(vec![b'x'; 100_000], Manner::Ranges);
    let snapshot = collected("--inspect-packages", world(&server.url()));
    let failed = &function(&snapshot)["packages"]["failed"];
    assert_eq!(failed["code"], "UnreadablePackage");
    assert_eq!(failed["message"], "the package: it is not a zip file");
}

#[test]
fn a_layer_that_is_refused_leaves_a_partial_reading() {
    let server = CodeServer::start(packed(&[("app.py".to_owned(), 10)]), Manner::Ranges);
    let mut world = world(&server.url());
    let layer = |account: &str| format!("arn:aws:lambda:us-east-1:{account}:layer:tools:3");
    for version in &mut world.functions[0].versions {
        version["Layers"] = json!([
            {"Arn": layer("111122223333"), "CodeSize": 100},
            {"Arn": layer("999999999999"), "CodeSize": 100},
        ]);
    }
    world.layer_urls.insert(layer("111122223333"), server.url());
    let snapshot = collected("--inspect-packages", world);
    let package = &function(&snapshot)["packages"]["known"][0];
    assert_eq!(package["code"]["files"], 1);
    assert_eq!(package["layers"][0]["archive"]["known"]["files"], 1);
    assert_eq!(
        package["layers"][1]["archive"]["denied"]["action"],
        "lambda:GetLayerVersion"
    );
}

#[test]
fn waste_is_found_with_what_dropping_it_saves() {
    let server = CodeServer::start(fifty_megabytes(), Manner::Ranges);
    let endpoint = Endpoint::start(world(&server.url()), Behaviour::default());
    let report = live("audit -o json --check lambda-package-waste --severity low --fail-on none --inspect-packages", &endpoint)
        .run()
        .exits(0)
        .json();
    let result = &report["results"][0];
    assert_eq!(result["status"], "fail");
    assert_eq!(result["item"], "sdk-copy");
    assert!(
        result["message"]
            .as_str()
            .unwrap()
            .contains("most of it in botocore"),
        "{result}"
    );
    // 2000 files of 10,486 bytes are 20.0 MB, at the model's 5.26 ms a MB.
    assert!(
        result["message"]
            .as_str()
            .unwrap()
            .contains("20 MB of sdk-copy"),
        "{result}"
    );
    let levers = report["cold_start"][0]["levers"].to_string();
    assert!(levers.contains("20.0 MB of waste left out"), "{levers}");
}

/// Code that is referred to in a bucket: the object's version and whose bucket it is decide.
#[test]
fn code_in_a_bucket_is_judged_by_its_version_and_the_buckets_owner() {
    let object = |bucket: &str, version: Option<&str>| json!({"S3Bucket": bucket, "S3Key": "orders.zip", "S3ObjectVersion": version});
    let own = World::generated(1, 0)
        .buckets
        .keys()
        .next()
        .unwrap()
        .clone();
    let cases = [
        // Lambda keeps a copy.
        (None, ["not-applicable", "not-applicable"]),
        (
            Some(object(&own, Some("3HL4kqtJlcpXroDTDmJ"))),
            ["pass", "pass"],
        ),
        (Some(object(&own, None)), ["fail", "pass"]),
        // What was written before versioning was turned on is still overwritten.
        (Some(object(&own, Some("null"))), ["fail", "pass"]),
        (
            Some(object("builds-of-somebody", Some("3HL4kqtJlcpXroDTDmJ"))),
            ["pass", "fail"],
        ),
    ];
    let server = CodeServer::start(packed(&[("app.py".to_owned(), 10)]), Manner::Ranges);
    for (object, expected) in cases {
        let mut world = World::generated(1, 0);
        world.functions = self::world(&server.url()).functions;
        world.functions[0].code_object = object.clone();
        let endpoint = Endpoint::start(world, Behaviour::default());
        // Over all Regions: with a choice of them the list of buckets is not whole.
        let report =
            coldbucket("audit -o json --check lambda-code-* --fail-on none --inspect-packages")
                .env("AWS_REGION", "us-east-1")
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .arg("--endpoint-url")
                .arg(endpoint.url())
                .run()
                .exits(0)
                .json();
        let statuses: Vec<&str> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["status"].as_str().unwrap())
            .collect();
        assert_eq!(statuses, expected, "{object:?}");
    }
}

// ---------------------------------------------------------------------------------------------
// Measurement.

fn row(version: &str, invocations: u64, cold: u64, init: f64) -> Value {
    json!({
        "version": version,
        "invocations": invocations.to_string(),
        "cold_starts": cold.to_string(),
        "init_p50": init.to_string(),
        "init_p99": (init * 2.0).to_string(),
        "total_p50": (init + 120.0).to_string(),
        "total_p99": (init * 2.0 + 220.0).to_string(),
        "ran_p50": "20",
    })
}

fn measured_world(stored_bytes: u64, rows: &[Value]) -> World {
    let mut world = world("https://example.invalid/x");
    let message = format!(
        "REPORT RequestId: 1\tDuration: 30 ms\tInit Duration: 250 ms\t{PLANTED_CREDENTIAL}"
    );
    world.log_groups.insert(
        "/aws/lambda/function-00000".to_owned(),
        json!({
            "stored_bytes": stored_bytes,
            "rows": rows,
            "events": [{
                "logStreamName": "2026/11/20/[$LATEST]0f",
                "message": message,
            }],
        }),
    );
    world
}

#[test]
fn insights_adds_up_the_starts_of_each_version() {
    let endpoint = Endpoint::start(
        measured_world(
            14_000_000_000,
            &[row("$LATEST", 1000, 12, 4000.0), row("3", 5, 1, 90.0)],
        ),
        Behaviour::default(),
    );
    let outcome = live(
        "audit -o json --check lambda-init-too-slow --fail-on none --measure 7",
        &endpoint,
    )
    .run()
    .exits(0);
    // Kept for 14 days, half of them asked for.
    assert!(
        outcome.stderr.contains("will scan about 7.0 GB"),
        "{}",
        outcome.stderr
    );
    let report = outcome.json();
    let measured = &report["cold_start"][0]["measured"];
    assert_eq!(measured["cold_starts"], 12);
    assert_eq!(measured["init_p50_ms"], 4000.0);
    // 4120 in the median, less a warm call of 20.
    assert_eq!(measured["p50_ms"], 4100.0);
    assert_eq!(measured["cause"], "your code");
    let result = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|result| result["item"] == "$LATEST")
        .unwrap();
    assert_eq!(result["status"], "fail");
    assert_eq!(endpoint.count("logs:StartQuery"), 1);
    assert_eq!(endpoint.count("logs:FilterLogEvents"), 0);
}

#[test]
fn what_was_measured_goes_before_what_was_estimated() {
    let budget = |rows: &[Value]| {
        let endpoint = Endpoint::start(measured_world(1000, rows), Behaviour::default());
        live("audit -o json --check lambda-cold-start-over-budget --cold-start-budget 3000ms --fail-on none --measure 7", &endpoint)
            .run()
            .exits(0)
            .json()["results"][0]["status"]
            .clone()
    };
    assert_eq!(budget(&[row("$LATEST", 1000, 12, 4000.0)]), "fail");
    assert_eq!(budget(&[row("$LATEST", 1000, 12, 40.0)]), "pass");
}

#[test]
fn more_than_is_allowed_is_not_scanned() {
    let endpoint = Endpoint::start(measured_world(90_000_000_000, &[]), Behaviour::default());
    let outcome = live(
        "audit -o json --check lambda-init-too-slow --fail-on none --measure 14 --max-scan-gb 25",
        &endpoint,
    )
    .run()
    .exits(0);
    assert!(
        outcome.stderr.contains("would scan about 90.0 GB"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("--max-scan-gb allows 25.0 GB"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.json()["results"][0]["status"], "not-assessed");
    assert_eq!(endpoint.count("logs:StartQuery"), 0);
}

#[test]
fn a_refused_query_leaves_the_check_open_and_names_the_action() {
    let endpoint = Endpoint::start(
        measured_world(1000, &[]),
        Behaviour::denying("logs:StartQuery"),
    );
    let report = live(
        "audit -o json --check lambda-init-too-slow --fail-on none --measure 7",
        &endpoint,
    )
    .run()
    .exits(0)
    .json();
    assert_eq!(report["results"][0]["status"], "not-assessed");
    assert_eq!(report["results"][0]["missing"], json!(["logs:StartQuery"]));
}

#[test]
fn without_insights_the_events_are_read() {
    let snapshot = collected("--measure 7", measured_world(1000, &[]));
    let measured = &function(&snapshot)["measured"];
    let starts = &measured["known"]["versions"]["$LATEST"];
    assert_eq!(starts["cold_starts"], 1, "{measured}");
    assert_eq!(starts["total_p50_ms"], 280.0);
}

/// The plan is said before it is carried out, and only to those who ask.
#[test]
fn the_plan_is_told_by_v() {
    let endpoint = Endpoint::start(world("https://example.invalid/x"), Behaviour::default());
    let outcome = live("collect --inspect-packages -v", &endpoint)
        .run()
        .exits(0);
    let plan = "plan for 1 functions in us-east-1: ListAliases 1, ListProvisionedConcurrencyConfigs 1, GetLayerVersionByArn 0, GetFunction 1; at least 1 s at Lambda's quotas";
    assert!(outcome.stderr.contains(plan), "{}", outcome.stderr);
    assert!(!live("collect", &endpoint).run().stderr.contains("plan for"));
}

// ---------------------------------------------------------------------------------------------
// Secrets.

/// Environment values, the signature of a presigned URL, a credential in a log line, and what
/// signs our own requests: none of it in anything that is written, however much is asked to be said.
#[test]
fn nothing_secret_leaves() {
    let server = CodeServer::start(fifty_megabytes(), Manner::Ranges);
    let refused = CodeServer::start(Vec::new(), Manner::Redirect);
    for code in [server.url(), refused.url()] {
        let mut world = measured_world(1000, &[]);
        world.functions[0].code_url = Some(code);
        let endpoint = Endpoint::start(world, Behaviour::default());
        let opted = "--inspect-packages --measure 7 --image-sizes -v";
        let written = |arguments: &str| -> Outcome {
            live(&format!("{arguments} {opted}"), &endpoint)
                .env("AWS_SECRET_ACCESS_KEY", "plantedSecretAccessKey")
                .env("AWS_SESSION_TOKEN", "plantedSessionToken")
                .run()
        };
        let mut outputs = vec![
            written("collect"),
            written("explain lambda-package-waste function-00000"),
            written("explain lambda-init-too-slow function-00000"),
        ];
        for format in coldbucket::output::Format::ALL {
            let name = format.name();
            outputs.push(written(&format!(
                "audit --pack strict --fail-on none -o {name}"
            )));
        }
        outputs.push(coldbucket("cold-start estimate --runtime python3.13 --memory 512").run());
        for outcome in outputs {
            let text = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(!text.is_empty());
            for secret in [
                PLANTED_SIGNATURE,
                PLANTED_CREDENTIAL,
                PLANTED_VALUE,
                "X-Amz-Signature",
                "plantedSecretAccessKey",
                "plantedSessionToken",
            ] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Prices.

/// What Frankfurt's list says in the test: other figures than the table's, so that each is known by its value.
fn frankfurt_products() -> Vec<Value> {
    [
        ("EUC1-Lambda-GB-Second", "Lambda-GB-Second", "0.0000300000"),
        (
            "EUC1-Lambda-GB-Second-ARM",
            "Lambda-GB-Second",
            "0.0000200000",
        ),
        (
            "EUC1-Lambda-Provisioned-Concurrency",
            "Lambda-GB-Second",
            "0.0000100000",
        ),
        (
            "EUC1-Lambda-Provisioned-Concurrency-ARM",
            "Lambda-GB-Second",
            "0.0000100000",
        ),
        ("EUC1-Request", "Requests", "0.0000003000"),
        ("EUC1-Lambda-SnapStart-Cached-GB-S", "GB-S", "0.0000020000"),
        ("EUC1-Lambda-SnapStart-Restored-GB", "GB", "0.0002000000"),
    ]
    .map(|(usage, unit, usd)| synthetic_aws::lambda_product("eu-central-1", usage, unit, usd))
    .to_vec()
}

/// One python3.13 function of 1 GB, published behind the alias `live`, in Frankfurt.
fn frankfurt(products: Vec<Value>) -> World {
    let mut world = World::generated(0, 1);
    let function = &mut world.functions[0];
    function.region = "eu-central-1".to_owned();
    for version in &mut function.versions {
        version["Runtime"] = json!("python3.13");
        version["Layers"] = json!([]);
        version["MemorySize"] = json!(1024);
        // Enough for SnapStart to pay.
        version["CodeSize"] = json!(52_000_000);
        version["Architectures"] = json!(["x86_64"]);
    }
    world.regions = vec!["us-east-1".to_owned(), "eu-central-1".to_owned()];
    world.lambda_products = [("eu-central-1".to_owned(), products)].into();
    world
}

fn in_frankfurt(arguments: &str, endpoint: &Endpoint) -> Run {
    coldbucket(arguments)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .arg("--endpoint-url")
        .arg(endpoint.url())
}

/// Every lever's price, and what it rests on.
fn lever_notes(report: &Value) -> Vec<String> {
    report["cold_start"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|line| line["levers"].as_array().unwrap())
        .map(|lever| lever.to_string())
        .collect()
}

#[test]
fn live_prices_are_read_once_a_region_and_kept_in_the_snapshot() {
    let behaviour = Behaviour {
        record: true,
        page: Some(3),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(frankfurt(frankfurt_products()), behaviour);
    let snapshot = in_frankfurt("collect --live-prices", &endpoint)
        .env("COLDBUCKET_TEST_CLOCK", "2026-11-30T06:00:00Z")
        .run()
        .exits(0)
        .json();
    let regions = &snapshot["accounts"]["111122223333"]["regions"];
    assert_eq!(
        regions["eu-central-1"]["lambda_prices"]["known"],
        json!({
            "read_on": "2026-11-30",
            "x86_64": {"duration": 0.00003, "provisioned": 0.00001, "request": 0.0000003},
            "arm64": {"duration": 0.00002, "provisioned": 0.00001},
            "snapstart_cache": 0.000002,
            "snapstart_restore_per_gb": 0.0002,
        })
    );
    // us-east-1 has no functions, and so nothing to price.
    assert!(regions["us-east-1"].get("lambda_prices").is_none());
    let asked: Vec<String> = endpoint
        .seen()
        .into_iter()
        .filter(|seen| seen.operation == "pricing:GetProducts")
        .map(|seen| seen.region)
        .collect();
    assert_eq!(asked, ["eu-central-1"; 3], "three pages of one Region");
}

#[test]
fn levers_are_priced_by_what_was_read() {
    let endpoint = Endpoint::start(frankfurt(frankfurt_products()), Behaviour::default());
    let report = in_frankfurt(
        "audit --check lambda-* --live-prices --fail-on none -o json",
        &endpoint,
    )
    .env("COLDBUCKET_TEST_CLOCK", "2026-11-30T06:00:00Z")
    .run()
    .exits(0)
    .json();
    let notes = lever_notes(&report);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("AWS Price List of 2026-11-30")),
        "{notes:#?}"
    );
    assert!(
        !notes.iter().any(|note| note.contains("us-east-1")),
        "{notes:#?}"
    );
    // Without the option there is no call, and the words are those of the table.
    let report = in_frankfurt("audit --check lambda-* --fail-on none -o json", &endpoint)
        .run()
        .exits(0)
        .json();
    let notes = lever_notes(&report);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("priced as us-east-1, 2025-10")),
        "{notes:#?}"
    );
    assert_eq!(endpoint.count("pricing:GetProducts"), 1);
}

/// A price that cannot be read is no finding, no failure and no incomplete run: the table's is taken, the
/// amount says so, and the gap names the permission.
#[test]
fn without_an_answer_the_dated_table_is_used() {
    let refused = Behaviour::denying("pricing:GetProducts");
    let broken = Behaviour::failing("pricing:GetProducts", 400, "InvalidParameterException");
    let hostile = vec![
        json!("\u{1b}[31m<script>"),
        synthetic_aws::lambda_product(
            "eu-central-1",
            "EUC1-Lambda-GB-Second",
            "1K Lambda-GB-Second",
            "\u{1b}]0;0.03",
        ),
    ];
    let cases = [
        (frankfurt(frankfurt_products()), refused, "AccessDenied"),
        (
            frankfurt(frankfurt_products()),
            broken,
            "InvalidParameterException",
        ),
        (frankfurt(hostile), Behaviour::default(), "UnreadableAnswer"),
        (
            frankfurt(Vec::new()),
            Behaviour::default(),
            "UnreadableAnswer",
        ),
    ];
    for (world, behaviour, code) in cases {
        let endpoint = Endpoint::start(world, behaviour);
        let report = in_frankfurt(
            "audit --check lambda-runtime-deprecated --live-prices --fail-on critical -o json",
            &endpoint,
        )
        .run()
        .exits(0)
        .json();
        let notes = lever_notes(&report);
        assert!(
            notes
                .iter()
                .any(|note| note.contains("priced as us-east-1, 2025-10")),
            "{code}: {notes:#?}"
        );
        let text = report.to_string();
        assert!(
            !text.contains("script") && !text.contains("u001b"),
            "{code}"
        );
        let gap = report["gaps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|gap| gap["action"] == "pricing:GetProducts")
            .unwrap();
        assert!(gap["code"].as_str().unwrap().starts_with(code), "{gap}");
        assert_eq!(gap["resource"], "eu-central-1");
    }
}

/// SnapStart's restore is in no known unit: what rests on it is priced by the table, the rest by the answer.
#[test]
fn a_missing_price_alone_is_the_tables() {
    let mut products = frankfurt_products();
    products.truncate(6);
    products.push(synthetic_aws::lambda_product(
        "eu-central-1",
        "EUC1-Lambda-SnapStart-Restored-GB",
        "furlong",
        "0.0002",
    ));
    let endpoint = Endpoint::start(frankfurt(products), Behaviour::default());
    let report = in_frankfurt(
        "audit --check lambda-* --live-prices --fail-on none -o json",
        &endpoint,
    )
    .env("COLDBUCKET_TEST_CLOCK", "2026-11-30T06:00:00Z")
    .run()
    .exits(0)
    .json();
    let notes = lever_notes(&report);
    let note = |word: &str| notes.iter().find(|note| note.contains(word)).unwrap();
    assert!(
        note("rovisioned").contains("AWS Price List of 2026-11-30"),
        "{notes:#?}"
    );
    assert!(
        note("SnapStart").contains("priced as us-east-1, 2025-10"),
        "{notes:#?}"
    );
}

#[test]
fn china_has_no_live_prices() {
    let mut world = frankfurt(Vec::new());
    world.regions = vec!["cn-north-1".to_owned()];
    world.functions[0].region = "cn-north-1".to_owned();
    let endpoint = Endpoint::start(world, Behaviour::default());
    let run = coldbucket("collect --live-prices --region cn-north-1")
        .env("AWS_REGION", "cn-north-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .arg("--endpoint-url")
        .arg(endpoint.url())
        .run()
        .exits(0);
    assert!(
        run.stderr.contains("not offered in cn-north-1"),
        "{}",
        run.stderr
    );
    assert_eq!(endpoint.count("pricing:GetProducts"), 0);
}

#[test]
fn the_permission_is_asked_for_only_where_prices_are() {
    let printed = |arguments: &str| coldbucket(arguments).run().exits(0).stdout;
    assert!(!printed("permissions --pack strict").contains("pricing"));
    assert!(printed("permissions --live-prices").contains("\"pricing:GetProducts\""));
    // Buckets have no cold starts.
    assert!(!printed("permissions --live-prices --check s3-plain-http").contains("pricing"));
}

// ---------------------------------------------------------------------------------------------
// When identities last called S3.

/// Users and roles that read S3, and what IAM's report says of each.
fn callers() -> World {
    let mut world = World::generated(1, 0);
    let reads = || json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let named = |kind, name: &str, last| {
        Identity::new(kind, name)
            .inline("read", reads())
            .calling(last)
    };
    let mut linked = named("role", "AWSServiceRoleForBackup", LastCall::Never);
    linked.path = "/aws-service-role/backup.amazonaws.com/".to_owned();
    world.identities = vec![
        named("role", "active", LastCall::At("2026-11-29T00:00:00Z")),
        named("role", "idle", LastCall::At("2026-03-01T00:00:00Z")),
        named("user", "never", LastCall::Never),
        named("user", "unlisted", LastCall::LeftOut),
        named("role", "without-report", LastCall::Fails),
        named("group", "readers", LastCall::Never),
        Identity::new("user", "mail").inline(
            "send",
            json!({"Effect": "Allow", "Action": "ses:*", "Resource": "*"}),
        ),
        linked,
    ];
    world
}

const UNUSED: &str = "audit -o json --pack strict --check s3-identity-unused-access --fail-on none --allow-incomplete";

/// Status and message, or what is missing, by identity.
fn unused(arguments: &str, endpoint: &Endpoint) -> Vec<(String, String, String)> {
    let report = live(&format!("{UNUSED} {arguments}"), endpoint)
        .env("COLDBUCKET_TEST_CLOCK", "2026-11-30T06:00:00Z")
        .run()
        .exits(0)
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["status"] != "not-applicable")
        .map(|result| {
            let said = match result["missing"].as_array() {
                Some(missing) if !missing.is_empty() => text(&missing[0]),
                _ => text(&result["message"]),
            };
            (
                text(&result["resource"]["name"]),
                text(&result["status"]),
                said,
            )
        })
        .collect()
}

#[test]
fn permissions_on_s3_that_are_not_used_are_found_by_iams_report() {
    let endpoint = Endpoint::start(callers(), Behaviour::default());
    let found = unused("--last-access", &endpoint);
    let status = |name: &str| {
        let result = found.iter().find(|(found, _, _)| found == name).unwrap();
        (result.1.as_str(), result.2.as_str())
    };
    assert_eq!(status("role/active").0, "pass");
    let (idle, message) = status("role/idle");
    assert_eq!(idle, "fail");
    assert!(message.contains("called S3 on 2026-03-01"), "{message}");
    let (never, message) = status("user/never");
    assert_eq!(never, "fail");
    assert!(message.contains("never in the last 400 days"), "{message}");
    assert_eq!(status("user/unlisted").0, "not-assessed");
    let without = status("role/without-report");
    assert_eq!(
        without,
        ("not-assessed", "iam:GetServiceLastAccessedDetails")
    );
    assert_eq!(status("user/mail").0, "pass");
    assert_eq!(found.len(), 6, "{found:?}");
    // Neither for the group, the role of a service, nor the user without a right on S3.
    assert_eq!(endpoint.count("iam:GenerateServiceLastAccessedDetails"), 5);
}

#[test]
fn a_refused_report_leaves_the_check_open_and_names_the_action() {
    for action in [
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetServiceLastAccessedDetails",
    ] {
        let endpoint = Endpoint::start(callers(), Behaviour::denying(action));
        let found = unused("--last-access", &endpoint);
        let idle = found
            .iter()
            .find(|(name, _, _)| name == "role/idle")
            .unwrap();
        assert_eq!((idle.1.as_str(), idle.2.as_str()), ("not-assessed", action));
    }
}

#[test]
fn without_the_option_no_report_is_asked_for() {
    let endpoint = Endpoint::start(callers(), Behaviour::default());
    let found = unused("", &endpoint);
    let idle = found
        .iter()
        .find(|(name, _, _)| name == "role/idle")
        .unwrap();
    assert_eq!(idle.1, "not-assessed");
    assert_eq!(endpoint.count("iam:GenerateServiceLastAccessedDetails"), 0);
}

/// "Granted to three, needed by whom?"
#[test]
fn who_can_says_how_many_of_those_who_can_use_s3() {
    let endpoint = Endpoint::start(callers(), Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("snapshot.json");
    live("collect --last-access", &endpoint)
        .arg("-o")
        .arg(snapshot.to_str().unwrap())
        .env("COLDBUCKET_TEST_CLOCK", "2026-11-30T06:00:00Z")
        .run()
        .exits(0);
    let bucket = "acme-bucket-00000";
    let run = |more: &str| {
        coldbucket(&format!("who-can read {bucket} {more} --snapshot"))
            .arg(snapshot.to_str().unwrap())
            .run()
            .exits(0)
    };
    let text = run("").stdout;
    let said = "Of 3 identities that can and whose use of S3 is known, 2 have not called S3 for 90 days: role/idle, user/never.";
    assert!(text.replace('\n', " ").contains(said), "{text}");
    let rows = run("-o json").json();
    let idle = |name: &str| {
        let rows = rows["principals"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["principal"].as_str().unwrap().ends_with(name));
        row.unwrap()["idle_days"].clone()
    };
    assert_eq!(idle(":role/active"), 1);
    assert_eq!(idle(":user/never"), 400);
    assert_eq!(idle(":user/unlisted"), Value::Null);
}

#[test]
fn an_option_that_no_selected_check_uses_says_so() {
    let endpoint = Endpoint::start(callers(), Behaviour::default());
    let noted = |arguments: &str| {
        let outcome = live(
            &format!("audit -o json --fail-on none --allow-incomplete {arguments}"),
            &endpoint,
        )
        .run();
        outcome.stderr.contains("--last-access has no effect")
    };
    assert!(noted("--last-access --check s3-public-read"));
    assert!(!noted(
        "--last-access --pack strict --check s3-identity-unused-access"
    ));
    assert!(!noted("--check s3-public-read"));
}
