//! What the resources of one or more stacks are, before they are joined.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket_policy::parse::is_account_id;

use super::super::TemplateRemark;
use super::super::settings::{
    AliasSettings, BucketSettings, DeploymentSettings, FunctionPart, FunctionSettings,
    IdentitySettings, PermissionSettings, ResourceSource, Setting, UrlSettings,
    WebFunctionSettings,
};
use super::super::value::{
    SourcePosition, TemplateNode, fixed_symbol, has_open_symbol, shown, split_outside_symbols,
};
use super::properties::Properties;
use super::web_functions::{OfWebFunction, web_function_name};
use crate::inventory::identity::AccessKey;

/// One resource of a stack.
pub(super) struct Resource<'n> {
    /// Its logical id with the stacks that it is nested in.
    pub(super) address: String,
    /// Its construct path.
    pub(super) construct: Option<String>,
    /// The line of its name.
    pub(super) position: Option<SourcePosition>,
    /// Evaluated properties.
    pub(super) node: &'n TemplateNode,
    /// The address of the resource that its property `Bucket` is a `Ref` of. Two buckets may be called
    /// alike.
    pub(super) bucket: Option<String>,
}

impl<'n> Resource<'n> {
    pub(super) fn properties(&self) -> Properties<'n> {
        Properties(self.node)
    }

    /// Where its settings are written: members of the snapshot with the properties that fill them.
    pub(super) fn source(&self, members: &[(&str, &str)]) -> ResourceSource {
        let properties = self.properties();
        ResourceSource {
            address: self.address.clone(),
            construct: self.construct.clone(),
            position: self.position.clone(),
            positions: members
                .iter()
                .filter_map(|(member, property)| {
                    Some(((*member).to_owned(), properties.position(property)?))
                })
                .collect(),
            existing: false,
            partial: false,
        }
    }
}

/// A policy that is a resource of its own.
pub(super) struct Attached {
    /// What it is attached to, as written.
    pub(super) to: String,
    /// The address of what it is attached to, where a `Ref` names it.
    pub(super) to_address: Option<String>,
    pub(super) document: Setting<TemplateNode>,
    pub(super) position: Option<SourcePosition>,
    pub(super) address: String,
}

/// What belongs to a function and is a resource of its own.
pub(super) enum OfFunction {
    Alias(AliasSettings),
    /// The version's symbol.
    Version(String),
    Provisioned(String, Setting<u32>),
    Url(UrlSettings),
    Permission(Box<PermissionSettings>),
    /// A policy as a whole.
    Document(Setting<TemplateNode>, Option<SourcePosition>),
}

/// An inline policy that a resource of its own attaches to identities.
pub(super) struct InlinePolicy {
    pub(super) name: String,
    pub(super) document: TemplateNode,
    /// `role`, `user` or `group` with the name as written.
    pub(super) to: Vec<(&'static str, String)>,
}

/// Everything that was read, before it is joined.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) settings: DeploymentSettings,
    pub(super) buckets: Vec<BucketSettings>,
    pub(super) bucket_policies: Vec<Attached>,
    pub(super) multi_region_policies: Vec<Attached>,
    pub(super) functions: Vec<FunctionSettings>,
    /// Whole policies of functions, their aliases and versions, and of Web Functions, by ARN.
    pub(super) lambda_policies: Vec<Attached>,
    /// With the Web Function's name.
    pub(super) of_web_functions: Vec<(String, OfWebFunction)>,
    /// With the function as it is written.
    pub(super) of_functions: Vec<(String, OfFunction)>,
    pub(super) identities: Vec<IdentitySettings>,
    pub(super) inline_policies: Vec<InlinePolicy>,
    /// ARN of a managed policy, and what it is attached to.
    pub(super) attachments: Vec<(String, &'static str, String)>,
    /// Group and user.
    pub(super) memberships: Vec<(String, String)>,
    /// User and key.
    pub(super) access_keys: Vec<(String, AccessKey)>,
    /// Aliases of KMS keys with the key as written.
    pub(super) key_aliases: Vec<(String, String)>,
    pub(super) gaps: Vec<TemplateRemark>,
    pub(super) problems: Vec<TemplateRemark>,
}

/// The name that values refer to a resource by.
fn symbolic(name: &Setting<String>, source: &ResourceSource) -> String {
    match name {
        Setting::Written(name) => name.clone(),
        _ => fixed_symbol(&source.address),
    }
}

impl Gathered {
    /// Joins what belongs together.
    pub(super) fn joined(
        mut self,
    ) -> (DeploymentSettings, Vec<TemplateRemark>, Vec<TemplateRemark>) {
        self.join_bucket_policies();
        self.join_multi_region_policies();
        self.join_lambda_policies();
        self.join_web_functions();
        self.join_functions();
        self.join_identities();
        self.join_keys();
        self.join_recorders();
        let mut settings = self.settings;
        settings.buckets = self.buckets;
        settings.functions = self.functions;
        settings.identities = self.identities;
        (settings, self.gaps, self.problems)
    }

