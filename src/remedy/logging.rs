//! Where access logs can go: a bucket that S3 will deliver to, or none.
//!
//! AWS says nothing when a target cannot take the logs, so what is known of it counts
//! ([`Facts::log_delivery_problem`]), and where something is not, a person is asked. A bucket is never
//! made a target here: only one that lets the delivery write already is chosen.

use super::Case;
use super::public::{Neighbour, Surroundings, why};
use crate::facts::{Fact, Facts};
use coldbucket_policy::wording::{Target, grants_log_delivery};
use coldbucket_policy::{Policy, PolicyKind};

/// The prefix that tells the logs of a bucket from others.
pub fn prefix(source: &Neighbour<'_>) -> String {
    format!("{}/", source.facts.name)
}

/// Where the logs of a bucket are to go.
pub struct Choice<'s> {
    /// The target that most buckets of the Region log to already.
    pub target: &'s str,
    /// Others that would do as well.
    pub others: Vec<&'s str>,
    /// Why it is not known that they would arrive; nothing when it is.
    pub doubt: Option<String>,
}

/// A target of which it is known that it takes the logs; otherwise one that is kept for logs, of which
/// nothing is known to be in the way.
pub(super) fn choose<'s>(case: &Case<'s, '_>, source: &Neighbour<'_>) -> Option<Choice<'s>> {
    let surroundings = case.surroundings;
    let logs_to = |target: &str| {
        surroundings
            .buckets()
            .iter()
            .filter(|bucket| target_of(bucket) == Some(target))
            .count()
    };
    let mut found: Vec<(Option<String>, usize, &str)> = surroundings
        .buckets()
        .iter()
        .filter(|bucket| {
            bucket.subject.id.account == source.subject.id.account
                && bucket.subject.id.region == source.subject.id.region
                && bucket.facts.name != source.facts.name
                && !comes_back(surroundings, bucket, &source.facts.name)
        })
        .filter_map(|bucket| {
            let name = bucket.facts.name.as_str();
            let problem = problem(case.facts, source, name)?;
            let doubt = match problem.known() {
                Some(problem) if problem.is_empty() => None,
                Some(_) => return None,
                None if is_written_to(bucket) => Some(why(&problem)),
                None => return None,
            };
            Some((doubt, logs_to(name), name))
        })
        .collect();
    found.sort_by(|a, b| {
        (a.0.is_some(), std::cmp::Reverse(a.1), a.2).cmp(&(
            b.0.is_some(),
            std::cmp::Reverse(b.1),
            b.2,
        ))
    });
    let mut found = found.into_iter();
    let (doubt, _, target) = found.next()?;
    let others = found
        .filter(|other| other.0.is_none())
        .map(|(_, _, name)| name)
        .collect();
    Some(Choice {
        target,
        others,
        doubt,
    })
}

fn problem(facts: &Facts<'_>, source: &Neighbour<'_>, target: &str) -> Option<Fact<String>> {
    facts.log_delivery_problem(&source.subject, target, &prefix(source))
}

/// True when it is known that the logs of `source` would arrive there.
pub fn is_fit(facts: &Facts<'_>, source: &Neighbour<'_>, target: &str) -> bool {
    problem(facts, source, target)
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
fn comes_back(surroundings: &Surroundings<'_>, target: &Neighbour<'_>, source: &str) -> bool {
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
