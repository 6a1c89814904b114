//! What a condition key can hold in the request of a known caller: to S3, to the key behind it, to
//! STS.
//!
//! The prover's table says it for callers that are only a class ([`super::super::caller`]); here the
//! facts of one identity narrow it, and KMS's requests get a table of their own: S3 makes them for the
//! caller, with the caller's identity and S3's network (KMS developer guide, "kms:ViaService" and
//! "Condition keys"; S3 user guide, "Using server-side encryption with AWS KMS keys", 2026-09).
//!
//! *At rest*, a caller has what it is and what it types into a request. *Held* also gives it what it
//! would need beyond that: a network, MFA, a session tag, a service that calls for it.

use super::records::Knowledge;
use super::subject::{IdentityFacts, Subject};
use super::world::{Place, World};
use crate::catalogue;
use crate::prove::caller::{CallerClass, CallerShape, PrincipalKind, tells_networks_apart};
use crate::prove::glob::Glob;
use crate::prove::numeric::NumberRange;
use crate::prove::value::{Domain, Rounding, Values};

/// Which service decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Service {
    S3,
    Kms,
    Sts,
    Lambda,
}

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stance {
    /// Through a VPC endpoint.
    pub(super) endpoint: bool,
    /// With what a caller would need beyond what it is.
    pub(super) held: bool,
    /// Keys that are at rest all the same, a bit each by number.
    pub(super) at_rest: u128,
    /// Which way doubts are rounded.
    pub(super) rounding: Rounding,
}

impl Stance {
    /// With what a caller is and types, or with all it could hold.
    pub(super) const fn new(endpoint: bool, held: bool, rounding: Rounding) -> Self {
        Self {
            endpoint,
            held,
            at_rest: 0,
            rounding,
        }
    }

    /// The bit of a key; none for one that is too many.
    pub(super) fn bit(key: usize) -> u128 {
        u32::try_from(key)
            .ok()
            .and_then(|place| 1_u128.checked_shl(place))
            .unwrap_or(0)
    }

    fn on(self, key: usize) -> Self {
        Self {
            held: self.held && self.at_rest & Self::bit(key) == 0,
            ..self
        }
    }
}

