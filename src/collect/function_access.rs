//! Who may call a function: its URLs and its resource policies, one policy a qualifier.
//!
//! A function's policy, an alias's and a version's are three documents, and each is asked for by
//! itself (Lambda API reference, GetPolicy). Asked about are the function, its aliases, and the
//! versions that aliases or provisioned concurrency name: what is judged. GetPolicy has a quota of
//! its own, so it runs beside the other calls.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::FunctionUrlConfig;

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

fn no_policy(error: &CallError) -> bool {
    error.answered
        && error.kind == ErrorKind::Final
        && error.status == Some(404)
        && error.code == "ResourceNotFoundException"
}
