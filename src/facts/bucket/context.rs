//! One bucket in its surroundings: what its facts are concluded from.

use crate::facts::controls::Controls;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::index::Index;
use crate::facts::reach::CompiledAccounts;
use crate::facts::trust::Trust;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::ReadingKind;

/// One bucket in its surroundings.
#[derive(Clone, Copy)]
pub(in crate::facts) struct BucketContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) account: &'a AccountInventory,
    pub(in crate::facts) name: &'a str,
    pub(in crate::facts) bucket: &'a BucketInventory,
    pub(in crate::facts) index: &'a Index,
    pub(in crate::facts) trust: &'a Trust,
    pub(in crate::facts) controls: &'a Controls<'a>,
    pub(in crate::facts) compiled: &'a CompiledAccounts<'a>,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
}

impl<'a> BucketContext<'a> {
    /// The bucket's Region; `unknown` when the endpoint did not say.
    pub(in crate::facts) fn region(&self) -> &'a str {
        self.bucket.region.as_deref().unwrap_or("unknown")
    }

    /// What was read of the bucket's Region. Where it was not read, that is for want of the list of
    /// Regions, or else because `reading` was not requested.
    pub(in crate::facts) fn region_inventory(
        &self,
        reading: ReadingKind,
    ) -> Fact<&'a RegionInventory> {
        let region = self.bucket.region.as_ref();
        match region.and_then(|region| self.account.regions.get(region)) {
            Some(region) => Fact::Known(region),
            None => from_reading(
                ReadingKind::RegionListing,
                &self.account.region_listing,
                || (),
                |_| (),
            )
            .and_then(|()| Fact::not_collected(reading)),
        }
    }
}
