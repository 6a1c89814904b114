//! What a bucket policy's Deny statements see to, read plainly.
//!
//! Guards that people write against presigned URLs, old signatures, old TLS, uploads without an
//! encryption header: each is one Deny for everybody over one kind of resource with one condition.
//! This reads exactly that form. A Deny that tests the same key beside other conditions is neither
//! counted nor ignored: the answer is then *undecided*, unless a plain one settles it. Only the
//! condition that spares the AWS services themselves is looked through: nobody else profits from it.
//! Who can reach the bucket at all is another question, and the prover's.

use super::document::{
    Comparison, Condition, Effect, Element, Operator, Policy, Principal, Quantifier, Statement,
    TextMatch,
};
use super::pattern::{Pattern, Token};

/// The longest a presigned URL can live, ms: seven days (S3 user guide, "Download and upload objects
/// with presigned URLs", copy of 2026).
pub const LONGEST_SIGNATURE_MS: u64 = 604_800_000;

const SIGNATURE_AGE: &str = "s3:signatureage";
const SIGNATURE_VERSION: &str = "s3:signatureversion";
const AUTH_TYPE: &str = "s3:authtype";
const IS_SERVICE: &str = "aws:principalisawsservice";
const TLS_VERSION: &str = "s3:tlsversion";
const SSE_HEADER: &str = "s3:x-amz-server-side-encryption";
const KEY_HEADER: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

/// What moves object data, in lower case.
const DATA_ACTIONS: [&str; 3] = ["s3:getobject", "s3:putobject", "s3:deleteobject"];

/// An answer, or that the plain form does not give one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain<T> {
    /// Read off.
    Is(T),
    /// A Deny tests the key in a way that is not read here.
    Undecided,
}

/// The longest a presigned request for object data can live, ms. Zero where none is let through.
///
/// `s3:signatureAge` is in milliseconds and covers query strings and POST forms alike; a URL signed
/// with SigV2 always has age 0 and passes (see [`refuses_sigv2`]). `s3:authType` is
/// `REST-QUERY-STRING` for a URL, `POST` for a form, `REST-HEADER` for a header, in upper case (S3
/// API reference, "Bucket policy examples using AWS Signature Version 4 condition keys", read
/// 2026-09).
pub fn longest_signature(policy: &Policy, bucket: &str) -> Plain<u64> {
    let mut longest = 0;
    let mut undecided = false;
    for action in DATA_ACTIONS {
        for kind in ["REST-QUERY-STRING", "POST"] {
            // Only uploads come as forms (S3 API reference, POST Object).
            if kind == "POST" && action != "s3:putobject" {
                continue;
            }
            let mut bound = LONGEST_SIGNATURE_MS;
            for deny in denying(policy, action, &objects(bucket)) {
                match age_bound(deny, kind) {
                    Some(Plain::Is(age)) => bound = bound.min(age),
                    Some(Plain::Undecided) => undecided = true,
                    None => {}
                }
            }
            longest = longest.max(bound);
        }
    }
    // What is not understood can only make the bound shorter.
    if undecided && longest > 0 {
        Plain::Undecided
    } else {
        Plain::Is(longest)
    }
}

/// The age above which this Deny refuses a presigned request of that kind; nothing when it has
/// nothing to say on the matter.
fn age_bound(deny: &Statement, kind: &str) -> Option<Plain<u64>> {
    // Whatever is refused without any condition is refused to presigned requests, too.
    if deny.conditions.is_empty() {
        return Some(Plain::Is(0));
    }
    let mut bound = None;
    let mut others = false;
    let mut applies = true;
    let mut tests_type = false;
    for condition in deny.conditions.iter().filter(|test| !spares_services(test)) {
        match condition.key.as_str() {
            SIGNATURE_AGE => match numbers(condition) {
                Some(ages) => {
                    let lowest = ages.into_iter().fold(f64::INFINITY, f64::min);
                    bound = Some(whole(lowest));
                }
                None => others = true,
            },
            AUTH_TYPE => {
                tests_type = true;
                match text_holds(condition, kind) {
                    Some(holds) => applies &= holds,
                    None => others = true,
                }
            }
            _ => others = true,
        }
    }
    if !applies || (bound.is_none() && !tests_type) {
        return None;
    }
    Some(if others {
        Plain::Undecided
    } else {
        Plain::Is(bound.unwrap_or(0))
    })
}

