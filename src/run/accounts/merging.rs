//! One report from the files of a run: the accounts in the order of their ids, each judged from its own
//! snapshot and the organization's document.
//!
//! Nothing here depends on which process read an account, in what order, or in how many shards: the end
//! of a run on one machine and `merge` are this code. An account that was not read has a result a check
//! that says so; it never passes.
//!
//! The lists of the report wait in a file ([`Spool`]) while it is made and are written from there, so that
//! the memory is that of one account.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use super::folder::{self, RunFolder};
use super::planning;
use super::spool::{Spool, SpooledList};
use super::worst::WorstResults;
use crate::cli::options::AuditOptions;
use crate::findings::exceptions;
use crate::findings::fingerprint;
use crate::inventory::Snapshot;
use crate::inventory::ids::account_arn;
use crate::inventory::organization::Organization;
use crate::output::html;
use crate::report::account_run::{
    AccountRow, AccountStatus, RUN_SCHEMA, ReadStatus, RunManifest, RunSummary,
};
use crate::report::parts::Take;
use crate::report::{
    BucketPosture, CheckResult, ColdStart, ExceptionState, ExceptionUse, Gap, Invocation, Reason,
    Report, ReportParts, ResourceId, SCHEMA, ScopeSummary, Source, Status, SubjectKind, Summary,
};
use crate::run::RunError;
use crate::run::accepting::FailedByAccount;
use crate::run::assess::{self, AuditInput, JudgedSnapshot};
use crate::run::audit::AuditRules;
use crate::run::gate::GateTally;
use crate::run::source;

/// The action that opens a session in an account.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What a merge reads.
pub(super) struct MergeInput<'a> {
    pub(super) folder: &'a RunFolder,
    pub(super) manifest: &'a RunManifest,
    pub(super) audit: &'a AuditOptions,
    pub(super) rules: &'a AuditRules,
    /// Only these of the planned accounts: those of a shard.
    pub(super) only: Option<&'a BTreeSet<String>>,
    /// The findings of an earlier run (`--since`).
    pub(super) before: FailedByAccount,
    /// Writes the page of an account.
    pub(super) page: Option<&'a WritePage<'a>>,
}

/// Writes the page of an account, of that id.
pub(super) type WritePage<'a> = dyn Fn(&str, &[u8]) -> Result<(), RunError> + 'a;

/// A merged report.
pub(in crate::run) struct Merged {
    /// Everything but the lists.
    pub(in crate::run) report: Report,
    /// The lists.
    lists: SpooledLists,
    /// The lists as far as formats hold them that are made in memory.
    worst: WorstResults,
    tally: GateTally,
    pub(in crate::run) summary: RunSummary,
    /// Every planned account was read.
    pub(in crate::run) complete: bool,
    /// At least one was.
    pub(in crate::run) any_read: bool,
}

/// One account, judged.
pub(super) struct JudgedAccount {
    pub(super) judged: JudgedSnapshot,
    pub(super) uses: Vec<ExceptionUse>,
    pub(super) regions: Vec<String>,
    pub(super) taken_at: String,
    pub(super) endpoint: Option<String>,
    pub(super) api_calls: u64,
    pub(super) duration_ms: u64,
}

/// Judges one account's snapshot.
pub(super) fn judge(
    snapshot: &Snapshot,
    audit: &AuditOptions,
    rules: &AuditRules,
) -> Result<JudgedAccount, RunError> {
    let resources = &audit.request.resources;
    let mut judged = assess::judge(&AuditInput {
        snapshot,
        source: Source::Live,
        selected: &rules.selected,
        selection: &audit.selection,
        resources,
        trust: &audit.trust,
        model: rules.model.as_ref(),
        acceptance: &rules.acceptance,
        standard: rules.standard.as_ref(),
    })?;
    let (uses, _) = rules.acceptance.suppress(snapshot, &mut judged.results);
    Ok(JudgedAccount {
        judged,
        uses,
        regions: assess::regions(snapshot, resources),
        taken_at: snapshot.taken_at.clone(),
        endpoint: snapshot.endpoint.clone(),
        api_calls: snapshot.api_calls,
        duration_ms: snapshot.duration_ms,
    })
}

