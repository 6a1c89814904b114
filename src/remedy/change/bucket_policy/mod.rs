//! Changes of a bucket's policy. All of one bucket are made by one put; those that wait for a
//! decision are put on top of it.

use serde_json::{Value, json};

use super::super::bucket::{BucketState, why};
use super::super::draft::FixDraft;
use super::super::quote::hcl_value;
use super::super::shell::quoted;
use super::super::{FixContext, FixRequest};
use super::{Change, ChangeTarget, Family, NamedChange, Requests, StackEdit, acls};
use crate::inventory::ids::SubjectKind;
use crate::report::plan::Level;

mod default_uploads;
mod deny;
mod document;
mod named_accounts;
mod services;

use document::PolicyDocument;

pub(super) const FAMILY: Family = Family {
    subject: SubjectKind::Bucket,
    changes: &[
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
};

const ALLOW_LOG_DELIVERY: NamedChange = NamedChange {
    name: "allow-log-delivery",
    summary: "Allow logging.s3.amazonaws.com to put objects in the policy of {bucket.name}.",
    effect: "Access logs are delivered by the bucket policy and keep arriving once ACLs are disabled.",
    risk: Level::Low,
    risk_note: "",
    decide: "",
    example: |target| put_statement(target, LOG_DELIVERY_SID, log_delivery(target)),
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

/// A change of the document.
type DocumentChange = Box<dyn Fn(&mut PolicyDocument)>;

/// A named change of a bucket's policy.
struct PolicyEdit<'p> {
    change: &'static NamedChange,
    requests: Vec<&'p FixRequest>,
    /// What it does, for the sentence about all edits.
    what: String,
    /// What it may break beyond the change's own words.
    risk: Option<String>,
    /// What a person has to decide first.
    decide: Option<String>,
    /// `None` where no program can make it.
    edit: Option<DocumentChange>,
}

impl<'p> PolicyEdit<'p> {
    /// An edit that waits for no decision.
    fn new(
        change: &'static NamedChange,
        requests: Vec<&'p FixRequest>,
        what: impl Into<String>,
        edit: impl Fn(&mut PolicyDocument) + 'static,
    ) -> Self {
        Self {
            change,
            requests,
            what: what.into(),
            risk: None,
            decide: None,
            edit: Some(Box::new(edit)),
        }
    }

    fn words(&self, draft: &mut FixDraft) {
        draft.apply(self.change, &self.requests);
        if let Some(risk) = &self.risk {
            draft.risk(Level::High, risk);
        }
    }
}

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let mut edits = Vec::new();
    let mut for_logs = requests.take(&ALLOW_LOG_DELIVERY);
    // Disabling ACLs is planned later; what they grant to log delivery moves here first.
    if acls::carry_log_delivery(bucket) {
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

/// The policy as it was read, and a copy to work on; or why it cannot be edited.
fn document(bucket: &BucketState<'_>) -> Result<(Option<String>, PolicyDocument), String> {
    let name = bucket.name();
    let Some(text) = bucket.settings.policy.known() else {
        return Err(format!(
            "The policy of {name} is not known ({}), and putting one replaces it: read it first.",
            why(&bucket.settings.policy)
        ));
    };
    let sound = bucket.facts.policy.malformed.known() == Some(&false);
    match PolicyDocument::new(*text) {
        Some(document) if sound => Ok((text.map(str::to_owned), document)),
        _ => Err(format!(
            "The policy of {name} is malformed: write it again, then make a new plan."
        )),
    }
}

/// Asks for a decision where S3 would refuse the document.
fn check_put(bucket: &BucketState<'_>, document: &PolicyDocument, draft: &mut FixDraft) {
    let size = document.text().len();
    if size > document::LARGEST {
        draft.decide(format!(
            "The policy would have {size} bytes and S3 accepts {}: shorten it first, for example by joining statements or moving grants to access points.",
            document::LARGEST
        ));
    }
    let block = bucket.facts.public_access_block.block_public_policy.known();
    if block != Some(&false) && bucket.is_public() == Some(true) {
        draft.decide(format!(
            "BlockPublicPolicy is on, or it is not known, and the policy of {} is public: S3 refuses any policy that is still public. Decide on the public statement first.",
            bucket.name()
        ));
    }
}

/// What keeps the policy that allows log delivery from being put.
pub(super) fn log_delivery_waits(context: &FixContext<'_, '_>, bucket: &BucketState<'_>) -> bool {
    let mut put = context.draft(String::new());
    match document(bucket) {
        Ok((_, document)) => check_put(bucket, &document, &mut put),
        Err(because) => put.decide(because),
    }
    !put.decide.is_empty()
}

const PUT_POLICY: &str = r#"# put_policy BUCKET OLD NEW [--region R]: puts NEW, or nothing when it is there already. OLD is the
# policy this plan was made from, and what to put back to undo it; any other one is left alone.
put_policy() {
  bucket=$1 old=$2 new=$3
  shift 3
  if ! current=$(aws s3api get-bucket-policy --bucket "$bucket" "$@" --query Policy --output text 2>/dev/null); then
    why=$(aws s3api get-bucket-policy --bucket "$bucket" "$@" 2>&1 >/dev/null) || true
    case $why in
      *NoSuchBucketPolicy*) current='' ;;
      *) printf '%s: %s\n' "$bucket" "$why" >&2; return 1 ;;
    esac
  fi
  if [ "$current" = "$new" ]; then
    return 0
  elif [ "$current" != "$old" ]; then
    printf '%s: its policy is not the one this plan was made from: make the plan again\n' "$bucket" >&2
    return 1
  elif [ -z "$new" ]; then
    aws s3api delete-bucket-policy --bucket "$bucket" "$@"
  else
    aws s3api put-bucket-policy --bucket "$bucket" "$@" --policy "$new"
  fi
}
"#;

/// The document in place of the policy as it was; without statements, none.
fn put(target: &ChangeTarget, was: Option<&str>, document: &PolicyDocument) -> Change {
    let now = (!document.is_empty()).then(|| document.document());
    let mut change = Change::calling(
        PUT_POLICY,
        format!(
            "put_policy {} \\\n  {} \\\n  {}{}\n",
            target.word(),
            quoted(was.unwrap_or_default().trim_end_matches('\n')),
            quoted(&now.as_ref().map(Value::to_string).unwrap_or_default()),
            target.region_option()
        ),
    );
    let Some(now) = now else {
        let name = &target.name;
        return change
            .terraform_note(format!("Remove the aws_s3_bucket_policy of {name}."))
            .stack_note(format!("Remove the AWS::S3::BucketPolicy of {name}."));
    };
    change = change.terraform_bucket(
        "aws_s3_bucket_policy",
        target,
        was.is_some(),
        &format!("  policy = jsonencode({})\n", hcl_value(&now, 2)),
    );
    change.cloudformation = StackEdit::Resource {
        kind: "AWS::S3::BucketPolicy",
        role: "Policy",
        properties: json!({"Bucket": target.name, "PolicyDocument": now}),
    };
    change
}

/// A statement as the only one, for the documentation.
fn put_statement(target: &ChangeTarget, sid: &str, statement: Value) -> Change {
    put_edited(target, None, |document| {
        document.add(sid, statement.clone())
    })
}

/// The edit of a policy of one statement, for the documentation.
fn put_edited(
    target: &ChangeTarget,
    statement: Option<Value>,
    edit: impl Fn(&mut PolicyDocument),
) -> Change {
    let was = statement
        .map(|statement| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string());
    let mut document = PolicyDocument::new(was.as_deref()).unwrap_or_default();
    edit(&mut document);
    put(target, was.as_deref(), &document)
}
