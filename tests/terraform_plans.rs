//! Terraform and OpenTofu plans: every plan in `tests/fixtures/plans` has the verdicts that
//! `expected.yaml` derives by hand, and no value that is sensitive shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use coldbucket::checks::{Catalog, Selected, Selection, assess};
use coldbucket::facts::{Facts, Trust};
use coldbucket::template::terraform::{ModuleSource, PlanFiles, TerraformPlan, decode};
use coldbucket::template::{Built, DeploymentTarget, Rendering};
use serde::Deserialize;

/// What is expected of one plan.
#[derive(Deserialize)]
struct ExpectedPlan {
    /// Addresses of which AWS refuses a setting.
    #[serde(default)]
    problems: BTreeSet<String>,
    /// What has no result.
    #[serde(default)]
    none: Vec<String>,
    /// By address.
    #[serde(flatten)]
    resources: BTreeMap<String, ExpectedResource>,
}

/// The checks of a resource by verdict.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ExpectedResource {
    fail: Vec<String>,
    pass: Vec<String>,
    not_assessed: Vec<String>,
    not_applicable: Vec<String>,
    region: Option<String>,
}

/// Verdicts by address, and by check or `check[item]`.
type Verdicts = BTreeMap<String, BTreeMap<String, String>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/plans")
}

fn build(text: &str, sources: &[ModuleSource]) -> Built {
    let files = PlanFiles {
        sources: sources.to_vec(),
        ..PlanFiles::default()
    };
    let target = DeploymentTarget {
        taken_at: "2026-11-29T00:00:00Z".to_owned(),
        ..DeploymentTarget::default()
    };
    TerraformPlan::parse(text).unwrap().build(&target, &files)
}

/// A verdict that is the same in every rendering holds; one that differs is not assessed.
fn verdicts(built: &Built, selected: &Selected) -> Verdicts {
    let mut statuses: BTreeMap<(String, String, Option<String>), Vec<String>> = BTreeMap::new();
    // A rendering without the resource says nothing about it.
    let made = |address: &str| {
        let has = |rendering: &&Rendering| {
            let mut resources = rendering.resources.values();
            resources.any(|resource| resource.address == address)
        };
        match built.renderings.iter().filter(has).count() {
            0 => built.renderings.len(),
            some => some,
        }
    };
    for rendering in &built.renderings {
        let facts = Facts::new(&rendering.snapshot, Trust::default());
        assess(&facts, selected, &|_| true, &mut |finding| {
            let resource = rendering
                .resources
                .iter()
                .find(|(key, _)| {
                    key.arn == finding.resource.arn && key.kind == finding.resource.kind
                })
                .map_or(finding.resource.name.clone(), |(_, resource)| {
                    resource.address.clone()
                });
            statuses
                .entry((resource, finding.check.clone(), finding.item.clone()))
                .or_default()
                .push(finding.status.name().to_owned());
        })
        .unwrap();
    }
    let mut verdicts = Verdicts::new();
    for ((address, check, item), statuses) in statuses {
        let same = statuses.len() == made(&address)
            && statuses.iter().all(|status| *status == statuses[0]);
        let status = if same {
            statuses[0].as_str()
        } else {
            "not-assessed"
        };
        let of = verdicts.entry(address).or_default();
        if let Some(item) = item {
            of.insert(format!("{check}[{item}]"), status.to_owned());
        }
        // Of several items, the worst.
        const WORST: [&str; 4] = ["fail", "not-assessed", "pass", "not-applicable"];
        let rank = |status: &str| WORST.iter().position(|worst| *worst == status);
        let whole = of.entry(check).or_insert_with(|| status.to_owned());
        if rank(status) < rank(whole) {
            *whole = status.to_owned();
        }
    }
    verdicts
}

fn strict() -> Selected {
    let selection = Selection {
        pack: "strict".to_owned(),
        ..Selection::default()
    };
    Catalog::builtin().unwrap().select(&selection).unwrap()
}

