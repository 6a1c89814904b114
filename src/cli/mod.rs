//! The command line and the configuration file, in two steps.
//!
//! [`args`] and [`groups`] hold the clap structs, [`config`] the members of a `coldbucket.toml`.
//! [`Options`] joins and validates both, and is the only form that travels: the command line wins over
//! the file, and every [`Mistake`] is reported at once.
//!
//! Nothing here opens a file: [`crate::run`] finds the configuration and passes its text.

pub mod args;
pub mod choices;
pub mod config;
mod exceptions;
pub mod groups;
mod mistake;
pub mod options;
pub mod policy;
pub mod policy_compare;
pub mod region;
mod toml_reader;

pub use args::Cli;
pub use mistake::{FileLocation, Mistake, Mistakes, Placed};
pub use options::Options;

/// The closest candidate as a sentence, for [`Mistake::help`].
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    crate::checks::suggest::closest(word, candidates)
        .map(|candidate| format!("did you mean `{candidate}`?"))
}
