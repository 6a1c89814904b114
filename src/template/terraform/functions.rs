//! Lambda functions with the resources that belong to them: aliases, URLs, permissions and provisioned
//! concurrency.
//!
//! Sources: the provider's documentation of `aws_lambda_*`, copies of 2026-11, and the Lambda API
//! reference for defaults.

use std::collections::BTreeMap;

use coldbucket_policy::parse::is_account_id;

use super::address::ResourceAddress;
use super::bucket_settings::{names_role, texts_in};
use super::instances::PlannedAction;
use super::names::{name_of, other_arn};
use super::reader::{Plan, ResourceReader, first, flag_of, number_of, text_of};
use super::references::Referent;
use crate::inventory::function::{FunctionConfiguration, Layer, SnapStart, UrlCors, Vpc};
use crate::template::build::{UNKNOWN_ACCOUNT, UNKNOWN_REGION};
use crate::template::settings::{
    AliasSettings, FunctionPart, FunctionSettings, PermissionSettings, Setting, UrlSettings,
};
use crate::template::value::{TemplateNode, fixed_symbol, has_symbol, open_symbol};

/// How far a function is followed through aliases.
const DEPTH: usize = 8;

/// What a resource of a function belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FunctionJoin {
    /// A function of the plan, and the qualifier that its name or ARN carries.
    Function(ResourceAddress, Option<String>),
    /// A function that is not in the plan.
    Elsewhere,
    /// One of the functions of the plan, or none; with what it refers to.
    Open(String),
}

/// Types whose attributes name a function or a part of one.
pub(super) fn names_function(kind: &str) -> bool {
    matches!(kind, "aws_lambda_function" | "aws_lambda_alias")
}

/// The function that an argument names: by name, partial ARN or ARN, with or without a qualifier
/// (Lambda API reference, "FunctionName").
pub(super) fn function_join(
    reader: &ResourceReader<'_>,
    argument: &str,
    depth: usize,
) -> FunctionJoin {
    let plan = reader.plan;
    let referents = reader.referents(reader.expression(argument));
    let mut referred: Vec<(ResourceAddress, Option<String>)> = Vec::new();
    for referent in &referents {
        let Referent::Resource { address, attribute } = referent else {
            continue;
        };
        match address.kind.as_str() {
            "aws_lambda_function" if !address.data => {
                let version = match attribute.as_str() {
                    "qualified_arn" | "qualified_invoke_arn" => plan
                        .instances
                        .get(address)
                        .and_then(|function| published_version(&plan.reader(function))),
                    _ => None,
                };
                referred.push((address.clone(), version));
            }
            "aws_lambda_alias" if depth < DEPTH => {
                let Some(alias) = plan.instances.get(address) else {
                    continue;
                };
                let alias = plan.reader(alias);
                if let FunctionJoin::Function(function, _) =
                    function_join(&alias, "function_name", depth + 1)
                {
                    let qualifier = name_of(plan, address, "name");
                    // The alias' own function name is the function.
                    let is_whole = attribute == "function_name";
                    referred.push((function, (!is_whole).then_some(qualifier)));
                }
            }
            _ => {}
        }
    }
    if let Some(text) = reader.known_text(argument) {
        let (name, qualifier) = split_function(&text);
        let functions = plan.staying("aws_lambda_function");
        let named: Vec<ResourceAddress> = functions
            .filter(|function| function.known_text("function_name").as_deref() == Some(&name))
            .map(|function| function.address().clone())
            .collect();
        let chosen = match named.as_slice() {
            [] => return FunctionJoin::Elsewhere,
            [one] => Some(one),
            // The same name in several Regions.
            several => several
                .iter()
                .find(|address| referred.iter().any(|(other, _)| other == *address)),
        };
        return match chosen {
            Some(address) => FunctionJoin::Function(address.clone(), qualifier),
            None => FunctionJoin::Open(name),
        };
    }
    // An alias names its function too: the more exact reference counts.
    referred.sort_by_key(|(address, qualifier)| (address.clone(), qualifier.is_none()));
    referred.dedup_by(|later, kept| later.0 == kept.0);
    match referred.as_slice() {
        [(address, qualifier)] => FunctionJoin::Function(address.clone(), qualifier.clone()),
        [] => {
            // A local may lead to any function, and then to the only one; other names to none.
            let is_opaque = |referent: &Referent| matches!(referent, Referent::Opaque(_));
            if !referents.is_empty() && !referents.iter().any(is_opaque) {
                return FunctionJoin::Elsewhere;
            }
            let mut functions = plan.staying("aws_lambda_function");
            match (functions.next(), functions.next()) {
                (Some(one), None) => FunctionJoin::Function(one.address().clone(), None),
                _ => FunctionJoin::Open(reader.reference_of(argument)),
            }
        }
        _ => FunctionJoin::Open(reader.reference_of(argument)),
    }
}

