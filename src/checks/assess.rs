//! Judges facts by checks and returns results. Not async, no I/O, no clock.
//!
//! A check gives exactly one result for each resource in scope. With `for_each` it gives one result an
//! item: an empty list is one pass, an unknown list one not-assessed. If only some members of a list are
//! unknown, the known ones are judged and one not-assessed without an item covers the rest. A failed
//! listing is one not-assessed a check, on the placeholder resource `*`.
//!
//! Facts are derived and results passed on resource by resource, so memory holds few resources at a
//! time. Results come sorted by kind, account, Region, name, check and item.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;

use super::expression::{Activation, ConditionResult, Expression, ITEM, PARAMS, Prepared};
use super::model::{Check, ForEach};
use super::parallel;
use super::problem::CheckDefect;
use super::selection::{Chosen, Selected};
use crate::facts::{
    Because, FactDocument, FactPaths, Facts, Posture, Subject, SubjectFacts, UNLISTED,
};
use crate::findings::{Evidence, Finding, Reason, ResourceId, Status, bounded, fingerprint};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::ReadingKind;

/// A check's result for one resource, or one item of it, from its facts alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The item's key, in checks with `for_each`.
    pub item: Option<String>,
    /// The state.
    pub status: Status,
    /// What was found, or why the check was not assessed.
    pub message: Option<String>,
    /// Why it was not assessed.
    pub reason: Option<Reason>,
    /// The missing IAM actions.
    pub missing: Vec<String>,
}

impl Judgement {
    fn new(status: Status) -> Self {
        Self {
            item: None,
            status,
            message: None,
            reason: None,
            missing: Vec::new(),
        }
    }

    /// Not assessed, for these reasons.
    fn not_assessed<'a>(because: impl IntoIterator<Item = &'a Because>) -> Self {
        let because: BTreeSet<&Because> = because.into_iter().collect();
        // Reasons are declared in the order of their precedence.
        let reason = because.iter().map(|one| one.reason).min();
        let missing: BTreeSet<String> = because
            .iter()
            .filter(|one| !one.action.is_empty())
            .map(|one| one.action.to_string())
            .collect();
        let phrases: Vec<String> = because.iter().map(|one| phrase(one)).collect();
        Self {
            message: Some(format!("Not assessed: {}.", phrases.join("; "))),
            reason: Some(reason.unwrap_or(Reason::Undecidable)),
            missing: missing.into_iter().collect(),
            ..Self::new(Status::NotAssessed)
        }
    }
}

/// A reason as part of a sentence.
fn phrase(because: &Because) -> String {
    let detail = because.detail.trim_end_matches('.');
    let action = if because.action.is_empty() {
        "a call"
    } else {
        &because.action
    };
    let code = if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    };
    match because.reason {
        Reason::Denied => format!("{action} was denied{code}"),
        Reason::Failed => format!("{action} failed{code}"),
        Reason::NotCollected => format!("{action} was not called{code}"),
        Reason::Undecidable if detail.is_empty() => "the facts do not decide the result".to_owned(),
        Reason::Undecidable => detail.to_owned(),
    }
}

/// What was judged of one resource, all from one view of its facts.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which resource.
    pub subject: Subject,
    /// The results, check by check.
    pub findings: Vec<Finding>,
    /// What the report says of the resource as a whole.
    pub posture: Posture,
}

/// Judges every resource in scope by every selected check, and passes the results to `sink`.
///
/// `scope` selects resources. The placeholder of a failed listing is always in scope, because the
/// unlisted resources may be.
///
/// # Errors
/// A check failed with an error. Earlier results stay valid.
pub fn assess(
    facts: &Facts<'_>,
    selected: &Selected,
    scope: &dyn Fn(&Subject) -> bool,
    sink: &mut dyn FnMut(Finding),
) -> Result<(), CheckDefect> {
    assess_resources(facts, selected, scope, &mut |judged| {
        judged.findings.into_iter().for_each(&mut *sink);
    })
}

