//! One operator over one key: when it holds.
//!
//! | the key is | positive | negated | …IfExists | Null "true" / "false" | ForAllValues: | ForAnyValue: |
//! |---|---|---|---|---|---|---|
//! | absent | no | yes | yes | yes / no | yes | no |
//! | there | matches one | matches none | as without | no / yes | every value passes | some value passes |
//!
//! (IAM user guide, "Condition operators" and "Single-valued vs. multivalued context keys",
//! 2026-09.) Presence is thus a matter of one bit, which every atom answers apart from its values.
//! What AWS does not document — a value of the wrong type, a key of many values without a prefix —
//! makes the atom *unclear* while the key is there: a proof may not lean on it either way.

use super::glob::Glob;
use super::ip::Network;
use super::variables::{Filled, Meaning, Shape, Template};
use super::{boolean, numeric};
use crate::facts::policy::document::{Comparison, Condition, Operator, Quantifier, Version};

/// What one value is compared with; one match is enough.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Any value passes, or none does (`Null`).
    Constant(bool),
    /// Patterns.
    Text(Vec<Glob>),
    /// Numbers, or points in time in seconds since 1970.
    Number(Comparison, Vec<f64>),
    /// Networks.
    Address(Vec<Network>),
}

/// A condition, compiled.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    /// Which key, as an index into the policy's keys.
    pub(super) key: usize,
    /// Prefix.
    pub(super) quantifier: Quantifier,
    /// None of the values may match.
    pub(super) negated: bool,
    /// Whether it holds when the key is absent.
    pub(super) absent: bool,
    /// What a value is compared with.
    pub(super) test: Test,
    /// It is not documented what it says of a value.
    pub(super) unclear: bool,
    /// The patterns before their variables are replaced; empty when there are none.
    templates: Vec<Template>,
}

/// What a key has in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// It is not there.
    Absent,
    /// One value.
    One(String),
    /// Several, of a key that takes several. Never empty.
    Many(Vec<String>),
    /// There is one, but which could not be worked out.
    Unclear,
}

impl Atom {
    /// A resource element: a condition on the resource's ARN.
    pub(super) fn resource(patterns: &[String], negated: bool, version: Version) -> Self {
        let templates = patterns
            .iter()
            .map(|text| Template::new(text, version, Shape::Like))
            .collect();
        Self {
            key: 0,
            quantifier: Quantifier::Single,
            negated,
            absent: false,
            test: Test::Constant(false),
            unclear: false,
            templates,
        }
        .settled()
    }

    /// A condition.
    pub(super) fn condition(condition: &Condition, key: usize, version: Version) -> Self {
        let mut unclear = false;
        let mut templates = Vec::new();
        let negated = condition.operator.is_negated();
        let texts = |how: Shape| -> Vec<Template> {
            condition
                .values
                .iter()
                .map(|text| Template::new(text, version, how))
                .collect()
        };
        let mut numbers = |comparison: Comparison, read: fn(&str) -> Option<f64>| {
            let comparison = match comparison {
                Comparison::NotEquals => Comparison::Equals,
                other => other,
            };
            let constants: Vec<f64> = condition
                .values
                .iter()
                .filter_map(|text| read(text))
                .collect();
            unclear |= constants.len() != condition.values.len();
            Test::Number(comparison, constants)
        };
        let test = match condition.operator {
            Operator::Text { how, .. } => {
                templates = texts(how.into());
                Test::Constant(false)
            }
            Operator::Arn { .. } => {
                templates = texts(Shape::Arn);
                Test::Constant(false)
            }
            Operator::Binary => {
                templates = texts(Shape::Exact);
                Test::Constant(false)
            }
            Operator::Numeric(comparison) => numbers(comparison, numeric::parse),
            Operator::Date(comparison) => numbers(comparison, numeric::parse_date),
            Operator::Bool => {
                let booleans: Vec<Glob> = condition
                    .values
                    .iter()
                    .filter_map(|text| boolean::pattern(text))
                    .collect();
                // A variable, or a word that is no boolean.
                unclear |= booleans.len() != condition.values.len();
                Test::Text(booleans)
            }
            Operator::Ip { .. } => {
                let networks: Vec<Network> = condition
                    .values
                    .iter()
                    .filter_map(|text| Network::parse(text))
                    .collect();
                unclear |= networks.len() != condition.values.len();
                Test::Address(networks)
            }
            Operator::Null => {
                let says = |word: &str| {
                    condition
                        .values
                        .iter()
                        .any(|value| value.eq_ignore_ascii_case(word))
                };
                let (absent, there) = (says("true"), says("false"));
                return Self {
                    key,
                    quantifier: Quantifier::Single,
                    negated: false,
                    absent,
                    test: Test::Constant(there),
                    unclear: !absent && !there,
                    templates: Vec::new(),
                };
            }
        };
        let absent = condition.if_exists
            || match condition.quantifier {
                Quantifier::Single => negated,
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => false,
            };
        Self {
            key,
            quantifier: condition.quantifier,
            negated,
            absent,
            test,
            unclear,
            templates,
        }
        .settled()
    }

