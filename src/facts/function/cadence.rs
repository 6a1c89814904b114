//! How often a schedule expression of EventBridge fires.
//!
//! `rate(value unit)` and `cron(minutes hours day-of-month month day-of-week year)`, as EventBridge
//! and EventBridge Scheduler take them (EventBridge user guide, "Setting a schedule pattern", copy of
//! 2026): fields are lists of values, ranges and steps, and months and days have names. A cron
//! expression fires in the cross product of its minutes and hours, so its interval is the one between
//! most of these times: `0/5 8-17 ? * MON-FRI *` fires every 5 minutes, though not at night.

/// How often a schedule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cadence {
    /// The interval between most of its calls, minutes.
    pub(super) minutes: u32,
    /// It fires at every hour of every day.
    pub(super) round_the_clock: bool,
}

const MINUTES_A_DAY: u32 = 24 * 60;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// The cadence of a schedule that still fires at or after that time (RFC 3339); `None` for `at(…)`,
/// for what has ended and for what is not an expression.
pub(super) fn cadence(schedule: &str, now: &str) -> Option<Cadence> {
    let schedule = schedule.trim();
    if let Some(rate) = within(schedule, "rate(") {
        return of_rate(rate);
    }
    let fields: Vec<&str> = within(schedule, "cron(")?.split_whitespace().collect();
    let &[minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
        return None;
    };
    let minutes = values(minutes, 0, 59, &[])?;
    let hours = values(hours, 0, 23, &[])?;
    if !still_fires(year, month, now)? {
        return None;
    }
    let every_day = [day_of_month, month, day_of_week, year]
        .iter()
        .all(|field| matches!(*field, "*" | "?"));
    let mut times: Vec<u32> = hours
        .iter()
        .flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute))
        .collect();
    times.sort_unstable();
    let (first, last) = (*times.first()?, *times.last()?);
    let mut gaps: Vec<u32> = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(earlier, later)| later - earlier)
        .chain([first + MINUTES_A_DAY - last])
        .collect();
    gaps.sort_unstable();
    Some(Cadence {
        minutes: *gaps.get(gaps.len() / 2)?,
        round_the_clock: every_day && hours.len() == 24,
    })
}

fn of_rate(rate: &str) -> Option<Cadence> {
    let mut words = rate.split_whitespace();
    let (count, unit) = (words.next()?.parse::<u32>().ok()?, words.next()?);
    let unit = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => MINUTES_A_DAY,
        _ => return None,
    };
    (count > 0 && words.next().is_none()).then_some(Cadence {
        minutes: count.saturating_mul(unit),
        round_the_clock: true,
    })
}

/// Whether a month of these years is still to come or runs; `None` for fields that are none.
fn still_fires(years: &str, months: &str, now: &str) -> Option<bool> {
    let years = values(years, 1970, 2199, &[])?;
    let months = values(months, 1, 12, &MONTHS)?;
    let part = |range| now.get(range).and_then(|text: &str| text.parse().ok());
    let (Some(year), Some(month)) = (part(0..4), part(5..7)) else {
        return Some(true);
    };
    let last = (*years.last()?, *months.last()?);
    Some(last >= (year, month))
}

