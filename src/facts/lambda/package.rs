//! Size of the deployment package.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Package of a version. MB here is 2^20 bytes, as AWS's quotas count.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PackageFacts {
    /// `zip` or `image`.
    pub kind: String,
    /// Compressed size with layers, MB. For images known only with `--image-sizes`.
    pub total_mb: Fact<f64>,
    /// Compressed size of the function's own zip, MB.
    pub code_mb: Fact<f64>,
    /// Compressed size of all layers, MB.
    pub layers_mb: Fact<f64>,
    /// Number of layers.
    pub layer_count: u32,
}
