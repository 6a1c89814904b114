//! Policy documents: a text that is known, or an `aws_iam_policy_document` that is read when the plan
//! is applied. Of the latter a plan has the statements, with null at what is not known.
//!
//! What a null reads follows from names only: `bucket.arn` and `"${bucket.arn}/*"` look alike. So an
//! unknown resource is an ARN and any text behind it, unless S3 would refuse the policy otherwise.

use std::collections::BTreeSet;

use super::address::ResourceAddress;
use super::evaluate::Evaluation;
use super::reader::{Plan, ResourceReader, text_of};
use super::references::Referent;
use super::values::WrittenArgument;
use super::{configuration, names};
use crate::template::settings::Setting;
use crate::template::value::{
    TemplateNode, TemplateValue, fixed_symbol, has_open_symbol, has_symbol, open_symbol, shown,
};

/// How far documents are followed that others are made of.
const DEPTH: usize = 16;

/// The type of the data source that makes documents.
const DOCUMENT: &str = "aws_iam_policy_document";

/// A policy argument.
pub(super) fn policy(reader: &ResourceReader<'_>, argument: &str) -> Setting<TemplateNode> {
    let node = reader.node(argument);
    let reference = match text_of(&node) {
        Setting::Written(text) => return Setting::Written(TemplateNode::text(text)),
        Setting::LeftOut => return Setting::LeftOut,
        Setting::Undetermined(reference) => reference,
    };
    let referents = reader.referents(reader.expression(argument));
    let documents = documents(&referents);
    match documents.as_slice() {
        [document] => match document_of(reader.plan, document, 0) {
            Some(document) => Setting::Written(document),
            None => Setting::Undetermined(reference),
        },
        _ => match reader.source_value(argument) {
            Some(document) if document.reference().is_none() && !document.is_empty() => {
                Setting::Written(document)
            }
            _ => Setting::Undetermined(reference),
        },
    }
}

/// The policy documents among what is referred to.
fn documents(referents: &BTreeSet<Referent>) -> Vec<&ResourceAddress> {
    let mut found: Vec<&ResourceAddress> = referents
        .iter()
        .filter_map(|referent| match referent {
            Referent::Resource { address, .. } if address.data && address.kind == DOCUMENT => {
                Some(address)
            }
            _ => None,
        })
        .collect();
    found.dedup();
    found
}

/// The document that a data source makes. None where its statements are not known.
fn document_of(plan: &Plan<'_>, address: &ResourceAddress, depth: usize) -> Option<TemplateNode> {
    if depth > DEPTH {
        return None;
    }
    let reader = plan.reader(plan.instances.get(address)?);
    if let Some(text) = reader.known_text("json") {
        return Some(TemplateNode::text(text));
    }
    let mut statements = Vec::new();
    for argument in ["source_json", "source_policy_documents"] {
        for statement in others(&reader, argument, depth)? {
            merge(&mut statements, statement);
        }
    }
    let blocks = reader.blocks("statement");
    if blocks.reference().is_some() {
        return None;
    }
    for (index, block) in blocks.items().iter().enumerate() {
        let block = StatementBlock::of(&reader, index, block.clone());
        merge(&mut statements, block.statement());
    }
    for argument in ["override_json", "override_policy_documents"] {
        for statement in others(&reader, argument, depth)? {
            merge(&mut statements, statement);
        }
    }
    let version = reader
        .known_text("version")
        .unwrap_or_else(|| "2012-10-17".to_owned());
    Some(map(vec![
        ("Version", TemplateNode::text(version)),
        ("Statement", list(statements)),
    ]))
}

/// A later statement replaces an earlier one with the same id.
fn merge(statements: &mut Vec<TemplateNode>, statement: TemplateNode) {
    let id = statement.get("Sid").and_then(TemplateNode::as_text);
    let same = statements
        .iter_mut()
        .find(|other| id.is_some() && other.get("Sid").and_then(TemplateNode::as_text) == id);
    match same {
        Some(other) => *other = statement,
        None => statements.push(statement),
    }
}

/// The statements of the documents that an argument names: texts, or other data sources.
fn others(reader: &ResourceReader<'_>, argument: &str, depth: usize) -> Option<Vec<TemplateNode>> {
    let node = reader.node(argument);
    let mut statements = Vec::new();
    let mut unknown = 0;
    for item in node.items() {
        match text_of(item) {
            Setting::LeftOut => {}
            Setting::Written(text) => statements.extend(statements_of(&text)?),
            Setting::Undetermined(_) => unknown += 1,
        }
    }
    if unknown == 0 {
        return Some(statements);
    }
    let referents = reader.referents(reader.expression(argument));
    let documents = documents(&referents);
    // A list of which all is unknown may hold any of them; `compact` drops those that are empty.
    if documents.is_empty() || node.reference().is_none() && documents.len() != unknown {
        return None;
    }
    for document in documents {
        let document = document_of(reader.plan, document, depth + 1)?;
        match document.as_text() {
            Some(text) => statements.extend(statements_of(&text)?),
            None => statements.extend(document.get("Statement")?.items().to_vec()),
        }
    }
    Some(statements)
}

