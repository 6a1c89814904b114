//! `audit --organization` and `audit --accounts`: many accounts in one run that can be interrupted,
//! resumed, divided into shards and merged.
//!
//! Collecting is by account and leaves whole files; judging is pure. So resuming asks which files are
//! there, merging judges the files in the order of account ids, and several shards are one run.

#[cfg_attr(
    not(feature = "aws"),
    allow(
        dead_code,
        reason = "only a build that reads accounts writes their files"
    )
)]
mod folder;
#[cfg_attr(
    not(feature = "aws"),
    allow(
        dead_code,
        reason = "only a build that reads accounts writes their files"
    )
)]
mod merging;
#[cfg_attr(
    not(feature = "aws"),
    allow(
        dead_code,
        reason = "only a build that reads accounts writes their files"
    )
)]
mod planning;
#[cfg(feature = "aws")]
mod reading;
mod spool;
mod worst;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub(super) use folder::{RunFolder, RunStore};
#[cfg(feature = "lambda")]
pub(super) use reading::{plan, read_one};

use super::accepting::{self, FailedByAccount};
use super::audit::{self, AuditRules};
use super::console::Console;
use super::files::Stdout;
use super::{Exit, RunError, files, gate};
use crate::cli::options::{AccountsOptions, AuditOptions, RunTarget};
#[cfg(feature = "lambda")]
use crate::output::Look;
use crate::output::verdict;
use crate::report::account_run::{RunManifest, ShardFile};
use merging::{MergeInput, Merged, WritePage};

/// The folder of the accounts' pages, beside the page of all.
#[cfg(feature = "lambda")]
const PAGES: &str = "accounts";

/// Reads the accounts of a run as far as they are not read yet, and reports on all of them.
#[cfg(feature = "aws")]
pub(super) fn run(
    audit: &AuditOptions,
    accounts: &AccountsOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let rules = audit::prepare(audit)?;
    let before = before(audit)?;
    let pages = write_pages(audit);
    let ended = reading::read(audit, accounts, &rules, console)?;
    let folder = &ended.folder;
    let mut merged = merging::merge(&MergeInput {
        folder,
        manifest: &ended.manifest,
        audit,
        rules: &rules,
        only: ended.only.as_ref(),
        before,
        page: pages.as_deref(),
    })?;
    if let Some(error) = &ended.fatal {
        if !merged.any_read {
            return Err(RunError::Collect(error.clone()));
        }
        console.error(&error.to_string());
    }
    let whole = ended.only.is_none();
    if whole {
        folder.write_json(&folder.summary(), &merged.summary)?;
    }
    let stopped = ended.fatal.is_some() || ended.interrupted;
    merged.close(!stopped);
    write(audit, &mut merged, console, stdout)?;
    if stopped {
        console.note(&format!(
            "{} of {} accounts were read; finish with --to {} --run {} --resume",
            merged.report.scope.accounts.len(),
            ended.manifest.planned.len(),
            folder.store().shown(""),
            folder.run()
        ));
    }
    Ok(exit(audit, &merged, console))
}

/// Reports that this build cannot read an account.
#[cfg(not(feature = "aws"))]
pub(super) fn run(
    _audit: &AuditOptions,
    _accounts: &AccountsOptions,
    _console: &mut Console<'_>,
    _stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    Err(RunError::Offline)
}

/// `merge`: reports on the files of a run.
pub(super) fn merge(
    audit: &AuditOptions,
    target: &RunTarget,
    run: Option<&str>,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let rules = audit::prepare(audit)?;
    let store = RunStore::open(target, &audit.request)?;
    let folder = chosen(&store, run)?;
    let Some(manifest) = read_manifest(&folder)? else {
        return Err(no_run(&store, folder.run())?);
    };
    check_needs(&rules, &manifest, console);
    let missing = missing_shards(&folder, &manifest)?;
    let pages = write_pages(audit);
    let mut merged = merging::merge(&MergeInput {
        folder: &folder,
        manifest: &manifest,
        audit,
        rules: &rules,
        only: None,
        before: before(audit)?,
        page: pages.as_deref(),
    })?;
    if missing.is_empty() {
        folder.write_json(&folder.summary(), &merged.summary)?;
    } else {
        let numbers: Vec<String> = missing.iter().map(u32::to_string).collect();
        console.note(&format!(
            "shards of {} that have not finished: {}",
            manifest.shards,
            numbers.join(", ")
        ));
    }
    merged.close(missing.is_empty());
    write(audit, &mut merged, console, stdout)?;
    Ok(exit(audit, &merged, console))
}

