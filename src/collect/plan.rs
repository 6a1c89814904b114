//! From what the selected checks need to what is called.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, Need, ReadingKind, Relation, Scope};

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The readings of every resource, each with the guards of the needs that ask for it.
    readings: BTreeMap<ReadingKind, BTreeSet<Guard>>,
    /// The readings of buckets that receive access logs, wherever they are.
    log_targets: BTreeSet<ReadingKind>,
    /// The readings of the keys that buckets name.
    keys: BTreeSet<ReadingKind>,
    /// Whether the buckets that others deliver to are there.
    destinations: bool,
    buckets: bool,
    regions: bool,
    functions: bool,
}

impl Plan {
    /// The plan that serves these needs. `image_sizes` adds the one opt-in reading.
    pub fn new(needs: &BTreeSet<(SubjectKind, Need)>, image_sizes: bool) -> Self {
        let mut plan = Self::default();
        for (kind, need) in needs {
            plan.resources(*kind, need.reading);
            if need.reading.opt_in() {
                continue;
            }
            match need.reading.scope() {
                Scope::Key => {
                    plan.keys.insert(need.reading);
                    continue;
                }
                Scope::Target => {
                    plan.destinations = true;
                    continue;
                }
                _ => {}
            }
            match need.relation {
                Relation::Own
                | Relation::Siblings
                | Relation::EncryptionKey
                | Relation::Destination => {
                    plan.readings
                        .entry(need.reading)
                        .or_default()
                        .insert(need.guard);
                }
                Relation::LogTarget => {
                    plan.log_targets.insert(need.reading);
                }
            }
        }
        if image_sizes && plan.functions {
            plan.readings
                .entry(ReadingKind::FunctionImage)
                .or_default()
                .insert(Guard::OnlyImages);
        }
        plan
    }

    fn resources(&mut self, kind: SubjectKind, reading: ReadingKind) {
        match kind {
            SubjectKind::Bucket => self.buckets = true,
            SubjectKind::Function => self.functions = true,
            SubjectKind::Region => self.regions = true,
            _ => {}
        }
        match reading {
            ReadingKind::BucketListing => self.buckets = true,
            ReadingKind::FunctionListing => self.functions = true,
            ReadingKind::RegionListing => self.regions = true,
            _ => match reading.scope() {
                Scope::Bucket | Scope::Key | Scope::Target => self.buckets = true,
                Scope::Function => self.functions = true,
                Scope::Region => self.regions = true,
                Scope::Account => {}
            },
        }
    }

    /// Buckets are to be listed.
    pub const fn buckets(&self) -> bool {
        self.buckets
    }

    /// Functions are to be listed.
    pub const fn functions(&self) -> bool {
        self.functions
    }

    /// It matters which Regions are enabled.
    pub const fn regions(&self) -> bool {
        self.regions || self.functions
    }

    /// The reading is wanted of every resource it belongs to.
    pub fn wants(&self, reading: ReadingKind) -> bool {
        self.readings.contains_key(&reading)
    }

    /// The reading is wanted, and at least one need's guard does not rule the call out.
    pub fn calls(&self, reading: ReadingKind, ruled_out: impl Fn(Guard) -> bool) -> bool {
        self.readings
            .get(&reading)
            .is_some_and(|guards| guards.iter().any(|guard| !ruled_out(*guard)))
    }

    /// The reading is wanted of the keys that buckets name.
    pub fn of_keys(&self, reading: ReadingKind) -> bool {
        self.keys.contains(&reading)
    }

    /// It matters whether the buckets that others deliver to are there.
    pub const fn of_destinations(&self) -> bool {
        self.destinations
    }

    /// The plan for the buckets that receive access logs; `None` when nothing is asked of them.
    pub fn of_log_targets(&self) -> Option<Self> {
        (!self.log_targets.is_empty()).then(|| Self {
            readings: self
                .log_targets
                .iter()
                .map(|reading| (*reading, BTreeSet::from([Guard::Always])))
                .collect(),
            buckets: true,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(needs: &[(SubjectKind, Need)]) -> Plan {
        Plan::new(&needs.iter().copied().collect(), false)
    }

    #[test]
    fn a_bucket_need_lists_buckets_and_no_functions() {
        let plan = plan(&[(SubjectKind::Bucket, Need::own(ReadingKind::BucketPolicy))]);
        assert!(plan.buckets() && !plan.functions() && !plan.regions());
        assert!(plan.wants(ReadingKind::BucketPolicy));
        assert!(!plan.wants(ReadingKind::BucketAcl));
    }

    #[test]
    fn an_account_reading_asked_by_a_bucket_lists_buckets() {
        let plan = plan(&[(
            SubjectKind::Bucket,
            Need::own(ReadingKind::AccountPublicAccessBlock),
        )]);
        assert!(plan.buckets());
        assert!(plan.wants(ReadingKind::AccountPublicAccessBlock));
    }

    #[test]
    fn an_account_need_lists_nothing() {
        let plan = plan(&[(
            SubjectKind::Account,
            Need::own(ReadingKind::AccountPublicAccessBlock),
        )]);
        assert!(!plan.buckets() && !plan.functions() && !plan.regions());
    }

    #[test]
    fn an_unguarded_need_wins_over_a_guarded_one() {
        let guarded = (
            SubjectKind::Bucket,
            Need::guarded(ReadingKind::BucketAcl, Guard::UnlessBucketOwnerEnforced),
        );
        let always = (SubjectKind::Bucket, Need::own(ReadingKind::BucketAcl));
        let enforced = |guard| guard == Guard::UnlessBucketOwnerEnforced;
        assert!(!plan(&[guarded]).calls(ReadingKind::BucketAcl, enforced));
        assert!(plan(&[guarded]).calls(ReadingKind::BucketAcl, |_| false));
        assert!(plan(&[guarded, always]).calls(ReadingKind::BucketAcl, enforced));
    }

    #[test]
    fn image_sizes_are_only_read_when_asked_for() {
        let needs = BTreeSet::from([
            (
                SubjectKind::Function,
                Need::own(ReadingKind::FunctionListing),
            ),
            (SubjectKind::Function, Need::own(ReadingKind::FunctionImage)),
        ]);
        assert!(!Plan::new(&needs, false).wants(ReadingKind::FunctionImage));
        assert!(Plan::new(&needs, true).wants(ReadingKind::FunctionImage));
    }
}
