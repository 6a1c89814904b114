//! How fast the policy engine is: the evaluator as a library, lines of `evaluate --batch`, every
//! question about an ordinary policy, lines of `prove --batch`, and policies made to be slow.
//!
//! ```text
//! cargo bench --no-default-features --bench policy
//! ```
//!
//! Each figure stands beside its bar, and the run fails when one is missed; `--report` only tells,
//! `--only prove` (or evaluate, batch, adversarial) runs a part. Figures depend on the machine and on
//! what else runs on it, so times stand beside the CPU time they took: on a machine that is shared,
//! the latter is the one to compare (Linux; elsewhere it is left out).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should stop loudly"
)]

use std::hint::black_box;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use coldbucket::report::policy::Request;
use coldbucket_policy::batch::{self, Evaluator};
use coldbucket_policy::evaluate::Policies;
use coldbucket_policy::prove::Case;
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

const OWNER: &str = "111111111111";

/// Four policies as people write them.
fn ordinary() -> Vec<Value> {
    let tls = json!({"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    vec![
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}),
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/app"}, "Action": ["s3:GetObject", "s3:PutObject"],
             "Resource": "arn:aws:s3:::b/app/*"}, tls]}),
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
             "Resource": "arn:aws:s3:::b/logs/*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::src"},
             "StringEquals": {"aws:SourceAccount": OWNER}}}, tls]}),
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
             "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
             "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}}, tls]}),
    ]
}

fn requests() -> Vec<Request> {
    let request = |principal: Value, action: &str, resource: &str| -> Request {
        serde_json::from_value(json!({
            "principal": principal, "action": action, "resource": resource, "resource_account": OWNER,
            "context": {"aws:SecureTransport": "true", "aws:SourceIp": "203.0.113.9", "aws:UserAgent": "curl/8.5",
                "aws:CurrentTime": "2026-11-22T10:00:00Z", "aws:PrincipalOrgID": "o-abc1234567"},
        }))
        .unwrap()
    };
    vec![
        request(
            json!({"type": "Anonymous"}),
            "s3:GetObject",
            "arn:aws:s3:::b/photos/2026/11/one.jpg",
        ),
        request(
            json!("arn:aws:sts::222222222222:assumed-role/app/s1"),
            "s3:PutObject",
            "arn:aws:s3:::b/app/data.json",
        ),
        request(
            json!("arn:aws:iam::333333333333:root"),
            "s3:ListBucket",
            "arn:aws:s3:::b",
        ),
        request(
            json!({"type": "Service", "name": "logging.s3.amazonaws.com"}),
            "s3:PutObject",
            "arn:aws:s3:::b/logs/x",
        ),
    ]
}

const QUESTIONS: &[&str] = &[
    "anonymous",
    "any-aws-account",
    "account:222222222222",
    "service:logging.s3.amazonaws.com",
    "plain-http",
    "presigned",
    "put-without-kms",
    "sse-c",
];

fn case(policy: &Policy) -> Case<'_> {
    Case::new("b", OWNER, Some(policy))
}

/// Policies of about 20 KB that ask for as much search as possible.
fn adversarial() -> Vec<(&'static str, Value)> {
    let allow = |resource: Vec<String>| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource});
    let deny = |resource: Vec<String>| json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource});
    let policy = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements});
    let on = |key: String| format!("arn:aws:s3:::b/{key}");
    let letters = |number: usize| char::from(b'a' + u8::try_from(number % 26).unwrap());
    vec![
        (
            "overlapping globs",
            policy(vec![
                allow((0..180).map(|n| on(format!("*{}{}*{n}*", letters(n), letters(n / 7)))).collect()),
                deny((0..180).map(|n| on(format!("*{}*{}*{n}", letters(n / 3), letters(n)))).collect()),
            ]),
        ),
        (
            "subset construction",
            policy(vec![
                allow(vec![on(format!("*a{}", "?".repeat(40)))]),
                deny((0..60).map(|n| on(format!("*b{}", "?".repeat(n)))).collect()),
            ]),
        ),
        (
            "hundreds of Deny clauses",
            policy(
                std::iter::once(allow(vec![on("*".to_owned())]))
                    .chain((0..130).map(|n| {
                        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": on(format!("*{}*", letters(n))),
                            "Condition": {"StringEquals": {format!("aws:RequestTag/k{}", n % 12): "x"},
                                "StringNotEquals": {format!("aws:RequestTag/k{}", (n + 5) % 12): "y"}}})
                    }))
                    .collect(),
            ),
        ),
        (
            "long chain of holes",
            policy(vec![
                allow(vec![on("*".to_owned())]),
                deny((1..90).map(|n| on(format!("{}*x*{}", "?".repeat(n), "y?".repeat(n / 2)))).collect()),
            ]),
        ),
        (
            "boolean clauses",
            policy(
                std::iter::once(allow(vec![on("*".to_owned())]))
                    .chain((0..120).map(|n: usize| {
                        let one = |k: usize| if (n >> (k % 5)) & 1 == 0 { "true" } else { "false" };
                        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {
                            format!("aws:RequestTag/a{}", n % 17): one(0), format!("aws:RequestTag/a{}", (n * 3 + 1) % 17): one(1),
                            format!("aws:RequestTag/a{}", (n * 7 + 2) % 17): one(2)}}})
                    }))
                    .collect(),
            ),
        ),
    ]
}

