//! The round trip: failing resources are deployed, judged, fixed by the printed commands with the
//! real AWS CLI, and judged again. Each check whose fix is a command passes then, nothing that passed
//! fails, and running the commands again changes nothing.
//!
//! What comes out is `policies/data/round-trip.yaml`, which `checks show`, the plan and
//! `docs/remediation.md` are made from. `COLDBUCKET_WRITE=1 cargo test --test round_trip` writes it again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use coldbucket::checks::Catalog;
use coldbucket::remedy::change;
use serde_json::Value;

#[path = "support/lint.rs"]
mod lint;
#[path = "support/local_aws.rs"]
mod local_aws;

use local_aws::{Server, project};

const ACCOUNT: &str = "555566667777";
const STRANGER: &str = "222222222222";

/// Checks whose fix is not run here, with the reason. Their change could be: every other check that
/// names a change is tried.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "lambda-provisioned-concurrency-unused",
        "unused needs days without a call, and every resource on LocalStack is new",
    ),
    (
        "s3-tag-condition-without-effect",
        "LocalStack does not support attribute-based access control (PutBucketAbac returns 501)",
    ),
];

/// The checks whose named change waits for a decision; here the decision is to run it.
fn decided() -> String {
    let catalogue = Catalog::builtin().unwrap();
    let not_run = |id: &str| NOT_RUN.iter().any(|(check, _)| *check == id);
    let waiting = catalogue.iter().filter(|check| {
        let change = check.remediation.change.as_deref().and_then(change::find);
        change.is_some_and(|change| !change.decide.is_empty()) && !not_run(&check.id)
    });
    let ids: Vec<&str> = waiting.map(|check| check.id.as_str()).collect();
    ids.join(",")
}

/// A result by its fingerprint: what it is about, and its status.
type Results = BTreeMap<String, (String, String)>;

fn results(report: &Value) -> Results {
    report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let about = format!(
                "{} of {} {}",
                text(&result["check"]),
                text(&result["resource"]["arn"]),
                text(&result["item"])
            );
            (
                text(&result["fingerprint"]),
                (about, text(&result["status"])),
            )
        })
        .collect()
}

/// Reads the account into a file.
fn collect(server: &Server, name: &str) {
    let read = server.coldbucket(
        ACCOUNT,
        &[
            "collect",
            "--region",
            "us-east-1,eu-west-1",
            "--sample-objects",
            "5",
            "--endpoint-url",
            &server.endpoint,
            "-o",
            name,
        ],
    );
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    // moto does not say where a bucket is; all that the test makes there are in us-east-1.
    let file = server.run_dir.path().join(name);
    let mut snapshot: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for account in snapshot["accounts"].as_object_mut().unwrap().values_mut() {
        for bucket in account["buckets"].as_object_mut().unwrap().values_mut() {
            if bucket["region"].is_null() {
                bucket["region"] = "us-east-1".into();
            }
        }
    }
    std::fs::write(file, snapshot.to_string()).unwrap();
}

fn judge(server: &Server, name: &str, checks: &[&str]) -> Value {
    let arguments = [
        &["audit", "--snapshot", name],
        checks,
        &["--fail-on", "none", "--allow-incomplete", "-o", "json"],
    ]
    .concat();
    let judged = server.coldbucket(ACCOUNT, &arguments);
    assert!(
        judged.status.success(),
        "{}",
        String::from_utf8_lossy(&judged.stderr)
    );
    serde_json::from_slice(&judged.stdout).unwrap()
}

/// The plan for what is in the file, with every decision of [`decided`] taken.
fn plan(server: &Server, name: &str, checks: &[&str], format: &str) -> Vec<u8> {
    let decided = decided();
    let arguments = [
        &["remediate", "--snapshot", name],
        checks,
        &["--decided", &decided, "--format", format],
    ]
    .concat();
    let planned = server.coldbucket(ACCOUNT, &arguments);
    assert!(
        planned.status.success(),
        "{}",
        String::from_utf8_lossy(&planned.stderr)
    );
    planned.stdout
}

