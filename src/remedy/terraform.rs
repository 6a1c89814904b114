//! Changes as Terraform resources of the AWS provider.
//!
//! What exists already is imported, so that `terraform plan` shows the difference and nothing is
//! created twice. A resource that Terraform would take over whole while the plan does not know all
//! of it (lifecycle rules, functions) is written as a comment to copy into the code that owns it: an
//! import would delete what is left out.

use serde_json::{Value, json};

use super::change::{Change, Place};
use super::quote::{hcl, hcl_value, one_line};

/// Writes a change; `None` when the provider has nothing for it.
pub fn code(change: &Change, place: &Place) -> Option<String> {
    let name = &place.name;
    let whole = |kind: &str, known: bool, members: String| {
        let import = if known {
            import(kind, &place.label, name)
        } else {
            String::new()
        };
        Some(format!(
            "{import}resource \"{kind}\" \"{}\" {{\n{members}}}\n",
            place.label
        ))
    };
    let bucket = format!("bucket = {}\n", hcl(name));
    match change {
        Change::Policy {
            was,
            now: Some(now),
        } => whole(
            "aws_s3_bucket_policy",
            was.is_some(),
            format!("  {bucket}  policy = jsonencode({})\n", hcl_value(now, 2)),
        ),
        Change::Policy { now: None, .. } => {
            Some(note(&format!("Remove the aws_s3_bucket_policy of {name}.")))
        }
        Change::Encryption {
            was,
            default,
            bucket_key,
            block_sse_c,
        } => {
            let (algorithm, key) = match default {
                Some((algorithm, key)) => (Some(algorithm.as_str()), Some(key.as_str())),
                None => (was.algorithm.as_deref(), was.kms_key.as_deref()),
            };
            let mut rule = String::new();
            if let Some(algorithm) = algorithm {
                rule.push_str(&format!(
                    "    apply_server_side_encryption_by_default {{\n      sse_algorithm = {}\n",
                    hcl(algorithm)
                ));
                if let Some(key) = key {
                    rule.push_str(&format!("      kms_master_key_id = {}\n", hcl(key)));
                }
                rule.push_str("    }\n");
            }
            if *bucket_key || was.bucket_key.is_some() {
                let on = *bucket_key || was.bucket_key == Some(true);
                rule.push_str(&format!("    bucket_key_enabled = {on}\n"));
            }
            let blocked = if *block_sse_c {
                Some(json!(["SSE-C"]))
            } else {
                was.blocked_encryption_types
                    .as_ref()
                    .map(|types| json!(types))
            };
            if let Some(blocked) = blocked {
                rule.push_str(&format!(
                    "    blocked_encryption_types = {}\n",
                    hcl_value(&blocked, 4)
                ));
            }
            whole(
                "aws_s3_bucket_server_side_encryption_configuration",
                true,
                format!("  {bucket}  rule {{\n{rule}  }}\n"),
            )
        }
        Change::Versioning { known } => whole(
            "aws_s3_bucket_versioning",
            *known,
            format!("  {bucket}  versioning_configuration {{\n    status = \"Enabled\"\n  }}\n"),
        ),
        Change::Lifecycle { rules, others } => {
            let rules: String = rules.iter().map(rule).collect();
            if others.is_empty() {
                return whole(
                    "aws_s3_bucket_lifecycle_configuration",
                    false,
                    format!("  {bucket}{rules}"),
                );
            }
            let text = format!(
                "Add to the aws_s3_bucket_lifecycle_configuration of {name}, beside the rules it has ({}):\n{rules}",
                others.join(", ")
            );
            Some(note(&text))
        }
        Change::Logging {
            prefix, kept: true, ..
        } => Some(note(&format!(
            "In the aws_s3_bucket_logging of {name}:\ntarget_prefix = {}",
            hcl(prefix)
        ))),
        Change::DataEvents {
            trail,
            buckets,
            read_only,
            ..
        } => {
            let objects: Vec<String> = buckets.iter().map(|arn| format!("{arn}/")).collect();
            let field = |field: &str, test: &str, values: &Value| {
                format!(
                    "  field_selector {{\n    field = {}\n    {test} = {}\n  }}\n",
                    hcl(field),
                    hcl_value(values, 4)
                )
            };
            let mut text = format!(
                "In the aws_cloudtrail whose ARN is {trail}, beside the selectors it has:\nadvanced_event_selector {{\n"
            );
            text.push_str(&field("eventCategory", "equals", &json!(["Data"])));
            text.push_str(&field("resources.type", "equals", &json!(["AWS::S3::Object"])));
            if let Some(only) = read_only {
                text.push_str(&field("readOnly", "equals", &json!([only.to_string()])));
            }
            text.push_str(&field("resources.ARN", "starts_with", &json!(objects)));
            text.push_str("}\n");
            Some(note(&text))
        }
        Change::MultiRegion { trail, .. } => Some(note(&format!(
            "In the aws_cloudtrail whose ARN is {trail}:\nis_multi_region_trail = true"
        ))),
        Change::StartRecorder { recorder } => Some(note(&format!(
            "In the aws_config_configuration_recorder_status of {recorder} in {name}:\nis_enabled = true"
        ))),
        Change::RecordBuckets {
            recorder, excluded, ..
        } => Some(note(&format!(
            "In the recording_group of the aws_config_configuration_recorder {recorder} in {name}, {}",
            if *excluded {
                "take AWS::S3::Bucket out of exclusion_by_resource_types."
            } else {
                "add AWS::S3::Bucket to resource_types."
            }
        ))),
        Change::ConfigRules { identifiers } => Some(
            identifiers
                .iter()
                .map(|identifier| {
                    let rule = identifier.to_ascii_lowercase();
                    let region = place.region.as_deref().unwrap_or_default();
                    format!(
                        "resource \"aws_config_config_rule\" \"{}_{rule}\" {{\n  region = {}\n  name = {}\n  source {{\n    owner = \"AWS\"\n    source_identifier = {}\n  }}\n  scope {{\n    compliance_resource_types = [\"AWS::S3::Bucket\"]\n  }}\n}}\n",
                        place.label,
                        hcl(region),
                        hcl(&rule.replace('_', "-")),
                        hcl(identifier)
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        Change::SignedUrl { qualifier } => Some(note(&format!(
            "In the aws_lambda_function_url of {name} ({qualifier}):\nauthorization_type = \"AWS_IAM\""
        ))),
        Change::NoPermissions {
            qualifier,
            statements,
        } => Some(note(&format!(
            "Remove the aws_lambda_permission of {name} ({qualifier}) whose statement_id is one of: {}.",
            statements.join(", ")
        ))),
        Change::Logging {
            target,
            prefix,
            known,
            ..
        } => whole(
            "aws_s3_bucket_logging",
            *known,
            format!(
                "  {bucket}  target_bucket = {}\n  target_prefix = {}\n",
                hcl(target),
                hcl(prefix)
            ),
        ),
        Change::NoWebsite => Some(note(&format!(
            "Remove the aws_s3_bucket_website_configuration of {name}."
        ))),
        Change::NoReplication { rules, all } => Some(note(&if *all {
            format!("Remove the aws_s3_bucket_replication_configuration of {name}.")
        } else {
            format!(
                "Remove from the aws_s3_bucket_replication_configuration of {name}: rule {}.",
                rules.join(", ")
            )
        })),
        Change::NoAcls { known } => whole(
            "aws_s3_bucket_ownership_controls",
            *known,
            format!("  {bucket}  rule {{\n    object_ownership = \"BucketOwnerEnforced\"\n  }}\n"),
        ),
        Change::BlockPublicAccess { known } => whole(
            "aws_s3_bucket_public_access_block",
            *known,
            format!("  {bucket}{FLAGS}"),
        ),
        Change::BlockAccount => whole(
            "aws_s3_account_public_access_block",
            true,
            format!("  account_id = {}\n{FLAGS}", hcl(name)),
        ),
        Change::EnableKey { key, .. } => Some(note(&format!(
            "In the aws_kms_key whose ARN is {key}:\nis_enabled = true"
        ))),
        Change::RotateKey { key } => Some(note(&format!(
            "In the aws_kms_key whose ARN is {key}:\nenable_key_rotation = true"
        ))),
        Change::Function { settings, publish } => {
            let mut text = format!("In the aws_lambda_function of {name}:\n");
            for (member, value) in settings {
                match (member.as_str(), value.as_str()) {
                    ("SnapStart", _) => {
                        text.push_str("snap_start {\n  apply_on = \"PublishedVersions\"\n}\n")
                    }
                    (member, _) => text.push_str(&format!(
                        "{} = {}\n",
                        member.to_ascii_lowercase(),
                        hcl_value(value, 0)
                    )),
                }
            }
            if *publish {
                text.push_str("publish = true\n");
            }
            Some(note(&text))
        }
        Change::Provisioned {
            qualifier,
            environments,
        } => whole(
            "aws_lambda_provisioned_concurrency_config",
            false,
            format!(
                "  function_name = {}\n  qualifier = {}\n  provisioned_concurrent_executions = {environments}\n",
                hcl(name),
                hcl(qualifier)
            ),
        ),
        Change::Template { terraform, .. } => terraform
            .as_deref()
            // Its resources have names that repeat from finding to finding.
            .map(note),
    }
}

const FLAGS: &str = "  block_public_acls       = true\n  ignore_public_acls      = true\n  block_public_policy     = true\n  restrict_public_buckets = true\n";

fn import(kind: &str, label: &str, id: &str) -> String {
    format!(
        "import {{\n  to = {kind}.{label}\n  id = {}\n}}\n\n",
        hcl(id)
    )
}

/// A lifecycle rule as the provider writes it.
fn rule(rule: &Value) -> String {
    let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
    let days = |group: &str, member: &str| {
        rule.get(group)
            .and_then(|group| group.get(member))
            .and_then(Value::as_u64)
    };
    let mut out = format!(
        "  rule {{\n    id     = {}\n    status = {}\n    filter {{}}\n",
        hcl(text("ID")),
        hcl(text("Status"))
    );
    if let Some(days) = days("AbortIncompleteMultipartUpload", "DaysAfterInitiation") {
        out.push_str(&format!(
            "    abort_incomplete_multipart_upload {{\n      days_after_initiation = {days}\n    }}\n"
        ));
    }
    if let Some(days) = days("NoncurrentVersionExpiration", "NoncurrentDays") {
        out.push_str(&format!(
            "    noncurrent_version_expiration {{\n      noncurrent_days = {days}\n    }}\n"
        ));
    }
    out.push_str("  }\n");
    out
}

/// Lines as a comment.
pub fn note(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| {
            let line = one_line(line);
            if line.is_empty() {
                "#\n".to_owned()
            } else {
                format!("# {line}\n")
            }
        })
        .collect()
}

/// Names for resources: letters, digits and `_` of what they are called after, each given once.
#[derive(Debug, Default)]
pub struct Labels(std::collections::BTreeMap<String, String>);

impl Labels {
    /// The name for a resource that is called `name` and identified by `id`.
    pub fn of(&mut self, name: &str, id: &str) -> String {
        if let Some((label, _)) = self.0.iter().find(|(_, owner)| *owner == id) {
            return label.clone();
        }
        let mut stem: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .take(64)
            .collect();
        if !stem.starts_with(|first: char| first.is_ascii_alphabetic()) {
            stem.insert_str(0, "r_");
        }
        let mut label = stem.clone();
        let mut number = 2;
        while self.0.contains_key(&label) {
            label = format!("{stem}_{number}");
            number += 1;
        }
        self.0.insert(label.clone(), id.to_owned());
        label
    }
}
