//! What a condition says about a document, part by part.
//!
//! A member that the document does not have is an error, as in CEL, and so is arithmetic that overflows.
//! `&&`, `||`, `exists` and `all` absorb an error where another part decides: that is three-valued logic.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::term::{BinaryOperator, Function, ListQuantifier, Term, TermNode};
use super::{ITEM, PARAMS};

/// Why a part has no value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TermError<'v> {
    /// A member that the document does not have.
    NoSuchKey(&'v str),
    /// What a condition that was linted does at most by an overflow.
    Other(String),
}

type TermOutcome<'v, T> = Result<T, TermError<'v>>;

/// The value of a part.
#[derive(Clone, Debug)]
pub(super) enum TermValue<'v> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'v, str>),
    /// A list that is written out.
    List(Vec<TermValue<'v>>),
    /// A list, a map or a group of the document.
    Facts(&'v Value),
}

impl<'v> TermValue<'v> {
    /// All integers are signed.
    fn of(value: &'v Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Int(integer),
                None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Facts(value),
        }
    }

    /// What it is, for a person.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::List(_) | Self::Facts(Value::Array(_)) => "list",
            Self::Facts(_) => "map",
        }
    }

    /// The members of a list, the keys of a map.
    fn items(self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Facts(Value::Array(items)) => Some(items.iter().map(Self::of).collect()),
            Self::Facts(Value::Object(members)) => {
                let keys = members.keys();
                Some(keys.map(|key| Self::Text(Cow::Borrowed(key))).collect())
            }
            _ => None,
        }
    }

    /// None for what has no order, such as values of two types.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Double(b)) => (*a as f64).partial_cmp(b),
            (Self::Double(a), Self::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Facts(Value::Object(a)), Self::Facts(Value::Object(b))) => a == b,
            (Self::List(_) | Self::Facts(_), Self::List(_) | Self::Facts(_)) => {
                match (self.clone().items(), other.clone().items()) {
                    (Some(a), Some(b)) => {
                        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.equals(b))
                    }
                    _ => false,
                }
            }
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }
}

/// The variables that a condition names.
pub(super) struct TermScope<'v> {
    known: &'v Value,
    params: Option<&'v Value>,
    item: Option<&'v Value>,
    /// Of `exists` and `all`, the innermost last.
    locals: Vec<(&'v str, TermValue<'v>)>,
}

impl<'v> TermScope<'v> {
    /// `known` is an object with a member a variable.
    pub(super) fn new(
        known: &'v Value,
        params: Option<&'v Value>,
        item: Option<&'v Value>,
    ) -> Self {
        Self {
            known,
            params,
            item,
            locals: Vec::new(),
        }
    }

    /// The value of a condition or of a part of it.
    pub(super) fn value(&mut self, node: &'v TermNode) -> TermOutcome<'v, TermValue<'v>> {
        Ok(match &node.term {
            Term::Bool(value) => TermValue::Bool(*value),
            Term::Int(value) => TermValue::Int(*value),
            Term::Double(value) => TermValue::Double(*value),
            Term::Text(text) => TermValue::Text(Cow::Borrowed(text)),
            Term::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                TermValue::List(items.collect::<Result<_, _>>()?)
            }
            Term::Name(name) => self.variable(name)?,
            Term::Member(operand, member) => match self.value(operand)? {
                TermValue::Facts(Value::Object(members)) => match members.get(member) {
                    Some(value) => TermValue::of(value),
                    None => return Err(TermError::NoSuchKey(member)),
                },
                other => return Err(no_overload(&format!(".{member}"), &[&other])),
            },
            Term::Not(operand) => TermValue::Bool(!self.truth(operand)?),
            Term::Negate(operand) => match self.value(operand)? {
                TermValue::Int(value) => TermValue::Int(value.checked_neg().ok_or_else(overflow)?),
                TermValue::Double(value) => TermValue::Double(-value),
                other => return Err(no_overload("-", &[&other])),
            },
            Term::Binary(BinaryOperator::And, left, right) => self.connected(left, right, false)?,
            Term::Binary(BinaryOperator::Or, left, right) => self.connected(left, right, true)?,
            Term::Binary(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                binary(*operator, left, right)?
            }
            Term::Choice(condition, then, otherwise) => {
                let chosen = if self.truth(condition)? {
                    then
                } else {
                    otherwise
                };
                self.value(chosen)?
            }
            Term::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.value(argument));
                call(*function, &arguments.collect::<Result<Vec<_>, _>>()?)?
            }
            Term::Quantified {
                quantifier,
                range,
                variable,
                body,
            } => self.quantified(*quantifier, range, variable, body)?,
        })
    }

    fn variable(&self, name: &'v str) -> TermOutcome<'v, TermValue<'v>> {
        let local = self.locals.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, value)) = local {
            return Ok(value.clone());
        }
        let found = match name {
            ITEM if self.item.is_some() => self.item,
            PARAMS if self.params.is_some() => self.params,
            _ => self.known.get(name),
        };
        found
            .map(TermValue::of)
            .ok_or_else(|| TermError::Other(format!("unknown variable `{name}`")))
    }

    fn truth(&mut self, node: &'v TermNode) -> TermOutcome<'v, bool> {
        match self.value(node)? {
            TermValue::Bool(value) => Ok(value),
            other => Err(no_overload("a condition", &[&other])),
        }
    }

    /// `&&`, which false decides, and `||`, which true decides, whatever the other side is.
    fn connected(
        &mut self,
        left: &'v TermNode,
        right: &'v TermNode,
        decisive: bool,
    ) -> TermOutcome<'v, TermValue<'v>> {
        let left = self.truth(left);
        if left == Ok(decisive) {
            return Ok(TermValue::Bool(decisive));
        }
        match self.truth(right)? {
            right if right == decisive => Ok(TermValue::Bool(decisive)),
            _ => left.map(TermValue::Bool),
        }
    }

    /// The same over the members of a list.
    fn quantified(
        &mut self,
        quantifier: ListQuantifier,
        range: &'v TermNode,
        variable: &'v str,
        body: &'v TermNode,
    ) -> TermOutcome<'v, TermValue<'v>> {
        let range = self.value(range)?;
        let kind = range.kind();
        let Some(items) = range.items() else {
            let message = format!("exists and all run over a list, not over a {kind}");
            return Err(TermError::Other(message));
        };
        let decisive = quantifier == ListQuantifier::Exists;
        let mut undecided = None;
        for item in items {
            self.locals.push((variable, item));
            let truth = self.truth(body);
            self.locals.pop();
            match truth {
                Ok(truth) if truth == decisive => return Ok(TermValue::Bool(decisive)),
                Ok(_) => {}
                Err(error) => undecided = Some(error),
            }
        }
        undecided.map_or(Ok(TermValue::Bool(!decisive)), Err)
    }
}

