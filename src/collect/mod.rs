//! Reading a live account: the only place that names the SDK, tokio or a clock.
//!
//! [`collect`] is given a set of needs, not checks: which readings of which resources somebody will
//! open. From them comes a [plan](plan), and from the plan the calls, in waves: who we are; what
//! there is (Regions, buckets, functions); the readings of each; and then those of the buckets
//! that the first wave pointed at. What AWS answers becomes a [`Snapshot`], a refusal a refused
//! [reading](crate::inventory::Reading), a failure a failed one. Only when nothing at all can be
//! read — no credentials, nobody there — is there an error instead.
//!
//! Every request goes through one function ([`lane`]), which schedules it, and past one
//! interceptor ([`guard`]), which refuses anything that is not a declared read.

mod account;
mod answer;
mod buckets;
mod clients;
mod endpoint;
mod error;
pub mod guard;
mod identity;
mod interrupt;
mod keys;
mod lambda;
mod lane;
pub mod pace;
mod plan;
mod progress;
mod regions;
mod s3;
mod session;
mod targets;
#[doc(hidden)]
pub mod testing;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures::StreamExt;

pub use error::CollectError;
pub use progress::{Bar, Progress, Silent};

use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::ids::{SubjectKind, partition};
use crate::inventory::key::KeyInventory;
use crate::inventory::need::{Need, ReadingKind};
use crate::inventory::snapshot::SCHEMA;
use crate::inventory::target::TargetInventory;
use crate::inventory::{Reading, Snapshot};

use clients::{Clients, Fixed, Source};
use interrupt::{Interrupt, Routed};
use lane::{Gate, Lanes};
use plan::Plan;
use session::Session;

/// Requests in flight when nobody says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 32;

/// What to read, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What the selected checks need.
    pub needs: BTreeSet<(SubjectKind, Need)>,
    /// The AWS profile; `None` is the environment's.
    pub profile: Option<String>,
    /// The Regions to read, for buckets too; empty is every enabled one.
    pub regions: Vec<String>,
    /// A custom endpoint for all services; `None` is the environment's, or AWS.
    pub endpoint_url: Option<String>,
    /// Bucket names or globs (`*`, `?`); empty is all.
    pub buckets: Vec<String>,
    /// Function names or globs (`*`, `?`); empty is all.
    pub functions: Vec<String>,
    /// Requests in flight at most, all services together.
    pub concurrency: usize,
    /// Requests a second at most, all services together; `None` is no such limit.
    pub rate: Option<f64>,
    /// Read the size of container images too (lambda:GetFunction, ecr:DescribeImages).
    pub image_sizes: bool,
    /// Keep to Lambda's published quotas (15 requests a second in a Region, 100 for GetFunction);
    /// `None` does so on AWS and not on a custom endpoint, which has none.
    pub lambda_quota: Option<bool>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            needs: BTreeSet::new(),
            profile: None,
            regions: Vec::new(),
            endpoint_url: None,
            buckets: Vec::new(),
            functions: Vec::new(),
            concurrency: DEFAULT_CONCURRENCY,
            rate: None,
            image_sizes: false,
            lambda_quota: None,
        }
    }
}

/// Reads the account of the current credentials.
///
/// Blocks until it is read; must not be called from within an asynchronous runtime. Ctrl-C or
/// SIGTERM ends it early: what was read until then is returned with `complete` false, and the next
/// signal ends the process.
///
/// # Errors
/// [`CollectError`], when the request cannot be meant or nothing at all can be read.
pub fn collect(request: Request, progress: Box<dyn Progress>) -> Result<Snapshot, CollectError> {
    collect_from(request, None, progress)
}

