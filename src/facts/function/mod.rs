//! What can be said about one function. One file a topic; this one only puts them together.

pub mod access;
pub mod code;
pub mod cold_start;
pub mod concurrency;
pub mod contents;
pub mod idle;
pub mod package;
pub mod pings;
pub mod posture;
pub mod runtime;
pub mod snapshots;
pub mod snapstart;
pub mod vpc;
mod wiring;

use schemars::JsonSchema;

use super::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::function::{Alias, FunctionConfiguration, FunctionInventory};
use crate::inventory::ids::function_arn;
use crate::inventory::need::ReadingKind;

/// The version that is edited, and that callers without a qualifier run.
pub const LATEST: &str = "$LATEST";

/// The facts of one function; conditions see them as `function`. A function is one resource; its
/// versions are the list `versions`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(FunctionListing))]
pub struct FunctionFacts {
    /// Function name.
    pub name: String,
    /// Unqualified ARN.
    pub arn: String,
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
    /// The versions that matter: `$LATEST`, and those with an alias or provisioned concurrency.
    /// Which they are is unknown when aliases or provisioned concurrency could not be read.
    #[needs(own(FunctionAliases), own(FunctionProvisionedConcurrency))]
    pub versions: Fact<Vec<VersionFacts>>,
    /// `$LATEST`: what most callers run, and what the next version will be.
    pub latest: VersionFacts,
    /// Provisioned concurrency over all qualifiers.
    pub provisioned_concurrency: concurrency::ProvisionedConcurrencyFacts,
    /// Whether the snapshots that SnapStart makes are there and used.
    pub snapshots: snapshots::SnapshotFacts,
    /// Rules and schedules that look like keep-warm pings.
    #[needs(own(Rules), own(Schedules))]
    pub pings: Fact<Vec<pings::PingFacts>>,
    /// What becomes of it in a VPC when nobody calls.
    pub idle: idle::IdleFacts,
    /// Where its code is kept.
    pub code: code::CodeFacts,
    /// Function URLs, in the order of their qualifiers.
    #[needs(own(FunctionUrls))]
    pub urls: Fact<Vec<access::UrlFacts>>,
    /// Resource policies, in the order of their qualifiers; those that are there.
    #[needs(own(FunctionAliases), own(FunctionPolicies))]
    pub policies: Fact<Vec<access::PolicyFacts>>,
}

/// One version of a function; `item` in checks with `for_each: function.versions`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct VersionFacts {
    /// `$LATEST` or the version number.
    pub version: String,
    /// Aliases that point to it, with all of their traffic or a share.
    #[needs(own(FunctionAliases))]
    pub aliases: Fact<Vec<String>>,
    /// Those of them whose main version it is; not for conditions.
    #[schemars(skip)]
    pub leading_aliases: Vec<String>,
    /// `x86_64` or `arm64`.
    pub architecture: Fact<String>,
    /// Memory, MiB.
    pub memory_mb: Fact<u32>,
    /// Timeout, seconds.
    pub timeout_s: Fact<u32>,
    /// Runtime.
    pub runtime: runtime::RuntimeFacts,
    /// Package.
    pub package: package::PackageFacts,
    /// VPC attachment.
    pub vpc: vpc::VpcFacts,
    /// SnapStart.
    pub snapstart: snapstart::SnapStartFacts,
    /// How long a cold start takes.
    pub cold_start: cold_start::ColdStartFacts,
    /// Lambda Managed Instances: environments are started ahead, cold-start checks do not apply.
    pub managed_instances: Fact<bool>,
    /// One environment a tenant: more cold starts, no SnapStart, no provisioned concurrency.
    pub tenant_isolation: Fact<bool>,
    /// A durable function: it is replayed from its checkpoints, so one piece of work is many calls.
    pub durable: Fact<bool>,
    /// Replicated to the edge: SnapStart and provisioned concurrency do not exist there.
    pub edge: Fact<bool>,
}

