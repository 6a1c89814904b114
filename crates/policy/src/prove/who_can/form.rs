//! Lines of `who-can --batch`: an account and a question in, an answer out.
//!
//! The account form is one bucket with everything around it. Absent and null mean what they mean
//! there: `policy` null of a bucket is no policy, of a key a policy that was not read; `grants` null
//! were not read; `scps` and `rcps` null are not known and assumed to deny nothing; `organization` null
//! is not known. Members of no known name are ignored, and the answer lists them.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::{AccessClass, ObjectKeys, ReachQuestion};
use super::explain::{AccessDecision, Blocked};
use super::hops::OneHop;
use super::records::{
    AccountRecord, BucketRecord, CitedPolicy, DefaultKey, FunctionRecord, IdentityRecord, KeyGrant,
    KeyRecord, Knowledge,
};
use super::world::World;
use crate::PolicyKind;
use crate::batch::{self, LineMembers, items, text};
use crate::contract::{BatchError, Reach, Request};
use crate::json::{self, Json, Node};
use crate::prove::Case;

/// The longest line that is read, bytes: an account with thousands of identities.
const LINE_LIMIT: usize = 256 * 1024 * 1024;

/// One line out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhoCanOutput {
    /// The input's id.
    pub id: String,
    /// By principal: an ARN, `anonymous`, `account:N`, `account:*` (any account that no policy
    /// names), `service:S`, `service:*` (any AWS service that no policy names), `canonical:ID`.
    pub principals: BTreeMap<String, PrincipalAnswer>,
    /// Principals that are one step away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_hop: Vec<HopAnswer>,
    /// Members of the line that are not known and were ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// The answer about one principal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalAnswer {
    /// `reachable`, `constrained`, `unreachable` or `unknown`.
    pub verdict: Reach,
    /// For constrained: condition keys, `principal`, or `identity side of N`, to what they must be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub under: BTreeMap<String, Vec<String>>,
    /// For constrained: each way alone is enough; absent where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<BTreeMap<String, Vec<String>>>,
    /// The statements that allow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<StatementPlace>,
    /// What keeps it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<BlockedBy>,
    /// Requests that are allowed; each is the `request` of `policy evaluate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessPair>,
    /// For unknown: IAM actions that would settle it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// For unknown: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct StatementPlace {
    /// The policy.
    pub policy: String,
    /// The statement, from 0; absent for what is no statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
}

/// What keeps a principal out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct BlockedBy {
    /// The policy that denies or does not allow, or `nothing`.
    pub policy: String,
    /// The statement that denies, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// Why.
    pub reason: String,
}

/// The two requests of a witness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessPair {
    /// To S3 (or Lambda).
    pub s3: Request,
    /// To KMS, which S3 makes for the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms: Option<Request>,
}

/// A principal that is one step away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HopAnswer {
    /// The principal.
    pub principal: String,
    /// The action that it can take.
    pub via: String,
    /// The role that it becomes, or whose function it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The step depends on something that was not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

impl From<OneHop> for HopAnswer {
    fn from(hop: OneHop) -> Self {
        Self {
            principal: hop.principal,
            via: hop.via,
            role: hop.role,
            unknown: hop.unknown,
        }
    }
}

impl From<&AccessDecision> for PrincipalAnswer {
    fn from(decision: &AccessDecision) -> Self {
        Self {
            verdict: decision.reach,
            under: decision.under.clone(),
            ways: decision.ways.clone(),
            by: decision
                .by
                .iter()
                .map(|cited| StatementPlace {
                    policy: cited.policy.clone(),
                    statement: cited.statement,
                })
                .collect(),
            blocked_by: decision.blocked_by.as_ref().map(
                |Blocked {
                     policy,
                     statement,
                     reason,
                 }| BlockedBy {
                    policy: policy.clone(),
                    statement: *statement,
                    reason: reason.clone(),
                },
            ),
            witness: decision.witness.as_ref().map(|pair| WitnessPair {
                s3: pair.main.clone(),
                kms: pair.kms.clone(),
            }),
            missing: decision.missing.iter().cloned().collect(),
            reason: decision.reason.clone(),
        }
    }
}

