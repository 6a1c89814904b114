//! Questions and rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use super::decide::{Authority, Gate};
use super::domains::Service;
use super::explain::{AccessDecision, Blocked};
use super::groups::{Group, GroupedFor, GroupsAt};
use super::outside::{Named, Party};
use super::rules::{AccessRule, ActionBits};
use super::search::Asked;
use super::subject::{Mention, Subject};
use super::world::{CompiledBucket, Place, Profile, Sided, World};
use crate::catalogue::{self, On};
use crate::contract::Reach;
use crate::document::Principal;
use crate::prove::caller::{CallerClass, PrincipalKind};
use crate::prove::compile::{Whom, resource_domain};
use crate::prove::glob::Glob;
use crate::prove::value::{Domain, Values};

/// Which objects of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectKeys {
    /// Some object: any key.
    Any,
    /// This key.
    Exactly(String),
    /// Some key that the pattern matches (`*` and `?`).
    Matching(String),
}

impl ObjectKeys {
    /// As a person writes it: nothing for any, a pattern where there is a wildcard.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("") => Self::Any,
            Some(text) if text.contains(['*', '?']) => Self::Matching(text.to_owned()),
            Some(text) => Self::Exactly(text.to_owned()),
        }
    }
}

/// A class of access: the actions of which one is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessClass {
    /// Read object data.
    Read,
    /// List the bucket.
    List,
    /// Write objects.
    Write,
    /// Delete objects.
    Delete,
    /// Change ACLs.
    Acl,
    /// Change the bucket's policy or protection.
    Takeover,
    /// Invoke a function.
    Invoke,
    /// Change a function's code or configuration.
    Alter,
}

impl AccessClass {
    /// Those of buckets.
    pub const OF_BUCKETS: [Self; 6] = [
        Self::Read,
        Self::List,
        Self::Write,
        Self::Delete,
        Self::Acl,
        Self::Takeover,
    ];
    /// Those of functions.
    pub const OF_FUNCTIONS: [Self; 2] = [Self::Invoke, Self::Alter];

    /// The name in outputs and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Acl => "acl",
            Self::Takeover => "takeover",
            Self::Invoke => "invoke",
            Self::Alter => "alter",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::OF_BUCKETS
            .into_iter()
            .chain(Self::OF_FUNCTIONS)
            .find(|class| class.name() == name)
    }

    /// The actions that stand for it, the first the plainest.
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["s3:GetObject", "s3:GetObjectVersion"],
            Self::List => &["s3:ListBucket", "s3:ListBucketVersions"],
            Self::Write => &["s3:PutObject"],
            Self::Delete => &["s3:DeleteObject", "s3:DeleteObjectVersion"],
            Self::Acl => &["s3:PutBucketAcl", "s3:PutObjectAcl"],
            Self::Takeover => &[
                "s3:PutBucketPolicy",
                "s3:DeleteBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutReplicationConfiguration",
                "s3:DeleteBucket",
            ],
            Self::Invoke => &["lambda:InvokeFunction"],
            Self::Alter => &[
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachQuestion {
    /// Actions of S3 or Lambda; one of them is enough.
    pub actions: Vec<String>,
    /// On which objects, for actions on objects.
    pub keys: ObjectKeys,
    /// Only verdicts: no witness is written down and checked.
    pub verdict_only: bool,
}

impl ReachQuestion {
    /// A class of access to any object.
    pub fn of_class(class: AccessClass) -> Self {
        Self {
            actions: class
                .actions()
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            keys: ObjectKeys::Any,
            verdict_only: false,
        }
    }
}

/// One principal and what was decided.
#[derive(Clone, Debug)]
pub struct ReachRow {
    /// An ARN, `anonymous`, `account:N`, `account:*`, `service:S`, `service:*` or `canonical:ID`.
    pub principal: String,
    /// The decision; shared by principals that nothing tells apart, whose ARN the witness may show.
    pub decision: Arc<AccessDecision>,
}

/// A bucket or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetNumber {
    Bucket(usize),
    Function(usize),
}

/// A question at one target.
#[derive(Debug)]
struct AskedAt<'a> {
    target: TargetNumber,
    /// Of the bucket or function.
    arn: String,
    actions: Vec<ActionAt<'a>>,
    verdict_only: bool,
}

