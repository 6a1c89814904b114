//! The arithmetic: parts in, milliseconds and a band out.
//!
//! ```text
//! pre-init   = floor + slope · zipped MB above a few            (zip; images: the floor)
//! init       = base[runtime, packaging, architecture] + SDK + load(packages, imported MB) + extensions
//!              or, with SnapStart, the restore
//! first call = fixed + c / min(memory, 1769 MB)
//! reported   = init + first call;   caller = pre-init + reported
//! ```
//!
//! Java and .NET programs that use an SDK or a framework are not scaled by size: most of their start
//! is class loading and compilation, which splits between init and first call. Members of the input
//! that are absent are not known: the estimate takes the plainest reading and the band says so.

use super::bias::AccountBias;
use super::model::{Band, Model, PackageCost};
use super::shape::{Family, Framework, Native, Shape, ShapeError, plain};
use crate::contract::{EstimateInput, EstimateOutput, ExtensionKind, Precision, SdkClient};

/// On-demand init is cut off and repeated in the first call after this long, ms (AWS, "Understanding
/// the Lambda execution environment lifecycle", 2026-09 copy).
pub const INIT_LIMIT_MS: f64 = 10_000.0;

/// Package size from which a zip is surely more than a handler file, MB.
const NOTICEABLE_ZIP_MB: f64 = 0.05;

/// The stretch of a cold start that a part belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before init; in no metric.
    PreInit,
    /// Init Duration, or Restore Duration.
    Init,
    /// What the first call takes beyond a warm one.
    FirstCall,
}

/// One contribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub what: String,
    /// Where it falls.
    pub phase: Phase,
    /// How long, ms.
    pub ms: f64,
}

/// An estimate with its parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Contributions in the order they happen.
    pub parts: Vec<Part>,
    /// Lower end around init + first call, ms.
    pub low_ms: f64,
    /// Upper end around init + first call, ms.
    pub high_ms: f64,
    /// Lower end around init, ms.
    pub init_low_ms: f64,
    /// Upper end around init, ms.
    pub init_high_ms: f64,
    /// What it rests on, one remark each.
    pub basis: Vec<String>,
    /// The kind of function, which decides the band: a name of [`super::model::BANDS`].
    pub kind: &'static str,
}

