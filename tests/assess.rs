//! Judging whole snapshots: how many results there are, in which order, and what they carry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

#[path = "support/documents.rs"]
mod documents;

use std::collections::{BTreeMap, BTreeSet};

use coldbucket::checks::expression::Prepared;
use coldbucket::checks::{Catalog, Check, Judgement, Selection, assess};
use coldbucket::facts::{Facts, Subject, Trust};
use coldbucket::findings::{Finding, Reason, Severity, Status, fingerprint};
use coldbucket::inventory::Snapshot;
use coldbucket::inventory::ids::SubjectKind;
use serde_json::{Value, json};

const ACCOUNT: &str = "111111111111";

/// An account with three buckets and two functions, in which one call was refused.
fn snapshot() -> Snapshot {
    let bucket = |logging: Value, encryption: Value| {
        json!({
            "region": "eu-west-1",
            "policy": "absent",
            "policy_status": "absent",
            "acl": {"known": {"grants": []}},
            "ownership": {"known": {"object_ownership": "BucketOwnerEnforced"}},
            "public_access_block": "absent",
            "encryption": encryption,
            "logging": logging,
            "versioning": {"known": {"status": "Enabled"}},
            "tags": "absent",
        })
    };
    let sse_s3 = json!({"known": {"algorithm": "AES256", "blocked_encryption_types": ["SSE-C"]}});
    let denied =
        json!({"denied": {"action": "s3:GetEncryptionConfiguration", "code": "AccessDenied"}});
    let version = |runtime: &str| {
        json!({
            "runtime": runtime, "package_type": "Zip", "architecture": "arm64",
            "memory_mb": 512, "timeout_s": 3, "code_size_bytes": 1_048_576, "ephemeral_storage_mb": 512,
        })
    };
    let value = json!({
        "schema": "coldbucket-snapshot/1",
        "taken_at": "2026-11-22T08:00:00Z",
        "accounts": {ACCOUNT: {
            "public_access_block": "absent",
            "region_listing": {"known": {"regions": ["eu-west-1"]}},
            "bucket_listing": {"known": {"complete": true}},
            "identity_listing": {"known": {"complete": true}},
            "multi_region_access_point_listing": {"known": {"complete": true}},
            "buckets": {
                "data": bucket(json!({"known": {"target_bucket": "logs", "target_prefix": "data/"}}), denied),
                "logs": bucket(json!("absent"), sse_s3.clone()),
                "plain": bucket(json!("absent"), sse_s3),
            },
            "regions": {"eu-west-1": {
                "trail_listing": {"known": []},
                "function_listing": {"known": {"complete": true}},
                "access_point_listing": {"known": {"complete": true}},
                "functions": {
                    "api": {
                        "arn": "arn:aws:lambda:eu-west-1:111111111111:function:api",
                        "versions": {"$LATEST": version("java21"), "3": version("python3.8"), "9": version("java21")},
                        "aliases": {"known": [{"name": "live", "version": "3"}]},
                        "provisioned_concurrency": {"known": []},
                    },
                    "job": {
                        "arn": "arn:aws:lambda:eu-west-1:111111111111:function:job",
                        "versions": {"$LATEST": version("python3.13")},
                        "aliases": {"denied": {"action": "lambda:ListAliases", "code": "AccessDeniedException"}},
                        "provisioned_concurrency": {"known": []},
                    },
                },
            }},
        }},
    });
    serde_json::from_value(value).unwrap()
}

fn judge_all(
    snapshot: &Snapshot,
    selection: &Selection,
    scope: &dyn Fn(&Subject) -> bool,
) -> Vec<Finding> {
    let catalog = Catalog::builtin().unwrap();
    let selected = catalog.select(selection).unwrap();
    let facts = Facts::new(snapshot, Trust::default());
    let mut findings = Vec::new();
    assess(&facts, &selected, scope, &mut |finding| {
        findings.push(finding)
    })
    .unwrap();
    findings
}

/// Judges by every check there is, those that the default pack leaves out too.
fn all(snapshot: &Snapshot) -> Vec<Finding> {
    let every = Selection {
        pack: "strict".to_owned(),
        ..Selection::default()
    };
    judge_all(snapshot, &every, &|_| true)
}

fn of<'f>(findings: &'f [Finding], check: &str, name: &str) -> Vec<&'f Finding> {
    findings
        .iter()
        .filter(|finding| finding.check == check && finding.resource.name == name)
        .collect()
}

fn one<'f>(findings: &'f [Finding], check: &str, name: &str) -> &'f Finding {
    let found = of(findings, check, name);
    assert_eq!(found.len(), 1, "{check} on {name}: {found:#?}");
    found[0]
}