/// One function in its surroundings.
pub(in crate::facts) struct FunctionContext<'a> {
    pub(in crate::facts) account_id: &'a str,
    pub(in crate::facts) region: &'a str,
    pub(in crate::facts) name: &'a str,
    /// The Region, for what is listed once for all of its functions.
    pub(in crate::facts) inventory: &'a RegionInventory,
    pub(in crate::facts) function: &'a FunctionInventory,
    /// The account, for the buckets that code is kept in.
    pub(in crate::facts) account: &'a AccountInventory,
    /// The snapshot's time, RFC 3339.
    pub(in crate::facts) taken_at: &'a str,
    /// The numbers of the cold-start estimator.
    pub(in crate::facts) model: Option<&'a coldbucket_cold_start::Model>,
}

impl FunctionContext<'_> {
    /// The ARN as AWS gave it, or as it is made.
    pub(in crate::facts) fn arn(&self) -> String {
        if self.function.arn.is_empty() {
            function_arn(self.region, self.account_id, self.name)
        } else {
            self.function.arn.clone()
        }
    }
}

impl FunctionFacts {
    /// Concludes everything about one function.
    pub(in crate::facts) fn derive(context: &FunctionContext<'_>) -> Self {
        let function = context.function;
        let wiring = wiring::Wiring::new(context);
        let access = access::Access::new(context);
        let aliases = from_reading(
            ReadingKind::FunctionAliases,
            &function.aliases.as_ref(),
            Vec::new,
            |aliases| aliases.iter().collect::<Vec<&Alias>>(),
        );
        Self {
            name: context.name.to_owned(),
            arn: context.arn(),
            account: context.account_id.to_owned(),
            region: context.region.to_owned(),
            versions: versions(context, &aliases),
            latest: VersionFacts::derive(
                context,
                LATEST,
                aliases.map(|aliases| names_of(&aliases, LATEST)),
                false,
            ),
            provisioned_concurrency: concurrency::ProvisionedConcurrencyFacts::derive(
                context, &wiring,
            ),
            snapshots: snapshots::SnapshotFacts::derive(context, &wiring),
            pings: pings::derive(context),
            idle: idle::IdleFacts::derive(context),
            code: code::CodeFacts::derive(context),
            urls: access.urls(),
            policies: access.policies(),
        }
    }
}

/// True when the alias sends traffic to the version, all of it or a share.
fn leads_to(alias: &Alias, version: &str) -> bool {
    alias.version == version || alias.additional_versions.contains_key(version)
}

fn names_of(aliases: &[&Alias], version: &str) -> Vec<String> {
    let mut names: Vec<String> = aliases
        .iter()
        .filter(|alias| leads_to(alias, version))
        .map(|alias| alias.name.clone())
        .collect();
    names.sort();
    names
}

/// The versions that matter, `$LATEST` first, then by number.
fn versions(context: &FunctionContext<'_>, aliases: &Fact<Vec<&Alias>>) -> Fact<Vec<VersionFacts>> {
    aliases
        .clone()
        .zip(concurrency::read(context.function))
        .and_then(|(aliases, provisioned)| {
            let mut wanted: Vec<&str> = aliases
                .iter()
                .flat_map(|alias| {
                    std::iter::once(&alias.version).chain(alias.additional_versions.keys())
                })
                .chain(
                    provisioned
                        .iter()
                        .map(|configuration| &configuration.qualifier)
                        .filter(|qualifier| !aliases.iter().any(|alias| &alias.name == *qualifier)),
                )
                .map(String::as_str)
                .filter(|version| *version != LATEST)
                .collect();
            wanted.sort_by_key(|version| (version.parse::<u64>().unwrap_or(u64::MAX), *version));
            wanted.dedup();
            // A version in use that the listing does not have: judging the others alone would
            // call the function better than it is.
            if let Some(lost) = wanted
                .iter()
                .find(|version| !context.function.versions.contains_key(**version))
            {
                return Fact::undecidable(format!(
                    "version {lost} is in use and the listing of functions does not have it"
                ));
            }
            Fact::Known(
                std::iter::once(LATEST)
                    .chain(wanted)
                    .map(|version| {
                        let names = names_of(&aliases, version);
                        let provisioned = provisioned.iter().any(|configuration| {
                            configuration.qualifier == version
                                || names.contains(&configuration.qualifier)
                        });
                        let mut leading_aliases: Vec<String> = aliases
                            .iter()
                            .filter(|alias| alias.version == version)
                            .map(|alias| alias.name.clone())
                            .collect();
                        leading_aliases.sort();
                        VersionFacts {
                            leading_aliases,
                            ..VersionFacts::derive(
                                context,
                                version,
                                Fact::Known(names),
                                provisioned,
                            )
                        }
                    })
                    .collect(),
            )
        })
}

