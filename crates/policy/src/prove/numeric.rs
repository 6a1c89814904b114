//! Numbers and points in time: is there one that passes these comparisons?
//!
//! A conjunction of comparisons with constants is true or false on whole stretches between those
//! constants. So it is enough to try each constant, a point between each two neighbours, one below
//! the first and one above the last: if none of them passes, no number does. Keys that only take
//! whole numbers have no point between neighbours that follow each other.

use crate::document::Comparison;

/// Where a key's values lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NumberRange {
    /// Smallest value.
    pub(super) min: f64,
    /// Largest value.
    pub(super) max: f64,
    /// Only whole numbers.
    pub(super) whole: bool,
}

impl NumberRange {
    /// Any number.
    pub(super) const ANY: Self = Self {
        min: f64::NEG_INFINITY,
        max: f64::INFINITY,
        whole: false,
    };

    /// Any moment since 1970, to the second.
    pub(super) const SINCE_1970: Self = Self {
        min: 0.0,
        max: f64::INFINITY,
        whole: true,
    };
}

/// What a comparison says of one number.
pub(super) fn holds(comparison: Comparison, value: f64, constant: f64) -> bool {
    match comparison {
        Comparison::Equals | Comparison::NotEquals => value == constant,
        Comparison::LessThan => value < constant,
        Comparison::LessThanEquals => value <= constant,
        Comparison::GreaterThan => value > constant,
        Comparison::GreaterThanEquals => value >= constant,
    }
}

/// One number of every stretch that the constants make on the line, in ascending order.
pub(super) fn representatives(line: NumberRange, constants: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut marks: Vec<f64> = constants
        .filter(|mark| mark.is_finite())
        .chain([line.min, line.max])
        .filter(|mark| mark.is_finite())
        .collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    let mut points = Vec::with_capacity(marks.len() * 2 + 2);
    // Before the first mark and behind the last the line may go on.
    points.push(marks.first().map_or(0.0, |first| beside(*first, -1.0)));
    let mut before: Option<f64> = None;
    for mark in &marks {
        if let Some(before) = before {
            let middle = between(before, *mark);
            points.push(middle);
            if line.whole {
                points.push(middle.floor());
                points.push(before.floor() + 1.0);
                points.push(mark.ceil() - 1.0);
            }
        }
        points.push(*mark);
        before = Some(*mark);
    }
    points.extend(marks.last().map(|last| beside(*last, 1.0)));
    points.retain(|point| {
        point.is_finite()
            && *point >= line.min
            && *point <= line.max
            && (!line.whole || point.fract() == 0.0)
    });
    points.sort_by(f64::total_cmp);
    points.dedup();
    points
}

/// A number between two others, with few digits if there is one.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    let round = (middle * 1e6).round() / 1e6;
    if round > low && round < high {
        round
    } else {
        middle
    }
}

/// A number strictly below or above, however large the number is.
fn beside(value: f64, step: f64) -> f64 {
    let whole = if step < 0.0 {
        value.floor()
    } else {
        value.ceil()
    };
    let moved = whole + step;
    if moved == value {
        value + value.abs().copysign(step)
    } else {
        moved
    }
}

/// A number as IAM writes it: no exponent, no needless point.
pub(super) fn write(value: f64) -> String {
    format!("{value}")
}

/// Reads a number of a policy or a request: an integer or a decimal (IAM user guide, "Numeric condition
/// operators", 2026-09). Of any other form, an exponent or a point at the end, it is not documented what
/// it means.
pub(super) fn parse(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_plain || digits.ends_with('.') {
        return None;
    }
    text.parse().ok()
}

/// The decimal digits that two numbers can have and still be told apart as `f64`.
const DIGITS: usize = 15;

/// Reads a number of a policy, unless it has more digits than can be told apart.
pub(super) fn parse_constant(text: &str) -> Option<f64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    parse(text).filter(|_| digits <= DIGITS)
}

