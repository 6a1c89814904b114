//! What is around buckets and functions: account-level Block Public Access, access points, KMS keys,
//! trails, AWS Config, and what calls functions by itself.

use super::address::ResourceAddress;
use super::bucket_settings::{names_bucket, text_in, texts_in};
use super::buckets::block;
use super::functions::{FunctionJoin, function_join, names_function};
use super::names::{KEYS, name_of, symbol};
use super::policies;
use super::reader::{BucketJoin, Plan, ResourceReader, first, flag_of, text_of};
use super::references::Referent;
use crate::inventory::Reading;
use crate::inventory::config::{ConfigDeliveryChannel, ConfigRecorder, ConfigRule};
use crate::inventory::key::{KeyDescription, KeyRotation};
use crate::inventory::trail::{
    AdvancedSelector, BasicSelector, DataResources, EventSelectors, FieldSelector, TrailInventory,
    TrailStatus,
};
use crate::inventory::trigger::{
    EventRule, EventSourceMapping, RuleTarget, ScalableTarget, Schedule,
};
use crate::template::settings::{
    AccessPointSettings, BlockSettings, ConfigSettings, DeploymentSettings, EventStoreSettings,
    KeySettings, MultiRegionSettings, Setting, TrailSettings,
};
use crate::template::value::{TemplateNode, fixed_symbol, open_symbol, shown};

/// Reads everything of it.
pub(super) fn read(plan: &Plan<'_>, settings: &mut DeploymentSettings) {
    if let Some(reader) = plan.staying("aws_s3_account_public_access_block").next() {
        settings.account_public_access_block = Setting::Written(block(&reader));
        settings.account_source = Some(reader.source());
    }
    settings.access_points = access_points(plan);
    settings.multi_region_access_points = multi_region(plan);
    settings.keys = keys(plan);
    settings.trails = plan
        .staying("aws_cloudtrail")
        .map(|reader| trail(&reader))
        .collect();
    settings.event_data_stores = plan
        .staying("aws_cloudtrail_event_data_store")
        .map(|reader| EventStoreSettings {
            region: plan.region_of(&reader),
            store: EventStoreSettings::recorder(
                &name_of(reader.plan, reader.address(), "name"),
                reader.flag("multi_region_enabled"),
                // Terraform has `suspend` as text.
                reader.text("suspend").map(|text| text == "true"),
                selectors(&reader),
            ),
        })
        .collect();
    settings.config = config(plan);
    settings.event_source_mappings = mappings(plan);
    settings.rules = rules(plan);
    settings.schedules = schedules(plan);
    settings.scalable_targets = scalable(plan);
}

/// A flag of an access point's block, which is on unless it is written.
fn on_by_default(setting: Setting<bool>) -> Setting<bool> {
    match setting {
        Setting::LeftOut => Setting::Written(true),
        other => other,
    }
}

fn point_block(blocks: &TemplateNode) -> Setting<BlockSettings> {
    if let Some(reference) = blocks.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let Some(block) = blocks.items().first() else {
        return Setting::LeftOut;
    };
    let flag = |member: &str| on_by_default(block.get(member).map_or(Setting::LeftOut, flag_of));
    Setting::Written(BlockSettings {
        block_public_acls: flag("block_public_acls"),
        ignore_public_acls: flag("ignore_public_acls"),
        block_public_policy: flag("block_public_policy"),
        restrict_public_buckets: flag("restrict_public_buckets"),
    })
}

fn bucket_text(reader: &ResourceReader<'_>, argument: &str) -> String {
    match reader.bucket_join(argument, 0) {
        BucketJoin::Bucket(address) => name_of(reader.plan, &address, "bucket"),
        BucketJoin::Elsewhere(name) => name.rsplit(':').next().unwrap_or(&name).to_owned(),
        BucketJoin::Open(_, reference) => open_symbol(&reference),
    }
}