/// Why an input cannot be estimated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Not one of the two architectures.
    #[error("architecture is {0:?}; it can be x86_64 or arm64")]
    Architecture(String),
    /// Not one of the two package types.
    #[error("package_type is {0:?}; it can be zip or image")]
    PackageType(String),
    /// Memory below Lambda's minimum of 128 MB or above its maximum of 32768.
    #[error("memory_mb is {0}; it can be 128 to 32768")]
    Memory(u32),
    /// A size that is not a number from 0 up.
    #[error("{0} must be a number from 0 to 1000000")]
    Size(&'static str),
    /// Nothing like the runtime was ever measured.
    #[error("nothing is known about runtime {0:?}")]
    Runtime(String),
    /// The input does not say what kind of program it is.
    #[error(transparent)]
    Kind(#[from] ShapeError),
}

/// What the named packages and frameworks cost.
struct Packages {
    init_ms: f64,
    first: f64,
    named: u32,
    unknown: u32,
    known: Vec<String>,
    web: bool,
    ml: bool,
    pure: bool,
}

impl Default for Packages {
    fn default() -> Self {
        Self {
            init_ms: 0.0,
            first: 0.0,
            named: 0,
            unknown: 0,
            known: Vec::new(),
            web: false,
            ml: false,
            pure: true,
        }
    }
}

impl Estimate {
    /// The sum of a phase, ms.
    pub fn phase(&self, phase: Phase) -> f64 {
        self.parts
            .iter()
            .filter(|part| part.phase == phase)
            .map(|part| part.ms)
            .sum()
    }

    /// Init + first call, what the REPORT line would show, ms.
    pub fn reported_ms(&self) -> f64 {
        self.phase(Phase::Init) + self.phase(Phase::FirstCall)
    }

    /// What a caller waits beyond a warm call, ms.
    pub fn caller_ms(&self) -> f64 {
        self.phase(Phase::PreInit) + self.reported_ms()
    }

    /// The machine form, rounded to a tenth of a millisecond.
    pub fn output(&self, id: &str) -> EstimateOutput {
        let pre_init_ms = tenth(self.phase(Phase::PreInit));
        let init_ms = tenth(self.phase(Phase::Init));
        let first_call_ms = tenth(self.phase(Phase::FirstCall));
        let reported_ms = tenth(init_ms + first_call_ms);
        EstimateOutput {
            id: id.to_owned(),
            pre_init_ms,
            init_ms,
            first_call_ms,
            reported_ms,
            caller_ms: tenth(pre_init_ms + reported_ms),
            low_ms: tenth(self.low_ms),
            high_ms: tenth(self.high_ms),
            init_low_ms: tenth(self.init_low_ms),
            init_high_ms: tenth(self.init_high_ms),
            precision: self.precision(),
            basis: self.basis.clone(),
        }
    }

    /// The estimate of a function whose account measured others of its runtime, `runtime` for a reader.
    #[must_use]
    pub fn corrected(mut self, bias: &AccountBias, runtime: &str) -> Self {
        for part in &mut self.parts {
            if part.phase != Phase::PreInit {
                part.ms *= bias.factor;
            }
        }
        self.low_ms *= bias.factor;
        self.high_ms *= bias.factor;
        self.init_low_ms *= bias.factor;
        self.init_high_ms *= bias.factor;
        self.basis.push(format!(
            "times {:.2}: {} measured functions of this account on {runtime} correct the estimate",
            bias.factor, bias.functions
        ));
        self
    }

    /// How narrow the band is.
    pub fn precision(&self) -> Precision {
        let ratio = self.high_ms / self.low_ms.max(f64::MIN_POSITIVE);
        if ratio <= 2.0 {
            Precision::Good
        } else if ratio <= 3.5 {
            Precision::Fair
        } else {
            Precision::Rough
        }
    }
}

/// Rounds to a tenth.
pub fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Estimates one function.
///
/// # Errors
/// When a member is out of its range, or nothing like the runtime was ever measured.
pub fn estimate(model: &Model, input: &EstimateInput) -> Result<Estimate, InputError> {
    let bench = Bench::new(model, input)?;
    Ok(bench.run())
}

/// Everything the arithmetic looks at.
struct Bench<'a> {
    model: &'a Model,
    input: &'a EstimateInput,
    shape: Shape,
    image: bool,
    arm: bool,
    base_ms: f64,
    basis: Vec<String>,
    parts: Vec<Part>,
    kind: Kind,
    extended: bool,
    instrumented: bool,
    widen: Vec<&'static str>,
    /// A use of the SDK that could not be seen and that the upper ends must cover: in init and in
    /// the first call, ms.
    perhaps_ms: (f64, f64),
    /// The runtime's own start, ms.
    started_ms: f64,
    /// Restore and first call of a snapshot that is not primed, ms, where the input does not say whether it is.
    unprimed_ms: Option<f64>,
}

/// What stands on the runtime; decides the band.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bare,
    NativeSdk,
    Sdk,
    Packages,
    Php,
    WebFramework,
    Application,
}

impl<'a> Bench<'a> {
    fn new(model: &'a Model, input: &'a EstimateInput) -> Result<Self, InputError> {
        let arm = match input.architecture.as_str() {
            "x86_64" => false,
            "arm64" => true,
            other => return Err(InputError::Architecture(other.to_owned())),
        };
        let image = match input.package_type.as_str() {
            "zip" => false,
            "image" => true,
            other => return Err(InputError::PackageType(other.to_owned())),
        };
        if !(128..=32_768).contains(&input.memory_mb) {
            return Err(InputError::Memory(input.memory_mb));
        }
        for (name, size) in [
            ("zip_mb", input.zip_mb),
            ("unzipped_mb", input.unzipped_mb),
            ("imported_mb", input.imported_mb),
            ("image_mb", input.image_mb),
        ] {
            if size.is_some_and(|size| !(0.0..=1_000_000.0).contains(&size)) {
                return Err(InputError::Size(name));
            }
        }
        let shape = Shape::of(model, &input.runtime, input.framework.as_deref())?;
        let mut bench = Self {
            model,
            input,
            image,
            arm,
            base_ms: 0.0,
            basis: Vec::new(),
            parts: Vec::new(),
            kind: Kind::Bare,
            extended: false,
            instrumented: false,
            widen: Vec::new(),
            perhaps_ms: (0.0, 0.0),
            started_ms: 0.0,
            unprimed_ms: None,
            shape,
        };
        bench.base_ms = bench
            .base()
            .ok_or_else(|| InputError::Runtime(input.runtime.clone()))?;
        Ok(bench)
    }

    fn value(&self, name: &str) -> f64 {
        self.model.value(name)
    }

    fn per_arch(&self, stem: &str) -> f64 {
        let architecture = if self.arm { "arm64" } else { "x86_64" };
        self.value(&format!("{stem}.{architecture}"))
    }

