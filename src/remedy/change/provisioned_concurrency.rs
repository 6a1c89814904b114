//! Provisioned concurrency of a function: set where callers wait, removed where none use it.

use super::function_url;
use crate::facts::function::LATEST;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Function, &[SET, REMOVE], plan);

const SET: NamedChange = NamedChange {
    name: "set-provisioned-concurrency",
    summary: "If callers wait for {function.name}, set provisioned concurrency for the calls that usually run at the same time, on an alias that callers use; scale it by schedule or utilization.",
    effect: "Calls that find an initialized environment have no cold start.",
    risk: Level::Low,
    risk_note: "It is paid for by the hour, used or not.",
    decide: "Do callers wait for the function, and how many calls run at the same time on an ordinary day? The command provisions one environment.",
    make: |target| set(target, "ALIAS", "VERSION"),
};

const REMOVE: NamedChange = NamedChange {
    name: "remove-provisioned-concurrency",
    summary: "Let the callers of {function.name} use the qualifier with provisioned concurrency; or remove its provisioned concurrency.",
    effect: "The qualifier has no provisioned concurrency, and nothing is paid for it.",
    risk: Level::Medium,
    risk_note: "Calls of the qualifier can start cold.",
    decide: "Should callers use the qualifier? Then let their triggers name it. The command removes its provisioned concurrency.",
    make: |target| remove(target, "QUALIFIER"),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let name = context.name();
    let alias = match context.facts.view(context.subject) {
        Some(SubjectFacts::Function(facts)) => {
            let versions = facts.versions.known().into_iter().flatten();
            let mut published = versions.filter(|version| version.version != LATEST);
            published.find_map(|version| {
                let alias = version.leading_aliases.first()?;
                Some((alias.clone(), version.version.clone()))
            })
        }
        _ => return,
    };
    requests.each(&SET, drafts, |_| {
        let what = format!("Set provisioned concurrency for the callers of {name}.");
        let Some((alias, version)) = &alias else {
            let mut draft = context.draft(what);
            draft.decide(format!(
                "{name} has no alias that points to a published version: publish one, create an alias and let callers use it; then decide how many environments to provision."
            ));
            return Some(draft);
        };
        let mut draft = context.draft_of(what, set(context.target, alias, version));
        draft.decide(format!(
            "Decide whether callers wait for {name}, how many calls run at the same time on an ordinary day, and whether that is worth its price, which the table of cold starts shows. The command provisions one environment, for the alias {alias}."
        ));
        Some(draft)
    });
    requests.each(&REMOVE, drafts, |request| {
        let qualifier = function_url::qualifier(request);
        let mut draft = context.draft_of(
            format!("Remove the provisioned concurrency of {name} ({qualifier})."),
            remove(context.target, qualifier),
        );
        draft.decide(format!(
            "Should callers use {qualifier}? Then let their triggers name it. The command removes its provisioned concurrency, which ends what it costs."
        ));
        Some(draft)
    });
}

fn set(target: &ChangeTarget, alias: &str, version: &str) -> RenderedChange {
    let mut change = RenderedChange::shell(format!(
        "aws lambda put-provisioned-concurrency-config --function-name {}{} \\\n  \
         --qualifier {} --provisioned-concurrent-executions 1 >/dev/null\n",
        target.word(),
        target.region_option(),
        word(alias)
    ))
    .terraform_resource(
        "aws_lambda_provisioned_concurrency_config",
        target,
        false,
        &format!(
            "  function_name = {}\n  qualifier = {}\n  provisioned_concurrent_executions = 1\n",
            hcl(&target.name),
            hcl(alias)
        ),
    );
    change.cloudformation = StackEdit::Resource {
        kind: "AWS::Lambda::Alias",
        role: "Alias",
        properties: json!({
            "FunctionName": target.name, "Name": alias, "FunctionVersion": version,
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
        }),
    };
    change
}

fn remove(target: &ChangeTarget, qualifier: &str) -> RenderedChange {
    let name = &target.name;
    RenderedChange::shell(format!(
        "aws lambda delete-provisioned-concurrency-config --function-name {}{} \\\n  --qualifier {}\n",
        target.word(),
        target.region_option(),
        word(qualifier)
    ))
    .terraform_note(format!(
        "Remove the aws_lambda_provisioned_concurrency_config of {name} ({qualifier})."
    ))
    .stack_note(format!(
        "Remove ProvisionedConcurrencyConfig from the AWS::Lambda::Alias or AWS::Lambda::Version {qualifier} of {name}."
    ))
}
