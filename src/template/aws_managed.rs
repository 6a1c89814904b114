//! The policies of AWS that templates attach by ARN, with their text: `policies/data/aws-managed-policies.yaml`.
//!
//! Only for templates and plans: a live account answers with the text itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::inventory::ids::{account_of_arn, resource_of_arn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagedPolicyTable {
    #[cfg_attr(not(test), expect(dead_code, reason = "says when the texts were read"))]
    table_date: String,
    policies: Vec<ManagedPolicyText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagedPolicyText {
    /// The policy's path and name, as its ARN has them behind `policy/`.
    name: String,
    #[expect(dead_code, reason = "says where the text is from")]
    version: String,
    #[expect(dead_code, reason = "says where the text is from")]
    since: String,
    document: Value,
}

fn parse(text: &str) -> Result<ManagedPolicyTable, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// By name. Empty where the shipped file is broken, which the test below finds.
static DOCUMENTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let table = parse(include_str!(
        "../../policies/data/aws-managed-policies.yaml"
    ));
    let texts = table.map(|table| table.policies).unwrap_or_default();
    let documents = texts.into_iter();
    documents
        .map(|text| (text.name, text.document.to_string()))
        .collect()
});

/// The text of a policy of AWS by its ARN, in any partition; `None` for a customer's policy and for one that
/// is not in the table.
pub(in crate::template) fn document(arn: &str) -> Option<&'static str> {
    if account_of_arn(arn) != Some("aws") {
        return None;
    }
    let name = resource_of_arn(arn)?.strip_prefix("policy/")?;
    DOCUMENTS.get(name).map(String::as_str)
}

/// The path and name of a policy of AWS by its name alone: `service-role/AWSLambdaBasicExecutionRole`.
/// None for one that is not in the table.
pub(in crate::template) fn path_of(name: &str) -> Option<&'static str> {
    let mut paths = DOCUMENTS.keys().map(String::as_str);
    paths.find(|path| path.rsplit('/').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use coldbucket_policy::{Policy, PolicyKind};

    use super::*;

    #[test]
    fn the_shipped_table_can_be_read() {
        let text = include_str!("../../policies/data/aws-managed-policies.yaml");
        let table = parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(table.table_date.len(), "YYYY-MM-DD".len());
        for text in &table.policies {
            let policy = Policy::parse(&text.document.to_string(), PolicyKind::Identity);
            assert!(policy.defects.is_empty(), "{}", text.name);
        }
    }

    #[test]
    fn a_policy_is_found_by_its_path_and_name_in_every_partition() {
        for partition in ["aws", "aws-us-gov", "aws-cn"] {
            let basic =
                format!("arn:{partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
            assert!(document(&basic).is_some_and(|text| text.contains("logs:PutLogEvents")));
            assert!(
                document(&format!(
                    "arn:{partition}:iam::aws:policy/AdministratorAccess"
                ))
                .is_some()
            );
        }
    }

    #[test]
    fn a_customers_policy_of_the_same_name_is_another_policy() {
        for other in [
            "arn:aws:iam::123456789012:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::aws:policy/service-role/AdministratorAccess",
            "AdministratorAccess",
            "",
        ] {
            assert_eq!(document(other), None, "{other}");
        }
    }
}
