//! Booleans: `true` and `false` in any case, and nothing else.
//!
//! `Bool` compares without regard to case (IAM user guide, "Boolean condition operators"), so it is
//! a comparison of texts with two possible values, and is solved as one. A policy that compares a
//! boolean with something else says nothing that is documented.

use super::glob::Glob;

/// The values a boolean key can have.
pub(super) const VALUES: [&str; 2] = ["true", "false"];

/// The pattern of a boolean condition; none for what is not a boolean.
pub(super) fn pattern(text: &str) -> Option<Glob> {
    VALUES
        .iter()
        .any(|value| text.eq_ignore_ascii_case(value))
        .then(|| Glob::any_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_other_words_do_not_count() {
        assert!(pattern("TRUE").unwrap().matches("true"));
        assert!(!pattern("False").unwrap().matches("true"));
        assert_eq!(pattern("yes"), None);
    }
}
