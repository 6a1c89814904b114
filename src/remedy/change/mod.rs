//! Named changes: what a check can name as its fix (`remediation: {change: deny-plain-http}`).
//!
//! A change is one file here, or a part of the file of its family: its words, when it waits for a
//! decision, and its commands for the AWS CLI, Terraform and CloudFormation side by side. A family
//! is made as one, since AWS replaces the setting as a whole (a bucket has one policy).
//!
//! Adding a change: its file, and its family's line in [`FAMILIES`].

use serde_json::{Value, json};

use super::draft::FixDraft;
use super::quote::{hcl, word};
use super::{FixContext, FixRequest, cloudformation, shell, terraform};
use crate::inventory::ids::SubjectKind;
use crate::report::plan::{Level, TemplateResource};

mod access_log;
mod acls;
mod bucket_policy;
mod config_recorder;
mod config_rules;
mod data_events;
mod encryption;
mod function_configuration;
mod function_policy;
mod function_url;
mod iam_policy;
mod kms_key;
mod object_lock;
mod provisioned_concurrency;
mod public_access;
mod replication;
mod tag_access;
mod trail;
mod versions;
mod website;

/// Every family, in the order in which the changes of one resource are made: first what grants
/// access or adds to a setting, then what ends access, and Block Public Access, which makes S3
/// refuse public policies and ACLs, last.
static FAMILIES: &[Family] = &[
    bucket_policy::FAMILY,
    encryption::FAMILY,
    kms_key::FAMILY,
    versions::FAMILY,
    access_log::FAMILY,
    data_events::FAMILY,
    website::FAMILY,
    replication::FAMILY,
    acls::FAMILY,
    public_access::BUCKET,
    object_lock::FAMILY,
    tag_access::FAMILY,
    trail::ACCOUNT,
    public_access::ACCOUNT,
    trail::TRAIL,
    config_recorder::FAMILY,
    config_rules::FAMILY,
    function_policy::FAMILY,
    function_configuration::FAMILY,
    function_url::FAMILY,
    provisioned_concurrency::FAMILY,
    iam_policy::FAMILY,
];

/// Changes that replace the same setting.
pub struct Family {
    /// What they are made at.
    pub subject: SubjectKind,
    /// The changes.
    pub changes: &'static [NamedChange],
    /// Drafts the fixes of one resource from the requests it takes. What it leaves is drafted
    /// without commands.
    pub(super) plan: fn(&FixContext<'_, '_>, &mut Requests<'_>, &mut Vec<FixDraft>),
}

/// A change that a check can name.
pub struct NamedChange {
    /// Kebab case, an imperative.
    pub name: &'static str,
    /// What to do, with placeholders of the subject's facts: for checks that say nothing themselves.
    pub summary: &'static str,
    /// What is different afterwards.
    pub effect: &'static str,
    /// How likely it breaks something.
    pub risk: Level,
    /// What it may break.
    pub risk_note: &'static str,
    /// What a person decides first; empty when the commands never wait.
    pub decide: &'static str,
    /// The change of a resource with placeholders for names, for the documentation.
    pub(super) example: fn(&ChangeTarget) -> Change,
}

/// The families of changes that are made at resources of a kind, in their order.
pub(super) fn families(kind: SubjectKind) -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().filter(move |family| family.subject == kind)
}

/// The change of that name, with its family.
pub(super) fn lookup(name: &str) -> Option<(&'static Family, &'static NamedChange)> {
    FAMILIES
        .iter()
        .flat_map(|family| family.changes.iter().map(move |change| (family, change)))
        .find(|(_, change)| change.name == name)
}

/// The change of that name.
pub fn find(name: &str) -> Option<&'static NamedChange> {
    lookup(name).map(|(_, change)| change)
}

/// The changes that checks about such subjects can name. Some of a trail are made at its bucket.
pub fn of_subject(kind: SubjectKind) -> impl Iterator<Item = &'static NamedChange> {
    FAMILIES
        .iter()
        .filter(move |family| {
            family.subject == kind
                || (kind == SubjectKind::Trail && family.subject == SubjectKind::Bucket)
        })
        .flat_map(|family| family.changes)
}

impl NamedChange {
    /// Its commands for a resource with placeholders for names: shell, Terraform, CloudFormation.
    pub fn example(&self) -> [String; 3] {
        let kind = lookup(self.name).map_or(SubjectKind::Bucket, |(family, _)| family.subject);
        let target = ChangeTarget::placeholder(kind);
        let change = (self.example)(&target);
        let mut text = String::new();
        if let Some(function) = change.function {
            text.push_str(function);
            text.push('\n');
        }
        text.push_str(&change.shell);
        let mut resources = cloudformation::Resources::default();
        let stack = match &change.cloudformation {
            StackEdit::None => String::new(),
            StackEdit::Note(note) => terraform::note(note),
            StackEdit::Resource { .. } => {
                resources.add(&change, &target);
                let entries: Vec<TemplateResource> = resources.finish();
                let lines = entries.into_iter().map(|entry| entry.text);
                format!("Resources:\n{}", lines.collect::<String>())
            }
        };
        [text, change.terraform, stack]
    }
}

/// The requests of one resource that no family has taken yet.
pub(super) struct Requests<'p>(pub(super) Vec<&'p FixRequest>);

