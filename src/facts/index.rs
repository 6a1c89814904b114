//! What several resources share, looked up once: which buckets receive whose access logs.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Snapshot;

/// Cross-resource look-ups over a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// By account, by target bucket: the buckets that name it as their log target.
    log_sources: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Index {
    /// Reads the snapshot once.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut index = Self::default();
        for (account, inventory) in &snapshot.accounts {
            let sources = index.log_sources.entry(account.clone()).or_default();
            for (name, bucket) in &inventory.buckets {
                if let Some(logging) = bucket.logging.known() {
                    sources
                        .entry(logging.target_bucket.clone())
                        .or_default()
                        .insert(name.clone());
                }
            }
        }
        index
    }

    /// The buckets of the account that were read and deliver their access logs to `bucket`, in
    /// name order. A bucket that logs to itself is among them.
    pub fn log_sources(&self, account: &str, bucket: &str) -> impl Iterator<Item = &str> {
        self.log_sources
            .get(account)
            .and_then(|targets| targets.get(bucket))
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// True when a bucket of the account that was read delivers its access logs to `bucket`.
    pub fn is_named_log_target(&self, account: &str, bucket: &str) -> bool {
        self.log_sources(account, bucket).next().is_some()
    }
}
