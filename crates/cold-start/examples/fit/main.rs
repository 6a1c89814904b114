//! Fits the cold-start model and prints the error it makes.
//!
//! ```text
//! cargo run --release --no-default-features -p coldbucket-cold-start --example fit            # print
//! cargo run --release --no-default-features -p coldbucket-cold-start --example fit -- --write # and write the model
//! ```
//!
//! The error of an author is that of a model fitted without its rows; the base table, the functional form,
//! the priors and what is marked `set` are not refitted, and whoever chose them had seen the data.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod fit;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use coldbucket_cold_start::model::{How, Model};
use fit::{
    Confidence, Residual, Row, base_tables, bias, coverage, learn_bands, leave_one_out, median,
    read_measurements, vote, width,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("fit: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let read = |name: &str| {
        fs::read_to_string(data.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let text = read("cold-start-model.yaml")?;
    let mut model = Model::parse(&text).map_err(|error| error.to_string())?;
    (model.base, model.restore) = base_tables(&read("lambda-perf.csv")?)?;
    let rows = read_measurements(&read("cold-start-measurements.yaml")?)?;

    let all: Vec<&Row> = rows.iter().collect();
    let mut fitted = fit::fit(&model, &all);
    println!("coefficients (fitted | shipped | prior)");
    for (name, coefficient) in &fitted.coefficients {
        if coefficient.how == How::Fitted {
            println!(
                "  {name:36} {:>10} {:>10} {:>10}  {} authors",
                coefficient.value,
                model.value(name),
                coefficient.prior.unwrap_or(f64::NAN),
                coefficient.authors.len()
            );
        }
    }

    let residuals = leave_one_out(&model, &rows)?;
    let every: Vec<&Residual> = residuals.iter().collect();
    fitted.bands = learn_bands(&model, &every);
    println!("\nfigures, their author left out (estimate over measurement, * outside the band)");
    for residual in &every {
        let row = &residual.row;
        let mark = match residual.covered() {
            Some((false, _)) => "*",
            _ => "",
        };
        println!(
            "  {:30} {:18} {:10} {:>7.0} x{:.2} {mark}",
            row.input.id,
            residual.kind,
            format!("{:?}", row.measure),
            row.ms,
            residual.ratio
        );
    }
    println!("\nauthor left out           {HEADING}");
    let mut authors: BTreeMap<&str, Vec<&Residual>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, Vec<&Residual>> = BTreeMap::new();
    for residual in &every {
        authors
            .entry(&residual.row.author)
            .or_default()
            .push(residual);
        kinds.entry(residual.kind).or_default().push(residual);
    }
    for (author, own) in &authors {
        line(author, own);
    }
    println!("\nkind of function          {HEADING}");
    for (kind, own) in &kinds {
        line(kind, own);
    }
    println!("\nall, one author left out  {HEADING}");
    line("all", &every);
    let sure: Vec<&Residual> = every
        .iter()
        .filter(|residual| residual.row.confidence != Confidence::Low)
        .copied()
        .collect();
    line("without low confidence", &sure);
    println!(
        "  over all figures: median error {:.1} %",
        100.0 * median(every.iter().map(|residual| residual.error()))
    );
    if std::env::args().any(|argument| argument == "--write") {
        let path = data.join("cold-start-model.yaml");
        fs::write(&path, rewrite(&text, &fitted)).map_err(|error| error.to_string())?;
        println!("\nwritten: crates/cold-start/data/cold-start-model.yaml");
    }
    Ok(())
}

const HEADING: &str = "authors figures   error    bias  covered  width";

/// Median error and bias with one vote an author, coverage likewise, median width.
fn line(name: &str, residuals: &[&Residual]) {
    let authors: BTreeSet<&str> = residuals
        .iter()
        .map(|residual| residual.row.author.as_str())
        .collect();
    println!(
        "  {name:24} {:>6} {:>7} {:>6.1} % x{:>5.2}  {:>5.0} %  {:>5.2}",
        authors.len(),
        residuals.len(),
        100.0 * vote(residuals),
        bias(residuals),
        100.0 * coverage(residuals),
        width(residuals)
    );
}

/// The model's text with the fitted values, the base table and the restores put in.
fn rewrite(text: &str, fitted: &Model) -> String {
    let mut out = String::new();
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with([' ', '#']) {
            section = line.split(':').next().unwrap_or_default();
        }
        let name = line
            .strip_prefix("  ")
            .and_then(|line| line.split(": ").next())
            .unwrap_or_default();
        let line = match (section, line.starts_with("  ") && !name.is_empty()) {
            ("base", true) => fitted.base.get(name).map(|cells| {
                let figures: Vec<String> = [
                    ("zip_x86_64", cells.zip_x86_64),
                    ("zip_arm64", cells.zip_arm64),
                    ("image_x86_64", cells.image_x86_64),
                    ("image_arm64", cells.image_arm64),
                ]
                .into_iter()
                .filter_map(|(cell, ms)| Some(format!("{cell}: {:.1}", ms?)))
                .collect();
                format!("  {name}: {{{}}}", figures.join(", "))
            }),
            ("restore", true) => fitted
                .restore
                .get(name)
                .map(|ms| format!("  {name}: {ms:.1}")),
            ("coefficients", true) => fitted.coefficients.get(name).and_then(|coefficient| {
                let (_, rest) = line.split_once(", ")?;
                let rest = match rest.split_once("authors: [") {
                    Some((before, after)) => {
                        format!(
                            "{before}{}",
                            after.split_once("], ").map_or("", |(_, rest)| rest)
                        )
                    }
                    None => rest.to_owned(),
                };
                (coefficient.how == How::Fitted).then(|| {
                    format!(
                        "  {name}: {{value: {}, {}",
                        coefficient.value,
                        rest.replacen(
                            "source: ",
                            &format!("authors: [{}], source: ", coefficient.authors.join(", ")),
                            1
                        )
                    )
                })
            }),
            ("bands", true) => fitted.bands.get(name).and_then(|band| {
                let (_, prior) = line.split_once(", prior: ")?;
                Some(format!(
                    "  {name}: {{low: {:.2}, high: {:.2}, prior: {prior}",
                    band.low, band.high
                ))
            }),
            _ => None,
        }
        .unwrap_or_else(|| line.to_owned());
        out.push_str(&line);
        out.push('\n');
    }
    out
}
