//! What can be said about one function. One file a topic; this one only puts them together.

pub mod concurrency;
pub mod package;
pub mod posture;
pub mod runtime;
pub mod snapstart;
pub mod vpc;

use schemars::JsonSchema;
use serde::Serialize;

use super::Fact;

/// The facts of one function; conditions see them as `function`. A function is one resource; its
/// versions are the list `versions`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FunctionFacts {
    /// Function name.
    pub name: String,
    /// Unqualified ARN.
    pub arn: String,
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
    /// The versions that matter: `$LATEST`, and those with an alias or provisioned concurrency.
    /// Which they are is unknown when aliases or provisioned concurrency could not be read.
    pub versions: Fact<Vec<VersionFacts>>,
    /// `$LATEST`: what most callers run, and what the next version will be.
    pub latest: VersionFacts,
    /// Provisioned concurrency over all qualifiers.
    pub provisioned_concurrency: concurrency::ProvisionedConcurrencyFacts,
}

/// One version of a function; `item` in checks with `for_each: function.versions`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionFacts {
    /// `$LATEST` or the version number.
    pub version: String,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory, MiB.
    pub memory_mb: u32,
    /// Timeout, seconds.
    pub timeout_s: u32,
    /// Runtime.
    pub runtime: runtime::RuntimeFacts,
    /// Package.
    pub package: package::PackageFacts,
    /// VPC attachment.
    pub vpc: vpc::VpcFacts,
    /// SnapStart.
    pub snapstart: snapstart::SnapStartFacts,
    /// Lambda Managed Instances: environments are started ahead, cold-start checks do not apply.
    pub managed_instances: bool,
    /// Replicated to the edge: SnapStart and provisioned concurrency do not exist there.
    pub edge: bool,
}
