//! Invariants over the whole table of checks, and what is said about files that break them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::BTreeSet;

use coldbucket::checks::expression::Expression;
use coldbucket::checks::{Catalog, Check, DEFAULT_PACK, Selection, verify, verify_files};
use coldbucket::facts;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::need::{Need, ReadingKind, Relation};
use proptest::prelude::*;

fn catalog() -> Catalog {
    Catalog::builtin().unwrap_or_else(|errors| panic!("{errors}"))
}

/// Asserts something of every check, and names all that break it.
fn every_check(what: &str, holds: impl Fn(&Check) -> bool) {
    let broken: Vec<String> = catalog()
        .iter()
        .filter(|check| !holds(check))
        .map(|check| check.id.clone())
        .collect();
    assert!(broken.is_empty(), "{what}: {broken:?}");
}

/// The checks of the first release. Ids never die: this list only grows.
const IDS: [&str; 27] = [
    "lambda-cold-start-over-budget",
    "lambda-image-oversized",
    "lambda-init-too-slow",
    "lambda-no-provisioned-concurrency",
    "lambda-package-oversized",
    "lambda-package-waste",
    "lambda-provisioned-concurrency-failed",
    "lambda-runtime-deprecated",
    "lambda-slow-runtime-without-snapstart",
    "lambda-timeout-shorter-than-init",
    "lambda-vpc-attached",
    "s3-access-log-to-itself",
    "s3-account-public-access-not-blocked",
    "s3-acls-enabled",
    "s3-bucket-key-disabled",
    "s3-cross-account-access",
    "s3-malformed-policy",
    "s3-no-access-log",
    "s3-no-kms-key",
    "s3-no-versioning",
    "s3-plain-http",
    "s3-public-access-not-blocked",
    "s3-public-acl-grant",
    "s3-public-list",
    "s3-public-read",
    "s3-public-write",
    "s3-sse-c-allowed",
];

#[test]
fn ids_never_die() {
    let catalog = catalog();
    for id in IDS {
        assert!(catalog.get(id).is_some(), "{id} is gone");
    }
}

