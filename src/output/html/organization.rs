//! `-o html` of a run over many accounts: the accounts as rows, the worst first, each with a link to the page
//! of its own that stands beside this one, and what changed since an earlier run.
//!
//! The page holds counts only, so it stays small: 2,000 accounts take about 2 MB. What was found in an account
//! is on the page of that account.

use std::io::{self, Write};

use askama::Template;

use super::summary::PageSummary;
use super::{SCRIPT, STYLE, lock};
use crate::output::weight::Weights;
use crate::report::account_run::{AccountRow, ReadStatus, sorted_worst_first};
use crate::report::numbers::{count, number};
use crate::report::{Report, Severity};

#[derive(Template)]
#[template(path = "organization.html")]
struct OrganizationPage<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    tool: String,
    organization: &'a str,
    summary: PageSummary<'a>,
    /// How many accounts have each status, in words.
    statuses: Vec<String>,
    trend: Option<String>,
    rows: Vec<AccountLine<'a>>,
}

/// One account.
struct AccountLine<'a> {
    id: &'a str,
    name: &'a str,
    unit: String,
    /// The page of the account; none where there is none.
    page: Option<String>,
    status: &'static str,
    /// Why it was not read, or what of it was not.
    why: String,
    severities: Vec<(&'static str, String)>,
    /// Worse, better or the same since the earlier run.
    change: Option<(&'static str, String)>,
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let weights = Weights::of(report);
    let rows = sorted_worst_first(&report.accounts);
    let page = OrganizationPage {
        policy: lock::policy(STYLE, SCRIPT),
        style: STYLE,
        script: SCRIPT,
        tool: format!("{} {}", report.tool.name, report.tool.version),
        organization: report.scope.organization.as_deref().unwrap_or_default(),
        summary: PageSummary::of(report, &weights),
        statuses: statuses(&report.accounts),
        trend: trend(&report.accounts),
        rows: rows
            .into_iter()
            .map(|row| AccountLine::of(row, report.account_pages.as_deref()))
            .collect(),
    };
    page.write_into(out)?;
    out.write_all(b"\n")
}

impl<'a> AccountLine<'a> {
    fn of(row: &'a AccountRow, pages: Option<&str>) -> Self {
        let is_read = row.status.is_read();
        let gaps = if row.gaps > 0 {
            format!("{} denied or failed", count(row.gaps, "call"))
        } else {
            String::new()
        };
        Self {
            id: &row.id,
            name: &row.name,
            unit: row.ou.join(" / "),
            page: pages
                .filter(|_| is_read)
                .map(|pages| format!("{pages}/{}.html", row.id)),
            status: row.status.name(),
            why: row.why.clone().unwrap_or(gaps),
            severities: Severity::ALL
                .into_iter()
                .map(|severity| {
                    let found = row.failed(severity);
                    let shown = if is_read {
                        number(found)
                    } else {
                        String::new()
                    };
                    (severity.name(), shown)
                })
                .collect(),
            change: change(row),
        }
    }
}

/// What changed in an account; none where it was not read both times.
fn change(row: &AccountRow) -> Option<(&'static str, String)> {
    let before = row.before.as_ref().filter(|_| row.status.is_read())?;
    let mut tone = "same";
    let mut parts = Vec::new();
    for severity in Severity::ALL {
        let was = before.get(severity.name()).copied().unwrap_or(0);
        let is = row.failed(severity);
        if is > was {
            parts.push(format!("+{} {}", number(is - was), severity.name()));
        } else if is < was {
            parts.push(format!("−{} {}", number(was - is), severity.name()));
        }
        // The worst severity that changed decides.
        if tone == "same" && is != was {
            tone = if is > was { "worse" } else { "better" };
        }
    }
    let text = if parts.is_empty() {
        "unchanged".to_owned()
    } else {
        parts.join(", ")
    };
    Some((tone, text))
}

/// One sentence on what changed in all accounts; none without an earlier run.
fn trend(accounts: &[AccountRow]) -> Option<String> {
    let changes: Vec<&str> = accounts
        .iter()
        .filter_map(change)
        .map(|(tone, _)| tone)
        .collect();
    if changes.is_empty() {
        return None;
    }
    let of = |tone: &str| changes.iter().filter(|change| **change == tone).count();
    Some(format!(
        "Since the earlier report: {} worse, {} better, {} with the same counts.",
        count(of("worse"), "account"),
        number(of("better")),
        number(of("same")),
    ))
}

/// `1,990 read`, `10 unreadable`.
fn statuses(accounts: &[AccountRow]) -> Vec<String> {
    ReadStatus::ALL
        .into_iter()
        .filter_map(|status| {
            let many = accounts.iter().filter(|row| row.status == status).count();
            (many > 0).then(|| format!("{} {}", number(many), status.name()))
        })
        .collect()
}
