//! Reading the accounts of a run: plan, read what is not read yet, write each account's files.

use std::collections::BTreeSet;
use std::time::Duration;

use super::folder::{self, RunFolder, RunLock, RunStore};
use super::merging;
use super::planning::{self, Acceptable, AccountPlan};
use super::read_manifest;
use crate::cli::options::{AccountChoice, AccountsOptions, AuditOptions, account_ids};
use crate::collect::accounts::{
    self, AccountFailure, AccountOutcome, AccountRun, AccountsRequest, read_organization,
};
use crate::collect::{AccountsProgress, CollectError, CollectRequest};
use crate::inventory::Snapshot;
use crate::inventory::organization::Organization;
use crate::output::jsonl;
use crate::report::account_run::{AccountStatus, RUN_SCHEMA, ReadStatus, RunManifest, ShardFile};
use crate::run::audit::AuditRules;
use crate::run::console::Console;
use crate::run::{RunError, assess, files, source};

/// How reading ended.
pub(super) struct EndedRun {
    pub(super) folder: RunFolder,
    pub(super) manifest: RunManifest,
    /// The accounts of the shard, where there are several.
    pub(super) only: Option<BTreeSet<String>>,
    pub(super) interrupted: bool,
    /// What ended it for all accounts.
    pub(super) fatal: Option<CollectError>,
    _lock: RunLock,
}

/// A run whose accounts are known.
pub(in crate::run) struct PlannedRun {
    folder: RunFolder,
    manifest: RunManifest,
    organization: Option<Organization>,
    /// The accounts of the shard, or all.
    mine: BTreeSet<String>,
    /// Those of them that are not read yet.
    waiting: Vec<String>,
    lock: RunLock,
}

#[cfg(feature = "lambda")]
impl PlannedRun {
    pub(in crate::run) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    pub(in crate::run) fn waiting(&self) -> &[String] {
        &self.waiting
    }
}

/// Finds out which accounts are read: writes the organization and the manifest, and reads no account.
pub(in crate::run) fn plan(
    audit: &AuditOptions,
    options: &AccountsOptions,
    rules: &AuditRules,
    console: &mut Console<'_>,
) -> Result<PlannedRun, RunError> {
    let now = crate::collect::now();
    let folder = choose_run(options, &audit.request, &now)?;
    let part = options
        .shard
        .map(|shard| format!("-{}-of-{}", shard.index, shard.of))
        .unwrap_or_default();
    let lock = folder.lock(&part)?;
    let not_before = oldest(&now, options.max_age);
    let organization = organization(&folder, audit, options, not_before, console)?;
    let plan = match (&options.choice, &organization) {
        (AccountChoice::Organization, Some(organization)) => {
            AccountPlan::of_organization(organization, &options.exclude)
        }
        (AccountChoice::List(list), _) => AccountPlan::of_list(list, &options.exclude),
        (AccountChoice::File(file), _) => {
            let text = files::read_text(file)?;
            let list = account_ids(&file.display().to_string(), &text);
            AccountPlan::of_list(&list.map_err(RunError::Mistakes)?, &options.exclude)
        }
        (AccountChoice::Organization, None) => AccountPlan::default(),
    };
    let manifest = manifest(
        &folder,
        audit,
        options,
        rules,
        &plan,
        organization.as_ref(),
        &now,
    )?;
    let mine: BTreeSet<String> = manifest
        .planned
        .iter()
        .filter(|account| {
            options
                .shard
                .is_none_or(|shard| planning::is_in_shard(account, shard))
        })
        .cloned()
        .collect();
    let acceptable = acceptable(&folder, &manifest, options, not_before);
    let mut waiting = Vec::new();
    for account in &mine {
        if acceptable.done(account)?.is_none() {
            waiting.push(account.clone());
        }
    }
    console.note(&format!(
        "run {}: {} accounts, {} read already, {} skipped",
        folder.run(),
        mine.len(),
        mine.len() - waiting.len(),
        manifest.skipped.len()
    ));
    Ok(PlannedRun {
        folder,
        manifest,
        organization,
        mine,
        waiting,
        lock,
    })
}

