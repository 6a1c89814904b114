//! `localstack/expected*.yaml`: what each check must answer about the sample account.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by test files that each use a part of it; a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Expected {
    /// By kind of resource: what holds where the resource does not name the check.
    #[serde(default)]
    pub otherwise: BTreeMap<String, Expectation>,
    pub account: Expectation,
    #[serde(default)]
    pub trails: BTreeMap<String, Expectation>,
    #[serde(default)]
    pub regions: BTreeMap<String, Expectation>,
    #[serde(default)]
    pub buckets: BTreeMap<String, Expectation>,
    #[serde(default)]
    pub functions: BTreeMap<String, Expectation>,
    #[serde(default)]
    pub identities: BTreeMap<String, Expectation>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Expectation {
    pub fail: Vec<String>,
    pub pass: Vec<String>,
    #[serde(rename = "not-assessed")]
    pub not_assessed: Vec<String>,
    #[serde(rename = "not-applicable")]
    pub not_applicable: Vec<String>,
    /// check -> item -> status
    pub items: BTreeMap<String, BTreeMap<String, String>>,
}

impl Expected {
    /// Every check with its status: those that the resource names, and the others of its kind.
    pub fn of<'a>(&'a self, kind: &str, named: &'a Expectation) -> BTreeMap<&'a str, &'static str> {
        let mut all: BTreeMap<&str, &'static str> = self
            .otherwise
            .get(kind)
            .into_iter()
            .flat_map(Expectation::statuses)
            .collect();
        all.extend(named.statuses());
        all
    }
}

impl Expectation {
    fn statuses(&self) -> impl Iterator<Item = (&str, &'static str)> {
        [
            (&self.fail, "fail"),
            (&self.pass, "pass"),
            (&self.not_assessed, "not-assessed"),
            (&self.not_applicable, "not-applicable"),
        ]
        .into_iter()
        .flat_map(|(checks, status)| checks.iter().map(move |check| (check.as_str(), status)))
    }
}

pub fn expected(file: &str) -> Expected {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("localstack")
        .join(file);
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The worst of several statuses: fail, not-assessed, pass, not-applicable.
pub fn worst<'a>(statuses: &BTreeSet<&'a str>) -> &'a str {
    ["fail", "not-assessed", "pass", "not-applicable"]
        .into_iter()
        .find_map(|status| statuses.get(status).copied())
        .unwrap_or("no result")
}
