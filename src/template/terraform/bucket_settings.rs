//! The arguments of each setting of a bucket, inline and as a resource of its own.

use std::collections::BTreeMap;

use super::names::KEYS;
use super::reader::{ResourceReader, first, flag_of, is_bucket_setting, number_of, text_of};
use crate::inventory::bucket::{
    CorsRule, Grant, LifecycleRule, Logging, ObjectLock, Replication, ReplicationRule, Versioning,
    Website,
};
use crate::template::settings::{AclSettings, EncryptionSettings, Setting};
use crate::template::value::{TemplateNode, TemplateValue, open_symbol};

/// Types whose attributes name a bucket.
pub(super) fn names_bucket(kind: &str) -> bool {
    kind == "aws_s3_bucket" || is_bucket_setting(kind)
}

/// Types whose attributes name a KMS key.
fn names_key(kind: &str) -> bool {
    KEYS.contains(&kind) || kind == "aws_kms_alias"
}

pub(super) fn names_role(kind: &str) -> bool {
    kind == "aws_iam_role"
}

fn names_bucket_or_key(kind: &str) -> bool {
    names_bucket(kind) || names_key(kind)
}

/// A node that is not known in a part that matters, with what it refers to.
fn unknown_in(node: &TemplateNode) -> Option<String> {
    match &node.value {
        TemplateValue::Undetermined(reference) => Some(reference.clone()),
        TemplateValue::List(items) => items.iter().find_map(unknown_in),
        TemplateValue::Map(members) => members
            .iter()
            // The name of a rule decides nothing.
            .filter(|(name, _)| name != "id")
            .find_map(|(_, value)| unknown_in(value)),
        _ => None,
    }
}

/// A setting from nested blocks that are known in full; none where there are no blocks.
fn known<T>(blocks: &TemplateNode, make: impl FnOnce(&TemplateNode) -> Option<T>) -> Setting<T> {
    if let Some(reference) = unknown_in(blocks) {
        return Setting::Undetermined(reference);
    }
    if blocks.is_empty() {
        return Setting::LeftOut;
    }
    make(blocks).map_or(Setting::LeftOut, Setting::Written)
}

pub(super) fn text_in(block: &TemplateNode, member: &str) -> Option<String> {
    block
        .get(member)
        .and_then(TemplateNode::as_text)
        .filter(|text| !text.is_empty())
}

pub(super) fn flag_in(block: &TemplateNode, member: &str) -> bool {
    block.get(member).map(flag_of) == Some(Setting::Written(true))
}

fn number_in(block: &TemplateNode, member: &str) -> Option<u32> {
    block
        .get(member)
        .and_then(|number| number_of(number).written().copied())
}

pub(super) fn texts_in(block: &TemplateNode, member: &str) -> Vec<String> {
    block
        .get(member)
        .map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .filter_map(TemplateNode::as_text)
        .collect()
}

/// `aws_s3_bucket_acl`.
pub(super) fn acl(reader: &ResourceReader<'_>) -> Setting<AclSettings> {
    let canned = reader.text("acl").map(AclSettings::Canned);
    if canned != Setting::LeftOut {
        return canned;
    }
    let policy = reader.blocks("access_control_policy");
    if let Some(reference) = policy.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let owner = first(&policy, "owner").and_then(|owner| first(owner, "id"));
    let grants = first(&policy, "grant")
        .map(TemplateNode::items)
        .unwrap_or_default();
    let mut kept = Vec::new();
    for grant in grants {
        let Some(grantee) = grant
            .get("grantee")
            .and_then(|grantee| grantee.items().first())
        else {
            continue;
        };
        // The owner's own grant. Equal expressions are equal, known or not.
        if owner.is_some() && grantee.get("id") == owner {
            continue;
        }
        if let Some(reference) = unknown_in(grant) {
            return Setting::Undetermined(reference);
        }
        kept.extend(grant_of(grantee, text_in(grant, "permission")));
    }
    Setting::Written(AclSettings::Grants(kept))
}

