//! Many accounts in one run, against the synthetic endpoint: count in is count out, what cannot be read
//! is a row and never a pass, shards and resumed runs are one run byte for byte.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

#[path = "../benches/synthetic_aws/mod.rs"]
mod synthetic_aws;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use synthetic_aws::{Behaviour, Endpoint, Organization, OrganizationPolicy, RUN_BUCKET, World};

const HUB: &str = "111122223333";
const MEMBERS: [&str; 5] = [
    "200000000001",
    "200000000002",
    "200000000003",
    "200000000004",
    "200000000005",
];
const LOCKED: &str = "200000000004";
const SUSPENDED: &str = "300000000001";
const FORMATS: [&str; 10] = [
    "table", "json", "jsonl", "csv", "sarif", "html", "junit", "markdown", "ocsf", "asff",
];

fn organization() -> Organization {
    let text = str::to_owned;
    let account = |id: &str, state: &str, parent: &str| {
        [text(id), format!("acct {id}"), text(state), text(parent)]
    };
    let mut accounts: Vec<[String; 4]> = MEMBERS
        .iter()
        .map(|id| account(id, "ACTIVE", "ou-prod"))
        .collect();
    accounts.push(account(HUB, "ACTIVE", "r-root"));
    accounts.push(account(SUSPENDED, "SUSPENDED", "r-root"));
    Organization {
        id: "o-synthetic1".to_owned(),
        management: HUB.to_owned(),
        delegated: BTreeSet::new(),
        units: vec![
            ["r-root", "Root", ""].map(text),
            ["ou-work", "Workloads", "r-root"].map(text),
            ["ou-prod", "Prod", "ou-work"].map(text),
        ],
        accounts,
        enabled: vec!["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
        policies: vec![
            OrganizationPolicy {
                id: "p-FullAWSAccess",
                kind: "SERVICE_CONTROL_POLICY",
                content: json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
                targets: ["r-root", "ou-work", "ou-prod"].map(text).to_vec(),
            },
            OrganizationPolicy {
                id: "p-tls",
                kind: "RESOURCE_CONTROL_POLICY",
                content: json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                     "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}),
                targets: vec!["ou-prod".to_owned()],
            },
        ],
        locked: BTreeSet::new(),
        external_id: None,
        old_status: false,
    }
}

/// The hub with two buckets, members with one to five, in one Region.
fn world(change: impl FnOnce(&mut Organization)) -> World {
    let regions = vec!["us-east-1".to_owned()];
    let of = |account: &str, buckets: usize| World {
        account: account.to_owned(),
        regions: regions.clone(),
        ..World::generated(buckets, 1)
    };
    let mut organization = organization();
    change(&mut organization);
    World {
        members: MEMBERS
            .iter()
            .enumerate()
            .map(|(n, id)| ((*id).to_owned(), of(id, n + 1)))
            .collect(),
        organization: Some(organization),
        ..of(HUB, 2)
    }
}

fn coldbucket(endpoint: &Endpoint, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldbucket"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_ENDPOINT_URL", endpoint.url())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("COLDBUCKET_TEST_CLOCK", "2026-11-29T12:00:00Z")
        .current_dir("/");
    command
}

fn run(endpoint: &Endpoint, arguments: &[&str]) -> Output {
    coldbucket(endpoint, arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn said_by(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Audits the organization into a folder, with the report as JSON.
fn audit(endpoint: &Endpoint, to: &Path, more: &[&str]) -> (Output, Value) {
    let mut arguments = vec!["audit", "--organization", "--to", text(to), "-o", "json"];
    arguments.extend(more);
    let output = run(endpoint, &arguments);
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, report)
}

fn rows(report: &Value) -> BTreeMap<String, String> {
    let rows = report["accounts"].as_array().expect("accounts").iter();
    rows.map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("id"), text("status"))
    })
    .collect()
}

