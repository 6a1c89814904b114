//! What AWS answered about one Lambda function, its versions and its aliases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One function: `$LATEST` and its published versions are all in `versions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FunctionInventory {
    /// Unqualified ARN.
    pub arn: String,
    /// Configuration by version: `$LATEST`, `1`, `2`, … (ListFunctions with FunctionVersion=ALL).
    pub versions: BTreeMap<String, FunctionConfiguration>,
    /// Aliases (ListAliases).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub aliases: Reading<Vec<Alias>>,
    /// Provisioned concurrency by qualifier (ListProvisionedConcurrencyConfigs).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub provisioned_concurrency: Reading<Vec<ProvisionedConcurrency>>,
    /// Compressed size of the container image (lambda:GetFunction, then ecr:DescribeImages; opt-in).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub image: Reading<Image>,
}

/// The configuration of one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FunctionConfiguration {
    /// Runtime identifier, for example `python3.13`; absent for container images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory, MiB.
    pub memory_mb: u32,
    /// Timeout, seconds.
    pub timeout_s: u32,
    /// Compressed size of the function's own package, bytes; 0 for container images.
    pub code_size_bytes: u64,
    /// Handler, for example `app.handler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Execution role ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Layers in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// VPC attachment; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Vpc>,
    /// SnapStart setting; absent when AWS did not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<SnapStart>,
    /// Ephemeral storage (`/tmp`), MiB.
    pub ephemeral_storage_mb: u32,
    /// Names of environment variables. Values are never kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment_names: Vec<String>,
    /// ARNs of mounted file systems (EFS access points, S3 Files).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_systems: Vec<String>,
    /// `Active`, `Inactive`, `Pending`, `Failed`; ListFunctions leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `Idle` and other codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,
    /// Tenant isolation is on: one execution environment a tenant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tenant_isolation: bool,
    /// Runs on Lambda Managed Instances (a capacity provider is configured).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub managed_instances: bool,
    /// A durable function.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
    /// Runs at the edge: replicated from a master function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_arn: Option<String>,
    /// Log group, when it is not the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// `Text` or `JSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// Last modification, as AWS writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// One layer of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Layer {
    /// Layer version ARN.
    pub arn: String,
    /// Compressed size, bytes.
    pub code_size_bytes: u64,
}

/// VPC attachment of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vpc {
    /// VPC id.
    pub vpc_id: String,
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
}

/// SnapStart of one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapStart {
    /// `PublishedVersions` or `None`.
    pub apply_on: String,
    /// `On` or `Off`: whether this version has a snapshot.
    pub optimization_status: String,
}

/// An alias.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alias {
    /// Alias name.
    pub name: String,
    /// The version it points to.
    pub version: String,
    /// Further versions with the share of traffic they take, 0 to 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_versions: BTreeMap<String, f64>,
}

/// Provisioned concurrency of one alias or version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvisionedConcurrency {
    /// Alias name or version number.
    pub qualifier: String,
    /// Environments asked for.
    pub requested: u32,
    /// Environments that can serve now.
    pub available: u32,
    /// Environments that are allocated.
    pub allocated: u32,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    pub status: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
}

/// A function's container image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// Compressed size, bytes (ecr:DescribeImages `imageSizeInBytes`).
    pub compressed_bytes: u64,
}
