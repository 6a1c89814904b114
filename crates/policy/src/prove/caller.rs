//! Who asks, and what that says of the condition keys.
//!
//! A question speaks of a class of callers. For the search the class is split into *shapes* in each
//! of which the principal elements of all statements are simply true or false: anonymous or signed,
//! which account, user or role or root, over the internet or through a VPC endpoint. Within a shape
//! every key has a domain:
//!
//! * free: what a caller types (headers, tags, prefix) or chooses (role and session names);
//! * held: what a caller must *be* or *own* (account, organization, VPC, source resource). The
//!   *fresh* caller has values that no policy names; asking again without that restriction says
//!   whether a caller who holds a named literal gets in, and which;
//! * absent, where AWS documents that such a request does not carry the key. Addresses and VPC
//!   endpoints exclude each other: `aws:SourceIp` is absent exactly when `aws:SourceVpce` is there.
//!
//! Sources: IAM user guide, "AWS global condition context keys" (availability of each key) and
//! "Principal key values"; S3 user guide, "Bucket policy examples using condition keys"; 2026-09.

use std::sync::Arc;

use super::atom::ValueSort;
use super::compile::{CompiledRule, Whom};
use super::glob::Glob;
use super::numeric::NumberRange;
use super::provider::IdentityProvider;
use super::value::{AddressDomain, Domain, Rounding, Values};
use super::vocabulary::{self, Vocabulary};
use super::{arn, boolean};
use crate::catalogue::{self, Actions};
use crate::contract::PrincipalClass;
use crate::document::{Element, Principal};
use crate::kleene::any;
use crate::parse;

/// What kind of signed principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrincipalKind {
    /// The account's root user.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    Role,
    /// A federated user session.
    Federated,
}

/// A caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallerClass {
    /// No signature.
    Anonymous,
    /// A service principal, in lower case.
    Service(Arc<str>),
    /// A principal of an account.
    Aws {
        /// The account; none for any account that the policy does not name (only for proofs).
        account: Option<Arc<str>>,
        kind: PrincipalKind,
        /// Path and name, if a statement names it; otherwise any that none names.
        name: Option<Arc<str>>,
        /// The session's name, if a statement names it.
        session: Option<Arc<str>>,
        /// The question names the account, so a canonical user id in the policy may be its own.
        asked: bool,
    },
    /// The account behind a canonical user id.
    Canonical(Arc<str>),
    /// A federated identity that asks for a session of a role. Only trust policies speak of it.
    Provider(IdentityProvider),
}

/// How directly a statement grants to a caller (IAM user guide, "Policy evaluation for requests within
/// a single account", 2026-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delegation {
    /// To the caller's account: its identity policies must allow as well.
    Account,
    /// To the caller's role: boundary and session policy still limit.
    Role,
    /// To the caller itself, or to everyone: nothing else limits.
    Direct,
}

/// A shape: a caller and how the request comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallerShape {
    /// Through a VPC endpoint.
    pub(super) endpoint: bool,
    /// What a caller holds is limited to what no policy names.
    pub(super) fresh: bool,
    /// More callers than there are: only good for proofs.
    pub(super) widened: bool,
    /// The caller is an IAM user of that name, under any path, and no statement names it by its ARN.
    pub(super) username: Option<Arc<str>>,
    /// Sessions of its role, or federated users of its account, that have shapes of their own.
    pub(super) apart: Vec<Arc<str>>,
    pub(super) caller: CallerClass,
}

/// The bucket's surroundings.
#[derive(Clone, Debug)]
pub(super) struct OwnerAndTime {
    pub(super) owner: String,
    /// Seconds since 1970, if known.
    pub(super) now: Option<f64>,
    /// ACLs are off (`BucketOwnerEnforced`): S3 refuses to write one.
    pub(super) acls_off: bool,
    /// S3 refuses to write a public ACL (BlockPublicAcls).
    pub(super) public_acls_refused: bool,
    /// Only the matching of statements is asked about: any owner, time and address.
    pub(super) matching_only: bool,
}

impl OwnerAndTime {
    /// Those of the actions granted to a caller that S3 does not carry out whatever a policy says.
    pub(super) fn refused(&self, caller: &CallerClass, granted: Actions) -> Actions {
        let refused = self.refused_alone(caller, granted);
        match caller {
            CallerClass::Service(_) => refused,
            _ => refused | catalogue::stranded(granted & !refused),
        }
    }

    /// The same of each action alone, whatever else the caller may do.
    pub(super) fn refused_alone(&self, caller: &CallerClass, granted: Actions) -> Actions {
        let by_caller = match caller {
            CallerClass::Anonymous => catalogue::refused_to_anonymous(),
            CallerClass::Aws {
                account: Some(account),
                ..
            } if **account == *self.owner => 0,
            CallerClass::Aws { .. } | CallerClass::Canonical(_) => {
                catalogue::refused_to_other_accounts()
            }
            // What it answers to services is not documented.
            CallerClass::Service(_) | CallerClass::Provider(_) => 0,
        };
        let by_ownership = if self.acls_off {
            catalogue::acl_writes()
        } else {
            0
        };
        granted & (by_caller | by_ownership)
    }
}

/// When no one says what time it is, it is at least this: 2026-01-01.
const EARLIEST_NOW: f64 = 1_767_225_600.0;

/// The longest that temporary credentials live, s: 36 hours, of a user who asks for a session token
/// (STS API reference, "GetSessionToken", 2026-09).
const LONGEST_SESSION: f64 = 129_600.0;

/// The longest that S3 accepts a signature, ms: seven days (S3 user guide, "Download and upload
/// objects with presigned URLs", copy of 2026).
pub const LONGEST_SIGNATURE_MS: u64 = 604_800_000;

impl CallerClass {
    /// Whether it belongs to that account.
    pub(super) fn is_of(&self, wanted: &str) -> bool {
        matches!(self, Self::Aws { account: Some(account), .. } if &**account == wanted)
    }

