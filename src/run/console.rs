//! Messages on standard error, and the properties of the terminal.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::files::Stdout;
use super::{RunError, pager};
use crate::cli::choices::ColorChoice;
use crate::cli::options;
use crate::output::{By, Look, TextLength, hostile};

/// The minimum width; narrower tables are not readable.
const NARROWEST: usize = 40;
/// The maximum width; longer lines are hard to read.
const WIDEST: usize = 160;

/// Standard error and its verbosity.
pub(super) struct Console<'a> {
    options: options::ConsoleOptions,
    stderr: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    pub(super) fn new(options: options::ConsoleOptions, stderr: &'a mut dyn Write) -> Self {
        Self { options, stderr }
    }

    /// The options, for the console of another thread.
    #[cfg(feature = "lambda")]
    pub(super) fn options(&self) -> options::ConsoleOptions {
        self.options.clone()
    }

    /// Writes a note, unless `--quiet`.
    pub(super) fn note(&mut self, text: &str) {
        if !self.options.quiet {
            self.say(text);
        }
    }

    /// Writes a detail, with `--verbose`.
    pub(super) fn detail(&mut self, text: &str) {
        if self.options.verbose {
            self.say(text);
        }
    }

    /// Writes an error that does not end the run.
    #[cfg(feature = "aws")]
    pub(super) fn error(&mut self, text: &str) {
        self.say(&format!("error: {text}"));
    }

    fn say(&mut self, text: &str) {
        // An error on standard error cannot be reported anywhere.
        let _ = writeln!(self.stderr, "{}", hostile::plain(text));
    }

    pub(super) fn about_configuration(&mut self) {
        if let Some(path) = self.options.config.clone() {
            self.detail(&format!("configuration: {}", path.display()));
        }
    }

    /// The width and color of text on standard output.
    pub(super) fn look(&self) -> Look {
        let terminal = std::io::stdout().is_terminal();
        let color = match self.options.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
            }
        };
        Look {
            width: width().clamp(NARROWEST, WIDEST),
            color,
            links: terminal && color,
            by: By::default(),
            length: TextLength::Full,
        }
    }

    /// The configuration file that other commands have to be given too.
    pub(super) fn named_config(&self) -> Option<&Path> {
        let config = self.options.config.as_deref();
        config.filter(|_| self.options.config_named)
    }

    /// True if a person reads standard output on a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Writes a text for people to standard output: through a pager where it is longer than the
    /// terminal that shows it.
    pub(super) fn show(
        &self,
        stdout: &mut Stdout<'_>,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), RunError> {
        if !(self.options.pager && pager::is_interactive()) {
            return stdout.write(body);
        }
        let mut text = Vec::new();
        body(&mut text).map_err(RunError::Stdout)?;
        if pager::is_long(&text) && pager::page(&text) {
            return Ok(());
        }
        stdout.write(|out| out.write_all(&text))
    }

    /// The progress of a run over so many accounts, some of which were read earlier.
    #[cfg(feature = "aws")]
    pub(super) fn accounts_progress(
        &self,
        planned: usize,
        before: usize,
    ) -> crate::collect::AccountsProgress {
        crate::collect::AccountsProgress::new(planned, before, self.options.progress)
    }

    /// The receiver of collection's progress.
    #[cfg(feature = "aws")]
    pub(super) fn progress(&self) -> Box<dyn crate::collect::Progress> {
        use crate::collect::{Bar, Silent};
        if self.options.quiet {
            Box::new(Silent)
        } else if self.options.progress {
            Box::new(Bar::new(note_directly, self.options.verbose))
        } else {
            Box::new(NotesOnly {
                verbose: self.options.verbose,
            })
        }
    }
}

/// COLUMNS, then the terminal's width, then the default.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok();
    columns
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 0)
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(Look::FILE.width)
}

/// Notes come from several threads while the writer is borrowed, so they bypass it.
#[cfg(feature = "aws")]
fn note_directly(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", hostile::plain(text));
}

/// Notes without a progress bar.
#[cfg(feature = "aws")]
struct NotesOnly {
    verbose: bool,
}

#[cfg(feature = "aws")]
impl crate::collect::Progress for NotesOnly {
    fn note(&self, text: &str) {
        note_directly(text);
    }
    fn detail(&self, text: &str) {
        if self.verbose {
            note_directly(text);
        }
    }
    fn stage(&self, _what: &str, _total: u64) {}
    fn step(&self, _n: u64) {}
    fn finish(&self) {}
}
