//! The files below `deploy/`: the templates lint, the state machine stands once, the package can be started,
//! and what they name of the program is what the program has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

#[path = "support/lint.rs"]
mod lint;
#[path = "support/local_aws.rs"]
mod local_aws;
#[path = "support/tools.rs"]
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use local_aws::Server;
use serde_json::{Value, json};

/// The line of the template below which the state machine stands, and how far its lines are moved in.
const DEFINITION: &str = "      DefinitionString: |\n";
const INDENT: &str = "        ";

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(deploy(name)).unwrap()
}

fn state_machine() -> Value {
    serde_json::from_str(&text("aws/organization.asl.json")).unwrap()
}

/// The state machine is edited in its own file; `COLDBUCKET_WRITE=1` puts it into the template.
#[test]
fn the_template_holds_the_state_machine() {
    let template = text("aws/organization.yaml");
    let (before, rest) = template.split_once(DEFINITION).unwrap();
    let held: Vec<&str> = rest
        .lines()
        .take_while(|line| line.starts_with(INDENT))
        .collect();
    let after: Vec<&str> = rest.lines().skip(held.len()).collect();
    let wanted: String = text("aws/organization.asl.json")
        .lines()
        .map(|line| format!("{INDENT}{line}\n"))
        .collect();
    let held: String = held.iter().map(|line| format!("{line}\n")).collect();
    if held != wanted && std::env::var_os("COLDBUCKET_WRITE").is_some() {
        let template = format!("{before}{DEFINITION}{wanted}{}\n", after.join("\n"));
        fs::write(deploy("aws/organization.yaml"), template).unwrap();
        return;
    }
    assert!(
        held == wanted,
        "run COLDBUCKET_WRITE=1 cargo test --test deployment"
    );
}

/// The states of a machine and of the machines inside its maps.
fn scopes(machine: &Value, found: &mut Vec<Value>) {
    found.push(machine.clone());
    for state in machine["States"].as_object().unwrap().values() {
        if let Some(inner) = state.get("ItemProcessor") {
            scopes(inner, found);
        }
    }
}

#[test]
fn every_transition_leads_to_a_state_and_every_state_is_reached() {
    let mut all = Vec::new();
    scopes(&state_machine(), &mut all);
    assert_eq!(all.len(), 2);
    for scope in all {
        let states = scope["States"].as_object().unwrap();
        let mut reached = BTreeSet::from([scope["StartAt"].as_str().unwrap()]);
        for (name, state) in states {
            let catches = state["Catch"].as_array().into_iter().flatten();
            let choices = state["Choices"].as_array().into_iter().flatten();
            let next = catches
                .chain(choices)
                .filter_map(|one| one["Next"].as_str());
            let next = next.chain(state["Next"].as_str());
            reached.extend(next.chain(state["Default"].as_str()));
            let ends = state["End"] == true || state["Type"] == "Choice";
            assert!(ends || state["Next"].is_string(), "{name} leads nowhere");
        }
        let states: BTreeSet<&str> = states.keys().map(String::as_str).collect();
        assert_eq!(reached, states);
    }
}

/// An account that fails must not fail the run, and leaves a status that `merge` reads.
#[test]
fn an_invocation_that_fails_is_recorded_and_ends_no_run() {
    let machine = state_machine();
    let map = &machine["States"]["EachAccount"];
    assert_eq!(map["ToleratedFailureCount"], 10_000);
    assert!(map["MaxConcurrency"].as_u64().unwrap() > 0);
    let states = &map["ItemProcessor"]["States"];
    assert_eq!(states["Audit"]["Catch"][0]["ErrorEquals"][0], "States.ALL");
    let failed = states[states["Audit"]["Catch"][0]["Next"].as_str().unwrap()].clone();
    let mut status = serde_json::Map::new();
    for (name, value) in failed["Parameters"]["Body"].as_object().unwrap() {
        let (name, value) = match name.strip_suffix(".$") {
            // What a path stands for is a text.
            Some(name) => (name, Value::from("2026-11-29T12:00:00Z")),
            None => (name.as_str(), value.clone()),
        };
        status.insert(name.to_owned(), value);
    }
    let status: coldbucket::report::account_run::AccountStatus =
        serde_json::from_value(Value::Object(status)).unwrap();
    assert!(!status.status.is_read());
    assert_eq!(status.status.name(), "failed");
}

