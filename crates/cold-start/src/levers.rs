//! What would make a function start faster: the estimator's own answers to what-if questions.
//!
//! A lever is an input changed and estimated again, so it never promises what the model does not
//! believe: more memory shortens the first call and leaves the init alone, SnapStart for a function
//! that starts quickly saves nothing and is not offered. Savings are in what a caller waits, and never
//! more than init and first call take, which is the number a start is known by. Each saving has a range:
//! the band of the estimate it is taken from, or what the lever itself leaves open. Where a price depends
//! on traffic that was not measured, [`Demand::default`] is assumed and the text says so.

use super::estimate::{Estimate, InputError, Phase, estimate, tenth};
use super::model::Model;
use super::prices::{MonthlyAmount, RegionPrices};
use super::shape::{Family, Native, Shape};
use crate::contract::{EstimateInput, ExtensionKind, Lever, SdkClient};

/// Savings below this are not worth a line, ms.
const WORTH_MS: f64 = 10.0;

/// Nor are savings below this share of init and first call.
const WORTH_SHARE: f64 = 0.03;

/// At most so many levers a function.
const AT_MOST: usize = 5;

/// At most so many libraries are named for a lazy import.
const LAZY_AT_MOST: usize = 3;

/// A library that takes less is not worth a lazy import, ms.
const LAZY_FROM_MS: f64 = 100.0;

/// An image above this compressed size does not fit a zip package, whose unzipped limit is 250 MB (AWS,
/// "Lambda quotas", 2026-09 copy), MB.
const ZIP_FITS_MB: f64 = 80.0;

/// A month's traffic, for prices that depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Calls a month.
    pub invocations: f64,
    /// Mean duration of a warm call, ms.
    pub warm_ms: f64,
    /// Share of calls that start cold.
    pub cold_share: f64,
}

impl Default for Demand {
    /// 100 000 calls of 100 ms, one in a hundred cold: AWS says that inits are below 1 % of calls
    /// ("AWS Lambda standardizes billing for INIT phase", 2025-04).
    fn default() -> Self {
        Self {
            invocations: 100_000.0,
            warm_ms: 100.0,
            cold_share: 0.01,
        }
    }
}

/// The function a lever is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// Function name, for the commands; empty for a what-if.
    pub name: String,
    /// Region, for prices and commands.
    pub region: String,
    /// An alias or version that can have provisioned concurrency; empty when none exists yet.
    pub qualifier: String,
    /// SnapStart may be turned on. `None` when that is not known.
    pub snapstart_eligible: Option<bool>,
    /// Provisioned concurrency may be set: not at the edge, not on Managed Instances, no tenant
    /// isolation.
    pub provisionable: bool,
    /// Init and first call as they were measured, ms, where ten cold starts or more were: savings are
    /// of these.
    pub measured: Option<(f64, f64)>,
    /// What the estimate is multiplied with, by other functions of the account that were measured; it
    /// plays no part where this one was.
    pub correction: Option<f64>,
    /// What the package could leave out: its kind and its compressed size, MB.
    pub waste: Vec<(String, f64)>,
    /// Layers that are extensions, by ARN, with what they do.
    pub extension_layers: Vec<(String, ExtensionKind)>,
    /// All layers in their order: ARN and compressed size, MB.
    pub layers: Vec<(String, f64)>,
}

/// A word that a shell takes as it stands: AWS allows nothing else in these names, and whatever
/// arrives otherwise is not put into a command.
fn word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_:/.$".contains(c))
}

/// The name in single quotes, or a place to fill in.
fn quoted(text: &str, placeholder: &str) -> String {
    if word(text) {
        format!("'{text}'")
    } else {
        format!("'{placeholder}'")
    }
}

struct LeverSearch<'a> {
    model: &'a Model,
    input: &'a EstimateInput,
    now: &'a Estimate,
    /// Init and first call, measured where they were.
    takes_ms: f64,
    /// What the estimate's own ends are multiplied with.
    correction: f64,
    /// What was measured over what is estimated, for init and for the first call.
    ratios: (f64, f64),
    found: Vec<Lever>,
}

