//! Conditions over facts that are partly unknown, against an independent reference.
//!
//! Random conditions (all that the lint accepts) are asked of random documents. Then some facts are
//! hidden, in every way facts can be unknown: a value, a whole list, one item of a list, a member of
//! one item. Whatever the evaluator still decides must be what a plain two-valued evaluation says of
//! *every* way to fill the hidden facts in again; and naming what is missing must be enough to
//! decide.
//!
//! The reference walks the condition's own tree and knows nothing of CEL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

#[path = "support/documents.rs"]
mod documents;

use std::collections::{BTreeMap, BTreeSet};

use coldbucket::checks::expression::{
    BinaryOperator, ConditionResult, Expression, Function, ListQuantifier, Prepared, Term, TermNode,
};
use coldbucket::checks::lint::{Variables, lint};
use coldbucket::checks::shape::FactShape;
use coldbucket::facts::FactDocument;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Choices, one byte each; 0 when they run out, and 0 is always the simplest choice. Shrinking the
/// bytes shrinks what is made of them.
struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl Tape<'_> {
    fn pick(&mut self, from: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % from
    }

    fn of<'t, T: ?Sized>(&mut self, choices: &[&'t T]) -> &'t T {
        choices[self.pick(choices.len())]
    }
}

const TEXTS: [&str; 3] = ["x", "y", "xy"];

/// `bucket`: values, a group, a list of texts, a list of objects with a list inside, a map.
fn shape() -> FactShape {
    let text = || FactShape::Text(vec![]);
    let object = |members: Vec<(&str, FactShape)>| {
        FactShape::Object(
            members
                .into_iter()
                .map(|(name, shape)| (name.to_owned(), shape))
                .collect::<BTreeMap<_, _>>()
                .into(),
        )
    };
    object(vec![
        ("a", FactShape::Bool),
        ("b", FactShape::Bool),
        ("n", FactShape::Int),
        ("s", text()),
        ("words", FactShape::List(Box::new(text()))),
        (
            "deep",
            object(vec![("c", FactShape::Bool), ("m", FactShape::Int)]),
        ),
        ("tags", FactShape::Map(Box::new(text()))),
        (
            "items",
            FactShape::List(Box::new(object(vec![
                ("p", FactShape::Bool),
                ("k", FactShape::Int),
                ("t", text()),
                ("words", FactShape::List(Box::new(text()))),
                (
                    "subs",
                    FactShape::List(Box::new(object(vec![("q", FactShape::Bool)]))),
                ),
            ]))),
        ),
    ])
}

fn document(tape: &mut Tape<'_>) -> Value {
    let items: Vec<Value> = (0..tape.pick(4)).map(|_| item(tape)).collect();
    let mut tags = serde_json::Map::new();
    for _ in 0..tape.pick(3) {
        tags.insert(tape.of(&TEXTS).to_owned(), json!("v"));
    }
    json!({
        "a": tape.pick(2) == 1,
        "b": tape.pick(2) == 1,
        "n": tape.pick(4),
        "s": tape.of(&TEXTS),
        "words": words(tape),
        "deep": {"c": tape.pick(2) == 1, "m": tape.pick(3)},
        "tags": tags,
        "items": items,
    })
}

fn words(tape: &mut Tape<'_>) -> Value {
    Value::Array((0..tape.pick(3)).map(|_| json!(tape.of(&TEXTS))).collect())
}

fn item(tape: &mut Tape<'_>) -> Value {
    json!({
        "p": tape.pick(2) == 1,
        "k": tape.pick(3),
        "t": tape.of(&TEXTS),
        "words": words(tape),
        "subs": (0..tape.pick(3)).map(|_| json!({"q": tape.pick(2) == 1})).collect::<Vec<_>>(),
    })
}

/// Variables in scope, besides `bucket`.
#[derive(Clone, Default)]
struct Scope {
    items: Vec<String>,
    subs: Vec<String>,
    texts: Vec<String>,
    depth: usize,
}

