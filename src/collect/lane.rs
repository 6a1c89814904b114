//! The one function through which every request goes.
//!
//! A lane is one service in one Region: what AWS throttles as a unit. A call waits for its turn in
//! the lane, then for the run's hard cap (`--rate`), then for a place among the requests in
//! flight; then it is sent, and the lane learns from the answer. The SDK's own retries are off:
//! they wait outside of any schedule, so neither a hard cap nor a measured rate could be kept.
//!
//! Retrying: a throttled call goes back to the end of the lane until a minute has passed since it
//! was first sent. A transient failure is tried again as often as makes a loss by chance unlikely,
//! unless the operation has failed for seconds without an answer. When nothing answers, one request
//! probes the endpoint while the others wait; after five seconds they fail.
//!
//! Hedging: where an answer is late and later requests were answered, the request is sent again, up to
//! three times, and the first answer counts. All calls but those that start something read only.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::call_error::{CallError, ErrorKind};
use super::in_flight::InFlight;
use super::interrupt::Interrupt;
use super::pace::{Metronome, Pace};
use super::retry::{
    Admission, FailureRate, HedgeBudget, LatencyEstimate, OperationHealth, Outage, OutageCause,
};

/// How long a call is tried, from when it was first sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// The wait before the second attempt; it doubles each time …
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// When a request is late that no later one has overtaken, to its service …
const LATE_ALONE: Duration = Duration::from_secs(1);
/// … or to any.
const LATE_IN_SILENCE: Duration = Duration::from_secs(3);
/// … or of an operation that has not answered yet, which may be one that takes its time: all identities of
/// an account, say.
const LATE_AT_FIRST: Duration = Duration::from_secs(3);
/// How often one request is sent again while it waits: copies can be lost as well.
const COPIES: usize = 3;
/// The same of an operation that has not answered yet: where it is slow, each copy makes it slower.
const COPIES_AT_FIRST: usize = 1;

/// What all lanes share: the requests in flight, the hard cap, the interrupt, and what is known of
/// all services.
#[derive(Debug)]
pub struct SharedLimits {
    in_flight: InFlight,
    cap: RateCap,
    interrupt: Interrupt,
    seen: Mutex<RunHealth>,
    calls: AtomicU64,
}

/// The hard cap on requests a second (`--rate`), shared by all accounts of a run. One that is alone, or
/// larger than the others, has what they do not use.
#[derive(Clone, Debug)]
pub struct RateCap(Option<Arc<Mutex<Metronome>>>);

impl RateCap {
    /// At most so many requests a second; no cap for `None`.
    pub fn new(rate: Option<f64>) -> Self {
        Self(rate.and_then(Metronome::new).map(Mutex::new).map(Arc::new))
    }

    /// When the next request may leave.
    fn slot(&self, now: Instant) -> Option<Instant> {
        let cap = self.0.as_ref()?;
        let mut metronome = cap.lock().unwrap_or_else(PoisonError::into_inner);
        Some(metronome.slot(now))
    }
}

#[derive(Debug, Default)]
struct RunHealth {
    failures: FailureRate,
    latency: LatencyEstimate,
    hedges: HedgeBudget,
    /// When the latest of the answered requests was sent.
    newest: Option<Instant>,
}

impl SharedLimits {
    /// At most `concurrency` requests in flight, and requests a second within `cap`.
    pub fn new(concurrency: usize, cap: RateCap, interrupt: Interrupt) -> Arc<Self> {
        Arc::new(Self {
            in_flight: InFlight::new(concurrency),
            cap,
            interrupt,
            seen: Mutex::default(),
            calls: AtomicU64::new(0),
        })
    }

    /// True once the run was interrupted.
    pub fn interrupted(&self) -> bool {
        self.interrupt.raised()
    }

