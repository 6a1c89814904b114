//! Each output format against its official schema or a real reader of it, for the sample account and for
//! an account in which every name, tag and policy is an attack on some format.
//!
//! Where the schemas come from is told in `tests/schemas/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use coldbucket::report::{Report, Severity, Status};
use serde_json::Value;
use support::tools::{assert_content, project, tool};
use support::{accounts, coldbucket};

/// Every format of both accounts, rendered once: (account, format) to text.
fn rendered() -> &'static BTreeMap<(&'static str, &'static str), String> {
    static RENDERED: std::sync::OnceLock<BTreeMap<(&str, &str), String>> =
        std::sync::OnceLock::new();
    RENDERED.get_or_init(|| {
        let formats = [
            "json", "jsonl", "sarif", "junit", "csv", "markdown", "asff", "ocsf",
        ];
        let outputs = formats
            .map(|format| format!("-o {format}={format}.out"))
            .join(" ");
        let mut all = BTreeMap::new();
        for (account, source) in [("sample", "--sample"), ("hostile", "--snapshot h.json")] {
            let outcome = coldbucket(&format!("audit --pack strict {source} {outputs}"))
                .file("h.json", &accounts::hostile().to_string())
                .run()
                .exits(1);
            for format in formats {
                all.insert((account, format), outcome.read(&format!("{format}.out")));
            }
        }
        all
    })
}

fn output(account: &'static str, format: &'static str) -> &'static str {
    &rendered()[&(account, format)]
}

fn report(account: &'static str) -> Value {
    serde_json::from_str(output(account, "json")).unwrap()
}

