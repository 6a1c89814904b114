//! Output formats: report types in, a writer in, nothing else.
//!
//! One small module a format. A format is added by writing its module and one line in
//! [`Format::ALL`]; the command line, its help and its suggestions follow from that line.
//!
//! What comes from an account is hostile until shown otherwise: anyone with write access writes its
//! names, tags, policies and descriptions. Formats for people pass every such text
//! through [`hostile::plain`]; formats for machines escape by their own grammar.

use std::fmt;
use std::io::{self, Write};

use crate::report::{Report, ReportParts};

pub mod asff;
mod buckets;
mod by_file;
pub mod checks;
mod cold_starts;
pub mod commands;
pub mod comparison;
mod controls;
pub mod csv;
pub mod diff;
pub mod docs;
pub mod doctor;
pub mod estimate;
pub mod explanation;
pub mod hostile;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod ocsf;
pub mod plan;
mod policy_changes;
pub mod proof;
pub mod sarif;
mod shortened;
pub mod table;
mod unassessed;
pub mod verdict;
mod weight;
pub mod who_can;
mod words;

pub use shortened::{catalogue_name, standard_ids};

/// How a text for people should look. Formats for machines ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns to fill at most.
    pub width: usize,
    /// Use colours.
    pub color: bool,
    /// Link titles to documentation (OSC 8).
    pub links: bool,
    /// How findings are grouped.
    pub by: By,
    /// How much of the report.
    pub length: TextLength,
}

/// How much of a report a text for people holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextLength {
    /// Everything.
    #[default]
    Full,
    /// What matters most, in at most 40 lines of a terminal.
    FirstScreen,
}

/// How a text for people groups findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// A check with the resources it fails on.
    #[default]
    Check,
    /// A resource with the checks that fail on it.
    Resource,
    /// A control of the pack's standard with the checks behind it.
    Control,
}

impl Look {
    /// For files: wide enough, and the same on every machine.
    pub const FILE: Self = Self {
        width: 120,
        color: false,
        links: false,
        by: By::Check,
        length: TextLength::Full,
    };
}

/// How a format is written.
type Render<T> = fn(&T, Look, &mut dyn Write) -> io::Result<()>;

/// How a format is written part by part.
type RenderParts = fn(&dyn ReportParts, Look, &mut dyn Write) -> io::Result<()>;

/// One format, of a report or of what else [`Formatted`] is made of.
pub struct Formatted<T: 'static> {
    name: &'static str,
    about: &'static str,
    render: Render<T>,
    /// For a format that needs no more than one part in memory.
    render_parts: Option<RenderParts>,
}

/// One output format of a report.
pub type Format = Formatted<Report>;

impl Format {
    /// The table for people.
    pub const TABLE: Self = Self::new("table", "for people, on a terminal", table::render);

    /// Every format there is. To add one, add a line.
    pub const ALL: &'static [Self] = &[
        Self::TABLE,
        Self::new(
            "json",
            "the whole report, coldbucket-report/1",
            |report, _, out| json::render(report, out),
        )
        .in_parts(|report, _, out| json::render(report, out)),
        Self::new(
            "jsonl",
            "a result a line, flat, for jq, DuckDB and Athena",
            |report, _, out| jsonl::render(report, out),
        )
        .in_parts(|report, _, out| jsonl::render(report, out)),
        Self::new(
            "sarif",
            "SARIF 2.1.0, for code scanning",
            |report, _, out| sarif::render(report, out),
        ),
        Self::new(
            "junit",
            "JUnit XML, a test case a result",
            |report, _, out| junit::render(report, out),
        ),
        Self::new(
            "csv",
            "a row a result, safe to open in a spreadsheet",
            |report, look, out| match look.by {
                By::Control => csv::controls(report, out),
                By::Check | By::Resource => csv::render(report, out),
            },
        )
        .in_parts(|report, _, out| csv::render(report, out)),
        Self::new(
            "markdown",
            "for a comment on a pull request",
            |report, look, out| match look.by {
                By::Control => markdown::controls_alone(report, out),
                By::Check | By::Resource => markdown::render(report, out),
            },
        ),
        Self::new(
            "asff",
            "AWS Security Finding Format, a batch for BatchImportFindings a line",
            |report, _, out| asff::render(report, out),
        )
        .in_parts(|report, _, out| asff::render(report, out)),
        Self::new(
            "ocsf",
            "OCSF 1.8.0 Compliance Findings, one a line",
            |report, _, out| ocsf::render(report, out),
        )
        .in_parts(|report, _, out| ocsf::render(report, out)),
        Self::new(
            "html",
            "one page, readable without a network",
            |report, _, out| html::render(report, out),
        ),
    ];

    const fn in_parts(mut self, render: RenderParts) -> Self {
        self.render_parts = Some(render);
        self
    }

    /// Writes a report part by part, if the format can be; none otherwise.
    ///
    /// # Errors
    /// Those of the writer and of what holds the parts.
    pub fn render_parts(
        self,
        parts: &dyn ReportParts,
        look: Look,
        out: &mut dyn Write,
    ) -> Option<io::Result<()>> {
        // A line a control is counted over all results.
        let by_control = look.by == By::Control;
        let render = self.render_parts.filter(|_| !by_control)?;
        Some(render(parts, look, out))
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

impl<T> Formatted<T> {
    const fn new(name: &'static str, about: &'static str, render: Render<T>) -> Self {
        Self {
            name,
            about,
            render,
            render_parts: None,
        }
    }

    /// What stands behind `-o`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// For whom it is, in a few words.
    pub const fn about(self) -> &'static str {
        self.about
    }

    /// Writes what is formatted.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn render(self, what: &T, look: Look, out: &mut dyn Write) -> io::Result<()> {
        (self.render)(what, look, out)
    }
}

// Not derived: that would ask the same of `T`, of which there is none here.
impl<T> Clone for Formatted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Formatted<T> {}

impl<T> PartialEq for Formatted<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<T> Eq for Formatted<T> {}

impl<T> fmt::Debug for Formatted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
