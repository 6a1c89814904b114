//! Lists of callers, split into shapes.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::caller::{
    CallerClass, CallerShape, PrincipalKind, tells_networks_apart, tells_principals_apart,
};
use super::provider::IdentityProvider;
use super::vocabulary::Vocabulary;
use crate::document::{Principal, PrincipalArn};
use crate::parse;

/// A service principal that stands for all that a policy does not name.
pub(super) const SOME_SERVICE: &str = "some-service.amazonaws.com";

/// A part of a question's callers.
#[derive(Clone, Debug)]
pub(super) struct AskedShape {
    pub(super) shape: CallerShape,
    /// How `only_from` calls the principal, when being it is a constraint.
    pub(super) held_as: Option<Arc<str>>,
}

/// A list of callers of a question.
#[derive(Debug)]
pub(super) struct CallerList<'a> {
    vocabulary: &'a Vocabulary,
    /// Canonical ids that ACLs name.
    canonical: BTreeSet<String>,
    /// Some key tells the internet from a VPC endpoint.
    tells_networks_apart: bool,
    /// Some key tells principals of one account apart.
    tells_principals_apart: bool,
    /// A name for users and roles that no statement names.
    unnamed: OnceCell<Arc<str>>,
    pub(super) parts: Vec<AskedShape>,
}

impl<'a> CallerList<'a> {
    /// An empty list.
    pub(super) fn new(vocabulary: &'a Vocabulary, canonical: BTreeSet<String>) -> Self {
        Self {
            vocabulary,
            canonical,
            tells_networks_apart: vocabulary.mentions(tells_networks_apart),
            tells_principals_apart: vocabulary.mentions(tells_principals_apart),
            unnamed: OnceCell::new(),
            parts: Vec::new(),
        }
    }

    fn push(&mut self, part: AskedShape) {
        // The internet first: it makes the plainer witness.
        let through_endpoint = self.tells_networks_apart.then(|| AskedShape {
            shape: CallerShape {
                endpoint: true,
                ..part.shape.clone()
            },
            held_as: part.held_as.clone(),
        });
        self.parts.push(part);
        self.parts.extend(through_endpoint);
    }

    pub(super) fn add(&mut self, caller: CallerClass, fresh: bool, held_as: Option<Arc<str>>) {
        self.push(AskedShape {
            shape: CallerShape {
                endpoint: false,
                fresh,
                widened: false,
                username: None,
                apart: Vec::new(),
                caller,
            },
            held_as,
        });
    }

    pub(super) fn widened(&mut self, caller: CallerClass, fresh: bool, held_as: Option<Arc<str>>) {
        self.push(AskedShape {
            shape: CallerShape {
                endpoint: false,
                fresh,
                widened: true,
                username: None,
                apart: Vec::new(),
                caller,
            },
            held_as,
        });
    }

    /// An account that the policy does not name.
    pub(super) fn fresh_accounts(&mut self) {
        let account = Arc::clone(&self.vocabulary.fresh_account);
        self.account(account, true, None, false);
        self.any_account(true);
    }

    /// Every account that the policy does not name, where its conditions tell some of them apart: only
    /// for proofs.
    pub(super) fn any_account(&mut self, fresh: bool) {
        if self.vocabulary.splits_accounts() {
            for kind in [
                PrincipalKind::Role,
                PrincipalKind::User,
                PrincipalKind::Root,
                PrincipalKind::Federated,
            ] {
                let any = CallerClass::Aws {
                    account: None,
                    kind,
                    name: None,
                    session: None,
                    asked: false,
                };
                let both = self.vocabulary.position("aws:principalarn").is_some();
                if both && kind == PrincipalKind::User {
                    self.users_of_names(&any, fresh, None);
                }
                self.widened(any, fresh, None);
            }
        }
    }

    /// The IAM identities of an account, its root user left out.
    pub(super) fn identities(&mut self, id: &str, fresh: bool) {
        self.account(id.into(), fresh, None, true);
        self.parts.retain(|part| {
            !matches!(
                part.shape.caller,
                CallerClass::Aws {
                    kind: PrincipalKind::Root,
                    ..
                }
            )
        });
    }

    /// Federated identities of these providers.
    pub(super) fn federated(&mut self, providers: Vec<IdentityProvider>, fresh: bool) {
        for provider in providers {
            self.add(CallerClass::Provider(provider), fresh, None);
        }
    }

