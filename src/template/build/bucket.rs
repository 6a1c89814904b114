//! Buckets, access points and KMS keys.

use coldbucket_policy::contract::BUCKET_OWNER_ENFORCED;
use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

use super::super::policy::{Bound, FOREIGN_ACCOUNT};
use super::super::settings::{
    AccessPointSettings, AclSettings, BlockSettings, BucketSettings, EncryptionSettings,
    KeySettings, MultiRegionSettings, PutSetting, Setting,
};
use super::super::value::{has_open_symbol, open_references, shown};
use super::super::{TemplateRemark, bucket_pointer, regional_pointer};
use super::onto::is_left_out;
use super::{ALL_BLOCKED, Builder, Made};
use crate::inventory::Reading;
use crate::inventory::access_point::{
    AccessPointConfiguration, AccessPointInventory, AccessPointRegion,
    MultiRegionAccessPointInventory,
};
use crate::inventory::bucket::{
    Abac, Acl, BucketInventory, Encryption, Grant, Logging, ObjectLock, Ownership,
    PublicAccessBlock, Replication, Versioning,
};
use crate::inventory::ids::{
    SubjectKind, access_point_arn, bucket_arn, kms_key_arn, multi_region_access_point_arn,
};
use crate::inventory::key::{KeyDescription, KeyInventory, KeyRotation};
use crate::inventory::pointer::pointer;

/// Why a setting of a bucket that exists and that the deployment does not write is not known.
const NOT_WRITTEN: &str = "the bucket exists and the template does not write this setting";

impl<'a> Builder<'a> {
    pub(super) fn bucket(&mut self, settings: &'a BucketSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let name = Self::name_of(&settings.name, source);
        let region = self.region_of(settings.region.as_deref());
        let own_arn = bucket_arn(
            self.partition(),
            &Self::symbolic_name(&settings.name, source),
        );
        let live = self.live_bucket(&name, source);
        // The defaults of new buckets say nothing about one that exists.
        let new = !source.existing && live.is_none();
        let block = match (&settings.public_access_block, &live) {
            (setting, Some(live)) if is_left_out(setting) => {
                self.over_live_block(live, &mut made, setting)
            }
            (setting, _) => self.own_block(setting, new, &mut made),
        };
        let ownership = match (&settings.ownership, &live) {
            (setting, Some(live)) if is_left_out(setting) => {
                self.over_live_ownership(live, &mut made, setting)
            }
            (setting, _) => own_ownership(setting, new, &mut made),
        };
        let acl = match &live {
            Some(live) if is_left_out(&settings.acl) => {
                self.over_live_acl(live, &block, &ownership, &mut made)
            }
            _ => self.acl(settings, &block, &ownership, &mut made),
        };
        let policy = self.policy(&settings.policy, Some(&own_arn), &mut made);
        let policy = match &live {
            Some(live) => self.over_live_policy(policy, settings, live, &mut made),
            None => policy,
        };
        // What is there was not refused.
        let has = settings.in_place.contains(&PutSetting::Policy);
        let policy = match has || is_left_out(&settings.policy) {
            true => policy,
            false => self.deployable(settings, policy, &block),
        };
        let mut bucket = BucketInventory {
            region: Some(region.to_owned()),
            policy_status: match &policy {
                Reading::Absent => Reading::Absent,
                _ => Reading::Undetermined("AWS's judgement of the policy".to_owned()),
            },
            policy,
            acl,
            ownership,
            public_access_block: block,
            encryption: self.encryption(&settings.encryption, region, new, &mut made),
            logging: made
                .reading(&settings.logging, Reading::Absent)
                .map(|logging| target_of(logging, &name)),
            versioning: made.reading(&settings.versioning, Reading::Known(Versioning::default())),
            tags: made.reading(&settings.tags, Reading::Absent),
            website: made.reading(&settings.website, Reading::Absent),
            cors: made.reading(&settings.cors, Reading::Absent),
            lifecycle: made.reading(&settings.lifecycle, Reading::Absent),
            replication: made
                .reading(&settings.replication, Reading::Absent)
                .map(replication_shown),
            object_lock: made.reading(&settings.object_lock, Reading::Known(ObjectLock::default())),
            abac: made.reading(
                &settings.abac,
                Reading::Known(Abac {
                    status: "Disabled".to_owned(),
                }),
            ),
            request_payment: made.reading(
                &settings.request_payment,
                Reading::Known("BucketOwner".to_owned()),
            ),
            object_sample: Reading::Undetermined("the objects".to_owned()),
            object_acls: Reading::Undetermined("the objects".to_owned()),
            // It is the account's own, which a listing says of a bucket by when it was made.
            created: new.then(|| self.settings.taken_at.clone()),
        };
        if let Some(live) = &live {
            self.over_live_bucket(&mut bucket, settings, live, &mut made);
        }
        self.region_inventory(region);
        let arn = bucket_arn(self.partition(), &name);
        self.register(
            SubjectKind::Bucket,
            arn,
            bucket_pointer(self.account, &name),
            made,
        );
        self.inventory.buckets.insert(name, bucket);
    }

