//! Functions, with their versions, aliases, URLs, permissions, and what calls them.

use super::super::settings::{
    AliasSettings, FunctionSettings, PermissionSettings, Setting, UrlSettings,
};
use super::super::value::{TemplateNode, TemplateValue, has_open_symbol, shown};
use super::evaluate::Evaluation;
use super::gather::{Attached, Gathered, OfFunction, Resource, function_name};
use super::names;
use super::properties::{Properties, reference_of};
use super::s3::document;
use crate::inventory::function::{FunctionConfiguration, Layer, SnapStart, UrlCors, Vpc};
use crate::inventory::trigger::{
    EventRule, EventSourceMapping, RuleTarget, ScalableTarget, Schedule,
};

/// Reads a resource of Lambda or one that calls functions; false for a type that is not read.
pub(super) fn read(
    kind: &str,
    id: &str,
    resource: &Resource<'_>,
    evaluation: &Evaluation<'_>,
    out: &mut Gathered,
) -> bool {
    let p = resource.properties();
    let of = |name: &str| p.text(name).unwrap_or_default();
    match kind {
        "AWS::Lambda::Function" => out.functions.push(function(resource, p)),
        "AWS::Lambda::Version" => {
            let version = names::version(evaluation, id);
            let function = of("FunctionName");
            if let Some(requested) = requested(p) {
                out.of_functions.push((
                    function.clone(),
                    OfFunction::Provisioned(version.clone(), requested),
                ));
            }
            out.of_functions
                .push((function, OfFunction::Version(version)));
        }
        "AWS::Lambda::Alias" => {
            let function = of("FunctionName");
            let name = of("Name");
            if let Some(requested) = requested(p) {
                out.of_functions.push((
                    function.clone(),
                    OfFunction::Provisioned(name.clone(), requested),
                ));
            }
            out.of_functions
                .push((function, OfFunction::Alias(alias(p, name))));
        }
        "AWS::Lambda::Url" => out.of_functions.push((
            of("TargetFunctionArn"),
            OfFunction::Url(UrlSettings {
                qualifier: of("Qualifier"),
                auth_type: p.word("AuthType"),
                cors: p.get("Cors").map(|cors| url_cors(Properties(cors))),
                position: p.position("AuthType").or_else(|| resource.position.clone()),
                adds_permissions: false,
            }),
        )),
        "AWS::Lambda::Permission" => out.of_functions.push((
            of("FunctionName"),
            OfFunction::Permission(Box::new(permission(resource, p))),
        )),
        "AWS::Lambda::ResourcePolicy" => {
            out.lambda_policies.push(Attached {
                to: of("ResourceArn"),
                to_address: None,
                document: document(p, "PolicyDocument"),
                position: p
                    .position("PolicyDocument")
                    .or_else(|| resource.position.clone()),
                address: resource.address.clone(),
            });
        }
        "AWS::Lambda::EventSourceMapping" => {
            out.settings
                .event_source_mappings
                .push(event_source_mapping(evaluation, resource, p));
        }
        "AWS::Events::Rule" => rule(evaluation, id, p, out),
        "AWS::Scheduler::Schedule" => schedule(evaluation, id, p, out),
        "AWS::ApplicationAutoScaling::ScalableTarget" => scalable_target(p, out),
        _ => return false,
    }
    true
}

/// Provisioned concurrency of a version or an alias.
fn requested(p: Properties<'_>) -> Option<Setting<u32>> {
    let block = p.get("ProvisionedConcurrencyConfig")?;
    Some(match block.reference() {
        Some(reference) => Setting::Undetermined(reference.to_owned()),
        None => Properties(block).number("ProvisionedConcurrentExecutions"),
    })
}

fn alias(p: Properties<'_>, name: String) -> AliasSettings {
    let version = |text: String| {
        // A version's ARN where its number belongs.
        let (_, qualifier) = function_name(&text);
        if qualifier.is_empty() {
            text
        } else {
            qualifier
        }
    };
    AliasSettings {
        name,
        version: version(p.text("FunctionVersion").unwrap_or_default()),
        additional_versions: p
            .at(&["RoutingConfig", "AdditionalVersionWeights"])
            .map(TemplateNode::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|weight| {
                let weight = Properties(weight);
                let share = weight.text("FunctionWeight")?.parse::<f64>().ok()?;
                Some((version(weight.text("FunctionVersion")?), share))
            })
            .collect(),
    }
}