#[test]
fn every_plan_has_the_verdicts_derived_by_hand() {
    let expected = fs::read_to_string(folder().join("expected.yaml")).unwrap();
    let expected: BTreeMap<String, ExpectedPlan> = serde_saphyr::from_str(&expected).unwrap();
    let selected = strict();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (plan, expected) in &expected {
        let bytes = fs::read(folder().join(format!("{plan}.json"))).unwrap();
        let built = build(&decode(&bytes).unwrap(), &[]);
        let verdicts = verdicts(&built, &selected);
        for (address, resource) in &expected.resources {
            let by_status = [
                ("fail", &resource.fail),
                ("pass", &resource.pass),
                ("not-assessed", &resource.not_assessed),
                ("not-applicable", &resource.not_applicable),
            ];
            for (status, checks) in by_status {
                for check in checks {
                    compared += 1;
                    let got = verdicts.get(address).and_then(|of| of.get(check));
                    if got.map(String::as_str) != Some(status) {
                        wrong.push(format!("{plan} {address} {check}: {got:?}, not {status}"));
                    }
                }
            }
            if let Some(region) = &resource.region {
                compared += 1;
                let built = built.resources.values().find(|of| of.address == *address);
                let snapshot = serde_json::to_value(built_snapshot(&plan_text(plan))).unwrap();
                let pointer = &built.unwrap().pointer;
                let got = match snapshot.pointer(&format!("{pointer}/region")) {
                    Some(region) => region.as_str().unwrap().to_owned(),
                    // Functions stand under their Region.
                    None => pointer.split('/').nth(4).unwrap().to_owned(),
                };
                if got != *region {
                    wrong.push(format!("{plan} {address}: Region {got}, not {region}"));
                }
            }
        }
        for name in &expected.none {
            compared += 1;
            if verdicts.contains_key(name) {
                wrong.push(format!("{plan} {name}: has results"));
            }
        }
        let problems: BTreeSet<String> = built
            .problems
            .iter()
            .map(|problem| problem.address.clone())
            .collect();
        compared += 1;
        if problems != expected.problems {
            wrong.push(format!(
                "{plan}: problems of {problems:?}, not {:?}",
                expected.problems
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let plans = fs::read_dir(folder()).unwrap().count() - 1;
    assert_eq!(plans, expected.len(), "every plan has right answers");
}

fn plan_text(plan: &str) -> String {
    fs::read_to_string(folder().join(format!("{plan}.json"))).unwrap()
}

fn built_snapshot(text: &str) -> coldbucket::inventory::Snapshot {
    build(text, &[]).renderings[0].snapshot.clone()
}

#[test]
fn a_sensitive_value_is_nowhere() {
    let text = plan_text("policy-sensitive");
    assert!(text.contains("hunter2"));
    assert!(!format!("{:?}", build(&text, &[])).contains("hunter2"));
}

#[test]
fn a_setting_is_on_the_line_of_its_resource() {
    let source = ModuleSource {
        module: Vec::new(),
        file: "main.tf".to_owned(),
        text: "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"acme-site\"\n}\n\n\
               resource \"aws_s3_bucket_public_access_block\" \"b\" {\n  bucket = aws_s3_bucket.b.id\n\
               \n  restrict_public_buckets = false\n}\n\n\
               resource \"aws_s3_bucket_policy\" \"b\" {\n  bucket = aws_s3_bucket.b.id\n  \
               policy = <<EOT\nresource\nEOT\n}\n"
            .to_owned(),
    };
    let built = build(&plan_text("public-policy-deployable"), &[source]);
    let (_, bucket) = built.resources.iter().next().unwrap();
    let line = |member: &str| {
        let pointer = format!("{}{member}", bucket.pointer);
        built.renderings[0].position_of(&pointer).unwrap().line
    };
    assert_eq!(line(""), 1);
    assert_eq!(line("/public_access_block"), 5);
    assert_eq!(
        line("/public_access_block/known/restrict_public_buckets"),
        8
    );
    assert_eq!(line("/policy"), 13);
    assert_eq!(line("/versioning"), 1);
}

/// The verdict of a check on the bucket `b` of a plan with a file beside it.
fn with_source(plan: &str, text: &str, check: &str) -> String {
    let source = ModuleSource {
        module: Vec::new(),
        file: "main.tf".to_owned(),
        text: text.to_owned(),
    };
    let built = build(&plan_text(plan), &[source]);
    verdicts(&built, &strict())["aws_s3_bucket.b"][check].clone()
}

#[test]
fn what_a_plan_leaves_out_is_read_from_the_files_beside_it() {
    let document = r#"
data "aws_iam_policy_document" "p" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
"#;
    let plan = "document-tls-deny-at-apply";
    assert_eq!(with_source(plan, document, "s3-plain-http"), "pass");
    // The Deny covers the objects only: listing works over plain HTTP.
    let objects = document.replace(
        "[aws_s3_bucket.b.arn, ",
        "[\"${aws_s3_bucket.b.arn}/a/*\", ",
    );
    assert_eq!(with_source(plan, &objects, "s3-plain-http"), "fail");
    // A file that does not fit the plan is not trusted.
    let other = document.replace("[aws_s3_bucket.b.arn, ", "[");
    assert_eq!(with_source(plan, &other, "s3-plain-http"), "not-assessed");

    let encoded = r#"
locals { objects = "${aws_s3_bucket.b.arn}/*" }
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = ["s3:GetObject"]
      Resource  = local.objects
    }]
  })
}
"#;
    let plan = "policy-not-in-plan-open";
    assert_eq!(with_source(plan, encoded, "s3-public-read"), "fail");
    assert_eq!(with_source(plan, encoded, "s3-public-list"), "pass");
    let heredoc = encoded
        .replace("jsonencode({\n", "<<-EOT\n{\n")
        .replace("  })\n", "}\n  EOT\n")
        .replace("Version = ", "\"Version\": ")
        .replace("\n    Statement = ", ", \"Statement\": ")
        .replace("Effect    = ", "\"Effect\": ")
        .replace("\n      Principal = ", ", \"Principal\": ")
        .replace("\n      Action    = ", ", \"Action\": ")
        .replace(
            "\n      Resource  = local.objects",
            ", \"Resource\": \"${local.objects}\"",
        );
    assert_eq!(with_source(plan, &heredoc, "s3-public-read"), "fail");
    let unknown = encoded.replace("local.objects", "element(var.objects, 0)");
    assert_eq!(
        with_source(plan, &unknown, "s3-public-read"),
        "not-assessed"
    );
}

