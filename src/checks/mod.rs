//! Checks are data: a short condition over facts, in one YAML file each.
//!
//! A file under `policies/` says everything about a check: the condition, what it is worth, what to
//! tell the user, how to mend it, and examples that prove it. Built-in checks and the user's own
//! have one form and one path through this module:
//!
//! ```text
//! file (the YAML, with places) -> catalogue (compiled, linted, unique)
//!     -> selection (pack, globs, thresholds) -> assess (one result a check and resource)
//! ```
//!
//! What is hard is not here. Conditions are a line or two over facts that typed Rust has drawn; a
//! condition that wants more is missing a fact. What this module guarantees instead is that a
//! verdict never rests on something unknown ([`expression`]) and that a mistake in a file is found
//! before anything runs ([`lint`], [`verify`]).

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
mod suggest;
pub mod topics;
pub mod verify;

pub use assess::{Judged, Judgement, assess, assess_resources};
pub use catalogue::{Catalog, Control, Pack, Standard};
pub use model::{Check, Examples, ForEach, Remediation};
pub use problem::{Defect, PolicyErrors, Problem};
pub use selection::{DEFAULT_PACK, Selected, Selection, SelectionError};
pub use verify::{verify, verify_files};
