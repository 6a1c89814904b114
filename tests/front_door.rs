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
use serde_json::{Value, json};
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
        let resource = std::sync::Arc::make_mut(&mut result.resource);
        resource.name = format!("crowded-bucket-{number:03}");
        resource.arn = format!("arn:aws:s3:::crowded-bucket-{number:03}");
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

/// What was not requested is no gap of the audit, and no exit code 3.
#[test]
fn opt_in_readings_that_were_not_requested_do_not_make_an_audit_incomplete() {
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

/// The text; of CSV each cell on a line of its own.
fn lines(format: &str, text: String) -> String {
    if format != "csv" {
        return text;
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells = reader.records().flat_map(|record| {
        let record = record.unwrap();
        record.iter().map(str::to_owned).collect::<Vec<_>>()
    });
    cells.collect::<Vec<_>>().join("\n")
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
        let found = commands(&lines(format, text));
        assert!(!found.is_empty(), "{format} prints no command");
        all.extend(found);
    }
    for format in ["table", "csv", "markdown"] {
        let text = coldbucket(&format!("remediate --sample --format {format}"))
            .run()
            .stdout;
        all.extend(commands(&lines(format, text)));
    }
    let home = tempfile::tempdir().unwrap();
    std::env::set_current_dir(home.path()).unwrap();
    let commands = one_of_each(all);
    assert!(commands.len() > 50, "{commands:#?}");
    for command in commands {
        // The fix of a check that only a live account has.
        if command.contains("--measure") {
            continue;
        }
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
    let audit = |format: &str| {
        coldbucket(&format!(
            "audit --pack strict --region us-east-1 -o {format} --snapshot"
        ))
        .arg(&path)
        .run()
        .stdout
    };
    let named =
        format!("coldbucket remediate --snapshot {path} --region us-east-1 --pack strict --check ");
    assert!(audit("markdown").contains(&named));
    // The same snapshot gives the same document, wherever the file is.
    let report: Value = serde_json::from_str(&audit("json")).unwrap();
    let results = report["results"].as_array().unwrap();
    let failed = results
        .iter()
        .find(|result| result["status"] == "fail")
        .unwrap();
    let command = failed["remediation"]["command"].as_str().unwrap();
    let piped = "coldbucket remediate --snapshot - --region us-east-1 --pack strict --check ";
    assert!(command.starts_with(piped), "{command}");
}

// What is handed over ----------------------------------------------------------------------------

/// Every control of the pack has a state; what is not covered says why.
#[test]
fn a_standard_reads_control_by_control() {
    let table = coldbucket("audit --sample --pack cis-7 --by control")
        .run()
        .exits(1)
        .stdout;
    assert!(
        table.contains("CIS AWS Foundations Benchmark v7"),
        "{table}"
    );
    assert!(table.contains("not covered"), "{table}");
    let csv = coldbucket("audit --sample --pack cis-7 --by control -o csv")
        .run()
        .stdout;
    let head = csv.lines().next().unwrap();
    assert!(
        head.starts_with("standard,control,state,title,failed,passed,unknown"),
        "{head}"
    );
    let page = coldbucket("audit --sample --pack cis-7 -o html")
        .run()
        .stdout;
    assert!(page.contains("id=\"controls\""));
    let refused = coldbucket("audit --sample --by control").run().exits(2);
    assert!(
        refused.stderr.contains("choose one with --pack"),
        "{}",
        refused.stderr
    );
}

/// Worst first, whether a fix is ready or not.
#[test]
fn tickets_come_worst_first() {
    let csv = coldbucket("remediate --sample --format csv")
        .run()
        .exits(0)
        .stdout;
    let severities: Vec<Severity> = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .filter_map(|(name, _)| Severity::ALL.into_iter().find(|one| one.name() == name))
        .collect();
    assert!(severities.len() > 100);
    assert!(severities.is_sorted_by(|a, b| a >= b));
    let markdown = coldbucket("remediate --sample --format markdown")
        .run()
        .exits(0)
        .stdout;
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(
        markdown.lines().all(|line| columns(line) == 11),
        "{markdown}"
    );
}

#[test]
fn split_writes_a_file_a_resource_in_a_folder_a_region() {
    let ran = coldbucket("remediate --sample --split fixes")
        .run()
        .exits(0);
    let folder = ran.home.path().join("fixes");
    let regions: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        regions.contains("eu-west-1") && regions.contains("us-east-1"),
        "{regions:?}"
    );
    let file = folder.join("us-east-1/bucket-acme-legacy-downloads.tf");
    let code = std::fs::read_to_string(file).unwrap();
    assert!(code.contains("acme-legacy-downloads"), "{code}");
    assert!(!code.contains("acme-legacy-inbox"), "{code}");
}

/// A stand-in for the AWS CLI: it writes down what it is asked, knows an account, and refuses one
/// bucket.
const AWS: &str = r#"#!/bin/sh
printf '%s\n' "$*" >>"$CALLS"
case "$*" in
  'sts get-caller-identity'*) echo "$ACCOUNT" ;;
  's3api put-public-access-block'*refused*) echo 'An error occurred (AccessDenied)' >&2; exit 254 ;;
  's3api get-public-access-block'*) echo '{"BlockPublicAcls": true}' ;;
