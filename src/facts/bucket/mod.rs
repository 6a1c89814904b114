//! What can be said about one bucket. One file a topic; this one only puts them together.

pub(in crate::facts) mod compose;
pub(in crate::facts) mod context;
pub mod data_events;
pub(in crate::facts) mod delivery;
pub mod encryption;
pub mod exposure;
pub mod guards;
pub mod key;
pub mod lifecycle;
mod log_accounts;
pub mod logging;
pub mod objects;
pub mod ownership;
pub mod policy;
pub mod posture;
pub mod public_access_block;
pub mod public_status;
pub mod reach;
mod regional;
pub mod replication;
pub mod transport;
pub mod versioning;
pub mod website;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use schemars::JsonSchema;

use self::context::BucketContext;
use self::data_events::DataEventFacts;
use self::encryption::EncryptionFacts;
use self::exposure::ExposureFacts;
use self::guards::GuardFacts;
use self::key::KeyFacts;
use self::lifecycle::LifecycleFacts;
use self::logging::LoggingFacts;
use self::objects::ObjectFacts;
use self::ownership::AclFacts;
use self::policy::{PolicyFacts, PolicyReading};
use self::public_access_block::PublicAccessBlockFacts;
use self::public_status::PublicStatusFacts;
use self::reach::ReachFacts;
use self::replication::{ObjectLockFacts, ReplicationFacts};
use self::transport::TransportFacts;
use self::versioning::VersioningFacts;
use self::website::{CorsFacts, WebsiteFacts};
use super::region::config::ConfigFacts;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::lazy::Lazy;
use crate::facts::subject::{Facts, Posture, Subject, SubjectView, UNKNOWN, UNLISTED, unlisted};
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::{BucketKind, SubjectKind, bucket_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::readings::is_whole;
use crate::report::policy::Request;
use serde_json::Value;

/// The facts of one bucket; conditions see them as `bucket`.
#[derive(Debug, JsonSchema, FactValue)]
#[needs(own(BucketListing))]
pub struct BucketFacts<'a> {
    /// What several groups are concluded from.
    #[schemars(skip)]
    basis: Rc<Basis<'a>>,
    /// Bucket name.
    pub name: String,
    /// Bucket ARN.
    pub arn: String,
    /// `general`, `directory`, `table`, `vector`, or `file-system` for a file system of S3 Files. A check judges
    /// the kinds that it names.
    pub kind: String,
    /// Id of the account that owns it.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// What its policy document is.
    pub policy: Lazy<'a, PolicyFacts>,
    /// Who can reach it.
    pub exposure: Lazy<'a, ExposureFacts>,
    /// Access control lists.
    pub acl: Lazy<'a, AclFacts>,
    /// Block Public Access.
    pub public_access_block: Lazy<'a, PublicAccessBlockFacts>,
    /// Whether AWS, and AWS's documentation, call its policy public.
    pub public_status: Lazy<'a, PublicStatusFacts>,
    /// Plain HTTP.
    pub transport: Lazy<'a, TransportFacts>,
    /// Encryption.
    pub encryption: Lazy<'a, EncryptionFacts>,
    /// Server access logging.
    pub logging: Lazy<'a, LoggingFacts>,
    /// Whether AWS Config records changes of the bucket: `on`, `daily`, `not recorded` or `off`.
    #[needs(
        own(RegionListing),
        region(ConfigRecorders),
        region(ConfigRecorderStatus)
    )]
    pub config: Lazy<'a, Fact<String>>,
    /// CloudTrail data events.
    pub data_events: Lazy<'a, DataEventFacts>,
    /// Versioning.
    pub versioning: Lazy<'a, VersioningFacts>,
    /// The KMS key of the default encryption.
    pub key: Lazy<'a, KeyFacts>,
    /// Which identities of the account can read it, its key included.
    pub reach: Lazy<'a, ReachFacts>,
    /// What the policy guards against.
    pub guards: Lazy<'a, GuardFacts>,
    /// Lifecycle rules.
    pub lifecycle: Lazy<'a, LifecycleFacts>,
    /// Replication.
    pub replication: Lazy<'a, ReplicationFacts>,
    /// Object Lock.
    pub object_lock: Lazy<'a, ObjectLockFacts>,
    /// Static website hosting.
    pub website: Lazy<'a, WebsiteFacts>,
    /// Cross-origin rules.
    pub cors: Lazy<'a, CorsFacts>,
    /// A sample of its objects, where one was asked for.
    pub objects: Lazy<'a, ObjectFacts>,
    /// Tags by key; test with `in`.
    #[needs(own(BucketTags))]
    pub tags: Lazy<'a, Fact<BTreeMap<String, String>>>,
    /// The same tags as `key=value`, in lower case, sorted: for conditions that compare values.
    #[needs(own(BucketTags))]
    pub labels: Lazy<'a, Fact<Vec<String>>>,
}

