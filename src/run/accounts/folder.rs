//! The files of a run below `--to`, in a folder or in a bucket, and how they are written: whole or not at
//! all.
//!
//! ```text
//! runs/run=R/organization.json                 the tree and the policies
//! runs/run=R/manifest.json                     what is read, and of which accounts
//! runs/run=R/status/account=ID.json            written last for an account
//! runs/run=R/shards/I-of-N.json                written last by a shard
//! runs/run=R/todo.json                         the accounts that are read next (`coldbucket lambda`)
//! runs/run=R/summary.json                      written by a merge
//! snapshots/run=R/account=ID.json.gz           the account's snapshot
//! results/run=R/account=ID/results.jsonl.gz    the account's results, a line each
//! ```
//!
//! Compressed files hold no time and no name, so the same content has the same bytes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
#[cfg(feature = "aws")]
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::cli::options::RunTarget;
#[cfg(feature = "aws")]
use crate::collect::run_bucket::RunBucket;
use crate::inventory::request::CollectRequest;
use crate::run::{RunError, files};

/// The level of compression: that of gzip's default, so that files stay the same.
const LEVEL: Compression = Compression::new(6);

/// The most that a compressed file may hold, bytes: far above any snapshot, far below what would fill
/// the memory.
const LONGEST: u64 = 4 * 1024 * 1024 * 1024;

/// Where the files of runs are.
#[derive(Clone, Debug)]
pub(in crate::run) enum RunStore {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    #[cfg(feature = "aws")]
    Bucket(Arc<RunBucket>),
}

impl RunStore {
    /// The folder or bucket of `--to`; a bucket is reached with the credentials of the request.
    pub(in crate::run) fn open(
        target: &RunTarget,
        request: &CollectRequest,
    ) -> Result<Self, RunError> {
        match target {
            RunTarget::Folder(folder) => Ok(Self::Folder(folder.clone())),
            #[cfg(feature = "aws")]
            RunTarget::Bucket { bucket, prefix } => Ok(Self::Bucket(Arc::new(RunBucket::open(
                bucket, prefix, request,
            )?))),
            #[cfg(not(feature = "aws"))]
            RunTarget::Bucket { .. } => {
                let _ = request;
                Err(RunError::Offline)
            }
        }
    }

    /// The ids of all runs, sorted.
    pub(in crate::run) fn runs(&self) -> Result<Vec<String>, RunError> {
        let names: Vec<String> = match self {
            Self::Folder(root) => fs::read_dir(root.join("runs"))
                .into_iter()
                .flatten()
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .collect(),
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.folders("runs/")?,
        };
        let mut runs: Vec<String> = names
            .iter()
            .filter_map(|name| Some(name.strip_prefix("run=")?.to_owned()))
            .collect();
        runs.sort();
        Ok(runs)
    }

    /// How a file, or the whole for an empty key, is named to a person.
    pub(in crate::run) fn shown(&self, key: &str) -> String {
        match self {
            Self::Folder(root) if key.is_empty() => root.display().to_string(),
            Self::Folder(root) => root.join(key).display().to_string(),
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.shown(key),
        }
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunError> {
        match self {
            Self::Folder(root) => {
                let path = root.join(key);
                match fs::read(&path) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(RunError::Read { path, source }),
                }
            }
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => Ok(bucket.read(key)?),
        }
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), RunError> {
        match self {
            Self::Folder(root) => files::write_in(root, key, bytes),
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => Ok(bucket.write(key, bytes)?),
        }
    }
}

/// One run's files, each by its key: its path below the folder, or in the bucket.
#[derive(Clone, Debug)]
pub(in crate::run) struct RunFolder {
    store: RunStore,
    run: String,
}

/// Keeps other processes off the run for as long as it lives.
#[derive(Debug)]
pub(in crate::run) struct RunLock {
    _file: Option<File>,
}

impl RunFolder {
    /// The run of that id.
    pub(in crate::run) fn new(store: &RunStore, run: &str) -> Self {
        Self {
            store: store.clone(),
            run: run.to_owned(),
        }
    }

    /// The run's id.
    pub(in crate::run) fn run(&self) -> &str {
        &self.run
    }

    /// Where the files of all runs are.
    pub(in crate::run) fn store(&self) -> &RunStore {
        &self.store
    }

    fn of_run(&self, name: &str) -> String {
        format!("runs/run={}/{name}", self.run)
    }

    pub(in crate::run) fn organization(&self) -> String {
        self.of_run("organization.json")
    }

    pub(in crate::run) fn manifest(&self) -> String {
        self.of_run("manifest.json")
    }

    pub(in crate::run) fn summary(&self) -> String {
        self.of_run("summary.json")
    }

    /// The accounts that are read next.
    #[cfg(feature = "lambda")]
    pub(in crate::run) fn todo(&self) -> String {
        self.of_run("todo.json")
    }

    /// A report of a merge.
    #[cfg(feature = "lambda")]
    pub(in crate::run) fn report(&self, name: &str) -> String {
        format!("reports/run={}/{name}", self.run)
    }

    pub(in crate::run) fn status(&self, account: &str) -> String {
        format!("{}{account}.json", self.status_prefix())
    }

    /// What the keys of all accounts' statuses begin with.
    pub(in crate::run) fn status_prefix(&self) -> String {
        self.of_run("status/account=")
    }

    /// The key with what stands before it in the bucket.
    #[cfg(feature = "lambda")]
    pub(in crate::run) fn full_key(&self, key: &str) -> String {
        match &self.store {
            RunStore::Folder(_) => key.to_owned(),
            RunStore::Bucket(bucket) => bucket.full_key(key),
        }
    }

