//! The partitions of AWS: an account, its resources and its principals are all of one, and ARNs name it.

use crate::document::{Policy, Statement};
use crate::prove::text_of;

/// Every partition that ARNs can name (botocore `partitions.json`, 2026-11).
pub const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// The partition that an ARN names.
pub fn of_arn(arn: &str) -> Option<&'static str> {
    let named = arn.strip_prefix("arn:")?.split(':').next()?;
    PARTITIONS.into_iter().find(|known| *known == named)
}

/// The partition that the policy's resources and principals name, or else its conditions.
pub(crate) fn of_policy(policy: &Policy) -> &'static str {
    let first = |found: Vec<&'static str>| {
        let other = found.iter().copied().find(|found| *found != "aws");
        other.or(found.first().copied())
    };
    first(named(policy, targets))
        .or_else(|| first(named(policy, conditions)))
        .unwrap_or("aws")
}

/// The partitions that policies and further ARNs name, in any element: what is true of one need not be true
/// of another.
pub(crate) fn of_all<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    arns: &[String],
) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = policies
        .flat_map(|policy| {
            let mut all = named(policy, targets);
            all.extend(named(policy, conditions));
            all
        })
        .chain(arns.iter().filter_map(|arn| of_arn(arn)))
        .collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        found.push("aws");
    }
    found
}

fn named<'a, T: Iterator<Item = &'a str>>(
    policy: &'a Policy,
    texts: impl Fn(&'a Statement) -> T,
) -> Vec<&'static str> {
    policy
        .statements
        .iter()
        .flat_map(texts)
        .filter_map(of_arn)
        .collect()
}

fn targets(statement: &Statement) -> impl Iterator<Item = &str> {
    let resources = statement.resource.iter().flat_map(|element| &element.items);
    let principals = statement
        .principal
        .iter()
        .flat_map(|element| &element.items);
    resources
        .map(|pattern| pattern.text.as_str())
        .chain(principals.map(text_of))
}

fn conditions(statement: &Statement) -> impl Iterator<Item = &str> {
    statement
        .conditions
        .iter()
        .flat_map(|condition| &condition.values)
        .map(String::as_str)
}