impl<'a> LeverSearch<'a> {
    fn new(model: &'a Model, input: &'a EstimateInput, now: &'a Estimate, target: &Target) -> Self {
        let over = |measured: f64, phase| {
            let estimated = now.phase(phase);
            if estimated > 0.0 {
                measured / estimated
            } else {
                1.0
            }
        };
        let correction = target.correction.unwrap_or(1.0);
        let (init, first) = target.measured.unwrap_or_else(|| {
            let estimated = |phase| now.phase(phase) * correction;
            (estimated(Phase::Init), estimated(Phase::FirstCall))
        });
        Self {
            model,
            input,
            now,
            // Rounded as reports round it.
            takes_ms: tenth(tenth(init) + tenth(first)),
            correction,
            ratios: target
                .measured
                .map_or((correction, correction), |(init, first)| {
                    (over(init, Phase::Init), over(first, Phase::FirstCall))
                }),
            found: Vec::new(),
        }
    }

    /// What a caller would save by a change, with the estimate's own band.
    fn saving(&self, change: impl FnOnce(&mut EstimateInput)) -> LeverSaving {
        self.banded(self.saved_ms(change))
    }

    /// So many milliseconds with the estimate's own band.
    fn banded(&self, ms: f64) -> LeverSaving {
        let reported = self.now.reported_ms().max(f64::MIN_POSITIVE);
        LeverSaving {
            ms,
            low_ms: ms * self.now.low_ms / reported,
            high_ms: ms * self.now.high_ms / reported,
        }
    }

    /// Milliseconds a caller would save: never more than the start takes.
    fn saved_ms(&self, change: impl FnOnce(&mut EstimateInput)) -> f64 {
        let mut input = self.input.clone();
        change(&mut input);
        let Ok(what_if) = estimate(self.model, &input) else {
            return 0.0;
        };
        let (init, first) = self.ratios;
        // A restore takes as long whatever it replaces.
        let init = if input.snapstart != self.input.snapstart {
            self.now.phase(Phase::Init) * init - what_if.phase(Phase::Init)
        } else {
            (self.now.phase(Phase::Init) - what_if.phase(Phase::Init)) * init
        };
        let saved = |phase| self.now.phase(phase) - what_if.phase(phase);
        (saved(Phase::PreInit) + init + saved(Phase::FirstCall) * first).min(self.takes_ms)
    }

    fn offer(&mut self, what: impl Into<String>, saving: LeverSaving, usd: f64, how: String) {
        if saving.ms >= WORTH_MS && saving.ms >= self.takes_ms * WORTH_SHARE {
            let saves_ms = tenth(saving.ms.min(self.takes_ms));
            // A start that takes longer than estimated can be shortened by more.
            let most = tenth((self.now.high_ms * self.correction).max(self.takes_ms));
            self.found.push(Lever {
                what: what.into(),
                saves_ms,
                saves_low_ms: tenth(saving.low_ms.max(0.0)).min(saves_ms),
                saves_high_ms: tenth(saving.high_ms).min(most).max(saves_ms),
                usd_per_month: (usd * 100.0).round() / 100.0,
                how,
            });
        }
    }
}

/// What a lever saves, ms, with its range.
#[derive(Clone, Copy)]
struct LeverSaving {
    ms: f64,
    low_ms: f64,
    high_ms: f64,
}

impl LeverSaving {
    /// The same, where it may save nothing at all.
    fn at_most(self) -> Self {
        Self {
            low_ms: 0.0,
            ..self
        }
    }
}

/// What SnapStart would save of a function that may use it, ms; 0 where it saves nothing.
///
/// # Errors
/// When the input cannot be estimated.
pub fn snapstart_saves(
    model: &Model,
    input: &EstimateInput,
    target: &Target,
) -> Result<f64, InputError> {
    let now = estimate(model, input)?;
    let question = LeverSearch::new(model, input, &now, target);
    let saves = question.saved_ms(|input| input.snapstart = Some(true));
    Ok(tenth(saves.max(0.0)))
}

/// The levers of one function, best first; empty when nothing is worth pulling or the input cannot
/// be estimated.
pub fn levers(
    model: &Model,
    price: &RegionPrices<'_>,
    input: &EstimateInput,
    target: &Target,
    demand: Option<Demand>,
) -> Vec<Lever> {
    let Ok(now) = estimate(model, input) else {
        return Vec::new();
    };
    let Ok(shape) = Shape::of(model, &input.runtime, input.framework.as_deref()) else {
        return Vec::new();
    };
    let mut question = LeverSearch::new(model, input, &now, target);
    let assumed = Assumed {
        demand: demand.unwrap_or_default(),
        by_default: demand.is_none(),
    };
    let command = format!(
        "--region {} --function-name {}",
        quoted(&target.region, "REGION"),
        quoted(&target.name, "FUNCTION")
    );
    snapstart(&mut question, price, target, &shape, &assumed, &command);
    provisioned(&mut question, price, target, &command);
    memory(&mut question, price, &shape, &assumed, &command);
    package(&mut question, target, &command);
    lazy_import(&mut question, &shape);
    sdk(&mut question, &shape);
    client(&mut question);
    architecture(&mut question, price, &assumed, &command);
    extensions(&mut question, target);
    layer(&mut question, target, &command);
    image(&mut question, &command);
    framework(&mut question, &shape);
    let mut found = question.found;
    found.sort_by(|a, b| {
        b.saves_ms
            .total_cmp(&a.saves_ms)
            .then(a.usd_per_month.total_cmp(&b.usd_per_month))
            .then(a.what.cmp(&b.what))
    });
    found.truncate(AT_MOST);
    found
}

