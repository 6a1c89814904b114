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
use coldbucket_policy::guards::{self, LONGEST_SIGNATURE_MS, Plain};

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
    /// Nobody but the owner's root user can change or delete the policy.
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
    /// Outsiders the policy names whom RestrictPublicBuckets shuts out, because another statement
    /// makes the policy public.
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
    /// A condition says for whose resources the service may act.
    pub scoped: bool,
}

fn plain<T>(answer: Plain<T>) -> Fact<T> {
    match answer {
        Plain::Is(value) => Fact::Known(value),
        Plain::Undecided => Fact::undecidable(
            "a Deny of the policy tests this beside other conditions, which are not weighed here",
        ),
    }
}

impl GuardFacts {
    /// Concludes from the policy and the default encryption. `cut`: RestrictPublicBuckets cuts off
    /// everybody outside.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading,
        cut: Fact<bool>,
    ) -> Self {
        let arn = policy.target_arn();
        let tests_tags = policy.ask(false, |policy| {
            Fact::Known(!guards::tag_conditions(policy).is_empty())
        });
        let presigned_max_age_ms = policy.ask(LONGEST_SIGNATURE_MS, |policy| {
            plain(guards::longest_signature(policy, arn))
        });
        Self {
            presigned_longest: presigned_max_age_ms.clone().map(in_words),
            presigned_max_age_ms,
            sigv2_refused: policy.ask(false, |policy| plain(guards::refuses_sigv2(policy, arn))),
            tls_1_2_refused: policy
                .ask(false, |policy| plain(guards::refuses_tls_1_2(policy, arn))),
            locks_out_owner: policy.ask(false, |policy| {
                Fact::Known(guards::locks_out(policy, arn, context.account_id))
            }),
            refuses_default_uploads: refuses_default_uploads(context, policy, arn),
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
            services: policy.ask(Vec::new(), |policy| {
                Fact::Known(
                    guards::services(policy)
                        .into_iter()
                        .map(|grant| ServiceFacts {
                            id: format!("{} {}", grant.statement, grant.service),
                            service: grant.service,
                            statement: grant.statement,
                            scoped: grant.scoped,
                        })
                        .collect(),
                )
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

/// Without a policy nothing is refused; without the default nobody knows what it would make up for.
fn refuses_default_uploads(
    context: &BucketContext<'_>,
    policy: &PolicyReading,
    arn: &str,
) -> Fact<bool> {
    policy.ask(false, |policy| {
        // No statement of that form, whatever the default is.
        let demands = |default: &str, key: &str| {
            !guards::refuses_default_uploads(policy, arn, default, key).is_empty()
        };
        from_reading(
            ReadingKind::BucketEncryption,
            &context.bucket.encryption,
            Encryption::default,
            Clone::clone,
        )
        .map(|encryption| {
            let default = encryption.algorithm.as_deref().unwrap_or("AES256");
            let key = encryption
                .kms_key
                .as_deref()
                .filter(|key| !key.is_empty())
                .map(|key| kms_key_arn(context.region(), context.account_id, key))
                .unwrap_or_default();
            demands(default, &key)
        })
    })
}

fn cut_off(policy: &PolicyReading, cut: Fact<bool>) -> Fact<Vec<String>> {
    match (policy.outsiders(), cut) {
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
