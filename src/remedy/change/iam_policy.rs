//! Managed policies of IAM.

use super::super::FixContext;
use super::super::draft::FixDraft;
use super::super::quote::word;
use super::{Change, ChangeTarget, Family, NamedChange, Requests};
use crate::inventory::ids::SubjectKind;
use crate::report::plan::Level;

pub(super) const FAMILY: Family = Family {
    subject: SubjectKind::Identity,
    changes: &[DELETE],
    plan,
};

const DELETE: NamedChange = NamedChange {
    name: "delete-policy",
    summary: "Delete the IAM policy, if no principal will need it.",
    effect: "The policy can no longer be attached.",
    risk: Level::Medium,
    risk_note: "Whatever attaches it later fails.",
    decide: "Is the policy kept for an emergency? Then keep it, and watch who attaches it.",
    example: delete,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    requests.each(&DELETE, drafts, |_| {
        let name = context.name();
        let mut draft = context.draft_of(
            format!(
                "Delete the IAM policy {}.",
                name.rsplit('/').next().unwrap_or(name)
            ),
            delete(context.target),
        );
        draft.decide(DELETE.decide);
        Some(draft)
    });
}

fn delete(target: &ChangeTarget) -> Change {
    let name = &target.name;
    Change::shell(format!(
        "aws iam delete-policy --policy-arn {}\n",
        word(&target.arn)
    ))
    .terraform_note(format!("Remove the aws_iam_policy {name}."))
    .stack_note(format!("Remove the AWS::IAM::ManagedPolicy {name}."))
}
