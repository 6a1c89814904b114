//! Server access logging: from whom, to where.

use schemars::JsonSchema;
use serde::Serialize;

use super::ownership::{ACL, effective_grants};
use super::{BucketContext, PolicyReading};
use crate::facts::vocabulary::NeedTable;
use crate::facts::{Fact, from_reading};
use crate::inventory::need::{Need, ReadingKind};

/// Server access logging.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LoggingFacts {
    /// A target is configured.
    pub enabled: Fact<bool>,
    /// The target bucket; empty when there is none.
    pub target_bucket: Fact<String>,
    /// The target prefix.
    pub target_prefix: Fact<String>,
    /// The bucket logs to itself: every delivery is logged again.
    pub to_itself: Fact<bool>,
    /// The bucket receives access logs: its own policy or ACL grants log delivery, or a sibling
    /// that was read names it. Siblings that were not read do not make this unknown.
    pub is_log_target: Fact<bool>,
}

/// The readings behind each path.
pub const NEEDS: NeedTable = &[
    (
        "bucket.logging.enabled",
        &[Need::own(ReadingKind::BucketLogging)],
    ),
    (
        "bucket.logging.target_bucket",
        &[Need::own(ReadingKind::BucketLogging)],
    ),
    (
        "bucket.logging.target_prefix",
        &[Need::own(ReadingKind::BucketLogging)],
    ),
    (
        "bucket.logging.to_itself",
        &[Need::own(ReadingKind::BucketLogging)],
    ),
    (
        "bucket.logging.is_log_target",
        &[
            Need::own(ReadingKind::BucketPolicy),
            Need::own(ReadingKind::BucketOwnership),
            ACL,
            Need::siblings(ReadingKind::BucketLogging),
        ],
    ),
];

impl LoggingFacts {
    /// Concludes from GetBucketLogging of the bucket and its siblings, its policy and its ACL.
    pub(super) fn derive(context: &BucketContext<'_>, policy: &PolicyReading) -> Self {
        let target = |of: fn(&crate::inventory::bucket::Logging) -> &str| {
            from_reading(
                ReadingKind::BucketLogging,
                &context.bucket.logging,
                String::new,
                |logging| of(logging).to_owned(),
            )
        };
        let target_bucket = target(|logging| &logging.target_bucket);
        Self {
            enabled: target_bucket.as_ref().map(|target| !target.is_empty()),
            to_itself: target_bucket.as_ref().map(|target| target == context.name),
            target_prefix: target(|logging| &logging.target_prefix),
            is_log_target: is_log_target(context, policy),
            target_bucket,
        }
    }
}

/// Three ways to be a log target; any of them known to hold decides. A sibling that could not be
/// read is a caveat, not an unknown: otherwise one refused bucket would unsettle the whole account.
fn is_log_target(context: &BucketContext<'_>, policy: &PolicyReading) -> Fact<bool> {
    let named = context
        .index
        .is_named_log_target(context.account_id, context.name);
    let by_acl = effective_grants(context.bucket, |grant| {
        grant.grantee == "LogDelivery"
            && matches!(grant.permission.as_str(), "WRITE" | "FULL_CONTROL")
    })
    .map(|grants| !grants.is_empty());
    Fact::Known(named)
        .or(policy.grants_log_delivery())
        .or(by_acl)
}
