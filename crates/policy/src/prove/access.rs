//! Questions over several documents: is there a request that one statement of each must-group matches
//! and no Deny does?
//!
//! ```text
//! may read, own account    musts [bucket policy, grants to the caller itself]            (P1)
//!                          musts [bucket policy, grants to the role] [boundary] [session]  (P2)
//!                          musts [bucket policy, grants to the account] [identity policies] [boundary]  (P3)
//!                          musts [identity policies] [boundary]                           (P4)
//! new access by Allow a    musts [a]        denies  NEW's Denies and OLD's Allows
//!                          musts [a] [d]    denies  NEW's Denies, for each Deny d of OLD
//! some access is granted   musts [the policy] [the access]    denies  the policy's Denies
//! ```
//!
//! A statement is used as a condition that a request meets, whatever its effect is: OLD's Allows stand
//! among the denies of the question about new access, OLD's Deny among its musts.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::atom::KeyValue;
use super::budget::{Budget, Exhausted};
use super::caller::{CallerClass, Delegation, OwnerAndTime};
use super::caller_list::{AskedShape, CallerList};
use super::compile::resource_domain;
use super::coupled::{self, CoupledSide};
use super::documents::{CompiledDocument, DocumentId, DocumentRule, DocumentSet, StatementId};
use super::dpll::{Alternative, RequestModel};
use super::fold::{self, Settled};
use super::glob::{Glob, GlobToken};
use super::holding;
use super::provider::IdentityProvider;
use super::space::{self, NEVER, RequestSpace, SettledDeny};
use super::value::{Domain, Rounding, Values};
use super::vocabulary::{ACTION, RESOURCE, Vocabulary, same_key};
use super::witness;
use crate::catalogue::{self, Actions, On};
use crate::contract::{ContextValue, Request};
use crate::document::Effect;

/// Statements of a document, those with one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementSet {
    /// The document.
    pub document: DocumentId,
    /// Which effect they have.
    pub effect: Effect,
    /// Only the one at this position in the Statement list.
    pub only: Option<usize>,
    /// Only those that grant to the caller at least this directly.
    pub at_least: Delegation,
}

impl StatementSet {
    /// The Allow statements of a document.
    pub const fn allows(document: DocumentId) -> Self {
        Self {
            document,
            effect: Effect::Allow,
            only: None,
            at_least: Delegation::Account,
        }
    }

    /// The Deny statements of a document.
    pub const fn denies(document: DocumentId) -> Self {
        Self {
            effect: Effect::Deny,
            ..Self::allows(document)
        }
    }

    /// Only the statement at that position.
    #[must_use]
    pub const fn only(self, position: usize) -> Self {
        Self {
            only: Some(position),
            ..self
        }
    }

    /// Only those that grant to the caller at least that directly.
    #[must_use]
    pub const fn at_least(self, at_least: Delegation) -> Self {
        Self { at_least, ..self }
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Requests without a signature.
    Anonymous,
    /// An AWS service, for example `cloudtrail.amazonaws.com`.
    Service(String),
    /// A federated identity, by its provider, on a role's trust policy.
    Provider(String),
    /// A federated identity of any provider that no principal element names.
    UnnamedProvider,
    /// The principal of this ARN: a root user, a user, a role (any of its sessions) with its path, a
    /// role session or a federated user.
    Arn(String),
    /// Every principal of an account.
    Account(String),
    /// Every principal of an account that no document names.
    AnyAccount,
    /// The identities to which identity policies are attached, of every account.
    Holders,
    /// Every caller there is but federated identities without a session.
    Everyone,
    /// Every caller that a trust policy can speak of: federated identities as well.
    Assumers,
}

/// What is known of a condition key in the requests that are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFact {
    /// It is absent.
    Absent,
    /// It is there and has one of these values.
    OneOf(Vec<String>),
    /// It has one of these values or is absent.
    Perhaps(Vec<String>),
}

/// Which actions are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionScope {
    /// Actions of S3 that the catalogue lists, on buckets and objects.
    Catalogue(Actions),
    /// Exactly these names.
    Names(Vec<String>),
    /// Every name that matches one of the first patterns and none of the second.
    Patterns(Vec<String>, Vec<String>),
}

/// Which resources are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceScope {
    /// This bucket and its objects, and for bucket and object actions no other thing.
    Bucket(String),
    /// Objects of this bucket whose key matches the pattern (`*` and `?`).
    Objects(String, String),
    /// Every bucket and object, by name or through an access point.
    AnyBucket,
    /// Every well-formed ARN.
    AnyArn,
    /// ARNs that match one of these patterns, part by part.
    Arns(Vec<String>),
    /// Exactly this ARN.
    Exactly(String),
}