    /// The base table's figure, or one scaled from the neighbouring cell.
    fn base(&mut self) -> Option<f64> {
        let cells = self.model.base.get(&self.shape.cell)?;
        let (image, arm) = (self.image, self.arm);
        let by_arch = self.value("base.arm64_factor").max(0.01);
        let by_package = self.value("base.image_factor").max(0.01);
        let toward = |wanted: bool, factor: f64| if wanted { factor } else { factor.recip() };
        let own = cells.get(image, arm);
        let ms = own
            .or_else(|| Some(cells.get(image, !arm)? * toward(arm, by_arch)))
            .or_else(|| Some(cells.get(!image, arm)? * toward(image, by_package)))
            .or_else(|| {
                Some(cells.get(!image, !arm)? * toward(arm, by_arch) * toward(image, by_package))
            })?;
        let packaging = if image { "image" } else { "zip" };
        let architecture = if arm { "arm64" } else { "x86_64" };
        let cell = &self.shape.cell;
        self.basis.push(match own {
            Some(ms) => format!(
                "a bare {cell} {packaging} on {architecture} starts in {ms:.0} ms (lambda-perf)"
            ),
            None => format!(
                "{cell} was not measured as {packaging} on {architecture}: {ms:.0} ms by the neighbouring cell"
            ),
        });
        if own.is_none() || !self.shape.stand_in.is_empty() {
            self.widen.push("widen-stand-in");
        }
        if !self.shape.stand_in.is_empty() {
            self.basis.push(self.shape.stand_in.clone());
        }
        let id = self.input.runtime.trim();
        if id.eq_ignore_ascii_case("go1.x") {
            return Some(ms * self.value("base.go1x_factor"));
        }
        Some(ms * self.before_6())
    }

    fn part(&mut self, phase: Phase, what: impl Into<String>, ms: f64) {
        if ms > 0.0 {
            self.parts.push(Part {
                what: what.into(),
                phase,
                ms,
            });
        }
    }

    /// c / memory, with the processor growing up to one full vCPU.
    fn per_memory(&self, c: f64) -> f64 {
        let full = self.value("memory.full_vcpu_mb");
        c / f64::from(self.input.memory_mb).min(full)
    }

    /// How much more slowly .NET before version 6 starts.
    fn before_6(&self) -> f64 {
        let id = self.input.runtime.trim().to_ascii_lowercase();
        if id.starts_with("dotnetcore") || id.starts_with("dotnet5") {
            self.value("base.dotnet_before_6_factor")
        } else {
            1.0
        }
    }

    /// How memory changes a just-in-time compiled load: a little below the full vCPU, since init is
    /// boosted, and clearly above it, where more cores compile.
    fn jit(&self, above: &str) -> f64 {
        let full = self.value("memory.full_vcpu_mb");
        let memory = f64::from(self.input.memory_mb);
        if memory > full {
            (full / memory).powf(self.value(above))
        } else {
            (full / memory).powf(self.value("memory.jit_small_exponent"))
        }
    }

    fn raise(&mut self, kind: Kind) {
        self.kind = self.kind.max(kind);
    }

    fn run(mut self) -> Estimate {
        self.pre_init();
        self.init_and_first_call();
        self.extensions();
        let plain_init: f64 = self.sum(Phase::Init);
        let restored = self.snapstart();
        if !restored && plain_init > INIT_LIMIT_MS {
            self.basis.push(
                "an init of more than 10 s is cut off and repeated within the first call, under the function's timeout"
                    .to_owned(),
            );
        }
        if self.input.vpc == Some(true) {
            self.basis
                .push("a VPC adds nothing to a cold start (measured since 2021)".to_owned());
        }
        if self.shape.ignored_framework {
            self.basis
                .push("the framework named plays no part in the model".to_owned());
        }
        self.finish(restored)
    }

    fn sum(&self, phase: Phase) -> f64 {
        self.parts
            .iter()
            .filter(|part| part.phase == phase)
            .map(|part| part.ms)
            .sum()
    }

    fn pre_init(&mut self) {
        let floor = self.value(if self.image {
            "pre_init.image_floor_ms"
        } else {
            "pre_init.floor_ms"
        });
        self.part(Phase::PreInit, "environment", floor);
        if self.image {
            self.basis.push(
                "the first starts after a push of an image take 0.5 s and more beyond the estimate"
                    .to_owned(),
            );
            return;
        }
        let ratio = self.value("size.unzipped_per_zipped").max(1.0);
        let zipped = self
            .input
            .zip_mb
            .or_else(|| self.input.unzipped_mb.map(|mb| mb / ratio))
            .unwrap_or(0.0);
        let beyond = (zipped - self.value("pre_init.free_mb")).max(0.0);
        let ms = beyond * self.value("pre_init.ms_per_zip_mb");
        self.part(Phase::PreInit, format!("download of {zipped:.1} MB"), ms);
    }