/// Reads a date: ISO 8601 as IAM takes it (a day, or a time with its zone), or seconds since 1970.
/// In seconds since 1970.
pub(super) fn parse_date(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<i64>()
        && text.len() != 4
    {
        #[allow(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 are far below 2^53"
        )]
        return (seconds.unsigned_abs() < 1 << 53).then_some(seconds as f64);
    }
    let stamp = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text
            .parse::<jiff::civil::DateTime>()
            .ok()
            .or_else(|| text.parse::<jiff::civil::Date>().ok().map(Into::into))?;
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })?;
    Some(stamp.as_duration().as_secs_f64())
}

/// A point in time as a request carries it, to the second.
pub(super) fn write_date(seconds: f64) -> Option<String> {
    let seconds = seconds.floor();
    if seconds.abs() > 1e15 {
        return None;
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "within 1e15, which an i64 holds exactly"
    )]
    let stamp = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(stamp.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_an_integer_or_a_decimal() {
        for (text, value) in [
            ("600000", Some(600_000.0)),
            ("-2.50", Some(-2.5)),
            ("+1", Some(1.0)),
            (".5", Some(0.5)),
            ("1e5", None),
            ("1.", None),
            ("1.2.3", None),
            ("--1", None),
            ("", None),
            (" 1", None),
            ("0x1", None),
            ("inf", None),
        ] {
            assert_eq!(parse(text), value, "{text:?}");
            assert_eq!(parse_constant(text), value, "{text:?}");
        }
        // As f64 they are equal.
        assert_eq!(parse_constant("9007199254740993"), None);
        assert_eq!(parse_constant("0.1000000000000000001"), None);
    }

    #[test]
    fn between_neighbouring_whole_numbers_there_is_none() {
        let whole = NumberRange {
            min: 0.0,
            max: 10.0,
            whole: true,
        };
        let between = |value: &f64| *value > 3.0 && *value < 4.0;
        assert!(
            !representatives(whole, [3.0, 4.0].into_iter())
                .iter()
                .any(between)
        );
        assert!(
            representatives(NumberRange::ANY, [3.0, 4.0].into_iter())
                .iter()
                .any(between)
        );
    }

    #[test]
    fn the_line_goes_on_beyond_any_number() {
        for mark in [0.0, 1e300, -1e300, 0.5] {
            let points = representatives(NumberRange::ANY, [mark].into_iter());
            assert!(
                points.iter().any(|point| *point > mark),
                "{mark}: {points:?}"
            );
            assert!(
                points.iter().any(|point| *point < mark),
                "{mark}: {points:?}"
            );
        }
    }

    #[test]
    fn dates_are_days_times_and_seconds() {
        assert_eq!(parse_date("1970-01-02"), Some(86_400.0));
        assert_eq!(parse_date("2020-01-01T00:00:00Z"), Some(1_577_836_800.0));
        assert_eq!(parse_date("1577836800"), Some(1_577_836_800.0));
        assert_eq!(parse_date("soon"), None);
        assert_eq!(
            write_date(1_577_836_800.0).as_deref(),
            Some("2020-01-01T00:00:00Z")
        );
    }

    proptest! {
        /// Comparisons with whole constants, against every half number around them.
        #[test]
        fn representatives_miss_nothing(
            tests in prop::collection::vec((0_usize..6, 0_i32..8, any::<bool>()), 0..5),
            whole in any::<bool>(),
        ) {
            let comparisons = [
                Comparison::Equals, Comparison::NotEquals, Comparison::LessThan,
                Comparison::LessThanEquals, Comparison::GreaterThan, Comparison::GreaterThanEquals,
            ];
            let passes = |value: f64| tests.iter().all(|(which, constant, wanted)| {
                holds(comparisons[*which], value, f64::from(*constant)) == *wanted
            });
            let line = NumberRange { min: 0.0, max: 9.0, whole };
            let brute = (0..=18).map(|half| f64::from(half) / 2.0)
                .filter(|value| !whole || value.fract() == 0.0)
                .any(passes);
            let found = representatives(line, tests.iter().map(|(_, constant, _)| f64::from(*constant)))
                .into_iter().any(passes);
            prop_assert_eq!(found, brute);
        }
    }
}
