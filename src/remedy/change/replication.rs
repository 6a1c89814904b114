//! Replication rules of a bucket.

use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Bucket, &[REMOVE], plan);

const REMOVE: NamedChange = NamedChange {
    name: "remove-replication-rule",
    summary: "Remove the rule from the replication of {bucket.name}, or correct its destination.",
    effect: "Nothing is replicated there any more.",
    risk: Level::High,
    risk_note: "Copies that are in use are no longer made.",
    decide: "Is the copy wanted? Then create the destination again, or name its account in the rule; otherwise remove the rule.",
    make: |target| remove(target, &["RULE".to_owned()], false),
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let taken = requests.take(&REMOVE);
    if taken.is_empty() {
        return;
    }
    let mut names: Vec<String> = taken
        .iter()
        .filter_map(|request| request.finding.item.clone())
        .collect();
    names.sort();
    names.dedup();
    let mut draft = context.draft(format!(
        "Remove {} from the replication of {}.",
        names.join(", "),
        bucket.name()
    ));
    draft.apply(&REMOVE, &taken);
    draft.decide(REMOVE.decide);
    let replication = bucket.settings.replication.known().copied().flatten();
    if let Some(replication) = replication {
        let all = replication
            .rules
            .iter()
            .all(|rule| names.contains(&rule.id));
        draft.changes.push(remove(context.target, &names, all));
    }
    drafts.push(draft);
}

/// The configuration without these rules; `all` when none is left.
fn remove(target: &ChangeTarget, rules: &[String], all: bool) -> RenderedChange {
    let (name, word, region) = (&target.name, target.word(), target.region_option());
    if all {
        return RenderedChange::shell(format!(
            "aws s3api delete-bucket-replication --bucket {word}{region}\n"
        ))
        .terraform_note(format!(
            "Remove the aws_s3_bucket_replication_configuration of {name}."
        ))
        .stack_note(format!(
            "Remove ReplicationConfiguration from the AWS::S3::Bucket {name}."
        ));
    }
    let kept: Vec<String> = rules
        .iter()
        .map(|rule| {
            let id = Value::from(rule.as_str()).to_string();
            format!("ID != `{}`", escaped(&id))
        })
        .collect();
    let query = format!(
        "ReplicationConfiguration.{{Role: Role, Rules: Rules[?{}]}}",
        kept.join(" && ")
    );
    let rules = rules.join(", ");
    RenderedChange::shell(format!(
        "kept=$(aws s3api get-bucket-replication --bucket {word}{region} --output json \\\n  --query {})\n\
         aws s3api put-bucket-replication --bucket {word}{region} --replication-configuration \"$kept\"\n",
        quoted(&query)
    ))
    .terraform_note(format!(
        "Remove from the aws_s3_bucket_replication_configuration of {name}: rule {rules}."
    ))
    .stack_note(format!(
        "Remove from the ReplicationConfiguration of the AWS::S3::Bucket {name}: rule {rules}."
    ))
}
