//! The estimate of a version as conditions and the report see it.
//!
//! From outside one sees the runtime, the sizes and the layers, not what is imported: whether an SDK
//! is used stays unknown, and the band's upper end allows for one. What an OS-only runtime runs is
//! visible where a layer brings it or the inspected package names it; else, and for images, the estimate
//! is undecidable rather than a guess.
//! Estimates hold for a start that happens; how often one happens is another matter, and versions
//! that provisioned concurrency serves ([`ColdStartFacts::kept_warm`]) rarely see one.

use schemars::JsonSchema;

use super::bias::AccountBiases;
use super::measured::MeasuredFacts;
use super::question::{LayersSeen, question};
use crate::facts::fact::Fact;
use crate::facts::function::contents::{Contents, WasteFacts, megabytes};
use crate::facts::function::runtime::family;
use crate::facts::group::FactValue;
use crate::inventory::function::FunctionConfiguration;
use crate::report::cold_start::{EstimateInput, EstimateOutput};
use crate::report::{ColdStartDuration, Driver, DurationBasis, Lever};
use coldbucket_cold_start::estimate::{Estimate, Phase, estimate, tenth};
use coldbucket_cold_start::levers::{Target, levers, snapstart_saves};
use coldbucket_cold_start::prices::ListedPrices;
use coldbucket_cold_start::{AccountBias, Model, Prices};

/// How a version starts.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct ColdStartFacts {
    /// Provisioned concurrency stands ready on this version or on an alias of it.
    pub kept_warm: Fact<bool>,
    /// The estimate, or what was measured, where ten cold starts or more were. An estimate is not
    /// decidable for container images, for OS-only runtimes without a layer or package that shows what
    /// they run, and for runtimes that were never measured. Where packages or logs were asked for and
    /// refused, nothing is estimated in their place. Three measured functions of the account on the same
    /// runtime family correct it; functions that were not measured are a caveat.
    #[needs(
        own(FunctionPackages),
        own(FunctionMeasured),
        siblings(FunctionPackages),
        siblings(FunctionMeasured)
    )]
    pub estimate: Fact<EstimateFacts>,
    /// What the log says. Known only with `--measure`.
    #[needs(own(FunctionMeasured))]
    pub measured: Fact<MeasuredFacts>,
    /// From ten cold starts on: `your code` where they are above the estimate's band, `the platform`
    /// within it, `unknown` where there is no estimate. Known only with `--measure`.
    #[needs(own(FunctionPackages), own(FunctionMeasured))]
    pub cause: Fact<String>,
    /// What SnapStart would save of init and first call, ms; 0 where it saves nothing, is on already
    /// or cannot be had.
    #[needs(
        own(FunctionPackages),
        own(FunctionMeasured),
        siblings(FunctionPackages),
        siblings(FunctionMeasured)
    )]
    pub snapstart_saves_ms: Fact<f64>,
    /// What the estimator was asked.
    #[schemars(skip)]
    pub input: Option<EstimateInput>,
    /// What levers need to know of the function.
    #[schemars(skip)]
    pub target: Target,
    /// What corrects the estimate, where the function itself was not measured.
    #[schemars(skip)]
    bias: Option<AccountBias>,
}

/// How long a cold start takes, ms.
#[derive(Clone, Debug, PartialEq, JsonSchema, FactValue)]
pub struct EstimateFacts {
    /// `estimate`, or `measurement`.
    pub basis: DurationBasis,
    /// Before init, in no metric.
    pub pre_init_ms: f64,
    /// Init Duration, or Restore Duration with SnapStart.
    pub init_ms: f64,
    /// What the first call takes beyond a warm one.
    pub first_call_ms: f64,
    /// Init and first call.
    pub reported_ms: f64,
    /// Lower end around init and first call.
    pub low_ms: f64,
    /// Upper end around init and first call.
    pub high_ms: f64,
    /// Lower end around init.
    pub init_low_ms: f64,
    /// Upper end around init.
    pub init_high_ms: f64,
    /// The largest contribution to init and first call.
    pub main_driver: String,
}

impl EstimateFacts {
    fn of(found: &Estimate) -> Self {
        let output = found.output("");
        Self {
            basis: DurationBasis::Estimate,
            pre_init_ms: output.pre_init_ms,
            init_ms: output.init_ms,
            first_call_ms: output.first_call_ms,
            reported_ms: output.reported_ms,
            low_ms: output.low_ms,
            high_ms: output.high_ms,
            init_low_ms: output.init_low_ms,
            init_high_ms: output.init_high_ms,
            main_driver: main_driver(&drivers(found, None)),
        }
    }

    /// Measurements in the place of an estimate, which still says what is before init.
    fn measured(measured: &MeasuredFacts, found: Option<&Estimate>) -> Self {
        let phases = measured.phases();
        Self {
            basis: DurationBasis::Measurement,
            pre_init_ms: found.map_or(0.0, |found| tenth(found.phase(Phase::PreInit))),
            init_ms: phases.0,
            first_call_ms: phases.1,
            reported_ms: measured.reported_p50_ms,
            low_ms: measured.reported_p50_ms,
            high_ms: measured.reported_p99_ms,
            init_low_ms: measured.init_p50_ms,
            init_high_ms: measured.init_p99_ms,
            main_driver: found
                .map(|found| main_driver(&drivers(found, Some(phases))))
                .unwrap_or_default(),
        }
    }

