//! The plan as Terraform code.

use std::io::{self, Write};

use crate::report::plan::Plan;

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    super::head(plan, out)?;
    super::comment(
        "Existing resources are imported. Where they are in Terraform already, move the changed arguments into your resources. Written for the AWS provider 6.22 or later; run `terraform plan` before you apply anything. A provider works in one Region: keep the resources of each Region in their own configuration.",
        out,
    )?;
    for fix in &plan.fixes {
        super::about(fix, out)?;
        match &fix.terraform {
            Some(code) => write!(out, "{code}")?,
            None => super::comment("No Terraform resource can do this.", out)?,
        }
    }
    Ok(())
}
