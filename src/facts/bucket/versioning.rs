//! Versioning.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::ReadingKind;

/// Versioning.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketVersioning))]
pub struct VersioningFacts {
    /// `Enabled`, `Suspended` or `Never`.
    pub status: Fact<String>,
    /// New overwrites and deletions keep the old version.
    pub enabled: Fact<bool>,
    /// Deleting a version takes a second factor. False where it was never switched on.
    pub mfa_delete: Fact<bool>,
}

impl VersioningFacts {
    /// Concludes from GetBucketVersioning. A bucket whose versioning was never set answers
    /// without a status (S3 API reference, GetBucketVersioning).
    pub fn derive(bucket: &BucketInventory) -> Self {
        let status = from_reading(
            ReadingKind::BucketVersioning,
            &bucket.versioning,
            || "Never".to_owned(),
            |versioning| match versioning.status.as_deref() {
                None | Some("") => "Never".to_owned(),
                Some(status) => status.to_owned(),
            },
        );
        Self {
            // S3 leaves the element out until it was switched on once (S3 API reference,
            // GetBucketVersioning).
            mfa_delete: from_reading(
                ReadingKind::BucketVersioning,
                &bucket.versioning,
                || false,
                |versioning| versioning.mfa_delete == Some(true),
            ),
            enabled: status.as_ref().map(|status| status == "Enabled"),
            status,
        }
    }
}

/// Whether versioning is enabled now.
pub(super) fn is_enabled(bucket: &BucketInventory) -> Fact<bool> {
    VersioningFacts::derive(bucket).enabled
}
