//! What a policy's statements leave open: the words of a finding.
//!
//! Who gets in is decided by the prover ([`super::prove`]). A finding also says *why* a Deny of plain
//! HTTP does not deny all of it: which principals, actions, resources or conditions it misses. Nothing
//! is concluded from these texts.

use super::catalogue::{self, Action, On};
use super::document::{Effect, Element, Policy, Principal, Statement};
use super::pattern::{Pattern, Token};

/// The bucket a policy is read for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The bucket's ARN.
    pub arn: String,
    /// The owner's 12-digit account id.
    pub owner: String,
}

const SECURE_TRANSPORT: &str = "aws:securetransport";
const TLS_VERSION: &str = "s3:tlsversion";

/// The service that delivers server access logs (S3 user guide, "Enabling server access logging").
const LOG_DELIVERY: &str = "logging.s3.amazonaws.com";

/// True when an Allow names the log delivery service and lets it write objects of the bucket. Its
/// conditions narrow from where logs come, not what the bucket is for.
pub fn grants_log_delivery(policy: &Policy, target: &Target) -> bool {
    policy.with_effect(Effect::Allow).any(|allow| {
        let named = allow.principal.as_ref().is_some_and(|principal| {
            !principal.negated
                && principal
                    .items
                    .iter()
                    .any(|item| matches!(item, Principal::Service(name) if name == LOG_DELIVERY))
        });
        named
            && takes(&allow.action, &Pattern::action("s3:PutObject"))
            && touches(allow, &space(target, On::Object))
    })
}

/// Why requests over plain HTTP pass, statement by statement: what each Deny that tests the
/// transport leaves open.
pub fn plain_http_weakness(policy: &Policy, target: &Target) -> String {
    let tests = |statement: &&Statement, key: &str| {
        statement
            .conditions
            .iter()
            .any(|condition| condition.key == key)
    };
    let denies: Vec<String> = policy
        .with_effect(Effect::Deny)
        .filter(|statement| tests(statement, SECURE_TRANSPORT))
        .map(|statement| {
            format!(
                "statement {} {}",
                statement.index,
                gaps(statement, target).join(", ")
            )
        })
        .collect();
    if !denies.is_empty() {
        denies.join("; ")
    } else if policy
        .with_effect(Effect::Deny)
        .any(|statement| tests(&statement, TLS_VERSION))
    {
        "the policy denies old TLS versions only, and a request over plain HTTP has none".to_owned()
    } else if policy
        .with_effect(Effect::Allow)
        .any(|statement| tests(&statement, SECURE_TRANSPORT))
    {
        "aws:SecureTransport is only asked for in an Allow, which does not deny other requests"
            .to_owned()
    } else {
        "no statement denies requests with aws:SecureTransport false".to_owned()
    }
}

/// What a Deny on the transport leaves open.
fn gaps(deny: &Statement, target: &Target) -> Vec<String> {
    let mut gaps = Vec::new();
    match &deny.principal {
        Some(principal) if principal.negated => {
            gaps.push("exempts the principals in NotPrincipal".to_owned());
        }
        _ if !names_everyone(deny) => gaps.push("denies only the principals it names".to_owned()),
        _ => {}
    }
    let left: Vec<&Action> = catalogue::actions()
        .iter()
        .filter(|action| !takes(&deny.action, &action.folded))
        .collect();
    if let Some(example) = left.first() {
        gaps.push(format!(
            "leaves out {} of {} actions, {} for one",
            left.len(),
            catalogue::actions().len(),
            example.name
        ));
    }
    if !covers_space(deny, &space(target, On::Bucket)) {
        gaps.push("does not cover the bucket itself".to_owned());
    }
    if !covers_space(deny, &space(target, On::Object)) {
        gaps.push("does not cover all objects".to_owned());
    }
    for condition in &deny.conditions {
        if condition.key == SECURE_TRANSPORT {
            let names_http = condition
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case("false"));
            if names_http == condition.operator.is_negated() {
                gaps.push("tests aws:SecureTransport for true, which denies HTTPS".to_owned());
            }
        } else {
            gaps.push(format!(
                "applies only under a condition on {}",
                condition.key
            ));
        }
    }
    if gaps.is_empty() {
        gaps.push("covers what it speaks of, and other requests are left".to_owned());
    }
    gaps
}

/// Everything of one kind: the bucket, or all of its objects.
pub fn space(target: &Target, on: On) -> Pattern {
    let mut tokens: Vec<Token> = target.arn.chars().map(Token::Char).collect();
    let mut text = target.arn.clone();
    if on == On::Object {
        text.push_str("/?*");
        tokens.extend([Token::Char('/'), Token::One, Token::Many]);
    }
    Pattern { text, tokens }
}

fn names_everyone(statement: &Statement) -> bool {
    statement.principal.as_ref().is_some_and(|principal| {
        !principal.negated && principal.items.contains(&Principal::Everyone)
    })
}

/// True when the element matches the action, given as a folded literal.
fn takes(element: &Element<Pattern>, action: &Pattern) -> bool {
    element.negated != element.items.iter().any(|pattern| pattern.covers(action))
}

/// True when the statement's resources may have something in common with the space.
fn touches(statement: &Statement, space: &Pattern) -> bool {
    statement.resource.as_ref().is_none_or(|resource| {
        if resource.negated {
            !resource.items.iter().any(|item| item.covers(space))
        } else {
            resource.items.iter().any(|item| item.overlaps(space))
        }
    })
}

/// True when the statement's resources surely include all of the space.
fn covers_space(statement: &Statement, space: &Pattern) -> bool {
    statement.resource.as_ref().is_none_or(|resource| {
        if resource.negated {
            !resource.items.iter().any(|item| item.overlaps(space))
        } else {
            resource.items.iter().any(|item| item.covers(space))
        }
    })
}
