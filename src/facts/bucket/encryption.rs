//! How objects of a bucket are encrypted at rest.
//!
//! Since 2023-01-05 every object is encrypted, by SSE-S3 where nothing else is configured (S3 user
//! guide, "Default encryption FAQ"): on a live bucket "no configuration" means SSE-S3. What is left
//! to know is whose key it is, whether the Bucket Key saves KMS calls, and whether writers may bring
//! their own key (SSE-C), which leaves the owner unable to read what was written.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::policy::PolicyReading;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::Encryption;

/// Encryption.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketEncryption),
    own(DirectoryBucketEncryption),
    own(TableBucketEncryption),
    own(VectorBucketEncryption),
    own(FileSystemEncryption)
)]
pub struct EncryptionFacts {
    /// Default: `sse-s3`, `sse-kms`, `dsse-kms`, `service-owned` for an S3 file system without a KMS key of
    /// the customer's, or AWS's own word for a newer value.
    pub default: Fact<String>,
    /// The default is SSE-KMS or DSSE-KMS.
    pub kms: Fact<bool>,
    /// The key as configured; `aws/s3` for the AWS managed one; empty without KMS.
    pub key: Fact<String>,
    /// S3 Bucket Key is on. False without KMS.
    pub bucket_key: Fact<bool>,
    /// `blocked` or `allowed`. Not decidable when the setting is absent (its default depends on
    /// date, Region and account) and no policy statement denies it.
    #[needs(own(BucketPolicy))]
    pub sse_c: Fact<String>,
}

impl EncryptionFacts {
    /// Concludes from GetBucketEncryption, and for SSE-C from the policy as well.
    pub(super) fn derive(context: &BucketContext<'_>, policy: &PolicyReading<'_>) -> Self {
        let (kind, reading) = context.encryption();
        let setting = from_reading(kind, reading, Encryption::default, Clone::clone);
        let default = setting.as_ref().map(default_name);
        let kms = default.as_ref().map(|default| is_kms(default));
        let when_kms = |value: fn(&Encryption) -> String| {
            setting.as_ref().map(|setting| {
                if is_kms(&default_name(setting)) {
                    value(setting)
                } else {
                    String::new()
                }
            })
        };
        Self {
            key: when_kms(|setting| {
                setting
                    .kms_key
                    .clone()
                    .filter(|key| !key.is_empty())
                    .unwrap_or_else(|| "aws/s3".to_owned())
            }),
            bucket_key: setting
                .as_ref()
                .map(|setting| is_kms(&default_name(setting)) && setting.bucket_key == Some(true)),
            sse_c: blocked_by_setting(&setting)
                .or(policy.denies_sse_c())
                .map(|blocked| if blocked { "blocked" } else { "allowed" }.to_owned()),
            default,
            kms,
        }
    }
}

/// The default's name. S3 knows more values than a user can set (`aws:fsx`, `aws:backup` for access
/// points, botocore 2026-08), so a word this program has never seen is passed on, not refused.
fn default_name(setting: &Encryption) -> String {
    match setting.algorithm.as_deref() {
        None | Some("" | "AES256") => "sse-s3".to_owned(),
        Some("aws:kms") => "sse-kms".to_owned(),
        Some("aws:kms:dsse") => "dsse-kms".to_owned(),
        Some(other) => other.to_lowercase(),
    }
}

fn is_kms(default: &str) -> bool {
    matches!(default, "sse-kms" | "dsse-kms")
}

/// What `BlockedEncryptionTypes` says; nothing when it is not there, because its default depends
/// on the day the bucket was made, its Region and its account (S3 user guide, SSE-C changes from
/// 2026-04-06 on).
fn blocked_by_setting(setting: &Fact<Encryption>) -> Fact<bool> {
    setting
        .as_ref()
        .and_then(|setting| match &setting.blocked_encryption_types {
            Some(types) => Fact::Known(types.iter().any(|kind| kind.eq_ignore_ascii_case("SSE-C"))),
            None => Fact::undecidable(
                "the bucket does not set BlockedEncryptionTypes, and whether SSE-C is then \
                 blocked depends on its age, Region and account",
            ),
        })
}
