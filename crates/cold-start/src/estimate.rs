//! The arithmetic: parts in, milliseconds and a band out.
//!
//! ```text
//! pre-init   = floor + slope · zipped MB above a few            (zip; images: the floor)
//! init       = base[runtime, packaging, architecture] + SDK + load(imported MB) + extensions
//!              or, with SnapStart, the restore
//! first call = fixed + c / min(memory, 1769 MB)
//! reported   = init + first call;   caller = pre-init + reported
//! ```
//!
//! Java and .NET programs that use an SDK or a framework are not scaled by size: most of their start
//! is class loading and compilation, which splits between init and first call. Members of the input
//! that are absent are not known: the estimate takes the plainest reading and the band says so.

use super::model::{Band, Model};
use super::shape::{Family, Framework, Native, Shape};
use crate::contract::{EstimateInput, EstimateOutput};

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
            basis: self.basis.clone(),
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
    widen: Vec<&'static str>,
    /// A use of the SDK that could not be seen and that the upper ends must cover: in init and in
    /// the first call, ms.
    perhaps_ms: (f64, f64),
    /// The runtime's own start, ms.
    started_ms: f64,
    /// Restore and first call of a snapshot that is not primed, ms, where the input does not say whether it is.
    unprimed_ms: Option<f64>,
}

