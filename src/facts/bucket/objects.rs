//! What a sample of a bucket's objects shows: a sample is no proof of what is not in it.
//!
//! Configuration speaks of objects to come; objects that are there may be older or may have been
//! written otherwise. An object keeps the encryption it was written with, and may carry an ACL of its
//! own. Without `--sample-objects` nothing here is known, except that no ACL makes an object public
//! where ACLs are off or public ones are ignored.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::ownership::AclFacts;
use super::public_access_block::PublicAccessBlockFacts;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::{BucketInventory, Encryption, Grant};
use crate::inventory::ids::kms_key_arn;
use crate::inventory::need::ReadingKind;
use crate::inventory::object::{ObjectSample, SampledObject};

/// Keys that a message names.
const NAMED: usize = 5;

/// A sample of the objects.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct ObjectFacts {
    /// How many objects are in the sample; fewer than were asked for in a small bucket.
    #[needs(own(BucketObjectSample))]
    pub sampled: Fact<u32>,
    /// Objects that anybody can reach by their own ACL.
    #[needs(
        own(BucketObjectAcls),
        own(BucketOwnership),
        own(BucketPublicAccessBlock),
        own(AccountPublicAccessBlock)
    )]
    pub public: SampledFacts,
    /// Objects that are not encrypted as the bucket would encrypt them today, and less: without KMS
    /// where the default is KMS, or under another key than the default names. An alias is not
    /// followed.
    #[needs(own(BucketObjectSample), own(BucketEncryption))]
    pub not_under_default: SampledFacts,
    /// Objects under a key that only their writer has (SSE-C).
    #[needs(own(BucketObjectSample))]
    pub sse_c: SampledFacts,
    /// Objects that were encrypted before they were uploaded.
    #[needs(own(BucketObjectSample))]
    pub client_side: SampledFacts,
}

/// Objects of the sample of which something holds.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct SampledFacts {
    /// How many.
    pub count: Fact<u32>,
    /// The keys of the first five.
    pub keys: Fact<Vec<String>>,
}

impl ObjectFacts {
    /// Concludes from the sample.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        acl: &AclFacts,
        block: &PublicAccessBlockFacts,
    ) -> Self {
        let bucket = context.bucket;
        let sample = from_reading(
            ReadingKind::BucketObjectSample,
            &bucket.object_sample,
            ObjectSample::default,
            Clone::clone,
        );
        let such = |holds: fn(&SampledObject) -> bool| {
            SampledFacts::of(sample.as_ref().map(|sample| {
                sample
                    .objects
                    .iter()
                    .filter(|object| holds(object))
                    .map(|object| object.key.clone())
                    .collect()
            }))
        };
        Self {
            sampled: sample
                .as_ref()
                .map(|sample| u32::try_from(sample.objects.len()).unwrap_or(u32::MAX)),
            public: SampledFacts::of(public(bucket, acl, block)),
            not_under_default: SampledFacts::of(not_under_default(context, &sample)),
            sse_c: such(|object| object.sse_c),
            client_side: such(|object| object.client_side),
        }
    }
}

impl SampledFacts {
    fn of(keys: Fact<Vec<String>>) -> Self {
        Self {
            count: keys
                .as_ref()
                .map(|keys| u32::try_from(keys.len()).unwrap_or(u32::MAX)),
            keys: keys.map(|keys| keys.into_iter().take(NAMED).collect()),
        }
    }
}

fn public(
    bucket: &BucketInventory,
    acl: &AclFacts,
    block: &PublicAccessBlockFacts,
) -> Fact<Vec<String>> {
    // Switched off as a whole, whatever the ACLs say.
    let effective = acl
        .enabled
        .clone()
        .and(block.ignore_public_acls.clone().negate());
    if effective.known() == Some(&false) {
        return Fact::Known(Vec::new());
    }
    let public = from_reading(
        ReadingKind::BucketObjectAcls,
        &bucket.object_acls,
        Vec::new,
        |acls| {
            acls.iter()
                .filter(|(_, acl)| acl.grants.iter().any(Grant::is_public))
                .map(|(key, _)| key.clone())
                .collect::<Vec<_>>()
        },
    );
    match public {
        Fact::Known(keys) if keys.is_empty() => Fact::Known(keys),
        public => public.zip(effective).map(|(keys, _)| keys),
    }
}

fn not_under_default(
    context: &BucketContext<'_>,
    sample: &Fact<ObjectSample>,
) -> Fact<Vec<String>> {
    let setting = from_reading(
        ReadingKind::BucketEncryption,
        &context.bucket.encryption,
        Encryption::default,
        Clone::clone,
    );
    sample.clone().zip(setting).map(|(sample, setting)| {
        sample
            .objects
            .iter()
            .filter(|object| !object.sse_c && is_less(context, &setting, object))
            .map(|object| object.key.clone())
            .collect()
    })
}

/// Whether an object is encrypted with less than the default, or under another key. SSE-S3 is the
/// least there is, so nothing encrypted is less than that.
fn is_less(context: &BucketContext<'_>, setting: &Encryption, object: &SampledObject) -> bool {
    let Some(wanted) = setting
        .algorithm
        .as_deref()
        .filter(|wanted| wanted.starts_with("aws:kms"))
    else {
        return object.encryption.is_none();
    };
    let by_kms = object
        .encryption
        .as_deref()
        .is_some_and(|got| got.starts_with("aws:kms"));
    if !by_kms || (wanted == "aws:kms:dsse" && object.encryption.as_deref() != Some(wanted)) {
        return true;
    }
    let named = setting
        .kms_key
        .as_deref()
        .filter(|key| !key.is_empty() && !key.contains("alias/"))
        .map(|key| kms_key_arn(context.region(), context.account_id, key));
    match (named, &object.kms_key) {
        (Some(named), Some(got)) => named != *got,
        _ => false,
    }
}
