//! The cold starts: a stacked bar a function on one scale, worst first, with what is measured, what
//! drives it and what each lever would save.

use super::wording::{count, duration, number, price, size};
use super::{SHOWN, left_out};
use crate::report::cold_start::EstimateOutput;
use crate::report::{ColdStart, Lever, Report};

/// Length of a bar's canvas, in its own units. The page stretches it to the room there is.
const CANVAS: f64 = 1000.0;

/// Intervals of the scale.
const INTERVALS: f64 = 4.0;

pub(super) struct ColdStarts<'a> {
    pub(super) total: usize,
    pub(super) functions: String,
    pub(super) left_out: Option<String>,
    pub(super) told: String,
    /// What the scale says, at equal distances from 0 to its end.
    pub(super) ticks: Vec<String>,
    pub(super) rows: Vec<Row<'a>>,
    pub(super) any_measured: bool,
    pub(super) any_snapstart: bool,
}

/// A function, with those of its versions and aliases that start alike.
pub(super) struct Row<'a> {
    pub(super) function: &'a str,
    pub(super) arn: &'a str,
    pub(super) qualifiers: String,
    pub(super) risk: &'static str,
    pub(super) traits: Vec<(&'static str, String)>,
    pub(super) bar: Option<Bar>,
    pub(super) headline: String,
    pub(super) warm: bool,
    pub(super) phases: Vec<(&'static str, String)>,
    pub(super) band: Option<String>,
    pub(super) measured: Option<String>,
    pub(super) basis: Vec<String>,
    pub(super) drivers: Vec<DriverLine<'a>>,
    pub(super) levers: Vec<LeverLine<'a>>,
    pub(super) savings: Vec<Saving>,
}

/// The shapes of a bar, in units of its canvas.
pub(super) struct Bar {
    pub(super) told: String,
    pub(super) phases: Vec<Shape>,
    pub(super) low: String,
    pub(super) high: String,
    pub(super) p50: Option<String>,
    pub(super) p99: Option<String>,
    pub(super) with_snapstart: Option<String>,
}

pub(super) struct Shape {
    pub(super) class: &'static str,
    pub(super) from: String,
    pub(super) width: String,
    pub(super) told: String,
}

pub(super) struct DriverLine<'a> {
    pub(super) what: &'a str,
    pub(super) took: String,
    pub(super) width: String,
}

pub(super) struct LeverLine<'a> {
    pub(super) what: String,
    pub(super) saves: String,
    pub(super) price: String,
    pub(super) command: &'a str,
    pub(super) remark: Option<&'a str>,
}

/// What the two levers of the platform would save, for the row itself.
pub(super) struct Saving {
    pub(super) what: &'static str,
    pub(super) told: String,
}

impl<'a> ColdStarts<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut starts: Vec<Alike<'_>> = Vec::new();
        for start in &report.cold_start {
            match starts.iter_mut().rev().find(|other| other.holds(start)) {
                Some(alike) => alike.qualifiers.push(&start.qualifier),
                None => starts.push(Alike {
                    start,
                    estimate: start
                        .estimate
                        .as_ref()
                        .and_then(|value| serde_json::from_value(value.clone()).ok()),
                    qualifiers: vec![&start.qualifier],
                }),
            }
        }
        // Worst first: by what a caller waits; what cannot be estimated comes last.
        starts.sort_by(|a, b| {
            b.caller()
                .total_cmp(&a.caller())
                .then_with(|| rank(&a.start.risk).cmp(&rank(&b.start.risk)))
                .then_with(|| a.start.function.cmp(&b.start.function))
                .then_with(|| a.start.arn.cmp(&b.start.arn))
                .then_with(|| a.qualifiers.cmp(&b.qualifiers))
        });
        let functions: std::collections::BTreeSet<&str> = report
            .cold_start
            .iter()
            .map(|start| start.arn.as_str())
            .collect();
        let total = starts.len();
        let told = told(&starts, functions.len());
        starts.truncate(SHOWN);
        let longest = starts.iter().map(Alike::end).fold(0.0, f64::max);
        let step = step(longest);
        let scale = CANVAS / (step * INTERVALS);
        let rows: Vec<Row<'_>> = starts.iter().map(|alike| row(alike, scale)).collect();
        let has = |test: fn(&Bar) -> bool| rows.iter().filter_map(|row| row.bar.as_ref()).any(test);
        Self {
            total,
            functions: number(functions.len()),
            left_out: left_out(total, "version"),
            told,
            ticks: (0..=4).map(|at| tick(step * f64::from(at))).collect(),
            any_measured: has(|bar| bar.p50.is_some()),
            any_snapstart: has(|bar| bar.with_snapstart.is_some()),
            rows,
        }
    }
}

/// Versions of one function that start alike.
struct Alike<'a> {
    start: &'a ColdStart,
    estimate: Option<EstimateOutput>,
    qualifiers: Vec<&'a str>,
}

