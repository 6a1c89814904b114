//! Conditions are checked against the schema of the facts before anything is evaluated.
//!
//! CEL reports a misspelled fact, or text compared with a number, only at run time, where a misspelled
//! fact would look like an unknown one. So every path must exist, every operand must have the right type,
//! and conditions that could run long or divide by zero are rejected.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expression::{
    BinaryOperator, ExpressionError, Function, ListQuantifier, PARAMS, Term, TermNode,
};
pub(super) use super::shape::FactShape;
use super::suggest;

/// Quantifiers inside quantifiers: the evaluator has no time limit, so nesting is bounded.
const MAX_NESTING: usize = 2;

/// The variables a condition may name.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    known: BTreeMap<String, FactShape>,
}

impl Variables {
    /// The facts of a subject under the name conditions use.
    pub fn new(name: &str, shape: FactShape) -> Self {
        Self {
            known: BTreeMap::from([(name.to_owned(), shape)]),
        }
    }

    /// With one variable more.
    #[must_use]
    pub fn with(mut self, name: &str, shape: FactShape) -> Self {
        self.known.insert(name.to_owned(), shape);
        self
    }

    /// The variable's shape.
    pub fn get(&self, name: &str) -> Option<&FactShape> {
        self.known.get(name)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// All of them as the members of one object.
    pub fn as_object(&self) -> FactShape {
        FactShape::Object(Arc::new(self.known.clone()))
    }
}

/// Everything wrong with a condition, in the order it stands there. The condition must be of the
/// shape `wanted`.
pub fn lint(tree: &TermNode, variables: &Variables, wanted: &FactShape) -> Vec<ExpressionError> {
    let mut linter = Linter {
        variables,
        locals: Vec::new(),
        mistakes: Vec::new(),
    };
    if let Some(shape) = linter.shape(tree)
        && !fits(&shape, wanted)
    {
        linter.mistake(
            tree,
            format!("this is {}, but {} is needed", shape.name(), wanted.name()),
        );
    }
    let mut mistakes = linter.mistakes;
    mistakes.sort_by_key(|mistake| mistake.at);
    mistakes.dedup();
    mistakes
}

/// The shape of a threshold's value.
pub fn shape_of_value(value: &serde_json::Value) -> FactShape {
    use serde_json::Value;
    match value {
        Value::Bool(_) => FactShape::Bool,
        Value::Number(number) if number.is_f64() => FactShape::Double,
        Value::Number(_) => FactShape::Int,
        Value::String(_) => FactShape::Text(Vec::new()),
        Value::Array(items) => {
            let mut shapes = items.iter().map(shape_of_value);
            let first = shapes.next().unwrap_or(FactShape::Text(Vec::new()));
            if shapes.all(|shape| shape == first) {
                FactShape::List(Box::new(first))
            } else {
                FactShape::Other
            }
        }
        _ => FactShape::Other,
    }
}

fn fits(shape: &FactShape, wanted: &FactShape) -> bool {
    match (shape, wanted) {
        (FactShape::List(_), FactShape::List(any)) if **any == FactShape::Other => true,
        _ => comparable(shape, wanted),
    }
}

/// True when `==` between the two can be true. Integers and floating-point numbers compare in CEL.
fn comparable(a: &FactShape, b: &FactShape) -> bool {
    match (a, b) {
        (FactShape::Bool, FactShape::Bool) | (FactShape::Text(_), FactShape::Text(_)) => true,
        (FactShape::Int | FactShape::Double, FactShape::Int | FactShape::Double) => true,
        (FactShape::List(a), FactShape::List(b)) => {
            **a == FactShape::Other || **b == FactShape::Other || comparable(a, b)
        }
        _ => false,
    }
}

struct Linter<'v> {
    variables: &'v Variables,
    locals: Vec<(String, FactShape)>,
    mistakes: Vec<ExpressionError>,
}

