//! Where the code of a function is kept: by Lambda, or in a bucket that the function refers to.
//!
//! A function may leave its package in a bucket (`S3ObjectStorageMode` of CreateFunction is
//! `REFERENCE`; Lambda API reference, 2026-06). Then whoever can write that object, or take it away,
//! decides what runs or whether anything does: the function becomes inactive when it loses the object.
//! GetFunction alone tells the object, so this is known only with `--inspect-packages`. Who can reach
//! the bucket is the bucket's own matter, and judged there when it is one of the account's.

use schemars::JsonSchema;

use super::context::{FunctionContext, LATEST};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::archive::{Package, StoredCode};
use crate::inventory::function::FunctionConfiguration;
use crate::inventory::need::ReadingKind;

/// Where the code of `$LATEST` is kept.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(FunctionPackages))]
pub struct CodeFacts {
    /// The bucket it is referred to in; empty where Lambda keeps a copy of its own, and for container
    /// images.
    pub bucket: Fact<String>,
    /// The object's version is named, so what runs cannot be exchanged under the function. True where
    /// Lambda keeps a copy.
    pub versioned: Fact<bool>,
    /// The bucket is one of the account's. True where Lambda keeps a copy.
    #[needs(own(BucketListing))]
    pub own: Fact<bool>,
}

impl CodeFacts {
    /// Concludes from the answer about the function's code, and from the account's list of buckets.
    pub(super) fn derive(context: &FunctionContext<'_>) -> Self {
        let is_image = context
            .function
            .versions
            .get(LATEST)
            .is_some_and(FunctionConfiguration::is_image);
        let stored = if is_image {
            Fact::Known(None)
        } else {
            from_reading(
                ReadingKind::FunctionPackages,
                &context.function.packages.as_ref(),
                || None,
                |packages| {
                    let latest = |package: &&Package| package.version == LATEST;
                    packages
                        .iter()
                        .find(latest)
                        .and_then(|package| package.stored_in.as_ref())
                },
            )
        };
        Self {
            bucket: stored
                .as_ref()
                .map(|stored| stored.map_or_else(String::new, |stored| stored.bucket.clone())),
            versioned: stored
                .as_ref()
                .map(|stored| stored.is_none_or(StoredCode::names_a_version)),
            own: stored.and_then(|stored| match stored {
                None => Fact::Known(true),
                Some(stored) => is_own(context.account, &stored.bucket),
            }),
        }
    }
}

/// Whether a bucket is the account's: known to be when it was read, known not to be when a whole list
/// of the account's buckets lacks it.
pub(in crate::facts) fn is_own(account: &AccountInventory, bucket: &str) -> Fact<bool> {
    if account.buckets.contains_key(bucket) {
        return Fact::Known(true);
    }
    match &account.bucket_listing {
        Reading::Known(listing) if listing.complete => Fact::Known(false),
        Reading::Known(_) | Reading::Absent => Fact::undecidable(format!(
            "bucket {bucket} is not among those that were read, which are not all"
        )),
        refused => from_reading(ReadingKind::BucketListing, refused, || false, |_| false),
    }
}
