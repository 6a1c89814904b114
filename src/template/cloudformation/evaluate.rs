//! Evaluates the intrinsic functions of a template, as far as their values are known.
//!
//! Rules from the CloudFormation template reference ("Intrinsic function reference", "Pseudo parameters",
//! "Conditions", copies of 2026). A value is known, left out (`AWS::NoValue`), or refers to what is known
//! only after deployment. Such a value is never an error: it becomes a symbol or
//! [`Undetermined`](TemplateValue::Undetermined).

use coldbucket_policy::kleene;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::super::Assumptions;
use super::super::build::{UNKNOWN_ACCOUNT, UNKNOWN_REGION_NAME};
use super::super::source::{DEEPEST, TemplateError};
use super::super::value::{
    TemplateNode, TemplateValue, fixed_symbol, has_open_symbol, has_symbol, open_symbol, shown,
    split_outside_symbols,
};
use super::names;
use crate::inventory::ids::partition;

/// Most steps of one evaluation.
const MOST_STEPS: usize = 2_000_000;

/// Longest text that functions may make, bytes.
const LONGEST_TEXT: usize = 1 << 20;

/// Most bytes of text that functions may make together.
const MOST_TEXT: usize = 64 << 20;

/// A template's sections, with loops expanded.
#[derive(Clone, Debug, Default)]
pub(super) struct Sections {
    pub(super) parameters: BTreeMap<String, TemplateNode>,
    pub(super) mappings: TemplateNode,
    pub(super) conditions: BTreeMap<String, TemplateNode>,
    /// Resources in their order.
    pub(super) resources: Vec<(String, TemplateNode)>,
    pub(super) outputs: Vec<(String, TemplateNode)>,
    /// Transforms of the template as a whole.
    pub(super) transforms: Vec<String>,
}

/// What the user, the assembly or the parent stack says about a stack.
#[derive(Clone, Debug, Default)]
pub(super) struct StackInput {
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) stack_name: Option<String>,
    /// Parameter values.
    pub(super) parameters: BTreeMap<String, TemplateNode>,
    /// Values that other stacks export, by export name.
    pub(super) exports: BTreeMap<String, TemplateNode>,
    /// Outputs of nested stacks, by the logical id of the stack.
    pub(super) nested: BTreeMap<String, BTreeMap<String, TemplateNode>>,
    /// What addresses of the stack begin with: `Nested/`.
    pub(super) prefix: String,
    /// Values that this evaluation assumes of conditions that are not known.
    pub(super) assumed: BTreeMap<String, bool>,
    /// Parameters whose value is none that they are compared with.
    pub(super) other: BTreeSet<String>,
    /// The Region whose values this evaluation takes from mappings, where the Region is not known.
    pub(super) mapped_region: Option<String>,
    /// What this evaluation chose of what is not known, as [`Assumptions`] have it.
    pub(super) chosen: Assumptions,
}

/// The evaluation of one stack.
pub(super) struct Evaluation<'a> {
    pub(super) sections: &'a Sections,
    pub(super) input: &'a StackInput,
    resources: BTreeMap<&'a str, &'a TemplateNode>,
    conditions: RefCell<BTreeMap<String, Option<bool>>>,
    names: RefCell<BTreeMap<String, String>>,
    depth: Cell<usize>,
    steps: Cell<usize>,
    text: Cell<usize>,
    exceeded: Cell<bool>,
    dynamic: RefCell<BTreeSet<String>>,
}

/// A value, or none for `AWS::NoValue`.
type Evaluated = Option<TemplateNode>;

impl<'a> Evaluation<'a> {
    pub(super) fn new(sections: &'a Sections, input: &'a StackInput) -> Self {
        Self {
            sections,
            input,
            resources: sections
                .resources
                .iter()
                .map(|(id, resource)| (id.as_str(), resource))
                .collect(),
            conditions: RefCell::default(),
            names: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
            text: Cell::new(0),
            exceeded: Cell::new(false),
            dynamic: RefCell::default(),
        }
    }

    /// Whether the evaluation stayed within its limits.
    ///
    /// # Errors
    /// It did not: the template expands to more than is evaluated.
    pub(super) fn within_limits(&self) -> Result<(), TemplateError> {
        if self.exceeded.get() {
            return Err(TemplateError::new(
                "it expands to more than is evaluated: functions and loops nest or repeat too much",
            ));
        }
        Ok(())
    }

