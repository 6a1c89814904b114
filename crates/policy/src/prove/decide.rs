//! One question about one class of actions: the passes over callers, actions and statements.
//!
//! Callers who hold nothing that the policy names come first; if one of them gets in, the class is
//! reachable, and the first way in is enough. Otherwise those who are, or hold, what the policy names
//! are asked, and every way in is collected, because together they say what it takes. Each pass is
//! made with doubts rounded down, and where a doubt mattered once more with doubts rounded up.

use std::ops::Range;
use std::sync::Arc;

use super::budget::Exhausted;
use super::caller::{CallerClass, CallerShape, LONGEST_SIGNATURE_MS};
use super::caller_list::AskedShape;
use super::caller_state::{CallerState, ProvingContext};
use super::compile::ActionGroup;
use super::hit::{AskedCaller, EvaluatedRequest, Holding, QuestionCallers, WayIn};
use super::holding;
use super::proof::{ClosedBy, Ledger};
use super::prover::{LongestSignature, Prover};
use super::questions::{self, Question, RequestForm, RequestKind};
use super::value::Rounding;
use crate::catalogue::{ActionClass, Actions, CLASSES};
use crate::contract::Reach;
use crate::contract::{Decision, Request};
use crate::evaluate::implausible;

/// A question made ready for one policy.
#[derive(Clone, Debug)]
pub(super) struct PreparedQuestion {
    question: Question,
    about: Actions,
    fixes: Vec<Arc<RequestForm>>,
    fresh: Arc<[AskedCaller]>,
    /// Found when they are asked for: mostly a caller fresh gets in.
    holders: Option<Arc<[AskedCaller]>>,
}

/// What one pass over callers, groups and statements found.
#[derive(Debug, Default)]
struct Pass {
    hits: Vec<WayIn>,
    doubt: bool,
}

/// The answer for one class.
#[derive(Debug)]
pub(super) struct ClassAnswer {
    pub(super) reach: Reach,
    pub(super) hits: Vec<WayIn>,
    pub(super) reason: Option<String>,
}

const UNCLEAR: &str = "it depends on something that AWS does not document or that the documents at \
                       hand do not hold";
const INCONSISTENT: &str = "the prover found a request that the evaluator does not let in; one of \
                            the two is wrong";
const TOO_HARD: &str = "the policy needs more steps than its budget has";

/// At most this many ways in are collected for `only_from`.
const WAYS_IN: usize = 256;

impl ClassAnswer {
    fn of(reach: Reach, pass: Pass) -> Self {
        Self {
            reach,
            hits: pass.hits,
            reason: None,
        }
    }

    fn unknown(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::of(Reach::Unknown, Pass::default())
        }
    }
}

impl Prover {
    /// Makes a question ready: its callers on the around, and what it fixes.
    pub(super) fn asked(&mut self, question: &Question) -> PreparedQuestion {
        let fixes = self.fixes(question.kinds(self.kms_by_default));
        let known = self.known(question).and_then(|known| known.fresh.clone());
        PreparedQuestion {
            about: question.actions() & self.scope,
            fixes,
            fresh: match known {
                Some(fresh) => fresh,
                None => {
                    let fresh = question.fresh(&self.policy, &self.place.owner);
                    let fresh = self.with_states(fresh);
                    if let Some(known) = self.known(question) {
                        known.fresh = Some(Arc::clone(&fresh));
                    }
                    fresh
                }
            },
            holders: None,
            question: question.clone(),
        }
    }

    /// The callers who are, or hold, what the policy names.
    pub(super) fn holders(&mut self, asked: &mut PreparedQuestion) -> Arc<[AskedCaller]> {
        if let Some(holders) = &asked.holders {
            return Arc::clone(holders);
        }
        let known = self
            .known(&asked.question)
            .and_then(|known| known.holders.clone());
        let holders = known.unwrap_or_else(|| {
            let holders = asked.question.holders(&self.policy, &self.place.owner);
            self.with_states(holders)
        });
        if let Some(known) = self.known(&asked.question) {
            known.holders = Some(Arc::clone(&holders));
        }
        asked.holders = Some(Arc::clone(&holders));
        holders
    }

    /// What other questions about the same callers found of them.
    fn known(&mut self, question: &Question) -> Option<&mut QuestionCallers> {
        self.callers.get_mut(question.callers()?)
    }

