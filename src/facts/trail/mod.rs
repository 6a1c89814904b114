//! What can be said about one CloudTrail trail, and what the trails together record.
//!
//! A trail that does not log, or that S3 refuses, records nothing anybody will read: neither counts
//! for a bucket or for the account.

pub(in crate::facts) mod recording;
pub mod selectors;

use schemars::JsonSchema;

use super::bucket::BucketFacts;
use super::bucket::context::BucketContext;
use crate::facts::controls::Controls;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::index::Index;
use crate::facts::reach::CompiledAccounts;
use crate::facts::subject::{Facts, Subject, SubjectView, UNKNOWN, UNLISTED};
use crate::facts::trust::Trust;
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::ids::{ResourceId, SubjectKind, account_of_arn, trail_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::trail::TrailInventory;
use recording::{delivery_error, logging, management};

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
    pub(super) controls: &'a Controls<'a>,
    pub(super) compiled: &'a CompiledAccounts<'a>,
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
            own: account_of_arn(context.arn) == Some(context.account_id),
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
            BucketFacts::new(BucketContext {
                account_id: self.account_id,
                account: self.account,
                name: &self.trail.bucket,
                bucket,
                regional: None,
                index: self.index,
                trust: self.trust,
                controls: self.controls,
                compiled: self.compiled,
                taken_at: self.taken_at,
            })
        });
        match facts {
            Some(facts) => {
                let open = facts.exposure.public.clone();
                TrailBucketFacts {
                    public: open
                        .read
                        .or(open.list)
                        .or(open.write)
                        .or(open.acl)
                        .or(open.takeover),
                    access_log: facts.logging.enabled.clone(),
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

impl<'a> SubjectView<'a> for TrailFacts {
    /// The trails, and one stand-in for all Regions whose trails could not be listed.
    fn list(id: &str, account: &AccountInventory, _complete: bool) -> Vec<Subject> {
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
                    address: None,
                },
                unlisted: Vec::new(),
            })
            .collect();
        let lists = listings(account);
        let because = match &account.region_listing {
            _ if !lists.is_empty() => {
                Fact::<()>::unknown_from(lists.iter().flat_map(Fact::because))
            }
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
                    address: None,
                },
                unlisted: because.because().to_vec(),
            });
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        let (arn, trail) = account.trails.get_key_value(&subject.id.arn)?;
        Some(Self::derive(&TrailContext {
            account_id,
            account,
            arn,
            trail,
            index: &facts.index,
            trust: &facts.trust,
            controls: &facts.controls,
            compiled: &facts.compiled,
            taken_at: &facts.snapshot.taken_at,
        }))
    }
}
/// By Region, whether its trails could be listed.
fn listings(account: &AccountInventory) -> Vec<Fact<()>> {
    let regions = account.regions.values();
    let listing = |region: &RegionInventory| {
        from_reading(
            ReadingKind::TrailListing,
            &region.trail_listing,
            || (),
            |_| (),
        )
    };
    regions.map(listing).collect()
}
