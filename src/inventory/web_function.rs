//! What AWS answered about one Lambda Web Function.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::archive::StoredCode;

/// One Web Function, as ListWebFunctions lists it, with its endpoints, the revisions that they serve, and
/// its resource policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebFunctionInventory {
    /// Its ARN.
    pub arn: String,
    /// `Pending`, `Active`, `Failed` or `Deleting`.
    pub state: String,
    /// Its endpoints (ListWebFunctionEndpoints).
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub endpoints: Reading<Vec<WebEndpoint>>,
    /// The resource policy exactly as stored (GetResourcePolicy). It counts for endpoints with
    /// AuthType IamAuth alone.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub policy: Reading<String>,
    /// The revisions that its Active endpoints serve (GetWebFunctionRevision), by id.
    #[serde(skip_serializing_if = "Reading::is_not_collected")]
    pub revisions: Reading<BTreeMap<String, WebRevision>>,
}

impl WebFunctionInventory {
    /// False when it is known that no endpoint checks callers by IAM: then the policy does not count.
    pub fn may_check_by_iam(&self) -> bool {
        match &self.endpoints {
            Reading::Known(endpoints) => endpoints.iter().any(|endpoint| {
                endpoint.auth_type != APPLICATION_MANAGED && endpoint.is_active() != Some(false)
            }),
            Reading::Absent => false,
            _ => true,
        }
    }

    /// The ids of the revisions that its endpoints serve or may serve, each once; `None` while the
    /// endpoints are not known.
    pub fn served_revisions(&self) -> Option<BTreeSet<&str>> {
        let endpoints = match &self.endpoints {
            Reading::Known(endpoints) => endpoints.as_slice(),
            Reading::Absent => &[],
            _ => return None,
        };
        let served = endpoints
            .iter()
            .filter(|endpoint| endpoint.is_active() != Some(false))
            .flat_map(|endpoint| endpoint.revisions.iter().map(String::as_str));
        Some(served.collect())
    }
}

/// The AuthType of endpoints whose requests Lambda does not check.
pub const APPLICATION_MANAGED: &str = "ApplicationManaged";

/// One endpoint of a Web Function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebEndpoint {
    /// Its name.
    pub name: String,
    /// Its ARN, which resource policies name.
    pub arn: String,
    /// `ApplicationManaged` or `IamAuth`.
    pub auth_type: String,
    /// `HomeRegion`, `MultiRegion` or `PerRegion`.
    pub kind: String,
    /// The Regions that serve its requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// The ids of the revisions that its requests reach, at most two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// `Pending`, `Active`, `Failed` or `Deleting`.
    pub state: String,
}

impl WebEndpoint {
    /// Whether it serves requests; `None` for a state that is not known.
    pub fn is_active(&self) -> Option<bool> {
        match self.state.as_str() {
            "Active" => Some(true),
            "Pending" | "Failed" | "Deleting" => Some(false),
            _ => None,
        }
    }
}

/// One revision. The values of its environment variables come with the same answer and are dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebRevision {
    /// The object in S3 that holds its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_in: Option<StoredCode>,
}
