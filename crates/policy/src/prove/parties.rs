//! Whom a policy lets in by name: other accounts, and AWS services on behalf of any account.
//!
//! Both come from ways in that the prover found, so a name counts wherever it stands — as a principal,
//! in a condition of an Allow, or in the exception of a Deny — and does not count where a Deny takes
//! back what an Allow grants.

use std::collections::BTreeSet;

use super::budget::Exhausted;
use super::case::Case;
use super::compile::Whom;
use super::hit::{Holding, WayIn};
use super::prover::Prover;
use super::questions::Question;
use crate::contract::Reach;
use crate::document::{Effect, Policy, Principal, Statement};
use crate::parse::is_account_id;

impl Prover {
    /// The parties outside the owner's account that get in because the policy names them: account
    /// ids, organization ids, canonical user ids, identity providers. `None` when the analysis
    /// exceeded its step limit.
    ///
    /// CloudFront's origin access identities belong to no account and are left out.
    pub fn named_parties(&mut self) -> Option<BTreeSet<String>> {
        let mut parties = BTreeSet::new();
        for group in 0..self.policy.groups.len() {
            for hit in self.named_ways_in(group).ok()? {
                parties.extend(
                    hit.held.iter().flat_map(|(key, values)| {
                        values.iter().filter_map(|value| party(key, value))
                    }),
                );
                parties.extend(self.providers(&hit));
            }
        }
        parties.remove(&self.place.owner);
        Some(parties)
    }

    /// The ways into one group of actions that are not open to every AWS account. What may be one,
    /// and could not be decided, counts.
    fn named_ways_in(&mut self, group: usize) -> Result<Vec<WayIn>, Exhausted> {
        let mut asked = self.asked(&Question::AnyAwsAccount);
        let holders = self.holders(&mut asked);
        let open = self.open_to_all(group, &asked)?;
        let mut ways = self.ways_in(group, &asked, &holders)?;
        ways.retain(|hit| !open.contains(&hit.rule));
        self.hold(&mut ways);
        self.alternatives(&mut ways);
        Ok(ways)
    }

    /// The identity providers that a way in is for: whether a session came from one of them is not
    /// known of any caller.
    fn providers(&self, hit: &WayIn) -> Vec<String> {
        let whom = hit
            .rule
            .and_then(|position| self.policy.allows.get(position))
            .map(|rule| &rule.whom);
        let Some(Whom::Principals(element)) = whom else {
            return Vec::new();
        };
        element
            .items
            .iter()
            .filter_map(|item| match item {
                Principal::Federated(provider) => {
                    Some(account_of_arn(provider).unwrap_or(provider).to_owned())
                }
                _ => None,
            })
            .collect()
    }
}

/// The party that a value names, which a caller must hold.
fn party(key: &str, value: &str) -> Option<String> {
    match key {
        "principal" if value.starts_with("arn:") => account_of_arn(value).map(str::to_owned),
        "principal"
        | "aws:PrincipalAccount"
        | "s3:DataAccessPointAccount"
        | "aws:PrincipalOrgID"
        | "aws:VpceAccount"
        | "aws:VpceOrgID" => Some(value.to_owned()),
        "aws:PrincipalArn"
        | "s3:DataAccessPointArn"
        | "s3:AccessGrantsInstanceArn"
        | "aws:SourceVpcArn" => account_of_arn(value).map(str::to_owned),
        "aws:PrincipalOrgPaths" | "aws:VpceOrgPaths" => value
            .split('/')
            .next()
            .filter(|organization| organization.starts_with("o-"))
            .map(str::to_owned),
        _ => None,
    }
}

/// The account field of an ARN, when there is one.
fn account_of_arn(text: &str) -> Option<&str> {
    if !text.starts_with("arn:") {
        return None;
    }
    text.split(':')
        .nth(4)
        .filter(|account| is_account_id(account))
}

/// An AWS service that a statement lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceGrant {
    /// The service, for example `cloudtrail.amazonaws.com`.
    pub service: String,
    /// The statement, counted from 0.
    pub statement: usize,
    /// The service gets in on behalf of named accounts or organizations only; `None` where that
    /// could not be decided.
    pub scoped: Option<bool>,
}

