//! AWS's published "meaning of public", by the book.
//!
//! "When evaluating a bucket policy, S3 begins by assuming that the policy is public. It then
//! evaluates the policy to determine whether it qualifies as non-public. To be considered non-public,
//! a bucket policy must grant access only to fixed values (values that don't contain a wildcard or a
//! policy variable) of one or more of the following" — a principal, or one of a list of condition
//! keys (S3 user guide, "Blocking public access to your Amazon S3 storage", section "The meaning of
//! 'public'", copy of 2026-09). RestrictPublicBuckets and GetBucketPolicyStatus go by this notion.
//!
//! It is a notion of form, not of effect, and it differs from what requests can do in both
//! directions: `${aws:username}` in a resource is public although no one anonymous has a name, and a
//! service principal without a source is not public although another account can send the service. So no
//! proof is derived from it. It reads Allow statements only; where the documentation does not say,
//! the answer is `None`:
//!
//! * a listed key under `…IfExists`, or a key of one value under `ForAllValues:`: fixed values, yet
//!   true of callers without the key;
//! * more networks than one, each narrow enough, that together are broader than the limit;
//! * the id of a KMS key: on the list in 2023, gone in 2026;
//! * a wildcard within `aws:PrincipalArn`: no fixed value by the guide, and taken for one by AWS's own
//!   judgement as users report it;
//! * `aws:SourceVpcArn`, `aws:VpceAccount`, `aws:VpceOrgID` and `aws:VpceOrgPaths`: newer than the
//!   list, and of the kind of those on it;
//! * federated principals: an example of a public one was in the guide in 2023 and is gone;
//! * a statement that by its own form grants nothing: bucket actions on object resources only, or
//!   conditions that exclude each other;
//! * a part of the policy that could not be read.

use super::catalogue::{self, On};
use super::document::{
    Condition, Effect, Element, Operator, Policy, Principal, Quantifier, Statement, TextMatch,
};
use super::kleene;
use super::pattern::Pattern;

/// Whether the policy is public as AWS documents the word. `None`: the documentation does not decide.
///
/// One public statement makes the policy public ("if a policy has one public statement, all of it is
/// treated as public").
pub fn documented_public(policy: &Policy) -> Option<bool> {
    let mut undecided = !policy.is_sound();
    for statement in policy.with_effect(Effect::Allow) {
        let broken = policy
            .defects
            .iter()
            .any(|defect| defect.statement == Some(statement.index));
        match (judge(statement), broken) {
            (Some(true), false) => return Some(true),
            (Some(false), false) => {}
            _ => undecided = true,
        }
    }
    if undecided { None } else { Some(false) }
}

fn judge(statement: &Statement) -> Option<bool> {
    let named = match &statement.principal {
        // No bucket policy has such a statement.
        None => return None,
        Some(element) => names_only_fixed(element),
    };
    if named == Some(true) {
        return Some(false);
    }
    let limited = kleene::any(statement.conditions.iter().map(limits));
    let public = match (named, limited) {
        (_, Some(true)) => Some(false),
        (Some(false), Some(false)) => Some(true),
        _ => None,
    };
    if public == Some(true) && grants_nothing(statement) {
        return None;
    }
    public
}

/// Whether the principal element grants to named principals only.
fn names_only_fixed(element: &Element<Principal>) -> Option<bool> {
    // Everyone but a few is not a fixed value.
    if element.negated
        || element
            .items
            .iter()
            .any(|item| matches!(item, Principal::Everyone))
    {
        return Some(false);
    }
    if element
        .items
        .iter()
        .any(|item| matches!(item, Principal::Federated(_)))
    {
        return None;
    }
    Some(true)
}

/// What a key on the list may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fixed {
    /// Texts without wildcard or variable.
    Text,
    /// `aws:userid`: texts, and `AROLEID:*`, every session of one role.
    UserId,
    /// `aws:PrincipalOrgPaths`: texts, and a wildcard behind a fixed organization.
    OrgPath,
    /// `s3:DataAccessPointArn`: texts, and a wildcard in the name while the account is fixed.
    AccessPoint,
    /// Networks.
    Network,
    /// `aws:PrincipalArn`: texts; it is not documented of those with a wildcard.
    Principal,
    /// On the list once, or of its kind and not on it.
    Perhaps,
}

