//! The facts of one subject as conditions see them: a document of what is known, and beside it the
//! paths that are not known, with the reasons.
//!
//! Unknown facts are left OUT of the document. A condition that touches one gets an error from the
//! expression language, which its `&&`, `||`, `exists` and `all` absorb when the rest decides: that
//! is three-valued logic without a single special case in the policy files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fact::Because;

/// What is known and what is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactDocument {
    /// The known facts, `{"bucket": {…}}`.
    pub known: Value,
    /// The unknown ones: path without list positions (`bucket.grants[].account`) to reasons.
    pub unknown: BTreeMap<String, Vec<Because>>,
}

impl FactDocument {
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
