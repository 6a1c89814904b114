//! What `who-can` and `what-can` answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reach;

pub use coldbucket_policy::who_can::{
    BlockedBy, HopAnswer, PrincipalAnswer, StatementPlace, WitnessPair,
};

/// Who can reach one bucket, class by class: a line for principals with the same access for the same
/// reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessMatrix {
    /// Bucket name.
    pub bucket: String,
    /// 12-digit account id.
    pub account: String,
    /// The lines, those with the widest access first. Principals without any access have none.
    pub groups: Vec<AccessGroup>,
    /// How many principals have no access.
    pub without_access: usize,
    /// What was assumed where nothing was read.
    pub assumes: Vec<String>,
    /// IAM actions that would list identities that are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<String>,
}

/// Principals that a bucket cannot tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessGroup {
    /// An ARN, `anonymous`, `account:N`, `account:*`, `service:S`, `service:*` or `canonical:ID`; sorted.
    pub principals: Vec<String>,
    /// By class (`read`, `list`, `write`, `acl`, `takeover`), whether they can.
    pub classes: BTreeMap<String, Reach>,
    /// The policies that allow it, as `POLICY, statement N`, or what is missing where it is not known.
    pub through: Vec<String>,
    /// What must hold where it is constrained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under: Vec<String>,
}

/// The `schema` of both documents.
pub const ACCESS_SCHEMA: &str = "coldbucket-access/1";

/// What `who-can -o json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhoCanReport {
    /// `coldbucket-access/1`.
    pub schema: String,
    /// 12-digit account id.
    pub account: String,
    /// The bucket, object pattern or function.
    pub target: String,
    /// The class or action, as asked.
    pub asked: String,
    /// Its actions; one of them is enough.
    pub actions: Vec<String>,
    /// The principals: identities of the account, its root user, then everyone outside whom a policy
    /// names, and `anonymous` and `account:*` (any AWS account).
    pub principals: Vec<PrincipalRow>,
    /// Principals that are one step away from access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_hop: Vec<HopAnswer>,
    /// What was assumed where nothing was read.
    pub assumes: Vec<String>,
    /// IAM actions that would list identities that are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<String>,
}

/// One principal and the answer about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalRow {
    /// An ARN, `anonymous`, `account:N`, `account:*`, `service:S`, `service:*` or `canonical:ID`.
    pub principal: String,
    /// The answer.
    #[serde(flatten)]
    pub answer: PrincipalAnswer,
    /// Whole days since it last called S3, where `--last-access` read that; 400 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_days: Option<u32>,
}

/// What `what-can -o json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhatCanReport {
    /// `coldbucket-access/1`.
    pub schema: String,
    /// 12-digit account id.
    pub account: String,
    /// The identity's ARN.
    pub principal: String,
    /// Its access, by bucket or function and class.
    pub access: Vec<TargetRow>,
    /// What was assumed where nothing was read.
    pub assumes: Vec<String>,
}

/// One bucket or function, and one class of access to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetRow {
    /// Name of the bucket, or ARN of the function.
    pub target: String,
    /// `read`, `list`, `write`, `delete`, `acl`, `takeover`, `invoke` or `alter`.
    pub class: String,
    /// The answer.
    #[serde(flatten)]
    pub answer: PrincipalAnswer,
}
