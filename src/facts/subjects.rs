//! The subjects of an account, one after another, each with its facts when asked for them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::access_point::{AccessPointContext, AccessPointFacts};
use super::account::AccountFacts;
use super::bucket::{BucketContext, BucketFacts};
use super::function::{FunctionContext, FunctionFacts};
use super::group::{FactPaths, FactValue, Writer};
use super::identity::{self, IdentityContext, IdentityFacts};
use super::region::RegionFacts;
use super::trail::{TrailContext, TrailFacts};
use super::{Because, Fact, FactDocument, Index, from_reading};
use crate::inventory::account::{AccountInventory, Listing};
use crate::inventory::ids::{
    ResourceId, SubjectKind, access_point_arn, account_arn, bucket_arn, function_arn,
    multi_region_access_point_arn, region_arn, trail_arn,
};
use crate::inventory::need::ReadingKind;
use crate::inventory::{Reading, Snapshot};
use crate::report::{BucketPosture, ColdStart};
use coldbucket_cold_start::Model;

/// The name of the subject that stands for what a listing did not tell.
pub const UNLISTED: &str = "*";

/// The Region of what belongs to none.
const GLOBAL: &str = "global";

/// The Region of what could not be placed.
const UNKNOWN: &str = "unknown";

/// Whom the user has declared as known: sharing with them is not a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// 12-digit account ids.
    pub accounts: BTreeSet<String>,
    /// Organization ids (`o-…`).
    pub organizations: BTreeSet<String>,
}

impl Trust {
    /// True for an account or organization the user has declared as known.
    pub fn covers(&self, id: &str) -> bool {
        self.accounts.contains(id) || self.organizations.contains(id)
    }
}

/// The facts of a snapshot, drawn on demand.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) index: Index,
    pub(super) trust: Trust,
    pub(super) model: Option<&'a Model>,
}

/// One thing checks can be about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Which resource.
    pub id: ResourceId,
    /// Why the listing that would name such resources is not known, for the stand-in subject `*`.
    pub unlisted: Vec<Because>,
}

/// The facts of one subject.
#[derive(Clone, Debug)]
pub enum SubjectFacts {
    /// Of the account.
    Account(Box<AccountFacts>),
    /// Of a bucket.
    Bucket(Box<BucketFacts>),
    /// Of a function.
    Function(Box<FunctionFacts>),
    /// Of a Region.
    Region(Box<RegionFacts>),
    /// Of a trail.
    Trail(Box<TrailFacts>),
    /// Of a user, group, role or managed policy.
    Identity(Box<IdentityFacts>),
    /// Of an access point.
    AccessPoint(Box<AccessPointFacts>),
}

impl SubjectFacts {
    /// The facts as conditions see them: what is known, as far as it is wanted, and what is not.
    pub fn document(&self, wanted: &FactPaths) -> FactDocument {
        match self {
            Self::Account(facts) => document(SubjectKind::Account, facts.as_ref(), wanted),
            Self::Bucket(facts) => document(SubjectKind::Bucket, facts.as_ref(), wanted),
            Self::Function(facts) => document(SubjectKind::Function, facts.as_ref(), wanted),
            Self::Region(facts) => document(SubjectKind::Region, facts.as_ref(), wanted),
            Self::Trail(facts) => document(SubjectKind::Trail, facts.as_ref(), wanted),
            Self::Identity(facts) => document(SubjectKind::Identity, facts.as_ref(), wanted),
            Self::AccessPoint(facts) => document(SubjectKind::AccessPoint, facts.as_ref(), wanted),
        }
    }
}

fn document(kind: SubjectKind, facts: &impl FactValue, wanted: &FactPaths) -> FactDocument {
    Writer::document(kind.variable(), facts, wanted)
}

impl<'a> Facts<'a> {
    /// Prepares the facts of a snapshot.
    pub fn new(snapshot: &'a Snapshot, trust: Trust) -> Self {
        Self {
            index: Index::new(snapshot),
            snapshot,
            trust,
            model: Model::builtin().ok(),
        }
    }

