//! IAM policies: parsed as IAM reads them, evaluated for one request, decided for all requests.
//!
//! [`document`] is the tree, [`parse`] makes it from text and names whatever it cannot read,
//! [`pattern`] says what the leaves mean, [`catalogue`] lists the actions there are.
//! [`evaluate`] decides one request, [`prove`] decides for all of them, [`documented_public`] is AWS's
//! published meaning of public, and [`contract`] has the types of `policy prove` and `policy evaluate`.

pub mod batch;
pub mod bucket_kind;
pub mod catalogue;
pub mod compare;
pub mod contract;
pub mod controls;
pub mod delivery;
pub mod document;
pub mod documented_public;
pub mod evaluate;
pub mod guards;
pub mod identity;
mod json;
pub mod kleene;
pub mod parse;
pub mod partition;
pub mod pattern;
pub mod prove;
pub mod wording;

pub use document::{Defect, DefectKind, Policy};
pub use parse::PolicyKind;
pub use prove::who_can;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
