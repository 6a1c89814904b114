//! What users, groups and roles may do to S3, and which managed policies lie ready to give it.
//!
//! A right is what is left over all policies: inline, attached and those of the groups, within the
//! permissions boundary, minus what a Deny takes away ([`coldbucket_policy::identity`]). It is
//! `always` there, `conditional` on something that the request must bring, or `never`. Organization
//! policies (SCP, RCP) may take more away; members cannot read them, so every message that speaks of
//! a right says so.
//!
//! Everything comes from one answer, so a fact here is unknown when a document was not in it or holds
//! something that could not be read. One subject has all statements of one identity together: nobody
//! is helped by a finding a statement.

mod access_keys;
pub(in crate::facts) mod context;
mod rights;
mod s3_use;

use std::collections::BTreeMap;

use schemars::JsonSchema;

pub(in crate::facts) use self::context::short;
use self::context::{Boundary, IdentityContext, Labelled, is_of_aws};
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::facts::subject::{Facts, GLOBAL, Subject, SubjectView, UNLISTED, unlisted};
use crate::inventory::Snapshot;
use crate::inventory::account::AccountInventory;
use crate::inventory::held_policies::{HeldPolicy, PolicySource};
use crate::inventory::identity::IdentityInventory;
use crate::inventory::ids::{ResourceId, SubjectKind};
use crate::inventory::need::ReadingKind;
use coldbucket_policy::{Policy, PolicyKind};

pub use access_keys::AccessKeyFacts;
pub use rights::RightFacts;
pub use s3_use::S3UseFacts;

/// By ARN, how many whole days ago each user and role last called S3, where IAM's report was read.
pub fn idle_days(snapshot: &Snapshot, account_id: &str) -> BTreeMap<String, u32> {
    let Some(account) = snapshot.accounts.get(account_id) else {
        return BTreeMap::new();
    };
    let identities = account.identities.iter().filter_map(|(key, identity)| {
        let context = IdentityContext {
            account_id,
            account,
            key,
            taken_at: &snapshot.taken_at,
        };
        identity.last_access.known()?;
        let (kind, _) = key.split_once('/')?;
        let used = S3UseFacts::derive(&context, kind, identity, &Fact::Known(true));
        Some((identity.arn.clone(), *used.idle_days.known()?))
    });
    identities.collect()
}

/// The facts of one user, group, role or managed policy; conditions see them as `identity`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(IdentityListing))]
pub struct IdentityFacts {
    /// Kind and name, `user/ann`.
    pub name: String,
    /// The name alone, as the API takes it.
    pub short_name: String,
    /// Its ARN.
    pub arn: String,
    /// 12-digit id of its account.
    pub account: String,
    /// `user`, `group`, `role` or `policy`.
    pub kind: String,
    /// A role that an AWS service owns: its policy cannot be changed (IAM user guide, "Service-linked
    /// roles").
    pub service_linked: bool,
    /// A managed policy that is attached, or that is a boundary; true for all others.
    pub in_use: bool,
    /// Every action of S3, or of a service of its family, on everything. `what` names the service
    /// prefixes: s3, s3express, s3tables, s3vectors, s3-object-lambda.
    pub everything: RightFacts,
    /// Write or delete objects in every bucket. `what`: write, delete.
    pub writes: RightFacts,
    /// Change who can reach every bucket and how it is protected. `what`: policies, ACLs, encryption,
    /// Block Public Access, governance retention.
    pub permissions: RightFacts,
    /// Read objects in every bucket. `what`: read.
    pub reads: RightFacts,
    /// AWS managed policies attached to the identity itself, each of which alone allows every action
    /// of S3 or a service of its family on everything. Names, sorted.
    pub managed_full_access: Fact<Vec<String>>,
    /// Long-lived credentials.
    pub access_keys: AccessKeyFacts,
    /// When it last called S3.
    pub s3_use: S3UseFacts,
}

