//! The Serverless Application Model: functions with their roles, events, URLs and aliases.
//!
//! What the transform makes of `AWS::Serverless::Function`, by AWS's translator (aws/serverless-
//! application-model, samtranslator 1.115) and the SAM developer guide (copies of 2026). Resources of other
//! types make neither buckets nor functions.

use super::super::aws_managed;
use super::super::settings::FunctionSettings;
use super::super::settings::{
    AliasSettings, IdentitySettings, PermissionSettings, Setting, UrlSettings,
};
use super::super::value::{TemplateNode, TemplateValue, fixed_symbol, has_symbol, shown};
use super::evaluate::Evaluation;
use super::gather::{Gathered, OfFunction, Resource};
use super::lambda::{configuration, url_cors};
use super::names;
use super::properties::Properties;
use crate::inventory::identity::IdentityInventory;
use crate::inventory::trigger::{EventRule, EventSourceMapping, RuleTarget, Schedule};

/// Reads a resource of SAM; false for a type that is not read.
pub(super) fn read(
    kind: &str,
    id: &str,
    resource: &Resource<'_>,
    evaluation: &Evaluation<'_>,
    globals: Option<&TemplateNode>,
    out: &mut Gathered,
) -> bool {
    match kind {
        "AWS::Serverless::Function" => {
            let written = with_globals(id, evaluation, globals);
            let evaluated = written
                .as_ref()
                .and_then(|written| evaluation.evaluate(written));
            let properties = with_unknown(evaluated.unwrap_or_default(), resource.node);
            let translation = Translation {
                id,
                resource,
                evaluation,
                written: written.as_ref(),
                p: Properties(&properties),
            };
            translation.function(out);
            true
        }
        // Step Functions' role: its policies alone.
        "AWS::Serverless::StateMachine" => {
            let p = resource.properties();
            let translation = Translation {
                id,
                resource,
                evaluation,
                written: None,
                p,
            };
            if p.get("Role").is_none() {
                out.identities.push(translation.role(&[]));
            }
            true
        }
        "AWS::Serverless::Api"
        | "AWS::Serverless::HttpApi"
        | "AWS::Serverless::WebSocketApi"
        | "AWS::Serverless::SimpleTable"
        | "AWS::Serverless::LayerVersion"
        | "AWS::Serverless::GraphQLApi"
        | "AWS::Serverless::CapacityProvider"
        | "AWS::Serverless::Application" => true,
        _ => false,
    }
}

/// The properties of a function as they are written, over those of Globals.
fn with_globals(
    id: &str,
    evaluation: &Evaluation<'_>,
    globals: Option<&TemplateNode>,
) -> Option<TemplateNode> {
    let resource = evaluation.resource(id)?;
    let nothing = TemplateNode::default();
    let own = resource.get("Properties").unwrap_or(&nothing);
    let global = globals.and_then(|globals| globals.get("Function"));
    let global = global.and_then(|global| not_ignored(global, resource));
    Some(merged(global.as_ref(), own))
}

/// Properties with those that are not known because it is not known whether the resource is made.
fn with_unknown(properties: TemplateNode, own: &TemplateNode) -> TemplateNode {
    const NAME: &str = "ProvisionedConcurrencyConfig";
    let Some(unknown) = own.get(NAME).filter(|value| value.reference().is_some()) else {
        return properties;
    };
    let mut members = properties.members().to_vec();
    members.push((NAME.to_owned(), unknown.clone()));
    TemplateNode::new(TemplateValue::Map(members)).at(properties.position)
}

/// A value that a function gives: the translator treats it as one whole (`is_intrinsics` in
/// samtranslator).
fn is_function(node: &TemplateNode) -> bool {
    match node.members() {
        [(name, _)] => name.starts_with("Fn::") || name == "Ref" || name == "Condition",
        _ => false,
    }
}

