//! Which accounts a run reads: the accounts of the organization by state, or a list; its shard of them;
//! and which of them are read already.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::folder::{self, RunFolder};
use crate::cli::options::Shard;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;
use crate::inventory::organization::{ACTIVE, Organization};
use crate::report::account_run::{AccountStatus, RunManifest};
use crate::run::RunError;

/// The state of an account whose state AWS did not return: it is read like an active one.
const NO_STATE: &str = "UNKNOWN";

/// The accounts to read and those to leave out, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AccountPlan {
    pub(super) planned: Vec<String>,
    pub(super) skipped: BTreeMap<String, String>,
}

impl AccountPlan {
    /// The accounts of an organization.
    pub(super) fn of_organization(
        organization: &Organization,
        excluded: &BTreeSet<String>,
    ) -> Self {
        let mut plan = Self::default();
        for (id, account) in &organization.accounts {
            if excluded.contains(id) {
                plan.skipped.insert(id.clone(), EXCLUDED.to_owned());
            } else if matches!(account.state.as_str(), ACTIVE | NO_STATE) {
                plan.planned.push(id.clone());
            } else {
                plan.skipped
                    .insert(id.clone(), format!("state {}", account.state));
            }
        }
        plan
    }

    /// A list of accounts.
    pub(super) fn of_list(accounts: &BTreeSet<String>, excluded: &BTreeSet<String>) -> Self {
        Self {
            planned: accounts.difference(excluded).cloned().collect(),
            skipped: accounts
                .intersection(excluded)
                .map(|id| (id.clone(), EXCLUDED.to_owned()))
                .collect(),
        }
    }
}

const EXCLUDED: &str = "--exclude-account";

/// Whether an account belongs to a shard: by a hash of its id, so that an account that is created
/// between the listings of two shards still belongs to exactly one.
pub(super) fn is_in_shard(account: &str, shard: Shard) -> bool {
    let digest = Sha256::digest(account.as_bytes());
    let mut number: u64 = 0;
    for byte in digest.iter().take(8) {
        number = (number << 8) | u64::from(*byte);
    }
    number % u64::from(shard.of.max(1)) == u64::from(shard.index)
}

/// The readings in a form that can be compared and hashed.
pub(super) fn names_of(needs: &BTreeSet<(SubjectKind, Need)>) -> Vec<String> {
    let names: BTreeSet<String> = needs
        .iter()
        .map(|(kind, need)| format!("{}: {need:?}", kind.name()))
        .collect();
    names.into_iter().collect()
}

/// SHA-256 over the readings.
pub(super) fn hash_of(needs: &[String]) -> String {
    folder::sha256(needs.join("\n").as_bytes())
}

/// What makes an account's files good enough for this run.
pub(super) struct Acceptable<'a> {
    pub(super) folder: &'a RunFolder,
    /// Hashes of readings that cover today's.
    pub(super) hashes: BTreeSet<String>,
    /// The oldest time at which an account may have been read, RFC 3339.
    pub(super) not_before: jiff::Timestamp,
    /// Accounts that are read again in any case.
    pub(super) refresh: &'a BTreeSet<String>,
}

impl Acceptable<'_> {
    /// The status of an account that need not be read again.
    pub(super) fn done(&self, account: &str) -> Result<Option<AccountStatus>, RunError> {
        if self.refresh.contains(account) {
            return Ok(None);
        }
        let Some(status) = status(self.folder, account)? else {
            return Ok(None);
        };
        let fresh = status
            .taken_at
            .parse::<jiff::Timestamp>()
            .is_ok_and(|taken_at| taken_at >= self.not_before);
        if !status.status.is_read() || !fresh || !self.hashes.contains(&status.needs_hash) {
            return Ok(None);
        }
        let whole = self
            .folder
            .read(&self.folder.snapshot(account))?
            .is_some_and(|bytes| Some(folder::sha256(&bytes)) == status.snapshot_sha256);
        Ok(whole.then_some(status))
    }
}

/// The status of an account, if it has one that can be read.
pub(super) fn status(folder: &RunFolder, account: &str) -> Result<Option<AccountStatus>, RunError> {
    folder.read_json(&folder.status(account), "status of an account")
}

/// Refuses a resumed run that would mix what does not belong together.
pub(super) fn check_same(before: &RunManifest, now: &RunManifest) -> Result<(), RunError> {
    let none = "none".to_owned();
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| none.clone());
    let parts = |manifest: &RunManifest| {
        [
            ("role", manifest.role.clone()),
            ("endpoint", or_none(&manifest.endpoint)),
            ("organization", or_none(&manifest.organization)),
            ("shards", manifest.shards.to_string()),
        ]
    };
    for ((what, before_is), (_, now_is)) in parts(before).into_iter().zip(parts(now)) {
        if before_is != now_is {
            return Err(RunError::mistake(
                format!(
                    "run {} was begun with {what} {before_is}, not {now_is}",
                    before.run
                ),
                Some("choose another --run".to_owned()),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_in_exactly_one_shard() {
        for of in [1, 2, 3, 6, 7] {
            for number in 0..500_u64 {
                let account = format!("{:012}", number * 7_919);
                let shards: Vec<u32> = (0..of)
                    .filter(|index| is_in_shard(&account, Shard { index: *index, of }))
                    .collect();
                assert_eq!(shards.len(), 1, "{account} of {of}: {shards:?}");
            }
        }
    }

    #[test]
    fn the_shard_follows_from_the_id_alone() {
        let digest = folder::sha256(b"111111111111");
        let number = u64::from_str_radix(digest.get(..16).unwrap(), 16).unwrap();
        let index = u32::try_from(number % 3).unwrap();
        assert!(is_in_shard("111111111111", Shard { index, of: 3 }));
    }

    #[test]
    fn accounts_that_are_not_active_are_skipped_with_their_state() {
        let organization: Organization = serde_json::from_value(serde_json::json!({
            "schema": "coldbucket-organization/1", "taken_at": "2026-11-29T00:00:00Z", "id": "o-1",
            "management_account": "1",
            "accounts": {"1": {"state": "ACTIVE"}, "2": {"state": "SUSPENDED"},
                         "3": {"state": "ACTIVE"}, "4": {"state": "UNKNOWN"}},
        }))
        .unwrap();
        let plan = AccountPlan::of_organization(&organization, &BTreeSet::from(["3".to_owned()]));
        // A state that was not returned is no reason to leave an account out.
        assert_eq!(plan.planned, ["1", "4"]);
        assert_eq!(plan.skipped["2"], "state SUSPENDED");
        assert_eq!(plan.skipped["3"], "--exclude-account");
    }
}