/// A question.
#[derive(Clone, Debug)]
pub struct AccessQuestion<'a> {
    /// One statement of each group must match.
    pub musts: &'a [Vec<StatementSet>],
    /// None of these may match.
    pub denies: &'a [StatementSet],
    /// Who calls.
    pub callers: &'a Callers,
    /// Callers hold nothing that the documents name, beyond what follows from who they are.
    pub fresh: bool,
    /// The caller has a permissions boundary: a Deny with `NotPrincipal` then always denies it (IAM
    /// user guide, "Permissions boundaries for IAM entities", 2026-09).
    pub bounded: bool,
    /// Which actions.
    pub actions: &'a ActionScope,
    /// On which resources.
    pub resources: &'a ResourceScope,
    /// What is known of condition keys, by name in lower case.
    pub facts: &'a [(String, KeyFact)],
    /// The account that owns the resource. None where only the matching of statements is asked
    /// about: then the owner may be any account, and a request may come at any time from 1970 on
    /// and from any address.
    pub owner: Option<&'a str>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessAnswer {
    /// There is such a request.
    Satisfiable(Box<AccessWitness>),
    /// There is none.
    Unsatisfiable,
    /// It depends on something that is not documented or could not be read, or it takes too many
    /// steps.
    Undecided(String),
}

/// What shows that there is a request.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessWitness {
    /// The request. Only the account behind a canonical user id has none.
    pub request: Option<Request>,
    /// By must-group, the statement that matches it.
    pub statements: Vec<StatementId>,
    /// What the caller must hold: condition keys, and `principal`, to values that the documents name.
    pub needs: BTreeMap<String, Vec<String>>,
}

const UNCLEAR: &str = "it depends on something that AWS does not document or that the documents at \
                       hand do not hold";
const TOO_HARD: &str = "the policies need more steps than the budget has";

/// Actions and resources, ready for any number of questions over one set of documents.
#[derive(Debug)]
pub(crate) struct AccessScope {
    actions: ActionScope,
    resources: ResourceScope,
    partition: &'static str,
    /// The most colons that a resource pattern of the documents has.
    colons: usize,
    /// The names of the actions, where they are texts, and the resources of those.
    names: OnceCell<(Domain, Domain)>,
    /// The resources of actions of the catalogue.
    buckets: OnceCell<Domain>,
    objects: OnceCell<Domain>,
}

impl AccessScope {
    /// Which actions.
    pub(crate) const fn actions(&self) -> &ActionScope {
        &self.actions
    }

    fn resource(&self, on: Option<On>) -> Domain {
        resource_scope(&self.resources, on, self.partition, self.colons)
    }

    /// The resources of actions of the catalogue.
    fn catalogued(&self, on: On) -> &Domain {
        let known = match on {
            On::Bucket => &self.buckets,
            On::Object => &self.objects,
        };
        known.get_or_init(|| self.resource(Some(on)))
    }

    /// Actions of no catalogue: their names and their resources.
    fn names(&self, names: impl FnOnce() -> Domain) -> Vec<SearchRegion<'_>> {
        let known = self.names.get_or_init(|| (names(), self.resource(None)));
        vec![SearchRegion {
            actions: ActionRegion::Names(&known.0),
            resource: &known.1,
        }]
    }
}

/// What is searched in one go: actions that no statement and no key distinguishes.
#[derive(Debug)]
enum ActionRegion<'a> {
    /// Of the catalogue.
    Cell(Actions),
    /// Names as texts.
    Names(&'a Domain),
}

/// A region with the resources that go with it.
#[derive(Debug)]
struct SearchRegion<'a> {
    actions: ActionRegion<'a>,
    resource: &'a Domain,
}

/// A rule that is in play: where it comes from.
#[derive(Clone, Copy, Debug)]
struct PlayedRule<'a> {
    id: StatementId,
    rule: &'a DocumentRule,
    at_least: Delegation,
}

/// The callers of questions, with what they can have in each key.
#[derive(Debug)]
pub(crate) struct CallerSpaces {
    place: OwnerAndTime,
    /// What is known of every request, by key.
    facts: Vec<(usize, Domain)>,
    /// The same as it was given.
    written: Vec<(String, KeyFact)>,
    shapes: Vec<ShapeSpace>,
}

/// A shape, and by key its domain as each rounding sees it.
#[derive(Debug)]
struct ShapeSpace {
    part: AskedShape,
    /// The sides of coupled keys that its requests are on.
    sides: Vec<CoupledSide>,
    down: Vec<OnceCell<Arc<Domain>>>,
    up: Vec<OnceCell<Arc<Domain>>>,
}

impl ShapeSpace {
    /// What a key can have, as a rounding sees it; none for a key that there is not.
    fn domain(
        &self,
        vocabulary: &Vocabulary,
        place: &OwnerAndTime,
        key: usize,
        rounding: Rounding,
    ) -> Option<&Arc<Domain>> {
        let cells = match rounding {
            Rounding::Down => &self.down,
            Rounding::Up => &self.up,
        };
        Some(cells.get(key)?.get_or_init(|| {
            let domain = self.part.shape.domain(vocabulary, place, key, rounding);
            let name = vocabulary.keys.get(key).map_or("", String::as_str);
            let on_side = |side: &CoupledSide| side.domain(name, &domain);
            match self.sides.iter().find_map(on_side) {
                Some(narrowed) => Arc::new(Domain {
                    many: domain.many,
                    ..narrowed
                }),
                None => domain,
            }
        }))
    }
}