/// Answers a line of `who-can --batch`.
///
/// # Errors
/// What is wrong with the line; the answer then is this error.
pub fn answer(line: &str) -> Result<WhoCanOutput, BatchError> {
    let without_id = |error: String| BatchError { id: None, error };
    if line.len() > LINE_LIMIT {
        return Err(without_id(format!(
            "the line is longer than {LINE_LIMIT} bytes"
        )));
    }
    let root = json::read(line).map_err(|defect| {
        without_id(format!(
            "not JSON: column {}: {}",
            defect.place.column, defect.text
        ))
    })?;
    let id = batch::id_of(&root);
    answer_line(&root).map_err(|error| BatchError { id, error })
}

fn answer_line(root: &Node<'_>) -> Result<WhoCanOutput, String> {
    let mut ignored = Ignored(Vec::new());
    let mut members = LineMembers::new(root, "the line")?;
    let id = members.text("id")?;
    let record = account(members.required("account")?, &mut ignored)?;
    let bucket = record
        .buckets
        .first()
        .map(|bucket| bucket.name.clone())
        .ok_or("account: \"bucket\" is missing")?;
    let question = question(members.required("question")?, &mut ignored)?;
    // A case that is fed as it stands has more than a line needs.
    for known in ["expected", "expected_one_hop", "rule", "note", "source"] {
        members.take(known);
    }
    ignored.rest(&members, "");
    let world = World::new(record);
    let rows = world.who_can(&bucket, &question)?;
    let one_hop = world.one_hop(&bucket, &question, &rows)?;
    Ok(WhoCanOutput {
        id,
        principals: rows
            .iter()
            .map(|row| (row.principal.clone(), row.decision.as_ref().into()))
            .collect(),
        one_hop: one_hop.into_iter().map(HopAnswer::from).collect(),
        ignored: ignored.0,
    })
}

/// Reads the account form from its text.
///
/// # Errors
/// What is wrong with it.
pub fn read_account(account_form: &str) -> Result<AccountRecord, String> {
    let root = json::read(account_form).map_err(|defect| {
        format!(
            "not JSON: line {}, column {}: {}",
            defect.place.line, defect.place.column, defect.text
        )
    })?;
    account(&root, &mut Ignored(Vec::new()))
}

/// Members that are not known.
struct Ignored(Vec<String>);

impl Ignored {
    fn rest(&mut self, members: &LineMembers<'_>, of: &str) {
        self.0
            .extend(members.names().map(|name| format!("{of}{name}")));
    }
}

fn question(node: &Node<'_>, ignored: &mut Ignored) -> Result<ReachQuestion, String> {
    let mut members = LineMembers::new(node, "question")?;
    let action = members.text("action")?;
    let key = members
        .take("key")
        .map(|node| text(node, "key"))
        .transpose()?;
    ignored.rest(&members, "question.");
    let actions = match AccessClass::from_name(&action) {
        Some(class) => class
            .actions()
            .iter()
            .map(|&name| name.to_owned())
            .collect(),
        None => vec![action],
    };
    Ok(ReachQuestion {
        actions,
        keys: ObjectKeys::parse(key),
        verdict_only: false,
    })
}

fn missing<T>(action: &str) -> Knowledge<T> {
    Knowledge::Missing(action.to_owned())
}

