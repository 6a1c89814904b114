//! Server access logging: from whom, to where.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::Fact;

/// Server access logging.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LoggingFacts {
    /// A target is configured.
    pub enabled: Fact<bool>,
    /// The target bucket; empty when there is none.
    pub target_bucket: Fact<String>,
    /// The target prefix.
    pub target_prefix: Fact<String>,
    /// The bucket logs to itself: every delivery is logged again.
    pub to_itself: Fact<bool>,
    /// The bucket receives access logs: its own policy or ACL grants log delivery, or a sibling
    /// that was read names it. Siblings that were not read do not make this unknown.
    pub is_log_target: Fact<bool>,
}