/// The report on one account of a run.
pub(super) fn report_of(
    account: JudgedAccount,
    audit: &AuditOptions,
    rules: &AuditRules,
) -> Report {
    let judged = account.judged;
    Report {
        schema: SCHEMA.to_owned(),
        tool: assess::tool(),
        taken_at: account.taken_at,
        source: Source::Live,
        scope: ScopeSummary {
            organization: None,
            accounts: Vec::new(),
            regions: account.regions,
            endpoint: account.endpoint,
            selection: assess::summary_of(&audit.selection, &audit.request.resources),
            template: None,
        },
        summary: Summary {
            resources: judged.resources,
            api_calls: account.api_calls,
            duration_ms: account.duration_ms,
            ..assess::count(&judged.results)
        },
        checks: rules.selected.summaries(),
        results: judged.results,
        buckets: judged.buckets,
        cold_start: judged.cold_start,
        gaps: judged.gaps,
        exceptions: account.uses,
        policy_changes: Vec::new(),
        accounts: Vec::new(),
        notes: judged.notes,
        gate: None,
        standard: rules.standard.as_ref().map(assess::standard),
        invocation: Invocation::default(),
        since: None,
        account_pages: None,
        fixes: Vec::new(),
        who_can: Vec::new(),
    }
}

impl Merged {
    /// What decides the exit code; `finished` is false for a run that was interrupted.
    pub(super) fn close(&mut self, finished: bool) {
        self.report.gate = Some(self.tally.outcome(finished && self.complete));
    }

    /// The report for formats that need it in memory: whole where it is small, otherwise its worst results,
    /// and a note that says so.
    pub(super) fn in_memory(&mut self) -> Report {
        let mut report = self.report.without_lists();
        let total: u64 = report.summary.results.values().sum();
        let worst = std::mem::take(&mut self.worst);
        worst.fill(&mut report, total);
        report
    }
}

impl ReportParts for Merged {
    fn head(&self) -> &Report {
        &self.report
    }

    fn results(&self, take: Take<'_, CheckResult>) -> io::Result<()> {
        self.lists.spool.each(&self.lists.results, take)
    }

    fn buckets(&self, take: Take<'_, BucketPosture>) -> io::Result<()> {
        self.lists.spool.each(&self.lists.buckets, take)
    }

    fn cold_starts(&self, take: Take<'_, ColdStart>) -> io::Result<()> {
        self.lists.spool.each(&self.lists.cold_starts, take)
    }

    fn gaps(&self, take: Take<'_, Gap>) -> io::Result<()> {
        self.lists.spool.each(&self.lists.gaps, take)
    }
}

/// The lists of a merged report.
struct SpooledLists {
    spool: Spool,
    results: SpooledList,
    buckets: SpooledList,
    cold_starts: SpooledList,
    gaps: SpooledList,
}

impl SpooledLists {
    fn new() -> io::Result<Self> {
        Ok(Self {
            spool: Spool::new()?,
            results: SpooledList::default(),
            buckets: SpooledList::default(),
            cold_starts: SpooledList::default(),
            gaps: SpooledList::default(),
        })
    }

    fn add(&mut self, judged: &JudgedSnapshot) -> io::Result<()> {
        self.spool.add(&mut self.results, &judged.results)?;
        self.spool.add(&mut self.buckets, &judged.buckets)?;
        self.spool.add(&mut self.cold_starts, &judged.cold_start)?;
        self.spool.add(&mut self.gaps, &judged.gaps)
    }
}

/// What a report on one account was made of.
fn judged_of(report: Report) -> JudgedAccount {
    JudgedAccount {
        uses: report.exceptions,
        regions: report.scope.regions,
        taken_at: report.taken_at,
        endpoint: report.scope.endpoint,
        api_calls: report.summary.api_calls,
        duration_ms: report.summary.duration_ms,
        judged: JudgedSnapshot {
            results: report.results,
            buckets: report.buckets,
            cold_start: report.cold_start,
            resources: report.summary.resources,
            gaps: report.gaps,
            notes: report.notes,
        },
    }
}

