//! From neutral settings to snapshots, with AWS's defaults for new resources.
//!
//! The one place that knows those defaults, for CloudFormation and Terraform alike. Sources, in their
//! copies of 2026-10 and 2026-11: the S3 user guide ("Blocking public access", "Controlling ownership of
//! objects", "Default encryption FAQ", SSE-C changes from 2026-04 on), the Lambda, KMS, CloudTrail
//! and AWS Config API references, and the property pages of the CloudFormation template reference.
//!
//! The world is closed: what the deployment does not make is not there. Names are open: a bucket that
//! the deployment names and does not make may exist, and what is asked about it is undetermined.

mod account;
mod bucket;
mod function;
mod onto;
mod same_names;
mod web_function;

use std::collections::{BTreeMap, BTreeSet};

use self::onto::Unwritten;
use super::policy::{self, Bound, PolicyContext};
use super::settings::{BlockSettings, DeploymentSettings, ResourceSource, Setting};
use super::value::{SourcePosition, TemplateNode, has_open_symbol, open_references, shown};
use super::{Built, BuiltResource, Rendering, ResourceKey, TemplateRemark};
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::ids::{SubjectKind, bucket_arn, function_arn, partition, trail_arn};
use crate::inventory::snapshot::SCHEMA;
use crate::inventory::{Reading, Snapshot};

/// The account id where none is known.
pub const UNKNOWN_ACCOUNT: &str = "000000000000";

/// The Region where none is known, as the snapshot has it: [`UNKNOWN_REGION_NAME`] as a symbol.
pub const UNKNOWN_REGION: &str = "{region}";

/// The name of the symbol for a Region that is not known.
pub const UNKNOWN_REGION_NAME: &str = "region";

/// Why a reading about something outside of the deployment has no value.
fn outside(what: &str) -> String {
    format!("{what} is not part of the template")
}

/// The snapshots of a deployment.
pub fn build(settings: &DeploymentSettings) -> Built {
    let mut deployments = same_names::deployments(settings).into_iter();
    let Some(first) = deployments.next() else {
        return build_one(settings);
    };
    let mut built = build_one(&first);
    let mut problems = std::mem::take(&mut built.problems);
    for other in deployments {
        let mut other = build_one(&other);
        problems.append(&mut other.problems);
        built = built.or(other);
    }
    problems.sort();
    problems.dedup();
    Built { problems, ..built }
}

/// The snapshots of a deployment in which no two resources have the same name.
fn build_one(settings: &DeploymentSettings) -> Built {
    let unwritten: &[Unwritten] = match &settings.onto {
        Some(_) if !settings.names_existing => &[Unwritten::Kept, Unwritten::Removed],
        _ => &[Unwritten::Kept],
    };
    let all = unwritten
        .iter()
        .flat_map(|unwritten| Bound::ALL.map(|bound| rendered(settings, bound, *unwritten)));
    all.reduce(Built::or).unwrap_or_default()
}

fn rendered(settings: &DeploymentSettings, bound: Bound, unwritten: Unwritten) -> Built {
    let mut builder = Builder::new(settings, bound, unwritten);
    builder.run();
    let notes = builder.notes();
    let snapshot = builder.snapshot();
    let resources: BTreeMap<ResourceKey, BuiltResource> = builder.resources.into_iter().collect();
    let assumptions = [
        ("unknown access".to_owned(), format!("{bound:?}")),
        ("unwritten settings".to_owned(), format!("{unwritten:?}")),
    ];
    Built {
        renderings: vec![Rendering {
            snapshot,
            positions: builder.positions,
            resources: resources.clone(),
            unnamed: unnamed(settings),
            assumptions: [assumptions.into()].into(),
            ..Rendering::default()
        }],
        resources,
        problems: builder.problems,
        gaps: Vec::new(),
        notes,
    }
}

/// What the snapshot calls the resources without a known name.
fn unnamed(settings: &DeploymentSettings) -> BTreeSet<String> {
    fn of<'s>(name: &Setting<String>, source: &'s ResourceSource) -> Option<&'s str> {
        let symbol = super::value::fixed_symbol(&source.address);
        let named = name.written().is_some_and(|name| *name != symbol);
        (!named).then_some(source.address.as_str())
    }
    let buckets = settings
        .buckets
        .iter()
        .map(|one| of(&one.name, &one.source));
    let functions = settings
        .functions
        .iter()
        .map(|one| of(&one.name, &one.source));
    let identities = settings
        .identities
        .iter()
        .map(|one| of(&one.name, &one.source));
    let policies = settings
        .managed_policies
        .iter()
        .map(|one| of(&one.name, &one.source));
    let points = settings
        .access_points
        .iter()
        .map(|one| of(&one.name, &one.source));
    let trails = settings.trails.iter().map(|one| of(&one.name, &one.source));
    let web_functions = settings
        .web_functions
        .iter()
        .map(|one| of(&one.name, &one.source));
    let multi_region = settings.multi_region_access_points.iter();
    let all = buckets
        .chain(functions)
        .chain(identities)
        .chain(policies)
        .chain(points)
        .chain(trails)
        .chain(web_functions)
        .flatten()
        // Their ids and aliases are generated.
        .chain(settings.keys.iter().map(|one| one.source.address.as_str()))
        .chain(multi_region.map(|one| one.source.address.as_str()));
    all.map(|address| {
        let name = shown(&super::value::fixed_symbol(address));
        name.trim_start_matches('{')
            .trim_end_matches('}')
            .to_owned()
    })
    .collect()
}

