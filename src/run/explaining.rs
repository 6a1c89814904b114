//! `explain CHECK RESOURCE`: one result, from the condition to the evidence.

use std::collections::BTreeSet;

use serde_json::Value;

use super::console::Console;
use super::files::Stdout;
use super::source;
use super::{Exit, RunError, catalogue, invocation, listing};
use crate::checks::{self, Check};
use crate::cli::options::{ExplainOptions, PackName, SelectionOptions};
use crate::cli::{Mistake, Placed, did_you_mean};
use crate::facts::{Because, FactDocument, FactPaths, Facts, Subject, SubjectFacts};
use crate::inventory::ids::{BucketKind, SubjectKind, is_selected_by_full_name};
use crate::inventory::need::Relation;
use crate::inventory::request::{CollectRequest, ResourceFilter};
use crate::output::commands::Commands;
use crate::output::explanation::{self, Explanation, FactLine};
use crate::report::policy::{Decision, PolicySet, Request};
use crate::report::{Evidence, Reason, Status};
use coldbucket_policy::evaluate::Policies;

pub(super) fn run(
    explain: ExplainOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&explain.selection.policies)?;
    let check = listing::find(&catalogue, &explain.check)?;
    let pack = catalogue
        .packs()
        .find(|pack| pack.holds(check))
        .map(|pack| pack.name.clone());
    let selection = SelectionOptions {
        pack: pack.map_or_else(PackName::default, |name| {
            PackName(Placed {
                value: name,
                place: None,
            })
        }),
        check: vec![Placed {
            value: check.id.clone(),
            place: None,
        }],
        // Only this check runs.
        ..explain.selection.clone()
    };
    let selected = catalogue::select(&catalogue, &selection)?;
    let request = CollectRequest {
        needs: catalogue::needs(&selected),
        resources: narrowed(check, &explain),
        ..explain.request.clone()
    };
    let (mut snapshot, _) = source::obtain(&explain.source, request, console)?;
    source::add_control_policies(&mut snapshot, explain.control_policies.as_deref(), console)?;
    let facts = Facts::new(&snapshot, explain.trust.clone());
    let subject = subject(&facts, check.subject, &explain.resource)?;
    let mut results = Vec::new();
    let this = |other: &Subject| other.id == subject.id;
    checks::assess(&facts, &selected, &this, &mut |result| {
        if *result.resource == subject.id {
            results.push(result);
        }
    })?;
    results.sort_by(|a, b| a.item.cmp(&b.item));
    let view = facts.view(&subject);
    let document = view
        .as_ref()
        .map(|view| view.document(&FactPaths::EVERYTHING))
        .unwrap_or_default();
    let paths = check.paths();
    let explanation = Explanation {
        check: check.id.clone(),
        title: check.title.clone(),
        resource: subject.id.arn.clone(),
        results,
        conditions: conditions(check),
        facts: shown(&paths)
            .map(|path| fact_line(&document, path))
            .collect(),
        evidence: view
            .map(|view| evidence(&facts, &subject, &view, &paths))
            .unwrap_or_default(),
        remediation: check.fix(),
        policy: None,
        fix: None,
    };
    let explanation = Explanation {
        policy: policy(&explanation),
        fix: explanation
            .results
            .iter()
            .find(|result| result.status == Status::Fail)
            .and_then(|result| {
                let run = invocation::of(
                    &explain.source,
                    &explain.request,
                    &selection,
                    console.named_config(),
                );
                Commands::of_run(&run).fix_of(result)
            }),
        ..explanation
    };
    let look = console.look();
    stdout.write(|out| explanation::render(&explanation, look, out))?;
    Ok(Exit::Clean)
}

/// What the check asks, part by part.
fn conditions(check: &Check) -> Vec<(&'static str, String)> {
    let text = |expression: &checks::expression::Expression| expression.text().to_owned();
    let each = check.for_each.as_ref().map(|each| each.path.clone());
    vec![
        (
            "applies",
            check.applies.as_ref().map(text).unwrap_or_default(),
        ),
        ("for each", each.unwrap_or_default()),
        ("fails when", text(&check.fail_when)),
    ]
}

/// The policy among the evidence, and its statement that allows the request of the first witness.
fn policy(explanation: &Explanation) -> Option<(Value, Option<usize>)> {
    let text = explanation
        .evidence
        .iter()
        .find(|piece| piece.pointer.ends_with("/policy/known"))?
        .value
        .as_str()?;
    let document: Value = serde_json::from_str(text).ok()?;
    let statement = || {
        let mut witnesses = explanation
            .results
            .iter()
            .filter_map(|one| one.witness.as_deref());
        let request: Request = serde_json::from_value(witnesses.next()?.clone()).ok()?;
        let set = PolicySet {
            resource: Value::String(text.to_owned()),
            ..PolicySet::default()
        };
        let policies = Policies::new(&set, None).ok()?;
        let answer = policies.evaluate(&request).into_output(String::new());
        let allowed = answer.decision == Decision::Allow;
        answer.statement.filter(|_| allowed).map(|one| one.index)
    };
    Some((document, statement()))
}