#[test]
fn every_account_is_a_row_and_one_that_was_not_read_never_passes() {
    let endpoint = Endpoint::start(
        world(|organization| {
            organization.locked.insert(LOCKED.to_owned());
        }),
        Behaviour::default(),
    );
    let folder = tempfile::tempdir().unwrap();
    let (output, report) = audit(&endpoint, folder.path(), &["--fail-on", "none"]);
    assert_eq!(code(&output), 3, "{}", said_by(&output));
    assert!(
        said_by(&output).contains("1 of 7 accounts were not read"),
        "{}",
        said_by(&output)
    );
    let rows = rows(&report);
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[LOCKED], "unreadable");
    assert_eq!(rows[SUSPENDED], "skipped");
    assert!(matches!(rows[HUB].as_str(), "read" | "partial"));
    assert_eq!(report["scope"]["organization"], "o-synthetic1");
    let results = report["results"].as_array().unwrap().iter();
    let locked: Vec<&Value> = results
        .filter(|result| result["resource"]["account"] == LOCKED)
        .collect();
    assert_eq!(locked.len(), report["checks"].as_object().unwrap().len());
    for result in locked {
        assert_eq!(result["status"], "not-assessed");
        assert_eq!(result["reason"], "denied");
        assert_eq!(result["missing"], json!(["sts:AssumeRole"]));
        assert_eq!(result["resource"]["type"], "account");
    }
    let mut row = report["accounts"].as_array().unwrap().iter();
    let prod = row.find(|row| row["id"] == MEMBERS[0]).unwrap();
    assert_eq!(prod["ou"], json!(["Workloads", "Prod"]));
    // The organization was read once, with the empty pages and no call an account.
    assert_eq!(endpoint.count("organizations:DescribeOrganization"), 1);
    assert_eq!(endpoint.count("organizations:ListAccounts"), 0);
    assert_eq!(endpoint.count("sts:AssumeRole"), 5);
    assert_eq!(
        code(&run(
            &endpoint,
            &[
                "merge",
                text(folder.path()),
                "--fail-on",
                "none",
                "--allow-incomplete",
                "-o",
                "json"
            ]
        )),
        0
    );
}

