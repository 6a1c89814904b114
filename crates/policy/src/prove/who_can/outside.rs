//! Whom resource policies name outside the account, and the principals that stand for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ask::stronger;
use super::explain::AccessDecision;
use super::subject::Subject;
use super::world::World;
use crate::contract::{Grant, Reach};
use crate::document::{Policy, Principal};
use crate::parse::is_account_id;
use crate::prove::caller::{CallerClass, PrincipalKind};
use crate::prove::caller_list::{CallerList, SOME_SERVICE};

/// The parties that a resource policy names, in any element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// 12-digit ids, wherever they stand.
    pub(super) accounts: BTreeSet<String>,
    /// Service principals, wherever a statement names them: a Deny that leaves one out names it as well.
    pub(super) services: BTreeSet<String>,
    /// Canonical user ids.
    pub(super) canonical: BTreeSet<String>,
    /// Identity providers, wherever a statement names them.
    pub(super) providers: BTreeSet<String>,
    /// Users, roles and sessions by their ARN, as principals or in conditions.
    pub(super) arns: BTreeSet<String>,
}

impl Named {
    pub(super) fn of(policy: &Policy) -> Self {
        let mut named = Self::default();
        for statement in &policy.statements {
            for principal in statement
                .principal
                .iter()
                .flat_map(|element| &element.items)
            {
                match principal {
                    Principal::Account(id) => {
                        named.accounts.insert(id.clone());
                    }
                    Principal::Arn(arn) => {
                        named.accounts.insert(arn.account.clone());
                        named.arns.insert(arn.text.clone());
                    }
                    Principal::Service(name) => {
                        named.services.insert(name.to_lowercase());
                    }
                    Principal::CanonicalUser(id) => {
                        named.canonical.insert(id.clone());
                    }
                    Principal::Federated(name) => {
                        named.providers.insert(name.clone());
                    }
                    _ => {}
                }
            }
            for condition in &statement.conditions {
                let names_services = matches!(
                    condition.key.as_str(),
                    "aws:principalservicename" | "aws:principalservicenameslist"
                );
                for value in &condition.values {
                    let words =
                        value.split(|found: char| !found.is_ascii_alphanumeric() && found != '-');
                    named
                        .accounts
                        .extend(words.filter(|word| is_account_id(word)).map(str::to_owned));
                    if value.starts_with("arn:") && !value.contains(['*', '?', '$']) {
                        named.arns.insert(value.clone());
                    }
                    if names_services && !value.contains(['*', '?', '$']) {
                        named.services.insert(value.to_lowercase());
                    }
                }
            }
        }
        named
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.services.extend(other.services);
        self.canonical.extend(other.canonical);
        self.providers.extend(other.providers);
        self.arns.extend(other.arns);
    }

    /// Whom an ACL names.
    pub(super) fn grants(&mut self, grants: &[Grant], owner_id: Option<&str>) {
        for grant in grants {
            match grant.grantee.as_str() {
                "AllUsers" | "AuthenticatedUsers" => {}
                "LogDelivery" => {
                    self.services.insert("logging.s3.amazonaws.com".to_owned());
                }
                id if Some(id) == owner_id => {}
                id => {
                    self.canonical.insert(id.to_owned());
                }
            }
        }
    }
}

fn service_called(name: &str) -> Subject {
    Subject::other(CallerClass::Service(name.into()), None)
}

/// A row of an answer, and the callers that stand for it: one of them is enough.
#[derive(Debug)]
pub(super) struct Party {
    /// `anonymous`, `account:N`, `account:*`, `service:S`, `service:*`, `canonical:ID`.
    pub(super) name: String,
    pub(super) callers: Vec<Subject>,
    /// More callers than there are: where they are kept out, so is everyone in this row. Empty where
    /// `callers` stand for all of it.
    pub(super) all: Vec<Subject>,
    /// The account whose identity policies are not seen.
    pub(super) unseen: Option<String>,
}

impl Party {
    /// The strongest decision about its callers. Where all of them are kept out, `all` must be as well.
    pub(super) fn decided(&self, decide: impl Fn(&Subject) -> AccessDecision) -> AccessDecision {
        let mut best: Option<AccessDecision> = None;
        for caller in &self.callers {
            let decision = decide(caller);
            let strongest = match best {
                Some(best) => stronger(best, decision),
                None => decision,
            };
            let done = strongest.reach == Reach::Reachable;
            best = Some(strongest);
            if done {
                break;
            }
        }
        let mut best = best.unwrap_or_else(|| AccessDecision::unknown("no such caller"));
        let gets_in = |all: &Subject| decide(all).reach != Reach::Unreachable;
        if best.reach == Reach::Unreachable && self.all.iter().any(gets_in) {
            best = AccessDecision::unknown(
                "policies tell such callers apart by patterns, and one of them may get in",
            );
        }
        best
    }
}

