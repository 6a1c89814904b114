//! The package of each function by its size, largest first.

use std::collections::BTreeMap;

use super::{SHOWN, left_out};
use crate::report::numbers::{count, duration, size};
use crate::report::{ColdStart, PackageContents, PackageWaste, Report};

/// Length of the longest bar, in units of its canvas.
const CANVAS: f64 = 1000.0;

pub(super) struct PackagesSection<'a> {
    pub(super) sentence: String,
    pub(super) left_out: Option<String>,
    pub(super) rows: Vec<PackageRow<'a>>,
    /// Some package was inspected.
    pub(super) inspected: bool,
}

pub(super) struct PackageRow<'a> {
    pub(super) function: &'a str,
    pub(super) qualifiers: String,
    pub(super) region: &'a str,
    pub(super) runtime: &'a str,
    pub(super) size: String,
    pub(super) width: Option<String>,
    /// Unzipped size and number of files, where the package was inspected.
    pub(super) unzipped: Option<String>,
    pub(super) largest: Vec<(&'a str, String)>,
    pub(super) waste: Vec<WasteLine<'a>>,
}

/// Something that could be left out.
pub(super) struct WasteLine<'a> {
    pub(super) what: String,
    pub(super) place: &'a str,
    pub(super) saves: String,
}

impl<'a> PackagesSection<'a> {
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
                // The same package: one of them may have been inspected for all.
                let contents = package.iter().find_map(|start| start.contents.as_ref());
                Some(PackageRow {
                    unzipped: contents.and_then(unzipped),
                    largest: contents
                        .map(|contents| {
                            contents
                                .largest
                                .iter()
                                .map(|folder| (folder.path.as_str(), size(folder.unzipped_mb)))
                                .collect()
                        })
                        .unwrap_or_default(),
                    waste: contents
                        .map(|contents| contents.waste.iter().map(waste).collect())
                        .unwrap_or_default(),
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
            sentence: format!("{}, layers included.", count(total, "package")),
            left_out: left_out(total, "package"),
            inspected: report
                .cold_start
                .iter()
                .any(|start| start.contents.is_some()),
            rows,
        }
    }
}

fn name<'a>(package: &[&'a ColdStart]) -> &'a str {
    package.first().map_or("", |start| start.function.as_str())
}

fn unzipped(contents: &PackageContents) -> Option<String> {
    let mut text = format!("{} unzipped", size(contents.unzipped_mb?));
    if let Some(files) = contents.files {
        text.push_str(&format!(" in {}", count(files, "file")));
    }
    Some(text)
}

fn waste(waste: &PackageWaste) -> WasteLine<'_> {
    let mut saves = format!("{} less to fetch", size(waste.zipped_mb));
    if waste.saves_ms >= 0.5 {
        saves.push_str(&format!(", saves {}", duration(waste.saves_ms)));
    }
    WasteLine {
        what: waste.kind.replace('-', " "),
        place: &waste.place,
        saves,
    }
}
