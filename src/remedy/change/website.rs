//! The website endpoint of a bucket.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Bucket, &[REMOVE], plan);

const REMOVE: NamedChange = NamedChange {
    name: "remove-website",
    summary: "Serve {bucket.name} through CloudFront with an origin access control, and remove the website configuration.",
    effect: "The bucket answers on its S3 endpoints only, which support TLS.",
    risk: Level::High,
    risk_note: "Visitors of the website endpoint get 403 or 404.",
    decide: "Is the website in use? Serve it through CloudFront with an origin access control first.",
    make: remove,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    requests.each(&REMOVE, drafts, |_| {
        let what = format!("Remove the website configuration of {}.", context.name());
        let mut draft = context.draft_of(what, remove(context.target));
        draft.decide(REMOVE.decide);
        draft.effort = Effort::Days;
        Some(draft)
    });
}

fn remove(target: &ChangeTarget) -> RenderedChange {
    let name = &target.name;
    RenderedChange::shell(format!(
        "aws s3api delete-bucket-website --bucket {}{}\n",
        target.word(),
        target.region_option()
    ))
    .terraform_note(format!(
        "Remove the aws_s3_bucket_website_configuration of {name}."
    ))
    .stack_note(format!(
        "Remove WebsiteConfiguration from the AWS::S3::Bucket {name}."
    ))
}