/// Every check gives exactly one result for every resource, or one an item.
#[test]
fn every_check_and_resource_has_exactly_one_result() {
    let snapshot = snapshot();
    let findings = all(&snapshot);
    let catalog = Catalog::builtin().unwrap();
    let facts = Facts::new(&snapshot, Trust::default());
    let mut expected = 0;
    for check in catalog.iter() {
        for subject in facts.subjects(check.subject) {
            let found = of(&findings, &check.id, &subject.id.name);
            match (check.for_each.as_ref(), found.as_slice()) {
                (None, [only]) => assert_eq!(only.item, None),
                // An empty list, or one that is not known: one result without an item.
                (Some(_), [only]) if only.item.is_none() => {}
                (Some(_), items) if !items.is_empty() => {
                    let keys: BTreeSet<&str> = items
                        .iter()
                        .map(|item| item.item.as_deref().unwrap())
                        .collect();
                    assert_eq!(keys.len(), items.len());
                }
                other => panic!("{} on {}: {other:?}", check.id, subject.id.name),
            }
            expected += found.len();
        }
    }
    assert_eq!(findings.len(), expected);
    let fingerprints: BTreeSet<&str> = findings.iter().map(|f| f.fingerprint.as_str()).collect();
    assert_eq!(fingerprints.len(), findings.len());
}

#[test]
fn results_are_sorted_by_resource_check_and_item() {
    let findings = all(&snapshot());
    let key = |finding: &Finding| {
        (
            finding.resource.kind,
            finding.resource.account.clone(),
            finding.resource.region.clone(),
            finding.resource.name.clone(),
            finding.check.clone(),
            finding.item.clone(),
        )
    };
    assert!(findings.is_sorted_by_key(key));
}

#[test]
fn a_refused_call_is_named_and_decides_nothing() {
    let findings = all(&snapshot());
    for check in [
        "s3-no-kms-key",
        "s3-bucket-key-disabled",
        "s3-sse-c-allowed",
    ] {
        let finding = one(&findings, check, "data");
        assert_eq!(finding.status, Status::NotAssessed, "{check}");
        assert_eq!(finding.reason, Some(Reason::Denied));
        assert_eq!(finding.missing, ["s3:GetEncryptionConfiguration"]);
        assert_eq!(
            finding.message.as_deref(),
            Some("Not assessed: s3:GetEncryptionConfiguration was denied (AccessDenied).")
        );
    }
}

#[test]
fn a_log_target_is_neither_asked_for_a_key_nor_for_logs() {
    let findings = all(&snapshot());
    for check in ["s3-no-kms-key", "s3-no-access-log"] {
        assert_eq!(one(&findings, check, "logs").status, Status::NotApplicable);
        assert_eq!(one(&findings, check, "plain").status, Status::Fail);
    }
}

#[test]
fn a_failure_carries_its_message_its_evidence_and_its_identity() {
    let findings = all(&snapshot());
    let finding = one(&findings, "s3-no-access-log", "plain");
    assert_eq!(
        finding.message.as_deref(),
        Some(
            "Server access logging of bucket plain is disabled, and no trail records all of its data events."
        )
    );
    assert_eq!(finding.severity, Severity::Medium);
    assert_eq!(finding.evidence.len(), 1);
    assert_eq!(
        finding.evidence[0].pointer,
        format!("/accounts/{ACCOUNT}/buckets/plain/logging")
    );
    assert_eq!(
        finding.fingerprint,
        fingerprint("s3-no-access-log", "arn:aws:s3:::plain", None)
    );
}

#[test]
fn a_pass_carries_no_message_and_no_evidence() {
    for finding in all(&snapshot()) {
        if finding.status == Status::Pass {
            // It says which of two ways it passed.
            let says = finding.check == "s3-no-access-log";
            assert_eq!(finding.message.is_some(), says, "{finding:#?}");
            assert!(finding.evidence.is_empty());
            assert!(finding.missing.is_empty());
        }
    }
}

#[test]
fn versions_in_use_are_items_and_others_are_not_judged() {
    let findings = all(&snapshot());
    let found = of(&findings, "lambda-runtime-deprecated", "api");
    let items: Vec<(&str, Status)> = found
        .iter()
        .map(|finding| (finding.item.as_deref().unwrap(), finding.status))
        .collect();
    assert_eq!(items, [("$LATEST", Status::Pass), ("3", Status::Fail)]);
    assert_eq!(
        found[1].message.as_deref(),
        Some("api:3 uses runtime python3.8, which AWS stopped patching on 2024-10-14.")
    );
    assert_eq!(
        found[1].fingerprint,
        fingerprint(
            "lambda-runtime-deprecated",
            &found[1].resource.arn,
            Some("3")
        )
    );
}

