//! Lines of `policy evaluate --batch`, `policy prove --batch` and their kin: a JSON line in, an answer
//! out.
//!
//! A line is read once into the tree that policies are read into, so that a policy reaches the
//! parser as it was written: a repeated key is named there, where an ordinary reader would have
//! merged it in silence. Lines that ask several things of one set of policies find it compiled: the
//! last few sets are kept by their text.

mod comparing;

pub use self::comparing::{compare, forbids, policy_of, public};

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{
    Answer, BatchError, ContextValue, EvaluateOutput, PrincipalClass, ProveOutput, Request,
    RequestPrincipal,
};
use crate::contract::{Grant, PublicAccessBlock};
use crate::document::Principal;
use crate::documented_public::documented_public;
use crate::evaluate::{Policies, PolicySources};
use crate::json::{self, Json, Member, Node};
use crate::parse::{DocumentSource, is_account_id};
use crate::prove::{Case, Prover, Question};
use crate::{DefectKind, Policy, PolicyKind};

/// The longest line that is read, bytes: several policies of the longest kind.
pub const LINE_LIMIT: usize = 4 * 1024 * 1024;

/// The longest request that is read, bytes: all headers of a request to S3 are at most 8 KiB.
const REQUEST_LIMIT: usize = 64 * 1024;

/// Sets of policies that are kept compiled.
const KEPT: usize = 64;
/// The longest set that is kept, bytes of its text.
const KEPT_LENGTH: usize = 64 * 1024;

/// Answers evaluation lines, one after the other.
#[derive(Debug, Default)]
pub struct Evaluator {
    kept: BTreeMap<String, Policies>,
}

impl Evaluator {
    /// Answers one line.
    ///
    /// # Errors
    /// What is wrong with the line; the answer then is this error.
    pub fn answer(&mut self, line: &str) -> Result<EvaluateOutput, BatchError> {
        let root = read(line)?;
        let mut members =
            LineMembers::new(&root, "the line").map_err(|error| BatchError { id: None, error })?;
        let id = id_of(&root);
        self.evaluate(line, &mut members)
            .map_err(|error| BatchError { id, error })
    }

    fn evaluate(
        &mut self,
        line: &str,
        members: &mut LineMembers<'_>,
    ) -> Result<EvaluateOutput, String> {
        let id = members.text("id")?;
        let policies = members.required("policies")?;
        let asked = members.required("request")?;
        if asked.end.saturating_sub(asked.place.offset) > REQUEST_LIMIT {
            return Err(format!("the request is longer than {REQUEST_LIMIT} bytes"));
        }
        let request = request(asked)?;
        let block_node = members.take("public_access_block");
        members.end()?;
        let slice = |node: &Node<'_>| line.get(node.place.offset..node.end).unwrap_or_default();
        let key = match block_node {
            None => Cow::Borrowed(slice(policies)),
            Some(block) => Cow::Owned(format!("{}\n{}", slice(policies), slice(block))),
        };
        if let Some(found) = self.kept.get(key.as_ref()) {
            return Ok(found.evaluate(&request).into_output(id));
        }
        let block = block_node.map(public_access_block).transpose()?.flatten();
        let compiled = Policies::of_sources(&policy_sources(policies)?, block)?;
        let output = compiled.evaluate(&request).into_output(id);
        if key.len() <= KEPT_LENGTH {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(key.into_owned(), compiled);
        }
        Ok(output)
    }
}

/// Answers a line of `policy prove --batch`: every question about one bucket.
///
/// `now` is what time it is, seconds since 1970; none for any moment from 2026 on.
///
/// # Errors
/// What is wrong with the line; the answer then is this error.
pub fn prove(line: &str, now: Option<f64>) -> Result<ProveOutput, BatchError> {
    let root = read(line)?;
    let id = id_of(&root);
    prove_line(&root, now).map_err(|error| BatchError { id, error })
}

