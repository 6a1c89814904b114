//! Exceptions, baselines and `diff`, on the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use serde_json::{Value, json};
use support::{accounts, coldbucket, snapshot};

/// An exception in TOML; the parts are those given.
fn exception(about: &str, expires: &str) -> String {
    format!(
        "[[exceptions]]\n{about}\nreason = 'reviewed'\nowner = 'web team'\nexpires = {expires}\n"
    )
}

fn audit(source: &str, config: &str) -> support::Outcome {
    coldbucket(&format!("audit {source} -o json --allow-incomplete"))
        .file("coldbucket.toml", config)
        .run()
}

fn statuses(report: &Value, check: &str, resource: &str) -> Vec<String> {
    report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["check"] == check && result["resource"]["name"] == resource)
        .map(|result| result["status"].as_str().unwrap().to_owned())
        .collect()
}

/// The sample account was read on 2026-11-22.
const STILL: &str = "2026-11-22";
const PAST: &str = "2026-11-21";

// Exceptions ------------------------------------------------------------------------------------

#[test]
fn an_exception_accepts_what_it_is_about_and_nothing_else() {
    let about = "check = 's3-public-read'\nresource = 'acme-www-*'";
    let report = audit("--sample", &exception(about, STILL)).exits(1).json();
    assert_eq!(
        statuses(&report, "s3-public-read", "acme-www-assets"),
        ["suppressed"]
    );
    assert_eq!(
        statuses(&report, "s3-public-read", "acme-research"),
        ["fail"]
    );
    assert_eq!(report["summary"]["results"]["suppressed"], 1);
    assert_eq!(
        report["exceptions"],
        json!([{"about": "check s3-public-read, resource acme-www-*", "reason": "reviewed", "owner": "web team",
                "expires": "2026-11-22", "state": "applied", "findings": 1}])
    );
    let accepted = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|result| result["status"] == "suppressed")
        .unwrap();
    assert_eq!(
        accepted["suppressed_by"],
        "exception of web team until 2026-11-22: reviewed"
    );
    assert_eq!(accepted["suppression"]["kind"], "exception");
    assert!(
        !accepted["evidence"].as_array().unwrap().is_empty(),
        "it is still told"
    );
}

#[test]
fn the_day_the_account_was_read_is_today() {
    let about = "check = 's3-public-read'\nresource = 'acme-www-*'";
    let outcome = audit("--sample", &exception(about, PAST)).exits(1);
    let report = outcome.json();
    assert_eq!(
        statuses(&report, "s3-public-read", "acme-www-assets"),
        ["fail"]
    );
    assert_eq!(report["exceptions"][0]["state"], "expired");
    let note = "the exception for check s3-public-read, resource acme-www-* (web team) expired on 2026-11-21; the finding it accepted counts again";
    assert_eq!(report["notes"], json!([note]));
    assert!(outcome.stderr.contains(note), "{}", outcome.stderr);
}

#[test]
fn an_exception_about_nothing_that_fails_is_told() {
    let about = "check = 's3-public-write'\nresource = 'acme-payroll'";
    let report = audit("--sample", &exception(about, STILL)).json();
    assert_eq!(report["exceptions"][0]["state"], "unmatched");
    assert_eq!(
        report["notes"][0],
        "the exception for check s3-public-write, resource acme-payroll (web team) matches no failing result; remove it"
    );
}

#[test]
fn a_run_that_looks_at_a_part_calls_nothing_unmatched() {
    let about = "check = 's3-public-read'\nresource = 'acme-www-*'";
    let report = audit("--sample --bucket acme-payroll", &exception(about, STILL)).json();
    assert_eq!(report["exceptions"][0]["state"], "not-assessed");
    // What no option selects by name is named; the exception is not.
    let notes = report["notes"].to_string();
    assert!(notes.contains("also judged: "), "{notes}");
    assert!(!notes.contains("matches no failing result"), "{notes}");
}

