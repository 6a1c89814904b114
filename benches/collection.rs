//! How fast, and how good a guest, collection is.
//!
//! The synthetic endpoint runs in a process of its own (this program started again), so that what
//! is measured here is the collector alone. Three runs over the same account: with the endpoint as
//! fast as its latency allows, once for what the first 22 checks need and once for everything that
//! is not opt-in; and everything again with a limit on requests a second. The bars are those of
//! the README; a missed one ends the benchmark with exit code 1. Processor time and wall time only
//! mean something on a machine that has nothing else to do.
//!
//! With `--faults`, everything is read from an endpoint that fails by chance, one kind of fault
//! after the other, and compared with what is read without faults.
//!
//! ```text
//! cargo bench --bench collection
//! cargo bench --bench collection -- --buckets 5000 --latency-ms 80 --concurrency 64
//! cargo bench --bench collection -- --faults
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

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use coldbucket::collect::{CollectRequest, Silent, testing};
use coldbucket::inventory::Snapshot;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::need::{Need, ReadingKind, Scope};
use coldbucket::inventory::request::DEFAULT_CONCURRENCY;
use serde_json::{Value, json};
use synthetic_aws::{Behaviour, Endpoint, Faults, World};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Collection against the synthetic endpoint.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// Buckets in the account.
    #[arg(
        long,
        default_value_t = 1000,
        default_value_if("faults", "true", "300")
    )]
    buckets: usize,
    /// Functions in the account.
    #[arg(long, default_value_t = 100, default_value_if("faults", "true", "40"))]
    functions: usize,
    /// How long the endpoint takes for an answer, ms.
    #[arg(long, default_value_t = 20, default_value_if("faults", "true", "0"))]
    latency_ms: u64,
    /// Most requests in flight.
    #[arg(long, default_value_t = DEFAULT_CONCURRENCY)]
    concurrency: usize,
    /// Measure under faults.
    #[arg(long)]
    faults: bool,
    /// Requests a second in the second run; 0 leaves it out.
    #[arg(long, default_value_t = 300.0)]
    limit: f64,
    /// The limit counts for each service and Region by itself.
    #[arg(long)]
    limit_each: bool,
    /// Requests above the limit that are served in one go after a pause.
    #[arg(long)]
    burst: Option<f64>,
    /// Be the endpoint (how the benchmark starts itself).
    #[arg(long, hide = true)]
    serve: bool,
    /// The faults of the endpoint.
    #[command(flatten)]
    share: Faults,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.serve {
        serve(&arguments);
        return ExitCode::SUCCESS;
    }
    println!(
        "{} buckets, {} functions, {} ms a call, at most {} in flight",
        arguments.buckets, arguments.functions, arguments.latency_ms, arguments.concurrency
    );
    let mut bars = Bars::default();
    if arguments.faults {
        under_faults(&arguments, &mut bars);
        return bars.verdict();
    }
    free(
        "what the first 22 checks need",
        &FIRST,
        Some(1.5),
        &arguments,
        &mut bars,
    );
    free("everything", ReadingKind::ALL, None, &arguments, &mut bars);
    if arguments.limit > 0.0 {
        limited(&arguments, &mut bars);
    }
    bars.verdict()
}

/// The endpoint's side: serves until its input ends, then says what it saw.
fn serve(arguments: &Arguments) {
    let endpoint = Endpoint::start(
        World::generated(arguments.buckets, arguments.functions),
        Behaviour {
            latency: Duration::from_millis(arguments.latency_ms),
            limit: (arguments.limit > 0.0).then_some(arguments.limit),
            limit_each: arguments.limit_each,
            burst: arguments.burst,
            faults: arguments.share,
            ..Behaviour::default()
        },
    );
    println!("{}", endpoint.url());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    println!(
        "{}",
        json!({
            "total": endpoint.total(),
            "throttled": endpoint.throttled(),
            "struck": endpoint.struck(),
            "most_in_flight": endpoint.most_in_flight(),
            "counts": endpoint.counts(),
        })
    );
}

