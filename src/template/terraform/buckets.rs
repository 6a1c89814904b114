//! Buckets: the resource with its inline settings (provider version 3, and what later versions read
//! back), and the resources that each set one thing.
//!
//! Sources: the provider's documentation of `aws_s3_bucket` in versions 3 to 6 and of the
//! `aws_s3_bucket_*` resources, copies of 2026-11; the S3 API reference for what deleting a setting
//! leaves.

use std::collections::{BTreeMap, BTreeSet};

use super::address::ResourceAddress;
use super::instances::PlannedAction;
use super::names::name_of;
use super::reader::{BucketJoin, Plan, ResourceReader, first, text_of};
use super::{bucket_settings, policies};
use crate::inventory::bucket::{Abac, Versioning};
use crate::template::TemplateRemark;
use crate::template::settings::{
    AclSettings, BlockSettings, BucketSettings, NOT_IN_PLAN, PutSetting, Setting,
};
use coldbucket_policy::contract::BUCKET_OWNER_ENFORCED;

/// The kinds of settings that have a resource of their own.
const SETTINGS: &[(&str, BucketPart)] = &[
    ("aws_s3_bucket_policy", BucketPart::Policy),
    ("aws_s3_bucket_public_access_block", BucketPart::Block),
    ("aws_s3_bucket_ownership_controls", BucketPart::Ownership),
    ("aws_s3_bucket_acl", BucketPart::Acl),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        BucketPart::Encryption,
    ),
    ("aws_s3_bucket_versioning", BucketPart::Versioning),
    ("aws_s3_bucket_logging", BucketPart::Logging),
    (
        "aws_s3_bucket_lifecycle_configuration",
        BucketPart::Lifecycle,
    ),
    ("aws_s3_bucket_cors_configuration", BucketPart::Cors),
    ("aws_s3_bucket_website_configuration", BucketPart::Website),
    (
        "aws_s3_bucket_replication_configuration",
        BucketPart::Replication,
    ),
    (
        "aws_s3_bucket_object_lock_configuration",
        BucketPart::ObjectLock,
    ),
    (
        "aws_s3_bucket_request_payment_configuration",
        BucketPart::RequestPayment,
    ),
    ("aws_s3_bucket_abac", BucketPart::Abac),
];

/// A setting of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BucketPart {
    Policy,
    Block,
    Ownership,
    Acl,
    Encryption,
    Versioning,
    Logging,
    Lifecycle,
    Cors,
    Website,
    Replication,
    ObjectLock,
    RequestPayment,
    Abac,
}

impl BucketPart {
    /// The member of the snapshot that it fills.
    const fn member(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Block => "public_access_block",
            Self::Ownership => "ownership",
            Self::Acl => "acl",
            Self::Encryption => "encryption",
            Self::Versioning => "versioning",
            Self::Logging => "logging",
            Self::Lifecycle => "lifecycle",
            Self::Cors => "cors",
            Self::Website => "website",
            Self::Replication => "replication",
            Self::ObjectLock => "object_lock",
            Self::RequestPayment => "request_payment",
            Self::Abac => "abac",
        }
    }
}

/// The buckets of a plan with all their settings, and what AWS refuses.
pub(super) fn read(plan: &Plan<'_>) -> (Vec<BucketSettings>, Vec<TemplateRemark>) {
    let mut buckets: BTreeMap<ResourceAddress, BucketSettings> = plan
        .staying("aws_s3_bucket")
        .map(|reader| (reader.address().clone(), bucket(&reader)))
        .collect();
    // What is deleted first, so that what takes its place overwrites it; forgotten settings stay.
    let phases: [fn(PlannedAction) -> bool; 3] = [
        |action| action == PlannedAction::Delete,
        |action| action == PlannedAction::Forget,
        PlannedAction::stays,
    ];
    let mut written: BTreeSet<(ResourceAddress, BucketPart)> = BTreeSet::new();
    let mut opened = BTreeSet::new();
    let mut others: BTreeMap<String, BucketSettings> = BTreeMap::new();
    for phase in phases {
        for (kind, part) in SETTINGS {
            for setting in plan.of_kind(kind) {
                if phase(setting.resource.action) {
                    elsewhere(&setting, *part, &mut others);
                    place(&setting, *part, &mut buckets, &mut written, &mut opened);
                }
            }
        }
    }
    let mut problems = Vec::new();
    for (address, bucket) in &mut buckets {
        finish(bucket);
        // S3 refuses any PutBucketAcl while ACLs are off, `private` too.
        if written.contains(&(address.clone(), BucketPart::Acl))
            && !bucket.source.existing
            && matches!(bucket.acl, Setting::Written(AclSettings::Canned(ref canned)) if is_private(canned))
            && is_enforced(&bucket.ownership)
        {
            problems.push(acls_are_off(bucket));
        }
    }
    let all = buckets.into_values().chain(others.into_values());
    (all.collect(), problems)
}

