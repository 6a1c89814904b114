//! What can be said about one bucket. One file a topic; this one only puts them together.

pub mod encryption;
pub mod exposure;
pub mod logging;
pub mod ownership;
pub mod posture;
pub mod public_access_block;
pub mod transport;
pub mod versioning;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Fact;

/// The facts of one bucket; conditions see them as `bucket`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BucketFacts {
    /// Bucket name.
    pub name: String,
    /// Bucket ARN.
    pub arn: String,
    /// Id of the account that owns it.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// What its policy document is.
    pub policy: exposure::PolicyFacts,
    /// Who can reach it.
    pub exposure: exposure::ExposureFacts,
    /// Access control lists.
    pub acl: ownership::AclFacts,
    /// Block Public Access.
    pub public_access_block: public_access_block::PublicAccessBlockFacts,
    /// Plain HTTP.
    pub transport: transport::TransportFacts,
    /// Encryption.
    pub encryption: encryption::EncryptionFacts,
    /// Server access logging.
    pub logging: logging::LoggingFacts,
    /// Versioning.
    pub versioning: versioning::VersioningFacts,
    /// Tags by key; test with `in`.
    pub tags: Fact<BTreeMap<String, String>>,
}
