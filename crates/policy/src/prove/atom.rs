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
use super::ip::{AddressNetwork, Addresses};
use super::template::{
    self, FilledPattern, MatchMode, ParsedPattern, PatternTemplate, VariableValue,
};
use super::vocabulary::ACTION;
use super::{boolean, numeric};
use crate::document::{Comparison, Condition, Operator, Quantifier, Version};

/// What one value is compared with; one match is enough.
#[derive(Clone, Debug)]
pub(super) enum ValueTest {
    /// Any value passes, or none does (`Null`).
    Constant(bool),
    /// Patterns.
    Text(Vec<Glob>),
    /// Numbers, or points in time in seconds since 1970.
    Number(Comparison, Vec<f64>),
    /// The addresses of some networks.
    Address(Addresses),
}

/// The type of the values that an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueSort {
    /// Any: it asks whether there is one.
    Any,
    Text,
    Boolean,
    Number,
    Time,
    Address,
}

impl From<Operator> for ValueSort {
    fn from(operator: Operator) -> Self {
        match operator {
            Operator::Null => Self::Any,
            Operator::Bool => Self::Boolean,
            Operator::Numeric(_) => Self::Number,
            Operator::Date(_) => Self::Time,
            Operator::Ip { .. } => Self::Address,
            Operator::Text { .. } | Operator::Arn { .. } | Operator::Binary => Self::Text,
        }
    }
}

/// A condition, compiled.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    /// Which key, as an index into the policy's keys.
    pub(super) key: usize,
    /// Prefix.
    pub(super) quantifier: Quantifier,
    /// What it compares.
    pub(super) sort: ValueSort,
    /// None of the values may match.
    pub(super) negated: bool,
    /// Whether it holds when the key is absent.
    pub(super) absent: bool,
    /// What a value is compared with.
    pub(super) test: ValueTest,
    /// It is not documented what it says of a value.
    pub(super) unclear: bool,
    /// It compares ARNs: what it says of a value that is none is not documented.
    pub(super) of_arns: bool,
    /// Patterns whose variables are not replaced yet; those without any are in `test` already.
    templates: Vec<PatternTemplate>,
}

/// What a key has in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyValue {
    /// It is not there.
    Absent,
    /// One value.
    One(String),
    /// Several, of a key that takes several. Never empty.
    Many(Vec<String>),
    /// There is one, but which could not be worked out.
    Unclear,
}

impl KeyValue {
    /// Its one value.
    pub(super) fn one(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            _ => None,
        }
    }
}