/// The name and the qualifier in a name, a partial ARN or an ARN of a function.
fn split_function(text: &str) -> (String, Option<String>) {
    let after = match text.split_once(":function:") {
        Some((_, after)) => after,
        None if text.starts_with("function:") => text.trim_start_matches("function:"),
        // `account:name`.
        None => match text.split_once(':') {
            Some((account, name)) if is_account_id(account) => name,
            _ => text,
        },
    };
    match after.split_once(':') {
        Some((name, qualifier)) => (name.to_owned(), Some(qualifier.to_owned())),
        None => (after.to_owned(), None),
    }
}

/// The version that a function publishes: a number, or a symbol where it comes with the deployment.
/// None for a function that publishes none.
pub(super) fn published_version(reader: &ResourceReader<'_>) -> Option<String> {
    if reader.flag("publish") != Setting::Written(true) {
        return None;
    }
    let number = reader
        .known_text("version")
        .filter(|version| version != "$LATEST");
    Some(number.unwrap_or_else(|| fixed_symbol(&format!("{}.version", reader.address()))))
}

/// The functions of a plan with what belongs to them.
pub(super) fn read(plan: &Plan<'_>) -> Vec<FunctionSettings> {
    let mut functions: BTreeMap<ResourceAddress, FunctionSettings> = plan
        .staying("aws_lambda_function")
        .map(|reader| (reader.address().clone(), function(&reader)))
        .collect();
    elsewhere(plan, &mut functions);
    for alias in plan.staying("aws_lambda_alias") {
        let part = FunctionPart::Aliases;
        if let Some((function, _)) = owner(&alias, part, &mut functions) {
            function.aliases.push(alias_settings(&alias));
        }
    }
    for url in plan.staying("aws_lambda_function_url") {
        if let Some((function, _)) = owner(&url, FunctionPart::Urls, &mut functions) {
            place_url(&url, function);
        }
    }
    for permission in plan.staying("aws_lambda_permission") {
        let part = FunctionPart::Policies;
        if let Some((function, qualifier)) = owner(&permission, part, &mut functions) {
            function
                .permissions
                .push(permission_settings(&permission, qualifier));
        }
    }
    for provisioned in plan.staying("aws_lambda_provisioned_concurrency_config") {
        let part = FunctionPart::Provisioned;
        if let Some((function, _)) = owner(&provisioned, part, &mut functions) {
            let qualifier = match provisioned.symbolic("qualifier", names_function) {
                Setting::Written(qualifier) => qualifier,
                Setting::LeftOut => continue,
                Setting::Undetermined(reference) => {
                    function.undetermined.insert(part, reference);
                    continue;
                }
            };
            let number = provisioned.number("provisioned_concurrent_executions");
            function.provisioned.push((qualifier, number));
        }
    }
    removed(plan, &mut functions);
    functions.into_values().collect()
}

