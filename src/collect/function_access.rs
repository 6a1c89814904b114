//! Who may call a function: its URLs and its resource policies, one policy a qualifier.
//!
//! A function's policy, an alias's and a version's are three documents, and each is asked for by
//! itself (Lambda API reference, GetPolicy). Asked about are the function, its aliases, and the
//! versions that aliases or provisioned concurrency name: what is judged. GetPolicy has a quota of
//! its own, so it runs beside the other calls.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::FunctionUrlConfig;
use coldbucket_policy::document::{Effect, Operator, Principal, Statement};
use coldbucket_policy::{Policy, PolicyKind};

use crate::inventory::Reading;
use crate::inventory::function::{FunctionInventory, FunctionUrl, UrlCors};
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::{CallError, ErrorKind};
use super::functions::{LATEST, qualifier, ruled_out};
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// Reads URLs and policies into the function.
pub async fn read(session: &Session, region: &str, name: &str, function: &mut FunctionInventory) {
    let wanted = |kind| session.plan.calls(kind, |guard| ruled_out(function, guard));
    let (urls, policies) = tokio::join!(
        async {
            if !wanted(ReadingKind::FunctionUrls) {
                return Reading::NotCollected;
            }
            answer::reading(
                ReadingKind::FunctionUrls,
                urls(session, region, name).await.map(Some),
            )
        },
        async {
            if !wanted(ReadingKind::FunctionPolicies) {
                return Reading::NotCollected;
            }
            policies(session, region, name, &qualifiers(function)).await
        }
    );
    function.urls = urls;
    function.policies = policies;
}

async fn urls(session: &Session, region: &str, name: &str) -> Result<Vec<FunctionUrl>, CallError> {
    let client = session.clients.lambda(region);
    let mut urls = Vec::new();
    pages(
        session,
        (ServiceFamily::Lambda, region),
        |marker| {
            client
                .list_function_url_configs()
                .function_name(name)
                .set_marker(marker)
                .send()
        },
        |page| {
            urls.extend(page.function_url_configs().iter().map(url));
            page.next_marker
        },
    )
    .await?;
    urls.sort_by(|a, b| a.qualifier.cmp(&b.qualifier));
    Ok(urls)
}

/// The URL itself is left out: it says nothing that a verdict needs.
fn url(config: &FunctionUrlConfig) -> FunctionUrl {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    FunctionUrl {
        qualifier: qualifier(config.function_arn())
            .unwrap_or(LATEST)
            .to_owned(),
        auth_type: config.auth_type().as_str().to_owned(),
        created: config.creation_time().to_owned(),
        modified: Some(config.last_modified_time().to_owned()).filter(|time| !time.is_empty()),
        cors: config.cors().map(|cors| UrlCors {
            origins: sorted(cors.allow_origins()),
            methods: sorted(cors.allow_methods()),
            credentials: cors.allow_credentials().unwrap_or(false),
        }),
    }
}

/// The qualifiers whose policies matter.
fn qualifiers(function: &FunctionInventory) -> BTreeSet<String> {
    let mut qualifiers = BTreeSet::from([LATEST.to_owned()]);
    for alias in function.aliases.known().into_iter().flatten() {
        qualifiers.insert(alias.name.clone());
        qualifiers.insert(alias.version.clone());
        qualifiers.extend(alias.additional_versions.keys().cloned());
    }
    for configuration in function
        .provisioned_concurrency
        .known()
        .into_iter()
        .flatten()
    {
        qualifiers.insert(configuration.qualifier.clone());
    }
    qualifiers.remove("");
    qualifiers
}

async fn policies(
    session: &Session,
    region: &str,
    name: &str,
    qualifiers: &BTreeSet<String>,
) -> Reading<BTreeMap<String, Option<String>>> {
    let client = session.clients.lambda(region);
    let mut policies = BTreeMap::new();
    for wanted in qualifiers {
        let qualifier = (wanted != LATEST).then(|| wanted.clone());
        let answer = session
            .call(ServiceFamily::LambdaGetPolicy, region, || {
                client
                    .get_policy()
                    .function_name(name)
                    .set_qualifier(qualifier.clone())
                    .send()
            })
            .await;
        let policy = match answer {
            Ok(output) => output.policy,
            // The documented answer where there is no policy; the function was listed just before
            // (Lambda API reference, GetPolicy).
            Err(error) if no_policy(&error) => None,
            // One policy that was not read leaves open who may call.
            Err(error) => return answer::unread(ReadingKind::FunctionPolicies, &error),
        };
        policies.insert(wanted.clone(), policy);
    }
    Reading::Known(policies)
}