    /// True for a bucket that the account below has.
    fn is_live_bucket(&self, name: &str) -> bool {
        let below = self.settings.below();
        below.is_some_and(|below| below.buckets.contains_key(&shown(name)))
    }

    /// A function that the account below has, where the stack writes a part of it.
    fn live_function(&self, name: &str, part: &OfFunction) -> Option<FunctionSettings> {
        let region = self.settings.region.as_deref()?;
        let regions = &self.settings.below()?.regions;
        let live = regions.get(region)?.functions.get(&shown(name))?;
        let position = match part {
            OfFunction::Url(url) => url.position.clone(),
            OfFunction::Permission(permission) => permission.position.clone(),
            OfFunction::Document(_, position) => position.clone(),
            _ => None,
        };
        let address = match part {
            OfFunction::Permission(permission) => permission.sid.clone(),
            _ => name.to_owned(),
        };
        let source = ResourceSource {
            address,
            position,
            ..ResourceSource::default()
        };
        FunctionSettings::elsewhere(name.to_owned(), live, source)
    }

    fn join_bucket_policies(&mut self) {
        let mut attached: BTreeSet<String> = BTreeSet::new();
        for policy in std::mem::take(&mut self.bucket_policies) {
            let is_made = self
                .buckets
                .iter()
                .any(|bucket| symbolic(&bucket.name, &bucket.source) == policy.to);
            if !is_made && self.is_live_bucket(&policy.to) {
                let source = ResourceSource {
                    address: policy.address.clone(),
                    position: policy.position.clone(),
                    ..ResourceSource::default()
                };
                let bucket = BucketSettings::elsewhere(policy.to.clone(), source);
                self.buckets.push(bucket);
            }
            let found = self
                .buckets
                .iter_mut()
                .find(|bucket| match &policy.to_address {
                    Some(address) => bucket.source.address == *address,
                    None => symbolic(&bucket.name, &bucket.source) == policy.to,
                });
            let Some(bucket) = found else {
                self.gaps.push(TemplateRemark {
                    message: format!(
                        "the policy is of the bucket {}, which is not part of the template: not judged",
                        shown(&policy.to)
                    ),
                    address: policy.address,
                    position: policy.position,
                });
                continue;
            };
            let positions = &mut bucket.source.positions;
            if let Some(position) = policy.position {
                positions.insert("policy".to_owned(), position);
            }
            if let Setting::Written(document) = &policy.document {
                for (index, statement) in document
                    .get("Statement")
                    .map(TemplateNode::items)
                    .unwrap_or_default()
                    .iter()
                    .enumerate()
                {
                    if let Some(position) = &statement.position {
                        positions.insert(format!("policy/{index}"), position.clone());
                    }
                }
            }
            // Both are put, in an order that is not known.
            let twice = !attached.insert(bucket.source.address.clone());
            bucket.policy = if twice && bucket.policy != policy.document {
                Setting::Undetermined(format!("one of two bucket policies ({})", policy.address))
            } else {
                policy.document
            };
        }
    }