fn grant_of(grantee: &TemplateNode, permission: Option<String>) -> Option<Grant> {
    let group = text_in(grantee, "uri").map(|uri| match uri.rsplit('/').next() {
        Some(name @ ("AllUsers" | "AuthenticatedUsers" | "LogDelivery")) => name.to_owned(),
        _ => uri,
    });
    Some(Grant {
        grantee: group
            .or_else(|| text_in(grantee, "id"))
            .or_else(|| text_in(grantee, "email_address"))?,
        permission: permission?,
    })
}

/// `acl` and `grant` of `aws_s3_bucket`. Version 3 writes `private` where nothing is written, which
/// asks for nothing; the provider gives the ACL to CreateBucket, which refuses others than `private`
/// while ACLs are off.
pub(super) fn inline_acl(reader: &ResourceReader<'_>) -> Setting<AclSettings> {
    let canned = reader.text("acl");
    if !reader.existing() || reader.resource.values.get("grant").is_none() {
        match canned {
            Setting::LeftOut => {}
            Setting::Written(canned) if canned == "private" => {}
            canned => return canned.map(AclSettings::Canned),
        }
    }
    let grants = reader.blocks("grant");
    if let Some(reference) = unknown_in(&grants) {
        return Setting::Undetermined(reference);
    }
    if grants.is_empty() {
        return Setting::LeftOut;
    }
    let mut kept = Vec::new();
    for grant in grants.items() {
        for permission in texts_in(grant, "permissions") {
            kept.extend(grant_of(grant, Some(permission)));
        }
    }
    // One of them is the owner's: S3 writes it first, and users name it by the account's own id.
    let own = reader.plan.canonical_user();
    let full = |grant: &Grant| grant.permission == "FULL_CONTROL" && grant.grantee.len() == 64;
    let only_full = kept.iter().filter(|grant| full(grant)).count() == 1;
    kept.retain(|grant| match &own {
        Some(own) => &grant.grantee != own,
        None => !(only_full && full(grant)),
    });
    Setting::Written(AclSettings::Grants(kept))
}

/// The first rule of default encryption.
pub(super) fn encryption(
    reader: &ResourceReader<'_>,
    argument: &str,
) -> Setting<EncryptionSettings> {
    encryption_rule(&reader.joined_blocks(argument, names_key))
}

/// `server_side_encryption_configuration` of `aws_s3_bucket`.
pub(super) fn inline_encryption(reader: &ResourceReader<'_>) -> Setting<EncryptionSettings> {
    let blocks = reader.joined_blocks("server_side_encryption_configuration", names_key);
    match blocks.reference() {
        Some(reference) => Setting::Undetermined(reference.to_owned()),
        None => first(&blocks, "rule").map_or(Setting::LeftOut, encryption_rule),
    }
}

fn encryption_rule(rules: &TemplateNode) -> Setting<EncryptionSettings> {
    if let Some(reference) = rules.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let Some(rule) = rules.items().first() else {
        return Setting::LeftOut;
    };
    let default = rule
        .get("apply_server_side_encryption_by_default")
        .and_then(|default| default.items().first());
    let blocked = rule
        .get("blocked_encryption_types")
        .filter(|blocked| !blocked.is_empty());
    if let Some(reference) = blocked.and_then(unknown_in) {
        return Setting::Undetermined(reference);
    }
    Setting::Written(EncryptionSettings {
        algorithm: default.and_then(|default| text_in(default, "sse_algorithm")),
        kms_key: default.and_then(|default| text_in(default, "kms_master_key_id")),
        bucket_key: rule
            .get("bucket_key_enabled")
            .map_or(Setting::LeftOut, flag_of),
        blocked_encryption_types: blocked.map(|_| texts_in(rule, "blocked_encryption_types")),
    })
}

/// `aws_s3_bucket_versioning`.
pub(super) fn versioning(reader: &ResourceReader<'_>) -> Setting<Versioning> {
    known(&reader.blocks("versioning_configuration"), |blocks| {
        let block = blocks.items().first()?;
        Some(Versioning {
            // `Disabled` is the provider's word for never enabled.
            status: text_in(block, "status").filter(|status| status != "Disabled"),
            mfa_delete: text_in(block, "mfa_delete").map(|value| value == "Enabled"),
        })
    })
}