    /// The services that the policy names, as principals or in conditions on the caller's service.
    pub(super) fn services(&mut self) {
        // Any service, on behalf of an account that the policy names.
        self.add(CallerClass::Service(SOME_SERVICE.into()), false, None);
        for name in self.vocabulary.services_in_conditions() {
            self.add(CallerClass::Service(name.into()), false, None);
        }
        for name in self.vocabulary.service_principals() {
            let name: Arc<str> = name.into();
            self.add(CallerClass::Service(Arc::clone(&name)), false, Some(name));
        }
        self.any_service(false);
    }

    /// Every service that the policy does not name, where its conditions may tell some of them apart:
    /// only for proofs.
    pub(super) fn any_service(&mut self, fresh: bool) {
        if self.vocabulary.has_service_patterns() {
            self.widened(CallerClass::Service("".into()), fresh, None);
        }
    }

    /// Principals of an account whom no statement names by name.
    pub(super) fn account(
        &mut self,
        id: Arc<str>,
        fresh: bool,
        held_as: Option<Arc<str>>,
        asked: bool,
    ) {
        let names_parts = self.names_parts_of(&id);
        let aws = |kind, name: Option<Arc<str>>| CallerClass::Aws {
            account: Some(Arc::clone(&id)),
            kind,
            name,
            session: None,
            asked,
        };
        self.add(aws(PrincipalKind::Role, None), fresh, held_as.clone());
        if !self.tells_principals_apart && !names_parts {
            return;
        }
        let unnamed = Arc::clone(
            self.unnamed
                .get_or_init(|| self.vocabulary.unnamed_principal().into()),
        );
        let both = self.vocabulary.position("aws:username").is_some()
            && self.vocabulary.position("aws:principalarn").is_some();
        if both {
            // One name for both keys; the pair of them unbound is more than there is.
            let user = aws(PrincipalKind::User, Some(Arc::clone(&unnamed)));
            self.add(user, fresh, held_as.clone());
            self.users_of_names(&aws(PrincipalKind::User, None), fresh, held_as.as_ref());
            let users = aws(PrincipalKind::User, None);
            self.widened(users, fresh, held_as.clone());
        } else {
            self.add(aws(PrincipalKind::User, None), fresh, held_as.clone());
        }
        self.add(aws(PrincipalKind::Root, None), fresh, held_as.clone());
        for name in std::iter::once(unnamed).chain(self.federated_names()) {
            self.add(
                aws(PrincipalKind::Federated, Some(name)),
                fresh,
                held_as.clone(),
            );
        }
        self.widened(aws(PrincipalKind::Federated, None), fresh, held_as);
    }

    /// The names of federated users that conditions on `aws:PrincipalArn` and `aws:userid` have, or that
    /// their patterns match.
    fn federated_names(&self) -> BTreeSet<Arc<str>> {
        let examples = |key| {
            let key = self.vocabulary.position(key);
            key.into_iter()
                .flat_map(|key| self.vocabulary.examples_of(key))
        };
        let of_arns = examples("aws:principalarn").filter_map(|arn| {
            let (_, name) = arn.split_once(":federated-user/")?;
            Some(Arc::from(name))
        });
        let of_ids = examples("aws:userid").filter_map(|id| {
            let (account, name) = id.split_once(':')?;
            parse::is_account_id(account).then(|| Arc::from(name))
        });
        of_arns
            .chain(of_ids)
            .filter(|name: &Arc<str>| !name.is_empty())
            .collect()
    }

    /// The users of each name that a condition on `aws:username` has, whatever their paths.
    fn users_of_names(&mut self, user: &CallerClass, fresh: bool, held_as: Option<&Arc<str>>) {
        let vocabulary = self.vocabulary;
        let key = vocabulary.position("aws:username");
        for name in key.into_iter().flat_map(|key| vocabulary.literals_of(key)) {
            self.push(AskedShape {
                shape: CallerShape {
                    endpoint: false,
                    fresh,
                    widened: matches!(user, CallerClass::Aws { account: None, .. }),
                    username: Some(name.into()),
                    apart: Vec::new(),
                    caller: user.clone(),
                },
                held_as: held_as.cloned(),
            });
        }
    }

    fn names_parts_of(&self, id: &str) -> bool {
        self.vocabulary
            .principals
            .iter()
            .any(|principal| match principal {
                Principal::Arn(arn) => arn.account == id,
                Principal::Account(account) => account == id,
                Principal::Federated(_) => true,
                _ => false,
            })
    }