/// Functions that the account has and the plan does not, of which it writes or deletes parts.
fn elsewhere(plan: &Plan<'_>, functions: &mut BTreeMap<ResourceAddress, FunctionSettings>) {
    let Some(below) = plan.below() else {
        return;
    };
    for kind in [
        "aws_lambda_permission",
        "aws_lambda_function_url",
        "aws_lambda_alias",
        "aws_lambda_provisioned_concurrency_config",
    ] {
        for reader in plan.of_kind(kind) {
            let written = reader.known_text("function_name");
            let (FunctionJoin::Elsewhere, Some(written)) =
                (function_join(&reader, "function_name", 0), written)
            else {
                continue;
            };
            let (name, _) = split_function(&written);
            let region = plan.region_of(&reader).or_else(|| plan.region.clone());
            let live = region.and_then(|region| below.regions.get(&region)?.functions.get(&name));
            let is = |function: &FunctionSettings| function.name == Setting::Written(name.clone());
            if functions.values().any(is) {
                continue;
            }
            let of_live = |live| FunctionSettings::elsewhere(name.clone(), live, reader.source());
            if let Some(mut function) = live.and_then(of_live) {
                function.region = plan.region_of(&reader);
                functions.insert(reader.address().clone(), function);
            }
        }
    }
}

/// What the plan deletes of functions that stay.
fn removed(plan: &Plan<'_>, functions: &mut BTreeMap<ResourceAddress, FunctionSettings>) {
    for (kind, part, argument) in [
        ("aws_lambda_alias", FunctionPart::Aliases, "name"),
        ("aws_lambda_function_url", FunctionPart::Urls, "qualifier"),
        (
            "aws_lambda_permission",
            FunctionPart::Policies,
            "statement_id",
        ),
        (
            "aws_lambda_provisioned_concurrency_config",
            FunctionPart::Provisioned,
            "qualifier",
        ),
    ] {
        let deleted = plan
            .of_kind(kind)
            .filter(|reader| reader.resource.action == PlannedAction::Delete);
        for reader in deleted {
            let name = reader.known_text(argument).unwrap_or_default();
            let join = function_join(&reader, "function_name", 0);
            if matches!(join, FunctionJoin::Open(_)) {
                continue;
            }
            if let Some((function, _)) = owner(&reader, part, functions) {
                let name = match name.is_empty() {
                    // The function without a qualifier.
                    true => "$LATEST".to_owned(),
                    false => name,
                };
                function.removed.insert((part, name));
            }
        }
    }
}

/// The function that a resource belongs to, with the qualifier in its name. Where it may belong to
/// any, the part of all functions is not known.
fn owner<'f>(
    reader: &ResourceReader<'_>,
    part: FunctionPart,
    functions: &'f mut BTreeMap<ResourceAddress, FunctionSettings>,
) -> Option<(&'f mut FunctionSettings, Option<String>)> {
    match function_join(reader, "function_name", 0) {
        FunctionJoin::Function(address, qualifier) => functions
            .get_mut(&address)
            .map(|function| (function, qualifier)),
        FunctionJoin::Elsewhere => {
            let (name, qualifier) = split_function(&reader.known_text("function_name")?);
            let mut others = functions.values_mut();
            others
                .find(|function| {
                    function.source.partial && function.name == Setting::Written(name.clone())
                })
                .map(|function| (function, qualifier))
        }
        FunctionJoin::Open(reference) => {
            for function in functions.values_mut() {
                let reference = format!("{} of {reference}", reader.address());
                function.undetermined.insert(part, reference);
            }
            None
        }
    }
}

fn alias_settings(reader: &ResourceReader<'_>) -> AliasSettings {
    let routing = reader.joined_blocks("routing_config", names_function);
    let weights = first(&routing, "additional_version_weights");
    AliasSettings {
        name: name_of(reader.plan, reader.address(), "name"),
        version: match reader.symbolic("function_version", names_function) {
            Setting::Written(version) => version,
            Setting::LeftOut => "$LATEST".to_owned(),
            Setting::Undetermined(reference) => open_symbol(&reference),
        },
        additional_versions: weights
            .map(TemplateNode::members)
            .unwrap_or_default()
            .iter()
            .filter_map(|(version, share)| {
                let share = share.as_text()?.parse::<f64>().ok()?;
                Some((version.clone(), share))
            })
            .collect(),
    }
}

