//! Managed rules of AWS Config in a Region, one for each topic that none watches.

use crate::remedy::prelude::*;
use std::collections::BTreeSet;

use crate::facts::region::RuleTable;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(SubjectKind::Region, &[ADD], plan);

const ADD: NamedChange = NamedChange {
    name: "add-config-rules",
    summary: "Add managed rules of AWS Config for the topics named in {region.name}, or a conformance pack that has them.",
    effect: "A bucket that breaks a rule shows in AWS Config within minutes to a day.",
    risk: Level::Low,
    risk_note: "AWS charges for each evaluation of a rule. Rules never change anything.",
    decide: "",
    make: |target| {
        let rows = RuleTable::builtin().rows.iter();
        let identifiers: BTreeSet<&str> = rows.map(|row| row.identifier.as_str()).collect();
        add(target, &identifiers.into_iter().collect::<Vec<_>>())
    },
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(SubjectFacts::Region(facts)) = context.facts.view(context.subject) else {
        return;
    };
    requests.each(&ADD, drafts, |_| {
        let unwatched = facts.config.unwatched.known()?;
        let mut identifiers: Vec<&str> = Vec::new();
        for topic in unwatched {
            let mut rows = RuleTable::builtin().rows.iter();
            let row = rows.find(|row| row.topic == *topic)?;
            if !identifiers.contains(&row.identifier.as_str()) {
                identifiers.push(&row.identifier);
            }
        }
        let mut draft = context.draft_of(
            format!(
                "Add managed rules of AWS Config in {} for {}.",
                context.name(),
                unwatched.join(", ")
            ),
            add(context.target, &identifiers),
        );
        if context.facts.recorder(context.subject).is_none() {
            draft.decide("Rules need a configuration recorder, and there is none here: decide on that first.");
        }
        Some(draft)
    });
}

fn add(target: &ChangeTarget, identifiers: &[&str]) -> RenderedChange {
    let region = target.region_option();
    let mut commands = String::new();
    let mut code: Vec<String> = Vec::new();
    let mut entries = serde_json::Map::new();
    for identifier in identifiers {
        let lower = identifier.to_ascii_lowercase();
        let name = lower.replace('_', "-");
        let rule = json!({
            "ConfigRuleName": name,
            "Source": {"Owner": "AWS", "SourceIdentifier": identifier},
            "Scope": {"ComplianceResourceTypes": ["AWS::S3::Bucket"]},
        });
        commands.push_str(&format!(
            "aws configservice put-config-rule{region} --config-rule \\\n  {}\n",
            quoted(&rule.to_string())
        ));
        code.push(format!(
            "resource \"aws_config_config_rule\" \"{}_{lower}\" {{\n  region = {}\n  name = {}\n  source {{\n    owner = \"AWS\"\n    source_identifier = {}\n  }}\n  scope {{\n    compliance_resource_types = [\"AWS::S3::Bucket\"]\n  }}\n}}\n",
            target.label,
            hcl(target.region.as_deref().unwrap_or_default()),
            hcl(&name),
            hcl(identifier)
        ));
        let id: String = lower.split('_').map(capitalized).collect();
        entries.insert(
            id,
            json!({"Type": "AWS::Config::ConfigRule", "Properties": rule}),
        );
    }
    let mut change = RenderedChange::shell(commands).stack_note(format!(
        "In the template of a stack in {}:\n{}",
        target.name,
        yaml_lines(&entries.into(), 0)
    ));
    change.terraform = code.join("\n");
    change
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
