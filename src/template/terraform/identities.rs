//! IAM roles, users, groups and policies.

use std::collections::{BTreeMap, BTreeSet};

use super::address::ResourceAddress;
use super::instances::PlannedAction;
use super::names::name_of;
use super::policies;
use super::reader::{Plan, ResourceReader, text_of};
use super::references::Referent;
use crate::inventory::identity::{AccessKey, IdentityInventory};
use crate::template::settings::{IdentitySettings, ManagedPolicySettings, Setting};
use crate::template::value::TemplateNode;

/// The kinds of identities, with the type of each.
const KINDS: [(&str, &str); 3] = [
    ("role", "aws_iam_role"),
    ("user", "aws_iam_user"),
    ("group", "aws_iam_group"),
];

/// The identities and the managed policies of a plan.
pub(super) fn read(plan: &Plan<'_>) -> (Vec<IdentitySettings>, Vec<ManagedPolicySettings>) {
    let mut identities: BTreeMap<ResourceAddress, IdentitySettings> = BTreeMap::new();
    for (kind, resource) in KINDS {
        for reader in plan.staying(resource) {
            identities.insert(reader.address().clone(), identity(kind, &reader));
        }
    }
    elsewhere(plan, &mut identities);
    for (kind, resource) in KINDS {
        for reader in plan.staying(&format!("aws_iam_{kind}_policy")) {
            for identity in owners(&reader, kind, resource, &mut identities) {
                inline(identity, &reader, "policy");
            }
        }
        for reader in plan.staying(&format!("aws_iam_{kind}_policy_attachment")) {
            for identity in owners(&reader, kind, resource, &mut identities) {
                attach(identity, &reader.joined("policy_arn", names_policy));
            }
        }
    }
    removed(plan, &mut identities);
    for reader in plan.staying("aws_iam_policy_attachment") {
        for (kind, resource) in KINDS {
            let argument = format!("{kind}s");
            for identity in listed(&reader, &argument, kind, resource, &mut identities) {
                attach(identity, &reader.joined("policy_arn", names_policy));
            }
        }
    }
    for reader in plan.staying("aws_iam_user_group_membership") {
        let groups = reader.joined("groups", |kind| kind == "aws_iam_group");
        for identity in owners(&reader, "user", "aws_iam_user", &mut identities) {
            join_groups(identity, &groups);
        }
    }
    for reader in plan.staying("aws_iam_group_membership") {
        let group = reader.joined("group", |kind| kind == "aws_iam_group");
        for identity in listed(&reader, "users", "user", "aws_iam_user", &mut identities) {
            join_groups(identity, &group);
        }
    }
    for reader in plan.staying("aws_iam_access_key") {
        let active = reader.known_text("status").as_deref() != Some("Inactive");
        for identity in owners(&reader, "user", "aws_iam_user", &mut identities) {
            identity.access_keys.push(AccessKey {
                id_ends: String::new(),
                active,
                created: None,
            });
        }
    }
    let policies = plan
        .staying("aws_iam_policy")
        .map(|reader| managed(&reader));
    (identities.into_values().collect(), policies.collect())
}

/// Identities that the account has and the plan does not, of which it writes or deletes policies.
fn elsewhere(plan: &Plan<'_>, identities: &mut BTreeMap<ResourceAddress, IdentitySettings>) {
    let Some(below) = plan.below() else {
        return;
    };
    for (kind, _) in KINDS {
        for suffix in ["policy", "policy_attachment"] {
            for reader in plan.of_kind(&format!("aws_iam_{kind}_{suffix}")) {
                let Some(name) = reader.known_text(kind) else {
                    continue;
                };
                let is = |identity: &IdentitySettings| {
                    identity.kind == kind && identity.name == Setting::Written(name.clone())
                };
                let Some(live) = below.identities.get(&format!("{kind}/{name}")) else {
                    continue;
                };
                if !identities.values().any(is) {
                    let source = reader.source();
                    let identity = IdentitySettings::elsewhere(kind, name, live, source);
                    identities.insert(reader.address().clone(), identity);
                }
            }
        }
    }
}

/// What the plan takes away from identities that stay.
fn removed(plan: &Plan<'_>, identities: &mut BTreeMap<ResourceAddress, IdentitySettings>) {
    for (kind, resource) in KINDS {
        for (suffix, argument) in [("policy", "name"), ("policy_attachment", "policy_arn")] {
            let type_name = format!("aws_iam_{kind}_{suffix}");
            let deleted = plan
                .of_kind(&type_name)
                .filter(|reader| reader.resource.action == PlannedAction::Delete);
            for reader in deleted {
                let Some(name) = reader.known_text(argument) else {
                    continue;
                };
                for identity in owners(&reader, kind, resource, identities) {
                    identity.removed.insert(name.clone());
                }
            }
        }
    }
}

fn names_policy(kind: &str) -> bool {
    kind == "aws_iam_policy"
}