    /// Without variables, the patterns are final.
    fn settled(mut self) -> Self {
        if !self.templates.is_empty() && self.variables().next().is_none() {
            self = self.filled(&|_| Meaning::Absent);
            self.templates = Vec::new();
        }
        self
    }

    /// The keys that stand in it as variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().flat_map(Template::keys)
    }

    /// True when variables must be replaced before it says anything.
    pub(super) fn is_open(&self) -> bool {
        !self.templates.is_empty()
    }

    /// With its variables replaced.
    pub(super) fn filled(&self, meaning: &dyn Fn(&str) -> Meaning) -> Self {
        let mut globs = Vec::with_capacity(self.templates.len());
        let mut unclear = self.unclear;
        for template in &self.templates {
            match template.fill(meaning) {
                Filled::Glob(glob) => globs.push(glob),
                Filled::Nothing => {}
                Filled::Unclear => unclear = true,
            }
        }
        Self {
            key: self.key,
            quantifier: self.quantifier,
            negated: self.negated,
            absent: self.absent,
            test: Test::Text(globs),
            unclear,
            templates: Vec::new(),
        }
    }

    /// Whether one value passes, negation included.
    pub(super) fn passes(&self, value: &str) -> bool {
        let matches = match &self.test {
            Test::Constant(holds) => *holds,
            Test::Text(globs) => globs.iter().any(|glob| glob.matches(value)),
            Test::Number(comparison, constants) => numeric::parse(value)
                .or_else(|| numeric::parse_date(value))
                .is_some_and(|value| {
                    constants
                        .iter()
                        .any(|constant| numeric::holds(*comparison, value, *constant))
                }),
            Test::Address(networks) => value
                .parse()
                .is_ok_and(|address| super::ip::Addresses::of(networks).contains(address)),
        };
        matches != self.negated
    }

    /// Whether it holds for what the key has; `None` where nobody can tell.
    pub(super) fn holds(&self, value: &Value) -> Option<bool> {
        match (value, &self.test) {
            (Value::Absent, _) => Some(self.absent),
            _ if self.unclear => None,
            (_, Test::Constant(holds)) => Some(*holds),
            (Value::Unclear, _) => None,
            (Value::One(value), _) => Some(self.passes(value)),
            (Value::Many(values), _) => match self.quantifier {
                Quantifier::Single => None,
                Quantifier::ForAllValues => Some(values.iter().all(|value| self.passes(value))),
                Quantifier::ForAnyValue => Some(values.iter().any(|value| self.passes(value))),
            },
        }
    }

    /// How much work one look at it is.
    pub(super) fn weight(&self) -> usize {
        match &self.test {
            Test::Constant(_) => 1,
            Test::Text(globs) => globs.iter().map(Glob::len).sum::<usize>() + 1,
            Test::Number(_, constants) => constants.len() + 1,
            Test::Address(networks) => networks.len() + 1,
        }
    }
}
