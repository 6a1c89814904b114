//! KMS keys of buckets: rotation, and keys that do not work. Each key is changed once, whatever the
//! number of buckets that use it.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Bucket, &[ENABLE, ROTATE], plan);

const ENABLE: NamedChange = NamedChange {
    name: "enable-kms-key",
    summary: "Enable the KMS key of {bucket.name} or cancel its deletion; or set the default encryption to a key that works.",
    effect: "Objects that it encrypted can be read again, and uploads work.",
    risk: Level::High,
    risk_note: "If the key was disabled to end someone's access, they have access again.",
    decide: "Find out who disabled the key, or scheduled its deletion, and why.",
    make: |target| {
        let key = target.arn_beside("kms:REGION:ACCOUNT:key/KEY-ID");
        enable(target, &key, true)
    },
};

const ROTATE: NamedChange = NamedChange {
    name: "rotate-kms-key",
    summary: "Enable automatic rotation of the KMS key of {bucket.name}.",
    effect: "KMS makes new key material once a year; existing data stays readable, ARN and alias stay.",
    risk: Level::Low,
    risk_note: "Each of the first two rotations adds to the key's monthly price.",
    decide: "Where the key does not work, or it is not known: KMS rotates enabled keys only.",
    make: |target| {
        let key = target.arn_beside("kms:REGION:ACCOUNT:key/KEY-ID");
        rotate(target, &key)
    },
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let key = bucket.key();
    let once = |mut draft: FixDraft, key: String| {
        draft.shared = Some(SharedChange {
            key,
            items: Vec::new(),
            details: Vec::new(),
            of_all: |_| None,
        });
        draft
    };
    let state = bucket.facts.key.state.known().map(String::as_str);
    requests.each(&ENABLE, drafts, |_| {
        let (Some(state @ ("Disabled" | "PendingDeletion")), Some(key)) = (state, key) else {
            return None;
        };
        let change = enable(context.target, key, state == "PendingDeletion");
        let mut draft = context.draft_of(format!("Enable {key}."), change);
        draft.decide(ENABLE.decide);
        Some(once(draft, format!("enable {key}")))
    });
    requests.each(&ROTATE, drafts, |_| {
        let Some(key) = key else {
            let mut draft = context.draft(format!("Rotate the KMS key of {}.", bucket.name()));
            draft.decide("Which key it is could not be read.");
            return Some(draft);
        };
        let mut draft = context.draft_of(
            format!("Rotate {key} every year."),
            rotate(context.target, key),
        );
        if bucket.facts.key.usable.known() != Some(&true) {
            draft.decide("KMS rotates enabled keys only, and this one does not work, or it is not known: decide on that first.");
        }
        Some(once(draft, format!("rotate {key}")))
    });
}

fn enable(target: &ChangeTarget, key: &str, pending_deletion: bool) -> RenderedChange {
    let (key_word, region) = (word(key), target.region_option());
    let mut commands = String::new();
    if pending_deletion {
        commands = format!("aws kms cancel-key-deletion --key-id {key_word}{region} >/dev/null\n");
    }
    commands.push_str(&format!("aws kms enable-key --key-id {key_word}{region}\n"));
    RenderedChange::shell(commands)
        .terraform_note(format!(
            "In the aws_kms_key whose ARN is {key}:\nis_enabled = true"
        ))
        .stack_note(format!(
            "In the AWS::KMS::Key whose ARN is {key}:\nEnabled: true"
        ))
}

const ENABLE_ROTATION: &str = r#"# enable_rotation KEY [--region R]: the period of a key that rotates already stays what it is.
enable_rotation() {
  key=$1
  shift
  on=$(aws kms get-key-rotation-status --key-id "$key" "$@" --query KeyRotationEnabled --output text)
  case $on in
    True | true) ;;
    *) aws kms enable-key-rotation --key-id "$key" "$@" ;;
  esac
}
"#;

fn rotate(target: &ChangeTarget, key: &str) -> RenderedChange {
    RenderedChange::calling(
        ENABLE_ROTATION,
        format!("enable_rotation {}{}\n", word(key), target.region_option()),
    )
    .terraform_note(format!(
        "In the aws_kms_key whose ARN is {key}:\nenable_key_rotation = true"
    ))
    .stack_properties(
        "AWS::KMS::Key",
        format!("whose ARN is {key}"),
        json!({"EnableKeyRotation": true}),
    )
}
