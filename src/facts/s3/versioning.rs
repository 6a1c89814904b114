//! Versioning.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Versioning.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersioningFacts {
    /// `Enabled`, `Suspended` or `Never`.
    pub status: Fact<String>,
    /// New overwrites and deletions keep the old version.
    pub enabled: Fact<bool>,
}
