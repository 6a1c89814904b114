//! How slow a function starts: what the snapshot says about it, put to the estimator
//! ([`coldbucket_cold_start`]), beside what its logs measured.

mod bias;
pub mod facts;
pub mod measured;
mod question;

pub(in crate::facts) use bias::AccountBiases;
pub use facts::{ColdStartFacts, EstimateFacts};
pub use measured::MeasuredFacts;