    /// The address of a resource of this stack.
    pub(super) fn address(&self, id: &str) -> String {
        format!("{}{id}", self.input.prefix)
    }

    pub(super) fn partition(&self) -> &'static str {
        self.input.region.as_deref().map_or("aws", partition)
    }

    /// The Region as values have it: a symbol where it is not known.
    pub(super) fn region(&self) -> String {
        self.input
            .region
            .clone()
            .unwrap_or_else(|| fixed_symbol(UNKNOWN_REGION_NAME))
    }

    /// The account as values have it.
    pub(super) fn account(&self) -> &str {
        self.input.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT)
    }

    fn step(&self) -> bool {
        let steps = self.steps.get().saturating_add(1);
        self.steps.set(steps);
        if steps > MOST_STEPS {
            self.exceeded.set(true);
        }
        !self.exceeded.get()
    }

    fn made(&self, text: String) -> String {
        let total = self.text.get().saturating_add(text.len());
        self.text.set(total);
        if text.len() > LONGEST_TEXT || total > MOST_TEXT {
            self.exceeded.set(true);
            return String::new();
        }
        text
    }

    /// A value with its functions evaluated; none for `AWS::NoValue`.
    pub(super) fn evaluate(&self, node: &TemplateNode) -> Evaluated {
        let depth = self.depth.get();
        if !self.step() || depth > DEEPEST {
            return Some(TemplateNode::undetermined("a value that nests too deep"));
        }
        self.depth.set(depth + 1);
        let value = self.evaluate_inner(node);
        self.depth.set(depth);
        value.map(|value| {
            if node.position.is_some() {
                value.at(node.position.clone())
            } else {
                value
            }
        })
    }

    fn evaluate_inner(&self, node: &TemplateNode) -> Evaluated {
        match &node.value {
            TemplateValue::Text(text) => Some(TemplateNode::text(self.without_dynamic(text))),
            TemplateValue::List(items) => Some(TemplateNode::new(TemplateValue::List(
                items
                    .iter()
                    .filter_map(|item| self.evaluate(item))
                    .collect(),
            ))),
            TemplateValue::Map(members) => {
                if let [(name, argument)] = members.as_slice()
                    && (is_function(name) || is_condition(name, argument))
                {
                    return self.function(name, argument);
                }
                if let Some((_, transform)) =
                    members.iter().find(|(name, _)| name == "Fn::Transform")
                {
                    return Some(TemplateNode::undetermined(transform_name(transform)));
                }
                let mut out = Vec::new();
                for (name, value) in members {
                    if name.starts_with("Fn::ForEach::") {
                        match self.loop_members(value) {
                            Ok(members) => {
                                out.extend(members.into_iter().filter_map(|(name, value)| {
                                    Some((name, self.evaluate(&value)?))
                                }));
                            }
                            Err(reference) => return Some(TemplateNode::undetermined(reference)),
                        }
                        continue;
                    }
                    if let Some(value) = self.evaluate(value) {
                        out.push((name.clone(), value));
                    }
                }
                Some(TemplateNode::new(TemplateValue::Map(out)))
            }
            _ => Some(node.clone()),
        }
    }

    /// A text without dynamic references, which are resolved when the stack is deployed and whose
    /// paths are never shown.
    fn without_dynamic(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{resolve:") {
            let Some((path, after)) = after.split_once("}}") else {
                break;
            };
            out.push_str(before);
            let mut known = self.dynamic.borrow_mut();
            known.insert(path.to_owned());
            let number = known.iter().position(|known| known == path).unwrap_or(0) + 1;
            let service = path.split(':').next().unwrap_or_default();
            let service = match service {
                "ssm" | "ssm-secure" | "secretsmanager" => service,
                _ => "resolve",
            };
            out.push_str(&open_symbol(&format!(
                "dynamic reference {number} ({service})"
            )));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn function(&self, name: &str, argument: &TemplateNode) -> Evaluated {
        match name {
            "Ref" => match argument.as_text() {
                Some(name) => self.reference(&name),
                None => self.reference_by_function(argument),
            },
            "Fn::If" => self.branch(argument),
            "Fn::GetAtt" => Some(self.attribute_of(argument)),
            "Fn::Sub" => Some(self.substitute(argument)),
            "Fn::Join" => Some(self.join(argument)),
            "Fn::Split" => Some(self.split(argument)),
            "Fn::Select" => self.select(argument),
            "Fn::FindInMap" => Some(self.find_in_map(argument)),
            "Fn::ImportValue" => Some(self.import(argument)),
            "Fn::ToJsonString" => Some(self.to_json(argument)),
            "Fn::Length" => Some(self.length(argument)),
            "Fn::Base64" => {
                let value = self.evaluate(argument)?;
                let text = value.as_text().unwrap_or_default();
                Some(TemplateNode::text(self.made(fixed_symbol(&format!(
                    "Base64 of {} characters",
                    text.chars().count()
                )))))
            }
            "Fn::Transform" => Some(TemplateNode::undetermined(transform_name(argument))),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                let node = TemplateNode::new(TemplateValue::Map(vec![(
                    name.to_owned(),
                    argument.clone(),
                )]));
                Some(match self.condition(&node) {
                    Some(value) => TemplateNode::new(TemplateValue::Bool(value)),
                    None => TemplateNode::undetermined(name),
                })
            }
            // Cidr, GetAZs, Contains and the functions of rules.
            other => Some(TemplateNode::undetermined(other)),
        }
    }

    /// The value of a parameter.
    fn parameter(&self, name: &str) -> Option<TemplateNode> {
        let declared = self.sections.parameters.get(name)?;
        let kind = declared
            .get("Type")
            .and_then(TemplateNode::as_text)
            .unwrap_or_default();
        let given = self.input.parameters.get(name);
        // The default of such a parameter is the name of an SSM parameter, not its value.
        let by_name = kind.starts_with("AWS::SSM::Parameter::Value") && given.is_none();
        let value = match given.or_else(|| declared.get("Default")) {
            Some(value) if !by_name => value.clone(),
            // CloudFormation takes subnets that exist, and no empty list of them.
            _ if kind == "List<AWS::EC2::Subnet::Id>" => {
                let some = TemplateNode::undetermined(self.address(name));
                return Some(TemplateNode::new(TemplateValue::List(vec![some])));
            }
            _ => return Some(TemplateNode::undetermined(self.address(name))),
        };
        let secret = declared
            .get("NoEcho")
            .and_then(TemplateNode::as_text)
            .is_some_and(|echo| echo.eq_ignore_ascii_case("true"));
        if secret {
            return Some(TemplateNode::undetermined(self.address(name)));
        }
        if let Some(reference) = value.reference() {
            return Some(TemplateNode::undetermined(reference));
        }
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        Some(match (is_list, value.as_text()) {
            (true, Some(text)) => {
                let items = text
                    .split(',')
                    .map(|item| TemplateNode::text(self.without_dynamic(item.trim())))
                    .collect();
                TemplateNode::new(TemplateValue::List(items)).at(value.position)
            }
            // Parameters are texts, whatever their default looks like.
            (false, Some(text)) => {
                TemplateNode::text(self.without_dynamic(&text)).at(value.position)
            }
            (_, None) => value,
        })
    }

    pub(super) fn reference(&self, name: &str) -> Evaluated {
        let text = |text: String| Some(TemplateNode::text(text));
        match name {
            "AWS::NoValue" => None,
            "AWS::AccountId" => text(self.account().to_owned()),
            "AWS::Region" => text(self.region()),
            "AWS::Partition" => text(self.partition().to_owned()),
            "AWS::URLSuffix" => text(
                match self.partition() {
                    "aws-cn" => "amazonaws.com.cn",
                    _ => "amazonaws.com",
                }
                .to_owned(),
            ),
            "AWS::StackName" => text(
                self.input
                    .stack_name
                    .clone()
                    .unwrap_or_else(|| fixed_symbol("AWS::StackName")),
            ),
            "AWS::StackId" => text(format!(
                "arn:{}:cloudformation:{}:{}:stack/{}",
                self.partition(),
                self.region(),
                self.account(),
                fixed_symbol("AWS::StackId")
            )),
            "AWS::NotificationARNs" => Some(TemplateNode::undetermined(name)),
            _ => {
                if let Some(value) = self.parameter(name) {
                    return Some(value);
                }
                match self.resources.get(name) {
                    Some(_) => text(names::reference(self, name)),
                    None => Some(
                        names::generated(self, name, "")
                            .unwrap_or_else(|| TemplateNode::undetermined(name)),
                    ),
                }
            }
        }
    }

    /// `Ref` of a name that a function gives, as AWS::LanguageExtensions allows.
    fn reference_by_function(&self, argument: &TemplateNode) -> Evaluated {
        let name = self.evaluate(argument).and_then(|name| name.as_text());
        match name.filter(|name| !name.is_empty() && !has_symbol(name)) {
            Some(name) => self.reference(&name),
            None => Some(TemplateNode::undetermined("Ref")),
        }
    }

    fn attribute_of(&self, argument: &TemplateNode) -> TemplateNode {
        let parts: Vec<String> = match &argument.value {
            // The text form, which only JSON has without a tag.
            TemplateValue::Text(text) => {
                let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
                vec![resource.to_owned(), attribute.to_owned()]
            }
            _ => argument
                .items()
                .iter()
                .filter_map(|part| self.evaluate(part)?.as_text())
                .collect(),
        };
        let [resource, attribute @ ..] = parts.as_slice() else {
            return TemplateNode::undetermined("Fn::GetAtt");
        };
        self.attribute(resource, &attribute.join("."))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> TemplateNode {
        if has_symbol(attribute) || !self.resources.contains_key(resource) {
            return names::generated(self, resource, attribute).unwrap_or_else(|| {
                TemplateNode::undetermined(shown(&format!("{resource}.{attribute}")))
            });
        }
        // SAM takes `${Function.Alias}` for a reference to what it makes.
        if let Some(value) = names::generated(self, &format!("{resource}.{attribute}"), "") {
            return value;
        }
        names::attribute(self, resource, attribute)
    }

    /// The template is one of SAM, which makes resources that the template may refer to.
    pub(super) fn is_sam(&self) -> bool {
        let mut transforms = self.sections.transforms.iter();
        transforms.any(|name| name.starts_with("AWS::Serverless"))
    }

    /// A resource of this stack.
    pub(super) fn resource(&self, id: &str) -> Option<&'a TemplateNode> {
        self.resources.get(id).copied()
    }

    /// A name that is worked out once.
    pub(super) fn remembered(&self, key: String, make: impl FnOnce() -> String) -> String {
        if let Some(known) = self.names.borrow().get(&key) {
            return known.clone();
        }
        let made = make();
        self.names.borrow_mut().insert(key, made.clone());
        made
    }

    fn branch(&self, argument: &TemplateNode) -> Evaluated {
        let [condition, then, otherwise] = argument.items() else {
            return Some(TemplateNode::undetermined("Fn::If"));
        };
        let name = condition.as_text().unwrap_or_default();
        match self.named_condition(&name) {
            Some(true) => self.evaluate(then),
            Some(false) => self.evaluate(otherwise),
            None => {
                let (then, otherwise) = (self.evaluate(then), self.evaluate(otherwise));
                if same(then.as_ref(), otherwise.as_ref()) {
                    then
                } else {
                    Some(TemplateNode::undetermined(format!("the condition {name}")))
                }
            }
        }
    }

    /// A condition by its name; none where its value is not known.
    pub(super) fn named_condition(&self, name: &str) -> Option<bool> {
        if let Some(value) = self.input.assumed.get(name) {
            return Some(*value);
        }
        if let Some(value) = self.conditions.borrow().get(name) {
            return *value;
        }
        // A condition that refers to itself is not known.
        self.conditions.borrow_mut().insert(name.to_owned(), None);
        let value = self
            .sections
            .conditions
            .get(name)
            .and_then(|condition| self.condition(condition));
        self.conditions.borrow_mut().insert(name.to_owned(), value);
        value
    }

    /// A condition; none where its value is not known.
    pub(super) fn condition(&self, node: &TemplateNode) -> Option<bool> {
        let depth = self.depth.get();
        if !self.step() || depth > DEEPEST {
            return None;
        }
        self.depth.set(depth + 1);
        let value = self.condition_inner(node);
        self.depth.set(depth);
        value
    }

    fn condition_inner(&self, node: &TemplateNode) -> Option<bool> {
        let [(name, argument)] = node.members() else {
            return as_bool(node);
        };
        let operands = || {
            argument
                .items()
                .iter()
                .map(|operand| self.condition(operand))
        };
        match name.as_str() {
            "Condition" => self.named_condition(&argument.as_text()?),
            "Fn::Equals" => {
                let [left, right] = argument.items() else {
                    return None;
                };
                self.equal(left, right)
            }
            "Fn::Not" => self
                .condition(argument.items().first()?)
                .map(|value| !value),
            "Fn::And" => kleene::all(operands()),
            "Fn::Or" => kleene::any(operands()),
            _ => as_bool(&self.evaluate(node)?),
        }
    }

    /// Values are compared as texts.
    fn equal(&self, left: &TemplateNode, right: &TemplateNode) -> Option<bool> {
        let text = |node| match self.evaluate(node) {
            None => Some(String::new()),
            Some(value) => value.as_text(),
        };
        let (left, right) = (text(left)?, text(right)?);
        if left == right {
            return Some(true);
        }
        // None of the values that it is compared with.
        let other = |text: &str| {
            self.input
                .other
                .iter()
                .any(|name| text == open_symbol(name))
        };
        if (other(&left) && !has_symbol(&right)) || (other(&right) && !has_symbol(&left)) {
            return Some(false);
        }
        let unknown = |text: &str| {
            has_symbol(text) || (self.input.account.is_none() && text.contains(UNKNOWN_ACCOUNT))
        };
        (!unknown(&left) && !unknown(&right)).then_some(false)
    }

    fn substitute(&self, argument: &TemplateNode) -> TemplateNode {
        let (text, map) = match &argument.value {
            TemplateValue::List(parts) => match parts.as_slice() {
                [text, map, ..] => (text, Some(map)),
                [text] => (text, None),
                [] => return TemplateNode::undetermined("Fn::Sub"),
            },
            _ => (argument, None),
        };
        let Some(text) = text.as_text() else {
            return TemplateNode::undetermined("Fn::Sub");
        };
        let text = self.without_dynamic(&text);
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                break;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match map.and_then(|map| map.get(name)) {
                Some(value) => self.evaluate(value),
                None => match name.split_once('.') {
                    Some((resource, attribute)) => Some(self.attribute(resource, attribute)),
                    None => self.reference(name),
                },
            };
            out.push_str(&text_of(value.as_ref(), name));
            if out.len() > LONGEST_TEXT {
                self.exceeded.set(true);
                break;
            }
        }
        out.push_str(rest);
        TemplateNode::text(self.made(out))
    }

    fn join(&self, argument: &TemplateNode) -> TemplateNode {
        let [delimiter, list] = argument.items() else {
            return TemplateNode::undetermined("Fn::Join");
        };
        let delimiter = delimiter.as_text().unwrap_or_default();
        let Some(list) = self.evaluate(list) else {
            return TemplateNode::text("");
        };
        if let Some(reference) = list.reference() {
            return TemplateNode::undetermined(reference);
        }
        let mut out = String::new();
        for (index, item) in list.items().iter().enumerate() {
            if index > 0 {
                out.push_str(&delimiter);
            }
            match &item.value {
                TemplateValue::List(items) => {
                    // A list among the items: its items.
                    let texts: Vec<String> = items
                        .iter()
                        .map(|item| text_of(Some(item), "Fn::Join"))
                        .collect();
                    out.push_str(&texts.join(&delimiter));
                }
                _ => out.push_str(&text_of(Some(item), "Fn::Join")),
            }
            if out.len() > LONGEST_TEXT {
                self.exceeded.set(true);
                break;
            }
        }
        TemplateNode::text(self.made(out))
    }

    fn split(&self, argument: &TemplateNode) -> TemplateNode {
        let [delimiter, text] = argument.items() else {
            return TemplateNode::undetermined("Fn::Split");
        };
        let delimiter = delimiter.as_text().unwrap_or_default();
        let value = self.evaluate(text);
        let Some(text) = value.as_ref().and_then(TemplateNode::as_text) else {
            return TemplateNode::undetermined("Fn::Split");
        };
        if delimiter.is_empty() {
            return TemplateNode::undetermined("Fn::Split");
        }
        let parts = split_outside_symbols(&text, &delimiter);
        // An open symbol may contain the delimiter: what comes after it is not known.
        let mut open = false;
        let items = parts
            .into_iter()
            .map(|part| {
                open = open || has_open_symbol(&part);
                if open {
                    TemplateNode::undetermined(shown(&part))
                } else {
                    TemplateNode::text(part)
                }
            })
            .collect();
        TemplateNode::new(TemplateValue::List(items))
    }

    fn select(&self, argument: &TemplateNode) -> Evaluated {
        let [index, list] = argument.items() else {
            return Some(TemplateNode::undetermined("Fn::Select"));
        };
        let index = self.evaluate(index).and_then(|index| index.as_text());
        let Some(index) = index.and_then(|index| index.trim().parse::<usize>().ok()) else {
            return Some(TemplateNode::undetermined("Fn::Select"));
        };
        let list = self.evaluate(list)?;
        match (&list.value, list.items().get(index)) {
            (TemplateValue::List(_), Some(item)) => Some(item.clone()),
            _ => Some(TemplateNode::undetermined(format!(
                "item {index} of {}",
                list.reference().unwrap_or("a list")
            ))),
        }
    }

    fn find_in_map(&self, argument: &TemplateNode) -> TemplateNode {
        let [map, first, second, rest @ ..] = argument.items() else {
            return TemplateNode::undetermined("Fn::FindInMap");
        };
        let text = |node| self.evaluate(node).and_then(|node| node.as_text());
        let default = rest
            .first()
            .and_then(|rest| rest.get("DefaultValue"))
            .and_then(|default| self.evaluate(default));
        let (Some(name), Some(first), Some(second)) = (text(map), text(first), text(second)) else {
            return TemplateNode::undetermined("Fn::FindInMap");
        };
        let by_region = self.input.region.is_none() && first == self.region();
        let first = match &self.input.mapped_region {
            Some(region) if by_region => region.clone(),
            _ => first,
        };
        let unknown = |text: &str| has_symbol(text);
        let found = |keys: &TemplateNode| -> Option<TemplateNode> {
            if !unknown(&second) {
                return keys.get(&second).cloned();
            }
            // It may be one that the mapping does not have, for which the default holds.
            let all = keys.members().iter().map(|(_, value)| value);
            only(all.chain(&default))
        };
        let undetermined = || TemplateNode::undetermined(format!("the mapping {}", shown(&name)));
        let Some(map) = self
            .sections
            .mappings
            .get(&name)
            .filter(|_| !unknown(&name))
        else {
            return default
                .filter(|_| !unknown(&name))
                .unwrap_or_else(undetermined);
        };
        if !unknown(&first) {
            let keys = map.get(&first);
            let known = keys.and_then(found);
            return known
                .or(default
                    .clone()
                    .filter(|_| keys.is_none() || !unknown(&second)))
                .unwrap_or_else(undetermined);
        }
        // The key is not known: the value is, where every key has the same.
        let all: Vec<TemplateNode> = map
            .members()
            .iter()
            .filter_map(|(_, keys)| found(keys))
            .collect();
        if all.len() == map.members().len() && default.is_none() {
            only(all.iter()).unwrap_or_else(undetermined)
        } else {
            undetermined()
        }
    }

    fn import(&self, argument: &TemplateNode) -> TemplateNode {
        let name = self.evaluate(argument).and_then(|name| name.as_text());
        let name = name.unwrap_or_default();
        match self.input.exports.get(&name) {
            Some(value) => value.clone(),
            None => TemplateNode::undetermined(format!("the export {}", shown(&name))),
        }
    }

    fn to_json(&self, argument: &TemplateNode) -> TemplateNode {
        let Some(value) = self.evaluate(argument) else {
            return TemplateNode::text("");
        };
        match as_json(&value) {
            Ok(value) => TemplateNode::text(self.made(value.to_string())),
            Err(reference) => TemplateNode::undetermined(reference),
        }
    }

    fn length(&self, argument: &TemplateNode) -> TemplateNode {
        match self.evaluate(argument) {
            Some(TemplateNode {
                value: TemplateValue::List(items),
                ..
            }) => TemplateNode::text(items.len().to_string()),
            _ => TemplateNode::undetermined("Fn::Length"),
        }
    }

    /// The members that a loop makes: `[identifier, values, {name: body}]`.
    ///
    /// # Errors
    /// What the values refer to, when they are not known.
    pub(super) fn loop_members(
        &self,
        body: &TemplateNode,
    ) -> Result<Vec<(String, TemplateNode)>, String> {
        let [identifier, values, template] = body.items() else {
            return Err("Fn::ForEach".to_owned());
        };
        let identifier = identifier.as_text().unwrap_or_default();
        let values = self.evaluate(values).unwrap_or_default();
        if let Some(reference) = values.reference() {
            return Err(reference.to_owned());
        }
        let mut out = Vec::new();
        for value in values.items() {
            let text = match value.as_text() {
                Some(text) if !has_open_symbol(&text) => text,
                _ => return Err("Fn::ForEach".to_owned()),
            };
            for (name, body) in template.members() {
                let name = replaced(name, &identifier, &text);
                let body = self.with_identifier(body, &identifier, &text, 0);
                if !self.step() {
                    return Err("Fn::ForEach".to_owned());
                }
                if name.starts_with("Fn::ForEach::") {
                    out.extend(self.loop_members(&body)?);
                } else {
                    out.push((name, body));
                }
            }
        }
        Ok(out)
    }

    /// A loop's body for one value.
    fn with_identifier(
        &self,
        node: &TemplateNode,
        identifier: &str,
        value: &str,
        depth: usize,
    ) -> TemplateNode {
        if !self.step() || depth > DEEPEST {
            return TemplateNode::default();
        }
        let again = |node| self.with_identifier(node, identifier, value, depth + 1);
        let replacement = match &node.value {
            TemplateValue::Text(text) => {
                TemplateValue::Text(self.made(replaced(text, identifier, value)))
            }
            TemplateValue::List(items) => TemplateValue::List(items.iter().map(again).collect()),
            TemplateValue::Map(members) => {
                if let [(name, argument)] = members.as_slice()
                    && name == "Ref"
                    && argument.as_text().as_deref() == Some(identifier)
                {
                    TemplateValue::Text(value.to_owned())
                } else {
                    TemplateValue::Map(
                        members
                            .iter()
                            .map(|(name, body)| (replaced(name, identifier, value), again(body)))
                            .collect(),
                    )
                }
            }
            other => other.clone(),
        };
        TemplateNode::new(replacement).at(node.position.clone())
    }
}

