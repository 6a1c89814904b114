//! What a trail records, and whether that arrives.

use super::selectors::{Cover, Covers, of_management};
use crate::facts::fact::{Fact, from_reading};
use crate::inventory::account::AccountInventory;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::TrailInventory;

/// Whether the trail records.
pub(super) fn logging(trail: &TrailInventory) -> Fact<bool> {
    from_reading(
        ReadingKind::TrailStatus,
        &trail.status,
        || false,
        |status| status.logging,
    )
}

/// What keeps its log files from being delivered.
pub(super) fn delivery_error(trail: &TrailInventory) -> Fact<String> {
    from_reading(
        ReadingKind::TrailStatus,
        &trail.status,
        String::new,
        |status| status.delivery_error.clone().unwrap_or_default(),
    )
}

/// Which management events it records.
pub(super) fn management(trail: &TrailInventory) -> Fact<Covers> {
    from_reading(
        ReadingKind::TrailSelectors,
        &trail.selectors,
        || of_management(&crate::inventory::trail::EventSelectors::default()),
        of_management,
    )
}

/// Whether what the trail records arrives.
pub(in crate::facts) fn records(trail: &TrailInventory) -> Fact<bool> {
    logging(trail).and(delivery_error(trail).map(|error| error.is_empty()))
}

/// Whether some trail of many Regions records every management event of the account.
///
/// Such a trail shows in every Region it covers, so one Region's list has all of them.
pub(in crate::facts) fn multi_region_management(account: &AccountInventory) -> Fact<bool> {
    let by_trails = account
        .trails
        .values()
        .filter(|trail| trail.multi_region)
        .map(|trail| {
            records(trail).and(
                management(trail)
                    .map(|covers| covers.read == Cover::All && covers.write == Cover::All),
            )
        })
        .fold(Fact::Known(false), Fact::or);
    let lists = super::listings(account);
    let listed = match lists.iter().find(|list| list.known().is_some()) {
        Some(_) => Fact::Known(false),
        None if lists.is_empty() => Fact::not_collected(ReadingKind::TrailListing),
        None => Fact::unknown_from(lists.iter().flat_map(Fact::because)),
    };
    by_trails.or(listed)
}