fn place_url(reader: &ResourceReader<'_>, function: &mut FunctionSettings) {
    let cors = reader.blocks("cors");
    let qualifier = match reader.symbolic("qualifier", names_function) {
        Setting::Written(qualifier) => qualifier,
        Setting::LeftOut => String::new(),
        Setting::Undetermined(reference) => {
            function.undetermined.insert(FunctionPart::Urls, reference);
            return;
        }
    };
    let auth_type = reader.text("authorization_type");
    // Since 6.29 the provider adds the second statement too, without which new URLs answer 403.
    let adds_both = reader.existing() || reader.plan.provider_may_reach((6, 29));
    if !adds_both && auth_type == Setting::Written("NONE".to_owned()) {
        function.permissions.push(PermissionSettings {
            sid: "FunctionURLAllowPublicAccess".to_owned(),
            qualifier: qualifier.clone(),
            action: Some(TemplateNode::text("lambda:InvokeFunctionUrl")),
            principal: Some(TemplateNode::text("*")),
            function_url_auth_type: Some(TemplateNode::text("NONE")),
            position: reader.position(),
            ..PermissionSettings::default()
        });
    }
    function.urls.push(UrlSettings {
        qualifier,
        auth_type,
        cors: cors.items().first().map(|cors| UrlCors {
            origins: texts_in(cors, "allow_origins"),
            methods: texts_in(cors, "allow_methods"),
            credentials: cors.get("allow_credentials").map(flag_of) == Some(Setting::Written(true)),
        }),
        position: reader.position(),
        adds_permissions: adds_both,
    });
}

fn permission_settings(reader: &ResourceReader<'_>, carried: Option<String>) -> PermissionSettings {
    let qualifier = match reader.symbolic("qualifier", names_function) {
        Setting::Written(qualifier) => qualifier,
        Setting::LeftOut => carried.unwrap_or_default(),
        Setting::Undetermined(reference) => open_symbol(&reference),
    };
    let value = |argument: &str| {
        let node = reader.joined(argument, |_| true);
        (!node.is_empty() && node.as_text().as_deref() != Some("")).then_some(node)
    };
    let via_url = value("invoked_via_function_url")
        .filter(|node| flag_of(node) != Setting::Written(false))
        .map(|node| match node.reference() {
            Some(_) => node,
            None => TemplateNode::text("true"),
        });
    PermissionSettings {
        sid: reader
            .known_text("statement_id")
            .unwrap_or_else(|| reader.address().to_string()),
        qualifier,
        action: value("action"),
        principal: value("principal"),
        source_arn: value("source_arn").map(|node| source_arn(reader, node)),
        source_account: value("source_account"),
        principal_org_id: value("principal_org_id"),
        function_url_auth_type: value("function_url_auth_type"),
        invoked_via_function_url: via_url,
        event_source_token: value("event_source_token"),
        position: reader.position(),
    }
}

/// A source ARN. Where it is put together from attributes of resources (`"${api.execution_arn}/*/*"`),
/// it names resources of the own account: which, is a symbol.
fn source_arn(reader: &ResourceReader<'_>, node: TemplateNode) -> TemplateNode {
    let is_arn = node
        .as_text()
        .is_some_and(|text| text.starts_with("arn:") || !has_symbol(&text));
    if is_arn {
        return node;
    }
    let referents = reader.referents(reader.expression("source_arn"));
    let mut kind = None;
    for referent in &referents {
        match referent {
            Referent::Opaque(_) => {
                return TemplateNode::undetermined(reader.reference_of("source_arn"));
            }
            Referent::Resource { address, .. } if !address.data => {
                kind.get_or_insert(address.kind.as_str());
            }
            Referent::Resource { .. } => {}
        }
    }
    let plan = reader.plan;
    let arn = kind.and_then(|kind| {
        let region = plan.region.as_deref().unwrap_or(UNKNOWN_REGION);
        let account = plan.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT);
        other_arn(kind, "arn", region, account, || {
            fixed_symbol(&reader.reference_of("source_arn"))
        })
    });
    arn.map_or(node, TemplateNode::text)
}

