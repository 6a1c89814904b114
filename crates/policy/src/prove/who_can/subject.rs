//! Who is asked about, and how a statement's principal element speaks of them.

use std::collections::BTreeMap;

use super::records::Knowledge;
use super::rules::AccessRule;
use crate::document::{Element, Principal};
use crate::prove::caller::{CallerClass, Delegation, PrincipalKind};
use crate::prove::compile::Whom;

/// How a statement speaks of a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mention {
    /// The most direct way in which it surely does.
    pub(super) sure: Option<Delegation>,
    /// The most direct way in which it may.
    pub(super) doubtful: Option<Delegation>,
}

impl Mention {
    const DIRECT: Self = Self {
        sure: Some(Delegation::Direct),
        doubtful: None,
    };
    const PERHAPS: Self = Self {
        sure: None,
        doubtful: Some(Delegation::Direct),
    };

    pub(super) const fn is_none(self) -> bool {
        self.sure.is_none() && self.doubtful.is_none()
    }

    fn of(answer: Option<bool>) -> Self {
        match answer {
            Some(true) => Self::DIRECT,
            Some(false) => Self::default(),
            None => Self::PERHAPS,
        }
    }
}

/// What is known of an identity of the account.
#[derive(Clone, Debug)]
pub(super) struct IdentityFacts {
    pub(super) unique_id: Option<String>,
    pub(super) tags: Knowledge<BTreeMap<String, String>>,
    /// Its trust policy lets sessions carry tags: `aws:PrincipalTag` of a session can be others.
    pub(super) tags_are_open: bool,
}

/// A caller who is asked about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) caller: CallerClass,
    /// The ARN of an identity of the account, or of its root user.
    pub(super) arn: Option<String>,
    pub(super) facts: Option<IdentityFacts>,
    /// It has a permissions boundary.
    pub(super) bounded: bool,
    /// A role that AWS services own: no control policy binds it.
    pub(super) service_linked: bool,
    /// Every service that no statement names, at once: more than there are, so only good for proofs.
    pub(super) any_service: bool,
    /// The principal is one that a policy names: being it is what it takes.
    pub(super) held_as: Option<String>,
}

impl Subject {
    pub(super) fn other(caller: CallerClass, held_as: Option<String>) -> Self {
        Self {
            caller,
            arn: None,
            facts: None,
            bounded: false,
            service_linked: false,
            any_service: false,
            held_as,
        }
    }

    /// The account's root user.
    pub(super) fn root(account: &str, partition: &str) -> Self {
        Self {
            arn: Some(format!("arn:{partition}:iam::{account}:root")),
            ..Self::other(
                CallerClass::Aws {
                    account: Some(account.into()),
                    kind: PrincipalKind::Root,
                    name: None,
                    session: None,
                    asked: true,
                },
                None,
            )
        }
    }

    pub(super) fn account(&self) -> Option<&str> {
        match &self.caller {
            CallerClass::Aws { account, .. } => account.as_deref(),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> Option<PrincipalKind> {
        match &self.caller {
            CallerClass::Aws { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// The last part of a user's or role's name; none for other callers.
    pub(super) fn last_name(&self) -> Option<&str> {
        match &self.caller {
            CallerClass::Aws { name, .. } => name.as_deref()?.rsplit('/').next(),
            _ => None,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.kind() == Some(PrincipalKind::Root)
    }

    /// An identity whose policies are known, or the root user, who needs none.
    pub(super) fn is_ours(&self) -> bool {
        self.arn.is_some()
    }

    pub(super) fn is_service(&self) -> bool {
        matches!(self.caller, CallerClass::Service(_))
    }

    /// How an Allow speaks of it.
    pub(super) fn granted_by(&self, rule: &AccessRule, owner_id: Option<&str>) -> Mention {
        match &rule.rule.whom {
            Whom::Principals(element) if !element.negated => self.named(element, owner_id),
            Whom::Principals(element) => Mention::of(match self.spared(element) {
                Some(spared) => spared.map(|spared| !spared),
                None => self.caller.is_meant(&rule.rule),
            }),
            _ => Mention::of(self.caller.is_meant(&rule.rule)),
        }
    }

    /// How a Deny speaks of it. A role is named by its own ARN here and not by one of its sessions, so
    /// its account and the role are what a `NotPrincipal` must list of it.
    pub(super) fn denied_by(&self, rule: &AccessRule) -> Mention {
        match &rule.rule.whom {
            Whom::Principals(element) if element.negated && !self.bounded => {
                Mention::of(match self.spared(element) {
                    Some(spared) => spared.map(|spared| !spared),
                    None => self.caller.is_denied(&rule.rule),
                })
            }
            _ => Mention::of(self.caller.is_denied_with(&rule.rule, self.bounded)),
        }
    }

    /// Whether a `NotPrincipal` leaves a role out, where some of it may be listed; `Some(None)` where
    /// that cannot be known, none for other callers.
    fn spared(&self, element: &Element<Principal>) -> Option<Option<bool>> {
        let CallerClass::Aws {
            account,
            kind: PrincipalKind::Role,
            session: None,
            ..
        } = &self.caller
        else {
            return None;
        };
        let listed = |test: &dyn Fn(&Principal) -> bool| element.items.iter().any(test);
        if listed(&|item| matches!(item, Principal::Everyone)) {
            return Some(Some(true));
        }
        let by_account = listed(
            &|item| matches!(item, Principal::Account(id) if Some(id.as_str()) == account.as_deref()),
        );
        let by_role = listed(&|item| {
            matches!(item, Principal::Arn(arn) if arn.kind == "role")
                && self.caller.is(item) == Some(true)
        });
        let doubtful = listed(&|item| self.caller.is(item).is_none());
        Some(match (by_account, by_role) {
            (true, true) => Some(true),
            (false, false) if !doubtful => Some(false),
            (true, false) if !doubtful && self.caller.is_passed_over(element) => Some(false),
            _ => None,
        })
    }

    fn named(&self, element: &Element<Principal>, owner_id: Option<&str>) -> Mention {
        let mut mention = Mention::default();
        for item in &element.items {
            let own_id =
                matches!(item, Principal::CanonicalUser(id) if Some(id.as_str()) == owner_id);
            let answer = if own_id {
                Some(self.is_ours())
            } else {
                self.caller.is(item)
            };
            let delegation = match item {
                Principal::Account(_) | Principal::CanonicalUser(_) => Delegation::Account,
                Principal::Arn(arn) if arn.kind == "role" => Delegation::Role,
                Principal::Federated(_) => Delegation::Role,
                _ => Delegation::Direct,
            };
            let place = match answer {
                Some(true) => &mut mention.sure,
                None => &mut mention.doubtful,
                Some(false) => continue,
            };
            *place = (*place).max(Some(delegation));
        }
        // A doubt that grants no more than what is sure adds nothing.
        if mention.doubtful <= mention.sure {
            mention.doubtful = None;
        }
        mention
    }
}