    fn fixes(&mut self, kinds: Vec<RequestKind>) -> Vec<Arc<RequestForm>> {
        kinds
            .into_iter()
            .map(|kind| {
                self.kinds += 1;
                Arc::new(RequestForm::new(kind, &self.policy, self.kinds))
            })
            .collect()
    }

    fn with_states(&mut self, parts: Vec<AskedShape>) -> Arc<[AskedCaller]> {
        parts
            .into_iter()
            .map(|part| AskedCaller {
                state: self.state(part.shape),
                held_as: part.held_as,
            })
            .collect()
    }

    fn state(&mut self, shape: CallerShape) -> usize {
        let known = self.states.iter().position(|state| state.shape == shape);
        known.unwrap_or_else(|| {
            self.states
                .push(CallerState::new(shape, &self.policy, &self.place));
            self.states.len() - 1
        })
    }

    pub(super) fn surroundings(&self) -> ProvingContext<'_> {
        ProvingContext {
            policy: &self.policy,
            place: &self.place,
            cut: self.cut,
        }
    }

    /// The answer for one class.
    pub(super) fn class(
        &mut self,
        asked: &mut PreparedQuestion,
        class: ActionClass,
    ) -> ClassAnswer {
        self.decide(asked, class)
            .unwrap_or_else(|Exhausted| ClassAnswer::unknown(TOO_HARD))
    }

    fn decide(
        &mut self,
        asked: &mut PreparedQuestion,
        class: ActionClass,
    ) -> Result<ClassAnswer, Exhausted> {
        if let Some(reason) = &self.policy.unreadable {
            return Ok(ClassAnswer::unknown(reason));
        }
        let groups = self.policy.of_class(class);
        let is_asked = |group: &ActionGroup| group.actions & asked.about != 0;
        if !self
            .policy
            .groups
            .get(groups.clone())
            .is_some_and(|groups| groups.iter().any(is_asked))
        {
            return Ok(ClassAnswer::of(Reach::Unreachable, Pass::default()));
        }
        let callers = Arc::clone(&asked.fresh);
        let fresh = self.pass(groups.clone(), asked, &callers, Rounding::Down, false)?;
        if !fresh.hits.is_empty() {
            return Ok(self.checked(ClassAnswer::of(Reach::Reachable, fresh)));
        }
        if fresh.doubt {
            let up = self.pass(groups.clone(), asked, &callers, Rounding::Up, false)?;
            if !up.hits.is_empty() {
                return Ok(ClassAnswer::unknown(UNCLEAR));
            }
        }
        let callers = self.holders(asked);
        let mut held = self.pass(groups.clone(), asked, &callers, Rounding::Down, true)?;
        if !held.hits.is_empty() {
            self.hold(&mut held.hits);
            self.alternatives(&mut held.hits);
            let reach = if holding::are_broad(self.surroundings(), &held.hits) {
                Reach::Reachable
            } else {
                Reach::Constrained
            };
            return Ok(self.checked(ClassAnswer::of(reach, held)));
        }
        if held.doubt {
            let up = self.pass(groups, asked, &callers, Rounding::Up, false)?;
            if !up.hits.is_empty() {
                return Ok(ClassAnswer::unknown(UNCLEAR));
            }
        }
        Ok(ClassAnswer::of(Reach::Unreachable, held))
    }

    /// Looks through callers, groups and statements; `all` goes on after the first way in.
    fn pass(
        &mut self,
        groups: Range<usize>,
        asked: &PreparedQuestion,
        callers: &[AskedCaller],
        rounding: Rounding,
        all: bool,
    ) -> Result<Pass, Exhausted> {
        let mut pass = Pass::default();
        // One way in a statement is enough to tell what it takes.
        let mut found = std::mem::take(&mut self.found);
        for caller in callers {
            let Some(state) = self.states.get(caller.state) else {
                continue;
            };
            if state.shape.widened && rounding == Rounding::Down {
                pass.doubt = true;
                continue;
            }
            let reach = state.carried_out() & asked.about;
            found.clear();
            found.resize(self.policy.allows.len() + 1, false);
            for group in groups.clone() {
                let Some(group) = self.policy.groups.get(group).copied() else {
                    continue;
                };
                if group.actions & reach == 0 {
                    continue;
                }
                for fix in &asked.fixes {
                    let Some(group) = group.within(reach & fix.actions) else {
                        continue;
                    };
                    self.group(&mut pass, &mut found, caller, group, fix, rounding, all)?;
                    if !pass.hits.is_empty() && (!all || pass.hits.len() >= WAYS_IN) {
                        self.found = found;
                        return Ok(pass);
                    }
                }
            }
        }
        self.found = found;
        Ok(pass)
    }

    /// One caller, one group of actions, one kind of request.
    #[allow(
        clippy::too_many_arguments,
        reason = "the innermost of the loops of one pass"
    )]
    fn group(
        &mut self,
        pass: &mut Pass,
        found: &mut [bool],
        caller: &AskedCaller,
        group: ActionGroup,
        fix: &Arc<RequestForm>,
        rounding: Rounding,
        all: bool,
    ) -> Result<(), Exhausted> {
        let around = ProvingContext {
            policy: &self.policy,
            place: &self.place,
            cut: self.cut,
        };
        let Some(state) = self.states.get_mut(caller.state) else {
            return Ok(());
        };
        let outcome = state.outcome(around, group.cell, fix, rounding, &mut self.budget)?;
        let Some(known) = state.get(outcome) else {
            return Ok(());
        };
        pass.doubt |= known.doubt;
        for way in 0..known.ways.len() {
            let rule = state
                .get(outcome)
                .and_then(|outcome| outcome.ways.get(way))
                .and_then(|way| way.rule);
            let already = found.get_mut(rule.map_or(0, |position| position + 1));
            if already.as_ref().is_some_and(|already| **already) {
                continue;
            }
            let Some(solved) = state.solve(around, fix, outcome, way, &mut self.budget)? else {
                continue;
            };
            pass.doubt |= solved.doubt;
            if let Ok(model) = solved.found {
                if let Some(already) = already {
                    *already = true;
                }
                pass.hits.push(WayIn {
                    rule,
                    state: caller.state,
                    group,
                    fix: Arc::clone(fix),
                    model,
                    held_as: caller.held_as.clone(),
                    held: Holding::new(),
                });
                if !all {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Where every way in was closed, when no one got in.
    pub(super) fn ledger(&mut self, asked: &mut PreparedQuestion) -> Result<Ledger, Exhausted> {
        let holders = self.holders(asked);
        let mut ledger = Ledger::default();
        let around = ProvingContext {
            policy: &self.policy,
            place: &self.place,
            cut: self.cut,
        };
        for caller in asked.fresh.iter().chain(holders.iter()) {
            let Some(state) = self.states.get_mut(caller.state) else {
                continue;
            };
            if state.shape.widened {
                continue;
            }
            for rule in 0..self.policy.allows.len() {
                if state.is_meant(rule) == Some(false) {
                    ledger.note(Some(rule), ClosedBy::Principal);
                }
            }
            let reach = state.carried_out() & asked.about;
            for group in &self.policy.groups {
                if group.actions & reach == 0 {
                    continue;
                }
                for fix in &asked.fixes {
                    if group.actions & reach & fix.actions == 0 {
                        continue;
                    }
                    let outcome =
                        state.outcome(around, group.cell, fix, Rounding::Down, &mut self.budget)?;
                    for way in state.get(outcome).iter().flat_map(|known| &known.ways) {
                        if let Some(closed) = way.closed() {
                            ledger.note(way.rule, closed);
                        }
                    }
                }
            }
        }
        Ok(ledger)
    }

    /// The actions that the policy grants to the callers who were asked about, and that S3 does not
    /// carry out for them: `outcome` of a group is known from the search for its other actions.
    pub(super) fn ineffective(&mut self, asked: &PreparedQuestion) -> Result<Actions, Exhausted> {
        let callers = asked
            .fresh
            .iter()
            .chain(asked.holders.iter().flat_map(|holders| holders.iter()));
        let around = ProvingContext {
            policy: &self.policy,
            place: &self.place,
            cut: self.cut,
        };
        let mut granted = 0;
        for caller in callers {
            let Some(state) = self.states.get_mut(caller.state) else {
                continue;
            };
            let refused = state.refused & asked.about & !granted;
            if state.shape.widened || refused == 0 {
                continue;
            }
            for group in &self.policy.groups {
                if group.actions & refused == 0 {
                    continue;
                }
                for fix in &asked.fixes {
                    let outcome =
                        state.outcome(around, group.cell, fix, Rounding::Down, &mut self.budget)?;
                    let ways = state.get(outcome).map_or(0, |known| known.ways.len());
                    for way in 0..ways {
                        let solved = state.solve(around, fix, outcome, way, &mut self.budget)?;
                        if solved.is_some_and(|solved| solved.found.is_ok()) {
                            granted |= group.actions & refused & fix.actions;
                            break;
                        }
                    }
                }
            }
        }
        Ok(granted)
    }

    /// Says of each way in what it takes.
    pub(super) fn hold(&self, hits: &mut [WayIn]) {
        for hit in hits {
            if let Some(state) = self.states.get(hit.state) {
                hit.held = holding::of(self.surroundings(), &state.shape, hit);
            }
        }
    }

    /// A witness that the evaluator does not let in, or that no request can look like, is no
    /// witness. What is left without one is unknown.
    fn checked(&mut self, mut answer: ClassAnswer) -> ClassAnswer {
        let mut hits = std::mem::take(&mut answer.hits);
        hits.retain(|hit| {
            let same = self.recent.take().filter(|recent| {
                recent.state == hit.state
                    && Arc::ptr_eq(&recent.fix, &hit.fix)
                    && Arc::ptr_eq(&recent.model, &hit.model)
            });
            let request = match same {
                Some(mut recent) => {
                    recent.request.action.clone_from(&hit.group.action.name);
                    Some(recent.request)
                }
                None => self.request(hit),
            };
            let Some(request) = request else {
                // Only the account behind a canonical id has no ARN to ask about.
                return self
                    .states
                    .get(hit.state)
                    .is_some_and(|state| matches!(state.shape.caller, CallerClass::Canonical(_)));
            };
            let stands = implausible(&request).is_none()
                && self.judge.evaluate(&request).decision == Decision::Allow;
            self.mismatches += usize::from(!stands);
            self.recent = Some(EvaluatedRequest {
                state: hit.state,
                fix: Arc::clone(&hit.fix),
                model: Arc::clone(&hit.model),
                request,
            });
            stands
        });
        if hits.is_empty() {
            answer.reach = Reach::Unknown;
            answer.reason = Some(INCONSISTENT.to_owned());
        }
        answer.hits = hits;
        answer
    }

    /// The request that shows a way in; none for a caller that has no ARN to write down.
    pub(super) fn request(&self, hit: &WayIn) -> Option<Request> {
        super::witness::request(
            &self.policy.vocabulary,
            &self.place.owner,
            &self.states.get(hit.state)?.shape,
            &hit.group.action.name,
            &hit.model,
            &hit.fix.all,
        )
    }

    /// What gets in at each age of a signature at which the policy changes its answer, the longest
    /// age first, until something does.
    pub(super) fn longest_age(&mut self, asked: &mut PreparedQuestion) -> LongestSignature {
        let ages = questions::ages(&self.policy);
        if ages.is_empty() {
            return LongestSignature::Ms(LONGEST_SIGNATURE_MS);
        }
        for age in ages {
            let mut aged = PreparedQuestion {
                fixes: self.fixes(questions::presigned(age, age)),
                ..asked.clone()
            };
            let reach = CLASSES
                .map(|class| self.class(&mut aged, class).reach)
                .into_iter()
                .max();
            asked.holders = aged.holders;
            match reach {
                Some(Reach::Unknown) => return LongestSignature::Unknown,
                Some(Reach::Reachable | Reach::Constrained) => {
                    return LongestSignature::Ms(age);
                }
                Some(Reach::Unreachable) | None => {}
            }
        }
        LongestSignature::Unknown
    }

    /// The Allow statements by which every AWS account gets into one group of actions.
    pub(super) fn open_to_all(
        &mut self,
        group: usize,
        asked: &PreparedQuestion,
    ) -> Result<Vec<Option<usize>>, Exhausted> {
        let callers = Arc::clone(&asked.fresh);
        let pass = self.pass(group..group + 1, asked, &callers, Rounding::Down, true)?;
        Ok(pass.hits.into_iter().map(|hit| hit.rule).collect())
    }

    /// All ways of these callers into one group of actions, those that could not be decided too.
    pub(super) fn ways_in(
        &mut self,
        group: usize,
        asked: &PreparedQuestion,
        callers: &[AskedCaller],
    ) -> Result<Vec<WayIn>, Exhausted> {
        let pass = self.pass(group..group + 1, asked, callers, Rounding::Down, true)?;
        let mut ways = pass.hits;
        if pass.doubt {
            let up = self.pass(group..group + 1, asked, callers, Rounding::Up, true)?;
            ways.extend(up.hits);
        }
        Ok(ways)
    }
}