    /// Unzipped MB that init loads, and whether the input says so or a size does.
    fn imported(&self) -> (f64, bool) {
        if let Some(mb) = self.input.imported_mb {
            return (mb, true);
        }
        let share = self
            .value(if self.shape.family == Family::Node {
                "size.imported_share.nodejs"
            } else {
                "size.imported_share"
            })
            .min(1.0);
        let ratio = self.value("size.unzipped_per_zipped");
        let mb = self
            .input
            .unzipped_mb
            .or_else(|| self.input.zip_mb.map(|mb| mb * ratio))
            .map_or(0.0, |mb| mb * share);
        (mb, false)
    }

    /// What the named packages and frameworks cost: in init and in the first call at 1 MB of memory.
    fn packages(&self) -> Packages {
        let mut found = Packages::default();
        let Some(language) = self.shape.family.language() else {
            return found;
        };
        // Each library once, by the costliest of its names.
        let mut named: Vec<(String, Option<(&str, &PackageCost)>)> = Vec::new();
        for name in self
            .input
            .packages
            .iter()
            .flatten()
            .chain(&self.shape.built_on)
        {
            let cost = self.model.package(language, name);
            let one = cost.map_or_else(
                || plain(name),
                |(name, cost)| cost.same_as.clone().unwrap_or_else(|| name.to_owned()),
            );
            match named.iter_mut().find(|(other, _)| *other == one) {
                None => named.push((one, cost)),
                Some((_, other)) => {
                    let ms =
                        |cost: &Option<(&str, &PackageCost)>| cost.map_or(0.0, |(_, cost)| cost.ms);
                    if ms(&cost) > ms(other) {
                        *other = cost;
                    }
                }
            }
        }
        for (name, cost) in named {
            found.named += 1;
            let sdk = ["boto", "awssdk", "s3transfer"]
                .iter()
                .any(|sdk| name.starts_with(sdk));
            if sdk && self.input.uses_sdk == Some(true) {
                continue;
            }
            if let Some((name, cost)) = cost {
                let factor = self.value(&format!("packages.{}", cost.group));
                found.init_ms += cost.ms * factor;
                found.first += cost.first.unwrap_or_default() * factor;
                found.web |= cost.group == "framework";
                found.known.push(name.to_owned());
                found.ml |= cost.group == "ml";
                found.pure &= cost.group == "pure";
            } else {
                found.unknown += 1;
            }
        }
        found.init_ms +=
            f64::from(found.unknown) * self.value(&format!("packages.unknown.{language}"));
        found
    }

    /// How long loading takes by size alone, ms.
    fn load_by_size(&self, language: &str, mb: f64, packages: &Packages) -> f64 {
        if mb <= 0.0 {
            return 0.0;
        }
        match language {
            "nodejs" => {
                self.value("load.nodejs.at_1_mb") * mb.powf(self.value("load.nodejs.exponent"))
            }
            "python" if packages.ml => mb * self.value("load.python.ml"),
            "python" if packages.pure && !packages.known.is_empty() => {
                mb * self.value("load.python.pure")
            }
            "python" => mb * self.value("load.python.numeric"),
            _ => mb * self.value("load.ruby.ms_per_mb"),
        }
    }

    /// Whether something is packaged that could contain or use an SDK.
    fn noticeable(&self) -> bool {
        self.input.zip_mb.unwrap_or(0.0) >= NOTICEABLE_ZIP_MB
            || self.input.unzipped_mb.unwrap_or(0.0) >= NOTICEABLE_ZIP_MB * 3.5
            || self.image && self.input.image_mb.is_some()
    }

    fn init_and_first_call(&mut self) {
        match self.shape.family {
            Family::Java => self.java(),
            Family::Dotnet => self.dotnet(),
            Family::Node => self.script(
                "nodejs",
                "sdk.nodejs",
                ("first.sdk.nodejs.fixed_ms", "first.sdk.nodejs"),
            ),
            Family::Python => {
                let sdk = if self.arm {
                    "sdk.python.arm64"
                } else {
                    "sdk.python.x86_64"
                };
                self.script(
                    "python",
                    sdk,
                    ("first.sdk.python.fixed_ms", "first.sdk.python"),
                );
            }
            Family::Ruby => self.script(
                "ruby",
                "sdk.ruby",
                ("first.sdk.python.fixed_ms", "first.sdk.ruby"),
            ),
            Family::Native(native) => self.native(native),
        }
    }

    fn start(&mut self, factor: f64) {
        self.started_ms = self.base_ms * factor;
        self.part(Phase::Init, "runtime start", self.started_ms);
        let code = self.value("base.code_ms");
        self.part(Phase::Init, "the handler's own code", code);
    }

