//! What can be said about one CloudTrail trail, and what the trails together record.
//!
//! A trail that does not log, or that S3 refuses, records nothing anybody will read: neither counts
//! for a bucket or for the account.

pub mod selectors;

use schemars::JsonSchema;

use super::bucket::{BucketContext, BucketFacts};
use super::{Fact, Index, Trust, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::account::AccountInventory;
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::TrailInventory;
use selectors::{Cover, Covers};

/// The facts of one trail; conditions see them as `trail`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(TrailListing))]
pub struct TrailFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The Region it was made in.
    pub region: String,
    /// It belongs to the audited account, and not to the management account of its organization.
    pub own: bool,
    /// It records every enabled Region.
    pub multi_region: bool,
    /// It is an organization's.
    pub organization: bool,
    /// It records (`IsLogging`).
    #[needs(own(TrailStatus))]
    pub logging: Fact<bool>,
    /// What S3 answered at the latest delivery; empty when it took it.
    #[needs(own(TrailStatus))]
    pub delivery_error: Fact<String>,
    /// `all`, `part` or `none` of the management events.
    #[needs(own(TrailSelectors))]
    pub management_events: Fact<String>,
    /// Its log files are encrypted with a KMS key.
    pub kms: bool,
    /// Digest files let anyone prove that log files were not changed.
    pub log_file_validation: bool,
    /// The bucket it delivers to.
    pub bucket: TrailBucketFacts,
}

/// The bucket that a trail delivers to.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct TrailBucketFacts {
    /// Its name.
    pub name: String,
    /// Anybody can read, list, write, or take over something in it. Of a bucket of another account
    /// nothing is known.
    #[needs(
        own(BucketListing),
        own(AccountPublicAccessBlock),
        trail_bucket(BucketPolicy),
        trail_bucket(BucketPolicyStatus),
        trail_bucket(BucketPublicAccessBlock),
        trail_bucket(BucketOwnership),
        trail_bucket(BucketAcl)
    )]
    pub public: Fact<bool>,
    /// Its server access logging is on.
    #[needs(own(BucketListing), trail_bucket(BucketLogging))]
    pub access_log: Fact<bool>,
}

/// One trail in its surroundings.
pub(super) struct TrailContext<'a> {
    pub(super) account_id: &'a str,
    pub(super) account: &'a AccountInventory,
    pub(super) arn: &'a str,
    pub(super) trail: &'a TrailInventory,
    pub(super) index: &'a Index,
    pub(super) trust: &'a Trust,
    pub(super) taken_at: &'a str,
}

impl TrailFacts {
    /// Concludes everything about one trail.
    pub(super) fn derive(context: &TrailContext<'_>) -> Self {
        let trail = context.trail;
        Self {
            name: trail.name.clone(),
            arn: context.arn.to_owned(),
            region: trail.home_region.clone(),
            own: context.arn.split(':').nth(4) == Some(context.account_id),
            multi_region: trail.multi_region,
            organization: trail.organization,
            logging: logging(trail),
            delivery_error: delivery_error(trail),
            management_events: management(trail)
                .map(|covers| covers.read.min(covers.write).word().to_owned()),
            kms: trail.kms_key.is_some(),
            log_file_validation: trail.log_file_validation,
            bucket: context.bucket(),
        }
    }
}

impl TrailContext<'_> {
    fn bucket(&self) -> TrailBucketFacts {
        let name = self.trail.bucket.clone();
        let facts = self.account.buckets.get(&name).map(|bucket| {
            BucketFacts::derive(&BucketContext {
                account_id: self.account_id,
                account: self.account,
                name: &name,
                bucket,
                index: self.index,
                trust: self.trust,
                taken_at: self.taken_at,
            })
        });
        match facts {
            Some(facts) => {
                let open = facts.exposure.public;
                TrailBucketFacts {
                    public: open
                        .read
                        .or(open.list)
                        .or(open.write)
                        .or(open.acl)
                        .or(open.takeover),
                    access_log: facts.logging.enabled,
                    name,
                }
            }
            None => TrailBucketFacts {
                public: self.elsewhere(),
                access_log: self.elsewhere(),
                name,
            },
        }
    }

    /// Why nothing is known of a bucket that is not among the account's.
    fn elsewhere(&self) -> Fact<bool> {
        from_reading(
            ReadingKind::BucketListing,
            &self.account.bucket_listing,
            || (),
            |_| (),
        )
        .and_then(|()| {
            Fact::undecidable(format!(
                "bucket {} is not among those that were read: it may belong to another account",
                self.trail.bucket
            ))
        })
    }
}

/// Whether the trail records.
fn logging(trail: &TrailInventory) -> Fact<bool> {
    from_reading(
        ReadingKind::TrailStatus,
        &trail.status,
        || false,
        |status| status.logging,
    )
}

/// What keeps its log files from being delivered.
fn delivery_error(trail: &TrailInventory) -> Fact<String> {
    from_reading(
        ReadingKind::TrailStatus,
        &trail.status,
        String::new,
        |status| status.delivery_error.clone().unwrap_or_default(),
    )
}

fn management(trail: &TrailInventory) -> Fact<Covers> {
    from_reading(
        ReadingKind::TrailSelectors,
        &trail.selectors,
        || selectors::of_management(&crate::inventory::trail::EventSelectors::default()),
        selectors::of_management,
    )
}

/// Whether what the trail records arrives.
pub(super) fn records(trail: &TrailInventory) -> Fact<bool> {
    logging(trail).and(delivery_error(trail).map(|error| error.is_empty()))
}

/// Whether some trail of many Regions records every management event of the account.
///
/// Such a trail shows in every Region it covers, so one Region's list tells of all of them.
pub(super) fn multi_region_management(account: &AccountInventory) -> Fact<bool> {
    let by_trails = account
        .trails
        .values()
        .filter(|trail| trail.multi_region)
        .map(|trail| {
            records(trail).and(
                management(trail)
                    .map(|covers| covers.read == Cover::All && covers.write == Cover::All),
            )
        })
        .fold(Fact::Known(false), Fact::or);
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
    let listed = match lists.iter().find(|list| list.known().is_some()) {
        Some(_) => Fact::Known(false),
        None if lists.is_empty() => Fact::not_collected(ReadingKind::TrailListing),
        None => Fact::unknown_from(lists.iter().flat_map(Fact::because)),
    };
    by_trails.or(listed)
}