    fn join_multi_region_policies(&mut self) {
        for policy in std::mem::take(&mut self.multi_region_policies) {
            let found = self
                .settings
                .multi_region_access_points
                .iter_mut()
                .find(|point| symbolic(&point.name, &point.source) == policy.to);
            if let Some(point) = found {
                point.policy = policy.document;
            }
        }
    }

    /// Policies that are written as a whole: to Web Functions, and to the functions that they are of.
    fn join_lambda_policies(&mut self) {
        for policy in std::mem::take(&mut self.lambda_policies) {
            // Those of layers and of runtimes let other accounts use them.
            if policy.to.contains(":layer:") || policy.to.contains(":runtime:") {
                continue;
            }
            if !policy.to.contains(":web-function/") {
                let part = OfFunction::Document(policy.document, policy.position);
                self.of_functions.push((policy.to, part));
                continue;
            }
            let Some(function) = self.web_function(&web_function_name(&policy.to)) else {
                continue;
            };
            if let Some(position) = policy.position {
                let positions = &mut function.source.positions;
                positions.insert("policy".to_owned(), position);
            }
            function.policy = match function.policy {
                Setting::LeftOut => policy.document,
                _ => Setting::Undetermined(format!("one of two policies ({})", policy.address)),
            };
        }
    }

    fn web_function(&mut self, name: &str) -> Option<&mut WebFunctionSettings> {
        let mut all = self.settings.web_functions.iter_mut();
        all.find(|function| symbolic(&function.name, &function.source) == name)
    }

    fn join_web_functions(&mut self) {
        for (name, part) in std::mem::take(&mut self.of_web_functions) {
            let Some(function) = self.web_function(&name) else {
                continue;
            };
            match part {
                OfWebFunction::Endpoint(endpoint) => {
                    if let Some(position) = &endpoint.position {
                        let positions = &mut function.source.positions;
                        positions
                            .entry("endpoints".to_owned())
                            .or_insert_with(|| position.clone());
                    }
                    function.endpoints.push(endpoint);
                }
                OfWebFunction::Revision(id, code) => {
                    function.revisions.insert(id, code);
                }
            }
        }
    }

    fn join_functions(&mut self) {
        let mut names: BTreeMap<String, usize> = self
            .functions
            .iter()
            .enumerate()
            .map(|(index, function)| (symbolic(&function.name, &function.source), index))
            .collect();
        for (written, part) in std::mem::take(&mut self.of_functions) {
            let (name, qualifier) = function_name(&written);
            if !names.contains_key(&name)
                && let Some(function) = self.live_function(&name, &part)
            {
                names.insert(name.clone(), self.functions.len());
                self.functions.push(function);
            }
            let Some(function) = names
                .get(&name)
                .and_then(|index| self.functions.get_mut(*index))
            else {
                continue;
            };
            let (member, position) = match &part {
                OfFunction::Url(url) => ("urls", &url.position),
                OfFunction::Permission(permission) => ("policies", &permission.position),
                OfFunction::Document(_, position) => ("policies", position),
                _ => ("", &None),
            };
            if let Some(position) = position {
                let positions = &mut function.source.positions;
                positions
                    .entry(member.to_owned())
                    .or_insert_with(|| position.clone());
            }
            match part {
                OfFunction::Alias(alias) => function.aliases.push(alias),
                OfFunction::Version(version) => function.versions.push(version),
                OfFunction::Provisioned(qualifier, requested) => {
                    function.provisioned.push((qualifier, requested));
                }
                OfFunction::Url(mut url) => {
                    if url.qualifier.is_empty() {
                        url.qualifier = qualifier;
                    }
                    function.urls.push(url);
                }
                OfFunction::Document(document, _) => {
                    function.documents.push((qualifier, document));
                }
                OfFunction::Permission(mut permission) => {
                    permission.qualifier = qualifier;
                    if has_open_symbol(&permission.qualifier) {
                        function
                            .undetermined
                            .insert(FunctionPart::Policies, shown(&permission.qualifier));
                    }
                    function.permissions.push(*permission);
                }
            }
        }
    }

