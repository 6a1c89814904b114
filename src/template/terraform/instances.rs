//! The resources that a plan leads to, each with what happens to it.
//!
//! `planned_values` is the complete list, `resource_changes` has the actions and says which attributes
//! are unknown. Both are joined by address; older or trimmed files have one of them only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::address::ResourceAddress;
use super::configuration::MODULE_DEPTH;
use super::document::{ChangeForm, ModuleForm, PlanDocument, ResourceForm, StateForm};
use super::refusal::PlanError;

/// The most resources of the types that are read.
const MOST_RESOURCES: usize = 200_000;

/// What a plan does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlannedAction {
    /// It is made, or made again: AWS's defaults for new resources hold.
    Create,
    /// It exists, and stays or is changed in place.
    Keep,
    /// A data source that is read when the plan is applied.
    Read,
    /// It is deleted.
    Delete,
    /// It stays in the account, and Terraform no longer manages it.
    Forget,
}

impl PlannedAction {
    fn of(actions: &[impl AsRef<str>]) -> Self {
        let has = |name: &str| actions.iter().any(|action| action.as_ref() == name);
        if has("create") {
            Self::Create
        } else if has("delete") {
            Self::Delete
        } else if has("forget") {
            Self::Forget
        } else if has("read") {
            Self::Read
        } else if has("no-op") || has("update") {
            Self::Keep
        } else {
            Self::Create
        }
    }

    /// True for what is there after the plan is applied and is judged.
    pub const fn stays(self) -> bool {
        matches!(self, Self::Create | Self::Keep)
    }
}

/// One instance of a resource or data source.
#[derive(Clone, Debug)]
pub(super) struct PlannedResource {
    /// Where it stands.
    pub address: ResourceAddress,
    /// What happens to it.
    pub action: PlannedAction,
    /// Its values afterwards; those before for one that is deleted or forgotten.
    pub values: Json,
    /// Which values are unknown. `None` where the file does not say: then a missing value is unknown.
    pub unknown: Option<Json>,
    /// Which values are sensitive.
    pub sensitive: Json,
    /// The arguments that an update changes or may change; empty for what is not updated.
    pub changed: BTreeSet<String>,
}

impl PlannedResource {
    /// True for an argument of a resource that exists and whose value stays: AWS has it already, and nothing
    /// puts it again.
    pub fn keeps(&self, argument: &str) -> bool {
        self.action == PlannedAction::Keep && !self.changed.contains(argument)
    }
}

/// All instances of the types that are read.
#[derive(Debug, Default)]
pub(super) struct Instances {
    /// By address.
    pub resources: BTreeMap<ResourceAddress, PlannedResource>,
    /// Data sources that were read before or during planning.
    pub data: BTreeMap<ResourceAddress, PlannedResource>,
}

/// Instances of the types that `relevant` chooses.
pub(super) fn read(
    document: &PlanDocument<'_>,
    relevant: fn(&str) -> bool,
) -> Result<Instances, PlanError> {
    let mut instances = Instances::default();
    let prior = document
        .prior_state
        .as_ref()
        .and_then(|state| state.values.as_ref());
    let mut before = Vec::new();
    list(prior, relevant, &mut before)?;
    let existing: BTreeSet<&str> = before.iter().map(|form| form.address.as_ref()).collect();
    for form in &before {
        if let Some(resource) = listed(form, PlannedAction::Keep)?
            && resource.address.data
        {
            instances.data.insert(resource.address.clone(), resource);
        }
    }

    for change in document.resource_changes.iter().flatten() {
        if relevant(&change.kind)
            && change.deposed.is_none()
            && let Some(resource) = changed(change)?
        {
            instances.insert(resource)?;
        }
    }

    // A state has resources that exist, and nothing else.
    let (planned, missing) = match (&document.planned_values, &document.values) {
        (Some(planned), _) => (Some(planned), PlannedAction::Create),
        (None, state) => (state.as_ref(), PlannedAction::Keep),
    };
    let mut after = Vec::new();
    list(planned, relevant, &mut after)?;
    for form in &after {
        let action = match existing.contains(form.address.as_ref()) {
            true => PlannedAction::Keep,
            false => missing,
        };
        let Some(resource) = listed(form, action)? else {
            continue;
        };
        match instances.resources.get_mut(&resource.address) {
            // A trimmed change without values: those that were planned are taken.
            Some(change) if change.values.is_null() && change.action.stays() => {
                change.values = resource.values;
                change.sensitive = resource.sensitive;
            }
            Some(_) => {}
            None => instances.insert(resource)?,
        }
    }
    Ok(instances)
}