#[test]
fn a_tag_that_could_not_be_read_accepts_nothing_and_is_not_called_unmatched() {
    let with_tags = |tags: Value| {
        let mut account = accounts::of_buckets(1);
        account["accounts"]["123456789012"]["buckets"]["acme-data-0000"]["tags"] = tags;
        let report = coldbucket("audit --snapshot a.json -o json --fail-on none")
            .file("a.json", &account.to_string())
            .file(
                "coldbucket.toml",
                &exception("tag = 'exposure=public*'", STILL),
            )
            .run()
            .json();
        let state = report["exceptions"][0]["state"]
            .as_str()
            .unwrap()
            .to_owned();
        (
            state,
            report["summary"]["results"]["suppressed"].as_u64().unwrap() > 0,
        )
    };
    let known = |value: &str| json!({"known": {"exposure": value}});
    assert_eq!(
        with_tags(known("public-site")),
        ("applied".to_owned(), true)
    );
    assert_eq!(with_tags(known("private")), ("unmatched".to_owned(), false));
    assert_eq!(with_tags(json!("absent")), ("unmatched".to_owned(), false));
    let denied = json!({"denied": {"action": "s3:GetBucketTagging", "code": "AccessDenied"}});
    assert_eq!(with_tags(denied), ("not-assessed".to_owned(), false));
}

#[test]
fn what_is_accepted_does_not_fail_the_run() {
    let source = snapshot("public-write");
    audit(&source, "").exits(1);
    let report = audit(&source, &exception("resource = '*'", STILL))
        .exits(0)
        .json();
    assert_eq!(report["summary"]["results"]["fail"], 0);
}

#[test]
fn an_exception_for_a_check_that_does_not_exist_is_a_mistake_with_its_place() {
    coldbucket("audit --sample")
        .file("coldbucket.toml", &exception("check = 's3-public-raed'", STILL))
        .run()
        .exits(2)
        .says("error: coldbucket.toml:1:1: the exception for check `s3-public-raed` matches no check; did you mean `s3-public-read`?");
}

// Baselines -------------------------------------------------------------------------------------

#[test]
fn what_the_baseline_knows_does_not_fail_and_what_is_new_does() {
    let two = accounts::of_buckets(2).to_string();
    let written = coldbucket("audit --snapshot a.json --write-baseline base.json")
        .file("a.json", &accounts::of_buckets(1).to_string())
        .run()
        .exits(1);
    let base = written.read("base.json");
    let with_baseline = |account: &str| {
        coldbucket("audit --snapshot a.json --baseline base.json -o json --allow-incomplete")
            .file("a.json", account)
            .file("base.json", &base)
            .run()
    };
    let known = with_baseline(&accounts::of_buckets(1).to_string())
        .exits(0)
        .json();
    assert_eq!(known["summary"]["results"]["fail"], 0);
    assert_eq!(
        known["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|result| result["suppressed_by"] == "baseline: known since 2026-11-22")
            .count() as u64,
        known["summary"]["results"]["suppressed"].as_u64().unwrap()
    );
    let new = with_baseline(&two).exits(1).json();
    assert_eq!(
        statuses(&new, "s3-public-write", "acme-data-0000"),
        ["suppressed"]
    );
    assert_eq!(
        statuses(&new, "s3-public-write", "acme-data-0001"),
        ["fail"]
    );
}

#[test]
fn a_report_is_a_baseline_too_but_not_for_what_an_exception_accepted() {
    let about = exception("check = 's3-public-write'", STILL);
    let account = accounts::of_buckets(1).to_string();
    let report = coldbucket("audit --snapshot a.json -o json")
        .file("a.json", &account)
        .file("coldbucket.toml", &about)
        .run()
        .stdout;
    let again = coldbucket("audit --snapshot a.json --baseline report.json -o json")
        .file("a.json", &account)
        .file("report.json", &report)
        .run()
        .json();
    assert_eq!(
        statuses(&again, "s3-public-write", "acme-data-0000"),
        ["fail"]
    );
    assert_eq!(
        statuses(&again, "s3-plain-http", "acme-data-0000"),
        ["suppressed"]
    );
}

#[test]
fn reasons_written_into_a_baseline_are_told_and_outlive_it() {
    let account = accounts::of_buckets(1).to_string();
    let base = coldbucket("audit --snapshot a.json --write-baseline base.json")
        .file("a.json", &account)
        .run()
        .read("base.json");
    let mut base: Value = serde_json::from_str(&base).unwrap();
    base["reason"] = json!("before the migration");
    base["findings"][0]["reason"] = json!("ticket 7");
    let outcome = coldbucket(
        "audit --snapshot a.json --baseline base.json --write-baseline next.json -o json",
    )
    .file("a.json", &account)
    .file("base.json", &base.to_string())
    .run();
    let report = outcome.json();
    let told = |wanted: &str| {
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|result| result["suppressed_by"] == wanted)
            .count()
    };
    assert_eq!(told("baseline: ticket 7"), 1);
    assert!(told("baseline: before the migration") > 1);
    let next: Value = serde_json::from_str(&outcome.read("next.json")).unwrap();
    assert_eq!(next["findings"][0]["reason"], "ticket 7");
}

