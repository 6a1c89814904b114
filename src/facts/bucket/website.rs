//! Static website hosting and cross-origin rules: what a browser meets.
//!
//! The website endpoint speaks plain HTTP only, whatever the policy says about TLS (S3 user guide,
//! "Website endpoints", copy of 2026). CORS grants nothing: a browser learns from it which pages may see
//! what the caller may have anyway, so it matters together with an open bucket or a leaked URL.

use schemars::JsonSchema;
use wildmatch::WildMatchPattern;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::{BucketInventory, CorsRule};
use crate::inventory::need::ReadingKind;

/// Static website hosting.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketWebsite))]
pub struct WebsiteFacts {
    /// The bucket has a website endpoint.
    pub enabled: Fact<bool>,
}

/// Cross-origin rules.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketCors))]
pub struct CorsFacts {
    /// There is at least one rule.
    pub enabled: Fact<bool>,
    /// Pages of every origin may write or delete (PUT, POST or DELETE).
    pub any_origin_writes: Fact<bool>,
}

/// Origins of a host that no rule can have written, with and without a port.
const UNNAMED_ORIGINS: [&str; 4] = [
    "http://\u{e000}.\u{e000}",
    "https://\u{e000}.\u{e000}",
    "http://\u{e000}.\u{e000}:\u{e000}",
    "https://\u{e000}.\u{e000}:\u{e000}",
];

impl WebsiteFacts {
    /// Concludes from GetBucketWebsite.
    pub fn derive(bucket: &BucketInventory) -> Self {
        Self {
            enabled: from_reading(
                ReadingKind::BucketWebsite,
                &bucket.website,
                || false,
                |_| true,
            ),
        }
    }
}

impl CorsFacts {
    /// Concludes from GetBucketCors.
    pub fn derive(bucket: &BucketInventory) -> Self {
        let some = |wanted: &dyn Fn(&CorsRule) -> bool| {
            from_reading(
                ReadingKind::BucketCors,
                &bucket.cors,
                || false,
                |rules| rules.iter().any(wanted),
            )
        };
        Self {
            enabled: some(&|_| true),
            any_origin_writes: some(&|rule| {
                any_origin(rule) && allows(rule, &["PUT", "POST", "DELETE"])
            }),
        }
    }
}

/// An allowed origin takes the pages of a host that nothing names: `*`, `https://*`, `http*`.
fn any_origin(rule: &CorsRule) -> bool {
    // No other character is a wildcard here.
    rule.origins
        .iter()
        .map(|origin| WildMatchPattern::<'*', '\0'>::new(origin))
        .any(|pattern| UNNAMED_ORIGINS.iter().any(|origin| pattern.matches(origin)))
}

fn allows(rule: &CorsRule, methods: &[&str]) -> bool {
    rule.methods.iter().any(|method| {
        methods
            .iter()
            .any(|wanted| method.eq_ignore_ascii_case(wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_counts_by_what_it_takes() {
        for (origin, any) in [
            ("*", true),
            ("http*", true),
            ("https*", true),
            ("h*", true),
            ("http://*", true),
            ("https://*", true),
            ("http:*", true),
            ("*://*", true),
            ("**", true),
            ("https://*:*", true),
            ("https://*.example.com", false),
            ("*.example.com", false),
            ("http*://www.example.com", false),
            ("https://www.example.com:*", false),
            ("https://www.example.com", false),
            ("chrome-extension://*", false),
            ("null", false),
            ("????????????????", false),
            ("", false),
        ] {
            let rule = CorsRule {
                origins: vec![origin.to_owned()],
                ..CorsRule::default()
            };
            assert_eq!(any_origin(&rule), any, "{origin}");
        }
    }
}
