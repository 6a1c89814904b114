//! Requests over plain HTTP.
//!
//! S3 endpoints serve HTTP as well as HTTPS, so only a Deny keeps plain requests out; an Allow with
//! `aws:SecureTransport` true does not, because the owner's own identities are let in by their own
//! policies (AWS re:Post, "s3-bucket-ssl-requests-only"). The policy alone is judged: a service or
//! resource control policy that compensates cannot be seen from inside the account.

use schemars::JsonSchema;

use super::policy::PolicyReading;
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::report::Reach;

/// Plain HTTP.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct TransportFacts {
    /// Some request over plain HTTP is not denied, by whomever (the owner's identities included).
    pub plain_http_reachable: Fact<bool>,
    /// Why: what is missing in the policy's Deny statements; empty when nothing is.
    pub weakness: Fact<String>,
}

impl TransportFacts {
    /// Concludes from the policy.
    pub(super) fn derive(policy: &PolicyReading) -> Self {
        Self {
            plain_http_reachable: policy.plain_http().map(|reach| reach != Reach::Unreachable),
            weakness: policy.plain_http_weakness(),
        }
    }
}
