//! Size of the deployment package.

use schemars::JsonSchema;

use super::contents::{Contents, FolderFacts, WasteFacts, megabytes};
use super::context::member;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::function::{FunctionConfiguration, Image};
use crate::inventory::need::ReadingKind;
use coldbucket_cold_start::Model;

/// Package of a version. MB here is 2^20 bytes, as AWS's quotas count.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct PackageFacts {
    /// `zip` or `image`.
    pub kind: Fact<String>,
    /// Compressed size with layers, MB. For images known only with `--image-sizes`.
    #[needs(own(FunctionImage))]
    pub total_mb: Fact<f64>,
    /// Compressed size of the function's own zip, MB. Not decidable for images.
    pub code_mb: Fact<f64>,
    /// Compressed size of all layers, MB.
    pub layers_mb: Fact<f64>,
    /// Number of layers.
    pub layer_count: Fact<u32>,
    /// Unzipped size with layers, MB. Known only with `--inspect-packages`; AWS allows 250 MB.
    #[needs(own(FunctionPackages))]
    pub unzipped_mb: Fact<f64>,
    /// Number of files with layers. Known only with `--inspect-packages`.
    #[needs(own(FunctionPackages))]
    pub files: Fact<u64>,
    /// The five largest folders of what was read. Known only with `--inspect-packages`.
    #[needs(own(FunctionPackages))]
    pub largest: Fact<Vec<FolderFacts>>,
    /// What could be left out, in the zip and in the layers that could be read. Known only with
    /// `--inspect-packages`.
    #[needs(own(FunctionPackages))]
    pub waste: Fact<Vec<WasteFacts>>,
    /// Layers whose contents were refused or failed: nothing is said of them. Known only with
    /// `--inspect-packages`.
    #[needs(own(FunctionPackages))]
    pub unread_layers: Fact<u32>,
    /// `spring-boot`, `micronaut`, `quarkus`, `aspnet` or `none`. Known only with
    /// `--inspect-packages`.
    #[needs(own(FunctionPackages))]
    pub framework: Fact<String>,
}

impl PackageFacts {
    /// Concludes from a version's configuration, and for images from the registry's answer, which
    /// is about `$LATEST`.
    pub(super) fn derive(
        name: &str,
        version: &Fact<&FunctionConfiguration>,
        image: &Reading<Image>,
        contents: &Fact<Contents<'_>>,
        model: Option<&Model>,
    ) -> Self {
        let is_image = member(version, &["package_type"], FunctionConfiguration::is_image);
        let code_mb = is_image.as_ref().and_then(|is_image| {
            if *is_image {
                Fact::undecidable("a container image has no zip package")
            } else {
                member(version, &["code_size_bytes"], |version| {
                    megabytes(version.code_size_bytes)
                })
            }
        });
        let layers_mb = member(version, &["layers", "layer_sizes"], |version| {
            megabytes(
                version
                    .layers
                    .iter()
                    .fold(0, |sum, layer| sum.saturating_add(layer.code_size_bytes)),
            )
        });
        let image_mb = || {
            if name == super::LATEST {
                match image {
                    Reading::Absent => Fact::undecidable("the registry does not know the image"),
                    image => from_reading(
                        ReadingKind::FunctionImage,
                        image,
                        || 0.0,
                        |image| megabytes(image.compressed_bytes),
                    ),
                }
            } else {
                Fact::undecidable("the image size is read for $LATEST only")
            }
        };
        let total_mb = is_image.as_ref().and_then(|is_image| {
            if *is_image {
                image_mb()
            } else {
                code_mb
                    .clone()
                    .zip(layers_mb.clone())
                    .map(|(code, layers)| code + layers)
            }
        });
        let waste = contents.as_ref().and_then(|contents| {
            version
                .as_ref()
                .zip(total_mb.as_ref())
                .and_then(|(version, total_mb)| match model {
                    Some(model) => Fact::Known(contents.waste(version, *total_mb, model)),
                    None => Fact::undecidable("the cold-start model cannot be read"),
                })
        });
        Self {
            unzipped_mb: contents
                .as_ref()
                .and_then(|contents| contents.unzipped_bytes())
                .map(megabytes),
            files: contents.as_ref().and_then(|contents| contents.files()),
            largest: contents.as_ref().map(|contents| contents.folders()),
            waste,
            unread_layers: contents.as_ref().map(|contents| contents.unread_layers()),
            framework: contents
                .as_ref()
                .map(|contents| contents.framework().to_owned()),
            total_mb,
            kind: is_image.map(|is_image| if is_image { "image" } else { "zip" }.to_owned()),
            code_mb,
            layers_mb,
            layer_count: member(version, &["layers"], |version| {
                u32::try_from(version.layers.len()).unwrap_or(u32::MAX)
            }),
        }
    }
}
