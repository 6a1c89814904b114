//! A function in a VPC that is not called.
//!
//! After 14 days without a call Lambda takes the function's network interfaces back and calls it
//! `Inactive`. The next call fails, the function is `Pending` while interfaces are made anew, and only
//! then does it answer (AWS, "Lambda function states" and the agent toolkit's Lambda page, 2026-08).
//! Whether that has happened is the function's state; whether it is about to is its invocations.

use schemars::JsonSchema;

use super::context::{FunctionContext, LATEST};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::need::ReadingKind;

/// After how many days without a call AWS gives up what it keeps for the function.
pub(super) const IDLE_DAYS: i64 = 14;

/// Idleness of a function in a VPC; outside of one nothing is given up.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct IdleFacts {
    /// It is in a VPC and inactive: the next call fails.
    #[needs(own(FunctionStatus))]
    pub inactive: Fact<bool>,
    /// It is in a VPC and was not called in the last 14 days. Not decidable for a function that was
    /// changed since.
    #[needs(own(FunctionInvocations))]
    pub uncalled: Fact<bool>,
}

impl IdleFacts {
    /// Concludes from state and invocations.
    pub(super) fn derive(context: &FunctionContext<'_>) -> Self {
        let function = context.function;
        if !function.in_vpc() {
            return Self {
                inactive: Fact::Known(false),
                uncalled: Fact::Known(false),
            };
        }
        let inactive = from_reading(
            ReadingKind::FunctionStatus,
            &function.status,
            || Fact::undecidable("AWS did not name the function's state"),
            |status| Fact::Known(status.state == "Inactive"),
        )
        .and_then(|inactive| inactive);
        let uncalled = from_reading(
            ReadingKind::FunctionInvocations,
            &function.invocations,
            || Fact::undecidable("CloudWatch has no figures"),
            |invocations| {
                if invocations.count > 0.0 {
                    return Fact::Known(false);
                }
                let changed = function
                    .versions
                    .get(LATEST)
                    .and_then(|latest| latest.last_modified.as_deref());
                since(changed, context.taken_at).and_then(|days| {
                    if days < i64::from(invocations.window_days) {
                        Fact::undecidable(format!(
                            "it was changed {days} days ago; {IDLE_DAYS} without a call would count"
                        ))
                    } else {
                        Fact::Known(i64::from(invocations.window_days) >= IDLE_DAYS)
                    }
                })
            },
        )
        .and_then(|uncalled| uncalled);
        Self { inactive, uncalled }
    }
}

/// Whole days from a time that Lambda wrote to the snapshot's.
pub(super) fn since(written: Option<&str>, taken_at: &str) -> Fact<i64> {
    let then = written.and_then(time);
    let now = taken_at.parse::<jiff::Timestamp>().ok();
    match (then, now) {
        (Some(then), Some(now)) => Fact::Known((now.as_second() - then.as_second()) / 86_400),
        (None, _) => Fact::undecidable("AWS did not say since when it has been as it is"),
        (_, None) => Fact::undecidable(format!("the snapshot's time {taken_at:?} is not RFC 3339")),
    }
}

/// A time as Lambda writes it: RFC 3339, or with `+0000` for the offset.
fn time(written: &str) -> Option<jiff::Timestamp> {
    let with_colon = written
        .strip_suffix("+0000")
        .map(|plain| format!("{plain}Z"));
    with_colon
        .as_deref()
        .unwrap_or(written)
        .parse::<jiff::Timestamp>()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::since;
    use crate::facts::fact::Fact;

    #[test]
    fn days_since_a_time_as_lambda_writes_it() {
        for written in [
            "2026-11-01T12:00:00.000+0000",
            "2026-11-01T12:00:00+0000",
            "2026-11-01T12:00:00Z",
        ] {
            assert_eq!(
                since(Some(written), "2026-11-22T12:00:00Z"),
                Fact::Known(21),
                "{written}"
            );
        }
        assert_eq!(since(None, "2026-11-22T12:00:00Z").known(), None);
        assert_eq!(since(Some("lately"), "2026-11-22T12:00:00Z").known(), None);
    }
}
