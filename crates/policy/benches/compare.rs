//! How fast two policies are compared, and how often the answer is "unknown": policies of AWS's
//! documentation and their mutations, AWS's documented pairs, and pairs made to be slow.
//!
//! ```text
//! cargo bench -p coldbucket-policy --bench compare [-- --policies FILE] [--report]
//! ```
//!
//! `FILE` holds a policy a line, `{"policy": …}`. Each figure stands beside its bar, and the run fails when
//! one is missed; `--report` only prints.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should stop loudly"
)]

#[path = "../tests/mutations/mod.rs"]
mod mutations;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use coldbucket_policy::batch;
use coldbucket_policy::contract::{CompareOutput, CompareVerdict};
use serde_json::{Value, json};

const POLICIES: &str = include_str!("../tests/fixtures/documented-policies.jsonl");
const DOCUMENTED: &str = include_str!("../tests/fixtures/compare-documented.jsonl");

/// A pair as a line of the batch, and whether the mutation can only widen.
struct Pair {
    line: String,
    name: String,
    widens: bool,
}

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn line(kind: &str, bucket: Option<&str>, old: &Value, new: &Value) -> String {
    let mut line = json!({"id": "p", "kind": kind, "old": old, "new": new});
    if let Some(bucket) = bucket {
        line["bucket"] = json!(bucket);
    }
    line.to_string()
}

fn mutated(texts: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for text in texts.lines() {
        let entry: Value = serde_json::from_str(text).unwrap();
        let policy = &entry["policy"];
        for mutation in mutations::all(policy) {
            for kind in ["resource", "s3"] {
                pairs.push(Pair {
                    line: line(kind, None, policy, &mutation.policy),
                    name: format!(
                        "{} {} {kind}",
                        entry["id"].as_str().unwrap_or(""),
                        mutation.name
                    ),
                    widens: mutation.widens,
                });
            }
        }
    }
    pairs
}

/// Times of all pairs, the fastest of three runs each.
fn measure(pairs: &[Pair]) -> (Vec<Duration>, Vec<CompareOutput>) {
    let mut times = Vec::with_capacity(pairs.len());
    let mut answers = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let mut best = Duration::MAX;
        let mut answer = None;
        for _ in 0..3 {
            let start = Instant::now();
            answer = Some(batch::compare(&pair.line, false).unwrap());
            best = best.min(start.elapsed());
        }
        times.push(best);
        answers.push(answer.unwrap());
    }
    (times, answers)
}

fn arn(key: &str) -> String {
    format!("arn:aws:s3:::b/{key}")
}

fn many(count: usize, of: &dyn Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(of).collect()
}

/// Denies of three tags each, drawn from forty.
fn booleans(count: usize, seed: u64) -> Vec<Value> {
    many(count, &|place| {
        let mut state = seed
            .wrapping_add(place as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut condition = json!({});
        for _ in 0..3 {
            state ^= state >> 29;
            state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let key = format!("aws:PrincipalTag/t{}", state % 40);
            condition["StringEquals"][key] = json!(if state & 64 == 0 { "x" } else { "y" });
        }
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition})
    })
}

/// Allows to one role each, of accounts from `base` on.
fn principals(count: usize, base: u64) -> Vec<Value> {
    many(count, &|place| {
        json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{:012}:role/r{place}", base + place as u64)},
               "Action": "s3:GetObject", "Resource": arn(&format!("p{place}/*"))})
    })
}

/// Pairs near the longest a policy may be, made so that patterns, clauses or lists multiply.
fn adversarial() -> Vec<(&'static str, String)> {
    let allow = |resource: Value, condition: Value| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource, "Condition": condition});
    let policy = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements});
    let none = json!({});
    let stars = |letter: char, count: usize| {
        let hole: String = (0..count)
            .map(|place| format!("*{letter}{place:x}*"))
            .collect();
        arn(&hole)
    };
    let lists = many(3000, &|place| json!(arn(&format!("{place}/*{place}*/?x*"))));
    let window = |letter: &str| json!([arn(&format!("*{letter}{}", "?".repeat(24)))]);
    let pairs: Vec<(&'static str, Value, Value)> = vec![
        (
            "globs without end",
            policy(vec![allow(
                json!([stars('a', 60), stars('b', 60)]),
                none.clone(),
            )]),
            policy(vec![allow(
                json!([stars('a', 59), stars('c', 60)]),
                none.clone(),
            )]),
        ),
        (
            "two windows",
            policy(vec![allow(window("a"), none.clone())]),
            policy(vec![allow(window("b"), none.clone())]),
        ),
        (
            "clauses over booleans",
            policy([vec![allow(json!("*"), none.clone())], booleans(700, 1)].concat()),
            policy([vec![allow(json!("*"), none.clone())], booleans(700, 2)].concat()),
        ),
        (
            "many principals",
            policy(principals(1200, 100_000_000_000)),
            policy(principals(1200, 100_000_000_001)),
        ),
        (
            "long lists",
            policy(vec![allow(Value::Array(lists.clone()), none.clone())]),
            policy(vec![allow(
                Value::Array(lists[1..].to_vec()),
                json!({"Bool": {"aws:SecureTransport": "true"}}),
            )]),
        ),
        (
            "many statements with variables",
            policy(many(900, &|place| {
                allow(
                    json!(arn(&format!("${{aws:username}}/{place}/*"))),
                    json!({"StringLike": {"aws:PrincipalTag/a": format!("{place}*")}}),
                )
            })),
            policy(many(900, &|place| {
                allow(
                    json!(arn(&format!("${{aws:username}}/{place}*"))),
                    json!({"StringLike": {"aws:PrincipalTag/a": format!("*{place}")}}),
                )
            })),
        ),
        (
            "many actions",
            policy(vec![
                json!({"Effect": "Allow", "Principal": "*", "Action": many(4000, &|place| json!(format!("svc{place}:*{place}*"))), "Resource": "*"}),
            ]),
            policy(vec![
                json!({"Effect": "Allow", "Principal": "*", "NotAction": many(4000, &|place| json!(format!("*{place}:a*{place}"))), "Resource": "*"}),
            ]),
        ),
    ];
    pairs
        .into_iter()
        .map(|(name, old, new)| {
            for policy in [&old, &new] {
                assert!(
                    policy.to_string().len() <= 256 * 1024,
                    "{name}: {}",
                    policy.to_string().len()
                );
            }
            (name, line("resource", None, &old, &new))
        })
        .collect()
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

