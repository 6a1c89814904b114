//! Conditions that are settled before anything is searched.
//!
//! Most conditions of a policy say the same of every value that a key can have in the requests that
//! are looked at: the resource of a Deny on `b/*` matches every object, `aws:SecureTransport` false
//! never holds where the question fixes it to true, an organization that the policy names is no one's
//! who is fresh. Such a condition is not searched over; what is left is often nothing at all. "Yes"
//! and "no" are exact here: they hold for each value of the domain, the absent one included.

use super::atom::{Atom, ValueTest};
use super::glob::Glob;
use super::value::{Domain, Values};
use crate::document::Quantifier;

/// What a condition says of all values that a key can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It holds for each.
    Yes,
    /// It holds for none.
    No,
    /// It depends on the value, or is not known.
    Depends,
}

impl Settled {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// What a condition says of a domain.
pub(super) fn says(atom: &Atom, domain: &Domain) -> Settled {
    let there = match &domain.values {
        Values::None => return Settled::of(atom.absent),
        _ => present(atom, domain),
    };
    match there {
        Some(holds) if !domain.optional || atom.absent == holds => Settled::of(holds),
        _ => Settled::Depends,
    }
}

/// What it says of the values, when it says the same of each.
fn present(atom: &Atom, domain: &Domain) -> Option<bool> {
    if atom.unclear || atom.is_open() {
        return None;
    }
    if let ValueTest::Constant(holds) = atom.test {
        return Some(holds);
    }
    if domain.many && atom.quantifier == Quantifier::Single {
        return None;
    }
    // Of a list of values that all pass, or all fail, every quantifier says the same.
    match (&domain.values, &atom.test) {
        (Values::Of(values), _) => same(values.iter().map(|value| atom.passes(value))),
        (Values::Words(words), _) => same(words.iter().map(|word| atom.passes(word))),
        (Values::Text { prefix, .. }, ValueTest::Text(globs)) => {
            matched(globs, prefix, domain).map(|matches| matches != atom.negated)
        }
        _ => None,
    }
}

fn same(mut answers: impl Iterator<Item = bool>) -> Option<bool> {
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}

/// Whether some of the patterns match each text of the domain, or none of them matches any.
fn matched(globs: &[Glob], prefix: &str, domain: &Domain) -> Option<bool> {
    let mut none = true;
    for glob in globs {
        match (glob.of_prefix(prefix), glob.literal()) {
            (Some(true), _) => return Some(true),
            (Some(false), _) => {}
            (None, Some(literal)) if none && !domain.admits(literal) => {}
            (None, _) => none = false,
        }
    }
    none.then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::On;
    use crate::document::Version;
    use crate::prove::atom::KeyValue;
    use crate::prove::compile;

    /// What is said of the domain holds for one of its values.
    fn agrees(atom: &Atom, domain: &Domain, value: &KeyValue) -> bool {
        match says(atom, domain) {
            Settled::Yes => atom.holds(value) == Some(true),
            Settled::No => atom.holds(value) == Some(false),
            Settled::Depends => true,
        }
    }

    fn resource(patterns: &[&str], negated: bool) -> Atom {
        Atom::resource(patterns.iter().copied(), negated, Version::V2012)
    }

    fn objects() -> Domain {
        compile::resource_domain("arn:aws:s3:::b", On::Object)
    }

    #[test]
    fn a_resource_over_all_objects_is_settled() {
        let of = |patterns: &[&str], negated| says(&resource(patterns, negated), &objects());
        assert_eq!(of(&["arn:aws:s3:::b/*"], false), Settled::Yes);
        assert_eq!(of(&["*"], true), Settled::No);
        assert_eq!(
            of(&["arn:aws:s3:::b", "arn:aws:s3:::c/*"], false),
            Settled::No
        );
        assert_eq!(of(&["arn:aws:s3:::b/a*"], false), Settled::Depends);
        assert_eq!(of(&["arn:aws:s3:::b/?"], false), Settled::Depends);
        assert_eq!(
            of(&["arn:aws:s3:::b/${aws:username}"], false),
            Settled::Depends
        );
    }

    #[test]
    fn absence_counts() {
        let atom = resource(&["*"], false);
        assert_eq!(says(&atom, &Domain::any_text()), Settled::Depends);
        assert_eq!(says(&atom, &Domain::absent()), Settled::No);
        assert_eq!(
            says(&resource(&["*"], true), &Domain::any_text()),
            Settled::No
        );
    }

    proptest::proptest! {
        /// Every object key over two letters that is at most three long.
        #[test]
        fn what_is_settled_holds_for_every_value(
            patterns in proptest::collection::vec("[ab?*]{0,4}", 1..3),
            negated in proptest::prelude::any::<bool>(),
        ) {
            let patterns: Vec<String> = patterns.iter().map(|rest| format!("arn:aws:s3:::b/{rest}")).collect();
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let atom = resource(&patterns, negated);
            let mut keys = vec![String::new()];
            for length in 0..3 {
                let longer: Vec<String> = keys.iter().filter(|key| key.len() == length)
                    .flat_map(|key| ["a", "b"].map(|letter| format!("{key}{letter}"))).collect();
                keys.extend(longer);
            }
            for key in keys.iter().filter(|key| !key.is_empty()) {
                let value = KeyValue::One(format!("arn:aws:s3:::b/{key}"));
                proptest::prop_assert!(agrees(&atom, &objects(), &value));
            }
        }
    }
}
