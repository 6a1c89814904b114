//! A modest look at a bucket policy: bounds that are certain, and nothing in between.
//!
//! For each class of action the policy's reach is bounded from both sides. From below by *finding* a
//! request: a few hundred candidates are made from the policy's own literals, and one counts only
//! when an Allow surely matches it and no Deny can. From above by *ruling out* statement after
//! statement: principals it does not name, conditions that cannot hold, a Deny that surely covers
//! it. Where the bounds meet the answer is known; elsewhere it is left to the policy engine, whose
//! search is complete. The same two moves decide whether every request over plain HTTP, or every
//! upload with a customer's key, is denied.
//!
//! Terms: a value is *free* when any caller can have it (a header, TLS or not, an address anywhere),
//! and *held* when only some callers do (an account id, an organization, a VPC endpoint, a small
//! range of addresses). What takes a held value that the policy names is constrained, not public.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{self, Action, On};
use super::condition::{Certainty, Key, Network, is_constraint};
use super::document::{
    Condition, Effect, Element, Operator, Place, Policy, Principal, Quantifier, Statement,
    TextMatch, Version,
};
use super::parse::{is_account_id, principal_arn};
use super::pattern::{Pattern, Token};
use crate::facts::s3::exposure::{ActionClass, Audience};
use crate::report::Reach;

/// The bucket a policy is read for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The bucket's ARN.
    pub arn: String,
    /// The owner's 12-digit account id.
    pub owner: String,
    /// The time requests are made at, RFC 3339: the snapshot's.
    pub now: String,
}

/// Whether a Deny meets every request of some kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Every one.
    Complete,
    /// Some request is surely not denied.
    Partial,
    /// Neither was shown.
    Undecided,
}

const SECURE_TRANSPORT: &str = "aws:securetransport";
const TLS_VERSION: &str = "s3:tlsversion";
const SOURCE_IP: &str = "aws:sourceip";
const SSE_C_HEADER: &str = "s3:x-amz-server-side-encryption-customer-algorithm";

/// The service that delivers server access logs (S3 user guide, "Enabling server access logging").
const LOG_DELIVERY: &str = "logging.s3.amazonaws.com";

/// Candidate requests looked at for one question before giving up.
const CANDIDATE_LIMIT: usize = 4_000;

/// An account nobody names; AWS does not give out ids that begin with four zeros.
const FRESH_ACCOUNT: &str = "000000007357";

/// What stands for a wildcard in a made-up name.
const FRESH_TEXT: &str = "coldbucket-7f3a";

/// Public addresses that nobody's policy is about.
const FRESH_ADDRESSES: [&str; 3] = ["9.9.9.9", "185.15.59.224", "2620:fe::fe"];

/// The least and the most that the policy lets the audience do with a class of actions.
pub fn reach(
    policy: &Policy,
    target: &Target,
    audience: Audience,
    class: ActionClass,
) -> (Reach, Reach) {
    let allows: Vec<&Statement> = policy.with_effect(Effect::Allow).collect();
    reach_through(policy, target, audience, class, &allows)
}

/// The same for grants that are not in the policy, such as an ACL's: its Deny statements hold for
/// them as well.
pub fn reach_through(
    policy: &Policy,
    target: &Target,
    audience: Audience,
    class: ActionClass,
    allows: &[&Statement],
) -> (Reach, Reach) {
    let mut low = Reach::Unreachable;
    let mut high = Reach::Unreachable;
    let screen = Screen {
        policy,
        target,
        fixed: BTreeMap::new(),
    };
    let mut budget = CANDIDATE_LIMIT;
    let all: Vec<&Action> = catalogue::of_class(class).collect();
    for allow in allows {
        for action in screen.distinct(&all, Some(*allow)) {
            let most = screen.most(allow, action, audience);
            high = high.max(most);
            if most > low {
                low = low.max(screen.find(allow, action, audience, most, &mut budget));
            }
        }
    }
    (low.min(high), high)
}

/// An Allow without conditions, for grants that are not written as a policy.
pub fn grant(principal: Principal, actions: &[&str], resources: &[&Pattern]) -> Statement {
    Statement {
        index: 0,
        place: Place::START,
        end: 0,
        sid: None,
        effect: Effect::Allow,
        principal: Some(Element {
            negated: false,
            items: vec![principal],
        }),
        action: Element {
            negated: false,
            items: actions
                .iter()
                .map(|action| Pattern::action(action))
                .collect(),
        },
        resource: Some(Element {
            negated: false,
            items: resources.iter().map(|pattern| (*pattern).clone()).collect(),
        }),
        conditions: Vec::new(),
    }
}

