//! The names that CloudFormation generated for resources of a stack that is deployed.
//!
//! A template without names says nothing about which resource of the account is which. Buckets carry
//! the stack and the logical id as tags (CloudFormation user guide, "Resource tags", copy of 2026);
//! of functions and roles the generated name says it: `STACK-LOGICALID-RANDOM`. With the name as if it
//! was written, everything that refers to the resource refers to the one of the account.

use super::super::value::{TemplateNode, TemplateValue};
use super::evaluate::StackInput;
use super::gather::Gathered;
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::BucketInventory;

const STACK: &str = "aws:cloudformation:stack-name";
const LOGICAL_ID: &str = "aws:cloudformation:logical-id";

/// Writes into resources without a name the one that the account has for them.
pub(super) fn name_resources(
    resources: &mut [(String, TemplateNode)],
    input: &StackInput,
    out: &Gathered,
) {
    let (Some(below), Some(stack)) = (out.settings.below(), input.stack_name.as_deref()) else {
        return;
    };
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(TemplateNode::as_text);
        let (property, name) = match kind.as_deref() {
            Some("AWS::S3::Bucket") => ("BucketName", bucket(below, stack, id)),
            Some("AWS::Lambda::Function" | "AWS::Serverless::Function") => (
                "FunctionName",
                function(below, input.region.as_deref(), stack, id),
            ),
            Some("AWS::IAM::Role") => {
                let roles = below.identities.keys();
                let names = roles.filter_map(|key| key.strip_prefix("role/"));
                ("RoleName", generated(names, stack, id))
            }
            _ => continue,
        };
        if let Some(name) = name {
            write(resource, property, &name);
        }
    }
}

fn bucket(below: &AccountInventory, stack: &str, id: &str) -> Option<String> {
    let is = |bucket: &BucketInventory| match &bucket.tags {
        Reading::Known(tags) => {
            tags.get(STACK).is_some_and(|of| of == stack)
                && tags.get(LOGICAL_ID).is_some_and(|of| of == id)
        }
        _ => false,
    };
    let found = below.buckets.iter().filter(|(_, bucket)| is(bucket));
    only(found.map(|(name, _)| name.clone()))
}

fn function(
    below: &AccountInventory,
    region: Option<&str>,
    stack: &str,
    id: &str,
) -> Option<String> {
    let functions = &below.regions.get(region?)?.functions;
    generated(functions.keys().map(String::as_str), stack, id)
}

/// The only name of the form that CloudFormation generates.
fn generated<'n>(names: impl Iterator<Item = &'n str>, stack: &str, id: &str) -> Option<String> {
    let prefix = format!("{stack}-{id}-");
    let is_random =
        |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    only(
        names
            .filter(|name| name.strip_prefix(&prefix).is_some_and(is_random))
            .map(str::to_owned),
    )
}

fn only(mut names: impl Iterator<Item = String>) -> Option<String> {
    let first = names.next()?;
    names.next().is_none().then_some(first)
}

/// Sets a property that the resource does not write.
fn write(resource: &mut TemplateNode, property: &str, name: &str) {
    let TemplateValue::Map(members) = &mut resource.value else {
        return;
    };
    if !members.iter().any(|(member, _)| member == "Properties") {
        let nothing = TemplateNode::new(TemplateValue::Map(Vec::new()));
        members.push(("Properties".to_owned(), nothing));
    }
    let properties = members
        .iter_mut()
        .find(|(member, _)| member == "Properties");
    let Some((_, properties)) = properties else {
        return;
    };
    if properties.value == TemplateValue::Null {
        properties.value = TemplateValue::Map(Vec::new());
    }
    if let TemplateValue::Map(properties) = &mut properties.value
        && !properties.iter().any(|(member, _)| member == property)
    {
        properties.push((property.to_owned(), TemplateNode::text(name)));
    }
}