    pub(in crate::run) fn shard(&self, shard: u32, shards: u32) -> String {
        self.of_run(&format!("shards/{shard}-of-{shards}.json"))
    }

    pub(in crate::run) fn snapshot(&self, account: &str) -> String {
        format!("snapshots/run={}/account={account}.json.gz", self.run)
    }

    pub(in crate::run) fn results(&self, account: &str) -> String {
        format!(
            "results/run={}/account={account}/results.jsonl.gz",
            self.run
        )
    }

    /// How a file is named to a person.
    pub(in crate::run) fn shown(&self, key: &str) -> String {
        self.store.shown(key)
    }

    /// The bytes of a file; none where there is none.
    pub(in crate::run) fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunError> {
        self.store.read(key)
    }

    /// Writes a file, whole or not at all.
    pub(in crate::run) fn write(&self, key: &str, bytes: &[u8]) -> Result<(), RunError> {
        self.store.write(key, bytes)
    }

    /// Writes a file that may be larger than the memory, by way of a temporary one.
    #[cfg(feature = "lambda")]
    pub(in crate::run) fn write_by(
        &self,
        key: &str,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), RunError> {
        let path = match &self.store {
            RunStore::Folder(root) => root.join(key),
            RunStore::Bucket(_) => std::env::temp_dir(),
        };
        let wrong = |source| RunError::Write {
            path: path.clone(),
            source,
        };
        let file = tempfile::NamedTempFile::new().map_err(wrong)?;
        let mut out = io::BufWriter::new(file.as_file());
        body(&mut out).and_then(|()| out.flush()).map_err(wrong)?;
        drop(out);
        match &self.store {
            RunStore::Folder(root) => {
                let bytes = fs::read(file.path()).map_err(wrong)?;
                files::write_in(root, key, &bytes)
            }
            RunStore::Bucket(bucket) => Ok(bucket.write_file(key, file.path())?),
        }
    }

    /// Writes a document as JSON.
    pub(in crate::run) fn write_json(
        &self,
        key: &str,
        document: &impl Serialize,
    ) -> Result<(), RunError> {
        let mut bytes = Vec::new();
        crate::output::json::document(document, &mut bytes)
            .map_err(|error| RunError::Internal(format!("{key}: {error}")))?;
        self.write(key, &bytes)
    }

    /// Reads a document; none where there is no such file.
    pub(in crate::run) fn read_json<T: DeserializeOwned>(
        &self,
        key: &str,
        what: &'static str,
    ) -> Result<Option<T>, RunError> {
        let Some(bytes) = self.read(key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| RunError::Document {
                file: self.shown(key),
                what,
                message: error.to_string(),
            })
    }

    /// Locks the run, or one shard of it, and removes what a process that was killed left half written.
    /// A bucket needs no lock: an object is written whole, and two processes write the same objects.
    pub(in crate::run) fn lock(&self, part: &str) -> Result<RunLock, RunError> {
        #[cfg(feature = "aws")]
        let RunStore::Folder(root) = &self.store else {
            return Ok(RunLock { _file: None });
        };
        #[cfg(not(feature = "aws"))]
        let RunStore::Folder(root) = &self.store;
        let path = root.join(self.of_run(&format!(".lock{part}")));
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
            for entry in fs::read_dir(root).into_iter().flatten().flatten() {
                sweep(&entry.path().join(format!("run={}", self.run)));
            }
        }
        Ok(RunLock { _file: Some(file) })
    }
}

/// Removes unfinished files below a folder. What cannot be removed does no harm: no reader looks at it.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sweep(&entry.path());
        } else if name.starts_with(files::UNFINISHED_PREFIX)
            && name.ends_with(files::UNFINISHED_SUFFIX)
        {
            let _ = fs::remove_file(entry.path());
        }
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

    fn store(root: &tempfile::TempDir) -> RunStore {
        RunStore::Folder(root.path().to_owned())
    }

    #[test]
    fn a_run_is_locked_once_and_swept() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(&store(&root), "r");
        let lock = folder.lock("").unwrap();
        assert!(folder.lock("").is_err());
        assert!(folder.lock("-0-of-2").is_ok());
        drop(lock);
        let unfinished = |key: &str| {
            let (folder, _) = key.rsplit_once('/').unwrap();
            format!(
                "{folder}/{}x{}",
                files::UNFINISHED_PREFIX,
                files::UNFINISHED_SUFFIX
            )
        };
        let other = RunFolder::new(&store(&root), "other");
        let of_another_run = unfinished(&other.status("x"));
        folder.write(&of_another_run, b"half").unwrap();
        let kinds = [
            folder.manifest(),
            folder.status("x"),
            folder.shard(0, 1),
            folder.snapshot("x"),
            folder.results("x"),
        ];
        for kind in kinds {
            let left = unfinished(&kind);
            folder.write(&left, b"half").unwrap();
            folder.write(&kind, b"whole").unwrap();
            folder.lock("").unwrap();
            assert_eq!(folder.read(&left).unwrap(), None, "{left}");
            assert!(folder.read(&kind).unwrap().is_some(), "{kind}");
        }
        assert!(folder.read(&of_another_run).unwrap().is_some());
    }

    #[test]
    fn runs_are_listed_by_id() {
        let root = tempfile::tempdir().unwrap();
        for run in ["b", "a"] {
            let folder = RunFolder::new(&store(&root), run);
            folder.write(&folder.manifest(), b"{}").unwrap();
        }
        assert_eq!(store(&root).runs().unwrap(), ["a", "b"]);
        let nowhere = RunStore::Folder("/nowhere".into());
        assert!(nowhere.runs().unwrap().is_empty());
    }
}
