//! One stack: sections, loops, nested stacks, resources, outputs.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::build::build;
use super::super::settings::DeploymentSettings;
use super::super::source::{self, TemplateError, decode, parse};
use super::super::value::{TemplateNode, TemplateValue, has_symbol, shown};
use super::super::{Built, DeploymentTarget, TemplateKind, TemplateRemark};
use super::alternatives::{self, Alternative};
use super::check_is_template;
use super::evaluate::{Evaluation, Sections, StackInput, transform_name};
use super::gather::{Gathered, Resource};
use super::{iam, lambda, live, s3, sam, watching, web_functions};

/// How deep stacks nest.
const DEEPEST_STACK: usize = 8;

/// Most nested stacks of one deployment.
const MOST_STACKS: usize = 500;

/// Files that a template refers to. What reads them is outside of this module, which is pure.
pub trait SourceFiles {
    /// The bytes of a file, by its path relative to the template or the assembly.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The size of a deployment package, bytes: of an archive, or of a folder as an archive.
    fn package_bytes(&self, path: &str) -> Option<u64>;
}

/// What is the same for all stacks of a deployment.
pub(super) struct Deployment<'a> {
    pub(super) files: &'a dyn SourceFiles,
    /// Packages by the key under which a function names them.
    pub(super) packages: BTreeMap<String, u64>,
    /// Templates of nested stacks by the key under which they are uploaded.
    pub(super) templates: BTreeMap<String, String>,
    /// Addresses are construct paths.
    pub(super) by_construct: bool,
    /// How many nested stacks were read.
    pub(super) stacks: Cell<usize>,
}

/// Reads a template.
///
/// # Errors
/// The file is no template, or one that cannot be read, with the place.
pub fn read_template(
    file: &str,
    bytes: &[u8],
    target: &DeploymentTarget,
    files: &dyn SourceFiles,
) -> Result<(TemplateKind, Built), TemplateError> {
    let root = parse(file, &decode(bytes)?)?;
    check_is_template(&root)?;
    let kind = if transforms(&root)
        .iter()
        .any(|name| name.starts_with("AWS::Serverless"))
    {
        TemplateKind::Sam
    } else {
        TemplateKind::CloudFormation
    };
    let input = StackInput {
        account: target.account(),
        region: target.region(),
        stack_name: target.stack_name.clone(),
        parameters: target
            .parameters
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    TemplateNode::text(super::super::value::without_symbols(value)),
                )
            })
            .collect(),
        exports: target.exports.clone(),
        ..StackInput::default()
    };
    let deployment = Deployment {
        files,
        packages: BTreeMap::new(),
        templates: BTreeMap::new(),
        by_construct: false,
        stacks: Cell::new(0),
    };
    let built = with_alternatives(&root, &input, target, |input, gathered| {
        deployment.stacks.set(0);
        read_stack(&root, input, &deployment, gathered, 0)
    })?;
    Ok((kind, built))
}

/// Reads a deployment once for each alternative, and puts the snapshots together.
pub(super) fn with_alternatives(
    root: &TemplateNode,
    input: &StackInput,
    target: &DeploymentTarget,
    read: impl Fn(&StackInput, &mut Gathered) -> Result<StackOutputs, TemplateError>,
) -> Result<Built, TemplateError> {
    let Alternative { inputs, references } = alternatives::of(root, input)?;
    let mut all: Option<Built> = None;
    for input in &inputs {
        let mut gathered = Gathered {
            settings: DeploymentSettings {
                account: input.account.clone(),
                region: input.region.clone(),
                taken_at: target.taken_at.clone(),
                onto: target.onto.clone(),
                ..DeploymentSettings::default()
            },
            ..Gathered::default()
        };
        let outputs = read(input, &mut gathered)?;
        let (settings, gaps, problems) = gathered.joined();
        let mut built = build(&settings);
        for rendering in &mut built.renderings {
            rendering.exports.clone_from(&outputs.exports);
            rendering.assumptions = std::mem::take(&mut rendering.assumptions)
                .into_iter()
                .map(|assumed| assumed.into_iter().chain(input.chosen.clone()).collect())
                .collect();
        }
        built.gaps.extend(gaps);
        built.problems.extend(problems);
        all = Some(match all {
            None => built,
            Some(before) => before.or(built),
        });
    }
    let mut built = all.unwrap_or_default();
    if built.renderings.len() > 1 {
        for resource in built.resources.values_mut() {
            resource.references.extend(references.iter().cloned());
        }
    }
    Ok(built)
}