fn account(node: &Node<'_>, ignored: &mut Ignored) -> Result<AccountRecord, String> {
    let mut members = LineMembers::new(node, "account")?;
    let id = members.text("account")?;
    let region = optional_text(&mut members, "region")?.unwrap_or_default();
    let partition = match members.take("partition") {
        Some(node) => Case::partition(text(node, "partition")?)?,
        None if region.starts_with("cn-") => "aws-cn",
        None if region.starts_with("us-gov-") => "aws-us-gov",
        None => "aws",
    };
    let organization = match members.take("organization").map(|node| &node.value) {
        None => missing("organizations:DescribeOrganization"),
        Some(Json::Text(id)) if !id.is_empty() => Knowledge::Known(Some(id.to_string())),
        Some(Json::Text(_) | Json::Bool(false)) => Knowledge::Known(None),
        Some(other) => {
            return Err(format!(
                "account: \"organization\" is an id or null, this is {}",
                other.kind()
            ));
        }
    };
    let now = match members.take("now") {
        Some(node) => Some(Case::moment(text(node, "now")?)?),
        None => None,
    };
    let mut record = AccountRecord {
        account: id,
        partition,
        organization,
        identities: Vec::new(),
        scps: levels(members.take("scps"), "scp", PolicyKind::Identity)?,
        rcps: levels(members.take("rcps"), "rcp", PolicyKind::Resource)?,
        buckets: Vec::new(),
        keys: BTreeMap::new(),
        functions: Vec::new(),
        now,
    };
    if let Some(node) = members.take("identities") {
        for (place, node) in items(node).iter().enumerate() {
            record.identities.push(identity(node, place, ignored)?);
        }
    }
    if let Some(keys) = members.take("keys") {
        let Json::Object(keys) = &keys.value else {
            return Err("account: \"keys\" is an object of keys by ARN".to_owned());
        };
        for member in keys {
            let key = key(&member.key, &member.value, &record.account, ignored)?;
            record.keys.insert(member.key.to_string(), key);
        }
    }
    if let Some(node) = members.take("functions") {
        for node in items(node) {
            record.functions.push(function(node, ignored)?);
        }
    }
    if let Some(node) = members.take("bucket") {
        let bucket = bucket(node, &record, &region, ignored)?;
        record.buckets.push(bucket);
    }
    ignored.rest(&members, "account.");
    Ok(record)
}

fn optional_text(members: &mut LineMembers<'_>, name: &str) -> Result<Option<String>, String> {
    members
        .take(name)
        .map(|node| text(node, name).map(str::to_owned))
        .transpose()
}

fn document(name: &str, node: &Node<'_>, kind: PolicyKind) -> Result<Arc<CitedPolicy>, String> {
    let policy = batch::refuse_no_policy(batch::source(node).parse(kind))
        .map_err(|error| format!("{name}: {error}"))?;
    Ok(Arc::new(CitedPolicy::new(name, policy)))
}

/// A policy, which may come with its name: `{"name": …, "document": …}`.
fn named_document(
    fallback: &str,
    node: &Node<'_>,
    kind: PolicyKind,
) -> Result<Arc<CitedPolicy>, String> {
    if let Json::Object(members) = &node.value
        && let Some(inner) = members.iter().find(|member| member.key == "document")
    {
        let name = members
            .iter()
            .find_map(|member| match (&*member.key, &member.value.value) {
                ("name", Json::Text(name)) => Some(name.to_string()),
                _ => None,
            })
            .unwrap_or_else(|| fallback.to_owned());
        return document(&name, &inner.value, kind);
    }
    document(fallback, node, kind)
}

