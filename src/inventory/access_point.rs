//! What AWS answered about access points and Multi-Region access points.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::bucket::{PolicyStatus, PublicAccessBlock};

/// One access point of a bucket, in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessPointInventory {
    /// The bucket it leads to.
    pub bucket: String,
    /// The account of that bucket; absent when AWS did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_account: Option<String>,
    /// `Internet` or `VPC` (ListAccessPoints `NetworkOrigin`).
    pub network_origin: String,
    /// The VPC it can be used from, where the origin is `VPC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Its own Block Public Access flags (GetAccessPoint). They cannot be changed after creation.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub configuration: Reading<AccessPointConfiguration>,
    /// The policy document exactly as stored (GetAccessPointPolicy). Not asked for where the origin
    /// is a VPC.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// AWS's own judgement of the policy (GetAccessPointPolicyStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy_status: Reading<PolicyStatus>,
}

impl AccessPointInventory {
    /// True unless only a VPC can use it.
    pub fn is_public_network(&self) -> bool {
        self.network_origin != "VPC"
    }

    /// True when its bucket is one of this account. Accounts can make access points for buckets of
    /// others.
    pub fn is_of_account(&self, account: &str) -> bool {
        self.bucket_account
            .as_deref()
            .is_none_or(|owner| owner == account)
    }
}

/// What GetAccessPoint answers and the listing does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessPointConfiguration {
    /// The four flags.
    pub public_access_block: PublicAccessBlock,
    /// Creation time, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

/// One Multi-Region access point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MultiRegionAccessPointInventory {
    /// The alias, which its ARN and host name are made of.
    pub alias: String,
    /// `READY`, `CREATING`, `PARTIALLY_CREATED`, …
    pub status: String,
    /// Its Block Public Access flags, from the listing. They cannot be changed after creation.
    pub public_access_block: PublicAccessBlock,
    /// The buckets behind it, in the order AWS gives them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<AccessPointRegion>,
    /// The policy that is in force (GetMultiRegionAccessPointPolicy, `Established`).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// AWS's own judgement of it (GetMultiRegionAccessPointPolicyStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy_status: Reading<PolicyStatus>,
}

/// One bucket behind a Multi-Region access point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessPointRegion {
    /// The bucket.
    pub bucket: String,
    /// Its Region.
    pub region: String,
    /// Its account; absent when AWS did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_account: Option<String>,
}

impl AccessPointRegion {
    /// True when its bucket is one of this account.
    pub fn is_of_account(&self, account: &str) -> bool {
        self.bucket_account
            .as_deref()
            .is_none_or(|owner| owner == account)
    }
}
