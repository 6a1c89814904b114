//! From what the selected checks need to what is called.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Guard, Need, ReadingKind, Relation, Scope};
use crate::inventory::readings::RegionalKind;

/// Readings to collect, each with the guards of the needs behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedReadings(BTreeMap<ReadingKind, BTreeSet<Guard>>);

impl PlannedReadings {
    fn add(&mut self, reading: ReadingKind, guard: Guard) {
        self.0.entry(reading).or_default().insert(guard);
    }

    /// True when nothing is to be collected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The guards of a reading; `None` for a reading that is not wanted.
    pub fn guards(&self, reading: ReadingKind) -> Option<&BTreeSet<Guard>> {
        self.0.get(&reading)
    }
}

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionPlan {
    /// The readings of every resource they belong to.
    pub all: PlannedReadings,
    /// The readings of buckets that receive access logs, wherever they are.
    pub log_targets: PlannedReadings,
    /// The readings of buckets that trails deliver to.
    pub trail_buckets: PlannedReadings,
    /// The readings of buckets behind access points, where not all buckets are read anyhow.
    pub buckets_behind: PlannedReadings,
    /// The kinds of resource to list.
    kinds: BTreeSet<SubjectKind>,
}

impl CollectionPlan {
    /// The plan that serves these needs, with the opt-in readings that the user turned on.
    pub fn new(needs: &BTreeSet<(SubjectKind, Need)>, opted: &BTreeSet<ReadingKind>) -> Self {
        let mut plan = Self::default();
        for (kind, need) in needs {
            let reading = need.reading;
            if need.relation == Relation::BehindAccessPoint {
                plan.kinds.insert(SubjectKind::AccessPoint);
            } else {
                let listed = reading.lists().unwrap_or(reading.scope().subject());
                plan.kinds.extend([*kind, listed]);
            }
            if reading.opt_in() && !opted.contains(&reading) {
                continue;
            }
            // Only buckets are read for what others say of them; an account, a Region or a key is
            // read once.
            let of_bucket = reading.scope() == Scope::Bucket;
            let readings = match need.relation {
                Relation::LogTarget if of_bucket => &mut plan.log_targets,
                Relation::TrailBucket if of_bucket => &mut plan.trail_buckets,
                Relation::BehindAccessPoint if of_bucket => &mut plan.buckets_behind,
                _ => &mut plan.all,
            };
            readings.add(reading, need.guard);
        }
        // Where buckets are read anyhow, those behind access points are among them.
        if plan.lists(SubjectKind::Bucket) {
            for (reading, guards) in std::mem::take(&mut plan.buckets_behind).0 {
                plan.all.0.entry(reading).or_default().extend(guards);
            }
        }
        if plan.lists(SubjectKind::Function) {
            let of_report = opted.iter().filter(|reading| reading.serves_cold_starts());
            for reading in of_report {
                plan.all.add(*reading, reading.guard());
            }
        }
        plan
    }

    /// Resources of that kind are to be listed.
    pub fn lists(&self, kind: SubjectKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// It matters which Regions are enabled.
    pub fn regions(&self) -> bool {
        [
            SubjectKind::Region,
            SubjectKind::Trail,
            SubjectKind::Function,
            SubjectKind::AccessPoint,
            SubjectKind::WebFunction,
        ]
        .iter()
        .any(|kind| self.lists(*kind))
            || RegionalKind::ALL.iter().any(|row| self.wants(row.listing))
    }

    /// Leaves a reading out: the selected resources have none of it.
    pub fn leave_out(&mut self, reading: ReadingKind) {
        self.all.0.remove(&reading);
    }

    /// The reading is wanted of every resource it belongs to.
    pub fn wants(&self, reading: ReadingKind) -> bool {
        self.all.guards(reading).is_some()
    }

    /// The reading is wanted, and at least one need's guard does not rule the call out.
    pub fn calls(&self, reading: ReadingKind, ruled_out: impl Fn(Guard) -> bool) -> bool {
        let guards = self.all.guards(reading);
        guards.is_some_and(|guards| guards.iter().any(|guard| !ruled_out(*guard)))
    }

    /// How many calls the rounds over the buckets that others deliver to may make about a bucket that
    /// this plan does not make.
    pub fn to_come(&self) -> usize {
        let others = self.log_targets.0.keys().chain(self.trail_buckets.0.keys());
        others
            .filter(|reading| !self.wants(**reading))
            .collect::<BTreeSet<_>>()
            .len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(needs: &[(SubjectKind, Need)]) -> CollectionPlan {
        CollectionPlan::new(&needs.iter().copied().collect(), &BTreeSet::new())
    }

    #[test]
    fn a_bucket_need_lists_buckets_and_no_functions() {
        let plan = plan(&[(SubjectKind::Bucket, Need::own(ReadingKind::BucketPolicy))]);
        assert!(
            plan.lists(SubjectKind::Bucket)
                && !plan.lists(SubjectKind::Function)
                && !plan.regions()
        );
        assert!(plan.wants(ReadingKind::BucketPolicy));
        assert!(!plan.wants(ReadingKind::BucketAcl));
    }

    #[test]
    fn an_account_reading_asked_by_a_bucket_lists_buckets() {
        let plan = plan(&[(
            SubjectKind::Bucket,
            Need::own(ReadingKind::AccountPublicAccessBlock),
        )]);
        assert!(plan.lists(SubjectKind::Bucket));
        assert!(plan.wants(ReadingKind::AccountPublicAccessBlock));
    }

    #[test]
    fn an_account_need_lists_nothing() {
        let plan = plan(&[(
            SubjectKind::Account,
            Need::own(ReadingKind::AccountPublicAccessBlock),
        )]);
        assert!(
            !plan.lists(SubjectKind::Bucket)
                && !plan.lists(SubjectKind::Function)
                && !plan.regions()
        );
    }

    #[test]
    fn an_unguarded_need_wins_over_a_guarded_one() {
        let guarded = (SubjectKind::Bucket, Need::own(ReadingKind::BucketAcl));
        let always = (
            SubjectKind::Bucket,
            Need::own(ReadingKind::BucketAcl).guarded_by(Guard::Always),
        );
        let enforced = |guard| guard == Guard::UnlessBucketOwnerEnforced;
        assert!(!plan(&[guarded]).calls(ReadingKind::BucketAcl, enforced));
        assert!(plan(&[guarded]).calls(ReadingKind::BucketAcl, |_| false));
        assert!(plan(&[guarded, always]).calls(ReadingKind::BucketAcl, enforced));
    }

    #[test]
    fn opt_ins_are_only_read_when_asked_for() {
        let needs = BTreeSet::from([
            (
                SubjectKind::Function,
                Need::own(ReadingKind::FunctionListing),
            ),
            (SubjectKind::Function, Need::own(ReadingKind::FunctionImage)),
        ]);
        assert!(!CollectionPlan::new(&needs, &BTreeSet::new()).wants(ReadingKind::FunctionImage));
        let asked = CollectionPlan::new(&needs, &BTreeSet::from([ReadingKind::FunctionImage]));
        assert!(asked.wants(ReadingKind::FunctionImage));
        assert!(!asked.wants(ReadingKind::FunctionPackages));
    }
}