impl Linter<'_> {
    fn mistake(&mut self, node: &TermNode, message: impl Into<String>) {
        self.mistakes.push(ExpressionError::new(node.at, message));
    }

    /// The shape of a part; none when a mistake in it has been noted.
    fn shape(&mut self, node: &TermNode) -> Option<FactShape> {
        match &node.term {
            Term::Bool(_) => Some(FactShape::Bool),
            Term::Int(_) => Some(FactShape::Int),
            Term::Double(_) => Some(FactShape::Double),
            Term::Text(text) => Some(FactShape::Text(vec![text.clone()])),
            Term::Name(name) => self.name(node, name),
            Term::Member(operand, member) => self.member(node, operand, member),
            Term::List(items) => self.list(node, items),
            Term::Not(operand) => {
                self.expect(operand, &FactShape::Bool, "!")?;
                Some(FactShape::Bool)
            }
            Term::Negate(operand) => {
                let shape = self.shape(operand)?;
                if matches!(shape, FactShape::Int | FactShape::Double) {
                    Some(shape)
                } else {
                    self.mistake(
                        operand,
                        format!("`-` takes a number, this is {}", shape.name()),
                    );
                    None
                }
            }
            Term::Binary(operator, left, right) => self.binary(node, *operator, left, right),
            Term::Choice(condition, then, otherwise) => {
                self.expect(condition, &FactShape::Bool, "? :");
                let (then, otherwise_shape) = (self.shape(then)?, self.shape(otherwise)?);
                if same(&then, &otherwise_shape) {
                    Some(join(then, otherwise_shape))
                } else {
                    self.mistake(
                        otherwise,
                        format!(
                            "both answers of `? :` must be alike: {} and {}",
                            then.name(),
                            otherwise_shape.name()
                        ),
                    );
                    None
                }
            }
            Term::Call(function, arguments) => self.call(node, *function, arguments),
            Term::Quantified {
                quantifier,
                range,
                variable,
                body,
            } => self.quantified(node, *quantifier, range, variable, body),
        }
    }

    fn expect(&mut self, node: &TermNode, wanted: &FactShape, by: &str) -> Option<()> {
        let shape = self.shape(node)?;
        if comparable(&shape, wanted) {
            return Some(());
        }
        self.mistake(
            node,
            format!("`{by}` takes {}, this is {}", wanted.name(), shape.name()),
        );
        None
    }

    fn name(&mut self, node: &TermNode, name: &str) -> Option<FactShape> {
        let local = self.locals.iter().rev().find(|(known, _)| known == name);
        if let Some((_, shape)) = local {
            return Some(shape.clone());
        }
        if let Some(shape) = self.variables.get(name) {
            return Some(shape.clone());
        }
        let known = self
            .variables
            .names()
            .chain(self.locals.iter().map(|(name, _)| name.as_str()));
        let message = format!(
            "unknown variable `{name}`{}",
            suggest::did_you_mean(name, known)
        );
        self.mistake(node, message);
        None
    }

    fn member(&mut self, node: &TermNode, operand: &TermNode, member: &str) -> Option<FactShape> {
        let shape = self.shape(operand)?;
        let of = written(operand);
        match shape.member(member, &of) {
            Ok(shape) => Some(shape.clone()),
            Err(why) => {
                let why = if of == PARAMS {
                    why.replace("has no fact", "has no threshold")
                } else {
                    why
                };
                self.mistake(node, why);
                None
            }
        }
    }

    fn list(&mut self, node: &TermNode, items: &[TermNode]) -> Option<FactShape> {
        let shapes: Vec<Option<FactShape>> = items.iter().map(|item| self.shape(item)).collect();
        let mut shapes = shapes.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let Some(mut all) = shapes.next() else {
            return Some(FactShape::List(Box::new(FactShape::Other)));
        };
        for shape in shapes {
            if !same(&all, &shape) {
                self.mistake(node, "the members of a list must be alike");
                return None;
            }
            all = join(all, shape);
        }
        Some(FactShape::List(Box::new(all)))
    }

    fn binary(
        &mut self,
        node: &TermNode,
        operator: BinaryOperator,
        left: &TermNode,
        right: &TermNode,
    ) -> Option<FactShape> {
        let symbol = operator.symbol();
        if matches!(operator, BinaryOperator::And | BinaryOperator::Or) {
            // Both sides are checked, so that all mistakes are reported at once.
            let left = self.expect(left, &FactShape::Bool, symbol);
            let right = self.expect(right, &FactShape::Bool, symbol);
            return left.and(right).map(|()| FactShape::Bool);
        }
        let (a, b) = (self.shape(left), self.shape(right));
        let (a, b) = (a?, b?);
        let both = format!("{} and {}", a.name(), b.name());
        match operator {
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                if !comparable(&a, &b) {
                    self.mistake(node, format!("`{symbol}` cannot compare {both}"));
                    return None;
                }
                self.known_value(left, &a, right, &b);
                self.known_value(right, &b, left, &a);
                Some(FactShape::Bool)
            }
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => {
                let ordered = matches!(
                    (&a, &b),
                    (
                        FactShape::Int | FactShape::Double,
                        FactShape::Int | FactShape::Double
                    ) | (FactShape::Text(_), FactShape::Text(_))
                );
                if !ordered {
                    self.mistake(node, format!("`{symbol}` cannot compare {both}"));
                    return None;
                }
                Some(FactShape::Bool)
            }
            BinaryOperator::In => match &b {
                FactShape::List(item) if comparable(&a, item) || **item == FactShape::Other => {
                    if let Term::List(items) = &right.term {
                        for item in items {
                            if let Term::Text(text) = &item.term {
                                self.known_value(
                                    left,
                                    &a,
                                    item,
                                    &FactShape::Text(vec![text.clone()]),
                                );
                            }
                        }
                    }
                    self.known_value(right, item, left, &a);
                    Some(FactShape::Bool)
                }
                FactShape::Map(_) if matches!(a, FactShape::Text(_)) => Some(FactShape::Bool),
                FactShape::List(item) => {
                    let message =
                        format!("`in` looks for {} in a list of {}", a.name(), plural(item));
                    self.mistake(node, message);
                    None
                }
                _ => {
                    self.mistake(
                        right,
                        format!("`in` needs a list or a map, this is {}", b.name()),
                    );
                    None
                }
            },
            BinaryOperator::Add if matches!((&a, &b), (FactShape::Text(_), FactShape::Text(_))) => {
                Some(FactShape::Text(Vec::new()))
            }
            _ => self.arithmetic(node, operator, (left, a), (right, b)),
        }
    }

    fn arithmetic(
        &mut self,
        node: &TermNode,
        operator: BinaryOperator,
        (left, a): (&TermNode, FactShape),
        (right, b): (&TermNode, FactShape),
    ) -> Option<FactShape> {
        let symbol = operator.symbol();
        for (side, shape) in [(left, &a), (right, &b)] {
            if !matches!(shape, FactShape::Int | FactShape::Double) {
                self.mistake(
                    side,
                    format!("`{symbol}` takes numbers, this is {}", shape.name()),
                );
                return None;
            }
        }
        if a != b {
            self.mistake(
                node,
                format!("`{symbol}` cannot mix an integer and a number: write double(…) around the integer"),
            );
            return None;
        }
        if operator == BinaryOperator::Modulo && a == FactShape::Double {
            self.mistake(node, "`%` takes integers");
            return None;
        }
        if matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo) {
            let safe = match right.term {
                Term::Int(divisor) => divisor != 0 && divisor != -1,
                Term::Double(divisor) => divisor != 0.0,
                _ => false,
            };
            if !safe {
                self.mistake(
                    right,
                    format!("`{symbol}` takes a constant other than 0 here"),
                );
                return None;
            }
        }
        Some(a)
    }

    /// Notes a constant that the fact beside it can never be.
    fn known_value(
        &mut self,
        fact: &TermNode,
        fact_shape: &FactShape,
        other: &TermNode,
        other_shape: &FactShape,
    ) {
        let (FactShape::Text(values), FactShape::Text(_), Term::Text(text)) =
            (fact_shape, other_shape, &other.term)
        else {
            return;
        };
        if matches!(fact.term, Term::Text(_) | Term::List(_))
            || values.is_empty()
            || values.contains(text)
        {
            return;
        }
        let hint = suggest::did_you_mean(text, values.iter().map(String::as_str));
        let message = if hint.is_empty() {
            format!(
                "`{}` is never \"{text}\"; it is one of {}",
                written(fact),
                values.join(", ")
            )
        } else {
            format!("`{}` is never \"{text}\"{hint}", written(fact))
        };
        self.mistake(other, message);
    }

    fn call(
        &mut self,
        node: &TermNode,
        function: Function,
        arguments: &[TermNode],
    ) -> Option<FactShape> {
        let shapes: Vec<Option<FactShape>> = arguments.iter().map(|one| self.shape(one)).collect();
        let shapes = shapes.into_iter().collect::<Option<Vec<_>>>()?;
        let name = function.name();
        match (function, shapes.as_slice()) {
            (Function::Size, [FactShape::List(_) | FactShape::Map(_) | FactShape::Text(_)]) => {
                Some(FactShape::Int)
            }
            (Function::Double, [FactShape::Int | FactShape::Double]) => Some(FactShape::Double),
            (
                Function::StartsWith | Function::EndsWith | Function::Contains,
                [FactShape::Text(_), FactShape::Text(_)],
            ) => Some(FactShape::Bool),
            (Function::Contains, [FactShape::List(_), _]) => {
                self.mistake(node, "contains() is for text: write `x in list`");
                None
            }
            (_, shapes) => {
                let got: Vec<&str> = shapes.iter().map(FactShape::name).collect();
                self.mistake(node, format!("{name}() cannot take {}", got.join(" and ")));
                None
            }
        }
    }

    fn quantified(
        &mut self,
        node: &TermNode,
        quantifier: ListQuantifier,
        range: &TermNode,
        variable: &str,
        body: &TermNode,
    ) -> Option<FactShape> {
        let name = match quantifier {
            ListQuantifier::Exists => "exists",
            ListQuantifier::All => "all",
        };
        if self.locals.len() >= MAX_NESTING {
            self.mistake(
                node,
                format!("exists() and all() may be nested {MAX_NESTING} deep: a fact is missing"),
            );
            return None;
        }
        if self.variables.get(variable).is_some()
            || self.locals.iter().any(|(known, _)| known == variable)
        {
            self.mistake(
                node,
                format!("`{variable}` is a variable already: take another name"),
            );
            return None;
        }
        let item = match self.shape(range) {
            Some(FactShape::List(item)) => *item,
            // Running over a map means running over its keys.
            Some(FactShape::Map(_)) => FactShape::Text(Vec::new()),
            Some(other) => {
                self.mistake(
                    range,
                    format!("{name}() runs over a list, this is {}", other.name()),
                );
                return None;
            }
            None => return None,
        };
        self.locals.push((variable.to_owned(), item));
        let body = self.expect(body, &FactShape::Bool, &format!("{name}()"));
        self.locals.pop();
        body.map(|()| FactShape::Bool)
    }
}