/// Whether every request over plain HTTP is denied, whoever makes it.
pub fn denies_plain_http(policy: &Policy, target: &Target) -> Denial {
    let screen = Screen {
        policy,
        target,
        fixed: BTreeMap::from([(SECURE_TRANSPORT, Key::Value("false".to_owned()))]),
    };
    screen.denial(&catalogue::actions().iter().collect::<Vec<_>>())
}

/// Whether every upload with a customer's own key (SSE-C) is denied. Such a request needs HTTPS and
/// cannot ask for another encryption at the same time (S3 user guide, "Using SSE-C").
pub fn denies_sse_c(policy: &Policy, target: &Target) -> Denial {
    let screen = Screen {
        policy,
        target,
        fixed: BTreeMap::from([
            (SECURE_TRANSPORT, Key::Value("true".to_owned())),
            (SSE_C_HEADER, Key::Value("AES256".to_owned())),
            ("s3:x-amz-server-side-encryption", Key::Absent),
            (
                "s3:x-amz-server-side-encryption-aws-kms-key-id",
                Key::Absent,
            ),
        ]),
    };
    let put: Vec<&Action> = catalogue::actions()
        .iter()
        .filter(|action| action.name == "s3:PutObject")
        .collect();
    screen.denial(&put)
}

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

/// True when some Allow lets everybody in without any condition, and lets them do something: what
/// AWS's documentation calls public beyond doubt.
pub fn is_plainly_public(policy: &Policy, target: &Target) -> bool {
    policy.with_effect(Effect::Allow).any(|allow| {
        names_everyone(allow)
            && allow.conditions.is_empty()
            && catalogue::actions().iter().any(|action| {
                takes(&allow.action, &action.folded) && touches(allow, &space(target, action.on))
            })
    })
}

/// Everybody outside the owner's account whom an Allow names, by principal or by a condition on
/// everybody: account ids, organization ids, canonical user ids, federated providers. Deny
/// statements are not subtracted. CloudFront's origin access identities belong to no account and
/// are left out.
pub fn outsiders(policy: &Policy, target: &Target) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for allow in policy.with_effect(Effect::Allow) {
        let reaches = catalogue::actions().iter().any(|action| {
            takes(&allow.action, &action.folded) && touches(allow, &space(target, action.on))
        });
        if !reaches {
            continue;
        }
        for item in allow
            .principal
            .iter()
            .filter(|principal| !principal.negated)
            .flat_map(|principal| &principal.items)
        {
            match item {
                Principal::Account(account) => {
                    found.insert(account.clone());
                }
                Principal::Arn(arn) if is_account_id(&arn.account) => {
                    found.insert(arn.account.clone());
                }
                Principal::CanonicalUser(id) => {
                    found.insert(id.clone());
                }
                Principal::Federated(provider) => {
                    found.insert(account_of_arn(provider).unwrap_or(provider).to_owned());
                }
                Principal::Everyone => {
                    found.extend(allow.conditions.iter().flat_map(named_by_condition));
                }
                Principal::Arn(_) | Principal::UniqueId(_) | Principal::Service(_) => {}
            }
        }
    }
    found.remove(&target.owner);
    found
}

/// The account field of an ARN, when there is one.
fn account_of_arn(text: &str) -> Option<&str> {
    if !text.starts_with("arn:") {
        return None;
    }
    text.split(':')
        .nth(4)
        .filter(|account| is_account_id(account))
}

/// The accounts and organizations that a condition requires the caller to belong to.
fn named_by_condition(condition: &Condition) -> Vec<String> {
    if condition.operator.is_negated() || condition.operator == Operator::Null {
        return Vec::new();
    }
    let values = condition.values.iter().map(String::as_str);
    match condition.key.as_str() {
        "aws:principalaccount" | "s3:dataaccesspointaccount" | "aws:principalorgid" => {
            values.map(str::to_owned).collect()
        }
        "aws:principalarn" | "s3:dataaccesspointarn" => values
            .filter_map(account_of_arn)
            .map(str::to_owned)
            .collect(),
        "aws:principalorgpaths" => values
            .filter_map(|path| path.split('/').next())
            .filter(|organization| organization.starts_with("o-"))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
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
                gaps(statement, target, policy.version).join(", ")
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
        "aws:SecureTransport is only asked for in an Allow, which keeps nobody else out".to_owned()
    } else {
        "no statement denies requests with aws:SecureTransport false".to_owned()
    }
}

