//! What `cold-start estimate --batch` reads and writes, a JSON line each.
//!
//! MB in these types is 2^20 bytes. Times are milliseconds.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// One function to estimate; members that are absent are not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EstimateInput {
    /// Echoed in the answer.
    pub id: String,
    /// Runtime identifier, for example `python3.13` or `provided.al2023`; for images the nearest one.
    pub runtime: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `zip` or `image`.
    pub package_type: String,
    /// Memory, MB.
    #[serde(deserialize_with = "whole")]
    pub memory_mb: u32,
    /// Compressed zip with its layers, MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_mb: Option<f64>,
    /// Unzipped package with its layers, MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unzipped_mb: Option<f64>,
    /// What the handler really loads at init, unzipped, MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_mb: Option<f64>,
    /// Compressed container image, MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_mb: Option<f64>,
    /// The handler loads an AWS SDK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_sdk: Option<bool>,
    /// Where the SDK client is created. With `handler`, the first call creates it, not init.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_client: Option<SdkClient>,
    /// Names of the libraries that init imports, as PyPI and npm write them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<String>>,
    /// Number of external extensions.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "whole_or_none"
    )]
    pub extensions: Option<u32>,
    /// The kind of each extension or layer that adds to init; the number of extensions where
    /// `extensions` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension_kinds: Option<Vec<ExtensionKind>>,
    /// SnapStart is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapstart: Option<bool>,
    /// With SnapStart: the code that the first call needs was run before the snapshot was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primed: Option<bool>,
    /// Attached to a VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<bool>,
    /// .NET: the assemblies are compiled ahead of time with ReadyToRun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_to_run: Option<bool>,
    /// What an OS-only runtime runs, or what is built on a managed one: `rust`, `go`, `llrt`, `bun`,
    /// `php`, `laravel`, `graalvm`, `dotnet8-aot`, `quarkus`, `micronaut`, `spring-boot`, `aspnet`,
    /// `nextjs`, `nestjs`, `rails`, `fastapi`, `lambda-web-adapter`, …; several with spaces between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
}

/// A whole number, which a writer of JSON may give as `512` or as `512.0`.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(D::Error::custom(format!(
            "{number} is not a whole number from 0 up"
        )));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range"
    )]
    Ok(number as u32)
}

/// The same, or null.
fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u32);
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|number| number.0))
}

/// Where an AWS SDK client is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SdkClient {
    /// Outside the handler.
    Init,
    /// In the handler.
    Handler,
}

/// What an extension does at init.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExtensionKind {
    /// A process of its own: secrets, logs, metrics, the Lambda Web Adapter.
    Plain,
    /// An OpenTelemetry collector.
    OtelCollector,
    /// Automatic instrumentation of the function's code.
    Instrumentation,
}

/// How narrow the band is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The upper end is at most twice the lower end.
    Good,
    /// At most 3.5 times.
    Fair,
    /// More than 3.5 times.
    #[default]
    Rough,
}

/// The estimate. `reported = init + first call`, what the REPORT line would show;
/// `caller = pre-init + reported`, what a caller waits beyond a warm call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateOutput {
    /// The input's id.
    pub id: String,
    /// Before init: download and sandbox, in no metric, ms.
    pub pre_init_ms: f64,
    /// Init Duration (or Restore Duration with SnapStart), ms.
    pub init_ms: f64,
    /// What the first handler call takes beyond a warm one, ms.
    pub first_call_ms: f64,
    /// Init and first call together, ms.
    pub reported_ms: f64,
    /// Pre-init and reported together, ms.
    pub caller_ms: f64,
    /// Lower end of the band around `reported_ms`.
    pub low_ms: f64,
    /// Upper end of the band around `reported_ms`.
    pub high_ms: f64,
    /// Lower end of the band around `init_ms`.
    pub init_low_ms: f64,
    /// Upper end of the band around `init_ms`.
    pub init_high_ms: f64,
    /// How narrow the band around `reported_ms` is: `good`, `fair` or `rough`.
    #[serde(default)]
    pub precision: Precision,
    /// What the estimate rests on, one remark each.
    pub basis: Vec<String>,
}

/// One way to a faster start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lever {
    /// What to do.
    pub what: String,
    /// What it saves, ms.
    pub saves_ms: f64,
    /// Lower end of what it saves, ms.
    #[serde(default)]
    pub saves_low_ms: f64,
    /// Upper end of what it saves, ms.
    #[serde(default)]
    pub saves_high_ms: f64,
    /// What it costs a month, USD.
    pub usd_per_month: f64,
    /// The exact command or change.
    pub how: String,
}
