//! Reading many accounts: a session in each by `sts:AssumeRole`, a bounded number at a time.
//!
//! One thread reads, and hands each account over as soon as it is read; the thread that takes it judges and
//! writes meanwhile. An account that cannot be read is an outcome like any other. Only what concerns all
//! of them ends the run: credentials of the auditing account that are no longer accepted, and a role that
//! is refused everywhere.
//!
//! AWS throttles by account and Region, so every account has lanes and a pace of its own. What is shared
//! is this machine: the requests in flight are divided among the accounts that are read at a time, and
//! each reserves memory by the number of its buckets before it reads them.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::call_error::ErrorKind;
use super::clients::Clients;
use super::identity::{self, BAD_CREDENTIALS};
use super::interrupt::{Interrupt, Routed};
use super::lane::ServiceFamily;
use super::session::Session;
use super::{
    AccountsProgress, CollectError, CollectRequest, Progress, Silent, now, open, open_with,
    organization, regions, snapshot_of,
};
use crate::inventory::Snapshot;
use crate::inventory::ids::partition_of_arn;
use crate::inventory::organization::Organization;

/// Requests in flight at most, all accounts together.
const IN_FLIGHT: usize = 512;

/// Requests in flight at least for each account.
const LEAST_IN_FLIGHT: usize = 8;

/// How many accounts may refuse the role, with none that accepts it, before the run ends.
const REFUSALS: usize = 20;

/// How long a session in an account lasts, seconds. A session that is opened from another role's session
/// lasts an hour at most (IAM user guide, "Role chaining", copy of 2026).
const SESSION_SECONDS: i32 = 3600;

/// Memory that an account takes whatever it holds, bytes.
const MEMORY_OF_ACCOUNT: u64 = 10 * 1024 * 1024;

/// Memory that a bucket takes while its account is read and judged, bytes.
const MEMORY_OF_BUCKET: u64 = 100 * 1024;

/// The unit in which memory is reserved, bytes.
const MEMORY_UNIT: u64 = 64 * 1024;

/// Which accounts to read, and how.
#[derive(Clone, Debug)]
pub struct AccountsRequest {
    /// What to read of each.
    pub collect: CollectRequest,
    /// 12-digit ids, in the order in which they are begun.
    pub accounts: Vec<String>,
    /// Name of the role in each account, with its path.
    pub role: String,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Limits the session further.
    pub session_policy: Option<String>,
    /// The run's id, a part of the session's name.
    pub run: String,
    /// Accounts that are read at a time.
    pub in_flight: usize,
    /// Memory for the accounts that are read at a time, bytes.
    pub memory: u64,
    /// How long an account may take.
    pub timeout: Duration,
}

/// What became of one account.
#[derive(Debug)]
pub struct AccountOutcome {
    /// 12-digit id.
    pub account: String,
    /// When it was begun, RFC 3339 in UTC.
    pub began: String,
    /// How long it took, ms.
    pub duration_ms: u64,
    /// What was read, or why nothing was.
    pub result: Result<Snapshot, AccountFailure>,
    /// The memory that is reserved for it until it is dropped.
    _memory: Option<OwnedSemaphorePermit>,
}

/// Why an account was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountFailure {
    /// sts:AssumeRole was refused.
    Refused {
        /// The error code.
        code: String,
        /// AWS's message, shortened.
        message: String,
    },
    /// Something else failed.
    Failed {
        /// An error code, `Timeout` or `Panic`.
        code: String,
        /// One sentence.
        message: String,
    },
    /// The run was interrupted.
    Interrupted,
}

/// A run over accounts. Iterating takes the outcomes as they come.
#[derive(Debug)]
pub struct AccountRun {
    outcomes: mpsc::Receiver<AccountOutcome>,
    thread: Option<std::thread::JoinHandle<Result<bool, CollectError>>>,
}

impl Iterator for AccountRun {
    type Item = AccountOutcome;

    /// The next account that is finished; waits for it.
    fn next(&mut self) -> Option<AccountOutcome> {
        self.outcomes.blocking_recv()
    }
}

