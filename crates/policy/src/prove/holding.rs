//! What a caller must hold to get in a way that was found: the `only_from` of an answer.
//!
//! A way in by a caller who holds a literal of the policy shows what it takes: the conditions that
//! it satisfies on keys that say what a caller is or owns, unless a caller fresh would satisfy them
//! as well; and the principal, where the statement speaks of no one else.

use super::atom::{KeyValue, ValueTest};
use super::budget::Budget;
use super::caller::{CallerClass, CallerShape, is_held};
use super::caller_state::ProvingContext;
use super::glob::Glob;
use super::hit::{Holding, WayIn};
use super::ip::Addresses;
use super::solve;
use super::value::{self, Literal, Rounding};

/// Networks that are listed of one key.
const NETWORKS: usize = 256;

/// The literals of a way in on one key.
fn literals<'a>(around: ProvingContext<'a>, hit: &WayIn, key: usize) -> Vec<Literal<'a>> {
    hit.model
        .literals
        .iter()
        .filter_map(|(position, wanted)| {
            let atom = around.policy.atoms.get(*position)?;
            (atom.key == key && !atom.is_open()).then_some((atom, *wanted))
        })
        .collect()
}

/// What a caller of that shape must hold to get in this way.
pub(super) fn of(around: ProvingContext<'_>, shape: &CallerShape, hit: &WayIn) -> Holding {
    let policy = around.policy;
    let mut held = Holding::new();
    let fresh = CallerShape {
        fresh: true,
        ..shape.clone()
    };
    for (key, name) in policy.keys.iter().enumerate().skip(1) {
        if !is_held(name) || matches!(hit.model.values.get(key), None | Some(KeyValue::Absent)) {
            continue;
        }
        let literals = literals(around, hit, key);
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
        let is_own = matches!(name.as_str(), "aws:principalaccount" | "aws:principalarn");
        if !is_own {
            let domain = fresh.domain(policy, around.place, key, Rounding::Down);
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
        let mut values: Vec<String> = policy
            .literals_of(key)
            .filter(|literal| passes(literal))
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
            values = match hit.model.values.get(key) {
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
    let speaks_of_anybody = hit
        .rule
        .and_then(|position| policy.allows.get(position))
        .is_some_and(|rule| CallerClass::Anonymous.is_meant(rule) == Some(true));
    if let Some(name) = &hit.held_as
        && (!speaks_of_anybody || held.is_empty())
    {
        held.insert("principal".to_owned(), vec![name.to_string()]);
    }
    held
}

/// Whether networks are all that these callers must hold, and exclude no one when taken together.
pub(super) fn are_broad(around: ProvingContext<'_>, hits: &[WayIn]) -> bool {
    let Some(key) = around.policy.position("aws:sourceip") else {
        return false;
    };
    let mut union = Addresses::of(&[]);
    for hit in hits {
        if hit.held.len() == 1 && hit.held.contains_key("aws:SourceIp") {
            union = union.or(&value::addresses(&literals(around, hit, key)));
        }
    }
    union.is_broad()
}
