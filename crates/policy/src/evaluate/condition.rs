//! One operator over one key: the table of what it says of values, of one value, and of none.
//!
//! | key | positive | negated | `…IfExists` | `Null` true / false | `ForAllValues:` | `ForAnyValue:` |
//! |---|---|---|---|---|---|---|
//! | absent | no | yes | yes | yes / no | yes | no |
//! | present | matches one | matches none | as without | no / yes | each value passes | some value passes |
//!
//! "Passes" is said of one value of the request: it matches one of the policy's values, or, for a
//! negated operator, none of them. So `ForAnyValue:StringNotEquals` means that some value is outside
//! the list, and is not the opposite of `ForAnyValue:StringEquals`. (IAM user guide, "Condition
//! operators", "Set operators for multivalued context keys", "Conditions with multiple context keys
//! or values", 2026-09.)

use std::cmp::Ordering;

use crate::document::{self, Comparison, Operator, Quantifier, TextMatch, Version};

use super::glob::{Unit, WildcardMatcher};
use super::request::{KeyLookup, View};
use super::truth::{Truth, Why};
use super::values::{self, Network};
use super::variables::{FilledText, TEXT_LIMIT, TextPattern, VariableText, Wildcards};

/// A condition of a statement, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct StatementCondition {
    key: String,
    quantifier: Quantifier,
    if_exists: bool,
    negated: bool,
    test: ConditionTest,
}

/// What the operator compares with. A value that does not have the operator's type is `None`.
#[derive(Clone, Debug)]
enum ConditionTest {
    Text(Vec<TextPattern>),
    /// Folded to lower case when compared.
    TextFolded(Vec<Folded>),
    Arn(Vec<ArnPattern>),
    Number(Ordered),
    Time(Ordered),
    Bool(Vec<Folded>),
    Binary(Vec<String>),
    Ip(Vec<Option<Network>>),
    /// For each value: is the key asked to be absent?
    Null(Vec<Option<bool>>),
}

#[derive(Clone, Debug)]
struct Ordered {
    comparison: Comparison,
    values: Vec<Option<i128>>,
}

/// A text compared without regard to case.
#[derive(Clone, Debug)]
enum Folded {
    Fixed(String),
    Filled(VariableText),
}

#[derive(Clone, Debug)]
enum ArnPattern {
    Fixed(Box<[WildcardMatcher; 6]>),
    Filled(VariableText),
    NoArn,
}

impl StatementCondition {
    pub(super) fn new(condition: &document::Condition, version: Version) -> Self {
        let variables = version == Version::V2012;
        let values = &condition.values;
        let folded = || {
            values
                .iter()
                .map(|text| Folded::new(text, variables))
                .collect()
        };
        let test = match condition.operator {
            Operator::Text { how, .. } => match how {
                TextMatch::Exact => ConditionTest::Text(
                    values
                        .iter()
                        .map(|text| TextPattern::new(text, variables, Wildcards::Plain))
                        .collect(),
                ),
                TextMatch::Like => ConditionTest::Text(
                    values
                        .iter()
                        .map(|text| TextPattern::new(text, variables, Wildcards::Special))
                        .collect(),
                ),
                TextMatch::IgnoreCase => ConditionTest::TextFolded(folded()),
            },
            Operator::Arn { .. } => ConditionTest::Arn(
                values
                    .iter()
                    .map(|text| ArnPattern::new(text, variables))
                    .collect(),
            ),
            Operator::Numeric(comparison) => ConditionTest::Number(Ordered {
                comparison,
                values: values.iter().map(|text| values::number(text)).collect(),
            }),
            Operator::Date(comparison) => ConditionTest::Time(Ordered {
                comparison,
                values: values.iter().map(|text| values::time(text)).collect(),
            }),
            Operator::Bool => ConditionTest::Bool(folded()),
            Operator::Binary => ConditionTest::Binary(values.clone()),
            Operator::Ip { .. } => {
                ConditionTest::Ip(values.iter().map(|text| Network::new(text)).collect())
            }
            Operator::Null => ConditionTest::Null(
                values
                    .iter()
                    .map(|text| {
                        if text.eq_ignore_ascii_case("true") {
                            Some(true)
                        } else if text.eq_ignore_ascii_case("false") {
                            Some(false)
                        } else {
                            None
                        }
                    })
                    .collect(),
            ),
        };
        Self {
            key: condition.key.clone(),
            quantifier: condition.quantifier,
            if_exists: condition.if_exists,
            negated: condition.operator.is_negated(),
            test,
        }
    }