    /// Block Public Access of a bucket as the deployment writes it.
    fn own_block(
        &self,
        setting: &Setting<BlockSettings>,
        new: bool,
        made: &mut Made<'_>,
    ) -> Reading<PublicAccessBlock> {
        match setting {
            // The default of new buckets since 2023-04.
            Setting::LeftOut if new => Reading::Known(ALL_BLOCKED),
            Setting::LeftOut => made.undetermined(NOT_WRITTEN),
            Setting::Undetermined(reference) => self.unknown_block(reference, made),
            Setting::Written(block) => Reading::Known(self.block(block, made)),
        }
    }

    /// Block Public Access that is not known at all: off in the open rendering, on in the closed one.
    fn unknown_block(&self, reference: &str, made: &mut Made<'_>) -> Reading<PublicAccessBlock> {
        made.references.insert(shown(reference));
        Reading::Known(match self.bound {
            Bound::Open | Bound::Literal => PublicAccessBlock::default(),
            Bound::Closed => ALL_BLOCKED,
        })
    }

    /// The effective ACL. An ACL that S3 refuses never comes to be, and is a problem of the deployment.
    fn acl(
        &mut self,
        settings: &BucketSettings,
        block: &Reading<PublicAccessBlock>,
        ownership: &Reading<Ownership>,
        made: &mut Made<'_>,
    ) -> Reading<Acl> {
        let (grants, asked) = match &settings.acl {
            Setting::LeftOut => (Vec::new(), false),
            Setting::Undetermined(reference) => return made.undetermined(reference),
            Setting::Written(AclSettings::Grants(grants)) => (grants.clone(), !grants.is_empty()),
            Setting::Written(AclSettings::Canned(canned)) => match canned_grants(canned) {
                Some(grants) => {
                    let asked = !grants.is_empty();
                    (grants, asked)
                }
                None => return made.undetermined(canned),
            },
        };
        // What the bucket has already was not refused.
        let put = !settings.in_place.contains(&PutSetting::Acl);
        if asked && ownership.known().is_some_and(Ownership::acls_off) {
            if !put {
                return Reading::Known(Acl::default());
            }
            self.problem(
                settings,
                "acl",
                "will fail to deploy: S3 refuses an ACL other than private while Object Ownership is \
                 BucketOwnerEnforced, the default of new buckets (AccessControlListNotSupported)",
            );
            return Reading::Known(Acl::default());
        }
        // S3 may refuse it: then it never comes to be. What the bucket has already is in effect.
        if asked
            && put
            && let Reading::Undetermined(reference) = ownership
        {
            return made.undetermined(reference);
        }
        if put
            && grants.iter().any(Grant::is_public)
            && let Reading::Undetermined(reference) = block
        {
            return made.undetermined(reference);
        }
        let refused = put && block.known().is_some_and(|block| block.block_public_acls);
        if refused && grants.iter().any(Grant::is_public) {
            self.problem(
                settings,
                "acl",
                "will fail to deploy: BlockPublicAcls refuses a public ACL (AccessDenied)",
            );
        }
        let hidden = refused || block.known().is_some_and(|block| block.ignore_public_acls);
        Reading::Known(Acl {
            owner: None,
            grants: grants
                .into_iter()
                .filter(|grant| !(hidden && grant.is_public()))
                .map(|grant| Grant {
                    grantee: shown(&grant.grantee),
                    ..grant
                })
                .collect(),
        })
    }

