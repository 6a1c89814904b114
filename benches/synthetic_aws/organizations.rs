//! organizations: the tree, the accounts and the policies, as the account that asks may see them.
//!
//! Every list has two entries a page, and every second page is empty and has a next one, as the API
//! reference warns. Accounts have a `State` and no `Status`, which left the API on 2026-09-09.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// One organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The management account.
    pub management: String,
    /// Delegated administrators.
    pub delegated: BTreeSet<String>,
    /// The root and the units: id, name, parent (empty for the root).
    pub units: Vec<[String; 3]>,
    /// The accounts: id, name, state, parent.
    pub accounts: Vec<[String; 4]>,
    /// The policy types that are enabled.
    pub enabled: Vec<&'static str>,
    /// The policies.
    pub policies: Vec<OrganizationPolicy>,
    /// Accounts whose role does not trust the caller.
    pub locked: BTreeSet<String>,
    /// The external id that the roles ask for.
    pub external_id: Option<String>,
    /// Accounts have a `Status` and no `State`, as older endpoints answer.
    pub old_status: bool,
}

/// One policy.
#[derive(Clone, Debug)]
pub struct OrganizationPolicy {
    /// `p-…`.
    pub id: &'static str,
    /// `SERVICE_CONTROL_POLICY`, …
    pub kind: &'static str,
    /// The document.
    pub content: Value,
    /// What it is attached to.
    pub targets: Vec<String>,
}

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "organizations",
        name: "DescribeOrganization",
        matches: |call| call.target.ends_with(".DescribeOrganization"),
        answer: |world, _, call| {
            seen(world, call, false, |organization| {
                json!({ "Organization": {
                    "Id": organization.id, "FeatureSet": "ALL",
                    "MasterAccountId": organization.management,
                } })
            })
        },
    },
    Operation {
        service: "organizations",
        name: "ListRoots",
        matches: |call| call.target.ends_with(".ListRoots"),
        answer: |world, _, call| seen(world, call, true, |organization| roots(organization, call)),
    },
    Operation {
        service: "organizations",
        name: "ListOrganizationalUnitsForParent",
        matches: |call| call.target.ends_with(".ListOrganizationalUnitsForParent"),
        answer: |world, _, call| seen(world, call, true, |organization| units(organization, call)),
    },
    Operation {
        service: "organizations",
        name: "ListAccountsForParent",
        matches: |call| call.target.ends_with(".ListAccountsForParent"),
        answer: |world, _, call| {
            let parent = call.json()["ParentId"].clone();
            seen(world, call, true, |organization| {
                accounts(organization, call, &|account| parent == json!(account[3]))
            })
        },
    },
    Operation {
        service: "organizations",
        name: "ListAccounts",
        matches: |call| call.target.ends_with(".ListAccounts"),
        answer: |world, _, call| {
            seen(world, call, true, |organization| {
                accounts(organization, call, &|_| true)
            })
        },
    },
    Operation {
        service: "organizations",
        name: "ListPolicies",
        matches: |call| call.target.ends_with(".ListPolicies"),
        answer: |world, _, call| {
            let filter = call.json()["Filter"].clone();
            seen(world, call, true, |organization| {
                let policies = organization.policies.iter();
                let of_type = policies.filter(|policy| filter == json!(policy.kind));
                page(call, &of_type.map(summary).collect::<Vec<_>>(), "Policies")
            })
        },
    },
    Operation {
        service: "organizations",
        name: "DescribePolicy",
        matches: |call| call.target.ends_with(".DescribePolicy"),
        answer: |world, _, call| {
            let id = call.json()["PolicyId"].clone();
            seen(world, call, true, |organization| {
                let mut policies = organization.policies.iter();
                let found = policies.find(|policy| id == json!(policy.id));
                found.map_or(Value::Null, |policy| {
                    json!({ "Policy": {
                        "PolicySummary": summary(policy), "Content": policy.content.to_string(),
                    } })
                })
            })
        },
    },
    Operation {
        service: "organizations",
        name: "ListTargetsForPolicy",
        matches: |call| call.target.ends_with(".ListTargetsForPolicy"),
        answer: |world, _, call| {
            let id = call.json()["PolicyId"].clone();
            seen(world, call, true, |organization| {
                let policies = organization.policies.iter();
                let targets: Vec<Value> = policies
                    .filter(|policy| id == json!(policy.id))
                    .flat_map(|policy| &policy.targets)
                    .map(|target| json!({ "TargetId": target, "Name": target, "Type": "ACCOUNT" }))
                    .collect();
                page(call, &targets, "Targets")
            })
        },
    },
];