/// The report over the accounts of a run.
pub(super) fn merge(input: &MergeInput<'_>) -> Result<Merged, RunError> {
    let mut organization = read_organization(input)?;
    let mut merger = Merger {
        input,
        accounts: Vec::new(),
        lists: SpooledLists::new().map_err(of_spool)?,
        worst: WorstResults::default(),
        tally: GateTally::new(input.audit.gate),
        counted: assess::count(&[]),
        notes: Vec::new(),
        resources: input
            .rules
            .selected
            .kinds()
            .iter()
            .map(|kind| (kind.name().to_owned(), Some(0)))
            .collect(),
        regions: BTreeSet::new(),
        uses: Vec::new(),
        taken_at: None,
        endpoint: None,
        api_calls: 0,
        duration_ms: 0,
    };
    let planned = input
        .manifest
        .planned
        .iter()
        .filter(|account| input.only.is_none_or(|only| only.contains(*account)))
        .map(|account| (account.as_str(), None));
    let skipped = input.manifest.skipped.iter();
    let skipped = skipped
        .filter(|_| input.only.is_none())
        .map(|(account, why)| (account.as_str(), Some(why.as_str())));
    let all: BTreeMap<&str, Option<&str>> = planned.chain(skipped).collect();
    for (account, skipped) in all {
        merger.account(account, skipped, &mut organization)?;
    }
    Ok(merger.finish(organization.as_ref()))
}

/// The organization that the run was planned from, or the one of `--control-policies`.
fn read_organization(input: &MergeInput<'_>) -> Result<Option<Organization>, RunError> {
    if let Some(file) = &input.audit.control_policies {
        return source::read_organization(file).map(Some);
    }
    let key = input.folder.organization();
    match input.folder.read(&key)? {
        Some(bytes) => source::parse_organization(&input.folder.shown(&key), &bytes).map(Some),
        None => Ok(None),
    }
}

/// The snapshot of an account.
pub(super) fn read_snapshot(folder: &RunFolder, account: &str) -> Result<Snapshot, RunError> {
    let key = folder.snapshot(account);
    let file = folder.shown(&key);
    let wrong = |message: String| RunError::Snapshot {
        file: file.clone(),
        message,
    };
    let bytes = folder
        .read(&key)?
        .ok_or_else(|| wrong("there is no such file".to_owned()))?;
    let text = folder::expanded(&bytes).map_err(wrong)?;
    source::parse(&file, &text)
}

struct Merger<'a> {
    input: &'a MergeInput<'a>,
    accounts: Vec<AccountRow>,
    lists: SpooledLists,
    worst: WorstResults,
    tally: GateTally,
    /// The results so far, counted.
    counted: Summary,
    notes: Vec<String>,
    resources: BTreeMap<String, Option<u64>>,
    regions: BTreeSet<String>,
    uses: Vec<ExceptionUse>,
    taken_at: Option<String>,
    endpoint: Option<String>,
    api_calls: u64,
    duration_ms: u64,
}

