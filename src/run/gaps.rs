//! What AWS refused or failed to answer, and which checks could not be judged for it.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::AuditScope;
use crate::checks::Selected;
use crate::inventory::Snapshot;
use crate::inventory::account::AccountInventory;
use crate::inventory::bucket::BucketInventory;
use crate::inventory::ids::{
    BucketKind, SubjectKind, access_point_arn, account_arn, bucket_arn, function_arn,
    multi_region_access_point_arn, regional_bucket_arn,
};
use crate::inventory::need::{ReadingKind, Scope};
use crate::inventory::readings::{OwnerInventory, ReadingOwner, RegionalKind};
use crate::report::{CheckResult, Gap, Status};

/// Every refused or failed reading in scope, sorted by resource and action.
pub(super) fn find(
    snapshot: &Snapshot,
    selected: &Selected,
    results: &[CheckResult],
    scope: &AuditScope,
) -> Vec<Gap> {
    let affected = Affected::new(selected, results);
    let mut gaps = Vec::new();
    for (id, account) in &snapshot.accounts {
        for owner in ReadingOwner::all(id, account) {
            if !in_scope(&owner, scope) {
                continue;
            }
            if owner.was_deleted(account) {
                let gone = owner.refusals().find(|(_, _, code)| is_gone(code));
                gaps.extend(gone.map(|(_, action, code)| Gap {
                    resource: resource(&owner, account),
                    action: action.to_owned(),
                    code: format!("{code}: deleted during the run"),
                    affects: Vec::new(),
                }));
                continue;
            }
            gaps.extend(owner.refusals().map(|(kind, action, code)| {
                let resource = resource(&owner, account);
                Gap {
                    affects: affected.by(kind, &owner, &resource, account),
                    resource,
                    action: action.to_owned(),
                    code: code.to_owned(),
                }
            }));
        }
    }
    gaps.sort();
    gaps
}

/// The code says that the bucket or function is not there.
fn is_gone(code: &str) -> bool {
    matches!(code, "NoSuchBucket" | "ResourceNotFoundException")
}

fn in_scope(owner: &ReadingOwner<'_>, scope: &AuditScope) -> bool {
    let (kind, region) = match owner.inventory {
        OwnerInventory::Bucket(bucket) => (
            SubjectKind::Bucket,
            bucket.region.as_deref().unwrap_or("unknown"),
        ),
        OwnerInventory::Region(_) => (SubjectKind::Region, owner.region),
        OwnerInventory::DirectoryBucket(_)
        | OwnerInventory::TableBucket(_)
        | OwnerInventory::VectorBucket(_)
        | OwnerInventory::FileSystem(_) => (SubjectKind::Bucket, owner.region),
        OwnerInventory::AccessPoint(_) => (SubjectKind::AccessPoint, owner.region),
        OwnerInventory::Function(_) => (SubjectKind::Function, owner.region),
        OwnerInventory::WebFunction(_) => (SubjectKind::WebFunction, owner.region),
        // The others belong to the whole account, or to buckets that may be in scope.
        _ => return true,
    };
    scope.has(kind, region, owner.name)
}

