//! The plan as Terraform code.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    super::head(plan, out)?;
    super::comment(
        "For accounts whose buckets are not in Terraform yet: what exists is imported. Where they are, move the changed arguments into the resources you have. Written for the AWS provider 6.22 or later; see the difference with `terraform plan` before anything is applied. A provider works in one Region: keep the resources of each Region in a configuration of their own.",
        out,
    )?;
    for fix in &plan.fixes {
        super::about(fix, out)?;
        match &fix.terraform {
            Some(code) => write!(out, "{code}")?,
            None => super::comment("There is no resource for it.", out)?,
        }
    }
    Ok(())
}
