//! Changes as commands of the AWS CLI, version 1 or 2, for any POSIX shell.
//!
//! Every command may be run again: it sets what is set already, or finds that there is nothing left
//! to do. What replaces a whole setting reads it first and keeps the rest: encryption and lifecycle
//! by a JMESPath expression over the live answer, so no other program is needed; a policy by
//! comparing it with the one the plan was made from, and stopping when it is another one.

use serde_json::{Map, Value, json};

use super::change::{Change, Place};
use super::quote::{one_line, word};
use crate::facts::function::LATEST;

/// Text that a shell runs, and the functions it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Commands, each ending in a line feed.
    pub text: String,
    /// Names of [`FUNCTIONS`].
    pub calls: Vec<&'static str>,
}

/// The functions that commands call, by name, in the order of their definition.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("put_policy", PUT_POLICY),
    ("put_encryption", PUT_ENCRYPTION),
    ("put_lifecycle", PUT_LIFECYCLE),
    ("turn_acls_off", TURN_ACLS_OFF),
    ("enable_rotation", ENABLE_ROTATION),
    ("configure_function", CONFIGURE_FUNCTION),
    ("remove_permission", REMOVE_PERMISSION),
    ("record_buckets", RECORD_BUCKETS),
    ("record_data_events", RECORD_DATA_EVENTS),
];

const PUT_POLICY: &str = r#"# put_policy BUCKET OLD NEW [--region R]: puts NEW, or nothing when it is there already. OLD is the
# policy this plan was made from, and what to put back to undo it; any other one is left alone.
put_policy() {
  bucket=$1 old=$2 new=$3
  shift 3
  if ! current=$(aws s3api get-bucket-policy --bucket "$bucket" "$@" --query Policy --output text 2>/dev/null); then
    why=$(aws s3api get-bucket-policy --bucket "$bucket" "$@" 2>&1 >/dev/null) || true
    case $why in
      *NoSuchBucketPolicy*) current='' ;;
      *) printf '%s: %s\n' "$bucket" "$why" >&2; return 1 ;;
    esac
  fi
  if [ "$current" = "$new" ]; then
    return 0
  elif [ "$current" != "$old" ]; then
    printf '%s: its policy is not the one this plan was made from: make the plan again\n' "$bucket" >&2
    return 1
  elif [ -z "$new" ]; then
    aws s3api delete-bucket-policy --bucket "$bucket" "$@"
  else
    aws s3api put-bucket-policy --bucket "$bucket" "$@" --policy "$new"
  fi
}
"#;

const PUT_ENCRYPTION: &str = r#"# put_encryption BUCKET MEMBERS [--region R]: puts the members into the rule there is; its others stay.
put_encryption() {
  bucket=$1 members=$2
  shift 2
  rules=$(aws s3api get-bucket-encryption --bucket "$bucket" "$@" --output json --query \
    'ServerSideEncryptionConfiguration.{Rules: [merge(Rules[0], `'"$members"'`)]}')
  aws s3api put-bucket-encryption --bucket "$bucket" "$@" --server-side-encryption-configuration "$rules"
}
"#;

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

const TURN_ACLS_OFF: &str = r#"# turn_acls_off BUCKET [--region R]: S3 takes BucketOwnerEnforced only while the ACL grants nobody else
# anything, and no ACL at all once it is set.
turn_acls_off() {
  bucket=$1
  shift
  now=$(aws s3api get-bucket-ownership-controls --bucket "$bucket" "$@" --output text \
    --query 'OwnershipControls.Rules[0].ObjectOwnership' 2>/dev/null) || now=''
  if [ "$now" != BucketOwnerEnforced ]; then
    aws s3api put-bucket-acl --bucket "$bucket" "$@" --acl private
    aws s3api put-bucket-ownership-controls --bucket "$bucket" "$@" \
      --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
  fi
}
"#;

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

const CONFIGURE_FUNCTION: &str = r#"# configure_function NAME OPTION VALUE [--region R]: sets one thing and waits until it holds.
configure_function() {
  name=$1 option=$2 value=$3
  shift 3
  aws lambda update-function-configuration --function-name "$name" "$@" "$option" "$value" >/dev/null
  aws lambda wait function-updated-v2 --function-name "$name" "$@"
}
"#;

