//! Texts with wildcards: action names and resource ARNs.
//!
//! `*` is any run of characters, `/` and `:` included; `?` is exactly one character; the only escapes
//! are `${*}`, `${?}` and `${$}` (IAM user guide, "Policy variables"). A pattern is matched as a
//! whole. Three questions are answered here: does it match this text, does it match every text that
//! another pattern matches, is there a text that both match. The second is sound and not complete,
//! the third never misses: both err to the side on which nothing wrong is claimed.

/// The version of the policy language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also when none is written: `${…}` is plain text.
    #[default]
    V2008,
    /// `2012-10-17`: `${…}` is a policy variable.
    V2012,
}

/// A text with wildcards and, in version 2012-10-17, policy variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// Its parts.
    pub tokens: Vec<Token>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any run of characters.
    Many,
    /// A value of the request, taken literally.
    Variable(Box<PolicyVariable>),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyVariable {
    /// The condition key in lower case.
    pub key: String,
    /// The text that stands in when the key is absent.
    pub default: Option<String>,
}

/// Above this many steps a question over two patterns is not worked out.
const STEP_LIMIT: usize = 4_000_000;

impl Pattern {
    /// Reads a resource or a condition value with wildcards.
    pub fn new(text: impl Into<String>, version: Version) -> Self {
        let text = text.into();
        Self {
            tokens: tokens(&text, version),
            text,
        }
    }

    /// Reads an action: no variables, no regard to case.
    pub fn action(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            tokens: tokens(&text.to_lowercase(), Version::V2008),
            text,
        }
    }

    /// True when a value of the request is part of it.
    pub fn has_variable(&self) -> bool {
        self.tokens
            .iter()
            .any(|token| matches!(token, Token::Variable(_)))
    }

    /// True when it is one text and nothing else.
    pub fn is_literal(&self) -> bool {
        self.tokens
            .iter()
            .all(|token| matches!(token, Token::Char(_)))
    }

    /// True when it matches the whole text. A pattern with a variable matches nothing here: its
    /// value is not known.
    pub fn matches(&self, text: &str) -> bool {
        // Where to go back to: the last `*` and the text behind what it has taken. The last one is
        // enough, as it can take whatever an earlier one could leave it.
        let mut run: Option<(&[Token], &str)> = None;
        let (mut tokens, mut rest) = (self.tokens.as_slice(), text);
        loop {
            let mut letters = rest.chars();
            match (tokens.split_first(), letters.next()) {
                (None, None) => return true,
                (Some((Token::Many, others)), _) => {
                    run = Some((others, rest));
                    tokens = others;
                    continue;
                }
                (Some((token, others)), Some(found)) if covers_one(token, &Token::Char(found)) => {
                    (tokens, rest) = (others, letters.as_str());
                    continue;
                }
                _ => {}
            }
            // Let the run take one character more.
            let Some((others, from)) = run else {
                return false;
            };
            let mut letters = from.chars();
            if letters.next().is_none() {
                return false;
            }
            rest = letters.as_str();
            run = Some((others, rest));
            tokens = others;
        }
    }

    /// True when it surely matches everything that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.tokens, &other.tokens)
    }

    /// About how many machine words [`Pattern::covers`] looks at.
    pub(crate) fn covering_steps(&self, other: &Self) -> usize {
        let inner_runs = self
            .tokens
            .iter()
            .filter(|token| **token == Token::Many)
            .take(2)
            .count();
        let (upper, lower) = (self.tokens.len(), other.tokens.len());
        if inner_runs == 0 {
            1 + upper.min(lower) / 16
        } else {
            1 + upper.saturating_mul(lower) / 64
        }
    }

    /// True when some text may match both.
    pub fn overlaps(&self, other: &Self) -> bool {
        overlaps(&self.tokens, &other.tokens)
    }

    /// A text that it matches, with `run` for every `*`; variables are not filled in.
    pub fn example(&self, run: &str) -> Option<String> {
        let mut out = String::new();
        for token in &self.tokens {
            match token {
                Token::Char(found) => out.push(*found),
                Token::One => out.push('x'),
                Token::Many => out.push_str(run),
                Token::Variable(_) => return None,
            }
        }
        Some(out)
    }
}

/// A piece of a text that may hold policy variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A run of text as written; whether its `*` and `?` are wildcards is its reader's to know.
    Text(&'a str),
    /// An escape: this character and no wildcard.
    Escaped(char),
    Variable(PolicyVariable),
}

