//! Compliance as an auditor reads it: each control of the pack's standard, its state, and the checks
//! behind it.

use std::io::{self, Write};

use super::table::grid::{Column, Grid, Text};
use super::words::{self, Tone, Word};
use super::{Look, table};
use crate::report::numbers::{count, number};
use crate::report::{CheckResult, Report, Status};

/// The state of a control: the worst of what its checks came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ControlState {
    /// A check fails.
    Fail,
    /// No check fails, and some could not be judged.
    Unknown,
    /// What fails is accepted.
    Accepted,
    /// Every check that applies passes.
    Pass,
    /// No check applies to any resource.
    NotApplicable,
    /// No selected check covers it.
    NotCovered,
}

impl ControlState {
    /// The name in machine outputs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
            Self::NotCovered => "not-covered",
        }
    }
}

/// One control with its results.
pub(super) struct ControlLine<'r> {
    pub(super) id: &'r str,
    pub(super) title: &'r str,
    pub(super) state: ControlState,
    pub(super) word: Word,
    pub(super) checks: Vec<&'r str>,
    pub(super) failed: usize,
    pub(super) passed: usize,
    pub(super) unknown: usize,
    pub(super) accepted: usize,
    pub(super) not_applicable: usize,
    /// Why no check covers it.
    pub(super) why: &'r str,
}

/// Every control of the report's standard, in the order of their ids.
pub(super) fn of(report: &Report) -> Vec<ControlLine<'_>> {
    let Some(standard) = &report.standard else {
        return Vec::new();
    };
    let mut lines: Vec<ControlLine<'_>> = standard
        .controls
        .iter()
        .map(|(id, control)| {
            let checks: Vec<&str> = report
                .checks
                .iter()
                .filter(|(_, about)| {
                    let ids = about.maps_to.get(&standard.catalogue);
                    ids.is_some_and(|ids| ids.contains(id))
                })
                .map(|(check, _)| check.as_str())
                .collect();
            let mut line = ControlLine {
                id,
                title: &control.title,
                state: ControlState::NotCovered,
                word: words::control(ControlState::NotCovered),
                failed: 0,
                passed: 0,
                unknown: 0,
                accepted: 0,
                not_applicable: 0,
                why: match &control.not_covered {
                    Some(why) => why,
                    None if checks.is_empty() => "its checks are not selected",
                    None => "",
                },
                checks,
            };
            for result in &report.results {
                line.add(result);
            }
            line.state = line.state();
            line.word = words::control(line.state);
            line
        })
        .collect();
    lines.sort_by_cached_key(|line| sort_key(line.id));
    lines
}

impl ControlLine<'_> {
    fn add(&mut self, result: &CheckResult) {
        if !self.checks.contains(&result.check.as_str()) {
            return;
        }
        let counter = match result.status {
            Status::Fail => &mut self.failed,
            Status::Pass => &mut self.passed,
            Status::NotAssessed => &mut self.unknown,
            Status::NotApplicable => &mut self.not_applicable,
            Status::Suppressed => &mut self.accepted,
        };
        *counter += 1;
    }

    fn state(&self) -> ControlState {
        match self {
            _ if self.failed > 0 => ControlState::Fail,
            _ if self.unknown > 0 => ControlState::Unknown,
            _ if self.accepted > 0 => ControlState::Accepted,
            _ if self.passed > 0 => ControlState::Pass,
            _ if self.checks.is_empty() => ControlState::NotCovered,
            _ => ControlState::NotApplicable,
        }
    }
}

/// `2.1.10` after `2.1.9`: numbers are compared as numbers.
fn sort_key(id: &str) -> Vec<(u64, String)> {
    id.split(['.', '-', '(', ')'])
        .map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned()))
        .collect()
}

/// How many controls have each state: `3 fail, 7 pass, 2 not covered`.
pub(super) fn summary(lines: &[ControlLine<'_>]) -> String {
    let states = [
        ControlState::Fail,
        ControlState::Unknown,
        ControlState::Accepted,
        ControlState::Pass,
        ControlState::NotApplicable,
        ControlState::NotCovered,
    ];
    let parts: Vec<String> = states
        .into_iter()
        .filter_map(|state| {
            let many = lines.iter().filter(|line| line.state == state).count();
            (many > 0).then(|| format!("{} {}", number(many), words::control(state).text))
        })
        .collect();
    format!("{}: {}", count(lines.len(), "control"), parts.join(", "))
}

/// The table for people.
pub(super) fn table(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let lines = of(report);
    let title = report
        .standard
        .as_ref()
        .map_or("Controls", |one| &one.title);
    table::heading(look, title, &summary(&lines), out)?;
    let mut grid = Grid::new(
        2,
        [
            Column::new("control"),
            Column::new("state"),
            Column::new("failed").right().sacrifice(3),
            Column::new("passed").right().sacrifice(4),
            Column::new("unknown").right().sacrifice(5),
            Column::new("what it requires").prose(),
            Column::new("checks").sacrifice(6),
        ],
    );
    for line in &lines {
        let checks = table::some_of(line.checks.iter().copied(), 2);
        let what = match line.why {
            "" => line.title.to_owned(),
            why => format!("{} ({why})", line.title),
        };
        grid.row([
            Text::plain(line.id),
            line.word.clone().into(),
            Text::plain(&number(line.failed)),
            Text::plain(&number(line.passed)),
            Text::plain(&number(line.unknown)),
            Text::plain(&what),
            Text::new(Tone::Quiet, &checks),
        ]);
    }
    grid.write(look.width, look.color, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_numbers() {
        let mut ids = ["3.1.10", "3.1.9", "2.19", "2.2"];
        ids.sort_by_key(|id| sort_key(id));
        assert_eq!(ids, ["2.2", "2.19", "3.1.9", "3.1.10"]);
    }
}
