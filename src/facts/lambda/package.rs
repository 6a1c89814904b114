//! Size of the deployment package.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::vocabulary::NeedTable;
use crate::facts::{Fact, from_reading};
use crate::inventory::Reading;
use crate::inventory::function::{FunctionConfiguration, Image};
use crate::inventory::need::{Guard, Need, ReadingKind};

/// Package of a version. MB here is 2^20 bytes, as AWS's quotas count.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PackageFacts {
    /// `zip` or `image`.
    pub kind: Fact<String>,
    /// Compressed size with layers, MB. For images known only with `--image-sizes`.
    pub total_mb: Fact<f64>,
    /// Compressed size of the function's own zip, MB. Not decidable for images.
    pub code_mb: Fact<f64>,
    /// Compressed size of all layers, MB.
    pub layers_mb: Fact<f64>,
    /// Number of layers.
    pub layer_count: Fact<u32>,
}

/// The size of an image takes two more calls, and the user's leave to make them.
const IMAGE: &[Need] = &[Need::guarded(ReadingKind::FunctionImage, Guard::OnlyImages)];

/// The readings behind each path.
pub const NEEDS: NeedTable = &[
    ("function.latest.package.total_mb", IMAGE),
    ("function.versions[].package.total_mb", IMAGE),
];

const MB: f64 = 1_048_576.0;

impl PackageFacts {
    /// Concludes from a version's configuration, and for images from the registry's answer, which
    /// is about `$LATEST`.
    pub(super) fn derive(
        name: &str,
        version: &Fact<&FunctionConfiguration>,
        image: &Reading<Image>,
    ) -> Self {
        let is_image = version.as_ref().map(|version| is_image(version));
        let code_mb = version.as_ref().and_then(|version| {
            if self::is_image(version) {
                Fact::undecidable("a container image has no zip package")
            } else {
                Fact::Known(megabytes(version.code_size_bytes))
            }
        });
        let layers_mb = version.as_ref().map(|version| {
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
        Self {
            total_mb: is_image.as_ref().and_then(|is_image| {
                if *is_image {
                    image_mb()
                } else {
                    code_mb
                        .clone()
                        .zip(layers_mb.clone())
                        .map(|(code, layers)| code + layers)
                }
            }),
            kind: is_image.map(|is_image| if is_image { "image" } else { "zip" }.to_owned()),
            code_mb,
            layers_mb,
            layer_count: version
                .as_ref()
                .map(|version| u32::try_from(version.layers.len()).unwrap_or(u32::MAX)),
        }
    }
}

/// True for container images.
pub(super) fn is_image(version: &FunctionConfiguration) -> bool {
    version.package_type.eq_ignore_ascii_case("image")
}

#[allow(
    clippy::cast_precision_loss,
    reason = "sizes are far below 2^52 bytes, and shown with one decimal"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MB
}