/// What a Deny on the transport leaves open.
fn gaps(deny: &Statement, target: &Target, version: Version) -> Vec<String> {
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
            let http = Key::Value("false".to_owned());
            if condition.holds(&http, version) != Certainty::Always {
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

/// True for the actions whose requests have a prefix and a delimiter.
fn lists(action: &Action) -> bool {
    action.name.starts_with("s3:ListBucket")
}

/// Who makes a candidate request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Caller {
    Anonymous,
    /// A user, role or root by its ARN.
    Signed {
        account: String,
        arn: String,
    },
    /// An account of which only the canonical id is known.
    Canonical(String),
    /// An AWS service on its own behalf.
    Service(String),
}

impl Caller {
    fn user(account: &str) -> Self {
        Self::Signed {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{FRESH_TEXT}"),
        }
    }

    fn root(account: &str) -> Self {
        Self::Signed {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
        }
    }

    /// The caller that a principal names, and the account it belongs to.
    fn named(principal: &Principal) -> Option<Self> {
        match principal {
            Principal::Account(account) => Some(Self::root(account)),
            Principal::Arn(arn) => Some(Self::Signed {
                account: arn.account.clone(),
                arn: arn.text.clone(),
            }),
            Principal::CanonicalUser(id) => Some(Self::Canonical(id.clone())),
            Principal::Service(name) => Some(Self::Service(name.clone())),
            Principal::Everyone | Principal::UniqueId(_) | Principal::Federated(_) => None,
        }
    }

    fn is_of(&self, owner: &str) -> bool {
        matches!(self, Self::Signed { account, .. } if account == owner)
    }
}

/// What a condition key can be in a candidate request.
struct Options {
    /// The values, each with what it takes to have it.
    values: Vec<(Key, Reach)>,
    /// There is no other possibility.
    exhaustive: bool,
}

impl Options {
    fn only(key: Key) -> Self {
        Self {
            values: vec![(key, Reach::Reachable)],
            exhaustive: true,
        }
    }

    fn open(values: Vec<(Key, Reach)>) -> Self {
        Self {
            values,
            exhaustive: false,
        }
    }

    fn unknown() -> Self {
        Self::open(Vec::new())
    }
}

/// One policy under one set of assumptions.
struct Screen<'a> {
    policy: &'a Policy,
    target: &'a Target,
    /// Keys whose value the question itself fixes.
    fixed: BTreeMap<&'static str, Key>,
}

