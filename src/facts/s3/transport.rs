//! Requests over plain HTTP.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Plain HTTP.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TransportFacts {
    /// Some request over plain HTTP is not denied, by whomever (the owner's identities included).
    pub plain_http_reachable: Fact<bool>,
    /// Why: what is missing in the policy's Deny statements; empty when nothing is.
    pub weakness: Fact<String>,
}
