//! Changes of a bucket's policy. All of one bucket are made by one put; those that wait for a
//! decision are put on top of it.

use super::acls;
use crate::remedy::prelude::*;

mod default_uploads;
mod deny;
mod document;
pub(super) mod edit;
mod named_accounts;
mod services;

use edit::{PolicyEdit, check_put, document, put, put_statement};

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(
    SubjectKind::Bucket,
    &[
        ALLOW_LOG_DELIVERY,
        deny::PLAIN_HTTP,
        deny::OLD_SIGNATURES,
        deny::SIGNATURE_V2,
        default_uploads::ALLOW,
        services::LIMIT,
        named_accounts::REMOVE,
        deny::TLS_1_2,
    ],
    plan,
);

const ALLOW_LOG_DELIVERY: NamedChange = NamedChange {
    name: "allow-log-delivery",
    summary: "Allow logging.s3.amazonaws.com to put objects in the policy of {bucket.name}.",
    effect: "Access logs are delivered by the bucket policy and keep arriving once ACLs are disabled.",
    risk: Level::Low,
    risk_note: "",
    decide: "",
    make: |target| put_statement(target, LOG_DELIVERY_SID, log_delivery(target)),
};

const LOG_DELIVERY_SID: &str = "S3ServerAccessLogs";

/// Lets S3 deliver access logs of the account's own buckets (S3 user guide, "Enabling Amazon S3
/// server access logging", copy of 2026).
fn log_delivery(target: &ChangeTarget) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": format!("{}/*", target.arn),
        "Condition": {"StringEquals": {"aws:SourceAccount": target.account}},
    })
}

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let mut edits = Vec::new();
    let mut for_logs = requests.take(&ALLOW_LOG_DELIVERY);
    // Disabling ACLs is planned later; what they grant to log delivery moves here first.
    if bucket.log_delivery_by_acl() {
        for_logs.extend(requests.of(&acls::DISABLE));
    }
    if !for_logs.is_empty() {
        let statement = log_delivery(context.target);
        edits.push(PolicyEdit::new(
            &ALLOW_LOG_DELIVERY,
            for_logs,
            "allow log delivery",
            move |document| document.add(LOG_DELIVERY_SID, statement.clone()),
        ));
    }
    deny::plan(bucket, requests, &mut edits);
    default_uploads::plan(bucket, requests, &mut edits);
    services::plan(bucket, requests, &mut edits);
    named_accounts::plan(bucket, requests, &mut edits);
    deny::plan_tls(bucket, requests, &mut edits);
    if !edits.is_empty() {
        put_edits(context, bucket, edits, drafts);
    }
}

/// What needs no decision, or has got one, by one put; the rest behind it.
fn put_edits(
    context: &FixContext<'_, '_>,
    bucket: &BucketState<'_>,
    edits: Vec<PolicyEdit<'_>>,
    drafts: &mut Vec<FixDraft>,
) {
    let name = bucket.name();
    let (was, mut document) = match document(bucket) {
        Ok(found) => found,
        Err(because) => {
            let mut draft = context.draft(format!("Edit the policy of {name}."));
            edits.iter().for_each(|edit| edit.words(&mut draft));
            draft.decide(because);
            drafts.push(draft);
            return;
        }
    };
    let (now, waiting): (Vec<PolicyEdit<'_>>, Vec<PolicyEdit<'_>>) =
        edits.into_iter().partition(|edit| {
            edit.edit.is_some() && (edit.decide.is_none() || context.is_decided(&edit.requests))
        });
    let mut draft = context.draft(String::new());
    let mut what: Vec<&str> = Vec::new();
    for edit in &now {
        if let Some(change) = &edit.edit {
            change(&mut document);
        }
        edit.words(&mut draft);
        what.push(&edit.what);
    }
    what.dedup();
    let mut before = was;
    if document.is_changed() {
        draft.what = format!("Edit the policy of {name}: {}.", what.join("; "));
        check_put(bucket, &document, &mut draft);
        draft
            .changes
            .push(put(context.target, before.as_deref(), &document));
        before = (!document.is_empty()).then(|| document.text());
        drafts.push(draft);
    }
    for edit in waiting {
        let mut draft = context.draft(format!("Edit the policy of {name}: {}.", edit.what));
        edit.words(&mut draft);
        draft.decide(edit.decide.unwrap_or_default());
        if let Some(change) = &edit.edit {
            let mut document = document.clone();
            change(&mut document);
            check_put(bucket, &document, &mut draft);
            draft
                .changes
                .push(put(context.target, before.as_deref(), &document));
        }
        drafts.push(draft);
    }
}
