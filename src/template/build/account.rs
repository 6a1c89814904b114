//! The account, its Regions, trails and identities.

use std::collections::BTreeSet;

use super::super::aws_managed;
use super::super::settings::{
    EventStoreSettings, IdentitySettings, ManagedPolicySettings, Setting, TrailSettings,
};
use super::super::value::shown;
use super::{Builder, Made, outside};
use crate::inventory::Reading;
use crate::inventory::account::{Listing, RegionInventory, RegionListing};
use crate::inventory::config::{ConfigRecorder, ConfigRecorderStatus};
use crate::inventory::identity::{AccessKey, IdentityInventory, ManagedPolicyInventory};
use crate::inventory::ids::{SubjectKind, account_arn, kms_key_arn, region_arn, trail_arn};
use crate::inventory::key::KeyInventory;
use crate::inventory::pointer::pointer;
use crate::inventory::target::TargetInventory;

/// A Region in which the deployment makes nothing so far.
pub(super) fn empty_region() -> RegionInventory {
    RegionInventory {
        function_listing: Reading::Known(Listing { complete: true }),
        event_source_mappings: Reading::Known(Vec::new()),
        rules: Reading::Known(Vec::new()),
        schedules: Reading::Known(Vec::new()),
        scalable_targets: Reading::Known(Vec::new()),
        trail_listing: Reading::Known(Vec::new()),
        config_recorders: Reading::Known(Vec::new()),
        config_recorder_status: Reading::Known(Vec::new()),
        config_delivery_channels: Reading::Known(Vec::new()),
        config_deliveries: Reading::Undetermined("AWS Config's deliveries".to_owned()),
        config_rules: Reading::Known(Vec::new()),
        access_point_listing: Reading::Known(Listing { complete: true }),
        // Of a deployment without Web Functions there is nothing to say.
        web_function_listing: Reading::NotCollected,
        ..RegionInventory::default()
    }
}

fn recorder_status(recorder: &ConfigRecorder, recording: bool) -> ConfigRecorderStatus {
    ConfigRecorderStatus {
        name: recorder.name.clone(),
        recording,
        ..ConfigRecorderStatus::default()
    }
}

/// Adds to a list of the account what the deployment makes, in the place of what is the same.
fn add<T: Clone>(live: &mut Reading<Vec<T>>, made: &[T], same: impl Fn(&T, &T) -> bool) {
    match live {
        Reading::Known(items) => {
            items.retain(|item| !made.iter().any(|one| same(one, item)));
            items.extend_from_slice(made);
        }
        Reading::Absent if !made.is_empty() => *live = Reading::Known(made.to_vec()),
        _ => {}
    }
}

impl<'a> Builder<'a> {
    /// The account and the Region, with what the deployment makes once in them.
    pub(super) fn surroundings(&mut self) {
        let settings = self.settings;
        if self.below().is_some() {
            self.over_live_surroundings();
            return;
        }
        let inventory = &mut self.inventory;
        // Other buckets may be there: a name that is not listed proves nothing.
        inventory.bucket_listing = Reading::Known(Listing { complete: false });
        inventory.identity_listing = Reading::Known(Listing { complete: true });
        inventory.multi_region_access_point_listing = Reading::Known(Listing { complete: true });
        inventory.region_listing = Reading::Known(RegionListing {
            regions: vec![self.region.to_owned()],
        });
        let nothing = Default::default();
        let mut made = Made::new(settings.account_source.as_ref().unwrap_or(&nothing));
        self.inventory.public_access_block = match &settings.account_public_access_block {
            Setting::LeftOut => Reading::Absent,
            Setting::Undetermined(reference) => made.undetermined(reference),
            Setting::Written(block) => Reading::Known(self.block(block, &mut made)),
        };
        if settings.account_source.is_some() {
            self.register(
                SubjectKind::Account,
                account_arn(self.partition(), self.account),
                pointer(["accounts", self.account, "public_access_block"]),
                made,
            );
        }
        let recorders = settings.config.recorders.iter();
        let (names, status) = recorders
            .map(|(recorder, recording)| (recorder.clone(), recorder_status(recorder, *recording)))
            .unzip();
        let region = self.region_inventory(self.region);
        region.config_recorders = Reading::Known(names);
        region.config_recorder_status = Reading::Known(status);
        region.config_delivery_channels = Reading::Known(settings.config.channels.clone());
        region.config_rules = Reading::Known(settings.config.rules.clone());
        region.event_source_mappings = Reading::Known(settings.event_source_mappings.clone());
        region.rules = Reading::Known(settings.rules.clone());
        region.schedules = Reading::Known(settings.schedules.clone());
        region.scalable_targets = Reading::Known(settings.scalable_targets.clone());
        if let Some(source) = &settings.config.source {
            let at = pointer(["accounts", self.account, "regions", self.region]);
            let arn = region_arn(self.region, self.account);
            self.register(SubjectKind::Region, arn, at, Made::new(source));
        }
    }

