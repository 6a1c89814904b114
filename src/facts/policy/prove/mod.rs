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
//! *Can anybody read?* The question names callers (anonymous) and actions (the class read).
//!
//! 1. The policy is [compiled](compile) once: `s3:Get*` becomes the set of the actions it names in
//!    the [catalogue](catalogue), each condition an [atom](atom) over a numbered key. Actions that no
//!    statement and no key tells apart form one group; here `GetObject` stands for most of its class.
//! 2. The callers are split into [shapes](caller) in which every principal element is true or false,
//!    and every key has a domain. An anonymous caller has a `SecureTransport` of true or false.
//! 3. Statement 0 is an Allow for this shape and group: the resource must match `b/a*`. [The
//!    search](dpll) asks the theory of that key for a value, and tries `b/a`.
//! 4. Does a Deny match that candidate? Statement 1 does not: `b/a` has nothing for `?`. Statement 2
//!    does if the candidate has `SecureTransport` false; then *not false* is added, the key's theory
//!    answers "true", and the search goes on.
//! 5. No Deny matches: `GetObject` on `b/a` over TLS is the [witness](witness). Had statement 1 also
//!    listed `b/a`, the theory of texts ([glob]) would have found no text that matches `b/a*` and
//!    neither of the others: for this shape and group the Allow is closed. All of them closed means
//!    unreachable.
//!
//! # What the words mean
//!
//! *reachable*: a request exists, by a caller who holds nothing that the policy names. *constrained*:
//! only callers who hold a named literal get in — an account, a network, an organization — and
//! `only_from` lists them. *unreachable*: no request. *unknown*: something in the way is not
//! documented, could not be read, or used the [budget] up.
//!
//! Doubts are rounded twice ([`value::Rounding`]). Down, nothing unclear lets anybody in: what is
//! found is real. Up, everything unclear does: what is not found does not exist. Where the two
//! differ, the answer is unknown. So "unreachable" speaks of more requests than there are, and
//! "reachable" comes with a request.
//!
//! Verdicts are about the policy, the bucket's ACL and Block Public Access. Object ACLs, service and
//! resource control policies and endpoint policies are not seen: an object may carry its own grant,
//! and the latter may still keep out what is reachable here.

mod arn;
mod atom;
mod boolean;
mod budget;
mod caller;
mod catalogue;
mod compile;
mod dpll;
mod glob;
mod ip;
mod numeric;
mod questions;
mod set;
#[cfg(test)]
mod tests;
mod value;
mod variables;
mod witness;

use std::collections::{BTreeMap, BTreeSet};

pub use self::questions::Question;

use self::atom::{Atom, Test, Value};
use self::budget::{Budget, Exhausted};
use self::caller::{Caller, Place, Shape, is_held};
use self::catalogue::{Actions, CLASSES};
use self::compile::{Compiled, Group, Rule};
use self::dpll::{Clause, Model, Search};
use self::glob::Glob;
use self::ip::Addresses;
use self::value::{Domain, Literal, Rounding, Values};
use self::variables::Meaning;
use super::documented_public::documented_public;
use super::evaluate::{Policies, implausible};
use super::{Policy, PolicyKind};
use crate::facts::s3::exposure::ActionClass;
use crate::inventory::bucket::{Grant, PublicAccessBlock};
use crate::report::policy::{Answer, Decision, ProveInput, ProveOutput, Request};
use crate::report::{ClassReach, Reach};

/// A bucket, as far as questions about its reach depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Bucket name.
    pub bucket: &'a str,
    /// 12-digit id of its account.
    pub owner: &'a str,
    /// Canonical user id of its account, if known: grants to it say nothing.
    pub owner_id: Option<&'a str>,
    /// The policy, if there is one.
    pub policy: Option<&'a Policy>,
    /// Block Public Access that is in effect.
    pub block: PublicAccessBlock,
    /// AWS's judgement of the policy (GetBucketPolicyStatus), if it was asked.
    pub aws_says_public: Option<bool>,
    /// Object Ownership; ACLs have no effect with `BucketOwnerEnforced`.
    pub ownership: Option<&'a str>,
    /// The bucket ACL's grants.
    pub grants: &'a [Grant],
    /// `AES256`, `aws:kms`, `aws:kms:dsse`; none is `AES256`.
    pub default_encryption: Option<&'a str>,
    /// What time it is, seconds since 1970; none for any moment from 2026 on.
    pub now: Option<f64>,
    /// `aws`, `aws-cn` or `aws-us-gov`; none to take it from the policy's resources.
    pub partition: Option<&'static str>,
}

