//! A latency to the tenth of a millisecond: tokio's timer counts in whole ones and rounds up, which
//! at 20 ms would be several per cent, and lets answers out in batches.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Wakes each caller the same time after it came. Its thread ends with it.
#[derive(Debug)]
pub struct Latency {
    waiting: Option<mpsc::Sender<(Instant, oneshot::Sender<()>)>>,
    wait: Duration,
}

impl Latency {
    /// Each caller waits that long; none at zero.
    pub fn new(wait: Duration) -> Self {
        let waiting = (!wait.is_zero()).then(|| {
            let (sender, waiting) = mpsc::channel::<(Instant, oneshot::Sender<()>)>();
            // All wait equally long, so the first to come is the first to go.
            std::thread::spawn(move || {
                for (until, wake) in waiting {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                    // Who no longer listens has gone away.
                    let _ = wake.send(());
                }
            });
            sender
        });
        Self { waiting, wait }
    }

    /// Waits.
    pub async fn pass(&self) {
        let Some(waiting) = &self.waiting else {
            return;
        };
        let (wake, woken) = oneshot::channel();
        if waiting.send((Instant::now() + self.wait, wake)).is_ok() {
            let _ = woken.await;
        }
    }
}