/// An identity that is decided at a target, for all that the target does not tell apart from it.
struct Undecided<'a> {
    place: usize,
    profile: Option<&'a Profile>,
    /// Its sessions that a policy there names.
    sessions: Vec<&'a str>,
}

/// How many identities are worth another core.
const FEWEST_OF_A_CORE: usize = 16;

/// One of the actions that are asked about, at one target.
#[derive(Debug)]
struct ActionAt<'a> {
    /// As AWS writes it.
    name: &'a str,
    bits: ActionBits,
    /// What it is on: the bucket, its objects that are asked about, or the function.
    resource: Domain,
    /// What it needs of the key that encrypts objects.
    kms: Option<ActionBits>,
}

impl World {
    /// Who can do what is asked to a bucket, by name, or a function, by name or ARN: the identities in
    /// their order, the root user, and everyone outside whom a policy names.
    ///
    /// # Errors
    /// That there is no such bucket or function, or an action that is not known.
    pub fn who_can(&self, target: &str, question: &ReachQuestion) -> Result<Vec<ReachRow>, String> {
        let at = self.asked_at(self.target(target)?, question)?;
        let mut rows = self.identity_rows(&at, None);
        rows.extend(
            self.parties_of(&self.named_at(at.target), self.owner_of(at.target))
                .iter()
                .map(|party| ReachRow {
                    principal: party.name.clone(),
                    decision: Arc::new(self.party(&at, party)),
                }),
        );
        Ok(rows)
    }

    /// What one identity, by its ARN or `root`, can do to a bucket or function.
    ///
    /// # Errors
    /// As [`Self::who_can`], and that there is no such identity.
    pub fn can(
        &self,
        principal: &str,
        target: &str,
        question: &ReachQuestion,
    ) -> Result<Arc<AccessDecision>, String> {
        let at = self.asked_at(self.target(target)?, question)?;
        let place = self
            .subjects
            .iter()
            .position(|subject| subject.arn.as_deref() == Some(principal))
            .ok_or_else(|| format!("{principal} is no identity of this account"))?;
        self.identity_rows(&at, Some(place))
            .into_iter()
            .next()
            .map(|row| row.decision)
            .ok_or_else(|| format!("{principal} is no identity of this account"))
    }

    pub(super) fn target(&self, name: &str) -> Result<TargetNumber, String> {
        self.bucket(name)
            .map(TargetNumber::Bucket)
            .or_else(|| self.function(name).map(TargetNumber::Function))
            .ok_or_else(|| format!("{name}: no such bucket or function was read"))
    }

    fn named_at(&self, target: TargetNumber) -> Named {
        match target {
            TargetNumber::Bucket(place) => {
                let Some(bucket) = self.buckets.get(place) else {
                    return Named::default();
                };
                let mut named = bucket.named.clone();
                if let Some(key) = bucket.key.and_then(|key| self.keys.get(key)) {
                    named.extend(key.named.clone());
                }
                named
            }
            TargetNumber::Function(place) => self
                .functions
                .get(place)
                .map(|function| function.named.clone())
                .unwrap_or_default(),
        }
    }

    /// The owner of a bucket, where that is another account.
    fn owner_of(&self, target: TargetNumber) -> Option<&str> {
        match target {
            TargetNumber::Bucket(place) => self
                .buckets
                .get(place)
                .map(|bucket| bucket.record.owner.as_str())
                .filter(|owner| *owner != self.account),
            TargetNumber::Function(_) => None,
        }
    }

    /// What the identities of the account, in their order, and its root user can do: for many buckets at
    /// once, where only verdicts are wanted.
    ///
    /// # Errors
    /// As [`Self::who_can`].
    pub fn verdicts(&self, target: &str, question: &ReachQuestion) -> Result<Vec<Reach>, String> {
        let at = self.asked_at(self.target(target)?, question)?;
        let decisions = self.decisions(&at, None);
        Ok(decisions.iter().map(|decision| decision.reach).collect())
    }

    fn identity_rows(&self, at: &AskedAt<'_>, only: Option<usize>) -> Vec<ReachRow> {
        let subjects = self
            .subjects
            .iter()
            .enumerate()
            .filter(|(place, _)| only.is_none_or(|only| only == *place));
        subjects
            .zip(self.decisions(at, only))
            .map(|((_, subject), decision)| ReachRow {
                principal: subject.arn.clone().unwrap_or_default(),
                decision,
            })
            .collect()
    }

