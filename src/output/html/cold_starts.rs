//! The cold starts: a stacked bar a function on one scale, slowest first, with what it is made of and
//! what each lever would save.

use std::collections::BTreeSet;

use super::{SHOWN, left_out};
use crate::output::cold_starts::{Names, best_in_words, slowest};
use crate::output::words;
use crate::report::numbers::{count, duration, number, price, size};
use crate::report::{
    ColdStart, ColdStartDuration, ColdStartRisk, DurationBasis, Lever, Measured, ProvisionedState,
    Report, SnapStartState,
};

/// Length of a bar's canvas, in its own units. The page stretches it to the room there is.
const CANVAS: f64 = 1000.0;

/// Intervals of the scale.
const INTERVALS: f64 = 4.0;

pub(super) struct ColdStarts<'a> {
    pub(super) total: usize,
    pub(super) functions: String,
    pub(super) left_out: Option<String>,
    pub(super) sentence: String,
    /// What the scale says, at equal distances from 0 to its end.
    pub(super) ticks: Vec<String>,
    pub(super) rows: Vec<StartRow<'a>>,
    pub(super) any_estimated: bool,
    pub(super) any_measured: bool,
    pub(super) any_snapstart: bool,
}

/// A function, with those of its versions and aliases that start alike.
pub(super) struct StartRow<'a> {
    pub(super) function: String,
    pub(super) arn: &'a str,
    pub(super) qualifiers: String,
    pub(super) risk: words::Word,
    pub(super) traits: Vec<(&'static str, String)>,
    pub(super) bar: Option<TimelineBar>,
    pub(super) headline: String,
    /// `measured`, `estimated`.
    pub(super) basis: &'static str,
    pub(super) warm: bool,
    pub(super) figures: Vec<(&'static str, String)>,
    pub(super) remarks: &'a [String],
    pub(super) drivers: Vec<DriverLine<'a>>,
    pub(super) levers: Vec<LeverLine<'a>>,
    pub(super) savings: Vec<SavingLine>,
}

/// The shapes of a bar, in units of its canvas.
pub(super) struct TimelineBar {
    pub(super) sentence: String,
    pub(super) phases: Vec<PhaseShape>,
    /// The ends of an estimate's band.
    pub(super) band: Option<(String, String)>,
    pub(super) p50: Option<String>,
    pub(super) p99: Option<String>,
    pub(super) with_snapstart: Option<String>,
}

pub(super) struct PhaseShape {
    pub(super) class: &'static str,
    pub(super) from: String,
    pub(super) width: String,
    pub(super) title: String,
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
pub(super) struct SavingLine {
    pub(super) what: &'static str,
    pub(super) saves: String,
}

impl<'a> ColdStarts<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let names = Names::of(report);
        let mut starts: Vec<AlikeStarts<'_>> = Vec::new();
        for start in &report.cold_start {
            match starts.iter_mut().rev().find(|other| other.holds(start)) {
                Some(alike) => alike.qualifiers.push(&start.qualifier),
                None => starts.push(AlikeStarts {
                    start,
                    qualifiers: vec![&start.qualifier],
                }),
            }
        }
        starts.sort_by(|a, b| {
            slowest(a.start, b.start).then_with(|| a.qualifiers.cmp(&b.qualifiers))
        });
        let functions: BTreeSet<&str> = report
            .cold_start
            .iter()
            .map(|start| start.arn.as_str())
            .collect();
        let total = starts.len();
        let sentence = sentence(&names, &starts, functions.len());
        starts.truncate(SHOWN);
        let longest = starts.iter().map(AlikeStarts::end).fold(0.0, f64::max);
        let step = step(longest);
        let scale = CANVAS / (step * INTERVALS);
        let rows: Vec<StartRow<'_>> = starts
            .iter()
            .map(|alike| row(&names, alike, scale))
            .collect();
        let has = |test: fn(&TimelineBar) -> bool| {
            rows.iter().filter_map(|row| row.bar.as_ref()).any(test)
        };
        Self {
            total,
            functions: number(functions.len()),
            left_out: left_out(total, "version"),
            sentence,
            ticks: (0..=4).map(|at| tick(step * f64::from(at))).collect(),
            any_estimated: has(|bar| bar.band.is_some()),
            any_measured: has(|bar| bar.p50.is_some()),
            any_snapstart: has(|bar| bar.with_snapstart.is_some()),
            rows,
        }
    }
}

