//! Many accounts in one run: none missing, the memory, and the time against what the allowed rate permits.
//!
//! Two organizations at the synthetic endpoint. The first has many accounts of mixed size; Organizations
//! answers with empty pages and throttles, and one account in a hundred refuses the role. The second has one
//! large account among small ones, read within `--memory`. Each is read by the program as it is started from a
//! terminal, then merged again by `merge`. The ideal time is the number of requests ÷ the allowed rate
//! (`--rate`). A missed bar ends the benchmark with exit code 1; `--report` only prints.
//!
//! ```text
//! cargo bench --bench organization                     # 40 accounts, a large one of 400 buckets
//! cargo bench --bench organization -- --full           # 2,000 accounts, a large one of 20,000 buckets
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and says loudly when it cannot run"
)]

#[path = "synthetic_aws/mod.rs"]
mod synthetic_aws;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use serde::Deserialize;
use synthetic_aws::{Behaviour, Endpoint, Organization, World};

const HUB: &str = "111122223333";
/// One account in so many refuses the role, another in so many is suspended.
const LOCKED_IN: usize = 100;
const SUSPENDED_IN: usize = 97;

/// Peak memory of reading and of merging, MB.
const MEMORY_MB: f64 = 250.0;
/// Peak memory of one large account, MB: `--memory 1GB`.
const LARGE_MEMORY_MB: f64 = 1024.0;
/// Time of a run ÷ the ideal.
const OVERHEAD: f64 = 1.3;

/// Many accounts against the synthetic endpoint.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// The sizes of the bars: 2,000 accounts, a large one of 20,000 buckets.
    #[arg(long)]
    full: bool,
    /// Accounts.
    #[arg(long, default_value_t = 40, default_value_if("full", "true", "2000"))]
    accounts: usize,
    /// Buckets in each, on average.
    #[arg(long, default_value_t = 20)]
    buckets: usize,
    /// Buckets in the large account; 0 leaves it out.
    #[arg(long, default_value_t = 400, default_value_if("full", "true", "20000"))]
    large: usize,
    /// Requests a second that are allowed.
    #[arg(
        long,
        default_value_t = 400.0,
        default_value_if("full", "true", "2000")
    )]
    rate: f64,
    /// How long the endpoint takes for an answer, ms.
    #[arg(long, default_value_t = 5)]
    latency_ms: u64,
    /// Only print the figures.
    #[arg(long)]
    report: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn account_id(number: usize) -> String {
    format!("{:012}", 200_000_000_000_usize + number)
}