fn boolean(tape: &mut Tape<'_>, scope: &Scope, fuel: usize) -> String {
    let choice = tape.pick(if fuel == 0 { 9 } else { 15 });
    match choice {
        0 => "bucket.a".to_owned(),
        1 => "bucket.b".to_owned(),
        2 => "bucket.deep.c".to_owned(),
        3 => tape.of(&["true", "false"]).to_owned(),
        4 => {
            let operator = tape.of(&["==", "!=", "<", "<=", ">", ">="]);
            let (left, right) = (integer(tape, scope, fuel), integer(tape, scope, fuel));
            format!("{left} {operator} {right}")
        }
        5 => {
            let (left, right) = (text(tape, scope), text(tape, scope));
            match tape.pick(4) {
                0 => format!("{left} == {right}"),
                1 => format!("{left} != {right}"),
                2 => format!("{left}.startsWith({right})"),
                _ => format!("{left}.contains({right})"),
            }
        }
        6 => {
            let (needle, list) = (text(tape, scope), list_of_texts(tape, scope));
            format!("{needle} in {list}")
        }
        7 => format!("{} in bucket.tags", text(tape, scope)),
        8 => match (scope.subs.last(), scope.items.last()) {
            (Some(sub), _) if tape.pick(2) == 0 => format!("{sub}.q"),
            (_, Some(item)) => format!("{item}.p"),
            _ => format!(
                "{} == {}",
                list_of_texts(tape, scope),
                list_of_texts(tape, scope)
            ),
        },
        9 => format!("!({})", boolean(tape, scope, fuel - 1)),
        10 | 11 => {
            let operator = tape.of(&["&&", "||"]);
            let (left, right) = (
                boolean(tape, scope, fuel - 1),
                boolean(tape, scope, fuel - 1),
            );
            format!("({left} {operator} {right})")
        }
        12 => {
            let condition = boolean(tape, scope, fuel - 1);
            let (then, otherwise) = (
                boolean(tape, scope, fuel - 1),
                boolean(tape, scope, fuel - 1),
            );
            format!("({condition} ? {then} : {otherwise})")
        }
        _ if scope.depth == 2 => "bucket.a".to_owned(),
        13 => {
            let mut inner = scope.clone();
            inner.depth += 1;
            let quantifier = tape.of(&["exists", "all"]);
            let (list, name) = match scope.items.last() {
                Some(item) if tape.pick(3) > 0 => {
                    let name = format!("u{}", scope.depth);
                    inner.subs.push(name.clone());
                    (format!("{item}.subs"), name)
                }
                _ => {
                    let name = format!("i{}", scope.depth);
                    inner.items.push(name.clone());
                    ("bucket.items".to_owned(), name)
                }
            };
            let body = boolean(tape, &inner, fuel - 1);
            format!("{list}.{quantifier}({name}, {body})")
        }
        _ => {
            let mut inner = scope.clone();
            let name = format!("w{}", scope.depth);
            inner.depth += 1;
            inner.texts.push(name.clone());
            let quantifier = tape.of(&["exists", "all"]);
            let list = if tape.pick(4) == 0 {
                "bucket.tags".to_owned()
            } else {
                list_of_texts(tape, scope)
            };
            let body = boolean(tape, &inner, fuel - 1);
            format!("{list}.{quantifier}({name}, {body})")
        }
    }
}

fn integer(tape: &mut Tape<'_>, scope: &Scope, fuel: usize) -> String {
    match tape.pick(if fuel == 0 { 4 } else { 7 }) {
        0 => "bucket.n".to_owned(),
        1 => tape.pick(4).to_string(),
        2 => "bucket.deep.m".to_owned(),
        3 => match scope.items.last() {
            Some(item) => format!("{item}.k"),
            None => "bucket.n".to_owned(),
        },
        4 => {
            let operator = tape.of(&["+", "-", "*"]);
            let (left, right) = (
                integer(tape, scope, fuel - 1),
                integer(tape, scope, fuel - 1),
            );
            format!("({left} {operator} {right})")
        }
        5 => format!("({} / 2)", integer(tape, scope, fuel - 1)),
        _ => match tape.pick(3) {
            0 => "size(bucket.items)".to_owned(),
            1 => "size(bucket.tags)".to_owned(),
            _ => format!("size({})", list_of_texts(tape, scope)),
        },
    }
}