/// Versions of one function that start alike.
struct AlikeStarts<'a> {
    start: &'a ColdStart,
    qualifiers: Vec<&'a str>,
}

impl AlikeStarts<'_> {
    fn holds(&self, other: &ColdStart) -> bool {
        let one = self.start;
        one.arn == other.arn
            && one.duration == other.duration
            && one.measured == other.measured
            && one.provisioned_concurrency == other.provisioned_concurrency
            && one.snap_start == other.snap_start
            && one.runtime == other.runtime
            && one.memory_mb == other.memory_mb
            && one.package_mb == other.package_mb
            && one.risk == other.risk
    }

    /// Where the bar and everything on it ends, ms.
    fn end(&self) -> f64 {
        let Some(takes) = &self.start.duration else {
            return 0.0;
        };
        let measured = self.start.measured.as_ref();
        let p99 = measured.map_or(0.0, |measured| measured.p99_ms);
        takes.pre_init_ms + takes.reported_ms.max(takes.high_ms).max(p99)
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

/// The section in a sentence.
fn sentence(names: &Names<'_>, starts: &[AlikeStarts<'_>], functions: usize) -> String {
    let mut sentence = count(functions, "function");
    let high: BTreeSet<&str> = starts
        .iter()
        .filter(|alike| alike.start.risk == ColdStartRisk::High)
        .map(|alike| alike.start.arn.as_str())
        .collect();
    if !high.is_empty() {
        let high = number(high.len());
        sentence.push_str(&format!(", {high} at a high risk of slow starts"));
    }
    if let Some(first) = starts.first()
        && let Some(takes) = &first.start.duration
    {
        sentence.push_str(&format!(
            "; the slowest, {}, takes {} ({})",
            names.qualified(first.start),
            duration(takes.reported_ms),
            words::basis(takes.basis)
        ));
        if let Some(lever) = best_in_words(first.start) {
            sentence.push_str(&format!("; {lever}"));
        }
    }
    sentence.push('.');
    sentence
}

fn unit(value: f64) -> String {
    format!("{:.1}", value.clamp(0.0, CANVAS))
}

