//! What the batches of `policy prove`, `evaluate`, `compare`, `forbids` and `public` read and write, a
//! JSON line each.
//!
//! A witness is exactly a [`Request`], so every "reachable" can be replayed by handing it to
//! `policy evaluate`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::catalogue::{ActionClass, CLASSES};

/// One line in: a bucket and what is asked about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveInput {
    /// Echoed in the answer.
    pub id: String,
    /// Bucket name.
    pub bucket: String,
    /// 12-digit id of the account that owns the bucket.
    pub owner: String,
    /// The bucket policy: an object, its text as a string, or null for none. At most 256 KiB.
    #[serde(default)]
    pub policy: Value,
    /// Effective Block Public Access (account or bucket); absent means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`; absent with absent grants
    /// means ACLs grant nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_ownership: Option<String>,
    /// ACL grants; absent means ACLs grant nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl_grants: Option<Vec<Grant>>,
    /// `AES256` (also when absent), `aws:kms` or `aws:kms:dsse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_encryption: Option<String>,
    /// What time it is, RFC 3339; decides date conditions. Absent for any moment from 2026 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The partition, for example `aws-cn`; absent to take it from the policy's ARNs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Resource control policies of the owner's account, level by level from the root; policies that
    /// are not in a level are one level. Absent means none but the default, which allows everything.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "levels"
    )]
    pub rcps: Option<Vec<PolicyLevel>>,
    /// `anonymous`, `any-aws-account`, `account:<id>`, `service:<principal>`, `plain-http`,
    /// `tls-below:<version>`, `sigv2`, `presigned`, `presigned-older-than:<ms>`, `put-without-kms`,
    /// `sse-c`.
    pub questions: Vec<String>,
}

/// One line out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProveOutput {
    /// The input's id.
    pub id: String,
    /// One answer a question, in order.
    pub answers: Vec<Answer>,
    /// AWS's documented meaning of public, read from Allow statements only; null where the
    /// documentation does not decide.
    pub documented_public: Option<bool>,
}

/// One line out for a line that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchError {
    /// The input's id, when it could be read.
    pub id: Option<String>,
    /// What is wrong with the line.
    pub error: String,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The question as asked.
    pub question: String,
    /// The worst of `classes`.
    pub verdict: Reach,
    /// By class of action.
    pub classes: ClassReach,
    /// A request that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Request>,
    /// Indexes of the Allow statements that let it through (or, when nothing is reachable, none).
    pub statements: Vec<usize>,
    /// For `constrained`: condition keys (and `principal`) to the literals a caller must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_from: Option<BTreeMap<String, Vec<String>>>,
    /// For `constrained`: what callers hold who get in, each of them alone enough and none of them
    /// with a part that it could do without. `only_from` is the union.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<BTreeMap<String, Vec<String>>>,
    /// Actions that the policy or the ACL grants to these callers and that S3 does not carry out for
    /// them whatever a policy says: no verdict rests on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ineffective: Vec<String>,
    /// For `presigned`: the longest age a signature may have, ms; absent when the policy sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<u64>,
    /// Why nothing is reachable, or why it could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One request, as the evaluator judges it and as a witness shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who asks.
    pub principal: RequestPrincipal,
    /// The IAM action, for example `s3:GetObject`.
    pub action: String,
    /// The resource's ARN.
    pub resource: String,
    /// 12-digit id of the account that owns the resource.
    pub resource_account: String,
    /// Condition keys and their values. Keys that are not here are absent from the request, except
    /// those that follow from the principal (PrincipalArn, PrincipalAccount, PrincipalType, userid).
    #[serde(default)]
    pub context: BTreeMap<String, ContextValue>,
}

/// Who asks: an ARN, or a class of caller that has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RequestPrincipal {
    /// A user, role session, federated user or account root.
    Arn(String),
    /// An unsigned request or an AWS service.
    Class(PrincipalClass),
}

/// A caller without an ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum PrincipalClass {
    /// `{"type":"Anonymous"}`
    Anonymous,
    /// `{"type":"Service","name":"logging.s3.amazonaws.com"}`
    Service {
        /// The service principal.
        name: String,
    },
    /// `{"type":"Federated","name":"accounts.google.com"}`: asks for a session of a role.
    Federated {
        /// The identity provider as a trust policy names it: its ARN or its name.
        name: String,
    },
}

/// The value of a condition key: one string, or a list for multi-valued keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ContextValue {
    /// A single value.
    One(String),
    /// The values of a multi-valued key.
    Many(Vec<String>),
}

/// One line in for the evaluator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateInput {
    /// Echoed in the answer.
    pub id: String,
    /// The policies that apply.
    pub policies: PolicySet,
    /// The request.
    pub request: Request,
    /// Effective Block Public Access of the bucket; absent means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
}

