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
pub mod region;
mod suggest;
mod toml_reader;

pub use args::Cli;
pub use mistake::{FileLocation, Mistake, Mistakes, Placed};
pub use options::Options;
pub use suggest::{closest, did_you_mean};
