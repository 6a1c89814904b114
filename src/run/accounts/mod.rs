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

use std::collections::BTreeSet;
use std::path::Path;

pub(super) use folder::{RunFolder, write_json};

use super::audit::{self, AuditRules};
use super::console::Console;
use super::files::Stdout;
use super::{Exit, RunError, gate};
use crate::cli::options::{AccountsOptions, AuditOptions};
use crate::output::verdict;
use crate::report::account_run::{RunManifest, ShardFile};
use merging::{MergeInput, Merged};

/// Reads the accounts of a run as far as they are not read yet, and reports on all of them.
#[cfg(feature = "aws")]
pub(super) fn run(
    audit: &AuditOptions,
    accounts: &AccountsOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let rules = audit::prepare(audit)?;
    let ended = reading::read(audit, accounts, &rules, console)?;
    let folder = &ended.folder;
    let mut merged = merging::merge(&MergeInput {
        folder,
        manifest: &ended.manifest,
        audit,
        rules: &rules,
        only: ended.only.as_ref(),
    })?;
    if let Some(error) = &ended.fatal {
        if !merged.any_read {
            return Err(RunError::Collect(error.clone()));
        }
        console.error(&error.to_string());
    }
    let whole = ended.only.is_none();
    if whole {
        write_json(&folder.summary(), &merged.summary)?;
    }
    let stopped = ended.fatal.is_some() || ended.interrupted;
    close(&mut merged, audit, !stopped);
    audit::write(audit, &merged.report, console, stdout)?;
    if stopped {
        console.note(&format!(
            "{} of {} accounts were read; finish with --to {} --run {} --resume",
            merged.report.scope.accounts.len(),
            ended.manifest.planned.len(),
            folder.root().display(),
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
    root: &Path,
    run: Option<&str>,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let rules = audit::prepare(audit)?;
    let folder = chosen(root, run)?;
    let Some(manifest) = read_manifest(&folder)? else {
        return Err(no_run(root, folder.run()));
    };
    check_needs(&rules, &manifest, console);
    let missing = missing_shards(&folder, &manifest)?;
    let mut merged = merging::merge(&MergeInput {
        folder: &folder,
        manifest: &manifest,
        audit,
        rules: &rules,
        only: None,
    })?;
    if missing.is_empty() {
        write_json(&folder.summary(), &merged.summary)?;
    } else {
        let numbers: Vec<String> = missing.iter().map(u32::to_string).collect();
        console.note(&format!(
            "shards of {} that have not finished: {}",
            manifest.shards,
            numbers.join(", ")
        ));
    }
    close(&mut merged, audit, missing.is_empty());
    audit::write(audit, &merged.report, console, stdout)?;
    Ok(exit(audit, &merged, console))
}

/// The run of that id, or the newest.
fn chosen(root: &Path, run: Option<&str>) -> Result<RunFolder, RunError> {
    if let Some(run) = run {
        return Ok(RunFolder::new(root, run));
    }
    let runs = RunFolder::runs(root);
    match runs.last() {
        Some(newest) => Ok(RunFolder::new(root, newest)),
        None => Err(RunError::mistake(
            format!("{} holds no run", root.display()),
            Some("`coldbucket audit --organization --to DIR` makes one".to_owned()),
        )),
    }
}

fn no_run(root: &Path, run: &str) -> RunError {
    let runs = RunFolder::runs(root);
    RunError::mistake(
        format!("{} holds no run {run}", root.display()),
        crate::cli::did_you_mean(run, runs.iter().map(String::as_str)),
    )
}

fn read_manifest(folder: &RunFolder) -> Result<Option<RunManifest>, RunError> {
    folder::read_json(&folder.manifest(), "manifest of a run")
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
        let file: Option<ShardFile> = folder::read_json(
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

/// What decides the exit code, for the outputs and the code alike. An unfinished run is not complete.
fn close(merged: &mut Merged, audit: &AuditOptions, finished: bool) {
    let complete = finished && merged.complete;
    merged.report.gate = Some(gate::outcome(&merged.report.results, complete, audit.gate));
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