/// The TLS RCP hangs on the unit of the members: it binds their buckets and not the hub's, which is the
/// management account.
#[test]
fn an_rcp_of_the_organization_decides_for_the_members_below_it() {
    let endpoint = Endpoint::start(world(|_| {}), Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let (output, report) = audit(&endpoint, folder.path(), &["--check", "s3-plain-http"]);
    assert!(code(&output) <= 1, "{}", said_by(&output));
    let results = report["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["status"] == "fail"));
    for result in results {
        let account = result["resource"]["account"].as_str().unwrap();
        if account != HUB {
            assert_eq!(result["status"], "pass", "{result}");
        }
    }
    let buckets = report["buckets"].as_array().unwrap().iter();
    let named = buckets.filter(|bucket| bucket["access"]["control_policies"] == json!(["p-tls"]));
    assert!(named.count() > 0);
}

/// The outputs of a merge, by format.
fn merged(endpoint: &Endpoint, to: &Path, run_id: &str) -> BTreeMap<&'static str, Vec<u8>> {
    let out = tempfile::tempdir().unwrap();
    let mut arguments = vec!["merge".to_owned(), text(to).to_owned()];
    arguments
        .extend(["--run", run_id, "--fail-on", "none", "--allow-incomplete"].map(str::to_owned));
    for format in FORMATS {
        arguments.push("-o".to_owned());
        arguments.push(format!("{format}={}", text(&out.path().join(format))));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = run(endpoint, &arguments);
    assert_eq!(code(&output), 0, "{}", said_by(&output));
    FORMATS
        .into_iter()
        .map(|format| (format, fs::read(out.path().join(format)).unwrap()))
        .collect()
}

fn assert_same(a: &BTreeMap<&str, Vec<u8>>, b: &BTreeMap<&str, Vec<u8>>, what: &str) {
    for (format, bytes) in a {
        let lines = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(bytes);
            text.lines().map(str::to_owned).collect()
        };
        let (one, other) = (lines(bytes), lines(&b[format]));
        let differ = one.iter().zip(&other).find(|(one, other)| one != other);
        assert!(
            *bytes == b[format],
            "{what}: {format} differs, {} and {} lines, first {differ:?}",
            one.len(),
            other.len()
        );
    }
}

#[test]
fn one_two_three_and_six_shards_are_one_run_in_every_format() {
    let endpoint = Endpoint::start(
        world(|organization| {
            organization.locked.insert(LOCKED.to_owned());
        }),
        Behaviour::default(),
    );
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    audit(&endpoint, &whole, &["--run", "r"]);
    let expected = merged(&endpoint, &whole, "r");
    for of in [1, 2, 3, 6] {
        let to = folder.path().join(of.to_string());
        let read = run(
            &endpoint,
            &["organization", "--to", text(&to), "--run", "r"],
        );
        assert_eq!(code(&read), 0, "{}", said_by(&read));
        for index in 0..of {
            let shard = format!("{index}/{of}");
            let more = [
                "--run",
                "r",
                "--shard",
                &shard,
                "--fail-on",
                "none",
                "--allow-incomplete",
            ];
            let (output, _) = audit(&endpoint, &to, &more);
            assert_eq!(code(&output), 0, "{}", said_by(&output));
        }
        assert_same(
            &expected,
            &merged(&endpoint, &to, "r"),
            &format!("{of} shards"),
        );
    }
}

/// The same keys and the same bytes in a bucket as in a folder.
#[test]
fn a_run_in_a_bucket_is_a_run_in_a_folder() {
    let behaviour = Behaviour::default();
    let files = behaviour.run_files.clone();
    let endpoint = Endpoint::start(
        world(|organization| {
            organization.locked.insert(LOCKED.to_owned());
        }),
        behaviour,
    );
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    audit(&endpoint, &whole, &["--run", "r"]);
    let bucket = format!("s3://{RUN_BUCKET}/audits");
    let bucket = Path::new(&bucket);
    for index in 0..2 {
        let shard = format!("{index}/2");
        audit(&endpoint, bucket, &["--run", "r", "--shard", &shard]);
    }
    // The newest run is found by listing the bucket.
    let newest = run(&endpoint, &["merge", text(bucket), "-o", "json"]);
    assert_eq!(code(&newest), 1, "{}", said_by(&newest));
    assert_same(
        &merged(&endpoint, &whole, "r"),
        &merged(&endpoint, bucket, "r"),
        "a bucket",
    );
    let names = |name: &str| name.contains("/account=");
    let in_bucket: BTreeSet<String> = files
        .all()
        .into_keys()
        .filter(|key| names(key))
        .map(|key| key.strip_prefix("audits/").unwrap().to_owned())
        .collect();
    let in_folder: BTreeSet<String> = walk(&whole)
        .into_iter()
        .filter(|name| names(name))
        .map(|name| name.strip_prefix(text(&whole)).unwrap()[1..].to_owned())
        .collect();
    assert_eq!(in_bucket, in_folder);
    let calls = endpoint.count("sts:AssumeRole");
    audit(
        &endpoint,
        bucket,
        &["--run", "r", "--shard", "0/2", "--resume"],
    );
    audit(
        &endpoint,
        bucket,
        &["--run", "r", "--shard", "1/2", "--resume"],
    );
    // Only the locked account is tried again.
    assert_eq!(endpoint.count("sts:AssumeRole"), calls + 1);
}

#[test]
fn a_bucket_that_refuses_has_its_message() {
    let endpoint = Endpoint::start(world(|_| {}), Behaviour::denying("s3:PutObject"));
    let bucket = format!("s3://{RUN_BUCKET}");
    let (output, _) = audit(&endpoint, Path::new(&bucket), &["--run", "r"]);
    assert_eq!(code(&output), 4, "{}", said_by(&output));
    assert!(
        said_by(&output).contains(
            "s3://coldbucket-runs/runs/run=r/organization.json cannot be written (AccessDenied)"
        ),
        "{}",
        said_by(&output)
    );
}

/// Many accounts of one bucket, a few that refuse the role, while Organizations throttles.
#[test]
fn of_sixty_accounts_none_is_missing() {
    let small = |account: &str| World {
        account: account.to_owned(),
        regions: vec!["us-east-1".to_owned()],
        ..World::generated(1, 0)
    };
    let ids: Vec<String> = (0..60)
        .map(|n| format!("{:012}", 400_000_000_000_u64 + n))
        .collect();
    let mut many = world(|organization| {
        organization.accounts.retain(|account| account[0] == HUB);
        for id in &ids {
            let account = [id.as_str(), "many", "ACTIVE", "ou-prod"];
            organization.accounts.push(account.map(str::to_owned));
        }
        organization
            .locked
            .extend([ids[7].clone(), ids[41].clone()]);
    });
    many.members = ids.iter().map(|id| (id.clone(), small(id))).collect();
    let throttled = ["ListRoots", "ListAccountsForParent", "ListPolicies"];
    let endpoint = Endpoint::start(
        many,
        Behaviour {
            throttled: throttled
                .map(|call| (format!("organizations:{call}"), 3))
                .into(),
            ..Behaviour::default()
        },
    );
    let folder = tempfile::tempdir().unwrap();
    let more = [
        "--check",
        "s3-*",
        "--accounts-in-flight",
        "8",
        "--fail-on",
        "none",
    ];
    let (output, report) = audit(&endpoint, folder.path(), &more);
    assert_eq!(code(&output), 3, "{}", said_by(&output));
    let rows = rows(&report);
    assert_eq!(rows.len(), 61);
    let of = |wanted: &str| rows.values().filter(|status| *status == wanted).count();
    assert_eq!(of("unreadable"), 2);
    assert_eq!(of("read") + of("partial"), 59);
    // Every check has its result for every bucket: the hub's two and one in each account that was read.
    let results = report["results"].as_array().unwrap();
    let of_check = |status: &dyn Fn(&Value) -> bool| {
        let results = results
            .iter()
            .filter(|result| result["check"] == "s3-plain-http");
        results.filter(|result| status(result)).count()
    };
    assert_eq!(
        of_check(&|result| result["resource"]["type"] == "bucket"),
        60
    );
    assert_eq!(
        of_check(&|result| result["resource"]["type"] == "account"),
        2
    );
}

/// The page of all accounts is small, worst first, and links to a page for each account that was read.
#[test]
fn the_page_of_all_links_to_the_page_of_each_and_shows_what_changed() {
    let endpoint = Endpoint::start(
        world(|organization| {
            organization.locked.insert(LOCKED.to_owned());
        }),
        Behaviour::default(),
    );
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    audit(&endpoint, &at("runs"), &["--run", "r"]);
    let report = text(&at("earlier.json")).to_owned();
    let outputs = |json: &str, html: &str, more: &[&str]| {
        let (json, html) = (format!("json={json}"), format!("html={html}"));
        let runs = at("runs");
        let mut arguments = vec!["merge", text(&runs), "-o", &json, "-o", &html];
        arguments.extend(["--fail-on", "none", "--allow-incomplete"]);
        arguments.extend(more);
        let output = run(&endpoint, &arguments);
        assert_eq!(code(&output), 0, "{}", said_by(&output));
    };
    outputs(&report, text(&at("first.html")), &[]);
    let first = fs::read_to_string(at("first.html")).unwrap();
    assert!(first.len() < 200_000, "{}", first.len());
    for member in MEMBERS.into_iter().filter(|member| *member != LOCKED) {
        let link = format!("href=\"first-accounts/{member}.html\"");
        assert!(first.contains(&link), "{member}");
        let page = fs::read_to_string(at("first-accounts").join(format!("{member}.html"))).unwrap();
        assert!(page.contains(&format!("account {member}")));
    }
    assert!(!at("first-accounts").join(format!("{LOCKED}.html")).exists());
    let place = |id: &str| first.find(&format!("id=\"account-{id}\"")).unwrap();
    assert!(
        place(LOCKED) < place(MEMBERS[0]),
        "what was not read comes first"
    );
    assert!(
        place(MEMBERS[0]) < place(SUSPENDED),
        "what is skipped comes last"
    );
    assert!(!first.contains("Since the earlier report"));
    // The earlier report had two critical findings fewer in one account.
    let mut earlier: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    for row in earlier["accounts"].as_array_mut().unwrap() {
        if row["id"] == MEMBERS[4] {
            let high = row["failed_by_severity"]["high"].as_u64().unwrap();
            row["failed_by_severity"]["high"] = json!(high - 2);
        }
    }
    fs::write(&report, earlier.to_string()).unwrap();
    outputs(
        text(&at("now.json")),
        text(&at("second.html")),
        &["--since", &report],
    );
    let second = fs::read_to_string(at("second.html")).unwrap();
    assert!(
        second.contains(
            "Since the earlier report: 1 account worse, 0 better, 4 with the same counts."
        ),
        "the sentence"
    );
    assert!(second.contains("+2 high"));
}

#[test]
fn a_merge_names_the_shards_that_are_missing() {
    let endpoint = Endpoint::start(world(|_| {}), Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let more = [
        "--run",
        "r",
        "--shard",
        "1/3",
        "--fail-on",
        "none",
        "--allow-incomplete",
    ];
    audit(&endpoint, folder.path(), &more);
    let output = run(
        &endpoint,
        &[
            "merge",
            text(folder.path()),
            "--fail-on",
            "none",
            "-o",
            "json",
        ],
    );
    assert_eq!(code(&output), 3, "{}", said_by(&output));
    assert!(
        said_by(&output).contains("shards of 3 that have not finished: 0, 2"),
        "{}",
        said_by(&output)
    );
}

/// Killed at different moments and resumed, a run gives what an uninterrupted one gives.
#[test]
fn a_killed_run_is_resumed_to_the_same_bytes() {
    let behaviour = || Behaviour {
        latency: Duration::from_millis(10),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(world(|_| {}), behaviour());
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    audit(&endpoint, &whole, &["--run", "r"]);
    let expected = merged(&endpoint, &whole, "r");
    let rounds: u64 = std::env::var("COLDBUCKET_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2);
    for round in 0..rounds {
        let to = folder.path().join(format!("killed-{round}"));
        let arguments = [
            "audit",
            "--organization",
            "--to",
            text(&to),
            "--run",
            "r",
            "--accounts-in-flight",
            "2",
        ];
        let mut child = coldbucket(&endpoint, &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60 + (round * 733) % 1500));
        child.kill().unwrap();
        child.wait().unwrap();
        let resumed = run(&endpoint, &[&arguments[..], &["--resume"]].concat());
        assert!(code(&resumed) <= 1, "round {round}: {}", said_by(&resumed));
        assert_same(
            &expected,
            &merged(&endpoint, &to, "r"),
            &format!("round {round}"),
        );
        let left = walk(&to)
            .into_iter()
            .filter(|name| name.contains(".partial"));
        assert_eq!(left.count(), 0);
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            names.extend(walk(&entry.path()));
        } else {
            names.push(entry.path().display().to_string());
        }
    }
    names
}

#[test]
fn only_accounts_that_are_not_read_are_read_again() {
    let behaviour = Behaviour {
        fail: BTreeMap::new(),
        ..Behaviour::default()
    };
    let endpoint = Endpoint::start(world(|_| {}), behaviour);
    let folder = tempfile::tempdir().unwrap();
    audit(&endpoint, folder.path(), &["--run", "r"]);
    assert_eq!(endpoint.count("sts:AssumeRole"), 5);
    let (output, _) = audit(&endpoint, folder.path(), &["--run", "r"]);
    assert_eq!(code(&output), 2);
    assert!(said_by(&output).contains("run r exists already"));
    audit(&endpoint, folder.path(), &["--run", "r", "--resume"]);
    assert_eq!(endpoint.count("sts:AssumeRole"), 5);
    audit(
        &endpoint,
        folder.path(),
        &["--run", "r", "--resume", "--refresh", MEMBERS[1]],
    );
    assert_eq!(endpoint.count("sts:AssumeRole"), 6);
    // A snapshot that was damaged is read again.
    let snapshot = folder
        .path()
        .join("snapshots/run=r")
        .join(format!("account={}.json.gz", MEMBERS[0]));
    fs::write(&snapshot, b"damaged").unwrap();
    audit(&endpoint, folder.path(), &["--run", "r", "--resume"]);
    assert_eq!(endpoint.count("sts:AssumeRole"), 7);
    let (output, _) = audit(
        &endpoint,
        folder.path(),
        &["--run", "r", "--resume", "--role", "other"],
    );
    assert_eq!(code(&output), 2);
    assert!(said_by(&output).contains("run r was begun with role coldbucket-audit, not other"));
}

#[test]
fn each_refusal_on_the_way_in_has_its_message_and_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = |name: &str, world: World, behaviour: Behaviour, more: &[&str]| {
        let endpoint = Endpoint::start(world, behaviour);
        let (output, report) = audit(&endpoint, &folder.path().join(name), more);
        (code(&output), said_by(&output), report)
    };
    // The account is in no organization.
    let alone = World {
        organization: None,
        ..world(|_| {})
    };
    let (exit, said, _) = outcome("alone", alone, Behaviour::default(), &[]);
    assert_eq!(exit, 4, "{said}");
    assert!(
        said.contains("is in no organization; name the accounts with --accounts"),
        "{said}"
    );
    // It may not list accounts.
    let member = world(|organization| organization.management = MEMBERS[0].to_owned());
    let (exit, said, _) = outcome("member", member, Behaviour::default(), &[]);
    assert_eq!(exit, 4, "{said}");
    assert!(
        said.contains("organizations:ListAccounts was refused"),
        "{said}"
    );
    assert!(said.contains("delegated administrator"), "{said}");
    // A delegated administrator may.
    let delegated = world(|organization| {
        organization.management = MEMBERS[0].to_owned();
        organization.delegated.insert(HUB.to_owned());
    });
    let (exit, said, _) = outcome(
        "delegated",
        delegated,
        Behaviour::default(),
        &["--fail-on", "none"],
    );
    assert_eq!(exit, 0, "{said}");
    // The tree is refused and the accounts are not.
    let behaviour = Behaviour::denying("organizations:ListRoots");
    let (exit, said, report) =
        outcome("treeless", world(|_| {}), behaviour, &["--fail-on", "none"]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(rows(&report).len(), 7);
    assert!(said.contains("could not be read"), "{said}");
    // Organizations throttles at first.
    let behaviour = Behaviour {
        throttled: BTreeMap::from([("organizations:ListRoots".to_owned(), 5)]),
        ..Behaviour::default()
    };
    let (exit, said, _) = outcome(
        "throttled",
        world(|_| {}),
        behaviour,
        &["--fail-on", "none"],
    );
    assert_eq!(exit, 0, "{said}");
    // The external id is missing: every member refuses, the hub's own account is read.
    let asks = || world(|organization| organization.external_id = Some("e-1".to_owned()));
    let (exit, said, report) = outcome(
        "external",
        asks(),
        Behaviour::default(),
        &["--fail-on", "none"],
    );
    assert_eq!(exit, 3, "{said}");
    let unreadable = rows(&report)
        .values()
        .filter(|status| *status == "unreadable")
        .count();
    assert_eq!(unreadable, 5);
    let given = ["--fail-on", "none", "--external-id", "e-1"];
    let (exit, said, _) = outcome("given", asks(), Behaviour::default(), &given);
    assert_eq!(exit, 0, "{said}");
    assert!(!said.contains("e-1"));
    // The hub's credentials expire: the run stops and can be resumed.
    let expired = Behaviour::failing("sts:AssumeRole", 403, "ExpiredToken");
    let (exit, said, report) = outcome(
        "expired",
        world(|_| {}),
        expired,
        &[
            "--run",
            "r",
            "--fail-on",
            "none",
            "--accounts-in-flight",
            "1",
        ],
    );
    // The hub's own account comes first and needs no session: it was read.
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("ExpiredToken"), "{said}");
    assert!(said.contains("--run r --resume"), "{said}");
    assert!(rows(&report).values().all(|status| status != "unreadable"));
    let resume = ["--run", "r", "--resume", "--fail-on", "none"];
    let (exit, said, report) = outcome("expired", world(|_| {}), Behaviour::default(), &resume);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("1 read already"), "{said}");
    assert_eq!(rows(&report).len(), 7);
}