impl Merger<'_> {
    fn account(
        &mut self,
        account: &str,
        skipped: Option<&str>,
        organization: &mut Option<Organization>,
    ) -> Result<(), RunError> {
        let mut row = row(account, organization.as_ref());
        row.before = self.input.before.get(account).cloned();
        if let Some(why) = skipped {
            row.status = ReadStatus::Skipped;
            row.why = Some(why.to_owned());
            self.accounts.push(row);
            return Ok(());
        }
        let status = planning::status(self.input.folder, account)?;
        let read = status.as_ref().filter(|status| status.status.is_read());
        match read {
            Some(status) => {
                self.check_tool(status)?;
                let mut snapshot = read_snapshot(self.input.folder, account)?;
                // Lent to each account in turn: it is the largest thing they share.
                snapshot.organization = organization.take();
                let judged = judge(&snapshot, self.input.audit, self.input.rules)?;
                *organization = snapshot.organization.take();
                drop(snapshot);
                let judged = self.write_page(account, judged)?;
                row.status = status.status;
                row.taken_at = Some(judged.taken_at.clone());
                row.gaps = u64::try_from(judged.judged.gaps.len()).unwrap_or(u64::MAX);
                self.count(&mut row, &judged.judged.results);
                self.add(judged)?;
            }
            None => {
                if let Some(status) = &status {
                    row.status = status.status;
                    row.why.clone_from(&status.why);
                }
                let results = self.unread(account, status.as_ref());
                self.count(&mut row, &results);
                self.keep(JudgedSnapshot {
                    results,
                    ..JudgedSnapshot::default()
                })?;
                // How many resources it has is not known.
                for number in self.resources.values_mut() {
                    *number = None;
                }
            }
        }
        self.accounts.push(row);
        Ok(())
    }

    /// Writes the page of an account, where pages are wanted.
    fn write_page(&self, account: &str, judged: JudgedAccount) -> Result<JudgedAccount, RunError> {
        let Some(write) = self.input.page else {
            return Ok(judged);
        };
        let mut report = report_of(judged, self.input.audit, self.input.rules);
        report.scope.accounts.push(account.to_owned());
        let mut page = Vec::new();
        html::render(&report, &mut page)
            .map_err(|error| RunError::Internal(format!("the page of {account}: {error}")))?;
        write(account, &page)?;
        Ok(judged_of(report))
    }

    /// Two versions of the program may judge, but not collect, one run.
    fn check_tool(&self, status: &AccountStatus) -> Result<(), RunError> {
        if status.tool == self.input.manifest.tool {
            return Ok(());
        }
        Err(RunError::mistake(
            format!(
                "account {} was read by version {}, the run was begun by {}",
                status.account, status.tool, self.input.manifest.tool
            ),
            Some(format!(
                "read it again with --run {} --refresh {}",
                self.input.manifest.run, status.account
            )),
        ))
    }

    /// Counts the results of an account, for its row and for all.
    fn count(&mut self, row: &mut AccountRow, results: &[CheckResult]) {
        let counted = assess::count(results);
        let add = |all: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>| {
            for (name, number) in more {
                *all.entry(name.clone()).or_default() += number;
            }
        };
        add(&mut self.counted.results, &counted.results);
        add(
            &mut self.counted.failed_by_severity,
            &counted.failed_by_severity,
        );
        self.counted.not_requested += counted.not_requested;
        row.results = counted.results;
        row.failed_by_severity = counted.failed_by_severity;
        self.tally.add(results);
    }

    /// Keeps the lists of an account.
    fn keep(&mut self, judged: JudgedSnapshot) -> Result<(), RunError> {
        self.lists.add(&judged).map_err(of_spool)?;
        self.worst.add(judged);
        Ok(())
    }

    fn add(&mut self, account: JudgedAccount) -> Result<(), RunError> {
        let mut judged = account.judged;
        for note in std::mem::take(&mut judged.notes) {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        for (kind, number) in std::mem::take(&mut judged.resources) {
            let total = self.resources.entry(kind).or_insert(Some(0));
            *total = total.zip(number).map(|(total, number)| total + number);
        }
        self.regions.extend(account.regions);
        add_uses(&mut self.uses, account.uses);
        if self
            .taken_at
            .as_ref()
            .is_none_or(|oldest| account.taken_at < *oldest)
        {
            self.taken_at = Some(account.taken_at);
        }
        if self.endpoint.is_none() {
            self.endpoint = account.endpoint;
        }
        self.api_calls = self.api_calls.saturating_add(account.api_calls);
        self.duration_ms = self.duration_ms.saturating_add(account.duration_ms);
        self.keep(judged)
    }

    /// A result a check for an account that was not read.
    fn unread(&self, account: &str, status: Option<&AccountStatus>) -> Vec<CheckResult> {
        let (reason, missing) = match status.map(|status| status.status) {
            Some(ReadStatus::Unreadable) => (Reason::Denied, vec![ASSUME_ROLE.to_owned()]),
            Some(_) => (Reason::Failed, Vec::new()),
            None => (Reason::NotCollected, Vec::new()),
        };
        let why = status.and_then(|status| status.why.clone());
        let message = match why {
            Some(why) => format!("Account {account} was not read: {why}"),
            None => format!("Account {account} was not read: the run was interrupted"),
        };
        let arn = account_arn("aws", account);
        let result = |check: &crate::checks::Check| CheckResult {
            check: check.id.clone(),
            status: Status::NotAssessed,
            fingerprint: fingerprint(check.first_id(), &arn, None),
            resource: Arc::new(ResourceId {
                kind: SubjectKind::Account,
                name: account.to_owned(),
                arn: arn.clone(),
                account: account.to_owned(),
                region: "global".to_owned(),
                address: None,
            }),
            item: None,
            severity: check.severity,
            message: Some(message.clone()),
            evidence: Vec::new(),
            witness: None,
            reason: Some(reason),
            missing: missing.clone(),
            suppressed_by: None,
            suppression: None,
            location: None,
            change: None,
            not_requested: Vec::new(),
            remediation: None,
        };
        self.input.rules.selected.iter().map(result).collect()
    }

    fn finish(self, organization: Option<&Organization>) -> Merged {
        let audit = self.input.audit;
        let manifest = self.input.manifest;
        let is_read = |row: &&AccountRow| row.status.is_read();
        let read: Vec<String> = self
            .accounts
            .iter()
            .filter(is_read)
            .map(|row| row.id.clone())
            .collect();
        let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
        for row in &self.accounts {
            *by_status.entry(row.status.name().to_owned()).or_default() += 1;
        }
        let mut notes = self.notes;
        notes.extend(exceptions::remarks(&self.uses));
        let counted = self.counted;
        let summary = RunSummary {
            schema: RUN_SCHEMA.to_owned(),
            run: manifest.run.clone(),
            accounts: by_status,
            results: counted.results.clone(),
            api_calls: self.api_calls,
        };
        let complete = self
            .accounts
            .iter()
            .all(|row| row.status.is_read() || row.status == ReadStatus::Skipped);
        let report = Report {
            schema: SCHEMA.to_owned(),
            tool: assess::tool(),
            taken_at: self.taken_at.unwrap_or_else(|| manifest.taken_at.clone()),
            source: Source::Live,
            scope: ScopeSummary {
                organization: organization.map(|organization| organization.id.clone()),
                accounts: read.clone(),
                regions: if audit.request.resources.regions.is_empty() {
                    self.regions.into_iter().collect()
                } else {
                    let mut regions = audit.request.resources.regions.clone();
                    regions.sort();
                    regions
                },
                endpoint: self.endpoint,
                selection: assess::summary_of(&audit.selection, &audit.request.resources),
                template: None,
            },
            summary: Summary {
                resources: self.resources,
                api_calls: self.api_calls,
                duration_ms: self.duration_ms,
                ..counted
            },
            checks: self.input.rules.selected.summaries(),
            results: Vec::new(),
            buckets: Vec::new(),
            cold_start: Vec::new(),
            gaps: Vec::new(),
            exceptions: self.uses,
            policy_changes: Vec::new(),
            accounts: self.accounts,
            notes,
            gate: None,
            standard: self.input.rules.standard.as_ref().map(assess::standard),
            invocation: Invocation::default(),
            since: None,
            account_pages: None,
            fixes: Vec::new(),
            who_can: Vec::new(),
        };
        Merged {
            any_read: !read.is_empty(),
            report,
            lists: self.lists,
            worst: self.worst,
            tally: self.tally,
            summary,
            complete,
        }
    }
}