/// True when signatures of version 2 are refused for reading and writing objects.
pub fn refuses_sigv2(policy: &Policy, bucket: &str) -> Plain<bool> {
    every(
        ["s3:getobject", "s3:putobject"].map(|action| (action, objects(bucket))),
        policy,
        |deny| one_test(deny, SIGNATURE_VERSION, |test| text_holds(test, "AWS")),
    )
}

/// True when connections over TLS 1.2 are refused, for objects and for listing them. S3's endpoints
/// speak nothing older (AWS blog, "TLS 1.2 to become the minimum TLS protocol level for all AWS API
/// endpoints", in force since 2024-02).
pub fn refuses_tls_1_2(policy: &Policy, bucket: &str) -> Plain<bool> {
    let listing = Pattern::new(bucket, policy.version);
    every(
        [
            ("s3:getobject", objects(bucket)),
            ("s3:putobject", objects(bucket)),
            ("s3:deleteobject", objects(bucket)),
            ("s3:listbucket", listing),
        ],
        policy,
        |deny| {
            one_test(deny, TLS_VERSION, |test| match test.operator {
                Operator::Numeric(comparison) if test.quantifier == Quantifier::Single => {
                    let values: Option<Vec<f64>> =
                        test.values.iter().map(|value| number(value)).collect();
                    Some(values?.into_iter().any(|value| match comparison {
                        Comparison::LessThan => 1.2 < value,
                        Comparison::LessThanEquals => 1.2 <= value,
                        _ => false,
                    }))
                }
                _ => None,
            })
        },
    )
}

/// True when nobody but the root user of the owner can change or delete the policy: a Deny without
/// any condition takes both from everybody, or from the whole account of the owner. The root user
/// always may (S3 user guide, "Bucket policies", since 2024-11).
pub fn locks_out(policy: &Policy, bucket: &str, owner: &str) -> bool {
    let itself = Pattern::new(bucket, policy.version);
    ["s3:putbucketpolicy", "s3:deletebucketpolicy"]
        .into_iter()
        .all(|action| {
            policy.with_effect(Effect::Deny).any(|deny| {
                let whom = deny.principal.as_ref().is_some_and(|principal| {
                    !principal.negated
                        && principal.items.iter().any(|item| match item {
                            Principal::Everyone => true,
                            Principal::Account(account) => account == owner,
                            _ => false,
                        })
                });
                whom && deny.conditions.is_empty()
                    && takes(&deny.action, action)
                    && covers(deny, &itself)
            })
        })
}

/// The statements that refuse uploads without an encryption header although the bucket's default
/// would encrypt them as the statement demands. `default` is AWS's word for the default, `key` the
/// key it names.
///
/// A negated operator matches when the key is absent (IAM user guide, "Condition operators"), so
/// `StringNotEquals` on the header refuses those who leave it to the default; `…IfExists`, or a
/// `Null` test beside it, does not.
pub fn refuses_default_uploads(
    policy: &Policy,
    bucket: &str,
    default: &str,
    key: &str,
) -> Vec<usize> {
    denying(policy, "s3:putobject", &objects(bucket))
        .filter(|deny| {
            let mut refuses = false;
            for condition in &deny.conditions {
                if condition.quantifier != Quantifier::Single || condition.if_exists {
                    return false;
                }
                let wants: &[String] = &condition.values;
                match (condition.key.as_str(), condition.operator) {
                    (SSE_HEADER, Operator::Null) => {
                        if !wants.iter().any(|value| value.eq_ignore_ascii_case("true")) {
                            return false;
                        }
                        refuses = true;
                    }
                    (SSE_HEADER, Operator::Text { negated: true, .. }) => {
                        if !wants
                            .iter()
                            .any(|value| value.eq_ignore_ascii_case(default))
                        {
                            return false;
                        }
                        refuses = true;
                    }
                    (
                        KEY_HEADER,
                        Operator::Text { negated: true, .. } | Operator::Arn { negated: true },
                    ) => {
                        if key.is_empty() || !wants.iter().any(|value| value == key) {
                            return false;
                        }
                        refuses = true;
                    }
                    _ => return false,
                }
            }
            refuses
        })
        .map(|deny| deny.index)
        .collect()
}

/// The statements that test a tag of the bucket.
pub fn tag_conditions(policy: &Policy) -> Vec<usize> {
    policy
        .statements
        .iter()
        .filter(|statement| {
            statement.conditions.iter().any(|condition| {
                condition.key.starts_with("s3:buckettag/")
                    || condition.key.starts_with("aws:resourcetag/")
            })
        })
        .map(|statement| statement.index)
        .collect()
}

