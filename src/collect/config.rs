//! AWS Config in one Region: recorders, their status, delivery channels, rules.

use std::future::Future;

use aws_sdk_config::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::config::{
    ConfigDelivery, ConfigDeliveryChannel, ConfigRecorder, ConfigRecorderStatus, ConfigRule,
};
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::CallError;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// What the names of recorders begin with that a service of AWS made for itself (AWS Config
/// developer guide, "Service-linked configuration recorders", copy of 2026).
const SERVICE_LINKED: &str = "AWSConfigurationRecorderFor";

/// AWS Config in one Region.
pub struct ConfigReadings {
    /// The recorders.
    pub recorders: Reading<Vec<ConfigRecorder>>,
    /// Whether they record.
    pub statuses: Reading<Vec<ConfigRecorderStatus>>,
    /// Where they deliver to.
    pub channels: Reading<Vec<ConfigDeliveryChannel>>,
    /// How the latest deliveries went.
    pub deliveries: Reading<Vec<ConfigDelivery>>,
    /// The rules.
    pub rules: Reading<Vec<ConfigRule>>,
}

/// Reads AWS Config of the Region.
pub async fn read(session: &Session, region: &str) -> ConfigReadings {
    let (recorders, statuses, channels, deliveries, rules) = tokio::join!(
        recorders(session, region),
        statuses(session, region),
        channels(session, region),
        deliveries(session, region),
        rules(session, region)
    );
    ConfigReadings {
        recorders,
        statuses,
        channels,
        deliveries,
        rules,
    }
}

/// What one call answers; none of these has pages.
async fn ask<O, T, E, F, Fut>(
    session: &Session,
    region: &str,
    kind: ReadingKind,
    send: F,
    becomes: impl FnOnce(O) -> T,
) -> Reading<T>
where
    F: Fn(aws_sdk_config::Client) -> Fut,
    Fut: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let client = session.clients.config_service(region);
    let send = || send(client.clone());
    let becomes = |output| Some(becomes(output));
    answer::ask(
        session,
        (ServiceFamily::Config, region),
        kind,
        send,
        becomes,
    )
    .await
}

async fn recorders(session: &Session, region: &str) -> Reading<Vec<ConfigRecorder>> {
    ask(
        session,
        region,
        ReadingKind::ConfigRecorders,
        |client| client.describe_configuration_recorders().send(),
        |output| {
            let recorders = output.configuration_recorders.unwrap_or_default();
            recorders.into_iter().map(recorder).collect()
        },
    )
    .await
}

