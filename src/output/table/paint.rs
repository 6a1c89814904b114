//! Tones: what a piece of text means, and how that looks when colours are on.
//!
//! Meaning never hangs on colour alone; the words say it too.

use crate::report::Severity;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading, a name.
    Strong,
    /// Beside the point.
    Quiet,
    /// As it should be.
    Good,
    /// To be weighed.
    Warn,
    /// Wrong.
    Bad,
    /// Very wrong.
    Worst,
    /// Not known.
    Unknown,
}

impl Tone {
    /// The tone of a severity.
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Worst,
            Severity::High => Self::Bad,
            Severity::Medium => Self::Warn,
            Severity::Low => Self::Plain,
            Severity::Info => Self::Quiet,
        }
    }

    /// SGR parameters (ECMA-48), from the 16 colours that follow the terminal's own theme.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
            Self::Worst => "1;31",
            Self::Unknown => "35",
        }
    }
}

/// The text in its tone.
pub fn paint(color: bool, tone: Tone, text: &str) -> String {
    let sgr = tone.sgr();
    if !color || sgr.is_empty() || text.is_empty() {
        text.to_owned()
    } else {
        format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
    }
}
