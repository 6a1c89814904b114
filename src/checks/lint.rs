//! Conditions are checked against the schema of the facts before anything is evaluated.
//!
//! CEL finds a misspelt fact, or text compared with a number, only while it runs — and in a
//! three-valued world a misspelt fact would look like an unknown one. So every path must exist,
//! every operator must get what it takes, and what could run long or divide by zero is refused.

use std::collections::BTreeMap;

use super::expression::{Function, Mistake, Node, Operator, PARAMS, Quantifier, Term};
pub(super) use super::shape::Shape;
use super::suggest;

/// Quantifiers inside quantifiers: the evaluator has no time limit, so nesting is bounded.
const MAX_NESTING: usize = 2;

/// The variables a condition may name.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    known: BTreeMap<String, Shape>,
}

impl Variables {
    /// The facts of a subject under the name conditions use.
    pub fn new(name: &str, shape: Shape) -> Self {
        Self {
            known: BTreeMap::from([(name.to_owned(), shape)]),
        }
    }

    /// With one variable more.
    #[must_use]
    pub fn with(mut self, name: &str, shape: Shape) -> Self {
        self.known.insert(name.to_owned(), shape);
        self
    }

    /// The variable's shape.
    pub fn get(&self, name: &str) -> Option<&Shape> {
        self.known.get(name)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// All of them as the members of one object.
    pub fn as_object(&self) -> Shape {
        Shape::Object(self.known.clone())
    }
}

/// Everything wrong with a condition, in the order it stands there. The condition must be of the
/// shape `wanted`.
pub fn lint(tree: &Node, variables: &Variables, wanted: &Shape) -> Vec<Mistake> {
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
pub fn shape_of_value(value: &serde_json::Value) -> Shape {
    use serde_json::Value;
    match value {
        Value::Bool(_) => Shape::Bool,
        Value::Number(number) if number.is_f64() => Shape::Double,
        Value::Number(_) => Shape::Int,
        Value::String(_) => Shape::Text(Vec::new()),
        Value::Array(items) => {
            let mut shapes = items.iter().map(shape_of_value);
            let first = shapes.next().unwrap_or(Shape::Text(Vec::new()));
            if shapes.all(|shape| shape == first) {
                Shape::List(Box::new(first))
            } else {
                Shape::Other
            }
        }
        _ => Shape::Other,
    }
}

fn fits(shape: &Shape, wanted: &Shape) -> bool {
    match (shape, wanted) {
        (Shape::List(_), Shape::List(any)) if **any == Shape::Other => true,
        _ => comparable(shape, wanted),
    }
}

/// True when `==` between the two can be true. Integers and floating-point numbers compare in CEL.
fn comparable(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Bool, Shape::Bool) | (Shape::Text(_), Shape::Text(_)) => true,
        (Shape::Int | Shape::Double, Shape::Int | Shape::Double) => true,
        (Shape::List(a), Shape::List(b)) => {
            **a == Shape::Other || **b == Shape::Other || comparable(a, b)
        }
        _ => false,
    }
}

struct Linter<'v> {
    variables: &'v Variables,
    locals: Vec<(String, Shape)>,
    mistakes: Vec<Mistake>,
}

