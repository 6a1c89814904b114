//! Changes as properties of CloudFormation resources.
//!
//! All changes of a bucket are properties of one `AWS::S3::Bucket`, and CloudFormation replaces
//! what a stack owns: so the output says to merge them into the stack that owns the bucket, or to
//! import the bucket, and keeps it when the stack goes. What has no resource type has no entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::change::{Change, Place};
use super::quote::{one_line, yaml_lines};
use crate::report::plan::TemplateResource;

/// The resources of a template in the making, by what they are called after and their role.
#[derive(Debug, Default)]
pub struct Resources(BTreeMap<(String, &'static str), Resource>);

#[derive(Debug)]
struct Resource {
    kind: &'static str,
    title: String,
    properties: Map<String, Value>,
}

impl Resources {
    /// Takes a change in, if CloudFormation can make it.
    pub fn add(&mut self, change: &Change, place: &Place) {
        let name = &place.name;
        match change {
            Change::Policy { now: Some(now), .. } => self.set(
                "AWS::S3::BucketPolicy",
                "Policy",
                place,
                json!({"Bucket": name, "PolicyDocument": now}),
            ),
            Change::Provisioned {
                qualifier,
                environments,
            } => self.set(
                "AWS::Lambda::Alias",
                "Alias",
                place,
                json!({
                    "FunctionName": name, "Name": qualifier,
                    "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": environments},
                }),
            ),
            _ => {
                if let Some(properties) = bucket_properties(change) {
                    self.set("AWS::S3::Bucket", "Bucket", place, json!({"BucketName": name}));
                    self.set("AWS::S3::Bucket", "Bucket", place, properties);
                }
            }
        }
    }

    fn set(&mut self, kind: &'static str, role: &'static str, place: &Place, properties: Value) {
        // A dynamic reference would be looked up wherever it stands, and nothing can quote it.
        if properties.to_string().contains("{{resolve:") {
            return;
        }
        let key = (place.label.clone(), role);
        let resource = self.0.entry(key).or_insert_with(|| Resource {
            kind,
            title: format!("{kind} {}", place.name),
            properties: Map::new(),
        });
        if let Value::Object(properties) = properties {
            merge(&mut resource.properties, properties);
        }
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

fn bucket_properties(change: &Change) -> Option<Value> {
    match change {
        Change::Encryption {
            was,
            default,
            bucket_key,
            block_sse_c,
        } => {
            let mut rule = Map::new();
            let (algorithm, key) = match default {
                Some((algorithm, key)) => (Some(algorithm), Some(key)),
                None => (was.algorithm.as_ref(), was.kms_key.as_ref()),
            };
            if let Some(algorithm) = algorithm {
                let mut default = Map::from_iter([("SSEAlgorithm".to_owned(), json!(algorithm))]);
                if let Some(key) = key {
                    default.insert("KMSMasterKeyID".to_owned(), json!(key));
                }
                rule.insert("ServerSideEncryptionByDefault".to_owned(), default.into());
            }
            if *bucket_key || was.bucket_key.is_some() {
                let on = *bucket_key || was.bucket_key == Some(true);
                rule.insert("BucketKeyEnabled".to_owned(), json!(on));
            }
            let blocked = if *block_sse_c {
                Some(json!(["SSE-C"]))
            } else {
                was.blocked_encryption_types
                    .as_ref()
                    .map(|types| json!(types))
            };
            if let Some(blocked) = blocked {
                rule.insert(
                    "BlockedEncryptionTypes".to_owned(),
                    json!({"EncryptionType": blocked}),
                );
            }
            Some(json!({"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}))
        }
        Change::Versioning { .. } => {
            Some(json!({"VersioningConfiguration": {"Status": "Enabled"}}))
        }
        // With rules that are not all known here it would delete the others.
        Change::Lifecycle { rules, others } if others.is_empty() => {
            let rules: Vec<Value> = rules.iter().map(rule).collect();
            Some(json!({"LifecycleConfiguration": {"Rules": rules}}))
        }
        Change::Logging {
            target,
            prefix,
            kept: false,
            ..
        } => Some(json!({"LoggingConfiguration": {
            "DestinationBucketName": target, "LogFilePrefix": prefix,
        }})),
        Change::NoAcls { .. } => Some(json!({"OwnershipControls": {"Rules": [
            {"ObjectOwnership": "BucketOwnerEnforced"},
        ]}})),
        Change::BlockPublicAccess { .. } => Some(json!({"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "IgnorePublicAcls": true,
            "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }})),
        _ => None,
    }
}

/// A lifecycle rule in CloudFormation's words.
fn rule(rule: &Value) -> Value {
    let mut out = Map::new();
    for (name, value) in rule.as_object().into_iter().flatten() {
        match name.as_str() {
            "ID" => out.insert("Id".to_owned(), value.clone()),
            // Without a prefix it is for the whole bucket.
            "Filter" => None,
            _ => out.insert(name.clone(), value.clone()),
        };
    }
    Value::Object(out)
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
