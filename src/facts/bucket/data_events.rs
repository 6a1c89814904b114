//! CloudTrail data events: whether every read and every write of a bucket's objects is recorded.
//!
//! A trail counts where it covers the bucket's Region, logs, and delivers. Trails are not added up:
//! each must record all of it by itself, since parts of two selectors seldom make a whole.

use schemars::JsonSchema;

use super::context::BucketContext;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::trail::recording::records;
use crate::facts::trail::selectors::{self, Cover, Covers};
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::TrailInventory;

/// CloudTrail data events of the bucket's objects.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(RegionListing),
    region(TrailListing),
    trails(TrailStatus),
    trails(TrailSelectors)
)]
pub struct DataEventFacts {
    /// `all`, `part` or `none` of the events that read objects are recorded.
    pub read: Fact<String>,
    /// `all`, `part` or `none` of the events that write or delete objects are recorded.
    pub write: Fact<String>,
    /// All of both are.
    pub all: Fact<bool>,
    /// What keeps the trails from recording everything, trail by trail; empty when one does.
    pub gap: Fact<String>,
    /// A trail that was read delivers to this bucket. Its own deliveries are events, too, and AWS
    /// advises against recording them (CloudTrail user guide, "Logging data events").
    pub is_trail_bucket: Fact<bool>,
}

/// How many trails a message names.
const NAMED_TRAILS: usize = 3;

impl DataEventFacts {
    /// Concludes from the trails that record in the bucket's Region.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let trails: Vec<(&TrailInventory, Fact<Covers>)> = context
            .account
            .trails
            .values()
            .filter_map(|trail| Some((trail, covers(context, trail)?)))
            .collect();
        let listed = listed(context);
        let read = most(&trails, &listed, |covers| covers.read);
        let write = most(&trails, &listed, |covers| covers.write);
        let all = is_all(&read).and(is_all(&write));
        Self {
            gap: gap(context, &trails, &all),
            all,
            read: read.map(|cover| cover.word().to_owned()),
            write: write.map(|cover| cover.word().to_owned()),
            is_trail_bucket: Fact::Known(
                context
                    .account
                    .trails
                    .values()
                    .any(|trail| trail.bucket == context.name),
            ),
        }
    }
}

fn is_all(cover: &Fact<Cover>) -> Fact<bool> {
    cover.as_ref().map(|cover| *cover == Cover::All)
}

/// What a trail records of the bucket; nothing when it is not one of the bucket's Region.
fn covers(context: &BucketContext<'_>, trail: &TrailInventory) -> Option<Fact<Covers>> {
    match &context.bucket.region {
        _ if trail.multi_region => {}
        Some(region) if *region == trail.home_region => {}
        Some(_) => return None,
        None => {
            return Some(Fact::undecidable(format!(
                "the bucket's Region is not known, and trail {} records in {} only",
                trail.name, trail.home_region
            )));
        }
    }
    let arn = bucket_arn(context.account.partition(), context.name);
    let selected = from_reading(
        ReadingKind::TrailSelectors,
        &trail.selectors,
        || NOTHING,
        |selected| selectors::of_objects(selected, &arn),
    );
    // Where the selectors leave the bucket out, it does not matter whether the trail delivers.
    Some(match (selected, records(trail)) {
        (Fact::Known(NOTHING), _) | (_, Fact::Known(false)) => Fact::Known(NOTHING),
        (selected, records) => selected.zip(records).map(|(covers, _)| covers),
    })
}

const NOTHING: Covers = Covers {
    read: Cover::None,
    write: Cover::None,
};

/// Whether the trails of the bucket's Region were listed.
fn listed(context: &BucketContext<'_>) -> Fact<()> {
    context
        .region_inventory(ReadingKind::TrailListing)
        .and_then(|region| {
            from_reading(
                ReadingKind::TrailListing,
                &region.trail_listing,
                || (),
                |_| (),
            )
        })
}

/// The most that any one trail records. One that records everything decides; otherwise every trail
/// must be known.
fn most(
    trails: &[(&TrailInventory, Fact<Covers>)],
    listed: &Fact<()>,
    of: impl Fn(&Covers) -> Cover,
) -> Fact<Cover> {
    let known = trails
        .iter()
        .filter_map(|(_, covers)| covers.known().map(&of))
        .fold(Cover::None, std::cmp::max);
    let because: Vec<_> = trails
        .iter()
        .flat_map(|(_, covers)| covers.because())
        .chain(listed.because())
        .collect();
    if known == Cover::All || because.is_empty() {
        Fact::Known(known)
    } else {
        Fact::unknown_from(because.into_iter())
    }
}

/// Why not everything is recorded.
fn gap(
    context: &BucketContext<'_>,
    trails: &[(&TrailInventory, Fact<Covers>)],
    all: &Fact<bool>,
) -> Fact<String> {
    all.as_ref().map(|all| {
        if *all {
            return String::new();
        }
        if trails.is_empty() {
            return format!("no trail records in {}", context.region());
        }
        let named: Vec<String> = trails
            .iter()
            .take(NAMED_TRAILS)
            .map(|(trail, covers)| one(trail, covers))
            .collect();
        let more = trails.len().saturating_sub(NAMED_TRAILS);
        let more = if more > 0 {
            format!("; and {more} more trails")
        } else {
            String::new()
        };
        format!("{}{more}", named.join("; "))
    })
}

fn one(trail: &TrailInventory, covers: &Fact<Covers>) -> String {
    let name = &trail.name;
    let status = trail.status.known();
    if status.is_some_and(|status| !status.logging) {
        return format!("trail {name} is switched off");
    }
    if let Some(error) = status.and_then(|status| status.delivery_error.as_ref()) {
        return format!("trail {name} cannot deliver ({error})");
    }
    let words = |cover: Cover| match cover {
        Cover::All => "all",
        Cover::Part => "some",
        Cover::None => "no",
    };
    match covers.known() {
        Some(covers) => format!(
            "trail {name} records {} reads and {} writes of its objects",
            words(covers.read),
            words(covers.write)
        ),
        None => format!("what trail {name} records is not known"),
    }
}
