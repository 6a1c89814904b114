//! Static website hosting and cross-origin rules: what a browser meets.
//!
//! The website endpoint speaks plain HTTP only, whatever the policy says about TLS (S3 user guide,
//! "Website endpoints", copy of 2026). CORS grants nothing: a browser learns from it which pages may see
//! what the caller may have anyway, so it matters together with an open bucket or a leaked URL.

use schemars::JsonSchema;

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

/// `*`, or a whole scheme.
fn any_origin(rule: &CorsRule) -> bool {
    rule.origins
        .iter()
        .any(|origin| matches!(origin.as_str(), "*" | "http://*" | "https://*"))
}

fn allows(rule: &CorsRule, methods: &[&str]) -> bool {
    rule.methods.iter().any(|method| {
        methods
            .iter()
            .any(|wanted| method.eq_ignore_ascii_case(wanted))
    })
}
