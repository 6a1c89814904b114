//! What the project gives to CI, linted: workflows, the action, examples, the Dockerfile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::fs;
use std::process::{Command, Stdio};

use support::tools::{assert_content, project, tool};
use support::{accounts, coldbucket};

const WORKFLOWS: [&str; 5] = [
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    "docs/ci/github.yml",
    "docs/ci/policies.yml",
    "docs/ci/pull-request.yml",
];

#[test]
fn workflows_and_the_action_meet_their_schemas_and_actionlint() {
    for (schema, files) in [
        ("vendor.github-workflows", &WORKFLOWS[..]),
        ("vendor.github-actions", &["action.yml"]),
        ("vendor.gitlab-ci", &["docs/ci/gitlab-ci.yml"]),
    ] {
        assert_content(
            tool("check-jsonschema")
                .args(["--builtin-schema", schema])
                .args(files),
        );
    }
    assert_content(tool("actionlint").arg("-no-color").args(WORKFLOWS));
}

#[test]
fn the_dockerfile_is_linted() {
    assert_content(tool("hadolint").args(["--no-color", "Dockerfile"]));
}

/// The scripts within, in a shell that only reads them.
#[test]
fn scripts_are_scripts() {
    let action = fs::read_to_string(project().join("action.yml")).unwrap();
    let action: serde_json::Value = serde_saphyr::from_str(&action).unwrap();
    let mut scripts: Vec<String> = action["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["run"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(scripts.len(), 5);
    // An input that is written into a script is code of whoever chose it.
    assert!(scripts.iter().all(|script| !script.contains("${{")));
    for file in [
        "docs/ci/container.sh",
        ".ci/run",
        ".ci/wheel",
        ".ci/glibc",
        ".ci/formula",
    ] {
        scripts.push(fs::read_to_string(project().join(file)).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, script) in scripts.iter().enumerate() {
        let file = folder.path().join(format!("{number}.sh"));
        fs::write(&file, script).unwrap();
        assert_content(
            Command::new("bash")
                .arg("-n")
                .arg(&file)
                .stdin(Stdio::null()),
        );
        assert_content(
            tool("shellcheck")
                .args(["--norc", "--shell=bash"])
                .arg(&file),
        );
    }
}

/// The step of the action that audits, run with the real binary in the place of the built one.
#[test]
fn the_audit_step_of_the_action_does_what_it_says() {
    let action = fs::read_to_string(project().join("action.yml")).unwrap();
    let action: serde_json::Value = serde_saphyr::from_str(&action).unwrap();
    let script = action["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "audit")
        .unwrap()["run"]
        .as_str()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let ran = Command::new("bash")
        .args(["-e", "-c", script])
        .current_dir(folder.path())
        .env("PROGRAM", env!("CARGO_BIN_EXE_coldbucket"))
        .env("JSON", path("report.json"))
        .env("MARKDOWN", path("report.md"))
        .env("GITHUB_STEP_SUMMARY", path("summary"))
        .env("GITHUB_OUTPUT", path("output"))
        .envs([
            ("PACK", "default"),
            ("FAIL_ON", "critical"),
            ("REGION", "us-east-1,eu-west-1"),
            ("SNAPSHOT", ""),
            ("BASELINE", ""),
            ("ARGS", "--sample\n--check\ns3-public-*\n"),
            ("SARIF", "out.sarif"),
            ("SUMMARY", "true"),
        ])
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let output = fs::read_to_string(path("output")).unwrap();
    assert!(
        output.starts_with("exit-code=1\nsarif=out.sarif\njson="),
        "{output}"
    );
    let summary = fs::read_to_string(path("summary")).unwrap();
    assert!(summary.starts_with("## coldbucket: "), "{summary}");
    assert!(
        fs::read_to_string(path("out.sarif"))
            .unwrap()
            .contains("\"2.1.0\"")
    );
}

/// The policy that the documentation shows is the one that is generated.
#[test]
fn the_policy_in_the_documentation_is_generated() {
    let printed = coldbucket("permissions --check s3-plain-http")
        .run()
        .exits(0)
        .stdout;
    let shown: String = printed
        .lines()
        .map(|line| format!("       {line}\n"))
        .collect();
    let page = fs::read_to_string(project().join("docs/ci/README.md")).unwrap();
    assert!(
        page.contains(&shown),
        "docs/ci/README.md does not show:\n{shown}"
    );
}

// The table of a large account --------------------------------------------------------------------

/// Lines from a heading to the next empty line that a heading follows.
fn section(table: &str, heading: &str) -> usize {
    table
        .lines()
        .skip_while(|line| !line.starts_with(heading))
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .count()
}

#[test]
fn an_account_of_500_buckets_reads_as_a_page() {
    let table = |options: &str| {
        coldbucket(&format!("audit --snapshot large.json {options}"))
            .file("large.json", &accounts::of_buckets(500).to_string())
            .env("COLUMNS", "120")
            .run()
            .exits(1)
            .stdout
    };
    let by_check = table("");
    // Some ten checks fail, each with its title, a sentence, some names, how many more, and its fix.
    assert!(by_check.contains("and 475 more"), "{by_check}");
    let lines = section(&by_check, "Findings");
    assert!((20..=120).contains(&lines), "{lines} lines:\n{by_check}");

    let by_resource = table("--by resource");
    assert!(by_resource.contains("acme-data-0049"), "{by_resource}");
    assert!(!by_resource.contains("likewise"), "not by check");
    assert!(by_resource.contains(" more resources, none of them worse"));
    let lines = section(&by_resource, "Findings");
    assert!(
        (200..=700).contains(&lines),
        "{lines} lines:\n{by_resource}"
    );
}
