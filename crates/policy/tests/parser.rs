//! Policies as IAM reads them: every leniency, every defect with its place, and no panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use coldbucket_policy::contract::{ProveInput, Reach};
use coldbucket_policy::document::{
    Comparison, Effect, Operator, Principal, Quantifier, TextMatch, Version,
};
use coldbucket_policy::parse::LENGTH_LIMIT;
use coldbucket_policy::prove::prove;
use coldbucket_policy::{DefectKind, Policy, PolicyKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Policy {
    Policy::parse(text, PolicyKind::Resource)
}

fn parse_value(value: &Value) -> Policy {
    parse(&value.to_string())
}

fn statement() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

/// The policy with one statement, and one member of it changed.
fn with(member: &str, value: Value) -> Policy {
    let mut statement = statement();
    statement[member] = value;
    parse_value(&json!({"Version": "2012-10-17", "Statement": [statement]}))
}

#[test]
fn one_statement_or_a_list() {
    for policy in [
        parse_value(&json!({"Statement": statement()})),
        parse_value(&json!({"Statement": [statement()]})),
    ] {
        assert_eq!(policy.defects, []);
        assert_eq!(policy.statements.len(), 1);
        assert_eq!(policy.statements[0].effect, Effect::Allow);
    }
}

#[test]
fn keys_in_any_case() {
    let policy = parse(
        r#"{"version":"2012-10-17","ID":"i","statement":{"effect":"Deny","SID":"s","principal":{"aws":"*"},
            "ACTION":"S3:getobject","resource":"*","condition":{"bool":{"AWS:SecureTransport":false}}}}"#,
    );
    assert_eq!(policy.defects, []);
    assert_eq!(policy.version, Version::V2012);
    assert_eq!(policy.id.as_deref(), Some("i"));
    let statement = &policy.statements[0];
    assert_eq!(statement.sid.as_deref(), Some("s"));
    assert!(statement.action.items[0].matches("s3:getobject"));
    assert_eq!(statement.conditions[0].key, "aws:securetransport");
    assert_eq!(statement.conditions[0].values, ["false"]);
}

#[test]
fn a_value_or_a_list_of_values() {
    let policy = with("Action", json!(["s3:GetObject", "s3:List*"]));
    assert_eq!(policy.defects, []);
    assert_eq!(policy.statements[0].action.items.len(), 2);
    let policy = with(
        "Condition",
        json!({"StringEquals": {"a": ["x", "y"]}, "NumericLessThan": {"b": 3, "c": [1.50, "2"]}}),
    );
    assert_eq!(policy.defects, []);
    let values: Vec<&[String]> = policy.statements[0]
        .conditions
        .iter()
        .map(|condition| condition.values.as_slice())
        .collect();
    assert_eq!(values[0], ["x", "y"]);
    assert_eq!(values[1], ["3"]);
    // A number keeps its digits: 1.50 is not the text 1.5.
    let policy = parse(
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
            "Condition":{"NumericLessThan":{"c":[1.50,"2"]}}}}"#,
    );
    assert_eq!(policy.statements[0].conditions[0].values, ["1.50", "2"]);
}

