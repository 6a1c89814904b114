//! What the estimator is asked about a version: what its configuration, its layers and its package show.
//!
//! A member that nothing shows stays absent: the estimate widens its band for it and says so. Where SDK
//! clients are created, whether a snapshot is primed and whether assemblies are compiled with ReadyToRun
//! is never visible from outside.

use super::facts::Surroundings;
use crate::facts::fact::Fact;
use crate::facts::function::contents::{Contents, megabytes};
use crate::facts::function::context::member;
use crate::facts::function::runtime::{CUSTOMER_MANAGED, CUSTOMER_MANAGED_UNREAD, family};
use crate::inventory::archive::ContentKind;
use crate::inventory::function::FunctionConfiguration;
use coldbucket_cold_start::layers::LayerMeaning;
use coldbucket_cold_start::{EstimateInput, ExtensionKind, KnownLayers, Model};

/// What the layers of a version say by their ARNs.
#[derive(Debug, Default)]
pub(super) struct LayersSeen<'a> {
    /// Layers in the table of known ones.
    known: Vec<(&'a str, LayerMeaning)>,
    /// Their compressed size where they are processes of their own, whose bytes the runtime never
    /// loads, MB.
    beside_mb: f64,
}

impl<'a> LayersSeen<'a> {
    pub(super) fn of(version: &'a FunctionConfiguration) -> Self {
        let mut seen = Self::default();
        let Ok(table) = KnownLayers::builtin() else {
            return seen;
        };
        for layer in &version.layers {
            if let Some(meaning) = table.meaning(&layer.arn) {
                if is_beside(&meaning) {
                    seen.beside_mb += megabytes(layer.code_size_bytes);
                }
                seen.known.push((&layer.arn, meaning));
            }
        }
        seen
    }

    /// The ARNs of those that are extensions, with what they do.
    pub(super) fn extensions(&self) -> impl Iterator<Item = (&'a str, ExtensionKind)> {
        self.known
            .iter()
            .filter_map(|(arn, meaning)| Some((*arn, meaning.kind?)))
    }

    fn frameworks(&self) -> impl Iterator<Item = &str> {
        self.known
            .iter()
            .filter_map(|(_, meaning)| meaning.framework.as_deref())
    }

    fn packages(&self) -> impl Iterator<Item = &str> {
        self.known
            .iter()
            .flat_map(|(_, meaning)| &meaning.packages)
            .map(String::as_str)
    }

    /// Whether the table says that a layer is not the function's own code.
    fn is_extension(&self, arn: &str) -> bool {
        self.extensions().any(|(extension, _)| extension == arn)
    }

    fn runs_beside(&self, arn: &str) -> bool {
        self.known
            .iter()
            .any(|(known, meaning)| *known == arn && is_beside(meaning))
    }
}

/// True for a layer that starts a process and adds nothing to the function's own.
fn is_beside(meaning: &LayerMeaning) -> bool {
    matches!(
        meaning.kind,
        Some(ExtensionKind::Plain | ExtensionKind::OtelCollector)
    )
}

/// What to ask the estimator about a version.
pub(super) fn question(
    version: &FunctionConfiguration,
    around: &Surroundings<'_>,
) -> Fact<EstimateInput> {
    let asked = member(
        &Fact::Known(version),
        &[
            "runtime",
            "package_type",
            "architecture",
            "memory_mb",
            "layers",
            "vpc",
        ],
        |version| known_question(version, around),
    );
    asked.and_then(|asked| asked)
}

