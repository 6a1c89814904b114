//! Which buckets there are: the listing, names given literally, and the filters.

use std::collections::{BTreeMap, BTreeSet};

use wildmatch::WildMatch;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::{CallError, ErrorKind};
use super::lane::Family;
use super::paging::following;
use super::session::Session;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
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
pub async fn find(session: &Session) -> Found {
    let globs = &session.request.buckets;
    let mut found = Found::default();
    if !globs.is_empty() && globs.iter().all(|glob| literal(glob)) {
        found.listing = Reading::Known(Listing { complete: false });
    } else {
        list(session, &mut found).await;
    }
    // A name given literally is read whether or not it was listed; if it does not exist, its
    // readings will say so.
    for name in globs.iter().filter(|glob| literal(glob)) {
        found.buckets.entry(name.clone()).or_default();
    }
    found
}

async fn list(session: &Session, found: &mut Found) {
    let wanted: Vec<WildMatch> = session
        .request
        .buckets
        .iter()
        .map(|glob| WildMatch::new(glob))
        .collect();
    let regions = &session.request.regions;
    let client = session.clients.s3(&session.home);
    let mut token: Option<String> = None;
    let mut pages: u64 = 0;
    let mut own = BTreeSet::new();
    loop {
        let page = session
            .call(Family::S3, &session.home, || {
                // With a parameter the answer names each bucket's Region, without it does not
                // (S3 API reference, ListBuckets).
                client
                    .list_buckets()
                    .max_buckets(1000)
                    .set_continuation_token(token.clone())
                    .send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                found.listing = ended_early(pages, &error);
                return;
            }
        };
        pages = pages.saturating_add(1);
        for bucket in page.buckets() {
            let Some(name) = bucket.name() else { continue };
            own.insert(name.to_owned());
            if !wanted.is_empty() && !wanted.iter().any(|glob| glob.matches(name)) {
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
            found.buckets.insert(
                name.to_owned(),
                BucketInventory {
                    region,
                    created: bucket.creation_date().map(ToString::to_string),
                    ..BucketInventory::default()
                },
            );
        }
        match following(page.continuation_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    // What the filters left out is not in the snapshot.
    found.listing = Reading::Known(Listing {
        complete: wanted.is_empty() && regions.is_empty(),
    });
    found.own = Some(own);
}

/// The listing when a page could not be read: the page's failure is the listing's, and what came
/// before it is kept. An interrupted listing is merely not complete.
fn ended_early(pages: u64, error: &CallError) -> Reading<Listing> {
    if pages > 0 && error.kind == ErrorKind::Interrupted {
        return Reading::Known(Listing { complete: false });
    }
    answer::unread(ReadingKind::BucketListing, error)
}
