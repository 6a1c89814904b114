//! Checks are data: a short condition over facts, in one YAML file each.
//!
//! A file under `policies/` contains everything about a check: its condition, severity, messages, fix,
//! and examples. Built-in checks and the user's own have the same form and the same path through this
//! module:
//!
//! ```text
//! file (the YAML, with places) -> catalogue (compiled, linted, unique)
//!     -> selection (pack, globs, thresholds) -> assess (one result a check and resource)
//! ```
//!
//! Conditions are a line or two over facts that typed Rust derives; a longer condition lacks a fact. This
//! module guarantees that a verdict never depends on an unknown fact ([`expression`]) and that a mistake
//! in a file is found before anything runs ([`lint`], [`verify`]).

pub mod assess;
pub mod catalogue;
pub mod expression;
mod file;
pub mod lint;
pub mod message;
mod model;
mod parallel;
mod problem;
pub mod selection;
pub mod shape;
pub mod suggest;
pub mod topics;
pub mod verify;

pub use assess::{Judged, Judgement, assess, assess_resources};
pub use catalogue::{Catalog, ComplianceStandard, Control, Pack};
pub use model::{Check, Examples, ForEach, MessageCase, Remediation};
pub use problem::{CheckDefect, PolicyErrors, PolicyProblem};
pub use selection::{DEFAULT_PACK, Selected, Selection, SelectionError};
pub use verify::{verify, verify_files};
