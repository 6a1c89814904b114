//! What several resources share, looked up once: which buckets receive whose access logs.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Snapshot;

/// Cross-resource look-ups over a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Buckets that a sibling names as its log target, by account.
    log_targets: BTreeMap<String, BTreeSet<String>>,
}

impl Index {
    /// Reads the snapshot once.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut index = Self::default();
        for (account, inventory) in &snapshot.accounts {
            let targets = inventory
                .buckets
                .values()
                .filter_map(|bucket| bucket.logging.known())
                .map(|logging| logging.target_bucket.clone())
                .collect();
            index.log_targets.insert(account.clone(), targets);
        }
        index
    }

    /// True when a bucket of the account that was read delivers its access logs to `bucket`.
    pub fn is_named_log_target(&self, account: &str, bucket: &str) -> bool {
        self.log_targets
            .get(account)
            .is_some_and(|targets| targets.contains(bucket))
    }
}
