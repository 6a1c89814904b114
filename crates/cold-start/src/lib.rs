//! How slow a function starts, estimated without invoking it.
//!
//! A cold start is three stretches of time, and each answers to another lever:
//!
//! 1. **Pre-init**: the environment is made and the zip is downloaded. No metric shows it; a caller
//!    waits for it all the same. It grows with the compressed size.
//! 2. **Init**: the runtime starts and the code outside the handler runs, at boosted speed, so memory
//!    hardly matters. It grows with what is loaded: SDK, libraries, framework. With SnapStart a
//!    restore takes its place. This is `Init Duration` of the REPORT line.
//! 3. **First call**: what the first handler call takes beyond a warm one. It runs at the speed that
//!    the memory setting buys, up to one full vCPU at 1769 MB, and on small settings it is often
//!    longer than the init.
//!
//! The arithmetic is in [`estimate`], the form of a coefficient in [`model`]; every number is data
//! (`data/cold-start-model.yaml`) with its source and date, most of them fitted by
//! `cargo run -p coldbucket-cold-start --example fit`, which prints the error as well. [`shape`] decides what
//! kind of program the input describes, [`layers`] what the ARNs of layers say, [`bias`] what an account's own
//! measurements correct, [`levers`] asks the estimator what-if questions, and
//! [`prices`] puts dollars beside the milliseconds.

pub mod bias;
pub mod contract;
pub mod estimate;
pub mod layers;
pub mod levers;
pub mod model;
pub mod prices;
pub mod shape;

pub use bias::AccountBias;
pub use contract::{EstimateInput, EstimateOutput, ExtensionKind, Lever, Precision, SdkClient};
pub use estimate::{Estimate, InputError, Part, Phase, estimate};
pub use layers::{KnownLayers, LayerMeaning};
pub use levers::{Demand, Target, levers};
pub use model::{Model, ModelError};
pub use prices::Prices;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
