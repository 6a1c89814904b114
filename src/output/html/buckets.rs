//! The posture of each bucket under three headings: access, encryption, monitoring.

use super::{SHOWN, class, left_out};
use crate::output::buckets::{BucketColumn, columns, exposure, with_posture};
use crate::output::weight::{Weight, Weights};
use crate::output::words::Word;
use crate::report::{BucketPosture, Report};

pub(super) struct Buckets<'a> {
    pub(super) total: usize,
    /// How many, and of how many.
    pub(super) with_posture: String,
    pub(super) left_out: Option<String>,
    /// The headings and the columns that say something under each.
    pub(super) groups: Vec<(&'static str, Vec<&'static str>)>,
    pub(super) rows: Vec<BucketRow<'a>>,
    /// Columns in which nothing was read for any bucket.
    pub(super) unread: Vec<&'static str>,
}

/// A bucket.
pub(super) struct BucketRow<'a> {
    pub(super) name: &'a str,
    pub(super) region: &'a str,
    pub(super) parts: Vec<(&'static str, usize)>,
    pub(super) findings: usize,
    pub(super) cells: Vec<Cell>,
}

/// A word under its column.
pub(super) struct Cell {
    pub(super) column: &'static str,
    pub(super) class: &'static str,
    pub(super) word: Word,
}

impl<'a> Buckets<'a> {
    pub(super) fn of(report: &'a Report, weights: &Weights<'_>) -> Self {
        let mut buckets: Vec<(&BucketPosture, Weight)> = report
            .buckets
            .iter()
            .map(|bucket| (bucket, weights.of_bucket(&bucket.account, &bucket.name)))
            .collect();
        buckets.sort_by(|(a, of_a), (b, of_b)| {
            of_b.cmp(of_a)
                .then_with(|| exposure(b).cmp(&exposure(a)))
                .then_with(|| a.name.cmp(&b.name))
        });
        let total = buckets.len();
        buckets.truncate(SHOWN);
        let postures: Vec<&BucketPosture> = buckets.iter().map(|(bucket, _)| *bucket).collect();
        let (mut shown, mut unread) = columns(&postures);
        // Notes say the same.
        shown.retain(|column| !column.of_notes);
        unread.retain(|column| !column.of_notes);
        let mut groups: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
        for column in &shown {
            match groups.last_mut() {
                Some((heading, columns)) if *heading == column.heading => {
                    columns.push(column.title);
                }
                _ => groups.push((column.heading, vec![column.title])),
            }
        }
        let cell = |column: &BucketColumn, bucket| {
            let word = (column.word)(bucket);
            Cell {
                column: column.title,
                class: class(word.tone),
                word,
            }
        };
        Self {
            total,
            with_posture: with_posture(report),
            left_out: left_out(total, "bucket"),
            groups,
            rows: buckets
                .iter()
                .map(|(bucket, weight)| BucketRow {
                    name: &bucket.name,
                    region: &bucket.region,
                    parts: weight.parts(),
                    findings: weight.total(),
                    cells: shown.iter().map(|column| cell(column, bucket)).collect(),
                })
                .collect(),
            unread: unread.iter().map(|column| column.title).collect(),
        }
    }
}
