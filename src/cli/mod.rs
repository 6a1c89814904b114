//! The command line and the configuration file, parsed twice.
//!
//! First into what was typed: [`args`] holds the clap structs, by the heading they have in the help,
//! and [`config`] the members of a `coldbucket.toml`. Then into [`Options`], the validated form and
//! the only one that travels: the command line wins over the file, contradictions are found, and
//! every [`Mistake`] is reported at once, because mending a file one error at a time is a chore.
//!
//! Nothing here opens a file: [`crate::run`] finds the configuration and hands over its text.

pub mod args;
pub mod config;
mod exceptions;
mod mistake;
pub mod options;
pub mod policy;
pub mod region;
mod suggest;

pub use args::Cli;
pub use mistake::{Mistake, Mistakes, Place, Placed};
pub use options::Options;
pub use suggest::{closest, did_you_mean};
