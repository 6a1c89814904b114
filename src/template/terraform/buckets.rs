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
use crate::template::settings::{AclSettings, BlockSettings, BucketSettings, Setting};

/// Why a setting of an existing bucket is not known.
const NOT_IN_PLAN: &str = "a setting of the existing bucket, which is not in the plan";

/// The kinds of settings that have a resource of their own.
const SETTINGS: &[(&str, Part)] = &[
    ("aws_s3_bucket_policy", Part::Policy),
    ("aws_s3_bucket_public_access_block", Part::Block),
    ("aws_s3_bucket_ownership_controls", Part::Ownership),
    ("aws_s3_bucket_acl", Part::Acl),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        Part::Encryption,
    ),
    ("aws_s3_bucket_versioning", Part::Versioning),
    ("aws_s3_bucket_logging", Part::Logging),
    ("aws_s3_bucket_lifecycle_configuration", Part::Lifecycle),
    ("aws_s3_bucket_cors_configuration", Part::Cors),
    ("aws_s3_bucket_website_configuration", Part::Website),
    ("aws_s3_bucket_replication_configuration", Part::Replication),
    ("aws_s3_bucket_object_lock_configuration", Part::ObjectLock),
    (
        "aws_s3_bucket_request_payment_configuration",
        Part::RequestPayment,
    ),
    ("aws_s3_bucket_abac", Part::Abac),
];

/// A setting of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
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

impl Part {
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
    let mut written: BTreeSet<(ResourceAddress, Part)> = BTreeSet::new();
    let mut opened = BTreeSet::new();
    for phase in phases {
        for (kind, part) in SETTINGS {
            for setting in plan.of_kind(kind) {
                if phase(setting.resource.action) {
                    place(&setting, *part, &mut buckets, &mut written, &mut opened);
                }
            }
        }
    }
    let mut problems = Vec::new();
    for (address, bucket) in &mut buckets {
        finish(bucket);
        // S3 refuses any PutBucketAcl while ACLs are off, `private` too.
        if written.contains(&(address.clone(), Part::Acl))
            && !bucket.source.existing
            && matches!(bucket.acl, Setting::Written(AclSettings::Canned(ref canned)) if is_private(canned))
            && is_enforced(&bucket.ownership)
        {
            problems.push(acls_are_off(bucket));
        }
    }
    (buckets.into_values().collect(), problems)
}

fn is_private(canned: &str) -> bool {
    canned == "private"
}

fn is_enforced(ownership: &Setting<String>) -> bool {
    match ownership {
        Setting::LeftOut => true,
        Setting::Written(value) => value == "BucketOwnerEnforced",
        Setting::Undetermined(_) => false,
    }
}

