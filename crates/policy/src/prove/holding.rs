//! What a caller must hold to get in a way that was found: the `only_from` of an answer.
//!
//! A way in by a caller who holds a literal of the policy shows what it takes: the conditions that
//! it satisfies on keys that say what a caller is or owns, unless a caller fresh would satisfy them
//! as well; and the principal, where the statement speaks of no one else.

use std::sync::Arc;

use super::atom::{KeyValue, ValueTest};
use super::budget::{Budget, Exhausted};
use super::caller::{CallerClass, CallerShape, OwnerAndTime, is_held};
use super::caller_state::ProvingContext;
use super::compile::ActionGroup;
use super::dpll::RequestModel;
use super::glob::Glob;
use super::hit::{Holding, WayIn};
use super::ip::Addresses;
use super::prover::Prover;
use super::questions::RequestForm;
use super::solve;
use super::value::{self, Literal, Rounding};
use super::vocabulary::{RESOURCE_ORGANIZATION, Vocabulary};

/// Networks that are listed of one key.
const NETWORKS: usize = 256;

/// A key that says who the caller is, whatever it holds besides.
fn is_own(key: &str) -> bool {
    matches!(key, "aws:principalaccount" | "aws:principalarn")
}

/// The literals of a way in on one key.
fn literals<'a>(vocabulary: &'a Vocabulary, model: &RequestModel, key: usize) -> Vec<Literal<'a>> {
    model
        .literals
        .iter()
        .filter_map(|(position, wanted)| {
            let atom = vocabulary.atoms.get(*position)?;
            (atom.key == key && !atom.is_open()).then_some((atom, *wanted))
        })
        .collect()
}

/// The patterns with variables that a way in binds a key to: what it is compared with, or the
/// property of the bucket that is compared with it.
fn bound(policy: &Vocabulary, model: &RequestModel, key: usize, name: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    for (position, wanted) in &model.literals {
        let Some(atom) = policy.atoms.get(*position) else {
            continue;
        };
        if !atom.is_open() || *wanted == atom.negated {
            continue;
        }
        if atom.key == key {
            patterns.extend(atom.written());
        } else if policy
            .keys
            .get(atom.key)
            .is_some_and(|of| of == RESOURCE_ORGANIZATION)
            && atom.stands_alone(name)
            && atom.variables().any(|variable| variable == name)
            && let Some(written) = policy.written.get(atom.key)
        {
            patterns.push(format!("${{{written}}}"));
        }
    }
    patterns.sort();
    patterns.dedup();
    patterns
}

/// What a caller of that shape must hold to get in this way.
pub(super) fn of(around: ProvingContext<'_>, shape: &CallerShape, hit: &WayIn) -> Holding {
    let of_anyone = hit
        .rule
        .and_then(|position| around.policy.allows.get(position))
        .is_some_and(|rule| CallerClass::Anonymous.is_meant(rule) == Some(true));
    of_model(
        &around.policy.vocabulary,
        around.place,
        shape,
        &hit.model,
        hit.held_as.as_deref(),
        of_anyone,
    )
}

