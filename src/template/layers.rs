//! Several inputs laid over one account, one after the other.
//!
//! Each input is built over the account as the inputs before it leave it, once for each snapshot that
//! those may lead to. What a snapshot assumes about values that are not known holds for all inputs: a
//! parameter has one value in a run.
//!
//! Two inputs may call different resources alike: those without a name are called by their address. Then
//! the earlier ones are renamed. Two inputs may make the same resource. AWS refuses the second one; each
//! is judged in a deployment without the other, as the resources of one template are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::value::{TemplateNode, TemplateValue};
use super::{
    Assumptions, Built, BuiltResource, DeploymentTarget, Rendering, ResourceKey, SourcePosition,
    TemplateRemark,
};
use crate::inventory::Snapshot;
use crate::inventory::ids::SubjectKind;
use crate::inventory::pointer::segments;

/// Most snapshots that inputs may lead to together.
pub const MOST: usize = 64;

/// Why inputs could not be laid over each other.
#[derive(Debug)]
pub enum LayerError<E> {
    /// An input could not be read.
    Input(E),
    /// Values that are not known lead to more than [`MOST`] snapshots; with the names of the parameters
    /// that would tell them apart.
    TooMany(BTreeSet<String>),
}

/// The account with some of the inputs in it: one of the snapshots that they may lead to.
#[derive(Clone)]
struct LaidAccount {
    /// The account, all of it.
    below: Arc<Snapshot>,
    /// What the inputs made. Its snapshot is not used: it is in `below`.
    made: Rendering,
    /// The accounts that inputs are deployed to.
    accounts: BTreeSet<String>,
    /// The account as it was when a later input took the place of a resource.
    replaced: Vec<Rendering>,
}

/// Inputs laid over one account.
pub struct Layers {
    live: Arc<Snapshot>,
    states: Vec<LaidAccount>,
    built: Built,
    problems: BTreeSet<TemplateRemark>,
    gaps: BTreeSet<TemplateRemark>,
}

impl Layers {
    /// The account without any input.
    pub fn new(live: Arc<Snapshot>) -> Self {
        let state = LaidAccount {
            below: Arc::clone(&live),
            made: Rendering::default(),
            accounts: BTreeSet::new(),
            replaced: Vec::new(),
        };
        Self {
            live,
            states: vec![state],
            built: Built::default(),
            problems: BTreeSet::new(),
            gaps: BTreeSet::new(),
        }
    }

    /// Lays an input over the account. `name` is what reports call it; `build` reads it over the account
    /// of a target, with positions as reports have them.
    ///
    /// # Errors
    /// That of `build`, or too many snapshots.
    pub fn add<E>(
        &mut self,
        name: &str,
        target: &DeploymentTarget,
        build: &mut dyn FnMut(&DeploymentTarget) -> Result<Built, E>,
    ) -> Result<(), LayerError<E>> {
        let input: Arc<str> = name.into();
        let mut next: Vec<LaidAccount> = Vec::new();
        for state in std::mem::take(&mut self.states) {
            let (state, built) = self.over(state, &input, target, build)?;
            let agrees = |rendering: &&Rendering| {
                !agreeing(&state.made.assumptions, &rendering.assumptions).is_empty()
            };
            let any = built.renderings.iter().any(|rendering| agrees(&rendering));
            for rendering in built.renderings.iter().filter(|one| !any || agrees(one)) {
                let laid = state.with(rendering, &input);
                if !next.iter().any(|known| known.is_same(&laid)) {
                    next.push(laid);
                }
                if next.len() > MOST {
                    return Err(LayerError::TooMany(parameters(&next)));
                }
            }
            self.problems.extend(built.problems);
            self.gaps.extend(built.gaps);
            for note in built.notes {
                if !self.built.notes.contains(&note) {
                    self.built.notes.push(note);
                }
            }
        }
        self.states = next;
        Ok(())
    }

