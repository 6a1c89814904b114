//! A plan with what its names refer to, and one resource's arguments read from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::address::{ModulePath, ResourceAddress};
use super::configuration::{ArgumentBlock, Configuration, ResourceBlock};
use super::instances::{Instances, PlannedAction, PlannedResource};
use super::references::{InstanceIndex, NameScope, Referent, References};
use super::values::{UnknownLeaf, ValueParts, WrittenArgument};
use crate::inventory::ids::{bucket_arn, partition};
use crate::template::settings::{ResourceSource, Setting};
use crate::template::value::{SourcePosition, TemplateNode, TemplateValue, fixed_symbol};

/// The most referents that a reason names.
const MOST_NAMED: usize = 3;

/// A plan.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// The configuration.
    pub configuration: Configuration<'a>,
    /// The file has a configuration.
    pub has_configuration: bool,
    /// The resources.
    pub instances: Instances,
    /// The same, by block.
    pub index: InstanceIndex,
    /// Values of the root module's variables that a provider's Region may name.
    pub variables: BTreeMap<String, String>,
    /// 12-digit account id, where it is known.
    pub account: Option<String>,
    /// The Region of the default provider, where it is known.
    pub region: Option<String>,
    /// Lines of blocks by module names and block: from `*.tf`.
    pub lines: BTreeMap<(Vec<String>, bool, String, String), SourcePosition>,
}

/// What a setting of a bucket belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BucketJoin {
    /// A bucket of the plan.
    Bucket(ResourceAddress),
    /// A bucket that is not in the plan, by its name.
    Elsewhere(String),
    /// One of these, or none; with what it refers to.
    Open(Vec<ResourceAddress>, String),
}

impl Plan<'_> {
    /// One resource's arguments.
    pub fn reader<'p>(&'p self, resource: &'p PlannedResource) -> ResourceReader<'p> {
        ResourceReader {
            plan: self,
            resource,
            block: self.configuration.block(&resource.address),
        }
    }

    /// The resources of a type, whatever happens to them.
    pub fn of_kind<'p>(&'p self, kind: &'p str) -> impl Iterator<Item = ResourceReader<'p>> {
        self.instances
            .resources
            .values()
            .filter(move |resource| resource.address.kind == kind && !resource.address.data)
            .map(|resource| self.reader(resource))
    }

    /// The resources of a type that are there after the plan is applied.
    pub fn staying<'p>(&'p self, kind: &'p str) -> impl Iterator<Item = ResourceReader<'p>> {
        self.of_kind(kind)
            .filter(|reader| reader.resource.action.stays())
    }

    /// The ARN partition.
    pub fn partition(&self) -> &'static str {
        self.region.as_deref().map_or("aws", partition)
    }

    fn references(&self) -> References<'_, '_> {
        References {
            configuration: &self.configuration,
            instances: &self.index,
        }
    }

    /// A bucket's name: as written, or a symbol for it.
    pub fn bucket_name(&self, address: &ResourceAddress) -> String {
        self.name_of(address, "bucket")
    }

    /// The value of an argument that names a resource: as written, or a symbol for it.
    pub fn name_of(&self, address: &ResourceAddress, argument: &str) -> String {
        self.instances
            .get(address)
            .and_then(|resource| self.reader(resource).known_text(argument))
            .unwrap_or_else(|| fixed_symbol(&address.to_string()))
    }

    /// What an attribute of a resource is: a text of which the unknown parts are symbols, equal for
    /// equal attributes.
    pub fn symbol(&self, address: &ResourceAddress, attribute: &str, depth: usize) -> String {
        let whole = || match attribute {
            "" => fixed_symbol(&address.to_string()),
            _ => fixed_symbol(&format!("{address}.{attribute}")),
        };
        let known = self
            .instances
            .get(address)
            .and_then(|resource| self.reader(resource).known_text(attribute));
        if let Some(known) = known {
            return known;
        }
        match (address.kind.as_str(), attribute) {
            ("aws_s3_bucket", "id" | "bucket" | "") => self.bucket_name(address),
            ("aws_s3_bucket", "arn") => bucket_arn(self.partition(), &self.bucket_name(address)),
            ("aws_lambda_function" | "aws_lambda_alias" | "aws_lambda_layer_version", _)
            | ("aws_iam_role" | "aws_iam_user" | "aws_iam_group" | "aws_iam_policy", _) => {
                super::names::symbol(self, address, attribute).unwrap_or_else(whole)
            }
            (kind, "id" | "bucket" | "") if is_bucket_setting(kind) && depth < 8 => {
                let joined = self.instances.get(address).map(|resource| {
                    self.reader(resource).bucket_join("bucket", depth + 1)
                });
                match joined {
                    Some(BucketJoin::Bucket(bucket)) => self.bucket_name(&bucket),
                    Some(BucketJoin::Elsewhere(name)) => name,
                    _ => whole(),
                }
            }
            _ => whole(),
        }
    }
}