/// Whether provisioned concurrency of the version or of an alias of it stands ready; what failed or
/// is still being set up keeps nothing warm.
fn is_ready(context: &FunctionContext<'_>, version: &str, aliases: &Fact<Vec<String>>) -> bool {
    concurrency::read(context.function)
        .known()
        .into_iter()
        .flatten()
        .any(|configuration| {
            configuration.status == "READY"
                && (configuration.qualifier == version
                    || aliases
                        .known()
                        .is_some_and(|names| names.contains(&configuration.qualifier)))
        })
}

/// True for a reading that was asked for and not given.
fn is_refused<T>(reading: &Reading<T>) -> bool {
    matches!(
        reading,
        Reading::Denied { .. } | Reading::Failed { .. } | Reading::Undetermined(_)
    )
}

impl VersionFacts {
    /// Concludes from the version's configuration. `provisioned`: provisioned concurrency serves it.
    fn derive(
        context: &FunctionContext<'_>,
        name: &str,
        aliases: Fact<Vec<String>>,
        provisioned: bool,
    ) -> Self {
        let version: Fact<&FunctionConfiguration> =
            context.function.versions.get(name).map_or_else(
                || Fact::undecidable(format!("the listing of functions does not have {name}")),
                Fact::Known,
            );
        let contents = contents::Contents::of(name, &version, &context.function.packages);
        let package = package::PackageFacts::derive(
            name,
            &version,
            &context.function.image,
            &contents,
            context.model,
        );
        let snapstart = snapstart::SnapStartFacts::derive(&version, context.region, provisioned);
        let cold_start = cold_start::ColdStartFacts::derive(
            &version,
            &cold_start::facts::Surroundings {
                model: context.model,
                name: context.name,
                region: context.region,
                contents: &contents,
                contents_refused: is_refused(&context.function.packages),
                waste: package.waste.known().map_or(&[], Vec::as_slice),
                measured: cold_start::MeasuredFacts::derive(name, &context.function.measured),
                measured_refused: is_refused(&context.function.measured),
                kept_warm: provisioned && is_ready(context, name, &aliases),
                total_mb: &package.total_mb,
                snapstart_eligible: &snapstart.eligible,
                // A published version starts as it was published; $LATEST as its next version will.
                snapstart_enabled: if name == LATEST {
                    &snapstart.enabled
                } else {
                    &snapstart.snapshot
                },
            },
        );
        Self {
            version: name.to_owned(),
            aliases,
            leading_aliases: Vec::new(),
            architecture: version.as_ref().map(|version| version.architecture.clone()),
            memory_mb: version.as_ref().map(|version| version.memory_mb),
            timeout_s: version.as_ref().map(|version| version.timeout_s),
            runtime: runtime::RuntimeFacts::derive(&version, context.taken_at),
            package,
            vpc: vpc::VpcFacts::derive(&version),
            snapstart,
            cold_start,
            managed_instances: version.as_ref().map(|version| version.managed_instances),
            tenant_isolation: version.as_ref().map(|version| version.tenant_isolation),
            durable: version.as_ref().map(|version| version.durable),
            edge: version.map(|version| version.master_arn.is_some()),
        }
    }
}