    /// Estimates cold starts with other numbers than the shipped ones.
    #[must_use]
    pub fn with_cold_start_model(mut self, model: &'a Model) -> Self {
        self.model = Some(model);
        self
    }

    /// The snapshot behind the facts.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The subjects of one kind, sorted by account, Region and name.
    ///
    /// Where a listing was refused or failed there is, besides whatever is known by name, one
    /// subject `*` that carries the reasons: it stands for the resources nobody could count. A
    /// listing that is merely incomplete because the user named the resources has none.
    pub fn subjects(&self, kind: SubjectKind) -> impl Iterator<Item = Subject> + use<'a> {
        let snapshot = self.snapshot;
        let mut subjects: Vec<Subject> = snapshot
            .accounts
            .iter()
            .flat_map(|(id, account)| match kind {
                SubjectKind::Account => vec![account_subject(id, account)],
                SubjectKind::Bucket => bucket_subjects(id, account, snapshot.complete),
                SubjectKind::Function => function_subjects(id, account, snapshot.complete),
                SubjectKind::Region => region_subjects(id, account),
                SubjectKind::Trail => trail_subjects(id, account),
                SubjectKind::Identity => identity_subjects(id, account, snapshot.complete),
                SubjectKind::AccessPoint => access_point_subjects(id, account, snapshot.complete),
            })
            .collect();
        subjects.sort_by(|a, b| {
            (&a.id.account, &a.id.region, &a.id.name).cmp(&(
                &b.id.account,
                &b.id.region,
                &b.id.name,
            ))
        });
        subjects.into_iter()
    }

    /// The facts of a subject; `None` for the stand-in `*`, for a subject that is not in the
    /// snapshot and for kinds that have no facts yet.
    pub fn of(&self, subject: &Subject) -> Option<SubjectFacts> {
        let id = &subject.id;
        let account = self.snapshot.accounts.get(&id.account)?;
        match id.kind {
            SubjectKind::Account => Some(SubjectFacts::Account(Box::new(AccountFacts::derive(
                &id.account,
                account,
            )))),
            SubjectKind::Bucket => Some(SubjectFacts::Bucket(Box::new(self.bucket(
                &id.account,
                account,
                &id.name,
            )?))),
            SubjectKind::Function => Some(SubjectFacts::Function(Box::new(self.function(
                &id.account,
                account,
                &id.region,
                &id.name,
            )?))),
            SubjectKind::Region => Some(SubjectFacts::Region(Box::new(RegionFacts::derive(
                &id.name,
                account,
                account.regions.get(&id.name)?,
            )))),
            SubjectKind::Trail => Some(SubjectFacts::Trail(Box::new(TrailFacts::derive(
                &TrailContext {
                    account_id: &id.account,
                    account,
                    arn: &id.arn,
                    trail: account.trails.get(&id.arn)?,
                    index: &self.index,
                    trust: &self.trust,
                    taken_at: &self.snapshot.taken_at,
                },
            )))),
            SubjectKind::Identity => {
                let context = self.identity_context(subject)?;
                let facts = IdentityFacts::of_identity(&context)
                    .or_else(|| IdentityFacts::of_policy(&context))?;
                Some(SubjectFacts::Identity(Box::new(facts)))
            }
            SubjectKind::AccessPoint => Some(SubjectFacts::AccessPoint(Box::new(
                AccessPointFacts::derive(&self.access_point_context(subject)?)?,
            ))),
        }
    }

    /// A request that shows the fact, ready for `policy evaluate`: found by the prover and let in by
    /// the evaluator. None for facts that no request shows.
    pub fn witness(&self, subject: &Subject, path: &str) -> Option<Value> {
        let id = &subject.id;
        if id.kind != SubjectKind::Bucket {
            return None;
        }
        let account = self.snapshot.accounts.get(&id.account)?;
        let context = self.bucket_context(&id.account, account, &id.name)?;
        serde_json::to_value(BucketFacts::witness(&context, path)?).ok()
    }

    /// The posture of every bucket, in the order of the subjects.
    pub fn bucket_postures(&self) -> Vec<BucketPosture> {
        self.subjects(SubjectKind::Bucket)
            .filter_map(|subject| match self.of(&subject)? {
                SubjectFacts::Bucket(facts) => Some(facts.posture()),
                _ => None,
            })
            .collect()
    }

    /// The cold-start lines of every function, in the order of the subjects.
    pub fn cold_starts(&self) -> Vec<ColdStart> {
        self.subjects(SubjectKind::Function)
            .filter_map(|subject| match self.of(&subject)? {
                SubjectFacts::Function(facts) => Some(facts.cold_starts(self.model)),
                _ => None,
            })
            .flatten()
            .collect()
    }

    fn bucket(
        &self,
        account_id: &str,
        account: &AccountInventory,
        name: &str,
    ) -> Option<BucketFacts> {
        Some(BucketFacts::derive(
            &self.bucket_context(account_id, account, name)?,
        ))
    }

    pub(super) fn bucket_context<'b>(
        &'b self,
        account_id: &'b str,
        account: &'b AccountInventory,
        name: &'b str,
    ) -> Option<BucketContext<'b>> {
        Some(BucketContext {
            account_id,
            account,
            name,
            bucket: account.buckets.get(name)?,
            index: &self.index,
            trust: &self.trust,
            taken_at: &self.snapshot.taken_at,
        })
    }

    /// Where a user, group, role or policy stands; none for subjects of other kinds.
    pub(super) fn identity_context<'b>(
        &'b self,
        subject: &'b Subject,
    ) -> Option<IdentityContext<'b>> {
        let id = &subject.id;
        let account = self.snapshot.accounts.get(&id.account)?;
        let key = match id.kind {
            SubjectKind::Identity if account.identities.contains_key(&id.name) => &id.name,
            SubjectKind::Identity => &id.arn,
            _ => return None,
        };
        Some(IdentityContext {
            account_id: &id.account,
            account,
            key,
            taken_at: &self.snapshot.taken_at,
        })
    }

    /// Where an access point stands; none for subjects of other kinds.
    pub(super) fn access_point_context<'b>(
        &'b self,
        subject: &'b Subject,
    ) -> Option<AccessPointContext<'b>> {
        let id = &subject.id;
        (id.kind == SubjectKind::AccessPoint).then_some(())?;
        Some(AccessPointContext {
            account_id: &id.account,
            account: self.snapshot.accounts.get(&id.account)?,
            region: &id.region,
            name: &id.name,
            arn: &id.arn,
            taken_at: &self.snapshot.taken_at,
        })
    }

    fn function(
        &self,
        account_id: &str,
        account: &AccountInventory,
        region: &str,
        name: &str,
    ) -> Option<FunctionFacts> {
        let inventory = account.regions.get(region)?;
        Some(FunctionFacts::derive(&FunctionContext {
            account_id,
            region,
            name,
            account,
            inventory,
            function: inventory.functions.get(name)?,
            taken_at: &self.snapshot.taken_at,
            model: self.model,
        }))
    }
}