const REMOVE_PERMISSION: &str = r#"# remove_permission NAME STATEMENT [--qualifier Q] [--region R]: nothing to do where it is gone already.
remove_permission() {
  name=$1 statement=$2
  shift 2
  if ! why=$(aws lambda remove-permission --function-name "$name" --statement-id="$statement" "$@" 2>&1); then
    case $why in
      *ResourceNotFoundException*) ;;
      *) printf '%s: %s\n' "$name" "$why" >&2; return 1 ;;
    esac
  fi
}
"#;

const RECORD_BUCKETS: &str = r#"# record_buckets RECORDER GROUP [--region R]: GROUP is the recorder's group in JMESPath; its name, its role
# and how often it records stay.
record_buckets() {
  recorder=$1 group=$2
  shift 2
  whole=$(aws configservice describe-configuration-recorders --configuration-recorder-names="$recorder" "$@" --output json --query \
    'ConfigurationRecorders[0].merge({name: name, roleARN: roleARN, recordingGroup: '"$group"'}, (recordingMode && {recordingMode: recordingMode}) || `{}`)')
  aws configservice put-configuration-recorder "$@" --configuration-recorder "$whole"
}
"#;

const RECORD_DATA_EVENTS: &str = r#"# record_data_events TRAIL NAME SELECTOR [--region R]: adds an advanced event selector called NAME to those of
# the trail. The one basic selector that a trail is made with becomes an advanced one; others are left alone.
record_data_events() {
  trail=$1 name=$2 selector=$3
  shift 3
  management='{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}'
  advanced=$(aws cloudtrail get-event-selectors --trail-name "$trail" "$@" --output text --query 'length(AdvancedEventSelectors || `[]`)')
  plain=$(aws cloudtrail get-event-selectors --trail-name "$trail" "$@" --output text --query \
    'length((EventSelectors || `[]`)[?!(ReadWriteType == `"All"` && IncludeManagementEvents && !DataResources && !ExcludeManagementEventSources)])')
  if [ "$advanced" != 0 ]; then
    whole=$(aws cloudtrail get-event-selectors --trail-name "$trail" "$@" --output json --query \
      '[AdvancedEventSelectors[?Name != `"'"$name"'"`], `['"$selector"']`][]')
  elif [ "$plain" = 0 ]; then
    whole="[$management,$selector]"
  else
    printf '%s: its selectors are not those this plan was made from: make the plan again\n' "$trail" >&2
    return 1
  fi
  aws cloudtrail put-event-selectors --trail-name "$trail" "$@" --advanced-event-selectors "$whole" >/dev/null
}
"#;

