//! Buckets that are not general purpose: each kind is listed by a call of its own in every Region, and each
//! bucket takes two calls, one for its policy and one for its encryption.
//!
//! A Region may not offer a kind. Then its service has no host there, or answers that it has no such
//! operation: that says that there are none, as no refusal and no other failure does.

use crate::inventory::Reading;
use crate::inventory::account::{Listing, RegionInventory};
use crate::inventory::bucket::RegionalBucketInventory;
use crate::inventory::ids::{BucketKind, is_directory_bucket_name};
use crate::inventory::need::ReadingKind;
#[cfg(feature = "other-bucket-kinds")]
use crate::inventory::readings::RegionalKind;

use super::access_points::Listed;
use super::answer;
use super::buckets::literal;
use super::call_error::CallError;
use super::directory_buckets;
use super::paging::CutShort;
use super::session::Session;
#[cfg(feature = "other-bucket-kinds")]
use super::{file_systems, table_buckets, vector_buckets};

/// How the listing of a kind went in a Region, and the buckets by name.
pub type ListedBuckets = Listed<RegionalBucketInventory>;

/// The kinds whose SDK crates are not in this build.
#[cfg(feature = "other-bucket-kinds")]
pub const NOT_IN_THIS_BUILD: [BucketKind; 0] = [];
/// The kinds whose SDK crates are not in this build.
#[cfg(not(feature = "other-bucket-kinds"))]
pub const NOT_IN_THIS_BUILD: [BucketKind; 3] = [
    BucketKind::Table,
    BucketKind::Vector,
    BucketKind::FileSystem,
];

/// Whether the names or globs that buckets are selected by may select a bucket of a kind that is listed Region by
/// Region. A full name selects general purpose and directory buckets alone.
pub fn may_be_selected(kind: BucketKind, globs: &[String]) -> bool {
    globs.is_empty()
        || globs.iter().any(|glob| {
            !literal(glob) || kind == BucketKind::Directory && is_directory_bucket_name(glob)
        })
}

/// The buckets of a Region that are not general purpose.
#[derive(Default)]
pub struct ReadKinds {
    directory: ListedBuckets,
    tables: ListedBuckets,
    vectors: ListedBuckets,
    files: ListedBuckets,
}

impl ReadKinds {
    /// The Region with them.
    pub fn within(self, region: RegionInventory) -> RegionInventory {
        RegionInventory {
            directory_bucket_listing: self.directory.0,
            directory_buckets: self.directory.1,
            table_bucket_listing: self.tables.0,
            table_buckets: self.tables.1,
            vector_bucket_listing: self.vectors.0,
            vector_buckets: self.vectors.1,
            file_system_listing: self.files.0,
            file_systems: self.files.1,
            ..region
        }
    }
}

/// Reads the buckets of every such kind in a Region.
#[cfg(feature = "other-bucket-kinds")]
pub async fn read(session: &Session, region: &str) -> ReadKinds {
    let (directory, tables, vectors, files) = tokio::join!(
        directory_buckets::read(session, region),
        table_buckets::read(session, region),
        vector_buckets::read(session, region),
        file_systems::read(session, region)
    );
    ReadKinds {
        directory,
        tables,
        vectors,
        files,
    }
}

/// Reads the buckets of every such kind in a Region, as far as they are in this build.
#[cfg(not(feature = "other-bucket-kinds"))]
pub async fn read(session: &Session, region: &str) -> ReadKinds {
    ReadKinds {
        directory: directory_buckets::read(session, region).await,
        ..ReadKinds::default()
    }
}

/// The readings of a kind that is to be read; none for one that is not.
#[cfg(feature = "other-bucket-kinds")]
pub fn wanted(session: &Session, kind: BucketKind) -> Option<&'static RegionalKind> {
    RegionalKind::of(kind).filter(|row| session.plan.wants(row.listing))
}

/// How a listing went. A failure that says that the kind is not offered is the answer that there are none.
pub fn listing(
    session: &Session,
    kind: ReadingKind,
    went: Result<(), CutShort>,
    is_not_offered: impl FnOnce(&CallError) -> bool,
) -> Reading<Listing> {
    match went {
        Ok(()) => Reading::Known(Listing {
            complete: session.request.resources.buckets.is_empty(),
        }),
        Err(cut) => {
            let error = CallError::from(cut);
            if is_not_offered(&error) {
                Reading::Absent
            } else {
                answer::unread(kind, &error)
            }
        }
    }
}

/// Whether a failure says that the Region does not offer a kind: its host has no address (boto/boto3#4684). In a
/// Region that AWS documents as offering it, the fault is the resolver's. A local endpoint may not have the
/// operation, or answer with something else. `offering` are these Regions.
pub fn has_no_host(error: &CallError, (region, offering): (&str, &[&str]), is_local: bool) -> bool {
    if is_local {
        let is_other = !error.answered && matches!(error.status, Some(200 | 404));
        return is_other || error.status == Some(501) || error.is_unknown_operation();
    }
    error.has_no_address() && !offering.contains(&region)
}

/// How the listing of a kind went whose service has hosts of its own. Its front end may also answer that it has
/// no such operation.
#[cfg(feature = "other-bucket-kinds")]
pub fn listing_of_service(
    session: &Session,
    kind: ReadingKind,
    went: Result<(), CutShort>,
    place: (&str, &[&str]),
) -> Reading<Listing> {
    let is_local = session.clients.endpoint().is_some();
    listing(session, kind, went, |error| {
        has_no_host(error, place, is_local) || error.is_unknown_operation()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::call_error::ErrorKind;

    const OFFERING: [&str; 1] = ["eu-west-1"];

    fn with_status(status: u16, code: &str, answered: bool) -> CallError {
        CallError {
            status: Some(status),
            answered,
            ..CallError::local(ErrorKind::Final, code, "")
        }
    }

    #[test]
    fn a_host_without_an_address_is_a_region_without_such_buckets() {
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
                has_no_host(&error, ("eu-central-1", &OFFERING), false),
                not_offered,
                "{text}"
            );
            // AWS offers them there, so a resolver that knows no address is at fault.
            assert!(
                !has_no_host(&error, ("eu-west-1", &OFFERING), false),
                "{text}"
            );
        }
        for (code, text) in [
            ("Connection", "connection refused"),
            ("Timeout", "no answer in time"),
        ] {
            let error = CallError::local(ErrorKind::Transient, code, text);
            assert!(
                !has_no_host(&error, ("eu-central-1", &OFFERING), false),
                "{text}"
            );
        }
    }

    #[test]
    fn a_refusal_never_says_that_a_region_has_none() {
        let not_offered =
            |error: &CallError, is_local| has_no_host(error, ("eu-central-1", &OFFERING), is_local);
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