impl Linter<'_> {
    fn mistake(&mut self, node: &Node, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(node.at, message));
    }

    /// The shape of a part; none when a mistake in it has been noted.
    fn shape(&mut self, node: &Node) -> Option<Shape> {
        match &node.term {
            Term::Bool(_) => Some(Shape::Bool),
            Term::Int(_) => Some(Shape::Int),
            Term::Double(_) => Some(Shape::Double),
            Term::Text(text) => Some(Shape::Text(vec![text.clone()])),
            Term::Name(name) => self.name(node, name),
            Term::Member(operand, member) => self.member(node, operand, member),
            Term::List(items) => self.list(node, items),
            Term::Not(operand) => {
                self.expect(operand, &Shape::Bool, "!")?;
                Some(Shape::Bool)
            }
            Term::Negate(operand) => {
                let shape = self.shape(operand)?;
                if matches!(shape, Shape::Int | Shape::Double) {
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
                self.expect(condition, &Shape::Bool, "? :");
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

    fn expect(&mut self, node: &Node, wanted: &Shape, by: &str) -> Option<()> {
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

    fn name(&mut self, node: &Node, name: &str) -> Option<Shape> {
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
            "no variable is called `{name}`{}",
            suggest::did_you_mean(name, known)
        );
        self.mistake(node, message);
        None
    }

    fn member(&mut self, node: &Node, operand: &Node, member: &str) -> Option<Shape> {
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

    fn list(&mut self, node: &Node, items: &[Node]) -> Option<Shape> {
        let shapes: Vec<Option<Shape>> = items.iter().map(|item| self.shape(item)).collect();
        let mut shapes = shapes.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let Some(mut all) = shapes.next() else {
            return Some(Shape::List(Box::new(Shape::Other)));
        };
        for shape in shapes {
            if !same(&all, &shape) {
                self.mistake(node, "the members of a list must be alike");
                return None;
            }
            all = join(all, shape);
        }
        Some(Shape::List(Box::new(all)))
    }

    fn binary(
        &mut self,
        node: &Node,
        operator: Operator,
        left: &Node,
        right: &Node,
    ) -> Option<Shape> {
        let symbol = operator.symbol();
        if matches!(operator, Operator::And | Operator::Or) {
            // Both sides are looked at, so that all mistakes are told at once.
            let left = self.expect(left, &Shape::Bool, symbol);
            let right = self.expect(right, &Shape::Bool, symbol);
            return left.and(right).map(|()| Shape::Bool);
        }
        let (a, b) = (self.shape(left), self.shape(right));
        let (a, b) = (a?, b?);
        let both = format!("{} and {}", a.name(), b.name());
        match operator {
            Operator::Equal | Operator::NotEqual => {
                if !comparable(&a, &b) {
                    self.mistake(node, format!("`{symbol}` cannot compare {both}"));
                    return None;
                }
                self.known_value(left, &a, right, &b);
                self.known_value(right, &b, left, &a);
                Some(Shape::Bool)
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let ordered = matches!(
                    (&a, &b),
                    (Shape::Int | Shape::Double, Shape::Int | Shape::Double)
                        | (Shape::Text(_), Shape::Text(_))
                );
                if !ordered {
                    self.mistake(node, format!("`{symbol}` cannot compare {both}"));
                    return None;
                }
                Some(Shape::Bool)
            }
            Operator::In => match &b {
                Shape::List(item) if comparable(&a, item) || **item == Shape::Other => {
                    if let Term::List(items) = &right.term {
                        for item in items {
                            if let Term::Text(text) = &item.term {
                                self.known_value(left, &a, item, &Shape::Text(vec![text.clone()]));
                            }
                        }
                    }
                    self.known_value(right, item, left, &a);
                    Some(Shape::Bool)
                }
                Shape::Map(_) if matches!(a, Shape::Text(_)) => Some(Shape::Bool),
                Shape::List(item) => {
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
            Operator::Add if matches!((&a, &b), (Shape::Text(_), Shape::Text(_))) => {
                Some(Shape::Text(Vec::new()))
            }
            _ => self.arithmetic(node, operator, (left, a), (right, b)),
        }
    }

    fn arithmetic(
        &mut self,
        node: &Node,
        operator: Operator,
        (left, a): (&Node, Shape),
        (right, b): (&Node, Shape),
    ) -> Option<Shape> {
        let symbol = operator.symbol();
        for (side, shape) in [(left, &a), (right, &b)] {
            if !matches!(shape, Shape::Int | Shape::Double) {
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
        if operator == Operator::Modulo && a == Shape::Double {
            self.mistake(node, "`%` takes integers");
            return None;
        }
        if matches!(operator, Operator::Divide | Operator::Modulo) {
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
    fn known_value(&mut self, fact: &Node, fact_shape: &Shape, other: &Node, other_shape: &Shape) {
        let (Shape::Text(values), Shape::Text(_), Term::Text(text)) =
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

    fn call(&mut self, node: &Node, function: Function, arguments: &[Node]) -> Option<Shape> {
        let shapes: Vec<Option<Shape>> = arguments.iter().map(|one| self.shape(one)).collect();
        let shapes = shapes.into_iter().collect::<Option<Vec<_>>>()?;
        let name = function.name();
        match (function, shapes.as_slice()) {
            (Function::Size, [Shape::List(_) | Shape::Map(_) | Shape::Text(_)]) => Some(Shape::Int),
            (Function::Double, [Shape::Int | Shape::Double]) => Some(Shape::Double),
            (
                Function::StartsWith | Function::EndsWith | Function::Contains,
                [Shape::Text(_), Shape::Text(_)],
            ) => Some(Shape::Bool),
            (Function::Contains, [Shape::List(_), _]) => {
                self.mistake(node, "contains() is for text: write `x in list`");
                None
            }
            (_, shapes) => {
                let got: Vec<&str> = shapes.iter().map(Shape::name).collect();
                self.mistake(node, format!("{name}() cannot take {}", got.join(" and ")));
                None
            }
        }
    }

    fn quantified(
        &mut self,
        node: &Node,
        quantifier: Quantifier,
        range: &Node,
        variable: &str,
        body: &Node,
    ) -> Option<Shape> {
        let name = match quantifier {
            Quantifier::Exists => "exists",
            Quantifier::All => "all",
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
            Some(Shape::List(item)) => *item,
            // Running over a map means running over its keys.
            Some(Shape::Map(_)) => Shape::Text(Vec::new()),
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
        let body = self.expect(body, &Shape::Bool, &format!("{name}()"));
        self.locals.pop();
        body.map(|()| Shape::Bool)
    }
}

/// True when the two are of one type, so that either can stand in a list or as an answer.
fn same(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Text(_), Shape::Text(_)) => true,
        (Shape::List(a), Shape::List(b)) => {
            **a == Shape::Other || **b == Shape::Other || same(a, b)
        }
        (Shape::Object(_) | Shape::Other, _) => false,
        (a, b) => a == b,
    }
}

fn join(a: Shape, b: Shape) -> Shape {
    match (a, b) {
        (Shape::Text(mut a), Shape::Text(b)) => {
            if a.is_empty() || b.is_empty() {
                return Shape::Text(Vec::new());
            }
            a.extend(b);
            Shape::Text(a)
        }
        (Shape::List(a), b @ Shape::List(_)) if *a == Shape::Other => b,
        (a, _) => a,
    }
}

fn plural(shape: &Shape) -> &'static str {
    match shape {
        Shape::Bool => "booleans",
        Shape::Int => "integers",
        Shape::Double => "numbers",
        Shape::Text(_) => "texts",
        Shape::List(_) => "lists",
        Shape::Object(_) => "groups of facts",
        Shape::Map(_) => "maps",
        Shape::Other => "nothing",
    }
}

/// A chain of members as it is written.
fn written(node: &Node) -> String {
    match &node.term {
        Term::Name(name) => name.clone(),
        Term::Member(operand, member) => format!("{}.{member}", written(operand)),
        _ => "…".to_owned(),
    }
}