esac
"#;

/// Runs the fixes of three buckets, the second of which refuses.
fn run_fixes(account: &str, arguments: &[&str]) -> (i32, String, String, String, Option<String>) {
    let bucket = |name: &str| {
        let mut bucket = json!({"region": "eu-west-1"});
        for reading in ["policy", "public_access_block", "website", "logging"] {
            bucket[reading] = "absent".into();
        }
        bucket["ownership"] = json!({"known": {"object_ownership": "BucketOwnerEnforced"}});
        (name.to_owned(), bucket)
    };
    let buckets: serde_json::Map<String, Value> = ["one", "refused", "three"]
        .into_iter()
        .map(bucket)
        .collect();
    let snapshot = json!({
        "schema": "coldbucket-snapshot/1", "taken_at": "2026-11-22T10:15:00Z", "duration_ms": 0, "api_calls": 0,
        "complete": true,
        "accounts": {"111122223333": {
            "buckets": buckets, "bucket_listing": {"known": {"complete": true}},
            "public_access_block": "absent", "regions": {},
        }},
    });
    let planned = coldbucket(
        "remediate --snapshot s.json --check s3-public-access-not-blocked --decided * --format shell",
    )
    .file("s.json", &snapshot.to_string())
    .run()
    .exits(0);
    let home = planned.home.path();
    let write = |name: &str, text: &str| std::fs::write(home.join(name), text).unwrap();
    write("fixes.sh", &planned.stdout);
    write("calls", "");
    write("aws", AWS);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(home.join("aws"), executable).unwrap();
    let ran = std::process::Command::new("sh")
        .arg("fixes.sh")
        .args(arguments)
        .current_dir(home)
        .env("PATH", format!("{}:/usr/bin:/bin", home.display()))
        .env("CALLS", home.join("calls"))
        .env("ACCOUNT", account)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let read = |name: &str| std::fs::read_to_string(home.join(name)).ok();
    (
        ran.status.code().unwrap(),
        text(ran.stdout),
        text(ran.stderr),
        read("calls").unwrap(),
        read("undo.sh"),
    )
}

