//! The names that conditions may use, and which readings stand behind each path.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::LazyLock;

use super::subjects::paths;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// Every path with the readings it declares itself.
static DECLARED: LazyLock<BTreeMap<String, Vec<Need>>> = LazyLock::new(|| {
    let mut declared: BTreeMap<String, Vec<Need>> = BTreeMap::new();
    for (path, needs) in SubjectKind::ALL.into_iter().flat_map(paths) {
        declared.entry(path).or_default().extend(needs);
    }
    declared
});

/// Every path with the readings it declares itself, beside those of the group it is in.
pub fn declarations() -> impl Iterator<Item = (&'static str, &'static [Need])> {
    DECLARED
        .iter()
        .map(|(path, needs)| (path.as_str(), needs.as_slice()))
}

/// The readings behind a fact path such as `bucket.encryption.kms` (list positions written `[]`),
/// sorted. A path above a group needs all that the group needs.
pub fn needs(path: &str) -> Vec<Need> {
    gather(at_or_above(path).chain(below(path)))
}

/// The readings it takes to know a list and its length, without what is inside its items: what a
/// condition over the items opens comes on top, path by path.
pub fn list_needs(path: &str) -> Vec<Need> {
    gather(at_or_above(path))
}

fn gather(declared: impl Iterator<Item = &'static Vec<Need>>) -> Vec<Need> {
    let found: BTreeSet<Need> = declared.flatten().copied().collect();
    found.into_iter().collect()
}

/// What a path declares, and what the groups and lists declare that contain it.
fn at_or_above(path: &str) -> impl Iterator<Item = &'static Vec<Need>> {
    let ends = path.match_indices(['.', '[']).map(|(at, _)| at);
    ends.chain([path.len()])
        .filter_map(|end| DECLARED.get(path.get(..end)?))
}

/// What is declared inside a group or a list.
fn below(path: &str) -> impl Iterator<Item = &'static Vec<Need>> {
    let range = DECLARED.range::<str, _>((Bound::Excluded(path), Bound::Unbounded));
    range
        .map_while(move |(declared, needs)| Some((declared.strip_prefix(path)?, needs)))
        .filter(|(rest, _)| rest.starts_with(['.', '[']))
        .map(|(_, needs)| needs)
}
