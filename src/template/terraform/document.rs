//! The parts of `terraform show -json` that are read, as Terraform writes them.
//!
//! Values of resources stay unparsed slices of the input ([`RawValue`]) until a resource is known to
//! be of a type that matters: a plan of 50 MB is mostly values of other types. Everything is optional,
//! as files that are trimmed by hand or written by older versions have fewer members.
//!
//! Format: Terraform documentation, "JSON Output Format" (format versions 0.1 to 1.2, read 2026-11).
//! OpenTofu writes the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A plan, or the state that `terraform show -json` prints without a plan.
#[derive(Debug, Deserialize)]
pub(super) struct PlanDocument<'a> {
    /// `1.2`; minor versions only add members.
    #[serde(borrow, default)]
    pub format_version: Option<Cow<'a, str>>,
    /// Values of the root module's variables.
    #[serde(borrow, default)]
    pub variables: Option<BTreeMap<Cow<'a, str>, VariableForm<'a>>>,
    /// The complete list of resources after the plan is applied; attributes that are unknown are
    /// missing in it.
    #[serde(borrow, default)]
    pub planned_values: Option<StateForm<'a>>,
    /// A state has this member instead of `planned_values`.
    #[serde(borrow, default)]
    pub values: Option<StateForm<'a>>,
    /// What happens to each resource, with the attributes that are unknown.
    #[serde(borrow, default)]
    pub resource_changes: Option<Vec<ChangeForm<'a>>>,
    /// What was there before, data sources read at plan time included.
    #[serde(borrow, default)]
    pub prior_state: Option<PriorStateForm<'a>>,
    /// The configuration, as expressions with the names that they refer to.
    #[serde(borrow, default)]
    pub configuration: Option<ConfigurationForm<'a>>,
    /// Planning ended with an error: the plan cannot be applied.
    #[serde(default)]
    pub errored: Option<bool>,
}

/// A variable of the root module.
#[derive(Debug, Deserialize)]
pub(super) struct VariableForm<'a> {
    /// Its value, which may be sensitive.
    #[serde(borrow, default)]
    pub value: Option<&'a RawValue>,
}

/// The state before the plan.
#[derive(Debug, Deserialize)]
pub(super) struct PriorStateForm<'a> {
    /// Its resources.
    #[serde(borrow, default)]
    pub values: Option<StateForm<'a>>,
}

/// Resources of all modules.
#[derive(Debug, Deserialize)]
pub(super) struct StateForm<'a> {
    /// The root module.
    #[serde(borrow, default)]
    pub root_module: Option<ModuleForm<'a>>,
}

/// Resources of one module instance.
#[derive(Debug, Deserialize)]
pub(super) struct ModuleForm<'a> {
    /// Its resources.
    #[serde(borrow, default)]
    pub resources: Option<Vec<ResourceForm<'a>>>,
    /// The module instances in it.
    #[serde(borrow, default)]
    pub child_modules: Option<Vec<ModuleForm<'a>>>,
}

/// A resource or data source with its values.
#[derive(Debug, Deserialize)]
pub(super) struct ResourceForm<'a> {
    /// `module.m["k"].aws_s3_bucket.b[0]`.
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    /// Its type.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Its values.
    #[serde(borrow, default)]
    pub values: Option<&'a RawValue>,
    /// Which of them are sensitive: the same shape with `true` at the leaves.
    #[serde(borrow, default)]
    pub sensitive_values: Option<&'a RawValue>,
}

/// What happens to a resource.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeForm<'a> {
    /// Its address.
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    /// Its type.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The key of an object that is no longer the resource's current one.
    #[serde(borrow, default)]
    pub deposed: Option<Cow<'a, str>>,
    /// The change.
    #[serde(borrow, default)]
    pub change: Option<ChangeValuesForm<'a>>,
}