fn prove_line(root: &Node<'_>, now: Option<f64>) -> Result<ProveOutput, String> {
    let mut members = LineMembers::new(root, "the line")?;
    let id = members.text("id")?;
    let bucket = members.text("bucket")?;
    let owner = members.text("owner")?;
    if !is_account_id(&owner) {
        return Err(format!("owner: {owner:?} is not a 12-digit account id"));
    }
    let policy = match members.take("policy") {
        None => None,
        Some(node) => Some(refuse_no_policy(source(node).parse(PolicyKind::Resource))?),
    };
    let block = match members.take("public_access_block") {
        None => PublicAccessBlock::default(),
        Some(node) => public_access_block(node)?.unwrap_or_default(),
    };
    let one_of = |node: Option<&Node<'_>>, what: &str, known: &[&str]| match node {
        None => Ok(None),
        Some(node) => {
            let found = text(node, what)?;
            if known.contains(&found) {
                Ok(Some(found.to_owned()))
            } else {
                Err(format!("{what}: {found:?} is none of {}", known.join(", ")))
            }
        }
    };
    let ownership = one_of(
        members.take("object_ownership"),
        "object_ownership",
        &[
            "BucketOwnerEnforced",
            "BucketOwnerPreferred",
            "ObjectWriter",
        ],
    )?;
    let default_encryption = one_of(
        members.take("default_encryption"),
        "default_encryption",
        &["AES256", "aws:kms", "aws:kms:dsse"],
    )?;
    let partition = match members.take("partition") {
        None => None,
        Some(node) => Some(Case::partition(text(node, "partition")?)?),
    };
    let now = match members.take("now") {
        None => now,
        Some(node) => Some(Case::moment(text(node, "now")?)?),
    };
    let rcps: Vec<Vec<Policy>> = levels(members.take("rcps"))?
        .into_iter()
        .map(|level| {
            let parse = |source: DocumentSource<'_>| {
                refuse_no_policy(source.parse(PolicyKind::Resource))
                    .map_err(|error| format!("rcps: {error}"))
            };
            level.into_iter().map(parse).collect::<Result<_, _>>()
        })
        .collect::<Result<_, String>>()?;
    let grants = members.take("acl_grants").map(items).unwrap_or_default();
    let grants = grants.iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    let asked = items(members.required("questions")?)
        .iter()
        .map(|node| text(node, "questions"))
        .collect::<Result<Vec<_>, _>>()?;
    members.end()?;
    let answers = answers(
        &Case {
            block,
            ownership: ownership.as_deref(),
            grants: &grants,
            default_encryption: default_encryption.as_deref(),
            rcps: &rcps,
            now,
            partition,
            ..Case::new(&bucket, &owner, policy.as_ref())
        },
        &asked,
    )?;
    Ok(ProveOutput {
        id,
        answers,
        documented_public: policy.as_ref().map_or(Some(false), documented_public),
    })
}

/// Answers questions about one bucket, each as it was asked.
///
/// # Errors
/// A question that is none.
pub fn answers(case: &Case<'_>, asked: &[impl AsRef<str>]) -> Result<Vec<Answer>, String> {
    let questions = asked
        .iter()
        .map(|question| Question::parse(question.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut prover = Prover::new(case);
    Ok(questions
        .iter()
        .zip(asked)
        .map(|(question, asked)| Answer {
            question: asked.as_ref().to_owned(),
            ..prover.answer(question)
        })
        .collect())
}

/// Everything there is to ask: the fixed questions, and one for each account outside and each
/// service that a statement names.
pub fn every_question(policy: Option<&Policy>, owner: &str) -> Vec<String> {
    let mut accounts = BTreeSet::new();
    let mut services = BTreeSet::new();
    for statement in policy.iter().flat_map(|policy| &policy.statements) {
        for principal in statement
            .principal
            .iter()
            .flat_map(|element| &element.items)
        {
            match principal {
                Principal::Account(id) => {
                    accounts.insert(id.as_str());
                }
                Principal::Arn(arn) => {
                    accounts.insert(arn.account.as_str());
                }
                Principal::Service(name) => {
                    services.insert(name.as_str());
                }
                _ => {}
            }
        }
        for condition in &statement.conditions {
            if condition.key == "aws:principalaccount" {
                accounts.extend(condition.values.iter().map(String::as_str));
            }
        }
    }
    accounts.retain(|id| *id != owner && is_account_id(id));
    let mut questions = vec!["anonymous".to_owned(), "any-aws-account".to_owned()];
    questions.extend(accounts.iter().map(|id| format!("account:{id}")));
    questions.extend(services.iter().map(|name| format!("service:{name}")));
    questions.extend(["plain-http", "presigned", "put-without-kms", "sse-c"].map(str::to_owned));
    questions
}

/// A bucket policy from its text.
///
/// # Errors
/// What makes it no policy at all: it is not JSON, no object, or longer than 256 KiB.
pub fn bucket_policy(text: &str) -> Result<Policy, String> {
    refuse_no_policy(Policy::parse(text, PolicyKind::Resource))
}

pub(crate) fn refuse_no_policy(policy: Policy) -> Result<Policy, String> {
    let refused = policy.defects.iter().find(|defect| {
        defect.kind == DefectKind::Syntax
            || (defect.statement.is_none() && policy.statements.is_empty())
    });
    match refused {
        Some(defect) => Err(format!("policy: {defect}")),
        None => Ok(policy),
    }
}

pub(crate) fn grant(node: &Node<'_>) -> Result<Grant, String> {
    let mut members = LineMembers::new(node, "a grant")?;
    let grant = Grant {
        grantee: members.text("grantee")?,
        permission: members.text("permission")?,
    };
    members.end()?;
    match grant.permission.as_str() {
        "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP" | "FULL_CONTROL" => Ok(grant),
        other => Err(format!("acl_grants: {other:?} is not a permission")),
    }
}

pub(crate) fn read(line: &str) -> Result<Node<'_>, BatchError> {
    let without_id = |error: String| BatchError { id: None, error };
    if line.len() > LINE_LIMIT {
        return Err(without_id(format!(
            "the line is longer than {LINE_LIMIT} bytes"
        )));
    }
    json::read(line).map_err(|defect| {
        without_id(format!(
            "not JSON: column {}: {}",
            defect.place.column, defect.text
        ))
    })
}

pub(crate) fn id_of(root: &Node<'_>) -> Option<String> {
    match &root.value {
        Json::Object(members) => members.iter().find_map(|member| match &member.value.value {
            Json::Text(id) if member.key == "id" => Some(id.to_string()),
            _ => None,
        }),
        _ => None,
    }
}

/// The members of an object, each of which must be asked for.
pub(crate) struct LineMembers<'a> {
    of: &'a str,
    /// Every name, asked for or not.
    written: Vec<&'a str>,
    members: Vec<&'a Member<'a>>,
}

