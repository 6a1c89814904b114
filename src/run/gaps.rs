//! What AWS did not tell, and which checks could not be judged for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::scope::ResourceScope;
use crate::checks::Selected;
use crate::inventory::Snapshot;
use crate::inventory::account::{AccountInventory, RegionInventory};
use crate::inventory::ids::{
    SubjectKind, access_point_arn, account_arn, bucket_arn, function_arn,
    multi_region_access_point_arn,
};
use crate::inventory::need::ReadingKind;
use crate::report::{CheckResult, Gap, Status};

/// Every refused or failed reading in scope, sorted by resource and action.
pub(super) fn find(
    snapshot: &Snapshot,
    selected: &Selected,
    results: &[CheckResult],
    scope: &ResourceScope,
) -> Vec<Gap> {
    let affected = Affected::new(selected, results);
    let mut gaps = Vec::new();
    for (id, account) in &snapshot.accounts {
        let home = account.regions.keys().next().map_or("", String::as_str);
        for refusal in refusals("account", &own_readings(account)) {
            let kinds = refusal.about_kind();
            let affects = affected.of(refusal.kind, |result| {
                &result.resource.account == id
                    && kinds.is_none_or(|kind| result.resource.kind == kind)
            });
            gaps.push(refusal.gap(account_arn(home, id), affects));
        }
        for (name, bucket) in &account.buckets {
            let region = bucket.region.as_deref().unwrap_or("unknown");
            if !scope.has(SubjectKind::Bucket, region, name) {
                continue;
            }
            let arn = bucket_arn(region, name);
            for refusal in refusals("bucket", bucket) {
                let affects = affected.at(refusal.kind, &arn);
                gaps.push(refusal.gap(arn.clone(), affects));
            }
        }
        // Keys and destinations are no resources of their own: what they leave open is a matter of
        // the buckets that name them.
        for (arn, key) in &account.keys {
            for refusal in refusals("key", key) {
                let affects = affected.of(refusal.kind, |result| {
                    result.resource.kind == SubjectKind::Bucket
                        && account
                            .buckets
                            .get(&result.resource.name)
                            .is_some_and(|bucket| bucket.encryption_key(id).as_ref() == Some(arn))
                });
                gaps.push(refusal.gap(arn.clone(), affects));
            }
        }
        for (name, target) in &account.targets {
            for refusal in refusals("target", target) {
                let affects = affected.of(refusal.kind, |result| {
                    result.resource.kind == SubjectKind::Bucket
                        && account
                            .buckets
                            .get(&result.resource.name)
                            .is_some_and(|bucket| bucket.destinations().contains(name.as_str()))
                });
                gaps.push(refusal.gap(bucket_arn(home, name), affects));
            }
        }
        for (arn, trail) in &account.trails {
            for refusal in refusals("trail", trail) {
                let affects = affected.of(refusal.kind, |result| &result.resource.account == id);
                gaps.push(refusal.gap(arn.clone(), affects));
            }
        }
        for (name, identity) in &account.identities {
            for refusal in refusals("identity", identity) {
                let affects = affected.at(refusal.kind, &identity.arn);
                gaps.push(refusal.gap(
                    if identity.arn.is_empty() {
                        name.clone()
                    } else {
                        identity.arn.clone()
                    },
                    affects,
                ));
            }
        }
        for point in account.multi_region_access_points.values() {
            let arn = multi_region_access_point_arn(id, &point.alias);
            for refusal in refusals("multi_region_access_point", point) {
                let affects = affected.at(refusal.kind, &arn);
                gaps.push(refusal.gap(arn.clone(), affects));
            }
        }
        for (region, inventory) in &account.regions {
            for (name, point) in &inventory.access_points {
                if !scope.has(SubjectKind::AccessPoint, region, name) {
                    continue;
                }
                let arn = access_point_arn(region, id, name);
                for refusal in refusals("access_point", point) {
                    let affects = affected.at(refusal.kind, &arn);
                    gaps.push(refusal.gap(arn.clone(), affects));
                }
            }
            let own = RegionInventory {
                functions: BTreeMap::new(),
                access_points: BTreeMap::new(),
                ..inventory.clone()
            };
            if scope.has(SubjectKind::Region, region, region) {
                for refusal in refusals("region", &own) {
                    let kinds = refusal.about_kind();
                    let affects = affected.of(refusal.kind, |result| {
                        // What belongs to no Region may hang on each.
                        let here = result.resource.region.as_str();
                        (here == region || matches!(here, "global" | "unknown"))
                            && kinds.is_none_or(|kind| result.resource.kind == kind)
                    });
                    gaps.push(refusal.gap(region.clone(), affects));
                }
            }
            for (name, function) in &inventory.functions {
                if !scope.has(SubjectKind::Function, region, name) {
                    continue;
                }
                let arn = if function.arn.is_empty() {
                    function_arn(region, id, name)
                } else {
                    function.arn.clone()
                };
                for refusal in refusals("function", function) {
                    let affects = affected.at(refusal.kind, &arn);
                    gaps.push(refusal.gap(arn.clone(), affects));
                }
            }
        }
    }
    gaps.sort();
    gaps
}

