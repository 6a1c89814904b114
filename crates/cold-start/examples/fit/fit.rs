//! The fit: from published measurements to the coefficients, and the error it makes.
//!
//! A coefficient minimizes, over the authors whose measurements it moves, each author's mean absolute
//! error in logarithms, times the confidence of the rows, plus the squared distance to its prior in
//! logarithms. An author has one vote a coefficient however many rows it has, and a row that is far
//! off pulls no harder than one that is a little off: one author alone moves a coefficient by at most
//! a factor of exp(1 / (2 * [`PRIOR_WEIGHT`])) from its prior. The search is coordinate by coordinate
//! on the real estimator: what is fitted is what runs.
//!
//! The band of a kind of function is learnt from what each author measured over what a model that was
//! fitted without that author estimates.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket_cold_start::contract::EstimateInput;
use coldbucket_cold_start::model::{Band, Cells, Coefficient, How, Model};
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
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "for readers of the file")]
    date: String,
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
    confidence: Confidence,
    #[serde(default)]
    #[allow(dead_code, reason = "for readers of the file")]
    note: String,
}

/// How far a row can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    #[default]
    High,
    Medium,
    Low,
}

impl Confidence {
    fn weight(self) -> f64 {
        match self {
            Self::High => 1.0,
            Self::Medium => 0.7,
            Self::Low => 0.3,
        }
    }
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
    Client,
}

/// What a client's clock has beyond a cold start: the network and a warm call in one Region, ms, by
/// judgement.
const NETWORK_MS: f64 = 40.0;

/// One measured figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who measured it.
    pub author: String,
    pub confidence: Confidence,
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
                author: source.author.clone().unwrap_or_else(|| source.id.clone()),
                confidence: row.confidence,
                input: input.clone(),
                measure,
                ms,
            }));
        }
    }
    Ok(rows)
}

/// An estimate of what a row measured.
pub struct Prediction {
    pub ms: f64,
    /// The band, where there is one.
    pub band: Option<(f64, f64)>,
    /// The kind of function.
    pub kind: &'static str,
}

/// The estimate of a row's measure with its band, where there is one.
pub fn predict(model: &Model, row: &Row) -> Result<Prediction, String> {
    let found = estimate(model, &row.input).map_err(|error| error.to_string())?;
    let (ms, band) = match row.measure {
        Measure::PreInit => (found.phase(Phase::PreInit), None),
        Measure::Init => (
            found.phase(Phase::Init),
            Some((found.init_low_ms, found.init_high_ms)),
        ),
        Measure::FirstCall => (found.phase(Phase::FirstCall), None),
        Measure::Reported => (found.reported_ms(), Some((found.low_ms, found.high_ms))),
        // The band is about what the REPORT line shows.
        Measure::Caller => (found.caller_ms(), None),
        Measure::Client => (found.caller_ms() + NETWORK_MS, None),
    };
    Ok(Prediction {
        ms,
        band,
        kind: found.kind,
    })
}

/// Weight of the squared logarithmic distance to the prior, chosen by the leave-one-author-out error.
pub const PRIOR_WEIGHT: f64 = 2.0;

fn off(model: &Model, row: &Row) -> f64 {
    predict(model, row).map_or(10.0, |found| (found.ms.max(0.1) / row.ms).ln().abs())
}

/// The rows that a coefficient moves, with the weight that gives each author one vote.
fn voters<'a>(model: &Model, name: &str, rows: &[&'a Row]) -> Vec<(&'a Row, f64)> {
    let mut moved = model.clone();
    if let Some(coefficient) = moved.coefficients.get_mut(name) {
        coefficient.value *= 1.1;
    }
    let concerned: Vec<&Row> = rows
        .iter()
        .filter(|row| (off(model, row) - off(&moved, row)).abs() > 0.003)
        .copied()
        .collect();
    let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
    for row in &concerned {
        *votes.entry(&row.author).or_default() += 1.0;
    }
    concerned
        .into_iter()
        .map(|row| {
            let share = votes.get(row.author.as_str()).copied().unwrap_or(1.0);
            (row, row.confidence.weight() / share)
        })
        .collect()
}

