//! Wildcards and policy variables in patterns.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use coldbucket_policy::document::Version;
use coldbucket_policy::pattern::{Pattern, PolicyVariable, Token};
use proptest::prelude::*;

fn pattern(text: &str) -> Pattern {
    Pattern::new(text, Version::V2012)
}

#[test]
fn wildcards() {
    let cases = [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a/b:c", true),
        ("?", "", false),
        ("?", "é", true),
        ("??", "\u{1F600}x", true),
        ("a*", "a", true),
        ("a*b", "ab", true),
        ("a*b", "axxbxxb", true),
        ("a*b", "axxbc", false),
        ("*a*b*", "xaxbx", true),
        ("a?c", "ac", false),
        ("A", "a", false),
        ("${*}", "*", true),
        ("${*}", "x", false),
        ("a${?}b${$}", "a?b$", true),
    ];
    for (text, value, expected) in cases {
        assert_eq!(pattern(text).matches(value), expected, "{text} on {value}");
    }
    assert!(Pattern::action("S3:Get*").matches("s3:getobject"));
    // Before 2012-10-17 a variable is plain text.
    assert!(Pattern::new("${*}", Version::V2008).matches("${anything}"));
}

#[test]
fn variables() {
    let read = pattern("b/${aws:UserName, 'nobody'}/${aws:PrincipalTag/Team}/*");
    assert!(read.has_variable() && !read.is_literal());
    let variables: Vec<&Token> = read
        .tokens
        .iter()
        .filter(|token| matches!(token, Token::Variable(_)))
        .collect();
    assert_eq!(
        variables,
        [
            &Token::Variable(Box::new(PolicyVariable {
                key: "aws:username".into(),
                default: Some("nobody".into())
            })),
            &Token::Variable(Box::new(PolicyVariable {
                key: "aws:principaltag/team".into(),
                default: None
            })),
        ]
    );
    assert!(pattern("b/*").covers(&read));
    assert!(!read.covers(&pattern("b/x/y/z")));
    assert!(read.overlaps(&pattern("b/x/y/z")));
    assert!(!read.overlaps(&pattern("c/*")));
    // What is never closed is text.
    assert!(pattern("${a").matches("${a"));
}

/// Matching as its definition reads.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
        Some(('?', rest)) => !text.is_empty() && naive(rest, &text[1..]),
        Some((first, rest)) => text.first() == Some(first) && naive(rest, &text[1..]),
    }
}

/// Every text of up to `length` letters.
fn texts(length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut longest = all.clone();
    for _ in 0..length {
        longest = longest
            .iter()
            .flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}")))
            .collect();
        all.extend(longest.clone());
    }
    all
}

proptest! {
    #[test]
    fn matching_is_what_it_says(text in "[ab*?]{0,6}", value in "[ab]{0,6}") {
        let (chars, letters): (Vec<char>, Vec<char>) = (text.chars().collect(), value.chars().collect());
        prop_assert_eq!(pattern(&text).matches(&value), naive(&chars, &letters));
    }

    #[test]
    fn covering_and_overlapping_are_true_of_every_text(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
        let (a, b) = (pattern(&a), pattern(&b));
        let mut both = false;
        for text in texts(8) {
            let (by_a, by_b) = (a.matches(&text), b.matches(&text));
            prop_assert!(!a.covers(&b) || !by_b || by_a, "{:?} covers {:?}, not on {}", a, b, text);
            both |= by_a && by_b;
        }
        prop_assert_eq!(a.overlaps(&b), both, "{:?} and {:?}", a, b);
        prop_assert!(a.covers(&a));
    }

    #[test]
    fn examples_match(text in "[ab*?]{0,6}", run in "[ab]{0,3}") {
        let pattern = pattern(&text);
        prop_assert!(pattern.matches(&pattern.example(&run).unwrap()));
    }
}
