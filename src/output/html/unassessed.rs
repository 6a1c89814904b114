//! What could not be assessed, which permission would decide it, and the statement that grants it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::output::commands::Commands;
use crate::output::shortened::unjudged;
use crate::output::unassessed::{Open, Unassessed};
use crate::report::numbers::{count, number};
use crate::report::{Report, Severity};

/// Names that are written out.
const NAMES: usize = 12;

pub(super) struct Section<'a> {
    pub(super) total: u64,
    pub(super) total_shown: String,
    /// What no option asked to read, by the options.
    pub(super) not_requested: Vec<UnassessedLine<'a>>,
    pub(super) not_requested_shown: String,
    pub(super) permissions_command: String,
    pub(super) permissions: Vec<UnassessedLine<'a>>,
    pub(super) reasons: Vec<UnassessedLine<'a>>,
    /// A policy that grants what was refused.
    pub(super) policy: Option<String>,
    /// Calls that failed and that no verdict needed.
    pub(super) harmless: Vec<(&'a str, &'a str, &'a str)>,
}

/// What a permission, or a reason that no permission decides, leaves open.
pub(super) struct UnassessedLine<'a> {
    pub(super) what: String,
    pub(super) answers: String,
    pub(super) results: String,
    pub(super) worst: &'static str,
    pub(super) resources: NameList<'a>,
    pub(super) checks: NameList<'a>,
}

/// The first names of a list, and how many more there are.
pub(super) struct NameList<'a> {
    pub(super) shown: Vec<&'a str>,
    pub(super) more: Option<String>,
}

impl<'a> NameList<'a> {
    fn of(names: impl IntoIterator<Item = &'a str>) -> Self {
        let all: Vec<&str> = names.into_iter().collect();
        Self {
            more: all
                .len()
                .checked_sub(NAMES)
                .filter(|more| *more > 0)
                .map(|more| format!("and {} more", number(more))),
            shown: all.into_iter().take(NAMES).collect(),
        }
    }
}

impl<'a> UnassessedLine<'a> {
    fn of(what: String, open: &Open<'a>) -> Self {
        Self {
            what,
            answers: open.answer(),
            results: count(open.results, "result"),
            worst: open.worst.unwrap_or(Severity::Info).name(),
            resources: NameList::of(open.resources.iter().map(|name| match *name {
                "*" => "all that a listing would name",
                name => name,
            })),
            checks: NameList::of(open.checks.iter().copied()),
        }
    }
}

impl<'a> Section<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let found = Unassessed::of(report);
        let refused: Vec<&str> = found
            .by_action
            .iter()
            .filter(|(action, open)| open.denied && is_action(action))
            .map(|(action, _)| *action)
            .collect();
        let total = unjudged(report);
        Self {
            total,
            total_shown: number(total),
            policy: (!refused.is_empty()).then(|| grant(&refused)),
            permissions: sorted(found.by_action),
            not_requested: sorted(found.by_option),
            not_requested_shown: number(found.not_requested),
            permissions_command: Commands::of(report).permissions(),
            reasons: sorted(found.by_reason),
            harmless: report
                .gaps
                .iter()
                .filter(|gap| gap.affects.is_empty())
                .take(NAMES)
                .map(|gap| {
                    (
                        gap.action.as_str(),
                        gap.resource.as_str(),
                        gap.code.as_str(),
                    )
                })
                .collect(),
        }
    }
}

/// Worst first, then what decides most.
fn sorted<'a, N: Ord + Into<String>>(by: BTreeMap<N, Open<'a>>) -> Vec<UnassessedLine<'a>> {
    let mut all: Vec<(N, Open<'_>)> = by.into_iter().collect();
    all.sort_by(|a, b| {
        (b.1.worst, b.1.results)
            .cmp(&(a.1.worst, a.1.results))
            .then_with(|| a.0.cmp(&b.0))
    });
    all.into_iter()
        .map(|(what, open)| UnassessedLine::of(what.into(), &open))
        .collect()
}

/// An IAM action as a policy names it.
fn is_action(text: &str) -> bool {
    text.contains(':')
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-:".contains(letter))
}

fn grant(actions: &[&str]) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "ColdbucketAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}
