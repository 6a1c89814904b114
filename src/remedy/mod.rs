//! A plan of fixes: findings and facts in, changes out, and each change in the words of a target.
//!
//! A policy file knows how a finding is mended in general; a plan knows the resource. It merges all
//! changes of one bucket, keeps what a change would otherwise lose (the other statements of a policy,
//! the other members of an encryption rule, what an ACL granted to log delivery), puts them into the
//! order in which S3 takes them, and holds a fix back where somebody may rely on what it ends: then
//! it says what would break and asks. Nothing is ever applied from here.
//!
//! * [`buckets`], [`keys`], [`functions`] and [`accounts`] decide what to change: [`draft::Draft`]s
//!   of [`change::Change`]s. What they do not know is mended by the policy file's own text.
//! * [`shell`], [`terraform`] and [`cloudformation`] write a change for a target; [`quote`] is the
//!   only place that quotes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::{Facts, Subject};
use crate::findings::{Finding, ResourceId};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, Need, ReadingKind};
use crate::report::plan::{Effort, Fix, Mended, PLAN_SCHEMA, Plan};
use crate::report::{Source, Tool};

mod accounts;
mod buckets;
pub mod change;
mod cloudformation;
mod data_events;
mod draft;
mod functions;
mod keys;
mod logging;
mod policy;
mod public;
pub mod quote;
mod regions;
mod shell;
mod terraform;
mod trails;

use change::{Change, Place};
use draft::Draft;
use quote::Piece;

/// A finding with what its check says about mending it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The finding.
    pub finding: Finding,
    /// The check's title.
    pub title: String,
    /// How it is mended, in one sentence, about this resource.
    pub summary: String,
    /// The check's thresholds.
    pub params: Value,
    /// What a person has to decide, where the check's own text says so.
    pub decide: Option<String>,
    /// The check's commands for a shell.
    pub shell: Option<Vec<Piece>>,
    /// The check's HCL.
    pub terraform: Option<Vec<Piece>>,
}

impl Problem {
    fn mended(&self) -> Mended {
        Mended {
            check: self.finding.check.clone(),
            severity: self.finding.severity,
            title: self.title.clone(),
            message: self.finding.message.clone().unwrap_or_default(),
            item: self.finding.item.clone(),
            fingerprint: self.finding.fingerprint.clone(),
        }
    }
}

/// What the person in front of it has said.
pub struct Wishes<'a> {
    /// True for checks whose decision has been taken: their commands are printed ready to run.
    pub decided: &'a dyn Fn(&str) -> bool,
    /// True for checks whose fix has been run against LocalStack.
    pub verified: &'a dyn Fn(&str) -> bool,
}

/// The readings that a plan opens beyond those of the checks it is made for.
pub fn needs(kinds: impl IntoIterator<Item = SubjectKind>) -> Vec<(SubjectKind, Need)> {
    use ReadingKind as R;
    let mut needs = Vec::new();
    for kind in kinds {
        match kind {
            // Whoever changes a bucket has to know who uses it: its policy, ACL, website and the logs
            // it receives; and where its siblings' logs and keys are.
            SubjectKind::Bucket | SubjectKind::Account => {
                let of_bucket = [
                    Need::own(R::BucketPolicy),
                    Need::guarded(R::BucketPolicyStatus, Guard::UnlessNoPolicy),
                    Need::own(R::BucketPublicAccessBlock),
                    Need::own(R::AccountPublicAccessBlock),
                    Need::own(R::BucketOwnership),
                    Need::guarded(R::BucketAcl, Guard::UnlessBucketOwnerEnforced),
                    Need::own(R::BucketWebsite),
                    Need::own(R::BucketEncryption),
                    Need::of_key(R::KeyDescription),
                    Need::siblings(R::BucketLogging),
                    Need::own(R::BucketRequestPayment),
                    Need::own(R::BucketVersioning),
                    Need::guarded(R::BucketObjectLock, Guard::UnlessNotVersioned),
                    Need::own(R::BucketLifecycle),
                    Need::guarded(R::BucketReplication, Guard::UnlessNotVersioned),
                ];
                needs.extend(of_bucket.map(|need| (SubjectKind::Bucket, need)));
            }
            SubjectKind::Function => {
                let own = [R::FunctionAliases, R::FunctionProvisionedConcurrency];
                needs.extend(own.map(|reading| (SubjectKind::Function, Need::own(reading))));
            }
            _ => {}
        }
    }
    needs
}

