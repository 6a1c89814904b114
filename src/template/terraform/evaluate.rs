//! The values of expressions in `*.tf` files, for what a plan does not say: a policy that `jsonencode`
//! makes, or an ARN with a path behind it.
//!
//! Attributes of resources are symbols, as everywhere in a plan. What is not evaluated (`for`, most
//! functions, splats) is not known.

use std::cell::Cell;

use serde_json::Value as Json;

use super::address::{InstanceKey, ModulePath, ResourceAddress, Step};
use super::hcl::{HclExpression, HclTextPart, PathStep};
use super::names;
use super::reader::Plan;
use super::references::{NameScope, Referent};
use crate::template::value::{TemplateNode, TemplateValue, open_symbol};

/// How deep values are followed.
const DEPTH: usize = 64;

/// How many expressions are evaluated for one argument.
const MOST: usize = 20_000;

/// Where an expression is written.
#[derive(Clone, Debug)]
pub(super) struct ExpressionPlace {
    /// The module instance.
    pub module: ModulePath,
    /// The key of the instance, for `each.key` and `count.index`.
    pub key: Option<InstanceKey>,
}

/// Evaluates.
pub(super) struct Evaluation<'p> {
    plan: &'p Plan<'p>,
    left: Cell<usize>,
}

impl<'p> Evaluation<'p> {
    /// An evaluation with the names of a plan.
    pub fn new(plan: &'p Plan<'p>) -> Self {
        Self {
            plan,
            left: Cell::new(MOST),
        }
    }

    /// The value of an expression.
    pub fn value(
        &self,
        place: &ExpressionPlace,
        expression: &HclExpression,
        depth: usize,
    ) -> TemplateNode {
        let Some(left) = self.left.get().checked_sub(1).filter(|_| depth < DEPTH) else {
            return unknown("an expression that is too large");
        };
        self.left.set(left);
        let inner = |expression: &HclExpression| self.value(place, expression, depth + 1);
        match expression {
            HclExpression::Literal(value) => TemplateNode::from_json(value),
            HclExpression::Template(parts) => self.text(place, parts, depth),
            HclExpression::List(items) => list(items.iter().map(inner).collect()),
            HclExpression::Map(members) => self.map(place, members, depth),
            HclExpression::Call(name, arguments) => self.call(place, name, arguments, depth),
            HclExpression::Path(steps) => self.path(place, steps, depth),
            HclExpression::Conditional(parts) => {
                let [condition, yes, no] = parts.as_ref();
                match truth(&inner(condition)) {
                    Some(true) => inner(yes),
                    Some(false) => inner(no),
                    None => unknown("a condition that is known after apply"),
                }
            }
            HclExpression::Operation(operator, sides) => {
                let [left, right] = sides.as_ref();
                let (left, right) = (inner(left), inner(right));
                let equal = || {
                    let known = left.references().is_empty() && right.references().is_empty();
                    known.then(|| left.as_text() == right.as_text())
                };
                boolean(match *operator {
                    "==" => equal(),
                    "!=" => equal().map(|equal| !equal),
                    "&&" => truth(&left).zip(truth(&right)).map(|(a, b)| a && b),
                    _ => truth(&left).zip(truth(&right)).map(|(a, b)| a || b),
                })
            }
            HclExpression::Not(value) => boolean(truth(&inner(value)).map(|value| !value)),
            HclExpression::Other => unknown("an expression that is not evaluated"),
        }
    }

    /// A text; a single interpolation is the value itself.
    fn text(&self, place: &ExpressionPlace, parts: &[HclTextPart], depth: usize) -> TemplateNode {
        if let [HclTextPart::Value(value)] = parts {
            return self.value(place, value, depth + 1);
        }
        let mut text = String::new();
        for part in parts {
            match part {
                HclTextPart::Text(literal) => {
                    text.push_str(&crate::template::value::without_symbols(literal));
                }
                HclTextPart::Value(value) => {
                    let value = self.value(place, value, depth + 1);
                    match value.as_text() {
                        Some(value) => text.push_str(&value),
                        None => return unknown("a text with a value that is no text"),
                    }
                }
            }
        }
        TemplateNode::text(text)
    }

    fn map(
        &self,
        place: &ExpressionPlace,
        members: &[(HclExpression, HclExpression)],
        depth: usize,
    ) -> TemplateNode {
        let mut out = Vec::new();
        for (key, value) in members {
            let Some(key) = self.value(place, key, depth + 1).as_text() else {
                return unknown("a map with a key that is not known");
            };
            out.push((key, self.value(place, value, depth + 1)));
        }
        TemplateNode::new(TemplateValue::Map(out))
    }

