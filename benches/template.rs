//! A CloudFormation template of 500 resources: time from bytes to verdicts.
//!
//! ```text
//! cargo bench --no-default-features --bench template
//! ```
//!
//! Buckets with policies and functions with permissions, in short tags. Each template stands beside its
//! bar, and the run fails when it is missed; `--report` only prints the figures. One template is known in
//! full. The other depends on parameters without a value, so that several deployments are judged; it has
//! no bar.
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

use coldbucket::checks::{Catalog, Selected, Selection, assess};
use coldbucket::facts::{Facts, Trust};
use coldbucket::template::DeploymentTarget;
use coldbucket::template::cloudformation::{SourceFiles, read_template};

const BUCKETS: usize = 150;
const FUNCTIONS: usize = 100;
const TIME: Duration = Duration::from_millis(300);

/// Each bucket has a policy and each function a permission: 500 resources.
fn template(unknown: bool) -> String {
    let mut text = "Parameters:\n  Stage: {Type: String, Default: dev}\n".to_owned();
    if unknown {
        text.push_str("  Status: {Type: String, AllowedValues: [Enabled, Suspended]}\n");
    }
    text.push_str("Conditions:\n  IsProd: !Equals [!Ref Stage, prod]\nResources:\n");
    let status = if unknown { "!Ref Status" } else { "Enabled" };
    for number in 0..BUCKETS {
        write!(
            text,
            r#"  Bucket{number}:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "acme-${{Stage}}-{number}-${{AWS::AccountId}}"
      VersioningConfiguration: {{Status: {status}}}
      PublicAccessBlockConfiguration: !If
        - IsProd
        - {{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}}
        - !Ref AWS::NoValue
  Policy{number}:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket{number}
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: [!GetAtt Bucket{number}.Arn, !Join ["", [!GetAtt Bucket{number}.Arn, "/*"]]]
            Condition: {{Bool: {{aws:SecureTransport: "false"}}}}
"#
        )
        .unwrap();
    }
    for number in 0..FUNCTIONS {
        write!(
            text,
            r#"  Function{number}:
    Type: AWS::Lambda::Function
    Properties:
      Role: !Sub "arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/r"
      Runtime: python3.13
      Handler: index.handler
      Code: {{ZipFile: "def handler(event, context): pass"}}
      MemorySize: "512"
  Permission{number}:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function{number}
      Action: lambda:InvokeFunction
      Principal: s3.amazonaws.com
      SourceArn: !GetAtt Bucket{number}.Arn
      SourceAccount: !Ref AWS::AccountId
"#
        )
        .unwrap();
    }
    text
}

struct NoFiles;

impl SourceFiles for NoFiles {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn package_bytes(&self, _: &str) -> Option<u64> {
        None
    }
}

/// Time, verdicts and deployments of a template.
fn judge(text: &str, selected: &Selected) -> (Duration, usize, usize) {
    let target = DeploymentTarget {
        taken_at: "2026-11-29T00:00:00Z".to_owned(),
        ..DeploymentTarget::default()
    };
    let start = Instant::now();
    let (_, built) = read_template("bench.yaml", text.as_bytes(), &target, &NoFiles).unwrap();
    let mut verdicts = 0;
    for rendering in &built.renderings {
        let facts = Facts::new(&rendering.snapshot, Trust::default());
        assess(&facts, selected, &|_| true, &mut |_| verdicts += 1).unwrap();
    }
    (start.elapsed(), verdicts, built.renderings.len())
}

fn main() -> ExitCode {
    let strict = !std::env::args().any(|argument| argument == "--report");
    let selection = Selection {
        pack: "strict".to_owned(),
        ..Selection::default()
    };
    let selected = Catalog::builtin().unwrap().select(&selection).unwrap();
    let mut missed = false;
    for (name, unknown, bar) in [
        ("known in full", false, Some(TIME)),
        ("with a parameter that is not given", true, None),
    ] {
        let text = template(unknown);
        let (took, verdicts, deployments) = judge(&text, &selected);
        let shown = bar.map_or(String::new(), |bar| {
            format!(" (bar {:.1} s)", bar.as_secs_f64())
        });
        println!(
            "{} resources, {name}: {:.2} s{shown}, {verdicts} verdicts, {deployments} deployments",
            2 * (BUCKETS + FUNCTIONS),
            took.as_secs_f64(),
        );
        missed |= bar.is_some_and(|bar| took > bar);
    }
    if strict && missed {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
