//! What a family of changes is planned from: a resource, what surrounds it, and the requests for it.

use super::bucket::{AllBuckets, BucketState};
use super::draft::{FixDraft, FixRequest, NamedChange};
use super::target::{ChangeTarget, RenderedChange};
use crate::facts::trail::TrailFacts;
use crate::facts::{Facts, Subject, SubjectFacts};
use crate::inventory::ids::SubjectKind;

/// Changes that replace the same setting.
pub struct ChangeFamily {
    /// What they are made at.
    pub subject: SubjectKind,
    /// The changes.
    pub changes: &'static [NamedChange],
    /// Drafts the fixes of one resource from the requests it takes. What it leaves is drafted
    /// without commands.
    pub plan: PlanFamily,
}

type PlanFamily = fn(&FixContext<'_, '_>, &mut Requests<'_>, &mut Vec<FixDraft>);

impl ChangeFamily {
    /// A family.
    pub const fn new(
        subject: SubjectKind,
        changes: &'static [NamedChange],
        plan: PlanFamily,
    ) -> Self {
        Self {
            subject,
            changes,
            plan,
        }
    }
}

/// One resource with findings, and what surrounds it.
pub struct FixContext<'c, 'f> {
    pub facts: &'f Facts<'f>,
    pub buckets: &'c AllBuckets<'f>,
    pub decided: &'c dyn Fn(&str) -> bool,
    pub subject: &'c Subject,
    pub target: &'c ChangeTarget,
    /// Its state, where it is a bucket that was read.
    pub bucket: Option<BucketState<'f>>,
}

impl<'c, 'f> FixContext<'c, 'f> {
    /// The resource of a subject.
    pub fn new(
        facts: &'f Facts<'f>,
        buckets: &'c AllBuckets<'f>,
        decided: &'c dyn Fn(&str) -> bool,
        subject: &'c Subject,
        target: &'c ChangeTarget,
    ) -> Self {
        Self {
            bucket: BucketState::of(facts, subject),
            facts,
            buckets,
            decided,
            subject,
            target,
        }
    }

    /// The resource's name.
    pub fn name(&self) -> &str {
        &self.target.name
    }

    /// A fix that does nothing yet.
    pub fn draft(&self, what: impl Into<String>) -> FixDraft {
        FixDraft::new(&self.subject.id, self.target, what)
    }

    /// A fix that is one change.
    pub fn draft_of(&self, what: impl Into<String>, change: RenderedChange) -> FixDraft {
        let mut draft = self.draft(what);
        draft.changes.push(change);
        draft
    }

    /// Drafts a change that needs nothing but its target for each request; `{}` in the sentence is the
    /// target's name.
    pub fn make_all(
        &self,
        change: &NamedChange,
        what: &str,
        requests: &mut Requests<'_>,
        drafts: &mut Vec<FixDraft>,
    ) {
        requests.each(change, drafts, |_| {
            let what = what.replace("{}", self.name());
            let mut draft = self.draft_of(what, (change.make)(self.target));
            if !change.decide.is_empty() {
                draft.decide(change.decide);
            }
            Some(draft)
        });
    }

    /// True when the decision about every one of them has been taken.
    pub fn is_decided(&self, requests: &[&FixRequest]) -> bool {
        !requests.is_empty()
            && requests
                .iter()
                .all(|request| (self.decided)(&request.finding.check))
    }

    /// The id of the organization's S3 policy that sets account-level Block Public Access, where one
    /// is known to.
    pub fn organization_s3_policy(&self) -> Option<String> {
        match self.facts.view(self.subject)? {
            SubjectFacts::Account(account) => account
                .organization
                .s3_policy_id
                .known()
                .filter(|id| !id.is_empty())
                .cloned(),
            _ => None,
        }
    }

    /// The trail, where it is one that was read.
    pub fn trail(&self) -> Option<TrailFacts> {
        match self.facts.view(self.subject)? {
            SubjectFacts::Trail(trail) => Some(*trail),
            _ => None,
        }
    }

    /// The trails of the account.
    pub fn trails(&self) -> impl Iterator<Item = TrailFacts> {
        self.facts
            .subjects(SubjectKind::Trail)
            .filter(|subject| subject.id.account == self.subject.id.account)
            .filter_map(|subject| match self.facts.view(&subject)? {
                SubjectFacts::Trail(trail) => Some(*trail),
                _ => None,
            })
    }
}

/// The requests of one resource that no family has taken yet.
pub struct Requests<'p>(pub Vec<&'p FixRequest>);

impl<'p> Requests<'p> {
    /// Takes those that name the change.
    pub fn take(&mut self, change: &NamedChange) -> Vec<&'p FixRequest> {
        let (taken, left) = self.0.drain(..).partition(|request| request.names(change));
        self.0 = left;
        taken
    }

    /// Those that name the change.
    pub fn of(&self, change: &NamedChange) -> Vec<&'p FixRequest> {
        let named = self.0.iter().filter(|request| request.names(change));
        named.copied().collect()
    }

    /// Drafts each request for the change by itself. Those that `draft` has none for are left.
    pub fn each(
        &mut self,
        change: &NamedChange,
        drafts: &mut Vec<FixDraft>,
        draft: impl Fn(&'p FixRequest) -> Option<FixDraft>,
    ) {
        for request in self.take(change) {
            match draft(request) {
                Some(mut draft) => {
                    draft.apply(change, &[request]);
                    drafts.push(draft);
                }
                None => self.0.push(request),
            }
        }
    }
}
