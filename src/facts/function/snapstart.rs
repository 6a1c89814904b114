//! SnapStart: may it be used, is it on, is there a snapshot.
//!
//! Rules from AWS's page "Improving startup performance with Lambda SnapStart" (2026-09 copy): Java
//! 11, Python 3.12, .NET 8 and later, as zip or container image; not together with provisioned
//! concurrency on the same version, EFS, S3 Files, more than 512 MiB of ephemeral storage, tenant
//! isolation; every commercial Region but New Zealand and Taipei; published versions only.

use schemars::JsonSchema;

use super::context::member;
use super::runtime::{RuntimeTable, name};
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::inventory::function::FunctionConfiguration;
use crate::inventory::ids::partition;

/// SnapStart of a version.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct SnapStartFacts {
    /// The runtime is one that SnapStart serves and nothing configured rules it out.
    pub eligible: Fact<bool>,
    /// Why it is not eligible; empty when it is.
    pub obstacle: Fact<String>,
    /// Applied to published versions.
    pub enabled: Fact<bool>,
    /// This version has a snapshot.
    pub snapshot: Fact<bool>,
}

/// Regions that do not offer SnapStart: New Zealand and Taipei.
const WITHOUT: [&str; 2] = ["ap-southeast-6", "ap-east-2"];

/// Ephemeral storage above which SnapStart is refused, MiB.
const EPHEMERAL_LIMIT_MB: u32 = 512;

impl SnapStartFacts {
    /// Concludes from a version's configuration. `provisioned`: provisioned concurrency serves it.
    pub(super) fn derive(
        version: &Fact<&FunctionConfiguration>,
        region: &str,
        provisioned: bool,
    ) -> Self {
        let obstacle =
            version
                .as_ref()
                .and_then(|version| match obstacle(version, region, provisioned) {
                    Some(obstacle) => Fact::Known(obstacle.to_owned()),
                    // What is not known may be one.
                    None => member(&Fact::Known(version), &OBSTACLES, |_| ())
                        .and_then(|()| runtime_obstacle(&Fact::Known(version), region)),
                });
        let obstacle = runtime_alone(obstacle, version, region);
        let setting = |of: fn(&crate::inventory::function::SnapStart) -> bool| {
            member(version, &["snap_start"], |version| {
                version.snap_start.as_ref().is_some_and(of)
            })
        };
        Self {
            eligible: obstacle.as_ref().map(String::is_empty),
            obstacle,
            enabled: setting(|snap_start| snap_start.apply_on == "PublishedVersions"),
            snapshot: setting(|snap_start| snap_start.optimization_status == "On"),
        }
    }
}

/// A runtime that SnapStart does not serve decides, whatever else is not known.
fn runtime_alone(
    obstacle: Fact<String>,
    version: &Fact<&FunctionConfiguration>,
    region: &str,
) -> Fact<String> {
    match (obstacle, runtime_obstacle(version, region)) {
        (Fact::Unknown { .. }, Fact::Known(by_runtime)) if !by_runtime.is_empty() => {
            Fact::Known(by_runtime)
        }
        (obstacle, _) => obstacle,
    }
}

/// The members of a configuration that may rule it out.
const OBSTACLES: [&str; 5] = [
    "master_arn",
    "managed_instances",
    "tenant_isolation",
    "file_systems",
    "ephemeral_storage_mb",
];

/// What the configuration rules out, whatever the runtime is.
fn obstacle(
    version: &FunctionConfiguration,
    region: &str,
    provisioned: bool,
) -> Option<&'static str> {
    let known = |name: &str| !version.undetermined.contains_key(name);
    if version.master_arn.is_some() {
        Some("it is replicated to the edge")
    } else if version.managed_instances {
        Some("it runs on Lambda Managed Instances")
    } else if version.tenant_isolation {
        Some("tenant isolation is on")
    } else if !version.file_systems.is_empty() {
        Some("a file system is mounted")
    } else if known("ephemeral_storage_mb") && version.ephemeral_storage_mb > EPHEMERAL_LIMIT_MB {
        Some("it has more than 512 MiB of ephemeral storage")
    } else if provisioned {
        Some("it has provisioned concurrency")
    } else if WITHOUT.contains(&region) {
        Some("the Region does not offer SnapStart")
    } else {
        None
    }
}

/// What the runtime rules out; empty when nothing does.
fn runtime_obstacle(version: &Fact<&FunctionConfiguration>, region: &str) -> Fact<String> {
    name(version).and_then(|name| {
        match RuntimeTable::builtin()
            .rows
            .get(&name)
            .map(|row| row.snapstart)
        {
            Some(Some(false)) => Fact::Known(format!("SnapStart does not serve {name}")),
            Some(Some(true)) if partition(region) == "aws" => Fact::Known(String::new()),
            Some(Some(true)) => {
                Fact::undecidable("AWS's list of SnapStart Regions names commercial Regions only")
            }
            _ => Fact::undecidable(format!("it is not known whether SnapStart serves {name}")),
        }
    })
}