/// Fits every coefficient that is marked `fitted`, beginning at the priors.
pub fn fit(model: &Model, rows: &[&Row]) -> Model {
    fit_some(model, rows, |_| true)
}

/// Fits those of the coefficients that are marked `fitted` and `wanted`, beginning at their priors,
/// with the others as they are.
fn fit_some(model: &Model, rows: &[&Row], wanted: impl Fn(&Coefficient) -> bool) -> Model {
    let mut fitted = model.clone();
    let names: Vec<String> = fitted
        .coefficients
        .iter_mut()
        .filter(|(_, coefficient)| coefficient.how == How::Fitted && wanted(coefficient))
        .map(|(name, coefficient)| {
            coefficient.value = coefficient.prior.unwrap_or(coefficient.value);
            name.clone()
        })
        .collect();
    let concerned: BTreeMap<&str, Vec<(&Row, f64)>> = names
        .iter()
        .map(|name| (name.as_str(), voters(&fitted, name, rows)))
        .collect();
    // A wide search around the prior first, then closer ones around what was found.
    for reach in [1.5, 0.6, 0.2, 0.05] {
        for name in &names {
            let rows = concerned.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let Some(coefficient) = fitted.coefficients.get(name) else {
                continue;
            };
            let prior = coefficient.prior.unwrap_or(coefficient.value);
            let centre = coefficient.value;
            if rows.is_empty() {
                continue;
            }
            let mut best = (f64::INFINITY, centre);
            for step in -10_i32..=10 {
                let value = centre * (reach * f64::from(step) / 10.0).exp();
                if let Some(coefficient) = fitted.coefficients.get_mut(name) {
                    coefficient.value = value;
                }
                let cost = PRIOR_WEIGHT * (value / prior).ln().powi(2)
                    + rows
                        .iter()
                        .map(|(row, weight)| weight * off(&fitted, row))
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
        let authors: BTreeSet<String> = concerned
            .get(name.as_str())
            .into_iter()
            .flatten()
            .map(|(row, _)| row.author.clone())
            .collect();
        if let Some(coefficient) = fitted.coefficients.get_mut(name) {
            coefficient.value = three_digits(coefficient.value);
            coefficient.authors = authors.into_iter().collect();
        }
    }
    fitted
}

fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// How a model fitted without a row's author does on the row.
#[derive(Clone, Debug)]
pub struct Residual {
    pub row: Row,
    pub kind: &'static str,
    /// Estimate over measurement.
    pub ratio: f64,
    /// The band as learnt without the author, where there is one.
    pub band: Option<(f64, f64)>,
}

impl Residual {
    /// Absolute relative error.
    pub fn error(&self) -> f64 {
        (self.ratio - 1.0).abs()
    }

    /// Whether the band covers the measurement, and its upper end over its lower end.
    pub fn covered(&self) -> Option<(bool, f64)> {
        self.band
            .map(|(low, high)| ((low..=high).contains(&self.row.ms), high / low))
    }
}

/// For each author the residuals of the model that was fitted without its rows, with bands that were
/// learnt without them, too. Only the coefficients that move the author's rows are fitted again, from
/// their priors: the others say nothing about those rows.
pub fn leave_one_out(model: &Model, rows: &[Row]) -> Result<Vec<Residual>, String> {
    let authors: BTreeSet<&str> = rows.iter().map(|row| row.author.as_str()).collect();
    let full = fit(model, &rows.iter().collect::<Vec<_>>());
    let mut residuals = Vec::new();
    let mut models = BTreeMap::new();
    for author in authors {
        let (own, others): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| row.author == author);
        let fitted = fit_some(&full, &others, |coefficient| {
            coefficient.authors.iter().any(|name| name == author)
        });
        for row in own {
            let found =
                predict(&fitted, row).map_err(|error| format!("{}: {error}", row.input.id))?;
            residuals.push(Residual {
                row: row.clone(),
                kind: found.kind,
                ratio: found.ms / row.ms,
                band: found.band,
            });
        }
        models.insert(author.to_owned(), fitted);
    }
    let bands: BTreeMap<String, BTreeMap<String, Band>> = models
        .keys()
        .map(|author| {
            let others: Vec<&Residual> = residuals
                .iter()
                .filter(|residual| residual.row.author != *author)
                .collect();
            (author.clone(), learn_bands(model, &others))
        })
        .collect();
    for residual in &mut residuals {
        let author = &residual.row.author;
        if let (Some(fitted), Some(bands)) = (models.get_mut(author), bands.get(author)) {
            fitted.bands.clone_from(bands);
            residual.band = predict(fitted, &residual.row)?.band;
        }
    }
    Ok(residuals)
}

/// Share of the votes that a band leaves below its lower end, and above its upper end.
const TAIL: f64 = 0.06;

/// Authors' votes that the prior of a band weighs.
const BAND_PRIOR_VOTES: f64 = 3.0;

/// The bands by kind of function from residuals; the others as they are.
pub fn learn_bands(model: &Model, residuals: &[&Residual]) -> BTreeMap<String, Band> {
    let mut bands = model.bands.clone();
    for (name, band) in &mut bands {
        let Some((low, high)) = band.prior else {
            continue;
        };
        let own: Vec<&&Residual> = residuals
            .iter()
            .filter(|residual| {
                residual.kind == name
                    && matches!(residual.row.measure, Measure::Init | Measure::Reported)
            })
            .collect();
        let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
        for residual in &own {
            *votes.entry(&residual.row.author).or_default() += 1.0;
        }
        let mut points: Vec<(f64, f64)> = own
            .iter()
            .map(|residual| {
                let share = votes.get(residual.row.author.as_str()).unwrap_or(&1.0);
                (
                    -residual.ratio.ln(),
                    residual.row.confidence.weight() / share,
                )
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = points.iter().map(|(_, weight)| weight).sum();
        let learnt = |share: f64, prior: f64| {
            let mut sum = 0.0;
            let found = points.iter().find(|(_, weight)| {
                sum += weight;
                sum >= share * all
            });
            found.map_or(prior, |(value, _)| {
                ((all * value + BAND_PRIOR_VOTES * prior.ln()) / (all + BAND_PRIOR_VOTES)).exp()
            })
        };
        let two_digits = |value: f64| (value * 100.0).round() / 100.0;
        band.low = two_digits(learnt(TAIL, low).min(0.95));
        band.high = two_digits(learnt(1.0 - TAIL, high).max(1.05));
    }
    bands
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

/// Residuals by author.
fn by_author<'a>(residuals: &[&'a Residual]) -> BTreeMap<&'a str, Vec<&'a Residual>> {
    let mut authors: BTreeMap<&str, Vec<&Residual>> = BTreeMap::new();
    for residual in residuals {
        authors
            .entry(&residual.row.author)
            .or_default()
            .push(residual);
    }
    authors
}

/// Median over authors of their median errors: one vote an author.
pub fn vote(residuals: &[&Residual]) -> f64 {
    median(
        by_author(residuals)
            .into_values()
            .map(|own| median(own.iter().map(|residual| residual.error()))),
    )
}

/// Median over authors of their median estimate over measurement.
pub fn bias(residuals: &[&Residual]) -> f64 {
    median(
        by_author(residuals)
            .into_values()
            .map(|own| median(own.iter().map(|residual| residual.ratio.ln()))),
    )
    .exp()
}

/// Share of figures that the band covers, each author with one vote.
pub fn coverage(residuals: &[&Residual]) -> f64 {
    let shares: Vec<f64> = by_author(residuals)
        .into_values()
        .filter_map(|own| {
            let covered: Vec<f64> = own
                .iter()
                .filter_map(|residual| residual.covered())
                .map(|(covered, _)| if covered { 1.0 } else { 0.0 })
                .collect();
            mean(&covered)
        })
        .collect();
    mean(&shares).unwrap_or(f64::NAN)
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = u32::try_from(values.len())
        .ok()
        .filter(|count| *count > 0)?;
    Some(values.iter().sum::<f64>() / f64::from(count))
}

/// Median of upper end over lower end.
pub fn width(residuals: &[&Residual]) -> f64 {
    median(
        residuals
            .iter()
            .filter_map(|residual| residual.covered())
            .map(|(_, width)| width),
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
