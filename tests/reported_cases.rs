//! Cases from public reports and from AWS's documentation: whole snapshots with the statuses that are
//! right by AWS's rule, each judged by one check.
//!
//! `tests/fixtures/cases/audit-wrong.jsonl` has those that a version of 2026-11-29 judged wrongly,
//! `audit-right.jsonl` those that it judged rightly; `audit-hand.jsonl` has each kind in other forms, by what
//! differs from one of the first.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};

use coldbucket::checks::{Catalog, Selection, assess};
use coldbucket::facts::{Facts, Trust};
use coldbucket::findings::Status;
use coldbucket::inventory::Snapshot;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    check: String,
    resource: String,
    right: BTreeSet<String>,
    #[serde(default)]
    rule: String,
    snapshot: Snapshot,
}

/// The words for statuses, the one that counts for a resource with several results first.
const STATUSES: [(&str, Status); 5] = [
    ("fail", Status::Fail),
    ("not-assessed", Status::NotAssessed),
    ("pass", Status::Pass),
    ("not-applicable", Status::NotApplicable),
    ("suppressed", Status::Suppressed),
];

/// The status of the case's resource.
fn status(case: &Case) -> &'static str {
    let catalog = Catalog::builtin().unwrap();
    let selected = catalog
        .select(&Selection {
            pack: "strict".to_owned(),
            check: vec![case.check.clone()],
            ..Selection::default()
        })
        .unwrap();
    let facts = Facts::new(&case.snapshot, Trust::default());
    let mut found = Vec::new();
    assess(&facts, &selected, &|_| true, &mut |finding| {
        let name = finding.resource.name.as_str();
        let named = name == case.resource || name.rsplit('/').next() == Some(&case.resource);
        if finding.check == case.check && named {
            found.push(finding.status);
        }
    })
    .unwrap();
    STATUSES
        .iter()
        .find(|(_, status)| found.contains(status))
        .map_or("none", |(word, _)| word)
}

fn wrong(cases: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let status = status(&case);
        if !case.right.contains(status) {
            let (id, rule, right) = (&case.id, &case.rule, &case.right);
            wrong.push(format!("{id}: {status}, right is {right:?} ({rule})"));
        }
    }
    wrong
}

#[test]
fn reported_audits_are_judged_rightly() {
    let wrong = wrong(include_str!("fixtures/cases/audit-wrong.jsonl"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A case by what differs from one of `audit-wrong.jsonl`.
#[derive(Deserialize)]
struct PatchedCase {
    base: String,
    check: String,
    resource: String,
    right: BTreeSet<String>,
    rule: String,
    patch: Vec<Patch>,
}

/// A value of the snapshot: where it stands, and what it is.
#[derive(Deserialize)]
struct Patch {
    at: String,
    value: Value,
}

fn set(snapshot: &mut Value, patch: Patch) {
    let (parent, member) = patch.at.rsplit_once('/').unwrap();
    let member = member.replace("~1", "/");
    snapshot.pointer_mut(parent).unwrap()[member] = patch.value;
}

#[test]
fn audits_of_each_kind_are_judged_rightly_in_other_forms() {
    let bases: BTreeMap<String, Value> = include_str!("fixtures/cases/audit-wrong.jsonl")
        .lines()
        .map(|line| {
            let case: Value = serde_json::from_str(line).unwrap();
            let id = case["id"].as_str().unwrap().to_owned();
            (id, case["snapshot"].clone())
        })
        .collect();
    let mut wrong = Vec::new();
    for (index, line) in include_str!("fixtures/cases/audit-hand.jsonl")
        .lines()
        .enumerate()
    {
        let patched: PatchedCase = serde_json::from_str(line).unwrap();
        let mut snapshot = bases[&patched.base].clone();
        for patch in patched.patch {
            set(&mut snapshot, patch);
        }
        let case = Case {
            id: format!("line {}", index + 1),
            check: patched.check,
            resource: patched.resource,
            right: patched.right,
            rule: patched.rule,
            snapshot: serde_json::from_value(snapshot).unwrap(),
        };
        let found = status(&case);
        if !case.right.contains(found) {
            wrong.push(format!(
                "{} {}: {found}, right is {:?} ({})",
                case.id, case.check, case.right, case.rule
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn audits_that_were_right_still_are() {
    let wrong = wrong(include_str!("fixtures/cases/audit-right.jsonl"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
