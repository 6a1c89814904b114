//! The facts of one subject as conditions see them: a document of what is known, and beside it the
//! paths that are not known, with the reasons.
//!
//! Unknown facts are left OUT of the document. A condition that touches one gets an error from the
//! expression language, which its `&&`, `||`, `exists` and `all` absorb when the rest decides: that
//! is three-valued logic without a single special case in the policy files.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::fact::{Because, UNKNOWN_MARK};
use crate::report::Reason;

/// What is known and what is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactDocument {
    /// The known facts, `{"bucket": {…}}`.
    pub known: Value,
    /// The unknown ones: path without list positions (`bucket.grants[].account`) to reasons.
    pub unknown: BTreeMap<String, Vec<Because>>,
}

impl FactDocument {
    /// Splits a subject's serialized facts. `variable` is the name the conditions use.
    ///
    /// # Errors
    /// Only when the facts cannot be written as JSON, which is a defect of this program.
    pub fn new(variable: &str, facts: &impl Serialize) -> Result<Self, serde_json::Error> {
        let mut value = serde_json::to_value(facts)?;
        let mut unknown = BTreeMap::new();
        split(&mut value, variable, &mut unknown);
        let mut known = Map::new();
        known.insert(variable.to_owned(), value);
        Ok(Self {
            known: Value::Object(known),
            unknown,
        })
    }

    /// The reasons behind every unknown fact at, above or below `path` (in the form
    /// `bucket.grants[].account`), sorted and without repeats.
    pub fn because(&self, path: &str) -> Vec<Because> {
        let mut found: Vec<Because> = self
            .unknown
            .iter()
            .filter(|(unknown, _)| is_prefix(unknown, path) || is_prefix(path, unknown))
            .flat_map(|(_, because)| because.iter().cloned())
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// True when `shorter` names `longer` or something that contains it.
fn is_prefix(shorter: &str, longer: &str) -> bool {
    longer
        .strip_prefix(shorter)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Removes every unknown below `value` and notes it under its path. Returns true when `value`
/// itself is an unknown.
fn split(value: &mut Value, path: &str, unknown: &mut BTreeMap<String, Vec<Because>>) -> bool {
    match value {
        Value::Object(members) => {
            if let Some(reasons) = members.get(UNKNOWN_MARK) {
                let entry: &mut Vec<Because> = unknown.entry(path.to_owned()).or_default();
                entry.extend(read_reasons(reasons));
                return true;
            }
            members.retain(|name, member| !split(member, &format!("{path}.{name}"), unknown));
            false
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            items.retain_mut(|item| !split(item, &path, unknown));
            false
        }
        _ => false,
    }
}

fn read_reasons(value: &Value) -> Vec<Because> {
    let text = |item: &Value, name: &str| {
        item.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| Because {
            reason: item
                .get("reason")
                .and_then(|reason| serde_json::from_value(reason.clone()).ok())
                .unwrap_or(Reason::Undecidable),
            action: text(item, "action").into(),
            detail: text(item, "detail"),
        })
        .collect()
}