    /// The policy, unless S3 refuses it: "PutBucketPolicy calls are rejected if the policy is public" (S3
    /// user guide, "Blocking public access"). Of a policy that is refused, what is not public is left.
    fn deployable(
        &mut self,
        settings: &BucketSettings,
        policy: Reading<String>,
        block: &Reading<PublicAccessBlock>,
    ) -> Reading<String> {
        let Reading::Known(text) = &policy else {
            return policy;
        };
        if !self.refuses_public_policies(block) || !is_public(text) {
            return policy;
        }
        let message = match settings.public_access_block {
            Setting::LeftOut if self.below().is_none() => {
                "will fail to deploy: BlockPublicPolicy, which is on by default on new buckets, \
                 refuses a public policy (AccessDenied)"
            }
            _ => "will fail to deploy: BlockPublicPolicy refuses a public policy (AccessDenied)",
        };
        self.problem(settings, "policy", message);
        without_public_statements(text).map_or(Reading::Absent, Reading::Known)
    }

    fn problem(&mut self, settings: &BucketSettings, member: &str, message: &str) {
        let source = &settings.source;
        self.problems.push(TemplateRemark {
            address: source.construct.as_ref().unwrap_or(&source.address).clone(),
            position: source
                .positions
                .get(member)
                .or(source.position.as_ref())
                .cloned(),
            message: message.to_owned(),
        });
    }

    /// Default encryption. SSE-C is blocked on new buckets since 2026-04-06, but not in me-south-1 and
    /// me-central-1 (S3 user guide); what a written setting without `BlockedEncryptionTypes` makes of that
    /// default AWS does not document, so that it stays open.
    fn encryption(
        &self,
        setting: &Setting<EncryptionSettings>,
        region: &str,
        new: bool,
        made: &mut Made<'_>,
    ) -> Reading<Encryption> {
        match setting {
            Setting::LeftOut => Reading::Known(Encryption {
                algorithm: Some("AES256".to_owned()),
                blocked_encryption_types: (new
                    && !matches!(
                        region,
                        "me-south-1" | "me-central-1" | super::UNKNOWN_REGION
                    ))
                .then(|| vec!["SSE-C".to_owned()]),
                ..Encryption::default()
            }),
            Setting::Undetermined(reference) => made.undetermined(reference),
            Setting::Written(written) => {
                if let Some(algorithm) = written
                    .algorithm
                    .as_deref()
                    .filter(|text| has_open_symbol(text))
                {
                    return made.undetermined(algorithm);
                }
                let bucket_key = match &written.bucket_key {
                    Setting::LeftOut => Some(false),
                    Setting::Written(value) => Some(*value),
                    Setting::Undetermined(reference) => {
                        made.references.insert(shown(reference));
                        Some(self.bound == Bound::Closed)
                    }
                };
                Reading::Known(Encryption {
                    algorithm: written.algorithm.as_deref().map(shown),
                    kms_key: written
                        .kms_key
                        .as_deref()
                        .map(|key| self.key_name(key, region, made)),
                    bucket_key,
                    blocked_encryption_types: written.blocked_encryption_types.clone(),
                })
            }
        }
    }

    /// The key as it is written. One that is not known is a foreign alias in the open rendering and an
    /// own key in the closed one: what depends on that is not known, and that there is a key is.
    fn key_name(&self, key: &str, region: &str, made: &mut Made<'_>) -> String {
        if !has_open_symbol(key) {
            let key = shown(key);
            let arn = match key.starts_with("arn:") {
                true => key.clone(),
                false => kms_key_arn(region, self.account, &key),
            };
            let references = self.key_references.get(&arn).into_iter().flatten();
            made.references.extend(references.cloned());
            return self.account_text(&key, made);
        }
        made.references.extend(open_references(key));
        match self.bound {
            Bound::Open | Bound::Literal => format!(
                "arn:{}:kms:{region}:{FOREIGN_ACCOUNT}:alias/{}",
                self.partition(),
                shown(key).replace([':', '/'], "_")
            ),
            Bound::Closed => shown(key).replace([':', '/'], "_"),
        }
    }

