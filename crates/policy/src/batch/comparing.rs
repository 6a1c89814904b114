//! Lines of `policy compare --batch`, `policy forbids --batch` and `policy public --batch`.

use super::{LineMembers, id_of, items, read, refuse_no_policy, source, text};
use crate::Policy;
use crate::compare::{self, Attachment, Grant, PolicyPair};
use crate::contract::{BatchError, CompareOutput, ForbidsOutput, PublicOutput};

/// Answers a line of `policy compare --batch`. With `strict`, access to actions that AWS may add
/// counts as new access.
///
/// # Errors
/// What is wrong with the line; the answer then is this error.
pub fn compare(line: &str, strict: bool) -> Result<CompareOutput, BatchError> {
    answer(line, |members| {
        let id = members.text("id")?;
        let kind = Attachment::from_name(&members.text("kind")?)?;
        let bucket = match members.take("bucket") {
            None => None,
            Some(node) => Some(text(node, "bucket")?),
        };
        let old = policy(members, "old", kind)?;
        let new = policy(members, "new", kind)?;
        members.end()?;
        let pair = PolicyPair {
            old: old.as_ref(),
            new: new.as_ref(),
            kind,
            bucket,
            strict,
        };
        Ok(compare::compare(&pair, id))
    })
}

/// Answers a line of `policy forbids --batch`.
///
/// # Errors
/// What is wrong with the line; the answer then is this error.
pub fn forbids(line: &str) -> Result<ForbidsOutput, BatchError> {
    answer(line, |members| {
        let id = members.text("id")?;
        let kind = Attachment::from_name(&members.text("kind")?)?;
        let policy = policy(members, "policy", kind)?;
        let actions = texts(members, "actions")?;
        let resources = texts(members, "resources")?;
        members.end()?;
        if actions.is_empty() && resources.is_empty() {
            return Err("the line: \"actions\" or \"resources\" is missing".to_owned());
        }
        let grant = policy.map_or(Grant::NotGranted, |policy| {
            compare::forbids(&policy, kind, &actions, &resources)
        });
        let (granted, witness, reason) = grant.into_parts();
        Ok(ForbidsOutput {
            id,
            granted,
            witness,
            reason,
        })
    })
}

/// Answers a line of `policy public --batch`.
///
/// # Errors
/// What is wrong with the line; the answer then is this error.
pub fn public(line: &str) -> Result<PublicOutput, BatchError> {
    answer(line, |members| {
        let id = members.text("id")?;
        let kind = Attachment::from_name(&members.text("kind")?)?;
        let policy = policy(members, "policy", kind)?;
        members.end()?;
        let grant = policy.map_or(Grant::NotGranted, |policy| compare::public(&policy, kind));
        let (public, witness, reason) = grant.into_parts();
        Ok(PublicOutput {
            id,
            public,
            witness,
            reason,
        })
    })
}

/// A policy of any kind from its text.
///
/// # Errors
/// What makes it no policy at all: it is not JSON, no object, or longer than 256 KiB.
pub fn policy_of(text: &str, kind: Attachment) -> Result<Policy, String> {
    refuse_no_policy(Policy::parse(text, kind.policy_kind()))
}

fn answer<T>(
    line: &str,
    of: impl FnOnce(&mut LineMembers<'_>) -> Result<T, String>,
) -> Result<T, BatchError> {
    let root = read(line)?;
    let id = id_of(&root);
    LineMembers::new(&root, "the line")
        .and_then(|mut members| of(&mut members))
        .map_err(|error| BatchError { id, error })
}

fn policy(
    members: &mut LineMembers<'_>,
    name: &str,
    kind: Attachment,
) -> Result<Option<Policy>, String> {
    let parse = |node| {
        refuse_no_policy(source(node).parse(kind.policy_kind()))
            .map_err(|error| format!("{name}: {error}"))
    };
    members.take(name).map(parse).transpose()
}

fn texts(members: &mut LineMembers<'_>, name: &str) -> Result<Vec<String>, String> {
    let nodes = members.take(name).map(items).unwrap_or_default();
    nodes
        .iter()
        .map(|node| text(node, name).map(str::to_owned))
        .collect()
}
