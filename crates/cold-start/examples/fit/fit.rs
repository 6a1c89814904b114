//! The fit: from published measurements to the coefficients, and the error it makes.
//!
//! What is minimised is the sum of absolute errors in logarithms, a row of a source with n rows
//! weighing 1/sqrt(n): a source with many rows says more than one with few, but not in proportion,
//! and a row that is far off pulls no harder than one that is a little off. A coefficient is drawn to
//! its prior by the square of its distance, which keeps it close where a single source speaks. The
//! search is coordinate by coordinate on the real estimator: what is fitted is what runs.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket_cold_start::contract::EstimateInput;
use coldbucket_cold_start::model::{Cells, How, Model};
use coldbucket_cold_start::{Phase, estimate};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The measurements file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    sources: Vec<FileSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSource {
    id: String,
    #[allow(dead_code, reason = "for readers of the file")]
    citation: String,
    #[serde(default)]
    #[allow(dead_code, reason = "for readers of the file")]
    note: String,
    input: Map<String, Value>,
    rows: Vec<FileRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    #[serde(default)]
    input: Map<String, Value>,
    measured: BTreeMap<Measure, f64>,
    #[serde(default)]
    #[allow(dead_code, reason = "for readers of the file")]
    note: String,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    PreInit,
    Init,
    FirstCall,
    Reported,
    Caller,
}

/// One measured figure.
#[derive(Clone, Debug)]
pub struct Row {
    pub source: String,
    pub input: EstimateInput,
    pub measure: Measure,
    pub ms: f64,
}

/// Reads the measurements.
pub fn read_measurements(text: &str) -> Result<Vec<Row>, String> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    if file.schema != "coldbucket-cold-start-measurements/1" {
        return Err(format!("schema is {:?}", file.schema));
    }
    let mut rows = Vec::new();
    for source in file.sources {
        for (index, row) in source.rows.into_iter().enumerate() {
            let mut input = source.input.clone();
            input.extend(row.input);
            let id = format!("{}[{index}]", source.id);
            input.insert("id".to_owned(), Value::String(id.clone()));
            let input: EstimateInput = serde_json::from_value(Value::Object(input))
                .map_err(|error| format!("{id}: {error}"))?;
            rows.extend(row.measured.into_iter().map(|(measure, ms)| Row {
                source: source.id.clone(),
                input: input.clone(),
                measure,
                ms,
            }));
        }
    }
    Ok(rows)
}

/// The estimate of a row's measure with its band, where there is one.
pub fn predict(model: &Model, row: &Row) -> Result<(f64, Option<(f64, f64)>), String> {
    let found = estimate(model, &row.input).map_err(|error| error.to_string())?;
    let pre_init = found.phase(Phase::PreInit);
    Ok(match row.measure {
        Measure::PreInit => (pre_init, None),
        Measure::Init => (
            found.phase(Phase::Init),
            Some((found.init_low_ms, found.init_high_ms)),
        ),
        Measure::FirstCall => (found.phase(Phase::FirstCall), None),
        Measure::Reported => (found.reported_ms(), Some((found.low_ms, found.high_ms))),
        // A client's clock has the network in it, which no band of ours is about.
        Measure::Caller => (found.caller_ms(), None),
    })
}

/// Weight of the squared logarithmic distance to the prior, chosen by the leave-one-source-out error.
pub const PRIOR_WEIGHT: f64 = 2.0;

fn off(model: &Model, row: &Row) -> f64 {
    predict(model, row).map_or(10.0, |(ms, _)| (ms.max(0.1) / row.ms).ln().abs())
}

