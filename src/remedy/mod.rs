//! A plan of fixes: findings and facts in, changes out, and each change in the words of a target.
//!
//! A check names a change ([`change`]) or brings commands of its own; a plan knows the resource. It
//! merges all changes of one setting, keeps what a change would otherwise lose (the other statements
//! of a policy, the other members of an encryption rule, what an ACL granted to log delivery), puts
//! them into the order in which AWS accepts them, and holds a fix back where access that is in use
//! may end: then it says what would break and asks. Nothing is ever applied from here.
//!
//! [`change`] holds what checks can name, a file each, with words and commands side by side;
//! [`bucket`] a bucket with its settings, which most changes need; [`quote`] alone quotes.

use std::collections::BTreeMap;

use crate::facts::{Facts, Subject};
use crate::findings::ResourceId;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, Need, ReadingKind};
use crate::report::plan::{Effort, Fix, PLAN_SCHEMA, Plan, TemplatePatch};
use crate::report::{Invocation, Source, Tool};

mod bucket;
pub mod change;
mod cloudformation;
mod context;
mod draft;
mod prelude;
pub mod quote;
mod shell;
mod target;
mod terraform;

use bucket::AllBuckets;
use coldbucket_policy::parse::is_account_id;
use context::{FixContext, Requests};
use draft::FixDraft;
pub use draft::FixRequest;
use target::{ChangeTarget, RenderedChange};

/// What the user decided, and what was tried.
pub struct PlanOptions<'a> {
    /// True for checks whose decision has been taken: their commands are printed ready to run.
    pub decided: &'a dyn Fn(&str) -> bool,
    /// True for checks whose fix has been run against LocalStack.
    pub verified: &'a dyn Fn(&str) -> bool,
    /// Resources are those of templates: names may be stand-ins, and nothing is run.
    pub of_templates: bool,
}