/// How much is known to stand on the runtime; decides the band.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bare,
    NativeSdk,
    Sdk,
    Dependencies,
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
        let shape = Shape::of(model, &input.runtime, input.framework.as_deref());
        let mut bench = Self {
            model,
            input,
            image,
            arm,
            base_ms: 0.0,
            basis: Vec::new(),
            parts: Vec::new(),
            kind: Kind::Bare,
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
        Some(ms)
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
        let share = self.value("size.imported_share").min(1.0);
        let ratio = self.value("size.unzipped_per_zipped");
        let mb = self
            .input
            .unzipped_mb
            .or_else(|| self.input.zip_mb.map(|mb| mb * ratio))
            .map_or(0.0, |mb| mb * share);
        (mb, false)
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
    }

    fn script(&mut self, name: &str, sdk: &str, first: (&str, &str)) {
        self.start(1.0);
        let (mb, stated) = self.imported();
        let image_factor = match (self.image, name) {
            (true, "nodejs") => self.value("load.nodejs.image_factor"),
            (true, "python") => self.value("load.python.image_factor"),
            _ => 1.0,
        };
        let load = if name == "nodejs" {
            self.node_load(mb)
        } else {
            mb * self.value(&format!("load.{name}.ms_per_mb"))
        };
        self.part(
            Phase::Init,
            format!("loading {mb:.1} MB of code"),
            load * image_factor,
        );
        if mb >= 1.0 {
            self.raise(Kind::Dependencies);
            if !stated {
                self.widen.push("widen-size-only");
                self.basis.push(format!(
                    "what is imported is not known; {mb:.1} MB is concluded from the package's size"
                ));
            }
        }
        let bundled = name == "nodejs" && self.input.imported_mb.is_some_and(|mb| mb >= 0.1);
        let sdk_ms = if bundled {
            self.value("sdk.nodejs_bundled")
        } else {
            self.value(sdk)
        };
        let sdk_first = self.value(first.0) + self.per_memory(self.value(first.1));
        if self.input.uses_sdk == Some(true) {
            self.raise(Kind::Sdk);
            self.part(Phase::Init, "AWS SDK", sdk_ms);
            self.part(Phase::FirstCall, "first SDK call", sdk_first);
        } else {
            let c = self.value(&format!("first.bare.{name}"));
            let ms = 1.0 + self.per_memory(c);
            self.part(Phase::FirstCall, "first call", ms);
            self.perhaps(sdk_ms, sdk_first - ms);
        }
        if self.image && self.input.imported_mb.is_none() && self.input.image_mb.is_some() {
            self.basis.push(
                "an image's size says little about what init loads; only touched bytes count"
                    .to_owned(),
            );
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

    /// Grows a little faster than the size while parsing dominates, then straight on.
    fn node_load(&self, mb: f64) -> f64 {
        let a = self.value("load.nodejs.ms_per_mb");
        let b = self.value("load.nodejs.ms_per_mb2");
        let knee = self.value("load.nodejs.straight_from_mb");
        let curved = mb.min(knee);
        let straight = (mb - knee).max(0.0);
        a * curved + b * curved * curved + self.value("load.nodejs.straight_ms_per_mb") * straight
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
        let jar_mb = self.input.zip_mb.or(self.input.imported_mb).unwrap_or(0.0);
        if let Some((name, factor)) = factor {
            let mut app = self.value("java.app_ms") * self.value(factor);
            if self.input.uses_sdk == Some(false) {
                app *= self.value("java.app.without_sdk");
            }
            self.java_app(name, app);
        } else if self.input.uses_sdk == Some(true) || self.shape.framework == Framework::PlainJava
        {
            let app = self.value("java.app_ms");
            self.java_app("classes and AWS SDK", app);
        } else if jar_mb >= 1.0 {
            self.raise(Kind::Application);
            self.widen.push("widen-size-only");
            let ms = (jar_mb * self.value("load.java.ms_per_jar_mb"))
                .min(self.value("load.java.at_most_ms"))
                * self.jit("memory.jit_load_exponent");
            self.part(
                Phase::Init,
                format!("classes of {jar_mb:.1} MB of jars"),
                ms,
            );
            let first = self.per_memory(self.value("first.jar.java"));
            self.part(Phase::FirstCall, "compilation in the first call", first);
            self.basis.push(
                "framework and SDK are not known; the jars' size is all there is to go by"
                    .to_owned(),
            );
        } else {
            let first = self.per_memory(self.value("first.bare.java"));
            self.part(Phase::FirstCall, "first call", first);
        }
    }

    /// `ms`: what the program costs at 1024 MB beyond a bare function, init and first call together.
    fn java_app(&mut self, what: &str, ms: f64) {
        self.raise(Kind::Application);
        let share = self.value("java.app.init_share").min(1.0);
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
        let arm = if self.arm {
            self.value("first.factor.dotnet_arm64")
        } else {
            1.0
        };
        let (c, what) = if self.shape.framework == Framework::AspNet {
            self.raise(Kind::Application);
            (
                self.value("first.app.dotnet") * self.value("first.factor.aspnet"),
                "ASP.NET Core and compilation in the first call",
            )
        } else if self.input.uses_sdk == Some(true) {
            self.raise(Kind::Application);
            (
                self.value("first.app.dotnet"),
                "AWS SDK and compilation in the first call",
            )
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
                self.value("first.bare.dotnet"),
                "compilation in the first call",
            )
        };
        let arm = if self.kind == Kind::Application {
            arm
        } else {
            1.0
        };
        let ms = self.per_memory(c) * arm;
        self.part(Phase::FirstCall, what, ms);
    }

    fn native(&mut self, native: Native) {
        self.start(1.0);
        if self.input.uses_sdk == Some(true) {
            self.raise(Kind::NativeSdk);
            let (init, fixed, c) = match native {
                Native::Rust => (
                    self.per_arch("sdk.rust"),
                    "first.sdk.rust.fixed_ms",
                    "first.sdk.rust",
                ),
                Native::Go | Native::Unknown => (
                    self.value("sdk.go"),
                    "first.sdk.rust.fixed_ms",
                    "first.sdk.go",
                ),
                Native::DotnetAot => (self.value("sdk.dotnet_aot"), "", "first.sdk.dotnet_aot"),
                Native::GraalVm => (self.value("sdk.graalvm"), "", "first.sdk.graalvm"),
                Native::Llrt => (self.value("sdk.llrt"), "", "first.sdk.llrt"),
            };
            let first = self.value(fixed) + self.per_memory(self.value(c));
            self.part(Phase::Init, "AWS SDK", init);
            self.part(Phase::FirstCall, "first SDK call", first);
        } else {
            let ms = 1.0 + self.per_memory(self.value("first.bare.native"));
            self.part(Phase::FirstCall, "first call", ms);
        }
    }

    fn extensions(&mut self) {
        let Some(count) = self.input.extensions.filter(|count| *count > 0) else {
            return;
        };
        let ms = self.value("extension.first_ms")
            + f64::from(count.saturating_sub(1)) * self.value("extension.further_ms");
        let what = if count == 1 {
            "1 extension".to_owned()
        } else {
            format!("{count} extensions")
        };
        self.part(Phase::Init, what, ms);
        self.widen.push("widen-extensions");
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
        let restore = self
            .model
            .restore
            .get(&self.shape.cell)
            .copied()
            .unwrap_or_else(|| self.value(stem));
        let heavy = self.kind > Kind::Bare;
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
        let (name, init_name) = match (restored, self.kind) {
            (true, Kind::Bare) => ("init-restore", "init-restore"),
            (true, _) if self.input.primed == Some(false) => ("snapstart-unprimed", "init-restore"),
            (true, _) => ("snapstart", "init-restore"),
            (false, Kind::Bare) if self.image => ("bare-image", "bare-image"),
            (false, Kind::Bare) => ("bare", "init-bare"),
            (false, Kind::NativeSdk) => ("native-sdk", "init-dependencies"),
            (false, Kind::Sdk) => ("sdk", "init-sdk"),
            (false, Kind::Dependencies) => ("dependencies", "init-dependencies"),
            (false, Kind::Application) => ("application", "init-application"),
        };
        let mut band = self.model.band(name);
        let mut init_band = self.model.band(init_name);
        self.widen.sort_unstable();
        self.widen.dedup();
        for widen in &self.widen {
            let by = self.model.band(widen);
            let wider = |band: Band| Band {
                low: band.low * by.low,
                high: band.high * by.high,
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
            parts: self.parts,
            basis: self.basis,
        }
    }
}