/// Fits every coefficient that is marked `fitted`, beginning at the priors.
pub fn fit(model: &Model, rows: &[&Row]) -> Model {
    let mut fitted = model.clone();
    let names: Vec<String> = fitted
        .coefficients
        .iter_mut()
        .filter(|(_, coefficient)| coefficient.how == How::Fitted)
        .map(|(name, coefficient)| {
            coefficient.value = coefficient.prior.unwrap_or(coefficient.value);
            name.clone()
        })
        .collect();
    let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows {
        *votes.entry(&row.source).or_default() += 1.0;
    }
    let concerned: BTreeMap<&str, Vec<&Row>> = names
        .iter()
        .map(|name| (name.as_str(), rows_of(&fitted, name, rows)))
        .collect();
    for sweep in 0..4 {
        for name in &names {
            let rows = concerned.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let Some(coefficient) = fitted.coefficients.get(name) else {
                continue;
            };
            let prior = coefficient.prior.unwrap_or(coefficient.value);
            // First a wide search around the prior, later ever closer around what was found.
            let (centre, reach) = match sweep {
                0 => (prior, 2.5),
                1 => (coefficient.value, 1.0),
                2 => (coefficient.value, 0.3),
                _ => (coefficient.value, 0.06),
            };
            let mut best = (f64::INFINITY, coefficient.value);
            for step in -20_i32..=20 {
                let value = centre * (reach * f64::from(step) / 20.0).exp();
                if let Some(coefficient) = fitted.coefficients.get_mut(name) {
                    coefficient.value = value;
                }
                let cost = PRIOR_WEIGHT * (value / prior).ln().powi(2)
                    + rows
                        .iter()
                        .map(|row| {
                            off(&fitted, row)
                                / votes.get(row.source.as_str()).unwrap_or(&1.0).sqrt()
                        })
                        .sum::<f64>();
                if cost < best.0 - 1e-12 {
                    best = (cost, value);
                }
            }
            if let Some(coefficient) = fitted.coefficients.get_mut(name) {
                coefficient.value = best.1;
            }
        }
    }
    for name in &names {
        if let Some(coefficient) = fitted.coefficients.get_mut(name) {
            coefficient.value = three_digits(coefficient.value);
        }
    }
    fitted
}

/// The rows whose estimate a coefficient moves.
fn rows_of<'a>(model: &Model, name: &str, rows: &[&'a Row]) -> Vec<&'a Row> {
    let mut moved = model.clone();
    if let Some(coefficient) = moved.coefficients.get_mut(name) {
        coefficient.value *= 1.1;
    }
    rows.iter()
        .filter(|row| (off(model, row) - off(&moved, row)).abs() > 1e-9)
        .copied()
        .collect()
}

fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// How a model does on one source.
#[derive(Clone, Debug)]
pub struct Score {
    pub source: String,
    /// Absolute relative errors, one a row.
    pub errors: Vec<f64>,
    /// For rows with a band: whether it covers the measurement, and upper end over lower end.
    pub bands: Vec<(bool, f64)>,
}

/// Scores a model on a source's rows.
pub fn score(model: &Model, source: &str, rows: &[&Row]) -> Result<Score, String> {
    let mut score = Score {
        source: source.to_owned(),
        errors: Vec::new(),
        bands: Vec::new(),
    };
    for row in rows {
        let (ms, band) =
            predict(model, row).map_err(|error| format!("{}: {error}", row.input.id))?;
        score.errors.push((ms / row.ms - 1.0).abs());
        if let Some((low, high)) = band {
            score
                .bands
                .push(((low..=high).contains(&row.ms), high / low));
        }
    }
    Ok(score)
}

/// For each source the score of the model that was fitted without it.
pub fn leave_one_out(model: &Model, rows: &[Row]) -> Result<Vec<Score>, String> {
    let sources: BTreeSet<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    sources
        .into_iter()
        .map(|source| {
            let (own, others): (Vec<&Row>, Vec<&Row>) =
                rows.iter().partition(|row| row.source == source);
            score(&fit(model, &others), source, &own)
        })
        .collect()
}

/// The median; NaN of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (1, Some(value)) => *value,
        (0, Some(upper)) => values
            .get(middle - 1)
            .map_or(*upper, |lower| (lower + upper) / 2.0),
        _ => f64::NAN,
    }
}

