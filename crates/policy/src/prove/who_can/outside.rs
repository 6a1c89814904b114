//! Whom resource policies name outside the account, and the principals that stand for them.

use std::collections::BTreeSet;

use super::subject::Subject;
use super::world::World;
use crate::contract::Grant;
use crate::document::{Effect, Policy, Principal};
use crate::parse::is_account_id;
use crate::prove::caller::{CallerClass, PrincipalKind};

/// The parties that a resource policy names, in any element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// 12-digit ids, wherever they stand.
    pub(super) accounts: BTreeSet<String>,
    /// Service principals of Allow statements.
    pub(super) services: BTreeSet<String>,
    /// Canonical user ids.
    pub(super) canonical: BTreeSet<String>,
    /// Identity providers of Allow statements.
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
                    Principal::Service(name) if statement.effect == Effect::Allow => {
                        named.services.insert(name.to_lowercase());
                    }
                    Principal::CanonicalUser(id) => {
                        named.canonical.insert(id.clone());
                    }
                    Principal::Federated(name) if statement.effect == Effect::Allow => {
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

/// A row of an answer, and the callers that stand for it: one of them is enough.
#[derive(Debug)]
pub(super) struct Party {
    /// `anonymous`, `account:N`, `account:*`, `service:S`, `canonical:ID`.
    pub(super) name: String,
    pub(super) callers: Vec<Subject>,
    /// The account whose identity policies are not seen.
    pub(super) unseen: Option<String>,
}

impl World {
    /// Everyone outside the account whom these policies name, and those whom nobody names: anonymous
    /// callers and any other account.
    pub(super) fn parties(&self, named: &Named) -> Vec<Party> {
        self.parties_of(named, None)
    }

    /// The same at a bucket of that owner.
    pub(super) fn parties_of(&self, named: &Named, owner: Option<&str>) -> Vec<Party> {
        let mut parties = vec![Party {
            name: "anonymous".to_owned(),
            callers: vec![Subject::other(CallerClass::Anonymous, None)],
            unseen: None,
        }];
        let fresh = self.book.vocabulary.fresh_account.to_string();
        parties.push(Party {
            name: "account:*".to_owned(),
            callers: self.callers_of(&fresh, named),
            unseen: Some("the caller's account".to_owned()),
        });
        let owner = owner.map(str::to_owned);
        let accounts: BTreeSet<&String> = named.accounts.iter().chain(&owner).collect();
        for account in accounts {
            if *account == self.account || !is_account_id(account) {
                continue;
            }
            parties.push(Party {
                name: format!("account:{account}"),
                callers: self.callers_of(account, named),
                unseen: Some(account.clone()),
            });
        }
        for service in &named.services {
            parties.push(Party {
                name: format!("service:{service}"),
                callers: vec![Subject::other(
                    CallerClass::Service(service.as_str().into()),
                    None,
                )],
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
                unseen: Some(format!("the account with canonical user id {id}")),
            });
        }
        parties
    }

    /// The principals of another account: any role, user or its root, and those that are named.
    fn callers_of(&self, account: &str, named: &Named) -> Vec<Subject> {
        let aws = |kind, name: Option<&str>, session: Option<&str>| CallerClass::Aws {
            account: Some(account.into()),
            kind,
            name: name.map(Into::into),
            session: session.map(Into::into),
            asked: true,
        };
        let mut callers = vec![
            Subject::other(aws(PrincipalKind::Role, None, None), None),
            Subject::other(aws(PrincipalKind::User, None, None), None),
            Subject::other(aws(PrincipalKind::Root, None, None), None),
        ];
        for arn in &named.arns {
            let mut parts = arn.splitn(6, ':').skip(4);
            if parts.next() != Some(account) {
                continue;
            }
            let Some((kind, name)) = parts.next().and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            let caller = match (kind, name.split_once('/')) {
                ("role", _) => aws(PrincipalKind::Role, Some(name), None),
                ("user", _) => aws(PrincipalKind::User, Some(name), None),
                ("federated-user", _) => aws(PrincipalKind::Federated, Some(name), None),
                ("assumed-role", Some((role, session))) => {
                    aws(PrincipalKind::Role, Some(role), Some(session))
                }
                _ => continue,
            };
            callers.push(Subject::other(caller, Some(arn.clone())));
        }
        callers
    }
}