fn results(account: &'static str, statuses: &[&str]) -> Vec<Value> {
    report(account)["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| statuses.contains(&result["status"].as_str().unwrap()))
        .cloned()
        .collect()
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = project().join("tests/schemas").join(name);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn assert_valid(schema: &jsonschema::Validator, document: &Value) {
    let mistakes: Vec<String> = schema
        .iter_errors(document)
        .take(10)
        .map(|error| {
            let text: String = error.to_string().chars().take(300).collect();
            format!("{}: {text}", error.instance_path())
        })
        .collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

const BOTH: [&str; 2] = ["sample", "hostile"];

// JSON lines -------------------------------------------------------------------------------------

#[test]
fn json_lines_have_every_result_with_the_same_members() {
    for account in BOTH {
        let lines: Vec<Value> = output(account, "jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let report = report(account);
        let results = report["results"].as_array().unwrap();
        assert_eq!(lines.len(), results.len(), "{account}");
        for (line, result) in lines.iter().zip(results) {
            let members: Vec<&String> = line.as_object().unwrap().keys().collect();
            assert_eq!(
                members,
                [
                    "account",
                    "region",
                    "check_id",
                    "title",
                    "status",
                    "severity",
                    "controls",
                    "resource_type",
                    "resource_name",
                    "resource_arn",
                    "item",
                    "message",
                    "reason",
                    "missing",
                    "suppressed_by",
                    "remediation",
                    "evidence",
                    "witness",
                    "fingerprint",
                    "not_requested",
                    "change",
                    "named_change",
                    "address",
                    "location_file",
                    "location_line",
                    "location_column"
                ]
            );
            assert_eq!(line["check_id"], result["check"]);
            assert_eq!(line["status"], result["status"]);
            assert_eq!(line["account"], result["resource"]["account"]);
            assert_eq!(line["resource_arn"], result["resource"]["arn"]);
            assert_eq!(line["fingerprint"], result["fingerprint"]);
            // Evidence and witness are text that holds JSON.
            let evidence: Value = serde_json::from_str(line["evidence"].as_str().unwrap()).unwrap();
            assert_eq!(
                evidence,
                result
                    .get("evidence")
                    .cloned()
                    .unwrap_or(Value::Array(vec![]))
            );
            if let Some(witness) = line["witness"].as_str() {
                assert_eq!(
                    serde_json::from_str::<Value>(witness).unwrap(),
                    result["witness"]
                );
            }
            for control in line["controls"].as_array().unwrap() {
                let (catalogue, id) = control.as_str().unwrap().split_once(':').unwrap();
                let check = result["check"].as_str().unwrap();
                let known = &report["checks"][check]["maps_to"][catalogue];
                assert!(
                    known.as_array().unwrap().contains(&Value::from(id)),
                    "{control}"
                );
            }
        }
    }
}

// SARIF -----------------------------------------------------------------------------------------

#[test]
fn sarif_is_valid_and_has_every_finding_and_everything_unjudged() {
    let schema = schema("sarif-2.1.0.schema.json");
    for account in BOTH {
        let log: Value = serde_json::from_str(output(account, "sarif")).unwrap();
        assert_valid(&schema, &log);
        let run = &log["runs"][0];
        let fingerprints = |list: &Value| -> BTreeSet<String> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|result| {
                    result["partialFingerprints"]["coldbucket/v1"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect()
        };
        let expected: BTreeSet<String> = results(account, &["fail", "suppressed"])
            .iter()
            .map(|result| result["fingerprint"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(fingerprints(&run["results"]), expected, "{account}");
        let notified = run["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(
            notified,
            results(account, &["not-assessed"]).len(),
            "{account}"
        );
        assert!(notified > 0);
    }
}

#[test]
fn sarif_has_a_rule_a_check_with_help_and_every_result_knows_its_rule() {
    let log: Value = serde_json::from_str(output("sample", "sarif")).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let checks = report("sample")["checks"].as_object().unwrap().len();
    assert_eq!(rules.len(), checks);
    for rule in rules {
        assert!(
            rule["help"]["markdown"].as_str().unwrap().len() > 40,
            "{rule}"
        );
    }
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        // GitHub takes neither another scheme nor an absolute path.
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap();
        assert!(!uri.contains(':') && !uri.starts_with('/'), "{uri}");
        let arn = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert!(arn.as_str().unwrap().starts_with("arn:aws:"), "{arn}");
    }
}

// JUnit -----------------------------------------------------------------------------------------

#[test]
fn junit_meets_both_schemas_that_are_in_use() {
    let folder = tempfile::tempdir().unwrap();
    for account in BOTH {
        let file = folder.path().join(format!("{account}.xml"));
        fs::write(&file, output(account, "junit")).unwrap();
        for schema in ["junit-windyroad.xsd", "junit-jenkins-10.xsd"] {
            assert_content(
                tool("xmlschema-validate")
                    .arg("--schema")
                    .arg(project().join("tests/schemas").join(schema))
                    .arg(&file),
            );
        }
    }
}

#[test]
fn junit_counts_what_the_report_counts() {
    for account in BOTH {
        let text = output(account, "junit");
        let tags = |tag: &str| text.matches(tag).count();
        let unjudged = results(account, &["not-assessed"]);
        let errors = unjudged
            .iter()
            .filter(|result| matches!(result["reason"].as_str(), Some("denied" | "failed")))
            .count();
        assert_eq!(
            tags("<testcase "),
            report(account)["results"].as_array().unwrap().len()
        );
        assert_eq!(tags("<failure "), results(account, &["fail"]).len());
        assert_eq!(tags("<error "), errors);
        assert_eq!(
            tags("<skipped "),
            results(account, &["not-applicable", "suppressed"]).len() + unjudged.len() - errors
        );
    }
}

// ASFF ------------------------------------------------------------------------------------------

#[test]
fn asff_lines_are_requests_that_security_hub_takes() {
    let schema = schema("asff.schema.json");
    for account in BOTH {
        let mut seen = BTreeSet::new();
        for line in output(account, "asff").lines() {
            let batch: Value = serde_json::from_str(line).unwrap();
            // At most 100, by the schema, and of one Region.
            assert_valid(&schema, &batch);
            let regions: BTreeSet<&str> = batch
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["Region"].as_str().unwrap())
                .collect();
            assert_eq!(regions.len(), 1);
            for finding in batch.as_array().unwrap() {
                assert!(
                    finding["ProductArn"].as_str().unwrap().contains(&format!(
                        ":securityhub:{}:",
                        finding["Region"].as_str().unwrap()
                    )),
                    "{finding}"
                );
                assert!(finding.to_string().len() < 240 * 1024, "the API's limit");
                assert!(seen.insert(finding["Id"].to_string()), "an id twice");
            }
        }
        let sent = results(account, &["fail", "pass", "not-assessed", "suppressed"]);
        assert_eq!(seen.len(), sent.len(), "{account}");
    }
}

// OCSF ------------------------------------------------------------------------------------------

#[test]
fn ocsf_lines_are_compliance_findings() {
    let schema = schema("ocsf-1.8.0-compliance-finding.schema.json");
    for account in BOTH {
        let mut events = 0;
        for line in output(account, "ocsf").lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_valid(&schema, &event);
            assert_eq!(event["class_uid"], 2003);
            events += 1;
        }
        let sent = results(account, &["fail", "pass", "not-assessed", "suppressed"]);
        assert_eq!(events, sent.len(), "{account}");
    }
}

// CSV -------------------------------------------------------------------------------------------

#[test]
fn csv_is_a_row_a_result_and_no_cell_is_a_formula() {
    for account in BOTH {
        let mut reader = csv::Reader::from_reader(output(account, "csv").as_bytes());
        let mut rows = 0;
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(
                    !cell
                        .trim_start()
                        .starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "{:?}",
                    cell.chars().take(60).collect::<String>()
                );
            }
            rows += 1;
        }
        assert_eq!(rows, report(account)["results"].as_array().unwrap().len());
    }
}

// Markdown --------------------------------------------------------------------------------------

#[test]
fn markdown_fits_into_a_comment_and_says_how_much_more_there_is() {
    for account in BOTH {
        let text = output(account, "markdown");
        assert!(
            text.chars().count() <= 65_536,
            "{account}: {}",
            text.chars().count()
        );
        let lines = |wanted: &str| text.lines().filter(|line| *line == wanted).count();
        assert_eq!(lines("<details>"), lines("</details>"), "{account}");
    }
    let large = coldbucket("audit --snapshot large.json --pack strict -o markdown")
        .file("large.json", &accounts::of_buckets(100).to_string())
        .run()
        .exits(1)
        .stdout;
    assert!(large.chars().count() <= 65_536);
    assert!(large.contains("- and 80 more\n"), "of one check");
    let places: Vec<usize> = ["critical", "high", "medium", "low"]
        .iter()
        .filter_map(|severity| large.find(&format!("<b>{severity}</b>")))
        .collect();
    assert!(
        places.len() > 1 && places.is_sorted(),
        "worst first: {places:?}"
    );
}

/// 2,000 checks with a finding each, in a comment that holds a few hundred.
#[test]
fn markdown_that_is_full_says_so_and_leaves_out_the_least() {
    let mut report: Report = serde_json::from_str(output("sample", "json")).unwrap();
    let finding = report
        .results
        .iter()
        .find(|result| result.status == Status::Fail)
        .unwrap()
        .clone();
    report.results.clear();
    for number in 0..2_000 {
        let mut finding = finding.clone();
        finding.check = format!("check-{number:04}");
        finding.severity = [Severity::Low, Severity::Critical][number % 2];
        report.results.push(finding);
    }
    let mut text = Vec::new();
    coldbucket::output::markdown::render(&report, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!((60_000..=65_536).contains(&text.len()), "{}", text.len());
    let shown = text.matches("<code>check-").count();
    assert!(shown > 100);
    let more = 2_000 - shown;
    assert!(
        text.contains(&format!(
            "And {more} more findings of {more} checks, none of them worse"
        )),
        "{shown} are shown"
    );
    assert!(!text.contains("<b>low</b>"), "the worst go first");
}

#[test]
fn markdown_has_no_markup_of_somebody_else() {
    let text = output("hostile", "markdown");
    for bad in [
        "<script",
        "<img",
        "javascript:alert(1))",
        "![d]",
        "\n# ",
        "\n| a",
        "</details></summary>",
    ] {
        let outside: String = text.split('`').step_by(2).collect();
        assert!(!outside.contains(bad), "{bad}");
    }
    assert!(!text.contains("@everyone #1 GH") || text.contains("`@everyone #1 GH"));
}

// All -------------------------------------------------------------------------------------------

#[test]
fn nothing_of_an_account_acts_on_a_terminal_in_any_format() {
    for format in [
        "json", "jsonl", "sarif", "junit", "csv", "markdown", "asff", "ocsf",
    ] {
        let text = output("hostile", format);
        let bad = text.chars().find(|letter| {
            (letter.is_control() && !matches!(letter, '\n' | '\r'))
                || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        });
        assert_eq!(bad, None, "{format}");
        // CSV ends its rows as RFC 4180 says, or with a line feed alone; never in the middle of a cell.
        assert!(!text.contains('\r'), "{format}");
    }
}

#[test]
fn findings_are_small() {
    let report = output("sample", "json");
    let mut number = 0;
    for line in report
        .lines()
        .filter(|line| line.contains("\"status\":\"fail\""))
    {
        // 1,500 bytes and the command of its fix.
        assert!(line.len() <= 1_700 + 6, "{} bytes: {line}", line.len());
        number += 1;
    }
    assert!(number > 100);
    let sarif = output("sample", "sarif");
    let results: Vec<&str> = sarif
        .lines()
        .filter(|line| line.trim_start().starts_with("{\"ruleId\""))
        .collect();
    assert_eq!(results.len(), number);
    for line in results {
        assert!(line.len() <= 1_000, "{} bytes: {line}", line.len());
    }
}

#[test]
fn what_is_accepted_stays_in_every_machine_format() {
    let formats = ["json", "jsonl", "sarif", "junit", "csv", "asff", "ocsf"];
    let outputs = formats
        .map(|format| format!("-o {format}={format}.out"))
        .join(" ");
    let outcome = coldbucket(&format!("audit --sample {outputs}"))
        .file(
            "coldbucket.toml",
            "[[exceptions]]\ncheck = 's3-public-read'\nresource = 'acme-www-*'\nreason = 'a website'\nowner = 'web team'\nexpires = 2027-01-31\n",
        )
        .run()
        .exits(1);
    let sentence = "exception of web team until 2027-01-31: a website";
    for format in formats {
        assert!(
            outcome.read(&format!("{format}.out")).contains(sentence),
            "{format}"
        );
    }
    let log: Value = serde_json::from_str(&outcome.read("sarif.out")).unwrap();
    assert_valid(&schema("sarif-2.1.0.schema.json"), &log);
    let suppressed: Vec<&Value> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["suppressions"][0]["status"] == "accepted")
        .collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["ruleId"], "s3-public-read");
    let asff = outcome.read("asff.out");
    assert_eq!(
        asff.matches("\"Workflow\":{\"Status\":\"SUPPRESSED\"}")
            .count(),
        1
    );
}
