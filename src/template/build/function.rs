//! Functions with their versions, aliases, URLs and resource policies.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::regional_pointer;
use super::super::settings::{
    FunctionPart, FunctionSettings, PermissionSettings, Setting, UrlSettings,
};
use super::super::value::{TemplateNode, TemplateValue, has_open_symbol, shown};
use super::{Builder, Made};
use crate::inventory::Reading;
use crate::inventory::function::{
    Alias, FunctionConfiguration, FunctionInventory, FunctionUrl, ProvisionedConcurrency, SnapStart,
};
use crate::inventory::ids::{SubjectKind, function_arn};
use crate::inventory::pointer::pointer;

/// The version that is edited.
const LATEST: &str = "$LATEST";

impl<'a> Builder<'a> {
    pub(super) fn function(&mut self, settings: &'a FunctionSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let name = Self::name_of(&settings.name, source);
        let region = self.region_of(settings.region.as_deref());
        let arn = function_arn(region, self.account, &name);
        let own_arn = function_arn(
            region,
            self.account,
            &Self::symbolic_name(&settings.name, source),
        );
        made.references
            .extend(settings.configuration.undetermined.values().cloned());
        let live = self.live(source, |below| {
            below.regions.get(region)?.functions.get(&name)
        });
        let mut function = FunctionInventory {
            arn: arn.clone(),
            versions: self.versions(settings, &mut made),
            aliases: self.aliases(settings, &mut made),
            provisioned_concurrency: provisioned(settings, &mut made),
            urls: self.urls(settings, &mut made),
            policies: self.policies(settings, &own_arn, &mut made),
            reserved_concurrency: made.reading(&settings.reserved_concurrency, Reading::Absent),
            image: later("the size of the container image"),
            // Nothing was asked for and refused, so that estimates rest on what is known.
            packages: Reading::NotCollected,
            measured: Reading::Absent,
            status: later("the state of the function"),
            invocations: later("the number of calls"),
            provisioned_usage: later("the use of provisioned concurrency"),
            url_calls: later("the requests to the function URL"),
        };
        if let Some(live) = live {
            self.over_live_function(&mut function, settings, live, &mut made);
        }
        let at = regional_pointer(self.account, region, "functions", &name);
        // The first grant on each qualifier.
        for permission in settings.permissions.iter().rev() {
            let qualifier = match permission.qualifier.as_str() {
                "" => LATEST.to_owned(),
                qualifier => shown(qualifier),
            };
            if let Some(position) = &permission.position {
                let grant = format!("{at}/policies/known{}", pointer([qualifier.as_str()]));
                self.positions.insert(grant, position.clone());
            }
        }
        self.register(SubjectKind::Function, arn, at, made);
        self.region_inventory(region)
            .functions
            .insert(name, function);
    }

    /// The configuration of each version that the deployment makes.
    fn versions(
        &self,
        settings: &FunctionSettings,
        made: &mut Made<'_>,
    ) -> BTreeMap<String, FunctionConfiguration> {
        let mut versions = versions(settings);
        for configuration in versions.values_mut() {
            for layer in &mut configuration.layers {
                layer.arn = self.account_text(&layer.arn, made);
            }
        }
        versions
    }

    fn aliases(&self, settings: &FunctionSettings, made: &mut Made<'_>) -> Reading<Vec<Alias>> {
        if let Some(reference) = settings.undetermined.get(&FunctionPart::Aliases) {
            return made.undetermined(reference);
        }
        for alias in &settings.aliases {
            if has_open_symbol(&alias.version) {
                return made.undetermined(&alias.version);
            }
        }
        Reading::Known(
            settings
                .aliases
                .iter()
                .map(|alias| Alias {
                    name: Self::noted(&alias.name, made),
                    version: shown(&alias.version),
                    additional_versions: alias
                        .additional_versions
                        .iter()
                        .map(|(version, share)| (shown(version), *share))
                        .collect(),
                })
                .collect(),
        )
    }

    fn urls(&self, settings: &FunctionSettings, made: &mut Made<'_>) -> Reading<Vec<FunctionUrl>> {
        if let Some(reference) = settings.undetermined.get(&FunctionPart::Urls) {
            return made.undetermined(reference);
        }
        let mut urls = Vec::new();
        for url in &settings.urls {
            let auth_type = match &url.auth_type {
                Setting::Written(auth_type) if !has_open_symbol(auth_type) => auth_type.clone(),
                // AuthType is required.
                Setting::LeftOut => return made.undetermined("AuthType"),
                Setting::Written(reference) | Setting::Undetermined(reference) => {
                    return made.undetermined(reference);
                }
            };
            urls.push(FunctionUrl {
                modified: None,
                qualifier: qualifier(&url.qualifier),
                auth_type,
                created: self.settings.taken_at.clone(),
                cors: url.cors.clone(),
            });
        }
        urls.sort_by(|a, b| a.qualifier.cmp(&b.qualifier));
        Reading::Known(urls)
    }

