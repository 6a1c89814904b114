//! A policy prepared for questions, and the answers put together class by class.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::{self, Budget};
use super::caller::Place;
use super::case::Case;
use super::compile::Compiled;
use super::decide::{Casts, Recent};
use super::questions::Question;
use super::scene::Scene;
use crate::catalogue::ActionClass;
use crate::catalogue::{self, Actions, CLASSES};
use crate::contract::PublicAccessBlock;
use crate::contract::{Answer, Request};
use crate::contract::{ClassReach, Reach};
use crate::documented_public::documented_public;
use crate::evaluate::Policies;

/// A policy prepared for questions.
#[derive(Debug)]
pub struct Prover {
    pub(super) policy: Compiled,
    pub(super) place: Place,
    has_policy: bool,
    /// What RestrictPublicBuckets cuts off: nobody, everybody but the owner and services, or it is
    /// not known which of the two.
    pub(super) cut: Option<bool>,
    pub(super) kms_by_default: bool,
    /// The actions that are asked about.
    pub(super) scope: Actions,
    /// Every caller that was asked about.
    pub(super) scenes: Vec<Scene>,
    /// The callers of questions that share them.
    pub(super) casts: [Casts; 2],
    /// How many kinds of request were asked about.
    pub(super) kinds: u32,
    /// The evaluator, which shares no matching code with the search.
    pub(super) judge: Policies,
    pub(super) budget: Budget,
    /// What the evaluator was asked last.
    pub(super) recent: Option<Recent>,
    /// Witnesses that did not stand up to the evaluator.
    pub(super) mismatches: usize,
    /// By Allow statement, whether a way in was found; here so that its memory is used again.
    pub(super) found: Vec<bool>,
}

impl Prover {
    /// Compiles a case.
    pub fn new(case: &Case<'_>) -> Self {
        let cut = if case.block.restrict_public_buckets {
            match case.policy {
                None => Some(false),
                Some(policy) => case.aws_says_public.or_else(|| documented_public(policy)),
            }
        } else {
            Some(false)
        };
        Self {
            place: Place {
                owner: case.owner.to_owned(),
                now: case.now,
            },
            policy: Compiled::new(
                case.bucket,
                case.owner,
                case.owner_id,
                case.policy,
                &case.effective_grants(),
                case.partition,
            ),
            has_policy: case.policy.is_some(),
            cut,
            kms_by_default: case
                .default_encryption
                .is_some_and(|default| default.starts_with("aws:kms")),
            scope: catalogue::all(),
            scenes: Vec::new(),
            casts: Default::default(),
            kinds: 0,
            judge: Policies::of_resource(case.policy)
                .with_acl(case.bucket, case.grants, case.ownership)
                .with_public_access_block(PublicAccessBlock {
                    restrict_public_buckets: cut != Some(false),
                    ..case.block
                })
                .with_willing_identity(),
            budget: Budget::new(budget::STEPS),
            recent: None,
            mismatches: 0,
            found: Vec::new(),
        }
    }

    /// Asks only about the actions that the classes are named for: object data, listings, uploads
    /// and deletions, ACLs, the policy and its protection — not about other configuration and
    /// metadata.
    #[must_use]
    pub fn core_only(mut self) -> Self {
        self.scope = catalogue::core();
        self
    }

    /// How many witnesses did not stand up to the evaluator: each is a defect of this program, and
    /// its answer became unknown.
    pub fn mismatches(&self) -> usize {
        self.mismatches
    }

    /// Answers a question.
    pub fn answer(&mut self, question: &Question) -> Answer {
        let mut asked = self.asked(question);
        let mut by_class = CLASSES.map(|class| (class, self.class(&mut asked, class)));
        let classes = ClassReach::from_fn(|wanted| {
            by_class
                .iter()
                .find(|(class, _)| *class == wanted)
                .map_or(Reach::Unknown, |(_, answer)| answer.reach)
        });
        let verdict = by_class
            .iter()
            .map(|(_, answer)| answer.reach)
            .max()
            .unwrap_or(Reach::Unreachable);
        let mut statements = BTreeSet::new();
        let mut only_from: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut witness = None;
        let mut reason = None;
        let deciding = by_class
            .iter_mut()
            .map(|(_, answer)| answer)
            .filter(|answer| answer.reach == verdict);
        for answer in deciding {
            statements.extend(answer.hits.iter().filter_map(|hit| {
                let rule = self.policy.allows.get(hit.rule?)?;
                rule.index
            }));
            if witness.is_none() {
                witness = answer.hits.iter().find_map(|hit| self.request(hit));
            }
            if reason.is_none() {
                reason = answer.reason.take();
            }
            for hit in &mut answer.hits {
                for (key, values) in std::mem::take(&mut hit.held) {
                    only_from.entry(key).or_default().extend(values);
                }
            }
        }
        if verdict == Reach::Unreachable {
            let closed = self.ledger(&mut asked).unwrap_or_default();
            reason = Some(if question.is_about_anybody() {
                closed.of_anybody()
            } else {
                closed.by_statement(&self.policy, self.has_policy)
            });
        }
        let gets_in = matches!(verdict, Reach::Reachable | Reach::Constrained);
        Answer {
            question: String::new(),
            verdict,
            classes,
            witness: witness.filter(|_| gets_in),
            statements: statements.into_iter().collect(),
            only_from: (verdict == Reach::Constrained).then(|| {
                only_from
                    .into_iter()
                    .map(|(key, values)| (key, values.into_iter().collect()))
                    .collect()
            }),
            max_age_ms: if gets_in && *question == Question::Presigned {
                self.longest_age(&mut asked)
            } else {
                None
            },
            reason,
        }
    }

    /// A request of that class by somebody who holds nothing the policy names, if one gets in.
    pub fn witness(&mut self, question: &Question, class: ActionClass) -> Option<Request> {
        let mut asked = self.asked(question);
        let answer = self.class(&mut asked, class);
        if answer.reach != Reach::Reachable {
            return None;
        }
        answer.hits.iter().find_map(|hit| self.request(hit))
    }
}