fn text(tape: &mut Tape<'_>, scope: &Scope) -> String {
    match tape.pick(4) {
        0 => "bucket.s".to_owned(),
        1 => format!("{:?}", tape.of(&TEXTS)),
        2 => match scope.items.last() {
            Some(item) => format!("{item}.t"),
            None => "bucket.s".to_owned(),
        },
        _ => scope
            .texts
            .last()
            .cloned()
            .unwrap_or_else(|| "\"y\"".to_owned()),
    }
}

fn list_of_texts(tape: &mut Tape<'_>, scope: &Scope) -> String {
    match tape.pick(3) {
        0 => "bucket.words".to_owned(),
        1 => match scope.items.last() {
            Some(item) => format!("{item}.words"),
            None => "bucket.words".to_owned(),
        },
        _ => {
            let members: Vec<String> = (0..=tape.pick(2)).map(|_| text(tape, scope)).collect();
            format!("[{}]", members.join(", "))
        }
    }
}

/// A place in a document, as members and positions.
type Place = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Member(String),
    Position(usize),
}

/// Every place that can be hidden: values, lists, items and members of items. Groups and the map's
/// members cannot: in facts, a group is never unknown, and neither is a single tag.
fn places(value: &Value, shape: &FactShape, at: &Place, out: &mut Vec<Place>) {
    match (value, shape) {
        (Value::Object(members), FactShape::Object(shapes)) => {
            if matches!(at.last(), Some(Step::Position(_))) {
                out.push(at.clone());
            }
            for (name, member) in members {
                let mut below = at.clone();
                below.push(Step::Member(name.clone()));
                places(member, &shapes[name], &below, out);
            }
        }
        (Value::Array(items), FactShape::List(inner)) => {
            out.push(at.clone());
            for (index, item) in items.iter().enumerate() {
                let mut below = at.clone();
                below.push(Step::Position(index));
                places(item, inner, &below, out);
            }
        }
        _ => out.push(at.clone()),
    }
}

fn get_mut<'v>(value: &'v mut Value, place: &[Step]) -> &'v mut Value {
    place.iter().fold(value, |value, step| match step {
        Step::Member(name) => value.get_mut(name).unwrap(),
        Step::Position(index) => value.get_mut(index).unwrap(),
    })
}

/// The path that the facts would call the place.
fn path(place: &Place) -> String {
    let mut path = "bucket".to_owned();
    for step in place {
        match step {
            Step::Member(name) => {
                path.push('.');
                path.push_str(name);
            }
            Step::Position(_) => path.push_str("[]"),
        }
    }
    path
}

/// Some values that a hidden fact may turn out to have, its own among them.
fn candidates(place: &Place, own: &Value) -> Vec<Value> {
    let of_texts = place.last() == Some(&Step::Member("words".to_owned()));
    let mut out = match own {
        Value::Bool(_) => vec![json!(false), json!(true)],
        Value::Number(_) => vec![json!(0), json!(1), json!(3)],
        Value::String(_) => TEXTS.iter().map(|text| json!(text)).collect(),
        Value::Array(_) if of_texts => {
            vec![json!([]), json!(["x"]), json!(["y", "xy"])]
        }
        Value::Array(_) => vec![
            json!([]),
            // The members of both lists of objects at once: each list uses its own.
            json!([{"p": true, "k": 0, "t": "x", "words": [], "subs": [], "q": false}]),
            json!([{"p": false, "k": 2, "t": "y", "words": ["x"], "subs": [{"q": true}], "q": true}]),
        ],
        Value::Object(members) if members.contains_key("p") => vec![
            json!({"p": true, "k": 0, "t": "x", "words": [], "subs": [{"q": false}]}),
            json!({"p": false, "k": 2, "t": "y", "words": ["x", "y"], "subs": []}),
        ],
        Value::Object(members) if members.contains_key("q") => {
            vec![json!({"q": false}), json!({"q": true})]
        }
        Value::Object(_) => vec![json!({}), json!({"x": "v", "y": "v"})],
        Value::Null => vec![],
    };
    if !out.contains(own) {
        out.push(own.clone());
    }
    out
}

/// Every way to fill the hidden places in.
fn completions(document: &Value, hidden: &[Place]) -> Vec<Value> {
    let mut out = vec![document.clone()];
    for place in hidden {
        let mut more = Vec::new();
        for base in out {
            let own = get_mut(&mut document.clone(), place).clone();
            for candidate in candidates(place, &own) {
                let mut completed = base.clone();
                *get_mut(&mut completed, place) = candidate;
                more.push(completed);
            }
        }
        out = more;
    }
    out
}

