//! ACLs of a bucket and its objects, disabled by Object Ownership.

use super::bucket_policy::edit::log_delivery_waits;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Bucket, &[DISABLE], plan);

pub(super) const DISABLE: NamedChange = NamedChange {
    name: "disable-acls",
    summary: "Set Object Ownership of {bucket.name} to BucketOwnerEnforced, after moving the grants in use (log delivery, other accounts) into the bucket policy.",
    effect: "The account owns every object in the bucket, and only policies grant access.",
    risk: Level::Medium,
    risk_note: "Uploads that set an ACL other than bucket-owner-full-control are denied, and what ACLs of single objects grant ends.",
    decide: "Does anyone use what the ACL grants? Move what is needed into the bucket policy first.",
    make: |target| disable(target, false),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let taken = requests.take(&DISABLE);
    if taken.is_empty() {
        return;
    }
    let mut draft = context.draft_of(
        format!("Disable ACLs of {}.", bucket.name()),
        disable(
            context.target,
            bucket.settings.ownership_set.known() == Some(&true),
        ),
    );
    draft.apply(&DISABLE, &taken);
    match bucket.settings.grants.known() {
        None => draft.decide(format!(
            "The ACL could not be read ({}): see first to whom it grants access.",
            why(&bucket.settings.grants)
        )),
        Some(grants) => {
            let mut who: Vec<String> = grants
                .iter()
                .filter(|grant| grant.grantee != "LogDelivery")
                .map(|grant| {
                    let who = match grant.grantee.as_str() {
                        "AllUsers" => "everyone",
                        "AuthenticatedUsers" => "any AWS account",
                        other => other,
                    };
                    format!("{} to {who}", grant.permission)
                })
                .collect();
            who.dedup();
            if !who.is_empty() {
                draft.decide(format!(
                    "The ACL grants {}: that ends. Move what is needed into the bucket policy first.",
                    who.join(", ")
                ));
            }
        }
    }
    // What ACLs of objects grant ends with the bucket's.
    let keys = bucket.facts.objects.public.keys.known();
    if let Some(keys) = keys.filter(|keys| !keys.is_empty()) {
        draft.decide(format!(
            "Sampled objects are public by their own ACL ({}): anonymous downloads of them get 403.",
            keys.join(", ")
        ));
    }
    if bucket.log_delivery_by_acl() && log_delivery_waits(context, bucket) {
        draft.decide("Access logs are delivered here by the ACL, and the policy that should replace it cannot be put yet: see above.");
    }
    drafts.push(draft);
}

const TURN_ACLS_OFF: &str = r#"# turn_acls_off BUCKET [--region R]: S3 accepts BucketOwnerEnforced only while the ACL grants access to the
# owner alone, and no ACL at all once it is set.
turn_acls_off() {
  bucket=$1
  shift
  now=$(aws s3api get-bucket-ownership-controls --bucket "$bucket" "$@" --output text \
    --query 'OwnershipControls.Rules[0].ObjectOwnership' 2>/dev/null) || now=''
  if [ "$now" != BucketOwnerEnforced ]; then
    aws s3api put-bucket-acl --bucket "$bucket" "$@" --acl private
    aws s3api put-bucket-ownership-controls --bucket "$bucket" "$@" \
      --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
  fi
}
"#;

fn disable(target: &ChangeTarget, was_set: bool) -> RenderedChange {
    RenderedChange::call(TURN_ACLS_OFF, target, &[])
        .terraform_bucket(
            "aws_s3_bucket_ownership_controls",
            target,
            was_set,
            "  rule {\n    object_ownership = \"BucketOwnerEnforced\"\n  }\n",
        )
        .bucket_properties(
            target,
            json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
        )
}
