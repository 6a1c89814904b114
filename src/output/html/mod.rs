//! `-o html`: the report as one page that works from a mail attachment, without a network.
//!
//! Everything is in the document: each finding with its evidence, its witness and its fix is markup
//! from the start, folded by the browser's own `<details>`. The script only hides, opens and copies;
//! it never creates markup from data. So the page can be read, searched and printed with scripts
//! turned off, nothing from an account can become code (see [`escape`] and [`lock`]), and thousands
//! of findings stay responsive because the browser lays out only what is on the screen
//! (`content-visibility`).
//!
//! Charts are tables whose bars are SVG shapes that the template writes. A charting library
//! (uPlot, Chart.js, Observable Plot) was considered: it would add 50 to 200 KB of script to every
//! report, draw nothing without scripts, on paper or for a screen reader, and needs inline styles,
//! which the page's policy forbids. What is drawn here are stacked horizontal bars on one scale.
//!
//! A report over many accounts is another page, of [`organization`].
//!
//! One file a section: each turns a report into what its template shows, worst first.

use std::io::{self, Write};

use askama::Template;

use super::controls::{self, ControlLine};
use super::policy_changes::{ChangeCounts, OpenedPolicy, opened};
use super::weight::Weights;
use super::words::Tone;
use crate::report::numbers::{count, number};
use crate::report::{Report, Source};

mod buckets;
mod checks;
mod cold_starts;
mod escape;
mod findings;
mod lock;
mod organization;
mod packages;
mod summary;
mod unassessed;
mod who_can;

/// How many findings, buckets or functions the page holds; a browser's patience has an end.
const SHOWN: usize = 5_000;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// What a deployment does to the account that it is laid over.
struct Changes<'a> {
    counts: Option<String>,
    opened: Vec<OpenedPolicy<'a>>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    tool: String,
    accounts: String,
    sample: bool,
    summary: summary::PageSummary<'a>,
    changes: Changes<'a>,
    findings: findings::Findings<'a>,
    accepted: Vec<findings::Accepted<'a>>,
    buckets: buckets::Buckets<'a>,
    who_can: who_can::WhoCan<'a>,
    cold_starts: cold_starts::ColdStarts<'a>,
    packages: packages::PackagesSection<'a>,
    unassessed: unassessed::Section<'a>,
    controls: Vec<ControlLine<'a>>,
    controls_sentence: String,
    standard: &'a str,
    checks: Vec<checks::CheckRow<'a>>,
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if !report.accounts.is_empty() {
        return organization::render(report, out);
    }
    let weights = Weights::of(report);
    let controls = controls::of(report);
    let page = Page {
        policy: lock::policy(STYLE, SCRIPT),
        style: STYLE,
        script: SCRIPT,
        tool: format!("{} {}", report.tool.name, report.tool.version),
        accounts: match report.scope.accounts.as_slice() {
            [] => "no account".to_owned(),
            [one] => format!("account {one}"),
            several => count(several.len(), "account"),
        },
        sample: report.source == Source::Sample,
        summary: summary::PageSummary::of(report, &weights),
        changes: Changes {
            counts: ChangeCounts::of(report).map(|counts| counts.text()),
            opened: opened(report),
        },
        findings: findings::Findings::of(report),
        accepted: findings::accepted(report),
        buckets: buckets::Buckets::of(report, &weights),
        who_can: who_can::WhoCan::of(report, &weights),
        cold_starts: cold_starts::ColdStarts::of(report),
        packages: packages::PackagesSection::of(report),
        unassessed: unassessed::Section::of(report),
        controls_sentence: controls::summary(&controls),
        controls,
        standard: report.standard.as_ref().map_or("", |one| &one.title),
        checks: checks::of(report),
    };
    page.write_into(out)?;
    out.write_all(b"\n")
}

impl ControlLine<'_> {
    fn class(&self) -> &'static str {
        class(self.word.tone)
    }
}

/// The class of a tone in the page's style.
const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain | Tone::Strong | Tone::Quiet => "plain",
        Tone::Good => "good",
        Tone::Warn => "poor",
        Tone::Bad | Tone::Worst => "bad",
        Tone::Unknown => "unknown",
    }
}

/// What to say of lines that the page leaves out; none when it holds them all.
fn left_out(total: usize, what: &str) -> Option<String> {
    total.checked_sub(SHOWN).filter(|more| *more > 0).map(|more| {
        format!(
            "This page shows the worst {} of {}. The other {} are in the machine formats (-o json=report.json, -o csv=report.csv); or narrow the audit with --check, --severity, --bucket or --function.",
            number(SHOWN),
            count(total, what),
            number(more),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An end tag inside would end the element early, and the rest would be text of the page.
    #[test]
    fn style_and_script_do_not_end_themselves() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }

    /// The page loads nothing, so neither names an address.
    #[test]
    fn style_and_script_name_no_address() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("url(") && !text.contains("://") && !text.contains("@import"));
        }
    }
}
