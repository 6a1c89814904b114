//! Texts of a policy that may hold `${…}` and wildcards, and what they stand for in one request.
//!
//! Policy variables exist in version 2012-10-17, in resources and in the values of string, ARN and
//! Bool conditions. `${key, 'text'}` has a default; a variable that the request does not fill
//! matches nothing; `${*}`, `${?}` and `${$}` are the characters themselves; a wildcard inside a
//! value that was filled in is an ordinary character (IAM user guide, "IAM policy elements:
//! Variables and tags", 2026-09).

use super::glob::{Unit, WildcardMatcher};
use super::request::{KeyLookup, View};
use super::truth::{Truth, Why};

/// No text of a request that AWS accepts is longer, bytes: an object key has at most 1,024, and all
/// headers of a request together 8 KiB (S3 user guide, "Naming objects"; S3 API reference).
pub(super) const TEXT_LIMIT: usize = 8 * 1024;

/// What `*` and `?` are in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// Wildcards.
    Special,
    /// Themselves.
    Plain,
}

#[derive(Clone, Debug)]
enum VariablePiece {
    Unit(Unit),
    Variable {
        key: String,
        default: Option<String>,
    },
    Odd,
}

/// A text of the policy.
#[derive(Clone, Debug)]
pub(super) struct VariableText {
    pieces: Vec<VariablePiece>,
}

/// What a template stands for in a request.
pub(super) enum FilledText {
    Units(Vec<Unit>),
    /// A variable that the request does not fill.
    Unfilled,
    Doubt(Why),
}

impl VariableText {
    pub(super) fn new(text: &str, variables: bool, wildcards: Wildcards) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if variables && let Some(inner) = rest.strip_prefix("${") {
                match inner.split_once('}') {
                    Some((name, behind)) => {
                        pieces.push(variable(name));
                        rest = behind;
                    }
                    None => {
                        pieces.push(VariablePiece::Odd);
                        rest = "";
                    }
                }
                continue;
            }
            pieces.push(VariablePiece::Unit(match (first, wildcards) {
                ('*', Wildcards::Special) => Unit::Many,
                ('?', Wildcards::Special) => Unit::One,
                (other, _) => Unit::Char(other),
            }));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Self { pieces }
    }

    /// The units, when no variable is among them.
    pub(super) fn fixed(&self) -> Option<Vec<Unit>> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                VariablePiece::Unit(unit) => Some(*unit),
                _ => None,
            })
            .collect()
    }

    /// Fills the variables in. No more than `limit` characters in addition stars are written: what is
    /// longer cannot match a text of that length.
    pub(super) fn fill(&self, view: &View<'_>, limit: usize) -> FilledText {
        let mut units = Vec::new();
        let mut length = 0;
        for piece in &self.pieces {
            match piece {
                VariablePiece::Unit(Unit::Many) => units.push(Unit::Many),
                VariablePiece::Unit(unit) => {
                    length += 1;
                    units.push(*unit);
                }
                VariablePiece::Odd => return FilledText::Doubt(Why::OddVariable),
                VariablePiece::Variable { key, default } => {
                    let literal = |text: &str, units: &mut Vec<Unit>| {
                        units.extend(text.chars().take(limit + 1).map(Unit::Char));
                    };
                    let before = units.len();
                    match (view.find(key), default) {
                        (KeyLookup::One(value), _) => literal(&value, &mut units),
                        (KeyLookup::Many([value]), _) => literal(value, &mut units),
                        (KeyLookup::Absent, Some(default)) => literal(default, &mut units),
                        (KeyLookup::Absent, None) => return FilledText::Unfilled,
                        (KeyLookup::Many(_), _) => return FilledText::Doubt(Why::OddVariable),
                        (KeyLookup::Doubt(why), _) => return FilledText::Doubt(why),
                    }
                    length += units.len() - before;
                }
            }
            if length > limit {
                return FilledText::Unfilled;
            }
        }
        FilledText::Units(units)
    }
}

fn variable(name: &str) -> VariablePiece {
    match name {
        "*" | "?" | "$" => VariablePiece::Unit(Unit::Char(name.chars().next().unwrap_or('$'))),
        _ => {
            let (key, default) = match name.split_once(',') {
                None => (name, None),
                Some((key, default)) => {
                    let quoted = default.trim();
                    match quoted
                        .strip_prefix('\'')
                        .and_then(|inner| inner.strip_suffix('\''))
                    {
                        Some(inner) => (key, Some(inner.to_owned())),
                        None => return VariablePiece::Odd,
                    }
                }
            };
            let key = key.trim().to_lowercase();
            if key.is_empty() {
                VariablePiece::Odd
            } else {
                VariablePiece::Variable { key, default }
            }
        }
    }
}

/// A template, compiled as far as it does not depend on the request.
#[derive(Clone, Debug)]
pub(super) enum TextPattern {
    /// One text and nothing else.
    Exact(Box<str>),
    /// Wildcards, no variable.
    Glob(WildcardMatcher),
    /// A variable is in it.
    Filled(VariableText),
}

impl TextPattern {
    pub(super) fn new(text: &str, variables: bool, wildcards: Wildcards) -> Self {
        if !variables || !text.contains("${") {
            return match wildcards {
                Wildcards::Special => Self::Glob(WildcardMatcher::plain(text)),
                Wildcards::Plain => Self::Exact(text.into()),
            };
        }
        let template = VariableText::new(text, variables, wildcards);
        match template.fixed() {
            None => Self::Filled(template),
            Some(units) => Self::Glob(WildcardMatcher::new(units)),
        }
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, view: &View<'_>, text: &str) -> Truth {
        if text.len() > TEXT_LIMIT {
            return Truth::Maybe(Why::TooLong);
        }
        match self {
            Self::Exact(wanted) => Truth::of(wanted.as_ref() == text),
            Self::Glob(glob) => Truth::of(glob.matches(text)),
            Self::Filled(template) => match template.fill(view, text.len()) {
                FilledText::Units(units) => Truth::of(WildcardMatcher::new(units).matches(text)),
                FilledText::Unfilled => Truth::False,
                FilledText::Doubt(why) => Truth::Maybe(why),
            },
        }
    }
}