/// What several groups of a bucket are concluded from, each concluded once.
struct Basis<'a> {
    context: BucketContext<'a>,
    policy: OnceCell<PolicyReading<'a>>,
    block: OnceCell<PublicAccessBlockFacts>,
    acl: OnceCell<AclFacts>,
    data_events: OnceCell<DataEventFacts>,
}

impl<'a> Basis<'a> {
    fn policy(&self) -> &PolicyReading<'a> {
        self.policy
            .get_or_init(|| PolicyReading::new(&self.context))
    }

    fn block(&self) -> &PublicAccessBlockFacts {
        self.block.get_or_init(|| {
            PublicAccessBlockFacts::derive(self.context.account, self.context.bucket)
        })
    }

    fn acl(&self) -> &AclFacts {
        self.acl
            .get_or_init(|| AclFacts::derive(self.context.bucket))
    }

    fn data_events(&self) -> &DataEventFacts {
        self.data_events
            .get_or_init(|| DataEventFacts::derive(&self.context))
    }

    /// A group that is concluded from this when it is first read.
    fn lazy<T: 'a>(self: &Rc<Self>, conclude: fn(&Self) -> T) -> Lazy<'a, T> {
        let basis = Rc::clone(self);
        Lazy::new(move || conclude(&basis))
    }
}

impl fmt::Debug for Basis<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basis").finish_non_exhaustive()
    }
}

