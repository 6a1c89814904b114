//! Patterns with policy variables, before and after the variables are replaced.
//!
//! Where a text has variables is the parser's to say ([`pattern::pieces`]). A key that is absent has
//! the text of `${key, 'text'}`, and without one a pattern with an absent key matches nothing (IAM
//! user guide, "IAM policy elements: Variables and tags", 2026-09).

use super::glob::{Glob, GlobToken, fold};
use crate::document::{TextMatch, Version};
use crate::pattern::{self, Piece, PolicyVariable};

/// A piece of a pattern before variables are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Token(GlobToken),
    Variable(PolicyVariable),
}

/// A pattern with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternTemplate {
    parts: Vec<TemplatePart>,
    how: MatchMode,
}

/// How a pattern's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchMode {
    /// Wildcards over the whole text.
    Like,
    /// No wildcards.
    Exact,
    /// No wildcards, any case.
    AnyCase,
    /// Wildcards within the parts of an ARN.
    Arn,
}

impl From<TextMatch> for MatchMode {
    fn from(how: TextMatch) -> Self {
        match how {
            TextMatch::Exact => Self::Exact,
            TextMatch::IgnoreCase => Self::AnyCase,
            TextMatch::Like => Self::Like,
        }
    }
}

impl MatchMode {
    fn token(self, found: char) -> GlobToken {
        match (found, self) {
            ('*', Self::Like | Self::Arn) => GlobToken::Many,
            ('?', Self::Like | Self::Arn) => GlobToken::One,
            (other, _) => self.letter(other),
        }
    }

    /// A character that is no wildcard.
    fn letter(self, found: char) -> GlobToken {
        match self {
            Self::AnyCase => GlobToken::AnyCase(fold(found)),
            _ => GlobToken::Char(found),
        }
    }

    fn finish(self, tokens: Vec<GlobToken>) -> FilledPattern {
        match self {
            Self::Arn => {
                super::arn::pattern(&tokens).map_or(FilledPattern::Unclear, FilledPattern::Glob)
            }
            _ => FilledPattern::Glob(Glob::new(tokens)),
        }
    }
}

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableValue {
    /// This text, character by character.
    Text(String),
    /// The key is absent.
    Absent,
    /// Any text.
    Any,
}

/// A pattern without variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FilledPattern {
    /// A pattern.
    Glob(Glob),
    /// It matches nothing: a key is absent and there is no default.
    Nothing,
    /// It is not documented what it matches.
    Unclear,
}

/// A text of a policy, read as a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParsedPattern {
    /// Without variables.
    Whole(FilledPattern),
    /// With some.
    Open(PatternTemplate),
}

/// Reads a pattern.
pub(super) fn read(text: &str, version: Version, how: MatchMode) -> ParsedPattern {
    let mut parts = Vec::new();
    let mut open = false;
    let mut tokens = Vec::with_capacity(text.len());
    for piece in pattern::pieces(text, version) {
        match piece {
            Piece::Text(text) if !open => tokens.extend(text.chars().map(|found| how.token(found))),
            Piece::Text(text) => {
                parts.extend(
                    text.chars()
                        .map(|found| TemplatePart::Token(how.token(found))),
                );
            }
            Piece::Escaped(found) if !open => tokens.push(how.letter(found)),
            Piece::Escaped(found) => parts.push(TemplatePart::Token(how.letter(found))),
            Piece::Variable(variable) => {
                open = true;
                parts.extend(tokens.drain(..).map(TemplatePart::Token));
                parts.push(TemplatePart::Variable(variable));
            }
        }
    }
    if open {
        ParsedPattern::Open(PatternTemplate { parts, how })
    } else {
        ParsedPattern::Whole(how.finish(tokens))
    }
}

impl PatternTemplate {
    /// The keys it names, in lower case.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Variable(variable) => Some(variable.key.as_str()),
            TemplatePart::Token(_) => None,
        })
    }

    /// Whether it is that variable and nothing else, compared letter by letter.
    pub(super) fn is_alone(&self, wanted: &str) -> bool {
        matches!(self.how, MatchMode::Exact | MatchMode::Like)
            && matches!(self.parts.as_slice(), [TemplatePart::Variable(PolicyVariable { key, default: None })] if key == wanted)
    }

    /// Whether it is matched letter by letter over the whole text, not by case or part by part.
    pub(super) const fn is_over_whole_text(&self) -> bool {
        matches!(self.how, MatchMode::Exact | MatchMode::Like)
    }

    /// As it would be written in a policy.
    pub(super) fn written(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Token(token) => Glob::new(vec![*token]).written(),
                TemplatePart::Variable(variable) => {
                    format!("${{{}}}", super::keys::written(&variable.key))
                }
            })
            .collect()
    }

    /// With its variables replaced.
    pub(super) fn fill(&self, meaning: &dyn Fn(&str) -> VariableValue) -> FilledPattern {
        let mut tokens = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                TemplatePart::Token(token) => tokens.push(*token),
                TemplatePart::Variable(PolicyVariable { key, default }) => {
                    let text = match (meaning(key), default) {
                        (VariableValue::Any, _) => {
                            tokens.push(GlobToken::Many);
                            continue;
                        }
                        (VariableValue::Text(text), _) => text,
                        (VariableValue::Absent, Some(default)) => default.clone(),
                        (VariableValue::Absent, None) => return FilledPattern::Nothing,
                    };
                    tokens.extend(text.chars().map(|found| self.how.letter(found)));
                }
            }
        }
        self.how.finish(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, meaning: VariableValue, value: &str) -> bool {
        let filled = match read(text, Version::V2012, MatchMode::Like) {
            ParsedPattern::Whole(filled) => filled,
            ParsedPattern::Open(template) => template.fill(&|_| meaning.clone()),
        };
        match filled {
            FilledPattern::Glob(glob) => glob.matches(value),
            FilledPattern::Nothing | FilledPattern::Unclear => false,
        }
    }

    #[test]
    fn a_wildcard_in_the_substituted_value_is_a_character() {
        let star = VariableValue::Text("a*".to_owned());
        assert!(matches("b/${aws:username}/*", star.clone(), "b/a*/k"));
        assert!(!matches("b/${aws:username}/*", star, "b/abc/k"));
    }

    #[test]
    fn an_absent_key_matches_nothing_or_has_its_default() {
        assert!(!matches(
            "b/${aws:username}/*",
            VariableValue::Absent,
            "b//k"
        ));
        assert!(matches(
            "b/${aws:username, 'all'}/*",
            VariableValue::Absent,
            "b/all/k"
        ));
    }

    #[test]
    fn escapes_are_characters() {
        assert!(matches("b/${*}", VariableValue::Any, "b/*"));
        assert!(!matches("b/${*}", VariableValue::Any, "b/x"));
    }

    #[test]
    fn in_version_2008_a_variable_is_plain_text() {
        assert_eq!(
            read("${aws:username}", Version::V2008, MatchMode::Like),
            ParsedPattern::Whole(FilledPattern::Glob(Glob::exactly("${aws:username}")))
        );
    }
}