impl Screen<'_> {
    // ---- From above ------------------------------------------------------------------------

    /// The most that one Allow can let the audience do by one action.
    fn most(&self, allow: &Statement, action: &Action, audience: Audience) -> Reach {
        let space = space(self.target, action.on);
        if !takes(&allow.action, &action.folded) || !touches(allow, &space) {
            return Reach::Unreachable;
        }
        if self.only_void_resources(allow, action, audience) {
            return Reach::Unreachable;
        }
        let mut most = audience_of(allow, audience, &self.target.owner);
        for condition in &allow.conditions {
            most = most.min(self.passable(condition, action, audience));
        }
        for deny in self.policy.with_effect(Effect::Deny) {
            if most > Reach::Unreachable && self.shadows(deny, allow, action, &space) {
                let escape = deny
                    .conditions
                    .iter()
                    .map(|condition| self.avoidable(condition, action, audience))
                    .max()
                    .unwrap_or(Reach::Unreachable);
                most = most.min(escape);
            }
        }
        most
    }

    /// True when every resource holds a variable that no request of the audience fills.
    fn only_void_resources(&self, allow: &Statement, action: &Action, audience: Audience) -> bool {
        allow.resource.as_ref().is_some_and(|resource| {
            !resource.negated
                && resource.items.iter().all(|item| {
                    item.tokens.iter().any(|token| match token {
                        Token::Variable { key, default: None } => {
                            self.class_key(key, action, audience) == Key::Absent
                        }
                        _ => false,
                    })
                })
        })
    }

    /// True when the Deny, its conditions aside, meets everything this Allow can let in.
    fn shadows(
        &self,
        deny: &Statement,
        allow: &Statement,
        action: &Action,
        space: &Pattern,
    ) -> bool {
        if !names_everyone(deny) || !takes(&deny.action, &action.folded) {
            return false;
        }
        if covers_space(deny, space) {
            return true;
        }
        let Some(resource) = allow.resource.as_ref().filter(|resource| !resource.negated) else {
            return false;
        };
        resource
            .items
            .iter()
            .filter(|item| item.overlaps(space))
            .all(|item| covers_space(deny, item))
    }

    /// What it takes to meet a condition of an Allow.
    fn passable(&self, condition: &Condition, action: &Action, audience: Audience) -> Reach {
        let key = self.class_key(&condition.key, action, audience);
        if condition.holds(&key, self.policy.version) == Certainty::Never {
            return Reach::Unreachable;
        }
        let requires = !condition.operator.is_negated()
            && !condition.if_exists
            && condition.quantifier != Quantifier::ForAllValues
            && self.names_held_values(condition);
        if !requires {
            return Reach::Reachable;
        }
        if audience == Audience::AnyAwsAccount && self.names_only_owner(condition) {
            return Reach::Unreachable;
        }
        Reach::Constrained
    }

    /// What it takes to escape a condition of a Deny.
    fn avoidable(&self, condition: &Condition, action: &Action, audience: Audience) -> Reach {
        let key = self.class_key(&condition.key, action, audience);
        if condition.holds(&key, self.policy.version) == Certainty::Always {
            return Reach::Unreachable;
        }
        let excepts = condition.operator.is_negated()
            && condition.quantifier == Quantifier::Single
            && self.names_held_values(condition);
        if !excepts {
            return Reach::Reachable;
        }
        if audience == Audience::AnyAwsAccount && self.names_only_owner(condition) {
            return Reach::Unreachable;
        }
        Reach::Constrained
    }

    /// The key's value where it is the same in every request of the audience.
    fn class_key(&self, key: &str, action: &Action, audience: Audience) -> Key {
        let caller = match audience {
            Audience::Anonymous => Caller::Anonymous,
            Audience::AnyAwsAccount => Caller::user(FRESH_ACCOUNT),
        };
        let options = self.options(key, &caller, action);
        match options.values.as_slice() {
            [(value, _)] if options.exhaustive => value.clone(),
            _ => Key::Unknown,
        }
    }

    /// True when the condition's values are all such that a caller nobody named cannot have one.
    fn names_held_values(&self, condition: &Condition) -> bool {
        if condition.values.is_empty() {
            return false;
        }
        if let Operator::Ip { .. } = condition.operator {
            let networks: Option<Vec<Network>> = condition
                .values
                .iter()
                .map(|value| Network::parse(value))
                .collect();
            return condition.key == SOURCE_IP
                && networks.is_some_and(|networks| is_constraint(&networks));
        }
        let wild = match condition.operator {
            Operator::Text {
                how: TextMatch::Like,
                ..
            }
            | Operator::Arn { .. } => true,
            Operator::Text { .. } => false,
            _ => return false,
        };
        condition.values.iter().all(|value| {
            let pattern = Pattern::new(value, self.policy.version);
            if pattern.has_variable() {
                return false;
            }
            // Up to its first wildcard the value is fixed.
            let fixed: &str = if wild {
                value.split(['*', '?']).next().unwrap_or_default()
            } else {
                value
            };
            let whole = fixed.len() == value.len() && !value.is_empty();
            match condition.key.as_str() {
                "aws:principalaccount"
                | "aws:principalorgid"
                | "aws:sourcevpc"
                | "aws:sourcevpce"
                | "s3:dataaccesspointaccount" => whole,
                "aws:principalarn" | "s3:dataaccesspointarn" => account_of_arn(fixed).is_some(),
                "aws:principalorgpaths" => fixed.starts_with("o-") && fixed.contains('/'),
                "aws:userid" => fixed.len() >= 16,
                _ => false,
            }
        })
    }

    /// True when a condition names principals of the owner's account and no others.
    fn names_only_owner(&self, condition: &Condition) -> bool {
        let owner = self.target.owner.as_str();
        match condition.key.as_str() {
            "aws:principalaccount" => condition.values.iter().all(|value| value == owner),
            "aws:principalarn" => condition
                .values
                .iter()
                .all(|value| account_of_arn(value) == Some(owner)),
            _ => false,
        }
    }

    // ---- From below ------------------------------------------------------------------------

    /// The most that some candidate request surely gets through this Allow.
    fn find(
        &self,
        allow: &Statement,
        action: &Action,
        audience: Audience,
        enough: Reach,
        budget: &mut usize,
    ) -> Reach {
        let callers: Vec<(Caller, Reach)> = match audience {
            Audience::Anonymous => vec![(Caller::Anonymous, Reach::Reachable)],
            Audience::AnyAwsAccount => {
                std::iter::once((Caller::user(FRESH_ACCOUNT), Reach::Reachable))
                    .chain(
                        self.named_callers([allow])
                            .into_iter()
                            .filter(|caller| !matches!(caller, Caller::Service(_)))
                            .map(|caller| (caller, Reach::Constrained)),
                    )
                    .filter(|(caller, _)| !caller.is_of(&self.target.owner))
                    .collect()
            }
        };
        let mut best = Reach::Unreachable;
        for (caller, level) in &callers {
            for resource in self.resources(action.on) {
                if best >= enough || *budget == 0 {
                    return best;
                }
                self.each_context(caller, action, Some(allow), budget, &mut |context, held| {
                    let reach = held.min(*level);
                    if reach > best
                        && self.surely_matches(allow, caller, action, &resource, context)
                        && self.surely_not_denied(caller, action, &resource, context)
                    {
                        best = reach;
                    }
                    best >= enough
                });
            }
        }
        best
    }

    /// Whether the Deny statements meet every request for these actions.
    fn denial(&self, actions: &[&Action]) -> Denial {
        let open: Vec<&Action> = actions
            .iter()
            .copied()
            .filter(|action| !self.is_denied_outright(action))
            .collect();
        if open.is_empty() {
            return Denial::Complete;
        }
        let mut callers = vec![
            Caller::user(&self.target.owner),
            Caller::root(&self.target.owner),
            Caller::Anonymous,
        ];
        callers.extend(self.named_callers(self.policy.with_effect(Effect::Deny)));
        callers.push(Caller::Service(FRESH_TEXT.to_owned()));
        let mut budget = CANDIDATE_LIMIT;
        for action in self.distinct(&open, None) {
            for caller in &callers {
                for resource in self.resources(action.on) {
                    let mut escaped = false;
                    self.each_context(caller, action, None, &mut budget, &mut |context, _| {
                        escaped = self.surely_not_denied(caller, action, &resource, context);
                        escaped
                    });
                    if escaped {
                        return Denial::Partial;
                    }
                }
            }
        }
        Denial::Undecided
    }

    /// One of each group of actions that every statement treats alike. ListBucket and its kin carry
    /// keys that others do not, so they are told apart.
    fn distinct<'c>(&self, actions: &[&'c Action], allow: Option<&Statement>) -> Vec<&'c Action> {
        let mut seen: BTreeSet<(On, bool, Vec<bool>)> = BTreeSet::new();
        actions
            .iter()
            .copied()
            .filter(|action| {
                let row = self
                    .policy
                    .statements
                    .iter()
                    .chain(allow)
                    .map(|statement| takes(&statement.action, &action.folded))
                    .collect();
                seen.insert((action.on, lists(action), row))
            })
            .collect()
    }

    /// True when one Deny surely meets every request for the action.
    fn is_denied_outright(&self, action: &Action) -> bool {
        let space = space(self.target, action.on);
        self.policy.with_effect(Effect::Deny).any(|deny| {
            names_everyone(deny)
                && takes(&deny.action, &action.folded)
                && covers_space(deny, &space)
                && deny.conditions.iter().all(|condition| {
                    let key = self
                        .fixed
                        .get(condition.key.as_str())
                        .cloned()
                        .unwrap_or(Key::Unknown);
                    condition.holds(&key, self.policy.version) == Certainty::Always
                })
        })
    }

    /// The callers that statements name, as principals or in conditions.
    fn named_callers<'s>(
        &self,
        statements: impl IntoIterator<Item = &'s Statement>,
    ) -> Vec<Caller> {
        let mut callers: Vec<Caller> = Vec::new();
        for statement in statements {
            let principals = statement
                .principal
                .iter()
                .flat_map(|element| &element.items);
            let by_name = principals.filter_map(Caller::named);
            let by_condition = statement
                .conditions
                .iter()
                .filter(|condition| {
                    matches!(
                        condition.key.as_str(),
                        "aws:principalaccount" | "aws:principalarn"
                    )
                })
                .flat_map(|condition| &condition.values)
                .filter_map(|value| {
                    let value = Pattern::new(value, self.policy.version).example(FRESH_TEXT)?;
                    if is_account_id(&value) {
                        return Some(Caller::user(&value));
                    }
                    principal_arn(&value).as_ref().and_then(Caller::named)
                });
            for caller in by_name.chain(by_condition) {
                if !callers.contains(&caller) {
                    callers.push(caller);
                }
            }
        }
        callers
    }

    /// Resources of the kind: made-up ones, and examples of the policy's own patterns.
    fn resources(&self, on: On) -> Vec<String> {
        let arn = &self.target.arn;
        if on == On::Bucket {
            return vec![arn.clone()];
        }
        let mut found = vec![format!("{arn}/{FRESH_TEXT}")];
        for pattern in self
            .policy
            .statements
            .iter()
            .filter_map(|statement| statement.resource.as_ref())
            .flat_map(|resource| &resource.items)
        {
            for run in [FRESH_TEXT, ""] {
                if let Some(example) = pattern.example(run)
                    && !found.contains(&example)
                    && example
                        .strip_prefix(arn.as_str())
                        .and_then(|rest| rest.strip_prefix('/'))
                        .is_some_and(|key| !key.is_empty())
                {
                    found.push(example);
                }
            }
        }
        found
    }

    /// Every combination of values for the keys that matter, until `stop` says that it is enough or
    /// the budget is used up.
    fn each_context(
        &self,
        caller: &Caller,
        action: &Action,
        allow: Option<&Statement>,
        budget: &mut usize,
        stop: &mut dyn FnMut(&BTreeMap<String, Key>, Reach) -> bool,
    ) {
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for statement in self.policy.with_effect(Effect::Deny).chain(allow) {
            keys.extend(
                statement
                    .conditions
                    .iter()
                    .map(|condition| condition.key.as_str()),
            );
        }
        let mut choices: Vec<(String, Vec<(Key, Reach)>)> = Vec::new();
        for key in keys {
            let values = self.options(key, caller, action).values;
            if !values.is_empty() {
                choices.push((key.to_owned(), values));
            }
        }
        let mut positions = vec![0_usize; choices.len()];
        loop {
            let Some(left) = budget.checked_sub(1) else {
                return;
            };
            *budget = left;
            let mut context = BTreeMap::new();
            let mut level = Reach::Reachable;
            for ((key, values), position) in choices.iter().zip(&positions) {
                if let Some((value, held)) = values.get(*position) {
                    context.insert(key.clone(), value.clone());
                    level = level.min(*held);
                }
            }
            if is_consistent(&context) && stop(&context, level) {
                return;
            }
            // The next combination, like the digits of a number.
            let mut carry = true;
            for ((_, values), position) in choices.iter().zip(positions.iter_mut()) {
                if carry {
                    *position += 1;
                    carry = *position >= values.len();
                    if carry {
                        *position = 0;
                    }
                }
            }
            if carry {
                return;
            }
        }
    }

    /// What a key can be in a request by this caller for this action. Which keys a request carries
    /// is written in the IAM user guide, "AWS global condition context keys", and in the Service
    /// Authorization Reference for Amazon S3.
    fn options(&self, key: &str, caller: &Caller, action: &Action) -> Options {
        let value = |text: &str| Key::Value(text.to_owned());
        if let Some(fixed) = self.fixed.get(key) {
            return Options::only(fixed.clone());
        }
        let anonymous = matches!(caller, Caller::Anonymous);
        let with_literals = |first: Vec<(Key, Reach)>, level: Reach| {
            let literals = self.literals(key).into_iter();
            Options::open(
                first
                    .into_iter()
                    .chain(literals.map(|literal| (Key::Value(literal), level)))
                    .collect(),
            )
        };
        let absent_or = |level| with_literals(vec![(Key::Absent, Reach::Reachable)], level);
        let (name, _) = key.split_once('/').unwrap_or((key, ""));
        match name {
            SECURE_TRANSPORT => Options {
                values: vec![
                    (value("true"), Reach::Reachable),
                    (value("false"), Reach::Reachable),
                ],
                exhaustive: true,
            },
            // Who asks.
            "aws:principalaccount" => match caller {
                Caller::Anonymous => Options::only(value("anonymous")),
                Caller::Signed { account, .. } => {
                    Options::open(vec![(value(account), Reach::Reachable)])
                }
                Caller::Canonical(_) => Options::unknown(),
                Caller::Service(_) => Options::only(Key::Absent),
            },
            "aws:principalarn" => match caller {
                Caller::Anonymous | Caller::Service(_) => Options::only(Key::Absent),
                Caller::Signed { arn, .. } => Options::open(vec![(value(arn), Reach::Reachable)]),
                Caller::Canonical(_) => Options::unknown(),
            },
            "aws:principaltype" if anonymous => Options::only(value("Anonymous")),
            "aws:userid" if anonymous => Options::only(value("anonymous")),
            "aws:userid" | "aws:principaltype" => Options::unknown(),
            "aws:principalorgid" | "aws:principalorgpaths" => match caller {
                Caller::Anonymous | Caller::Service(_) => Options::only(Key::Absent),
                _ => absent_or(Reach::Constrained),
            },
            // Whoever signs may tag his own users and roles.
            "aws:principaltag" => match caller {
                Caller::Anonymous | Caller::Service(_) => Options::only(Key::Absent),
                _ => absent_or(Reach::Reachable),
            },
            "aws:principalisawsservice" => match caller {
                Caller::Anonymous => Options::only(Key::Absent),
                Caller::Service(_) => Options::only(value("true")),
                _ => Options::only(value("false")),
            },
            "aws:principalservicename" | "aws:principalservicenameslist" => match caller {
                Caller::Service(name) => Options::open(vec![(value(name), Reach::Reachable)]),
                _ => Options::only(Key::Absent),
            },
            "aws:username"
            | "aws:federatedprovider"
            | "aws:multifactorauthpresent"
            | "aws:multifactorauthage"
            | "aws:tokenissuetime"
            | "aws:sourceidentity" => {
                if anonymous {
                    Options::only(Key::Absent)
                } else {
                    Options::unknown()
                }
            }
            "aws:viaawsservice" => Options::open(vec![(value("false"), Reach::Reachable)]),
            // On whose behalf a service asks; nobody else sends them.
            "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceowner" | "aws:sourceorgid"
            | "aws:sourceorgpaths" => match caller {
                Caller::Service(_) => Options::unknown(),
                _ => Options::only(Key::Absent),
            },
            // From where.
            SOURCE_IP => self.addresses(),
            "aws:sourcevpc" | "aws:sourcevpce" => {
                let own = if name == "aws:sourcevpc" {
                    "vpc-00000000000007357"
                } else {
                    "vpce-00000000000007357"
                };
                with_literals(
                    vec![
                        (Key::Absent, Reach::Reachable),
                        // Anyone can make an endpoint of his own.
                        (value(own), Reach::Reachable),
                    ],
                    Reach::Constrained,
                )
            }
            // How.
            TLS_VERSION => match self.fixed.get(SECURE_TRANSPORT) {
                Some(Key::Value(secure)) if secure == "false" => Options::only(Key::Absent),
                _ => Options::open(vec![(value("1.3"), Reach::Reachable)]),
            },
            "aws:useragent" => with_literals(
                vec![(value(FRESH_TEXT), Reach::Reachable)],
                Reach::Reachable,
            ),
            "aws:referer" => absent_or(Reach::Reachable),
            "aws:currenttime" => Options::only(value(&self.target.now)),
            "aws:resourceaccount" | "s3:resourceaccount" => {
                Options::only(value(&self.target.owner))
            }
            "s3:dataaccesspointaccount" | "s3:dataaccesspointarn" => absent_or(Reach::Constrained),
            "s3:prefix" | "s3:delimiter" | "s3:max-keys" => {
                if lists(action) {
                    absent_or(Reach::Reachable)
                } else {
                    Options::only(Key::Absent)
                }
            }
            header if header.starts_with("s3:x-amz-") => absent_or(Reach::Reachable),
            _ => Options::unknown(),
        }
    }

    /// Examples of the values that the policy names for a key.
    fn literals(&self, key: &str) -> BTreeSet<String> {
        self.policy
            .statements
            .iter()
            .flat_map(|statement| &statement.conditions)
            .filter(|condition| condition.key == key && condition.operator != Operator::Null)
            .flat_map(|condition| &condition.values)
            .filter_map(|value| Pattern::new(value, self.policy.version).example(FRESH_TEXT))
            .collect()
    }

    /// Addresses to come from: anywhere, from each range the policy names, and through an endpoint
    /// in a VPC, where the key is absent.
    fn addresses(&self) -> Options {
        let ranges: Vec<Vec<Network>> = self
            .policy
            .statements
            .iter()
            .flat_map(|statement| &statement.conditions)
            .filter(|condition| condition.key == SOURCE_IP)
            .map(|condition| {
                condition
                    .values
                    .iter()
                    .filter_map(|value| Network::parse(value))
                    .collect()
            })
            .collect();
        let narrow = |address: IpAddr| {
            ranges.iter().any(|networks| {
                is_constraint(networks) && networks.iter().any(|network| network.contains(address))
            })
        };
        let addresses = FRESH_ADDRESSES
            .iter()
            .filter_map(|address| address.parse::<IpAddr>().ok())
            .chain(ranges.iter().flatten().map(Network::address));
        let mut values: Vec<(Key, Reach)> = addresses
            .map(|address| {
                let level = if narrow(address) {
                    Reach::Constrained
                } else {
                    Reach::Reachable
                };
                (Key::Value(address.to_string()), level)
            })
            .collect();
        values.push((Key::Absent, Reach::Reachable));
        Options::open(values)
    }

    fn surely_matches(
        &self,
        statement: &Statement,
        caller: &Caller,
        action: &Action,
        resource: &str,
        context: &BTreeMap<String, Key>,
    ) -> bool {
        self.matches(statement, caller, action, resource, context) == Certainty::Always
    }

    fn surely_not_denied(
        &self,
        caller: &Caller,
        action: &Action,
        resource: &str,
        context: &BTreeMap<String, Key>,
    ) -> bool {
        self.policy
            .with_effect(Effect::Deny)
            .all(|deny| self.matches(deny, caller, action, resource, context) == Certainty::Never)
    }

    /// Whether a statement matches a candidate request.
    fn matches(
        &self,
        statement: &Statement,
        caller: &Caller,
        action: &Action,
        resource: &str,
        context: &BTreeMap<String, Key>,
    ) -> Certainty {
        let known = |key: &str| context.get(key).cloned().unwrap_or(Key::Unknown);
        let action = Certainty::from_bool(takes(&statement.action, &action.folded));
        if action == Certainty::Never {
            return action;
        }
        let resource = statement
            .resource
            .as_ref()
            .map_or(Certainty::Always, |element| {
                let some = element.items.iter().fold(Certainty::Never, |found, item| {
                    found.or(if item.has_variable() {
                        Certainty::Perhaps
                    } else {
                        Certainty::from_bool(item.matches(resource))
                    })
                });
                if element.negated { some.negate() } else { some }
            });
        let principal = statement
            .principal
            .as_ref()
            .map_or(Certainty::Always, |element| names(element, caller));
        statement
            .conditions
            .iter()
            .fold(principal.and(resource), |all, condition| {
                all.and(condition.holds(&known(&condition.key), self.policy.version))
            })
    }
}

