//! One change of one resource, written for a shell, Terraform and CloudFormation.

use serde_json::{Value, json};

use super::quote::{hcl, word};
use super::{shell, terraform};
use crate::inventory::ids::SubjectKind;

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
    pub fn placeholder(kind: SubjectKind) -> Self {
        let (name, arn) = match kind {
            SubjectKind::Bucket => ("BUCKET", "arn:aws:s3:::BUCKET"),
            SubjectKind::Function => (
                "FUNCTION",
                "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION",
            ),
            SubjectKind::WebFunction => (
                "FUNCTION",
                "arn:aws:lambda:REGION:ACCOUNT:web-function/FUNCTION",
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

    /// An ARN of the target's partition; `rest` is what follows the partition.
    pub fn arn_beside(&self, rest: &str) -> String {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:{rest}")
    }

    /// The name as a word of a shell.
    pub fn word(&self) -> String {
        word(&self.name)
    }

    /// ` --region R`, where the Region is known.
    pub fn region_option(&self) -> String {
        let region = self.region.as_deref();
        region.map_or_else(String::new, |region| format!(" --region {}", word(region)))
    }
}

/// One change of one resource, written for each target.
#[derive(Clone, Debug, Default)]
pub struct RenderedChange {
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
    /// Properties of a resource that the plan does not know as a whole.
    Properties {
        /// The resource's type.
        kind: &'static str,
        /// Which one, for a person.
        which: String,
        /// The properties.
        properties: Value,
    },
    /// What to change in a resource that the plan does not know as a whole.
    Note(String),
}

impl RenderedChange {
    /// Commands that stand for themselves.
    pub fn shell(commands: impl Into<String>) -> Self {
        Self {
            shell: commands.into(),
            ..Self::default()
        }
    }

    /// Commands that call a shell function.
    pub fn calling(function: &'static str, commands: impl Into<String>) -> Self {
        Self {
            function: Some(function),
            ..Self::shell(commands)
        }
    }

    /// One call of a shell function, with the target's name before the arguments and its Region
    /// behind them. The definition begins with `# NAME`.
    pub fn call(definition: &'static str, target: &ChangeTarget, arguments: &[String]) -> Self {
        let function = definition.split_whitespace().nth(1).unwrap_or_default();
        let mut words = vec![format!("{function} {}", target.word())];
        words.extend_from_slice(arguments);
        let command = words.join(" \\\n  ");
        Self::calling(definition, format!("{command}{}\n", target.region_option()))
    }

    /// A resource of the AWS provider, imported where it exists already; `members` are the lines
    /// of its body.
    pub fn terraform_resource(
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
    pub fn terraform_bucket(
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
    pub fn terraform_note(mut self, text: impl AsRef<str>) -> Self {
        self.terraform = terraform::note(text.as_ref());
        self
    }

    /// Properties of the bucket.
    pub fn bucket_properties(mut self, target: &ChangeTarget, mut properties: Value) -> Self {
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
    pub fn stack_note(mut self, text: impl Into<String>) -> Self {
        self.cloudformation = StackEdit::Note(text.into());
        self
    }

    /// Properties of a CloudFormation resource that the plan does not know as a whole; `which` says which
    /// one.
    pub fn stack_properties(
        mut self,
        kind: &'static str,
        which: impl Into<String>,
        properties: Value,
    ) -> Self {
        self.cloudformation = StackEdit::Properties {
            kind,
            which: which.into(),
            properties,
        };
        self
    }

    /// The commands of a policy file.
    pub fn of_texts(shell: Option<String>, terraform: Option<String>) -> Self {
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