/// Puts a setting on a bucket that the account has and the plan does not.
fn elsewhere(
    setting: &ResourceReader<'_>,
    part: BucketPart,
    others: &mut BTreeMap<String, BucketSettings>,
) {
    let BucketJoin::Elsewhere(name) = setting.bucket_join("bucket", 0) else {
        return;
    };
    let below = setting.plan.below();
    if !below.is_some_and(|below| below.buckets.contains_key(&name)) {
        return;
    }
    let bucket = others
        .entry(name.clone())
        .or_insert_with(|| BucketSettings::elsewhere(name, setting.source()));
    match setting.resource.action {
        PlannedAction::Delete => delete(bucket, part),
        PlannedAction::Forget => {}
        _ => {
            write(setting, bucket, part);
            positions(setting, part, bucket);
        }
    }
}

fn is_private(canned: &str) -> bool {
    canned == "private"
}

fn is_enforced(ownership: &Setting<String>) -> bool {
    match ownership {
        Setting::LeftOut => true,
        Setting::Written(value) => value == BUCKET_OWNER_ENFORCED,
        Setting::Undetermined(_) => false,
    }
}

fn acls_are_off(bucket: &BucketSettings) -> TemplateRemark {
    TemplateRemark {
        address: bucket.source.address.clone(),
        position: bucket
            .source
            .positions
            .get(BucketPart::Acl.member())
            .or(bucket.source.position.as_ref())
            .cloned(),
        message: "will fail to deploy: S3 refuses PutBucketAcl while Object Ownership is \
                  BucketOwnerEnforced, the default of new buckets (AccessControlListNotSupported)"
            .to_owned(),
    }
}

/// Puts a setting that is a resource of its own on its bucket.
fn place(
    setting: &ResourceReader<'_>,
    part: BucketPart,
    buckets: &mut BTreeMap<ResourceAddress, BucketSettings>,
    written: &mut BTreeSet<(ResourceAddress, BucketPart)>,
    opened: &mut BTreeSet<BucketPart>,
) {
    let gone = setting.resource.action == PlannedAction::Delete;
    match setting.bucket_join("bucket", 0) {
        BucketJoin::Bucket(address) => {
            let Some(bucket) = buckets.get_mut(&address) else {
                return;
            };
            if gone {
                delete(bucket, part);
                return;
            }
            let twice = setting.resource.action.stays() && !written.insert((address, part));
            if twice {
                // Both are put, in an order that is not known.
                unknown(
                    bucket,
                    part,
                    &format!("one of two {}", setting.address().kind),
                );
            } else {
                write(setting, bucket, part);
            }
            positions(setting, part, bucket);
        }
        BucketJoin::Open(candidates, reference) if !gone => {
            // Once is enough where it may be any bucket.
            if candidates.len() == buckets.len() && !opened.insert(part) {
                return;
            }
            for address in candidates {
                if let Some(bucket) = buckets.get_mut(&address) {
                    let reference = format!("{} of {reference}", setting.address());
                    unknown(bucket, part, &reference);
                }
            }
        }
        BucketJoin::Open(..) | BucketJoin::Elsewhere(_) => {}
    }
}

/// The lines of a setting.
fn positions(setting: &ResourceReader<'_>, part: BucketPart, bucket: &mut BucketSettings) {
    let positions = &mut bucket.source.positions;
    let member = part.member();
    let whole = match part {
        BucketPart::Policy => setting.position_of("policy"),
        _ => setting.position(),
    };
    positions.extend(whole.map(|position| (member.to_owned(), position)));
    if part == BucketPart::Block {
        for flag in [
            "block_public_acls",
            "ignore_public_acls",
            "block_public_policy",
            "restrict_public_buckets",
        ] {
            let position = setting.position_of(flag);
            positions.extend(position.map(|position| (format!("{member}/known/{flag}"), position)));
        }
    }
}

