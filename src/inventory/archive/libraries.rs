//! Which libraries a zip holds, by the folders that package managers make.
//!
//! * npm: `node_modules/NAME/` and `node_modules/@SCOPE/NAME/`, the outermost only;
//! * pip: `NAME-VERSION.dist-info/` or `.egg-info/`; where a zip has none of them, the folders with an
//!   `__init__.py`;
//! * bundler: `gems/NAME-VERSION/`;
//! * Composer: `vendor/ORGANIZATION/NAME/`.
//!
//! That a library is there does not say that the function imports it.

use std::collections::BTreeMap;

use super::summary::{MOST_FOLDERS, shown};

/// The libraries seen so far with their unzipped bytes.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    /// By the metadata and folders of package managers.
    installed: BTreeMap<String, u64>,
    /// Python folders that code imports.
    imported: BTreeMap<String, u64>,
    /// Some Python package has metadata.
    has_metadata: bool,
}

impl Libraries {
    /// Counts a file.
    pub(super) fn add(&mut self, path: &str, bytes: u64) {
        let segments: Vec<&str> = path.split('/').collect();
        let Some((file, folders)) = segments.split_last() else {
            return;
        };
        if let Some(name) = npm(folders)
            .or_else(|| gem(folders))
            .or_else(|| composer(folders))
        {
            count(&mut self.installed, name, bytes);
            return;
        }
        let Some((first, below)) = site_packages(folders).split_first() else {
            return;
        };
        if let Some(name) = distribution(first) {
            self.has_metadata = true;
            count(&mut self.installed, name.to_owned(), bytes);
        } else if below.is_empty() && *file == "__init__.py" || self.imported.contains_key(*first) {
            count(&mut self.imported, (*first).to_owned(), bytes);
        }
    }

    /// The names of the largest, in their order.
    pub(super) fn names(self, at_most: usize) -> Vec<String> {
        let mut all: Vec<(String, u64)> = self.installed.into_iter().collect();
        if !self.has_metadata {
            all.extend(self.imported);
        }
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(at_most);
        let mut names: Vec<String> = all.into_iter().map(|(name, _)| shown(&name)).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn count(names: &mut BTreeMap<String, u64>, name: String, bytes: u64) {
    if names.len() < MOST_FOLDERS || names.contains_key(&name) {
        let sum = names.entry(name).or_default();
        *sum = sum.saturating_add(bytes);
    }
}

fn npm(folders: &[&str]) -> Option<String> {
    let shelf = folders
        .iter()
        .position(|folder| *folder == "node_modules")?;
    let name = folders.get(shelf + 1)?;
    if name.starts_with('.') {
        None
    } else if name.starts_with('@') {
        Some(format!("{name}/{}", folders.get(shelf + 2)?))
    } else {
        Some((*name).to_owned())
    }
}

/// `gems/nokogiri-1.16.0-x86_64-linux/`: the name ends before the first hyphen that a digit follows.
fn gem(folders: &[&str]) -> Option<String> {
    let shelf = folders.iter().position(|folder| *folder == "gems")?;
    let folder = folders.get(shelf + 1)?;
    let end = folder.match_indices('-').map(|(at, _)| at).find(|at| {
        folder
            .get(at + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })?;
    folder.get(..end).map(str::to_owned)
}

fn composer(folders: &[&str]) -> Option<String> {
    let [shelf, organization, name, ..] = folders else {
        return None;
    };
    (*shelf == "vendor" && !matches!(*organization, "bundle" | "bin" | "cache" | "composer"))
        .then(|| format!("{organization}/{name}"))
}

/// What is below the folder that Python packages lie in: the root, a layer's `python/`, or
/// `site-packages/`.
fn site_packages<'f>(folders: &'f [&'f str]) -> &'f [&'f str] {
    match folders {
        ["python", "lib", _, "site-packages", rest @ ..] | ["python", rest @ ..] => rest,
        folders => folders,
    }
}

/// The distribution that a metadata folder is of.
fn distribution(folder: &str) -> Option<&str> {
    let named = folder
        .strip_suffix(".dist-info")
        .or_else(|| folder.strip_suffix(".egg-info"))?;
    Some(named.split_once('-').map_or(named, |(name, _)| name))
}