/// `versioning` of `aws_s3_bucket`.
pub(super) fn inline_versioning(reader: &ResourceReader<'_>) -> Setting<Versioning> {
    known(&reader.blocks("versioning"), |blocks| {
        let block = blocks.items().first()?;
        let enabled = flag_in(block, "enabled");
        Some(Versioning {
            status: enabled.then(|| "Enabled".to_owned()),
            mfa_delete: Some(flag_in(block, "mfa_delete")),
        })
    })
}

fn logging_of(block: &TemplateNode) -> Setting<Logging> {
    let target = match block.get("target_bucket").map(text_of) {
        Some(Setting::Written(target)) => target,
        // Somewhere: whether that is a bucket of the plan is not known.
        Some(Setting::Undetermined(reference)) => open_symbol(&reference),
        Some(Setting::LeftOut) | None => return Setting::LeftOut,
    };
    let format = block
        .get("target_object_key_format")
        .and_then(|format| format.items().first());
    let partitioned = format.and_then(|format| format.get("partitioned_prefix"));
    let simple = format.and_then(|format| format.get("simple_prefix"));
    let is_set = |node: Option<&TemplateNode>| node.is_some_and(|node| !node.is_empty());
    Setting::Written(Logging {
        target_bucket: target,
        target_prefix: text_in(block, "target_prefix").unwrap_or_default(),
        key_format: match (is_set(partitioned), is_set(simple)) {
            (true, _) => Some("partitioned".to_owned()),
            (false, true) => Some("simple".to_owned()),
            (false, false) => None,
        },
    })
}

/// `aws_s3_bucket_logging`.
pub(super) fn logging(reader: &ResourceReader<'_>) -> Setting<Logging> {
    let members = ["target_bucket", "target_prefix", "target_object_key_format"];
    let block = members.map(|member| (member.to_owned(), reader.joined(member, names_bucket)));
    logging_of(&TemplateNode::new(TemplateValue::Map(block.to_vec())))
}

/// `logging` of `aws_s3_bucket`.
pub(super) fn inline_logging(reader: &ResourceReader<'_>) -> Setting<Logging> {
    let blocks = reader.joined_blocks("logging", names_bucket);
    match blocks.reference() {
        Some(reference) => Setting::Undetermined(reference.to_owned()),
        None => blocks.items().first().map_or(Setting::LeftOut, logging_of),
    }
}

/// Rules of `aws_s3_bucket_lifecycle_configuration`, or of `aws_s3_bucket` in its own words.
pub(super) fn lifecycle(
    reader: &ResourceReader<'_>,
    argument: &str,
) -> Setting<Vec<LifecycleRule>> {
    known(&reader.blocks(argument), |rules| {
        Some(rules.items().iter().map(lifecycle_rule).collect())
    })
}

fn lifecycle_rule(rule: &TemplateNode) -> LifecycleRule {
    let any = |member: &str| rule.get(member).is_some_and(|blocks| !blocks.is_empty());
    let expires = rule
        .get("expiration")
        .and_then(|block| block.items().first());
    let noncurrent = rule
        .get("noncurrent_version_expiration")
        .and_then(|block| block.items().first());
    let abort = rule
        .get("abort_incomplete_multipart_upload")
        .and_then(|block| block.items().first());
    let positive = |block: &TemplateNode, member: &str| number_in(block, member).filter(|n| *n > 0);
    LifecycleRule {
        id: text_in(rule, "id").unwrap_or_default(),
        enabled: text_in(rule, "status").as_deref() == Some("Enabled") || flag_in(rule, "enabled"),
        whole_bucket: is_whole(rule),
        expires_current: expires.is_some_and(|block| {
            positive(block, "days").is_some() || text_in(block, "date").is_some()
        }),
        transitions: any("transition") || any("noncurrent_version_transition"),
        expires_noncurrent_days: noncurrent.and_then(|block| {
            positive(block, "noncurrent_days").or_else(|| positive(block, "days"))
        }),
        aborts_uploads_days: abort
            .and_then(|block| positive(block, "days_after_initiation"))
            .or_else(|| positive(rule, "abort_incomplete_multipart_upload_days")),
    }
}

