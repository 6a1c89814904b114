//! The bucket's policy document: whether there is one, whether it can be read, and the questions
//! other topics ask of it.
//!
//! Every question answers "no" without a policy, and is undecidable when the document cannot be
//! read as a whole: half a policy would answer half a question.

use schemars::JsonSchema;
use serde::Serialize;

use super::BucketContext;
use super::exposure::{ActionClass, Audience, Bounds};
use crate::facts::policy::catalogue::On;
use crate::facts::policy::document::Principal;
use crate::facts::policy::screen::{self, Denial, Target};
use crate::facts::policy::{Policy, PolicyKind};
use crate::facts::vocabulary::NeedTable;
use crate::facts::{Fact, from_reading};
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::{Need, ReadingKind};
use crate::report::Reach;

/// What the policy document is, before any question of whom it lets in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyFacts {
    /// There is a policy.
    pub present: Fact<bool>,
    /// There is one and it cannot be read as an IAM policy. Not decidable when it has a form that
    /// this program does not know and AWS may have added.
    pub malformed: Fact<bool>,
    /// What is wrong with it, with its place; empty when nothing is.
    pub defect: Fact<String>,
}

/// The readings behind each path.
pub const NEEDS: NeedTable = &[("bucket.policy", &[Need::own(ReadingKind::BucketPolicy)])];

/// How many defects a message tells.
const DEFECTS_TOLD: usize = 3;

/// Why a question has no answer here.
const NEEDS_ENGINE: &str = "the policy's conditions need the policy engine";

/// The policy as it was read: none, or parsed, with the bucket it is read for.
pub(super) struct PolicyReading {
    policy: Fact<Option<Policy>>,
    target: Target,
}

impl PolicyReading {
    /// Parses the policy of a bucket, once.
    pub(super) fn new(context: &BucketContext<'_>) -> Self {
        Self {
            policy: from_reading(
                ReadingKind::BucketPolicy,
                &context.bucket.policy,
                || None,
                |text| Some(Policy::parse(text, PolicyKind::Resource)),
            ),
            target: Target {
                arn: bucket_arn(context.region(), context.name),
                owner: context.account_id.to_owned(),
                now: context.taken_at.to_owned(),
            },
        }
    }

    /// What the document is.
    pub(super) fn facts(&self) -> PolicyFacts {
        let policy = self.policy.as_ref();
        PolicyFacts {
            present: self.presence(),
            malformed: policy.clone().and_then(|policy| match policy {
                Some(policy) if policy.is_malformed() => Fact::Known(true),
                Some(policy) if !policy.is_sound() => Fact::undecidable(format!(
                    "the policy has a form that is not known here: {}",
                    defects(policy)
                )),
                _ => Fact::Known(false),
            }),
            defect: policy.map(|policy| policy.as_ref().map(defects).unwrap_or_default()),
        }
    }

    /// Whether there is one.
    pub(super) fn presence(&self) -> Fact<bool> {
        self.policy.as_ref().map(Option::is_some)
    }

    /// Whether a Deny keeps every SSE-C upload out.
    pub(super) fn denies_sse_c(&self) -> Fact<bool> {
        self.ask(false, |policy| {
            match screen::denies_sse_c(policy, &self.target) {
                Denial::Complete => Fact::Known(true),
                Denial::Partial => Fact::Known(false),
                Denial::Undecided => Fact::undecidable(NEEDS_ENGINE),
            }
        })
    }

    /// Whether a statement lets the log delivery service write.
    pub(super) fn grants_log_delivery(&self) -> Fact<bool> {
        self.ask(false, |policy| {
            Fact::Known(screen::grants_log_delivery(policy, &self.target))
        })
    }

    /// What keeps the policy from denying every request over plain HTTP; empty when nothing does.
    pub(super) fn plain_http_weakness(&self) -> Fact<String> {
        self.ask(
            "there is no bucket policy, so nothing denies requests over plain HTTP".to_owned(),
            |policy| match screen::denies_plain_http(policy, &self.target) {
                Denial::Complete => Fact::Known(String::new()),
                Denial::Partial => Fact::Known(screen::plain_http_weakness(policy, &self.target)),
                Denial::Undecided => Fact::undecidable(NEEDS_ENGINE),
            },
        )
    }

    /// What the policy lets in, Block Public Access aside.
    pub(super) fn reach(&self, audience: Audience, class: ActionClass) -> Bounds {
        Self::bounds(
            &self.ask((Reach::Unreachable, Reach::Unreachable), |policy| {
                Fact::Known(screen::reach(policy, &self.target, audience, class))
            }),
        )
    }

    /// What an ACL grant lets in past the policy's Deny statements.
    pub(super) fn reach_through(
        &self,
        audience: Audience,
        class: ActionClass,
        principal: Principal,
        actions: &[&str],
    ) -> Bounds {
        let (bucket, objects) = (
            screen::space(&self.target, On::Bucket),
            screen::space(&self.target, On::Object),
        );
        let grant = screen::grant(principal, actions, &[&bucket, &objects]);
        let through = |policy: &Policy| {
            screen::reach_through(policy, &self.target, audience, class, &[&grant])
        };
        Self::bounds(&self.ask(through(&Policy::default()), |policy| {
            Fact::Known(through(policy))
        }))
    }

    fn bounds(found: &Fact<(Reach, Reach)>) -> Bounds {
        match found {
            Fact::Known((low, high)) if low == high => Bounds::exactly(*low),
            Fact::Known((low, high)) => Bounds {
                low: *low,
                high: *high,
                because: Fact::<()>::undecidable(NEEDS_ENGINE).because().to_vec(),
            },
            unknown => Bounds::up_to(Reach::Reachable, unknown),
        }
    }

    /// Everybody outside the owner's account whom an Allow names, sorted.
    pub(super) fn outsiders(&self) -> Fact<Vec<String>> {
        self.ask(Vec::new(), |policy| {
            Fact::Known(
                screen::outsiders(policy, &self.target)
                    .into_iter()
                    .collect(),
            )
        })
    }

    /// True when the policy lets everyone in without any condition: what the documentation calls
    /// public beyond doubt.
    pub(super) fn is_plainly_public(&self) -> bool {
        self.ask(false, |policy| {
            Fact::Known(screen::is_plainly_public(policy, &self.target))
        })
        .known()
            == Some(&true)
    }

    /// `absent` without a policy, otherwise what a policy that was understood whole answers.
    fn ask<T>(&self, absent: T, answer: impl FnOnce(&Policy) -> Fact<T>) -> Fact<T> {
        self.policy.as_ref().and_then(|policy| match policy {
            None => Fact::Known(absent),
            Some(policy) if policy.is_sound() => answer(policy),
            Some(policy) => {
                Fact::undecidable(format!("the policy cannot be read: {}", defects(policy)))
            }
        })
    }
}

/// What is wrong with a policy, the first few places.
fn defects(policy: &Policy) -> String {
    let mut told: Vec<String> = policy
        .defects
        .iter()
        .take(DEFECTS_TOLD)
        .map(ToString::to_string)
        .collect();
    let more = policy.defects.len().saturating_sub(DEFECTS_TOLD);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}