/// Checks by the readings they open, and their unjudged results.
struct Affected<'a> {
    opens: BTreeMap<ReadingKind, BTreeSet<&'a str>>,
    /// By check, then by ARN: there may be as many gaps as results.
    unjudged: BTreeMap<&'a str, BTreeMap<&'a str, &'a CheckResult>>,
}

impl<'a> Affected<'a> {
    fn new(selected: &'a Selected, results: &'a [CheckResult]) -> Self {
        let mut opens: BTreeMap<ReadingKind, BTreeSet<&str>> = BTreeMap::new();
        for check in selected.iter() {
            let listing = match check.subject {
                SubjectKind::Bucket => &[ReadingKind::BucketListing][..],
                SubjectKind::Function => {
                    &[ReadingKind::FunctionListing, ReadingKind::RegionListing][..]
                }
                SubjectKind::Trail => &[ReadingKind::TrailListing, ReadingKind::RegionListing][..],
                SubjectKind::Region => &[ReadingKind::RegionListing][..],
                SubjectKind::Identity => &[ReadingKind::IdentityListing][..],
                SubjectKind::AccessPoint => &[
                    ReadingKind::AccessPointListing,
                    ReadingKind::MultiRegionAccessPointListing,
                    ReadingKind::RegionListing,
                ][..],
                _ => &[],
            };
            let needs = check.needs();
            let readings = needs.iter().map(|need| need.reading);
            for reading in readings.chain(listing.iter().copied()) {
                opens.entry(reading).or_default().insert(&check.id);
            }
        }
        let mut unjudged: BTreeMap<&str, BTreeMap<&str, &CheckResult>> = BTreeMap::new();
        for result in results {
            if result.status == Status::NotAssessed {
                unjudged
                    .entry(&result.check)
                    .or_default()
                    .insert(&result.resource.arn, result);
            }
        }
        Self { opens, unjudged }
    }

    /// The checks that open the reading and have an unjudged result on that resource.
    fn at(&self, reading: Option<ReadingKind>, arn: &str) -> Vec<String> {
        self.chosen(reading, |results| results.contains_key(arn))
    }

    /// The checks that open the reading and have such an unjudged result.
    fn of(&self, reading: Option<ReadingKind>, such: impl Fn(&CheckResult) -> bool) -> Vec<String> {
        self.chosen(reading, |results| {
            results.values().any(|result| such(result))
        })
    }

    fn chosen(
        &self,
        reading: Option<ReadingKind>,
        affected: impl Fn(&BTreeMap<&str, &CheckResult>) -> bool,
    ) -> Vec<String> {
        let checks = reading.and_then(|reading| self.opens.get(&reading));
        checks
            .into_iter()
            .flatten()
            .filter(|check| self.unjudged.get(**check).is_some_and(&affected))
            .map(|check| (*check).to_owned())
            .collect()
    }
}

