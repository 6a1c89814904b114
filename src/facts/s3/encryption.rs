//! How objects of a bucket are encrypted at rest.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Encryption.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EncryptionFacts {
    /// Default: `sse-s3`, `sse-kms`, `dsse-kms`, or AWS's own word for a newer value.
    pub default: Fact<String>,
    /// The default is SSE-KMS or DSSE-KMS.
    pub kms: Fact<bool>,
    /// The key as configured; `aws/s3` for the AWS managed one; empty without KMS.
    pub key: Fact<String>,
    /// S3 Bucket Key is on. False without KMS.
    pub bucket_key: Fact<bool>,
    /// `blocked` or `allowed`. Not decidable when the setting is absent (its default depends on
    /// date, Region and account) and no policy statement denies it.
    pub sse_c: Fact<String>,
}