    /// The resource policies: one a qualifier, `$LATEST` for the function without one.
    fn policies(
        &self,
        settings: &FunctionSettings,
        own_arn: &str,
        made: &mut Made<'_>,
    ) -> Reading<BTreeMap<String, Option<String>>> {
        if let Some(reference) = settings.undetermined.get(&FunctionPart::Policies) {
            return made.undetermined(reference);
        }
        // Every qualifier that exists has an answer, most of them null.
        let mut statements: BTreeMap<String, Vec<TemplateNode>> =
            [(LATEST.to_owned(), Vec::new())].into();
        for alias in &settings.aliases {
            statements.entry(shown(&alias.name)).or_default();
        }
        for permission in &settings.permissions {
            if has_open_symbol(&permission.qualifier)
                && !settings
                    .aliases
                    .iter()
                    .any(|alias| alias.name == permission.qualifier)
            {
                return made.undetermined(&permission.qualifier);
            }
            statements
                .entry(qualifier(&permission.qualifier))
                .or_default()
                .push(statement(permission, own_arn));
        }
        for url in settings.urls.iter().filter(|url| url.adds_permissions) {
            if url.auth_type.written().map(String::as_str) == Some("NONE") {
                statements
                    .entry(qualifier(&url.qualifier))
                    .or_default()
                    .extend(
                        permissions_of_url(url)
                            .iter()
                            .map(|permission| statement(permission, own_arn)),
                    );
            }
        }
        let mut policies = BTreeMap::new();
        for (qualifier, statements) in statements {
            let text = if statements.is_empty() {
                None
            } else {
                let document = TemplateNode::new(TemplateValue::Map(vec![
                    ("Version".to_owned(), TemplateNode::text("2012-10-17")),
                    (
                        "Statement".to_owned(),
                        TemplateNode::new(TemplateValue::List(statements)),
                    ),
                ]));
                match self.document(&document, Some(own_arn), made) {
                    Ok(text) => text,
                    Err(reference) => return made.undetermined(&reference),
                }
            };
            policies.insert(qualifier, text);
        }
        for (of, document) in &settings.documents {
            if has_open_symbol(of) && !settings.aliases.iter().any(|alias| alias.name == *of) {
                return made.undetermined(of);
            }
            let arn = match of.as_str() {
                "" => own_arn.to_owned(),
                of => format!("{own_arn}:{of}"),
            };
            let text = match self.policy(document, Some(&arn), made) {
                Reading::Known(text) => Some(text),
                Reading::Undetermined(reference) => return Reading::Undetermined(reference),
                _ => None,
            };
            // One replaces the other, in an order that is not known.
            if matches!(policies.get(&qualifier(of)), Some(Some(_))) {
                return made.undetermined("a resource policy beside permissions or another one");
            }
            policies.insert(qualifier(of), text);
        }
        Reading::Known(policies)
    }
}

fn later<T>(what: &str) -> Reading<T> {
    Reading::Undetermined(what.to_owned())
}

/// `$LATEST` stands for the function without a qualifier.
pub(super) fn qualifier(written: &str) -> String {
    if written.is_empty() {
        LATEST.to_owned()
    } else {
        shown(written)
    }
}

/// `$LATEST`, and the versions that the deployment publishes: with the same configuration, and with a
/// snapshot where SnapStart applies to published versions.
fn versions(settings: &FunctionSettings) -> BTreeMap<String, FunctionConfiguration> {
    let latest = &settings.configuration;
    let mut versions: BTreeMap<String, FunctionConfiguration> = settings
        .versions
        .iter()
        .map(|version| {
            let snap_start = latest.snap_start.as_ref().map(|snap_start| SnapStart {
                optimization_status: if snap_start.apply_on == "PublishedVersions" {
                    "On"
                } else {
                    "Off"
                }
                .to_owned(),
                ..snap_start.clone()
            });
            (
                shown(version),
                FunctionConfiguration {
                    snap_start,
                    ..latest.clone()
                },
            )
        })
        .collect();
    versions.insert(LATEST.to_owned(), latest.clone());
    versions
}