    /// How a request names a caller that no ARN and no provider names; none for the others.
    pub(super) fn class(&self) -> Option<PrincipalClass> {
        match self {
            Self::Anonymous => Some(PrincipalClass::Anonymous),
            Self::Service(name) => Some(PrincipalClass::Service {
                name: name.to_string(),
            }),
            Self::Aws { .. } | Self::Canonical(_) | Self::Provider(_) => None,
        }
    }

    /// Whether a statement speaks of it; `None` when it cannot be known.
    pub(super) fn is_meant(&self, rule: &CompiledRule) -> Option<bool> {
        match &rule.whom {
            Whom::Unread => None,
            Whom::Holder => Some(true),
            Whom::AllUsers => Some(!matches!(self, Self::Service(_))),
            Whom::AuthenticatedUsers => Some(matches!(self, Self::Aws { .. } | Self::Canonical(_))),
            Whom::LogDelivery => {
                Some(matches!(self, Self::Service(name) if &**name == "logging.s3.amazonaws.com"))
            }
            Whom::Canonical(id) => self.has_canonical_id(id),
            Whom::Principals(element) if element.negated => self.left_out(element).map(|out| !out),
            Whom::Principals(element) => any(element.items.iter().map(|item| self.is(item))),
            Whom::Trusted(element) => {
                let is_of_session = |item: &Principal| {
                    matches!(self, Self::Aws { .. }) && matches!(item, Principal::Federated(_))
                };
                let items = || element.items.iter().filter(|item| !is_of_session(item));
                if element.negated {
                    let element = Element {
                        negated: true,
                        items: items().cloned().collect(),
                    };
                    self.left_out(&element).map(|out| !out)
                } else {
                    any(items().map(|item| self.is(item)))
                }
            }
        }
    }

    /// The same for a Deny: whether one of a user reaches the federated user of that name is not
    /// documented.
    pub(super) fn is_denied(&self, rule: &CompiledRule) -> Option<bool> {
        let meant = self.is_meant(rule)?;
        let (
            Self::Aws {
                account,
                kind: PrincipalKind::Federated,
                name: Some(name),
                ..
            },
            Some(element),
        ) = (self, rule.whom.element())
        else {
            return Some(meant);
        };
        let bears = element.items.iter().any(|item| {
            matches!(item, Principal::Arn(arn) if arn.kind == "user"
                && Some(arn.account.as_str()) == account.as_deref()
                && last(&arn.name) == last(name))
        });
        if bears && !meant && !element.negated {
            None
        } else {
            Some(meant)
        }
    }

    /// The same for a Deny and a caller that may have a permissions boundary: one with `NotPrincipal`
    /// then means it whatever is listed.
    pub(super) fn is_denied_with(&self, rule: &CompiledRule, bounded: bool) -> Option<bool> {
        let is_negated = rule.whom.element().is_some_and(|element| element.negated);
        let has_boundary =
            bounded && matches!(self, Self::Aws { kind, .. } if *kind != PrincipalKind::Root);
        if is_negated && has_boundary {
            return Some(true);
        }
        self.is_denied(rule)
    }

    /// How directly a statement that speaks of the caller grants to it.
    pub(super) fn delegation(&self, rule: &CompiledRule) -> Delegation {
        let Some(element) = rule.whom.element() else {
            return Delegation::Direct;
        };
        if element.negated {
            return Delegation::Direct;
        }
        element
            .items
            .iter()
            .filter(|item| self.is(item) != Some(false))
            .map(|item| match item {
                Principal::Account(_) | Principal::CanonicalUser(_) => Delegation::Account,
                Principal::Arn(arn) if arn.kind == "role" => Delegation::Role,
                Principal::Federated(_) => Delegation::Role,
                _ => Delegation::Direct,
            })
            .max()
            .unwrap_or(Delegation::Direct)
    }

    /// The principal of an ARN: a role's own or a session's.
    pub(super) fn of_arn(text: &str) -> Option<Self> {
        let aws = |account: &str, kind, name: Option<&str>, session: Option<&str>| Self::Aws {
            account: Some(account.into()),
            kind,
            name: name.map(Arc::from),
            session: session.map(Arc::from),
            asked: true,
        };
        Some(match parse::principal_arn(text)? {
            Principal::Account(id) => aws(&id, PrincipalKind::Root, None, None),
            Principal::Arn(arn) => {
                let (account, name) = (&arn.account, arn.name.as_str());
                match (arn.kind.as_str(), name.split_once('/')) {
                    ("user", _) => aws(account, PrincipalKind::User, Some(name), None),
                    ("role", _) => aws(account, PrincipalKind::Role, Some(name), None),
                    ("federated-user", _) => {
                        aws(account, PrincipalKind::Federated, Some(name), None)
                    }
                    (_, Some((role, session))) => {
                        aws(account, PrincipalKind::Role, Some(role), Some(session))
                    }
                    (_, None) => return None,
                }
            }
            _ => return None,
        })
    }

    fn has_canonical_id(&self, id: &str) -> Option<bool> {
        match self {
            Self::Canonical(own) => Some(&**own == id),
            Self::Anonymous | Self::Service(_) | Self::Provider(_) => Some(false),
            // Which account an id belongs to cannot be looked up.
            Self::Aws { asked: true, .. } => None,
            Self::Aws { .. } => Some(false),
        }
    }

