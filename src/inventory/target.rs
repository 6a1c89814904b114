//! What is known about a bucket that others deliver to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One destination of logs or replicas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TargetInventory {
    /// ListBuckets named it among the account's own; absent where there was no complete list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
    /// Whether it is there (HeadBucket with the owner that is expected); absent means that there is
    /// no such bucket. Not asked where the list has it.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub head: Reading<BucketHead>,
}

/// A bucket that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketHead {
    /// The account that S3 confirmed as its owner.
    pub owner: String,
}
