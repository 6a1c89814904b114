//! How often a call is tried, and when a copy of it is sent: arithmetic only, time is handed in.

use std::time::{Duration, Instant};

/// Attempts of a call at least …
const LEAST_ATTEMPTS: u32 = 4;
/// … and at most.
const MOST_ATTEMPTS: u32 = 16;
/// Attempts while nothing has worked yet.
const FIRST_ATTEMPTS: u32 = 6;
/// How likely a call may be given up by chance.
const LOST_BY_CHANCE: f64 = 1e-8;
/// Attempts after which older ones count half.
const REMEMBERED: f64 = 1000.0;

/// The share of attempts that fail for the moment (a server error, a broken connection, no answer in
/// time), over all services.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailureRate {
    worked: f64,
    failed: f64,
}

impl FailureRate {
    /// Counts an attempt.
    pub fn record(&mut self, worked: bool) {
        if worked {
            self.worked += 1.0;
        } else {
            self.failed += 1.0;
        }
        if self.worked + self.failed >= REMEMBERED {
            self.worked /= 2.0;
            self.failed /= 2.0;
        }
    }

    /// How often a call is tried: the more attempts fail, the more often.
    pub fn attempts(&self) -> u32 {
        if self.worked == 0.0 {
            return FIRST_ATTEMPTS;
        }
        // One failure of twenty is assumed before there is experience.
        let share = (self.failed + 1.0) / (self.worked + self.failed + 20.0);
        (LEAST_ATTEMPTS..MOST_ATTEMPTS)
            .find(|attempts| share.powf(f64::from(*attempts)) <= LOST_BY_CHANCE)
            .unwrap_or(MOST_ATTEMPTS)
    }
}

/// An operation that failed so often in a row …
const BROKEN: u32 = 16;
/// … for so long does not work.
const BROKEN_FOR: Duration = Duration::from_secs(2);
/// No answer is late before this time has passed.
const LATE: Duration = Duration::from_millis(500);
/// When an answer is late where no other has come yet.
const LATE_AT_FIRST: Duration = Duration::from_secs(1);

/// How long answers take: the mean and the mean deviation, as TCP estimates the round trip
/// (RFC 6298).
#[derive(Clone, Copy, Debug, Default)]
pub struct LatencyEstimate(Option<(Duration, Duration)>);

impl LatencyEstimate {
    /// An answer took that time. A late one counts as just late: a request that hangs says nothing about the
    /// usual answer, and an operation that has become slow is followed in a few steps.
    pub fn record(&mut self, took: Duration) {
        let took = took.min(self.late_after());
        self.0 = Some(match self.0 {
            None => (took, took / 2),
            Some((mean, deviation)) => (
                (mean * 7 + took) / 8,
                (deviation * 3 + mean.abs_diff(took)) / 4,
            ),
        });
    }

    /// True once something was answered.
    pub const fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// After what time an answer is late.
    pub fn late_after(&self) -> Duration {
        self.0.map_or(LATE_AT_FIRST, |(mean, deviation)| {
            (mean + deviation * 4).max(LATE)
        })
    }
}

/// What was seen of one operation of a service in a Region.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperationHealth {
    failed_in_a_row: u32,
    failing_since: Option<Instant>,
    /// How long its answers take.
    pub latency: LatencyEstimate,
}

impl OperationHealth {
    /// It answered after that time.
    pub fn answered(&mut self, took: Duration) {
        self.failed_in_a_row = 0;
        self.failing_since = None;
        self.latency.record(took);
    }

    /// It failed for the moment.
    pub fn failed(&mut self, now: Instant) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.failing_since.get_or_insert(now);
    }

    /// True when it has failed too often for chance: another attempt will fail too.
    pub fn broken(&self, now: Instant) -> bool {
        self.failed_in_a_row >= BROKEN
            && self
                .failing_since
                .is_some_and(|since| now.saturating_duration_since(since) >= BROKEN_FOR)
    }
}

/// What an answer in time adds to the copies that may be sent.
const COPIES_EARNED: f64 = 0.2;
/// The most copies in one go.
const MOST_COPIES: f64 = 64.0;

