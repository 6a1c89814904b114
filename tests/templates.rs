//! Templates before deployment, with the right answers of `tests/fixtures/templates/expected.yaml`, and
//! the stack that the CDK made with those of `cdk-sample.expected.json`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser;
use coldbucket::cli::Cli;
use coldbucket::report::{CheckResult, Report, Status, SubjectKind};
use serde::Deserialize;

const BUCKET: [&str; 11] = [
    "s3-public-read",
    "s3-public-list",
    "s3-public-write",
    "s3-public-acl-grant",
    "s3-plain-http",
    "s3-acls-enabled",
    "s3-public-access-not-blocked",
    "s3-no-kms-key",
    "s3-no-access-log",
    "s3-no-versioning",
    "s3-cross-account-access",
];

const FUNCTION: [&str; 6] = [
    "lambda-runtime-deprecated",
    "lambda-vpc-attached",
    "lambda-url-without-auth",
    "lambda-public-policy",
    "lambda-slow-runtime-without-snapstart",
    "lambda-no-provisioned-concurrency",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    #[serde(default)]
    arguments: String,
    #[serde(default)]
    buckets: BTreeMap<String, String>,
    #[serde(default)]
    functions: BTreeMap<String, String>,
    /// `<address> <check>`, perhaps with `[item]`, to the letter of the verdict.
    #[serde(default)]
    results: BTreeMap<String, char>,
    /// `<address> <check>` to line.
    #[serde(default)]
    lines: BTreeMap<String, u32>,
    /// Addresses that fail to deploy.
    #[serde(default)]
    problems: BTreeSet<String>,
    #[serde(default)]
    gaps: BTreeSet<String>,
    /// Addresses without a result.
    #[serde(default)]
    none: BTreeSet<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/templates")
}

fn audit(file: &str, arguments: &str) -> Result<Report, String> {
    let path = fixtures().join(file);
    let arguments =
        format!("coldbucket audit --as-of 2026-11-29 --pack strict -o json {arguments}");
    let mut arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    arguments.extend(["--template".to_owned(), path.display().to_string()]);
    let cli = Cli::try_parse_from(arguments).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    coldbucket::run::start(cli, &mut out, &mut err).map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&out).unwrap())
}

fn rank(status: Status) -> usize {
    let order = [
        Status::NotApplicable,
        Status::Pass,
        Status::NotAssessed,
        Status::Suppressed,
        Status::Fail,
    ];
    order.iter().position(|one| *one == status).unwrap()
}

const fn letter(status: Status) -> char {
    match status {
        Status::Pass => 'P',
        Status::Fail => 'F',
        Status::NotAssessed => 'N',
        Status::NotApplicable => 'A',
        Status::Suppressed => 'S',
    }
}

/// The worst result of a check on a resource.
fn worst<'r>(
    report: &'r Report,
    kind: SubjectKind,
    address: &str,
    check: &str,
) -> Option<&'r CheckResult> {
    report
        .results
        .iter()
        .filter(|result| {
            result.check == check
                && result.resource.kind == kind
                && result.resource.address.as_deref() == Some(address)
        })
        .max_by_key(|result| rank(result.status))
}

fn verdicts(report: &Report, kind: SubjectKind, address: &str, checks: &[&str]) -> String {
    checks
        .iter()
        .map(|check| {
            worst(report, kind, address, check).map_or('-', |result| letter(result.status))
        })
        .collect()
}

/// The letter of `<address> <check>` or `<address> <check>[item]`; of several items the worst.
fn of_any_kind(report: &Report, about: &str) -> Option<char> {
    let (address, check) = about.split_once(' ').unwrap();
    let (check, item) = match check.split_once('[') {
        Some((check, item)) => (check, item.strip_suffix(']')),
        None => (check, None),
    };
    report
        .results
        .iter()
        .filter(|result| {
            result.check == check
                && result.resource.address.as_deref() == Some(address)
                && (item.is_none() || result.item.as_deref() == item)
        })
        .max_by_key(|result| rank(result.status))
        .map(|result| letter(result.status))
}

