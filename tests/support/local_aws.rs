//! A LocalStack of our own, on a free loopback port, that ends with the test; and the AWS CLI.
//!
//! The server is started by `localstack/start` and stopped by its process id; when it does not start
//! the test fails.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by test files that each use a part of it; a test that cannot go on should stop loudly"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A LocalStack that ends with the test.
pub struct Server {
    pub run_dir: tempfile::TempDir,
    pub endpoint: String,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One whose state machines take the answers of their tasks from that file.
    pub fn start_with_mocked_tasks(file: &Path) -> Self {
        let file = file.to_str().unwrap();
        Self::start_with(&["--mocked-tasks", file])
    }

    /// moto, for what LocalStack lacks. Its account is 123456789012 whatever the key.
    pub fn start_moto() -> Self {
        Self::start_with(&["--moto"])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let run_dir = tempfile::tempdir().unwrap();
        let started = Command::new(project().join("localstack/start"))
            .arg("--run-dir")
            .arg(run_dir.path())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            started.status.success(),
            "LocalStack did not start:\n{}",
            String::from_utf8_lossy(&started.stderr)
        );
        let endpoint = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
        Self { run_dir, endpoint }
    }

    pub fn deploy(&self, account: &str, file: &str) {
        self.run_deploy(account, file, &[]);
    }

    /// Everything that the file declares is there, and the expectations leave no check out.
    pub fn verify(&self, account: &str, file: &str) {
        self.run_deploy(account, file, &["--verify"]);
    }

    fn run_deploy(&self, account: &str, file: &str, more: &[&str]) {
        let deployed = Command::new(project().join("localstack/deploy"))
            .args([
                "--endpoint-url",
                &self.endpoint,
                "--account",
                account,
                "--file",
            ])
            .arg(project().join("localstack").join(file))
            .args(more)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            deployed.status.success(),
            "{file} is not deployed as declared:\n{}",
            String::from_utf8_lossy(&deployed.stderr)
        );
    }

    /// Deploys a CloudFormation template; the physical name of each resource by its logical id.
    pub fn deploy_stack(&self, account: &str, template: &Path) -> BTreeMap<String, String> {
        let deployed = Command::new(project().join("localstack/deploy"))
            .args([
                "--stack",
                "--endpoint-url",
                &self.endpoint,
                "--account",
                account,
            ])
            .args(["--stack-name", "sample", "--template"])
            .arg(template)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            deployed.status.success(),
            "the stack is not deployed:\n{}",
            String::from_utf8_lossy(&deployed.stderr)
        );
        serde_json::from_slice(&deployed.stdout).unwrap()
    }

    /// A program with nothing of our own environment but where the server is and who asks.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, account: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.run_dir.path())
            .env("LANG", "C.UTF-8")
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", "localstack")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .current_dir(self.run_dir.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the real binary against the server.
    pub fn coldbucket(&self, account: &str, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_coldbucket"), account)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// The answer of a call by the real AWS CLI; null where it answers with nothing.
    pub fn aws(&self, account: &str, arguments: &[&str]) -> serde_json::Value {
        let output = self
            .command(tools().join("aws"), account)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .args(["--output", "json"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap_or(serde_json::Value::Null)
    }

    /// Runs a shell script with the real AWS CLI on its path, and shows what it said if it fails.
    pub fn shell(&self, account: &str, script: &str) {
        let path = format!("{}:/usr/bin:/bin", tools().display());
        let ran = self
            .command("sh", account)
            .env("PATH", path)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            // s3control has the account in front of the host, and 555566667777.127.0.0.1 is nowhere:
            // the server is asked as a proxy, which looks no name up.
            .env("http_proxy", &self.endpoint)
            .arg("-c")
            .arg(script)
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(project().join("localstack/stop"))
            .arg("--run-dir")
            .arg(self.run_dir.path())
            .status();
        assert!(
            stopped.is_ok_and(|status| status.success()),
            "LocalStack was not stopped"
        );
    }
}

/// The folder of the AWS CLI, cfn-lint and ShellCheck, installed when they are not there.
pub fn tools() -> PathBuf {
    let found = Command::new(project().join("localstack/tools"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        found.status.success(),
        "{}",
        String::from_utf8_lossy(&found.stderr)
    );
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
}
