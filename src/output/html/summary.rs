//! The head of the page: how it stands, what to fix first, and where it is worst.

use crate::output::cold_starts::{Names, best_in_words, with_duration};
use crate::output::shortened::{
    assessed, by_check, label, not_requested, of_severity, some_of, unjudged, with_status,
};
use crate::output::weight::Weights;
use crate::output::words;
use crate::report::diff::{Change, Diff};
use crate::report::numbers::{count, duration, number, time};
use crate::report::{Report, Severity, Status};

/// Lines of "fix first" and of "worst resources".
const LINES: usize = 6;

/// Lines of "slowest cold starts".
const STARTS: usize = 3;

/// Region names that are written out.
const REGIONS: usize = 8;

pub(super) struct PageSummary<'a> {
    /// `calm`, `warn` or `alarm`.
    pub(super) mood: &'static str,
    pub(super) verdict: String,
    pub(super) caveat: Option<String>,
    pub(super) severities: Vec<Tile>,
    pub(super) results: Vec<Share>,
    pub(super) results_sentence: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) first: Vec<First<'a>>,
    pub(super) worst: Vec<Worst<'a>>,
    pub(super) slowest: Vec<Slow>,
    pub(super) notes: Vec<&'a str>,
    pub(super) trend: Option<Trend>,
}

/// One severity and how many findings it has.
pub(super) struct Tile {
    pub(super) severity: &'static str,
    pub(super) number: u64,
    pub(super) shown: String,
}

/// A part of the bar of all results, in thousandths of its length.
pub(super) struct Share {
    pub(super) status: &'static str,
    pub(super) words: String,
    pub(super) from: String,
    pub(super) width: String,
}

/// A check to fix first.
pub(super) struct First<'a> {
    pub(super) check: &'a str,
    pub(super) title: &'a str,
    pub(super) severity: &'static str,
    pub(super) many: String,
    /// Why it matters, in one sentence.
    pub(super) risk: &'a str,
}

/// What changed since an older report.
pub(super) struct Trend {
    pub(super) sentence: String,
    /// New findings, the worst first.
    pub(super) new: Vec<String>,
    pub(super) more: Option<String>,
}

/// A resource and its findings.
pub(super) struct Worst<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) parts: Vec<(&'static str, usize)>,
}

/// A slow function version.
pub(super) struct Slow {
    pub(super) name: String,
    pub(super) takes: String,
    /// `measured`, `estimated`.
    pub(super) basis: &'static str,
    /// What would help most.
    pub(super) lever: Option<String>,
}

impl<'a> PageSummary<'a> {
    pub(super) fn of(report: &'a Report, weights: &Weights<'a>) -> Self {
        let severities: Vec<Tile> = Severity::ALL
            .into_iter()
            .map(|severity| {
                let many = of_severity(report, severity);
                Tile {
                    severity: severity.name(),
                    number: many,
                    shown: number(many),
                }
            })
            .collect();
        let urgent = of_severity(report, Severity::Critical) + of_severity(report, Severity::High);
        let failed = with_status(report, Status::Fail);
        let unassessed = unjudged(report);
        let (mood, verdict) = match (urgent, failed) {
            (1, _) => ("alarm", "1 finding needs attention now".to_owned()),
            (2.., _) => (
                "alarm",
                format!("{} findings need attention now", number(urgent)),
            ),
            (0, 1..) => (
                "warn",
                "Nothing critical or high was found, and there is room for improvement".to_owned(),
            ),
            (0, 0) if unassessed > 0 => {
                ("warn", "No finding, in what could be assessed".to_owned())
            }
            (0, 0) => ("calm", "No finding".to_owned()),
        };
        let caveat = (unassessed > 0).then(|| {
            format!(
                "{} could not be assessed: they neither passed nor failed.",
                count(unassessed, "result")
            )
        });
        let (results, results_sentence) = results(report);
        Self {
            mood,
            verdict,
            caveat,
            severities,
            results,
            results_sentence,
            facts: facts(report),
            first: first(report),
            worst: weights
                .worst()
                .into_iter()
                .take(LINES)
                .map(|(resource, weight)| Worst {
                    kind: resource.kind.name(),
                    name: &resource.name,
                    parts: weight.parts(),
                })
                .collect(),
            slowest: slowest(report),
            trend: report.since.as_ref().map(trend),
            notes: report.notes.iter().map(String::as_str).collect(),
        }
    }
}