    /// The same for the report.
    fn duration(&self) -> ColdStartDuration {
        ColdStartDuration {
            basis: self.basis,
            pre_init_ms: self.pre_init_ms,
            init_ms: self.init_ms,
            first_call_ms: self.first_call_ms,
            reported_ms: self.reported_ms,
            low_ms: self.low_ms,
            high_ms: self.high_ms,
            precision: None,
        }
    }
}

fn main_driver(drivers: &[Driver]) -> String {
    drivers
        .first()
        .map(|driver| driver.what.clone())
        .unwrap_or_default()
}

/// What is known of a version beside its configuration.
pub(in crate::facts::function) struct Surroundings<'a> {
    /// The estimator's numbers; absent only when the shipped ones are defective.
    pub(in crate::facts::function) model: Option<&'a Model>,
    /// What the account's measured functions say about the others.
    pub(in crate::facts::function) biases: Option<&'a AccountBiases>,
    /// Function name.
    pub(in crate::facts::function) name: &'a str,
    /// Region.
    pub(in crate::facts::function) region: &'a str,
    /// Provisioned concurrency serves the version.
    pub(in crate::facts::function) kept_warm: bool,
    /// What the package holds, where it was inspected.
    pub(in crate::facts::function) contents: &'a Fact<Contents<'a>>,
    /// The inspection was requested and refused.
    pub(in crate::facts::function) contents_refused: bool,
    /// What of it is waste.
    pub(in crate::facts::function) waste: &'a [WasteFacts],
    /// What the log says.
    pub(in crate::facts::function) measured: Fact<MeasuredFacts>,
    /// The measurement was requested and refused.
    pub(in crate::facts::function) measured_refused: bool,
    /// Compressed package with layers, MB.
    pub(in crate::facts::function) total_mb: &'a Fact<f64>,
    /// SnapStart may be turned on.
    pub(in crate::facts::function) snapstart_eligible: &'a Fact<bool>,
    /// The version has a snapshot, or will have one when it is published.
    pub(in crate::facts::function) snapstart_enabled: &'a Fact<bool>,
}

impl ColdStartFacts {
    /// Concludes from a version's configuration.
    pub(in crate::facts::function) fn derive(
        version: &Fact<&FunctionConfiguration>,
        around: &Surroundings<'_>,
    ) -> Self {
        let input = version
            .as_ref()
            .and_then(|version| question(version, around));
        let model = match around.model {
            Some(model) => Fact::Known(model),
            None => Fact::undecidable("the cold-start model cannot be read"),
        };
        let found =
            input
                .as_ref()
                .zip(model)
                .and_then(|(input, model)| match estimate(model, input) {
                    Ok(found) => Fact::Known((model, input, found)),
                    Err(error) => Fact::undecidable(error.to_string()),
                });
        let estimated = found.as_ref().map(|(_, _, found)| found);
        let measured = around.measured.clone();
        let enough = measured.known().filter(|measured| measured.enough);
        let bias = input
            .known()
            .filter(|_| enough.is_none())
            .and_then(|input| around.biases?.get(&input.runtime))
            .copied();
        let target = target(version, around, enough, bias.as_ref());
        let takes = match enough {
            Some(measured) => Fact::Known(EstimateFacts::measured(
                measured,
                estimated.known().copied(),
            )),
            // What was requested and refused leaves a gap that no coarser guess may fill.
            None if around.measured_refused => Fact::unknown_from(around.measured.because().iter()),
            None if around.contents_refused => Fact::unknown_from(around.contents.because().iter()),
            None => found.as_ref().map(|(_, input, found)| {
                EstimateFacts::of(&corrected(found, input, bias.as_ref()))
            }),
        };
        let snapstart_saves_ms = if takes.known().is_none() && found.known().is_some() {
            takes.as_ref().map(|_| 0.0)
        } else {
            found
                .as_ref()
                .zip(around.snapstart_eligible.as_ref())
                .and_then(|((model, input, _), eligible)| {
                    if !*eligible || input.snapstart == Some(true) {
                        return Fact::Known(0.0);
                    }
                    match snapstart_saves(model, input, &target) {
                        Ok(saves) => Fact::Known(saves),
                        Err(error) => Fact::undecidable(error.to_string()),
                    }
                })
        };
        let inspected = if around.contents_refused {
            around.contents.as_ref().map(|_| ())
        } else {
            Fact::Known(())
        };
        let cause = measured.as_ref().zip(inspected).map(|(measured, ())| {
            match estimated.known() {
                Some(estimate) if measured.enough => measured.cause(estimate),
                _ => "unknown",
            }
            .to_owned()
        });
        Self {
            kept_warm: Fact::Known(around.kept_warm),
            estimate: takes,
            measured,
            cause,
            snapstart_saves_ms,
            input: input.known().cloned(),
            target,
            bias,
        }
    }

