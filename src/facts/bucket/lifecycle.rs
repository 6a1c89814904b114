//! What ends by itself: old versions, and uploads that were never finished.
//!
//! Only rules that are enabled count. A rule with a prefix, tag or size says nothing about the other
//! objects, so what it covers is `some` and not `all`.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::{BucketInventory, LifecycleRule};
use crate::inventory::need::ReadingKind;

/// Lifecycle rules.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketLifecycle))]
pub struct LifecycleFacts {
    /// At least one rule is enabled.
    pub enabled: Fact<bool>,
    /// Noncurrent versions end: of `all` objects, of `some`, of `none`.
    pub expires_noncurrent: Fact<String>,
    /// Incomplete multipart uploads end: of `all` objects, of `some`, of `none`.
    pub aborts_uploads: Fact<String>,
}

impl LifecycleFacts {
    /// Concludes from GetBucketLifecycleConfiguration.
    pub fn derive(bucket: &BucketInventory) -> Self {
        let rules = from_reading(
            ReadingKind::BucketLifecycle,
            &bucket.lifecycle,
            Vec::new,
            |rules| rules.iter().filter(|rule| rule.enabled).cloned().collect(),
        );
        Self {
            enabled: rules.as_ref().map(|rules: &Vec<_>| !rules.is_empty()),
            expires_noncurrent: rules
                .as_ref()
                .map(|rules| covered(rules, |rule| rule.expires_noncurrent_days.is_some())),
            aborts_uploads: rules
                .as_ref()
                .map(|rules| covered(rules, |rule| rule.aborts_uploads_days.is_some())),
        }
    }
}

fn covered(rules: &[LifecycleRule], does: impl Fn(&LifecycleRule) -> bool) -> String {
    let mut doing = rules.iter().filter(|rule| does(rule)).peekable();
    if doing.peek().is_none() {
        "none".to_owned()
    } else if doing.any(|rule| rule.whole_bucket) {
        "all".to_owned()
    } else {
        "some".to_owned()
    }
}