/// The same, resource by resource, with the posture of each. Resources are judged on all cores and
/// handed on in the order of the report: by kind, account, Region and name.
///
/// # Errors
/// A check that broke while it ran.
pub fn assess_resources(
    facts: &Facts<'_>,
    selected: &Selected,
    scope: &dyn Fn(&Subject) -> bool,
    sink: &mut dyn FnMut(Judged),
) -> Result<(), CheckDefect> {
    let mut outcome = Ok(());
    for kind in SubjectKind::ALL {
        let checks: Vec<RunningCheck<'_>> = selected
            .chosen()
            .iter()
            .filter(|chosen| chosen.check.subject == kind)
            .map(RunningCheck::new)
            .collect();
        if checks.is_empty() {
            continue;
        }
        let paths: BTreeSet<String> = checks
            .iter()
            .flat_map(|running| running.check.paths_read())
            .collect();
        let paths = FactPaths::of(paths.iter().map(String::as_str));
        let subjects: Vec<Subject> = facts
            .subjects(kind)
            .filter(|subject| subject.id.name == UNLISTED || scope(subject))
            .collect();
        let work = |subject: &Subject| assess_subject(facts, subject, &checks, &paths);
        parallel::in_order(&subjects, &work, &mut |judged| match judged {
            Ok(judged) => {
                sink(judged);
                ControlFlow::Continue(())
            }
            Err(defect) => {
                outcome = Err(defect);
                ControlFlow::Break(())
            }
        });
        outcome.clone()?;
    }
    outcome
}

/// A check of a run.
struct RunningCheck<'c> {
    check: &'c Check,
    params: Option<&'c Value>,
    /// The paths that a request may show.
    paths: BTreeSet<String>,
}

impl<'c> RunningCheck<'c> {
    fn new(chosen: &'c Chosen) -> Self {
        Self {
            check: &chosen.check,
            params: chosen.params.as_ref(),
            paths: chosen.check.paths(),
        }
    }
}

fn assess_subject(
    facts: &Facts<'_>,
    subject: &Subject,
    checks: &[RunningCheck<'_>],
    paths: &FactPaths,
) -> Result<Judged, CheckDefect> {
    let mut judged = Judged {
        subject: subject.clone(),
        findings: Vec::new(),
        posture: Posture::default(),
    };
    let checks: Vec<&RunningCheck<'_>> = checks
        .iter()
        .filter(|running| running.check.judges(&subject.id.arn))
        .collect();
    if checks.is_empty() {
        return Ok(judged);
    }
    let resource = Arc::new(subject.id.clone());
    let Some(view) = facts.view(subject) else {
        let unlisted = checks.iter().map(|running| {
            let judgement = Judgement::not_assessed(&subject.unlisted);
            finding(&resource, running.check, judgement, Vec::new(), None)
        });
        judged.findings.extend(unlisted);
        return Ok(judged);
    };
    let document = view.document(paths);
    let prepared = Prepared::new(&document);
    for RunningCheck {
        check,
        params,
        paths,
    } in checks
    {
        let judgements = judge(check, *params, &prepared).map_err(|message| CheckDefect {
            check: check.id.clone(),
            file: check.file.clone(),
            resource: subject.id.arn.clone(),
            message,
        })?;
        let mut witness = None;
        for judgement in judgements {
            let mut shown = (Vec::new(), None);
            if judgement.status == Status::Fail {
                let witness =
                    witness.get_or_insert_with(|| paths.iter().find_map(|path| view.witness(path)));
                let evidence = evidence(facts, subject, &view, check, judgement.item.as_deref());
                shown = (evidence, witness.clone());
            }
            judged
                .findings
                .push(finding(&resource, check, judgement, shown.0, shown.1));
        }
    }
    judged.posture = view.posture();
    Ok(judged)
}

/// What shows a finding, each place once.
fn evidence(
    facts: &Facts<'_>,
    subject: &Subject,
    view: &SubjectFacts<'_>,
    check: &Check,
    item: Option<&str>,
) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for path in &check.evidence {
        // Of a list, the item that the result is about.
        let path = match item {
            Some(item) => path.replacen("[]", &format!("[{item}]"), 1),
            None => path.clone(),
        };
        for (pointer, value) in facts.evidence(subject, view, &path) {
            if !evidence.iter().any(|seen| seen.pointer == pointer) {
                evidence.push(Evidence { pointer, value });
            }
        }
    }
    evidence
}

