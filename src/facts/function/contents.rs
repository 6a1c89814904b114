//! What a version's package holds, and which of it is waste: known only with `--inspect-packages`.
//!
//! Waste is what the running function cannot or need not open: copies of an SDK that its runtime
//! has, binaries of other platforms, tests, documentation, maps, declarations, symbols, sources,
//! caches, and byte code of another Python. Which of these it is depends on the runtime and the
//! architecture. Byte code of the right Python is no waste: a package cannot be written to, and
//! without it every start compiles again.
//!
//! Dropping waste shortens the download, which no metric shows; the model gives what it saves.
//! Other accounts' layers may be refused: they are left out, and said so.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::archive::{Archive, Content, ContentKind, Package};
use crate::inventory::function::FunctionConfiguration;
use crate::inventory::need::ReadingKind;
use coldbucket_cold_start::Model;
use coldbucket_cold_start::estimate::tenth;

/// One kind of waste in a package; `item` in checks over `function.latest.package.waste`.
#[derive(Clone, Debug, PartialEq, JsonSchema, FactValue)]
pub struct WasteFacts {
    /// `sdk-copy`, `other-platform`, `tests`, `documentation`, `source-maps`,
    /// `type-declarations`, `debug-symbols`, `source-jars`, `caches` or `foreign-byte-code`.
    pub kind: String,
    /// The folder with the largest part of it.
    pub place: String,
    /// Number of files.
    pub files: u64,
    /// Unzipped, MB.
    pub unzipped_mb: f64,
    /// Compressed, MB: what is downloaded at a cold start.
    pub zipped_mb: f64,
    /// What dropping it saves of a cold start, ms: the download beyond the first megabytes.
    pub saves_ms: f64,
}

/// A large folder of a package.
#[derive(Clone, Debug, PartialEq, JsonSchema, FactValue)]
pub struct FolderFacts {
    /// Path in the zip, or in the layer.
    pub path: String,
    /// Number of files.
    pub files: u64,
    /// Unzipped, MB.
    pub unzipped_mb: f64,
}

/// The contents of one version: its own zip, and the layers that could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::facts::function) struct Contents<'a> {
    /// The function's own zip first, then the layers that could be read, by their ARN.
    archives: Vec<(Option<&'a str>, &'a Archive)>,
    /// Layers that were refused, and why.
    unread: Vec<(&'a str, &'a Reading<Archive>)>,
}

impl<'a> Contents<'a> {
    /// The package of a version, by its number or by its code.
    pub(in crate::facts::function) fn of(
        name: &str,
        version: &Fact<&FunctionConfiguration>,
        reading: &'a Reading<Vec<Package>>,
    ) -> Fact<Self> {
        version.as_ref().and_then(|version| {
            if version.is_image() {
                return Fact::undecidable("a container image has no zip package");
            }
            from_reading(
                ReadingKind::FunctionPackages,
                &reading.as_ref(),
                || None,
                |packages| {
                    packages
                        .iter()
                        .find(|package| package.version == name)
                        .or_else(|| packages.iter().find(|package| is_of(package, version)))
                },
            )
            .and_then(|package| match package {
                Some(package) => Fact::Known(Self::collect(package)),
                None => Fact::undecidable("the package of this version was not inspected"),
            })
        })
    }

    fn collect(package: &'a Package) -> Self {
        let mut contents = Self {
            archives: vec![(None, &package.code)],
            unread: Vec::new(),
        };
        for layer in &package.layers {
            match &layer.archive {
                Reading::Known(archive) => contents.archives.push((Some(&layer.arn), archive)),
                refused => contents.unread.push((&layer.arn, refused)),
            }
        }
        contents
    }

    /// The whole of a sum, unknown where a layer was refused.
    fn whole<T>(&self, sum: T) -> Fact<T> {
        let mut whole = Fact::Known(sum);
        for (_, reading) in &self.unread {
            let read = from_reading(ReadingKind::FunctionPackages, reading, || (), |_| ());
            whole = whole.zip(read).map(|(sum, ())| sum);
        }
        whole
    }

    /// Unzipped size with layers, bytes.
    pub(in crate::facts::function) fn unzipped_bytes(&self) -> Fact<u64> {
        self.whole(self.sum(|archive| archive.unzipped_bytes))
    }

    /// Number of files with layers.
    pub(in crate::facts::function) fn files(&self) -> Fact<u64> {
        self.whole(self.sum(|archive| archive.files))
    }

    fn sum(&self, of: impl Fn(&Archive) -> u64) -> u64 {
        self.archives
            .iter()
            .fold(0, |sum, (_, archive)| sum.saturating_add(of(archive)))
    }

    /// The largest folders, largest first.
    pub(in crate::facts::function) fn folders(&self) -> Vec<FolderFacts> {
        let mut folders: Vec<FolderFacts> = self
            .archives
            .iter()
            .flat_map(|(_, archive)| &archive.folders)
            .map(|folder| FolderFacts {
                path: folder.path.clone(),
                files: folder.files,
                unzipped_mb: hundredth(megabytes(folder.unzipped_bytes)),
            })
            .collect();
        folders.sort_by(|a, b| {
            b.unzipped_mb
                .total_cmp(&a.unzipped_mb)
                .then_with(|| a.path.cmp(&b.path))
        });
        folders.truncate(5);
        folders
    }

