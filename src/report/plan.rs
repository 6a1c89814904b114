//! The plan of fixes, `coldbucket-plan/1`.
//!
//! Plain text by the time it is here: what a shell, Terraform or CloudFormation will read has been
//! quoted for it by `remedy`, and an output only lays it out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Invocation;
use super::assessment::{ResourceId, Severity, Source, Tool};

/// The schema name every plan carries.
pub const PLAN_SCHEMA: &str = "coldbucket-plan/1";

/// What to change, in the order in which to change it. Nothing of it has been applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Always [`PLAN_SCHEMA`].
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// When the account was read, RFC 3339 in UTC. What changed since then is not in the plan.
    pub taken_at: String,
    /// Where the data came from.
    pub source: Source,
    /// The fixes. Those of one resource follow each other.
    pub fixes: Vec<Fix>,
    /// Definitions that the shell commands of the fixes call, POSIX shell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shell_functions: Vec<String>,
    /// The fixes that CloudFormation can make, as resources with the properties of all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cloudformation: Vec<TemplateResource>,
    /// How this run is named on a command line; not part of the document.
    #[serde(skip)]
    pub invocation: Invocation,
    /// Of templates, their text with the fixes; not part of the document.
    #[serde(skip)]
    pub patch: TemplatePatch,
}

/// Templates with fixes in their own text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplatePatch {
    /// The files that change.
    pub files: Vec<TemplateChange>,
    /// The fixes that no edit of one property or one statement makes.
    pub others: Vec<UnpatchedFix>,
}

/// A file that fixes change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateChange {
    /// The file, relative to the root of the repository.
    pub file: String,
    /// Its text.
    pub old: String,
    /// Its text with the fixes.
    pub new: String,
}

/// A fix that is not in the patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnpatchedFix {
    /// What is done, in one sentence.
    pub what: String,
    /// Logical id or construct path of the resource.
    pub address: String,
    /// Why it is not in the patch.
    pub because: String,
    /// What to write, as far as it is known.
    pub snippet: String,
}

/// Properties of a resource of a template that a fix sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateEdit {
    /// The resource's type.
    pub kind: String,
    /// Which one, for a person, where it is not the resource of the finding; empty otherwise.
    pub which: String,
    /// The properties.
    pub properties: Value,
}

impl Plan {
    /// The parts of the plan, one a resource, in the order of the plan.
    pub fn by_resource(&self) -> Vec<(&ResourceId, Self)> {
        let mut parts: Vec<(&ResourceId, Self)> = Vec::new();
        for fix in &self.fixes {
            let part = parts.iter_mut().find(|(id, _)| **id == fix.resource);
            match part {
                Some((_, part)) => part.fixes.push(fix.clone()),
                None => {
                    let arn = &fix.resource.arn;
                    let own = self.cloudformation.iter().filter(|one| one.arn == *arn);
                    let part = Self {
                        fixes: vec![fix.clone()],
                        cloudformation: own.cloned().collect(),
                        shell_functions: self.shell_functions.clone(),
                        invocation: self.invocation.clone(),
                        schema: self.schema.clone(),
                        tool: self.tool.clone(),
                        taken_at: self.taken_at.clone(),
                        source: self.source,
                        patch: TemplatePatch::default(),
                    };
                    parts.push((&fix.resource, part));
                }
            }
        }
        parts
    }
}

/// One change of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// The resource that is changed.
    pub resource: ResourceId,
    /// What is done, in one sentence.
    pub what: String,
    /// The findings it fixes.
    #[serde(rename = "mends")]
    pub findings: Vec<FixedFinding>,
    /// What is different afterwards.
    pub effect: String,
    /// How likely it breaks something.
    pub risk: Level,
    /// What it may break.
    pub risk_note: String,
    /// How much work it is beyond running it.
    pub effort: Effort,
    /// What a person has to decide first, and why no command can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide: Option<String>,
    /// The person has decided: `--decided` names the check.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
    /// All of its commands have fixed a failing resource on LocalStack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// AWS CLI commands; absent when no command can do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// HCL; absent when Terraform cannot do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terraform: Option<String>,
    /// The resources of a CloudFormation template with the properties of this fix alone, YAML; absent
    /// when CloudFormation cannot do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudformation: Option<String>,
    /// The same as property overrides of AWS CDK, TypeScript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdk: Option<String>,
    /// The same as properties of resources; not part of the document.
    #[serde(skip)]
    pub edits: Vec<TemplateEdit>,
    /// What to change in a template that has no such properties; not part of the document.
    #[serde(skip)]
    pub template_note: Option<String>,
}

impl Fix {
    /// True when its commands may be run as they stand: no decision is left to take.
    pub fn is_ready(&self) -> bool {
        self.decide.is_none() || self.decided
    }

    /// The worst severity among what it fixes.
    pub fn severity(&self) -> Severity {
        self.findings
            .iter()
            .map(|finding| finding.severity)
            .max()
            .unwrap_or(Severity::Info)
    }
}

/// A finding that a fix is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FixedFinding {
    /// The check's id.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// The bad thing, in one line.
    pub title: String,
    /// What was found.
    pub message: String,
    /// Identifiers in standards, as `catalogue:identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The item of the resource, for checks that judge a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The finding's fingerprint.
    pub fingerprint: String,
}

/// How likely a fix breaks something that works.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing that is known relies on what it changes.
    Low,
    /// Clients with unusual habits stop working.
    Medium,
    /// Ordinary use stops working where the plan's assumption is wrong, or data is deleted.
    High,
}

impl Level {
    /// The name in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How much work a fix is, beyond running its commands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Read, run, done.
    Minutes,
    /// A person has to be asked, or something watched for a day.
    Hours,
    /// Code or an architecture changes.
    Days,
}

impl Effort {
    /// The name in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }
}

/// A resource of a CloudFormation template, in YAML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateResource {
    /// What it is about, for a comment above it.
    pub title: String,
    /// ARN of the resource that is changed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arn: String,
    /// The entry under `Resources`, indented by two blanks.
    pub text: String,
}