/// How many requests may be sent a second time while the first waits: at most one for five answers,
/// so that an endpoint that is slow as a whole is not asked twice as much.
#[derive(Clone, Copy, Debug)]
pub struct HedgeBudget {
    copies: f64,
}

impl Default for HedgeBudget {
    fn default() -> Self {
        Self { copies: 16.0 }
    }
}

impl HedgeBudget {
    /// An answer came.
    pub fn answered(&mut self) {
        self.copies = (self.copies + COPIES_EARNED).min(MOST_COPIES);
    }

    /// True when a copy may be sent, which is then counted.
    pub fn take(&mut self) -> bool {
        let may = self.copies >= 1.0;
        if may {
            self.copies -= 1.0;
        }
        may
    }
}

/// Requests in a row without use that begin an outage.
const OUTAGE: u32 = 16;
/// How long calls wait for an endpoint that does not answer.
const SILENCE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a service may refuse every request.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(60);
/// How often one request is sent while the others wait.
const PROBE: Duration = Duration::from_millis(250);
/// How often one request is sent when the others are given up.
const LATE_PROBE: Duration = Duration::from_secs(5);

/// Why no request gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageCause {
    /// Nothing answers.
    Silence,
    /// Every request is one too many.
    Refusal,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is sent.
    Send,
    /// It waits until then and is looked at again.
    Wait(Instant),
    /// It is not sent at all.
    Fail(OutageCause),
}

/// Whether a service in a Region answers (a circuit breaker).
#[derive(Clone, Copy, Debug, Default)]
pub struct Outage {
    cause: Option<OutageCause>,
    in_a_row: u32,
    since: Option<Instant>,
    probed: Option<Instant>,
}