/// Levels of control policies: lists of policies, `{"policies": […]}`, or policies, which are one
/// level together.
fn levels(
    node: Option<&Node<'_>>,
    name: &str,
    kind: PolicyKind,
) -> Result<Option<Vec<Vec<Arc<CitedPolicy>>>>, String> {
    let Some(node) = node else {
        return Ok(None);
    };
    let mut levels: Vec<Vec<Arc<CitedPolicy>>> = Vec::new();
    let mut loose = Vec::new();
    for node in items(node) {
        let policies = match &node.value {
            Json::List(nodes) => Some(nodes.as_slice()),
            Json::Object(members) => members
                .iter()
                .find(|member| member.key == "policies")
                .map(|member| items(&member.value)),
            _ => None,
        };
        let cite = |level: usize, place: usize| format!("{name}[{level}][{place}]");
        match policies {
            None => loose.push(node),
            Some(policies) => {
                let level = levels.len();
                levels.push(
                    policies
                        .iter()
                        .enumerate()
                        .map(|(place, node)| named_document(&cite(level, place), node, kind))
                        .collect::<Result<_, _>>()?,
                );
            }
        }
    }
    if !loose.is_empty() {
        let level = levels.len();
        levels.push(
            loose
                .iter()
                .enumerate()
                .map(|(place, node)| {
                    named_document(&format!("{name}[{level}][{place}]"), node, kind)
                })
                .collect::<Result<_, _>>()?,
        );
    }
    Ok(Some(levels))
}

const IDENTITIES: &str = "iam:GetAccountAuthorizationDetails";

fn identity(
    node: &Node<'_>,
    place: usize,
    ignored: &mut Ignored,
) -> Result<IdentityRecord, String> {
    let mut members = LineMembers::new(node, "an identity")?;
    let arn = members.text("arn")?;
    let mut unread = unread(members.take("unread"), &arn)?;
    let policies = match members.take("policies") {
        None => {
            if members.had("policies") {
                unread.push(IDENTITIES.to_owned());
            }
            Vec::new()
        }
        Some(node) => items(node)
            .iter()
            .enumerate()
            .filter_map(|(place, node)| {
                if node.value == Json::Null {
                    unread.push(IDENTITIES.to_owned());
                    return None;
                }
                Some(named_document(
                    &format!("identity[{place}]"),
                    node,
                    PolicyKind::Identity,
                ))
            })
            .collect::<Result<_, _>>()?,
    };
    let boundary = match members.take("boundary") {
        None => None,
        Some(node) if matches!(&node.value, Json::Text(text) if !text.trim_start().starts_with('{')) => {
            Some(missing(IDENTITIES))
        }
        Some(node) => Some(Knowledge::Known(named_document(
            "boundary",
            node,
            PolicyKind::Identity,
        )?)),
    };
    let mut tags = Knowledge::Known(BTreeMap::new());
    match members.take("tags").map(|node| &node.value) {
        None if members.had("tags") => tags = missing(IDENTITIES),
        None => {}
        Some(Json::Object(pairs)) => {
            tags = Knowledge::Known(
                pairs
                    .iter()
                    .map(|pair| Ok((pair.key.to_string(), text(&pair.value, "a tag")?.to_owned())))
                    .collect::<Result<_, String>>()?,
            );
        }
        Some(other) => {
            return Err(format!(
                "{arn}: \"tags\" is an object, this is {}",
                other.kind()
            ));
        }
    }
    let trust = match members.take("trust") {
        None => None,
        Some(node) => Some(document("trust", node, PolicyKind::Trust)?),
    };
    let mut unique_id = None;
    for name in ["unique_id", "id", "user_id", "role_id", "userid"] {
        if let Some(found) = optional_text(&mut members, name)? {
            unique_id = Some(found);
        }
    }
    ignored.rest(&members, &format!("account.identities[{place}]."));
    Ok(IdentityRecord {
        arn,
        unique_id,
        tags,
        policies,
        boundary,
        trust,
        unread,
    })
}