    /// Whether a principal element speaks of it; `None` when it cannot be known.
    pub(super) fn is(&self, principal: &Principal) -> Option<bool> {
        let Self::Aws {
            account,
            kind,
            name,
            session,
            ..
        } = self
        else {
            return Some(match (self, principal) {
                (_, Principal::Everyone) => true,
                (Self::Service(own), Principal::Service(named)) => own.eq_ignore_ascii_case(named),
                (Self::Canonical(own), Principal::CanonicalUser(named)) => **own == **named,
                (Self::Provider(own), Principal::Federated(named)) => own.is(named),
                _ => false,
            });
        };
        match principal {
            Principal::Everyone => Some(true),
            Principal::Account(id) => Some(Some(id.as_str()) == account.as_deref()),
            Principal::Arn(arn) => {
                if Some(arn.account.as_str()) != account.as_deref() {
                    return Some(false);
                }
                Some(match (kind, arn.kind.as_str()) {
                    (PrincipalKind::User, "user")
                    | (PrincipalKind::Federated, "federated-user") => {
                        name.as_deref() == Some(arn.name.as_str())
                    }
                    (PrincipalKind::Role, "role") => name
                        .as_ref()
                        .is_some_and(|name| last(name) == last(&arn.name)),
                    (PrincipalKind::Role, "assumed-role") => {
                        match (name, session, arn.name.split_once('/')) {
                            (Some(name), Some(session), Some((role, named))) => {
                                last(name) == role && &**session == named
                            }
                            _ => false,
                        }
                    }
                    _ => false,
                })
            }
            Principal::CanonicalUser(id) => self.has_canonical_id(id),
            // Whether this session came from that provider is not part of the shape; a provider of
            // one account only makes sessions of roles of that account.
            Principal::Federated(provider) => match (kind, provider_account(provider)) {
                (PrincipalKind::Role, Some(owner)) if Some(owner) != account.as_deref() => {
                    Some(false)
                }
                (PrincipalKind::Role, _) => None,
                _ => Some(false),
            },
            Principal::UniqueId(_) | Principal::Service(_) => Some(false),
        }
    }

    /// Whether a NotPrincipal leaves it out. A caller is several principals at once (its account,
    /// its role, its session), and the documentation asks to list all of them (IAM user guide,
    /// "AWS JSON policy elements: NotPrincipal"): all listed, left out; none, not left out; some of
    /// them, it cannot be known. Its account beside another principal of that account does not list it:
    /// the guide's example of a user with its account denies everyone else there.
    fn left_out(&self, element: &Element<Principal>) -> Option<bool> {
        let listed = any(element.items.iter().map(|item| self.is(item)));
        let everyone = element
            .items
            .iter()
            .any(|item| matches!(item, Principal::Everyone));
        let Self::Aws { account, kind, .. } = self else {
            return listed;
        };
        if everyone || listed == Some(false) {
            return listed;
        }
        let account_listed = element
            .items
            .iter()
            .any(|item| matches!(item, Principal::Account(id) if Some(id.as_str()) == account.as_deref()));
        let arn_listed = |wanted: &str| {
            element.items.iter().any(|item| {
                matches!(item, Principal::Arn(arn) if arn.kind == wanted)
                    && self.is(item) == Some(true)
            })
        };
        let all = account_listed
            && match kind {
                PrincipalKind::Root => true,
                PrincipalKind::User => arn_listed("user"),
                PrincipalKind::Federated => arn_listed("federated-user"),
                PrincipalKind::Role => arn_listed("role") && arn_listed("assumed-role"),
            };
        if all {
            return Some(true);
        }
        (account_listed && self.is_passed_over(element)).then_some(false)
    }

    /// Whether a `NotPrincipal` lists other principals of its account, and none that it may be.
    pub(super) fn is_passed_over(&self, element: &Element<Principal>) -> bool {
        let Self::Aws {
            account: Some(account),
            kind,
            name,
            ..
        } = self
        else {
            return false;
        };
        let mut others = false;
        for item in &element.items {
            let Principal::Arn(arn) = item else {
                continue;
            };
            if *arn.account != **account {
                continue;
            }
            let role = arn.name.split('/').next().unwrap_or_default();
            let may_be = match (kind, arn.kind.as_str()) {
                (PrincipalKind::Role, "assumed-role") => {
                    name.as_ref().is_some_and(|name| last(name) == role)
                }
                _ => self.is(item) != Some(false),
            };
            if may_be {
                return false;
            }
            others = true;
        }
        others && *kind != PrincipalKind::Root
    }
}

