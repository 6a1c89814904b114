//! VPC attachment.

use schemars::JsonSchema;
use serde::Serialize;

/// VPC attachment of a version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VpcFacts {
    /// The version runs in a VPC.
    pub attached: bool,
    /// VPC id; empty when there is none.
    pub vpc_id: String,
    /// Number of subnets.
    pub subnet_count: u32,
}
