//! Whether access logs arrive.
//!
//! S3 accepts a logging configuration and then says nothing when it cannot deliver. What the target
//! must be (S3 user guide, "Enabling Amazon S3 server access logging" and "Troubleshoot server access
//! logging", copy of 2026): there; of the same account and Region; encrypted with SSE-S3 by default;
//! without a default retention; not Requester Pays; and it must let the delivery write, by its policy
//! or, with ACLs on, by a grant to the log delivery group. One condition that is known not to hold
//! decides; that all of them hold takes all of them.
//!
//! Organization policies (SCPs, RCPs) can stop a delivery too and cannot be seen from here.

use super::context::BucketContext;
use super::ownership::effective_grants;
use super::policy::PolicyReading;
use super::replication::{Target, if_versioned};
use super::versioning::is_enabled;
use crate::facts::fact::{Fact, from_reading};
use crate::inventory::Reading;
use crate::inventory::bucket::{BucketInventory, Encryption, Logging, ObjectLock};
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::{Need, ReadingKind};
use coldbucket_policy::delivery::Delivery;

/// What it takes to know.
pub(super) const DELIVERY: &[Need] = &[
    Need::own(ReadingKind::BucketLogging),
    Need::of_destination(ReadingKind::TargetHead),
    Need::of_log_target(ReadingKind::BucketEncryption),
    Need::of_log_target(ReadingKind::BucketVersioning),
    Need::of_log_target(ReadingKind::BucketObjectLock),
    Need::of_log_target(ReadingKind::BucketRequestPayment),
    Need::of_log_target(ReadingKind::BucketPolicy),
    Need::of_log_target(ReadingKind::BucketOwnership),
    Need::of_log_target(ReadingKind::BucketAcl),
];

/// A condition: nothing when it holds, otherwise what is wrong, to follow the target's name.
type Problem = Fact<Option<String>>;

/// What keeps the logs from arriving, in words; empty when nothing does, or logging is off.
pub(super) fn problem(context: &BucketContext<'_>) -> Fact<String> {
    from_reading(
        ReadingKind::BucketLogging,
        &context.bucket.logging.as_ref(),
        || None,
        |logging| Some(*logging),
    )
    .and_then(|logging| match logging {
        None => Fact::Known(String::new()),
        Some(logging) => of_target(context, logging),
    })
}

/// What would keep the bucket's logs from arriving at that target, in words; empty when nothing would.
pub(in crate::facts) fn of_target(context: &BucketContext<'_>, logging: &Logging) -> Fact<String> {
    let name = &logging.target_bucket;
    let known = Target::of(context.account, name);
    let there = known.exists();
    if there.known() == Some(&false) {
        return Fact::Known(format!("there is no bucket {name}"));
    }
    let ours = known.ours(context.account_id);
    if ours.known() == Some(&false) {
        return Fact::Known(format!("bucket {name} is not one of this account"));
    }
    // The target as it was read, or one of which nothing was.
    let unread = BucketInventory::default();
    let target = context.account.buckets.get(name).unwrap_or(&unread);
    let place = |fact: Fact<bool>| fact.map(|_| None);
    let conditions: [Problem; 7] = [
        place(there),
        place(ours),
        region(context, target),
        encryption(target),
        retention(target),
        payer(target),
        permission(context, logging, target),
    ];
    let phrases: Vec<&str> = conditions
        .iter()
        .filter_map(|condition| condition.known()?.as_deref())
        .collect();
    if !phrases.is_empty() {
        return Fact::Known(format!("bucket {name} {}", phrases.join(", and it ")));
    }
    let because: Vec<_> = conditions.iter().flat_map(Fact::because).collect();
    if because.is_empty() {
        Fact::Known(String::new())
    } else {
        Fact::unknown_from(because.into_iter())
    }
}

fn region(context: &BucketContext<'_>, target: &BucketInventory) -> Problem {
    match (&context.bucket.region, &target.region) {
        (Some(here), Some(there)) if here == there => Fact::Known(None),
        (Some(_), Some(there)) => Fact::Known(Some(format!("is in {there}"))),
        _ => Fact::undecidable("the Region of the bucket or of its log target is not known"),
    }
}

fn encryption(target: &BucketInventory) -> Problem {
    from_reading(
        ReadingKind::BucketEncryption,
        &target.encryption,
        Encryption::default,
        Clone::clone,
    )
    .map(|encryption| match encryption.algorithm.as_deref() {
        None | Some("AES256") => None,
        Some(other) => Some(format!(
            "encrypts with {other} by default, and logs are only delivered under SSE-S3"
        )),
    })
}

