//! The snapshot document: what AWS answered, and nothing that was concluded from it.
//!
//! Collection writes it, facts read it, and it is also a file format (`coldbucket-snapshot/1`):
//! an account can be read today and judged tomorrow, on another machine, with the same verdicts.
//! That is why everything here is plain serde data without behaviour that could drift.
//!
//! One [`Reading`] stands for one API answer. A refusal is kept as a refusal; it is never turned
//! into a default value, because a default value turns into a wrong verdict three modules later.
//!
//! What is deliberately absent: environment variable values, presigned URLs, credentials and the
//! constant input of events. They are dropped where they are read and cannot be found here.

pub mod access_point;
pub mod account;
pub mod archive;
pub mod bucket;
pub mod config;
pub mod function;
pub mod held_policies;
pub mod identity;
pub mod ids;
pub mod key;
pub mod need;
pub mod object;
pub mod organization;
pub mod pointer;
pub mod price;
mod reading;
pub mod readings;
pub mod report_line;
pub mod request;
pub mod snapshot;
pub mod target;
pub mod trail;
pub mod trigger;

pub use reading::{Reading, ReadingState};
pub use snapshot::Snapshot;