/// The traffic that a price rests on.
struct Assumed {
    demand: Demand,
    by_default: bool,
}

impl Assumed {
    fn traffic(&self, amount: &MonthlyAmount) -> String {
        if self.by_default {
            format!(
                "assuming {} calls a month of {} ms, {} % cold; {}",
                self.demand.invocations,
                self.demand.warm_ms,
                self.demand.cold_share * 100.0,
                amount.basis
            )
        } else {
            amount.basis.clone()
        }
    }

    fn cold_starts(&self) -> f64 {
        self.demand.invocations * self.demand.cold_share
    }
}

fn snapstart(
    question: &mut LeverSearch<'_>,
    price: &RegionPrices<'_>,
    target: &Target,
    shape: &Shape,
    assumed: &Assumed,
    command: &str,
) {
    let served = matches!(shape.family, Family::Java | Family::Dotnet | Family::Python);
    if !served || target.snapstart_eligible != Some(true) || question.input.snapstart == Some(true)
    {
        return;
    }
    let java = shape.family == Family::Java;
    // How much of the first call is primed decides: nothing of it, or all.
    let primed = |primed| {
        question.saved_ms(|input| {
            input.snapstart = Some(true);
            input.primed = primed;
        })
    };
    let saves = LeverSaving {
        ms: primed(None),
        low_ms: primed(Some(false)),
        high_ms: question.banded(primed(Some(true))).high_ms,
    };
    let amount = price.snapstart_month(java, question.input.memory_mb, assumed.cold_starts());
    let note = if java {
        amount.basis.clone()
    } else {
        format!("one snapshot kept, {}", assumed.traffic(&amount))
    };
    question.offer(
        "SnapStart, and prime what the first call needs",
        saves,
        amount.usd,
        format!(
            "aws lambda update-function-configuration {command} --snap-start ApplyOn=PublishedVersions && aws lambda wait function-updated-v2 {command} && aws lambda publish-version {command}  # callers must use the version, best by an alias; {note}"
        ),
    );
}

fn provisioned(
    question: &mut LeverSearch<'_>,
    price: &RegionPrices<'_>,
    target: &Target,
    command: &str,
) {
    if !target.provisionable || question.input.snapstart == Some(true) {
        return;
    }
    let arm = question.input.architecture == "arm64";
    let amount = price.provisioned_month(arm, question.input.memory_mb, 1);
    let saves = match target.measured {
        // What was measured is what is saved.
        Some(_) => LeverSaving {
            ms: question.takes_ms,
            low_ms: question.takes_ms,
            high_ms: question.takes_ms,
        },
        None => question.banded(question.takes_ms),
    };
    let qualifier = quoted(&target.qualifier, "ALIAS");
    question.offer(
        "provisioned concurrency of 1",
        saves,
        amount.usd,
        format!(
            "aws lambda put-provisioned-concurrency-config {command} --qualifier {qualifier} --provisioned-concurrent-executions 1  # an alias or version that callers use; calls beyond 1 at a time still start cold; idle price, {}",
            amount.basis
        ),
    );
}

fn memory(
    question: &mut LeverSearch<'_>,
    price: &RegionPrices<'_>,
    shape: &Shape,
    assumed: &Assumed,
    command: &str,
) {
    let now = question.input.memory_mb;
    let full = question.model.value("memory.full_vcpu_mb");
    // Beyond one vCPU only what compiles while it starts gains, and too little to pay for it.
    if f64::from(now) >= full || matches!(shape.family, Family::Native(_)) && now >= 512 {
        return;
    }
    let wanted = if now.saturating_mul(2) > 1769 {
        1769
    } else {
        now.saturating_mul(2)
    };
    let saves = question.saving(|input| input.memory_mb = wanted);
    let arm = question.input.architecture == "arm64";
    // The worst case: warm calls do not get any shorter.
    let milliseconds = assumed.demand.invocations * assumed.demand.warm_ms;
    let amount = price.duration_change((arm, now), (arm, wanted), milliseconds);
    question.offer(
        format!("{wanted} MB of memory instead of {now}"),
        saves,
        amount.usd,
        format!(
            "aws lambda update-function-configuration {command} --memory-size {wanted}  # shortens the first call, not the init; the price is that of warm calls that get no shorter, {}",
            assumed.traffic(&amount)
        ),
    );
}

