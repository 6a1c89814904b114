//! Runs the examples of every policy file and reports all errors at once.
//!
//! An example contains some facts of a subject. Facts left out are unknown, as if their call had not been
//! made: an example contains every fact that its result depends on, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::assess::judge;
use super::catalogue::{self, Catalog};
use super::expression::{PARAMS, Prepared};
use super::file::{self, PolicyFile, Tree};
use super::model::Check;
use super::problem::PolicyProblem;
use super::selection::Chosen;
use super::shape::FactShape;
use super::suggest;
use crate::facts::{self, Because, FactDocument};
use crate::findings::{Reason, Status};

/// The kinds of example, as the files name them.
const KINDS: [&str; 4] = ["fail", "pass", "unknown", "not_applicable"];

/// Everything wrong with the examples of a catalogue, sorted.
pub fn verify(catalog: &Catalog) -> Vec<PolicyProblem> {
    sorted(catalog.iter().flat_map(verify_check).collect())
}

/// Everything wrong with files (path and text) that are to be loaded beside the built-in ones:
/// their form, their conditions, their ids, their examples. A file that is word for word a
/// built-in one does not collide with it.
pub fn verify_files(files: Vec<(String, String)>) -> Vec<PolicyProblem> {
    let texts: BTreeSet<&str> = Catalog::builtin_files()
        .iter()
        .map(|(_, text)| *text)
        .collect();
    let files: Vec<(String, String)> = files
        .into_iter()
        .filter(|(_, text)| !texts.contains(text.as_str()))
        .collect();
    let mut problems = Vec::new();
    let mut catalog = match Catalog::builtin() {
        Ok(catalog) => catalog,
        Err(errors) => return errors.problems,
    };
    for (path, text) in &files {
        // A file that does not compile is reported below; its examples cannot run.
        if let Ok(check) = catalogue::compile(path, text) {
            problems.extend(verify_check(&check));
        }
    }
    if let Err(errors) = catalog.extend(files) {
        problems.extend(errors.problems);
    }
    sorted(problems)
}

fn sorted(mut problems: Vec<PolicyProblem>) -> Vec<PolicyProblem> {
    problems.sort();
    problems.dedup();
    problems
}

/// Everything wrong with one check's examples.
pub fn verify_check(check: &Check) -> Vec<PolicyProblem> {
    // The catalogue has read the same text before; places are only needed here.
    let read: PolicyFile = match file::read(&check.file, &check.source) {
        Ok(read) => read,
        Err(problem) => return vec![problem],
    };
    let shape = FactShape::of(check.subject);
    let mut problems = Vec::new();
    let examples = [
        &read.examples.fail,
        &read.examples.pass,
        &read.examples.unknown,
        &read.examples.not_applicable,
    ];
    let chosen = Chosen::with_defaults(Arc::new(check.clone()));
    for (kind, examples) in KINDS.into_iter().zip(examples) {
        if examples.is_empty() && kind != "not_applicable" {
            problems.push(PolicyProblem::of_file(
                &check.file,
                format!("no example shows when the check gives `{kind}`"),
            ));
        }
        if examples.is_empty() && kind == "not_applicable" && check.applies.is_some() {
            problems.push(PolicyProblem::of_file(
                &check.file,
                "no example shows when the check is `not_applicable`, and it has `applies`",
            ));
        }
        for example in examples {
            let before = problems.len();
            let run = Example::read(check, example, &shape, &mut problems);
            if problems.len() > before {
                continue;
            }
            let params = run.params.or_else(|| chosen.params.clone());
            let outcome = judge(check, params.as_ref(), &Prepared::new(&run.document));
            let wrong = match outcome {
                Err(message) => Some(message),
                Ok(judgements) => {
                    let statuses: Vec<Status> = judgements.iter().map(|j| j.status).collect();
                    (!agrees(kind, &statuses)).then(|| {
                        let got: BTreeSet<&str> = statuses.iter().map(|s| s.name()).collect();
                        let got: Vec<&str> = got.into_iter().collect();
                        let why: Vec<&str> = judgements
                            .iter()
                            .filter_map(|judgement| judgement.message.as_deref())
                            .collect();
                        let why = if why.is_empty() {
                            String::new()
                        } else {
                            format!(": {}", why.join(" "))
                        };
                        format!(
                            "this example must give `{kind}` and gives {}{why}",
                            got.join(", ")
                        )
                    })
                }
            };
            problems.extend(wrong.map(|message| at(check, example, message)));
        }
    }
    problems
}

/// Whether the results are what an example of the kind promises.
fn agrees(kind: &str, statuses: &[Status]) -> bool {
    let all = |wanted: Status| statuses.iter().all(|status| *status == wanted);
    let any = |wanted: Status| statuses.contains(&wanted);
    match kind {
        "fail" => any(Status::Fail),
        "pass" => all(Status::Pass),
        "unknown" => any(Status::NotAssessed) && !any(Status::Fail),
        _ => all(Status::NotApplicable),
    }
}

fn at<T>(check: &Check, place: &Spanned<T>, message: impl Into<String>) -> PolicyProblem {
    PolicyProblem::at(
        &check.file,
        (place.referenced.line(), place.referenced.column()),
        message,
    )
}

/// An example made into a document.
struct Example {
    document: FactDocument,
    params: Option<Value>,
}