fn acls_are_off(bucket: &BucketSettings) -> TemplateRemark {
    TemplateRemark {
        address: bucket.source.address.clone(),
        position: bucket
            .source
            .positions
            .get(Part::Acl.member())
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
    part: Part,
    buckets: &mut BTreeMap<ResourceAddress, BucketSettings>,
    written: &mut BTreeSet<(ResourceAddress, Part)>,
    opened: &mut BTreeSet<Part>,
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
fn positions(setting: &ResourceReader<'_>, part: Part, bucket: &mut BucketSettings) {
    let positions = &mut bucket.source.positions;
    let member = part.member();
    let whole = match part {
        Part::Policy => setting.position_of("policy"),
        _ => setting.position(),
    };
    positions.extend(whole.map(|position| (member.to_owned(), position)));
    if part == Part::Block {
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
fn write(setting: &ResourceReader<'_>, bucket: &mut BucketSettings, part: Part) {
    use bucket_settings as read;
    match part {
        Part::Policy => bucket.policy = policies::policy(setting, "policy"),
        Part::Block => bucket.public_access_block = Setting::Written(block(setting)),
        Part::Ownership => {
            let rule = setting.blocks("rule");
            bucket.ownership = match rule.reference() {
                Some(reference) => Setting::Undetermined(reference.to_owned()),
                None => first(&rule, "object_ownership").map_or(Setting::LeftOut, text_of),
            };
        }
        Part::Acl => bucket.acl = read::acl(setting),
        Part::Encryption => bucket.encryption = read::encryption(setting, "rule"),
        Part::Versioning => bucket.versioning = read::versioning(setting),
        Part::Logging => bucket.logging = read::logging(setting),
        Part::Lifecycle => bucket.lifecycle = read::lifecycle(setting, "rule"),
        Part::Cors => bucket.cors = read::cors(setting),
        Part::Website => bucket.website = read::website(setting),
        Part::Replication => bucket.replication = read::replication(setting),
        Part::ObjectLock => bucket.object_lock = read::object_lock(setting),
        Part::RequestPayment => bucket.request_payment = setting.text("payer"),
        Part::Abac => {
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

/// What is left of a bucket when a setting is deleted.
fn delete(bucket: &mut BucketSettings, part: Part) {
    match part {
        Part::Policy => bucket.policy = Setting::LeftOut,
        // DeletePublicAccessBlock removes the flags: all are off, new defaults or not.
        Part::Block => bucket.public_access_block = Setting::Written(BlockSettings::default()),
        // Without ownership controls the object's writer owns it.
        Part::Ownership => bucket.ownership = Setting::Written("ObjectWriter".to_owned()),
        // The provider leaves the ACL as it is.
        Part::Acl => {}
        Part::Encryption => bucket.encryption = Setting::LeftOut,
        // The provider suspends versioning; it cannot be switched off again.
        Part::Versioning => {
            bucket.versioning = Setting::Written(Versioning {
                status: Some("Suspended".to_owned()),
                mfa_delete: None,
            });
        }
        Part::Logging => bucket.logging = Setting::LeftOut,
        Part::Lifecycle => bucket.lifecycle = Setting::LeftOut,
        Part::Cors => bucket.cors = Setting::LeftOut,
        Part::Website => bucket.website = Setting::LeftOut,
        Part::Replication => bucket.replication = Setting::LeftOut,
        Part::ObjectLock => {}
        Part::RequestPayment => bucket.request_payment = Setting::LeftOut,
        Part::Abac => bucket.abac = Setting::LeftOut,
    }
}

/// A setting that is not known.
fn unknown(bucket: &mut BucketSettings, part: Part, reference: &str) {
    let reference = reference.to_owned();
    match part {
        Part::Policy => bucket.policy = Setting::Undetermined(reference),
        Part::Block => bucket.public_access_block = Setting::Undetermined(reference),
        Part::Ownership => bucket.ownership = Setting::Undetermined(reference),
        Part::Acl => bucket.acl = Setting::Undetermined(reference),
        Part::Encryption => bucket.encryption = Setting::Undetermined(reference),
        Part::Versioning => bucket.versioning = Setting::Undetermined(reference),
        Part::Logging => bucket.logging = Setting::Undetermined(reference),
        Part::Lifecycle => bucket.lifecycle = Setting::Undetermined(reference),
        Part::Cors => bucket.cors = Setting::Undetermined(reference),
        Part::Website => bucket.website = Setting::Undetermined(reference),
        Part::Replication => bucket.replication = Setting::Undetermined(reference),
        Part::ObjectLock => bucket.object_lock = Setting::Undetermined(reference),
        Part::RequestPayment => bucket.request_payment = Setting::Undetermined(reference),
        Part::Abac => bucket.abac = Setting::Undetermined(reference),
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
    };
    if reader.existing() {
        read_back(reader, &mut bucket);
    }
    bucket
}

/// Of a bucket that exists, what the provider has not read back is not known. (An attribute that it
/// has read is there, null or empty.)
fn read_back(reader: &ResourceReader<'_>, bucket: &mut BucketSettings) {
    let inline: [(&str, Part); 8] = [
        ("policy", Part::Policy),
        ("grant", Part::Acl),
        ("server_side_encryption_configuration", Part::Encryption),
        ("logging", Part::Logging),
        ("versioning", Part::Versioning),
        ("website", Part::Website),
        ("cors_rule", Part::Cors),
        ("lifecycle_rule", Part::Lifecycle),
    ];
    for (argument, part) in inline {
        if !reader.has(argument) {
            unknown(bucket, part, NOT_IN_PLAN);
        }
    }
    if !reader.has("replication_configuration") {
        unknown(bucket, Part::Replication, NOT_IN_PLAN);
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