    /// Layers that could not be read.
    pub(in crate::facts::function) fn unread_layers(&self) -> u32 {
        u32::try_from(self.unread.len()).unwrap_or(u32::MAX)
    }

    fn contents(&self) -> impl Iterator<Item = &'a Content> {
        self.archives
            .iter()
            .flat_map(|(_, archive)| &archive.contents)
    }

    /// The libraries of the function's own zip and of the layers that count.
    pub(in crate::facts::function) fn libraries(
        &self,
        counts: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'a str> {
        self.archives
            .iter()
            .filter(move |(layer, _)| layer.is_none_or(&counts))
            .flat_map(|(_, archive)| &archive.libraries)
            .map(String::as_str)
    }

    /// The layers that hold files of a kind.
    pub(in crate::facts::function) fn layers_with(
        &self,
        kind: ContentKind,
    ) -> impl Iterator<Item = &'a str> {
        self.archives.iter().filter_map(move |(layer, archive)| {
            let holds = archive.contents.iter().any(|content| content.kind == kind);
            layer.filter(|_| holds)
        })
    }

    fn has(&self, kind: ContentKind) -> bool {
        self.contents().any(|content| content.kind == kind)
    }

    /// The framework, by the estimator's names; `none` where none was recognised.
    pub(in crate::facts::function) fn framework(&self) -> &'static str {
        let of_kind = [
            (ContentKind::SpringBoot, "spring-boot"),
            (ContentKind::Micronaut, "micronaut"),
            (ContentKind::Quarkus, "quarkus"),
            (ContentKind::AspNetCore, "aspnet"),
            (ContentKind::NextJs, "nextjs"),
        ];
        let of_name = [
            ("@nestjs/core", "nestjs"),
            ("rails", "rails"),
            ("laravel/framework", "laravel"),
            ("symfony/framework-bundle", "symfony"),
            ("bref/bref", "php"),
        ];
        let installed = |wanted: &str| self.libraries(|_| true).any(|name| name == wanted);
        of_kind
            .into_iter()
            .find_map(|(kind, name)| self.has(kind).then_some(name))
            .or_else(|| {
                of_name
                    .into_iter()
                    .find_map(|(library, name)| installed(library).then_some(name))
            })
            .unwrap_or("none")
    }

    /// Whether an AWS SDK is loaded, as far as the package shows: one that is packed is used, one
    /// that is not packed may come from the runtime of a script and from nowhere else.
    pub(in crate::facts::function) fn uses_sdk(&self, runtime: &str) -> Option<bool> {
        let all_read = self.unread.is_empty();
        match family(runtime) {
            "nodejs" if self.has(ContentKind::NodeSdkV2) || self.has(ContentKind::NodeSdkV3) => {
                Some(true)
            }
            "python" if self.has(ContentKind::PythonSdk) => Some(true),
            "java" if self.has(ContentKind::JavaSdk) => Some(true),
            "dotnet" if self.has(ContentKind::DotnetSdk) => Some(true),
            "java" if all_read => Some(false),
            // Compiled into one file, an SDK has no file of its own.
            "dotnet" if all_read && self.has(ContentKind::DotnetAssemblies) => Some(false),
            _ => None,
        }
    }

    /// Unzipped MB that init could load: all but waste and SDKs, whose load the model counts apart, and
    /// but for layers that do not count.
    pub(in crate::facts::function) fn loadable_mb(
        &self,
        version: &FunctionConfiguration,
        counts: impl Fn(&str) -> bool,
    ) -> Fact<f64> {
        let loadable = self
            .archives
            .iter()
            .filter(|(layer, _)| layer.is_none_or(&counts))
            .map(|(_, archive)| {
                let left_out = archive
                    .contents
                    .iter()
                    .filter(|content| {
                        waste_kind(content, version).is_some() || is_sdk(content.kind)
                    })
                    .fold(0, |sum: u64, content| {
                        sum.saturating_add(content.unzipped_bytes)
                    });
                archive.unzipped_bytes.saturating_sub(left_out)
            })
            .fold(0, u64::saturating_add);
        self.whole(megabytes(loadable))
    }

    /// Unzipped MB of the one bundle that a Node.js package consists of, which init loads whole.
    pub(in crate::facts::function) fn bundle_mb(&self, runtime: &str) -> Option<f64> {
        let modules = self.has(ContentKind::NodeModules)
            || self.has(ContentKind::NodeSdkV2)
            || self.has(ContentKind::NodeSdkV3);
        if family(runtime) != "nodejs" || modules || !self.unread.is_empty() {
            return None;
        }
        self.contents()
            .find(|content| content.kind == ContentKind::JavaScript)
            .map(|content| megabytes(content.unzipped_bytes))
    }

    /// The waste, largest download first. `zipped_mb` is the whole package with its layers.
    pub(in crate::facts::function) fn waste(
        &self,
        version: &FunctionConfiguration,
        zipped_mb: f64,
        model: &Model,
    ) -> Vec<WasteFacts> {
        let mut found: Vec<(&'static str, &Content, [u64; 3])> = Vec::new();
        for content in self.contents() {
            let Some(kind) = waste_kind(content, version) else {
                continue;
            };
            let sizes = [content.files, content.unzipped_bytes, content.zipped_bytes];
            match found.iter_mut().find(|(known, ..)| *known == kind) {
                Some((_, largest, sums)) => {
                    if content.zipped_bytes > largest.zipped_bytes {
                        *largest = content;
                    }
                    for (sum, size) in sums.iter_mut().zip(sizes) {
                        *sum = sum.saturating_add(size);
                    }
                }
                None => found.push((kind, content, sizes)),
            }
        }
        let beyond = (zipped_mb - model.value("pre_init.free_mb")).max(0.0);
        let mut waste: Vec<WasteFacts> = found
            .into_iter()
            .map(|(kind, largest, [files, unzipped, zipped])| {
                let mb = megabytes(zipped);
                WasteFacts {
                    kind: kind.to_owned(),
                    place: largest.example.clone(),
                    files,
                    unzipped_mb: hundredth(megabytes(unzipped)),
                    zipped_mb: hundredth(mb),
                    saves_ms: tenth(mb.min(beyond) * model.value("pre_init.ms_per_zip_mb")),
                }
            })
            .collect();
        waste.sort_by(|a, b| {
            b.zipped_mb
                .total_cmp(&a.zipped_mb)
                .then_with(|| a.kind.cmp(&b.kind))
        });
        waste
    }
}