fn package(question: &mut LeverSearch<'_>, target: &Target, command: &str) {
    let input = question.input;
    let dropped: f64 = target.waste.iter().fold(0.0, |all, (_, mb)| all + mb);
    if dropped > 0.0 {
        let saves = question.saving(|input| {
            input.zip_mb = input.zip_mb.map(|zip| (zip - dropped).max(0.0));
        });
        let kinds: Vec<&str> = target.waste.iter().map(|(kind, _)| kind.as_str()).collect();
        question.offer(
            format!("{dropped:.1} MB of waste left out"),
            saves,
            0.0,
            format!(
                "aws lambda update-function-code {command} --zip-file fileb://slim.zip  # without {}",
                kinds.join(", ")
            ),
        );
    }
    let sized =
        input.zip_mb.is_some() || input.unzipped_mb.is_some() || input.imported_mb.is_some();
    if !sized || question.now.phase(Phase::Init) <= 0.0 {
        return;
    }
    let half = |size: Option<f64>| size.map(|size| size / 2.0);
    let saves = question.saving(|input| {
        input.zip_mb = half(input.zip_mb);
        input.unzipped_mb = half(input.unzipped_mb);
        input.imported_mb = half(input.imported_mb);
    });
    let source = if input.package_type == "image" {
        "--image-uri REPOSITORY:TAG"
    } else {
        "--zip-file fileb://slim.zip"
    };
    question.offer(
        "half the package",
        saves,
        0.0,
        format!(
            "aws lambda update-function-code {command} {source}  # after leaving out what is not imported, tests, maps, and SDKs that the runtime has"
        ),
    );
}

/// Importing the heaviest libraries where they are used. Whether the first call needs them is not known.
fn lazy_import(question: &mut LeverSearch<'_>, shape: &Shape) {
    let model = question.model;
    let Some(language) = shape.family.language() else {
        return;
    };
    let mut costs: Vec<(&str, f64)> = question
        .input
        .packages
        .iter()
        .flatten()
        .filter_map(|name| {
            let (_, cost) = model.package(language, name)?;
            // A web framework handles every call.
            let lazy = cost.group != "framework";
            let factor = model.value(&format!("packages.{}", cost.group));
            Some((name.as_str(), if lazy { cost.ms * factor } else { 0.0 }))
        })
        .collect();
    costs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let all: f64 = costs.iter().map(|(_, ms)| ms).sum();
    let heaviest: Vec<&str> = costs
        .iter()
        .filter(|(_, ms)| *ms >= LAZY_FROM_MS)
        .map(|(name, _)| *name)
        .take(LAZY_AT_MOST)
        .collect();
    if heaviest.is_empty() {
        return;
    }
    let left: f64 = costs.iter().skip(heaviest.len()).map(|(_, ms)| ms).sum();
    // The bytes of the libraries go with their names; they are downloaded all the same.
    let share = left / all;
    let unzipped = model.value("size.unzipped_per_zipped");
    let saves = question
        .saving(|input| {
            if let Some(packages) = &mut input.packages {
                packages.retain(|name| !heaviest.contains(&name.as_str()));
            }
            input.imported_mb = input.imported_mb.map(|mb| mb * share);
            input.unzipped_mb = input
                .unzipped_mb
                .or_else(|| input.zip_mb.map(|zip| zip * unzipped))
                .map(|mb| mb * share);
        })
        .at_most();
    let named = heaviest
        .iter()
        .map(|name| if library(name) { *name } else { "LIBRARY" })
        .collect::<Vec<_>>()
        .join(", ");
    question.offer(
        format!("import {named} only where used"),
        saves,
        0.0,
        format!(
            "in the code, move the import of {named} from the top of the module into the function that uses it  # saves in starts whose first call does not need it, and only moves the time in others"
        ),
    );
}

/// A library's name as package managers allow it.
fn library(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./@".contains(c))
}

