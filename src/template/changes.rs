//! The policies that a deployment changes: as the account has them, and as they will be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::policy::statements;
use super::{Rendering, ResourceKey};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::identity::IdentityInventory;
use crate::inventory::ids::{SubjectKind, resource_of_arn};
use crate::inventory::pointer::pointer;
use coldbucket_policy::compare::Attachment;

/// Which policy of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyRole {
    /// The policy of a bucket.
    Bucket,
    /// The policy of a KMS key.
    Key,
    /// The policy of a function, or of an alias or version of it.
    Function,
    /// Who may assume a role.
    Trust,
    /// What an identity may do: its inline and managed policies together.
    Permissions,
    /// The document of a managed policy.
    Managed,
}

impl PolicyRole {
    /// What it is attached to, as the comparison needs it.
    pub const fn attachment(self) -> Attachment {
        match self {
            Self::Bucket => Attachment::S3,
            Self::Key => Attachment::Kms,
            Self::Function => Attachment::Lambda,
            Self::Trust => Attachment::Trust,
            Self::Permissions | Self::Managed => Attachment::Identity,
        }
    }
}

/// One policy, by what has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyKey {
    /// ARN of what has it.
    pub arn: String,
    /// Which of its policies.
    pub role: PolicyRole,
    /// Alias or version of a function; empty for the function without one.
    pub qualifier: String,
}

/// A policy on one side of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicySide {
    /// There is none.
    None,
    /// Its text.
    Text(String),
    /// It is not known, and why.
    Unknown(String),
}

impl PolicySide {
    fn of(reading: &Reading<String>, what: &str) -> Self {
        match reading {
            Reading::Known(text) => Self::Text(text.clone()),
            Reading::Absent => Self::None,
            Reading::Denied { action, .. } | Reading::Failed { action, .. } => {
                Self::Unknown(format!("{what} could not be read ({action})"))
            }
            Reading::NotCollected | Reading::LeftOut => {
                Self::Unknown(format!("{what} was not read"))
            }
            Reading::Undetermined(reference) => Self::Unknown(format!(
                "{what} is known only after deployment: it depends on {reference}"
            )),
        }
    }

    /// The text as JSON: the same policy may be laid out in two ways.
    fn document(&self) -> Option<Value> {
        match self {
            Self::Text(text) => serde_json::from_str(text).ok(),
            Self::None | Self::Unknown(_) => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self.document(), other.document()) {
            (Some(one), Some(other)) => one == other,
            _ => self == other,
        }
    }
}

/// A policy before and after the deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedPolicy {
    /// As the account has it.
    pub old: PolicySide,
    /// As it will be.
    pub new: PolicySide,
    /// The account has what the policy is attached to.
    pub existing: bool,
    /// Pointer to the policy in the snapshot.
    pub pointer: String,
    /// Of permissions that are put together: the policy that each statement is from.
    pub from: Vec<String>,
    /// Policies that the deployment adds and whose documents are not known.
    pub unknown: Vec<String>,
}

/// The policies of an identity, put together.
#[derive(Default)]
struct Permissions {
    statements: Vec<Value>,
    /// The policy that each statement is from.
    from: Vec<String>,
    /// Policies whose documents are not known.
    unknown: Vec<String>,
}

impl Permissions {
    fn side(&self) -> PolicySide {
        match self.statements.as_slice() {
            [] => PolicySide::None,
            all => PolicySide::Text(json!({"Version": "2012-10-17", "Statement": all}).to_string()),
        }
    }
}

/// What both sides know of an account.
struct Sides<'a> {
    account: &'a str,
    before: Option<&'a AccountInventory>,
    after: &'a AccountInventory,
    changes: BTreeMap<PolicyKey, ChangedPolicy>,
}

/// The policies that one rendering changes against the account below. With `made` only resources that
/// the deployment makes are looked at; keys are looked at where their policy differs.
pub fn changed_policies(
    before: &BTreeMap<String, AccountInventory>,
    rendering: &Rendering,
) -> BTreeMap<PolicyKey, ChangedPolicy> {
    let mut all = BTreeMap::new();
    for (account, after) in &rendering.snapshot.accounts {
        let mut sides = Sides {
            account,
            before: before.get(account),
            after,
            changes: BTreeMap::new(),
        };
        for key in rendering.resources.keys() {
            sides.resource(key);
        }
        sides.keys();
        all.append(&mut sides.changes);
    }
    all
}

