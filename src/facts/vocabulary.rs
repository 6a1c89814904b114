//! The names that conditions may use, and which readings stand behind each path.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::subjects::paths;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// Every path with the readings it declares itself.
static DECLARED: LazyLock<Vec<(String, Vec<Need>)>> =
    LazyLock::new(|| SubjectKind::ALL.into_iter().flat_map(paths).collect());

/// Every path with the readings it declares itself, beside those of the group it is in.
pub fn declarations() -> impl Iterator<Item = (&'static str, &'static [Need])> {
    DECLARED
        .iter()
        .map(|(path, needs)| (path.as_str(), needs.as_slice()))
}

/// The readings behind a fact path such as `bucket.encryption.kms` (list positions written `[]`),
/// sorted. A path above a group needs all that the group needs.
pub fn needs(path: &str) -> Vec<Need> {
    gather(|declared| is_at_or_above(declared, path) || is_at_or_above(path, declared))
}

/// The readings it takes to know a list and its length, without what is inside its items: what a
/// condition over the items opens comes on top, path by path.
pub fn list_needs(path: &str) -> Vec<Need> {
    gather(|declared| is_at_or_above(declared, path))
}

fn gather(wanted: impl Fn(&str) -> bool) -> Vec<Need> {
    let found: BTreeSet<Need> = declarations()
        .filter(|(declared, _)| wanted(declared))
        .flat_map(|(_, needs)| needs.iter().copied())
        .collect();
    found.into_iter().collect()
}

/// True when `upper` names `lower` or something that contains it.
fn is_at_or_above(upper: &str, lower: &str) -> bool {
    lower
        .strip_prefix(upper)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
