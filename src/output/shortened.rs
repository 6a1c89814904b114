//! Texts for formats that bound them: cut where one can see it.

use std::borrow::Cow;

use super::hostile;
use crate::report::{CheckResult, CheckSummary, Report, Status};

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
                Status::NotAssessed => format!("Could not be judged: {title}."),
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

/// Catalogues that are standards, with their names in full; the others map to other tools.
const STANDARDS: [(&str, &str); 10] = [
    ("security_hub", "AWS Security Hub"),
    ("cis_7", "CIS AWS Foundations Benchmark v7"),
    ("cis_6", "CIS AWS Foundations Benchmark v6"),
    ("cis_5", "CIS AWS Foundations Benchmark v5"),
    ("cis_4", "CIS AWS Foundations Benchmark v4"),
    ("cis_3", "CIS AWS Foundations Benchmark v3"),
    ("cis_1_5", "CIS AWS Foundations Benchmark v1.5"),
    ("nist_800_53", "NIST SP 800-53 Rev. 5"),
    ("pci_4", "PCI DSS v4"),
    ("aws_config", "AWS Config rule"),
];

/// What a check stands for in the standards: `PCI DSS v4 4.2.1`.
pub(super) fn requirements(about: &CheckSummary) -> impl Iterator<Item = String> {
    STANDARDS.iter().flat_map(|(catalogue, name)| {
        about
            .maps_to
            .get(*catalogue)
            .into_iter()
            .flatten()
            .map(move |id| format!("{name} {id}"))
    })
}

/// The names of the standards that a check stands for something in.
pub(super) fn standards(about: &CheckSummary) -> impl Iterator<Item = &'static str> {
    STANDARDS
        .iter()
        .filter(|(catalogue, _)| about.maps_to.contains_key(*catalogue))
        .map(|(_, name)| *name)
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