/// What was not read of an identity: true for its policies, or the actions that would read them.
fn unread(node: Option<&Node<'_>>, arn: &str) -> Result<Vec<String>, String> {
    let named = |word: &str| {
        if word.contains(':') && !word.starts_with("arn:") {
            word.to_owned()
        } else {
            IDENTITIES.to_owned()
        }
    };
    Ok(match node.map(|node| &node.value) {
        None | Some(Json::Bool(false)) => Vec::new(),
        Some(Json::Bool(true)) => vec![IDENTITIES.to_owned()],
        Some(Json::Text(word)) => vec![named(word)],
        Some(Json::List(words)) => words
            .iter()
            .map(|word| text(word, "unread").map(named))
            .collect::<Result<_, _>>()?,
        Some(Json::Object(_)) => vec![IDENTITIES.to_owned()],
        Some(other) => {
            return Err(format!(
                "{arn}: \"unread\" is a list, this is {}",
                other.kind()
            ));
        }
    })
}

fn key(
    name: &str,
    node: &Node<'_>,
    owner: &str,
    ignored: &mut Ignored,
) -> Result<KeyRecord, String> {
    let mut members = LineMembers::new(node, "a key")?;
    let account = optional_text(&mut members, "account")?
        .or_else(|| {
            let account = name.split(':').nth(4)?;
            (!account.is_empty()).then(|| account.to_owned())
        })
        .unwrap_or_else(|| owner.to_owned());
    let manager = optional_text(&mut members, "manager")?;
    let state = match optional_text(&mut members, "state")? {
        Some(state) => Knowledge::Known(state),
        None => missing("kms:DescribeKey"),
    };
    let policy = match members.take("policy") {
        None => missing("kms:GetKeyPolicy"),
        Some(node) => Knowledge::Known(document("key", node, PolicyKind::Resource)?),
    };
    let grants = match members.take("grants") {
        None => missing("kms:ListGrants"),
        Some(node) => Knowledge::Known(
            items(node)
                .iter()
                .map(|node| key_grant(node, ignored))
                .collect::<Result<_, _>>()?,
        ),
    };
    let arn = optional_text(&mut members, "arn")?.or_else(|| {
        name.split(':')
            .nth(5)
            .is_some_and(|resource| resource.starts_with("key/"))
            .then(|| name.to_owned())
    });
    ignored.rest(&members, "account.keys.");
    Ok(KeyRecord {
        arn,
        account,
        managed: manager.as_deref() == Some("AWS"),
        state,
        policy,
        grants,
    })
}

fn key_grant(node: &Node<'_>, ignored: &mut Ignored) -> Result<KeyGrant, String> {
    let mut members = LineMembers::new(node, "a grant")?;
    let mut grant = KeyGrant::default();
    for name in ["grantee", "grantee_principal", "GranteePrincipal"] {
        if let Some(found) = optional_text(&mut members, name)? {
            grant.grantee = found;
        }
    }
    for name in ["operations", "Operations"] {
        if let Some(found) = members.take(name) {
            grant.operations = items(found)
                .iter()
                .map(|node| text(node, name).map(|name| name.trim_start_matches("kms:").to_owned()))
                .collect::<Result<_, _>>()?;
        }
    }
    for name in ["constraints", "Constraints"] {
        let Some(found) = members.take(name) else {
            continue;
        };
        let mut inner = LineMembers::new(found, "constraints")?;
        for name in ["encryption_context_subset", "EncryptionContextSubset"] {
            grant.context_subset.extend(pairs(inner.take(name))?);
        }
        for name in ["encryption_context_equals", "EncryptionContextEquals"] {
            grant.context_equals.extend(pairs(inner.take(name))?);
        }
        ignored.rest(&inner, "account.keys.grants.constraints.");
    }
    // Names and dates of a grant say nothing about what it grants.
    for name in [
        "name",
        "id",
        "grant_id",
        "retiring_principal",
        "issuing_account",
    ] {
        members.take(name);
    }
    ignored.rest(&members, "account.keys.grants.");
    Ok(grant)
}

fn pairs(node: Option<&Node<'_>>) -> Result<BTreeMap<String, String>, String> {
    match node.map(|node| &node.value) {
        None => Ok(BTreeMap::new()),
        Some(Json::Object(pairs)) => pairs
            .iter()
            .map(|pair| {
                Ok((
                    pair.key.to_string(),
                    text(&pair.value, "an encryption context")?.to_owned(),
                ))
            })
            .collect(),
        Some(other) => Err(format!(
            "an encryption context is an object, this is {}",
            other.kind()
        )),
    }
}

