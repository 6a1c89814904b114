//! `doctor`: before a run, who reads what, which permissions are missing, and what it takes.
//!
//! Permissions are tried, not simulated: the readings of the selected checks are made of one bucket
//! and one function. A permission that none of their settings needs is not tried, and said to be.

use std::collections::{BTreeMap, BTreeSet};

use super::console::Console;
use super::files::Stdout;
use super::source;
use super::{Exit, RunError, catalogue, invocation};
use crate::checks::Selected;
use crate::cli::options::{AuditSource, DoctorOptions};
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind, Scope};
use crate::inventory::{ReadingState, Snapshot};

use crate::inventory::readings::{ReadingOwner, RegionalKind};
use crate::inventory::request::{CollectRequest, ResourceFilter};
use crate::output::commands::Commands;
use crate::output::doctor;
use crate::report::Severity;
use crate::report::doctor::{PermissionState, PlannedCall, Readiness, TryOutcome};

/// Environment variables that name a proxy.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

pub(super) fn run(
    options: DoctorOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&options.selection.policies)?;
    let selected = catalogue::select(&catalogue, &options.selection)?;
    let needs = catalogue::needs(&selected);
    let listings: BTreeSet<(SubjectKind, Need)> = needs
        .iter()
        .copied()
        .filter(|(_, need)| {
            let reading = need.reading;
            reading.lists().is_some() || reading == ReadingKind::RegionListing
        })
        .chain(selected.iter().flat_map(|check| {
            let subject = check.subject;
            check
                .listings()
                .map(move |reading| (subject, Need::own(reading)))
        }))
        .collect();
    let request = |needs, resources| CollectRequest {
        needs,
        resources,
        ..options.request.clone()
    };
    let listing = request(listings, options.request.resources.clone());
    let (listed, _) = source::obtain(&options.source, listing, console)?;
    let chosen = choose(&listed);
    let tried = match &options.source {
        AuditSource::Live => {
            let resources = ResourceFilter {
                buckets: chosen.bucket.iter().cloned().collect(),
                functions: chosen
                    .function
                    .iter()
                    .map(|(_, name)| name.clone())
                    .collect(),
                regions: match &chosen.function {
                    Some((region, _)) => vec![region.clone()],
                    None => options.request.resources.regions.clone(),
                },
            };
            source::obtain(&options.source, request(needs.clone(), resources), console)?.0
        }
        // What is recorded has every answer.
        AuditSource::Snapshot(_) | AuditSource::Sample => listed.clone(),
    };
    let run = invocation::of(
        &options.source,
        &options.request,
        &options.selection,
        console.named_config(),
    );
    let found = Readiness {
        command: Commands::of_run(&run).permissions(),
        ..readiness(&selected, &needs, &listed, &tried, &chosen)
    };
    let refused = |one: &PermissionState| {
        matches!(one.attempt, TryOutcome::Denied(_) | TryOutcome::Failed(_))
    };
    let exit = if found.permissions.iter().any(refused) {
        Exit::Incomplete
    } else {
        Exit::Clean
    };
    let look = console.look();
    stdout.write(|out| doctor::render(&found, look, out))?;
    Ok(exit)
}

/// The calls that an audit by the selected checks would make.
pub(super) fn plan(selected: &Selected, opted: &BTreeSet<ReadingKind>) -> Vec<PlannedCall> {
    let mut calls: Vec<(Scope, PlannedCall)> = Vec::new();
    let mut readings: Vec<ReadingKind> = catalogue::needs(selected)
        .iter()
        .map(|(_, need)| need.reading)
        .filter(|reading| !reading.opt_in() || opted.contains(reading))
        .collect();
    readings.sort_unstable();
    readings.dedup();
    for reading in readings {
        let checks = checks_of(selected, reading).count();
        calls.extend(reading.calls().iter().map(|call| {
            let planned = PlannedCall {
                per: per(reading.scope()),
                operation: format!("{} {}", call.service, call.operation),
                action: call.action,
                conditional: reading.guard() != crate::inventory::need::Guard::Always,
                checks,
            };
            (reading.scope(), planned)
        }));
    }
    calls.sort_by(|a, b| (a.0, &a.1.operation).cmp(&(b.0, &b.1.operation)));
    calls.into_iter().map(|(_, call)| call).collect()
}

/// The selected checks that need a reading, by their severities.
fn checks_of(selected: &Selected, reading: ReadingKind) -> impl Iterator<Item = Severity> {
    selected
        .iter()
        .filter(move |check| check.needs().iter().any(|need| need.reading == reading))
        .map(|check| check.severity)
}

fn per(scope: Scope) -> &'static str {
    match scope {
        Scope::Account => "account",
        Scope::Region => "Region",
        Scope::Bucket => "bucket",
        Scope::DirectoryBucket | Scope::TableBucket | Scope::VectorBucket | Scope::FileSystem => {
            RegionalKind::of_scope(scope).map_or("", |row| row.kind.noun())
        }
        Scope::Key => "KMS key",
        Scope::Target => "destination bucket",
        Scope::Trail => "trail",
        Scope::Identity => "identity",
        Scope::AccessPoint => "access point",
        Scope::MultiRegionAccessPoint => "Multi-Region access point",
        Scope::Function => "function",
        Scope::WebFunction => "Web Function",
    }
}

/// What permissions are tried on.
struct ProbeResources {
    bucket: Option<String>,
    /// Region and name.
    function: Option<(String, String)>,
}

