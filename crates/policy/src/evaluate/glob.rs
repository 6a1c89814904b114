//! Does this text match this pattern: `*` is any run of characters, `/` and `:` included, and `?` is
//! exactly one (IAM user guide, "IAM JSON policy elements: Resource", 2026-09).
//!
//! A pattern is cut at its stars once. What stands before the first star must begin the text, what
//! stands behind the last must end it, and the parts between are looked for one behind the other,
//! each as early as possible: taking the earliest place never spoils a later part. So a text is
//! walked once, whatever the number of stars. A character is a Unicode scalar value.

/// One piece of a pattern before it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// This character.
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
}

/// A pattern, cut at its stars.
#[derive(Clone, Debug)]
pub(super) struct WildcardMatcher {
    head: MatcherPart,
    /// `None` for a pattern without a star.
    rest: Option<Rest>,
}

#[derive(Clone, Debug)]
struct Rest {
    middle: Box<[MatcherPart]>,
    tail: MatcherPart,
}

/// A run of characters and question marks.
#[derive(Clone, Debug)]
enum MatcherPart {
    Text(Box<str>),
    /// `None` is a question mark.
    Holes(Box<[Option<char>]>),
}

impl WildcardMatcher {
    pub(super) fn new(units: impl IntoIterator<Item = Unit>) -> Self {
        let mut parts: Vec<Vec<Option<char>>> = vec![Vec::new()];
        for unit in units {
            let piece = match unit {
                Unit::Many => {
                    parts.push(Vec::new());
                    continue;
                }
                Unit::One => None,
                Unit::Char(found) => Some(found),
            };
            if let Some(last) = parts.last_mut() {
                last.push(piece);
            }
        }
        Self::of_parts(parts.into_iter().map(MatcherPart::new))
    }

    /// A pattern in which only `*` and `?` are special.
    pub(super) fn plain(text: &str) -> Self {
        Self::of_parts(text.split('*').map(|part| {
            if part.contains('?') {
                MatcherPart::Holes(
                    part.chars()
                        .map(|found| (found != '?').then_some(found))
                        .collect(),
                )
            } else {
                MatcherPart::Text(part.into())
            }
        }))
    }

    /// From what stands between the stars.
    fn of_parts(mut parts: impl Iterator<Item = MatcherPart>) -> Self {
        let head = parts.next().unwrap_or_else(|| MatcherPart::new(Vec::new()));
        let mut parts: Vec<MatcherPart> = parts.collect();
        let rest = parts.pop().map(|tail| Rest {
            // An empty part between two stars asks for nothing.
            middle: parts.into_iter().filter(|part| !part.is_empty()).collect(),
            tail,
        });
        Self { head, rest }
    }

    /// True when the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(text) = self.head.strip_from_front(text) else {
            return false;
        };
        let Some(rest) = &self.rest else {
            return text.is_empty();
        };
        let Some(mut text) = rest.tail.strip_from_back(text) else {
            return false;
        };
        for part in &rest.middle {
            match part.behind_first(text) {
                Some(behind) => text = behind,
                None => return false,
            }
        }
        true
    }
}

impl MatcherPart {
    fn new(pieces: Vec<Option<char>>) -> Self {
        match pieces.iter().copied().collect::<Option<String>>() {
            Some(text) => Self::Text(text.into_boxed_str()),
            None => Self::Holes(pieces.into_boxed_slice()),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Holes(pieces) => pieces.is_empty(),
        }
    }

    fn strip_from_front<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(part) => text.strip_prefix(part.as_ref()),
            Self::Holes(pieces) => {
                let mut chars = text.chars();
                for piece in pieces {
                    let found = chars.next()?;
                    if piece.is_some_and(|wanted| wanted != found) {
                        return None;
                    }
                }
                Some(chars.as_str())
            }
        }
    }

    fn strip_from_back<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(part) => text.strip_suffix(part.as_ref()),
            Self::Holes(pieces) => {
                let mut chars = text.chars();
                for piece in pieces.iter().rev() {
                    let found = chars.next_back()?;
                    if piece.is_some_and(|wanted| wanted != found) {
                        return None;
                    }
                }
                Some(chars.as_str())
            }
        }
    }

    /// What follows the first place where the part stands.
    fn behind_first<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(part) => text
                .find(part.as_ref())
                .and_then(|at| text.get(at + part.len()..)),
            Self::Holes(_) => {
                let mut chars = text.chars();
                loop {
                    if let Some(behind) = self.strip_from_front(chars.as_str()) {
                        return Some(behind);
                    }
                    chars.next()?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        WildcardMatcher::plain(pattern).matches(text)
    }

    #[test]
    fn a_star_crosses_slashes_and_colons() {
        assert!(matches("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c"));
        assert!(matches("arn:*:b/*", "arn:aws:s3:::b/"));
        assert!(!matches("arn:aws:s3:::b/*", "arn:aws:s3:::b"));
    }

    #[test]
    fn a_question_mark_is_one_character_of_any_length_in_bytes() {
        assert!(matches("a?c", "abc"));
        assert!(matches("a?c", "a\u{1f512}c"));
        assert!(!matches("a?c", "ac"));
        assert!(!matches("a?c", "abbc"));
    }

    #[test]
    fn head_and_tail_do_not_share_characters() {
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("ab*ba", "abba"));
        assert!(!matches("?*?", "x"));
        assert!(matches("?*?", "xy"));
    }

    #[test]
    fn parts_in_the_middle_follow_each_other() {
        assert!(matches("*ab*cd*", "xxabyycdzz"));
        assert!(!matches("*ab*cd*", "xxcdyyabzz"));
        assert!(!matches("*aa*aa*", "aaa"));
        assert!(matches("*a?a*a", "xaaaya"));
    }

    #[test]
    fn stars_in_a_row_are_one() {
        assert!(matches("**", ""));
        assert!(matches("a***b", "ab"));
    }

    #[test]
    fn case_counts() {
        assert!(!matches("arn:aws:s3:::B", "arn:aws:s3:::b"));
    }

    /// The textbook definition, exponential and obvious.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => naive(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab?*]{0,7}", text in "[abc]{0,8}") {
            let p: Vec<char> = pattern.chars().collect();
            let t: Vec<char> = text.chars().collect();
            proptest::prop_assert_eq!(matches(&pattern, &text), naive(&p, &t));
        }
    }
}
