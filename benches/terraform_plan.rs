//! A Terraform plan of 50 MB: time from bytes to snapshots, and the memory of it all.
//!
//! ```text
//! cargo bench --no-default-features --bench terraform_plan
//! ```
//!
//! 500 buckets with their settings and 200 functions stand among resources that are not read, as in a
//! plan of that size. Each figure stands beside its bar, and the run fails when one is missed;
//! `--report` only prints them. Memory is the peak of the process, the plan's bytes included.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should stop loudly"
)]

use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use coldbucket::template::DeploymentTarget;
use coldbucket::template::terraform::{PlanFiles, TerraformPlan, decode};

const MEGABYTES: usize = 50;
const BUCKETS: usize = 500;
const FUNCTIONS: usize = 200;
const TIME: Duration = Duration::from_secs(2);
const MEMORY_MB: f64 = 300.0;

/// The parts of a plan, as text: a document of this size would be most of what is measured.
#[derive(Default)]
struct PlanText {
    planned: String,
    changes: String,
    configuration: String,
}

impl PlanText {
    fn add(&mut self, kind: &str, name: &str, values: &str, unknown: &str, expressions: &str) {
        for part in [
            &mut self.planned,
            &mut self.changes,
            &mut self.configuration,
        ] {
            if !part.is_empty() {
                part.push(',');
            }
        }
        let head = format!(
            r#""address":"{kind}.{name}","mode":"managed","type":"{kind}","name":"{name}""#
        );
        write!(
            self.planned,
            r#"{{{head},"values":{values},"sensitive_values":{{}}}}"#
        )
        .unwrap();
        write!(
            self.changes,
            r#"{{{head},"change":{{"actions":["create"],"before":null,"after":{values},"after_unknown":{unknown},"after_sensitive":{{}}}}}}"#
        )
        .unwrap();
        write!(
            self.configuration,
            r#"{{{head},"provider_config_key":"aws","expressions":{expressions}}}"#
        )
        .unwrap();
    }

