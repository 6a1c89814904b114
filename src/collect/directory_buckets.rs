//! Directory buckets: one list a Region, then policy and default encryption of each.
//!
//! All calls go to the Region's control endpoint, `s3express-control.REGION.amazonaws.com` (S3 user guide,
//! "Regional and Zonal endpoints for directory buckets", copy of 2026). Where a Region does not offer
//! directory buckets, there is no such host.

use std::collections::BTreeMap;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::bucket::RegionalBucketInventory;
use crate::inventory::ids::is_directory_bucket_name;
use crate::inventory::need::ReadingKind;
use crate::inventory::request::NameFilter;

use super::answer::{self, ask};
use super::buckets::literal;
use super::call_error::CallError;
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

/// Whether the names or globs that buckets are selected by may select a directory bucket.
pub fn may_be_selected(globs: &[String]) -> bool {
    globs.is_empty()
        || globs
            .iter()
            .any(|glob| !literal(glob) || is_directory_bucket_name(glob))
}

/// Reads the directory buckets of a Region: how their listing went, and the buckets by name.
pub async fn read(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, RegionalBucketInventory>) {
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

async fn list(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, RegionalBucketInventory>) {
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
    let complete = wanted.selects_all();
    let listing = match went {
        Ok(()) => Reading::Known(Listing { complete }),
        Err(cut) => {
            let error = CallError::from(cut);
            if is_not_offered(&error, region, session.clients.endpoint().is_some()) {
                Reading::Absent
            } else {
                answer::unread(ReadingKind::DirectoryBucketListing, &error)
            }
        }
    };
    (listing, found)
}

/// Whether a failure says that the Region does not offer directory buckets: its control endpoint has no
/// address (boto/boto3#4684). In a Region that AWS names as one that does, the fault is the resolver's. A
/// local endpoint may not have the operation, or answer with something else.
fn is_not_offered(error: &CallError, region: &str, is_local: bool) -> bool {
    if is_local {
        let is_other = !error.answered && matches!(error.status, Some(200 | 404));
        return is_other || error.status == Some(501) || error.is_unknown_operation();
    }
    error.has_no_address() && !OFFERING.contains(&region)
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

#[cfg(test)]
mod tests {
    use super::is_not_offered;
    use crate::collect::call_error::{CallError, ErrorKind};

    fn with_status(status: u16, code: &str, answered: bool) -> CallError {
        CallError {
            status: Some(status),
            answered,
            ..CallError::local(ErrorKind::Final, code, "")
        }
    }

    #[test]
    fn a_host_without_an_address_is_a_region_without_directory_buckets() {
        let failure = |text| {
            let text = format!("dns error: failed to lookup address information: {text}");
            CallError::local(ErrorKind::Transient, "Connection", &text)
        };
        for (text, not_offered) in [
            ("Name or service not known", true),
            ("nodename nor servname provided, or not known", true),
            // The resolver itself failed: nothing is known.
            ("Temporary failure in name resolution", false),
        ] {
            let error = failure(text);
            assert_eq!(
                is_not_offered(&error, "eu-central-1", false),
                not_offered,
                "{text}"
            );
            // AWS offers them there, so a resolver that knows no address is at fault.
            assert!(!is_not_offered(&error, "eu-west-1", false), "{text}");
        }
        for (code, text) in [
            ("Connection", "connection refused"),
            ("Timeout", "no answer in time"),
        ] {
            let error = CallError::local(ErrorKind::Transient, code, text);
            assert!(!is_not_offered(&error, "eu-central-1", false), "{text}");
        }
    }

    #[test]
    fn a_refusal_never_says_that_a_region_has_none() {
        let not_offered =
            |error: &CallError, is_local| is_not_offered(error, "eu-central-1", is_local);
        let refused = with_status(403, "AccessDenied", true);
        let failed = with_status(500, "InternalError", true);
        for is_local in [false, true] {
            assert!(!not_offered(&refused, is_local));
            assert!(!not_offered(&failed, is_local));
        }
        for other in [
            with_status(501, "NotImplemented", true),
            with_status(200, "MalformedResponse", false),
        ] {
            assert!(not_offered(&other, true));
            assert!(!not_offered(&other, false));
        }
    }
}
