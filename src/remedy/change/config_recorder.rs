//! The recorder of AWS Config in a Region: started, and made to record buckets. What is there is kept,
//! its role and its name among it. Where there is none, a person chooses a role and a bucket.

use crate::facts::settings::Recorder;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Region, &[RECORD_BUCKETS, START], plan);

const RECORD_BUCKETS: NamedChange = NamedChange {
    name: "record-buckets",
    summary: "Record AWS::S3::Bucket, or all supported types, with the configuration recorder in {region.name}.",
    effect: "Changes of buckets are recorded, and rules about buckets run at them.",
    risk: Level::Low,
    risk_note: "AWS charges for each configuration item that is recorded.",
    decide: "",
    make: |target| {
        let recorder = Recorder {
            name: "default".to_owned(),
            excludes: false,
            excludes_others: false,
            delivers: true,
        };
        record_buckets(target, &recorder)
    },
};

const START: NamedChange = NamedChange {
    name: "start-recorder",
    summary: "Start a configuration recorder in {region.name}, with a delivery channel.",
    effect: "Changes of the resource types it records are recorded, and rules run at them.",
    risk: Level::Low,
    risk_note: "AWS charges for each configuration item that is recorded and for each evaluation of a rule.",
    decide: "",
    make: |target| create(target, "default"),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let (target, region) = (context.target, context.name());
    let recorder = context.facts.recorder(context.subject);
    let create_one = |name: &str| {
        let mut draft = context.draft_of(
            format!("Create a configuration recorder in {region} and start it."),
            create(target, name),
        );
        draft.replace(vec![
            "YOUR-CONFIG-ROLE-ARN".to_owned(),
            "YOUR-CONFIG-BUCKET".to_owned(),
        ]);
        draft
    };
    requests.each(&RECORD_BUCKETS, drafts, |_| {
        let Some(recorder) = &recorder else {
            return Some(create_one("default"));
        };
        Some(context.draft_of(
            format!(
                "Record AWS::S3::Bucket with the configuration recorder {} in {region}, in addition to what it records.",
                recorder.name
            ),
            record_buckets(target, recorder),
        ))
    });
    requests.each(&START, drafts, |_| {
        let Some(Recorder { name, .. }) = recorder.as_ref().filter(|one| one.delivers) else {
            let name = recorder.as_ref().map_or("default", |one| one.name.as_str());
            return Some(create_one(name));
        };
        Some(context.draft_of(
            format!("Start the configuration recorder {name} in {region}."),
            start(target, name),
        ))
    });
}

fn start(target: &ChangeTarget, recorder: &str) -> RenderedChange {
    let region = target.region_option();
    RenderedChange::shell(format!(
        "aws configservice start-configuration-recorder{region} \\\n  --configuration-recorder-name={}\n",
        quoted(recorder)
    ))
    .terraform_note(format!(
        "In the aws_config_configuration_recorder_status of {recorder} in {}:\nis_enabled = true",
        target.name
    ))
    .stack_note("CloudFormation starts a recorder when it creates its AWS::Config::DeliveryChannel; one that was stopped is started by the AWS CLI.")
}

const RECORD: &str = r#"# record_buckets RECORDER GROUP [--region R]: GROUP is the recorder's group in JMESPath; its name, its role
# and how often it records stay.
record_buckets() {
  recorder=$1 group=$2
  shift 2
  whole=$(aws configservice describe-configuration-recorders --configuration-recorder-names="$recorder" "$@" --output json --query \
    'ConfigurationRecorders[0].merge({name: name, roleARN: roleARN, recordingGroup: '"$group"'}, (recordingMode && {recordingMode: recordingMode}) || `{}`)')
  aws configservice put-configuration-recorder "$@" --configuration-recorder "$whole"
}
"#;

fn record_buckets(target: &ChangeTarget, recorder: &Recorder) -> RenderedChange {
    let group = match (recorder.excludes, recorder.excludes_others) {
        (true, true) => {
            r#"merge(recordingGroup, {exclusionByResourceTypes: {resourceTypes: recordingGroup.exclusionByResourceTypes.resourceTypes[?@ != `"AWS::S3::Bucket"`]}})"#
        }
        // An empty list of exceptions is refused.
        (true, false) => {
            r#"`{"allSupported":true,"recordingStrategy":{"useOnly":"ALL_SUPPORTED_RESOURCE_TYPES"}}`"#
        }
        (false, _) => {
            r#"merge(recordingGroup, {resourceTypes: [(recordingGroup.resourceTypes || `[]`)[?@ != `"AWS::S3::Bucket"`], `["AWS::S3::Bucket"]`][]})"#
        }
    };
    let (name, region) = (&recorder.name, &target.name);
    let (hcl, stack) = if recorder.excludes {
        (
            "remove AWS::S3::Bucket from exclusion_by_resource_types.",
            "remove AWS::S3::Bucket from ExclusionByResourceTypes.",
        )
    } else {
        (
            "add AWS::S3::Bucket to resource_types.",
            "add AWS::S3::Bucket to ResourceTypes.",
        )
    };
    RenderedChange::calling(
        RECORD,
        format!(
            "record_buckets {} \\\n  {}{}\n",
            quoted(name),
            quoted(group),
            target.region_option()
        ),
    )
    .terraform_note(format!(
        "In the recording_group of the aws_config_configuration_recorder {name} in {region}, {hcl}"
    ))
    .stack_note(format!(
        "In the RecordingGroup of the AWS::Config::ConfigurationRecorder {name} in {region}, {stack}"
    ))
}

/// A recorder with a delivery channel; a person chooses its role and its bucket.
fn create(target: &ChangeTarget, name: &str) -> RenderedChange {
    let region = target.region_option();
    let name_word = quoted(name);
    RenderedChange::shell(format!(
        "aws configservice put-configuration-recorder{region} \\\n  \
         --configuration-recorder name={name_word},roleARN=YOUR-CONFIG-ROLE-ARN \\\n  \
         --recording-group allSupported=true,includeGlobalResourceTypes=false\n\
         aws configservice put-delivery-channel{region} \\\n  \
         --delivery-channel name=default,s3BucketName=YOUR-CONFIG-BUCKET\n\
         aws configservice start-configuration-recorder{region} \\\n  \
         --configuration-recorder-name={name_word}\n"
    ))
    .terraform_note(format!(
        "In {}:\nresource \"aws_config_configuration_recorder\" \"this\" {{\n  name     = {hcl_name}\n  role_arn = \"YOUR-CONFIG-ROLE-ARN\"\n  recording_group {{\n    all_supported = true\n  }}\n}}\nresource \"aws_config_delivery_channel\" \"this\" {{\n  name           = \"default\"\n  s3_bucket_name = \"YOUR-CONFIG-BUCKET\"\n}}\nresource \"aws_config_configuration_recorder_status\" \"this\" {{\n  name       = {hcl_name}\n  is_enabled = true\n}}",
        target.name,
        hcl_name = hcl(name)
    ))
    .stack_note(format!(
        "In {}:\nRecorder:\n  Type: AWS::Config::ConfigurationRecorder\n  Properties:\n    RoleARN: YOUR-CONFIG-ROLE-ARN\n    RecordingGroup: {{AllSupported: true}}\nDeliveryChannel:\n  Type: AWS::Config::DeliveryChannel\n  Properties:\n    S3BucketName: YOUR-CONFIG-BUCKET",
        target.name
    ))
}