fn statements_of(text: &str) -> Option<Vec<TemplateNode>> {
    let document = serde_json::from_str(text).ok()?;
    let document = TemplateNode::from_json(&document);
    Some(document.get("Statement")?.items().to_vec())
}

/// One `statement` block.
struct StatementBlock<'p> {
    reader: ResourceReader<'p>,
    index: usize,
    written: WrittenArgument<'p>,
    node: TemplateNode,
}

/// What an unknown text in a statement can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnknownText {
    /// An identifier as a whole: a principal, or a value that is compared for equality.
    Whole,
    /// An ARN, and any text behind it.
    Prefix,
    /// Anything.
    Any,
}

/// A condition key with its values.
type KeyedValues = (String, Vec<TemplateNode>);

impl<'p> StatementBlock<'p> {
    fn of(reader: &ResourceReader<'p>, index: usize, node: TemplateNode) -> Self {
        let written = match reader.expression("statement") {
            WrittenArgument::Expression(expression) => {
                match configuration::item(expression, index) {
                    serde_json::Value::Null => WrittenArgument::Hidden,
                    item => WrittenArgument::Expression(item),
                }
            }
            _ => WrittenArgument::Hidden,
        };
        Self {
            reader: *reader,
            index,
            written,
            node,
        }
    }

    /// The expression of a nested argument.
    fn expression(&self, path: &[(&str, usize)], argument: &str) -> WrittenArgument<'p> {
        let WrittenArgument::Expression(mut expression) = self.written else {
            return WrittenArgument::Hidden;
        };
        for (member, index) in path {
            expression = configuration::item(configuration::nested(expression, member), *index);
        }
        WrittenArgument::Expression(configuration::nested(expression, argument))
    }

    /// The symbols of what an expression refers to; empty where a part of it leads nowhere.
    fn symbols(&self, written: WrittenArgument<'_>) -> BTreeSet<String> {
        let mut symbols = BTreeSet::new();
        for referent in self.reader.referents(written) {
            match referent {
                Referent::Resource { address, attribute } => {
                    symbols.insert(names::symbol(self.reader.plan, &address, &attribute, 0));
                }
                Referent::Opaque(_) => return BTreeSet::new(),
            }
        }
        symbols
    }

    /// A list of texts, with unknown ones as the symbols that they can be. `path` leads to the nested
    /// block that has the argument.
    fn texts(
        &self,
        values: &TemplateNode,
        path: &[(&str, usize)],
        argument: &str,
        unknown: UnknownText,
    ) -> Vec<TemplateNode> {
        let is_unknown = |item: &&TemplateNode| item.reference().is_some();
        let count = values.items().iter().filter(is_unknown).count();
        if count == 0 {
            return values.items().iter().map(interpolated).collect();
        }
        if let Some(texts) = self.source_texts(values, path, argument) {
            return texts.iter().map(interpolated).collect();
        }
        let written = self.expression(path, argument);
        let symbols: Vec<String> = self.symbols(written).into_iter().collect();
        // One attribute for each text, in whatever order. (A list that is unknown as a whole may
        // have any number of them.)
        let whole =
            unknown == UnknownText::Whole && values.reference().is_none() && count == symbols.len();
        let mut next = symbols.iter();
        let mut texts = Vec::new();
        for item in values.items() {
            let Some(reference) = item.reference() else {
                texts.push(interpolated(item));
                continue;
            };
            texts.push(match (whole, unknown, symbols.as_slice()) {
                (true, ..) => next.next().map_or_else(|| item.clone(), TemplateNode::text),
                (_, UnknownText::Prefix, [prefix]) => {
                    TemplateNode::text(format!("{prefix}{}", open_symbol(reference)))
                }
                _ => item.clone(),
            });
        }
        texts
    }

    /// The same list as the `*.tf` files have it, where they fit the plan.
    fn source_texts(
        &self,
        values: &TemplateNode,
        path: &[(&str, usize)],
        argument: &str,
    ) -> Option<Vec<TemplateNode>> {
        let mut body = self.reader.source_block()?.body();
        for (kind, index) in [("statement", self.index)].iter().chain(path) {
            // Dynamic blocks have another order.
            if body.blocks.iter().any(|block| block.kind == "dynamic") {
                return None;
            }
            let mut blocks = body.blocks.iter().filter(|block| block.kind == *kind);
            body = &blocks.nth(*index)?.body;
        }
        let expression = &body.argument(argument)?.value;
        let place = self.reader.expression_place();
        let found = Evaluation::new(self.reader.plan).value(&place, expression, 0);
        let found = found.items();
        let fits = |(planned, found): (&TemplateNode, &TemplateNode)| {
            let known = planned.reference().is_none() && found.references().is_empty();
            !known || planned.as_text() == found.as_text()
        };
        let same_length = values.reference().is_some() || values.items().len() == found.len();
        let usable = same_length
            && found.iter().all(|text| text.as_text().is_some())
            && values.items().iter().zip(found).all(fits);
        usable.then(|| found.to_vec())
    }

    fn statement(&self) -> TemplateNode {
        let mut members = Vec::new();
        let text = |argument: &str| self.node.get(argument).map(text_of);
        if let Some(Setting::Written(sid)) = text("sid") {
            members.push(("Sid", TemplateNode::text(sid)));
        }
        members.push((
            "Effect",
            match text("effect") {
                Some(Setting::Written(effect)) => TemplateNode::text(effect),
                Some(Setting::Undetermined(reference)) => TemplateNode::undetermined(reference),
                Some(Setting::LeftOut) | None => TemplateNode::text("Allow"),
            },
        ));
        for (member, argument) in [
            ("Principal", "principals"),
            ("NotPrincipal", "not_principals"),
        ] {
            members.extend(self.principals(argument).map(|value| (member, value)));
        }
        for (member, argument) in [("Action", "actions"), ("NotAction", "not_actions")] {
            if let Some(values) = self.node.get(argument).filter(|values| !values.is_empty()) {
                let texts = self.texts(values, &[], argument, UnknownText::Any);
                members.push((member, list(texts)));
            }
        }
        for (member, argument) in [("Resource", "resources"), ("NotResource", "not_resources")] {
            if let Some(values) = self.node.get(argument).filter(|values| !values.is_empty()) {
                members.push((member, list(self.resources(argument, values))));
            }
        }
        members.extend(self.conditions().map(|value| ("Condition", value)));
        map(members)
    }

    /// Resources. S3 refuses a policy with an action that applies to none of its statement's
    /// resources (PutBucketPolicy, MalformedPolicy), so that an Allow of actions on objects is on some
    /// object, and one of actions on the bucket is on the bucket.
    fn resources(&self, argument: &str, values: &TemplateNode) -> Vec<TemplateNode> {
        let mut texts = self.texts(values, &[], argument, UnknownText::Prefix);
        if !texts
            .iter()
            .any(|text| text.as_text().is_some_and(|text| has_open_symbol(&text)))
        {
            return texts;
        }
        let symbols: Vec<String> = self
            .symbols(self.expression(&[], argument))
            .into_iter()
            .collect();
        let [prefix] = symbols.as_slice() else {
            return texts;
        };
        let allows = matches!(
            self.node.get("effect").map(text_of),
            None | Some(Setting::LeftOut)
        ) || self.node.get("effect").map(text_of)
            == Some(Setting::Written("Allow".to_owned()));
        let known = values.items().iter().any(|item| item.reference().is_none());
        let is_bucket = prefix.contains(":s3:::");
        if argument != "resources" || !allows || known || !is_bucket {
            return texts;
        }
        let actions: Vec<String> = self
            .node
            .get("actions")
            .map(TemplateNode::items)
            .unwrap_or_default()
            .iter()
            .filter_map(TemplateNode::as_text)
            .collect();
        if actions
            .iter()
            .any(|action| is_on_objects(action) == Some(true))
        {
            let object = fixed_symbol(&format!("an object of {}", self.reader.address()));
            texts.push(TemplateNode::text(format!("{prefix}/{object}")));
        }
        if actions
            .iter()
            .any(|action| is_on_objects(action) == Some(false))
        {
            texts.push(TemplateNode::text(prefix.clone()));
        }
        texts
    }

    fn principals(&self, argument: &str) -> Option<TemplateNode> {
        let blocks = self
            .node
            .get(argument)
            .filter(|blocks| !blocks.is_empty())?;
        if let Some(reference) = blocks.reference() {
            return Some(TemplateNode::undetermined(reference));
        }
        let mut kinds: Vec<(String, Vec<TemplateNode>)> = Vec::new();
        for (index, block) in blocks.items().iter().enumerate() {
            let kind = match block.get("type").map(text_of) {
                Some(Setting::Written(kind)) => kind,
                Some(Setting::Undetermined(reference)) => {
                    return Some(TemplateNode::undetermined(reference));
                }
                Some(Setting::LeftOut) | None => continue,
            };
            let identifiers = block.get("identifiers").cloned().unwrap_or_default();
            let path = [(argument, index)];
            let mut texts = self.texts(&identifiers, &path, "identifiers", UnknownText::Whole);
            if kind == "AWS" {
                texts = texts.into_iter().map(|text| self.identity(text)).collect();
            }
            if kind == "*"
                && texts
                    .iter()
                    .any(|text| text.as_text().as_deref() == Some("*"))
            {
                return Some(TemplateNode::text("*"));
            }
            match kinds.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, all)) => all.extend(texts),
                None => kinds.push((kind, texts)),
            }
        }
        let members = kinds.into_iter().map(|(kind, texts)| (kind, list(texts)));
        Some(TemplateNode::new(TemplateValue::Map(members.collect())))
    }

    /// A principal of kind AWS that an attribute gives, and that is no ARN, is some account's id.
    fn identity(&self, node: TemplateNode) -> TemplateNode {
        let account = node
            .as_text()
            .filter(|text| has_symbol(text) && !has_open_symbol(text) && !text.starts_with("arn:"));
        match account {
            Some(account) => TemplateNode::text(format!(
                "arn:{}:iam::{}:root",
                self.reader.plan.partition(),
                open_symbol(&shown(&account))
            )),
            None => node,
        }
    }

    fn conditions(&self) -> Option<TemplateNode> {
        let blocks = self
            .node
            .get("condition")
            .filter(|blocks| !blocks.is_empty())?;
        if let Some(reference) = blocks.reference() {
            return Some(TemplateNode::undetermined(reference));
        }
        let mut operators: Vec<(String, Vec<KeyedValues>)> = Vec::new();
        for (index, block) in blocks.items().iter().enumerate() {
            let (Some(operator), Some(key)) = (
                block.get("test").and_then(TemplateNode::as_text),
                block.get("variable").and_then(TemplateNode::as_text),
            ) else {
                continue;
            };
            let values = block.get("values").cloned().unwrap_or_default();
            // Under a pattern operator, what follows an attribute may be a wildcard.
            let unknown = match operator.contains("Like") && !operator.contains("Arn") {
                true => UnknownText::Prefix,
                false => UnknownText::Whole,
            };
            let texts = self.texts(&values, &[("condition", index)], "values", unknown);
            if !operators.iter().any(|(other, _)| *other == operator) {
                operators.push((operator.clone(), Vec::new()));
            }
            let keys = operators.iter_mut().find(|(other, _)| *other == operator);
            let Some((_, keys)) = keys else { continue };
            match keys.iter_mut().find(|(other, _)| *other == key) {
                Some((_, all)) => all.extend(texts),
                None => keys.push((key, texts)),
            }
        }
        let keys_of = |keys: Vec<(String, Vec<TemplateNode>)>| {
            let keys = keys.into_iter().map(|(key, texts)| (key, list(texts)));
            TemplateNode::new(TemplateValue::Map(keys.collect()))
        };
        let members = operators
            .into_iter()
            .map(|(operator, keys)| (operator, keys_of(keys)));
        Some(TemplateNode::new(TemplateValue::Map(members.collect())))
    }
}

