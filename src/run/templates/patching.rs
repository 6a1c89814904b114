//! `remediate --template`: fixes, and the text of the templates with those that one edit makes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{RunError, remediate};
use super::files::{DiskFiles, Root};
use super::{AuditInput, Loaded, as_time, files, judged, narrow};
use crate::cli::options::TemplateOptions;
use crate::facts::Facts;
use crate::inventory::ids::SubjectKind;
use crate::remedy::quote::yaml_lines;
use crate::report::Source;
use crate::report::plan::{Fix, Plan, TemplateChange, TemplateEdit, TemplatePatch, UnpatchedFix};
use crate::run::clock;
use crate::template::cloudformation::SourceFiles;
use crate::template::patch::TemplateText;
use crate::template::policy::statements;
use crate::template::{BuiltResource, DeploymentTarget, Rendering, SourcePosition, TemplateKind};

/// Reads templates, judges them as `input` says and plans fixes. `decided` are globs of checks whose
/// fixes are approved.
pub(in crate::run) fn plan(
    options: &TemplateOptions,
    input: &AuditInput<'_>,
    decided: &[String],
) -> Result<Plan, RunError> {
    let target = DeploymentTarget {
        account: options.account.clone(),
        region: options.region.clone(),
        stack_name: options.stack_name.clone(),
        parameters: files::parameters(options)?,
        taken_at: options.as_of.as_deref().map_or_else(clock::now, as_time),
        onto: None,
        exports: BTreeMap::new(),
    };
    let loaded = files::load(options, &target)?;
    let mut whole: Option<Plan> = None;
    let mut texts = PatchedTexts::default();
    for one in &loaded {
        let mut report = judged(one, input, None)?;
        narrow(&mut report.results, input.resources);
        let Some(rendering) = one.built.renderings.first() else {
            continue;
        };
        input
            .acceptance
            .apply(&rendering.snapshot, &mut report.results);
        report.source = Source::Template;
        let facts = Facts::new(&rendering.snapshot, input.trust.clone());
        let mut plan = remediate::plan(&facts, input.selected, &report, decided)?;
        for fix in &mut plan.fixes {
            texts.patch(fix, one, rendering);
        }
        match &mut whole {
            None => whole = Some(plan),
            Some(before) => before.fixes.extend(plan.fixes),
        }
    }
    let Some(mut plan) = whole else {
        return Err(RunError::mistake("no template was found", None));
    };
    plan.patch = texts.finish();
    Ok(plan)
}

/// The files that fixes change.
#[derive(Default)]
struct PatchedTexts {
    /// By the name in reports: the text before, and in the making.
    files: BTreeMap<String, (String, TemplateText)>,
    others: Vec<UnpatchedFix>,
}

/// Where a resource is written.
struct EditedResource<'a> {
    resource: &'a BuiltResource,
    rendering: &'a Rendering,
    /// Its logical id.
    id: String,
    /// The file, relative to the root of the template.
    file: String,
}

impl EditedResource<'_> {
    /// The line of a member of the resource in the snapshot.
    fn line(&self, member: &str) -> Option<u32> {
        let pointer = format!("{}/{member}", self.resource.pointer);
        let position: Option<&SourcePosition> = self.rendering.positions.get(&pointer);
        position.map(|position| position.line)
    }
}

impl PatchedTexts {
    fn patch(&mut self, fix: &Fix, one: &Loaded, rendering: &Rendering) {
        let Err(because) = self.try_patch(fix, one, rendering) else {
            return;
        };
        let address = fix.resource.address.as_ref().unwrap_or(&fix.resource.name);
        self.others.push(UnpatchedFix {
            what: fix.what.clone(),
            address: address.clone(),
            because,
            snippet: fix
                .cloudformation
                .clone()
                .or_else(|| fix.template_note.clone())
                .unwrap_or_default(),
        });
    }

    fn try_patch(&mut self, fix: &Fix, one: &Loaded, rendering: &Rendering) -> Result<(), String> {
        if !fix.is_ready() {
            let decide = fix.decide.as_deref().unwrap_or_default();
            return Err(format!(
                "it needs your decision ({}); --decided CHECK approves it",
                decide.trim_end_matches('.')
            ));
        }
        if fix.edits.is_empty() {
            return Err("no property of the template alone makes this change".to_owned());
        }
        if one.kind == TemplateKind::Cdk {
            return Err(
                "the template is synthesized: set the property in the code of the CDK app"
                    .to_owned(),
            );
        }
        let key = super::key_of_id(&fix.resource);
        let resource = rendering.resources.get(&key).ok_or(NO_TEXT)?;
        let position = rendering.positions.get(&resource.pointer).ok_or(NO_TEXT)?;
        let place = EditedResource {
            resource,
            rendering,
            id: resource
                .address
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            file: position.file.to_string(),
        };
        let name = one.root.file(&place.file);
        let mut text = match self.files.get(&name) {
            Some((_, text)) => text.clone(),
            None => read(&one.root, &place.file)?,
        };
        let before = text.text().to_owned();
        for edit in &fix.edits {
            apply(&mut text, edit, fix, &place)?;
        }
        let (_, held) = self
            .files
            .entry(name)
            .or_insert_with(|| (before, text.clone()));
        *held = text;
        Ok(())
    }

