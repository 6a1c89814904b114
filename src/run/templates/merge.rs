//! One report of the reports on every snapshot that a deployment may lead to.
//!
//! A verdict that is the same in all of them holds. One that differs is not assessed, and the message
//! names what it depends on. A snapshot in which the resource is not made says nothing about it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::key_of;
use crate::inventory::ids::SubjectKind;
use crate::report::{BucketPosture, CheckResult, Reason, Report, Status};
use crate::template::Built;

/// What results answer: a check, of what kind of resource, on which. By address, never by name: two
/// resources may have the same. What the template does not make has its ARN.
pub(super) type ResultKey = (String, SubjectKind, String);

/// What one snapshot answers: a result, or one an item.
pub(super) type Answers = BTreeMap<Option<String>, CheckResult>;

/// What a result answers.
pub(super) fn key_of_result(result: &CheckResult) -> ResultKey {
    let id = &result.resource;
    (
        result.check.clone(),
        id.kind,
        id.address.as_ref().unwrap_or(&id.arn).clone(),
    )
}

/// Puts the reports on one deployment together, each on the rendering in its place.
pub(super) fn renderings(reports: Vec<Report>, built: &Built) -> Report {
    // Two inputs that are laid over each other may call different resources alike.
    let mut questions: BTreeMap<(Option<Arc<str>>, ResultKey), Vec<Answers>> = BTreeMap::new();
    let mut postures: Vec<Vec<BucketPosture>> = Vec::new();
    let mut first: Option<Report> = None;
    for (mut report, rendering) in reports.into_iter().zip(&built.renderings) {
        let mut answers: BTreeMap<(Option<Arc<str>>, ResultKey), Answers> = BTreeMap::new();
        for result in std::mem::take(&mut report.results) {
            let resource = rendering.resources.get(&key_of(&result));
            let input = resource.and_then(|resource| resource.input.clone());
            let key = (input, key_of_result(&result));
            let answers = answers.entry(key).or_default();
            answers.insert(result.item.clone(), result);
        }
        for (question, answers) in answers {
            questions.entry(question).or_default().push(answers);
        }
        postures.push(std::mem::take(&mut report.buckets));
        match &mut first {
            None => first = Some(report),
            Some(first) => {
                for start in report.cold_start {
                    if !first
                        .cold_start
                        .iter()
                        .any(|known| known.arn == start.arn && known.qualifier == start.qualifier)
                    {
                        first.cold_start.push(start);
                    }
                }
            }
        }
    }
    let mut report = first.unwrap_or_else(empty);
    let references = OpenReferences::of(built);
    for ((input, (_, _, address)), answers) in questions {
        let references = references.at(input.as_deref(), &address);
        report.results.extend(decided(answers, references));
    }
    report.buckets = merged_postures(postures);
    report
}

/// What the resources of a deployment refer to that is not known, in any snapshot.
#[derive(Default)]
struct OpenReferences<'a> {
    /// By input and address.
    own: HashMap<(Option<&'a str>, &'a str), BTreeSet<String>>,
    /// Of all resources of an input.
    of_input: HashMap<Option<&'a str>, BTreeSet<String>>,
    none: BTreeSet<String>,
}

impl<'a> OpenReferences<'a> {
    fn of(built: &'a Built) -> Self {
        let mut all = Self::default();
        let renderings = built.renderings.iter();
        let resources = renderings.flat_map(|one| one.resources.values());
        for resource in resources.chain(built.resources.values()) {
            if resource.references.is_empty() {
                continue;
            }
            let input = resource.input.as_deref();
            let references = || resource.references.iter().cloned();
            let own = all.own.entry((input, &resource.address)).or_default();
            own.extend(references());
            all.of_input.entry(input).or_default().extend(references());
        }
        all
    }

    /// What a resource refers to; where it refers to nothing of the kind, what the resources around it
    /// refer to.
    fn at<'s>(&'s self, input: Option<&'s str>, address: &'s str) -> &'s BTreeSet<String> {
        self.own
            .get(&(input, address))
            .or_else(|| self.of_input.get(&input))
            .unwrap_or(&self.none)
    }
}

