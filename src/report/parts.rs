//! A report in parts: a head with the counts, and its lists one piece after the other, so that a report over
//! many accounts is never in memory as a whole.

use std::io;

use super::{BucketPosture, CheckResult, ColdStart, Gap, Invocation, Report};

/// Takes one piece of a list.
pub type Take<'t, T> = &'t mut dyn FnMut(&[T]) -> io::Result<()>;

/// A report whose lists are read piece by piece, in the order of the report, as often as a format needs. No
/// piece holds items of two accounts.
pub trait ReportParts {
    /// Everything but the lists, which a format must not read here.
    fn head(&self) -> &Report;

    /// The results.
    ///
    /// # Errors
    /// Those of `take`, and of what holds the report.
    fn results(&self, take: Take<'_, CheckResult>) -> io::Result<()>;

    /// The postures of buckets.
    ///
    /// # Errors
    /// Those of `take`, and of what holds the report.
    fn buckets(&self, take: Take<'_, BucketPosture>) -> io::Result<()>;

    /// The cold starts of functions.
    ///
    /// # Errors
    /// Those of `take`, and of what holds the report.
    fn cold_starts(&self, take: Take<'_, ColdStart>) -> io::Result<()>;

    /// What could not be read.
    ///
    /// # Errors
    /// Those of `take`, and of what holds the report.
    fn gaps(&self, take: Take<'_, Gap>) -> io::Result<()>;
}

/// A report in memory is one piece.
impl ReportParts for Report {
    fn head(&self) -> &Report {
        self
    }

    fn results(&self, take: Take<'_, CheckResult>) -> io::Result<()> {
        take(&self.results)
    }

    fn buckets(&self, take: Take<'_, BucketPosture>) -> io::Result<()> {
        take(&self.buckets)
    }

    fn cold_starts(&self, take: Take<'_, ColdStart>) -> io::Result<()> {
        take(&self.cold_start)
    }

    fn gaps(&self, take: Take<'_, Gap>) -> io::Result<()> {
        take(&self.gaps)
    }
}

impl Report {
    /// The document without its lists, and without what is no part of the document.
    pub fn without_lists(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            tool: self.tool.clone(),
            taken_at: self.taken_at.clone(),
            source: self.source,
            scope: self.scope.clone(),
            summary: self.summary.clone(),
            checks: self.checks.clone(),
            results: Vec::new(),
            buckets: Vec::new(),
            cold_start: Vec::new(),
            gaps: Vec::new(),
            exceptions: self.exceptions.clone(),
            accounts: self.accounts.clone(),
            notes: self.notes.clone(),
            gate: self.gate.clone(),
            standard: self.standard.clone(),
            who_can: self.who_can.clone(),
            policy_changes: self.policy_changes.clone(),
            invocation: Invocation::default(),
            since: None,
            account_pages: None,
            fixes: Vec::new(),
        }
    }
}
