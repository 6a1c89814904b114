//! The estimator's numbers: a dated data file, with the source of each of them.
//!
//! A model that lacks a coefficient is refused when it is read, so that the arithmetic never has to
//! ask. Users replace the file with `--cold-start-model`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::shape::plain;

/// The identifier of the file format.
pub const SCHEMA: &str = "coldbucket-cold-start-model/1";

/// A model, as in `data/cold-start-model.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the numbers were put together, `YYYY-MM-DD`.
    pub date: String,
    /// Citations by the short names that coefficients use.
    pub sources: BTreeMap<String, String>,
    /// Median Init Duration of a bare function by runtime, ms. OS-only runtimes are written
    /// `<what it runs>.<al2|al2023>`.
    pub base: BTreeMap<String, Cells>,
    /// Median Restore Duration of a bare function with SnapStart, by runtime, ms.
    pub restore: BTreeMap<String, f64>,
    /// Where nothing was measured: the runtime whose cells stand in.
    pub like: BTreeMap<String, String>,
    /// What loading a library or framework costs, by language and name; names in lower case, letters
    /// and digits alone.
    pub packages: BTreeMap<String, BTreeMap<String, PackageCost>>,
    /// Everything else.
    pub coefficients: BTreeMap<String, Coefficient>,
    /// The band of each kind of program, as factors of the estimate.
    pub bands: BTreeMap<String, Band>,
}

/// Median Init Durations of one runtime, ms; absent where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    /// Zip on x86_64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_x86_64: Option<f64>,
    /// Zip on arm64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_arm64: Option<f64>,
    /// Container image on x86_64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_x86_64: Option<f64>,
    /// Container image on arm64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_arm64: Option<f64>,
}

impl Cells {
    /// The cell of a packaging and an architecture.
    pub fn get(&self, image: bool, arm: bool) -> Option<f64> {
        match (image, arm) {
            (false, false) => self.zip_x86_64,
            (false, true) => self.zip_arm64,
            (true, false) => self.image_x86_64,
            (true, true) => self.image_arm64,
        }
    }
}

/// What a library or a framework adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageCost {
    /// To init, from a zip on x86_64, without what it imports of the others, ms.
    pub ms: f64,
    /// The coefficient `packages.GROUP` that it is multiplied by.
    pub group: String,
    /// To the first call, ms at 1 MB of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// The name that the same library has elsewhere in the table: of all its names, one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// The number.
    pub value: f64,
    /// Its unit, for a reader.
    pub unit: String,
    /// Whether the fit found it.
    pub how: How,
    /// What it is where no measurement speaks: the fit is drawn to it with very little weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<f64>,
    /// Authors whose measurements the fit moved it by; the fit writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Short names of the sources.
    pub source: Vec<String>,
    /// Date of the sources, `YYYY` to `YYYY-MM-DD`.
    pub date: String,
    /// What else one should know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// By the fit, from the measurements file.
    Fitted,
    /// By hand, from the sources named.
    Set,
}

/// Factors that bracket an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Lower and upper end that the fit draws the band to where few authors speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<(f64, f64)>,
}

/// Why a model cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not YAML of this form.
    #[error("{0}")]
    Form(String),
    /// Another format.
    #[error("schema is {0:?}, and this version reads {SCHEMA:?}")]
    Schema(String),
    /// Names that are missing, or numbers that make no sense.
    #[error("{}", .0.join("; "))]
    Content(Vec<String>),
}