/// Reports on the files of a run into files of the run, one a format.
#[cfg(feature = "lambda")]
pub(super) fn merge_into_reports(
    audit: &AuditOptions,
    rules: &AuditRules,
    folder: &RunFolder,
    formats: &[crate::output::Format],
    console: &mut Console<'_>,
) -> Result<Merged, RunError> {
    let Some(manifest) = read_manifest(folder)? else {
        return Err(no_run(folder.store(), folder.run())?);
    };
    check_needs(rules, &manifest, console);
    let write_page: &WritePage<'_> =
        &|account, page| folder.write(&folder.report(&format!("{PAGES}/{account}.html")), page);
    let has_pages = formats.iter().any(|format| format.name() == "html");
    let mut merged = merging::merge(&MergeInput {
        folder,
        manifest: &manifest,
        audit,
        rules,
        only: None,
        before: before(audit)?,
        page: has_pages.then_some(write_page),
    })?;
    folder.write_json(&folder.summary(), &merged.summary)?;
    merged.close(true);
    let mut whole = merged.in_memory();
    whole.account_pages = Some(PAGES.to_owned());
    for format in formats {
        let key = folder.report(&format!("report.{}", format.name()));
        folder.write_by(&key, |out| {
            audit::render(*format, &whole, &merged, Look::FILE, out)
        })?;
    }
    Ok(merged)
}

/// The run of that id, or the newest.
fn chosen(store: &RunStore, run: Option<&str>) -> Result<RunFolder, RunError> {
    if let Some(run) = run {
        return Ok(RunFolder::new(store, run));
    }
    let runs = store.runs()?;
    match runs.last() {
        Some(newest) => Ok(RunFolder::new(store, newest)),
        None => Err(RunError::mistake(
            format!("{} holds no run", store.shown("")),
            Some("`coldbucket audit --organization --to DIR` makes one".to_owned()),
        )),
    }
}

fn no_run(store: &RunStore, run: &str) -> Result<RunError, RunError> {
    let runs = store.runs()?;
    Ok(RunError::mistake(
        format!("{} holds no run {run}", store.shown("")),
        crate::cli::did_you_mean(run, runs.iter().map(String::as_str)),
    ))
}

fn read_manifest(folder: &RunFolder) -> Result<Option<RunManifest>, RunError> {
    folder.read_json(&folder.manifest(), "manifest of a run")
}

/// Notes readings that the selected checks open and the run did not collect: they are not assessed.
fn check_needs(rules: &AuditRules, manifest: &RunManifest, console: &mut Console<'_>) {
    let collected: BTreeSet<&String> = manifest.needs.iter().collect();
    let needs = planning::names_of(&rules.needs);
    let absent = needs
        .iter()
        .filter(|need| !collected.contains(need))
        .count();
    if absent > 0 {
        console.note(&format!(
            "note: {absent} readings of the selected checks were not collected in run {}",
            manifest.run
        ));
    }
}

/// The numbers of the shards that have not finished.
fn missing_shards(folder: &RunFolder, manifest: &RunManifest) -> Result<Vec<u32>, RunError> {
    if manifest.shards <= 1 {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for shard in 0..manifest.shards {
        let file: Option<ShardFile> = folder.read_json(
            &folder.shard(shard, manifest.shards),
            "list of a shard's accounts",
        )?;
        match file {
            Some(file) if file.organization != manifest.organization => {
                return Err(RunError::mistake(
                    format!("shard {shard} read another organization than the run"),
                    None,
                ));
            }
            Some(_) => {}
            None => missing.push(shard),
        }
    }
    Ok(missing)
}

/// The findings of the run that `--since` names.
fn before(audit: &AuditOptions) -> Result<FailedByAccount, RunError> {
    match &audit.since {
        Some(file) => accepting::read_accounts(file),
        None => Ok(FailedByAccount::default()),
    }
}

/// Writes the page of each account beside each page of all.
fn write_pages(audit: &AuditOptions) -> Option<Box<WritePage<'static>>> {
    let folders: Vec<PathBuf> = audit
        .outputs
        .iter()
        .filter_map(audit::account_pages)
        .collect();
    if folders.is_empty() {
        return None;
    }
    Some(Box::new(move |account, page| {
        for folder in &folders {
            files::write_in(folder, &format!("{account}.html"), page)?;
        }
        Ok(())
    }))
}

/// Writes the outputs.
fn write(
    audit: &AuditOptions,
    merged: &mut Merged,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<(), RunError> {
    let whole = merged.in_memory();
    audit::write(audit, &whole, merged, console, stdout).map(|_| ())
}

/// The exit code of a merged report.
fn exit(audit: &AuditOptions, merged: &Merged, console: &mut Console<'_>) -> Exit {
    if !merged.any_read && !merged.report.accounts.is_empty() && !audit.gate.allow_incomplete {
        console.note("exit code 4: no account could be read");
        return Exit::Nothing;
    }
    let Some(outcome) = &merged.report.gate else {
        return Exit::Clean;
    };
    let exit = gate::exit_of(outcome);
    if exit == Exit::Incomplete {
        let accounts = &merged.report.accounts;
        let unread = accounts
            .iter()
            .filter(|row| {
                !row.status.is_read()
                    && row.status != crate::report::account_run::ReadStatus::Skipped
            })
            .count();
        if unread > 0 {
            console.note(&format!(
                "exit code 3: {unread} of {} accounts were not read; --allow-incomplete accepts that",
                accounts.len()
            ));
        } else {
            console.note(&format!("exit code 3: {}", verdict::reason(outcome)));
        }
    }
    exit
}
