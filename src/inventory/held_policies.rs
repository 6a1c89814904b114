//! Which policies an identity has: its own and those of its groups.

use serde_json::Value;
use wildmatch::WildMatch;

use super::account::AccountInventory;
use super::identity::IdentityInventory;

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

    /// False for groups, roles that AWS services own, and identities that surely have no right on S3:
    /// when they last called S3 does not matter here.
    pub fn may_call_s3(&self, key: &str) -> bool {
        let of_a_service = self
            .identities
            .get(key)
            .is_some_and(IdentityInventory::is_service_linked);
        !key.starts_with("group/") && !of_a_service && self.may_reach_s3(key)
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
