//! Everything difficult, concluded in pure functions: the inventory goes in, facts come out.
//!
//! A fact group is a struct of [`Fact`]s whose members declare the readings they open
//! ([`group::FactValue`]). Conditions in `policies/` name facts by path
//! (`bucket.transport.plain_http_reachable`); the path says what must be collected. Facts know no
//! severity and no check: "public" is a fact, "critical" is an opinion that a policy file has.
//!
//! A subject is read through one view ([`Facts::view`]): a group is concluded when it is first read,
//! and at most once. Results, postures, evidence and fixes read views, and nothing here holds the
//! facts of a whole account at once. Contexts and facts stand at the bottom, topics over them, the
//! kinds of subjects over topics, and the list of kinds on top.

pub mod access_point;
pub mod account;
pub mod bucket;
mod controls;
mod dated_table;
mod document;
mod evidence;
mod fact;
pub mod function;
pub mod group;
pub mod identity;
mod index;
mod lambda_policy;
mod lazy;
pub mod reach;
pub mod region;
pub mod settings;
mod subject;
mod subjects;
pub mod trail;
mod trust;
mod vocabulary;
pub mod web_function;

pub use document::FactDocument;
pub use fact::{Because, Fact, from_reading};
pub use group::FactPaths;
pub use index::Index;
pub use lazy::Lazy;
pub use settings::CurrentSettings;
pub use subject::{Facts, Posture, Subject, UNLISTED};
pub use subjects::{SubjectFacts, schema};
pub use trust::Trust;
pub use vocabulary::{declarations, list_needs, needs};