fn known_question(
    version: &FunctionConfiguration,
    around: &Surroundings<'_>,
) -> Fact<EstimateInput> {
    if version.is_image() {
        return Fact::undecidable("a container image names no runtime");
    }
    let Some(runtime) = version.runtime.as_deref().filter(|name| !name.is_empty()) else {
        return Fact::undecidable("the function names no runtime");
    };
    if runtime == CUSTOMER_MANAGED {
        return Fact::undecidable(CUSTOMER_MANAGED_UNREAD);
    }
    let layers = LayersSeen::of(version);
    let contents = around.contents.known();
    let frameworks = frameworks(contents, &layers);
    if family(runtime) == "provided" && frameworks.is_empty() {
        return Fact::undecidable("what an OS-only runtime runs cannot be seen from outside");
    }
    around
        .total_mb
        .as_ref()
        .zip(around.snapstart_enabled.as_ref())
        .map(|(total_mb, snapstart)| {
            let unlisted = contents.map_or(0, |contents| unlisted_extensions(contents, &layers));
            let kinds: Vec<ExtensionKind> = layers.extensions().map(|(_, kind)| kind).collect();
            EstimateInput {
                id: around.name.to_owned(),
                runtime: runtime.to_owned(),
                architecture: version.architecture.clone(),
                package_type: "zip".to_owned(),
                memory_mb: version.memory_mb,
                zip_mb: Some(*total_mb),
                unzipped_mb: contents
                    .and_then(|contents| {
                        let counted = |arn: &str| !layers.runs_beside(arn);
                        contents.loadable_mb(version, counted).known().copied()
                    })
                    .or_else(|| without_processes(*total_mb, &layers, around.model)),
                imported_mb: contents.and_then(|contents| contents.bundle_mb(runtime)),
                uses_sdk: contents.and_then(|contents| contents.uses_sdk(runtime)),
                packages: packages(runtime, contents, &layers, around.model),
                framework: (!frameworks.is_empty()).then(|| frameworks.join(" ")),
                extensions: Some(count(kinds.len()).saturating_add(unlisted)),
                extension_kinds: (!kinds.is_empty()).then_some(kinds),
                snapstart: Some(*snapstart),
                vpc: Some(
                    version
                        .vpc
                        .as_ref()
                        .is_some_and(|vpc| !vpc.vpc_id.is_empty()),
                ),
                ..EstimateInput::default()
            }
        })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Unzipped MB of what the function's own process may load, where only compressed sizes are known and
/// some are of other processes.
fn without_processes(total_mb: f64, layers: &LayersSeen<'_>, model: Option<&Model>) -> Option<f64> {
    let ratio = model?.value("size.unzipped_per_zipped");
    (layers.beside_mb > 0.0).then(|| (total_mb - layers.beside_mb).max(0.0) * ratio)
}

/// Frameworks and programs, those that layers bring after those of the package.
fn frameworks(contents: Option<&Contents<'_>>, layers: &LayersSeen<'_>) -> Vec<String> {
    let mut found: Vec<String> = contents
        .map(Contents::framework)
        .filter(|framework| *framework != "none")
        .map(str::to_owned)
        .into_iter()
        .collect();
    for framework in layers.frameworks() {
        if !found.iter().any(|other| other == framework) {
            found.push(framework.to_owned());
        }
    }
    found
}

/// The libraries whose cost the model knows, of the package and of layers that are no extensions. The
/// others are in the size.
fn packages(
    runtime: &str,
    contents: Option<&Contents<'_>>,
    layers: &LayersSeen<'_>,
    model: Option<&Model>,
) -> Option<Vec<String>> {
    let model = model?;
    let own = contents
        .into_iter()
        .flat_map(|contents| contents.libraries(|arn| !layers.is_extension(arn)));
    let mut named: Vec<String> = layers
        .packages()
        .chain(own)
        // A dependency on Next.js is no Next.js application: its build says so.
        .filter(|name| *name != "next")
        .filter(|name| model.package(family(runtime), name).is_some())
        .map(str::to_owned)
        .collect();
    named.sort();
    named.dedup();
    (!named.is_empty()).then_some(named)
}

/// Layers that start a process and that the table does not have.
fn unlisted_extensions(contents: &Contents<'_>, layers: &LayersSeen<'_>) -> u32 {
    count(
        contents
            .layers_with(ContentKind::Extensions)
            .filter(|arn| !layers.is_extension(arn))
            .count(),
    )
}