    /// What the deployment makes once in the account and the Region, over what they have.
    fn over_live_surroundings(&mut self) {
        let settings = self.settings;
        if let Some(source) = &settings.account_source {
            let mut made = Made::new(source);
            match &settings.account_public_access_block {
                Setting::LeftOut => {}
                Setting::Undetermined(reference) => {
                    self.inventory.public_access_block = made.undetermined(reference);
                }
                Setting::Written(block) => {
                    let block = self.block(block, &mut made);
                    self.inventory.public_access_block = Reading::Known(block);
                }
            }
            let arn = account_arn(self.partition(), self.account);
            let at = pointer(["accounts", self.account, "public_access_block"]);
            self.register(SubjectKind::Account, arn, at, made);
        }
        let region = self.region_inventory(self.region);
        add(
            &mut region.event_source_mappings,
            &settings.event_source_mappings,
            |one, other| one.function_arn == other.function_arn && one.source == other.source,
        );
        add(&mut region.rules, &settings.rules, |one, other| {
            one.name == other.name && one.bus == other.bus
        });
        add(&mut region.schedules, &settings.schedules, |one, other| {
            one.name == other.name && one.group == other.group
        });
        add(
            &mut region.scalable_targets,
            &settings.scalable_targets,
            |one, other| one.function == other.function && one.qualifier == other.qualifier,
        );
        if let Some(source) = &settings.config.source {
            let recorders = settings.config.recorders.iter();
            let (names, status) = recorders
                .map(|(recorder, recording)| {
                    (recorder.clone(), recorder_status(recorder, *recording))
                })
                .unzip();
            region.config_recorders = Reading::Known(names);
            region.config_recorder_status = Reading::Known(status);
            add(
                &mut region.config_delivery_channels,
                &settings.config.channels,
                |one, other| one.name == other.name,
            );
            let at = pointer(["accounts", self.account, "regions", self.region]);
            let arn = region_arn(self.region, self.account);
            self.register(SubjectKind::Region, arn, at, Made::new(source));
        }
        let region = self.region_inventory(self.region);
        add(
            &mut region.config_rules,
            &settings.config.rules,
            |one, other| one.name == other.name,
        );
    }

    pub(super) fn trail(&mut self, settings: &'a TrailSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let region = self.region_of(settings.region.as_deref());
        let name = Self::name_of(&settings.name, source);
        let arn = trail_arn(region, self.account, &name);
        let mut trail = settings.trail.clone();
        trail.name = name;
        trail.home_region = region.to_owned();
        trail.multi_region = self.flag(&settings.multi_region, &mut made);
        trail.organization = self.flag(&settings.organization, &mut made);
        trail.log_file_validation = self.flag(&settings.log_file_validation, &mut made);
        trail.bucket = shown(&trail.bucket);
        trail.kms_key = trail.kms_key.as_deref().map(shown);
        self.region_inventory(region);
        let closed = self.below().is_none();
        for (name, inventory) in &mut self.inventory.regions {
            if trail.multi_region || name == region {
                match &mut inventory.trail_listing {
                    Reading::Known(listed) if listed.contains(&arn) => {}
                    Reading::Known(listed) => listed.push(arn.clone()),
                    // What was not read of the account may list more.
                    _ if !closed => {}
                    other => *other = Reading::Known(vec![arn.clone()]),
                }
            }
        }
        let at = pointer(["accounts", self.account, "trails", &arn]);
        self.register(SubjectKind::Trail, arn.clone(), at, made);
        self.inventory.trails.insert(arn, trail);
    }

