//! The subjects of an account, one after another, each with its facts when asked for them.

use std::collections::BTreeSet;

use super::account::AccountFacts;
use super::lambda::FunctionFacts;
use super::s3::BucketFacts;
use super::{Because, FactDocument, Index};
use crate::inventory::Snapshot;
use crate::inventory::ids::{ResourceId, SubjectKind};

/// Whom the user has declared as known: sharing with them is not a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// 12-digit account ids.
    pub accounts: BTreeSet<String>,
    /// Organization ids (`o-…`).
    pub organizations: BTreeSet<String>,
}

/// The facts of a snapshot, drawn on demand.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) index: Index,
    pub(super) trust: Trust,
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
        }
    }

    /// The snapshot behind the facts.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }
}
