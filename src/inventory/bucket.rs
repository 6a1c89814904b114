//! What AWS answered about one S3 bucket.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One bucket of the account, as ListBuckets and the per-bucket calls describe it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BucketInventory {
    /// The bucket's Region (ListBuckets `BucketRegion`); absent when the endpoint did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Creation time, RFC 3339 (ListBuckets `CreationDate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The policy document exactly as stored, unparsed (GetBucketPolicy).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// AWS's own judgement of the policy (GetBucketPolicyStatus).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy_status: Reading<PolicyStatus>,
    /// The *effective* ACL (GetBucketAcl): grants that Block Public Access or
    /// BucketOwnerEnforced switch off are not in it.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub acl: Reading<Acl>,
    /// Object Ownership (GetBucketOwnershipControls); absent means legacy ObjectWriter.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub ownership: Reading<Ownership>,
    /// The bucket's own Block Public Access flags (GetPublicAccessBlock); absent means all false.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub public_access_block: Reading<PublicAccessBlock>,
    /// Default encryption (GetBucketEncryption); absent means SSE-S3 on a live bucket.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub encryption: Reading<Encryption>,
    /// Server access logging (GetBucketLogging); absent means off.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub logging: Reading<Logging>,
    /// Versioning (GetBucketVersioning); absent means never enabled.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub versioning: Reading<Versioning>,
    /// Tags (GetBucketTagging); absent means none.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub tags: Reading<BTreeMap<String, String>>,
}

/// AWS's answer to GetBucketPolicyStatus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyStatus {
    /// AWS deems the policy public, by its documented meaning of public.
    pub is_public: bool,
}

/// An access control list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acl {
    /// Canonical user id of the bucket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The grants, in AWS's order.
    pub grants: Vec<Grant>,
}

/// One ACL grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// `AllUsers`, `AuthenticatedUsers`, `LogDelivery`, or a canonical user id (or an e-mail address).
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: String,
}

/// Object Ownership of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ownership {
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    pub object_ownership: String,
}

/// The four Block Public Access flags, at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PublicAccessBlock {
    /// New public ACLs are refused.
    pub block_public_acls: bool,
    /// Existing public ACLs are ignored.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// A public policy only serves the owner's account and AWS services.
    pub restrict_public_buckets: bool,
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Encryption {
    /// `AES256`, `aws:kms`, `aws:kms:dsse` or a newer value; absent when the rule sets no default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The key as written: bare id, ARN, alias or alias ARN; absent means the AWS managed `aws/s3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// S3 Bucket Key switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_key: Option<bool>,
    /// `BlockedEncryptionTypes`: `["SSE-C"]` blocks, `["NONE"]` explicitly allows, absent depends on
    /// date, Region and account (S3 user guide, default changes from 2026-04-06 on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_encryption_types: Option<Vec<String>>,
}

/// Server access logging of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Logging {
    /// The bucket that receives the logs.
    pub target_bucket: String,
    /// The prefix of the log objects.
    pub target_prefix: String,
    /// `simple` (the default) or `partitioned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
}

/// Versioning of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Versioning {
    /// `Enabled` or `Suspended`; absent when it was never set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// MFA delete switched on; absent when AWS did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_delete: Option<bool>,
}