/// The coefficients that [`super::estimate`] uses.
pub const COEFFICIENTS: &[&str] = &[
    "pre_init.floor_ms",
    "pre_init.image_floor_ms",
    "pre_init.free_mb",
    "pre_init.ms_per_zip_mb",
    "base.arm64_factor",
    "base.image_factor",
    "base.code_ms",
    "base.go1x_factor",
    "base.dotnet_before_6_factor",
    "sdk.nodejs",
    "sdk.nodejs_bundled",
    "sdk.nodejs_bundled_mb",
    "sdk.python.x86_64",
    "sdk.python.arm64",
    "sdk.python.import_ms",
    "sdk.nodejs.import_ms",
    "sdk.ruby",
    "sdk.rust.x86_64",
    "sdk.rust.arm64",
    "sdk.go",
    "sdk.dotnet_aot",
    "sdk.graalvm",
    "sdk.llrt",
    "size.unzipped_per_zipped",
    "size.imported_share",
    "size.imported_share.nodejs",
    "load.nodejs.at_1_mb",
    "load.nodejs.exponent",
    "load.nodejs.image_factor",
    "load.python.pure",
    "load.python.numeric",
    "load.python.ml",
    "load.python.image_factor",
    "load.ruby.ms_per_mb",
    "packages.pure",
    "packages.numeric",
    "packages.ml",
    "packages.module",
    "packages.framework",
    "packages.by_name_share",
    "packages.unknown.python",
    "packages.unknown.nodejs",
    "java.app_ms",
    "java.app.init_share",
    "java.app.init_share_init",
    "java.app.init_share_handler",
    "java.app.init_share_web_adapter",
    "java.app.without_sdk",
    "java.jar_mb",
    "java.jar_exponent",
    "java.factor.spring_boot",
    "java.factor.micronaut",
    "java.factor.quarkus",
    "dotnet.aspnet_init_ms",
    "php.init_ms",
    "php.first_ms",
    "php.first",
    "web_adapter.init_ms",
    "first.bare.nodejs",
    "first.bare.python",
    "first.bare.ruby",
    "first.bare.java",
    "first.bare.dotnet",
    "first.bare.native",
    "first.sdk.nodejs.fixed_ms",
    "first.sdk.nodejs",
    "first.sdk.python.fixed_ms",
    "first.sdk.python",
    "first.sdk.ruby",
    "first.sdk.rust.fixed_ms",
    "first.sdk.rust",
    "first.sdk.go",
    "first.sdk.llrt",
    "first.sdk.dotnet_aot",
    "first.sdk.graalvm",
    "first.client.nodejs",
    "first.client.python",
    "first.sized.dotnet",
    "first.app.dotnet",
    "first.aspnet.dotnet",
    "first.factor.aspnet",
    "first.factor.aot_aspnet",
    "first.factor.ready_to_run",
    "first.factor.dotnet_arm64",
    "memory.full_vcpu_mb",
    "memory.jit_load_exponent",
    "memory.jit_base_exponent",
    "memory.jit_small_exponent",
    "restore.java",
    "restore.dotnet",
    "restore.python",
    "restore.first_call_share",
    "restore.first_call_share_primed",
    "restore.program_share_unprimed",
    "extension.first_ms",
    "extension.further_ms",
    "extension.unknown_ms",
    "extension.otel_collector_ms",
    "extension.instrumentation.nodejs",
    "extension.instrumentation.python",
    "extension.instrumentation.other",
    "lever.php_cached_share",
    "lever.nextjs_standalone_share",
];

/// The bands that [`super::estimate`] uses.
pub const BANDS: &[&str] = &[
    "bare",
    "bare-image",
    "sdk",
    "node-packages",
    "python-packages",
    "ruby-packages",
    "web-framework",
    "native-sdk",
    "java-application",
    "dotnet-application",
    "php",
    "extension",
    "instrumentation",
    "restore",
    "snapstart",
    "snapstart-unprimed",
    "widen-stand-in",
    "widen-size-only",
    "widen-extension-kind",
    "widen-packages",
];

