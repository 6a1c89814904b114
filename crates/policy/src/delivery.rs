//! Whether a bucket's policy lets S3 deliver access logs into it.
//!
//! The delivery is a concrete request, so the evaluator is asked: logging.s3.amazonaws.com puts an
//! object for a source bucket (S3 user guide, "Enabling Amazon S3 server access logging", read
//! 2026-09). What that request carries otherwise is only partly documented. Keys that are documented
//! to be there or not to be there count; a statement that tests any other is read both ways, and only
//! what comes out the same both ways is an answer. Whether the delivery carries
//! `aws:SecureTransport` is one of those: the usual Deny of plain HTTP never matches it, one with
//! `BoolIfExists` may.

use std::collections::BTreeMap;

use super::document::{Effect, Policy};
use super::evaluate::Policies;
use crate::contract::{ContextValue, Decision, PrincipalClass, Request, RequestPrincipal};

/// The service that delivers access logs.
const SERVICE: &str = "logging.s3.amazonaws.com";

const SECURE_TRANSPORT: &str = "aws:securetransport";

/// Keys of which it is known what a service's own request holds: these two and what follows from the
/// service, and the keys of networks and of identities, which it has none of (IAM user guide, "AWS
/// global condition context keys", copy of 2026).
const KNOWN: [&str; 17] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:principalservicename",
    "aws:principalisawsservice",
    "aws:resourceaccount",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:username",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
];

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// ARN of the object that is written.
    pub object: String,
    /// ARN of the bucket whose log it is.
    pub source: String,
    /// The account of both.
    pub account: &'a str,
}

/// What the policy says to it; `None` where that hangs on what is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// An Allow lets the service write and no Deny stops it.
    pub allows: Option<bool>,
    /// A Deny stops it, whatever allows it.
    pub denies: Option<bool>,
}

/// Asks the policy.
pub fn says(policy: &Policy, delivery: &Delivery<'_>) -> Says {
    let mut decisions = Vec::new();
    for reading in [strict(policy), lenient(policy)] {
        let policies = Policies::of_resource(Some(&reading));
        for transport in [Some("true"), None] {
            let request = request(delivery, transport);
            let outcome = policies.evaluate(&request);
            decisions.push(outcome.is_certain().then_some(outcome.decision));
        }
    }
    let all = |wanted: Decision| {
        if decisions.iter().all(|decision| *decision == Some(wanted)) {
            Some(true)
        } else if decisions
            .iter()
            .all(|decision| decision.is_some_and(|decision| decision != wanted))
        {
            Some(false)
        } else {
            None
        }
    };
    Says {
        allows: all(Decision::Allow),
        denies: all(Decision::ExplicitDeny),
    }
}

fn request(delivery: &Delivery<'_>, transport: Option<&str>) -> Request {
    let mut context = BTreeMap::from([
        (
            "aws:SourceArn".to_owned(),
            ContextValue::One(delivery.source.clone()),
        ),
        (
            "aws:SourceAccount".to_owned(),
            ContextValue::One(delivery.account.to_owned()),
        ),
    ]);
    if let Some(transport) = transport {
        context.insert(
            "aws:SecureTransport".to_owned(),
            ContextValue::One(transport.to_owned()),
        );
    }
    Request {
        principal: RequestPrincipal::Class(PrincipalClass::Service {
            name: SERVICE.to_owned(),
        }),
        action: "s3:PutObject".to_owned(),
        resource: delivery.object.clone(),
        resource_account: delivery.account.to_owned(),
        context,
    }
}

fn is_known(key: &str) -> bool {
    key == SECURE_TRANSPORT || KNOWN.contains(&key) || key.starts_with("aws:principaltag/")
}

/// The policy as if every test of an undocumented key came out against the delivery.
fn strict(policy: &Policy) -> Policy {
    biased(policy, Effect::Deny)
}

/// The policy as if every such test came out for it.
fn lenient(policy: &Policy) -> Policy {
    biased(policy, Effect::Allow)
}

/// Statements of the favoured effect lose their undocumented tests; others with such a test are gone.
fn biased(policy: &Policy, favoured: Effect) -> Policy {
    let mut policy = policy.clone();
    policy.statements.retain_mut(|statement| {
        let tests = |known: &crate::document::Condition| is_known(&known.key);
        if statement.conditions.iter().all(tests) {
            return true;
        }
        statement.conditions.retain(tests);
        statement.effect == favoured
    });
    policy
}