/// A judgement as a result, with its identity and what shows it.
fn finding(
    resource: &Arc<ResourceId>,
    check: &Check,
    judgement: Judgement,
    evidence: Vec<Evidence>,
    witness: Option<Value>,
) -> Finding {
    let not_requested = not_requested(&judgement);
    bounded(Finding {
        check: check.id.clone(),
        status: judgement.status,
        fingerprint: fingerprint(check.first_id(), &resource.arn, judgement.item.as_deref()),
        resource: Arc::clone(resource),
        item: judgement.item,
        severity: check.severity,
        message: judgement.message,
        evidence,
        witness: witness.map(Box::new),
        reason: judgement.reason,
        missing: judgement.missing,
        not_requested,
        remediation: None,
        suppressed_by: None,
        suppression: None,
        location: None,
        change: None,
    })
}

/// The options that make what a judgement lacks, if it lacks opt-in readings alone.
fn not_requested(judgement: &Judgement) -> Vec<String> {
    if judgement.reason != Some(Reason::NotCollected) {
        return Vec::new();
    }
    let makes = |action: &str| -> Vec<&'static str> {
        let readings = ReadingKind::ALL.iter();
        let of_action = readings.filter(|reading| reading.action() == action);
        of_action.filter_map(|reading| reading.option()).collect()
    };
    let options: Vec<Vec<&str>> = judgement.missing.iter().map(|one| makes(one)).collect();
    if options.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let options: BTreeSet<&str> = options.into_iter().flatten().collect();
    options.into_iter().map(str::to_owned).collect()
}

/// Judges a document by a check. `params` are its thresholds.
///
/// # Errors
/// The check is broken: see [`ConditionResult::Defect`].
pub fn judge(
    check: &Check,
    params: Option<&Value>,
    prepared: &Prepared<'_>,
) -> Result<Vec<Judgement>, String> {
    let Some(each) = &check.for_each else {
        let scope = prepared.scope(params, None);
        return Ok(vec![judge_one(check, params, prepared, &scope, None)?]);
    };
    let document = prepared.document();
    // A precondition on the resource as a whole is evaluated once.
    if let Some(applies) = check.applies.as_ref().filter(|one| !names_item(one)) {
        match applies.evaluate(&prepared.scope(params, None)) {
            ConditionResult::True => {}
            ConditionResult::False => return Ok(vec![Judgement::new(Status::NotApplicable)]),
            ConditionResult::Unknown { facts } => {
                return Ok(vec![Judgement::not_assessed(reasons(document, &facts))]);
            }
            ConditionResult::Defect(message) => return Err(message),
        }
    }
    judge_items(check, each, params, prepared)
}

fn names_item(expression: &Expression) -> bool {
    expression
        .references()
        .iter()
        .any(|reference| reference.through_item)
}