    fn call(
        &self,
        place: &ExpressionPlace,
        name: &str,
        arguments: &[HclExpression],
        depth: usize,
    ) -> TemplateNode {
        let values: Vec<TemplateNode> = arguments
            .iter()
            .map(|argument| self.value(place, argument, depth + 1))
            .collect();
        match (name, values.as_slice()) {
            // The document itself: what reads it takes a map as well as its text.
            ("jsonencode" | "tolist" | "toset" | "tostring" | "nonsensitive", [value]) => {
                value.clone()
            }
            ("jsondecode", [value]) => match &value.value {
                TemplateValue::Text(text) => serde_json::from_str(text).map_or_else(
                    |_| unknown("a text that is no JSON"),
                    |value: Json| TemplateNode::from_json(&value),
                ),
                _ => value.clone(),
            },
            ("concat" | "flatten", lists) => {
                let mut items = Vec::new();
                for list in lists.iter().flat_map(|list| match name {
                    "flatten" => list.items().to_vec(),
                    _ => vec![list.clone()],
                }) {
                    if let Some(reference) = list.reference() {
                        return unknown(reference);
                    }
                    items.extend(list.items().iter().cloned());
                }
                list(items)
            }
            ("join", [separator, texts]) => {
                let texts: Option<Vec<String>> =
                    texts.items().iter().map(TemplateNode::as_text).collect();
                match (separator.as_text(), texts) {
                    (Some(separator), Some(texts)) => TemplateNode::text(texts.join(&separator)),
                    _ => unknown("a text that is put together"),
                }
            }
            ("format", [format, values @ ..]) => formatted(format, values),
            ("merge", maps) => {
                let mut members = Vec::new();
                for map in maps {
                    if let Some(reference) = map.reference() {
                        return unknown(reference);
                    }
                    members.extend(map.members().iter().cloned());
                }
                TemplateNode::new(TemplateValue::Map(members))
            }
            _ => unknown(&format!("{name}(…), which is not evaluated")),
        }
    }

    fn path(&self, place: &ExpressionPlace, steps: &[PathStep], depth: usize) -> TemplateNode {
        let Some(head) = self.steps(place, steps, depth) else {
            return unknown("a value with a key that is not known");
        };
        let value = match head.as_slice() {
            [first, name, members @ ..] if first.name == "var" => {
                Some((self.variable(place, &name.name, depth), members))
            }
            [first, name, members @ ..] if first.name == "local" => {
                let local = self.plan.sources.local(&place.module, &name.name);
                let scope = ExpressionPlace {
                    module: place.module.clone(),
                    key: None,
                };
                let value = local.map(|local| self.value(&scope, local, depth + 1));
                Some((value, members))
            }
            [first, key]
                if matches!(
                    (first.name.as_str(), key.name.as_str()),
                    ("each", "key") | ("count", "index")
                ) =>
            {
                let key = place.key.as_ref().map(|key| match key {
                    InstanceKey::Number(number) => TemplateNode::from_json(&(*number).into()),
                    InstanceKey::Text(text) => TemplateNode::text(text.clone()),
                });
                Some((key, [].as_slice()))
            }
            [first, called, output, members @ ..] if first.name == "module" => {
                Some((self.output(place, called, &output.name, depth), members))
            }
            _ => None,
        };
        match value {
            Some((Some(value), members)) => follow(value, members),
            Some((None, _)) => unknown(&text_of(&head)),
            None => self.attribute(place, &head),
        }
    }

    /// The steps of a path, with keys that are known.
    fn steps(
        &self,
        place: &ExpressionPlace,
        steps: &[PathStep],
        depth: usize,
    ) -> Option<Vec<Step>> {
        let mut found: Vec<Step> = Vec::new();
        for step in steps {
            match step {
                PathStep::Name(name) => found.push(Step {
                    name: name.clone(),
                    key: None,
                }),
                PathStep::Key(key) => {
                    let value = self.value(place, key, depth + 1);
                    let key = match &value.value {
                        TemplateValue::Number(number) => InstanceKey::Number(number.as_u64()?),
                        TemplateValue::Text(text) => InstanceKey::Text(text.clone()),
                        _ => return None,
                    };
                    let last = found.last_mut()?;
                    if last.key.is_some() {
                        return None;
                    }
                    last.key = Some(key);
                }
            }
        }
        Some(found)
    }

