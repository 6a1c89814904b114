//! The plan as a shell script.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#!/bin/sh")?;
    super::head(plan, out)?;
    super::comment(
        "Read it before you run it. It stops at the first command that fails, and can be run again: what is done already is left as it is. Needs the AWS CLI, 1 or 2, of 2025-11 or later, with credentials for the account; AWS_ENDPOINT_URL and AWS_PROFILE are heeded.",
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
            None => super::comment("There is no command for it.", out)?,
        }
    }
    Ok(())
}
