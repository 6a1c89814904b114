//! Users, groups, roles and their policies.

use std::collections::{BTreeMap, BTreeSet};

use super::super::settings::{IdentitySettings, ManagedPolicySettings, Setting};
use super::super::value::{TemplateNode, shown};
use super::evaluate::Evaluation;
use super::gather::{Gathered, InlinePolicy, Resource};
use super::names;
use super::properties::Properties;
use crate::inventory::identity::{AccessKey, IdentityInventory, ManagedPolicyInventory};

/// Reads a resource of IAM; false for a type that is not read.
pub(super) fn read(
    kind: &str,
    id: &str,
    resource: &Resource<'_>,
    evaluation: &Evaluation<'_>,
    out: &mut Gathered,
) -> bool {
    let p = resource.properties();
    match kind {
        "AWS::IAM::Role" => out
            .identities
            .push(identity(resource, p, "role", "RoleName")),
        "AWS::IAM::User" => {
            for group in texts(p.get("Groups")) {
                out.memberships.push((group, names::name(evaluation, id)));
            }
            out.identities
                .push(identity(resource, p, "user", "UserName"));
        }
        "AWS::IAM::Group" => out
            .identities
            .push(identity(resource, p, "group", "GroupName")),
        "AWS::IAM::ManagedPolicy" => {
            let arn = names::reference(evaluation, id);
            for (kind, name) in principals(p) {
                out.attachments.push((arn.clone(), kind, name));
            }
            out.settings.managed_policies.push(ManagedPolicySettings {
                source: resource.source(&[("document", "PolicyDocument")]),
                name: p.name("ManagedPolicyName"),
                path: p.text("Path").unwrap_or_else(|| "/".to_owned()),
                document: p.get("PolicyDocument").cloned().unwrap_or_default(),
                policy: ManagedPolicyInventory::default(),
            });
        }
        "AWS::IAM::Policy" => out.inline_policies.push(InlinePolicy {
            name: p.text("PolicyName").unwrap_or_else(|| id.to_owned()),
            document: p.get("PolicyDocument").cloned().unwrap_or_default(),
            to: principals(p),
        }),
        "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
            let to = [
                ("role", p.text("RoleName")),
                ("user", p.text("UserName")),
                ("group", p.text("GroupName")),
            ];
            out.inline_policies.push(InlinePolicy {
                name: p.text("PolicyName").unwrap_or_else(|| id.to_owned()),
                document: p.get("PolicyDocument").cloned().unwrap_or_default(),
                to: to
                    .into_iter()
                    .filter_map(|(kind, name)| Some((kind, name?)))
                    .collect(),
            });
        }
        "AWS::IAM::UserToGroupAddition" => {
            let group = p.text("GroupName").unwrap_or_default();
            for user in texts(p.get("Users")) {
                out.memberships.push((group.clone(), user));
            }
        }
        "AWS::IAM::AccessKey" => out.access_keys.push((
            p.text("UserName").unwrap_or_default(),
            AccessKey {
                id_ends: String::new(),
                active: p.text("Status").is_none_or(|status| status == "Active"),
                created: None,
            },
        )),
        _ => return false,
    }
    true
}

fn texts(node: Option<&TemplateNode>) -> Vec<String> {
    node.map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .filter_map(TemplateNode::as_text)
        .collect()
}

/// What a policy names under `Roles`, `Users` and `Groups`.
fn principals(p: Properties<'_>) -> Vec<(&'static str, String)> {
    [("role", "Roles"), ("user", "Users"), ("group", "Groups")]
        .into_iter()
        .flat_map(|(kind, property)| {
            texts(p.get(property))
                .into_iter()
                .map(move |name| (kind, name))
        })
        .collect()
}

fn identity(
    resource: &Resource<'_>,
    p: Properties<'_>,
    kind: &str,
    name: &str,
) -> IdentitySettings {
    let policies = p.get("Policies");
    let mut inline = BTreeMap::new();
    for (index, policy) in policies
        .map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let policy = Properties(policy);
        let name = policy
            .text("PolicyName")
            .unwrap_or_else(|| format!("policy {index}"));
        let document = policy.get("PolicyDocument").unwrap_or(policy.0);
        inline.insert(name, document.clone());
    }
    let managed = p.get("ManagedPolicyArns");
    let undetermined = [policies, managed]
        .into_iter()
        .flatten()
        .find_map(TemplateNode::reference)
        .map(shown);
    IdentitySettings {
        source: resource.source(&[
            ("inline", "Policies"),
            ("attached", "ManagedPolicyArns"),
            ("trust", "AssumeRolePolicyDocument"),
        ]),
        kind: kind.to_owned(),
        name: match p.name(name) {
            Setting::Undetermined(reference) => Setting::Undetermined(reference),
            name => name,
        },
        identity: IdentityInventory {
            path: p.text("Path").unwrap_or_else(|| "/".to_owned()),
            attached: texts(managed),
            boundary: p.text("PermissionsBoundary"),
            ..IdentityInventory::default()
        },
        inline,
        trust: match p.get("AssumeRolePolicyDocument") {
            None => Setting::LeftOut,
            Some(document) => match document.reference() {
                Some(reference) => Setting::Undetermined(shown(reference)),
                None => Setting::Written(document.clone()),
            },
        },
        removed: BTreeSet::new(),
        access_keys: Vec::new(),
        undetermined,
    }
}