/// Answers the management account and delegated administrators; other accounts of the organization only
/// where nothing restricts the call.
fn seen(
    world: &World,
    call: &Call,
    restricted: bool,
    answer: impl FnOnce(&Organization) -> Value,
) -> Answer {
    let refused =
        |code: &str| Answer::error("organizations", 400, code, "You don't have permissions");
    let Some(organization) = &world.organization else {
        return refused("AWSOrganizationsNotInUseException");
    };
    let caller = world.account_of(&call.caller);
    let may = caller == organization.management || organization.delegated.contains(caller);
    if restricted && !may {
        return refused("AccessDeniedException");
    }
    Answer::json(&answer(organization))
}

/// A page of a list: two entries, and every second page empty.
fn page(call: &Call, all: &[Value], name: &str) -> Value {
    let token = call.json()["NextToken"]
        .as_str()
        .unwrap_or("0.0")
        .to_owned();
    let (at, empty) = token.split_once('.').unwrap_or(("0", "0"));
    let at: usize = at.parse().unwrap_or(0);
    if empty == "0" && at > 0 && at < all.len() {
        return json!({ name: [], "NextToken": format!("{at}.1") });
    }
    let end = (at + 2).min(all.len());
    let entries = all.get(at..end).unwrap_or_default();
    if end < all.len() {
        json!({ name: entries, "NextToken": format!("{end}.0") })
    } else {
        json!({ name: entries })
    }
}

fn roots(organization: &Organization, call: &Call) -> Value {
    let types: Vec<Value> = organization
        .enabled
        .iter()
        .map(|kind| json!({ "Type": kind, "Status": "ENABLED" }))
        .collect();
    let roots = organization.units.iter().filter(|unit| unit[2].is_empty());
    let roots: Vec<Value> = roots
        .map(|unit| json!({ "Id": unit[0], "Name": unit[1], "PolicyTypes": types }))
        .collect();
    page(call, &roots, "Roots")
}

fn units(organization: &Organization, call: &Call) -> Value {
    let parent = call.json()["ParentId"].clone();
    let units: Vec<Value> = organization
        .units
        .iter()
        .filter(|unit| parent == json!(unit[2]))
        .map(|unit| json!({ "Id": unit[0], "Name": unit[1] }))
        .collect();
    page(call, &units, "OrganizationalUnits")
}

fn accounts(
    organization: &Organization,
    call: &Call,
    such: &dyn Fn(&[String; 4]) -> bool,
) -> Value {
    let accounts: Vec<Value> = organization
        .accounts
        .iter()
        .filter(|account| such(account))
        .map(|account| shown(organization, account))
        .collect();
    page(call, &accounts, "Accounts")
}

fn shown(organization: &Organization, account: &[String; 4]) -> Value {
    let state = if organization.old_status {
        "Status"
    } else {
        "State"
    };
    json!({ "Id": account[0], "Name": account[1], state: account[2] })
}

fn summary(policy: &OrganizationPolicy) -> Value {
    json!({
        "Id": policy.id, "Name": policy.id, "Type": policy.kind,
        "AwsManaged": policy.id.ends_with("FullAWSAccess"),
    })
}