/// Makes the plan.
pub fn plan(
    facts: &Facts<'_>,
    problems: &[Problem],
    wishes: &Wishes<'_>,
    tool: Tool,
    source: Source,
) -> Plan {
    let mut labels = terraform::Labels::default();
    let mut by_resource: BTreeMap<&ResourceId, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        by_resource
            .entry(&problem.finding.resource)
            .or_default()
            .push(problem);
    }
    let surroundings = public::Surroundings::new(facts);
    let mut drafts: Vec<Draft> = Vec::new();
    for (resource, problems) in by_resource {
        let place = place(resource, &mut labels);
        let subject = Subject {
            id: resource.clone(),
            unlisted: Vec::new(),
        };
        let mut rest: Vec<&Problem> = Vec::new();
        if is_well_named(resource) {
            let case = Case {
                facts,
                subject: &subject,
                place: &place,
                surroundings: &surroundings,
                decided: wishes.decided,
            };
            match resource.kind {
                SubjectKind::Bucket => buckets::plan(&case, problems, &mut drafts, &mut rest),
                SubjectKind::Account => accounts::plan(&case, problems, &mut drafts, &mut rest),
                SubjectKind::Function => functions::plan(&case, problems, &mut drafts, &mut rest),
                SubjectKind::Region => regions::plan(&case, problems, &mut drafts, &mut rest),
                SubjectKind::Trail => {
                    // Buckets come before trails, so what is planned for the trail's is there.
                    let bucket = trails::bucket_of(&case);
                    let at = bucket.map(|bucket| self::place(&bucket.subject.id, &mut labels));
                    let bucket = bucket.zip(at.as_ref());
                    trails::plan(&case, bucket, problems, &mut drafts, &mut rest);
                }
                _ => rest = problems,
            }
            for problem in rest {
                drafts.push(by_template(problem, &place));
            }
        } else {
            for problem in problems {
                let mut draft = Draft::new(resource, &place, problem.summary.clone());
                draft.mends(&[problem]);
                draft.decide(
                    "AWS gives no such name: find out what the snapshot is of before anything is changed.",
                );
                drafts.push(draft);
            }
        }
    }
    keys::join(&mut drafts);
    data_events::join(&mut drafts);
    finish(drafts, wishes, facts, tool, source)
}

/// One resource with findings, and what surrounds it.
struct Case<'c, 'f> {
    facts: &'f Facts<'f>,
    subject: &'c Subject,
    place: &'c Place,
    surroundings: &'c public::Surroundings<'f>,
    decided: &'c dyn Fn(&str) -> bool,
}

impl Case<'_, '_> {
    fn draft(&self, what: impl Into<String>) -> Draft {
        Draft::new(&self.subject.id, self.place, what)
    }
}

fn place(resource: &ResourceId, labels: &mut terraform::Labels) -> Place {
    Place {
        name: resource.name.clone(),
        region: Some(resource.region.clone())
            .filter(|region| !matches!(region.as_str(), "global" | "unknown" | "")),
        account: resource.account.clone(),
        label: labels.of(&resource.name, &resource.arn),
    }
}