fn recorder(recorder: sdk::ConfigurationRecorder) -> ConfigRecorder {
    let name = recorder.name.unwrap_or_default();
    let group = recorder.recording_group;
    let mode = recorder.recording_mode;
    let words = |types: &[sdk::ResourceType]| {
        types
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    ConfigRecorder {
        service_linked: name.starts_with(SERVICE_LINKED),
        name,
        // A recorder without a group records everything that is supported (AWS Config API reference,
        // ConfigurationRecorder).
        all_supported: group.as_ref().is_none_or(|group| group.all_supported),
        strategy: group
            .as_ref()
            .and_then(|group| group.recording_strategy()?.use_only())
            .map(|strategy| strategy.as_str().to_owned()),
        resource_types: group
            .as_ref()
            .map(|group| words(group.resource_types()))
            .unwrap_or_default(),
        excluded_types: group
            .as_ref()
            .and_then(|group| group.exclusion_by_resource_types())
            .map(|exclusion| words(exclusion.resource_types()))
            .unwrap_or_default(),
        frequency: mode
            .as_ref()
            .map(|mode| mode.recording_frequency().as_str().to_owned()),
        frequency_overrides: mode
            .iter()
            .flat_map(|mode| mode.recording_mode_overrides())
            .flat_map(|over| {
                over.resource_types().iter().map(|kind| {
                    (
                        kind.as_str().to_owned(),
                        over.recording_frequency().as_str().to_owned(),
                    )
                })
            })
            .collect(),
    }
}

async fn statuses(session: &Session, region: &str) -> Reading<Vec<ConfigRecorderStatus>> {
    ask(
        session,
        region,
        ReadingKind::ConfigRecorderStatus,
        |client| client.describe_configuration_recorder_status().send(),
        |output| {
            let statuses = output.configuration_recorders_status.unwrap_or_default();
            statuses
                .into_iter()
                .map(|status| ConfigRecorderStatus {
                    name: status.name.unwrap_or_default(),
                    recording: status.recording,
                    // The service writes SUCCESS and FAILURE, its reference Success and Failure.
                    last_status: status.last_status.map(|status| status.as_str().to_owned()),
                    last_error: error_code(status.last_error_code),
                })
                .collect()
        },
    )
    .await
}

async fn channels(session: &Session, region: &str) -> Reading<Vec<ConfigDeliveryChannel>> {
    ask(
        session,
        region,
        ReadingKind::ConfigDeliveryChannels,
        |client| client.describe_delivery_channels().send(),
        |output| {
            let channels = output.delivery_channels.unwrap_or_default();
            channels
                .into_iter()
                .map(|channel| ConfigDeliveryChannel {
                    name: channel.name.unwrap_or_default(),
                    bucket: channel.s3_bucket_name.unwrap_or_default(),
                })
                .collect()
        },
    )
    .await
}

async fn deliveries(session: &Session, region: &str) -> Reading<Vec<ConfigDelivery>> {
    ask(
        session,
        region,
        ReadingKind::ConfigDeliveries,
        |client| client.describe_delivery_channel_status().send(),
        |output| {
            let statuses = output.delivery_channels_status.unwrap_or_default();
            statuses.into_iter().map(delivery).collect()
        },
    )
    .await
}

fn delivery(status: sdk::DeliveryChannelStatus) -> ConfigDelivery {
    let latest = |info: Option<sdk::ConfigExportDeliveryInfo>| {
        info.map_or((None, None), |info| {
            let word = info.last_status.map(|word| word.as_str().to_owned());
            (word, error_code(info.last_error_code))
        })
    };
    let (history, history_error) = latest(status.config_history_delivery_info);
    let (snapshot, snapshot_error) = latest(status.config_snapshot_delivery_info);
    ConfigDelivery {
        name: status.name.unwrap_or_default(),
        history,
        history_error,
        snapshot,
        snapshot_error,
    }
}

/// An error code, when there is one.
fn error_code(code: Option<String>) -> Option<String> {
    code.filter(|code| !code.is_empty())
        .map(|code| super::call_error::clean(&code))
}

async fn rules(session: &Session, region: &str) -> Reading<Vec<ConfigRule>> {
    const KIND: ReadingKind = ReadingKind::ConfigRules;
    if !session.plan.wants(KIND) {
        return Reading::NotCollected;
    }
    let client = session.clients.config_service(region);
    let mut rules = Vec::new();
    let went = pages(
        session,
        (ServiceFamily::Config, region),
        |token| {
            let call = client.describe_config_rules();
            call.set_next_token(token).send()
        },
        |page| {
            rules.extend(page.config_rules.unwrap_or_default().into_iter().map(rule));
            page.next_token
        },
    )
    .await;
    // Part of the rules would make a missing one out of one that was not read.
    answer::reading(KIND, went.map(|()| Some(rules)).map_err(CallError::from))
}

fn rule(rule: sdk::ConfigRule) -> ConfigRule {
    let source = rule.source;
    ConfigRule {
        name: rule.config_rule_name.unwrap_or_default(),
        identifier: source
            .as_ref()
            .and_then(|source| source.source_identifier())
            .unwrap_or_default()
            .to_owned(),
        owner: source
            .map(|source| source.owner.as_str().to_owned())
            .unwrap_or_default(),
        state: rule
            .config_rule_state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
    }
}
