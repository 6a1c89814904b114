//! Directory buckets: one list a Region, then policy and default encryption of each.
//!
//! All calls go to the Region's control endpoint, `s3express-control.REGION.amazonaws.com` (S3 user guide,
//! "Regional and Zonal endpoints for directory buckets", copy of 2026). Where a Region does not offer
//! directory buckets, there is no such host.

use std::collections::BTreeMap;

use crate::inventory::Reading;
use crate::inventory::bucket::RegionalBucketInventory;
use crate::inventory::ids::is_directory_bucket_name;
use crate::inventory::need::ReadingKind;
use crate::inventory::request::NameFilter;

use super::answer::ask;
use super::bucket_kinds::{ListedBuckets, has_no_host, listing};
use super::lane::ServiceFamily;
use super::paging::{each, pages};
use super::session::Session;

/// Directory buckets a page: the most that S3 gives (S3 API reference, ListDirectoryBuckets).
const PAGE: i32 = 1000;

/// The Regions that offer directory buckets (S3 user guide, "S3 Express One Zone Availability Zones and
/// Regions", copy of 2026). A Region that is not named may offer them by now: it is called as well.
const OFFERING: [&str; 7] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-south-1",
    "ap-northeast-1",
    "eu-west-1",
    "eu-north-1",
];

/// Reads the directory buckets of a Region: how their listing went, and the buckets by name.
pub async fn read(session: &Session, region: &str) -> ListedBuckets {
    if !session.plan.wants(ReadingKind::DirectoryBucketListing) {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let (listing, listed) = list(session, region).await;
    let read = each(session, listed, |(name, listed)| async move {
        let bucket = read_one(session, region, &name, listed).await;
        (name, bucket)
    });
    (listing, read.await)
}

async fn list(session: &Session, region: &str) -> ListedBuckets {
    let wanted = NameFilter::new(&session.request.resources.buckets);
    let client = session.clients.s3(region);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Express, region),
        |token| {
            client
                .list_directory_buckets()
                .max_directory_buckets(PAGE)
                .set_continuation_token(token)
                .send()
        },
        |page| {
            for bucket in page.buckets() {
                let Some(name) = bucket.name() else { continue };
                if is_directory_bucket_name(name) && wanted.selects(name) {
                    let listed = RegionalBucketInventory {
                        created: bucket.creation_date().map(ToString::to_string),
                        ..RegionalBucketInventory::default()
                    };
                    found.insert(name.to_owned(), listed);
                }
            }
            page.continuation_token
        },
    )
    .await;
    let is_local = session.clients.endpoint().is_some();
    let listing = listing(
        session,
        ReadingKind::DirectoryBucketListing,
        went,
        |error| has_no_host(error, (region, &OFFERING), is_local),
    );
    (listing, found)
}

async fn read_one(
    session: &Session,
    region: &str,
    name: &str,
    listed: RegionalBucketInventory,
) -> RegionalBucketInventory {
    let client = session.clients.s3(region);
    let lane = (ServiceFamily::S3Express, region);
    let mut bucket = listed;
    bucket.policy = ask(
        session,
        lane,
        ReadingKind::DirectoryBucketPolicy,
        || client.get_bucket_policy().bucket(name).send(),
        |output| output.policy.filter(|policy| !policy.is_empty()),
    )
    .await;
    bucket.encryption = ask(
        session,
        lane,
        ReadingKind::DirectoryBucketEncryption,
        || client.get_bucket_encryption().bucket(name).send(),
        super::s3::encryption,
    )
    .await;
    bucket
}
