//! File systems of S3 Files: one list a Region, then policy and encryption of each.

use std::collections::BTreeMap;

use crate::inventory::bucket::{Encryption, RegionalBucketInventory};
use crate::inventory::ids::BucketKind;
use crate::inventory::readings::RegionalKind;
use crate::inventory::request::NameFilter;

use super::answer::ask;
use super::bucket_kinds::{self, ListedBuckets};
use super::lane::ServiceFamily;
use super::paging::{each, pages};
use super::session::Session;

/// Large Regions that are taken to offer S3 Files: its launch on 2026-04-07 was reported for nearly all commercial
/// Regions, and no list of AWS's was read. A Region that is not named is called as well.
const OFFERING: [&str; 7] = [
    "ap-northeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// Reads the file systems of a Region: how their listing went, and the file systems by id.
pub async fn read(session: &Session, region: &str) -> ListedBuckets {
    let Some(row) = bucket_kinds::wanted(session, BucketKind::FileSystem) else {
        return ListedBuckets::default();
    };
    let wanted = NameFilter::new(&session.request.resources.buckets);
    let client = session.clients.s3files(region);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Files, region),
        |token| client.list_file_systems().set_next_token(token).send(),
        |page| {
            for system in page.file_systems() {
                let id = system.file_system_id();
                if wanted.selects(id) {
                    let listed = RegionalBucketInventory {
                        created: Some(system.creation_time().to_string()),
                        ..RegionalBucketInventory::default()
                    };
                    found.insert(id.to_owned(), listed);
                }
            }
            page.next_token
        },
    )
    .await;
    let listing = bucket_kinds::listing_of_service(session, row.listing, went, (region, &OFFERING));
    let read = each(session, found, |(id, listed)| async move {
        let system = read_one(session, region, row, &id, listed).await;
        (id, system)
    });
    (listing, read.await)
}

async fn read_one(
    session: &Session,
    region: &str,
    row: &RegionalKind,
    id: &str,
    listed: RegionalBucketInventory,
) -> RegionalBucketInventory {
    let client = session.clients.s3files(region);
    let lane = (ServiceFamily::S3Files, region);
    let mut system = listed;
    system.policy = ask(
        session,
        lane,
        row.policy,
        || client.get_file_system_policy().file_system_id(id).send(),
        // The SDK gives an empty text where it finds no policy in the answer: not that there is none.
        |output| Some(output.policy),
    )
    .await;
    system.encryption = ask(
        session,
        lane,
        row.encryption,
        || client.get_file_system().file_system_id(id).send(),
        |output| Some(encryption(output.kms_key_id)),
    )
    .await;
    system
}

/// Without a KMS key it is encrypted with one of the service's own (S3 API reference, CreateFileSystem).
fn encryption(kms_key: Option<String>) -> Encryption {
    let kms_key = kms_key.filter(|key| !key.is_empty());
    let algorithm = if kms_key.is_some() {
        "aws:kms"
    } else {
        "service-owned"
    };
    Encryption {
        algorithm: Some(algorithm.to_owned()),
        kms_key,
        ..Encryption::default()
    }
}