/// The policies that apply to a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySet {
    /// The bucket policy.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub resource: Value,
    /// Identity policies of the caller; absent means it has none.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "one_or_many"
    )]
    pub identity: Option<Vec<Value>>,
    /// Permissions boundaries, every one of which must allow; absent or empty means none is set.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "one_or_many"
    )]
    pub boundaries: Option<Vec<Value>>,
    /// The session policy, or several of which one must allow; absent or empty means none was passed.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "one_or_many"
    )]
    pub session: Option<Vec<Value>>,
    /// Service control policies of the caller's account, level by level from the root; every level
    /// must allow. They bind the identities of that account wherever the resource is, service-linked
    /// roles excepted; requests without a signature and AWS services are under none. Policies that
    /// are not in a level are one level.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "levels")]
    pub scps: Option<Vec<PolicyLevel>>,
    /// Resource control policies, level by level from the root; every level must allow. A level
    /// without any Allow has the default that cannot be detached, which allows everything.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "levels")]
    pub rcps: Option<Vec<PolicyLevel>>,
    /// The policy of the VPC endpoint the request comes through; of several, every one must allow.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "one_or_many"
    )]
    pub endpoint: Option<Vec<Value>>,
}

/// One policy where a list is expected stands for a list of one.
fn one_or_many<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<Value>>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Null => None,
        Value::Array(values) => Some(values),
        one => Some(vec![one]),
    })
}

/// A list of levels, or of policies: those are one level.
fn levels<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<PolicyLevel>>, D::Error> {
    let Some(values) = one_or_many(input)? else {
        return Ok(None);
    };
    let mut levels = Vec::new();
    let mut loose = Vec::new();
    for value in values {
        if value.get("policies").is_some() {
            levels.push(PolicyLevel::deserialize(value).map_err(serde::de::Error::custom)?);
        } else {
            loose.push(value);
        }
    }
    if !loose.is_empty() {
        levels.push(PolicyLevel { policies: loose });
    }
    Ok(Some(levels))
}

/// The policies of one level of an organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyLevel {
    /// Its policies.
    pub policies: Vec<Value>,
}

/// One line out of the evaluator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvaluateOutput {
    /// The input's id.
    pub id: String,
    /// The decision.
    pub decision: Decision,
    /// The statement that decided it: the Deny that matched, or the Allow that let it through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<DecidingStatement>,
    /// What could not be decided and might change the decision, which then is the careful one: a
    /// doubtful Allow does not allow and a doubtful Deny denies. Empty when it is certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// What the evaluator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The request is allowed.
    Allow,
    /// Nothing allows it (or RestrictPublicBuckets cuts it off).
    ImplicitDeny,
    /// A Deny statement matches.
    ExplicitDeny,
}

/// Which statement decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecidingStatement {
    /// `resource`, `identity[0]`, `scps[1].policies[0]`, …
    pub policy: String,
    /// Position in the policy's Statement list, from 0.
    pub index: usize,
}

/// One line in of `policy compare --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareInput {
    /// Echoed in the answer.
    pub id: String,
    /// `resource`, `identity`, `trust`, `s3`, `kms`, `lambda`, `sqs` or `sns`: what the policies are
    /// attached to.
    pub kind: String,
    /// The bucket that they are attached to: only it, its objects and the actions of S3 count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The policy before: an object, its text as a string, or null for none. At most 256 KiB.
    #[serde(default)]
    pub old: Value,
    /// The policy after, in the same way.
    #[serde(default)]
    pub new: Value,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompareVerdict {
    /// The new policy allows a request that the old one does not.
    New,
    /// It allows none.
    None,
    /// It allows none of today's actions; it would allow an action that AWS may add.
    Future,
    /// It could not be decided.
    Unknown,
}

/// One line out of `policy compare --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareOutput {
    /// The input's id.
    pub id: String,
    /// Whether the new policy allows a request that the old one does not; null where that could not
    /// be decided.
    pub new_access: Option<bool>,
    /// The same with what is in between.
    pub verdict: CompareVerdict,
    /// Whether the old policy allows a request that the new one does not; null where that could not
    /// be decided.
    pub lost: Option<bool>,
    /// The Allow statements of the new policy that allow something new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<NewAccess>,
    /// What else a reviewer should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Why it could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How the new policy stands to the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyRelation {
    /// Both allow the same requests.
    Equal,
    /// The new one allows less.
    Narrower,
    /// The new one allows more.
    Wider,
    /// Each allows something that the other does not.
    Different,
    /// It could not be decided.
    Unknown,
}

impl PolicyRelation {
    /// What an answer says.
    pub const fn of(output: &CompareOutput) -> Self {
        match (output.new_access, output.lost) {
            (Some(false), Some(false)) => Self::Equal,
            (Some(false), Some(true)) => Self::Narrower,
            (Some(true), Some(false)) => Self::Wider,
            (Some(true), Some(true)) => Self::Different,
            (None, _) | (_, None) => Self::Unknown,
        }
    }