fn function(node: &Node<'_>, ignored: &mut Ignored) -> Result<FunctionRecord, String> {
    let mut members = LineMembers::new(node, "a function")?;
    let arn = members.text("arn")?;
    let policy = match members.take("policy") {
        None => Knowledge::Known(None),
        Some(node) => Knowledge::Known(Some(document("function", node, PolicyKind::Resource)?)),
    };
    let role = optional_text(&mut members, "role")?;
    ignored.rest(&members, "account.functions.");
    Ok(FunctionRecord { arn, policy, role })
}

fn bucket(
    node: &Node<'_>,
    account: &AccountRecord,
    region: &str,
    ignored: &mut Ignored,
) -> Result<BucketRecord, String> {
    let mut members = LineMembers::new(node, "bucket")?;
    let name = members.text("name")?;
    let owner = optional_text(&mut members, "owner")?.unwrap_or_else(|| account.account.clone());
    let region = optional_text(&mut members, "region")?.unwrap_or_else(|| region.to_owned());
    let policy = match members.take("policy") {
        None => Knowledge::Known(None),
        Some(node) => Knowledge::Known(Some(document("bucket", node, PolicyKind::Resource)?)),
    };
    let grants = members.take("acl_grants").map(items).unwrap_or_default();
    let grants = grants
        .iter()
        .map(batch::grant)
        .collect::<Result<Vec<_>, _>>()?;
    let block = match members.take("public_access_block") {
        None => crate::contract::PublicAccessBlock::default(),
        Some(node) => batch::public_access_block(node)?.unwrap_or_default(),
    };
    let ownership = optional_text(&mut members, "object_ownership")?;
    let owner_id = optional_text(&mut members, "owner_id")?;
    let (key, bucket_key) = match members.take("encryption") {
        None => (DefaultKey::S3, false),
        Some(node) => encryption(node, account, &region, ignored)?,
    };
    ignored.rest(&members, "account.bucket.");
    Ok(BucketRecord {
        name,
        owner,
        region,
        policy,
        aws_says_public: None,
        block: Knowledge::Known(block),
        ownership,
        owner_id,
        grants: Knowledge::Known(grants),
        key: Knowledge::Known(key),
        bucket_key,
    })
}

fn encryption(
    node: &Node<'_>,
    account: &AccountRecord,
    region: &str,
    ignored: &mut Ignored,
) -> Result<(DefaultKey, bool), String> {
    let mut members = LineMembers::new(node, "encryption")?;
    let algorithm = optional_text(&mut members, "algorithm")?.unwrap_or_default();
    let key = optional_text(&mut members, "key")?;
    let bucket_key = match members.take("bucket_key").map(|node| &node.value) {
        Some(Json::Bool(on)) => *on,
        _ => false,
    };
    ignored.rest(&members, "account.bucket.encryption.");
    if !algorithm.starts_with("aws:kms") {
        return Ok((DefaultKey::S3, false));
    }
    let key = match key.as_deref() {
        None | Some("" | "aws/s3" | "alias/aws/s3") => DefaultKey::Managed,
        Some(arn) if arn.ends_with(":alias/aws/s3") => DefaultKey::Managed,
        Some(name) if account.keys.contains_key(name) || name.starts_with("arn:") => {
            DefaultKey::Kms(name.to_owned())
        }
        Some(name) => {
            let resource = if name.starts_with("alias/") {
                name.to_owned()
            } else {
                format!("key/{name}")
            };
            DefaultKey::Kms(format!(
                "arn:{}:kms:{region}:{}:{resource}",
                account.partition, account.account
            ))
        }
    };
    Ok((key, bucket_key))
}
