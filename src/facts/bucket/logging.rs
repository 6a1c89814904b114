//! Server access logging: from whom, to where, and whether it arrives.

use schemars::JsonSchema;

use super::context::BucketContext;
use super::data_events::DataEventFacts;
use super::delivery;
use super::delivery::DELIVERY;
use super::ownership::effective_grants;
use super::policy::PolicyReading;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::need::ReadingKind;

/// Server access logging.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct LoggingFacts {
    /// A target is configured.
    #[needs(own(BucketLogging))]
    pub enabled: Fact<bool>,
    /// Requests for objects are recorded: server access logging is on, or a trail, an event data store
    /// or a channel of CloudTrail records every read and every write as data events. Either decides.
    #[needs(
        own(RegionListing),
        own(BucketLogging),
        region(TrailListing),
        region(EventDataStores),
        region(EventChannels),
        trails(TrailStatus),
        trails(TrailSelectors)
    )]
    pub recorded: Fact<bool>,
    /// The target bucket; empty when there is none.
    #[needs(own(BucketLogging))]
    pub target_bucket: Fact<String>,
    /// The target prefix.
    #[needs(own(BucketLogging))]
    pub target_prefix: Fact<String>,
    /// The bucket logs to itself: every delivery is logged again.
    #[needs(own(BucketLogging))]
    pub to_itself: Fact<bool>,
    /// The other buckets of a circle in which every delivery is logged again; empty without one.
    #[needs(own(BucketLogging), log_target(BucketLogging))]
    pub circle: Fact<Vec<String>>,
    /// The target can take the logs: everything S3 asks of it holds. Also true with logging off.
    #[needs(DELIVERY)]
    pub deliverable: Fact<bool>,
    /// What keeps the logs from arriving; empty when nothing does.
    #[needs(DELIVERY)]
    pub problem: Fact<String>,
    /// Other buckets that were read deliver under the same prefix of the same target, and the keys
    /// do not tell whose log a file is (simple key format).
    #[needs(own(BucketLogging), siblings(BucketLogging))]
    pub shares_prefix_with: Fact<Vec<String>>,
    /// The bucket receives access logs: its own policy or ACL grants log delivery, or a sibling
    /// that was read names it. Siblings that were not read do not make this unknown.
    #[needs(
        own(BucketPolicy),
        own(BucketOwnership),
        own(BucketAcl),
        siblings(BucketLogging)
    )]
    pub is_log_target: Fact<bool>,
}

impl LoggingFacts {
    /// Concludes from GetBucketLogging of the bucket and its siblings, its policy and its ACL, and
    /// from what was read of its target.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading<'_>,
        data_events: &DataEventFacts,
    ) -> Self {
        let target = |of: fn(&crate::inventory::bucket::Logging) -> &str| {
            from_reading(
                ReadingKind::BucketLogging,
                &context.bucket.logging,
                String::new,
                |logging| of(logging).to_owned(),
            )
        };
        let target_bucket = target(|logging| &logging.target_bucket);
        let problem = delivery::problem(context);
        let enabled = target_bucket.as_ref().map(|target| !target.is_empty());
        Self {
            recorded: enabled.clone().or(data_events.all.clone()),
            enabled,
            to_itself: target_bucket.as_ref().map(|target| target == context.name),
            circle: delivery::circle(context),
            target_prefix: target(|logging| &logging.target_prefix),
            deliverable: problem.as_ref().map(|problem| problem.is_empty()),
            problem,
            shares_prefix_with: shares_prefix_with(context),
            is_log_target: is_log_target(context, policy),
            target_bucket,
        }
    }
}

/// Three ways to be a log target; any of them known to hold decides. A sibling that could not be
/// read is a caveat, not an unknown: otherwise one refused bucket would unsettle the whole account.
fn is_log_target(context: &BucketContext<'_>, policy: &PolicyReading<'_>) -> Fact<bool> {
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

/// Whose log files are mixed with this bucket's. The partitioned key format puts the bucket's name
/// into the key (S3 user guide, "Log object key format"). Siblings that were not read are a caveat.
fn shares_prefix_with(context: &BucketContext<'_>) -> Fact<Vec<String>> {
    from_reading(
        ReadingKind::BucketLogging,
        &context.bucket.logging.as_ref(),
        || None,
        |logging| Some(*logging),
    )
    .map(|logging| {
        let Some(own) = logging.filter(|own| own.key_format.as_deref() != Some("partitioned"))
        else {
            return Vec::new();
        };
        context
            .index
            .log_sources(context.account_id, &own.target_bucket)
            .filter(|name| *name != context.name)
            .filter(|name| {
                context
                    .account
                    .buckets
                    .get(*name)
                    .and_then(|bucket| bucket.logging.known())
                    .is_some_and(|other| {
                        other.target_prefix == own.target_prefix
                            && other.key_format.as_deref() != Some("partitioned")
                    })
            })
            .map(str::to_owned)
            .collect()
    })
}