/// An account's partition shows in the Regions of what it holds.
fn home_region(account: &AccountInventory) -> &str {
    account
        .buckets
        .values()
        .filter_map(|bucket| bucket.region.as_deref())
        .chain(account.regions.keys().map(String::as_str))
        .next()
        .unwrap_or(GLOBAL)
}

fn account_subject(id: &str, account: &AccountInventory) -> Subject {
    Subject {
        id: ResourceId {
            kind: SubjectKind::Account,
            name: id.to_owned(),
            arn: account_arn(home_region(account), id),
            account: id.to_owned(),
            region: GLOBAL.to_owned(),
        },
        unlisted: Vec::new(),
    }
}

fn bucket_subjects(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
    let subject = |region: &str, name: &str, unlisted| Subject {
        id: ResourceId {
            kind: SubjectKind::Bucket,
            name: name.to_owned(),
            arn: bucket_arn(region, name),
            account: id.to_owned(),
            region: region.to_owned(),
        },
        unlisted,
    };
    let mut subjects: Vec<Subject> = account
        .buckets
        .iter()
        .map(|(name, bucket)| {
            subject(
                bucket.region.as_deref().unwrap_or(UNKNOWN),
                name,
                Vec::new(),
            )
        })
        .collect();
    let unlisted = unlisted(
        ReadingKind::BucketListing,
        &account.bucket_listing,
        subjects.is_empty(),
        complete,
    );
    if !unlisted.is_empty() {
        subjects.push(subject(UNKNOWN, UNLISTED, unlisted));
    }
    subjects
}