fn collect_from(
    request: Request,
    fixed: Option<Fixed>,
    progress: Box<dyn Progress>,
) -> Result<Snapshot, CollectError> {
    for region in &request.regions {
        regions::check(region)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("collect")
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
    request: Request,
    fixed: Option<Fixed>,
    progress: Box<dyn Progress>,
    interrupt: Interrupt,
) -> Result<Snapshot, CollectError> {
    let began = Instant::now();
    let taken_at = now();
    let session = open(request, fixed, progress, interrupt).await?;
    if let Some(url) = session.clients.endpoint() {
        session
            .progress
            .note(&format!("endpoint: {}", endpoint::shown(&url)));
    }
    let result = read(&session).await;
    session.progress.finish();
    let (id, account) = result?;
    Ok(Snapshot {
        schema: SCHEMA.to_owned(),
        taken_at,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        api_calls: session.clients.sent(),
        endpoint: session.clients.endpoint().map(|url| endpoint::shown(&url)),
        complete: !session.interrupted(),
        accounts: BTreeMap::from([(id, account)]),
    })
}

/// The time, in whole seconds.
fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

async fn open(
    request: Request,
    fixed: Option<Fixed>,
    progress: Box<dyn Progress>,
    interrupt: Interrupt,
) -> Result<Session, CollectError> {
    let first_region = request
        .regions
        .iter()
        .map(String::as_str)
        .find(|region| regions::is_known(region));
    let mut clients = Clients::load(Source {
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
    let lambda_quota = request
        .lambda_quota
        .unwrap_or_else(|| clients.lambda_endpoint().is_none());
    let gate = Gate::new(request.concurrency, request.rate, interrupt);
    Ok(Session {
        plan: Plan::new(&request.needs, request.image_sizes),
        lanes: Lanes::new(gate, lambda_quota),
        home: clients.home(),
        clients,
        request,
        progress,
        known: AtomicU64::new(0),
    })
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
    let block = async {
        if session.plan.wants(ReadingKind::AccountPublicAccessBlock) {
            account::public_access_block(session, &id).await
        } else {
            Reading::NotCollected
        }
    };
    let (block, buckets, regions) =
        tokio::join!(block, read_buckets(session, &id), read_regions(session));
    let Buckets {
        listing: bucket_listing,
        buckets,
        keys,
        targets,
    } = buckets;
    let (region_listing, regions) = regions;
    let account = AccountInventory {
        caller,
        public_access_block: block,
        region_listing,
        bucket_listing,
        buckets,
        keys,
        targets,
        regions,
    };
    Ok((id, account))
}

/// The buckets and what they point at.
#[derive(Default)]
struct Buckets {
    listing: Reading<crate::inventory::account::Listing>,
    buckets: BTreeMap<String, BucketInventory>,
    keys: BTreeMap<String, KeyInventory>,
    targets: BTreeMap<String, TargetInventory>,
}

async fn read_buckets(session: &Session, account: &str) -> Buckets {
    if !session.plan.buckets() {
        return Buckets::default();
    }
    let found = buckets::find(session).await;
    let mut buckets = read_each(session, &session.plan, account, found.buckets).await;
    if let Some(plan) = session.plan.of_log_targets() {
        // Targets that the filters left out: S3 wants them in the same account and Region.
        let targets: BTreeMap<String, BucketInventory> = buckets
            .values()
            .filter_map(|bucket| {
                let logging = bucket.logging.known()?;
                (!buckets.contains_key(&logging.target_bucket)).then(|| {
                    let target = BucketInventory {
                        region: bucket.region.clone(),
                        ..BucketInventory::default()
                    };
                    (logging.target_bucket.clone(), target)
                })
            })
            .collect();
        let targets = read_each(session, &plan, account, targets).await;
        buckets.extend(targets);
    }
    let (keys, targets) = tokio::join!(
        keys::read(session, account, &buckets),
        targets::read(session, account, &buckets, found.own.as_ref())
    );
    Buckets {
        listing: found.listing,
        buckets,
        keys,
        targets,
    }
}

/// Reads buckets side by side, each bucket's calls one after the other.
async fn read_each(
    session: &Session,
    plan: &Plan,
    account: &str,
    listed: BTreeMap<String, BucketInventory>,
) -> BTreeMap<String, BucketInventory> {
    session.found(listed.len());
    let regions = &session.request.regions;
    futures::stream::iter(listed)
        .map(|(name, listed)| async move {
            let bucket = s3::read(session, plan, account, &name, listed).await;
            session.progress.step(1);
            (name, bucket)
        })
        .buffer_unordered(session.request.concurrency.max(1))
        // A bucket whose Region only its answers told may turn out to be elsewhere.
        .filter(|(_, bucket)| {
            let here = bucket
                .region
                .as_ref()
                .is_none_or(|region| regions.is_empty() || regions.contains(region));
            std::future::ready(here)
        })
        .collect()
        .await
}

type Regions = (
    Reading<crate::inventory::account::RegionListing>,
    BTreeMap<String, crate::inventory::account::RegionInventory>,
);

async fn read_regions(session: &Session) -> Regions {
    if !session.plan.regions() {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let (names, listing) = regions::choose(session).await;
    let regions = futures::stream::iter(names)
        .map(|name| async move {
            let region = if session.plan.functions() {
                lambda::read(session, &name).await
            } else {
                crate::inventory::account::RegionInventory::default()
            };
            (name, region)
        })
        .buffer_unordered(usize::MAX)
        .collect()
        .await;
    (listing, regions)
}
