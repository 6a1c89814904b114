//! The questions, each as: who may ask, which actions, and what is fixed about the request.
//!
//! `plain-http`, `put-without-kms`, `sse-c` and `presigned` ask about anybody, the owner's own
//! identities included. Those need no Allow in the bucket policy — their own policies let them in —
//! so for them only the Deny statements count.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::atom::Test;
use super::caller::{
    Caller, Kind, LONGEST_SIGNATURE_MS, Shape, tells_networks_apart, tells_principals_apart,
};
use super::compile::{Compiled, Whom};
use super::numeric::Line;
use super::value::{Domain, Values};
use crate::catalogue::{self, Actions};
use crate::document::Principal;

/// A service principal that stands for all that a policy does not name.
const SOME_SERVICE: &str = "some-service.amazonaws.com";

/// A question about a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Requests without a signature.
    Anonymous,
    /// Requests signed by an account that nobody named.
    AnyAwsAccount,
    /// Requests signed by this account; it lets its identities do everything.
    Account(String),
    /// Requests of this AWS service on behalf of somebody the policy does not name.
    Service(String),
    /// Requests over plain HTTP, by anybody.
    PlainHttp,
    /// Presigned requests: signature in the query string or in a form, by anybody.
    Presigned,
    /// Uploads that end up without a KMS key, by anybody.
    PutWithoutKms,
    /// Uploads under a key that the caller brings (SSE-C), by anybody.
    SseC,
}

impl Question {
    /// Reads a question as `policy prove` takes it.
    ///
    /// # Errors
    /// What is wrong with it, and what there is.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "anonymous" => Self::Anonymous,
            "any-aws-account" => Self::AnyAwsAccount,
            "plain-http" => Self::PlainHttp,
            "presigned" => Self::Presigned,
            "put-without-kms" => Self::PutWithoutKms,
            "sse-c" => Self::SseC,
            _ => match text.split_once(':') {
                Some(("account", id))
                    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) =>
                {
                    Self::Account(id.to_owned())
                }
                Some(("service", name)) if !name.is_empty() => Self::Service(name.to_lowercase()),
                _ => {
                    return Err(format!(
                        "{text:?} is not a question; there are anonymous, any-aws-account, \
                         account:<12 digits>, service:<principal>, plain-http, presigned, \
                         put-without-kms and sse-c"
                    ));
                }
            },
        })
    }

    /// The actions it is about.
    pub(super) fn actions(&self) -> Actions {
        match self {
            Self::PutWithoutKms | Self::SseC => {
                catalogue::which(|action| action.name == "s3:PutObject")
            }
            _ => catalogue::all(),
        }
    }

    /// What is fixed about the requests, by key. Several lists are several kinds of request.
    pub(super) fn fixes(&self, kms_by_default: bool) -> Vec<Fixed> {
        const SSE: &str = "s3:x-amz-server-side-encryption";
        const SSE_C: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
        const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
        match self {
            Self::PlainHttp => vec![vec![
                ("aws:securetransport", Domain::fixed("false")),
                // Whether a request without TLS has a TLS version is not documented; it can have
                // none that is new enough.
                ("s3:tlsversion", Domain::absent()),
            ]],
            Self::Presigned => vec![
                presigned("REST-QUERY-STRING", 0.0, LONGEST_SIGNATURE_MS),
                presigned("POST", 0.0, LONGEST_SIGNATURE_MS),
            ],
            Self::PutWithoutKms => {
                let header = Domain::fixed("AES256");
                vec![vec![
                    (
                        SSE,
                        if kms_by_default {
                            header
                        } else {
                            header.or_absent()
                        },
                    ),
                    (SSE_C, Domain::absent()),
                    (KEY, Domain::absent()),
                ]]
            }
            Self::SseC => vec![vec![
                (SSE_C, Domain::fixed("AES256")),
                (SSE, Domain::absent()),
                (KEY, Domain::absent()),
            ]],
            _ => vec![Vec::new()],
        }
    }

    /// Whether it asks about anybody, the owner's identities included.
    pub(super) const fn is_about_anybody(&self) -> bool {
        matches!(
            self,
            Self::PlainHttp | Self::Presigned | Self::PutWithoutKms | Self::SseC
        )
    }

    /// Questions of the same number ask about the same callers.
    pub(super) const fn callers(&self) -> Option<usize> {
        match self {
            Self::PlainHttp | Self::PutWithoutKms | Self::SseC => Some(0),
            Self::Presigned => Some(1),
            _ => None,
        }
    }

    /// The callers it asks about who hold nothing that a policy names.
    pub(super) fn fresh(&self, policy: &Compiled, owner: &str) -> Vec<Part> {
        let mut out = Out {
            policy,
            parts: Vec::new(),
        };
        match self {
            Self::Anonymous => out.add(Caller::Anonymous, true, None),
            Self::AnyAwsAccount => out.strangers(),
            Self::Account(id) => out.account(id.as_str().into(), true, None, true),
            Self::Service(name) => out.add(Caller::Service(name.as_str().into()), true, None),
            Self::Presigned => {
                out.account(owner.into(), true, None, true);
                out.strangers();
            }
            Self::PlainHttp | Self::PutWithoutKms | Self::SseC => {
                out.account(owner.into(), true, None, true);
                out.add(Caller::Anonymous, true, None);
                out.strangers();
                // What is granted to everybody is granted to services too, those that no statement
                // names included.
                out.add(Caller::Service(SOME_SERVICE.into()), true, None);
            }
        }
        out.parts
    }

    /// The callers it asks about who are, or hold, what the policy names.
    pub(super) fn holders(&self, policy: &Compiled, owner: &str) -> Vec<Part> {
        let mut out = Out {
            policy,
            parts: Vec::new(),
        };
        match self {
            Self::Anonymous => out.add(Caller::Anonymous, false, None),
            Self::AnyAwsAccount => out.named(|account| account != owner),
            Self::Account(id) => {
                out.account(id.as_str().into(), false, None, true);
                out.principals(|account| account == id);
            }
            Self::Service(name) => out.add(Caller::Service(name.as_str().into()), false, None),
            _ => {
                if !matches!(self, Self::Presigned) {
                    out.add(Caller::Anonymous, false, None);
                }
                out.account(owner.into(), false, None, true);
                out.named(|_| true);
                for principal in &policy.principals {
                    if let Principal::Service(name) = principal {
                        out.add(
                            Caller::Service(name.as_str().into()),
                            false,
                            Some(name.as_str().into()),
                        );
                    }
                }
            }
        }
        out.parts
    }
}

