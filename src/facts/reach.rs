//! An account as the question "who can reach it?" takes it: what was read, and what was not.
//!
//! Nothing is decided here. A reading that was refused becomes a part that is missing and names its
//! IAM action, so that an answer which depends on it is unknown. Facts that ask share one compiled
//! account ([`CompiledAccounts`]), which is made when the first of them is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use coldbucket_policy::who_can::{
    AccessClass, AccountRecord, BucketRecord, CitedPolicy, DefaultKey, FunctionRecord,
    IdentityRecord, KeyGrant, KeyRecord, Knowledge, ReachQuestion, RoleAssumption, World,
};
use coldbucket_policy::{Policy, PolicyKind, batch};

use super::controls::Controls;
use super::identity::short;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{BucketInventory, PublicAccessBlock};
use crate::inventory::function::FunctionInventory;
use crate::inventory::held_policies::{HeldPolicy, PolicySource};
use crate::inventory::ids::{
    SubjectKind, account_of_arn, function_arn, kms_key_arn, resource_of_arn,
};
use crate::inventory::key::KeyInventory;
use crate::inventory::need::{Need, ReadingKind};
use crate::inventory::{Reading, Snapshot};
use crate::report::Reach;

/// What must be read to answer for buckets and functions.
pub fn needs() -> BTreeSet<(SubjectKind, Need)> {
    let bucket = [
        ReadingKind::BucketPolicy,
        ReadingKind::BucketPolicyStatus,
        ReadingKind::BucketPublicAccessBlock,
        ReadingKind::AccountPublicAccessBlock,
        ReadingKind::BucketOwnership,
        ReadingKind::BucketAcl,
        ReadingKind::BucketEncryption,
    ]
    .map(Need::own)
    .into_iter()
    .chain(
        [
            ReadingKind::KeyDescription,
            ReadingKind::KeyPolicy,
            ReadingKind::KeyGrants,
        ]
        .map(Need::of_key),
    )
    .map(|need| (SubjectKind::Bucket, need));
    let identity = [(
        SubjectKind::Identity,
        Need::own(ReadingKind::IdentityListing),
    )];
    let function = [(
        SubjectKind::Function,
        Need::own(ReadingKind::FunctionPolicies),
    )];
    bucket.chain(identity).chain(function).collect()
}

/// What was not read of the account as a whole: the actions that would list its identities.
pub fn unlisted(account: &AccountInventory) -> Option<String> {
    match &account.identity_listing {
        Reading::Known(listing) if listing.complete => None,
        other => Some(missing(other, ReadingKind::IdentityListing)),
    }
}

/// The account of a snapshot, by its id, with the control policies of the snapshot's organization that are
/// known to bind it.
pub fn account_record(snapshot: &Snapshot, id: &str) -> Option<AccountRecord> {
    bound_record(snapshot, id, &Controls::new(snapshot))
}

fn bound_record(snapshot: &Snapshot, id: &str, controls: &Controls<'_>) -> Option<AccountRecord> {
    let account = snapshot.accounts.get(id)?;
    let mut documents = Documents::default();
    let identities = account
        .identities
        .keys()
        .filter(|key| !key.starts_with("group/"))
        .filter_map(|key| identity(account, key, &mut documents))
        .collect();
    let buckets = account
        .buckets
        .iter()
        .map(|(name, found)| bucket(id, account, name, found))
        .collect();
    let keys = account
        .keys
        .iter()
        .map(|(arn, found)| (arn.clone(), key(id, arn, found)))
        .collect();
    let functions = account
        .regions
        .iter()
        .flat_map(|(region, found)| {
            found
                .functions
                .iter()
                .map(move |(name, found)| function(id, region, name, found))
        })
        .collect();
    let mut record = AccountRecord {
        identities,
        buckets,
        keys,
        functions,
        ..empty_record(snapshot, id, account)
    };
    bind(&mut record, controls);
    Some(record)
}

/// An account of which nothing but its id is known.
fn empty_record(snapshot: &Snapshot, id: &str, account: &AccountInventory) -> AccountRecord {
    AccountRecord {
        account: id.to_owned(),
        partition: account.partition(),
        organization: Knowledge::Missing("organizations:DescribeOrganization".to_owned()),
        identities: Vec::new(),
        scps: None,
        rcps: None,
        buckets: Vec::new(),
        keys: BTreeMap::new(),
        functions: Vec::new(),
        now: jiff::Timestamp::from_str(&snapshot.taken_at)
            .ok()
            .map(|time| time.as_duration().as_secs_f64().floor()),
    }
}