fn acceptable<'a>(
    folder: &'a RunFolder,
    manifest: &RunManifest,
    options: &'a AccountsOptions,
    not_before: jiff::Timestamp,
) -> Acceptable<'a> {
    Acceptable {
        folder,
        hashes: BTreeSet::from([manifest.needs_hash.clone()]),
        not_before,
        refresh: &options.refresh,
    }
}

/// Reads the accounts that are not read yet.
pub(super) fn read(
    audit: &AuditOptions,
    options: &AccountsOptions,
    rules: &AuditRules,
    console: &mut Console<'_>,
) -> Result<EndedRun, RunError> {
    let PlannedRun {
        folder,
        manifest,
        mut organization,
        mine,
        waiting,
        lock,
    } = plan(audit, options, rules, console)?;
    let done = mine.len() - waiting.len();
    let mut ended = EndedRun {
        only: options.shard.map(|_| mine.clone()),
        folder,
        manifest,
        interrupted: false,
        fatal: None,
        _lock: lock,
    };
    if !waiting.is_empty() {
        let run = ended.folder.run();
        let progress = console.accounts_progress(mine.len(), done);
        let request = request(audit, options, rules, run, waiting);
        let run = accounts::read_accounts(request, progress.clone())?;
        let mut writer = AccountWriter {
            audit,
            rules,
            folder: &ended.folder,
            needs_hash: &ended.manifest.needs_hash,
            organization: &mut organization,
        };
        let (finished, failed) = take(run, &mut writer, console, &progress);
        progress.close();
        failed?;
        match finished {
            Ok(interrupted) => ended.interrupted = interrupted,
            Err(error) => ended.fatal = Some(error),
        }
    }
    if let (Some(shard), false, None) = (options.shard, ended.interrupted, &ended.fatal) {
        ended.folder.write_json(
            &ended.folder.shard(shard.index, shard.of),
            &ShardFile {
                shard: shard.index,
                shards: shard.of,
                needs_hash: ended.manifest.needs_hash.clone(),
                organization: ended.manifest.organization.clone(),
                accounts: mine.into_iter().collect(),
            },
        )?;
    }
    Ok(ended)
}

/// Reads one account of a planned run and writes its files. An account that is read already is not read
/// again: an invocation may be repeated.
#[cfg(feature = "lambda")]
pub(in crate::run) fn read_one(
    audit: &AuditOptions,
    options: &AccountsOptions,
    rules: &AuditRules,
    folder: &RunFolder,
    account: &str,
    console: &mut Console<'_>,
) -> Result<AccountStatus, RunError> {
    let unplanned = || {
        RunError::mistake(
            format!("run {} has no account {account}", folder.run()),
            Some("the event `plan` begins a run".to_owned()),
        )
    };
    let manifest = read_manifest(folder)?.ok_or_else(unplanned)?;
    if !manifest.planned.iter().any(|planned| planned == account) {
        return Err(unplanned());
    }
    let not_before = oldest(&crate::collect::now(), options.max_age);
    if let Some(status) = acceptable(folder, &manifest, options, not_before).done(account)? {
        return Ok(status);
    }
    let key = folder.organization();
    let mut organization = match folder.read(&key)? {
        Some(bytes) => Some(source::parse_organization(&folder.shown(&key), &bytes)?),
        None => None,
    };
    let waiting = vec![account.to_owned()];
    let request = request(audit, options, rules, folder.run(), waiting);
    let mut run = accounts::read_accounts(request, AccountsProgress::silent())?;
    let mut writer = AccountWriter {
        audit,
        rules,
        folder,
        needs_hash: &manifest.needs_hash,
        organization: &mut organization,
    };
    let status = match run.next() {
        Some(outcome) => writer.write(outcome)?.map(|(status, _)| status),
        None => None,
    };
    run.finish()?;
    let status = status.ok_or(CollectError::Interrupted)?;
    let why = status.why.as_ref().map(|why| format!(": {why}"));
    console.note(&format!(
        "{account} {}{}",
        status.status.name(),
        why.unwrap_or_default()
    ));
    Ok(status)
}

