//! One identity in its surroundings, and the policies that it holds.

use crate::inventory::account::AccountInventory;
use crate::inventory::held_policies::HeldPolicy;
use crate::inventory::ids::account_of_arn;
use coldbucket_policy::Policy;

/// One identity in its surroundings.
pub(in crate::facts) struct IdentityContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) account: &'a AccountInventory,
    /// `user/ann`, or the ARN of a managed policy.
    pub(in crate::facts) key: &'a str,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
}

impl IdentityContext<'_> {
    /// Whole days from a time, RFC 3339, until the account was read; none where that is not known.
    pub(super) fn days_since(&self, time: Option<&str>) -> Option<u32> {
        let then: jiff::Timestamp = time?.parse().ok()?;
        let now: jiff::Timestamp = self.taken_at.parse().ok()?;
        let seconds = now.as_second().saturating_sub(then.as_second());
        u32::try_from(seconds.max(0) / 86_400).ok()
    }
}

/// A policy with what a person calls it.
pub(in crate::facts) struct Labelled<'a> {
    pub(in crate::facts) label: String,
    pub(in crate::facts) held: HeldPolicy<'a>,
    /// None when the answer did not have the document.
    pub(in crate::facts) policy: Option<Policy>,
}

/// A permissions boundary.
pub(in crate::facts) enum Boundary {
    /// There is none.
    None,
    /// It is this policy.
    Is(Box<Policy>),
    /// It is a policy whose document was not in the answer.
    Unread(String),
}

/// True for policies that AWS manages: the account in their ARN is `aws`.
pub(super) fn is_of_aws(arn: &str) -> bool {
    account_of_arn(arn) == Some("aws")
}

/// The name at the end of a policy's ARN.
pub(in crate::facts) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
