//! Identity of results, exceptions and baselines.
//!
//! A finding uses the report's own types.

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
