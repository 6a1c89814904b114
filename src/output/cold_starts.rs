//! Function versions by name and in order, for every format for people.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::report::numbers::{duration, price};
use crate::report::{ColdStart, ColdStartDuration, ColdStartRisk, Lever, Report};

/// The qualifier of the unpublished version, which a function's bare name calls.
const LATEST: &str = "$LATEST";

/// The number of a cold start, ms: init and first call. Below every real one where it is not known.
pub(super) fn took(start: &ColdStart) -> f64 {
    start
        .duration
        .as_ref()
        .map_or(-1.0, |duration| duration.reported_ms)
}

/// Slowest first; what is not known comes last, at the highest risk first.
pub(super) fn slowest(a: &ColdStart, b: &ColdStart) -> Ordering {
    took(b)
        .total_cmp(&took(a))
        .then_with(|| risk(a).cmp(&risk(b)))
        .then_with(|| a.function.cmp(&b.function))
        .then_with(|| a.arn.cmp(&b.arn))
}

/// The versions whose cold start has a number, slowest first.
pub(super) fn with_duration(report: &Report) -> Vec<(&ColdStart, &ColdStartDuration)> {
    let versions = report.cold_start.iter();
    let mut versions: Vec<(&ColdStart, &ColdStartDuration)> = versions
        .filter_map(|version| Some((version, version.duration.as_ref()?)))
        .collect();
    versions.sort_by(|(a, _), (b, _)| slowest(a, b));
    versions
}

/// The rank of a version's risk: high first, and what is not known before what is low.
pub(super) const fn risk(start: &ColdStart) -> u8 {
    match start.risk {
        ColdStartRisk::High => 0,
        ColdStartRisk::Medium => 1,
        ColdStartRisk::Unknown => 2,
        ColdStartRisk::Low => 3,
    }
}

/// How function versions are named: with their Region where another one has the same name.
pub(super) struct Names<'r>(BTreeMap<(&'r str, &'r str), usize>);

impl<'r> Names<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut names: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for start in &report.cold_start {
            *names
                .entry((&start.function, &start.qualifier))
                .or_default() += 1;
        }
        Self(names)
    }

    fn repeats(&self, start: &ColdStart) -> bool {
        let name = (start.function.as_str(), start.qualifier.as_str());
        self.0.get(&name).is_some_and(|many| *many > 1)
    }

    /// `orders`, `orders, eu-west-1`.
    pub(super) fn function(&self, start: &ColdStart) -> String {
        self.with_region(start, start.function.clone())
    }

    /// `orders:live`, as a caller writes it; `orders` alone calls `$LATEST`.
    pub(super) fn qualified(&self, start: &ColdStart) -> String {
        let name = match start.qualifier.as_str() {
            LATEST => start.function.clone(),
            qualifier => format!("{}:{qualifier}", start.function),
        };
        self.with_region(start, name)
    }

    fn with_region(&self, start: &ColdStart, name: String) -> String {
        if self.repeats(start) {
            format!("{name}, {}", start.region)
        } else {
            name
        }
    }
}

/// The lever to name: the one that saves most, or a free one that saves at least half of that.
pub(super) fn best(levers: &[Lever]) -> Option<&Lever> {
    let first = levers.first()?;
    levers
        .iter()
        .find(|lever| lever.usd_per_month <= 0.0 && lever.saves_ms * 2.0 >= first.saves_ms)
        .or(Some(first))
}

/// `SnapStart saves 2.1 s, $0.40 a month`, of the lever to name.
pub(super) fn best_in_words(start: &ColdStart) -> Option<String> {
    let lever = best(&start.levers)?;
    Some(format!(
        "{} saves {}, {}",
        in_short(lever),
        duration(lever.saves_ms),
        price(lever.usd_per_month)
    ))
}

/// The lever in as few words as a column has room for; the JSON has all of them.
pub(super) fn in_short(lever: &Lever) -> String {
    let what = lever.what.split([',', ';']).next().unwrap_or_default();
    let what = what.replace("provisioned concurrency of ", "provisioned ");
    what.split(" of memory")
        .next()
        .unwrap_or_default()
        .to_owned()
}