/// Creating SDK clients in init, which runs at full speed whatever the memory.
fn client(question: &mut LeverSearch<'_>) {
    if question.input.sdk_client != Some(SdkClient::Handler) {
        return;
    }
    let saves = question.saving(|input| input.sdk_client = Some(SdkClient::Init));
    question.offer(
        "create SDK clients in init",
        saves,
        0.0,
        "in the code, create each SDK client outside the handler and keep it in a module variable  # init runs at boosted speed; warm calls reuse the client".to_owned(),
    );
}

fn sdk(question: &mut LeverSearch<'_>, shape: &Shape) {
    if question.input.uses_sdk != Some(true) || question.input.imported_mb.is_some() {
        return;
    }
    if shape.family == Family::Node {
        let model = question.model;
        let saves = question.banded(
            model.value("sdk.nodejs")
                - model.value("sdk.nodejs_bundled")
                - model.value("load.nodejs.at_1_mb")
                    * model
                        .value("sdk.nodejs_bundled_mb")
                        .powf(model.value("load.nodejs.exponent")),
        );
        question.offer(
            "bundle only the SDK clients in use",
            saves,
            0.0,
            "esbuild app.js --bundle --minify --platform=node --main-fields=module,main --outfile=dist/app.js  # instead of the runtime's copy".to_owned(),
        );
    }
}

fn architecture(
    question: &mut LeverSearch<'_>,
    price: &RegionPrices<'_>,
    assumed: &Assumed,
    command: &str,
) {
    if question.input.architecture != "x86_64" || question.input.package_type != "zip" {
        return;
    }
    let saves = question.saving(|input| "arm64".clone_into(&mut input.architecture));
    let milliseconds = assumed.demand.invocations * assumed.demand.warm_ms;
    let memory = question.input.memory_mb;
    let amount = price.duration_change((false, memory), (true, memory), milliseconds);
    question.offer(
        "arm64 instead of x86_64",
        saves,
        amount.usd,
        format!(
            "aws lambda update-function-code {command} --architectures arm64 --zip-file fileb://arm64.zip  # native dependencies must be built for it; {}",
            assumed.traffic(&amount)
        ),
    );
}

/// Taking out one extension, the one of the costliest kind.
fn extensions(question: &mut LeverSearch<'_>, target: &Target) {
    let kinds = question
        .input
        .extension_kinds
        .as_deref()
        .unwrap_or_default();
    let kind = [
        ExtensionKind::Instrumentation,
        ExtensionKind::OtelCollector,
        ExtensionKind::Plain,
    ]
    .into_iter()
    .find(|kind| kinds.contains(kind));
    if kind.is_none() && question.input.extensions.unwrap_or_default() == 0 {
        return;
    }
    let layer = target
        .extension_layers
        .iter()
        .find(|(_, of)| kind.is_none_or(|kind| kind == *of));
    let mb = layer
        .and_then(|(arn, _)| target.layers.iter().find(|(other, _)| other == arn))
        .map_or(0.0, |(_, mb)| *mb);
    let saves = question.saving(|input| {
        if let Some(kinds) = &mut input.extension_kinds
            && let Some(at) = kinds.iter().position(|other| Some(*other) == kind)
        {
            kinds.remove(at);
        }
        input.extensions = input.extensions.map(|count| count.saturating_sub(1));
        input.zip_mb = input.zip_mb.map(|zip| (zip - mb).max(0.0));
    });
    let which = layer
        .map(|(arn, _)| arn.as_str())
        .filter(|arn| word(arn))
        .unwrap_or("the layer of the extension");
    let what = match kind {
        Some(ExtensionKind::Instrumentation) => "without automatic instrumentation",
        Some(ExtensionKind::OtelCollector) => "without the OpenTelemetry collector",
        Some(ExtensionKind::Plain) | None => "one extension fewer",
    };
    question.offer(
        what,
        saves,
        0.0,
        format!("in Terraform, take {which} out of `layers` of aws_lambda_function"),
    );
}

/// Dropping the largest layer that is no extension. Whether the code imports it is not known here.
fn layer(question: &mut LeverSearch<'_>, target: &Target, command: &str) {
    let largest = target
        .layers
        .iter()
        .filter(|(arn, _)| {
            !target
                .extension_layers
                .iter()
                .any(|(extension, _)| extension == arn)
        })
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    let Some((largest, mb)) = largest else {
        return;
    };
    let saves = question.saving(|input| {
        input.zip_mb = input.zip_mb.map(|zip| (zip - mb).max(0.0));
    });
    let others: Vec<String> = target
        .layers
        .iter()
        .filter(|(arn, _)| arn != largest)
        .map(|(arn, _)| quoted(arn, "LAYER"))
        .collect();
    let kept = if others.is_empty() {
        "[]".to_owned()
    } else {
        others.join(" ")
    };
    question.offer(
        format!("without the layer of {mb:.1} MB"),
        saves,
        0.0,
        format!(
            "aws lambda update-function-configuration {command} --layers {kept}  # where nothing in the code needs {}",
            quoted(largest, "the layer")
        ),
    );
}

