//! Where access logs can go: a bucket that S3 will deliver to, or none.
//!
//! AWS says nothing when a target cannot take the logs, so one is only proposed of which it is known
//! that it can ([`Facts::log_delivery_problem`]). A bucket is never made a target here: only one that
//! lets the delivery write already is chosen.

use super::Case;
use super::public::{Neighbour, Surroundings};
use crate::facts::Facts;
use crate::facts::policy::wording::{Target, grants_log_delivery};
use crate::facts::policy::{Policy, PolicyKind};

/// The prefix that tells the logs of a bucket from others.
pub fn prefix(source: &Neighbour<'_>) -> String {
    format!("{}/", source.facts.name)
}

/// The fit target that most buckets of the Region log to already, and the other fit ones.
pub(super) fn choose<'s>(
    case: &Case<'s, '_>,
    source: &Neighbour<'_>,
) -> Option<(&'s str, Vec<&'s str>)> {
    let surroundings = case.surroundings;
    let logs_to = |target: &str| {
        surroundings
            .buckets()
            .iter()
            .filter(|bucket| target_of(bucket) == Some(target))
            .count()
    };
    let mut fit: Vec<(usize, &str)> = surroundings
        .buckets()
        .iter()
        .filter(|bucket| {
            bucket.subject.id.account == source.subject.id.account
                && bucket.subject.id.region == source.subject.id.region
                && bucket.facts.name != source.facts.name
                && is_fit(case.facts, source, &bucket.facts.name)
                && !comes_back(surroundings, bucket, &source.facts.name)
        })
        .map(|bucket| (logs_to(&bucket.facts.name), bucket.facts.name.as_str()))
        .collect();
    fit.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let mut names = fit.into_iter().map(|(_, name)| name);
    Some((names.next()?, names.collect()))
}

/// True when it is known that the logs of `source` would arrive there.
pub fn is_fit(facts: &Facts<'_>, source: &Neighbour<'_>, target: &str) -> bool {
    facts
        .log_delivery_problem(&source.subject, target, &prefix(source))
        .is_some_and(|problem| problem.known().is_some_and(String::is_empty))
}

fn target_of<'b>(bucket: &'b Neighbour<'_>) -> Option<&'b str> {
    bucket
        .facts
        .logging
        .target_bucket
        .known()
        .map(String::as_str)
        .filter(|target| !target.is_empty())
}

/// True when the target's own log ends up in `source`, so that every delivery would cause another.
fn comes_back(surroundings: &Surroundings<'_, '_>, target: &Neighbour<'_>, source: &str) -> bool {
    let mut seen = vec![target.facts.name.as_str()];
    let mut next = target_of(target);
    while let Some(name) = next {
        if name == source {
            return true;
        }
        if seen.contains(&name) {
            return false;
        }
        seen.push(name);
        next = surroundings
            .buckets()
            .iter()
            .find(|bucket| {
                bucket.facts.name == name && bucket.subject.id.account == target.subject.id.account
            })
            .and_then(target_of);
    }
    false
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