    fn script(&mut self, name: &str, sdk: &str, first: (&str, &str)) {
        self.start(1.0);
        let packages = self.packages();
        self.load(name, &packages);
        let bundled = name == "nodejs" && self.input.imported_mb.is_some_and(|mb| mb >= 0.1);
        let sdk_ms = if bundled {
            self.value("sdk.nodejs_bundled")
        } else {
            self.value(sdk)
        };
        let mut sdk_first = self.value(first.0) + self.per_memory(self.value(first.1));
        if self.input.uses_sdk == Some(true) {
            self.raise(Kind::Sdk);
            let mut init_ms = sdk_ms;
            if self.input.sdk_client == Some(SdkClient::Handler) && name != "ruby" {
                init_ms = init_ms.min(self.value(&format!("sdk.{name}.import_ms")));
                sdk_first += self.per_memory(self.value(&format!("first.client.{name}")));
            }
            self.part(Phase::Init, "AWS SDK", init_ms);
            self.part(Phase::FirstCall, "first SDK call", sdk_first);
            if self.input.sdk_client.is_none() {
                self.basis
                    .push("where SDK clients are created is not known; init is assumed".to_owned());
            }
        } else {
            let c = self.value(&format!("first.bare.{name}"));
            let ms = 1.0 + self.per_memory(c);
            self.part(Phase::FirstCall, "first call", ms);
            self.perhaps(sdk_ms, sdk_first - ms);
        }
        let first = self.per_memory(packages.first);
        self.part(Phase::FirstCall, "framework in the first call", first);
        if self.image && self.input.imported_mb.is_none() && self.input.image_mb.is_some() {
            self.basis.push(
                "an image's size says little about what init loads; only touched bytes count"
                    .to_owned(),
            );
        }
    }

    /// Loading code at init, by the names of packages, by size, or by both.
    fn load(&mut self, language: &str, packages: &Packages) {
        let (mb, stated) = self.imported();
        // The bytes of a bundled SDK have a cost of their own.
        let sdk_mb = if stated && language == "nodejs" && self.input.uses_sdk == Some(true) {
            self.value("sdk.nodejs_bundled_mb")
        } else {
            0.0
        };
        let by_size = self.load_by_size(language, (mb - sdk_mb).max(0.0), packages);
        let by_name = packages.init_ms;
        let both = by_size > 0.0 && by_name > 0.0 && !packages.web;
        let mut ms = if both && stated && language == "nodejs" {
            // The bundle's own size is a good witness, and these modules cost more than their size.
            by_name + by_size
        } else if both {
            // Two weak witnesses, each wrong by a factor: their geometric mean.
            let share = self.value("packages.by_name_share").min(1.0);
            (share * by_name.ln() + (1.0 - share) * by_size.ln()).exp()
        } else if by_name > 0.0 {
            by_name
        } else {
            by_size
        };
        if self.image {
            ms *= match language {
                "nodejs" => self.value("load.nodejs.image_factor"),
                "python" => self.value("load.python.image_factor"),
                _ => 1.0,
            };
        }
        // The bytes of an instrumentation layer are in the size, and its own part counts them.
        let instrumented = self
            .input
            .extension_kinds
            .iter()
            .flatten()
            .any(|kind| *kind == ExtensionKind::Instrumentation);
        if instrumented && by_name <= 0.0 {
            ms -= self.value(self.instrumentation());
            ms = ms.max(0.0);
        }
        let what = if packages.known.is_empty() {
            format!("loading {mb:.1} MB of code")
        } else {
            format!("loading {}", packages.known.join(", "))
        };
        self.part(Phase::Init, what, ms);
        if packages.web {
            self.raise(Kind::WebFramework);
        } else if mb >= 1.0 || ms >= 30.0 {
            self.raise(Kind::Packages);
        }
        if packages.unknown > 0 {
            self.widen.push("widen-packages");
            self.basis.push(format!(
                "{} of {} packages have no cost of their own in the model",
                packages.unknown, packages.named
            ));
        }
        if packages.named == 0 && mb >= 1.0 && !stated {
            self.widen.push("widen-size-only");
            self.basis.push(format!(
                "what is imported is not known; {mb:.1} MB is estimated from the package's size"
            ));
        }
    }

    /// Notes that an SDK may be in use though the input does not say so.
    fn perhaps(&mut self, init_ms: f64, first_ms: f64) {
        if self.input.uses_sdk.is_none() && self.noticeable() {
            self.perhaps_ms = (init_ms.max(0.0), first_ms.max(0.0));
            self.basis.push(
                "whether an AWS SDK is used is not known; the upper end allows for one".to_owned(),
            );
        }
    }