/// Actions and values of a change.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeValuesForm<'a> {
    /// `["create"]`, `["delete","create"]`, …
    #[serde(borrow, default)]
    pub actions: Option<Vec<Cow<'a, str>>>,
    /// Values before; null for a resource that is created.
    #[serde(borrow, default)]
    pub before: Option<&'a RawValue>,
    /// Values after; null at attributes that are unknown.
    #[serde(borrow, default)]
    pub after: Option<&'a RawValue>,
    /// Which attributes are unknown: `true`, or the shape of `after` with `true` at the leaves.
    #[serde(borrow, default)]
    pub after_unknown: Option<&'a RawValue>,
    /// Which attributes are sensitive, in the same form.
    #[serde(borrow, default)]
    pub after_sensitive: Option<&'a RawValue>,
}

/// The configuration.
#[derive(Debug, Deserialize)]
pub(super) struct ConfigurationForm<'a> {
    /// Providers by key.
    #[serde(borrow, default)]
    pub provider_config: Option<BTreeMap<Cow<'a, str>, ProviderForm<'a>>>,
    /// The root module.
    #[serde(borrow, default)]
    pub root_module: Option<ModuleConfigurationForm<'a>>,
}

/// A provider block.
#[derive(Debug, Deserialize)]
pub(super) struct ProviderForm<'a> {
    /// `aws`.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// `~> 5.0`; the exact version is in no plan.
    #[serde(borrow, default)]
    pub version_constraint: Option<Cow<'a, str>>,
    /// Its arguments.
    #[serde(borrow, default)]
    pub expressions: Option<&'a RawValue>,
}

/// One module's configuration: one for all its instances.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ModuleConfigurationForm<'a> {
    /// Its resource blocks.
    #[serde(borrow, default)]
    pub resources: Option<Vec<ResourceBlockForm<'a>>>,
    /// The modules that it calls, by name.
    #[serde(borrow, default)]
    pub module_calls: Option<BTreeMap<Cow<'a, str>, ModuleCallForm<'a>>>,
    /// Its outputs.
    #[serde(borrow, default)]
    pub outputs: Option<BTreeMap<Cow<'a, str>, OutputForm<'a>>>,
    /// Its variables.
    #[serde(borrow, default)]
    pub variables: Option<BTreeMap<Cow<'a, str>, DeclarationForm>>,
}

/// The declaration of a variable.
#[derive(Debug, Deserialize)]
pub(super) struct DeclarationForm {
    /// Its values are not to be shown.
    #[serde(default)]
    pub sensitive: Option<bool>,
}

/// An output.
#[derive(Debug, Deserialize)]
pub(super) struct OutputForm<'a> {
    /// Its value.
    #[serde(borrow, default)]
    pub expression: Option<&'a RawValue>,
}

/// A `module` block.
#[derive(Debug, Deserialize)]
pub(super) struct ModuleCallForm<'a> {
    /// `./modules/bucket`, or an address in a registry.
    #[serde(borrow, default)]
    pub source: Option<Cow<'a, str>>,
    /// Its arguments.
    #[serde(borrow, default)]
    pub expressions: Option<&'a RawValue>,
    /// `for_each`.
    #[serde(borrow, default)]
    pub for_each_expression: Option<&'a RawValue>,
    /// The module's own configuration.
    #[serde(borrow, default)]
    pub module: Option<ModuleConfigurationForm<'a>>,
}

/// A `resource` or `data` block.
#[derive(Debug, Deserialize)]
pub(super) struct ResourceBlockForm<'a> {
    /// `managed` or `data`.
    #[serde(borrow, default)]
    pub mode: Option<Cow<'a, str>>,
    /// Its type.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Its name.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// `aws`, `aws.replica`, `module.m:aws`.
    #[serde(borrow, default)]
    pub provider_config_key: Option<Cow<'a, str>>,
    /// Its arguments.
    #[serde(borrow, default)]
    pub expressions: Option<&'a RawValue>,
    /// `for_each`.
    #[serde(borrow, default)]
    pub for_each_expression: Option<&'a RawValue>,
}
