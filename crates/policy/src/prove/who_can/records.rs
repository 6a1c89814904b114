//! What is known of an account: its identities with their policies, its buckets, keys and functions.
//!
//! Everything here was read already, from an API, a snapshot or a line of `who-can --batch`. What was
//! not read says so and names the IAM action that reads it: an answer that depends on it is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contract::{Grant, PublicAccessBlock};
use crate::document::{Element, Policy, Principal};
use crate::parse;

/// Something that was read, or the IAM action that reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knowledge<T> {
    /// It was read.
    Known(T),
    /// It was not; this action reads it (`kms:GetKeyPolicy`).
    Missing(String),
}

impl<T> Knowledge<T> {
    /// The value, if it was read.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Missing(_) => None,
        }
    }
}

/// A policy, and the name under which answers cite it.
#[derive(Clone, Debug, PartialEq)]
pub struct CitedPolicy {
    /// `bucket`, `key`, `inline/x`, `AdministratorAccess`, …
    pub name: String,
    /// The policy.
    pub policy: Policy,
}

impl CitedPolicy {
    /// A policy under a name.
    pub fn new(name: impl Into<String>, policy: Policy) -> Self {
        Self {
            name: name.into(),
            policy,
        }
    }
}

/// One user or role of the account.
#[derive(Clone, Debug)]
pub struct IdentityRecord {
    /// Its ARN: `arn:aws:iam::111111111111:user/ann`, `…:role/path/deploy`.
    pub arn: String,
    /// Its unique id (`AIDA…`, `AROA…`), if it is known: `aws:userid` begins with it.
    pub unique_id: Option<String>,
    /// Its tags.
    pub tags: Knowledge<BTreeMap<String, String>>,
    /// Inline, attached and inherited policies. Shared ones are compiled once.
    pub policies: Vec<Arc<CitedPolicy>>,
    /// Its permissions boundary, if it has one.
    pub boundary: Option<Knowledge<Arc<CitedPolicy>>>,
    /// A role's trust policy.
    pub trust: Option<Arc<CitedPolicy>>,
    /// Actions that would read more policies of this identity.
    pub unread: Vec<String>,
}

/// What the objects of a bucket are encrypted with by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultKey {
    /// SSE-S3: no permission on a key is needed.
    S3,
    /// The AWS managed key `aws/s3`.
    Managed,
    /// A KMS key, by the ARN under which the account has it.
    Kms(String),
}

/// One bucket.
#[derive(Clone, Debug)]
pub struct BucketRecord {
    /// Its name.
    pub name: String,
    /// 12-digit id of the account that owns it.
    pub owner: String,
    /// Its Region.
    pub region: String,
    /// Its policy, if it has one.
    pub policy: Knowledge<Option<Arc<CitedPolicy>>>,
    /// AWS's judgement of the policy (GetBucketPolicyStatus), if it was asked.
    pub aws_says_public: Option<bool>,
    /// Block Public Access in effect: of the account or of the bucket.
    pub block: Knowledge<PublicAccessBlock>,
    /// Object Ownership; ACLs have no effect with `BucketOwnerEnforced`.
    pub ownership: Option<String>,
    /// Canonical user id of the owner, if it is known: grants to it say nothing.
    pub owner_id: Option<String>,
    /// The grants of the ACL.
    pub grants: Knowledge<Vec<Grant>>,
    /// Default encryption.
    pub key: Knowledge<DefaultKey>,
    /// An S3 Bucket Key is on: KMS sees the bucket's ARN and not the object's.
    pub bucket_key: bool,
}

/// One KMS key.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// The key's own ARN; none where only an alias is known.
    pub arn: Option<String>,
    /// The account it belongs to.
    pub account: String,
    /// An AWS managed key: it serves its own account through S3.
    pub managed: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: Knowledge<String>,
    /// The key policy.
    pub policy: Knowledge<Arc<CitedPolicy>>,
    /// The grants.
    pub grants: Knowledge<Vec<KeyGrant>>,
}