/// Whether an action is on objects, or on the bucket; none where the name does not say it.
fn is_on_objects(action: &str) -> Option<bool> {
    let name = action
        .strip_prefix("s3:")
        .or_else(|| action.strip_prefix("S3:"))?;
    let begins = |beginnings: &[&str]| {
        beginnings
            .iter()
            .any(|beginning| name.get(..beginning.len()) == Some(*beginning))
    };
    if begins(&[
        "GetObject",
        "PutObject",
        "DeleteObject",
        "RestoreObject",
        "AbortMultipartUpload",
    ]) {
        Some(true)
    } else if begins(&["ListBucket", "GetBucket", "PutBucket", "DeleteBucket"]) {
        Some(false)
    } else {
        None
    }
}

/// IAM's variables are written `&{aws:username}`, as `${` is Terraform's own.
fn interpolated(node: &TemplateNode) -> TemplateNode {
    match &node.value {
        TemplateValue::Text(text) if text.contains("&{") => {
            TemplateNode::text(text.replace("&{", "${"))
        }
        _ => node.clone(),
    }
}

fn list(items: Vec<TemplateNode>) -> TemplateNode {
    TemplateNode::new(TemplateValue::List(items))
}

fn map(members: Vec<(&str, TemplateNode)>) -> TemplateNode {
    let members = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    TemplateNode::new(TemplateValue::Map(members.collect()))
}