impl Instances {
    fn insert(&mut self, resource: PlannedResource) -> Result<(), PlanError> {
        if self.resources.len() >= MOST_RESOURCES {
            return Err(PlanError::Limit {
                what: "resources",
                limit: MOST_RESOURCES,
            });
        }
        self.resources.insert(resource.address.clone(), resource);
        Ok(())
    }

    /// The resource or data source at an address.
    pub fn get(&self, address: &ResourceAddress) -> Option<&PlannedResource> {
        self.resources
            .get(address)
            .or_else(|| self.data.get(address))
    }
}

/// The resources of a state or of planned values, of the chosen types.
fn list<'d, 'a>(
    state: Option<&'d StateForm<'a>>,
    relevant: fn(&str) -> bool,
    found: &mut Vec<&'d ResourceForm<'a>>,
) -> Result<(), PlanError> {
    let Some(root) = state.and_then(|state| state.root_module.as_ref()) else {
        return Ok(());
    };
    let mut modules: Vec<(usize, &'d ModuleForm<'a>)> = vec![(0, root)];
    while let Some((depth, module)) = modules.pop() {
        if depth > MODULE_DEPTH {
            return Err(PlanError::Limit {
                what: "levels of modules",
                limit: MODULE_DEPTH,
            });
        }
        let resources = module.resources.iter().flatten();
        found.extend(resources.filter(|form| relevant(&form.kind)));
        let children = module.child_modules.iter().flatten();
        modules.extend(children.map(|child| (depth + 1, child)));
    }
    Ok(())
}

fn listed(
    form: &ResourceForm<'_>,
    action: PlannedAction,
) -> Result<Option<PlannedResource>, PlanError> {
    let Some(address) = ResourceAddress::parse(&form.address) else {
        return Ok(None);
    };
    let action = match (address.data, action) {
        (true, PlannedAction::Create) => PlannedAction::Read,
        (_, action) => action,
    };
    Ok(Some(PlannedResource {
        address,
        action,
        values: parsed(form.values)?,
        unknown: None,
        sensitive: parsed(form.sensitive_values)?,
        changed: BTreeSet::new(),
    }))
}

fn changed(form: &ChangeForm<'_>) -> Result<Option<PlannedResource>, PlanError> {
    let (Some(address), Some(change)) = (ResourceAddress::parse(&form.address), &form.change)
    else {
        return Ok(None);
    };
    let action = PlannedAction::of(change.actions.as_deref().unwrap_or_default());
    let gone = matches!(action, PlannedAction::Delete | PlannedAction::Forget);
    let values = parsed(if gone { change.before } else { change.after })?;
    let unknown = match gone {
        true => Some(Json::Null),
        false => change.after_unknown.map(parse).transpose()?,
    };
    let updates = |action: &str| action == "update";
    let actions = change.actions.as_deref().unwrap_or_default();
    let changed = match actions.iter().any(|action| updates(action.as_ref())) {
        true => changed_arguments(&parsed(change.before)?, &values, unknown.as_ref()),
        false => BTreeSet::new(),
    };
    Ok(Some(PlannedResource {
        address,
        action,
        values,
        unknown,
        sensitive: parsed(change.after_sensitive)?,
        changed,
    }))
}

/// The arguments that differ, and those that are not known.
fn changed_arguments(before: &Json, after: &Json, unknown: Option<&Json>) -> BTreeSet<String> {
    let names = |value: Option<&Json>| -> Vec<String> {
        let members = value.and_then(Json::as_object);
        members
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut all = names(Some(before));
    all.extend(names(Some(after)));
    let differs = |name: &String| before.get(name) != after.get(name);
    let mut changed: BTreeSet<String> = all.into_iter().filter(differs).collect();
    let unknown_names = names(unknown).into_iter();
    changed.extend(unknown_names.filter(|name| {
        unknown
            .and_then(|all| all.get(name))
            .is_some_and(is_unknown)
    }));
    changed
}

/// True where something is unknown: Terraform writes the shape of values that are known in full too, as
/// `[{}]`.
fn is_unknown(value: &Json) -> bool {
    match value {
        Json::Bool(unknown) => *unknown,
        Json::Array(items) => items.iter().any(is_unknown),
        Json::Object(members) => members.values().any(is_unknown),
        _ => false,
    }
}

fn parsed(raw: Option<&RawValue>) -> Result<Json, PlanError> {
    raw.map_or(Ok(Json::Null), parse)
}

fn parse(raw: &RawValue) -> Result<Json, PlanError> {
    serde_json::from_str(raw.get()).map_err(|error| PlanError::Shape(error.to_string()))
}
