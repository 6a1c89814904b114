//! Block Public Access: each flag is effective when the account or the bucket sets it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Block Public Access of a bucket, joined with the account's, flag by flag.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PublicAccessBlockFacts {
    /// All four flags are effective.
    pub all: Fact<bool>,
    /// New public ACLs are refused.
    pub block_public_acls: Fact<bool>,
    /// Existing public ACLs are ignored.
    pub ignore_public_acls: Fact<bool>,
    /// New public policies are refused.
    pub block_public_policy: Fact<bool>,
    /// A public policy only serves the owner's account and AWS services.
    pub restrict_public_buckets: Fact<bool>,
    /// Names of the flags that neither level sets, in the order of the S3 console.
    pub missing: Fact<Vec<String>>,
}