/// A function with the configuration of `$LATEST`.
fn function(reader: &ResourceReader<'_>) -> FunctionSettings {
    let version = published_version(reader);
    FunctionSettings {
        source: reader.source(),
        name: Setting::Written(name_of(reader.plan, reader.address(), "function_name")),
        region: reader.plan.region_of(reader),
        configuration: configuration(reader),
        versions: version.into_iter().collect(),
        reserved_concurrency: reader.number("reserved_concurrent_executions"),
        ..FunctionSettings::default()
    }
}

/// Collects the members that are not known.
struct MemberReadings {
    undetermined: BTreeMap<String, String>,
}

impl MemberReadings {
    fn take<T>(&mut self, member: &str, setting: Setting<T>) -> Option<T> {
        match setting {
            Setting::Written(value) => Some(value),
            Setting::LeftOut => None,
            Setting::Undetermined(reference) => {
                self.undetermined.insert(member.to_owned(), reference);
                None
            }
        }
    }

    /// Blocks, none where they are not known.
    fn blocks(&mut self, member: &str, node: TemplateNode) -> TemplateNode {
        match node.reference() {
            Some(reference) => {
                let reference = reference.to_owned();
                self.undetermined.insert(member.to_owned(), reference);
                TemplateNode::default()
            }
            None => node,
        }
    }
}

fn configuration(reader: &ResourceReader<'_>) -> FunctionConfiguration {
    let mut members = MemberReadings {
        undetermined: BTreeMap::new(),
    };
    let architectures = reader.node("architectures");
    let architecture = match architectures.reference() {
        Some(reference) => Setting::Undetermined(reference.to_owned()),
        None => architectures
            .items()
            .first()
            .map_or(Setting::LeftOut, text_of),
    };
    let ephemeral = members.blocks("ephemeral_storage_mb", reader.blocks("ephemeral_storage"));
    let ephemeral = first(&ephemeral, "size").map_or(Setting::LeftOut, number_of);
    let package_type = match (reader.text("package_type"), reader.text("image_uri")) {
        (Setting::LeftOut, Setting::Written(_) | Setting::Undetermined(_)) => {
            Setting::Written("Image".to_owned())
        }
        (package_type, _) => package_type,
    };
    let snap_start = members.blocks("snap_start", reader.blocks("snap_start"));
    let snap_start = first(&snap_start, "apply_on").map_or(Setting::LeftOut, text_of);
    let logging = members.blocks("log_format", reader.blocks("logging_config"));
    let log_format = first(&logging, "log_format").map_or(Setting::LeftOut, text_of);
    let log_group = first(&logging, "log_group").map_or(Setting::LeftOut, text_of);
    let vpc = vpc(reader, &mut members);
    let layers = layers(reader, &mut members);
    let environment_names = environment(reader, &mut members);
    let written = |argument: &str| !reader.blocks(argument).is_empty();
    let role = match reader.symbolic("role", names_role) {
        Setting::Written(role) => Some(crate::template::value::shown(&role)),
        Setting::Undetermined(reference) => members.take("role", Setting::Undetermined(reference)),
        Setting::LeftOut => None,
    };
    FunctionConfiguration {
        runtime: members.take("runtime", reader.text("runtime")),
        package_type: members
            .take("package_type", package_type)
            .unwrap_or_else(|| "Zip".to_owned()),
        architecture: members
            .take("architecture", architecture)
            .unwrap_or_else(|| "x86_64".to_owned()),
        memory_mb: members
            .take("memory_mb", reader.number("memory_size"))
            .unwrap_or(128),
        timeout_s: members
            .take("timeout_s", reader.number("timeout"))
            .unwrap_or(3),
        code_size_bytes: code_size(reader, &mut members),
        code_sha256: reader.known_text("code_sha256").unwrap_or_default(),
        handler: members.take("handler", reader.text("handler")),
        role,
        description: reader.known_text("description").unwrap_or_default(),
        layers,
        vpc,
        snap_start: members
            .take("snap_start", snap_start)
            .map(|apply_on| SnapStart {
                apply_on,
                optimization_status: "Off".to_owned(),
            }),
        ephemeral_storage_mb: members
            .take("ephemeral_storage_mb", ephemeral)
            .unwrap_or(512),
        environment_names,
        file_systems: file_systems(reader, &mut members),
        tenant_isolation: written("tenancy_config"),
        managed_instances: written("capacity_provider_config"),
        durable: written("durable_config"),
        log_group: members.take("log_group", log_group),
        log_format: members.take("log_format", log_format),
        state: None,
        state_reason_code: None,
        master_arn: None,
        last_modified: None,
        undetermined: members.undetermined,
    }
}