#[test]
fn an_invalid_baseline_is_named_with_its_reason() {
    for (text, message) in [
        ("", "the file is empty"),
        ("{}", "JSON without a `schema`"),
        (
            "{\"schema\":\"coldbucket-snapshot/1\"}",
            "the schema is `coldbucket-snapshot/1`; a baseline is `coldbucket-baseline/1` or `coldbucket-report/1`",
        ),
    ] {
        coldbucket("audit --sample --baseline base.json")
            .file("base.json", text)
            .run()
            .exits(2)
            .says(&format!(
                "error: base.json is not a valid baseline: {message}"
            ));
    }
}

// diff ------------------------------------------------------------------------------------------

fn report_of(account: &Value) -> String {
    coldbucket("audit --snapshot a.json -o json")
        .file("a.json", &account.to_string())
        .run()
        .stdout
}

fn diff(old: &str, new: &str, options: &str) -> support::Outcome {
    coldbucket(&format!("diff old.json new.json {options}"))
        .file("old.json", old)
        .file("new.json", new)
        .run()
}

fn named(list: &Value, check: &str) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .filter(|change| change["result"]["check"] == check)
        .map(|change| {
            change["result"]["resource"]["name"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn a_report_does_not_differ_from_itself() {
    let report = report_of(&accounts::of_buckets(2));
    let same = diff(&report, &report, "-o json").exits(0).json();
    assert_eq!(same["schema"], "coldbucket-diff/1");
    for list in ["new", "fixed", "changed", "no_longer_assessable"] {
        assert_eq!(same[list], json!([]), "{list}");
    }
    assert!(same["unchanged"].as_u64().unwrap() > 0);
}

#[test]
fn a_new_bucket_brings_new_findings_and_a_bucket_that_went_takes_them_along() {
    let (one, two) = (accounts::of_buckets(1), accounts::of_buckets(2));
    let (one, two) = (report_of(&one), report_of(&two));
    let grown = diff(&one, &two, "-o json").exits(1).json();
    assert_eq!(named(&grown["new"], "s3-public-write"), ["acme-data-0001"]);
    assert_eq!(grown["fixed"], json!([]));
    let shrunk = diff(&two, &one, "-o json").exits(0).json();
    assert_eq!(
        named(&shrunk["fixed"], "s3-public-write"),
        ["acme-data-0001"]
    );
    assert_eq!(shrunk["fixed"][0]["is"], Value::Null);
    assert_eq!(shrunk["new"], json!([]));
}

#[test]
fn the_gate_of_a_comparison_is_about_what_is_new() {
    let (one, two) = (accounts::of_buckets(1), accounts::of_buckets(2));
    let (one, two) = (report_of(&one), report_of(&two));
    diff(&one, &two, "--fail-on none").exits(0);
    diff(&one, &one, "--fail-on info").exits(0);
}

#[test]
fn what_is_refused_now_is_neither_fixed_nor_new() {
    let old = accounts::of_buckets(1);
    let mut new = old.clone();
    let bucket = &mut new["accounts"]["123456789012"]["buckets"]["acme-data-0000"];
    bucket["versioning"] =
        json!({"denied": {"action": "s3:GetBucketVersioning", "code": "AccessDenied"}});
    let refused = diff(&report_of(&old), &report_of(&new), "-o json --fail-on low")
        .exits(3)
        .json();
    assert_eq!(
        named(&refused["no_longer_assessable"], "s3-no-versioning"),
        ["acme-data-0000"]
    );
    assert_eq!(refused["fixed"], json!([]));
    diff(
        &report_of(&old),
        &report_of(&new),
        "--fail-on low --allow-incomplete",
    )
    .exits(0);
}

#[test]
fn a_listing_that_failed_fixes_nothing() {
    let old = accounts::of_buckets(1);
    let mut new = old.clone();
    let account = &mut new["accounts"]["123456789012"];
    account["bucket_listing"] =
        json!({"denied": {"action": "s3:ListAllMyBuckets", "code": "AccessDenied"}});
    account["buckets"] = json!({});
    let lost = diff(&report_of(&old), &report_of(&new), "-o json")
        .exits(3)
        .json();
    assert_eq!(lost["fixed"], json!([]));
    assert_eq!(
        named(&lost["no_longer_assessable"], "s3-public-write"),
        ["acme-data-0000"]
    );
}

#[test]
fn checks_that_did_not_run_are_neither_fixed_nor_new() {
    let account = accounts::of_buckets(1);
    let narrow = coldbucket("audit --snapshot a.json -o json --check s3-no-versioning")
        .file("a.json", &account.to_string())
        .run()
        .stdout;
    let narrowed = diff(&report_of(&account), &narrow, "-o json")
        .exits(0)
        .json();
    assert_eq!(narrowed["fixed"], json!([]));
    let note = narrowed["notes"][0].as_str().unwrap();
    assert!(
        note.contains("checks that the new one did not run"),
        "{note}"
    );
}

#[test]
fn a_message_that_changed_is_a_change() {
    let old = report_of(&accounts::of_buckets(1));
    let mut new: Value = serde_json::from_str(&old).unwrap();
    for result in new["results"].as_array_mut().unwrap() {
        if result["check"] == "s3-public-write" {
            result["message"] = json!("Another sentence.");
            result["severity"] = json!("high");
        }
    }
    let changed = diff(&old, &new.to_string(), "-o json").exits(0).json();
    assert_eq!(changed["changed"].as_array().unwrap().len(), 1);
    assert_eq!(
        changed["changed"][0]["differs"],
        json!(["severity", "message"])
    );
    assert_eq!(changed["changed"][0]["severity_was"], "critical");
}

#[test]
fn the_table_of_a_comparison_fits_and_tells_the_counts() {
    let (one, two) = (accounts::of_buckets(1), accounts::of_buckets(2));
    let (one, two) = (report_of(&one), report_of(&two));
    let outcome = coldbucket("diff old.json new.json")
        .file("old.json", &one)
        .file("new.json", &two)
        .env("COLUMNS", "80")
        .run()
        .exits(1);
    assert!(
        outcome
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 80),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .contains(" new, 0 fixed, 0 changed, 0 no longer assessable")
    );
    assert!(outcome.stdout.contains("\nNew  "));
}

#[test]
fn a_snapshot_is_no_report() {
    diff("{\"schema\":\"coldbucket-snapshot/1\"}", "{}", "")
        .exits(2)
        .says("error: old.json is not a valid report: the schema is `coldbucket-snapshot/1`; `coldbucket audit -o json` writes `coldbucket-report/1`");
}