/// False when it is known without figures whether the URLs with AuthType NONE are open: there is none,
/// the policy surely lacks the first grant, or it surely has both. What a policy means is for the facts
/// to say; this looks at the plainest forms only, and without a policy no figure decides.
pub fn may_be_half_granted(function: &FunctionInventory) -> bool {
    let policies = function.policies.known();
    function
        .urls
        .known()
        .into_iter()
        .flatten()
        .filter(|url| url.auth_type == "NONE")
        .any(|url| {
            policies
                .and_then(|policies| policies.get(&url.qualifier)?.as_deref())
                .is_some_and(may_have_one_grant)
        })
}

/// True unless no Allow could be the first grant, or each that could has the second beside it: on the
/// same resources, for everyone, with no further condition, and with no Deny in the policy.
fn may_have_one_grant(policy: &str) -> bool {
    let policy = Policy::parse(policy, PolicyKind::Resource);
    let allows = || policy.with_effect(Effect::Allow);
    let denies = policy.with_effect(Effect::Deny).next().is_some();
    allows()
        .filter(|allow| may_be_first_grant(allow))
        .any(|first| {
            denies
                || !policy.is_sound()
                || !allows()
                    .any(|second| is_second_grant(second) && second.resource == first.resource)
        })
}

fn may_be_first_grant(allow: &Statement) -> bool {
    let everyone = allow.principal.as_ref().is_none_or(|principal| {
        principal.negated || principal.items.contains(&Principal::Everyone)
    });
    let action = &allow.action;
    let named =
        |pattern: &coldbucket_policy::pattern::Pattern| pattern.matches("lambda:invokefunctionurl");
    everyone && (action.negated || action.items.iter().any(named))
}

fn is_second_grant(allow: &Statement) -> bool {
    let everyone = allow.principal.as_ref().is_some_and(|principal| {
        !principal.negated && principal.items.contains(&Principal::Everyone)
    });
    let action = &allow.action;
    let invokes = !action.negated
        && action
            .items
            .iter()
            .any(|pattern| pattern.matches("lambda:invokefunction"));
    let free = allow.conditions.iter().all(|condition| {
        condition.operator == Operator::Bool
            && condition.key == "lambda:invokedviafunctionurl"
            && condition.values == ["true"]
    });
    everyone && invokes && free
}

fn no_policy(error: &CallError) -> bool {
    error.answered
        && error.kind == ErrorKind::Final
        && error.status == Some(404)
        && error.code == "ResourceNotFoundException"
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:f";

    fn grant(action: &str, condition: Value) -> Value {
        json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": ARN,
            "Condition": condition})
    }

    fn first() -> Value {
        grant(
            "lambda:InvokeFunctionUrl",
            json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        )
    }

    fn second() -> Value {
        grant(
            "lambda:InvokeFunction",
            json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        )
    }

    fn with(auth_type: &str, statements: &Value) -> FunctionInventory {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        FunctionInventory {
            urls: Reading::Known(vec![FunctionUrl {
                qualifier: LATEST.to_owned(),
                auth_type: auth_type.to_owned(),
                ..FunctionUrl::default()
            }]),
            policies: Reading::Known([(LATEST.to_owned(), Some(policy))].into()),
            ..FunctionInventory::default()
        }
    }

    /// Figures are asked for where they can decide, and nowhere else.
    #[test]
    fn figures_of_urls_that_have_one_grant_of_two() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunction",
            "Resource": ARN});
        let narrow = grant(
            "lambda:InvokeFunction",
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        );
        let mut elsewhere = second();
        elsewhere["Resource"] = json!(format!("{ARN}:live"));
        let mut by_account = first();
        by_account["Principal"] = json!({"AWS": "111122223333"});
        for (statements, expected) in [
            (json!([first()]), true),
            (json!([first(), second()]), false),
            (json!([first(), grant("lambda:*", json!({}))]), false),
            (json!([first(), second(), deny]), true),
            (json!([first(), narrow]), true),
            (json!([first(), elsewhere]), true),
            (json!([grant("lambda:InvokeFunctionU*", json!({}))]), true),
            (json!([by_account]), false),
            (json!([second()]), false),
            (json!([]), false),
        ] {
            let function = with("NONE", &statements);
            assert_eq!(may_be_half_granted(&function), expected, "{statements}");
            let signed = with("AWS_IAM", &statements);
            assert!(!may_be_half_granted(&signed), "{statements}");
        }
        let mut unread = with("NONE", &json!([first()]));
        unread.policies = Reading::NotCollected;
        assert!(!may_be_half_granted(&unread), "the policy decides first");
    }
}