/// Whether a statement speaks of a caller, and how directly it grants to it.
type RuleMeaning = (Option<bool>, Delegation);

/// More shapes than this are not merged, and none where each statement names that many principals: it
/// would take longer than it saves.
const MERGED_SHAPES: usize = 64;

/// See [`MERGED_SHAPES`].
const MERGED_STEPS: usize = 2_000;

/// What is asked of some callers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleQuestion<'a> {
    pub(crate) musts: &'a [Vec<StatementSet>],
    pub(crate) denies: &'a [StatementSet],
    pub(crate) bounded: bool,
    pub(crate) scope: &'a AccessScope,
}

/// A question with its rules looked up.
struct PreparedAccess<'a> {
    musts: Vec<Vec<PlayedRule<'a>>>,
    denies: Vec<PlayedRule<'a>>,
    bounded: bool,
    regions: Vec<SearchRegion<'a>>,
    /// By key, whether one of the rules looks at it.
    used: Vec<bool>,
}

impl DocumentSet {
    /// Answers a question with at most so many steps (see [`DocumentSet::STEPS`]).
    pub fn ask(&self, question: &AccessQuestion<'_>, steps: u64) -> AccessAnswer {
        let callers = self.callers(
            question.callers,
            question.fresh,
            question.facts,
            question.owner,
        );
        let scope = self.scope(question.actions.clone(), question.resources.clone());
        let question = RuleQuestion {
            musts: question.musts,
            denies: question.denies,
            bounded: question.bounded,
            scope: &scope,
        };
        let mut budget = Budget::new(steps);
        self.ask_callers(&callers, question, &mut budget)
    }

    /// Actions and resources for any number of questions.
    pub(crate) fn scope(&self, actions: ActionScope, resources: ResourceScope) -> AccessScope {
        let colons = self.documents.iter().map(|document| document.colons);
        AccessScope {
            actions,
            resources,
            partition: self.vocabulary.partition,
            colons: colons.max().unwrap_or_default(),
            names: OnceCell::new(),
            buckets: OnceCell::new(),
            objects: OnceCell::new(),
        }
    }