/// Reads only the resource itself, unless its siblings matter.
fn narrowed(check: &Check, explain: &ExplainOptions) -> ResourceFilter {
    let mut resources = explain.request.resources.clone();
    let alone = check
        .needs()
        .iter()
        .all(|need| need.relation == Relation::Own);
    let name = explain
        .resource
        .rsplit(':')
        .next()
        .unwrap_or(&explain.resource);
    // The ARN of a directory bucket ends in `bucket/NAME`.
    let name = name.strip_prefix("bucket/").unwrap_or(name);
    let by_name = is_selected_by_full_name(BucketKind::of_arn(&explain.resource));
    if alone && !name.contains(['*', '?']) {
        match check.subject {
            SubjectKind::Bucket if by_name => resources.buckets = vec![name.to_owned()],
            SubjectKind::Function => resources.functions = vec![name.to_owned()],
            _ => {}
        }
    }
    resources
}

/// The resource of that name or ARN.
fn subject(facts: &Facts<'_>, kind: SubjectKind, wanted: &str) -> Result<Subject, RunError> {
    let all: Vec<Subject> = facts.subjects(kind).collect();
    let mut found: Vec<&Subject> = all
        .iter()
        .filter(|subject| {
            subject.id.arn == wanted
                || subject.id.name == wanted
                || (kind == SubjectKind::Account && wanted == "account")
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(subject), true) => Ok(subject.clone()),
        (Some(last), false) => {
            let arns = found.iter().map(|other| other.id.arn.as_str());
            let arns: Vec<&str> = arns.chain([last.id.arn.as_str()]).collect();
            Err(RunError::Mistakes(vec![
                Mistake::new(format!(
                    "there are several {}s named `{wanted}`",
                    kind.name()
                ))
                .help(Some(format!("use the ARN: {}", arns.join(", ")))),
            ]))
        }
        (None, _) => {
            let names = all.iter().map(|subject| subject.id.name.as_str());
            Err(RunError::mistake(
                format!("no {} named `{wanted}`", kind.name()),
                did_you_mean(wanted, names),
            ))
        }
    }
}

/// The paths to show: not a list if members of its items are shown.
fn shown(paths: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    paths.iter().map(String::as_str).filter(|path| {
        let items = format!("{path}[]");
        !paths.iter().any(|other| other.starts_with(&items))
    })
}

/// The evidence of the facts, each place once.
fn evidence(
    facts: &Facts<'_>,
    subject: &Subject,
    view: &SubjectFacts<'_>,
    paths: &BTreeSet<String>,
) -> Vec<Evidence> {
    let mut pieces: Vec<Evidence> = Vec::new();
    for (pointer, value) in paths
        .iter()
        .flat_map(|path| facts.evidence(subject, view, path))
    {
        if !pieces.iter().any(|piece| piece.pointer == pointer) {
            pieces.push(Evidence { pointer, value });
        }
    }
    pieces
}

fn fact_line(document: &FactDocument, path: &str) -> FactLine {
    let because = document.because(path);
    let known = if because.is_empty() {
        look_up(&document.known, path)
    } else {
        None
    };
    FactLine {
        path: path.to_owned(),
        known,
        because: because.iter().map(reason).collect(),
    }
}

fn reason(because: &Because) -> String {
    let word = match because.reason {
        Reason::Denied => "denied",
        Reason::Failed => "failed",
        Reason::NotCollected => "not called",
        Reason::Undecidable => "",
    };
    [word, &because.action, &because.detail]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The value at a path; over `[]`, the list of the values of all items.
fn look_up(value: &Value, path: &str) -> Option<Value> {
    match path.split_once("[]") {
        None => walk(value, path).cloned(),
        Some((list, rest)) => {
            let items = walk(value, list)?.as_array()?;
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let values = items.iter().filter_map(|item| {
                if rest.is_empty() {
                    Some(item.clone())
                } else {
                    look_up(item, rest)
                }
            });
            Some(Value::Array(values.collect()))
        }
    }
}

fn walk<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .filter(|member| !member.is_empty())
        .try_fold(value, |value, member| value.get(member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_reach_through_lists() {
        let document = json!({"function": {"versions": [{"vpc": {"attached": true}}, {"vpc": {"attached": false}}]}});
        assert_eq!(
            look_up(&document, "function.versions[].vpc.attached"),
            Some(json!([true, false]))
        );
        assert_eq!(look_up(&document, "function.name"), None);
    }
}
