//! Named changes: what a check can name as its fix (`remediation: {change: deny-plain-http}`).
//!
//! A change is one file here, or a part of the file of its family: its words, when it waits for a
//! decision, and its commands for the AWS CLI, Terraform and CloudFormation side by side. A family
//! is made as one, since AWS replaces the setting as a whole (a bucket has one policy).
//!
//! Adding a change: its file, and its family's line in [`FAMILIES`].

use super::cloudformation::{self, StackResources};
pub use super::draft::NamedChange;
use super::prelude::{ChangeFamily, ChangeTarget, StackEdit, SubjectKind};
use super::terraform;

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
static FAMILIES: &[ChangeFamily] = &[
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

/// The families of changes that are made at resources of a kind, in their order.
pub(super) fn families(kind: SubjectKind) -> impl Iterator<Item = &'static ChangeFamily> {
    FAMILIES.iter().filter(move |family| family.subject == kind)
}

/// The change of that name.
pub fn find(name: &str) -> Option<&'static NamedChange> {
    let mut all = FAMILIES.iter().flat_map(|family| family.changes);
    all.find(|change| change.name == name)
}

/// The changes that checks about such subjects can name. Some of a trail are made at its bucket.
pub fn of_subject(kind: SubjectKind) -> impl Iterator<Item = &'static NamedChange> {
    let at_bucket = kind == SubjectKind::Trail;
    FAMILIES
        .iter()
        .filter(move |family| {
            family.subject == kind || (at_bucket && family.subject == SubjectKind::Bucket)
        })
        .flat_map(|family| family.changes)
}

/// The commands of a change for a resource with placeholders for names: shell, Terraform,
/// CloudFormation.
pub fn example(change: &NamedChange) -> [String; 3] {
    let mut families = FAMILIES.iter();
    let family = families.find(|family| family.changes.iter().any(|one| one.name == change.name));
    let target =
        ChangeTarget::placeholder(family.map_or(SubjectKind::Bucket, |family| family.subject));
    let made = (change.make)(&target);
    let function = made.function.map(|text| format!("{text}\n"));
    let stack = match &made.cloudformation {
        StackEdit::None => String::new(),
        StackEdit::Note(_) | StackEdit::Properties { .. } => {
            cloudformation::note(&made).map_or_else(String::new, |note| terraform::note(&note))
        }
        StackEdit::Resource { .. } => {
            let mut resources = StackResources::default();
            resources.add(&made, &target);
            let entries = resources.finish().into_iter().map(|entry| entry.text);
            format!("Resources:\n{}", entries.collect::<String>())
        }
    };
    [
        function.unwrap_or_default() + &made.shell,
        made.terraform,
        stack,
    ]
}