/// The size of the package: that of the file, or what the provider has read back of a function that
/// exists.
fn code_size(reader: &ResourceReader<'_>, members: &mut MemberReadings) -> u64 {
    let size = reader
        .node("source_code_size")
        .as_text()
        .and_then(|size| size.parse::<u64>().ok())
        .filter(|size| *size > 0);
    let file = reader
        .known_text("filename")
        .and_then(|file| reader.plan.package_bytes.get(&file).copied());
    file.or(size).unwrap_or_else(|| {
        let reference = "the size of the package".to_owned();
        members
            .undetermined
            .insert("code_size_bytes".to_owned(), reference);
        0
    })
}

/// Names of environment variables. Their values are not looked at.
fn environment(reader: &ResourceReader<'_>, members: &mut MemberReadings) -> Vec<String> {
    let blocks = members.blocks("environment_names", reader.blocks("environment"));
    let Some(variables) = first(&blocks, "variables").cloned() else {
        return Vec::new();
    };
    let variables = members.blocks("environment_names", variables);
    let names = variables.members().iter().map(|(name, _)| name.clone());
    names.collect()
}

fn layers(reader: &ResourceReader<'_>, members: &mut MemberReadings) -> Vec<Layer> {
    let node = reader.joined("layers", |kind| kind == "aws_lambda_layer_version");
    let node = members.blocks("layers", node);
    let layers: Vec<Layer> = node
        .items()
        .iter()
        .filter_map(TemplateNode::as_text)
        .map(|arn| Layer {
            arn: crate::template::value::shown(&arn),
            code_size_bytes: 0,
        })
        .collect();
    if !layers.is_empty() {
        let reference = "the sizes of the layers".to_owned();
        members
            .undetermined
            .insert("layer_sizes".to_owned(), reference);
    }
    layers
}

fn file_systems(reader: &ResourceReader<'_>, members: &mut MemberReadings) -> Vec<String> {
    let blocks = members.blocks(
        "file_systems",
        reader.joined_blocks("file_system_config", |_| true),
    );
    blocks
        .items()
        .iter()
        .filter_map(|block| block.get("arn")?.as_text())
        .map(|arn| crate::template::value::shown(&arn))
        .collect()
}

/// The VPC attachment: there is one where subnets are named, known or not.
fn vpc(reader: &ResourceReader<'_>, members: &mut MemberReadings) -> Option<Vpc> {
    let blocks = members.blocks("vpc", reader.joined_blocks("vpc_config", |_| true));
    let block = blocks.items().first()?;
    let subnets = block.get("subnet_ids")?;
    if subnets.is_empty() {
        return None;
    }
    let texts = |member: &str| {
        let texts = texts_in(block, member);
        texts
            .iter()
            .map(|text| crate::template::value::shown(text))
            .collect()
    };
    let known = block
        .get("vpc_id")
        .and_then(TemplateNode::as_text)
        .filter(|id| !id.is_empty() && !has_symbol(id));
    if known.is_none() {
        let reference = "the VPC of the subnets".to_owned();
        members.undetermined.insert("vpc_id".to_owned(), reference);
    }
    Some(Vpc {
        vpc_id: known.unwrap_or_else(|| "the VPC of the subnets".to_owned()),
        subnets: texts("subnet_ids"),
        security_groups: texts("security_group_ids"),
    })
}
