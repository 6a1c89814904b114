//! Judges facts by checks and returns results. Not async, no I/O, no clock.
//!
//! A check gives exactly one result for each resource in scope. With `for_each` it gives one result an
//! item: an empty list is one pass, an unknown list one not-assessed. If only some members of a list are
//! unknown, the known ones are judged and one not-assessed without an item covers the rest. A failed
//! listing is one not-assessed a check, on the placeholder resource `*`.
//!
//! Facts are derived and results passed on resource by resource, so memory holds one resource at a
//! time. Results come sorted by kind, account, Region, name, check and item.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::expression::{Activation, ConditionResult, Expression, ITEM, PARAMS, Prepared};
use super::model::{Check, ForEach};
use super::problem::CheckDefect;
use super::selection::{Chosen, Selected};
use crate::facts::{Because, FactDocument, Facts, Subject};
use crate::findings::{Evidence, Finding, Reason, Status, bounded, fingerprint};
use crate::inventory::ids::SubjectKind;

/// The placeholder name for the resources of a failed listing.
const UNLISTED: &str = "*";

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
    for kind in SubjectKind::ALL {
        let checks: Vec<&Chosen> = selected
            .chosen()
            .iter()
            .filter(|chosen| chosen.check.subject == kind)
            .collect();
        if checks.is_empty() {
            continue;
        }
        for subject in facts.subjects(kind) {
            if subject.id.name == UNLISTED {
                for chosen in &checks {
                    let judgement = Judgement::not_assessed(&subject.unlisted);
                    sink(finding(facts, &subject, &chosen.check, judgement));
                }
            } else if scope(&subject) {
                assess_subject(facts, &subject, &checks, sink)?;
            }
        }
    }
    Ok(())
}

fn assess_subject(
    facts: &Facts<'_>,
    subject: &Subject,
    checks: &[&Chosen],
    sink: &mut dyn FnMut(Finding),
) -> Result<(), CheckDefect> {
    let defect = |chosen: &Chosen, message: String| CheckDefect {
        check: chosen.check.id.clone(),
        file: chosen.check.file.clone(),
        resource: subject.id.arn.clone(),
        message,
    };
    let document = facts
        .of(subject)
        .map(|facts| facts.document())
        .unwrap_or_else(|| Ok(FactDocument::default()));
    let document = match (document, checks.first()) {
        (Ok(document), _) => document,
        (Err(error), Some(chosen)) => {
            return Err(defect(
                chosen,
                format!("its facts cannot be serialized: {error}"),
            ));
        }
        (Err(_), None) => return Ok(()),
    };
    let prepared = Prepared::new(&document);
    for chosen in checks {
        let judgements = judge(&chosen.check, chosen.params.as_ref(), &prepared)
            .map_err(|message| defect(chosen, message))?;
        for judgement in judgements {
            sink(finding(facts, subject, &chosen.check, judgement));
        }
    }
    Ok(())
}

/// The result of a judgement: with its identity and, if it failed, its evidence.
fn finding(facts: &Facts<'_>, subject: &Subject, check: &Check, judgement: Judgement) -> Finding {
    let failed = judgement.status == Status::Fail;
    let mut evidence = Vec::new();
    let mut witness = None;
    if failed {
        let mut seen = BTreeSet::new();
        for path in &check.evidence {
            // Of a list, the item that the result is about.
            let path = match &judgement.item {
                Some(item) => path.replacen("[]", &format!("[{item}]"), 1),
                None => path.clone(),
            };
            for (pointer, value) in facts.evidence(subject, &path) {
                if seen.insert(pointer.clone()) {
                    evidence.push(Evidence { pointer, value });
                }
            }
        }
        witness = check
            .paths()
            .iter()
            .find_map(|path| facts.witness(subject, path));
    }
    bounded(Finding {
        check: check.id.clone(),
        status: judgement.status,
        fingerprint: fingerprint(check.first_id(), &subject.id.arn, judgement.item.as_deref()),
        resource: subject.id.clone(),
        item: judgement.item,
        severity: check.severity,
        message: judgement.message,
        evidence,
        witness,
        reason: judgement.reason,
        missing: judgement.missing,
        suppressed_by: None,
        suppression: None,
    })
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
