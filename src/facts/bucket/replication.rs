//! Replication and Object Lock: copies elsewhere, and objects that cannot be deleted.
//!
//! Both need versioning to be enabled, and S3 refuses to suspend it while either is configured (S3
//! user guide, "Replication", "Object Lock considerations", copy of 2026): where versioning is known
//! not to be enabled there is neither, and neither is asked for.
//!
//! A destination is ours when the list of our buckets has it, or S3 confirmed the owner. A
//! destination that does not exist is worse than none: the account that creates a bucket of that name gets the
//! copies, wherever the replication role is allowed to write.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::versioning::is_enabled;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{ObjectLock, Replication, ReplicationRule};
use crate::inventory::ids::account_of_bucket_name;
use crate::inventory::need::ReadingKind;
use crate::inventory::target::TargetInventory;

/// Replication.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketVersioning), own(BucketReplication))]
pub struct ReplicationFacts {
    /// At least one rule is enabled.
    pub enabled: Fact<bool>,
    /// The rules that are enabled.
    pub rules: Fact<Vec<ReplicationRuleFacts>>,
}

/// One enabled replication rule.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct ReplicationRuleFacts {
    /// Its name; the destination's where it has none.
    pub id: String,
    /// The destination bucket.
    pub destination: String,
    /// The account the rule says the destination belongs to; empty when it says nothing.
    pub account: String,
    /// That account is listed under `trusted_accounts` in the configuration.
    pub trusted: bool,
    /// The only account that can create a bucket of the destination's name: its name is in an
    /// account-regional namespace. Empty where any account can.
    pub only_owner: String,
    /// The destination exists.
    #[needs(destination(TargetHead))]
    pub exists: Fact<bool>,
    /// The destination belongs to the audited account.
    #[needs(destination(TargetHead))]
    pub ours: Fact<bool>,
    /// Objects encrypted with SSE-KMS or DSSE-KMS are copied too.
    pub copies_kms: bool,
}

/// Object Lock.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketVersioning), own(BucketObjectLock))]
pub struct ObjectLockFacts {
    /// Object Lock is on.
    pub enabled: Fact<bool>,
    /// Days of the default retention; 0 without one.
    pub default_days: Fact<u32>,
}

impl ReplicationFacts {
    /// Concludes from GetBucketReplication and from what is known of the destinations.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let rules = if_versioned(is_enabled(context.bucket), || {
            from_reading(
                ReadingKind::BucketReplication,
                &context.bucket.replication,
                Replication::default,
                Clone::clone,
            )
        })
        .map(|replication| {
            replication
                .rules
                .iter()
                .filter(|rule| rule.enabled)
                .map(|rule| one(context, rule))
                .collect::<Vec<_>>()
        });
        Self {
            enabled: rules.as_ref().map(|rules| !rules.is_empty()),
            rules,
        }
    }
}

impl ObjectLockFacts {
    /// Concludes from GetObjectLockConfiguration.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let lock = if_versioned(is_enabled(context.bucket), || {
            from_reading(
                ReadingKind::BucketObjectLock,
                &context.bucket.object_lock,
                ObjectLock::default,
                Clone::clone,
            )
        });
        Self {
            enabled: lock.as_ref().map(|lock| lock.enabled),
            default_days: lock.map(|lock| lock.default_days.unwrap_or(0)),
        }
    }
}

/// What was read, or nothing at all where versioning is known not to be enabled.
pub(super) fn if_versioned<T: Default>(
    versioned: Fact<bool>,
    read: impl FnOnce() -> Fact<T>,
) -> Fact<T> {
    versioned.and_then(|versioned| {
        if versioned {
            read()
        } else {
            Fact::Known(T::default())
        }
    })
}

fn one(context: &BucketContext<'_>, rule: &ReplicationRule) -> ReplicationRuleFacts {
    let target = Target::of(context.account, &rule.destination);
    let account = rule.destination_account.clone().unwrap_or_default();
    let only_owner = account_of_bucket_name(&rule.destination).unwrap_or_default();
    ReplicationRuleFacts {
        id: if rule.id.is_empty() {
            rule.destination.clone()
        } else {
            rule.id.clone()
        },
        destination: rule.destination.clone(),
        trusted: context.trust.covers(&account) || context.trust.covers(only_owner),
        account,
        only_owner: only_owner.to_owned(),
        exists: target.exists(),
        ours: target.ours(context.account_id),
        copies_kms: rule.replicates_kms,
    }
}

/// What is known of a bucket that others deliver to.
pub(in crate::facts) struct Target<'a> {
    known: Option<&'a TargetInventory>,
    /// The only account that it can belong to, where its name says so.
    only_owner: Option<&'a str>,
    /// It was read as one of the account's own.
    own: bool,
}

impl<'a> Target<'a> {
    /// The destination of that name.
    pub(in crate::facts) fn of(account: &'a AccountInventory, name: &'a str) -> Self {
        let listing_is_whole = account
            .bucket_listing
            .known()
            .is_some_and(|listing| listing.complete);
        Self {
            known: account.targets.get(name),
            only_owner: account_of_bucket_name(name),
            // Only ListBuckets, which lists the account's own, says when a bucket was made.
            own: account
                .buckets
                .get(name)
                .is_some_and(|bucket| listing_is_whole || bucket.created.is_some()),
        }
    }

    fn listed(&self) -> Option<bool> {
        self.known.and_then(|target| target.listed)
    }

    fn head(&self) -> Reading<&'a crate::inventory::target::BucketHead> {
        self.known
            .map_or(Reading::NotCollected, |target| target.head.as_ref())
    }

    /// Whether it exists.
    pub(in crate::facts) fn exists(&self) -> Fact<bool> {
        if self.own || self.listed() == Some(true) {
            return Fact::Known(true);
        }
        from_reading(ReadingKind::TargetHead, &self.head(), || false, |_| true)
    }

    /// Whether it belongs to the account.
    pub(in crate::facts) fn ours(&self, account: &str) -> Fact<bool> {
        if self.own {
            return Fact::Known(true);
        }
        match (self.listed(), self.only_owner) {
            (Some(listed), _) => Fact::Known(listed),
            (None, Some(owner)) => Fact::Known(owner == account),
            (None, None) => from_reading(
                ReadingKind::TargetHead,
                &self.head(),
                || false,
                |head| head.owner == account,
            ),
        }
    }
}