/// The policy that a resource has in a resource of its own: of `kind`, which names its owner in `argument`.
/// One that names no resource of the plan may be of any, so that theirs is unknown.
fn separate_policy(
    plan: &Plan<'_>,
    kind: &str,
    argument: &str,
    is_of: impl Fn(&ResourceReader<'_>) -> bool,
) -> Option<Setting<TemplateNode>> {
    if let Some(own) = plan.staying(kind).find(|policy| is_of(policy)) {
        return Some(policies::policy(&own, "policy"));
    }
    let mut all = plan.staying(kind);
    let of_any = all.find(|policy| {
        let is_opaque = |referent: &Referent| matches!(referent, Referent::Opaque(_));
        let named = policy.referents(policy.expression(argument));
        policy.known_text(argument).is_none() && named.iter().all(is_opaque)
    })?;
    Some(Setting::Undetermined(of_any.address().to_string()))
}

fn access_points(plan: &Plan<'_>) -> Vec<AccessPointSettings> {
    let mut points = Vec::new();
    for reader in plan.staying("aws_s3_access_point") {
        let (kind, argument) = ("aws_s3control_access_point_policy", "access_point_arn");
        let separate = separate_policy(plan, kind, argument, |policy| {
            refers_to(policy, argument, reader.address())
        });
        let policy = match separate {
            Some(policy) => policy,
            // The provider reads back what is not written.
            None if reader.expression("policy").refers()
                || reader.known_text("policy").is_some() =>
            {
                policies::policy(&reader, "policy")
            }
            None => Setting::LeftOut,
        };
        let vpc = reader.joined_blocks("vpc_configuration", |_| true);
        points.push(AccessPointSettings {
            source: reader.source(),
            name: Setting::Written(name_of(plan, reader.address(), "name")),
            region: plan.region_of(&reader),
            bucket: bucket_text(&reader, "bucket"),
            bucket_account: reader.known_text("bucket_account_id"),
            vpc: first(&vpc, "vpc_id").map_or(Setting::LeftOut, text_of),
            public_access_block: point_block(&reader.blocks("public_access_block_configuration")),
            policy,
        });
    }
    points
}

/// An argument refers to a resource, by its ARN or by an attribute.
fn refers_to(reader: &ResourceReader<'_>, argument: &str, address: &ResourceAddress) -> bool {
    let by_text = reader.known_text(argument).is_some_and(|text| {
        let name = name_of(reader.plan, address, "name");
        text.rsplit(['/', ':']).next() == Some(&name)
    });
    by_text
        || reader
            .referents(reader.expression(argument))
            .iter()
            .any(|referent| matches!(referent, Referent::Resource { address: other, .. } if other == address))
}

fn multi_region(plan: &Plan<'_>) -> Vec<MultiRegionSettings> {
    let mut points = Vec::new();
    for reader in plan.staying("aws_s3control_multi_region_access_point") {
        let details = reader.joined_blocks("details", names_bucket);
        let Some(detail) = details.items().first() else {
            continue;
        };
        let name = text_in(detail, "name");
        let policy = plan
            .staying("aws_s3control_multi_region_access_point_policy")
            .find_map(|policy| {
                let details = policy.blocks("details");
                let block = details.items().first()?;
                let same = name.is_some() && text_in(block, "name") == name
                    || refers_to(&policy, "details", reader.address());
                same.then(|| block.get("policy").cloned().unwrap_or_default())
            });
        let regions = detail
            .get("region")
            .map(TemplateNode::items)
            .unwrap_or_default();
        points.push(MultiRegionSettings {
            source: reader.source(),
            name: name.map_or(Setting::LeftOut, Setting::Written),
            buckets: regions
                .iter()
                .filter_map(|region| text_in(region, "bucket"))
                .collect(),
            public_access_block: detail
                .get("public_access_block")
                .map_or(Setting::LeftOut, point_block),
            policy: match policy.map(|policy| text_of(&policy)) {
                Some(text) => text.map(TemplateNode::text),
                None => Setting::LeftOut,
            },
        });
    }
    points
}

fn keys(plan: &Plan<'_>) -> Vec<KeySettings> {
    let mut keys = Vec::new();
    for kind in KEYS {
        for reader in plan.staying(kind) {
            let id = symbol(plan, reader.address(), "key_id", 0);
            let aliases = plan
                .staying("aws_kms_alias")
                .filter(|alias| refers_to_key(alias, "target_key_id", reader.address(), &id))
                .map(|alias| name_of(plan, alias.address(), "name"))
                .collect();
            keys.push(KeySettings {
                source: reader.source(),
                id: id.clone(),
                region: plan.region_of(&reader),
                description: key_description(&reader, kind),
                rotation: rotation(&reader, kind),
                policy: separate_policy(plan, "aws_kms_key_policy", "key_id", |policy| {
                    refers_to_key(policy, "key_id", reader.address(), &id)
                })
                .unwrap_or_else(|| policies::policy(&reader, "policy")),
                aliases,
            });
        }
    }
    keys
}

/// An argument names a key, by its id or by an attribute of it.
fn refers_to_key(
    reader: &ResourceReader<'_>,
    argument: &str,
    address: &ResourceAddress,
    id: &str,
) -> bool {
    reader.known_text(argument).as_deref() == Some(id) || refers_to(reader, argument, address)
}

fn rotation(reader: &ResourceReader<'_>, kind: &str) -> Setting<KeyRotation> {
    // A replica rotates as its primary key does (AWS KMS Developer Guide, "Rotate AWS KMS keys").
    if kind == "aws_kms_replica_key" {
        return Setting::Undetermined("rotation of the primary key".to_owned());
    }
    reader
        .flag("enable_key_rotation")
        .map(|enabled| KeyRotation {
            enabled,
            period_days: reader.number("rotation_period_in_days").written().copied(),
        })
}

fn key_description(reader: &ResourceReader<'_>, kind: &str) -> Setting<KeyDescription> {
    let spec = match reader.text("customer_master_key_spec") {
        Setting::LeftOut => reader.text("key_spec"),
        written => written,
    };
    let enabled = match kind {
        "aws_kms_key" => reader.flag("is_enabled"),
        _ => reader.flag("enabled"),
    };
    match (spec, enabled) {
        (Setting::Undetermined(reference), _) | (_, Setting::Undetermined(reference)) => {
            Setting::Undetermined(reference)
        }
        (spec, enabled) => Setting::Written(KeyDescription {
            manager: "CUSTOMER".to_owned(),
            state: match enabled {
                Setting::Written(false) => "Disabled",
                _ => "Enabled",
            }
            .to_owned(),
            origin: match kind {
                "aws_kms_external_key" | "aws_kms_replica_external_key" => "EXTERNAL",
                _ => "AWS_KMS",
            }
            .to_owned(),
            spec: spec
                .written()
                .cloned()
                .unwrap_or_else(|| "SYMMETRIC_DEFAULT".to_owned()),
            ..KeyDescription::default()
        }),
    }
}

fn trail(reader: &ResourceReader<'_>) -> TrailSettings {
    let key = reader.symbolic("kms_key_id", |kind| kind.starts_with("aws_kms_"));
    let logging = match reader.flag("enable_logging") {
        Setting::Undetermined(reference) => Reading::Undetermined(reference),
        setting => Reading::Known(TrailStatus {
            logging: setting != Setting::Written(false),
            delivery_error: None,
        }),
    };
    TrailSettings {
        source: reader.source(),
        name: Setting::Written(name_of(reader.plan, reader.address(), "name")),
        region: reader.plan.region_of(reader),
        multi_region: reader.flag("is_multi_region_trail"),
        organization: reader.flag("is_organization_trail"),
        log_file_validation: reader.flag("enable_log_file_validation"),
        trail: TrailInventory {
            bucket: bucket_text(reader, "s3_bucket_name"),
            kms_key: match key {
                Setting::Written(key) => Some(key),
                Setting::Undetermined(reference) => Some(fixed_symbol(&reference)),
                Setting::LeftOut => None,
            },
            status: logging,
            selectors: selectors(reader),
            ..TrailInventory::default()
        },
    }
}

fn selectors(reader: &ResourceReader<'_>) -> Reading<EventSelectors> {
    // Of a bucket, the value is its ARN and a prefix, which a plan does not say; of a function, its ARN.
    let basic = reader.joined_blocks("event_selector", names_function);
    let advanced = reader.joined_blocks("advanced_event_selector", names_function);
    for blocks in [&basic, &advanced] {
        if let Some(reference) = blocks.references().into_iter().next() {
            return data_events_are_unknown(&reference);
        }
    }
    if basic.is_empty() && advanced.is_empty() {
        // Without selectors a trail records management events (CloudTrail API reference).
        return Reading::Known(EventSelectors {
            basic: vec![BasicSelector {
                read_write: "All".to_owned(),
                management: true,
                data: Vec::new(),
            }],
            advanced: Vec::new(),
        });
    }
    Reading::Known(EventSelectors {
        basic: basic.items().iter().map(basic_selector).collect(),
        advanced: advanced.items().iter().map(advanced_selector).collect(),
    })
}

fn data_events_are_unknown(reference: &str) -> Reading<EventSelectors> {
    Reading::Undetermined(shown(reference))
}

fn basic_selector(block: &TemplateNode) -> BasicSelector {
    let data = block
        .get("data_resource")
        .map(TemplateNode::items)
        .unwrap_or_default();
    BasicSelector {
        read_write: text_in(block, "read_write_type").unwrap_or_else(|| "All".to_owned()),
        management: block.get("include_management_events").map(flag_of)
            != Some(Setting::Written(false)),
        data: data
            .iter()
            .map(|data| DataResources {
                kind: text_in(data, "type").unwrap_or_default(),
                values: shown_texts(data, "values"),
            })
            .collect(),
    }
}

fn shown_texts(block: &TemplateNode, member: &str) -> Vec<String> {
    texts_in(block, member)
        .iter()
        .map(|text| shown(text))
        .collect()
}

fn advanced_selector(block: &TemplateNode) -> AdvancedSelector {
    let fields = block
        .get("field_selector")
        .map(TemplateNode::items)
        .unwrap_or_default();
    AdvancedSelector {
        fields: fields
            .iter()
            .map(|field| FieldSelector {
                field: text_in(field, "field").unwrap_or_default(),
                equals: shown_texts(field, "equals"),
                starts_with: shown_texts(field, "starts_with"),
                ends_with: shown_texts(field, "ends_with"),
                not_equals: shown_texts(field, "not_equals"),
                not_starts_with: shown_texts(field, "not_starts_with"),
                not_ends_with: shown_texts(field, "not_ends_with"),
            })
            .collect(),
    }
}

fn config(plan: &Plan<'_>) -> ConfigSettings {
    let mut config = ConfigSettings::default();
    for reader in plan.staying("aws_config_configuration_recorder") {
        let name = reader
            .known_text("name")
            .unwrap_or_else(|| "default".to_owned());
        // A recorder starts when its status says so.
        let recording = plan
            .staying("aws_config_configuration_recorder_status")
            .any(|status| {
                let same = status.known_text("name").as_deref() == Some(name.as_str())
                    || refers_to(&status, "name", reader.address());
                same && status.flag("is_enabled") == Setting::Written(true)
            });
        config.recorders.push((recorder(&reader, name), recording));
        config.source.get_or_insert_with(|| reader.source());
    }
    for reader in plan.staying("aws_config_delivery_channel") {
        config.channels.push(ConfigDeliveryChannel {
            name: reader
                .known_text("name")
                .unwrap_or_else(|| "default".to_owned()),
            bucket: shown(&bucket_text(&reader, "s3_bucket_name")),
        });
    }
    for reader in plan.staying("aws_config_config_rule") {
        let source = reader.blocks("source");
        let text = |member: &str| first(&source, member).and_then(TemplateNode::as_text);
        config.rules.push(ConfigRule {
            name: shown(&name_of(plan, reader.address(), "name")),
            identifier: text("source_identifier")
                .map(|text| shown(&text))
                .unwrap_or_default(),
            owner: text("owner").unwrap_or_default(),
            state: "ACTIVE".to_owned(),
        });
    }
    config
}

fn recorder(reader: &ResourceReader<'_>, name: String) -> ConfigRecorder {
    let group = reader.blocks("recording_group");
    let group = group.items().first();
    let mode = reader.blocks("recording_mode");
    let overrides = first(&mode, "recording_mode_override")
        .map(TemplateNode::items)
        .unwrap_or_default();
    let strategy = group
        .and_then(|group| group.get("recording_strategy"))
        .and_then(|strategy| text_in(strategy.items().first()?, "use_only"));
    let excluded = group
        .and_then(|group| group.get("exclusion_by_resource_types"))
        .and_then(|excluded| excluded.items().first())
        .map(|excluded| texts_in(excluded, "resource_types"));
    let all = group.map(|group| group.get("all_supported").map(flag_of));
    ConfigRecorder {
        name,
        service_linked: false,
        // Without a group, and unless it is switched off, every supported type is recorded.
        all_supported: match all {
            None => true,
            Some(flag) => !matches!(flag, Some(Setting::Written(false))),
        },
        strategy,
        resource_types: group
            .map(|group| texts_in(group, "resource_types"))
            .unwrap_or_default(),
        excluded_types: excluded.unwrap_or_default(),
        frequency: first(&mode, "recording_frequency").and_then(TemplateNode::as_text),
        frequency_overrides: overrides
            .iter()
            .flat_map(|block| {
                let frequency = text_in(block, "recording_frequency").unwrap_or_default();
                texts_in(block, "resource_types")
                    .into_iter()
                    .map(move |kind| (kind, frequency.clone()))
            })
            .collect(),
    }
}

/// The ARN of the function that an argument names, with the qualifier.
fn function_arn_of(reader: &ResourceReader<'_>, argument: &str) -> Option<String> {
    match function_join(reader, argument, 0) {
        FunctionJoin::Function(address, qualifier) => {
            let arn = symbol(reader.plan, &address, "arn", 0);
            Some(shown(&match qualifier {
                Some(qualifier) => format!("{arn}:{qualifier}"),
                None => arn,
            }))
        }
        FunctionJoin::Elsewhere | FunctionJoin::Open(_) => None,
    }
}

fn mappings(plan: &Plan<'_>) -> Vec<EventSourceMapping> {
    plan.staying("aws_lambda_event_source_mapping")
        .filter_map(|reader| {
            Some(EventSourceMapping {
                uuid: reader.address().to_string(),
                function_arn: function_arn_of(&reader, "function_name")?,
                source: reader
                    .joined("event_source_arn", |_| true)
                    .as_text()
                    .map(|source| shown(&source))
                    .unwrap_or_default(),
                state: match reader.flag("enabled") {
                    Setting::Written(false) => "Disabled",
                    _ => "Enabled",
                }
                .to_owned(),
            })
        })
        .collect()
}

fn rules(plan: &Plan<'_>) -> Vec<EventRule> {
    let mut rules = Vec::new();
    for reader in plan.staying("aws_cloudwatch_event_rule") {
        let name = name_of(plan, reader.address(), "name");
        let targets: Vec<RuleTarget> = plan
            .staying("aws_cloudwatch_event_target")
            .filter(|target| {
                target.known_text("rule").as_deref() == Some(name.as_str())
                    || refers_to(target, "rule", reader.address())
            })
            .filter_map(|target| {
                Some(RuleTarget {
                    function_arn: function_arn_of(&target, "arn")?,
                    constant_input: !target.node("input").is_empty(),
                })
            })
            .collect();
        if targets.is_empty() {
            continue;
        }
        let disabled = reader.flag("is_enabled") == Setting::Written(false);
        rules.push(EventRule {
            name: shown(&name),
            bus: reader
                .known_text("event_bus_name")
                .unwrap_or_else(|| "default".to_owned()),
            state: match reader.known_text("state") {
                Some(state) => state,
                None if disabled => "DISABLED".to_owned(),
                None => "ENABLED".to_owned(),
            },
            schedule: reader.known_text("schedule_expression"),
            targets,
        });
    }
    rules
}

fn schedules(plan: &Plan<'_>) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for reader in plan.staying("aws_scheduler_schedule") {
        let target = reader.joined_blocks("target", names_function);
        let Some(arn) = first(&target, "arn").and_then(TemplateNode::as_text) else {
            continue;
        };
        if !arn.contains(":lambda:") {
            continue;
        }
        schedules.push(Schedule {
            name: shown(&name_of(plan, reader.address(), "name")),
            group: reader
                .known_text("group_name")
                .unwrap_or_else(|| "default".to_owned()),
            state: reader
                .known_text("state")
                .unwrap_or_else(|| "ENABLED".to_owned()),
            schedule: reader.known_text("schedule_expression").unwrap_or_default(),
            function_arn: shown(&arn),
            constant_input: first(&target, "input").is_some_and(|input| !input.is_empty()),
        });
    }
    schedules
}

fn scalable(plan: &Plan<'_>) -> Vec<ScalableTarget> {
    plan.staying("aws_appautoscaling_target")
        .filter(|reader| reader.known_text("service_namespace").as_deref() == Some("lambda"))
        .filter_map(|reader| {
            // `function:NAME:QUALIFIER`.
            let id = reader.known_text("resource_id")?;
            let mut parts = id.strip_prefix("function:")?.splitn(2, ':');
            Some(ScalableTarget {
                function: parts.next()?.to_owned(),
                qualifier: parts.next()?.to_owned(),
                min: reader
                    .number("min_capacity")
                    .written()
                    .copied()
                    .unwrap_or(0),
                max: reader
                    .number("max_capacity")
                    .written()
                    .copied()
                    .unwrap_or(0),
            })
        })
        .collect()
}
