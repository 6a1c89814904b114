//! Files and standard output. A file is written completely or not at all.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::RunError;

/// How the names of files begin and end that are not written to their end.
pub(super) const UNFINISHED_PREFIX: &str = ".coldbucket-";
pub(super) const UNFINISHED_SUFFIX: &str = ".partial";

/// Reads a text file.
pub(super) fn read_text(path: &Path) -> Result<String, RunError> {
    fs::read_to_string(path).map_err(|source| RunError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Reads a file, or standard input for `-`. Also returns its name.
pub(super) fn read_bytes(path: &Path) -> Result<(String, Vec<u8>), RunError> {
    let read = |source| RunError::Read {
        path: path.to_owned(),
        source,
    };
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map_err(read)?;
        return Ok(("standard input".to_owned(), bytes));
    }
    let bytes = fs::read(path).map_err(read)?;
    Ok((path.display().to_string(), bytes))
}

/// Tests that a file can be written, before an account is read for minutes.
pub(super) fn check_writable(path: &Path) -> Result<(), RunError> {
    let target = OutputFile::of(path);
    let outcome = match &target {
        OutputFile::Special(path) => fs::OpenOptions::new().append(true).open(path).map(drop),
        OutputFile::Regular { path, folder } => {
            if path.is_dir() {
                Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory"))
            } else {
                temporary(folder).map(drop)
            }
        }
    };
    outcome.map_err(|source| RunError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file through a temporary file in the same folder, which then replaces it.
pub(super) fn write(
    path: &Path,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RunError> {
    let outcome = match OutputFile::of(path) {
        OutputFile::Special(path) => {
            fs::OpenOptions::new()
                .append(true)
                .open(path)
                .and_then(|file| {
                    let mut out = BufWriter::new(file);
                    body(&mut out)?;
                    out.flush()
                })
        }
        OutputFile::Regular { path, folder } => temporary(&folder).and_then(|file| {
            let mut out = BufWriter::new(file);
            body(&mut out)?;
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        }),
    };
    match outcome {
        // A closed pipe, as in `-o json=/dev/stdout | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|source| RunError::Write {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file below a folder, and the folders in between.
pub(super) fn write_in(folder: &Path, name: &str, text: &[u8]) -> Result<(), RunError> {
    let path = folder.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| RunError::Write {
            path: folder.to_owned(),
            source,
        })?;
    }
    write(&path, |out| out.write_all(text))
}

enum OutputFile {
    /// Replaced as a whole.
    Regular { path: PathBuf, folder: PathBuf },
    /// A device or a pipe: replacing it would destroy it.
    Special(PathBuf),
}

impl OutputFile {
    fn of(path: &Path) -> Self {
        // A link is followed, so that the file it names is replaced and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(meta) if !meta.is_file() && !meta.is_dir() => Self::Special(path),
            _ => {
                let folder = match path.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                    _ => PathBuf::from("."),
                };
                Self::Regular { path, folder }
            }
        }
    }
}

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED_PREFIX).suffix(UNFINISHED_SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any program; the umask restricts it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Standard output. A closed pipe is not an error.
pub(super) struct Stdout<'a> {
    out: BufWriter<&'a mut dyn Write>,
    gone: bool,
}

impl<'a> Stdout<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out: BufWriter::new(out),
            gone: false,
        }
    }

    /// Writes to it.
    pub(super) fn write(
        &mut self,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), RunError> {
        if self.gone {
            return Ok(());
        }
        let outcome = body(&mut self.out);
        self.outcome(outcome)
    }

    /// True if the pipe is closed.
    pub(super) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Flushes everything.
    pub(super) fn finish(&mut self) -> Result<(), RunError> {
        if self.gone {
            return Ok(());
        }
        let outcome = self.out.flush();
        self.outcome(outcome)
    }

    fn outcome(&mut self, outcome: io::Result<()>) -> Result<(), RunError> {
        match outcome {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            outcome => outcome.map_err(RunError::Stdout),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_fails_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let failed = write(&path, |out| {
            out.write_all(b"half of the new")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        check_writable(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), |out| out.write_all(b"gone")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_missing_folder_is_reported_before_anything_is_read() {
        let error = check_writable(Path::new("/nowhere/report.json")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/nowhere/report.json cannot be written"),
            "{error}"
        );
    }

    #[test]
    fn a_closed_pipe_is_not_an_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gone = Gone;
        let mut stdout = Stdout::new(&mut gone);
        stdout.write(|out| out.write_all(&[b'x'; 100_000])).unwrap();
        stdout.write(|out| out.write_all(b"more")).unwrap();
        stdout.finish().unwrap();
    }
}
