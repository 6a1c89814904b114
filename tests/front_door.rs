//! What a new user meets: the first screen, the commands it prints, and files that are handed over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser;
use coldbucket::cli::Cli;
use coldbucket::output::{Format, Look, TextLength};
use coldbucket::report::{Report, Severity, Status};
use coldbucket::run;
use serde_json::Value;
use support::{coldbucket, fixture, snapshot};
use unicode_width::UnicodeWidthStr;

/// The width of a terminal, from a small one to a wide one.
const WIDTHS: [usize; 5] = [80, 100, 120, 160, 200];

/// The first screen of an audit of that source, without colours.
fn screen(report: &Report, width: usize) -> String {
    let look = Look {
        width,
        length: TextLength::FirstScreen,
        ..Look::FILE
    };
    let mut out = Vec::new();
    Format::TABLE.render(report, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The report of a source, with the options that name it.
fn report(source: &str) -> Report {
    let audited = coldbucket(&format!("audit {source} -o json")).run();
    let mut report: Report = serde_json::from_str(&audited.stdout).unwrap();
    report.invocation.source = source.split_whitespace().map(str::to_owned).collect();
    report
}

/// The rows of a terminal of that width.
fn rows(text: &str, width: usize) -> usize {
    text.lines()
        .map(|line| line.width().div_ceil(width).max(1))
        .sum()
}

/// An account of 500 buckets, each with the same faults.
fn crowded() -> Report {
    let mut report = report("--sample");
    let failed = |report: &Report| -> Vec<_> {
        let results = report.results.iter();
        results
            .filter(|result| result.status == Status::Fail)
            .cloned()
            .collect()
    };
    let one = failed(&report)
        .into_iter()
        .find(|result| result.severity == Severity::Critical);
    let one = one.unwrap();
    for number in 0..500 {
        let mut result = one.clone();
        result.resource.name = format!("crowded-bucket-{number:03}");
        result.resource.arn = format!("arn:aws:s3:::crowded-bucket-{number:03}");
        report.results.push(result);
    }
    report
}

fn empty() -> Report {
    let mut report = report("--sample");
    report.results.clear();
    report.cold_start.clear();
    report.buckets.clear();
    report.gaps.clear();
    report
        .summary
        .results
        .values_mut()
        .for_each(|number| *number = 0);
    report
        .summary
        .failed_by_severity
        .values_mut()
        .for_each(|number| *number = 0);
    report.summary.not_requested = 0;
    report
        .summary
        .resources
        .values_mut()
        .for_each(|number| *number = Some(0));
    let gate = report.gate.as_mut().unwrap();
    (gate.exit_code, gate.findings) = (0, 0);
    report
}

#[test]
fn the_first_screen_is_at_most_40_rows_and_ends_with_the_verdict() {
    let denied = format!("{} --fail-on low", snapshot("denied"));
    for (report, verdict) in [
        (report("--sample"), "FAIL (exit code 1): "),
        (empty(), "PASS (exit code 0): "),
        (report(&snapshot("clean")), "PASS (exit code 0): "),
        (report(&denied), "INCOMPLETE (exit code 3): "),
        (report(&snapshot("unlisted")), "INCOMPLETE (exit code 3): "),
        (crowded(), "FAIL (exit code 1): "),
    ] {
        for width in WIDTHS {
            let screen = screen(&report, width);
            assert!(rows(&screen, width) <= 40, "{width} columns:\n{screen}");
            let last = screen.trim_end().lines().last().unwrap();
            assert!(last.starts_with(verdict), "{width} columns:\n{screen}");
            assert!(last.width() <= width, "{last}");
        }
    }
}

#[test]
fn the_first_screen_of_the_sample() {
    let report = report("--sample");
    for width in [80, 120] {
        insta::assert_snapshot!(format!("first_screen_{width}"), screen(&report, width));
    }
}

/// Counts are those of the report, and each finding names its resources and its fix.
#[test]
fn the_first_screen_counts_as_every_other_format_does() {
    let report = report("--sample");
    let screen = screen(&report, 120);
    for severity in Severity::ALL {
        let many = report.summary.failed_by_severity[severity.name()];
        if many > 0 {
            assert!(
                screen.contains(&format!("{many} {}", severity.name())),
                "{screen}"
            );
        }
    }
    let not_assessed = report.summary.results["not-assessed"];
    let unjudged = report
        .results
        .iter()
        .filter(|result| result.could_not_be_judged())
        .count();
    assert_eq!(unjudged as u64 + report.summary.not_requested, not_assessed);
    let fixes = screen
        .matches("coldbucket remediate --sample --check ")
        .count();
    assert_eq!(fixes, 6, "{screen}");
}

/// What nobody requested is no gap of the audit, and no exit code 3.
#[test]
fn opt_in_readings_that_nobody_requested_do_not_make_an_audit_incomplete() {
    let clean = snapshot("clean");
    let source = format!("{clean} --pack strict --check s3-sampled-object-* --fail-on info");
    let audited = coldbucket(&format!("audit {source} -o json"))
        .run()
        .exits(0);
    let report: Report = serde_json::from_str(&audited.stdout).unwrap();
    let open: Vec<_> = report
        .results
        .iter()
        .filter(|result| result.status == Status::NotAssessed)
        .collect();
    assert!(!open.is_empty());
    for result in &open {
        assert_eq!(result.not_requested, ["--sample-objects N"], "{result:?}");
    }
    assert_eq!(report.summary.not_requested, open.len() as u64);
    let said = format!("{} not requested", open.len());
    assert!(screen(&report, 80).contains(&said));
    for format in ["table", "html", "markdown"] {
        let text = coldbucket(&format!("audit {source} -o {format}"))
            .run()
            .stdout;
        assert!(text.contains("not requested"), "{format}");
        assert!(text.contains("--sample-objects N"), "{format}");
    }
}

// Commands --------------------------------------------------------------------------------------

/// The words of a command line, as a POSIX shell reads them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                any = true;
            }
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            other => word.push(other),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Every command of coldbucket that a text prints.
fn commands(text: &str) -> BTreeSet<String> {
    let names = [
        "audit",
        "explain",
        "remediate",
        "permissions",
        "checks",
        "policy",
        "doctor",
    ];
    let text = text
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"");
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("coldbucket ") {
        let rest = &text[at..];
        let end = rest.find(['\n', '<', '`', '"']).unwrap_or(rest.len());
        let line = rest[..end].trim_end();
        let second = line.split_whitespace().nth(1).unwrap_or_default();
        let before = text[..at].chars().next_back().unwrap_or('\n');
        if names.contains(&second) && !before.is_alphanumeric() && !line.contains('…') {
            found.insert(line.to_owned());
        }
    }
    found
}