/// The services that Allow statements let in, by statement, and whether each gets in on behalf of
/// named accounts or organizations only (IAM user guide, "The confused deputy problem", copy of
/// 2026).
pub fn service_grants(case: &Case<'_>) -> Vec<ServiceGrant> {
    let Some(policy) = case.policy else {
        return Vec::new();
    };
    let mut grants = Vec::new();
    for allow in policy.with_effect(Effect::Allow) {
        let services = services_of(policy, allow);
        if services.is_empty() && !allows_everyone(allow) {
            continue;
        }
        let mut alone = policy.clone();
        alone
            .statements
            .retain(|statement| statement.effect == Effect::Deny || statement.index == allow.index);
        let mut prover = Prover::new(&Case {
            policy: Some(&alone),
            ..*case
        });
        if services.is_empty() && prover.is_for_services_alone() {
            grants.push(ServiceGrant {
                scoped: prover.is_scoped(UNNAMED_SERVICE),
                statement: allow.index,
                service: UNNAMED_SERVICE.to_owned(),
            });
        }
        grants.extend(services.into_iter().map(|service| ServiceGrant {
            scoped: prover.is_scoped(&service),
            statement: allow.index,
            service,
        }));
    }
    grants.sort();
    grants
}

/// Stands for any service where a policy names none. No service has this name.
pub const UNNAMED_SERVICE: &str = "unnamed.amazonaws.com";

fn allows_everyone(allow: &Statement) -> bool {
    allow
        .principal
        .iter()
        .any(|principal| !principal.negated && principal.items.contains(&Principal::Everyone))
}

/// The services that a statement names as principals, and where it is for everyone those that the
/// policy's conditions on the caller's service name.
fn services_of(policy: &Policy, allow: &Statement) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    let principals = allow
        .principal
        .iter()
        .filter(|principal| !principal.negated)
        .flat_map(|principal| &principal.items);
    for principal in principals {
        match principal {
            Principal::Service(service) => {
                services.insert(service.clone());
            }
            Principal::Everyone => services.extend(
                std::iter::once(allow)
                    .chain(policy.with_effect(Effect::Deny))
                    .flat_map(|statement| &statement.conditions)
                    .filter(|condition| {
                        matches!(
                            condition.key.as_str(),
                            "aws:principalservicename" | "aws:principalservicenameslist"
                        )
                    })
                    .flat_map(|condition| &condition.values)
                    .filter(|value| {
                        (value.ends_with(".amazonaws.com") || value.ends_with(".amazonaws.com.cn"))
                            && !value.contains(['*', '?', '$'])
                    })
                    .cloned(),
            ),
            _ => {}
        }
    }
    services
}

impl Prover {
    /// Whether neither anonymous callers nor any AWS account get in: what is granted to everyone is
    /// for services alone then (`aws:PrincipalIsAWSService`, a service name with a wildcard).
    fn is_for_services_alone(&mut self) -> bool {
        [Question::Anonymous, Question::AnyAwsAccount]
            .iter()
            .all(|question| self.answer(question).verdict == Reach::Unreachable)
    }

    fn is_scoped(&mut self, service: &str) -> Option<bool> {
        let (answer, ways) = self.answer_with_ways(&Question::Service(service.to_lowercase()));
        match answer.verdict {
            Reach::Unreachable => Some(true),
            Reach::Reachable => Some(false),
            Reach::Unknown => None,
            Reach::Constrained => Some(ways.iter().all(names_an_account)),
        }
    }
}

/// Whether what a service must hold names the account or organization that it acts for. An ARN of S3
/// names no account, and a bucket of that name may be another account's tomorrow.
fn names_an_account(held: &Holding) -> bool {
    // The bucket's own account or organization under a variable is as fixed as its id.
    let is_of_bucket = |value: &str| {
        [
            "${aws:ResourceAccount}",
            "${s3:ResourceAccount}",
            "${aws:ResourceOrgID}",
        ]
        .iter()
        .any(|variable| variable.eq_ignore_ascii_case(value))
    };
    let is_fixed = |value: &String| {
        is_of_bucket(value) || !value.is_empty() && !value.contains(['*', '?', '$'])
    };
    held.iter().any(|(key, values)| match key.as_str() {
        "aws:SourceAccount" | "aws:SourceOrgID" => values.iter().all(is_fixed),
        "aws:SourceOrgPaths" => values.iter().all(|value| {
            party("aws:PrincipalOrgPaths", value)
                .as_ref()
                .is_some_and(is_fixed)
        }),
        "aws:SourceArn" => values.iter().all(|value| account_of_arn(value).is_some()),
        _ => false,
    })
}