    /// Calls so far that were sent. A call that is sent again, after a failure or because its answer is
    /// late, counts once: the number does not depend on how busy this machine or AWS is.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn locked<R>(&self, f: impl FnOnce(&mut RunHealth) -> R) -> R {
        f(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One service in one Region.
#[derive(Debug)]
pub struct Lane {
    gate: Arc<SharedLimits>,
    /// Late requests are sent a second time.
    hedges: bool,
    /// First come, first served.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    outage: Outage,
    /// By the type of their errors, which each operation has of its own.
    operations: HashMap<TypeId, OperationHealth>,
    /// When the latest of the answered requests was sent.
    newest: Option<Instant>,
}

impl State {
    fn operation(&mut self, operation: TypeId) -> &mut OperationHealth {
        self.operations.entry(operation).or_default()
    }
}

/// One request of any operation. It puts its answer where the caller finds it: what a lane does is then
/// compiled once, not once for each of AWS's operations.
type SentRequest<'a> = Pin<Box<dyn Future<Output = Result<(), CallError>> + 'a>>;

/// A call, of which each request is like the other.
#[derive(Clone, Copy)]
struct Call<'a> {
    /// The type of its errors, which each operation has of its own.
    operation: TypeId,
    request: &'a dyn Fn() -> SentRequest<'a>,
}

/// One attempt: when the request that ended was sent, and how it ended.
type Attempt = (Instant, Result<(), CallError>);

impl Lane {
    /// A lane at this pace. With `hedges`, late requests are sent a second time.
    pub fn new(gate: Arc<SharedLimits>, pace: Pace, hedges: bool) -> Self {
        Self {
            gate,
            hedges,
            queue: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                pace,
                outage: Outage::default(),
                operations: HashMap::new(),
                newest: None,
            }),
        }
    }

    /// Sends one call, as often as it takes.
    ///
    /// # Errors
    /// The last failure, or [`ErrorKind::Interrupted`].
    pub async fn call<T, E, F, Fut>(&self, send: F) -> Result<T, CallError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = RefCell::new(None);
        let request = || -> SentRequest<'_> {
            let sent = send();
            Box::pin(async {
                let found = sent.await?;
                answer.replace(Some(found));
                Ok(())
            })
        };
        let call = Call {
            operation: TypeId::of::<E>(),
            request: &request,
        };
        self.until_answered(call).await?;
        // A request that ended well left one.
        answer.into_inner().ok_or_else(CallError::interrupted)
    }

    async fn until_answered(&self, call: Call<'_>) -> Result<(), CallError> {
        tokio::select! {
            biased;
            () = self.gate.interrupt.wait() => Err(CallError::interrupted()),
            result = self.tries(call) => result,
        }
    }

    /// Does one thing in this lane's turn, without another try; `None` when the run was interrupted.
    pub async fn once<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.gate.interrupt.wait() => None,
            done = async {
                self.turn().await;
                let _permit = self.gate.in_flight.enter().await;
                self.gate.count_call();
                what.await
            } => Some(done),
        }
    }

    async fn tries(&self, call: Call<'_>) -> Result<(), CallError> {
        let mut first_sent = None;
        let mut attempt: u32 = 0;
        let mut refusals: u32 = 0;
        let mut corrected = false;
        loop {
            self.admission().await?;
            let (sent, result) = self.attempt(call).await;
            let now = Instant::now();
            let first = *first_sent.get_or_insert_with(|| {
                self.gate.count_call();
                sent
            });
            let patient = now.saturating_duration_since(first) < PATIENCE;
            let error = match result {
                Ok(()) => {
                    self.answered(call.operation, sent, now);
                    return Ok(());
                }
                Err(error) => error,
            };
            let wait = match error.kind {
                ErrorKind::Throttled if patient => {
                    refusals = refusals.saturating_add(1);
                    self.refused(sent, now);
                    backoff(refusals)
                }
                ErrorKind::Transient => {
                    attempt = attempt.saturating_add(1);
                    let attempts = self.failed(call.operation, &error, now);
                    if attempt >= attempts || !patient {
                        return Err(error);
                    }
                    backoff(attempt)
                }
                ErrorKind::Skewed if !corrected => {
                    corrected = true;
                    Duration::ZERO
                }
                _ => {
                    if error.status.is_some() && error.kind != ErrorKind::Throttled {
                        self.answered(call.operation, sent, now);
                    }
                    return Err(error);
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One request and, when its answer is late, copies of it. The first to end counts. All have one place
    /// in flight: where every place is taken by late requests, no copy would ever be sent.
    async fn attempt(&self, call: Call<'_>) -> Attempt {
        let operation = call.operation;
        self.turn().await;
        let _permit = self.gate.in_flight.enter().await;
        let sent = Instant::now();
        let mut first = (call.request)();
        let mut copies = FuturesUnordered::new();
        let mut latest = sent;
        loop {
            tokio::select! {
                biased;
                result = &mut first => return (sent, result),
                Some(attempt) = copies.next() => return attempt,
                () = self.late(operation, latest), if copies.len() < self.copies(operation) => {
                    latest = Instant::now();
                    if self.gate.locked(|seen| seen.hedges.take()) {
                        copies.push(Box::pin(async {
                            self.turn().await;
                            let sent = Instant::now();
                            (sent, (call.request)().await)
                        }));
                    }
                }
            }
        }
    }

    /// Whether the operation has answered before.
    fn has_answered(&self, operation: TypeId) -> bool {
        self.locked(|state| state.operation(operation).latency.is_known())
    }

    fn copies(&self, operation: TypeId) -> usize {
        if self.has_answered(operation) {
            COPIES
        } else {
            COPIES_AT_FIRST
        }
    }

    /// Waits until the answer to a request is late; for ever where requests are sent once.
    async fn late(&self, operation: TypeId, sent: Instant) {
        if !self.hedges {
            return std::future::pending().await;
        }
        if !self.has_answered(operation) {
            return until(sent + LATE_AT_FIRST).await;
        }
        // Where this machine is slow, answers to all operations are.
        let usual = self.gate.locked(|seen| seen.latency.late_after());
        let after = self.locked(|state| state.operation(operation).latency.late_after());
        let after = after.max(usual);
        until(sent + after).await;
        // Where nothing is answered in that time, the endpoint or this machine is busy, and a copy
        // would wait as long.
        let much_later = sent + after / 2;
        let overtaken = |newest: Option<Instant>| newest.is_some_and(|newest| newest >= much_later);
        if self.locked(|state| overtaken(state.newest)) {
            return;
        }
        // It may be the last of its service, whose copy nothing else delays.
        until(sent + LATE_ALONE.max(after * 2)).await;
        if !self.gate.locked(|seen| overtaken(seen.newest)) {
            until(sent + LATE_IN_SILENCE.max(after * 2)).await;
        }
    }

    /// Waits while one request of another call probes an endpoint that does not answer.
    async fn admission(&self) -> Result<(), CallError> {
        loop {
            match self.locked(|state| state.outage.admit(Instant::now())) {
                Admission::Send => return Ok(()),
                Admission::Wait(until) => tokio::time::sleep_until(until.into()).await,
                Admission::Fail(cause) => {
                    let (code, text) = match cause {
                        OutageCause::Silence => {
                            ("Connection", "not sent: the endpoint has stopped answering")
                        }
                        OutageCause::Refusal => (
                            "Throttling",
                            "not sent: the service has refused every request for a minute",
                        ),
                    };
                    return Err(CallError::local(ErrorKind::Final, code, text));
                }
            }
        }
    }

    /// Waits until the lane's schedule and the hard cap let one request leave.
    async fn turn(&self) {
        // Only the head of the queue holds a slot: when the rate changes, it changes for all who
        // wait.
        let _head = self.queue.lock().await;
        let slot = self.locked(|state| state.pace.slot(Instant::now()));
        until(slot).await;
        if let Some(slot) = self.gate.cap.slot(Instant::now()) {
            until(slot).await;
        }
    }

    /// The service did what it was asked, or said that it will not.
    fn answered(&self, operation: TypeId, sent: Instant, now: Instant) {
        let took = now.saturating_duration_since(sent);
        self.locked(|state| {
            state.pace.accepted(sent, now);
            state.outage.end();
            state.newest = state.newest.max(Some(sent));
            state.operation(operation).answered(took);
        });
        self.gate.locked(|seen| {
            seen.failures.record(true);
            seen.latency.record(took);
            seen.hedges.answered();
            seen.newest = seen.newest.max(Some(sent));
        });
        self.gate.in_flight.grow();
    }

    /// The request was one too many.
    fn refused(&self, sent: Instant, now: Instant) {
        let flooded = self.locked(|state| {
            state.outage.record(OutageCause::Refusal, now);
            state.pace.refused(sent, now)
        });
        if flooded {
            self.gate.in_flight.shrink();
        }
    }

    /// The request failed for the moment. Gives how often such a call is tried in all.
    fn failed(&self, operation: TypeId, error: &CallError, now: Instant) -> u32 {
        let broken = self.locked(|state| {
            if error.unreachable() {
                state.outage.record(OutageCause::Silence, now);
            } else {
                state.outage.end();
            }
            let operation = state.operation(operation);
            operation.failed(now);
            operation.broken(now)
        });
        self.gate.locked(|seen| {
            seen.failures.record(false);
            if broken { 1 } else { seen.failures.attempts() }
        })
    }

    fn locked<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn until(slot: Instant) {
    if slot > Instant::now() {
        tokio::time::sleep_until(slot.into()).await;
    }
}

/// The wait after the given attempt: doubling, half of it random, so that calls that failed
/// together do not come back together.
fn backoff(attempt: u32) -> Duration {
    let doubled = FIRST_WAIT * 2_u32.saturating_pow(attempt.saturating_sub(1).min(6));
    let whole = doubled.min(LONGEST_WAIT);
    // The standard library's hasher is seeded at random: enough for spreading, and no dependency.
    let share = RandomState::new().hash_one(attempt) % 1000;
    whole / 2 + whole.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 2000.0)
}

/// The lanes of a run, made when first used.
#[derive(Debug)]
pub struct Lanes {
    gate: Arc<SharedLimits>,
    lambda_quota: bool,
    lanes: Mutex<HashMap<(ServiceFamily, String), Arc<Lane>>>,
}

/// What AWS throttles together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceFamily {
    /// sts.
    Sts,
    /// account.
    Account,
    /// s3, the configuration calls and ListBuckets.
    S3,
    /// s3, the calls about directory buckets, which have hosts of their own.
    S3Express,
    /// s3tables.
    #[cfg(feature = "other-bucket-kinds")]
    S3Tables,
    /// s3vectors.
    #[cfg(feature = "other-bucket-kinds")]
    S3Vectors,
    /// s3files.
    #[cfg(feature = "other-bucket-kinds")]
    S3Files,
    /// s3control.
    S3Control,
    /// lambda, all calls that share one quota.
    Lambda,
    /// lambda:GetFunction, which has a quota of its own.
    LambdaGetFunction,
    /// lambda:GetPolicy, which has a quota of its own.
    LambdaGetPolicy,
    /// events.
    Events,
    /// scheduler.
    Scheduler,
    /// application-autoscaling.
    Scaling,
    /// cloudwatch.
    Metrics,
    /// Ranges of packages, by presigned URLs.
    PackageRange,
    /// logs, the calls of Logs Insights.
    LogsInsights,
    /// logs, the other calls.
    Logs,
    /// ecr.
    Ecr,
    /// kms, the calls about keys.
    Kms,
    /// cloudtrail, the calls about trails.
    CloudTrail,
    /// config, the calls about recorders and rules.
    Config,
    /// iam, which has one endpoint a partition.
    Iam,
    /// The Price List API.
    Pricing,
    /// organizations, which has one endpoint a partition and low limits that are not published.
    Organizations,
}

impl ServiceFamily {
    /// The quota AWS publishes, requests a second in a Region. Lambda's control plane has 15 for
    /// all calls together, another 15 for GetPolicy and 100 for GetFunction; none can be raised
    /// (Lambda developer guide, "Lambda quotas", API requests).
    const fn quota(self) -> Option<f64> {
        match self {
            Self::Lambda | Self::LambdaGetPolicy => Some(15.0),
            Self::LambdaGetFunction => Some(100.0),
            // CloudWatch Logs quotas: StartQuery and GetQueryResults 5 a second where they are
            // lowest, DescribeLogGroups 10, FilterLogEvents 5.
            Self::LogsInsights | Self::Logs => Some(5.0),
            // No quota is published. ListParents and ListRoots throttle an organization of 250 accounts
            // (aws-deployment-framework issue 788).
            Self::Organizations => Some(4.0),
            _ => None,
        }
    }

    /// True when a request may be sent twice: it reads. A query is billed, and Organizations refuses two
    /// calls at a time.
    const fn hedges(self) -> bool {
        !matches!(self, Self::LogsInsights | Self::Organizations)
    }
}

impl Lanes {
    /// The cap that all requests share.
    pub fn cap(&self) -> RateCap {
        self.gate.cap.clone()
    }

    /// No lanes yet. With `lambda_quota`, Lambda's lanes keep to its published quotas from the
    /// start, which are AWS's and not those of a local endpoint.
    pub fn new(gate: Arc<SharedLimits>, lambda_quota: bool) -> Self {
        Self {
            gate,
            lambda_quota,
            lanes: Mutex::new(HashMap::new()),
        }
    }

    /// The lane of a service in a Region.
    pub fn lane(&self, family: ServiceFamily, region: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry((family, region.to_owned())).or_insert_with(|| {
            let pace = match family.quota() {
                Some(quota) if self.lambda_quota => Pace::below(quota),
                _ => Pace::free(),
            };
            Arc::new(Lane::new(Arc::clone(&self.gate), pace, family.hedges()))
        }))
    }

    /// The gate all of them share.
    pub fn gate(&self) -> &Arc<SharedLimits> {
        &self.gate
    }
}