impl<'a> BucketFacts<'a> {
    /// The facts of one bucket; each group is concluded when it is first read.
    pub(in crate::facts) fn new(context: BucketContext<'a>) -> Self {
        let basis = Rc::new(Basis {
            context,
            policy: OnceCell::new(),
            block: OnceCell::new(),
            acl: OnceCell::new(),
            data_events: OnceCell::new(),
        });
        Self {
            name: context.name.to_owned(),
            arn: context.arn(),
            kind: context.kind().name().to_owned(),
            account: context.account_id.to_owned(),
            region: context.region().to_owned(),
            policy: basis.lazy(|basis| basis.policy().facts()),
            exposure: basis.lazy(|basis| match &basis.context.regional {
                Some(bucket) => ExposureFacts::of_kind(&basis.context, bucket),
                None => ExposureFacts::derive(&basis.context, basis.policy(), basis.block()),
            }),
            acl: basis.lazy(|basis| basis.acl().clone()),
            public_access_block: basis.lazy(|basis| basis.block().clone()),
            public_status: basis.lazy(|basis| PublicStatusFacts::derive(basis.context.bucket)),
            transport: basis.lazy(|basis| TransportFacts::derive(basis.policy())),
            encryption: basis.lazy(|basis| EncryptionFacts::derive(&basis.context, basis.policy())),
            logging: basis.lazy(|basis| {
                LoggingFacts::derive(&basis.context, basis.policy(), basis.data_events())
            }),
            config: basis.lazy(|basis| {
                basis
                    .context
                    .region_inventory(ReadingKind::ConfigRecorders)
                    .and_then(|region| ConfigFacts::of_buckets(region).map(str::to_owned))
            }),
            data_events: basis.lazy(|basis| basis.data_events().clone()),
            versioning: basis.lazy(|basis| VersioningFacts::derive(basis.context.bucket)),
            key: basis.lazy(|basis| KeyFacts::derive(&basis.context)),
            reach: basis.lazy(|basis| ReachFacts::derive(&basis.context)),
            guards: basis.lazy(|basis| {
                let cut = exposure::cut(&basis.context, basis.policy(), basis.block());
                GuardFacts::derive(&basis.context, basis.policy(), cut)
            }),
            lifecycle: basis.lazy(|basis| LifecycleFacts::derive(basis.context.bucket)),
            replication: basis.lazy(|basis| ReplicationFacts::derive(&basis.context)),
            object_lock: basis.lazy(|basis| ObjectLockFacts::derive(&basis.context)),
            website: basis.lazy(|basis| WebsiteFacts::derive(basis.context.bucket)),
            cors: basis.lazy(|basis| CorsFacts::derive(basis.context.bucket)),
            objects: basis
                .lazy(|basis| ObjectFacts::derive(&basis.context, basis.acl(), basis.block())),
            tags: basis.lazy(|basis| {
                from_reading(
                    ReadingKind::BucketTags,
                    &basis.context.bucket.tags,
                    BTreeMap::new,
                    Clone::clone,
                )
            }),
            labels: basis.lazy(|basis| {
                from_reading(
                    ReadingKind::BucketTags,
                    &basis.context.bucket.tags,
                    Vec::new,
                    |tags| {
                        let pairs = tags.iter();
                        let pairs =
                            pairs.map(|(key, value)| format!("{key}={value}").to_lowercase());
                        pairs.collect::<BTreeSet<String>>().into_iter().collect()
                    },
                )
            }),
            basis,
        }
    }

    /// A request that shows the fact at a path (`bucket.exposure.anonymous.read`), checked by the
    /// evaluator; none for facts that no request shows.
    fn request(&self, path: &str) -> Option<Request> {
        let basis = &self.basis;
        if basis.context.regional.is_some() {
            return None;
        }
        if path == "bucket.transport" || path.starts_with("bucket.transport.") {
            return basis.policy().plain_http_witness();
        }
        let path = path.strip_prefix("bucket.exposure.")?;
        ExposureFacts::witness(&basis.context, basis.policy(), basis.block(), path)
    }
}

impl<'a> SubjectView<'a> for BucketFacts<'a> {
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |region: &str, name: &str, unlisted| {
            let arn = bucket_arn(account.partition(), name);
            Subject::named(SubjectKind::Bucket, (id, region), name, arn, unlisted)
        };
        let mut subjects: Vec<Subject> = account
            .buckets
            .iter()
            .filter(|(_, bucket)| !(is_whole(&account.bucket_listing) && bucket.does_not_exist()))
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
        subjects.extend(regional::list(id, account, complete));
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        let (name, bucket, regional) = match BucketKind::of_arn(&subject.id.arn) {
            BucketKind::General => {
                let (name, bucket) = account.buckets.get_key_value(&subject.id.name)?;
                (name, bucket, None)
            }
            kind => {
                let (name, bucket) = regional::find(account, &subject.id, kind)?;
                (name, regional::nothing_read(), Some(bucket))
            }
        };
        Some(Self::new(BucketContext {
            account_id,
            account,
            name,
            bucket,
            regional,
            index: &facts.index,
            trust: &facts.trust,
            controls: &facts.controls,
            compiled: &facts.compiled,
            taken_at: &facts.snapshot.taken_at,
        }))
    }

    fn witness(&self, path: &str) -> Option<Value> {
        serde_json::to_value(self.request(path)?).ok()
    }

    fn posture(&self) -> Posture {
        if self.basis.context.regional.is_some() {
            return Posture::default();
        }
        Posture {
            bucket: Some(self.posture()),
            ..Posture::default()
        }
    }
}