/// Judges, fixes and judges again; the checks that were fixed, and the script that did it.
fn fix(server: &Server, checks: &[&str]) -> (BTreeSet<String>, String) {
    collect(server, "before.json");
    let before = results(&judge(server, "before.json", checks));
    let plan_json: Value =
        serde_json::from_slice(&plan(server, "before.json", checks, "json")).unwrap();
    let script = String::from_utf8(plan(server, "before.json", checks, "shell")).unwrap();
    lint::shell(&script);
    server.shell(ACCOUNT, &script);
    collect(server, "after.json");
    let after = results(&judge(server, "after.json", checks));

    // What a fix with commands fixes passes, or its item is gone.
    let mut verified: BTreeSet<String> = BTreeSet::new();
    let mut unfixed: BTreeSet<&str> = BTreeSet::new();
    for fix in plan_json["fixes"].as_array().unwrap() {
        let ready = fix["decide"].is_null() || fix["decided"] == true;
        if !ready || fix["shell"].is_null() {
            continue;
        }
        for finding in fix["mends"].as_array().unwrap() {
            let fingerprint = finding["fingerprint"].as_str().unwrap();
            let (about, status) = &before[fingerprint];
            assert_eq!(status, "fail", "{about}");
            match after.get(fingerprint).map(|(_, status)| status.as_str()) {
                None | Some("pass" | "not-applicable") => {
                    verified.insert(finding["check"].as_str().unwrap().to_owned());
                }
                Some(_) => {
                    unfixed.insert(about);
                }
            }
        }
    }
    assert!(unfixed.is_empty(), "still not fixed:\n{unfixed:#?}");

    // Nothing that passed fails or is unknown, and what did not apply does not fail.
    let worse: Vec<&str> = before
        .iter()
        .filter(|(fingerprint, (about, status))| {
            let now = after
                .get(*fingerprint)
                .map_or("gone", |(_, status)| status.as_str());
            match status.as_str() {
                "pass" => now == "fail" || now == "not-assessed",
                // What a fix makes possible may not be known yet.
                "not-applicable" => {
                    now == "fail" && !REVEALED.iter().any(|check| about.starts_with(check))
                }
                _ => false,
            }
        })
        .map(|(_, (about, _))| about.as_str())
        .collect();
    assert!(
        worse.is_empty(),
        "was right before and is not now:\n{worse:#?}"
    );
    // What is found only afterwards was hidden before.
    let new: Vec<&str> = after
        .iter()
        .filter(|(fingerprint, (_, status))| status == "fail" && !before.contains_key(*fingerprint))
        .map(|(_, (about, _))| about.as_str())
        .collect();
    assert!(new.is_empty(), "was not there before:\n{new:#?}");
    (verified, script)
}

/// Checks that do not apply to buckets which receive access logs: buckets that were none of those one
/// wants as a target no longer are one afterwards, and are judged like any other.
const REVEALED: &[&str] = &["s3-no-kms-key of ", "s3-no-object-lock of "];

/// AWS Config has a recorder of something else in one Region and one that is off in the other.
const RECORDERS: &str = r#"set -eu
aws s3api create-bucket --bucket rt-config >/dev/null
for region in us-east-1 eu-west-1; do
  group=allSupported=true,includeGlobalResourceTypes=false
  [ $region = eu-west-1 ] || group='{"allSupported":false,"resourceTypes":["AWS::EC2::Instance"],"recordingStrategy":{"useOnly":"INCLUSION_BY_RESOURCE_TYPES"}}'
  aws configservice put-configuration-recorder --region $region --recording-group "$group" \
    --configuration-recorder name=it-s-kept,roleARN=arn:aws:iam::555566667777:role/rt-role
  aws configservice put-delivery-channel --region $region --delivery-channel name=rt,s3BucketName=rt-config
