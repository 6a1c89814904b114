//! The plan as a CloudFormation template.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    super::head(plan, out)?;
    super::comment(
        "A resource is changed by the stack that owns it: merge the properties below into that stack's template. A bucket that no stack owns has to be imported with all its settings (aws cloudformation create-change-set --change-set-type IMPORT); a policy that is there already too.",
        out,
    )?;
    writeln!(out, "AWSTemplateFormatVersion: \"2010-09-09\"")?;
    if plan.cloudformation.is_empty() {
        super::comment("Nothing in this plan is a resource of CloudFormation.", out)?;
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