/// One snapshot in the making.
struct Builder<'a> {
    settings: &'a DeploymentSettings,
    bound: Bound,
    unwritten: Unwritten,
    account: &'a str,
    region: &'a str,
    /// ARNs of what the deployment makes, with open symbols in their names.
    unknown_arns: BTreeSet<String>,
    /// What keys refer to that is not known, by their ARNs.
    key_references: BTreeMap<String, BTreeSet<String>>,
    inventory: AccountInventory,
    positions: BTreeMap<String, SourcePosition>,
    resources: Vec<(ResourceKey, BuiltResource)>,
    problems: Vec<TemplateRemark>,
}

/// The resource that is being built, with what it refers to.
struct Made<'a> {
    source: &'a ResourceSource,
    references: BTreeSet<String>,
}

impl<'a> Made<'a> {
    fn new(source: &'a ResourceSource) -> Self {
        Self {
            source,
            references: BTreeSet::new(),
        }
    }

    /// The reason of an undetermined reading.
    fn undetermined<T>(&mut self, reference: &str) -> Reading<T> {
        self.references.insert(shown(reference));
        Reading::Undetermined(shown(reference))
    }

    /// A setting whose absence is the reading `default`.
    fn reading<T: Clone>(&mut self, setting: &Setting<T>, default: Reading<T>) -> Reading<T> {
        match setting {
            Setting::LeftOut => default,
            Setting::Written(value) => Reading::Known(value.clone()),
            Setting::Undetermined(reference) => self.undetermined(reference),
        }
    }
}