/// The account of an identity provider that is given by its ARN.
fn provider_account(provider: &str) -> Option<&str> {
    let mut parts = provider.split(':');
    (parts.next() == Some("arn"))
        .then(|| parts.nth(3))
        .flatten()
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Keys that tell principals of one account apart.
pub(super) fn tells_principals_apart(key: &str) -> bool {
    matches!(
        key,
        "aws:principalarn"
            | "aws:principaltype"
            | "aws:userid"
            | "aws:username"
            | "aws:multifactorauthpresent"
            | "aws:multifactorauthage"
            | "aws:tokenissuetime"
            | "aws:federatedprovider"
    ) || is_of_compute(key)
}

/// Keys of the credentials that a compute service hands to the code it runs: only sessions of roles have
/// them (IAM user guide, "AWS global condition context keys"; Lambda developer guide, "Working with
/// permissions in Lambda"; EC2 user guide, "Condition keys"; Service Authorization Reference, 2026-09).
fn is_of_compute(key: &str) -> bool {
    matches!(
        key,
        "aws:ec2instancesourcevpc"
            | "aws:ec2instancesourceprivateipv4"
            | "ec2:roledelivery"
            | "ec2:sourceinstancearn"
            | "glue:credentialissuingservice"
            | "glue:roleassumedby"
            | "lambda:sourcefunctionarn"
            | "ssm:sourceinstancearn"
    )
}

/// Keys that tell the internet from a VPC endpoint.
pub(super) fn tells_networks_apart(key: &str) -> bool {
    key.starts_with("aws:sourcevpc")
        || key.starts_with("aws:vpce")
        || matches!(key, "aws:sourceip" | "aws:vpcsourceip")
}

/// Keys with many values: those of type ArrayOf… (IAM user guide, and the Service Authorization Reference of
/// the services whose policies are compared, 2026-11).
pub(super) fn has_many(key: &str) -> bool {
    matches!(
        key,
        "aws:calledvia"
            | "aws:principalorgpaths"
            | "aws:principalservicenameslist"
            | "aws:resourceorgpaths"
            | "aws:sourceorgpaths"
            | "aws:tagkeys"
            | "aws:vpceorgpaths"
            | "dynamodb:attributes"
            | "dynamodb:leadingkeys"
            | "kms:encryptioncontextkeys"
            | "kms:grantoperations"
            | "kms:resourcealiases"
            | "lambda:layer"
            | "lambda:securitygroupids"
            | "lambda:subnetids"
            | "s3:inventoryaccessibleoptionalfields"
            | "s3:requestobjecttagkeys"
            | "sts:transitivetagkeys"
    ) || key.ends_with(".com:amr")
}

/// Whether nothing is known of how many values a key has: it is of another service, and of no identity
/// provider, whose claims have one each but for `amr`.
pub(super) fn may_have_many(key: &str) -> bool {
    is_of_other_service(key)
}

/// Whether a key is of a service of whose keys nothing is known, and of no identity provider.
pub(super) fn is_of_other_service(key: &str) -> bool {
    key.split_once(':')
        .is_some_and(|(family, _)| !matches!(family, "aws" | "s3") && !family.contains('.'))
}

/// Keys that say what a caller is or owns: naming a value of theirs is a constraint.
pub(super) fn is_held(key: &str) -> bool {
    matches!(
        key,
        "aws:ec2instancesourcevpc"
            | "aws:principalaccount"
            | "aws:principalarn"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:sourceaccount"
            | "aws:sourcearn"
            | "aws:sourceip"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:sourceowner"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:userid"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "aws:vpceorgpaths"
            | "ec2:sourceinstancearn"
            | "lambda:sourcefunctionarn"
            | "s3:accessgrantsinstancearn"
            | "s3:dataaccesspointaccount"
            | "s3:dataaccesspointarn"
            | "ssm:sourceinstancearn"
    )
}

/// Number domain of a key.
const fn line(min: f64, max: f64) -> Values {
    Values::Number(NumberRange {
        min,
        max,
        whole: true,
    })
}

const fn words(words: &'static [&'static str]) -> Values {
    Values::Words(words)
}

fn optional(values: Values) -> Domain {
    Domain {
        optional: true,
        values,
        many: false,
    }
}

fn present(values: Values) -> Domain {
    Domain {
        optional: false,
        values,
        many: false,
    }
}

fn like(patterns: &[String]) -> Vec<Glob> {
    patterns.iter().map(|pattern| Glob::like(pattern)).collect()
}

/// A domain: this shape's own, or one that fresh shapes share.
enum DomainSource {
    Own(Domain),
    Shared(Arc<Domain>),
}

impl From<Domain> for DomainSource {
    fn from(domain: Domain) -> Self {
        Self::Own(domain)
    }
}

impl DomainSource {
    fn into_own(self) -> Domain {
        match self {
            Self::Own(domain) => domain,
            Self::Shared(domain) => Domain::clone(&domain),
        }
    }
}

impl CallerShape {
    /// What a condition key can have, on actions that carry it.
    pub(super) fn domain(
        &self,
        policy: &Vocabulary,
        place: &OwnerAndTime,
        key: usize,
        rounding: Rounding,
    ) -> Arc<Domain> {
        let Some(name) = policy.keys.get(key) else {
            return Arc::new(Domain::absent());
        };
        let found = self
            .of_caller(policy, place, key, name)
            .or_else(|| self.of_network(policy, place, key, name))
            .unwrap_or_else(|| self.of_request(policy, place, key, name, rounding));
        let many = policy.has_many(key);
        match found {
            DomainSource::Shared(domain) if domain.many == many => domain,
            DomainSource::Shared(domain) => Arc::new(Domain {
                many,
                ..Domain::clone(&domain)
            }),
            DomainSource::Own(domain) => Arc::new(Domain { many, ..domain }),
        }
    }

    fn is_signed(&self) -> bool {
        !matches!(self.caller, CallerClass::Anonymous)
    }

    /// A key that a caller holds.
    fn held(&self, policy: &Vocabulary, key: usize, within: &[&str]) -> DomainSource {
        if !self.fresh {
            return Domain::any_text().into();
        }
        // What is fresh does not depend on who asks.
        match policy.fresh.get(key) {
            Some(known) => DomainSource::Shared(Arc::clone(
                known.get_or_init(|| Arc::new(fresh(policy, key, within))),
            )),
            None => fresh(policy, key, within).into(),
        }
    }

