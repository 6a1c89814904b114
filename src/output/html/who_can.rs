//! Who can reach each bucket: principals with the same access on one line, a column a class.

use super::{SHOWN, class};
use crate::output::weight::Weights;
use crate::output::who_can::short;
use crate::output::words::{self, Word};
use crate::report::numbers::count;
use crate::report::who_can::{AccessGroup, AccessMatrix};
use crate::report::{Reach, Report};

/// The columns.
const CLASSES: [&str; 5] = ["read", "list", "write", "acl", "takeover"];

/// Names that a line shows before the fold.
const NAMES: usize = 6;

pub(super) struct WhoCan<'a> {
    pub(super) classes: [&'static str; 5],
    pub(super) buckets: Vec<BucketAccess<'a>>,
}

/// A bucket with its lines.
pub(super) struct BucketAccess<'a> {
    pub(super) name: &'a str,
    /// `12 can read, 3 can write`.
    pub(super) sentence: String,
    pub(super) lines: Vec<AccessLine<'a>>,
    /// What the answer leaves out and assumes.
    pub(super) hints: Vec<String>,
}

/// Principals with the same access.
pub(super) struct AccessLine<'a> {
    /// `37 roles`; empty where every name is shown.
    pub(super) number: String,
    pub(super) names: Vec<String>,
    pub(super) folded: Vec<String>,
    pub(super) cells: Vec<ClassCell>,
    pub(super) through: &'a [String],
    pub(super) under: &'a [String],
}

/// A verdict under its class.
pub(super) struct ClassCell {
    pub(super) column: &'static str,
    pub(super) class: &'static str,
    pub(super) word: Word,
}

impl<'a> WhoCan<'a> {
    pub(super) fn of(report: &'a Report, weights: &Weights<'_>) -> Self {
        let mut matrices: Vec<&AccessMatrix> = report.who_can.iter().collect();
        matrices.sort_by(|a, b| {
            let weight = |one: &AccessMatrix| weights.of_bucket(&one.account, &one.bucket);
            weight(b)
                .cmp(&weight(a))
                .then_with(|| a.bucket.cmp(&b.bucket))
        });
        matrices.truncate(SHOWN);
        Self {
            classes: CLASSES,
            buckets: matrices.into_iter().map(BucketAccess::of).collect(),
        }
    }
}

impl<'a> BucketAccess<'a> {
    fn of(matrix: &'a AccessMatrix) -> Self {
        let can = |class: &str| -> usize {
            let groups = matrix.groups.iter();
            let groups = groups.filter(|group| {
                let reach = group.classes.get(class);
                matches!(reach, Some(Reach::Reachable | Reach::Constrained))
            });
            groups.map(|group| group.principals.len()).sum()
        };
        let said = CLASSES
            .into_iter()
            .map(|class| (class, can(class)))
            .filter(|(_, number)| *number > 0)
            .map(|(class, number)| format!("{class} {number}"));
        let said: Vec<String> = said.collect();
        let mut hints = Vec::new();
        if matrix.without_access > 0 {
            hints.push(format!(
                "{} without access.",
                count(matrix.without_access, "principal")
            ));
        }
        for action in &matrix.unlisted {
            hints.push(format!(
                "Users and roles were not listed: {action} is missing. Others may have access."
            ));
        }
        hints.push(format!("Assumed: {}.", matrix.assumes.join("; ")));
        Self {
            name: &matrix.bucket,
            sentence: if said.is_empty() {
                "no principal can".to_owned()
            } else {
                said.join(" · ")
            },
            lines: matrix.groups.iter().map(AccessLine::of).collect(),
            hints,
        }
    }
}

impl<'a> AccessLine<'a> {
    fn of(group: &'a AccessGroup) -> Self {
        let mut names: Vec<String> = group.principals.iter().map(|name| short(name)).collect();
        let folded = names.split_off(NAMES.min(names.len()));
        Self {
            number: if folded.is_empty() {
                String::new()
            } else {
                count(group.principals.len(), "principal")
            },
            names,
            folded,
            cells: CLASSES
                .into_iter()
                .map(|column| {
                    let reach = group.classes.get(column).copied();
                    let word = words::can(reach.unwrap_or(Reach::Unknown));
                    ClassCell {
                        column,
                        class: match reach {
                            Some(Reach::Reachable) => "yes",
                            _ => class(word.tone),
                        },
                        word,
                    }
                })
                .collect(),
            through: &group.through,
            under: &group.under,
        }
    }
}
