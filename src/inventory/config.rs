//! What AWS Config answered in one Region.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A configuration recorder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigRecorder {
    /// Its name.
    pub name: String,
    /// A service of AWS made it for its own use; it is not the customer's.
    pub service_linked: bool,
    /// `allSupported`: every resource type Config supports.
    pub all_supported: bool,
    /// `ALL_SUPPORTED_RESOURCE_TYPES`, `INCLUSION_BY_RESOURCE_TYPES` or
    /// `EXCLUSION_BY_RESOURCE_TYPES`; absent in recorders from before there was a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The resource types it names to record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<String>,
    /// The resource types it leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_types: Vec<String>,
    /// `CONTINUOUS` or `DAILY`; absent means continuous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// Resource types recorded at another frequency than the rest.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub frequency_overrides: BTreeMap<String, String>,
}

/// The state of a recorder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigRecorderStatus {
    /// The recorder's name.
    pub name: String,
    /// It records.
    pub recording: bool,
    /// `Pending`, `Success`, `Failure` or `NotApplicable`; absent before the first recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_status: Option<String>,
    /// The error code of the latest failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A delivery channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigDeliveryChannel {
    /// Its name.
    pub name: String,
    /// The bucket it delivers to; empty when it names none.
    pub bucket: String,
}

/// How the latest deliveries through a channel to its bucket went. Notifications are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigDelivery {
    /// The channel's name.
    pub name: String,
    /// The configuration history: `Success`, `Failure` or `Not_Applicable`; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// The error code of the history's latest delivery, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_error: Option<String>,
    /// Snapshots, as for the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The error code of the latest snapshot's delivery, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_error: Option<String>,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigRule {
    /// Its name; services that deploy rules put a prefix of their own before it.
    pub name: String,
    /// `SourceIdentifier`: the managed rule it is, or the function it calls.
    pub identifier: String,
    /// `AWS`, `CUSTOM_LAMBDA` or `CUSTOM_POLICY`.
    pub owner: String,
    /// `ACTIVE`, `DELETING`, `DELETING_RESULTS` or `EVALUATING`.
    pub state: String,
}
