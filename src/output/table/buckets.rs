//! One line a bucket, under the guidance's three headings: access, encryption, monitoring.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::{SHOWN, heading, more};
use crate::output::Look;
use crate::output::buckets::{columns, exposure, with_posture};
use crate::output::words::Tone;
use crate::report::{BucketPosture, Report};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut buckets: Vec<&BucketPosture> = report.buckets.iter().collect();
    // Equals stay in the order of their names.
    buckets.sort_by_key(|bucket| Reverse(exposure(bucket)));
    let total = buckets.len();
    buckets.truncate(SHOWN);
    let (shown, _) = columns(&buckets);
    if shown.is_empty() {
        return Ok(());
    }
    heading(look, "Buckets", &with_posture(report), out)?;
    let fixed = [Column::new("bucket"), Column::new("region").sacrifice(5)];
    let postures = shown.iter().map(|column| {
        Column::new(column.short)
            .group(column.heading)
            .sacrifice(column.least)
    });
    let mut grid = Grid::new(2, fixed.into_iter().chain(postures));
    for bucket in &buckets {
        let fixed = [
            Text::plain(&bucket.name),
            Text::new(Tone::Quiet, &bucket.region),
        ];
        let words = shown.iter().map(|column| (column.word)(bucket).into());
        grid.row(fixed.into_iter().chain(words));
    }
    grid.write(look.width, look.color, out)?;
    more(look, total, ", none of them more exposed", out)
}
