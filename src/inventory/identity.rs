//! What AWS answered about the users, groups, roles and managed policies of an account.
//!
//! One answer has them all (iam:GetAccountAuthorizationDetails): who there is, which policies each
//! has inline, which managed ones are attached, whose groups it is in, and what its permissions
//! boundary is. Documents are kept as they are stored, unparsed, each once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wildmatch::WildMatch;

use super::Reading;
use super::account::AccountInventory;

/// One user, group or role. What it is and its name are the key under which the account has it,
/// `user/ann`: names are unique among those of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IdentityInventory {
    /// Its ARN.
    pub arn: String,
    /// Its path, `/` for most; roles that AWS services own are under `/aws-service-role/`.
    pub path: String,
    /// Creation time, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Inline policies: document by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, String>,
    /// ARNs of the attached managed policies, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// Names of the groups a user is in, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// ARN of the managed policy that is the permissions boundary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
    /// A user's access keys (ListAccessKeys). Not asked for where nothing the user has could grant an
    /// action on S3.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub access_keys: Reading<Vec<AccessKey>>,
}

/// One access key of a user. The id is cut to its last characters: enough to tell the user's two
/// keys apart, and of no use to anybody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessKey {
    /// The last four characters of its id.
    pub id_ends: String,
    /// It can be used (`Active`).
    pub active: bool,
    /// Creation time, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

/// One managed policy: of the account, or one of AWS that somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ManagedPolicyInventory {
    /// Its name.
    pub name: String,
    /// The document of its default version; absent when the answer did not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// To how many users, groups and roles it is attached.
    pub attachments: u32,
    /// Of how many users and roles it is the permissions boundary.
    pub boundary_uses: u32,
}

/// A policy of an identity, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPolicy<'a> {
    /// The identity or group that has it, `user/ann`.
    pub holder: &'a str,
    /// What kind of policy, with its name.
    pub source: PolicySource<'a>,
    /// Its document; none when the answer did not have it.
    pub document: Option<&'a str>,
}

/// The two kinds of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicySource<'a> {
    /// An inline policy, by its name.
    Inline(&'a str),
    /// A managed policy, by its ARN.
    Managed(&'a str),
}

impl AccountInventory {
    /// Every policy of an identity: its own, and those of its groups. A group that is not in the
    /// answer has none.
    pub fn policies_of(&self, key: &str) -> Vec<HeldPolicy<'_>> {
        let Some((key, identity)) = self.identities.get_key_value(key) else {
            return Vec::new();
        };
        let groups = identity
            .groups
            .iter()
            .filter_map(|name| self.identities.get_key_value(&format!("group/{name}")));
        std::iter::once((key, identity))
            .chain(groups)
            .flat_map(|(holder, identity)| {
                let inline = identity.inline.iter().map(|(name, document)| HeldPolicy {
                    holder,
                    source: PolicySource::Inline(name),
                    document: Some(document),
                });
                let attached = identity.attached.iter().map(|arn| HeldPolicy {
                    holder,
                    source: PolicySource::Managed(arn),
                    document: self.document_of(arn),
                });
                inline.chain(attached).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The document of a managed policy.
    pub fn document_of(&self, arn: &str) -> Option<&str> {
        self.managed_policies.get(arn)?.document.as_deref()
    }

    /// False when nothing an identity has could let it do anything on S3, Deny statements aside: then
    /// its access keys do not matter here.
    pub fn may_reach_s3(&self, key: &str) -> bool {
        let may = |document: Option<&str>| document.is_none_or(may_name_s3);
        let boundary = self
            .identities
            .get(key)
            .and_then(|identity| identity.boundary.as_deref());
        let by_policy = self.policies_of(key);
        by_policy.iter().any(|policy| may(policy.document))
            && boundary.is_none_or(|boundary| may(self.document_of(boundary)))
    }
}

/// The service prefixes of S3's IAM actions. Source: Service Authorization Reference, the pages of
/// Amazon S3, S3 Express, S3 Tables, S3 Vectors, S3 Object Lambda and S3 on Outposts, 2026-09.
pub const S3_PREFIXES: [&str; 6] = [
    "s3",
    "s3express",
    "s3tables",
    "s3vectors",
    "s3-object-lambda",
    "s3-outposts",
];

/// False when a policy document surely allows no action on S3. A document that cannot be read may.
fn may_name_s3(document: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(document) else {
        return true;
    };
    let statements = match member(&document, "statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => return true,
    };
    statements.into_iter().any(|statement| {
        let denies = member(statement, "effect").and_then(Value::as_str) == Some("Deny");
        let actions = match member(statement, "action") {
            Some(Value::Array(actions)) => actions.iter().collect(),
            Some(action) => vec![action],
            None => Vec::new(),
        };
        // What is neither a Deny nor a list of actions may be anything.
        !denies && (actions.is_empty() || actions.into_iter().any(may_be_s3))
    })
}

fn may_be_s3(action: &Value) -> bool {
    let Some(action) = action.as_str() else {
        return true;
    };
    let action = action.to_lowercase();
    let prefix = action
        .split_once(':')
        .map_or(action.as_str(), |(prefix, _)| prefix);
    let prefix = WildMatch::new(prefix);
    S3_PREFIXES.iter().any(|service| prefix.matches(service))
}

/// A member by its name, whose case IAM does not regard.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(statement: &str) -> bool {
        may_name_s3(&format!(r#"{{"Statement": {statement}}}"#))
    }

    #[test]
    fn what_may_allow_something_on_s3() {
        for statement in [
            r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#,
            r#"[{"Effect": "Allow", "Action": ["ec2:*", "S3:Get*"], "Resource": "*"}]"#,
            r#"{"Effect": "Allow", "action": "*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "s*:Get*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "s3tables:*", "Resource": "*"}"#,
            r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#,
            r#""nonsense""#,
        ] {
            assert!(names(statement), "{statement}");
        }
        assert!(may_name_s3("not JSON"));
    }

    #[test]
    fn what_surely_does_not() {
        for statement in [
            r#"{"Effect": "Allow", "Action": ["ec2:*", "sqs:*"], "Resource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "ses:Send*", "Resource": "arn:aws:s3:::b"}"#,
            r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#,
            "[]",
        ] {
            assert!(!names(statement), "{statement}");
        }
    }
}