#[test]
fn every_example_of_every_file_gives_what_it_promises() {
    let problems: Vec<String> = verify(&catalog()).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_check_has_examples_of_all_three_kinds() {
    every_check("examples", |check| {
        let examples = &check.examples;
        !examples.fail.is_empty() && !examples.pass.is_empty() && !examples.unknown.is_empty()
    });
}

#[test]
fn files_are_named_and_filed_by_what_they_are_about() {
    every_check("file", |check| {
        let folder = match check.subject {
            SubjectKind::Bucket => "s3",
            SubjectKind::Function => "lambda",
            other => other.name(),
        };
        check.file == format!("policies/{folder}/{}.yaml", check.id)
    });
}

#[test]
fn titles_and_messages_are_single_sentences_for_people() {
    every_check("title", |check| {
        let title = &check.title;
        !title.ends_with('.') && title.len() <= 68 && title.starts_with(char::is_uppercase)
    });
    every_check("message", |check| {
        check.messages().all(|message| {
            let text = message.text();
            !text.contains('\n') && text.len() <= 240 && message.placeholders().count() > 0
        })
    });
    // Every message says which resource it is about: it is read apart from the table.
    every_check("message names the resource", |check| {
        let name = match check.subject {
            SubjectKind::Account => "account.id".to_owned(),
            other => format!("{}.name", other.variable()),
        };
        check
            .messages()
            .all(|message| message.placeholders().any(|path| path == name))
    });
}

#[test]
fn every_severity_is_argued() {
    every_check("rationale", |check| {
        let argument = format!("{}, because ", check.severity.name());
        check.rationale.to_lowercase().contains(&argument) && check.rationale.len() > 200
    });
}

#[test]
fn every_check_says_how_to_fix_it_and_where_to_read_more() {
    every_check("remediation", |check| {
        let remediation = &check.remediation;
        !remediation.summary.text().is_empty()
            && (remediation.change.is_some()
                || (remediation.decide.is_some()
                    && remediation.shell.is_some()
                    && remediation.terraform.is_some()
                    && remediation.cloudformation.is_some()))
    });
    every_check("references", |check| {
        check.references.len() >= 2 && check.references.iter().all(|r| r.starts_with("https://"))
    });
}

/// Checks that no other catalogue has: what they look at, nobody else does (or, for the VPC, others
/// ask for the contrary).
const UNMAPPED: [&str; 54] = [
    "config-s3-recorded-daily",
    "lambda-code-not-versioned",
    "lambda-code-of-another-account",
    "lambda-cold-start-over-budget",
    "lambda-image-oversized",
    "lambda-init-too-slow",
    "lambda-keep-warm-ping",
    "lambda-layer-of-another-account",
    "lambda-no-provisioned-concurrency",
    "lambda-package-oversized",
    "lambda-package-waste",
    "lambda-provisioned-concurrency-failed",
    "lambda-provisioned-concurrency-spilling",
    "lambda-provisioned-concurrency-starved",
    "lambda-provisioned-concurrency-unused",
    "lambda-runtime-ends-soon",
    "lambda-slow-runtime-without-snapstart",
    "lambda-snapstart-wasted",
    "lambda-timeout-shorter-than-init",
    "lambda-url-policy-left-behind",
    "lambda-vpc-attached",
    "lambda-vpc-idle",
    "lambda-web-function-code-not-versioned",
    "lambda-web-function-code-of-another-account",
    "lambda-web-function-public-policy",
    "lambda-web-function-service-without-source",
    "lambda-web-function-without-auth",
    "s3-access-log-loop",
    "s3-access-log-mixed-prefix",
    "s3-access-log-to-itself",
    "s3-access-point-cross-account-access",
    "s3-account-block-only-by-organization",
    "s3-bucket-key-disabled",
    "s3-cors-any-origin-writes",
    "s3-grant-refused-by-key",
    "s3-identity-long-lived-key",
    "s3-key-by-alias",
    "s3-key-managed-by-aws",
    "s3-key-of-another-account",
    "s3-malformed-policy",
    "s3-named-accounts-cut-off",
    "s3-organization-disables-public-access-block",
    "s3-presigned-url-long-lived",
    "s3-replication-skips-encrypted",
    "s3-replication-to-nowhere",
    "s3-replication-to-stranger",
    "s3-sampled-object-not-under-default-encryption",
    "s3-sampled-object-sse-c",
    "s3-service-without-source",
    "s3-sigv2-accepted",
    "s3-sse-c-allowed",
    "s3-tag-condition-without-effect",
    "s3-tls-1-2-accepted",
    "s3-uploads-need-a-header",
];

#[test]
fn every_check_is_mapped_or_known_to_be_alone() {
    every_check("maps_to", |check| {
        check.maps_to.is_empty() == UNMAPPED.contains(&check.id.as_str())
    });
    let catalogues = [
        "security_hub",
        "nist_800_53",
        "pci_4",
        "cis_1_5",
        "cis_3",
        "cis_4",
        "cis_5",
        "cis_6",
        "cis_7",
        "aws_config",
        "trusted_advisor",
        "prowler",
        "scoutsuite",
        "cloudsploit",
        "checkov",
        "trivy",
        "steampipe",
    ];
    every_check("names of catalogues", |check| {
        check
            .maps_to
            .iter()
            .all(|(name, ids)| catalogues.contains(&name.as_str()) && !ids.is_empty())
    });
}

/// Shell texts are pasted: a name must not be split or expanded, so placeholders stand in quotes.
#[test]
fn placeholders_in_shell_texts_are_quoted() {
    for check in catalog().iter() {
        let Some(shell) = &check.remediation.shell else {
            continue;
        };
        for path in shell.placeholders() {
            for (at, _) in shell.text().match_indices(&format!("{{{path}}}")) {
                let line_start = shell.text()[..at].rfind('\n').map_or(0, |at| at + 1);
                let before = &shell.text()[line_start..at];
                let open = |quote: char| before.matches(quote).count() % 2 == 1;
                assert!(
                    open('\'') || open('"') || before.trim_start().starts_with('#'),
                    "{}: {{{path}}} is not quoted",
                    check.id
                );
            }
        }
    }
}

#[test]
fn every_need_is_a_known_reading_and_opens_nothing_else() {
    for check in catalog().iter() {
        let needs = check.needs();
        // What the organization says is read with the accounts, not by a reading of one account.
        let of_organization =
            (check.evidence.iter()).all(|path| path.starts_with("account.organization."));
        assert_eq!(needs.is_empty(), of_organization, "{}", check.id);
        for need in &needs {
            assert!(ReadingKind::ALL.contains(&need.reading), "{}", check.id);
        }
        // What a message or evidence shows must have been read for the verdict.
        let list = check.for_each.as_ref().map(|each| each.path.as_str());
        let resolve = |path: &str| match (list, path.strip_prefix("item.")) {
            (Some(list), Some(rest)) => format!("{list}[].{rest}"),
            _ => path.to_owned(),
        };
        let shown: BTreeSet<String> = check
            .messages()
            .flat_map(|message| message.placeholders())
            .map(resolve)
            .chain(check.message_when.iter().flat_map(|case| {
                let references = case.when.references().iter();
                references.map(|reference| reference.path.clone())
            }))
            .chain(check.evidence.iter().cloned())
            .filter(|path| !path.starts_with("params."))
            .collect();
        for path in shown {
            let more: Vec<Need> = facts::list_needs(&path)
                .into_iter()
                .filter(|need| !needs.contains(need) && !is_listing(need))
                .filter(|need| need.relation != Relation::Own || check.is_about(need.reading))
                .collect();
            assert!(more.is_empty(), "{}: {path} opens {more:?}", check.id);
        }
    }
}

fn is_listing(need: &Need) -> bool {
    matches!(
        need.reading,
        ReadingKind::BucketListing | ReadingKind::FunctionListing
    )
}

/// `coldbucket audit --check s3-plain-http` makes one call a bucket.
#[test]
fn plain_http_takes_one_call_a_bucket() {
    let catalog = catalog();
    let selected = catalog
        .select(&Selection {
            check: vec!["s3-plain-http".to_owned()],
            ..Selection::default()
        })
        .unwrap();
    let readings: Vec<ReadingKind> = selected
        .needs()
        .iter()
        .map(|(_, need)| need.reading)
        .collect();
    assert_eq!(
        readings,
        [ReadingKind::BucketListing, ReadingKind::BucketPolicy]
    );
}

#[test]
fn all_s3_checks_together_open_sixteen_readings_of_a_bucket() {
    let catalog = catalog();
    let selected = catalog
        .select(&Selection {
            pack: "s3".to_owned(),
            ..Selection::default()
        })
        .unwrap();
    let calls: BTreeSet<ReadingKind> = selected
        .needs()
        .into_iter()
        .map(|(_, need)| need.reading)
        .filter(|reading| reading.name().starts_with("bucket.") && !reading.opt_in())
        .collect();
    // Fourteen for a bucket: GetBucketAbac is only called for where a policy tests tags of the bucket,
    // and GetBucketRequestPayment of buckets that receive access logs (collection.rs).
    assert_eq!(calls.len(), 16, "{calls:?}");
    assert!(calls.contains(&ReadingKind::BucketAbac));
}

#[test]
fn packs_hold_what_they_say() {
    let catalog = catalog();
    let ids = |pack: &str| -> Vec<String> {
        catalog
            .select(&Selection {
                pack: pack.to_owned(),
                ..Selection::default()
            })
            .unwrap()
            .iter()
            .map(|check| check.id.clone())
            .collect()
    };
    let all: Vec<String> = catalog.iter().map(|check| check.id.clone()).collect();
    assert_eq!(ids("strict"), all);
    assert_eq!(ids(DEFAULT_PACK), ids(""));
    let of_s3 = ["s3-", "trail-", "config-", "account-"];
    assert!(
        ids("s3")
            .iter()
            .all(|id| of_s3.iter().any(|prefix| id.starts_with(prefix)))
    );
    assert!(!ids("cold-start").contains(&"lambda-runtime-deprecated".to_owned()));
    assert!(catalog.packs().all(|pack| !pack.description.is_empty()));
}

// ---------------------------------------------------------------------------------------------
// Files with mistakes.

const GOOD: &str = r#"id: my-check
title: Something is wrong
subject: bucket
severity: low
fail_when: bucket.transport.plain_http_reachable
message: "{bucket.name} is wrong"
since: 0.1.0
examples:
  fail: [{bucket: {transport: {plain_http_reachable: true}}}]
  pass: [{bucket: {transport: {plain_http_reachable: false}}}]
  unknown: [{bucket: {name: b}}]
"#;

/// What is said of a file `mine/my-check.yaml`.
fn said(text: &str) -> Vec<String> {
    verify_files(vec![("mine/my-check.yaml".to_owned(), text.to_owned())])
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replace(from, to)
}

#[test]
fn a_sound_file_has_no_problems() {
    assert_eq!(said(GOOD), Vec::<String>::new());
}

#[test]
fn a_misspelt_field_is_named_with_its_place() {
    assert_eq!(
        said(&with("severity: low", "sevrity: low")),
        ["mine/my-check.yaml:4:1: unknown field `sevrity`; did you mean `severity`?"]
    );
}

#[test]
fn a_misspelt_fact_is_named_with_its_place() {
    assert_eq!(
        said(&with(
            "fail_when: bucket.transport.plain_http_reachable",
            "fail_when: bucket.transport.plain_htp_reachable"
        )),
        [
            "mine/my-check.yaml:5:29: `bucket.transport` has no fact `plain_htp_reachable`; did you mean `plain_http_reachable`?"
        ]
    );
}

/// A check judges general purpose buckets, and the other kinds that are read when it names them.
#[test]
fn the_kinds_of_bucket_are_those_that_are_read() {
    let kinds = |kinds: &str| {
        said(&with(
            "severity: low",
            &format!("kinds: {kinds}\nseverity: low"),
        ))
    };
    let all = "[general, directory, table, vector, file-system]";
    assert_eq!(kinds(all), Vec::<String>::new());
    assert_eq!(
        kinds("[general, archive]"),
        [
            "mine/my-check.yaml:4:18: `archive` is not a kind of bucket that is read: general, directory, table, vector, file-system"
        ]
    );
    let of_functions = with("subject: bucket", "subject: function\nkinds: [directory]");
    assert!(
        said(&of_functions)
            .iter()
            .any(|problem| problem.contains("`kinds` is for checks on buckets")),
        "{:?}",
        said(&of_functions)
    );
}

#[test]
fn a_place_in_a_folded_condition_is_the_place_in_the_file() {
    assert_eq!(
        said(&with(
            "fail_when: bucket.transport.plain_http_reachable",
            "fail_when: >-\n  bucket.transport.plain_http_reachable &&\n  bukcet.acl.enabled"
        )),
        ["mine/my-check.yaml:7:3: unknown variable `bukcet`; did you mean `bucket`?"]
    );
}

/// Everything that conditions may not do, with the words that explain it.
#[test]
fn what_breaks_three_valued_logic_is_refused() {
    let cases = [
        ("has(bucket.acl.enabled)", "`has()` is not supported"),
        ("bucket.acl.ownership == null", "`null` is not supported"),
        (
            "bucket.tags['x'] == 'y'",
            "indexing with [ ] is not supported",
        ),
        (
            "bucket.public_access_block.missing[0] == 'x'",
            "indexing with [ ] is not supported",
        ),
        ("bucket.tags.owner == 'y'", "is a map: test for a key"),
        (
            "size(bucket.acl.public_grants.filter(g, g.permission == 'READ')) > 0",
            "filter(), exists_one()",
        ),
        (
            "bucket.acl.public_grants.exists_one(g, g.permission == 'READ')",
            "filter(), exists_one()",
        ),
        (
            "bucket.public_access_block.missing.map(m, m == 'x') == [true]",
            "map() is not supported",
        ),
        (
            "bucket.acl.public_grants.exists(g)",
            "takes a variable and a condition",
        ),
        ("bucket.name.matches('a+')", "matches() is not supported"),
        (
            "bucket.acl.public_grants.exists(a, bucket.acl.public_grants.exists(b, bucket.acl.public_grants.exists(c, c.permission == 'READ')))",
            "may be nested 2 deep",
        ),
        ("bucket.name > 3", "`>` cannot compare text and an integer"),
        (
            "bucket.name == true",
            "`==` cannot compare text and a boolean",
        ),
        ("bucket.name", "this is text, but a boolean is needed"),
        (
            "bucket.acl",
            "this is a group of facts, but a boolean is needed",
        ),
        (
            "bucket.acl.enabled && bucket.name",
            "`&&` takes a boolean, this is text",
        ),
        ("bucket.acl.public_grants.enabled", "is a list: use"),
        ("'READ' in bucket.name", "`in` needs a list or a map"),
        ("size(bucket.name) / 0 > 1", "takes a constant other than 0"),
        ("size(bucket.name) > 1u", "write 1 instead of 1u"),
        (
            "siez(bucket.name) > 1",
            "unknown function `siez`; did you mean `size`?",
        ),
        (
            "bucket.exposure.anonymous.read == 'reachabel'",
            "did you mean `reachable`?",
        ),
        (
            "bucket.acl.public_grants.exists(bucket, true)",
            "is a variable already",
        ),
        ("bucket.acl.enabled = true", "write == to compare"),
        ("bucket.acl.enabled &&", "the condition ends too early"),
        ("{'a': 1} == {'a': 1}", "maps `{…}` are not supported"),
        ("item.version == '1'", "unknown variable `item`"),
        ("params.days > 1", "unknown variable `params`"),
        (".bucket.acl.enabled", "is not a variable"),
    ];
    for (condition, words) in cases {
        let quoted = format!("fail_when: \"{}\"", condition.replace('"', "\\\""));
        let said = said(&with(
            "fail_when: bucket.transport.plain_http_reachable",
            &quoted,
        ));
        assert!(
            said.iter()
                .any(|problem| problem.contains(words)
                    && problem.starts_with("mine/my-check.yaml:5:")),
            "{condition}: {said:#?}"
        );
    }
}

#[test]
fn every_mistake_of_every_file_is_told_at_once() {
    let said = said(
        r#"id: My_Check
title: t
subject: bucket
severity: low
applies: bucket.acl.enabeld
fail_when: bucket.transport.plain_http && bucket.nmae == "x"
message: "{bucket.nmae} and {buckt.name}"
evidence: [bucket.transprt]
remediation:
  summary: see {bucket.acl}
  shell: aws s3 rm 's3://{bucket.nam}'
since: soon
"#,
    );
    let expected = [
        "mine/my-check.yaml:1:5: the check id `My_Check` must be in kebab case",
        "mine/my-check.yaml:1:5: the check id `My_Check` must equal the file's name `my-check`",
        "mine/my-check.yaml:5:21: `bucket.acl` has no fact `enabeld`",
        "mine/my-check.yaml:6:29: `bucket.transport` has no fact `plain_http`",
        "mine/my-check.yaml:6:50: `bucket` has no fact `nmae`",
        "mine/my-check.yaml:7:19: `bucket` has no fact `nmae`",
        "mine/my-check.yaml:7:30: `{buckt.name}` is not a fact; did you mean `bucket`?",
        "mine/my-check.yaml:8:19: `bucket` has no fact `transprt`",
        "mine/my-check.yaml:10:17: `{bucket.acl}` is a group of facts",
        "mine/my-check.yaml:11:34: `bucket` has no fact `nam`",
        "mine/my-check.yaml:12:8: `since` is a version",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn a_check_of_ones_own_can_name_a_change() {
    let remediation = "remediation: {summary: Stop plain HTTP., change: deny-plain-http}";
    let text = with("since: 0.1.0", &format!("{remediation}\nsince: 0.1.0"));
    assert_eq!(said(&text), [] as [String; 0]);
    for (remediation, expected) in [
        (
            "change: deny-plain-htp",
            "no change of a bucket is called `deny-plain-htp`; did you mean `deny-plain-http`?",
        ),
        (
            "change: raise-timeout",
            "no change of a bucket is called `raise-timeout`",
        ),
        (
            "change: block-sse-c, shell: aws s3 ls",
            "a check names a change or brings texts, not both",
        ),
        (
            "decide: yes or no",
            "`remediation` needs a `summary` or the name of a `change`",
        ),
    ] {
        let text = with(
            "since: 0.1.0",
            &format!("remediation: {{{remediation}}}\nsince: 0.1.0"),
        );
        let said = said(&text);
        assert!(
            said.iter().any(|problem| problem.contains(expected)),
            "{remediation}: {said:#?}"
        );
    }
}

#[test]
fn an_example_that_does_not_give_its_verdict_is_told() {
    let text = with(
        "pass: [{bucket: {transport: {plain_http_reachable: false}}}]",
        "pass: [{bucket: {transport: {plain_http_reachable: true}}}]",
    );
    assert_eq!(
        said(&text),
        [
            "mine/my-check.yaml:10:10: this example must give `pass` and gives fail: unknown is wrong"
        ]
    );
}

#[test]
fn an_example_must_speak_the_language_of_the_facts() {
    let text = with(
        "fail: [{bucket: {transport: {plain_http_reachable: true}}}]",
        "fail: [{bucket: {transport: {plain_http_reachabel: true, weakness: 3}}}]",
    );
    let said = said(&text);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].starts_with(
        "mine/my-check.yaml:9:32: `bucket.transport` has no fact `plain_http_reachabel`"
    ));
    assert!(
        said[1].ends_with("`bucket.transport.weakness` is text, not an integer"),
        "{}",
        said[1]
    );
}

#[test]
fn missing_examples_are_told() {
    let text = with("  unknown: [{bucket: {name: b}}]\n", "");
    assert_eq!(
        said(&text),
        ["mine/my-check.yaml: no example shows when the check gives `unknown`"]
    );
}

#[test]
fn an_id_that_is_taken_is_told_by_whom() {
    let text = GOOD.replace("my-check", "s3-plain-http");
    let said: Vec<String> = verify_files(vec![("mine/s3-plain-http.yaml".to_owned(), text)])
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        [
            "mine/s3-plain-http.yaml: the id `s3-plain-http` is taken by policies/s3/s3-plain-http.yaml"
        ]
    );
}