/// A reading that was refused or failed.
struct Refusal {
    kind: Option<ReadingKind>,
    action: String,
    code: String,
}

impl Refusal {
    fn gap(self, resource: String, affects: Vec<String>) -> Gap {
        Gap {
            resource,
            action: self.action,
            code: self.code,
            affects,
        }
    }

    /// The kind of resource that a listing of the account would have named.
    fn about_kind(&self) -> Option<SubjectKind> {
        match self.kind {
            Some(ReadingKind::BucketListing) => Some(SubjectKind::Bucket),
            Some(ReadingKind::RegionListing | ReadingKind::FunctionListing) => {
                Some(SubjectKind::Function)
            }
            Some(ReadingKind::IdentityListing) => Some(SubjectKind::Identity),
            Some(ReadingKind::AccessPointListing | ReadingKind::MultiRegionAccessPointListing) => {
                Some(SubjectKind::AccessPoint)
            }
            _ => None,
        }
    }
}

/// The refused and failed readings among the members of a part of the snapshot.
///
/// The document form is searched, not the types: a reading that is added to the inventory cannot be
/// forgotten here.
fn refusals(scope: &str, part: &impl Serialize) -> Vec<Refusal> {
    let Ok(Value::Object(members)) = serde_json::to_value(part) else {
        return Vec::new();
    };
    members
        .into_iter()
        .filter_map(|(member, reading)| {
            let said = reading.get("denied").or_else(|| reading.get("failed"))?;
            let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(Refusal {
                kind: ReadingKind::from_name(&format!("{scope}.{member}")),
                action: text("action")?,
                code: text("code")?,
            })
        })
        .collect()
}

/// The account's own readings, without its buckets and Regions. Every member is named, so that a
/// new one cannot be forgotten.
fn own_readings(account: &AccountInventory) -> AccountInventory {
    AccountInventory {
        caller: account.caller.clone(),
        public_access_block: account.public_access_block.clone(),
        region_listing: account.region_listing.clone(),
        bucket_listing: account.bucket_listing.clone(),
        identity_listing: account.identity_listing.clone(),
        identities: BTreeMap::new(),
        managed_policies: BTreeMap::new(),
        multi_region_access_point_listing: account.multi_region_access_point_listing.clone(),
        multi_region_access_points: BTreeMap::new(),
        buckets: BTreeMap::new(),
        keys: BTreeMap::new(),
        targets: BTreeMap::new(),
        trails: BTreeMap::new(),
        regions: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Reading;
    use crate::inventory::bucket::BucketInventory;
    use crate::inventory::need::Scope as Where;

    #[test]
    fn refused_and_failed_readings_are_found_by_their_names() {
        let bucket = BucketInventory {
            policy: Reading::Denied {
                action: "s3:GetBucketPolicy".to_owned(),
                code: "AccessDenied".to_owned(),
            },
            logging: Reading::Failed {
                action: "s3:GetBucketLogging".to_owned(),
                code: "Timeout".to_owned(),
                message: String::new(),
            },
            acl: Reading::Absent,
            ..BucketInventory::default()
        };
        let found = refusals("bucket", &bucket);
        let kinds: Vec<Option<ReadingKind>> = found.iter().map(|refusal| refusal.kind).collect();
        assert_eq!(
            kinds,
            [
                Some(ReadingKind::BucketPolicy),
                Some(ReadingKind::BucketLogging)
            ]
        );
    }

    #[test]
    fn every_reading_has_a_member_of_its_name() {
        for kind in ReadingKind::ALL {
            let (scope, _) = kind.name().split_once('.').unwrap_or_default();
            let expected = match kind.scope() {
                Where::Account => "account",
                Where::Region => "region",
                Where::Bucket => "bucket",
                Where::Function => "function",
                Where::Key => "key",
                Where::Target => "target",
                Where::Trail => "trail",
                Where::Identity => "identity",
                Where::AccessPoint => "access_point",
                Where::MultiRegionAccessPoint => "multi_region_access_point",
            };
            assert_eq!(scope, expected, "{}", kind.name());
        }
    }
}
