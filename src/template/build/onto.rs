//! A deployment laid over an account.
//!
//! What the deployment writes replaces what the account has; everything else stays. In between is what a
//! template leaves out of a resource that exists. A plan says whether it manages a setting. A template
//! does not: a property that an earlier version of it wrote is removed with the stack's next update,
//! and one that it never wrote stays as it is. Both are built ([`Unwritten`]), so that a verdict that
//! depends on it is not assessed. A bucket whose tags show that no stack made it loses nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::settings::{
    BlockSettings, BucketSettings, DeletedResource, FunctionPart, FunctionSettings, NOT_IN_PLAN,
    ResourceSource, Setting,
};
use super::{Builder, Made};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{
    Acl, BucketInventory, Encryption, Ownership, PublicAccessBlock, Versioning,
};
use crate::inventory::function::FunctionInventory;
use crate::inventory::identity::IdentityInventory;

/// What becomes of what the account has and the template leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwritten {
    /// No earlier version of the template wrote it: it stays.
    Kept,
    /// An earlier version wrote it: the update of the stack removes it.
    Removed,
}

/// The tag that CloudFormation puts on what a stack makes.
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// A bucket that the account has.
pub(super) struct LiveBucket<'a> {
    pub(super) bucket: &'a BucketInventory,
    /// A stack may have written its settings.
    of_a_stack: bool,
}

impl<'a> LiveBucket<'a> {
    fn new(bucket: &'a BucketInventory) -> Self {
        let of_a_stack = match &bucket.tags {
            Reading::Known(tags) => tags.contains_key(STACK_TAG),
            Reading::Absent => false,
            _ => true,
        };
        Self { bucket, of_a_stack }
    }
}