/// The endpoint in its own process.
struct Served {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Served {
    fn start(arguments: &Arguments, limit: f64) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command
            .arg("--serve")
            .args(["--buckets", &arguments.buckets.to_string()])
            .args(["--functions", &arguments.functions.to_string()])
            .args(["--latency-ms", &arguments.latency_ms.to_string()])
            .args(["--limit", &limit.to_string()])
            .args(["--refused", &arguments.share.refused.to_string()])
            .args(["--failed", &arguments.share.failed.to_string()])
            .args(["--reset", &arguments.share.reset.to_string()])
            .args(["--truncated", &arguments.share.truncated.to_string()])
            .args(["--stalled", &arguments.share.stalled.to_string()])
            .args(["--seed", &arguments.share.seed.to_string()]);
        if arguments.limit_each {
            command.arg("--limit-each");
        }
        if let Some(burst) = arguments.burst {
            command.args(["--burst", &burst.to_string()]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the endpoint starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut url = String::new();
        output.read_line(&mut url).expect("it says its URL");
        Self {
            child,
            output,
            url: url.trim().to_owned(),
        }
    }

    /// Ends it; what it saw.
    fn end(mut self) -> Value {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .expect("it says what it saw");
        let _ = self.child.wait();
        serde_json::from_str(&line).expect("in JSON")
    }
}

/// One measured collection.
struct Run {
    snapshot: Snapshot,
    wall: Duration,
    cpu: Option<Duration>,
    seen: Value,
}

fn measure(readings: &[ReadingKind], arguments: &Arguments, limit: f64) -> Run {
    let served = Served::start(arguments, limit);
    let request = CollectRequest {
        needs: needs(readings),
        endpoint_url: Some(served.url.clone()),
        concurrency: arguments.concurrency,
        ..CollectRequest::default()
    };
    let (began, cpu) = (Instant::now(), cpu_time());
    let snapshot = testing::collect(request, Box::new(Silent)).expect("a snapshot");
    let wall = began.elapsed();
    let cpu = cpu_time().zip(cpu).map(|(after, before)| after - before);
    Run {
        snapshot,
        wall,
        cpu,
        seen: served.end(),
    }
}

/// What the first 22 checks read, nine calls a bucket at most.
const FIRST: [ReadingKind; 15] = [
    ReadingKind::Caller,
    ReadingKind::AccountPublicAccessBlock,
    ReadingKind::RegionListing,
    ReadingKind::BucketListing,
    ReadingKind::FunctionListing,
    ReadingKind::BucketPolicy,
    ReadingKind::BucketPolicyStatus,
    ReadingKind::BucketAcl,
    ReadingKind::BucketOwnership,
    ReadingKind::BucketPublicAccessBlock,
    ReadingKind::BucketEncryption,
    ReadingKind::BucketLogging,
    ReadingKind::BucketVersioning,
    ReadingKind::FunctionAliases,
    ReadingKind::FunctionProvisionedConcurrency,
];

/// Those of the readings that are not opt-in, guarded as the facts guard them.
fn needs(readings: &[ReadingKind]) -> BTreeSet<(SubjectKind, Need)> {
    readings
        .iter()
        .filter(|kind| !kind.opt_in())
        .map(|kind| {
            let subject = match kind.scope() {
                Scope::Region => SubjectKind::Function,
                scope => scope.subject(),
            };
            (subject, Need::own(*kind))
        })
        .collect()
}

/// `cpu_s` is the bar for the processor time, where there is one.
fn free(
    what: &str,
    readings: &[ReadingKind],
    cpu_s: Option<f64>,
    arguments: &Arguments,
    bars: &mut Bars,
) {
    let run = measure(readings, arguments, 0.0);
    let calls = run.snapshot.api_calls;
    let latency = Duration::from_millis(arguments.latency_ms).as_secs_f64();
    // Half of what may be in flight by default: it begins with a quarter.
    let in_flight = arguments.concurrency.min(64);
    let ideal = calls as f64 * latency / in_flight as f64;
    let wall = run.wall.as_secs_f64();
    println!("\n{what}, as fast as it goes");
    println!(
        "  calls            {calls} ({} at a time at most)",
        run.seen["most_in_flight"]
    );
    println!(
        "  wall             {wall:.2} s ({:.0} calls a second)",
        calls as f64 / wall
    );
    println!("  ideal            {ideal:.2} s (calls x latency / {in_flight})");
    bars.hold("wall / ideal", wall / ideal.max(1e-9), 1.3, Bar::AtMost);
    if let Some(cpu) = run.cpu {
        let each = cpu.as_secs_f64() * 1e6 / calls.max(1) as f64;
        println!("  CPU a call       {each:.0} us");
        match cpu_s {
            Some(bar) => bars.hold("CPU s", cpu.as_secs_f64(), bar, Bar::Below),
            None => println!("  CPU              {:.2} s", cpu.as_secs_f64()),
        }
    }
    if let Some(peak) = peak_memory_mb() {
        bars.hold("peak memory MB", peak, 50.0, Bar::Below);
    }
    bars.hold("calls lost", lost(&run.snapshot) as f64, 0.0, Bar::AtMost);
}

fn limited(arguments: &Arguments, bars: &mut Bars) {
    let run = measure(ReadingKind::ALL, arguments, arguments.limit);
    let (total, throttled) = (
        run.seen["total"].as_u64().unwrap_or(0),
        run.seen["throttled"].as_u64().unwrap_or(0),
    );
    let wall = run.wall.as_secs_f64();
    let served = (total - throttled) as f64 / wall;
    println!(
        "\nwith the endpoint limited to {} requests a second{}",
        arguments.limit,
        if arguments.limit_each {
            " each service and Region"
        } else {
            ""
        }
    );
    println!("  calls            {total}, of which {throttled} were throttled");
    println!("  wall             {wall:.2} s");
    println!("  served           {served:.1} a second");
    if !arguments.limit_each {
        bars.hold(
            "share of the limit",
            served / arguments.limit,
            0.9,
            Bar::AtLeast,
        );
    }
    bars.hold("calls lost", lost(&run.snapshot) as f64, 0.0, Bar::AtMost);
}

/// Each kind of fault, and all of them together, beside a run without.
fn under_faults(arguments: &Arguments, bars: &mut Bars) {
    let clean = measure(ReadingKind::ALL, arguments, 0.0);
    let clean_wall = clean.wall.as_secs_f64();
    println!(
        "\nwithout faults\n  calls            {}\n  wall             {clean_wall:.2} s",
        clean.snapshot.api_calls
    );
    bars.hold("calls lost", lost(&clean.snapshot) as f64, 0.0, Bar::AtMost);
    let share = arguments.share;
    let tenth = |set: fn(&mut Faults, f64)| {
        let mut faults = share;
        set(&mut faults, 0.1);
        faults
    };
    let sixth = 0.06;
    let all = Faults {
        refused: sixth,
        failed: sixth,
        reset: sixth,
        truncated: sixth,
        stalled: sixth,
        ..share
    };
    let five_times = 5.0 * clean_wall;
    for (what, faults, bar) in [
        (
            "10 % refused with 503 or its like",
            tenth(|faults, share| faults.refused = share),
            five_times,
        ),
        (
            "10 % answered with 500",
            tenth(|faults, share| faults.failed = share),
            five_times,
        ),
        (
            "10 % of connections closed",
            tenth(|faults, share| faults.reset = share),
            five_times,
        ),
        (
            "10 % of answers broken off",
            tenth(|faults, share| faults.truncated = share),
            five_times,
        ),
        (
            "10 % of answers 5 s late",
            tenth(|faults, share| faults.stalled = share),
            15.0,
        ),
        ("30 % of all kinds", all, 60.0),
    ] {
        let run = measure(
            ReadingKind::ALL,
            &Arguments {
                share: faults,
                ..arguments.clone()
            },
            0.0,
        );
        let wall = run.wall.as_secs_f64();
        println!("\n{what}");
        println!(
            "  calls            {}, of which {} were struck",
            run.snapshot.api_calls, run.seen["struck"]
        );
        println!("  times clean      {:.1}", wall / clean_wall.max(1e-9));
        bars.hold("wall s", wall, bar, Bar::AtMost);
        bars.hold("calls lost", lost(&run.snapshot) as f64, 0.0, Bar::AtMost);
        let changed = run.snapshot.accounts != clean.snapshot.accounts;
        bars.hold("changed", f64::from(changed), 0.0, Bar::AtMost);
    }
}

/// Readings that failed, and resources that are missing.
fn lost(snapshot: &Snapshot) -> usize {
    let text = serde_json::to_string(snapshot).expect("it serializes");
    text.matches("{\"failed\":").count() + usize::from(!snapshot.complete)
}

/// User and system time of this process (Linux).
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields 14 and 15 of proc(5), counted after the name, which may hold spaces. They are in
    // clock ticks, of which Linux has 100 a second for user space on every architecture it runs on
    // here.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The most memory this process has held (Linux, `VmHWM`), MB.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[derive(Clone, Copy)]
enum Bar {
    AtMost,
    Below,
    AtLeast,
}

/// What was promised, and whether it is kept.
#[derive(Default)]
struct Bars {
    missed: Vec<&'static str>,
}

impl Bars {
    fn hold(&mut self, what: &'static str, value: f64, bar: f64, kind: Bar) {
        let (kept, sign) = match kind {
            Bar::AtMost => (value <= bar, "at most"),
            Bar::Below => (value < bar, "below"),
            Bar::AtLeast => (value >= bar, "at least"),
        };
        let verdict = if kept { "" } else { "  MISSED" };
        println!("  {what:<16} {value:.2} ({sign} {bar}){verdict}");
        if !kept {
            self.missed.push(what);
        }
    }

    fn verdict(self) -> ExitCode {
        if self.missed.is_empty() {
            ExitCode::SUCCESS
        } else {
            println!("\nmissed: {}", self.missed.join(", "));
            ExitCode::FAILURE
        }
    }
}
