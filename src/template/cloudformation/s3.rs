//! Buckets, their policies, and access points.

use super::super::settings::{
    AccessPointSettings, AclSettings, BlockSettings, BucketSettings, EncryptionSettings,
    MultiRegionSettings, Setting,
};
use super::super::value::{SourcePosition, TemplateNode, has_open_symbol, has_symbol, shown};
use super::gather::{Attached, Gathered, Resource};
use super::properties::{Properties, block_public_access, reference_of, tags, word};
use crate::inventory::bucket::{
    Abac, CorsRule, LifecycleRule, Logging, ObjectLock, Replication, ReplicationRule, Versioning,
    Website,
};

/// Reads a resource of S3; false for a type that is not read.
pub(super) fn read(kind: &str, resource: &Resource<'_>, out: &mut Gathered) -> bool {
    let p = resource.properties();
    match kind {
        "AWS::S3::Bucket" => {
            let bucket = bucket(resource, p);
            out.buckets.push(bucket);
        }
        "AWS::S3::BucketPolicy" => out.bucket_policies.push(Attached {
            to: p.text("Bucket").unwrap_or_default(),
            to_address: resource.bucket.clone(),
            document: document(p, "PolicyDocument"),
            position: resource.position.clone(),
            address: resource.address.clone(),
        }),
        "AWS::S3::AccessPoint" => out.settings.access_points.push(AccessPointSettings {
            source: resource.source(&[
                ("policy", "Policy"),
                ("configuration", "PublicAccessBlockConfiguration"),
            ]),
            name: p.name("Name"),
            region: None,
            bucket: p.text("Bucket").unwrap_or_default(),
            bucket_account: p.text("BucketAccountId"),
            vpc: p.block("VpcConfiguration", |vpc| vpc.name("VpcId")),
            public_access_block: block(p),
            policy: document(p, "Policy"),
        }),
        "AWS::S3::MultiRegionAccessPoint" => {
            out.settings
                .multi_region_access_points
                .push(MultiRegionSettings {
                    source: resource
                        .source(&[("public_access_block", "PublicAccessBlockConfiguration")]),
                    name: p.name("Name"),
                    buckets: p
                        .get("Regions")
                        .into_iter()
                        .flat_map(TemplateNode::items)
                        .filter_map(|region| Properties(region).text("Bucket"))
                        .collect(),
                    public_access_block: block(p),
                    policy: Setting::LeftOut,
                });
        }
        "AWS::S3::MultiRegionAccessPointPolicy" => out.multi_region_policies.push(Attached {
            to: p.text("MrapName").unwrap_or_default(),
            to_address: None,
            document: document(p, "Policy"),
            position: resource.position.clone(),
            address: resource.address.clone(),
        }),
        _ => return false,
    }
    true
}

/// A policy document.
pub(super) fn document(p: Properties<'_>, name: &str) -> Setting<TemplateNode> {
    match p.get(name) {
        None => Setting::LeftOut,
        Some(node) => match node.reference() {
            Some(reference) => Setting::Undetermined(reference.to_owned()),
            None => Setting::Written(node.clone()),
        },
    }
}

fn block(p: Properties<'_>) -> Setting<BlockSettings> {
    p.block("PublicAccessBlockConfiguration", |block| {
        Setting::Written(block_public_access(block))
    })
}

const POSITIONS: &[(&str, &str)] = &[
    ("acl", "AccessControl"),
    ("public_access_block", "PublicAccessBlockConfiguration"),
    ("ownership", "OwnershipControls"),
    ("encryption", "BucketEncryption"),
    ("versioning", "VersioningConfiguration"),
    ("logging", "LoggingConfiguration"),
    ("lifecycle", "LifecycleConfiguration"),
    ("cors", "CorsConfiguration"),
    ("website", "WebsiteConfiguration"),
    ("replication", "ReplicationConfiguration"),
    ("object_lock", "ObjectLockConfiguration"),
    ("tags", "Tags"),
    ("abac", "AbacStatus"),
];

