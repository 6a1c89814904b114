//! CloudTrail: a trail of all Regions for an account, and the settings of a trail.

use crate::facts::trail::TrailFacts;
use crate::remedy::prelude::*;

pub(super) const ACCOUNT: ChangeFamily =
    ChangeFamily::new(SubjectKind::Account, &[ALL_REGIONS], plan_account);

pub(super) const TRAIL: ChangeFamily =
    ChangeFamily::new(SubjectKind::Trail, &[VALIDATE, START], plan_trail);

const ALL_REGIONS: NamedChange = NamedChange {
    name: "record-all-regions",
    summary: "Create a trail that covers all Regions of {account.id} and records all management events.",
    effect: "Management events of every Region, those enabled later included, are recorded in one place.",
    risk: Level::Low,
    risk_note: "More log files are stored; where a Region has a trail of its own, AWS charges for the second copy.",
    decide: "",
    make: |_| create(),
};

const VALIDATE: NamedChange = NamedChange {
    name: "enable-log-file-validation",
    summary: "Enable log file validation of {trail.name}.",
    effect: "Digest files prove that later log files were not changed.",
    risk: Level::Low,
    risk_note: "The digest files cost storage.",
    decide: "",
    make: |target| validate(&target.name, &target.arn, "REGION"),
};

const START: NamedChange = NamedChange {
    name: "start-logging",
    summary: "Start logging of {trail.name}, or delete it when another trail replaces it.",
    effect: "The trail records events again.",
    risk: Level::Low,
    risk_note: "AWS charges for the second and later copies of events.",
    decide: "",
    make: |target| start(&target.name, &target.arn, "REGION"),
};

/// A trail of one Region that records every management event there can record all Regions. Where there
/// is none, a new one needs a bucket.
fn plan_account(
    context: &FixContext<'_, '_>,
    requests: &mut Requests<'_>,
    drafts: &mut Vec<FixDraft>,
) {
    requests.each(&ALL_REGIONS, drafts, |_| {
        let extended = context.trails().find(|trail| {
            is_fit(trail)
                && !trail.multi_region
                && trail.management_events.known().map(String::as_str) == Some("all")
        });
        let Some(trail) = extended else {
            let mut draft = context.draft_of(
                format!("Create a trail of all Regions in {}.", context.name()),
                create(),
            );
            draft.effort = Effort::Hours;
            draft.replace(vec!["YOUR-TRAIL-BUCKET".to_owned()]);
            return Some(draft);
        };
        Some(context.draft_of(
            format!(
                "Extend the trail {} of {} to all Regions.",
                trail.name, trail.region
            ),
            extend(&trail.arn, &trail.region),
        ))
    });
}

/// True when it is the account's own, records, and delivers.
pub(super) fn is_fit(trail: &TrailFacts) -> bool {
    trail.own
        && trail.logging.known() == Some(&true)
        && trail.delivery_error.known().is_some_and(String::is_empty)
}

fn plan_trail(
    context: &FixContext<'_, '_>,
    requests: &mut Requests<'_>,
    drafts: &mut Vec<FixDraft>,
) {
    let Some(TrailFacts {
        name, arn, region, ..
    }) = &context.trail()
    else {
        return;
    };
    requests.each(&VALIDATE, drafts, |_| {
        let change = validate(name, arn, region);
        Some(context.draft_of(format!("Enable log file validation of {name}."), change))
    });
    requests.each(&START, drafts, |_| {
        Some(context.draft_of(
            format!("Start logging of {name}."),
            start(name, arn, region),
        ))
    });
}

/// An option of `update-trail`, and an argument of the trail in Terraform and CloudFormation.
fn update(name: &str, arn: &str, command: &str, hcl: &str, stack: &str) -> RenderedChange {
    RenderedChange::shell(command)
        .terraform_note(format!(
            "In the aws_cloudtrail whose ARN is {arn}:\n{hcl} = true"
        ))
        .stack_properties("AWS::CloudTrail::Trail", name, json!({stack: true}))
}

fn extend(arn: &str, region: &str) -> RenderedChange {
    let command = format!(
        "aws cloudtrail update-trail --name {} --region {} --is-multi-region-trail >/dev/null\n",
        word(arn),
        word(region)
    );
    update(
        arn,
        arn,
        &command,
        "is_multi_region_trail",
        "IsMultiRegionTrail",
    )
}

fn validate(name: &str, arn: &str, region: &str) -> RenderedChange {
    let command = format!(
        "aws cloudtrail update-trail --name {} --region {} --enable-log-file-validation >/dev/null\n",
        word(arn),
        word(region)
    );
    update(
        name,
        arn,
        &command,
        "enable_log_file_validation",
        "EnableLogFileValidation",
    )
}

fn start(name: &str, arn: &str, region: &str) -> RenderedChange {
    let command = format!(
        "aws cloudtrail start-logging --name {} --region {}\n",
        word(arn),
        word(region)
    );
    update(name, arn, &command, "enable_logging", "IsLogging")
}

/// A new trail; a person chooses its bucket.
fn create() -> RenderedChange {
    RenderedChange::shell(
        "# The policy of the bucket must let cloudtrail.amazonaws.com write.\n\
         aws cloudtrail create-trail --name all-regions --s3-bucket-name YOUR-TRAIL-BUCKET \\\n  \
         --is-multi-region-trail --enable-log-file-validation >/dev/null\n\
         aws cloudtrail start-logging --name all-regions\n",
    )
    .terraform_note(
        "resource \"aws_cloudtrail\" \"all_regions\" {\n  name                       = \"all-regions\"\n  s3_bucket_name             = \"YOUR-TRAIL-BUCKET\"\n  is_multi_region_trail      = true\n  enable_log_file_validation = true\n}",
    )
    .stack_note(
        "Trail:\n  Type: AWS::CloudTrail::Trail\n  Properties:\n    TrailName: all-regions\n    S3BucketName: YOUR-TRAIL-BUCKET\n    IsLogging: true\n    IsMultiRegionTrail: true\n    EnableLogFileValidation: true",
    )
}