    /// An event data store, which records data events beside trails.
    pub(super) fn event_data_store(&mut self, settings: &'a EventStoreSettings) {
        let region = self.region_of(settings.region.as_deref());
        let stores = &mut self.region_inventory(region).event_data_stores;
        match (&settings.store, stores) {
            (Setting::LeftOut, _) => {}
            (Setting::Written(store), Reading::Known(listed)) => {
                listed.retain(|other| other.name != store.name);
                listed.push(store.clone());
            }
            (Setting::Written(store), stores @ (Reading::NotCollected | Reading::Absent)) => {
                *stores = Reading::Known(vec![store.clone()]);
            }
            (Setting::Written(_), _) => {}
            (Setting::Undetermined(reference), stores) => {
                *stores = Reading::Undetermined(shown(reference));
            }
        }
    }

    /// Users, groups, roles and managed policies.
    pub(super) fn identities(&mut self) {
        let settings = self.settings;
        for policy in &settings.managed_policies {
            self.managed_policy(policy);
        }
        for identity in &settings.identities {
            self.identity(identity);
        }
        self.policies_of_aws();
        let closed = self.below().is_none();
        let made: BTreeSet<&String> = (self.resources.iter())
            .filter(|(key, _)| key.kind == SubjectKind::Identity)
            .map(|(key, _)| &key.arn)
            .collect();
        for (arn, policy) in &mut self.inventory.managed_policies {
            // AWS's own count of the others is known.
            if !closed && !made.contains(arn) {
                continue;
            }
            let identities = self.inventory.identities.values();
            let count = |has: &dyn Fn(&IdentityInventory) -> bool| {
                u32::try_from(identities.clone().filter(|identity| has(identity)).count())
                    .unwrap_or(u32::MAX)
            };
            policy.attachments = count(&|identity| identity.attached.contains(arn));
            policy.boundary_uses =
                count(&|identity| identity.boundary.as_deref() == Some(arn.as_str()));
        }
    }

    /// The texts of AWS's policies that identities have. What a live account answered stays.
    fn policies_of_aws(&mut self) {
        let named: BTreeSet<String> = (self.inventory.identities.values())
            .flat_map(|identity| identity.attached.iter().chain(&identity.boundary))
            .cloned()
            .collect();
        for arn in named {
            if let Some(document) = aws_managed::document(&arn) {
                let name = arn.rsplit('/').next().unwrap_or(&arn).to_owned();
                let policies = &mut self.inventory.managed_policies;
                policies
                    .entry(arn)
                    .or_insert_with(|| ManagedPolicyInventory {
                        name,
                        document: Some(document.to_owned()),
                        ..ManagedPolicyInventory::default()
                    });
            }
        }
    }

    fn iam_arn(&self, kind: &str, path: &str, name: &str) -> String {
        let path = if path.is_empty() { "/" } else { path };
        format!(
            "arn:{}:iam::{}:{kind}{path}{name}",
            self.partition(),
            self.account
        )
    }

