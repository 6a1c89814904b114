//! Public Lambda layers by name: what their ARNs say about a cold start.
//!
//! The table is data (`data/known-layers.yaml`), dated, with the publisher's page of each entry. A layer
//! that is not in it says nothing: it may be a library, or an extension that nobody published.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::contract::ExtensionKind;

/// The identifier of the file format.
pub const SCHEMA: &str = "coldbucket-known-layers/1";

/// The table, as in `data/known-layers.yaml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLayers {
    /// [`SCHEMA`].
    pub schema: String,
    /// When it was compiled, `YYYY-MM-DD`.
    pub date: String,
    /// The entries; the first that fits a layer counts.
    pub layers: Vec<KnownLayer>,
}

/// Layers of one publisher that are alike.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLayer {
    /// A glob on the layer's name.
    pub name: String,
    /// The owner's account id, where the name alone is not enough.
    #[serde(default)]
    pub account: Option<String>,
    /// What it does at init, where it is an extension.
    #[serde(default)]
    pub kind: Option<ExtensionKind>,
    /// What an OS-only runtime runs with it, or what it puts in front of the handler: a `framework` of
    /// the estimate.
    #[serde(default)]
    pub framework: Option<String>,
    /// Libraries that code imports from it; `{name}` is what the last `*` of the glob stands for.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The publisher's page.
    pub source: String,
}

/// What a layer's ARN says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerMeaning {
    /// What it does at init, where it is an extension.
    pub kind: Option<ExtensionKind>,
    /// A `framework` of the estimate.
    pub framework: Option<String>,
    /// `packages` of the estimate.
    pub packages: Vec<String>,
}

impl KnownLayers {
    /// The table shipped with the program.
    ///
    /// # Errors
    /// Only when the shipped file is defective, which a test rules out.
    pub fn builtin() -> Result<&'static Self, String> {
        static LAYERS: OnceLock<Result<KnownLayers, String>> = OnceLock::new();
        LAYERS
            .get_or_init(|| Self::parse(include_str!("../data/known-layers.yaml")))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if table.schema == SCHEMA {
            Ok(table)
        } else {
            Err(format!("schema is {:?}, not {SCHEMA:?}", table.schema))
        }
    }

    /// What the ARN of a layer version says, `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`;
    /// `None` where the layer is not in the table.
    pub fn meaning(&self, arn: &str) -> Option<LayerMeaning> {
        let mut parts = arn.split(':').skip(4);
        let account = parts.next()?;
        let name = parts.nth(1)?;
        self.layers
            .iter()
            .filter(|known| {
                known
                    .account
                    .as_deref()
                    .is_none_or(|owner| owner == account)
            })
            .find_map(|known| {
                let last = matches(&known.name, name)?;
                Some(LayerMeaning {
                    kind: known.kind,
                    framework: known.framework.clone(),
                    packages: known
                        .packages
                        .iter()
                        .map(|package| package.replace("{name}", last))
                        .collect(),
                })
            })
    }
}

/// What the last `*` of a glob stands for in a text that it fits; empty without a `*`. Every `*` but the
/// last stands for as little as possible.
fn matches<'t>(glob: &str, text: &'t str) -> Option<&'t str> {
    let Some((first, rest)) = glob.split_once('*') else {
        return (glob == text).then_some("");
    };
    let mut text = text.strip_prefix(first)?;
    let mut rest = rest;
    while let Some((middle, after)) = rest.split_once('*') {
        let at = text.find(middle)?;
        text = text.get(at + middle.len()..)?;
        rest = after;
    }
    text.strip_suffix(rest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn of(account: &str, name: &str) -> Option<LayerMeaning> {
        KnownLayers::builtin().unwrap().meaning(&format!(
            "arn:aws:lambda:eu-west-1:{account}:layer:{name}:12"
        ))
    }

    fn kind(name: &str) -> Option<ExtensionKind> {
        of("111122223333", name)?.kind
    }

    #[test]
    fn an_extension_has_the_kind_of_its_name() {
        for (name, expected) in [
            ("Datadog-Extension-ARM", ExtensionKind::Plain),
            ("Datadog-Python312", ExtensionKind::Instrumentation),
            ("LambdaInsightsExtension-Arm64", ExtensionKind::Plain),
            (
                "aws-otel-collector-arm64-ver-0-115-0",
                ExtensionKind::OtelCollector,
            ),
            (
                "aws-otel-nodejs-amd64-ver-1-30-1",
                ExtensionKind::Instrumentation,
            ),
            (
                "AWSOpenTelemetryDistroPython",
                ExtensionKind::Instrumentation,
            ),
            (
                "opentelemetry-collector-amd64-0_13_0",
                ExtensionKind::OtelCollector,
            ),
            (
                "opentelemetry-nodejs-0_13_0",
                ExtensionKind::Instrumentation,
            ),
            ("NewRelicLambdaExtensionARM64", ExtensionKind::Plain),
            ("NewRelicNodeJS20X", ExtensionKind::Instrumentation),
            ("splunk-apm-collector", ExtensionKind::OtelCollector),
            ("splunk-apm-arm", ExtensionKind::Instrumentation),
        ] {
            assert_eq!(kind(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_layer_of_libraries_names_them() {
        assert_eq!(
            of("770693421928", "Klayers-p311-scikit-learn")
                .unwrap()
                .packages,
            ["scikit-learn"]
        );
        let pandas = of("336392948345", "AWSSDKPandas-Python312-Arm64").unwrap();
        assert_eq!(pandas.packages, ["pandas", "numpy", "pyarrow"]);
        assert_eq!(pandas.kind, None);
    }

    #[test]
    fn a_runtime_is_recognized_by_its_publisher() {
        for account in ["534081306603", "873528684822"] {
            let bref = of(account, "arm-php-84-fpm").unwrap();
            assert_eq!(bref.framework.as_deref(), Some("php"));
        }
        // Another account's layer of that name may be anything.
        assert_eq!(of("111122223333", "php-84-fpm"), None);
        let adapter = of("753240598075", "LambdaAdapterLayerX86").unwrap();
        assert_eq!(adapter.framework.as_deref(), Some("lambda-web-adapter"));
    }

    #[test]
    fn what_is_no_known_layer_says_nothing() {
        assert_eq!(of("111122223333", "our-tools"), None);
        for text in ["", "arn", "arn:aws:lambda:eu-west-1:111122223333:layer"] {
            assert_eq!(
                KnownLayers::builtin().unwrap().meaning(text),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn every_entry_says_something_and_has_a_source() {
        for known in &KnownLayers::builtin().unwrap().layers {
            let says =
                known.kind.is_some() || known.framework.is_some() || !known.packages.is_empty();
            assert!(says && !known.source.is_empty(), "{}", known.name);
        }
    }
}