/// Writes each account as it comes. A file that cannot be written ends the run.
fn take(
    mut run: AccountRun,
    writer: &mut AccountWriter<'_>,
    console: &mut Console<'_>,
    progress: &AccountsProgress,
) -> (Result<bool, CollectError>, Result<(), RunError>) {
    let mut failed = Ok(());
    for outcome in run.by_ref() {
        let account = outcome.account.clone();
        match writer.write(outcome) {
            Ok(Some((status, critical))) => {
                let read = status.status.is_read();
                let due = progress.finished(read, critical, status.api_calls);
                let why = status.why.map(|why| format!(": {why}")).unwrap_or_default();
                progress.suspend(|| {
                    console.detail(&format!("{account} {}{why}", status.status.name()));
                    if let Some(line) = due {
                        console.note(&line);
                    }
                });
            }
            Ok(None) => {}
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    (run.finish(), failed)
}

fn request(
    audit: &AuditOptions,
    options: &AccountsOptions,
    rules: &AuditRules,
    run: &str,
    waiting: Vec<String>,
) -> AccountsRequest {
    AccountsRequest {
        collect: CollectRequest {
            needs: rules.needs.clone(),
            ..audit.request.clone()
        },
        accounts: waiting,
        role: options.role.clone(),
        external_id: options.external_id.clone(),
        session_policy: crate::run::permissions::session_policy(
            &rules.needs,
            &audit.request.opted().into_iter().collect::<Vec<_>>(),
        ),
        run: run.to_owned(),
        in_flight: options.in_flight,
        memory: options.memory,
        timeout: options.account_timeout,
    }
}

/// The run that is begun, or taken up again.
fn choose_run(
    options: &AccountsOptions,
    request: &CollectRequest,
    now: &str,
) -> Result<RunFolder, RunError> {
    let store = RunStore::open(&options.to, request)?;
    if let Some(run) = &options.run {
        let folder = RunFolder::new(&store, run);
        if !options.resume && options.shard.is_none() && read_manifest(&folder)?.is_some() {
            return Err(RunError::mistake(
                format!("run {run} exists already"),
                Some("add --resume to finish it, or choose another --run".to_owned()),
            ));
        }
        return Ok(folder);
    }
    if options.resume {
        let runs = store.runs()?;
        for run in runs.iter().rev() {
            let folder = RunFolder::new(&store, run);
            if read_manifest(&folder)?.is_some() && folder.read(&folder.summary())?.is_none() {
                return Ok(folder);
            }
        }
        // The newest may have accounts that were not readable.
        return match runs.last() {
            Some(newest) => Ok(RunFolder::new(&store, newest)),
            None => Err(RunError::mistake(
                format!("{} holds no run to resume", store.shown("")),
                None,
            )),
        };
    }
    // `:` is no letter of a folder's name everywhere.
    Ok(RunFolder::new(&store, &now.replace(':', "-")))
}

/// The oldest time at which an account may have been read.
fn oldest(now: &str, max_age: Duration) -> jiff::Timestamp {
    let now: jiff::Timestamp = now.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::SignedDuration::try_from(max_age)
        .ok()
        .and_then(|age| now.checked_sub(age).ok())
        .unwrap_or(jiff::Timestamp::MIN)
}

/// The organization: the run's own document while it is fresh, otherwise read anew. For a list of
/// accounts only what was given.
fn organization(
    folder: &RunFolder,
    audit: &AuditOptions,
    options: &AccountsOptions,
    not_before: jiff::Timestamp,
    console: &mut Console<'_>,
) -> Result<Option<Organization>, RunError> {
    if let Some(file) = &audit.control_policies {
        let organization = source::read_organization(file)?;
        folder.write_json(&folder.organization(), &organization)?;
        return Ok(Some(organization));
    }
    let key = folder.organization();
    let kept = match folder.read(&key)? {
        Some(bytes) => Some(source::parse_organization(&folder.shown(&key), &bytes)?),
        None => None,
    };
    if options.choice != AccountChoice::Organization {
        return Ok(kept);
    }
    let is_fresh = |organization: &Organization| {
        organization
            .taken_at
            .parse::<jiff::Timestamp>()
            .is_ok_and(|taken_at| taken_at >= not_before)
    };
    if let Some(kept) = kept.filter(is_fresh) {
        return Ok(Some(kept));
    }
    let organization = read_organization(audit.request.clone(), console.progress())?;
    folder.write_json(&key, &organization)?;
    Ok(Some(organization))
}

/// The run's manifest: written at its beginning, compared and brought up to date when it is resumed.
fn manifest(
    folder: &RunFolder,
    audit: &AuditOptions,
    options: &AccountsOptions,
    rules: &AuditRules,
    plan: &AccountPlan,
    organization: Option<&Organization>,
    now: &str,
) -> Result<RunManifest, RunError> {
    let needs = planning::names_of(&rules.needs);
    let mut manifest = RunManifest {
        schema: RUN_SCHEMA.to_owned(),
        run: folder.run().to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now.to_owned(),
        selection: assess::summary_of(&audit.selection, &audit.request.resources),
        needs_hash: planning::hash_of(&needs),
        needs,
        role: options.role.clone(),
        endpoint: audit.request.endpoint_url.clone(),
        organization: organization.map(|organization| organization.id.clone()),
        shards: options.shard.map_or(1, |shard| shard.of),
        planned: plan.planned.clone(),
        skipped: plan.skipped.clone(),
    };
    if let Some(before) = read_manifest(folder)? {
        planning::check_same(&before, &manifest)?;
        manifest.taken_at = before.taken_at;
        let collected: BTreeSet<&String> = before.needs.iter().collect();
        // What was collected covers what is asked for: it stays good.
        if manifest.needs.iter().all(|need| collected.contains(need)) {
            manifest.needs_hash = before.needs_hash;
            manifest.needs = before.needs;
        }
    }
    folder.write_json(&folder.manifest(), &manifest)?;
    Ok(manifest)
}

/// Writes the files of accounts.
struct AccountWriter<'a> {
    audit: &'a AuditOptions,
    rules: &'a AuditRules,
    folder: &'a RunFolder,
    needs_hash: &'a str,
    organization: &'a mut Option<Organization>,
}

impl AccountWriter<'_> {
    /// Writes an account's snapshot, its results, and last its status; none for one that was interrupted.
    /// Gives the status and the number of critical findings.
    fn write(&mut self, outcome: AccountOutcome) -> Result<Option<(AccountStatus, u64)>, RunError> {
        let attempt = planning::status(self.folder, &outcome.account)?
            .map_or(0, |status| status.attempt)
            .saturating_add(1);
        let mut status = AccountStatus {
            account: outcome.account.clone(),
            status: ReadStatus::Read,
            attempt,
            taken_at: outcome.began.clone(),
            duration_ms: outcome.duration_ms,
            api_calls: 0,
            needs_hash: self.needs_hash.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            snapshot_sha256: None,
            code: None,
            why: None,
        };
        let mut critical = 0;
        match outcome.result {
            Ok(snapshot) => critical = self.write_account(snapshot, &mut status)?,
            Err(AccountFailure::Interrupted) => return Ok(None),
            Err(AccountFailure::Refused { code, message }) => {
                status.status = ReadStatus::Unreadable;
                status.why = Some(format!("sts:AssumeRole was refused ({code}): {message}"));
                status.code = Some(code);
            }
            Err(AccountFailure::Failed { code, message }) => {
                status.status = ReadStatus::Failed;
                status.why = Some(format!("{code}: {message}"));
                status.code = Some(code);
            }
        }
        self.folder
            .write_json(&self.folder.status(&status.account), &status)?;
        Ok(Some((status, critical)))
    }

    fn write_account(
        &mut self,
        mut snapshot: Snapshot,
        status: &mut AccountStatus,
    ) -> Result<u64, RunError> {
        let bytes = folder::compressed(|out| {
            serde_json::to_writer(&mut *out, &snapshot).map_err(Into::into)
        })?;
        self.folder
            .write(&self.folder.snapshot(&status.account), &bytes)?;
        status.snapshot_sha256 = Some(folder::sha256(&bytes));
        status.api_calls = snapshot.api_calls;
        snapshot.organization = self.organization.take();
        let account = merging::judge(&snapshot, self.audit, self.rules);
        *self.organization = snapshot.organization.take();
        let account = account?;
        if !account.judged.gaps.is_empty() {
            status.status = ReadStatus::Partial;
        }
        let report = merging::report_of(account, self.audit, self.rules);
        let lines = folder::compressed(|out| jsonl::render(&report, out))?;
        self.folder
            .write(&self.folder.results(&status.account), &lines)?;
        let failed = &report.summary.failed_by_severity;
        Ok(failed.get("critical").copied().unwrap_or(0))
    }
}