/// Writes one setting.
fn write(setting: &ResourceReader<'_>, bucket: &mut BucketSettings, part: BucketPart) {
    use bucket_settings as read;
    let keeps = |argument: &str| setting.resource.keeps(argument);
    match part {
        BucketPart::Policy => {
            in_place(bucket, PutSetting::Policy, keeps("policy"));
            bucket.policy = policies::policy(setting, "policy");
        }
        BucketPart::Block => bucket.public_access_block = Setting::Written(block(setting)),
        BucketPart::Ownership => {
            let rule = setting.blocks("rule");
            bucket.ownership = match rule.reference() {
                Some(reference) => Setting::Undetermined(reference.to_owned()),
                None => first(&rule, "object_ownership").map_or(Setting::LeftOut, text_of),
            };
        }
        BucketPart::Acl => {
            let kept = keeps("acl") && keeps("access_control_policy");
            in_place(bucket, PutSetting::Acl, kept);
            bucket.acl = read::acl(setting);
        }
        BucketPart::Encryption => bucket.encryption = read::encryption(setting, "rule"),
        BucketPart::Versioning => bucket.versioning = read::versioning(setting),
        BucketPart::Logging => bucket.logging = read::logging(setting),
        BucketPart::Lifecycle => bucket.lifecycle = read::lifecycle(setting, "rule"),
        BucketPart::Cors => bucket.cors = read::cors(setting),
        BucketPart::Website => bucket.website = read::website(setting),
        BucketPart::Replication => bucket.replication = read::replication(setting),
        BucketPart::ObjectLock => bucket.object_lock = read::object_lock(setting),
        BucketPart::RequestPayment => bucket.request_payment = setting.text("payer"),
        BucketPart::Abac => {
            let status = setting.blocks("abac_status");
            bucket.abac = first(&status, "status")
                .map_or(Setting::LeftOut, text_of)
                .map(|status| Abac { status });
        }
    }
}

/// The four flags; a flag that is left out is false (documentation of
/// `aws_s3_bucket_public_access_block`).
pub(super) fn block(setting: &ResourceReader<'_>) -> BlockSettings {
    BlockSettings {
        block_public_acls: setting.flag("block_public_acls"),
        ignore_public_acls: setting.flag("ignore_public_acls"),
        block_public_policy: setting.flag("block_public_policy"),
        restrict_public_buckets: setting.flag("restrict_public_buckets"),
    }
}

/// Notes whether the bucket has a setting already and the plan does not put it.
fn in_place(bucket: &mut BucketSettings, setting: PutSetting, kept: bool) {
    if kept {
        bucket.in_place.insert(setting);
    } else {
        bucket.in_place.remove(&setting);
    }
}

/// What is left of a bucket when a setting is deleted.
fn delete(bucket: &mut BucketSettings, part: BucketPart) {
    match part {
        BucketPart::Policy => bucket.policy = Setting::LeftOut,
        // DeletePublicAccessBlock removes the flags: all are off, new defaults or not.
        BucketPart::Block => {
            bucket.public_access_block = Setting::Written(BlockSettings::default())
        }
        // Without ownership controls the object's writer owns it.
        BucketPart::Ownership => bucket.ownership = Setting::Written("ObjectWriter".to_owned()),
        // The provider leaves the ACL as it is.
        BucketPart::Acl => {}
        BucketPart::Encryption => bucket.encryption = Setting::LeftOut,
        // The provider suspends versioning; it cannot be switched off again.
        BucketPart::Versioning => {
            bucket.versioning = Setting::Written(Versioning {
                status: Some("Suspended".to_owned()),
                mfa_delete: None,
            });
        }
        BucketPart::Logging => bucket.logging = Setting::LeftOut,
        BucketPart::Lifecycle => bucket.lifecycle = Setting::LeftOut,
        BucketPart::Cors => bucket.cors = Setting::LeftOut,
        BucketPart::Website => bucket.website = Setting::LeftOut,
        BucketPart::Replication => bucket.replication = Setting::LeftOut,
        BucketPart::ObjectLock => {}
        BucketPart::RequestPayment => bucket.request_payment = Setting::LeftOut,
        BucketPart::Abac => bucket.abac = Setting::LeftOut,
    }
}