/// The results that hold in every snapshot.
fn decided(answers: Vec<Answers>, references: &BTreeSet<String>) -> Vec<CheckResult> {
    let Some((first, others)) = answers.split_first() else {
        return Vec::new();
    };
    let status = |answers: &Answers, item: &Option<String>| answers.get(item).map(|one| one.status);
    let same = |other: &Answers| {
        other.len() == first.len()
            && first
                .iter()
                .all(|(item, result)| status(other, item) == Some(result.status))
    };
    if others.iter().all(same) {
        return first.values().cloned().collect();
    }
    let items: BTreeSet<&Option<String>> = answers.iter().flat_map(BTreeMap::keys).collect();
    let mut out = Vec::new();
    let mut open: Vec<&CheckResult> = Vec::new();
    for item in items {
        let all: Option<Vec<&CheckResult>> =
            answers.iter().map(|answers| answers.get(item)).collect();
        match all.as_deref() {
            Some([one, rest @ ..]) if rest.iter().all(|other| other.status == one.status) => {
                out.push((*one).clone());
            }
            _ => open.extend(answers.iter().filter_map(|answers| answers.get(item))),
        }
    }
    // Items that come and go and never fail are not worth a question.
    let decides =
        |result: &&&CheckResult| !matches!(result.status, Status::Pass | Status::NotApplicable);
    let no_items = open.iter().all(|result| result.item.is_none());
    match open
        .iter()
        .find(decides)
        .or_else(|| no_items.then(|| open.first()).flatten())
    {
        Some(result) => out.push(not_known((*result).clone(), references)),
        None => {
            if out.is_empty() {
                out.extend(open.first().map(|result| CheckResult {
                    item: None,
                    ..(*result).clone()
                }));
            }
        }
    }
    out
}

/// A result that depends on what is not known.
fn not_known(result: CheckResult, references: &BTreeSet<String>) -> CheckResult {
    const NAMED: usize = 4;
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let mut named = references
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if references.len() > NAMED {
        named.push_str(&format!(" and {} more", references.len() - NAMED));
    }
    CheckResult {
        status: Status::NotAssessed,
        item: None,
        message: Some(if named.is_empty() {
            "depends on values that are known only after deployment".to_owned()
        } else {
            format!("depends on values that are known only after deployment: {named}")
        }),
        evidence: Vec::new(),
        witness: None,
        reason: Some(Reason::Undecidable),
        missing: Vec::new(),
        ..result
    }
}

/// What all snapshots say of a bucket; where they differ, a word that both may mean is `unknown`.
fn merged_postures(postures: Vec<Vec<BucketPosture>>) -> Vec<BucketPosture> {
    let mut merged: Vec<BucketPosture> = Vec::new();
    for posture in postures.into_iter().flatten() {
        let known = merged
            .iter_mut()
            .find(|known| known.name == posture.name && known.account == posture.account);
        match known {
            None => merged.push(posture),
            Some(known) if *known == posture => {}
            Some(known) => {
                let both = serde_json::to_value(&*known)
                    .ok()
                    .zip(serde_json::to_value(&posture).ok());
                if let Some((mut one, other)) = both {
                    unknown_where_different(&mut one, &other);
                    if let Ok(posture) = serde_json::from_value(one) {
                        *known = posture;
                    }
                }
            }
        }
    }
    merged
}

fn unknown_where_different(one: &mut serde_json::Value, other: &serde_json::Value) {
    use serde_json::Value;
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one.iter_mut() {
                unknown_where_different(value, other.get(name).unwrap_or(&Value::Null));
            }
        }
        (one @ Value::Array(_), other) if one != other => {
            *one = Value::Array(vec![Value::String("unknown".to_owned())]);
        }
        (one @ Value::String(_), other) if one != other => {
            *one = Value::String("unknown".to_owned());
        }
        (one, other) if one != other => *one = Value::Null,
        _ => {}
    }
}

/// Puts the reports on several inputs together.
pub(super) fn inputs(mut before: Report, next: Report) -> Report {
    before.results.extend(next.results);
    before.buckets.extend(next.buckets);
    before.cold_start.extend(next.cold_start);
    before.policy_changes.extend(next.policy_changes);
    for account in next.scope.accounts {
        if !before.scope.accounts.contains(&account) {
            before.scope.accounts.push(account);
        }
    }
    for region in next.scope.regions {
        if !before.scope.regions.contains(&region) {
            before.scope.regions.push(region);
        }
    }
    before
}

fn empty() -> Report {
    Report {
        schema: crate::report::SCHEMA.to_owned(),
        tool: crate::report::Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        taken_at: String::new(),
        source: crate::report::Source::Template,
        scope: crate::report::ScopeSummary {
            accounts: Vec::new(),
            regions: Vec::new(),
            endpoint: None,
            selection: crate::report::SelectionSummary::default(),
            template: None,
            organization: None,
        },
        summary: crate::report::Summary::default(),
        checks: BTreeMap::new(),
        results: Vec::new(),
        buckets: Vec::new(),
        cold_start: Vec::new(),
        gaps: Vec::new(),
        exceptions: Vec::new(),
        policy_changes: Vec::new(),
        accounts: Vec::new(),
        notes: Vec::new(),
        gate: None,
        standard: None,
        invocation: crate::report::Invocation::default(),
        since: None,
        account_pages: None,
        fixes: Vec::new(),
        who_can: Vec::new(),
    }
}
