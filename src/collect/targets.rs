//! The buckets that others deliver to: whether they are there, and whose they are.
//!
//! A name among the account's own buckets is the account's own, and no call is made. Any other is
//! called with the owner it should have: S3 answers 404 when there is no such bucket, and 403 when it
//! is another account's or access is denied (S3 user guide, "Verifying bucket ownership with
//! bucket owner condition", copy of 2026). The second is a refusal like any other.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Reading;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::ReadingKind;
use crate::inventory::target::TargetInventory;

use super::paging::each;
use super::s3;
use super::session::Session;

/// One destination to look at.
#[derive(Debug)]
struct Destination {
    /// Where to ask first.
    region: Option<String>,
    /// The owner it should have.
    owner: String,
}

/// Looks at the destinations of these buckets. `own` are the names of all buckets of the account,
/// where there was a complete list.
pub async fn read(
    session: &Session,
    account: &str,
    buckets: &BTreeMap<String, BucketInventory>,
    own: Option<&BTreeSet<String>>,
) -> BTreeMap<String, TargetInventory> {
    if !session.plan.wants(ReadingKind::TargetHead) {
        return BTreeMap::new();
    }
    let targets = destinations(account, buckets);
    each(session, targets, |(name, target)| async move {
        let listed = own.map(|own| own.contains(&name));
        let head = if listed == Some(true) {
            Reading::NotCollected
        } else {
            s3::head(session, &name, target.region.as_deref(), &target.owner).await
        };
        (name, TargetInventory { listed, head })
    })
    .await
}

fn destinations(
    account: &str,
    buckets: &BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, Destination> {
    let mut wanted = BTreeMap::new();
    for bucket in buckets.values() {
        if let Some(replication) = bucket.replication.known() {
            for rule in &replication.rules {
                wanted
                    .entry(rule.destination.clone())
                    .or_insert_with(|| Destination {
                        region: None,
                        owner: rule
                            .destination_account
                            .clone()
                            .unwrap_or_else(|| account.to_owned()),
                    });
            }
        }
        // Logs stay in the Region and the account.
        if let Some(logging) = bucket.logging.known() {
            wanted
                .entry(logging.target_bucket.clone())
                .or_insert_with(|| Destination {
                    region: bucket.region.clone(),
                    owner: account.to_owned(),
                });
        }
    }
    wanted.remove("");
    wanted
}