/// A setting that is not known.
fn unknown(bucket: &mut BucketSettings, part: BucketPart, reference: &str) {
    let reference = reference.to_owned();
    match part {
        BucketPart::Policy => bucket.policy = Setting::Undetermined(reference),
        BucketPart::Block => bucket.public_access_block = Setting::Undetermined(reference),
        BucketPart::Ownership => bucket.ownership = Setting::Undetermined(reference),
        BucketPart::Acl => bucket.acl = Setting::Undetermined(reference),
        BucketPart::Encryption => bucket.encryption = Setting::Undetermined(reference),
        BucketPart::Versioning => bucket.versioning = Setting::Undetermined(reference),
        BucketPart::Logging => bucket.logging = Setting::Undetermined(reference),
        BucketPart::Lifecycle => bucket.lifecycle = Setting::Undetermined(reference),
        BucketPart::Cors => bucket.cors = Setting::Undetermined(reference),
        BucketPart::Website => bucket.website = Setting::Undetermined(reference),
        BucketPart::Replication => bucket.replication = Setting::Undetermined(reference),
        BucketPart::ObjectLock => bucket.object_lock = Setting::Undetermined(reference),
        BucketPart::RequestPayment => bucket.request_payment = Setting::Undetermined(reference),
        BucketPart::Abac => bucket.abac = Setting::Undetermined(reference),
    }
}

/// A bucket with its inline settings.
fn bucket(reader: &ResourceReader<'_>) -> BucketSettings {
    use bucket_settings as read;
    let mut bucket = BucketSettings {
        source: reader.source(),
        name: Setting::Written(name_of(reader.plan, reader.address(), "bucket")),
        region: reader.plan.region_of(reader),
        policy: policies::policy(reader, "policy"),
        public_access_block: Setting::LeftOut,
        ownership: Setting::LeftOut,
        acl: read::inline_acl(reader),
        encryption: read::inline_encryption(reader),
        logging: read::inline_logging(reader),
        versioning: read::inline_versioning(reader),
        tags: read::tags(reader),
        website: read::inline_website(reader),
        cors: read::inline_cors(reader),
        lifecycle: read::lifecycle(reader, "lifecycle_rule"),
        replication: read::inline_replication(reader),
        object_lock: read::inline_object_lock(reader),
        abac: Setting::LeftOut,
        request_payment: reader.text("request_payer"),
        in_place: BTreeSet::new(),
    };
    let keeps = |argument: &str| reader.resource.keeps(argument);
    in_place(&mut bucket, PutSetting::Policy, keeps("policy"));
    in_place(&mut bucket, PutSetting::Acl, keeps("acl") && keeps("grant"));
    if reader.existing() {
        read_back(reader, &mut bucket);
    }
    bucket
}

/// Of a bucket that exists, what the provider has not read back is not known. (An attribute that it
/// has read is there, null or empty.)
fn read_back(reader: &ResourceReader<'_>, bucket: &mut BucketSettings) {
    let inline: [(&str, BucketPart); 8] = [
        ("policy", BucketPart::Policy),
        ("grant", BucketPart::Acl),
        (
            "server_side_encryption_configuration",
            BucketPart::Encryption,
        ),
        ("logging", BucketPart::Logging),
        ("versioning", BucketPart::Versioning),
        ("website", BucketPart::Website),
        ("cors_rule", BucketPart::Cors),
        ("lifecycle_rule", BucketPart::Lifecycle),
    ];
    for (argument, part) in inline {
        if !reader.has(argument) {
            unknown(bucket, part, NOT_IN_PLAN);
        }
    }
    if !reader.has("replication_configuration") {
        unknown(bucket, BucketPart::Replication, NOT_IN_PLAN);
    }
}

/// What follows from several settings together.
fn finish(bucket: &mut BucketSettings) {
    // Object Lock needs versioning, and S3 switches it on with it.
    let locked = matches!(&bucket.object_lock, Setting::Written(lock) if lock.enabled);
    let unset = match &bucket.versioning {
        Setting::LeftOut => true,
        Setting::Written(versioning) => versioning.status.is_none(),
        Setting::Undetermined(_) => false,
    };
    if locked && unset {
        bucket.versioning = Setting::Written(Versioning {
            status: Some("Enabled".to_owned()),
            mfa_delete: None,
        });
    }
}
