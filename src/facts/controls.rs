//! The control policies of an organization that bind an account: service control policies (SCPs),
//! resource control policies (RCPs) and the S3 policy that sets account-level Block Public Access.
//!
//! A policy has an effect where it is known to: its type is enabled, it is attached to something on the
//! known path from the root to the account, and its document was read and understood whole. What was not
//! read is left out: an SCP or RCP only takes access away, so a finding stays a finding. The management
//! account is under no SCP and its resources are under no RCP (Organizations user guide, "SCP effects on
//! permissions", "Resource control policies (RCPs)", copies of 2026).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

use super::dated_table;
use super::fact::{Because, Fact};
use crate::inventory::organization::{Organization, OrganizationPolicy, PolicyType};
use crate::inventory::{Reading, Snapshot};
use crate::report::Reason;
use coldbucket_policy::controls::AccountControls;
use coldbucket_policy::{Policy, PolicyKind};

/// The IAM action that reads a policy's document.
const DESCRIBE_POLICY: &str = "organizations:DescribePolicy";

/// Control policies by the account that they bind.
#[derive(Clone, Debug, Default)]
pub(in crate::facts) struct Controls<'a> {
    organization: Option<&'a Organization>,
    /// By what they are attached to, the ids of policies.
    attached: BTreeMap<&'a str, Vec<&'a str>>,
    /// The accounts of the snapshot.
    of_accounts: BTreeMap<&'a str, OnceLock<BindingPolicies>>,
}

/// What binds one account and its resources.
#[derive(Clone, Debug, Default)]
pub(in crate::facts) struct BindingPolicies {
    /// RCPs, each as a level of its own: only their Deny statements are kept, so where on the path one
    /// is attached makes no difference.
    pub(in crate::facts) rcps: Vec<Vec<Policy>>,
    /// The ids of the RCPs, in the same order.
    pub(in crate::facts) rcp_ids: Vec<String>,
    /// SCPs of the account; none where none is known.
    pub(in crate::facts) scps: Vec<AccountControls>,
}

impl BindingPolicies {
    /// True where nothing binds it, as far as is known.
    pub(in crate::facts) fn is_empty(&self) -> bool {
        self.rcps.is_empty() && self.scps.is_empty()
    }
}

/// What an organization's S3 policy makes of account-level Block Public Access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::facts) struct S3PolicyEffect {
    /// `all`, `none`, or `not set`.
    pub(in crate::facts) value: String,
    /// The id of the policy that decides; empty where none does.
    pub(in crate::facts) by: String,
}