/// What a task answers, attempt by attempt: the error of the first ones, then the answer.
fn mocked(failures: usize, error: &str, answer: &Value) -> Value {
    let answered = json!({"Return": {"StatusCode": 200, "Payload": answer}});
    match failures {
        0 => json!({"0": answered}),
        1 => json!({"0": {"Throw": {"Error": error, "Cause": "c"}}, "1": answered}),
        n => json!({
            format!("0-{}", n - 1): {"Throw": {"Error": error, "Cause": "c"}},
            n.to_string(): answered,
        }),
    }
}

const THROTTLED: &str = "Lambda.TooManyRequestsException";
const TIMED_OUT: &str = "Sandbox.Timedout";
const INVALID: &str = "Run.Invalid";
const FAILED: &str = "Run.Failed";

/// A case: which task fails how often with which error, the accounts that are to be read, and what comes of
/// it: the end of the execution, the accounts whose children ran, and the error that is recorded.
type MockedCase = (
    &'static str,
    (&'static str, usize, &'static str),
    u64,
    (&'static str, u64, Option<&'static str>),
);

const CASES: [MockedCase; 12] = [
    ("none-fails", ("Audit", 0, ""), 1, ("SUCCEEDED", 1, None)),
    (
        "nothing-to-read",
        ("Audit", 0, ""),
        0,
        ("SUCCEEDED", 0, None),
    ),
    // Lambda has no room: tried again as often as it takes, here up to eight times.
    (
        "throttled",
        ("Audit", 3, THROTTLED),
        1,
        ("SUCCEEDED", 1, None),
    ),
    // A crash is tried once more.
    (
        "crashed",
        ("Audit", 1, TIMED_OUT),
        1,
        ("SUCCEEDED", 1, None),
    ),
    (
        "crashed-twice",
        ("Audit", 2, TIMED_OUT),
        1,
        ("SUCCEEDED", 1, Some(TIMED_OUT)),
    ),
    (
        "exited",
        ("Audit", 2, "Runtime.ExitError"),
        1,
        ("SUCCEEDED", 1, Some("Runtime.ExitError")),
    ),
    // What cannot succeed is not tried again.
    (
        "invalid",
        ("Audit", 1, INVALID),
        1,
        ("SUCCEEDED", 1, Some(INVALID)),
    ),
    (
        "plan-throttled",
        ("Plan", 3, THROTTLED),
        1,
        ("SUCCEEDED", 1, None),
    ),
    (
        "plan-failed",
        ("Plan", 2, FAILED),
        1,
        ("SUCCEEDED", 1, None),
    ),
    ("plan-invalid", ("Plan", 1, INVALID), 1, ("FAILED", 0, None)),
    (
        "merge-failed",
        ("Merge", 3, FAILED),
        1,
        ("SUCCEEDED", 1, None),
    ),
    (
        "merge-failed-always",
        ("Merge", 4, FAILED),
        1,
        ("FAILED", 1, None),
    ),
];

/// The answers of the tasks in each case, in the format of Step Functions Local.
fn mocks() -> Value {
    let (mut cases, mut answers) = (serde_json::Map::new(), serde_json::Map::new());
    for (case, (task, failures, error), accounts, _) in CASES {
        let mut names = serde_json::Map::new();
        for (name, answer) in [
            (
                "Plan",
                json!({"run": case, "key": "todo.json", "status": format!("{case}/account="), "accounts": accounts}),
            ),
            (
                "Audit",
                json!({"account": "111111111111", "status": "read"}),
            ),
            ("Merge", json!({"run": case})),
        ] {
            let of_case = format!("{case}-{name}");
            let failures = if name == task { failures } else { 0 };
            answers.insert(of_case.clone(), mocked(failures, error, &answer));
            names.insert(name.to_owned(), Value::from(of_case));
        }
        cases.insert(case.to_owned(), Value::Object(names));
    }
    json!({"StateMachines": {"organization": {"TestCases": cases}}, "MockedResponses": answers})
}

