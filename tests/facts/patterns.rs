//! Wildcards, condition values and address ranges.

use coldbucket::facts::policy::condition::{Certainty, Key, Network, is_constraint};
use coldbucket::facts::policy::document::{Condition, Version};
use coldbucket::facts::policy::pattern::{Pattern, Token};
use coldbucket::facts::policy::{Policy, PolicyKind};
use proptest::prelude::*;
use serde_json::json;

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
        .filter(|token| matches!(token, Token::Variable { .. }))
        .collect();
    assert_eq!(
        variables,
        [
            &Token::Variable {
                key: "aws:username".into(),
                default: Some("nobody".into())
            },
            &Token::Variable {
                key: "aws:principaltag/team".into(),
                default: None
            },
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

fn condition(operator: &str, values: serde_json::Value) -> Condition {
    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {operator: {"k": values}},
    }});
    Policy::parse(&policy.to_string(), PolicyKind::Resource)
        .statements
        .remove(0)
        .conditions
        .remove(0)
}

/// The table of policy semantics: an absent key, a value that matches, one that does not.
#[test]
fn keys_and_operators() {
    use Certainty::{Always, Never, Perhaps};
    let value = |text: &str| Key::Value(text.to_owned());
    let holds = |operator: &str, values: serde_json::Value, key: &Key| {
        condition(operator, values).holds(key, Version::V2012)
    };
    // operator, absent, matching, other
    let table = [
        ("StringEquals", Never, Always, Never),
        ("StringNotEquals", Always, Never, Always),
        ("StringEqualsIfExists", Always, Always, Never),
        ("StringNotEqualsIfExists", Always, Never, Always),
        ("ForAllValues:StringEquals", Always, Always, Never),
        ("ForAnyValue:StringEquals", Never, Always, Never),
        ("ForAllValues:StringNotEquals", Always, Never, Always),
        ("ForAnyValue:StringNotEquals", Never, Never, Always),
    ];
    for (operator, absent, matching, other) in table {
        assert_eq!(
            holds(operator, json!(["x", "y"]), &Key::Absent),
            absent,
            "{operator}"
        );
        assert_eq!(
            holds(operator, json!(["x", "y"]), &value("y")),
            matching,
            "{operator}"
        );
        assert_eq!(
            holds(operator, json!(["x", "y"]), &value("z")),
            other,
            "{operator}"
        );
        assert_eq!(
            holds(operator, json!(["x", "y"]), &Key::Unknown),
            Perhaps,
            "{operator}"
        );
    }
    for (values, absent, present) in [
        (json!("true"), Always, Never),
        (json!(false), Never, Always),
        (json!(["true", "false"]), Always, Always),
    ] {
        assert_eq!(holds("Null", values.clone(), &Key::Absent), absent);
        assert_eq!(holds("Null", values, &value("x")), present);
    }
}

