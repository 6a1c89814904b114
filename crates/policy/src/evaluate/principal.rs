//! Whom a statement speaks of, and in which way.
//!
//! In which way matters inside one account: a grant to a user, to a session or to everyone stands
//! by itself; a grant to a role is still limited by the boundary and the session policy; a grant to
//! the account hands the decision to the account, whose identity policies must allow as well (IAM
//! user guide, "Policy evaluation for requests within a single account" and "AWS JSON policy
//! elements: Principal", 2026-09).

use crate::document::{Element, Principal};

use super::request::{CallerArn, CallerKind, RequestCaller, View};
use super::truth::{Truth, Why};

/// How much a grant to this principal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// To the account: its identity policies decide.
    Account,
    /// To a role: boundary and session policy still limit.
    Role,
    /// To the caller itself, or to everyone.
    Direct,
}

/// One principal of a statement.
#[derive(Clone, Debug)]
enum Who {
    Everyone,
    Account(String),
    /// A user, session or federated user: the caller with exactly this ARN.
    Exactly(String),
    /// Every session of a role.
    Role {
        arn: String,
        partition: String,
        account: String,
        name: String,
    },
    Service(String),
    Federated(String),
    CanonicalUser,
    Nobody,
}

/// The `Principal` or `NotPrincipal` of a statement.
#[derive(Clone, Debug)]
pub(super) struct Principals {
    negated: bool,
    items: Vec<Who>,
}

impl Principals {
    pub(super) fn new(element: &Element<Principal>) -> Self {
        Self {
            negated: element.negated,
            items: element.items.iter().map(Who::new).collect(),
        }
    }

    /// Whether the statement speaks of the caller, and the strongest way in which it does.
    pub(super) fn matches(&self, view: &View<'_>) -> (Truth, Strength) {
        if self.negated {
            return (self.exempts(view).not(), Strength::Direct);
        }
        let mut found = Truth::False;
        let mut strength = Strength::Account;
        for who in &self.items {
            match (who.matches(view), found) {
                (Truth::False, _) => {}
                (Truth::True, Truth::True) => strength = strength.max(who.strength()),
                (Truth::True, _) => (found, strength) = (Truth::True, who.strength()),
                (doubt, Truth::False) => (found, strength) = (doubt, who.strength()),
                (_, Truth::Maybe(_)) => strength = strength.max(who.strength()),
                (_, Truth::True) => {}
            }
        }
        (found, strength)
    }

    /// The same for a Deny, which reaches further in two respects. One with `NotPrincipal` always
    /// denies a user or role with a permissions boundary, whomever it lists (IAM user guide,
    /// "Permissions boundaries for IAM entities", 2026-09). And a federated user acts with the rights
    /// of the user who asked for the session, whose name it may bear: whether what denies the user
    /// denies the session is not documented.
    pub(super) fn denies(&self, view: &View<'_>) -> (Truth, Strength) {
        if self.negated && view.bounded {
            return (Truth::True, Strength::Direct);
        }
        let (found, strength) = self.matches(view);
        if found != Truth::False || self.negated {
            return (found, strength);
        }
        match view.caller {
            RequestCaller::Arn(CallerArn {
                account,
                partition,
                kind: CallerKind::Federated(name),
                ..
            }) if self.items.iter().any(
                |who| matches!(who, Who::Exactly(text) if is_user(text, partition, account, name)),
            ) =>
            {
                (Truth::Maybe(Why::FederatedUser), Strength::Direct)
            }
            _ => (found, strength),
        }
    }