fn bucket(resource: &Resource<'_>, p: Properties<'_>) -> BucketSettings {
    let object_lock = object_lock(p);
    let created_locked = p.boolean("ObjectLockEnabled").written() == Some(&true);
    let mut source = resource.source(POSITIONS);
    // The flag that is off, rather than the head of the block.
    if let Some(position) = p
        .get("PublicAccessBlockConfiguration")
        .and_then(first_flag_off)
    {
        source
            .positions
            .insert("public_access_block".to_owned(), position);
    }
    BucketSettings {
        source,
        name: p.name("BucketName"),
        public_access_block: block(p),
        ownership: ownership(p),
        acl: p.word("AccessControl").map(AclSettings::Canned),
        encryption: encryption(p),
        logging: p.block("LoggingConfiguration", |logging| {
            // Without a name the bucket logs to itself. Where the name is not known, it is known that
            // logs are delivered.
            Setting::Written(target(
                logging.text("DestinationBucketName").unwrap_or_default(),
                logging,
            ))
        }),
        versioning: if created_locked {
            // A bucket created with Object Lock has versioning enabled.
            Setting::Written(Versioning {
                status: Some("Enabled".to_owned()),
                mfa_delete: None,
            })
        } else {
            p.block("VersioningConfiguration", |versioning| {
                match versioning.word("Status") {
                    Setting::LeftOut => Setting::Written("Suspended".to_owned()),
                    written => written,
                }
                .map(|status| Versioning {
                    status: Some(status),
                    mfa_delete: Some(false),
                })
            })
        },
        tags: tags(p.get("Tags")),
        website: p.block("WebsiteConfiguration", |website| {
            Setting::Written(Website {
                index_document: website.text("IndexDocument").map(|text| shown(&text)),
                redirect_all_to: website
                    .at(&["RedirectAllRequestsTo", "HostName"])
                    .and_then(TemplateNode::as_text)
                    .map(|text| shown(&text)),
            })
        }),
        cors: p.block("CorsConfiguration", |cors| {
            rules(cors.get("CorsRules"), cors_rule)
        }),
        lifecycle: p.block("LifecycleConfiguration", |lifecycle| {
            rules(lifecycle.get("Rules"), lifecycle_rule)
        }),
        replication: replication(p),
        object_lock,
        abac: p.word("AbacStatus").map(|status| Abac { status }),
        ..BucketSettings::default()
    }
}

fn target(name: String, logging: Properties<'_>) -> Logging {
    Logging {
        target_bucket: name,
        target_prefix: logging.text("LogFilePrefix").unwrap_or_default(),
        key_format: logging
            .at(&["TargetObjectKeyFormat", "PartitionedPrefix"])
            .map(|_| "partitioned".to_owned()),
    }
}

/// The line of the first flag that a block writes and that is not true.
fn first_flag_off(block: &TemplateNode) -> Option<SourcePosition> {
    [
        "BlockPublicAcls",
        "IgnorePublicAcls",
        "BlockPublicPolicy",
        "RestrictPublicBuckets",
    ]
    .into_iter()
    .filter_map(|flag| block.get(flag))
    .find(|flag| super::evaluate::as_bool(flag) != Some(true))?
    .position
    .clone()
}

fn ownership(p: Properties<'_>) -> Setting<String> {
    p.block("OwnershipControls", |controls| {
        let Some(rules) = controls.get("Rules") else {
            return Setting::LeftOut;
        };
        if let Some(reference) = rules.reference() {
            return Setting::Undetermined(reference.to_owned());
        }
        match rules.items().first() {
            None => Setting::LeftOut,
            Some(rule) => match rule.reference() {
                Some(reference) => Setting::Undetermined(reference.to_owned()),
                None => word(rule.get("ObjectOwnership")),
            },
        }
    })
}