/// What is fixed about a request, by key.
pub(super) type Fixed = Vec<(&'static str, Domain)>;

/// A kind of request: what is fixed about it.
#[derive(Debug)]
pub(super) struct Fix {
    /// Tells it from other kinds; 0 when the policy looks at nothing of it.
    pub(super) kind: u32,
    /// All that is fixed.
    pub(super) all: Fixed,
    /// What the policy looks at, by number of the key.
    pub(super) on: Vec<(usize, Arc<Domain>)>,
}

impl Fix {
    /// `kind` is a number that no other kind has.
    pub(super) fn new(all: Fixed, policy: &Compiled, kind: u32) -> Self {
        let on: Vec<(usize, Arc<Domain>)> = all
            .iter()
            .filter_map(|(name, domain)| Some((policy.position(name)?, Arc::new(domain.clone()))))
            .collect();
        Self {
            kind: if on.is_empty() { 0 } else { kind },
            all,
            on,
        }
    }
}

/// A presigned request whose signature is that old.
pub(super) fn presigned(kind: &str, min: f64, max: f64) -> Fixed {
    vec![
        ("s3:authtype", Domain::fixed(kind)),
        (
            "s3:signatureage",
            Domain {
                optional: false,
                values: Values::Number(Line {
                    min,
                    max,
                    whole: true,
                }),
                many: false,
            },
        ),
        // Signature version 2 reports an age of 0 whatever its expiry is; its bound is not this.
        ("s3:signatureversion", Domain::fixed("AWS4-HMAC-SHA256")),
    ]
}

/// The ages at which a policy changes its mind, the longest first.
pub(super) fn ages(policy: &Compiled) -> Vec<f64> {
    let Some(key) = policy.position("s3:signatureage") else {
        return Vec::new();
    };
    let constants = policy
        .atoms
        .iter()
        .filter(|atom| atom.key == key)
        .flat_map(|atom| match &atom.test {
            Test::Number(_, constants) => constants.clone(),
            _ => Vec::new(),
        });
    let line = Line {
        min: 0.0,
        max: LONGEST_SIGNATURE_MS,
        whole: true,
    };
    let mut ages = super::numeric::representatives(line, constants);
    ages.reverse();
    ages
}

/// A part of a question's callers.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) shape: Shape,
    /// How `only_from` calls the principal, when being it is a constraint.
    pub(super) held_as: Option<Arc<str>>,
}

struct Out<'a> {
    policy: &'a Compiled,
    parts: Vec<Part>,
}