struct Board {
    missed: bool,
}

impl Board {
    fn line(&mut self, what: &str, figure: String, bar: &str, met: bool) {
        println!(
            "{what:<46} {figure:>30}   bar {bar:<10} {}",
            if met { "met" } else { "MISSED" }
        );
        self.missed |= !met;
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// CPU time of this thread so far.
fn own_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// CPU time of all processes that were waited for, to a hundredth of a second.
fn children_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the command's name, which may hold anything: user and system time of children are the
    // 14th and 15th of what follows.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

/// What something took.
struct Took {
    wall: Duration,
    cpu: Option<Duration>,
}

impl Took {
    fn of(clock: fn() -> Option<Duration>, work: impl FnOnce()) -> Self {
        let before = clock();
        let start = Instant::now();
        work();
        Self {
            wall: start.elapsed(),
            cpu: clock().zip(before).map(|(after, before)| after - before),
        }
    }

    fn rate(&self, count: usize) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }

    /// CPU time of one of so many.
    fn cpu_each(&self, count: usize) -> String {
        self.cpu.map_or_else(String::new, |cpu| {
            format!(
                ", {:.1} µs CPU each",
                cpu.as_secs_f64() * 1e6 / count as f64
            )
        })
    }
}

/// Lines through the binary.
fn through_the_binary(arguments: &[&str], input: &str) -> Took {
    let lines = input.lines().count();
    Took::of(children_cpu, || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_coldbucket"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = input.to_owned();
        let feeder = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
        assert!(output.status.success(), "{:?}", output.status);
        assert_eq!(
            output.stdout.iter().filter(|byte| **byte == b'\n').count(),
            lines
        );
    })
}

fn evaluator(board: &mut Board, policies: &[Policy]) {
    let compiled: Vec<Policies> = policies
        .iter()
        .map(|policy| Policies::of_resource(Some(policy)).with_willing_identity())
        .collect();
    let requests = requests();
    let rounds = 40_000;
    let count = rounds * compiled.len() * requests.len();
    let took = Took::of(own_cpu, || {
        for _ in 0..rounds {
            for policies in &compiled {
                for request in &requests {
                    black_box(policies.evaluate(black_box(request)));
                }
            }
        }
    });
    let rate = took.rate(count);
    board.line(
        "evaluator, requests a second, one core",
        format!("{rate:.0}{}", took.cpu_each(count)),
        "> 300000",
        rate > 300_000.0,
    );
}