/// The state machine, with waits of one second before each retry.
fn without_waits() -> String {
    let mut machine = state_machine();
    let shorten = |task: &mut Value| {
        for rule in task["Retry"].as_array_mut().into_iter().flatten() {
            rule["IntervalSeconds"] = Value::from(1);
            rule["BackoffRate"] = Value::from(1.0);
            rule.as_object_mut().unwrap().remove("MaxDelaySeconds");
            rule.as_object_mut().unwrap().remove("JitterStrategy");
        }
    };
    let states = &mut machine["States"];
    shorten(&mut states["Plan"]);
    shorten(&mut states["Merge"]);
    shorten(&mut states["EachAccount"]["ItemProcessor"]["States"]["Audit"]);
    machine
        .to_string()
        .replace("${Results}", "results")
        .replace("${Function}", "coldbucket")
}

/// LocalStack runs the state machine with answers in place of Lambda's: what fails is retried as often as it
/// says, what still fails is recorded for its account, and only a failed plan or merge fails the execution.
#[test]
fn the_state_machine_retries_what_may_succeed_and_records_what_does_not() {
    const ACCOUNT: &str = "999999999999";
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let server = Server::start_with_mocked_tasks(&write("mocks.json", mocks().to_string()));
    // One account: LocalStack counts the attempts of a mocked task over all children together.
    let todo = json!([{"account": "111111111111"}]);
    let todo = write("todo.json", todo.to_string());
    let definition = write("machine.json", without_waits());
    let aws = |arguments: &[&str]| server.aws(ACCOUNT, arguments);
    aws(&["s3api", "create-bucket", "--bucket", "results"]);
    let put = [
        "s3api",
        "put-object",
        "--bucket",
        "results",
        "--key",
        "todo.json",
        "--body",
    ];
    aws(&[&put[..], &[todo.to_str().unwrap()]].concat());
    let definition = format!("file://{}", definition.display());
    let role = format!("arn:aws:iam::{ACCOUNT}:role/states");
    let create = [
        "stepfunctions",
        "create-state-machine",
        "--name",
        "organization",
    ];
    let made = aws(&[
        &create[..],
        &["--definition", &definition, "--role-arn", &role],
    ]
    .concat());
    let machine = made["stateMachineArn"].as_str().unwrap();
    let started: Vec<String> = CASES
        .iter()
        .map(|(case, ..)| {
            let of_case = format!("{machine}#{case}");
            let started = aws(&[
                "stepfunctions",
                "start-execution",
                "--state-machine-arn",
                &of_case,
            ]);
            started["executionArn"].as_str().unwrap().to_owned()
        })
        .collect();
    for ((case, _, _, expected), execution) in CASES.into_iter().zip(started) {
        let about = |call: &str| aws(&["stepfunctions", call, "--execution-arn", &execution]);
        let mut found = about("describe-execution");
        while found["status"] == "RUNNING" {
            std::thread::sleep(Duration::from_millis(200));
            found = about("describe-execution");
        }
        let maps = about("list-map-runs");
        let mut children = 0;
        for map in maps["mapRuns"].as_array().unwrap() {
            let arn = map["mapRunArn"].as_str().unwrap();
            let run = aws(&["stepfunctions", "describe-map-run", "--map-run-arn", arn]);
            // A child whose error is recorded has succeeded.
            assert_eq!(run["itemCounts"]["failed"], 0, "{case}");
            children += run["itemCounts"]["succeeded"].as_u64().unwrap();
        }
        let mut recorded = Vec::new();
        let account = "111111111111";
        let key = format!("{case}/account={account}.json");
        let list = [
            "s3api",
            "list-objects-v2",
            "--bucket",
            "results",
            "--prefix",
            &key,
        ];
        if aws(&list)["Contents"].is_array() {
            let target = folder.path().join("status.json");
            let get = ["s3api", "get-object", "--bucket", "results", "--key", &key];
            aws(&[&get[..], &[target.to_str().unwrap()]].concat());
            let status: coldbucket::report::account_run::AccountStatus =
                serde_json::from_slice(&fs::read(target).unwrap()).unwrap();
            assert_eq!(
                (status.account.as_str(), status.status.name()),
                (account, "failed")
            );
            recorded.push(status.code.unwrap());
        }
        let (end, accounts, error) = expected;
        assert_eq!(found["status"], end, "{case}: {found}");
        assert_eq!(children, accounts, "{case}");
        let wanted: Vec<&str> = error.into_iter().collect();
        assert_eq!(recorded, wanted, "{case}");
        if end == "SUCCEEDED" {
            assert_eq!(found["output"], json!({"run": case}).to_string(), "{case}");
        }
    }
}

