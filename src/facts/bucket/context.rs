//! One bucket in its surroundings: what its facts are concluded from.

use crate::facts::controls::Controls;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::index::Index;
use crate::facts::reach::CompiledAccounts;
use crate::facts::trust::Trust;
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::bucket::{BucketInventory, Encryption, RegionalBucketInventory};
use crate::inventory::ids::{BucketKind, bucket_arn, regional_bucket_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::readings::RegionalKind;

/// A bucket that is not general purpose.
#[derive(Clone, Copy)]
pub(in crate::facts) struct RegionalBucket<'a> {
    pub(in crate::facts) row: &'static RegionalKind,
    pub(in crate::facts) region: &'a str,
    pub(in crate::facts) inventory: &'a RegionalBucketInventory,
}

impl<'a> RegionalBucket<'a> {
    /// Its policy.
    pub(in crate::facts) fn policy(&self) -> (ReadingKind, &'a Reading<String>) {
        (self.row.policy, &self.inventory.policy)
    }
}

/// One bucket in its surroundings.
#[derive(Clone, Copy)]
pub(in crate::facts) struct BucketContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) account: &'a AccountInventory,
    pub(in crate::facts) name: &'a str,
    pub(in crate::facts) bucket: &'a BucketInventory,
    /// A bucket that is not general purpose; then nothing is in `bucket`.
    pub(in crate::facts) regional: Option<RegionalBucket<'a>>,
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
        let regional = self.regional.map(|regional| regional.region);
        regional
            .or(self.bucket.region.as_deref())
            .unwrap_or("unknown")
    }

    /// Which kind of bucket it is.
    pub(in crate::facts) fn kind(&self) -> BucketKind {
        self.regional
            .map_or(BucketKind::General, |regional| regional.row.kind)
    }

    /// Its ARN.
    pub(in crate::facts) fn arn(&self) -> String {
        match self.regional {
            Some(regional) => {
                let kind = regional.row.kind;
                regional_bucket_arn(kind, regional.region, self.account_id, self.name)
            }
            None => bucket_arn(self.account.partition(), self.name),
        }
    }

    /// Its default encryption.
    pub(in crate::facts) fn encryption(&self) -> (ReadingKind, &'a Reading<Encryption>) {
        match self.regional {
            Some(regional) => (regional.row.encryption, &regional.inventory.encryption),
            None => (ReadingKind::BucketEncryption, &self.bucket.encryption),
        }
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