#[test]
fn an_alias_may_not_take_an_id_either() {
    let text = with("id: my-check", "id: my-check\naliases: [s3-plain-http]");
    assert_eq!(
        said(&text),
        ["mine/my-check.yaml: the id `s3-plain-http` is taken by policies/s3/s3-plain-http.yaml"]
    );
}

#[test]
fn verifying_the_built_in_files_themselves_finds_nothing() {
    let files = Catalog::builtin_files()
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(verify_files(files), []);
}

#[test]
fn a_file_that_is_not_yaml_is_told_with_its_place() {
    for text in ["", "id: [", "\tid: x", "- a\n- b\n", "id: x\nid: y\n"] {
        let said = said(text);
        assert_eq!(said.len(), 1, "{text:?}: {said:#?}");
        assert!(
            said[0].starts_with("mine/my-check.yaml:"),
            "{text:?}: {said:#?}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Selection.

fn error(selection: &Selection) -> String {
    catalog().select(selection).unwrap_err().to_string()
}

fn check(globs: &[&str]) -> Selection {
    Selection {
        check: globs.iter().map(|glob| (*glob).to_owned()).collect(),
        ..Selection::default()
    }
}

#[test]
fn a_glob_that_matches_nothing_is_an_error() {
    assert_eq!(
        error(&check(&["s3-plan-http"])),
        "--check `s3-plan-http` matches no check; did you mean `s3-plain-http`?"
    );
    assert_eq!(
        error(&Selection {
            exclude: vec!["ec2-*".to_owned()],
            ..Selection::default()
        }),
        "--exclude `ec2-*` matches no check"
    );
}

#[test]
fn an_unknown_pack_is_an_error() {
    assert_eq!(
        error(&Selection {
            pack: "defualt".to_owned(),
            ..Selection::default()
        }),
        "unknown pack `defualt`; did you mean `default`?"
    );
}

#[test]
fn a_check_outside_the_pack_is_an_error() {
    let selection = Selection {
        pack: "s3".to_owned(),
        ..check(&["lambda-vpc-attached"])
    };
    assert_eq!(
        error(&selection),
        "--check `lambda-vpc-attached` matches no check of the pack `s3`"
    );
}

#[test]
fn a_selection_that_leaves_nothing_is_an_error() {
    let selection = Selection {
        severity: Some(coldbucket::findings::Severity::Critical),
        ..check(&["s3-no-*"])
    };
    assert_eq!(error(&selection), "the selection contains no check");
}

#[test]
fn globs_are_those_of_iam() {
    let catalog = catalog();
    let ids = |globs: &[&str]| -> Vec<String> {
        let selected = catalog.select(&check(globs)).unwrap();
        selected.iter().map(|check| check.id.clone()).collect()
    };
    assert_eq!(
        ids(&["s3-public-????"]),
        ["s3-public-list", "s3-public-read"]
    );
    assert_eq!(
        ids(&["*-public-write", "lambda-vpc-*"]),
        ["lambda-vpc-attached", "lambda-vpc-idle", "s3-public-write"]
    );
}

#[test]
fn exclusion_and_severity_come_after_the_globs() {
    let catalog = catalog();
    let selection = Selection {
        exclude: vec!["*-read".to_owned()],
        severity: Some(coldbucket::findings::Severity::High),
        ..check(&["s3-public-*"])
    };
    let selected = catalog.select(&selection).unwrap();
    let ids: Vec<&str> = selected.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(
        ids,
        ["s3-public-acl-grant", "s3-public-list", "s3-public-write"]
    );
}

#[test]
fn thresholds_must_exist_and_keep_their_type() {
    let with = |id: &str, name: &str, value: serde_json::Value| Selection {
        params: [(id.to_owned(), [(name.to_owned(), value)].into())].into(),
        ..Selection::default()
    };
    let catalog = catalog();
    assert!(
        catalog
            .select(&with("lambda-package-oversized", "zip_mb", 10.into()))
            .is_ok()
    );
    assert_eq!(
        error(&with("lambda-package-oversized", "zip_md", 10.into())),
        "`lambda-package-oversized` has no threshold `zip_md`; did you mean `zip_mb`?"
    );
    assert_eq!(
        error(&with("lambda-package-oversized", "zip_mb", "10".into())),
        "the threshold `zip_mb` of `lambda-package-oversized` is an integer, not text"
    );
    assert_eq!(
        error(&with("lambda-package-overzized", "zip_mb", 10.into())),
        "parameters for the unknown check `lambda-package-overzized`; did you mean `lambda-package-oversized`?"
    );
}

// ---------------------------------------------------------------------------------------------
// Anything at all.

/// Pieces that conditions are made of, so that random ones get past the first token.
const PIECES: [&str; 44] = [
    "bucket",
    "function",
    "functi0n",
    "item",
    "params",
    "x",
    ".",
    ".acl",
    ".enabled",
    ".name",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "!",
    "-",
    "&&",
    "||",
    "==",
    "<",
    " in ",
    "+",
    "/",
    "%",
    "1",
    "0",
    "1.5",
    "9999999999999999999",
    "2u",
    "\"a\"",
    "'",
    "\"",
    "\\",
    "null",
    ".exists(",
    ".all(",
    "has(",
    "r'",
    "é\u{0}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// A condition compiles or is not supported; it never takes the program down. The places of mistakes
    /// lie in the condition.
    #[test]
    fn no_condition_breaks_the_compiler(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24)) {
        let text: String = pieces.concat();
        if let Err(mistakes) = Expression::compile(&text, None) {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                prop_assert!(mistake.at <= text.len(), "{text:?}: {mistake:?}");
            }
        }
    }

    #[test]
    fn no_text_breaks_the_compiler(text in any::<String>()) {
        let _ = Expression::compile(&text, Some("function.versions"));
        let _ = verify_files(vec![("mine/my-check.yaml".to_owned(), text)]);
    }

    /// A sound file with a stretch of it replaced is sound or refused.
    #[test]
    fn no_damage_to_a_file_breaks_the_compiler(at in 0..GOOD.len(), length in 0..40_usize, with in ".{0,12}") {
        let mut bytes = GOOD.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.into_bytes());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = said(&text);
    }
}

#[test]
fn deep_and_long_conditions_are_refused_not_followed() {
    let deep = format!("{}true{}", "(".repeat(3000), ")".repeat(3000));
    let chain = format!("bucket{}", ".acl".repeat(900));
    let ors = format!("true{}", " || true".repeat(400));
    let long = "true || ".repeat(5000) + "true";
    for text in [deep, chain, long] {
        assert!(Expression::compile(&text, None).is_err(), "{}", &text[..20]);
    }
    // Many alternatives are a balanced tree, not a deep one.
    assert!(Expression::compile(&ors, None).is_ok());
}
