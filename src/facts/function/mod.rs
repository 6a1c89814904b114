//! What can be said about one function. One file a topic; this one only puts them together.

pub mod access;
mod cadence;
pub mod code;
pub mod cold_start;
pub mod concurrency;
pub mod contents;
pub(in crate::facts) mod context;
pub mod idle;
mod layers;
mod live_prices;
pub mod package;
pub mod pings;
pub mod posture;
pub mod runtime;
pub mod snapshots;
pub mod snapstart;
pub mod vpc;
mod wiring;

use std::cell::OnceCell;
use std::rc::Rc;

use schemars::JsonSchema;

use self::access::Access;
use self::context::FunctionContext;
pub use self::context::LATEST;
use self::context::{is_refused, member};
use self::wiring::Wiring;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::lazy::Lazy;
use crate::facts::subject::{Facts, Posture, Subject, SubjectView, UNKNOWN, UNLISTED, unlisted};
use crate::inventory::Reading;
use crate::inventory::account::AccountInventory;
use crate::inventory::function::{Alias, FunctionConfiguration};
use crate::inventory::ids::{SubjectKind, function_arn};
use crate::inventory::need::ReadingKind;
use crate::inventory::readings::is_whole;
use coldbucket_cold_start::Model;
use coldbucket_cold_start::prices::ListedPrices;

/// The facts of one function; conditions see them as `function`. A function is one resource; its
/// versions are the list `versions`.
#[derive(Debug, JsonSchema, FactValue)]
#[needs(own(FunctionListing))]
pub struct FunctionFacts<'a> {
    /// The numbers of the cold-start estimator.
    #[schemars(skip)]
    model: Option<&'a Model>,
    /// What AWS charges in the Region, where that was read.
    #[schemars(skip)]
    live_prices: Option<ListedPrices>,
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
    pub versions: Lazy<'a, Fact<Vec<VersionFacts>>>,
    /// `$LATEST`: what most callers run, and what the next version will be.
    pub latest: Lazy<'a, VersionFacts>,
    /// Provisioned concurrency over all qualifiers.
    pub provisioned_concurrency: Lazy<'a, concurrency::ProvisionedConcurrencyFacts>,
    /// Whether the snapshots that SnapStart makes are there and used.
    pub snapshots: Lazy<'a, snapshots::SnapshotFacts>,
    /// Rules and schedules that look like keep-warm pings.
    #[needs(own(Rules), own(Schedules))]
    pub pings: Lazy<'a, Fact<Vec<pings::PingFacts>>>,
    /// What becomes of it in a VPC without calls.
    pub idle: Lazy<'a, idle::IdleFacts>,
    /// Where its code is kept.
    pub code: Lazy<'a, code::CodeFacts>,
    /// Function URLs, in the order of their qualifiers.
    #[needs(own(FunctionUrls))]
    pub urls: Lazy<'a, Fact<Vec<access::UrlFacts>>>,
    /// Resource policies, in the order of their qualifiers; those that are there.
    #[needs(own(FunctionAliases), own(FunctionPolicies))]
    pub policies: Lazy<'a, Fact<Vec<access::PolicyFacts>>>,
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
    /// ARNs of its layers that other accounts publish, with commas between them: not those of AWS and of
    /// vendors that publish for everyone, nor of accounts that the configuration trusts; empty where
    /// there are none.
    pub foreign_layers: Fact<String>,
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

/// What several groups of a function are concluded from, each concluded once.
struct Basis<'a> {
    context: FunctionContext<'a>,
    wiring: OnceCell<Wiring>,
    access: OnceCell<Access<'a>>,
    aliases: OnceCell<Fact<Vec<&'a Alias>>>,
}

impl<'a> Basis<'a> {
    fn wiring(&self) -> &Wiring {
        self.wiring.get_or_init(|| Wiring::new(&self.context))
    }

    fn access(&self) -> &Access<'a> {
        self.access.get_or_init(|| Access::new(&self.context))
    }

    fn aliases(&self) -> &Fact<Vec<&'a Alias>> {
        self.aliases.get_or_init(|| {
            from_reading(
                ReadingKind::FunctionAliases,
                &self.context.function.aliases.as_ref(),
                Vec::new,
                |aliases| aliases.iter().collect(),
            )
        })
    }

    /// A group that is concluded from this when it is first read.
    fn lazy<T: 'a>(self: &Rc<Self>, conclude: fn(&Self) -> T) -> Lazy<'a, T> {
        let basis = Rc::clone(self);
        Lazy::new(move || conclude(&basis))
    }
}

