//! A plan with what its names refer to, and one resource's arguments read from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::address::ResourceAddress;
use super::configuration::{ArgumentBlock, Configuration, ResourceBlock, references};
use super::evaluate::{Evaluation, ExpressionPlace};
use super::instances::{Instances, PlannedAction, PlannedResource};
use super::names;
use super::references::{InstanceIndex, NameScope, References, Referent};
use super::sources::{SourceBlock, SourceTree};
use super::values::{UnknownLeaf, ValueParts, WrittenArgument};
use crate::inventory::Snapshot;
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::partition;
use crate::template::settings::{ResourceSource, Setting};
use crate::template::value::{SourcePosition, TemplateNode, TemplateValue, fixed_symbol};

/// The most referents that a reason names.
const MOST_NAMED: usize = 3;

/// A plan.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// The configuration.
    pub configuration: Configuration<'a>,
    /// The resources.
    pub instances: Instances,
    /// The same, by block.
    pub index: InstanceIndex,
    /// Values of the root module's variables.
    pub variables: BTreeMap<String, Json>,
    /// 12-digit account id, where it is known.
    pub account: Option<String>,
    /// The Region of the default provider, where it is known.
    pub region: Option<String>,
    /// The buckets that an unknown name can mean, with what their own names refer to: what exists
    /// has a known id.
    pub candidates: Vec<(ResourceAddress, BTreeSet<Referent>)>,
    /// The buckets that stay, by their known names.
    pub bucket_names: BTreeMap<String, Vec<ResourceAddress>>,
    /// The account that the plan is laid over, with others.
    pub onto: Option<Arc<Snapshot>>,
    /// The `*.tf` files.
    pub sources: SourceTree,
    /// Sizes of packages by file, bytes.
    pub package_bytes: BTreeMap<String, u64>,
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

    /// The account that the plan is laid over.
    pub fn below(&self) -> Option<&AccountInventory> {
        self.onto.as_deref()?.accounts.get(self.account.as_deref()?)
    }

    /// The value of a variable of the root module.
    pub fn variable(&self, name: &str) -> Option<TemplateNode> {
        self.variables.get(name).map(TemplateNode::from_json)
    }

    /// What names refer to.
    pub fn resolve(&self, scope: &NameScope<'_>, names: &[&str]) -> BTreeSet<Referent> {
        self.references().resolve_names(scope, names)
    }

    fn references(&self) -> References<'_, '_> {
        References {
            configuration: &self.configuration,
            instances: &self.index,
        }
    }

    /// The Region of a resource, where it is known and not the plan's.
    pub fn region_of(&self, reader: &ResourceReader<'_>) -> Option<String> {
        // Version 6: null means the provider's.
        let own = reader
            .known_text("region")
            .or_else(|| reader.known_text("bucket_region"));
        own.or_else(|| self.provider_region(reader.provider()?))
            .filter(|region| self.region.as_ref() != Some(region))
    }

    /// The Region of a provider's configuration: a constant, or a variable of the root module.
    pub fn provider_region(&self, key: &str) -> Option<String> {
        let raw = self.configuration.provider(key)?.expressions?;
        let expressions: Json = serde_json::from_str(raw.get()).ok()?;
        let region = expressions.get("region")?;
        if let Some(Json::String(region)) = region.get("constant_value") {
            return Some(region.clone());
        }
        let mut named = references(region).into_iter();
        let variable = named.find_map(|name| name.strip_prefix("var."))?;
        Some(self.variables.get(variable)?.as_str()?.to_owned())
    }

    /// False where the constraints on the provider exclude a version and all later ones.
    pub fn provider_may_reach(&self, version: (u32, u32)) -> bool {
        self.configuration
            .aws_providers()
            .filter_map(|provider| provider.version_constraint.as_deref())
            .all(|constraint| {
                constraint
                    .split(',')
                    .all(|clause| may_reach(clause, version))
            })
    }

    /// The canonical user id of the account, where a data source has it.
    pub fn canonical_user(&self) -> Option<String> {
        self.data_text("aws_canonical_user_id", "id")
    }

    /// A text of the first data source of a type.
    pub fn data_text(&self, kind: &str, attribute: &str) -> Option<String> {
        self.instances
            .data
            .values()
            .filter(|resource| resource.address.kind == kind)
            .find_map(|resource| self.reader(resource).known_text(attribute))
    }

    /// The staying buckets of a known name.
    fn buckets_named(&self, name: &str) -> &[ResourceAddress] {
        self.bucket_names.get(name).map_or(&[], Vec::as_slice)
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
        self.source_block().map(SourceBlock::position)
    }

    /// The line of an argument, or of the resource where the argument is not written.
    pub fn position_of(&self, argument: &str) -> Option<SourcePosition> {
        Some(self.source_block()?.position_of(argument))
    }

    /// Its block in the `*.tf` files.
    pub fn source_block(&self) -> Option<&'p SourceBlock> {
        self.plan.sources.block(self.address())
    }

    /// The value that the `*.tf` files give an argument.
    pub fn source_value(&self, argument: &str) -> Option<TemplateNode> {
        let written = self.source_block()?.body().argument(argument)?;
        let place = self.expression_place();
        Some(Evaluation::new(self.plan).value(&place, &written.value, 0))
    }

    /// Where its arguments are written.
    pub fn expression_place(&self) -> ExpressionPlace {
        ExpressionPlace {
            module: self.address().module.clone(),
            key: self.address().key.clone(),
        }
    }

    /// What identifies it.
    pub fn source(&self) -> ResourceSource {
        ResourceSource {
            address: self.address().to_string(),
            position: self.position(),
            existing: self.existing(),
            ..ResourceSource::default()
        }
    }

    /// The key of its provider's configuration.
    pub fn provider(&self) -> Option<&'p str> {
        self.block.map(|block| block.provider.as_str())
    }

    /// What an argument refers to, for a reason.
    pub fn reference_of(&self, argument: &str) -> String {
        self.reference(self.written(argument))
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
        whole.member(argument)
    }

    /// The value of an argument with what is unknown in it.
    pub fn node(&self, argument: &str) -> TemplateNode {
        self.parts(argument)
            .node(self.written(argument), &|written| {
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

    /// The file has a value for the argument, null and empty ones included, and it is not unknown.
    pub fn has(&self, argument: &str) -> bool {
        self.resource.values.get(argument).is_some() && !self.parts(argument).is_unknown()
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
                    Some(names::symbol(self.plan, address, attribute, depth))
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
        if let Some(bucket) = self.bucket_in_source(argument) {
            return BucketJoin::Bucket(bucket);
        }
        let reference = self.reference(written);
        if referred.len() > 1 {
            return BucketJoin::Open(referred.into_iter().collect(), reference);
        }
        self.equal_bucket(&referents, reference)
    }

    /// The bucket that the `*.tf` files say an argument names.
    fn bucket_in_source(&self, argument: &str) -> Option<ResourceAddress> {
        let name = self.source_value(argument)?;
        if name.reference().is_some() {
            return None;
        }
        let name = name.as_text()?;
        let mut named = self
            .plan
            .candidates
            .iter()
            .filter(|(address, _)| names::name_of(self.plan, address, "bucket") == name);
        match (named.next(), named.next()) {
            (Some((address, _)), None) => Some(address.clone()),
            _ => None,
        }
    }

    /// The bucket that an expression can mean that leads to none: one whose name has an equal
    /// expression, or the only one there is.
    fn equal_bucket(&self, referents: &BTreeSet<Referent>, reference: String) -> BucketJoin {
        // Two equal expressions that are not known have the same value.
        let candidates = &self.plan.candidates;
        let mut same = candidates
            .iter()
            .filter(|(_, named)| !referents.is_empty() && named == referents);
        if let (Some((one, _)), None) = (same.next(), same.next()) {
            return BucketJoin::Bucket(one.clone());
        }
        // A local is not in a plan: it may lead to any bucket. Other names only to a bucket whose
        // name is made of them.
        let is_opaque = |referent: &Referent| matches!(referent, Referent::Opaque(_));
        let may_mean = |named: &BTreeSet<Referent>| {
            referents.is_empty()
                || referents.iter().any(is_opaque)
                || named.iter().any(is_opaque)
                || !named.is_disjoint(referents)
        };
        let addresses: Vec<ResourceAddress> = candidates
            .iter()
            .filter(|(_, named)| may_mean(named))
            .map(|(address, _)| address.clone())
            .collect();
        match addresses.as_slice() {
            [] => BucketJoin::Elsewhere(fixed_symbol(&reference)),
            [one] => BucketJoin::Bucket(one.clone()),
            _ => BucketJoin::Open(addresses, reference),
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

/// A clause of a version constraint (Terraform documentation, "Version Constraints") allows a version
/// or a later one.
fn may_reach(clause: &str, version: (u32, u32)) -> bool {
    let clause = clause.trim();
    let operator: String = clause
        .chars()
        .take_while(|letter| "=<>~!".contains(*letter))
        .collect();
    let mut numbers = clause
        .trim_start_matches(['=', '<', '>', '~', '!'])
        .trim()
        .split('.')
        .map(|number| number.parse::<u32>().ok());
    let Some(Some(major)) = numbers.next() else {
        return true;
    };
    let minor = numbers.next().flatten();
    let has_patch = numbers.next().is_some();
    let bound = (major, minor.unwrap_or(0));
    match operator.as_str() {
        "" | "=" => bound >= version,
        "<" => bound > version,
        "<=" => bound >= version,
        // The last number that is written may grow.
        "~>" if has_patch => bound >= version,
        "~>" => major >= version.0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_excludes_later_versions_or_does_not() {
        for (clause, reaches) in [
            ("~> 5.0", false),
            ("5.31.0", false),
            ("~> 6.0", true),
            ("~> 6.10.0", false),
            (">= 4.0", true),
            ("< 6.0", false),
            ("< 7.0", true),
            ("!= 6.1", true),
            ("", true),
        ] {
            assert_eq!(may_reach(clause, (6, 29)), reaches, "{clause}");
        }
    }
}