/// The name of a bucket that no policy names: what can read it, can read every bucket of the account.
const UNNAMED: &str = "coldbucket-a-bucket-that-no-policy-names";

/// The accounts of a snapshot, each compiled when a fact first asks about access to it.
#[derive(Clone, Debug)]
pub(in crate::facts) struct CompiledAccounts<'a> {
    snapshot: &'a Snapshot,
    of_accounts: BTreeMap<&'a str, OnceLock<Option<Arc<CompiledAccount>>>>,
}

impl<'a> CompiledAccounts<'a> {
    /// Compiles nothing yet.
    pub(in crate::facts) fn new(snapshot: &'a Snapshot) -> Self {
        let ids = snapshot.accounts.keys();
        Self {
            snapshot,
            of_accounts: ids.map(|id| (id.as_str(), OnceLock::new())).collect(),
        }
    }

    /// An account of the snapshot, with what binds it.
    pub(in crate::facts) fn account(
        &self,
        id: &str,
        controls: &Controls<'_>,
    ) -> Option<&CompiledAccount> {
        self.of_accounts
            .get(id)?
            .get_or_init(|| {
                let record = bound_record(self.snapshot, id, controls)?;
                Some(Arc::new(CompiledAccount::new(record)))
            })
            .as_deref()
    }

    /// One bucket and its key, in an account without identities.
    pub(in crate::facts) fn of_bucket(
        &self,
        id: &str,
        name: &str,
        controls: &Controls<'_>,
    ) -> Option<AccountRecord> {
        let account = self.snapshot.accounts.get(id)?;
        let found = account.buckets.get(name)?;
        let mut record = empty_record(self.snapshot, id, account);
        let bucket = bucket(id, account, name, found);
        if let Knowledge::Known(DefaultKey::Kms(arn)) = &bucket.key
            && let Some(found) = account.keys.get(arn)
        {
            record.keys.insert(arn.clone(), key(id, arn, found));
        }
        record.buckets.push(bucket);
        bind(&mut record, controls);
        Some(record)
    }
}

/// An account with its organization and the control policies that bind it.
fn bind(record: &mut AccountRecord, controls: &Controls<'_>) {
    if let Some(organization) = controls.organization_of(&record.account) {
        record.organization = Knowledge::Known(Some(organization.id.clone()));
    }
    let scps = controls.scp_levels(&record.account);
    if !scps.is_empty() {
        let cite = |(id, policy)| Arc::new(CitedPolicy::new(id, policy));
        let levels = scps
            .into_iter()
            .map(|level| level.into_iter().map(cite).collect());
        record.scps = Some(levels.collect());
    }
    let binding = controls.of(&record.account);
    if binding.rcps.is_empty() {
        return;
    }
    let names = binding.rcp_ids.iter();
    let levels = names.zip(&binding.rcps).map(|(name, level)| {
        let cite = |policy: &Policy| Arc::new(CitedPolicy::new(name.clone(), policy.clone()));
        level.iter().map(cite).collect()
    });
    record.rcps = Some(levels.collect());
}

/// One account, compiled.
#[derive(Debug)]
pub(in crate::facts) struct CompiledAccount {
    record: AccountRecord,
    world: World,
    /// The same with buckets that need no key.
    without_keys: OnceLock<World>,
    every_bucket: OnceLock<Option<Vec<Reach>>>,
    assumptions: OnceLock<BTreeMap<String, Vec<RoleAssumption>>>,
}

/// What one identity can do to a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::facts) struct IdentityReach<'a> {
    /// Kind and name, `role/deploy`.
    pub(in crate::facts) name: &'a str,
    /// Its ARN.
    pub(in crate::facts) arn: &'a str,
    /// Whether it can.
    pub(in crate::facts) reach: Reach,
}

impl CompiledAccount {
    fn new(record: AccountRecord) -> Self {
        Self {
            world: World::new(record.clone()),
            record,
            without_keys: OnceLock::new(),
            every_bucket: OnceLock::new(),
            assumptions: OnceLock::new(),
        }
    }