    /// Everyone whom the policy names, accounts and principals, in accounts that `wanted` takes.
    pub(super) fn named(&mut self, wanted: impl Fn(&str) -> bool) {
        let vocabulary = self.vocabulary;
        for account in vocabulary.accounts.iter().filter(|account| wanted(account)) {
            let account: Arc<str> = account.as_str().into();
            self.account(Arc::clone(&account), false, Some(account), false);
        }
        // A caller who holds a literal and is no one in particular.
        let before = self.parts.len();
        self.fresh_accounts();
        for part in self.parts.iter_mut().skip(before) {
            part.shape.fresh = false;
        }
        self.principals(wanted);
        let of_policies = vocabulary
            .principals
            .iter()
            .filter_map(|principal| match principal {
                Principal::CanonicalUser(id) => Some(id),
                _ => None,
            });
        let ids: BTreeSet<String> = of_policies.chain(&self.canonical).cloned().collect();
        for id in ids {
            let id: Arc<str> = id.into();
            self.add(CallerClass::Canonical(Arc::clone(&id)), false, Some(id));
        }
    }

    /// The sessions of one role that statements name.
    pub(super) fn sessions_of(&mut self, role: &CallerClass) {
        if let CallerClass::Aws {
            account: Some(account),
            kind: PrincipalKind::Role,
            name: Some(name),
            session: None,
            ..
        } = role
        {
            let of_role = |arn: &PrincipalArn| {
                arn.account == **account
                    && arn.kind == "assumed-role"
                    && arn.name.split('/').next() == name.rsplit('/').next()
            };
            self.add_principals(of_role);
        }
    }

    /// The users, roles and sessions that statements name.
    pub(super) fn principals(&mut self, wanted: impl Fn(&str) -> bool) {
        self.add_principals(|arn| wanted(&arn.account));
    }

    fn add_principals(&mut self, wanted: impl Fn(&PrincipalArn) -> bool) {
        for principal in &self.vocabulary.principals {
            let Principal::Arn(arn) = principal else {
                continue;
            };
            if !wanted(arn) {
                continue;
            }
            let (kind, name, session) = match (arn.kind.as_str(), arn.name.split_once('/')) {
                ("user", _) => (PrincipalKind::User, arn.name.as_str(), None),
                ("role", _) => (PrincipalKind::Role, arn.name.as_str(), None),
                ("federated-user", _) => (PrincipalKind::Federated, arn.name.as_str(), None),
                (_, Some((role, session))) => (PrincipalKind::Role, role, Some(session)),
                (_, None) => continue,
            };
            self.add(
                CallerClass::Aws {
                    account: Some(arn.account.as_str().into()),
                    kind,
                    name: Some(name.into()),
                    session: session.map(Arc::from),
                    asked: false,
                },
                false,
                Some(arn.text.as_str().into()),
            );
        }
        self.set_apart();
    }

    /// Sessions and federated users that have shapes of their own are no part of the shapes without a name.
    fn set_apart(&mut self) {
        let mut named: BTreeMap<(&str, Option<&str>), Vec<Arc<str>>> = BTreeMap::new();
        for part in &self.parts {
            if let CallerClass::Aws {
                account: Some(account),
                kind,
                name: Some(name),
                session,
                ..
            } = &part.shape.caller
            {
                let (role, own) = match (kind, session) {
                    (PrincipalKind::Role, Some(session)) => (Some(&**name), session),
                    (PrincipalKind::Federated, _) => (None, name),
                    _ => continue,
                };
                named.entry((account, role)).or_default().push(own.clone());
            }
        }
        if named.is_empty() {
            return;
        }
        let apart: Vec<Vec<Arc<str>>> = self
            .parts
            .iter()
            .map(|part| match &part.shape.caller {
                CallerClass::Aws {
                    account: Some(account),
                    kind,
                    name,
                    session: None,
                    ..
                } => {
                    let role = match (kind, name) {
                        // A session names its role without the path.
                        (PrincipalKind::Role, Some(name)) => name.rsplit('/').next(),
                        (PrincipalKind::Federated, None) => None,
                        _ => return Vec::new(),
                    };
                    named.get(&(&**account, role)).cloned().unwrap_or_default()
                }
                _ => Vec::new(),
            })
            .collect();
        for (part, apart) in self.parts.iter_mut().zip(apart) {
            part.shape.apart = apart;
        }
    }
}