    /// Identities that neither what they have nor the target tells apart are decided once.
    fn decisions(&self, at: &AskedAt<'_>, only: Option<usize>) -> Vec<Arc<AccessDecision>> {
        let rules = self.rules_at(at.target);
        let keys = self.keys_of_callers(rules.iter().copied());
        let values: Vec<&[u32]> = keys.iter().map(|key| self.value_numbers(*key)).collect();
        let speaking: Vec<&AccessRule> = rules
            .iter()
            .copied()
            .filter(|rule| self.tells_own_apart(*rule))
            .filter_map(|rule| self.book.rules.get(rule))
            .collect();
        let spoken_of = self.spoken_of(&speaking);
        let sessions = self.sessions_at(at.target);
        let groups = self.groups_of(at);
        let without = (!self.grants_to_own(at)).then(|| {
            Arc::new(AccessDecision::unreachable(Blocked::because(
                "nothing",
                "no policy allows it",
            )))
        });
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut by_group: Vec<Option<usize>> = vec![None; groups.len()];
        let mut undecided: Vec<Undecided<'_>> = Vec::new();
        // By identity, the one of the undecided that it is decided with; none for those without a right.
        let mut decided_with: Vec<Option<usize>> = Vec::with_capacity(self.subjects.len());
        // What tells identities of one group apart at the target; its memory serves all of them.
        let mut told_apart: Vec<u32> = Vec::new();
        for (place, subject) in self.subjects.iter().enumerate() {
            if only.is_some_and(|only| only != place) {
                continue;
            }
            let number = self
                .profile_of
                .get(place)
                .and_then(|profile| groups.group_of.get(*profile))
                .copied()
                .unwrap_or(usize::MAX);
            let group = groups.get(number);
            if without.is_some() && group.is_some_and(Group::is_without) {
                decided_with.push(None);
                continue;
            }
            let profile = group.map(|group| &group.profile);
            let sessions = sessions_of(&sessions, subject);
            let is_spoken_of = spoken_of
                .as_ref()
                .is_none_or(|places| places.contains(&place));
            let mut next = |sessions| {
                undecided.push(Undecided {
                    place,
                    profile,
                    sessions,
                });
                undecided.len() - 1
            };
            if values.is_empty()
                && !is_spoken_of
                && sessions.is_empty()
                && let Some(known) = by_group.get_mut(number)
            {
                decided_with.push(Some(*known.get_or_insert_with(|| next(sessions))));
                continue;
            }
            told_apart.clear();
            told_apart.push(u32::try_from(number).unwrap_or(u32::MAX));
            // Which of the numbers below follow.
            told_apart.push(u32::from(is_spoken_of) * 2 + u32::from(!sessions.is_empty()));
            told_apart.extend(
                values
                    .iter()
                    .map(|numbers| numbers.get(place).copied().unwrap_or(u32::MAX)),
            );
            if is_spoken_of {
                told_apart.extend(speaking.iter().map(|rule| {
                    number_of(subject.granted_by(rule, None)) * 16
                        + number_of(subject.denied_by(rule))
                }));
            }
            if !sessions.is_empty() {
                // Its own sessions are no other role's.
                told_apart.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
            let number = match known.get(told_apart.as_slice()) {
                Some(number) => *number,
                None => {
                    let number = next(sessions);
                    known.insert(told_apart.clone(), number);
                    number
                }
            };
            decided_with.push(Some(number));
        }
        let decisions = self.decide_all(at, &undecided);
        let of = |number: Option<usize>| match number {
            Some(number) => decisions.get(number).cloned(),
            None => without.clone(),
        };
        decided_with.into_iter().filter_map(of).collect()
    }

    /// Decides identities: on all cores for one target, and on this one where verdicts are asked for many
    /// targets side by side.
    fn decide_all(
        &self,
        at: &AskedAt<'_>,
        undecided: &[Undecided<'_>],
    ) -> Vec<Arc<AccessDecision>> {
        let decide = |one: &Undecided<'_>| {
            Arc::new(self.identity(at, (one.place, one.profile), &one.sessions))
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let workers = cores.min(undecided.len() / FEWEST_OF_A_CORE);
        if at.verdict_only || workers < 2 {
            return undecided.iter().map(decide).collect();
        }
        let next = AtomicUsize::new(0);
        let mut decisions: Vec<(usize, Arc<AccessDecision>)> = Vec::new();
        thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            for _ in 0..workers {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(one) = undecided.get(number) else {
                            return;
                        };
                        // The receiver waits for all of them.
                        let _ = send.send((number, decide(one)));
                    }
                });
            }
            drop(send);
            decisions.extend(receive);
        });
        decisions.sort_by_key(|(number, _)| *number);
        decisions
            .into_iter()
            .map(|(_, decision)| decision)
            .collect()
    }

    /// The identities that the principal elements of rules may treat otherwise than those that they do
    /// not name: those whose names they list. None where that may be any.
    fn spoken_of(&self, speaking: &[&AccessRule]) -> Option<BTreeSet<usize>> {
        let mut places = BTreeSet::new();
        for rule in speaking {
            let Whom::Principals(element) = &rule.rule.whom else {
                return None;
            };
            if element.negated {
                return None;
            }
            for item in &element.items {
                match item {
                    Principal::Arn(arn) if arn.account == self.account => {
                        // The role of `assumed-role/ROLE/SESSION`, and the last part of any other name.
                        let name = match arn.kind.as_str() {
                            "assumed-role" => arn.name.split('/').next(),
                            _ => arn.name.rsplit('/').next(),
                        };
                        let named = name.and_then(|name| self.subjects_by_name.get(name));
                        places.extend(named.into_iter().flatten());
                    }
                    Principal::Federated(_) => return None,
                    _ => {}
                }
            }
        }
        Some(places)
    }

    /// The groups of identities at a target.
    fn groups_of(&self, at: &AskedAt<'_>) -> GroupsAt {
        let main = at
            .actions
            .iter()
            .fold(ActionBits::default(), |all, action| all.or(action.bits));
        let bucket = match at.target {
            TargetNumber::Bucket(place) => self.buckets.get(place),
            TargetNumber::Function(_) => None,
        };
        let keyed = at
            .actions
            .iter()
            .filter(|_| bucket.is_some_and(|bucket| bucket.key.is_some()))
            .filter_map(|action| action.kms)
            .fold(main, ActionBits::or);
        self.groups_at(
            bucket.map(|bucket| bucket.record.name.as_str()),
            GroupedFor {
                bits: keyed,
                main,
                by_name: !at.verdict_only,
            },
        )
    }

    /// Whether an Allow of the target's own policy can speak of an identity of the account.
    fn grants_to_own(&self, at: &AskedAt<'_>) -> bool {
        let (policy, acl): (_, &[usize]) = match at.target {
            TargetNumber::Bucket(place) => match self.buckets.get(place) {
                Some(bucket) => (Some(&bucket.policy), &bucket.acl),
                None => (None, &[]),
            },
            TargetNumber::Function(place) => {
                let function = self.functions.get(place);
                (function.map(|function| &function.policy), &[])
            }
        };
        let asked = |position: &usize| {
            let rule = self.book.rules.get(*position)?;
            let meets = at
                .actions
                .iter()
                .any(|action| rule.actions.meets(action.bits));
            meets.then_some(rule)
        };
        policy
            .iter()
            .flat_map(|policy| &policy.allows)
            .filter_map(asked)
            .any(|rule| self.can_speak_of_own(rule))
            || acl
                .iter()
                .filter_map(asked)
                .any(|rule| rule.rule.whom.may_be_public_group())
    }

    /// Whether the principal element of a rule can speak of an identity of the account.
    pub(super) fn can_speak_of_own(&self, rule: &AccessRule) -> bool {
        let Whom::Principals(element) = &rule.rule.whom else {
            return true;
        };
        element.negated
            || element.items.iter().any(|item| match item {
                Principal::Everyone | Principal::CanonicalUser(_) | Principal::Federated(_) => true,
                Principal::Account(id) => *id == self.account,
                Principal::Arn(arn) => arn.account == self.account,
                Principal::Service(_) | Principal::UniqueId(_) => false,
            })
    }

    /// One identity, and its sessions that the target's policies name.
    fn identity(
        &self,
        at: &AskedAt<'_>,
        (place, profile): (usize, Option<&Profile>),
        sessions: &[&str],
    ) -> AccessDecision {
        let Some(subject) = self.subjects.get(place) else {
            return AccessDecision::unknown("no such identity");
        };
        let mut best = self.strongest(at, subject, Some((place, profile)));
        for session in sessions {
            if best.reach == Reach::Reachable {
                break;
            }
            let CallerClass::Aws {
                account,
                kind,
                name,
                asked,
                ..
            } = &subject.caller
            else {
                continue;
            };
            let named = Subject {
                caller: CallerClass::Aws {
                    account: account.clone(),
                    kind: *kind,
                    name: name.clone(),
                    session: session.rsplit('/').next().map(Into::into),
                    asked: *asked,
                },
                arn: Some((*session).to_owned()),
                held_as: Some((*session).to_owned()),
                ..subject.clone()
            };
            let decision = self.strongest(at, &named, Some((place, profile)));
            best = stronger(best, decision);
        }
        best
    }

    fn party(&self, at: &AskedAt<'_>, party: &Party) -> AccessDecision {
        let mut best = party.decided(|caller| self.strongest(at, caller, None));
        if let Some(unseen) = &party.unseen
            && best.reach.lets_in()
        {
            best.reach = Reach::Constrained;
            best.under
                .insert(format!("identity side of {unseen}"), Vec::new());
        }
        best
    }

    /// The strongest of the actions.
    fn strongest(
        &self,
        at: &AskedAt<'_>,
        subject: &Subject,
        identity: Option<(usize, Option<&Profile>)>,
    ) -> AccessDecision {
        let mut best: Option<AccessDecision> = None;
        for action in &at.actions {
            let decision = match at.target {
                TargetNumber::Bucket(place) => self.at_bucket(place, at, action, subject, identity),
                TargetNumber::Function(place) => {
                    self.at_function(place, at, action, subject, identity)
                }
            };
            let done = decision.reach == Reach::Reachable;
            best = Some(match best {
                Some(best) => stronger(best, decision),
                None => decision,
            });
            if done {
                break;
            }
        }
        best.unwrap_or_else(|| AccessDecision::unknown("no action was asked about"))
    }

    fn at_bucket(
        &self,
        place: usize,
        at: &AskedAt<'_>,
        action: &ActionAt<'_>,
        subject: &Subject,
        identity: Option<(usize, Option<&Profile>)>,
    ) -> AccessDecision {
        let Some(bucket) = self.buckets.get(place) else {
            return AccessDecision::unknown("no such bucket");
        };
        let ActionAt { bits, kms, .. } = *action;
        let key = bucket
            .key
            .filter(|_| kms.is_some())
            .and_then(|key| self.keys.get(key));
        let own = subject.account() == Some(bucket.record.owner.as_str());
        let owner_id = bucket.record.owner_id.as_deref();
        let gate = Gate {
            main: Authority {
                service: Service::S3,
                bits,
                policy: &bucket.policy,
                acl: &bucket.acl,
                independent: true,
                own,
                controlled: bucket.record.owner == self.account,
                owner_id,
            },
            key: key.zip(kms).map(|(key, needed)| {
                (
                    Authority {
                        service: Service::Kms,
                        bits: needed,
                        policy: &key.rules,
                        acl: &[],
                        independent: false,
                        own: subject.account() == Some(key.seen.account.as_str()),
                        controlled: key.seen.account == self.account && !key.managed,
                        owner_id: None,
                    },
                    key,
                )
            }),
            cut: if own || subject.is_service() {
                Some(false)
            } else {
                bucket.cut
            },
            key_missing: kms.and(bucket.key_missing.as_deref()),
        };
        let asked = Asked {
            world: self,
            subject,
            place: Place {
                service: Service::S3,
                resource: Cow::Borrowed(&action.resource),
                region: &bucket.record.region,
                owner: &bucket.owner,
                s3_actions: bits.s3,
                key: key.map(|key| &key.seen),
                via: Some("s3"),
                caller_account: subject.account(),
                context_arn: bucket.record.bucket_key.then_some(at.arn.as_str()),
            },
            action: action.name,
            verdict_only: at.verdict_only,
            identity: identity.map(|(place, _)| place),
            bucket: Some(place),
            function: None,
            role: None,
        };
        let profile = identity.and_then(|(_, profile)| profile);
        self.decide(&asked, profile, &gate)
    }

    fn at_function(
        &self,
        place: usize,
        at: &AskedAt<'_>,
        action: &ActionAt<'_>,
        subject: &Subject,
        identity: Option<(usize, Option<&Profile>)>,
    ) -> AccessDecision {
        let Some(function) = self.functions.get(place) else {
            return AccessDecision::unknown("no such function");
        };
        let gate = Gate {
            main: Authority {
                service: Service::Lambda,
                bits: action.bits,
                policy: &function.policy,
                acl: &[],
                independent: true,
                own: subject.account() == Some(self.account.as_str()),
                // Lambda is none of the services that resource control policies bind (2026-02).
                controlled: false,
                owner_id: None,
            },
            key: None,
            cut: Some(false),
            key_missing: None,
        };
        let asked = Asked {
            function: Some(place),
            ..self.plain(
                subject,
                identity.map(|(place, _)| place),
                (Service::Lambda, &function.record.arn),
                (action.name, at.verdict_only),
            )
        };
        let profile = identity.and_then(|(_, profile)| profile);
        self.decide(&asked, profile, &gate)
    }

    /// A request on one ARN, without a key.
    pub(super) fn plain<'a>(
        &'a self,
        subject: &'a Subject,
        identity: Option<usize>,
        (service, arn): (Service, &'a str),
        (action, verdict_only): (&'a str, bool),
    ) -> Asked<'a> {
        Asked {
            world: self,
            subject,
            place: Place {
                service,
                resource: Cow::Owned(Domain::fixed(arn)),
                region: arn.split(':').nth(3).unwrap_or_default(),
                owner: &self.owner,
                s3_actions: 0,
                key: None,
                via: None,
                caller_account: subject.account(),
                context_arn: None,
            },
            action,
            verdict_only,
            identity,
            bucket: None,
            function: None,
            role: None,
        }
    }

    /// What every identity, in their order, can do by one action.
    pub(super) fn verdicts_of(&self, target: TargetNumber, action: &str) -> Vec<Reach> {
        let question = ReachQuestion {
            actions: vec![action.to_owned()],
            keys: ObjectKeys::Any,
            verdict_only: true,
        };
        let Ok(at) = self.asked_at(target, &question) else {
            return Vec::new();
        };
        self.decisions(&at, None)
            .iter()
            .map(|decision| decision.reach)
            .collect()
    }

    /// What is asked at a target.
    ///
    /// # Errors
    /// An action that is not known, or not one on such a target.
    fn asked_at<'a>(
        &self,
        target: TargetNumber,
        question: &'a ReachQuestion,
    ) -> Result<AskedAt<'a>, String> {
        let arn = match target {
            TargetNumber::Bucket(place) => self.buckets.get(place).map(|bucket| {
                let partition = self.book.vocabulary.partition;
                format!("arn:{partition}:s3:::{}", bucket.record.name)
            }),
            TargetNumber::Function(place) => self
                .functions
                .get(place)
                .map(|function| function.record.arn.clone()),
        }
        .unwrap_or_default();
        let actions = question.actions.iter().map(|name| {
            let bits = ActionBits::named(name)
                .ok_or_else(|| format!("{name:?} is not an action that can be asked about"))?;
            let known = catalogue::find(name);
            match (
                target,
                bits.s3 != 0,
                name.to_lowercase().starts_with("lambda:"),
            ) {
                (TargetNumber::Bucket(_), true, _) | (TargetNumber::Function(_), _, true) => {
                    Ok(ActionAt {
                        // As AWS writes it, for witnesses.
                        name: known.map_or(name.as_str(), |action| action.name.as_str()),
                        bits,
                        resource: match target {
                            TargetNumber::Bucket(_)
                                if known.is_some_and(|action| action.on == On::Object) =>
                            {
                                objects(&arn, &question.keys)
                            }
                            _ => Domain::fixed(arn.as_str()),
                        },
                        kms: known.and_then(|action| kms_action(&action.name)),
                    })
                }
                (TargetNumber::Bucket(_), ..) => Err(format!("{name} is no action on buckets")),
                (TargetNumber::Function(_), ..) => Err(format!("{name} is no action on functions")),
            }
        });
        Ok(AskedAt {
            target,
            actions: actions.collect::<Result<_, String>>()?,
            verdict_only: question.verdict_only,
            arn,
        })
    }

    /// Every rule that the target brings: its policy, its key's, resource control policies.
    fn rules_at(&self, target: TargetNumber) -> Vec<usize> {
        let of = |sided: &Sided| sided.all().collect::<Vec<_>>();
        let mut rules: Vec<usize> = self.rcps.iter().flat_map(of).collect();
        match target {
            TargetNumber::Bucket(place) => {
                if let Some(CompiledBucket { policy, key, .. }) = self.buckets.get(place) {
                    rules.extend(policy.all());
                    if let Some(key) = key.and_then(|key| self.keys.get(key)) {
                        rules.extend(key.rules.all());
                    }
                }
            }
            TargetNumber::Function(place) => {
                if let Some(function) = self.functions.get(place) {
                    rules.extend(function.policy.all());
                }
            }
        }
        rules
    }

    /// Whether the principal element of a rule can speak of some identities of the account and not of
    /// others.
    fn tells_own_apart(&self, rule: usize) -> bool {
        let Some(rule) = self.book.rules.get(rule) else {
            return false;
        };
        let Whom::Principals(element) = &rule.rule.whom else {
            return false;
        };
        element.negated
            || element.items.iter().any(|item| match item {
                Principal::Arn(arn) => arn.account == self.account,
                Principal::Federated(_) => true,
                _ => false,
            })
    }

    /// Sessions of roles that the policies at a target name.
    fn sessions_at(&self, target: TargetNumber) -> BTreeSet<String> {
        self.named_at(target)
            .arns
            .into_iter()
            .filter(|arn| arn.contains(":assumed-role/"))
            .collect()
    }
}

