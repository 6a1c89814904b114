//! `audit --template`: reads templates, judges every snapshot that a deployment may lead to, and puts the
//! results together.

mod access;
mod files;
mod layers;
mod merge;
mod onto;
mod patching;
mod plans;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accepting::AcceptanceRules;
use super::assess::{self, AuditInput};
use super::{RunError, clock};
use crate::cli::options::TemplateOptions;
use crate::findings::fingerprint;
use crate::inventory::Snapshot;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind};
use crate::inventory::pointer::pointer;
use crate::inventory::request::{NameFilter, ResourceFilter};
use crate::report::{
    CheckResult, Report, ResourceId, ResultChange, Source, SourceLocation, SourceRemark,
    TemplateScope,
};
use crate::template::build::{UNKNOWN_ACCOUNT, UNKNOWN_REGION};
use crate::template::{
    Built, BuiltResource, DeploymentTarget, Rendering, ResourceKey, SourcePosition, TemplateKind,
    TemplateRemark,
};
use files::Root;
pub(super) use onto::LiveAccount;
pub(super) use patching::plan as fixes;

/// What the Region of a result is called where it is not known.
const UNKNOWN: &str = "unknown";

/// One input, read.
struct Loaded {
    kind: TemplateKind,
    /// As it is called in reports.
    file: String,
    /// What positions of its files are relative to.
    root: Root,
    built: Built,
}

/// The inputs of a run.
struct ReadInputs {
    /// What is judged: each input, or all of them laid over one account.
    judged: Vec<Loaded>,
    /// The files of the inputs, as reports call them.
    files: Vec<(String, TemplateKind)>,
}

/// What an overlay reads of an account beyond what the checks need: the policies that it compares, and
/// the tags that say which stack made a bucket.
pub(super) fn needs_of_overlay() -> Vec<(SubjectKind, Need)> {
    use ReadingKind as R;
    vec![
        (SubjectKind::Bucket, Need::own(R::BucketPolicy)),
        (SubjectKind::Bucket, Need::own(R::BucketTags)),
        (SubjectKind::Bucket, Need::of_key(R::KeyDescription)),
        (SubjectKind::Bucket, Need::of_key(R::KeyPolicy)),
        (SubjectKind::Function, Need::own(R::FunctionPolicies)),
        (SubjectKind::Identity, Need::own(R::IdentityListing)),
        (SubjectKind::Account, Need::own(R::AccountPublicAccessBlock)),
        (SubjectKind::Region, Need::own(R::RegionListing)),
    ]
}

/// Judges an account that templates are laid over, as `input` says. Verdicts are of the day of
/// `--as-of`, before and after the deployment.
pub(super) fn live_account(
    mut snapshot: Snapshot,
    source: Source,
    as_of: Option<&str>,
    input: &AuditInput<'_>,
) -> Result<LiveAccount, RunError> {
    if let Some(date) = as_of {
        snapshot.taken_at = as_time(date);
    }
    let report = assess::report(&AuditInput {
        snapshot: &snapshot,
        source,
        acceptance: &AcceptanceRules::none(),
        resources: &ResourceFilter::default(),
        ..*input
    })?;
    Ok(LiveAccount::new(Arc::new(snapshot), report))
}

fn as_time(date: &str) -> String {
    format!("{date}T00:00:00Z")
}

/// Reads and judges the templates, as `input` says; its snapshot is not used.
pub(super) fn report(
    options: &TemplateOptions,
    input: &AuditInput<'_>,
    onto: Option<&LiveAccount>,
) -> Result<Report, RunError> {
    let target = DeploymentTarget {
        account: options.account.clone(),
        region: options.region.clone(),
        stack_name: options.stack_name.clone(),
        parameters: files::parameters(options)?,
        taken_at: match (&options.as_of, onto) {
            (Some(date), _) => as_time(date),
            (None, Some(onto)) => onto.snapshot.taken_at.clone(),
            (None, None) => clock::now(),
        },
        onto: onto.map(|onto| Arc::clone(&onto.snapshot)),
        exports: BTreeMap::new(),
    };
    let read = match onto {
        Some(onto) => layers::over(&files::inputs(options)?, &target, onto)?,
        None => layers::apart(files::load(options, &target)?),
    };
    let mut combined: Option<Report> = None;
    for one in &read.judged {
        let merged = judged(one, input, onto)?;
        combined = Some(match combined {
            None => merged,
            Some(before) => merge::inputs(before, merged),
        });
    }
    let Some(mut report) = combined else {
        return Err(RunError::mistake("no template was found", None));
    };
    narrow(&mut report.results, input.resources);
    report
        .results
        .sort_by(|a, b| (&a.check, &a.resource, &a.item).cmp(&(&b.check, &b.resource, &b.item)));
    finish(&mut report, &read, input, onto);
    Ok(report)
}