/// Writes a change.
pub fn script(change: &Change, place: &Place) -> Option<Script> {
    let name = word(&place.name);
    let region = place
        .region
        .as_deref()
        .map(|region| format!(" --region {}", word(region)))
        .unwrap_or_default();
    let of = |qualifier: &str| {
        if qualifier == LATEST {
            String::new()
        } else {
            format!(" --qualifier {}", word(qualifier))
        }
    };
    let calling = |function: &'static str, text: String| {
        Some(Script {
            text,
            calls: vec![function],
        })
    };
    let plain = |text: String| {
        Some(Script {
            text,
            calls: Vec::new(),
        })
    };
    match change {
        Change::Policy { was, now } => calling(
            "put_policy",
            format!(
                "put_policy {name} \\\n  {} \\\n  {}{region}\n",
                word_always(was.as_deref().unwrap_or_default().trim_end_matches('\n')),
                word_always(&now.as_ref().map(Value::to_string).unwrap_or_default()),
            ),
        ),
        Change::Encryption {
            default,
            bucket_key,
            block_sse_c,
            ..
        } => calling(
            "put_encryption",
            format!(
                "put_encryption {name} \\\n  {}{region}\n",
                literal(&members(default.as_ref(), *bucket_key, *block_sse_c).into())
            ),
        ),
        Change::Versioning { .. } => plain(format!(
            "aws s3api put-bucket-versioning --bucket {name}{region} \\\n  --versioning-configuration Status=Enabled\n"
        )),
        Change::Lifecycle { rules, .. } => {
            let others: Vec<String> = rules
                .iter()
                .filter_map(|rule| rule.get("ID"))
                .map(|id| format!("ID != `{id}`"))
                .collect();
            calling(
                "put_lifecycle",
                format!(
                    "put_lifecycle {name} \\\n  {} \\\n  {}{region}\n",
                    literal(&Value::Array(rules.clone())),
                    word_always(&format!("?{}", others.join(" && "))),
                ),
            )
        }
        Change::Logging {
            prefix, kept: true, ..
        } => {
            let query = format!(
                "{{LoggingEnabled: merge(LoggingEnabled, `{}`)}}",
                json!({"TargetPrefix": prefix})
                    .to_string()
                    .replace('`', "\\u0060")
            );
            plain(format!(
                "kept=$(aws s3api get-bucket-logging --bucket {name}{region} --output json \\\n  --query {})\n\
                 aws s3api put-bucket-logging --bucket {name}{region} --bucket-logging-status \"$kept\"\n",
                word_always(&query)
            ))
        }
        Change::DataEvents {
            trail,
            region,
            name,
            buckets,
            read_only,
        } => {
            let field = |field: &str, test: &str, values: Value| {
                Value::Object(Map::from_iter([
                    ("Field".to_owned(), json!(field)),
                    (test.to_owned(), values),
                ]))
            };
            let mut fields = vec![
                field("eventCategory", "Equals", json!(["Data"])),
                field("resources.type", "Equals", json!(["AWS::S3::Object"])),
            ];
            fields.extend(
                read_only.map(|only| field("readOnly", "Equals", json!([only.to_string()]))),
            );
            let objects: Vec<String> = buckets.iter().map(|arn| format!("{arn}/")).collect();
            fields.push(field("resources.ARN", "StartsWith", json!(objects)));
            calling(
                "record_data_events",
                format!(
                    "record_data_events {} {} \\\n  {} --region {}\n",
                    word(trail),
                    word_always(name),
                    literal(&json!({"Name": name, "FieldSelectors": fields})),
                    word(region)
                ),
            )
        }
        Change::MultiRegion { trail, region } => plain(format!(
            "aws cloudtrail update-trail --name {} --region {} --is-multi-region-trail >/dev/null\n",
            word(trail),
            word(region)
        )),
        Change::StartRecorder { recorder } => plain(format!(
            "aws configservice start-configuration-recorder{region} \\\n  --configuration-recorder-name={}\n",
            word_always(recorder)
        )),
        Change::RecordBuckets {
            recorder,
            excluded,
            others,
        } => {
            let group = match (excluded, others) {
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
            calling(
                "record_buckets",
                format!(
                    "record_buckets {} \\\n  {}{region}\n",
                    word_always(recorder),
                    word_always(group)
                ),
            )
        }
        Change::ConfigRules { identifiers } => plain(
            identifiers
                .iter()
                .map(|identifier| {
                    let rule = json!({
                        "ConfigRuleName": identifier.to_ascii_lowercase().replace('_', "-"),
                        "Source": {"Owner": "AWS", "SourceIdentifier": identifier},
                        "Scope": {"ComplianceResourceTypes": ["AWS::S3::Bucket"]},
                    });
                    format!(
                        "aws configservice put-config-rule{region} --config-rule \\\n  {}\n",
                        word_always(&rule.to_string())
                    )
                })
                .collect(),
        ),
        Change::SignedUrl { qualifier } => plain(format!(
            "aws lambda update-function-url-config --function-name {name}{region}{} \\\n  --auth-type AWS_IAM >/dev/null\n",
            of(qualifier)
        )),
        Change::NoPermissions {
            qualifier,
            statements,
        } => calling(
            "remove_permission",
            statements
                .iter()
                .map(|statement| {
                    format!(
                        "remove_permission {name} {}{}{region}\n",
                        word_always(statement),
                        of(qualifier)
                    )
                })
                .collect(),
        ),
        Change::Logging { target, prefix, .. } => {
            let status =
                json!({"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": prefix}});
            plain(format!(
                "aws s3api put-bucket-logging --bucket {name}{region} \\\n  --bucket-logging-status {}\n",
                word_always(&status.to_string())
            ))
        }
        Change::NoWebsite => plain(format!(
            "aws s3api delete-bucket-website --bucket {name}{region}\n"
        )),
        Change::NoReplication { all: true, .. } => plain(format!(
            "aws s3api delete-bucket-replication --bucket {name}{region}\n"
        )),
        Change::NoReplication { rules, .. } => {
            let kept: Vec<String> = rules
                .iter()
                .map(|rule| {
                    format!(
                        "ID != `{}`",
                        Value::from(rule.as_str())
                            .to_string()
                            .replace('`', "\\u0060")
                    )
                })
                .collect();
            let query = format!(
                "ReplicationConfiguration.{{Role: Role, Rules: Rules[?{}]}}",
                kept.join(" && ")
            );
            plain(format!(
                "kept=$(aws s3api get-bucket-replication --bucket {name}{region} --output json \\\n  --query {})\n\
                 aws s3api put-bucket-replication --bucket {name}{region} --replication-configuration \"$kept\"\n",
                word_always(&query)
            ))
        }
        Change::NoAcls { .. } => {
            calling("turn_acls_off", format!("turn_acls_off {name}{region}\n"))
        }
        Change::BlockPublicAccess { .. } => plain(format!(
            "aws s3api put-public-access-block --bucket {name}{region} --public-access-block-configuration \\\n  {FLAGS}\n"
        )),
        Change::BlockAccount => plain(format!(
            "aws s3control put-public-access-block --account-id {name} --public-access-block-configuration \\\n  {FLAGS}\n"
        )),
        Change::EnableKey { key, pending } => plain(format!(
            "{}aws kms enable-key --key-id {key}{region}\n",
            if *pending {
                format!(
                    "aws kms cancel-key-deletion --key-id {}{region} >/dev/null\n",
                    word(key)
                )
            } else {
                String::new()
            },
            key = word(key),
        )),
        Change::RotateKey { key } => calling(
            "enable_rotation",
            format!("enable_rotation {}{region}\n", word(key)),
        ),
        Change::Function { settings, publish } => {
            let mut text = String::new();
            for (member, value) in settings {
                let value = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                text.push_str(&format!(
                    "configure_function {name} {} {}{region}\n",
                    option(member),
                    word(&value)
                ));
            }
            if *publish {
                text.push_str(&format!(
                    "aws lambda publish-version --function-name {name}{region} >/dev/null\n"
                ));
            }
            calling("configure_function", text)
        }
        Change::Provisioned {
            qualifier,
            environments,
        } => plain(format!(
            "aws lambda put-provisioned-concurrency-config --function-name {name}{region} \\\n  \
             --qualifier {} --provisioned-concurrent-executions {environments} >/dev/null\n",
            word(qualifier)
        )),
        Change::Template { shell, .. } => plain(ended(shell.as_deref()?)),
    }
}