impl Sides<'_> {
    fn add(&mut self, key: PolicyKey, change: ChangedPolicy) {
        if !change.old.is_same(&change.new) {
            self.changes.insert(key, change);
        }
    }

    fn resource(&mut self, key: &ResourceKey) {
        match key.kind {
            SubjectKind::Bucket => self.bucket(&key.arn),
            SubjectKind::Function => self.function(&key.arn),
            SubjectKind::Identity => self.identity(&key.arn),
            _ => {}
        }
    }

    fn bucket(&mut self, arn: &str) {
        let name = resource_of_arn(arn).unwrap_or(arn);
        let Some(after) = self.after.buckets.get(name) else {
            return;
        };
        let before = self.before.and_then(|before| before.buckets.get(name));
        let what = "the bucket policy";
        let change = ChangedPolicy {
            old: before.map_or(PolicySide::None, |has| PolicySide::of(&has.policy, what)),
            new: PolicySide::of(&after.policy, what),
            existing: before.is_some(),
            pointer: pointer(["accounts", self.account, "buckets", name, "policy"]),
            from: Vec::new(),
            unknown: Vec::new(),
        };
        self.add(of(arn, PolicyRole::Bucket, ""), change);
    }

    fn function(&mut self, arn: &str) {
        let mut parts = arn.split(':');
        let region = parts.nth(3).unwrap_or_default();
        let name = parts.nth(2).unwrap_or_default();
        let find = |inventory: &AccountInventory| {
            let function = inventory.regions.get(region)?.functions.get(name)?;
            Some(function.policies.clone())
        };
        let Some(after) = find(self.after) else {
            return;
        };
        let before = self.before.and_then(find);
        let existing = before.is_some();
        let names = |policies: &Reading<BTreeMap<String, Option<String>>>| {
            let known = policies.known().into_iter().flatten();
            known.map(|(name, _)| name.clone()).collect::<Vec<String>>()
        };
        let mut qualifiers = names(&after);
        qualifiers.extend(before.iter().flat_map(names));
        qualifiers.sort();
        qualifiers.dedup();
        if qualifiers.is_empty() {
            qualifiers.push(LATEST.to_owned());
        }
        for qualifier in qualifiers {
            let side = |policies: &Reading<BTreeMap<String, Option<String>>>| {
                let of_qualifier = policies
                    .clone()
                    .map(|known| known.get(&qualifier).cloned().flatten());
                match of_qualifier {
                    Reading::Known(None) => PolicySide::None,
                    Reading::Known(Some(text)) => PolicySide::Text(text),
                    other => PolicySide::of(&other.map(|_| String::new()), "the function's policy"),
                }
            };
            let change = ChangedPolicy {
                old: before.as_ref().map_or(PolicySide::None, side),
                new: side(&after),
                existing,
                pointer: pointer([
                    "accounts",
                    self.account,
                    "regions",
                    region,
                    "functions",
                    name,
                    "policies",
                ]),
                from: Vec::new(),
                unknown: Vec::new(),
            };
            let shown = match qualifier.as_str() {
                LATEST => "",
                other => other,
            };
            self.add(of(arn, PolicyRole::Function, shown), change);
        }
    }

    fn identity(&mut self, arn: &str) {
        fn find<'i>(
            inventory: &'i AccountInventory,
            arn: &str,
        ) -> Option<(&'i String, &'i IdentityInventory)> {
            let mut identities = inventory.identities.iter();
            identities.find(|(_, identity)| identity.arn == arn)
        }
        let Some((key, after)) = find(self.after, arn) else {
            self.managed(arn);
            return;
        };
        let before = self
            .before
            .and_then(|before| find(before, arn))
            .map(|(_, identity)| identity);
        let at = |member: &str| pointer(["accounts", self.account, "identities", key, member]);
        let trust = |identity: &IdentityInventory| match identity.trust.as_deref() {
            None => PolicySide::None,
            Some("") => {
                PolicySide::Unknown("the trust policy is known only after deployment".to_owned())
            }
            Some(text) => PolicySide::Text(text.to_owned()),
        };
        if key.starts_with("role/") {
            let change = ChangedPolicy {
                old: before.map_or(PolicySide::None, trust),
                new: trust(after),
                existing: before.is_some(),
                pointer: at("trust"),
                from: Vec::new(),
                unknown: Vec::new(),
            };
            self.add(of(arn, PolicyRole::Trust, ""), change);
        }
        let new = self.permissions(after);
        let old = before.map(|has| self.permissions(has)).unwrap_or_default();
        let has = |name: &String| {
            before.is_some_and(|has| has.attached.contains(name) || has.inline.contains_key(name))
        };
        let change = ChangedPolicy {
            old: old.side(),
            new: new.side(),
            existing: before.is_some(),
            pointer: at("inline"),
            from: new.from,
            unknown: new.unknown.into_iter().filter(|name| !has(name)).collect(),
        };
        let key = of(arn, PolicyRole::Permissions, "");
        if !change.unknown.is_empty() || !change.old.is_same(&change.new) {
            self.changes.insert(key, change);
        }
    }

    /// What an identity may do. Documents of managed policies are those after the deployment: their
    /// own changes are reported apart.
    fn permissions(&self, identity: &IdentityInventory) -> Permissions {
        let mut found = Permissions::default();
        let document_of = |arn: &String| {
            let find = |inventory: &AccountInventory| {
                inventory.managed_policies.get(arn)?.document.clone()
            };
            find(self.after).or_else(|| self.before.and_then(find))
        };
        let managed = identity.attached.iter().map(|arn| (arn, document_of(arn)));
        let inline = identity
            .inline
            .iter()
            .map(|(name, text)| (name, Some(text.clone())));
        for (name, text) in inline.chain(managed) {
            let document = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let Some(document) = document else {
                found.unknown.push(name.clone());
                continue;
            };
            let statements = statements(&document);
            found.from.extend(statements.iter().map(|_| name.clone()));
            found.statements.extend(statements);
        }
        found
    }

    fn managed(&mut self, arn: &str) {
        let Some(after) = self.after.managed_policies.get(arn) else {
            return;
        };
        // A new one matters through the identities that have it.
        let Some(before) = self
            .before
            .and_then(|before| before.managed_policies.get(arn))
        else {
            return;
        };
        let side = |document: &Option<String>| match document {
            Some(text) => PolicySide::Text(text.clone()),
            None => PolicySide::Unknown("the document is not known".to_owned()),
        };
        let change = ChangedPolicy {
            old: side(&before.document),
            new: side(&after.document),
            existing: true,
            pointer: pointer([
                "accounts",
                self.account,
                "managed_policies",
                arn,
                "document",
            ]),
            from: Vec::new(),
            unknown: Vec::new(),
        };
        self.add(of(arn, PolicyRole::Managed, ""), change);
    }

    /// Keys by their own ARN: one that has aliases stands in the snapshot several times.
    fn keys(&mut self) {
        let after = self.after;
        for (name, key) in &after.keys {
            let Reading::Known(text) = &key.policy else {
                continue;
            };
            let arn = key.description.known().map_or(name, |known| &known.arn);
            let before = self.before.and_then(|before| before.keys.get(name));
            let change = ChangedPolicy {
                old: before.map_or(PolicySide::None, |has| {
                    PolicySide::of(&has.policy, "the key policy")
                }),
                new: PolicySide::Text(text.clone()),
                existing: before.is_some(),
                pointer: pointer(["accounts", self.account, "keys", name]),
                from: Vec::new(),
                unknown: Vec::new(),
            };
            self.add(of(arn, PolicyRole::Key, ""), change);
        }
    }
}

/// The function without a qualifier.
const LATEST: &str = "$LATEST";

fn of(arn: &str, role: PolicyRole, qualifier: &str) -> PolicyKey {
    PolicyKey {
        arn: arn.to_owned(),
        role,
        qualifier: qualifier.to_owned(),
    }
}
