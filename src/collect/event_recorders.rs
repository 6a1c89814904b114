//! What records events beside trails: event data stores of CloudTrail Lake and service-linked channels.
//!
//! ListEventDataStores gives names and ARNs alone (CloudTrail API reference, copy of 2026); what a store
//! records, GetEventDataStore says. CloudTrail Lake takes no new customers since 2026-05-31, so most
//! lists are empty.

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::EventRecorder;

use super::answer;
use super::answer::FailedAction;
use super::call_error::CallError;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;
use super::trails::advanced_selectors;

/// The event data stores of a Region.
pub async fn stores(session: &Session, region: &str) -> Reading<Vec<EventRecorder>> {
    if !session.plan.wants(ReadingKind::EventDataStores) {
        return Reading::NotCollected;
    }
    match read_stores(session, region).await {
        Ok(stores) => Reading::Known(stores),
        Err((action, error)) => unread(session, ReadingKind::EventDataStores, action, &error),
    }
}

/// The service-linked channels of a Region.
pub async fn channels(session: &Session, region: &str) -> Reading<Vec<EventRecorder>> {
    if !session.plan.wants(ReadingKind::EventChannels) {
        return Reading::NotCollected;
    }
    match read_channels(session, region).await {
        Ok(channels) => Reading::Known(channels),
        Err((action, error)) => unread(session, ReadingKind::EventChannels, action, &error),
    }
}

/// The reading that a failed call makes. A local endpoint that does not know the operation has none of
/// what it lists.
fn unread(
    session: &Session,
    kind: ReadingKind,
    action: &str,
    error: &CallError,
) -> Reading<Vec<EventRecorder>> {
    let is_unknown = !error.answered && matches!(error.status, Some(404 | 500 | 501));
    if is_unknown && session.clients.endpoint().is_some() {
        return Reading::Absent;
    }
    answer::unread_by(kind, action, error)
}

async fn read_stores(session: &Session, region: &str) -> Result<Vec<EventRecorder>, FailedAction> {
    let client = session.clients.cloudtrail(region);
    let mut arns = Vec::new();
    pages(
        session,
        (ServiceFamily::CloudTrail, region),
        |token| client.list_event_data_stores().set_next_token(token).send(),
        |page| {
            let listed = page.event_data_stores.unwrap_or_default().into_iter();
            arns.extend(listed.filter_map(|store| store.event_data_store_arn));
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("cloudtrail:ListEventDataStores", cut.into()))?;
    let mut stores = Vec::new();
    for arn in arns {
        let answer = session
            .call(ServiceFamily::CloudTrail, region, || {
                client.get_event_data_store().event_data_store(&arn).send()
            })
            .await;
        match answer {
            Ok(store) => stores.push(EventRecorder {
                name: store.name.unwrap_or_default(),
                status: store
                    .status
                    .map_or_else(String::new, |status| status.as_str().to_owned()),
                multi_region: store.multi_region_enabled.unwrap_or(false),
                advanced: advanced_selectors(store.advanced_event_selectors),
            }),
            // Deleted since it was listed.
            Err(error) if error.code == "EventDataStoreNotFoundException" => {}
            Err(error) => return Err(("cloudtrail:GetEventDataStore", error)),
        }
    }
    stores.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(stores)
}

async fn read_channels(
    session: &Session,
    region: &str,
) -> Result<Vec<EventRecorder>, FailedAction> {
    let client = session.clients.cloudtrail(region);
    let mut arns = Vec::new();
    pages(
        session,
        (ServiceFamily::CloudTrail, region),
        |token| client.list_channels().set_next_token(token).send(),
        |page| {
            let listed = page.channels.unwrap_or_default().into_iter();
            arns.extend(listed.filter_map(|channel| channel.channel_arn));
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("cloudtrail:ListChannels", cut.into()))?;
    let mut channels = Vec::new();
    for arn in arns {
        let answer = session
            .call(ServiceFamily::CloudTrail, region, || {
                client.get_channel().channel(&arn).send()
            })
            .await;
        match answer {
            Ok(channel) => {
                let is_service_linked = channel
                    .destinations()
                    .iter()
                    .any(|destination| destination.r#type().as_str() == "AWS_SERVICE");
                // The others bring events of partners into a store; they record none of AWS.
                if let Some(source) = channel.source_config.filter(|_| is_service_linked) {
                    channels.push(EventRecorder {
                        name: channel.name.unwrap_or_default(),
                        status: String::new(),
                        multi_region: source.apply_to_all_regions.unwrap_or(false),
                        advanced: advanced_selectors(source.advanced_event_selectors),
                    });
                }
            }
            Err(error) if error.code == "ChannelNotFoundException" => {}
            Err(error) => return Err(("cloudtrail:GetChannel", error)),
        }
    }
    channels.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(channels)
}