/// The transforms of a template as a whole.
fn transforms(root: &TemplateNode) -> Vec<String> {
    root.get("Transform")
        .map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .map(|transform| match &transform.value {
            TemplateValue::Text(name) => name.clone(),
            _ => transform
                .get("Name")
                .and_then(TemplateNode::as_text)
                .unwrap_or_default(),
        })
        .collect()
}

/// The sections of a template, with its loops expanded.
pub(super) fn sections(
    root: &TemplateNode,
    input: &StackInput,
    gaps: &mut Vec<TemplateRemark>,
) -> Result<Sections, TemplateError> {
    let map = |name: &str| -> Vec<(String, TemplateNode)> {
        root.get(name)
            .map(TemplateNode::members)
            .unwrap_or_default()
            .to_vec()
    };
    let before = Sections {
        parameters: map("Parameters").into_iter().collect(),
        mappings: root.get("Mappings").cloned().unwrap_or_default(),
        conditions: map("Conditions").into_iter().collect(),
        resources: Vec::new(),
        outputs: Vec::new(),
        transforms: transforms(root),
    };
    let evaluation = Evaluation::new(&before, input);
    let mut expanded = |name: &str| {
        let mut out: Vec<(String, TemplateNode)> = Vec::new();
        for (id, body) in map(name) {
            if id.starts_with("Fn::ForEach::") {
                match evaluation.loop_members(&body) {
                    Ok(members) => out.extend(members),
                    Err(reference) => gaps.push(TemplateRemark {
                        address: input.prefix.clone(),
                        position: body.position.clone(),
                        message: format!(
                            "the loop {id} runs over {}, which is not known: what it makes is not judged",
                            shown(&reference)
                        ),
                    }),
                }
            } else if id == "Fn::Transform" {
                gaps.push(TemplateRemark {
                    address: input.prefix.clone(),
                    position: body.position.clone(),
                    message: format!(
                        "{} adds to {name}: what it adds is not judged",
                        transform_name(&body)
                    ),
                });
            } else {
                out.push((id, body));
            }
        }
        out
    };
    let (conditions, resources, outputs) = (
        expanded("Conditions"),
        expanded("Resources"),
        expanded("Outputs"),
    );
    evaluation.within_limits()?;
    Ok(Sections {
        conditions: conditions.into_iter().collect(),
        resources,
        outputs,
        ..before
    })
}

/// Reads a stack with the stacks nested in it. Returns its outputs, and its exports by name.
///
/// # Errors
/// The stack expands to more than is read.
pub(super) fn read_stack(
    root: &TemplateNode,
    input: &StackInput,
    deployment: &Deployment<'_>,
    out: &mut Gathered,
    depth: usize,
) -> Result<StackOutputs, TemplateError> {
    let mut gaps = Vec::new();
    let mut sections = sections(root, input, &mut gaps)?;
    out.gaps.append(&mut gaps);
    if depth == 0 {
        live::name_resources(&mut sections.resources, input, out);
    }
    for transform in &sections.transforms {
        let known =
            ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"].contains(&transform.as_str());
        if !known {
            out.gaps.push(TemplateRemark {
                address: input.prefix.clone(),
                position: root.get("Transform").and_then(|node| node.position.clone()),
                message: format!(
                    "the macro {} may change every resource: the template is judged as it is written",
                    shown(transform)
                ),
            });
        }
    }
    if let Some(modules) = root.get("Modules") {
        out.gaps.push(TemplateRemark {
            address: input.prefix.clone(),
            position: modules.position.clone(),
            message:
                "the section Modules is not read: run `aws cloudformation package`, and use the \
                      template that it writes"
                    .to_owned(),
        });
    }
    let mut input = input.clone();
    nested_stacks(&sections, &mut input, deployment, out, depth)?;
    let evaluation = Evaluation::new(&sections, &input);
    let globals = root.get("Globals");
    for (id, resource) in &sections.resources {
        read_resource(id, resource, &evaluation, globals, deployment, out);
        evaluation.within_limits()?;
    }
    let outputs = outputs(&sections, &evaluation);
    evaluation.within_limits()?;
    Ok(outputs)
}

/// What a stack gives to others.
#[derive(Clone, Debug, Default)]
pub(super) struct StackOutputs {
    pub(super) outputs: BTreeMap<String, TemplateNode>,
    pub(super) exports: BTreeMap<String, TemplateNode>,
}

