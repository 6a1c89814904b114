//! Which resource is worse: the one with more findings of the worst severity.

use std::collections::BTreeMap;

use crate::report::{BucketKind, Report, ResourceId, Severity, Status, SubjectKind};

/// Findings of a resource by severity, worst first; compared in that order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight([usize; 5]);

impl Weight {
    pub(super) fn total(self) -> usize {
        self.0.iter().sum()
    }

    /// The names of the severities that there are, with their number.
    pub(super) fn parts(self) -> Vec<(&'static str, usize)> {
        Severity::ALL
            .into_iter()
            .map(Severity::name)
            .zip(self.0)
            .filter(|(_, number)| *number > 0)
            .collect()
    }
}

/// The findings of every resource.
pub(super) struct Weights<'a> {
    by_resource: BTreeMap<&'a ResourceId, Weight>,
    /// By account and name.
    buckets: BTreeMap<(&'a str, &'a str), Weight>,
}

impl<'a> Weights<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut by_resource: BTreeMap<&ResourceId, Weight> = BTreeMap::new();
        for result in &report.results {
            if result.status == Status::Fail {
                let at = Severity::ALL
                    .iter()
                    .position(|severity| *severity == result.severity);
                let weight = by_resource.entry(&result.resource).or_default();
                if let Some(number) = at.and_then(|at| weight.0.get_mut(at)) {
                    *number += 1;
                }
            }
        }
        let buckets = by_resource
            .iter()
            .filter(|(resource, _)| {
                let kind = BucketKind::of_arn(&resource.arn);
                resource.kind == SubjectKind::Bucket && kind == BucketKind::General
            })
            .map(|(resource, weight)| {
                ((resource.account.as_str(), resource.name.as_str()), *weight)
            })
            .collect();
        Self {
            by_resource,
            buckets,
        }
    }

    /// The findings of a bucket.
    pub(super) fn of_bucket(&self, account: &str, name: &str) -> Weight {
        self.buckets
            .get(&(account, name))
            .copied()
            .unwrap_or_default()
    }

    /// The findings of a resource.
    pub(super) fn of_resource(&self, resource: &ResourceId) -> Weight {
        self.by_resource.get(resource).copied().unwrap_or_default()
    }

    /// The resources with findings, worst first.
    pub(super) fn worst(&self) -> Vec<(&'a ResourceId, Weight)> {
        let mut all: Vec<(&ResourceId, Weight)> = self
            .by_resource
            .iter()
            .map(|(resource, weight)| (*resource, *weight))
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }
}