const FLAGS: &str =
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";

/// What a rule of the default encryption gets, as the API names it.
pub(super) fn members(
    default: Option<&(String, String)>,
    bucket_key: bool,
    block_sse_c: bool,
) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some((algorithm, key)) = default {
        members.insert(
            "ApplyServerSideEncryptionByDefault".to_owned(),
            json!({"SSEAlgorithm": algorithm, "KMSMasterKeyID": key}),
        );
    }
    if bucket_key {
        members.insert("BucketKeyEnabled".to_owned(), json!(true));
    }
    if block_sse_c {
        members.insert(
            "BlockedEncryptionTypes".to_owned(),
            json!({"EncryptionType": ["SSE-C"]}),
        );
    }
    members
}

/// JSON as a shell word that a JMESPath literal can take in.
fn literal(value: &Value) -> String {
    word_always(&value.to_string().replace('`', "\\u0060"))
}

/// A word in quotes: an empty one too.
fn word_always(text: &str) -> String {
    let quoted = word(text);
    if quoted.starts_with('\'') {
        quoted
    } else {
        format!("'{quoted}'")
    }
}

/// `SnapStart` as `--snap-start`.
fn option(member: &str) -> String {
    let mut option = "--".to_owned();
    for (position, letter) in member.chars().enumerate() {
        if letter.is_ascii_uppercase() && position > 0 {
            option.push('-');
        }
        option.push(letter.to_ascii_lowercase());
    }
    option
}

fn ended(text: &str) -> String {
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

/// Commands as a comment, for what somebody has to decide first.
pub fn commented(text: &str) -> String {
    text.lines()
        .map(|line| {
            let line = one_line(line);
            if line.is_empty() {
                "#\n".to_owned()
            } else {
                format!("#   {line}\n")
            }
        })
        .collect()
}