/// A zip package instead of a small image.
fn image(question: &mut LeverSearch<'_>, command: &str) {
    let input = question.input;
    let small = input.image_mb.is_some_and(|mb| mb <= ZIP_FITS_MB);
    if input.package_type != "image" || !small {
        return;
    }
    let saves = question.saving(|input| {
        "zip".clone_into(&mut input.package_type);
        input.zip_mb = input.image_mb;
        // What init loads stays the same.
        input.unzipped_mb = input.unzipped_mb.or(Some(0.0));
    });
    question.offer(
        "a zip package instead of the image",
        saves,
        0.0,
        format!(
            "aws lambda create-function {command} --package-type Zip …  # the package type of a function cannot be changed: create another one and move its alias"
        ),
    );
}

/// Advice on frameworks whose start has a part that a build can take over.
fn framework(question: &mut LeverSearch<'_>, shape: &Shape) {
    let model = question.model;
    let part = |phase, begins: &str| -> f64 {
        question
            .now
            .parts
            .iter()
            .filter(|part| part.phase == phase && part.what.starts_with(begins))
            .map(|part| part.ms)
            .sum()
    };
    let built_on = |wanted: &str| shape.built_on.iter().any(|name| name.starts_with(wanted));
    if shape.family == Family::Native(Native::Php) {
        let ms = part(Phase::FirstCall, "framework") * model.value("lever.php_cached_share");
        let how = if built_on("symfony") {
            "php bin/console cache:warmup --env=prod"
        } else {
            "php artisan optimize"
        };
        let saves = question.banded(ms).at_most();
        question.offer(
            "cache configuration, routes and container in the build",
            saves,
            0.0,
            format!(
                "{how}  # before packaging, with OPcache on; the share it saves is a judgement"
            ),
        );
    } else if built_on("next") {
        let ms = part(Phase::Init, "loading") * model.value("lever.nextjs_standalone_share");
        let saves = question.banded(ms).at_most();
        question.offer(
            "package the standalone output of Next.js",
            saves,
            0.0,
            "in next.config.js, set output: \"standalone\" and package .next/standalone  # static pages and assets from a CDN start nothing; the share it saves is a judgement".to_owned(),
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn input(runtime: &str, memory_mb: u32) -> EstimateInput {
        EstimateInput {
            runtime: runtime.to_owned(),
            architecture: "x86_64".to_owned(),
            package_type: "zip".to_owned(),
            memory_mb,
            ..EstimateInput::default()
        }
    }

    fn target() -> Target {
        Target {
            name: "orders".to_owned(),
            region: "us-east-1".to_owned(),
            qualifier: "live".to_owned(),
            snapstart_eligible: Some(true),
            provisionable: true,
            measured: None,
            correction: None,
            waste: Vec::new(),
            extension_layers: Vec::new(),
            layers: Vec::new(),
        }
    }

    fn ask(input: &EstimateInput, target: &Target) -> Vec<Lever> {
        levers(
            Model::builtin().unwrap(),
            &crate::Prices::builtin()
                .unwrap()
                .of(&target.region)
                .unwrap(),
            input,
            target,
            None,
        )
    }

    fn find<'a>(levers: &'a [Lever], word: &str) -> Option<&'a Lever> {
        levers.iter().find(|lever| lever.what.contains(word))
    }

    #[test]
    fn a_spring_boot_function_gets_snapstart_for_nothing() {
        let spring = EstimateInput {
            framework: Some("spring-boot".to_owned()),
            uses_sdk: Some(true),
            ..input("java21", 1024)
        };
        let levers = ask(&spring, &target());
        let snapstart = find(&levers, "SnapStart").unwrap();
        assert!(snapstart.saves_ms > 1000.0);
        assert!(snapstart.usd_per_month.abs() < f64::EPSILON);
        assert!(snapstart.how.contains("--function-name 'orders'"));
    }

    #[test]
    fn a_bare_java_function_is_not_sent_to_snapstart() {
        // 238 ms of init against a restore of 778 ms: slower, not faster.
        assert!(find(&ask(&input("java21", 1024), &target()), "SnapStart").is_none());
    }

    #[test]
    fn snapstart_is_not_offered_where_it_cannot_be_had() {
        let spring = EstimateInput {
            framework: Some("spring-boot".to_owned()),
            ..input("java21", 1024)
        };
        for eligible in [Some(false), None] {
            let target = Target {
                snapstart_eligible: eligible,
                ..target()
            };
            assert!(find(&ask(&spring, &target), "SnapStart").is_none());
        }
    }

    #[test]
    fn memory_is_offered_only_where_the_first_call_gains() {
        let sdk = EstimateInput {
            uses_sdk: Some(true),
            ..input("nodejs22.x", 128)
        };
        assert!(find(&ask(&sdk, &target()), "256 MB").is_some());
        assert!(find(&ask(&input("python3.13", 1024), &target()), "memory").is_none());
        let full = EstimateInput {
            uses_sdk: Some(true),
            ..input("nodejs22.x", 1769)
        };
        assert!(find(&ask(&full, &target()), "memory").is_none());
    }

    #[test]
    fn a_kept_environment_costs_its_memory_and_saves_the_whole_start() {
        let levers = ask(&input("java21", 1024), &target());
        let kept = find(&levers, "provisioned").unwrap();
        // 4.1667e-6 USD a GB-second * 2628000 s.
        assert!((kept.usd_per_month - 10.95).abs() < 0.005);
        assert!(kept.how.contains("--qualifier 'live'"));
    }

    #[test]
    fn the_largest_layer_that_is_no_extension_may_go() {
        let arn = |name: &str| format!("arn:aws:lambda:us-east-1:111111111111:layer:{name}:1");
        let target = Target {
            extension_layers: vec![(arn("agent"), ExtensionKind::Plain)],
            layers: vec![
                (arn("agent"), 30.0),
                (arn("shared"), 2.0),
                (arn("pandas"), 20.0),
            ],
            ..target()
        };
        let input = EstimateInput {
            zip_mb: Some(60.0),
            ..input("python3.13", 512)
        };
        let levers = ask(&input, &target);
        let layer = find(&levers, "without the layer").unwrap();
        assert_eq!(layer.what, "without the layer of 20.0 MB");
        assert!(layer.saves_ms > 100.0);
        // Setting layers replaces all of them: those that stay are named, in their order.
        let kept = format!("--layers '{}' '{}'  #", arn("agent"), arn("shared"));
        assert!(layer.how.contains(&kept), "{}", layer.how);
    }

    #[test]
    fn no_lever_saves_more_than_the_start_takes() {
        let heavy = EstimateInput {
            uses_sdk: Some(true),
            zip_mb: Some(200.0),
            ..input("java21", 512)
        };
        let now = estimate(Model::builtin().unwrap(), &heavy).unwrap();
        let takes = now.output("").reported_ms;
        for (measured, takes) in [(None, takes), (Some((900.0, 40.0)), 940.0)] {
            let target = Target {
                measured,
                ..target()
            };
            let levers = ask(&heavy, &target);
            assert!(find(&levers, "provisioned").is_some());
            for lever in levers {
                assert!(lever.saves_ms <= takes, "{lever:?} of {takes} ms");
                assert!(
                    0.0 <= lever.saves_low_ms
                        && lever.saves_low_ms <= lever.saves_ms
                        && lever.saves_ms <= lever.saves_high_ms,
                    "{lever:?}"
                );
            }
        }
    }

    #[test]
    fn the_heaviest_libraries_may_be_imported_where_they_are_used() {
        let data = EstimateInput {
            packages: Some(
                ["requests", "pandas", "numpy", "pyarrow", "boto3"]
                    .map(str::to_owned)
                    .into(),
            ),
            zip_mb: Some(60.0),
            unzipped_mb: Some(210.0),
            uses_sdk: Some(true),
            ..input("python3.13", 1024)
        };
        let levers = ask(&data, &target());
        let lazy = find(&levers, "only where used").unwrap();
        assert_eq!(lazy.what, "import pandas, pyarrow, numpy only where used");
        assert!(lazy.saves_ms > 500.0, "{lazy:?}");
        // The first call may need them.
        assert!(lazy.saves_low_ms.abs() < f64::EPSILON);
        // A web framework handles every call.
        let web = EstimateInput {
            packages: Some(vec!["@nestjs/core".to_owned()]),
            ..input("nodejs22.x", 1024)
        };
        assert!(find(&ask(&web, &target()), "only where used").is_none());
    }

    #[test]
    fn a_client_that_the_handler_creates_belongs_in_init() {
        let with = |sdk_client| EstimateInput {
            uses_sdk: Some(true),
            sdk_client,
            ..input("python3.13", 128)
        };
        let levers = ask(&with(Some(SdkClient::Handler)), &target());
        // 128 MB: about 1 s of the first call against 0.2 s of init.
        assert!(find(&levers, "SDK clients in init").unwrap().saves_ms > 300.0);
        for other in [None, Some(SdkClient::Init)] {
            assert!(find(&ask(&with(other), &target()), "SDK clients").is_none());
        }
    }

    #[test]
    fn instrumentation_goes_before_other_extensions() {
        let arn = |name: &str| format!("arn:aws:lambda:us-east-1:111111111111:layer:{name}:1");
        let target = Target {
            extension_layers: vec![
                (arn("logs"), ExtensionKind::Plain),
                (arn("tracing"), ExtensionKind::Instrumentation),
            ],
            ..target()
        };
        let input = EstimateInput {
            extensions: Some(2),
            extension_kinds: Some(vec![ExtensionKind::Plain, ExtensionKind::Instrumentation]),
            uses_sdk: Some(false),
            ..input("python3.13", 512)
        };
        let levers = ask(&input, &target);
        let lever = find(&levers, "without automatic instrumentation").unwrap();
        // 1.17 s in the model.
        assert!((1000.0..1300.0).contains(&lever.saves_ms), "{lever:?}");
        assert!(lever.how.contains(&arn("tracing")));
    }

    #[test]
    fn a_small_image_may_be_a_zip() {
        let small = EstimateInput {
            package_type: "image".to_owned(),
            image_mb: Some(60.0),
            uses_sdk: Some(false),
            ..input("nodejs22.x", 1024)
        };
        // 293 ms as an image, 140 as a zip (lambda-perf), and the download of 60 MB.
        let levers = ask(&small, &target());
        assert!(find(&levers, "zip package").is_none_or(|lever| lever.saves_ms < 153.0));
        let large = EstimateInput {
            image_mb: Some(900.0),
            ..small
        };
        assert!(find(&ask(&large, &target()), "zip package").is_none());
    }

    #[test]
    fn frameworks_have_their_own_advice() {
        let laravel = EstimateInput {
            framework: Some("laravel".to_owned()),
            ..input("provided.al2023", 512)
        };
        assert!(find(&ask(&laravel, &target()), "configuration, routes").is_some());
        let next = EstimateInput {
            framework: Some("nextjs".to_owned()),
            ..input("nodejs22.x", 1024)
        };
        assert!(find(&ask(&next, &target()), "standalone").is_some());
    }

    #[test]
    fn a_price_of_another_region_is_named_as_such() {
        let kept = |region: &str| {
            let target = Target {
                region: region.to_owned(),
                ..target()
            };
            let levers = ask(&input("java21", 1024), &target);
            find(&levers, "provisioned").unwrap().how.clone()
        };
        assert!(kept("us-east-1").ends_with("prices of 2025-10"));
        assert!(kept("eu-west-1").ends_with("priced as us-east-1, 2025-10"));
    }

    /// The fact that checks compare and the lever that reports name are one figure.
    #[test]
    fn snapstart_saves_one_figure() {
        let spring = EstimateInput {
            framework: Some("spring-boot".to_owned()),
            uses_sdk: Some(true),
            ..input("java21", 1024)
        };
        for measured in [None, Some((9_000.0, 2_800.0))] {
            let target = Target {
                measured,
                ..target()
            };
            let levers = ask(&spring, &target);
            let saves = snapstart_saves(Model::builtin().unwrap(), &spring, &target).unwrap();
            assert!((find(&levers, "SnapStart").unwrap().saves_ms - saves).abs() < 0.05);
        }
    }

    #[test]
    fn levers_come_best_first_and_few() {
        let heavy = EstimateInput {
            uses_sdk: Some(true),
            zip_mb: Some(30.0),
            extensions: Some(2),
            ..input("nodejs22.x", 256)
        };
        let levers = ask(&heavy, &target());
        assert!(levers.len() <= AT_MOST);
        assert!(levers.is_sorted_by(|a, b| a.saves_ms >= b.saves_ms));
    }

    #[test]
    fn a_hostile_name_never_reaches_a_command() {
        let target = Target {
            name: "x'; rm -rf ~; '".to_owned(),
            ..target()
        };
        for lever in ask(&input("java21", 1024), &target) {
            assert!(!lever.how.contains("rm -rf"), "{}", lever.how);
        }
    }
}