    fn bucket(&mut self, number: usize) {
        let name = format!("b{number}");
        let refer =
            format!(r#"{{"references":["aws_s3_bucket.{name}.id","aws_s3_bucket.{name}"]}}"#);
        let bucket = format!(r#"{{"bucket":{refer}}}"#);
        self.add(
            "aws_s3_bucket",
            &name,
            &format!(r#"{{"bucket":"acme-{number}","force_destroy":false,"tags":null}}"#),
            r#"{"acl":true,"arn":true,"grant":true,"id":true,"policy":true,"versioning":true}"#,
            r#"{"bucket":{"constant_value":"x"}}"#,
        );
        self.add(
            "aws_s3_bucket_public_access_block",
            &name,
            r#"{"block_public_acls":true,"block_public_policy":true,"ignore_public_acls":true,"restrict_public_buckets":true}"#,
            r#"{"bucket":true,"id":true}"#,
            &bucket,
        );
        self.add(
            "aws_s3_bucket_versioning",
            &name,
            r#"{"versioning_configuration":[{"status":"Enabled"}]}"#,
            r#"{"bucket":true,"id":true}"#,
            &bucket,
        );
        let policy = format!(
            r#"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::acme-{number}\",\"arn:aws:s3:::acme-{number}/*\"],\"Condition\":{{\"Bool\":{{\"aws:SecureTransport\":\"false\"}}}}}}]}}"#
        );
        self.add(
            "aws_s3_bucket_policy",
            &name,
            &format!(r#"{{"policy":"{policy}"}}"#),
            r#"{"bucket":true,"id":true}"#,
            &bucket,
        );
    }

    fn function(&mut self, number: usize) {
        let name = format!("f{number}");
        self.add(
            "aws_lambda_function",
            &name,
            &format!(
                r#"{{"function_name":"{name}","runtime":"python3.13","handler":"a.b","memory_size":512,"timeout":30,"publish":false,"role":"arn:aws:iam::111111111111:role/r","environment":[{{"variables":{{"A":"b"}}}}]}}"#
            ),
            r#"{"arn":true,"version":true,"environment":[{"variables":{}}]}"#,
            r#"{"function_name":{"constant_value":"x"}}"#,
        );
        self.add(
            "aws_lambda_permission",
            &name,
            r#"{"action":"lambda:InvokeFunction","principal":"events.amazonaws.com"}"#,
            r#"{"function_name":true,"source_arn":true}"#,
            &format!(
                r#"{{"function_name":{{"references":["aws_lambda_function.{name}.arn","aws_lambda_function.{name}"]}},"source_arn":{{"references":["aws_cloudwatch_event_rule.r.arn","aws_cloudwatch_event_rule.r"]}}}}"#
            ),
        );
    }
}

/// A plan of the wanted size.
fn plan() -> String {
    let mut text = PlanText::default();
    (0..BUCKETS).for_each(|number| text.bucket(number));
    (0..FUNCTIONS).for_each(|number| text.function(number));
    let values = format!(
        r#"{{"ami":"ami-1","user_data":"{}","tags":{{"Name":"web","Team":"core"}},"ebs_block_device":[{{"device_name":"/dev/sda1","encrypted":true,"volume_size":100}}]}}"#,
        "0123456789abcdef".repeat(60)
    );
    let mut number = 0;
    while text.planned.len() + text.changes.len() + text.configuration.len() < MEGABYTES << 20 {
        text.add(
            "aws_instance",
            &format!("i{number}"),
            &values,
            r#"{"arn":true,"id":true,"private_ip":true}"#,
            r#"{"ami":{"references":["data.aws_ami.a.id","data.aws_ami.a"]},"user_data":{"references":["local.data"]}}"#,
        );
        number += 1;
    }
    format!(
        r#"{{"format_version":"1.2","terraform_version":"1.14.0","planned_values":{{"root_module":{{"resources":[{}]}}}},"resource_changes":[{}],"configuration":{{"provider_config":{{"aws":{{"name":"aws","expressions":{{"region":{{"constant_value":"eu-west-1"}}}}}}}},"root_module":{{"resources":[{}]}}}}}}"#,
        text.planned, text.changes, text.configuration
    )
}

fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1.024 / 1000.0)
}

fn main() -> ExitCode {
    let strict = !std::env::args().any(|argument| argument == "--report");
    let file = tempfile::NamedTempFile::new().unwrap();
    // Written by another process, so that making the plan is not in the peak.
    if std::env::var_os("COLDBUCKET_BENCH_PLAN").is_none() {
        std::fs::write(file.path(), plan()).unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(std::env::args().skip(1))
            .env("COLDBUCKET_BENCH_PLAN", file.path())
            .status()
            .unwrap();
        return match status.success() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        };
    }
    let path = std::env::var_os("COLDBUCKET_BENCH_PLAN").unwrap();
    let start = Instant::now();
    let bytes = std::fs::read(path).unwrap();
    let text = decode(&bytes).unwrap();
    let target = DeploymentTarget {
        taken_at: "2026-11-29T00:00:00Z".to_owned(),
        ..DeploymentTarget::default()
    };
    let built = TerraformPlan::parse(&text)
        .unwrap()
        .build(&target, &PlanFiles::default());
    let took = start.elapsed();
    assert_eq!(built.resources.len(), BUCKETS + FUNCTIONS);
    let memory = peak_mb().unwrap_or(0.0);
    println!(
        "{:.0} MB, {} resources read: {:.2} s (bar {:.1} s), {memory:.0} MB (bar {MEMORY_MB:.0} MB)",
        bytes.len() as f64 / f64::from(1 << 20),
        built.resources.len(),
        took.as_secs_f64(),
        TIME.as_secs_f64(),
    );
    if strict && (took > TIME || memory > MEMORY_MB) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