#[test]
fn a_failed_fix_leaves_the_others_done_and_all_of_them_can_be_undone() {
    let (code, stdout, stderr, calls, undo) = run_fixes("111122223333", &["--undo", "undo.sh"]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    for bucket in ["one", "refused", "three"] {
        assert!(
            calls.contains(&format!("s3api put-public-access-block --bucket {bucket} ")),
            "{calls}"
        );
    }
    assert!(stdout.contains("2 fixes applied."), "{stdout}");
    let failed = stderr.split("Failed:").nth(1).unwrap();
    assert!(
        failed.contains("refused") && !failed.contains("three"),
        "{stderr}"
    );
    let undo = undo.unwrap();
    let put: Vec<&str> = undo
        .lines()
        .filter(|line| line.starts_with("aws "))
        .collect();
    assert_eq!(put.len(), 3, "{undo}");
    // The last change is undone first.
    assert_eq!(
        put[0],
        "aws s3api put-public-access-block --public-access-block-configuration '{\"BlockPublicAcls\": true}' --bucket 'three' --region 'eu-west-1'"
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let (code, stdout, stderr, calls, undo) = run_fixes("111122223333", &["--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("aws 's3api' 'put-public-access-block' '--bucket' 'one'"),
        "{stdout}"
    );
    assert!(
        stdout.contains("3 fixes printed, none applied."),
        "{stdout}"
    );
    assert!(!calls.contains("put-"), "{calls}");
    assert_eq!(undo, None);
}

#[test]
fn another_account_is_refused_before_anything_runs() {
    let (code, _, stderr, calls, undo) = run_fixes("999999999999", &[]);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("999999999999; the plan is for 111122223333"),
        "{stderr}"
    );
    assert_eq!(calls.lines().count(), 1, "{calls}");
    assert_eq!(undo, None);
}

// Before a run -----------------------------------------------------------------------------------

#[test]
fn doctor_names_the_permissions_that_are_missing() {
    let ran = coldbucket("doctor --sample").run().exits(3);
    for text in [
        "444455556666",
        "s3:GetEncryptionConfiguration",
        "AccessDenied",
        "coldbucket permissions",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    coldbucket(&format!(
        "doctor {} --check s3-plain-http",
        snapshot("clean")
    ))
    .run()
    .exits(0);
}

#[test]
fn a_plan_names_calls_and_makes_none() {
    let plan = coldbucket("audit --plan --check s3-plain-http")
        .run()
        .exits(0)
        .stdout;
    assert!(plan.contains("s3 GetBucketPolicy"), "{plan}");
    assert!(plan.contains("Nothing has been called."), "{plan}");
    assert!(!plan.contains("GetBucketEncryption"), "{plan}");
}

#[test]
fn init_writes_what_ci_needs_and_keeps_what_is_there() {
    let ran = coldbucket("init repository")
        .file("repository/coldbucket.toml", "fail_on = \"low\"\n")
        .run()
        .exits(0);
    let folder = ran.home.path().join("repository");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("coldbucket.toml"), "fail_on = \"low\"\n");
    for name in [
        "baseline.json",
        ".github/workflows/coldbucket.yml",
        "coldbucket-role/policy.json",
        "coldbucket-role/trust.json",
    ] {
        assert!(!read(name).is_empty(), "{name}");
    }
    // The written configuration and baseline are valid.
    let ran = coldbucket("init .").run().exits(0);
    let home = ran.home.path().display().to_string();
    let config = format!("audit --sample --config {home}/coldbucket.toml");
    coldbucket(&config).run().exits(1);
    support::tools::assert_content(
        support::tools::tool("actionlint")
            .arg("-no-color")
            .arg(format!("{home}/.github/workflows/coldbucket.yml")),
    );
}

#[test]
fn prove_can_fail_a_build() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;
    let prove = |policy: &str, question: &str| {
        coldbucket("policy prove --policy p.json --owner 111122223333 --bucket b --fail-on")
            .arg(question)
            .file("p.json", policy)
            .run()
    };
    prove(policy, "anonymous").exits(1);
    prove(
        &policy.replace("\"*\",\"Action", "{\"AWS\":\"111122223333\"},\"Action"),
        "anonymous",
    )
    .exits(0);
}

/// A terminal gets the first screen, `--full` and a pipe everything.
#[test]
fn a_terminal_gets_the_first_screen() {
    let ran = |options: &str| {
        let line = format!(
            "stty cols 80 rows 24; {} audit --sample --no-pager {options}",
            env!("CARGO_BIN_EXE_coldbucket")
        );
        let ran = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(ran.stdout).unwrap()
    };
    let screen = ran("--color never");
    assert!(screen.lines().count() <= 40, "{screen}");
    let last = screen.trim_end().lines().last().unwrap();
    assert!(last.starts_with("FAIL (exit code 1): "), "{screen}");
    assert!(ran("--full --color never").lines().count() > 200);
    // In colours the titles are links.
    assert!(ran("--full --color always").contains("\u{1b}]8;;https://"));
}
