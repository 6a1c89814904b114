//! What can be said about the account as a whole.

use schemars::JsonSchema;
use serde::Serialize;

use super::Fact;

/// The facts of the account; conditions see them as `account`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountFacts {
    /// 12-digit id.
    pub id: String,
    /// Account-level Block Public Access.
    pub public_access_block: AccountPublicAccessBlockFacts,
}

/// Account-level Block Public Access, an organization's S3 policy included.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountPublicAccessBlockFacts {
    /// All four flags are on.
    pub all: Fact<bool>,
    /// Names of the flags that are off.
    pub missing: Fact<Vec<String>>,
}