#[test]
fn values_by_type() {
    use Certainty::{Always, Never, Perhaps};
    let cases = [
        ("StringEquals", json!("a*"), "a*", Always),
        ("StringEquals", json!("a*"), "ab", Never),
        ("StringEquals", json!("a"), "A", Never),
        ("StringEqualsIgnoreCase", json!("a"), "A", Always),
        ("StringLike", json!("a*"), "ab", Always),
        ("StringNotLike", json!(["a*", "b*"]), "bc", Never),
        ("StringEquals", json!("${aws:username}"), "x", Perhaps),
        ("Bool", json!(true), "TRUE", Always),
        ("Bool", json!("maybe"), "true", Perhaps),
        ("NumericLessThan", json!(1.2), "1.1", Always),
        ("NumericLessThan", json!("1.2"), "1.2", Never),
        ("NumericGreaterThanEquals", json!(10), "9.99", Never),
        ("NumericEquals", json!("10"), "1e1", Always),
        ("NumericNotEquals", json!([1, 2]), "2", Never),
        ("NumericEquals", json!("ten"), "10", Perhaps),
        (
            "DateLessThan",
            json!("2027-01-01"),
            "2026-11-22T12:00:00Z",
            Always,
        ),
        (
            "DateGreaterThan",
            json!("2026-11-22T11:59:59Z"),
            "2026-11-22T12:00:00Z",
            Always,
        ),
        (
            "DateEquals",
            json!(1_795_348_800),
            "2026-11-22T12:00:00Z",
            Always,
        ),
        ("DateEquals", json!("soon"), "2026-11-22T12:00:00Z", Perhaps),
        ("IpAddress", json!("203.0.113.0/24"), "203.0.113.7", Always),
        ("IpAddress", json!("203.0.113.7"), "203.0.113.7", Always),
        ("IpAddress", json!("::/0"), "203.0.113.7", Never),
        ("IpAddress", json!("2001:db8::/32"), "2001:db8::1", Always),
        (
            "NotIpAddress",
            json!(["10.0.0.0/8", "203.0.113.0/24"]),
            "203.0.113.7",
            Never,
        ),
        ("IpAddress", json!("203.0.113.0/33"), "203.0.113.7", Perhaps),
        (
            "ArnLike",
            json!("arn:aws:iam::222222222222:role/*"),
            "arn:aws:iam::222222222222:role/a/b:c",
            Always,
        ),
        (
            "ArnEquals",
            json!("arn:aws:iam::*:role/r"),
            "arn:aws:iam::222222222222:role/r",
            Always,
        ),
        // A star does not cross a colon but in the last part.
        (
            "ArnLike",
            json!("arn:aws:*:role/r"),
            "arn:aws:iam::222222222222:role/r",
            Perhaps,
        ),
        (
            "ArnNotLike",
            json!("arn:aws:iam::222222222222:role/*"),
            "arn:aws:iam::222222222222:user/u",
            Always,
        ),
        ("BinaryEquals", json!("QQ=="), "QQ==", Always),
        ("StringEquals", json!([]), "x", Never),
        ("StringNotEquals", json!([]), "x", Always),
    ];
    for (operator, values, value, expected) in cases {
        assert_eq!(
            condition(operator, values.clone()).holds(&Key::Value(value.into()), Version::V2012),
            expected,
            "{operator} {values} on {value}"
        );
    }
}

#[test]
fn how_many_addresses_are_a_constraint() {
    let constraint = |networks: &[&str]| {
        let networks: Vec<Network> = networks
            .iter()
            .map(|network| Network::parse(network).unwrap())
            .collect();
        is_constraint(&networks)
    };
    assert!(constraint(&["203.0.113.0/24"]));
    assert!(constraint(&["8.0.0.0/8"]));
    assert!(!constraint(&["8.0.0.0/7"]));
    assert!(!constraint(&["8.0.0.0/8", "9.0.0.0/32"]));
    // The same addresses twice are no more addresses.
    assert!(constraint(&["8.0.0.0/8", "8.0.0.0/9", "8.1.0.0/16"]));
    assert!(constraint(&[
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "8.0.0.0/8"
    ]));
    assert!(!constraint(&["0.0.0.0/0"]));
    assert!(constraint(&["2001:db8::/32"]));
    assert!(!constraint(&["2001:d00::/24"]));
    for bad in [
        "",
        "1.2.3",
        "1.2.3.4/33",
        "::/129",
        "1.2.3.4/",
        "x/8",
        "1.2.3.4/-1",
    ] {
        assert_eq!(Network::parse(bad), None, "{bad}");
    }
    let wide = Network::parse("10.1.2.3/8").unwrap();
    assert_eq!(wide, Network::parse("10.0.0.0/8").unwrap());
    assert!(wide.covers(&Network::parse("10.9.0.0/16").unwrap()));
    assert!(!Network::parse("10.9.0.0/16").unwrap().covers(&wide));
}
