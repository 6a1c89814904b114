//! Reading a live account: the only place that names the SDK, tokio or a clock.
//!
//! [`collect`] is given a set of needs, not checks: which readings of which resources the facts will
//! open. From them comes a [plan](plan), and from the plan the calls, in waves: the caller's identity;
//! what there is (Regions, buckets, functions); the readings of each; and then those of the buckets
//! that the first wave pointed at. What AWS answers becomes a [`Snapshot`], a refusal a refused
//! [reading](crate::inventory::Reading), a failure a failed one. Only when nothing at all can be
//! read (no credentials, no endpoint) is there an error instead.
//!
//! Every request goes through one function ([`lane`]), which schedules it, and past one
//! interceptor ([`guard`]), which refuses anything that is not a declared read.

mod access_points;
mod account;
pub mod accounts;
mod accounts_progress;
mod answer;
mod bucket_kinds;
mod buckets;
mod call_error;
mod clients;
mod config;
mod directory_buckets;
mod endpoint;
mod error;
mod event_recorders;
mod events;
#[cfg(feature = "other-bucket-kinds")]
mod file_systems;
mod function_access;
#[cfg(feature = "lambda")]
pub mod function_runtime;
mod function_state;
mod functions;
pub mod guard;
mod identities;
mod identity;
mod in_flight;
mod interrupt;
mod keys;
mod lambda;
mod lane;
mod layers;
mod logs;
mod metrics;
mod objects;
mod organization;
pub mod pace;
mod packages;
mod paging;
mod plan;
mod prices;
mod progress;
mod regions;
mod retry;
pub mod run_bucket;
mod s3;
mod scaling;
mod schedules;
mod session;
#[cfg(feature = "other-bucket-kinds")]
mod table_buckets;
mod targets;
#[doc(hidden)]
pub mod testing;
mod trails;
mod triggers;
#[cfg(feature = "other-bucket-kinds")]
mod vector_buckets;
mod web_functions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures::StreamExt;

pub use crate::inventory::request::CollectRequest;
pub use accounts_progress::AccountsProgress;
pub use error::CollectError;
pub use progress::{Bar, Progress, Silent};

use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::bucket::{BucketInventory, PublicAccessBlock};
use crate::inventory::ids::{SubjectKind, partition};
use crate::inventory::key::KeyInventory;
use crate::inventory::readings::RegionalKind;
use crate::inventory::snapshot::SCHEMA;
use crate::inventory::target::TargetInventory;
use crate::inventory::trail::TrailInventory;
use crate::inventory::{Reading, Snapshot};

use clients::{ClientSettings, Clients, FixedEndpoint};
use interrupt::{Interrupt, Routed};
use lane::{Lanes, RateCap, SharedLimits};
use paging::each;
use plan::{CollectionPlan, PlannedReadings};
use s3::Round;
use session::Session;

/// Reads the account of the current credentials.
///
/// Blocks until it is read; must not be called from within an asynchronous runtime. Ctrl-C or
/// SIGTERM ends it early: what was read until then is returned with `complete` false, and the next
/// signal ends the process.
///
/// # Errors
/// [`CollectError`], when the request cannot be meant or nothing at all can be read.
pub fn collect(
    request: CollectRequest,
    progress: Box<dyn Progress>,
) -> Result<Snapshot, CollectError> {
    collect_from(request, None, progress)
}

fn collect_from(
    request: CollectRequest,
    fixed: Option<FixedEndpoint>,
    progress: Box<dyn Progress>,
) -> Result<Snapshot, CollectError> {
    for region in &request.resources.regions {
        regions::check(region)?;
    }
    // One thread: waiting is nearly all there is to do, and waking another thread for each answer
    // costs two fifths more processor time than it saves of the wall clock.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CollectError::Setup {
            detail: error.to_string(),
        })?;
    let (sender, interrupt) = Interrupt::channel();
    let routed = Routed::to(sender);
    let result = runtime.block_on(run(request, fixed, progress, interrupt));
    drop(routed);
    // Requests that an interrupt left behind are not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn run(
    request: CollectRequest,
    fixed: Option<FixedEndpoint>,
    progress: Box<dyn Progress>,
    interrupt: Interrupt,
) -> Result<Snapshot, CollectError> {
    let session = open(request, fixed, progress, interrupt).await?;
    if let Some(url) = session.clients.endpoint() {
        session
            .progress
            .note(&format!("endpoint: {}", endpoint::shown(&url)));
    }
    let result = snapshot_of(&session).await;
    session.progress.finish();
    result
}