impl<'a> Builder<'a> {
    fn new(settings: &'a DeploymentSettings, bound: Bound, unwritten: Unwritten) -> Self {
        let account = settings.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT);
        let below = settings.onto.as_deref();
        let below = below.and_then(|below| below.accounts.get(account));
        Self {
            settings,
            bound,
            unwritten,
            account,
            region: settings.region.as_deref().unwrap_or(UNKNOWN_REGION),
            unknown_arns: BTreeSet::new(),
            key_references: BTreeMap::new(),
            inventory: below.cloned().unwrap_or_default(),
            positions: BTreeMap::new(),
            resources: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// What was assumed.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.below().is_none() {
            let assumed = match self.settings.names_existing {
                true => "judged with nothing else in the account than what the plan describes",
                false => "judged as new resources, with nothing else in the account",
            };
            notes.push(assumed.to_owned());
        }
        if self.below().is_some() && self.region == UNKNOWN_REGION {
            notes.push(
                "the Region is not known: functions of the account are recognized with --region"
                    .to_owned(),
            );
        }
        if self.settings.account.is_none() {
            notes.push(
                "the account is not known: --account ID separates own account ids from others"
                    .to_owned(),
            );
        }
        notes
    }

    /// The ARNs with open symbols of what the deployment makes and policies name in conditions.
    fn unknown_arns(&self) -> BTreeSet<String> {
        let settings = self.settings;
        let buckets = settings.buckets.iter().map(|one| {
            bucket_arn(
                self.partition(),
                &Self::symbolic_name(&one.name, &one.source),
            )
        });
        let functions = settings.functions.iter().map(|one| {
            let region = self.region_of(one.region.as_deref());
            let name = Self::symbolic_name(&one.name, &one.source);
            function_arn(region, self.account, &name)
        });
        let trails = settings.trails.iter().map(|one| {
            let region = self.region_of(one.region.as_deref());
            let name = Self::symbolic_name(&one.name, &one.source);
            trail_arn(region, self.account, &name)
        });
        let all = buckets.chain(functions).chain(trails);
        all.filter(|arn| has_open_symbol(arn)).collect()
    }

    fn run(&mut self) {
        self.unknown_arns = self.unknown_arns();
        let settings = self.settings;
        self.delete();
        self.surroundings();
        for key in &settings.keys {
            self.key(key);
        }
        for bucket in &settings.buckets {
            self.bucket(bucket);
        }
        for point in &settings.access_points {
            self.access_point(point);
        }
        for point in &settings.multi_region_access_points {
            self.multi_region_access_point(point);
        }
        for function in &settings.functions {
            self.function(function);
        }
        for function in &settings.web_functions {
            self.web_function(function);
        }
        for trail in &settings.trails {
            self.trail(trail);
        }
        for store in &settings.event_data_stores {
            self.event_data_store(store);
        }
        self.identities();
        self.outside_of_the_deployment();
    }

    fn snapshot(&mut self) -> Snapshot {
        let accounts = [(self.account.to_owned(), std::mem::take(&mut self.inventory))].into();
        let below = self.settings.onto.as_deref();
        Snapshot {
            schema: SCHEMA.to_owned(),
            taken_at: self.settings.taken_at.clone(),
            complete: below.is_none_or(|below| below.complete),
            endpoint: below.and_then(|below| below.endpoint.clone()),
            organization: below.and_then(|below| below.organization.clone()),
            accounts,
            ..Snapshot::default()
        }
    }

    fn partition(&self) -> &'static str {
        partition(self.region)
    }

    /// The Region of a resource.
    fn region_of(&self, region: Option<&'a str>) -> &'a str {
        region.unwrap_or(self.region)
    }

    fn region_inventory(&mut self, region: &str) -> &mut RegionInventory {
        let closed = self.below().is_none();
        let region = self.inventory.regions.entry(region.to_owned());
        // Of a Region of the account that was not read nothing is known.
        region.or_insert_with(|| match closed {
            true => account::empty_region(),
            false => RegionInventory::default(),
        })
    }

    /// Registers a resource with its lines.
    fn register(&mut self, kind: SubjectKind, arn: String, pointer: String, made: Made<'_>) {
        let source = made.source;
        if let Some(position) = &source.position {
            self.positions.insert(pointer.clone(), position.clone());
        }
        for (member, position) in &source.positions {
            self.positions
                .insert(format!("{pointer}/{member}"), position.clone());
        }
        self.resources.push((
            ResourceKey { kind, arn },
            BuiltResource {
                address: source.construct.as_ref().unwrap_or(&source.address).clone(),
                pointer,
                existing: source.existing,
                partial: source.partial,
                input: None,
                references: made.references,
            },
        ));
    }

    /// The key of a resource in the snapshot: its name, or what stands for it.
    fn name_of(setting: &Setting<String>, source: &ResourceSource) -> String {
        match setting {
            Setting::Written(name) => shown(name),
            Setting::LeftOut | Setting::Undetermined(_) => {
                shown(&super::value::fixed_symbol(&source.address))
            }
        }
    }

    /// The name that other values refer to the resource by, with its symbols.
    fn symbolic_name(setting: &Setting<String>, source: &ResourceSource) -> String {
        match setting {
            Setting::Written(name) => name.clone(),
            Setting::LeftOut | Setting::Undetermined(_) => {
                super::value::fixed_symbol(&source.address)
            }
        }
    }

    /// A policy as this rendering has it.
    fn policy(
        &self,
        policy: &Setting<TemplateNode>,
        own_arn: Option<&str>,
        made: &mut Made<'_>,
    ) -> Reading<String> {
        match policy {
            Setting::LeftOut => Reading::Absent,
            Setting::Undetermined(reference) => made.undetermined(reference),
            Setting::Written(document) => match self.document(document, own_arn, made) {
                Ok(Some(text)) => Reading::Known(text),
                Ok(None) => Reading::Absent,
                Err(reference) => made.undetermined(&reference),
            },
        }
    }

    /// A document as this rendering has it; none where no statement of it can apply.
    fn document(
        &self,
        document: &TemplateNode,
        own_arn: Option<&str>,
        made: &mut Made<'_>,
    ) -> Result<Option<String>, String> {
        let context = PolicyContext {
            own_arn,
            made: &self.unknown_arns,
            account: self.account,
            account_unknown: self.settings.account.is_none(),
            partition: self.partition(),
        };
        let rendered = policy::render(document, self.bound, &context)?;
        made.references.extend(rendered.references);
        Ok((!rendered.empty).then_some(rendered.text))
    }

    /// A flag that is off by default, as this rendering has it: one that is not known is off in the open
    /// rendering.
    fn flag(&self, setting: &Setting<bool>, made: &mut Made<'_>) -> bool {
        match setting {
            Setting::Written(value) => *value,
            Setting::LeftOut => false,
            Setting::Undetermined(reference) => {
                made.references.insert(shown(reference));
                self.bound == Bound::Closed
            }
        }
    }

    /// Block Public Access as this rendering has it.
    fn block(&self, block: &BlockSettings, made: &mut Made<'_>) -> PublicAccessBlock {
        let mut flag = |setting: &Setting<bool>| self.flag(setting, made);
        PublicAccessBlock {
            block_public_acls: flag(&block.block_public_acls),
            ignore_public_acls: flag(&block.ignore_public_acls),
            block_public_policy: flag(&block.block_public_policy),
            restrict_public_buckets: flag(&block.restrict_public_buckets),
        }
    }

    /// An ARN as this rendering has it.
    fn account_text(&self, arn: &str, made: &mut Made<'_>) -> String {
        if self.settings.account.is_some() {
            return arn.to_owned();
        }
        let (text, reference) = policy::with_perhaps_own(arn, self.account, self.bound);
        made.references.extend(reference);
        text
    }

    /// A name that may contain open symbols, and what those refer to.
    fn noted(text: &str, made: &mut Made<'_>) -> String {
        if has_open_symbol(text) {
            made.references.extend(open_references(text));
        }
        shown(text)
    }
}

/// All four flags: the default of new buckets (since 2023-04) and of access points.
const ALL_BLOCKED: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: true,
    ignore_public_acls: true,
    block_public_policy: true,
    restrict_public_buckets: true,
};