/// What a key can hold.
#[derive(Clone, Debug)]
pub(super) enum KeyContent {
    /// One of these.
    In(Domain),
    /// It is not known; this action would read it, if one does.
    Undetermined(Option<&'static str>),
}

impl KeyContent {
    /// The one value, or the one absence, that it is in every request.
    pub(super) fn is_fixed(&self) -> bool {
        match self {
            Self::In(domain) => match &domain.values {
                Values::None => true,
                Values::Of(values) => values.len() == 1 && !domain.optional,
                _ => false,
            },
            Self::Undetermined(_) => false,
        }
    }
}

/// Keys whose value a caller types or chooses with the request itself.
pub(super) fn is_typed(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "s3:x-amz-",
        "s3:object-lock-",
        "s3:requestobjecttag",
        "s3:if-",
        "aws:requesttag/",
        "sts:",
        "lambda:",
        "kms:",
    ];
    const NAMES: [&str; 18] = [
        "aws:currenttime",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:tagkeys",
        "aws:useragent",
        "s3:authtype",
        "s3:delimiter",
        "s3:locationconstraint",
        "s3:max-keys",
        "s3:objectcreationoperation",
        "s3:prefix",
        "s3:resourceaccount",
        "s3:signatureage",
        "s3:signatureversion",
        "s3:tlsversion",
        "s3:versionid",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Keys that say the same of a caller wherever it calls, and of S3's calls for it.
pub(super) fn is_of_caller(name: &str) -> bool {
    name.starts_with("aws:principal")
        || name.starts_with("aws:multifactorauth")
        || matches!(
            name,
            "aws:username"
                | "aws:userid"
                | "aws:tokenissuetime"
                | "aws:federatedprovider"
                | "aws:sourceidentity"
                | "aws:currenttime"
                | "aws:sourceaccount"
                | "aws:sourcearn"
                | "aws:sourceowner"
                | "aws:sourceorgid"
                | "aws:sourceorgpaths"
        )
}

fn optional(values: Values) -> Domain {
    Domain {
        optional: true,
        values,
        many: false,
    }
}

fn text(prefix: &str, within: Vec<Glob>, without: Vec<Glob>) -> Domain {
    Domain {
        optional: false,
        values: Values::Text {
            prefix: prefix.to_owned(),
            within,
            without,
        },
        many: false,
    }
}

impl World {
    /// What a key can hold in a request of that caller to that service.
    pub(super) fn content(
        &self,
        subject: &Subject,
        place: &Place<'_>,
        service: Service,
        key: usize,
        stance: Stance,
    ) -> KeyContent {
        let Some(name) = self.book.vocabulary.keys.get(key) else {
            return KeyContent::In(Domain::absent());
        };
        let stance = stance.on(key);
        let found = match service {
            // A service principal is no caller of an account.
            Service::Kms if name == "kms:calleraccount" && subject.is_service() => {
                KeyContent::In(Domain::absent())
            }
            Service::Kms if !is_of_caller(name) => self.of_kms(place, name),
            _ => self
                .of_identity(subject, name, stance)
                .or_else(|| self.of_target(place, service, name))
                .unwrap_or_else(|| KeyContent::In(self.of_class(subject, place, key, stance))),
        };
        let many = self.book.vocabulary.has_many(key);
        match found {
            KeyContent::In(domain) if domain.many != many => {
                KeyContent::In(Domain { many, ..domain })
            }
            other => other,
        }
    }

    fn of_class(&self, subject: &Subject, place: &Place<'_>, key: usize, stance: Stance) -> Domain {
        let shape = CallerShape {
            endpoint: stance.endpoint,
            fresh: !stance.held,
            widened: subject.widened,
            username: subject.username.clone(),
            apart: Vec::new(),
            caller: subject.caller.clone(),
        };
        let domain = shape.domain(&self.book.vocabulary, place.owner, key, stance.rounding);
        Domain::clone(&domain)
    }

    /// What is known of the identities of this account, and what they are without at rest.
    fn of_identity(&self, subject: &Subject, name: &str, stance: Stance) -> Option<KeyContent> {
        if !subject.is_ours() {
            return None;
        }
        if let Some(facts) = &subject.facts
            && let Some(found) = self.of_facts(subject, facts, name, stance)
        {
            return Some(found);
        }
        let is = |domain| Some(KeyContent::In(domain));
        match name {
            "aws:principalorgid" => match &self.organization {
                Knowledge::Known(Some(id)) => return is(Domain::fixed(id.clone())),
                Knowledge::Known(None) => return is(Domain::absent()),
                Knowledge::Missing(_) => {}
            },
            "aws:principalorgpaths" => match &self.organization {
                // Where in the organization the account is, no reading says: at rest, where no policy
                // looks for it.
                Knowledge::Known(Some(id)) if !stance.held => {
                    return is(Domain::fixed(format!("{id}/r-0000/ou-0000-00000000/")));
                }
                Knowledge::Known(Some(id)) => {
                    return is(text(
                        &format!("{id}/"),
                        vec![Glob::like(&format!("{id}/*"))],
                        Vec::new(),
                    ));
                }
                Knowledge::Known(None) => return is(Domain::absent()),
                Knowledge::Missing(_) => {}
            },
            "aws:tokenissuetime" if subject.kind() == Some(PrincipalKind::Role) => {
                return is(Domain {
                    optional: false,
                    values: Values::Time(NumberRange {
                        min: 0.0,
                        max: f64::INFINITY,
                        whole: true,
                    }),
                    many: false,
                });
            }
            _ => {}
        }
        if stance.held || is_typed(name) || is_settled_by_class(name) {
            return None;
        }
        match name {
            // Without MFA: absent from requests of access keys, false in those of sessions.
            "aws:multifactorauthpresent" => is(optional(Values::Words(&["false"]))),
            "aws:viaawsservice" => is(Domain::fixed("false")),
            _ if tells_networks_apart(name) || name.starts_with("aws:principalorg") => None,
            _ => is(Domain::absent()),
        }
    }

    fn of_facts(
        &self,
        subject: &Subject,
        facts: &IdentityFacts,
        name: &str,
        stance: Stance,
    ) -> Option<KeyContent> {
        if name == "aws:userid" {
            let Some(id) = &facts.unique_id else {
                return Some(KeyContent::Undetermined(Some(
                    "iam:GetAccountAuthorizationDetails",
                )));
            };
            let session = match &subject.caller {
                CallerClass::Aws { session, .. } => session.as_deref(),
                _ => None,
            };
            if let Some(session) = session {
                return Some(KeyContent::In(Domain::fixed(format!("{id}:{session}"))));
            }
            return Some(KeyContent::In(
                if subject.kind() == Some(PrincipalKind::Role) {
                    let without = if stance.held {
                        Vec::new()
                    } else {
                        self.literals(name).map(Glob::exactly).collect()
                    };
                    text(
                        &format!("{id}:"),
                        vec![Glob::like(&format!("{id}:??*"))],
                        without,
                    )
                } else {
                    Domain::fixed(id.clone())
                },
            ));
        }
        let tag = name.strip_prefix("aws:principaltag/")?;
        let Knowledge::Known(tags) = &facts.tags else {
            return Some(KeyContent::Undetermined(Some(
                "iam:GetAccountAuthorizationDetails",
            )));
        };
        // Tag keys are compared without regard to case (IAM user guide, "Tags for IAM resources").
        let own = tags
            .iter()
            .find(|(key, _)| key.to_lowercase() == tag)
            .map(|(_, value)| value);
        Some(KeyContent::In(match own {
            Some(_) if facts.tags_are_open && stance.held => Domain {
                optional: false,
                ..Domain::any_text()
            },
            None if facts.tags_are_open && stance.held => Domain::any_text(),
            Some(value) => Domain::fixed(value.clone()),
            None => Domain::absent(),
        }))
    }

    /// What follows from the bucket or function.
    fn of_target(&self, place: &Place<'_>, service: Service, name: &str) -> Option<KeyContent> {
        let is = |domain| Some(KeyContent::In(domain));
        match name {
            "aws:resourceorgid" if place.owner.owner == self.account => match &self.organization {
                Knowledge::Known(Some(id)) => is(Domain::fixed(id.clone())),
                Knowledge::Known(None) => is(Domain::absent()),
                Knowledge::Missing(_) => None,
            },
            "aws:requestedregion" if !place.region.is_empty() => is(Domain::fixed(place.region)),
            _ if name.starts_with("aws:resourcetag/") => Some(KeyContent::Undetermined(None)),
            _ if name.starts_with("s3:buckettag/") => {
                Some(KeyContent::Undetermined(Some("s3:GetBucketTagging")))
            }
            _ if service == Service::S3
                && name.starts_with("s3:")
                && catalogue::carrying(name) & place.s3_actions == 0
                && place.s3_actions != 0 =>
            {
                is(Domain::absent())
            }
            _ => None,
        }
    }

    /// What KMS sees of a request that S3 makes for the caller.
    fn of_kms(&self, place: &Place<'_>, name: &str) -> KeyContent {
        let (account, region) = place
            .key
            .map_or(("", ""), |key| (key.account.as_str(), key.region.as_str()));
        let fixed = |value: &str| KeyContent::In(Domain::fixed(value));
        match name {
            "kms:viaservice" => match place.via {
                Some(service) => fixed(&format!(
                    "{service}.{}.{}",
                    place.region,
                    suffix(self.book.vocabulary.partition)
                )),
                // A call of the principal's own, or of any service for it.
                None => KeyContent::In(Domain::any_text()),
            },
            "kms:calleraccount" => match place.caller_account {
                Some(account) => fixed(account),
                None => KeyContent::Undetermined(None),
            },
            "kms:encryptioncontext:aws:s3:arn" => match place.context_arn {
                Some(arn) => fixed(arn),
                // The search binds it to the object.
                None => KeyContent::In(Domain::any_text()),
            },
            // An uploader may add pairs to the context.
            "kms:encryptioncontextkeys" => KeyContent::In(Domain {
                many: true,
                optional: false,
                ..Domain::any_text()
            }),
            _ if name.starts_with("kms:encryptioncontext:") => KeyContent::In(Domain::any_text()),
            "kms:encryptionalgorithm" | "kms:keyspec" => fixed("SYMMETRIC_DEFAULT"),
            "kms:keyusage" => fixed("ENCRYPT_DECRYPT"),
            "kms:requestalias" => match place.key.and_then(|key| key.alias.as_deref()) {
                Some(alias) => fixed(alias),
                None => KeyContent::In(Domain::absent()),
            },
            "kms:resourcealiases" => KeyContent::Undetermined(Some("kms:ListAliases")),
            "aws:resourceaccount" => fixed(account),
            "aws:requestedregion" if !region.is_empty() => fixed(region),
            "aws:viaawsservice" | "aws:securetransport" => fixed("true"),
            "aws:resourceorgid" if account == self.account => match &self.organization {
                Knowledge::Known(Some(id)) => fixed(id),
                Knowledge::Known(None) => KeyContent::In(Domain::absent()),
                Knowledge::Missing(_) => {
                    KeyContent::Undetermined(Some("organizations:DescribeOrganization"))
                }
            },
            _ if name.starts_with("aws:resourcetag/") => {
                KeyContent::Undetermined(Some("kms:ListResourceTags"))
            }
            "kms:grantisforawsresource" | "kms:grantconstrainttype" | "kms:grantoperations" => {
                KeyContent::In(Domain::absent())
            }
            // Keys of S3 are not in requests to KMS.
            _ if name.starts_with("s3:") => KeyContent::In(Domain::absent()),
            // Whose network it is, is S3's affair: AWS advises against these keys here.
            _ => KeyContent::Undetermined(None),
        }
    }

    /// The literals that a key is compared with anywhere.
    fn literals(&self, name: &str) -> impl Iterator<Item = &str> {
        let vocabulary = &self.book.vocabulary;
        vocabulary
            .position(name)
            .into_iter()
            .flat_map(|key| vocabulary.literals_of(key))
    }
}

/// Keys of an identity's requests that follow from what kind of principal it is.
fn is_settled_by_class(name: &str) -> bool {
    matches!(
        name,
        "aws:principalaccount"
            | "aws:principalarn"
            | "aws:principaltype"
            | "aws:principalisawsservice"
            | "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "aws:username"
            | "aws:userid"
            | "aws:tokenissuetime"
            | "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:sourceowner"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
    )
}

/// The DNS suffix of service principals in a partition.
fn suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}
