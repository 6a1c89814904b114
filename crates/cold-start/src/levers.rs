//! What would make a function start faster: the estimator's own answers to what-if questions.
//!
//! A lever is an input changed and estimated again, so it never promises what the model does not
//! believe: more memory shortens the first call and leaves the init alone, SnapStart for a function
//! that starts quickly saves nothing and is not offered. Savings are in what a caller waits, and never
//! more than init and first call take, which is the number a start is known by. Where a price depends
//! on traffic that was not measured, [`Demand::default`] is assumed and the text says so.

use super::estimate::{Estimate, InputError, Phase, estimate, tenth};
use super::model::Model;
use super::prices::{Prices, RegionPrices};
use super::shape::{Family, Shape};
use crate::contract::EstimateInput;
use crate::contract::Lever;

/// Savings below this are not worth a line, ms.
const WORTH_MS: f64 = 10.0;

/// Nor are savings below this share of init and first call.
const WORTH_SHARE: f64 = 0.03;

/// At most so many levers a function.
const AT_MOST: usize = 5;

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
    /// What the package could leave out: its kind and its compressed size, MB.
    pub waste: Vec<(String, f64)>,
    /// Layers that are extensions, by ARN.
    pub extension_layers: Vec<String>,
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

struct Question<'a> {
    model: &'a Model,
    input: &'a EstimateInput,
    now: &'a Estimate,
    /// Init and first call, measured where they were.
    takes_ms: f64,
    /// What was measured over what is estimated, for init and for the first call.
    ratios: (f64, f64),
    found: Vec<Lever>,
}

impl<'a> Question<'a> {
    fn new(model: &'a Model, input: &'a EstimateInput, now: &'a Estimate, target: &Target) -> Self {
        let over = |measured: f64, phase| {
            let estimated = now.phase(phase);
            if estimated > 0.0 {
                measured / estimated
            } else {
                1.0
            }
        };
        let (init, first) = target
            .measured
            .unwrap_or_else(|| (now.phase(Phase::Init), now.phase(Phase::FirstCall)));
        Self {
            model,
            input,
            now,
            // Rounded as reports round it.
            takes_ms: tenth(tenth(init) + tenth(first)),
            ratios: target.measured.map_or((1.0, 1.0), |(init, first)| {
                (over(init, Phase::Init), over(first, Phase::FirstCall))
            }),
            found: Vec::new(),
        }
    }