/// Names as AWS gives them: lower-case letters, digits, dots and hyphens for buckets (older ones have
/// capitals and underscores too), letters, digits, hyphens and underscores for functions (S3 user
/// guide, "Bucket naming rules"; Lambda API reference, FunctionName; trails are named like buckets,
/// CloudTrail API reference, CreateTrail; copy of 2026). Everything is
/// quoted all the same; but a name that cannot be is no resource to change.
fn is_well_named(resource: &ResourceId) -> bool {
    let of = |letters: &[u8], longest: usize, name: &str| {
        (1..=longest).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || letters.contains(&byte))
    };
    let named = match resource.kind {
        SubjectKind::Bucket => of(b".-_", 255, &resource.name),
        SubjectKind::Function => of(b"-_", 140, &resource.name),
        SubjectKind::Account => resource.name.len() == 12 && of(b"", 12, &resource.name),
        SubjectKind::Region => of(b"-", 32, &resource.name),
        SubjectKind::Trail => of(b".-_", 128, &resource.name),
        _ => true,
    };
    named && of(b"-", 32, &resource.region)
}

/// A fix by the policy file's own text.
fn by_template(problem: &Problem, place: &Place) -> Draft {
    let mut draft = Draft::new(&problem.finding.resource, place, problem.summary.clone());
    draft.mends(&[problem]);
    let shell = problem.shell.as_deref().map(quote::fill_shell);
    let terraform = problem.terraform.as_deref().map(quote::fill_hcl);
    match &problem.decide {
        Some(decide) => draft.decide(decide.clone()),
        None if shell.is_none() => {
            draft.decide("No command can do this: what to change is for a person to say.");
        }
        None => {}
    }
    draft.gaps = problem
        .shell
        .as_deref()
        .map(quote::gaps)
        .unwrap_or_default();
    if !draft.gaps.is_empty() {
        draft.decide(format!(
            "The commands are not complete: put in {}.",
            draft.gaps.join(", ")
        ));
    }
    if shell.is_some() || terraform.is_some() {
        draft.changes.push(Change::Template { shell, terraform });
    }
    draft
}

fn finish(
    drafts: Vec<Draft>,
    wishes: &Wishes<'_>,
    facts: &Facts<'_>,
    tool: Tool,
    source: Source,
) -> Plan {
    let mut calls: Vec<&'static str> = Vec::new();
    let mut resources = cloudformation::Resources::default();
    let mut fixes = Vec::new();
    for draft in drafts {
        let decided = !draft.decide.is_empty()
            && draft.gaps.is_empty()
            && !draft.mends.is_empty()
            && draft
                .mends
                .iter()
                .all(|mended| (wishes.decided)(&mended.check));
        let ready = draft.decide.is_empty() || decided;
        let mut commands = String::new();
        let mut code = String::new();
        for change in &draft.changes {
            if let Some(script) = shell::script(change, &draft.place) {
                commands.push_str(&script.text);
                if ready {
                    calls.extend(script.calls);
                }
            }
            if let Some(text) = terraform::code(change, &draft.place) {
                if !code.is_empty() {
                    code.push('\n');
                }
                code.push_str(&text);
            }
            if ready {
                resources.add(change, &draft.place);
            }
        }
        if !ready {
            commands = shell::commented(&commands);
            code = terraform::note(&code);
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let verified = !draft.changes.is_empty()
            && draft
                .mends
                .iter()
                .all(|mended| (wishes.verified)(&mended.check));
        fixes.push(Fix {
            resource: draft.resource,
            what: draft.what,
            mends: draft.mends,
            effect: draft.effects.join(" "),
            risk: draft.risk,
            risk_note: draft.risks.join(" "),
            effort: if draft.changes.is_empty() {
                draft.effort.max(Effort::Hours)
            } else {
                draft.effort
            },
            decide: some(draft.decide.join(" ")),
            decided,
            verified,
            shell: some(commands),
            terraform: some(code),
        });
    }
    Plan {
        schema: PLAN_SCHEMA.to_owned(),
        tool,
        taken_at: facts.snapshot().taken_at.clone(),
        source,
        fixes,
        shell_functions: shell::FUNCTIONS
            .iter()
            .filter(|(name, _)| calls.contains(name))
            .map(|(_, text)| (*text).to_owned())
            .collect(),
        cloudformation: resources.finish(),
    }
}
