//! Lambda Web Functions of one Region: their list, and of each its endpoints, its resource policy and the
//! revisions that its endpoints serve.

use std::collections::BTreeMap;

use aws_sdk_lambdaweb::operation::get_web_function_revision::GetWebFunctionRevisionOutput;
use aws_sdk_lambdaweb::types::FunctionEndpointSummary;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::archive::StoredCode;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, ReadingKind};
use crate::inventory::request::NameFilter;
use crate::inventory::web_function::{WebEndpoint, WebFunctionInventory, WebRevision};

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
    let wanted = NameFilter::new(&session.request.resources.functions);
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
                if !wanted.selects(name) {
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
        // Lambda does not offer Web Functions in this Region, so there are none.
        Err(cut) if cut.is_unknown_operation() => Reading::Absent,
        went => listing(ReadingKind::WebFunctionListing, went, wanted.selects_all()),
    };
    (listing, found)
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
            // The SDK gives an empty text where it finds no policy in the answer: not that there is none.
            |output| Some(output.policy),
        )
        .await;
    }
    function.revisions = revisions(session, region, name, &function).await;
    function
}

/// The revisions that the endpoints serve. Which these are stands in the answer about the endpoints: where
/// that is missing, so are the revisions.
async fn revisions(
    session: &Session,
    region: &str,
    name: &str,
    function: &WebFunctionInventory,
) -> Reading<BTreeMap<String, WebRevision>> {
    const KIND: ReadingKind = ReadingKind::WebFunctionRevisions;
    if !session.plan.wants(KIND) {
        return Reading::NotCollected;
    }
    let Some(served) = function.served_revisions() else {
        return function.endpoints.as_ref().map(|_| BTreeMap::new());
    };
    let client = session.clients.lambda_web(region);
    let mut revisions = BTreeMap::new();
    for id in served {
        let answer = session
            .call(ServiceFamily::Lambda, region, || {
                client
                    .get_web_function_revision()
                    .function_name(name)
                    .revision_id(id)
                    .send()
            })
            .await;
        match answer {
            Ok(output) => revisions.insert(id.to_owned(), revision(output)),
            Err(error) => return answer::unread(KIND, &error),
        };
    }
    Reading::Known(revisions)
}

/// The place of the code. All else is dropped, the values of environment variables among it.
fn revision(output: GetWebFunctionRevisionOutput) -> WebRevision {
    let code = output.build_config.and_then(|build| build.code_config);
    let object = code.and_then(|code| code.s3_object);
    WebRevision {
        stored_in: object
            .filter(|object| !object.bucket.is_empty())
            .map(|object| StoredCode {
                bucket: object.bucket,
                key: object.key,
                version: object.version_id,
            }),
    }
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
        regions: summary.regions().to_vec(),
        revisions: summary
            .revision_weights()
            .iter()
            .map(|share| share.revision_id().to_owned())
            .collect(),
        state: summary.state().as_str().to_owned(),
    }
}
