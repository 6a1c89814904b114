//! CloudTrail data events: whether every read and every write of a bucket's objects is recorded.
//!
//! A trail counts where it covers the bucket's Region, logs, and delivers; an event data store of
//! CloudTrail Lake where it covers the Region and is enabled; a service-linked channel where it covers
//! the Region, wherever its events go. They are not added up: each must record all of it by itself,
//! since parts of two selectors seldom make a whole.
//!
//! A snapshot that was taken before stores and channels were read has none: few accounts have any, since
//! CloudTrail Lake takes no new customers (CloudTrail user guide, document history, 2026-03-31).

use schemars::JsonSchema;

use super::context::BucketContext;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::trail::recording::records;
use crate::facts::trail::selectors::{self, Cover, Covers};
use crate::inventory::Reading;
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::{EventRecorder, EventSelectors, TrailInventory};

/// CloudTrail data events of the bucket's objects.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(RegionListing),
    region(TrailListing),
    region(EventDataStores),
    region(EventChannels),
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
    /// What keeps each trail, event data store and channel from recording everything; empty when one
    /// of them records it.
    pub gap: Fact<String>,
    /// A trail that was read delivers to this bucket. Its own deliveries are events, too, and AWS
    /// advises against recording them (CloudTrail user guide, "Logging data events").
    pub is_trail_bucket: Fact<bool>,
}

/// How many trails, stores and channels a message names.
const NAMED: usize = 3;

/// What may record the bucket's data events.
struct DataEventRecorder<'a> {
    covers: Fact<Covers>,
    kind: RecorderKind<'a>,
}

/// Which of the three it is.
enum RecorderKind<'a> {
    Trail(&'a TrailInventory),
    Store(&'a EventRecorder),
    Channel(&'a EventRecorder),
}

impl DataEventFacts {
    /// Concludes from the trails that record in the bucket's Region.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let trails = context.account.trails.values().filter_map(|trail| {
            Some(DataEventRecorder {
                covers: covers(context, trail)?,
                kind: RecorderKind::Trail(trail),
            })
        });
        let (others, unread) = others(context);
        let recorders: Vec<DataEventRecorder<'_>> = trails.chain(others).collect();
        let listed = listed(context).zip(unread).map(|_| ());
        let read = most(&recorders, &listed, |covers| covers.read);
        let write = most(&recorders, &listed, |covers| covers.write);
        let all = is_all(&read).and(is_all(&write));
        Self {
            gap: gap(context, &recorders, &all),
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

/// The event data stores and channels that record in the bucket's Region, and whether every list of
/// them is known.
fn others<'a>(context: &BucketContext<'a>) -> (Vec<DataEventRecorder<'a>>, Fact<()>) {
    let arn = bucket_arn(context.account.partition(), context.name);
    let mut found = Vec::new();
    let mut known = Fact::Known(());
    for (name, region) in &context.account.regions {
        let is_own = context.bucket.region.as_ref() == Some(name);
        let lists = [
            (ReadingKind::EventDataStores, &region.event_data_stores),
            (ReadingKind::EventChannels, &region.event_channels),
        ];
        for (kind, list) in lists {
            match list {
                Reading::Known(recorders) => found.extend(
                    recorders
                        .iter()
                        .filter(|recorder| is_own || recorder.multi_region)
                        .map(|recorder| DataEventRecorder {
                            covers: Fact::Known(recorded(recorder, &arn)),
                            kind: match kind {
                                ReadingKind::EventDataStores => RecorderKind::Store(recorder),
                                _ => RecorderKind::Channel(recorder),
                            },
                        }),
                ),
                Reading::NotCollected | Reading::Absent | Reading::LeftOut => {}
                // A Region without CloudTrail Lake has no store of several Regions.
                Reading::Failed { code, .. }
                    if !is_own && code == "UnsupportedOperationException" => {}
                unread => {
                    let unread = from_reading(kind, &unread.as_ref().map(|_| ()), || (), |()| ());
                    known = known.zip(unread).map(|_| ());
                }
            }
        }
    }
    (found, known)
}

/// What a store or a channel records of the bucket's objects.
fn recorded(recorder: &EventRecorder, bucket: &str) -> Covers {
    if !is_recording(recorder) {
        return NOTHING;
    }
    let selectors = EventSelectors {
        basic: Vec::new(),
        advanced: recorder.advanced.clone(),
    };
    selectors::of_objects(&selectors, bucket)
}

/// A store is enabled; a channel has no such state.
fn is_recording(recorder: &EventRecorder) -> bool {
    matches!(recorder.status.as_str(), "" | "ENABLED")
}

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

/// The most that any one of them records. One that records everything decides; otherwise each must be
/// known.
fn most(
    recorders: &[DataEventRecorder<'_>],
    listed: &Fact<()>,
    of: impl Fn(&Covers) -> Cover,
) -> Fact<Cover> {
    let known = recorders
        .iter()
        .filter_map(|recorder| recorder.covers.known().map(&of))
        .fold(Cover::None, std::cmp::max);
    let because: Vec<_> = recorders
        .iter()
        .flat_map(|recorder| recorder.covers.because())
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
    recorders: &[DataEventRecorder<'_>],
    all: &Fact<bool>,
) -> Fact<String> {
    all.as_ref().map(|all| {
        if *all {
            return String::new();
        }
        if recorders.is_empty() {
            return format!("no trail records in {}", context.region());
        }
        let named: Vec<String> = recorders.iter().take(NAMED).map(one).collect();
        let more = recorders.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!("; and {more} more trails")
        } else {
            String::new()
        };
        format!("{}{more}", named.join("; "))
    })
}

fn one(recorder: &DataEventRecorder<'_>) -> String {
    let who = match recorder.kind {
        RecorderKind::Trail(trail) => {
            let name = &trail.name;
            let status = trail.status.known();
            if status.is_some_and(|status| !status.logging) {
                return format!("trail {name} is switched off");
            }
            if let Some(error) = status.and_then(|status| status.delivery_error.as_ref()) {
                return format!("trail {name} cannot deliver ({error})");
            }
            format!("trail {name}")
        }
        RecorderKind::Store(store) if !is_recording(store) => {
            return format!("event data store {} is {}", store.name, store.status);
        }
        RecorderKind::Store(store) => format!("event data store {}", store.name),
        RecorderKind::Channel(channel) => format!("channel {}", channel.name),
    };
    let words = |cover: Cover| match cover {
        Cover::All => "all",
        Cover::Part => "some",
        Cover::None => "no",
    };
    match recorder.covers.known() {
        Some(covers) => format!(
            "{who} records {} reads and {} writes of its objects",
            words(covers.read),
            words(covers.write)
        ),
        None => format!("what {who} records is not known"),
    }
}
