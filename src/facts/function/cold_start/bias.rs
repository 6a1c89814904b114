//! What the measured functions of an account say about those that were not measured.
//!
//! One vote a function: of its versions, the one with the most cold starts in its log. Functions whose
//! log was not read are a caveat, not an unknown.

use std::collections::BTreeMap;

use super::measured::ENOUGH;
use crate::facts::fact::Fact;
use crate::facts::function::VersionFacts;
use crate::facts::function::context::FunctionContext;
use crate::facts::function::runtime::family;
use crate::facts::trust::Trust;
use crate::inventory::account::AccountInventory;
use coldbucket_cold_start::{AccountBias, Model, estimate};

/// The corrections of an account by runtime family.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::facts) struct AccountBiases(BTreeMap<&'static str, AccountBias>);

impl AccountBiases {
    /// Concludes from every function of the account with ten cold starts or more.
    pub(in crate::facts) fn of(
        account_id: &str,
        account: &AccountInventory,
        taken_at: &str,
        model: Option<&Model>,
    ) -> Self {
        let mut ratios: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        // No cold start depends on whom the configuration trusts.
        let trust = Trust::default();
        for (region, inventory) in &account.regions {
            for (name, function) in &inventory.functions {
                let context = FunctionContext {
                    account_id,
                    region,
                    name,
                    inventory,
                    function,
                    account,
                    trust: &trust,
                    taken_at,
                    model,
                    biases: None,
                };
                if let Some((family, ratio)) = ratio(&context) {
                    ratios.entry(family).or_default().push(ratio);
                }
            }
        }
        Self(
            ratios
                .into_iter()
                .filter_map(|(family, ratios)| Some((family, AccountBias::of(&ratios)?)))
                .collect(),
        )
    }

    /// The correction for a runtime.
    pub(in crate::facts::function) fn get(&self, runtime: &str) -> Option<&AccountBias> {
        self.0.get(family(runtime))
    }
}

/// Measured over estimated, and the runtime's family.
fn ratio(context: &FunctionContext<'_>) -> Option<(&'static str, f64)> {
    let measurement = context.function.measured.known()?;
    let (version, _) = measurement
        .versions
        .iter()
        .filter(|(_, starts)| starts.cold_starts >= ENOUGH)
        .max_by_key(|(_, starts)| starts.cold_starts)?;
    let facts = VersionFacts::derive(context, version, Fact::Known(Vec::new()), false);
    let measured = facts.cold_start.measured.known()?;
    let input = facts.cold_start.input.as_ref()?;
    let estimated = estimate(context.model?, input).ok()?.reported_ms();
    (estimated > 0.0).then(|| (family(&input.runtime), measured.reported_p50_ms / estimated))
}