/// The document with the places unknown.
fn hide(document: &Value, hidden: &[Place]) -> FactDocument {
    let mut marked = document.clone();
    for place in hidden {
        *get_mut(&mut marked, place) =
            json!({"$unknown": [{"reason": "denied", "action": path(place), "detail": ""}]});
    }
    documents::document("bucket", &marked)
}

// ---------------------------------------------------------------------------------------------
// The reference: three-valued, over the condition's tree. With nothing unknown it is two-valued.

#[derive(Clone, Debug, PartialEq)]
enum Reference {
    Unknown,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Reference>),
    Object(BTreeMap<String, Reference>),
}

use Reference::{Bool, Int, List, Object, Text, Unknown};

fn from_json(value: &Value) -> Reference {
    match value {
        Value::Bool(value) => Bool(*value),
        Value::Number(number) => Int(number.as_i64().unwrap()),
        Value::String(text) => Text(text.clone()),
        Value::Array(items) => List(items.iter().map(from_json).collect()),
        Value::Object(members) if members.contains_key("$unknown") => Unknown,
        Value::Object(members) => Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), from_json(member)))
                .collect(),
        ),
        Value::Null => panic!("no null in facts"),
    }
}

fn refer(node: &TermNode, scope: &[(&str, Reference)]) -> Reference {
    match &node.term {
        Term::Bool(value) => Bool(*value),
        Term::Int(value) => Int(*value),
        Term::Double(_) => panic!("no floating-point numbers here"),
        Term::Text(text) => Text(text.clone()),
        Term::List(items) => {
            let items: Vec<Reference> = items.iter().map(|item| refer(item, scope)).collect();
            // A list written out is known as a whole or not at all.
            if items.contains(&Unknown) {
                Unknown
            } else {
                List(items)
            }
        }
        Term::Name(name) => scope
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone(),
        Term::Member(operand, member) => match refer(operand, scope) {
            Object(members) => members[member].clone(),
            Unknown => Unknown,
            other => panic!("{other:?} has no members"),
        },
        Term::Not(operand) => match refer(operand, scope) {
            Bool(value) => Bool(!value),
            other => other,
        },
        Term::Negate(operand) => match refer(operand, scope) {
            Int(value) => Int(-value),
            other => other,
        },
        Term::Choice(condition, then, otherwise) => match refer(condition, scope) {
            Bool(true) => refer(then, scope),
            Bool(false) => refer(otherwise, scope),
            _ => Unknown,
        },
        Term::Binary(operator, left, right) => {
            binary(*operator, refer(left, scope), refer(right, scope))
        }
        Term::Call(function, arguments) => {
            let arguments: Vec<Reference> = arguments.iter().map(|a| refer(a, scope)).collect();
            match (function, arguments.as_slice()) {
                (_, [.., Unknown] | [Unknown, ..]) => Unknown,
                (Function::Size, [List(items)]) => Int(items.len() as i64),
                (Function::Size, [Object(members)]) => Int(members.len() as i64),
                (Function::Size, [Text(text)]) => Int(text.chars().count() as i64),
                (Function::StartsWith, [Text(a), Text(b)]) => Bool(a.starts_with(b.as_str())),
                (Function::EndsWith, [Text(a), Text(b)]) => Bool(a.ends_with(b.as_str())),
                (Function::Contains, [Text(a), Text(b)]) => Bool(a.contains(b.as_str())),
                other => panic!("{other:?}"),
            }
        }
        Term::Quantified {
            quantifier,
            range,
            variable,
            body,
        } => {
            let members = match refer(range, scope) {
                List(items) => items,
                Object(members) => members.into_keys().map(Text).collect(),
                Unknown => return Unknown,
                other => panic!("{other:?}"),
            };
            let decisive = *quantifier == ListQuantifier::Exists;
            let mut result = Bool(!decisive);
            for member in members {
                let mut inner = scope.to_vec();
                inner.push((variable, member));
                match refer(body, &inner) {
                    Bool(value) if value == decisive => return Bool(decisive),
                    Bool(_) => {}
                    _ => result = Unknown,
                }
            }
            result
        }
    }
}