/// Properties over those of Globals, before functions are evaluated: maps are merged, lists are
/// concatenated, the global one first, and what the resource says counts otherwise (SAM developer guide,
/// "Globals section"). `!Ref AWS::NoValue` in a function's properties removes the global one.
fn merged(global: Option<&TemplateNode>, own: &TemplateNode) -> TemplateNode {
    let Some(global) = global else {
        return own.clone();
    };
    match (&global.value, &own.value) {
        (_, TemplateValue::Null) => global.clone(),
        _ if is_function(global) || is_function(own) => own.clone(),
        (TemplateValue::Map(defaults), TemplateValue::Map(members)) => {
            let mut out: Vec<(String, TemplateNode)> = defaults
                .iter()
                .map(|(name, value)| match own.get(name) {
                    Some(mine) => (name.clone(), merged(Some(value), mine)),
                    None => (name.clone(), value.clone()),
                })
                .collect();
            out.extend(
                members
                    .iter()
                    .filter(|(name, _)| global.get(name).is_none())
                    .cloned(),
            );
            TemplateNode::new(TemplateValue::Map(out)).at(own.position.clone())
        }
        (TemplateValue::List(first), TemplateValue::List(second)) => {
            let all = first.iter().chain(second).cloned().collect();
            TemplateNode::new(TemplateValue::List(all)).at(own.position.clone())
        }
        _ => own.clone(),
    }
}

/// The global properties of a function without those that its attribute `IgnoreGlobals` lists; `*` stands
/// for all.
fn not_ignored(global: &TemplateNode, resource: &TemplateNode) -> Option<TemplateNode> {
    let Some(ignored) = resource.get("IgnoreGlobals") else {
        return Some(global.clone());
    };
    if ignored.as_text().as_deref() == Some("*") {
        return None;
    }
    let ignored: Vec<String> = ignored
        .items()
        .iter()
        .filter_map(TemplateNode::as_text)
        .collect();
    let members = global.members().iter();
    let kept = members.filter(|(name, _)| !ignored.contains(name));
    Some(TemplateNode::new(TemplateValue::Map(
        kept.cloned().collect(),
    )))
}

/// One function.
struct Translation<'a> {
    id: &'a str,
    resource: &'a Resource<'a>,
    evaluation: &'a Evaluation<'a>,
    /// Its properties with those of Globals, before functions are evaluated.
    written: Option<&'a TemplateNode>,
    p: Properties<'a>,
}

fn map(members: Vec<(&str, TemplateNode)>) -> TemplateNode {
    TemplateNode::new(TemplateValue::Map(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    ))
}

