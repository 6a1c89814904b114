//! What every kind of subject has: a list of its subjects, the facts of one, and what else the
//! program says of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde_json::Value;

use super::controls::Controls;
use super::fact::{Because, Fact, from_reading};
use super::function::cold_start::AccountBiases;
use super::group::FactValue;
use super::index::Index;
use super::reach::CompiledAccounts;
use super::trust::Trust;
use crate::inventory::account::{AccountInventory, Listing};
use crate::inventory::ids::{ResourceId, SubjectKind};
use crate::inventory::need::ReadingKind;
use crate::inventory::{Reading, Snapshot};
use crate::report::{BucketPosture, ColdStart};
use coldbucket_cold_start::Model;

/// The name of the subject that stands for what a listing did not tell.
pub const UNLISTED: &str = "*";

/// The Region of what belongs to none.
pub(in crate::facts) const GLOBAL: &str = "global";

/// The Region of what could not be placed.
pub(in crate::facts) const UNKNOWN: &str = "unknown";

/// The facts of a snapshot, concluded subject by subject.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) index: Index,
    pub(super) trust: Trust,
    pub(super) controls: Controls<'a>,
    pub(super) compiled: CompiledAccounts<'a>,
    pub(super) model: Option<&'a Model>,
    /// By account, concluded when a function is first looked at.
    biases: OnceLock<BTreeMap<String, AccountBiases>>,
}

impl<'a> Facts<'a> {
    /// Prepares the facts of a snapshot.
    pub fn new(snapshot: &'a Snapshot, trust: Trust) -> Self {
        Self {
            index: Index::new(snapshot),
            controls: Controls::new(snapshot),
            compiled: CompiledAccounts::new(snapshot),
            snapshot,
            trust,
            model: Model::builtin().ok(),
            biases: OnceLock::new(),
        }
    }

    /// Estimates cold starts with other numbers than the shipped ones.
    #[must_use]
    pub fn with_cold_start_model(mut self, model: &'a Model) -> Self {
        self.model = Some(model);
        self.biases = OnceLock::new();
        self
    }

    /// The snapshot behind the facts.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// What the measured functions of an account say about its others.
    pub(super) fn biases(&self, account: &str) -> Option<&AccountBiases> {
        self.biases
            .get_or_init(|| {
                self.snapshot
                    .accounts
                    .iter()
                    .map(|(id, account)| {
                        let taken_at = &self.snapshot.taken_at;
                        let biases = AccountBiases::of(id, account, taken_at, self.model);
                        (id.clone(), biases)
                    })
                    .collect()
            })
            .get(account)
    }

    /// An account of the snapshot, with its id.
    pub(super) fn account(&self, id: &str) -> Option<(&'a str, &'a AccountInventory)> {
        let (id, account) = self.snapshot.accounts.get_key_value(id)?;
        Some((id, account))
    }
}

/// One thing checks can be about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Which resource.
    pub id: ResourceId,
    /// Why the listing that would name such resources is not known, for the stand-in subject `*`.
    pub unlisted: Vec<Because>,
}

impl Subject {
    /// A resource in a Region of an account, by its name and ARN.
    pub(super) fn named(
        kind: SubjectKind,
        (account, region): (&str, &str),
        name: &str,
        arn: String,
        unlisted: Vec<Because>,
    ) -> Self {
        Self {
            id: ResourceId {
                kind,
                name: name.to_owned(),
                arn,
                account: account.to_owned(),
                region: region.to_owned(),
                address: None,
            },
            unlisted,
        }
    }
}

/// What the report says of a subject as a whole.
#[derive(Clone, Debug, Default)]
pub struct Posture {
    /// Of a bucket.
    pub bucket: Option<BucketPosture>,
    /// The cold starts of a function, a line a qualifier.
    pub cold_starts: Vec<ColdStart>,
}

/// The facts of one kind of subject. All that differs between the kinds stands in its implementations.
pub(in crate::facts) trait SubjectView<'a>:
    FactValue + JsonSchema + Sized
{
    /// The subjects of an account, in any order. `complete`: the account was read to its end.
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject>;

    /// The facts of a subject; `None` when the snapshot does not have it.
    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self>;

    /// A request that shows the fact at a path, ready for `policy evaluate`: found by the prover and
    /// let in by the evaluator. None for facts that no request shows.
    fn witness(&self, _path: &str) -> Option<Value> {
        None
    }

    /// What the report says of it as a whole.
    fn posture(&self) -> Posture {
        Posture::default()
    }
}

/// Why there may be more resources than are known; empty when there are not.
pub(in crate::facts) fn unlisted(
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
        // The list was not requested; what is there was named by the user.
        Reading::NotCollected if !none_known => Vec::new(),
        refused => from_reading(kind, refused, || (), |_| ())
            .because()
            .to_vec(),
    }
}