/// The ARN of what has the refused reading; the name of a Region, which has none.
fn resource(owner: &ReadingOwner<'_>, account: &AccountInventory) -> String {
    let (id, region, name) = (owner.account, owner.region, owner.name);
    let partition = account.partition();
    let arn = match owner.inventory {
        OwnerInventory::Account(_) => account_arn(partition, id),
        OwnerInventory::Bucket(_) | OwnerInventory::Target(_) => bucket_arn(partition, name),
        OwnerInventory::Identity(identity) => identity.arn.clone(),
        OwnerInventory::MultiRegionAccessPoint(point) => {
            multi_region_access_point_arn(partition, id, &point.alias)
        }
        OwnerInventory::DirectoryBucket(_)
        | OwnerInventory::TableBucket(_)
        | OwnerInventory::VectorBucket(_)
        | OwnerInventory::FileSystem(_) => {
            let row = RegionalKind::of_scope(owner.inventory.scope());
            row.map_or_else(String::new, |row| {
                regional_bucket_arn(row.kind, region, id, name)
            })
        }
        OwnerInventory::AccessPoint(_) => access_point_arn(region, id, name),
        OwnerInventory::Function(function) if function.arn.is_empty() => {
            function_arn(region, id, name)
        }
        OwnerInventory::Function(function) => function.arn.clone(),
        OwnerInventory::WebFunction(function) => function.arn.clone(),
        OwnerInventory::Region(_) | OwnerInventory::Key(_) | OwnerInventory::Trail(_) => {
            name.to_owned()
        }
    };
    if arn.is_empty() { name.to_owned() } else { arn }
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
            let needs = check.needs();
            let mut readings: BTreeSet<ReadingKind> =
                needs.iter().map(|need| need.reading).collect();
            readings.extend(check.listings());
            // What is listed Region by Region needs the list of Regions.
            if readings
                .iter()
                .any(|reading| reading.scope() == Scope::Region)
            {
                readings.insert(ReadingKind::RegionListing);
            }
            for reading in readings {
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

    /// The checks that open the reading and have an unjudged result that it may be the cause of.
    fn by(
        &self,
        kind: ReadingKind,
        owner: &ReadingOwner<'_>,
        arn: &str,
        account: &AccountInventory,
    ) -> Vec<String> {
        // Keys and destinations are no resources of their own: they affect the buckets that name them.
        let buckets = |name_it: &dyn Fn(&BucketInventory) -> bool| {
            self.of(kind, |result| {
                result.resource.kind == SubjectKind::Bucket
                    && BucketKind::of_arn(&result.resource.arn) == BucketKind::General
                    && account
                        .buckets
                        .get(&result.resource.name)
                        .is_some_and(name_it)
            })
        };
        let listed = listed_kind(kind);
        // A list of buckets is of one kind of bucket.
        let of_bucket_kind = |result: &CheckResult| {
            let named = kind.bucket_kind();
            named.is_none_or(|named| BucketKind::of_arn(&result.resource.arn) == named)
        };
        let of_kind = |result: &CheckResult| {
            listed.is_none_or(|kind| result.resource.kind == kind && of_bucket_kind(result))
        };
        let in_account = |result: &CheckResult| result.resource.account == owner.account;
        match owner.inventory {
            OwnerInventory::Account(_) => {
                self.of(kind, |result| in_account(result) && of_kind(result))
            }
            OwnerInventory::Trail(_) => self.of(kind, in_account),
            OwnerInventory::Region(_) => self.of(kind, |result| {
                // What belongs to no Region may depend on each.
                let here = result.resource.region.as_str();
                (here == owner.region || matches!(here, "global" | "unknown")) && of_kind(result)
            }),
            OwnerInventory::Key(_) => buckets(&|bucket| {
                bucket.encryption_key(owner.account).as_deref() == Some(owner.name)
            }),
            OwnerInventory::Target(_) => {
                buckets(&|bucket| bucket.destinations().contains(owner.name))
            }
            _ => self.chosen(kind, |results| results.contains_key(arn)),
        }
    }

    fn of(&self, kind: ReadingKind, such: impl Fn(&CheckResult) -> bool) -> Vec<String> {
        self.chosen(kind, |results| results.values().any(|result| such(result)))
    }

    fn chosen(
        &self,
        kind: ReadingKind,
        affected: impl Fn(&BTreeMap<&str, &CheckResult>) -> bool,
    ) -> Vec<String> {
        let checks = self.opens.get(&kind).into_iter().flatten();
        checks
            .filter(|check| self.unjudged.get(**check).is_some_and(&affected))
            .map(|check| (*check).to_owned())
            .collect()
    }
}

/// The kind of resource that a listing would have named; `None` where results of every kind may
/// depend on the reading.
fn listed_kind(kind: ReadingKind) -> Option<SubjectKind> {
    match kind {
        ReadingKind::RegionListing => Some(SubjectKind::Function),
        ReadingKind::TrailListing => None,
        other => other.lists(),
    }
}