/// Provisioned concurrency. Before the deployment it is only known what is asked for.
fn provisioned(
    settings: &FunctionSettings,
    made: &mut Made<'_>,
) -> Reading<Vec<ProvisionedConcurrency>> {
    if let Some(reference) = settings.undetermined.get(&FunctionPart::Provisioned) {
        return made.undetermined(reference);
    }
    let mut found = Vec::new();
    for (qualifier, requested) in &settings.provisioned {
        let requested = match requested {
            Setting::Written(requested) => *requested,
            Setting::LeftOut => continue,
            Setting::Undetermined(reference) => return made.undetermined(reference),
        };
        found.push(ProvisionedConcurrency {
            qualifier: shown(qualifier),
            requested,
            status: "IN_PROGRESS".to_owned(),
            ..ProvisionedConcurrency::default()
        });
    }
    Reading::Known(found)
}

/// The two statements that the tool itself adds for a URL with AuthType NONE.
fn permissions_of_url(url: &UrlSettings) -> [PermissionSettings; 2] {
    let everyone = |sid: &str, action: &str| PermissionSettings {
        sid: sid.to_owned(),
        qualifier: url.qualifier.clone(),
        action: Some(TemplateNode::text(action)),
        principal: Some(TemplateNode::text("*")),
        ..PermissionSettings::default()
    };
    [
        PermissionSettings {
            function_url_auth_type: Some(TemplateNode::text("NONE")),
            ..everyone("FunctionURLAllowPublicAccess", "lambda:InvokeFunctionUrl")
        },
        PermissionSettings {
            invoked_via_function_url: Some(TemplateNode::text("true")),
            ..everyone("FunctionURLAllowInvokeAction", "lambda:InvokeFunction")
        },
    ]
}

/// The statement that AddPermission writes (Lambda API reference, AddPermission, copy of 2026).
fn statement(permission: &PermissionSettings, own_arn: &str) -> TemplateNode {
    let map = |members: Vec<(&str, TemplateNode)>| {
        TemplateNode::new(TemplateValue::Map(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ))
    };
    let principal = permission.principal.clone().unwrap_or_default();
    let principal = match principal.as_text().as_deref() {
        Some("*") => TemplateNode::text("*"),
        Some(text) if text.contains(".amazonaws.com") || text.ends_with(".amazon.com") => {
            map(vec![("Service", principal)])
        }
        // A service by a parameter, or an account: either.
        Some(text) if principal.reference().is_some() || text.starts_with('\u{e101}') => principal,
        _ => map(vec![("AWS", principal)]),
    };
    let resource = if permission.qualifier.is_empty() {
        own_arn.to_owned()
    } else {
        format!("{own_arn}:{}", permission.qualifier)
    };
    let conditions: Vec<(&str, TemplateNode)> = [
        ("ArnLike", "aws:SourceArn", &permission.source_arn),
        (
            "StringEquals",
            "aws:SourceAccount",
            &permission.source_account,
        ),
        (
            "StringEquals",
            "aws:PrincipalOrgID",
            &permission.principal_org_id,
        ),
        (
            "StringEquals",
            "lambda:FunctionUrlAuthType",
            &permission.function_url_auth_type,
        ),
        (
            "Bool",
            "lambda:InvokedViaFunctionUrl",
            &permission.invoked_via_function_url,
        ),
        (
            "StringEquals",
            "lambda:EventSourceToken",
            &permission.event_source_token,
        ),
    ]
    .into_iter()
    .filter_map(|(operator, key, value)| Some((operator, key, value.as_ref()?)))
    .fold(Vec::new(), |mut operators, (operator, key, value)| {
        let entry = (key.to_owned(), value.clone());
        match operators
            .iter_mut()
            .find(|(name, _): &&mut (&str, TemplateNode)| *name == operator)
        {
            Some((
                _,
                TemplateNode {
                    value: TemplateValue::Map(keys),
                    ..
                },
            )) => keys.push(entry),
            _ => operators.push((operator, TemplateNode::new(TemplateValue::Map(vec![entry])))),
        }
        operators
    });
    let mut members = vec![
        ("Sid", TemplateNode::text(permission.sid.clone())),
        ("Effect", TemplateNode::text("Allow")),
        ("Principal", principal),
        (
            "Action",
            permission
                .action
                .clone()
                .unwrap_or_else(|| TemplateNode::from_json(&json!("lambda:InvokeFunction"))),
        ),
        ("Resource", TemplateNode::text(resource)),
    ];
    if !conditions.is_empty() {
        members.push(("Condition", map(conditions)));
    }
    map(members)
}