    fn java(&mut self) {
        let base = if f64::from(self.input.memory_mb) > self.value("memory.full_vcpu_mb") {
            self.jit("memory.jit_base_exponent")
        } else {
            1.0
        };
        self.start(base);
        let factor = match self.shape.framework {
            Framework::SpringBoot => Some(("Spring Boot", "java.factor.spring_boot")),
            Framework::Micronaut => Some(("Micronaut", "java.factor.micronaut")),
            Framework::Quarkus => Some(("Quarkus", "java.factor.quarkus")),
            _ => None,
        };
        let sized = self.input.zip_mb.or(self.input.imported_mb);
        let usual = self.value("java.jar_mb").max(0.1);
        let by_size =
            (sized.unwrap_or(usual).max(0.1) / usual).powf(self.value("java.jar_exponent"));
        let without_sdk = self.value("java.app.without_sdk");
        let by_sdk = match self.input.uses_sdk {
            Some(true) => 1.0,
            _ if self.shape.web_adapter => 1.0,
            Some(false) => without_sdk,
            None => without_sdk.sqrt(),
        };
        let app = self.value("java.app_ms") * by_sdk;
        if let Some((name, factor)) = factor {
            // The framework says more than the size of the jars.
            let app = app * self.value(factor);
            self.java_app(name, app);
        } else if self.input.uses_sdk == Some(true)
            || self.shape.framework == Framework::PlainJava
            || sized.is_some_and(|mb| mb >= 1.0)
        {
            if self.input.uses_sdk.is_none() {
                self.widen.push("widen-size-only");
                self.basis.push(
                    "framework and SDK are not known; the estimate rests on the jars' size"
                        .to_owned(),
                );
            }
            self.java_app("classes and AWS SDK", app * by_size);
        } else {
            let first = self.per_memory(self.value("first.bare.java"));
            self.part(Phase::FirstCall, "first call", first);
        }
    }

    /// `ms`: what the program costs at 1024 MB beyond a bare function, init and first call together.
    fn java_app(&mut self, what: &str, ms: f64) {
        self.raise(Kind::Application);
        let share = self
            .value(match self.input.sdk_client {
                _ if self.shape.web_adapter => "java.app.init_share_web_adapter",
                Some(SdkClient::Init) => "java.app.init_share_init",
                Some(SdkClient::Handler) => "java.app.init_share_handler",
                None => "java.app.init_share",
            })
            .min(0.95);
        let init = ms * share * self.jit("memory.jit_load_exponent");
        let first = self.per_memory(ms * (1.0 - share) * 1024.0);
        self.part(Phase::Init, what, init);
        self.part(
            Phase::FirstCall,
            "class loading and compilation in the first call",
            first,
        );
    }

    fn dotnet(&mut self) {
        let base = if f64::from(self.input.memory_mb) > self.value("memory.full_vcpu_mb") {
            self.jit("memory.jit_base_exponent")
        } else {
            1.0
        };
        self.start(base);
        let size = self.input.zip_mb.or(self.input.imported_mb).unwrap_or(0.0);
        let app = self.value("first.app.dotnet") * self.before_6();
        let alone = self.value("first.aspnet.dotnet");
        let with_sdk = app * self.value("first.factor.aspnet");
        let (mut c, what) = if self.shape.framework == Framework::AspNet {
            self.raise(Kind::Application);
            let init = self.value("dotnet.aspnet_init_ms");
            self.part(Phase::Init, "ASP.NET Core", init);
            let c = match self.input.uses_sdk {
                Some(true) => with_sdk,
                Some(false) => alone,
                None => (with_sdk * alone).sqrt(),
            };
            (c, "ASP.NET Core and compilation in the first call")
        } else if self.input.uses_sdk == Some(true) {
            self.raise(Kind::Application);
            (app, "AWS SDK and compilation in the first call")
        } else if size >= 1.0 {
            self.raise(Kind::Application);
            self.widen.push("widen-size-only");
            self.basis.push(
                "framework and SDK are not known; a program of some size is assumed".to_owned(),
            );
            (
                self.value("first.sized.dotnet"),
                "compilation in the first call",
            )
        } else {
            (
                self.value("first.bare.dotnet") * self.before_6(),
                "compilation in the first call",
            )
        };
        if self.kind == Kind::Application && self.arm {
            c *= self.value("first.factor.dotnet_arm64");
        }
        match self.input.ready_to_run {
            Some(true) => c *= self.value("first.factor.ready_to_run"),
            Some(false) => {}
            None if self.kind == Kind::Application => self.basis.push(
                "whether the assemblies are compiled with ReadyToRun is not known; no is assumed"
                    .to_owned(),
            ),
            None => {}
        }
        let ms = self.per_memory(c);
        self.part(Phase::FirstCall, what, ms);
    }

