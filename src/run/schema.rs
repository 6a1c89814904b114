//! The JSON Schemas of the documents, generated from the types. `schemas/` contains them; a test compares.

use serde_json::Value;

use super::files::Stdout;
use super::{Exit, RunError};
use crate::cli::choices::SchemaName;
use crate::inventory::Snapshot;
use crate::report::Report;
use crate::report::baseline::Baseline;
use crate::report::diff::Diff;

pub(super) fn run(name: SchemaName, stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    let schema = of(name);
    stdout.write(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Clean)
}

/// The JSON Schema (draft 2020-12) of a document.
pub fn of(name: SchemaName) -> Value {
    match name {
        SchemaName::Report => schemars::schema_for!(Report).to_value(),
        SchemaName::Snapshot => schemars::schema_for!(Snapshot).to_value(),
        SchemaName::Baseline => schemars::schema_for!(Baseline).to_value(),
        SchemaName::Diff => schemars::schema_for!(Diff).to_value(),
    }
}
