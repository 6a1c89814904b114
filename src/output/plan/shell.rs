//! The plan as a shell script: it checks the account, can be tried with `--dry-run`, goes on after a
//! failed fix, and writes how to undo each change.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::output::hostile;
use crate::output::proof::quoted;
use crate::report::plan::{Fix, Plan};

/// What every script shares.
const RUNNER: &str = include_str!("runner.sh");

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#!/bin/sh")?;
    super::head(plan, out)?;
    super::comment(
        "Read this script before you run it, and try it with --dry-run, which prints the changes without making them. It goes on after a fix that fails and lists it at the end. Before each change it writes how to undo it into a file (--undo FILE). It can be run again: what is already set stays as it is. It needs the AWS CLI, version 1 or 2, of 2025-11 or later, and credentials for the account; AWS_ENDPOINT_URL and AWS_PROFILE apply.",
        out,
    )?;
    // In JMESPath backticks are quotes, and commands are built to be evaluated.
    writeln!(out, "# shellcheck disable=SC2016,SC2034,SC2317,SC2329")?;
    let accounts: BTreeSet<&str> = plan
        .fixes
        .iter()
        .map(|fix| fix.resource.account.as_str())
        .collect();
    let accounts: Vec<&str> = accounts.into_iter().collect();
    writeln!(
        out,
        "accounts={}",
        quoted(&hostile::plain(&accounts.join(" ")))
    )?;
    write!(out, "{RUNNER}")?;
    for function in &plan.shell_functions {
        write!(out, "\n{function}")?;
    }
    for (number, fix) in plan.fixes.iter().enumerate() {
        super::about(fix, out)?;
        match &fix.shell {
            Some(commands) if fix.is_ready() && has_command(commands) => {
                let name = format!("fix_{}", number + 1);
                write!(out, "{name}() {{\n{commands}}}\n")?;
                writeln!(out, "{}", call(&name, fix))?;
            }
            // Comments until they are approved, or where no command does it.
            Some(commands) => write!(out, "{commands}")?,
            None => super::comment("No command can do this.", out)?,
        }
    }
    writeln!(out, "\n# --- end\nfinish")
}

/// A function of comments alone is a syntax error of the shell.
fn has_command(commands: &str) -> bool {
    commands
        .lines()
        .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// The line that runs a fix.
fn call(name: &str, fix: &Fix) -> String {
    format!(
        "run {name} {} {}",
        quoted(&hostile::plain(&fix.resource.account)),
        quoted(&hostile::plain(&fix.what))
    )
}