impl<'a> LineMembers<'a> {
    pub(crate) fn new(node: &'a Node<'a>, of: &'a str) -> Result<Self, String> {
        let Json::Object(members) = &node.value else {
            return Err(format!("{of} is an object, this is {}", node.value.kind()));
        };
        let members: Vec<&Member<'a>> = members.iter().collect();
        let mut keys: Vec<&str> = members.iter().map(|member| member.key.as_ref()).collect();
        keys.sort_unstable();
        if let Some(twice) = keys
            .array_windows()
            .find(|[key, next]| key == next)
            .and_then(|[key, _]| members.iter().rfind(|member| member.key == *key))
        {
            return Err(format!("{of}: {:?} occurs twice", twice.key));
        }
        Ok(Self {
            of,
            written: keys,
            members,
        })
    }

    /// A member; `null` stands for none.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'a Node<'a>> {
        let position = self.members.iter().position(|member| member.key == key)?;
        let node = &self.members.remove(position).value;
        (node.value != Json::Null).then_some(node)
    }

    /// Whether a member was there and is taken, or is still there.
    pub(crate) fn had(&self, key: &str) -> bool {
        self.written.contains(&key)
    }

    /// The names of the members that were not asked for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.key.as_ref())
    }

    pub(crate) fn required(&mut self, key: &str) -> Result<&'a Node<'a>, String> {
        self.take(key)
            .ok_or_else(|| format!("{}: {key:?} is missing", self.of))
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<String, String> {
        text(self.required(key)?, key).map(str::to_owned)
    }

    pub(crate) fn end(&self) -> Result<(), String> {
        match self.members.first() {
            None => Ok(()),
            Some(member) => Err(format!("{}: {:?} is not known", self.of, member.key)),
        }
    }
}

pub(crate) fn text<'a>(node: &'a Node<'a>, what: &str) -> Result<&'a str, String> {
    match &node.value {
        Json::Text(text) => Ok(text),
        other => Err(format!("{what:?} is a string, this is {}", other.kind())),
    }
}

pub(crate) fn items<'a>(node: &'a Node<'a>) -> &'a [Node<'a>] {
    match &node.value {
        Json::List(nodes) => nodes,
        _ => std::slice::from_ref(node),
    }
}

fn request(node: &Node<'_>) -> Result<Request, String> {
    let mut members = LineMembers::new(node, "request")?;
    let principal = principal(members.required("principal")?)?;
    let action = members.text("action")?;
    let resource = members.text("resource")?;
    let resource_account = members.text("resource_account")?;
    let context = match members.take("context") {
        None => BTreeMap::new(),
        Some(node) => context(node)?,
    };
    members.end()?;
    Ok(Request {
        principal,
        action,
        resource,
        resource_account,
        context,
    })
}

