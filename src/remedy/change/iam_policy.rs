//! Managed policies of IAM.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Identity, &[DELETE], plan);

const DELETE: NamedChange = NamedChange {
    name: "delete-policy",
    summary: "Delete the IAM policy, if no principal will need it.",
    effect: "The policy can no longer be attached.",
    risk: Level::Medium,
    risk_note: "Whatever attaches it later fails.",
    decide: "Is the policy kept for an emergency? Then keep it, and watch who attaches it.",
    make: delete,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    context.make_all(&DELETE, "Delete the IAM {}.", requests, drafts);
}

fn delete(target: &ChangeTarget) -> RenderedChange {
    let name = &target.name;
    RenderedChange::shell(format!(
        "aws iam delete-policy --policy-arn {}\n",
        word(&target.arn)
    ))
    .terraform_note(format!("Remove the aws_iam_policy {name}."))
    .stack_note(format!("Remove the AWS::IAM::ManagedPolicy {name}."))
}