fn outputs(sections: &Sections, evaluation: &Evaluation<'_>) -> StackOutputs {
    let mut found = StackOutputs::default();
    for (id, output) in &sections.outputs {
        let made = output
            .get("Condition")
            .and_then(TemplateNode::as_text)
            .and_then(|name| evaluation.named_condition(&name));
        if made == Some(false) {
            continue;
        }
        let Some(value) = output
            .get("Value")
            .and_then(|value| evaluation.evaluate(value))
        else {
            continue;
        };
        let export = output.get("Export").and_then(|export| export.get("Name"));
        if let Some(name) = export.and_then(|name| evaluation.evaluate(name)?.as_text()) {
            found.exports.insert(name, value.clone());
        }
        found.outputs.insert(id.clone(), value);
    }
    found
}

/// Evaluates the stacks that a stack nests, those first that others take outputs from.
fn nested_stacks(
    sections: &Sections,
    input: &mut StackInput,
    deployment: &Deployment<'_>,
    out: &mut Gathered,
    depth: usize,
) -> Result<(), TemplateError> {
    let mut pending: Vec<&(String, TemplateNode)> = sections
        .resources
        .iter()
        .filter(|(_, resource)| {
            matches!(
                resource
                    .get("Type")
                    .and_then(TemplateNode::as_text)
                    .as_deref(),
                Some("AWS::CloudFormation::Stack" | "AWS::Serverless::Application")
            )
        })
        .collect();
    while !pending.is_empty() {
        let ids: BTreeSet<&str> = pending.iter().map(|(id, _)| id.as_str()).collect();
        let free = pending
            .iter()
            .position(|(id, resource)| {
                let named = mentions(resource, &ids);
                !named.iter().any(|other| other != id)
            })
            .unwrap_or(0);
        let (id, resource) = pending.remove(free);
        let evaluation = Evaluation::new(sections, input);
        if !is_made(resource, &evaluation) {
            continue;
        }
        let outputs = nested_stack(id, resource, &evaluation, deployment, out, depth)?;
        input.nested.insert(id.clone(), outputs.outputs);
    }
    Ok(())
}