impl AccountRun {
    /// Ends the run; true when it was interrupted.
    ///
    /// # Errors
    /// What ended it for all accounts.
    pub fn finish(mut self) -> Result<bool, CollectError> {
        self.outcomes.close();
        let Some(thread) = self.thread.take() else {
            return Ok(false);
        };
        thread.join().unwrap_or_else(|_| {
            Err(CollectError::Setup {
                detail: "the thread that reads the accounts ended early".to_owned(),
            })
        })
    }
}

/// Reads the organization of the current credentials.
///
/// Blocks until it is read; must not be called from within an asynchronous runtime.
///
/// # Errors
/// When its accounts cannot be listed.
pub fn read_organization(
    request: CollectRequest,
    progress: Box<dyn Progress>,
) -> Result<Organization, CollectError> {
    let runtime = runtime()?;
    let (sender, interrupt) = Interrupt::channel();
    let routed = Routed::to(sender);
    let result = runtime.block_on(async {
        let taken_at = now();
        let session = open(request, None, progress, interrupt).await?;
        // Who calls is asked first, so that missing credentials are told from a refusal.
        let profile = session.request.profile.as_deref();
        identity::identify(&session.clients, &session.lanes, profile).await?;
        let result = organization::read(&session, taken_at).await;
        session.progress.finish();
        result
    });
    drop(routed);
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

/// Begins to read accounts.
///
/// # Errors
/// When the request cannot be meant, or the machine refuses a thread.
pub fn read_accounts(
    request: AccountsRequest,
    progress: AccountsProgress,
) -> Result<AccountRun, CollectError> {
    for region in &request.collect.resources.regions {
        regions::check(region)?;
    }
    // What is finished and not taken yet keeps its memory, so a few places are enough.
    let (sender, outcomes) = mpsc::channel(1);
    let thread = std::thread::Builder::new()
        .name("accounts".to_owned())
        // As much as the main thread has, on which one account is read; what is not used costs nothing.
        .stack_size(8 << 20)
        .spawn(move || read_in_thread(request, progress, sender))
        .map_err(|error| CollectError::Setup {
            detail: error.to_string(),
        })?;
    Ok(AccountRun {
        outcomes,
        thread: Some(thread),
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, CollectError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CollectError::Setup {
            detail: error.to_string(),
        })
}

fn read_in_thread(
    request: AccountsRequest,
    progress: AccountsProgress,
    outcomes: mpsc::Sender<AccountOutcome>,
) -> Result<bool, CollectError> {
    let runtime = runtime()?;
    let (sender, interrupt) = Interrupt::channel();
    let routed = Routed::to(sender.clone());
    let tasks = tokio::task::LocalSet::new();
    let result = tasks.block_on(
        &runtime,
        read_each(request, progress, outcomes, sender, interrupt),
    );
    drop(routed);
    drop(tasks);
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

/// The account whose credentials were given.
struct Hub {
    session: Session,
    account: String,
    partition: &'static str,
    request: AccountsRequest,
    progress: AccountsProgress,
    memory: MemoryBudget,
    interrupt: Interrupt,
    /// Ends the run for all accounts.
    stop: watch::Sender<bool>,
    /// Why it was ended.
    fatal: Mutex<Option<CollectError>>,
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

async fn read_each(
    request: AccountsRequest,
    progress: AccountsProgress,
    outcomes: mpsc::Sender<AccountOutcome>,
    stop: watch::Sender<bool>,
    interrupt: Interrupt,
) -> Result<bool, CollectError> {
    let hub_request = request.collect.clone();
    let session = open(hub_request, None, Box::new(Silent), interrupt.clone()).await?;
    let profile = session.request.profile.as_deref();
    let (account, caller) = identity::identify(&session.clients, &session.lanes, profile).await?;
    let arn = caller.known().map(|caller| caller.arn.as_str());
    let accounts = request.accounts.clone();
    let in_flight = request.in_flight.max(1);
    let hub = Rc::new(Hub {
        partition: arn.and_then(partition_of_arn).unwrap_or("aws"),
        memory: MemoryBudget::new(request.memory),
        session,
        account,
        request,
        progress,
        interrupt: interrupt.clone(),
        stop,
        fatal: Mutex::new(None),
        accepted: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    });
    let mut reading = futures::stream::iter(accounts)
        .map(|account| {
            let hub = Rc::clone(&hub);
            let name = account.clone();
            let progress = hub.progress.clone();
            let task = tokio::task::spawn_local(async move { hub.account(account).await });
            async move {
                // A defect in one account is that account's outcome.
                task.await.unwrap_or_else(|_| {
                    progress.end(&name);
                    AccountOutcome {
                        account: name,
                        began: now(),
                        duration_ms: 0,
                        result: Err(AccountFailure::Failed {
                            code: "Panic".to_owned(),
                            message: "internal error, please report it".to_owned(),
                        }),
                        _memory: None,
                    }
                })
            }
        })
        .buffer_unordered(in_flight);
    while let Some(outcome) = reading.next().await {
        // The receiver is gone when nothing more is wanted.
        if outcomes.send(outcome).await.is_err() {
            break;
        }
    }
    let fatal = hub
        .fatal
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    match fatal {
        Some(error) => Err(error),
        None => Ok(interrupt.raised()),
    }
}

impl Hub {
    async fn account(&self, account: String) -> AccountOutcome {
        let began = now();
        let start = Instant::now();
        let (result, memory) = if self.interrupt.raised() {
            (Err(AccountFailure::Interrupted), None)
        } else {
            self.progress.begin(&account);
            let read = self.read(&account);
            match tokio::time::timeout(self.request.timeout, read).await {
                Ok((result, memory)) => (result, memory),
                Err(_) => {
                    let minutes = self.request.timeout.as_secs() / 60;
                    let failure = AccountFailure::Failed {
                        code: "Timeout".to_owned(),
                        message: format!(
                            "not finished after {minutes} minutes (--account-timeout)"
                        ),
                    };
                    (Err(failure), None)
                }
            }
        };
        self.progress.end(&account);
        AccountOutcome {
            account,
            began,
            duration_ms: super::elapsed_ms(start),
            result,
            _memory: memory,
        }
    }

    async fn read(
        &self,
        account: &str,
    ) -> (
        Result<Snapshot, AccountFailure>,
        Option<OwnedSemaphorePermit>,
    ) {
        let clients = match self.clients(account).await {
            Ok(clients) => clients,
            Err(failure) => return (Err(failure), None),
        };
        let request = CollectRequest {
            concurrency: (IN_FLIGHT / self.request.in_flight.max(1)).clamp(
                LEAST_IN_FLIGHT,
                self.request.collect.concurrency.max(LEAST_IN_FLIGHT),
            ),
            ..self.request.collect.clone()
        };
        let cap = self.session.lanes.cap();
        let silent = Box::new(Silent);
        let mut session = open_with(clients, request, cap, silent, self.interrupt.clone());
        session.memory = Some(self.memory.clone());
        let result = snapshot_of(&session).await;
        let memory = session.take_memory();
        let result = match result {
            Ok(snapshot) if !snapshot.complete => Err(AccountFailure::Interrupted),
            Ok(snapshot) if !snapshot.accounts.contains_key(account) => {
                let ids: Vec<&str> = snapshot.accounts.keys().map(String::as_str).collect();
                Err(AccountFailure::Failed {
                    code: "OtherAccount".to_owned(),
                    message: format!("the session is one of account {}", ids.join(", ")),
                })
            }
            Ok(snapshot) => Ok(snapshot),
            Err(CollectError::Interrupted) => Err(AccountFailure::Interrupted),
            Err(error) => Err(AccountFailure::Failed {
                code: "Unreachable".to_owned(),
                message: error.to_string(),
            }),
        };
        (result, memory)
    }

    /// Clients with a session in the account.
    async fn clients(&self, account: &str) -> Result<Clients, AccountFailure> {
        if account == self.account {
            return Ok(self.session.clients.again());
        }
        let sts = self.session.clients.hub_sts();
        let role = self.request.role.trim_start_matches('/');
        let arn = format!("arn:{}:iam::{account}:role/{role}", self.partition);
        let answer = self
            .session
            .call(ServiceFamily::Sts, &self.session.home, || {
                sts.assume_role()
                    .role_arn(&arn)
                    .role_session_name(session_name(&self.request.run))
                    .duration_seconds(SESSION_SECONDS)
                    .set_external_id(self.request.external_id.clone())
                    .set_policy(self.request.session_policy.clone())
                    .send()
            })
            .await;
        let error = match answer {
            Ok(found) => {
                let Some(found) = found.credentials else {
                    return Err(AccountFailure::Failed {
                        code: "NoCredentials".to_owned(),
                        message: "AssumeRole returned no credentials".to_owned(),
                    });
                };
                self.accepted.fetch_add(1, Ordering::Relaxed);
                return Ok(self.session.clients.of_account(Credentials::new(
                    found.access_key_id,
                    found.secret_access_key,
                    Some(found.session_token),
                    None,
                    "AssumeRole",
                )));
            }
            Err(error) => error,
        };
        if error.kind == ErrorKind::Interrupted {
            return Err(AccountFailure::Interrupted);
        }
        if BAD_CREDENTIALS.contains(&error.code.as_str()) || error.code == "Credentials" {
            self.end(CollectError::BadCredentials {
                code: error.code,
                detail: error.message,
            });
            return Err(AccountFailure::Interrupted);
        }
        if error.status.is_none() {
            return Err(AccountFailure::Failed {
                code: error.code,
                message: error.message,
            });
        }
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused >= REFUSALS && self.accepted.load(Ordering::Relaxed) == 0 {
            self.end(CollectError::RoleRefused {
                role: self.request.role.clone(),
                tried: refused,
                code: error.code.clone(),
            });
        }
        Err(AccountFailure::Refused {
            code: error.code,
            message: error.message,
        })
    }

    /// Ends the run for all accounts; the first reason counts.
    fn end(&self, error: CollectError) {
        let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
        fatal.get_or_insert(error);
        let _ = self.stop.send(true);
    }
}

/// The name of a session: 2 to 64 letters, digits and `+=,.@-_` (STS API reference, AssumeRole).
fn session_name(run: &str) -> String {
    let mut name = format!("coldbucket-{run}");
    name.retain(|letter| letter.is_ascii_alphanumeric() || "+=,.@-_".contains(letter));
    name.truncate(64);
    name
}

/// Memory that accounts reserve before they read their buckets.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    free: Arc<Semaphore>,
    units: u32,
}

impl MemoryBudget {
    fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / MEMORY_UNIT)
            .unwrap_or(u32::MAX)
            .clamp(1, u32::MAX / 8);
        Self {
            free: Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(1))),
            units,
        }
    }

    /// Waits until there is room for an account with so many buckets. One that is larger than the whole
    /// budget waits until it is alone.
    pub async fn reserve(&self, buckets: usize) -> Option<OwnedSemaphorePermit> {
        let buckets = u64::try_from(buckets).unwrap_or(u64::MAX);
        let bytes = MEMORY_OF_BUCKET
            .saturating_mul(buckets)
            .saturating_add(MEMORY_OF_ACCOUNT);
        let units = u32::try_from(bytes / MEMORY_UNIT)
            .unwrap_or(u32::MAX)
            .min(self.units);
        Arc::clone(&self.free).acquire_many_owned(units).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_session_name_is_one_that_sts_takes() {
        assert_eq!(
            session_name("2026-11-29T16-30-05Z"),
            "coldbucket-2026-11-29T16-30-05Z"
        );
        assert_eq!(session_name("a b/c:d"), "coldbucket-abcd");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }

    #[test]
    fn an_account_larger_than_the_budget_is_read_alone() {
        let budget = MemoryBudget::new(100 * 1024 * 1024);
        let small = budget.reserve(100).now_or_never();
        assert!(small.is_some());
        assert!(budget.reserve(20_000).now_or_never().is_none());
        drop(small);
        let large = budget.reserve(20_000).now_or_never();
        assert!(large.is_some());
        assert!(budget.reserve(1).now_or_never().is_none());
    }
}