/// A setting of a bucket that is a resource of its own.
pub(super) fn is_bucket_setting(kind: &str) -> bool {
    kind.strip_prefix("aws_s3_bucket_")
        .is_some_and(|rest| !matches!(rest, "object" | "objects" | "object_copy"))
}

/// One resource's arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceReader<'p> {
    /// The plan.
    pub plan: &'p Plan<'p>,
    /// The resource.
    pub resource: &'p PlannedResource,
    block: Option<&'p ResourceBlock>,
}

impl<'p> ResourceReader<'p> {
    /// Where it stands.
    pub fn address(&self) -> &'p ResourceAddress {
        &self.resource.address
    }

    /// It is there before the plan is applied, and stays.
    pub fn existing(&self) -> bool {
        self.resource.action == PlannedAction::Keep
    }

    /// Its line.
    pub fn position(&self) -> Option<SourcePosition> {
        let address = self.address();
        let module: Vec<String> = address
            .module
            .iter()
            .map(|step| step.name.clone())
            .collect();
        let key = (module, address.data, address.kind.clone(), address.name.clone());
        self.plan.lines.get(&key).cloned()
    }

    /// What identifies it.
    pub fn source(&self) -> ResourceSource {
        ResourceSource {
            address: self.address().to_string(),
            position: self.position(),
            positions: BTreeMap::new(),
            existing: self.existing(),
        }
    }

    /// The key of its provider's configuration.
    pub fn provider(&self) -> Option<&'p str> {
        self.block.map(|block| block.provider.as_str())
    }

    fn scope(&self) -> Option<NameScope<'p>> {
        let block: &'p ArgumentBlock = &self.block?.arguments;
        Some(NameScope::of(self.address(), block))
    }

    /// What the configuration says about an argument.
    fn written(&self, argument: &str) -> WrittenArgument<'p> {
        let expressions = self.block.map(|block| &block.arguments.expressions);
        match expressions.and_then(|expressions| expressions.get(argument)) {
            Some(expression) => WrittenArgument::Expression(expression),
            None if expressions.is_some() => WrittenArgument::Missing,
            None if is_read_back(&self.address().kind, argument) => WrittenArgument::Missing,
            None => WrittenArgument::Hidden,
        }
    }

    /// Names what an unknown value refers to.
    fn reference(&self, written: WrittenArgument<'_>) -> String {
        let referents = match (written, self.scope()) {
            (WrittenArgument::Expression(expression), Some(scope)) => {
                self.plan.references().resolve(&scope, expression)
            }
            _ => BTreeSet::new(),
        };
        let mut named: Vec<String> = referents
            .iter()
            .take(MOST_NAMED)
            .map(|referent| match referent {
                Referent::Resource { address, attribute } if attribute.is_empty() => {
                    address.to_string()
                }
                Referent::Resource { address, attribute } => format!("{address}.{attribute}"),
                Referent::Opaque(text) => text.clone(),
            })
            .collect();
        if referents.len() > MOST_NAMED {
            named.push("others".to_owned());
        }
        if named.is_empty() {
            let address = self.address();
            return format!("a value of {address} that is known after apply");
        }
        named.join(", ")
    }

    fn parts(&self, argument: &str) -> ValueParts<'p> {
        let whole = ValueParts {
            value: &self.resource.values,
            unknown: self.resource.unknown.as_ref(),
            sensitive: &self.resource.sensitive,
        };
        whole.get(argument)
    }

    /// The value of an argument with what is unknown in it.
    pub fn node(&self, argument: &str) -> TemplateNode {
        self.parts(argument).node(self.written(argument), &|written| {
            TemplateNode::undetermined(self.reference(written))
        })
    }

    /// Nested blocks. Where the configuration has none and all of it is unknown, a `dynamic` block
    /// may make it, unless it is one that the provider reads back.
    pub fn blocks(&self, argument: &str) -> TemplateNode {
        self.blocks_with(argument, &|written| {
            TemplateNode::undetermined(self.reference(written))
        })
    }

    /// Nested blocks in which a reference to a single attribute of a resource is a symbol. `wanted`
    /// chooses the types that an argument may name: a condition in the expression may refer to others.
    pub fn joined_blocks(&self, argument: &str, wanted: fn(&str) -> bool) -> TemplateNode {
        self.blocks_with(argument, &|written| self.joined_leaf(written, wanted))
    }

    fn blocks_with(&self, argument: &str, leaf: &UnknownLeaf<'_>) -> TemplateNode {
        let written = match self.written(argument) {
            WrittenArgument::Missing if !is_read_back(&self.address().kind, argument) => {
                WrittenArgument::Hidden
            }
            written => written,
        };
        self.parts(argument).node(written, leaf)
    }

    fn joined_leaf(&self, written: WrittenArgument<'_>, wanted: fn(&str) -> bool) -> TemplateNode {
        match self.single_symbol(written, wanted, 0) {
            Some(symbol) => TemplateNode::text(symbol),
            None => TemplateNode::undetermined(self.reference(written)),
        }
    }

    /// An argument in which a reference to a single attribute of a resource is a symbol.
    pub fn joined(&self, argument: &str, wanted: fn(&str) -> bool) -> TemplateNode {
        self.parts(argument)
            .node(self.written(argument), &|written| {
                self.joined_leaf(written, wanted)
            })
    }

    /// The text of an argument that is known; an empty text is none.
    pub fn known_text(&self, argument: &str) -> Option<String> {
        match self.parts(argument).value {
            Json::String(_) => match self.node(argument).value {
                TemplateValue::Text(text) if !text.is_empty() => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self, argument: &str) -> Setting<String> {
        text_of(&self.node(argument))
    }

    /// A text in which a reference to a single attribute of a resource is a symbol.
    pub fn symbolic(&self, argument: &str, wanted: fn(&str) -> bool) -> Setting<String> {
        text_of(&self.joined(argument, wanted))
    }

    /// What an expression refers to.
    pub fn referents(&self, written: WrittenArgument<'_>) -> BTreeSet<Referent> {
        match (written, self.scope()) {
            (WrittenArgument::Expression(expression), Some(scope)) => {
                self.plan.references().resolve(&scope, expression)
            }
            _ => BTreeSet::new(),
        }
    }

    /// The expression of an argument.
    pub fn expression(&self, argument: &str) -> WrittenArgument<'p> {
        self.written(argument)
    }

    /// The symbol that an expression comes to, where it refers to one attribute of the wanted types.
    pub fn single_symbol(
        &self,
        written: WrittenArgument<'_>,
        wanted: fn(&str) -> bool,
        depth: usize,
    ) -> Option<String> {
        let symbols: BTreeSet<String> = self
            .referents(written)
            .iter()
            .filter_map(|referent| match referent {
                Referent::Resource { address, attribute } if wanted(&address.kind) => {
                    Some(self.plan.symbol(address, attribute, depth))
                }
                _ => None,
            })
            .collect();
        match symbols.len() {
            1 => symbols.into_iter().next(),
            _ => None,
        }
    }

    /// A flag.
    pub fn flag(&self, argument: &str) -> Setting<bool> {
        flag_of(&self.node(argument))
    }

    /// A number; negative numbers and what is none are left out.
    pub fn number(&self, argument: &str) -> Setting<u32> {
        number_of(&self.node(argument))
    }

    /// The bucket that an argument names.
    pub fn bucket_join(&self, argument: &str, depth: usize) -> BucketJoin {
        let buckets = |matches: &dyn Fn(&ResourceReader<'_>) -> bool| -> Vec<ResourceAddress> {
            self.plan
                .staying("aws_s3_bucket")
                .filter(|bucket| matches(bucket))
                .map(|bucket| bucket.address().clone())
                .collect()
        };
        let written = self.written(argument);
        let referents = self.referents(written);
        let referred = self.referred_buckets(&referents, depth);
        if let Some(name) = self.known_text(argument) {
            let named = self.plan.buckets_named(&name);
            return match named {
                [] => BucketJoin::Elsewhere(name),
                [one] => BucketJoin::Bucket(one.clone()),
                several => match several.iter().find(|bucket| referred.contains(*bucket)) {
                    Some(bucket) => BucketJoin::Bucket(bucket.clone()),
                    None => BucketJoin::Open(several.to_vec(), name),
                },
            };
        }
        if referred.len() == 1
            && let Some(bucket) = referred.first()
        {
            return BucketJoin::Bucket(bucket.clone());
        }
        let reference = self.reference(written);
        if referred.len() > 1 {
            return BucketJoin::Open(referred.into_iter().collect(), reference);
        }
        // Two equal expressions that are not known have the same value.
        let unnamed = buckets(&|bucket| bucket.known_text("bucket").is_none());
        if !referents.is_empty() {
            let same: Vec<&ResourceAddress> = unnamed
                .iter()
                .filter(|bucket| self.plan.instances.get(bucket).is_some_and(|resource| {
                    let bucket = self.plan.reader(resource);
                    bucket.referents(bucket.written("bucket")) == referents
                }))
                .collect();
            if let [one] = same.as_slice() {
                return BucketJoin::Bucket((*one).clone());
            }
        }
        let near = |bucket: &&ResourceAddress| bucket.module == self.address().module;
        match unnamed.iter().filter(near).collect::<Vec<_>>().as_slice() {
            // A local is not in the plan. With one bucket in the module, it can only be that.
            [one] if unnamed.len() == 1 => BucketJoin::Bucket((*one).clone()),
            _ => BucketJoin::Open(unnamed, reference),
        }
    }

    /// The buckets among what is referred to, directly or through a setting of theirs.
    fn referred_buckets(
        &self,
        referents: &BTreeSet<Referent>,
        depth: usize,
    ) -> BTreeSet<ResourceAddress> {
        let mut buckets = BTreeSet::new();
        for referent in referents {
            let Referent::Resource { address, .. } = referent else {
                continue;
            };
            if address.kind == "aws_s3_bucket" && !address.data {
                buckets.insert(address.clone());
            } else if is_bucket_setting(&address.kind)
                && depth < 8
                && let Some(setting) = self.plan.instances.get(address)
                && let BucketJoin::Bucket(bucket) =
                    self.plan.reader(setting).bucket_join("bucket", depth + 1)
            {
                buckets.insert(bucket);
            }
        }
        buckets
    }
}

