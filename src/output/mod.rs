//! Output formats: report types in, a writer in, nothing else.
//!
//! One small module a format. A format is added by writing its module and one line in
//! [`Format::ALL`]; the command line, its help and its suggestions follow from that line.
//!
//! What comes from an account is hostile until shown otherwise: names, tags, policies and
//! descriptions are written by whoever may write them. Formats for people pass every such text
//! through [`hostile::plain`]; formats for machines escape by their own grammar.

use std::fmt;
use std::io::{self, Write};

use crate::report::Report;

pub mod checks;
pub mod estimate;
pub mod explanation;
pub mod hostile;
pub mod json;
pub mod proof;
pub mod table;

/// How a text for people should look. Formats for machines ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns to fill at most.
    pub width: usize,
    /// Use colours.
    pub color: bool,
}

impl Look {
    /// For files: wide enough, and the same on every machine.
    pub const FILE: Self = Self {
        width: 120,
        color: false,
    };
}

type Render = fn(&Report, Look, &mut dyn Write) -> io::Result<()>;

/// One output format.
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    about: &'static str,
    render: Render,
}

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
        ),
    ];

    const fn new(name: &'static str, about: &'static str, render: Render) -> Self {
        Self {
            name,
            about,
            render,
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

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn render(self, report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
        (self.render)(report, look, out)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
