//! Server access logging of a bucket, to a bucket that S3 will deliver to.
//!
//! AWS reports nothing when a target cannot accept the logs, so what is known of it counts
//! ([`crate::facts::Facts::log_delivery_problem`]), and where something is not, a person is asked. A
//! bucket is never made a target here: only one that already lets log delivery write is chosen.

use crate::remedy::prelude::*;
use std::cmp::Reverse;

use crate::facts::Fact;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Bucket, &[DELIVER, OWN_PREFIX], plan);

const DELIVER: NamedChange = NamedChange {
    name: "deliver-access-log",
    summary: "Deliver the access log of {bucket.name} to another bucket of the same account and Region that is kept for logs, encrypts with SSE-S3, has no default retention, is not Requester Pays, and lets logging.s3.amazonaws.com put objects.",
    effect: "Requests are logged, on a best-effort basis and hours late.",
    risk: Level::Low,
    risk_note: "The logs cost storage.",
    decide: "Where no bucket is known to accept the logs: which bucket is kept for logs, and does its policy let logging.s3.amazonaws.com put objects?",
    make: |target| deliver(target, "LOG-BUCKET", &format!("{}/", target.name), false),
};

const OWN_PREFIX: NamedChange = NamedChange {
    name: "give-access-log-own-prefix",
    summary: "Give the access log of {bucket.name} a prefix of its own, or the partitioned key format.",
    effect: "The key of each log file says which bucket it is of; existing log files stay where they are.",
    risk: Level::Low,
    risk_note: "What reads the logs under the old prefix no longer finds new ones.",
    decide: "",
    make: |target| set_prefix(target, &format!("{}/", target.name)),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let mut asked = requests.take(&DELIVER);
    let mixed = requests.take(&OWN_PREFIX);
    let prefix = format!("{}/", bucket.name());
    match bucket.log_target() {
        Some(target)
            if asked.is_empty()
                && !mixed.is_empty()
                && problem(context, bucket, target)
                    .is_some_and(|problem| problem.known().is_some_and(String::is_empty)) =>
        {
            let mut draft = context.draft_of(
                format!(
                    "Deliver the access log of {} under a prefix of its own, {prefix}.",
                    bucket.name()
                ),
                set_prefix(context.target, &prefix),
            );
            draft.apply(&OWN_PREFIX, &mixed);
            drafts.push(draft);
        }
        _ => {
            asked.extend(mixed);
            if !asked.is_empty() {
                drafts.push(draft_delivery(context, bucket, &asked, &prefix));
            }
        }
    }
}

fn draft_delivery(
    context: &FixContext<'_, '_>,
    bucket: &BucketState<'_>,
    requests: &[&FixRequest],
    prefix: &str,
) -> FixDraft {
    let name = bucket.name();
    let mut candidates = candidates(context, bucket).into_iter();
    let Some((doubt, _, target)) = candidates.next() else {
        let mut draft = context.draft(format!(
            "Deliver the access log of {name} to a bucket that is kept for logs."
        ));
        draft.apply(&DELIVER, requests);
        draft.decide(format!(
            "There is no bucket in {} that S3 could deliver logs to: create one (SSE-S3, no default retention, not Requester Pays, a policy that lets logging.s3.amazonaws.com put objects), or record data events in CloudTrail instead.",
            bucket.facts.region
        ));
        return draft;
    };
    let was_on = bucket.facts.logging.enabled.known() == Some(&true);
    let mut draft = context.draft_of(
        format!("Deliver the access log of {name} to {target}."),
        deliver(context.target, target, prefix, was_on),
    );
    draft.apply(&DELIVER, requests);
    draft.effect(format!("The log files are under {prefix} in {target}."));
    let others: Vec<&str> = candidates
        .filter(|(doubt, _, _)| doubt.is_none())
        .map(|(_, _, name)| name)
        .collect();
    if !others.is_empty() {
        draft.risk(
            Level::Low,
            format!("Other possible targets: {}.", others.join(", ")),
        );
    }
    if let Some(doubt) = doubt {
        draft.decide(format!(
            "Not everything that lets S3 deliver there is known ({doubt}): if S3 cannot, it reports nothing and no log arrives."
        ));
    }
    draft
}