    /// For a person: what the new policy is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Narrower => "narrower",
            Self::Wider => "wider",
            Self::Different => "different",
            Self::Unknown => "unknown",
        }
    }
}

/// A statement that allows something new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewAccess {
    /// Position in the new policy's Statement list, from 0.
    pub index: usize,
    /// Its `Sid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What it allows now, and why the old policy did not.
    pub because: String,
    /// A request that the new policy allows and the old one does not. Only where the caller is an
    /// account that is known by its canonical user id alone there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Request>,
}

/// One line in of `policy forbids --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForbidsInput {
    /// Echoed in the answer.
    pub id: String,
    /// As in `policy compare`.
    pub kind: String,
    /// The policy: an object, its text as a string, or null for none.
    #[serde(default)]
    pub policy: Value,
    /// Actions, with wildcards; absent for any action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// ARNs, with wildcards; absent for any resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
}

/// One line out of `policy forbids --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForbidsOutput {
    /// The input's id.
    pub id: String,
    /// Whether the policy allows one of the actions on one of the resources; null where that could
    /// not be decided.
    pub granted: Option<bool>,
    /// A request that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Request>,
    /// Why it could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One line in of `policy public --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicInput {
    /// Echoed in the answer.
    pub id: String,
    /// As in `policy compare`.
    pub kind: String,
    /// The policy: an object, its text as a string, or null for none.
    #[serde(default)]
    pub policy: Value,
}

/// One line out of `policy public --batch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublicOutput {
    /// The input's id.
    pub id: String,
    /// Whether the policy allows a caller that holds nothing that it names; null where that could
    /// not be decided.
    pub public: Option<bool>,
    /// A request that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Request>,
    /// Why it could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a class of requests can reach. `unknown` is a value here: a posture always says something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// No such request is allowed.
    Unreachable,
    /// Only a caller who holds a literal that the policy names.
    Constrained,
    /// Could not be decided.
    Unknown,
    /// Some such request is allowed.
    Reachable,
}

impl Reach {
    /// The name in machine outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Constrained => "constrained",
            Self::Unknown => "unknown",
            Self::Reachable => "reachable",
        }
    }

    /// Someone is known to get in, if only one who meets a condition.
    pub const fn lets_in(self) -> bool {
        matches!(self, Self::Reachable | Self::Constrained)
    }
}

/// Something for each of the five classes of actions on a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Classes<T> {
    /// Read object data.
    pub read: T,
    /// List the bucket.
    pub list: T,
    /// Write or delete objects.
    pub write: T,
    /// Read or change ACLs.
    pub acl: T,
    /// Change the bucket's policy or protection.
    pub takeover: T,
}

/// Reach by class of action.
pub type ClassReach = Classes<Reach>;

impl<T> Classes<T> {
    /// What a function says of each class.
    pub fn from_fn(mut of: impl FnMut(ActionClass) -> T) -> Self {
        Self {
            read: of(ActionClass::Read),
            list: of(ActionClass::List),
            write: of(ActionClass::Write),
            acl: of(ActionClass::Acl),
            takeover: of(ActionClass::Takeover),
        }
    }

    /// That of one class.
    pub const fn get(&self, class: ActionClass) -> &T {
        match class {
            ActionClass::Read => &self.read,
            ActionClass::List => &self.list,
            ActionClass::Write => &self.write,
            ActionClass::Acl => &self.acl,
            ActionClass::Takeover => &self.takeover,
        }
    }

    /// Each class with its own, in the order of [`CLASSES`].
    pub fn iter(&self) -> impl Iterator<Item = (ActionClass, &T)> {
        CLASSES.into_iter().map(|class| (class, self.get(class)))
    }

    /// The same of another type.
    pub fn map<U>(&self, mut of: impl FnMut(&T) -> U) -> Classes<U> {
        Classes::from_fn(|class| of(self.get(class)))
    }
}

/// One ACL grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// `AllUsers`, `AuthenticatedUsers`, `LogDelivery`, or a canonical user id (or an e-mail address).
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: String,
}

impl Grant {
    /// A grant to everyone, or to everyone with an AWS account: what Block Public Access calls a public ACL.
    pub fn is_public(&self) -> bool {
        matches!(self.grantee.as_str(), "AllUsers" | "AuthenticatedUsers")
    }
}

/// The Object Ownership that switches ACLs off (S3 user guide, "Controlling ownership of objects").
pub const BUCKET_OWNER_ENFORCED: &str = "BucketOwnerEnforced";

/// The four Block Public Access flags, at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PublicAccessBlock {
    /// New public ACLs are refused.
    pub block_public_acls: bool,
    /// Existing public ACLs are ignored.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// A public policy only serves the owner's account and AWS services.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four flags are set.
    pub const fn all(&self) -> bool {
        self.block_public_acls
            && self.ignore_public_acls
            && self.block_public_policy
            && self.restrict_public_buckets
    }
}
