//! Plans: what they know about a resource, and that nothing in an account can get out of its quotes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::process::{Command, Stdio};

use coldbucket::checks::Catalog;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::remedy::change;
use coldbucket::remedy::quote::{self, TextPiece};
use serde_json::{Value, json};

#[path = "support/lint.rs"]
mod lint;
mod support;

use support::coldbucket;

/// What breaks out of quotes, comments and lines, in each of the targets.
const HOSTILE: &[&str] = &[
    "it's",
    "a\"b",
    "$(touch owned)",
    "`touch owned`",
    "'; touch owned; '",
    "\"; touch owned; \"",
    "'\"'; touch owned #",
    "\\'; touch owned; \\'",
    "x\ntouch owned\n",
    "x\r\ntouch owned",
    "${HOME}",
    "${file(\"/etc/passwd\")}",
    "$${x} $$${y} %{ if true }%%{z}",
    "-n",
    "--endpoint-url=http://203.0.113.1",
    "# no comment",
    "- item",
    "key: value",
    "key:",
    "!Ref Other",
    "&anchor",
    "*alias",
    "{a: b}",
    "[a]",
    "|",
    ">",
    "%TAG",
    "@at",
    "yes",
    "null",
    "~",
    "0x1f",
    "1e3",
    "",
    " leading and trailing ",
    "tab\there",
    "\u{1b}[31m\u{7}",
    "\u{85}\u{2028}\u{202e}\u{feff}",
    "\\",
    "\\n",
    "naïve 漢字 🪣",
];

/// Runs `sh` in an empty folder, where `aws` only prints its words, one a line, framed.
fn sh(script: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let whole = format!(
        "aws() {{ for word in \"$@\"; do printf '<%s>\\n' \"$word\"; done; }}\nsleep() {{ :; }}\n{script}"
    );
    let ran = Command::new("sh")
        .arg("-c")
        .arg(whole)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let files = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    (String::from_utf8(ran.stdout).unwrap(), files)
}

#[test]
fn a_shell_word_is_the_text_whatever_it_holds() {
    for text in HOSTILE {
        let (out, files) = sh(&format!("aws {}", quote::word(text)));
        assert_eq!(out, format!("<{text}>\n"));
        assert!(files.is_empty(), "{text:?} ran");
    }
}

#[test]
fn hcl_reads_the_text_back() {
    for text in HOSTILE {
        let code = format!("x = {}\n", quote::hcl(text));
        let body: hcl::Value =
            hcl::from_str(&code).unwrap_or_else(|error| panic!("{code}: {error}"));
        let read = serde_json::to_value(&body).unwrap();
        assert_eq!(read["x"], json!(text), "{code}");
    }
}

