//! How fast requests may leave: arithmetic only, time is handed in.
//!
//! AWS publishes no rate for the configuration calls of S3, and what it publishes for Lambda is
//! shared with everybody else in the account. So the rate is found the way TCP finds it: free
//! until the first refusal, then a little under what was measured to get through, then slowly up
//! again until the next. The measured rate, rather than half of the last one, is what keeps over
//! nine tenths of a limit in use.

use std::time::{Duration, Instant};

/// A fixed rate: one request every `1/rate` seconds, no bursts. This is `--rate`.
#[derive(Clone, Debug)]
pub struct Metronome {
    interval: Duration,
    next: Option<Instant>,
}

impl Metronome {
    /// So many requests a second; `None` when the rate is not a positive number.
    pub fn new(rate: f64) -> Option<Self> {
        let interval = interval(rate)?;
        Some(Self {
            interval,
            next: None,
        })
    }

    /// When the next request may leave.
    pub fn slot(&mut self, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.interval);
        at
    }
}

/// The lowest rate a limiter falls to, requests a second.
const FLOOR: f64 = 1.0;
/// What of the measured rate is used after a refusal.
const KEEP: f64 = 0.97;
/// What of the rate is kept after a refusal when too little was measured to go by.
const CUT: f64 = 0.7;
/// Answers that make a measurement.
const ENOUGH: u32 = 20;
/// The shortest time a rate is measured over.
const SHORTEST: Duration = Duration::from_millis(100);
/// How far a late request may make up for lost time.
const SLACK: Duration = Duration::from_millis(20);
/// Growth a second right after a refusal, as a share of the rate; it rises with every second
/// without one.
const GROWTH: f64 = 0.01;

/// A rate that follows what the other side accepts.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Requests a second; infinite until the first refusal where there is no ceiling.
    rate: f64,
    /// Never faster than this.
    ceiling: f64,
    next: Option<Instant>,
    /// When the rate was last set by a refusal.
    cut: Option<Instant>,
    /// When the rate was last raised.
    grown: Option<Instant>,
    /// Start of the present measurement and the answers since.
    since: Option<Instant>,
    answers: u32,
}

impl Pace {
    /// Free until refused.
    pub fn free() -> Self {
        Self::below(f64::INFINITY)
    }

    /// Never above `ceiling` requests a second.
    pub fn below(ceiling: f64) -> Self {
        Self {
            rate: ceiling,
            ceiling,
            next: None,
            cut: None,
            grown: None,
            since: None,
            answers: 0,
        }
    }

    /// Requests a second at present; infinite while free.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// When the next request may leave.
    pub fn slot(&mut self, now: Instant) -> Instant {
        self.since.get_or_insert(now);
        self.grow(now);
        let Some(interval) = interval(self.rate) else {
            return now;
        };
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let at = self.next.map_or(now, |next| next.max(earliest));
        self.next = Some(at + interval);
        at.max(now)
    }

    /// A request got through.
    pub fn accepted(&mut self) {
        self.answers = self.answers.saturating_add(1);
    }

    /// A request sent at `sent` was refused for being one too many. Requests that were on their
    /// way when the rate was last cut tell nothing new.
    pub fn refused(&mut self, sent: Instant, now: Instant) {
        if self.cut.is_some_and(|cut| sent <= cut) {
            return;
        }
        let measured_for = self.since.map_or(Duration::ZERO, |since| now - since);
        if self.cut.is_some() && measured_for < SHORTEST {
            return;
        }
        let measured = f64::from(self.answers) / measured_for.max(SHORTEST).as_secs_f64();
        let rate = if self.answers >= ENOUGH || self.rate.is_infinite() {
            measured * KEEP
        } else {
            self.rate * CUT
        };
        // A measurement can exceed the rate by what was in flight; a refusal never raises it.
        self.rate = rate
            .min(self.rate)
            .clamp(FLOOR.min(self.ceiling), self.ceiling);
        self.cut = Some(now);
        self.grown = Some(now);
        self.since = Some(now);
        self.answers = 0;
    }

    fn grow(&mut self, now: Instant) {
        let (Some(cut), Some(grown)) = (self.cut, self.grown) else {
            return;
        };
        let step = now.saturating_duration_since(grown);
        if step < SHORTEST {
            return;
        }
        let calm = now.saturating_duration_since(cut).as_secs_f64();
        let share = GROWTH * (calm / 2.0).max(1.0) * step.as_secs_f64();
        self.rate = (self.rate * (1.0 + share)).min(self.ceiling);
        self.grown = Some(now);
    }
}

fn interval(rate: f64) -> Option<Duration> {
    (rate.is_finite() && rate > 0.0)
        .then(|| Duration::try_from_secs_f64(1.0 / rate).ok())
        .flatten()
}
