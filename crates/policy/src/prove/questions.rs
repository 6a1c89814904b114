//! The questions, each as: which callers, which actions, and what is fixed about the request.
//!
//! Questions about the form of a request (`plain-http`, `presigned`, `sigv2`, `put-without-kms`, …)
//! are about every principal, the owner's own identities included. Those need no Allow in the bucket
//! policy — their identity policies allow them — so for them only the Deny statements count.

use std::sync::Arc;

use super::atom::ValueTest;
use super::caller::{CallerClass, LONGEST_SIGNATURE_MS};
use super::caller_list::{AskedShape, CallerList, SOME_SERVICE};
use super::compile::{CompiledPolicy, Whom};
use super::numeric;
use super::value::{Domain, Values};
use crate::catalogue::{self, Actions};

/// The TLS versions that S3 accepts (AWS blog, "TLS 1.2 to become the minimum TLS protocol level for
/// all AWS API endpoints", in force since 2024-02).
const TLS_VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// A question about a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Requests without a signature.
    Anonymous,
    /// Requests signed by an account that the policy does not name.
    AnyAwsAccount,
    /// Requests signed by this account; it allows its identities everything.
    Account(String),
    /// Requests of the owner's own IAM identities, the root user left out.
    OwnerIdentities,
    /// Requests of this AWS service on behalf of an account that the policy does not name.
    Service(String),
    /// Requests over plain HTTP, by any principal.
    PlainHttp,
    /// Requests over a TLS version below this one, by any principal but AWS services, of whose
    /// requests it is not documented.
    TlsBelow(String),
    /// Requests signed with Signature Version 2, by any account.
    SigV2,
    /// Presigned requests: signature in the query string or in a form, by any account.
    Presigned,
    /// Presigned requests whose signature is older than so many ms, by any account.
    PresignedOlderThan(u64),
    /// Uploads that end up without a KMS key, by any principal.
    PutWithoutKms,
    /// Uploads under a key that the caller brings (SSE-C), by any principal.
    SseC,
    /// Uploads with these encryption headers and no others, by any principal.
    Upload(EncryptionHeaders),
}