    /// The partition that callers and resources are of.
    pub(crate) const fn partition(&self) -> &'static str {
        self.vocabulary.partition
    }

    /// A budget of which ordinary documents use a thousandth.
    pub const STEPS: u64 = super::budget::STEPS;

    /// Callers for any number of questions.
    pub(crate) fn callers(
        &self,
        callers: &Callers,
        fresh: bool,
        facts: &[(String, KeyFact)],
        owner: Option<&str>,
    ) -> CallerSpaces {
        let keys = self.vocabulary.keys.len();
        let cells = || {
            let mut cells = Vec::new();
            cells.resize_with(keys, OnceCell::new);
            cells
        };
        let mut combinations = coupled::combinations(&self.vocabulary);
        combinations.retain(|sides| {
            facts.iter().all(|(name, fact)| {
                let known = domain_of_fact(fact);
                sides.iter().all(|side| side.agrees_with(name, &known))
            })
        });
        let on_sides = |part: AskedShape| {
            combinations.iter().map(move |sides| ShapeSpace {
                part: part.clone(),
                sides: sides.clone(),
                down: cells(),
                up: cells(),
            })
        };
        let shapes = self.shapes(callers, fresh).into_iter();
        CallerSpaces {
            place: self.place(owner),
            facts: facts
                .iter()
                .filter_map(|(name, fact)| {
                    Some((self.vocabulary.position(name)?, domain_of_fact(fact)))
                })
                .collect(),
            written: facts.to_vec(),
            shapes: shapes.flat_map(on_sides).collect(),
        }
    }

    /// About how many steps [`DocumentSet::callers`] takes at most, with the room for what each caller can
    /// have in each key.
    pub(crate) fn caller_steps(&self) -> usize {
        let vocabulary = &self.vocabulary;
        let named = vocabulary.accounts.len() + vocabulary.principals.len() + 4;
        let names = vocabulary
            .position("aws:username")
            .map_or(0, |key| vocabulary.literals_of(key).count());
        let combinations = coupled::combinations(vocabulary).len();
        let shapes = named.saturating_mul((names + 12) * combinations);
        shapes.saturating_mul(vocabulary.keys.len() / 4 + 4)
    }

    /// Leaves one of several callers that no statement and no key distinguishes.
    ///
    /// Of shapes that have the same in every key and of which each statement says the same, a question
    /// has the same answer. An ordinary shape also answers for one that is widened, not the other way
    /// round.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(crate) fn merge_callers(
        &self,
        callers: &mut CallerSpaces,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let rules = || self.documents.iter().flat_map(|document| &document.rules);
        let steps: usize = rules().map(|rule| rule.rule.principals() + 1).sum();
        if callers.shapes.len() > MERGED_SHAPES || steps > MERGED_STEPS {
            return Ok(());
        }
        let mut kept: Vec<(Vec<RuleMeaning>, ShapeSpace)> = Vec::new();
        for shape in std::mem::take(&mut callers.shapes) {
            budget.spend_reading(steps)?;
            let caller = &shape.part.shape.caller;
            let meant: Vec<RuleMeaning> = rules()
                .map(|rule| {
                    let meant = match rule.effect {
                        Effect::Deny => caller.is_denied_with(&rule.rule, false),
                        Effect::Allow => caller.is_meant(&rule.rule),
                    };
                    (meant, caller.delegation(&rule.rule))
                })
                .collect();
            let is_known = kept.iter().any(|(other_meant, other)| {
                *other_meant == meant
                    && (shape.part.shape.widened || !other.part.shape.widened)
                    && self.have_the_same(callers, &shape, other)
            });
            if !is_known {
                kept.push((meant, shape));
            }
        }
        callers.shapes = kept.into_iter().map(|(_, shape)| shape).collect();
        Ok(())
    }

    /// Whether two shapes have the same domain in every key, with either rounding.
    fn have_the_same(&self, callers: &CallerSpaces, one: &ShapeSpace, other: &ShapeSpace) -> bool {
        (self.vocabulary.reserved()..self.vocabulary.keys.len()).all(|key| {
            [Rounding::Down, Rounding::Up].iter().all(|rounding| {
                let of = |shape: &ShapeSpace| {
                    shape
                        .domain(&self.vocabulary, &callers.place, key, *rounding)
                        .cloned()
                };
                of(one) == of(other)
            })
        })
    }

    /// Answers a question about callers that were made ready.
    pub(crate) fn ask_callers(
        &self,
        callers: &CallerSpaces,
        question: RuleQuestion<'_>,
        budget: &mut Budget,
    ) -> AccessAnswer {
        match self.decide(callers, question, budget) {
            Ok(answer) => answer,
            Err(Exhausted) => AccessAnswer::Undecided(TOO_HARD.to_owned()),
        }
    }

    fn decide(
        &self,
        callers: &CallerSpaces,
        question: RuleQuestion<'_>,
        budget: &mut Budget,
    ) -> Result<AccessAnswer, Exhausted> {
        let used = question.musts.iter().flatten().chain(question.denies);
        for set in used {
            if let Some(reason) = self
                .get(set.document)
                .and_then(|document| document.unreadable.as_ref())
            {
                return Ok(AccessAnswer::Undecided(reason.clone()));
            }
        }
        let prepared = self.prepare(question, budget)?;
        let mut doubtful = Vec::new();
        let principals: usize = prepared
            .musts
            .iter()
            .flatten()
            .map(|played| played.rule.rule.principals() + 1)
            .sum();
        let named = self.vocabulary.principals.len() + self.vocabulary.accounts.len();
        for shape in &callers.shapes {
            budget.spend_reading(principals)?;
            if !prepared.may_match(&shape.part.shape.caller) {
                continue;
            }
            budget.spend_reading(self.vocabulary.keys.len() + named)?;
            for region in &prepared.regions {
                if shape.part.shape.widened {
                    doubtful.push((shape, region));
                    continue;
                }
                let space = DocumentSpace::new(self, callers, shape, &prepared, region);
                let (found, doubt) = space.way(budget)?;
                if let Some(witness) = found {
                    return Ok(AccessAnswer::Satisfiable(Box::new(witness)));
                }
                if doubt {
                    doubtful.push((shape, region));
                }
            }
        }
        for (shape, region) in doubtful {
            let space = DocumentSpace {
                rounding: Rounding::Up,
                ..DocumentSpace::new(self, callers, shape, &prepared, region)
            };
            let (found, _) = space.way(budget)?;
            if found.is_some() {
                return Ok(AccessAnswer::Undecided(UNCLEAR.to_owned()));
            }
        }
        Ok(AccessAnswer::Unsatisfiable)
    }

    /// The statements of a set.
    fn played(&self, set: StatementSet) -> impl Iterator<Item = PlayedRule<'_>> {
        self.get(set.document)
            .into_iter()
            .flat_map(|document: &CompiledDocument| &document.rules)
            .filter(move |rule| rule.effect == set.effect)
            .map(move |rule| PlayedRule {
                id: (set.document, rule.rule.index.unwrap_or_default()),
                rule,
                at_least: set.at_least,
            })
            .filter(move |played| set.only.is_none_or(|only| only == played.id.1))
    }

    fn prepare<'a>(
        &'a self,
        question: RuleQuestion<'a>,
        budget: &mut Budget,
    ) -> Result<PreparedAccess<'a>, Exhausted> {
        let played = |sets: &[StatementSet]| -> Vec<PlayedRule<'a>> {
            sets.iter().flat_map(|set| self.played(*set)).collect()
        };
        let musts: Vec<Vec<PlayedRule<'a>>> =
            question.musts.iter().map(|sets| played(sets)).collect();
        let denies = played(question.denies);
        let all: Vec<PlayedRule<'a>> = musts.iter().flatten().chain(&denies).copied().collect();
        budget.spend(all.len() * 4 + 1)?;
        budget.spend_reading(all.len() * 8)?;
        let mut used = vec![false; self.vocabulary.keys.len()];
        let atoms = all.iter().flat_map(|played| &played.rule.rule.atoms);
        for atom in atoms.filter_map(|atom| self.vocabulary.atoms.get(*atom)) {
            let variables = atom
                .variables()
                .filter_map(|name| self.vocabulary.position(same_key(name)));
            for key in variables.chain([atom.key]) {
                if let Some(used) = used.get_mut(key) {
                    *used = true;
                }
            }
        }
        Ok(PreparedAccess {
            regions: self.regions(question.scope, &musts, &all),
            musts,
            denies,
            bounded: question.bounded,
            used,
        })
    }

    /// The owner of the resource and what follows from it.
    fn place(&self, owner: Option<&str>) -> OwnerAndTime {
        OwnerAndTime {
            owner: match owner {
                Some(owner) => owner.to_owned(),
                None => self.vocabulary.account_of_no_one(),
            },
            now: None,
            acls_off: false,
            public_acls_refused: false,
            matching_only: owner.is_none(),
        }
    }

    /// The callers, split into shapes.
    fn shapes(&self, callers: &Callers, fresh: bool) -> Vec<AskedShape> {
        let vocabulary = &self.vocabulary;
        let mut list = CallerList::new(vocabulary, BTreeSet::new());
        match callers {
            Callers::Anonymous => list.add(CallerClass::Anonymous, fresh, None),
            Callers::Service(name) => {
                list.add(
                    CallerClass::Service(name.to_lowercase().into()),
                    fresh,
                    None,
                );
            }
            Callers::Provider(name) => {
                let named = IdentityProvider::Named(name.as_str().into());
                list.federated(vec![named], fresh);
            }
            Callers::UnnamedProvider => {
                list.federated(IdentityProvider::unnamed(vocabulary), fresh);
            }
            Callers::Arn(arn) => {
                if let Some(caller) = CallerClass::of_arn(arn) {
                    list.add(caller.clone(), fresh, None);
                    list.sessions_of(&caller);
                }
            }
            Callers::Account(id) => {
                list.account(id.as_str().into(), fresh, None, true);
                list.principals(|account| account == id);
            }
            Callers::AnyAccount => list.fresh_accounts(),
            Callers::Holders => {
                list.identities(&vocabulary.fresh_account, fresh);
                if vocabulary.tells_accounts_apart() {
                    for account in &vocabulary.accounts {
                        list.identities(account, fresh);
                    }
                    list.any_account(fresh);
                }
            }
            Callers::Everyone | Callers::Assumers => {
                list.add(CallerClass::Anonymous, fresh, None);
                let told_apart = vocabulary.tells_accounts_apart();
                let named = vocabulary.accounts_of_principals();
                list.named(|account| told_apart || named.contains(account));
                list.services();
                if *callers == Callers::Assumers {
                    list.federated(IdentityProvider::all(vocabulary), fresh);
                }
            }
        }
        list.parts
    }

    /// The actions and their resources, in parts of which each is one search.
    fn regions<'a>(
        &self,
        scope: &'a AccessScope,
        musts: &[Vec<PlayedRule<'_>>],
        rules: &[PlayedRule<'_>],
    ) -> Vec<SearchRegion<'a>> {
        match &scope.actions {
            ActionScope::Catalogue(actions) => self
                .cells(actions_of(musts) & actions, rules)
                .into_iter()
                .map(|(actions, on)| SearchRegion {
                    actions: ActionRegion::Cell(actions),
                    resource: scope.catalogued(on),
                })
                .filter(|region| !matches!(region.resource.values, Values::None))
                .collect(),
            ActionScope::Names(list) => {
                scope.names(|| Domain::of(list.iter().map(|name| name.to_lowercase()).collect()))
            }
            ActionScope::Patterns(within, without) => {
                let globs = |patterns: &[String]| -> Vec<Glob> {
                    patterns
                        .iter()
                        .map(|pattern| Glob::like(&pattern.to_lowercase()))
                        .collect()
                };
                scope.names(|| Domain {
                    optional: false,
                    values: Values::Text {
                        prefix: String::new(),
                        within: globs(within),
                        without: globs(without),
                    },
                    many: false,
                })
            }
        }
    }

    /// Splits actions until no rule and no key distinguishes the members of a part.
    fn cells(&self, actions: Actions, rules: &[PlayedRule<'_>]) -> Vec<(Actions, On)> {
        let of_kind = |on| catalogue::which(|action| action.on == on) & actions;
        let mut parts: Vec<(Actions, On)> = [On::Object, On::Bucket]
            .map(|on| (of_kind(on), on))
            .into_iter()
            .filter(|(part, _)| *part != 0)
            .collect();
        let keys: BTreeSet<usize> = rules
            .iter()
            .flat_map(|played| &played.rule.rule.atoms)
            .filter_map(|atom| Some(self.vocabulary.atoms.get(*atom)?.key))
            .collect();
        let by_key = keys.iter().map(|key| self.vocabulary.carriers_of(*key));
        let lines: BTreeSet<Actions> = rules
            .iter()
            .map(|played| played.rule.rule.actions)
            .chain(by_key)
            .collect();
        for line in lines {
            for place in 0..parts.len() {
                let Some((part, on)) = parts.get_mut(place) else {
                    break;
                };
                let (inside, outside) = (*part & line, *part & !line);
                if inside != 0 && outside != 0 {
                    *part = inside;
                    let on = *on;
                    parts.push((outside, on));
                }
            }
        }
        parts.sort_by_key(|(part, _)| part.trailing_zeros());
        parts
    }

    /// An action as a document writes it.
    fn written_action<'a>(&'a self, name: &'a str) -> &'a str {
        let mut written = self.vocabulary.actions.iter();
        let found = written.find(|written| written.eq_ignore_ascii_case(name));
        found.map_or(name, String::as_str)
    }
}

