//! The one function through which every request goes.
//!
//! A lane is one service in one Region: what AWS throttles as a unit. A call waits for its turn in
//! the lane, then for the run's hard cap (`--rate`), then for a place among the requests in
//! flight; then it is sent, and the lane learns from the answer. The SDK's own retries are off:
//! they wait outside of any schedule, so neither a hard cap nor a measured rate could be kept.
//!
//! Retrying: a throttled call goes back to the end of the lane until a minute has passed since it
//! was first sent; a transient failure is tried four times, a little longer apart each time. When
//! several calls in a row have been given up, the lane stops waiting: every call is tried once,
//! and when nothing answers at all, one call in five seconds is tried and the others fail at once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::Semaphore;

use super::call_error::{CallError, ErrorKind};
use super::interrupt::Interrupt;
use super::pace::{Metronome, Pace};

/// How long a call is tried, from when it was first sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a transient failure is tried.
const ATTEMPTS: u32 = 4;
/// The wait before the second attempt; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Calls given up in a row after which the lane stops waiting.
const TIRED: u32 = 8;
/// How often a lane that is not answered tries again.
const PROBE: Duration = Duration::from_secs(5);

/// What all lanes share: the requests in flight, the hard cap and the interrupt.
#[derive(Debug)]
pub struct Gate {
    in_flight: Semaphore,
    cap: Option<Mutex<Metronome>>,
    interrupt: Interrupt,
}

impl Gate {
    /// At most `concurrency` requests in flight and `rate` requests a second.
    pub fn new(concurrency: usize, rate: Option<f64>, interrupt: Interrupt) -> Arc<Self> {
        Arc::new(Self {
            in_flight: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            cap: rate.and_then(Metronome::new).map(Mutex::new),
            interrupt,
        })
    }

    /// True once the run was interrupted.
    pub fn interrupted(&self) -> bool {
        self.interrupt.raised()
    }
}

/// One service in one Region.
#[derive(Debug)]
pub struct Lane {
    gate: Arc<Gate>,
    /// First come, first served.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    given_up: u32,
    unanswered: bool,
    probed: Option<Instant>,
}

impl Lane {
    /// A lane at this pace.
    pub fn new(gate: Arc<Gate>, pace: Pace) -> Self {
        Self {
            gate,
            queue: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                pace,
                given_up: 0,
                unanswered: false,
                probed: None,
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
        tokio::select! {
            biased;
            () = self.gate.interrupt.wait() => Err(CallError::interrupted()),
            result = self.tries(send) => result,
        }
    }

    /// Does one thing in this lane's turn, without another try; `None` when the run was interrupted.
    pub async fn once<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.gate.interrupt.wait() => None,
            done = async {
                self.turn().await;
                let _permit = self.gate.in_flight.acquire().await;
                what.await
            } => Some(done),
        }
    }

    async fn tries<T, E, F, Fut>(&self, send: F) -> Result<T, CallError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut first_sent = None;
        let mut attempt: u32 = 0;
        let mut corrected = false;
        loop {
            if !self.worth_trying() {
                return Err(CallError::local(
                    ErrorKind::Final,
                    "Connection",
                    "not sent: the endpoint has stopped answering",
                ));
            }
            self.turn().await;
            let permit = self.gate.in_flight.acquire().await;
            let sent = Instant::now();
            let first = *first_sent.get_or_insert(sent);
            let result = send().await;
            drop(permit);
            attempt = attempt.saturating_add(1);
            let error = match result {
                Ok(value) => {
                    self.answered(sent);
                    return Ok(value);
                }
                Err(error) => CallError::from(error),
            };
            let now = Instant::now();
            let again = match error.kind {
                ErrorKind::Throttled => {
                    self.locked(|state| state.pace.refused(sent, now));
                    now.duration_since(first) < PATIENCE
                }
                ErrorKind::Transient => attempt < ATTEMPTS && now.duration_since(first) < PATIENCE,
                ErrorKind::Skewed => !std::mem::replace(&mut corrected, true),
                ErrorKind::Final | ErrorKind::Interrupted => {
                    if error.status.is_some() {
                        self.answered(sent);
                    }
                    return Err(error);
                }
            };
            if !again || self.tired() {
                self.gave_up(&error, now);
                return Err(error);
            }
            if error.kind == ErrorKind::Transient {
                tokio::time::sleep(backoff(attempt)).await;
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
        if let Some(cap) = &self.gate.cap {
            let slot = cap
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .slot(Instant::now());
            until(slot).await;
        }
    }

    fn worth_trying(&self) -> bool {
        self.locked(|state| {
            if state.given_up < TIRED || !state.unanswered {
                return true;
            }
            let now = Instant::now();
            let due = state
                .probed
                .is_none_or(|probed| now.duration_since(probed) >= PROBE);
            if due {
                state.probed = Some(now);
            }
            due
        })
    }

    fn tired(&self) -> bool {
        self.locked(|state| state.given_up >= TIRED)
    }

    fn answered(&self, sent: Instant) {
        self.locked(|state| {
            state.pace.accepted(sent, Instant::now());
            state.given_up = 0;
            state.unanswered = false;
        });
    }

    fn gave_up(&self, error: &CallError, now: Instant) {
        self.locked(|state| {
            state.given_up = state.given_up.saturating_add(1);
            state.unanswered = error.unreachable();
            state.probed = Some(now);
        });
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
    let whole = FIRST_WAIT * 2_u32.saturating_pow(attempt.saturating_sub(1).min(6));
    // The standard library's hasher is seeded at random: enough for spreading, and no dependency.
    let share = RandomState::new().hash_one(attempt) % 1000;
    whole / 2 + whole.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 2000.0)
}

/// The lanes of a run, made when first used.
#[derive(Debug)]
pub struct Lanes {
    gate: Arc<Gate>,
    lambda_quota: bool,
    lanes: Mutex<HashMap<(Family, String), Arc<Lane>>>,
}

/// What AWS throttles together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// sts.
    Sts,
    /// account.
    Account,
    /// s3, the configuration calls and ListBuckets.
    S3,
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
}

impl Family {
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
            _ => None,
        }
    }
}

impl Lanes {
    /// No lanes yet. With `lambda_quota`, Lambda's lanes keep to its published quotas from the
    /// start, which are AWS's and not those of a local endpoint.
    pub fn new(gate: Arc<Gate>, lambda_quota: bool) -> Self {
        Self {
            gate,
            lambda_quota,
            lanes: Mutex::new(HashMap::new()),
        }
    }

    /// The lane of a service in a Region.
    pub fn lane(&self, family: Family, region: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry((family, region.to_owned())).or_insert_with(|| {
            let pace = match family.quota() {
                Some(quota) if self.lambda_quota => Pace::below(quota),
                _ => Pace::free(),
            };
            Arc::new(Lane::new(Arc::clone(&self.gate), pace))
        }))
    }

    /// The gate all of them share.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }
}
