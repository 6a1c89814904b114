//! Machine outputs against their published schemas, and the schemas against the types.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::fs;
use std::path::Path;

use coldbucket::cli::choices::SchemaName;
use coldbucket::inventory::need::ReadingKind;
use coldbucket::output::{Format, Look};
use coldbucket::report::{DurationBasis, Report};
use coldbucket::run::schema;
use serde_json::{Value, json};
use support::{coldbucket, fixture, snapshot};

fn published(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(schema: &Value, document: &Value, name: &str) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let mistakes: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
}

/// Every account there is: the fixtures and the sample.
fn accounts() -> Vec<(String, String)> {
    let mut accounts = vec![("sample".to_owned(), "--sample".to_owned())];
    for entry in fs::read_dir(fixture("snapshots")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = snapshot(&name);
        accounts.push((name, source));
    }
    assert!(accounts.len() > 5);
    accounts
}

/// What was not requested is named with the option that requests it, whichever reading it is.
#[test]
fn a_reading_that_only_an_option_makes_names_the_option() {
    let opt_ins = ReadingKind::ALL
        .iter()
        .filter_map(|reading| Some((reading.action(), reading.option()?)));
    let mut seen = 0;
    for (action, option) in opt_ins {
        let report: Report = serde_json::from_value(json!({
            "schema": "coldbucket-report/1", "tool": {"name": "coldbucket", "version": "0"},
            "taken_at": "2026-11-22T10:15:00Z", "source": "snapshot",
            "scope": {"accounts": ["111111111111"], "regions": [], "endpoint": null, "selection": {}},
            "summary": {"resources": {"bucket": 1}, "results": {"not-assessed": 1}, "failed_by_severity": {}, "api_calls": 0, "duration_ms": 0},
            "checks": {}, "buckets": [], "cold_start": [], "gaps": [],
            "results": [{
                "check": "c", "status": "not-assessed", "reason": "not-collected", "missing": [action], "not_requested": [option], "severity": "low",
                "resource": {"type": "bucket", "name": "b", "arn": "arn:aws:s3:::b", "account": "111111111111", "region": "eu-west-1"},
                "fingerprint": "00000000000000000000000000000000",
            }],
        }))
        .unwrap();
        let mut table = Vec::new();
        Format::TABLE
            .render(&report, Look::FILE, &mut table)
            .unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(table.contains(option), "{action}: {table}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

fn sample() -> Report {
    serde_json::from_value(coldbucket("audit --sample -o json").run().json()).unwrap()
}

fn rendered(format: &str, report: &Report, width: usize) -> String {
    let look = Look {
        width,
        ..Look::FILE
    };
    let mut out = Vec::new();
    let format = Format::from_name(format).unwrap();
    format.render(report, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The lines of the terminal's section of that title.
fn section<'t>(table: &'t str, title: &str) -> Vec<&'t str> {
    let mut lines = table.lines().skip_while(|line| !line.starts_with(title));
    lines.next();
    lines.take_while(|line| !line.is_empty()).collect()
}

/// A bucket that any AWS account can list, and no one without credentials, as an ACL of
/// AuthenticatedUsers makes it.
#[test]
fn what_any_aws_account_can_do_reads_the_same_everywhere_and_comes_first() {
    let closed = json!({"read": "unreachable", "list": "unreachable", "write": "unreachable",
        "acl": "unreachable", "takeover": "unreachable"});
    let mut listed = closed.clone();
    listed["list"] = "reachable".into();
    let bucket = |name: &str, signed: &Value| {
        json!({
            "name": name, "region": "eu-west-1", "account": "111111111111",
            "access": {"anonymous": closed, "any_aws_account": signed, "other_accounts": [], "acls": "on",
                "block_public_access": "off", "plain_http": "reachable", "presigned": "reachable"},
            "encryption": {"default": "sse-s3", "key": null, "bucket_key": null, "sse_c": "unknown",
                "client_side": "not visible"},
            "monitoring": {"access_log": "off", "data_events": "part", "config": "not recorded"},
        })
    };
    let mut report = sample();
    report.results.clear();
    report.buckets = serde_json::from_value(json!([
        bucket("a-closed", &closed),
        bucket("b-listed", &listed)
    ]))
    .unwrap();
    for width in [80, 120] {
        let table = rendered("table", &report, width);
        let rows: Vec<&str> = section(&table, "Buckets").into_iter().skip(2).collect();
        assert!(rows[0].contains("b-listed"), "{table}");
        assert!(rows[0].contains("any AWS account: list"), "{table}");
        assert!(rows[1].contains("nothing"), "{table}");
    }
    let page = rendered("html", &report, 120);
    let row = |name: &str| page.find(&format!("<span class=\"name\">{name}</span>"));
    assert!(row("b-listed") < row("a-closed"));
    let words = "<td class=\"bad\" data-label=\"Anyone can\"><span class=\"w\">any AWS account: list</span>";
    assert_eq!(page.matches(words).count(), 1);
    // What is recorded in part is to be weighed, in HTML as on a terminal.
    for (label, word) in [("Data events", "part"), ("AWS Config", "not recorded")] {
        let cell =
            format!("<td class=\"poor\" data-label=\"{label}\"><span class=\"w\">{word}</span>");
        assert_eq!(page.matches(&cell).count(), 2, "{label}");
    }
    let comment = rendered("markdown", &report, 120);
    assert!(
        comment.contains("- `b-listed`: any AWS account: list\n"),
        "{comment}"
    );
    assert!(!comment.contains("a-closed"), "{comment}");
}

#[test]
fn a_cold_start_is_one_number_and_no_lever_saves_more() {
    let report = sample();
    let (mut measured, mut estimated) = (0, 0);
    for start in &report.cold_start {
        let Some(duration) = &start.duration else {
            assert!(start.estimate.is_none());
            continue;
        };
        let enough = start
            .measured
            .as_ref()
            .filter(|measured| measured.cold_starts >= 10);
        match enough {
            Some(found) => {
                assert_eq!(duration.basis, DurationBasis::Measurement);
                assert_eq!(duration.reported_ms, found.p50_ms);
                measured += 1;
            }
            None => {
                assert_eq!(duration.basis, DurationBasis::Estimate);
                let estimate = start.estimate.as_ref().unwrap();
                assert_eq!(duration.reported_ms, estimate.reported_ms);
                estimated += 1;
            }
        }
        for lever in &start.levers {
            assert!(
                lever.saves_ms <= duration.reported_ms,
                "{} {}: {lever:?}",
                start.function,
                start.qualifier
            );
        }
        let drivers: f64 = start.drivers.iter().map(|driver| driver.ms).sum();
        assert!(
            (drivers - duration.reported_ms).abs() < 1.0,
            "{} {}: {drivers} of {}",
            start.function,
            start.qualifier,
            duration.reported_ms
        );
    }
    assert!(measured > 5 && estimated > 5);
}

#[test]
fn cold_starts_are_sorted_by_that_number_and_named_apart() {
    let report = sample();
    for width in [80, 120] {
        let table = rendered("table", &report, width);
        let rows = section(&table, "Cold starts in time and dollars");
        let ledger = rows
            .iter()
            .find(|row| row.contains("payment-ledger:live"))
            .unwrap();
        assert!(
            ledger.contains("11.8 s") && ledger.contains("measured"),
            "{ledger}"
        );
        assert!(!ledger.contains("5.2 s"), "{ledger}");
        for title in ["Lambda cold starts", "Cold starts in time and dollars"] {
            for region in ["eu-west-1", "us-east-1"] {
                let name = format!("acme-checkout-api:live, {region}");
                let rows = section(&table, title);
                let found = rows.iter().filter(|row| row.contains(&name)).count();
                assert_eq!(found, 1, "{title} at {width}: {name}");
            }
        }
        // "921 ms" and "11.8 s" in the second column of words.
        let times: Vec<f64> = rows
            .iter()
            .skip(1)
            .take_while(|row| row.contains("measured") || row.contains("estimated"))
            .map(|row| {
                let before = row.split("  measured").next().unwrap();
                let before = before.split("  estimated").next().unwrap();
                let (number, unit) = before.trim().rsplit_once(' ').unwrap();
                let number: f64 = number.rsplit(' ').next().unwrap().parse().unwrap();
                if unit == "s" { number * 1000.0 } else { number }
            })
            .collect();
        assert!(times.len() > 20);
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    }
}

#[test]
fn schemas_are_what_the_types_say() {
    for (name, file) in [
        (SchemaName::Report, "report.schema.json"),
        (SchemaName::Snapshot, "snapshot.schema.json"),
        (SchemaName::Baseline, "baseline.schema.json"),
        (SchemaName::Diff, "diff.schema.json"),
    ] {
        // Not assert_eq: a screen of schema hides the one line that helps.
        assert!(
            published(file) == schema::of(name),
            "schemas/{file} is out of date: `make schemas` writes it again"
        );
    }
    let printed = coldbucket("schema report").run().exits(0).json();
    assert_eq!(printed, published("report.schema.json"));
}

#[test]
fn every_report_is_valid() {
    let schema = published("report.schema.json");
    for (name, source) in accounts() {
        let report = coldbucket(&format!("audit {source} -o json")).run().json();
        assert_valid(&schema, &report, &name);
        assert_eq!(report["schema"], "coldbucket-report/1");
    }
}

#[test]
fn every_snapshot_is_valid() {
    let schema = published("snapshot.schema.json");
    for (name, source) in accounts() {
        let path = match source.strip_prefix("--snapshot ") {
            Some(path) => Path::new(path).to_owned(),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("src/run/sample.json"),
        };
        let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert_valid(&schema, &document, &name);
    }
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    for (name, source) in accounts() {
        let written = coldbucket(&format!("audit {source} -o json")).run().stdout;
        let report: Report = serde_json::from_str(&written).unwrap();
        let mut again = Vec::new();
        coldbucket::output::json::render(&report, &mut again).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), written, "{name}");
    }
}

#[test]
fn a_result_is_one_line() {
    let written = coldbucket("audit --sample -o json").run().stdout;
    let report: Value = serde_json::from_str(&written).unwrap();
    let lines = written
        .lines()
        .filter(|line| line.trim_start().starts_with("{\"check\":"))
        .count();
    assert_eq!(lines, report["results"].as_array().unwrap().len());
}

#[test]
fn evidence_points_at_what_it_says() {
    for (name, source) in accounts() {
        let Some(path) = source.strip_prefix("--snapshot ") else {
            continue;
        };
        let account: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let report = coldbucket(&format!("audit {source} -o json")).run().json();
        for result in report["results"].as_array().unwrap() {
            for evidence in result["evidence"].as_array().into_iter().flatten() {
                let pointer = evidence["pointer"].as_str().unwrap();
                assert!(account.pointer(pointer).is_some(), "{name}: {pointer}");
            }
        }
    }
}