fn binary(operator: BinaryOperator, left: Reference, right: Reference) -> Reference {
    match (operator, &left, &right) {
        (BinaryOperator::And, Bool(false), _) | (BinaryOperator::And, _, Bool(false)) => {
            Bool(false)
        }
        (BinaryOperator::And, Bool(true), Bool(true)) => Bool(true),
        (BinaryOperator::Or, Bool(true), _) | (BinaryOperator::Or, _, Bool(true)) => Bool(true),
        (BinaryOperator::Or, Bool(false), Bool(false)) => Bool(false),
        (_, Unknown, _) | (_, _, Unknown) => Unknown,
        (BinaryOperator::Equal | BinaryOperator::NotEqual, List(a), List(b))
            if a.contains(&Unknown) || b.contains(&Unknown) =>
        {
            Unknown
        }
        (BinaryOperator::Equal, a, b) => Bool(a == b),
        (BinaryOperator::NotEqual, a, b) => Bool(a != b),
        (BinaryOperator::Less, Int(a), Int(b)) => Bool(a < b),
        (BinaryOperator::LessOrEqual, Int(a), Int(b)) => Bool(a <= b),
        (BinaryOperator::Greater, Int(a), Int(b)) => Bool(a > b),
        (BinaryOperator::GreaterOrEqual, Int(a), Int(b)) => Bool(a >= b),
        (BinaryOperator::In, needle, List(items)) if items.contains(needle) => Bool(true),
        (BinaryOperator::In, _, List(items)) if items.contains(&Unknown) => Unknown,
        (BinaryOperator::In, _, List(_)) => Bool(false),
        (BinaryOperator::In, Text(needle), Object(members)) => Bool(members.contains_key(needle)),
        (BinaryOperator::Add, Int(a), Int(b)) => Int(a + b),
        (BinaryOperator::Subtract, Int(a), Int(b)) => Int(a - b),
        (BinaryOperator::Multiply, Int(a), Int(b)) => Int(a * b),
        (BinaryOperator::Divide, Int(a), Int(b)) => Int(a / b),
        other => panic!("{other:?}"),
    }
}

// ---------------------------------------------------------------------------------------------

struct Case {
    document: Value,
    expression: Expression,
    hidden: Vec<Place>,
    /// The item of `bucket.items` that the condition is asked of, as by `for_each`.
    item: Option<usize>,
}

const ITEMS: &str = "bucket.items";

impl Case {
    fn new(bytes: &[u8]) -> Self {
        let mut tape = Tape {
            bytes: bytes.iter(),
        };
        let document = document(&mut tape);
        let mut all = Vec::new();
        places(&document, &shape(), &Vec::new(), &mut all);
        let mut hidden: Vec<Place> = (0..=tape.pick(4))
            .map(|_| all[tape.pick(all.len())].clone())
            .collect();
        hidden.sort();
        hidden.dedup();
        // What lies below a hidden place is hidden with it.
        let tops = hidden.clone();
        hidden.retain(|place| {
            !tops
                .iter()
                .any(|top| top.len() < place.len() && place.starts_with(top))
        });
        let items = Step::Member("items".to_owned());
        let count = document["items"].as_array().unwrap().len();
        let item = (count > 0 && tape.pick(2) == 1)
            .then(|| tape.pick(count))
            .filter(|index| {
                // An item that is not known is not asked about.
                !hidden.contains(&vec![items.clone()])
                    && !hidden.contains(&vec![items.clone(), Step::Position(*index)])
            });
        let mut scope = Scope::default();
        scope.items.extend(item.map(|_| "item".to_owned()));
        let text = boolean(&mut tape, &scope, 4);
        let expression = Expression::compile(&text, item.map(|_| ITEMS))
            .unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        // The lint must accept what the generator makes, or the test would test too little. It
        // refuses nothing here but constants that can never be equal.
        let mut variables = Variables::new("bucket", shape());
        if item.is_some() {
            let Ok(FactShape::List(inner)) = shape().at("items").cloned() else {
                panic!("items is a list");
            };
            variables = variables.with("item", *inner);
        }
        let mistakes = lint(expression.tree(), &variables, &FactShape::Bool);
        let real: Vec<_> = mistakes
            .iter()
            .filter(|mistake| !mistake.message.contains("is never"))
            .collect();
        assert!(real.is_empty(), "{text}: {real:?}");
        Self {
            document,
            expression,
            hidden,
            item,
        }
    }

