//! From a snapshot to a report.

use std::collections::{BTreeMap, BTreeSet};

use super::accepting::AcceptanceRules;
use super::scope::{self, AuditScope};
use super::{RunError, gaps};
use crate::checks::{self, ComplianceStandard, Selected};
use crate::cli::options::SelectionOptions;
use crate::facts::{Facts, Subject, Trust};
use crate::inventory::ids::SubjectKind;
use crate::inventory::readings::is_whole;
use crate::inventory::request::ResourceFilter;
use crate::inventory::{Reading, Snapshot};
use crate::report::{
    BucketPosture, CheckResult, ColdStart, ControlSummary, Gap, Invocation, Report, SCHEMA,
    ScopeSummary, SelectionSummary, Severity, Source, StandardSummary, Status, Summary, Tool,
};
use coldbucket_cold_start::Model;

/// The data of an audit.
#[derive(Clone, Copy)]
pub(super) struct AuditInput<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) source: Source,
    pub(super) selected: &'a Selected,
    pub(super) selection: &'a SelectionOptions,
    pub(super) resources: &'a ResourceFilter,
    pub(super) trust: &'a Trust,
    /// The cold-start model, if not the built-in one.
    pub(super) model: Option<&'a Model>,
    pub(super) acceptance: &'a AcceptanceRules,
    /// The standard that the pack is named after.
    pub(super) standard: Option<&'a ComplianceStandard>,
}

/// What a snapshot gives, before findings are accepted.
#[derive(Default)]
pub(super) struct JudgedSnapshot {
    /// Sorted by check, resource and item.
    pub(super) results: Vec<CheckResult>,
    pub(super) buckets: Vec<BucketPosture>,
    pub(super) cold_start: Vec<ColdStart>,
    /// How many resources by kind; none where a listing failed.
    pub(super) resources: BTreeMap<String, Option<u64>>,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<String>,
}

impl AuditInput<'_> {
    fn facts(&self) -> Facts<'_> {
        let facts = Facts::new(self.snapshot, self.trust.clone());
        match self.model {
            Some(model) => facts.with_cold_start_model(model),
            None => facts,
        }
    }
}

/// Judges a snapshot.
pub(super) fn judge(case: &AuditInput<'_>) -> Result<JudgedSnapshot, RunError> {
    let snapshot = case.snapshot;
    let facts = case.facts();
    let scope = AuditScope::new(case.resources);
    let in_scope = |subject: &Subject| scope.holds(&subject.id);

    let mut results = Vec::new();
    let mut buckets = Vec::new();
    let mut cold_start = Vec::new();
    checks::assess_resources(&facts, case.selected, &in_scope, &mut |judged| {
        // The placeholder of a failed listing is always judged, and may be outside the Regions.
        if scope.holds(&judged.subject.id) {
            results.extend(judged.findings);
            buckets.extend(judged.posture.bucket);
            cold_start.extend(judged.posture.cold_starts);
        }
    })?;
    results.sort_unstable_by(|a: &CheckResult, b| {
        (&a.check, &a.resource, &a.item).cmp(&(&b.check, &b.resource, &b.item))
    });
    let kinds = case.selected.kinds();
    let resources: BTreeMap<String, Option<u64>> = kinds
        .iter()
        .map(|kind| (kind.name().to_owned(), how_many(&facts, *kind, &scope)))
        .collect();
    Ok(JudgedSnapshot {
        resources,
        gaps: gaps::find(snapshot, case.selected, &results, &scope),
        results,
        buckets,
        cold_start,
        notes: notes(snapshot),
    })
}

/// The program.
pub(super) fn tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Judges everything and builds the report.
pub(super) fn report(case: &AuditInput<'_>) -> Result<Report, RunError> {
    let snapshot = case.snapshot;
    let idle = scope::check_names(&case.facts(), case.resources)?;
    let JudgedSnapshot {
        mut results,
        buckets,
        cold_start,
        resources,
        gaps,
        mut notes,
    } = judge(case)?;
    notes.extend(idle);
    notes.extend(scope::also_judged(case.resources, &resources));
    notes.extend(scope::idle_regions(snapshot, case.resources));
    let (exceptions, remarks) = case.acceptance.apply(snapshot, &mut results);
    notes.extend(remarks);
    Ok(Report {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        taken_at: snapshot.taken_at.clone(),
        source: case.source,
        scope: ScopeSummary {
            organization: organization_of(snapshot),
            accounts: snapshot.accounts.keys().cloned().collect(),
            regions: regions(snapshot, case.resources),
            endpoint: snapshot.endpoint.clone(),
            selection: summary_of(case.selection, case.resources),
            template: None,
        },
        summary: Summary {
            resources,
            api_calls: snapshot.api_calls,
            duration_ms: snapshot.duration_ms,
            ..count(&results)
        },
        checks: case.selected.summaries(),
        gaps,
        results,
        buckets,
        cold_start,
        exceptions,
        policy_changes: Vec::new(),
        accounts: Vec::new(),
        notes,
        gate: None,
        standard: case.standard.map(standard),
        invocation: Invocation::default(),
        since: None,
        account_pages: None,
        fixes: Vec::new(),
        who_can: Vec::new(),
    })
}

