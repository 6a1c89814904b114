//! The composition root: options in, an exit code out.
//!
//! Only this module combines the others. It alone opens files and standard input and reads the
//! terminal's properties; the modules it calls get plain values and writers.
//!
//! ```text
//! audit    options -> catalogue -> needs -> snapshot -> facts -> results -> report -> outputs
//! collect  options -> catalogue -> needs -> snapshot -> file
//! ```

use std::io::Write;

use crate::cli::options::{Options, Task};
use crate::cli::{Cli, Mistakes};

mod accepting;
mod accounts;
mod assess;
mod audit;
mod catalogue;
mod clock;
mod cold_start;
mod collecting;
mod comparing;
mod configuration;
mod console;
pub mod docs;
mod doctor;
mod error;
mod explaining;
mod files;
#[cfg(feature = "lambda")]
mod function;
mod gaps;
mod gate;
mod init;
mod invocation;
mod listing;
mod organization;
mod pager;
mod permissions;
mod policy;
mod remediate;
pub mod schema;
mod scope;
mod source;
mod templates;
mod who_can;

pub use error::RunError;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or above `--fail-on`.
    Clean,
    /// Findings at or above it.
    Findings,
    /// The command line, a configuration file, a policy, a Region name or a snapshot is invalid.
    Usage,
    /// A check at or above `--fail-on` was not assessed, or the run was interrupted.
    Incomplete,
    /// Nothing could be read at all.
    Nothing,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Nothing => 4,
        }
    }
}

/// Finds the configuration, validates the options, and runs.
///
/// # Errors
/// [`RunError`], which has an exit code.
pub fn start(cli: Cli, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<Exit, RunError> {
    let config = configuration::read(cli.general.config.as_deref())?;
    let config = config
        .as_ref()
        .map(|(path, config)| (path.as_path(), config.clone()));
    let options = Options::new(cli, config).map_err(|Mistakes(list)| RunError::Mistakes(list))?;
    run(options, stdout, stderr)
}

/// Runs a command. Results go to `stdout`, everything else to `stderr`.
///
/// # Errors
/// [`RunError`], which has an exit code. A closed pipe on `stdout` is not an error.
pub fn run(
    options: Options,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, RunError> {
    let Options { task, console } = options;
    let mut console = console::Console::new(console, stderr);
    console.about_configuration();
    let mut stdout = files::Stdout::new(stdout);
    let exit = match task {
        Task::Audit(audit) => audit::run(*audit, &mut console, &mut stdout)?,
        Task::Merge { audit, folder, run } => {
            accounts::merge(&audit, &folder, run.as_deref(), &mut console, &mut stdout)?
        }
        #[cfg(feature = "lambda")]
        Task::Lambda(options) => function::run(*options, &console)?,
        Task::Organization(organization) => {
            organization::run(&organization, &mut console, &mut stdout)?
        }
        Task::Collect(collect) => collecting::run(*collect, &mut console, &mut stdout)?,
        Task::ListChecks(selection) => listing::list(&selection, &console, &mut stdout)?,
        Task::ShowCheck { id, policies } => listing::show(&id, &policies, &console, &mut stdout)?,
        Task::VerifyChecks(dir) => listing::verify(dir.as_deref(), &mut stdout)?,
        Task::Diff(diff) => comparing::run(diff, &console, &mut stdout)?,
        Task::Explain(explain) => explaining::run(*explain, &mut console, &mut stdout)?,
        Task::Remediate(remediate) => remediate::run(*remediate, &mut console, &mut stdout)?,
        Task::Policy(command) => policy::run(command, &mut console, &mut stdout)?,
        Task::WhoCanLines => who_can::lines(&mut stdout)?,
        Task::WhoCan(options) => who_can::who_can(*options, &mut console, &mut stdout)?,
        Task::WhatCan(options) => who_can::what_can(*options, &mut console, &mut stdout)?,
        Task::Permissions { selection, opted } => {
            permissions::run(&selection, &opted, &mut stdout)?
        }
        Task::Doctor(options) => doctor::run(*options, &mut console, &mut stdout)?,
        Task::Init(options) => init::run(&options, &mut console, &mut stdout)?,
        Task::Estimate(estimate) => cold_start::run(*estimate, &console, &mut stdout)?,
        Task::Completions(shell) => listing::completions(shell, &mut stdout)?,
        Task::Schema(name) => schema::run(name, &mut stdout)?,
        Task::Docs(folder) => docs::run(&folder)?,
    };
    stdout.finish()?;
    Ok(exit)
}
