//! Lambda Web Functions with their endpoints and revisions.
//!
//! Types and properties from aws-cdk-lib 2.276 (`AWS::Lambda::WebFunction`, `WebFunctionEndpoint`,
//! `WebFunctionRevision`, 2026-11).

use super::super::settings::{Setting, WebEndpointSettings, WebFunctionSettings};
use super::super::value::{TemplateNode, has_open_symbol, shown};
use super::evaluate::Evaluation;
use super::gather::{Gathered, Resource};
use super::names;
use super::properties::{Properties, reference_of};
use crate::inventory::archive::StoredCode;

/// What belongs to a Web Function and is a resource of its own.
pub(super) enum OfWebFunction {
    Endpoint(WebEndpointSettings),
    /// Its id, and where its code is; none where that is not known.
    Revision(String, Option<StoredCode>),
}

/// Reads a resource of Web Functions; false for a type that is not read.
pub(super) fn read(
    kind: &str,
    id: &str,
    resource: &Resource<'_>,
    evaluation: &Evaluation<'_>,
    out: &mut Gathered,
) -> bool {
    let p = resource.properties();
    let function = || web_function_name(&p.text("FunctionName").unwrap_or_default());
    match kind {
        "AWS::Lambda::WebFunction" => out.settings.web_functions.push(WebFunctionSettings {
            source: resource.source(&[]),
            name: p.name("FunctionName"),
            ..WebFunctionSettings::default()
        }),
        "AWS::Lambda::WebFunctionEndpoint" => out
            .of_web_functions
            .push((function(), OfWebFunction::Endpoint(endpoint(resource, p)))),
        "AWS::Lambda::WebFunctionRevision" => out.of_web_functions.push((
            function(),
            OfWebFunction::Revision(names::revision(evaluation, id), stored_in(p)),
        )),
        _ => return false,
    }
    true
}

/// The name in what names a Web Function: a name or an ARN.
pub(super) fn web_function_name(written: &str) -> String {
    match written.rsplit_once(":web-function/") {
        Some((_, name)) => name.split('/').next().unwrap_or_default().to_owned(),
        None => written.to_owned(),
    }
}

fn endpoint(resource: &Resource<'_>, p: Properties<'_>) -> WebEndpointSettings {
    let regions = p.get("Regions").map(TemplateNode::items);
    let weights = p.get("RevisionWeights");
    let revisions = match weights {
        None => Setting::LeftOut,
        Some(node) => {
            let ids = node.items().iter();
            let ids: Option<Vec<String>> = ids
                .map(|weight| Properties(weight).text("RevisionId"))
                .map(|id| id.filter(|id| !has_open_symbol(id)))
                .collect();
            match ids {
                Some(ids) => Setting::Written(ids),
                None => Setting::Undetermined(reference_of(node)),
            }
        }
    };
    WebEndpointSettings {
        name: p.text("EndpointName").unwrap_or_default(),
        auth_type: p.word("AuthType"),
        kind: p.text("EndpointType").unwrap_or_default(),
        regions: regions
            .unwrap_or_default()
            .iter()
            .filter_map(TemplateNode::as_text)
            .map(|region| shown(&region))
            .collect(),
        revisions,
        position: p.position("AuthType").or_else(|| resource.position.clone()),
    }
}

/// Where the code of a revision is; none where a part of that is not known.
fn stored_in(p: Properties<'_>) -> Option<StoredCode> {
    let object = Properties(p.at(&["BuildConfig", "CodeConfig", "S3Object"])?);
    let known = |name: &str| object.text(name).filter(|text| !has_open_symbol(text));
    Some(StoredCode {
        bucket: shown(&known("Bucket")?),
        key: shown(&object.text("Key").unwrap_or_default()),
        // One that is not known is a version all the same.
        version: object.text("VersionId").map(|version| shown(&version)),
    })
}