/// Whether a Principal or NotPrincipal element matches a caller.
fn names(element: &Element<Principal>, caller: &Caller) -> Certainty {
    let some = element.items.iter().fold(Certainty::Never, |found, item| {
        found.or(match (item, caller) {
            (Principal::Everyone, _) => Certainty::Always,
            (Principal::Account(id), Caller::Signed { account, arn }) if id == account => {
                // An account in NotPrincipal exempts its root for certain; whether its users and
                // roles too depends on what else is listed (IAM user guide, "NotPrincipal").
                if element.negated && !arn.ends_with(":root") {
                    Certainty::Perhaps
                } else {
                    Certainty::Always
                }
            }
            (Principal::Arn(named), Caller::Signed { account, arn }) => {
                if named.text == *arn {
                    Certainty::Always
                } else if named.service == "sts" && named.account == *account {
                    // One session of a role.
                    Certainty::Perhaps
                } else {
                    Certainty::Never
                }
            }
            (Principal::Service(named), Caller::Service(name)) => {
                Certainty::from_bool(named == name)
            }
            (Principal::CanonicalUser(named), Caller::Canonical(id)) => {
                Certainty::from_bool(named == id)
            }
            // Which account a canonical id belongs to is not known, nor how a session came about.
            (Principal::CanonicalUser(_) | Principal::Federated(_), Caller::Signed { .. })
            | (
                Principal::Account(_) | Principal::Arn(_) | Principal::Federated(_),
                Caller::Canonical(_),
            ) => Certainty::Perhaps,
            _ => Certainty::Never,
        })
    });
    if element.negated { some.negate() } else { some }
}