/// Median over sources of their median errors: one vote a source.
pub fn vote(scores: &[Score]) -> f64 {
    median(
        scores
            .iter()
            .map(|score| median(score.errors.iter().copied())),
    )
}

/// Share of rows that the band covers, each source with one vote, and over all rows.
pub fn coverage(scores: &[Score]) -> (f64, f64) {
    let share = |bands: &[(bool, f64)]| {
        let covered = u32::try_from(bands.iter().filter(|(in_it, _)| *in_it).count()).unwrap_or(0);
        f64::from(covered) / f64::from(u32::try_from(bands.len()).unwrap_or(1).max(1))
    };
    let with: Vec<&Score> = scores
        .iter()
        .filter(|score| !score.bands.is_empty())
        .collect();
    let by_source = with.iter().map(|score| share(&score.bands)).sum::<f64>()
        / f64::from(u32::try_from(with.len()).unwrap_or(1).max(1));
    let all: Vec<(bool, f64)> = with
        .iter()
        .flat_map(|score| score.bands.iter().copied())
        .collect();
    (by_source, share(&all))
}

/// Median of upper end over lower end.
pub fn width(scores: &[Score]) -> f64 {
    median(
        scores
            .iter()
            .flat_map(|score| score.bands.iter().map(|(_, width)| *width)),
    )
}

/// Init by runtime and cell, and SnapStart restores by runtime, ms.
pub type BaseTables = (BTreeMap<String, Cells>, BTreeMap<String, f64>);

/// The base table and the restores from lambda-perf's rows: medians over the memory sizes.
pub fn base_tables(csv: &str) -> Result<BaseTables, String> {
    let mut cells: BTreeMap<(String, bool, bool), Vec<f64>> = BTreeMap::new();
    let mut restores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in csv.lines() {
        if line.starts_with('#') || line.starts_with("runtime,") || line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split(',').collect();
        let [runtime, package, arch, _, snapstart, p50, ..] = fields.as_slice() else {
            return Err(format!("too few fields: {line}"));
        };
        let p50: f64 = p50.parse().map_err(|_| format!("not a number: {line}"))?;
        if *snapstart == "true" {
            let runtime = runtime.trim_end_matches(" snapstart").to_owned();
            restores.entry(runtime).or_default().push(p50);
        } else if let Some(name) = row_name(runtime) {
            cells
                .entry((name, *package == "image", *arch == "arm64"))
                .or_default()
                .push(p50);
        }
    }
    let mut base: BTreeMap<String, Cells> = BTreeMap::new();
    for ((name, image, arm), values) in cells {
        let cells = base.entry(name).or_default();
        let cell = match (image, arm) {
            (false, false) => &mut cells.zip_x86_64,
            (false, true) => &mut cells.zip_arm64,
            (true, false) => &mut cells.image_x86_64,
            (true, true) => &mut cells.image_arm64,
        };
        *cell = Some((median(values) * 10.0).round() / 10.0);
    }
    let restores = restores
        .into_iter()
        .map(|(name, values)| (name, (median(values) * 10.0).round() / 10.0))
        .collect();
    Ok((base, restores))
}

/// lambda-perf's name in the form of the base table; `None` for cells that are not used: an older
/// Swift, a GraalVM beside the long-term one, Bun as a layer.
fn row_name(runtime: &str) -> Option<String> {
    let Some((stem, system)) = runtime.trim_end_matches(')').split_once("(prov.") else {
        return Some(runtime.to_owned());
    };
    let stem = match stem.trim() {
        "apple swift 5.8" | "graalvm java23" | "bun layer" => return None,
        "apple swift 6.2" => "swift",
        "c++ 11" => "cpp",
        "graalvm java17" | "graalvm java21" => "graalvm",
        "dotnet7 aot" => "dotnet7-aot",
        "dotnet8 aot" => "dotnet8-aot",
        "dotnet9 aot" => "dotnet9-aot",
        "dotnet10 aot" => "dotnet10-aot",
        other => other,
    };
    Some(format!("{stem}.{system}"))
}