#[test]
fn the_templates_pass_cfn_lint() {
    let templates: Vec<PathBuf> = fs::read_dir(deploy("aws"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    assert_eq!(templates.len(), 3);
    let output = Command::new(lint::tools().join("cfn-lint"))
        .arg("--")
        .args(&templates)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn the_manifests_are_valid() {
    tools::assert_content(
        tools::tool("kubernetes-validate")
            .arg("--strict")
            .arg(deploy("kubernetes/job.yaml")),
    );
}

/// The columns of the table are the members of a line, in order.
#[test]
fn the_table_has_the_members_of_a_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_coldbucket"))
        .args(["audit", "--sample", "--fail-on", "none", "-o", "jsonl"])
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let types: BTreeMap<&str, &str> = line
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match value {
            Value::Array(_) => (name.as_str(), "array<string>"),
            _ => (name.as_str(), "string"),
        })
        .collect();
    let members: Vec<String> = line
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("- {{Name: {name}, Type: {}}}", types[name.as_str()]))
        .collect();
    let template = text("aws/organization.yaml");
    let (_, columns) = template.split_once("          Columns:\n").unwrap();
    let columns: Vec<&str> = columns
        .lines()
        .map(str::trim)
        .take_while(|line| line.starts_with("- {Name:"))
        .collect();
    assert_eq!(columns, members);
}

/// The files of the package, by name: mode and content.
fn package(binary: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    use std::io::Read;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("package.zip");
    let output = Command::new(deploy("aws/package"))
        .args([binary, &target])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut archive = zip::ZipArchive::new(fs::File::open(target).unwrap()).unwrap();
    (0..archive.len())
        .map(|number| {
            let mut entry = archive.by_index(number).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let mode = entry.unix_mode().unwrap_or(0);
            (entry.name().unwrap().into_owned(), (mode, content))
        })
        .collect()
}

/// LocalStack makes every file executable, AWS does not.
#[test]
fn the_package_holds_a_bootstrap_that_may_be_executed() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary");
    fs::write(&binary, b"the program").unwrap();
    let files = package(&binary);
    assert_eq!(files.len(), 2);
    for (name, (mode, _)) in &files {
        assert_eq!(mode & 0o777, 0o755, "{name}");
    }
    assert_eq!(files["coldbucket"].1, b"the program");
    let bootstrap = String::from_utf8(files["bootstrap"].1.clone()).unwrap();
    assert!(bootstrap.starts_with("#!/bin/sh\n"));
    assert!(bootstrap.contains("\"$LAMBDA_TASK_ROOT/coldbucket\" lambda "));
    // Every variable that it takes is one of the function.
    let template = text("aws/organization.yaml");
    for name in ["COLDBUCKET_TO", "COLDBUCKET_ROLE", "COLDBUCKET_OPTIONS"] {
        assert!(bootstrap.contains(&format!("${name}")), "{name}");
        assert!(template.contains(&format!("          {name}: ")), "{name}");
    }
}

/// The roles of the function and of the batch job may list the organization by the calls that are made.
#[test]
fn the_roles_may_call_what_reads_the_organization() {
    for template in ["aws/organization.yaml", "aws/batch.yaml"] {
        let template_text = text(template);
        for call in coldbucket::inventory::organization::CALLS {
            let action = call.action;
            assert!(
                template_text.contains(&format!("- {action}\n"))
                    || !action.starts_with("organizations:"),
                "{template}: {action}"
            );
        }
    }
}