/// Judges one input in every snapshot that it may lead to.
fn judged(
    one: &Loaded,
    input: &AuditInput<'_>,
    onto: Option<&LiveAccount>,
) -> Result<Report, RunError> {
    if let Some(onto) = onto {
        onto.check(one)?;
    }
    let nothing = AcceptanceRules::none();
    let everything = ResourceFilter::default();
    let mut reports = Vec::new();
    let mut touched: Vec<BTreeSet<merge::ResultKey>> = Vec::new();
    let whole = one.built.renderings.iter().filter(|one| !one.replaced);
    let whole = whole.count();
    for rendering in &one.built.renderings {
        let mut report = assess::report(&AuditInput {
            snapshot: &rendering.snapshot,
            source: Source::Template,
            acceptance: &nothing,
            resources: &everything,
            ..*input
        })?;
        let is_made = |result: &CheckResult| rendering.resources.contains_key(&key_of(result));
        match onto {
            Some(onto) if !rendering.replaced => {
                touched.push(onto.drop_untouched(&mut report.results, is_made));
            }
            _ => report.results.retain(is_made),
        }
        of_the_template(&mut report, one, rendering, input);
        reports.push(report);
    }
    let Some(onto) = onto else {
        return Ok(merge::renderings(reports, &one.built));
    };
    // Where only some of the snapshots change a result, the others have it as it is.
    let all: BTreeSet<&merge::ResultKey> = touched.iter().flatten().collect();
    for (report, touched) in reports.iter_mut().take(whole).zip(&touched) {
        for question in all.iter().filter(|question| !touched.contains(**question)) {
            report.results.extend(onto.before(question));
        }
    }
    let mut merged = merge::renderings(reports, &one.built);
    merged.policy_changes = access::compared(one, onto);
    for result in &mut merged.results {
        result.change = onto.change(result);
    }
    merged.results.retain(|result| {
        result.resource.address.is_some()
            || matches!(result.change, Some(ResultChange::New | ResultChange::Fixed))
    });
    Ok(merged)
}

/// What a snapshot calls the resource of a result.
fn key_of(result: &CheckResult) -> ResourceKey {
    key_of_id(&result.resource)
}

fn key_of_id(id: &ResourceId) -> ResourceKey {
    ResourceKey {
        kind: id.kind,
        arn: id.arn.clone(),
    }
}

/// Gives what the template makes addresses and lines.
fn of_the_template(
    report: &mut Report,
    one: &Loaded,
    rendering: &Rendering,
    input: &AuditInput<'_>,
) {
    for result in &mut report.results {
        let Some(resource) = rendering.resources.get(&key_of(result)) else {
            continue;
        };
        let named = input.selected.evidence(&result.check);
        result.location = location(result, resource, rendering, named)
            .map(|position| one.root.location(position));
        let first_id = input.selected.first_id(&result.check);
        // The name may be generated, and two templates may make the same.
        result.fingerprint = fingerprint(
            first_id.unwrap_or(&result.check),
            &format!(
                "{}#{}",
                resource.input.as_deref().unwrap_or(&one.file),
                resource.address
            ),
            result.item.as_deref(),
        );
        let id = Arc::make_mut(&mut result.resource);
        id.address = Some(resource.address.clone());
        if id.region == UNKNOWN_REGION {
            id.region = UNKNOWN.to_owned();
        }
        if let Some(message) = &mut result.message {
            *message = message.replace(UNKNOWN_REGION, "the Region");
        }
    }
    let made: BTreeSet<&str> = rendering
        .resources
        .keys()
        .map(|key| key.arn.as_str())
        .collect();
    let buckets: BTreeSet<&str> = made
        .iter()
        .filter_map(|arn| Some(arn.split_once(":s3:::")?.1))
        .collect();
    report
        .buckets
        .retain(|bucket| buckets.contains(bucket.name.as_str()));
    report
        .cold_start
        .retain(|start| made.contains(start.arn.as_str()));
    report
        .scope
        .accounts
        .retain(|account| account != UNKNOWN_ACCOUNT);
    for region in &mut report.scope.regions {
        if region == UNKNOWN_REGION {
            *region = UNKNOWN.to_owned();
        }
    }
    let regions = report.buckets.iter_mut().map(|bucket| &mut bucket.region);
    let starts = report.cold_start.iter_mut().map(|start| &mut start.region);
    for region in regions.chain(starts) {
        if region == UNKNOWN_REGION {
            *region = UNKNOWN.to_owned();
        }
    }
}

