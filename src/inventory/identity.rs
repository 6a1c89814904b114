//! What AWS answered about the users, groups, roles and managed policies of an account.
//!
//! One answer has them all (iam:GetAccountAuthorizationDetails): who there is, which policies each
//! has inline, which managed ones are attached, whose groups it is in, and what its permissions
//! boundary is. Documents are kept as they are stored, unparsed, each once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One user, group or role. What it is and its name are the key under which the account has it,
/// `user/ann`: names are unique among those of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IdentityInventory {
    /// Its ARN.
    pub arn: String,
    /// Its path, `/` for most; roles that AWS services own are under `/aws-service-role/`.
    pub path: String,
    /// Its unique id (`AIDA…`, `AROA…`): requests carry it in `aws:userid`. Absent in snapshots of
    /// earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// Its tags; absent in snapshots of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// A role's trust policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
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
    /// When it last called S3 (GetServiceLastAccessedDetails). Opt-in.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub last_access: Reading<LastAccess>,
}

impl IdentityInventory {
    /// A role that an AWS service owns: its policies cannot be changed (IAM user guide, "Service-linked
    /// roles").
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

/// What IAM's report on the services that an identity called says of S3. It covers requests that were
/// allowed or refused, signed by the identity or its sessions, within 400 days, the last four hours aside
/// (IAM user guide, "Refine permissions in AWS using last accessed information", copy of 2026).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LastAccess {
    /// The report speaks of S3: only services that the identity's own policies allow are in it.
    pub covers_s3: bool,
    /// The time of the last request to S3, RFC 3339; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
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

/// One managed policy: of the account, or one of AWS that an identity has.
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