impl Atom {
    /// A resource element: a condition on the resource's ARN.
    pub(super) fn resource<'a>(
        patterns: impl Iterator<Item = &'a str>,
        negated: bool,
        version: Version,
    ) -> Self {
        let texts = Texts::read(patterns, version, MatchMode::Like);
        Self {
            key: 0,
            quantifier: Quantifier::Single,
            sort: ValueSort::Text,
            negated,
            absent: false,
            test: ValueTest::Text(texts.globs),
            unclear: texts.unclear,
            of_arns: false,
            templates: texts.templates,
        }
    }

    /// An action element: a condition on the action's name, in any case.
    pub(super) fn action<'a>(patterns: impl Iterator<Item = &'a str>, negated: bool) -> Self {
        Self {
            key: ACTION,
            quantifier: Quantifier::Single,
            sort: ValueSort::Text,
            negated,
            absent: false,
            test: ValueTest::Text(
                patterns
                    .map(|pattern| Glob::like(&pattern.to_lowercase()))
                    .collect(),
            ),
            unclear: false,
            of_arns: false,
            templates: Vec::new(),
        }
    }

    /// A condition.
    pub(super) fn condition(condition: &Condition, key: usize, version: Version) -> Self {
        let values = &condition.values;
        let negated = condition.operator.is_negated();
        let mut atom = Self {
            key,
            quantifier: condition.quantifier,
            sort: condition.operator.into(),
            negated,
            absent: condition.if_exists
                || match condition.quantifier {
                    Quantifier::Single => negated,
                    Quantifier::ForAllValues => true,
                    Quantifier::ForAnyValue => false,
                },
            test: ValueTest::Constant(false),
            unclear: false,
            of_arns: matches!(condition.operator, Operator::Arn { .. }),
            templates: Vec::new(),
        };
        let how: MatchMode = match condition.operator {
            Operator::Text { how, .. } => how.into(),
            Operator::Arn { .. } => MatchMode::Arn,
            Operator::Binary => MatchMode::Exact,
            Operator::Numeric(comparison) => {
                return atom.with_numbers(comparison, values, numeric::parse_constant);
            }
            Operator::Date(comparison) => {
                return atom.with_numbers(comparison, values, numeric::parse_date);
            }
            Operator::Bool => {
                // A variable, or a word that is no boolean, is not documented.
                let booleans = values.iter().map(|text| boolean::pattern(text));
                return atom.with_test(ValueTest::Text, booleans);
            }
            Operator::Ip { .. } => {
                let networks = values.iter().map(|text| AddressNetwork::parse(text));
                return atom.with_test(
                    |networks: Vec<AddressNetwork>| ValueTest::Address(Addresses::of(&networks)),
                    networks,
                );
            }
            Operator::Null => {
                let says = |word: &str| values.iter().any(|value| value.eq_ignore_ascii_case(word));
                let there = says("false");
                atom.quantifier = Quantifier::Single;
                atom.absent = says("true");
                atom.unclear = !atom.absent && !there;
                atom.test = ValueTest::Constant(there);
                return atom;
            }
        };
        let texts = Texts::read(values.iter().map(String::as_str), version, how);
        atom.test = ValueTest::Text(texts.globs);
        atom.unclear = texts.unclear;
        atom.templates = texts.templates;
        atom
    }

    fn with_numbers(
        self,
        comparison: Comparison,
        values: &[String],
        read: fn(&str) -> Option<f64>,
    ) -> Self {
        // The negation is the atom's.
        let comparison = match comparison {
            Comparison::NotEquals => Comparison::Equals,
            other => other,
        };
        self.with_test(
            |constants| ValueTest::Number(comparison, constants),
            values.iter().map(|text| read(text)),
        )
    }

    /// With what could be read of the values; what could not makes it unclear.
    fn with_test<T>(
        mut self,
        test: impl FnOnce(Vec<T>) -> ValueTest,
        values: impl ExactSizeIterator<Item = Option<T>>,
    ) -> Self {
        let count = values.len();
        let read: Vec<T> = values.flatten().collect();
        self.unclear = read.len() != count;
        self.test = test(read);
        self
    }

    /// The keys that stand in it as variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().flat_map(PatternTemplate::keys)
    }

    /// Whether that key, in lower case, stands in it as the whole of a text, compared letter by letter.
    pub(super) fn stands_alone(&self, key: &str) -> bool {
        self.templates
            .iter()
            .all(|template| template.keys().all(|found| found != key) || template.is_alone(key))
    }

    /// Its patterns with variables as a policy writes them.
    pub(super) fn written(&self) -> impl Iterator<Item = String> {
        self.templates.iter().map(PatternTemplate::written)
    }

    /// True when it says the same of every value.
    pub(super) const fn is_constant(&self) -> bool {
        matches!(self.test, ValueTest::Constant(_))
    }

    /// True when it compares texts.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self.test, ValueTest::Text(_))
    }

    /// True when its patterns with variables are matched letter by letter over the whole text.
    pub(super) fn is_rigid(&self) -> bool {
        self.templates
            .iter()
            .all(PatternTemplate::is_over_whole_text)
    }

    /// True when variables must be replaced before it says anything.
    pub(super) fn is_open(&self) -> bool {
        !self.templates.is_empty()
    }

    /// With its variables replaced.
    pub(super) fn filled(&self, meaning: &dyn Fn(&str) -> VariableValue) -> Self {
        let mut globs = match &self.test {
            ValueTest::Text(globs) => globs.clone(),
            _ => Vec::new(),
        };
        let mut unclear = self.unclear;
        for template in &self.templates {
            match template.fill(meaning) {
                FilledPattern::Glob(glob) => globs.push(glob),
                FilledPattern::Nothing => {}
                FilledPattern::Unclear => unclear = true,
            }
        }
        Self {
            test: ValueTest::Text(globs),
            unclear,
            templates: Vec::new(),
            ..*self
        }
    }

    /// Whether one value passes, negation included.
    pub(super) fn passes(&self, value: &str) -> bool {
        let matches = match &self.test {
            ValueTest::Constant(holds) => *holds,
            ValueTest::Text(globs) => globs.iter().any(|glob| glob.matches(value)),
            ValueTest::Number(comparison, constants) => numeric::parse(value)
                .or_else(|| numeric::parse_date(value))
                .is_some_and(|value| {
                    constants
                        .iter()
                        .any(|constant| numeric::holds(*comparison, value, *constant))
                }),
            ValueTest::Address(set) => value.parse().is_ok_and(|address| set.contains(address)),
        };
        matches != self.negated
    }

    /// Whether it holds for what the key has; `None` where it cannot be known.
    pub(super) fn holds(&self, value: &KeyValue) -> Option<bool> {
        match (value, &self.test) {
            (KeyValue::Absent, _) => Some(self.absent),
            _ if self.unclear => None,
            (_, ValueTest::Constant(holds)) => Some(*holds),
            (KeyValue::Unclear, _) => None,
            (KeyValue::One(value), _) if !self.is_told_of(value) => None,
            (KeyValue::One(value), _) => Some(self.passes(value)),
            (KeyValue::Many(values), _) => match self.quantifier {
                Quantifier::Single => None,
                Quantifier::ForAllValues => Some(values.iter().all(|value| self.passes(value))),
                Quantifier::ForAnyValue => Some(values.iter().any(|value| self.passes(value))),
            },
        }
    }

    /// True when it compares texts and no values of another type.
    pub(super) const fn is_of_text(&self) -> bool {
        matches!(self.sort, ValueSort::Any | ValueSort::Text)
    }

    /// Whether it is documented what it says of a value: of one of its type.
    pub(super) fn is_told_of(&self, value: &str) -> bool {
        match self.sort {
            ValueSort::Any | ValueSort::Text => !self.of_arns || has_six_parts(value),
            ValueSort::Boolean => boolean::pattern(value).is_some(),
            // The one key of the time is compared both ways.
            ValueSort::Number | ValueSort::Time => {
                numeric::parse(value).is_some() || numeric::parse_date(value).is_some()
            }
            ValueSort::Address => value.parse::<core::net::IpAddr>().is_ok(),
        }
    }

    /// How much work one look at it is.
    pub(super) fn weight(&self) -> usize {
        match &self.test {
            ValueTest::Constant(_) => 1,
            ValueTest::Text(globs) => globs.iter().map(Glob::len).sum::<usize>() + 1,
            ValueTest::Number(_, constants) => constants.len() + 1,
            ValueTest::Address(set) => set.len() + 1,
        }
    }
}

/// Whether a text has the parts of an ARN.
fn has_six_parts(text: &str) -> bool {
    text.matches(':').count() >= 5
}

/// The texts of a condition or resource element, read as patterns.
struct Texts {
    globs: Vec<Glob>,
    templates: Vec<PatternTemplate>,
    unclear: bool,
}

impl Texts {
    fn read<'a>(texts: impl Iterator<Item = &'a str>, version: Version, how: MatchMode) -> Self {
        let mut read = Self {
            globs: Vec::with_capacity(texts.size_hint().0),
            templates: Vec::new(),
            unclear: false,
        };
        for text in texts {
            match template::read(text, version, how) {
                ParsedPattern::Whole(FilledPattern::Glob(glob)) => read.globs.push(glob),
                ParsedPattern::Whole(FilledPattern::Nothing) => {}
                ParsedPattern::Whole(FilledPattern::Unclear) => read.unclear = true,
                ParsedPattern::Open(template) => read.templates.push(template),
            }
        }
        read
    }
}