    fn of_caller(
        &self,
        policy: &Vocabulary,
        place: &OwnerAndTime,
        key: usize,
        name: &str,
    ) -> Option<DomainSource> {
        let (account, kind, own_name) = match &self.caller {
            CallerClass::Aws {
                account,
                kind,
                name,
                ..
            } => (account.as_deref(), *kind, name.as_deref()),
            other => return Self::of_other_caller(other, self, policy, key, name),
        };
        let domain = match name {
            "aws:principalorgid" => return Some(self.held(policy, key, &["o-??????????*"])),
            "aws:principalorgpaths" => {
                return Some(self.held(policy, key, &["o-??????????*/r-????*/*"]));
            }
            // The account of the caller whom KMS sees (KMS developer guide, "kms:CallerAccount").
            "aws:principalaccount" | "kms:calleraccount" => match account {
                Some(account) => Domain::fixed(account),
                None => present(Values::Text {
                    prefix: String::new(),
                    within: vec![Glob::like("????????????")],
                    without: policy
                        .accounts
                        .iter()
                        .map(|held| Glob::exactly(held))
                        .collect(),
                }),
            },
            "aws:principaltype" => Domain::fixed(match kind {
                PrincipalKind::Root => "Account",
                PrincipalKind::User => "User",
                PrincipalKind::Role => "AssumedRole",
                PrincipalKind::Federated => "FederatedUser",
            }),
            "aws:principalarn" => self.principal_arn(policy, account, kind, own_name),
            "aws:userid" => self.userid(policy, &self.caller),
            "aws:username" => match (kind, own_name.or(self.username.as_deref())) {
                (PrincipalKind::User, Some(name)) => Domain::fixed(last(name)),
                (PrincipalKind::User, None) => self.any_username(policy, account, key),
                _ => Domain::absent(),
            },
            "aws:principalisawsservice" => Domain::fixed("false"),
            "aws:principalservicename" | "aws:principalservicenameslist" => Domain::absent(),
            "aws:multifactorauthpresent" => optional(words(&boolean::VALUES)),
            "aws:multifactorauthage" => optional(line(0.0, LONGEST_SESSION)),
            "aws:tokenissuetime" => token_issue_time(kind, place),
            "aws:federatedprovider" if kind == PrincipalKind::Role => Domain::any_text(),
            "aws:federatedprovider" => Domain::absent(),
            "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths"
            | "aws:sourceowner" => Domain::absent(),
            "aws:viaawsservice" => present(words(&boolean::VALUES)),
            _ if is_of_compute(name) && kind != PrincipalKind::Role => Domain::absent(),
            _ => return None,
        };
        Some(domain.into())
    }

    fn of_other_caller(
        caller: &CallerClass,
        shape: &Self,
        policy: &Vocabulary,
        key: usize,
        name: &str,
    ) -> Option<DomainSource> {
        let is_about_principals = name.starts_with("aws:principal")
            || tells_principals_apart(name)
            || name == "aws:sourceidentity"
            || name == "aws:calledvia"
            || name.starts_with("aws:calledvia");
        match caller {
            CallerClass::Service(service) => {
                let held = |within| Some(shape.held(policy, key, within));
                let domain = match name {
                    "aws:principalisawsservice" => Domain::fixed("true"),
                    // Any service that no statement names.
                    "aws:principalservicename" | "aws:principalservicenameslist"
                        if shape.widened =>
                    {
                        present(Values::Text {
                            prefix: String::new(),
                            within: Vec::new(),
                            without: policy
                                .service_principals()
                                .map(|name| Glob::exactly(&name))
                                .collect(),
                        })
                    }
                    "aws:principalservicename" => Domain::fixed(&**service),
                    "aws:principalservicenameslist" => Domain::fixed(&**service),
                    "aws:sourcearn" => {
                        return held(&[&format!("arn:{}:*:*:*:?*", policy.partition)]);
                    }
                    "aws:sourceaccount" | "aws:sourceowner" => return held(&["????????????"]),
                    "aws:sourceorgid" => return held(&["o-??????????*"]),
                    "aws:sourceorgpaths" => return held(&["o-??????????*/r-????*/*"]),
                    // From where a service calls is not documented.
                    "aws:sourceip" if !shape.endpoint => optional(Values::Address(
                        if shape.fresh {
                            AddressDomain::Unchosen
                        } else {
                            AddressDomain::Any
                        },
                        Arc::clone(&policy.networks),
                    )),
                    // Whether a service's request carries these is not documented.
                    "aws:viaawsservice" => present(words(&boolean::VALUES)),
                    "aws:principaltype"
                    | "aws:userid"
                    | "aws:principalaccount"
                    | "kms:calleraccount" => Domain::absent(),
                    _ if is_about_principals => Domain::absent(),
                    _ => return None,
                };
                Some(domain.into())
            }
            CallerClass::Provider(provider) => Some(DomainSource::Own(match name {
                "aws:federatedprovider" => provider.names(policy),
                _ if !provider.may_hold(name) => Domain::absent(),
                "aws:viaawsservice" => present(words(&boolean::VALUES)),
                "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid"
                | "aws:sourceorgpaths" | "aws:sourceowner" | "kms:calleraccount" => {
                    Domain::absent()
                }
                _ if is_about_principals => Domain::absent(),
                _ => return None,
            })),
            // Nothing is known of the account behind an id but that it signs.
            CallerClass::Canonical(_) => Some(DomainSource::Own(match name {
                "aws:principalisawsservice" => Domain::fixed("false"),
                "aws:viaawsservice" => present(words(&boolean::VALUES)),
                _ if is_about_principals => Domain::any_text(),
                _ => return None,
            })),
            _ => Some(DomainSource::Own(match name {
                "aws:principalaccount" | "aws:userid" => Domain::fixed("anonymous"),
                "aws:principaltype" => Domain::fixed("Anonymous"),
                "aws:viaawsservice" => Domain::fixed("false"),
                // KMS takes no unsigned requests.
                "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid"
                | "aws:sourceorgpaths" | "aws:sourceowner" | "kms:calleraccount" => {
                    Domain::absent()
                }
                _ if is_about_principals => Domain::absent(),
                _ => return None,
            })),
        }
    }

    /// The names of the users whom no statement names; where `aws:PrincipalArn` is in conditions too,
    /// users of the names in conditions have shapes of their own.
    fn any_username(&self, policy: &Vocabulary, account: Option<&str>, key: usize) -> Domain {
        let mut without: Vec<Glob> = named_users(policy, account)
            .map(|name| Glob::exactly(last(name)))
            .chain([Glob::like("*/*"), Glob::like("*:*")])
            .collect();
        if self.widened && policy.position("aws:principalarn").is_some() {
            without.extend(policy.literals_of(key).map(Glob::exactly));
        }
        present(Values::Text {
            prefix: String::new(),
            within: like(&["?*".to_owned()]),
            without,
        })
    }

