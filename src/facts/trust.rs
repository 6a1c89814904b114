//! Whom the user has declared as known.

use std::collections::BTreeSet;

/// Whom the user has declared as known: sharing with them is not a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// 12-digit account ids.
    pub accounts: BTreeSet<String>,
    /// Organization ids (`o-…`).
    pub organizations: BTreeSet<String>,
}

impl Trust {
    /// True for an account or organization the user has declared as known.
    pub fn covers(&self, id: &str) -> bool {
        self.accounts.contains(id) || self.organizations.contains(id)
    }
}