impl<'a> Controls<'a> {
    /// The control policies of a snapshot's organization.
    pub(in crate::facts) fn new(snapshot: &'a Snapshot) -> Self {
        let Some(organization) = &snapshot.organization else {
            return Self::default();
        };
        let mut attached: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, policy) in &organization.policies {
            for target in policy.targets.known().into_iter().flatten() {
                attached.entry(target).or_default().push(id);
            }
        }
        Self {
            organization: Some(organization),
            attached,
            of_accounts: snapshot
                .accounts
                .keys()
                .map(|id| (id.as_str(), OnceLock::new()))
                .collect(),
        }
    }

    /// The organization's id, where it was read and the account is one of it.
    pub(in crate::facts) fn organization_of(&self, account: &str) -> Option<&'a Organization> {
        self.organization
            .filter(|organization| organization.accounts.contains_key(account))
    }

    /// What binds an account of the snapshot.
    pub(in crate::facts) fn of(&self, account: &str) -> &BindingPolicies {
        static NOTHING: OnceLock<BindingPolicies> = OnceLock::new();
        match self.of_accounts.get(account) {
            Some(cell) => cell.get_or_init(|| self.bind(account)),
            None => NOTHING.get_or_init(BindingPolicies::default),
        }
    }

    fn bind(&self, account: &str) -> BindingPolicies {
        let mut binding = BindingPolicies {
            scps: self.scps(account).into_iter().collect(),
            ..BindingPolicies::default()
        };
        for level in self.levels(account, PolicyType::ResourceControlPolicy) {
            for (id, policy) in level {
                // Only AWS's own policy holds an Allow.
                let Some(mut policy) = sound(policy, PolicyKind::Resource) else {
                    continue;
                };
                policy.statements.retain(|statement| {
                    statement.effect == coldbucket_policy::document::Effect::Deny
                });
                if !policy.statements.is_empty() && binds_service("s3") {
                    binding.rcps.push(vec![policy]);
                    binding.rcp_ids.push(id.to_owned());
                }
            }
        }
        binding
    }

    /// The SCPs that bind an account of the organization, level by level; none where none is known.
    ///
    /// A level of which a policy was not read, or could not be understood, allows everything as far as
    /// is known.
    pub(in crate::facts) fn scps(&self, account: &str) -> Option<AccountControls> {
        let levels = self.scp_levels(account);
        let without_ids =
            |level: Vec<(String, Policy)>| level.into_iter().map(|(_, policy)| policy).collect();
        (!levels.is_empty()).then(|| AccountControls {
            account: account.to_owned(),
            levels: levels.into_iter().map(without_ids).collect(),
        })
    }

    /// The same with the ids of the policies; empty where none is known. What stands for a policy that was
    /// not read has [`UNREAD`] for its id.
    pub(in crate::facts) fn scp_levels(&self, account: &str) -> Vec<Vec<(String, Policy)>> {
        let Some(organization) = self.organization else {
            return Vec::new();
        };
        let kind = PolicyType::ServiceControlPolicy;
        let all_attached = organization
            .policies
            .values()
            .filter(|policy| policy.kind == kind)
            .all(|policy| policy.targets.known().is_some());
        let levels = self.levels(account, kind).into_iter().map(|policies| {
            let mut level: Vec<(String, Policy)> = Vec::new();
            let mut whole = all_attached && !policies.is_empty();
            for (id, policy) in policies {
                match sound(policy, PolicyKind::Identity) {
                    Some(policy) => level.push((id.to_owned(), policy)),
                    None => whole = false,
                }
            }
            if !whole {
                let everything = Policy::parse(ALLOW_EVERYTHING, PolicyKind::Identity);
                level.push((UNREAD.to_owned(), everything));
            }
            level
        });
        levels.collect()
    }

    /// The policies of a type on the path from the root to the account, level by level; empty where none
    /// has an effect, or none is known to.
    fn levels(
        &self,
        account: &str,
        kind: PolicyType,
    ) -> Vec<Vec<(&'a str, &'a OrganizationPolicy)>> {
        let Some(organization) = self.organization else {
            return Vec::new();
        };
        let is_exempt = organization.management_account == account && kind != PolicyType::S3Policy;
        if is_exempt || !organization.has_type(kind) {
            return Vec::new();
        }
        let path = organization.path(account).unwrap_or_default();
        let level = |entity: &&str| {
            let ids = self.attached.get(*entity).into_iter().flatten();
            ids.filter_map(|id| Some((*id, organization.policies.get(*id)?)))
                .filter(|(_, policy)| policy.kind == kind)
                .collect()
        };
        path.iter().map(level).collect()
    }

    /// What the organization's S3 policies make of an account's Block Public Access (S3 user guide,
    /// "Managing Block Public Access with Organizations S3 policies", 2025-11; inheritance as in the
    /// Organizations user guide, "Management policy inheritance").
    pub(in crate::facts) fn s3_policy(&self, account: &str) -> Fact<S3PolicyEffect> {
        let kind = PolicyType::S3Policy;
        let nothing = || S3PolicyEffect {
            value: "not set".to_owned(),
            by: String::new(),
        };
        let Some(organization) = self.organization_of(account) else {
            return Fact::undecidable("the account's organization was not read");
        };
        match organization.policy_types.get(&kind) {
            Some(Reading::Known(true)) => {}
            Some(Reading::Known(false) | Reading::Absent) => return Fact::Known(nothing()),
            Some(Reading::Denied { action, code }) => {
                return unread(Reason::Denied, action.clone(), code);
            }
            Some(Reading::Failed { action, code, .. }) => {
                return unread(Reason::Failed, action.clone(), code);
            }
            _ => {
                return unread(
                    Reason::NotCollected,
                    "organizations:ListPolicies".into(),
                    "",
                );
            }
        }
        if organization.path(account).is_none() {
            let action = "organizations:ListAccountsForParent";
            return unread(Reason::NotCollected, action.into(), "");
        }
        let is_unread = |policy: &OrganizationPolicy| {
            policy.kind == kind
                && (policy.targets.known().is_none() || policy.content.known().is_none())
        };
        if organization.policies.values().any(is_unread) {
            return unread(Reason::NotCollected, DESCRIBE_POLICY.into(), "");
        }
        let mut effect = nothing();
        let mut closed = false;
        for level in self.levels(account, kind) {
            let assigned: Vec<(&str, ControlAssignment)> = level
                .iter()
                .filter_map(|(id, policy)| Some((*id, assignment(policy.content.known()?)?)))
                .collect();
            let values: BTreeSet<&str> = assigned
                .iter()
                .filter_map(|(_, assignment)| assignment.value.as_deref())
                .collect();
            if values.len() > 1 {
                return Fact::undecidable(
                    "several S3 policies of one level of the organization contradict each other",
                );
            }
            for (id, assignment) in assigned {
                if let (Some(value), false) = (assignment.value, closed) {
                    effect = S3PolicyEffect {
                        value,
                        by: id.to_owned(),
                    };
                }
                closed |= assignment.closed;
            }
        }
        Fact::Known(effect)
    }
}