impl Outage {
    /// A request was answered.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    /// A request was of no use.
    pub fn record(&mut self, cause: OutageCause, now: Instant) {
        if self.cause != Some(cause) {
            *self = Self {
                cause: Some(cause),
                since: Some(now),
                ..Self::default()
            };
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
    }

    /// What becomes of a request now.
    pub fn admit(&mut self, now: Instant) -> Admission {
        let (Some(cause), Some(since)) = (self.cause, self.since) else {
            return Admission::Send;
        };
        if self.in_a_row < OUTAGE {
            return Admission::Send;
        }
        let lasts = now.saturating_duration_since(since);
        let (patience, probe) = match cause {
            OutageCause::Silence if lasts < SILENCE_PATIENCE => (SILENCE_PATIENCE, PROBE),
            OutageCause::Silence => (SILENCE_PATIENCE, LATE_PROBE),
            // The pace of the lane decides when the next one goes.
            OutageCause::Refusal if lasts < REFUSAL_PATIENCE => return Admission::Send,
            OutageCause::Refusal => (REFUSAL_PATIENCE, LATE_PROBE),
        };
        match self.probed.map(|probed| probed + probe) {
            Some(due) if due > now && lasts < patience => Admission::Wait(due),
            Some(due) if due > now => Admission::Fail(cause),
            _ => {
                self.probed = Some(now);
                Admission::Send
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn rate(worked: u32, failed: u32) -> FailureRate {
        let mut rate = FailureRate::default();
        for _ in 0..worked {
            rate.record(true);
        }
        for _ in 0..failed {
            rate.record(false);
        }
        rate
    }

    #[test]
    fn the_more_attempts_fail_the_more_often_a_call_is_tried() {
        assert_eq!(rate(0, 0).attempts(), 6);
        assert_eq!(rate(0, 900).attempts(), 6, "nothing works");
        assert_eq!(rate(990, 0).attempts(), 4);
        assert_eq!(rate(900, 90).attempts(), 8);
        assert_eq!(rate(700, 290).attempts(), 15);
        assert_eq!(rate(1, 900).attempts(), 16);
    }

    /// Of 100,000 calls at any share of failures up to 30 %, none is given up.
    #[test]
    fn no_call_is_given_up_by_chance() {
        for share in [0.01_f64, 0.1, 0.2, 0.3] {
            let failed = (share * 900.0) as u32;
            let attempts = rate(900 - failed, failed).attempts();
            let lost = 100_000.0 * share.powf(f64::from(attempts));
            assert!(lost < 0.01, "{share}: {attempts} attempts lose {lost}");
        }
    }

    #[test]
    fn an_operation_is_broken_when_it_fails_often_and_for_long() {
        let start = Instant::now();
        let mut operation = OperationHealth::default();
        for n in 0..15 {
            operation.failed(start + ms(n * 200));
        }
        assert!(!operation.broken(start + ms(3000)), "not often enough");
        operation.failed(start + ms(3000));
        assert!(operation.broken(start + ms(3000)));
        assert!(!operation.broken(start + ms(1900)), "not long enough");
        operation.answered(ms(20));
        assert!(!operation.broken(start + ms(9000)));
    }

    #[test]
    fn late_is_what_takes_much_longer_than_the_others() {
        let mut latency = LatencyEstimate::default();
        assert_eq!(latency.late_after(), ms(1000));
        for _ in 0..50 {
            latency.record(ms(20));
        }
        assert_eq!(latency.late_after(), ms(500));
        for n in 0..50 {
            latency.record(ms(1500 + n % 2 * 1000));
        }
        // About 2,000 on average, 500 more or less.
        let late = latency.late_after();
        assert!((ms(3500)..ms(4500)).contains(&late), "{late:?}");
    }

    /// One answer in ten takes five seconds, the first among them. Once some are known, late is what takes a
    /// second.
    #[test]
    fn requests_that_hang_do_not_make_late_what_others_take() {
        let mut latency = LatencyEstimate::default();
        for n in 0..200 {
            latency.record(ms(if n % 10 == 0 { 5000 } else { 20 }));
            let bound = if n < 50 { ms(4500) } else { ms(1000) };
            assert!(latency.late_after() < bound, "{n}: {latency:?}");
        }
    }

    /// 128 requests are sent at once and answered one after the other, 27 a second: the last waits
    /// for almost five seconds, and none is late.
    #[test]
    fn no_answer_is_late_for_waiting_in_a_slow_queue() {
        let mut latency = LatencyEstimate::default();
        for n in 1..=128 {
            latency.record(ms(n * 37));
            let next = ms((n + 1) * 37);
            assert!(latency.late_after() > next, "{n}: {latency:?}");
        }
    }

    #[test]
    fn an_endpoint_that_is_slow_as_a_whole_is_not_asked_twice() {
        let mut budget = HedgeBudget::default();
        let copies = (0..1000).filter(|_| budget.take()).count();
        assert_eq!(copies, 16);
        for _ in 0..100 {
            budget.answered();
        }
        let copies = (0..1000).filter(|_| budget.take()).count();
        assert!((19..=20).contains(&copies), "{copies}");
    }

    #[test]
    fn calls_wait_for_a_silent_endpoint_and_then_fail() {
        let start = Instant::now();
        let mut outage = Outage::default();
        for _ in 0..15 {
            outage.record(OutageCause::Silence, start);
        }
        assert_eq!(outage.admit(start), Admission::Send, "it may be chance");
        outage.record(OutageCause::Silence, start);
        let mut sent = 0;
        for n in 0..500 {
            match outage.admit(start + ms(n * 10)) {
                Admission::Send => sent += 1,
                Admission::Wait(until) => assert!(until > start + ms(n * 10)),
                Admission::Fail(_) => panic!("at {n}"),
            }
        }
        assert_eq!(sent, 20, "one in 250 ms");
        let later = start + ms(5001);
        assert_eq!(outage.admit(later), Admission::Fail(OutageCause::Silence));
        assert_eq!(outage.admit(start + ms(9800)), Admission::Send);
        assert_eq!(
            outage.admit(start + ms(9801)),
            Admission::Fail(OutageCause::Silence)
        );
        outage.end();
        assert_eq!(outage.admit(start + ms(9802)), Admission::Send);
    }

    #[test]
    fn a_service_that_refuses_everything_is_given_up_after_a_minute() {
        let start = Instant::now();
        let mut outage = Outage::default();
        for n in 0..60 {
            assert_eq!(outage.admit(start + ms(n * 1000)), Admission::Send);
            outage.record(OutageCause::Refusal, start + ms(n * 1000));
        }
        assert_eq!(outage.admit(start + ms(60_000)), Admission::Send);
        assert_eq!(
            outage.admit(start + ms(61_000)),
            Admission::Fail(OutageCause::Refusal)
        );
    }
}
