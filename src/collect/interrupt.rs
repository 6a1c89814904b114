//! Ctrl-C and SIGTERM: the first ends collection early and keeps what was read, the next ends the
//! process.
//!
//! A signal handler, once installed, stays for the life of the process, and without a listener it
//! would swallow every later Ctrl-C. So one thread listens for good: while a collection runs, the
//! first signal goes to it; at any other time a signal ends the process as it would have without
//! the handler.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::watch;

/// Turns true when the run is to end early.
#[derive(Clone, Debug)]
pub struct Interrupt {
    receiver: watch::Receiver<bool>,
}

impl Interrupt {
    /// An interrupt and the sender that raises it.
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self { receiver })
    }

    /// True once it was raised.
    pub fn raised(&self) -> bool {
        *self.receiver.borrow()
    }

    /// Waits until it is raised; forever when it never is.
    pub async fn wait(&self) {
        let mut receiver = self.receiver.clone();
        if receiver.wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The collection that receives the next signal.
static RUNNING: Mutex<Option<watch::Sender<bool>>> = Mutex::new(None);
static LISTENER: OnceLock<()> = OnceLock::new();

/// Routes the next signal to a collection for as long as it lives.
#[derive(Debug)]
pub struct Routed;

impl Routed {
    /// From here on the first signal raises `sender`.
    pub fn to(sender: watch::Sender<bool>) -> Self {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        LISTENER.get_or_init(|| {
            // Without the thread (no memory, no threads) signals keep their default action, which
            // ends the process: nothing is lost but the partial result.
            let _ = std::thread::Builder::new()
                .name("signals".to_owned())
                .spawn(listen);
        });
        Self
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn listen() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
    else {
        return;
    };
    runtime.block_on(async {
        let Some(mut signals) = Signals::new() else {
            return;
        };
        while let Some(status) = signals.next().await {
            let running = RUNNING
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            match running {
                Some(sender) => {
                    let _ = sender.send(true);
                }
                None => end_process(status),
            }
        }
    });
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    /// The next signal, as the exit status a shell reports for it (128 + number).
    async fn next(&mut self) -> Option<i32> {
        tokio::select! {
            got = self.interrupt.recv() => got.map(|()| 130),
            got = self.terminate.recv() => got.map(|()| 143),
        }
    }
}

/// Ctrl-C, where there are no Unix signals.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> Option<i32> {
        tokio::signal::ctrl_c().await.ok().map(|()| 130)
    }
}

#[allow(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "a second Ctrl-C means now; unwinding would wait for what hangs"
)]
fn end_process(status: i32) {
    std::process::exit(status)
}
