//! The plan of fixes, in the formats of `coldbucket remediate`: for people, for a shell, for
//! Terraform, for CloudFormation, for programs.
//!
//! What a target reads was quoted by `remedy`; here it is put below each other, with what a person
//! should know about each fix as comments. A fix that waits for a decision is commented out.

use std::io::{self, Write};

use super::{Formatted, hostile};
use crate::report::plan::{Fix, Plan};

mod cdk;
mod cloudformation;
mod patch;
mod shell;
mod table;
mod terraform;
mod tickets;

/// One format of a plan.
pub type PlanFormat = Formatted<Plan>;

impl PlanFormat {
    /// The table for people.
    pub const TABLE: Self = Self::new("table", "for people, on a terminal", table::render);

    /// Every format there is.
    pub const ALL: &'static [Self] = &[
        Self::TABLE,
        Self::new(
            "shell",
            "commands of the AWS CLI, for any POSIX shell",
            |plan, _, out| shell::render(plan, out),
        ),
        Self::new(
            "terraform",
            "resources of the AWS provider, HCL",
            |plan, _, out| terraform::render(plan, out),
        ),
        Self::new("cloudformation", "a template, YAML", |plan, _, out| {
            cloudformation::render(plan, out)
        }),
        Self::new(
            "cdk",
            "property overrides for AWS CDK, TypeScript",
            |plan, _, out| cdk::render(plan, out),
        ),
        Self::new(
            "patch",
            "a unified diff of the template's own text, for git apply (--template)",
            |plan, _, out| patch::render(plan, out),
        ),
        Self::new(
            "csv",
            "a row a fix, worst first, for tickets",
            |plan, _, out| tickets::csv(plan, out),
        ),
        Self::new(
            "markdown",
            "a table for a ticket, worst first",
            |plan, _, out| tickets::markdown(plan, out),
        ),
        Self::new(
            "json",
            "the whole plan, coldbucket-plan/1",
            |plan, _, out| {
                serde_json::to_writer_pretty(&mut *out, plan).map_err(io::Error::other)?;
                writeln!(out)
            },
        ),
    ];

    /// How a file of the format ends.
    pub fn extension(self) -> &'static str {
        match self.name {
            "shell" => "sh",
            "terraform" => "tf",
            "cloudformation" => "yaml",
            "cdk" => "ts",
            "markdown" => "md",
            "table" => "txt",
            other => other,
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// Columns of a comment.
const COMMENT_WIDTH: usize = 100;

/// Prose as comments of a shell, HCL or YAML.
fn comment(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in super::table::grid::wrap(&hostile::plain(text), COMMENT_WIDTH) {
        writeln!(out, "# {line}")?;
    }
    Ok(())
}

/// What stands above everything.
fn head(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    comment(
        &format!(
            "Made by {} {} from the account as it was at {}. Nothing has been applied.",
            plan.tool.name, plan.tool.version, plan.taken_at
        ),
        out,
    )?;
    let ready = plan.fixes.iter().filter(|fix| fix.is_ready()).count();
    comment(
        &format!(
            "{} can be applied as they stand; {} are commented out until you approve them: print the plan again with --decided CHECK.",
            super::table::count(ready, "fix"),
            plan.fixes.len() - ready
        ),
        out,
    )
}

/// What a person should know about a fix, above its commands.
fn about(fix: &Fix, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    comment(&format!("--- {} ({})", fix.what, fix.resource.arn), out)?;
    let mut checks: Vec<&str> = fix
        .findings
        .iter()
        .map(|finding| finding.check.as_str())
        .collect();
    checks.dedup();
    comment(&format!("Fixes: {}", checks.join(", ")), out)?;
    if !fix.effect.is_empty() {
        comment(&format!("Effect: {}", fix.effect), out)?;
    }
    if !fix.risk_note.is_empty() {
        comment(
            &format!("Risk, {}: {}", fix.risk.name(), fix.risk_note),
            out,
        )?;
    }
    if let (Some(decide), false) = (&fix.decide, fix.decided) {
        comment(&format!("DECIDE: {decide}"), out)?;
    }
    if fix.verified {
        comment("Verified on LocalStack or moto.", out)?;
    }
    Ok(())
}
