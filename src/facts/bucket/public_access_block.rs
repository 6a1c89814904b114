//! Block Public Access: each flag is effective when the account or the bucket sets it.
//!
//! AWS applies the most restrictive combination of the levels, flag by flag (S3 user guide,
//! "Blocking public access to your Amazon S3 storage"). The account's answer already includes an
//! organization's S3 policy, so two readings decide; "no such configuration" is four times false.
//! A flag that one level is known to set is effective whatever the other level would have said.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::{BucketInventory, PublicAccessBlock};
use crate::inventory::need::ReadingKind;

/// Block Public Access of a bucket, joined with the account's, flag by flag.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPublicAccessBlock), own(AccountPublicAccessBlock))]
pub struct PublicAccessBlockFacts {
    /// All four flags are effective.
    pub all: Fact<bool>,
    /// New public ACLs are refused.
    pub block_public_acls: Fact<bool>,
    /// Existing public ACLs are ignored.
    pub ignore_public_acls: Fact<bool>,
    /// New public policies are refused.
    pub block_public_policy: Fact<bool>,
    /// A public policy only serves the owner's account and AWS services.
    pub restrict_public_buckets: Fact<bool>,
    /// Names of the flags that neither level sets, in the order of the S3 console.
    pub missing: Fact<Vec<String>>,
}

/// The four flags of one level, or of several levels joined.
pub(in crate::facts) struct Flags {
    block_public_acls: Fact<bool>,
    ignore_public_acls: Fact<bool>,
    block_public_policy: Fact<bool>,
    restrict_public_buckets: Fact<bool>,
}

impl Flags {
    /// The flags that one answer holds; all off where there is no such configuration.
    pub(in crate::facts) fn read(kind: ReadingKind, reading: &Reading<PublicAccessBlock>) -> Self {
        let flag = |of: fn(&PublicAccessBlock) -> bool| from_reading(kind, reading, || false, of);
        Self {
            block_public_acls: flag(|block| block.block_public_acls),
            ignore_public_acls: flag(|block| block.ignore_public_acls),
            block_public_policy: flag(|block| block.block_public_policy),
            restrict_public_buckets: flag(|block| block.restrict_public_buckets),
        }
    }

    /// The account's own flags.
    pub(in crate::facts) fn of_account(account: &AccountInventory) -> Self {
        Self::read(
            ReadingKind::AccountPublicAccessBlock,
            &account.public_access_block,
        )
    }

    /// Flags of two levels: one that either sets is set.
    #[must_use]
    pub(in crate::facts) fn or(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls.or(other.block_public_acls),
            ignore_public_acls: self.ignore_public_acls.or(other.ignore_public_acls),
            block_public_policy: self.block_public_policy.or(other.block_public_policy),
            restrict_public_buckets: self
                .restrict_public_buckets
                .or(other.restrict_public_buckets),
        }
    }

    /// All four are set.
    pub(in crate::facts) fn all(&self) -> Fact<bool> {
        self.named()
            .into_iter()
            .fold(Fact::Known(true), |all, (_, flag)| all.and(flag.clone()))
    }

    /// RestrictPublicBuckets is set.
    pub(in crate::facts) fn restrict_public_buckets(&self) -> Fact<bool> {
        self.restrict_public_buckets.clone()
    }

    /// Flags with their names, in the order of the S3 console.
    fn named(&self) -> [(&'static str, &Fact<bool>); 4] {
        [
            ("BlockPublicAcls", &self.block_public_acls),
            ("IgnorePublicAcls", &self.ignore_public_acls),
            ("BlockPublicPolicy", &self.block_public_policy),
            ("RestrictPublicBuckets", &self.restrict_public_buckets),
        ]
    }
}

/// Names of the flags that are known to be off; unknown while one of them is unknown.
pub(in crate::facts) fn missing(flags: &Flags) -> Fact<Vec<String>> {
    let named = flags.named();
    let because: Vec<_> = named.iter().flat_map(|(_, flag)| flag.because()).collect();
    if because.is_empty() {
        Fact::Known(
            named
                .iter()
                .filter(|(_, flag)| flag.known() == Some(&false))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        )
    } else {
        Fact::unknown_from(because.into_iter())
    }
}

impl PublicAccessBlockFacts {
    /// Joins the bucket's flags with the account's.
    pub fn derive(account: &AccountInventory, bucket: &BucketInventory) -> Self {
        let flags = Flags::of_account(account).or(Flags::read(
            ReadingKind::BucketPublicAccessBlock,
            &bucket.public_access_block,
        ));
        Self {
            all: flags.all(),
            missing: missing(&flags),
            block_public_acls: flags.block_public_acls,
            ignore_public_acls: flags.ignore_public_acls,
            block_public_policy: flags.block_public_policy,
            restrict_public_buckets: flags.restrict_public_buckets,
        }
    }
}