fn evaluate_lines(board: &mut Board, documents: &[Value]) {
    let requests = requests();
    let count = 200_000;
    // Every line has its own policy text, so that nothing is found compiled; then the same few.
    let line = |number: usize, fresh: bool| {
        let mut document = documents[number % documents.len()].clone();
        if fresh {
            document["Id"] = json!(format!("policy-{number}"));
        }
        json!({"id": number.to_string(), "policies": {"resource": document}, "request": requests[number % requests.len()]}).to_string()
    };
    for (fresh, name) in [(true, "new policies"), (false, "few policies")] {
        let lines: String = (0..count)
            .map(|number| line(number, fresh) + "\n")
            .collect();
        let took = through_the_binary(&["policy", "evaluate", "--batch"], &lines);
        let rate = took.rate(count);
        board.line(
            &format!("evaluate --batch, lines a second, {name}"),
            format!("{rate:.0}{}", took.cpu_each(count)),
            "> 100000",
            rate > 100_000.0,
        );
        if fresh {
            let mut evaluator = Evaluator::default();
            let few = 50_000;
            let took = Took::of(own_cpu, || {
                for line in lines.lines().take(few) {
                    black_box(evaluator.answer(line).unwrap());
                }
            });
            println!(
                "{:<46} {:>30.2}{}",
                "  one line on one core, µs",
                took.wall.as_secs_f64() * 1e6 / few as f64,
                took.cpu_each(few)
            );
        }
    }
    let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
    let rounds = 20_000;
    let took = Took::of(own_cpu, || {
        for _ in 0..rounds {
            for text in &texts {
                black_box(Policy::parse(black_box(text), PolicyKind::Resource));
            }
        }
    });
    println!(
        "{:<46} {:>30.2}",
        "  parsing a policy, µs",
        took.wall.as_secs_f64() * 1e6 / (rounds * texts.len()) as f64
    );
}

fn questions(board: &mut Board, policies: &[Policy]) {
    let rounds = 4_000;
    for (policy, number) in policies.iter().zip(1..) {
        let mut times = Vec::with_capacity(rounds);
        let took = Took::of(own_cpu, || {
            for _ in 0..rounds {
                let start = Instant::now();
                black_box(batch::answers(&case(policy), QUESTIONS).unwrap());
                times.push(start.elapsed());
            }
        });
        let median = median(times);
        board.line(
            &format!("all 8 questions, ordinary policy {number}, median"),
            format!(
                "{:.1} µs{}",
                median.as_secs_f64() * 1e6,
                took.cpu_each(rounds)
            ),
            "< 100 µs",
            median < Duration::from_micros(100),
        );
    }
}

fn prove_lines(board: &mut Board, documents: &[Value]) {
    let count = 100_000;
    let lines: String = (0..count)
        .map(|number| {
            json!({"id": number.to_string(), "bucket": "b", "owner": OWNER, "policy": documents[number % documents.len()],
                "questions": QUESTIONS})
            .to_string()
                + "\n"
        })
        .collect();
    let took = through_the_binary(&["policy", "prove", "--batch"], &lines);
    let rate = took.rate(count);
    board.line(
        "prove --batch, policies a second, 8 questions",
        format!("{rate:.0}{}", took.cpu_each(count)),
        "> 10000",
        rate > 10_000.0,
    );
}

fn slow_policies(board: &mut Board) {
    for (name, document) in adversarial() {
        let text = document.to_string();
        let mut unknown = 0;
        let took = Took::of(own_cpu, || {
            let policy = Policy::parse(&text, PolicyKind::Resource);
            let answers = batch::answers(&case(&policy), QUESTIONS).unwrap();
            unknown = answers
                .iter()
                .filter(|answer| answer.verdict == coldbucket::report::Reach::Unknown)
                .count();
        });
        board.line(
            &format!(
                "{name}, {:.0} KB, {unknown} of 8 unknown",
                text.len() as f64 / 1000.0
            ),
            format!(
                "{:.1} ms{}",
                took.wall.as_secs_f64() * 1e3,
                took.cpu_each(1)
            ),
            "< 200 ms",
            took.wall < Duration::from_millis(200),
        );
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let only = arguments
        .iter()
        .skip_while(|argument| *argument != "--only")
        .nth(1);
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let mut board = Board { missed: false };
    let documents = ordinary();
    let policies: Vec<Policy> = documents
        .iter()
        .map(|document| Policy::parse(&document.to_string(), PolicyKind::Resource))
        .collect();
    if wanted("evaluate") {
        evaluator(&mut board, &policies);
    }
    if wanted("batch") {
        evaluate_lines(&mut board, &documents);
        prove_lines(&mut board, &documents);
    }
    if wanted("prove") {
        questions(&mut board, &policies);
    }
    if wanted("adversarial") {
        slow_policies(&mut board);
    }
    if board.missed && !arguments.iter().any(|argument| argument == "--report") {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
