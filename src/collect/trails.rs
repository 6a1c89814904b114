//! CloudTrail: which trails record in the Regions that are read, and what each of them records.
//!
//! DescribeTrails answers a Region at a time, shadows of trails made elsewhere included, so a trail
//! of many Regions is met many times. It is kept once, by its ARN, and asked about in the Region it
//! was made in, where alone its status is true (CloudTrail API reference, GetTrailStatus: "you must
//! call this operation in the home Region").

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types as sdk;

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::{
    AdvancedSelector, BasicSelector, DataResources, EventSelectors, FieldSelector, TrailInventory,
    TrailStatus,
};

use super::answer::{self, ask};
use super::lane::ServiceFamily;
use super::paging::each;
use super::session::Session;

/// Lists the trails that record in a Region: the reading for the Region, and what the list says of
/// each trail, by ARN.
pub async fn list(
    session: &Session,
    region: &str,
) -> (Reading<Vec<String>>, BTreeMap<String, TrailInventory>) {
    let wanted = [
        ReadingKind::TrailListing,
        ReadingKind::TrailStatus,
        ReadingKind::TrailSelectors,
    ];
    if !wanted.iter().any(|kind| session.plan.wants(*kind)) {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let client = session.clients.cloudtrail(region);
    let answer = session
        .call(ServiceFamily::CloudTrail, region, || {
            client.describe_trails().include_shadow_trails(true).send()
        })
        .await;
    let mut trails = BTreeMap::new();
    let listing = answer.map(|output| {
        let listed = output.trail_list.unwrap_or_default().into_iter();
        trails.extend(listed.filter_map(|trail| self::listed(trail, region)));
        Some(trails.keys().cloned().collect())
    });
    (answer::reading(ReadingKind::TrailListing, listing), trails)
}

fn listed(trail: sdk::Trail, here: &str) -> Option<(String, TrailInventory)> {
    let arn = trail.trail_arn.filter(|arn| !arn.is_empty())?;
    let home = trail
        .home_region
        .or_else(|| arn.split(':').nth(3).map(str::to_owned))
        .filter(|region| !region.is_empty())
        .unwrap_or_else(|| here.to_owned());
    Some((
        arn,
        TrailInventory {
            name: trail.name.unwrap_or_default(),
            home_region: home,
            multi_region: trail.is_multi_region_trail.unwrap_or(false),
            organization: trail.is_organization_trail.unwrap_or(false),
            bucket: trail.s3_bucket_name.unwrap_or_default(),
            kms_key: trail.kms_key_id.filter(|key| !key.is_empty()),
            log_file_validation: trail.log_file_validation_enabled.unwrap_or(false),
            ..TrailInventory::default()
        },
    ))
}

/// Reads each of these trails in its home Region.
pub async fn read(
    session: &Session,
    listed: BTreeMap<String, TrailInventory>,
) -> BTreeMap<String, TrailInventory> {
    each(session, listed, |(arn, trail)| async move {
        let trail = read_one(session, &arn, trail).await;
        (arn, trail)
    })
    .await
}

async fn read_one(session: &Session, arn: &str, mut trail: TrailInventory) -> TrailInventory {
    let region = trail.home_region.clone();
    let client = session.clients.cloudtrail(&region);
    trail.status = ask(
        session,
        (ServiceFamily::CloudTrail, &region),
        ReadingKind::TrailStatus,
        || client.get_trail_status().name(arn).send(),
        |output| {
            Some(TrailStatus {
                logging: output.is_logging.unwrap_or(false),
                delivery_error: output
                    .latest_delivery_error
                    .filter(|error| !error.is_empty())
                    .map(|error| super::call_error::clean(&error)),
            })
        },
    )
    .await;
    trail.selectors = ask(
        session,
        (ServiceFamily::CloudTrail, &region),
        ReadingKind::TrailSelectors,
        || client.get_event_selectors().trail_name(arn).send(),
        |output| {
            let basics = output.event_selectors.unwrap_or_default();
            Some(EventSelectors {
                basic: basics.into_iter().map(basic).collect(),
                advanced: advanced_selectors(output.advanced_event_selectors),
            })
        },
    )
    .await;
    trail
}

/// Members that are not there have the documented defaults: all events, management events among
/// them (CloudTrail API reference, EventSelector).
fn basic(selector: sdk::EventSelector) -> BasicSelector {
    BasicSelector {
        read_write: selector
            .read_write_type
            .map_or_else(|| "All".to_owned(), |kind| kind.as_str().to_owned()),
        management: selector.include_management_events.unwrap_or(true),
        data: selector
            .data_resources
            .unwrap_or_default()
            .into_iter()
            .map(|resources| DataResources {
                kind: resources.r#type.unwrap_or_default(),
                values: resources.values.unwrap_or_default(),
            })
            .collect(),
    }
}

/// The advanced selectors of a trail, an event data store or a channel.
pub(super) fn advanced_selectors(
    listed: Option<Vec<sdk::AdvancedEventSelector>>,
) -> Vec<AdvancedSelector> {
    listed
        .unwrap_or_default()
        .into_iter()
        .map(advanced)
        .collect()
}

fn advanced(selector: sdk::AdvancedEventSelector) -> AdvancedSelector {
    AdvancedSelector {
        fields: selector
            .field_selectors
            .into_iter()
            .map(|field| FieldSelector {
                field: field.field,
                equals: field.equals.unwrap_or_default(),
                starts_with: field.starts_with.unwrap_or_default(),
                ends_with: field.ends_with.unwrap_or_default(),
                not_equals: field.not_equals.unwrap_or_default(),
                not_starts_with: field.not_starts_with.unwrap_or_default(),
                not_ends_with: field.not_ends_with.unwrap_or_default(),
            })
            .collect(),
    }
}