    /// A variable: of the root module its value, of others the argument of the call.
    fn variable(&self, place: &ExpressionPlace, name: &str, depth: usize) -> Option<TemplateNode> {
        let Some((last, parent)) = place.module.split_last() else {
            return self.plan.variable(name);
        };
        let call = self.plan.sources.call(&place.module)?;
        let outer = ExpressionPlace {
            module: parent.to_vec(),
            key: last.key.clone(),
        };
        match call.argument(name) {
            Some(argument) => Some(self.value(&outer, &argument.value, depth + 1)),
            None => {
                let default = self.plan.sources.default_of(&place.module, name)?;
                Some(self.value(place, default, depth + 1))
            }
        }
    }

    fn output(
        &self,
        place: &ExpressionPlace,
        called: &Step,
        name: &str,
        depth: usize,
    ) -> Option<TemplateNode> {
        let mut module = place.module.clone();
        module.push(called.clone());
        let output = self.plan.sources.output(&module, name)?;
        let inner = ExpressionPlace { module, key: None };
        Some(self.value(&inner, output, depth + 1))
    }

    /// An attribute of a resource or a data source.
    fn attribute(&self, place: &ExpressionPlace, steps: &[Step]) -> TemplateNode {
        let name = text_of(steps);
        let Some((address, attributes)) = ResourceAddress::from_steps(steps, &place.module) else {
            return unknown(&name);
        };
        // A list or a map of a resource is no text.
        let [attribute] = attributes else {
            return unknown(&name);
        };
        if attribute.key.is_some() {
            return unknown(&name);
        }
        let scope = NameScope {
            module: place.module.clone(),
            key: place.key.clone(),
            for_each: &Json::Null,
        };
        let referents = self.plan.resolve(&scope, &[&name]);
        let mut named = referents.iter();
        match (named.next(), named.next()) {
            (Some(Referent::Resource { address, attribute }), None) => {
                TemplateNode::text(names::symbol(self.plan, address, attribute, 0))
            }
            _ => unknown(&address.to_string()),
        }
    }
}

fn unknown(reference: &str) -> TemplateNode {
    TemplateNode::undetermined(crate::template::value::without_symbols(reference))
}

fn list(items: Vec<TemplateNode>) -> TemplateNode {
    TemplateNode::new(TemplateValue::List(items))
}

fn boolean(value: Option<bool>) -> TemplateNode {
    match value {
        Some(value) => TemplateNode::new(TemplateValue::Bool(value)),
        None => unknown("a condition that is known after apply"),
    }
}

fn truth(value: &TemplateNode) -> Option<bool> {
    match &value.value {
        TemplateValue::Bool(value) => Some(*value),
        TemplateValue::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Members and items of a value.
fn follow(value: TemplateNode, steps: &[Step]) -> TemplateNode {
    let mut value = value;
    for step in steps {
        if value.reference().is_some() {
            return value;
        }
        let Some(member) = value.get(&step.name).cloned() else {
            return unknown(&step.name);
        };
        value = member;
        if let Some(key) = &step.key {
            let item = match key {
                InstanceKey::Number(number) => usize::try_from(*number)
                    .ok()
                    .and_then(|at| value.items().get(at).cloned()),
                InstanceKey::Text(text) => value.get(text).cloned(),
            };
            match item {
                Some(item) => value = item,
                None => return unknown(&step.name),
            }
        }
    }
    value
}

/// `format("arn:aws:s3:::%s/*", name)`: with `%s` and `%d` only.
fn formatted(format: &TemplateNode, values: &[TemplateNode]) -> TemplateNode {
    let Some(format) = format.as_text() else {
        return unknown("a text that is put together");
    };
    let mut text = String::new();
    let mut values = values.iter();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('%') => text.push('%'),
            Some('s' | 'd' | 'v') => match values.next().map(|value| (value, value.as_text())) {
                Some((_, Some(value))) => text.push_str(&value),
                Some((value, None)) => text.push_str(&open_symbol(
                    value.reference().unwrap_or("a value that is no text"),
                )),
                None => return unknown("a text that is put together"),
            },
            _ => return unknown("a text that is put together"),
        }
    }
    TemplateNode::text(text)
}

fn text_of(steps: &[Step]) -> String {
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        text.push_str(&step.name);
        if let Some(key) = &step.key {
            text.push_str(&key.to_string());
        }
    }
    text
}
