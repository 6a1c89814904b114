//! KMS keys, CloudTrail trails and AWS Config.

use super::super::settings::{EventStoreSettings, KeySettings, Setting, TrailSettings};
use super::super::value::{TemplateNode, shown};
use super::evaluate::Evaluation;
use super::gather::{Gathered, Resource};
use super::names;
use super::properties::Properties;
use crate::inventory::Reading;
use crate::inventory::config::{ConfigDeliveryChannel, ConfigRecorder, ConfigRule};
use crate::inventory::key::{KeyDescription, KeyRotation};
use crate::inventory::trail::{
    AdvancedSelector, BasicSelector, DataResources, EventSelectors, FieldSelector, TrailInventory,
    TrailStatus,
};

/// Reads a resource of KMS, CloudTrail or AWS Config; false for a type that is not read.
pub(super) fn read(
    kind: &str,
    id: &str,
    resource: &Resource<'_>,
    evaluation: &Evaluation<'_>,
    out: &mut Gathered,
) -> bool {
    let p = resource.properties();
    match kind {
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => {
            out.settings
                .keys
                .push(key(resource, p, names::name(evaluation, id)));
        }
        "AWS::KMS::Alias" => out.key_aliases.push((
            p.text("AliasName").unwrap_or_default(),
            p.text("TargetKeyId").unwrap_or_default(),
        )),
        "AWS::CloudTrail::Trail" => out.settings.trails.push(trail(resource, p)),
        "AWS::CloudTrail::EventDataStore" => {
            out.settings.event_data_stores.push(EventStoreSettings {
                region: None,
                store: EventStoreSettings::recorder(
                    &names::name(evaluation, id),
                    p.boolean("MultiRegionEnabled"),
                    p.boolean("IngestionEnabled").map(|ingests| !ingests),
                    selectors(p),
                ),
            });
        }
        "AWS::Config::ConfigurationRecorder" => {
            let config = &mut out.settings.config;
            config.source = Some(resource.source(&[]));
            let recorder = recorder(p, names::name(evaluation, id));
            let on = p
                .boolean("StartedOnCreate")
                .written()
                .copied()
                .unwrap_or(true);
            config.recorders.push((recorder, on));
        }
        "AWS::Config::DeliveryChannel" => {
            out.settings.config.channels.push(ConfigDeliveryChannel {
                name: shown(&names::name(evaluation, id)),
                bucket: shown(&p.text("S3BucketName").unwrap_or_default()),
            });
        }
        "AWS::Config::ConfigRule" => {
            let source = p.get("Source").map(Properties);
            let text = |name: &str| {
                source
                    .and_then(|source| source.text(name))
                    .map(|text| shown(&text))
                    .unwrap_or_default()
            };
            out.settings.config.rules.push(ConfigRule {
                name: shown(&names::name(evaluation, id)),
                identifier: text("SourceIdentifier"),
                owner: text("Owner"),
                state: "ACTIVE".to_owned(),
            });
        }
        _ => return false,
    }
    true
}

/// Defaults of the KMS API reference, CreateKey (copy of 2026). Rotation is off unless it is written.
fn key(resource: &Resource<'_>, p: Properties<'_>, id: String) -> KeySettings {
    let text = |name: &str, default: &str| match p.word(name) {
        Setting::LeftOut => Setting::Written(default.to_owned()),
        written => written,
    };
    let enabled = match p.boolean("Enabled") {
        Setting::LeftOut => Setting::Written(true),
        written => written,
    };
    let (spec, origin) = (
        text("KeySpec", "SYMMETRIC_DEFAULT"),
        text("Origin", "AWS_KMS"),
    );
    let description = match (spec, origin, enabled) {
        (Setting::Written(spec), Setting::Written(origin), Setting::Written(enabled)) => {
            Setting::Written(KeyDescription {
                manager: "CUSTOMER".to_owned(),
                state: match (origin.as_str(), enabled) {
                    // Material is imported after the key was made.
                    ("EXTERNAL", _) => "PendingImport",
                    (_, true) => "Enabled",
                    (_, false) => "Disabled",
                }
                .to_owned(),
                origin,
                spec,
                ..KeyDescription::default()
            })
        }
        (Setting::Undetermined(reference), ..)
        | (_, Setting::Undetermined(reference), _)
        | (.., Setting::Undetermined(reference)) => Setting::Undetermined(reference),
        _ => Setting::LeftOut,
    };
    KeySettings {
        source: resource.source(&[
            ("rotation", "EnableKeyRotation"),
            ("description", "Enabled"),
            ("policy", "KeyPolicy"),
        ]),
        id,
        region: None,
        description,
        rotation: match p.text("PrimaryKeyArn") {
            // A replica rotates as its primary key does (AWS KMS Developer Guide, "Rotate AWS KMS keys").
            Some(primary) => Setting::Undetermined(format!("rotation of {}", shown(&primary))),
            None => p.boolean("EnableKeyRotation").map(|enabled| KeyRotation {
                enabled,
                period_days: p.number("RotationPeriodInDays").written().copied(),
            }),
        },
        policy: p.get("KeyPolicy").map_or(Setting::LeftOut, |document| {
            match document.reference() {
                Some(reference) => Setting::Undetermined(shown(reference)),
                None => Setting::Written(document.clone()),
            }
        }),
        aliases: Vec::new(),
    }
}

