//! CloudFormation templates and Terraform plans as snapshots, before anything is deployed.
//!
//! Pure: bytes in; out come snapshots, the line that each value comes from, and what could not be read.
//! Facts, checks and the prover see an ordinary snapshot. What is known only after deployment is
//! [`Undetermined`](crate::inventory::Reading::Undetermined) in it.
//!
//! ```text
//! bytes -> source (positions) -> cloudformation | terraform -> settings -> build -> Built
//! ```
//!
//! A reader evaluates its language into neutral [`settings`]; [`build`](build::build) alone knows AWS's
//! defaults and the snapshot. A policy with unknown leaves is rendered twice ([`policy`]), so that a
//! deployment has one snapshot or several ([`Rendering`]): a verdict that is the same in all of them
//! holds, and one that differs is not assessed.

mod aws_managed;
pub mod build;
pub mod changes;
pub mod cloudformation;
pub mod layers;
pub mod package;
pub mod patch;
pub mod policy;
pub mod settings;
pub mod source;
pub mod terraform;
pub mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::Snapshot;
use crate::inventory::ids::SubjectKind;
use crate::inventory::pointer::pointer;
pub use value::SourcePosition;
use value::TemplateNode;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateKind {
    /// A CloudFormation template.
    CloudFormation,
    /// A template with `Transform: AWS::Serverless-2016-10-31`.
    Sam,
    /// A cloud assembly of the AWS CDK (`cdk.out`).
    Cdk,
    /// A Terraform or OpenTofu plan.
    TerraformPlan,
}

impl TemplateKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudFormation => "cloudformation",
            Self::Sam => "sam",
            Self::Cdk => "cdk",
            Self::TerraformPlan => "terraform-plan",
        }
    }
}

/// What the user says about the deployment.
#[derive(Clone, Debug, Default)]
pub struct DeploymentTarget {
    /// 12-digit account id.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Stack name.
    pub stack_name: Option<String>,
    /// Parameter values.
    pub parameters: BTreeMap<String, String>,
    /// The time of the verdicts, RFC 3339.
    pub taken_at: String,
    /// The account that the deployment is laid over; a closed world without one.
    pub onto: Option<Arc<Snapshot>>,
    /// What other stacks export, by export name.
    pub exports: BTreeMap<String, TemplateNode>,
}

impl DeploymentTarget {
    /// The account: the one that the user names, else the only one of the snapshot below.
    pub fn account(&self) -> Option<String> {
        self.account
            .clone()
            .or_else(|| self.onto.as_deref().and_then(only_account))
    }

    /// The Region: the one that the user names, else the only one that was read of the account.
    pub fn region(&self) -> Option<String> {
        let only = || {
            let account = self.account()?;
            let below = self.onto.as_deref()?.accounts.get(&account)?;
            only_of(below.regions.keys())
        };
        self.region.clone().or_else(only)
    }
}

/// The only account of a snapshot.
pub(crate) fn only_account(snapshot: &Snapshot) -> Option<String> {
    only_of(snapshot.accounts.keys())
}

fn only_of<'s>(mut names: impl Iterator<Item = &'s String>) -> Option<String> {
    let first = names.next()?;
    names.next().is_none().then(|| first.clone())
}

/// One deployment, read.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The snapshots that the deployment may lead to; never empty. With values that are not known there
    /// are several, of which the first grants the most access.
    pub renderings: Vec<Rendering>,
    /// The resources of all renderings that checks judge, by what a snapshot calls them.
    pub resources: BTreeMap<ResourceKey, BuiltResource>,
    /// What AWS refuses to deploy as it is written.
    pub problems: Vec<TemplateRemark>,
    /// What could not be read: macros, modules, other templates.
    pub gaps: Vec<TemplateRemark>,
    /// What was assumed.
    pub notes: Vec<String>,
}

impl Built {
    /// This deployment or another: what may come of either.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for rendering in other.renderings {
            let mut known = self.renderings.iter_mut();
            match known.find(|known| known.is_same(&rendering)) {
                Some(known) => known.assumptions.extend(rendering.assumptions),
                None => self.renderings.push(rendering),
            }
        }
        for (key, resource) in other.resources {
            match self.resources.get_mut(&key) {
                Some(known) => known.references.extend(resource.references),
                None => {
                    self.resources.insert(key, resource);
                }
            }
        }
        // Only what surely fails.
        self.problems
            .retain(|problem| other.problems.contains(problem));
        self.gaps.extend(other.gaps);
        self.gaps.sort();
        self.gaps.dedup();
        self
    }
}

/// One snapshot that a deployment may lead to.
#[derive(Clone, Debug, Default)]
pub struct Rendering {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Where values come from, by RFC 6901 pointers into the snapshot. The longest prefix of a pointer
    /// that is here says where its value is written.
    pub positions: BTreeMap<String, SourcePosition>,
    /// The resources that checks judge. Two renderings may call different resources alike.
    pub resources: BTreeMap<ResourceKey, BuiltResource>,
    /// What resources without a known name are called in the snapshot, without the braces.
    pub unnamed: BTreeSet<String>,
    /// What the stack exports, by export name.
    pub exports: BTreeMap<String, TemplateNode>,
    /// What it assumes about values that are not known: each of these leads to it.
    pub assumptions: BTreeSet<Assumptions>,
    /// It is for resources that a later input makes too: only those are judged in it.
    pub replaced: bool,
}

/// Values that are assumed, by what is not known: `parameter Stage` is `prod`.
pub type Assumptions = BTreeMap<String, String>;

impl Rendering {
    /// True for a rendering with the same content, whatever it assumes.
    fn is_same(&self, other: &Self) -> bool {
        self.snapshot == other.snapshot
            && self.positions == other.positions
            && self.resources == other.resources
            && self.exports == other.exports
            && self.replaced == other.replaced
    }

    /// Where the value at a pointer is written: at the pointer, or at what it is part of.
    pub fn position_of(&self, pointer: &str) -> Option<&SourcePosition> {
        let mut pointer = pointer;
        loop {
            if let Some(position) = self.positions.get(pointer) {
                return Some(position);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }
}

/// What the snapshot calls a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceKey {
    /// What it is.
    pub kind: SubjectKind,
    /// Its ARN as the report has it.
    pub arn: String,
}

/// A resource of the deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuiltResource {
    /// Logical id, construct path or Terraform address.
    pub address: String,
    /// Pointer to it in the snapshot.
    pub pointer: String,
    /// It exists before the deployment.
    pub existing: bool,
    /// The deployment does not make it and writes a part of it.
    pub partial: bool,
    /// The input that has it, as reports call it, where several inputs are laid over each other.
    pub input: Option<Arc<str>>,
    /// What the resource refers to that is not known and that may change its verdicts.
    pub references: BTreeSet<String>,
}

/// A remark about a place of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateRemark {
    /// The resource's address; empty where it is about the template.
    pub address: String,
    /// Where it is.
    pub position: Option<SourcePosition>,
    /// One sentence.
    pub message: String,
}

/// The pointer to a bucket in a snapshot.
pub(crate) fn bucket_pointer(account: &str, name: &str) -> String {
    pointer(["accounts", account, "buckets", name])
}

/// The pointer to something of a Region in a snapshot.
pub(crate) fn regional_pointer(account: &str, region: &str, group: &str, name: &str) -> String {
    pointer(["accounts", account, "regions", region, group, name])
}
