//! Policy variables: `${aws:username}` and its kin in resources and in condition values.
//!
//! A variable couples two keys, and the theories know one key each. So a variable is replaced
//! before anything is solved. Where the caller fixes the key (an account, an absent key) that is
//! exact. Otherwise the key is given a value — each literal the policy compares it with, and one
//! fresh text — and the question is asked again for each: what is found then is a real request. If
//! none is found, the variable is replaced by `*` in what lets requests in, and what keeps them out
//! is taken not to match: more requests than there are, so "unreachable" stays a proof.

use std::collections::BTreeSet;

use super::atom::Atom;
use super::budget::{Budget, Exhausted};
use super::glob::{Glob, symbol};
use super::template::VariableValue;
use super::value::{self, Domain, SolvedValue, Values};
use super::vocabulary::{Vocabulary, same_key};

/// Combinations of values that are tried.
const COMBINATIONS: usize = 32;

/// A value for each key that stands in patterns as a variable; none where the key is absent.
pub(super) type Assignment = Vec<(usize, Option<String>)>;

/// Assignments to try for the variables of the conditions that count, and whether those are all there
/// are.
///
/// # Errors
/// When the budget is used up.
pub(super) fn assignments(
    policy: &Vocabulary,
    used: &[usize],
    domains: &[&Domain],
    budget: &mut Budget,
) -> Result<(Vec<Assignment>, bool), Exhausted> {
    let in_play: BTreeSet<usize> = used
        .iter()
        .filter_map(|number| policy.atoms.get(*number))
        .flat_map(Atom::variables)
        .filter_map(|name| policy.position(same_key(name)))
        .collect();
    let mut all: Vec<Assignment> = vec![Vec::new()];
    let mut complete = true;
    for key in in_play {
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
                // What stands for a variable must not be taken for what a policy writes.
                let distinct = policy
                    .unwritten()
                    .map(|text| format!("{text}-{key}"))
                    .filter(|value| domain.admits(value));
                if let Some(value) = distinct {
                    options.push(Some(value));
                } else if let SolvedValue::Value(value) = value::one(domain, &[], budget)? {
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

/// Conditions by number, some of them in another form.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    all: &'a [Atom],
    /// By number, in order.
    filled: Vec<(usize, Atom)>,
}

impl<'a> Conditions<'a> {
    /// As the policies write them.
    pub(super) const fn as_written(all: &'a [Atom]) -> Self {
        Self {
            all,
            filled: Vec::new(),
        }
    }

    /// Those of the numbers for which there is one in another form; `used` is in order.
    fn with(all: &'a [Atom], used: &[usize], form: impl Fn(usize, &Atom) -> Option<Atom>) -> Self {
        Self {
            all,
            filled: used
                .iter()
                .filter_map(|number| Some((*number, form(*number, all.get(*number)?)?)))
                .collect(),
        }
    }

    /// How much work it was to fill them in.
    pub(super) fn weight(&self) -> usize {
        self.filled.iter().map(|(_, atom)| atom.weight()).sum()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Atom> {
        if !self.filled.is_empty()
            && let Ok(place) = self.filled.binary_search_by_key(&number, |(of, _)| *of)
        {
            return self.filled.get(place).map(|(_, atom)| atom);
        }
        self.all.get(number)
    }
}

/// The conditions with their variables replaced by what an assignment says; `used` are the numbers of
/// those that count, in order.
pub(super) fn assigned<'a>(
    policy: &'a Vocabulary,
    used: &[usize],
    assignment: &Assignment,
) -> Conditions<'a> {
    let meaning = |name: &str| {
        let key = policy.position(same_key(name));
        match assignment.iter().find(|(found, _)| Some(*found) == key) {
            Some((_, Some(value))) => VariableValue::Text(value.clone()),
            _ => VariableValue::Absent,
        }
    };
    Conditions::with(&policy.atoms, used, |_, atom| {
        atom.is_open().then(|| atom.filled(&meaning))
    })
}

/// More than there is: a variable that lets in is any text, one that keeps out may not match. `used`
/// are the conditions that count, `wanted` those that let in, both in order.
pub(super) fn widened<'a>(
    policy: &'a Vocabulary,
    used: &[usize],
    wanted: &[usize],
) -> Conditions<'a> {
    Conditions::with(&policy.atoms, used, |number, atom| {
        atom.is_open().then(|| {
            let mut filled = atom.filled(&|_| VariableValue::Any);
            filled.unclear |= filled.negated || wanted.binary_search(&number).is_err();
            filled
        })
    })
}

/// Variables of which each combination of absent and present is asked about on its own.
const RIGID_VARIABLES: usize = 4;

/// A proof about every value of the variables at once: a question whose answer "no" is that of the
/// question that was asked.
#[derive(Debug)]
pub(super) struct RigidQuestion<'a> {
    pub(super) conditions: Conditions<'a>,
    /// By key, a domain that stands in for its own.
    pub(super) domains: Vec<(usize, Domain)>,
}

