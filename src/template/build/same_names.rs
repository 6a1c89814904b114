//! Resources that are written with the same name.
//!
//! Only one of them can be deployed, and a snapshot has one resource of a name. Each is judged in a
//! deployment of its own: results are by address.

use std::collections::BTreeMap;

use super::super::settings::{DeploymentSettings, Setting};

/// Most resources of one name that are distinguished.
const MOST: usize = 8;

/// The deployments in which every resource has a name of its own; empty where that is so already.
pub(super) fn deployments(settings: &DeploymentSettings) -> Vec<DeploymentSettings> {
    let DeploymentSettings {
        buckets,
        functions,
        web_functions,
        access_points,
        trails,
        identities,
        managed_policies,
        ..
    } = settings;
    let of_buckets = turns(buckets.iter().map(|one| (&one.name, None)));
    let of_functions = turns(
        functions
            .iter()
            .map(|one| (&one.name, one.region.as_deref())),
    );
    let of_web_functions = turns(web_functions.iter().map(|one| (&one.name, None)));
    let of_points = turns(
        access_points
            .iter()
            .map(|one| (&one.name, one.region.as_deref())),
    );
    let of_trails = turns(trails.iter().map(|one| (&one.name, one.region.as_deref())));
    // A role and a user may share a name.
    let of_identities = turns(
        identities
            .iter()
            .map(|one| (&one.name, Some(one.kind.as_str()))),
    );
    let of_policies = turns(managed_policies.iter().map(|one| (&one.name, None)));
    let all = [
        &of_buckets,
        &of_functions,
        &of_web_functions,
        &of_points,
        &of_trails,
        &of_identities,
        &of_policies,
    ];
    let most = all.into_iter().flatten().map(|(_, of)| *of).max();
    let most = most.unwrap_or(1).min(MOST);
    if most < 2 {
        return Vec::new();
    }
    (0..most)
        .map(|turn| DeploymentSettings {
            buckets: chosen(buckets, &of_buckets, turn),
            functions: chosen(functions, &of_functions, turn),
            web_functions: chosen(web_functions, &of_web_functions, turn),
            access_points: chosen(access_points, &of_points, turn),
            trails: chosen(trails, &of_trails, turn),
            identities: chosen(identities, &of_identities, turn),
            managed_policies: chosen(managed_policies, &of_policies, turn),
            ..settings.clone()
        })
        .collect()
}

/// Of each resource, which of its name it is, from 0, and how many have the name. Names come with the
/// Region or the kind within which they are unique.
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
