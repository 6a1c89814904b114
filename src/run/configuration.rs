//! Finds `coldbucket.toml`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::RunError;
use crate::cli::Mistakes;
use crate::cli::config::{ConfigFile, FILE_NAME};

/// The file named by `--config`, or the first one from the working directory upward. The search
/// stops at the root of a repository, so that a file in a shared parent folder has no effect.
pub(super) fn read(named: Option<&Path>) -> Result<Option<(PathBuf, ConfigFile)>, RunError> {
    match named {
        Some(path) => load(path).map(Some),
        None => match find() {
            Some(path) => load(&path).map(Some),
            None => Ok(None),
        },
    }
}

fn find() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    for folder in here.ancestors() {
        let path = folder.join(FILE_NAME);
        if path.is_file() {
            // Relative to the working directory.
            let short = path.strip_prefix(&here).map(Path::to_owned).ok();
            return Some(short.unwrap_or(path));
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

fn load(path: &Path) -> Result<(PathBuf, ConfigFile), RunError> {
    let text = super::files::read_text(path).map_err(|error| match error {
        RunError::Read { path, source } if source.kind() == ErrorKind::NotFound => {
            RunError::mistake(format!("the file {} does not exist", path.display()), None)
        }
        other => other,
    })?;
    let config = ConfigFile::parse(path, &text)
        .map_err(|Mistakes(mistakes)| RunError::Mistakes(mistakes))?;
    Ok((path.to_owned(), config))
}
