//! The plan as overrides for AWS CDK, in TypeScript.

use std::io::{self, Write};

use crate::output::hostile;
use crate::report::plan::{Fix, Plan};

pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let line = |text: &str| format!("// {}", hostile::plain(text));
    writeln!(
        out,
        "{}",
        line(&format!(
            "Made by {} {} from the account as it was at {}. Nothing has been applied.",
            plan.tool.name, plan.tool.version, plan.taken_at
        ))
    )?;
    writeln!(
        out,
        "// `resource` is the construct's own resource: bucket.node.defaultChild as cdk.CfnResource."
    )?;
    for fix in &plan.fixes {
        writeln!(
            out,
            "\n{}",
            line(&format!("--- {} ({})", fix.what, fix.resource.arn))
        )?;
        if let (Some(decide), false) = (&fix.decide, fix.is_ready()) {
            writeln!(out, "{}", line(&format!("DECIDE: {decide}")))?;
        }
        overrides(fix, out)?;
    }
    Ok(())
}

/// The overrides; as comments while the fix waits for a decision.
fn overrides(fix: &Fix, out: &mut dyn Write) -> io::Result<()> {
    let Some(text) = &fix.cdk else {
        return writeln!(
            out,
            "// CloudFormation, and so AWS CDK, has no resource for this."
        );
    };
    let before = if fix.is_ready() { "" } else { "// " };
    for text in text.lines() {
        writeln!(out, "{before}{}", hostile::plain(text))?;
    }
    Ok(())
}