/// `${id}` is the value, `&{id}` its letters and digits.
fn replaced(text: &str, identifier: &str, value: &str) -> String {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    text.replace(&format!("${{{identifier}}}"), value)
        .replace(&format!("&{{{identifier}}}"), &plain)
}

/// A value as part of a text.
fn text_of(value: Option<&TemplateNode>, name: &str) -> String {
    match value {
        None => String::new(),
        Some(value) => value.as_text().unwrap_or_else(|| open_symbol(name)),
    }
}

/// The value that all have.
fn only<'n>(mut values: impl Iterator<Item = &'n TemplateNode>) -> Option<TemplateNode> {
    let first = values.next()?;
    values
        .all(|value| same(Some(first), Some(value)))
        .then(|| first.clone())
}

/// Equal, wherever they are written.
fn same(left: Option<&TemplateNode>, right: Option<&TemplateNode>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => match (&left.value, &right.value) {
            (TemplateValue::List(left), TemplateValue::List(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(left, right)| same(Some(left), Some(right)))
            }
            (TemplateValue::Map(left), TemplateValue::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|((name, left), (other, right))| {
                            name == other && same(Some(left), Some(right))
                        })
            }
            (left, right) => left == right,
        },
        _ => false,
    }
}

/// True or false, also as a text.
pub(super) fn as_bool(node: &TemplateNode) -> Option<bool> {
    match node.as_text()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// JSON, with symbols in its texts.
///
/// # Errors
/// What a part of it refers to, when it is not known.
fn as_json(node: &TemplateNode) -> Result<serde_json::Value, String> {
    use serde_json::Value;
    Ok(match &node.value {
        TemplateValue::Null => Value::Null,
        TemplateValue::Bool(value) => Value::Bool(*value),
        TemplateValue::Number(value) => Value::Number(value.clone()),
        TemplateValue::Text(text) => Value::String(text.clone()),
        TemplateValue::List(items) => {
            Value::Array(items.iter().map(as_json).collect::<Result<_, _>>()?)
        }
        TemplateValue::Map(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| Ok((name.clone(), as_json(value)?)))
                .collect::<Result<_, String>>()?,
        ),
        TemplateValue::Undetermined(reference) => Value::String(open_symbol(reference)),
    })
}

fn is_function(name: &str) -> bool {
    name == "Ref" || (name.starts_with("Fn::") && !name.starts_with("Fn::ForEach::"))
}

/// A condition by its name; a policy's `Condition` is a map.
fn is_condition(name: &str, argument: &TemplateNode) -> bool {
    name == "Condition" && matches!(argument.value, TemplateValue::Text(_))
}

/// What a macro is called.
pub(super) fn transform_name(argument: &TemplateNode) -> String {
    let name = argument.get("Name").unwrap_or(argument).as_text();
    format!(
        "the macro {}",
        name.as_deref().map(shown).unwrap_or_default()
    )
}