/// No prefix, tag or size narrows a rule.
fn is_whole(rule: &TemplateNode) -> bool {
    if text_in(rule, "prefix").is_some() || rule.get("tags").is_some_and(|tags| !tags.is_empty()) {
        return false;
    }
    let filters = rule
        .get("filter")
        .map(TemplateNode::items)
        .unwrap_or_default();
    filters.iter().all(is_empty_filter)
}

/// A filter without a value: absent members are null, empty or 0 in a plan.
fn is_empty_filter(filter: &TemplateNode) -> bool {
    match &filter.value {
        TemplateValue::Null | TemplateValue::Bool(false) => true,
        TemplateValue::Text(text) => text.is_empty() || text == "0",
        TemplateValue::Number(number) => number.as_f64() == Some(0.0),
        TemplateValue::List(items) => items.iter().all(is_empty_filter),
        TemplateValue::Map(members) => members.iter().all(|(_, value)| is_empty_filter(value)),
        TemplateValue::Bool(true) | TemplateValue::Undetermined(_) => false,
    }
}

fn cors_rules(rules: &TemplateNode) -> Setting<Vec<CorsRule>> {
    known(rules, |rules| {
        let rule = |rule: &TemplateNode| CorsRule {
            origins: texts_in(rule, "allowed_origins"),
            methods: texts_in(rule, "allowed_methods"),
            headers: texts_in(rule, "allowed_headers"),
        };
        Some(rules.items().iter().map(rule).collect())
    })
}

/// `aws_s3_bucket_cors_configuration`.
pub(super) fn cors(reader: &ResourceReader<'_>) -> Setting<Vec<CorsRule>> {
    cors_rules(&reader.blocks("cors_rule"))
}

/// `cors_rule` of `aws_s3_bucket`.
pub(super) fn inline_cors(reader: &ResourceReader<'_>) -> Setting<Vec<CorsRule>> {
    cors_rules(&reader.blocks("cors_rule"))
}

/// `aws_s3_bucket_website_configuration`.
pub(super) fn website(reader: &ResourceReader<'_>) -> Setting<Website> {
    let index = reader.blocks("index_document");
    let redirect = reader.blocks("redirect_all_requests_to");
    let shown = |node: Option<&TemplateNode>| node.and_then(TemplateNode::as_text);
    Setting::Written(Website {
        index_document: shown(first(&index, "suffix")).or_else(|| index.as_text()),
        redirect_all_to: shown(first(&redirect, "host_name")).or_else(|| redirect.as_text()),
    })
}

/// `website` of `aws_s3_bucket`.
pub(super) fn inline_website(reader: &ResourceReader<'_>) -> Setting<Website> {
    let blocks = reader.blocks("website");
    if let Some(reference) = blocks.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let Some(block) = blocks.items().first() else {
        return Setting::LeftOut;
    };
    Setting::Written(Website {
        index_document: text_in(block, "index_document"),
        // `https://host` or `host`.
        redirect_all_to: text_in(block, "redirect_all_requests_to").map(|target| {
            let host = target
                .split_once("://")
                .map_or(target.as_str(), |(_, host)| host);
            host.to_owned()
        }),
    })
}

/// `aws_s3_bucket_replication_configuration`.
pub(super) fn replication(reader: &ResourceReader<'_>) -> Setting<Replication> {
    let role = reader.joined("role", names_role);
    replication_of(&role, &reader.joined_blocks("rule", names_bucket_or_key))
}

/// `replication_configuration` of `aws_s3_bucket`.
pub(super) fn inline_replication(reader: &ResourceReader<'_>) -> Setting<Replication> {
    let any = |kind: &str| names_bucket_or_key(kind) || names_role(kind);
    let blocks = reader.joined_blocks("replication_configuration", any);
    if let Some(reference) = blocks.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let Some(block) = blocks.items().first() else {
        return Setting::LeftOut;
    };
    let nothing = TemplateNode::default();
    let role = block.get("role").unwrap_or(&nothing);
    match block.get("rules").filter(|rules| !rules.is_empty()) {
        Some(rules) => replication_of(role, rules),
        None => Setting::LeftOut,
    }
}