/// The stacks among `ids` whose outputs a resource names.
fn mentions(node: &TemplateNode, ids: &BTreeSet<&str>) -> BTreeSet<String> {
    match &node.value {
        TemplateValue::List(items) => items.iter().flat_map(|item| mentions(item, ids)).collect(),
        TemplateValue::Map(members) => members
            .iter()
            .flat_map(|(name, value)| {
                if name == "Fn::GetAtt"
                    && let Some(id) = value.items().first().and_then(TemplateNode::as_text)
                {
                    let id = id.split('.').next().unwrap_or_default().to_owned();
                    return ids
                        .contains(id.as_str())
                        .then_some(id)
                        .into_iter()
                        .collect();
                }
                mentions(value, ids)
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether the condition of a resource holds. A resource whose condition is not known is judged as if it
/// is made.
fn is_made(resource: &TemplateNode, evaluation: &Evaluation<'_>) -> bool {
    condition_of(resource, evaluation).is_none_or(|(_, holds)| holds != Some(false))
}

/// The condition of a resource by its name, and whether it holds.
fn condition_of(
    resource: &TemplateNode,
    evaluation: &Evaluation<'_>,
) -> Option<(String, Option<bool>)> {
    let name = resource.get("Condition")?.as_text()?;
    let holds = evaluation.named_condition(&name);
    Some((name, holds))
}

/// The property by which a resource changes another one. Where it is not known whether such a resource
/// is made, this property is not known.
const DECIDING: &[(&str, &str)] = &[
    ("AWS::S3::BucketPolicy", "PolicyDocument"),
    ("AWS::S3::MultiRegionAccessPointPolicy", "Policy"),
    ("AWS::Lambda::Permission", "Action"),
    ("AWS::Lambda::ResourcePolicy", "PolicyDocument"),
    ("AWS::Lambda::WebFunctionEndpoint", "AuthType"),
    ("AWS::Lambda::Url", "AuthType"),
    ("AWS::Lambda::Alias", "FunctionVersion"),
    ("AWS::IAM::Policy", "PolicyDocument"),
    ("AWS::IAM::RolePolicy", "PolicyDocument"),
    ("AWS::IAM::UserPolicy", "PolicyDocument"),
    ("AWS::IAM::GroupPolicy", "PolicyDocument"),
    ("AWS::CloudTrail::Trail", "IsLogging"),
];

/// The properties of a resource that may not be made.
fn perhaps(kind: &str, condition: &str, properties: TemplateNode) -> TemplateNode {
    let deciding = DECIDING.iter().find(|(of, _)| *of == kind);
    let unknown = TemplateNode::undetermined(format!("the condition {}", shown(condition)));
    let mut members = properties.members().to_vec();
    if let Some((_, property)) = deciding {
        let written = properties.get(property);
        let value = written.and_then(|document| with_unknown_conditions(document, &unknown));
        members.push((
            (*property).to_owned(),
            value.unwrap_or_else(|| unknown.clone()),
        ));
    }
    if properties.get("ProvisionedConcurrencyConfig").is_some() {
        members.push(("ProvisionedConcurrencyConfig".to_owned(), unknown));
    }
    TemplateNode::new(TemplateValue::Map(members)).at(properties.position)
}

/// A policy document of which every statement may apply or not; none for what is no map with
/// statements.
fn with_unknown_conditions(
    document: &TemplateNode,
    unknown: &TemplateNode,
) -> Option<TemplateNode> {
    let statements = document.get("Statement")?;
    let statements: Option<Vec<TemplateNode>> = statements
        .items()
        .iter()
        .map(|statement| {
            let mut members = statement.members().to_vec();
            members.retain(|(name, _)| name != "Condition");
            members.push(("Condition".to_owned(), unknown.clone()));
            let conditional = TemplateNode::new(TemplateValue::Map(members));
            statement
                .get("Effect")
                .map(|_| conditional.at(statement.position.clone()))
        })
        .collect();
    let mut members = document.members().to_vec();
    members.retain(|(name, _)| name != "Statement");
    members.push((
        "Statement".to_owned(),
        TemplateNode::new(TemplateValue::List(statements?)),
    ));
    Some(TemplateNode::new(TemplateValue::Map(members)).at(document.position.clone()))
}

fn nested_stack(
    id: &str,
    resource: &TemplateNode,
    evaluation: &Evaluation<'_>,
    deployment: &Deployment<'_>,
    out: &mut Gathered,
    depth: usize,
) -> Result<StackOutputs, TemplateError> {
    let properties = resource
        .get("Properties")
        .and_then(|properties| evaluation.evaluate(properties))
        .unwrap_or_default();
    let asset = resource
        .get("Metadata")
        .and_then(|metadata| metadata.get("aws:asset:path")?.as_text());
    let url = ["TemplateURL", "Location"]
        .into_iter()
        .find_map(|name| properties.get(name)?.as_text());
    let uploaded = url
        .as_deref()
        .and_then(|url| deployment.templates.get(url.rsplit('/').next()?).cloned());
    let path = asset.or(uploaded).or_else(|| {
        url.filter(|url| !has_symbol(url) && !url.contains("://") && !url.starts_with('/'))
    });
    let mut gap = |message: String| {
        out.gaps.push(TemplateRemark {
            address: evaluation.address(id),
            position: resource.position.clone(),
            message,
        });
        Ok(StackOutputs::default())
    };
    let Some(path) = path else {
        return gap("the nested stack's template is not on disk: it is not judged".to_owned());
    };
    if depth >= DEEPEST_STACK {
        return gap(format!(
            "stacks nest more than {DEEPEST_STACK} deep: it is not judged"
        ));
    }
    deployment.stacks.set(deployment.stacks.get() + 1);
    if deployment.stacks.get() > MOST_STACKS {
        return Err(TemplateError::new(format!(
            "it expands to more than {MOST_STACKS} nested stacks"
        )));
    }
    let Some(bytes) = deployment.files.read(&path) else {
        return gap(format!(
            "the nested stack's template {path} cannot be read: it is not judged"
        ));
    };
    let root = source::parse(&path, &decode(&bytes)?)?;
    check_is_template(&root)?;
    let input = StackInput {
        account: evaluation.input.account.clone(),
        region: evaluation.input.region.clone(),
        stack_name: None,
        parameters: properties
            .get("Parameters")
            .map(TemplateNode::members)
            .unwrap_or_default()
            .iter()
            .cloned()
            .collect(),
        exports: evaluation.input.exports.clone(),
        prefix: format!("{}/", evaluation.address(id)),
        other: evaluation.input.other.clone(),
        ..StackInput::default()
    };
    read_stack(&root, &input, deployment, out, depth + 1)
}

fn read_resource(
    id: &str,
    resource: &TemplateNode,
    evaluation: &Evaluation<'_>,
    globals: Option<&TemplateNode>,
    deployment: &Deployment<'_>,
    out: &mut Gathered,
) {
    let kind = resource
        .get("Type")
        .and_then(TemplateNode::as_text)
        .unwrap_or_default();
    if !alternatives::is_read(&kind) || !is_made(resource, evaluation) {
        return;
    }
    let properties = resource
        .get("Properties")
        .and_then(|properties| evaluation.evaluate(properties))
        .unwrap_or_default();
    let address = evaluation.address(id);
    let position = resource.position.clone();
    if let Some(reference) = properties.reference() {
        out.gaps.push(TemplateRemark {
            message: format!(
                "the properties depend on {}: the resource is not judged",
                shown(reference)
            ),
            address,
            position,
        });
        return;
    }
    if resource.get("Connectors").is_some() {
        out.gaps.push(TemplateRemark {
            message: "the policies that its connectors add are not judged".to_owned(),
            address: address.clone(),
            position: position.clone(),
        });
    }
    let properties = match condition_of(resource, evaluation) {
        Some((condition, None)) => perhaps(&kind, &condition, properties),
        _ => properties,
    };
    let bucket = resource
        .get("Properties")
        .and_then(|properties| properties.get("Bucket")?.get("Ref")?.as_text())
        .filter(|id| evaluation.resource(id).is_some())
        .map(|id| evaluation.address(&id));
    let found = Resource {
        address: address.clone(),
        construct: resource
            .get("Metadata")
            .filter(|_| deployment.by_construct)
            .and_then(|metadata| metadata.get("aws:cdk:path")?.as_text()),
        position: position.clone(),
        node: &properties,
        bucket,
    };
    let read = s3::read(&kind, &found, out)
        || lambda::read(&kind, id, &found, evaluation, out)
        || web_functions::read(&kind, id, &found, evaluation, out)
        || iam::read(&kind, id, &found, evaluation, out)
        || watching::read(&kind, id, &found, evaluation, out)
        || sam::read(&kind, id, &found, evaluation, globals, out);
    if !read && let Some(message) = unread(&kind) {
        out.gaps.push(TemplateRemark {
            address,
            position,
            message,
        });
    }
    if kind == "AWS::Lambda::Function" || kind == "AWS::Serverless::Function" {
        package(resource, &properties, deployment, out);
    }
}

/// The size of a function's package, where the asset is on disk.
fn package(
    resource: &TemplateNode,
    properties: &TemplateNode,
    deployment: &Deployment<'_>,
    out: &mut Gathered,
) {
    let Some(function) = out.functions.last_mut() else {
        return;
    };
    let configuration = &mut function.configuration;
    if !configuration.undetermined.contains_key("code_size_bytes") {
        return;
    }
    let metadata = |name: &str| resource.get("Metadata")?.get(name)?.as_text();
    let code = properties.get("Code").or_else(|| properties.get("CodeUri"));
    let local = code
        .and_then(TemplateNode::as_text)
        .filter(|path| !path.contains("://"));
    let key = code.and_then(|code| code.get("S3Key")?.as_text());
    let size = metadata("aws:asset:path")
        .filter(|_| metadata("aws:asset:property").is_none_or(|property| property == "Code"))
        .or(local)
        .filter(|path| !has_symbol(path))
        .and_then(|path| deployment.files.package_bytes(&path))
        .or_else(|| deployment.packages.get(&key?).copied());
    if let Some(size) = size {
        configuration.code_size_bytes = size;
        configuration.undetermined.remove("code_size_bytes");
    }
}

/// Buckets and access points that are not general purpose ones.
const OTHER_STORAGE: &[&str] = &[
    "AWS::S3Express::",
    "AWS::S3Files::",
    "AWS::S3ObjectLambda::",
    "AWS::S3Outposts::",
    "AWS::S3Tables::",
    "AWS::S3Vectors::",
];

/// What is said about a type that is not read and may matter.
fn unread(kind: &str) -> Option<String> {
    let what = if kind.ends_with("::MODULE") {
        "the resources of a module are not part of the template"
    } else if kind == "AWS::Serverless::Connector" {
        "the policies that a connector adds are not judged"
    } else if kind.starts_with("AWS::Serverless::") {
        "SAM resources of this type are not read"
    } else if kind == "AWS::CloudFormation::StackSet"
        || kind == "AWS::ServiceCatalog::CloudFormationProvisionedProduct"
    {
        "the stacks that it deploys are not judged"
    } else if OTHER_STORAGE
        .iter()
        .any(|service| kind.starts_with(service))
    {
        "buckets and access points of this kind are not judged"
    } else {
        return None;
    };
    Some(format!("{}: {what}", shown(kind)))
}
