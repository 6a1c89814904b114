//! Runtimes by a dated table.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Runtime of a version, judged on the day the snapshot was taken.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuntimeFacts {
    /// Identifier, for example `python3.13`. Not decidable for container images, which name none.
    pub name: Fact<String>,
    /// `java`, `dotnet`, `python`, `nodejs`, `ruby`, `go`, `provided`, or `other`.
    pub family: Fact<String>,
    /// AWS no longer patches it. Not decidable for identifiers that the table does not know.
    pub deprecated: Fact<bool>,
    /// Day of deprecation, `YYYY-MM-DD`; empty when none is scheduled.
    pub deprecation_date: Fact<String>,
    /// Days until deprecation; negative when it is past; 100000 when none is scheduled.
    pub days_left: Fact<i64>,
    /// Day from which functions can no longer be updated, `YYYY-MM-DD`; empty when none is known.
    pub update_block_date: Fact<String>,
}