#[test]
fn a_list_that_is_not_known_is_one_result() {
    let findings = all(&snapshot());
    let finding = one(&findings, "lambda-runtime-deprecated", "job");
    assert_eq!(finding.status, Status::NotAssessed);
    assert_eq!(finding.item, None);
    assert_eq!(finding.missing, ["lambda:ListAliases"]);
    // What needs no aliases is judged all the same.
    assert_eq!(
        one(&findings, "lambda-vpc-attached", "job").status,
        Status::Pass
    );
}

#[test]
fn a_listing_that_failed_is_one_result_a_check_whatever_the_scope() {
    let mut value = serde_json::to_value(snapshot()).unwrap();
    let account = &mut value["accounts"][ACCOUNT];
    account["bucket_listing"] =
        json!({"denied": {"action": "s3:ListAllMyBuckets", "code": "AccessDenied"}});
    account["buckets"] = json!({});
    let snapshot: Snapshot = serde_json::from_value(value).unwrap();
    let catalog = Catalog::builtin().unwrap();
    let selection = Selection {
        pack: "s3".to_owned(),
        // What is about no bucket.
        exclude: catalog
            .iter()
            .filter(|check| check.subject != SubjectKind::Bucket)
            .map(|check| check.id.clone())
            .collect(),
        ..Selection::default()
    };
    let findings = judge_all(&snapshot, &selection, &|_| false);
    assert_eq!(findings.len(), catalog.select(&selection).unwrap().len());
    for finding in &findings {
        assert_eq!(finding.resource.name, "*");
        assert_eq!(finding.status, Status::NotAssessed);
        assert_eq!(finding.reason, Some(Reason::Denied));
        assert_eq!(finding.missing, ["s3:ListAllMyBuckets"]);
    }
}

#[test]
fn what_is_out_of_scope_has_no_result() {
    let findings = judge_all(&snapshot(), &Selection::default(), &|subject| {
        subject.id.name == "plain"
    });
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|finding| finding.resource.name == "plain")
    );
}

#[test]
fn thresholds_from_the_configuration_are_used() {
    let selection = Selection {
        check: vec!["lambda-package-oversized".to_owned()],
        params: [(
            "lambda-package-oversized".to_owned(),
            BTreeMap::from([("zip_mb".to_owned(), json!(0))]),
        )]
        .into(),
        ..Selection::default()
    };
    let findings = judge_all(&snapshot(), &selection, &|_| true);
    let found = of(&findings, "lambda-package-oversized", "api");
    assert!(found.iter().all(|finding| finding.status == Status::Fail));
    assert_eq!(
        found[0].message.as_deref(),
        Some("The deployment package of api:$LATEST is 1 MB compressed, layers included.")
    );
}

// ---------------------------------------------------------------------------------------------
// One check on one document.

fn catalog_with(text: &str) -> Catalog {
    let mut catalog = Catalog::builtin().unwrap();
    catalog
        .extend(vec![("mine/my-check.yaml".to_owned(), text.to_owned())])
        .unwrap_or_else(|errors| panic!("{errors}"));
    catalog
}

fn judge(check: &Check, facts: Value) -> Result<Vec<Judgement>, String> {
    let document = documents::document(check.subject.variable(), &facts);
    let params: Value = check.params.clone().into_iter().collect();
    coldbucket::checks::assess::judge(check, Some(&params), &Prepared::new(&document))
}

const HEAD: &str = "id: my-check\ntitle: T\nsubject: bucket\nseverity: low\nsince: 0.1.0\n";

fn unknown(reason: &str, action: &str, detail: &str) -> Value {
    json!({"$unknown": [{"reason": reason, "action": action, "detail": detail}]})
}

#[test]
fn an_error_that_no_unknown_explains_is_a_defect() {
    let text = format!(
        "{HEAD}fail_when: 9223372036854775807 + size(bucket.name) > 0\nmessage: \"{{bucket.name}}\"\n"
    );
    let catalog = catalog_with(&text);
    let selected = catalog
        .select(&Selection {
            check: vec!["my-check".to_owned()],
            ..Selection::default()
        })
        .unwrap();
    let snapshot = snapshot();
    let facts = Facts::new(&snapshot, Trust::default());
    let mut count = 0;
    let defect = assess(&facts, &selected, &|_| true, &mut |_| count += 1).unwrap_err();
    assert_eq!(count, 0);
    assert!(
        defect.to_string().starts_with(
            "mine/my-check.yaml: check `my-check` cannot judge arn:aws:s3:::data: `9223372036854775807"
        ),
        "{defect}"
    );
}

