//! Lambda Web Functions of one Region: their list, and of each its endpoints and its resource policy.
//!
//! Revisions are not read: GetWebFunctionRevision answers with the values of environment variables.

use std::collections::BTreeMap;

use aws_sdk_lambdaweb::types::FunctionEndpointSummary;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, ReadingKind};
use crate::inventory::web_function::{WebEndpoint, WebFunctionInventory};
use wildmatch::WildMatch;

use super::answer::{self, ask};
use super::call_error::CallError;
use super::lane::ServiceFamily;
use super::paging::{each, listing, pages};
use super::session::Session;

/// Most entries of a page (Lambda Web API reference, ListWebFunctions).
const PAGE: i32 = 50;

/// Reads the Web Functions of a Region.
pub async fn read(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, WebFunctionInventory>) {
    if !session.plan.lists(SubjectKind::WebFunction) {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let (listing, listed) = list(session, region).await;
    let read = each(session, listed, |(name, listed)| async move {
        let function = read_one(session, region, &name, listed).await;
        (name, function)
    });
    (listing, read.await)
}

async fn list(
    session: &Session,
    region: &str,
) -> (Reading<Listing>, BTreeMap<String, WebFunctionInventory>) {
    let wanted: Vec<WildMatch> = session
        .request
        .resources
        .functions
        .iter()
        .map(|glob| WildMatch::new(glob))
        .collect();
    let client = session.clients.lambda_web(region);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::Lambda, region),
        |token| {
            client
                .list_web_functions()
                .max_results(PAGE)
                .set_next_token(token)
                .send()
        },
        |page| {
            for function in page.functions() {
                let name = function.function_name();
                if !wanted.is_empty() && !wanted.iter().any(|glob| glob.matches(name)) {
                    continue;
                }
                let listed = WebFunctionInventory {
                    arn: function.function_arn().to_owned(),
                    state: function.state().as_str().to_owned(),
                    ..WebFunctionInventory::default()
                };
                found.insert(name.to_owned(), listed);
            }
            page.next_token
        },
    )
    .await;
    let listing = match went {
        Err(cut) if cut.is_first() && is_not_offered(cut.error()) => Reading::Absent,
        went => listing(ReadingKind::WebFunctionListing, went, wanted.is_empty()),
    };
    (listing, found)
}

/// Web Functions are not offered in the Region: Lambda does not know the operation, and so cannot say
/// which permission it takes. AWS answers so in every Region tried on 2026-10-07; other endpoints answer
/// that they do not have the operation.
fn is_not_offered(error: &CallError) -> bool {
    error
        .message
        .contains("Unable to determine service/operation name to be authorized")
        || error.status == Some(501)
        || error.code == "UnknownOperationException"
}

async fn read_one(
    session: &Session,
    region: &str,
    name: &str,
    listed: WebFunctionInventory,
) -> WebFunctionInventory {
    let mut function = listed;
    if session.plan.wants(ReadingKind::WebFunctionEndpoints) {
        function.endpoints = answer::reading(
            ReadingKind::WebFunctionEndpoints,
            endpoints(session, region, name).await.map(Some),
        );
    }
    let by_iam = function.may_check_by_iam();
    let wanted = session.plan.calls(ReadingKind::WebFunctionPolicy, |guard| {
        !by_iam && guard == Guard::OnlyCheckedByIam
    });
    if wanted {
        let client = session.clients.lambda_web(region);
        function.policy = ask(
            session,
            (ServiceFamily::LambdaGetPolicy, region),
            ReadingKind::WebFunctionPolicy,
            || {
                let call = client.get_resource_policy();
                call.resource_arn(&function.arn).send()
            },
            |output| Some(output.policy).filter(|policy| !policy.is_empty()),
        )
        .await;
    }
    function
}

async fn endpoints(
    session: &Session,
    region: &str,
    name: &str,
) -> Result<Vec<WebEndpoint>, CallError> {
    let client = session.clients.lambda_web(region);
    let mut endpoints = Vec::new();
    pages(
        session,
        (ServiceFamily::Lambda, region),
        |token| {
            client
                .list_web_function_endpoints()
                .function_name(name)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
        },
        |page| {
            endpoints.extend(page.endpoints().iter().map(endpoint));
            page.next_token
        },
    )
    .await?;
    endpoints.sort_by(|a: &WebEndpoint, b: &WebEndpoint| a.name.cmp(&b.name));
    Ok(endpoints)
}

/// The domain name is left out: it says nothing that a verdict needs.
fn endpoint(summary: &FunctionEndpointSummary) -> WebEndpoint {
    WebEndpoint {
        name: summary.endpoint_name().to_owned(),
        arn: summary.endpoint_arn().to_owned(),
        auth_type: summary.auth_type().as_str().to_owned(),
        kind: summary.endpoint_type().as_str().to_owned(),
        state: summary.state().as_str().to_owned(),
    }
}