    /// Builds an input over one state, with what both call alike kept apart.
    fn over<E>(
        &mut self,
        mut state: LaidAccount,
        input: &Arc<str>,
        target: &DeploymentTarget,
        build: &mut dyn FnMut(&DeploymentTarget) -> Result<Built, E>,
    ) -> Result<(LaidAccount, Built), LayerError<E>> {
        let mut again = |state: &LaidAccount| {
            let target = DeploymentTarget {
                onto: Some(Arc::clone(&state.below)),
                exports: state.made.exports.clone(),
                ..target.clone()
            };
            build(&target).map_err(LayerError::Input)
        };
        let mut built = again(&state)?;
        let names = built.renderings.iter().flat_map(|one| &one.unnamed);
        let alike: BTreeSet<String> = names
            .filter(|name| state.made.unnamed.contains(*name))
            .cloned()
            .collect();
        if !alike.is_empty() {
            state = state.renamed(&alike);
            built = again(&state)?;
        }
        let mut twice: BTreeMap<ResourceKey, BuiltResource> = BTreeMap::new();
        for (key, resource) in built.renderings.iter().flat_map(|one| &one.resources) {
            let Some(before) = state.made.resources.get(key) else {
                continue;
            };
            let once = matches!(key.kind, SubjectKind::Account | SubjectKind::Region);
            let earlier = before.input.as_deref().unwrap_or_default();
            if once || (resource.existing && !resource.partial && !before.partial) {
                self.note(format!(
                    "{} of {input} is also in {earlier}: what {input} writes counts",
                    resource.address
                ));
            } else if !resource.partial && !before.partial {
                twice.insert(key.clone(), resource.clone());
                self.problems.insert(TemplateRemark {
                    address: resource.address.clone(),
                    position: built
                        .renderings
                        .iter()
                        .find_map(|one| one.positions.get(&resource.pointer).cloned()),
                    message: format!(
                        "will fail to deploy after {earlier}: that makes the same resource, and AWS \
                         refuses a second one. Each is judged without the other"
                    ),
                });
            }
        }
        if !twice.is_empty() {
            state = state.without(&twice, &self.live);
            built = again(&state)?;
        }
        Ok((state, built))
    }

    fn note(&mut self, note: String) {
        if !self.built.notes.contains(&note) {
            self.built.notes.push(note);
        }
    }

    /// The snapshots that all inputs together lead to.
    pub fn finish(self) -> Built {
        let mut built = self.built;
        for mut state in self.states {
            let replaced = std::mem::take(&mut state.replaced);
            for replaced in replaced.into_iter().chain([state.judged()]) {
                for (key, resource) in &replaced.resources {
                    built
                        .resources
                        .entry(key.clone())
                        .or_insert_with(|| resource.clone())
                        .references
                        .extend(resource.references.iter().cloned());
                }
                if !built
                    .renderings
                    .iter()
                    .any(|known| known.is_same(&replaced))
                {
                    built.renderings.push(replaced);
                }
            }
        }
        // The order of the renderings: those that everything is judged in first.
        built.renderings.sort_by_key(|rendering| rendering.replaced);
        built.problems.extend(self.problems);
        built.gaps.extend(self.gaps);
        built
    }
}

/// The parameters that make a difference between states.
fn parameters(states: &[LaidAccount]) -> BTreeSet<String> {
    let all = states.iter().flat_map(|state| &state.made.assumptions);
    all.flat_map(BTreeMap::keys)
        .filter_map(|name| name.strip_prefix("parameter "))
        .map(str::to_owned)
        .collect()
}

/// Most assumptions that are kept apart; more of them are as good as none.
const MOST_ASSUMPTIONS: usize = 64;

/// What both sides assume, where they agree.
fn agreeing(one: &BTreeSet<Assumptions>, other: &BTreeSet<Assumptions>) -> BTreeSet<Assumptions> {
    if one.is_empty() || other.is_empty() {
        return one.union(other).cloned().collect();
    }
    let agree = |one: &Assumptions, other: &Assumptions| {
        one.iter()
            .all(|(name, value)| other.get(name).is_none_or(|known| known == value))
    };
    let mut all = BTreeSet::new();
    for left in one {
        for right in other.iter().filter(|right| agree(left, right)) {
            all.insert(left.clone().into_iter().chain(right.clone()).collect());
            if all.len() > MOST_ASSUMPTIONS {
                return [Assumptions::new()].into();
            }
        }
    }
    all
}

impl LaidAccount {
    fn is_same(&self, other: &Self) -> bool {
        self.made.is_same(&other.made)
            && self.made.assumptions == other.made.assumptions
            && self.below == other.below
            && self.replaced.len() == other.replaced.len()
            && self
                .replaced
                .iter()
                .zip(&other.replaced)
                .all(|(one, other)| one.is_same(other))
    }