    /// What the report says of a start of this version by a qualifier that callers use.
    pub(in crate::facts::function) fn report(
        &self,
        model: Option<&Model>,
        live_prices: Option<&ListedPrices>,
        qualifier: &str,
    ) -> Reported {
        let measured = self.measured.known().filter(|measured| measured.enough);
        let found = model.zip(self.input.as_ref()).and_then(|(model, input)| {
            let found = estimate(model, input).ok()?;
            Some((model, input, corrected(&found, input, self.bias.as_ref())))
        });
        let Some((model, input, found)) = found else {
            return Reported {
                duration: measured
                    .map(|measured| EstimateFacts::measured(measured, None).duration()),
                ..Reported::default()
            };
        };
        let target = Target {
            // $LATEST cannot have provisioned concurrency.
            qualifier: if qualifier == crate::facts::function::context::LATEST {
                String::new()
            } else {
                qualifier.to_owned()
            },
            ..self.target.clone()
        };
        let takes = match measured {
            Some(measured) => EstimateFacts::measured(measured, Some(&found)),
            None => EstimateFacts::of(&found),
        };
        Reported {
            duration: Some(ColdStartDuration {
                precision: measured.is_none().then(|| found.precision()),
                ..takes.duration()
            }),
            estimate: Some(found.output(&input.id)),
            drivers: drivers(&found, self.target.measured),
            levers: if self.kept_warm.known() == Some(&true) {
                Vec::new()
            } else {
                Prices::builtin()
                    .ok()
                    .and_then(|prices| prices.of(&target.region))
                    .map(|price| {
                        let price = price.with_live(live_prices);
                        levers(model, &price, input, &target, None)
                    })
                    .unwrap_or_default()
            },
        }
    }
}

/// The estimate, corrected where something corrects it.
fn corrected(found: &Estimate, input: &EstimateInput, bias: Option<&AccountBias>) -> Estimate {
    match bias {
        Some(bias) => found.clone().corrected(bias, family(&input.runtime)),
        None => found.clone(),
    }
}

/// What levers need to know of the function.
fn target(
    version: &Fact<&FunctionConfiguration>,
    around: &Surroundings<'_>,
    measured: Option<&MeasuredFacts>,
    bias: Option<&AccountBias>,
) -> Target {
    let layers = || {
        version
            .known()
            .into_iter()
            .flat_map(|version| &version.layers)
    };
    Target {
        name: around.name.to_owned(),
        region: around.region.to_owned(),
        qualifier: String::new(),
        snapstart_eligible: around.snapstart_eligible.known().copied(),
        provisionable: version.known().is_some_and(|version| {
            version.master_arn.is_none() && !version.managed_instances && !version.tenant_isolation
        }),
        measured: measured.map(MeasuredFacts::phases),
        correction: bias.map(|bias| bias.factor),
        waste: around
            .waste
            .iter()
            .map(|waste| (waste.kind.clone(), waste.zipped_mb))
            .collect(),
        extension_layers: version.known().map_or_else(Vec::new, |version| {
            LayersSeen::of(version)
                .extensions()
                .map(|(arn, kind)| (arn.to_owned(), kind))
                .collect()
        }),
        layers: layers()
            .map(|layer| (layer.arn.clone(), megabytes(layer.code_size_bytes)))
            .collect(),
    }
}

/// What the report says of a cold start.
#[derive(Default)]
pub(in crate::facts::function) struct Reported {
    pub(in crate::facts::function) duration: Option<ColdStartDuration>,
    pub(in crate::facts::function) estimate: Option<EstimateOutput>,
    pub(in crate::facts::function) drivers: Vec<Driver>,
    pub(in crate::facts::function) levers: Vec<Lever>,
}

/// The contributions to init and first call, largest first; what rounds to nothing is none. With
/// init and first call as they were `measured`, the contributions add up to those: a phase that took
/// longer than estimated has the rest as one of its own, and one that took less has all of its
/// contributions less.
pub fn drivers(found: &Estimate, measured: Option<(f64, f64)>) -> Vec<Driver> {
    let (init, first_call) = (found.phase(Phase::Init), found.phase(Phase::FirstCall));
    let (init_takes, first_call_takes) = measured.unwrap_or((init, first_call));
    let share = |takes: f64, estimated: f64| match estimated {
        some if some > takes => takes / some,
        _ => 1.0,
    };
    let mut drivers: Vec<Driver> = found
        .parts
        .iter()
        .filter_map(|part| {
            let share = match part.phase {
                Phase::PreInit => return None,
                Phase::Init => share(init_takes, init),
                Phase::FirstCall => share(first_call_takes, first_call),
            };
            Some((part.what.as_str(), part.ms * share))
        })
        .chain([
            ("init beyond the estimate", init_takes - init),
            (
                "first call beyond the estimate",
                first_call_takes - first_call,
            ),
        ])
        .map(|(what, ms)| Driver {
            what: what.to_owned(),
            ms: tenth(ms),
        })
        .filter(|driver| driver.ms > 0.0)
        .collect();
    drivers.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    drivers
}