    /// The key it asks about, in lower case.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it holds for the request.
    pub(super) fn holds(&self, view: &View<'_>) -> Truth {
        let found = view.find(&self.key);
        if let ConditionTest::Null(values) = &self.test {
            return self.null(values, &found);
        }
        match found {
            KeyLookup::Absent if self.if_exists => Truth::True,
            KeyLookup::Absent => Truth::of(match self.quantifier {
                Quantifier::Single => self.negated,
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => false,
            }),
            KeyLookup::One(value) => self.passes(view, &value),
            KeyLookup::Many([value]) => self.passes(view, value),
            KeyLookup::Many(values) => match self.quantifier {
                Quantifier::ForAllValues => Truth::all(values, |value| self.passes(view, value)),
                Quantifier::ForAnyValue => Truth::any(values, |value| self.passes(view, value)),
                Quantifier::Single => {
                    let all = Truth::all(values, |value| self.passes(view, value));
                    let any = Truth::any(values, |value| self.passes(view, value));
                    if all == any {
                        all
                    } else {
                        Truth::Maybe(Why::ManyValues)
                    }
                }
            },
            KeyLookup::Doubt(why) => Truth::Maybe(why),
        }
    }

    fn null(&self, values: &[Option<bool>], found: &KeyLookup<'_>) -> Truth {
        if self.quantifier != Quantifier::Single || self.if_exists {
            // Not in the grammar.
            return Truth::Maybe(Why::WrongType);
        }
        let absent = match found {
            KeyLookup::Absent => true,
            KeyLookup::One(_)
            | KeyLookup::Many(_)
            | KeyLookup::Doubt(Why::UnknownValue | Why::RepeatedKey) => false,
            KeyLookup::Doubt(why) => return Truth::Maybe(*why),
        };
        Truth::any(values, |wanted| match wanted {
            Some(wanted) => Truth::of(*wanted == absent),
            None => Truth::Maybe(Why::WrongType),
        })
    }

    /// Whether one value of the request passes: matches one of the policy's, or none of them.
    fn passes(&self, view: &View<'_>, value: &str) -> Truth {
        let matched = self.matches(view, value);
        if self.negated { matched.not() } else { matched }
    }

    fn matches(&self, view: &View<'_>, value: &str) -> Truth {
        if value.len() > TEXT_LIMIT {
            return Truth::Maybe(Why::TooLong);
        }
        match &self.test {
            ConditionTest::Text(patterns) => {
                Truth::any(patterns, |pattern| pattern.matches(view, value))
            }
            ConditionTest::TextFolded(texts) => {
                let value = value.to_lowercase();
                Truth::any(texts, |text| text.equals(view, &value))
            }
            ConditionTest::Arn(patterns) => match values::arn_parts(value) {
                Some(parts) => Truth::any(patterns, |pattern| {
                    pattern.matches(view, &parts, value.len())
                }),
                None => wrong_type_unless_empty(patterns),
            },
            ConditionTest::Number(ordered) => ordered.matches(values::number(value)),
            ConditionTest::Time(ordered) => ordered.matches(values::time(value)),
            ConditionTest::Bool(texts) => {
                let value = value.to_lowercase();
                if value == "true" || value == "false" {
                    Truth::any(texts, |text| text.is_same_bool(view, &value))
                } else {
                    wrong_type_unless_empty(texts)
                }
            }
            ConditionTest::Binary(texts) => Truth::of(texts.iter().any(|text| text == value)),
            ConditionTest::Ip(networks) => match values::address(value) {
                Some(address) => Truth::any(networks, |network| match network {
                    Some(network) => Truth::of(network.contains(address)),
                    None => Truth::Maybe(Why::WrongType),
                }),
                None => wrong_type_unless_empty(networks),
            },
            // Answered before.
            ConditionTest::Null(_) => Truth::Maybe(Why::WrongType),
        }
    }
}

