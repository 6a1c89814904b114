//! What AWS answered about one CloudTrail trail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One trail, as DescribeTrails lists it, and what is asked about it in its home Region.
///
/// A trail shows in every Region it covers (as a shadow trail, AWS says) and, when it is an
/// organization's, in every account of it; it is kept once, by its ARN.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrailInventory {
    /// Its name.
    pub name: String,
    /// The Region it was made in.
    pub home_region: String,
    /// It records every enabled Region.
    pub multi_region: bool,
    /// It is an organization's.
    pub organization: bool,
    /// The bucket its log files go to.
    pub bucket: String,
    /// The KMS key its log files are encrypted with, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// Digest files let anyone prove that log files were not changed.
    pub log_file_validation: bool,
    /// Whether it records, and whether it delivers (GetTrailStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub status: Reading<TrailStatus>,
    /// What it records (GetEventSelectors).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub selectors: Reading<EventSelectors>,
}

/// What records events beside trails: an event data store of CloudTrail Lake, or a service-linked
/// channel, by which CloudTrail hands events to another service of AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EventRecorder {
    /// Its name.
    pub name: String,
    /// Of an event data store: `ENABLED` while it records. Empty for a channel.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// It records every enabled Region.
    pub multi_region: bool,
    /// What it records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advanced: Vec<AdvancedSelector>,
}

/// The state of a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrailStatus {
    /// `IsLogging`.
    pub logging: bool,
    /// The error S3 gave at the latest delivery; absent when it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_error: Option<String>,
}

/// What a trail records: basic selectors or advanced ones, never both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EventSelectors {
    /// Basic event selectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub basic: Vec<BasicSelector>,
    /// Advanced event selectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advanced: Vec<AdvancedSelector>,
}

/// A basic event selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BasicSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub read_write: String,
    /// Management events are recorded.
    pub management: bool,
    /// The data events that are recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataResources>,
}

/// Resources whose data events a basic selector records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DataResources {
    /// `AWS::S3::Object`, `AWS::Lambda::Function` or `AWS::DynamoDB::Table`.
    pub kind: String,
    /// ARN prefixes: `arn:aws:s3`, `arn:aws:s3:::bucket/`, `arn:aws:s3:::bucket/prefix`.
    pub values: Vec<String>,
}

/// An advanced event selector: every field must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdvancedSelector {
    /// Its fields.
    pub fields: Vec<FieldSelector>,
}

/// One field of an advanced event selector. One positive operator suffices; every negative one must
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FieldSelector {
    /// `eventCategory`, `resources.type`, `resources.ARN`, `readOnly`, `eventName`, …
    pub field: String,
    /// `Equals`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// `StartsWith`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// `EndsWith`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// `NotEquals`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// `NotStartsWith`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// `NotEndsWith`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}