impl Translation<'_> {
    /// The function as others name it.
    fn name(&self) -> String {
        names::name(self.evaluation, self.id)
    }

    /// The alias that events and the URL call; empty for the function itself.
    fn alias(&self) -> String {
        self.p.text("AutoPublishAlias").unwrap_or_default()
    }

    /// The function, with the alias where there is one, as a permission names it.
    fn target(&self) -> String {
        match self.alias() {
            alias if alias.is_empty() => self.name(),
            alias => format!("{}:{alias}", self.name()),
        }
    }

    fn function(&self, out: &mut Gathered) {
        let code = if let Some(text) = self.p.get("InlineCode") {
            Some(map(vec![("ZipFile", text.clone())]))
        } else {
            self.p
                .get("ImageUri")
                .map(|uri| map(vec![("ImageUri", uri.clone())]))
        };
        let mut members = self.p.0.members().to_vec();
        if let Some(code) = code {
            members.push(("Code".to_owned(), code));
        }
        let properties = TemplateNode::new(TemplateValue::Map(members));
        out.functions.push(FunctionSettings {
            source: Resource {
                address: self.resource.address.clone(),
                construct: self.resource.construct.clone(),
                position: self.resource.position.clone(),
                node: &properties,
                bucket: None,
            }
            .source(&[
                ("versions/$LATEST/runtime", "Runtime"),
                ("versions/$LATEST/memory_mb", "MemorySize"),
                ("versions/$LATEST/timeout_s", "Timeout"),
                ("versions/$LATEST/vpc", "VpcConfig"),
                ("versions/$LATEST/snap_start", "SnapStart"),
                ("versions/$LATEST/package_type", "PackageType"),
                ("versions/$LATEST/code_size_bytes", "CodeUri"),
                ("urls", "FunctionUrlConfig"),
                ("policies", "Events"),
            ]),
            name: self.p.name("FunctionName"),
            configuration: configuration(Properties(&properties)),
            reserved_concurrency: self.p.number("ReservedConcurrentExecutions"),
            ..FunctionSettings::default()
        });
        if self.p.get("Role").is_none() {
            out.identities
                .push(self.role(&["service-role/AWSLambdaBasicExecutionRole"]));
        }
        self.published(out);
        self.url(out);
        for (name, event) in self
            .p
            .get("Events")
            .map(TemplateNode::members)
            .unwrap_or_default()
        {
            self.event(name, Properties(event), out);
        }
    }

    /// The version and the alias that are published at each deployment.
    fn published(&self, out: &mut Gathered) {
        let alias = self.alias();
        if alias.is_empty() {
            return;
        }
        let version = fixed_symbol(&format!("{}.Version", self.resource.address));
        if let Some(config) = self.p.get("ProvisionedConcurrencyConfig") {
            let requested = match config.reference() {
                Some(reference) => Setting::Undetermined(reference.to_owned()),
                None => Properties(config).number("ProvisionedConcurrentExecutions"),
            };
            out.of_functions.push((
                self.name(),
                OfFunction::Provisioned(alias.clone(), requested),
            ));
        }
        out.of_functions
            .push((self.name(), OfFunction::Version(version.clone())));
        out.of_functions.push((
            self.name(),
            OfFunction::Alias(AliasSettings {
                name: alias,
                version,
                ..AliasSettings::default()
            }),
        ));
    }

    fn url(&self, out: &mut Gathered) {
        let Some(config) = self.p.get("FunctionUrlConfig").map(Properties) else {
            return;
        };
        out.of_functions.push((
            self.name(),
            OfFunction::Url(UrlSettings {
                qualifier: self.alias(),
                auth_type: config.word("AuthType"),
                cors: config.get("Cors").map(|cors| url_cors(Properties(cors))),
                position: config.position("AuthType"),
                adds_permissions: self.auth_type_is_literal(),
            }),
        ));
    }

    /// The translator writes both permissions of a public URL where `NONE` itself is written. A function in
    /// its place is evaluated after the translation, so that no permission is added and the URL answers
    /// 403.
    fn auth_type_is_literal(&self) -> bool {
        let written = self
            .written
            .and_then(|written| written.get("FunctionUrlConfig")?.get("AuthType"));
        written.is_some_and(|auth_type| matches!(auth_type.value, TemplateValue::Text(_)))
    }

    fn permission(&self, event: &str, principal: &str, of: PermissionSettings, out: &mut Gathered) {
        out.of_functions.push((
            self.target(),
            OfFunction::Permission(Box::new(PermissionSettings {
                sid: format!("{}{event}Permission", self.resource.address),
                action: Some(TemplateNode::text("lambda:InvokeFunction")),
                principal: Some(TemplateNode::text(principal)),
                position: self.resource.position.clone(),
                ..of
            })),
        ));
    }

    fn from_source(source_arn: Option<TemplateNode>) -> PermissionSettings {
        PermissionSettings {
            source_arn,
            ..PermissionSettings::default()
        }
    }

    /// An ARN of a resource that the translator makes.
    fn made_arn(&self, service: &str, resource: &str) -> TemplateNode {
        TemplateNode::text(format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.evaluation.partition(),
            self.evaluation.region(),
            self.evaluation.account()
        ))
    }

    fn function_arn(&self) -> String {
        shown(&names::function_arn(self.evaluation, &self.target()))
    }

    fn event(&self, name: &str, event: Properties<'_>, out: &mut Gathered) {
        let kind = event.text("Type").unwrap_or_default();
        let nothing = TemplateNode::default();
        let p = Properties(event.get("Properties").unwrap_or(&nothing));
        let source = |property: &str| p.get(property).cloned();
        match kind.as_str() {
            "Api" | "HttpApi" | "WebSocket" => {
                let api = fixed_symbol(&format!("{}{name}", self.resource.address));
                let arn = self.made_arn("execute-api", &format!("{api}/*"));
                self.permission(
                    name,
                    "apigateway.amazonaws.com",
                    Self::from_source(Some(arn)),
                    out,
                );
            }
            "S3" => {
                let of = PermissionSettings {
                    source_account: Some(TemplateNode::text(self.evaluation.account())),
                    ..PermissionSettings::default()
                };
                self.permission(name, "s3.amazonaws.com", of, out);
            }
            "SNS" => self.permission(
                name,
                "sns.amazonaws.com",
                Self::from_source(source("Topic")),
                out,
            ),
            "Schedule" | "CloudWatchEvent" | "EventBridgeRule" => self.rule(name, p, out),
            "ScheduleV2" => self.schedule(name, p, out),
            "SQS" | "Kinesis" | "DynamoDB" | "MSK" | "MQ" | "DocumentDB" | "SelfManagedKafka" => {
                let source = ["Queue", "Stream", "Broker", "Cluster"]
                    .into_iter()
                    .find_map(|property| p.text(property))
                    .unwrap_or_default();
                let enabled = p.boolean("Enabled").written().copied().unwrap_or(true);
                out.settings.event_source_mappings.push(EventSourceMapping {
                    uuid: format!("{}{name}", self.resource.address),
                    function_arn: self.function_arn(),
                    source: shown(&source),
                    state: if enabled { "Enabled" } else { "Disabled" }.to_owned(),
                });
            }
            "CloudWatchLogs" => {
                let group = p.text("LogGroupName").unwrap_or_default();
                let arn = self.made_arn("logs", &format!("log-group:{group}:*"));
                self.permission(
                    name,
                    "logs.amazonaws.com",
                    Self::from_source(Some(arn)),
                    out,
                );
            }
            "IoTRule" => {
                let rule = fixed_symbol(&format!("{}{name}", self.resource.address));
                let arn = self.made_arn("iot", &format!("rule/{rule}"));
                self.permission(name, "iot.amazonaws.com", Self::from_source(Some(arn)), out);
            }
            "Cognito" => {
                let pool = p.text("UserPool").unwrap_or_default();
                let arn = self.made_arn("cognito-idp", &format!("userpool/{pool}"));
                self.permission(
                    name,
                    "cognito-idp.amazonaws.com",
                    Self::from_source(Some(arn)),
                    out,
                );
            }
            "AlexaSkill" => {
                let of = PermissionSettings {
                    event_source_token: source("SkillId"),
                    ..PermissionSettings::default()
                };
                self.permission(name, "alexa-appkit.amazon.com", of, out);
            }
            _ => {}
        }
    }

    /// Whether a rule or a schedule is on: `State`, or `Enabled` from before.
    fn state(p: Properties<'_>) -> String {
        match (p.text("State"), p.boolean("Enabled")) {
            (Some(state), _) => shown(&state),
            (None, Setting::Written(false)) => "DISABLED".to_owned(),
            _ => "ENABLED".to_owned(),
        }
    }

    fn rule(&self, name: &str, p: Properties<'_>, out: &mut Gathered) {
        let rule = match p.text("Name") {
            Some(name) => name,
            None => fixed_symbol(&format!("{}{name}", self.resource.address)),
        };
        let arn = self.made_arn("events", &format!("rule/{rule}"));
        self.permission(
            name,
            "events.amazonaws.com",
            Self::from_source(Some(arn)),
            out,
        );
        out.settings.rules.push(EventRule {
            name: shown(&rule),
            bus: shown(
                &p.text("EventBusName")
                    .unwrap_or_else(|| "default".to_owned()),
            ),
            state: Self::state(p),
            schedule: p.text("Schedule").map(|text| shown(&text)),
            targets: vec![RuleTarget {
                function_arn: self.function_arn(),
                constant_input: p.get("Input").is_some(),
            }],
        });
    }

    fn schedule(&self, name: &str, p: Properties<'_>, out: &mut Gathered) {
        out.settings.schedules.push(Schedule {
            name: shown(
                &p.text("Name")
                    .unwrap_or_else(|| fixed_symbol(&format!("{}{name}", self.resource.address))),
            ),
            group: shown(&p.text("GroupName").unwrap_or_else(|| "default".to_owned())),
            state: Self::state(p),
            schedule: shown(&p.text("ScheduleExpression").unwrap_or_default()),
            function_arn: self.function_arn(),
            constant_input: p.get("Input").is_some(),
        });
    }

    /// The role that the translator makes, with the policies of AWS that it adds.
    fn role(&self, added: &[&str]) -> IdentitySettings {
        let partition = self.evaluation.partition();
        let added = added
            .iter()
            .map(|policy| format!("arn:{partition}:iam::aws:policy/{policy}"));
        let mut role = IdentitySettings {
            source: Resource {
                address: format!("{}Role", self.resource.address),
                construct: None,
                position: self.resource.position.clone(),
                node: self.p.0,
                bucket: None,
            }
            .source(&[("inline", "Policies")]),
            kind: "role".to_owned(),
            identity: IdentityInventory {
                path: self.p.text("RolePath").unwrap_or_else(|| "/".to_owned()),
                attached: added.collect(),
                boundary: self.p.text("PermissionsBoundary"),
                ..IdentityInventory::default()
            },
            ..IdentitySettings::default()
        };
        let Some(policies) = self.p.get("Policies") else {
            return role;
        };
        role.undetermined = policies.reference().map(shown);
        for (index, policy) in policies.items().iter().enumerate() {
            let name = format!("{}RolePolicy{index}", self.resource.address);
            match &policy.value {
                TemplateValue::Text(text) if text.starts_with("arn:") => {
                    role.identity.attached.push(text.clone());
                }
                TemplateValue::Text(text) if !has_symbol(text) => {
                    // The translator knows the path of each policy of AWS.
                    role.identity.attached.push(format!(
                        "arn:{}:iam::aws:policy/{}",
                        self.evaluation.partition(),
                        aws_managed::path_of(text).unwrap_or(text)
                    ));
                }
                TemplateValue::Map(members) => match members.as_slice() {
                    [(template, of)] if template.ends_with("Policy") => {
                        if let Some(document) = self.policy_template(template, Properties(of)) {
                            role.inline.insert(name, document);
                        }
                    }
                    _ => {
                        role.inline.insert(name, policy.clone());
                    }
                },
                _ => role.undetermined = Some("Policies".to_owned()),
            }
        }
        role
    }

    /// The statements of SAM's policy templates for S3 (policy_templates.json of samtranslator); the
    /// others allow nothing on S3.
    fn policy_template(&self, template: &str, p: Properties<'_>) -> Option<TemplateNode> {
        const READ: &[&str] = &[
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation",
            "s3:GetObjectVersion",
            "s3:GetLifecycleConfiguration",
        ];
        const WRITE: &[&str] = &[
            "s3:PutObject",
            "s3:PutObjectAcl",
            "s3:PutLifecycleConfiguration",
        ];
        const DELETE: &[&str] = &["s3:DeleteObject"];
        let parts: &[&[&str]] = match template {
            "S3ReadPolicy" => &[READ],
            "S3WritePolicy" => &[WRITE],
            "S3CrudPolicy" | "S3FullAccessPolicy" => &[READ, WRITE, DELETE],
            _ => return None,
        };
        let list = |texts: Vec<String>| {
            TemplateNode::new(TemplateValue::List(
                texts.into_iter().map(TemplateNode::text).collect(),
            ))
        };
        let bucket = p.text("BucketName").unwrap_or_default();
        let arn = format!("arn:{}:s3:::{bucket}", self.evaluation.partition());
        let actions = parts
            .iter()
            .flat_map(|part| part.iter())
            .map(|action| (*action).to_owned());
        Some(map(vec![(
            "Statement",
            TemplateNode::new(TemplateValue::List(vec![map(vec![
                ("Effect", TemplateNode::text("Allow")),
                ("Action", list(actions.collect())),
                ("Resource", list(vec![arn.clone(), format!("{arn}/*")])),
            ])])),
        )]))
    }
}
