//! Provisioned concurrency: is it there, does anybody use it, does it suffice.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::context::FunctionContext;
use super::idle::since;
use super::wiring::{CALLERS, Wiring};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::function::{FunctionInventory, ProvisionedConcurrency, ProvisionedUsage};
use crate::inventory::need::ReadingKind;

/// Provisioned concurrency of a function.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(FunctionProvisionedConcurrency))]
pub struct ProvisionedConcurrencyFacts {
    /// Some version or alias has it.
    pub configured: Fact<bool>,
    /// One entry a qualifier, in qualifier order.
    pub configurations: Fact<Vec<ConfigurationFacts>>,
}

/// Provisioned concurrency of one qualifier; `item` in checks over `configurations`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
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
    /// A trigger, or a policy that allows a caller, was found that calls this qualifier. False proves
    /// nothing: callers by IAM or API Gateway cannot be seen.
    #[needs(CALLERS)]
    pub wired: Fact<bool>,
    /// Those, in words; empty for none.
    #[needs(CALLERS)]
    pub wired_by: Fact<String>,
    /// Triggers of the function that call another qualifier, in words; empty for none.
    #[needs(CALLERS)]
    pub bypassed_by: Fact<String>,
    /// Not one call ran on it in the last 14 days. Not decidable when it was set since.
    #[needs(own(FunctionProvisionedUsage))]
    pub unused: Fact<bool>,
    /// How far back the figures go, days.
    #[needs(own(FunctionProvisionedUsage))]
    pub window_days: Fact<u32>,
    /// Calls that ran on it.
    #[needs(own(FunctionProvisionedUsage))]
    pub invocations: Fact<f64>,
    /// Calls beyond it, which started on demand.
    #[needs(own(FunctionProvisionedUsage))]
    pub spillover: Fact<f64>,
    /// Share of its calls that spilled over, 0 to 1.
    #[needs(own(FunctionProvisionedUsage))]
    pub spillover_share: Fact<f64>,
    /// Highest share that was in use, 0 to 1.
    #[needs(own(FunctionProvisionedUsage))]
    pub peak_utilization: Fact<f64>,
    /// Application Auto Scaling may change it.
    #[needs(own(ScalableTargets))]
    pub scaled: Fact<bool>,
    /// The concurrency that is reserved for the function is all provisioned: calls beyond it, and all
    /// of other versions, are throttled.
    #[needs(own(FunctionReservedConcurrency))]
    pub reserved_exhausted: Fact<bool>,
}

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
    /// Concludes from the configurations, their callers and their use.
    pub(super) fn derive(context: &FunctionContext<'_>, wiring: &Wiring) -> Self {
        let configurations = read(context.function).map(|mut configurations| {
            configurations.sort_by(|a, b| a.qualifier.cmp(&b.qualifier));
            let requested = configurations
                .iter()
                .fold(0_u32, |sum, one| sum.saturating_add(one.requested));
            configurations
                .into_iter()
                .map(|configuration| {
                    ConfigurationFacts::derive(context, wiring, configuration, requested)
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

impl ConfigurationFacts {
    fn derive(
        context: &FunctionContext<'_>,
        wiring: &Wiring,
        configuration: &ProvisionedConcurrency,
        requested_in_all: u32,
    ) -> Self {
        let qualifier = &configuration.qualifier;
        let serving = wiring.serving(qualifier);
        let wired = match serving.known() {
            Some(serving) => wiring.reaches(|caller| serving.contains(&caller.qualifier)),
            // Without the aliases only callers of the qualifier itself are surely its own.
            None => wiring
                .reaches(|caller| &caller.qualifier == qualifier)
                .or(serving.as_ref().map(|_| false)),
        };
        let named = |own: bool| {
            serving.as_ref().and_then(|serving: &BTreeSet<String>| {
                wiring.named(|caller| {
                    serving.contains(&caller.qualifier) == own && (own || caller.calls)
                })
            })
        };
        let usage = usage(context.function, qualifier);
        let figure = |of: fn(&ProvisionedUsage) -> f64| usage.as_ref().map(|usage| of(usage));
        let unused = usage.as_ref().and_then(|usage| {
            if usage.invocations > 0.0 {
                return Fact::Known(false);
            }
            since(configuration.last_modified.as_deref(), context.taken_at).and_then(|days| {
                if days < i64::from(usage.window_days) {
                    Fact::undecidable(format!(
                        "it was set {days} days ago; {} without a call would count",
                        usage.window_days
                    ))
                } else {
                    Fact::Known(true)
                }
            })
        });
        Self {
            qualifier: qualifier.clone(),
            status: configuration.status.clone(),
            status_reason: configuration.status_reason.clone().unwrap_or_default(),
            requested: configuration.requested,
            available: configuration.available,
            allocated: configuration.allocated,
            wired,
            wired_by: named(true),
            bypassed_by: named(false),
            unused,
            window_days: usage.as_ref().map(|usage| usage.window_days),
            invocations: figure(|usage| usage.invocations),
            spillover: figure(|usage| usage.spillover),
            spillover_share: figure(|usage| {
                let all = usage.invocations + usage.spillover;
                if all > 0.0 {
                    usage.spillover / all
                } else {
                    0.0
                }
            }),
            peak_utilization: figure(|usage| usage.peak_utilization),
            scaled: from_reading(
                ReadingKind::ScalableTargets,
                &context.inventory.scalable_targets,
                || false,
                |targets| {
                    targets.iter().any(|target| {
                        target.function == context.name && &target.qualifier == qualifier
                    })
                },
            ),
            reserved_exhausted: from_reading(
                ReadingKind::FunctionReservedConcurrency,
                &context.function.reserved_concurrency,
                || false,
                |reserved| *reserved <= requested_in_all,
            ),
        }
    }
}

/// The figures of one qualifier.
fn usage<'a>(function: &'a FunctionInventory, qualifier: &str) -> Fact<&'a ProvisionedUsage> {
    let missing = || Fact::undecidable("CloudWatch has no figures for this qualifier");
    match &function.provisioned_usage {
        Reading::Absent => missing(),
        reading => from_reading(
            ReadingKind::FunctionProvisionedUsage,
            &reading.as_ref(),
            Vec::new,
            |usages| usages.iter().collect(),
        )
        .and_then(|usages: Vec<&ProvisionedUsage>| {
            usages
                .into_iter()
                .find(|usage| usage.qualifier == qualifier)
                .map_or_else(missing, Fact::Known)
        }),
    }
}