/// The encryption headers of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionHeaders {
    /// `x-amz-server-side-encryption`.
    pub algorithm: Option<String>,
    /// `x-amz-server-side-encryption-aws-kms-key-id`.
    pub kms_key: Option<String>,
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
            "sigv2" => Self::SigV2,
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
                Some(("tls-below", version)) if numeric::parse(version).is_some() => {
                    Self::TlsBelow(version.to_owned())
                }
                Some(("presigned-older-than", ms))
                    if ms.bytes().all(|byte| byte.is_ascii_digit())
                        && ms.parse::<u64>().is_ok() =>
                {
                    Self::PresignedOlderThan(ms.parse().unwrap_or(u64::MAX))
                }
                _ => {
                    return Err(format!(
                        "{text:?} is not a question; there are anonymous, any-aws-account, \
                         account:<12 digits>, service:<principal>, plain-http, tls-below:<version>, \
                         sigv2, presigned, presigned-older-than:<ms>, put-without-kms and sse-c"
                    ));
                }
            },
        })
    }

    /// The actions it is about.
    pub(super) fn actions(&self) -> Actions {
        match self {
            Self::PutWithoutKms | Self::SseC | Self::Upload(_) => uploads(),
            _ => catalogue::all(),
        }
    }

    /// The kinds of request that it is about; none when there is no such request.
    pub(super) fn kinds(&self, kms_by_default: bool) -> Vec<RequestKind> {
        const SSE: &str = "s3:x-amz-server-side-encryption";
        const SSE_C: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
        const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
        let header = |value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(Domain::absent, |value| Domain::fixed(value.clone()))
        };
        match self {
            Self::PlainHttp => vec![RequestKind::new(vec![
                ("aws:securetransport", Domain::fixed("false")),
                // Whether a request without TLS has a TLS version is not documented; it can have
                // none that is new enough.
                ("s3:tlsversion", Domain::absent()),
            ])],
            Self::TlsBelow(version) => {
                let limit = numeric::parse(version);
                let below: Vec<String> = TLS_VERSIONS
                    .iter()
                    .filter(|spoken| numeric::parse(spoken) < limit)
                    .map(|spoken| (*spoken).to_owned())
                    .collect();
                if below.is_empty() {
                    return Vec::new();
                }
                vec![RequestKind::new(vec![
                    ("aws:securetransport", Domain::fixed("true")),
                    ("s3:tlsversion", Domain::of(below)),
                ])]
            }
            Self::SigV2 => vec![
                signed_with_version_2(&["REST-HEADER", "REST-QUERY-STRING"]),
                signed_with_version_2(&["POST"]).only(uploads()),
            ],
            Self::Presigned => presigned(0, LONGEST_SIGNATURE_MS),
            Self::PresignedOlderThan(ms) if *ms < LONGEST_SIGNATURE_MS => {
                presigned(ms.saturating_add(1), LONGEST_SIGNATURE_MS)
            }
            Self::PresignedOlderThan(_) => Vec::new(),
            Self::PutWithoutKms => {
                let header = Domain::fixed("AES256");
                vec![RequestKind::new(vec![
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
                ])]
            }
            Self::SseC => vec![RequestKind::new(vec![
                (SSE_C, Domain::fixed("AES256")),
                (SSE, Domain::absent()),
                (KEY, Domain::absent()),
            ])],
            Self::Upload(headers) => vec![RequestKind::new(vec![
                (SSE, header(&headers.algorithm)),
                (KEY, header(&headers.kms_key)),
                (SSE_C, Domain::absent()),
            ])],
            // An unsigned upload has no principal whom KMS would let use the key of the default.
            Self::Anonymous if kms_by_default => vec![
                RequestKind::new(Vec::new()).only(catalogue::all() & !uploads()),
                RequestKind::new(vec![(SSE, Domain::fixed("AES256"))]).only(uploads()),
            ],
            _ => vec![RequestKind::new(Vec::new())],
        }
    }

    /// Why there is no such request whatever the policy says, when there is none.
    pub(super) fn impossible(&self) -> Option<&'static str> {
        match self {
            Self::TlsBelow(_) if self.kinds(false).is_empty() => {
                Some("S3 accepts TLS 1.2 and 1.3 only")
            }
            Self::PresignedOlderThan(ms) if *ms >= LONGEST_SIGNATURE_MS => {
                Some("S3 accepts no signature older than seven days")
            }
            _ => None,
        }
    }

    /// Whether it is about every principal, the owner's identities included.
    pub(super) const fn is_about_anybody(&self) -> bool {
        !matches!(
            self,
            Self::Anonymous | Self::AnyAwsAccount | Self::Account(_) | Self::Service(_)
        )
    }

    /// S3 takes uploads that name a KMS algorithm signed only.
    fn must_be_signed(&self) -> bool {
        matches!(self, Self::Upload(headers) if headers.algorithm.as_deref().is_some_and(|how| how.starts_with("aws:kms")))
    }

    /// Questions of the same number ask about the same callers.
    pub(super) fn callers(&self) -> Option<usize> {
        match self {
            _ if self.must_be_signed() => None,
            Self::PlainHttp | Self::PutWithoutKms | Self::SseC | Self::Upload(_) => Some(0),
            Self::Presigned | Self::PresignedOlderThan(_) | Self::SigV2 => Some(1),
            Self::TlsBelow(_) => Some(2),
            Self::Anonymous
            | Self::AnyAwsAccount
            | Self::Account(_)
            | Self::OwnerIdentities
            | Self::Service(_) => None,
        }
    }

    /// The callers it asks about who hold nothing that a policy names.
    pub(super) fn fresh(&self, policy: &CompiledPolicy, owner: &str) -> Vec<AskedShape> {
        let mut out = caller_list(policy);
        match self {
            Self::Anonymous => out.add(CallerClass::Anonymous, true, None),
            Self::AnyAwsAccount => out.fresh_accounts(),
            Self::Account(id) => out.account(id.as_str().into(), true, None, true),
            Self::Service(name) => out.add(CallerClass::Service(name.as_str().into()), true, None),
            Self::OwnerIdentities => out.identities(owner, true),
            Self::Presigned | Self::PresignedOlderThan(_) | Self::SigV2 => {
                out.account(owner.into(), true, None, true);
                out.fresh_accounts();
            }
            Self::TlsBelow(_) => {
                out.account(owner.into(), true, None, true);
                out.add(CallerClass::Anonymous, true, None);
                out.fresh_accounts();
            }
            Self::PlainHttp | Self::PutWithoutKms | Self::SseC | Self::Upload(_) => {
                out.account(owner.into(), true, None, true);
                if !self.must_be_signed() {
                    out.add(CallerClass::Anonymous, true, None);
                }
                out.fresh_accounts();
                // What is granted to everyone is granted to services too, those that no statement
                // names included.
                out.add(CallerClass::Service(SOME_SERVICE.into()), true, None);
                // A condition on the service's name grants to all who can make that service call.
                for name in policy.vocabulary.services_in_conditions() {
                    out.add(CallerClass::Service(name.into()), true, None);
                }
                out.any_service(true);
            }
        }
        out.parts
    }

    /// The callers it asks about who are, or hold, what the policy names.
    pub(super) fn holders(&self, policy: &CompiledPolicy, owner: &str) -> Vec<AskedShape> {
        let mut out = caller_list(policy);
        match self {
            Self::Anonymous => out.add(CallerClass::Anonymous, false, None),
            Self::AnyAwsAccount => out.named(|account| account != owner),
            Self::Account(id) => {
                out.account(id.as_str().into(), false, None, true);
                out.principals(|account| account == id);
            }
            Self::Service(name) => out.add(CallerClass::Service(name.as_str().into()), false, None),
            Self::OwnerIdentities => {
                out.identities(owner, false);
                out.principals(|account| account == owner);
            }
            Self::Presigned | Self::PresignedOlderThan(_) | Self::SigV2 => {
                out.account(owner.into(), false, None, true);
                out.named(|_| true);
            }
            Self::TlsBelow(_) => {
                out.add(CallerClass::Anonymous, false, None);
                out.account(owner.into(), false, None, true);
                out.named(|_| true);
            }
            Self::PlainHttp | Self::PutWithoutKms | Self::SseC | Self::Upload(_) => {
                if !self.must_be_signed() {
                    out.add(CallerClass::Anonymous, false, None);
                }
                out.account(owner.into(), false, None, true);
                out.named(|_| true);
                out.services();
            }
        }
        out.parts
    }
}