    pub(super) fn key(&mut self, settings: &'a KeySettings) {
        let mut made = Made::new(&settings.source);
        let region = self.region_of(settings.region.as_deref());
        let id = shown(&settings.id);
        let arn = kms_key_arn(region, self.account, &id);
        let account = self.account.to_owned();
        let names: Vec<String> = settings
            .aliases
            .iter()
            .map(|alias| kms_key_arn(region, self.account, &shown(alias)))
            .chain([arn.clone()])
            .collect();
        let live = self.live(&settings.source, |below| {
            names.iter().find_map(|name| below.keys.get(name))
        });
        // One that the deployment reads by its alias has the ARN of the key that it is.
        let arn = live
            .and_then(|live| Some(live.description.known()?.arn.clone()))
            .unwrap_or(arn);
        let description = match &settings.description {
            Setting::LeftOut => Reading::Known(KeyDescription {
                manager: "CUSTOMER".to_owned(),
                state: "Enabled".to_owned(),
                origin: "AWS_KMS".to_owned(),
                spec: "SYMMETRIC_DEFAULT".to_owned(),
                ..KeyDescription::default()
            }),
            setting => made.reading(setting, Reading::Absent),
        }
        .map(|description| KeyDescription {
            arn: arn.clone(),
            account,
            ..description
        });
        let policy = match (&settings.policy, live) {
            (Setting::LeftOut, Some(live)) => live.policy.clone(),
            (Setting::LeftOut, None) => Reading::Known(self.default_key_policy()),
            (policy, _) => self.policy(policy, Some(&arn), &mut made),
        };
        let key = KeyInventory {
            description,
            rotation: made.reading(&settings.rotation, Reading::Known(KeyRotation::default())),
            policy,
            grants: match live {
                Some(live) => live.grants.clone(),
                // A new key has no grants. A plan may make some, which are not read.
                None if !self.settings.names_existing => Reading::Known(Vec::new()),
                None => Reading::NotCollected,
            },
        };
        for name in names {
            let pointer = pointer(["accounts", self.account, "keys", &name]);
            if let Some(position) = &settings.source.position {
                self.positions.insert(pointer, position.clone());
            }
            self.key_references
                .insert(name.clone(), made.references.clone());
            self.inventory.keys.insert(name, key.clone());
        }
    }

    /// The policy of a key that is made without one (KMS developer guide, "Default key policy", copy of
    /// 2026).
    fn default_key_policy(&self) -> String {
        let root = format!("arn:{}:iam::{}:root", self.partition(), self.account);
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": root},
            "Action": "kms:*", "Resource": "*",
        }]})
        .to_string()
    }

    pub(super) fn access_point(&mut self, settings: &'a AccessPointSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let region = self.region_of(settings.region.as_deref());
        let name = Self::name_of(&settings.name, source);
        let own_arn = access_point_arn(
            region,
            self.account,
            &Self::symbolic_name(&settings.name, source),
        );
        let block = match &settings.public_access_block {
            Setting::LeftOut => Reading::Known(ALL_BLOCKED),
            Setting::Undetermined(reference) => self.unknown_block(reference, &mut made),
            Setting::Written(block) => Reading::Known(self.block(block, &mut made)),
        };
        let policy = self.policy(&settings.policy, Some(&own_arn), &mut made);
        let vpc = match &settings.vpc {
            Setting::LeftOut => None,
            Setting::Written(vpc) => Some(shown(vpc)),
            Setting::Undetermined(reference) => Some(shown(reference)),
        };
        let point = AccessPointInventory {
            bucket: Self::noted(&settings.bucket, &mut made),
            bucket_account: settings.bucket_account.as_deref().map(shown),
            network_origin: if vpc.is_some() { "VPC" } else { "Internet" }.to_owned(),
            vpc,
            configuration: block.map(|public_access_block| AccessPointConfiguration {
                public_access_block,
                created: None,
            }),
            policy_status: match &policy {
                Reading::Absent => Reading::Absent,
                _ => Reading::Undetermined("AWS's judgement of the policy".to_owned()),
            },
            policy,
        };
        let arn = access_point_arn(region, self.account, &name);
        let at = regional_pointer(self.account, region, "access_points", &name);
        self.register(SubjectKind::AccessPoint, arn, at, made);
        self.region_inventory(region)
            .access_points
            .insert(name, point);
    }

    pub(super) fn multi_region_access_point(&mut self, settings: &'a MultiRegionSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let name = Self::name_of(&settings.name, source);
        // The alias, which the ARN is made of, is generated.
        let alias = shown(&super::super::value::fixed_symbol(&source.address));
        let arn = multi_region_access_point_arn(self.partition(), self.account, &alias);
        let public_access_block = match &settings.public_access_block {
            Setting::LeftOut => ALL_BLOCKED,
            Setting::Undetermined(reference) => self
                .unknown_block(reference, &mut made)
                .known()
                .copied()
                .unwrap_or_default(),
            Setting::Written(block) => self.block(block, &mut made),
        };
        let policy = self.policy(&settings.policy, Some(&arn), &mut made);
        let point = MultiRegionAccessPointInventory {
            alias,
            status: "READY".to_owned(),
            public_access_block,
            regions: settings
                .buckets
                .iter()
                .map(|bucket| AccessPointRegion {
                    bucket: Self::noted(bucket, &mut made),
                    region: self.region.to_owned(),
                    bucket_account: None,
                })
                .collect(),
            policy_status: match &policy {
                Reading::Absent => Reading::Absent,
                _ => Reading::Undetermined("AWS's judgement of the policy".to_owned()),
            },
            policy,
        };
        let at = pointer([
            "accounts",
            self.account,
            "multi_region_access_points",
            &name,
        ]);
        self.register(SubjectKind::AccessPoint, arn, at, made);
        self.inventory
            .multi_region_access_points
            .insert(name, point);
    }
}