    /// The account with one more input.
    fn with(&self, rendering: &Rendering, input: &Arc<str>) -> Self {
        let mut laid = self.clone();
        let below = Arc::make_mut(&mut laid.below);
        below.taken_at.clone_from(&rendering.snapshot.taken_at);
        below.complete = rendering.snapshot.complete;
        for (account, inventory) in &rendering.snapshot.accounts {
            below.accounts.insert(account.clone(), inventory.clone());
            laid.accounts.insert(account.clone());
        }
        let made = &mut laid.made;
        let both = agreeing(&made.assumptions, &rendering.assumptions);
        made.assumptions = if both.is_empty() {
            [Assumptions::new()].into()
        } else {
            both
        };
        let mut positions = rendering.positions.clone();
        for (key, resource) in &rendering.resources {
            let resource = BuiltResource {
                input: Some(Arc::clone(input)),
                ..resource.clone()
            };
            match made.resources.get_mut(key) {
                // A part of what an earlier input makes.
                Some(known) if resource.partial => {
                    known.references.extend(resource.references);
                    positions.remove(&resource.pointer);
                }
                _ => {
                    made.resources.insert(key.clone(), resource);
                }
            }
        }
        made.positions.extend(positions);
        made.unnamed.extend(rendering.unnamed.iter().cloned());
        made.exports.extend(rendering.exports.clone());
        laid
    }

    /// As checks judge it: the accounts that inputs are deployed to.
    fn judged(self) -> Rendering {
        let Self {
            below,
            made,
            accounts,
            ..
        } = self;
        let mut snapshot = Arc::unwrap_or_clone(below);
        snapshot
            .accounts
            .retain(|account, _| accounts.contains(account));
        Rendering { snapshot, ..made }
    }

    /// The account without resources that a later input makes too: in their place is what `live` has.
    fn without(mut self, twice: &BTreeMap<ResourceKey, BuiltResource>, live: &Snapshot) -> Self {
        let mut replaced = Rendering {
            replaced: true,
            ..self.clone().judged()
        };
        replaced.resources.retain(|key, _| twice.contains_key(key));
        self.replaced.push(replaced);
        let pointers = twice.values().map(|resource| resource.pointer.as_str());
        if let Some(restored) = restored(&self.below, live, pointers) {
            self.below = Arc::new(restored);
        }
        for resource in twice.values() {
            let inner = format!("{}/", resource.pointer);
            self.made
                .positions
                .retain(|pointer, _| *pointer != resource.pointer && !pointer.starts_with(&inner));
        }
        self.made
            .resources
            .retain(|key, _| !twice.contains_key(key));
        self
    }

    /// The account with other names for resources without one: `{Bucket}` becomes `{a.yaml#Bucket}`.
    fn renamed(mut self, names: &BTreeSet<String>) -> Self {
        let input_of = |name: &String| {
            let shown = format!("{{{name}}}");
            self.made
                .resources
                .iter()
                .find(|(key, resource)| {
                    key.arn.contains(&shown) || resource.pointer.contains(&shown)
                })
                .and_then(|(_, resource)| resource.input.as_deref())
                .unwrap_or("an earlier input")
                .replace(['/', ':', '{', '}'], "|")
        };
        let names: BTreeMap<String, String> = names
            .iter()
            .map(|name| (name.clone(), format!("{}#{name}", input_of(name))))
            .collect();
        let text = |text: &str| renamed_text(text, &names);
        if let Some(below) = renamed_snapshot(&self.below, &names) {
            self.below = Arc::new(below);
        }
        let made = &mut self.made;
        made.positions = std::mem::take(&mut made.positions)
            .into_iter()
            .map(|(pointer, position): (String, SourcePosition)| (text(&pointer), position))
            .collect();
        made.resources = std::mem::take(&mut made.resources)
            .into_iter()
            .map(|(key, resource)| {
                let key = ResourceKey {
                    arn: text(&key.arn),
                    ..key
                };
                let pointer = text(&resource.pointer);
                (
                    key,
                    BuiltResource {
                        pointer,
                        ..resource
                    },
                )
            })
            .collect();
        made.unnamed = std::mem::take(&mut made.unnamed)
            .into_iter()
            .map(|name| names.get(&name).cloned().unwrap_or(name))
            .collect();
        for value in made.exports.values_mut() {
            rename_symbols(value, &names);
        }
        self
    }
}

/// A snapshot with what another one has at these pointers, or without what is there.
fn restored<'p>(
    snapshot: &Snapshot,
    live: &Snapshot,
    pointers: impl Iterator<Item = &'p str>,
) -> Option<Snapshot> {
    let mut value = serde_json::to_value(snapshot).ok()?;
    let live = serde_json::to_value(live).ok()?;
    for pointer in pointers {
        let Some((parent, _)) = pointer.rsplit_once('/') else {
            continue;
        };
        let members = value.pointer_mut(parent).and_then(Value::as_object_mut);
        let (Some(members), Some(name)) = (members, segments(pointer).last()) else {
            continue;
        };
        match live.pointer(pointer) {
            Some(held) => {
                members.insert(name, held.clone());
            }
            None => {
                members.remove(&name);
            }
        }
    }
    serde_json::from_value(value).ok()
}

