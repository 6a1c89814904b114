//! A sample of each bucket's objects (`--sample-objects`).
//!
//! One page of the list, then one HeadObject an object, one after the other like all calls of a
//! bucket. Object ACLs are read only where they could have an effect: with ACLs on, and
//! IgnorePublicAcls off in the bucket and in the account.

use std::collections::BTreeMap;

use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{Acl, BucketInventory};
use crate::inventory::need::{Guard, ReadingKind};
use crate::inventory::object::{ObjectSample, SampledObject};

use super::answer;
use super::lane::ServiceFamily;
use super::paging::each;
use super::s3;
use super::session::Session;

/// Metadata names that the Amazon S3 Encryption Client writes, version 1 to 4 (its specification,
/// "Content metadata", copy of 2026).
const ENVELOPE: [&str; 6] = [
    "x-amz-key-v2",
    "x-amz-key",
    "x-amz-iv",
    "x-amz-c",
    "x-amz-w",
    "x-amz-3",
];

/// Adds a sample to every bucket that was read.
pub async fn read(session: &Session, account: &mut AccountInventory) {
    let Some(asked) = session.request.sample_objects else {
        return;
    };
    let wanted = session.plan.wants(ReadingKind::BucketObjectSample)
        || session.plan.wants(ReadingKind::BucketObjectAcls);
    if !wanted {
        return;
    }
    let ignored = account
        .public_access_block
        .known()
        .is_some_and(|block| block.ignore_public_acls);
    let read: Vec<_> = each(session, &account.buckets, |(name, bucket)| async move {
        let sampled = of_bucket(session, name, bucket, asked, ignored).await;
        (name.clone(), sampled)
    })
    .await;
    for (name, (sample, acls)) in read {
        if let Some(bucket) = account.buckets.get_mut(&name) {
            bucket.object_sample = sample;
            bucket.object_acls = acls;
        }
    }
}

type Sampled = (Reading<ObjectSample>, Reading<BTreeMap<String, Acl>>);

async fn of_bucket(
    session: &Session,
    name: &str,
    bucket: &BucketInventory,
    asked: u32,
    ignored_by_account: bool,
) -> Sampled {
    const SAMPLE: ReadingKind = ReadingKind::BucketObjectSample;
    const ACLS: ReadingKind = ReadingKind::BucketObjectAcls;
    let region = bucket.region.as_deref().unwrap_or(&session.home);
    let client = session.clients.s3(region);
    let listed = session
        .call(ServiceFamily::S3, region, || {
            client
                .list_objects_v2()
                .bucket(name)
                .max_keys(i32::try_from(asked).unwrap_or(i32::MAX))
                .send()
        })
        .await;
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => {
            return (
                answer::unread_by(SAMPLE, "s3:ListBucket", &error),
                answer::unread_by(ACLS, "s3:ListBucket", &error),
            );
        }
    };
    let keys: Vec<String> = listed
        .contents()
        .iter()
        .filter_map(|object| object.key().map(str::to_owned))
        .take(usize::try_from(asked).unwrap_or(usize::MAX))
        .collect();
    let mut sample = ObjectSample {
        asked,
        whole_bucket: listed.is_truncated() != Some(true) && keys.len() == listed.contents().len(),
        objects: Vec::new(),
    };
    let mut failed = None;
    for key in &keys {
        let head = session
            .call(ServiceFamily::S3, region, || {
                client.head_object().bucket(name).key(key).send()
            })
            .await;
        match head {
            Ok(head) => sample.objects.push(SampledObject {
                key: key.clone(),
                encryption: head
                    .server_side_encryption()
                    .map(|algorithm| algorithm.as_str().to_owned()),
                kms_key: head.ssekms_key_id().map(str::to_owned),
                sse_c: head.sse_customer_algorithm().is_some(),
                client_side: head.metadata().is_some_and(|metadata| {
                    ENVELOPE.iter().any(|name| metadata.contains_key(*name))
                }),
            }),
            // Deleted since it was listed.
            Err(error) if error.status == Some(404) => {}
            // All that S3 answers without the key of an SSE-C object.
            Err(error) if error.status == Some(400) && error.bucket_region.is_none() => {
                sample.objects.push(SampledObject {
                    key: key.clone(),
                    sse_c: true,
                    ..SampledObject::default()
                });
            }
            Err(error) => {
                failed = Some(answer::unread(SAMPLE, &error));
                break;
            }
        }
    }
    let acls = acls(session, name, region, bucket, &keys, ignored_by_account).await;
    (failed.unwrap_or(Reading::Known(sample)), acls)
}

async fn acls(
    session: &Session,
    name: &str,
    region: &str,
    bucket: &BucketInventory,
    keys: &[String],
    ignored_by_account: bool,
) -> Reading<BTreeMap<String, Acl>> {
    const KIND: ReadingKind = ReadingKind::BucketObjectAcls;
    let ignored = ignored_by_account
        || bucket
            .public_access_block
            .known()
            .is_some_and(|block| block.ignore_public_acls);
    let without_effect = s3::acls_are_off(&bucket.ownership) || ignored;
    if !session.plan.calls(KIND, |guard| {
        without_effect && guard == Guard::UnlessAclsWithoutEffect
    }) {
        return Reading::NotCollected;
    }
    let client = session.clients.s3(region);
    let mut acls = BTreeMap::new();
    for key in keys {
        let answer = session
            .call(ServiceFamily::S3, region, || {
                client.get_object_acl().bucket(name).key(key).send()
            })
            .await;
        match answer {
            Ok(output) => {
                let acl = Acl {
                    owner: output
                        .owner()
                        .and_then(|owner| owner.id())
                        .map(str::to_owned),
                    grants: output.grants().iter().filter_map(s3::grant).collect(),
                };
                acls.insert(key.clone(), acl);
            }
            Err(error) if error.status == Some(404) => {}
            Err(error) => return answer::unread(KIND, &error),
        }
    }
    Reading::Known(acls)
}