fn trail(resource: &Resource<'_>, p: Properties<'_>) -> TrailSettings {
    let status = match p.boolean("IsLogging") {
        Setting::Undetermined(reference) => Reading::Undetermined(shown(&reference)),
        logging => Reading::Known(TrailStatus {
            logging: logging.written().copied().unwrap_or(false),
            delivery_error: None,
        }),
    };
    TrailSettings {
        source: resource.source(&[
            ("selectors", "EventSelectors"),
            ("status", "IsLogging"),
            ("log_file_validation", "EnableLogFileValidation"),
            ("kms_key", "KMSKeyId"),
            ("bucket", "S3BucketName"),
        ]),
        name: p.name("TrailName"),
        region: None,
        multi_region: p.boolean("IsMultiRegionTrail"),
        organization: p.boolean("IsOrganizationTrail"),
        log_file_validation: p.boolean("EnableLogFileValidation"),
        trail: TrailInventory {
            bucket: p.text("S3BucketName").unwrap_or_default(),
            kms_key: p.text("KMSKeyId"),
            status,
            selectors: selectors(p),
            ..TrailInventory::default()
        },
    }
}

/// Event selectors. Without any, a trail records management events (CloudTrail API reference,
/// EventSelector).
fn selectors(p: Properties<'_>) -> Reading<EventSelectors> {
    for name in ["EventSelectors", "AdvancedEventSelectors"] {
        if let Some(node) = p.get(name)
            && let Some(reference) = node.references().into_iter().next()
        {
            return Reading::Undetermined(shown(&reference));
        }
    }
    let advanced: Vec<AdvancedSelector> = items(p.get("AdvancedEventSelectors"))
        .map(|selector| AdvancedSelector {
            fields: items(selector.get("FieldSelectors")).map(field).collect(),
        })
        .collect();
    let mut basic: Vec<BasicSelector> = items(p.get("EventSelectors"))
        .map(|selector| BasicSelector {
            read_write: selector
                .text("ReadWriteType")
                .unwrap_or_else(|| "All".to_owned()),
            management: selector
                .boolean("IncludeManagementEvents")
                .written()
                .copied()
                .unwrap_or(true),
            data: items(selector.get("DataResources"))
                .map(|data| DataResources {
                    kind: data.text("Type").unwrap_or_default(),
                    values: texts(data.get("Values")),
                })
                .collect(),
        })
        .collect();
    if basic.is_empty() && advanced.is_empty() {
        basic.push(BasicSelector {
            read_write: "All".to_owned(),
            management: true,
            data: Vec::new(),
        });
    }
    Reading::Known(EventSelectors { basic, advanced })
}

fn field(selector: Properties<'_>) -> FieldSelector {
    FieldSelector {
        field: selector.text("Field").unwrap_or_default(),
        equals: texts(selector.get("Equals")),
        starts_with: texts(selector.get("StartsWith")),
        ends_with: texts(selector.get("EndsWith")),
        not_equals: texts(selector.get("NotEquals")),
        not_starts_with: texts(selector.get("NotStartsWith")),
        not_ends_with: texts(selector.get("NotEndsWith")),
    }
}

fn items<'n>(node: Option<&'n TemplateNode>) -> impl Iterator<Item = Properties<'n>> {
    node.map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .map(Properties)
}

fn texts(node: Option<&TemplateNode>) -> Vec<String> {
    node.map(TemplateNode::items)
        .unwrap_or_default()
        .iter()
        .filter_map(TemplateNode::as_text)
        .map(|text| shown(&text))
        .collect()
}

fn recorder(p: Properties<'_>, name: String) -> ConfigRecorder {
    let group = p.get("RecordingGroup").map(Properties);
    let mode = p.get("RecordingMode").map(Properties);
    let strategy = group.and_then(|group| group.at(&["RecordingStrategy", "UseOnly"])?.as_text());
    let types = |path: &[&str]| texts(group.and_then(|group| group.at(path)));
    ConfigRecorder {
        name: shown(&name),
        service_linked: false,
        all_supported: group.is_none_or(|group| {
            group
                .boolean("AllSupported")
                .written()
                .copied()
                .unwrap_or(false)
        }),
        strategy,
        resource_types: types(&["ResourceTypes"]),
        excluded_types: types(&["ExclusionByResourceTypes", "ResourceTypes"]),
        frequency: mode.and_then(|mode| mode.text("RecordingFrequency")),
        frequency_overrides: items(mode.and_then(|mode| mode.get("RecordingModeOverrides")))
            .flat_map(|each| {
                let frequency = each.text("RecordingFrequency").unwrap_or_default();
                texts(each.get("ResourceTypes"))
                    .into_iter()
                    .map(move |kind| (kind, frequency.clone()))
            })
            .collect(),
    }
}
