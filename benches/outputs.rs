//! 100,000 results in every machine format: time a format, and the memory of it all.
//!
//! ```text
//! cargo bench --no-default-features --bench outputs
//! ```
//!
//! Every result is a finding with evidence, which is the most that a result can be. Each figure stands
//! beside its bar, and the run fails when one is missed; `--report` only tells. Memory is the peak of the
//! process, the report included.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should stop loudly"
)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldbucket::findings::{bounded, fingerprint};
use coldbucket::output::{Format, Look};
use coldbucket::report::{
    CheckResult, CheckSummary, Evidence, Report, ResourceId, Severity, Status, SubjectKind,
};
use serde_json::json;

const RESULTS: usize = 100_000;
const CHECKS: usize = 50;
const TIME: Duration = Duration::from_secs(5);
const MEMORY_MB: f64 = 300.0;

fn report() -> Report {
    let mut report: Report = serde_json::from_value(json!({
        "schema": "coldbucket-report/1", "tool": {"name": "coldbucket", "version": "0"},
        "taken_at": "2026-11-22T10:15:00Z", "source": "snapshot",
        "scope": {"accounts": ["123456789012"], "regions": ["eu-west-1"], "endpoint": null, "selection": {}},
        "summary": {"resources": {"bucket": RESULTS / CHECKS}, "results": {"fail": RESULTS},
            "failed_by_severity": {"medium": RESULTS}, "api_calls": 0, "duration_ms": 0},
        "checks": {}, "results": [], "buckets": [], "cold_start": [], "gaps": [],
    }))
    .unwrap();
    for check in 0..CHECKS {
        let summary = CheckSummary {
            title: "Objects can be read or written over plain HTTP".to_owned(),
            severity: Some(Severity::Medium),
            remediation: "Add a Deny for aws:SecureTransport false to the policy.".to_owned(),
            change: Some("deny-plain-http".to_owned()),
            rationale: "It takes a careless client and somebody on its path. ".repeat(8),
            maps_to: [("security_hub".to_owned(), vec!["S3.5".to_owned()])].into(),
            references: vec!["https://docs.aws.amazon.com/AmazonS3/".to_owned()],
        };
        report
            .checks
            .insert(format!("s3-check-{check:02}"), summary);
    }
    report.results = (0..RESULTS).map(result).collect();
    report
}

fn result(number: usize) -> CheckResult {
    let check = format!("s3-check-{:02}", number / (RESULTS / CHECKS));
    let name = format!("acme-data-of-some-team-{:05}", number % (RESULTS / CHECKS));
    let arn = format!("arn:aws:s3:::{name}");
    let pointer = |member: &str| format!("/accounts/123456789012/buckets/{name}/{member}/known");
    bounded(CheckResult {
        fingerprint: fingerprint(&check, &arn, None),
        check,
        status: Status::Fail,
        item: None,
        severity: Severity::Medium,
        message: Some(format!(
            "Bucket {name} serves plain HTTP: there is no bucket policy."
        )),
        evidence: vec![
            Evidence {
                pointer: pointer("policy"),
                value: json!("{\"Version\":\"2012-10-17\"} ".repeat(10)),
            },
            Evidence {
                pointer: pointer("public_access_block"),
                value: json!({"block_public_acls": true}),
            },
        ],
        resource: Arc::new(ResourceId {
            kind: SubjectKind::Bucket,
            name,
            arn,
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            address: None,
        }),
        witness: None,
        reason: None,
        not_requested: Vec::new(),
        remediation: None,
        missing: Vec::new(),
        suppressed_by: None,
        suppression: None,
        location: None,
        change: None,
    })
}

/// Counts and forgets.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most memory the process had, MB (10^6 bytes); Linux only.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1.024 / 1000.0)
}

fn main() -> ExitCode {
    let strict = !std::env::args().any(|argument| argument == "--report");
    let report = report();
    println!(
        "{RESULTS} findings; the report alone: {:.0} MB",
        peak_mb().unwrap_or(0.0)
    );
    let mut missed = false;
    for format in Format::ALL {
        let mut out = io::BufWriter::new(Counter(0));
        let begun = Instant::now();
        format.render(&report, Look::FILE, &mut out).unwrap();
        out.flush().unwrap();
        let took = begun.elapsed();
        let bytes = out.get_ref().0;
        missed |= took > TIME;
        println!(
            "{:<9} {:>6.2} s (bar {} s) {:>8.1} MB {:>6} bytes a finding, peak so far {:>4.0} MB",
            format.name(),
            took.as_secs_f64(),
            TIME.as_secs(),
            bytes as f64 / 1e6,
            bytes / RESULTS as u64,
            peak_mb().unwrap_or(0.0),
        );
    }
    let peak = peak_mb().unwrap_or(0.0);
    missed |= peak > MEMORY_MB;
    println!("peak memory {peak:.0} MB (bar {MEMORY_MB:.0} MB)");
    if missed && strict {
        println!("a bar was missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
