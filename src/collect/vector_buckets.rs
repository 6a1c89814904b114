//! Vector buckets of S3 Vectors: one list a Region, then policy and default encryption of each. Keys of single
//! indexes are not read.

use std::collections::BTreeMap;

use crate::inventory::Reading;
use crate::inventory::bucket::{Encryption, RegionalBucketInventory};
use crate::inventory::ids::BucketKind;
use crate::inventory::readings::RegionalKind;
use crate::inventory::request::NameFilter;

use super::answer::ask;
use super::bucket_kinds::{self, ListedBuckets};
use super::lane::ServiceFamily;
use super::paging::{each, pages};
use super::session::Session;

/// Regions that have offered vector buckets since the preview of 2025-07, by reports of its endpoints. A Region
/// that is not named is called as well.
const OFFERING: [&str; 5] = [
    "ap-southeast-2",
    "eu-central-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// Reads the vector buckets of a Region: how their listing went, and the buckets by name.
pub async fn read(session: &Session, region: &str) -> ListedBuckets {
    let Some(row) = bucket_kinds::wanted(session, BucketKind::Vector) else {
        return ListedBuckets::default();
    };
    let wanted = NameFilter::new(&session.request.resources.buckets);
    let client = session.clients.s3vectors(region);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Vectors, region),
        |token| client.list_vector_buckets().set_next_token(token).send(),
        |page| {
            for bucket in page.vector_buckets() {
                let name = bucket.vector_bucket_name();
                if wanted.selects(name) {
                    let listed = RegionalBucketInventory {
                        created: Some(bucket.creation_time().to_string()),
                        ..RegionalBucketInventory::default()
                    };
                    found.insert(name.to_owned(), listed);
                }
            }
            page.next_token
        },
    )
    .await;
    let listing = bucket_kinds::listing_of_service(session, row.listing, went, (region, &OFFERING));
    let read = each(session, found, |(name, listed)| async move {
        let bucket = read_one(session, region, row, &name, listed).await;
        (name, bucket)
    });
    (listing, read.await)
}

async fn read_one(
    session: &Session,
    region: &str,
    row: &RegionalKind,
    name: &str,
    listed: RegionalBucketInventory,
) -> RegionalBucketInventory {
    let client = session.clients.s3vectors(region);
    let lane = (ServiceFamily::S3Vectors, region);
    let mut bucket = listed;
    bucket.policy = ask(
        session,
        lane,
        row.policy,
        || {
            let call = client.get_vector_bucket_policy();
            call.vector_bucket_name(name).send()
        },
        // An answer without a policy is not the answer that there is none, and an empty text decides nothing.
        |output| Some(output.policy.unwrap_or_default()),
    )
    .await;
    let described = ask(
        session,
        lane,
        row.encryption,
        || client.get_vector_bucket().vector_bucket_name(name).send(),
        |output| Some(output.vector_bucket),
    )
    .await;
    bucket.encryption = match described {
        Reading::Known(None) => Reading::Failed {
            action: row.encryption.action().to_owned(),
            code: "MalformedResponse".to_owned(),
            message: "the answer has no vector bucket".to_owned(),
        },
        // Without a setting of its own it has SSE-S3 (S3 API reference, EncryptionConfiguration of S3 Vectors).
        described => described.map(|bucket| {
            let configuration = bucket.and_then(|bucket| bucket.encryption_configuration);
            configuration.map_or_else(Encryption::default, |configuration| Encryption {
                algorithm: Some(configuration.sse_type.as_str().to_owned()),
                kms_key: configuration.kms_key_arn,
                ..Encryption::default()
            })
        }),
    };
    bucket
}
