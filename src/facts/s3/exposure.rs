//! Who can reach a bucket: policy, ACL, ownership and Block Public Access together.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;
use crate::report::Reach;

/// What the policy document is, before any question of whom it lets in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyFacts {
    /// There is a policy.
    pub present: Fact<bool>,
    /// There is one and it cannot be read as an IAM policy.
    pub malformed: Fact<bool>,
    /// What is wrong with it, with its place; empty when nothing is.
    pub defect: Fact<String>,
}

/// Who can reach the bucket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExposureFacts {
    /// Requests without a signature.
    pub anonymous: ReachFacts,
    /// Requests signed by an account nobody named.
    pub any_aws_account: ReachFacts,
    /// Accounts (and other outside principals) that the policy or the ACL names.
    pub other_accounts: Fact<Vec<NamedOutsider>>,
    /// AWS's own judgement of the policy (GetBucketPolicyStatus); false without a policy.
    pub aws_says_public: Fact<bool>,
}

/// Reach by class of action: `reachable`, `constrained` or `unreachable`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReachFacts {
    /// Read object data.
    pub read: Fact<Reach>,
    /// List the bucket.
    pub list: Fact<Reach>,
    /// Write or delete objects.
    pub write: Fact<Reach>,
    /// Read or change ACLs.
    pub acl: Fact<Reach>,
    /// Change the bucket's policy or protection.
    pub takeover: Fact<Reach>,
}

/// Somebody outside the owner's account whom the policy or the ACL names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NamedOutsider {
    /// A 12-digit account id, an organization id, a canonical user id or a federated provider.
    pub account: String,
    /// `policy` or `acl`.
    pub via: String,
    /// Listed under `trusted_accounts` or `trusted_organizations` in the configuration.
    pub trusted: bool,
}
