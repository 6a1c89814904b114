//! The catalogue with the user's own policies, and the selected checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::RunError;
use crate::checks::{self, Catalog, ComplianceStandard, Selected};
use crate::cli::options::SelectionOptions;
use crate::cli::{FileLocation, Mistake, Placed};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind, Scope};

/// Maximum depth of policy folders, so that a folder that contains itself ends.
const DEEPEST: usize = 8;

/// The parameter of checks that `--cold-start-budget` sets.
const BUDGET: &str = "budget_ms";

/// The built-in checks and those in the given folders.
pub(super) fn load(folders: &[PathBuf]) -> Result<Catalog, RunError> {
    let mut catalogue = Catalog::builtin()?;
    let mut files = Vec::new();
    for folder in folders {
        files.extend(read_folder(folder)?);
    }
    if !files.is_empty() {
        catalogue.extend(files)?;
    }
    Ok(catalogue)
}

/// The policy files of a folder and the folders in it, sorted by path.
pub(super) fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, RunError> {
    let mut paths = Vec::new();
    gather(folder, 0, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(RunError::mistake(
            format!("{} contains no policy files (*.yaml)", folder.display()),
            None,
        ));
    }
    paths
        .into_iter()
        .map(|path| Ok((path.display().to_string(), super::files::read_text(&path)?)))
        .collect()
}

fn gather(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), RunError> {
    let read = |source| RunError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.is_dir() {
            if depth < DEEPEST {
                gather(&path, depth + 1, paths)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            paths.push(path);
        }
    }
    Ok(())
}

/// The checks that the options select. Mistakes get their place in the configuration file.
pub(super) fn select(
    catalogue: &Catalog,
    selection: &SelectionOptions,
) -> Result<Selected, RunError> {
    let values = |globs: &[Placed<String>]| globs.iter().map(|glob| glob.value.clone()).collect();
    let wanted = checks::Selection {
        pack: selection.pack.0.value.clone(),
        check: values(&selection.check),
        exclude: values(&selection.exclude),
        severity: selection.severity,
        params: params(catalogue, selection),
    };
    catalogue.select(&wanted).map_err(|error| {
        let mistakes = error
            .problems
            .into_iter()
            .map(|problem| {
                let place = place_of(&problem, selection);
                Mistake::new(problem).at(place)
            })
            .collect();
        RunError::Mistakes(mistakes)
    })
}

/// The standard that the selected pack is named after.
pub(super) fn standard<'c>(
    catalogue: &'c Catalog,
    selection: &SelectionOptions,
) -> Option<&'c ComplianceStandard> {
    catalogue
        .pack(&selection.pack.0.value)
        .and_then(|pack| pack.standard.as_ref())
}

/// The parameters of the options: those of the configuration file, and `--cold-start-budget` for every
/// check with a parameter `budget_ms`.
fn params(
    catalogue: &Catalog,
    selection: &SelectionOptions,
) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut params: BTreeMap<String, BTreeMap<String, Value>> = selection
        .params
        .iter()
        .map(|(check, params)| {
            let values = params.value.iter();
            let values = values.map(|(name, value)| (name.clone(), value.value.clone()));
            (check.clone(), values.collect())
        })
        .collect();
    if let Some(budget) = selection.cold_start_budget_ms {
        let checks = catalogue.iter();
        for check in checks.filter(|check| check.params.contains_key(BUDGET)) {
            let params = params.entry(check.id.clone()).or_default();
            params.insert(BUDGET.to_owned(), Value::from(budget));
        }
    }
    params
}

/// The place in the configuration file of the value that a problem quotes.
fn place_of(problem: &str, selection: &SelectionOptions) -> Option<FileLocation> {
    let quoted = |value: &str| problem.contains(&format!("`{value}`"));
    for (check, params) in &selection.params {
        if quoted(check) {
            let of_param = params.value.iter().find(|(name, _)| quoted(name));
            return of_param.map_or(params.place.clone(), |(_, value)| value.place.clone());
        }
    }
    selection
        .check
        .iter()
        .chain(&selection.exclude)
        .chain([&selection.pack.0])
        .find(|placed| placed.place.is_some() && quoted(&placed.value))
        .and_then(|placed| placed.place.clone())
}

/// The readings of the selected checks, with the listings they need.
pub(super) fn needs(selected: &Selected) -> BTreeSet<(SubjectKind, Need)> {
    let mut needs = selected.needs();
    // Functions, trails and AWS Config are read Region by Region.
    if needs
        .iter()
        .any(|(_, need)| need.reading.scope() == Scope::Region)
    {
        needs.insert((SubjectKind::Region, Need::own(ReadingKind::RegionListing)));
    }
    needs
}
