//! Data events of buckets, recorded by a trail that is there. All buckets of a trail are one change:
//! a trail has few selectors.

use super::trail;
use crate::facts::trail::TrailFacts;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily =
    ChangeFamily::new(SubjectKind::Bucket, &[READS, WRITES], plan);

const READS: NamedChange = NamedChange {
    name: "record-read-events",
    summary: "Record the read data events of {bucket.name} in a trail, those of all buckets or of this one.",
    effect: "Each request for an object is in the trail's log files, with who made it and from where.",
    risk: Level::Low,
    risk_note: "AWS charges for each event.",
    decide: "Is the record worth what AWS charges for each event? Buckets with much traffic cost most.",
    make: |target| record(&example(target), Some(true), &[&target.arn]),
};

const WRITES: NamedChange = NamedChange {
    name: "record-write-events",
    summary: "Record the write data events of {bucket.name} in a trail, those of all buckets or of this one.",
    make: |target| record(&example(target), Some(false), &[&target.arn]),
    ..READS
};

/// A trail, its Region, and the name of the selector.
fn example(target: &ChangeTarget) -> [String; 3] {
    [
        target.arn_beside("cloudtrail:REGION:ACCOUNT:trail/TRAIL"),
        "REGION".to_owned(),
        "S3 data events".to_owned(),
    ]
}

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let reads = requests.take(&READS);
    let writes = requests.take(&WRITES);
    let read_only = match (reads.is_empty(), writes.is_empty()) {
        (true, true) => return,
        (false, true) => Some(true),
        (true, false) => Some(false),
        (false, false) => None,
    };
    let kind = kind(read_only);
    let mut draft = context.draft(format!(
        "Record the {kind} of {} in a trail.",
        bucket.name()
    ));
    draft.apply(&READS, &[reads, writes].concat());
    match trail_for(context, &bucket.facts.region) {
        Some(trail) => {
            draft.decide(READS.decide);
            let selector = format!("coldbucket {} {kind}", context.facts.snapshot().taken_at);
            let details = vec![trail.arn.clone(), trail.region, selector];
            draft
                .changes
                .push(record(&details, read_only, &[bucket.arn()]));
            draft.shared = Some(SharedChange {
                key: format!("{} {kind}", trail.arn),
                items: vec![bucket.arn().to_owned()],
                details,
                of_all: match read_only {
                    Some(true) => |shared| record_all(shared, Some(true)),
                    Some(false) => |shared| record_all(shared, Some(false)),
                    None => |shared| record_all(shared, None),
                },
            });
        }
        None => draft.decide(format!(
            "No trail of this account records in {} and has selectors that can be extended without losing some: create one, or rewrite the selectors of one by hand.",
            bucket.facts.region
        )),
    }
    drafts.push(draft);
}

const fn kind(read_only: Option<bool>) -> &'static str {
    match read_only {
        Some(true) => "reads",
        Some(false) => "writes",
        None => "reads and writes",
    }
}

/// A trail of the account that records in the Region; one of all Regions first.
fn trail_for(context: &FixContext<'_, '_>, region: &str) -> Option<TrailFacts> {
    let account = &context.subject.id.account;
    context
        .trails()
        .filter(|trail| {
            trail::is_fit(trail)
                && (trail.multi_region || trail.region == *region)
                && context.facts.takes_selectors(account, &trail.arn)
        })
        .min_by_key(|trail| !trail.multi_region)
}

fn record_all(shared: &SharedChange, read_only: Option<bool>) -> Option<(String, RenderedChange)> {
    let trail = shared.details.first()?;
    let what = format!(
        "Record the {} of {} buckets in the trail {}.",
        kind(read_only),
        shared.items.len(),
        trail.rsplit('/').next().unwrap_or(trail)
    );
    let buckets: Vec<&str> = shared.items.iter().map(String::as_str).collect();
    Some((what, record(&shared.details, read_only, &buckets)))
}

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

/// A selector for the objects of buckets, added to a trail: its ARN, its Region, the selector's name.
fn record(details: &[String], read_only: Option<bool>, buckets: &[&str]) -> RenderedChange {
    let [trail, region, name] = details else {
        return RenderedChange::default();
    };
    let objects: Vec<String> = buckets.iter().map(|arn| format!("{arn}/")).collect();
    let mut tests = vec![
        ("eventCategory", "Equals", json!(["Data"])),
        ("resources.type", "Equals", json!(["AWS::S3::Object"])),
    ];
    tests.extend(read_only.map(|only| ("readOnly", "Equals", json!([only.to_string()]))));
    tests.push(("resources.ARN", "StartsWith", json!(objects)));
    let fields: Vec<Value> = tests
        .iter()
        .map(|(field, test, values)| {
            Value::Object(Map::from_iter([
                ("Field".to_owned(), json!(field)),
                ((*test).to_owned(), values.clone()),
            ]))
        })
        .collect();
    let mut code = format!(
        "In the aws_cloudtrail whose ARN is {trail}, in addition to the selectors it has:\nadvanced_event_selector {{\n"
    );
    for (field, test, values) in &tests {
        let test = if *test == "Equals" {
            "equals"
        } else {
            "starts_with"
        };
        code.push_str(&format!(
            "  field_selector {{\n    field = {}\n    {test} = {}\n  }}\n",
            hcl(field),
            hcl_value(values, 4)
        ));
    }
    code.push_str("}\n");
    let selector = json!({"Name": name, "FieldSelectors": fields});
    RenderedChange::calling(
        RECORD_DATA_EVENTS,
        format!(
            "record_data_events {} {} \\\n  {} --region {}\n",
            word(trail),
            quoted(name),
            literal(&selector),
            word(region)
        ),
    )
    .terraform_note(code)
    .stack_note(format!(
        "In the AdvancedEventSelectors of the AWS::CloudTrail::Trail whose ARN is {trail}, in addition to those it has:\n{}",
        yaml_lines(&json!([selector]), 0)
    ))
}