    /// Which identities can read objects of a bucket, in their order; roles that AWS services own are left
    /// out. None where there is no such bucket.
    pub(in crate::facts) fn readers(&self, bucket: &str) -> Option<Vec<IdentityReach<'_>>> {
        self.of_identities(&self.world, bucket)
    }

    /// What the policies of S3 alone say of the same, whatever the key says.
    pub(in crate::facts) fn readers_without_key(
        &self,
        bucket: &str,
    ) -> Option<Vec<IdentityReach<'_>>> {
        self.of_identities(self.world_without_keys(), bucket)
    }

    /// Which identities can read every bucket of the account, named or not, as far as S3 decides.
    pub(in crate::facts) fn readers_of_every_bucket(&self) -> Option<&[Reach]> {
        self.every_bucket
            .get_or_init(|| {
                let readers = self.of_identities(self.world_without_keys(), UNNAMED)?;
                Some(readers.iter().map(|one| one.reach).collect())
            })
            .as_deref()
    }

    /// By role, which principals outside the account can take it.
    pub(in crate::facts) fn assumptions(&self) -> &BTreeMap<String, Vec<RoleAssumption>> {
        self.assumptions
            .get_or_init(|| self.world.role_assumptions().into_iter().collect())
    }

    fn world_without_keys(&self) -> &World {
        self.without_keys.get_or_init(|| {
            let mut record = self.record.clone();
            let unnamed = record.buckets.first().map(|bucket| BucketRecord {
                name: UNNAMED.to_owned(),
                policy: Knowledge::Known(None),
                grants: Knowledge::Known(Vec::new()),
                ..bucket.clone()
            });
            record.buckets.extend(unnamed);
            for bucket in &mut record.buckets {
                bucket.key = Knowledge::Known(DefaultKey::S3);
            }
            World::new(record)
        })
    }

    fn of_identities(&self, world: &World, bucket: &str) -> Option<Vec<IdentityReach<'_>>> {
        let question = ReachQuestion {
            verdict_only: true,
            ..ReachQuestion::of_class(AccessClass::Read)
        };
        let verdicts = world.verdicts(bucket, &question).ok()?;
        let identities = self.record.identities.iter().zip(verdicts);
        Some(
            identities
                .filter(|(identity, _)| !identity.arn.contains(":role/aws-service-role/"))
                .map(|(identity, reach)| IdentityReach {
                    name: resource_of_arn(&identity.arn).unwrap_or_default(),
                    arn: &identity.arn,
                    reach,
                })
                .collect(),
        )
    }
}

/// The IAM action that reads what a reading does not hold.
fn missing<T>(reading: &Reading<T>, kind: ReadingKind) -> String {
    match reading {
        Reading::Denied { action, .. } | Reading::Failed { action, .. } => action.clone(),
        _ => kind.action().to_owned(),
    }
}

/// A reading with what AWS's "no such configuration" stands for.
fn known<T, U>(
    kind: ReadingKind,
    reading: &Reading<T>,
    absent: impl FnOnce() -> U,
    value: impl FnOnce(&T) -> U,
) -> Knowledge<U> {
    match reading {
        Reading::Known(found) => Knowledge::Known(value(found)),
        Reading::Absent => Knowledge::Known(absent()),
        other => Knowledge::Missing(missing(other, kind)),
    }
}

/// Policies that identities share, each parsed once.
#[derive(Default)]
struct Documents<'a>(HashMap<(String, &'a str), Arc<CitedPolicy>>);

impl<'a> Documents<'a> {
    fn cite(&mut self, name: String, document: &'a str, kind: PolicyKind) -> Arc<CitedPolicy> {
        Arc::clone(
            self.0
                .entry((name.clone(), document))
                .or_insert_with(|| Arc::new(CitedPolicy::new(name, Policy::parse(document, kind)))),
        )
    }
}

/// What answers call a policy of an identity: `inline/x`, `AdministratorAccess`, and behind that the
/// group that it comes from.
fn name(held: &HeldPolicy<'_>, key: &str) -> String {
    let own = match held.source {
        PolicySource::Inline(name) => format!("inline/{name}"),
        PolicySource::Managed(arn) => short(arn).to_owned(),
    };
    if held.holder == key {
        own
    } else {
        format!("{own} of {}", held.holder)
    }
}

