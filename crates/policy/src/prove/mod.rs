//! The prover: for a bucket policy and a class of callers, a request that gets in, or the proof that
//! there is none.
//!
//! # The procedure on one small policy
//!
//! ```json
//! [ {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/a*"},
//!   {"Effect": "Deny",  "Principal": "*", "Action": "s3:*",    "Resource": "arn:aws:s3:::b/a?*"},
//!   {"Effect": "Deny",  "Principal": "*", "Action": "s3:*",    "Resource": "*",
//!    "Condition": {"Bool": {"aws:SecureTransport": "false"}}} ]
//! ```
//!
//! *Can anyone read?* The question names callers (anonymous) and actions (the class read).
//!
//! 1. The policy is [compiled](compile) once: `s3:Get*` becomes the set of the actions it names in
//!    the [catalogue](super::catalogue), each condition an [atom] over a numbered key. Actions that no statement and no
//!    key distinguishes form one group; here `GetObject` stands for most of its class. To the search
//!    `PutObject` looks no different from `DeleteObject` here, so what is found for one group is
//!    kept for all that nothing distinguishes ([caller_state]).
//! 2. The callers are split into [shapes](caller) in which every principal element is true or false,
//!    and every key has a domain. An anonymous caller has a `SecureTransport` of true or false.
//! 3. Conditions that say the same of a whole domain are [settled](fold): the resource `*` of
//!    statement 2 matches every object. `PutObject` has no Allow at all; that way is closed here.
//! 4. Statement 0 is an Allow for this shape and group: the resource must match `b/a*`. [The
//!    search](dpll) asks the theory of that key for a value, and tries `b/a`.
//! 5. Does a Deny match that candidate? Statement 1 does not: `b/a` has nothing for `?`. Statement 2
//!    does if the candidate has `SecureTransport` false; then *not false* is added, the key's theory
//!    answers "true", and the search goes on.
//! 6. No Deny matches: `GetObject` on `b/a` over TLS is the [witness]. Had statement 1 also listed
//!    `b/a`, the theory of texts ([glob]) would have found no text that matches `b/a*` and neither of
//!    the others: for this shape and group the Allow is closed. All of them closed means unreachable,
//!    and where each was closed is the [proof].
//!
//! # What the words mean
//!
//! *reachable*: a request exists, by a caller who holds nothing that the policy names. *constrained*:
//! only callers who hold a named literal get in — an account, a network, an organization — and
//! `only_from` lists them. *unreachable*: no request. *unknown*: something in the way is not
//! documented, could not be read, or used the [budget] up.
//!
//! Doubts are rounded twice ([`value::Rounding`]). Down, nothing unclear lets anyone in: what is
//! found is real. Up, everything unclear does: what is not found does not exist. Where the two
//! differ, the answer is unknown. So "unreachable" speaks of more requests than there are, and
//! "reachable" comes with a request.
//!
//! Verdicts are about the policy, the bucket's ACL, Block Public Access, and resource control policies
//! where they are given. Object ACLs, service control policies and endpoint policies are not seen: an
//! object may carry its own grant, and the latter may still keep out what is reachable here. Requests
//! that S3 refuses whatever a policy says count for nothing; the answer names the grants without
//! effect. Service-linked roles, which no control policy binds, are AWS's own and no callers here.
//!
//! # Modules
//!
//! [case] is what is asked about, [questions] what is asked, [prover] puts the answers together and
//! [decide] makes the passes behind them. [compile], [caller], [coupled], [caller_state] and [fold] prepare, [dpll]
//! searches. The theories are one file each: [glob] texts, [arn] ARNs as texts, [ip] addresses,
//! [numeric] numbers and times, [boolean], [solve] keys of many values; [value] asks the right one,
//! [template] reads policy variables, and
//! [variables] keeps policy variables away from all of them. [witness], [holding] and [proof] say what
//! came of it.

mod access;
mod arn;
mod atom;
mod boolean;
mod budget;
mod caller;
mod caller_list;
mod caller_state;
mod case;
mod compile;
mod coupled;
mod decide;
mod documents;
mod dpll;
mod fold;
mod glob;
mod hit;
mod holding;
mod ip;
mod keys;
mod numeric;
mod parties;
mod proof;
mod prover;
mod provider;
mod questions;
mod solve;
mod space;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod variables;
mod vocabulary;
pub mod who_can;
mod witness;

pub use self::access::{
    AccessAnswer, AccessQuestion, AccessWitness, ActionScope, Callers, KeyFact, ResourceScope,
    StatementSet,
};
pub(crate) use self::access::{AccessScope, CallerSpaces, RuleQuestion};
pub(crate) use self::budget::{Budget, Exhausted};
pub use self::caller::{Delegation, LONGEST_SIGNATURE_MS};
pub use self::case::Case;
pub use self::documents::{DocumentId, DocumentSet, DocumentSetBuilder, StatementId};
pub use self::parties::{ServiceGrant, UNNAMED_SERVICE, service_grants};
pub use self::prover::{LongestSignature, Prover};
pub use self::questions::{EncryptionHeaders, Question};
pub(crate) use self::vocabulary::text_of;

use super::{Policy, PolicyKind};
use crate::contract::{Answer, PolicyLevel, ProveInput, ProveOutput};

/// Answers a line of `policy prove --batch`, except for `documented_public`, which the caller fills
/// in.
///
/// # Errors
/// What is wrong with the line, for a person.
pub fn prove(input: &ProveInput, now: Option<f64>) -> Result<ProveOutput, String> {
    let questions = input
        .questions
        .iter()
        .map(|question| Question::parse(question))
        .collect::<Result<Vec<_>, _>>()?;
    let policy = match &input.policy {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(Policy::parse(text, PolicyKind::Resource)),
        other => Some(Policy::parse(&other.to_string(), PolicyKind::Resource)),
    };
    let level = |level: &PolicyLevel| -> Vec<Policy> {
        let text = |policy: &serde_json::Value| match policy {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let parse = |policy| Policy::parse(&text(policy), PolicyKind::Resource);
        level.policies.iter().map(parse).collect()
    };
    let rcps: Vec<Vec<Policy>> = input.rcps.iter().flatten().map(level).collect();
    let mut prover = Prover::new(&Case {
        rcps: &rcps,
        block: input.public_access_block.unwrap_or_default(),
        ownership: input.object_ownership.as_deref(),
        grants: input.acl_grants.as_deref().unwrap_or_default(),
        default_encryption: input.default_encryption.as_deref(),
        now: match input.now.as_deref() {
            Some(now) => Some(Case::moment(now)?),
            None => now,
        },
        partition: input
            .partition
            .as_deref()
            .map(Case::partition)
            .transpose()?,
        ..Case::new(&input.bucket, &input.owner, policy.as_ref())
    });
    let answers = questions
        .iter()
        .zip(&input.questions)
        .map(|(question, asked)| Answer {
            question: asked.clone(),
            ..prover.answer(question)
        })
        .collect();
    Ok(ProveOutput {
        id: input.id.clone(),
        answers,
        documented_public: None,
    })
}
