//! Accepted findings: the exceptions of the configuration file, and the baseline.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{RunError, files};
use crate::checks::{Catalog, Selected};
use crate::cli::options::{Acceptance, SelectionOptions};
use crate::cli::{Mistake, Placed, did_you_mean};
use crate::findings::baseline;
use crate::findings::exceptions::{self, Exception, Tags};
use crate::inventory::Snapshot;
use crate::inventory::ids::{SubjectKind, bucket_arn};
use crate::inventory::need::{Guard, Need, ReadingKind};
use crate::inventory::request::ResourceFilter;
use crate::report::account_run::AccountRow;
use crate::report::baseline::{Baseline, SCHEMA};
use crate::report::{CheckResult, ExceptionUse, Report, ReportParts, ResourceId};

/// Findings by severity, of accounts by id.
pub(super) type FailedByAccount = BTreeMap<String, BTreeMap<String, u64>>;

/// Accepted findings, read and validated.
pub(super) struct AcceptanceRules {
    exceptions: Vec<Exception>,
    baseline: Option<(String, Baseline)>,
    /// The run covers only a part of the account or of the checks.
    narrowed: bool,
}

impl AcceptanceRules {
    /// Reads the baseline, and finds exceptions for checks that do not exist.
    pub(super) fn new(
        accepted: &Acceptance,
        catalogue: &Catalog,
        selection: &SelectionOptions,
        resources: &ResourceFilter,
    ) -> Result<Self, RunError> {
        let mut mistakes = Vec::new();
        let mut exceptions = Vec::new();
        let ids = || catalogue.iter().map(|check| check.id.as_str());
        for Placed { value, place } in &accepted.exceptions {
            let mut exception = value.clone();
            for glob in &mut exception.checks {
                // An earlier id, which findings no longer have.
                if let Some(check) = catalogue.get(glob) {
                    glob.clone_from(&check.id);
                }
                let matcher = wildmatch::WildMatch::new(glob);
                if !ids().any(|id| matcher.matches(id)) {
                    mistakes.push(
                        Mistake::new(format!("the exception for check `{glob}` matches no check"))
                            .help(did_you_mean(glob, ids()))
                            .at(place.clone()),
                    );
                }
            }
            exceptions.push(exception);
        }
        if !mistakes.is_empty() {
            return Err(RunError::Mistakes(mistakes));
        }
        let baseline = match &accepted.baseline {
            Some(path) => Some(read(path)?),
            None => None,
        };
        let narrowed = !(selection.check.is_empty()
            && selection.exclude.is_empty()
            && selection.severity.is_none()
            && *resources == ResourceFilter::default());
        Ok(Self {
            exceptions,
            baseline,
            narrowed,
        })
    }

    /// Nothing is accepted.
    pub(super) const fn none() -> Self {
        Self {
            exceptions: Vec::new(),
            baseline: None,
            narrowed: true,
        }
    }

    /// The readings it needs, in addition to those of the checks.
    pub(super) fn needs(&self, selected: &Selected) -> Option<(SubjectKind, Need)> {
        let by_tag = self.exceptions.iter().any(|one| one.tag.is_some());
        (by_tag && selected.kinds().contains(&SubjectKind::Bucket)).then(|| {
            (
                SubjectKind::Bucket,
                Need::own(ReadingKind::BucketTags).guarded_by(Guard::Always),
            )
        })
    }

    /// Suppresses accepted findings. Returns the use of each exception, and notes.
    pub(super) fn apply(
        &self,
        snapshot: &Snapshot,
        results: &mut [CheckResult],
    ) -> (Vec<ExceptionUse>, Vec<String>) {
        let (uses, gone) = self.suppress(snapshot, results);
        let mut notes = exceptions::remarks(&uses);
        if let Some((name, baseline)) = &self.baseline
            && gone > 0
            && !self.narrowed
        {
            notes.push(format!(
                "{gone} of the {} findings of baseline {name} no longer fail; --write-baseline updates it",
                baseline.findings.len()
            ));
        }
        (uses, notes)
    }

    /// Suppresses accepted findings of one of several accounts. Returns the use of each exception there,
    /// and how many findings of the baseline do not fail there.
    pub(super) fn suppress(
        &self,
        snapshot: &Snapshot,
        results: &mut [CheckResult],
    ) -> (Vec<ExceptionUse>, usize) {
        let Ok(taken_at) = snapshot.taken_at.parse::<jiff::Timestamp>() else {
            return (Vec::new(), 0);
        };
        let today = taken_at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let tags = tags(snapshot);
        let of = |id: &ResourceId| match (tags.get(&id.arn), id.kind) {
            (Some(tags), _) => *tags,
            (None, SubjectKind::Bucket) => Tags::Unknown,
            // Only the tags of buckets are read: an exception by tag applies to buckets only.
            (None, _) => Tags::Known(&NO_TAGS),
        };
        let uses = exceptions::apply(&self.exceptions, today, self.narrowed, results, &of);
        let gone = self
            .baseline
            .as_ref()
            .map_or(0, |(_, baseline)| baseline::apply(baseline, results));
        (uses, gone)
    }
}

