//! What can be said about one Region of the account: whether AWS Config watches it.
//!
//! Only the customer's own recorder counts. A service of AWS may have one for itself (Security Hub has
//! since 2026-06), which records what that service wants and shows nothing to the customer. Rules that
//! are triggered by changes only run while a recorder records; periodic ones run without. So a list of
//! rules proves nothing by itself.
//!
//! Which Regions matter is a question of its own: a Region that holds no bucket and no function of the
//! account has nothing here that a recorder could watch, and is not judged.

pub(in crate::facts) mod config;
mod rules;

use schemars::JsonSchema;

pub use config::ConfigFacts;
pub use rules::RuleTable;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::subject::{Facts, Subject, SubjectView, UNKNOWN, UNLISTED};
use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::ids::{ResourceId, SubjectKind, region_arn};
use crate::inventory::need::ReadingKind;

/// The facts of one Region; conditions see them as `region`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(RegionListing))]
pub struct RegionFacts {
    /// Its name.
    pub name: String,
    /// It holds a bucket or a function of the account.
    #[needs(own(BucketListing), own(FunctionListing))]
    pub in_use: Fact<bool>,
    /// AWS Config.
    pub config: ConfigFacts,
}

impl RegionFacts {
    /// Concludes everything about one Region.
    pub(super) fn derive(name: &str, account: &AccountInventory, region: &RegionInventory) -> Self {
        Self {
            name: name.to_owned(),
            in_use: in_use(name, account, region),
            config: ConfigFacts::derive(region),
        }
    }
}

/// Whether there is something of the account to watch. One bucket decides; that there is none takes
/// both lists.
fn in_use(name: &str, account: &AccountInventory, region: &RegionInventory) -> Fact<bool> {
    let bucket = account
        .buckets
        .values()
        .any(|bucket| bucket.region.as_deref() == Some(name));
    let more_buckets = from_reading(
        ReadingKind::BucketListing,
        &account.bucket_listing,
        || false,
        |_| false,
    );
    let more_functions = from_reading(
        ReadingKind::FunctionListing,
        &region.function_listing,
        || false,
        |_| false,
    );
    Fact::Known(bucket || !region.functions.is_empty())
        .or(more_buckets)
        .or(more_functions)
}

impl<'a> SubjectView<'a> for RegionFacts {
    fn list(id: &str, account: &AccountInventory, _complete: bool) -> Vec<Subject> {
        let subject = |name: &str, unlisted| Subject {
            id: ResourceId {
                kind: SubjectKind::Region,
                name: name.to_owned(),
                arn: region_arn(name, id),
                account: id.to_owned(),
                region: if name == UNLISTED { UNKNOWN } else { name }.to_owned(),
                address: None,
            },
            unlisted,
        };
        let mut subjects: Vec<Subject> = account
            .regions
            .keys()
            .map(|name| subject(name, Vec::new()))
            .collect();
        // Where the list of Regions was refused, those that every account has were read all the same.
        let unlisted = match &account.region_listing {
            Reading::Known(_) | Reading::Absent => Vec::new(),
            Reading::NotCollected if !subjects.is_empty() => Vec::new(),
            refused => from_reading(ReadingKind::RegionListing, refused, || (), |_| ())
                .because()
                .to_vec(),
        };
        if !unlisted.is_empty() {
            subjects.push(subject(UNLISTED, unlisted));
        }
        subjects
    }

    fn view(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        let (_, account) = facts.account(&subject.id.account)?;
        let (name, region) = account.regions.get_key_value(&subject.id.name)?;
        Some(Self::derive(name, account, region))
    }
}
