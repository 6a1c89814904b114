//! Where access logs can go: a bucket that S3 will deliver to, or none.
//!
//! A target must be in the same Region and account, encrypted with SSE-S3, without a default
//! retention, and must let `logging.s3.amazonaws.com` write; AWS says nothing when it does not (S3
//! user guide, "Enabling Amazon S3 server access logging", copy of 2026). A bucket is never made a
//! target here: only one that is one already is chosen.

use super::public::{Neighbour, Surroundings};
use crate::facts::policy::wording::{Target, grants_log_delivery};
use crate::facts::policy::{Policy, PolicyKind};

/// The fit target that most buckets of the Region log to already, and the other fit ones.
pub fn choose<'s>(
    surroundings: &'s Surroundings<'_, '_>,
    source: &Neighbour<'_>,
) -> Option<(&'s str, Vec<&'s str>)> {
    let (id, name) = (&source.subject.id, &source.facts.name);
    let logs_to = |target: &str| {
        surroundings
            .buckets()
            .iter()
            .filter(|bucket| {
                bucket
                    .facts
                    .logging
                    .target_bucket
                    .known()
                    .map(String::as_str)
                    == Some(target)
            })
            .count()
    };
    let mut fit: Vec<(usize, &str)> = surroundings
        .buckets()
        .iter()
        .filter(|bucket| {
            bucket.subject.id.account == id.account
                && bucket.subject.id.region == id.region
                && bucket.facts.name != *name
                && is_fit(bucket)
        })
        .map(|bucket| (logs_to(&bucket.facts.name), bucket.facts.name.as_str()))
        .collect();
    fit.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let mut names = fit.into_iter().map(|(_, name)| name);
    Some((names.next()?, names.collect()))
}

fn is_fit(bucket: &Neighbour<'_>) -> bool {
    let facts = &bucket.facts;
    facts.encryption.default.known().map(String::as_str) == Some("sse-s3")
        && facts.object_lock.default_days.known() == Some(&0)
        && is_written_to(bucket)
}

/// True when its policy or its ACL lets log delivery write.
pub fn is_written_to(bucket: &Neighbour<'_>) -> bool {
    by_policy(bucket)
        || bucket
            .standing
            .grants
            .known()
            .into_iter()
            .flatten()
            .any(|grant| {
                grant.grantee == "LogDelivery"
                    && matches!(grant.permission.as_str(), "WRITE" | "FULL_CONTROL")
            })
}

/// True when its policy does.
pub fn by_policy(bucket: &Neighbour<'_>) -> bool {
    let Some(Some(text)) = bucket.standing.policy.known() else {
        return false;
    };
    let policy = Policy::parse(text, PolicyKind::Resource);
    let target = Target {
        arn: bucket.facts.arn.clone(),
        owner: bucket.facts.account.clone(),
    };
    policy.is_sound() && grants_log_delivery(&policy, &target)
}