impl Model {
    /// The model shipped with the program.
    ///
    /// # Errors
    /// Only when the shipped file is defective, which a test rules out.
    pub fn builtin() -> Result<&'static Self, ModelError> {
        static MODEL: OnceLock<Result<Model, ModelError>> = OnceLock::new();
        MODEL
            .get_or_init(|| Self::parse(include_str!("../data/cold-start-model.yaml")))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When it is not of this form, lacks a name or has a number that makes no sense; all of it at
    /// once where the form is right.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self =
            serde_saphyr::from_str(text).map_err(|error| ModelError::Form(error.to_string()))?;
        if model.schema != SCHEMA {
            return Err(ModelError::Schema(model.schema));
        }
        let problems = model.problems();
        if problems.is_empty() {
            Ok(model)
        } else {
            Err(ModelError::Content(problems))
        }
    }

    fn problems(&self) -> Vec<String> {
        let sound = |value: f64| value.is_finite() && value >= 0.0;
        let mut problems = Vec::new();
        for name in COEFFICIENTS {
            match self.coefficients.get(*name) {
                None => problems.push(format!("coefficients.{name} is missing")),
                Some(coefficient) if !sound(coefficient.value) => problems.push(format!(
                    "coefficients.{name} is {}, and must be a number from 0 up",
                    coefficient.value
                )),
                Some(_) => {}
            }
        }
        if self.value("memory.full_vcpu_mb") < 1.0 {
            problems.push("coefficients.memory.full_vcpu_mb must be at least 1".to_owned());
        }
        for name in self.coefficients.keys() {
            if !COEFFICIENTS.contains(&name.as_str()) {
                problems.push(format!("coefficients.{name} is not known"));
            }
        }
        for name in BANDS {
            match self.bands.get(*name) {
                None => problems.push(format!("bands.{name} is missing")),
                Some(band) if !(sound(band.low) && sound(band.high)) => {
                    problems.push(format!("bands.{name} must have numbers from 0 up"));
                }
                Some(band) if band.low > 1.0 || band.high < 1.0 => {
                    problems.push(format!("bands.{name} must bracket 1"));
                }
                Some(_) => {}
            }
        }
        for (name, cells) in &self.base {
            let values = [
                cells.zip_x86_64,
                cells.zip_arm64,
                cells.image_x86_64,
                cells.image_arm64,
            ];
            if values.iter().all(Option::is_none) {
                problems.push(format!("base.{name} has no cell"));
            }
            if values.into_iter().flatten().any(|value| !sound(value)) {
                problems.push(format!("base.{name} must have numbers from 0 up"));
            }
        }
        for (name, value) in &self.restore {
            if !sound(*value) {
                problems.push(format!("restore.{name} must be a number from 0 up"));
            }
        }
        for (language, costs) in &self.packages {
            for (name, other) in costs
                .iter()
                .filter_map(|(name, cost)| Some((name, cost.same_as.as_ref()?)))
            {
                if !costs.contains_key(other) {
                    problems.push(format!(
                        "packages.{language}.{name}: same_as {other} is not there"
                    ));
                }
            }
        }
        for (name, cost) in self.packages.values().flatten() {
            if !(sound(cost.ms) && sound(cost.first.unwrap_or_default())) {
                problems.push(format!("packages: {name} must have numbers from 0 up"));
            }
            if !COEFFICIENTS.contains(&format!("packages.{}", cost.group).as_str()) {
                problems.push(format!("packages: {name} has an unknown group"));
            }
        }
        for (name, like) in &self.like {
            if !self.base.contains_key(like) {
                problems.push(format!("like.{name}: base has no {like}"));
            }
        }
        problems
    }

    /// What a library of a language costs, with its name in the table: by its own name, else by its
    /// scope's (`@nestjs/core`, then `@nestjs`). Languages are those of
    /// [`Family::language`](super::shape::Family::language).
    pub fn package(&self, language: &str, name: &str) -> Option<(&str, &PackageCost)> {
        let costs = self.packages.get(language)?;
        let (name, cost) = costs.get_key_value(&plain(name)).or_else(|| {
            let (scope, _) = name.split_once('/')?;
            costs.get_key_value(&plain(scope))
        })?;
        Some((name, cost))
    }

    /// A coefficient. Zero for a name that is not in [`COEFFICIENTS`], which reading rules out.
    pub fn value(&self, name: &str) -> f64 {
        self.coefficients
            .get(name)
            .map_or(0.0, |coefficient| coefficient.value)
    }

    /// A band; the one that says nothing for a name that is not in [`BANDS`].
    pub fn band(&self, name: &str) -> Band {
        self.bands.get(name).copied().unwrap_or(Band {
            low: 0.0,
            high: f64::MAX,
            prior: None,
        })
    }
}