/// Nothing is compared with an empty list, so nothing can have the wrong type.
fn wrong_type_unless_empty<T>(values: &[T]) -> Truth {
    if values.is_empty() {
        Truth::False
    } else {
        Truth::Maybe(Why::WrongType)
    }
}

impl Ordered {
    fn matches(&self, value: Option<i128>) -> Truth {
        let Some(value) = value else {
            return wrong_type_unless_empty(&self.values);
        };
        Truth::any(&self.values, |wanted| match wanted {
            None => Truth::Maybe(Why::WrongType),
            Some(wanted) => {
                let order = value.cmp(wanted);
                Truth::of(match self.comparison {
                    // The negation is the caller's.
                    Comparison::Equals | Comparison::NotEquals => order == Ordering::Equal,
                    Comparison::LessThan => order == Ordering::Less,
                    Comparison::LessThanEquals => order != Ordering::Greater,
                    Comparison::GreaterThan => order == Ordering::Greater,
                    Comparison::GreaterThanEquals => order != Ordering::Less,
                })
            }
        })
    }
}

impl Folded {
    fn new(text: &str, variables: bool) -> Self {
        let template = VariableText::new(text, variables, Wildcards::Plain);
        match template.fixed() {
            Some(units) => Self::Fixed(text_of(&units).to_lowercase()),
            None => Self::Filled(template),
        }
    }

    fn with_text(&self, view: &View<'_>, test: impl Fn(&str) -> Truth) -> Truth {
        match self {
            Self::Fixed(text) => test(text),
            Self::Filled(template) => match template.fill(view, TEXT_LIMIT) {
                FilledText::Units(units) => test(&text_of(&units).to_lowercase()),
                FilledText::Unfilled => Truth::False,
                FilledText::Doubt(why) => Truth::Maybe(why),
            },
        }
    }

    /// Compares with a text in lower case.
    fn equals(&self, view: &View<'_>, value: &str) -> Truth {
        self.with_text(view, |text| Truth::of(text == value))
    }

    /// Compares with `true` or `false`.
    fn is_same_bool(&self, view: &View<'_>, value: &str) -> Truth {
        self.with_text(view, |text| {
            if text == "true" || text == "false" {
                Truth::of(text == value)
            } else {
                Truth::Maybe(Why::WrongType)
            }
        })
    }
}

fn text_of(units: &[Unit]) -> String {
    units
        .iter()
        .filter_map(|unit| match unit {
            Unit::Char(found) => Some(*found),
            _ => None,
        })
        .collect()
}

impl ArnPattern {
    fn new(text: &str, variables: bool) -> Self {
        let template = VariableText::new(text, variables, Wildcards::Special);
        match template.fixed() {
            Some(units) => {
                arn_globs(&units).map_or(Self::NoArn, |globs| Self::Fixed(Box::new(globs)))
            }
            None => Self::Filled(template),
        }
    }

    fn matches(&self, view: &View<'_>, parts: &[&str; 6], length: usize) -> Truth {
        let each = |globs: &[WildcardMatcher; 6]| {
            Truth::of(
                globs
                    .iter()
                    .zip(parts)
                    .all(|(glob, part)| glob.matches(part)),
            )
        };
        match self {
            Self::Fixed(globs) => each(globs),
            Self::Filled(template) => match template.fill(view, length) {
                FilledText::Units(units) => match arn_globs(&units) {
                    Some(globs) => each(&globs),
                    None => Truth::Maybe(Why::WrongType),
                },
                FilledText::Unfilled => Truth::False,
                FilledText::Doubt(why) => Truth::Maybe(why),
            },
            Self::NoArn => Truth::Maybe(Why::WrongType),
        }
    }
}

/// Cuts a pattern at its first five colons: a wildcard in one part never reaches into the next.
fn arn_globs(units: &[Unit]) -> Option<[WildcardMatcher; 6]> {
    let mut parts = units.splitn(6, |unit| *unit == Unit::Char(':'));
    let mut next = || {
        parts
            .next()
            .map(|units| WildcardMatcher::new(units.iter().copied()))
    };
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}