fn identity<'a>(
    account: &'a AccountInventory,
    key: &str,
    documents: &mut Documents<'a>,
) -> Option<IdentityRecord> {
    const LISTING: ReadingKind = ReadingKind::IdentityListing;
    let found = account.identities.get(key)?;
    let mut policies = Vec::new();
    let mut unread = Vec::new();
    for held in account.policies_of(key) {
        match held.document {
            Some(document) => {
                policies.push(documents.cite(name(&held, key), document, PolicyKind::Identity));
            }
            None => unread.push(LISTING.action().to_owned()),
        }
    }
    let boundary = found
        .boundary
        .as_ref()
        .map(|arn| match account.document_of(arn) {
            Some(document) => Knowledge::Known(documents.cite(
                "boundary".to_owned(),
                document,
                PolicyKind::Identity,
            )),
            None => Knowledge::Missing(LISTING.action().to_owned()),
        });
    Some(IdentityRecord {
        arn: found.arn.clone(),
        unique_id: found.unique_id.clone(),
        tags: match &found.tags {
            Some(tags) => Knowledge::Known(tags.clone()),
            None => Knowledge::Missing(LISTING.action().to_owned()),
        },
        policies,
        boundary,
        trust: found
            .trust
            .as_deref()
            .map(|document| documents.cite("trust".to_owned(), document, PolicyKind::Trust)),
        unread,
    })
}

/// A resource policy; one that is no policy at all counts as not read.
fn resource_policy(name: &str, text: &str, missing: &str) -> Knowledge<Arc<CitedPolicy>> {
    match batch::bucket_policy(text) {
        Ok(policy) => Knowledge::Known(Arc::new(CitedPolicy::new(name, policy))),
        Err(_) => Knowledge::Missing(missing.to_owned()),
    }
}

fn bucket(
    id: &str,
    account: &AccountInventory,
    name: &str,
    found: &BucketInventory,
) -> BucketRecord {
    let policy = match known(
        ReadingKind::BucketPolicy,
        &found.policy,
        || None,
        |text| Some(text.clone()),
    ) {
        Knowledge::Known(None) => Knowledge::Known(None),
        Knowledge::Known(Some(text)) => {
            match resource_policy("bucket", &text, ReadingKind::BucketPolicy.action()) {
                Knowledge::Known(policy) => Knowledge::Known(Some(policy)),
                Knowledge::Missing(action) => Knowledge::Missing(action),
            }
        }
        Knowledge::Missing(action) => Knowledge::Missing(action),
    };
    let region = found.region.clone().unwrap_or_default();
    let encryption = known(
        ReadingKind::BucketEncryption,
        &found.encryption,
        || None,
        |encryption| Some(encryption.clone()),
    );
    let bucket_key = encryption
        .known()
        .and_then(|encryption| encryption.as_ref()?.bucket_key)
        .unwrap_or(false);
    let key = match encryption {
        Knowledge::Missing(action) => Knowledge::Missing(action),
        Knowledge::Known(encryption) => Knowledge::Known(match encryption {
            Some(encryption)
                if encryption
                    .algorithm
                    .as_deref()
                    .is_some_and(|algorithm| algorithm.starts_with("aws:kms")) =>
            {
                match found.encryption_key(id) {
                    Some(arn) => DefaultKey::Kms(arn),
                    None => match encryption.kms_key.as_deref() {
                        // A bucket whose Region is not known: the key can still be named.
                        Some(written)
                            if !written.is_empty() && !written.ends_with("alias/aws/s3") =>
                        {
                            DefaultKey::Kms(kms_key_arn(&region, id, written))
                        }
                        _ => DefaultKey::Managed,
                    },
                }
            }
            _ => DefaultKey::S3,
        }),
    };
    BucketRecord {
        name: name.to_owned(),
        owner: id.to_owned(),
        region,
        policy,
        aws_says_public: found.policy_status.known().map(|status| status.is_public),
        block: block(account, found),
        ownership: found
            .ownership
            .known()
            .map(|ownership| ownership.object_ownership.clone()),
        owner_id: found.acl.known().and_then(|acl| acl.owner.clone()),
        grants: known(ReadingKind::BucketAcl, &found.acl, Vec::new, |acl| {
            acl.grants.clone()
        }),
        key,
        bucket_key,
    }
}