/// Where a result is decided: the first evidence with a line of its own, else the resource. What the check's
/// evidence names comes before what that depends on.
fn location<'r>(
    result: &CheckResult,
    resource: &BuiltResource,
    rendering: &'r Rendering,
    named: &[String],
) -> Option<&'r SourcePosition> {
    let own = format!("{}/", resource.pointer);
    let is_named = |at: &str| {
        let member = at.strip_prefix(&own).and_then(|of| of.split('/').next());
        member.is_some_and(|member| {
            named
                .iter()
                .any(|path| path.split(['.', '[']).any(|part| part == member))
        })
    };
    let position = |at: &str| {
        // Of a map by the item's key, what the item is about.
        let of_item = result.item.as_deref().map(|item| pointer([item]));
        let position = rendering.position_of(&format!("{at}{}", of_item.unwrap_or_default()))?;
        (rendering.positions.get(&resource.pointer) != Some(position)).then_some(position)
    };
    let all = || {
        let pointers = result.evidence.iter().map(|evidence| &evidence.pointer);
        pointers.filter(|at| at.starts_with(&own))
    };
    all()
        .filter(|at| is_named(at))
        .chain(all())
        .find_map(|at| position(at))
        .or_else(|| rendering.position_of(&resource.pointer))
}

/// `--bucket` and `--function`, by name or address.
fn narrow(results: &mut Vec<CheckResult>, resources: &ResourceFilter) {
    let buckets = NameFilter::new(&resources.buckets);
    let functions = NameFilter::new(&resources.functions);
    results.retain(|result| {
        let filter = match result.resource.kind {
            SubjectKind::Bucket => &buckets,
            SubjectKind::Function => &functions,
            _ => return true,
        };
        let address = result.resource.address.as_deref().unwrap_or_default();
        filter.selects(&result.resource.name) || filter.selects(address)
    });
}

/// Counts, exceptions, notes, and what was read.
fn finish(
    report: &mut Report,
    read: &ReadInputs,
    input: &AuditInput<'_>,
    onto: Option<&LiveAccount>,
) {
    let loaded = &read.judged;
    let nothing = Snapshot::default();
    let snapshot = loaded
        .first()
        .and_then(|one| one.built.renderings.first())
        .map_or(&nothing, |rendering| &rendering.snapshot);
    let (exceptions, remarks) = input.acceptance.apply(snapshot, &mut report.results);
    report.exceptions = exceptions;
    let resources: BTreeSet<(SubjectKind, &str)> = report
        .results
        .iter()
        .map(|result| (result.resource.kind, result.resource.arn.as_str()))
        .collect();
    report.summary.resources = input
        .selected
        .kinds()
        .iter()
        .map(|kind| {
            let number = resources.iter().filter(|(of, _)| of == kind).count();
            (kind.name().to_owned(), u64::try_from(number).ok())
        })
        .collect();
    let counted = assess::count(&report.results);
    report.summary.results = counted.results;
    report.summary.failed_by_severity = counted.failed_by_severity;
    let remarks_of = |of: fn(&Built) -> &[TemplateRemark]| -> Vec<SourceRemark> {
        loaded
            .iter()
            .flat_map(|one| of(&one.built).iter().map(|remark| one.root.remark(remark)))
            .collect()
    };
    let problems = remarks_of(|built| &built.problems);
    let gaps = remarks_of(|built| &built.gaps);
    let mut notes: Vec<String> = Vec::new();
    for note in loaded
        .iter()
        .flat_map(|one| &one.built.notes)
        .cloned()
        .chain(problems.iter().map(sentence))
        .chain(gaps.iter().map(sentence))
        .chain(remarks)
    {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    report.notes = notes;
    report.gaps.clear();
    report.scope.template = Some(TemplateScope {
        files: read.files.iter().map(|(file, _)| file.clone()).collect(),
        kind: read
            .files
            .first()
            .map(|(_, kind)| kind.name().to_owned())
            .unwrap_or_default(),
        assumes: match onto {
            Some(_) => Vec::new(),
            None => assumes(&read.files),
        },
        problems,
        gaps,
        onto: onto.map(|onto| onto.scope.clone()),
    });
}

/// What verdicts assume. A plan says which resources are new.
fn assumes(files: &[(String, TemplateKind)]) -> Vec<String> {
    let only_plans = files
        .iter()
        .all(|(_, kind)| *kind == TemplateKind::TerraformPlan);
    let new = (!only_plans).then_some("new resources");
    new.into_iter()
        .chain(["nothing else in the account"])
        .map(str::to_owned)
        .collect()
}

/// A remark with its place, as one sentence.
fn sentence(remark: &SourceRemark) -> String {
    let place = match &remark.location {
        Some(SourceLocation { file, line, .. }) => format!("{file}:{line}: "),
        None => String::new(),
    };
    if remark.address.is_empty() {
        format!("{place}{}", remark.message)
    } else {
        format!("{place}{}: {}", remark.address, remark.message)
    }
}
