//! Changes as properties of CloudFormation resources.
//!
//! All changes of a bucket are properties of one `AWS::S3::Bucket`, and CloudFormation replaces
//! what a stack owns: so the output says to merge them into the stack that owns the bucket, or to
//! import the bucket, and keeps it when the stack goes. What has no resource type has no entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::quote::{one_line, yaml_lines};
use super::target::{ChangeTarget, RenderedChange, StackEdit};
use crate::report::plan::{TemplateEdit, TemplateResource};

/// The resources of a template in the making, by what they are called after and their role.
#[derive(Debug, Default)]
pub struct StackResources(BTreeMap<(String, &'static str), StackResource>);

#[derive(Debug)]
struct StackResource {
    kind: &'static str,
    title: String,
    arn: String,
    properties: Map<String, Value>,
}

impl StackResources {
    /// Takes in a change of the target, if it is the properties of a resource.
    pub fn add(&mut self, change: &RenderedChange, target: &ChangeTarget) {
        let StackEdit::Resource {
            kind,
            role,
            properties,
        } = &change.cloudformation
        else {
            return;
        };
        // A dynamic reference would be resolved wherever it stands, and nothing can quote it.
        if properties.to_string().contains("{{resolve:") {
            return;
        }
        let key = (target.label.clone(), *role);
        let resource = self.0.entry(key).or_insert_with(|| StackResource {
            kind,
            title: format!("{kind} {}", target.name),
            arn: target.arn.clone(),
            properties: Map::new(),
        });
        if let Value::Object(properties) = properties.clone() {
            merge(&mut resource.properties, properties);
        }
    }

    /// The same as overrides for AWS CDK in TypeScript: JSON is an expression of that language, and
    /// overrides have the names of CloudFormation's properties (CDK developer guide, "Raw overrides",
    /// copy of 2026).
    pub fn overrides(&self) -> String {
        let mut text = String::new();
        for resource in self.0.values() {
            text.push_str(&format!("// {}\n", one_line(&resource.title)));
            for (name, value) in &resource.properties {
                let value = serde_json::to_string_pretty(value).unwrap_or_default();
                text.push_str(&format!(
                    "resource.addPropertyOverride(\"{name}\", {value});\n"
                ));
            }
        }
        text
    }

    /// The entries, sorted by id.
    pub fn finish(self) -> Vec<TemplateResource> {
        let mut given = BTreeSet::new();
        self.0
            .into_iter()
            .map(|((label, role), resource)| {
                let stem = logical_id(&label, role);
                let mut id = stem.clone();
                let mut number = 2;
                while !given.insert(id.clone()) {
                    id = format!("{stem}{number}");
                    number += 1;
                }
                TemplateResource {
                    title: one_line(&resource.title),
                    arn: resource.arn,
                    text: yaml_lines(
                        &json!({id: {
                            "Type": resource.kind,
                            "DeletionPolicy": "Retain",
                            "UpdateReplacePolicy": "Retain",
                            "Properties": resource.properties,
                        }}),
                        2,
                    ),
                }
            })
            .collect()
    }
}

/// The properties that a change sets, where it is those of one resource.
pub fn edit(change: &RenderedChange) -> Option<TemplateEdit> {
    let (kind, which, properties) = match &change.cloudformation {
        StackEdit::Resource {
            kind, properties, ..
        } => (*kind, "", properties),
        StackEdit::Properties {
            kind,
            which,
            properties,
        } => (*kind, which.as_str(), properties),
        StackEdit::None | StackEdit::Note(_) => return None,
    };
    Some(TemplateEdit {
        kind: kind.to_owned(),
        which: which.to_owned(),
        properties: properties.clone(),
    })
}

/// What to change in a resource that the plan does not know as a whole, for a person.
pub fn note(change: &RenderedChange) -> Option<String> {
    match &change.cloudformation {
        StackEdit::Note(text) => Some(text.clone()),
        StackEdit::Properties {
            kind,
            which,
            properties,
        } => Some(format!(
            "In the {kind} {which}:\n{}",
            yaml_lines(properties, 0).trim_end()
        )),
        StackEdit::None | StackEdit::Resource { .. } => None,
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(present)), Value::Object(more)) => merge(present, more),
            (Some(Value::Array(present)), Value::Array(more)) if name == "Rules" => {
                present.extend(more);
            }
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Letters and digits only, as logical ids are.
fn logical_id(label: &str, role: &str) -> String {
    let mut id = String::new();
    for part in label.split('_') {
        let mut letters = part.chars();
        if let Some(first) = letters.next() {
            id.push(first.to_ascii_uppercase());
            id.extend(letters);
        }
    }
    id.push_str(role);
    id
}
