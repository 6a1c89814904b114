//! Cold starts as the log has them, beside the estimate.
//!
//! A REPORT line gives the init and the whole of the call it was for. What an estimate calls the
//! first call is what that call takes beyond a warm one, so the median of all calls is taken off,
//! where most of them were warm. From ten cold starts on, measurements replace estimates in every
//! verdict, lever and budget.
//!
//! Init Duration also counts environments that Lambda starts ahead of need, which no caller waited
//! for.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::Reading;
use crate::inventory::function::{Measurement, Starts};
use crate::inventory::need::ReadingKind;
use crate::report::{ColdStartCause, Measured};
use coldbucket_cold_start::estimate::{Estimate, tenth};

/// Cold starts from which on logs say more than the estimate.
pub const ENOUGH: u64 = 10;

/// The cold starts of a version in its log.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, FactValue)]
pub struct MeasuredFacts {
    /// Cold starts seen.
    pub cold_starts: u64,
    /// Invocations seen.
    pub invocations: u64,
    /// Share of invocations that started cold, percent.
    pub rate_percent: f64,
    /// Median of init, or of the restore with SnapStart, ms.
    pub init_p50_ms: f64,
    /// 99th percentile of the same, ms.
    pub init_p99_ms: f64,
    /// Median of init and of what the first call takes beyond a warm one, ms.
    pub reported_p50_ms: f64,
    /// 99th percentile of the same, ms.
    pub reported_p99_ms: f64,
    /// How far back the log was read, days.
    pub window_days: u32,
    /// Ten cold starts or more: these figures replace the estimate.
    pub enough: bool,
}

#[allow(
    clippy::cast_precision_loss,
    reason = "counts of invocations, far below 2^52"
)]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        tenth(part as f64 * 100.0 / whole as f64)
    }
}

impl MeasuredFacts {
    /// Concludes from the log of a version. Unknown without a log.
    pub(in crate::facts::function) fn derive(
        version: &str,
        reading: &Reading<Measurement>,
    ) -> Fact<Self> {
        if *reading == Reading::Absent {
            return Fact::undecidable(
                "the function has no log group: it never ran, or may not log",
            );
        }
        from_reading(
            ReadingKind::FunctionMeasured,
            reading,
            Self::default,
            |measurement| {
                let starts = measurement
                    .versions
                    .get(version)
                    .cloned()
                    .unwrap_or_default();
                Self::of(&starts, measurement.window_days)
            },
        )
    }

    fn of(starts: &Starts, window_days: u32) -> Self {
        // Where most calls start cold, their median is no warm one.
        let warm = if starts.cold_starts.saturating_mul(2) > starts.invocations {
            0.0
        } else {
            starts.duration_p50_ms
        };
        let beyond = |total: f64, init: f64| tenth((total - warm).max(init));
        Self {
            cold_starts: starts.cold_starts,
            invocations: starts.invocations,
            rate_percent: percent(starts.cold_starts, starts.invocations),
            init_p50_ms: tenth(starts.init_p50_ms),
            init_p99_ms: tenth(starts.init_p99_ms),
            reported_p50_ms: beyond(starts.total_p50_ms, starts.init_p50_ms),
            reported_p99_ms: beyond(starts.total_p99_ms, starts.init_p99_ms),
            window_days,
            enough: starts.cold_starts >= ENOUGH,
        }
    }

    /// Init and first call, ms.
    pub(super) fn phases(&self) -> (f64, f64) {
        let first_call = self.reported_p50_ms - self.init_p50_ms;
        (self.init_p50_ms, tenth(first_call.max(0.0)))
    }

    /// Whether the function starts as its shape suggests: `your code` above the estimate's band,
    /// `the platform` within or below it.
    pub(in crate::facts::function) fn cause(&self, estimate: &Estimate) -> &'static str {
        if self.reported_p50_ms > tenth(estimate.high_ms) {
            "your code"
        } else {
            "the platform"
        }
    }

    /// The machine form.
    pub(in crate::facts::function) fn report(&self, cause: Option<ColdStartCause>) -> Measured {
        Measured {
            cold_starts: self.cold_starts,
            invocations: self.invocations,
            rate_percent: self.rate_percent,
            init_p50_ms: self.init_p50_ms,
            init_p99_ms: self.init_p99_ms,
            p50_ms: self.reported_p50_ms,
            p99_ms: self.reported_p99_ms,
            window_days: self.window_days,
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(cold_starts: u64, invocations: u64) -> Starts {
        Starts {
            invocations,
            cold_starts,
            init_p50_ms: 300.0,
            init_p99_ms: 500.0,
            total_p50_ms: 420.0,
            total_p99_ms: 700.0,
            duration_p50_ms: 20.0,
        }
    }

    #[test]
    fn a_warm_call_is_taken_off() {
        let found = MeasuredFacts::of(&starts(10, 1000), 14);
        assert!(found.enough);
        let figures = [
            found.reported_p50_ms,
            found.reported_p99_ms,
            found.rate_percent,
        ];
        assert_eq!(figures, [400.0, 680.0, 1.0]);
    }

    #[test]
    fn where_most_calls_are_cold_none_is_known_to_be_warm() {
        let found = MeasuredFacts::of(&starts(9, 10), 14);
        assert!(!found.enough);
        assert_eq!([found.reported_p50_ms, found.rate_percent], [420.0, 90.0]);
    }

    #[test]
    fn a_version_that_never_ran_is_known_to_have_no_cold_starts() {
        let reading = Reading::Known(Measurement::default());
        let found = MeasuredFacts::derive("7", &reading);
        assert_eq!(found.known().map(|found| found.invocations), Some(0));
        assert!(
            MeasuredFacts::derive("7", &Reading::Absent)
                .known()
                .is_none()
        );
    }
}
