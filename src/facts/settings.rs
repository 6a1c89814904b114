//! The current settings of a bucket: what a fix must not lose.
//!
//! A condition needs a setting's meaning. A fix needs its exact content, since S3 replaces a policy, an
//! encryption rule or an ACL as a whole. Each is known, known to be absent, or not known for a reason.

use super::bucket::context::BucketContext;
use super::bucket::delivery;
use super::{Fact, Facts, Subject, from_reading};
use crate::inventory::Reading;
use crate::inventory::bucket::{
    Acl, BucketInventory, Encryption, Grant, LifecycleRule, Logging, PublicAccessBlock, Replication,
};
use crate::inventory::ids::{BucketKind, SubjectKind};
use crate::inventory::need::ReadingKind;

/// The settings of one bucket. `None` inside a fact is AWS's "no such configuration".
#[derive(Clone, Debug)]
pub struct CurrentSettings<'a> {
    /// The policy document, exactly as stored.
    pub policy: Fact<Option<&'a str>>,
    /// The bucket's own Block Public Access flags.
    pub public_access_block: Fact<Option<PublicAccessBlock>>,
    /// Object Ownership was set at some time.
    pub ownership_set: Fact<bool>,
    /// The grants to anybody but the bucket's owner, as far as they have an effect.
    pub grants: Fact<Vec<&'a Grant>>,
    /// Default encryption.
    pub encryption: Fact<Option<&'a Encryption>>,
    /// Server access logging.
    pub logging: Fact<Option<&'a Logging>>,
    /// Lifecycle rules, those that are disabled included.
    pub lifecycle: Fact<Option<&'a [LifecycleRule]>>,
    /// Replication.
    pub replication: Fact<Option<&'a Replication>>,
    /// The ARN of the KMS key that the default encryption names, an alias looked up.
    pub key: Fact<Option<&'a str>>,
}

impl<'a> Facts<'a> {
    /// The settings of a bucket; `None` for other subjects, and for the stand-in of a listing.
    pub fn current_settings(&self, subject: &Subject) -> Option<CurrentSettings<'a>> {
        let id = &subject.id;
        if id.kind != SubjectKind::Bucket {
            return None;
        }
        if BucketKind::of_arn(&id.arn) != BucketKind::General {
            return None;
        }
        let account = self.snapshot.accounts.get(&id.account)?;
        let bucket = account.buckets.get(&id.name)?;
        let key = bucket.encryption_key(&id.account);
        Some(CurrentSettings {
            policy: setting(ReadingKind::BucketPolicy, &bucket.policy)
                .map(|text| text.map(String::as_str)),
            public_access_block: setting(
                ReadingKind::BucketPublicAccessBlock,
                &bucket.public_access_block,
            )
            .map(Option::<&PublicAccessBlock>::copied),
            ownership_set: setting(ReadingKind::BucketOwnership, &bucket.ownership)
                .map(|ownership| ownership.is_some()),
            grants: grants(bucket),
            encryption: setting(ReadingKind::BucketEncryption, &bucket.encryption),
            logging: setting(ReadingKind::BucketLogging, &bucket.logging),
            lifecycle: setting(ReadingKind::BucketLifecycle, &bucket.lifecycle)
                .map(|rules| rules.map(Vec::as_slice)),
            replication: setting(ReadingKind::BucketReplication, &bucket.replication),
            key: match key {
                None => setting(ReadingKind::BucketEncryption, &bucket.encryption).map(|_| None),
                Some(arn) => match account.keys.get(&arn) {
                    None => Fact::not_collected(ReadingKind::KeyDescription),
                    Some(key) => setting(ReadingKind::KeyDescription, &key.description)
                        .map(|key| key.map(|key| key.arn.as_str())),
                },
            },
        })
    }
}

/// The customer's recorder of AWS Config in a Region.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// It records everything but what it names.
    pub excludes: bool,
    /// It names others than buckets there.
    pub excludes_others: bool,
    /// There is a delivery channel with a bucket: without one it does not start.
    pub delivers: bool,
}

impl Facts<'_> {
    /// The customer's recorder in a Region, where there is one.
    pub fn recorder(&self, region: &Subject) -> Option<Recorder> {
        let account = self.snapshot.accounts.get(&region.id.account)?;
        let region = account.regions.get(&region.id.name)?;
        let recorders = region.config_recorders.known()?;
        let own = recorders.iter().find(|recorder| !recorder.service_linked)?;
        let channels = region.config_delivery_channels.known();
        Some(Recorder {
            name: own.name.clone(),
            excludes: own.strategy.as_deref() == Some("EXCLUSION_BY_RESOURCE_TYPES"),
            excludes_others: own
                .excluded_types
                .iter()
                .any(|kind| kind != "AWS::S3::Bucket"),
            delivers: channels
                .into_iter()
                .flatten()
                .any(|channel| !channel.bucket.is_empty()),
        })
    }

    /// True when a trail's selectors can be added to. Basic ones are replaced by advanced ones as a
    /// whole, which loses nothing where there is only the one a trail is made with.
    pub fn takes_selectors(&self, account: &str, trail: &str) -> bool {
        let account = self.snapshot.accounts.get(account);
        let trail = account.and_then(|account| account.trails.get(trail));
        trail
            .and_then(|trail| trail.selectors.known())
            .is_some_and(|selectors| {
                !selectors.advanced.is_empty()
                    || selectors.basic.iter().all(|basic| {
                        basic.read_write == "All" && basic.management && basic.data.is_empty()
                    })
            })
    }

    /// What would keep the access logs of a bucket from arriving in `target` under `prefix`, in words;
    /// empty when nothing would. `None` for subjects that are no bucket.
    pub fn log_delivery_problem(
        &self,
        source: &Subject,
        target: &str,
        prefix: &str,
    ) -> Option<Fact<String>> {
        let id = &source.id;
        let (account_id, account) = self.account(&id.account)?;
        let (name, bucket) = account.buckets.get_key_value(&id.name)?;
        let context = BucketContext {
            account_id,
            account,
            name,
            bucket,
            regional: None,
            index: &self.index,
            trust: &self.trust,
            controls: &self.controls,
            compiled: &self.compiled,
            taken_at: &self.snapshot.taken_at,
        };
        let logging = Logging {
            target_bucket: target.to_owned(),
            target_prefix: prefix.to_owned(),
            key_format: None,
        };
        Some(delivery::of_target(&context, &logging))
    }
}

fn setting<T>(kind: ReadingKind, reading: &Reading<T>) -> Fact<Option<&T>> {
    match reading {
        Reading::Known(value) => Fact::Known(Some(value)),
        other => from_reading(kind, other, || None, |_| None),
    }
}

/// Grants to others than the owner.
fn grants(bucket: &BucketInventory) -> Fact<Vec<&Grant>> {
    let owner = bucket
        .acl
        .known()
        .and_then(|acl: &Acl| acl.owner.as_deref());
    super::bucket::ownership::effective_grants(bucket, |grant| {
        Some(grant.grantee.as_str()) != owner
    })
}
