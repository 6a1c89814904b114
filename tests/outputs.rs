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
use coldbucket::report::Report;
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

/// What nobody asked for is told with the option that asks for it, whichever reading it is.
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
                "check": "c", "status": "not-assessed", "reason": "not-collected", "missing": [action], "severity": "low",
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
    assert_eq!(seen, 5);
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