fn renamed_snapshot(snapshot: &Snapshot, names: &BTreeMap<String, String>) -> Option<Snapshot> {
    let value = serde_json::to_value(snapshot).ok()?;
    serde_json::from_value(renamed_value(value, names)).ok()
}

fn renamed_value(value: Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(renamed_text(&text, names)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| renamed_value(item, names))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (renamed_text(&name, names), renamed_value(value, names)))
            .collect(),
        other => other,
    }
}

/// The new name in a symbol: of `Bucket`, and of its attribute `Bucket.Version`.
fn new_name(symbol: &str, names: &BTreeMap<String, String>) -> Option<String> {
    let mut name = symbol;
    loop {
        if let Some(new) = names.get(name) {
            return Some(format!("{new}{}", symbol.get(name.len()..)?));
        }
        name = name.rsplit_once('.')?.0;
    }
}

/// A text of a snapshot, in which a symbol is `{Bucket}`. `${Bucket}` is a variable of a policy.
fn renamed_text(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('{');
        rest = after;
        if before.ends_with('$') {
            continue;
        }
        if let Some((symbol, after)) = after.split_once('}')
            && let Some(new) = new_name(symbol, names)
        {
            out.push_str(&new);
            out.push('}');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The same in a value, in which symbols are not shown yet.
fn rename_symbols(node: &mut TemplateNode, names: &BTreeMap<String, String>) {
    match &mut node.value {
        TemplateValue::Text(text) => {
            for (old, new) in names {
                let of = super::value::fixed_symbol;
                let whole = text.replace(&of(old), &of(new));
                let begin = |name: &str| {
                    let symbol = of(&format!("{name}."));
                    symbol.trim_end_matches(|end| end != '.').to_owned()
                };
                *text = whole.replace(&begin(old), &begin(new));
            }
        }
        TemplateValue::List(items) => {
            for item in items {
                rename_symbols(item, names);
            }
        }
        TemplateValue::Map(members) => {
            for (_, value) in members {
                rename_symbols(value, names);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assumed(pairs: &[(&str, &str)]) -> BTreeSet<Assumptions> {
        let pairs = pairs.iter();
        let one: Assumptions = pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        [one].into()
    }

    #[test]
    fn a_parameter_has_one_value_in_a_run() {
        let prod = assumed(&[("parameter Stage", "prod")]);
        let dev = assumed(&[("parameter Stage", "dev")]);
        let other = assumed(&[("parameter Size", "1")]);
        assert!(agreeing(&prod, &dev).is_empty());
        assert_eq!(agreeing(&prod, &prod), prod);
        assert_eq!(
            agreeing(&prod, &other),
            assumed(&[("parameter Size", "1"), ("parameter Stage", "prod")])
        );
        assert_eq!(agreeing(&BTreeSet::new(), &dev), dev);
    }

    #[test]
    fn a_name_is_replaced_in_symbols_and_not_in_policy_variables() {
        let names = [("Bucket".to_owned(), "a.yaml#Bucket".to_owned())].into();
        for (text, renamed) in [
            ("arn:aws:s3:::{Bucket}/*", "arn:aws:s3:::{a.yaml#Bucket}/*"),
            ("{Bucket.Version}", "{a.yaml#Bucket.Version}"),
            ("{Buckets}-{Bucket}", "{Buckets}-{a.yaml#Bucket}"),
            ("home/${Bucket}/*", "home/${Bucket}/*"),
            ("{", "{"),
        ] {
            assert_eq!(renamed_text(text, &names), renamed);
        }
    }

    #[test]
    fn exports_name_renamed_resources() {
        let of = super::super::value::fixed_symbol;
        let names = [("Bucket".to_owned(), "a.yaml#Bucket".to_owned())].into();
        let mut node = TemplateNode::text(format!("{}/{}", of("Bucket"), of("Bucket.Version")));
        rename_symbols(&mut node, &names);
        assert_eq!(
            node.as_text(),
            Some(format!(
                "{}/{}",
                of("a.yaml#Bucket"),
                of("a.yaml#Bucket.Version")
            ))
        );
    }
}