/// An AWS service that an Allow lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceGrant {
    /// The service, for example `cloudtrail.amazonaws.com`.
    pub service: String,
    /// The statement, counted from 0.
    pub statement: usize,
    /// A condition says for whom the service may act.
    pub scoped: bool,
}

/// The services that Allow statements let in, and whether each is held to somebody's resources.
pub fn services(policy: &Policy) -> Vec<ServiceGrant> {
    let mut found = Vec::new();
    for allow in policy.with_effect(Effect::Allow) {
        let scoped = is_scoped(allow);
        let principals = allow
            .principal
            .iter()
            .filter(|principal| !principal.negated);
        for principal in principals.flat_map(|principal| &principal.items) {
            if let Principal::Service(service) = principal {
                found.push(ServiceGrant {
                    service: service.clone(),
                    statement: allow.index,
                    scoped,
                });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// True when the statement holds only for the account, organization or resource it names: a
/// condition that a request without the key fails, with a fixed account or organization. An ARN of
/// S3 names no account, and a bucket of that name may be somebody else's tomorrow (IAM user guide,
/// "The confused deputy problem", copy of 2026).
fn is_scoped(allow: &Statement) -> bool {
    allow.conditions.iter().any(|condition| {
        let positive = matches!(
            condition.operator,
            Operator::Text { negated: false, .. } | Operator::Arn { negated: false }
        );
        if !positive || condition.if_exists || condition.quantifier == Quantifier::ForAllValues {
            return false;
        }
        let like = match condition.operator {
            Operator::Text { how, .. } => how == TextMatch::Like,
            _ => true,
        };
        let fixed = |value: &str| {
            let open = value.contains("${") || (like && value.contains(['*', '?']));
            !value.is_empty() && !open
        };
        let all = |test: &dyn Fn(&str) -> bool| {
            !condition.values.is_empty() && condition.values.iter().all(|value| test(value))
        };
        match condition.key.as_str() {
            "aws:sourceaccount" | "aws:sourceorgid" => all(&fixed),
            "aws:sourceorgpaths" => all(&|value| {
                value
                    .split('/')
                    .next()
                    .is_some_and(|first| first.starts_with("o-") && fixed(first))
            }),
            "aws:sourcearn" => all(&|value| {
                value.split(':').nth(4).is_some_and(|account| {
                    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
                })
            }),
            _ => false,
        }
    })
}

/// True when every one of the spaces has a Deny that passes the test; undecided when one has only a
/// Deny of which the test cannot tell.
fn every<const N: usize>(
    spaces: [(&str, Pattern); N],
    policy: &Policy,
    test: impl Fn(&Statement) -> Option<Plain<bool>>,
) -> Plain<bool> {
    let mut undecided = false;
    for (action, space) in &spaces {
        let mut found = false;
        let mut perhaps = false;
        for deny in denying(policy, action, space) {
            match test(deny) {
                Some(Plain::Is(true)) => found = true,
                Some(Plain::Undecided) => perhaps = true,
                Some(Plain::Is(false)) | None => {}
            }
        }
        if !found && !perhaps {
            return Plain::Is(false);
        }
        undecided |= !found;
    }
    if undecided {
        Plain::Undecided
    } else {
        Plain::Is(true)
    }
}

/// What a Deny with one condition on that key says; undecided beside other conditions. A Deny without
/// any refuses everything, and so that as well.
fn one_test(
    deny: &Statement,
    key: &str,
    test: impl Fn(&Condition) -> Option<bool>,
) -> Option<Plain<bool>> {
    if deny.conditions.is_empty() {
        return Some(Plain::Is(true));
    }
    let on_key = deny
        .conditions
        .iter()
        .find(|condition| condition.key == key)?;
    let tests = deny.conditions.iter().filter(|test| !spares_services(test));
    Some(match (tests.count(), test(on_key)) {
        (1, Some(holds)) => Plain::Is(holds),
        (_, Some(false)) => Plain::Is(false),
        _ => Plain::Undecided,
    })
}

/// True for `BoolIfExists` with `aws:PrincipalIsAWSService` false, which holds for everybody but the
/// services' own requests: those of identities carry false, and unsigned ones lack the key (IAM user
/// guide, "AWS global condition context keys", copy of 2026). Without `IfExists` it would let unsigned
/// requests through.
fn spares_services(condition: &Condition) -> bool {
    condition.key == IS_SERVICE
        && condition.operator == Operator::Bool
        && condition.if_exists
        && condition.quantifier == Quantifier::Single
        && !condition.values.is_empty()
        && condition
            .values
            .iter()
            .all(|value| value.eq_ignore_ascii_case("false"))
}

/// Whether a condition on a text holds for this value; nothing when it is of another form.
fn text_holds(condition: &Condition, value: &str) -> Option<bool> {
    let Operator::Text { how, negated } = condition.operator else {
        return None;
    };
    if condition.quantifier != Quantifier::Single {
        return None;
    }
    let some = condition.values.iter().any(|wanted| match how {
        TextMatch::Exact => wanted == value,
        TextMatch::IgnoreCase => wanted.eq_ignore_ascii_case(value),
        TextMatch::Like => Pattern::new(wanted, super::document::Version::V2008).matches(value),
    });
    Some(some != negated)
}

/// The numbers that a value has to exceed.
fn numbers(condition: &Condition) -> Option<Vec<f64>> {
    let greater = matches!(
        condition.operator,
        Operator::Numeric(Comparison::GreaterThan | Comparison::GreaterThanEquals)
    );
    if !greater || condition.quantifier != Quantifier::Single || condition.values.is_empty() {
        return None;
    }
    condition.values.iter().map(|value| number(value)).collect()
}

fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Milliseconds, within what a signature can live.
fn whole(ms: f64) -> u64 {
    let longest = 604_800_000.0;
    let ms = ms.clamp(0.0, longest).floor();
    // At most the constant above, so it is exact.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a range that u64 holds exactly"
    )]
    {
        ms as u64
    }
}

/// The Deny statements that hold for everybody, for this action, over all of this space.
fn denying<'a>(
    policy: &'a Policy,
    action: &'a str,
    space: &'a Pattern,
) -> impl Iterator<Item = &'a Statement> {
    policy.with_effect(Effect::Deny).filter(move |deny| {
        let everybody = deny.principal.as_ref().is_some_and(|principal| {
            !principal.negated && principal.items.contains(&Principal::Everyone)
        });
        everybody && takes(&deny.action, action) && covers(deny, space)
    })
}

