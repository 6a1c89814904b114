//! Checkers that are no Rust: installed into target/tools/lint when a test first asks for one.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by test files that each use a part of it; a test that fails should say where"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of tests/tools/requirements.txt.
pub fn tool(name: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let installed = Command::new(project().join("tests/tools/install"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            installed.status.success(),
            "the checkers were not installed (this needs Python 3.10 or newer with venv):\n{}",
            String::from_utf8_lossy(&installed.stderr)
        );
        PathBuf::from(String::from_utf8(installed.stdout).unwrap().trim())
    });
    let mut command = Command::new(folder.join(name));
    command.stdin(Stdio::null()).current_dir(project());
    command
}

/// Runs a checker and shows what it says when it is not content.
#[track_caller]
pub fn assert_content(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
