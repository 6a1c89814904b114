//! One function in its surroundings: what its facts are concluded from.

use super::cold_start::AccountBiases;
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::function::FunctionInventory;
use crate::inventory::ids::function_arn;

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

/// True for a reading that was asked for and not given.
pub(super) fn is_refused<T>(reading: &Reading<T>) -> bool {
    matches!(
        reading,
        Reading::Denied { .. } | Reading::Failed { .. } | Reading::Undetermined(_)
    )
}