fn notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(unread_policies(snapshot));
    if !snapshot.complete {
        notes
            .push("interrupted: the account was read in part; the rest is not assessed".to_owned());
    }
    for account in snapshot.accounts.values() {
        for (name, bucket) in &account.buckets {
            if bucket.does_not_exist() && !is_whole(&account.bucket_listing) {
                notes.push(format!("the bucket `{name}` does not exist"));
            }
        }
    }
    notes
}

/// The id of the organization that an account of the snapshot is in.
fn organization_of(snapshot: &Snapshot) -> Option<String> {
    let organization = snapshot.organization.as_ref()?;
    let mut accounts = snapshot.accounts.keys();
    accounts
        .any(|account| organization.accounts.contains_key(account))
        .then(|| organization.id.clone())
}

/// A caveat for control policies that were not read.
fn unread_policies(snapshot: &Snapshot) -> Option<String> {
    let organization = snapshot.organization.as_ref()?;
    let types = organization.policy_types.values();
    let types = types
        .filter(|enabled| matches!(enabled, Reading::Denied { .. } | Reading::Failed { .. }))
        .count();
    let policies = organization.policies.values();
    let policies = policies
        .filter(|policy| policy.content.known().is_none())
        .count();
    (types + policies > 0).then(|| {
        format!(
            "control policies of organization {} that could not be read: {types} types, {policies} policies; what they deny is reported as if they allowed it",
            organization.id
        )
    })
}

/// How many resources are in scope; none if a listing failed.
fn how_many(facts: &Facts<'_>, kind: SubjectKind, scope: &AuditScope) -> Option<u64> {
    let mut number = 0;
    for subject in facts
        .subjects(kind)
        .filter(|subject| scope.holds(&subject.id))
    {
        if !subject.unlisted.is_empty() {
            return None;
        }
        number += 1;
    }
    Some(number)
}

/// The audited Regions: the selected ones, or those with data.
pub(super) fn regions(snapshot: &Snapshot, resources: &ResourceFilter) -> Vec<String> {
    if !resources.regions.is_empty() {
        let mut regions = resources.regions.clone();
        regions.sort();
        return regions;
    }
    let regions: BTreeSet<&String> = snapshot
        .accounts
        .values()
        .flat_map(|account| {
            account.regions.keys().chain(
                account
                    .buckets
                    .values()
                    .filter_map(|bucket| bucket.region.as_ref()),
            )
        })
        .collect();
    regions.into_iter().cloned().collect()
}

pub(super) fn summary_of(
    selection: &SelectionOptions,
    resources: &ResourceFilter,
) -> SelectionSummary {
    let values = |globs: &[crate::cli::Placed<String>]| {
        globs.iter().map(|glob| glob.value.clone()).collect()
    };
    SelectionSummary {
        pack: selection.pack.0.value.clone(),
        check: values(&selection.check),
        exclude: values(&selection.exclude),
        severity: selection.severity,
        bucket: resources.buckets.clone(),
        function: resources.functions.clone(),
    }
}

pub(super) fn standard(found: &ComplianceStandard) -> StandardSummary {
    let controls = found.controls.iter().map(|(id, control)| {
        let summary = ControlSummary {
            title: control.title.clone(),
            not_covered: control.not_covered.clone(),
        };
        (id.clone(), summary)
    });
    StandardSummary {
        title: found.title.clone(),
        catalogue: found.catalogue.clone(),
        controls: controls.collect(),
    }
}

pub(super) fn count(results: &[CheckResult]) -> Summary {
    let zeros = |names: &mut dyn Iterator<Item = &'static str>| -> BTreeMap<String, u64> {
        names.map(|name| (name.to_owned(), 0)).collect()
    };
    let mut by_status = zeros(&mut Status::ALL.iter().map(|status| status.name()));
    let mut by_severity = zeros(&mut Severity::ALL.iter().map(|severity| severity.name()));
    for result in results {
        *by_status
            .entry(result.status.name().to_owned())
            .or_default() += 1;
        if result.status == Status::Fail {
            *by_severity
                .entry(result.severity.name().to_owned())
                .or_default() += 1;
        }
    }
    Summary {
        results: by_status,
        failed_by_severity: by_severity,
        not_requested: results
            .iter()
            .filter(|result| !result.not_requested.is_empty())
            .fold(0, |number, _| number + 1),
        ..Summary::default()
    }
}
