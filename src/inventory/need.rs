//! What a fact needs: which reading, of which resource, and when its call is skipped.
//!
//! Facts declare their needs, checks name facts, and so the collection plan, `coldbucket permissions`
//! and the documentation of each check all come from the [table of readings](super::readings).

use serde::Serialize;

pub use super::readings::{ApiCall, Guard, MOST_CALLS, ReadingKind, Scope};

/// Of which resource the reading is opened, seen from the subject of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The subject itself (or the account and Region it lives in).
    Own,
    /// Every bucket, or every function, of the account: the fact depends on what siblings say. An unread
    /// sibling is a caveat, not an unknown.
    Siblings,
    /// The bucket that receives the subject's access logs.
    LogTarget,
    /// The KMS key of the subject's default encryption.
    EncryptionKey,
    /// The buckets that the subject's replication rules and access logs name.
    Destination,
    /// The trails that record in the subject's Region, or in any.
    Trails,
    /// The bucket that receives the subject's log files.
    TrailBucket,
    /// The Region that the subject lives in, or, for the account, every Region.
    Region,
    /// The bucket that the subject, an access point, leads to.
    BehindAccessPoint,
}

/// One reading a fact opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Need {
    /// Whose reading.
    pub relation: Relation,
    /// Which reading.
    pub reading: ReadingKind,
    /// When its call is skipped.
    pub guard: Guard,
}

impl Need {
    /// A reading of a resource, with the guard that the table of readings gives it.
    pub const fn new(relation: Relation, reading: ReadingKind) -> Self {
        Self {
            relation,
            reading,
            guard: reading.guard(),
        }
    }

    /// The same need with another guard than the table's.
    #[must_use]
    pub const fn guarded_by(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// A reading of the subject itself.
    pub const fn own(reading: ReadingKind) -> Self {
        Self::new(Relation::Own, reading)
    }

    /// A reading of the KMS key of the subject's default encryption.
    pub const fn of_key(reading: ReadingKind) -> Self {
        Self::new(Relation::EncryptionKey, reading)
    }

    /// A reading of the buckets that the subject delivers to.
    pub const fn of_destination(reading: ReadingKind) -> Self {
        Self::new(Relation::Destination, reading)
    }

    /// A reading of the bucket that receives the subject's access logs.
    pub const fn of_log_target(reading: ReadingKind) -> Self {
        Self::new(Relation::LogTarget, reading)
    }

    /// A reading of the trails that record in the subject's Region.
    pub const fn of_trails(reading: ReadingKind) -> Self {
        Self::new(Relation::Trails, reading)
    }

    /// A reading of the bucket that a trail delivers to.
    pub const fn of_trail_bucket(reading: ReadingKind) -> Self {
        Self::new(Relation::TrailBucket, reading)
    }

    /// A reading of the bucket behind the subject, an access point.
    pub const fn behind(reading: ReadingKind) -> Self {
        Self::new(Relation::BehindAccessPoint, reading)
    }

    /// A reading of the Region that the subject lives in.
    pub const fn of_region(reading: ReadingKind) -> Self {
        Self::new(Relation::Region, reading)
    }

    /// A reading of every sibling, bucket or function.
    pub const fn siblings(reading: ReadingKind) -> Self {
        Self::new(Relation::Siblings, reading)
    }
}