    fn reference(&self, document: &Value) -> Reference {
        let mut scope = vec![("bucket", from_json(document))];
        if let Some(index) = self.item {
            scope.push(("item", from_json(&document["items"][index])));
        }
        refer(self.expression.tree(), &scope)
    }

    fn expected(&self, document: &Value) -> bool {
        match self.reference(document) {
            Bool(value) => value,
            other => panic!("{}: {other:?}", self.expression.text()),
        }
    }

    fn evaluate(&self, hidden: &[Place]) -> ConditionResult {
        let document = hide(&self.document, hidden);
        let prepared = Prepared::new(&document);
        let item = self.item.map(|index| {
            let lost = hidden.iter().filter(|place| {
                matches!(place.as_slice(), [Step::Member(list), Step::Position(at)] if list == "items" && *at < index)
            });
            &document.known["bucket"]["items"][index - lost.count()]
        });
        self.expression
            .evaluate(&prepared.scope(None, item.map(|item| (ITEMS, item))))
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 40..200)
}

proptest! {
    // Lost members of lists are rare in random cases: fewer cases let mistakes about them through.
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is decided in spite of hidden facts holds however they are filled in.
    #[test]
    fn a_verdict_holds_for_every_completion(bytes in bytes()) {
        let case = Case::new(&bytes);
        let decided = match case.evaluate(&case.hidden) {
            ConditionResult::True => true,
            ConditionResult::False => false,
            ConditionResult::Unknown { .. } => return Ok(()),
            ConditionResult::Defect(message) => return Err(TestCaseError::fail(message)),
        };
        for completed in completions(&case.document, &case.hidden) {
            prop_assert_eq!(
                decided,
                case.expected(&completed),
                "{} with {:?} hidden, completed as {}",
                case.expression.text(),
                case.hidden,
                completed
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// With everything known the evaluator and the reference agree.
    #[test]
    fn with_nothing_hidden_the_reference_agrees(bytes in bytes()) {
        let case = Case::new(&bytes);
        let expected = if case.expected(&case.document) { ConditionResult::True } else { ConditionResult::False };
        prop_assert_eq!(case.evaluate(&[]), expected, "{}", case.expression.text());
    }

    /// Unknown is not said too often: where no item of a list is lost, Kleene's logic decides.
    #[test]
    fn what_kleene_decides_is_decided(bytes in bytes()) {
        let case = Case::new(&bytes);
        let whole_items = case
            .hidden
            .iter()
            .any(|place| matches!(place.last(), Some(Step::Position(_))));
        if whole_items {
            return Ok(());
        }
        let mut marked = case.document.clone();
        for place in &case.hidden {
            *get_mut(&mut marked, place) = json!({"$unknown": []});
        }
        let kleene = case.reference(&marked);
        let expected = match case.evaluate(&case.hidden) {
            ConditionResult::True => Bool(true),
            ConditionResult::False => Bool(false),
            ConditionResult::Unknown { .. } => Unknown,
            ConditionResult::Defect(message) => return Err(TestCaseError::fail(message)),
        };
        prop_assert_eq!(kleene, expected, "{} with {:?} hidden", case.expression.text(), case.hidden);
    }

    /// What is named as missing is hidden, and enough to decide once it is known.
    #[test]
    fn what_is_missing_settles_it(bytes in bytes()) {
        let case = Case::new(&bytes);
        let ConditionResult::Unknown { facts } = case.evaluate(&case.hidden) else {
            return Ok(());
        };
        let hidden: BTreeSet<String> = case.hidden.iter().map(path).collect();
        prop_assert!(!facts.is_empty());
        prop_assert!(facts.is_subset(&hidden), "{facts:?} {hidden:?}");
        let rest: Vec<Place> = case
            .hidden
            .iter()
            .filter(|place| !facts.contains(&path(place)))
            .cloned()
            .collect();
        let settled = case.evaluate(&rest);
        prop_assert!(
            matches!(settled, ConditionResult::True | ConditionResult::False),
            "{} is {settled:?} when {facts:?} are known, of {hidden:?}",
            case.expression.text()
        );
    }
}