done
aws configservice start-configuration-recorder --region us-east-1 --configuration-recorder-name it-s-kept
"#;

/// Three trails: one of one Region without log validation, with everything a bucket of trails should not
/// be; one that is stopped; one with advanced selectors that must stay.
const TRAILS: &str = r#"set -eu
aws s3api create-bucket --bucket rt-trail >/dev/null
aws s3api create-bucket --bucket rt-logs >/dev/null
aws s3api create-bucket --bucket rt-data >/dev/null
aws s3api put-bucket-policy --bucket rt-trail --policy \
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::rt-trail/*"}]}'
aws s3api put-bucket-policy --bucket rt-logs --policy \
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::rt-logs/*"}]}'
aws s3api put-bucket-logging --bucket rt-data --bucket-logging-status \
  '{"LoggingEnabled":{"TargetBucket":"rt-logs","TargetPrefix":"rt-data/"}}'
aws cloudtrail create-trail --name rt-main --s3-bucket-name rt-trail --no-is-multi-region-trail >/dev/null
aws cloudtrail put-event-selectors --trail-name rt-main --advanced-event-selectors \
  '[{"Name":"kept","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]' >/dev/null
aws cloudtrail start-logging --name rt-main
aws cloudtrail create-trail --name rt-stopped --s3-bucket-name rt-trail --enable-log-file-validation >/dev/null
"#;

#[test]
fn the_printed_commands_fix_what_they_are_printed_for() {
    let (mut verified, _) = on_moto();
    verified.extend(on_localstack());
    compare(&verified);
}

/// Trails, which LocalStack does not have.
fn on_moto() -> (BTreeSet<String>, String) {
    let server = Server::start_moto();
    server.shell(ACCOUNT, TRAILS);
    let seen = fix(
        &server,
        &[
            "--pack",
            "strict",
            "--check",
            "trail-*,account-no-multi-region-trail,s3-no-data-events-*,s3-no-access-log",
        ],
    );
    let selectors = || {
        let kept: Value = serde_json::from_slice(
            &std::fs::read(server.run_dir.path().join("after.json")).unwrap(),
        )
        .unwrap();
        let trails = kept["accounts"]["123456789012"]["trails"]
            .as_object()
            .unwrap();
        let main = &trails["arn:aws:cloudtrail:us-east-1:123456789012:trail/rt-main"];
        main["selectors"]["known"]["advanced"].clone()
    };
    let added = selectors();
    assert_eq!(added.as_array().unwrap().len(), 2, "{added}");
    assert_eq!(added[0]["fields"][0]["equals"][0], "Management");
    // Twice is as good as once.
    server.shell(ACCOUNT, &seen.1);
    collect(&server, "after.json");
    assert_eq!(selectors(), added);
    seen
}

fn on_localstack() -> BTreeSet<String> {
    let server = Server::start();
    server.deploy(ACCOUNT, "round-trip.yaml");
    // A destination that is gone, and one whose name somebody else took.
    server.shell(
        ACCOUNT,
        "set -eu; aws s3api delete-bucket --bucket rt-gone; aws s3api delete-bucket --bucket rt-stranger",
    );
    server.shell(
        STRANGER,
        "aws s3api create-bucket --bucket rt-stranger >/dev/null",
    );
    server.shell(ACCOUNT, RECORDERS);
    server.shell(
        ACCOUNT,
        "aws s3api put-object --bucket rt-open-acl --key open.txt --acl public-read >/dev/null",
    );
    let (verified, script) = fix(&server, &["--pack", "strict"]);

    // What was there and not in question stays.
    let kept: Value =
        serde_json::from_slice(&std::fs::read(server.run_dir.path().join("after.json")).unwrap())
            .unwrap();
    let buckets = &kept["accounts"][ACCOUNT]["buckets"];
    let policy = |bucket: &str| -> Value {
        serde_json::from_str(buckets[bucket]["policy"]["known"].as_str().unwrap()).unwrap()
    };
    let busy = policy("rt-busy");
    assert_eq!(busy["Id"], "it's $(id) `id` ${HOME} \"quoted\" \\ end");
    let sids: Vec<&str> = busy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|statement| statement["Sid"].as_str())
        .collect();
    assert_eq!(
        sids,
        ["DenyPlainHttp", "Trail", "Pricing", "Header", "Partners"]
    );
    let rules: Vec<&str> = buckets["rt-busy"]["lifecycle"]["known"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        [
            "it's `kept` $(date)",
            "abort-incomplete-uploads",
            "expire-old-versions"
        ]
    );
    assert_eq!(
        buckets["rt-busy"]["encryption"]["known"]["blocked_encryption_types"],
        serde_json::json!(["SSE-C"])
    );
    let moved = policy("rt-old-logs");
    let last = moved["Statement"].as_array().unwrap().last().unwrap();
    assert_eq!(moved["Id"], "Kept");
    assert_eq!(last["Sid"], "S3ServerAccessLogs2", "the id was taken");
    assert_eq!(last["Principal"]["Service"], "logging.s3.amazonaws.com");
    assert_eq!(
        buckets["rt-source"]["replication"]["known"]["rules"][0]["id"],
        "kept"
    );

    // What a plan changed it finds done when it runs again; a policy that somebody changed meanwhile
    // it leaves alone.
    let again = commands_of(&script, "rt-busy");
    server.shell(ACCOUNT, &again);
    server.shell(
        ACCOUNT,
        "aws s3api put-bucket-policy --bucket rt-busy --policy '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::rt-busy\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}'",
    );
    let refused =
        format!("if ( {again}\n ) 2>why; then exit 1; fi; grep -q 'make the plan again' why");
    server.shell(ACCOUNT, &refused);

    verified
}

/// The head of the script and the commands of one bucket's policy.
fn commands_of(script: &str, bucket: &str) -> String {
    let head = script.split("\n# --- ").next().unwrap();
    let call = script
        .split("\n# --- ")
        .find(|part| part.contains(&format!("put_policy {bucket} ")))
        .unwrap();
    format!("{head}\n# {call}")
}

/// The shipped list says what was seen. `docs/remediation.md` is made from it.
fn compare(verified: &BTreeSet<String>) {
    let catalogue = Catalog::builtin().unwrap();
    let not_run: BTreeMap<&str, &str> = NOT_RUN.iter().copied().collect();
    let unexplained: Vec<&str> = catalogue
        .iter()
        .filter(|check| {
            let named = check.remediation.change.is_some();
            let id = check.id.as_str();
            named == (verified.contains(id) == not_run.contains_key(id))
        })
        .map(|check| check.id.as_str())
        .collect();
    let mut list = String::from(
        "# Results of tests/round_trip.rs: the commands of `coldbucket remediate` fixed a failing resource on\n# LocalStack 4.14.0 (trails: moto 5.2.5) with the AWS CLI 1.46.3. Written by that test with COLDBUCKET_WRITE=1.\nverified:\n",
    );
    for id in verified {
        writeln!(list, "  - {id}").unwrap();
    }
    list.push_str("not_verified:\n");
    for (id, why) in &not_run {
        writeln!(list, "  {id}: \"{why}\"").unwrap();
    }
    let name = "policies/data/round-trip.yaml";
    let path = project().join(name);
    if std::env::var_os("COLDBUCKET_WRITE").is_some() {
        std::fs::write(&path, &list).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        list,
        "{name} is not what was seen; COLDBUCKET_WRITE=1 writes it again"
    );
    assert!(
        unexplained.is_empty(),
        "names a change that was neither verified nor has a reason, or is verified without one: {unexplained:?}"
    );
    let fixable = verified.len() + not_run.len();
    assert!(
        verified.len() * 10 >= fixable * 9,
        "{} of {fixable} are less than nine in ten",
        verified.len()
    );
}
