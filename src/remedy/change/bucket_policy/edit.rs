//! An edit of a bucket's policy, and the put of the document.

use super::document::{self, PolicyDocument};
use crate::remedy::prelude::*;

/// A change of the document.
pub type DocumentChange = Box<dyn Fn(&mut PolicyDocument)>;

/// A named change of a bucket's policy.
pub struct PolicyEdit<'p> {
    pub change: &'static NamedChange,
    pub requests: Vec<&'p FixRequest>,
    /// What it does, for the sentence about all edits.
    pub what: String,
    /// What it may break beyond the change's own words.
    pub risk: Option<String>,
    /// What a person has to decide first.
    pub decide: Option<String>,
    /// `None` where no program can make it.
    pub edit: Option<DocumentChange>,
}

impl<'p> PolicyEdit<'p> {
    /// An edit that waits for no decision.
    pub fn new(
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

    /// Adds its words to the fix.
    pub fn words(&self, draft: &mut FixDraft) {
        draft.apply(self.change, &self.requests);
        if let Some(risk) = &self.risk {
            draft.risk(Level::High, risk);
        }
    }
}

/// The policy as it was read, and a copy to work on; or why it cannot be edited.
pub fn document(bucket: &BucketState<'_>) -> Result<(Option<String>, PolicyDocument), String> {
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
pub fn check_put(bucket: &BucketState<'_>, document: &PolicyDocument, draft: &mut FixDraft) {
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
pub fn log_delivery_waits(context: &FixContext<'_, '_>, bucket: &BucketState<'_>) -> bool {
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
pub fn put(target: &ChangeTarget, was: Option<&str>, document: &PolicyDocument) -> RenderedChange {
    let now = (!document.is_empty()).then(|| document.document());
    let old = was.unwrap_or_default().trim_end_matches('\n');
    let new = now.as_ref().map(Value::to_string).unwrap_or_default();
    let mut change = RenderedChange::call(PUT_POLICY, target, &[quoted(old), quoted(&new)]);
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
pub fn put_statement(target: &ChangeTarget, sid: &str, statement: Value) -> RenderedChange {
    put_edited(target, None, |document| {
        document.add(sid, statement.clone())
    })
}

/// The edit of a policy of one statement, for the documentation.
pub fn put_edited(
    target: &ChangeTarget,
    statement: Option<Value>,
    edit: impl Fn(&mut PolicyDocument),
) -> RenderedChange {
    let was = statement
        .map(|statement| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string());
    let mut document = PolicyDocument::new(was.as_deref()).unwrap_or_default();
    edit(&mut document);
    put(target, was.as_deref(), &document)
}
