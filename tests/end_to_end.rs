//! The real binary, from arguments to exit code, on recorded accounts and in a scrubbed environment.
//!
//! What a user can see is asserted here: exit codes, messages, bytes. Verdicts of single checks are
//! the business of `policies.rs` and of the account that is deployed into LocalStack.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};
use support::{coldbucket, fixture, snapshot};
use unicode_width::UnicodeWidthStr;

fn audit(name: &str) -> support::Run {
    coldbucket(&format!("audit {}", snapshot(name)))
}

// Exit codes ------------------------------------------------------------------------------------

#[test]
fn nothing_at_the_gate_exits_0() {
    audit("clean").run().exits(0);
}

#[test]
fn a_finding_at_the_gate_exits_1() {
    audit("public-write").run().exits(1);
}

#[test]
fn a_finding_below_the_gate_exits_0() {
    audit("clean").arg("--fail-on=critical").run().exits(0);
    audit("public-write").arg("--fail-on=none").run().exits(0);
}

#[test]
fn the_sample_account_has_findings() {
    coldbucket("audit --sample").run().exits(1);
}

#[test]
fn what_could_not_be_judged_exits_3() {
    audit("denied").run().exits(3);
    audit("unlisted").run().exits(3);
}

#[test]
fn a_finding_wins_over_what_could_not_be_judged() {
    audit("denied-and-public-write").run().exits(1);
}

#[test]
fn incomplete_can_be_allowed() {
    audit("denied").arg("--allow-incomplete").run().exits(0);
}

#[test]
fn an_interrupted_snapshot_is_incomplete_and_says_so() {
    let outcome = audit("interrupted").run().exits(3);
    assert!(outcome.stdout.contains("interrupted"));
    audit("interrupted")
        .arg("--allow-incomplete")
        .run()
        .exits(0);
}

#[test]
fn a_wrong_command_line_exits_2() {
    coldbucket("audit --sampel").run().exits(2);
    coldbucket("audti").run().exits(2);
    coldbucket("audit --sample --fail-on severe").run().exits(2);
}

#[cfg(feature = "aws")]
mod nothing_could_be_read {
    use super::*;

    #[test]
    fn without_credentials_it_exits_4_with_one_message() {
        let outcome = coldbucket("audit")
            .env("AWS_REGION", "eu-west-1")
            .run()
            .exits(4);
        assert_eq!(outcome.stdout, "");
        assert!(
            outcome
                .stderr
                .starts_with("error: no usable AWS credentials"),
            "{}",
            outcome.stderr
        );
    }

    #[test]
    fn without_an_endpoint_it_exits_4_and_names_it() {
        // A port that was free a moment ago: nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let outcome = coldbucket(&format!(
            "audit --endpoint-url http://127.0.0.1:{port} -o json=report.json"
        ))
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .run()
        .exits(4);
        assert_eq!(outcome.stdout, "");
        assert!(
            outcome.stderr.contains(&format!("127.0.0.1:{port}")),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.files(), [""; 0], "nothing half-written");
    }

    #[test]
    fn a_region_that_cannot_be_one_exits_2_before_credentials_are_asked_for() {
        coldbucket("audit --region eu-wst-1")
            .run()
            .exits(2)
            .says("error: `eu-wst-1` is not a Region name; did you mean `eu-west-1`?");
    }
}

// Mistakes --------------------------------------------------------------------------------------

#[test]
fn every_mistake_of_the_configuration_is_reported_at_once() {
    coldbucket("audit --sample")
        .file(
            "coldbucket.toml",
            "fail-on = \"high\"\nseverity = \"hihg\"\nrate = \"fast\"\n\n[checks.s3-plain-http]\nlimit = 1979-05-27\n",
        )
        .run()
        .exits(2)
        .says(
            "error: 4 mistakes\n  \
             coldbucket.toml:1:1: unknown key `fail-on`; did you mean `fail_on`?\n  \
             coldbucket.toml:2:12: `severity` cannot be `hihg`; did you mean `high`?\n  \
             coldbucket.toml:3:8: `rate` must be a number, not a string\n  \
             coldbucket.toml:6:9: `limit` must be a string, a number, true or false, or a list of those, not a datetime",
        );
}