impl World {
    /// Everyone outside the account whom these policies name, and those whom none names: anonymous
    /// callers, any other account, any service.
    pub(super) fn parties(&self, named: &Named) -> Vec<Party> {
        self.parties_of(named, None)
    }

    /// The same at a bucket of that owner.
    pub(super) fn parties_of(&self, named: &Named, owner: Option<&str>) -> Vec<Party> {
        let mut parties = vec![Party {
            name: "anonymous".to_owned(),
            callers: vec![Subject::other(CallerClass::Anonymous, None)],
            all: Vec::new(),
            unseen: None,
        }];
        parties.push(self.unnamed_accounts());
        let owner = owner.map(str::to_owned);
        let accounts: BTreeSet<&String> = named.accounts.iter().chain(&owner).collect();
        for account in accounts {
            if *account == self.account || !is_account_id(account) {
                continue;
            }
            parties.push(self.account_called(account, named));
        }
        parties.push(self.unnamed_services());
        for service in &named.services {
            parties.push(Party {
                name: format!("service:{service}"),
                callers: vec![service_called(service)],
                all: Vec::new(),
                unseen: None,
            });
        }
        for id in &named.canonical {
            parties.push(Party {
                name: format!("canonical:{id}"),
                callers: vec![Subject::other(
                    CallerClass::Canonical(id.as_str().into()),
                    None,
                )],
                all: Vec::new(),
                unseen: Some(format!("the account with canonical user id {id}")),
            });
        }
        parties
    }

    /// Services that no statement names, which `"Principal": "*"` lets in. Conditions may tell them apart
    /// by patterns; then an example of each pattern stands for them as well.
    fn unnamed_services(&self) -> Party {
        let vocabulary = &self.book.vocabulary;
        let named: BTreeSet<String> = vocabulary.service_principals().collect();
        let mut callers = vec![service_called(SOME_SERVICE)];
        let mut all = Vec::new();
        if vocabulary.has_service_patterns() {
            let examples = vocabulary.services_in_conditions();
            callers.extend(
                examples
                    .filter(|name| !named.contains(name))
                    .map(|name| service_called(&name)),
            );
            all.push(Subject {
                widened: true,
                ..service_called("")
            });
        }
        Party {
            name: "service:*".to_owned(),
            callers,
            all,
            unseen: None,
        }
    }

    /// The accounts that no policy names. Conditions may tell them apart by part of their number; then all
    /// of them together are more than there are.
    fn unnamed_accounts(&self) -> Party {
        let mut list = CallerList::new(&self.book.vocabulary, BTreeSet::new());
        let fresh = Arc::clone(&self.book.vocabulary.fresh_account);
        list.account(fresh, false, None, true);
        list.any_account(false);
        let (all, callers) = subjects(list);
        Party {
            name: "account:*".to_owned(),
            callers,
            all,
            unseen: Some("the caller's account".to_owned()),
        }
    }

    /// An account that policies name: its principals that no statement names, and those that are named.
    fn account_called(&self, account: &str, named: &Named) -> Party {
        let mut list = CallerList::new(&self.book.vocabulary, BTreeSet::new());
        list.account(account.into(), false, None, true);
        let (all, mut callers) = subjects(list);
        let aws = |kind, name: &str, session: Option<&str>| CallerClass::Aws {
            account: Some(account.into()),
            kind,
            name: Some(name.into()),
            session: session.map(Into::into),
            asked: true,
        };
        for arn in &named.arns {
            let mut parts = arn.splitn(6, ':').skip(4);
            if parts.next() != Some(account) {
                continue;
            }
            let Some((kind, name)) = parts.next().and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            let caller = match (kind, name.split_once('/')) {
                ("role", _) => aws(PrincipalKind::Role, name, None),
                ("user", _) => aws(PrincipalKind::User, name, None),
                ("federated-user", _) => aws(PrincipalKind::Federated, name, None),
                ("assumed-role", Some((role, session))) => {
                    aws(PrincipalKind::Role, role, Some(session))
                }
                _ => continue,
            };
            callers.push(Subject::other(caller, Some(arn.clone())));
        }
        Party {
            name: format!("account:{account}"),
            callers,
            all,
            unseen: Some(account.to_owned()),
        }
    }
}

/// The callers of a list: more than there are, and those that are.
fn subjects(list: CallerList<'_>) -> (Vec<Subject>, Vec<Subject>) {
    list.parts
        .into_iter()
        // A question here looks at both ways in of each caller.
        .filter(|part| !part.shape.endpoint)
        .map(|part| Subject {
            widened: part.shape.widened,
            username: part.shape.username,
            ..Subject::other(part.shape.caller, part.held_as.map(|arn| arn.to_string()))
        })
        .partition(|subject| subject.widened)
}