/// Reads the account of a session.
async fn snapshot_of(session: &Session) -> Result<Snapshot, CollectError> {
    let began = Instant::now();
    let taken_at = now();
    let (id, account) = read(session).await?;
    Ok(Snapshot {
        schema: SCHEMA.to_owned(),
        taken_at,
        duration_ms: elapsed_ms(began),
        api_calls: session.lanes.gate().calls(),
        endpoint: session.clients.endpoint().map(|url| endpoint::shown(&url)),
        complete: !session.interrupted(),
        organization: None,
        accounts: BTreeMap::from([(id, account)]),
    })
}

/// The environment variable that stops the clock, for tests that compare whole runs.
const CLOCK: &str = "COLDBUCKET_TEST_CLOCK";

/// Ms since then; 0 where the clock is stopped.
fn elapsed_ms(began: Instant) -> u64 {
    if std::env::var_os(CLOCK).is_some() {
        return 0;
    }
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The time, in whole seconds.
pub fn now() -> String {
    if let Some(stopped) = std::env::var(CLOCK)
        .ok()
        .filter(|time| time.parse::<jiff::Timestamp>().is_ok())
    {
        return stopped;
    }
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

async fn open(
    request: CollectRequest,
    fixed: Option<FixedEndpoint>,
    progress: Box<dyn Progress>,
    interrupt: Interrupt,
) -> Result<Session, CollectError> {
    let first_region = request
        .resources
        .regions
        .iter()
        .map(String::as_str)
        .find(|region| regions::is_known(region));
    let mut clients = Clients::load(ClientSettings {
        profile: request.profile.as_deref(),
        endpoint_url: request.endpoint_url.as_deref(),
        fallback_region: first_region,
        fixed: fixed.as_ref(),
    })
    .await?;
    // Credentials are good in one partition only: `--region cn-north-1` must not ask sts in
    // us-east-1 who we are.
    if let Some(region) = first_region
        && partition(region) != partition(&clients.home())
    {
        clients.set_home(region);
    }
    let cap = RateCap::new(request.rate);
    Ok(open_with(clients, request, cap, progress, interrupt))
}

/// A session with these clients, within a cap on requests a second.
fn open_with(
    clients: Clients,
    request: CollectRequest,
    cap: RateCap,
    progress: Box<dyn Progress>,
    interrupt: Interrupt,
) -> Session {
    let lambda_quota = request
        .lambda_quota
        .unwrap_or_else(|| clients.lambda_endpoint().is_none());
    let gate = SharedLimits::new(request.concurrency, cap, interrupt);
    let mut plan = CollectionPlan::new(&request.needs, &request.opted());
    for row in RegionalKind::ALL {
        if !bucket_kinds::may_be_selected(row.kind, &request.resources.buckets) {
            plan.leave_out(row.listing);
        } else if bucket_kinds::NOT_IN_THIS_BUILD.contains(&row.kind) && plan.wants(row.listing) {
            plan.leave_out(row.listing);
            progress.note(&format!(
                "{}s are not read: not in this build",
                row.kind.noun()
            ));
        }
    }
    Session {
        plan,
        lanes: Lanes::new(gate, lambda_quota),
        home: clients.home(),
        clients,
        request,
        progress,
        scan: AtomicU64::new(0),
        layers: layers::Layers::default(),
        known: AtomicU64::new(0),
        memory: None,
        reserved: std::sync::Mutex::new(None),
    }
}

/// The account, wave by wave.
async fn read(session: &Session) -> Result<(String, AccountInventory), CollectError> {
    let (id, caller) = identity::identify(
        &session.clients,
        &session.lanes,
        session.request.profile.as_deref(),
    )
    .await?;
    regions::verify(session).await?;
    let (found_buckets, regions, identities, multi_region) = tokio::join!(
        read_buckets(session, &id),
        read_regions(session, &id),
        identities::read(session),
        access_points::read_multi_region(session, &id)
    );
    let mut account = AccountInventory {
        caller,
        public_access_block: found_buckets.block,
        region_listing: regions.listing,
        bucket_listing: found_buckets.listing,
        buckets: found_buckets.buckets,
        keys: found_buckets.keys,
        targets: found_buckets.targets,
        trails: regions.trails,
        regions: regions.regions,
        multi_region_access_point_listing: multi_region.0,
        multi_region_access_points: multi_region.1,
        ..identities
    };
    let behind = access_points::buckets_behind(&id, &account);
    read_more(
        session,
        &session.plan.buckets_behind,
        &id,
        &mut account,
        behind,
    )
    .await;
    let named = trail_buckets(&account, found_buckets.own.as_ref());
    read_more(
        session,
        &session.plan.trail_buckets,
        &id,
        &mut account,
        named,
    )
    .await;
    objects::read(session, &mut account).await;
    Ok((id, account))
}

/// Another round over some buckets.
async fn read_more(
    session: &Session,
    readings: &PlannedReadings,
    id: &str,
    account: &mut AccountInventory,
    buckets: BTreeMap<String, BucketInventory>,
) {
    if !readings.is_empty() {
        let round = Round::of(readings, id, &account.public_access_block);
        let read = read_each(session, &round, buckets).await;
        account.buckets.extend(read);
    }
}

/// The buckets and what they point at.
#[derive(Default)]
struct ReadBuckets {
    listing: Reading<crate::inventory::account::Listing>,
    buckets: BTreeMap<String, BucketInventory>,
    /// The names of all buckets of the account, where there was a complete list.
    own: Option<BTreeSet<String>>,
    keys: BTreeMap<String, KeyInventory>,
    targets: BTreeMap<String, TargetInventory>,
    /// The account's Block Public Access.
    block: Reading<PublicAccessBlock>,
}

async fn read_buckets(session: &Session, account: &str) -> ReadBuckets {
    let block = account::public_access_block(session, account);
    if !session.plan.lists(SubjectKind::Bucket) {
        return ReadBuckets {
            block: block.await,
            ..ReadBuckets::default()
        };
    }
    // What the account blocks makes calls about its buckets pointless.
    let (block, found) = tokio::join!(block, buckets::find(session));
    session.reserve(found.buckets.len()).await;
    let to_come = session.plan.to_come();
    let round = Round {
        to_come,
        ..Round::of(&session.plan.all, account, &block)
    };
    let mut buckets = read_each(session, &round, found.buckets).await;
    let waiting: Vec<String> = buckets
        .iter()
        .filter(|(_, bucket)| to_come > 0 && round.uses_up(bucket))
        .map(|(name, _)| name.clone())
        .collect();
    if !session.plan.log_targets.is_empty() {
        let targets = log_targets(&buckets, found.own.as_ref());
        let round = Round::of(&session.plan.log_targets, account, &block);
        buckets.extend(read_each(session, &round, targets).await);
    }
    let waiting = waiting
        .into_iter()
        .filter_map(|name| buckets.remove_entry(&name))
        .collect();
    let round = Round::of(&session.plan.all, account, &block);
    buckets.extend(read_each(session, &round, waiting).await);
    let (keys, targets) = tokio::join!(
        keys::read(session, account, &buckets),
        targets::read(session, account, &buckets, found.own.as_ref())
    );
    ReadBuckets {
        listing: found.listing,
        buckets,
        own: found.own,
        keys,
        targets,
        block,
    }
}

/// The buckets that receive access logs, with what is known of them. S3 wants them in the same
/// account and Region, so those that the filters left out are among them; a bucket that is known
/// not to be the account's is not.
fn log_targets(
    buckets: &BTreeMap<String, BucketInventory>,
    own: Option<&BTreeSet<String>>,
) -> BTreeMap<String, BucketInventory> {
    buckets
        .values()
        .filter_map(|source| {
            let name = &source.logging.known()?.target_bucket;
            let target = match buckets.get(name) {
                Some(target) => target.clone(),
                None if own.is_some_and(|own| !own.contains(name)) => return None,
                None => BucketInventory {
                    region: source.region.clone(),
                    ..BucketInventory::default()
                },
            };
            Some((name.clone(), target))
        })
        .collect()
}

/// The buckets that trails deliver to, as far as they are the account's own, with what is known of
/// them.
fn trail_buckets(
    account: &AccountInventory,
    own: Option<&BTreeSet<String>>,
) -> BTreeMap<String, BucketInventory> {
    account
        .trails
        .values()
        .filter_map(|trail| {
            let bucket = match account.buckets.get(&trail.bucket) {
                Some(bucket) => bucket.clone(),
                None if own.is_some_and(|own| own.contains(&trail.bucket)) => {
                    BucketInventory::default()
                }
                None => return None,
            };
            Some((trail.bucket.clone(), bucket))
        })
        .collect()
}

/// Reads buckets side by side, each bucket's calls one after the other.
async fn read_each(
    session: &Session,
    round: &Round<'_>,
    listed: BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, BucketInventory> {
    let mut buckets: BTreeMap<_, _> = each(session, listed, |(name, listed)| async move {
        let bucket = s3::read(session, round, &name, listed).await;
        (name, bucket)
    })
    .await;
    // A bucket whose Region was not listed may turn out to be elsewhere.
    let regions = &session.request.resources.regions;
    buckets.retain(|_, bucket| {
        let region = bucket.region.as_ref();
        region.is_none_or(|region| regions.is_empty() || regions.contains(region))
    });
    buckets
}

/// The Regions and the trails that record in them.
#[derive(Default)]
struct ReadRegions {
    listing: Reading<crate::inventory::account::RegionListing>,
    regions: BTreeMap<String, RegionInventory>,
    trails: BTreeMap<String, TrailInventory>,
}

async fn read_regions(session: &Session, account: &str) -> ReadRegions {
    if !session.plan.regions() {
        return ReadRegions::default();
    }
    let (names, listing) = regions::choose(session).await;
    let read: Vec<_> = futures::stream::iter(names)
        .map(|name| async move {
            let functions = async {
                if session.plan.lists(SubjectKind::Function) {
                    lambda::read(session, &name).await
                } else {
                    RegionInventory::default()
                }
            };
            let recorders = async {
                tokio::join!(
                    event_recorders::stores(session, &name),
                    event_recorders::channels(session, &name)
                )
            };
            let (
                functions,
                (web_function_listing, web_functions),
                access_points,
                bucket_kinds,
                (trail_listing, trails),
                recorders,
                config,
            ) = tokio::join!(
                functions,
                web_functions::read(session, &name),
                access_points::read(session, account, &name),
                bucket_kinds::read(session, &name),
                trails::list(session, &name),
                recorders,
                config::read(session, &name)
            );
            let (event_data_stores, event_channels) = recorders;
            let (access_point_listing, access_points) = access_points;
            let region = RegionInventory {
                access_point_listing,
                access_points,
                web_function_listing,
                web_functions,
                trail_listing,
                event_data_stores,
                event_channels,
                config_recorders: config.recorders,
                config_recorder_status: config.statuses,
                config_delivery_channels: config.channels,
                config_deliveries: config.deliveries,
                config_rules: config.rules,
                ..bucket_kinds.within(functions)
            };
            (name, region, trails)
        })
        .buffer_unordered(usize::MAX)
        .collect()
        .await;
    let mut found = BTreeMap::new();
    let mut regions = BTreeMap::new();
    for (name, region, trails) in read {
        regions.insert(name, region);
        found.extend(trails);
    }
    ReadRegions {
        listing,
        regions,
        trails: trails::read(session, found).await,
    }
}
