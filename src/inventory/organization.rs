//! What AWS Organizations answered: the tree, its accounts, and the policies with the places they are
//! attached to (`coldbucket-organization/1`).
//!
//! It is a document of its own, read once for all accounts of a run (`organization.json`), and a member
//! of the snapshots that are judged with it. Sources: Organizations API reference and user guide, copies
//! of 2026.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::account::Listing;
use super::readings::ApiCall;

/// The schema name of the document.
pub const SCHEMA: &str = "coldbucket-organization/1";

/// The state of an account that can be read.
pub const ACTIVE: &str = "ACTIVE";

/// The calls that read an organization, with their IAM actions (Service Authorization Reference, copy of
/// 2026). None of them is made in a member account.
pub const CALLS: [ApiCall; 8] = [
    call("DescribeOrganization", "organizations:DescribeOrganization"),
    call("ListRoots", "organizations:ListRoots"),
    call(
        "ListOrganizationalUnitsForParent",
        "organizations:ListOrganizationalUnitsForParent",
    ),
    call(
        "ListAccountsForParent",
        "organizations:ListAccountsForParent",
    ),
    call("ListAccounts", "organizations:ListAccounts"),
    call("ListPolicies", "organizations:ListPolicies"),
    call("DescribePolicy", "organizations:DescribePolicy"),
    call("ListTargetsForPolicy", "organizations:ListTargetsForPolicy"),
];

const fn call(operation: &'static str, action: &'static str) -> ApiCall {
    ApiCall {
        service: "organizations",
        operation,
        action,
    }
}

/// An organization as it was read at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Organization {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When reading began, RFC 3339 in UTC.
    pub taken_at: String,
    /// `o-…`.
    pub id: String,
    /// 12-digit id of the management account: no control policy binds it.
    pub management_account: String,
    /// How the tree went. Refused: the accounts have no parents, and no policy is known to bind them.
    #[serde(default, skip_serializing_if = "Reading::is_not_collected")]
    pub tree: Reading<Listing>,
    /// The root and the organizational units by id.
    #[serde(default)]
    pub units: BTreeMap<String, OrganizationalUnit>,
    /// Every account by 12-digit id, whatever its state.
    pub accounts: BTreeMap<String, MemberAccount>,
    /// By policy type, whether it is enabled in the root (ListRoots) and its policies were listed
    /// (ListPolicies). Policies of a type that is not enabled have no effect.
    #[serde(default)]
    pub policy_types: BTreeMap<PolicyType, Reading<bool>>,
    /// The policies of all types by id.
    #[serde(default)]
    pub policies: BTreeMap<String, OrganizationPolicy>,
}

/// The root or an organizational unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationalUnit {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it is in; none for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// An account of the organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberAccount {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, `CLOSED` or `PENDING_ACTIVATION`.
    pub state: String,
    /// The root or organizational unit that it is in; none where the tree was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// The types of policies that verdicts depend on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyType {
    /// Limits the principals of member accounts.
    ServiceControlPolicy,
    /// Limits access to the resources of member accounts.
    ResourceControlPolicy,
    /// Sets account-level Block Public Access (since 2025-11-26).
    S3Policy,
}

impl PolicyType {
    /// Every type that is read.
    pub const ALL: [Self; 3] = [
        Self::ServiceControlPolicy,
        Self::ResourceControlPolicy,
        Self::S3Policy,
    ];

    /// The name in AWS's API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServiceControlPolicy => "SERVICE_CONTROL_POLICY",
            Self::ResourceControlPolicy => "RESOURCE_CONTROL_POLICY",
            Self::S3Policy => "S3_POLICY",
        }
    }
}

/// A policy and where it is attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationPolicy {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: PolicyType,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// AWS's own, such as `FullAWSAccess`.
    #[serde(default)]
    pub aws_managed: bool,
    /// The document (DescribePolicy).
    pub content: Reading<String>,
    /// The ids of the root, organizational units and accounts it is attached to
    /// (ListTargetsForPolicy). Not collected for `RCPFullAWSAccess`, which is attached everywhere.
    #[serde(default, skip_serializing_if = "Reading::is_not_collected")]
    pub targets: Reading<Vec<String>>,
}

impl Organization {
    /// What an account is in, from the root to the account itself; none where that is not known.
    pub fn path(&self, account: &str) -> Option<Vec<&str>> {
        let (id, member) = self.accounts.get_key_value(account)?;
        let mut path = vec![id.as_str()];
        let mut next = member.parent.as_deref()?;
        loop {
            let (id, unit) = self.units.get_key_value(next)?;
            // A document that someone wrote may go round in circles.
            if path.contains(&id.as_str()) {
                return None;
            }
            path.push(id);
            match unit.parent.as_deref() {
                Some(parent) => next = parent,
                None => break,
            }
        }
        path.reverse();
        Some(path)
    }

    /// The names of the organizational units that an account is in, from below the root.
    pub fn units_of(&self, account: &str) -> Vec<&str> {
        let path = self.path(account).unwrap_or_default();
        path.iter()
            .filter_map(|id| self.units.get(*id))
            .filter(|unit| unit.parent.is_some())
            .map(|unit| unit.name.as_str())
            .collect()
    }

    /// Whether policies of a type have an effect: the type is enabled and they were listed.
    pub fn has_type(&self, kind: PolicyType) -> bool {
        matches!(self.policy_types.get(&kind), Some(Reading::Known(true)))
    }
}