fn principal(node: &Node<'_>) -> Result<RequestPrincipal, String> {
    if let Json::Text(arn) = &node.value {
        return Ok(RequestPrincipal::Arn(arn.to_string()));
    }
    let mut members = LineMembers::new(node, "principal")?;
    let class = match members.text("type")?.as_str() {
        "Anonymous" => PrincipalClass::Anonymous,
        "Service" => PrincipalClass::Service {
            name: members.text("name")?,
        },
        "Federated" => PrincipalClass::Federated {
            name: members.text("name")?,
        },
        other => {
            return Err(format!(
                "principal: {other:?} is no type; there are \"Anonymous\", \"Service\" and \
                 \"Federated\""
            ));
        }
    };
    members.end()?;
    Ok(RequestPrincipal::Class(class))
}

fn context(node: &Node<'_>) -> Result<BTreeMap<String, ContextValue>, String> {
    let Json::Object(members) = &node.value else {
        return Err(format!(
            "context is an object, this is {}",
            node.value.kind()
        ));
    };
    let mut context = BTreeMap::new();
    for member in members {
        let value = match &member.value.value {
            Json::Text(text) => ContextValue::One(text.to_string()),
            Json::List(nodes) => ContextValue::Many(
                nodes
                    .iter()
                    .map(|node| text(node, &member.key).map(str::to_owned))
                    .collect::<Result<_, _>>()?,
            ),
            other => {
                return Err(format!(
                    "context: {:?} is a string or a list of strings, this is {}",
                    member.key,
                    other.kind()
                ));
            }
        };
        if context.insert(member.key.to_string(), value).is_some() {
            return Err(format!("context: {:?} occurs twice", member.key));
        }
    }
    Ok(context)
}

pub(crate) fn public_access_block(node: &Node<'_>) -> Result<Option<PublicAccessBlock>, String> {
    let mut members = LineMembers::new(node, "public_access_block")?;
    let mut flag = |key: &str| match members.take(key).map(|node| &node.value) {
        None => Ok(false),
        Some(Json::Bool(value)) => Ok(*value),
        Some(other) => Err(format!("{key:?} is a boolean, this is {}", other.kind())),
    };
    let block = PublicAccessBlock {
        block_public_acls: flag("block_public_acls")?,
        ignore_public_acls: flag("ignore_public_acls")?,
        block_public_policy: flag("block_public_policy")?,
        restrict_public_buckets: flag("restrict_public_buckets")?,
    };
    members.end()?;
    Ok(Some(block))
}

/// A policy as it stands in the line, or as the string it is quoted in.
pub(crate) fn source<'a>(node: &'a Node<'a>) -> DocumentSource<'a> {
    match &node.value {
        Json::Text(text) => DocumentSource::Text(Cow::Borrowed(text)),
        _ => DocumentSource::Part(node),
    }
}

fn policy_sources<'a>(node: &'a Node<'a>) -> Result<PolicySources<'a>, String> {
    let mut members = LineMembers::new(node, "policies")?;
    let mut texts = PolicySources {
        resource: members.take("resource").map(source),
        ..PolicySources::default()
    };
    let mut list = |key: &str| -> Vec<DocumentSource<'a>> {
        members
            .take(key)
            .map(|node| items(node).iter().map(source).collect())
            .unwrap_or_default()
    };
    texts.identity = list("identity");
    texts.boundaries = list("boundaries");
    texts.session = list("session");
    texts.endpoint = list("endpoint");
    texts.scps = levels(members.take("scps"))?;
    texts.rcps = levels(members.take("rcps"))?;
    members.end()?;
    Ok(texts)
}