/// True when the two are of one type, so that either can stand in a list or as an answer.
fn same(a: &FactShape, b: &FactShape) -> bool {
    match (a, b) {
        (FactShape::Text(_), FactShape::Text(_)) => true,
        (FactShape::List(a), FactShape::List(b)) => {
            **a == FactShape::Other || **b == FactShape::Other || same(a, b)
        }
        (FactShape::Object(_) | FactShape::Other, _) => false,
        (a, b) => a == b,
    }
}

fn join(a: FactShape, b: FactShape) -> FactShape {
    match (a, b) {
        (FactShape::Text(mut a), FactShape::Text(b)) => {
            if a.is_empty() || b.is_empty() {
                return FactShape::Text(Vec::new());
            }
            a.extend(b);
            FactShape::Text(a)
        }
        (FactShape::List(a), b @ FactShape::List(_)) if *a == FactShape::Other => b,
        (a, _) => a,
    }
}

fn plural(shape: &FactShape) -> &'static str {
    match shape {
        FactShape::Bool => "booleans",
        FactShape::Int => "integers",
        FactShape::Double => "numbers",
        FactShape::Text(_) => "texts",
        FactShape::List(_) => "lists",
        FactShape::Object(_) => "groups of facts",
        FactShape::Map(_) => "maps",
        FactShape::Other => "nothing",
    }
}

/// A chain of members as it is written.
fn written(node: &TermNode) -> String {
    match &node.term {
        Term::Name(name) => name.clone(),
        Term::Member(operand, member) => format!("{}.{member}", written(operand)),
        _ => "…".to_owned(),
    }
}