#[test]
fn a_fact_that_is_neither_known_nor_unknown_is_a_defect() {
    let catalog = Catalog::builtin().unwrap();
    let check = catalog.get("s3-plain-http").unwrap();
    let error = judge(check, json!({"name": "b", "transport": {}})).unwrap_err();
    assert!(error.contains("neither have nor call unknown"), "{error}");
}

#[test]
fn reasons_have_a_precedence_and_their_actions_come_together() {
    let catalog = Catalog::builtin().unwrap();
    let check = catalog.get("s3-public-read").unwrap();
    let facts = json!({"name": "b", "exposure": {"wide_networks": {"read": ""}, "public": {"read": {"$unknown": [
        {"reason": "undecidable", "action": "", "detail": "it needs the policy engine"},
        {"reason": "failed", "action": "s3:GetBucketPolicyStatus", "detail": "Timeout"},
    ]}}}});
    let judgements = judge(check, facts).unwrap();
    assert_eq!(judgements.len(), 1);
    assert_eq!(judgements[0].reason, Some(Reason::Failed));
    assert_eq!(judgements[0].missing, ["s3:GetBucketPolicyStatus"]);
    assert_eq!(
        judgements[0].message.as_deref(),
        Some(
            "Not assessed: s3:GetBucketPolicyStatus failed (Timeout); it needs the policy engine."
        )
    );
}

#[test]
fn a_known_side_decides_over_an_unknown_one() {
    let catalog = Catalog::builtin().unwrap();
    let check = catalog.get("s3-public-read").unwrap();
    let facts = json!({"name": "b", "exposure": {
        "public": {"read": true},
        "anonymous": {"read": unknown("denied", "s3:GetBucketPolicy", "AccessDenied")},
        "any_aws_account": {"read": "reachable"},
    }});
    let judgements = judge(check, facts).unwrap();
    assert_eq!(judgements[0].status, Status::Fail);
    assert_eq!(
        judgements[0].message.as_deref(),
        Some("Any AWS account can download objects from bucket b.")
    );
}

#[test]
fn trusted_sharing_passes_and_says_so() {
    let catalog = Catalog::builtin().unwrap();
    let check = catalog.get("s3-cross-account-access").unwrap();
    let facts = json!({"name": "b", "exposure": {"other_accounts": [
        {"account": "222222222222", "via": "policy", "trusted": true},
        {"account": "333333333333", "via": "acl", "trusted": false},
        {"account": "333333333333", "via": "policy", "trusted": false},
    ]}});
    let judgements = judge(check, facts).unwrap();
    let told: Vec<(&str, Status, &str)> = judgements
        .iter()
        .map(|judgement| {
            (
                judgement.item.as_deref().unwrap(),
                judgement.status,
                judgement.message.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "222222222222",
                Status::Pass,
                "Bucket b grants access to 222222222222 in its bucket policy; your configuration lists it as trusted."
            ),
            (
                "333333333333",
                Status::Fail,
                "Bucket b grants access to 333333333333 in its ACL. Bucket b grants access to 333333333333 in its bucket policy."
            ),
        ]
    );
}

/// Where some items of a list are not known as a whole, the others are judged, and one result
/// without an item stands for the rest.
#[test]
fn lost_items_are_one_result_without_an_item() {
    let catalog = Catalog::builtin().unwrap();
    let check = catalog.get("s3-cross-account-access").unwrap();
    let facts = json!({"name": "b", "exposure": {"other_accounts": [
        {"account": "222222222222", "via": "policy", "trusted": true},
        unknown("undecidable", "", "a canonical user that cannot be resolved"),
    ]}});
    let judgements = judge(check, facts).unwrap();
    let told: Vec<(Option<&str>, Status)> = judgements
        .iter()
        .map(|judgement| (judgement.item.as_deref(), judgement.status))
        .collect();
    assert_eq!(
        told,
        [
            (Some("222222222222"), Status::Pass),
            (None, Status::NotAssessed)
        ]
    );
    assert_eq!(
        judgements[1].message.as_deref(),
        Some("Not assessed: a canonical user that cannot be resolved.")
    );
}