/// Levels, each `{"policies": [...]}`; policies outside of a level are one level.
pub(crate) fn levels<'a>(
    node: Option<&'a Node<'a>>,
) -> Result<Vec<Vec<DocumentSource<'a>>>, String> {
    let mut levels = Vec::new();
    let mut loose = Vec::new();
    for node in node.map(items).unwrap_or_default() {
        let policies = match &node.value {
            Json::Object(members) => members.iter().find(|member| member.key == "policies"),
            _ => None,
        };
        match policies {
            None => loose.push(source(node)),
            Some(policies) => {
                let mut members = LineMembers::new(node, "a level")?;
                members.take("policies");
                members.end()?;
                levels.push(items(&policies.value).iter().map(source).collect());
            }
        }
    }
    if !loose.is_empty() {
        levels.push(loose);
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Decision, EvaluateInput};

    const LINE: &str = r#"{"id":"a","policies":{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}},"request":{"principal":{"type":"Anonymous"},"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111111111111","context":{"aws:SecureTransport":"true","aws:TagKeys":["a","b"]}}}"#;

    fn answer(line: &str) -> Result<EvaluateOutput, BatchError> {
        Evaluator::default().answer(line)
    }

    #[test]
    fn a_line_is_decided() {
        let output = answer(LINE).unwrap();
        assert_eq!(output.id, "a");
        assert_eq!(output.decision, Decision::Allow);
        assert_eq!(output.statement.unwrap().policy, "resource");
    }

    #[test]
    fn the_line_means_what_the_contract_type_says() {
        let input: EvaluateInput = serde_json::from_str(LINE).unwrap();
        let root = json::read(LINE).unwrap();
        let mut members = LineMembers::new(&root, "the line").unwrap();
        assert_eq!(
            request(members.required("request").unwrap()).unwrap(),
            input.request
        );
    }

    #[test]
    fn the_same_set_is_compiled_once_and_its_block_is_part_of_it() {
        let mut evaluator = Evaluator::default();
        assert_eq!(evaluator.answer(LINE).unwrap().decision, Decision::Allow);
        assert_eq!(evaluator.answer(LINE).unwrap().decision, Decision::Allow);
        assert_eq!(evaluator.kept.len(), 1);
        let blocked = LINE.replacen(
            "{\"id\"",
            "{\"public_access_block\":{\"restrict_public_buckets\":true},\"id\"",
            1,
        );
        assert_eq!(
            evaluator.answer(&blocked).unwrap().decision,
            Decision::ImplicitDeny
        );
    }

    #[test]
    fn a_bad_line_is_answered_with_its_id_when_it_has_one() {
        let error = |line: &str| answer(line).unwrap_err();
        assert_eq!(error("").id, None);
        assert_eq!(error("[]").id, None);
        assert_eq!(error(r#"{"id":"x"}"#).id.as_deref(), Some("x"));
        assert!(
            error(r#"{"id":"x"}"#)
                .error
                .contains("\"policies\" is missing")
        );
        assert_eq!(error(r#"{"id":7,"policies":{}}"#).id, None);
        let unknown = LINE.replacen("{\"id\"", "{\"surprise\":1,\"id\"", 1);
        assert_eq!(error(&unknown).error, "the line: \"surprise\" is not known");
        let twice = LINE.replacen("{\"id\"", "{\"id\":\"b\",\"id\"", 1);
        assert!(error(&twice).error.contains("occurs twice"));
        let number = LINE.replace("\"true\"", "7");
        assert!(
            error(&number)
                .error
                .contains("a string or a list of strings")
        );
    }

    #[test]
    fn a_prove_line_is_answered_question_by_question() {
        let line = r#"{"id":"p","bucket":"b","owner":"111111111111","policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]},"questions":["anonymous","sse-c"]}"#;
        let output = prove(line, None).unwrap();
        assert_eq!(output.documented_public, Some(true));
        assert_eq!(output.answers.len(), 2);
        assert_eq!(output.answers[0].verdict, crate::contract::Reach::Reachable);
        let wrong = line.replace("\"sse-c\"", "\"everything\"");
        let error = prove(&wrong, None).unwrap_err();
        assert_eq!(error.id.as_deref(), Some("p"));
        assert!(error.error.contains("is not a question"));
        let none = line.replace("\"policy\":{", "\"policy\":null,\"x\":{");
        assert!(
            prove(&none, None)
                .unwrap_err()
                .error
                .contains("\"x\" is not known")
        );
        let odd = line.replace("111111111111", "1111");
        assert!(prove(&odd, None).unwrap_err().error.contains("12-digit"));
    }

    #[test]
    fn a_policy_may_be_quoted_and_must_be_short() {
        let quoted = LINE.replace(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#,
            r#""{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/*\"}]}""#,
        );
        assert_eq!(answer(&quoted).unwrap().decision, Decision::Allow);
        let long = LINE.replace(
            "\"Version\"",
            &format!("\"Id\":\"{}\",\"Version\"", "x".repeat(256 * 1024)),
        );
        let error = answer(&long).unwrap_err();
        assert_eq!(error.id.as_deref(), Some("a"));
        assert!(
            error.error.contains("longer than 262144 bytes"),
            "{}",
            error.error
        );
    }

    #[test]
    fn a_key_that_a_policy_repeats_is_a_doubt_and_not_merged() {
        let repeated = LINE.replace(
            "\"Principal\":\"*\"",
            "\"Principal\":\"*\",\"Principal\":{\"AWS\":\"222222222222\"}",
        );
        let output = answer(&repeated).unwrap();
        assert_eq!(output.decision, Decision::ImplicitDeny);
        assert_eq!(output.doubts.len(), 1);
    }
}