#[test]
fn a_check_the_configuration_misspells_has_its_place() {
    let outcome = coldbucket("audit --sample")
        .file(
            "coldbucket.toml",
            "exclude = [\n  \"s3-plain-htp\",\n]\n[checks.s3-plain-hppt]\nx = 1\n",
        )
        .run()
        .exits(2);
    assert!(
        outcome.stderr.contains("coldbucket.toml:2:3: "),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("coldbucket.toml:4:9: "),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        outcome
            .stderr
            .matches("did you mean `s3-plain-http`")
            .count(),
        2,
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_configuration_is_found_upward_and_stops_at_a_repository() {
    let below = |marker: &str| {
        let run = coldbucket("audit --sample")
            .file("coldbucket.toml", "fail_on = \"none\"")
            .file(marker, "")
            .file("repo/src/x", "");
        let folder = run.home.path().join("repo/src");
        let mut run = run;
        run.command.current_dir(folder);
        run.run().code
    };
    assert_eq!(below("repo/other"), 0, "found two folders up");
    assert_eq!(below("repo/.git/HEAD"), 1, "not beyond the repository");
}

#[test]
fn the_command_line_wins_over_the_configuration() {
    audit("public-write")
        .file("coldbucket.toml", "fail_on = \"none\"")
        .run()
        .exits(0);
    audit("public-write")
        .file("coldbucket.toml", "fail_on = \"none\"")
        .arg("--fail-on=critical")
        .run()
        .exits(1);
}

#[test]
fn a_named_configuration_must_be_there() {
    coldbucket("audit --sample --config team.toml")
        .run()
        .exits(2)
        .says("error: the file team.toml does not exist");
}

#[test]
fn two_outputs_to_stdout_are_a_mistake() {
    coldbucket("audit --sample -o json -o table")
        .run()
        .exits(2)
        .says("error: only one output can go to standard output (json, table); give the others a file, as in -o json=FILE");
}

#[test]
fn a_misspelt_check_does_not_make_an_audit_pass() {
    let outcome = coldbucket("audit --sample --check s3-plain-htp")
        .run()
        .exits(2);
    assert!(
        outcome.stderr.contains("did you mean `s3-plain-http`?"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_bucket_that_is_not_there_does_not_make_an_audit_pass() {
    audit("clean")
        .arg("--bucket=acme-order")
        .run()
        .exits(2)
        .says("error: no bucket named `acme-order`; did you mean `acme-orders`?");
}

#[test]
fn a_policy_file_with_a_typo_is_one_message_with_its_place() {
    let outcome = coldbucket("audit --sample --policies ours -o json=report.json")
        .file(
            "ours/s3-typo.yaml",
            "id: s3-typo\ntitle: T\nsubject: bucket\nseverity: low\nfail_when: bukcet.acl.enabled\nmessage: M\nevidence: bucket.acl\nsince: 0.1.0\n",
        )
        .run()
        .exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(
        outcome.stderr.contains("ours/s3-typo.yaml:5:"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("bukcet"), "{}", outcome.stderr);
    assert_eq!(outcome.files(), ["ours"], "nothing half-written");
}

#[test]
fn a_folder_without_policies_is_a_mistake() {
    let outcome = coldbucket("audit --sample --policies ours")
        .file("ours/readme.md", "")
        .run()
        .exits(2);
    assert!(
        outcome.stderr.contains("ours contains no policy files"),
        "{}",
        outcome.stderr
    );
    let outcome = coldbucket("audit --sample --policies nowhere")
        .run()
        .exits(2);
    assert!(
        outcome.stderr.contains("nowhere cannot be read"),
        "{}",
        outcome.stderr
    );
}

// Snapshots -------------------------------------------------------------------------------------

#[test]
fn a_snapshot_cut_in_half_is_one_message_with_its_place() {
    let whole = fs::read_to_string(fixture("snapshots/clean.json")).unwrap();
    let half = &whole[..whole.len() / 2];
    let line = half.matches('\n').count() + 1;
    let outcome = coldbucket("audit --snapshot half.json -o json=report.json")
        .file("half.json", half)
        .run()
        .exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(
        outcome.stderr.starts_with(&format!(
            "error: half.json is not a valid snapshot: the file is truncated at line {line}, column "
        )),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_eq!(outcome.files(), ["half.json"], "nothing half-written");
}

#[test]
fn a_report_is_not_a_snapshot() {
    let report = coldbucket("audit --sample -o json").run().stdout;
    let outcome = coldbucket("audit --snapshot report.json")
        .file("report.json", &report)
        .run()
        .exits(2);
    assert!(
        outcome
            .stderr
            .contains("this is a report (coldbucket-report/1)"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_snapshot_that_is_not_there_is_named() {
    let outcome = coldbucket("audit --snapshot nowhere.json").run().exits(2);
    assert!(
        outcome
            .stderr
            .starts_with("error: nowhere.json cannot be read: "),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_snapshot_can_come_from_standard_input() {
    let bytes = fs::read(fixture("snapshots/public-write.json")).unwrap();
    let piped = coldbucket("audit --snapshot - -o json")
        .stdin(bytes)
        .run()
        .exits(1);
    assert_eq!(
        piped.stdout,
        audit("public-write").arg("-ojson").run().stdout
    );
    coldbucket("audit --snapshot -")
        .stdin("{\"schema\"")
        .run()
        .exits(2)
        .says("error: standard input is not a valid snapshot: the file is truncated at line 1, column 9; collect it again");
}

// Results ---------------------------------------------------------------------------------------

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    for format in ["table", "json"] {
        let run = |columns: &str| {
            coldbucket(&format!("audit --sample -o {format}=out"))
                .env("COLUMNS", columns)
                .run()
                .read("out")
        };
        assert_eq!(
            run("80"),
            run("200"),
            "{format}: a file does not depend on the terminal"
        );
        let stdout = || {
            coldbucket(&format!("audit --sample -o {format}"))
                .run()
                .stdout
        };
        assert_eq!(stdout(), stdout(), "{format}");
    }
}

#[test]
fn every_check_and_resource_has_exactly_one_result() {
    for name in ["clean", "public-write", "denied", "unlisted", "hostile"] {
        let report = audit(name).arg("-ojson").run().json();
        assert_adds_up(&report);
    }
    assert_adds_up(&coldbucket("audit --sample -o json").run().json());
}

/// Each (check, resource, item) once, every check on every resource, and counts that agree.
fn assert_adds_up(report: &Value) {
    let results = report["results"].as_array().unwrap();
    let key = |result: &Value| {
        (
            result["check"].to_string(),
            result["resource"].to_string(),
            result["item"].to_string(),
        )
    };
    let distinct: BTreeSet<_> = results.iter().map(key).collect();
    assert_eq!(distinct.len(), results.len(), "a result is there twice");

    let counted: u64 = report["summary"]["results"]
        .as_object()
        .unwrap()
        .values()
        .map(|number| number.as_u64().unwrap())
        .sum();
    assert_eq!(counted, u64::try_from(results.len()).unwrap());

    // Of one kind, every check is about the same resources; of buckets, about all of the kinds that it
    // judges.
    let kind_of_bucket = |resource: &str| {
        let services = [":s3express:", ":s3tables:", ":s3vectors:", ":s3files:"];
        services
            .into_iter()
            .find(|service| resource.contains(service))
    };
    let kinds: BTreeSet<&str> = results
        .iter()
        .map(|r| r["resource"]["type"].as_str().unwrap())
        .collect();
    for kind in kinds {
        let of_kind = || results.iter().filter(|r| r["resource"]["type"] == kind);
        let resources: BTreeSet<String> = of_kind().map(|r| r["resource"].to_string()).collect();
        let checks: BTreeSet<&str> = of_kind().map(|r| r["check"].as_str().unwrap()).collect();
        for check in checks {
            let judged: BTreeSet<String> = of_kind()
                .filter(|r| r["check"] == check)
                .map(|r| r["resource"].to_string())
                .collect();
            let kinds: BTreeSet<_> = judged.iter().map(|one| kind_of_bucket(one)).collect();
            let expected: BTreeSet<String> = resources
                .iter()
                .filter(|one| kinds.contains(&kind_of_bucket(one)))
                .cloned()
                .collect();
            assert_eq!(judged, expected, "{check}");
        }
        let counted = &report["summary"]["resources"][kind];
        if !counted.is_null() {
            assert_eq!(
                counted.as_u64().unwrap(),
                u64::try_from(resources.len()).unwrap(),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_listing_that_failed_is_one_unjudged_result_a_check_and_no_count() {
    let report = audit("unlisted").arg("-ojson").run().exits(3).json();
    assert_eq!(report["summary"]["resources"]["bucket"], Value::Null);
    assert_eq!(report["summary"]["resources"]["function"], Value::Null);
    let about_buckets: Vec<&Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["resource"]["type"] == "bucket")
        .collect();
    assert!(!about_buckets.is_empty());
    for result in about_buckets {
        assert_eq!(result["status"], "not-assessed");
        assert_eq!(result["resource"]["name"], "*");
        assert_eq!(result["missing"], json!(["s3:ListAllMyBuckets"]));
    }
    let gap = &report["gaps"][0];
    assert_eq!(gap["action"], "s3:ListAllMyBuckets");
    assert!(
        gap["affects"]
            .as_array()
            .unwrap()
            .contains(&json!("s3-public-read")),
        "{gap}"
    );
}

#[test]
fn a_gap_names_the_checks_that_hang_on_it() {
    let report = audit("denied").arg("-ojson").run().exits(3).json();
    let gaps = report["gaps"].as_array().unwrap();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["resource"], "arn:aws:s3:::acme-locked-down");
    assert_eq!(gaps[0]["action"], "s3:GetBucketPolicy");
    assert_eq!(gaps[0]["code"], "AccessDenied");
    let affects = gaps[0]["affects"].as_array().unwrap();
    assert!(affects.contains(&json!("s3-plain-http")), "{affects:?}");
    assert!(!affects.contains(&json!("s3-no-versioning")), "{affects:?}");
}

#[test]
fn options_narrow_what_is_looked_at() {
    let names = |arguments: &str| -> BTreeSet<String> {
        let report = coldbucket(&format!("audit --sample -o json {arguments}"))
            .run()
            .json();
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| {
                format!(
                    "{}:{}",
                    r["resource"]["type"].as_str().unwrap(),
                    r["resource"]["name"].as_str().unwrap()
                )
            })
            .collect()
    };
    let all = names("");
    let bucket = all
        .iter()
        .find_map(|name| name.strip_prefix("bucket:"))
        .unwrap()
        .to_owned();
    // Of the other kinds of bucket there is one each.
    let other_kinds = ["--x-s3", ":acme-sales", ":acme-embeddings", ":fs-"];
    let is_general = |name: &str| !other_kinds.iter().any(|kind| name.contains(kind));
    let buckets = |names: &BTreeSet<String>| {
        names
            .iter()
            .filter(|name| name.starts_with("bucket:") && is_general(name))
            .count()
    };
    let others = |names: &BTreeSet<String>| {
        let others = names.iter().filter(|name| !name.starts_with("bucket:"));
        others.count()
    };
    let narrowed = names(&format!("--bucket {bucket}"));
    assert_eq!(buckets(&narrowed), 1);
    assert_eq!(
        others(&narrowed),
        others(&all),
        "--bucket leaves functions alone"
    );
    let only = names("--check s3-plain-http");
    assert_eq!(others(&only), 0);
    assert_eq!(buckets(&only), buckets(&all));
}

// Looks -----------------------------------------------------------------------------------------

#[test]
fn no_line_of_the_table_is_wider_than_the_terminal() {
    for columns in [80, 100, 120] {
        let outcome = coldbucket("audit --sample")
            .env("COLUMNS", &columns.to_string())
            .run();
        for line in outcome.stdout.lines() {
            assert!(
                line.width() <= columns,
                "{} wide at {columns}:\n{line}",
                line.width()
            );
            assert_eq!(line, line.trim_end(), "no blanks at the end");
        }
    }
}

#[test]
fn arns_and_bucket_names_are_never_cut() {
    let report = coldbucket("audit --sample -o json").run().json();
    for columns in ["80", "120"] {
        let table = coldbucket("audit --sample")
            .env("COLUMNS", columns)
            .run()
            .stdout;
        for bucket in report["buckets"].as_array().unwrap() {
            let name = bucket["name"].as_str().unwrap();
            assert!(table.contains(name), "{name} at {columns}");
        }
        let arns: BTreeSet<&str> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["resource"]["arn"].as_str().unwrap())
            .collect();
        let shown: Vec<&str> = table
            .split_whitespace()
            .map(|word| word.trim_end_matches(','))
            .filter(|word| word.starts_with("arn:aws:lambda:"))
            .collect();
        assert!(!shown.is_empty());
        for word in shown {
            // A version or an alias may follow.
            let whole = arns.contains(word)
                || word
                    .rsplit_once(':')
                    .is_some_and(|(arn, _)| arns.contains(arn));
            assert!(whole, "{word} at {columns}");
        }
    }
}

#[test]
fn what_is_piped_has_no_colour_unless_asked_for() {
    let escape = '\u{1b}';
    assert!(!coldbucket("audit --sample").run().stdout.contains(escape));
    assert!(
        coldbucket("audit --sample --color always")
            .run()
            .stdout
            .contains(escape)
    );
    let file = coldbucket("audit --sample --color always -o table=out -o json").run();
    assert!(!file.read("out").contains(escape), "no colour in files");
}

#[test]
fn what_an_account_holds_cannot_act_on_a_terminal() {
    let bad = |text: &str| {
        text.chars()
            .filter(|letter| {
                (letter.is_control() && *letter != '\n')
                    || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
            })
            .count()
    };
    let outcome = audit("hostile").run();
    assert_eq!(bad(&outcome.stdout), 0, "{:?}", outcome.stdout);
    assert!(
        !outcome.stdout.lines().any(|line| line.starts_with("PASS")),
        "a forged line"
    );
    let report = audit("hostile").arg("-ojson").run();
    assert_eq!(
        bad(&report
            .stdout
            .replace(['\u{202e}', '\u{200f}', '\u{2028}', '\u{9b}'], "")),
        0
    );
    let name = report.json()["buckets"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let explained = coldbucket(&format!("explain {} s3-plain-http", snapshot("hostile")))
        .arg(&name)
        .run()
        .exits(0);
    assert_eq!(bad(&explained.stdout), 0, "{:?}", explained.stdout);
    // Messages quote what was typed and what was found.
    let wrong = audit("hostile")
        .arg("--bucket")
        .arg(format!("{name}x"))
        .run()
        .exits(2);
    assert_eq!(bad(&wrong.stderr), 0, "{:?}", wrong.stderr);
}

// Writing ---------------------------------------------------------------------------------------

#[test]
fn a_reader_that_leaves_early_is_satisfied() {
    let sample: Value =
        serde_json::from_str(&fs::read_to_string(fixture("snapshots/public-write.json")).unwrap())
            .unwrap();
    let mut many = sample.clone();
    let buckets = many["accounts"]["123456789012"]["buckets"]
        .as_object_mut()
        .unwrap();
    let one = buckets["acme-legacy-uploads"].clone();
    for number in 0..300 {
        buckets.insert(format!("bucket-{number:03}"), one.clone());
    }
    let mut run =
        coldbucket("audit --snapshot many.json -o json").file("many.json", &many.to_string());
    let mut child = run.command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "{\n");
    drop(stdout);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(
        child.wait().unwrap().code(),
        Some(1),
        "the findings still decide"
    );
    assert_eq!(stderr, "");
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_else() {
    let outcome = coldbucket("audit --sample -o json=nowhere/report.json")
        .run()
        .exits(2);
    assert!(
        outcome
            .stderr
            .starts_with("error: nowhere/report.json cannot be written: "),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stdout, "");
    let full = coldbucket("audit --sample -o json=/dev/full")
        .run()
        .exits(2);
    assert!(
        full.stderr
            .starts_with("error: /dev/full cannot be written: "),
        "{}",
        full.stderr
    );
}

#[test]
fn an_old_report_stays_whole_when_the_new_one_fails() {
    let outcome = coldbucket("audit --sample --check nothing-like-it -o json=report.json")
        .file("report.json", "old")
        .run()
        .exits(2);
    assert_eq!(outcome.read("report.json"), "old");
}

#[test]
fn several_outputs_are_all_written() {
    let outcome = coldbucket("audit --sample -o table -o json=report.json")
        .run()
        .exits(1);
    assert!(outcome.stdout.starts_with("coldbucket "));
    let report: Value = serde_json::from_str(&outcome.read("report.json")).unwrap();
    assert_eq!(report["source"], "sample");
    assert_eq!(outcome.files(), ["report.json"]);
}

#[test]
fn results_alone_go_to_standard_output() {
    let outcome = audit("interrupted").arg("-ojson").run();
    outcome.json();
    assert!(outcome.stderr.starts_with("note: "), "{}", outcome.stderr);
    assert_eq!(audit("interrupted").arg("-q").run().stderr, "");
}

// The other commands ----------------------------------------------------------------------------

#[test]
fn every_check_is_listed_and_has_a_page() {
    let list = coldbucket("checks").run().exits(0).stdout;
    assert_eq!(list, coldbucket("checks list").run().stdout);
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.starts_with("s3-") || word.starts_with("lambda-"))
        .collect();
    assert!(!ids.is_empty());
    for id in ids {
        let page = coldbucket(&format!("checks show {id}"))
            .run()
            .exits(0)
            .stdout;
        assert!(page.starts_with(id), "{page}");
        assert!(page.contains("fails when"), "{page}");
    }
    coldbucket("checks show s3-plain-htp")
        .run()
        .exits(2)
        .says("error: unknown check `s3-plain-htp`; did you mean `s3-plain-http`?");
}

#[test]
fn the_built_in_policies_verify() {
    let outcome = coldbucket("checks verify").run().exits(0);
    assert!(outcome.stdout.contains("verified"), "{}", outcome.stdout);
}

#[test]
fn permissions_are_a_policy_for_the_selected_checks() {
    let policy = coldbucket("permissions --check s3-plain-http")
        .run()
        .exits(0)
        .json();
    assert_eq!(
        policy,
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "ColdbucketReadsS3",
            "Effect": "Allow",
            "Action": ["s3:GetBucketPolicy", "s3:ListAllMyBuckets"],
            "Resource": "*",
        }]})
    );
    let all = coldbucket("permissions").run().exits(0).stdout;
    assert!(
        !all.contains("lambda:GetFunction\""),
        "it can read code, so it is asked for by name"
    );
    for statement in serde_json::from_str::<Value>(&all).unwrap()["Statement"]
        .as_array()
        .unwrap()
    {
        let actions: Vec<&str> = statement["Action"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap())
            .collect();
        assert!(actions.is_sorted(), "{actions:?}");
        for action in actions {
            let (_, verb) = action.split_once(':').unwrap();
            assert!(
                verb.starts_with("Get") || verb.starts_with("List") || verb.starts_with("Describe"),
                "{action}"
            );
        }
    }
}

#[test]
fn a_verdict_is_explained_with_what_it_rests_on() {
    let failed = coldbucket(&format!(
        "explain {} s3-public-write acme-legacy-uploads",
        snapshot("public-write")
    ))
    .run()
    .exits(0)
    .stdout;
    for part in [
        "FAIL",
        "fails when",
        "/accounts/123456789012/buckets/acme-legacy-uploads/acl",
        "arn:aws:s3:::acme-legacy-uploads",
    ] {
        assert!(failed.contains(part), "{part} in\n{failed}");
    }
    let unjudged = coldbucket(&format!(
        "explain {} s3-plain-http acme-locked-down",
        snapshot("denied")
    ))
    .run()
    .exits(0)
    .stdout;
    assert!(unjudged.contains("NOT ASSESSED"), "{unjudged}");
    assert!(
        unjudged.contains("unknown: denied s3:GetBucketPolicy AccessDenied"),
        "{unjudged}"
    );
    let other = coldbucket(&format!(
        "explain {} s3-plain-http acme-locked-dow",
        snapshot("denied")
    ))
    .run();
    other
        .exits(2)
        .says("error: no bucket named `acme-locked-dow`; did you mean `acme-locked-down`?");
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = coldbucket(&format!("completions {shell}"))
            .run()
            .exits(0)
            .stdout;
        assert!(script.contains("fail-on"), "{shell}");
    }
}

#[test]
fn a_what_if_about_a_cold_start_is_answered() {
    let one = coldbucket("cold-start estimate --runtime java21 --memory 512 --zip-mb 40")
        .run()
        .exits(0);
    assert!(one.stdout.contains("a caller waits"));
    assert!(one.stdout.contains("SnapStart"));
    // Two side by side, as JSON: the restore is quicker than loading 40 MB of jars.
    let both = coldbucket(
        "cold-start estimate --runtime java21 --memory 512 --zip-mb 40 --versus snapstart=true --json",
    )
    .run()
    .exits(0);
    let reported: Vec<f64> = both
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["reported_ms"]
                .as_f64()
                .unwrap()
        })
        .collect();
    assert_eq!(reported.len(), 2);
    assert!(reported[1] < reported[0]);
}

#[test]
fn a_cold_start_budget_is_a_gate() {
    let audit = "audit --sample --check lambda-cold-start-over-budget";
    // Nobody set a budget: nothing to fail.
    coldbucket(audit).run().exits(0);
    coldbucket(&format!("{audit} --cold-start-budget 1000ms"))
        .run()
        .exits(1);
    coldbucket(&format!("{audit} --cold-start-budget 60s"))
        .run()
        .exits(0);
    coldbucket(&format!("{audit} --cold-start-budget soon"))
        .run()
        .exits(2)
        .says("error: --cold-start-budget `soon` is not a time; write it as 800ms or 1.5s");
}

#[test]
fn a_cold_start_model_of_ones_own_takes_the_place_of_the_shipped_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.yaml");
    let shipped = include_str!("../crates/cold-start/data/cold-start-model.yaml");
    std::fs::write(
        &file,
        shipped.replace(
            "zip_x86_64: 84.1, zip_arm64: 80.0",
            "zip_x86_64: 4321.0, zip_arm64: 80.0",
        ),
    )
    .unwrap();
    let asked = "cold-start estimate --runtime python3.13 --json --cold-start-model";
    let own = coldbucket(&format!("{asked} {}", file.display()))
        .run()
        .exits(0);
    let answer: Value = serde_json::from_str(own.stdout.trim()).unwrap();
    // 4321 ms and the 3 ms of `base.code_ms`.
    assert_eq!(answer["init_ms"], 4324.0);
    std::fs::write(&file, "schema: other/1\n").unwrap();
    coldbucket(&format!("{asked} {}", file.display()))
        .run()
        .exits(2);
}

#[test]
fn help_is_what_it_was() {
    for command in [
        "",
        "audit",
        "collect",
        "checks",
        "checks list",
        "checks show",
        "checks verify",
        "diff",
        "explain",
        "permissions",
        "remediate",
        "cold-start",
        "cold-start estimate",
        "completions",
    ] {
        let outcome = coldbucket(&format!("{command} --help"))
            .env("COLUMNS", "100")
            .run()
            .exits(0);
        let name = if command.is_empty() {
            "help".to_owned()
        } else {
            format!("help {command}").replace(' ', "_")
        };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, outcome.stdout);
        });
    }
    let version = coldbucket("--version").run().exits(0).stdout;
    assert_eq!(
        version,
        format!("coldbucket {}\n", env!("CARGO_PKG_VERSION"))
    );
}