fn encryption(p: Properties<'_>) -> Setting<EncryptionSettings> {
    p.block("BucketEncryption", |encryption| {
        let Some(rules) = encryption.get("ServerSideEncryptionConfiguration") else {
            return Setting::LeftOut;
        };
        if let Some(reference) = rules.reference() {
            return Setting::Undetermined(reference.to_owned());
        }
        let Some(rule) = rules.items().first() else {
            return Setting::LeftOut;
        };
        if let Some(reference) = rule.reference() {
            return Setting::Undetermined(reference.to_owned());
        }
        let rule = Properties(rule);
        let by_default = rule.block("ServerSideEncryptionByDefault", Setting::Written);
        let by_default = match by_default {
            Setting::Undetermined(reference) => return Setting::Undetermined(reference),
            Setting::LeftOut => None,
            Setting::Written(block) => Some(block),
        };
        let algorithm = match by_default.map(|block| block.word("SSEAlgorithm")) {
            Some(Setting::Undetermined(reference)) => return Setting::Undetermined(reference),
            Some(Setting::Written(algorithm)) => Some(algorithm),
            _ => None,
        };
        let blocked = rule.at(&["BlockedEncryptionTypes", "EncryptionType"]);
        Setting::Written(EncryptionSettings {
            algorithm,
            kms_key: by_default.and_then(|block| block.text("KMSMasterKeyID")),
            bucket_key: rule.boolean("BucketKeyEnabled"),
            blocked_encryption_types: blocked.and_then(|types| {
                types
                    .items()
                    .iter()
                    .map(|kind| kind.as_text().filter(|text| !has_symbol(text)))
                    .collect()
            }),
        })
    })
}

