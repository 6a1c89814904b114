//! What AWS answered about one KMS key that a bucket names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyInventory {
    /// What the key is (DescribeKey); absent means that KMS knows no such key or alias.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub description: Reading<KeyDescription>,
    /// Automatic rotation (GetKeyRotationStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub rotation: Reading<KeyRotation>,
    /// The key policy (GetKeyPolicy): a key has exactly one, named `default`.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// The grants (ListGrants), those that AWS services made included.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub grants: Reading<Vec<GrantOnKey>>,
}

/// A grant: what one principal may do with a key beyond its policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GrantOnKey {
    /// ARN of the principal, or a service principal.
    pub grantee: String,
    /// `Decrypt`, `GenerateDataKey`, …
    pub operations: Vec<String>,
    /// Pairs that the encryption context must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context_subset: BTreeMap<String, String>,
    /// The encryption context must be these pairs and no others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context_equals: BTreeMap<String, String>,
}

/// What a key is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyDescription {
    /// Its own ARN, also where an alias was asked for.
    pub arn: String,
    /// The account it belongs to.
    pub account: String,
    /// `CUSTOMER` or `AWS`.
    pub manager: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingReplicaDeletion`, `PendingImport`,
    /// `Unavailable`, `Creating` or `Updating` (KMS API reference, KeyMetadata).
    pub state: String,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`.
    pub origin: String,
    /// `SYMMETRIC_DEFAULT`, or another.
    pub spec: String,
    /// When it will be deleted, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_date: Option<String>,
}

impl KeyDescription {
    /// False for keys of another kind (RSA, ECC, SM2, ML-DSA, HMAC): "Amazon S3 only supports symmetric
    /// encryption KMS keys" (S3 API reference, ServerSideEncryptionByDefault, copy of 2026). An answer
    /// without a key spec says nothing against it.
    pub fn encrypts_symmetrically(&self) -> bool {
        matches!(self.spec.as_str(), "" | "SYMMETRIC_DEFAULT")
    }

    /// True for keys whose automatic rotation is the owner's to switch: symmetric, of a customer,
    /// with material that KMS made (KMS developer guide, "Rotate AWS KMS keys", copy of 2026).
    pub fn rotates_by_itself(&self) -> bool {
        self.manager == "CUSTOMER" && self.origin == "AWS_KMS" && self.spec == "SYMMETRIC_DEFAULT"
    }
}

/// Automatic rotation of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyRotation {
    /// KMS makes new key material by itself.
    pub enabled: bool,
    /// How often, days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_days: Option<u32>,
}