/// An organization with accounts of so many buckets.
fn world(buckets: impl Iterator<Item = usize>) -> World {
    let of = |account: &str, buckets: usize| World {
        account: account.to_owned(),
        regions: vec!["us-east-1".to_owned()],
        ..World::generated(buckets, 1)
    };
    let members: BTreeMap<String, World> = buckets
        .enumerate()
        .map(|(number, buckets)| (account_id(number), of(&account_id(number), buckets)))
        .collect();
    let mut accounts = vec![[HUB, "hub", "ACTIVE", "r-root"].map(str::to_owned)];
    let mut locked = BTreeSet::new();
    for (number, id) in members.keys().enumerate() {
        let suspended = number % SUSPENDED_IN == SUSPENDED_IN - 1;
        if number % LOCKED_IN == LOCKED_IN / 2 {
            locked.insert(id.clone());
        }
        let state = if suspended { "SUSPENDED" } else { "ACTIVE" };
        let unit = format!("ou-{}", number % 50);
        accounts.push([
            id.clone(),
            format!("account {number}"),
            state.to_owned(),
            unit,
        ]);
    }
    let mut units = vec![["r-root", "Root", ""].map(str::to_owned)];
    units.extend((0..50).map(|n| [format!("ou-{n}"), format!("unit {n}"), "r-root".to_owned()]));
    World {
        members,
        organization: Some(Organization {
            id: "o-synthetic1".to_owned(),
            management: HUB.to_owned(),
            delegated: BTreeSet::new(),
            units,
            accounts,
            enabled: vec!["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
            policies: Vec::new(),
            locked,
            external_id: None,
            old_status: false,
        }),
        ..of(HUB, 2)
    }
}

/// One run of the program.
struct Measured {
    seconds: f64,
    peak_mb: f64,
    code: i32,
}

fn measure(endpoint: &Endpoint, arguments: &[&str]) -> Measured {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_coldbucket"))
        .args(arguments)
        .args(["--fail-on", "none", "--quiet"])
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_ENDPOINT_URL", endpoint.url())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak_mb: f64 = 0.0;
    let status = loop {
        peak_mb = peak_mb.max(peak_of(child.id()).unwrap_or(0.0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    Measured {
        seconds: began.elapsed().as_secs_f64(),
        peak_mb,
        code: status.code().unwrap_or(-1),
    }
}

/// The most memory a process has held (Linux, `VmHWM`), MB.
fn peak_of(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[derive(Deserialize)]
struct AccountsOfReport {
    accounts: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    status: String,
}

/// Prints figures beside their bars.
struct Bars {
    missed: bool,
}

impl Bars {
    fn at_most(&mut self, what: &str, value: f64, bar: f64) {
        let missed = value > bar;
        self.missed |= missed;
        let mark = if missed { "  MISSED" } else { "" };
        println!("  {what:<42} {value:>10.1}   (at most {bar:.1}){mark}");
    }

    fn exactly(&mut self, what: &str, value: usize, bar: usize) {
        let missed = value != bar;
        self.missed |= missed;
        let mark = if missed { "  MISSED" } else { "" };
        println!("  {what:<42} {value:>10}   (exactly {bar}){mark}");
    }
}

/// Reads and merges an organization, and holds the figures against the bars.
fn run(name: &str, world: World, arguments: &Arguments, memory_mb: f64, bars: &mut Bars) {
    let organization = world.organization.clone().unwrap();
    let wanted = organization.accounts.len();
    let locked = organization.locked.len();
    let active = organization.accounts.iter();
    let active = active.filter(|[_, _, state, _]| state == "ACTIVE");
    let readable = active
        .filter(|[id, ..]| !organization.locked.contains(id))
        .count();
    println!("{name}: {wanted} accounts, {locked} refuse the role");
    let throttled = [("ListAccountsForParent", 10), ("ListRoots", 3)];
    let endpoint = Endpoint::start(
        world,
        Behaviour {
            latency: Duration::from_millis(arguments.latency_ms),
            throttled: throttled
                .map(|(call, times)| (format!("organizations:{call}"), times))
                .into(),
            ..Behaviour::default()
        },
    );
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (to, report, again) = (path("runs"), path("report.json"), path("again.json"));
    let rate = arguments.rate.to_string();
    let read = measure(
        &endpoint,
        &[
            "audit",
            "--organization",
            "--to",
            &to,
            "--run",
            "r",
            "--accounts-in-flight",
            "8",
            "--rate",
            &rate,
            "--memory",
            "1GB",
            "--allow-incomplete",
            "-o",
            &format!("json={report}"),
        ],
    );
    assert_eq!(read.code, 0, "the run failed");
    let calls = endpoint.total() as f64;
    let ideal = calls / arguments.rate;
    println!(
        "  {calls} requests, {:.0} a second, {:.1} s",
        calls / read.seconds,
        read.seconds
    );
    let merged = measure(
        &endpoint,
        &[
            "merge",
            &to,
            "--allow-incomplete",
            "-o",
            &format!("json={again}"),
            "-o",
            &format!("csv={}", path("report.csv")),
            "-o",
            &format!("html={}", path("report.html")),
        ],
    );
    assert_eq!(merged.code, 0, "the merge failed");
    println!("  merged in {:.1} s", merged.seconds);
    let rows = rows(Path::new(&report));
    let distinct: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    bars.exactly("accounts in the report", distinct.len(), wanted);
    let of = |status: &str| rows.iter().filter(|row| row.status == status).count();
    bars.exactly("accounts read", of("read") + of("partial"), readable);
    bars.at_most("peak memory of reading, MB", read.peak_mb, memory_mb);
    bars.at_most("peak memory of merging, MB", merged.peak_mb, memory_mb);
    bars.at_most(
        "time ÷ (requests ÷ allowed rate)",
        read.seconds / ideal,
        OVERHEAD,
    );
    let size = |file: &str| fs::metadata(file).unwrap().len() as f64 / (1024.0 * 1024.0);
    println!("  the report has {:.1} MB", size(&report));
    bars.at_most("page of all accounts, MB", size(&path("report.html")), 10.0);
    let same = same_bytes(Path::new(&report), Path::new(&again));
    bars.exactly("differences of a second merge", usize::from(!same), 0);
}

fn rows(report: &Path) -> Vec<Row> {
    let file = BufReader::new(File::open(report).unwrap());
    let report: AccountsOfReport = serde_json::from_reader(file).unwrap();
    report.accounts
}

fn same_bytes(one: &Path, other: &Path) -> bool {
    use std::io::Read;
    let mut files = [one, other].map(|path| BufReader::new(File::open(path).unwrap()).bytes());
    let [one, other] = &mut files;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(Ok(a)), Some(Ok(b))) if a == b => {}
            _ => return false,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut bars = Bars { missed: false };
    let mixed = |number: usize| match number % 10 {
        0 => 0,
        1 => arguments.buckets * 5,
        2..=6 => arguments.buckets / 2,
        _ => arguments.buckets * 5 / 6,
    };
    let many = world((0..arguments.accounts).map(mixed));
    run("many accounts", many, &arguments, MEMORY_MB, &mut bars);
    if arguments.large > 0 {
        let sizes = (0..10).map(|number| if number == 3 { arguments.large } else { 2 });
        run(
            "one large account",
            world(sizes),
            &arguments,
            LARGE_MEMORY_MB,
            &mut bars,
        );
    }
    if bars.missed && !arguments.report {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