    fn managed_policy(&mut self, settings: &'a ManagedPolicySettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let name = Self::name_of(&settings.name, source);
        let arn = self.iam_arn("policy", &shown(&settings.path), &name);
        // A document that is not known is none: what depends on it is not assessed.
        let document = self.document(&settings.document, None, &mut made);
        let document = match document {
            // A policy without a statement that applies allows nothing.
            Ok(text) => Some(text.unwrap_or_else(|| r#"{"Statement":[]}"#.to_owned())),
            Err(reference) => {
                made.references.insert(shown(&reference));
                None
            }
        };
        let at = pointer(["accounts", self.account, "managed_policies", &arn]);
        self.register(SubjectKind::Identity, arn.clone(), at, made);
        self.inventory.managed_policies.insert(
            arn,
            ManagedPolicyInventory {
                name,
                document,
                ..settings.policy.clone()
            },
        );
    }

    fn identity(&mut self, settings: &'a IdentitySettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let name = Self::name_of(&settings.name, source);
        let mut identity = settings.identity.clone();
        if identity.path.is_empty() {
            identity.path = "/".to_owned();
        }
        identity.arn = self.iam_arn(&settings.kind, &shown(&identity.path), &name);
        identity.attached = identity.attached.iter().map(|arn| shown(arn)).collect();
        identity.attached.sort();
        identity.boundary = identity.boundary.as_deref().map(shown);
        identity.groups = identity.groups.iter().map(|group| shown(group)).collect();
        identity.groups.sort();
        made.references.extend(settings.undetermined.clone());
        for (name, document) in &settings.inline {
            match self.document(document, None, &mut made) {
                Ok(Some(text)) => {
                    identity.inline.insert(shown(name), text);
                }
                Ok(None) => {}
                Err(reference) => {
                    made.references.insert(shown(&reference));
                    // Not JSON, so that nothing is concluded from it.
                    identity.inline.insert(shown(name), String::new());
                }
            }
        }
        identity.access_keys = Reading::Known(
            settings
                .access_keys
                .iter()
                .map(|key| AccessKey {
                    created: Some(self.settings.taken_at.clone()),
                    ..key.clone()
                })
                .collect(),
        );
        let key = format!("{}/{name}", settings.kind);
        identity.trust = match &settings.trust {
            Setting::Written(document) => match self.document(document, None, &mut made) {
                Ok(text) => text,
                Err(reference) => {
                    made.references.insert(shown(&reference));
                    // Not JSON, so that nothing is concluded from it.
                    Some(String::new())
                }
            },
            Setting::Undetermined(reference) => {
                made.references.insert(shown(reference));
                Some(String::new())
            }
            Setting::LeftOut => None,
        };
        if let Some(live) = self.live(source, |below| below.identities.get(&key)) {
            self.over_live_identity(&mut identity, live, &settings.removed, &mut made);
        }
        let at = pointer(["accounts", self.account, "identities", &key]);
        self.register(SubjectKind::Identity, identity.arn.clone(), at, made);
        self.inventory.identities.insert(key, identity);
    }

    /// Keys and buckets that the deployment names and does not make: nothing is known about them.
    pub(super) fn outside_of_the_deployment(&mut self) {
        let account = self.account;
        let keys: BTreeSet<String> = self
            .inventory
            .buckets
            .values()
            .filter_map(|bucket| bucket.encryption_key(account))
            .chain(self.inventory.trails.values().filter_map(|trail| {
                let key = trail.kms_key.as_deref()?;
                Some(kms_key_arn(&trail.home_region, account, key))
            }))
            .collect();
        for key in keys {
            let name = key.rsplit(':').next().unwrap_or_default();
            let what = format!("the KMS key {name}");
            self.inventory
                .keys
                .entry(key)
                .or_insert_with(|| KeyInventory {
                    description: Reading::Undetermined(outside(&what)),
                    rotation: Reading::Undetermined(outside(&what)),
                    policy: Reading::Undetermined(outside(&what)),
                    grants: Reading::Undetermined(outside(&what)),
                });
        }
        let targets: BTreeSet<String> = self
            .inventory
            .buckets
            .values()
            .flat_map(|bucket| bucket.destinations())
            .map(str::to_owned)
            .collect();
        for target in targets {
            // What the account has there was read.
            if self.inventory.targets.contains_key(&target) {
                continue;
            }
            if let Some(bucket) = self.inventory.buckets.get(&target) {
                // One that exists is not in a listing here, and is the account's all the same.
                if bucket.created.is_none() {
                    let listed = TargetInventory {
                        listed: Some(true),
                        ..TargetInventory::default()
                    };
                    self.inventory.targets.insert(target, listed);
                }
                continue;
            }
            let what = format!("the bucket {target}");
            self.inventory.targets.insert(
                target,
                TargetInventory {
                    listed: None,
                    head: Reading::Undetermined(outside(&what)),
                },
            );
        }
    }
}
