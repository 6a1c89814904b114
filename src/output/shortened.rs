//! What several formats say of a report alike: counts, findings by check, names of catalogues, and
//! texts that are visibly cut.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::hostile;
use super::words::{self, Word};
use crate::report::numbers::{count, number};
use crate::report::{CheckResult, CheckSummary, Report, Severity, Status};

/// The text with nothing in it that acts instead of being shown, and of at most `most` characters; what
/// is cut ends in `…`.
pub(super) fn shown(text: &str, most: usize) -> Cow<'_, str> {
    // No need to look at all of a text of which a part is shown.
    match text.char_indices().nth(most) {
        None => hostile::plain(text),
        Some(_) => {
            let end = text
                .char_indices()
                .nth(most.saturating_sub(1))
                .map_or(text.len(), |(end, _)| end);
            let head = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{}…", hostile::plain(head)))
        }
    }
}

/// What a report says about the check of a result.
pub(super) fn summary<'r>(report: &'r Report, result: &CheckResult) -> Option<&'r CheckSummary> {
    report.checks.get(&result.check)
}

/// One sentence on a result, whatever its state.
pub(super) fn sentence<'r>(report: &'r Report, result: &'r CheckResult) -> Cow<'r, str> {
    match &result.message {
        Some(message) => Cow::Borrowed(message),
        None => {
            let title = summary(report, result).map_or(result.check.as_str(), |one| &one.title);
            Cow::Owned(match result.status {
                Status::Pass => format!("Not found: {title}."),
                Status::NotApplicable => format!("Does not apply: {title}."),
                Status::NotAssessed => format!("Not assessed: {title}."),
                Status::Fail | Status::Suppressed => format!("{title}."),
            })
        }
    }
}

/// The resource and its item as one name.
pub(super) fn label(result: &CheckResult) -> String {
    match &result.item {
        Some(item) => format!("{} ({item})", result.resource.name),
        None => result.resource.name.clone(),
    }
}

/// A catalogue that checks map to.
struct Catalogue {
    /// As policy files name it.
    key: &'static str,
    /// As its publisher names it.
    name: &'static str,
    /// A standard or a list of controls, not another scanner.
    standard: bool,
}

const fn catalogue(key: &'static str, name: &'static str, standard: bool) -> Catalogue {
    Catalogue {
        key,
        name,
        standard,
    }
}

/// The catalogues that an auditor asks for. Check names of other scanners stay in the machine formats.
const CATALOGUES: [Catalogue; 11] = [
    catalogue("security_hub", "AWS Security Hub", true),
    catalogue("cis_7", "CIS AWS Foundations Benchmark v7", true),
    catalogue("cis_6", "CIS AWS Foundations Benchmark v6", true),
    catalogue("cis_5", "CIS AWS Foundations Benchmark v5", true),
    catalogue("cis_4", "CIS AWS Foundations Benchmark v4", true),
    catalogue("cis_3", "CIS AWS Foundations Benchmark v3", true),
    catalogue("cis_1_5", "CIS AWS Foundations Benchmark v1.5", true),
    catalogue("nist_800_53", "NIST SP 800-53 Rev. 5", true),
    catalogue("pci_4", "PCI DSS v4", true),
    catalogue("aws_config", "AWS Config rule", true),
    catalogue("trusted_advisor", "AWS Trusted Advisor", false),
];

/// The catalogues that a check maps to, each with the check's identifiers there.
pub(super) fn mapped(about: &CheckSummary) -> impl Iterator<Item = (&'static str, &[String])> {
    of_catalogues(about, |_| true)
}

/// The same of standards alone.
fn of_standards(about: &CheckSummary) -> impl Iterator<Item = (&'static str, &[String])> {
    of_catalogues(about, |catalogue| catalogue.standard)
}

fn of_catalogues(
    about: &CheckSummary,
    wanted: fn(&Catalogue) -> bool,
) -> impl Iterator<Item = (&'static str, &[String])> {
    let wanted = CATALOGUES.iter().filter(move |one| wanted(one));
    wanted.filter_map(|one| Some((one.name, about.maps_to.get(one.key)?.as_slice())))
}

/// The identifiers of a check in other catalogues, as `catalogue:identifier`.
pub(super) fn control_ids(maps_to: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let of_catalogue = |(catalogue, ids): (&String, &Vec<String>)| -> Vec<String> {
        ids.iter().map(|id| format!("{catalogue}:{id}")).collect()
    };
    maps_to.iter().flat_map(of_catalogue).collect()
}

/// The same of standards alone.
pub fn standard_ids(maps_to: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let of_standard = |key: &str| -> Vec<String> {
        let ids = maps_to.get(key).into_iter().flatten();
        ids.map(|id| format!("{key}:{id}")).collect()
    };
    standard_keys().flat_map(of_standard).collect()
}

/// The keys of the standards in `maps_to`, in the order in which formats show them.
pub(super) fn standard_keys() -> impl Iterator<Item = &'static str> + Clone {
    let standards = CATALOGUES.iter().filter(|one| one.standard);
    standards.map(|one| one.key)
}

