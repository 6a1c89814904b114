//! Directory buckets: one list a Region, then policy and default encryption of each.
//!
//! All calls go to the Region's control endpoint, `s3express-control.REGION.amazonaws.com` (S3 user guide,
//! "Regional and Zonal endpoints for directory buckets", copy of 2026). Where a Region does not offer
//! directory buckets, there is no such host.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::bucket::RegionalBucketInventory;
use crate::inventory::ids::is_directory_bucket_name;
use crate::inventory::need::ReadingKind;

use super::answer::{self, ask};
use super::buckets::literal;
use super::call_error::CallError;
use super::lane::ServiceFamily;
use super::paging::{each, pages};
use super::session::Session;

/// Directory buckets a page: the most that S3 gives (S3 API reference, ListDirectoryBuckets).
const PAGE: i32 = 1000;

/// Reads the directory buckets of a Region: how their listing went, and the buckets by name.
pub async fn read(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, RegionalBucketInventory>) {
    let globs = &session.request.resources.buckets;
    let may_be_named = |glob: &String| !literal(glob) || is_directory_bucket_name(glob);
    if !session.plan.wants(ReadingKind::DirectoryBucketListing)
        || (!globs.is_empty() && !globs.iter().any(may_be_named))
    {
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
    let globs = &session.request.resources.buckets;
    let wanted: Vec<WildMatch> = globs.iter().map(|glob| WildMatch::new(glob)).collect();
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
                let is_wanted = wanted.is_empty() || wanted.iter().any(|glob| glob.matches(name));
                if is_directory_bucket_name(name) && is_wanted {
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
    let complete = wanted.is_empty();
    let listing = match went {
        Ok(()) => Reading::Known(Listing { complete }),
        Err(cut) => {
            let error = CallError::from(cut);
            if is_not_offered(&error, session.clients.endpoint().is_some()) {
                Reading::Absent
            } else {
                answer::unread(ReadingKind::DirectoryBucketListing, &error)
            }
        }
    };
    (listing, found)
}

/// Whether a failure says that the Region has no directory buckets: its control endpoint has no address.
/// A local endpoint may not know the operation, or answer it as ListBuckets.
fn is_not_offered(error: &CallError, is_local: bool) -> bool {
    const NO_ADDRESS: [&str; 4] = [
        "Name or service not known",
        "Name does not resolve",
        "nodename nor servname provided",
        "No such host is known",
    ];
    if is_local {
        let unknown = !error.answered && matches!(error.status, Some(200 | 404 | 500));
        return unknown || error.status == Some(501);
    }
    error.status.is_none() && NO_ADDRESS.iter().any(|text| error.message.contains(text))
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

    fn answered(status: u16, code: &str, answered: bool) -> CallError {
        CallError {
            status: Some(status),
            answered,
            ..CallError::local(ErrorKind::Final, code, "")
        }
    }

    #[test]
    fn a_host_without_an_address_is_a_region_without_the_service() {
        let failure = |text| CallError::local(ErrorKind::Transient, "Connection", text);
        let lookup = "dns error: failed to lookup address information: ";
        for (text, not_offered) in [
            ("Name or service not known", true),
            ("nodename nor servname provided, or not known", true),
            // The resolver itself failed: nothing is known.
            ("Temporary failure in name resolution", false),
        ] {
            let error = failure(&format!("{lookup}{text}"));
            assert_eq!(is_not_offered(&error, false), not_offered, "{text}");
        }
        assert!(!is_not_offered(&failure("connection refused"), false));
        let timeout = CallError::local(ErrorKind::Transient, "Timeout", "no answer in time");
        assert!(!is_not_offered(&timeout, false));
    }

    #[test]
    fn a_refusal_is_never_a_service_that_is_not_offered() {
        for is_local in [false, true] {
            assert!(!is_not_offered(
                &answered(403, "AccessDenied", true),
                is_local
            ));
        }
        assert!(is_not_offered(&answered(501, "NotImplemented", true), true));
        assert!(is_not_offered(
            &answered(200, "MalformedResponse", false),
            true
        ));
        assert!(!is_not_offered(
            &answered(200, "MalformedResponse", false),
            false
        ));
    }
}
