//! What can be said about the account as a whole.

use schemars::JsonSchema;

use super::bucket::public_access_block::{Flags, missing};
use super::trail::recording::multi_region_management;
use crate::facts::controls::Controls;
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::facts::subject::{Facts, GLOBAL, Subject, SubjectView};
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::{ResourceId, SubjectKind, account_arn};

/// The facts of the account; conditions see them as `account`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct AccountFacts {
    /// 12-digit id.
    pub id: String,
    /// Account-level Block Public Access.
    pub public_access_block: AccountPublicAccessBlockFacts,
    /// CloudTrail.
    pub trails: AccountTrailFacts,
    /// What its organization makes of it.
    pub organization: AccountOrganizationFacts,
}

/// What the organization that the account belongs to makes of it.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct AccountOrganizationFacts {
    /// The organization's id; empty where it was not read, or the account is not one of it.
    pub id: String,
    /// What the organization's S3 policies make of account-level Block Public Access: `all` turns all
    /// four settings on, `none` turns them off whatever the account had set, and `not set` leaves them
    /// to the account (S3 user guide, 2025-11).
    pub s3_policy: Fact<String>,
    /// The id of the S3 policy that decides; empty where none does.
    pub s3_policy_id: Fact<String>,
}

/// What the account's trails record together.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(region(TrailListing), trails(TrailStatus), trails(TrailSelectors))]
pub struct AccountTrailFacts {
    /// A trail of many Regions, the organization's included, logs, delivers, and records every
    /// management event.
    pub management_everywhere: Fact<bool>,
}

/// Account-level Block Public Access, an organization's S3 policy included.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(AccountPublicAccessBlock))]
pub struct AccountPublicAccessBlockFacts {
    /// All four flags are on.
    pub all: Fact<bool>,
    /// Names of the flags that are off.
    pub missing: Fact<Vec<String>>,
}

impl AccountFacts {
    /// Concludes from what was read of the account.
    pub(in crate::facts) fn derive(
        id: &str,
        inventory: &AccountInventory,
        controls: &Controls<'_>,
    ) -> Self {
        let s3_policy = controls.s3_policy(id);
        let missing = missing(&Flags::of_account(inventory));
        Self {
            id: id.to_owned(),
            public_access_block: AccountPublicAccessBlockFacts {
                all: missing.as_ref().map(Vec::is_empty),
                missing,
            },
            trails: AccountTrailFacts {
                management_everywhere: multi_region_management(inventory),
            },
            organization: AccountOrganizationFacts {
                id: controls
                    .organization_of(id)
                    .map(|organization| organization.id.clone())
                    .unwrap_or_default(),
                s3_policy_id: s3_policy.clone().map(|effect| effect.by),
                s3_policy: s3_policy.map(|effect| effect.value),
            },
        }
    }
}

impl<'a> SubjectView<'a> for AccountFacts {
    fn list(id: &str, account: &AccountInventory, _complete: bool) -> Vec<Subject> {
        vec![Subject {
            id: ResourceId {
                kind: SubjectKind::Account,
                name: id.to_owned(),
                arn: account_arn(account.partition(), id),
                account: id.to_owned(),
                region: GLOBAL.to_owned(),
                address: None,
            },
            unlisted: Vec::new(),
        }]
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (id, account) = facts.account(&subject.id.account)?;
        Some(Self::derive(id, account, &facts.controls))
    }
}