/// The role is refused in each of the first twenty accounts: its name or its trust policy is wrong, and
/// saying so once is better than a thousand lines.
#[test]
fn a_role_that_every_account_refuses_ends_the_run() {
    let ids: Vec<String> = (0..30)
        .map(|n| format!("{:012}", 400_000_000_000_u64 + n))
        .collect();
    let endpoint = Endpoint::start(
        world(|organization| {
            organization.accounts.clear();
            for id in &ids {
                let account = [id.as_str(), "many", "ACTIVE", "ou-prod"];
                organization.accounts.push(account.map(str::to_owned));
            }
            organization.locked.extend(ids.clone());
        }),
        Behaviour::default(),
    );
    let folder = tempfile::tempdir().unwrap();
    let (output, report) = audit(
        &endpoint,
        folder.path(),
        &["--accounts-in-flight", "1", "--role", "audit/misspelt"],
    );
    assert_eq!(code(&output), 4, "{}", said_by(&output));
    assert!(
        said_by(&output)
            .contains("role audit/misspelt was refused in all of the first 20 accounts"),
        "{}",
        said_by(&output)
    );
    assert_eq!(endpoint.count("sts:AssumeRole"), 20);
    assert_eq!(report, Value::Null);
}

/// A Region that refuses (a Region-deny SCP) is a gap of its account: what is there is not assessed, and
/// what is in the other Region is.
#[test]
fn a_region_that_refuses_is_not_assessed_and_the_others_are() {
    let mut two = world(|_| {});
    let member = two.members.get_mut(MEMBERS[0]).unwrap();
    member.regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
    let endpoint = Endpoint::start(two, Behaviour::denying("lambda:ListFunctions@eu-west-1"));
    let folder = tempfile::tempdir().unwrap();
    let more = ["--check", "lambda-public-policy", "--fail-on", "critical"];
    let (output, report) = audit(&endpoint, folder.path(), &more);
    let rows = rows(&report);
    assert_eq!(rows[MEMBERS[0]], "partial");
    assert_eq!(rows[MEMBERS[1]], "read");
    let results = report["results"].as_array().unwrap().iter();
    let of_member: Vec<&Value> = results
        .filter(|result| result["resource"]["account"] == MEMBERS[0])
        .collect();
    for result in &of_member {
        let refused = result["resource"]["region"] == "eu-west-1";
        assert_eq!(result["status"] == "not-assessed", refused, "{result}");
        if refused {
            assert_eq!(result["missing"], json!(["lambda:ListFunctions"]));
        }
    }
    let regions: BTreeSet<&str> = of_member
        .iter()
        .map(|result| result["resource"]["region"].as_str().unwrap())
        .collect();
    assert_eq!(regions, BTreeSet::from(["eu-west-1", "us-east-1"]));
    assert!(
        said_by(&output).contains("exit code 3"),
        "{}",
        said_by(&output)
    );
    assert_eq!(code(&output), 3);
}