/// Buckets that could be the target, the best first: those known to accept the logs, then those kept
/// for logs of which no problem is known, with what is not; those that most buckets log to first.
fn candidates<'c>(
    context: &'c FixContext<'_, '_>,
    source: &BucketState<'_>,
) -> Vec<(Option<String>, Reverse<usize>, &'c str)> {
    let logs_to = |target: &str| {
        let all = context.buckets.all().iter();
        all.filter(|bucket| bucket.log_target() == Some(target))
            .count()
    };
    let mut found: Vec<_> = context
        .buckets
        .all()
        .iter()
        .filter(|bucket| {
            bucket.subject.id.account == source.subject.id.account
                && bucket.subject.id.region == source.subject.id.region
                && bucket.name() != source.name()
                && !logs_back_to(context.buckets, bucket, source.name())
        })
        .filter_map(|bucket| {
            let name = bucket.name();
            let problem = problem(context, source, name)?;
            let doubt = match problem.known() {
                Some(problem) if problem.is_empty() => None,
                None if bucket.takes_log_delivery() => Some(why(&problem)),
                _ => return None,
            };
            Some((doubt, Reverse(logs_to(name)), name))
        })
        .collect();
    found.sort_by(|a, b| (a.0.is_some(), a.1, a.2).cmp(&(b.0.is_some(), b.1, b.2)));
    found
}

/// What keeps the logs of `source` from arriving in `target`.
fn problem(
    context: &FixContext<'_, '_>,
    source: &BucketState<'_>,
    target: &str,
) -> Option<Fact<String>> {
    let prefix = format!("{}/", source.name());
    context
        .facts
        .log_delivery_problem(&source.subject, target, &prefix)
}

/// True when the target's own log ends up in `source`, so that every delivery would cause another.
fn logs_back_to(buckets: &AllBuckets<'_>, target: &BucketState<'_>, source: &str) -> bool {
    let mut seen = vec![target.name()];
    let mut next = target.log_target();
    while let Some(name) = next {
        if name == source {
            return true;
        }
        if seen.contains(&name) {
            return false;
        }
        seen.push(name);
        next = buckets
            .find(&target.subject.id.account, name)
            .and_then(BucketState::log_target);
    }
    false
}

fn deliver(target: &ChangeTarget, to: &str, prefix: &str, was_on: bool) -> RenderedChange {
    let status = json!({"LoggingEnabled": {"TargetBucket": to, "TargetPrefix": prefix}});
    RenderedChange::shell(format!(
        "aws s3api put-bucket-logging --bucket {}{} \\\n  --bucket-logging-status {}\n",
        target.word(),
        target.region_option(),
        quoted(&status.to_string())
    ))
    .terraform_bucket(
        "aws_s3_bucket_logging",
        target,
        was_on,
        &format!(
            "  target_bucket = {}\n  target_prefix = {}\n",
            hcl(to),
            hcl(prefix)
        ),
    )
    .bucket_properties(
        target,
        json!({"LoggingConfiguration": {"DestinationBucketName": to, "LogFilePrefix": prefix}}),
    )
}

/// The same target under another prefix; what else is set about it stays.
fn set_prefix(target: &ChangeTarget, prefix: &str) -> RenderedChange {
    let (name, region) = (target.word(), target.region_option());
    let query = format!(
        "{{LoggingEnabled: merge(LoggingEnabled, `{}`)}}",
        escaped(&json!({"TargetPrefix": prefix}).to_string())
    );
    RenderedChange::shell(format!(
        "kept=$(aws s3api get-bucket-logging --bucket {name}{region} --output json \\\n  --query {})\n\
         aws s3api put-bucket-logging --bucket {name}{region} --bucket-logging-status \"$kept\"\n",
        quoted(&query)
    ))
    .terraform_note(format!(
        "In the aws_s3_bucket_logging of {}:\ntarget_prefix = {}",
        target.name,
        hcl(prefix)
    ))
    .stack_note(format!(
        "In the LoggingConfiguration of the AWS::S3::Bucket {}:\nLogFilePrefix: {}",
        target.name,
        yaml(prefix)
    ))
}