/// Object Ownership of a bucket as the deployment writes it.
fn own_ownership(setting: &Setting<String>, new: bool, made: &mut Made<'_>) -> Reading<Ownership> {
    let owned = |object_ownership: String| Ownership { object_ownership };
    match setting {
        Setting::LeftOut if new => Reading::Known(owned(BUCKET_OWNER_ENFORCED.to_owned())),
        Setting::LeftOut => made.undetermined(NOT_WRITTEN),
        setting => made.reading(&setting.clone().map(owned), Reading::Absent),
    }
}

/// Whether AWS calls a policy public.
fn is_public(text: &str) -> bool {
    documented_public(&Policy::parse(text, PolicyKind::Resource)) == Some(true)
}

/// A policy without the Allow statements that make it public; none where nothing is left.
fn without_public_statements(text: &str) -> Option<String> {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else {
        return Some(text.to_owned());
    };
    if let Some(Value::Array(statements)) = document.get_mut("Statement") {
        statements.retain(|statement| {
            let alone = json!({"Version": "2012-10-17", "Statement": [statement]});
            !is_public(&alone.to_string())
        });
        if statements.is_empty() {
            return None;
        }
    }
    Some(document.to_string())
}

/// Logs go to the named bucket; without a name to the bucket itself.
fn target_of(logging: Logging, own: &str) -> Logging {
    Logging {
        target_bucket: if logging.target_bucket.is_empty() {
            own.to_owned()
        } else {
            shown(&logging.target_bucket)
        },
        target_prefix: shown(&logging.target_prefix),
        ..logging
    }
}

fn replication_shown(replication: Replication) -> Replication {
    Replication {
        role: shown(&replication.role),
        rules: replication
            .rules
            .into_iter()
            .map(|rule| crate::inventory::bucket::ReplicationRule {
                id: shown(&rule.id),
                destination: shown(&rule.destination),
                destination_account: rule.destination_account.as_deref().map(shown),
                replica_key: rule.replica_key.as_deref().map(shown),
                ..rule
            })
            .collect(),
    }
}

/// The grants of a canned ACL beyond the owner's full control (S3 user guide, "Canned ACL", copy of
/// 2026); none for a name that it does not list. `aws-exec-read` and the object ACLs give a bucket's
/// own objects nothing that is public.
fn canned_grants(canned: &str) -> Option<Vec<Grant>> {
    let name: String = canned
        .chars()
        .filter(|letter| *letter != '-')
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let grants: &[(&str, &str)] = match name.as_str() {
        "private" | "bucketownerread" | "bucketownerfullcontrol" => &[],
        "publicread" => &[("AllUsers", "READ")],
        "publicreadwrite" => &[("AllUsers", "READ"), ("AllUsers", "WRITE")],
        "authenticatedread" => &[("AuthenticatedUsers", "READ")],
        "logdeliverywrite" => &[("LogDelivery", "WRITE"), ("LogDelivery", "READ_ACP")],
        // Amazon EC2's canonical user gets READ to fetch an AMI bundle.
        "awsexecread" => &[(EC2, "READ")],
        _ => return None,
    };
    Some(
        grants
            .iter()
            .map(|(grantee, permission)| Grant {
                grantee: (*grantee).to_owned(),
                permission: (*permission).to_owned(),
            })
            .collect(),
    )
}

/// Canonical user id of Amazon EC2's AMI bundles (S3 user guide, "Canned ACL").
const EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";
