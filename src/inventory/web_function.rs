//! What AWS answered about one Lambda Web Function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// One Web Function, as ListWebFunctions lists it, with its endpoints and its resource policy. Of its
/// revisions nothing is read: their answers hold the values of environment variables.
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
}

impl WebFunctionInventory {
    /// False when it is known that no endpoint checks callers by IAM: then the policy does not count.
    pub fn may_check_by_iam(&self) -> bool {
        match &self.endpoints {
            Reading::Known(endpoints) => endpoints
                .iter()
                .any(|endpoint| endpoint.auth_type != APPLICATION_MANAGED),
            Reading::Absent => false,
            _ => true,
        }
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
    /// `Pending`, `Active`, `Failed` or `Deleting`.
    pub state: String,
}
