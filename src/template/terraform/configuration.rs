//! The configuration in a plan: which names each argument refers to.
//!
//! A plan has no text of the expressions, and no locals. It has, for each argument, a constant or the
//! names in its expression: `{"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}`. Arguments in
//! `dynamic` blocks are missing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::address::{ModulePath, ResourceAddress};
use super::document::{ConfigurationForm, ModuleConfigurationForm, ProviderForm};
use super::refusal::PlanError;

/// The deepest nesting of modules that is read.
pub(super) const MODULE_DEPTH: usize = 32;

/// The configuration of the root module and of all that it calls.
#[derive(Debug, Default)]
pub(super) struct Configuration<'a> {
    root: ModuleBlocks<'a>,
    providers: BTreeMap<Cow<'a, str>, ProviderForm<'a>>,
}

/// The blocks of one module.
#[derive(Debug, Default)]
struct ModuleBlocks<'a> {
    resources: BTreeMap<(bool, String, String), ResourceBlock>,
    outputs: BTreeMap<Cow<'a, str>, Json>,
    calls: BTreeMap<Cow<'a, str>, CallBlock<'a>>,
}

/// A `module` block.
#[derive(Debug)]
struct CallBlock<'a> {
    source: String,
    arguments: ArgumentBlock,
    module: ModuleBlocks<'a>,
}

/// The arguments of a block, and what its instances are made of.
#[derive(Debug, Default)]
pub(super) struct ArgumentBlock {
    /// The arguments.
    pub expressions: Json,
    /// `for_each`.
    pub for_each: Json,
}

/// A `resource` or `data` block.
#[derive(Debug, Default)]
pub(super) struct ResourceBlock {
    /// Its arguments.
    pub arguments: ArgumentBlock,
    /// The key of its provider.
    pub provider: String,
}

impl<'a> Configuration<'a> {
    /// The configuration of a plan. `relevant` chooses the types whose arguments are kept.
    pub fn read(
        form: ConfigurationForm<'a>,
        relevant: fn(&str) -> bool,
    ) -> Result<Self, PlanError> {
        let root = form.root_module.unwrap_or_default();
        Ok(Self {
            root: ModuleBlocks::read(root, relevant, 0)?,
            providers: form.provider_config.unwrap_or_default(),
        })
    }

    fn module(&self, path: &ModulePath) -> Option<&ModuleBlocks<'a>> {
        let mut module = &self.root;
        for step in path {
            module = &module.calls.get(step.name.as_str())?.module;
        }
        Some(module)
    }

    /// The block of a resource instance.
    pub fn block(&self, address: &ResourceAddress) -> Option<&ResourceBlock> {
        let key = (address.data, address.kind.clone(), address.name.clone());
        self.module(&address.module)?.resources.get(&key)
    }

    /// The block that calls a module instance; `None` for the root module.
    pub fn call(&self, path: &ModulePath) -> Option<&ArgumentBlock> {
        let (last, parent) = path.split_last()?;
        let call = self
            .module(&parent.to_vec())?
            .calls
            .get(last.name.as_str())?;
        Some(&call.arguments)
    }

    /// An output of a module.
    pub fn output(&self, path: &ModulePath, name: &str) -> Option<&Json> {
        self.module(path)?.outputs.get(name)
    }

    /// All outputs of a module.
    pub fn outputs(&self, path: &ModulePath) -> impl Iterator<Item = &Json> {
        self.module(path)
            .into_iter()
            .flat_map(|module| module.outputs.values())
    }

    /// The provider that a block names.
    pub fn provider(&self, key: &str) -> Option<&ProviderForm<'a>> {
        self.providers.get(key)
    }

    /// The providers of AWS, the default one first.
    pub fn aws_providers(&self) -> impl Iterator<Item = &ProviderForm<'a>> {
        self.providers.iter().filter_map(|(key, provider)| {
            let name = provider.name.as_deref().unwrap_or(key);
            (name == "aws").then_some(provider)
        })
    }

    /// The `source` of each module block that is a folder, with the names of the modules on the way.
    pub fn local_modules(&self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        self.root.local_modules(&mut Vec::new(), &mut found);
        found
    }
}

impl<'a> ModuleBlocks<'a> {
    fn read(
        form: ModuleConfigurationForm<'a>,
        relevant: fn(&str) -> bool,
        depth: usize,
    ) -> Result<Self, PlanError> {
        if depth > MODULE_DEPTH {
            return Err(PlanError::Limit {
                what: "levels of modules",
                limit: MODULE_DEPTH,
            });
        }
        let mut blocks = Self::default();
        for resource in form.resources.unwrap_or_default() {
            if !relevant(&resource.kind) {
                continue;
            }
            let data = resource.mode.as_deref() == Some("data");
            let block = ResourceBlock {
                arguments: ArgumentBlock {
                    expressions: parsed(resource.expressions)?,
                    for_each: parsed(resource.for_each_expression)?,
                },
                provider: resource
                    .provider_config_key
                    .unwrap_or_default()
                    .into_owned(),
            };
            let key = (data, resource.kind.into_owned(), resource.name.into_owned());
            blocks.resources.insert(key, block);
        }
        for (name, output) in form.outputs.unwrap_or_default() {
            blocks.outputs.insert(name, parsed(output.expression)?);
        }
        for (name, call) in form.module_calls.unwrap_or_default() {
            let call = CallBlock {
                source: call.source.unwrap_or_default().into_owned(),
                arguments: ArgumentBlock {
                    expressions: parsed(call.expressions)?,
                    for_each: parsed(call.for_each_expression)?,
                },
                module: Self::read(call.module.unwrap_or_default(), relevant, depth + 1)?,
            };
            blocks.calls.insert(name, call);
        }
        Ok(blocks)
    }

    fn local_modules(&self, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
        for (name, call) in &self.calls {
            path.push(name.clone().into_owned());
            found.push((path.clone(), call.source.clone()));
            call.module.local_modules(path, found);
            path.pop();
        }
    }
}

fn parsed(raw: Option<&RawValue>) -> Result<Json, PlanError> {
    match raw {
        Some(raw) => {
            serde_json::from_str(raw.get()).map_err(|error| PlanError::Shape(error.to_string()))
        }
        None => Ok(Json::Null),
    }
}

/// The names in an expression, those of its nested blocks included.
pub(super) fn references(expression: &Json) -> Vec<&str> {
    let mut names = Vec::new();
    collect(expression, &mut names);
    names
}

fn collect<'j>(expression: &'j Json, names: &mut Vec<&'j str>) {
    match expression {
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(members) => match members.get("references") {
            Some(Json::Array(listed)) => names.extend(listed.iter().filter_map(Json::as_str)),
            _ if members.contains_key("constant_value") => {}
            _ => members.values().for_each(|member| collect(member, names)),
        },
        _ => {}
    }
}

/// The expression of a nested argument. Where a block is written as an attribute, or the argument
/// cannot be found, the nearest expression around it.
pub(super) fn nested<'j>(expression: &'j Json, member: &str) -> &'j Json {
    match expression.get(member) {
        Some(inner) => inner,
        None if expression.get("references").is_some() => expression,
        None => &Json::Null,
    }
}

/// The expression of one item of a list of blocks; an attribute has one expression for all.
pub(super) fn item(expression: &Json, index: usize) -> &Json {
    match expression {
        Json::Array(items) => items.get(index).unwrap_or(&Json::Null),
        other => other,
    }
}