/// Versions with the same code and the same layers have the same package.
fn is_of(package: &Package, version: &FunctionConfiguration) -> bool {
    !package.code_sha256.is_empty()
        && package.code_sha256 == version.code_sha256
        && package
            .layers
            .iter()
            .map(|layer| &layer.arn)
            .eq(version.layers.iter().map(|layer| &layer.arn))
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn family(runtime: &str) -> &str {
    let end = runtime
        .find(|letter: char| !letter.is_ascii_alphabetic())
        .unwrap_or(runtime.len());
    runtime.get(..end).unwrap_or_default()
}

/// The first number in a runtime's name: 18 of `nodejs18.x`.
fn major(runtime: &str) -> u32 {
    let digits: String = runtime
        .chars()
        .skip_while(|letter| !letter.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

fn is_sdk(kind: ContentKind) -> bool {
    use ContentKind as K;
    matches!(
        kind,
        K::PythonSdk | K::NodeSdkV2 | K::NodeSdkV3 | K::JavaSdk | K::DotnetSdk
    )
}

/// Which waste a kind of contents is for a version; `None` where it may be of use.
fn waste_kind(content: &Content, version: &FunctionConfiguration) -> Option<&'static str> {
    use ContentKind as K;
    let runtime = version.runtime.as_deref().unwrap_or_default();
    let arm = version.architecture == "arm64";
    match content.kind {
        K::PythonSdk if family(runtime) == "python" => Some("sdk-copy"),
        // Since nodejs18.x the runtime has version 3 and no longer version 2 (AWS Lambda developer
        // guide, "Building Lambda functions with Node.js", copy of 2026): there a packed version 2
        // is what the code needs, and a copy of version 3 is not.
        K::NodeSdkV3 if family(runtime) == "nodejs" && major(runtime) >= 18 => Some("sdk-copy"),
        K::NodeSdkV2 if family(runtime) == "nodejs" && (12..18).contains(&major(runtime)) => {
            Some("sdk-copy")
        }
        K::MacosBinaries | K::WindowsBinaries => Some("other-platform"),
        K::X86Binaries if arm => Some("other-platform"),
        K::ArmBinaries if !arm => Some("other-platform"),
        K::ByteCode if is_foreign(&content.variant, runtime) => Some("foreign-byte-code"),
        K::Caches => Some("caches"),
        K::Tests => Some("tests"),
        K::Documentation => Some("documentation"),
        K::SourceMaps => Some("source-maps"),
        K::TypeDeclarations => Some("type-declarations"),
        K::DebugSymbols => Some("debug-symbols"),
        K::SourceJars => Some("source-jars"),
        _ => None,
    }
}

/// Byte code of `cpython-311` in a `python3.13` function is never opened.
fn is_foreign(variant: &str, runtime: &str) -> bool {
    match (
        variant.strip_prefix("cpython-"),
        runtime.strip_prefix("python"),
    ) {
        (Some(of), Some(version)) => of != version.replace('.', ""),
        _ => false,
    }
}

const MB: f64 = 1_048_576.0;

/// Bytes in MB of 2^20, as AWS's quotas count.
#[allow(
    clippy::cast_precision_loss,
    reason = "sizes are far below 2^52 bytes, and shown with one decimal"
)]
pub(in crate::facts::function) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MB
}
