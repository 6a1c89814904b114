//! IAM policies: parsed as IAM reads them, evaluated for one request, decided for all requests.
//!
//! [`document`] is the tree, [`parse`] makes it from text and names whatever it cannot read,
//! [`pattern`] and [`condition`] say what the leaves mean, [`catalogue`] lists the actions there are.
//! [`evaluate`] decides one request; [`documented_public`] is AWS's own notion of public, by the book.
//! [`screen`] draws the few conclusions that are certain without a complete search.

pub mod batch;
pub mod catalogue;
pub mod condition;
pub mod document;
pub mod documented_public;
pub mod evaluate;
pub mod guards;
pub mod identity;
mod json;
pub mod parse;
pub mod pattern;
pub mod prove;
pub mod screen;

pub use document::{Defect, DefectKind, Policy};
pub use parse::PolicyKind;