impl IdentityFacts {
    /// Concludes everything about what the context names.
    pub(in crate::facts) fn derive(context: &IdentityContext<'_>) -> Option<Self> {
        Self::of_identity(context).or_else(|| Self::of_policy(context))
    }

    /// Concludes everything about a user, group or role; `None` when there is none of that name.
    fn of_identity(context: &IdentityContext<'_>) -> Option<Self> {
        let identity = context.account.identities.get(context.key)?;
        let (kind, short_name) = context.key.split_once('/')?;
        let policies = labelled(context.account, context.key);
        let boundary = boundary(context.account, identity);
        let rights = rights::Rights::new(context, identity, &policies, &boundary);
        let uses_s3 = rights.uses_s3();
        Some(Self {
            name: context.key.to_owned(),
            short_name: short_name.to_owned(),
            arn: identity.arn.clone(),
            account: context.account_id.to_owned(),
            kind: kind.to_owned(),
            service_linked: identity.is_service_linked(),
            in_use: true,
            everything: rights.everything(),
            writes: rights.writes(),
            permissions: rights.permissions(),
            reads: rights.reads(),
            managed_full_access: rights.managed_full_access(),
            access_keys: AccessKeyFacts::derive(context, kind, identity, &uses_s3),
            s3_use: S3UseFacts::derive(context, kind, identity, &uses_s3),
        })
    }

    /// Concludes what a managed policy grants to an identity that has it, boundaries and other policies
    /// aside; `None` when there is none of that ARN.
    fn of_policy(context: &IdentityContext<'_>) -> Option<Self> {
        let managed = context.account.managed_policies.get(context.key)?;
        // An identity that has this policy and nothing else. No name: no policy speaks of it.
        let holder = IdentityInventory {
            arn: format!(
                "arn:{}:iam::{}:role/\u{e000}",
                context.account.partition(),
                context.account_id
            ),
            attached: vec![context.key.to_owned()],
            ..IdentityInventory::default()
        };
        let policies = [Labelled {
            label: managed.name.clone(),
            held: HeldPolicy {
                holder: "",
                source: PolicySource::Managed(context.key),
                document: managed.document.as_deref(),
            },
            policy: managed.document.as_deref().map(parse),
        }];
        let rights = rights::Rights::new(context, &holder, &policies, &Boundary::None);
        Some(Self {
            name: policy_name(&managed.name),
            short_name: managed.name.clone(),
            arn: context.key.to_owned(),
            account: context.account_id.to_owned(),
            kind: "policy".to_owned(),
            service_linked: false,
            in_use: managed.attachments > 0
                || managed.boundary_uses > 0
                || context.account.identities.values().any(|identity| {
                    identity
                        .attached
                        .iter()
                        .chain(&identity.boundary)
                        .any(|arn| arn == context.key)
                }),
            everything: rights.everything(),
            writes: rights.writes(),
            permissions: rights.permissions(),
            reads: rights.reads(),
            managed_full_access: Fact::Known(Vec::new()),
            access_keys: AccessKeyFacts::none(),
            s3_use: S3UseFacts::none(),
        })
    }