pub(super) fn url_cors(cors: Properties<'_>) -> UrlCors {
    let texts = |name: &str| {
        cors.get(name)
            .map(TemplateNode::items)
            .unwrap_or_default()
            .iter()
            .filter_map(TemplateNode::as_text)
            .map(|text| shown(&text))
            .collect()
    };
    UrlCors {
        origins: texts("AllowOrigins"),
        methods: texts("AllowMethods"),
        credentials: cors.boolean("AllowCredentials").written() == Some(&true),
    }
}

fn permission(resource: &Resource<'_>, p: Properties<'_>) -> PermissionSettings {
    let part = |name: &str| p.get(name).cloned();
    PermissionSettings {
        sid: resource.address.clone(),
        qualifier: String::new(),
        action: part("Action"),
        principal: part("Principal"),
        source_arn: part("SourceArn"),
        source_account: part("SourceAccount"),
        principal_org_id: part("PrincipalOrgID"),
        function_url_auth_type: part("FunctionUrlAuthType"),
        invoked_via_function_url: part("InvokedViaFunctionUrl"),
        event_source_token: part("EventSourceToken"),
        position: resource.position.clone(),
    }
}

const POSITIONS: &[(&str, &str)] = &[
    ("versions/$LATEST/runtime", "Runtime"),
    ("versions/$LATEST/memory_mb", "MemorySize"),
    ("versions/$LATEST/timeout_s", "Timeout"),
    ("versions/$LATEST/architecture", "Architectures"),
    ("versions/$LATEST/vpc", "VpcConfig"),
    ("versions/$LATEST/snap_start", "SnapStart"),
    ("versions/$LATEST/layers", "Layers"),
    ("versions/$LATEST/package_type", "PackageType"),
    ("versions/$LATEST/code_size_bytes", "Code"),
    ("reserved_concurrency", "ReservedConcurrentExecutions"),
];

fn function(resource: &Resource<'_>, p: Properties<'_>) -> FunctionSettings {
    FunctionSettings {
        source: resource.source(POSITIONS),
        name: p.name("FunctionName"),
        configuration: configuration(p),
        reserved_concurrency: p.number("ReservedConcurrentExecutions"),
        ..FunctionSettings::default()
    }
}

/// A configuration, with what is not known of it.
pub(super) struct ConfigurationReader {
    pub(super) found: FunctionConfiguration,
}

impl ConfigurationReader {
    fn take<T>(&mut self, member: &str, setting: Setting<T>) -> Option<T> {
        match setting {
            Setting::Written(value) => Some(value),
            Setting::LeftOut => None,
            Setting::Undetermined(reference) => {
                self.unknown(member, reference);
                None
            }
        }
    }

    pub(super) fn unknown(&mut self, member: &str, reference: impl Into<String>) {
        self.found
            .undetermined
            .insert(member.to_owned(), reference.into());
    }
}

