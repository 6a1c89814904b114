//! What a name in an expression refers to: an instance of a resource, found through module arguments,
//! outputs, `count` and `for_each`.
//!
//! Names are all that a plan says about an expression, so the answer is a set. A set of one bucket is
//! a join; more than one leaves it open.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::address::{InstanceKey, ModulePath, ResourceAddress, Step, steps};
use super::configuration::{ArgumentBlock, Configuration, references};

/// The most names that are followed for one expression.
const MOST_NAMES: usize = 2_000;

/// How far names are followed through modules.
const DEPTH: usize = 64;

/// What a name refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Referent {
    /// An attribute of a resource instance; the attribute is empty where the name does not say it.
    Resource {
        /// The instance.
        address: ResourceAddress,
        /// `id`, `arn`, …
        attribute: String,
    },
    /// A name that leads nowhere in a plan: a local, or something not in the plan.
    Opaque(String),
}

/// Every instance in the plan, by its block.
#[derive(Debug, Default)]
pub(super) struct InstanceIndex {
    keys: BTreeMap<ResourceAddress, BTreeSet<Option<InstanceKey>>>,
    modules: BTreeMap<(ModulePath, String), BTreeSet<Option<InstanceKey>>>,
}

impl InstanceIndex {
    /// Adds an instance.
    pub fn add(&mut self, address: &ResourceAddress) {
        self.keys
            .entry(address.block())
            .or_default()
            .insert(address.key.clone());
        let mut parent = ModulePath::new();
        for step in &address.module {
            self.modules
                .entry((parent.clone(), step.name.clone()))
                .or_default()
                .insert(step.key.clone());
            parent.push(step.clone());
        }
    }

    /// The instances that a name without a key means in the scope of an instance with `key`.
    fn choose(
        keys: Option<&BTreeSet<Option<InstanceKey>>>,
        written: Option<&InstanceKey>,
        own: Option<&InstanceKey>,
    ) -> Vec<Option<InstanceKey>> {
        let Some(keys) = keys else {
            return Vec::new();
        };
        if let Some(written) = written {
            let written = Some(written.clone());
            return keys.get(&written).cloned().into_iter().collect();
        }
        if keys.len() > 1
            && let Some(own) = own
            && let Some(same) = keys.get(&Some(own.clone()))
        {
            return vec![same.clone()];
        }
        keys.iter().cloned().collect()
    }
}

/// Where an expression is written: the module instance, and the keys that `each` and `count` have.
#[derive(Clone, Debug)]
pub(super) struct NameScope<'c> {
    /// The module instance.
    pub module: ModulePath,
    /// The key of the instance, of a resource or of a module, that the expression is an argument of.
    pub key: Option<InstanceKey>,
    /// The expression of its `for_each`.
    pub for_each: &'c Json,
}

impl<'c> NameScope<'c> {
    /// The scope of the arguments of a resource.
    pub fn of(address: &ResourceAddress, block: &'c ArgumentBlock) -> Self {
        Self {
            module: address.module.clone(),
            key: address.key.clone(),
            for_each: &block.for_each,
        }
    }
}

/// Follows names.
#[derive(Clone, Copy, Debug)]
pub(super) struct References<'c, 'a> {
    /// The configuration.
    pub configuration: &'c Configuration<'a>,
    /// The instances.
    pub instances: &'c InstanceIndex,
}

