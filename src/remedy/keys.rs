//! KMS keys: which one a bucket should use, and their rotation.

use std::collections::BTreeMap;

use super::change::Change;
use super::draft::Draft;
use super::public::{Neighbour, Surroundings};

/// The customer's own key that most buckets of the Region use, by ARN, with their number. A key of
/// another account, one that does not work and one that is only an alias are none.
pub fn choose(surroundings: &Surroundings<'_>, bucket: &Neighbour<'_>) -> Option<(String, usize)> {
    let id = &bucket.subject.id;
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for other in surroundings.buckets() {
        let key = &other.facts.key;
        let fit = other.subject.id.account == id.account
            && other.subject.id.region == id.region
            && key.manager.known().map(String::as_str) == Some("customer")
            && key.usable.known() == Some(&true)
            && key.foreign.known() == Some(&false);
        if let (true, Some(Some(arn))) = (fit, other.standing.key.known()) {
            *used.entry(arn).or_default() += 1;
        }
    }
    used.into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))
        .map(|(arn, number)| (arn.to_owned(), number))
}

/// Rotates each key once, whatever number of buckets use it.
pub fn join(drafts: &mut Vec<Draft>) {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts.drain(..) {
        let key = match draft.changes.as_slice() {
            [Change::RotateKey { key }] => Some(key.clone()),
            [Change::EnableKey { key, .. }] => Some(format!("enable {key}")),
            _ => None,
        };
        match key.as_ref().and_then(|key| first.get(key)) {
            Some(at) => {
                if let Some(other) = kept.get_mut(*at) {
                    other.mends.extend(draft.mends);
                }
            }
            None => {
                if let Some(key) = key {
                    first.insert(key, kept.len());
                }
                kept.push(draft);
            }
        }
    }
    *drafts = kept;
}
