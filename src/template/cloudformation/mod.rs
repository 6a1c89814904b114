//! CloudFormation templates, SAM templates and CDK assemblies.
//!
//! A stack is evaluated with what is known of its parameters ([`evaluate`]), its resources are read by type
//! ([`gather`]), and all stacks of a deployment are joined. Where a condition depends on a parameter that
//! was not given, the deployment is evaluated once for each value that makes a difference
//! ([`alternatives`]).

mod alternatives;
mod assembly;
mod evaluate;
mod gather;
mod iam;
mod lambda;
mod live;
mod names;
mod properties;
mod s3;
mod sam;
mod stack;
mod watching;
mod web_functions;

pub use assembly::read_assembly;
pub use stack::{SourceFiles, read_template};

use super::source::TemplateError;
use super::value::{TemplateNode, TemplateValue};

/// What a document is, when it is no template.
///
/// # Errors
/// The document is not a CloudFormation template; the message says what it looks like.
fn check_is_template(root: &TemplateNode) -> Result<(), TemplateError> {
    let error = |message: &str| {
        Err(TemplateError {
            position: root.position.clone(),
            message: message.to_owned(),
        })
    };
    if !matches!(root.value, TemplateValue::Map(_)) {
        return error("not a CloudFormation template: it is not a map");
    }
    let has = |name: &str| root.get(name).is_some();
    let mut names = root.members().iter().map(|(name, _)| name);
    if names.any(|name| name.starts_with("//") || name.starts_with("/*")) {
        return error("comments are not part of JSON: CloudFormation refuses them");
    }
    let Some(resources) = root.get("Resources") else {
        return if has("resource_changes") || has("planned_values") {
            error("this is a Terraform plan: use --terraform-plan")
        } else if has("terraform_version") {
            error("this is a Terraform state, not a CloudFormation template")
        } else if has("apiVersion") && has("kind") {
            error("this is a Kubernetes manifest, not a CloudFormation template")
        } else if has("schema") && has("accounts") {
            error("this is a coldbucket snapshot: use --snapshot")
        } else if has("service") && has("provider") {
            error(
                "this is a Serverless Framework service: run `serverless package` and use the template in .serverless",
            )
        } else if has("resources") && has("$schema") {
            error("this is an ARM template of Azure, not a CloudFormation template")
        } else if has("Statement") {
            error("this is an IAM policy, not a CloudFormation template")
        } else if has("openapi") || has("swagger") {
            error("this is an OpenAPI document, not a CloudFormation template")
        } else if has("artifacts") && has("version") {
            error("this is the manifest of a CDK assembly: name its folder, cdk.out")
        } else {
            error("not a CloudFormation template: it has no Resources")
        };
    };
    let typed = resources
        .members()
        .iter()
        .any(|(name, resource)| name.starts_with("Fn::") || resource.get("Type").is_some());
    if !typed && !resources.is_empty() {
        return error("not a CloudFormation template: no member of Resources has a Type");
    }
    Ok(())
}
