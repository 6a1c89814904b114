//! Object Lock of a bucket.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Bucket, &[ENABLE], plan);

const ENABLE: NamedChange = NamedChange {
    name: "enable-object-lock",
    summary: "Enable Object Lock of {bucket.name} and give it a default retention.",
    effect: "New object versions cannot be deleted or overwritten before their retention ends.",
    risk: Level::High,
    risk_note: "Object Lock cannot be disabled; objects cost storage until their retention ends.",
    decide: "For how long must objects not be deleted, and may anyone bypass that (GOVERNANCE mode)? The command keeps them for 30 days.",
    make: enable,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    context.make_all(
        &ENABLE,
        "Enable Object Lock of {} with a default retention.",
        requests,
        drafts,
    );
}

fn enable(target: &ChangeTarget) -> RenderedChange {
    let (name, region) = (target.word(), target.region_option());
    let lock = json!({
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}},
    });
    RenderedChange::shell(format!(
        "aws s3api put-bucket-versioning --bucket {name}{region} --versioning-configuration Status=Enabled\n\
         aws s3api put-object-lock-configuration --bucket {name}{region} --object-lock-configuration \\\n  {}\n",
        quoted(&lock.to_string())
    ))
    .terraform_bucket(
        "aws_s3_bucket_object_lock_configuration",
        target,
        false,
        "  rule {\n    default_retention {\n      mode = \"GOVERNANCE\"\n      days = 30\n    }\n  }\n",
    )
    .bucket_properties(
        target,
        json!({"ObjectLockEnabled": true, "ObjectLockConfiguration": lock}),
    )
}
