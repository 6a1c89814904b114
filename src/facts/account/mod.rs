//! What can be said about the account as a whole.

use schemars::JsonSchema;
use serde::Serialize;

use super::Fact;
use super::bucket::public_access_block::{Flags, missing};
use super::vocabulary::NeedTable;
use crate::inventory::account::AccountInventory;
use crate::inventory::need::{Need, ReadingKind};

/// The facts of the account; conditions see them as `account`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountFacts {
    /// 12-digit id.
    pub id: String,
    /// Account-level Block Public Access.
    pub public_access_block: AccountPublicAccessBlockFacts,
    /// CloudTrail.
    pub trails: AccountTrailFacts,
}

/// What the account's trails record together.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountTrailFacts {
    /// A trail of many Regions, the organization's included, logs, delivers, and records every
    /// management event.
    pub management_everywhere: Fact<bool>,
}

/// Account-level Block Public Access, an organization's S3 policy included.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountPublicAccessBlockFacts {
    /// All four flags are on.
    pub all: Fact<bool>,
    /// Names of the flags that are off.
    pub missing: Fact<Vec<String>>,
}

/// The readings behind each path.
pub const NEEDS: NeedTable = &[
    ("account.id", &[]),
    (
        "account.public_access_block",
        &[Need::own(ReadingKind::AccountPublicAccessBlock)],
    ),
    (
        "account.trails.management_everywhere",
        &[
            Need::of_region(ReadingKind::TrailListing),
            Need::of_trails(ReadingKind::TrailStatus),
            Need::of_trails(ReadingKind::TrailSelectors),
        ],
    ),
];

impl AccountFacts {
    /// Concludes from what was read of the account.
    pub fn derive(id: &str, inventory: &AccountInventory) -> Self {
        let missing = missing(&Flags::of_account(inventory));
        Self {
            id: id.to_owned(),
            public_access_block: AccountPublicAccessBlockFacts {
                all: missing.as_ref().map(Vec::is_empty),
                missing,
            },
            trails: AccountTrailFacts {
                management_everywhere: super::trail::multi_region_management(inventory),
            },
        }
    }
}