/// A list of rules; not known as a whole where one of them is not.
fn rules<T>(
    node: Option<&TemplateNode>,
    read: impl Fn(Properties<'_>) -> Result<T, String>,
) -> Setting<Vec<T>> {
    let Some(node) = node else {
        return Setting::LeftOut;
    };
    if let Some(reference) = node.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let rules: Result<Vec<T>, String> = node
        .items()
        .iter()
        .map(|rule| match rule.reference() {
            Some(reference) => Err(reference.to_owned()),
            None => read(Properties(rule)),
        })
        .collect();
    match rules {
        Ok(rules) if rules.is_empty() => Setting::LeftOut,
        Ok(rules) => Setting::Written(rules),
        Err(reference) => Setting::Undetermined(reference),
    }
}

/// A word of a rule that has to be known.
fn known(setting: Setting<String>) -> Result<Option<String>, String> {
    match setting {
        Setting::LeftOut => Ok(None),
        Setting::Written(word) => Ok(Some(word)),
        Setting::Undetermined(reference) => Err(reference),
    }
}

fn known_number(setting: Setting<u32>) -> Result<Option<u32>, String> {
    match setting {
        Setting::LeftOut => Ok(None),
        Setting::Written(number) => Ok(Some(number)),
        Setting::Undetermined(reference) => Err(reference),
    }
}

fn texts(node: Option<&TemplateNode>) -> Result<Vec<String>, String> {
    node.into_iter()
        .flat_map(TemplateNode::items)
        .map(|item| match item.as_text() {
            Some(text) if !has_open_symbol(&text) => Ok(shown(&text)),
            _ => Err(reference_of(item)),
        })
        .collect()
}

fn cors_rule(rule: Properties<'_>) -> Result<CorsRule, String> {
    Ok(CorsRule {
        origins: texts(rule.get("AllowedOrigins"))?,
        methods: texts(rule.get("AllowedMethods"))?,
        headers: texts(rule.get("AllowedHeaders"))?,
    })
}

/// A lifecycle rule. CloudFormation's names differ from the API's, some of them old.
fn lifecycle_rule(rule: Properties<'_>) -> Result<LifecycleRule, String> {
    let days = |path: &[&str]| known_number(super::properties::number(rule.at(path)));
    let written = |name: &str| rule.get(name).is_some_and(|node| !node.is_empty());
    let newer = days(&["NoncurrentVersionExpiration", "NoncurrentDays"])?;
    let prefix = rule.text("Prefix").unwrap_or_default();
    Ok(LifecycleRule {
        id: rule.text("Id").map(|id| shown(&id)).unwrap_or_default(),
        enabled: known(rule.word("Status"))?.as_deref() == Some("Enabled"),
        whole_bucket: prefix.is_empty()
            && !written("TagFilters")
            && !written("ObjectSizeGreaterThan")
            && !written("ObjectSizeLessThan"),
        expires_current: written("ExpirationInDays") || written("ExpirationDate"),
        transitions: [
            "Transition",
            "Transitions",
            "NoncurrentVersionTransition",
            "NoncurrentVersionTransitions",
        ]
        .into_iter()
        .any(written),
        expires_noncurrent_days: match newer {
            Some(days) => Some(days),
            None => days(&["NoncurrentVersionExpirationInDays"])?,
        },
        aborts_uploads_days: days(&["AbortIncompleteMultipartUpload", "DaysAfterInitiation"])?,
    })
}

fn replication(p: Properties<'_>) -> Setting<Replication> {
    p.block("ReplicationConfiguration", |replication| {
        let role = replication.text("Role").unwrap_or_default();
        rules(replication.get("Rules"), replication_rule).map(|rules| Replication { role, rules })
    })
}

fn replication_rule(rule: Properties<'_>) -> Result<ReplicationRule, String> {
    let destination = rule
        .at(&["Destination", "Bucket"])
        .and_then(TemplateNode::as_text)
        .unwrap_or_default();
    // A bucket's ARN has no Region and no account.
    let name = destination
        .split_once(":::")
        .map_or(destination.as_str(), |(_, name)| name);
    let filter = rule.get("Filter");
    let narrowed = |name: &str| {
        filter
            .and_then(|filter| filter.get(name))
            .is_some_and(|node| !node.is_empty() && node.as_text().as_deref() != Some(""))
    };
    let prefix = rule.text("Prefix").unwrap_or_default();
    Ok(ReplicationRule {
        id: rule.text("Id").unwrap_or_default(),
        enabled: known(rule.word("Status"))?.as_deref() == Some("Enabled"),
        whole_bucket: prefix.is_empty()
            && !narrowed("Prefix")
            && !narrowed("TagFilter")
            && !narrowed("And"),
        destination: name.to_owned(),
        destination_account: rule
            .at(&["Destination", "Account"])
            .and_then(TemplateNode::as_text),
        replicates_kms: known(word(rule.at(&[
            "SourceSelectionCriteria",
            "SseKmsEncryptedObjects",
            "Status",
        ])))?
        .as_deref()
            == Some("Enabled"),
        replica_key: rule
            .at(&["Destination", "EncryptionConfiguration", "ReplicaKmsKeyID"])
            .and_then(TemplateNode::as_text),
    })
}

fn object_lock(p: Properties<'_>) -> Setting<ObjectLock> {
    let enabled = match p.boolean("ObjectLockEnabled") {
        Setting::Undetermined(reference) => return Setting::Undetermined(reference),
        enabled => enabled.written().copied().unwrap_or(false),
    };
    // A configuration enables Object Lock on a versioned bucket without the property of CreateBucket
    // (Amazon S3 User Guide, "Configuring S3 Object Lock", copy of 2026).
    let configured = match word(p.at(&["ObjectLockConfiguration", "ObjectLockEnabled"])) {
        Setting::Undetermined(reference) if !enabled => return Setting::Undetermined(reference),
        word => word.written().is_some_and(|word| word == "Enabled"),
    };
    let retention = p.at(&["ObjectLockConfiguration", "Rule", "DefaultRetention"]);
    if let Some(reference) = retention.and_then(TemplateNode::reference) {
        return Setting::Undetermined(reference.to_owned());
    }
    let retention = retention.map(Properties);
    let number = |name| {
        retention
            .map(|retention| retention.number(name))
            .and_then(|number| number.written().copied())
    };
    Setting::Written(ObjectLock {
        enabled: enabled || configured,
        default_mode: retention
            .and_then(|retention| retention.text("Mode"))
            .map(|mode| shown(&mode)),
        default_days: number("Days")
            .or_else(|| number("Years").map(|years| years.saturating_mul(365))),
    })
}
