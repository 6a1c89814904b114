//! Fits the cold-start model and prints the error it makes.
//!
//! ```text
//! cargo run --release --no-default-features -p coldbucket-cold-start --example fit            # print
//! cargo run --release --no-default-features -p coldbucket-cold-start --example fit -- --write # and write the model
//! ```
//!
//! The error of a source is that of a model fitted without it; the base table, the functional form,
//! the priors and what is marked `set` are not refitted, and whoever chose them had seen the data.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod fit;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use coldbucket_cold_start::model::{How, Model};
use fit::{
    Row, base_tables, coverage, leave_one_out, median, predict, read_measurements, vote, width,
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
    let fitted = fit::fit(&model, &all);
    println!("coefficients (fitted | shipped | prior)");
    for (name, coefficient) in &fitted.coefficients {
        if coefficient.how == How::Fitted {
            println!(
                "  {name:36} {:>10} {:>10} {:>10}",
                coefficient.value,
                model.value(name),
                coefficient.prior.unwrap_or(f64::NAN)
            );
        }
    }

    let scores = leave_one_out(&model, &rows)?;
    println!("\nleft out                 rows  median error  band covers");
    for score in &scores {
        let covered = score.bands.iter().filter(|(covered, _)| *covered).count();
        println!(
            "  {:22} {:>4}  {:>11.1} %  {covered} of {}",
            score.source,
            score.errors.len(),
            100.0 * median(score.errors.iter().copied()),
            score.bands.len(),
        );
    }
    let every = scores.iter().flat_map(|score| score.errors.iter().copied());
    let (by_source, by_row) = coverage(&scores);
    println!(
        "\nleaving one source out in turn, {} sources, {} figures:\n  \
         median absolute error  {:.1} % with one vote a source, {:.1} % over all figures\n  \
         band covers            {:.0} % with one vote a source, {:.0} % of all figures\n  \
         band, upper / lower    {:.2} in the median",
        scores.len(),
        rows.len(),
        100.0 * vote(&scores),
        100.0 * median(every),
        100.0 * by_source,
        100.0 * by_row,
        width(&scores),
    );
    println!("\nfigures with the full fit (estimate / measured, * outside the band)");
    for row in &rows {
        let (ms, band) = predict(&fitted, row)?;
        let mark = match band {
            Some((low, high)) if !(low..=high).contains(&row.ms) => "*",
            _ => "",
        };
        println!(
            "  {:28} {:10} {ms:>8.0} / {:>7.0}  x{:.2} {mark}",
            row.input.id,
            format!("{:?}", row.measure),
            row.ms,
            ms / row.ms
        );
    }
    if std::env::args().any(|argument| argument == "--write") {
        let path = data.join("cold-start-model.yaml");
        fs::write(&path, rewrite(&text, &fitted)).map_err(|error| error.to_string())?;
        println!("\nwritten: crates/cold-start/data/cold-start-model.yaml");
    }
    Ok(())
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
                (coefficient.how == How::Fitted)
                    .then(|| format!("  {name}: {{value: {}, {rest}", coefficient.value))
            }),
            _ => None,
        }
        .unwrap_or_else(|| line.to_owned());
        out.push_str(&line);
        out.push('\n');
    }
    out
}
