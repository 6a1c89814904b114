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
    log_targets: BTreeMap<ReadingKind, BTreeSet<Guard>>,
    /// The readings of buckets that trails deliver to.
    trail_buckets: BTreeMap<ReadingKind, BTreeSet<Guard>>,
    /// The readings of the keys that buckets name.
    keys: BTreeSet<ReadingKind>,
    /// Whether the buckets that others deliver to are there.
    destinations: bool,
    /// The readings of buckets behind access points, wherever they are.
    behind_access_points: BTreeSet<ReadingKind>,
    identities: bool,
    access_points: bool,
    buckets: bool,
    regions: bool,
    functions: bool,
}

impl Plan {
    /// The plan that serves these needs, with the opt-in readings that the user asked for.
    pub fn new(
        needs: &BTreeSet<(SubjectKind, Need)>,
        opted: impl IntoIterator<Item = ReadingKind>,
    ) -> Self {
        let mut plan = Self::default();
        for (kind, need) in needs {
            if need.relation == Relation::BehindAccessPoint {
                plan.access_points = true;
            } else {
                plan.resources(*kind, need.reading);
            }
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
            // Only buckets are read for what others say of them; an account or a Region is read
            // once, whoever asks.
            let of_bucket = need.reading.scope() == Scope::Bucket;
            let readings = match need.relation {
                Relation::LogTarget if of_bucket => &mut plan.log_targets,
                Relation::TrailBucket if of_bucket => &mut plan.trail_buckets,
                Relation::BehindAccessPoint if of_bucket => {
                    plan.behind_access_points.insert(need.reading);
                    continue;
                }
                _ => &mut plan.readings,
            };
            readings.entry(need.reading).or_default().insert(need.guard);
        }
        // Where buckets are read anyhow, those behind access points are among them.
        if plan.buckets {
            for reading in std::mem::take(&mut plan.behind_access_points) {
                let guard = Need::behind(reading).guard;
                plan.readings.entry(reading).or_default().insert(guard);
            }
        }
        if plan.functions {
            for reading in opted {
                let guard = match reading {
                    ReadingKind::FunctionImage => Guard::OnlyImages,
                    ReadingKind::FunctionPackages => Guard::OnlyZips,
                    _ => Guard::Always,
                };
                plan.readings.entry(reading).or_default().insert(guard);
            }
        }
        plan
    }

    /// The same plan, with samples of objects where they are needed and asked for.
    #[must_use]
    pub fn with_object_samples(
        mut self,
        needs: &BTreeSet<(SubjectKind, Need)>,
        asked: bool,
    ) -> Self {
        let samples = [
            ReadingKind::BucketObjectSample,
            ReadingKind::BucketObjectAcls,
        ];
        let wanted = needs
            .iter()
            .filter(|(_, need)| asked && samples.contains(&need.reading));
        for (_, need) in wanted {
            self.readings
                .entry(need.reading)
                .or_default()
                .insert(need.guard);
        }
        self
    }

    fn resources(&mut self, kind: SubjectKind, reading: ReadingKind) {
        match kind {
            SubjectKind::Bucket => self.buckets = true,
            SubjectKind::Function => self.functions = true,
            SubjectKind::Region | SubjectKind::Trail => self.regions = true,
            SubjectKind::Identity => self.identities = true,
            SubjectKind::AccessPoint => self.access_points = true,
            _ => {}
        }
        match reading {
            ReadingKind::IdentityListing => self.identities = true,
            ReadingKind::AccessPointListing | ReadingKind::MultiRegionAccessPointListing => {
                self.access_points = true;
            }
            ReadingKind::BucketListing => self.buckets = true,
            ReadingKind::FunctionListing => self.functions = true,
            ReadingKind::RegionListing => self.regions = true,
            _ => match reading.scope() {
                Scope::Bucket | Scope::Key | Scope::Target => self.buckets = true,
                Scope::Function => self.functions = true,
                Scope::Region | Scope::Trail => self.regions = true,
                Scope::Identity => self.identities = true,
                Scope::AccessPoint | Scope::MultiRegionAccessPoint => self.access_points = true,
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
        self.regions || self.functions || self.access_points
    }

    /// Users, groups, roles and policies are to be listed.
    pub const fn identities(&self) -> bool {
        self.identities
    }

    /// Access points are to be listed, those of one Region and those of several.
    pub const fn access_points(&self) -> bool {
        self.access_points
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

    /// The reading is wanted, and every need lets the guard leave it out.
    pub fn gives_way(&self, reading: ReadingKind, guard: Guard) -> bool {
        self.wants(reading) && !self.calls(reading, |other| other == guard)
    }

    /// How many calls the rounds over the buckets that others deliver to may make about a bucket that
    /// this plan does not make.
    pub fn to_come(&self) -> usize {
        self.log_targets
            .keys()
            .chain(self.trail_buckets.keys())
            .filter(|reading| !self.wants(**reading))
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// The reading is wanted of the keys that buckets name.
    pub fn of_keys(&self, reading: ReadingKind) -> bool {
        self.keys.contains(&reading)
    }

    /// It matters whether the buckets that others deliver to are there.
    pub const fn of_destinations(&self) -> bool {
        self.destinations
    }

    /// The plan for the buckets behind access points; `None` when they are read with all others, or
    /// nothing is asked of them.
    pub fn of_buckets_behind(&self) -> Option<Self> {
        (!self.behind_access_points.is_empty()).then(|| Self {
            readings: self
                .behind_access_points
                .iter()
                .map(|reading| (*reading, BTreeSet::from([Need::behind(*reading).guard])))
                .collect(),
            buckets: true,
            ..Self::default()
        })
    }

    /// The plan for the buckets that receive access logs; `None` when nothing is asked of them.
    pub fn of_log_targets(&self) -> Option<Self> {
        Self::of_some_buckets(&self.log_targets)
    }

    /// The plan for the buckets that trails deliver to; `None` when nothing is asked of them.
    pub fn of_trail_buckets(&self) -> Option<Self> {
        Self::of_some_buckets(&self.trail_buckets)
    }

    fn of_some_buckets(readings: &BTreeMap<ReadingKind, BTreeSet<Guard>>) -> Option<Self> {
        (!readings.is_empty()).then(|| Self {
            readings: readings.clone(),
            buckets: true,
            ..Self::default()
        })
    }

    /// Trails are to be listed.
    pub fn trails(&self) -> bool {
        self.wants(ReadingKind::TrailListing)
            || self.wants(ReadingKind::TrailStatus)
            || self.wants(ReadingKind::TrailSelectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(needs: &[(SubjectKind, Need)]) -> Plan {
        Plan::new(&needs.iter().copied().collect(), [])
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
    fn opt_ins_are_only_read_when_asked_for() {
        let needs = BTreeSet::from([
            (
                SubjectKind::Function,
                Need::own(ReadingKind::FunctionListing),
            ),
            (SubjectKind::Function, Need::own(ReadingKind::FunctionImage)),
        ]);
        assert!(!Plan::new(&needs, []).wants(ReadingKind::FunctionImage));
        let asked = Plan::new(&needs, [ReadingKind::FunctionImage]);
        assert!(asked.wants(ReadingKind::FunctionImage));
        assert!(!asked.wants(ReadingKind::FunctionPackages));
    }
}