/// The rigid questions, one for each combination of variables that are absent and present; none where
/// the conditions do not have the form that the argument needs.
///
/// A variable that is present becomes one symbol, which only itself and `*` match ([`symbol`]).
/// Take a real request that the rule `anchor` matches. In each text that a pattern of it with
/// variables matches, write the symbol where the variable's value was matched: the pattern still
/// matches. Where a pattern of any rule matches the new text, it matched the old one too, as `*` and
/// the symbol are replaced by the same text in both. So what was not matched is not matched now: the
/// new texts satisfy `anchor`, and violate what the old ones violated. Only what asks other
/// conditions to *match* such a text can get lost: those are taken to be satisfied.
///
/// `anchor` and `others` are the conditions of that rule and of the rules of other groups; `used` is all
/// that count. All are in order.
pub(super) fn rigid<'a>(
    policy: &'a Vocabulary,
    used: &[usize],
    anchor: &[usize],
    others: &[usize],
    domains: &[&Domain],
) -> Option<Vec<RigidQuestion<'a>>> {
    let atom = |number: &usize| policy.atoms.get(*number);
    let open = || used.iter().filter_map(atom).filter(|atom| atom.is_open());
    if open().any(|atom| !atom.is_rigid()) {
        return None;
    }
    // The texts that hold a symbol.
    let mut affected = Vec::new();
    for found in anchor.iter().filter_map(atom) {
        if found.is_open() && !found.negated {
            let positive = anchor
                .iter()
                .filter_map(atom)
                .filter(|other| other.key == found.key && !other.negated && !other.is_constant());
            if positive.count() != 1 || domains.get(found.key)?.many {
                return None;
            }
            affected.push(found.key);
        }
    }
    let mut variables: Vec<usize> = open()
        .flat_map(Atom::variables)
        .filter_map(|name| policy.position(same_key(name)))
        .collect();
    variables.sort_unstable();
    variables.dedup();
    if variables.len() > RIGID_VARIABLES {
        return None;
    }
    let combinations = presences(&variables, domains)?;
    let questions = combinations.into_iter().map(|combination| {
        let meaning = |name: &str| {
            let key = policy.position(same_key(name));
            match combination.iter().find(|(found, _)| Some(*found) == key) {
                Some((key, true)) => VariableValue::Text(symbol(*key).to_string()),
                _ => VariableValue::Absent,
            }
        };
        let conditions = Conditions::with(&policy.atoms, used, |number, atom| {
            let mut filled = if atom.is_open() {
                atom.filled(&meaning)
            } else {
                atom.clone()
            };
            if (affected.contains(&atom.key) || atom.is_open()) && !atom.is_constant() {
                let asks_to_match = if anchor.binary_search(&number).is_ok() {
                    false
                } else if others.binary_search(&number).is_ok() {
                    !atom.negated
                } else {
                    atom.negated
                };
                filled.unclear |= asks_to_match || !atom.is_text();
            }
            Some(filled)
        });
        RigidQuestion {
            conditions,
            domains: replaced(&combination, &affected, domains),
        }
    });
    Some(questions.collect())
}

/// Each way in which these keys can be there or be absent; none when a key has no domain.
fn presences(keys: &[usize], domains: &[&Domain]) -> Option<Vec<Vec<(usize, bool)>>> {
    let mut combinations: Vec<Vec<(usize, bool)>> = vec![Vec::new()];
    for key in keys {
        let domain = domains.get(*key)?;
        let mut options = Vec::new();
        if domain.optional || domain.many {
            options.push(false);
        }
        if !matches!(domain.values, Values::None) && !domain.many {
            options.push(true);
        }
        combinations = combinations
            .iter()
            .flat_map(|before| {
                options.iter().map(|present| {
                    let mut next = before.clone();
                    next.push((*key, *present));
                    next
                })
            })
            .collect();
    }
    Some(combinations)
}

/// The domains of one combination: the variables are there or not, and the keys that hold a symbol take
/// any text.
fn replaced(
    combination: &[(usize, bool)],
    affected: &[usize],
    domains: &[&Domain],
) -> Vec<(usize, Domain)> {
    let of_variables = combination
        .iter()
        .filter(|(key, _)| !affected.contains(key))
        .filter_map(|(key, present)| {
            let domain = domains.get(*key).filter(|domain| !domain.many)?;
            let domain = if *present {
                Domain {
                    optional: false,
                    ..Domain::clone(domain)
                }
            } else {
                Domain::absent()
            };
            Some((*key, domain))
        });
    let of_symbols = affected.iter().map(|key| {
        let optional = domains.get(*key).is_none_or(|domain| domain.optional);
        let any = Domain {
            optional,
            ..Domain::any_text()
        };
        (*key, any)
    });
    of_variables.chain(of_symbols).collect()
}