/// The list; "a principal" includes the keys that hold the principal, its account or organization.
fn listed(key: &str) -> Option<Fixed> {
    Some(match key {
        "aws:principalarn" => Fixed::Principal,
        "aws:principalaccount"
        | "aws:principalorgid"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourcearn"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:sourceowner"
        | "aws:sourceaccount"
        | "s3:dataaccesspointaccount" => Fixed::Text,
        "aws:principalorgpaths" => Fixed::OrgPath,
        "aws:userid" => Fixed::UserId,
        "s3:dataaccesspointarn" => Fixed::AccessPoint,
        "aws:sourceip" => Fixed::Network,
        "s3:x-amz-server-side-encryption-aws-kms-key-id"
        | "aws:sourcevpcarn"
        | "aws:vpceaccount"
        | "aws:vpceorgid"
        | "aws:vpceorgpaths" => Fixed::Perhaps,
        _ => return None,
    })
}

/// Keys that can have several values in one request.
fn is_multivalued(key: &str) -> bool {
    matches!(
        key,
        "aws:principalorgpaths" | "aws:principalservicenameslist" | "aws:vpceorgpaths"
    )
}

/// Whether a condition limits the grant to fixed values.
fn limits(condition: &Condition) -> Option<bool> {
    let Some(kind) = listed(&condition.key) else {
        return Some(false);
    };
    let fits = match (condition.operator, kind) {
        (operator, _) if operator.is_negated() => false,
        (Operator::Ip { .. }, Fixed::Network) => true,
        (_, Fixed::Network) => false,
        (Operator::Text { .. } | Operator::Arn { .. }, _) => true,
        _ => false,
    };
    if !fits || condition.values.is_empty() {
        return Some(false);
    }
    let fixed = match kind {
        Fixed::Network => networks_are_narrow(&condition.values)?,
        _ => condition
            .values
            .iter()
            .all(|value| is_fixed(value, kind, condition.operator)),
    };
    if !fixed {
        // A lone wildcard limits nothing, and a variable is never a fixed value.
        let limits_something = |value: &String| {
            !value.contains("${") && value.contains(|found: char| !matches!(found, '*' | '?' | ':'))
        };
        let undocumented = matches!(kind, Fixed::Principal | Fixed::Perhaps)
            && condition.key != "s3:x-amz-server-side-encryption-aws-kms-key-id"
            && condition.values.iter().all(limits_something);
        return if undocumented { None } else { Some(false) };
    }
    let vacuous = condition.if_exists
        || condition.quantifier == Quantifier::ForAllValues && !is_multivalued(&condition.key);
    if vacuous || kind == Fixed::Perhaps {
        None
    } else {
        Some(true)
    }
}

fn is_fixed(value: &str, kind: Fixed, operator: Operator) -> bool {
    if value.contains("${") {
        return false;
    }
    let wildcards = matches!(
        operator,
        Operator::Text {
            how: TextMatch::Like,
            ..
        } | Operator::Arn { .. }
    );
    let plain = |text: &str| !wildcards || !text.contains(['*', '?']);
    if plain(value) {
        return true;
    }
    match kind {
        Fixed::UserId => value
            .strip_suffix(":*")
            .is_some_and(|role| !role.is_empty() && plain(role)),
        Fixed::OrgPath => value
            .split_once('/')
            .is_some_and(|(organization, _)| !organization.is_empty() && plain(organization)),
        Fixed::AccessPoint => {
            let parts: Vec<&str> = value.splitn(6, ':').collect();
            match parts.as_slice() {
                [_, _, _, _, account, _] => !account.is_empty() && plain(account),
                _ => false,
            }
        }
        _ => false,
    }
}