impl Alike<'_> {
    fn holds(&self, other: &ColdStart) -> bool {
        let one = self.start;
        one.arn == other.arn
            && one.estimate == other.estimate
            && one.measured == other.measured
            && one.provisioned_concurrency == other.provisioned_concurrency
            && one.snap_start == other.snap_start
            && one.runtime == other.runtime
            && one.memory_mb == other.memory_mb
            && one.package_mb == other.package_mb
            && one.risk == other.risk
    }

    /// What a caller waits, ms; below every real one where it is not known.
    fn caller(&self) -> f64 {
        self.estimate.as_ref().map_or(-1.0, |found| found.caller_ms)
    }

    /// Where the bar and everything on it ends, ms.
    fn end(&self) -> f64 {
        let Some(found) = &self.estimate else {
            return 0.0;
        };
        let measured = self.start.measured.as_ref();
        let p99 = measured.map_or(0.0, |measured| found.pre_init_ms + measured.p99_ms);
        found
            .caller_ms
            .max(found.pre_init_ms + found.high_ms)
            .max(p99)
    }
}

/// The smallest round step of which four reach that far, ms.
fn step(longest: f64) -> f64 {
    let mut magnitude = 10.0;
    while magnitude < 1.0e9 {
        for factor in [1.0, 2.0, 2.5, 5.0] {
            if magnitude * factor * INTERVALS >= longest {
                return magnitude * factor;
            }
        }
        magnitude *= 10.0;
    }
    magnitude
}

fn tick(ms: f64) -> String {
    if ms >= 1000.0 {
        let seconds = format!("{:.2}", ms / 1000.0);
        let short = seconds.trim_end_matches('0').trim_end_matches('.');
        format!("{short} s")
    } else {
        format!("{ms:.0} ms")
    }
}

fn rank(risk: &str) -> u8 {
    match risk {
        "high" => 0,
        "medium" => 1,
        "unknown" => 2,
        _ => 3,
    }
}

/// The section in a sentence.
fn told(starts: &[Alike<'_>], functions: usize) -> String {
    let mut sentence = count(functions, "function");
    let high = starts
        .iter()
        .filter(|alike| alike.start.risk == "high")
        .map(|alike| alike.start.arn.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    if high > 0 {
        sentence.push_str(&format!(", {} at a high risk of slow starts", number(high)));
    }
    match starts.first().filter(|alike| alike.caller() > 0.0) {
        Some(worst) => sentence.push_str(&format!(
            "; slowest is {} with about {} before the first answer.",
            worst.start.function,
            duration(worst.caller())
        )),
        None => sentence.push('.'),
    }
    sentence
}

fn unit(value: f64) -> String {
    format!("{:.1}", value.clamp(0.0, CANVAS))
}

fn row<'a>(alike: &Alike<'a>, scale: f64) -> Row<'a> {
    let start = alike.start;
    let found = alike.estimate.as_ref();
    let phases = found.map(phases).unwrap_or_default();
    let measured = start.measured.as_ref().map(|measured| {
        let mut told = format!(
            "{} in {}, over {}: half take up to {}, 99 % up to {} (init and first call)",
            count(as_count(measured.cold_starts), "cold start"),
            count(as_count(measured.invocations), "call"),
            count(measured.window_days as usize, "day"),
            duration(measured.p50_ms),
            duration(measured.p99_ms)
        );
        if let Some(cause) = &measured.cause {
            told.push_str(&format!("; the time goes to {cause}"));
        }
        told
    });
    let most = start
        .drivers
        .iter()
        .map(|driver| driver.ms)
        .fold(0.0, f64::max)
        .max(1.0);
    Row {
        function: &start.function,
        arn: &start.arn,
        qualifiers: alike.qualifiers.join(", "),
        risk: match start.risk.as_str() {
            "low" => "low",
            "medium" => "medium",
            "high" => "high",
            _ => "unknown",
        },
        traits: traits(start),
        bar: found.map(|found| bar(start, found, scale)),
        headline: found.map_or_else(
            || "no estimate".to_owned(),
            |found| duration(found.caller_ms),
        ),
        warm: start.provisioned_concurrency.ends_with(" READY"),
        phases: phases
            .iter()
            .map(|(_, name, ms)| (*name, duration(*ms)))
            .collect(),
        band: found.map(|found| {
            format!(
                "{} to {} of init and first call",
                duration(found.low_ms),
                duration(found.high_ms)
            )
        }),
        measured,
        basis: found.map(|found| found.basis.clone()).unwrap_or_default(),
        drivers: start
            .drivers
            .iter()
            .map(|driver| DriverLine {
                what: &driver.what,
                took: duration(driver.ms),
                width: unit(driver.ms / most * CANVAS),
            })
            .collect(),
        levers: start.levers.iter().map(lever).collect(),
        savings: savings(start),
    }
}

