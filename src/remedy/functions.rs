//! Fixes of functions.
//!
//! `$LATEST` can be configured; a published version cannot. What is wrong with a version in use is
//! mended by publishing a new one and moving the alias, and whether the code of `$LATEST` is ready for
//! that is not in the configuration: a person decides.

use serde_json::{Map, json};

use super::change::Change;
use super::draft::Draft;
use super::{Case, Problem};
use crate::facts::SubjectFacts;
use crate::facts::function::{FunctionFacts, LATEST};
use crate::report::plan::{Effort, Level};

/// Seconds: enough for the ten that init may take, with room for the call.
const TIMEOUT_S: u32 = 15;

/// Plans what is known about functions.
pub(super) fn plan<'p>(
    case: &Case<'_, '_>,
    problems: Vec<&'p Problem>,
    drafts: &mut Vec<Draft>,
    rest: &mut Vec<&'p Problem>,
) {
    let facts = match case.facts.view(case.subject) {
        Some(SubjectFacts::Function(facts)) => facts,
        _ => {
            rest.extend(problems);
            return;
        }
    };
    let mut provisioned = Vec::new();
    for problem in problems {
        match problem.finding.check.as_str() {
            "lambda-timeout-shorter-than-init" => drafts.push(timeout(case, problem)),
            "lambda-slow-runtime-without-snapstart" => drafts.push(snapstart(case, problem)),
            "lambda-no-provisioned-concurrency" => provisioned.push(problem),
            "lambda-url-without-auth" => drafts.push(signed_url(case, problem)),
            "lambda-public-policy" | "lambda-url-policy-left-behind" => {
                match permissions(case, &facts, problem) {
                    Some(draft) => drafts.push(draft),
                    None => rest.push(problem),
                }
            }
            _ => rest.push(problem),
        }
    }
    if !provisioned.is_empty() {
        drafts.push(provision(case, &facts, &provisioned));
    }
}

fn is_latest(problem: &Problem) -> bool {
    problem
        .finding
        .item
        .as_deref()
        .is_none_or(|item| item == LATEST)
}

fn new_version(draft: &mut Draft, case: &Case<'_, '_>, problem: &Problem) {
    draft.decide(format!(
        "Version {} is published and cannot be changed: configure $LATEST, publish it and move the alias, once you know that the code in $LATEST of {} may go live.",
        problem.finding.item.as_deref().unwrap_or_default(),
        case.place.name
    ));
}

fn timeout(case: &Case<'_, '_>, problem: &Problem) -> Draft {
    let mut draft = case.draft(format!(
        "Raise the timeout of {} to {TIMEOUT_S} s.",
        case.place.name
    ));
    draft.mends(&[problem]);
    draft.effect("A cold start no longer uses the timeout up before the handler runs.");
    draft.risk(
        Level::Low,
        "A handler that hangs is billed for longer; a caller with a shorter timeout of its own still gives up.",
    );
    if is_latest(problem) {
        draft.changes.push(Change::Function {
            settings: Map::from_iter([("Timeout".to_owned(), json!(TIMEOUT_S))]),
            publish: false,
        });
    } else {
        new_version(&mut draft, case, problem);
    }
    draft
}

fn snapstart(case: &Case<'_, '_>, problem: &Problem) -> Draft {
    let mut draft = case.draft(format!(
        "Enable SnapStart on {} and publish a version.",
        case.place.name
    ));
    draft.mends(&[problem]);
    draft.effect(
        "The published version starts from a snapshot; callers profit once they use it, best through an alias.",
    );
    draft.risk(
        Level::Medium,
        "What is made at init is shared by all environments: random seeds, connections and cached credentials have to be made again after the restore.",
    );
    draft.effort = Effort::Hours;
    if is_latest(problem) {
        draft.changes.push(Change::Function {
            settings: Map::from_iter([(
                "SnapStart".to_owned(),
                json!("ApplyOn=PublishedVersions"),
            )]),
            publish: true,
        });
    } else {
        new_version(&mut draft, case, problem);
    }
    draft
}

fn provision(case: &Case<'_, '_>, facts: &FunctionFacts, problems: &[&Problem]) -> Draft {
    let name = &case.place.name;
    let mut draft = case.draft(format!(
        "Keep environments of {name} ready for its callers."
    ));
    draft.mends(problems);
    draft.effect("Calls that find a ready environment have no cold start.");
    draft.risk(
        Level::Low,
        "It costs money for every hour it is there, used or not.",
    );
    let aliases: Vec<&str> = facts
        .versions
        .known()
        .into_iter()
        .flatten()
        .filter(|version| version.version != LATEST)
        .flat_map(|version| version.leading_aliases.iter().map(String::as_str))
        .collect();
    match aliases.first() {
        Some(alias) => {
            draft.decide(format!(
                "Decide whether somebody waits for {name}, how many environments run at the same time on an ordinary day, and whether they are worth their price (coldbucket audit --function {name} tells it). The command keeps one, for the alias {alias}."
            ));
            draft.changes.push(Change::Provisioned {
                qualifier: (*alias).to_owned(),
                environments: 1,
            });
        }
        None => draft.decide(format!(
            "{name} has no alias that points to a published version: publish one, make an alias and let callers use it; then decide how many environments to keep."
        )),
    }
    draft
}

fn qualifier(problem: &Problem) -> String {
    let item = problem.finding.item.as_deref();
    item.unwrap_or(LATEST).to_owned()
}

fn signed_url(case: &Case<'_, '_>, problem: &Problem) -> Draft {
    let (name, qualifier) = (&case.place.name, qualifier(problem));
    let mut draft = case.draft(format!(
        "Let the URL of {name} ({qualifier}) ask for IAM credentials."
    ));
    draft.mends(&[problem]);
    draft.effect("Only signed requests of identities that may call the function get in.");
    draft.risk(Level::High, "Callers that do not sign get 403.");
    draft.decide(format!(
        "Does a browser, a webhook or a page call the URL of {name} ({qualifier}) without signing? Put CloudFront with an origin access control before it first. Where it has to stay open, check a signature first thing in the handler and exclude this finding."
    ));
    draft.changes.push(Change::SignedUrl { qualifier });
    draft
}

/// Statements taken out of a function's policy, where their ids are known.
fn permissions(case: &Case<'_, '_>, facts: &FunctionFacts, problem: &Problem) -> Option<Draft> {
    let (name, qualifier) = (&case.place.name, qualifier(problem));
    let policy = facts
        .policies
        .known()?
        .iter()
        .find(|policy| policy.qualifier == qualifier)?;
    let public = problem.finding.check == "lambda-public-policy";
    let statements = if public {
        policy.public_statements.clone()
    } else {
        policy.url_statements.clone()
    };
    if statements.is_empty() {
        return None;
    }
    let mut draft = case.draft(format!(
        "Take {} out of the policy of {name} ({qualifier}).",
        statements.join(", ")
    ));
    draft.mends(&[problem]);
    if public {
        draft.effect("Accounts that nobody named can no longer use the function.");
        draft.risk(Level::High, "Whoever calls it by this grant is refused.");
        draft.decide(format!(
            "Who calls {name} by {}? Grant it to that account, organization or service first.",
            statements.join(", ")
        ));
    } else {
        draft.effect("A URL that is made later is not open to everybody from the start.");
        draft.risk(Level::Low, "There is no URL, so nobody comes in by it.");
    }
    draft.changes.push(Change::NoPermissions {
        qualifier,
        statements,
    });
    Some(draft)
}