fn replication_of(role: &TemplateNode, rules: &TemplateNode) -> Setting<Replication> {
    if let Some(reference) = rules.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    Setting::Written(Replication {
        role: role.as_text().unwrap_or_default(),
        rules: rules.items().iter().filter_map(replication_rule).collect(),
    })
}

fn replication_rule(rule: &TemplateNode) -> Option<ReplicationRule> {
    let destination = rule.get("destination")?.items().first()?;
    let arn = text_in(destination, "bucket")?;
    let encryption = destination
        .get("encryption_configuration")
        .and_then(|block| block.items().first());
    let kms = rule
        .get("source_selection_criteria")
        .and_then(|block| block.items().first()?.get("sse_kms_encrypted_objects"))
        .and_then(|block| block.items().first());
    Some(ReplicationRule {
        id: text_in(rule, "id").unwrap_or_default(),
        enabled: text_in(rule, "status").as_deref() == Some("Enabled"),
        whole_bucket: is_whole(rule),
        destination: arn.rsplit(':').next().unwrap_or(&arn).to_owned(),
        destination_account: text_in(destination, "account")
            .or_else(|| text_in(destination, "account_id")),
        replicates_kms: kms.is_some_and(|kms| {
            text_in(kms, "status").as_deref() == Some("Enabled") || flag_in(kms, "enabled")
        }),
        replica_key: encryption
            .and_then(|block| text_in(block, "replica_kms_key_id"))
            .or_else(|| text_in(destination, "replica_kms_key_id")),
    })
}

/// The retention of Object Lock.
fn lock_rule(enabled: bool, rules: Option<&TemplateNode>) -> ObjectLock {
    let retention = rules
        .and_then(|rules| first(rules, "default_retention"))
        .and_then(|retention| retention.items().first());
    let days = retention.and_then(|block| number_in(block, "days").filter(|days| *days > 0));
    let years = retention.and_then(|block| number_in(block, "years").filter(|years| *years > 0));
    ObjectLock {
        enabled,
        default_mode: retention.and_then(|block| text_in(block, "mode")),
        default_days: days.or_else(|| years.map(|years| years.saturating_mul(365))),
    }
}

/// `aws_s3_bucket_object_lock_configuration`.
pub(super) fn object_lock(reader: &ResourceReader<'_>) -> Setting<ObjectLock> {
    match unknown_in(&reader.blocks("rule")) {
        Some(reference) => Setting::Undetermined(reference),
        None => Setting::Written(lock_rule(true, Some(&reader.blocks("rule")))),
    }
}

/// `object_lock_enabled` and `object_lock_configuration` of `aws_s3_bucket`.
pub(super) fn inline_object_lock(reader: &ResourceReader<'_>) -> Setting<ObjectLock> {
    let blocks = reader.blocks("object_lock_configuration");
    if let Some(reference) = unknown_in(&blocks) {
        return Setting::Undetermined(reference);
    }
    let rules = first(&blocks, "rule");
    match (reader.flag("object_lock_enabled"), blocks.items().first()) {
        (Setting::Undetermined(reference), _) => Setting::Undetermined(reference),
        (Setting::Written(true), _) => Setting::Written(lock_rule(true, rules)),
        (_, Some(block)) if text_in(block, "object_lock_enabled").as_deref() == Some("Enabled") => {
            Setting::Written(lock_rule(true, rules))
        }
        _ => Setting::LeftOut,
    }
}

/// Tags, those of the provider's `default_tags` included.
pub(super) fn tags(reader: &ResourceReader<'_>) -> Setting<BTreeMap<String, String>> {
    let all = reader.node("tags_all");
    let tags = if all.is_empty() || all.reference().is_some() {
        reader.node("tags")
    } else {
        all
    };
    known(&tags, |tags| {
        let text = |(name, value): &(String, TemplateNode)| Some((name.clone(), value.as_text()?));
        Some(tags.members().iter().filter_map(text).collect())
    })
}
