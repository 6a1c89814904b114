//! What AWS answered about the account as a whole, and about one Region of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::bucket::{BucketInventory, PublicAccessBlock};
use super::function::FunctionInventory;
use super::key::KeyInventory;
use super::target::TargetInventory;

/// One account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccountInventory {
    /// Who read the account (sts:GetCallerIdentity).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub caller: Reading<Caller>,
    /// Account-level Block Public Access (s3control:GetPublicAccessBlock). AWS answers with the
    /// effective value, an organization's S3 policy included; absent means all false.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub public_access_block: Reading<PublicAccessBlock>,
    /// Which Regions are enabled (account:ListRegions).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub region_listing: Reading<RegionListing>,
    /// How the listing of buckets went (ListBuckets).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub bucket_listing: Reading<Listing>,
    /// The buckets by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub buckets: BTreeMap<String, BucketInventory>,
    /// KMS keys that buckets name, by the ARN of the key or alias that is named. Each is read once,
    /// whoever names it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, KeyInventory>,
    /// Buckets that others replicate or log to, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, TargetInventory>,
    /// The Regions by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<String, RegionInventory>,
}

/// One Region of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegionInventory {
    /// How the listing of functions went (ListFunctions).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub function_listing: Reading<Listing>,
    /// The functions by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, FunctionInventory>,
}

/// The identity whose credentials were used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// ARN of the user or role session.
    pub arn: String,
}

/// How a listing ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listing {
    /// False when the run was interrupted in the middle, or the user chose by name or Region: then
    /// there may be more. A page that failed makes the whole reading a failed or refused one; what
    /// earlier pages listed is kept beside it.
    pub complete: bool,
}

/// The Regions an audit covered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionListing {
    /// Region names.
    pub regions: Vec<String>,
}
