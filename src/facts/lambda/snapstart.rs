//! SnapStart: may it be used, is it on, is there a snapshot.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// SnapStart of a version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