#[test]
fn every_template_is_judged_as_aws_would_deploy_it() {
    let text = std::fs::read_to_string(fixtures().join("expected.yaml")).unwrap();
    let cases: Vec<Case> = serde_saphyr::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = format!("{} {}", case.file, case.arguments);
        let report = match audit(&case.file, &case.arguments) {
            Ok(report) => report,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let kinds = [
            (SubjectKind::Bucket, &case.buckets, &BUCKET[..]),
            (SubjectKind::Function, &case.functions, &FUNCTION[..]),
        ];
        for (kind, expected, checks) in kinds {
            for (address, right) in expected {
                let found = verdicts(&report, kind, address, checks);
                if found != *right {
                    wrong.push(format!("{name} {address}: {found} instead of {right}"));
                }
            }
        }
        for (about, right) in &case.results {
            let found = of_any_kind(&report, about);
            if found != Some(*right) {
                wrong.push(format!("{name} {about}: {found:?} instead of {right}"));
            }
        }
        for (about, line) in &case.lines {
            let (address, check) = about.split_once(' ').unwrap();
            let found = report.results.iter().find(|result| {
                result.check == check && result.resource.address.as_deref() == Some(address)
            });
            let found = found.and_then(|result| Some(result.location.as_ref()?.line));
            if found != Some(*line) {
                wrong.push(format!("{name} {about}: line {found:?} instead of {line}"));
            }
        }
        let scope = report.scope.template.as_ref().unwrap();
        let about = |remarks: &[coldbucket::report::SourceRemark]| -> BTreeSet<String> {
            remarks
                .iter()
                .map(|remark| remark.address.clone())
                .collect()
        };
        if about(&scope.problems) != case.problems {
            wrong.push(format!("{name}: problems {:?}", scope.problems));
        }
        if about(&scope.gaps) != case.gaps {
            wrong.push(format!("{name}: gaps {:?}", scope.gaps));
        }
        for address in &case.none {
            let found = report
                .results
                .iter()
                .any(|result| result.resource.address.as_ref() == Some(address));
            if found {
                wrong.push(format!("{name}: {address} has results"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[derive(Deserialize)]
struct Sample {
    buckets: BTreeMap<String, BTreeMap<String, String>>,
    functions: BTreeMap<String, BTreeMap<String, String>>,
}

/// Without its assets the packages of two functions have no size, and whether their cold starts are
/// slow enough for provisioned concurrency is not known.
const NEED_ASSETS: [(&str, &str); 2] = [
    (
        "CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F",
        "lambda-no-provisioned-concurrency",
    ),
    ("Py72E667BC", "lambda-no-provisioned-concurrency"),
];

/// Compares the report on the sample stack with its right answers, but for those listed. `stack` is what
/// addresses begin with.
fn assert_sample(report: &Report, stack: &str, not_assessed: &[(&str, &str)]) {
    let text = std::fs::read_to_string(fixtures().join("cdk-sample.expected.json")).unwrap();
    let sample: Sample = serde_json::from_str(&text).unwrap();
    let kinds = [
        (SubjectKind::Bucket, &sample.buckets),
        (SubjectKind::Function, &sample.functions),
    ];
    for (kind, expected) in kinds {
        for (address, checks) in expected {
            for (check, right) in checks {
                let found = worst(report, kind, &format!("{stack}{address}"), check)
                    .unwrap_or_else(|| panic!("no result of {check} for {stack}{address}"));
                let right = if not_assessed.contains(&(address.as_str(), check.as_str())) {
                    "not-assessed"
                } else {
                    right
                };
                assert_eq!(found.status.name(), right, "{address} {check}: {found:?}");
            }
        }
    }
}

#[test]
fn a_stack_of_the_cdk_is_judged_as_it_is_deployed() {
    assert_sample(&audit("cdk-sample.json", "").unwrap(), "", &NEED_ASSETS);
}

/// Runs a program in a folder and shows what it said if it fails.
fn run(folder: &Path, program: &str, arguments: &[&str], output: &Path) {
    let ran = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("CDK_OUTDIR", output)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start ({error}): Node.js is needed"));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{program} {arguments:?}: {said}");
}

/// The app with its pinned packages, which are installed where they are not there yet.
fn app() -> PathBuf {
    let (source, folder) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cdk-app"),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cdk-app"),
    );
    let installed = folder.join("node_modules/.package-lock.json");
    let wanted = std::fs::read(source.join("package-lock.json")).unwrap();
    let fresh = std::fs::read(folder.join("package-lock.json")).is_ok_and(|found| found == wanted);
    for file in [
        "code/py/app.py",
        "code/java/README.txt",
        "app.js",
        "package.json",
        "package-lock.json",
    ] {
        let to = folder.join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(source.join(file), to).unwrap();
    }
    if !(fresh && installed.exists()) {
        run(
            &folder,
            "npm",
            &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            &folder,
        );
    }
    folder
}

#[test]
fn an_assembly_that_the_pinned_cdk_synthesizes_now_has_the_same_verdicts_and_sizes_of_packages() {
    let (app, assembly) = (app(), tempfile::tempdir().unwrap());
    let output = assembly.path().join("cdk.out");
    run(&app, "node", &["app.js"], &output);
    let report = audit(output.to_str().unwrap(), "").unwrap();
    assert_sample(&report, "ColdbucketSample/", &[]);
}

#[test]
fn dynamic_references_and_secrets_are_never_shown() {
    let report = audit("dynamic-reference.yaml", "").unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("secret-name"), "{text}");
    assert!(!text.contains("/acme/"), "{text}");
}

#[test]
fn what_is_no_template_is_named() {
    for (file, message) in [
        ("expected.yaml", "it is not a map"),
        ("cdk-sample.expected.json", "it has no Resources"),
    ] {
        let error = audit(file, "").unwrap_err();
        assert!(error.contains(message), "{error}");
        assert!(error.contains(file), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("comment.json");
    let resources = r#""Resources": {"B": {"Type": "AWS::S3::Bucket"}}"#;
    for (text, message) in [
        (
            format!("{{\n// note\n{resources}}}"),
            "comments are not part of JSON",
        ),
        (
            format!("{{{resources} /* note */}}"),
            "did not find expected",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = audit(path.to_str().unwrap(), "").unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

/// What takes a kilobyte and stands for more than memory holds: aliases, loops, functions, names of names,
/// and stacks that nest themselves.
#[test]
fn what_expands_to_gigabytes_is_refused() {
    let list = "[a, b, c, d, e, f, g, h]";
    let aliases = (1..10).fold(
        "X0: &x0 [1, 2, 3, 4, 5, 6, 7, 8]\n".to_owned(),
        |text, level| {
            let before = level - 1;
            format!(
                "{text}X{level}: &x{level} [{}]\n",
                format!("*x{before}, ").repeat(8)
            )
        },
    );
    let mut loops = "'B${I0}': {Type: AWS::S3::Bucket}".to_owned();
    for level in 0..8 {
        loops = format!("'Fn::ForEach::L{level}': [I{level}, {list}, {{{loops}}}]");
    }
    let mut texts = "x".to_owned();
    for _ in 0..12 {
        texts =
            format!("!Sub ['${{A}}${{A}}${{A}}${{A}}${{A}}${{A}}${{A}}${{A}}', {{A: {texts}}}]");
    }
    let names: String = (0..20)
        .map(|level| {
            let next = level + 1;
            format!("  B{level}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Sub '${{B{next}}}${{B{next}}}${{B{next}}}'}}}}\n")
        })
        .collect();
    let stacks: String = (0..8)
        .map(|number| {
            format!("  S{number}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: ./stacks.yaml}}}}\n")
        })
        .collect();
    let cases = [
        (
            "aliases",
            format!("{aliases}Resources: {{B: {{Type: AWS::S3::Bucket}}}}\n"),
        ),
        (
            "loops",
            format!("Transform: AWS::LanguageExtensions\nResources: {{{loops}}}\n"),
        ),
        (
            "texts",
            format!(
                "Resources: {{B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {texts}}}}}}}\n"
            ),
        ),
        (
            "names",
            format!("Resources:\n{names}  B20: {{Type: AWS::S3::Bucket}}\n"),
        ),
        ("stacks", format!("Resources:\n{stacks}")),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in cases {
        assert!(text.len() < 2_500, "{name}: {} bytes", text.len());
        let path = folder.path().join(format!("{name}.yaml"));
        std::fs::write(&path, text).unwrap();
        let error = audit(path.to_str().unwrap(), "").unwrap_err();
        assert!(error.contains("expands to more"), "{name}: {error}");
    }
}
