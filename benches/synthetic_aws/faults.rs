//! Faults that strike a share of the requests: by chance, and the same ones in every run.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::Call;

/// The share of requests, 0 to 1, that each fault strikes.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Faults {
    /// Share of requests that are throttled, whatever their rate
    #[arg(long, default_value_t = 0.0)]
    pub refused: f64,
    /// Share of requests answered with 500 InternalError
    #[arg(long, default_value_t = 0.0)]
    pub failed: f64,
    /// Share of requests whose connection is closed without an answer
    #[arg(long, default_value_t = 0.0)]
    pub reset: f64,
    /// Share of answers that break off half-way
    #[arg(long, default_value_t = 0.0)]
    pub truncated: f64,
    /// Share of answers that come late
    #[arg(long, default_value_t = 0.0)]
    pub stalled: f64,
    /// How late, ms
    #[arg(long, default_value_t = 5000)]
    pub stall_ms: u64,
    /// Another number strikes other requests
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What strikes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Refused,
    Failed,
    Reset,
    Truncated,
    Stalled(Duration),
}

/// Decides which requests are struck.
#[derive(Debug, Default)]
pub struct FaultPlan {
    faults: Faults,
    /// How often each request came.
    seen: Mutex<HashMap<u64, u64>>,
}

impl FaultPlan {
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            seen: Mutex::default(),
        }
    }

    /// The fault of the next request like this one. It depends on the request and on how often it
    /// came, not on the order in which different requests come.
    pub fn next(&self, operation: &str, call: &Call) -> Option<Fault> {
        let mut hasher = DefaultHasher::new();
        (operation, &call.region, &call.path, &call.query, &call.raw).hash(&mut hasher);
        let key = hasher.finish();
        let nth = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let nth = seen.entry(key).or_default();
            *nth += 1;
            *nth
        };
        let mut hasher = DefaultHasher::new();
        (self.faults.seed, key, nth).hash(&mut hasher);
        let mut chance = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
        let stalled = Fault::Stalled(Duration::from_millis(self.faults.stall_ms));
        [
            (self.faults.refused, Fault::Refused),
            (self.faults.failed, Fault::Failed),
            (self.faults.reset, Fault::Reset),
            (self.faults.truncated, Fault::Truncated),
            (self.faults.stalled, stalled),
        ]
        .into_iter()
        .find_map(|(share, fault)| {
            chance -= share;
            (chance < 0.0).then_some(fault)
        })
    }
}

/// A body that may break off half-way.
pub struct FaultyBody {
    rest: Option<Bytes>,
    length: u64,
    /// The connection is closed after that.
    breaks: Option<Pin<Box<Sleep>>>,
}

impl FaultyBody {
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            rest: Some(bytes),
            breaks: None,
        }
    }

    /// Announces all bytes and sends half of them.
    pub fn truncated(bytes: &Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            rest: Some(bytes.slice(..bytes.len() / 2)),
            // Time for the first half to leave.
            breaks: Some(Box::pin(tokio::time::sleep(Duration::from_millis(1)))),
        }
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(bytes) = self.rest.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Some(breaks) = &mut self.breaks {
            ready!(breaks.as_mut().poll(context));
            self.breaks = None;
            return Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.breaks.is_none() && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