impl Out<'_> {
    fn push(&mut self, part: Part) {
        // The internet first: it makes the plainer witness.
        let through_endpoint = self.policy.mentions(tells_networks_apart).then(|| Part {
            shape: Shape {
                endpoint: true,
                ..part.shape.clone()
            },
            held_as: part.held_as.clone(),
        });
        self.parts.push(part);
        self.parts.extend(through_endpoint);
    }

    fn add(&mut self, caller: Caller, fresh: bool, held_as: Option<Arc<str>>) {
        self.push(Part {
            shape: Shape {
                endpoint: false,
                fresh,
                widened: false,
                caller,
            },
            held_as,
        });
    }

    fn widened(&mut self, caller: Caller, fresh: bool) {
        self.push(Part {
            shape: Shape {
                endpoint: false,
                fresh,
                widened: true,
                caller,
            },
            held_as: None,
        });
    }

    /// An account that the policy does not name.
    fn strangers(&mut self) {
        let account = Arc::clone(&self.policy.stranger);
        self.account(account, true, None, false);
        if self.policy.splits_accounts() {
            for kind in [Kind::Role, Kind::User, Kind::Root, Kind::Federated] {
                self.widened(
                    Caller::Aws {
                        account: None,
                        kind,
                        name: None,
                        session: None,
                        asked: false,
                    },
                    true,
                );
            }
        }
    }

    /// Somebody of an account whom no statement names by name.
    fn account(&mut self, id: Arc<str>, fresh: bool, held_as: Option<Arc<str>>, asked: bool) {
        let names_parts = self.names_parts_of(&id);
        let aws = |kind, name: Option<Arc<str>>| Caller::Aws {
            account: Some(Arc::clone(&id)),
            kind,
            name,
            session: None,
            asked,
        };
        self.add(aws(Kind::Role, None), fresh, held_as.clone());
        if !self.policy.mentions(tells_principals_apart) && !names_parts {
            return;
        }
        let unnamed: Arc<str> = super::witness::unnamed(self.policy).into();
        let both = self.policy.position("aws:username").is_some()
            && self.policy.position("aws:principalarn").is_some();
        if both {
            // One name for both keys; the pair of them unbound is more than there is.
            let names: Vec<Arc<str>> = self
                .policy
                .position("aws:username")
                .into_iter()
                .flat_map(|key| self.policy.literals_of(key).map(Arc::from))
                .collect();
            let user = aws(Kind::User, Some(Arc::clone(&unnamed)));
            self.add(user, fresh, held_as.clone());
            for name in names {
                self.add(aws(Kind::User, Some(name)), fresh, held_as.clone());
            }
            self.widened(aws(Kind::User, None), fresh);
        } else {
            self.add(aws(Kind::User, None), fresh, held_as.clone());
        }
        self.add(aws(Kind::Root, None), fresh, held_as.clone());
        self.add(aws(Kind::Federated, Some(unnamed)), fresh, held_as);
        self.widened(aws(Kind::Federated, None), fresh);
    }

    fn names_parts_of(&self, id: &str) -> bool {
        self.policy
            .principals
            .iter()
            .any(|principal| match principal {
                Principal::Arn(arn) => arn.account == id,
                Principal::Account(account) => account == id,
                Principal::Federated(_) => true,
                _ => false,
            })
    }

    /// Everybody whom the policy names, accounts and principals, in accounts that `wanted` takes.
    fn named(&mut self, wanted: impl Fn(&str) -> bool) {
        let policy = self.policy;
        for account in policy.accounts.iter().filter(|account| wanted(account)) {
            let account: Arc<str> = account.as_str().into();
            self.account(Arc::clone(&account), false, Some(account), false);
        }
        // Somebody who holds a literal and is nobody in particular.
        let before = self.parts.len();
        self.strangers();
        for part in self.parts.iter_mut().skip(before) {
            part.shape.fresh = false;
        }
        self.principals(wanted);
        let of_policy = policy
            .principals
            .iter()
            .filter_map(|principal| match principal {
                Principal::CanonicalUser(id) => Some(id.as_str()),
                _ => None,
            });
        let of_acl = policy.allows.iter().filter_map(|rule| match &rule.whom {
            Whom::Canonical(id) => Some(id.as_str()),
            _ => None,
        });
        let ids: BTreeSet<&str> = of_policy.chain(of_acl).collect();
        for id in ids {
            let id: Arc<str> = id.into();
            self.add(Caller::Canonical(Arc::clone(&id)), false, Some(id));
        }
    }

    /// The users, roles and sessions that statements name.
    fn principals(&mut self, wanted: impl Fn(&str) -> bool) {
        for principal in &self.policy.principals {
            let Principal::Arn(arn) = principal else {
                continue;
            };
            if !wanted(&arn.account) {
                continue;
            }
            let (kind, name, session) = match (arn.kind.as_str(), arn.name.split_once('/')) {
                ("user", _) => (Kind::User, arn.name.as_str(), None),
                ("role", _) => (Kind::Role, arn.name.as_str(), None),
                ("federated-user", _) => (Kind::Federated, arn.name.as_str(), None),
                (_, Some((role, session))) => (Kind::Role, role, Some(session)),
                (_, None) => continue,
            };
            self.add(
                Caller::Aws {
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
    }
}
