//! What functions carry: the size of each package, largest first.

use std::collections::BTreeMap;

use super::wording::{count, size};
use super::{SHOWN, left_out};
use crate::report::{ColdStart, Report};

/// Length of the longest bar, in units of its canvas.
const CANVAS: f64 = 1000.0;

pub(super) struct Packages<'a> {
    pub(super) told: String,
    pub(super) left_out: Option<String>,
    pub(super) rows: Vec<Row<'a>>,
}

pub(super) struct Row<'a> {
    pub(super) function: &'a str,
    pub(super) qualifiers: String,
    pub(super) region: &'a str,
    pub(super) runtime: &'a str,
    pub(super) size: String,
    pub(super) width: Option<String>,
}

impl<'a> Packages<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        // Versions with the same package are one line.
        let mut packages: BTreeMap<(&str, Option<u64>, &str), Vec<&ColdStart>> = BTreeMap::new();
        for start in &report.cold_start {
            packages
                .entry((
                    &start.arn,
                    start.package_mb.map(f64::to_bits),
                    &start.runtime,
                ))
                .or_default()
                .push(start);
        }
        let mut packages: Vec<Vec<&ColdStart>> = packages.into_values().collect();
        let mb = |package: &[&ColdStart]| package.first().and_then(|start| start.package_mb);
        packages.sort_by(|a, b| {
            mb(b)
                .unwrap_or(-1.0)
                .total_cmp(&mb(a).unwrap_or(-1.0))
                .then_with(|| name(a).cmp(name(b)))
        });
        let largest = packages
            .iter()
            .filter_map(|package| mb(package))
            .fold(0.0, f64::max);
        let total = packages.len();
        packages.truncate(SHOWN);
        let rows = packages
            .iter()
            .filter_map(|package| {
                let start = package.first()?;
                let qualifiers: Vec<&str> = package
                    .iter()
                    .map(|start| start.qualifier.as_str())
                    .collect();
                Some(Row {
                    function: &start.function,
                    qualifiers: qualifiers.join(", "),
                    region: &start.region,
                    runtime: &start.runtime,
                    size: start.package_mb.map_or_else(|| "unknown".to_owned(), size),
                    width: start
                        .package_mb
                        .map(|mb| format!("{:.1}", mb / largest.max(f64::MIN_POSITIVE) * CANVAS)),
                })
            })
            .collect();
        Self {
            told: format!(
                "{}, compressed and with layers; an init reads and unpacks what it imports.",
                count(total, "package")
            ),
            left_out: left_out(total, "package"),
            rows,
        }
    }
}

fn name<'a>(package: &[&'a ColdStart]) -> &'a str {
    package.first().map_or("", |start| start.function.as_str())
}
