//! The files of a run below `--to`, and how they are written: whole or not at all.
//!
//! ```text
//! runs/run=R/organization.json                 the tree and the policies
//! runs/run=R/manifest.json                     what is read, and of which accounts
//! runs/run=R/status/account=ID.json            written last for an account
//! runs/run=R/shards/I-of-N.json                written last by a shard
//! runs/run=R/summary.json                      written by a merge
//! snapshots/run=R/account=ID.json.gz           the account's snapshot
//! results/run=R/account=ID/results.jsonl.gz    the account's results, a line each
//! ```
//!
//! Compressed files hold no time and no name, so the same content has the same bytes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::run::{RunError, files};

/// The level of compression: that of gzip's default, so that files stay the same.
const LEVEL: Compression = Compression::new(6);

/// The most that a compressed file may hold, bytes: far above any snapshot, far below what would fill
/// the memory.
const LONGEST: u64 = 4 * 1024 * 1024 * 1024;

/// One run's files.
#[derive(Clone, Debug)]
pub(in crate::run) struct RunFolder {
    root: PathBuf,
    run: String,
}

/// Keeps other processes off the run for as long as it lives.
#[derive(Debug)]
pub(in crate::run) struct RunLock {
    _file: File,
}

impl RunFolder {
    /// The run of that id.
    pub(in crate::run) fn new(root: &Path, run: &str) -> Self {
        Self {
            root: root.to_owned(),
            run: run.to_owned(),
        }
    }

    /// The ids of all runs below a folder, sorted.
    pub(in crate::run) fn runs(root: &Path) -> Vec<String> {
        let mut runs: Vec<String> = fs::read_dir(root.join("runs"))
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                Some(name.strip_prefix("run=")?.to_owned())
            })
            .collect();
        runs.sort();
        runs
    }

    /// The run's id.
    pub(in crate::run) fn run(&self) -> &str {
        &self.run
    }

    /// The folder that was given.
    pub(in crate::run) fn root(&self) -> &Path {
        &self.root
    }

    fn of_run(&self, name: &str) -> PathBuf {
        self.root
            .join("runs")
            .join(format!("run={}", self.run))
            .join(name)
    }

    pub(in crate::run) fn organization(&self) -> PathBuf {
        self.of_run("organization.json")
    }

    pub(in crate::run) fn manifest(&self) -> PathBuf {
        self.of_run("manifest.json")
    }

    pub(in crate::run) fn summary(&self) -> PathBuf {
        self.of_run("summary.json")
    }

    pub(in crate::run) fn status(&self, account: &str) -> PathBuf {
        self.of_run("status")
            .join(format!("account={account}.json"))
    }

    pub(in crate::run) fn shard(&self, shard: u32, shards: u32) -> PathBuf {
        self.of_run("shards")
            .join(format!("{shard}-of-{shards}.json"))
    }

    pub(in crate::run) fn snapshot(&self, account: &str) -> PathBuf {
        self.root
            .join("snapshots")
            .join(format!("run={}", self.run))
            .join(format!("account={account}.json.gz"))
    }

    pub(in crate::run) fn results(&self, account: &str) -> PathBuf {
        self.root
            .join("results")
            .join(format!("run={}", self.run))
            .join(format!("account={account}"))
            .join("results.jsonl.gz")
    }

    /// Locks the run, or one shard of it, and removes what a process that was killed left half written.
    pub(in crate::run) fn lock(&self, part: &str) -> Result<RunLock, RunError> {
        let path = self.of_run(&format!(".lock{part}"));
        let wrong = |source| RunError::Write {
            path: path.clone(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(wrong)?;
        }
        let file = File::create(&path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RunError::mistake(
                    format!("another process works on run {}", self.run),
                    None,
                ));
            }
            Err(TryLockError::Error(source)) => return Err(wrong(source)),
        }
        if part.is_empty() {
            for folder in [
                self.of_run("."),
                self.of_run("status"),
                self.of_run("shards"),
                self.snapshot("x").with_file_name("."),
            ] {
                sweep(&folder);
            }
        }
        Ok(RunLock { _file: file })
    }
}

/// Removes unfinished files. What cannot be removed does no harm: no reader looks at it.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(files::UNFINISHED_PREFIX) && name.ends_with(files::UNFINISHED_SUFFIX) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes a file, and the folders it is in.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| RunError::Write {
            path: folder.to_owned(),
            source,
        })?;
    }
    files::write(path, |out| out.write_all(bytes))
}

/// Writes a document as JSON.
pub(in crate::run) fn write_json(path: &Path, document: &impl Serialize) -> Result<(), RunError> {
    let mut bytes = Vec::new();
    crate::output::json::document(document, &mut bytes).map_err(|source| RunError::Write {
        path: path.to_owned(),
        source,
    })?;
    write(path, &bytes)
}

/// Reads a document; none where there is no such file.
pub(in crate::run) fn read_json<T: DeserializeOwned>(
    path: &Path,
    what: &'static str,
) -> Result<Option<T>, RunError> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| RunError::Document {
            file: path.display().to_string(),
            what,
            message: error.to_string(),
        })
}

/// The bytes of a file; none where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, RunError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RunError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Compresses what `body` writes.
pub(super) fn compressed(
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Vec<u8>, RunError> {
    let mut encoder = GzEncoder::new(Vec::new(), LEVEL);
    body(&mut encoder)
        .and_then(|()| encoder.finish())
        .map_err(RunError::Stdout)
}

/// What a compressed file holds.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn expanded(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    GzDecoder::new(bytes)
        .take(LONGEST)
        .read_to_end(&mut out)
        .map_err(|error| error.to_string())?;
    Ok(out)
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_bytes() {
        let once = compressed(|out| out.write_all(b"content")).unwrap();
        let again = compressed(|out| out.write_all(b"content")).unwrap();
        assert_eq!(once, again);
        assert_eq!(expanded(&once).unwrap(), b"content");
        assert!(expanded(b"not gzip").is_err());
    }

    #[test]
    fn a_run_is_locked_once_and_swept() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(root.path(), "r");
        let lock = folder.lock("").unwrap();
        assert!(folder.lock("").is_err());
        assert!(folder.lock("-0-of-2").is_ok());
        drop(lock);
        let left = folder.status("1").with_file_name(format!(
            "{}x{}",
            files::UNFINISHED_PREFIX,
            files::UNFINISHED_SUFFIX
        ));
        write(&left, b"half").unwrap();
        folder.lock("").unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn runs_are_listed_by_id() {
        let root = tempfile::tempdir().unwrap();
        for run in ["b", "a"] {
            write(&RunFolder::new(root.path(), run).manifest(), b"{}").unwrap();
        }
        assert_eq!(RunFolder::runs(root.path()), ["a", "b"]);
        assert!(RunFolder::runs(Path::new("/nowhere")).is_empty());
    }
}