/// `exists` and `all` over a list that has lost members answer only when a known member decides.
#[test]
fn quantifiers_over_lists_that_lost_members() {
    let with = |condition: &str| {
        catalog_with(&format!(
            "{HEAD}fail_when: '{condition}'\nmessage: \"{{bucket.name}}\"\n"
        ))
    };
    let grants = |known: Value| {
        json!({"name": "b", "acl": {"public_grants": [
            known,
            unknown("denied", "s3:GetBucketAcl", "AccessDenied"),
        ]}})
    };
    let read = json!({"grantee": "AllUsers", "permission": "READ"});
    let write = json!({"grantee": "AllUsers", "permission": "WRITE"});
    let exists = r#"bucket.acl.public_grants.exists(g, g.permission == "READ")"#;
    let every = r#"bucket.acl.public_grants.all(g, g.permission == "READ")"#;
    let cases = [
        (exists, &read, Status::Fail),
        (exists, &write, Status::NotAssessed),
        (every, &read, Status::NotAssessed),
        (every, &write, Status::Pass),
        (
            "size(bucket.acl.public_grants) > 0",
            &read,
            Status::NotAssessed,
        ),
        (
            "size(bucket.acl.public_grants) > 5",
            &read,
            Status::NotAssessed,
        ),
        // There is a member, known or not.
        (
            "bucket.acl.public_grants.exists(g, true)",
            &read,
            Status::Fail,
        ),
    ];
    for (condition, known, status) in cases {
        let catalog = with(condition);
        let check = catalog.get("my-check").unwrap();
        let judgements = judge(check, grants(known.clone())).unwrap();
        assert_eq!(judgements[0].status, status, "{condition} over {known}");
        if status == Status::NotAssessed {
            assert_eq!(judgements[0].missing, ["s3:GetBucketAcl"]);
        }
    }
}

#[test]
fn a_precondition_on_the_resource_is_asked_once_and_one_on_items_for_each() {
    let resource = catalog_with(&format!(
        "{}applies: function.latest.edge\nfor_each: function.versions\nkey: version\n\
         fail_when: item.managed_instances\nmessage: \"{{item.version}}\"\n",
        HEAD.replace("bucket", "function")
    ));
    let versions = json!([
        {"version": "1", "managed_instances": true, "edge": false},
        {"version": "2", "managed_instances": false, "edge": true},
    ]);
    let facts = |edge: bool| json!({"latest": {"edge": edge}, "versions": versions});
    let check = resource.get("my-check").unwrap();
    assert_eq!(judge(check, facts(true)).unwrap().len(), 2);
    let judgements = judge(check, facts(false)).unwrap();
    assert_eq!(judgements.len(), 1);
    assert_eq!(judgements[0].status, Status::NotApplicable);

    let items = catalog_with(&format!(
        "{}applies: item.edge\nfor_each: function.versions\nkey: version\n\
         fail_when: item.managed_instances\nmessage: \"{{item.version}}\"\n",
        HEAD.replace("bucket", "function")
    ));
    let statuses: Vec<Status> = judge(items.get("my-check").unwrap(), facts(false))
        .unwrap()
        .iter()
        .map(|judgement| judgement.status)
        .collect();
    assert_eq!(statuses, [Status::NotApplicable, Status::Pass]);
}

/// A renamed check keeps the fingerprints of its first id, and answers to all of its names.
#[test]
fn aliases_keep_the_identity() {
    let catalog = catalog_with(&format!(
        "{HEAD}aliases: [oldest-name, older-name]\nfail_when: bucket.acl.enabled\nmessage: \"{{bucket.name}}\"\n"
    ));
    let selected = catalog
        .select(&Selection {
            check: vec!["older-name".to_owned()],
            ..Selection::default()
        })
        .unwrap();
    assert_eq!(catalog.get("oldest-name").unwrap().id, "my-check");
    let snapshot = snapshot();
    let mut findings = Vec::new();
    assess(
        &Facts::new(&snapshot, Trust::default()),
        &selected,
        &|_| true,
        &mut |finding| findings.push(finding),
    )
    .unwrap();
    assert_eq!(findings[0].check, "my-check");
    assert_eq!(
        findings[0].fingerprint,
        fingerprint("oldest-name", "arn:aws:s3:::data", None)
    );
}

/// A deprecated check runs only when it is called by its full id.
#[test]
fn a_deprecated_check_waits_to_be_called() {
    let catalog = catalog_with(&format!(
        "{HEAD}deprecated: use another\nfail_when: bucket.acl.enabled\nmessage: \"{{bucket.name}}\"\n"
    ));
    let selects = |globs: &[&str]| {
        let selection = Selection {
            check: globs.iter().map(|glob| (*glob).to_owned()).collect(),
            ..Selection::default()
        };
        catalog
            .select(&selection)
            .is_ok_and(|selected| selected.iter().any(|check| check.id == "my-check"))
    };
    assert!(!selects(&[]));
    assert!(!selects(&["my-*"]));
    assert!(selects(&["my-check"]));
}
