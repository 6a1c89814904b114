//! Versioning, and the lifecycle rules for what it and multipart uploads leave behind. S3 replaces
//! all lifecycle rules, so new ones are added by one put.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(
    SubjectKind::Bucket,
    &[VERSIONING, ABORT_UPLOADS, EXPIRE_VERSIONS],
    plan,
);

const VERSIONING: NamedChange = NamedChange {
    name: "enable-versioning",
    summary: "Enable versioning of {bucket.name}, with a lifecycle rule that expires noncurrent versions after as long as you want to be able to go back.",
    effect: "Overwritten and deleted objects are kept as noncurrent versions; versioning can be suspended later, not removed.",
    risk: Level::Low,
    risk_note: "Noncurrent versions cost storage until a lifecycle rule expires them.",
    decide: "",
    make: |target| versioning(target, false),
};

const ABORT_UPLOADS: NamedChange = NamedChange {
    name: "abort-incomplete-uploads",
    summary: "Add a lifecycle rule to {bucket.name} that aborts incomplete multipart uploads after 7 days.",
    effect: "Parts of incomplete uploads no longer cost storage.",
    risk: Level::Low,
    risk_note: "Uploads that take longer start again.",
    decide: "",
    make: |target| lifecycle(target, &[abort(ABORT_AFTER_DAYS)], &[]),
};

const EXPIRE_VERSIONS: NamedChange = NamedChange {
    name: "expire-noncurrent-versions",
    summary: "Add a lifecycle rule to {bucket.name} that expires noncurrent versions.",
    effect: "Noncurrent versions are deleted, and no longer cost storage.",
    risk: Level::High,
    risk_note: "What was overwritten or deleted longer ago than that is gone.",
    decide: "How long do noncurrent versions have to be kept?",
    make: |target| lifecycle(target, &[expire(KEEP_VERSIONS_DAYS)], &[]),
};

/// Days after which an incomplete upload is aborted, where the check does not say
/// (`abort_after_days`).
const ABORT_AFTER_DAYS: u64 = 7;
/// Days for which noncurrent versions are kept, where the check does not say (`keep_versions_days`).
const KEEP_VERSIONS_DAYS: u64 = 90;
/// The id of the rule about uploads.
const ABORT_ID: &str = "abort-incomplete-uploads";