/// "Broader than /8 for IPv4 and /32 for IPv6 (excluding RFC 1918 private ranges)" is public. The
/// guide looks at each network; it is silent on a union of many.
fn networks_are_narrow(values: &[String]) -> Option<bool> {
    const WIDEST_V4: u32 = 8;
    const WIDEST_V6: u32 = 32;
    let mut v4: u64 = 0;
    let mut v6: u128 = 0;
    for value in values {
        let (base, bits) = match value.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (value.as_str(), None),
        };
        // Not a network: no grant to a fixed value, and no documented meaning either.
        let base: core::net::IpAddr = base.parse().ok()?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits: u32 = match bits {
            None => width,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width)?,
        };
        match base {
            core::net::IpAddr::V4(first) if is_private(first, bits) => {}
            core::net::IpAddr::V4(_) if bits < WIDEST_V4 => return Some(false),
            core::net::IpAddr::V4(_) => v4 = v4.saturating_add(1_u64 << (32 - bits)),
            core::net::IpAddr::V6(_) if bits < WIDEST_V6 => return Some(false),
            core::net::IpAddr::V6(_) => v6 = v6.saturating_add(1_u128 << (128 - bits)),
        }
    }
    if v4 > 1 << (32 - WIDEST_V4) || v6 > 1 << (128 - WIDEST_V6) {
        return None;
    }
    Some(true)
}

/// Inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918).
fn is_private(first: core::net::Ipv4Addr, bits: u32) -> bool {
    match first.octets() {
        [10, ..] => bits >= 8,
        [172, second, ..] => bits >= 12 && second & 0xf0 == 16,
        [192, 168, ..] => bits >= 16,
        _ => false,
    }
}

/// True when the statement's own form grants nothing: its actions act on one kind of resource and
/// its resources are all of the other, or two of its conditions cannot hold together.
fn grants_nothing(statement: &Statement) -> bool {
    wrong_resources(statement) || contradicts_itself(&statement.conditions)
}

fn wrong_resources(statement: &Statement) -> bool {
    let Some(resources) = &statement.resource else {
        return false;
    };
    if resources.negated || statement.action.negated {
        return false;
    }
    let known: Vec<On> = statement.action.items.iter().filter_map(acts_on).collect();
    if known.len() != statement.action.items.len() || known.is_empty() {
        return false;
    }
    // A pattern reaches buckets unless it has a literal slash, and objects if it can hold one.
    let reaches = |on: On| {
        resources.items.iter().any(|pattern| {
            let path = pattern.text.splitn(6, ':').nth(5).unwrap_or("*");
            match on {
                On::Bucket => !path.contains('/') || path.contains("${"),
                On::Object => path.contains(['/', '*']) || path.contains("${"),
            }
        })
    };
    !known.iter().any(|on| reaches(*on))
}

/// What a single action acts on; `None` for patterns and for what is not in the catalogue, which S3
/// takes for public ("unsupported action names").
fn acts_on(action: &Pattern) -> Option<On> {
    catalogue::find(&action.text).map(|known| known.on)
}

/// Two exact conditions on one key, one of which excludes every value the other asks for.
fn contradicts_itself(conditions: &[Condition]) -> bool {
    if conditions.len() > 100 {
        return false;
    }
    let exact = |wanted: bool| {
        conditions.iter().filter(move |condition| {
            condition.quantifier == Quantifier::Single
                && !condition.if_exists
                && matches!(condition.operator, Operator::Text { how: TextMatch::Exact, negated } if negated == wanted)
        })
    };
    exact(false).any(|asks| {
        exact(true).any(|excludes| {
            asks.key == excludes.key
                // No one writes long lists that contradict each other; hostile ones take no time.
                && asks.values.len().saturating_mul(excludes.values.len()) <= 10_000
                && asks
                    .values
                    .iter()
                    .all(|value| excludes.values.contains(value))
        })
    })
}

/// AWS's own judgement beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What GetBucketPolicyStatus answered.
    pub aws: bool,
    /// What the documentation says of the policy's text; `None` where it does not decide.
    pub documented: Option<bool>,
}

impl Comparison {
    /// True when both sides have a view and the views differ: either the documentation lags behind
    /// AWS or the policy changed between two calls. Both sides are then reported.
    pub fn disagrees(&self) -> bool {
        self.documented.is_some_and(|ours| ours != self.aws)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyKind;

    fn public(statement: &str) -> Option<bool> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let policy = Policy::parse(&text, PolicyKind::Resource);
        assert!(policy.is_sound(), "{:?}", policy.defects);
        documented_public(&policy)
    }

