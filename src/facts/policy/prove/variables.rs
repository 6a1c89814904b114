//! Policy variables: `${aws:username}` and its kin in resources and in condition values.
//!
//! A variable couples two keys, and the theories know one key each. So a variable is replaced
//! before anything is solved. Where the caller fixes the key (an account, an absent key) that is
//! exact. Otherwise the key is given a value — each literal the policy compares it with, and one
//! fresh text — and the question is asked again for each: what is found then is a real request. If
//! none is found, the variable is replaced by `*` in what lets requests in, and what keeps them out
//! is taken not to match: more requests than there are, so "unreachable" stays a proof.
//!
//! Only version 2012-10-17 has variables. `${*}`, `${?}` and `${$}` are the characters themselves;
//! `${key, 'text'}` has a text for a key that is absent, and without one a pattern with an absent
//! key matches nothing (IAM user guide, "IAM policy elements: Variables and tags", 2026-09).

use super::glob::{Glob, Token};
use crate::facts::policy::document::{TextMatch, Version};

/// A piece of a pattern before variables are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Token(Token),
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A pattern that may hold variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    how: Shape,
}

/// How the pattern's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Wildcards over the whole text.
    Like,
    /// No wildcards.
    Exact,
    /// No wildcards, any case.
    AnyCase,
    /// Wildcards within the parts of an ARN.
    Arn,
}

impl From<TextMatch> for Shape {
    fn from(how: TextMatch) -> Self {
        match how {
            TextMatch::Exact => Self::Exact,
            TextMatch::IgnoreCase => Self::AnyCase,
            TextMatch::Like => Self::Like,
        }
    }
}

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This text, character by character.
    Text(String),
    /// The key is absent.
    Absent,
    /// Any text.
    Any,
}

/// A template with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// A pattern.
    Glob(Glob),
    /// It matches nothing: a key is absent and there is no default.
    Nothing,
    /// Nobody documents what it matches.
    Unclear,
}

impl Template {
    /// Reads a pattern.
    pub(super) fn new(text: &str, version: Version, how: Shape) -> Self {
        let wild = matches!(how, Shape::Like | Shape::Arn);
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if version == Version::V2012
                && let Some(inner) = rest.strip_prefix("${")
                && let Some((name, after)) = inner.split_once('}')
            {
                pieces.push(variable(name));
                rest = after;
                continue;
            }
            pieces.push(Piece::Token(match first {
                '*' if wild => Token::Many,
                '?' if wild => Token::One,
                other => Token::Char(other),
            }));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Self { pieces, how }
    }

    /// The keys it names, in lower case.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_str()),
            Piece::Token(_) => None,
        })
    }

    /// With its variables replaced.
    pub(super) fn fill(&self, meaning: &dyn Fn(&str) -> Meaning) -> Filled {
        let mut tokens = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Token(token) => tokens.push(*token),
                Piece::Variable { key, default } => {
                    let text = match (meaning(key), default) {
                        (Meaning::Any, _) => {
                            tokens.push(Token::Many);
                            continue;
                        }
                        (Meaning::Text(text), _) => text,
                        (Meaning::Absent, Some(default)) => default.clone(),
                        (Meaning::Absent, None) => return Filled::Nothing,
                    };
                    tokens.extend(text.chars().map(Token::Char));
                }
            }
        }
        match self.how {
            Shape::Like | Shape::Exact => Filled::Glob(Glob::new(tokens)),
            Shape::AnyCase => {
                Filled::Glob(Glob::new(tokens.into_iter().map(|token| match token {
                    Token::Char(found) => Token::AnyCase(super::glob::fold(found)),
                    other => other,
                })))
            }
            Shape::Arn => super::arn::pattern(&tokens).map_or(Filled::Unclear, Filled::Glob),
        }
    }
}

fn variable(name: &str) -> Piece {
    match name {
        "*" => Piece::Token(Token::Char('*')),
        "?" => Piece::Token(Token::Char('?')),
        "$" => Piece::Token(Token::Char('$')),
        _ => {
            let (key, default) = match name.split_once(',') {
                Some((key, default)) => {
                    let default = default.trim();
                    let inner = default
                        .strip_prefix('\'')
                        .and_then(|rest| rest.strip_suffix('\''));
                    (key, Some(inner.unwrap_or(default).to_owned()))
                }
                None => (name, None),
            };
            Piece::Variable {
                key: key.trim().to_lowercase(),
                default,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, meaning: Meaning, value: &str) -> bool {
        match Template::new(text, Version::V2012, Shape::Like).fill(&|_| meaning.clone()) {
            Filled::Glob(glob) => glob.matches(value),
            Filled::Nothing | Filled::Unclear => false,
        }
    }

    #[test]
    fn a_wildcard_in_the_substituted_value_is_a_character() {
        let star = Meaning::Text("a*".to_owned());
        assert!(matches("b/${aws:username}/*", star.clone(), "b/a*/k"));
        assert!(!matches("b/${aws:username}/*", star, "b/abc/k"));
    }

    #[test]
    fn an_absent_key_matches_nothing_or_has_its_default() {
        assert!(!matches("b/${aws:username}/*", Meaning::Absent, "b//k"));
        assert!(matches(
            "b/${aws:username, 'all'}/*",
            Meaning::Absent,
            "b/all/k"
        ));
    }

    #[test]
    fn escapes_are_characters() {
        assert!(matches("b/${*}", Meaning::Any, "b/*"));
        assert!(!matches("b/${*}", Meaning::Any, "b/x"));
    }

    #[test]
    fn in_version_2008_a_variable_is_plain_text() {
        let template = Template::new("${aws:username}", Version::V2008, Shape::Like);
        assert_eq!(template.keys().count(), 0);
        assert_eq!(
            template.fill(&|_| Meaning::Absent),
            Filled::Glob(Glob::exactly("${aws:username}"))
        );
    }
}