/// Inline settings that the provider reads back: unknown without being set. Of buckets, everything
/// that has a resource of its own since provider version 4; of functions, what AWS fills in.
fn is_read_back(kind: &str, argument: &str) -> bool {
    match kind {
        "aws_s3_bucket" => !matches!(argument, "bucket" | "bucket_prefix" | "tags" | "tags_all"),
        "aws_lambda_function" => matches!(
            argument,
            "architectures"
                | "ephemeral_storage"
                | "logging_config"
                | "code_sha256"
                | "source_code_hash"
                | "source_code_size"
                | "version"
                | "tracing_config"
        ),
        _ => false,
    }
}

/// A text; an empty one is left out.
pub(super) fn text_of(node: &TemplateNode) -> Setting<String> {
    match &node.value {
        TemplateValue::Undetermined(reference) => Setting::Undetermined(reference.clone()),
        _ => match node.as_text() {
            Some(text) if !text.is_empty() => Setting::Written(text),
            _ => Setting::LeftOut,
        },
    }
}

/// A flag; old formats write it as a text.
pub(super) fn flag_of(node: &TemplateNode) -> Setting<bool> {
    match text_of(node) {
        Setting::Written(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Setting::Written(true),
            _ => Setting::Written(false),
        },
        Setting::LeftOut => Setting::LeftOut,
        Setting::Undetermined(reference) => Setting::Undetermined(reference),
    }
}

/// A number that is not negative.
pub(super) fn number_of(node: &TemplateNode) -> Setting<u32> {
    match text_of(node) {
        Setting::Written(text) => match text.parse::<f64>() {
            // A saturating cast: no number of AWS's is that large.
            Ok(number) if number >= 0.0 => Setting::Written(number as u32),
            _ => Setting::LeftOut,
        },
        Setting::LeftOut => Setting::LeftOut,
        Setting::Undetermined(reference) => Setting::Undetermined(reference),
    }
}

/// A member of the first block of a list.
pub(super) fn first<'n>(blocks: &'n TemplateNode, member: &str) -> Option<&'n TemplateNode> {
    blocks.items().first()?.get(member)
}