/// The first bucket and the first function.
fn choose(listed: &Snapshot) -> ProbeResources {
    let accounts = || listed.accounts.values();
    ProbeResources {
        bucket: accounts().find_map(|account| account.buckets.keys().next().cloned()),
        function: accounts().find_map(|account| {
            account.regions.iter().find_map(|(region, inventory)| {
                let name = inventory.functions.keys().next()?;
                Some((region.clone(), name.clone()))
            })
        }),
    }
}

fn readiness(
    selected: &Selected,
    needs: &BTreeSet<(SubjectKind, Need)>,
    listed: &Snapshot,
    tried: &Snapshot,
    chosen: &ProbeResources,
) -> Readiness {
    let account = listed.accounts.iter().next();
    let inventory = account.map(|(_, inventory)| inventory);
    let attempts = attempts(listed, tried);
    let mut actions: BTreeMap<&str, ReadingKind> = BTreeMap::new();
    for reading in needs
        .iter()
        .map(|(_, need)| need.reading)
        .filter(|one| !one.opt_in())
    {
        for call in reading
            .calls()
            .iter()
            .filter(|call| !call.action.is_empty())
        {
            actions.entry(call.action).or_insert(reading);
        }
    }
    let mut permissions: Vec<PermissionState> = actions
        .into_iter()
        .map(|(action, reading)| PermissionState {
            action: action.to_owned(),
            attempt: attempts
                .get(action)
                .cloned()
                .unwrap_or(TryOutcome::NotTried),
            checks: checks_of(selected, reading).count(),
            worst: checks_of(selected, reading).max(),
        })
        .collect();
    permissions.sort_by(|a, b| {
        (&a.attempt, std::cmp::Reverse(a.worst), &a.action).cmp(&(
            &b.attempt,
            std::cmp::Reverse(b.worst),
            &b.action,
        ))
    });
    let calls = expected_calls(listed, tried);
    let latency_ms = tried.duration_ms as f64 / tried.api_calls.max(1) as f64;
    let at_once = crate::inventory::request::DEFAULT_CONCURRENCY as f64 / 4.0;
    Readiness {
        tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        account: account.map_or_else(|| "unknown".to_owned(), |(id, _)| id.clone()),
        caller: inventory
            .and_then(|account| account.caller.known())
            .map(|caller| caller.arn.clone()),
        endpoint: listed.endpoint.clone(),
        proxies: PROXIES
            .iter()
            .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
            .map(|name| (*name).to_owned())
            .collect(),
        regions: inventory
            .map(|account| account.regions.keys().cloned().collect())
            .unwrap_or_default(),
        resources: inventory.map(resources).unwrap_or_default(),
        tried_on: [
            chosen.bucket.as_ref().map(|name| format!("bucket {name}")),
            chosen
                .function
                .as_ref()
                .map(|(region, name)| format!("function {name} in {region}")),
        ]
        .into_iter()
        .flatten()
        .collect(),
        permissions,
        calls,
        seconds: (calls as f64 / at_once * latency_ms / 1000.0).max(1.0),
        command: String::new(),
    }
}

fn resources(account: &AccountInventory) -> Vec<(&'static str, Option<u64>)> {
    let number = |many: usize| u64::try_from(many).ok();
    let functions: usize = account
        .regions
        .values()
        .map(|region| region.functions.len())
        .sum();
    let listed = account.bucket_listing.known().is_some();
    let regional = account.regions.values();
    let regional = regional.map(|region| region.all_regional_buckets().count());
    let buckets = account.buckets.len().saturating_add(regional.sum());
    vec![
        (
            SubjectKind::Bucket.name(),
            number(buckets).filter(|_| listed || buckets > 0),
        ),
        (SubjectKind::Function.name(), number(functions)),
    ]
}

/// The worst that came of each action.
fn attempts(listed: &Snapshot, tried: &Snapshot) -> BTreeMap<String, TryOutcome> {
    let mut all: BTreeMap<String, TryOutcome> = BTreeMap::new();
    for snapshot in [listed, tried] {
        for (id, account) in &snapshot.accounts {
            for owner in ReadingOwner::all(id, account) {
                for (kind, reading) in owner.readings() {
                    let state = reading.state();
                    let attempt = match state {
                        ReadingState::Denied { code, .. } => TryOutcome::Denied(code.to_owned()),
                        ReadingState::Failed { code, .. } => TryOutcome::Failed(code.to_owned()),
                        _ if state.was_called() => TryOutcome::Allowed,
                        _ => continue,
                    };
                    let action = match state {
                        ReadingState::Denied { action, .. }
                        | ReadingState::Failed { action, .. } => action,
                        _ => kind.action(),
                    };
                    let known = all
                        .entry(action.to_owned())
                        .or_insert_with(|| attempt.clone());
                    *known = known.clone().min(attempt);
                }
            }
        }
    }
    all
}

/// The calls of a whole run: of each kind of owner, as many as the tried ones took.
fn expected_calls(listed: &Snapshot, tried: &Snapshot) -> u64 {
    let mut per_scope: BTreeMap<Scope, (u64, u64)> = BTreeMap::new();
    for (id, account) in &tried.accounts {
        for owner in ReadingOwner::all(id, account) {
            let called = owner
                .readings()
                .into_iter()
                .filter(|(_, reading)| reading.state().was_called())
                .fold(0, |many, _| many + 1);
            let (calls, owners) = per_scope.entry(owner.inventory.scope()).or_default();
            *calls += called;
            *owners += 1;
        }
    }
    let mut total = 0;
    for (id, account) in &listed.accounts {
        for owner in ReadingOwner::all(id, account) {
            if let Some((calls, owners)) = per_scope.get(&owner.inventory.scope()) {
                total += calls.div_ceil((*owners).max(1));
            }
        }
    }
    total.max(tried.api_calls)
}
