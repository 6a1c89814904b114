//! The subjects of an account, one after another, each with its facts when asked for them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::account::AccountFacts;
use super::lambda::cold_start::Model;
use super::lambda::{FunctionContext, FunctionFacts};
use super::s3::{BucketContext, BucketFacts};
use super::{Because, Fact, FactDocument, Index, from_reading};
use crate::inventory::account::{AccountInventory, Listing};
use crate::inventory::ids::{ResourceId, SubjectKind, account_arn, bucket_arn, function_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::{Reading, Snapshot};
use crate::report::{BucketPosture, ColdStart};

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
}

impl SubjectFacts {
    /// The facts as conditions see them.
    ///
    /// # Errors
    /// When they cannot be written as JSON, which is a defect of this program.
    pub fn document(&self) -> Result<FactDocument, serde_json::Error> {
        match self {
            Self::Account(facts) => {
                FactDocument::new(SubjectKind::Account.variable(), facts.as_ref())
            }
            Self::Bucket(facts) => {
                FactDocument::new(SubjectKind::Bucket.variable(), facts.as_ref())
            }
            Self::Function(facts) => {
                FactDocument::new(SubjectKind::Function.variable(), facts.as_ref())
            }
        }
    }
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
                SubjectKind::Region
                | SubjectKind::AccessPoint
                | SubjectKind::Trail
                | SubjectKind::Identity => Vec::new(),
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
            SubjectKind::Region
            | SubjectKind::AccessPoint
            | SubjectKind::Trail
            | SubjectKind::Identity => None,
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

    fn bucket_context<'b>(
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

    fn function(
        &self,
        account_id: &str,
        account: &AccountInventory,
        region: &str,
        name: &str,
    ) -> Option<FunctionFacts> {
        Some(FunctionFacts::derive(&FunctionContext {
            account_id,
            region,
            name,
            function: account.regions.get(region)?.functions.get(name)?,
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
