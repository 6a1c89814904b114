//! Attribute-based access control of a bucket: whether conditions on its tags count.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Bucket, &[ENABLE], plan);

const ENABLE: NamedChange = NamedChange {
    name: "enable-tag-based-access",
    summary: "Enable attribute-based access control for {bucket.name}, or remove the conditions on its tags.",
    effect: "Conditions on the bucket's tags (aws:ResourceTag) are evaluated.",
    risk: Level::High,
    risk_note: "Principals gain or lose access by the bucket's tags, in every policy.",
    decide: "Which principals gain or lose access once conditions on tags are evaluated? Tags are changed by another API from then on.",
    make: enable,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    context.make_all(
        &ENABLE,
        "Enable attribute-based access control for {}.",
        requests,
        drafts,
    );
}

fn enable(target: &ChangeTarget) -> RenderedChange {
    RenderedChange::shell(format!(
        "aws s3api put-bucket-abac --bucket {}{} --abac-status Status=Enabled\n",
        target.word(),
        target.region_option()
    ))
    .terraform_note(
        "The AWS provider has no resource for it at the time of writing: use the AWS CLI.",
    )
    .stack_note(format!(
        "In the AWS::S3::Bucket {}:\nAbacStatus: Enabled",
        target.name
    ))
}