/// The values of one field, sorted: `*`, `?`, and lists of values, ranges (which may wrap) and steps.
/// A step after a single value goes on to the field's end.
fn values(field: &str, least: u32, most: u32, names: &[&str]) -> Option<Vec<u32>> {
    let mut found: Vec<u32> = Vec::new();
    for item in field.split(',') {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (
                span,
                Some(step.parse::<usize>().ok().filter(|step| *step > 0)?),
            ),
            None => (item, None),
        };
        let one = |text: &str| value(text, least, most, names);
        let span: Vec<u32> = match span.split_once('-') {
            _ if matches!(span, "*" | "?") => (least..=most).collect(),
            Some((from, to)) => match (one(from)?, one(to)?) {
                (from, to) if from <= to => (from..=to).collect(),
                (from, to) => (from..=most).chain(least..=to).collect(),
            },
            None if step.is_some() => (one(span)?..=most).collect(),
            None => vec![one(span)?],
        };
        found.extend(span.into_iter().step_by(step.unwrap_or(1)));
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn value(text: &str, least: u32, most: u32, names: &[&str]) -> Option<u32> {
    let by_name = names
        .iter()
        .zip(least..)
        .find_map(|(name, value)| name.eq_ignore_ascii_case(text).then_some(value));
    by_name.or_else(|| {
        text.parse()
            .ok()
            .filter(|value| (least..=most).contains(value))
    })
}

fn within<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    text.strip_prefix(opening)?.strip_suffix(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-29T12:00:00Z";

    fn minutes(schedule: &str) -> Option<u32> {
        cadence(schedule, NOW).map(|found| found.minutes)
    }

    #[test]
    fn intervals_of_rates_and_crons() {
        for (schedule, expected) in [
            ("rate(5 minutes)", Some(5)),
            ("rate(1 minute)", Some(1)),
            ("rate(1 hour)", Some(60)),
            ("rate(1 day)", Some(1440)),
            ("cron(0/5 * * * ? *)", Some(5)),
            ("cron(*/3 * * * ? *)", Some(3)),
            ("cron(* * * * ? *)", Some(1)),
            ("cron(2/5 * * * ? *)", Some(5)),
            ("cron(7/5 * * * ? *)", Some(5)),
            ("cron(0,15,30,45 * * * ? *)", Some(15)),
            ("cron(1,11,21,31,41,51 * * * ? *)", Some(10)),
            ("cron(0-59/5 * * * ? *)", Some(5)),
            ("cron(3-58/5 * ? * * *)", Some(5)),
            ("cron(0-29/10,30-59/10 * * * ? *)", Some(10)),
            ("cron(0/5 8-18 ? * MON-FRI *)", Some(5)),
            ("cron(0/5 22-6 ? * mon-fri *)", Some(5)),
            ("cron(0/10 8,9,10 ? * 2-6 *)", Some(10)),
            ("cron(0/5 * 1W * ? *)", Some(5)),
            ("cron(0/5 * ? * 6L *)", Some(5)),
            ("cron(0/5 * ? * 3#2 *)", Some(5)),
            // Years that run or come, and those that are over.
            ("cron(0/5 * * * ? 2026)", Some(5)),
            ("cron(0/5 * * * ? 2024-2030)", Some(5)),
            ("cron(0/5 * * * ? 2025/1)", Some(5)),
            ("cron(0/5 * * * ? 2027)", Some(5)),
            ("cron(0/5 * * JAN-DEC ? 2026)", Some(5)),
            ("cron(0/5 * * * ? 2025)", None),
            ("cron(0/5 * * * ? 2020-2025)", None),
            ("cron(0/5 * * JAN-OCT ? 2026)", None),
            // Jobs.
            ("cron(0 3 * * ? *)", Some(1440)),
            ("cron(0 * * * ? *)", Some(60)),
            ("cron(0,30 * * * ? *)", Some(30)),
            ("cron(0,5 * * * ? *)", Some(55)),
            ("cron(0 8-18 ? * MON-FRI *)", Some(60)),
            // Not schedules that come back.
            ("at(2026-11-22T10:00:00)", None),
            ("cron(0/0 * * * ? *)", None),
            ("cron(60 * * * ? *)", None),
            ("cron(0/5 * * *)", None),
            ("rate(0 minutes)", None),
            ("rate()", None),
            ("", None),
        ] {
            assert_eq!(minutes(schedule), expected, "{schedule}");
        }
    }

    /// However a step is written, it is the same step.
    #[test]
    fn every_spelling_of_a_step_has_its_interval() {
        for step in [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30] {
            for start in 0..step {
                let list: Vec<String> = (start..60)
                    .step_by(step)
                    .map(|minute| minute.to_string())
                    .collect();
                for field in [
                    list.join(","),
                    format!("{start}/{step}"),
                    format!("{start}-59/{step}"),
                ] {
                    for rest in ["* * * ? *", "8-17 ? * MON-FRI *", "* * * ? 2025-2030"] {
                        let schedule = format!("cron({field} {rest})");
                        assert_eq!(minutes(&schedule), u32::try_from(step).ok(), "{schedule}");
                    }
                }
            }
        }
    }
}
