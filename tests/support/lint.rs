//! ShellCheck and cfn-lint, from `localstack/tools`, on what a plan prints.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by test files that each use a part of it; a test that cannot go on should stop loudly"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The folder of the AWS CLI, cfn-lint and ShellCheck, installed when they are not there.
pub fn tools() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let found = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/tools"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            found.status.success(),
            "{}",
            String::from_utf8_lossy(&found.stderr)
        );
        PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
    })
}

fn checked(program: &str, arguments: &[&str], text: &str) {
    let mut run = Command::new(tools().join(program))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = run.stdin.take().unwrap();
    // It may say what is wrong before it has read everything.
    let sent = text.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(sent.as_bytes());
    });
    let ran = run.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(
        ran.status.success(),
        "{program}:\n{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// A whole script as ShellCheck likes it, down to style.
pub fn shell(script: &str) {
    checked("shellcheck", &["--shell=sh", "--norc", "-"], script);
}

/// A whole template as cfn-lint likes it, warnings included. What stands in a policy of the account is
/// kept as it is, odd or not: actions of another service (W3037), resources that are no ARN (E3514).
pub fn cloudformation(template: &str) {
    checked("cfn-lint", &["--ignore-checks", "W3037", "E3514"], template);
}