/// The readings that a plan opens beyond those of the checks it is made for.
pub fn needs(kinds: impl IntoIterator<Item = SubjectKind>) -> Vec<(SubjectKind, Need)> {
    use ReadingKind as R;
    let mut needs = Vec::new();
    for kind in kinds {
        match kind {
            // A change of a bucket depends on who uses it: its policy, ACL, website and the logs it
            // receives; and on where its siblings' logs and keys are.
            SubjectKind::Bucket | SubjectKind::Account => {
                let of_bucket = [
                    Need::own(R::BucketPolicy),
                    Need::own(R::BucketPolicyStatus).guarded_by(Guard::UnlessNoPolicy),
                    Need::own(R::BucketPublicAccessBlock).guarded_by(Guard::Always),
                    Need::own(R::AccountPublicAccessBlock),
                    Need::own(R::BucketOwnership),
                    Need::own(R::BucketAcl),
                    Need::own(R::BucketWebsite),
                    Need::own(R::BucketEncryption),
                    Need::of_key(R::KeyDescription),
                    Need::siblings(R::BucketLogging),
                    Need::own(R::BucketRequestPayment),
                    Need::own(R::BucketVersioning),
                    Need::own(R::BucketObjectLock),
                    Need::own(R::BucketLifecycle),
                    Need::own(R::BucketReplication),
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
    requests: &[FixRequest],
    options: &PlanOptions<'_>,
    tool: Tool,
    source: Source,
) -> Plan {
    let mut labels = terraform::Labels::default();
    let mut by_resource: BTreeMap<&ResourceId, Vec<&FixRequest>> = BTreeMap::new();
    for request in requests {
        by_resource
            .entry(&request.finding.resource)
            .or_default()
            .push(request);
    }
    let buckets = AllBuckets::new(facts);
    let mut drafts: Vec<FixDraft> = Vec::new();
    for (resource, requests) in by_resource {
        let target = target(resource, &mut labels);
        if !options.of_templates && !is_well_named(resource) {
            for request in requests {
                let mut draft = FixDraft::new(resource, &target, request.summary.clone());
                draft.fixes(&[request]);
                draft.decide(
                    "This is not a name that AWS gives: find out what the snapshot describes first.",
                );
                drafts.push(draft);
            }
            continue;
        }
        let subject = subject_of(resource);
        let context = FixContext::new(facts, &buckets, options.decided, &subject, &target);
        let mut left = Requests(requests);
        plan_resource(&context, &mut left, &mut drafts);
        // Buckets come before trails, so what is planned for the trail's bucket is there.
        let bucket = context
            .trail()
            .and_then(|trail| buckets.find(&resource.account, &trail.bucket.name));
        if let (SubjectKind::Trail, Some(bucket)) = (resource.kind, bucket) {
            let id = &bucket.subject.id;
            let target = self::target(id, &mut labels);
            let context =
                FixContext::new(facts, &buckets, options.decided, &bucket.subject, &target);
            left.0.retain(|request| {
                let planned = drafts.iter_mut().find(|draft| {
                    draft.resource == *id
                        && draft
                            .names
                            .iter()
                            .any(|name| request.change.as_ref() == Some(name))
                });
                planned.map(|draft| draft.fixes(&[request])).is_none()
            });
            plan_resource(&context, &mut left, &mut drafts);
        }
        for request in left.0 {
            drafts.push(unplanned(request, &target));
        }
    }
    draft::join(&mut drafts);
    finish(drafts, options, facts, tool, source)
}

fn plan_resource(
    context: &FixContext<'_, '_>,
    requests: &mut Requests<'_>,
    drafts: &mut Vec<FixDraft>,
) {
    for family in change::families(context.subject.id.kind) {
        (family.plan)(context, requests, drafts);
    }
}

fn subject_of(resource: &ResourceId) -> Subject {
    Subject {
        id: resource.clone(),
        unlisted: Vec::new(),
    }
}

fn target(resource: &ResourceId, labels: &mut terraform::Labels) -> ChangeTarget {
    ChangeTarget {
        name: resource.name.clone(),
        arn: resource.arn.clone(),
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
        SubjectKind::Function | SubjectKind::WebFunction => of(b"-_", 140, &resource.name),
        SubjectKind::Account => is_account_id(&resource.name),
        SubjectKind::Region => of(b"-", 32, &resource.name),
        SubjectKind::Trail => of(b".-_", 128, &resource.name),
        _ => true,
    };
    named && of(b"-", 32, &resource.region)
}

/// A fix by the check's own commands; or without any, where the named change could not be planned.
fn unplanned(request: &FixRequest, target: &ChangeTarget) -> FixDraft {
    let mut draft = FixDraft::new(&request.finding.resource, target, request.summary.clone());
    draft.fixes(&[request]);
    let shell = request.shell.as_deref().map(quote::fill_shell);
    let terraform = request.terraform.as_deref().map(quote::fill_hcl);
    if shell.is_none() && draft.decide.is_empty() {
        draft.decide(match request.change {
            Some(_) => "Not everything that this change depends on was read: make it by hand.",
            None => "No command can do this: a person chooses what to change.",
        });
    }
    draft.replace(
        request
            .shell
            .as_deref()
            .map(quote::gaps)
            .unwrap_or_default(),
    );
    if shell.is_some() || terraform.is_some() {
        draft
            .changes
            .push(RenderedChange::of_texts(shell, terraform));
    }
    draft
}

fn finish(
    drafts: Vec<FixDraft>,
    options: &PlanOptions<'_>,
    facts: &Facts<'_>,
    tool: Tool,
    source: Source,
) -> Plan {
    let mut functions: Vec<&'static str> = Vec::new();
    let mut resources = cloudformation::StackResources::default();
    let mut fixes = Vec::new();
    for draft in drafts {
        let all = |holds: &dyn Fn(&str) -> bool| {
            draft.findings.iter().all(|finding| holds(&finding.check))
        };
        let decided = !draft.decide.is_empty()
            && draft.gaps.is_empty()
            && !draft.findings.is_empty()
            && all(options.decided);
        let ready = draft.decide.is_empty() || decided;
        let mut shell = String::new();
        let mut code: Vec<&str> = Vec::new();
        let mut own = cloudformation::StackResources::default();
        for change in &draft.changes {
            own.add(change, &draft.target);
            shell.push_str(&change.shell);
            code.extend(Some(change.terraform.as_str()).filter(|text| !text.is_empty()));
            if ready {
                functions.extend(change.function);
                resources.add(change, &draft.target);
            }
        }
        let mut code = terraform::aligned(&code.join("\n"));
        let overrides = own.overrides();
        let edits = draft
            .changes
            .iter()
            .filter_map(cloudformation::edit)
            .collect();
        let notes: Vec<String> = draft
            .changes
            .iter()
            .filter_map(cloudformation::note)
            .collect();
        let own: Vec<String> = own.finish().into_iter().map(|one| one.text).collect();
        let mut stack = own.concat();
        if !ready {
            stack = terraform::note(&stack);
            shell = shell::commented(&shell);
            code = terraform::note(&code);
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        fixes.push(Fix {
            verified: !draft.changes.is_empty() && draft.gaps.is_empty() && all(options.verified),
            resource: draft.resource,
            what: draft.what,
            findings: draft.findings,
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
            shell: some(shell),
            terraform: some(code),
            cloudformation: some(stack),
            cdk: some(overrides),
            edits,
            template_note: some(notes.join("\n")),
        });
    }
    let mut shell_functions: Vec<String> = Vec::new();
    for function in functions {
        if !shell_functions.iter().any(|there| there == function) {
            shell_functions.push(function.to_owned());
        }
    }
    Plan {
        schema: PLAN_SCHEMA.to_owned(),
        tool,
        taken_at: facts.snapshot().taken_at.clone(),
        source,
        fixes,
        shell_functions,
        cloudformation: resources.finish(),
        invocation: Invocation::default(),
        patch: TemplatePatch::default(),
    }
}