fn function_subjects(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
    let subject = |region: &str, name: &str, arn: &str, unlisted| Subject {
        id: ResourceId {
            kind: SubjectKind::Function,
            name: name.to_owned(),
            arn: if arn.is_empty() {
                function_arn(region, id, name)
            } else {
                arn.to_owned()
            },
            account: id.to_owned(),
            region: region.to_owned(),
        },
        unlisted,
    };
    let mut subjects = Vec::new();
    for (region, inventory) in &account.regions {
        subjects.extend(
            inventory
                .functions
                .iter()
                .map(|(name, function)| subject(region, name, &function.arn, Vec::new())),
        );
        let unlisted = unlisted(
            ReadingKind::FunctionListing,
            &inventory.function_listing,
            inventory.functions.is_empty(),
            complete,
        );
        if !unlisted.is_empty() {
            subjects.push(subject(region, UNLISTED, "", unlisted));
        }
    }
    // Not one Region was looked at: nobody knows whether there are functions.
    if account.regions.is_empty() {
        let because = match &account.region_listing {
            Reading::Known(_) | Reading::Absent => {
                Fact::<()>::not_collected(ReadingKind::FunctionListing)
            }
            refused => from_reading(ReadingKind::RegionListing, refused, || (), |_| ()),
        };
        subjects.push(subject(UNKNOWN, UNLISTED, "", because.because().to_vec()));
    }
    subjects
}

fn region_subjects(id: &str, account: &AccountInventory) -> Vec<Subject> {
    let subject = |name: &str, unlisted| Subject {
        id: ResourceId {
            kind: SubjectKind::Region,
            name: name.to_owned(),
            arn: region_arn(name, id),
            account: id.to_owned(),
            region: if name == UNLISTED { UNKNOWN } else { name }.to_owned(),
        },
        unlisted,
    };
    let mut subjects: Vec<Subject> = account
        .regions
        .keys()
        .map(|name| subject(name, Vec::new()))
        .collect();
    // Where the list of Regions was refused, those that every account has were read all the same.
    let unlisted = match &account.region_listing {
        Reading::Known(_) | Reading::Absent => Vec::new(),
        Reading::NotCollected if !subjects.is_empty() => Vec::new(),
        refused => from_reading(ReadingKind::RegionListing, refused, || (), |_| ())
            .because()
            .to_vec(),
    };
    if !unlisted.is_empty() {
        subjects.push(subject(UNLISTED, unlisted));
    }
    subjects
}

/// The trails, and one stand-in for all Regions whose trails could not be listed.
fn trail_subjects(id: &str, account: &AccountInventory) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = account
        .trails
        .iter()
        .map(|(arn, trail)| Subject {
            id: ResourceId {
                kind: SubjectKind::Trail,
                name: trail.name.clone(),
                arn: arn.clone(),
                account: id.to_owned(),
                region: trail.home_region.clone(),
            },
            unlisted: Vec::new(),
        })
        .collect();
    let lists: Vec<Fact<()>> = account
        .regions
        .values()
        .map(|region| {
            from_reading(
                ReadingKind::TrailListing,
                &region.trail_listing,
                || (),
                |_| (),
            )
        })
        .collect();
    let because = match &account.region_listing {
        _ if !lists.is_empty() => Fact::<()>::unknown_from(lists.iter().flat_map(Fact::because)),
        Reading::Known(_) | Reading::Absent => Fact::not_collected(ReadingKind::TrailListing),
        refused => from_reading(ReadingKind::RegionListing, refused, || (), |_| ()),
    };
    if !because.because().is_empty() {
        subjects.push(Subject {
            id: ResourceId {
                kind: SubjectKind::Trail,
                name: UNLISTED.to_owned(),
                arn: trail_arn(UNKNOWN, id, UNLISTED),
                account: id.to_owned(),
                region: UNKNOWN.to_owned(),
            },
            unlisted: because.because().to_vec(),
        });
    }
    subjects
}

