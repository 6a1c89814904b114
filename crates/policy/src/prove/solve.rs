//! Whether what a key has can satisfy a list of conditions, and with what.
//!
//! Conditions on different keys are independent of each other, so a conjunction is decided key by key.
//! A key of one value is [`super::value`]'s. Of keys with many values (`aws:PrincipalOrgPaths`, `aws:TagKeys`),
//! `ForAllValues:` asks something of every value and `ForAnyValue:` of some value; the opposite of
//! each is the other, of the opposite test. So a list of conditions is: tests that every value must
//! pass, and tests each of which some value must pass. It can be satisfied exactly when for each of
//! the latter there is a text that passes it together with all of the former — one value for each
//! is then enough, and those questions are independent of each other.

use super::atom::{Atom, KeyValue, ValueTest};
use super::budget::{Budget, Exhausted};
use super::value::{Domain, Literal, Rounding, SolvedValue, Values, one};
use crate::document::Quantifier;

/// Looks for what a key can have so that every literal on it is satisfied.
///
/// `doubt` is set when the answer would be another with the other rounding.
///
/// # Errors
/// When the budget is used up.
pub(super) fn solve(
    domain: &Domain,
    literals: &[Literal<'_>],
    rounding: Rounding,
    doubt: &mut bool,
    budget: &mut Budget,
) -> Result<Option<KeyValue>, Exhausted> {
    budget.spend(literals.len() + 1)?;
    let without = |wanted: &Literal<'_>| wanted.0.absent == wanted.1;
    if domain.optional && literals.iter().all(without) {
        return Ok(Some(KeyValue::Absent));
    }
    if matches!(domain.values, Values::None) {
        return Ok(None);
    }
    // From here on the key is there.
    let mut open: Vec<Literal<'_>> = Vec::with_capacity(literals.len());
    for literal in literals {
        let (atom, wanted) = *literal;
        let unclear = atom.unclear
            || (domain.many
                && atom.quantifier == Quantifier::Single
                && !matches!(atom.test, ValueTest::Constant(_)));
        if unclear {
            *doubt = true;
            if rounding == Rounding::Down {
                return Ok(None);
            }
        } else if let ValueTest::Constant(holds) = atom.test {
            if holds != wanted {
                return Ok(None);
            }
        } else {
            open.push(*literal);
        }
    }
    if domain.many {
        return many(domain, &open, rounding, doubt, budget);
    }
    // Of one value, "all" and "any" say the same.
    let found = one(domain, &open, budget)?;
    Ok(match found {
        SolvedValue::Value(value) => Some(KeyValue::One(value)),
        SolvedValue::Nothing => None,
        SolvedValue::Unclear => {
            *doubt = true;
            (rounding == Rounding::Up).then_some(KeyValue::Unclear)
        }
    })
}

/// Looks for a list of values, at least one, so that every literal is satisfied.
///
/// # Errors
/// When the budget is used up.
fn many(
    domain: &Domain,
    literals: &[Literal<'_>],
    rounding: Rounding,
    doubt: &mut bool,
    budget: &mut Budget,
) -> Result<Option<KeyValue>, Exhausted> {
    // A literal says the same of each value it asks about: pass if wanted, fail if not.
    let every: Vec<Literal<'_>> = literals
        .iter()
        .filter(|(atom, wanted)| asks_every(atom, *wanted))
        .copied()
        .collect();
    let some: Vec<Literal<'_>> = literals
        .iter()
        .filter(|(atom, wanted)| !asks_every(atom, *wanted))
        .copied()
        .collect();
    let mut values: Vec<String> = Vec::new();
    let mut unclear = false;
    let mut ask = |literals: &[Literal<'_>]| -> Result<bool, Exhausted> {
        Ok(match one(domain, literals, budget)? {
            SolvedValue::Value(value) => {
                if !values.contains(&value) {
                    values.push(value);
                }
                true
            }
            SolvedValue::Nothing => false,
            SolvedValue::Unclear => {
                unclear = true;
                true
            }
        })
    };
    if some.is_empty() && !ask(&every)? {
        return Ok(None);
    }
    for literal in some {
        let mut together = every.clone();
        together.push(literal);
        if !ask(&together)? {
            return Ok(None);
        }
    }
    if unclear {
        *doubt = true;
        return Ok((rounding == Rounding::Up).then_some(KeyValue::Unclear));
    }
    Ok(Some(KeyValue::Many(values)))
}

fn asks_every(atom: &Atom, wanted: bool) -> bool {
    (atom.quantifier == Quantifier::ForAllValues) == wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Condition, Operator, Place, TextMatch, Version};

    fn condition(any: bool, negated: bool, values: Vec<String>) -> Condition {
        Condition {
            place: Place::START,
            quantifier: if any {
                Quantifier::ForAnyValue
            } else {
                Quantifier::ForAllValues
            },
            operator: Operator::Text {
                how: TextMatch::Like,
                negated,
            },
            if_exists: false,
            key: "aws:tagkeys".to_owned(),
            values,
        }
    }

    /// The table of the IAM user guide, value by value.
    fn says(condition: &Condition, values: &[&str]) -> bool {
        let Operator::Text { negated, .. } = condition.operator else {
            return false;
        };
        let passes = |value: &&str| {
            condition.values.iter().any(|pattern| {
                pattern == "*" || pattern == *value || (pattern == "a*" && value.starts_with('a'))
            }) != negated
        };
        match condition.quantifier {
            Quantifier::ForAnyValue => values.iter().any(passes),
            _ => values.iter().all(passes),
        }
    }

    proptest! {
        /// Against every list of up to three of the texts that the patterns can tell apart.
        #[test]
        fn lists_agree_with_trying_them(
            conditions in prop::collection::vec(
                (any::<bool>(), any::<bool>(), prop::collection::vec(prop::sample::select(vec!["a", "b", "a*", "*"]), 1..3), any::<bool>()),
                0..4,
            ),
        ) {
            let conditions: Vec<(Condition, bool)> = conditions.into_iter().map(|(any, negated, values, wanted)| {
                (condition(any, negated, values.into_iter().map(str::to_owned).collect()), wanted)
            }).collect();
            let atoms: Vec<(Atom, bool)> = conditions.iter()
                .map(|(condition, wanted)| (Atom::condition(condition, 1, Version::V2012), *wanted)).collect();
            let literals: Vec<Literal<'_>> = atoms.iter().map(|(atom, wanted)| (atom, *wanted)).collect();
            let domain = Domain { many: true, ..Domain::any_text() };
            let found = super::solve(
                &domain, &literals, Rounding::Down, &mut false, &mut Budget::new(1_000_000),
            ).unwrap();
            // Four texts stand for all: a, b, another with a, another without.
            let texts = ["a", "b", "ax", "x"];
            let brute = (0..16_u32).any(|mask| {
                let chosen: Vec<&str> = texts.iter().enumerate()
                    .filter(|(index, _)| mask >> index & 1 == 1).map(|(_, text)| *text).collect();
                conditions.iter().all(|(condition, wanted)| says(condition, &chosen) == *wanted)
            });
            prop_assert_eq!(found.is_some(), brute);
            let chosen: Option<Vec<&str>> = match &found {
                Some(KeyValue::Many(values)) => Some(values.iter().map(String::as_str).collect()),
                Some(KeyValue::Absent) => Some(Vec::new()),
                _ => None,
            };
            if let Some(chosen) = chosen {
                prop_assert!(conditions.iter().all(|(condition, wanted)| says(condition, &chosen) == *wanted));
            }
        }
    }
}
