//! What a run over accounts shows while it lasts: a line that is drawn again on a terminal, and a line
//! twice a minute where standard error is no terminal. Nothing here reaches standard output or a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How often the line is drawn again.
const REDRAW: Duration = Duration::from_millis(250);
/// How often a line is written where there is no terminal.
const EACH: Duration = Duration::from_secs(30);
/// The part of the accounts after which the time left is estimated: one in so many.
const ESTIMATED_AFTER: u64 = 20;
/// An account that takes longer is named …
const SLOW: Duration = Duration::from_secs(10);
/// … and at most so many are.
const NAMED: usize = 2;

/// The state of a run over accounts, shared by what reads them and what judges them.
#[derive(Clone, Debug)]
pub struct AccountsProgress {
    bar: ProgressBar,
    counts: Arc<Mutex<AccountCounts>>,
    /// Lines are wanted at all.
    wanted: bool,
}

/// What is known of the accounts of a run so far.
#[derive(Debug)]
struct AccountCounts {
    /// Accounts of the run, or of its shard.
    planned: u64,
    /// Those that an earlier start read.
    before: u64,
    /// Those that this start finished.
    finished: u64,
    /// Those of them that could not be read.
    unreadable: u64,
    critical: u64,
    calls: u64,
    began: Instant,
    /// When each of those that are being read was begun.
    in_flight: BTreeMap<String, Instant>,
    /// When the last line was written.
    written: Instant,
}

impl AccountsProgress {
    /// Progress over so many accounts, `before` of which were read earlier. It is shown where `wanted`.
    pub fn new(planned: usize, before: usize, wanted: bool) -> Self {
        let now = Instant::now();
        let counts = Arc::new(Mutex::new(AccountCounts {
            planned: number(planned),
            before: number(before),
            finished: 0,
            unreadable: 0,
            critical: 0,
            calls: 0,
            began: now,
            in_flight: BTreeMap::new(),
            written: now,
        }));
        // indicatif hides a bar by itself when its target is not a terminal.
        let target = match wanted {
            true => ProgressDrawTarget::stderr_with_hz(10),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{run}") {
            let drawn = Arc::clone(&counts);
            let draw = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&locked(&drawn).shown(Instant::now()));
            };
            bar.set_style(style.with_key("run", draw));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(REDRAW);
        }
        Self {
            bar,
            counts,
            wanted,
        }
    }

    /// Nothing is shown.
    pub fn silent() -> Self {
        Self::new(0, 0, false)
    }

    /// The account is being read.
    pub(super) fn begin(&self, account: &str) {
        let now = Instant::now();
        locked(&self.counts)
            .in_flight
            .insert(account.to_owned(), now);
    }

    /// The account is no longer being read.
    pub(super) fn end(&self, account: &str) {
        locked(&self.counts).in_flight.remove(account);
    }

    /// An account is finished: whether it was read, its critical findings and the calls that it took. Gives
    /// a line where one is due and none is drawn.
    pub fn finished(&self, read: bool, critical: u64, calls: u64) -> Option<String> {
        let now = Instant::now();
        let mut counts = locked(&self.counts);
        counts.finished += 1;
        counts.unreadable += u64::from(!read);
        counts.critical = counts.critical.saturating_add(critical);
        counts.calls = counts.calls.saturating_add(calls);
        let due = now.saturating_duration_since(counts.written) >= EACH;
        if !(self.wanted && self.bar.is_hidden() && due) {
            return None;
        }
        counts.written = now;
        Some(counts.line(now))
    }

    /// Writes something else, with the line out of the way.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Removes the line.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }
}

fn locked(counts: &Mutex<AccountCounts>) -> std::sync::MutexGuard<'_, AccountCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

impl AccountCounts {
    /// The line and, below it, the accounts that take longest.
    fn shown(&self, now: Instant) -> String {
        let mut text = self.line(now);
        let mut slow: Vec<(Duration, &str)> = self
            .in_flight
            .iter()
            .map(|(account, began)| (now.saturating_duration_since(*began), account.as_str()))
            .filter(|(lasts, _)| *lasts >= SLOW)
            .collect();
        slow.sort_by(|a, b| b.cmp(a));
        let named: Vec<String> = slow
            .iter()
            .take(NAMED)
            .map(|(lasts, account)| format!("{account} for {}", time(*lasts)))
            .collect();
        if !named.is_empty() {
            let _ = write!(text, "\nreading {}", named.join(", "));
        }
        text
    }

    /// `412/1,000 accounts · 8 in flight · 3 unreadable · 71 critical · 3,180 calls/s · 6 min left`
    fn line(&self, now: Instant) -> String {
        let done = self.before.saturating_add(self.finished);
        let mut text = format!(
            "{}/{} accounts · {} in flight · {} unreadable · {} critical",
            HumanCount(done),
            HumanCount(self.planned),
            HumanCount(number(self.in_flight.len())),
            HumanCount(self.unreadable),
            HumanCount(self.critical),
        );
        let lasts = now.saturating_duration_since(self.began);
        if self.calls > 0 && lasts.as_secs() > 0 {
            let _ = write!(
                text,
                " · {} calls/s",
                HumanCount(self.calls / lasts.as_secs())
            );
        }
        let waiting = self.planned.saturating_sub(self.before);
        let left = waiting.saturating_sub(self.finished);
        // The first accounts say little about the others.
        if self.finished > 0 && left > 0 && self.finished.saturating_mul(ESTIMATED_AFTER) >= waiting
        {
            let each = lasts.as_secs_f64() / self.finished as f64;
            let left = Duration::try_from_secs_f64(each * left as f64).unwrap_or(Duration::MAX);
            let _ = write!(text, " · {} left", time(left));
        }
        text
    }
}

/// `42 s`, `6 min` or `2 h 5 min`.
fn time(lasts: Duration) -> String {
    let seconds = lasts.as_secs();
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(finished: u64) -> AccountCounts {
        let began = Instant::now();
        AccountCounts {
            planned: 1_000,
            before: 400,
            finished,
            unreadable: 3,
            critical: 71,
            calls: 31_800,
            began,
            in_flight: ["200000000001", "200000000002", "200000000003"]
                .into_iter()
                .zip([0, 5, 8])
                .map(|(account, after)| (account.to_owned(), began + Duration::from_secs(after)))
                .collect(),
            written: began,
        }
    }

    #[test]
    fn the_line_has_the_accounts_the_rate_and_the_time_left() {
        let counts = counts(200);
        let now = counts.began + Duration::from_secs(100);
        // 200 of the 600 in 100 s: 400 more in 200 s.
        assert_eq!(
            counts.line(now),
            "600/1,000 accounts · 3 in flight · 3 unreadable · 71 critical · 318 calls/s · 4 min left"
        );
    }

    #[test]
    fn no_time_is_estimated_before_one_account_in_twenty_is_finished() {
        let counts = counts(29);
        assert!(
            !counts
                .line(counts.began + Duration::from_secs(60))
                .contains("left")
        );
    }

    #[test]
    fn the_accounts_that_take_longest_are_named() {
        let counts = counts(200);
        let after = |seconds| counts.shown(counts.began + Duration::from_secs(seconds));
        assert!(!after(9).contains("reading"));
        assert!(after(16).ends_with("\nreading 200000000001 for 16 s, 200000000002 for 11 s"));
    }

    #[test]
    fn a_time_is_rounded_as_people_read_it() {
        let said = |seconds| time(Duration::from_secs(seconds));
        assert_eq!(
            [said(42), said(90), said(361), said(7_500)],
            ["42 s", "2 min", "7 min", "2 h 5 min"]
        );
    }
}