fn row(account: &str, organization: Option<&Organization>) -> AccountRow {
    let member = organization.and_then(|organization| organization.accounts.get(account));
    AccountRow {
        id: account.to_owned(),
        name: member.map(|member| member.name.clone()).unwrap_or_default(),
        ou: organization
            .map(|organization| organization.units_of(account))
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        state: member
            .map(|member| member.state.clone())
            .unwrap_or_default(),
        status: ReadStatus::NotRead,
        why: None,
        taken_at: None,
        results: BTreeMap::new(),
        failed_by_severity: BTreeMap::new(),
        gaps: 0,
        before: None,
    }
}

/// A temporary file that cannot be written or read.
fn of_spool(source: io::Error) -> RunError {
    RunError::Write {
        path: std::env::temp_dir(),
        source,
    }
}

/// Adds what became of each exception in one account to what became of it in the others.
fn add_uses(all: &mut Vec<ExceptionUse>, more: Vec<ExceptionUse>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    let rank = |state: ExceptionState| match state {
        ExceptionState::Unmatched => 0,
        ExceptionState::NotAssessed => 1,
        ExceptionState::Applied => 2,
        ExceptionState::Expired => 3,
    };
    for (one, other) in all.iter_mut().zip(more) {
        one.findings = one.findings.saturating_add(other.findings);
        if rank(other.state) > rank(one.state) {
            one.state = other.state;
        }
    }
}
