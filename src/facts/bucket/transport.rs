//! Requests over plain HTTP.
//!
//! S3 endpoints serve HTTP as well as HTTPS, so only a Deny keeps plain requests out; an Allow with
//! `aws:SecureTransport` true does not, because the owner's own identities are let in by their own
//! policies (AWS re:Post, "s3-bucket-ssl-requests-only"). The Deny may stand in the bucket policy or, where
//! the organization was read, in one of its resource control policies.

use schemars::JsonSchema;

use super::policy::PolicyReading;
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::report::Reach;
use coldbucket_policy::prove::Question;

/// Plain HTTP.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct TransportFacts {
    /// Some request over plain HTTP is not denied, by whomever (the owner's identities included).
    pub plain_http_reachable: Fact<bool>,
    /// Why: what is missing in the policy's Deny statements; empty when nothing is.
    pub weakness: Fact<String>,
    /// The ids of the organization's resource control policies that deny plain HTTP where the bucket
    /// policy does not; empty where none makes a difference.
    pub closed_by: Vec<String>,
}

impl TransportFacts {
    /// Concludes from the policy.
    pub(super) fn derive(policy: &PolicyReading<'_>) -> Self {
        Self {
            plain_http_reachable: policy.plain_http().map(|reach| reach != Reach::Unreachable),
            weakness: policy.plain_http_weakness(),
            closed_by: policy.closed_by(&Question::PlainHttp),
        }
    }
}
