//! One function in its surroundings: what its facts are concluded from.

use super::cold_start::AccountBiases;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::trust::Trust;
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::function::{FunctionConfiguration, FunctionInventory};
use crate::inventory::ids::function_arn;
use crate::inventory::need::ReadingKind;

/// The version that is edited, and that callers without a qualifier run.
pub const LATEST: &str = "$LATEST";

/// One function in its surroundings.
#[derive(Clone, Copy)]
pub(in crate::facts) struct FunctionContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) region: &'a str,
    pub(in crate::facts) name: &'a str,
    /// The Region, for what is listed once for all of its functions.
    pub(in crate::facts) inventory: &'a RegionInventory,
    pub(in crate::facts) function: &'a FunctionInventory,
    /// The account, for the buckets that code is kept in.
    pub(in crate::facts) account: &'a AccountInventory,
    /// Accounts and organizations that the configuration trusts.
    pub(in crate::facts) trust: &'a Trust,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
    /// The numbers of the cold-start estimator.
    pub(in crate::facts) model: Option<&'a coldbucket_cold_start::Model>,
    /// What the account's measured functions say about the others; none while that is concluded.
    pub(in crate::facts) biases: Option<&'a AccountBiases>,
}

impl FunctionContext<'_> {
    /// The ARN as AWS gave it, or as it is made.
    pub(in crate::facts) fn arn(&self) -> String {
        if self.function.arn.is_empty() {
            function_arn(self.region, self.account_id, self.name)
        } else {
            self.function.arn.clone()
        }
    }
}

/// A value that follows from the named members of a version's configuration, when all of them are
/// known.
pub(in crate::facts) fn member<T>(
    version: &Fact<&FunctionConfiguration>,
    names: &[&str],
    of: impl FnOnce(&FunctionConfiguration) -> T,
) -> Fact<T> {
    version
        .as_ref()
        .and_then(|version| match version.member(names, of) {
            Reading::Known(value) => Fact::Known(value),
            unknown => Fact::unknown_from(
                from_reading(
                    ReadingKind::FunctionListing,
                    &unknown.map(|_| ()),
                    || (),
                    |()| (),
                )
                .because()
                .iter(),
            ),
        })
}

/// True for a reading that was asked for and not given.
pub(super) fn is_refused<T>(reading: &Reading<T>) -> bool {
    matches!(
        reading,
        Reading::Denied { .. } | Reading::Failed { .. } | Reading::Undetermined(_)
    )
}
