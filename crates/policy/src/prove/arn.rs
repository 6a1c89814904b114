//! ARN patterns as texts.
//!
//! `ArnLike` and `ArnEquals` mean the same: pattern and value are split at their first five colons,
//! and each of the six parts is matched on its own, so that a wildcard in one of the first five
//! cannot run over a colon while one in the last may (IAM user guide, "Amazon Resource Name (ARN)
//! condition operators"). Written as one pattern over the whole text, that is a wildcard that does
//! not take colons in the first five parts and an ordinary one in the sixth; so ARN and string
//! conditions on the same key are solved together, by the one theory of texts.

use super::glob::{Glob, GlobToken};

/// The pattern of an ARN condition.
///
/// A pattern with fewer than six parts is no ARN and matches nothing but, for a lone `*`, every
/// ARN: it is not documented, so the caller is answered with `None` that it is not known.
pub(super) fn pattern(tokens: &[GlobToken]) -> Option<Glob> {
    let mut colons = 0;
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens {
        out.push(match token {
            GlobToken::Char(':') => {
                colons += 1;
                GlobToken::Char(':')
            }
            GlobToken::One if colons < 5 => GlobToken::OneInSegment,
            GlobToken::Many if colons < 5 => GlobToken::ManyInSegment,
            other => *other,
        });
    }
    (colons >= 5).then(|| Glob::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern_text: &str, value: &str) -> bool {
        let tokens: Vec<GlobToken> = pattern_text
            .chars()
            .map(|found| match found {
                '*' => GlobToken::Many,
                '?' => GlobToken::One,
                other => GlobToken::Char(other),
            })
            .collect();
        pattern(&tokens).unwrap().matches(value)
    }

    /// The rule read literally: split, then match part by part.
    fn by_parts(pattern_text: &str, value: &str) -> bool {
        let split = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
        let (pattern, value) = (split(pattern_text), split(value));
        pattern.len() == value.len()
            && pattern
                .iter()
                .zip(&value)
                .all(|(pattern, value)| Glob::like(pattern).matches(value))
    }

    #[test]
    fn a_wildcard_stays_in_its_part() {
        assert!(matches(
            "arn:aws:iam::*:role/a",
            "arn:aws:iam::111111111111:role/a"
        ));
        assert!(!matches(
            "arn:*:role/a:::",
            "arn:aws:iam::111111111111:role/a"
        ));
        assert!(!matches("arn:aws:*:*:*:role/a", "arn:aws:iam::1:2:role/a"));
    }

    #[test]
    fn in_the_last_part_it_runs_over_colons() {
        assert!(matches(
            "arn:aws:logs:*:*:*",
            "arn:aws:logs:r:1:log-group:g:log-stream:s"
        ));
    }

    #[test]
    fn too_few_parts_are_not_a_pattern() {
        assert_eq!(pattern(&[GlobToken::Many]), None);
    }

    proptest::proptest! {
        #[test]
        fn one_pattern_says_what_six_do(
            parts in proptest::collection::vec("[ab*?]{0,3}", 6..7),
            value in proptest::collection::vec("[ab]{0,2}", 6..8),
        ) {
            let (pattern, value) = (parts.join(":"), value.join(":"));
            proptest::prop_assert_eq!(matches(&pattern, &value), by_parts(&pattern, &value));
        }
    }
}
