//! What calls functions by itself: event source mappings, EventBridge rules, schedules; and what
//! scales their provisioned concurrency. Each is listed once a Region.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event source mapping (ListEventSourceMappings).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventSourceMapping {
    /// Its id.
    pub uuid: String,
    /// ARN of the function that is called, with the qualifier when there is one.
    pub function_arn: String,
    /// ARN of the queue, stream or table; empty for self-managed Kafka.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// `Enabled`, `Disabled`, `Creating`, …
    pub state: String,
}

/// An EventBridge rule that has a function among its targets (ListRules, ListTargetsByRule).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventRule {
    /// Rule name.
    pub name: String,
    /// Event bus; `default` for the Region's own.
    pub bus: String,
    /// `ENABLED` or another state.
    pub state: String,
    /// `rate(…)` or `cron(…)`; absent for rules over events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The functions it calls.
    pub targets: Vec<RuleTarget>,
}

/// A function that a rule calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleTarget {
    /// ARN of the function, with the qualifier when there is one.
    pub function_arn: String,
    /// The event is a constant that the target sets. What it says is never kept.
    pub constant_input: bool,
}

/// A schedule of EventBridge Scheduler that calls a function (ListSchedules, GetSchedule).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// Schedule name.
    pub name: String,
    /// Schedule group.
    pub group: String,
    /// `ENABLED` or `DISABLED`.
    pub state: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub schedule: String,
    /// ARN of the function, with the qualifier when there is one.
    pub function_arn: String,
    /// The input is a constant. What it says is never kept.
    pub constant_input: bool,
}

/// A qualifier whose provisioned concurrency Application Auto Scaling may change
/// (DescribeScalableTargets).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScalableTarget {
    /// Function name.
    pub function: String,
    /// Alias or version.
    pub qualifier: String,
    /// Fewest environments.
    pub min: u32,
    /// Most environments.
    pub max: u32,
}
