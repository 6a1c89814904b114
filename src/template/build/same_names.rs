//! Resources that are written with the same name.
//!
//! Only one of them can be deployed, and a snapshot has one resource of a name. Each is judged in a
//! deployment of its own: results are by address.

use std::collections::BTreeMap;

use super::super::settings::{DeploymentSettings, Setting};

/// Most resources of one name that are distinguished.
const MOST: usize = 8;

/// The deployments in which every bucket and every function has a name of its own; empty where that is so
/// already.
pub(super) fn deployments(settings: &DeploymentSettings) -> Vec<DeploymentSettings> {
    let buckets = turns(settings.buckets.iter().map(|bucket| (&bucket.name, None)));
    let functions = turns(
        settings
            .functions
            .iter()
            .map(|function| (&function.name, function.region.as_deref())),
    );
    let most = buckets
        .iter()
        .chain(&functions)
        .map(|(_, of)| *of)
        .max()
        .unwrap_or(1)
        .min(MOST);
    if most < 2 {
        return Vec::new();
    }
    (0..most)
        .map(|turn| DeploymentSettings {
            buckets: chosen(&settings.buckets, &buckets, turn),
            functions: chosen(&settings.functions, &functions, turn),
            ..settings.clone()
        })
        .collect()
}

/// Of each resource, which of its name it is, from 0, and how many have the name.
fn turns<'s>(
    names: impl Iterator<Item = (&'s Setting<String>, Option<&'s str>)> + Clone,
) -> Vec<(usize, usize)> {
    let mut numbers: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    let mut next = |key| {
        let number = numbers.entry(key).or_default();
        *number += 1;
        *number - 1
    };
    let first: Vec<usize> = names
        .clone()
        .map(|(name, region)| {
            name.written()
                .map_or(0, |name| next((name.as_str(), region)))
        })
        .collect();
    names
        .zip(first)
        .map(|((name, region), number)| {
            let of = name
                .written()
                .and_then(|name| numbers.get(&(name.as_str(), region)));
            (number, of.copied().unwrap_or(1))
        })
        .collect()
}

fn chosen<T: Clone>(resources: &[T], turns: &[(usize, usize)], turn: usize) -> Vec<T> {
    resources
        .iter()
        .zip(turns)
        .filter(|(_, (number, of))| turn % (*of).max(1) == *number)
        .map(|(resource, _)| resource.clone())
        .collect()
}