/// An empty list of callers of a bucket.
fn caller_list(policy: &CompiledPolicy) -> CallerList<'_> {
    let canonical = policy.allows.iter().filter_map(|rule| match &rule.whom {
        Whom::Canonical(id) => Some(id.clone()),
        _ => None,
    });
    CallerList::new(&policy.vocabulary, canonical.collect())
}

fn uploads() -> Actions {
    catalogue::which(|action| action.name == "s3:PutObject")
}

/// What is fixed about a request, by key.
pub(super) type FixedKeys = Vec<(&'static str, Domain)>;

/// A kind of request that a question is about: some actions, and what is fixed about them.
#[derive(Debug)]
pub(super) struct RequestKind {
    actions: Actions,
    fixed: FixedKeys,
}

impl RequestKind {
    fn new(fixed: FixedKeys) -> Self {
        Self {
            actions: catalogue::all(),
            fixed,
        }
    }

    fn only(self, actions: Actions) -> Self {
        Self { actions, ..self }
    }
}

/// A kind of request, as one policy looks at it.
#[derive(Debug)]
pub(super) struct RequestForm {
    /// Distinguishes it from other kinds; 0 when the policy looks at nothing of it.
    pub(super) kind: u32,
    /// The actions that can be requested so.
    pub(super) actions: Actions,
    /// All that is fixed.
    pub(super) all: FixedKeys,
    /// What the policy looks at, by number of the key.
    pub(super) on: Vec<(usize, Arc<Domain>)>,
}

impl RequestForm {
    /// `number` is one that no other kind has.
    pub(super) fn new(kind: RequestKind, policy: &CompiledPolicy, number: u32) -> Self {
        let on: Vec<(usize, Arc<Domain>)> = kind
            .fixed
            .iter()
            .filter_map(|(name, domain)| {
                Some((policy.vocabulary.position(name)?, Arc::new(domain.clone())))
            })
            .collect();
        Self {
            kind: if on.is_empty() { 0 } else { number },
            actions: kind.actions,
            all: kind.fixed,
            on,
        }
    }
}

impl RequestForm {
    /// The same with one key more limited; `number` is one that no other kind has.
    pub(super) fn with(&self, key: usize, domain: Arc<Domain>, number: u32) -> Self {
        let mut on = self.on.clone();
        on.push((key, domain));
        Self {
            kind: number,
            actions: self.actions,
            all: self.all.clone(),
            on,
        }
    }
}

/// Presigned requests whose signature is that old, ms: URLs, and forms, which only uploads come as
/// (S3 API reference, "POST Object").
///
/// `s3:authType` is `REST-QUERY-STRING` for a URL and `POST` for a form, in upper case;
/// `s3:signatureAge` counts for both (S3 API reference, "Bucket policy examples using AWS Signature
/// Version 4 condition keys", read 2026-09).
pub(super) fn presigned(min: u64, max: u64) -> Vec<RequestKind> {
    let of = |auth_type: &str| {
        RequestKind::new(vec![
            ("s3:authtype", Domain::fixed(auth_type)),
            ("s3:signatureage", Domain::whole_numbers(min, max)),
            // Signature Version 2 reports an age of 0 whatever its expiry is: a question of its own.
            ("s3:signatureversion", Domain::fixed("AWS4-HMAC-SHA256")),
        ])
    };
    vec![of("REST-QUERY-STRING"), of("POST").only(uploads())]
}

/// Requests signed with Signature Version 2, whose age is always 0.
fn signed_with_version_2(auth_types: &[&str]) -> RequestKind {
    let auth_types = auth_types.iter().map(|found| (*found).to_owned()).collect();
    RequestKind::new(vec![
        ("s3:authtype", Domain::of(auth_types)),
        ("s3:signatureage", Domain::whole_numbers(0, 0).or_absent()),
        ("s3:signatureversion", Domain::fixed("AWS")),
    ])
}

/// The ages at which a policy changes its answer, the longest first.
pub(super) fn ages(policy: &CompiledPolicy) -> Vec<u64> {
    let Some(key) = policy.vocabulary.position("s3:signatureage") else {
        return Vec::new();
    };
    let constants = policy
        .vocabulary
        .atoms
        .iter()
        .filter(|atom| atom.key == key)
        .flat_map(|atom| match &atom.test {
            ValueTest::Number(_, constants) => constants.clone(),
            _ => Vec::new(),
        });
    let Values::Number(line) = Domain::whole_numbers(0, LONGEST_SIGNATURE_MS).values else {
        return Vec::new();
    };
    let ages = numeric::representatives(line, constants);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers between 0 and seven days in milliseconds"
    )]
    ages.into_iter().rev().map(|age| age as u64).collect()
}