/// The actions of the catalogue that some rule of each group is about.
fn actions_of(musts: &[Vec<PlayedRule<'_>>]) -> Actions {
    musts.iter().fold(catalogue::all(), |set, must| {
        set & must.iter().fold(0, |set, played| {
            set | if played.rule.rule.unread {
                catalogue::all()
            } else {
                played.rule.rule.actions
            }
        })
    })
}

impl PreparedAccess<'_> {
    /// Whether some rule of each group may speak of a caller.
    fn may_match(&self, caller: &CallerClass) -> bool {
        self.musts.iter().all(|must| {
            must.iter().any(|played| {
                played.rule.rule.unread || is_meant(caller, played, self.bounded) != Some(false)
            })
        })
    }
}

/// Whether a statement speaks of the caller; in a Deny that is more.
fn is_meant(caller: &CallerClass, played: &PlayedRule<'_>, bounded: bool) -> Option<bool> {
    let rule = &played.rule.rule;
    if played.rule.effect == Effect::Deny {
        return caller.is_denied_with(rule, bounded);
    }
    match caller.is_meant(rule) {
        Some(true) if caller.delegation(rule) < played.at_least => Some(false),
        meant => meant,
    }
}

fn domain_of_fact(fact: &KeyFact) -> Domain {
    match fact {
        KeyFact::Absent => Domain::absent(),
        KeyFact::OneOf(values) => Domain::of(values.clone()),
        KeyFact::Perhaps(values) => Domain::of(values.clone()).or_absent(),
    }
}