fn row<'a>(names: &Names<'_>, alike: &AlikeStarts<'a>, scale: f64) -> StartRow<'a> {
    let start = alike.start;
    let takes = start.duration.as_ref();
    let most = start
        .drivers
        .iter()
        .map(|driver| driver.ms)
        .fold(1.0, f64::max);
    StartRow {
        function: names.function(start),
        arn: &start.arn,
        qualifiers: alike.qualifiers.join(", "),
        risk: words::risk(start.risk),
        traits: traits(start),
        bar: takes.map(|takes| bar(start, takes, scale)),
        headline: takes.map_or_else(
            || "no estimate".to_owned(),
            |takes| duration(takes.reported_ms),
        ),
        basis: takes.map_or("", |takes| words::basis(takes.basis)),
        warm: matches!(&start.provisioned_concurrency, ProvisionedState::Configured { status, .. } if status == "READY"),
        figures: figures(start),
        remarks: start
            .estimate
            .as_ref()
            .map_or(&[], |estimate| estimate.basis.as_slice()),
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

/// The parts of a start in the order they happen.
fn phases(takes: &ColdStartDuration) -> [(&'static str, &'static str, f64); 3] {
    [
        ("pre", "before init", takes.pre_init_ms),
        ("init", "init", takes.init_ms),
        ("call", "first call", takes.first_call_ms),
    ]
}

/// The figures of a start, label and value.
fn figures(start: &ColdStart) -> Vec<(&'static str, String)> {
    let Some(takes) = &start.duration else {
        return Vec::new();
    };
    let mut figures: Vec<(&str, String)> = phases(takes)
        .iter()
        .map(|(_, name, ms)| (*name, duration(*ms)))
        .collect();
    figures.push(("init + first call", duration(takes.reported_ms)));
    figures.push((
        "a caller waits",
        format!("about {}", duration(takes.pre_init_ms + takes.reported_ms)),
    ));
    if takes.basis == DurationBasis::Estimate {
        let band = format!("{} to {}", duration(takes.low_ms), duration(takes.high_ms));
        figures.push(("likely", format!("{band} of init and first call")));
        if let Some(narrow) = takes.precision {
            figures.push(("precision", words::precision(narrow).to_owned()));
        }
    }
    figures.extend(
        start
            .measured
            .as_ref()
            .map(|found| ("measured", measured(found))),
    );
    figures
}

fn measured(measured: &Measured) -> String {
    let mut text = format!(
        "{} in {}, over {}: half take up to {}, 99 % up to {} (init and first call)",
        count(measured.cold_starts, "cold start"),
        count(measured.invocations, "call"),
        count(measured.window_days, "day"),
        duration(measured.p50_ms),
        duration(measured.p99_ms)
    );
    if let Some(cause) = measured.cause {
        text.push_str(&format!("; the time goes to {}", words::cause(cause)));
    }
    text
}

fn traits(start: &ColdStart) -> Vec<(&'static str, String)> {
    let mut traits = vec![
        ("Runtime", start.runtime.clone()),
        ("Memory", format!("{} MB", number(start.memory_mb))),
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
    if matches!(start.snap_start, SnapStartState::On | SnapStartState::Off) {
        let word = words::snap_start(start.snap_start).text;
        traits.push(("SnapStart", format!("SnapStart {word}")));
    }
    if start.provisioned_concurrency != ProvisionedState::None {
        let word = words::provisioned(&start.provisioned_concurrency).text;
        traits.push(("Provisioned concurrency", format!("provisioned {word}")));
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

fn bar(start: &ColdStart, takes: &ColdStartDuration, scale: f64) -> TimelineBar {
    let mut shapes = Vec::new();
    let mut at = 0.0;
    for (class, name, ms) in phases(takes) {
        shapes.push(PhaseShape {
            class,
            from: unit(at * scale),
            width: unit(ms * scale),
            title: format!("{name}: {}", duration(ms)),
        });
        at += ms;
    }
    let parts: Vec<&str> = shapes.iter().map(|shape| shape.title.as_str()).collect();
    let mut sentence = format!(
        "{} {}: {}; between {} and {}",
        duration(takes.reported_ms),
        words::basis(takes.basis),
        parts.join(", "),
        duration(takes.low_ms),
        duration(takes.high_ms)
    );
    let with_snapstart = start.levers.iter().find(|lever| is_snapstart(lever));
    let with_snapstart = with_snapstart.map(|lever| {
        let left = (takes.reported_ms - lever.saves_ms).max(0.0);
        sentence.push_str(&format!("; with SnapStart {}", duration(left)));
        unit((takes.pre_init_ms + left) * scale)
    });
    // Logs leave out what is before init.
    let mark = |ms: f64| unit((takes.pre_init_ms + ms) * scale);
    let measured = start.measured.as_ref();
    TimelineBar {
        sentence,
        phases: shapes,
        band: (takes.basis == DurationBasis::Estimate)
            .then(|| (mark(takes.low_ms), mark(takes.high_ms))),
        p50: measured.map(|measured| mark(measured.p50_ms)),
        p99: measured.map(|measured| mark(measured.p99_ms)),
        with_snapstart,
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
        saves: words::saves(lever),
        price: price(lever.usd_per_month),
        command,
        remark,
    }
}

fn savings(start: &ColdStart) -> Vec<SavingLine> {
    let of = |what: &'static str, test: fn(&Lever) -> bool| {
        let lever = start.levers.iter().find(|lever| test(lever))?;
        let (saves, price) = (duration(lever.saves_ms), price(lever.usd_per_month));
        Some(SavingLine {
            what,
            saves: format!("saves {saves}, {price}"),
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
        let ticks: Vec<String> = [0.0, 500.0, 1000.0, 2500.0, 6250.0]
            .into_iter()
            .map(tick)
            .collect();
        assert_eq!(ticks, ["0 ms", "500 ms", "1 s", "2.5 s", "6.25 s"]);
    }
}