    /// An Allow of s3:PutObject to everyone under a condition, as in the guide's examples.
    fn under(condition: &str) -> Option<bool> {
        public(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{condition}}}"#
        ))
    }

    #[test]
    fn the_guides_vpc_example_is_public_with_a_wildcard() {
        assert_eq!(
            under(r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#),
            Some(true)
        );
    }

    #[test]
    fn the_guides_vpc_example_is_not_public_with_a_fixed_value() {
        assert_eq!(
            under(r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#),
            Some(false)
        );
    }

    #[test]
    fn the_guides_access_point_example_is_not_public() {
        assert_eq!(
            under(
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}"#
            ),
            Some(false)
        );
        assert_eq!(
            under(
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}}"#
            ),
            Some(true)
        );
    }

    #[test]
    fn networks_up_to_a_slash_8_and_private_ones_are_not_public() {
        assert_eq!(
            under(r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#),
            Some(false)
        );
        assert_eq!(
            under(r#"{"IpAddress":{"aws:SourceIp":"54.0.0.0/8"}}"#),
            Some(false)
        );
        assert_eq!(
            under(r#"{"IpAddress":{"aws:SourceIp":"8.0.0.0/7"}}"#),
            Some(true)
        );
        assert_eq!(
            under(r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/31"}}"#),
            Some(true)
        );
        assert_eq!(
            under(r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#),
            Some(false)
        );
        assert_eq!(
            under(
                r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]}}"#
            ),
            Some(false)
        );
        assert_eq!(
            under(r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#),
            Some(true)
        );
    }

    #[test]
    fn a_policy_variable_is_no_fixed_value() {
        assert_eq!(
            under(
                r#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/${aws:username}"}}"#
            ),
            Some(true)
        );
    }

    #[test]
    fn keys_that_are_not_on_the_list_do_not_count() {
        assert_eq!(
            under(r#"{"StringEquals":{"aws:Referer":"secret"}}"#),
            Some(true)
        );
        assert_eq!(
            under(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            Some(true)
        );
        assert_eq!(
            under(r#"{"StringEquals":{"aws:PrincipalTag/team":"x"}}"#),
            Some(true)
        );
    }

    #[test]
    fn keys_of_the_kind_of_the_list_are_undecided() {
        for (key, value) in [
            ("aws:PrincipalArn", "arn:aws:iam::222222222222:role/*"),
            (
                "aws:SourceVpcArn",
                "arn:aws:ec2:eu-west-1:111111111111:vpc/vpc-1",
            ),
            ("aws:SourceVpcArn", "arn:aws:ec2:*:111111111111:vpc/*"),
            ("aws:VpceAccount", "111111111111"),
            ("aws:VpceOrgID", "o-abc1234567"),
            ("aws:VpceOrgPaths", "o-abc1234567/*"),
        ] {
            let condition = format!(r#"{{"StringLike":{{"{key}":"{value}"}}}}"#);
            assert_eq!(under(&condition), None, "{key} {value}");
            let everything = format!(r#"{{"StringLike":{{"{key}":"*"}}}}"#);
            assert_eq!(under(&everything), Some(true), "{key}");
            let others = format!(r#"{{"StringNotLike":{{"{key}":"{value}"}}}}"#);
            assert_eq!(under(&others), Some(true), "{key} {value}");
        }
        let fixed = r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/r"}}"#;
        assert_eq!(under(fixed), Some(false));
    }

    #[test]
    fn an_organization_is_a_fixed_value() {
        assert_eq!(
            under(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc1234567"}}"#),
            Some(false)
        );
    }

    #[test]
    fn everybody_but_somebody_is_public() {
        assert_eq!(
            public(
                r#"{"Effect":"Allow","NotPrincipal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#
            ),
            Some(true)
        );
    }

    #[test]
    fn one_public_statement_makes_all_of_it_public() {
        let private = r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        let everyone = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        assert_eq!(public(private), Some(false));
        assert_eq!(public(&format!("{private},{everyone}")), Some(true));
    }

    #[test]
    fn deny_statements_are_not_read() {
        assert_eq!(
            public(
                r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#
            ),
            Some(true)
        );
    }

    #[test]
    fn without_an_allow_nothing_is_public() {
        assert_eq!(
            public(r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#),
            Some(false)
        );
    }

    #[test]
    fn both_sides_of_a_disagreement_are_kept() {
        let differing = Comparison {
            aws: true,
            documented: Some(false),
        };
        assert!(differing.disagrees());
        assert!(
            !Comparison {
                aws: true,
                documented: None
            }
            .disagrees()
        );
        assert!(
            !Comparison {
                aws: true,
                documented: Some(true)
            }
            .disagrees()
        );
    }
}