static NO_TAGS: BTreeMap<String, String> = BTreeMap::new();

/// The tags of every bucket, by its ARN.
fn tags(snapshot: &Snapshot) -> BTreeMap<String, Tags<'_>> {
    let mut tags = BTreeMap::new();
    for account in snapshot.accounts.values() {
        for (name, bucket) in &account.buckets {
            let arn = bucket_arn(account.partition(), name);
            let known = match &bucket.tags {
                crate::inventory::Reading::Known(tags) => Tags::Known(tags),
                crate::inventory::Reading::Absent => Tags::Known(&NO_TAGS),
                _ => Tags::Unknown,
            };
            tags.insert(arn, known);
        }
    }
    tags
}

/// A baseline, or a report in its place.
fn read(path: &Path) -> Result<(String, Baseline), RunError> {
    let (name, bytes) = files::read_bytes(path)?;
    let wrong = |message: String| RunError::Document {
        file: name.clone(),
        what: "baseline",
        message,
    };
    let baseline = match schema_of(&bytes, &wrong)?.as_str() {
        SCHEMA => serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?,
        crate::report::SCHEMA => {
            let report =
                serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
            baseline::of(&report)
        }
        other => {
            return Err(wrong(format!(
                "the schema is `{other}`; a baseline is `{SCHEMA}` or `{}`",
                crate::report::SCHEMA
            )));
        }
    };
    Ok((name, baseline))
}

/// A report that `audit -o json` wrote.
pub(super) fn read_report(path: &Path) -> Result<Report, RunError> {
    let (name, bytes) = files::read_bytes(path)?;
    let wrong = |message: String| RunError::Document {
        file: name.clone(),
        what: "report",
        message,
    };
    match schema_of(&bytes, &wrong)?.as_str() {
        crate::report::SCHEMA => {}
        other => {
            return Err(wrong(format!(
                "the schema is `{other}`; `coldbucket audit -o json` writes `{}`",
                crate::report::SCHEMA
            )));
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}

/// The findings by severity of each account in an earlier report over many. The report may be larger than the
/// memory: the rest of it is passed over.
pub(super) fn read_accounts(path: &Path) -> Result<FailedByAccount, RunError> {
    #[derive(Deserialize)]
    struct AccountsOfReport {
        schema: String,
        #[serde(default)]
        accounts: Vec<AccountRow>,
    }
    let wrong = |message: String| RunError::Document {
        file: path.display().to_string(),
        what: "report",
        message,
    };
    let file = std::fs::File::open(path).map_err(|source| RunError::Read {
        path: path.to_owned(),
        source,
    })?;
    let report: AccountsOfReport = serde_json::from_reader(std::io::BufReader::new(file))
        .map_err(|error| wrong(error.to_string()))?;
    if report.schema != crate::report::SCHEMA {
        let schema = crate::output::hostile::plain(&report.schema);
        return Err(wrong(format!(
            "the schema is `{schema}`; `coldbucket audit -o json` writes `{}`",
            crate::report::SCHEMA
        )));
    }
    let read = report
        .accounts
        .into_iter()
        .filter(|row| row.status.is_read());
    Ok(read.map(|row| (row.id, row.failed_by_severity)).collect())
}

/// The schema of a JSON document.
fn schema_of(bytes: &[u8], wrong: &dyn Fn(String) -> RunError) -> Result<String, RunError> {
    #[derive(Deserialize)]
    struct SchemaMember {
        schema: Option<String>,
    }
    match serde_json::from_slice::<SchemaMember>(bytes) {
        Ok(SchemaMember {
            schema: Some(schema),
        }) => Ok(crate::output::hostile::plain(&schema).into_owned()),
        Ok(SchemaMember { schema: None }) => Err(wrong("JSON without a `schema`".to_owned())),
        Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => {
            Err(wrong("the file is empty".to_owned()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Writes the findings of a report as a baseline.
pub(super) fn write(path: &Path, report: &dyn ReportParts) -> Result<usize, RunError> {
    let baseline = baseline::of_parts(report)
        .map_err(|error| RunError::Internal(format!("the report: {error}")))?;
    files::write(path, |out| crate::output::json::document(&baseline, out))?;
    Ok(baseline.findings.len())
}