    /// Whether a `NotPrincipal` leaves the caller out.
    ///
    /// A caller with an ARN is several principals at once: its account, its role, its session. The
    /// documentation asks to list all of them, and says that otherwise the account or the role that
    /// was not listed may still be meant (IAM user guide, "AWS JSON policy elements: NotPrincipal",
    /// 2026-09). So: all listed, left out; none listed, not left out; some, a doubt. An account listed
    /// beside another of its principals leaves out that one alone: the guide's example lists a user and
    /// its account and denies everyone else there.
    fn exempts(&self, view: &View<'_>) -> Truth {
        let listed = |test: &dyn Fn(&Who) -> bool| self.items.iter().any(test);
        if listed(&|who| matches!(who, Who::Everyone)) {
            return Truth::True;
        }
        let RequestCaller::Arn(arn) = view.caller else {
            return Truth::any(&self.items, |who| who.matches(view));
        };
        let account = listed(&|who| matches!(who, Who::Account(id) if id == arn.account));
        let role =
            listed(&|who| matches!(who, Who::Role { .. }) && who.matches(view) == Truth::True);
        let itself = listed(&|who| matches!(who, Who::Exactly(text) if text == arn.text));
        let layers: &[bool] = match arn.kind {
            CallerKind::Root => &[account],
            CallerKind::User(_) | CallerKind::Federated(_) => &[account, itself],
            CallerKind::Role(_) => &[account, role],
            CallerKind::Session(_) => &[account, role, itself],
        };
        let doubt = Truth::any(&self.items, |who| match who.matches(view) {
            doubt @ Truth::Maybe(_) => doubt,
            _ => Truth::False,
        });
        let beside = listed(&|who| match who {
            Who::Role { account, .. } => account == arn.account,
            Who::Exactly(text) => text.split(':').nth(4) == Some(arn.account),
            _ => false,
        });
        if layers.iter().all(|listed| *listed) {
            Truth::True
        } else if account && !role && !itself && beside {
            doubt
        } else if layers.iter().any(|listed| *listed) {
            Truth::Maybe(Why::PartlyExempt)
        } else {
            doubt
        }
    }
}

/// Whether that ARN is the user's of that name.
fn is_user(text: &str, partition: &str, account: &str, name: &str) -> bool {
    text.strip_prefix(&format!("arn:{partition}:iam::{account}:user/"))
        .and_then(|path| path.rsplit('/').next())
        == Some(name)
}

impl Who {
    fn new(principal: &Principal) -> Self {
        match principal {
            Principal::Everyone => Self::Everyone,
            Principal::Account(id) => Self::Account(id.clone()),
            Principal::Arn(arn) if arn.kind == "role" => Self::Role {
                arn: arn.text.clone(),
                partition: arn.partition.clone(),
                account: arn.account.clone(),
                name: arn.name.rsplit('/').next().unwrap_or_default().to_owned(),
            },
            Principal::Arn(arn) => Self::Exactly(arn.text.clone()),
            Principal::UniqueId(_) => Self::Nobody,
            Principal::Service(name) => Self::Service(name.clone()),
            Principal::Federated(provider) => Self::Federated(provider.clone()),
            Principal::CanonicalUser(_) => Self::CanonicalUser,
        }
    }

    fn strength(&self) -> Strength {
        match self {
            Self::Account(_) | Self::CanonicalUser => Strength::Account,
            Self::Role { .. } | Self::Federated(_) => Strength::Role,
            _ => Strength::Direct,
        }
    }

    fn matches(&self, view: &View<'_>) -> Truth {
        match (self, view.caller) {
            (Self::Everyone, _) => Truth::True,
            (Self::Nobody, _) => Truth::False,
            (Self::Service(name), RequestCaller::Service(caller)) => {
                Truth::of(name.eq_ignore_ascii_case(caller))
            }
            (Self::Federated(provider), RequestCaller::Provider(caller)) => {
                // A star stands for every provider (AWS's sample repository of custom policy checks,
                // 2026-11).
                Truth::of(provider == "*" || provider == caller)
            }
            (Self::Service(_), _)
            | (
                _,
                RequestCaller::Anonymous | RequestCaller::Service(_) | RequestCaller::Provider(_),
            ) => Truth::False,
            (_, RequestCaller::Odd) => Truth::Maybe(Why::OddCaller),
            (Self::Account(id), RequestCaller::Arn(caller)) => Truth::of(id == caller.account),
            (Self::Exactly(text), RequestCaller::Arn(caller)) => Truth::of(text == caller.text),
            (
                Self::Role {
                    arn,
                    partition,
                    account,
                    name,
                },
                RequestCaller::Arn(caller),
            ) => match caller.kind {
                CallerKind::Role(_) => Truth::of(arn == caller.text),
                // Role names are unique in an account, whatever their paths.
                CallerKind::Session(role) => Truth::of(
                    name == role && account == caller.account && partition == caller.partition,
                ),
                _ => Truth::False,
            },
            (Self::Federated(_), RequestCaller::Arn(caller)) => match caller.kind {
                CallerKind::Role(_) | CallerKind::Session(_) if !view.trust => {
                    Truth::Maybe(Why::Federated)
                }
                _ => Truth::False,
            },
            (Self::CanonicalUser, RequestCaller::Arn(_)) => Truth::Maybe(Why::CanonicalUser),
        }
    }
}
