//! Whether AWS Config watches a Region.

use schemars::JsonSchema;

use super::rules::RuleTable;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::account::RegionInventory;
use crate::inventory::config::{ConfigRecorder, ConfigRecorderStatus};
use crate::inventory::need::ReadingKind;

/// The resource type of buckets.
const BUCKET: &str = "AWS::S3::Bucket";

/// AWS Config in a Region.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(ConfigRecorders), own(ConfigRecorderStatus))]
pub struct ConfigFacts {
    /// The customer has a recorder and it records.
    pub recorder_on: Fact<bool>,
    /// How often changes of buckets are recorded: `continuously`, `daily`, or `never` (also without
    /// a recorder).
    pub records_buckets: Fact<String>,
    /// What keeps AWS Config from delivering: that there is no delivery channel, or what was not
    /// delivered to its bucket last (a change, the history, a snapshot) and the error; empty when
    /// nothing does.
    #[needs(own(ConfigDeliveryChannels), own(ConfigDeliveries))]
    pub delivery_problem: Fact<String>,
    /// The topics that no active rule watches.
    #[needs(own(ConfigRules))]
    pub unwatched: Fact<Vec<String>>,
}

/// A recorder of the customer that records, with its state.
type Recorder<'a> = Option<(&'a ConfigRecorder, &'a ConfigRecorderStatus)>;

impl ConfigFacts {
    pub(super) fn derive(region: &RegionInventory) -> Self {
        let recorder = recorder(region);
        let records_buckets = recorder
            .as_ref()
            .map(|recorder| recorder.map_or("never", |(recorder, _)| bucket_frequency(recorder)));
        Self {
            recorder_on: recorder.as_ref().map(Option::is_some),
            delivery_problem: delivery_problem(region, &recorder),
            unwatched: unwatched(region, &records_buckets),
            records_buckets: records_buckets.map(str::to_owned),
        }
    }

    /// What it does for the buckets of the Region: `on`, `daily`, `not recorded` or `off`.
    pub(in crate::facts) fn of_buckets(region: &RegionInventory) -> Fact<&'static str> {
        recorder(region).map(|recorder| match recorder {
            None => "off",
            Some((recorder, _)) => match bucket_frequency(recorder) {
                "continuously" => "on",
                "daily" => "daily",
                _ => "not recorded",
            },
        })
    }
}

/// The customer's recorder, when it records. Without one there is no state to know.
fn recorder(region: &RegionInventory) -> Fact<Recorder<'_>> {
    let own = from_reading(
        ReadingKind::ConfigRecorders,
        &region.config_recorders.as_ref(),
        Vec::new,
        |recorders| {
            recorders
                .iter()
                .filter(|recorder| !recorder.service_linked)
                .collect::<Vec<_>>()
        },
    );
    own.and_then(|own| {
        if own.is_empty() {
            return Fact::Known(None);
        }
        from_reading(
            ReadingKind::ConfigRecorderStatus,
            &region.config_recorder_status.as_ref(),
            || None,
            |statuses| {
                own.iter().find_map(|recorder| {
                    statuses
                        .iter()
                        .find(|status| status.recording && status.name == recorder.name)
                        .map(|status| (*recorder, status))
                })
            },
        )
    })
}

/// How often the recorder records buckets (AWS Config API reference, RecordingGroup and
/// RecordingMode, copy of 2026).
fn bucket_frequency(recorder: &ConfigRecorder) -> &'static str {
    let named = |types: &[String]| types.iter().any(|kind| kind == BUCKET);
    let recorded = match recorder.strategy.as_deref() {
        Some("EXCLUSION_BY_RESOURCE_TYPES") => !named(&recorder.excluded_types),
        Some("INCLUSION_BY_RESOURCE_TYPES") => named(&recorder.resource_types),
        Some("ALL_SUPPORTED_RESOURCE_TYPES") => true,
        _ => recorder.all_supported || named(&recorder.resource_types),
    };
    let frequency = recorder
        .frequency_overrides
        .get(BUCKET)
        .or(recorder.frequency.as_ref());
    match frequency.map(String::as_str) {
        _ if !recorded => "never",
        Some("DAILY") => "daily",
        _ => "continuously",
    }
}

fn delivery_problem(region: &RegionInventory, recorder: &Fact<Recorder<'_>>) -> Fact<String> {
    let channel = from_reading(
        ReadingKind::ConfigDeliveryChannels,
        &region.config_delivery_channels,
        || false,
        |channels| channels.iter().any(|channel| !channel.bucket.is_empty()),
    );
    if channel.known() == Some(&false) {
        return Fact::Known("there is no delivery channel with a bucket".to_owned());
    }
    let recorded = recorder.as_ref().map(|recorder| {
        recorder.and_then(|(_, status)| {
            failure(
                "the latest change",
                status.last_status.as_deref(),
                status.last_error.as_deref(),
            )
        })
    });
    let delivered = from_reading(
        ReadingKind::ConfigDeliveries,
        &region.config_deliveries,
        || None,
        |deliveries| {
            deliveries.iter().find_map(|latest| {
                let of_history = failure(
                    "the latest history",
                    latest.history.as_deref(),
                    latest.history_error.as_deref(),
                );
                of_history.or_else(|| {
                    failure(
                        "the latest snapshot",
                        latest.snapshot.as_deref(),
                        latest.snapshot_error.as_deref(),
                    )
                })
            })
        },
    );
    // One that failed decides; that none did takes all.
    for found in [&recorded, &delivered] {
        if let Fact::Known(Some(problem)) = found {
            return Fact::Known(problem.clone());
        }
    }
    channel.zip(recorded).zip(delivered).map(|_| String::new())
}

/// What did not arrive and why, when the status says that it failed. AWS writes SUCCESS and FAILURE
/// where its reference has Success and Failure.
fn failure(what: &str, status: Option<&str>, error: Option<&str>) -> Option<String> {
    status
        .is_some_and(|word| word.eq_ignore_ascii_case("failure"))
        .then(|| {
            let code = error.unwrap_or("no code given");
            format!("{what} was not delivered ({code})")
        })
}

/// The topics of the table that no rule watches.
fn unwatched(region: &RegionInventory, records_buckets: &Fact<&'static str>) -> Fact<Vec<String>> {
    let table = RuleTable::builtin();
    let active = from_reading(
        ReadingKind::ConfigRules,
        &region.config_rules,
        Vec::new,
        |rules| {
            rules
                .iter()
                .filter(|rule| {
                    rule.owner == "AWS" && matches!(rule.state.as_str(), "ACTIVE" | "EVALUATING")
                })
                .map(|rule| rule.identifier.clone())
                .collect::<Vec<String>>()
        },
    );
    active.and_then(|active| {
        let with = table.unwatched(&active, true);
        let without = table.unwatched(&active, false);
        if with == without {
            // Whatever the recorder does, it is the same.
            return Fact::Known(with);
        }
        records_buckets.as_ref().map(
            |frequency| {
                if *frequency == "never" { without } else { with }
            },
        )
    })
}
