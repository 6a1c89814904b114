//! Identity of results, and the one place where exceptions and baselines are applied.
//!
//! A finding is written in the report's own words, so nothing is translated on the way out.

pub use crate::report::{
    CheckResult as Finding, CheckSummary, Evidence, Reason, ResourceId, Severity, Status, numbers,
};

pub mod baseline;
mod bounded;
mod compare;
pub mod exceptions;
mod fingerprint;

pub use bounded::bounded;
pub use compare::compare;
pub use fingerprint::fingerprint;
