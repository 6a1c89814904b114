//! VPC attachment. It adds nothing to a cold start today: network interfaces are shared and made
//! ahead (measurements in `docs/`), so this is a fact to weigh, not a fault.

use schemars::JsonSchema;

use super::context::member;
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::inventory::function::{FunctionConfiguration, Vpc};

/// VPC attachment of a version.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct VpcFacts {
    /// The version runs in a VPC.
    pub attached: Fact<bool>,
    /// VPC id; empty when there is none.
    pub vpc_id: Fact<String>,
    /// Number of subnets.
    pub subnet_count: Fact<u32>,
}

impl VpcFacts {
    /// Concludes from a version's configuration. Lambda answers with an empty VPC setting after a
    /// function was detached, so an empty id means none.
    pub(super) fn derive(version: &Fact<&FunctionConfiguration>) -> Self {
        let attached = |version: &FunctionConfiguration| {
            version.vpc.clone().filter(|vpc| !vpc.vpc_id.is_empty())
        };
        let vpc: Fact<Option<Vpc>> = member(version, &["vpc"], attached);
        Self {
            attached: vpc.as_ref().map(Option::is_some),
            vpc_id: member(version, &["vpc", "vpc_id"], |version| {
                attached(version).map(|vpc| vpc.vpc_id).unwrap_or_default()
            }),
            subnet_count: vpc.map(|vpc| {
                vpc.map_or(0, |vpc| {
                    u32::try_from(vpc.subnets.len()).unwrap_or(u32::MAX)
                })
            }),
        }
    }
}