/// A lifecycle rule for the whole bucket.
struct LifecycleRule {
    id: &'static str,
    /// What it does, as the API and CloudFormation name it, and how they name its days.
    action: [&'static str; 2],
    /// The same for Terraform.
    hcl_action: [&'static str; 2],
    days: u64,
}

fn abort(days: u64) -> LifecycleRule {
    LifecycleRule {
        id: ABORT_ID,
        action: ["AbortIncompleteMultipartUpload", "DaysAfterInitiation"],
        hcl_action: ["abort_incomplete_multipart_upload", "days_after_initiation"],
        days,
    }
}

fn expire(days: u64) -> LifecycleRule {
    LifecycleRule {
        id: "expire-old-versions",
        action: ["NoncurrentVersionExpiration", "NoncurrentDays"],
        hcl_action: ["noncurrent_version_expiration", "noncurrent_days"],
        days,
    }
}

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let name = bucket.name();
    let versioned = requests.take(&VERSIONING);
    let uploads = requests.take(&ABORT_UPLOADS);
    let versions = requests.take(&EXPIRE_VERSIONS);
    let days = |requests: &[&FixRequest], param, otherwise| {
        let mut found = requests.iter().filter_map(|request| request.number(param));
        found.next().unwrap_or(otherwise)
    };
    let abort_days = days(&uploads, "abort_after_days", ABORT_AFTER_DAYS);
    let keep_days = days(&versions, "keep_versions_days", KEEP_VERSIONS_DAYS);
    let others = rule_names(bucket);

    // Where there never was a version, a rule that expires them deletes nothing; where there are
    // some, how long they are kept is a person's decision.
    let status = bucket.facts.versioning.status.known().map(String::as_str);
    let expires = bucket.facts.lifecycle.expires_noncurrent.known();
    let with_rule = !versioned.is_empty()
        && status == Some("Never")
        && expires.is_some_and(|expires| expires == "none");
    if !versioned.is_empty() {
        let mut draft = context.draft_of(
            format!("Enable versioning of {name}."),
            versioning(
                context.target,
                status.is_some_and(|status| status != "Never"),
            ),
        );
        draft.apply(&VERSIONING, &versioned);
        if with_rule {
            let where_added = if uploads.is_empty() {
                ""
            } else {
                " (with the rule for uploads)"
            };
            draft.effect(format!(
                "A lifecycle rule expires noncurrent versions after {KEEP_VERSIONS_DAYS} days{where_added}."
            ));
        }
        if with_rule && uploads.is_empty() {
            let rules = vec![expire(KEEP_VERSIONS_DAYS)];
            draft
                .changes
                .push(lifecycle(context.target, &rules, &others));
        }
        drafts.push(draft);
    }

    let merged = !uploads.is_empty() && context.is_decided(&versions);
    if !uploads.is_empty() {
        let mut rules = vec![abort(abort_days)];
        let mut draft = context.draft(format!(
            "Add a lifecycle rule to {name}: abort incomplete multipart uploads after {abort_days} days."
        ));
        draft.apply(&ABORT_UPLOADS, &uploads);
        if merged {
            rules.push(expire(keep_days));
            draft.apply(&EXPIRE_VERSIONS, &versions);
        }
        if with_rule {
            rules.push(expire(KEEP_VERSIONS_DAYS));
            draft.effect(format!(
                "Noncurrent versions, which versioning creates, expire after {KEEP_VERSIONS_DAYS} days."
            ));
        }
        draft
            .changes
            .push(lifecycle(context.target, &rules, &others));
        drafts.push(draft);
    }
    if !versions.is_empty() && !merged {
        let mut others = others;
        if !uploads.is_empty() {
            others.push(ABORT_ID.to_owned());
        }
        let mut waits = context.draft_of(
            format!(
                "Add a lifecycle rule to {name}: expire noncurrent versions after {keep_days} days."
            ),
            lifecycle(context.target, &[expire(keep_days)], &others),
        );
        waits.apply(&EXPIRE_VERSIONS, &versions);
        waits.decide(format!(
            "How long do noncurrent versions of {name} have to be kept? The command deletes them after {keep_days} days."
        ));
        drafts.push(waits);
    }
}

/// The names of the lifecycle rules there are.
fn rule_names(bucket: &BucketState<'_>) -> Vec<String> {
    let rules = bucket.settings.lifecycle.known().copied().flatten();
    rules
        .into_iter()
        .flatten()
        .map(|rule| {
            if rule.id.is_empty() {
                "one without a name".to_owned()
            } else {
                rule.id.clone()
            }
        })
        .collect()
}

fn versioning(target: &ChangeTarget, was_set: bool) -> RenderedChange {
    RenderedChange::shell(format!(
        "aws s3api put-bucket-versioning --bucket {}{} \\\n  --versioning-configuration Status=Enabled\n",
        target.word(),
        target.region_option()
    ))
    .terraform_bucket(
        "aws_s3_bucket_versioning",
        target,
        was_set,
        "  versioning_configuration {\n    status = \"Enabled\"\n  }\n",
    )
    .bucket_properties(
        target,
        json!({"VersioningConfiguration": {"Status": "Enabled"}}),
    )
}

const PUT_LIFECYCLE: &str = r#"# put_lifecycle BUCKET RULES KEPT [--region R]: adds the rules to those of the bucket that the JMESPath
# filter KEPT keeps (all but their namesakes).
put_lifecycle() {
  bucket=$1 rules=$2 kept=$3
  shift 3
  if ! whole=$(aws s3api get-bucket-lifecycle-configuration --bucket "$bucket" "$@" --output json --query \
    '{Rules: [Rules['"$kept"'], `'"$rules"'`][]}' 2>/dev/null); then
    why=$(aws s3api get-bucket-lifecycle-configuration --bucket "$bucket" "$@" 2>&1 >/dev/null) || true
    case $why in
      *NoSuchLifecycleConfiguration*) whole='{"Rules": '"$rules"'}' ;;
      *) printf '%s: %s\n' "$bucket" "$why" >&2; return 1 ;;
    esac
  else
    least=$(aws s3api get-bucket-lifecycle-configuration --bucket "$bucket" "$@" --output text \
      --query TransitionDefaultMinimumObjectSize)
    case $least in
      '' | None) ;;
      *) set -- "$@" --transition-default-minimum-object-size "$least" ;;
    esac
  fi
  aws s3api put-bucket-lifecycle-configuration --bucket "$bucket" "$@" --lifecycle-configuration "$whole" >/dev/null
}
"#;

/// Rules, added to others of these names.
fn lifecycle(target: &ChangeTarget, rules: &[LifecycleRule], others: &[String]) -> RenderedChange {
    let mut api = Vec::new();
    let mut stack = Vec::new();
    let mut kept = Vec::new();
    let mut hcl_rules = String::new();
    for LifecycleRule {
        id,
        action: [action, field],
        hcl_action: [hcl_action, hcl_field],
        days,
    } in rules
    {
        api.push(json!({
            "ID": id, "Status": "Enabled", "Filter": {"Prefix": ""}, (*action): {(*field): days},
        }));
        stack.push(json!({"Id": id, "Status": "Enabled", (*action): {(*field): days}}));
        kept.push(format!("ID != `\"{id}\"`"));
        hcl_rules.push_str(&format!(
            "  rule {{\n    id     = \"{id}\"\n    status = \"Enabled\"\n    filter {{}}\n    {hcl_action} {{\n      {hcl_field} = {days}\n    }}\n  }}\n"
        ));
    }
    let kept = quoted(&format!("?{}", kept.join(" && ")));
    let change = RenderedChange::call(PUT_LIFECYCLE, target, &[literal(&Value::Array(api)), kept]);
    // With rules that are not all known here, a whole resource would delete the others.
    if !others.is_empty() {
        return change.terraform_note(format!(
            "Add to the aws_s3_bucket_lifecycle_configuration of {}, which has these rules ({}):\n{hcl_rules}",
            target.name,
            others.join(", ")
        ));
    }
    change
        .terraform_bucket(
            "aws_s3_bucket_lifecycle_configuration",
            target,
            false,
            &hcl_rules,
        )
        .bucket_properties(target, json!({"LifecycleConfiguration": {"Rules": stack}}))
}
