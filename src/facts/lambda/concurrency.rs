//! Provisioned concurrency.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Provisioned concurrency of a function.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProvisionedConcurrencyFacts {
    /// Some version or alias has it.
    pub configured: Fact<bool>,
    /// One entry a qualifier.
    pub configurations: Fact<Vec<ConfigurationFacts>>,
}

/// Provisioned concurrency of one qualifier; `item` in checks over `configurations`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigurationFacts {
    /// Alias name or version number.
    pub qualifier: String,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    pub status: String,
    /// Why it failed; empty when AWS gave no reason.
    pub status_reason: String,
    /// Environments asked for.
    pub requested: u32,
    /// Environments that can serve now.
    pub available: u32,
    /// Environments that are allocated.
    pub allocated: u32,
}