fn retention(target: &BucketInventory) -> Problem {
    if_versioned(is_enabled(target), || {
        from_reading(
            ReadingKind::BucketObjectLock,
            &target.object_lock,
            ObjectLock::default,
            Clone::clone,
        )
    })
    .map(|lock| {
        lock.default_mode
            .map(|_| "has a default retention period (Object Lock)".to_owned())
    })
}

fn payer(target: &BucketInventory) -> Problem {
    from_reading(
        ReadingKind::BucketRequestPayment,
        &target.request_payment,
        String::new,
        Clone::clone,
    )
    .map(|payer| (payer == "Requester").then(|| "is Requester Pays".to_owned()))
}

fn permission(context: &BucketContext<'_>, logging: &Logging, target: &BucketInventory) -> Problem {
    let policy = PolicyReading::new(&BucketContext {
        name: &logging.target_bucket,
        bucket: target,
        ..*context
    });
    let delivery = delivery(context, logging);
    let by_acl = effective_grants(target, |grant| {
        grant.grantee == "LogDelivery"
            && matches!(grant.permission.as_str(), "WRITE" | "FULL_CONTROL")
    })
    .map(|grants| !grants.is_empty());
    policy.delivery(&delivery).and_then(|says| {
        match (says.allows, says.denies, by_acl.known()) {
            (Some(true), ..) | (_, Some(false), Some(true)) => Fact::Known(None),
            (_, Some(true), _) => Fact::Known(Some(
                "keeps logging.s3.amazonaws.com out by a Deny of its policy".to_owned(),
            )),
            (Some(false), _, Some(false)) => Fact::Known(Some(
                "lets logging.s3.amazonaws.com write neither by its policy nor by its ACL".to_owned(),
            )),
            // The policy does not let it in; whether the ACL does is unknown.
            (Some(false), Some(false), None) => by_acl.clone().map(|_| None),
            _ => Fact::undecidable(format!(
                "the policy of bucket {} tests what the delivery of logs is not documented to carry",
                logging.target_bucket
            )),
        }
    })
}

/// The request that brings a log file (S3 user guide, "Log object key format").
fn delivery<'a>(context: &BucketContext<'a>, logging: &Logging) -> Delivery<'a> {
    let target = bucket_arn(context.account.partition(), &logging.target_bucket);
    let prefix = &logging.target_prefix;
    let key = if logging.key_format.as_deref() == Some("partitioned") {
        format!(
            "{prefix}{}/{}/{}/2026/01/02/2026-01-02-03-04-05-0123456789ABCDEF",
            context.account_id,
            context.region(),
            context.name
        )
    } else {
        format!("{prefix}2026-01-02-03-04-05-0123456789ABCDEF")
    };
    Delivery {
        object: format!("{target}/{key}"),
        source: bucket_arn(context.account.partition(), context.name),
        account: context.account_id,
    }
}

/// The buckets on the way from this one's log target back to it, when every delivery causes another:
/// the target's own log goes back here, or through more buckets that do. Empty when there is no such
/// circle. Only buckets that were read can be followed; the target itself must have been.
pub(super) fn circle(context: &BucketContext<'_>) -> Fact<Vec<String>> {
    let target_of = |bucket: &BucketInventory| -> Fact<Option<String>> {
        from_reading(
            ReadingKind::BucketLogging,
            &bucket.logging,
            || None,
            |logging| Some(logging.target_bucket.clone()),
        )
    };
    let buckets = &context.account.buckets;
    target_of(context.bucket).and_then(|first| {
        let Some(first) = first.filter(|first| first != context.name) else {
            return Fact::Known(Vec::new());
        };
        let Some(next) = buckets.get(&first) else {
            return Fact::Known(Vec::new());
        };
        target_of(next).map(|mut next| {
            let mut way = vec![first];
            while let Some(name) = next {
                if name == context.name {
                    return way;
                }
                if way.contains(&name) {
                    break;
                }
                next = match buckets.get(&name).map(|bucket| &bucket.logging) {
                    Some(Reading::Known(logging)) => Some(logging.target_bucket.clone()),
                    _ => None,
                };
                way.push(name);
            }
            Vec::new()
        })
    })
}