/// What a caller of that shape must hold for a request that was found; `of_anyone` says that a
/// statement that lets it in speaks of everyone.
pub(super) fn of_model(
    policy: &Vocabulary,
    place: &OwnerAndTime,
    shape: &CallerShape,
    model: &RequestModel,
    held_as: Option<&str>,
    of_anyone: bool,
) -> Holding {
    let mut held = Holding::new();
    let fresh = CallerShape {
        fresh: true,
        ..shape.clone()
    };
    for (key, name) in policy.keys.iter().enumerate() {
        if !is_held(name) || matches!(model.values.get(key), None | Some(KeyValue::Absent)) {
            continue;
        }
        let literals = literals(policy, model, key);
        let bound = bound(policy, model, key, name);
        if !bound.is_empty() {
            held.insert(policy.written.get(key).cloned().unwrap_or_default(), bound);
            continue;
        }
        if literals.is_empty() {
            continue;
        }
        let written = policy.written.get(key).cloned().unwrap_or_default();
        if name == "aws:sourceip" {
            let set = value::addresses(&literals);
            if !set.is_broad() {
                held.insert(written, set.networks(NETWORKS));
            }
            continue;
        }
        let is_own = is_own(name);
        if !is_own {
            let domain = fresh.domain(policy, place, key, Rounding::Down);
            let free = solve::solve(
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
        let own = shape.domain(policy, place, key, Rounding::Up);
        let mut values: Vec<String> = policy
            .literals_of(key)
            .filter(|literal| passes(literal) && (is_own || own.admits(literal)))
            .map(str::to_owned)
            .collect();
        // A pattern that the value must match is named as the policy writes it.
        for (atom, wanted) in &literals {
            if let ValueTest::Text(globs) = &atom.test
                && *wanted != atom.negated
            {
                values.extend(
                    globs
                        .iter()
                        .filter(|glob| glob.literal().is_none())
                        .map(Glob::written)
                        .filter(|written| written != "*"),
                );
            }
        }
        if values.is_empty() && !is_own {
            values = match model.values.get(key) {
                Some(KeyValue::One(value)) => vec![value.clone()],
                Some(KeyValue::Many(values)) => values.clone(),
                _ => Vec::new(),
            };
        }
        if !values.is_empty() {
            held.insert(written, values);
        }
    }
    // Being a caller is a constraint where the statement speaks of no one else.
    if let Some(name) = held_as
        && (!of_anyone || held.is_empty())
    {
        held.insert("principal".to_owned(), vec![name.to_string()]);
    }
    held
}

/// Searches for other ways in, a class.
const SEARCHES: usize = 48;

/// Whether a caller who holds what the second lists holds what the first lists.
fn covers(less: &Holding, more: &Holding) -> bool {
    less.iter().all(|(key, values)| {
        more.get(key)
            .is_some_and(|found| found.iter().all(|value| values.contains(value)))
    })
}

/// Those that no other one makes superfluous.
pub(super) fn minimal(ways: &[Holding]) -> Vec<Holding> {
    let is_empty = Holding::is_empty;
    let superfluous = |place: usize, held: &Holding| {
        ways.iter().enumerate().any(|(other, less)| {
            other != place
                && !is_empty(less)
                && covers(less, held)
                && (other < place || !covers(held, less))
        })
    };
    ways.iter()
        .enumerate()
        .filter(|(place, held)| !superfluous(*place, held))
        .map(|(_, held)| held.clone())
        .collect()
}

impl Prover {
    /// Adds the ways in that do without something which those found take: an organization *or* a
    /// network, where the search stopped at the first of the two.
    ///
    /// Each key that a way takes is limited in turn to what callers hold whom the policy does not
    /// name, and the search made again: any other way that is no part of this one does without one of
    /// its keys, so it is found there. What takes more than another way of the same statement is
    /// left out.
    pub(super) fn alternatives(&mut self, hits: &mut Vec<WayIn>) {
        let chosen = |name: &String| is_held(name) && !is_own(name);
        let held_keys = self
            .policy
            .vocabulary
            .keys
            .iter()
            .filter(|name| chosen(name))
            .count();
        let mut left = SEARCHES;
        let mut seen: Vec<(Option<usize>, usize, usize, Vec<usize>)> = Vec::new();
        let mut place = 0;
        while let Some(hit) = hits.get(place) {
            place += 1;
            if held_keys < 2 && hit.held_as.is_none() {
                continue;
            }
            let (rule, state, group) = (hit.rule, hit.state, hit.group);
            let held_as = hit.held_as.clone();
            let before = Arc::clone(&hit.fix);
            let keys: Vec<usize> = hit
                .held
                .keys()
                .filter_map(|written| {
                    self.policy
                        .vocabulary
                        .written
                        .iter()
                        .position(|name| name == written)
                })
                .filter(|key| self.policy.vocabulary.keys.get(*key).is_some_and(chosen))
                .collect();
            for key in keys {
                let mut without = before.on.iter().map(|(key, _)| *key).collect::<Vec<_>>();
                without.push(key);
                without.sort_unstable();
                let search = (rule, state, group.cell, without);
                if left == 0 || seen.contains(&search) {
                    continue;
                }
                seen.push(search);
                left -= 1;
                let Some(fix) = self.doing_without(state, &before, key) else {
                    continue;
                };
                let Ok(Some(model)) = self.way_of(state, rule, group, &fix) else {
                    continue;
                };
                let mut other = WayIn {
                    rule,
                    state,
                    group,
                    fix,
                    model,
                    held_as: held_as.clone(),
                    held: Holding::new(),
                };
                self.hold(std::slice::from_mut(&mut other));
                hits.push(other);
            }
        }
        let held: Vec<(Option<usize>, Holding)> = hits
            .iter()
            .map(|hit| (hit.rule, hit.held.clone()))
            .collect();
        let mut place = 0;
        hits.retain(|hit| {
            place += 1;
            !held.iter().enumerate().any(|(other, (rule, less))| {
                other + 1 != place
                    && *rule == hit.rule
                    && !less.is_empty()
                    && covers(less, &hit.held)
                    && !covers(&hit.held, less)
            })
        });
    }

    /// The same kind of request, by a caller who holds nothing of that key that the policy names.
    fn doing_without(
        &mut self,
        state: usize,
        form: &RequestForm,
        key: usize,
    ) -> Option<Arc<RequestForm>> {
        let shape = CallerShape {
            fresh: true,
            ..self.states.get(state)?.shape.clone()
        };
        let domain = shape.domain(&self.policy.vocabulary, &self.place, key, Rounding::Down);
        self.kinds += 1;
        Some(Arc::new(form.with(key, domain, self.kinds)))
    }

    /// The way in by one statement, if there is one.
    fn way_of(
        &mut self,
        state: usize,
        rule: Option<usize>,
        group: ActionGroup,
        form: &RequestForm,
    ) -> Result<Option<Arc<RequestModel>>, Exhausted> {
        let around = ProvingContext {
            policy: &self.policy,
            place: &self.place,
            cut: self.cut,
        };
        let Some(state) = self.states.get_mut(state) else {
            return Ok(None);
        };
        let outcome = state.outcome(around, group.cell, form, Rounding::Down, &mut self.budget)?;
        let way = state
            .get(outcome)
            .and_then(|known| known.ways.iter().position(|way| way.rule == rule));
        let Some(way) = way else {
            return Ok(None);
        };
        let solved = state.solve(around, form, outcome, way, &mut self.budget)?;
        Ok(solved.and_then(|solved| solved.found.ok()))
    }
}

/// Whether networks are all that these callers must hold, and exclude no one when taken together.
pub(super) fn are_broad(around: ProvingContext<'_>, hits: &[WayIn]) -> bool {
    let Some(key) = around.policy.vocabulary.position("aws:sourceip") else {
        return false;
    };
    let mut union = Addresses::of(&[]);
    for hit in hits {
        if hit.held.len() == 1 && hit.held.contains_key("aws:SourceIp") {
            union = union.or(&value::addresses(&literals(
                &around.policy.vocabulary,
                &hit.model,
                key,
            )));
        }
    }
    union.is_broad()
}