fn overflow<'v>() -> TermError<'v> {
    TermError::Other("the numbers are too large".to_owned())
}

fn no_overload<'v>(operation: &str, operands: &[&TermValue<'v>]) -> TermError<'v> {
    let kinds: Vec<&str> = operands.iter().map(|operand| operand.kind()).collect();
    TermError::Other(format!("`{operation}` cannot take {}", kinds.join(" and ")))
}

fn binary<'v>(
    operator: BinaryOperator,
    left: TermValue<'v>,
    right: TermValue<'v>,
) -> TermOutcome<'v, TermValue<'v>> {
    let refused = || no_overload(operator.symbol(), &[&left, &right]);
    let ordered = |holds: fn(Ordering) -> bool| left.order(&right).map(holds).ok_or_else(refused);
    Ok(TermValue::Bool(match operator {
        BinaryOperator::Equal => left.equals(&right),
        BinaryOperator::NotEqual => !left.equals(&right),
        BinaryOperator::Less => ordered(Ordering::is_lt)?,
        BinaryOperator::LessOrEqual => ordered(Ordering::is_le)?,
        BinaryOperator::Greater => ordered(Ordering::is_gt)?,
        BinaryOperator::GreaterOrEqual => ordered(Ordering::is_ge)?,
        BinaryOperator::In => match right.clone().items() {
            Some(items) => items.iter().any(|item| item.equals(&left)),
            None => return Err(refused()),
        },
        _ => return arithmetic(operator, &left, &right),
    }))
}

fn arithmetic<'v>(
    operator: BinaryOperator,
    left: &TermValue<'v>,
    right: &TermValue<'v>,
) -> TermOutcome<'v, TermValue<'v>> {
    use BinaryOperator::{Add, Divide, Modulo, Multiply, Subtract};
    Ok(match (operator, left, right) {
        (Add, TermValue::Text(a), TermValue::Text(b)) => TermValue::Text(format!("{a}{b}").into()),
        (_, TermValue::Int(a), TermValue::Int(b)) => {
            let result = match operator {
                Add => a.checked_add(*b),
                Subtract => a.checked_sub(*b),
                Multiply => a.checked_mul(*b),
                Divide => a.checked_div(*b),
                Modulo => a.checked_rem(*b),
                _ => return Err(no_overload(operator.symbol(), &[left, right])),
            };
            TermValue::Int(result.ok_or_else(overflow)?)
        }
        (Add, TermValue::Double(a), TermValue::Double(b)) => TermValue::Double(a + b),
        (Subtract, TermValue::Double(a), TermValue::Double(b)) => TermValue::Double(a - b),
        (Multiply, TermValue::Double(a), TermValue::Double(b)) => TermValue::Double(a * b),
        (Divide, TermValue::Double(a), TermValue::Double(b)) => TermValue::Double(a / b),
        _ => return Err(no_overload(operator.symbol(), &[left, right])),
    })
}

fn call<'v>(function: Function, arguments: &[TermValue<'v>]) -> TermOutcome<'v, TermValue<'v>> {
    Ok(match (function, arguments) {
        (Function::Size, [TermValue::Text(text)]) => count(text.chars().count()),
        (Function::Size, [TermValue::List(items)]) => count(items.len()),
        (Function::Size, [TermValue::Facts(Value::Array(items))]) => count(items.len()),
        (Function::Size, [TermValue::Facts(Value::Object(members))]) => count(members.len()),
        (Function::Double, [TermValue::Int(value)]) => TermValue::Double(*value as f64),
        (Function::Double, [TermValue::Double(value)]) => TermValue::Double(*value),
        (Function::StartsWith, [TermValue::Text(text), TermValue::Text(part)]) => {
            TermValue::Bool(text.starts_with(part.as_ref()))
        }
        (Function::EndsWith, [TermValue::Text(text), TermValue::Text(part)]) => {
            TermValue::Bool(text.ends_with(part.as_ref()))
        }
        (Function::Contains, [TermValue::Text(text), TermValue::Text(part)]) => {
            TermValue::Bool(text.contains(part.as_ref()))
        }
        (_, operands) => {
            let operands: Vec<&TermValue<'v>> = operands.iter().collect();
            return Err(no_overload(function.name(), &operands));
        }
    })
}

fn count<'v>(number: usize) -> TermValue<'v> {
    TermValue::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
