//! Table buckets of S3 Tables: one list a Region, then policy and default encryption of each. Policies and keys
//! of single tables are not read: a bucket may hold thousands.

use std::collections::BTreeMap;

use aws_sdk_s3tables::types::TableBucketType;

use crate::inventory::bucket::{Encryption, RegionalBucketInventory};
use crate::inventory::ids::BucketKind;
use crate::inventory::readings::RegionalKind;
use crate::inventory::request::NameFilter;

use super::answer::ask;
use super::bucket_kinds::{self, ListedBuckets};
use super::lane::ServiceFamily;
use super::paging::{each, pages};
use super::session::Session;

/// Regions that offer table buckets (S3 user guide, "S3 Tables AWS Regions and endpoints", copy of 2026-09). A
/// Region that is not named is called as well.
const OFFERING: [&str; 16] = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// The ARN of a table bucket, and the bucket.
type WithArn = (String, RegionalBucketInventory);

/// Reads the table buckets of a Region: how their listing went, and the buckets by name.
pub async fn read(session: &Session, region: &str) -> ListedBuckets {
    let Some(row) = bucket_kinds::wanted(session, BucketKind::Table) else {
        return ListedBuckets::default();
    };
    let wanted = NameFilter::new(&session.request.resources.buckets);
    let client = session.clients.s3tables(region);
    let mut found: BTreeMap<String, WithArn> = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Tables, region),
        // The others hold what AWS services write for the customer, and have policies of AWS's.
        |token| {
            client
                .list_table_buckets()
                .r#type(TableBucketType::Customer)
                .set_continuation_token(token)
                .send()
        },
        |page| {
            for bucket in page.table_buckets() {
                if wanted.selects(bucket.name()) {
                    let listed = RegionalBucketInventory {
                        created: Some(bucket.created_at().to_string()),
                        ..RegionalBucketInventory::default()
                    };
                    found.insert(bucket.name().to_owned(), (bucket.arn().to_owned(), listed));
                }
            }
            page.continuation_token
        },
    )
    .await;
    let listing = bucket_kinds::listing_of_service(session, row.listing, went, (region, &OFFERING));
    let read = each(session, found, |(name, listed)| async move {
        let bucket = read_one(session, region, row, listed).await;
        (name, bucket)
    });
    (listing, read.await)
}

async fn read_one(
    session: &Session,
    region: &str,
    row: &RegionalKind,
    (arn, listed): WithArn,
) -> RegionalBucketInventory {
    let client = session.clients.s3tables(region);
    let lane = (ServiceFamily::S3Tables, region);
    let mut bucket = listed;
    bucket.policy = ask(
        session,
        lane,
        row.policy,
        || {
            client
                .get_table_bucket_policy()
                .table_bucket_arn(&arn)
                .send()
        },
        // The SDK gives an empty text where it finds no policy in the answer: not that there is none.
        |output| Some(output.resource_policy),
    )
    .await;
    bucket.encryption = ask(
        session,
        lane,
        row.encryption,
        || {
            let call = client.get_table_bucket_encryption();
            call.table_bucket_arn(&arn).send()
        },
        |output| {
            let configuration = output.encryption_configuration?;
            Some(Encryption {
                algorithm: Some(configuration.sse_algorithm.as_str().to_owned()),
                kms_key: configuration.kms_key_arn,
                ..Encryption::default()
            })
        },
    )
    .await;
    bucket
}
