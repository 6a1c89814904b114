//! The plan as a CloudFormation template.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    super::head(plan, out)?;
    super::comment(
        "Merge the properties below into the template of the stack that owns the resource. A bucket that no stack owns must be imported with all its settings (aws cloudformation create-change-set --change-set-type IMPORT), and so must an existing policy.",
        out,
    )?;
    writeln!(out, "AWSTemplateFormatVersion: \"2010-09-09\"")?;
    if plan.cloudformation.is_empty() {
        super::comment(
            "CloudFormation has no resource for anything in this plan.",
            out,
        )?;
        writeln!(out, "Resources: {{}}")?;
    } else {
        writeln!(out, "Resources:")?;
    }
    for resource in &plan.cloudformation {
        writeln!(
            out,
            "  # {}",
            crate::output::hostile::plain(&resource.title)
        )?;
        write!(out, "{}", resource.text)?;
    }
    for fix in plan.fixes.iter().filter(|fix| !fix.is_ready()) {
        super::about(fix, out)?;
    }
    Ok(())
}