fn number_of(mention: Mention) -> u32 {
    let of = |delegation: Option<crate::prove::Delegation>| {
        delegation.map_or(0, |delegation| delegation as u32 + 1)
    };
    of(mention.sure) * 4 + of(mention.doubtful)
}

fn sessions_of<'s>(sessions: &'s BTreeSet<String>, subject: &Subject) -> Vec<&'s str> {
    // Before the caller is looked at: of thousands, that takes longer than all else here.
    if sessions.is_empty() {
        return Vec::new();
    }
    let CallerClass::Aws {
        account: Some(account),
        kind: PrincipalKind::Role,
        name: Some(name),
        ..
    } = &subject.caller
    else {
        return Vec::new();
    };
    let role = name.rsplit('/').next().unwrap_or_default();
    let start = format!(":sts::{account}:assumed-role/{role}/");
    sessions
        .iter()
        .map(String::as_str)
        .filter(|arn| arn.contains(&start))
        .collect()
}

/// The stronger of two decisions; of two that are unknown, what either would need.
pub(super) fn stronger(one: AccessDecision, other: AccessDecision) -> AccessDecision {
    if one.reach == Reach::Unknown && other.reach == Reach::Unknown {
        let mut both = one;
        both.missing.extend(other.missing);
        return both;
    }
    if other.reach > one.reach { other } else { one }
}

/// What an action on objects needs of the key that encrypts them (S3 user guide, "Using server-side
/// encryption with AWS KMS keys", permissions, 2026-09).
fn kms_action(action: &str) -> Option<ActionBits> {
    ActionBits::named(match action {
        "s3:GetObject" | "s3:GetObjectVersion" => "kms:Decrypt",
        "s3:PutObject" => "kms:GenerateDataKey",
        _ => return None,
    })
}

fn objects(bucket: &str, keys: &ObjectKeys) -> Domain {
    match keys {
        ObjectKeys::Any => resource_domain(bucket, On::Object),
        ObjectKeys::Exactly(key) => Domain::fixed(format!("{bucket}/{key}")),
        ObjectKeys::Matching(pattern) => {
            let fixed: String = pattern
                .chars()
                .take_while(|found| !matches!(found, '*' | '?'))
                .collect();
            let mut domain = resource_domain(bucket, On::Object);
            if let Values::Text { prefix, within, .. } = &mut domain.values {
                prefix.push_str(&fixed);
                let mut tokens = Glob::exactly(&format!("{bucket}/")).into_tokens();
                tokens.extend(Glob::like(pattern).into_tokens());
                *within = vec![Glob::new(tokens)];
            }
            domain
        }
    }
}
