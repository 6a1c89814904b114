//! Which checks run, and with which thresholds.
//!
//! Selection = pack ∩ `--check` − `--exclude`, then severity at least `--severity`. A glob that
//! matches nothing is an error: a misspelt check must not make an audit pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::catalogue::{Catalog, names};
use super::lint;
use super::model::Check;
use super::suggest;
use crate::findings::{CheckSummary, Severity};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// The pack that is used when none is named.
pub const DEFAULT_PACK: &str = "default";

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The pack; empty means [`DEFAULT_PACK`].
    pub pack: String,
    /// Globs over ids; empty means all.
    pub check: Vec<String>,
    /// Globs over ids that are left out.
    pub exclude: Vec<String>,
    /// The least severity.
    pub severity: Option<Severity>,
    /// Thresholds by check id and name.
    pub params: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Everything wrong with a selection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SelectionError {
    /// The mistakes; never empty.
    pub problems: Vec<String>,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

/// The checks that run, with their thresholds.
#[derive(Clone, Debug)]
pub struct Selected {
    checks: Vec<Chosen>,
}

/// One check that runs.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub check: Arc<Check>,
    /// The thresholds as an object; none when the check has none.
    pub params: Option<Value>,
}

impl Chosen {
    /// A check with the thresholds of its file.
    pub(super) fn with_defaults(check: Arc<Check>) -> Self {
        let params = (!check.params.is_empty()).then(|| {
            let members: Map<String, Value> = check
                .params
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            Value::Object(members)
        });
        Self { check, params }
    }
}

impl Catalog {
    /// Selects checks.
    ///
    /// # Errors
    /// Every glob that matches nothing, an unknown pack, a threshold that does not exist or is of
    /// another type — and a selection that leaves no check at all.
    pub fn select(&self, selection: &Selection) -> Result<Selected, SelectionError> {
        let mut problems = Vec::new();
        let pack_name = match selection.pack.as_str() {
            "" => DEFAULT_PACK,
            name => name,
        };
        let pack = self.pack(pack_name);
        if pack.is_none() {
            let hint = suggest::did_you_mean(pack_name, self.packs().map(|p| p.name.as_str()));
            problems.push(format!("unknown pack `{pack_name}`{hint}"));
        }
        for (option, globs) in [
            ("--check", &selection.check),
            ("--exclude", &selection.exclude),
        ] {
            for glob in globs {
                if !self.iter().any(|check| names(glob, check)) {
                    let hint = suggest::did_you_mean(glob, self.ids());
                    problems.push(format!("{option} `{glob}` matches no check{hint}"));
                }
            }
        }
        let overrides = self.overrides(selection, &mut problems);
        let in_pack = |check: &Check| pack.is_some_and(|pack| pack.holds(check));
        // A deprecated check is in no pack and runs only when it is called by its full id.
        let literal = |check: &Check| selection.check.contains(&check.id);
        let wanted = |check: &Check| {
            (in_pack(check) || (check.deprecated.is_some() && literal(check)))
                && (selection.check.is_empty()
                    || selection.check.iter().any(|glob| names(glob, check)))
        };
        if problems.is_empty() {
            for glob in &selection.check {
                let matched = |check: &&Check| names(glob, check);
                if !self.iter().filter(matched).any(&wanted) {
                    problems.push(format!(
                        "--check `{glob}` matches no check of the pack `{pack_name}`"
                    ));
                }
            }
        }
        let checks: Vec<Chosen> = self
            .iter()
            .filter(|check| {
                wanted(check)
                    && !selection.exclude.iter().any(|glob| names(glob, check))
                    && selection
                        .severity
                        .is_none_or(|least| check.severity >= least)
            })
            .filter_map(|check| self.shared(&check.id))
            .map(|check| {
                let mut chosen = Chosen::with_defaults(check);
                let given = overrides.get(&chosen.check.id);
                if let (Some(Value::Object(params)), Some(given)) = (&mut chosen.params, given) {
                    for (name, value) in given {
                        params.insert(name.clone(), value.clone());
                    }
                }
                chosen
            })
            .collect();
        if checks.is_empty() && problems.is_empty() {
            problems.push("the selection contains no check".to_owned());
        }
        if problems.is_empty() {
            Ok(Selected { checks })
        } else {
            Err(SelectionError { problems })
        }
    }

