//! A policy prepared for questions, and the answers put together class by class.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::{self, Budget};
use super::caller::{LONGEST_SIGNATURE_MS, OwnerAndTime};
use super::caller_state::CallerState;
use super::case::Case;
use super::compile::CompiledPolicy;
use super::decide::PreparedQuestion;
use super::hit::{EvaluatedRequest, Holding, QuestionCallers};
use super::holding;
use super::questions::Question;
use crate::catalogue::ActionClass;
use crate::catalogue::{self, Actions, CLASSES};
use crate::contract::{Answer, Request};
use crate::contract::{BUCKET_OWNER_ENFORCED, PublicAccessBlock};
use crate::contract::{ClassReach, Reach};
use crate::documented_public::documented_public;
use crate::evaluate::Policies;

/// The longest a presigned request can live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongestSignature {
    /// So many ms; 0 where no presigned request gets in.
    Ms(u64),
    /// It could not be decided.
    Unknown,
}

/// A policy prepared for questions.
#[derive(Debug)]
pub struct Prover {
    pub(super) policy: CompiledPolicy,
    pub(super) place: OwnerAndTime,
    has_policy: bool,
    /// What RestrictPublicBuckets cuts off: no one, everyone but the owner and services, or it is
    /// not known which of the two.
    pub(super) cut: Option<bool>,
    pub(super) kms_by_default: bool,
    /// The actions that are asked about.
    pub(super) scope: Actions,
    /// Every caller that was asked about.
    pub(super) states: Vec<CallerState>,
    /// The callers of questions that share them.
    pub(super) callers: [QuestionCallers; 3],
    /// How many kinds of request were asked about.
    pub(super) kinds: u32,
    /// The evaluator, which shares no matching code with the search.
    pub(super) judge: Policies,
    pub(super) budget: Budget,
    /// What the evaluator was asked last.
    pub(super) recent: Option<EvaluatedRequest>,
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
            place: OwnerAndTime {
                owner: case.owner.to_owned(),
                now: case.now,
                acls_off: case.ownership == Some(BUCKET_OWNER_ENFORCED),
                public_acls_refused: case.block.block_public_acls,
                matching_only: false,
            },
            policy: CompiledPolicy::new(case),
            has_policy: case.policy.is_some(),
            cut,
            kms_by_default: case
                .default_encryption
                .is_some_and(|default| default.starts_with("aws:kms")),
            scope: catalogue::all(),
            states: Vec::new(),
            callers: Default::default(),
            kinds: 0,
            judge: Policies::of_resource(case.policy)
                .with_acl(case.bucket, case.grants, case.ownership)
                .with_public_access_block(PublicAccessBlock {
                    restrict_public_buckets: cut != Some(false),
                    ..case.block
                })
                .with_rcps(case.rcps)
                .with_scps_of(case.scps)
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

    /// Asks only about these actions, until other ones are named.
    pub fn only(&mut self, actions: &[&str]) -> &mut Self {
        self.scope = catalogue::which(|action| actions.contains(&action.name.as_str()));
        self
    }

    /// Asks about all actions again.
    pub fn all_actions(&mut self) -> &mut Self {
        self.scope = catalogue::all();
        self
    }

    /// The longest a presigned request that gets in can live.
    pub fn longest_signature(&mut self) -> LongestSignature {
        let question = Question::Presigned;
        match self.answer(&question).verdict {
            Reach::Unreachable => LongestSignature::Ms(0),
            Reach::Unknown => LongestSignature::Unknown,
            Reach::Constrained | Reach::Reachable => {
                let mut asked = self.asked(&question);
                self.longest_age(&mut asked)
            }
        }
    }

    /// How many witnesses did not stand up to the evaluator: each is a defect of this program, and
    /// its answer became unknown.
    pub fn mismatches(&self) -> usize {
        self.mismatches
    }

    /// Answers a question.
    pub fn answer(&mut self, question: &Question) -> Answer {
        self.answer_with_ways(question).0
    }

    /// The answer, and where only callers get in who hold what the policy names, what each way in
    /// takes.
    pub(super) fn answer_with_ways(&mut self, question: &Question) -> (Answer, Vec<Holding>) {
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
        let mut ways: Vec<Holding> = Vec::new();
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
                let held = std::mem::take(&mut hit.held);
                for (key, values) in &held {
                    let all = only_from.entry(key.clone()).or_default();
                    all.extend(values.iter().cloned());
                }
                if !ways.contains(&held) {
                    ways.push(held);
                }
            }
        }
        let ineffective: Vec<String> = if question.is_about_anybody() {
            Vec::new()
        } else {
            let found = self.ineffective(&asked).unwrap_or_default();
            catalogue::members(found)
                .map(|action| action.name.clone())
                .collect()
        };
        if verdict == Reach::Unreachable {
            reason = Some(self.why_closed(question, &mut asked, &ineffective));
        }
        let gets_in = verdict.lets_in();
        let answer = Answer {
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
            ways: if verdict == Reach::Constrained {
                let mut ways = holding::minimal(&ways);
                ways.retain(|held| !held.is_empty());
                ways
            } else {
                Vec::new()
            },
            ineffective,
            max_age_ms: match *question {
                Question::Presigned if gets_in => match self.longest_age(&mut asked) {
                    LongestSignature::Ms(age) => {
                        Some(age).filter(|age| *age < LONGEST_SIGNATURE_MS)
                    }
                    LongestSignature::Unknown => None,
                },
                _ => None,
            },
            reason,
        };
        (answer, ways)
    }

    /// Why no such request gets in.
    fn why_closed(
        &mut self,
        question: &Question,
        asked: &mut PreparedQuestion,
        ineffective: &[String],
    ) -> String {
        let closed = self.ledger(asked).unwrap_or_default();
        let reason = if let Some(why) = question.impossible() {
            why.to_owned()
        } else if question.is_about_anybody() {
            closed.of_anybody()
        } else {
            closed.by_statement(&self.policy, self.has_policy)
        };
        if ineffective.is_empty() {
            return reason;
        }
        format!(
            "S3 does not carry out {} for such callers, whatever a policy grants; {reason}",
            ineffective.join(", ")
        )
    }

    /// A request of that class by a caller who holds nothing the policy names, if one gets in.
    pub fn witness(&mut self, question: &Question, class: ActionClass) -> Option<Request> {
        let mut asked = self.asked(question);
        let answer = self.class(&mut asked, class);
        if answer.reach != Reach::Reachable {
            return None;
        }
        answer.hits.iter().find_map(|hit| self.request(hit))
    }
}
