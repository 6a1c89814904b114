//! IAM policies: parsed as IAM reads them, evaluated for one request, decided for all requests.
//!
//! [`document`] is the tree, [`parse`] makes it from text and names whatever it cannot read,
//! [`pattern`] says what the leaves mean, [`catalogue`] lists the actions there are.
//! [`evaluate`] decides one request; [`documented_public`] is AWS's own notion of public, by the book.
//! [`evaluate`] decides one request, [`prove`] decides for all of them, [`compose`] when something
//! could not be read, and [`wording`] says in words whom a policy names and what it leaves open.

pub mod batch;
pub mod catalogue;
pub(in crate::facts) mod compose;
pub(in crate::facts) mod delivery;
pub mod document;
pub mod documented_public;
pub mod evaluate;
pub mod guards;
pub mod identity;
mod json;
pub mod parse;
pub mod pattern;
pub mod prove;
pub mod wording;

pub use document::{Defect, DefectKind, Policy};
pub use parse::PolicyKind;
