//! Which buckets there are: the listing, names given literally, and the filters.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::ids::is_directory_bucket_name;
use crate::inventory::need::ReadingKind;
use crate::inventory::request::NameFilter;

use super::lane::ServiceFamily;
use super::paging::{listing, pages};
use super::session::Session;

/// What was found.
#[derive(Debug, Default)]
pub struct FoundBuckets {
    /// How the listing went.
    pub listing: Reading<Listing>,
    /// The buckets with what the listing says about them.
    pub buckets: BTreeMap<String, BucketInventory>,
    /// The names of all buckets of the account, filtered or not; `None` without a complete list.
    pub own: Option<BTreeSet<String>>,
}

/// True for a name without `*` and `?`.
pub fn literal(glob: &str) -> bool {
    !glob.contains(['*', '?'])
}

/// Finds the buckets of the run.
pub async fn find(session: &Session) -> FoundBuckets {
    let globs = &session.request.resources.buckets;
    let mut found = FoundBuckets::default();
    if !globs.is_empty() && globs.iter().all(|glob| literal(glob)) {
        found.listing = Reading::Known(Listing { complete: false });
    } else {
        list(session, &mut found).await;
    }
    // A name given literally is read whether or not it was listed; if it does not exist, its
    // readings will say so.
    let general = |name: &&String| literal(name) && !is_directory_bucket_name(name);
    for name in globs.iter().filter(general) {
        found.buckets.entry(name.clone()).or_default();
    }
    found
}

async fn list(session: &Session, found: &mut FoundBuckets) {
    let wanted = NameFilter::new(&session.request.resources.buckets);
    let regions = &session.request.resources.regions;
    let client = session.clients.s3(&session.home);
    let mut own = BTreeSet::new();
    let went = pages(
        session,
        (ServiceFamily::S3, &session.home),
        |token| {
            // With a parameter the answer names each bucket's Region, without it does not
            // (S3 API reference, ListBuckets).
            client
                .list_buckets()
                .max_buckets(1000)
                .set_continuation_token(token)
                .send()
        },
        |page| {
            for bucket in page.buckets() {
                let Some(name) = bucket.name() else { continue };
                own.insert(name.to_owned());
                if !wanted.selects(name) {
                    continue;
                }
                let region = bucket
                    .bucket_region()
                    .filter(|region| !region.is_empty())
                    .map(str::to_owned);
                let elsewhere = region
                    .as_ref()
                    .is_some_and(|region| !regions.is_empty() && !regions.contains(region));
                if elsewhere {
                    continue;
                }
                let listed = BucketInventory {
                    region,
                    created: bucket.creation_date().map(ToString::to_string),
                    ..BucketInventory::default()
                };
                found.buckets.insert(name.to_owned(), listed);
            }
            page.continuation_token
        },
    )
    .await;
    found.own = went.is_ok().then_some(own);
    // What the filters left out is not in the snapshot.
    let complete = wanted.selects_all() && regions.is_empty();
    found.listing = listing(ReadingKind::BucketListing, went, complete);
}
