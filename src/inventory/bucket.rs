//! What AWS answered about one S3 bucket.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket_policy::contract::BUCKET_OWNER_ENFORCED;
pub use coldbucket_policy::contract::{Grant, PublicAccessBlock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::ids::named_key;
use super::object::ObjectSample;

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
    /// Static website hosting (GetBucketWebsite); absent means off.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub website: Reading<Website>,
    /// Cross-origin rules (GetBucketCors); absent means none.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub cors: Reading<Vec<CorsRule>>,
    /// Lifecycle rules (GetBucketLifecycleConfiguration); absent means none.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub lifecycle: Reading<Vec<LifecycleRule>>,
    /// Replication (GetBucketReplication); absent means none.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub replication: Reading<Replication>,
    /// Object Lock (GetObjectLockConfiguration); absent means off.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub object_lock: Reading<ObjectLock>,
    /// Whether conditions on the bucket's tags count (GetBucketAbac); absent means they do not.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub abac: Reading<Abac>,
    /// The first few objects (ListObjectsV2, then HeadObject each; opt-in).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub object_sample: Reading<ObjectSample>,
    /// The *effective* ACLs of the same objects by key (GetObjectAcl; opt-in). Not asked for where no
    /// ACL has an effect.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub object_acls: Reading<BTreeMap<String, Acl>>,
    /// Who pays for requests, `BucketOwner` or `Requester` (GetBucketRequestPayment). Only read of
    /// buckets that receive access logs.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub request_payment: Reading<String>,
}

/// A bucket that is not general purpose: a directory, table or vector bucket, or an S3 file system. It is
/// listed in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegionalBucketInventory {
    /// Creation time, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The policy document exactly as stored, unparsed; absent without one.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// Default encryption.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub encryption: Reading<Encryption>,
}

/// Static website hosting of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Website {
    /// The index document; absent when every request is redirected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_document: Option<String>,
    /// The host that every request is redirected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_all_to: Option<String>,
}

/// One cross-origin rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CorsRule {
    /// Origins, with at most one `*` each.
    pub origins: Vec<String>,
    /// HTTP methods.
    pub methods: Vec<String>,
    /// Request headers, with at most one `*` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

/// One lifecycle rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LifecycleRule {
    /// The rule's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// `Status` is `Enabled`.
    pub enabled: bool,
    /// It covers every object: no prefix, tag or size narrows it.
    pub whole_bucket: bool,
    /// Current versions end after a time or at a date.
    pub expires_current: bool,
    /// Objects or noncurrent versions move to another storage class.
    pub transitions: bool,
    /// Noncurrent versions end after so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_noncurrent_days: Option<u32>,
    /// Incomplete multipart uploads end after so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborts_uploads_days: Option<u32>,
}

/// Replication of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Replication {
    /// ARN of the role that S3 takes on for it.
    pub role: String,
    /// The rules.
    pub rules: Vec<ReplicationRule>,
}

/// One replication rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReplicationRule {
    /// The rule's name.
    pub id: String,
    /// `Status` is `Enabled`.
    pub enabled: bool,
    /// It covers every object: no prefix or tag narrows it.
    pub whole_bucket: bool,
    /// Name of the destination bucket.
    pub destination: String,
    /// The account the rule says the destination belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_account: Option<String>,
    /// Objects encrypted with SSE-KMS or DSSE-KMS are replicated too.
    pub replicates_kms: bool,
    /// The KMS key of the replicas, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_key: Option<String>,
}

/// Object Lock of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ObjectLock {
    /// Object Lock is on.
    pub enabled: bool,
    /// `GOVERNANCE` or `COMPLIANCE` of the default retention; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<String>,
    /// Days of the default retention, a year counted as 365.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_days: Option<u32>,
}

/// Attribute-based access control of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Abac {
    /// `Enabled` or `Disabled`.
    pub status: String,
}

impl BucketInventory {
    /// The ARN under which the account's keys hold the key of the default encryption; `None` where
    /// there is no key to describe, or it is not known.
    pub fn encryption_key(&self, account: &str) -> Option<String> {
        let encryption = self.encryption.known()?;
        named_key(
            self.region.as_deref()?,
            account,
            encryption.algorithm.as_deref(),
            encryption.kms_key.as_deref(),
        )
    }

    /// The buckets that this one is known to deliver logs or replicas to.
    pub fn destinations(&self) -> BTreeSet<&str> {
        let replicas = self
            .replication
            .known()
            .into_iter()
            .flat_map(|replication| &replication.rules)
            .map(|rule| rule.destination.as_str());
        let logs = self
            .logging
            .known()
            .map(|logging| logging.target_bucket.as_str());
        replicas
            .chain(logs)
            .filter(|name| !name.is_empty())
            .collect()
    }
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

/// Object Ownership of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ownership {
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    pub object_ownership: String,
}

impl Ownership {
    /// ACLs are off.
    pub fn acls_off(&self) -> bool {
        self.object_ownership == BUCKET_OWNER_ENFORCED
    }
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Encryption {
    /// `AES256`, `aws:kms`, `aws:kms:dsse` or a newer value; absent when the rule sets no default. Of an S3
    /// file system without a KMS key of the customer's, `service-owned`.
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