fn slowest(report: &Report) -> Vec<Slow> {
    let names = Names::of(report);
    let versions = with_duration(report).into_iter().take(STARTS);
    versions
        .map(|(version, takes)| Slow {
            name: names.qualified(version),
            takes: duration(takes.reported_ms),
            basis: words::basis(takes.basis),
            lever: best_in_words(version),
        })
        .collect()
}

/// The bar of all results and what it says in words.
fn results(report: &Report) -> (Vec<Share>, String) {
    let of = |status: Status| {
        (
            status.name(),
            words::status(status),
            with_status(report, status),
        )
    };
    let parts = [
        of(Status::Fail),
        (
            Status::NotAssessed.name(),
            words::status(Status::NotAssessed),
            unjudged(report),
        ),
        (
            "not-requested",
            words::not_requested(),
            not_requested(report),
        ),
        of(Status::Suppressed),
        of(Status::Pass),
        of(Status::NotApplicable),
    ];
    let total: u64 = parts.iter().map(|(_, _, many)| many).sum();
    let mut shares = Vec::new();
    let mut before = 0;
    for (class, word, many) in parts {
        if many > 0 {
            let thousandths = |part: u64| part as f64 * 1000.0 / total as f64;
            shares.push(Share {
                status: class,
                words: format!("{} {}", number(many), word.text),
                from: format!("{:.1}", thousandths(before)),
                width: format!("{:.1}", thousandths(many)),
            });
            before += many;
        }
    }
    let parts: Vec<&str> = shares.iter().map(|share| share.words.as_str()).collect();
    let sentence = format!("{}: {}", count(total, "result"), parts.join(", "));
    (shares, sentence)
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let accounts = &report.scope.accounts;
    let label = if accounts.len() > 1 {
        "Accounts"
    } else {
        "Account"
    };
    facts.push((label, some(accounts, "unknown")));
    facts.push(("Read", time(&report.taken_at)));
    facts.push(("Regions", some(&report.scope.regions, "none")));
    facts.push(("Assessed", assessed(report)));
    facts.push(("Source", words::source(report.source).to_owned()));
    if let Some(endpoint) = &report.scope.endpoint {
        facts.push(("Endpoint", endpoint.clone()));
    }
    let selection = &report.scope.selection;
    let mut narrowed = vec![format!("pack {}", selection.pack)];
    for (option, values) in [
        ("--check", &selection.check),
        ("--exclude", &selection.exclude),
        ("--bucket", &selection.bucket),
        ("--function", &selection.function),
    ] {
        narrowed.extend(values.iter().map(|value| format!("{option} {value}")));
    }
    if let Some(severity) = selection.severity {
        narrowed.push(format!("--severity {}", severity.name()));
    }
    facts.push(("Selection", narrowed.join(", ")));
    if report.summary.api_calls > 0 {
        facts.push((
            "Cost",
            format!("{}, read only", words::calls(&report.summary)),
        ));
    }
    facts
}

/// The first names, and how many more there are.
fn some(names: &[String], nothing: &str) -> String {
    match names {
        [] => nothing.to_owned(),
        names => some_of(names.iter().map(String::as_str), REGIONS),
    }
}

fn trend(since: &Diff) -> Trend {
    let line = |change: &Change| {
        let result = &change.result;
        format!(
            "{}: {} on {}",
            result.severity.name(),
            result.check,
            label(result)
        )
    };
    Trend {
        sentence: format!(
            "Since {}: {} new, {} fixed, {} changed, {} no longer assessable.",
            time(&since.old_taken_at),
            number(since.new.len()),
            number(since.fixed.len()),
            number(since.changed.len()),
            number(since.no_longer_assessable.len())
        ),
        new: since.new.iter().take(LINES).map(line).collect(),
        more: since
            .new
            .len()
            .checked_sub(LINES)
            .filter(|more| *more > 0)
            .map(|more| format!("and {} more new findings", number(more))),
    }
}

/// A text up to the end of its first sentence.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text.get(..end).unwrap_or(text)
}

/// The checks to fix first.
fn first(report: &Report) -> Vec<First<'_>> {
    by_check(report)
        .into_iter()
        .take(LINES)
        .map(|group| First {
            check: group.check,
            title: report
                .checks
                .get(group.check)
                .map_or(group.check, |summary| summary.title.as_str()),
            severity: group.severity.name(),
            many: number(group.results.len()),
            risk: report
                .checks
                .get(group.check)
                .map_or("", |summary| first_sentence(&summary.rationale)),
        })
        .collect()
}