/// The configuration of `$LATEST`, with Lambda's defaults (Lambda API reference, CreateFunction, copy
/// of 2026).
pub(super) fn configuration(p: Properties<'_>) -> FunctionConfiguration {
    let mut reader = ConfigurationReader {
        found: FunctionConfiguration::default(),
    };
    let code = p.get("Code");
    let image_uri = code.and_then(|code| Properties(code).get("ImageUri"));
    let package_type = reader.take("package_type", p.word("PackageType"));
    reader.found.package_type = package_type
        .unwrap_or_else(|| if image_uri.is_some() { "Image" } else { "Zip" }.to_owned());
    reader.found.runtime = reader.take("runtime", p.word("Runtime"));
    reader.found.memory_mb = reader
        .take("memory_mb", p.number("MemorySize"))
        .unwrap_or(128);
    reader.found.timeout_s = reader.take("timeout_s", p.number("Timeout")).unwrap_or(3);
    let architecture = p.block("Architectures", |list| {
        super::properties::word(list.0.items().first())
    });
    reader.found.architecture = reader
        .take("architecture", architecture)
        .unwrap_or_else(|| "x86_64".to_owned());
    let storage = p.block("EphemeralStorage", |storage| storage.number("Size"));
    reader.found.ephemeral_storage_mb = reader.take("ephemeral_storage_mb", storage).unwrap_or(512);
    reader.found.handler = p.text("Handler").map(|text| shown(&text));
    reader.found.role = p.text("Role").map(|text| shown(&text));
    reader.found.description = p
        .text("Description")
        .map(|text| shown(&text))
        .unwrap_or_default();
    let snap_start = p.block("SnapStart", |snap_start| snap_start.word("ApplyOn"));
    reader.found.snap_start = reader
        .take("snap_start", snap_start)
        .map(|apply_on| SnapStart {
            apply_on,
            optimization_status: "Off".to_owned(),
        });
    layers(&mut reader, p);
    vpc(&mut reader, p);
    reader.found.environment_names = p
        .at(&["Environment", "Variables"])
        .map(TemplateNode::members)
        .unwrap_or_default()
        .iter()
        .map(|(name, _)| shown(name))
        .collect();
    if let Some(systems) = p.get("FileSystemConfigs") {
        match systems.reference() {
            Some(reference) => reader.unknown("file_systems", reference),
            None => {
                reader.found.file_systems = systems
                    .items()
                    .iter()
                    .map(|system| shown(&Properties(system).text("Arn").unwrap_or_default()))
                    .collect();
            }
        }
    }
    let mut present = |member: &'static str, property: &str| match p.get(property) {
        Some(node) => match node.reference() {
            Some(reference) => {
                reader.unknown(member, reference);
                false
            }
            None => !node.is_empty(),
        },
        None => false,
    };
    let tenant_isolation = present("tenant_isolation", "TenancyConfig");
    let managed_instances = present("managed_instances", "CapacityProviderConfig");
    let durable = present("durable", "DurableConfig");
    reader.found.tenant_isolation = tenant_isolation;
    reader.found.managed_instances = managed_instances;
    reader.found.durable = durable;
    if let Some(logging) = p.get("LoggingConfig").map(Properties) {
        reader.found.log_group = logging.text("LogGroup").map(|text| shown(&text));
        reader.found.log_format = logging.text("LogFormat").map(|text| shown(&text));
    }
    package_size(&mut reader, code);
    reader.found
}

/// The size of the package: known of code that is written in the template.
fn package_size(reader: &mut ConfigurationReader, code: Option<&TemplateNode>) {
    if reader.found.is_image() {
        return;
    }
    match code.and_then(|code| Properties(code).text("ZipFile")) {
        Some(text) if !has_open_symbol(&text) => {
            reader.found.code_size_bytes = super::super::package::zipped_text(&text);
        }
        _ => reader.unknown("code_size_bytes", "the size of the deployment package"),
    }
}

fn layers(reader: &mut ConfigurationReader, p: Properties<'_>) {
    let Some(layers) = p.get("Layers") else {
        return;
    };
    if let Some(reference) = layers.reference() {
        reader.unknown("layers", reference);
        return;
    }
    let layers = layers.items();
    if !layers.is_empty() {
        reader.unknown("layer_sizes", "the size of the layers");
    }
    for layer in layers {
        match layer.as_text() {
            Some(arn) => reader.found.layers.push(Layer {
                arn: shown(&arn),
                code_size_bytes: 0,
            }),
            None => reader.unknown("layers", reference_of(layer)),
        }
    }
}

