//! Data events of buckets, recorded by a trail that is there. All buckets of a trail are one change:
//! a trail has few selectors.

use std::collections::BTreeMap;

use super::Case;
use super::change::Change;
use super::draft::Draft;
use crate::facts::SubjectFacts;
use crate::facts::bucket::BucketFacts;
use crate::facts::trail::TrailFacts;
use crate::inventory::ids::SubjectKind;
use crate::report::plan::Level;

/// Plans the data events of one bucket. `read_only` is that of the events; nothing for all of them.
pub(super) fn record(
    case: &Case<'_, '_>,
    bucket: &BucketFacts,
    read_only: Option<bool>,
    draft: &mut Draft,
) {
    draft.what = format!(
        "Record the {} of {} in a trail.",
        kind(read_only),
        bucket.name
    );
    draft.effect(
        "Each request for an object is in the trail's log files, with who made it and from where.",
    );
    draft.risk(Level::Low, "AWS charges for each event.");
    match trail_for(case, bucket) {
        Some(trail) => {
            draft.decide(
                "Is the record worth what AWS charges for each event? Buckets with much traffic cost most.",
            );
            draft.changes.push(Change::DataEvents {
                trail: trail.arn,
                region: trail.region,
                name: format!(
                    "coldbucket {} {}",
                    case.facts.snapshot().taken_at,
                    kind(read_only)
                ),
                buckets: vec![bucket.arn.clone()],
                read_only,
            });
        }
        None => draft.decide(format!(
            "There is no trail of this account that records in {} and whose selectors can be added to without losing some: make one, or write the selectors of one again by hand.",
            bucket.region
        )),
    }
}

const fn kind(read_only: Option<bool>) -> &'static str {
    match read_only {
        Some(true) => "reads",
        Some(false) => "writes",
        None => "reads and writes",
    }
}

/// A trail of the account that records in the bucket's Region; one of all Regions first.
fn trail_for(case: &Case<'_, '_>, bucket: &BucketFacts) -> Option<TrailFacts> {
    let mut fit: Vec<TrailFacts> = case
        .facts
        .subjects(SubjectKind::Trail)
        .filter(|subject| subject.id.account == bucket.account)
        .filter_map(|subject| match case.facts.view(&subject)? {
            SubjectFacts::Trail(trail) => Some(*trail),
            _ => None,
        })
        .filter(|trail| {
            trail.own
                && (trail.multi_region || trail.region == bucket.region)
                && trail.logging.known() == Some(&true)
                && trail.delivery_error.known().is_some_and(String::is_empty)
                && case.facts.takes_selectors(&bucket.account, &trail.arn)
        })
        .collect();
    fit.sort_by_key(|trail| !trail.multi_region);
    fit.into_iter().next()
}

/// Makes one change of all that add the same events to the same trail.
pub(super) fn join(drafts: &mut Vec<Draft>) {
    let mut first: BTreeMap<(String, Option<bool>), usize> = BTreeMap::new();
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts.drain(..) {
        let [
            Change::DataEvents {
                trail,
                buckets,
                read_only,
                ..
            },
        ] = draft.changes.as_slice()
        else {
            kept.push(draft);
            continue;
        };
        let key = (trail.clone(), *read_only);
        match first.get(&key).and_then(|at| kept.get_mut(*at)) {
            Some(other) => {
                if let [Change::DataEvents { buckets: all, .. }] = other.changes.as_mut_slice() {
                    all.extend(buckets.iter().cloned());
                    other.what = format!(
                        "Record the {} of {} buckets in the trail {}.",
                        kind(*read_only),
                        all.len(),
                        trail.rsplit('/').next().unwrap_or(trail)
                    );
                }
                other.mends.extend(draft.mends);
            }
            None => {
                first.insert(key, kept.len());
                kept.push(draft);
            }
        }
    }
    *drafts = kept;
}