/// The most that a statement's principals can mean for the audience.
fn audience_of(statement: &Statement, audience: Audience, owner: &str) -> Reach {
    let Some(element) = &statement.principal else {
        return Reach::Unreachable;
    };
    if element.negated {
        return Reach::Reachable;
    }
    element
        .items
        .iter()
        .map(|item| match (item, audience) {
            (Principal::Everyone, _) => Reach::Reachable,
            (_, Audience::Anonymous) => Reach::Unreachable,
            (Principal::Account(account), _) if account == owner => Reach::Unreachable,
            (Principal::Arn(arn), _) if arn.account == owner => Reach::Unreachable,
            (Principal::Account(_) | Principal::Arn(_) | Principal::CanonicalUser(_), _) => {
                Reach::Constrained
            }
            // Anyone can get a session from a public provider through a role of his own account.
            (Principal::Federated(provider), _) => {
                if account_of_arn(provider) == Some(owner) {
                    Reach::Unreachable
                } else {
                    Reach::Reachable
                }
            }
            (Principal::UniqueId(_) | Principal::Service(_), _) => Reach::Unreachable,
        })
        .max()
        .unwrap_or(Reach::Unreachable)
}

/// A request comes from an address or through a VPC endpoint, never both, and an endpoint has an
/// id and a VPC.
fn is_consistent(context: &BTreeMap<String, Key>) -> bool {
    let present = |key: &str| {
        context.get(key).and_then(|value| match value {
            Key::Value(_) => Some(true),
            Key::Absent => Some(false),
            Key::Unknown => None,
        })
    };
    let endpoint = [
        present("aws:sourcevpce"),
        present("aws:sourcevpc"),
        present(SOURCE_IP).map(|address| !address),
    ];
    !(endpoint.contains(&Some(true)) && endpoint.contains(&Some(false)))
}