impl<'a> Builder<'a> {
    /// The account that the deployment is laid over.
    pub(super) fn below(&self) -> Option<&'a AccountInventory> {
        self.settings.onto.as_deref()?.accounts.get(self.account)
    }

    /// True where the input leaves open whether the resource is the one that the account has: a plan
    /// says that a resource is made, and then it is another one.
    fn may_exist(&self, source: &ResourceSource) -> bool {
        source.existing || !self.settings.names_existing
    }

    pub(super) fn live_bucket(
        &self,
        name: &str,
        source: &ResourceSource,
    ) -> Option<LiveBucket<'a>> {
        let bucket = self.below()?.buckets.get(name)?;
        self.may_exist(source).then(|| LiveBucket::new(bucket))
    }

    /// What the account has under a name, where it may be the same resource.
    pub(super) fn live<T>(
        &self,
        source: &ResourceSource,
        find: impl FnOnce(&'a AccountInventory) -> Option<&'a T>,
    ) -> Option<&'a T> {
        let found = find(self.below()?)?;
        self.may_exist(source).then_some(found)
    }

    /// What is left out, of which an update leaves `removed` if the template wrote it before.
    pub(super) fn unwritten<T: Clone + PartialEq>(
        &self,
        (live, of_a_stack): (&Reading<T>, bool),
        removed: Reading<T>,
        what: &str,
        made: &mut Made<'_>,
    ) -> Reading<T> {
        let kept = self.settings.names_existing || made.source.partial;
        if kept || !of_a_stack || *live == removed {
            return live.clone();
        }
        self.note_unwritten(what, made);
        match self.unwritten {
            Unwritten::Kept => live.clone(),
            Unwritten::Removed => removed,
        }
    }

    fn note_unwritten(&self, what: &str, made: &mut Made<'_>) {
        made.references.insert(format!(
            "whether an earlier version of the template wrote {what}"
        ));
    }

    /// Account-level Block Public Access, as far as it is known.
    fn account_block(&self) -> Option<PublicAccessBlock> {
        self.inventory.public_access_block.known().copied()
    }

    /// True where the bucket or the account refuses public policies.
    pub(super) fn refuses_public_policies(&self, block: &Reading<PublicAccessBlock>) -> bool {
        let own = block.known().is_some_and(|block| block.block_public_policy);
        let of_account = self.below().and(self.account_block());
        own || of_account.is_some_and(|block| block.block_public_policy)
    }

    /// The members of a bucket that the account has and the deployment does not write.
    pub(super) fn over_live_bucket(
        &self,
        bucket: &mut BucketInventory,
        settings: &BucketSettings,
        live: &LiveBucket<'_>,
        made: &mut Made<'_>,
    ) {
        let LiveBucket {
            bucket: has,
            of_a_stack,
        } = live;
        // What a plan leaves out of a bucket that exists it has read back as not there.
        macro_rules! over {
            ($member:ident, $property:literal, $removed:expr) => {
                match &settings.$member {
                    setting if is_not_in_plan(setting) => {
                        bucket.$member = has.$member.clone();
                    }
                    Setting::LeftOut if !self.settings.names_existing => {
                        let live = (&has.$member, *of_a_stack);
                        bucket.$member = self.unwritten(live, $removed, $property, made);
                    }
                    _ => {}
                }
            };
        }
        over!(encryption, "BucketEncryption", sse_s3());
        over!(logging, "LoggingConfiguration", Reading::Absent);
        over!(
            versioning,
            "VersioningConfiguration",
            suspended(&has.versioning)
        );
        over!(website, "WebsiteConfiguration", Reading::Absent);
        over!(cors, "CorsConfiguration", Reading::Absent);
        over!(lifecycle, "LifecycleConfiguration", Reading::Absent);
        over!(replication, "ReplicationConfiguration", Reading::Absent);
        // Neither says of these that they are gone.
        if is_left_out(&settings.tags) {
            bucket.tags = has.tags.clone();
        }
        if is_left_out(&settings.object_lock) {
            bucket.object_lock = has.object_lock.clone();
        }
        if is_left_out(&settings.abac) {
            bucket.abac = has.abac.clone();
        }
        if is_left_out(&settings.request_payment) {
            bucket.request_payment = has.request_payment.clone();
        }
        if bucket.policy == has.policy {
            bucket.policy_status = has.policy_status.clone();
        }
        bucket.object_sample = has.object_sample.clone();
        bucket.object_acls = has.object_acls.clone();
        bucket.created.clone_from(&has.created);
        if bucket.region.as_deref() == Some(super::UNKNOWN_REGION) {
            bucket.region.clone_from(&has.region);
        }
        made.references.remove(NOT_IN_PLAN);
    }

    /// The policy of a bucket that the account has, where the deployment does not write one.
    pub(super) fn over_live_policy(
        &self,
        policy: Reading<String>,
        settings: &BucketSettings,
        live: &LiveBucket<'_>,
        made: &mut Made<'_>,
    ) -> Reading<String> {
        match &settings.policy {
            setting if is_not_in_plan(setting) => live.bucket.policy.clone(),
            Setting::LeftOut if !self.settings.names_existing => {
                // Another stack, or a person, may have put it: the tags of the bucket say nothing.
                let has = (&live.bucket.policy, live.of_a_stack);
                self.unwritten(has, Reading::Absent, "a bucket policy", made)
            }
            _ => policy,
        }
    }

    /// Block Public Access of a bucket that the account has, where the deployment does not write it.
    pub(super) fn over_live_block(
        &self,
        live: &LiveBucket<'_>,
        made: &mut Made<'_>,
        setting: &Setting<BlockSettings>,
    ) -> Reading<PublicAccessBlock> {
        if is_not_in_plan(setting) {
            return live.bucket.public_access_block.clone();
        }
        let has = (&live.bucket.public_access_block, live.of_a_stack);
        self.unwritten(has, Reading::Absent, "PublicAccessBlockConfiguration", made)
    }

    /// Object Ownership of a bucket that the account has, where the deployment does not write it.
    pub(super) fn over_live_ownership(
        &self,
        live: &LiveBucket<'_>,
        made: &mut Made<'_>,
        setting: &Setting<String>,
    ) -> Reading<Ownership> {
        if is_not_in_plan(setting) {
            return live.bucket.ownership.clone();
        }
        let has = (&live.bucket.ownership, live.of_a_stack);
        self.unwritten(has, Reading::Absent, "OwnershipControls", made)
    }

    /// The ACL of a bucket that the account has. GetBucketAcl answers with the effective ACL: grants
    /// that were hidden are not known, and appear when nothing hides them any more.
    pub(super) fn over_live_acl(
        &self,
        live: &LiveBucket<'_>,
        block: &Reading<PublicAccessBlock>,
        ownership: &Reading<Ownership>,
        made: &mut Made<'_>,
    ) -> Reading<Acl> {
        let ignored = |block: &Reading<PublicAccessBlock>| {
            block.known().is_some_and(|block| block.ignore_public_acls)
        };
        let enforced =
            |ownership: &Reading<Ownership>| ownership.known().is_some_and(Ownership::acls_off);
        let was = self
            .below()
            .is_some_and(|below| ignored(&below.public_access_block));
        let is = ignored(&self.inventory.public_access_block);
        let hid = (
            ignored(&live.bucket.public_access_block) || was,
            enforced(&live.bucket.ownership),
        );
        let hides = (ignored(block) || is, enforced(ownership));
        let Reading::Known(acl) = &live.bucket.acl else {
            return live.bucket.acl.clone();
        };
        let appears = (hid.1 && !hides.1) || (hid.0 && !hides.0 && !hides.1);
        if appears {
            return made.undetermined("grants that the ACL has and that have no effect now");
        }
        Reading::Known(Acl {
            owner: acl.owner.clone(),
            grants: acl
                .grants
                .iter()
                .filter(|grant| !(hides.1 || hides.0 && grant.is_public()))
                .cloned()
                .collect(),
        })
    }

    /// A list that has parts of its own: what the deployment writes, and the other parts that the account has.
    pub(super) fn over_live_list<T: Clone>(
        &self,
        built: Reading<Vec<T>>,
        live: &Reading<Vec<T>>,
        same: impl Fn(&T, &T) -> bool,
        is_gone: impl Fn(&T) -> bool,
        made: &mut Made<'_>,
    ) -> Reading<Vec<T>> {
        let Reading::Known(mut items) = built else {
            return built;
        };
        match live {
            Reading::Known(live) => {
                let others: Vec<T> = live
                    .iter()
                    .filter(|item| !is_gone(item) && !items.iter().any(|one| same(one, item)))
                    .cloned()
                    .collect();
                if !others.is_empty() && self.keeps("other parts of the function", made) {
                    items.extend(others);
                }
                Reading::Known(items)
            }
            Reading::Absent => Reading::Known(items),
            other => other.clone(),
        }
    }

    /// The parts of a function that the deployment does not write.
    pub(super) fn over_live_function(
        &self,
        function: &mut FunctionInventory,
        settings: &FunctionSettings,
        has: &FunctionInventory,
        made: &mut Made<'_>,
    ) {
        let removed =
            |part: FunctionPart, name: &str| settings.removed.contains(&(part, name.to_owned()));
        for (version, configuration) in &has.versions {
            function
                .versions
                .entry(version.clone())
                .or_insert_with(|| configuration.clone());
        }
        function.aliases = self.over_live_list(
            std::mem::take(&mut function.aliases),
            &has.aliases,
            |one, other| one.name == other.name,
            |alias| removed(FunctionPart::Aliases, &alias.name),
            made,
        );
        function.urls = self.over_live_list(
            std::mem::take(&mut function.urls),
            &has.urls,
            |one, other| one.qualifier == other.qualifier,
            |url| removed(FunctionPart::Urls, &url.qualifier),
            made,
        );
        function.provisioned_concurrency = self.over_live_list(
            std::mem::take(&mut function.provisioned_concurrency),
            &has.provisioned_concurrency,
            |one, other| one.qualifier == other.qualifier,
            |configuration| removed(FunctionPart::Provisioned, &configuration.qualifier),
            made,
        );
        function.policies =
            self.over_live_policies(std::mem::take(&mut function.policies), settings, has, made);
        if settings.reserved_concurrency == Setting::LeftOut {
            let live = (&has.reserved_concurrency, true);
            function.reserved_concurrency =
                self.unwritten(live, Reading::Absent, "ReservedConcurrentExecutions", made);
        }
        function.invocations = has.invocations.clone();
        function.provisioned_usage = has.provisioned_usage.clone();
        // Requests that were answered under other settings prove nothing about the new ones.
        if (&function.urls, &function.policies) == (&has.urls, &has.policies) {
            function.url_calls = has.url_calls.clone();
        }
    }

    /// The resource policies of a function: a template names its statements by their logical ids, of
    /// which CloudFormation makes the `Sid`.
    fn over_live_policies(
        &self,
        built: Reading<BTreeMap<String, Option<String>>>,
        settings: &FunctionSettings,
        has: &FunctionInventory,
        made: &mut Made<'_>,
    ) -> Reading<BTreeMap<String, Option<String>>> {
        let Reading::Known(mut policies) = built else {
            return built;
        };
        let live = match &has.policies {
            Reading::Known(live) => live,
            Reading::Absent => return Reading::Known(policies),
            other => return other.clone(),
        };
        let written = |sid: &str| {
            settings.permissions.iter().any(|permission| {
                let id = permission.sid.rsplit('/').next().unwrap_or_default();
                sid == permission.sid || sid == id || sid.contains(&format!("-{id}-"))
            })
        };
        let gone = |sid: &str| {
            written(sid)
                || settings
                    .removed
                    .contains(&(FunctionPart::Policies, sid.to_owned()))
        };
        let replaces = |qualifier: &String| {
            let mut documents = settings.documents.iter();
            documents.any(|(of, _)| *qualifier == super::function::qualifier(of))
        };
        for (qualifier, text) in live.iter().filter(|(qualifier, _)| !replaces(qualifier)) {
            let built = policies.get(qualifier).cloned().flatten();
            let more = joined_policy(built.as_deref(), text.as_deref(), |sid| !gone(sid));
            let same = statements(more.as_deref()) == statements(built.as_deref());
            if !same && !self.keeps("other statements of the function's policy", made) {
                continue;
            }
            policies.insert(qualifier.clone(), if same { built } else { more });
        }
        Reading::Known(policies)
    }

    /// Whether this rendering keeps what the deployment does not write.
    pub(super) fn keeps(&self, what: &str, made: &mut Made<'_>) -> bool {
        if self.settings.names_existing || made.source.partial {
            return true;
        }
        self.note_unwritten(what, made);
        self.unwritten == Unwritten::Kept
    }

    /// The policies of an identity that the deployment does not write.
    pub(super) fn over_live_identity(
        &self,
        identity: &mut IdentityInventory,
        has: &IdentityInventory,
        removed: &BTreeSet<String>,
        made: &mut Made<'_>,
    ) {
        identity.unique_id.clone_from(&has.unique_id);
        identity.tags.clone_from(&has.tags);
        identity.created.clone_from(&has.created);
        if identity.trust.is_none() {
            identity.trust.clone_from(&has.trust);
        }
        if let (Reading::Known(keys), Reading::Known(live)) =
            (&mut identity.access_keys, &has.access_keys)
        {
            keys.extend(live.iter().cloned());
        } else {
            identity.access_keys = has.access_keys.clone();
        }
        let stays = |name: &String| !removed.contains(name);
        let inline = has
            .inline
            .iter()
            .filter(|(name, _)| stays(name) && !identity.inline.contains_key(*name));
        let attached = has
            .attached
            .iter()
            .filter(|arn| stays(arn) && !identity.attached.contains(arn));
        let groups = has
            .groups
            .iter()
            .filter(|group| !identity.groups.contains(group));
        let boundary = has
            .boundary
            .as_ref()
            .filter(|_| identity.boundary.is_none() && !self.settings.names_existing);
        let (inline, attached, groups): (Vec<_>, Vec<_>, Vec<_>) =
            (inline.collect(), attached.collect(), groups.collect());
        let more =
            !(inline.is_empty() && attached.is_empty() && groups.is_empty()) || boundary.is_some();
        if !more || !self.keeps("other policies of the identity", made) {
            return;
        }
        let boundary = boundary.cloned();
        let inline: Vec<(String, String)> = inline
            .into_iter()
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        let attached: Vec<String> = attached.into_iter().cloned().collect();
        let groups: Vec<String> = groups.into_iter().cloned().collect();
        identity.inline.extend(inline);
        identity.attached.extend(attached);
        identity.attached.sort();
        identity.groups.extend(groups);
        identity.groups.sort();
        if boundary.is_some() {
            identity.boundary = boundary;
        }
    }

    /// Takes what is deleted out of the account.
    pub(super) fn delete(&mut self) {
        let inventory = &mut self.inventory;
        for deleted in &self.settings.deleted {
            match deleted {
                DeletedResource::Bucket(name) => {
                    inventory.buckets.remove(name);
                }
                DeletedResource::Function(arn) => {
                    for region in inventory.regions.values_mut() {
                        region.functions.retain(|_, function| function.arn != *arn);
                    }
                }
                DeletedResource::Identity(key) => {
                    inventory.identities.remove(key);
                }
                DeletedResource::ManagedPolicy(arn) => {
                    inventory.managed_policies.remove(arn);
                    for identity in inventory.identities.values_mut() {
                        identity.attached.retain(|attached| attached != arn);
                    }
                }
                DeletedResource::Trail(arn) => {
                    inventory.trails.remove(arn);
                    for region in inventory.regions.values_mut() {
                        if let Reading::Known(listed) = &mut region.trail_listing {
                            listed.retain(|listed| listed != arn);
                        }
                    }
                }
                DeletedResource::Key(arn) => {
                    for key in inventory.keys.values_mut() {
                        if let Reading::Known(description) = &mut key.description
                            && description.arn == *arn
                        {
                            "PendingDeletion".clone_into(&mut description.state);
                        }
                    }
                }
                DeletedResource::AccessPoint(arn) => {
                    let name = arn.rsplit('/').next().unwrap_or_default();
                    let region = arn.split(':').nth(3).unwrap_or_default();
                    if let Some(region) = inventory.regions.get_mut(region) {
                        region.access_points.remove(name);
                    }
                }
                DeletedResource::AccountPublicAccessBlock => {
                    inventory.public_access_block = Reading::Absent;
                }
            }
        }
    }
}

