//! Policy variables: `${aws:username}` and its kin in resources and in condition values.
//!
//! A variable couples two keys, and the theories know one key each. So a variable is replaced
//! before anything is solved. Where the caller fixes the key (an account, an absent key) that is
//! exact. Otherwise the key is given a value — each literal the policy compares it with, and one
//! fresh text — and the question is asked again for each: what is found then is a real request. If
//! none is found, the variable is replaced by `*` in what lets requests in, and what keeps them out
//! is taken not to match: more requests than there are, so "unreachable" stays a proof.
//!
//! Where a text has variables is the parser's to say ([`pattern::pieces`]). A key that is absent has
//! the text of `${key, 'text'}`, and without one a pattern with an absent key matches nothing (IAM
//! user guide, "IAM policy elements: Variables and tags", 2026-09).

use super::atom::Atom;
use super::budget::{Budget, Exhausted};
use super::compile::Compiled;
use super::glob::{Glob, Token, fold};
use super::value::{self, Domain, Found, Values};
use crate::document::{TextMatch, Version};
use crate::pattern::{self, Piece};

/// A piece of a pattern before variables are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Token(Token),
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A pattern with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
    how: Reading,
}

/// How a pattern's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Wildcards over the whole text.
    Like,
    /// No wildcards.
    Exact,
    /// No wildcards, any case.
    AnyCase,
    /// Wildcards within the parts of an ARN.
    Arn,
}

impl From<TextMatch> for Reading {
    fn from(how: TextMatch) -> Self {
        match how {
            TextMatch::Exact => Self::Exact,
            TextMatch::IgnoreCase => Self::AnyCase,
            TextMatch::Like => Self::Like,
        }
    }
}

impl Reading {
    fn token(self, found: char) -> Token {
        match (found, self) {
            ('*', Self::Like | Self::Arn) => Token::Many,
            ('?', Self::Like | Self::Arn) => Token::One,
            (other, _) => self.letter(other),
        }
    }

    /// A character that is no wildcard.
    fn letter(self, found: char) -> Token {
        match self {
            Self::AnyCase => Token::AnyCase(fold(found)),
            _ => Token::Char(found),
        }
    }

    fn finish(self, tokens: Vec<Token>) -> Filled {
        match self {
            Self::Arn => super::arn::pattern(&tokens).map_or(Filled::Unclear, Filled::Glob),
            _ => Filled::Glob(Glob::new(tokens)),
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

/// A pattern without variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// A pattern.
    Glob(Glob),
    /// It matches nothing: a key is absent and there is no default.
    Nothing,
    /// Nobody documents what it matches.
    Unclear,
}

/// A text of a policy, read as a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Without variables.
    Whole(Filled),
    /// With some.
    Open(Template),
}

/// Reads a pattern.
pub(super) fn read(text: &str, version: Version, how: Reading) -> Read {
    let mut parts = Vec::new();
    let mut open = false;
    let mut tokens = Vec::new();
    for piece in pattern::pieces(text, version) {
        match piece {
            Piece::Text(text) if !open => tokens.extend(text.chars().map(|found| how.token(found))),
            Piece::Text(text) => {
                parts.extend(text.chars().map(|found| Part::Token(how.token(found))));
            }
            Piece::Escaped(found) if !open => tokens.push(how.letter(found)),
            Piece::Escaped(found) => parts.push(Part::Token(how.letter(found))),
            Piece::Variable { key, default } => {
                open = true;
                parts.extend(tokens.drain(..).map(Part::Token));
                parts.push(Part::Variable { key, default });
            }
        }
    }
    if open {
        Read::Open(Template { parts, how })
    } else {
        Read::Whole(how.finish(tokens))
    }
}

impl Template {
    /// The keys it names, in lower case.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key.as_str()),
            Part::Token(_) => None,
        })
    }

    /// With its variables replaced.
    pub(super) fn fill(&self, meaning: &dyn Fn(&str) -> Meaning) -> Filled {
        let mut tokens = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Token(token) => tokens.push(*token),
                Part::Variable { key, default } => {
                    let text = match (meaning(key), default) {
                        (Meaning::Any, _) => {
                            tokens.push(Token::Many);
                            continue;
                        }
                        (Meaning::Text(text), _) => text,
                        (Meaning::Absent, Some(default)) => default.clone(),
                        (Meaning::Absent, None) => return Filled::Nothing,
                    };
                    tokens.extend(text.chars().map(|found| self.how.letter(found)));
                }
            }
        }
        self.how.finish(tokens)
    }
}

/// Combinations of values that are tried.
const COMBINATIONS: usize = 32;

/// A value for each key that stands in patterns as a variable; none where the key is absent.
pub(super) type Assignment = Vec<(usize, Option<String>)>;

/// Assignments to try, and whether those are all there are.
///
/// # Errors
/// When the budget is used up.
pub(super) fn assignments(
    policy: &Compiled,
    domains: &[&Domain],
    budget: &mut Budget,
) -> Result<(Vec<Assignment>, bool), Exhausted> {
    let mut all: Vec<Assignment> = vec![Vec::new()];
    let mut complete = true;
    for key in policy.variables.iter().copied() {
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
                complete = false;
                if let Found::Value(value) = value::one(domain, &[], budget)? {
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

/// The conditions with their variables replaced by what an assignment says.
pub(super) fn assigned(policy: &Compiled, assignment: &Assignment) -> Vec<Atom> {
    let meaning = |name: &str| {
        let key = policy.position(super::compile::same_key(name));
        match assignment.iter().find(|(found, _)| Some(*found) == key) {
            Some((_, Some(value))) => Meaning::Text(value.clone()),
            _ => Meaning::Absent,
        }
    };
    policy
        .atoms
        .iter()
        .map(|atom| {
            if atom.is_open() {
                atom.filled(&meaning)
            } else {
                atom.clone()
            }
        })
        .collect()
}

/// More than there is: a variable that lets in is any text, one that keeps out may not match.
pub(super) fn widened(policy: &Compiled, wanted: &[usize]) -> Vec<Atom> {
    policy
        .atoms
        .iter()
        .enumerate()
        .map(|(position, atom)| {
            if !atom.is_open() {
                return atom.clone();
            }
            let mut filled = atom.filled(&|_| Meaning::Any);
            filled.unclear |= filled.negated || !wanted.contains(&position);
            filled
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, meaning: Meaning, value: &str) -> bool {
        let filled = match read(text, Version::V2012, Reading::Like) {
            Read::Whole(filled) => filled,
            Read::Open(template) => template.fill(&|_| meaning.clone()),
        };
        match filled {
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
        assert_eq!(
            read("${aws:username}", Version::V2008, Reading::Like),
            Read::Whole(Filled::Glob(Glob::exactly("${aws:username}")))
        );
    }
}