    fn principal_arn(
        &self,
        policy: &Vocabulary,
        account: Option<&str>,
        kind: PrincipalKind,
        name: Option<&str>,
    ) -> Domain {
        let digits = account.unwrap_or("????????????");
        let (service, word) = match kind {
            PrincipalKind::Root => ("iam", "root"),
            PrincipalKind::User => ("iam", "user/"),
            PrincipalKind::Role => ("iam", "role/"),
            PrincipalKind::Federated => ("sts", "federated-user/"),
        };
        let partition = policy.partition;
        let prefix = format!("arn:{partition}:{service}::{digits}:{word}");
        let mut without: Vec<Glob> = vec![Glob::like("*/")];
        if account.is_none() {
            without.extend(
                policy
                    .accounts
                    .iter()
                    .map(|held| Glob::like(&format!("arn:{partition}:{service}::{held}:*"))),
            );
        }
        if kind == PrincipalKind::Federated {
            // Such names are letters, digits and `+=,.@-_` (STS API reference, GetFederationToken, 2026-09).
            without.extend([":", "/"].map(|mark| Glob::like(&format!("{prefix}*{mark}*"))));
        }
        match (kind, name, account) {
            (PrincipalKind::Root, _, Some(_)) => Domain::fixed(prefix),
            (_, Some(name), Some(_)) => Domain::fixed(format!("{prefix}{name}")),
            (PrincipalKind::Root, ..) => present(Values::Text {
                prefix: format!("arn:{partition}:iam::"),
                within: like(&[prefix]),
                without,
            }),
            _ => {
                for principal in &policy.principals {
                    let Principal::Arn(arn) = principal else {
                        continue;
                    };
                    // Those of this account alone: another's role of the same name is not named.
                    if arn.kind != word.trim_end_matches('/') || account != Some(&*arn.account) {
                        continue;
                    }
                    if kind == PrincipalKind::Role {
                        // A role is named by its last part, whatever its path.
                        let role = last(&arn.name);
                        without.push(Glob::exactly(&format!("{prefix}{role}")));
                        without.push(Glob::like(&format!("{prefix}*/{role}")));
                    } else {
                        without.push(Glob::exactly(&arn.text));
                    }
                }
                let within = match &self.username {
                    Some(name) => like(&[format!("{prefix}{name}"), format!("{prefix}?*/{name}")]),
                    None => like(&[format!("{prefix}?*")]),
                };
                present(Values::Text {
                    within,
                    prefix: if account.is_some() {
                        prefix
                    } else {
                        format!("arn:{partition}:{service}::")
                    },
                    without,
                })
            }
        }
    }

    /// Of a session of a role it ends in the session's name, of a federated user in the user's (IAM user
    /// guide, "Principal key values", 2026-09).
    fn userid(&self, policy: &Vocabulary, caller: &CallerClass) -> Domain {
        let CallerClass::Aws {
            account,
            kind,
            name,
            session,
            ..
        } = caller
        else {
            return Domain::absent();
        };
        let (account, name) = (account.as_deref(), name.as_deref());
        let digits = account.unwrap_or("????????????");
        let literal = !self.fresh && matches!(kind, PrincipalKind::User | PrincipalKind::Role);
        let session_of = |id: &str| match session {
            Some(session) => ending(id, session),
            None => Glob::like(&format!("{id}:??*")),
        };
        let within = match kind {
            // What a policy names need not have the form of today's ids.
            PrincipalKind::User if literal => Glob::like("?*"),
            PrincipalKind::Role if literal => session_of("?*"),
            PrincipalKind::Root => Glob::like(digits),
            PrincipalKind::User => Glob::like("AIDA????????????????*"),
            PrincipalKind::Role => session_of("AROA????????????????*"),
            PrincipalKind::Federated => match name {
                Some(name) => ending(digits, last(name)),
                None => Glob::like(&format!("{digits}:??*")),
            },
        };
        let mut without: Vec<Glob> = Vec::new();
        if self.fresh {
            let named = policy.unique_ids.iter();
            without.extend(named.map(|id| Glob::like(&format!("{id}*"))));
        }
        if literal {
            without.push(Glob::exactly("anonymous"));
        }
        // An account's id is the user id of its root user, and begins those of federated users.
        if literal || account.is_none() {
            for id in &policy.accounts {
                without.push(Glob::exactly(id));
                without.push(Glob::like(&format!("{id}:*")));
            }
        }
        without.extend(self.apart.iter().map(|part| ending("*", part)));
        present(Values::Text {
            prefix: String::new(),
            within: vec![within],
            without,
        })
    }

    fn of_network(
        &self,
        policy: &Vocabulary,
        place: &OwnerAndTime,
        key: usize,
        name: &str,
    ) -> Option<DomainSource> {
        if !tells_networks_apart(name) {
            return None;
        }
        let there = |found: DomainSource| {
            DomainSource::Own(Domain {
                optional: false,
                ..found.into_own()
            })
        };
        Some(match (self.endpoint, name) {
            // Private addresses come through VPC endpoints, and then under another key.
            (false, "aws:sourceip") => present(Values::Address(
                if place.matching_only {
                    AddressDomain::Any
                } else if self.fresh {
                    AddressDomain::Unchosen
                } else {
                    AddressDomain::Public
                },
                Arc::clone(&policy.networks),
            ))
            .into(),
            (false, _) | (true, "aws:sourceip") => Domain::absent().into(),
            (true, "aws:vpcsourceip") => present(Values::Address(
                AddressDomain::Any,
                Arc::clone(&policy.networks),
            ))
            .into(),
            (true, "aws:sourcevpce") => there(self.held(policy, key, &["vpce-?*"])),
            (true, "aws:sourcevpc") => there(self.held(policy, key, &["vpc-?*"])),
            (true, "aws:sourcevpcarn") => self.held(
                policy,
                key,
                &[&format!(
                    "arn:{}:ec2:?*:????????????:vpc/?*",
                    policy.partition
                )],
            ),
            (true, "aws:vpceaccount") => self.held(policy, key, &["????????????"]),
            (true, "aws:vpceorgid") => self.held(policy, key, &["o-??????????*"]),
            (true, "aws:vpceorgpaths") => self.held(policy, key, &["o-??????????*/r-????*/*"]),
            (true, _) => Domain::any_text().into(),
        })
    }