fn as_count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn phases(found: &EstimateOutput) -> [(&'static str, &'static str, f64); 3] {
    [
        ("pre", "before init", found.pre_init_ms),
        ("init", "init", found.init_ms),
        ("call", "first call", found.first_call_ms),
    ]
}

fn traits(start: &ColdStart) -> Vec<(&'static str, String)> {
    let mut traits = vec![
        ("Runtime", start.runtime.clone()),
        ("Memory", format!("{} MB", number(start.memory_mb as usize))),
    ];
    if !start.architecture.is_empty() {
        traits.push(("Architecture", start.architecture.clone()));
    }
    traits.push(match start.package_mb {
        Some(mb) => ("Package", size(mb)),
        None => ("Package", "of unknown size".to_owned()),
    });
    if start.vpc {
        traits.push(("Network", "in a VPC".to_owned()));
    }
    match start.snap_start.as_str() {
        "on" => traits.push(("SnapStart", "SnapStart on".to_owned())),
        "off" => traits.push(("SnapStart", "SnapStart off".to_owned())),
        _ => {}
    }
    if !matches!(start.provisioned_concurrency.as_str(), "" | "none") {
        traits.push((
            "Provisioned concurrency",
            format!("provisioned {}", start.provisioned_concurrency),
        ));
    }
    traits.push(("Region", start.region.clone()));
    traits
}

fn is_snapstart(lever: &Lever) -> bool {
    lever.what.starts_with("SnapStart")
}

fn is_provisioned(lever: &Lever) -> bool {
    lever.what.starts_with("provisioned concurrency")
}

fn bar(start: &ColdStart, found: &EstimateOutput, scale: f64) -> Bar {
    let mut shapes = Vec::new();
    let mut at = 0.0;
    let mut words = Vec::new();
    for (class, name, ms) in phases(found) {
        words.push(format!("{name} {}", duration(ms)));
        shapes.push(Shape {
            class,
            from: unit(at * scale),
            width: unit(ms * scale),
            told: format!("{name}: {}", duration(ms)),
        });
        at += ms;
    }
    let mut told = format!("About {}: {}", duration(found.caller_ms), words.join(", "));
    told.push_str(&format!(
        "; between {} and {}",
        duration(found.pre_init_ms + found.low_ms),
        duration(found.pre_init_ms + found.high_ms)
    ));
    // Measured is what REPORT lines say, which leave out what is before init.
    let mark = |ms: f64| unit((found.pre_init_ms + ms) * scale);
    if let Some(measured) = &start.measured {
        told.push_str(&format!(
            "; measured {} at the median",
            duration(found.pre_init_ms + measured.p50_ms)
        ));
    }
    let with_snapstart = start.levers.iter().find(|lever| is_snapstart(lever));
    if let Some(lever) = with_snapstart {
        let left = (found.caller_ms - lever.saves_ms).max(0.0);
        told.push_str(&format!("; with SnapStart {}", duration(left)));
    }
    Bar {
        told,
        phases: shapes,
        low: mark(found.low_ms),
        high: mark(found.high_ms),
        p50: start
            .measured
            .as_ref()
            .map(|measured| mark(measured.p50_ms)),
        p99: start
            .measured
            .as_ref()
            .map(|measured| mark(measured.p99_ms)),
        with_snapstart: with_snapstart
            .map(|lever| unit((found.caller_ms - lever.saves_ms).max(0.0) * scale)),
    }
}

fn lever(lever: &Lever) -> LeverLine<'_> {
    let (command, remark) = match lever.how.split_once("  # ") {
        Some((command, remark)) => (command, Some(remark)),
        None => (lever.how.as_str(), None),
    };
    let mut what = lever.what.clone();
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    LeverLine {
        what,
        saves: duration(lever.saves_ms),
        price: price(lever.usd_per_month),
        command,
        remark,
    }
}

fn savings(start: &ColdStart) -> Vec<Saving> {
    let of = |what: &'static str, test: fn(&Lever) -> bool| {
        start
            .levers
            .iter()
            .find(|lever| test(lever))
            .map(|lever| Saving {
                what,
                told: format!(
                    "saves {}, {}",
                    duration(lever.saves_ms),
                    price(lever.usd_per_month)
                ),
            })
    };
    [
        of("SnapStart", is_snapstart),
        of("Provisioned concurrency", is_provisioned),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_round_steps_reach_to_the_longest_bar() {
        for (longest, expected) in [
            (0.0, 10.0),
            (40.0, 10.0),
            (41.0, 20.0),
            (4206.0, 2000.0),
            (7858.4, 2000.0),
            (8001.0, 2500.0),
        ] {
            assert!((step(longest) - expected).abs() < 1e-9, "{longest}");
        }
    }

    #[test]
    fn a_scale_is_labelled_shortly() {
        let told: Vec<String> = [0.0, 500.0, 1000.0, 2500.0, 6250.0]
            .into_iter()
            .map(tick)
            .collect();
        assert_eq!(told, ["0 ms", "500 ms", "1 s", "2.5 s", "6.25 s"]);
    }
}