impl<'a> FunctionFacts<'a> {
    /// The facts of one function; each group is concluded when it is first read.
    pub(in crate::facts) fn new(context: FunctionContext<'a>) -> Self {
        let basis = Rc::new(Basis {
            context,
            wiring: OnceCell::new(),
            access: OnceCell::new(),
            aliases: OnceCell::new(),
        });
        Self {
            model: context.model,
            live_prices: context
                .inventory
                .lambda_prices
                .known()
                .map(live_prices::listed),
            name: context.name.to_owned(),
            arn: context.arn(),
            account: context.account_id.to_owned(),
            region: context.region.to_owned(),
            versions: basis.lazy(|basis| versions(&basis.context, basis.aliases())),
            latest: basis.lazy(|basis| {
                let aliases = basis.aliases().as_ref();
                let names = aliases.map(|aliases| names_of(aliases, LATEST));
                VersionFacts::derive(&basis.context, LATEST, names, false)
            }),
            provisioned_concurrency: basis.lazy(|basis| {
                concurrency::ProvisionedConcurrencyFacts::derive(&basis.context, basis.wiring())
            }),
            snapshots: basis
                .lazy(|basis| snapshots::SnapshotFacts::derive(&basis.context, basis.wiring())),
            pings: basis.lazy(|basis| pings::derive(&basis.context)),
            idle: basis.lazy(|basis| idle::IdleFacts::derive(&basis.context)),
            code: basis.lazy(|basis| code::CodeFacts::derive(&basis.context)),
            urls: basis.lazy(|basis| basis.access().urls()),
            policies: basis.lazy(|basis| basis.access().policies()),
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
                biases: context.biases,
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
            architecture: member(&version, &["architecture"], |version| {
                version.architecture.clone()
            }),
            memory_mb: member(&version, &["memory_mb"], |version| version.memory_mb),
            timeout_s: member(&version, &["timeout_s"], |version| version.timeout_s),
            runtime: runtime::RuntimeFacts::derive(&version, context.taken_at),
            package,
            foreign_layers: layers::foreign(context, &version),
            vpc: vpc::VpcFacts::derive(&version),
            snapstart,
            cold_start,
            managed_instances: member(&version, &["managed_instances"], |version| {
                version.managed_instances
            }),
            tenant_isolation: member(&version, &["tenant_isolation"], |version| {
                version.tenant_isolation
            }),
            durable: member(&version, &["durable"], |version| version.durable),
            edge: member(&version, &["master_arn"], |version| {
                version.master_arn.is_some()
            }),
        }
    }
}

impl<'a> SubjectView<'a> for FunctionFacts<'a> {
    fn list(id: &str, account: &AccountInventory, complete: bool) -> Vec<Subject> {
        let subject = |region: &str, name: &str, arn: &str, unlisted| {
            let arn = match arn {
                "" => function_arn(region, id, name),
                arn => arn.to_owned(),
            };
            Subject::named(SubjectKind::Function, (id, region), name, arn, unlisted)
        };
        let mut subjects = Vec::new();
        for (region, inventory) in &account.regions {
            let listed = is_whole(&inventory.function_listing);
            subjects.extend(
                inventory
                    .functions
                    .iter()
                    .filter(|(_, function)| !(listed && function.does_not_exist()))
                    .map(|(name, function)| subject(region, name, &function.arn, Vec::new())),
            );
            let unlisted = unlisted(
                ReadingKind::FunctionListing,
                &inventory.function_listing,
                inventory.functions.is_empty(),
                complete,
            );
            if !unlisted.is_empty() {
                subjects.push(subject(region, UNLISTED, "", unlisted));
            }
        }
        // Not one Region was looked at: whether there are functions is unknown.
        if account.regions.is_empty() {
            let because = match &account.region_listing {
                Reading::Known(_) | Reading::Absent => {
                    Fact::<()>::not_collected(ReadingKind::FunctionListing)
                }
                refused => from_reading(ReadingKind::RegionListing, refused, || (), |_| ()),
            };
            subjects.push(subject(UNKNOWN, UNLISTED, "", because.because().to_vec()));
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (account_id, account) = facts.account(&subject.id.account)?;
        let (region, inventory) = account.regions.get_key_value(&subject.id.region)?;
        let (name, function) = inventory.functions.get_key_value(&subject.id.name)?;
        Some(Self::new(FunctionContext {
            account_id,
            region,
            name,
            account,
            inventory,
            function,
            taken_at: &facts.snapshot.taken_at,
            trust: &facts.trust,
            model: facts.model,
            biases: facts.biases(account_id),
        }))
    }

    fn posture(&self) -> Posture {
        Posture {
            cold_starts: self.cold_starts(),
            ..Posture::default()
        }
    }
}