/// A policy prepared for questions.
#[derive(Debug)]
pub struct Prover {
    policy: Compiled,
    place: Place,
    has_policy: bool,
    /// What RestrictPublicBuckets cuts off: nobody, everybody but the owner and services, or it is
    /// not known which of the two.
    cut: Option<bool>,
    kms_by_default: bool,
    /// The actions that are asked about.
    scope: Actions,
    /// The evaluator, which shares no matching code with the search.
    judge: Policies,
    budget: Budget,
    /// Witnesses that did not stand up to the evaluator.
    mismatches: usize,
}

/// Something that gets in.
#[derive(Debug)]
struct Hit {
    rule: Option<usize>,
    shape: Shape,
    group: Group,
    model: Model,
    fixes: Vec<(&'static str, Domain)>,
}

/// How far an Allow got before it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closed {
    Principal,
    Cut,
    Action,
    Key(usize),
    Denied(Option<usize>),
}

/// What one pass over shapes, groups and statements found.
#[derive(Debug, Default)]
struct Pass {
    hits: Vec<Hit>,
    doubt: bool,
    closed: BTreeMap<Option<usize>, Closed>,
}

/// The answer for one class.
#[derive(Debug)]
struct ClassAnswer {
    reach: Reach,
    hits: Vec<Hit>,
    closed: BTreeMap<Option<usize>, Closed>,
    reason: Option<String>,
}

const UNCLEAR: &str = "it depends on something that AWS does not document or that the documents at \
                       hand do not hold";
const INCONSISTENT: &str = "the prover found a request that the evaluator does not let in; one of \
                            the two is wrong";
const TOO_HARD: &str = "the policy needs more steps than its budget has";

/// At most this many ways in are collected for `only_from`.
const WAYS_IN: usize = 256;

