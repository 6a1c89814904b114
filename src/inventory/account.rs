//! What AWS answered about the account as a whole, and about one Region of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::access_point::{AccessPointInventory, MultiRegionAccessPointInventory};
use super::bucket::{BucketInventory, PublicAccessBlock, RegionalBucketInventory};
use super::config::{
    ConfigDelivery, ConfigDeliveryChannel, ConfigRecorder, ConfigRecorderStatus, ConfigRule,
};
use super::function::FunctionInventory;
use super::identity::{IdentityInventory, ManagedPolicyInventory};
use super::ids::{BucketKind, partition, partition_of_arn};
use super::key::KeyInventory;
use super::price::LambdaPriceList;
use super::target::TargetInventory;
use super::trail::{EventRecorder, TrailInventory};
use super::trigger::{EventRule, EventSourceMapping, ScalableTarget, Schedule};
use super::web_function::WebFunctionInventory;

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
    /// KMS keys that buckets name, by the ARN of the key or alias that is named. Each is read once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, KeyInventory>,
    /// Buckets that others replicate or log to, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, TargetInventory>,
    /// CloudTrail trails that record in a Region that was read, by ARN.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<String, TrailInventory>,
    /// How the listing of users, groups, roles and policies went (GetAccountAuthorizationDetails).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub identity_listing: Reading<Listing>,
    /// Users, groups and roles by kind and name: `user/ann`, `group/admins`, `role/deploy`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, IdentityInventory>,
    /// The account's managed policies and those of AWS that an identity has, by ARN.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub managed_policies: BTreeMap<String, ManagedPolicyInventory>,
    /// How the listing of Multi-Region access points went (ListMultiRegionAccessPoints); absent in
    /// partitions that have none.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub multi_region_access_point_listing: Reading<Listing>,
    /// Multi-Region access points by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub multi_region_access_points: BTreeMap<String, MultiRegionAccessPointInventory>,
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
    /// Event source mappings (ListEventSourceMappings).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub event_source_mappings: Reading<Vec<EventSourceMapping>>,
    /// EventBridge rules that call functions (ListEventBuses, ListRules, ListTargetsByRule).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub rules: Reading<Vec<EventRule>>,
    /// Schedules that call functions (ListSchedules, GetSchedule).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub schedules: Reading<Vec<Schedule>>,
    /// Provisioned concurrency that is scaled (application-autoscaling:DescribeScalableTargets).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub scalable_targets: Reading<Vec<ScalableTarget>>,
    /// What AWS charges for Lambda here (pricing:GetProducts; opt-in).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub lambda_prices: Reading<LambdaPriceList>,
    /// The ARNs of the trails that record here, those of other Regions and of the organization
    /// included (DescribeTrails).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub trail_listing: Reading<Vec<String>>,
    /// Event data stores of CloudTrail Lake (ListEventDataStores, GetEventDataStore).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub event_data_stores: Reading<Vec<EventRecorder>>,
    /// Service-linked channels of CloudTrail (ListChannels, GetChannel).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub event_channels: Reading<Vec<EventRecorder>>,
    /// AWS Config's recorders (DescribeConfigurationRecorders).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub config_recorders: Reading<Vec<ConfigRecorder>>,
    /// Whether they record (DescribeConfigurationRecorderStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub config_recorder_status: Reading<Vec<ConfigRecorderStatus>>,
    /// Where AWS Config delivers to (DescribeDeliveryChannels).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub config_delivery_channels: Reading<Vec<ConfigDeliveryChannel>>,
    /// How AWS Config's latest deliveries went (DescribeDeliveryChannelStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub config_deliveries: Reading<Vec<ConfigDelivery>>,
    /// AWS Config's rules (DescribeConfigRules).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub config_rules: Reading<Vec<ConfigRule>>,
    /// How the listing of access points went (ListAccessPoints).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub access_point_listing: Reading<Listing>,
    /// The access points by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub access_points: BTreeMap<String, AccessPointInventory>,
    /// How the listing of directory buckets went (ListDirectoryBuckets); absent where the Region does
    /// not offer them.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub directory_bucket_listing: Reading<Listing>,
    /// The directory buckets by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub directory_buckets: BTreeMap<String, RegionalBucketInventory>,
    /// How the listing of table buckets went (ListTableBuckets, those of the customer); absent where the Region
    /// does not offer them.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub table_bucket_listing: Reading<Listing>,
    /// The table buckets by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub table_buckets: BTreeMap<String, RegionalBucketInventory>,
    /// How the listing of vector buckets went (ListVectorBuckets); absent where the Region does not offer
    /// them.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub vector_bucket_listing: Reading<Listing>,
    /// The vector buckets by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vector_buckets: BTreeMap<String, RegionalBucketInventory>,
    /// How the listing of S3 file systems went (ListFileSystems); absent where the Region does not offer
    /// them.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub file_system_listing: Reading<Listing>,
    /// The S3 file systems by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub file_systems: BTreeMap<String, RegionalBucketInventory>,
    /// How the listing of Web Functions went (ListWebFunctions); absent where AWS does not offer them.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub web_function_listing: Reading<Listing>,
    /// The Web Functions by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub web_functions: BTreeMap<String, WebFunctionInventory>,
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

impl RegionInventory {
    /// How the listing of the buckets of a kind went, and the buckets by name; none for general purpose
    /// buckets, which the account lists.
    pub fn regional_buckets(
        &self,
        kind: BucketKind,
    ) -> Option<(
        &Reading<Listing>,
        &BTreeMap<String, RegionalBucketInventory>,
    )> {
        match kind {
            BucketKind::General => None,
            BucketKind::Directory => {
                Some((&self.directory_bucket_listing, &self.directory_buckets))
            }
            BucketKind::Table => Some((&self.table_bucket_listing, &self.table_buckets)),
            BucketKind::Vector => Some((&self.vector_bucket_listing, &self.vector_buckets)),
            BucketKind::FileSystem => Some((&self.file_system_listing, &self.file_systems)),
        }
    }

    /// Every bucket that is not general purpose, with its kind and name.
    pub fn all_regional_buckets(
        &self,
    ) -> impl Iterator<Item = (BucketKind, &str, &RegionalBucketInventory)> {
        BucketKind::all().flat_map(|kind| {
            let buckets = self.regional_buckets(kind).map(|(_, buckets)| buckets);
            let buckets = buckets.into_iter().flatten();
            buckets.map(move |(name, bucket)| (kind, name.as_str(), bucket))
        })
    }
}

impl AccountInventory {
    /// The ARN partition that the account is in (`aws`, `aws-cn`, `aws-us-gov`, …): an account is in
    /// one only. By the caller's ARN, or any other that was read, or by the Regions.
    pub fn partition(&self) -> &'static str {
        let caller = self.caller.known().map(|caller| caller.arn.as_str());
        let arns = caller.into_iter().chain(
            self.identities
                .values()
                .map(|identity| identity.arn.as_str()),
        );
        let regions = self
            .buckets
            .values()
            .filter_map(|bucket| bucket.region.as_deref())
            .chain(self.regions.keys().map(String::as_str));
        arns.filter_map(partition_of_arn)
            .next()
            .or_else(|| regions.map(partition).next())
            .unwrap_or("aws")
    }
}
