//! coldbucket audits an AWS account: who can reach each S3 bucket, how it is encrypted and watched,
//! and which Lambda functions start cold and slow.
//!
//! # How the house is built
//!
//! Everything flows one way. [`cli`] turns arguments into `Options`; [`run`] is the composition root
//! and alone reads and writes files; `collect` asks AWS and writes an [`inventory`], as
//! [`template`] does from a CloudFormation template or a Terraform plan; [`facts`] draws
//! every difficult conclusion from it; [`checks`] are data — short conditions over facts — and give
//! verdicts; [`findings`] gives them identity and applies exceptions; [`remedy`] plans fixes;
//! [`output`] renders the [`report`].
//!
//! ```text
//! cli -> run -> collect, template -> inventory
//!         |---> facts ----> inventory, report
//!         |---> checks ---> facts, findings; of remedy, the names of the changes
//!         |---> findings -> inventory::{ids, need, pointer}, report
//!         |---> remedy ---> facts, findings, report
//!         '---> output ---> report
//! ```
//!
//! An arrow means "may name", and nothing points back; `tests/architecture.rs` holds it. Only
//! `collect` names the SDK, tokio or a clock, and it does not exist without the feature `aws`: what
//! judges cannot reach the network, and "today" is the time the snapshot was taken.
//!
//! # Unknown is a value
//!
//! A call that was refused or failed becomes a [`inventory::Reading`] that says so, then a
//! [`facts::Fact`] that is unknown, then a result that is not assessed and names the permission that
//! would settle it. It can never become a pass or a fail.

pub mod checks;
pub mod cli;
#[cfg(feature = "aws")]
pub mod collect;
pub mod facts;
pub mod findings;
pub mod inventory;
pub mod output;
pub mod remedy;
pub mod report;
pub mod run;
pub mod template;
