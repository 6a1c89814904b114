//! Identity providers: whose federated identities a trust policy distinguishes.
//!
//! A federated identity asks for a session of a role before it is a principal of an account. Its
//! requests hold the provider (`aws:FederatedProvider`) and the claims of its token, under keys that
//! begin with the host of an OIDC provider, or with `saml:` (IAM user guide, "Available keys for AWS
//! OIDC federation" and "Available keys for SAML-based AWS STS federation", 2026-09). So a provider and
//! its claims go together: `"Federated": "*"` with a condition on claims of one host grants to the
//! providers of that host alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arn;
use super::glob::{Glob, GlobToken};
use super::value::{Domain, Values};
use super::vocabulary::Vocabulary;
use crate::contract::PrincipalClass;

/// OIDC providers that AWS knows by their names; all others have an ARN in the account of the role (IAM
/// user guide, "AWS JSON policy elements: Principal", 2026-09).
const BUILT_IN: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// The identity provider of a federated identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IdentityProvider {
    /// By the ARN of a SAML provider, or the name or ARN of an OIDC provider.
    Named(Arc<str>),
    /// An OIDC provider that no statement names as a principal, by the host in the keys of its claims.
    OfClaims(Arc<str>),
    /// A SAML provider that no statement names as a principal.
    Saml,
    /// Any other provider that no statement names as a principal: no policy has a key of its claims.
    Other,
}

impl IdentityProvider {
    /// Every provider: those that principal elements name, and kinds of all others.
    pub(super) fn all(policy: &Vocabulary) -> Vec<Self> {
        policy
            .providers()
            .filter(|name| *name != "*")
            .map(|name| Self::Named(name.into()))
            .chain(Self::unnamed(policy))
            .collect()
    }

    /// The kinds of the providers that no principal element names.
    pub(super) fn unnamed(policy: &Vocabulary) -> Vec<Self> {
        let mut kinds = vec![Self::Other];
        // A provider of AWS's own has one name.
        let is_named =
            |host: &str| BUILT_IN.contains(&host) && policy.providers().any(|name| name == host);
        kinds.extend(
            hosts(policy)
                .into_iter()
                .filter(|host| !is_named(host))
                .map(|host| Self::OfClaims(host.into())),
        );
        if policy.mentions(is_of_saml) {
            kinds.push(Self::Saml);
        }
        kinds
    }

    /// Whether a principal element that names a provider, or all of them by a star, speaks of it (AWS's
    /// sample repository of custom policy checks has the star, 2026-11).
    pub(super) fn is(&self, named: &str) -> bool {
        named == "*" || matches!(self, Self::Named(own) if **own == *named)
    }

    /// Whether its requests can hold a key: not the claims of another provider.
    pub(super) fn may_hold(&self, key: &str) -> bool {
        if is_of_saml(key) {
            return match self {
                Self::Named(name) => is_saml(name),
                Self::Saml => true,
                Self::OfClaims(_) | Self::Other => false,
            };
        }
        let Some(host) = host_of_claim(key) else {
            return true;
        };
        match self {
            Self::Named(name) => !is_saml(name) && host_of(name).eq_ignore_ascii_case(host),
            Self::OfClaims(own) => **own == *host,
            Self::Saml | Self::Other => false,
        }
    }

    /// What `aws:FederatedProvider` is in its requests.
    pub(super) fn names(&self, policy: &Vocabulary) -> Domain {
        let (within, mut without) = match self {
            Self::Named(name) => return Domain::fixed(&**name),
            Self::OfClaims(host) => (forms_of(policy, host), Vec::new()),
            Self::Saml => (vec![saml_providers(policy)], Vec::new()),
            Self::Other => {
                let mut without: Vec<Glob> = hosts(policy)
                    .into_iter()
                    .flat_map(|host| forms_of(policy, host))
                    .collect();
                if policy.mentions(is_of_saml) {
                    without.push(saml_providers(policy));
                }
                let within = ["?*.example.com", "?*"].map(Glob::like);
                (within.to_vec(), without)
            }
        };
        without.extend(policy.providers().map(Glob::exactly));
        // A wildcard in a condition without wildcards is no provider's name.
        without.extend(['*', '?'].map(|mark| {
            Glob::new(vec![
                GlobToken::Many,
                GlobToken::Char(mark),
                GlobToken::Many,
            ])
        }));
        Domain {
            optional: false,
            values: Values::Text {
                prefix: String::new(),
                within,
                without,
            },
            many: false,
        }
    }

    /// How a request names it; `value` is what `aws:FederatedProvider` is there.
    pub(super) fn class(&self, policy: &Vocabulary, value: Option<&str>) -> PrincipalClass {
        let account = &policy.fresh_account;
        let partition = policy.partition;
        let name = match (value, self) {
            (Some(value), _) => value.to_owned(),
            (None, Self::Named(name)) => name.to_string(),
            (None, Self::OfClaims(host)) if BUILT_IN.contains(&&**host) => host.to_string(),
            (None, Self::OfClaims(host)) => {
                format!("arn:{partition}:iam::{account}:oidc-provider/{host}")
            }
            (None, Self::Saml) => format!("arn:{partition}:iam::{account}:saml-provider/idp"),
            (None, Self::Other) => "provider.example.com".to_owned(),
        };
        PrincipalClass::Federated { name }
    }
}

/// The hosts of OIDC providers that the policies have keys of.
fn hosts(policy: &Vocabulary) -> BTreeSet<&str> {
    policy
        .keys
        .iter()
        .filter_map(|key| host_of_claim(key))
        .collect()
}

/// The host of the OIDC provider whose claim a key holds. The key of a custom provider may have a path:
/// `oidc.eks.eu-west-1.amazonaws.com/id/E1:sub`.
fn host_of_claim(key: &str) -> Option<&str> {
    let (host, _) = key.split_once(':')?;
    host.contains('.').then_some(host)
}

fn is_of_saml(key: &str) -> bool {
    key.starts_with("saml:")
}

fn is_saml(provider: &str) -> bool {
    provider.contains(":saml-provider/")
}

/// The host of an OIDC provider that is given by its name or ARN.
fn host_of(provider: &str) -> &str {
    provider
        .split_once(":oidc-provider/")
        .map_or(provider, |(_, host)| host)
}

/// The names that the OIDC provider of a host can have. Keys are compared without regard to case, so the
/// host may be written in any.
fn forms_of(policy: &Vocabulary, host: &str) -> Vec<Glob> {
    if BUILT_IN.contains(&host) {
        return vec![Glob::exactly(host)];
    }
    let name = Glob::any_case(host);
    let arn = format!("arn:{}:iam::????????????:oidc-provider/", policy.partition);
    let mut tokens = Glob::like(&arn).into_tokens();
    tokens.extend(name.clone().into_tokens());
    vec![in_parts(tokens), name]
}

fn saml_providers(policy: &Vocabulary) -> Glob {
    let arn = format!(
        "arn:{}:iam::????????????:saml-provider/?*",
        policy.partition
    );
    in_parts(Glob::like(&arn).into_tokens())
}

fn in_parts(tokens: Vec<GlobToken>) -> Glob {
    arn::pattern(&tokens).unwrap_or_else(|| Glob::new(tokens))
}