/// The resources of a scope; `on` for actions of the catalogue. `colons` is the most that a pattern
/// has.
fn resource_scope(scope: &ResourceScope, on: Option<On>, partition: &str, colons: usize) -> Domain {
    let s3 = format!("arn:{partition}:s3:");
    let text = |prefix: String, within: Vec<Glob>, without: Vec<Glob>| Domain {
        optional: false,
        values: Values::Text {
            prefix,
            within,
            without,
        },
        many: false,
    };
    match (scope, on) {
        (ResourceScope::Exactly(arn), _) => Domain::fixed(arn.clone()),
        (ResourceScope::Bucket(bucket), Some(on)) => {
            resource_domain(&format!("{s3}::{bucket}"), on)
        }
        (ResourceScope::Bucket(bucket), None) => {
            let arn = format!("{s3}::{bucket}");
            let objects = Glob::like(&format!("{arn}/?*"));
            text(arn.clone(), vec![Glob::exactly(&arn), objects], Vec::new())
        }
        (ResourceScope::Objects(..), Some(On::Bucket)) => Domain::absent(),
        (ResourceScope::Objects(bucket, keys), _) => {
            let prefix = format!("{s3}::{bucket}/");
            if keys.contains(['*', '?']) {
                let mut tokens = Glob::exactly(&prefix).into_tokens();
                tokens.extend(Glob::like(keys).into_tokens());
                // A key is not empty.
                let empty = Glob::exactly(&prefix);
                text(prefix, vec![Glob::new(tokens)], vec![empty])
            } else {
                Domain::fixed(format!("{prefix}{keys}"))
            }
        }
        (ResourceScope::AnyBucket | ResourceScope::AnyArn, Some(On::Bucket)) => {
            let within = vec![
                Glob::like(&format!("{s3}::?*")),
                // A Multi-Region Access Point has no Region.
                in_segments(&format!("{s3}*:????????????:accesspoint/?*")),
            ];
            let no_objects = [
                format!("{s3}*/*/*"),
                format!("{s3}::*/*"),
                format!("{s3}::*:*"),
            ];
            text(
                s3,
                within,
                no_objects.iter().map(|glob| Glob::like(glob)).collect(),
            )
        }
        (ResourceScope::AnyBucket | ResourceScope::AnyArn, Some(On::Object)) => {
            let within = vec![
                Glob::like(&format!("{s3}::?*/?*")),
                in_segments(&format!("{s3}*:????????????:accesspoint/?*/object/?*")),
            ];
            text(s3, within, Vec::new())
        }
        (ResourceScope::AnyBucket, None) => {
            let within = vec![Glob::like(&format!("{s3}*:*:?*"))];
            text(s3, within, Vec::new())
        }
        (ResourceScope::Arns(patterns), _) => {
            let within = patterns
                .iter()
                .map(|pattern| in_segments(pattern))
                .collect();
            text(format!("arn:{partition}:"), within, Vec::new())
        }
        (ResourceScope::AnyArn, None) => {
            let prefix = format!("arn:{partition}:");
            let within = (5..=colons.max(5))
                .map(|colons| well_formed(&prefix, colons))
                .collect();
            text(prefix, within, Vec::new())
        }
    }
}