    /// The thresholds the user gave, by today's ids, each of the type of its default.
    fn overrides(
        &self,
        selection: &Selection,
        problems: &mut Vec<String>,
    ) -> BTreeMap<String, BTreeMap<String, Value>> {
        let mut overrides: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for (id, given) in &selection.params {
            let Some(check) = self.get(id) else {
                let hint = suggest::did_you_mean(id, self.ids());
                problems.push(format!("parameters for the unknown check `{id}`{hint}"));
                continue;
            };
            for (name, value) in given {
                let Some(default) = check.params.get(name) else {
                    let hint = suggest::did_you_mean(name, check.params.keys().map(String::as_str));
                    problems.push(format!("`{id}` has no threshold `{name}`{hint}"));
                    continue;
                };
                match convert(value, default) {
                    Some(value) => {
                        overrides
                            .entry(check.id.clone())
                            .or_default()
                            .insert(name.clone(), value);
                    }
                    None => problems.push(format!(
                        "the threshold `{name}` of `{id}` is {}, not {}",
                        lint::shape_of_value(default).name(),
                        lint::shape_of_value(value).name()
                    )),
                }
            }
        }
        overrides
    }
}

/// A threshold in the type of its default: 5 is a fine value for 2.5.
fn convert(value: &Value, default: &Value) -> Option<Value> {
    let (given, wanted) = (lint::shape_of_value(value), lint::shape_of_value(default));
    if given == wanted {
        return Some(value.clone());
    }
    match (given, wanted) {
        (lint::FactShape::Int, lint::FactShape::Double) => value.as_f64().map(Value::from),
        (lint::FactShape::List(_), lint::FactShape::List(_))
            if value.as_array().is_some_and(Vec::is_empty) =>
        {
            Some(value.clone())
        }
        _ => None,
    }
}

impl Selected {
    /// The checks, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().map(|chosen| chosen.check.as_ref())
    }

    /// The checks with their thresholds, an empty object where there are none.
    pub fn with_params(&self) -> impl Iterator<Item = (&Check, Value)> {
        self.chosen().iter().map(|chosen| {
            let params = chosen.params.clone();
            let none = || Value::Object(Map::new());
            (chosen.check.as_ref(), params.unwrap_or_else(none))
        })
    }

    /// The first id of a selected check, which fingerprints use.
    pub fn first_id(&self, id: &str) -> Option<&str> {
        let chosen = self.chosen().iter().find(|chosen| chosen.check.id == id)?;
        Some(chosen.check.first_id())
    }

    /// The fact paths whose readings a selected check shows as evidence.
    pub fn evidence(&self, id: &str) -> &[String] {
        let chosen = self.chosen().iter().find(|chosen| chosen.check.id == id);
        chosen
            .map(|chosen| chosen.check.evidence.as_slice())
            .unwrap_or_default()
    }

    pub(super) fn chosen(&self) -> &[Chosen] {
        &self.checks
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.checks.len()
    }

    /// Never true: a selection that leaves nothing is an error.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// The kinds of subject the checks are about.
    pub fn kinds(&self) -> BTreeSet<SubjectKind> {
        self.iter().map(|check| check.subject).collect()
    }

    /// The readings the checks rest on, with the listings that name their subjects.
    pub fn needs(&self) -> BTreeSet<(SubjectKind, Need)> {
        let listings = self.iter().flat_map(|check| {
            let subject = check.subject;
            check
                .listings()
                .map(move |listing| (subject, Need::own(listing)))
        });
        self.iter()
            .flat_map(|check| {
                let subject = check.subject;
                check.needs().into_iter().map(move |need| (subject, need))
            })
            .chain(listings)
            .collect()
    }

    /// What a report says about the checks, by id.
    pub fn summaries(&self) -> BTreeMap<String, CheckSummary> {
        self.iter()
            .map(|check| (check.id.clone(), check.summary()))
            .collect()
    }
}