    /// Headers of uploads and ACL writes that S3 takes from this caller at this bucket only in some
    /// forms, whatever a policy says (S3 user guide, "Controlling ownership of objects", "Blocking
    /// public access" and "Specifying server-side encryption with AWS KMS", 2026-09).
    fn of_upload(&self, place: &OwnerAndTime, name: &str) -> Option<Domain> {
        const CANNED_PUBLIC: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];
        let name = name.strip_prefix("s3:x-amz-")?;
        let without = |globs: Vec<Glob>| {
            optional(Values::Text {
                prefix: String::new(),
                within: Vec::new(),
                without: globs,
            })
        };
        Some(match name {
            "acl" if place.acls_off => optional(words(&["bucket-owner-full-control"])),
            "acl" if place.public_acls_refused => {
                without(CANNED_PUBLIC.into_iter().map(Glob::exactly).collect())
            }
            "grant-read" | "grant-write" | "grant-read-acp" | "grant-write-acp"
                if place.acls_off =>
            {
                Domain::absent()
            }
            "grant-read" | "grant-write" | "grant-read-acp" | "grant-write-acp"
            | "grant-full-control"
                if place.acls_off || place.public_acls_refused =>
            {
                // The header names a group by its URI; no id of an account has letters like these.
                without(
                    ["AllUsers", "AuthenticatedUsers"]
                        .map(|group| Glob::like(&format!("*{group}*")))
                        .to_vec(),
                )
            }
            // What names a KMS algorithm must be signed; of what names a key alone no source says it.
            // Policies alone are compared by what they match.
            "server-side-encryption" if !self.is_signed() && !place.matching_only => {
                optional(words(&["AES256"]))
            }
            _ => return None,
        })
    }

    fn of_request(
        &self,
        policy: &Vocabulary,
        place: &OwnerAndTime,
        key: usize,
        name: &str,
        rounding: Rounding,
    ) -> DomainSource {
        let signing = |domain: Domain| {
            // A service signs in ways of its own, and what its requests carry is not documented.
            if self.is_signed() && !matches!(self.caller, CallerClass::Service(_)) {
                domain
            } else {
                match rounding {
                    // Documented for authenticated requests; that others lack them is not.
                    Rounding::Up => domain.or_absent(),
                    Rounding::Down => Domain::absent(),
                }
            }
        };
        if let Some(domain) = self.of_upload(place, name) {
            return domain.into();
        }
        let domain = match name {
            "aws:currenttime" => present(Values::Time(match place.now {
                Some(now) => NumberRange {
                    min: now,
                    max: now,
                    whole: true,
                },
                None => NumberRange {
                    min: if place.matching_only {
                        0.0
                    } else {
                        EARLIEST_NOW
                    },
                    max: f64::INFINITY,
                    whole: true,
                },
            })),
            "aws:securetransport" => present(words(&["true", "false"])),
            "aws:resourceaccount" | "s3:resourceaccount" if place.matching_only => {
                present(Values::Text {
                    prefix: String::new(),
                    within: like(&["????????????".to_owned()]),
                    without: Vec::new(),
                })
            }
            "aws:resourceaccount" | "s3:resourceaccount" => Domain::fixed(place.owner.clone()),
            // A property of the bucket's account: not what a caller holds or chooses.
            vocabulary::RESOURCE_ORGANIZATION => match policy.whole_texts(key) {
                Some(mut texts) => {
                    texts.push(vocabulary::OWN_ORGANIZATION.to_owned());
                    optional(Values::Of(texts))
                }
                None => Domain::any_text(),
            },
            "aws:requestedregion" => Domain {
                optional: false,
                ..Domain::any_text()
            },
            "s3:authtype" => signing(present(words(&[
                "REST-HEADER",
                "REST-QUERY-STRING",
                "POST",
            ]))),
            // A version is what a signature has.
            "s3:signatureversion" | "s3:signatureage" if !self.is_signed() => Domain::absent(),
            "s3:signatureversion" => signing(present(words(&["AWS4-HMAC-SHA256", "AWS"]))),
            "s3:signatureage" => {
                signing(Domain::whole_numbers(0, LONGEST_SIGNATURE_MS).or_absent())
            }
            "s3:tlsversion" => optional(words(&["1.2", "1.3", "1.1", "1.0"])),
            "s3:max-keys" => optional(line(0.0, 2_147_483_647.0)),
            "s3:object-lock-remaining-retention-days" => optional(line(0.0, 36_500.0)),
            "s3:object-lock-retain-until-date" => optional(Values::Time(NumberRange::SINCE_1970)),
            "s3:dataaccesspointaccount" | "s3:dataaccesspointarn" => {
                return self.of_access_point(policy, key, name);
            }
            // The function whose code sends the request, for requests of its execution role.
            "lambda:sourcefunctionarn" => {
                let function = format!(
                    "arn:{}:lambda:?*:????????????:function:?*",
                    policy.partition
                );
                return self.held(policy, key, &[&function]);
            }
            "ec2:sourceinstancearn" => {
                let instance = format!("arn:{}:ec2:?*:????????????:instance/?*", policy.partition);
                return self.held(policy, key, &[&instance]);
            }
            // A managed node has an ARN of Systems Manager.
            "ssm:sourceinstancearn" => {
                let node = format!("arn:{}:?*:?*:????????????:*instance/?*", policy.partition);
                return self.held(policy, key, &[&node]);
            }
            "aws:ec2instancesourcevpc" => return self.held(policy, key, &["vpc-?*"]),
            "s3:accessgrantsinstancearn" => return self.held(policy, key, &["arn:*"]),
            "s3:accesspointnetworkorigin" => optional(words(&["Internet", "VPC"])),
            "s3:x-amz-server-side-encryption-customer-algorithm" => optional(words(&["AES256"])),
            "s3:isreplicationpauserequest" => optional(words(&boolean::VALUES)),
            _ => match policy.sort_of(key) {
                ValueSort::Any | ValueSort::Text => Domain::any_text(),
                ValueSort::Boolean => optional(words(&boolean::VALUES)),
                ValueSort::Number => optional(Values::Number(NumberRange::ANY)),
                ValueSort::Time => optional(Values::Time(NumberRange::SINCE_1970)),
                ValueSort::Address => optional(Values::Address(
                    AddressDomain::Any,
                    Arc::clone(&policy.networks),
                )),
            },
        };
        domain.into()
    }

    /// What a request through an access point says of it: its account or its ARN.
    fn of_access_point(&self, policy: &Vocabulary, key: usize, name: &str) -> DomainSource {
        let own = match &self.caller {
            CallerClass::Aws {
                account: Some(account),
                ..
            } if self.fresh => Some(account.to_string()),
            _ => None,
        };
        if name == "s3:dataaccesspointaccount" {
            return match own {
                Some(account) => optional(Values::Of(vec![account])).into(),
                None => self.held(policy, key, &["????????????"]),
            };
        }
        let forms = access_points(policy.partition, own.as_deref().unwrap_or("????????????"));
        let [regional, multi_region] = &forms;
        if self.fresh && own.is_none() {
            return self.held(policy, key, &[regional, multi_region]);
        }
        // Whoever holds what the policy names may hold a text of no such form.
        let within = forms.iter().map(|form| shape_of(form));
        let values = if self.fresh {
            Values::Text {
                prefix: String::new(),
                within: within.collect(),
                without: policy
                    .named_of(key)
                    .chain([Glob::like(SEVEN_PARTS)])
                    .collect(),
            }
        } else {
            Values::Text {
                prefix: String::new(),
                within: within.chain(policy.named_of(key)).collect(),
                without: Vec::new(),
            }
        };
        optional(values).into()
    }
}

