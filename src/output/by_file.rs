//! Findings on templates and plans by the file that they are written in.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::report::{CheckResult, Report, ResultChange, Severity, Status};

/// The findings of one file.
pub(super) struct FileFindings<'r> {
    /// The file, relative to the root of the repository; none for resources that the template does not
    /// make.
    pub(super) file: Option<&'r str>,
    /// What a deployment brings first, then worst first, then by line.
    pub(super) results: Vec<&'r CheckResult>,
}

/// True for a report on templates whose results have lines.
pub(super) fn is_located(report: &Report) -> bool {
    report
        .results
        .iter()
        .any(|result| result.location.is_some())
}

/// The findings by file: first the files in which the worst is found.
pub(super) fn by_file(report: &Report) -> Vec<FileFindings<'_>> {
    let mut files: BTreeMap<Option<&str>, Vec<&CheckResult>> = BTreeMap::new();
    for result in &report.results {
        if result.status == Status::Fail {
            let file = result.location.as_ref().map(|place| place.file.as_str());
            files.entry(file).or_default().push(result);
        }
    }
    let mut files: Vec<FileFindings<'_>> = files
        .into_iter()
        .map(|(file, mut results)| {
            results.sort_by_key(|result| order(result));
            FileFindings { file, results }
        })
        .collect();
    files.sort_by_key(|one| {
        let first = one.results.first();
        (first.map(|result| rank(result)), one.file)
    });
    files
}

fn rank(result: &CheckResult) -> (bool, Reverse<Severity>) {
    let is_old = result.change == Some(ResultChange::Same);
    (is_old, Reverse(result.severity))
}

fn order(result: &CheckResult) -> (bool, Reverse<Severity>, u32, &str) {
    let (is_old, severity) = rank(result);
    (is_old, severity, line(result), &result.check)
}

/// The line of a result; 0 without one.
pub(super) fn line(result: &CheckResult) -> u32 {
    result.location.as_ref().map_or(0, |place| place.line)
}

/// What a reader of the template calls the resource: its address, else its name.
pub(super) fn called(result: &CheckResult) -> String {
    let resource = &result.resource;
    let name = resource.address.as_ref().unwrap_or(&resource.name);
    match &result.item {
        Some(item) => format!("{name} ({item})"),
        None => name.clone(),
    }
}

/// `new` or `as before`, with `--onto`.
pub(super) const fn change_word(result: &CheckResult) -> Option<&'static str> {
    match result.change {
        Some(ResultChange::New) => Some("new"),
        Some(ResultChange::Fixed) => Some("fixed"),
        Some(ResultChange::Same) => Some("as before"),
        None => None,
    }
}