#[test]
fn a_local_is_read_from_the_files_beside_the_plan() {
    let text = plan_text("local-names-one-of-two");
    let source = ModuleSource {
        module: Vec::new(),
        file: "main.tf".to_owned(),
        text: "locals {\n  bucket = aws_s3_bucket.two.id\n}\n\
               resource \"aws_s3_bucket_public_access_block\" \"b\" {\n  bucket = local.bucket\n}\n"
            .to_owned(),
    };
    let verdicts = verdicts(&build(&text, &[source]), &strict());
    let check = "s3-public-access-not-blocked";
    assert_eq!(verdicts["aws_s3_bucket.one"][check], "pass");
    assert_eq!(verdicts["aws_s3_bucket.two"][check], "fail");
}

#[test]
fn folders_of_modules_are_relative_to_the_root() {
    let text = plan_text("module-nested-instances");
    let plan = TerraformPlan::parse(&text).unwrap();
    let folders = |installed: Option<&str>| -> Vec<String> {
        plan.module_folders(installed)
            .into_iter()
            .map(|folder| format!("{}={}", folder.module.join("."), folder.folder))
            .collect()
    };
    assert_eq!(
        folders(None),
        [
            "=",
            "set=./modules/set",
            "set.inner=./modules/set/./modules/inner"
        ]
    );
    let installed = r#"{"Modules":[{"Key":"set","Source":"x","Dir":".terraform/modules/set"}]}"#;
    assert_eq!(folders(Some(installed))[1], "set=.terraform/modules/set");
}
