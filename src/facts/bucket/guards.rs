//! What the policy's own guards see to: presigned URLs, old signatures, TLS 1.2, uploads without a
//! header, services, and whether the owner can still change the policy.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::policy::PolicyReading;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::Encryption;
use crate::inventory::ids::kms_key_arn;
use crate::inventory::need::ReadingKind;
use coldbucket_policy::guards;
use coldbucket_policy::prove::{EncryptionHeaders, Question, UNNAMED_SERVICE};

/// What the policy guards against.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct GuardFacts {
    /// The longest a presigned URL or form for object data is accepted, ms; 604800000 (seven days)
    /// where the policy says nothing, 0 where none is accepted.
    pub presigned_max_age_ms: Fact<u64>,
    /// The same in words, for example `7 days` or `15 minutes`.
    pub presigned_longest: Fact<String>,
    /// Signatures of version 2 are refused.
    pub sigv2_refused: Fact<bool>,
    /// Connections over TLS 1.2 are refused; S3 speaks nothing older.
    pub tls_1_2_refused: Fact<bool>,
    /// No IAM identity of the owner's account can change or delete the policy; its root user can.
    pub locks_out_owner: Fact<bool>,
    /// Uploads without an encryption header are refused although the default encryption would do
    /// what the policy demands.
    #[needs(own(BucketEncryption))]
    pub refuses_default_uploads: Fact<bool>,
    /// Conditions of the policy test tags of the bucket.
    pub tests_tags: Fact<bool>,
    /// Such conditions count: attribute-based access control is enabled.
    #[needs(own(BucketAbac))]
    pub tags_count: Fact<bool>,
    /// The AWS services that the policy lets in.
    pub services: Fact<Vec<ServiceFacts>>,
    /// Other accounts and organizations that the policy names and RestrictPublicBuckets cuts off,
    /// because another statement makes the policy public.
    #[needs(
        own(BucketPolicyStatus),
        own(BucketPublicAccessBlock),
        own(AccountPublicAccessBlock)
    )]
    pub cut_off: Fact<Vec<String>>,
}

/// An AWS service that a statement of the policy lets in.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct ServiceFacts {
    /// Statement and service, for example `0 sns.amazonaws.com`.
    pub id: String,
    /// The service, for example `sns.amazonaws.com`.
    pub service: String,
    /// The statement, counted from 0.
    pub statement: usize,
    /// The service gets in on behalf of named accounts or organizations only.
    pub scoped: Fact<bool>,
}

impl GuardFacts {
    /// Concludes from the policy and the default encryption. `cut`: RestrictPublicBuckets cuts off
    /// everyone outside.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading<'_>,
        cut: Fact<bool>,
    ) -> Self {
        let tests_tags = policy.ask(false, |policy| {
            Fact::Known(!guards::tag_conditions(policy).is_empty())
        });
        let presigned_max_age_ms = policy.longest_signature();
        Self {
            presigned_longest: presigned_max_age_ms.clone().map(in_words),
            presigned_max_age_ms,
            sigv2_refused: policy.refuses(&Question::SigV2, &["s3:GetObject", "s3:PutObject"]),
            tls_1_2_refused: policy.refuses(
                &Question::TlsBelow("1.3".to_owned()),
                &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:ListBucket",
                ],
            ),
            locks_out_owner: policy.refuses_by_itself(
                &Question::OwnerIdentities,
                &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
            ),
            refuses_default_uploads: refuses_default_uploads(context, policy),
            tags_count: tests_tags.clone().and_then(|tests| {
                if tests {
                    from_reading(
                        ReadingKind::BucketAbac,
                        &context.bucket.abac,
                        || false,
                        |abac| abac.status == "Enabled",
                    )
                } else {
                    Fact::Known(false)
                }
            }),
            tests_tags,
            services: policy.service_grants().map(|grants| {
                grants
                    .into_iter()
                    .map(|grant| ServiceFacts {
                        id: format!("{} {}", grant.statement, grant.service),
                        service: match grant.service.as_str() {
                            UNNAMED_SERVICE => "any AWS service".to_owned(),
                            _ => grant.service,
                        },
                        statement: grant.statement,
                        scoped: match grant.scoped {
                            Some(scoped) => Fact::Known(scoped),
                            None => Fact::undecidable(
                                "on whose behalf the service gets in could not be decided",
                            ),
                        },
                    })
                    .collect()
            }),
            cut_off: cut_off(policy, cut),
        }
    }
}

/// A time in the largest unit that it is a whole number of.
fn in_words(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
    ];
    UNITS
        .into_iter()
        .find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit))
        .map_or_else(
            || format!("{ms} ms"),
            |(unit, name)| match ms / unit {
                1 => format!("1 {name}"),
                many => format!("{many} {name}s"),
            },
        )
}

/// Whether uploads without a header are refused, and the same uploads with the headers that ask for
/// the default encryption are not.
fn refuses_default_uploads(context: &BucketContext<'_>, policy: &PolicyReading<'_>) -> Fact<bool> {
    let without = Question::Upload(EncryptionHeaders::default());
    policy
        .refuses_by_itself(&without, &["s3:PutObject"])
        .and_then(|refused| {
            if !refused {
                return Fact::Known(false);
            }
            from_reading(
                ReadingKind::BucketEncryption,
                &context.bucket.encryption,
                Encryption::default,
                Clone::clone,
            )
            .and_then(|encryption| {
                let with = Question::Upload(EncryptionHeaders {
                    algorithm: Some(encryption.algorithm.unwrap_or_else(|| "AES256".to_owned())),
                    kms_key: encryption
                        .kms_key
                        .filter(|key| !key.is_empty())
                        .map(|key| kms_key_arn(context.region(), context.account_id, &key)),
                });
                policy
                    .refuses_by_itself(&with, &["s3:PutObject"])
                    .map(|refused| !refused)
            })
        })
}

fn cut_off(policy: &PolicyReading<'_>, cut: Fact<bool>) -> Fact<Vec<String>> {
    match (policy.named_parties(), cut) {
        (Fact::Known(named), _) if named.is_empty() => Fact::Known(named),
        (_, Fact::Known(false)) => Fact::Known(Vec::new()),
        (named, cut) => named.zip(cut).map(|(named, _)| named),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_time_is_said_in_the_unit_that_fits() {
        for (ms, words) in [
            (604_800_000, "7 days"),
            (86_400_000, "1 day"),
            (3_600_000, "1 hour"),
            (900_000, "15 minutes"),
            (90_000, "90 seconds"),
            (1_500, "1500 ms"),
            (0, "0 ms"),
        ] {
            assert_eq!(in_words(ms), words);
        }
    }
}