#[test]
fn principals() {
    let items = |principal: Value| {
        let policy = with("Principal", principal);
        assert_eq!(policy.defects, [], "{policy:?}");
        policy.statements[0].principal.clone().unwrap().items
    };
    assert_eq!(items(json!("*")), [Principal::Everyone]);
    assert_eq!(items(json!({"AWS": "*"})), [Principal::Everyone]);
    let account = [Principal::Account("222222222222".into())];
    assert_eq!(items(json!({"AWS": "222222222222"})), account);
    assert_eq!(
        items(json!({"AWS": "arn:aws:iam::222222222222:root"})),
        account
    );
    assert_eq!(
        items(json!({"AWS": "arn:aws-cn:iam::222222222222:root"})),
        account
    );
    assert_eq!(
        items(json!({"AWS": "AIDAEXAMPLEID00000000"})),
        [Principal::UniqueId("AIDAEXAMPLEID00000000".into())]
    );
    assert_eq!(
        items(json!({"Service": "Logging.S3.amazonaws.com"})),
        [Principal::Service("logging.s3.amazonaws.com".into())]
    );
    assert_eq!(
        items(json!({"Federated": "graph.facebook.com", "CanonicalUser": "abc"})),
        [
            Principal::Federated("graph.facebook.com".into()),
            Principal::CanonicalUser("abc".into())
        ]
    );
    for (text, kind, name) in [
        ("arn:aws:iam::222222222222:user/a/b", "user", "a/b"),
        ("arn:aws:iam::222222222222:role/r", "role", "r"),
        (
            "arn:aws:sts::222222222222:assumed-role/r/s",
            "assumed-role",
            "r/s",
        ),
        (
            "arn:aws:sts::222222222222:federated-user/f",
            "federated-user",
            "f",
        ),
        (
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
            "user",
            "CloudFront Origin Access Identity E1",
        ),
    ] {
        let found = items(json!({"AWS": text}));
        let [Principal::Arn(arn)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(
            (arn.text.as_str(), arn.kind.as_str(), arn.name.as_str()),
            (text, kind, name)
        );
    }
}

#[test]
fn the_not_forms() {
    let policy = parse_value(&json!({"Statement": {
        "Effect": "Deny", "NotPrincipal": {"AWS": "222222222222"},
        "NotAction": "s3:Get*", "NotResource": ["arn:aws:s3:::b/public/*"],
    }}));
    assert_eq!(policy.defects, []);
    let statement = &policy.statements[0];
    assert!(statement.principal.as_ref().unwrap().negated);
    assert!(statement.action.negated);
    assert!(statement.resource.as_ref().unwrap().negated);
}

#[test]
fn every_operator() {
    let text = |how, negated| Operator::Text { how, negated };
    use Comparison::{Equals, GreaterThan, GreaterThanEquals, LessThan, LessThanEquals, NotEquals};
    use TextMatch::{Exact, IgnoreCase, Like};
    let operators = [
        ("StringEquals", text(Exact, false)),
        ("StringNotEquals", text(Exact, true)),
        ("StringEqualsIgnoreCase", text(IgnoreCase, false)),
        ("StringNotEqualsIgnoreCase", text(IgnoreCase, true)),
        ("StringLike", text(Like, false)),
        ("StringNotLike", text(Like, true)),
        ("ArnEquals", Operator::Arn { negated: false }),
        ("ArnLike", Operator::Arn { negated: false }),
        ("ArnNotEquals", Operator::Arn { negated: true }),
        ("ArnNotLike", Operator::Arn { negated: true }),
        ("NumericEquals", Operator::Numeric(Equals)),
        ("NumericNotEquals", Operator::Numeric(NotEquals)),
        ("NumericLessThan", Operator::Numeric(LessThan)),
        ("NumericLessThanEquals", Operator::Numeric(LessThanEquals)),
        ("NumericGreaterThan", Operator::Numeric(GreaterThan)),
        (
            "NumericGreaterThanEquals",
            Operator::Numeric(GreaterThanEquals),
        ),
        ("DateEquals", Operator::Date(Equals)),
        ("DateNotEquals", Operator::Date(NotEquals)),
        ("DateLessThan", Operator::Date(LessThan)),
        ("DateLessThanEquals", Operator::Date(LessThanEquals)),
        ("DateGreaterThan", Operator::Date(GreaterThan)),
        ("DateGreaterThanEquals", Operator::Date(GreaterThanEquals)),
        ("Bool", Operator::Bool),
        ("BinaryEquals", Operator::Binary),
        ("IpAddress", Operator::Ip { negated: false }),
        ("NotIpAddress", Operator::Ip { negated: true }),
    ];
    let read = |name: String| {
        let policy = with("Condition", json!({name: {"k": "v"}}));
        assert_eq!(policy.defects, []);
        let condition = &policy.statements[0].conditions[0];
        (
            condition.quantifier,
            condition.operator,
            condition.if_exists,
        )
    };
    for (name, operator) in operators {
        assert_eq!(read(name.into()), (Quantifier::Single, operator, false));
        assert_eq!(
            read(format!("{name}IfExists")),
            (Quantifier::Single, operator, true)
        );
        assert_eq!(
            read(format!("ForAnyValue:{name}")),
            (Quantifier::ForAnyValue, operator, false)
        );
        assert_eq!(
            read(format!("forallvalues:{}ifexists", name.to_uppercase())),
            (Quantifier::ForAllValues, operator, true)
        );
    }
    assert_eq!(
        read("Null".into()),
        (Quantifier::Single, Operator::Null, false)
    );
}

/// A statement's place and text are the evidence of a finding.
#[test]
fn places_of_statements() {
    let text = "{\n  \"Statement\": [\n    {\"Effect\":\"Allow\",\"Sid\":\"é\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}, \
                {\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}\n  ]\n}";
    let policy = parse(text);
    let [first, second] = policy.statements.as_slice() else {
        panic!("{policy:?}")
    };
    assert_eq!((first.place.line, first.place.column), (3, 5));
    assert_eq!(second.place.line, 3);
    // Columns count characters, offsets bytes.
    assert_eq!(
        second.place.offset - first.place.offset,
        (second.place.column - first.place.column) as usize + 1
    );
    assert!(text[first.place.offset..first.end].starts_with("{\"Effect\":\"Allow\""));
    assert!(text[second.place.offset..second.end].ends_with("\"Resource\":\"*\"}"));
    assert_eq!((first.index, second.index), (0, 1));
}

#[test]
fn text_that_is_not_json() {
    let cases = [
        ("", 1, 1, "expected a value, found the end of the text"),
        ("{", 1, 2, "expected a key, found the end of the text"),
        (
            "{\n  \"Statement\": [}",
            2,
            17,
            "expected a value, found '}'",
        ),
        ("{\"a\":1,}", 1, 8, "expected a key, found '}'"),
        ("{\"a\" 1}", 1, 6, "expected ':', found '1'"),
        ("{} {}", 1, 4, "more text after the end"),
        ("{\"a\":\"x", 1, 8, "never closed"),
        ("{\"a\":\"\u{1}\"}", 1, 7, "control character"),
        ("{\"a\":\"\\q\"}", 1, 8, "unknown escape"),
        ("{\"a\":\"\\ud800\"}", 1, 13, "expected '\\\\'"),
        ("{\"a\":\"\\udc00\"}", 1, 13, "half of a surrogate pair"),
        ("{\"a\":01}", 1, 7, "expected '}'"),
        ("{\"a\":-}", 1, 7, "expected a digit"),
        ("{\"a\":nul}", 1, 6, "expected a value"),
        ("\u{feff}{}", 1, 1, "expected a value"),
    ];
    for (text, line, column, message) in cases {
        let policy = parse(text);
        let [defect] = policy.defects.as_slice() else {
            panic!("{text}: {policy:?}")
        };
        assert_eq!(defect.kind, DefectKind::Syntax, "{text}");
        assert_eq!(
            (defect.place.line, defect.place.column),
            (line, column),
            "{text}: {defect}"
        );
        assert!(defect.text.contains(message), "{text}: {defect}");
        assert!(policy.is_malformed());
    }
    // A pair of surrogates is one character.
    let policy = with("Sid", json!("x"));
    assert_eq!(policy.defects, []);
    let policy = parse(r#"{"Id":"\ud83d\ude00\u00e9\n","Statement":[]}"#);
    assert_eq!(policy.id.as_deref(), Some("\u{1F600}é\n"));
}

#[test]
fn what_iam_forbids_is_named_with_its_place() {
    let cases = [
        (r#"[]"#, "a policy is an object"),
        (r#"{"Version":"2012-10-17"}"#, "no Statement"),
        (r#"{"Statement":[]}"#, "Statement is empty"),
        (r#"{"Statement":["x"]}"#, "a statement is an object"),
        (r#"{"Statement":"x"}"#, "a statement is an object"),
        (r#"{"Version":1,"Statement":[]}"#, "Version is a string"),
        (r#"{"Statement":[{}]}"#, "no Effect"),
        (r#"{"Statement":{"Effect":"allow"}}"#, "this is \"allow\""),
        (
            r#"{"Statement":{"Effect":["Allow"]}}"#,
            "Effect is a string",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Effect":"Deny"}}"#,
            "\"Effect\" occurs twice",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","effect":"Deny"}}"#,
            "\"effect\" occurs twice",
        ),
        (
            r#"{"Statement":[],"Statement":[]}"#,
            "\"Statement\" occurs twice",
        ),
        (
            r#"{"Statement":{"Condition":{"Bool":{"k":1},"bool":{"k":2}}}}"#,
            "\"bool\" occurs twice",
        ),
        (
            r#"{"Statement":{"Condition":{"Bool":{"k":1,"K":2}}}}"#,
            "\"K\" occurs twice",
        ),
        (
            r#"{"Statement":{"Action":"*","NotAction":"*"}}"#,
            "not both",
        ),
        (r#"{"Statement":{"Action":[]}}"#, "Action is empty"),
        (r#"{"Statement":{"Action":[1]}}"#, "Action holds strings"),
        (
            r#"{"Statement":{"Resource":null}}"#,
            "Resource holds strings, this is null",
        ),
        (
            r#"{"Statement":{"Effect":"Allow"}}"#,
            "neither Principal nor NotPrincipal",
        ),
        (
            r#"{"Statement":{"Effect":"Allow"}}"#,
            "neither Action nor NotAction",
        ),
        (
            r#"{"Statement":{"Effect":"Allow"}}"#,
            "neither Resource nor NotResource",
        ),
        (
            r#"{"Statement":{"Principal":"x"}}"#,
            "Principal is \"*\" or an object",
        ),
        (r#"{"Statement":{"Principal":["*"]}}"#, "this is a list"),
        (r#"{"Statement":{"Principal":{}}}"#, "Principal is empty"),
        (r#"{"Statement":{"Principal":{"AWS":[]}}}"#, "AWS is empty"),
        (
            r#"{"Statement":{"Principal":{"AWS":"bob"}}}"#,
            "does not name an AWS principal",
        ),
        (
            r#"{"Statement":{"Principal":{"AWS":"arn:aws:iam::222222222222:user/*"}}}"#,
            "with a wildcard",
        ),
        (
            r#"{"Statement":{"Principal":"*","NotPrincipal":"*"}}"#,
            "not both",
        ),
        (
            r#"{"Statement":{"Condition":[]}}"#,
            "Condition is an object",
        ),
        (
            r#"{"Statement":{"Condition":{"Bool":"x"}}}"#,
            "an object of keys",
        ),
        (
            r#"{"Statement":{"Condition":{"Bool":{"k":null}}}}"#,
            "this is null",
        ),
        (
            r#"{"Statement":{"Condition":{"Bool":{"k":{"x":1}}}}}"#,
            "this is an object",
        ),
    ];
    for (text, message) in cases {
        let policy = parse(text);
        let found = policy
            .defects
            .iter()
            .find(|defect| defect.text.contains(message));
        let Some(defect) = found else {
            panic!("{text}: {message}: {:#?}", policy.defects)
        };
        // A principal that is nobody's name is told apart: it lets nobody in.
        let kind = if message.contains("does not name") {
            DefectKind::UnknownPrincipal
        } else if message.contains("neither") || message.contains("this is a list") {
            DefectKind::Incomplete
        } else {
            DefectKind::Grammar
        };
        assert_eq!(defect.kind, kind, "{text}");
        assert!(policy.is_malformed() && !policy.is_sound());
    }
}

/// What AWS may have added since is not called wrong, and nothing is concluded from it.
#[test]
fn what_is_not_known_here_is_unfamiliar() {
    let cases = [
        with("Comment", json!("x")),
        with("Condition", json!({"StringSounds": {"k": "v"}})),
        with("Condition", json!({"NullIfExists": {"k": "true"}})),
        with("Principal", json!({"Galaxy": "x"})),
        parse_value(&json!({"Version": "2030-01-01", "Statement": statement()})),
        parse_value(&json!({"Extra": 1, "Statement": statement()})),
    ];
    for policy in cases {
        assert_eq!(policy.defects.len(), 1, "{policy:?}");
        assert_eq!(policy.defects[0].kind, DefectKind::Unfamiliar);
        assert!(!policy.is_malformed() && !policy.is_sound());
    }
}

#[test]
fn defects_name_their_statement_and_do_not_hide_the_others() {
    let policy = parse_value(&json!({"Statement": [statement(), {"Effect": "Deny"}, statement()]}));
    assert_eq!(policy.statements.len(), 2);
    assert_eq!(policy.statements[1].index, 2);
    assert_eq!(policy.defects.len(), 3);
    assert!(
        policy
            .defects
            .iter()
            .all(|defect| defect.statement == Some(1))
    );
    assert!(policy.defects.is_sorted_by_key(|defect| defect.place));
}

#[test]
fn kinds_of_policies() {
    let without =
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).to_string();
    assert!(Policy::parse(&without, PolicyKind::Identity).is_sound());
    assert!(!Policy::parse(&without, PolicyKind::Resource).is_sound());
    let with = json!({"Statement": statement()}).to_string();
    assert!(!Policy::parse(&with, PolicyKind::Identity).is_sound());
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
    }})
    .to_string();
    assert!(Policy::parse(&trust, PolicyKind::Trust).is_sound());
}

#[test]
fn hostile_sizes() {
    let long = " ".repeat(LENGTH_LIMIT + 1);
    assert!(parse(&long).is_malformed());
    let deep = "[".repeat(100_000);
    assert!(parse(&deep).defects[0].text.contains("nest too deep"));
    let objects = "{\"a\":".repeat(50_000);
    assert!(parse(&objects).is_malformed());
    // A quarter of a megabyte of defects is told in a hundred.
    let many = format!("{{\"Statement\":[{}1]}}", "1,".repeat(100_000));
    let policy = parse(&many);
    assert_eq!(policy.defects.len(), 100);
    let same = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(40_000));
    assert!(parse(&same).is_malformed());
}

/// JSON-like text made of the words that matter here.
fn policy_like() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "d800",
        " ",
        "\n",
        "1",
        "-",
        ".",
        "e",
        "true",
        "null",
        "\"Statement\"",
        "\"Effect\"",
        "\"Allow\"",
        "\"Deny\"",
        "\"Principal\"",
        "\"AWS\"",
        "\"*\"",
        "\"Action\"",
        "\"NotAction\"",
        "\"s3:*\"",
        "\"Resource\"",
        "\"arn:aws:s3:::b/*\"",
        "\"Condition\"",
        "\"Bool\"",
        "\"aws:SecureTransport\"",
        "\"false\"",
        "\"${aws:username}\"",
        "é",
        "\u{1F600}",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// A JSON value shaped roughly like a policy.
fn policy_shaped() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "*",
        "s3:*",
        "s3:GetObject",
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${aws:username}/?",
        "222222222222",
        "Allow",
        "Deny",
        "true",
        "false",
        "o-1",
        "203.0.113.0/24",
        "",
        "2012-10-17",
        "1e9",
        "${",
    ])
    .prop_map(Value::from);
    let leaf = prop_oneof![
        4 => text,
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let key = prop::sample::select(vec![
        "Version",
        "Statement",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "AWS",
        "Service",
        "Federated",
        "Bool",
        "StringLike",
        "StringNotEquals",
        "ForAllValues:StringEquals",
        "IpAddress",
        "Null",
        "DateLessThan",
        "NumericLessThan",
        "ArnLike",
        "aws:SecureTransport",
        "aws:SourceIp",
        "aws:PrincipalArn",
        "aws:SourceVpce",
        "s3:prefix",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

/// Every question of the contract has an answer, and an unknown one says why.
fn all_questions(text: &str) {
    let input: ProveInput = serde_json::from_value(json!({
        "id": "any", "bucket": "b", "owner": "111111111111", "policy": text,
        "questions": ["anonymous", "any-aws-account", "account:222222222222",
            "service:logging.s3.amazonaws.com", "plain-http", "presigned", "put-without-kms", "sse-c"],
    }))
    .unwrap();
    let Ok(output) = prove(&input, None) else {
        return;
    };
    for answer in output.answers {
        assert!(
            answer.verdict != Reach::Unknown || answer.reason.is_some(),
            "{text}: {} is unknown without a reason",
            answer.question
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        all_questions(&text);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        all_questions(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_policy_like_text_makes_it_panic(text in policy_like()) {
        all_questions(&text);
    }

    #[test]
    fn no_policy_shaped_value_makes_it_panic(value in policy_shaped()) {
        all_questions(&value.to_string());
        all_questions(&json!({"Statement": value}).to_string());
    }

    /// Every text that a generic reader takes is taken here, and the other way round.
    #[test]
    fn json_is_read_as_others_read_it(text in policy_like()) {
        let syntax = parse(&text).defects.iter().any(|defect| defect.kind == DefectKind::Syntax);
        prop_assert_eq!(syntax, serde_json::from_str::<Value>(&text).is_err());
    }

    #[test]
    fn a_value_and_its_text_read_the_same(value in policy_shaped()) {
        let defects = |text: String| -> Vec<String> {
            parse(&text).defects.into_iter().map(|defect| defect.text).collect()
        };
        prop_assert_eq!(
            defects(value.to_string()),
            defects(serde_json::to_string_pretty(&value).unwrap())
        );
    }
}
