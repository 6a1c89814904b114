//! What can be said about one bucket. One file a topic; this one only puts them together.

pub(in crate::facts) mod compose;
pub mod data_events;
pub(in crate::facts) mod delivery;
pub mod encryption;
pub mod exposure;
pub mod guards;
pub mod key;
pub mod lifecycle;
pub mod logging;
pub mod objects;
pub mod ownership;
pub mod policy;
pub mod posture;
pub mod public_access_block;
pub mod public_status;
pub mod replication;
pub mod transport;
pub mod versioning;
pub mod website;

use std::collections::BTreeMap;

use schemars::JsonSchema;

use self::policy::PolicyReading;
use super::region::ConfigFacts;
use super::{Fact, Index, Trust, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::bucket::BucketInventory;
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::ReadingKind;
use crate::report::policy::Request;

/// The facts of one bucket; conditions see them as `bucket`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketListing))]
pub struct BucketFacts {
    /// Bucket name.
    pub name: String,
    /// Bucket ARN.
    pub arn: String,
    /// Id of the account that owns it.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// What its policy document is.
    pub policy: policy::PolicyFacts,
    /// Who can reach it.
    pub exposure: exposure::ExposureFacts,
    /// Access control lists.
    pub acl: ownership::AclFacts,
    /// Block Public Access.
    pub public_access_block: public_access_block::PublicAccessBlockFacts,
    /// Whether AWS, and AWS's documentation, call its policy public.
    pub public_status: public_status::PublicStatusFacts,
    /// Plain HTTP.
    pub transport: transport::TransportFacts,
    /// Encryption.
    pub encryption: encryption::EncryptionFacts,
    /// Server access logging.
    pub logging: logging::LoggingFacts,
    /// Whether AWS Config records changes of the bucket: `on`, `daily`, `not recorded` or `off`.
    #[needs(
        own(RegionListing),
        region(ConfigRecorders),
        region(ConfigRecorderStatus)
    )]
    pub config: Fact<String>,
    /// CloudTrail data events.
    pub data_events: data_events::DataEventFacts,
    /// Versioning.
    pub versioning: versioning::VersioningFacts,
    /// The KMS key of the default encryption.
    pub key: key::KeyFacts,
    /// What the policy guards against.
    pub guards: guards::GuardFacts,
    /// Lifecycle rules.
    pub lifecycle: lifecycle::LifecycleFacts,
    /// Replication.
    pub replication: replication::ReplicationFacts,
    /// Object Lock.
    pub object_lock: replication::ObjectLockFacts,
    /// Static website hosting.
    pub website: website::WebsiteFacts,
    /// Cross-origin rules.
    pub cors: website::CorsFacts,
    /// A sample of its objects, where one was asked for.
    pub objects: objects::ObjectFacts,
    /// Tags by key; test with `in`.
    #[needs(own(BucketTags, WhileThereIsRoom))]
    pub tags: Fact<BTreeMap<String, String>>,
}

/// What AWS Config does in the bucket's Region.
fn config_of(context: &BucketContext<'_>) -> Fact<String> {
    context
        .region_inventory(ReadingKind::ConfigRecorders)
        .and_then(|region| ConfigFacts::of_buckets(region).map(str::to_owned))
}

/// Whether versioning is enabled now.
fn versioning_of(bucket: &BucketInventory) -> Fact<bool> {
    from_reading(
        ReadingKind::BucketVersioning,
        &bucket.versioning,
        || false,
        |versioning| versioning.status.as_deref() == Some("Enabled"),
    )
}

/// One bucket in its surroundings.
#[derive(Clone, Copy)]
pub(in crate::facts) struct BucketContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) account: &'a AccountInventory,
    pub(in crate::facts) name: &'a str,
    pub(in crate::facts) bucket: &'a BucketInventory,
    pub(in crate::facts) index: &'a Index,
    pub(in crate::facts) trust: &'a Trust,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
}

impl BucketContext<'_> {
    /// The bucket's Region; `unknown` when the endpoint did not say.
    pub(in crate::facts) fn region(&self) -> &str {
        self.bucket.region.as_deref().unwrap_or("unknown")
    }

    /// What was read of the bucket's Region. Where it was not read, that is for want of the list of
    /// Regions, or else because nobody asked for `reading`.
    pub(in crate::facts) fn region_inventory(
        &self,
        reading: ReadingKind,
    ) -> Fact<&RegionInventory> {
        let region = self.bucket.region.as_ref();
        match region.and_then(|region| self.account.regions.get(region)) {
            Some(region) => Fact::Known(region),
            None => from_reading(
                ReadingKind::RegionListing,
                &self.account.region_listing,
                || (),
                |_| (),
            )
            .and_then(|()| Fact::not_collected(reading)),
        }
    }
}

impl BucketFacts {
    /// Concludes everything about one bucket.
    pub(in crate::facts) fn derive(context: &BucketContext<'_>) -> Self {
        let bucket = context.bucket;
        let policy = PolicyReading::new(context);
        let public_access_block =
            public_access_block::PublicAccessBlockFacts::derive(context.account, bucket);
        let acl = ownership::AclFacts::derive(bucket);
        let (exposure, cut) =
            exposure::ExposureFacts::derive(context, &policy, &public_access_block);
        let data_events = data_events::DataEventFacts::derive(context);
        Self {
            name: context.name.to_owned(),
            arn: bucket_arn(context.region(), context.name),
            account: context.account_id.to_owned(),
            region: context.region().to_owned(),
            policy: policy.facts(),
            guards: guards::GuardFacts::derive(context, &policy, cut),
            exposure,
            objects: objects::ObjectFacts::derive(context, &acl, &public_access_block),
            acl,
            public_access_block,
            public_status: public_status::PublicStatusFacts::derive(bucket),
            transport: transport::TransportFacts::derive(&policy),
            encryption: encryption::EncryptionFacts::derive(bucket, &policy),
            logging: logging::LoggingFacts::derive(context, &policy, &data_events),
            config: config_of(context),
            data_events,
            versioning: versioning::VersioningFacts::derive(bucket),
            key: key::KeyFacts::derive(context),
            lifecycle: lifecycle::LifecycleFacts::derive(bucket),
            replication: replication::ReplicationFacts::derive(context),
            object_lock: replication::ObjectLockFacts::derive(context),
            website: website::WebsiteFacts::derive(bucket),
            cors: website::CorsFacts::derive(bucket),
            tags: from_reading(
                ReadingKind::BucketTags,
                &bucket.tags,
                BTreeMap::new,
                Clone::clone,
            ),
        }
    }

    /// A request that shows the fact at a path (`bucket.exposure.anonymous.read`), checked by the
    /// evaluator; none for facts that no request shows.
    pub(in crate::facts) fn witness(context: &BucketContext<'_>, path: &str) -> Option<Request> {
        let policy = PolicyReading::new(context);
        if path == "bucket.transport" || path.starts_with("bucket.transport.") {
            return policy.plain_http_witness();
        }
        let block =
            public_access_block::PublicAccessBlockFacts::derive(context.account, context.bucket);
        let path = path.strip_prefix("bucket.exposure.")?;
        exposure::ExposureFacts::witness(context, &policy, &block, path)
    }
}