/// A pattern whose wildcards stay within the first five parts of an ARN.
fn in_segments(pattern: &str) -> Glob {
    let tokens = Glob::like(pattern).into_tokens();
    super::arn::pattern(&tokens).unwrap_or_else(|| Glob::new(tokens))
}

/// ARNs with so many colons: service, region and account have none.
fn well_formed(prefix: &str, colons: usize) -> Glob {
    let mut tokens = Glob::exactly(prefix).into_tokens();
    tokens.push(GlobToken::OneInSegment);
    tokens.push(GlobToken::ManyInSegment);
    // Two colons stand in the prefix.
    for colon in 3..=colons {
        tokens.push(GlobToken::Char(':'));
        if colon == 5 {
            tokens.push(GlobToken::OneInSegment);
        }
        tokens.push(GlobToken::ManyInSegment);
    }
    Glob::new(tokens)
}

/// What is searched: the requests of one shape and region.
struct DocumentSpace<'a> {
    documents: &'a DocumentSet,
    callers: &'a CallerSpaces,
    shape: &'a ShapeSpace,
    prepared: &'a PreparedAccess<'a>,
    region: &'a SearchRegion<'a>,
    rounding: Rounding,
}

impl<'a> DocumentSpace<'a> {
    const fn new(
        documents: &'a DocumentSet,
        callers: &'a CallerSpaces,
        shape: &'a ShapeSpace,
        prepared: &'a PreparedAccess<'a>,
        region: &'a SearchRegion<'a>,
    ) -> Self {
        Self {
            documents,
            callers,
            shape,
            prepared,
            region,
            rounding: Rounding::Down,
        }
    }