impl<'c> References<'c, '_> {
    /// What the names of an expression refer to.
    pub fn resolve(&self, scope: &NameScope<'c>, expression: &Json) -> BTreeSet<Referent> {
        self.resolve_names(scope, &references(expression))
    }

    /// What names refer to.
    pub fn resolve_names(&self, scope: &NameScope<'c>, names: &[&str]) -> BTreeSet<Referent> {
        let mut following = Following {
            found: BTreeSet::new(),
            left: MOST_NAMES,
        };
        self.follow_all(scope, names, 0, &mut following);
        following.found
    }

    fn follow_all(
        &self,
        scope: &NameScope<'c>,
        names: &[&str],
        depth: usize,
        following: &mut Following,
    ) {
        let parsed: Vec<Vec<Step>> = names
            .iter()
            .take(following.left.saturating_add(1))
            .filter_map(|name| steps(name))
            .collect();
        let iterates = parsed
            .iter()
            .any(|path| matches!(path.first(), Some(first) if is_iteration(&first.name)));
        let longest = parsed.iter().enumerate().filter(|(at, path)| {
            !parsed
                .iter()
                .enumerate()
                .any(|(other, longer)| is_shorter(path, longer) || other < *at && *path == longer)
        });
        for (_, path) in longest {
            if following.left == 0 || depth > DEPTH {
                let opaque = Referent::Opaque("more names than are followed".to_owned());
                following.found.insert(opaque);
                return;
            }
            following.left -= 1;
            let own = if iterates { scope.key.as_ref() } else { None };
            self.follow(scope, path, own, depth, following);
        }
    }

    fn follow(
        &self,
        scope: &NameScope<'c>,
        path: &[Step],
        own: Option<&InstanceKey>,
        depth: usize,
        following: &mut Following,
    ) {
        match path {
            [first, ..] if matches!(first.name.as_str(), "path" | "terraform" | "self") => {}
            [first, ..] if first.name == "count" => {}
            [first, member, ..] if first.name == "each" => {
                if member.name == "value" {
                    let inner = NameScope {
                        for_each: &Json::Null,
                        ..scope.clone()
                    };
                    self.follow_each(&inner, scope.for_each, depth, following);
                }
            }
            [first, ..] if first.name == "each" => {}
            [first, ..] if first.name == "local" => following.opaque(scope, path, own),
            [first, name, ..] if first.name == "var" => {
                self.follow_variable(scope, &name.name, (path, own), depth, following);
            }
            [first, called] if first.name == "module" => {
                self.follow_module(scope, called, None, own, depth, following);
            }
            [first, called, output, ..] if first.name == "module" => {
                self.follow_module(scope, called, Some(output), own, depth, following);
            }
            _ => self.follow_resource(scope, path, own, following),
        }
    }

    /// `each.value`: an item of what `for_each` names. Of a resource, it is the instance with the
    /// same key.
    fn follow_each(
        &self,
        scope: &NameScope<'c>,
        for_each: &'c Json,
        depth: usize,
        following: &mut Following,
    ) {
        let mut names = references(for_each);
        // The key chooses among the instances of the resource that `for_each` names.
        names.push("each.key");
        self.follow_all(scope, &names, depth + 1, following);
    }

    fn follow_variable(
        &self,
        scope: &NameScope<'c>,
        name: &str,
        (path, own): (&[Step], Option<&InstanceKey>),
        depth: usize,
        following: &mut Following,
    ) {
        let call = self.configuration.call(&scope.module);
        let argument = call.and_then(|call| Some((call, call.expressions.get(name)?)));
        let (Some((call, argument)), Some((last, parent))) = (argument, scope.module.split_last())
        else {
            // A variable of the root module, or a default: a constant, whatever it is.
            following.opaque(scope, path, own);
            return;
        };
        let outer = NameScope {
            module: parent.to_vec(),
            key: last.key.clone(),
            for_each: &call.for_each,
        };
        self.follow_all(&outer, &references(argument), depth + 1, following);
    }

    fn follow_module(
        &self,
        scope: &NameScope<'c>,
        called: &Step,
        output: Option<&Step>,
        own: Option<&InstanceKey>,
        depth: usize,
        following: &mut Following,
    ) {
        let place = (scope.module.clone(), called.name.clone());
        let keys = self.instances.modules.get(&place);
        for key in InstanceIndex::choose(keys, called.key.as_ref(), own) {
            let mut module = scope.module.clone();
            module.push(Step {
                name: called.name.clone(),
                key,
            });
            let inner = NameScope {
                module,
                key: None,
                for_each: &Json::Null,
            };
            let expressions: Vec<&Json> = match output {
                Some(output) => self
                    .configuration
                    .output(&inner.module, &output.name)
                    .into_iter()
                    .collect(),
                // `module.m[each.key].out` is listed as `module.m`.
                None => self.configuration.outputs(&inner.module).collect(),
            };
            for expression in expressions {
                self.follow_all(&inner, &references(expression), depth + 1, following);
            }
        }
    }

    fn follow_resource(
        &self,
        scope: &NameScope<'c>,
        path: &[Step],
        own: Option<&InstanceKey>,
        following: &mut Following,
    ) {
        let Some((address, attributes)) = ResourceAddress::from_steps(path, &scope.module) else {
            following.opaque(scope, path, own);
            return;
        };
        let keys = self.instances.keys.get(&address.block());
        let attribute = attributes
            .first()
            .map_or_else(String::new, |step| step.name.clone());
        if keys.is_none() && !super::is_relevant(&address.kind) {
            let key = address.key.clone().or_else(|| own.cloned());
            following.found.insert(Referent::Resource {
                address: ResourceAddress { key, ..address },
                attribute,
            });
            return;
        }
        // A block of a watched type without instances has `count = 0`: nothing is referred to.
        for key in InstanceIndex::choose(keys, address.key.as_ref(), own) {
            following.found.insert(Referent::Resource {
                address: ResourceAddress {
                    key,
                    ..address.clone()
                },
                attribute: attribute.clone(),
            });
        }
    }
}

fn is_iteration(name: &str) -> bool {
    matches!(name, "each" | "count")
}

/// True where a path is listed only because a longer one is: `x`, `x[0]` beside `x[0].id`.
fn is_shorter(path: &[Step], longer: &[Step]) -> bool {
    let Some((last, before)) = path.split_last() else {
        return true;
    };
    let Some((same, rest)) = longer.split_at_checked(before.len()) else {
        return false;
    };
    let Some(next) = rest.first() else {
        return false;
    };
    same == before
        && next.name == last.name
        && (rest.len() > 1 && (last.key == next.key || last.key.is_none())
            || last.key.is_none() && next.key.is_some())
}

/// What was found so far, and how many names may still be followed.
struct Following {
    found: BTreeSet<Referent>,
    left: usize,
}

impl Following {
    fn opaque(&mut self, scope: &NameScope<'_>, path: &[Step], own: Option<&InstanceKey>) {
        let mut text = String::new();
        for step in &scope.module {
            text.push_str("module.");
            push_step(&mut text, step);
            text.push('.');
        }
        for (at, step) in path.iter().enumerate() {
            if at > 0 {
                text.push('.');
            }
            push_step(&mut text, step);
        }
        // One name, and another value in each instance.
        if let Some(own) = own {
            text.push_str(&format!(" at {own}"));
        }
        self.found.insert(Referent::Opaque(text));
    }
}

fn push_step(text: &mut String, step: &Step) {
    text.push_str(&step.name);
    if let Some(key) = &step.key {
        text.push_str(&key.to_string());
    }
}
