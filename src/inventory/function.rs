//! What AWS answered about one Lambda function, its versions and its aliases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::archive::Package;

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
    /// What the zip packages of `$LATEST` and of versions in use with other code hold
    /// (lambda:GetFunction; opt-in).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub packages: Reading<Vec<Package>>,
    /// Cold starts from the function's log (CloudWatch Logs; opt-in). Absent: there is no log group.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub measured: Reading<Measurement>,
    /// Function URLs (ListFunctionUrlConfigs).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub urls: Reading<Vec<FunctionUrl>>,
    /// Resource policies by qualifier (GetPolicy): `$LATEST` stands for the function without a
    /// qualifier; null is no policy. Asked of `$LATEST`, every alias, and the versions that aliases
    /// or provisioned concurrency name.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policies: Reading<BTreeMap<String, Option<String>>>,
    /// State of `$LATEST` (GetFunctionConfiguration; the listing leaves it out).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub status: Reading<FunctionStatus>,
    /// Reserved concurrency (GetFunctionConcurrency); absent when none is reserved.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub reserved_concurrency: Reading<u32>,
    /// Invocations of all qualifiers together (cloudwatch:GetMetricData).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub invocations: Reading<Invocations>,
    /// Use of provisioned concurrency (cloudwatch:GetMetricData), one entry a provisioned qualifier.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub provisioned_usage: Reading<Vec<ProvisionedUsage>>,
    /// Requests to URLs with AuthType NONE (cloudwatch:GetMetricData), one entry a URL.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub url_calls: Reading<Vec<UrlCalls>>,
}

impl FunctionInventory {
    /// False when it is known that no qualifier has provisioned concurrency.
    pub fn may_be_provisioned(&self) -> bool {
        match &self.provisioned_concurrency {
            Reading::Known(configurations) => !configurations.is_empty(),
            Reading::Absent => false,
            _ => true,
        }
    }

    /// True when SnapStart is on for the next version, or some version has a snapshot.
    pub fn uses_snapstart(&self) -> bool {
        self.versions.values().any(|version| {
            version.snap_start.as_ref().is_some_and(|snap_start| {
                snap_start.apply_on == "PublishedVersions" || snap_start.optimization_status == "On"
            })
        })
    }

    /// True when `$LATEST` or a published version is attached to a VPC.
    pub fn in_vpc(&self) -> bool {
        self.versions.values().any(|version| {
            version
                .vpc
                .as_ref()
                .is_some_and(|vpc| !vpc.vpc_id.is_empty())
        })
    }
}

/// A function URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionUrl {
    /// Alias; `$LATEST` for the function without a qualifier.
    pub qualifier: String,
    /// `NONE` or `AWS_IAM`.
    pub auth_type: String,
    /// When it was made, as AWS writes it.
    pub created: String,
    /// When its settings last changed, as AWS writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Cross-origin rules; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<UrlCors>,
}

/// The cross-origin rules of a function URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UrlCors {
    /// Origins; `*` is any.
    pub origins: Vec<String>,
    /// Methods; `*` is any.
    pub methods: Vec<String>,
    /// Cookies and authorization are sent along.
    pub credentials: bool,
}

/// The state of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionStatus {
    /// `Active`, `Inactive`, `Pending`, `Failed`, …
    pub state: String,
    /// `Idle` and other codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
}

/// How often a function was called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Invocations {
    /// How far back, days.
    pub window_days: u32,
    /// Calls in that time.
    pub count: f64,
}

/// The first whole day after AWS's temporary exception for function URLs with one of two grants was to
/// end (AWS's notice of 2025-10-27: "by November 1, 2026"). Requests of earlier days say nothing about
/// the URL of today.
pub const URL_CALLS_FROM: &str = "2026-11-02";

/// The requests to a function URL, as CloudWatch counts them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UrlCalls {
    /// Alias; `$LATEST` for the function without a qualifier.
    pub qualifier: String,
    /// From when on they are counted, RFC 3339: the first midnight (UTC) that is not before [`URL_CALLS_FROM`],
    /// the last change of the URL's settings, or the beginning of the window.
    pub since: String,
    /// Requests (`UrlRequestCount`).
    pub requests: f64,
    /// Those of them that got a 4xx (`Url4xxCount`): refused by Lambda, or by the code.
    pub client_errors: f64,
    /// Those of them that got a 5xx (`Url5xxCount`).
    pub server_errors: f64,
}

/// How provisioned concurrency of one qualifier was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProvisionedUsage {
    /// Alias or version.
    pub qualifier: String,
    /// How far back, days.
    pub window_days: u32,
    /// Calls that ran on provisioned concurrency.
    pub invocations: f64,
    /// Calls beyond it, which ran on demand.
    pub spillover: f64,
    /// Highest share in use, 0 to 1.
    pub peak_utilization: f64,
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
    /// SHA-256 of the package, base64: versions with the same one have the same code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code_sha256: String,
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
    /// Members of this configuration that are known only after deployment, by name, with what each
    /// refers to; the member itself then has no meaning. Empty for functions that were read from AWS.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub undetermined: BTreeMap<String, String>,
}

impl FunctionConfiguration {
    /// A value that follows from the named members, when all of them are known.
    pub fn member<T>(&self, names: &[&str], of: impl FnOnce(&Self) -> T) -> Reading<T> {
        let references: Vec<&str> = names
            .iter()
            .filter_map(|name| self.undetermined.get(*name))
            .map(String::as_str)
            .collect();
        if references.is_empty() {
            Reading::Known(of(self))
        } else {
            Reading::Undetermined(references.join(", "))
        }
    }

    /// True for container images.
    pub fn is_image(&self) -> bool {
        self.package_type.eq_ignore_ascii_case("image")
    }
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
    /// When it was last set, as AWS writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
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

/// The starts in a function's log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// How far back the log was read, days.
    pub window_days: u32,
    /// False when there was more than was read.
    #[serde(default)]
    pub complete: bool,
    /// By version as the log stream names it: `$LATEST` or a number.
    pub versions: BTreeMap<String, Starts>,
}

/// The starts of one version, ms. Percentiles are 0 where nothing was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Starts {
    /// Invocations seen.
    pub invocations: u64,
    /// Those of them with an `Init Duration` or a `Restore Duration`.
    pub cold_starts: u64,
    /// Median of Init Duration, or of Restore Duration with SnapStart.
    pub init_p50_ms: f64,
    /// 99th percentile of the same.
    pub init_p99_ms: f64,
    /// Median of init and of the call it was for, together.
    pub total_p50_ms: f64,
    /// 99th percentile of the same.
    pub total_p99_ms: f64,
    /// Median duration of all calls, cold ones included.
    pub duration_p50_ms: f64,
}