    fn join_identities(&mut self) {
        for policy in std::mem::take(&mut self.inline_policies) {
            for (kind, name) in &policy.to {
                if let Some(identity) = self.identity(kind, name) {
                    identity
                        .inline
                        .insert(policy.name.clone(), policy.document.clone());
                }
            }
        }
        for (arn, kind, name) in std::mem::take(&mut self.attachments) {
            if let Some(identity) = self.identity(kind, &name) {
                identity.identity.attached.push(arn);
            }
        }
        for (group, user) in std::mem::take(&mut self.memberships) {
            if let Some(identity) = self.identity("user", &user) {
                identity.identity.groups.push(group);
            }
        }
        for (user, key) in std::mem::take(&mut self.access_keys) {
            if let Some(identity) = self.identity("user", &user) {
                identity.access_keys.push(key);
            }
        }
    }

    fn identity(&mut self, kind: &str, name: &str) -> Option<&mut IdentitySettings> {
        let is = |identity: &IdentitySettings| {
            identity.kind == kind && symbolic(&identity.name, &identity.source) == name
        };
        if !self.identities.iter().any(is)
            && let Some(live) = self
                .settings
                .below()
                .and_then(|below| below.identities.get(&format!("{kind}/{}", shown(name))))
        {
            let source = ResourceSource {
                address: name.to_owned(),
                ..ResourceSource::default()
            };
            let identity = IdentitySettings::elsewhere(kind, name.to_owned(), live, source);
            self.identities.push(identity);
        }
        self.identities.iter_mut().find(|identity| is(identity))
    }

    /// CloudFormation starts a recorder as soon as there is a delivery channel
    /// (`AWS::Config::ConfigurationRecorder`, template reference, copy of 2026).
    fn join_recorders(&mut self) {
        let config = &mut self.settings.config;
        if self.settings.onto.is_none() && config.channels.is_empty() {
            for (_, records) in &mut config.recorders {
                *records = false;
            }
        }
    }

    fn join_keys(&mut self) {
        for (alias, written) in std::mem::take(&mut self.key_aliases) {
            let id = written
                .rsplit_once(":key/")
                .map_or(written.as_str(), |(_, id)| id);
            if let Some(key) = self.settings.keys.iter_mut().find(|key| key.id == id) {
                key.aliases.push(alias);
            }
        }
    }
}

/// The name and the qualifier (empty without one) in what names a function: a name, `name:alias`,
/// `account:name`, `account:function:name`, or an ARN (Lambda API reference, "FunctionName": the prefix, the
/// account and `function` may each be left out).
pub(super) fn function_name(written: &str) -> (String, String) {
    let parts = split_outside_symbols(written, ":");
    let at = |index: usize| parts.get(index).cloned().unwrap_or_default();
    if parts.first().map(String::as_str) == Some("arn") {
        return (at(6), at(7));
    }
    match parts.iter().position(|part| part == "function") {
        Some(index) => (at(index + 1), at(index + 2)),
        None if parts.len() > 1 && parts.first().is_some_and(|part| is_account_id(part)) => {
            (at(1), at(2))
        }
        None => (at(0), at(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_name_a_function() {
        for (written, name, qualifier) in [
            ("f", "f", ""),
            ("f:live", "f", "live"),
            ("111111111111:f", "f", ""),
            ("111111111111:f:live", "f", "live"),
            ("111111111111:function:f", "f", ""),
            ("111111111111:function:f:live", "f", "live"),
            ("arn:aws:lambda:eu-west-1:111111111111:function:f", "f", ""),
            (
                "arn:aws:lambda:eu-west-1:111111111111:function:f:3",
                "f",
                "3",
            ),
        ] {
            assert_eq!(
                function_name(written),
                (name.to_owned(), qualifier.to_owned()),
                "{written}"
            );
        }
    }
}