/// A function is attached where subnets are named; which VPC that is follows from them.
fn vpc(reader: &mut ConfigurationReader, p: Properties<'_>) {
    let Some(vpc) = p.get("VpcConfig") else {
        return;
    };
    let texts = |name: &str| -> Result<Vec<String>, String> {
        match Properties(vpc).get(name) {
            None => Ok(Vec::new()),
            Some(node) => match (node.reference(), &node.value) {
                (Some(reference), _) => Err(reference.to_owned()),
                (None, TemplateValue::Text(text)) if has_open_symbol(text) => Err(shown(text)),
                _ => Ok(node
                    .items()
                    .iter()
                    .filter_map(TemplateNode::as_text)
                    .filter(|text| !text.is_empty())
                    .map(|text| shown(&text))
                    .collect()),
            },
        }
    };
    if let Some(reference) = vpc.reference() {
        reader.unknown("vpc", reference);
        return;
    }
    match texts("SubnetIds") {
        Ok(subnets) if subnets.is_empty() => {}
        Ok(subnets) => {
            reader.unknown("vpc_id", "the VPC of the subnets");
            reader.found.vpc = Some(Vpc {
                vpc_id: "{VpcId}".to_owned(),
                subnets,
                security_groups: texts("SecurityGroupIds").unwrap_or_default(),
            });
        }
        Err(reference) => reader.unknown("vpc", reference),
    }
}

fn event_source_mapping(
    evaluation: &Evaluation<'_>,
    resource: &Resource<'_>,
    p: Properties<'_>,
) -> EventSourceMapping {
    let function = p.text("FunctionName").unwrap_or_default();
    let enabled = p.boolean("Enabled").written().copied().unwrap_or(true);
    EventSourceMapping {
        uuid: resource.address.clone(),
        function_arn: shown(&names::function_arn(evaluation, &function)),
        source: shown(&p.text("EventSourceArn").unwrap_or_default()),
        state: if enabled { "Enabled" } else { "Disabled" }.to_owned(),
    }
}

/// An EventBridge rule, as far as its targets are functions.
fn rule(evaluation: &Evaluation<'_>, id: &str, p: Properties<'_>, out: &mut Gathered) {
    let targets: Vec<RuleTarget> = p
        .get("Targets")
        .map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|target| {
            let target = Properties(target);
            let arn = target.text("Arn").filter(|arn| arn.contains(":lambda:"))?;
            Some(RuleTarget {
                function_arn: shown(&arn),
                constant_input: target.get("Input").is_some(),
            })
        })
        .collect();
    if !targets.is_empty() {
        out.settings.rules.push(EventRule {
            name: shown(&names::name(evaluation, id)),
            bus: shown(
                &p.text("EventBusName")
                    .unwrap_or_else(|| "default".to_owned()),
            ),
            state: shown(&p.text("State").unwrap_or_else(|| "ENABLED".to_owned())),
            schedule: p.text("ScheduleExpression").map(|text| shown(&text)),
            targets,
        });
    }
}

fn schedule(evaluation: &Evaluation<'_>, id: &str, p: Properties<'_>, out: &mut Gathered) {
    let target = p.get("Target").map(Properties);
    let arn = target.and_then(|target| target.text("Arn"));
    let Some(arn) = arn.filter(|arn| arn.contains(":lambda:")) else {
        return;
    };
    out.settings.schedules.push(Schedule {
        name: shown(&names::name(evaluation, id)),
        group: shown(&p.text("GroupName").unwrap_or_else(|| "default".to_owned())),
        state: shown(&p.text("State").unwrap_or_else(|| "ENABLED".to_owned())),
        schedule: shown(&p.text("ScheduleExpression").unwrap_or_default()),
        function_arn: shown(&arn),
        constant_input: target.is_some_and(|target| target.get("Input").is_some()),
    });
}

/// Scaling of provisioned concurrency: `function:NAME:QUALIFIER`.
fn scalable_target(p: Properties<'_>, out: &mut Gathered) {
    if p.text("ServiceNamespace").as_deref() != Some("lambda") {
        return;
    }
    let (function, qualifier) = function_name(&p.text("ResourceId").unwrap_or_default());
    let number = |name: &str| p.number(name).written().copied().unwrap_or_default();
    out.settings.scalable_targets.push(ScalableTarget {
        function: shown(&function),
        qualifier: shown(&qualifier),
        min: number("MinCapacity"),
        max: number("MaxCapacity"),
    });
}