/// The id of what stands for a policy that was not read.
const UNREAD: &str = "not read";

const ALLOW_EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn unread<T>(reason: Reason, action: String, code: &str) -> Fact<T> {
    Fact::Unknown {
        because: vec![Because {
            reason,
            action: Cow::Owned(action),
            detail: code.to_owned(),
        }],
    }
}

/// A policy's document, where it was read and understood whole.
fn sound(policy: &OrganizationPolicy, kind: PolicyKind) -> Option<Policy> {
    let policy = Policy::parse(policy.content.known()?, kind);
    policy.is_sound().then_some(policy)
}

/// What an S3 policy says of Block Public Access.
struct ControlAssignment {
    /// `all`, `none`, or another word of AWS's.
    value: Option<String>,
    /// Policies below may not assign another one.
    closed: bool,
}

fn assignment(content: &str) -> Option<ControlAssignment> {
    let document: Value = serde_json::from_str(content).ok()?;
    let attributes = document.get("s3_attributes")?;
    let setting = attributes.get("public_access_block_configuration")?;
    let closes = |node: &Value| {
        node.get("@@operators_allowed_for_child_policies")
            .and_then(Value::as_array)
            .is_some_and(|allowed| {
                !allowed
                    .iter()
                    .any(|operator| matches!(operator.as_str(), Some("@@all" | "@@assign")))
            })
    };
    Some(ControlAssignment {
        value: setting
            .get("@@assign")
            .unwrap_or(setting)
            .as_str()
            .map(str::to_owned),
        closed: [&document, attributes, setting].into_iter().any(closes),
    })
}

/// Whether RCPs bind the resources of a service (`policies/data/rcp-services.csv`).
fn binds_service(service: &str) -> bool {
    static TABLE: OnceLock<BTreeSet<String>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            let text = include_str!("../../policies/data/rcp-services.csv");
            services(text).unwrap_or_default()
        })
        .contains(service)
}

/// The services of the table.
fn services(text: &str) -> Result<BTreeSet<String>, String> {
    let mut services = BTreeSet::new();
    dated_table::read("rcp-services.csv", "service,", text, |fields, wrong| {
        let [service, _since] = fields else {
            return Err(wrong("not two fields"));
        };
        services.insert((*service).to_owned());
        Ok(())
    })?;
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rcps_bind_buckets_and_no_functions() {
        let text = include_str!("../../policies/data/rcp-services.csv");
        assert!(services(text).is_ok());
        for (service, expected) in [("s3", true), ("kms", true), ("lambda", false)] {
            assert_eq!(binds_service(service), expected, "{service}");
        }
    }
}
