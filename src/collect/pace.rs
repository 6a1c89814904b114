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
/// What of the measured rate is used after refusals.
const KEEP: f64 = 0.97;
/// The most a rate falls at one time: a measurement can be unlucky.
const FALL: f64 = 0.5;
/// A measurement takes so many answers …
const ENOUGH: u32 = 10;
/// … and so long;
const SHORTEST: Duration = Duration::from_millis(100);
/// unless this many were refused and they are the greater part.
const PLENTY: u32 = 5;
/// The time a first guess is based on.
const GUESS_OVER: Duration = Duration::from_millis(50);
/// How far a late request may make up for lost time.
const SLACK: Duration = Duration::from_millis(20);
/// Growth a second, as a share of the rate, at once after a refusal.
const GROWTH: f64 = 0.01;
/// By how much that rises with the square of the seconds without a refusal: when others have left,
/// a third more is reached in four seconds.
const IMPATIENCE: f64 = 0.01;
/// Growth a second while the rate is a guess: it doubles about four times a second.
const GUESSING: f64 = 3.0;

/// A rate that follows what the other side accepts.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Requests a second; infinite until the first refusal where there is no ceiling.
    rate: f64,
    /// Never faster than this.
    ceiling: f64,
    /// The rate is a first guess, not yet a measurement.
    guess: bool,
    next: Option<Instant>,
    /// When the rate was last lowered.
    cut: Option<Instant>,
    /// When the rate was last raised.
    grown: Option<Instant>,
    /// The present measurement: of requests sent since then.
    since: Option<Instant>,
    accepted: u32,
    refused: u32,
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
            guess: false,
            next: None,
            cut: None,
            grown: None,
            since: None,
            accepted: 0,
            refused: 0,
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

    /// A request sent at `sent` got through.
    pub fn accepted(&mut self, sent: Instant, now: Instant) {
        if self.counts(sent) {
            self.accepted = self.accepted.saturating_add(1);
            self.judge(sent, now);
        }
    }

    /// A request sent at `sent` was refused for being one too many.
    pub fn refused(&mut self, sent: Instant, now: Instant) {
        if self.counts(sent) {
            self.refused = self.refused.saturating_add(1);
            self.judge(sent, now);
        }
    }

    /// What was on its way before the present measurement began says nothing about the present
    /// rate.
    fn counts(&self, sent: Instant) -> bool {
        self.since.is_some_and(|since| sent >= since)
    }

    /// Ends the measurement when there is enough of it, and draws its conclusion.
    fn judge(&mut self, sent: Instant, now: Instant) {
        let Some(since) = self.since else { return };
        let span = sent.saturating_duration_since(since);
        if self.rate.is_infinite() {
            // The first refusal of all: anything is a better guess than no limit.
            if self.refused > 0 {
                let guess = f64::from(self.accepted) / span.max(GUESS_OVER).as_secs_f64();
                self.guess = true;
                self.lower(guess, now);
            } else if span >= SHORTEST {
                self.restart(now);
            }
            return;
        }
        let answers = self.accepted.saturating_add(self.refused);
        let clear = self.refused >= PLENTY && self.refused > self.accepted && span >= SLACK;
        if !clear && (answers < ENOUGH || span < SHORTEST) {
            return;
        }
        if self.refused == 0 {
            self.restart(now);
            return;
        }
        self.guess = false;
        let measured = f64::from(self.accepted) / span.as_secs_f64();
        self.lower((measured * KEEP).max(self.rate * FALL), now);
    }

    fn lower(&mut self, rate: f64, now: Instant) {
        let floor = FLOOR.min(self.ceiling);
        self.rate = rate.min(self.rate).clamp(floor, self.ceiling);
        self.cut = Some(now);
        self.grown = Some(now);
        self.restart(now);
    }

    fn restart(&mut self, now: Instant) {
        self.since = Some(now);
        self.accepted = 0;
        self.refused = 0;
    }

    fn grow(&mut self, now: Instant) {
        let (Some(cut), Some(grown)) = (self.cut, self.grown) else {
            return;
        };
        let step = now.saturating_duration_since(grown);
        if step < SLACK {
            return;
        }
        let calm = now.saturating_duration_since(cut).as_secs_f64();
        let growth = if self.guess {
            GUESSING
        } else {
            GROWTH + IMPATIENCE * calm * calm
        };
        self.rate = (self.rate * (1.0 + growth * step.as_secs_f64())).min(self.ceiling);
        self.grown = Some(now);
    }
}

