//! Policy variables: `${aws:username}` and its kin in resources and in condition values.
//!
//! A variable couples two keys, and the theories know one key each. So a variable is replaced
//! before anything is solved. Where the caller fixes the key (an account, an absent key) that is
//! exact. Otherwise the key is given a value — each literal the policy compares it with, and one
//! fresh text — and the question is asked again for each: what is found then is a real request. If
//! none is found, the variable is replaced by `*` in what lets requests in, and what keeps them out
//! is taken not to match: more requests than there are, so "unreachable" stays a proof.

use super::atom::Atom;
use super::budget::{Budget, Exhausted};
use super::glob::Glob;
use super::template::VariableValue;
use super::value::{self, Domain, SolvedValue, Values};
use super::vocabulary::{Vocabulary, same_key};

/// Combinations of values that are tried.
const COMBINATIONS: usize = 32;

/// A value for each key that stands in patterns as a variable; none where the key is absent.
pub(super) type Assignment = Vec<(usize, Option<String>)>;

/// Assignments to try, and whether those are all there are.
///
/// # Errors
/// When the budget is used up.
pub(super) fn assignments(
    policy: &Vocabulary,
    domains: &[&Domain],
    budget: &mut Budget,
) -> Result<(Vec<Assignment>, bool), Exhausted> {
    let mut all: Vec<Assignment> = vec![Vec::new()];
    let mut complete = true;
    for key in policy.variables.iter().copied() {
        let Some(domain) = domains.get(key) else {
            continue;
        };
        // Only keys of one value can be variables; of others nothing is substituted.
        if domain.many {
            continue;
        }
        let mut options: Vec<Option<String>> = Vec::new();
        match &domain.values {
            Values::None => {}
            Values::Of(values) => options.extend(values.iter().cloned().map(Some)),
            Values::Words(words) => {
                options.extend(words.iter().map(|word| Some((*word).to_owned())));
            }
            _ => {
                let told_apart = told_apart(policy, domains, key);
                complete &= told_apart.is_some();
                let mut other = Domain::clone(domain);
                if let (Values::Text { without, .. }, Some(values)) =
                    (&mut other.values, &told_apart)
                {
                    without.extend(values.iter().map(|value| Glob::exactly(value)));
                    options.extend(values.iter().cloned().map(Some));
                }
                let domain = &other;
                if let SolvedValue::Value(value) = value::one(domain, &[], budget)? {
                    options.push(Some(value));
                }
                options.extend(
                    policy
                        .literals_of(key)
                        .map(|literal| Some(literal.to_owned())),
                );
            }
        }
        if domain.optional {
            options.push(None);
        }
        all = all
            .into_iter()
            .flat_map(|before| {
                options.iter().map(move |option| {
                    let mut next = before.clone();
                    next.push((key, option.clone()));
                    next
                })
            })
            // One more than is tried, so that leaving some out is noticed.
            .take(COMBINATIONS + 1)
            .collect();
        if all.len() > COMBINATIONS {
            all.truncate(COMBINATIONS);
            complete = false;
        }
    }
    // A literal need not be in the domain: a fixed value would put it there.
    all.retain(|assignment| {
        assignment
            .iter()
            .all(|(key, value)| match (domains.get(*key), value) {
                (Some(domain), Some(value)) => domain.admits(value),
                _ => true,
            })
    });
    Ok((all, complete))
}

/// The values of a variable's key that the policy tells apart from all others, when there are only so
/// many: its own conditions compare whole texts, and the variable stands alone as what keys of few
/// values are compared with. All its other values then say the same.
fn told_apart(policy: &Vocabulary, domains: &[&Domain], key: usize) -> Option<Vec<String>> {
    if !matches!(domains.get(key)?.values, Values::Text { .. }) {
        return None;
    }
    let mut values = policy.whole_texts(key)?;
    let name = policy.keys.get(key)?;
    for atom in &policy.atoms {
        let is_of = |found: &str| same_key(found) == name;
        if !atom.variables().any(is_of) {
            continue;
        }
        if atom.key == key || !atom.stands_alone(name) {
            return None;
        }
        match &domains.get(atom.key)?.values {
            Values::None => {}
            Values::Of(of) => values.extend(of.iter().cloned()),
            Values::Words(words) => values.extend(words.iter().map(|word| (*word).to_owned())),
            _ => return None,
        }
    }
    values.sort();
    values.dedup();
    Some(values)
}

/// The conditions with their variables replaced by what an assignment says.
pub(super) fn assigned(policy: &Vocabulary, assignment: &Assignment) -> Vec<Atom> {
    let meaning = |name: &str| {
        let key = policy.position(same_key(name));
        match assignment.iter().find(|(found, _)| Some(*found) == key) {
            Some((_, Some(value))) => VariableValue::Text(value.clone()),
            _ => VariableValue::Absent,
        }
    };
    policy
        .atoms
        .iter()
        .map(|atom| {
            if atom.is_open() {
                atom.filled(&meaning)
            } else {
                atom.clone()
            }
        })
        .collect()
}

/// More than there is: a variable that lets in is any text, one that keeps out may not match.
pub(super) fn widened(policy: &Vocabulary, wanted: &[usize]) -> Vec<Atom> {
    policy
        .atoms
        .iter()
        .enumerate()
        .map(|(position, atom)| {
            if !atom.is_open() {
                return atom.clone();
            }
            let mut filled = atom.filled(&|_| VariableValue::Any);
            filled.unclear |= filled.negated || !wanted.contains(&position);
            filled
        })
        .collect()
}