#[test]
fn hcl_interpolates_nothing() {
    for text in ["${a}", "$${a}", "$$${a}", "%{a}", "%%{a}", "a$${${b}"] {
        let body = hcl::parse(&format!("x = {}\n", quote::hcl(text))).unwrap();
        let expression = body.attributes().next().unwrap().expr();
        assert_eq!(
            expression,
            &hcl::Expression::String(text.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn yaml_reads_the_text_back() {
    for text in HOSTILE {
        let value =
            json!({"Key": text, "List": [text, {"a": text}], "Map": {*text: 1, "Other": [[text]]}});
        let document = quote::yaml_lines(&value, 0);
        let read: Value =
            serde_saphyr::from_str(&document).unwrap_or_else(|error| panic!("{document}: {error}"));
        assert_eq!(read, value, "{document}");
    }
}

#[test]
fn templates_are_filled_in_by_the_quotes_around_the_place() {
    let value = |text: &str| TextPiece::Value(text.to_owned());
    let text = |text: &str| TextPiece::Text(text.to_owned());
    for hostile in HOSTILE {
        let pieces = [
            text("# about "),
            value(hostile),
            text("\naws '"),
            value(hostile),
            text("' \"a "),
            value(hostile),
            text(" z\" "),
            value(hostile),
            text("\nx=$(aws \"$(aws '"),
            value(hostile),
            text("')\" \""),
            value(hostile),
            text("\")\nprintf '%s' \"$x\"\n"),
        ];
        let (out, files) = sh(&quote::fill_shell(&pieces));
        assert!(files.is_empty(), "{hostile:?} ran");
        let nested = format!(
            "<{}>\n<{hostile}>",
            format!("<{hostile}>").trim_end_matches('\n')
        );
        assert_eq!(
            out,
            format!(
                "<{hostile}>\n<a {hostile} z>\n<{hostile}>\n{}",
                nested.trim_end_matches('\n')
            ),
            "{hostile:?}"
        );
    }
}

/// Every template of the built-in checks, filled in with hostile values, runs nothing of theirs and
/// parses.
#[test]
fn no_template_of_a_check_can_be_broken_out_of() {
    let catalogue = Catalog::builtin().unwrap();
    let pieces =
        |template: &coldbucket::checks::message::TextTemplate, hostile: &str| -> Vec<TextPiece> {
            template
                .parts(&[])
                .into_iter()
                .map(|(filled, text)| {
                    if filled {
                        TextPiece::Value(hostile.to_owned())
                    } else {
                        TextPiece::Text(text)
                    }
                })
                .collect()
        };
    // One of each kind is enough for two hundred texts.
    let worst = [
        "'; touch owned; '",
        "\"; touch owned; \"",
        "x\ntouch owned\n\"x",
        "$(touch owned)`touch owned`${x}%{y}",
        "a: b # c",
    ];
    for check in catalogue.iter() {
        for hostile in worst {
            if let Some(shell) = &check.remediation.shell {
                let script = quote::fill_shell(&pieces(shell, hostile));
                let stubs = "curl() { :; }\nunzip() { :; }\ncoldbucket() { :; }\njq() { :; }\n";
                let (_, files) = sh(&format!("{stubs}{script}"));
                assert!(
                    !files.contains(&"owned".to_owned()),
                    "{}: {script}",
                    check.id
                );
            }
            if let Some(terraform) = &check.remediation.terraform {
                let code = quote::fill_hcl(&pieces(terraform, hostile));
                // Fragments for the inside of a resource have no label of their own.
                let parsed = hcl::parse(&code);
                assert!(parsed.is_ok(), "{}: {code}\n{parsed:?}", check.id);
            }
        }
    }
}

fn snapshot(buckets: Value) -> String {
    json!({
        "schema": "coldbucket-snapshot/1", "taken_at": "2026-11-22T10:15:00Z",
        "accounts": {"111122223333": {
            "public_access_block": "absent",
            "bucket_listing": {"known": {"complete": true}},
            "buckets": buckets,
            "region_listing": {"known": {"regions": ["eu-west-1", "us-east-1"]}},
            // No trail records anything there.
            "regions": {
                "eu-west-1": {"trail_listing": {"known": []}},
                "us-east-1": {"trail_listing": {"known": []}},
            },
        }},
    })
    .to_string()
}

fn plan(buckets: Value, arguments: &str) -> Value {
    coldbucket(&format!(
        "remediate --snapshot account.json --format json {arguments}"
    ))
    .file("account.json", &snapshot(buckets))
    .run()
    .exits(0)
    .json()
}

/// A bucket of which everything a plan asks for was read.
fn bucket(changes: Value) -> Value {
    let mut bucket = json!({
        "region": "eu-west-1", "policy": "absent", "acl": {"known": {"owner": "me", "grants": []}},
        "ownership": {"known": {"object_ownership": "BucketOwnerEnforced"}},
        "public_access_block": "absent", "encryption": {"known": {"algorithm": "AES256"}}, "logging": "absent",
        "request_payment": {"known": "BucketOwner"},
        "versioning": "absent", "website": "absent", "lifecycle": "absent", "replication": "absent", "object_lock": "absent",
    });
    for (name, value) in changes.as_object().unwrap() {
        bucket[name] = value.clone();
    }
    bucket
}

fn policy(statements: &Value) -> Value {
    json!({"known": json!({"Version": "2012-10-17", "Statement": statements}).to_string()})
}

fn fixes_of<'p>(plan: &'p Value, check: &str) -> Vec<&'p Value> {
    plan["fixes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fix| {
            fix["mends"]
                .as_array()
                .unwrap()
                .iter()
                .any(|finding| finding["check"] == check)
        })
        .collect()
}

const BLOCK: &str = "--check s3-public-access-not-blocked";

#[test]
fn block_public_access_is_ready_where_nothing_is_public() {
    let plan = plan(json!({"quiet": bucket(json!({}))}), BLOCK);
    let fix = fixes_of(&plan, "s3-public-access-not-blocked")[0];
    assert_eq!(fix["decide"], Value::Null);
    assert_eq!(fix["risk"], "low");
}

#[test]
fn block_public_access_waits_where_the_bucket_may_be_public_on_purpose() {
    let public = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let partner = json!({"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let cases = [
        (
            json!({"website": {"known": {"index_document": "index.html"}}}),
            "serves a website",
        ),
        (json!({"policy": policy(&json!([public]))}), "is public"),
        (
            json!({"policy": policy(&json!([public, partner]))}),
            "It also names 222222222222",
        ),
        (
            json!({"ownership": "absent", "acl": {"known": {"owner": "me", "grants": [{"grantee": "AllUsers", "permission": "READ"}]}}}),
            "Its ACL grants READ to everyone",
        ),
        (
            json!({"website": {"denied": {"action": "s3:GetBucketWebsite", "code": "AccessDenied"}}}),
            "Whether it serves a website could not be read (refused: s3:GetBucketWebsite)",
        ),
    ];
    for (changes, said) in cases {
        let plan = plan(json!({"b": bucket(changes)}), BLOCK);
        let fix = fixes_of(&plan, "s3-public-access-not-blocked")[0];
        let decide = fix["decide"].as_str().unwrap();
        assert!(decide.contains(said), "{decide}");
        let shell = fix["shell"].as_str().unwrap();
        assert!(shell.lines().all(|line| line.starts_with('#')), "{shell}");
    }
}

#[test]
fn a_decision_that_is_taken_makes_the_commands_ready() {
    let buckets = json!({"b": bucket(json!({"website": {"known": {"index_document": "i"}}}))});
    let plan = plan(buckets, &format!("{BLOCK} --decided s3-public-*"));
    let fix = fixes_of(&plan, "s3-public-access-not-blocked")[0];
    assert_eq!(fix["decided"], true);
    assert!(
        fix["shell"]
            .as_str()
            .unwrap()
            .starts_with("aws s3api put-public-access-block")
    );
}

#[test]
fn all_statements_of_a_bucket_are_put_at_once_beside_those_that_are_there() {
    let statements = json!([
        {"Sid": "DenyPlainHttp", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
    ]);
    let plan = plan(
        json!({"b": bucket(json!({"policy": policy(&statements)}))}),
        "--pack strict --check s3-plain-http,s3-presigned-url-long-lived,s3-sigv2-accepted",
    );
    let fixes = plan["fixes"].as_array().unwrap();
    assert_eq!(fixes.len(), 1);
    let shell = fixes[0]["shell"].as_str().unwrap();
    assert_eq!(shell.matches("put_policy b").count(), 1);
    let sids = [
        "\"Sid\":\"DenyPlainHttp\",\"Effect\":\"Allow\"",
        "\"Sid\":\"DenyPlainHttp2\"",
        "\"Sid\":\"DenyOldSignatures\"",
        "\"Sid\":\"DenySignatureVersion2\"",
    ];
    for sid in sids {
        assert!(shell.contains(sid), "{sid} in {shell}");
    }
}

#[test]
fn a_policy_that_would_be_too_long_is_not_put() {
    let long = "x".repeat(20_300);
    let statements = json!([
        {"Sid": "Long", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::b/{long}")},
    ]);
    let plan = plan(
        json!({"b": bucket(json!({"policy": policy(&statements)}))}),
        "--check s3-plain-http",
    );
    let decide = plan["fixes"][0]["decide"].as_str().unwrap();
    assert!(decide.contains("bytes and S3 accepts 20480"), "{decide}");
}

#[test]
fn a_public_policy_is_not_put_again_where_s3_would_refuse_it() {
    let public = json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    let block = json!({"known": {"block_public_policy": true}});
    let plan = plan(
        json!({"b": bucket(json!({"policy": policy(&public), "public_access_block": block}))}),
        "--check s3-plain-http",
    );
    let decide = plan["fixes"][0]["decide"].as_str().unwrap();
    assert!(
        decide.contains("S3 refuses any policy that is still public"),
        "{decide}"
    );
}

#[test]
fn a_policy_that_was_not_read_is_not_replaced() {
    let denied = json!({"denied": {"action": "s3:GetBucketPolicy", "code": "AccessDenied"}});
    let plan = plan(
        json!({"b": bucket(json!({"policy": denied, "ownership": "absent",
            "acl": {"known": {"owner": "me", "grants": [{"grantee": "LogDelivery", "permission": "WRITE"}]}}}))}),
        "--check s3-acls-enabled",
    );
    for fix in fixes_of(&plan, "s3-acls-enabled") {
        assert!(fix["decide"].is_string(), "{fix}");
    }
}

#[test]
fn logs_go_to_a_fit_bucket_or_a_person_is_asked() {
    let lonely = plan(json!({"b": bucket(json!({}))}), "--check s3-no-access-log");
    assert!(
        lonely["fixes"][0]["decide"]
            .as_str()
            .unwrap()
            .contains("There is no bucket in eu-west-1")
    );
    let delivery = json!([{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]);
    let with_target = plan(
        json!({
            "b": bucket(json!({})),
            "logs": bucket(json!({"policy": policy(&delivery)})),
            "elsewhere": bucket(json!({"region": "us-east-1", "policy": policy(&delivery)})),
        }),
        "--check s3-no-access-log --bucket b",
    );
    let shell = with_target["fixes"][0]["shell"].as_str().unwrap();
    assert!(
        shell.contains("\"TargetBucket\":\"logs\",\"TargetPrefix\":\"b/\""),
        "{shell}"
    );
    assert_eq!(with_target["fixes"][0]["decide"], Value::Null);
    // A target that is not wholly known waits; one that is known to be unfit is none.
    let denied =
        json!({"denied": {"action": "s3:GetBucketRequestPayment", "code": "AccessDenied"}});
    let kms = json!({"known": {"algorithm": "aws:kms"}});
    for (changes, said) in [
        (
            json!({"request_payment": denied}),
            "refused: s3:GetBucketRequestPayment",
        ),
        (
            json!({"request_payment": {"known": "Requester"}}),
            "There is no bucket in eu-west-1",
        ),
        (
            json!({"encryption": kms}),
            "There is no bucket in eu-west-1",
        ),
    ] {
        let mut logs = bucket(changes);
        logs["policy"] = policy(&delivery);
        let plan = plan(
            json!({"b": bucket(json!({})), "logs": logs}),
            "--check s3-no-access-log --bucket b",
        );
        let decide = plan["fixes"][0]["decide"].as_str().unwrap();
        assert!(decide.contains(said), "{decide}");
    }
}

#[test]
fn trails_that_were_not_read_leave_the_access_log_alone() {
    let mut account: Value =
        serde_json::from_str(&snapshot(json!({"b": bucket(json!({}))}))).unwrap();
    account["accounts"]["111122223333"]["regions"] = json!({});
    let plan =
        coldbucket("remediate --snapshot account.json --format json --check s3-no-access-log")
            .file("account.json", &account.to_string())
            .run()
            .exits(0)
            .json();
    // Some trail may record every request: that is not known, so there is nothing to fix.
    assert_eq!(plan["fixes"], json!([]));
}

#[test]
fn names_that_aws_does_not_give_get_no_commands() {
    for name in ["$(id)", "a b", "it's", "--help", "x\ny"] {
        let plan = plan(json!({name: bucket(json!({}))}), "--check s3-plain-http");
        let fix = &plan["fixes"][0];
        assert!(
            fix["decide"]
                .as_str()
                .unwrap()
                .contains("not a name that AWS gives")
        );
        assert_eq!(fix["shell"], Value::Null);
    }
}

#[test]
fn terraform_parses_imports_what_exists_and_names_everything_once() {
    for arguments in ["--pack strict", "--pack strict --decided *"] {
        let run = coldbucket(&format!(
            "remediate --sample --format terraform {arguments}"
        ))
        .run()
        .exits(0);
        let body = hcl::parse(&run.stdout).unwrap();
        let mut names = std::collections::BTreeSet::new();
        let mut imported = std::collections::BTreeSet::new();
        for block in body.blocks() {
            let labels: Vec<&str> = block
                .labels()
                .iter()
                .map(hcl::structure::BlockLabel::as_str)
                .collect();
            if block.identifier() == "import" {
                let to = block
                    .body()
                    .attributes()
                    .find(|attribute| attribute.key() == "to")
                    .unwrap();
                imported.insert(hcl::format::to_string(to.expr()).unwrap());
            } else {
                assert!(names.insert(labels.join(".")), "{labels:?} twice");
            }
        }
        assert!(names.len() > 50, "{}", names.len());
        assert!(imported.iter().all(|to| names.contains(to)), "{imported:?}");
        assert!(imported.contains("aws_s3_bucket_policy.acme_claims"));
        assert!(
            !imported.contains("aws_s3_bucket_policy.acme_brand_kit"),
            "it has no policy yet"
        );
    }
}

#[test]
fn cloudformation_is_plain_yaml_with_one_entry_a_bucket() {
    let run = coldbucket("remediate --sample --format cloudformation --pack strict")
        .run()
        .exits(0);
    let template: Value = serde_saphyr::from_str(&run.stdout).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    assert!(resources.len() > 30);
    let bucket = &resources["AcmeScratchBucket"];
    assert_eq!(bucket["DeletionPolicy"], "Retain");
    assert_eq!(bucket["Properties"]["BucketName"], "acme-scratch");
    assert_eq!(
        bucket["Properties"]["VersioningConfiguration"]["Status"],
        "Enabled"
    );
    assert!(bucket["Properties"]["LifecycleConfiguration"].is_object());
}

#[test]
fn formats_and_files_are_those_of_other_commands() {
    coldbucket("remediate --sample --format shel")
        .run()
        .exits(2)
        .says("error: -o `shel` is an unknown format; did you mean `shell`?");
    coldbucket("remediate --sample --decided s3-plain-htp")
        .run()
        .exits(2)
        .says("error: --decided `s3-plain-htp` matches no check; did you mean `s3-plain-http`?");
    let run = coldbucket("remediate --sample -o shell=fixes.sh -o terraform=fixes.tf")
        .run()
        .exits(0);
    assert_eq!(run.stdout, "");
    assert_eq!(run.files(), ["fixes.sh", "fixes.tf"]);
}

#[test]
fn the_table_fits_its_width() {
    for width in ["80", "120"] {
        let run = coldbucket("remediate --sample --pack strict")
            .env("COLUMNS", width)
            .run()
            .exits(0);
        let limit: usize = width.parse().unwrap();
        for line in run.stdout.lines() {
            // A word that is wider than the screen, an ARN, stays whole.
            let one_word = line.split_whitespace().count() == 1;
            // So does a command, which is copied.
            let is_command = line.trim_start().starts_with("coldbucket ");
            assert!(
                one_word || is_command || line.chars().count() <= limit,
                "{line}"
            );
        }
    }
}

/// The printed script, as it stands, for whoever runs ShellCheck over it; and the same with every
/// decision taken, where nothing is a comment.
#[test]
fn the_whole_plan_of_the_sample_is_clean_shell() {
    for decided in ["", "--decided *"] {
        let run = coldbucket(&format!(
            "remediate --sample --pack strict --format shell {decided}"
        ))
        .run()
        .exits(0);
        lint::shell(&run.stdout);
        assert!(run.stdout.starts_with("#!/bin/sh\n"));
        // It goes on after a fix that fails.
        assert!(run.stdout.contains("\nset -u\n"));
        // Each command stands under a comment that says what it does and for which check.
        let parts = run.stdout.split("\n# --- ").skip(1);
        for part in parts.filter(|part| !part.starts_with("end\n")) {
            assert!(part.contains("\n# Fixes: "), "{part}");
        }
    }
}

#[test]
fn the_whole_plan_of_the_sample_is_a_clean_template() {
    for decided in ["", "--decided *"] {
        let run = coldbucket(&format!(
            "remediate --sample --pack strict --format cloudformation {decided}"
        ))
        .run()
        .exits(0);
        lint::cloudformation(&run.stdout);
    }
}

/// Names, policies, rules and ids as only somebody with bad intentions writes them, in a bucket whose
/// own name AWS would give.
fn hostile_account(name: &str, hostile: &str, encryption: &Value) -> Value {
    let statements = json!([
        {"Sid": hostile, "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
         "Resource": format!("arn:aws:s3:::{name}/{hostile}/*")},
        {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "s3:GetObject",
         "Resource": format!("arn:aws:s3:::{name}/*"), "Condition": {"StringEquals": {"aws:UserAgent": hostile}}},
    ]);
    let text = json!({"Version": "2012-10-17", "Id": hostile, "Statement": statements}).to_string();
    json!({
        name: bucket(json!({
            "policy": {"known": text},
            "versioning": {"known": {"status": "Enabled"}},
            "lifecycle": {"known": [{"id": hostile, "enabled": true}]},
            "encryption": {"known": encryption},
            "replication": {"known": {"rules": [{"id": hostile, "enabled": true, "destination": "gone"}]}},
            "logging": {"known": {"target_bucket": hostile, "target_prefix": hostile}},
            "tags": {"known": {hostile: hostile}},
        })),
    })
}

#[test]
fn hostile_settings_leave_every_format_whole() {
    for hostile in HOSTILE {
        let file = snapshot(hostile_account(
            "b",
            hostile,
            &json!({"algorithm": "aws:kms", "kms_key": format!("arn:aws:kms:eu-west-1:111122223333:alias/{hostile}"), "blocked_encryption_types": []}),
        ));
        let run = coldbucket(
            "remediate --snapshot account.json --pack strict --decided * -o shell=a.sh -o terraform=a.tf -o cloudformation=a.yaml",
        )
        .file("account.json", &file)
        .run()
        .exits(0);
        let shell = run.read("a.sh");
        let (_, files) = sh(&shell);
        assert!(files.is_empty(), "{hostile:?} ran:\n{shell}");
        hcl::parse(&run.read("a.tf")).unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
        let template: Value = serde_saphyr::from_str(&run.read("a.yaml"))
            .unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
        assert!(template["Resources"].is_object());
    }
}

/// ShellCheck and cfn-lint start slowly: the worst of [`HOSTILE`] together.
#[test]
fn hostile_settings_are_clean_shell_and_a_clean_template() {
    let hostile = "'; touch owned; '\"$(touch owned)`touch owned`${HOME} # x: *y\nz\\";
    let encryption = json!({"algorithm": "AES256", "blocked_encryption_types": []});
    let file = snapshot(hostile_account("acme-hostile", hostile, &encryption));
    let print = |format: &str| {
        coldbucket(&format!(
            "remediate --snapshot account.json --pack strict --decided * --format {format}"
        ))
        .file("account.json", &file)
        .run()
        .exits(0)
        .stdout
    };
    lint::shell(&print("shell"));
    lint::cloudformation(&print("cloudformation"));
}

/// What the documentation shows of each named change runs as shell, and parses as HCL and YAML.
#[test]
fn the_example_of_every_change_is_sound() {
    let mut names = std::collections::BTreeSet::new();
    for kind in SubjectKind::ALL {
        for change in change::of_subject(kind) {
            if !names.insert(change.name) {
                continue;
            }
            let [shell, terraform, stack] = change::example(change);
            lint::shell(&format!(
                "#!/bin/sh\n# shellcheck disable=SC2016\nset -eu\n{shell}"
            ));
            hcl::parse(&terraform).unwrap_or_else(|error| panic!("{}: {error}", change.name));
            assert!(!stack.is_empty(), "{}", change.name);
            if stack.starts_with("Resources:") {
                let read: Value = serde_saphyr::from_str(&stack).unwrap();
                assert!(read["Resources"].is_object(), "{}: {stack}", change.name);
            }
            for words in [change.summary, change.effect] {
                assert!(words.ends_with('.'), "{}: {words}", change.name);
            }
            assert!(change::find(change.name).is_some());
        }
    }
    assert!(names.len() > 40, "{}", names.len());
}

/// A policy file leaves what it cannot know to whoever runs it, in words that cannot be overlooked:
/// `YOUR-…`. Anything else in capitals would be run as it stands.
#[test]
fn what_a_template_leaves_open_is_marked() {
    for check in Catalog::builtin().unwrap().iter() {
        let Some(shell) = &check.remediation.shell else {
            continue;
        };
        for (filled, text) in shell.parts(&[]) {
            if filled {
                continue;
            }
            let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '-');
            for word in words.filter(|word| word.trim_matches('-').contains('-')) {
                assert!(
                    word.contains("YOUR-") || ["SSE-C"].contains(&word.trim_matches('-')),
                    "{}: {word}",
                    check.id
                );
            }
        }
    }
}

#[test]
fn commands_with_a_gap_are_never_ready() {
    let plan = plan(
        json!({"b": bucket(json!({}))}),
        "--check account-no-multi-region-trail --decided *",
    );
    let fix = fixes_of(&plan, "account-no-multi-region-trail")[0];
    assert_eq!(fix["decided"], Value::Null);
    let decide = fix["decide"].as_str().unwrap();
    assert!(decide.contains("Replace YOUR-TRAIL-BUCKET"), "{decide}");
    let shell = fix["shell"].as_str().unwrap();
    assert!(shell.lines().all(|line| line.starts_with('#')), "{shell}");
}

#[test]
fn where_services_deliver_a_deny_spares_them() {
    let delivery = json!([{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]);
    for (changes, spares) in [
        (json!({}), false),
        (json!({"policy": policy(&delivery)}), true),
    ] {
        let plan = plan(
            json!({"b": bucket(changes)}),
            "--pack strict --check s3-plain-http,s3-tls-1-2-accepted,s3-presigned-url-long-lived,s3-sigv2-accepted \
             --decided s3-tls-1-2-accepted",
        );
        let shell = plan["fixes"][0]["shell"].as_str().unwrap();
        let spared = shell
            .matches("\"BoolIfExists\":{\"aws:PrincipalIsAWSService\":\"false\"}")
            .count();
        // The Deny of plain HTTP stays as AWS documents it.
        assert_eq!(spared, if spares { 3 } else { 0 }, "{shell}");
    }
}

#[test]
fn versioning_that_never_was_brings_a_rule_for_old_versions() {
    let of = |status: Value| {
        let plan = plan(
            json!({"b": bucket(json!({"versioning": status}))}),
            "--check s3-no-versioning",
        );
        plan["fixes"][0]["shell"].as_str().unwrap().to_owned()
    };
    assert!(of(json!("absent")).contains("NoncurrentVersionExpiration"));
    // There are old versions already, and somebody may want them.
    let suspended = of(json!({"known": {"status": "Suspended"}}));
    assert!(
        !suspended.contains("NoncurrentVersionExpiration"),
        "{suspended}"
    );
}

#[test]
fn acls_that_deliver_logs_move_into_the_policy_before_they_end() {
    let plan = plan(
        json!({"b": bucket(json!({"ownership": "absent",
            "acl": {"known": {"owner": "me", "grants": [{"grantee": "LogDelivery", "permission": "WRITE"}, {"grantee": "LogDelivery", "permission": "READ_ACP"}]}}}))}),
        "--check s3-acls-enabled",
    );
    let fixes = plan["fixes"].as_array().unwrap();
    let shells: Vec<&str> = fixes
        .iter()
        .map(|fix| fix["shell"].as_str().unwrap())
        .collect();
    assert_eq!(shells.len(), 2);
    assert!(
        shells[0].contains("\"Service\":\"logging.s3.amazonaws.com\""),
        "{shells:?}"
    );
    assert!(
        shells[0].contains("\"aws:SourceAccount\":\"111122223333\""),
        "{shells:?}"
    );
    assert!(shells[1].starts_with("turn_acls_off b"), "{shells:?}");
}

#[test]
fn the_key_of_most_buckets_of_the_region_is_named() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    let mut account: Value = serde_json::from_str(&snapshot(json!({
        "b": bucket(json!({"encryption": {"known": {"algorithm": "AES256", "bucket_key": false, "blocked_encryption_types": ["NONE"]}}})),
        "other": bucket(json!({"encryption": {"known": {"algorithm": "aws:kms", "kms_key": key, "bucket_key": true}}})),
    })))
    .unwrap();
    account["accounts"]["111122223333"]["keys"] = json!({key: {"description": {"known": {
        "arn": key, "manager": "CUSTOMER", "state": "Enabled", "enabled": true, "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT",
    }}}});
    let plan = |more: &str| {
        let command =
            "remediate --snapshot account.json --format json --pack strict --bucket b --check";
        coldbucket(&format!("{command} {more}"))
            .file("account.json", &account.to_string())
            .run()
            .exits(0)
            .json()
    };
    // Readers need the key from then on: that is for somebody to say.
    let waiting = plan("s3-no-kms-key");
    let fix = &waiting["fixes"][0];
    assert!(fix["what"].as_str().unwrap().contains(key), "{fix}");
    assert!(
        fix["decide"].as_str().unwrap().starts_with("May everyone"),
        "{fix}"
    );
    assert!(commands(fix).is_empty(), "{fix}");
    let decided = plan("s3-no-kms-key --decided s3-no-kms-key");
    assert!(commands(&decided["fixes"][0]).contains(key), "{decided}");
    // What needs no decision does not wait for it.
    let both = plan("s3-no-kms-key,s3-sse-c-allowed");
    let fixes = both["fixes"].as_array().unwrap();
    assert_eq!(fixes.len(), 2, "{both}");
    assert!(commands(&fixes[0]).contains("SSE-C") && !commands(&fixes[0]).contains(key));
    assert!(commands(&fixes[1]).is_empty(), "{both}");
    let both = plan("s3-no-kms-key,s3-sse-c-allowed --decided s3-no-kms-key");
    assert_eq!(both["fixes"].as_array().unwrap().len(), 1, "{both}");
    let commands = commands(&both["fixes"][0]);
    assert!(commands.contains("SSE-C") && commands.contains(key));
}

/// The commands of a fix that would run: none of one that waits for a decision.
fn commands(fix: &Value) -> String {
    let shell = fix["shell"].as_str().unwrap();
    let lines = shell.lines().filter(|line| !line.starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn tls_1_2_is_denied_once_that_is_decided() {
    let checks = "--pack strict --check s3-plain-http,s3-tls-1-2-accepted";
    let undecided = plan(json!({"b": bucket(json!({}))}), checks);
    let fixes = undecided["fixes"].as_array().unwrap();
    assert_eq!(fixes.len(), 2, "{undecided}");
    assert!(commands(&fixes[0]).contains("DenyPlainHttp"));
    assert!(!commands(&fixes[0]).contains("DenyTls12"));
    assert!(commands(&fixes[1]).is_empty(), "{undecided}");
    // The policy that waits holds what goes before it too: one put replaces all.
    let waiting = fixes[1]["shell"].as_str().unwrap();
    assert!(waiting.contains("DenyPlainHttp") && waiting.contains("DenyTls12"));
    let decided = plan(
        json!({"b": bucket(json!({}))}),
        &format!("{checks} --decided s3-tls-1-2-accepted"),
    );
    let fixes = decided["fixes"].as_array().unwrap();
    assert_eq!(fixes.len(), 1, "{decided}");
    assert!(commands(&fixes[0]).contains("DenyTls12"));
}

/// An organization whose one S3 policy is attached to the account and assigns that value.
fn organization_that_assigns(value: &str) -> Value {
    let content = json!({"s3_attributes": {
        "public_access_block_configuration": {"@@assign": value}}});
    json!({
        "schema": "coldbucket-organization/1", "taken_at": "2026-11-22T10:15:00Z",
        "id": "o-abcdefghij", "management_account": "999999999999",
        "tree": {"known": {"complete": true}},
        "units": {"r-1": {"name": "Root"}},
        "accounts": {"111122223333": {"name": "x", "state": "ACTIVE", "parent": "r-1"}},
        "policy_types": {"SERVICE_CONTROL_POLICY": {"known": false},
            "RESOURCE_CONTROL_POLICY": {"known": false}, "S3_POLICY": {"known": true}},
        "policies": {"p-s3": {"type": "S3_POLICY", "name": "n",
            "content": {"known": content.to_string()}, "targets": {"known": ["111122223333"]}}},
    })
}

/// S3 answers 403 to PutPublicAccessBlock in an account whose organization manages the setting (S3 user
/// guide, "Managing Block Public Access with Organizations S3 policies", 2025-11).
#[test]
fn where_the_organization_manages_block_public_access_the_account_s_own_call_is_not_printed() {
    const CHECK: &str = "s3-account-public-access-not-blocked";
    let shell = |organization: Option<Value>| {
        let mut snapshot: Value = serde_json::from_str(&snapshot(json!({}))).unwrap();
        if let Some(organization) = organization {
            snapshot["organization"] = organization;
        }
        let plan = coldbucket(&format!(
            "remediate --snapshot account.json --format json --check {CHECK} --decided *"
        ))
        .file("account.json", &snapshot.to_string())
        .run()
        .exits(0)
        .json();
        let fix = fixes_of(&plan, CHECK)[0];
        let decide = fix["decide"].as_str().unwrap_or_default().to_owned();
        (fix["shell"].as_str().unwrap_or_default().to_owned(), decide)
    };
    let (commands, _) = shell(None);
    assert!(commands.contains("put-public-access-block"), "{commands}");
    let (commands, decide) = shell(Some(organization_that_assigns("none")));
    assert!(!commands.contains("put-public-access-block"), "{commands}");
    assert!(
        decide.starts_with("S3 policy p-s3 of the organization manages"),
        "{decide}"
    );
}

/// The account's own setting is overridden by `none` and by `all`; each has its finding, and where the
/// organization was not read neither is judged.
#[test]
fn an_s3_policy_of_the_organization_has_its_findings() {
    let statuses = |organization: Option<Value>| -> Vec<(String, String)> {
        let mut snapshot: Value = serde_json::from_str(&snapshot(json!({}))).unwrap();
        if let Some(organization) = organization {
            snapshot["organization"] = organization;
        }
        let report = coldbucket(
            "audit --snapshot account.json --pack strict -o json --fail-on none \
             --check s3-organization-disables-public-access-block --check s3-account-block-only-by-organization",
        )
        .file("account.json", &snapshot.to_string())
        .run()
        .exits(0)
        .json();
        let results = report["results"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        results
            .map(|result| (text(&result["check"]), text(&result["status"])))
            .collect()
    };
    let expected = |only: &str, disables: &str| {
        vec![
            (
                "s3-account-block-only-by-organization".to_owned(),
                only.to_owned(),
            ),
            (
                "s3-organization-disables-public-access-block".to_owned(),
                disables.to_owned(),
            ),
        ]
    };
    let not_applicable = expected("not-applicable", "not-applicable");
    assert_eq!(statuses(None), not_applicable);
    let mut elsewhere = organization_that_assigns("none");
    elsewhere["accounts"] = json!({});
    assert_eq!(statuses(Some(elsewhere)), not_applicable);
    let assigned = |value| statuses(Some(organization_that_assigns(value)));
    assert_eq!(assigned("none"), expected("pass", "fail"));
    assert_eq!(assigned("all"), expected("fail", "pass"));
    // The type is not enabled: policies of it have no effect.
    let mut disabled = organization_that_assigns("none");
    disabled["policy_types"]["S3_POLICY"] = json!({"known": false});
    assert_eq!(statuses(Some(disabled)), expected("pass", "pass"));
    // A refused call decides nothing.
    let mut refused = organization_that_assigns("none");
    refused["policies"]["p-s3"]["content"] = json!({"denied":
        {"action": "organizations:DescribePolicy", "code": "AccessDeniedException"}});
    let unread = expected("not-assessed", "not-assessed");
    assert_eq!(statuses(Some(refused)), unread);
    let mut refused = organization_that_assigns("none");
    refused["policy_types"]["S3_POLICY"] = json!({"denied":
        {"action": "organizations:ListRoots", "code": "AccessDeniedException"}});
    assert_eq!(statuses(Some(refused)), unread);
}
