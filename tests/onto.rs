//! Templates and plans laid over an account (`--onto`): expected values by hand, from AWS's rules and the
//! two sides of each change.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::fs;
use std::path::Path;

use clap::Parser;
use coldbucket::cli::Cli;
use coldbucket::report::policy::CompareVerdict;
use coldbucket::report::policy_change::{PolicyChange, PolicyName};
use coldbucket::report::{Report, ResultChange, Status};
use serde_json::{Value, json};

const ACCOUNT: &str = "111111111111";

/// A run's output, and its exit code or error.
struct Ran {
    out: String,
    exit: Result<u8, String>,
}

impl Ran {
    fn report(&self) -> Report {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {:?}", self.exit))
    }
}

fn run(arguments: &[&str]) -> Ran {
    let cli = Cli::try_parse_from([&["coldbucket"], arguments].concat()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = coldbucket::run::start(cli, &mut out, &mut err);
    Ran {
        out: String::from_utf8(out).unwrap(),
        exit: exit
            .map(|exit| exit.code())
            .map_err(|error| error.to_string()),
    }
}

/// A folder with the files of one case.
struct Case(tempfile::TempDir);

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The root of a repository.
        fs::create_dir(folder.path().join(".git")).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn audit(&self, account: &Value, input: &[&str], more: &[&str]) -> Ran {
        let onto = self.file("account.json", &account.to_string());
        let fixed = ["audit", "--pack", "strict", "--onto", &onto];
        let output = ["-o", "json"];
        run(&[&fixed, input, more, &output].concat())
    }

    fn template(&self, account: &Value, text: &str, more: &[&str]) -> Ran {
        let template = self.file("template.yaml", text);
        self.audit(account, &["--template", &template], more)
    }

    fn plan(&self, account: &Value, plan: &Value, more: &[&str]) -> Ran {
        let plan = self.file("plan.json", &plan.to_string());
        self.audit(account, &["--terraform-plan", &plan], more)
    }
}

fn blocked(value: bool) -> Value {
    json!({"known": {"block_public_acls": value, "ignore_public_acls": value,
        "block_public_policy": value, "restrict_public_buckets": value}})
}

/// A bucket as a collection reads it: private, with all defaults of today.
fn bucket() -> Value {
    json!({
        "region": "eu-west-1", "created": "2024-05-01T00:00:00Z",
        "policy": "absent", "policy_status": "absent", "acl": {"known": {"grants": []}},
        "ownership": {"known": {"object_ownership": "BucketOwnerEnforced"}},
        "public_access_block": blocked(true),
        "encryption": {"known": {"algorithm": "AES256", "bucket_key": false}},
        "logging": "absent", "versioning": {"known": {}}, "tags": "absent", "website": "absent",
        "cors": "absent", "lifecycle": "absent", "replication": "absent",
        "object_lock": "absent",
    })
}

fn with(mut value: Value, members: Value) -> Value {
    for (name, member) in members.as_object().unwrap() {
        value[name] = member.clone();
    }
    value
}

fn account(buckets: Value) -> Value {
    json!({
        "schema": "coldbucket-snapshot/1", "taken_at": "2026-11-29T00:00:00Z",
        "accounts": {ACCOUNT: {
            "public_access_block": "absent",
            "region_listing": {"known": {"regions": ["eu-west-1"]}},
            "bucket_listing": {"known": {"complete": true}},
            "identity_listing": {"known": {"complete": true}},
            "buckets": buckets,
            "regions": {"eu-west-1": {
                "function_listing": {"known": {"complete": true}},
                "trail_listing": {"known": []},
            }},
        }},
    })
}

/// The status and the change of a check on a resource, by its name.
fn result(report: &Report, check: &str, name: &str) -> Option<(Status, Option<ResultChange>)> {
    let mut found = report
        .results
        .iter()
        .filter(|result| result.check == check && result.resource.name == name);
    let first = found.next()?;
    assert!(
        found.next().is_none(),
        "{check} on {name} has several results"
    );
    Some((first.status, first.change))
}

fn change_of<'r>(report: &'r Report, name: &str, policy: PolicyName) -> Option<&'r PolicyChange> {
    report
        .policy_changes
        .iter()
        .find(|change| change.resource.name == name && change.policy == policy)
}