    /// The conditions of a rule in this region; none where it is about other actions.
    fn atoms_of<'r>(&self, rule: &'r DocumentRule) -> Option<&'r [usize]> {
        match self.region.actions {
            ActionRegion::Cell(actions) => {
                (rule.rule.actions & actions != 0 || rule.rule.unread).then_some(&rule.rule.atoms)
            }
            ActionRegion::Names(_) => Some(&rule.with_action),
        }
    }

    fn is_meant(&self, played: &PlayedRule<'_>) -> Option<bool> {
        is_meant(&self.shape.part.shape.caller, played, self.prepared.bounded)
    }

    /// The rules of a must-group that may match, and whether one of them is in doubt.
    fn alternatives(&self, must: &'a [PlayedRule<'a>], doubt: &mut bool) -> Vec<Alternative<'a>> {
        let mut group = Vec::new();
        for (place, played) in must.iter().enumerate() {
            let Some(atoms) = self.atoms_of(played.rule) else {
                continue;
            };
            let meant = self.is_meant(played);
            let unread = played.rule.rule.unread;
            if meant == Some(false) && !unread {
                continue;
            }
            let unclear = meant.is_none() || unread;
            // What could not be read may match everything.
            let atoms: &[usize] = if unread { &[] } else { atoms };
            if let Ok(alternative) = space::settle_allow(self, place, atoms, unclear) {
                *doubt |= unclear;
                if !unclear || self.rounding == Rounding::Up {
                    group.push(alternative);
                }
            }
        }
        group
    }

    /// A witness, and whether there was a doubt.
    fn way(&self, budget: &mut Budget) -> Result<(Option<AccessWitness>, bool), Exhausted> {
        let mut doubt = false;
        let mut groups: Vec<Vec<Alternative<'_>>> = Vec::with_capacity(self.prepared.musts.len());
        for must in &self.prepared.musts {
            budget.spend(must.len() + 1)?;
            for played in must {
                budget.spend_reading(played.rule.steps)?;
            }
            let group = self.alternatives(must, &mut doubt);
            if group.is_empty() {
                return Ok((None, doubt));
            }
            groups.push(group);
        }
        let mut clauses = Vec::new();
        for played in &self.prepared.denies {
            let Some(atoms) = self.atoms_of(played.rule) else {
                continue;
            };
            budget.spend(atoms.len() + 1)?;
            budget.spend_reading(played.rule.steps)?;
            if played.rule.rule.unread {
                doubt = true;
                if self.rounding == Rounding::Up {
                    continue;
                }
            }
            match space::settle(self, &played.rule.rule, atoms, self.is_meant(played)) {
                SettledDeny::Never => {}
                SettledDeny::Always => return Ok((None, doubt)),
                SettledDeny::Depends(clause) => clauses.push(clause),
            }
        }
        let solved = space::search(self, &groups, &clauses, budget)?;
        doubt |= solved.doubt;
        let found = solved.found.ok();
        Ok((found.map(|model| self.witness(&groups, &model)), doubt))
    }

    fn witness(&self, groups: &[Vec<Alternative<'_>>], model: &RequestModel) -> AccessWitness {
        let vocabulary = &self.documents.vocabulary;
        let shape = &self.shape.part.shape;
        let value_of = |key: usize| model.values.get(key);
        let holds = |alternative: &&Alternative<'_>| {
            alternative.depends.iter().all(|number| {
                let atom = vocabulary.atoms.get(*number);
                model.literals.contains(&(*number, true))
                    || atom.and_then(|atom| atom.holds(value_of(atom.key)?)) == Some(true)
            })
        };
        let chosen: Vec<PlayedRule<'_>> = groups
            .iter()
            .zip(&self.prepared.musts)
            .filter_map(|(group, must)| must.get(group.iter().find(holds)?.rule).copied())
            .collect();
        let action: Option<&str> = match &self.region.actions {
            ActionRegion::Cell(actions) => catalogue::members(*actions)
                .next()
                .map(|action| action.name.as_str()),
            ActionRegion::Names(_) => value_of(ACTION)
                .and_then(KeyValue::one)
                .map(|name| self.documents.written_action(name)),
        };
        let of_anyone = chosen
            .iter()
            .any(|played| CallerClass::Anonymous.is_meant(&played.rule.rule) == Some(true));
        let place = &self.callers.place;
        let request = action.and_then(|action| {
            let none = Vec::new();
            let mut request =
                witness::request(vocabulary, &place.owner, shape, action, model, &none)?;
            self.add_facts(&mut request);
            Some(request)
        });
        AccessWitness {
            request,
            statements: chosen.iter().map(|played| played.id).collect(),
            needs: holding::of_model(
                vocabulary,
                place,
                shape,
                model,
                self.shape.part.held_as.as_deref(),
                of_anyone,
            ),
        }
    }

    /// What is known of every request is part of the witness, and the owner is the one that the
    /// request names.
    fn add_facts(&self, request: &mut Request) {
        for (name, fact) in &self.callers.written {
            if let KeyFact::OneOf(values) = fact
                && let Some(value) = values.first()
            {
                request
                    .context
                    .entry(super::keys::written(name))
                    .or_insert_with(|| ContextValue::One(value.clone()));
            }
        }
        if self.callers.place.matching_only
            && let Some(ContextValue::One(owner)) = request.context.get("aws:ResourceAccount")
        {
            request.resource_account.clone_from(owner);
        }
    }
}

impl RequestSpace for DocumentSpace<'_> {
    fn vocabulary(&self) -> &Vocabulary {
        &self.documents.vocabulary
    }

    fn domain(&self, key: usize) -> &Domain {
        let vocabulary = &self.documents.vocabulary;
        match (key, &self.region.actions) {
            (RESOURCE, _) => return self.region.resource,
            (ACTION, ActionRegion::Cell(_)) => return &NEVER,
            (ACTION, ActionRegion::Names(domain)) => return domain,
            (_, ActionRegion::Cell(actions)) if !vocabulary.carries(*actions, key) => {
                return &NEVER;
            }
            _ => {}
        }
        if self.prepared.used.get(key) != Some(&true) {
            return &NEVER;
        }
        if let Some((_, domain)) = self.callers.facts.iter().find(|(fixed, _)| *fixed == key) {
            return domain;
        }
        self.shape
            .domain(vocabulary, &self.callers.place, key, self.rounding)
            .map_or(&NEVER, |domain| domain)
    }

    fn says(&self, atom: usize) -> Settled {
        self.documents
            .vocabulary
            .atoms
            .get(atom)
            .map_or(Settled::Depends, |atom| {
                fold::says(atom, self.domain(atom.key))
            })
    }

    fn rounding(&self) -> Rounding {
        self.rounding
    }
}