fn judge_items(
    check: &Check,
    each: &ForEach,
    params: Option<&Value>,
    prepared: &Prepared<'_>,
) -> Result<Vec<Judgement>, String> {
    let document = prepared.document();
    let Some(items) = at(&document.known, &each.path) else {
        let because: Vec<&Because> = document
            .unknown
            .iter()
            .filter(|(unknown, _)| {
                each.path
                    .strip_prefix(unknown.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .flat_map(|(_, because)| because)
            .collect();
        if because.is_empty() {
            return Err(format!(
                "the facts neither have `{}` nor call it unknown",
                each.path
            ));
        }
        return Ok(vec![Judgement::not_assessed(because)]);
    };
    let Some(items) = items.as_array() else {
        return Err(format!("`{}` is not a list", each.path));
    };
    let mut by_key: BTreeMap<String, Judgement> = BTreeMap::new();
    // Items without a known key.
    let mut unnamed: Vec<Because> = document
        .unknown
        .get(&format!("{}[]", each.path))
        .cloned()
        .unwrap_or_default();
    for item in items {
        let key = match item.get(&each.key) {
            Some(Value::String(key)) => key.clone(),
            Some(other) => other.to_string(),
            None => {
                let path = format!("{}[].{}", each.path, each.key);
                let because = document.because(&path);
                if because.is_empty() {
                    return Err(format!("an item of `{}` has no `{}`", each.path, each.key));
                }
                unnamed.extend(because);
                continue;
            }
        };
        let scope = prepared.scope(params, Some((&each.path, item)));
        let mut judgement = judge_one(check, params, prepared, &scope, Some(item))?;
        judgement.item = Some(key.clone());
        // Two items with one key are the same item: the worse result counts, with both messages.
        match by_key.remove(&key) {
            Some(other) => by_key.insert(key, merge(other, judgement)),
            None => by_key.insert(key, judgement),
        };
    }
    let mut judgements: Vec<Judgement> = by_key.into_values().collect();
    if !unnamed.is_empty() {
        judgements.push(Judgement::not_assessed(&unnamed));
    }
    if judgements.is_empty() {
        judgements.push(Judgement::new(Status::Pass));
    }
    Ok(judgements)
}

/// The judgement of two items that share a key.
fn merge(a: Judgement, b: Judgement) -> Judgement {
    let weight = |judgement: &Judgement| match judgement.status {
        Status::Fail | Status::Suppressed => 3,
        Status::NotAssessed => 2,
        Status::Pass => 1,
        Status::NotApplicable => 0,
    };
    let same = a.status == b.status;
    let (mut worse, other) = if weight(&b) > weight(&a) {
        (b, a)
    } else {
        (a, b)
    };
    if same {
        let mut missing: BTreeSet<String> = worse.missing.into_iter().collect();
        missing.extend(other.missing);
        worse.missing = missing.into_iter().collect();
        worse.reason = worse.reason.min(other.reason);
        worse.message = match (worse.message, other.message) {
            (Some(first), Some(second)) if first != second => Some(format!("{first} {second}")),
            (first, second) => first.or(second),
        };
    }
    worse
}

fn judge_one(
    check: &Check,
    params: Option<&Value>,
    prepared: &Prepared<'_>,
    scope: &Activation<'_>,
    item: Option<&Value>,
) -> Result<Judgement, String> {
    let document = prepared.document();
    let resource_level = item.is_some() && check.applies.as_ref().is_some_and(|a| !names_item(a));
    let applies = match &check.applies {
        // Evaluated once for the resource, before any item.
        Some(_) if resource_level => ConditionResult::True,
        Some(applies) => applies.evaluate(scope),
        None => ConditionResult::True,
    };
    let mut unknown = BTreeSet::new();
    match applies {
        ConditionResult::True => {}
        ConditionResult::False => return Ok(Judgement::new(Status::NotApplicable)),
        ConditionResult::Unknown { facts } => unknown.extend(facts),
        ConditionResult::Defect(message) => return Err(message),
    }
    let render = |template: &super::message::TextTemplate| {
        let mut variables: Vec<(&str, &Value)> = Vec::new();
        for (name, value) in document.known.as_object().into_iter().flatten() {
            variables.push((name, value));
        }
        variables.extend(params.map(|params| (PARAMS, params)));
        variables.extend(item.map(|item| (ITEM, item)));
        template.render(&variables)
    };
    let message = || {
        let case = check
            .message_when
            .iter()
            .find(|case| matches!(case.when.evaluate(scope), ConditionResult::True));
        case.map_or(&check.message, |case| &case.message)
    };
    match check.fail_when.evaluate(scope) {
        ConditionResult::Defect(message) => Err(message),
        // `applies` is reported too: both would have to be known.
        ConditionResult::Unknown { facts } => {
            unknown.extend(facts);
            Ok(Judgement::not_assessed(reasons(document, &unknown)))
        }
        _ if !unknown.is_empty() => Ok(Judgement::not_assessed(reasons(document, &unknown))),
        ConditionResult::True => Ok(Judgement {
            message: Some(render(message())),
            ..Judgement::new(Status::Fail)
        }),
        ConditionResult::False => Ok(Judgement {
            message: check.pass_message.as_ref().map(render),
            ..Judgement::new(Status::Pass)
        }),
    }
}

/// The reasons behind unknown facts.
fn reasons<'d>(
    document: &'d FactDocument,
    facts: &BTreeSet<String>,
) -> impl Iterator<Item = &'d Because> {
    facts
        .iter()
        .filter_map(|fact| document.unknown.get(fact))
        .flatten()
}

/// The value at a path without lists.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(value, |value, name| value.get(name))
}