    fn native(&mut self, native: Native) {
        self.start(1.0);
        if native == Native::Php {
            return self.php();
        }
        if self.input.uses_sdk == Some(true) {
            self.raise(Kind::NativeSdk);
            let (init, fixed, c) = match native {
                Native::Rust => (
                    self.per_arch("sdk.rust"),
                    "first.sdk.rust.fixed_ms",
                    "first.sdk.rust",
                ),
                Native::Go | Native::Shell | Native::Php => (
                    self.value("sdk.go"),
                    "first.sdk.rust.fixed_ms",
                    "first.sdk.go",
                ),
                Native::DotnetAot => (self.value("sdk.dotnet_aot"), "", "first.sdk.dotnet_aot"),
                Native::GraalVm => (self.value("sdk.graalvm"), "", "first.sdk.graalvm"),
                Native::Llrt => (self.value("sdk.llrt"), "", "first.sdk.llrt"),
            };
            let web = if self.shape.framework == Framework::AspNet {
                self.value("first.factor.aot_aspnet")
            } else {
                1.0
            };
            let first = self.value(fixed) + self.per_memory(self.value(c)) * web;
            self.part(Phase::Init, "AWS SDK", init);
            self.part(Phase::FirstCall, "first SDK call", first);
        } else {
            let ms = 1.0 + self.per_memory(self.value("first.bare.native"));
            self.part(Phase::FirstCall, "first call", ms);
        }
    }

    /// PHP: the shell row's bootstrap, then the interpreter, then the framework.
    fn php(&mut self) {
        self.raise(Kind::Php);
        let packages = self.packages();
        let init = self.value("php.init_ms");
        let first = self.value("php.first_ms") + self.per_memory(self.value("php.first"));
        self.part(Phase::Init, "PHP", init);
        self.part(Phase::FirstCall, "first call", first);
        if packages.named > 0 {
            let what = format!("loading {}", packages.known.join(", "));
            self.part(Phase::Init, what, packages.init_ms);
            let first = self.per_memory(packages.first);
            self.part(Phase::FirstCall, "framework in the first call", first);
        }
    }