/// Users, groups and roles, and the managed policies of the account: those of AWS are nobody's to
/// change.
fn identity_subjects(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
    let subject = |name: String, arn: &str, unlisted| Subject {
        id: ResourceId {
            kind: SubjectKind::Identity,
            name,
            arn: arn.to_owned(),
            account: id.to_owned(),
            region: GLOBAL.to_owned(),
        },
        unlisted,
    };
    let identities = account
        .identities
        .iter()
        .map(|(name, identity)| subject(name.clone(), &identity.arn, Vec::new()));
    let policies = account
        .managed_policies
        .iter()
        .filter(|(arn, _)| arn.split(':').nth(4) != Some("aws"))
        .map(|(arn, policy)| subject(identity::policy_name(&policy.name), arn, Vec::new()));
    let mut subjects: Vec<Subject> = identities.chain(policies).collect();
    let unlisted = unlisted(
        ReadingKind::IdentityListing,
        &account.identity_listing,
        subjects.is_empty(),
        complete,
    );
    if !unlisted.is_empty() {
        subjects.push(subject(
            UNLISTED.to_owned(),
            &format!("arn:aws:iam::{id}:{UNLISTED}"),
            unlisted,
        ));
    }
    subjects
}

/// Access points of every Region that was looked at, and the Multi-Region ones.
fn access_point_subjects(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
    let subject = |region: &str, name: &str, arn: String, unlisted| Subject {
        id: ResourceId {
            kind: SubjectKind::AccessPoint,
            name: name.to_owned(),
            arn,
            account: id.to_owned(),
            region: region.to_owned(),
        },
        unlisted,
    };
    let mut subjects = Vec::new();
    let mut because = BTreeSet::new();
    for (region, inventory) in &account.regions {
        subjects.extend(
            inventory
                .access_points
                .keys()
                .map(|name| subject(region, name, access_point_arn(region, id, name), Vec::new())),
        );
        let unlisted = unlisted(
            ReadingKind::AccessPointListing,
            &inventory.access_point_listing,
            inventory.access_points.is_empty(),
            complete,
        );
        if !unlisted.is_empty() {
            let arn = access_point_arn(region, id, UNLISTED);
            subjects.push(subject(region, UNLISTED, arn, unlisted));
        }
    }
    if account.regions.is_empty() {
        because.extend(
            Fact::<()>::not_collected(ReadingKind::AccessPointListing)
                .because()
                .iter()
                .cloned(),
        );
    }
    subjects.extend(
        account
            .multi_region_access_points
            .iter()
            .map(|(name, point)| {
                let arn = multi_region_access_point_arn(id, &point.alias);
                subject(GLOBAL, name, arn, Vec::new())
            }),
    );
    because.extend(unlisted(
        ReadingKind::MultiRegionAccessPointListing,
        &account.multi_region_access_point_listing,
        account.multi_region_access_points.is_empty(),
        complete,
    ));
    if !because.is_empty() {
        let because = because.into_iter().collect();
        let arn = multi_region_access_point_arn(id, UNLISTED);
        subjects.push(subject(GLOBAL, UNLISTED, arn, because));
    }
    subjects
}

/// Why there may be more resources than are known; empty when there are not.
fn unlisted(
    kind: ReadingKind,
    listing: &Reading<Listing>,
    none_known: bool,
    run_complete: bool,
) -> Vec<Because> {
    match listing {
        Reading::Known(listing) if listing.complete || run_complete => Vec::new(),
        // The run was cut short in the middle of the listing.
        Reading::Known(_) => Fact::<()>::not_collected(kind).because().to_vec(),
        Reading::Absent => Vec::new(),
        // Nobody asked for the list, and whatever is there was named by the user.
        Reading::NotCollected if !none_known => Vec::new(),
        refused => from_reading(kind, refused, || (), |_| ())
            .because()
            .to_vec(),
    }
}
