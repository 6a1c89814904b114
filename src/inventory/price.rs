//! What AWS charges for Lambda in a Region, as its price list says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The prices of AWS Lambda in one Region, in USD (pricing:GetProducts). Numbers and a date only: no text of
/// the price list is kept. A price that the list lacks, or gives in another unit or twice, is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LambdaPriceList {
    /// The day on which the list was read, `YYYY-MM-DD`.
    pub read_on: String,
    /// On x86_64.
    pub x86_64: ArchitecturePriceList,
    /// On arm64.
    pub arm64: ArchitecturePriceList,
    /// Keeping a SnapStart snapshot, per GB-second of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapstart_cache: Option<f64>,
    /// Restoring a SnapStart snapshot, per GB of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapstart_restore_per_gb: Option<f64>,
}

/// The prices of one architecture, USD; per GB-second but for requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ArchitecturePriceList {
    /// On demand, first tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// Provisioned concurrency, used or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<f64>,
    /// Duration on provisioned concurrency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned_duration: Option<f64>,
    /// One request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<f64>,
}
