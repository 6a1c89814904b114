//! A check: one file under `policies/`, read, linted and compiled.
//!
//! Nothing here evaluates. `checks show`, the documentation, the collection plan and the report use it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::expression::Expression;
use super::message::TextTemplate;
use crate::facts;
use crate::findings::{CheckSummary, Severity};
use crate::inventory::ids::{BucketKind, SubjectKind};
use crate::inventory::need::{Need, ReadingKind, Relation};

/// One check: a short condition over facts, with its documentation.
#[derive(Clone, Debug)]
pub struct Check {
    /// Names the problem, for example `s3-plain-http`. Also the file's name. Never reused.
    pub id: String,
    /// Earlier ids, the oldest first.
    pub aliases: Vec<String>,
    /// One line that names the problem.
    pub title: String,
    /// The kind of resource it judges.
    pub subject: SubjectKind,
    /// The kinds of bucket it judges, for a check on buckets; empty for one on something else.
    pub kinds: BTreeSet<BucketKind>,
    /// How bad it is.
    pub severity: Severity,
    /// If false, the check does not apply to the resource; absent means it always applies.
    pub applies: Option<Expression>,
    /// If true, the check fails.
    pub fail_when: Expression,
    /// Judges every member of a list instead of the resource as a whole.
    pub for_each: Option<ForEach>,
    /// Thresholds the user can override, by name.
    pub params: BTreeMap<String, Value>,
    /// Messages for special cases: the first whose condition is true replaces `message`.
    pub message_when: Vec<MessageCase>,
    /// The finding, in one sentence.
    pub message: TextTemplate,
    /// The message of a pass, for passes that depend on the user's configuration.
    pub pass_message: Option<TextTemplate>,
    /// Fact paths whose readings are shown as evidence.
    pub evidence: Vec<String>,
    /// Why it matters, and why the severity is what it is.
    pub rationale: String,
    /// Where other tools give a different result, and why; empty if unknown.
    pub traps: String,
    /// How to fix it.
    pub remediation: Remediation,
    /// URLs of documentation.
    pub references: Vec<String>,
    /// Identifiers in other catalogues, by catalogue (`security_hub`, `cis_7`, …).
    pub maps_to: BTreeMap<String, Vec<String>>,
    /// The version of coldbucket that brought it.
    pub since: String,
    /// Why it is deprecated, and what replaces it. A deprecated check runs only if it is selected by
    /// its full id.
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

/// A message for the resources that a condition selects.
#[derive(Clone, Debug)]
pub struct MessageCase {
    /// The condition. Where it is unknown the message is not used.
    pub when: Expression,
    /// The message.
    pub message: TextTemplate,
}

/// How to fix what a check found: a named change, or texts for each kind of tool.
#[derive(Clone, Debug, Default)]
pub struct Remediation {
    /// In one sentence.
    pub summary: TextTemplate,
    /// The change of [`crate::remedy::change`] that fixes it; then the check has no texts of its own.
    pub change: Option<String>,
    /// What a person has to decide before any command is run, or why none can do it alone; absent
    /// when the commands can be run as they stand. A named change says so itself.
    pub decide: Option<TextTemplate>,
    /// For a shell with the AWS CLI.
    pub shell: Option<TextTemplate>,
    /// Terraform (HCL).
    pub terraform: Option<TextTemplate>,
    /// CloudFormation (YAML).
    pub cloudformation: Option<TextTemplate>,
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
    /// The first id, which fingerprints use.
    pub fn first_id(&self) -> &str {
        self.aliases.first().unwrap_or(&self.id)
    }

    /// The fact paths the verdict depends on (list positions written `[]`), sorted.
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
    /// messages show and depend on, and the key of an item.
    pub fn paths_read(&self) -> BTreeSet<String> {
        let mut paths = self.paths();
        let items = self
            .for_each
            .as_ref()
            .map(|each| format!("{}[]", each.path));
        if let (Some(items), Some(each)) = (&items, &self.for_each) {
            paths.insert(format!("{items}.{}", each.key));
        }
        let cases = self.message_when.iter();
        let references = cases.flat_map(|case| case.when.references());
        paths.extend(references.map(|reference| reference.path.clone()));
        for placeholder in self.messages().flat_map(TextTemplate::placeholders) {
            match (placeholder.strip_prefix("item."), &items) {
                (Some(member), Some(items)) => paths.insert(format!("{items}.{member}")),
                _ => paths.insert(placeholder.to_owned()),
            };
        }
        paths
    }

    /// The readings the verdict and the choice of its message depend on. Texts and evidence use no
    /// others.
    pub fn needs(&self) -> BTreeSet<Need> {
        // Conditions name facts and lists, never groups: what lies below a list is named too.
        let cases = self.message_when.iter();
        let of_messages = cases
            .flat_map(|case| case.when.references())
            .map(|reference| reference.path.clone());
        self.paths()
            .into_iter()
            .chain(of_messages)
            .flat_map(|path| facts::list_needs(&path))
            .filter(|need| need.relation != Relation::Own || self.is_about(need.reading))
            .collect()
    }

    /// The listings that name the resources it judges.
    pub fn listings(&self) -> impl Iterator<Item = ReadingKind> {
        ReadingKind::listings_of(self.subject).filter(|listing| self.is_about(*listing))
    }

    /// False for readings of a kind of bucket that it does not judge.
    pub fn is_about(&self, reading: ReadingKind) -> bool {
        let kind = reading.bucket_kind();
        self.kinds.is_empty() || kind.is_none_or(|kind| self.kinds.contains(&kind))
    }

    /// True for the resources that it judges, of those of its subject: for a check on buckets, the kinds
    /// of bucket that it names.
    pub fn judges(&self, arn: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&BucketKind::of_arn(arn))
    }

    /// What to do about any finding of the check, in one sentence.
    pub fn fix(&self) -> String {
        self.remediation.summary.general().unwrap_or_else(|| {
            let id = &self.id;
            format!("coldbucket remediate --check {id} has the fix of each finding.")
        })
    }

    /// Every message of the check: of failures, the special cases first, and of passes.
    pub fn messages(&self) -> impl Iterator<Item = &TextTemplate> {
        self.message_when
            .iter()
            .map(|case| &case.message)
            .chain([&self.message])
            .chain(&self.pass_message)
    }

    /// The check's entry in a report.
    pub fn summary(&self) -> CheckSummary {
        CheckSummary {
            title: self.title.clone(),
            severity: Some(self.severity),
            maps_to: self.maps_to.clone(),
            remediation: self.fix(),
            change: self.remediation.change.clone(),
            rationale: self.rationale.clone(),
            references: self.references.clone(),
        }
    }
}
