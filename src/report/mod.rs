//! The plain types of every machine contract: what `-o json`, `policy --batch` and
//! `cold-start --batch` read and write, and how people read the [`numbers`] in them. No logic
//! lives here.
//!
//! Outputs see nothing but these types, so a change inside facts or checks cannot silently change
//! what other people's programs parse. Members are only ever added.

pub mod account_run;
pub mod assessment;
pub mod baseline;
pub mod diff;
pub mod doctor;
pub mod gate;
pub mod invocation;
pub mod numbers;
pub mod parts;
pub mod plan;
pub mod policy_change;
pub mod posture;
pub mod who_can;

pub use assessment::*;
/// What `cold-start estimate` reads and writes.
pub use coldbucket_cold_start::contract as cold_start;
/// What `policy prove` and `policy evaluate` read and write.
pub use coldbucket_policy::contract as policy;
pub use gate::GateOutcome;
pub use invocation::Invocation;
pub use parts::ReportParts;
pub use posture::*;
