//! Is the policy public: AWS's answer beside AWS's documentation.
//!
//! GetBucketPolicyStatus says what AWS deems a policy to be; its documentation says by which rules
//! ([`documented_public`]). When both are known and differ, neither is silently preferred: a finding
//! can show the two sides, and the policy may have changed between the calls. Neither of them says
//! what requests can do; that is `bucket.exposure`.

use schemars::JsonSchema;

use super::exposure::aws_says_public;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::ReadingKind;
use coldbucket_policy::documented_public::{Comparison, documented_public};
use coldbucket_policy::{Policy, PolicyKind};

/// The two judgements of a bucket policy.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct PublicStatusFacts {
    /// GetBucketPolicyStatus: the policy is public. False without a policy.
    #[needs(own(BucketPolicyStatus, UnlessNoPolicy))]
    pub aws: Fact<bool>,
    /// The documented meaning of public, of the policy's text: unknown where it does not decide.
    pub documented: Fact<bool>,
    /// Both are known and they differ.
    #[needs(own(BucketPolicyStatus, UnlessNoPolicy))]
    pub disagree: Fact<bool>,
}

impl PublicStatusFacts {
    /// Puts both sides side by side.
    pub(super) fn derive(bucket: &BucketInventory) -> Self {
        let aws = aws_says_public(bucket);
        let documented = from_reading(
            ReadingKind::BucketPolicy,
            &bucket.policy,
            || Some(false),
            |text| documented_public(&Policy::parse(text, PolicyKind::Resource)),
        )
        .and_then(|answer| match answer {
            Some(public) => Fact::Known(public),
            None => Fact::undecidable(
                "AWS's documentation does not decide whether this policy is public",
            ),
        });
        let disagree = aws
            .clone()
            .zip(documented.clone())
            .map(|(aws, documented)| {
                Comparison {
                    aws,
                    documented: Some(documented),
                }
                .disagrees()
            });
        Self {
            aws,
            documented,
            disagree,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Reading;
    use crate::inventory::bucket::PolicyStatus;

    const PUBLIC: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;

    fn facts(policy: Reading<String>, status: Reading<PolicyStatus>) -> PublicStatusFacts {
        PublicStatusFacts::derive(&BucketInventory {
            policy,
            policy_status: status,
            ..BucketInventory::default()
        })
    }

    fn says(is_public: bool) -> Reading<PolicyStatus> {
        Reading::Known(PolicyStatus { is_public })
    }

    #[test]
    fn the_two_sides_agree_or_are_both_told() {
        let agreed = facts(Reading::Known(PUBLIC.to_owned()), says(true));
        assert_eq!(agreed.disagree, Fact::Known(false));
        let differing = facts(Reading::Known(PUBLIC.to_owned()), says(false));
        assert_eq!(differing.aws, Fact::Known(false));
        assert_eq!(differing.documented, Fact::Known(true));
        assert_eq!(differing.disagree, Fact::Known(true));
    }

    #[test]
    fn without_a_policy_neither_calls_it_public() {
        let none = facts(Reading::Absent, Reading::NotCollected);
        assert_eq!(none.aws, Fact::Known(false));
        assert_eq!(none.documented, Fact::Known(false));
        assert_eq!(none.disagree, Fact::Known(false));
    }

    #[test]
    fn a_refused_call_leaves_its_side_open() {
        let denied = Reading::Denied {
            action: "s3:GetBucketPolicyStatus".to_owned(),
            code: "AccessDenied".to_owned(),
        };
        let half = facts(Reading::Known(PUBLIC.to_owned()), denied);
        assert_eq!(half.documented, Fact::Known(true));
        assert!(half.aws.known().is_none());
        assert_eq!(half.disagree.because().len(), 1);
        assert_eq!(
            half.disagree.because()[0].action,
            "s3:GetBucketPolicyStatus"
        );
    }
}