    fn finish(self) -> TemplatePatch {
        let changes = self
            .files
            .into_iter()
            .map(|(file, (old, text))| TemplateChange {
                file,
                old,
                new: text.text().to_owned(),
            });
        TemplatePatch {
            files: changes.filter(|change| change.old != change.new).collect(),
            others: self.others,
        }
    }
}

const NO_TEXT: &str = "the resource has no text of its own in the template";

fn read(root: &Root, file: &str) -> Result<TemplateText, String> {
    // A name that git would have to quote, and one of a file elsewhere.
    if root.file(file).starts_with('/') {
        return Err("the file is not below the working directory or in its repository".to_owned());
    }
    if file
        .chars()
        .any(|letter| letter.is_control() || matches!(letter, '"' | '\\'))
    {
        return Err("the file's name cannot stand in a patch".to_owned());
    }
    let bytes = DiskFiles::new(root).read(file);
    TemplateText::new(&bytes.ok_or("the template is not a file")?)
}

fn apply(
    text: &mut TemplateText,
    edit: &TemplateEdit,
    fix: &Fix,
    place: &EditedResource<'_>,
) -> Result<(), String> {
    if edit.kind == "AWS::S3::BucketPolicy" {
        return add_to_policy(text, edit, fix, place);
    }
    let member = match edit.kind.as_str() {
        "AWS::Lambda::Url" => "urls",
        _ => "",
    };
    // A resource without a name is called by its logical id: the key `{Key}` of a bucket.
    let other = edit.which.rsplit_once('{');
    let other = other.and_then(|(_, rest)| Some(rest.split_once('}')?.0));
    let id = text
        .find(&edit.kind, other.unwrap_or(&place.id), place.line(member))
        .ok_or_else(|| format!("the template has no {} for it", edit.kind))?;
    let mut properties = edit.properties.as_object().cloned().unwrap_or_default();
    // The name is the template's own.
    properties.remove("BucketName");
    text.set_properties(&id, &properties, &yaml_lines)
}

/// Adds what the fix adds to the policy of a bucket: to the one of the template, or as one.
fn add_to_policy(
    text: &mut TemplateText,
    edit: &TemplateEdit,
    fix: &Fix,
    place: &EditedResource<'_>,
) -> Result<(), String> {
    let bucket = place
        .rendering
        .snapshot
        .accounts
        .values()
        .find_map(|account| account.buckets.get(&fix.resource.name))
        .filter(|_| fix.resource.kind == SubjectKind::Bucket)
        .ok_or(NO_TEXT)?;
    let arn = fix.resource.arn.as_str();
    let document = edit
        .properties
        .get("PolicyDocument")
        .cloned()
        .unwrap_or_default();
    let now = statements(&document);
    let held = bucket.policy.known();
    let Some(held) = held else {
        if bucket.policy != crate::inventory::Reading::Absent {
            return Err("the policy is known only after deployment".to_owned());
        }
        let body = json!({
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": place.id},
                "PolicyDocument": by_reference(&document, arn, &place.id)?,
            },
        });
        return text.add_resource(&format!("{}Policy", place.id), &body, &yaml_lines);
    };
    let held = statements(&serde_json::from_str(held).unwrap_or_default());
    if !held.iter().all(|statement| now.contains(statement)) {
        return Err("the fix changes statements that are there".to_owned());
    }
    let added = now
        .iter()
        .filter(|statement| !held.contains(statement))
        .map(|statement| by_reference(statement, arn, &place.id))
        .collect::<Result<Vec<Value>, String>>()?;
    let id = text
        .find("AWS::S3::BucketPolicy", "", place.line("policy"))
        .ok_or("the policy is not written in this template")?;
    text.add_statements(&id, &added, &yaml_lines)
}

/// The value with the bucket's ARN as a reference to the bucket.
fn by_reference(value: &Value, arn: &str, id: &str) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix(arn) {
            Some("") => json!({"Fn::GetAtt": [id, "Arn"]}),
            Some(rest) if rest.starts_with('/') && !rest.contains("${") => {
                json!({"Fn::Sub": format!("${{{id}.Arn}}{rest}")})
            }
            _ if text.contains(['{', '}']) => {
                return Err("the policy names resources whose names AWS generates".to_owned());
            }
            _ => value.clone(),
        },
        Value::Array(items) => items
            .iter()
            .map(|item| by_reference(item, arn, id))
            .collect::<Result<Vec<Value>, String>>()?
            .into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| Ok((name.clone(), by_reference(value, arn, id)?)))
            .collect::<Result<Map<String, Value>, String>>()?
            .into(),
        other => other.clone(),
    })
}
