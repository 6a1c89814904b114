//! Statements of a function's resource policy, where their ids are known.

use super::function_url;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Function, &[PUBLIC, LEFT_BEHIND], plan);

const PUBLIC: NamedChange = NamedChange {
    name: "remove-public-permission",
    summary: "Remove the public statement from the policy of {function.name}, and grant it again to the account, organization or service that needs it.",
    effect: "Accounts that the policy does not name can no longer use the function.",
    risk: Level::High,
    risk_note: "Calls that this statement allows are denied.",
    decide: "Who calls the function by this statement? Grant access to that account, organization or service first.",
    make: |target| remove(target, "QUALIFIER", &["STATEMENT-ID".to_owned()]),
};

const LEFT_BEHIND: NamedChange = NamedChange {
    name: "remove-url-permission",
    summary: "Remove the statement of the deleted URL from the policy of {function.name}.",
    effect: "A URL that is created later is not public from the start.",
    risk: Level::Low,
    risk_note: "There is no URL, so no request uses the statement.",
    decide: "",
    make: PUBLIC.make,
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(SubjectFacts::Function(facts)) = context.facts.view(context.subject) else {
        return;
    };
    for change in [&PUBLIC, &LEFT_BEHIND] {
        let public = change.name == PUBLIC.name;
        requests.each(change, drafts, |request| {
            let qualifier = function_url::qualifier(request);
            let mut policies = facts.policies.known()?.iter();
            let policy = policies.find(|policy| policy.qualifier == qualifier)?;
            let statements = if public {
                &policy.public_statements
            } else {
                &policy.url_statements
            };
            if statements.is_empty() {
                return None;
            }
            let (name, ids) = (context.name(), statements.join(", "));
            let mut draft = context.draft_of(
                format!("Remove the statement {ids} from the policy of {name} ({qualifier})."),
                remove(context.target, qualifier, statements),
            );
            if public {
                draft.decide(format!(
                    "Who calls {name} by the statement {ids}? Grant access to that account, organization or service first."
                ));
            }
            Some(draft)
        });
    }
}

const REMOVE_PERMISSION: &str = r#"# remove_permission NAME STATEMENT [--qualifier Q] [--region R]: nothing to do where it is gone already.
remove_permission() {
  name=$1 statement=$2
  shift 2
  if ! why=$(aws lambda remove-permission --function-name "$name" --statement-id="$statement" "$@" 2>&1); then
    case $why in
      *ResourceNotFoundException*) ;;
      *) printf '%s: %s\n' "$name" "$why" >&2; return 1 ;;
    esac
  fi
}
"#;

fn remove(target: &ChangeTarget, qualifier: &str, statements: &[String]) -> RenderedChange {
    let options = format!(
        "{}{}",
        function_url::qualifier_option(qualifier),
        target.region_option()
    );
    let commands: String = statements
        .iter()
        .map(|id| {
            format!(
                "remove_permission {} {}{options}\n",
                target.word(),
                quoted(id)
            )
        })
        .collect();
    let (name, ids) = (&target.name, statements.join(", "));
    RenderedChange::calling(REMOVE_PERMISSION, commands)
        .terraform_note(format!(
            "Remove the aws_lambda_permission of {name} ({qualifier}) whose statement_id is one of: {ids}."
        ))
        .stack_note(format!(
            "Remove the AWS::Lambda::Permission of {name} ({qualifier}) that made the statement: {ids}."
        ))
}