/// What a check stands for in the standards: `PCI DSS v4 4.2.1`.
pub(super) fn requirements(about: &CheckSummary) -> impl Iterator<Item = String> {
    of_standards(about).flat_map(|(name, ids)| ids.iter().map(move |id| format!("{name} {id}")))
}

/// The names of the standards that a check stands for something in.
pub(super) fn standards(about: &CheckSummary) -> impl Iterator<Item = &'static str> {
    of_standards(about).map(|(name, _)| name)
}

/// A catalogue's name as its publisher writes it, or its key.
pub fn catalogue_name(key: &str) -> &str {
    let known = CATALOGUES.iter().find(|catalogue| catalogue.key == key);
    known.map_or(key, |catalogue| catalogue.name)
}

/// How many results have a status.
pub(super) fn with_status(report: &Report, status: Status) -> u64 {
    let results = &report.summary.results;
    results.get(status.name()).copied().unwrap_or(0)
}

/// How many results are not assessed because the option that reads what they lack was not given.
pub(super) fn not_requested(report: &Report) -> u64 {
    report.summary.not_requested
}

/// How many results could not be judged, although everything that was requested was tried.
pub(super) fn unjudged(report: &Report) -> u64 {
    with_status(report, Status::NotAssessed).saturating_sub(not_requested(report))
}

/// How many results have each state, in words; of those without any, only findings and passes.
pub(super) fn counts(report: &Report) -> impl Iterator<Item = (Word, u64)> {
    let of_status = |status| match status {
        Status::NotAssessed => vec![
            (words::status(status), unjudged(report)),
            (words::not_requested(), not_requested(report)),
        ],
        _ => vec![(words::status(status), with_status(report, status))],
    };
    let always = [words::status(Status::Fail), words::status(Status::Pass)];
    Status::ALL
        .into_iter()
        .flat_map(of_status)
        .filter(move |(word, number)| *number > 0 || always.contains(word))
}

/// How many findings have a severity.
pub(super) fn of_severity(report: &Report, severity: Severity) -> u64 {
    let failed = &report.summary.failed_by_severity;
    failed.get(severity.name()).copied().unwrap_or(0)
}

/// The findings of one check at one severity.
pub(super) struct CheckFindings<'r> {
    pub(super) severity: Severity,
    pub(super) check: &'r str,
    pub(super) results: Vec<&'r CheckResult>,
}

/// The findings by check, worst first; within a severity, what is found most often comes first.
pub(super) fn by_check(report: &Report) -> Vec<CheckFindings<'_>> {
    let mut by_check: BTreeMap<(Reverse<Severity>, &str), Vec<&CheckResult>> = BTreeMap::new();
    for result in &report.results {
        if result.status == Status::Fail {
            let key = (Reverse(result.severity), result.check.as_str());
            by_check.entry(key).or_default().push(result);
        }
    }
    let mut groups: Vec<CheckFindings<'_>> = by_check
        .into_iter()
        .map(|((severity, check), results)| CheckFindings {
            severity: severity.0,
            check,
            results,
        })
        .collect();
    groups.sort_by_key(|group| (Reverse(group.severity), Reverse(group.results.len())));
    groups
}

/// What was assessed: `38 buckets, 24 functions by 89 checks`. Kinds of which there are none are left out, but for
/// the two that the tool is for.
pub(super) fn assessed(report: &Report) -> String {
    let order = ["bucket", "function", "account"];
    let resources = &report.summary.resources;
    let others = resources.keys().map(String::as_str);
    let others = others.filter(|kind| !order.contains(kind));
    let kinds: Vec<String> = order
        .into_iter()
        .chain(others)
        .filter_map(|kind| {
            let noun = kind.replace('-', " ");
            Some(match resources.get(kind)? {
                // That there are no buckets or functions is news; of other kinds it goes without saying.
                Some(0) if !["bucket", "function"].contains(&kind) => return None,
                Some(number) => count(*number, &noun),
                None => format!("at least {}", count(known(report, kind), &noun)),
            })
        })
        .collect();
    let kinds = if kinds.is_empty() {
        "nothing".to_owned()
    } else {
        kinds.join(", ")
    };
    format!("{kinds} by {}", count(report.checks.len(), "check"))
}

/// How many of a kind are known by name, where a listing failed.
fn known(report: &Report, kind: &str) -> usize {
    let names: BTreeSet<&str> = report
        .results
        .iter()
        .filter(|result| result.resource.kind.name() == kind && result.resource.name != "*")
        .map(|result| result.resource.arn.as_str())
        .collect();
    names.len()
}

/// The first few names, and how many more there are.
pub(super) fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>, shown: usize) -> String {
    let all = names.len();
    let mut text = names.take(shown).collect::<Vec<_>>().join(", ");
    if all > shown {
        text.push_str(&format!(" and {} more", number(all - shown)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_left_alone_and_long_ones_show_that_they_are_cut() {
        assert_eq!(shown("déjà", 4), "déjà");
        assert_eq!(shown("déjà vu", 5), "déjà…");
        assert_eq!(shown("a\u{1b}[2Jb", 9), "a�[2Jb");
        assert_eq!(shown("", 0), "");
    }
}
