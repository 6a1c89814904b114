//! Services that a statement allows without saying for whom they act ("confused deputy").

use super::edit::{PolicyEdit, put_edited};
use crate::remedy::prelude::*;

pub(super) const LIMIT: NamedChange = NamedChange {
    name: "limit-service-to-account",
    summary: "Add aws:SourceAccount (or aws:SourceOrgID) to the statement in the policy of {bucket.name}.",
    effect: "The service only acts here for resources of this account.",
    risk: Level::Medium,
    risk_note: "Deliveries of the service for another account of yours stop.",
    decide: "Where it is not known that the service sends aws:SourceAccount: its own guide says so under \"confused deputy\".",
    make: |target| {
        let allow = json!({
            "Sid": "Service", "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": format!("{}/*", target.arn),
        });
        put_edited(target, Some(allow), |document| {
            document.edit(0, |statement| {
                add_source_account(statement, &target.account)
            });
        })
    },
};

/// Services that say for which account they act when they come to a bucket (their own user guides,
/// "confused deputy", copy of 2026). Others may not, and a condition would deny their requests.
const SEND_SOURCE_ACCOUNT: [&str; 8] = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logging.s3.amazonaws.com",
    "s3.amazonaws.com",
    "serverlessrepo.amazonaws.com",
    "sns.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
];

/// Limits a service to the account; a person decides where it may not say for whom it acts.
pub(super) fn plan<'p>(
    bucket: &BucketState<'_>,
    requests: &mut Requests<'p>,
    edits: &mut Vec<PolicyEdit<'p>>,
) {
    for request in requests.take(&LIMIT) {
        let (position, service) = request.item().split_once(' ').unwrap_or_default();
        let account = bucket.facts.account.clone();
        let position = position.parse::<usize>().ok();
        let mut edit = PolicyEdit::new(
            &LIMIT,
            vec![request],
            format!("limit {service} to this account"),
            move |document| {
                if let Some(position) = position {
                    document.edit(position, |statement| {
                        add_source_account(statement, &account)
                    });
                }
            },
        );
        if position.is_none() {
            edit.edit = None;
        }
        if position.is_none() || !SEND_SOURCE_ACCOUNT.contains(&service) {
            edit.risk = Some(
                "If the service does not send aws:SourceAccount, its requests are denied."
                    .to_owned(),
            );
            edit.decide = Some(format!(
                "Find out whether {service} sends aws:SourceAccount in its requests to S3; its own guide says so under \"confused deputy\"."
            ));
        }
        edits.push(edit);
    }
}

/// Adds `aws:SourceAccount` to a statement.
fn add_source_account(statement: &mut Map<String, Value>, account: &str) {
    let condition = statement
        .entry("Condition")
        .or_insert_with(|| Value::Object(Map::new()));
    let Some(operators) = condition.as_object_mut() else {
        return;
    };
    let tests = operators
        .entry("StringEquals")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(tests) = tests.as_object_mut() {
        tests.insert("aws:SourceAccount".to_owned(), json!(account));
    }
}