    /// Milliseconds a caller would save: never more than the start takes.
    fn saving(&self, change: impl FnOnce(&mut EstimateInput)) -> f64 {
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

    fn offer(&mut self, what: impl Into<String>, saves_ms: f64, usd: f64, how: String) {
        if saves_ms >= WORTH_MS && saves_ms >= self.takes_ms * WORTH_SHARE {
            self.found.push(Lever {
                what: what.into(),
                saves_ms: tenth(saves_ms.min(self.takes_ms)),
                usd_per_month: (usd * 100.0).round() / 100.0,
                how,
            });
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
    let question = Question::new(model, input, &now, target);
    let saves = question.saving(|input| input.snapstart = Some(true));
    Ok(tenth(saves.max(0.0)))
}

/// The levers of one function, best first; empty when nothing is worth pulling or the input cannot
/// be estimated.
pub fn levers(
    model: &Model,
    prices: &Prices,
    input: &EstimateInput,
    target: &Target,
    demand: Option<Demand>,
) -> Vec<Lever> {
    let (Ok(now), Some((price, own))) = (estimate(model, input), prices.of(&target.region)) else {
        return Vec::new();
    };
    let Ok(shape) = Shape::of(model, &input.runtime, input.framework.as_deref()) else {
        return Vec::new();
    };
    let mut question = Question::new(model, input, &now, target);
    let assumed = Assumed {
        demand: demand.unwrap_or_default(),
        by_default: demand.is_none(),
        own_prices: own,
        date: &prices.date,
    };
    let command = format!(
        "--region {} --function-name {}",
        quoted(&target.region, "REGION"),
        quoted(&target.name, "FUNCTION")
    );
    snapstart(&mut question, price, target, &shape, &assumed, &command);
    provisioned(&mut question, price, target, &assumed, &command);
    memory(&mut question, price, &shape, &assumed, &command);
    package(&mut question, target, &command);
    sdk(&mut question, &shape);
    architecture(&mut question, price, &assumed, &command);
    extensions(&mut question, target);
    layer(&mut question, target, &command);
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

/// What a price rests on.
struct Assumed<'a> {
    demand: Demand,
    by_default: bool,
    own_prices: bool,
    date: &'a str,
}

impl Assumed<'_> {
    fn prices(&self) -> String {
        if self.own_prices {
            format!("prices of {}", self.date)
        } else {
            format!("prices of us-east-1, {}", self.date)
        }
    }

    fn traffic(&self) -> String {
        if self.by_default {
            format!(
                "assuming {} calls a month of {} ms, {} % cold; {}",
                self.demand.invocations,
                self.demand.warm_ms,
                self.demand.cold_share * 100.0,
                self.prices()
            )
        } else {
            self.prices()
        }
    }

    fn cold_starts(&self) -> f64 {
        self.demand.invocations * self.demand.cold_share
    }
}

fn snapstart(
    question: &mut Question<'_>,
    price: &RegionPrices,
    target: &Target,
    shape: &Shape,
    assumed: &Assumed<'_>,
    command: &str,
) {
    let served = matches!(shape.family, Family::Java | Family::Dotnet | Family::Python);
    if !served || target.snapstart_eligible != Some(true) || question.input.snapstart == Some(true)
    {
        return;
    }
    let java = shape.family == Family::Java;
    let saves = question.saving(|input| input.snapstart = Some(true));
    let usd = price.snapstart_month(java, question.input.memory_mb, assumed.cold_starts());
    let note = if java {
        "free for Java".to_owned()
    } else {
        format!("one snapshot kept, {}", assumed.traffic())
    };
    question.offer(
        "SnapStart, and prime what the first call needs",
        saves,
        usd,
        format!(
            "aws lambda update-function-configuration {command} --snap-start ApplyOn=PublishedVersions && aws lambda wait function-updated-v2 {command} && aws lambda publish-version {command}  # callers must use the version, best by an alias; {note}"
        ),
    );
}

fn provisioned(
    question: &mut Question<'_>,
    price: &RegionPrices,
    target: &Target,
    assumed: &Assumed<'_>,
    command: &str,
) {
    if !target.provisionable || question.input.snapstart == Some(true) {
        return;
    }
    let arm = question.input.architecture == "arm64";
    let usd = price.provisioned_month(arm, question.input.memory_mb, 1);
    let saves = question.takes_ms;
    let qualifier = quoted(&target.qualifier, "ALIAS");
    question.offer(
        "provisioned concurrency of 1",
        saves,
        usd,
        format!(
            "aws lambda put-provisioned-concurrency-config {command} --qualifier {qualifier} --provisioned-concurrent-executions 1  # an alias or version that callers use; calls beyond 1 at a time still start cold; idle price, {}",
            assumed.prices()
        ),
    );
}

fn memory(
    question: &mut Question<'_>,
    price: &RegionPrices,
    shape: &Shape,
    assumed: &Assumed<'_>,
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
    let usd = price.duration_month(arm, wanted, milliseconds)
        - price.duration_month(arm, now, milliseconds);
    question.offer(
        format!("{wanted} MB of memory instead of {now}"),
        saves,
        usd,
        format!(
            "aws lambda update-function-configuration {command} --memory-size {wanted}  # shortens the first call, not the init; the price is that of warm calls that get no shorter, {}",
            assumed.traffic()
        ),
    );
}

fn package(question: &mut Question<'_>, target: &Target, command: &str) {
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
    question.offer(
        "half the package",
        saves,
        0.0,
        format!(
            "aws lambda update-function-code {command} --zip-file fileb://slim.zip  # after leaving out what is not imported, tests, maps, and SDKs that the runtime has"
        ),
    );
}

fn sdk(question: &mut Question<'_>, shape: &Shape) {
    if question.input.uses_sdk != Some(true) || question.input.imported_mb.is_some() {
        return;
    }
    if shape.family == Family::Node {
        let model = question.model;
        let saves = model.value("sdk.nodejs")
            - model.value("sdk.nodejs_bundled")
            - model.value("load.nodejs.at_1_mb")
                * 0.3_f64.powf(model.value("load.nodejs.exponent"));
        question.offer(
            "bundle only the SDK clients in use",
            saves,
            0.0,
            "esbuild app.js --bundle --minify --platform=node --main-fields=module,main --outfile=dist/app.js  # instead of the runtime's copy".to_owned(),
        );
    }
}

fn architecture(
    question: &mut Question<'_>,
    price: &RegionPrices,
    assumed: &Assumed<'_>,
    command: &str,
) {
    if question.input.architecture != "x86_64" || question.input.package_type != "zip" {
        return;
    }
    let saves = question.saving(|input| "arm64".clone_into(&mut input.architecture));
    let milliseconds = assumed.demand.invocations * assumed.demand.warm_ms;
    let memory = question.input.memory_mb;
    let usd = price.duration_month(true, memory, milliseconds)
        - price.duration_month(false, memory, milliseconds);
    question.offer(
        "arm64 instead of x86_64",
        saves,
        usd,
        format!(
            "aws lambda update-function-code {command} --architectures arm64 --zip-file fileb://arm64.zip  # native dependencies must be built for it; {}",
            assumed.traffic()
        ),
    );
}

fn extensions(question: &mut Question<'_>, target: &Target) {
    let Some(count) = question.input.extensions.filter(|count| *count > 0) else {
        return;
    };
    let saves = question.saving(|input| input.extensions = Some(count - 1));
    let which = target
        .extension_layers
        .first()
        .filter(|arn| word(arn))
        .cloned()
        .unwrap_or_else(|| "the layer of the extension".to_owned());
    question.offer(
        "one extension fewer",
        saves,
        0.0,
        format!("in Terraform, take {which} out of `layers` of aws_lambda_function"),
    );
}

/// Dropping the largest layer that is no extension. Whether the code imports it is not known here.
fn layer(question: &mut Question<'_>, target: &Target, command: &str) {
    let largest = target
        .layers
        .iter()
        .filter(|(arn, _)| !target.extension_layers.contains(arn))
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
            waste: Vec::new(),
            extension_layers: Vec::new(),
            layers: Vec::new(),
        }
    }

    fn ask(input: &EstimateInput, target: &Target) -> Vec<Lever> {
        levers(
            Model::builtin().unwrap(),
            Prices::builtin().unwrap(),
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
            extension_layers: vec![arn("agent")],
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
            }
        }
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