/// One command of each kind: the same words but for the resource.
fn one_of_each(commands: BTreeSet<String>) -> Vec<String> {
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    for command in commands {
        let all = words(&command);
        let key = match all[1].as_str() {
            "explain" => all[..all.len() - 1].join(" "),
            _ => {
                let resource = all
                    .iter()
                    .position(|word| word == "--bucket" || word == "--function");
                let mut kept = all.clone();
                if let Some(at) = resource {
                    kept.remove(at + 1);
                }
                kept.join(" ")
            }
        };
        kinds.entry(key).or_insert(command);
    }
    kinds.into_values().collect()
}

/// Every command that any output prints for the sample runs as it is printed.
#[test]
fn every_printed_command_runs() {
    let report = report("--sample");
    let mut all = BTreeSet::new();
    for width in [80, 200] {
        all.extend(commands(&screen(&report, width)));
    }
    for format in [
        "table",
        "table --by resource",
        "html",
        "markdown",
        "json",
        "csv",
    ] {
        let text = coldbucket(&format!("audit --sample -o {format}"))
            .run()
            .stdout;
        let found = commands(&text);
        assert!(!found.is_empty(), "{format} prints no command");
        all.extend(found);
    }
    for format in ["table", "csv", "markdown"] {
        all.extend(commands(
            &coldbucket(&format!("remediate --sample --format {format}"))
                .run()
                .stdout,
        ));
    }
    let home = tempfile::tempdir().unwrap();
    std::env::set_current_dir(home.path()).unwrap();
    let commands = one_of_each(all);
    assert!(commands.len() > 50, "{commands:#?}");
    for command in commands {
        assert!(
            command.contains("--sample") || command.contains("permissions"),
            "{command}"
        );
        let cli = Cli::try_parse_from(words(&command))
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = run::start(cli, &mut stdout, &mut stderr)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!([0, 1, 3].contains(&exit.code()), "{command}: {exit:?}");
    }
}

#[test]
fn a_printed_command_names_the_snapshot_and_the_pack_of_its_run() {
    let path = fixture("snapshots/public-write.json").display().to_string();
    let audited = coldbucket("audit --pack strict --region us-east-1 -o json --snapshot")
        .arg(&path)
        .run();
    let report: Value = serde_json::from_str(&audited.stdout).unwrap();
    let failed = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|result| result["status"] == "fail");
    let command = failed.unwrap()["remediation"]["command"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        command.starts_with(&format!(
            "coldbucket remediate --snapshot {path} --region us-east-1 --pack strict --check "
        )),
        "{command}"
    );
}
