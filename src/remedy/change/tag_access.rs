//! Attribute-based access control of a bucket: whether conditions on its tags count.

use super::super::FixContext;
use super::super::draft::FixDraft;
use super::{Change, ChangeTarget, Family, NamedChange, Requests};
use crate::inventory::ids::SubjectKind;
use crate::report::plan::Level;

pub(super) const FAMILY: Family = Family {
    subject: SubjectKind::Bucket,
    changes: &[ENABLE],
    plan,
};

const ENABLE: NamedChange = NamedChange {
    name: "enable-tag-based-access",
    summary: "Enable attribute-based access control for {bucket.name}, or remove the conditions on its tags.",
    effect: "Conditions on the bucket's tags (aws:ResourceTag) are evaluated.",
    risk: Level::High,
    risk_note: "Principals gain or lose access by the bucket's tags, in every policy.",
    decide: "Which principals gain or lose access once conditions on tags are evaluated? Tags are changed by another API from then on.",
    example: enable,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    requests.each(&ENABLE, drafts, |_| {
        let mut draft = context.draft_of(
            format!(
                "Enable attribute-based access control for {}.",
                context.name()
            ),
            enable(context.target),
        );
        draft.decide(ENABLE.decide);
        Some(draft)
    });
}

fn enable(target: &ChangeTarget) -> Change {
    Change::shell(format!(
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
