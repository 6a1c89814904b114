//! Embeds `policies/**` in the binary: a table of (path, text), sorted by path.
//!
//! The checks are data, and this is the only step between a file under `policies/` and the
//! catalogue. Directories are watched as well as files, so that a new file is seen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let root = PathBuf::from(required("CARGO_MANIFEST_DIR")?);
    let policies = root.join("policies");
    let mut files = Vec::new();
    collect(&policies, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file
            .strip_prefix(&root)
            .map_err(io::Error::other)?
            .to_string_lossy()
            .replace('\\', "/");
        table.push_str(&format!(
            "    ({name:?}, include_str!({:?})),\n",
            file.display()
        ));
    }
    table.push_str("]\n");
    let out = Path::new(&required("OUT_DIR")?).join("policies.rs");
    fs::write(out, table)
}

fn required(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// Collects the YAML files below `directory`. `policies/data` holds tables for the facts, which
/// embed them themselves.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "data") {
                collect(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