/// True where the input does not have the setting of a bucket that exists.
pub(super) fn is_not_in_plan<T>(setting: &Setting<T>) -> bool {
    matches!(setting, Setting::Undetermined(reason) if reason == NOT_IN_PLAN)
}

/// True where the deployment does not write the setting.
pub(super) fn is_left_out<T: PartialEq>(setting: &Setting<T>) -> bool {
    *setting == Setting::LeftOut || is_not_in_plan(setting)
}

/// Default encryption after DeleteBucketEncryption (S3 user guide, "Default encryption FAQ").
fn sse_s3() -> Reading<Encryption> {
    Reading::Known(Encryption {
        algorithm: Some("AES256".to_owned()),
        ..Encryption::default()
    })
}

/// CloudFormation suspends versioning that a template no longer enables.
fn suspended(live: &Reading<Versioning>) -> Reading<Versioning> {
    match live {
        Reading::Known(versioning) if versioning.status.is_none() => live.clone(),
        Reading::Absent => Reading::Absent,
        Reading::Known(versioning) => Reading::Known(Versioning {
            status: Some("Suspended".to_owned()),
            ..versioning.clone()
        }),
        _ => Reading::Known(Versioning {
            status: Some("Suspended".to_owned()),
            ..Versioning::default()
        }),
    }
}

/// The statements of a function's policy: those that the deployment writes, and those of the account
/// that it does not replace. None without a statement.
fn joined_policy(
    built: Option<&str>,
    live: Option<&str>,
    stays: impl Fn(&str) -> bool,
) -> Option<String> {
    let without_sid = |statement: &Value| {
        let mut statement = statement.clone();
        if let Value::Object(members) = &mut statement {
            members.remove("Sid");
        }
        statement
    };
    let mut all = statements(built);
    for statement in statements(live) {
        let sid = statement
            .get("Sid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let there = all
            .iter()
            .any(|one| without_sid(one) == without_sid(&statement));
        if !there && stays(sid) {
            all.push(statement);
        }
    }
    if all.is_empty() {
        return None;
    }
    Some(json!({"Version": "2012-10-17", "Statement": all}).to_string())
}

/// The statements of a policy.
fn statements(text: Option<&str>) -> Vec<Value> {
    let document: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
    match document.and_then(|mut document| document.get_mut("Statement").map(Value::take)) {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}
