//! Provisioned concurrency.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::vocabulary::NeedTable;
use crate::facts::{Fact, from_reading};
use crate::inventory::function::{FunctionInventory, ProvisionedConcurrency};
use crate::inventory::need::{Need, ReadingKind};

/// Provisioned concurrency of a function.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProvisionedConcurrencyFacts {
    /// Some version or alias has it.
    pub configured: Fact<bool>,
    /// One entry a qualifier, in qualifier order.
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

/// The readings behind each path.
pub const NEEDS: NeedTable = &[(
    "function.provisioned_concurrency",
    &[Need::own(ReadingKind::FunctionProvisionedConcurrency)],
)];

/// The configurations as they were read; no answer stands for none.
pub(super) fn read(function: &FunctionInventory) -> Fact<Vec<&ProvisionedConcurrency>> {
    from_reading(
        ReadingKind::FunctionProvisionedConcurrency,
        &function.provisioned_concurrency.as_ref(),
        Vec::new,
        |configurations| configurations.iter().collect(),
    )
}

impl ProvisionedConcurrencyFacts {
    /// Concludes from ListProvisionedConcurrencyConfigs.
    pub(super) fn derive(function: &FunctionInventory) -> Self {
        let configurations = read(function).map(|mut configurations| {
            configurations.sort_by(|a, b| a.qualifier.cmp(&b.qualifier));
            configurations
                .into_iter()
                .map(|configuration| ConfigurationFacts {
                    qualifier: configuration.qualifier.clone(),
                    status: configuration.status.clone(),
                    status_reason: configuration.status_reason.clone().unwrap_or_default(),
                    requested: configuration.requested,
                    available: configuration.available,
                    allocated: configuration.allocated,
                })
                .collect::<Vec<_>>()
        });
        Self {
            configured: configurations
                .as_ref()
                .map(|configurations| !configurations.is_empty()),
            configurations,
        }
    }
}
