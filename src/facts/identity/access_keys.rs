//! Access keys of users: credentials that never expire by themselves.
//!
//! A presigned URL lives as long as it was signed for, seven days at most, and no longer than the
//! credentials it was signed with (S3 user guide, "Download and upload objects with presigned URLs",
//! copy of 2026). A role's session ends in hours; a user's access key does not, so only those can sign
//! for a week, and a copy works until the key is deleted.

use schemars::JsonSchema;

use super::context::IdentityContext;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::identity::IdentityInventory;
use crate::inventory::need::ReadingKind;

/// The active access keys of a user that has some right on S3. All others have none here.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(IdentityListing), own(IdentityAccessKeys))]
pub struct AccessKeyFacts {
    /// How many are active, two at most.
    pub active: Fact<u32>,
    /// Age of the oldest active one when the account was read, whole days; 0 without one, or when AWS
    /// did not say when it was made.
    pub oldest_days: Fact<u32>,
}

impl AccessKeyFacts {
    /// No keys.
    pub(super) fn none() -> Self {
        Self {
            active: Fact::Known(0),
            oldest_days: Fact::Known(0),
        }
    }

    /// Concludes from ListAccessKeys.
    pub(super) fn derive(
        context: &IdentityContext<'_>,
        kind: &str,
        identity: &IdentityInventory,
        uses_s3: &Fact<bool>,
    ) -> Self {
        if kind != "user" || uses_s3.known() == Some(&false) {
            return Self::none();
        }
        let keys = from_reading(
            ReadingKind::IdentityAccessKeys,
            &identity.access_keys,
            || (0, 0),
            |keys| {
                let active: Vec<u32> = keys
                    .iter()
                    .filter(|key| key.active)
                    .map(|key| context.days_since(key.created.as_deref()).unwrap_or(0))
                    .collect();
                let oldest = active.iter().copied().max().unwrap_or(0);
                (u32::try_from(active.len()).unwrap_or(u32::MAX), oldest)
            },
        );
        // There are no keys that matter where there are none, whatever else was not read.
        let keys = match (keys, uses_s3) {
            (Fact::Known((0, _)), _) => Fact::Known((0, 0)),
            (keys, uses_s3) => keys.zip(uses_s3.clone()).map(|(keys, _)| keys),
        };
        Self {
            active: keys.as_ref().map(|(active, _)| *active),
            oldest_days: keys.map(|(_, oldest)| oldest),
        }
    }
}