impl<'p> Requests<'p> {
    /// Takes those that name the change.
    pub(super) fn take(&mut self, change: &NamedChange) -> Vec<&'p FixRequest> {
        let (taken, left) = self.0.drain(..).partition(|request| request.names(change));
        self.0 = left;
        taken
    }

    /// Those that name the change.
    pub(super) fn of(&self, change: &NamedChange) -> Vec<&'p FixRequest> {
        let named = self.0.iter().filter(|request| request.names(change));
        named.copied().collect()
    }

    /// Drafts each request for the change by itself. Those that `draft` has none for are left.
    pub(super) fn each(
        &mut self,
        change: &NamedChange,
        drafts: &mut Vec<FixDraft>,
        draft: impl Fn(&'p FixRequest) -> Option<FixDraft>,
    ) {
        for request in self.take(change) {
            match draft(request) {
                Some(mut draft) => {
                    draft.apply(change, &[request]);
                    drafts.push(draft);
                }
                None => self.0.push(request),
            }
        }
    }
}

/// Where a change is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeTarget {
    /// Name of the bucket, function or trail, or the account's id.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its Region, unless it has none or it is not known.
    pub region: Option<String>,
    /// The account's id.
    pub account: String,
    /// What Terraform calls it.
    pub label: String,
}

impl ChangeTarget {
    /// A resource of the documentation.
    fn placeholder(kind: SubjectKind) -> Self {
        let (name, arn) = match kind {
            SubjectKind::Bucket => ("BUCKET", "arn:aws:s3:::BUCKET"),
            SubjectKind::Function => (
                "FUNCTION",
                "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION",
            ),
            SubjectKind::Trail => ("TRAIL", "arn:aws:cloudtrail:REGION:ACCOUNT:trail/TRAIL"),
            SubjectKind::Region => ("REGION", "arn:aws:config:REGION:ACCOUNT"),
            SubjectKind::Identity => ("POLICY", "arn:aws:iam::ACCOUNT:policy/POLICY"),
            SubjectKind::AccessPoint => {
                ("ACCESS-POINT", "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME")
            }
            SubjectKind::Account => ("ACCOUNT", "arn:aws:iam::ACCOUNT:root"),
        };
        let global = matches!(kind, SubjectKind::Account | SubjectKind::Identity);
        Self {
            name: name.to_owned(),
            arn: arn.to_owned(),
            region: (!global).then(|| "REGION".to_owned()),
            account: "ACCOUNT".to_owned(),
            label: "this".to_owned(),
        }
    }

    /// The name as a word of a shell.
    fn word(&self) -> String {
        word(&self.name)
    }

    /// ` --region R`, where the Region is known.
    fn region_option(&self) -> String {
        let region = self.region.as_deref();
        region.map_or_else(String::new, |region| format!(" --region {}", word(region)))
    }
}

/// One change of one resource, written for each target.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Commands of the AWS CLI, each ending in a line feed.
    pub shell: String,
    /// The definition of the shell function that the commands call.
    pub function: Option<&'static str>,
    /// HCL.
    pub terraform: String,
    /// CloudFormation.
    pub cloudformation: StackEdit,
}

/// A change in CloudFormation.
#[derive(Clone, Debug, Default)]
pub enum StackEdit {
    /// It has nothing for it.
    #[default]
    None,
    /// Properties of a resource, which can be merged into the one a stack has.
    Resource {
        /// The resource's type.
        kind: &'static str,
        /// For its logical id.
        role: &'static str,
        /// The properties.
        properties: Value,
    },
    /// What to change in a resource that the plan does not know as a whole.
    Note(String),
}

impl Change {
    /// Commands that stand for themselves.
    fn shell(commands: impl Into<String>) -> Self {
        Self {
            shell: commands.into(),
            ..Self::default()
        }
    }

    /// Commands that call a shell function.
    fn calling(function: &'static str, commands: impl Into<String>) -> Self {
        Self {
            function: Some(function),
            ..Self::shell(commands)
        }
    }

    /// A resource of the AWS provider, imported where it exists already; `members` are the lines
    /// of its body.
    fn terraform_resource(
        mut self,
        kind: &str,
        target: &ChangeTarget,
        exists: bool,
        members: &str,
    ) -> Self {
        let label = &target.label;
        if exists {
            let id = hcl(&target.name);
            self.terraform = format!("import {{\n  to = {kind}.{label}\n  id = {id}\n}}\n\n");
        }
        self.terraform.push_str(&format!(
            "resource \"{kind}\" \"{label}\" {{\n{members}}}\n"
        ));
        self
    }

    /// [`Self::terraform_resource`] of a bucket.
    fn terraform_bucket(
        self,
        kind: &str,
        target: &ChangeTarget,
        exists: bool,
        members: &str,
    ) -> Self {
        let members = format!("  bucket = {}\n{members}", hcl(&target.name));
        self.terraform_resource(kind, target, exists, &members)
    }

    /// What to change in a Terraform resource that the plan does not know as a whole.
    fn terraform_note(mut self, text: impl AsRef<str>) -> Self {
        self.terraform = terraform::note(text.as_ref());
        self
    }

    /// Properties of the bucket.
    fn bucket_properties(mut self, target: &ChangeTarget, mut properties: Value) -> Self {
        if let Some(members) = properties.as_object_mut() {
            members.shift_insert(0, "BucketName".to_owned(), json!(target.name));
        }
        self.cloudformation = StackEdit::Resource {
            kind: "AWS::S3::Bucket",
            role: "Bucket",
            properties,
        };
        self
    }

    /// What to change in a CloudFormation resource that the plan does not know as a whole.
    fn stack_note(mut self, text: impl Into<String>) -> Self {
        self.cloudformation = StackEdit::Note(text.into());
        self
    }

    /// The commands of a policy file.
    pub(super) fn of_texts(shell: Option<String>, terraform: Option<String>) -> Self {
        Self {
            shell: shell.map(|text| shell::ended(&text)).unwrap_or_default(),
            // Its resources have names that repeat from finding to finding.
            terraform: terraform
                .map(|text| terraform::note(&text))
                .unwrap_or_default(),
            ..Self::default()
        }
    }
}