/// All objects of the bucket.
fn objects(bucket: &str) -> Pattern {
    let mut tokens: Vec<Token> = bucket.chars().map(Token::Char).collect();
    tokens.extend([Token::Char('/'), Token::One, Token::Many]);
    Pattern {
        text: format!("{bucket}/?*"),
        tokens,
    }
}

fn takes(element: &Element<Pattern>, action: &str) -> bool {
    element.negated != element.items.iter().any(|pattern| pattern.matches(action))
}

fn covers(statement: &Statement, space: &Pattern) -> bool {
    statement.resource.as_ref().is_none_or(|resource| {
        if resource.negated {
            !resource.items.iter().any(|item| item.overlaps(space))
        } else {
            resource.items.iter().any(|item| item.covers(space))
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::PolicyKind;

    const BUCKET: &str = "arn:aws:s3:::b";

    fn policy(statements: Value) -> Policy {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let policy = Policy::parse(&text, PolicyKind::Resource);
        assert!(policy.is_sound(), "{:?}", policy.defects);
        policy
    }

    fn deny(condition: Value) -> Policy {
        policy(json!([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [BUCKET, format!("{BUCKET}/*")], "Condition": condition,
        }]))
    }

    /// A policy that says nothing of signatures.
    fn silent() -> Policy {
        policy(json!([{
            "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:GetObject",
            "Resource": format!("{BUCKET}/*"),
        }]))
    }

    #[test]
    fn the_age_of_a_signature_is_in_milliseconds() {
        let longest = |condition| longest_signature(&deny(condition), BUCKET);
        let week = Plain::Is(LONGEST_SIGNATURE_MS);
        assert_eq!(
            longest(json!({"NumericGreaterThan": {"s3:signatureAge": "600000"}})),
            Plain::Is(600_000)
        );
        assert_eq!(
            longest(json!({"NumericGreaterThan": {"s3:SIGNATUREAGE": [900_000, 600_000]}})),
            Plain::Is(600_000)
        );
        // Longer than a signature can live, and the wrong way round.
        assert_eq!(
            longest(json!({"NumericGreaterThan": {"s3:signatureAge": 864_000_000}})),
            week
        );
        assert_eq!(
            longest(json!({"NumericLessThan": {"s3:signatureAge": 600_000}})),
            week
        );
        // Nothing about signatures at all.
        assert_eq!(
            longest(json!({"Bool": {"aws:SecureTransport": "false"}})),
            week
        );
        assert_eq!(longest_signature(&silent(), BUCKET), week);
        // Under a further condition the Deny may not hold.
        assert_eq!(
            longest(json!({"NumericGreaterThan": {"s3:signatureAge": 600_000},
                "StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            Plain::Undecided
        );
    }

    #[test]
    fn only_the_upper_case_words_refuse_an_authentication_type() {
        let longest = |condition| longest_signature(&deny(condition), BUCKET);
        let week = Plain::Is(LONGEST_SIGNATURE_MS);
        // POST forms are left open.
        assert_eq!(
            longest(json!({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})),
            week
        );
        assert_eq!(
            longest(json!({"StringEquals": {"s3:authType": ["REST-QUERY-STRING", "POST"]}})),
            Plain::Is(0)
        );
        assert_eq!(
            longest(json!({"StringNotEquals": {"s3:authType": "REST-HEADER"}})),
            Plain::Is(0)
        );
        // AWS's own example, which is spelt unlike the values.
        assert_eq!(
            longest(json!({"StringEquals": {"s3:authType": ["REST-query-string", "POST"]}})),
            week
        );
        assert_eq!(
            longest(
                json!({"StringEqualsIgnoreCase": {"s3:authType": ["REST-query-string", "post"]}})
            ),
            Plain::Is(0)
        );
        // Old URLs are refused, old forms are not.
        assert_eq!(
            longest(json!({"StringEquals": {"s3:authType": "REST-QUERY-STRING"},
                "NumericGreaterThan": {"s3:signatureAge": 600_000}})),
            week
        );
    }

    #[test]
    fn a_guard_for_one_prefix_or_one_principal_is_none() {
        let age = json!({"NumericGreaterThan": {"s3:signatureAge": 600_000}});
        for (principal, resource) in [
            (json!("*"), "arn:aws:s3:::b/private/*"),
            (
                json!({"AWS": "arn:aws:iam::111111111111:role/r"}),
                "arn:aws:s3:::b/*",
            ),
        ] {
            let policy = policy(
                json!([{"Effect": "Deny", "Principal": principal, "Action": "s3:*",
                "Resource": resource, "Condition": age}]),
            );
            assert_eq!(
                longest_signature(&policy, BUCKET),
                Plain::Is(LONGEST_SIGNATURE_MS)
            );
        }
    }

    #[test]
    fn signature_version_two_is_the_value_aws() {
        let refuses = |condition| refuses_sigv2(&deny(condition), BUCKET);
        assert_eq!(
            refuses(json!({"StringEquals": {"s3:signatureversion": "AWS"}})),
            Plain::Is(true)
        );
        assert_eq!(
            refuses(json!({"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}})),
            Plain::Is(true)
        );
        assert_eq!(
            refuses(json!({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}})),
            Plain::Is(false)
        );
        assert_eq!(refuses_sigv2(&silent(), BUCKET), Plain::Is(false));
    }

    #[test]
    fn the_lowest_tls_version() {
        let refuses = |condition| refuses_tls_1_2(&deny(condition), BUCKET);
        assert_eq!(
            refuses(json!({"NumericLessThan": {"s3:TlsVersion": 1.3}})),
            Plain::Is(true)
        );
        assert_eq!(
            refuses(json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
            Plain::Is(false)
        );
        assert_eq!(
            refuses(json!({"NumericLessThanEquals": {"s3:TlsVersion": "1.2"}})),
            Plain::Is(true)
        );
        // Objects only: listing is left out.
        let objects_only = policy(
            json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::b/*", "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.3}}}]),
        );
        assert_eq!(refuses_tls_1_2(&objects_only, BUCKET), Plain::Is(false));
        assert_eq!(
            refuses(
                json!({"NumericLessThan": {"s3:TlsVersion": 1.3}, "Bool": {"aws:SecureTransport": true}})
            ),
            Plain::Undecided
        );
    }

    #[test]
    fn what_is_refused_without_condition_is_refused_in_every_form() {
        let all = policy(json!([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [BUCKET, format!("{BUCKET}/*")],
        }]));
        assert_eq!(longest_signature(&all, BUCKET), Plain::Is(0));
        assert_eq!(refuses_sigv2(&all, BUCKET), Plain::Is(true));
        assert_eq!(refuses_tls_1_2(&all, BUCKET), Plain::Is(true));
        // Uploads alone: reading is left open.
        let uploads = policy(json!([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": format!("{BUCKET}/*"),
        }]));
        assert_eq!(
            longest_signature(&uploads, BUCKET),
            Plain::Is(LONGEST_SIGNATURE_MS)
        );
        assert_eq!(refuses_sigv2(&uploads, BUCKET), Plain::Is(false));
    }

    #[test]
    fn a_deny_without_condition_locks_the_owner_out() {
        let locked =
            |statement: Value| locks_out(&policy(json!([statement])), BUCKET, "111111111111");
        let all = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, "arn:aws:s3:::b/*"]});
        assert!(locked(all.clone()));
        let with = |member: &str, value: Value| {
            let mut statement = all.clone();
            statement[member] = value;
            statement
        };
        assert!(locked(with("Principal", json!({"AWS": "111111111111"}))));
        assert!(locked(with("Action", json!(["s3:*BucketPolicy"]))));
        // The policy can still be deleted; only objects are denied; somebody is exempt; a condition.
        assert!(!locked(with("Action", json!("s3:PutBucketPolicy"))));
        assert!(!locked(with("Resource", json!("arn:aws:s3:::b/*"))));
        assert!(!locked(with("Principal", json!({"AWS": "222222222222"}))));
        assert!(!locked(with(
            "Condition",
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
        )));
        let mut exempt = all.clone();
        exempt.as_object_mut().unwrap().remove("Principal");
        exempt["NotPrincipal"] = json!({"AWS": "arn:aws:iam::111111111111:role/admin"});
        assert!(!locked(exempt));
    }

    #[test]
    fn headers_that_the_default_would_make_up_for() {
        let refused = |condition: Value, default: &str, key: &str| {
            let policy = policy(
                json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::b/*", "Condition": condition}]),
            );
            !refuses_default_uploads(&policy, BUCKET, default, key).is_empty()
        };
        let header = "s3:x-amz-server-side-encryption";
        let not_kms = json!({"StringNotEquals": {header: "aws:kms"}});
        assert!(refused(not_kms.clone(), "aws:kms", ""));
        // The default would not do what is demanded.
        assert!(!refused(not_kms.clone(), "AES256", ""));
        assert!(refused(json!({"Null": {header: "true"}}), "AES256", ""));
        // Written well: whoever sends no header is let through.
        assert!(!refused(
            json!({"StringNotEqualsIfExists": {header: "aws:kms"}}),
            "aws:kms",
            ""
        ));
        assert!(!refused(
            json!({"StringNotEquals": {header: "aws:kms"}, "Null": {header: "false"}}),
            "aws:kms",
            ""
        ));
        let key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
        let arn = "arn:aws:kms:eu-west-1:111111111111:key/k";
        assert!(refused(
            json!({"StringNotEquals": {key: arn}}),
            "aws:kms",
            arn
        ));
        assert!(!refused(
            json!({"StringNotEquals": {key: arn}}),
            "aws:kms",
            "other"
        ));
        assert!(!refused(
            json!({"StringNotEqualsIfExists": {key: arn}}),
            "aws:kms",
            arn
        ));
    }

    #[test]
    fn what_holds_a_service_to_somebody() {
        let scoped = |condition: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            let found = services(&policy(json!([statement])));
            assert_eq!(found.len(), 1);
            found[0].scoped
        };
        assert!(!scoped(Value::Null));
        assert!(scoped(
            json!({"StringEquals": {"aws:SourceAccount": "111111111111"}})
        ));
        assert!(scoped(
            json!({"StringEquals": {"aws:SourceOrgID": "o-abc"}})
        ));
        assert!(scoped(
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111111111111:*"}})
        ));
        // No account in it; any account; absent keys; another key.
        assert!(!scoped(
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}})
        ));
        assert!(!scoped(
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}})
        ));
        assert!(!scoped(
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}})
        ));
        assert!(!scoped(
            json!({"StringNotEquals": {"aws:SourceAccount": "222222222222"}})
        ));
        assert!(!scoped(
            json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
        ));
        // An ARN of S3 with the account beside it.
        assert!(scoped(
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"},
            "StringEquals": {"aws:SourceAccount": "111111111111"}})
        ));
    }
}
