//! The URL of a function.

use crate::facts::function::LATEST;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Function, &[REQUIRE_IAM], plan);

const REQUIRE_IAM: NamedChange = NamedChange {
    name: "require-iam-auth",
    summary: "Set the AuthType of the URL of {function.name} to AWS_IAM and let CloudFront or the callers sign; where it must stay public, check a signature first in the handler and exclude this finding.",
    effect: "Only signed requests of principals that may call the function are accepted.",
    risk: Level::High,
    risk_note: "Callers that do not sign get 403.",
    decide: "Does a browser, a webhook or a page call the URL without signing? Put CloudFront with an origin access control in front of it first.",
    make: |target| require_iam(target, "QUALIFIER"),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    requests.each(&REQUIRE_IAM, drafts, |request| {
        let (name, qualifier) = (context.name(), qualifier(request));
        let mut draft = context.draft_of(
            format!("Set the AuthType of the URL of {name} ({qualifier}) to AWS_IAM."),
            require_iam(context.target, qualifier),
        );
        draft.decide(format!(
            "Does a browser, a webhook or a page call the URL of {name} ({qualifier}) without signing? Put CloudFront with an origin access control in front of it first. Where it has to stay public, check a signature first in the handler and exclude this finding."
        ));
        Some(draft)
    });
}

/// Alias or version that a finding is about, or `$LATEST`.
pub(super) fn qualifier(request: &FixRequest) -> &str {
    request.finding.item.as_deref().unwrap_or(LATEST)
}

/// ` --qualifier Q`, but for `$LATEST`.
pub(super) fn qualifier_option(qualifier: &str) -> String {
    if qualifier == LATEST {
        String::new()
    } else {
        format!(" --qualifier {}", word(qualifier))
    }
}

fn require_iam(target: &ChangeTarget, qualifier: &str) -> RenderedChange {
    let name = &target.name;
    RenderedChange::shell(format!(
        "aws lambda update-function-url-config --function-name {}{}{} \\\n  --auth-type AWS_IAM >/dev/null\n",
        target.word(),
        target.region_option(),
        qualifier_option(qualifier)
    ))
    .terraform_note(format!(
        "In the aws_lambda_function_url of {name} ({qualifier}):\nauthorization_type = \"AWS_IAM\""
    ))
    .stack_properties(
        "AWS::Lambda::Url",
        format!("of {name} ({qualifier})"),
        json!({"AuthType": "AWS_IAM"}),
    )
}