/// A grant of a KMS key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGrant {
    /// ARN of the principal, or a service principal.
    pub grantee: String,
    /// `Decrypt`, `GenerateDataKey`, …
    pub operations: Vec<String>,
    /// Pairs that the encryption context must have.
    pub context_subset: BTreeMap<String, String>,
    /// The encryption context must be these pairs and no others.
    pub context_equals: BTreeMap<String, String>,
}

/// One Lambda function.
#[derive(Clone, Debug)]
pub struct FunctionRecord {
    /// Its ARN, unqualified.
    pub arn: String,
    /// Its resource policy, if it has one.
    pub policy: Knowledge<Option<Arc<CitedPolicy>>>,
    /// ARN of the role it runs as.
    pub role: Option<String>,
}

/// An account.
#[derive(Clone, Debug)]
pub struct AccountRecord {
    /// 12-digit id.
    pub account: String,
    /// One of [`PARTITIONS`](crate::partition::PARTITIONS).
    pub partition: &'static str,
    /// Its organization: an id, or none; `Missing` leaves `aws:PrincipalOrgID` open.
    pub organization: Knowledge<Option<String>>,
    /// The users and roles.
    pub identities: Vec<IdentityRecord>,
    /// Service control policies that bind the account's principals, level by level from the root;
    /// none when they are not known: then they are assumed to deny nothing.
    pub scps: Option<Vec<Vec<Arc<CitedPolicy>>>>,
    /// Resource control policies of the account, the same.
    pub rcps: Option<Vec<Vec<Arc<CitedPolicy>>>>,
    /// The buckets.
    pub buckets: Vec<BucketRecord>,
    /// The keys by the ARN that buckets name.
    pub keys: BTreeMap<String, KeyRecord>,
    /// The functions.
    pub functions: Vec<FunctionRecord>,
    /// What time it is, seconds since 1970; none for any moment from 2026 on.
    pub now: Option<f64>,
}

impl AccountRecord {
    /// Writes the ARN of an identity where a resource policy names its unique id, as IAM shows a principal
    /// whose ARN it cannot find. An id that no identity has is one of a principal that was deleted (IAM
    /// user guide, "AWS JSON policy elements: Principal", 2026-09).
    pub(super) fn resolve_unique_ids(&mut self) {
        let principals: BTreeMap<String, Principal> = self
            .identities
            .iter()
            .filter_map(|identity| {
                let id = identity.unique_id.clone()?;
                Some((id, parse::principal_arn(&identity.arn)?))
            })
            .collect();
        if principals.is_empty() {
            return;
        }
        for bucket in &mut self.buckets {
            if let Knowledge::Known(Some(document)) = &mut bucket.policy {
                resolve(document, &principals);
            }
        }
        for key in self.keys.values_mut() {
            if let Knowledge::Known(document) = &mut key.policy {
                resolve(document, &principals);
            }
        }
        for function in &mut self.functions {
            if let Knowledge::Known(Some(document)) = &mut function.policy {
                resolve(document, &principals);
            }
        }
        for trust in self
            .identities
            .iter_mut()
            .filter_map(|identity| identity.trust.as_mut())
        {
            resolve(trust, &principals);
        }
        for document in self.rcps.iter_mut().flatten().flatten() {
            resolve(document, &principals);
        }
    }
}

fn resolve(document: &mut Arc<CitedPolicy>, principals: &BTreeMap<String, Principal>) {
    let known = |element: &Element<Principal>| {
        element
            .items
            .iter()
            .any(|item| matches!(item, Principal::UniqueId(id) if principals.contains_key(id)))
    };
    let statements = &document.policy.statements;
    if !statements
        .iter()
        .any(|statement| statement.principal.as_ref().is_some_and(known))
    {
        return;
    }
    let document = Arc::make_mut(document);
    for item in document
        .policy
        .statements
        .iter_mut()
        .filter_map(|statement| statement.principal.as_mut())
        .flat_map(|element| &mut element.items)
    {
        if let Principal::UniqueId(id) = item
            && let Some(found) = principals.get(id)
        {
            *item = found.clone();
        }
    }
}
