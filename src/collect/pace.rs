//! How fast requests may leave: arithmetic only, time is handed in.
//!
//! AWS publishes no rate for the configuration calls of S3, and what it publishes for Lambda is
//! shared with everyone else in the account. So the rate is found the way TCP finds it: free
//! until the first refusal, then a little under what was measured to get through, then slowly up
//! again until the next. The measured rate, rather than half of the last one, is what keeps over
//! nine tenths of a limit in use.

use std::collections::VecDeque;
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
const ENOUGH: u32 = 20;
/// … and so long;
const SHORTEST: Duration = Duration::from_millis(100);
/// unless this many were refused and they are two thirds.
const PLENTY: u32 = 10;
/// The time a first guess is based on.
const GUESS_OVER: Duration = Duration::from_millis(50);
/// How far a late request may make up for lost time.
const SLACK: Duration = Duration::from_millis(20);
/// Growth a second, as a share of the rate, at once after a refusal.
const GROWTH: f64 = 0.01;
/// By how much that rises with the square of the seconds without a refusal: when others have left,
/// a third more is reached in four seconds.
const IMPATIENCE: f64 = 0.01;
/// Growth a second while the rate is a guess: it doubles about three times a second.
const GUESSING: f64 = 2.0;
/// When so much more than after the last cut gets through, the limit is another.
const ANOTHER_LIMIT: f64 = 1.1;
/// This share of refusals costs less than a lower rate.
const TOLERATED: f64 = 0.02;
/// Standard deviations that are put down to chance.
const CHANCE: f64 = 3.0;
/// At most so many measurements decide between a limit and faults …
const MOST_MEASUREMENTS: usize = 8;
/// … and at least so many …
const LEAST_MEASUREMENTS: usize = 3;
/// … with so many answers.
const LEAST_ANSWERS: f64 = 60.0;
/// By how much better, as the logarithm of the likelihood, one explanation must fit than another.
const MARGIN: f64 = 10.0;
/// An endpoint that refuses more than this share is overloaded, whatever the cause.
const MOST_FAULTS: f64 = 0.5;

/// A rate that follows what the other side accepts.
///
/// Refusals that do not get fewer when the rate falls are faults, not a rate limit: the old rate is
/// then restored, and that share of refusals no longer lowers it.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Requests a second; infinite until the first cut where there is no ceiling.
    rate: f64,
    /// Never faster than this.
    ceiling: f64,
    /// The rate is a first guess, not yet a measurement.
    guess: bool,
    next: Option<Instant>,
    /// When the rate was last lowered …
    cut: Option<Instant>,
    /// … and to what.
    cut_to: f64,
    /// When the rate was last raised.
    grown: Option<Instant>,
    /// The present measurement: of requests sent since then, the last of them at `latest`.
    since: Option<Instant>,
    latest: Option<Instant>,
    /// How long it lasts, without pauses.
    span: Duration,
    accepted: u32,
    refused: u32,
    /// The share of requests that is refused at any rate.
    faults: f64,
    /// The last measurements from the first refusal on, the latest last.
    measured: VecDeque<RateWindow>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
struct RateWindow {
    /// The rate that was allowed.
    rate: f64,
    /// Requests a second that were sent.
    offered: f64,
    accepted: f64,
    refused: f64,
}

impl RateWindow {
    fn answers(&self) -> f64 {
        self.accepted + self.refused
    }

    /// Requests a second that got through.
    fn through(&self) -> f64 {
        self.offered * self.accepted / self.answers()
    }

