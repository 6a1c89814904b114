//! A check as the rest of the program sees it.
//!
//! A [`Check`] is what one file under `policies/` says, read, linted and compiled. Nothing here
//! evaluates: it is the answer to "what is this check?", for `checks show`, the documentation, the
//! collection plan and the report alike.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::expression::Expression;
use super::message::Template;
use crate::facts;
use crate::findings::{CheckSummary, Severity};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// One check: a short condition over facts, and everything a person needs to know about it.
#[derive(Clone, Debug)]
pub struct Check {
    /// Names the bad thing, for example `s3-plain-http`. Also the file's name. Never reused.
    pub id: String,
    /// Ids this check had before, the oldest first.
    pub aliases: Vec<String>,
    /// One line that names the bad thing.
    pub title: String,
    /// What it is about.
    pub subject: SubjectKind,
    /// How bad it is.
    pub severity: Severity,
    /// When false the check has no meaning for the resource; absent means always.
    pub applies: Option<Expression>,
    /// True means the bad thing is there.
    pub fail_when: Expression,
    /// Judges every member of a list instead of the resource as a whole.
    pub for_each: Option<ForEach>,
    /// Thresholds the user can override, by name.
    pub params: BTreeMap<String, Value>,
    /// What was found, in one sentence.
    pub message: Template,
    /// What a pass has to say, for passes that rest on the user's configuration.
    pub pass_message: Option<Template>,
    /// Fact paths whose readings are shown as evidence.
    pub evidence: Vec<String>,
    /// Why it matters, and why the severity is what it is.
    pub rationale: String,
    /// Where other tools answer differently, and why this one does not; empty where nothing is known.
    pub traps: String,
    /// How to mend it.
    pub remediation: Remediation,
    /// Where to read more (URLs).
    pub references: Vec<String>,
    /// Identifiers in other catalogues, by catalogue (`security_hub`, `cis_7`, …).
    pub maps_to: BTreeMap<String, Vec<String>>,
    /// The version of coldbucket that brought it.
    pub since: String,
    /// Why it should not be used any more, and what replaces it. A deprecated check runs only when
    /// it is selected by its full id.
    pub deprecated: Option<String>,
    /// Partial facts with the verdict they must give.
    pub examples: Examples,
    /// The file it was read from.
    pub file: String,
    /// The file's text, as written.
    pub source: String,
}

/// A check that judges every member of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForEach {
    /// The list fact, for example `function.versions`.
    pub path: String,
    /// The member that identifies an item, for example `version`.
    pub key: String,
}

/// How to mend what a check found. The texts are [`Template`]s for each kind of tool.
#[derive(Clone, Debug, Default)]
pub struct Remediation {
    /// In one sentence.
    pub summary: Template,
    /// What a person has to decide before any command is run, or why none can do it alone; absent
    /// when the commands can be run as they stand.
    pub decide: Option<Template>,
    /// For a shell with the AWS CLI.
    pub shell: Option<Template>,
    /// Terraform (HCL).
    pub terraform: Option<Template>,
    /// CloudFormation (YAML).
    pub cloudformation: Option<Template>,
}

/// Partial facts with the verdict they must give. Facts left out are unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    /// At least one result fails.
    pub fail: Vec<Value>,
    /// Every result passes.
    pub pass: Vec<Value>,
    /// Nothing fails and something could not be judged.
    pub unknown: Vec<Value>,
    /// The check has no meaning.
    pub not_applicable: Vec<Value>,
}

impl Check {
    /// The id it was born with: what fingerprints are made of.
    pub fn first_id(&self) -> &str {
        self.aliases.first().unwrap_or(&self.id)
    }

    /// The fact paths the verdict rests on (list positions written `[]`), sorted.
    pub fn paths(&self) -> BTreeSet<String> {
        let conditions = self.applies.iter().chain([&self.fail_when]);
        let mut paths: BTreeSet<String> = conditions
            .flat_map(|condition| condition.references())
            .map(|reference| reference.path.clone())
            .collect();
        paths.extend(self.for_each.as_ref().map(|each| each.path.clone()));
        paths
    }

    /// Every fact path that a verdict and its message read: those of [`Self::paths`], what the
    /// messages show, and the key of an item.
    pub fn paths_read(&self) -> BTreeSet<String> {
        let mut paths = self.paths();
        let items = self
            .for_each
            .as_ref()
            .map(|each| format!("{}[]", each.path));
        if let (Some(items), Some(each)) = (&items, &self.for_each) {
            paths.insert(format!("{items}.{}", each.key));
        }
        let templates = std::iter::once(&self.message).chain(&self.pass_message);
        for placeholder in templates.flat_map(Template::placeholders) {
            match (placeholder.strip_prefix("item."), &items) {
                (Some(member), Some(items)) => paths.insert(format!("{items}.{member}")),
                _ => paths.insert(placeholder.to_owned()),
            };
        }
        paths
    }

    /// The readings the verdict rests on. Messages and evidence open no others.
    pub fn needs(&self) -> BTreeSet<Need> {
        // Conditions name facts and lists, never groups: what lies below a list is named too.
        self.paths()
            .iter()
            .flat_map(|path| facts::list_needs(path))
            .collect()
    }

    /// What a report says about the check.
    pub fn summary(&self) -> CheckSummary {
        CheckSummary {
            title: self.title.clone(),
            severity: Some(self.severity),
            maps_to: self.maps_to.clone(),
            remediation: self.remediation.summary.general(),
            rationale: self.rationale.clone(),
            references: self.references.clone(),
        }
    }
}