/// Combinations of values for policy variables that are tried.
const COMBINATIONS: usize = 32;

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
    let mut prover = Prover::new(&Case {
        bucket: &input.bucket,
        owner: &input.owner,
        owner_id: None,
        policy: policy.as_ref(),
        block: input.public_access_block.unwrap_or_default(),
        aws_says_public: None,
        ownership: input.object_ownership.as_deref(),
        grants: input.acl_grants.as_deref().unwrap_or_default(),
        default_encryption: input.default_encryption.as_deref(),
        now,
        partition: None,
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

impl Prover {
    /// Compiles a case.
    pub fn new(case: &Case<'_>) -> Self {
        let effective: Vec<Grant> = if case.ownership == Some("BucketOwnerEnforced") {
            Vec::new()
        } else {
            case.grants
                .iter()
                .filter(|grant| {
                    !(case.block.ignore_public_acls
                        && matches!(grant.grantee.as_str(), "AllUsers" | "AuthenticatedUsers"))
                })
                .cloned()
                .collect()
        };
        let policy = Compiled::new(
            case.bucket,
            case.owner,
            case.owner_id,
            case.policy,
            &effective,
            case.partition,
        );
        let cut = if case.block.restrict_public_buckets {
            match case.policy {
                None => Some(false),
                Some(policy) => case.aws_says_public.or_else(|| documented_public(policy)),
            }
        } else {
            Some(false)
        };
        Self {
            place: Place {
                owner: case.owner.to_owned(),
                arn: format!("arn:{}:s3:::{}", policy.partition, case.bucket),
                now: case.now,
            },
            policy,
            has_policy: case.policy.is_some(),
            cut,
            kms_by_default: case
                .default_encryption
                .is_some_and(|default| default.starts_with("aws:kms")),
            scope: catalogue::which(|_| true),
            judge: Policies::of_resource(case.policy)
                .with_acl(case.bucket, case.grants, case.ownership)
                .with_public_access_block(PublicAccessBlock {
                    restrict_public_buckets: cut != Some(false),
                    ..case.block
                })
                .with_willing_identity(),
            budget: Budget::new(budget::STEPS),
            mismatches: 0,
        }
    }

    /// Asks only about the actions that the classes are named for: object data, listings, uploads
    /// and deletions, ACLs, the policy and its protection — not about other configuration and
    /// metadata.
    #[must_use]
    pub fn core_only(mut self) -> Self {
        self.scope = catalogue::which(|action| action.core);
        self
    }

    /// How many witnesses did not stand up to the evaluator: each is a defect of this program, and
    /// its answer became unknown.
    pub fn mismatches(&self) -> usize {
        self.mismatches
    }

    /// Answers a question.
    pub fn answer(&mut self, question: &Question) -> Answer {
        let mut by_class = Vec::with_capacity(CLASSES.len());
        for class in CLASSES {
            by_class.push((class, self.class(question, class)));
        }
        let of = |class: ActionClass| {
            by_class
                .iter()
                .find(|(found, _)| *found == class)
                .map_or(Reach::Unknown, |(_, answer)| answer.reach)
        };
        let classes = ClassReach {
            read: of(ActionClass::Read),
            list: of(ActionClass::List),
            write: of(ActionClass::Write),
            acl: of(ActionClass::Acl),
            takeover: of(ActionClass::Takeover),
        };
        let verdict = by_class
            .iter()
            .map(|(_, answer)| answer.reach)
            .max()
            .unwrap_or(Reach::Unreachable);
        let mut statements = BTreeSet::new();
        let mut only_from: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut witness = None;
        let mut reason = None;
        for (_, answer) in &by_class {
            if answer.reach != verdict {
                continue;
            }
            statements.extend(answer.hits.iter().filter_map(|hit| hit.rule));
            if witness.is_none() {
                witness = answer.hits.iter().find_map(|hit| self.request(hit));
            }
            if reason.is_none() {
                reason.clone_from(&answer.reason);
            }
            if verdict == Reach::Constrained {
                for hit in &answer.hits {
                    for (key, values) in self.held(hit) {
                        only_from.entry(key).or_default().extend(values);
                    }
                }
            }
        }
        if verdict == Reach::Unreachable {
            let closed = by_class
                .iter()
                .fold(BTreeMap::new(), |mut all, (_, answer)| {
                    merge(&mut all, &answer.closed);
                    all
                });
            reason = Some(self.proof(question, &closed));
        }
        let max_age_ms = match (question, verdict) {
            (Question::Presigned, Reach::Reachable | Reach::Constrained) => {
                self.longest_age(question)
            }
            _ => None,
        };
        Answer {
            question: String::new(),
            verdict,
            classes,
            witness: witness.filter(|_| matches!(verdict, Reach::Reachable | Reach::Constrained)),
            statements: statements.into_iter().collect(),
            only_from: (verdict == Reach::Constrained).then(|| {
                only_from
                    .into_iter()
                    .map(|(key, values)| (key, values.into_iter().collect()))
                    .collect()
            }),
            max_age_ms,
            reason,
        }
    }

    /// A request of that class by somebody who holds nothing the policy names, if one gets in.
    pub fn witness(&mut self, question: &Question, class: ActionClass) -> Option<Request> {
        let answer = self.class(question, class);
        if answer.reach != Reach::Reachable {
            return None;
        }
        answer.hits.iter().find_map(|hit| self.request(hit))
    }

    fn class(&mut self, question: &Question, class: ActionClass) -> ClassAnswer {
        self.decide(question, class)
            .unwrap_or_else(|Exhausted| ClassAnswer {
                reach: Reach::Unknown,
                hits: Vec::new(),
                closed: BTreeMap::new(),
                reason: Some(TOO_HARD.to_owned()),
            })
    }

    fn decide(
        &mut self,
        question: &Question,
        class: ActionClass,
    ) -> Result<ClassAnswer, Exhausted> {
        let unknown = |reason: &str| ClassAnswer {
            reach: Reach::Unknown,
            hits: Vec::new(),
            closed: BTreeMap::new(),
            reason: Some(reason.to_owned()),
        };
        if let Some(reason) = self.policy.unreadable.clone() {
            return Ok(unknown(&reason));
        }
        let about = question.actions() & self.scope;
        let groups: Vec<Group> = self
            .policy
            .groups
            .iter()
            .filter(|group| group.action.class == class && group.actions & about != 0)
            .copied()
            .collect();
        if groups.is_empty() {
            return Ok(ClassAnswer {
                reach: Reach::Unreachable,
                hits: Vec::new(),
                closed: BTreeMap::new(),
                reason: None,
            });
        }
        let fixes = question.fixes(self.kms_by_default);
        let fresh = question.fresh(&self.policy, &self.place.owner);
        let mut pass = self.pass(&groups, &fixes, &fresh, Rounding::Down, false)?;
        if !pass.hits.is_empty() {
            return Ok(self.checked(ClassAnswer {
                reach: Reach::Reachable,
                hits: pass.hits,
                closed: pass.closed,
                reason: None,
            }));
        }
        if pass.doubt {
            let up = self.pass(&groups, &fixes, &fresh, Rounding::Up, false)?;
            if !up.hits.is_empty() {
                return Ok(unknown(UNCLEAR));
            }
        }
        let holders = question.holders(&self.policy, &self.place.owner);
        let held = self.pass(&groups, &fixes, &holders, Rounding::Down, true)?;
        merge(&mut pass.closed, &held.closed);
        if !held.hits.is_empty() {
            let reach = if self.is_broad(&held.hits) {
                Reach::Reachable
            } else {
                Reach::Constrained
            };
            return Ok(self.checked(ClassAnswer {
                reach,
                hits: held.hits,
                closed: pass.closed,
                reason: None,
            }));
        }
        if held.doubt {
            let up = self.pass(&groups, &fixes, &holders, Rounding::Up, false)?;
            if !up.hits.is_empty() {
                return Ok(unknown(UNCLEAR));
            }
        }
        Ok(ClassAnswer {
            reach: Reach::Unreachable,
            hits: Vec::new(),
            closed: pass.closed,
            reason: None,
        })
    }

    /// Looks through shapes, groups and statements; `all` goes on after the first way in.
    fn pass(
        &mut self,
        groups: &[Group],
        fixes: &[Vec<(&'static str, Domain)>],
        shapes: &[Shape],
        rounding: Rounding,
        all: bool,
    ) -> Result<Pass, Exhausted> {
        let mut pass = Pass::default();
        for shape in shapes {
            if shape.widened && rounding == Rounding::Down {
                pass.doubt = true;
                continue;
            }
            // One way in a statement is enough to tell what it takes.
            let mut found: BTreeSet<Option<usize>> = BTreeSet::new();
            for group in groups {
                for fix in fixes {
                    self.group(&mut pass, &mut found, *group, fix, shape, rounding, all)?;
                    if !pass.hits.is_empty() && (!all || pass.hits.len() >= WAYS_IN) {
                        return Ok(pass);
                    }
                }
            }
        }
        Ok(pass)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the loops of one pass, split where its body becomes long"
    )]
    fn group(
        &mut self,
        pass: &mut Pass,
        found: &mut BTreeSet<Option<usize>>,
        group: Group,
        fix: &[(&'static str, Domain)],
        shape: &Shape,
        rounding: Rounding,
        all: bool,
    ) -> Result<(), Exhausted> {
        self.budget.spend(
            (self.policy.allows.len() + self.policy.denies.len()) * 2 + self.policy.keys.len(),
        )?;
        // The owner's identities are let in by their own policies.
        let own = shape.caller.is_of(&self.place.owner);
        let mut entries: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
        if own {
            entries.push((None, Vec::new()));
        } else {
            for rule in &self.policy.allows {
                if found.contains(&rule.index) {
                    continue;
                }
                match self.entry(rule, group, shape, rounding, &mut pass.doubt) {
                    Ok(atoms) => entries.push((rule.index, atoms)),
                    Err(closed) => note(&mut pass.closed, rule.index, closed),
                }
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        let clauses = self.clauses(group, shape, rounding, &mut pass.doubt);
        let domains = self.domains(group, fix, shape, rounding);
        for (index, wanted) in entries {
            match self.solve(&wanted, &clauses, &domains, rounding, &mut pass.doubt)? {
                Ok(model) => {
                    found.insert(index);
                    pass.hits.push(Hit {
                        rule: index,
                        shape: shape.clone(),
                        group,
                        model,
                        fixes: fix.to_vec(),
                    });
                    if !all {
                        return Ok(());
                    }
                }
                Err(closed) => note(&mut pass.closed, index, closed),
            }
        }
        Ok(())
    }

    /// What an Allow asks for in this shape and group, or why it is out of the question.
    fn entry(
        &self,
        rule: &Rule,
        group: Group,
        shape: &Shape,
        rounding: Rounding,
        doubt: &mut bool,
    ) -> Result<Vec<usize>, Closed> {
        let up = rounding == Rounding::Up;
        let meant = shape.caller.is_meant(rule);
        if meant == Some(false) {
            return Err(Closed::Principal);
        }
        let takes = rule.actions & group.actions != 0;
        if !takes && !rule.unread {
            return Err(Closed::Action);
        }
        if !matches!(shape.caller, Caller::Service(_)) {
            match self.cut {
                Some(true) => return Err(Closed::Cut),
                None => {
                    *doubt = true;
                    if !up {
                        return Err(Closed::Cut);
                    }
                }
                Some(false) => {}
            }
        }
        if meant.is_none() || rule.unread {
            *doubt = true;
            if !up {
                return Err(Closed::Principal);
            }
        }
        Ok(if rule.unread {
            Vec::new()
        } else {
            rule.atoms.clone()
        })
    }

    fn clauses(
        &self,
        group: Group,
        shape: &Shape,
        rounding: Rounding,
        doubt: &mut bool,
    ) -> Vec<Clause> {
        let mut clauses = Vec::new();
        for rule in &self.policy.denies {
            if rule.actions & group.actions == 0 && !rule.unread {
                continue;
            }
            let meant = shape.caller.is_meant(rule);
            if meant == Some(false) && !rule.unread {
                continue;
            }
            if rule.unread {
                *doubt = true;
                if rounding == Rounding::Up {
                    continue;
                }
            }
            clauses.push(Clause {
                index: rule.index,
                // What could not be read may match everything.
                atoms: if rule.unread {
                    Vec::new()
                } else {
                    rule.atoms.clone()
                },
                unclear: meant.is_none(),
            });
        }
        clauses
    }

    fn domains(
        &self,
        group: Group,
        fix: &[(&'static str, Domain)],
        shape: &Shape,
        rounding: Rounding,
    ) -> Vec<Domain> {
        let carries = |key: usize| {
            self.policy
                .carriers
                .get(key)
                .is_none_or(|set| set & group.actions != 0)
        };
        self.policy
            .keys
            .iter()
            .enumerate()
            .map(|(key, name)| {
                if key == 0 {
                    return Shape::resource(&self.place, group.action);
                }
                if let Some((_, fixed)) = fix.iter().find(|(fixed, _)| fixed == name)
                    && carries(key)
                {
                    return fixed.clone();
                }
                shape.domain(&self.policy, &self.place, group.action, key, rounding)
            })
            .collect()
    }

    /// One search, or one for each combination of values of the policy's variables.
    fn solve(
        &mut self,
        wanted: &[usize],
        clauses: &[Clause],
        domains: &[Domain],
        rounding: Rounding,
        doubt: &mut bool,
    ) -> Result<Result<Model, Closed>, Exhausted> {
        let mut relevant = wanted
            .iter()
            .chain(clauses.iter().flat_map(|clause| &clause.atoms))
            .filter_map(|position| self.policy.atoms.get(*position));
        if !relevant.any(Atom::is_open) {
            return search(
                &self.policy.atoms,
                wanted,
                clauses,
                domains,
                rounding,
                doubt,
                &mut self.budget,
            );
        }
        let (combinations, complete) = self.combinations(domains)?;
        let mut closed = Closed::Key(0);
        for combination in &combinations {
            let mut domains = domains.to_vec();
            for (key, value) in combination {
                if let Some(domain) = domains.get_mut(*key) {
                    *domain = match value {
                        Some(value) => Domain::fixed(value.clone()),
                        None => Domain::absent(),
                    };
                }
            }
            let meaning = |name: &str| {
                let name = if name == "aws:epochtime" {
                    "aws:currenttime"
                } else {
                    name
                };
                let key = self.policy.position(name);
                match combination.iter().find(|(found, _)| Some(*found) == key) {
                    Some((_, Some(value))) => Meaning::Text(value.clone()),
                    _ => Meaning::Absent,
                }
            };
            let atoms: Vec<Atom> = self
                .policy
                .atoms
                .iter()
                .map(|atom| {
                    if atom.is_open() {
                        atom.filled(&meaning)
                    } else {
                        atom.clone()
                    }
                })
                .collect();
            self.budget.spend(atoms.iter().map(Atom::weight).sum())?;
            match search(
                &atoms,
                wanted,
                clauses,
                &domains,
                rounding,
                doubt,
                &mut self.budget,
            )? {
                Ok(model) => return Ok(Ok(model)),
                Err(found) => closed = closed.max(found),
            }
        }
        if complete {
            return Ok(Err(closed));
        }
        *doubt = true;
        if rounding == Rounding::Down {
            return Ok(Err(closed));
        }
        // More than there is: a variable that lets in is any text, one that keeps out may not match.
        let atoms: Vec<Atom> = self
            .policy
            .atoms
            .iter()
            .enumerate()
            .map(|(position, atom)| {
                if !atom.is_open() {
                    return atom.clone();
                }
                let mut filled = atom.filled(&|_| Meaning::Any);
                filled.unclear |= filled.negated || !wanted.contains(&position);
                filled
            })
            .collect();
        self.budget.spend(atoms.iter().map(Atom::weight).sum())?;
        search(
            &atoms,
            wanted,
            clauses,
            domains,
            rounding,
            doubt,
            &mut self.budget,
        )
    }

    /// Values for the keys that stand in patterns as variables, and whether that is all of them.
    #[allow(
        clippy::type_complexity,
        reason = "a list of assignments, used in one place"
    )]
    fn combinations(
        &mut self,
        domains: &[Domain],
    ) -> Result<(Vec<Vec<(usize, Option<String>)>>, bool), Exhausted> {
        let mut combinations: Vec<Vec<(usize, Option<String>)>> = vec![Vec::new()];
        let mut complete = true;
        for key in self.policy.variables.clone() {
            let Some(domain) = domains.get(key) else {
                continue;
            };
            let mut options: Vec<Option<String>> = Vec::new();
            // Only keys of one value can be variables; of others nothing is substituted.
            if domain.many {
                options.push(None);
            } else {
                match &domain.values {
                    Values::None => {}
                    Values::Of(values) => options.extend(values.iter().cloned().map(Some)),
                    _ => {
                        complete = false;
                        if let value::Found::Value(value) =
                            value::one(domain, &[], &mut self.budget)?
                        {
                            options.push(Some(value));
                        }
                        options.extend(
                            self.policy
                                .literals_of(key)
                                .map(|literal| Some(literal.to_owned())),
                        );
                    }
                }
                if domain.optional {
                    options.push(None);
                }
            }
            combinations = combinations
                .into_iter()
                .flat_map(|before| {
                    options.iter().map(move |option| {
                        let mut next = before.clone();
                        next.push((key, option.clone()));
                        next
                    })
                })
                .collect();
            if combinations.len() > COMBINATIONS {
                combinations.truncate(COMBINATIONS);
                complete = false;
            }
        }
        // A literal need not be in the domain: a fixed value would put it there.
        combinations.retain(|combination| {
            combination
                .iter()
                .all(|(key, value)| match (domains.get(*key), value) {
                    (Some(domain), Some(value)) => admits(domain, value),
                    _ => true,
                })
        });
        Ok((combinations, complete))
    }

    fn request(&self, hit: &Hit) -> Option<Request> {
        witness::request(
            &self.policy,
            &self.place,
            &hit.shape,
            hit.group.action,
            &hit.model,
            &hit.fixes,
        )
    }

    /// What a caller must hold to get in this way.
    fn held(&self, hit: &Hit) -> BTreeMap<String, Vec<String>> {
        let mut held = BTreeMap::new();
        let fresh = Shape {
            fresh: true,
            ..hit.shape.clone()
        };
        for (key, name) in self.policy.keys.iter().enumerate().skip(1) {
            let literals: Vec<Literal<'_>> = hit
                .model
                .literals
                .iter()
                .filter_map(|(position, wanted)| {
                    let atom = self.policy.atoms.get(*position)?;
                    (atom.key == key && !atom.is_open()).then_some((atom, *wanted))
                })
                .collect();
            if literals.is_empty()
                || !is_held(name)
                || matches!(hit.model.values.get(key), None | Some(Value::Absent))
            {
                continue;
            }
            if name == "aws:sourceip" {
                let set = value::addresses(&literals);
                if !set.is_broad() {
                    held.insert(witness::written(name), set.networks(WAYS_IN));
                }
                continue;
            }
            let is_own = matches!(name.as_str(), "aws:principalaccount" | "aws:principalarn");
            if !is_own {
                let domain = fresh.domain(
                    &self.policy,
                    &self.place,
                    hit.group.action,
                    key,
                    Rounding::Down,
                );
                let free = value::solve(
                    &domain,
                    &literals,
                    Rounding::Down,
                    &mut false,
                    &mut Budget::new(100_000),
                );
                if matches!(free, Ok(Some(_))) {
                    continue;
                }
            }
            let passes = |value: &str| {
                literals
                    .iter()
                    .all(|(atom, wanted)| atom.passes(value) == *wanted)
            };
            let mut values: Vec<String> = self
                .policy
                .literals_of(key)
                .filter(|literal| passes(literal))
                .map(str::to_owned)
                .collect();
            // A pattern that the value must match is named as the policy writes it.
            for (atom, wanted) in &literals {
                if let Test::Text(globs) = &atom.test
                    && *wanted != atom.negated
                {
                    values.extend(
                        globs
                            .iter()
                            .filter(|glob| glob.literal().is_none() && *glob.written() != *"*")
                            .map(Glob::written),
                    );
                }
            }
            if values.is_empty() && !is_own {
                values = match hit.model.values.get(key) {
                    Some(Value::One(value)) => vec![value.clone()],
                    Some(Value::Many(values)) => values.clone(),
                    _ => Vec::new(),
                };
            }
            if !values.is_empty() {
                held.insert(witness::written(name), values);
            }
        }
        // Being somebody is a constraint where the statement speaks of nobody else.
        let speaks_of_anybody = hit.rule.is_some_and(|index| {
            self.policy
                .allows
                .iter()
                .find(|rule| rule.index == Some(index))
                .is_some_and(|rule| Caller::Anonymous.is_meant(rule) == Some(true))
        });
        if let Some(name) = &hit.shape.held_as
            && (!speaks_of_anybody || held.is_empty())
        {
            held.insert("principal".to_owned(), vec![name.clone()]);
        }
        held
    }

    /// Networks that keep nobody out when taken together.
    fn is_broad(&self, hits: &[Hit]) -> bool {
        let Some(key) = self.policy.position("aws:sourceip") else {
            return false;
        };
        let mut union = Addresses::of(&[]);
        for hit in hits {
            let held = self.held(hit);
            if held.len() != 1 || !held.contains_key("aws:SourceIp") {
                continue;
            }
            let literals: Vec<Literal<'_>> = hit
                .model
                .literals
                .iter()
                .filter_map(|(position, wanted)| {
                    let atom = self.policy.atoms.get(*position)?;
                    (atom.key == key).then_some((atom, *wanted))
                })
                .collect();
            union = union.or(&value::addresses(&literals));
        }
        union.is_broad()
    }

    /// The longest signature that gets in, ms; none when the policy sets no bound.
    fn longest_age(&mut self, question: &Question) -> Option<u64> {
        let scope = self.scope;
        let groups: Vec<Group> = self
            .policy
            .groups
            .iter()
            .filter(|group| group.actions & scope != 0)
            .copied()
            .collect();
        for age in questions::ages(&self.policy) {
            let fixes = [
                questions::presigned("REST-QUERY-STRING", age, age),
                questions::presigned("POST", age, age),
            ];
            for shapes in [
                question.fresh(&self.policy, &self.place.owner),
                question.holders(&self.policy, &self.place.owner),
            ] {
                let pass = self
                    .pass(&groups, &fixes, &shapes, Rounding::Down, false)
                    .ok()?;
                if !pass.hits.is_empty() {
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "between 0 and seven days in milliseconds"
                    )]
                    return (age < caller::LONGEST_SIGNATURE_MS).then_some(age as u64);
                }
            }
        }
        None
    }

    /// A witness that the evaluator does not let in, or that no request can look like, is no
    /// witness. What is left without one is unknown.
    fn checked(&mut self, mut answer: ClassAnswer) -> ClassAnswer {
        let mut hits = std::mem::take(&mut answer.hits);
        hits.retain(|hit| match self.request(hit) {
            Some(request) => {
                let stands = self.stands_up(&request);
                self.mismatches += usize::from(!stands);
                stands
            }
            // Only the account behind a canonical id has no ARN to ask about.
            None => matches!(hit.shape.caller, Caller::Canonical(_)),
        });
        if hits.is_empty() {
            answer.reach = Reach::Unknown;
            answer.reason = Some(INCONSISTENT.to_owned());
        }
        answer.hits = hits;
        answer
    }

    /// The independent evaluator lets the request in.
    fn stands_up(&self, request: &Request) -> bool {
        implausible(request).is_none() && self.judge.evaluate(request).decision == Decision::Allow
    }

    /// Why nothing gets in, statement by statement.
    fn proof(&self, question: &Question, closed: &BTreeMap<Option<usize>, Closed>) -> String {
        if question.is_about_anybody() {
            return match closed.get(&None) {
                Some(Closed::Denied(Some(index))) => {
                    format!("every such request is denied, the last way by statement {index}")
                }
                _ => "every such request is denied".to_owned(),
            };
        }
        if self.policy.allows.is_empty() {
            return if self.has_policy {
                "no statement allows anything, and neither does the ACL".to_owned()
            } else {
                "there is no bucket policy, and the ACL grants nothing".to_owned()
            };
        }
        let mut parts: Vec<String> = Vec::new();
        for rule in &self.policy.allows {
            let name = match rule.index {
                Some(index) => format!("statement {index}"),
                None => "the ACL".to_owned(),
            };
            let why = match closed.get(&rule.index) {
                None | Some(Closed::Action) => "names no such action".to_owned(),
                Some(Closed::Principal) => "speaks of others".to_owned(),
                Some(Closed::Cut) => {
                    "is cut off by RestrictPublicBuckets, as the policy is public".to_owned()
                }
                Some(Closed::Key(0)) => {
                    "names no resource of this bucket that the action acts on".to_owned()
                }
                Some(Closed::Key(key)) => format!(
                    "has conditions on {} that no such request meets",
                    self.policy
                        .keys
                        .get(*key)
                        .map(|key| witness::written(key))
                        .unwrap_or_default()
                ),
                Some(Closed::Denied(Some(index))) => format!("is denied by statement {index}"),
                Some(Closed::Denied(None)) => "is denied".to_owned(),
            };
            let part = format!("{name} {why}");
            if !parts.contains(&part) {
                parts.push(part);
            }
            if parts.len() >= 20 {
                parts.push("and so on".to_owned());
                break;
            }
        }
        parts.join("; ")
    }
}

fn merge(into: &mut BTreeMap<Option<usize>, Closed>, from: &BTreeMap<Option<usize>, Closed>) {
    for (index, closed) in from {
        note(into, *index, *closed);
    }
}

fn note(into: &mut BTreeMap<Option<usize>, Closed>, index: Option<usize>, closed: Closed) {
    let furthest = into.entry(index).or_insert(closed);
    *furthest = (*furthest).max(closed);
}

fn search(
    atoms: &[Atom],
    wanted: &[usize],
    clauses: &[Clause],
    domains: &[Domain],
    rounding: Rounding,
    doubt: &mut bool,
    budget: &mut Budget,
) -> Result<Result<Model, Closed>, Exhausted> {
    let mut search = Search {
        atoms,
        domains,
        clauses,
        rounding,
        doubt: false,
        failed_key: None,
        blocked_by: None,
        budget,
    };
    let found = search.run(wanted)?;
    *doubt |= search.doubt;
    Ok(found.ok_or(match search.failed_key {
        Some(key) => Closed::Key(key),
        None => Closed::Denied(search.blocked_by),
    }))
}

/// Whether a domain has that value.
fn admits(domain: &Domain, value: &str) -> bool {
    match &domain.values {
        Values::None => false,
        Values::Of(values) => values.iter().any(|found| found == value),
        Values::Text {
            prefix,
            within,
            without,
        } => {
            value.starts_with(prefix.as_str())
                && (within.is_empty() || within.iter().any(|glob| glob.matches(value)))
                && !without.iter().any(|glob| glob.matches(value))
        }
        Values::Number(line) | Values::Time(line) => numeric::parse(value)
            .or_else(|| numeric::parse_date(value))
            .is_some_and(|value| value >= line.min && value <= line.max),
        Values::Address { .. } => value.parse::<core::net::IpAddr>().is_ok(),
    }
}
