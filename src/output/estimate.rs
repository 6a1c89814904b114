//! What-if estimates for people: one function, or two side by side.

use std::io::{self, Write};

use super::{Look, hostile, words};
use crate::report::cold_start::EstimateOutput;
use crate::report::numbers::{duration, price};
use crate::report::{Driver, Lever};

/// One function.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateColumn {
    /// What distinguishes it.
    pub title: String,
    /// The estimate.
    pub estimate: EstimateOutput,
    /// What drives it, largest first.
    pub drivers: Vec<Driver>,
    /// What would help, best first.
    pub levers: Vec<Lever>,
}

type Figure = fn(&EstimateOutput) -> String;

const ROWS: &[(&str, Figure)] = &[
    ("before init (in no metric)", |found| {
        duration(found.pre_init_ms)
    }),
    ("init", |found| duration(found.init_ms)),
    ("first call beyond a warm one", |found| {
        duration(found.first_call_ms)
    }),
    ("init + first call", |found| duration(found.reported_ms)),
    ("  its band", |found| {
        format!("{} to {}", duration(found.low_ms), duration(found.high_ms))
    }),
    ("  its precision", |found| {
        words::precision(found.precision).to_owned()
    }),
    ("a caller waits", |found| duration(found.caller_ms)),
];

/// Writes the estimates beside each other, then drivers, levers and what each rests on.
///
/// # Errors
/// When the writer fails.
pub fn render(columns: &[EstimateColumn], _look: Look, out: &mut dyn Write) -> io::Result<()> {
    let labels = ROWS.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            ROWS.iter()
                .map(|(_, figure)| figure(&column.estimate).chars().count())
                .chain([hostile::plain(&column.title).chars().count()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    write!(out, "{:labels$}", "Cold start, estimated")?;
    for (column, width) in columns.iter().zip(&widths) {
        write!(out, "  {:>width$}", hostile::plain(&column.title))?;
    }
    writeln!(out)?;
    for (label, figure) in ROWS {
        write!(out, "{label:labels$}")?;
        for (column, width) in columns.iter().zip(&widths) {
            write!(out, "  {:>width$}", figure(&column.estimate))?;
        }
        writeln!(out)?;
    }
    for column in columns {
        writeln!(out, "\n{}", hostile::plain(&column.title))?;
        for driver in &column.drivers {
            writeln!(
                out,
                "  {:>9}  {}",
                duration(driver.ms),
                hostile::plain(&driver.what)
            )?;
        }
        for lever in &column.levers {
            writeln!(
                out,
                "  saves {}, {}: {}",
                words::saves(lever),
                price(lever.usd_per_month),
                hostile::plain(&lever.what)
            )?;
            writeln!(out, "      {}", hostile::plain(&lever.how))?;
        }
        for remark in &column.estimate.basis {
            writeln!(out, "  - {}", hostile::plain(remark))?;
        }
    }
    Ok(())
}
