//! Buckets that are not general purpose: which there are, and where they stand in the snapshot.
//!
//! Each Region lists them by a call of their own service. A Region that does not offer the service has
//! none. A snapshot without such a list, of an earlier version or of a template, has none either.

use std::sync::LazyLock;

use super::context::RegionalBucket;
use crate::facts::fact::Fact;
use crate::facts::subject::{Subject, UNLISTED, unlisted};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::ids::{BucketKind, ResourceId, SubjectKind, regional_bucket_arn};
use crate::inventory::readings::RegionalKind;

static NOTHING_READ: LazyLock<BucketInventory> = LazyLock::new(BucketInventory::default);

/// The readings of a general purpose bucket, none of which a bucket of another kind has.
pub(super) fn nothing_read() -> &'static BucketInventory {
    &NOTHING_READ
}

/// The buckets of an account that are not general purpose, and one stand-in for each list that was
/// refused, failed or cut short.
pub(super) fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (region, inventory) in &account.regions {
        for row in RegionalKind::ALL {
            let Some((listing, buckets)) = inventory.regional_buckets(row.kind) else {
                continue;
            };
            let subject = |name: &str, unlisted| {
                let arn = regional_bucket_arn(row.kind, region, id, name);
                Subject::named(SubjectKind::Bucket, (id, region), name, arn, unlisted)
            };
            subjects.extend(buckets.keys().map(|name| subject(name, Vec::new())));
            let because = match listing {
                // The run may have been cut short before the list.
                Reading::NotCollected if !complete => {
                    Fact::<()>::not_collected(row.listing).because().to_vec()
                }
                listing => unlisted(row.listing, listing, false, complete),
            };
            if !because.is_empty() {
                subjects.push(subject(UNLISTED, because));
            }
        }
    }
    subjects
}

/// A bucket by its id.
pub(super) fn find<'a>(
    account: &'a AccountInventory,
    id: &ResourceId,
    kind: BucketKind,
) -> Option<(&'a String, RegionalBucket<'a>)> {
    let row = RegionalKind::of(kind)?;
    let (region, inventory) = account.regions.get_key_value(&id.region)?;
    let (_, buckets) = inventory.regional_buckets(kind)?;
    let (name, inventory) = buckets.get_key_value(&id.name)?;
    let bucket = RegionalBucket {
        row,
        region,
        inventory,
    };
    Some((name, bucket))
}