impl Example {
    fn read(
        check: &Check,
        example: &Spanned<Tree>,
        shape: &FactShape,
        problems: &mut Vec<PolicyProblem>,
    ) -> Self {
        let variable = check.subject.variable();
        let mut read = Self {
            document: FactDocument::default(),
            params: None,
        };
        let Tree::Map(members) = &example.value else {
            problems.push(at(
                check,
                example,
                format!("an example gives facts under `{variable}:`"),
            ));
            return read;
        };
        let mut known = Map::new();
        for (name, value) in members {
            if name.value == variable {
                let mut filler = Filler {
                    check,
                    unknown: BTreeMap::new(),
                    problems,
                };
                let facts = filler.fill(value, shape, variable);
                read.document.unknown = filler.unknown;
                known.insert(variable.to_owned(), facts);
            } else if name.value == PARAMS {
                let mut params: Map<String, Value> = check.params.clone().into_iter().collect();
                for (name, value) in value.value.to_json().as_object().into_iter().flatten() {
                    if !params.contains_key(name) {
                        problems.push(at(check, example, format!("unknown parameter `{name}`")));
                    }
                    params.insert(name.clone(), value.clone());
                }
                read.params = Some(Value::Object(params));
            } else {
                let hint = suggest::did_you_mean(&name.value, [variable, PARAMS]);
                problems.push(at(
                    check,
                    name,
                    format!(
                        "an example gives facts under `{variable}:`, not `{}:`{hint}",
                        name.value
                    ),
                ));
            }
        }
        if !known.contains_key(variable) {
            // Nothing about the subject is known at all.
            known.insert(variable.to_owned(), Value::Object(Map::new()));
            if problems.is_empty()
                && let FactShape::Object(members) = shape
            {
                for name in members.keys() {
                    let path = format!("{variable}.{name}");
                    let because = not_collected(&path);
                    read.document.unknown.insert(path, because);
                }
            }
        }
        read.document.known = Value::Object(known);
        read
    }
}

/// The reasons of a fact that an example leaves out.
fn not_collected(path: &str) -> Vec<Because> {
    let because = |action: &'static str| Because {
        reason: Reason::NotCollected,
        action: action.into(),
        detail: String::new(),
    };
    let actions: BTreeSet<&'static str> = facts::needs(path)
        .iter()
        .map(|need| need.reading.action())
        .collect();
    if actions.is_empty() {
        return vec![because("")];
    }
    actions.into_iter().map(because).collect()
}

/// Walks an example beside the shape of the facts: checks what is there, notes what is not.
struct Filler<'a> {
    check: &'a Check,
    unknown: BTreeMap<String, Vec<Because>>,
    problems: &'a mut Vec<PolicyProblem>,
}

impl Filler<'_> {
    fn fill(&mut self, tree: &Spanned<Tree>, shape: &FactShape, path: &str) -> Value {
        match (&tree.value, shape) {
            (Tree::Bool(value), FactShape::Bool) => Value::Bool(*value),
            (Tree::Int(value), FactShape::Int) => Value::from(*value),
            (Tree::Int(_) | Tree::Float(_), FactShape::Double) => {
                let number = tree.value.to_json().as_f64();
                number.map_or(Value::Null, Value::from)
            }
            (Tree::Text(text), FactShape::Text(values)) => {
                if !values.is_empty() && !values.contains(text) {
                    let hint = suggest::did_you_mean(text, values.iter().map(String::as_str));
                    self.problems.push(at(
                        self.check,
                        tree,
                        format!(
                            "`{path}` is never \"{text}\"{hint}; it is one of {}",
                            values.join(", ")
                        ),
                    ));
                }
                Value::String(text.clone())
            }
            (Tree::List(items), FactShape::List(inner)) => {
                let path = format!("{path}[]");
                Value::Array(
                    items
                        .iter()
                        .map(|item| self.fill(item, inner, &path))
                        .collect(),
                )
            }
            (Tree::Map(members), FactShape::Map(inner)) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| {
                        let path = format!("{path}.{}", name.value);
                        (name.value.clone(), self.fill(member, inner, &path))
                    })
                    .collect(),
            ),
            (Tree::Map(members), FactShape::Object(shapes)) => {
                let mut known = Map::new();
                for (name, member) in members {
                    let path = format!("{path}.{}", name.value);
                    match shape.member(&name.value, path_above(&path)) {
                        Ok(inner) => {
                            let value = self.fill(member, inner, &path);
                            known.insert(name.value.clone(), value);
                        }
                        Err(why) => self.problems.push(at(self.check, name, why)),
                    }
                }
                for (name, inner) in shapes.iter() {
                    if !known.contains_key(name) {
                        let path = format!("{path}.{name}");
                        self.leave_out(&path, inner, name, &mut known);
                    }
                }
                Value::Object(known)
            }
            (other, shape) => {
                let got = match other {
                    Tree::Null => "nothing",
                    Tree::Bool(_) => "a boolean",
                    Tree::Int(_) => "an integer",
                    Tree::Float(_) => "a number",
                    Tree::Text(_) => "text",
                    Tree::List(_) => "a list",
                    Tree::Map(_) => "a group of facts",
                };
                let message = format!("`{path}` is {}, not {got}", shape.name());
                self.problems.push(at(self.check, tree, message));
                Value::Null
            }
        }
    }

    /// Notes a fact that is left out. Groups stay, because in the facts only what is in them can be
    /// unknown.
    fn leave_out(
        &mut self,
        path: &str,
        shape: &FactShape,
        name: &str,
        known: &mut Map<String, Value>,
    ) {
        if let FactShape::Object(members) = shape {
            let mut inner = Map::new();
            for (member, shape) in members.iter() {
                self.leave_out(&format!("{path}.{member}"), shape, member, &mut inner);
            }
            known.insert(name.to_owned(), Value::Object(inner));
        } else {
            self.unknown.insert(path.to_owned(), not_collected(path));
        }
    }
}

fn path_above(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(above, _)| above)
}