    /// The logarithm of the likelihood of this measurement, where a share `faults` of requests is
    /// refused at any rate, and of the others those above `limit` a second.
    fn likelihood(&self, faults: f64, limit: f64) -> f64 {
        let refusal = 1.0 - (1.0 - faults) * (limit / self.offered).min(1.0);
        let refusal = refusal.clamp(0.005, 0.995);
        self.refused * refusal.ln() + self.accepted * (1.0 - refusal).ln()
    }
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
            cut_to: f64::INFINITY,
            grown: None,
            since: None,
            latest: None,
            span: Duration::ZERO,
            accepted: 0,
            refused: 0,
            faults: 0.0,
            measured: VecDeque::new(),
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
            self.judge(now);
        }
    }

    /// A request sent at `sent` was refused for being one too many. True when most requests are
    /// refused: fewer should be in flight.
    pub fn refused(&mut self, sent: Instant, now: Instant) -> bool {
        self.counts(sent) && {
            self.refused = self.refused.saturating_add(1);
            self.judge(now)
        }
    }

    /// What was on its way before the present measurement began says nothing about the present
    /// rate.
    fn counts(&mut self, sent: Instant) -> bool {
        if self.since.is_none_or(|since| sent < since) {
            return false;
        }
        // A pause, in which there was nothing to send, is no part of the measurement.
        let longest = interval(self.rate).map_or(SHORTEST, |interval| interval.max(SHORTEST));
        let before = self.latest.or(self.since).unwrap_or(sent);
        self.span += sent.saturating_duration_since(before).min(longest);
        self.latest = Some(before.max(sent));
        true
    }

    /// Ends the measurement when there is enough of it, and draws its conclusion. True when most
    /// requests were refused.
    fn judge(&mut self, now: Instant) -> bool {
        let answers = self.accepted.saturating_add(self.refused);
        let flood =
            self.refused >= PLENTY && self.refused / 2 >= self.accepted && self.span >= SLACK;
        if !flood && (answers < ENOUGH || self.span < SHORTEST) {
            return false;
        }
        let first = flood && self.rate.is_infinite();
        let span = self.span.max(if first { GUESS_OVER } else { SLACK });
        let seen = RateWindow {
            rate: self.rate,
            offered: f64::from(answers) / span.as_secs_f64(),
            accepted: f64::from(self.accepted),
            refused: f64::from(self.refused),
        };
        self.since = Some(now);
        self.latest = None;
        self.span = Duration::ZERO;
        self.accepted = 0;
        self.refused = 0;
        if flood {
            self.faults = 0.0;
            self.measured.clear();
        }
        // Others have left, who had a share of it, or the cut was too deep: it is searched anew.
        if seen.refused == 0.0 && seen.offered.min(seen.rate) > self.cut_to * ANOTHER_LIMIT {
            self.guess = true;
        }
        if seen.refused > 0.0 || !self.measured.is_empty() {
            self.measured.push_back(seen);
            if self.measured.len() > MOST_MEASUREMENTS {
                self.measured.pop_front();
            }
        }
        let usual = self.faults.max(TOLERATED);
        let chance = CHANCE * (seen.answers() * usual * (1.0 - usual)).sqrt();
        if seen.refused > seen.answers() * usual + chance && !self.attribute() {
            self.guess = first;
            self.cut(&seen, now);
        }
        flood
    }

    /// Lowers the rate to what got through.
    fn cut(&mut self, seen: &RateWindow, now: Instant) {
        let keep = if self.guess { 1.0 } else { KEEP };
        // Faults are part of what is sent at any rate.
        let served = seen.through() / (1.0 - self.faults) * keep;
        let least = if self.rate.is_finite() {
            self.rate * FALL
        } else {
            0.0
        };
        let floor = FLOOR.min(self.ceiling);
        self.rate = served.max(least).min(self.rate).clamp(floor, self.ceiling);
        self.cut = Some(now);
        self.cut_to = self.rate;
        self.grown = Some(now);
    }

    /// Decides whether refusals are faults or a limit, where the measurements show it. True when
    /// they are all faults: the rate is as it was before the first of them.
    fn attribute(&mut self) -> bool {
        let sum = |of: &dyn Fn(&RateWindow) -> f64| self.measured.iter().map(of).sum::<f64>();
        let answers = sum(&RateWindow::answers);
        let share = sum(&|seen| seen.refused) / answers;
        let fit = |faults, limit| sum(&|seen| seen.likelihood(faults, limit));
        let best_limit = |faults: f64| {
            self.measured
                .iter()
                .flat_map(|seen| [seen.through(), seen.offered])
                .map(|limit| fit(faults, limit / (1.0 - faults)))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let faults_alone = fit(share, f64::INFINITY);
        let limit_alone = best_limit(0.0);
        let both = if self.faults > 0.0 {
            best_limit(self.faults)
        } else {
            f64::NEG_INFINITY
        };
        // Where faults are all there is, the share differs from one measurement to the next by
        // chance alone (chi-squared).
        let deviation = sum(&|seen| {
            let expected = seen.answers() * share;
            (seen.refused - expected).powi(2) / (expected * (1.0 - share))
        });
        let degrees = sum(&|_| 1.0) - 1.0;
        let even = deviation <= degrees + CHANCE * (2.0 * degrees).sqrt();
        let enough = self.measured.len() >= LEAST_MEASUREMENTS && answers >= LEAST_ANSWERS;
        let all_faults = enough
            && even
            && share <= MOST_FAULTS
            && faults_alone - limit_alone.max(both) >= MARGIN;
        if all_faults {
            self.rate = self
                .measured
                .iter()
                .fold(self.rate, |rate, seen| rate.max(seen.rate));
            self.faults = share;
            self.guess = false;
        } else if limit_alone - faults_alone.max(both) >= MARGIN {
            self.faults = 0.0;
        }
        all_faults
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

    /// A server that serves so many requests a second, the rest refused: a token bucket. A share of
    /// requests it refuses at random, at any rate.
    struct Server {
        limit: f64,
        burst: f64,
        tokens: f64,
        at: Duration,
        faults: f64,
        random: u64,
    }

    impl Server {
        fn new(limit: f64, burst: f64) -> Self {
            Self {
                limit,
                burst,
                tokens: burst,
                at: Duration::ZERO,
                faults: 0.0,
                random: 1,
            }
        }

        fn failing(self, faults: f64) -> Self {
            Self { faults, ..self }
        }

        fn admits(&mut self, at: Duration) -> bool {
            if random(&mut self.random) < self.faults {
                return false;
            }
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

    /// The next number from 0 to 1 (xorshift64*).
    fn random(state: &mut u64) -> f64 {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        let bits = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        f64::from(u32::try_from(bits).unwrap()) / f64::from(1_u32 << 24)
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
    /// requests served a second and the share of requests that were refused. `active` says until
    /// when a lane has work. A refused request waits before it is sent again, as in `lane`.
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
        let mut refusals = vec![0; workers];
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
                        refusals[worker] = 0;
                        lanes[lane].accepted(origin + sent, origin + now);
                        (now, Event::Ask(worker))
                    } else {
                        refused += 1;
                        refusals[worker] += 1;
                        lanes[lane].refused(origin + sent, origin + now);
                        let whole = Duration::from_millis(100)
                            * 2_u32.saturating_pow(refusals[worker] - 1).min(10);
                        let wait = whole.mul_f64(0.5 + random(&mut server.random) / 2.0);
                        (now + wait, Event::Ask(worker))
                    }
                }
            };
            events.push(Reverse(next));
        }
        (
            f64::from(served) / end.as_secs_f64(),
            f64::from(refused) / f64::from(served + refused),
        )
    }

    impl Pace {
        /// Never lowered.
        fn unheeding() -> Self {
            Self {
                faults: 1.0,
                ..Self::free()
            }
        }
    }

    const ALWAYS: Duration = Duration::MAX;

    /// A bucket that holds one token only is left out: asked one percent too often it refuses
    /// every other request, and its limit cannot be measured.
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
                    let (served, refused) = simulate(
                        &mut Server::new(limit, f64::max(burst, 1.5)),
                        &mut [Pace::free()],
                        &[ALWAYS],
                        workers,
                        Duration::from_millis(latency.into()),
                        30,
                    );
                    let share = served / limit;
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
        let (served, refused) = simulate(&mut server, &mut lanes, &[ALWAYS], 32, latency, 10);
        assert!(lanes[0].rate().is_infinite());
        assert!(refused == 0.0);
        assert!(served > 150.0, "{served}");
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
        let (served, refused) = simulate(
            &mut server,
            &mut lanes,
            // One has its fill after five seconds, and the others take over its share.
            &[Duration::from_secs(5), ALWAYS, ALWAYS, ALWAYS],
            32,
            Duration::from_millis(20),
            30,
        );
        assert!(served >= 270.0, "{served}");
        assert!(refused <= 0.08, "{refused}");
    }

    /// The last of many lanes has what the others leave within a few seconds.
    #[test]
    fn a_lane_that_is_left_alone_has_the_whole_limit_soon() {
        for seconds in [1, 2, 4] {
            let mut active = [Duration::from_secs(seconds); 16];
            active[0] = ALWAYS;
            let mut server = Server::new(300.0, 30.0);
            let mut lanes = vec![Pace::free(); 16];
            let latency = Duration::from_millis(20);
            let (served, _) = simulate(&mut server, &mut lanes, &active, 256, latency, 20);
            // Measured by hand before there was a search anew: 164 to 208.
            assert!(served >= 240.0, "{seconds} s: {served}");
        }
    }

    /// Faults that come at any rate slow a lane down by the waits before the next try alone.
    #[test]
    fn refusals_that_no_lower_rate_avoids_are_no_limit() {
        for faults in [0.01, 0.1, 0.3] {
            for (workers, latency) in [(128, 20), (128, 5), (4, 20)] {
                let latency = Duration::from_millis(latency);
                let run = |pace: Pace, seconds| {
                    let mut server = Server::new(1e9, 1e9).failing(faults);
                    let mut lanes = [pace];
                    simulate(
                        &mut server,
                        &mut lanes,
                        &[ALWAYS],
                        workers,
                        latency,
                        seconds,
                    )
                    .0
                };
                for seconds in [3, 10] {
                    let (followed, ignored) =
                        (run(Pace::free(), seconds), run(Pace::unheeding(), seconds));
                    let case = format!(
                        "{faults}, {workers} at {latency:?}, {seconds} s: {followed} {ignored}"
                    );
                    assert!(followed >= 0.8 * ignored, "{case}");
                }
            }
        }
    }

    /// A limit is found under faults too, and not exceeded by much.
    #[test]
    fn a_limit_is_used_and_kept_under_faults() {
        for (limit, faults) in [
            (300.0, 0.01),
            (300.0, 0.1),
            (300.0, 0.3),
            (30.0, 0.01),
            (30.0, 0.1),
        ] {
            let mut server = Server::new(limit, limit / 10.0).failing(faults);
            let latency = Duration::from_millis(20);
            let (served, refused) =
                simulate(&mut server, &mut [Pace::free()], &[ALWAYS], 64, latency, 30);
            let case = format!("{limit} a second, {faults}: {served} {refused}");
            assert!(served >= 0.7 * limit, "{case}");
            assert!(refused <= faults + 0.2, "{case}");
        }
    }
}