fn interval(rate: f64) -> Option<Duration> {
    (rate.is_finite() && rate > 0.0)
        .then(|| Duration::try_from_secs_f64(1.0 / rate).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    /// A server that serves so many requests a second, the rest refused: a token bucket.
    struct Server {
        limit: f64,
        burst: f64,
        tokens: f64,
        at: Duration,
    }

    impl Server {
        fn new(limit: f64, burst: f64) -> Self {
            Self {
                limit,
                burst,
                tokens: burst,
                at: Duration::ZERO,
            }
        }

        fn admits(&mut self, at: Duration) -> bool {
            let grown = (at - self.at).as_secs_f64() * self.limit;
            self.tokens = (self.tokens + grown).min(self.burst);
            self.at = at;
            let admitted = self.tokens >= 1.0;
            if admitted {
                self.tokens -= 1.0;
            }
            admitted
        }
    }

    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Event {
        /// A worker joins the queue of its lane.
        Ask(usize),
        /// A request of a worker reaches the server.
        Arrive(usize),
        /// A worker has its answer: sent at, admitted.
        Answer(usize, Duration, bool),
    }

    /// Runs workers against the server for a while, each with the pace of its lane; gives the
    /// share of the limit that was served and the share of requests that were refused. `active`
    /// says until when a lane has work.
    fn simulate(
        server: &mut Server,
        lanes: &mut [Pace],
        active: &[Duration],
        workers: usize,
        latency: Duration,
        seconds: u64,
    ) -> (f64, f64) {
        let origin = Instant::now();
        let end = Duration::from_secs(seconds);
        let mut events = BinaryHeap::new();
        for worker in 0..workers {
            events.push(Reverse((Duration::ZERO, Event::Ask(worker))));
        }
        // Only the head of a lane's queue holds a slot, as in `lane`.
        let mut queues = vec![std::collections::VecDeque::new(); lanes.len()];
        let (mut served, mut refused) = (0_u32, 0_u32);
        while let Some(Reverse((now, event))) = events.pop() {
            if now >= end {
                break;
            }
            let next = match event {
                Event::Ask(worker) => {
                    let lane = worker % lanes.len();
                    if now >= active[lane] {
                        continue;
                    }
                    queues[lane].push_back(worker);
                    if queues[lane].len() > 1 {
                        continue;
                    }
                    let slot = lanes[lane].slot(origin + now) - origin;
                    (slot, Event::Arrive(worker))
                }
                Event::Arrive(worker) => {
                    let lane = worker % lanes.len();
                    queues[lane].pop_front();
                    if let Some(head) = queues[lane].front() {
                        let slot = lanes[lane].slot(origin + now) - origin;
                        events.push(Reverse((slot, Event::Arrive(*head))));
                    }
                    let admitted = server.admits(now);
                    (now + latency, Event::Answer(worker, now, admitted))
                }
                Event::Answer(worker, sent, admitted) => {
                    let lane = worker % lanes.len();
                    if admitted {
                        served += 1;
                        lanes[lane].accepted(origin + sent, origin + now);
                    } else {
                        refused += 1;
                        lanes[lane].refused(origin + sent, origin + now);
                    }
                    (now, Event::Ask(worker))
                }
            };
            events.push(Reverse(next));
        }
        let share = f64::from(served) / (server.limit * end.as_secs_f64());
        (share, f64::from(refused) / f64::from(served + refused))
    }

    const ALWAYS: Duration = Duration::MAX;

    /// A bucket that holds one token only is left out: asked one percent too often it refuses
    /// every other request, which no rate below the limit can be told from.
    #[test]
    fn nine_tenths_of_a_limit_are_used_and_little_is_refused() {
        for limit in [15.0, 100.0, 300.0, 1000.0] {
            for burst in [limit / 20.0, limit / 10.0, limit] {
                for latency in [5_u32, 20, 100] {
                    // Enough workers to reach the limit at all at that latency.
                    let workers = if limit * f64::from(latency) > 30_000.0 {
                        160
                    } else {
                        32
                    };
                    let (share, refused) = simulate(
                        &mut Server::new(limit, f64::max(burst, 1.5)),
                        &mut [Pace::free()],
                        &[ALWAYS],
                        workers,
                        Duration::from_millis(latency.into()),
                        30,
                    );
                    let case = format!("{limit}/s, burst {burst}, {latency} ms: {share} {refused}");
                    assert!(share >= 0.9, "{case}");
                    // The first rush alone is 32 requests, 7 % of all at 15 a second.
                    assert!(refused <= if limit < 100.0 { 0.25 } else { 0.1 }, "{case}");
                }
            }
        }
    }

    #[test]
    fn what_is_asked_below_the_limit_is_not_slowed() {
        // 32 workers at 200 ms ask 160 times a second at most.
        let mut server = Server::new(300.0, 32.0);
        let mut lanes = [Pace::free()];
        let latency = Duration::from_millis(200);
        let (share, refused) = simulate(&mut server, &mut lanes, &[ALWAYS], 32, latency, 10);
        assert!(lanes[0].rate().is_infinite());
        assert!(refused == 0.0);
        assert!(share > 0.5, "{share}");
    }

    #[test]
    fn a_ceiling_is_kept_from_the_start() {
        let origin = Instant::now();
        let mut pace = Pace::below(15.0);
        let last = (0..16).map(|_| pace.slot(origin)).last();
        let expected = Duration::from_secs(1);
        let slot = last.map(|at| at - origin).unwrap();
        assert!(
            slot.abs_diff(expected) < Duration::from_millis(1),
            "{slot:?}"
        );
    }

    /// Lambda's two quotas, each its own lane: 10,000 functions take 200 pages and 20,000 calls of the
    /// shared one, and 10,000 of GetFunction beside it. Not one is refused, and little is left unused.
    #[test]
    fn ten_thousand_functions_are_read_at_lambdas_quotas() {
        let origin = Instant::now();
        let finished = |quota: f64, calls: u32| {
            let mut server = Server::new(quota, quota);
            let mut pace = Pace::below(quota);
            let mut now = Duration::ZERO;
            for _ in 0..calls {
                now = pace.slot(origin + now) - origin;
                assert!(server.admits(now), "refused at {now:?}");
                pace.accepted(origin + now, origin + now);
            }
            now.as_secs_f64()
        };
        let shared = finished(15.0, 20_200);
        let own = finished(100.0, 10_000);
        assert!((1346.0..1348.0).contains(&shared), "{shared}");
        assert!((99.0..101.0).contains(&own), "{own}");
    }

    #[test]
    fn a_metronome_never_makes_up_for_lost_time() {
        let origin = Instant::now();
        let at = |ms| origin + Duration::from_millis(ms);
        let mut metronome = Metronome::new(10.0).unwrap();
        assert_eq!(metronome.slot(at(0)), at(0));
        assert_eq!(metronome.slot(at(0)), at(100));
        assert_eq!(metronome.slot(at(950)), at(950));
        assert_eq!(metronome.slot(at(950)), at(1050));
        assert!(Metronome::new(0.0).is_none());
        assert!(Metronome::new(f64::NAN).is_none());
        assert!(Metronome::new(f64::INFINITY).is_none());
    }

    #[test]
    fn lanes_that_share_a_limit_use_it_between_them() {
        let mut server = Server::new(300.0, 30.0);
        let mut lanes = vec![Pace::free(); 4];
        let (share, refused) = simulate(
            &mut server,
            &mut lanes,
            // One has its fill after five seconds, and the others take over its share.
            &[Duration::from_secs(5), ALWAYS, ALWAYS, ALWAYS],
            32,
            Duration::from_millis(20),
            30,
        );
        assert!(share >= 0.9, "{share}");
        assert!(refused <= 0.05, "{refused}");
    }
}