/// The ARNs of access points of an account: in a Region, and of several Regions (S3 user guide,
/// "Multi-Region Access Point hostnames", 2026-09).
fn access_points(partition: &str, account: &str) -> [String; 2] {
    [
        format!("arn:{partition}:s3:?*:{account}:accesspoint/?*"),
        format!("arn:{partition}:s3::{account}:accesspoint/?*.mrap"),
    ]
}

/// More colons than the ARN of an access point, a VPC or an S3 Access Grants instance has: the names
/// of those have none.
const SEVEN_PARTS: &str = "*:*:*:*:*:*:*";

/// When temporary credentials were issued. Sessions of roles and of federated users have no others; users
/// and the root user have them in the console, among other places (IAM user guide, "AWS global condition
/// context keys", 2026-09).
fn token_issue_time(kind: PrincipalKind, place: &OwnerAndTime) -> Domain {
    let range = match place.now {
        // What was issued in the future is not, and what was issued earlier has expired.
        Some(now) if !place.matching_only => NumberRange {
            min: now - LONGEST_SESSION,
            max: now,
            whole: true,
        },
        _ => NumberRange::SINCE_1970,
    };
    Domain {
        optional: matches!(kind, PrincipalKind::Root | PrincipalKind::User),
        ..optional(Values::Time(range))
    }
}

/// What a caller can hold whom the policy does not name.
fn fresh(policy: &Vocabulary, key: usize, within: &[&str]) -> Domain {
    let mut without: Vec<Glob> = policy.named_of(key).collect();
    let name = policy.keys.get(key).map(String::as_str).unwrap_or_default();
    if name.ends_with("arn") {
        for account in &policy.accounts {
            // In whatever part of it: a wildcard of a string condition crosses colons.
            without.push(Glob::like(&format!("*:{account}:*")));
        }
        // The ARN of a function has seven parts itself.
        if name != "aws:sourcearn" && name != "lambda:sourcefunctionarn" {
            without.push(Glob::like(SEVEN_PARTS));
        }
    }
    if name.ends_with("account") || name == "aws:sourceowner" {
        without.extend(policy.accounts.iter().map(|account| Glob::exactly(account)));
    }
    if name.contains(":principalorg") || name.contains("orgid") || name.contains("orgpaths") {
        for organization in &policy.organizations {
            without.push(Glob::exactly(organization));
            without.push(Glob::like(&format!("{organization}/*")));
        }
    }
    Domain {
        many: policy.has_many(key),
        ..optional(Values::Text {
            prefix: String::new(),
            within: within.iter().map(|pattern| shape_of(pattern)).collect(),
            without,
        })
    }
}

/// A pattern that fresh values match: of an ARN part by part.
fn shape_of(pattern: &str) -> Glob {
    let glob = Glob::like(pattern);
    if !pattern.starts_with("arn:") {
        return glob;
    }
    arn::pattern(&glob.clone().into_tokens()).unwrap_or(glob)
}

/// A pattern before a colon, and a text behind it.
fn ending(pattern: &str, text: &str) -> Glob {
    let mut tokens = Glob::like(&format!("{pattern}:")).into_tokens();
    tokens.extend(Glob::exactly(text).into_tokens());
    Glob::new(tokens)
}

/// The users of an account that statements name.
fn named_users<'a>(
    policy: &'a Vocabulary,
    account: Option<&'a str>,
) -> impl Iterator<Item = &'a str> {
    policy
        .principals
        .iter()
        .filter_map(move |principal| match principal {
            Principal::Arn(arn) if arn.kind == "user" && Some(arn.account.as_str()) == account => {
                Some(arn.name.as_str())
            }
            _ => None,
        })
}