    /// Where in the snapshot the policy stands that gives the right at that path, as segments below
    /// the account; the policy's own document for a managed policy.
    pub(in crate::facts) fn places(
        &self,
        account: &AccountInventory,
        path: &str,
    ) -> Vec<Vec<String>> {
        let owned = |segments: &[&str]| segments.iter().map(|text| (*text).to_owned()).collect();
        if self.kind == "policy" {
            return vec![owned(&["managed_policies", &self.arn, "document"])];
        }
        let key = self.name.as_str();
        if path.starts_with("identity.access_keys") {
            return vec![owned(&["identities", key, "access_keys"])];
        }
        if path.starts_with("identity.s3_use") {
            return vec![owned(&["identities", key, "last_access"])];
        }
        let right = match path.split('.').nth(1) {
            Some("everything") => &self.everything,
            Some("writes") => &self.writes,
            Some("permissions") => &self.permissions,
            Some("reads") => &self.reads,
            Some("managed_full_access") => {
                return vec![owned(&["identities", key, "attached"])];
            }
            _ => return Vec::new(),
        };
        let Some(policy) = right.policy.known() else {
            return Vec::new();
        };
        labelled(account, key)
            .iter()
            .filter(|one| one.label == *policy)
            .map(|one| match one.held.source {
                PolicySource::Inline(name) => {
                    owned(&["identities", one.held.holder, "inline", name])
                }
                PolicySource::Managed(arn) => owned(&["managed_policies", arn, "document"]),
            })
            .take(1)
            .collect()
    }
}

/// The name of a managed policy among identities.
pub(in crate::facts) fn policy_name(name: &str) -> String {
    format!("policy/{name}")
}

fn boundary(account: &AccountInventory, identity: &IdentityInventory) -> Boundary {
    match &identity.boundary {
        None => Boundary::None,
        Some(arn) => match account.document_of(arn) {
            Some(document) => Boundary::Is(Box::new(parse(document))),
            None => Boundary::Unread(arn.clone()),
        },
    }
}

fn parse(document: &str) -> Policy {
    Policy::parse(document, PolicyKind::Identity)
}

/// The policies of an identity with the words for each: `the inline policy p`, `the policy
/// AmazonS3FullAccess`, and behind that `of group/admins` where it comes through a group.
pub(in crate::facts) fn labelled<'a>(
    account: &'a AccountInventory,
    key: &str,
) -> Vec<Labelled<'a>> {
    account
        .policies_of(key)
        .into_iter()
        .map(|held| {
            let what = match held.source {
                PolicySource::Inline(name) => format!("the inline policy {name}"),
                PolicySource::Managed(arn) => {
                    format!("the {}policy {}", of_aws(arn), short(arn))
                }
            };
            Labelled {
                label: if held.holder == key {
                    what
                } else {
                    format!("{what} of {}", held.holder)
                },
                policy: held.document.map(parse),
                held,
            }
        })
        .collect()
}

fn of_aws(arn: &str) -> &'static str {
    if is_of_aws(arn) { "AWS managed " } else { "" }
}

impl<'a> SubjectView<'a> for IdentityFacts {
    /// Users, groups and roles, and the managed policies of the account: those of AWS cannot be
    /// changed.
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |name: String, arn: &str, unlisted| Subject {
            id: ResourceId {
                kind: SubjectKind::Identity,
                name,
                arn: arn.to_owned(),
                account: id.to_owned(),
                region: GLOBAL.to_owned(),
                address: None,
            },
            unlisted,
        };
        let identities = account
            .identities
            .iter()
            .map(|(name, identity)| subject(name.clone(), &identity.arn, Vec::new()));
        let policies = account
            .managed_policies
            .iter()
            .filter(|(arn, _)| !is_of_aws(arn))
            .map(|(arn, policy)| subject(policy_name(&policy.name), arn, Vec::new()));
        let mut subjects: Vec<Subject> = identities.chain(policies).collect();
        let unlisted = unlisted(
            ReadingKind::IdentityListing,
            &account.identity_listing,
            subjects.is_empty(),
            complete,
        );
        if !unlisted.is_empty() {
            subjects.push(subject(
                UNLISTED.to_owned(),
                &format!("arn:{}:iam::{id}:{UNLISTED}", account.partition()),
                unlisted,
            ));
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        let named = &subject.id;
        let key = match account.identities.get_key_value(&named.name) {
            Some((key, _)) => key,
            None => account.managed_policies.get_key_value(&named.arn)?.0,
        };
        Self::derive(&IdentityContext {
            account_id,
            account,
            key,
            taken_at: &facts.snapshot.taken_at,
        })
    }
}
