//! `init`: the files that a repository needs to run coldbucket in CI. Nothing that exists is replaced.

use std::path::Path;

use super::console::Console;
use super::files::{self, Stdout};
use super::{Exit, RunError, catalogue, permissions};
use crate::cli::config::FILE_NAME;
use crate::cli::options::{InitOptions, SelectionOptions};
use crate::report::baseline::SCHEMA;

const CONFIG: &str = include_str!("init/coldbucket.toml");
const WORKFLOW: &str = include_str!("init/workflow.yml");
const TRUST: &str = include_str!("init/trust.json");

pub(super) fn run(
    options: &InitOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    let catalogue = catalogue::load(&[])?;
    let selected = catalogue::select(&catalogue, &SelectionOptions::default())?;
    let policy = permissions::policy(&catalogue::needs(&selected), &[]);
    let policy = format!("{policy:#}\n");
    let baseline = serde_json::json!({
        "schema": SCHEMA,
        "taken_at": "1970-01-01T00:00:00Z",
        "findings": [],
    });
    let baseline = format!("{baseline:#}\n");
    let written = [
        (FILE_NAME, CONFIG),
        ("baseline.json", baseline.as_str()),
        (".github/workflows/coldbucket.yml", WORKFLOW),
        ("coldbucket-role/policy.json", policy.as_str()),
        ("coldbucket-role/trust.json", TRUST),
    ];
    for (name, text) in written {
        if options.folder.join(name).exists() {
            console.note(&format!("kept {name}, which is there already"));
        } else {
            files::write_in(&options.folder, name, text.as_bytes())?;
            console.note(&format!("wrote {name}"));
        }
    }
    let role = Path::new("coldbucket-role");
    stdout.write(|out| {
        writeln!(out, "Next:")?;
        writeln!(out, "  1. Put your account and repository into {}, and create the role:", role.join("trust.json").display())?;
        writeln!(out, "     aws iam create-role --role-name coldbucket --assume-role-policy-document file://coldbucket-role/trust.json")?;
        writeln!(out, "     aws iam put-role-policy --role-name coldbucket --policy-name read --policy-document file://coldbucket-role/policy.json")?;
        writeln!(out, "  2. Put its ARN into .github/workflows/coldbucket.yml.")?;
        writeln!(out, "  3. Accept today's findings, so that only new ones fail:")?;
        writeln!(out, "     coldbucket audit --write-baseline baseline.json")
    })?;
    Ok(Exit::Clean)
}