fn policy(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

const PARTNER: &str = "
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-data
  DataPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Statement:
          - Sid: Own
            Effect: Allow
            Principal: {AWS: '111111111111'}
            Action: s3:GetObject
            Resource: !Sub '${Data.Arn}/*'
          - Sid: Partner
            Effect: Allow
            Principal: {AWS: '222222222222'}
            Action: s3:GetObject
            Resource: !Sub '${Data.Arn}/shared/*'
";

fn own_reads() -> Value {
    json!({"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "111111111111"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/*"})
}

#[test]
fn new_access_of_a_bucket_policy_is_new_and_shown_with_its_request() {
    let case = Case::new();
    let live = account(json!({"acme-data": with(bucket(),
        json!({"policy": {"known": policy(json!([own_reads()]))}}))}));
    let ran = case.template(&live, PARTNER, &["--fail-on", "info"]);
    let report = ran.report();
    assert_eq!(
        result(&report, "s3-cross-account-access", "acme-data"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    // Plain HTTP was allowed, and is: no finding of this change.
    assert_eq!(
        result(&report, "s3-plain-http", "acme-data"),
        Some((Status::Fail, Some(ResultChange::Same)))
    );
    assert_eq!(ran.exit, Ok(1));
    let change = change_of(&report, "acme-data", PolicyName::BucketPolicy).unwrap();
    assert_eq!(change.comparison.verdict, CompareVerdict::New);
    assert!(!change.new_resource);
    let [access] = change.comparison.statements.as_slice() else {
        panic!("{:?}", change.comparison.statements);
    };
    assert_eq!((access.index, access.sid.as_deref()), (1, Some("Partner")));
    let witness = serde_json::to_value(access.witness.as_ref().unwrap()).unwrap();
    assert_eq!(witness["action"], "s3:GetObject");
    let resource = witness["resource"].as_str().unwrap();
    assert!(
        resource.starts_with("arn:aws:s3:::acme-data/shared/"),
        "{resource}"
    );
    assert_eq!(change.location.as_ref().unwrap().file, "template.yaml");

    // The same policy is in force already: nothing is new, and nothing fails the gate.
    let partner = json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "222222222222"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/shared/*"});
    let live = account(json!({"acme-data": with(bucket(),
        json!({"policy": {"known": policy(json!([own_reads(), partner]))}}))}));
    let ran = case.template(&live, PARTNER, &["--fail-on", "info", "--allow-incomplete"]);
    let report = ran.report();
    assert_eq!(
        result(&report, "s3-cross-account-access", "acme-data"),
        Some((Status::Fail, Some(ResultChange::Same)))
    );
    assert!(
        report
            .results
            .iter()
            .all(|result| result.change != Some(ResultChange::New))
    );
    assert_eq!(ran.exit, Ok(0));
}

#[test]
fn the_comment_says_first_what_the_change_opens() {
    let case = Case::new();
    let live = account(json!({"acme-data": with(bucket(),
        json!({"policy": {"known": policy(json!([own_reads()]))}}))}));
    let onto = case.file("account.json", &live.to_string());
    let template = case.file("template.yaml", PARTNER);
    let ran = |format: &str| {
        let arguments = [
            "audit",
            "--onto",
            &onto,
            "--template",
            &template,
            "-o",
            format,
        ];
        run(&arguments).out
    };
    let comment = ran("markdown");
    let access = comment.find("### New access").unwrap();
    let words = "The change lets the root user of account 222222222222 read";
    assert!(comment.contains("bucket policy of acme-data"), "{comment}");
    assert!(comment.contains("statement 1, Partner"), "{comment}");
    assert!(comment.contains("The change lets"), "{words}: {comment}");
    assert!(access < comment.find("<details>").unwrap());
    let table = ran("table");
    assert!(table.contains("This change"), "{table}");
    assert!(table.contains("\n  template.yaml  "), "{table}");
    // No command that would read an account, or that does not exist.
    for text in [&comment, &table] {
        assert!(!text.contains("coldbucket explain"), "{text}");
        assert!(!text.contains("--format shell"), "{text}");
        for line in text
            .lines()
            .filter(|line| line.contains("coldbucket remediate"))
        {
            assert!(line.contains("--template"), "{line}");
        }
    }
    let page = ran("html");
    assert!(page.contains("bucket policy of acme-data"));
    assert!(page.contains("<span class=\"name\">template.yaml</span>"));
}

/// S3 keeps a bucket's settings when a template that never wrote them is deployed, and CloudFormation
/// removes those that an earlier version wrote: DeletePublicAccessBlock leaves all four flags off.
#[test]
fn what_a_template_leaves_out_of_a_bucket_that_exists() {
    let template = "
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-data
";
    let case = Case::new();
    let check = "s3-public-access-not-blocked";
    // No stack made the bucket.
    let live = account(json!({"acme-data": bucket()}));
    let report = case.template(&live, template, &[]).report();
    assert_eq!(
        result(&report, check, "acme-data"),
        Some((Status::Pass, Some(ResultChange::Same)))
    );
    let old =
        account(json!({"acme-data": with(bucket(), json!({"public_access_block": "absent"}))}));
    let report = case.template(&old, template, &[]).report();
    assert_eq!(
        result(&report, check, "acme-data"),
        Some((Status::Fail, Some(ResultChange::Same)))
    );
    // A stack made it, so that its template may have written the block.
    let tags = json!({"tags": {"known": {"aws:cloudformation:stack-name": "data"}}});
    let of_stack = account(json!({"acme-data": with(bucket(), tags)}));
    let report = case.template(&of_stack, template, &[]).report();
    assert_eq!(
        result(&report, check, "acme-data"),
        Some((Status::NotAssessed, None))
    );
}

#[test]
fn a_public_policy_is_deployed_where_nothing_blocks_it_today() {
    let template = "
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties: {BucketName: acme-data}
  Open:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: acme-data
      PolicyDocument:
        Statement: {Effect: Allow, Principal: '*', Action: s3:GetObject, Resource: 'arn:aws:s3:::acme-data/*'}
";
    let case = Case::new();
    let open = json!({"public_access_block": "absent"});
    let live = account(json!({"acme-data": with(bucket(), open.clone())}));
    let report = case.template(&live, template, &[]).report();
    assert_eq!(
        result(&report, "s3-public-read", "acme-data"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    // The account refuses public policies: the deployment fails and opens nothing.
    let mut live = account(json!({"acme-data": with(bucket(), open)}));
    live["accounts"][ACCOUNT]["public_access_block"] = blocked(true);
    let report = case.template(&live, template, &[]).report();
    assert_eq!(
        result(&report, "s3-public-read", "acme-data"),
        Some((Status::Pass, Some(ResultChange::Same)))
    );
    let problems = report.scope.template.unwrap().problems;
    assert!(
        problems
            .iter()
            .any(|one| one.message.contains("will fail to deploy"))
    );
}

#[test]
fn a_policy_for_a_bucket_that_the_template_does_not_make_is_laid_over_it() {
    let template = "
Resources:
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: acme-data
      PolicyDocument:
        Statement: {Effect: Allow, Principal: {AWS: '222222222222'}, Action: s3:GetObject, Resource: 'arn:aws:s3:::acme-data/*'}
";
    let case = Case::new();
    let live = account(json!({"acme-data": bucket(), "acme-other": bucket()}));
    let report = case.template(&live, template, &[]).report();
    assert_eq!(
        result(&report, "s3-cross-account-access", "acme-data"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    // Everything else of the bucket is what it was.
    assert_eq!(
        result(&report, "s3-public-access-not-blocked", "acme-data"),
        Some((Status::Pass, Some(ResultChange::Same)))
    );
    // What the deployment does not touch has no result.
    assert!(
        report
            .results
            .iter()
            .all(|result| result.resource.name != "acme-other")
    );
}

/// One change of a plan.
fn change(kind: &str, name: &str, actions: &[&str], before: Value, after: Value) -> Value {
    json!({
        "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}},
    })
}

fn plan(changes: Value) -> Value {
    json!({"format_version": "1.2", "terraform_version": "1.14.0", "resource_changes": changes})
}

#[test]
fn a_plan_that_deletes_the_block_of_a_bucket_opens_it() {
    let case = Case::new();
    let public = policy(
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-data/*"}]),
    );
    let live = account(json!({"acme-data": with(bucket(), json!({"policy": {"known": public}}))}));
    let same = json!({"bucket": "acme-data", "id": "acme-data"});
    let plan = plan(json!([
        change("aws_s3_bucket", "data", &["no-op"], same.clone(), same),
        change(
            "aws_s3_bucket_public_access_block",
            "data",
            &["delete"],
            json!({"bucket": "acme-data", "block_public_acls": true, "ignore_public_acls": true,
                "block_public_policy": true, "restrict_public_buckets": true}),
            Value::Null
        ),
    ]));
    let ran = case.plan(&live, &plan, &[]);
    let report = ran.report();
    assert_eq!(
        result(&report, "s3-public-read", "acme-data"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    assert_eq!(ran.exit, Ok(1));
    // The policy itself is not changed.
    assert!(
        report.policy_changes.is_empty(),
        "{:?}",
        report.policy_changes
    );
}

#[test]
fn fixed_findings_and_deleted_resources() {
    let case = Case::new();
    let open = with(bucket(), json!({"public_access_block": "absent"}));
    let live = account(json!({"acme-data": open.clone(), "acme-old": open}));
    let same = |name: &str| json!({"bucket": name, "id": name});
    let on = json!({"bucket": "acme-data", "block_public_acls": true, "ignore_public_acls": true,
        "block_public_policy": true, "restrict_public_buckets": true});
    let plan = plan(json!([
        change(
            "aws_s3_bucket",
            "data",
            &["no-op"],
            same("acme-data"),
            same("acme-data")
        ),
        change(
            "aws_s3_bucket_public_access_block",
            "data",
            &["create"],
            Value::Null,
            on
        ),
        change(
            "aws_s3_bucket",
            "old",
            &["delete"],
            same("acme-old"),
            Value::Null
        ),
    ]));
    let ran = case.plan(&live, &plan, &["--allow-incomplete"]);
    let report = ran.report();
    let check = "s3-public-access-not-blocked";
    assert_eq!(
        result(&report, check, "acme-data"),
        Some((Status::Pass, Some(ResultChange::Fixed)))
    );
    assert!(
        report
            .results
            .iter()
            .all(|result| result.resource.name != "acme-old")
    );
    assert_eq!(ran.exit, Ok(0));
}

/// Account-level Block Public Access cuts off what a policy allows: without it another bucket opens.
#[test]
fn a_change_of_the_account_shows_in_buckets_that_the_plan_does_not_have() {
    let case = Case::new();
    let public = policy(
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-www/*"}]),
    );
    let www = with(
        bucket(),
        json!({"public_access_block": "absent", "policy": {"known": public}}),
    );
    let mut live = account(json!({"acme-www": www}));
    live["accounts"][ACCOUNT]["public_access_block"] = blocked(true);
    let plan = plan(json!([change(
        "aws_s3_account_public_access_block",
        "this",
        &["delete"],
        json!({"account_id": ACCOUNT}),
        Value::Null
    )]));
    let ran = case.plan(&live, &plan, &[]);
    let report = ran.report();
    assert_eq!(
        result(&report, "s3-public-read", "acme-www"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    assert_eq!(ran.exit, Ok(1));
}

/// GetBucketAcl does not show grants that BucketOwnerEnforced switches off; they come back with ACLs.
#[test]
fn an_acl_that_nothing_hides_any_more_is_not_known() {
    let case = Case::new();
    let open = with(bucket(), json!({"public_access_block": "absent"}));
    let live = account(json!({"acme-data": open}));
    let same = json!({"bucket": "acme-data", "id": "acme-data"});
    let plan = plan(json!([
        change("aws_s3_bucket", "data", &["no-op"], same.clone(), same),
        change(
            "aws_s3_bucket_ownership_controls",
            "data",
            &["create"],
            Value::Null,
            json!({"bucket": "acme-data", "rule": [{"object_ownership": "ObjectWriter"}]})
        ),
    ]));
    let report = case.plan(&live, &plan, &[]).report();
    assert_eq!(
        result(&report, "s3-public-acl-grant", "acme-data").map(|(status, _)| status),
        Some(Status::NotAssessed)
    );
}

#[test]
fn trust_and_permissions_of_a_role_are_compared() {
    let template = "
Resources:
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deploy
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {AWS: '222222222222'}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: data
          PolicyDocument:
            Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}
";
    let case = Case::new();
    let mut live = account(json!({}));
    let trust = policy(
        json!([{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]),
    );
    let reads = policy(json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]));
    live["accounts"][ACCOUNT]["identities"] = json!({"role/deploy": {
        "arn": "arn:aws:iam::111111111111:role/deploy", "path": "/", "trust": trust,
        "inline": {"data": reads}}});
    let report = case.template(&live, template, &[]).report();
    for policy in [PolicyName::TrustPolicy, PolicyName::Permissions] {
        let change = change_of(&report, "role/deploy", policy).unwrap();
        assert_eq!(change.comparison.new_access, Some(true), "{policy:?}");
        assert!(change.comparison.statements[0].witness.is_some());
        assert!(!change.new_resource);
    }
}

#[test]
fn what_cannot_be_laid_over_the_account_is_refused() {
    let case = Case::new();
    let live = account(json!({}));
    let template = "Resources: {B: {Type: 'AWS::S3::Bucket'}}";
    let error = case
        .template(&live, template, &["--account", "333333333333"])
        .exit
        .unwrap_err();
    assert!(
        error.contains("333333333333") && error.contains(ACCOUNT),
        "{error}"
    );
    let missing = case.0.path().join("missing.json");
    assert!(!Path::new(&missing).exists());
    let file = case.file("t.yaml", template);
    let ran = run(&[
        "audit",
        "--template",
        &file,
        "--onto",
        &missing.display().to_string(),
    ]);
    assert!(ran.exit.is_err());
    let cli = Cli::try_parse_from(["coldbucket", "audit", "--onto", "x.json"]).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let error = coldbucket::run::start(cli, &mut out, &mut err).unwrap_err();
    assert!(
        error.to_string().contains("--onto has no effect without"),
        "{error}"
    );
}

fn git(folder: &Path, arguments: &[&str]) {
    let ran = std::process::Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "git {arguments:?}: {error}");
}

const UNPATCHED: &str = "\
# The data of a team.
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      # yearly, one day
      EnableKeyRotation: false # for now
      Description: data
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault:
              SSEAlgorithm: aws:kms
              KMSMasterKeyID: !GetAtt Key.Arn
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        IgnorePublicAcls: true
        BlockPublicPolicy: true
        RestrictPublicBuckets: false   # TODO
  DataPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Statement:
          - Sid: Own
            Effect: Allow
            Principal: {AWS: '111111111111'}
            Action: s3:GetObject
            Resource: !Sub '${Data.Arn}/*'
";

/// The patch is one that git takes, the findings are gone, and everything else is as it was.
#[test]
fn fixes_of_a_template_are_a_patch_of_its_own_text() {
    let case = Case::new();
    let folder = case.0.path();
    fs::remove_dir(folder.join(".git")).unwrap();
    git(folder, &["init", "--quiet"]);
    let template = case.file("template.yaml", UNPATCHED);
    let checks = [
        "s3-public-access-not-blocked",
        "s3-plain-http",
        "s3-no-versioning",
        "s3-key-not-rotated",
    ];
    let selected = checks.join(",");
    let common = [
        "--template",
        &template,
        "--account",
        ACCOUNT,
        "--check",
        &selected,
    ];
    let failing = || {
        let arguments = [&["audit", "--pack", "strict", "-o", "json"], &common[..]].concat();
        let report = run(&arguments).report();
        let failed = report.results.into_iter();
        let mut failed: Vec<String> = failed
            .filter(|result| result.status == Status::Fail)
            .map(|result| result.check)
            .collect();
        failed.dedup();
        failed
    };
    let before = failing();
    assert!(!before.is_empty());
    let arguments = [
        &[
            "remediate",
            "--pack",
            "strict",
            "--decided",
            "*",
            "--format",
            "patch",
        ],
        &common[..],
    ];
    let ran = run(&arguments.concat());
    assert_eq!(ran.exit, Ok(0));
    case.file("fixes.patch", &ran.out);
    git(folder, &["apply", "--check", "fixes.patch"]);
    git(folder, &["apply", "fixes.patch"]);
    let patched = fs::read_to_string(&template).unwrap();
    assert_eq!(failing(), Vec::<String>::new(), "{}\n{patched}", ran.out);
    for kept in [
        "# The data of a team.",
        "      # yearly, one day",
        "RestrictPublicBuckets: true   # TODO",
        "EnableKeyRotation: true # for now",
    ] {
        assert!(patched.contains(kept), "{kept}: {patched}");
    }
    // Lines are added, and two are replaced.
    let lost = UNPATCHED
        .lines()
        .filter(|line| !patched.contains(line))
        .count();
    assert_eq!(lost, 2);
}

#[test]
fn a_fix_that_is_no_edit_of_one_property_is_a_snippet_with_its_reason() {
    let case = Case::new();
    let text =
        "Resources:\n  Data: {Type: 'AWS::S3::Bucket', Properties: {AccessControl: Private}}\n";
    let template = case.file("template.yaml", text);
    let ran = run(&[
        "remediate",
        "--template",
        &template,
        "--check",
        "s3-no-versioning",
        "--pack",
        "strict",
        "--decided",
        "*",
        "--format",
        "patch",
    ]);
    assert_eq!(ran.exit, Ok(0));
    assert!(
        ran.out
            .contains("# Not in the patch: the template writes it in one line."),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("#         VersioningConfiguration:"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("\n--- a/"), "{}", ran.out);
}

/// CloudFormation tags buckets with their stack and logical id, and makes names of functions from them.
#[test]
fn generated_names_are_those_of_the_stack_in_the_account() {
    let template = "
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, IgnorePublicAcls: true}
  DataPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Statement: {Effect: Allow, Principal: {AWS: '222222222222'}, Action: s3:GetObject, Resource: !Sub '${Data.Arn}/*'}
";
    let name = "team-data-1a2b3c4d5e6f";
    let tags = json!({"tags": {"known": {"aws:cloudformation:stack-name": "team",
        "aws:cloudformation:logical-id": "Data"}}});
    let case = Case::new();
    let live = account(json!({name: with(bucket(), tags), "acme-other": bucket()}));
    let report = case
        .template(&live, template, &["--stack-name", "team"])
        .report();
    let check = "s3-public-access-not-blocked";
    assert_eq!(
        result(&report, check, name),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    let change = change_of(&report, name, PolicyName::BucketPolicy).unwrap();
    assert!(!change.new_resource);
    let witness = serde_json::to_value(&change.comparison.statements[0].witness).unwrap();
    let resource = witness["resource"].as_str().unwrap();
    assert!(
        resource.starts_with(&format!("arn:aws:s3:::{name}/")),
        "{resource}"
    );
    // Without the stack's name it is another bucket.
    let report = case.template(&live, template, &[]).report();
    assert_eq!(result(&report, check, name), None);
}

#[test]
fn a_part_of_a_resource_that_the_plan_does_not_have_is_laid_over_it() {
    let case = Case::new();
    let mut live = account(json!({}));
    let own = &mut live["accounts"][ACCOUNT];
    let reads = policy(json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]));
    own["identities"] = json!({"role/deploy": {"path": "/",
        "arn": "arn:aws:iam::111111111111:role/deploy", "inline": {"read": reads}}});
    let function = "arn:aws:lambda:eu-west-1:111111111111:function:orders";
    own["regions"]["eu-west-1"]["functions"] = json!({"orders": {"arn": function,
        "versions": {"$LATEST": {"runtime": "python3.13", "package_type": "Zip", "memory_mb": 128}},
        "aliases": {"known": []}, "urls": {"known": []}, "provisioned_concurrency": {"known": []},
        "policies": {"known": {"$LATEST": null}}}});
    let writes = policy(json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]));
    let plan = plan(json!([
        change(
            "aws_iam_role_policy",
            "write",
            &["create"],
            Value::Null,
            json!({"name": "write", "role": "deploy", "policy": writes})
        ),
        change(
            "aws_lambda_permission",
            "open",
            &["create"],
            Value::Null,
            json!({"statement_id": "open", "function_name": "orders", "principal": "*",
                "action": "lambda:InvokeFunction"})
        ),
    ]));
    let report = case.plan(&live, &plan, &["--region", "eu-west-1"]).report();
    let permissions = change_of(&report, "role/deploy", PolicyName::Permissions).unwrap();
    assert!(!permissions.new_resource);
    let [access] = permissions.comparison.statements.as_slice() else {
        panic!("{:?}", permissions.comparison);
    };
    assert_eq!(permissions.from[access.index], "write");
    let open = change_of(&report, "orders", PolicyName::FunctionPolicy).unwrap();
    assert_eq!(open.comparison.new_access, Some(true));
    let public = report
        .results
        .iter()
        .find(|result| result.check == "lambda-public-policy" && result.status == Status::Fail);
    assert_eq!(
        public.and_then(|result| result.change),
        Some(ResultChange::New)
    );
}

// Several inputs ----------------------------------------------------------------------------------

/// The statuses of a check by the file and the address of the resource.
fn by_file(report: &Report, check: &str) -> Vec<(String, String, Status)> {
    let mut found: Vec<_> = report
        .results
        .iter()
        .filter(|result| result.check == check && result.resource.address.is_some())
        .map(|result| {
            let location = result.location.as_ref();
            let file = location.map_or(String::new(), |location| location.file.clone());
            let address = result.resource.address.clone().unwrap();
            (file, address, result.status)
        })
        .collect();
    found.sort();
    found
}

const OPEN_BUCKET: &str = "
Resources:
  Site:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-site
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, IgnorePublicAcls: true}
";

const PUBLIC_POLICY: &str = "
Resources:
  Open:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: acme-site
      PolicyDocument:
        Statement:
          - {Sid: Everyone, Effect: Allow, Principal: '*', Action: s3:GetObject, Resource: 'arn:aws:s3:::acme-site/*'}
";

/// Alone, neither opens anything: the bucket has no policy, and the policy has no bucket.
#[test]
fn a_policy_of_one_template_is_laid_over_the_bucket_of_another() {
    let case = Case::new();
    let live = account(json!({}));
    let bucket = case.file("a.yaml", OPEN_BUCKET);
    let policy = case.file("b.yaml", PUBLIC_POLICY);
    let both = ["--template", &bucket, "--template", &policy];
    let report = case.audit(&live, &both, &[]).report();
    assert_eq!(
        result(&report, "s3-public-read", "acme-site"),
        Some((Status::Fail, Some(ResultChange::New)))
    );
    // The bucket's address, and the line of the statement in the other file.
    assert_eq!(
        by_file(&report, "s3-public-read"),
        [("b.yaml".to_owned(), "Site".to_owned(), Status::Fail)]
    );
    assert_eq!(
        by_file(&report, "s3-no-versioning"),
        [("a.yaml".to_owned(), "Site".to_owned(), Status::Fail)]
    );
    let change = change_of(&report, "acme-site", PolicyName::BucketPolicy).unwrap();
    assert_eq!(change.comparison.verdict, CompareVerdict::New);
    assert!(change.new_resource);
    assert_eq!(change.location.as_ref().unwrap().file, "b.yaml");
    let scope = report.scope.template.unwrap();
    assert_eq!(scope.files, ["a.yaml", "b.yaml"]);

    let alone = case.audit(&live, &["--template", &bucket], &[]).report();
    assert_eq!(
        result(&alone, "s3-public-read", "acme-site"),
        Some((Status::Pass, Some(ResultChange::Same)))
    );
}

#[test]
fn a_template_imports_what_an_earlier_one_exports() {
    let case = Case::new();
    let live = account(json!({}));
    let bucket = case.file(
        "a.yaml",
        "
Resources:
  Site:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, IgnorePublicAcls: true}
Outputs:
  Name: {Value: !Ref Site, Export: {Name: site-bucket}}
  Arn: {Value: !GetAtt Site.Arn, Export: {Name: site-arn}}
",
    );
    let policy = case.file(
        "b.yaml",
        "
Resources:
  Open:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !ImportValue site-bucket
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: '*'
            Action: s3:GetObject
            Resource: !Sub ['${Arn}/*', {Arn: !ImportValue site-arn}]
",
    );
    let both = ["--template", &bucket, "--template", &policy];
    let report = case.audit(&live, &both, &[]).report();
    assert_eq!(
        by_file(&report, "s3-public-read"),
        [("b.yaml".to_owned(), "Site".to_owned(), Status::Fail)]
    );
}

/// Names are generated: these are two buckets.
#[test]
fn resources_of_two_templates_with_one_logical_id_are_two_resources() {
    let case = Case::new();
    let live = account(json!({}));
    let template = |status: &str| {
        format!(
            "
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {{Status: {status}}}
  Key:
    Type: AWS::KMS::Key
    Properties: {{EnableKeyRotation: {}, KeyPolicy: {{}}}}
",
            status == "Enabled"
        )
    };
    let one = case.file("a.yaml", &template("Enabled"));
    let other = case.file("b.yaml", &template("Suspended"));
    let third = case.file("c.yaml", &template("Enabled"));
    let all = [
        "--template",
        &one,
        "--template",
        &other,
        "--template",
        &third,
    ];
    let report = case.audit(&live, &all, &[]).report();
    let expected = |file: &str, status| (file.to_owned(), "Data".to_owned(), status);
    assert_eq!(
        by_file(&report, "s3-no-versioning"),
        [
            expected("a.yaml", Status::Pass),
            expected("b.yaml", Status::Fail),
            expected("c.yaml", Status::Pass),
        ]
    );
    let prints: std::collections::BTreeSet<&str> = report
        .results
        .iter()
        .map(|result| result.fingerprint.as_str())
        .collect();
    assert_eq!(prints.len(), report.results.len());
    assert_eq!(report.buckets.len(), 3);
}

/// S3 refuses a second bucket of a name (BucketAlreadyOwnedByYou).
#[test]
fn a_resource_that_two_templates_make_is_judged_in_both_and_said_to_fail() {
    let case = Case::new();
    let live = account(json!({}));
    let template = |status: &str| {
        format!(
            "
Resources:
  {status}:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-data
      VersioningConfiguration: {{Status: {status}}}
"
        )
    };
    let one = case.file("a.yaml", &template("Enabled"));
    let other = case.file("b.yaml", &template("Suspended"));
    let both = ["--template", &one, "--template", &other];
    let report = case.audit(&live, &both, &[]).report();
    assert_eq!(
        by_file(&report, "s3-no-versioning"),
        [
            ("a.yaml".to_owned(), "Enabled".to_owned(), Status::Pass),
            ("b.yaml".to_owned(), "Suspended".to_owned(), Status::Fail),
        ]
    );
    let problems = report.scope.template.unwrap().problems;
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    assert_eq!(problem.address, "Suspended");
    assert_eq!(problem.location.as_ref().unwrap().file, "b.yaml");
    assert!(
        problem
            .message
            .starts_with("will fail to deploy after a.yaml"),
        "{}",
        problem.message
    );
}

#[test]
fn a_plan_is_laid_over_what_a_template_makes() {
    let case = Case::new();
    let live = account(json!({}));
    let template = case.file(
        "a.yaml",
        "
Resources:
  Api:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: api, Runtime: python3.13, Handler: i.h, Role: 'arn:aws:iam::111111111111:role/r', Code: {ZipFile: x}}
",
    );
    let plan = json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": []}},
        "resource_changes": [{
            "address": "aws_lambda_permission.open", "mode": "managed", "type": "aws_lambda_permission",
            "name": "open", "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": {
                "action": "lambda:InvokeFunction", "function_name": "api", "principal": "*",
                "statement_id": "open"}, "after_unknown": {"id": true}},
        }],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws",
                "expressions": {"region": {"constant_value": "eu-west-1"}}}},
            "root_module": {"resources": [{"address": "aws_lambda_permission.open", "mode": "managed",
                "type": "aws_lambda_permission", "name": "open", "provider_config_key": "aws",
                "expressions": {}}]},
        },
    });
    let plan = case.file("plan.json", &plan.to_string());
    let both = ["--template", &template, "--terraform-plan", &plan];
    let report = case.audit(&live, &both, &[]).report();
    let check = "lambda-public-policy";
    let found: Vec<_> = by_file(&report, check)
        .into_iter()
        .map(|(_, address, status)| (address, status))
        .collect();
    assert_eq!(found, [("Api".to_owned(), Status::Fail)]);
    let change = change_of(&report, "api", PolicyName::FunctionPolicy).unwrap();
    assert_eq!(change.comparison.verdict, CompareVerdict::New);
    let kind = report.scope.template.unwrap().kind;
    assert_eq!(kind, "cloudformation");
}

/// `--parameter` gives one value for all templates, so that no run has two.
#[test]
fn a_parameter_without_a_value_is_the_same_in_all_templates() {
    let case = Case::new();
    let live = account(json!({}));
    let bucket = "
Parameters: {Stage: {Type: String, AllowedValues: [dev, prod]}}
Conditions: {Dev: !Equals [!Ref Stage, dev]}
Resources:
  Site:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-site
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: false, RestrictPublicBuckets: !If [Dev, false, true]}
";
    let policy = "
Parameters: {Stage: {Type: String, AllowedValues: [dev, prod]}}
Conditions: {Prod: !Equals [!Ref Stage, prod]}
Resources:
  Open:
    Type: AWS::S3::BucketPolicy
    Condition: Prod
    Properties:
      Bucket: acme-site
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: '*', Action: s3:GetObject, Resource: 'arn:aws:s3:::acme-site/*'}
";
    let bucket = case.file("a.yaml", bucket);
    let policy = case.file("b.yaml", policy);
    let both = ["--template", &bucket, "--template", &policy];
    let report = case.audit(&live, &both, &[]).report();
    // In dev the bucket has no policy, in prod RestrictPublicBuckets cuts it off.
    assert_eq!(
        result(&report, "s3-public-read", "acme-site"),
        Some((Status::Pass, Some(ResultChange::Same)))
    );
}

#[test]
fn lines_and_rows_say_what_changes_and_where() {
    let case = Case::new();
    let live = account(json!({}));
    let onto = case.file("account.json", &live.to_string());
    let (bucket, policy) = (
        case.file("a.yaml", OPEN_BUCKET),
        case.file("b.yaml", PUBLIC_POLICY),
    );
    let ran = |format: &str| {
        run(&[
            "audit",
            "--onto",
            &onto,
            "--template",
            &bucket,
            "--template",
            &policy,
            "-o",
            format,
        ])
        .out
    };
    let lines: Vec<Value> = ran("jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = lines
        .iter()
        .find(|line| line["check_id"] == "s3-public-read")
        .unwrap();
    assert_eq!(line["change"], "new");
    assert_eq!(line["address"], "Site");
    assert_eq!(line["location_file"], "b.yaml");
    assert_eq!(line["location_line"], 3);
    assert!(line["location_column"].is_u64());
    let text = ran("csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let titles = reader.headers().unwrap().clone();
    let at = |title: &str| titles.iter().position(|one| one == title).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = rows
        .iter()
        .find(|row| &row[at("check")] == "s3-public-read")
        .unwrap();
    assert_eq!(&row[at("change")], "new");
    assert_eq!(&row[at("address")], "Site");
    assert_eq!(&row[at("location_file")], "b.yaml");
    assert_eq!(&row[at("location_line")], "3");
}
