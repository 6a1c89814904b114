//! The plan as a shell script.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#!/bin/sh")?;
    super::head(plan, out)?;
    super::comment(
        "Read this script before you run it. It stops at the first command that fails. It can be run again: what is already set stays as it is. It needs the AWS CLI, version 1 or 2, of 2025-11 or later, and credentials for the account; AWS_ENDPOINT_URL and AWS_PROFILE apply.",
        out,
    )?;
    // In JMESPath backticks are quotes.
    writeln!(
        out,
        "# shellcheck disable=SC2016\nset -eu\nexport AWS_PAGER=''"
    )?;
    for function in &plan.shell_functions {
        write!(out, "\n{function}")?;
    }
    for fix in &plan.fixes {
        super::about(fix, out)?;
        match &fix.shell {
            Some(commands) => write!(out, "{commands}")?,
            None => super::comment("No command can do this.", out)?,
        }
    }
    Ok(())
}
