//! The layers that were read in this run, each once, by ARN.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::inventory::Reading;
use crate::inventory::archive::Archive;

/// Contents by ARN.
#[derive(Debug, Default)]
pub struct Layers(Mutex<HashMap<String, Arc<OnceCell<Reading<Archive>>>>>);

impl Layers {
    /// The place of one layer's contents, filled by the first function that uses it.
    pub fn of(&self, arn: &str) -> Arc<OnceCell<Reading<Archive>>> {
        let mut layers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(layers.entry(arn.to_owned()).or_default())
    }
}