#[test]
fn a_list_of_accounts_needs_no_organization() {
    let alone = World {
        organization: None,
        ..world(|_| {})
    };
    let endpoint = Endpoint::start(alone, Behaviour::default());
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("accounts.txt");
    fs::write(&list, format!("# two\n{}\n{HUB}\n", MEMBERS[0])).unwrap();
    for accounts in [text(&list), &format!("{},{HUB}", MEMBERS[0])] {
        let to = folder.path().join(accounts.len().to_string());
        let arguments = [
            "audit",
            "--accounts",
            accounts,
            "--to",
            text(&to),
            "--fail-on",
            "none",
            "-o",
            "json",
        ];
        let output = run(&endpoint, &arguments);
        assert_eq!(code(&output), 0, "{}", said_by(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["scope"]["accounts"], json!([HUB, MEMBERS[0]]));
        assert_eq!(report["scope"].get("organization"), None);
    }
    assert_eq!(endpoint.count("organizations:DescribeOrganization"), 0);
}

#[test]
fn options_of_a_run_without_accounts_are_mistakes() {
    let endpoint = Endpoint::start(World::default(), Behaviour::default());
    for (arguments, message) in [
        (
            vec!["audit", "--role", "x"],
            "--role has no effect without --organization or --accounts",
        ),
        (
            vec!["audit", "--organization"],
            "needs a folder for its files",
        ),
        (
            vec!["audit", "--organization", "--to", "/t", "--shard", "4/4"],
            "--shard `4/4` is not a share",
        ),
        (
            vec!["audit", "--organization", "--to", "/t", "--shard", "auto/4"],
            "auto needs JOB_COMPLETION_INDEX",
        ),
        (
            vec!["audit", "--organization", "--to", "/t", "--run", "../x"],
            "--run `../x` is not made of",
        ),
    ] {
        let output = run(&endpoint, &arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(
            said_by(&output).contains(message),
            "{arguments:?}: {}",
            said_by(&output)
        );
    }
    assert_eq!(endpoint.total(), 0);
}