/// Block Public Access in effect: a flag that either level sets is set.
fn block(account: &AccountInventory, bucket: &BucketInventory) -> Knowledge<PublicAccessBlock> {
    let of = |kind, reading| {
        known(
            kind,
            reading,
            PublicAccessBlock::default,
            |block: &PublicAccessBlock| *block,
        )
    };
    let of_account = of(
        ReadingKind::AccountPublicAccessBlock,
        &account.public_access_block,
    );
    let of_bucket = of(
        ReadingKind::BucketPublicAccessBlock,
        &bucket.public_access_block,
    );
    match (of_account, of_bucket) {
        (Knowledge::Known(a), Knowledge::Known(b)) => Knowledge::Known(PublicAccessBlock {
            block_public_acls: a.block_public_acls || b.block_public_acls,
            ignore_public_acls: a.ignore_public_acls || b.ignore_public_acls,
            block_public_policy: a.block_public_policy || b.block_public_policy,
            restrict_public_buckets: a.restrict_public_buckets || b.restrict_public_buckets,
        }),
        // All four at one level are all there is.
        (Knowledge::Known(one), _) | (_, Knowledge::Known(one)) if one.all() => {
            Knowledge::Known(one)
        }
        (Knowledge::Missing(action), _) | (_, Knowledge::Missing(action)) => {
            Knowledge::Missing(action)
        }
    }
}

fn key(id: &str, arn: &str, found: &KeyInventory) -> KeyRecord {
    let description = found.description.known();
    let gone = matches!(found.description, Reading::Absent);
    let managed = description.is_some_and(|key| key.manager == "AWS");
    KeyRecord {
        arn: description
            .map(|key| key.arn.clone())
            .filter(|arn| !arn.is_empty()),
        account: description
            .map(|key| key.account.as_str())
            .filter(|account| !account.is_empty())
            .or_else(|| account_of_arn(arn))
            .unwrap_or(id)
            .to_owned(),
        managed,
        state: known(
            ReadingKind::KeyDescription,
            &found.description,
            || "Missing".to_owned(),
            |key| key.state.clone(),
        ),
        policy: match &found.policy {
            Reading::Known(text) => resource_policy("key", text, ReadingKind::KeyPolicy.action()),
            Reading::Absent if gone => {
                Knowledge::Known(Arc::new(CitedPolicy::new("key", Policy::default())))
            }
            other => Knowledge::Missing(missing(other, ReadingKind::KeyPolicy)),
        },
        grants: match &found.grants {
            Reading::Known(grants) => Knowledge::Known(
                grants
                    .iter()
                    .map(|grant| KeyGrant {
                        grantee: grant.grantee.clone(),
                        operations: grant.operations.clone(),
                        context_subset: grant.context_subset.clone(),
                        context_equals: grant.context_equals.clone(),
                    })
                    .collect(),
            ),
            Reading::Absent => Knowledge::Known(Vec::new()),
            other => Knowledge::Missing(missing(other, ReadingKind::KeyGrants)),
        },
    }
}

fn function(id: &str, region: &str, name: &str, found: &FunctionInventory) -> FunctionRecord {
    const LATEST: &str = "$LATEST";
    let policy = match &found.policies {
        Reading::Known(policies) => match policies.get(LATEST).cloned().flatten() {
            None => Knowledge::Known(None),
            Some(text) => {
                match resource_policy("function", &text, ReadingKind::FunctionPolicies.action()) {
                    Knowledge::Known(policy) => Knowledge::Known(Some(policy)),
                    Knowledge::Missing(action) => Knowledge::Missing(action),
                }
            }
        },
        Reading::Absent => Knowledge::Known(None),
        other => Knowledge::Missing(missing(other, ReadingKind::FunctionPolicies)),
    };
    FunctionRecord {
        arn: function_arn(region, id, name),
        policy,
        role: found
            .versions
            .get(LATEST)
            .and_then(|version| version.role.clone()),
    }
}

/// The identity that a person names: an ARN, `user/ann`, `role/deploy`, `root`.
pub fn identity_arn(record: &AccountRecord, named: &str) -> Option<String> {
    let root = format!("arn:{}:iam::{}:root", record.partition, record.account);
    if named == "root" || named == root {
        return Some(root);
    }
    let kind_and_name = named.split_once('/');
    let arns: BTreeMap<&str, &IdentityRecord> = record
        .identities
        .iter()
        .map(|identity| (identity.arn.as_str(), identity))
        .collect();
    if arns.contains_key(named) {
        return Some(named.to_owned());
    }
    let (kind, name) = kind_and_name?;
    record
        .identities
        .iter()
        .map(|identity| identity.arn.as_str())
        .find(|arn| {
            resource_of_arn(arn)
                .and_then(|resource| resource.split_once('/'))
                .is_some_and(|(found, path)| {
                    found == kind && path.rsplit('/').next() == name.rsplit('/').next()
                })
        })
        .map(str::to_owned)
}
