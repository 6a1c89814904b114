//! The sample account written as templates gets the verdicts that it gets once it is deployed.
//!
//! `localstack/expected.yaml` says what each check must answer about the deployed account, and
//! tests/localstack.rs that it does. Here the same account is written as CloudFormation and judged before
//! deployment. `localstack/expected-templates.yaml` lists each verdict that differs, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Parser;
use coldbucket::cli::Cli;
use serde::Deserialize;
use serde_json::Value;

#[path = "support/as_template.rs"]
mod as_template;
#[path = "support/expected.rs"]
mod expected;

use as_template::AsTemplate;
use expected::{Expectation, Expected, expected, worst};

const ACCOUNT: &str = "444455556666";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Statuses before deployment that differ from those after it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    /// By kind of resource and check: the reason, and what each status becomes.
    everywhere: BTreeMap<String, BTreeMap<String, Everywhere>>,
    /// By kind, resource and check.
    of: BTreeMap<String, BTreeMap<String, BTreeMap<String, Difference>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Everywhere {
    becomes: BTreeMap<String, String>,
    #[expect(dead_code, reason = "for the reader; it has to be there")]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    becomes: String,
    #[expect(dead_code, reason = "for the reader; it has to be there")]
    why: String,
}

impl Differences {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/expected-templates.yaml");
        serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Whether the status before deployment is the one after it, or one that is listed; the listed one is
    /// taken from `unused`.
    fn explain(
        &self,
        place: Place<'_>,
        after: &str,
        before: &str,
        unused: &mut BTreeSet<String>,
    ) -> bool {
        let Place {
            kind,
            resource,
            check,
        } = place;
        let own = || {
            self.of
                .get(kind)?
                .get(resource)?
                .get(check)
                .map(|one| one.becomes.as_str())
        };
        let all = || {
            self.everywhere
                .get(kind)?
                .get(check)?
                .becomes
                .get(after)
                .map(String::as_str)
        };
        if let Some(own) = own() {
            if before != after {
                unused.remove(&format!("{kind} {resource} {check}"));
            }
            return before == own;
        }
        if before != after && all() == Some(before) {
            unused.remove(&format!("{kind} {check} {after}"));
            return true;
        }
        before == after
    }

    /// Everything that is listed.
    fn listed(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (kind, checks) in &self.everywhere {
            for (check, one) in checks {
                all.extend(
                    one.becomes
                        .keys()
                        .map(|after| format!("{kind} {check} {after}")),
                );
            }
        }
        for (kind, resources) in &self.of {
            for (resource, checks) in resources {
                all.extend(
                    checks
                        .keys()
                        .map(|check| format!("{kind} {resource} {check}")),
                );
            }
        }
        all
    }
}

/// One check on one resource.
#[derive(Clone, Copy)]
struct Place<'a> {
    kind: &'a str,
    resource: &'a str,
    check: &'a str,
}

/// Audits the account's template of each Region; the results of both.
fn judged() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/account.yaml");
    let data: Value = serde_saphyr::from_str(&std::fs::read_to_string(text).unwrap()).unwrap();
    let mut results = Vec::new();
    for region in REGIONS {
        let file = folder.path().join(format!("{region}.json"));
        let template = AsTemplate::of(&data, ACCOUNT, region, region == REGIONS[0]);
        std::fs::write(&file, template.to_string()).unwrap();
        let file = file.display().to_string();
        let cli = Cli::try_parse_from([
            "coldbucket",
            "audit",
            "--as-of",
            "2026-11-29",
            "--account",
            ACCOUNT,
            "--region",
            region,
            "--template",
            &file,
            "-o",
            "json",
        ]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        coldbucket::run::start(cli.unwrap(), &mut out, &mut err).unwrap();
        let report: Value = serde_json::from_slice(&out).unwrap();
        results.extend(report["results"].as_array().unwrap().iter().cloned());
    }
    results
}

fn name_of(kind: &str, result: &Value) -> String {
    let text = |member: &str| result["resource"][member].as_str().unwrap_or_default();
    match kind {
        "function" => format!("{}/{}", text("region"), text("name")),
        _ => text("name").to_owned(),
    }
}

/// Each resource with what is expected of it once it is deployed, by kind.
fn deployed(all: &Expected) -> [(&'static str, &BTreeMap<String, Expectation>); 4] {
    [
        ("bucket", &all.buckets),
        ("function", &all.functions),
        ("identity", &all.identities),
        ("region", &all.regions),
    ]
}

#[test]
fn the_sample_account_as_templates_has_the_verdicts_of_the_deployed_one() {
    let (after, differences, results) = (expected("expected.yaml"), Differences::read(), judged());
    let mut statuses: BTreeMap<(&str, String, &str), BTreeSet<&str>> = BTreeMap::new();
    for result in &results {
        let kind = result["resource"]["type"].as_str().unwrap();
        let check = result["check"].as_str().unwrap();
        let place = (kind, name_of(kind, result), check);
        statuses
            .entry(place)
            .or_default()
            .insert(result["status"].as_str().unwrap());
    }
    let (mut wrong, mut same, mut unused) = (Vec::new(), 0, differences.listed());
    for (kind, resources) in deployed(&after) {
        for (resource, expectation) in resources {
            for (check, after) in after.of(kind, expectation) {
                let before = statuses
                    .get(&(kind, resource.clone(), check))
                    .map_or("no result", |statuses| worst(statuses));
                let place = Place {
                    kind,
                    resource,
                    check,
                };
                same += usize::from(before == after);
                if !differences.explain(place, after, before, &mut unused) {
                    wrong.push(format!(
                        "{kind} {resource}: {check} is {before} before and {after} after"
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        unused.is_empty(),
        "listed as differing, and equal: {unused:#?}"
    );
    assert!(same > 1_000, "only {same} verdicts are equal");
}