    /// The coefficient of automatic instrumentation.
    fn instrumentation(&self) -> &'static str {
        match self.shape.family {
            Family::Node => "extension.instrumentation.nodejs",
            Family::Python => "extension.instrumentation.python",
            _ => "extension.instrumentation.other",
        }
    }

    fn extensions(&mut self) {
        let kinds = self.input.extension_kinds.as_deref().unwrap_or_default();
        let stated = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
        let unstated = self
            .input
            .extensions
            .unwrap_or_default()
            .saturating_sub(stated);
        let count = |kind| {
            u32::try_from(kinds.iter().filter(|other| **other == kind).count()).unwrap_or(u32::MAX)
        };
        let plain = count(ExtensionKind::Plain);
        if self.shape.web_adapter {
            let ms = self.value("web_adapter.init_ms");
            self.raise(Kind::WebFramework);
            self.part(Phase::Init, "Lambda Web Adapter", ms);
        }
        // The adapter is an extension itself.
        let plain = plain.saturating_sub(u32::from(self.shape.web_adapter));
        let several = |count: u32, first: &str| {
            if count == 0 {
                return 0.0;
            }
            self.value(first) + f64::from(count - 1) * self.value("extension.further_ms")
        };
        let by_family = self.instrumentation();
        let parts = [
            ("extension", plain, several(plain, "extension.first_ms")),
            (
                "extension of unknown kind",
                unstated,
                several(unstated, "extension.unknown_ms"),
            ),
            (
                "OpenTelemetry collector",
                count(ExtensionKind::OtelCollector),
                several(
                    count(ExtensionKind::OtelCollector),
                    "extension.otel_collector_ms",
                ),
            ),
            (
                "automatic instrumentation",
                count(ExtensionKind::Instrumentation),
                several(count(ExtensionKind::Instrumentation), by_family),
            ),
        ];
        for (what, count, ms) in parts {
            let what = if count == 1 {
                what.to_owned()
            } else {
                format!("{what} ({count})")
            };
            self.part(Phase::Init, what, ms);
        }
        self.extended |= plain + stated > 0;
        self.instrumented |=
            count(ExtensionKind::OtelCollector) + count(ExtensionKind::Instrumentation) > 0;
        if unstated > 0 {
            self.extended = true;
            self.widen.push("widen-extension-kind");
            let s = if unstated == 1 { "" } else { "s" };
            self.basis.push(format!(
                "the kind of {unstated} extension{s} is not known; automatic instrumentation would add 0.5 to 1.2 s"
            ));
        }
    }

    /// Puts the restore in the place of the init. True when SnapStart serves the runtime and is on.
    fn snapstart(&mut self) -> bool {
        if self.input.snapstart != Some(true) {
            return false;
        }
        let stem = match self.shape.family {
            Family::Java => "restore.java",
            Family::Dotnet => "restore.dotnet",
            Family::Python => "restore.python",
            _ => {
                self.basis
                    .push("SnapStart does not serve this runtime; it was left out".to_owned());
                return false;
            }
        };
        let heavy = self.kind > Kind::Bare;
        let bare = self.model.restore.get(&self.shape.cell).copied();
        let restore = bare.filter(|_| !heavy).unwrap_or_else(|| self.value(stem));
        // What the program does beyond a bare runtime, in init and in the first call.
        let program = (self.sum(Phase::Init) - self.started_ms).max(0.0);
        let first = self.sum(Phase::FirstCall);
        // Without priming, what init did by halves is done in the first call, on pages that the
        // snapshot delivers one by one as they are touched.
        let unprimed =
            self.value("restore.program_share_unprimed") * (program + first) / first.max(1.0);
        let share = match self.input.primed {
            Some(true) => self.value("restore.first_call_share_primed"),
            Some(false) => unprimed,
            None => self.value("restore.first_call_share"),
        };
        self.parts.retain(|part| part.phase != Phase::Init);
        for part in &mut self.parts {
            if part.phase == Phase::FirstCall && heavy {
                part.ms *= share;
            }
        }
        if heavy && self.input.primed.is_none() {
            self.unprimed_ms = Some(restore + first * unprimed);
        }
        self.part(Phase::Init, "restore of the snapshot", restore);
        if heavy && self.input.primed.is_none() {
            self.basis.push(
                "after a restore the first call keeps part of its work, more or less by how the snapshot was primed"
                    .to_owned(),
            );
        }
        true
    }

    fn finish(mut self, restored: bool) -> Estimate {
        let family = self.shape.family;
        let name = match (restored, self.kind) {
            (true, Kind::Bare) => "restore",
            (true, _) if self.input.primed == Some(false) => "snapstart-unprimed",
            (true, _) => "snapstart",
            (false, Kind::WebFramework) => "web-framework",
            (false, Kind::Bare | Kind::Sdk | Kind::NativeSdk) if self.instrumented => {
                "instrumentation"
            }
            (false, Kind::Bare) if self.extended => "extension",
            (false, Kind::Bare) if self.image => "bare-image",
            (false, Kind::Bare) => "bare",
            (false, Kind::Php) => "php",
            (false, Kind::NativeSdk) => "native-sdk",
            (false, Kind::Sdk) => "sdk",
            (false, Kind::Packages) if family == Family::Python => "python-packages",
            (false, Kind::Packages) if family == Family::Ruby => "ruby-packages",
            (false, Kind::Packages) => "node-packages",
            (false, Kind::Application) if family == Family::Dotnet => "dotnet-application",
            (false, Kind::Application) => "java-application",
        };
        let mut band = self.model.band(name);
        let mut init_band = if restored {
            self.model.band("restore")
        } else {
            band
        };
        self.widen.sort_unstable();
        self.widen.dedup();
        for widen in &self.widen {
            let by = self.model.band(widen);
            let wider = |band: Band| Band {
                low: band.low * by.low,
                high: band.high * by.high,
                prior: None,
            };
            band = wider(band);
            if !restored {
                init_band = wider(init_band);
            }
        }
        let init = self.sum(Phase::Init);
        let reported = init + self.sum(Phase::FirstCall);
        let (in_init, in_first) = if restored {
            (0.0, 0.0)
        } else {
            self.perhaps_ms
        };
        // The phases in the order they happen, the restore included.
        self.parts.sort_by_key(|part| match part.phase {
            Phase::PreInit => 0,
            Phase::Init => 1,
            Phase::FirstCall => 2,
        });
        // Where it is not known whether the snapshot is primed, the upper end is that of one that
        // is not.
        let unprimed = self
            .unprimed_ms
            .map_or(0.0, |ms| ms * self.model.band("snapstart-unprimed").high);
        Estimate {
            low_ms: reported * band.low,
            high_ms: (reported * band.high)
                .max(reported + in_init + in_first)
                .max(unprimed),
            init_low_ms: init * init_band.low,
            init_high_ms: (init * init_band.high).max(init + in_init),
            kind: name,
            parts: self.parts,
            basis: self.basis,
        }
    }
}