/// Cuts a text at its policy variables; version 2008-10-17 has none.
pub(super) fn pieces(text: &str, version: Version) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut behind = None;
    std::iter::from_fn(move || {
        if behind.is_some() || rest.is_empty() {
            return behind.take();
        }
        if version == Version::V2012
            && let Some((before, inner)) = rest.split_once("${")
            && let Some((name, after)) = inner.split_once('}')
        {
            rest = after;
            behind = Some(variable(name));
            if before.is_empty() {
                return behind.take();
            }
            return Some(Piece::Text(before));
        }
        Some(Piece::Text(std::mem::take(&mut rest)))
    })
}

fn variable<'a>(name: &str) -> Piece<'a> {
    match name {
        "*" => Piece::Escaped('*'),
        "?" => Piece::Escaped('?'),
        "$" => Piece::Escaped('$'),
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
            Piece::Variable(PolicyVariable {
                key: key.trim().to_lowercase(),
                default,
            })
        }
    }
}

fn tokens(text: &str, version: Version) -> Vec<Token> {
    let mut out = Vec::with_capacity(text.len());
    for piece in pieces(text, version) {
        match piece {
            Piece::Text(text) => {
                for found in text.chars() {
                    match found {
                        // `**` is `*`.
                        '*' if out.last() == Some(&Token::Many) => {}
                        '*' => out.push(Token::Many),
                        '?' => out.push(Token::One),
                        other => out.push(Token::Char(other)),
                    }
                }
            }
            Piece::Escaped(found) => out.push(Token::Char(found)),
            Piece::Variable(variable) => out.push(Token::Variable(Box::new(variable))),
        }
    }
    out
}

/// Whether `upper` matches whatever `lower` matches, token by token: a wildcard below is matched by
/// an equal or wider one above. `row[j]` says whether the tokens of `upper` seen so far cover the
/// first `j` tokens of `lower`.
fn covers(mut upper: &[Token], mut lower: &[Token]) -> bool {
    // Up to the first star and behind the last one there is only one way to match, which decides
    // nearly every real case without the table.
    while let Some((first, rest)) = upper.split_first()
        && *first != Token::Many
    {
        match lower.split_first() {
            Some((other, others)) if covers_one(first, other) => (upper, lower) = (rest, others),
            _ => return false,
        }
    }
    while let Some((last, rest)) = upper.split_last()
        && *last != Token::Many
    {
        match lower.split_last() {
            Some((other, others)) if covers_one(last, other) => (upper, lower) = (rest, others),
            _ => return false,
        }
    }
    match upper {
        [] => return lower.is_empty(),
        [Token::Many] => return true,
        _ => {}
    }
    if upper.len().saturating_mul(lower.len()) > STEP_LIMIT {
        return false;
    }
    let mut row = vec![false; lower.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for token in upper {
        let mut next = Vec::with_capacity(row.len());
        let mut before = false;
        // What `*` has already absorbed stays covered.
        let mut absorbed = false;
        for (here, below) in row
            .iter()
            .copied()
            .zip(std::iter::once(None).chain(lower.iter().map(Some)))
        {
            next.push(match (token, below) {
                (Token::Many, _) => {
                    absorbed |= here;
                    absorbed
                }
                (token, Some(below)) => before && covers_one(token, below),
                (_, None) => false,
            });
            before = here;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Whether a token other than `*` matches whatever one token below it matches.
fn covers_one(upper: &Token, lower: &Token) -> bool {
    match (upper, lower) {
        (Token::One, Token::One | Token::Char(_)) => true,
        (Token::Char(a), Token::Char(b)) => a == b,
        // One variable has one value.
        (Token::Variable(_), Token::Variable(_)) => upper == lower,
        _ => false,
    }
}

/// Whether some text may match both. A variable may be any text.
fn overlaps(left: &[Token], right: &[Token]) -> bool {
    let wide = |token: &Token| matches!(token, Token::Many | Token::Variable(_));
    if left.len().saturating_mul(right.len()) > STEP_LIMIT {
        return true;
    }
    // row[j]: the tokens of `left` seen so far and the first j of `right` can match one text.
    let mut row: Vec<bool> = std::iter::once(true)
        .chain(right.iter().scan(true, |open, token| {
            *open &= wide(token);
            Some(*open)
        }))
        .collect();
    for token in left {
        let mut next: Vec<bool> = Vec::with_capacity(row.len());
        let mut before = false;
        let mut left_of = false;
        for (here, beside) in row
            .iter()
            .copied()
            .zip(std::iter::once(None).chain(right.iter().map(Some)))
        {
            left_of = match beside {
                // Nothing of `right`: only what can be empty.
                None => wide(token) && here,
                // The wide one takes nothing, or takes what the other has.
                Some(other) if wide(token) || wide(other) => here || left_of,
                Some(Token::Char(b)) => before && !matches!(token, Token::Char(a) if a != b),
                Some(_) => before,
            };
            next.push(left_of);
            before = here;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