struct Bars {
    missed: usize,
}

impl Bars {
    fn check(&mut self, what: &str, value: f64, bar: f64, unit: &str, at_most: bool) {
        let met = if at_most { value <= bar } else { value >= bar };
        self.missed += usize::from(!met);
        println!(
            "{:<44} {value:>10.1} {unit:<8} bar {} {bar} {}",
            what,
            if at_most { "<=" } else { ">=" },
            if met { "" } else { "MISSED" }
        );
    }
}

/// The time of half and of 99 of 100 pairs, beside their bars.
fn check_times(bars: &mut Bars, what: &str, times: &mut [Duration]) {
    for (name, percent, bar) in [("median", 50, 60.0), ("99 %", 99, 2000.0)] {
        let time = percentile(times, percent).as_secs_f64() * 1e6;
        bars.check(&format!("{what}, {name}"), time, bar, "us", true);
    }
}

/// What was found about policies and their mutations; `show` prints what is not new access.
fn by_mutation(bars: &mut Bars, pairs: &[Pair], show: bool) {
    let (mut times, answers) = measure(pairs);
    let unknown = answers
        .iter()
        .filter(|answer| answer.new_access.is_none())
        .count();
    let of = |verdict| {
        answers
            .iter()
            .filter(|answer| answer.verdict == verdict)
            .count()
    };
    println!(
        "{} pairs by mutation: {} new, {} none, {} future, {unknown} unknown",
        pairs.len(),
        of(CompareVerdict::New),
        of(CompareVerdict::None),
        of(CompareVerdict::Future),
    );
    for (pair, answer) in pairs.iter().zip(&answers).filter(|_| show) {
        if pair.widens && answer.verdict == CompareVerdict::None {
            println!("  not wider: {}", pair.name);
        }
        if answer.new_access.is_none() {
            println!("  unknown: {}: {:?}", pair.name, answer.reason);
        }
    }
    let slowest = times
        .iter()
        .zip(pairs)
        .max_by_key(|(time, _)| **time)
        .unwrap();
    println!("slowest: {:?} {}", slowest.0, slowest.1.name);
    let share = unknown as f64 * 100.0 / pairs.len() as f64;
    bars.check("unknown, of pairs by mutation", share, 2.0, "%", true);
    let widening: Vec<_> = pairs
        .iter()
        .zip(&answers)
        .filter(|(pair, _)| pair.widens)
        .collect();
    println!(
        "{} of {} widening mutations are new access",
        widening
            .iter()
            .filter(|(_, answer)| answer.verdict == CompareVerdict::New)
            .count(),
        widening.len()
    );
    check_times(bars, "pairs by mutation", &mut times);
}

/// The pairs of AWS's documentation.
fn documented() -> Vec<Pair> {
    DOCUMENTED
        .lines()
        .map(|text| {
            let case: Value = serde_json::from_str(text).unwrap();
            let kind = case["kind"].as_str().unwrap();
            Pair {
                line: line(kind, None, &case["old"], &case["new"]),
                name: case["id"].as_str().unwrap().to_owned(),
                widens: false,
            }
        })
        .collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let asks = |option: &str| arguments.iter().any(|argument| argument == option);
    let given = arguments
        .iter()
        .position(|argument| argument == "--policies");
    let texts = match given.and_then(|place| arguments.get(place + 1)) {
        Some(file) => std::fs::read_to_string(file).unwrap(),
        None => POLICIES.to_owned(),
    };
    let mut bars = Bars { missed: 0 };
    let pairs = mutated(&texts);
    by_mutation(&mut bars, &pairs, asks("--show"));
    let (mut times, _) = measure(&documented());
    check_times(&mut bars, "documented pairs", &mut times);
    let start = Instant::now();
    for pair in &pairs {
        batch::compare(&pair.line, false).unwrap();
    }
    let rate = pairs.len() as f64 / start.elapsed().as_secs_f64();
    bars.check(
        "lines of a batch, one core",
        rate,
        7_500.0,
        "a second",
        false,
    );
    for (name, line) in adversarial() {
        let start = Instant::now();
        let answer = batch::compare(&line, false).unwrap();
        let took = start.elapsed().as_secs_f64() * 1e3;
        println!("  {name}: {:?} {:?}", answer.verdict, answer.lost);
        bars.check(name, took, 300.0, "ms", true);
    }
    if bars.missed == 0 || asks("--report") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
