//! What a deployment changes in policies (`audit --onto`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SourceLocation;
use super::policy::CompareOutput;

/// A policy that a deployment changes, compared with the one that the account has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyChange {
    /// What has the policy.
    pub resource: PolicyOwner,
    /// Which of its policies.
    pub policy: PolicyName,
    /// Alias or version of a function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// The deployment makes the resource: there is nothing to compare with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_resource: bool,
    /// Where the policy is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// What the prover found. `id` is the ARN; statements are those of the policy after the deployment,
    /// for permissions those of all policies together.
    pub comparison: CompareOutput,
    /// Of permissions: the policies that the statements of the comparison are from, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

/// What has a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyOwner {
    /// Its name; of an identity `role/deploy`.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Logical id, construct path or Terraform address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Which policy of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyName {
    /// The policy of a bucket.
    BucketPolicy,
    /// The policy of a KMS key.
    KeyPolicy,
    /// The resource policy of a function.
    FunctionPolicy,
    /// Who may assume a role.
    TrustPolicy,
    /// What an identity may do: its inline and managed policies together.
    Permissions,
    /// The document of a managed policy.
    ManagedPolicy,
}