fn identity(kind: &str, reader: &ResourceReader<'_>) -> IdentitySettings {
    let mut identity = IdentitySettings {
        source: reader.source(),
        kind: kind.to_owned(),
        name: Setting::Written(name_of(reader.plan, reader.address(), "name")),
        identity: IdentityInventory {
            path: reader.known_text("path").unwrap_or_else(|| "/".to_owned()),
            boundary: reader
                .symbolic("permissions_boundary", names_policy)
                .written()
                .cloned(),
            ..IdentityInventory::default()
        },
        ..IdentitySettings::default()
    };
    if kind == "role" {
        identity.trust = policies::policy(reader, "assume_role_policy");
        for block in reader.blocks("inline_policy").items() {
            let name = block.get("name").and_then(TemplateNode::as_text);
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            match block.get("policy").map(text_of) {
                Some(Setting::Written(text)) => {
                    identity.inline.insert(name, TemplateNode::text(text));
                }
                Some(Setting::Undetermined(reference)) => {
                    identity.undetermined = Some(reference.clone());
                    identity
                        .inline
                        .insert(name, TemplateNode::undetermined(reference));
                }
                Some(Setting::LeftOut) | None => {}
            }
        }
        for arn in reader.joined("managed_policy_arns", names_policy).items() {
            attach(&mut identity, arn);
        }
    }
    identity
}

fn managed(reader: &ResourceReader<'_>) -> ManagedPolicySettings {
    ManagedPolicySettings {
        source: reader.source(),
        name: Setting::Written(name_of(reader.plan, reader.address(), "name")),
        path: reader.known_text("path").unwrap_or_else(|| "/".to_owned()),
        document: match policies::policy(reader, "policy") {
            Setting::Written(document) => document,
            Setting::Undetermined(reference) => TemplateNode::undetermined(reference),
            Setting::LeftOut => TemplateNode::default(),
        },
        ..ManagedPolicySettings::default()
    }
}

fn inline(identity: &mut IdentitySettings, reader: &ResourceReader<'_>, argument: &str) {
    let name = name_of(reader.plan, reader.address(), "name");
    match policies::policy(reader, argument) {
        Setting::Written(document) => {
            identity.inline.insert(name, document);
        }
        Setting::Undetermined(reference) => {
            identity.undetermined = Some(reference.clone());
            let document = TemplateNode::undetermined(reference);
            identity.inline.insert(name, document);
        }
        Setting::LeftOut => {}
    }
}

fn attach(identity: &mut IdentitySettings, arn: &TemplateNode) {
    match text_of(arn) {
        Setting::Written(arn) => {
            if !identity.identity.attached.contains(&arn) {
                identity.identity.attached.push(arn);
            }
        }
        Setting::Undetermined(reference) => identity.undetermined = Some(reference),
        Setting::LeftOut => {}
    }
}

fn join_groups(identity: &mut IdentitySettings, groups: &TemplateNode) {
    for group in groups.items() {
        match text_of(group) {
            Setting::Written(group) => identity.identity.groups.push(group),
            Setting::Undetermined(reference) => identity.undetermined = Some(reference),
            Setting::LeftOut => {}
        }
    }
}

/// The identity that an argument names. Where it may name any, all of the kind are not known in full.
fn owners<'i>(
    reader: &ResourceReader<'_>,
    kind: &str,
    resource: &str,
    identities: &'i mut BTreeMap<ResourceAddress, IdentitySettings>,
) -> Vec<&'i mut IdentitySettings> {
    listed(reader, kind, kind, resource, identities)
}

/// The identities that an argument lists.
fn listed<'i>(
    reader: &ResourceReader<'_>,
    argument: &str,
    kind: &str,
    resource: &str,
    identities: &'i mut BTreeMap<ResourceAddress, IdentitySettings>,
) -> Vec<&'i mut IdentitySettings> {
    let node = reader.node(argument);
    let mut names = BTreeSet::new();
    let mut unknown = None;
    for item in node.items() {
        match text_of(item) {
            Setting::Written(name) => {
                names.insert(name);
            }
            Setting::Undetermined(reference) => unknown = Some(reference),
            Setting::LeftOut => {}
        }
    }
    let mut referred = BTreeSet::new();
    if unknown.is_some() {
        for referent in reader.referents(reader.expression(argument)) {
            match referent {
                Referent::Resource { address, .. } if address.kind == resource => {
                    referred.insert(address);
                }
                _ => {}
            }
        }
    }
    let open = unknown.filter(|_| referred.is_empty());
    let mut found = Vec::new();
    for (address, identity) in identities {
        if identity.kind != kind {
            continue;
        }
        let named = matches!(&identity.name, Setting::Written(name) if names.contains(name));
        if named || referred.contains(address) {
            found.push(identity);
        } else if let Some(reference) = &open {
            identity.undetermined = Some(reference.clone());
        }
    }
    found
}
