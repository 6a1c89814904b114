//! Object Ownership and access control lists.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Access control lists of a bucket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AclFacts {
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter` (also when never set).
    pub ownership: Fact<String>,
    /// ACLs have an effect: ownership is not BucketOwnerEnforced.
    pub enabled: Fact<bool>,
    /// Grants to AllUsers or AuthenticatedUsers in the effective ACL. Empty with ACLs off.
    pub public_grants: Fact<Vec<PublicGrant>>,
}

/// A grant to everyone, or to everyone with an AWS account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PublicGrant {
    /// `AllUsers` or `AuthenticatedUsers`.
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: String,
}
